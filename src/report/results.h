/*
 * results.h — findings as the formats of pipelines want them: a flat list of results.
 *
 * Shape:     with a gate, one result a refusal; without, one a finding that is broken by a quantum computer or
 *            today, or that says what is missing. In order of weight, then place.
 * Ownership: the list owns its arenas; texts are borrowed.
 * Errors:    PQM_ENOMEM.
 */
#ifndef PQM_REPORT_RESULTS_H
#define PQM_REPORT_RESULTS_H

#include "report/writer.h"

struct pqm_result {
	const struct pqm_finding *finding;
	const struct pqm_refusal *refusal; /* NULL without a gate */
	enum pqm_severity level;
	bool has_decision;
	enum pqm_decision decision; /* of the worst asset that it protects */
	pqm_bytes asset;
	bool is_unassigned;	/* it is what no AI asset claims */
	const uint32_t *places; /* occurrences; NULL: all of them */
	size_t n_places;
};

struct pqm_results {
	struct pqm_arena arena, scratch; /* scratch: texts of the one that is written */
	const struct pqm_inventory *inv;
	pqm_bytes here; /* the working directory, with a slash behind it; or empty */
	struct pqm_result *all;
	size_t n;
};

/* Fini is due after a failure too; there are none then. */
enum pqm_st pqm_results_make(
	struct pqm_results *out, const struct pqm_report *r, struct pqm_err *err) PQM_MUST_USE;
void pqm_results_fini(struct pqm_results *r);
/* The next from *i on, with an empty scratch; NULL behind the last. */
const struct pqm_result *pqm_results_next(struct pqm_results *r, size_t *i);
/* The i-th place of it. */
const struct pqm_occurrence *pqm_result_place(const struct pqm_result *x, size_t i);
/* One sentence for a message: why, what it protects. */
pqm_bytes pqm_result_words(struct pqm_arena *a, const struct pqm_result *x);
/* "RSA 2048: a private key"; never empty. */
pqm_bytes pqm_result_title(struct pqm_arena *a, const struct pqm_result *x);
/* What to do, in one line; may be empty. */
pqm_bytes pqm_result_fix(const struct pqm_result *x);

/* Where a reader of pipelines looks: a path relative to the folder here, else to the target's own, "./" gone, an
 * image without tag and digest, what lies inside a file left out. An image that a manifest names is at that line of
 * the manifest. */
struct pqm_place {
	pqm_bytes path;	    /* never empty */
	uint32_t line, col; /* 0: the file has no lines, or the thing is packed inside of it */
	bool is_origin;	    /* who names it, not the thing itself */
};

struct pqm_place pqm_result_at(struct pqm_results *r, const struct pqm_occurrence *o);
/* A path as a relative reference [RFC3986 §4.2], percent-encoded. */
pqm_bytes pqm_path_uri(struct pqm_arena *a, pqm_bytes path);
/* Did the target give nothing, and does that count? A gate that passed knows that it may be left out (a line of a
 * list). *why: a sentence, or empty. */
bool pqm_results_gap(const struct pqm_report *r, size_t target, pqm_bytes *why);
/* 0.1 to 10.0 as GitHub reads it: by decision, else by level. */
double pqm_result_severity(const struct pqm_result *x);

#endif
