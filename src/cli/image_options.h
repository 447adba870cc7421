/*
 * image_options.h — the options of commands that read container images.
 *
 * Ownership: texts borrow argv; lists live in the arena.
 * Errors:    PQM_EUSAGE in one line.
 */
#ifndef PQM_CLI_IMAGE_OPTIONS_H
#define PQM_CLI_IMAGE_OPTIONS_H

#include "cli/command.h"
#include "source/image.h"

/* Rows of a command's option table. */
#define PQM_IMAGE_OPTS                                                                             \
	{ 0, "platform", "OS/ARCH",                                                                \
		"of an image, this platform, OS/ARCH[/VARIANT] (default: of this machine, else "   \
		"the only one)" },                                                                 \
	{                                                                                          \
		0, "insecure-registry", "HOST",                                                    \
			"HOST[:PORT] may be asked without TLS or with any certificate; "           \
			"repeatable"                                                               \
	}

enum pqm_st pqm_image_options(struct pqm_image_options *o, const struct pqm_args *a,
	struct pqm_arena *arena, struct pqm_err *err) PQM_MUST_USE;

#endif
