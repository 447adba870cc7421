/* plan_rules.c — what the rules of rules/plan match, and their texts. */
#include "tasks_site.h"
#include "tasks_words.h"

const struct pqm_rule *pqm_plan_type(const struct pqm_rules *r, pqm_bytes type)
{
	const struct pqm_rule *rule;

	for (size_t i = 0; (rule = pqm_rules_next(r, "plan/", &i)) != NULL;)
		if (type.n > 0 && pqm_eq(pqm_yaml_str(rule->node, "type"), type))
			return rule;
	return NULL;
}

static void trait(struct pqm_traits *t, const char *key, pqm_bytes value)
{
	t->t[t->n++] = (struct pqm_trait){ key, value };
}

static pqm_bytes letter(char buf[2], char c)
{
	buf[0] = c;
	buf[1] = '\0';
	return (pqm_bytes){ (const uint8_t *)buf, 1 };
}

void pqm_traits_of_hop(struct pqm_traits *out, const struct pqm_hop *h, char letters[4][2])
{
	static const char *const basis[] = { "explicit", "default", "implied", "absent" };

	*out = (struct pqm_traits){ .kind = "hop" };
	trait(out, "task", h->task);
	trait(out, "use", letter(letters[0], h->use));
	trait(out, "data", letter(letters[1], h->data));
	trait(out, "exposure", letter(letters[2], h->exposure));
	trait(out, "coverage", letter(letters[3], h->coverage));
	trait(out, "verdict", pqm_str(pqm_verdict_name(h->verdict)));
	trait(out, "basis", pqm_str(basis[h->basis]));
	for (size_t i = 0; i < h->n_layers && out->n < PQM_TRAITS_MAX; i++)
		trait(out, "layer", h->layers[i]);
}

static bool listed(const struct pqm_yaml *want, pqm_bytes value)
{
	if (want->type == PQM_YAML_SCALAR)
		return pqm_eq(want->text, value);
	for (size_t i = 0; want->type == PQM_YAML_SEQ && i < want->n; i++)
		if (pqm_eq(pqm_yaml_text(want->items[i]), value))
			return true;
	return false;
}

bool pqm_traits_fit(const struct pqm_traits *t, const struct pqm_yaml *conditions)
{
	if (conditions == NULL || conditions->type != PQM_YAML_MAP)
		return false;
	for (size_t i = 0; i < conditions->n; i++) {
		bool fits = false;

		for (size_t k = 0; k < t->n && !fits; k++)
			fits = pqm_eqs(conditions->keys[i]->text, t->t[k].key) &&
				listed(conditions->items[i], t->t[k].value);
		if (!fits)
			return false;
	}
	return true;
}

bool pqm_rule_wants(const struct pqm_rule *rule, const struct pqm_traits *t)
{
	const struct pqm_yaml *when = pqm_yaml_get(rule->node, "when");

	for (size_t i = 0; when != NULL && when->type == PQM_YAML_SEQ && i < when->n; i++)
		if (pqm_traits_fit(t, pqm_yaml_get(when->items[i], t->kind)))
			return true;
	return false;
}

static bool names_type(const struct pqm_yaml *list, pqm_bytes type)
{
	for (size_t i = 0; list != NULL && list->type == PQM_YAML_SEQ && i < list->n; i++)
		if (pqm_eq(pqm_yaml_text(list->items[i]), type) ||
			pqm_eq(pqm_yaml_str(list->items[i], "type"), type))
			return true;
	return false;
}

/* "needed by TYPE": TYPE depends on this type, or leads on to it, directly or not. */
static bool is_needed_by(const struct pqm_rules *r, const struct pqm_rule *rule, pqm_bytes type)
{
	const struct pqm_rule *by = pqm_plan_type(r, type);
	pqm_bytes own = pqm_yaml_str(rule->node, "type");

	return by != NULL && own.n > 0 &&
		(names_type(pqm_yaml_get(by->node, "depends"), own) ||
			names_type(pqm_yaml_get(by->node, "then"), own));
}

bool pqm_plan_rule_takes(const struct pqm_rules *r, const struct pqm_rule *rule, pqm_bytes sample)
{
	static const char *const kinds[] = { "hop", "finding", "asset", "practice", "contrast",
		"estate", "keys", "pilot" };
	static const char *const keys[] = { "task", "use", "data", "exposure", "coverage",
		"verdict", "basis", "layer", "meaning", "function", "quantum", "classical",
		"evidence", "family", "rule", "shipped", "life", "impact", "owner", "kind", "id",
		"sides", "coded", "classical_uses", "regimes", "stack" };
	pqm_bytes rest = sample, word;
	struct pqm_traits t = { 0 };

	if (!pqm_split(&rest, ' ', &word))
		return false;
	if (pqm_eqs(word, "phase"))
		return pqm_eq(rest, pqm_yaml_str(rule->node, "phase")) &&
			pqm_starts(rule->id, PQM_LIT("plan.phase."));
	if (pqm_starts(rule->file, PQM_LIT("plan/software")))
		return tk_software_takes(rule, sample);
	if (pqm_starts(rule->file, PQM_LIT("plan/libraries")))
		return pqm_eqs(word, "library") && tk_library_is(rule, rest);
	if (pqm_starts(rule->file, PQM_LIT("plan/regimes")))
		return tk_regime_takes(rule, sample);
	if (pqm_starts(sample, PQM_LIT("needed by ")))
		return is_needed_by(r, rule, pqm_sub(sample, 10, sample.n));
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (pqm_eqs(word, kinds[i]))
			t.kind = kinds[i];
	while (t.kind != NULL && pqm_split(&rest, ' ', &word) && t.n < PQM_TRAITS_MAX) {
		size_t eq = pqm_find_byte(word, 0, '=');

		for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
			if (eq != SIZE_MAX && pqm_eqs(pqm_sub(word, 0, eq), keys[i]))
				trait(&t, keys[i], pqm_sub(word, eq + 1, word.n));
	}
	return t.kind != NULL && pqm_rule_wants(rule, &t);
}
