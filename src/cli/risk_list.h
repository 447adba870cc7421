/*
 * risk_list.h — `pqmap risk` over one asset or over lists of them, as text lines or JSON.
 *
 * Shape:     an asset is one vector, or several with one assessment date.
 * Ownership: borrows; the caller owns the arrays of uses.
 * Errors:    PQM_EUSAGE naming the vector's key, or the list.
 * Threads:   one.
 * Limits:    PQM_RISK_VECTORS_MAX vectors an asset, PQM_RISK_LINE_BYTES a line; lists of any length.
 */
#ifndef PQM_CLI_RISK_LIST_H
#define PQM_CLI_RISK_LIST_H

#include "assess/risk.h"
#include "cli/command.h"

#define PQM_RISK_DIGITS 4
#define PQM_RISK_DIGITS_MAX 15

enum pqm_risk_format { PQM_RISK_TEXT, PQM_RISK_JSON, PQM_RISK_JSONL };

struct pqm_risk_view {
	enum pqm_risk_format format;
	int digits; /* decimals of JSON numbers */
	const struct pqm_risk_params *p;
	const struct pqm_rules *rules;
	struct pqm_arena *arena; /* of the page's words */
	const char *rules_version;
};

/* Parses and scores one more use of a, which has room for PQM_RISK_VECTORS_MAX. */
enum pqm_st pqm_risk_add(struct pqm_asset_score *a, const struct pqm_risk_params *p, pqm_bytes text,
	struct pqm_err *err) PQM_MUST_USE;
/* The union of all uses that were added. */
void pqm_risk_join(struct pqm_asset_score *a, const struct pqm_risk_params *p);
/* One object; line 0 when it was not read from a list. */
void pqm_risk_json(struct pqm_out *o, const struct pqm_risk_view *v,
	const struct pqm_asset_score *a, uint64_t line);

/* "-" and "@FILE" */
bool pqm_risk_is_list(const char *arg);
/* Answers every line of every list, in order. Lines that are wrong are said at once and make the exit
 * code 2. */
enum pqm_st pqm_risk_lists(struct pqm_app *app, const struct pqm_args *args,
	const struct pqm_risk_view *v, struct pqm_err *err) PQM_MUST_USE;

#endif
