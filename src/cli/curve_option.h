/*
 * curve_option.h — what --curve and `curve:` name: a built-in curve, or a file with a house view.
 *
 * Ownership: a house view's text goes to the arena given.
 * Errors:    PQM_EUSAGE naming the file, the key, the value and what is allowed.
 * Limits:    PQM_RULE_FILE_BYTES a file.
 */
#ifndef PQM_CLI_CURVE_OPTION_H
#define PQM_CLI_CURVE_OPTION_H

#include "assess/curve.h"

/* What was asked for: an id of rules/risk, or a file, or FILE#ID when it holds several curves. house
 * is NULL for an id. */
struct pqm_curve_choice {
	pqm_bytes id;
	const struct pqm_arrival *house;
};

enum pqm_st pqm_curve_choose(struct pqm_curve_choice *out, const struct pqm_rules *r,
	const char *said, struct pqm_arena *arena, struct pqm_err *err) PQM_MUST_USE;

#endif
