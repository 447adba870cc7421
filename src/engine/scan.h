/*
 * scan.h — from targets to an inventory: the only place that wires sources to detectors.
 *
 * Shape:     one call. Sources push files into one bounded queue; workers read, sweep and detect;
 *            everything is merged, sorted and grouped at the end, so that the result does not depend
 *            on the number of threads.
 * Ownership: fills inv (init by the caller); copies everything it keeps.
 * Errors:    only for usage, memory and our own mistakes; what could not be read is coverage.
 * Threads:   starts options->jobs - 1 threads and joins them; endpoints are asked, all in one run, on
 *            the calling thread when its folders are walked, while the others go on reading.
 * Limits:    memory does not grow with the bytes scanned, only with what is found.
 */
#ifndef PQM_ENGINE_SCAN_H
#define PQM_ENGINE_SCAN_H

#include "engine/cache.h"
#include "model/inventory.h"
#include "model/listed.h"
#include "rules/rules.h"
#include "source/cluster.h"
#include "source/endpoint.h"
#include "source/git.h"
#include "source/image.h"

/* What --follow takes up from the objects that were read. */
enum { PQM_FOLLOW_ENDPOINTS = 1, PQM_FOLLOW_IMAGES = 2 };

struct pqm_followed {
	pqm_bytes target; /* "tls:host:443", "registry:REFERENCE"; NUL-terminated */
	struct pqm_origin from;
	uint32_t from_target; /* of the inventory: where that object was read */
	pqm_bytes left;	      /* why it is not followed; empty: it is */
};

/* On standard error: nothing, one line that is written over, a line now and then, JSON lines. */
enum pqm_progress { PQM_PROGRESS_NONE, PQM_PROGRESS_LINE, PQM_PROGRESS_PLAIN, PQM_PROGRESS_JSONL };

struct pqm_scan_options {
	unsigned jobs; /* at least 1 */
	enum pqm_progress progress;
	/* Run the user's own helm and kustomize (or kubectl) on what is theirs; nothing is run otherwise. */
	bool render_helm, render_kustomize;
	/* How to ask endpoints. Without it a target on the network is a usage error: nothing is
	 * contacted. Its stop flag ends the whole scan; what is there then is kept. */
	const struct pqm_endpoint_options *net;
	/* How to read clusters; without it such a target is a usage error. */
	const struct pqm_cluster_options *cluster;
	/* How to read images; without it such a target is a usage error. */
	const struct pqm_image_options *images;
	const struct pqm_git_options *git; /* what of repositories is read; may be NULL */
	struct pqm_cache *cache;	   /* of layers and of git repositories; may be NULL */
	/* Called for each list of a cluster when all of it was looked at; may be NULL. is_known: from
	 * known_lists. False: it cannot be kept, which ends the cluster. */
	bool (*on_listed)(void *ctx, const struct pqm_listed *l, bool is_known);
	const struct pqm_listed *known_lists; /* of an earlier run: not asked again */
	size_t n_known_lists;
	/* Called for each endpoint when it is finished, certificates and all; may be NULL. is_known: from
	 * net->known. False stops. */
	bool (*on_endpoint)(void *ctx, const struct pqm_endpoint *e, bool is_known);
	void *ctx;
	/* Then ask or read what is named by the objects that were read; PQM_FOLLOW_*. */
	unsigned follow;
	bool follow_external; /* what is outside the cluster or has a public address too */
	/* Not NULL: nothing is followed, and no endpoint asked; each is told instead. */
	void (*would_follow)(void *ctx, const struct pqm_followed *f);
	void *follow_ctx;
};

enum pqm_st pqm_scan(struct pqm_inventory *inv, const struct pqm_rules *rules,
	const char *const *targets, size_t n_targets, const struct pqm_scan_options *options,
	struct pqm_err *err) PQM_MUST_USE;

/* Is the target one on the network? */
bool pqm_scan_is_endpoint(const char *target);
/* Is it one that a source of its own reads, no file or folder? */
bool pqm_scan_is_special(const char *target);

/* Sorts and groups what was put in, folds trust stores. For loaders that add findings by hand; the
 * scan does it itself. */
enum pqm_st pqm_inventory_seal(
	struct pqm_inventory *inv, const struct pqm_rules *rules, struct pqm_err *err) PQM_MUST_USE;

#endif
