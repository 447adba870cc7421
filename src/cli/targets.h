/*
 * targets.h — what the user named, with @FILE lists read.
 *
 * Ownership: the list owns its text.
 * Errors:    PQM_EUSAGE for no target or a list that cannot be read; PQM_ELIMIT for more than
 *            100,000 lines.
 */
#ifndef PQM_CLI_TARGETS_H
#define PQM_CLI_TARGETS_H

#include "base/arena.h"
#include "cli/command.h"

struct pqm_targets {
	struct pqm_arena arena;
	const char **name;
	bool *is_listed; /* came from a list */
	size_t n, cap, cap2;
};

enum pqm_st pqm_targets_expand(
	struct pqm_targets *t, const char *const *args, size_t n, struct pqm_err *err) PQM_MUST_USE;
/* The images of a list (--images) as further targets; "registry:" may be left out there. Before
 * pqm_targets_expand, which then takes no arguments too. */
enum pqm_st pqm_targets_images(
	struct pqm_targets *t, const char *file, struct pqm_err *err) PQM_MUST_USE;
void pqm_targets_fini(struct pqm_targets *t);

/* Rows of a command's option table. */
#define PQM_FOLLOW_OPTS                                                                            \
	{ 0, "follow", "LIST",                                                                     \
		"then ask or read what the objects name: endpoints, images, by comma" },           \
	{                                                                                          \
		0, "follow-external", NULL,                                                        \
			"with --follow endpoints: public addresses and hosts outside the cluster " \
			"too"                                                                      \
	}

/* --follow as PQM_FOLLOW_* bits, --follow-external. */
enum pqm_st pqm_follow_options(
	unsigned *what, bool *external, const struct pqm_args *a, struct pqm_err *err) PQM_MUST_USE;

#endif
