/*
 * practices.h — how keys are kept, rotated and watched: questions of rules/practices, answered from
 *               what was read.
 *
 * Shape:     a practice is a rule; its members are objects, hops or endpoints. Each member gets the
 *            verdict of the first answer that fits, the practice the sum of them. "Not shown" is
 *            what nothing read tells: never a no. Contrasts are roles that differ between targets.
 * Ownership: everything lives in the arena of struct pqm_practices, or is borrowed from the rules,
 *            the inventory and the graph, which must outlive it.
 * Errors:    PQM_EUSAGE for a broken rule, PQM_ENOMEM.
 * Threads:   built once, read-only afterwards.
 * Limits:    PQM_PRACTICE_PLACES places of a practice are kept, the worst first; counts are of all.
 * Standard:  the fields of a rule are told at the head of rules/practices/custody.yaml.
 */
#ifndef PQM_ASSESS_PRACTICES_H
#define PQM_ASSESS_PRACTICES_H

#include "model/graph.h"
#include "rules/rules.h"

/* A list that a person still reads; the counts tell the rest. */
#define PQM_PRACTICE_PLACES 200

enum pqm_practice_verdict {
	PQM_PRACTICE_NO,
	PQM_PRACTICE_PARTLY,
	PQM_PRACTICE_YES,
	PQM_PRACTICE_NOT_SHOWN
};

#define PQM_N_PRACTICE_VERDICTS 4

/* "no", "partly", "yes", "not shown" */
const char *pqm_practice_name(enum pqm_practice_verdict v);

struct pqm_practice_place {
	enum pqm_practice_verdict verdict;
	uint32_t target; /* UINT32_MAX: of no single target */
	pqm_bytes what;	 /* "data/Certificate/data-tls", a hop's label, "tls:host:443" */
	pqm_bytes words, path;
	uint32_t line;
};

struct pqm_practice {
	const struct pqm_rule *rule;
	enum pqm_practice_verdict verdict;
	size_t n[PQM_N_PRACTICE_VERDICTS]; /* members by verdict */
	struct pqm_practice_place *places; /* worst first */
	size_t n_places, cap_places;
};

/* What one target says of a role. */
struct pqm_contrast_side {
	uint32_t target;
	pqm_bytes words;
};

/* The same role, told differently by different targets. */
struct pqm_contrast {
	pqm_bytes role; /* "inference Deployment" */
	pqm_bytes what; /* "key exchange", or a practice's title */
	struct pqm_contrast_side *sides;
	size_t n_sides;
};

struct pqm_practices {
	struct pqm_arena arena;
	struct pqm_practice *items; /* in the order of the rules */
	size_t n;
	struct pqm_contrast *contrasts; /* by what, then role */
	size_t n_contrasts;
};

void pqm_practices_init(struct pqm_practices *p);
void pqm_practices_fini(struct pqm_practices *p);
/* Answers every rule of rules/practices. A practice whose rule has `only: when-met` and that no member
 * concerns is left out. */
enum pqm_st pqm_practices_build(struct pqm_practices *p, const struct pqm_rules *r,
	const struct pqm_inventory *inv, const struct pqm_graph *g,
	struct pqm_err *err) PQM_MUST_USE;
/* Practices by their verdict. */
void pqm_practices_count(size_t n[PQM_N_PRACTICE_VERDICTS], const struct pqm_practices *p);

#endif
