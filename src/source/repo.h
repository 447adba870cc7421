/*
 * repo.h — an open git repository. Not for other modules.
 *
 * Ownership: pqm_repo_close gives everything back, after a failure to open too.
 * Threads:   reading objects is safe from many; the rest is the walking thread's.
 */
#ifndef PQM_SOURCE_REPO_H
#define PQM_SOURCE_REPO_H

/* First: the headers of libgit2 name what base/ban.h bans. */
#include "git2.h"

#include "base/buf.h"
#include "git.h"
#include "source.h"

struct pqm_repo {
	const struct pqm_git2 *g;
	git_repository *git;
	git_odb *odb;
	const char *path;	/* as the user wrote it; lent */
	struct pqm_buf prefix;	/* of the folder in the repository: empty, or "a/b/" */
	struct pqm_buf workdir; /* of the repository, with a slash; empty: bare */
	bool is_shallow;
};

enum pqm_st pqm_repo_open(struct pqm_repo *r, const char *path, struct pqm_err *err) PQM_MUST_USE;
void pqm_repo_close(struct pqm_repo *r);
/* The commit of rev (NULL: HEAD). *out is NULL where HEAD has no commit yet. */
enum pqm_st pqm_repo_commit(
	struct pqm_repo *r, const char *rev, git_commit **out, struct pqm_err *err) PQM_MUST_USE;
/* All of a blob. PQM_ELIMIT: it is over PQM_GIT_BLOB_BYTES. */
enum pqm_st pqm_repo_blob(struct pqm_repo *r, const git_oid *id, git_odb_object **out,
	struct pqm_err *err) PQM_MUST_USE;

/* What a revision holds, for files that need others around them; the sink counts who needs it. tree NULL: the
 * index. Takes nothing; opens the repository for itself. */
struct pqm_dir *pqm_repo_around(const struct pqm_repo *r, const git_tree *tree);

/* Order of paths in a list of changes, for qsort and bsearch. */
int pqm_repo_by_path(const void *a, const void *b);
/* Is the path among those that were asked for? Without such a list all are. */
bool pqm_repo_has_only(const struct pqm_git_options *opt, const char *path);

#endif
