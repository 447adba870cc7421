/*
 * bare.h — YAML and JSON that is no object of a cluster, and is read as one: JSON patches, Envoy, Compose.
 *
 * Shape:     det_bare.c knows such documents by their shape and makes an object of a kind of its own of each
 *            (rules/k8s/bare.yaml), so that rules and graph treat it like a manifest: what a patch would add
 *            stands where the patch puts it, a service of Compose has a list of containers.
 * Units:     lines are those of the file.
 * Ownership: everything lives in the arena of the scan, which is wiped: values of variables pass through.
 * Errors:    what has another shape is nothing.
 * Threads:   one artifact at a time.
 * Limits:    BARE_OPS operations of a patch, BARE_SERVICES services, BARE_ITEMS variables or ports of one.
 * Standard:  RFC 6902, Envoy v3 API, Compose specification.
 */
#ifndef PQM_DETECT_BARE_H
#define PQM_DETECT_BARE_H

#include "kustomize.h"

#define BARE_OPS 1024
#define BARE_SERVICES 1024
#define BARE_ITEMS 1024

/* apiVersion, kind and metadata.name of an object to be filled. NULL: out of memory, in k->st. */
struct pqm_yaml *bare_object(
	struct kz *k, const char *api, const char *kind, pqm_bytes name, uint32_t line);
/* A service of a Compose file as an object with one container. */
struct pqm_yaml *bare_service(struct kz *k, pqm_bytes project, const struct pqm_yaml *name,
	const struct pqm_yaml *service);

#endif
