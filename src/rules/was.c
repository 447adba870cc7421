/* was.c — rules that were called something else: what people wrote down under the old name still means them. */
#include "rules.h"

pqm_bytes pqm_rule_was(const struct pqm_rule *rule, size_t i)
{
	const struct pqm_yaml *was = rule == NULL ? NULL : pqm_yaml_get(rule->node, "was");

	if (was != NULL && was->type == PQM_YAML_SEQ)
		return i < was->n ? pqm_yaml_text(was->items[i]) : (pqm_bytes){ NULL, 0 };
	return was != NULL && i == 0 ? pqm_yaml_text(was) : (pqm_bytes){ NULL, 0 };
}

bool pqm_rule_was_called(const struct pqm_rule *rule, pqm_bytes pattern)
{
	pqm_bytes old;

	for (size_t i = 0; (old = pqm_rule_was(rule, i)).n > 0; i++)
		if (pqm_glob(pattern, old))
			return true;
	return false;
}

const struct pqm_rule *pqm_rules_once(const struct pqm_rules *r, pqm_bytes pattern)
{
	const struct pqm_rule *all = pqm_rules_all(r);

	for (size_t i = 0; i < r->n; i++)
		if (pqm_rule_was_called(&all[i], pattern))
			return &all[i];
	return NULL;
}
