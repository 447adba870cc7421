/*
 * git_walk.h — one walk over a repository. Not for other modules.
 *
 * Ownership: of src_git.c; what is known of the history lives in the arena and in its maps.
 */
#ifndef PQM_SOURCE_GIT_WALK_H
#define PQM_SOURCE_GIT_WALK_H

#include "repo.h"

#include "base/map.h"

struct pqm_git_commit {
	git_oid id;
	int64_t at_s;
	uint32_t index; /* in which it was met, parents behind what descends from them */
	uint32_t depth; /* commits below it on the longest way; 0: not known yet */
	uint32_t order; /* among all, the oldest first */
	uint32_t n_parents;
	struct pqm_git_commit **parents; /* those that are here */
	bool is_reached;
	struct pqm_revision of;
};

struct pqm_git_seen { /* a tree or a blob */
	git_oid id;
	struct pqm_git_commit *at; /* the first that held it */
	pqm_bytes path;		   /* of a blob, there */
	bool is_here;		   /* a blob that the tree has that is given by itself */
};

/* A history: its commits, and what they held. */
struct pqm_git_past {
	struct pqm_map met, trees, blobs; /* by id */
	struct pqm_git_commit **commit;	  /* by index */
	struct pqm_git_seen **tree, **blob;
	size_t n, cap, n_trees, cap_trees, n_blobs, cap_blobs;
	size_t n_kept; /* commits that an earlier run looked at, before all others */
	bool is_cut;   /* parents are missing */
	bool is_holed; /* trees are */
};

struct pqm_git_walk {
	struct pqm_sink *sink;
	const struct pqm_git_options *opt; /* may be NULL */
	struct pqm_err *err;
	struct pqm_repo repo;
	struct pqm_arena arena;
	struct pqm_buf path; /* in the repository */
	struct pqm_dir *around;
	struct pqm_git_past past;
	struct pqm_git_commit *now; /* whose tree is walked */
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
void pqm_git_past_fini(struct pqm_git_past *p);

/* Each is new to the past. NULL without memory. */
struct pqm_git_commit *pqm_git_commit_new(struct pqm_git_walk *w, const git_oid *id);
struct pqm_git_seen *pqm_git_tree_new(struct pqm_git_walk *w, const git_oid *id);
struct pqm_git_seen *pqm_git_blob_new(struct pqm_git_walk *w, const git_oid *id);

/* git_recall.c: the past as an earlier run kept it, or none. */
void pqm_git_recall(struct pqm_git_walk *w);
/* Keeps it, unless something of it is missing. */
void pqm_git_keep(struct pqm_git_walk *w);

#endif
