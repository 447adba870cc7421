#include "ai.h"

#include "rules/k8s.h"

static bool in_list(const struct pqm_yaml *map, const char *key, pqm_bytes text)
{
	return pqm_k8s_listed(pqm_yaml_get(map, key), text);
}

static bool signal_fits(const struct pqm_yaml *n, pqm_bytes sample)
{
	if (pqm_yaml_get(n, "kinds") != NULL)
		return in_list(n, "kinds", sample);
	if (pqm_yaml_get(n, "match") != NULL)
		return in_list(n, "match", sample);
	return pqm_yaml_get(n, "at") != NULL && sample.n > 0;
}

/* "NAME=VALUE" by its name, or a flag as it stands. */
static bool named(const struct pqm_yaml *n, pqm_bytes sample)
{
	pqm_bytes name = pqm_sub(sample, 0, pqm_find_byte(sample, 0, '='));

	return in_list(n, "env", name) || in_list(n, "flags", name) || in_list(n, "flags", sample);
}

bool pqm_ai_rule_fits(const struct pqm_rule *rule, pqm_bytes sample)
{
	const struct pqm_yaml *n = rule->node;

	if (pqm_yaml_get(n, "weight") != NULL)
		return signal_fits(n, sample);
	if (pqm_yaml_get(n, "class") != NULL)
		return pqm_eq(pqm_yaml_str(n, "class"), sample);
	if (pqm_yaml_get(n, "lives") != NULL)
		return in_list(n, "lives", sample);
	if (pqm_yaml_get(n, "collective") != NULL)
		return named(pqm_yaml_get(n, "collective"), sample);
	return named(n, sample) || in_list(n, "tls_flags", sample) ||
		in_list(n, "tls_env", sample) || in_list(n, "wrap", sample);
}
