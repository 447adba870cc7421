/*
 * curve.h — reads and checks an arrival curve that the user brings: a house view.
 *
 * Shape:     YAML or JSON: a mapping as in rules/risk/curves.yaml or one of guidance/crqc.json, or a
 *            list of them, or a mapping with the list under `curves`.
 * Ownership: text goes to the caller's arena.
 * Errors:    PQM_EUSAGE "WHERE: key[i]: value: what is allowed".
 * Threads:   pure.
 * Limits:    PQM_CURVE_POINTS_MAX horizons, PQM_CURVE_ID_BYTES.
 */
#ifndef PQM_ASSESS_CURVE_H
#define PQM_ASSESS_CURVE_H

#include "base/arena.h"
#include "model/curve.h"
#include "rules/rules.h"

/* Of several curves in text, pick names one by id; when it is empty the recommended one, or the only
 * one. where is the file's name, for messages. */
enum pqm_st pqm_curve_read(struct pqm_arrival *out, pqm_bytes text, const char *where,
	pqm_bytes pick, struct pqm_arena *arena, struct pqm_err *err) PQM_MUST_USE;
/* Refuses a curve that falls, leaves 0 to 1, crosses another, or whose years do not rise. */
enum pqm_st pqm_curve_check(
	const struct pqm_arrival *c, const char *where, struct pqm_err *err) PQM_MUST_USE;
/* A house view may not go by the name of a built-in curve and say something else. */
enum pqm_st pqm_curve_is_own(const struct pqm_arrival *c, const struct pqm_rules *r,
	const char *where, struct pqm_err *err) PQM_MUST_USE;
/* Is id one of rules/risk/curves.yaml? */
bool pqm_curve_is_known(const struct pqm_rules *r, pqm_bytes id);
/* One entry of that file. */
enum pqm_st pqm_curve_of_rule(
	struct pqm_arrival *out, const struct pqm_rule *r, struct pqm_err *err) PQM_MUST_USE;

#endif
