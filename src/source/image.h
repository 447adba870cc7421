/*
 * image.h — container images as targets: how they are chosen.
 *
 * Ownership: settings are borrowed for the run.
 * Threads:   settings are const.
 * Security:  nothing is unpacked to disk. Credentials go to the registry they are for and nowhere else.
 */
#ifndef PQM_SOURCE_IMAGE_H
#define PQM_SOURCE_IMAGE_H

#include "parse/oci.h"

/* An image whose layers others begin with. */
struct pqm_image_base {
	const pqm_bytes *digests,
		*diff_ids; /* of its layers; diff_ids: NULL when they are not told */
	size_t n;
};

struct pqm_image_options {
	struct pqm_platform platform; /* empty: of this machine, else the only one there is */
	bool has_platform;
	/* Registries (HOST[:PORT]) that may be asked without TLS or with a certificate that is not valid. */
	const char *const *insecure;
	size_t n_insecure;
	/* "HOST=MIRROR[/PREFIX]": who is asked instead of HOST. */
	const char *const *mirrors;
	size_t n_mirrors;
	const struct pqm_image_base *bases;
	size_t n_bases;
	/* Set: images are not read, only this is filled in. */
	struct pqm_image_base *wanted_base;
	struct pqm_arena *base_arena;
	const volatile int *stop; /* may be NULL */
	const char *const *deny;  /* as of a probe: whom nobody may contact; may be NULL */
};

/* Asks what layers the base images are made of; names are targets, "registry:" may be left out. */
enum pqm_st pqm_image_bases(struct pqm_image_options *o, const char *const *names, size_t n,
	struct pqm_arena *arena, struct pqm_err *err) PQM_MUST_USE;
bool pqm_image_is_target(const char *target);
/* The scheme of the image that a path is without saying so ("oci:"), by a look at a few kilobytes, or NULL. */
const char *pqm_image_guess(const char *path); /* img_guess.c */
/* One of the two. */
bool pqm_image_reads(const char *target);

#endif
