/*
 * git_walk.h — one walk over a repository. Not for other modules.
 *
 * Ownership: of src_git.c; the history's tables live in the arena and in its maps.
 */
#ifndef PQM_SOURCE_GIT_WALK_H
#define PQM_SOURCE_GIT_WALK_H

#include "repo.h"

#include "base/map.h"

struct pqm_git_seen; /* a blob or tree of the history */

struct pqm_git_walk {
	struct pqm_sink *sink;
	const struct pqm_git_options *opt; /* may be NULL */
	struct pqm_err *err;
	struct pqm_repo repo;
	struct pqm_arena arena;
	struct pqm_buf path; /* in the repository */
	struct pqm_dir *around;
	/* Of a history: blobs and trees that were met, by id. */
	struct pqm_map blobs, trees;
	struct pqm_git_seen *first, **last; /* blobs, oldest first */
	const struct pqm_revision *now;	    /* whose tree is walked */
};

/* Gives the file at w->path to the sink. */
enum pqm_st pqm_git_give(struct pqm_git_walk *w, const git_oid *id, const struct pqm_revision *of);
enum pqm_st pqm_git_entry(struct pqm_git_walk *w, unsigned mode, const git_oid *id);

/* git_history.c: meets every blob of the history of `from`, or of all references; tree is the one that is given
 * by itself. */
enum pqm_st pqm_git_history_read(
	struct pqm_git_walk *w, const git_commit *from, const git_tree *tree);
/* The first revision that held the blob; NULL: no history was read. */
const struct pqm_revision *pqm_git_first(const struct pqm_git_walk *w, const git_oid *id);
/* Gives the blobs that the tree has no more. */
enum pqm_st pqm_git_history_give(struct pqm_git_walk *w);
void pqm_git_history_fini(struct pqm_git_walk *w);

#endif
