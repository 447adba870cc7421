/* git_diff.c — which files differ between two states of a repository. */
#include "repo.h"

#include <stdlib.h>

#include "base/limits.h"

struct diff {
	struct pqm_repo repo;
	const struct pqm_git_ask *ask;
	struct pqm_git_changes *out;
	git_tree *base, *head; /* NULL: no commit yet; the index or the work tree */
	git_index *index;
	struct pqm_err *err;
};

/* path is of the repository; what is not below the folder that was asked for is left out. */
static enum pqm_st add(struct diff *d, const char *path)
{
	pqm_bytes prefix = pqm_buf_bytes(&d->repo.prefix), p = pqm_str(path);
	struct pqm_git_changes *c = d->out;
	const char **grown;
	pqm_bytes copy;

	if (!pqm_starts(p, prefix))
		return PQM_OK;
	if (c->n >= PQM_GIT_CHANGES)
		return pqm_fail(d->err, PQM_ELIMIT,
			"%s: more than %u files changed since %s; scan all of it instead",
			d->ask->path, PQM_GIT_CHANGES,
			d->ask->since == NULL ? "HEAD" : d->ask->since);
	grown = pqm_grow(&c->arena, c->path, c->n, &c->cap);
	copy = pqm_arena_f(&c->arena, "%s", path + prefix.n);
	if (grown == NULL || copy.p == NULL)
		return pqm_fail(d->err, PQM_ENOMEM, "out of memory for the changes");
	c->path = grown;
	c->path[c->n++] = (const char *)copy.p;
	return PQM_OK;
}

static void sort_unique(struct pqm_git_changes *c)
{
	size_t k = 0;

	if (c->n > 1)
		qsort(c->path, c->n, sizeof(*c->path), pqm_repo_by_path);
	for (size_t i = 0; i < c->n; i++)
		if (k == 0 || strcmp(c->path[k - 1], c->path[i]) != 0)
			c->path[k++] = c->path[i];
	c->n = k;
}

static enum pqm_st git_failed(struct diff *d)
{
	return pqm_fail(d->err, PQM_EIO, "%s: %s", d->ask->path, pqm_git2_words());
}

static enum pqm_st take_deltas(struct diff *d)
{
	const struct pqm_git2 *g = d->repo.g;
	git_diff_options o;
	enum pqm_st st = PQM_OK;
	git_diff *diff = NULL;
	int rc;

	if (g->diff_options_init(&o, GIT_DIFF_OPTIONS_VERSION) != 0)
		return git_failed(d);
	o.flags = GIT_DIFF_INCLUDE_UNTRACKED | GIT_DIFF_RECURSE_UNTRACKED_DIRS |
		GIT_DIFF_IGNORE_SUBMODULES | GIT_DIFF_INCLUDE_TYPECHANGE;
	if (d->head != NULL)
		rc = g->diff_tree_to_tree(&diff, d->repo.git, d->base, d->head, &o);
	else if (d->ask->is_staged)
		rc = g->diff_tree_to_index(&diff, d->repo.git, d->base, d->index, &o);
	else
		rc = g->diff_tree_to_workdir_with_index(&diff, d->repo.git, d->base, &o);
	if (rc != 0)
		return git_failed(d);
	for (size_t i = 0, n = g->diff_num_deltas(diff); i < n && st == PQM_OK; i++) {
		const git_diff_delta *x = g->diff_get_delta(diff, i);

		st = add(d, x->old_file.path);
		if (st == PQM_OK && strcmp(x->old_file.path, x->new_file.path) != 0)
			st = add(d, x->new_file.path);
	}
	g->diff_free(diff);
	sort_unique(d->out);
	return st;
}

static bool is_at(struct diff *d, const char *path)
{
	const struct pqm_git2 *g = d->repo.g;
	const git_tree *const trees[] = { d->base, d->head };

	for (unsigned i = 0; i < 2; i++) {
		git_tree_entry *e = NULL;

		if (trees[i] == NULL || g->tree_entry_bypath(&e, trees[i], path) != 0)
			continue;
		g->tree_entry_free(e);
		return true;
	}
	return d->index != NULL && g->index_get_bypath(d->index, path, 0) != NULL;
}

