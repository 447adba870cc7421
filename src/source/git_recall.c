/*
 * git_recall.c — a history as it is kept from run to run: commits with their parents, and of each tree and blob the
 * first commit that held it. Objects of git do not change, so all of it stays true as long as the references of
 * today lead to every commit of it; git_history.c looks at that, and at the commits that came since.
 *
 *   commits: how many; each its id, times, depth, and the author when names were asked for
 *   parents: of each commit, how many and by index
 *   trees:   how many; each its id, and the commit by index
 *   blobs:   the same, and the path
 */
#include "git_walk.h"

#include "base/limits.h"
#include "base/var.h"

#define KIND "git history 1"

/* What tells this history from all others. */
static bool name_it(struct pqm_git_walk *w, struct pqm_buf *b)
{
	const char *folder = w->repo.g->repository_commondir(w->repo.git);

	pqm_var_put_text(b, folder == NULL ? pqm_str(w->repo.path) : pqm_str(folder));
	pqm_var_put_text(b, pqm_buf_bytes(&w->repo.prefix));
	return pqm_buf_byte(b, w->opt->with_authors);
}

/* ---- reading ---- */

static bool get_id(struct pqm_cur *c, git_oid *id)
{
	pqm_bytes b;

	if (!pqm_cur_take(c, sizeof(id->id), &b))
		return false;
	memcpy(id->id, b.p, sizeof(id->id));
	return true;
}

static bool is_in(const struct pqm_map *m, const git_oid *id)
{
	return pqm_map_get(m, (pqm_bytes){ id->id, sizeof(id->id) }) != NULL;
}

/* How many records follow: each has an id at least. */
static bool get_count(struct pqm_cur *c, uint64_t *n)
{
	return pqm_var_get(c, pqm_cur_left(c) / sizeof(git_oid), n);
}

static bool get_commit(struct pqm_git_walk *w, struct pqm_cur *c)
{
	struct pqm_git_commit *commit;
	uint64_t at_s = 0, authored_s = 0, depth = 0;
	pqm_bytes author;
	git_oid id;

	if (!get_id(c, &id) || !pqm_var_get(c, UINT64_MAX, &at_s) ||
		!pqm_var_get(c, UINT64_MAX, &authored_s) ||
		!pqm_var_get(c, PQM_GIT_COMMITS, &depth) || !pqm_var_get_text(c, &author) ||
		depth == 0 || is_in(&w->past.met, &id) ||
		!w->repo.g->odb_exists(w->repo.odb, &id) ||
		(commit = pqm_git_commit_new(w, &id)) == NULL)
		return false;
	commit->at_s = (int64_t)at_s;
	commit->of.authored_s = (int64_t)authored_s;
	commit->depth = (uint32_t)depth;
	if (author.n > 0)
		commit->of.author = pqm_bytes_dup(&w->arena, author);
	return author.n == 0 || commit->of.author.p != NULL;
}

static struct pqm_git_commit *get_known(struct pqm_git_walk *w, struct pqm_cur *c)
{
	uint64_t i = 0;

	return pqm_var_get(c, w->past.n - 1, &i) ? w->past.commit[i] : NULL;
}

static bool get_parents(struct pqm_git_walk *w, struct pqm_cur *c, struct pqm_git_commit *of)
{
	uint64_t n = 0;

	if (!pqm_var_get(c, pqm_cur_left(c), &n))
		return false;
	of->parents = pqm_new(&w->arena, struct pqm_git_commit *, n + 1);
	for (; of->parents != NULL && of->n_parents < n; of->n_parents++) {
		struct pqm_git_commit *parent = get_known(w, c);

		/* Deeper ones only: then there is no way around. */
		if (parent == NULL || parent->depth >= of->depth)
			return false;
		of->parents[of->n_parents] = parent;
	}
	return of->parents != NULL;
}

static bool get_tree(struct pqm_git_walk *w, struct pqm_cur *c)
{
	struct pqm_git_seen *t;
	git_oid id;

	if (!get_id(c, &id) || is_in(&w->past.trees, &id) || (t = pqm_git_tree_new(w, &id)) == NULL)
		return false;
	t->at = get_known(w, c);
	return t->at != NULL;
}

