#include "build.h"

#include "gb_signals.h"

/* What is read before a template is filled in is medium at most [design/kubernetes-ai.md §5]. */
#define TEMPLATE_MAX 0.84

void gb_ai_rules(struct gb *b)
{
	const struct pqm_rule *rule;
	size_t i = 0;

	while (b->st == PQM_OK && (rule = pqm_rules_next(b->r, "ai/", &i)) != NULL) {
		/* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers is meant */
		const struct pqm_rule **grown =
			pqm_grow(b->arena, b->ai_rules, b->n_ai_rules, &b->cap_ai_rules);

		if (grown == NULL) {
			gb_fail(b, "rules");
			return;
		}
		b->ai_rules = grown;
		if (pqm_yaml_get(rule->node, "weight") == NULL)
			b->ai_rules[b->n_ai_rules++] = rule;
	}
}

const struct pqm_rule *gb_ai_next(const struct gb *b, size_t *i)
{
	return *i < b->n_ai_rules ? b->ai_rules[(*i)++] : NULL;
}

const struct pqm_rule *gb_ai_rule(const struct gb *b, const char *key, pqm_bytes value)
{
	const struct pqm_rule *rule;
	size_t i = 0;

	while ((rule = gb_ai_next(b, &i)) != NULL)
		if (pqm_yaml_get(rule->node, "env") == NULL &&
			pqm_eq(pqm_yaml_str(rule->node, key), value))
			return rule;
	return NULL;
}

/* Noisy-or of a class; 0 when only signals speak that say nothing alone. */
static double score_of(const struct gb_signals *s, unsigned class)
{
	double miss = 1;
	bool alone = false;

	for (size_t i = 0; i < s->n_shown; i++) {
		const struct gb_signal *g = s->shown[i].signal;

		if ((g->classes & (1U << class)) == 0)
			continue;
		miss *= 1 - g->weight;
		alone = alone || g->is_alone;
	}
	return alone ? 1 - miss : 0;
}

/* The classes that the strongest override leaves to choose from [design/kubernetes-ai.md §2.5]. */
static unsigned allowed(const struct gb_signals *s)
{
	unsigned rank = 0, classes = 0;

	for (size_t i = 0; i < s->n_shown; i++)
		if (s->shown[i].signal->is_alone && s->shown[i].signal->rank > rank)
			rank = s->shown[i].signal->rank;
	for (size_t i = 0; i < s->n_shown; i++)
		if (rank == 0 || s->shown[i].signal->rank == rank)
			classes |= s->shown[i].signal->classes;
	return classes;
}

static void keep_signals(
	struct gb *b, struct gb_thing *t, const struct gb_signals *s, unsigned class)
{
	struct pqm_signal *out = pqm_new(b->arena, struct pqm_signal, s->n_shown + 1);

	if (out == NULL) {
		gb_fail(b, "signals");
		return;
	}
	for (size_t i = 0; i < s->n_shown; i++) {
		const struct gb_shown *k = &s->shown[i];

		if ((k->signal->classes & (1U << class)) == 0)
			continue;
		out[t->n_signals++] = (struct pqm_signal){
			pqm_arena_f(b->arena, "%.*s: %.*s",
				PQM_FMT(pqm_yaml_str(k->signal->rule->node, "words")),
				PQM_FMT(pqm_sub(k->text, 0, 120))),
			k->signal->weight, t->o->path, k->line
		};
	}
	t->signals = out;
}

static void classify(struct gb *b, struct gb_thing *t, struct gb_signals *s)
{
	unsigned classes = allowed(s), best = GB_CLASSES;

	for (unsigned i = 0; i < s->n_classes; i++) {
		double score = (classes & (1U << i)) != 0 ? score_of(s, i) : 0;

		if (score > t->confidence ||
			(score == t->confidence && best < GB_CLASSES &&
				pqm_cmp(s->classes[i], s->classes[best]) < 0)) {
			t->confidence = score;
			best = i;
		}
	}
	if (best == GB_CLASSES || pqm_eqs(s->classes[best], "none") ||
		strcmp(pqm_ai_level(t->confidence), "none") == 0) {
		t->confidence = 0;
		return;
	}
	t->ai_class = s->classes[best];
	if (gb_is_template(b, t->node) && t->confidence > TEMPLATE_MAX)
		t->confidence = TEMPLATE_MAX;
	keep_signals(b, t, s, best);
}

static void tell(struct gb *b, const struct gb_thing *t)
{
	struct pqm_node *n = &b->g->nodes[t->node];

	n->ai_class = t->ai_class;
	n->ai_confidence = t->confidence;
	n->signals = t->signals;
	n->n_signals = t->n_signals;
}

void gb_classify(struct gb *b)
{
	struct gb_signals *s = NULL;
	struct pqm_map files = { 0 };

	if (b->st == PQM_OK)
		b->st = gb_signals_new(&s, b->r, b->arena, b->err);
	gb_files(b, &files);
	for (size_t i = 0; s != NULL && i < b->n_things && b->st == PQM_OK; i++) {
		struct gb_thing *t = &b->things[i];

		if (!t->is_first)
			continue;
		if (!gb_signals_of(s, t->o, b->g->nodes[t->node].type == PQM_NODE_WORKLOAD)) {
			gb_fail(b, "signals");
			break;
		}
		if (b->g->nodes[t->node].type == PQM_NODE_WORKLOAD) {
			gb_files_of(b, &files, t, s);
			gb_images_of(b, t, s);
		}
		if (s->n_shown == 0)
			continue;
		classify(b, t, s);
		if (t->confidence > 0)
			tell(b, t);
	}
	pqm_map_fini(&files);
	gb_signals_fini(s);
}
