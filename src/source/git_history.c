/*
 * git_history.c — every blob of a history once, with the first commit that held it.
 *
 * Commits are taken by their time, then by what they descend from; those that merge last, for what a merge brings was
 * in a commit of its own.
 * A tree that was met brings nothing new, so each is parsed once. libgit2 1.5 does not know that a shallow
 * clone ends somewhere, so the ways between commits are ours.
 */
#include "git_walk.h"

#include <stdlib.h>

#include "base/limits.h"

struct pqm_git_seen {
	struct pqm_git_seen *next;
	git_oid id;
	pqm_bytes path;
	struct pqm_revision of;
	bool is_here; /* the tree that is given by itself has it */
};

struct commit {
	git_oid id;
	int64_t at_s;
	uint32_t depth; /* commits below it on the longest way; 0: not known yet */
	uint32_t n_parents;
	uint32_t *parents; /* indices of those that are here */
};

struct met {
	git_oid id;
	uint32_t at;
};

struct commits {
	struct pqm_git_walk *w;
	struct pqm_map met;
	struct commit *c;
	size_t n, cap;
	bool is_cut; /* parents are missing */
};

static pqm_bytes key_of(const git_oid *id)
{
	return (pqm_bytes){ id->id, sizeof(id->id) };
}

static enum pqm_st no_memory(struct pqm_git_walk *w)
{
	return pqm_fail(w->err, PQM_ENOMEM, "out of memory for the history");
}

/* ---- which commits there are ---- */

/* at: which it is; UINT32_MAX: it is not in this repository. */
static enum pqm_st meet(struct commits *s, const git_oid *id, uint32_t *at)
{
	const struct pqm_git2 *g = s->w->repo.g;
	struct met *m = pqm_map_get(&s->met, key_of(id));
	struct commit *grown;
	git_commit *c = NULL;

	*at = m == NULL ? UINT32_MAX : m->at;
	if (m != NULL)
		return PQM_OK;
	if (s->n >= PQM_GIT_COMMITS)
		return pqm_fail(s->w->err, PQM_ELIMIT,
			"%s: more than %u commits; name a range of it", s->w->repo.path,
			PQM_GIT_COMMITS);
	if (g->commit_lookup(&c, s->w->repo.git, id) != 0) {
		s->is_cut = true;
		return PQM_OK;
	}
	m = pqm_new(&s->w->arena, struct met, 1);
	grown = pqm_grow(&s->w->arena, s->c, s->n, &s->cap);
	if (m == NULL || grown == NULL) {
		g->commit_free(c);
		return no_memory(s->w);
	}
	*m = (struct met){ *id, (uint32_t)s->n };
	*at = m->at;
	s->c = grown;
	s->c[s->n++] = (struct commit){ .id = *id, .at_s = g->commit_time(c) };
	g->commit_free(c);
	return pqm_map_put(&s->met, key_of(&m->id), m) ? PQM_OK : no_memory(s->w);
}

/* Every commit that those met so far descend from. */
static enum pqm_st meet_parents(struct commits *s)
{
	const struct pqm_git2 *g = s->w->repo.g;
	enum pqm_st st = PQM_OK;

	for (size_t i = 0; i < s->n && st == PQM_OK; i++) {
		git_commit *c = NULL;
		unsigned n;
		uint32_t *parents;

		if (g->commit_lookup(&c, s->w->repo.git, &s->c[i].id) != 0)
			continue;
		n = g->commit_parentcount(c);
		parents = pqm_new(&s->w->arena, uint32_t, n + 1);
		if (parents == NULL)
			st = no_memory(s->w);
		s->c[i].parents = parents;
		for (unsigned k = 0; k < n && st == PQM_OK; k++) {
			uint32_t at;

			st = meet(s, g->commit_parent_id(c, k), &at);
			if (at != UINT32_MAX)
				parents[s->c[i].n_parents++] = at;
		}
		g->commit_free(c);
	}
	return st;
}

/* Commits of one second: what descends comes later. */
static enum pqm_st find_depths(struct commits *s)
{
	uint32_t *stack = pqm_malloc((s->n + 1) * sizeof(*stack));
	size_t n = 0;

