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

static pqm_bytes key_of(const git_oid *id)
{
	return (pqm_bytes){ id->id, sizeof(id->id) };
}

static enum pqm_st no_memory(struct pqm_git_walk *w)
{
	return pqm_fail(w->err, PQM_ENOMEM, "out of memory for the history");
}

/* ---- what is known ---- */

struct pqm_git_commit *pqm_git_commit_new(struct pqm_git_walk *w, const git_oid *id)
{
	struct pqm_git_past *p = &w->past;
	struct pqm_git_commit **grown = pqm_grow(&w->arena, p->commit, p->n, &p->cap);
	struct pqm_git_commit *c = pqm_new(&w->arena, struct pqm_git_commit, 1);

	if (grown == NULL || c == NULL)
		return NULL;
	p->commit = grown;
	*c = (struct pqm_git_commit){ .id = *id, .index = (uint32_t)p->n };
	if (!pqm_map_put(&p->met, key_of(&c->id), c))
		return NULL;
	p->commit[p->n++] = c;
	return c;
}

/* Where what was seen is kept: by id, and in its order. */
struct list {
	struct pqm_map *by_id;
	struct pqm_git_seen ***all;
	size_t *n, *cap;
};

static struct pqm_git_seen *seen_new(
	struct pqm_git_walk *w, const struct list *l, const git_oid *id)
{
	struct pqm_git_seen **grown = pqm_grow(&w->arena, *l->all, *l->n, l->cap);
	struct pqm_git_seen *x = pqm_new(&w->arena, struct pqm_git_seen, 1);

	if (grown == NULL || x == NULL)
		return NULL;
	*l->all = grown;
	*x = (struct pqm_git_seen){ .id = *id };
	if (!pqm_map_put(l->by_id, key_of(&x->id), x))
		return NULL;
	grown[(*l->n)++] = x;
	return x;
}

struct pqm_git_seen *pqm_git_tree_new(struct pqm_git_walk *w, const git_oid *id)
{
	struct pqm_git_past *p = &w->past;
	const struct list trees = { &p->trees, &p->tree, &p->n_trees, &p->cap_trees };

	return seen_new(w, &trees, id);
}

struct pqm_git_seen *pqm_git_blob_new(struct pqm_git_walk *w, const git_oid *id)
{
	struct pqm_git_past *p = &w->past;
	const struct list blobs = { &p->blobs, &p->blob, &p->n_blobs, &p->cap_blobs };

	return seen_new(w, &blobs, id);
}

void pqm_git_past_fini(struct pqm_git_past *p)
{
	pqm_map_fini(&p->met);
	pqm_map_fini(&p->trees);
	pqm_map_fini(&p->blobs);
	*p = (struct pqm_git_past){ 0 };
}

/* ---- which commits there are ---- */

/* *out: NULL: it is not in this repository. */
static enum pqm_st meet(struct pqm_git_walk *w, const git_oid *id, struct pqm_git_commit **out)
{
	const struct pqm_git2 *g = w->repo.g;
	git_commit *c = NULL;

	*out = pqm_map_get(&w->past.met, key_of(id));
	if (*out != NULL)
		return PQM_OK;
	if (w->past.n >= PQM_GIT_COMMITS)
		return pqm_fail(w->err, PQM_ELIMIT, "%s: more than %u commits; name a range of it",
			w->repo.path, PQM_GIT_COMMITS);
	if (g->commit_lookup(&c, w->repo.git, id) != 0) {
		w->past.is_cut = true;
		return PQM_OK;
	}
	*out = pqm_git_commit_new(w, id);
	if (*out != NULL) {
		(*out)->at_s = g->commit_time(c);
		(*out)->of.authored_s =
			g->commit_author(c) == NULL ? (*out)->at_s : g->commit_author(c)->when.time;
	}
	g->commit_free(c);
	return *out != NULL ? PQM_OK : no_memory(w);
}

