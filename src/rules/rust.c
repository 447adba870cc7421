#include "rust.h"

static bool is_same(pqm_bytes a, pqm_bytes b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++) {
		uint8_t x = a.p[i] == '_' ? '-' : a.p[i], y = b.p[i] == '_' ? '-' : b.p[i];

		if (x != y)
			return false;
	}
	return a.n > 0;
}

static bool names(const struct pqm_rule *rule, pqm_bytes crate)
{
	const struct pqm_yaml *list = pqm_yaml_get(rule->node, "crates");

	for (size_t i = 0; list != NULL && i < list->n; i++)
		if (is_same(list->items[i]->text, crate))
			return true;
	return false;
}

const struct pqm_rule *pqm_rust_rule(const struct pqm_rules *r, pqm_bytes crate)
{
	const struct pqm_rule *rule;
	size_t i = 0;

	while ((rule = pqm_rules_next(r, "rust/", &i)) != NULL)
		if (names(rule, crate))
			return rule;
	return NULL;
}

bool pqm_rust_rule_fits(const struct pqm_rules *r, const struct pqm_rule *rule, pqm_bytes sample)
{
	return pqm_rust_rule(r, pqm_sub(sample, 0, pqm_find_byte(sample, 0, ' '))) == rule;
}