	if (stack == NULL)
		return no_memory(s->w);
	for (size_t i = 0; i < s->n; i++) {
		if (s->c[i].depth == 0)
			stack[n++] = (uint32_t)i;
		while (n > 0) {
			struct commit *c = &s->c[stack[n - 1]];
			uint32_t deepest = 0, missing = UINT32_MAX;

			for (uint32_t k = 0; k < c->n_parents; k++) {
				const struct commit *p = &s->c[c->parents[k]];

				if (p->depth == 0)
					missing = c->parents[k];
				deepest = p->depth > deepest ? p->depth : deepest;
			}
			/* Ids are hashes of what they name, parents too: there is no way around. */
			if (missing != UINT32_MAX && n < s->n + 1) {
				stack[n++] = missing;
				continue;
			}
			c->depth = deepest + 1;
			n--;
		}
	}
	pqm_free(stack);
	return PQM_OK;
}

/* Branches, tags and what was fetched. */
static enum pqm_st meet_references(struct commits *s)
{
	const struct pqm_git2 *g = s->w->repo.g;
	git_reference_iterator *all = NULL;
	git_reference *one = NULL;
	enum pqm_st st = PQM_OK;

	if (g->reference_iterator_new(&all, s->w->repo.git) != 0)
		return pqm_fail(s->w->err, PQM_EIO, "%s: %s", s->w->repo.path, pqm_git2_words());
	while (st == PQM_OK && g->reference_next(&one, all) == 0) {
		git_object *c = NULL;
		uint32_t at;

		/* A tag may name a tree or a key: that is no commit. */
		if (g->reference_peel(&c, one, GIT_OBJECT_COMMIT) == 0) {
			st = meet(s, g->object_id(c), &at);
			g->object_free(c);
		}
		g->reference_free(one);
	}
	g->reference_iterator_free(all);
	return st;
}

static int by_time(const void *x, const void *y)
{
	const struct commit *a = x, *b = y;

	if ((a->n_parents > 1) != (b->n_parents > 1))
		return a->n_parents > 1 ? 1 : -1;
	if (a->at_s != b->at_s)
		return a->at_s < b->at_s ? -1 : 1;
	if (a->depth != b->depth)
		return a->depth < b->depth ? -1 : 1;
	return memcmp(a->id.id, b->id.id, sizeof(a->id.id));
}

/* ---- what they hold ---- */

static enum pqm_st meet_blob(struct pqm_git_walk *w, const git_oid *id)
{
	struct pqm_git_seen *b;

	if (pqm_map_get(&w->blobs, key_of(id)) != NULL)
		return PQM_OK;
	b = pqm_new(&w->arena, struct pqm_git_seen, 1);
	if (b == NULL)
		return no_memory(w);
	*b = (struct pqm_git_seen){ .id = *id, .of = *w->now };
	b->path = pqm_bytes_dup(&w->arena, pqm_buf_bytes(&w->path));
	if (b->path.p == NULL || !pqm_map_put(&w->blobs, key_of(&b->id), b))
		return no_memory(w);
	*w->last = b;
	w->last = &b->next;
	return PQM_OK;
}

static bool is_below_prefix(const struct pqm_git_walk *w)
{
	return pqm_starts(pqm_buf_bytes(&w->path), pqm_buf_bytes(&w->repo.prefix));
}

static enum pqm_st meet_tree(struct pqm_git_walk *w, const git_oid *id, unsigned depth)
{
	const struct pqm_git2 *g = w->repo.g;
	size_t keep = w->path.n;
	enum pqm_st st = PQM_OK;
	git_oid *copy;
	git_tree *t = NULL;

	if (depth >= PQM_TREE_DEPTH || pqm_map_get(&w->trees, key_of(id)) != NULL)
		return PQM_OK;
	copy = pqm_new(&w->arena, git_oid, 1);
	if (copy == NULL)
		return no_memory(w);
	*copy = *id;
	if (!pqm_map_put(&w->trees, key_of(copy), copy))
		return no_memory(w);
	if (g->tree_lookup(&t, w->repo.git, id) != 0) {
		w->sink->skip(
			w->sink, PQM_SKIP_UNREADABLE, pqm_buf_bytes(&w->path), pqm_git2_words());
		return PQM_OK;
	}
	for (size_t i = 0, n = g->tree_entrycount(t); i < n && st == PQM_OK; i++) {
		const git_tree_entry *e = g->tree_entry_byindex(t, i);
		unsigned mode = (unsigned)g->tree_entry_filemode_raw(e);

		w->path.n = keep;
		if (!pqm_buf_add(&w->path, pqm_str(g->tree_entry_name(e))))
			st = no_memory(w);
		else if (mode == GIT_FILEMODE_TREE && pqm_buf_byte(&w->path, '/'))
			st = meet_tree(w, g->tree_entry_id(e), depth + 1);
		else if ((mode & 0170000) == 0100000 && is_below_prefix(w))
			st = meet_blob(w, g->tree_entry_id(e));
	}
	g->tree_free(t);
	w->path.n = keep;
	return st;
}