static enum pqm_st meet_start(struct pqm_git_walk *w, const git_oid *id)
{
	struct pqm_git_commit *c;
	enum pqm_st st = meet(w, id, &c);

	if (st == PQM_OK && c != NULL)
		c->is_reached = true;
	return st;
}

/* Every commit that those met so far descend from. */
static enum pqm_st meet_parents(struct pqm_git_walk *w)
{
	const struct pqm_git2 *g = w->repo.g;
	enum pqm_st st = PQM_OK;

	for (size_t i = w->past.n_kept; i < w->past.n && st == PQM_OK; i++) {
		struct pqm_git_commit *of = w->past.commit[i], *parent;
		git_commit *c = NULL;
		unsigned n;

		if (g->commit_lookup(&c, w->repo.git, &of->id) != 0)
			continue;
		n = g->commit_parentcount(c);
		of->parents = pqm_new(&w->arena, struct pqm_git_commit *, n + 1);
		if (of->parents == NULL)
			st = no_memory(w);
		for (unsigned k = 0; k < n && st == PQM_OK; k++) {
			st = meet(w, g->commit_parent_id(c, k), &parent);
			if (st == PQM_OK && parent != NULL)
				of->parents[of->n_parents++] = parent;
		}
		g->commit_free(c);
	}
	return st;
}

/* Is every commit one that the references of today lead to? What was kept may know others. */
static enum pqm_st reach(struct pqm_git_walk *w, bool *all)
{
	const struct pqm_git_past *p = &w->past;
	struct pqm_git_commit **stack = pqm_malloc((p->n + 1) * sizeof(struct pqm_git_commit *));
	size_t n = 0, n_reached = 0;

	if (stack == NULL)
		return no_memory(w);
	for (size_t i = 0; i < p->n; i++)
		if (p->commit[i]->is_reached)
			stack[n++] = p->commit[i];
	for (; n > 0; n_reached++) {
		const struct pqm_git_commit *c = stack[--n];

		for (uint32_t k = 0; k < c->n_parents; k++)
			if (!c->parents[k]->is_reached) {
				c->parents[k]->is_reached = true;
				stack[n++] = c->parents[k];
			}
	}
	pqm_free(stack);
	*all = n_reached == p->n;
	return PQM_OK;
}

/* Commits of one second: what descends comes later. */
static enum pqm_st find_depths(struct pqm_git_walk *w)
{
	const struct pqm_git_past *p = &w->past;
	struct pqm_git_commit **stack = pqm_malloc((p->n + 1) * sizeof(struct pqm_git_commit *));
	size_t n = 0;