/* Is the folder (with a slash at its end, or empty) that of a chart or kustomization? */
static bool is_unit(struct diff *d, pqm_bytes folder)
{
	static const char *const names[] = { "Chart.yaml", "kustomization.yaml",
		"kustomization.yml", "Kustomization" };
	bool found = false;
	struct pqm_buf b;

	pqm_buf_init(&b, (size_t)1 << 20);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && !found; i++) {
		b.n = 0;
		found = pqm_buf_f(&b, "%.*s%s%c", PQM_FMT(folder), names[i], '\0') &&
			is_at(d, (const char *)b.p);
	}
	pqm_buf_fini(&b);
	return found;
}

static enum pqm_st add_tree(struct diff *d, const git_tree *t, struct pqm_buf *path, unsigned depth)
{
	const struct pqm_git2 *g = d->repo.g;
	size_t keep = path->n;
	enum pqm_st st = PQM_OK;

	for (size_t i = 0, n = g->tree_entrycount(t); i < n && st == PQM_OK; i++) {
		const git_tree_entry *e = g->tree_entry_byindex(t, i);
		git_filemode_t mode = g->tree_entry_filemode_raw(e);
		git_tree *sub = NULL;

		path->n = keep;
		if (!pqm_buf_f(path, "%s", g->tree_entry_name(e)))
			return pqm_fail(d->err, PQM_ENOMEM, "out of memory for a path");
		if (mode == GIT_FILEMODE_TREE && depth < PQM_TREE_DEPTH &&
			g->tree_lookup(&sub, d->repo.git, g->tree_entry_id(e)) == 0) {
			(void)pqm_buf_byte(path, '/');
			st = add_tree(d, sub, path, depth + 1);
			g->tree_free(sub);
		} else if ((mode & 0170000) == 0100000 && pqm_buf_byte(path, '\0')) {
			st = add(d, (const char *)path->p);
		}
	}
	path->n = keep;
	return st;
}

/* All files below the folder, of both sides. */
static enum pqm_st add_unit(struct diff *d, pqm_bytes folder)
{
	const struct pqm_git2 *g = d->repo.g;
	const git_tree *const trees[] = { d->base, d->head };
	enum pqm_st st = PQM_OK;
	struct pqm_buf path;
	size_t at = 0;

	pqm_buf_init(&path, (size_t)1 << 20);
	for (unsigned i = 0; i < 2 && st == PQM_OK; i++) {
		git_tree_entry *e = NULL;
		git_tree *t = NULL;

		path.n = 0;
		if (trees[i] == NULL)
			continue;
		if (folder.n == 0) {
			st = add_tree(d, trees[i], &path, 0);
			continue;
		}
		(void)pqm_buf_f(&path, "%.*s%c", (int)(folder.n - 1), (const char *)folder.p, '\0');
		if (g->tree_entry_bypath(&e, trees[i], (const char *)path.p) == 0 &&
			g->tree_lookup(&t, d->repo.git, g->tree_entry_id(e)) == 0) {
			path.n = 0;
			(void)pqm_buf_add(&path, folder);
			st = add_tree(d, t, &path, 0);
		}
		if (t != NULL)
			g->tree_free(t);
		if (e != NULL)
			g->tree_entry_free(e);
	}
	path.n = 0;
	(void)pqm_buf_f(&path, "%.*s%c", PQM_FMT(folder), '\0');
	if (d->index != NULL &&
		(folder.n == 0 || g->index_find_prefix(&at, d->index, (const char *)path.p) == 0))
		for (size_t n = g->index_entrycount(d->index); at < n && st == PQM_OK; at++) {
			const git_index_entry *x = g->index_get_byindex(d->index, at);

			if (!pqm_starts(pqm_str(x->path), folder))
				break;
			st = add(d, x->path);
		}
	pqm_buf_fini(&path);
	return st;
}

/* The chart or kustomization nearest to the root that path is of. */
static pqm_bytes unit_of(struct diff *d, pqm_bytes path)
{
	const pqm_bytes none = { NULL, 0 };

	if (is_unit(d, pqm_sub(path, 0, 0)))
		return pqm_sub(path, 0, 0);
	for (size_t i = 0; i < path.n; i++)
		if (path.p[i] == '/' && is_unit(d, pqm_sub(path, 0, i + 1)))
			return pqm_sub(path, 0, i + 1);
	return none;
}

