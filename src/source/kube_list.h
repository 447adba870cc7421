/*
 * kube_list.h — every object of a resource, page after page, once.
 *
 * Shape:     pages go to the sink as they come, in the buffer that they came in; one is held at a time, and
 *            those that the sink keeps.
 * Ownership: the lister owns its buffers; client, settings and sink are borrowed.
 * Errors:    what cannot be listed is told to the sink as a gap and the next resource is read; only a server
 *            that fails over and over, a credential that is refused and memory end the walk.
 * Threads:   one thread.
 * Standard:  Kubernetes API concepts, "Retrieving large results sets in chunks": limit, continue, 410 Gone.
 */
#ifndef PQM_SOURCE_KUBE_LIST_H
#define PQM_SOURCE_KUBE_LIST_H

#include "cluster.h"
#include "kube_discovery.h"
#include "kube_page.h"
#include "source.h"

struct pqm_kube_part { /* an object of a page */
	size_t off, n;
	struct pqm_hash128 key; /* what it is known by */
};

struct pqm_kube_lister {
	struct pqm_kube *k;
	const struct pqm_cluster_options *opt;
	struct pqm_sink *sink;
	struct pqm_arena arena; /* of one request */
	struct pqm_buf body;
	struct pqm_kube_part *parts; /* of the page */
	size_t n_parts, cap_parts;
	struct pqm_kube_seen seen;
	uint64_t n_objects;
	unsigned n_answers, n_failures; /* failures: in a row */
	char last_gap[300];		/* words of the last thing that was not read */
};

bool pqm_kube_lister_init(struct pqm_kube_lister *l);
void pqm_kube_lister_fini(struct pqm_kube_lister *l);
/* All requests that the settings lead to for one resource. */
enum pqm_st pqm_kube_list(struct pqm_kube_lister *l, const struct pqm_kube_resource *r,
	struct pqm_err *err) PQM_MUST_USE;
/* A gap: something below path was not read. */
void pqm_kube_gap(
	struct pqm_kube_lister *l, enum pqm_skip why, const char *path, const char *words);

#endif