static enum pqm_st meet_commit(struct pqm_git_walk *w, const struct commit *at, size_t order)
{
	const struct pqm_git2 *g = w->repo.g;
	struct pqm_revision of = { .at_s = at->at_s, .order = order };
	git_commit *c = NULL;
	enum pqm_st st;

	if (g->commit_lookup(&c, w->repo.git, &at->id) != 0)
		return pqm_fail(w->err, PQM_EIO, "%s: %s", w->repo.path, pqm_git2_words());
	(void)g->oid_fmt(of.commit, &at->id);
	if (w->opt->with_authors && g->commit_author(c) != NULL)
		of.author = pqm_bytes_dup(&w->arena, pqm_str(g->commit_author(c)->name));
	w->now = &of;
	w->path.n = 0;
	st = meet_tree(w, g->commit_tree_id(c), 0);
	w->now = NULL;
	g->commit_free(c);
	return st;
}

/* Marks what the tree has. */
static void mark_here(struct pqm_git_walk *w, const git_tree *t, unsigned depth)
{
	const struct pqm_git2 *g = w->repo.g;

	for (size_t i = 0, n = depth >= PQM_TREE_DEPTH ? 0 : g->tree_entrycount(t); i < n; i++) {
		const git_tree_entry *e = g->tree_entry_byindex(t, i);
		struct pqm_git_seen *b = pqm_map_get(&w->blobs, key_of(g->tree_entry_id(e)));
		git_tree *sub = NULL;

		if (b != NULL)
			b->is_here = true;
		if (g->tree_entry_filemode_raw(e) == GIT_FILEMODE_TREE &&
			g->tree_lookup(&sub, w->repo.git, g->tree_entry_id(e)) == 0) {
			mark_here(w, sub, depth + 1);
			g->tree_free(sub);
		}
	}
}

enum pqm_st pqm_git_history_read(
	struct pqm_git_walk *w, const git_commit *from, const git_tree *tree)
{
	struct commits s = { .w = w };
	git_commit *head = NULL;
	enum pqm_st st = PQM_OK;
	uint32_t at;

	w->last = &w->first;
	if (from != NULL) {
		st = meet(&s, w->repo.g->object_id((const git_object *)from), &at);
	} else {
		st = pqm_repo_commit(&w->repo, NULL, &head, w->err);
		if (st == PQM_OK && head != NULL)
			st = meet(&s, w->repo.g->object_id((git_object *)head), &at);
		if (head != NULL)
			w->repo.g->commit_free(head);
		if (st == PQM_OK)
			st = meet_references(&s);
	}
	if (st == PQM_OK)
		st = meet_parents(&s);
	if (st == PQM_OK)
		st = find_depths(&s);
	if (s.n > 1)
		qsort(s.c, s.n, sizeof(*s.c), by_time);
	for (size_t i = 0; i < s.n && st == PQM_OK; i++)
		st = meet_commit(w, &s.c[i], i);
	if (st == PQM_OK && s.is_cut)
		w->sink->note(w->sink, pqm_str(w->repo.path), "incomplete",
			w->repo.is_shallow
				? "the history ends where this clone is shallow: git fetch "
				  "--unshallow brings the rest"
				: "commits of the history are missing from the repository");
	pqm_map_fini(&s.met);
	w->path.n = 0;
	if (st == PQM_OK)
		mark_here(w, tree, 0);
	return st;
}

const struct pqm_revision *pqm_git_first(const struct pqm_git_walk *w, const git_oid *id)
{
	const struct pqm_git_seen *b = pqm_map_get(&w->blobs, key_of(id));

	return b == NULL ? NULL : &b->of;
}

enum pqm_st pqm_git_history_give(struct pqm_git_walk *w)
{
	enum pqm_st st = PQM_OK;

	for (struct pqm_git_seen *b = w->first; b != NULL && st == PQM_OK; b = b->next) {
		if (b->is_here)
			continue;
		b->of.is_gone = true;
		w->path.n = 0;
		if (!pqm_buf_add(&w->path, b->path))
			return no_memory(w);
		st = pqm_git_give(w, &b->id, &b->of);
	}
	return st;
}

void pqm_git_history_fini(struct pqm_git_walk *w)
{
	pqm_map_fini(&w->blobs);
	pqm_map_fini(&w->trees);
	w->first = NULL;
}
