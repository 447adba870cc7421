#include "build.h"

#define CLASSES_MAX 16
#define SIGNALS_MAX 64

struct tally {
	pqm_bytes name[CLASSES_MAX];
	double miss[CLASSES_MAX]; /* product of (1 - weight): noisy-or is 1 - miss */
	size_t n;
};

const struct pqm_rule *gb_ai_rule(const struct gb *b, const char *key, pqm_bytes value)
{
	const struct pqm_rule *rule;
	size_t i = 0;

	while ((rule = pqm_rules_next(b->r, "ai/", &i)) != NULL)
		if (pqm_yaml_get(rule->node, "weight") == NULL &&
			pqm_yaml_get(rule->node, "env") == NULL &&
			pqm_eq(pqm_yaml_str(rule->node, key), value))
			return rule;
	return NULL;
}

static void count(struct tally *t, pqm_bytes name, double weight)
{
	size_t i = 0;

	while (i < t->n && !pqm_eq(t->name[i], name))
		i++;
	if (i == CLASSES_MAX)
		return;
	if (i == t->n) {
		t->name[i] = name;
		t->miss[i] = 1;
		t->n++;
	}
	t->miss[i] *= 1 - weight;
}

/* The fact that fires the rule; the object's own line for a kind. False: it does not fire. */
static bool fires(const struct gb *b, const struct gb_thing *t, const struct pqm_rule *rule,
	struct pqm_fact *out)
{
	const struct pqm_yaml *kinds = pqm_yaml_get(rule->node, "kinds");
	const struct pqm_yaml *at = pqm_yaml_get(rule->node, "at");
	const struct pqm_yaml *match = pqm_yaml_get(rule->node, "match");

	if (kinds != NULL) {
		pqm_bytes name = pqm_arena_f(
			b->arena, "%.*s/%.*s", PQM_FMT(t->o->group), PQM_FMT(t->o->kind));

		*out = (struct pqm_fact){ .value = t->o->kind, .line = t->o->line };
		return pqm_k8s_listed(kinds, name);
	}
	for (size_t i = 0; i < t->o->n_facts; i++)
		if (pqm_k8s_listed(at, t->o->facts[i].key) &&
			(match == NULL || pqm_k8s_listed(match, t->o->facts[i].value))) {
			*out = t->o->facts[i];
			return true;
		}
	return false;
}

static bool speaks_for(const struct pqm_rule *rule, pqm_bytes name)
{
	const struct pqm_yaml *c = pqm_yaml_get(rule->node, "class");

	return c != NULL &&
		(c->type == PQM_YAML_SEQ ? pqm_k8s_listed(c, name)
					 : pqm_eq(pqm_yaml_text(c), name));
}

static void count_rule(struct tally *t, const struct pqm_rule *rule, double weight)
{
	const struct pqm_yaml *c = pqm_yaml_get(rule->node, "class");

	if (c != NULL && c->type == PQM_YAML_SEQ)
		for (size_t i = 0; i < c->n; i++)
			count(t, pqm_yaml_text(c->items[i]), weight);
	else
		count(t, pqm_yaml_text(c), weight);
}

static void keep_signals(struct gb *b, struct gb_thing *t, const struct pqm_rule *const *fired,
	const struct pqm_fact *facts, size_t n)
{
	struct pqm_signal *out = pqm_new(b->arena, struct pqm_signal, n + 1);

	if (out == NULL) {
		gb_fail(b, "signals");
		return;
	}
	for (size_t i = 0; i < n; i++) {
		double weight = 0;

		if (!speaks_for(fired[i], t->ai_class))
			continue;
		(void)pqm_yaml_f64(fired[i]->node, "weight", &weight);
		out[t->n_signals++] =
			(struct pqm_signal){ pqm_arena_f(b->arena, "%.*s: %.*s",
						     PQM_FMT(pqm_yaml_str(fired[i]->node, "words")),
						     PQM_FMT(pqm_sub(facts[i].value, 0, 120))),
				weight, t->o->path, facts[i].line };
	}
	t->signals = out;
}

static void classify(struct gb *b, struct gb_thing *t)
{
	const struct pqm_rule *rule, *fired[SIGNALS_MAX];
	struct pqm_fact facts[SIGNALS_MAX];
	struct tally tally = { .n = 0 };
	size_t i = 0, n = 0;

	while (n < SIGNALS_MAX && (rule = pqm_rules_next(b->r, "ai/", &i)) != NULL) {
		double weight = 0;

		if (!pqm_yaml_f64(rule->node, "weight", &weight) || !fires(b, t, rule, &facts[n]))
			continue;
		count_rule(&tally, rule, weight);
		fired[n++] = rule;
	}
	for (i = 0; i < tally.n; i++) {
		double score = 1 - tally.miss[i];

		if (score > t->confidence ||
			(score == t->confidence && t->ai_class.n > 0 &&
				pqm_cmp(tally.name[i], t->ai_class) < 0)) {
			t->confidence = score;
			t->ai_class = tally.name[i];
		}
	}
	if (n > 0)
		keep_signals(b, t, fired, facts, n);
}

/* Below 0.35 the class is a guess: nothing is said [design/kubernetes-ai.md §2.5]. */
#define REPORT_MIN 0.35

void gb_classify(struct gb *b)
{
	for (size_t i = 0; i < b->n_things && b->st == PQM_OK; i++) {
		struct gb_thing *t = &b->things[i];

		if (!t->is_first || b->g->nodes[t->node].type != PQM_NODE_WORKLOAD)
			continue;
		classify(b, t);
		if (t->confidence >= REPORT_MIN)
			b->g->nodes[t->node].ai_class = t->ai_class;
	}
}
