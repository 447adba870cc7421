#include "words.h"

/* What a rule says itself goes before what the catalogue says. */
enum pqm_st pqm_rule_emit(struct pqm_found *f, const struct pqm_rules *r,
	const struct pqm_rule *rule, struct pqm_err *err)
{
	const struct pqm_yaml *emit = pqm_yaml_get(rule->node, "emit");
	pqm_bytes function = pqm_yaml_str(emit, "function"), q = pqm_yaml_str(emit, "quantum"),
		  c = pqm_yaml_str(emit, "classical");
	const struct pqm_alg_ref *ref;

	*f = (struct pqm_found){ .quantum = PQM_Q_UNKNOWN };
	f->family = pqm_yaml_str(emit, "family");
	f->algorithm = pqm_yaml_str(emit, "algorithm");
	f->parameter = pqm_yaml_str(emit, "parameter");
	if (f->algorithm.n == 0 && !pqm_eqs(f->family, "unknown"))
		f->algorithm = f->family;
	ref = f->family.n > 0 ? pqm_alg_by_name(r, f->family) : NULL;
	if (ref != NULL)
		pqm_alg_fill(f, ref);
	else if (f->family.n > 0 && !pqm_eqs(f->family, "unknown"))
		return pqm_rule_fail(
			rule, emit, err, "family %.*s is not in the catalogue", PQM_FMT(f->family));
	if ((function.n > 0 && !pqm_function_parse(function, &f->function)) ||
		(q.n > 0 && !pqm_quantum_parse(q, &f->quantum)) ||
		(c.n > 0 && !pqm_classical_parse(c, &f->classical)))
		return pqm_rule_fail(rule, emit, err, "emit: a word that is none");
	return PQM_OK;
}
