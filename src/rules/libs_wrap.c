/* libs_wrap.c — libraries that do cryptography for the programs that call them. */
#include "libs_int.h"

#include "base/num.h"

bool pqm_libs_is_wrapper(const struct pqm_rule *rule)
{
	return pqm_yaml_get(rule->node, "wraps") != NULL;
}

static bool is_in(const struct pqm_rule *rule, const char *key, pqm_bytes name)
{
	const struct pqm_yaml *globs = pqm_yaml_get(rule->node, key);

	for (size_t i = 0; globs != NULL && i < globs->n; i++)
		if (pqm_glob(pqm_yaml_text(globs->items[i]), name))
			return true;
	return false;
}

const struct pqm_rule *pqm_lib_wrapper(const struct pqm_libs *l, pqm_bytes soname)
{
	for (size_t i = 0; i < l->n_extra; i++)
		if (pqm_libs_is_wrapper(l->extra[i]) && is_in(l->extra[i], "wraps", soname))
			return l->extra[i];
	return NULL;
}

bool pqm_lib_wrapper_says(
	const struct pqm_rule *wrapper, pqm_bytes function, const struct pqm_rule *meaning)
{
	return wrapper == NULL ||
		(is_in(wrapper, "acts", function) && is_in(wrapper, "uses", meaning->id));
}

enum pqm_st pqm_libs_check_wrapper(
	const struct pqm_libs *l, const struct pqm_rule *rule, struct pqm_err *err)
{
	static const char *const lists[] = { "wraps", "acts", "uses", "hit", "miss" };

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		const struct pqm_yaml *list = pqm_yaml_get(rule->node, lists[i]);

		if (list == NULL || list->type != PQM_YAML_SEQ || list->n == 0)
			return pqm_rule_fail(
				rule, rule->node, err, "%s: a list is needed", lists[i]);
		for (size_t k = 0; i > 2 && k < list->n; k++)
			if (is_in(rule, "acts", pqm_yaml_text(list->items[k])) != (i == 3))
				return pqm_rule_fail(rule, list->items[k], err,
					"%s: %.*s is %samong those that act", lists[i],
					PQM_FMT(pqm_yaml_text(list->items[k])),
					i == 3 ? "not " : "");
	}
	bool is_known = false;

	for (size_t i = 0; i < l->n_rules; i++)
		is_known |= is_in(rule, "uses", l->rule[i].rule->id);
	return is_known ? PQM_OK
			: pqm_rule_fail(rule, rule->node, err, "uses: there are no such rules");
}
