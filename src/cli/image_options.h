/*
 * image_options.h — the options of commands that read container images.
 *
 * Ownership: texts borrow argv; lists live in the arena.
 * Errors:    PQM_EUSAGE in one line.
 */
#ifndef PQM_CLI_IMAGE_OPTIONS_H
#define PQM_CLI_IMAGE_OPTIONS_H

#include "cli/command.h"
#include "parse/yaml.h"
#include "source/image.h"

/* Rows of a command's option table. */
#define PQM_IMAGE_OPTS                                                                             \
	{ 0, "platform", "OS/ARCH",                                                                \
		"of an image, this platform, OS/ARCH[/VARIANT] (default: of this machine, else "   \
		"the only one)" },                                                                 \
		{ 0, "images", "FILE",                                                             \
			"read the images of a list, one reference a line; - is standard input" },  \
		{ 0, "mirror", "HOST=MIRROR",                                                      \
			"ask MIRROR[/PREFIX] instead of the registry HOST; repeatable" },          \
		{ 0, "base", "IMAGE",                                                              \
			"say of layers that are those of IMAGE that they are the base's; "         \
			"repeatable" },                                                            \
	{                                                                                          \
		0, "insecure-registry", "HOST",                                                    \
			"HOST[:PORT] may be asked without TLS or with any certificate; "           \
			"repeatable"                                                               \
	}

/* mirrors: registry to mirror, of the config file; may be NULL. What --mirror says comes before it. */
enum pqm_st pqm_image_options(struct pqm_image_options *o, const struct pqm_args *a,
	const struct pqm_yaml *mirrors, struct pqm_arena *arena, struct pqm_err *err) PQM_MUST_USE;
/* --base: asks what the base images are made of. */
enum pqm_st pqm_image_base_options(struct pqm_image_options *o, const struct pqm_args *a,
	struct pqm_arena *arena, struct pqm_err *err) PQM_MUST_USE;

#endif
