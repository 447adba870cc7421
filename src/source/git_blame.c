/* git_blame.c — who wrote a line, and when: the commit that git blame names, through renames of the file. */
#include "repo.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/slurp.h"

struct blaming {
	struct pqm_repo repo;
	const struct pqm_git_blame_ask *ask;
	struct pqm_arena *arena;
	git_commit *tip;
	struct pqm_err *err;
};

/* The path in the repository; false where it is none. Work trees name files, as they were found. */
static bool path_in(const struct blaming *b, const char *path, struct pqm_buf *out)
{
	const char *root = (const char *)b->repo.workdir.p;
	size_t n = b->repo.workdir.n;
	char *here;
	bool ok;

	out->n = 0;
	if (!b->ask->is_work_tree)
		return pqm_buf_add(out, pqm_str(path)) && pqm_buf_byte(out, '\0');
	here = realpath(path, NULL);
	ok = here != NULL && n > 0 && strncmp(here, root, n) == 0 &&
		pqm_buf_add(out, pqm_str(here + n)) && pqm_buf_byte(out, '\0');
	free(here); // realpath's own
	return ok;
}

/* What the lines are numbered by, where that is not the revision itself: the file, or what is staged of it. */
static enum pqm_st text_of(struct blaming *b, const char *path, const char *in_repo, pqm_bytes *out,
	git_odb_object **blob)
{
	struct pqm_slurp s = { .path = path, .limit = PQM_BLAME_BYTES };
	const git_index_entry *e;
	git_index *index = NULL;
	enum pqm_st st = PQM_EIO;

	if (b->ask->is_work_tree)
		return pqm_slurp(out, &s, b->arena, b->err);
	if (b->repo.g->repository_index(&index, b->repo.git) != 0)
		return PQM_EIO;
	e = b->repo.g->index_get_bypath(index, in_repo, 0);
	if (e != NULL)
		st = pqm_repo_blob(&b->repo, &e->id, blob, b->err);
	if (st == PQM_OK)
		*out = (pqm_bytes){ b->repo.g->odb_object_data(*blob),
			b->repo.g->odb_object_size(*blob) };
	b->repo.g->index_free(index);
	return st;
}

static void take(struct blaming *b, git_blame *blame, struct pqm_git_line *l)
{
	const git_blame_hunk *h = b->repo.g->blame_get_hunk_byline(blame, l->line);
	const struct pqm_git2 *g = b->repo.g;
	git_commit *c = NULL;

	/* Not committed yet: an id of zeros, which no commit has. */
	if (h == NULL || g->commit_lookup(&c, b->repo.git, &h->final_commit_id) != 0)
		return;
	(void)g->oid_fmt(l->commit, g->commit_id(c));
	l->authored_s = g->commit_time(c);
	if (g->commit_author(c) != NULL) {
		l->authored_s = g->commit_author(c)->when.time;
		l->author = pqm_bytes_dup(b->arena, pqm_str(g->commit_author(c)->name));
	}
	g->commit_free(c);
}

/* All lines of one file. What git does not have stays without an answer. */
static void one_file(struct blaming *b, struct pqm_git_line *line, size_t n, struct pqm_buf *path)
{
	const struct pqm_git2 *g = b->repo.g;
	git_blame *committed = NULL, *now = NULL;
	git_odb_object *blob = NULL;
	git_blame_options opt;
	pqm_bytes text;

	if (!path_in(b, line[0].path, path) ||
		g->blame_options_init(&opt, GIT_BLAME_OPTIONS_VERSION) != 0)
		return;
	opt.newest_commit = *g->commit_id(b->tip);
	if (g->blame_file(&committed, b->repo.git, (const char *)path->p, &opt) != 0)
		return;
	if ((b->ask->is_work_tree || b->ask->is_staged) &&
		(text_of(b, line[0].path, (const char *)path->p, &text, &blob) != PQM_OK ||
			g->blame_buffer(&now, committed, (const char *)text.p, text.n) != 0)) {
		g->blame_free(committed);
		return;
	}
	for (size_t i = 0; i < n; i++)
		take(b, now != NULL ? now : committed, &line[i]);
	if (now != NULL)
		g->blame_free(now);
	if (blob != NULL)
		g->odb_object_free(blob);
	g->blame_free(committed);
}

enum pqm_st pqm_git_blame(struct pqm_git_line *line, size_t n, const struct pqm_git_blame_ask *ask,
	struct pqm_arena *arena, struct pqm_err *err)
{
	struct blaming b = { .ask = ask, .arena = arena, .err = err };
	enum pqm_st st = pqm_repo_open(&b.repo, ask->path, err);
	struct pqm_buf path;

	pqm_buf_init(&path, (size_t)1 << 16);
	if (st == PQM_OK)
		st = pqm_repo_commit(&b.repo, ask->rev, &b.tip, err);
	for (size_t i = 0, k; st == PQM_OK && b.tip != NULL && i < n; i = k) {
		for (k = i + 1; k < n && strcmp(line[k].path, line[i].path) == 0; k++)
			;
		one_file(&b, &line[i], k - i, &path);
	}
	if (b.tip != NULL)
		b.repo.g->commit_free(b.tip);
	pqm_buf_fini(&path);
	pqm_repo_close(&b.repo);
	return st;
}
