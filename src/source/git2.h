/*
 * git2.h — libgit2, loaded when a repository is first read: no other scan needs it.
 *
 * Ownership: loaded once for the process; its own count of users is held until the end.
 * Errors:    pqm_git2() is NULL when the library is not here. words: what it said of its last failure on
 *            this thread, never empty.
 * Threads:   any; the object database may be read from many threads.
 * Security:  nothing is run: libgit2 has no hooks, and no filter or external program is registered with it.
 *            The owner of a repository does not matter then, so safe.directory is not asked.
 */
#ifndef PQM_SOURCE_GIT2_H
#define PQM_SOURCE_GIT2_H

#include <git2.h>

/* name of git_name */
#define PQM_GIT2_FUNCTIONS(F)                                                                      \
	F(libgit2_init)                                                                            \
	F(libgit2_opts)                                                                            \
	F(error_last)                                                                              \
	F(repository_open_ext)                                                                     \
	F(repository_free)                                                                         \
	F(repository_workdir)                                                                      \
	F(repository_commondir)                                                                    \
	F(repository_is_shallow)                                                                   \
	F(repository_odb)                                                                          \
	F(repository_index)                                                                        \
	F(revparse_single)                                                                         \
	F(object_peel)                                                                             \
	F(object_id)                                                                               \
	F(object_free)                                                                             \
	F(oid_fmt)                                                                                 \
	F(merge_base)                                                                              \
	F(tree_lookup)                                                                             \
	F(tree_free)                                                                               \
	F(tree_id)                                                                                 \
	F(tree_entrycount)                                                                         \
	F(tree_entry_byindex)                                                                      \
	F(tree_entry_bypath)                                                                       \
	F(tree_entry_free)                                                                         \
	F(tree_entry_name)                                                                         \
	F(tree_entry_id)                                                                           \
	F(tree_entry_filemode_raw)                                                                 \
	F(blame_options_init)                                                                      \
	F(blame_file)                                                                              \
	F(blame_buffer)                                                                            \
	F(blame_get_hunk_byline)                                                                   \
	F(blame_free)                                                                              \
	F(commit_id)                                                                               \
	F(commit_lookup)                                                                           \
	F(commit_free)                                                                             \
	F(commit_tree)                                                                             \
	F(commit_tree_id)                                                                          \
	F(commit_time)                                                                             \
	F(commit_author)                                                                           \
	F(commit_parentcount)                                                                      \
	F(commit_parent_id)                                                                        \
	F(odb_free)                                                                                \
	F(odb_exists)                                                                              \
	F(odb_read)                                                                                \
	F(odb_read_header)                                                                         \
	F(odb_object_data)                                                                         \
	F(odb_object_size)                                                                         \
	F(odb_object_free)                                                                         \
	F(index_free)                                                                              \
	F(index_entrycount)                                                                        \
	F(index_get_byindex)                                                                       \
	F(index_get_bypath)                                                                        \
	F(index_find_prefix)                                                                       \
	F(diff_options_init)                                                                       \
	F(diff_tree_to_tree)                                                                       \
	F(diff_tree_to_index)                                                                      \
	F(diff_tree_to_workdir_with_index)                                                         \
	F(diff_num_deltas)                                                                         \
	F(diff_get_delta)                                                                          \
	F(diff_free)                                                                               \
	F(ignore_path_is_ignored)                                                                  \
	F(reference_iterator_new)                                                                  \
	F(reference_next)                                                                          \
	F(reference_iterator_free)                                                                 \
	F(reference_peel)                                                                          \
	F(reference_free)

struct pqm_git2 {
#define PQM_GIT2_FIELD(name) __typeof__(git_##name) *name;
	PQM_GIT2_FUNCTIONS(PQM_GIT2_FIELD)
#undef PQM_GIT2_FIELD
};

const struct pqm_git2 *pqm_git2(void);
const char *pqm_git2_words(void);

#endif
