/*
 * baseline.h — what is known and let stand: ids of findings with how many places each has.
 *
 * Shape:     { "schema": "pqmap.baseline", "schema_version": 1, "created": DATE, "rules_version": HEX,
 *            "findings": { ID: { "count": N, "rule": ID, "at": PATH } } }, by id; "at" is for people.
 * Ownership: the map borrows the baseline's arena.
 * Errors:    PQM_EUSAGE: a file that is no baseline, or of a newer form.
 */
#ifndef PQM_GATE_BASELINE_H
#define PQM_GATE_BASELINE_H

#include "base/map.h"
#include "base/out.h"
#include "model/inventory.h"
#include "rules/rules.h"

struct pqm_baseline {
	struct pqm_arena arena;
	struct pqm_map by_id; /* 16 bytes -> struct pqm_known_finding */
	size_t n;
};

struct pqm_known_finding {
	uint8_t id[PQM_ID_BYTES];
	uint64_t count;
	bool is_met; /* it was looked up */
};

void pqm_baseline_init(struct pqm_baseline *b);
void pqm_baseline_fini(struct pqm_baseline *b);
enum pqm_st pqm_baseline_read(
	struct pqm_baseline *b, const char *path, struct pqm_err *err) PQM_MUST_USE;
/* The text of one, called path. */
enum pqm_st pqm_baseline_read_text(
	struct pqm_baseline *b, const char *path, pqm_bytes text, struct pqm_err *err) PQM_MUST_USE;
/* Everything of an inventory is known. */
enum pqm_st pqm_baseline_take(
	struct pqm_baseline *b, const struct pqm_inventory *inv, struct pqm_err *err) PQM_MUST_USE;
/* How many places of it are known; under the ids that its rule's former names (`was:`) gave it, too. */
uint64_t pqm_baseline_count(
	struct pqm_baseline *b, const struct pqm_rules *r, const struct pqm_finding *f);
/* Those that were never looked up. */
size_t pqm_baseline_unmet(const struct pqm_baseline *b);
/* Writes what an inventory holds as a baseline. */
void pqm_baseline_write(struct pqm_out *o, const struct pqm_inventory *inv);

#endif
