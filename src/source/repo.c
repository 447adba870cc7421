/* repo.c — opening a repository, its revisions, and single objects of it. */
#include "repo.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/limits.h"

static enum pqm_st no_memory(struct pqm_err *err)
{
	return pqm_fail(err, PQM_ENOMEM, "out of memory for a git repository");
}

/* Where the folder lies in the work tree; links on the way to either count as what they lead to. */
static enum pqm_st find_prefix(struct pqm_repo *r, struct pqm_err *err)
{
	const char *workdir = r->g->repository_workdir(r->git);
	char *root, *here;
	size_t n;
	bool ok = true;

	if (workdir == NULL)
		return PQM_OK;
	root = realpath(workdir, NULL);
	here = realpath(r->path, NULL);
	n = root == NULL ? 0 : strlen(root);
	if (root != NULL)
		ok = pqm_buf_add(&r->workdir, pqm_str(root)) && pqm_buf_byte(&r->workdir, '/');
	if (root != NULL && here != NULL && strncmp(here, root, n) == 0 && here[n] == '/')
		ok = ok && pqm_buf_add(&r->prefix, pqm_str(here + n + 1)) &&
			pqm_buf_byte(&r->prefix, '/');
	/* The folder of the repository itself, ".git": all of it is meant. */
	if (pqm_starts(pqm_buf_bytes(&r->prefix), PQM_LIT(".git/")))
		r->prefix.n = 0;
	free(root); // realpath's own
	free(here);
	return ok ? PQM_OK : no_memory(err);
}

enum pqm_st pqm_repo_open(struct pqm_repo *r, const char *path, struct pqm_err *err)
{
	int rc;

	*r = (struct pqm_repo){ .g = pqm_git2(), .path = path };
	pqm_buf_init(&r->prefix, (size_t)1 << 20);
	pqm_buf_init(&r->workdir, (size_t)1 << 20);
	if (r->g == NULL)
		return pqm_fail(err, PQM_EUSAGE,
			"%s: libgit2 1.5 is needed to read a repository: install libgit2-1.5",
			path);
	rc = r->g->repository_open_ext(&r->git, path, 0, NULL);
	if (rc == GIT_ENOTFOUND)
		return pqm_fail(
			err, PQM_EIO, "%s: is not a git repository, nor a folder of one", path);
	if (rc != 0 && strstr(pqm_git2_words(), "extensions.objectformat") != NULL)
		return pqm_fail(err, PQM_EIO,
			"%s: its objects are named by SHA-256, which libgit2 1.5 does not read; "
			"scan "
			"the work tree as a folder",
			path);
	if (rc != 0 || r->g->repository_odb(&r->odb, r->git) != 0)
		return pqm_fail(err, PQM_EIO, "%s: %s", path, pqm_git2_words());
	r->is_shallow = r->g->repository_is_shallow(r->git) == 1;
	return find_prefix(r, err);
}

void pqm_repo_close(struct pqm_repo *r)
{
	if (r->odb != NULL)
		r->g->odb_free(r->odb);
	if (r->git != NULL)
		r->g->repository_free(r->git);
	pqm_buf_fini(&r->prefix);
	pqm_buf_fini(&r->workdir);
	*r = (struct pqm_repo){ 0 };
}

enum pqm_st pqm_repo_commit(
	struct pqm_repo *r, const char *rev, git_commit **out, struct pqm_err *err)
{
	git_object *named = NULL, *commit = NULL;
	int rc = r->g->revparse_single(&named, r->git, rev == NULL ? "HEAD" : rev);

	*out = NULL;
	if (rc == GIT_ENOTFOUND && rev == NULL)
		return PQM_OK; /* no commit yet */
	if (rc != 0)
		return pqm_fail(err, PQM_EIO, "%s: no revision '%s' here%s", r->path,
			rev == NULL ? "HEAD" : rev,
			r->is_shallow ? "; this is a shallow clone: fetch it first "
					"(git fetch --unshallow, fetch-depth: 0)"
				      : "");
	rc = r->g->object_peel(&commit, named, GIT_OBJECT_COMMIT);
	r->g->object_free(named);
	if (rc != 0)
		return pqm_fail(err, PQM_EIO, "%s: '%s' is no commit: %s", r->path,
			rev == NULL ? "HEAD" : rev, pqm_git2_words());
	*out = (git_commit *)commit;
	return PQM_OK;
}

enum pqm_st pqm_repo_blob(
	struct pqm_repo *r, const git_oid *id, git_odb_object **out, struct pqm_err *err)
{
	size_t size = 0;
	git_object_t type;
	int rc = r->g->odb_read_header(&size, &type, r->odb, id);

	if (rc == GIT_ENOTFOUND)
		return pqm_fail(err, PQM_EIO,
			"git has no content for it here: a partial clone has only what was checked "
			"out; clone without --filter");
	if (rc != 0)
		return pqm_fail(err, PQM_EIO, "%s", pqm_git2_words());
	if (size > PQM_GIT_BLOB_BYTES)
		return pqm_fail(err, PQM_ELIMIT, "over the limit of 256 MiB for a file in git");
	if (type != GIT_OBJECT_BLOB)
		return pqm_fail(err, PQM_EPARSE, "is no file");
	return r->g->odb_read(out, r->odb, id) == 0
		? PQM_OK
		: pqm_fail(err, PQM_EIO, "%s", pqm_git2_words());
}

/* ---- what is around a file of a revision ---- */

struct around {
	struct pqm_dir dir; /* first */
	struct pqm_repo repo;
	git_tree *tree; /* NULL: the index */
	git_index *index;
	pthread_mutex_t lock;
};

