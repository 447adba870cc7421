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

struct pqm_image_options {
	struct pqm_platform platform; /* empty: of this machine, else the only one there is */
	bool has_platform;
	/* Registries (HOST[:PORT]) that may be asked without TLS or with a certificate that is not valid. */
	const char *const *insecure;
	size_t n_insecure;
	const volatile int *stop; /* may be NULL */
};

bool pqm_image_is_target(const char *target);

#endif
