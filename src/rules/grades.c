/* grades.c — the first entry of rules/grades.yaml that fits. */
#include "rules/grades.h"

const struct pqm_rule *pqm_grade_of(const struct pqm_rules *r, pqm_bytes rule_id)
{
	const struct pqm_rule *rule;

	for (size_t i = 0; (rule = pqm_rules_next(r, "grades.yaml", &i)) != NULL;) {
		const struct pqm_yaml *of = pqm_yaml_get(rule->node, "of");

		for (size_t g = 0; of != NULL && g < of->n; g++)
			if (pqm_glob(pqm_yaml_text(of->items[g]), rule_id))
				return rule;
	}
	return NULL;
}
