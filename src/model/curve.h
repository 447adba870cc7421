/*
 * curve.h — when the machine arrives: one survey's, or one house's, belief.
 *
 * Shape:     cumulative probability at rising horizons, in three scenarios; (base_year, 0) stands
 *            before the first, and after the last the curve stays flat.
 * Units:     years; probabilities 0..1.
 * Ownership: a value; its text belongs to whoever made it.
 */
#ifndef PQM_MODEL_CURVE_H
#define PQM_MODEL_CURVE_H

#include "base/bytes.h"
#include "base/limits.h"

#define PQM_CURVE_LINES 3 /* slow, central, fast */

struct pqm_arrival {
	pqm_bytes id;
	pqm_bytes source; /* who says so */
	double base_year;
	size_t n;
	double horizon[PQM_CURVE_POINTS_MAX]; /* years after base_year */
	double f[PQM_CURVE_LINES][PQM_CURVE_POINTS_MAX];
};

#endif
