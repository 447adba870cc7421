/*
 * curve_json.h — an arrival curve in a JSON report, and back.
 *
 * Shape:     {id, source, base_year, horizons_years, slow, central, fast}: the shape that --curve reads.
 * Units:     numbers as they were read: up to 17 digits.
 * Errors:    PQM_EPARSE or PQM_EUSAGE naming file and key.
 * Threads:   single-threaded.
 */
#ifndef PQM_REPORT_CURVE_JSON_H
#define PQM_REPORT_CURVE_JSON_H

#include "base/arena.h"
#include "base/out.h"
#include "model/curve.h"
#include "parse/json.h"

void pqm_curve_json(struct pqm_out *o, const char *key, const struct pqm_arrival *c);
/* NULL stays NULL. The curve and its text live in the arena. */
enum pqm_st pqm_curve_load(const struct pqm_arrival **out, const struct pqm_json *v,
	const char *where, struct pqm_arena *arena, struct pqm_err *err) PQM_MUST_USE;

#endif
