/*
 * gate.h — what a policy says of an inventory: what is refused, what is new, what is let pass and why.
 *
 * Shape:     one refusal a finding and rule of the policy; suppressions with how often each was used.
 * Ownership: text and arrays live in the gate's arena, or in what it was made from, which outlives it.
 * Threads:   built once, read-only afterwards.
 */
#ifndef PQM_MODEL_GATE_H
#define PQM_MODEL_GATE_H

#include "model/assessment.h"

enum pqm_severity { PQM_L_NOTE, PQM_L_WARNING, PQM_L_ERROR };

const char *pqm_severity_name(enum pqm_severity v); /* "note" … */
bool pqm_severity_parse(pqm_bytes s, enum pqm_severity *out);

enum pqm_standing {
	PQM_S_NEW,	  /* counts */
	PQM_S_KNOWN,	  /* in the baseline, or in the revision that is compared with */
	PQM_S_SUPPRESSED, /* somebody wrote down why not */
};

const char *pqm_standing_name(enum pqm_standing v);

/* Who lets it pass, until when and why. */
struct pqm_suppression {
	pqm_bytes kind; /* "config", "comment", "annotation" */
	pqm_bytes
		rule; /* glob over rule ids of findings and of the policy, or the beginning of an id */
	pqm_bytes path;	  /* glob over paths; empty: where it stands, or everywhere */
	pqm_bytes object; /* of an annotation: "ns/Kind/name" */
	pqm_bytes reason;
	int64_t until; /* last day; INT64_MAX: no end */
	pqm_bytes at;  /* the file it stands in */
	uint32_t line;
	uint32_t target;    /* of a comment or annotation */
	bool is_whole_file; /* a comment for all of its file */
	uint64_t from, to;  /* bytes of the lines that a comment is for: keys have no line */
	bool is_alone;	    /* nothing else stands on its line: it is for the next one too */
	bool is_expired;
	pqm_bytes fault;   /* why it is not honoured; empty: it is */
	bool is_set_aside; /* --no-inline-ignore: not honoured, and no fault of it */
	uint64_t n_used;
};

struct pqm_refusal {
	const struct pqm_finding *finding;
	pqm_bytes rule; /* of the policy */
	pqm_bytes why, fix;
	pqm_bytes asset;	    /* the worst that it protects; empty: none */
	enum pqm_decision decision; /* of that asset */
	bool has_decision;
	bool is_unassigned; /* the asset is what no AI asset claims */
	enum pqm_severity level;
	enum pqm_standing standing;
	bool is_mandate;			  /* a date has passed: no baseline waives it */
	pqm_bytes duty;				  /* its deadline's rule; or empty */
	uint64_t n_places, n_known, n_suppressed; /* n_places: all; the rest is new */
	const uint32_t *places;			  /* occurrences to show: not suppressed */
	size_t n_shown;
	const struct pqm_suppression *by; /* of a suppressed one: the first that applies */
};

struct pqm_gate {
	struct pqm_arena arena;
	pqm_bytes policies; /* "default, cnsa-2.0" */
	enum pqm_severity fail_on;
	bool never_fails;	      /* --fail-on never */
	struct pqm_refusal *refusals; /* worst first */
	size_t n_refusals;
	struct pqm_suppression *suppressions; /* by file and line */
	size_t n_suppressions;
	size_t n_new[PQM_L_ERROR + 1], n_known, n_suppressed;
	size_t n_faulty;    /* suppressions that cannot be honoured: each fails the gate */
	size_t n_set_aside; /* by --no-inline-ignore */
	bool no_inline;	    /* comments and annotations in what is scanned let nothing pass */
	bool is_partial;    /* only some files were read */
	size_t n_gone;	    /* of the baseline: no longer here; of a scan of everything only */
	pqm_bytes since;    /* the commit that is compared with; empty: none */
	pqm_bytes baseline; /* its file; empty: none */
	bool is_failed;
	bool is_undecided; /* a target gave nothing, or held nothing: that nothing fails says nothing */
};

/* "failed", "undecided", "passed" */
const char *pqm_gate_verdict(const struct pqm_gate *g);

/* What is to be done about it: "has ended"; empty: nothing, it lets something pass or is not in question. */
pqm_bytes pqm_suppression_state(const struct pqm_gate *g, const struct pqm_suppression *s);
void pqm_gate_init(struct pqm_gate *g);
void pqm_gate_fini(struct pqm_gate *g);

#endif
