/*
 * probe_advice.h — what to change on a server: the exact lines for its software and for what was found.
 *
 * Shape:     the software comes from the banner, the protocol in front of STARTTLS, or the user; each state
 *            that was found (classical only, hybrid not enforced, RSA key transport, …) has the patches of
 *            rules/endpoints/advice.yaml, their lines filled in with the groups that the endpoint accepts
 *            now, so that nobody is locked out by accident and the way back is exact.
 * Ownership: texts are the rules' or in the arena given.
 * Errors:    nothing is advised where the answer could not be told; texts end early without memory.
 * Threads:   reads only.
 * Security:  only names of the registry and names that consist of harmless characters go into lines.
 */
#ifndef PQM_CLI_PROBE_ADVICE_H
#define PQM_CLI_PROBE_ADVICE_H

#include "cli/probe_page.h"

/* One patch that fits. */
struct pqm_advice {
	const struct pqm_rules *rules;
	const struct pqm_endpoint *endpoint;
	const struct pqm_yaml *software, *patch; /* rules of advice.yaml */
	const struct pqm_rule *rule;		 /* of the patch */
	pqm_bytes state;			 /* "absent", "kex-rsa", … */
	bool is_named; /* the software is known; else this is one of several guesses */
};

struct pqm_advice_list {
	struct pqm_advice *items; /* by state, the most pressing first; then by software */
	size_t n, cap;
};

/* software is what the user named, "nginx" or "nginx/1.26"; NULL: see the banner. */
struct pqm_advice_list pqm_advise(const struct pqm_rules *r, const struct pqm_endpoint *e,
	const char *software /* may be NULL */, struct pqm_arena *arena);

/* A text of the patch, or of its software where the patch has none; empty: neither has. */
pqm_bytes pqm_advice_text(const struct pqm_advice *a, const char *key);
/* Line i of "lines" or "undo", filled in; false: no such line. */
bool pqm_advice_line(pqm_bytes *out, const struct pqm_advice *a, const char *key, size_t i,
	struct pqm_arena *arena);
/* What the patch promises: *what "posture", *is "enforced"; *what "kex-rsa", *is "no"; … */
void pqm_advice_promise(const struct pqm_advice *a, pqm_bytes *what, pqm_bytes *is);
/* The command that shows whether the promise is kept. */
pqm_bytes pqm_advice_verify(const struct pqm_advice *a, struct pqm_arena *arena);
/* Commands that keep a copy of the file before the change, and that bring it back and reload; empty:
 * the patch is of no file whose usual place is known. Each state has a copy of its own, so that a
 * second patch does not overwrite the copy of the first. */
pqm_bytes pqm_advice_save(const struct pqm_advice *a, struct pqm_arena *arena);
pqm_bytes pqm_advice_restore(const struct pqm_advice *a, struct pqm_arena *arena);

/* Rows "to change" of the page. */
void pqm_advice_page(struct pqm_page *p, const struct pqm_endpoint *e, const char *software);
/* Elements of the array "advice" of probe.schema.json. */
void pqm_advice_json(struct pqm_out *o, const struct pqm_rules *r, const struct pqm_endpoint *e,
	const char *software);

/* PQM_EUSAGE with the names there are, unless the rules have this software. */
enum pqm_st pqm_advice_check(
	const struct pqm_rules *r, const char *software, struct pqm_err *err) PQM_MUST_USE;
/* Does the sample (see advice.yaml) belong to the rule, and is the rule complete? */
bool pqm_advice_rule_takes(
	const struct pqm_rules *r, const struct pqm_rule *rule, pqm_bytes sample);

#endif
