/* conf_file.c — statements of a configuration that only mean something together, or by their absence. */
#include "conf.h"

#include "base/limits.h"

bool pqm_conf_is_of(const struct pqm_yaml *setting, const char *list, pqm_bytes name)
{
	const struct pqm_yaml *names = pqm_yaml_get(setting, list);

	for (size_t i = 0; names != NULL && i < names->n; i++) {
		pqm_bytes want = names->items[i]->text;

		if (pqm_ieq(want, name))
			return true;
		if (pqm_find_byte(want, 0, '*') != SIZE_MAX && pqm_glob(want, name))
			return true;
	}
	return false;
}

/* The text of a YAML tree ends with its document. */
static struct pqm_conf_item copy_of(const struct pqm_conf_scan *s, const struct pqm_conf_item *item)
{
	struct pqm_conf_item out = *item;

	out.name = pqm_arena_f(s->a->arena, "%.*s", PQM_FMT(item->name));
	out.value = (pqm_bytes){ NULL, 0 };
	return out;
}

bool pqm_conf_keep(
	struct pqm_conf_scan *s, size_t setting, const struct pqm_conf_item *item, pqm_bytes value)
{
	const struct pqm_yaml *of = pqm_yaml_get(s->family->node, "settings")->items[setting];
	struct pqm_conf_kept *k = &s->kept[setting];

	if (!pqm_yaml_true(of, "join") && pqm_yaml_get(of, "unless") == NULL)
		return false;
	if (k->n++ == 0) {
		k->first = copy_of(s, item);
		k->value = pqm_arena_f(s->a->arena, "%.*s", PQM_FMT(value));
	} else if (k->value.n < PQM_CONF_JOINED) {
		k->value =
			pqm_arena_f(s->a->arena, "%.*s\n%.*s", PQM_FMT(k->value), PQM_FMT(value));
	}
	return true;
}

/* The first word of the value is one of `values`, or there are none. */
static bool has_value(const struct pqm_yaml *values, pqm_bytes value)
{
	pqm_bytes rest = value, word;

	if (values == NULL)
		return true;
	while (pqm_conf_word(&rest, "", &word))
		for (size_t i = 0; i < values->n; i++)
			if (pqm_glob(values->items[i]->text, word))
				return true;
	return false;
}

void pqm_conf_note_default(struct pqm_conf_scan *s, const struct pqm_conf_item *item)
{
	const struct pqm_yaml *d = pqm_yaml_get(s->family->node, "default");

	/* In a manifest the rules of rules/k8s know what is absent. */
	if (d == NULL || s->a->object.n > 0)
		return;
	if (pqm_conf_is_of(d, "when", item->name) &&
		has_value(pqm_yaml_get(d, "values"), item->value) && s->left.n++ == 0)
		s->left.first = copy_of(s, item);
	if (pqm_conf_is_of(d, "unless", item->name) &&
		has_value(pqm_yaml_get(d, "unless_values"), item->value))
		s->left.n_unless++;
}