static bool get_blob(struct pqm_git_walk *w, struct pqm_cur *c)
{
	struct pqm_git_seen *b;
	pqm_bytes path;
	git_oid id;

	if (!get_id(c, &id) || is_in(&w->past.blobs, &id) || (b = pqm_git_blob_new(w, &id)) == NULL)
		return false;
	b->at = get_known(w, c);
	if (b->at == NULL || !pqm_var_get_text(c, &path))
		return false;
	b->path = pqm_bytes_dup(&w->arena, path);
	return b->path.p != NULL;
}

static bool get_all(struct pqm_git_walk *w, struct pqm_cur *c)
{
	uint64_t n = 0;

	if (!get_count(c, &n) || n == 0 || n > PQM_GIT_COMMITS)
		return false;
	for (uint64_t i = 0; i < n; i++)
		if (!get_commit(w, c))
			return false;
	w->past.n_kept = (size_t)n;
	for (size_t i = 0; i < w->past.n; i++)
		if (!get_parents(w, c, w->past.commit[i]))
			return false;
	if (!get_count(c, &n))
		return false;
	for (uint64_t i = 0; i < n; i++)
		if (!get_tree(w, c))
			return false;
	if (!get_count(c, &n))
		return false;
	for (uint64_t i = 0; i < n; i++)
		if (!get_blob(w, c))
			return false;
	return pqm_cur_left(c) == 0;
}

void pqm_git_recall(struct pqm_git_walk *w)
{
	struct pqm_buf about, body;

	if (w->sink->recall == NULL || w->repo.is_shallow)
		return;
	pqm_buf_init(&about, PQM_CACHE_ROW_BYTES);
	pqm_buf_init(&body, PQM_CACHE_ROW_BYTES);
	if (name_it(w, &about) && w->sink->recall(w->sink, KIND, pqm_buf_bytes(&about), &body)) {
		struct pqm_cur c = pqm_cur_of(pqm_buf_bytes(&body));

		if (!get_all(w, &c))
			pqm_git_past_fini(&w->past);
	}
	pqm_buf_fini(&body);
	pqm_buf_fini(&about);
}

/* ---- writing ---- */

static void put_id(struct pqm_buf *b, const git_oid *id)
{
	(void)pqm_buf_add(b, (pqm_bytes){ id->id, sizeof(id->id) });
}

static void put_commits(struct pqm_buf *b, const struct pqm_git_past *p)
{
	pqm_var_put(b, p->n);
	for (size_t i = 0; i < p->n; i++) {
		const struct pqm_git_commit *c = p->commit[i];

		put_id(b, &c->id);
		pqm_var_put(b, (uint64_t)c->at_s);
		pqm_var_put(b, (uint64_t)c->of.authored_s);
		pqm_var_put(b, c->depth);
		pqm_var_put_text(b, c->of.author);
	}
	for (size_t i = 0; i < p->n; i++) {
		pqm_var_put(b, p->commit[i]->n_parents);
		for (uint32_t k = 0; k < p->commit[i]->n_parents; k++)
			pqm_var_put(b, p->commit[i]->parents[k]->index);
	}
}

void pqm_git_keep(struct pqm_git_walk *w)
{
	const struct pqm_git_past *p = &w->past;
	struct pqm_buf about, body;

	if (w->sink->keep == NULL || w->repo.is_shallow || p->is_cut || p->is_holed ||
		p->n == p->n_kept)
		return;
	pqm_buf_init(&about, PQM_CACHE_ROW_BYTES);
	pqm_buf_init(&body, PQM_CACHE_ROW_BYTES); /* a longer one is not kept */
	put_commits(&body, p);
	pqm_var_put(&body, p->n_trees);
	for (size_t i = 0; i < p->n_trees; i++) {
		put_id(&body, &p->tree[i]->id);
		pqm_var_put(&body, p->tree[i]->at->index);
	}
	pqm_var_put(&body, p->n_blobs);
	for (size_t i = 0; i < p->n_blobs; i++) {
		put_id(&body, &p->blob[i]->id);
		pqm_var_put(&body, p->blob[i]->at->index);
		pqm_var_put_text(&body, p->blob[i]->path);
	}
	if (name_it(w, &about) && !body.failed)
		w->sink->keep(w->sink, KIND, pqm_buf_bytes(&about), pqm_buf_bytes(&body));
	pqm_buf_fini(&body);
	pqm_buf_fini(&about);
}
