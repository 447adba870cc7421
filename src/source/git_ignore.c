/* git_ignore.c — which files of a work tree are no part of it. */
#include "repo.h"

struct pqm_git_ignore {
	struct pqm_repo repo;
	git_index *index;
	struct pqm_buf path;
};

enum pqm_st pqm_git_ignore_open(struct pqm_git_ignore **out, const char *path, struct pqm_err *err)
{
	struct pqm_git_ignore *g;
	enum pqm_st st;

	*out = NULL;
	if (!pqm_git_is_here(path))
		return PQM_OK;
	g = pqm_calloc(1, sizeof(*g));
	if (g == NULL)
		return pqm_fail(err, PQM_ENOMEM, "out of memory");
	pqm_buf_init(&g->path, (size_t)1 << 20);
	st = pqm_repo_open(&g->repo, path, err);
	if (st == PQM_OK && g->repo.workdir.n > 0 &&
		g->repo.g->repository_index(&g->index, g->repo.git) != 0)
		st = pqm_fail(err, PQM_EIO, "%s: %s", path, pqm_git2_words());
	if (st != PQM_OK || g->index == NULL) {
		pqm_git_ignore_close(g);
		return st;
	}
	*out = g;
	return PQM_OK;
}

void pqm_git_ignore_close(struct pqm_git_ignore *g)
{
	if (g == NULL)
		return;
	if (g->index != NULL)
		g->repo.g->index_free(g->index);
	pqm_repo_close(&g->repo);
	pqm_buf_fini(&g->path);
	pqm_free(g);
}

bool pqm_git_is_ignored(struct pqm_git_ignore *g, pqm_bytes path, bool is_folder)
{
	const struct pqm_git2 *lib = g->repo.g;
	const char *whole;
	int ignored = 0;
	size_t at;

	if (pqm_eqs(path, ".git") || pqm_ends(path, PQM_LIT("/.git")))
		return true;
	g->path.n = 0;
	if (!pqm_buf_f(&g->path, "%.*s%.*s%s%c", PQM_FMT(pqm_buf_bytes(&g->repo.prefix)),
		    PQM_FMT(path), is_folder ? "/" : "", '\0'))
		return false;
	whole = (const char *)g->path.p;
	if (lib->ignore_path_is_ignored(&ignored, g->repo.git, whole) != 0 || ignored == 0)
		return false;
	/* What was added in spite of the patterns is part of the work tree. */
	return is_folder ? lib->index_find_prefix(&at, g->index, whole) != 0
			 : lib->index_get_bypath(g->index, whole, 0) == NULL;
}
