/*
 * tasks_words.h — the words that a task's texts are filled with: parameter sets by regime, spelled as the software does.
 *
 * Shape:     {word} in a text is replaced; a word that is not known stays as it is.
 * Ownership: text lives in the arena given, or belongs to the rules.
 * Standard:  regimes and parameter sets in rules/plan/regimes.yaml, spellings in rules/endpoints/advice.yaml.
 */
#ifndef PQM_ASSESS_TASKS_WORDS_H
#define PQM_ASSESS_TASKS_WORDS_H

#include "tasks_site.h"

/* What the chosen regimes let a task say. */
struct tk_sets {
	const struct pqm_rule *group, *sig; /* of plan/regimes.yaml */
	pqm_bytes note;			    /* empty: nothing to say */
	bool is_fips;			    /* a regime takes validated modules alone */
};

struct tk_words {
	const struct pqm_rules *r;
	struct pqm_arena *arena;
	const struct tk_site *site;
	const struct pqm_hop *hop; /* may be NULL */
	struct tk_sets sets;
	pqm_bytes label, object, path, n, clients;
};

/* The regimes chosen by the user. */
struct tk_regimes {
	const pqm_bytes *name;
	size_t n;
};

/* The first group and signature that every chosen regime takes and the software can spell; the note says what
 * stands against that. uses: 'K' for key exchange, 'S' for signatures, both. */
struct tk_sets tk_sets_of(const struct pqm_rules *r, const struct tk_regimes *regimes,
	const struct tk_site *site, pqm_bytes uses, struct pqm_arena *a);
/* Whether the rule's `groups` and `sigs` have the chosen ones; a key that is not there takes all. */
bool tk_sets_suit(const struct tk_sets *sets, const struct pqm_yaml *node);
pqm_bytes tk_fill(const struct tk_words *w, pqm_bytes text);
/* The lines of rules/endpoints/advice.yaml for the software and this state, with file and reload; empty: none. */
pqm_bytes tk_advice(const struct tk_words *w, pqm_bytes state);
/* Whether a rule of plan/libraries.yaml is of the library of this name. */
bool tk_library_is(const struct pqm_rule *rule, pqm_bytes name);
/* For the rule checker: "takes SET" (does the regime take the set?) and "set NAME", "regime NAME". */
bool tk_regime_takes(const struct pqm_rule *rule, pqm_bytes sample);

#endif