static enum pqm_st add_units(struct diff *d)
{
	size_t n = d->out->n;
	pqm_bytes prefix = pqm_buf_bytes(&d->repo.prefix), last = { NULL, 0 };
	enum pqm_st st = PQM_OK;

	for (size_t i = 0; i < n && st == PQM_OK; i++) {
		pqm_bytes path =
			pqm_arena_f(&d->out->arena, "%.*s%s", PQM_FMT(prefix), d->out->path[i]);
		pqm_bytes unit;

		if (path.p == NULL)
			return pqm_fail(d->err, PQM_ENOMEM, "out of memory for the changes");
		if (last.p != NULL && pqm_starts(path, last))
			continue;
		unit = unit_of(d, path);
		if (unit.p == NULL)
			continue;
		last = unit;
		st = add_unit(d, unit);
	}
	sort_unique(d->out);
	return st;
}

/* The commit to compare with. */
static enum pqm_st find_base(struct diff *d, git_commit **out)
{
	const struct pqm_git2 *g = d->repo.g;
	git_commit *since = NULL, *head = NULL;
	git_oid id;
	enum pqm_st st = pqm_repo_commit(&d->repo, d->ask->since, &since, d->err);

	*out = since;
	if (st != PQM_OK || since == NULL || d->ask->since == NULL)
		return st;
	st = pqm_repo_commit(&d->repo, d->ask->rev, &head, d->err);
	if (st != PQM_OK || head == NULL)
		return st;
	/* Nothing in common, or what is in common was not fetched: then it is since itself. */
	if (g->merge_base(&id, d->repo.git, g->object_id((git_object *)since),
		    g->object_id((git_object *)head)) != 0) {
		d->out->is_near = true;
	} else if (g->commit_lookup(out, d->repo.git, &id) == 0) {
		g->commit_free(since);
	} else {
		*out = since;
		d->out->is_near = true;
	}
	g->commit_free(head);
	return PQM_OK;
}

static enum pqm_st open_sides(struct diff *d)
{
	const struct pqm_git2 *g = d->repo.g;
	git_commit *base = NULL, *head = NULL;
	bool is_bare = d->repo.workdir.n == 0;
	enum pqm_st st = find_base(d, &base);

	if (st == PQM_OK && base != NULL) {
		(void)g->oid_fmt(d->out->base, g->object_id((git_object *)base));
		if (g->commit_tree(&d->base, base) != 0)
			st = git_failed(d);
	}
	if (base != NULL)
		g->commit_free(base);
	if (st == PQM_OK && (d->ask->is_staged || (d->ask->rev == NULL && !is_bare))) {
		d->out->is_work_tree = !d->ask->is_staged;
		return g->repository_index(&d->index, d->repo.git) == 0 ? PQM_OK : git_failed(d);
	}
	if (st == PQM_OK)
		st = pqm_repo_commit(&d->repo, d->ask->rev, &head, d->err);
	if (st == PQM_OK && head == NULL)
		return pqm_fail(d->err, PQM_EIO, "%s: holds no commit yet", d->ask->path);
	if (head != NULL) {
		if (g->commit_tree(&d->head, head) != 0)
			st = git_failed(d);
		g->commit_free(head);
	}
	return st;
}

enum pqm_st pqm_git_changes(
	struct pqm_git_changes *out, const struct pqm_git_ask *ask, struct pqm_err *err)
{
	struct diff d = { .ask = ask, .out = out, .err = err };
	enum pqm_st st;

	*out = (struct pqm_git_changes){ 0 };
	pqm_arena_init(&out->arena, PQM_RUN_ARENA_BYTES);
	st = pqm_repo_open(&d.repo, ask->path, err);
	if (st == PQM_OK)
		st = open_sides(&d);
	if (st == PQM_OK)
		st = take_deltas(&d);
	if (st == PQM_OK)
		st = add_units(&d);
	if (d.base != NULL)
		d.repo.g->tree_free(d.base);
	if (d.head != NULL)
		d.repo.g->tree_free(d.head);
	if (d.index != NULL)
		d.repo.g->index_free(d.index);
	pqm_repo_close(&d.repo);
	return st;
}

void pqm_git_changes_fini(struct pqm_git_changes *c)
{
	pqm_arena_fini(&c->arena);
	*c = (struct pqm_git_changes){ 0 };
}