/* The id of the file at path, which is NUL-terminated. */
static bool find_at(struct around *a, const char *path, git_oid *id)
{
	const struct pqm_git2 *g = a->repo.g;
	git_tree_entry *e = NULL;
	const git_index_entry *i;
	git_filemode_t mode;

	if (a->tree == NULL) {
		i = g->index_get_bypath(a->index, path, 0);
		if (i == NULL || (i->mode & S_IFMT) != S_IFREG)
			return false;
		*id = i->id;
		return true;
	}
	if (g->tree_entry_bypath(&e, a->tree, path) != 0)
		return false;
	mode = g->tree_entry_filemode_raw(e);
	*id = *g->tree_entry_id(e);
	g->tree_entry_free(e);
	return (mode & S_IFMT) == S_IFREG;
}

static enum pqm_st read_around(struct pqm_dir *d, pqm_bytes path, struct pqm_arena *arena,
	pqm_bytes *out, struct pqm_err *err)
{
	struct around *a = (struct around *)d;
	pqm_bytes name = pqm_arena_f(arena, "%.*s", PQM_FMT(path));
	git_odb_object *o = NULL;
	enum pqm_st st = PQM_OK;
	git_oid id;

	if (name.p == NULL)
		return pqm_fail(err, PQM_ENOMEM, "out of memory");
	pthread_mutex_lock(&a->lock);
	if (!find_at(a, (const char *)name.p, &id))
		st = pqm_fail(err, PQM_EIO, "%.*s: no such file", PQM_FMT(path));
	if (st == PQM_OK)
		st = pqm_repo_blob(&a->repo, &id, &o, err);
	if (st == PQM_OK && a->repo.g->odb_object_size(o) > PQM_YAML_DOC_BYTES)
		st = pqm_fail(err, PQM_ELIMIT, "%.*s: over the 16 MiB limit", PQM_FMT(path));
	if (st == PQM_OK) {
		*out = pqm_bytes_dup(arena,
			(pqm_bytes){
				a->repo.g->odb_object_data(o), a->repo.g->odb_object_size(o) });
		if (out->p == NULL)
			st = pqm_fail(err, PQM_ENOMEM, "%.*s: out of memory", PQM_FMT(path));
	}
	if (o != NULL)
		a->repo.g->odb_object_free(o);
	pthread_mutex_unlock(&a->lock);
	return st;
}

static void free_around(struct pqm_dir *d)
{
	struct around *a = (struct around *)d;

	if (a->tree != NULL)
		a->repo.g->tree_free(a->tree);
	if (a->index != NULL)
		a->repo.g->index_free(a->index);
	pqm_repo_close(&a->repo);
	(void)pthread_mutex_destroy(&a->lock);
	pqm_free(a);
}

struct pqm_dir *pqm_repo_around(const struct pqm_repo *r, const git_tree *tree)
{
	struct around *a = pqm_calloc(1, sizeof(*a));
	struct pqm_err why = { 0 };
	bool ok;

	if (a == NULL)
		return NULL;
	a->dir = (struct pqm_dir){ .fd = -1, .refs = 1, .read = read_around, .fini = free_around };
	(void)pthread_mutex_init(&a->lock, NULL);
	ok = pqm_repo_open(&a->repo, r->path, &why) == PQM_OK &&
		(tree == NULL ? r->g->repository_index(&a->index, a->repo.git) == 0
			      : r->g->tree_lookup(&a->tree, a->repo.git, r->g->tree_id(tree)) == 0);
	if (!ok) {
		free_around(&a->dir);
		return NULL;
	}
	return &a->dir;
}

/* ---- targets and options ---- */

bool pqm_git_is_target(const char *target)
{
	return strncmp(target, "git:", 4) == 0;
}

bool pqm_git_is_here(const char *path)
{
	const struct pqm_git2 *g = pqm_git2();
	git_repository *git = NULL;
	bool ok = g != NULL && g->repository_open_ext(&git, path, 0, NULL) == 0;

	if (git != NULL)
		g->repository_free(git);
	return ok;
}

enum pqm_st pqm_git_parse(struct pqm_arena *a, const char *target, const char **path,
	const char **rev, struct pqm_err *err)
{
	const char *rest = target + strlen("git:"), *at = strrchr(rest, '@');
	struct stat sb;

	*rev = NULL;
	*path = rest[0] == '\0' ? "." : rest;
	/* A folder may be called a@b; "@{1}" belongs to the revision. */
	if (stat(*path, &sb) == 0 || at == NULL)
		return PQM_OK;
	while (at > rest && at[1] == '{') {
		const char *before = memrchr(rest, '@', (size_t)(at - rest));

		if (before == NULL)
			break;
		at = before;
	}
	pqm_bytes p = pqm_arena_f(a, "%.*s", (int)(at - rest), rest);

	if (p.p == NULL)
		return no_memory(err);
	*path = p.n == 0 ? "." : (const char *)p.p;
	*rev = at + 1;
	if ((*rev)[0] == '\0')
		return pqm_fail(err, PQM_EUSAGE, "%s: the revision behind '@' is missing", target);
	return PQM_OK;
}

int pqm_repo_by_path(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

bool pqm_repo_has_only(const struct pqm_git_options *opt, const char *path)
{
	return opt == NULL || !opt->has_only ||
		(opt->n_only > 0 &&
			bsearch(&path, opt->only, opt->n_only, sizeof(*opt->only),
				pqm_repo_by_path) != NULL);
}
