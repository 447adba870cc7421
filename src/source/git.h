/*
 * git.h — what of git repositories is read: a revision, the index, a history, or what changed.
 *
 * Shape:     "git:PATH[@REV]" names the tree of a revision (HEAD), PATH being a repository, bare or not, or
 *            a folder of one. Paths that are told are those of the repository.
 * Ownership: texts of options are the caller's; of changes, in their arena.
 * Errors:    PQM_EIO: no repository, no such revision, damaged objects; PQM_EUSAGE: libgit2 is not here.
 * Threads:   any; a repository is read by the walking thread and, for neighbours of a file, by workers.
 * Limits:    PQM_GIT_BLOB_BYTES a blob, PQM_GIT_CHANGES paths, PQM_GIT_COMMITS commits of a history.
 */
#ifndef PQM_SOURCE_GIT_H
#define PQM_SOURCE_GIT_H

#include "base/arena.h"

#define PQM_GIT_HEX 41 /* of an object id, with NUL */

struct pqm_git_options {
	bool is_staged;	   /* git:PATH is the index instead of a revision */
	bool is_history;   /* and what earlier revisions held of keys and ciphertext */
	bool with_authors; /* names of authors in what is found; never their addresses */
	bool skip_ignored; /* in folders: leave out .git and what git ignores and does not track */
	bool has_only;	   /* folders and revisions: these paths below them, sorted */
	const char *const *only;
	size_t n_only;
};

struct pqm_git_ask {
	const char *path;
	const char *rev;   /* NULL: the work tree; of a bare repository HEAD */
	const char *since; /* compared with the merge base of this and HEAD or rev; NULL: HEAD */
	bool is_staged;	   /* the index is compared */
};

struct pqm_git_changes {
	struct pqm_arena arena;
	const char **path; /* below ask->path, sorted */
	size_t n, cap;
	char base[PQM_GIT_HEX]; /* commit that is compared with; empty: there is none yet */
	bool is_work_tree;	/* the new side is in files */
	bool is_near;		/* the merge base is not in this shallow clone: since itself */
};

/* What differs between the two, and the other files of a Helm chart or kustomization in which something does:
 * what one of them means depends on the others. */
enum pqm_st pqm_git_changes(struct pqm_git_changes *out, const struct pqm_git_ask *ask,
	struct pqm_err *err) PQM_MUST_USE;
void pqm_git_changes_fini(struct pqm_git_changes *c);

struct pqm_git_blame_ask {
	const char *path;  /* of the repository, or a folder of it */
	const char *rev;   /* NULL: HEAD */
	bool is_work_tree; /* lines are those of files, and paths theirs */
	bool is_staged;	   /* lines are those of the index */
};

struct pqm_git_line {
	const char *path;	  /* of the file; else in the repository */
	uint32_t line;		  /* from 1 */
	char commit[PQM_GIT_HEX]; /* set: the one that wrote it; empty: none has it */
	int64_t authored_s;	  /* likewise: by its author's clock, seconds since 1970 */
	pqm_bytes author;	  /* likewise: a name, never an address; the arena's */
};

/* Lines by path. Files that git does not have, and lines that are not committed, stay empty. */
enum pqm_st pqm_git_blame(struct pqm_git_line *line, size_t n, const struct pqm_git_blame_ask *ask,
	struct pqm_arena *arena, struct pqm_err *err) PQM_MUST_USE;
/* What git ignores below a folder and does not track. */
struct pqm_git_ignore;
/* *out is NULL where the folder is of no repository. */
enum pqm_st pqm_git_ignore_open(
	struct pqm_git_ignore **out, const char *path, struct pqm_err *err) PQM_MUST_USE;
void pqm_git_ignore_close(struct pqm_git_ignore *g); /* may be NULL */
/* path is below the folder. ".git" is left out too. */
bool pqm_git_is_ignored(struct pqm_git_ignore *g, pqm_bytes path, bool is_folder);
/* Is there a repository that the folder is part of? */
bool pqm_git_is_here(const char *path);
/* "git:PATH[@REV]" in its parts; rev is NULL without one. */
bool pqm_git_is_target(const char *target);
enum pqm_st pqm_git_parse(struct pqm_arena *a, const char *target, const char **path,
	const char **rev, struct pqm_err *err) PQM_MUST_USE;

#endif