	if (stack == NULL)
		return no_memory(w);
	for (size_t i = p->n_kept; i < p->n; i++) {
		if (p->commit[i]->depth == 0)
			stack[n++] = p->commit[i];
		while (n > 0) {
			struct pqm_git_commit *c = stack[n - 1], *missing = NULL;
			uint32_t deepest = 0;

			for (uint32_t k = 0; k < c->n_parents; k++) {
				struct pqm_git_commit *below = c->parents[k];

				if (below->depth == 0)
					missing = below;
				deepest = below->depth > deepest ? below->depth : deepest;
			}
			/* Ids are hashes of what they name, parents too: there is no way around. */
			if (missing != NULL && n < p->n + 1) {
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
static enum pqm_st meet_references(struct pqm_git_walk *w)
{
	const struct pqm_git2 *g = w->repo.g;
	git_reference_iterator *all = NULL;
	git_reference *one = NULL;
	enum pqm_st st = PQM_OK;

	if (g->reference_iterator_new(&all, w->repo.git) != 0)
		return pqm_fail(w->err, PQM_EIO, "%s: %s", w->repo.path, pqm_git2_words());
	while (st == PQM_OK && g->reference_next(&one, all) == 0) {
		git_object *c = NULL;

		/* A tag may name a tree or a key: that is no commit. */
		if (g->reference_peel(&c, one, GIT_OBJECT_COMMIT) == 0) {
			st = meet_start(w, g->object_id(c));
			g->object_free(c);
		}
		g->reference_free(one);
	}
	g->reference_iterator_free(all);
	return st;
}

static enum pqm_st meet_all(struct pqm_git_walk *w, const git_commit *from)
{
	git_commit *head = NULL;
	enum pqm_st st;

	if (from != NULL) {
		st = meet_start(w, w->repo.g->object_id((const git_object *)from));
	} else {
		st = pqm_repo_commit(&w->repo, NULL, &head, w->err);
		if (st == PQM_OK && head != NULL)
			st = meet_start(w, w->repo.g->object_id((git_object *)head));
		if (head != NULL)
			w->repo.g->commit_free(head);
		if (st == PQM_OK)
			st = meet_references(w);
	}
	return st == PQM_OK ? meet_parents(w) : st;
}

static int by_time(const void *x, const void *y)
{
	const struct pqm_git_commit *a = *(struct pqm_git_commit *const *)x;
	const struct pqm_git_commit *b = *(struct pqm_git_commit *const *)y;

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
	struct pqm_git_seen *b = pqm_map_get(&w->past.blobs, key_of(id));

	if (b != NULL && b->at->order <= w->now->order)
		return PQM_OK;
	if (b == NULL)
		b = pqm_git_blob_new(w, id);
	if (b == NULL)
		return no_memory(w);
	b->at = w->now;
	b->path = pqm_bytes_dup(&w->arena, pqm_buf_bytes(&w->path));
	return b->path.p != NULL ? PQM_OK : no_memory(w);
}

static bool is_below_prefix(const struct pqm_git_walk *w)
{
	return pqm_starts(pqm_buf_bytes(&w->path), pqm_buf_bytes(&w->repo.prefix));
}

/* Could the folder at w->path hold what is below the prefix? */
static bool is_on_way(const struct pqm_git_walk *w)
{
	return is_below_prefix(w) ||
		pqm_starts(pqm_buf_bytes(&w->repo.prefix), pqm_buf_bytes(&w->path));
}

/* A tree that an earlier commit had brings nothing: *is_new is false then. */
static enum pqm_st note_tree(struct pqm_git_walk *w, const git_oid *id, bool *is_new)
{
	struct pqm_git_seen *t = pqm_map_get(&w->past.trees, key_of(id));

	*is_new = true;
	/* On the way to the prefix not all of a tree is walked. */
	if (!is_below_prefix(w))
		return PQM_OK;
	*is_new = t == NULL || t->at->order > w->now->order;
	if (t == NULL)
		t = pqm_git_tree_new(w, id);
	if (t == NULL)
		return no_memory(w);
	if (*is_new)
		t->at = w->now;
	return PQM_OK;
}

static enum pqm_st meet_tree(struct pqm_git_walk *w, const git_oid *id, unsigned depth)
{
	const struct pqm_git2 *g = w->repo.g;
	size_t keep = w->path.n;
	git_tree *t = NULL;
	bool is_new = false;
	enum pqm_st st = depth >= PQM_TREE_DEPTH ? PQM_OK : note_tree(w, id, &is_new);

	if (st != PQM_OK || !is_new)
		return st;
	if (g->tree_lookup(&t, w->repo.git, id) != 0) {
		w->past.is_holed = true;
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
		else if (mode == GIT_FILEMODE_TREE && pqm_buf_byte(&w->path, '/') && is_on_way(w))
			st = meet_tree(w, g->tree_entry_id(e), depth + 1);
		else if ((mode & 0170000) == 0100000 && is_below_prefix(w))
			st = meet_blob(w, g->tree_entry_id(e));
	}
	g->tree_free(t);
	w->path.n = keep;
	return st;
}

static enum pqm_st meet_commit(struct pqm_git_walk *w, struct pqm_git_commit *at)
{
	const struct pqm_git2 *g = w->repo.g;
	git_commit *c = NULL;
	enum pqm_st st;

	if (g->commit_lookup(&c, w->repo.git, &at->id) != 0)
		return pqm_fail(w->err, PQM_EIO, "%s: %s", w->repo.path, pqm_git2_words());
	if (w->opt->with_authors && g->commit_author(c) != NULL)
		at->of.author = pqm_bytes_dup(&w->arena, pqm_str(g->commit_author(c)->name));
	w->now = at;
	w->path.n = 0;
	st = meet_tree(w, g->commit_tree_id(c), 0);
	w->now = NULL;
	g->commit_free(c);
	return st;
}

/* Those that were kept are known already. */
static enum pqm_st meet_contents(struct pqm_git_walk *w)
{
	struct pqm_git_past *p = &w->past;
	struct pqm_git_commit **in_order = pqm_malloc((p->n + 1) * sizeof(struct pqm_git_commit *));
	enum pqm_st st = PQM_OK;

	if (in_order == NULL)
		return no_memory(w);
	for (size_t i = 0; i < p->n; i++)
		in_order[i] = p->commit[i];
	if (p->n > 1)
		qsort(in_order, p->n, sizeof(*in_order), by_time);
	for (size_t i = 0; i < p->n; i++) {
		struct pqm_git_commit *c = in_order[i];

		c->order = (uint32_t)i;
		c->of.order = i;
		c->of.at_s = c->at_s;
		(void)w->repo.g->oid_fmt(c->of.commit, &c->id);
	}
	for (size_t i = 0; i < p->n && st == PQM_OK; i++)
		if (in_order[i]->index >= p->n_kept)
			st = meet_commit(w, in_order[i]);
	pqm_free(in_order);
	return st;
}

/* Marks what the tree has. */
static void mark_here(struct pqm_git_walk *w, const git_tree *t, unsigned depth)
{
	const struct pqm_git2 *g = w->repo.g;

	for (size_t i = 0, n = depth >= PQM_TREE_DEPTH ? 0 : g->tree_entrycount(t); i < n; i++) {
		const git_tree_entry *e = g->tree_entry_byindex(t, i);
		struct pqm_git_seen *b = pqm_map_get(&w->past.blobs, key_of(g->tree_entry_id(e)));
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
	enum pqm_st st;
	bool all = true;

	pqm_git_recall(w);
	st = meet_all(w, from);
	if (st == PQM_OK && w->past.n_kept > 0)
		st = reach(w, &all);
	if (st == PQM_OK && !all) {
		pqm_git_past_fini(&w->past);
		st = meet_all(w, from);
	}
	if (st == PQM_OK)
		st = find_depths(w);
	if (st == PQM_OK)
		st = meet_contents(w);
	if (st == PQM_OK && w->past.is_cut)
		w->sink->note(w->sink, pqm_str(w->repo.path), "incomplete",
			w->repo.is_shallow
				? "the history ends where this clone is shallow: git fetch "
				  "--unshallow brings the rest"
				: "commits of the history are missing from the repository");
	w->path.n = 0;
	if (st == PQM_OK) {
		pqm_git_keep(w);
		mark_here(w, tree, 0);
	}
	return st;
}

const struct pqm_revision *pqm_git_first(const struct pqm_git_walk *w, const git_oid *id)
{
	const struct pqm_git_seen *b = pqm_map_get(&w->past.blobs, key_of(id));

	return b == NULL ? NULL : &b->at->of;
}

enum pqm_st pqm_git_history_give(struct pqm_git_walk *w)
{
	enum pqm_st st = PQM_OK;

	for (size_t i = 0; i < w->past.n_blobs && st == PQM_OK; i++) {
		const struct pqm_git_seen *b = w->past.blob[i];
		struct pqm_revision of = b->at->of;

		if (b->is_here)
			continue;
		of.is_gone = true;
		w->path.n = 0;
		if (!pqm_buf_add(&w->path, b->path))
			return no_memory(w);
		st = pqm_git_give(w, &b->id, &of);
	}
	return st;
}
