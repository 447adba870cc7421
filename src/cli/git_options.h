/*
 * git_options.h — options of the command line about git repositories.
 *
 * Errors: PQM_EUSAGE for what contradicts itself.
 */
#ifndef PQM_CLI_GIT_OPTIONS_H
#define PQM_CLI_GIT_OPTIONS_H

#include "cli/command.h"
#include "source/git.h"

/* Rows of a command's option table. */
#define PQM_GIT_OPTS                                                                               \
	{ 0, "history", NULL,                                                                      \
		"of git:PATH: keys and ciphertext of earlier revisions too; of all branches "      \
		"and tags, or of @REVISION" },                                                     \
		{ 0, "authors", NULL,                                                              \
			"with --history or --blame: names of authors (never addresses)" },         \
		{ 0, "gitignore", "WHEN",                                                          \
			"in folders of a work tree, leave out what git ignores and does not "      \
			"track: yes, no" },                                                        \
	{                                                                                          \
		0, "staged", NULL, "of git:PATH: the index instead of a revision"                  \
	}

enum pqm_st pqm_git_options(
	struct pqm_git_options *o, const struct pqm_args *a, struct pqm_err *err) PQM_MUST_USE;

#endif
