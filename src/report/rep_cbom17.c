#include "report/cyclonedx.h"

#define RULE PQM_LIT("format.cyclonedx-1.7")

static pqm_bytes name_in(const struct pqm_rules *r, const char *table, pqm_bytes key)
{
	const struct pqm_rule *rule = pqm_rules_get(r, RULE);
	const struct pqm_yaml *map = rule == NULL ? NULL : pqm_yaml_get(rule->node, table);

	for (size_t i = 0; map != NULL && i < map->n; i++)
		if (pqm_eq(map->keys[i]->text, key))
			return pqm_yaml_text(map->items[i]);
	return (pqm_bytes){ NULL, 0 };
}

pqm_bytes pqm_cyclonedx_family(
	const struct pqm_rules *r, pqm_bytes family, enum pqm_function function)
{
	char key[64];
	int n = snprintf(key, sizeof(key), "%.*s %s", PQM_FMT(family), pqm_function_name(function));
	pqm_bytes name = n < 0 || (size_t)n >= sizeof(key) ? (pqm_bytes){ NULL, 0 }
							   : name_in(r, "families", pqm_str(key));

	return name.n > 0 ? name : name_in(r, "families", family);
}

pqm_bytes pqm_cyclonedx_curve(const struct pqm_rules *r, pqm_bytes family, pqm_bytes parameter)
{
	return name_in(r, "curves", pqm_eqs(family, "EC") ? parameter : family);
}

static enum pqm_st cbom17_write(const struct pqm_report *r, struct pqm_out *o, struct pqm_err *err)
{
	return pqm_cyclonedx_write(r, o, true, err);
}

const struct pqm_writer pqm_rep_cbom17 = {
	.name = "cbom-1.7",
	.ext = ".cdx.json",
	.summary = "CycloneDX 1.7: the same, with the registry's families, curves and TLS groups",
	.write = cbom17_write,
};
