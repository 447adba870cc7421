/*
 * inventory.h — everything one run found, and everything it could not read.
 *
 * Shape:     sorted findings, coverage counts and notes, Kubernetes object facts, the settings
 *            that any later stage needs to repeat the run's conclusions.
 * Ownership: all text and arrays live in the inventory's arena.
 * Threads:   built by the engine, read-only afterwards.
 */
#ifndef PQM_MODEL_INVENTORY_H
#define PQM_MODEL_INVENTORY_H

#include "model/endpoint.h"
#include "model/curve.h"
#include "model/finding.h"

/* The field of an object that names a target that the user did not. */
struct pqm_origin {
	pqm_bytes object; /* "namespace/Kind/name"; empty: the user named it */
	pqm_bytes ref;	  /* "spec.tls[0].hosts[0]" */
	pqm_bytes path;
	uint32_t line; /* 0: none */
};

struct pqm_target {
	pqm_bytes name; /* as the user wrote it, or as it was followed */
	pqm_bytes kind; /* "file", "tree", "stdin" … */
	uint64_t n_seen, n_read, n_bytes;
	bool failed; /* gave nothing: exit code 3 */
	struct pqm_origin from;
};

/* One thing that was not read, or only in part. */
struct pqm_note {
	uint32_t target;
	pqm_bytes path;
	pqm_bytes reason; /* short class: unreadable, malformed, over-limit, changed, … */
	pqm_bytes words;  /* one sentence; may be empty */
	uint64_t off;	  /* UINT64_MAX when the place is the whole file */
};

/* Endpoints by how far we came with them. */
struct pqm_endpoint_counts {
	uint64_t reach[PQM_R_SKIPPED + 1]; /* by enum pqm_reach; the sum is what was asked */
	uint64_t incomplete;		   /* of those that answered: questions left open */
};

/* Entries of a tree by what happened to them: seen = read + the rest. */
struct pqm_coverage {
	uint64_t seen, read, bytes;
	uint64_t copies;      /* of read: same content or inode as one already scanned */
	uint64_t directories; /* entered; not part of seen */
	uint64_t symlinks, devices, sockets, fifos; /* never opened */
	uint64_t unreadable, over_limit, changed, mounts;
	uint64_t partial; /* read, but something inside was not: has notes */
	struct pqm_endpoint_counts endpoints;
	struct pqm_note *notes;
	size_t n_notes;
	uint64_t n_notes_dropped; /* over PQM_NOTES_MAX */
};

/* A fact of a Kubernetes object: "spec.tls[0].secretName" = "data-tls" at line:col. Values of
 * Secrets, tokens and passwords are never facts. */
struct pqm_fact {
	pqm_bytes key, value;
	uint32_t line, col;
};

/* One document, by group and kind. Also carries .pqmap.yaml declarations (group pqmap.dev). */
struct pqm_object {
	uint32_t target;
	pqm_bytes path;
	uint32_t line;
	pqm_bytes group, kind, ns, name; /* ns empty: unknown or cluster-scoped */
	const struct pqm_fact *facts;
	size_t n_facts;
	/* "group/Kind/name" of what made it from a template of its own; empty: nobody, or not told */
	pqm_bytes controller;
	uint32_t n_made; /* objects that it stands for: those that it made, and what they made */
};

/* A file or directory whose certificates are a trust store. */
struct pqm_store {
	uint32_t target;
	pqm_bytes path;
	uint64_t n_certs;
};

struct pqm_inventory {
	struct pqm_arena arena;
	pqm_bytes tool_version, rules_version; /* rules_version: SHA-256 of the rules, hex */
	pqm_bytes rules_name;	  /* of the set; may be empty in an inventory of before */
	int64_t now_days;	  /* assessment date */
	const pqm_bytes *regimes; /* chosen by the user */
	size_t n_regimes;
	pqm_bytes curve;		 /* curve id */
	const struct pqm_arrival *house; /* the user's own curve; NULL: curve is one of the rules */
	double capacity;		 /* person-days a month for the plan; 0: not set */
	int64_t plan_start_days;	 /* 0: the assessment date */
	struct pqm_target *targets;
	size_t n_targets;
	struct pqm_finding *findings; /* by id */
	size_t n_findings;
	struct pqm_object *objects; /* by target, path, line */
	size_t n_objects;
	struct pqm_endpoint *endpoints; /* by scheme, host, port, address */
	size_t n_endpoints;
	struct pqm_store *stores;
	size_t n_stores;
	struct pqm_coverage coverage;
};

void pqm_inventory_init(struct pqm_inventory *inv);
void pqm_inventory_fini(struct pqm_inventory *inv);
/* By scheme, host, port, address, target. */
/* Why target i gave nothing, as the coverage says first; empty where it says nothing. */
pqm_bytes pqm_inventory_why(const struct pqm_inventory *inv, size_t i);
void pqm_inventory_sort_endpoints(struct pqm_inventory *inv);
/* Endpoints in all, whatever they said. */
uint64_t pqm_endpoints_asked(const struct pqm_endpoint_counts *c);
/* The finding with this id, or NULL. */
const struct pqm_finding *pqm_inventory_find(
	const struct pqm_inventory *inv, const uint8_t id[PQM_ID_BYTES]);
/* The object's fact with exactly this key, or empty. */
pqm_bytes pqm_object_fact(const struct pqm_object *o, const char *key);

#endif
