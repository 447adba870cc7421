/*
 * tally.h — the sums and orders that several writers share, so that their numbers agree.
 *
 * Shape:     places (every occurrence in report order), counts by meaning and status, causes
 *            (findings grouped by rule, family and parameter), the inventory's fingerprint.
 * Units:     counts of findings (things) unless the name says places.
 * Ownership: results live in the caller's arena; they borrow the inventory.
 * Errors:    PQM_ENOMEM.
 * Threads:   pure.
 */
#ifndef PQM_REPORT_TALLY_H
#define PQM_REPORT_TALLY_H

#include "model/graph.h"

/* One occurrence, with the texts that decide its place in the order already printable: a report
 * that was saved and loaded again sorts the same. */
struct pqm_place {
	const struct pqm_finding *f;
	const struct pqm_occurrence *o;
	pqm_bytes path, object;
};

/* All occurrences by target, path, place, object, rule, id. Those inside trust stores only when
 * with_stores. */
enum pqm_st pqm_places(struct pqm_place **out, size_t *n, const struct pqm_inventory *inv,
	bool with_stores, struct pqm_arena *arena, struct pqm_err *err) PQM_MUST_USE;

#define PQM_N_MEANINGS 6
#define PQM_N_FUNCTIONS 8
#define PQM_N_QUANTA 4

struct pqm_tally {
	uint64_t found[PQM_N_MEANINGS][PQM_N_QUANTA]; /* findings that are not folded */
	uint64_t total;				      /* their sum */
	uint64_t broken_by_function[PQM_N_MEANINGS][PQM_N_FUNCTIONS];
	uint64_t places;		   /* occurrences outside trust stores */
	uint64_t folded;		   /* findings seen in trust stores only */
	uint64_t defaulted;		   /* of total: nobody wrote it down */
	uint64_t by_quantum[PQM_N_QUANTA]; /* of total */
};

void pqm_tally(struct pqm_tally *t, const struct pqm_inventory *inv);

/* Findings of one rule, meaning, family, parameter and status. */
struct pqm_cause {
	const struct pqm_finding *first; /* speaks for all of them */
	const struct pqm_finding *const *findings;
	size_t n_findings, n_places;
};

/* Worst first: broken, unknown, hybrid, safe; then by places, then by name. Folded findings are
 * left out. */
enum pqm_st pqm_causes(struct pqm_cause **out, size_t *n, const struct pqm_inventory *inv,
	struct pqm_arena *arena, struct pqm_err *err) PQM_MUST_USE;

/* SHA-256 over what was found and what was not read; the same for a loaded report. */
void pqm_inventory_digest(uint8_t out[PQM_SHA256_BYTES], const struct pqm_inventory *inv);

/* Things of the tree that were seen and not read, by reason. */
struct pqm_unread {
	const char *reason;
	uint64_t n;
};

#define PQM_UNREAD_MAX 10
/* Fills at most PQM_UNREAD_MAX rows with n > 0; their sum is *total = seen - read. */
size_t pqm_unread(
	struct pqm_unread out[PQM_UNREAD_MAX], uint64_t *total, const struct pqm_coverage *c);

#endif
