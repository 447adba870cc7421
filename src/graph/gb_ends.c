/* gb_ends.c — who terminates the TLS of a hop, and what else is told about it. */
#include "build.h"

#define VERSIONS_MAX 4

static void load(struct gb *b)
{
	const struct pqm_rule *rule;
	size_t i = 0;

	while (b->st == PQM_OK && (rule = pqm_rules_next(b->r, "k8s/ends", &i)) != NULL) {
		/* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers is meant */
		const struct pqm_rule **grown =
			pqm_grow(b->arena, b->end_rules, b->n_end_rules, &b->cap_end_rules);

		if (grown == NULL) {
			gb_fail(b, "rules");
			return;
		}
		b->end_rules = grown;
		b->end_rules[b->n_end_rules++] = rule;
	}
}

/* The fact by which an entry of a rule fits the object; *fits also where it names no field. */
static const struct pqm_fact *fit(
	const struct pqm_object *o, const struct pqm_yaml *entry, bool *fits)
{
	pqm_bytes at = pqm_yaml_str(entry, "at"), is = pqm_yaml_str(entry, "is");
	const struct pqm_fact *f;
	size_t i = 0;

	*fits = pqm_eq(pqm_yaml_str(entry, "kind"), o->kind);
	if (!*fits || at.n == 0)
		return NULL;
	while ((f = gb_fact(o, at, &i)) != NULL)
		if (is.n == 0 || pqm_k8s_fits(is, f->value))
			return f;
	*fits = false;
	return NULL;
}

static bool rule_fits(const struct pqm_rule *rule, const struct pqm_object *o, pqm_bytes *value)
{
	const struct pqm_yaml *list = pqm_yaml_get(rule->node, "ends");

	for (size_t i = 0; list != NULL && i < list->n; i++) {
		bool fits;
		const struct pqm_fact *f = fit(o, list->items[i], &fits);

		if (fits) {
			*value = f == NULL ? (pqm_bytes){ NULL, 0 } : f->value;
			return true;
		}
	}
	return false;
}

/* The object and the class that it names. */
static size_t speakers(const struct gb *b, uint32_t node, const struct gb_thing *out[2])
{
	const struct pqm_edge *e;
	size_t n = 0, i = 0;

	if (b->of_node[node] != NULL)
		out[n++] = b->of_node[node];
	if ((e = gb_out(b, node, "of-class", &i)) != NULL && b->of_node[e->to] != NULL)
		out[n++] = b->of_node[e->to];
	return n;
}

static pqm_bytes fill(struct gb *b, pqm_bytes words, pqm_bytes value)
{
	size_t at = pqm_find(words, 0, PQM_LIT("{value}"));

	if (at == SIZE_MAX)
		return words;
	return pqm_arena_f(b->arena, "%.*s%.*s%.*s", PQM_FMT(pqm_sub(words, 0, at)), PQM_FMT(value),
		PQM_FMT(pqm_sub(words, at + 7, words.n)));
}

pqm_bytes gb_end_of(struct gb *b, uint32_t node, bool *outside)
{
	const struct gb_thing *t[2];
	size_t n = speakers(b, node, t);

	*outside = false;
	if (b->n_end_rules == 0)
		load(b);
	for (size_t i = 0; i < b->n_end_rules; i++)
		for (size_t k = 0; k < n; k++) {
			const struct pqm_rule *rule = b->end_rules[i];
			pqm_bytes value;

			if (!rule_fits(rule, t[k]->o, &value))
				continue;
			*outside = pqm_yaml_true(rule->node, "outside");
			return fill(b, pqm_yaml_str(rule->node, "words"), value);
		}
	return (pqm_bytes){ NULL, 0 };
}

static bool add_versions(
	struct gb *b, const struct pqm_object *o, const struct pqm_yaml *rule, pqm_bytes *out)
{
	static const struct {
		const char *list, *words;
	} parts[] = { { "list", "" }, { "min", "from " }, { "max", "up to " } };

	size_t n = 0;

	for (size_t p = 0; p < sizeof(parts) / sizeof(parts[0]); p++) {
		const struct pqm_yaml *globs = pqm_yaml_get(rule, parts[p].list);

		for (size_t i = 0; globs != NULL && i < o->n_facts && n < VERSIONS_MAX; i++) {
			if (!pqm_k8s_listed(globs, o->facts[i].key))
				continue;
			*out = pqm_arena_f(b->arena, "%.*s%s%s%.*s", PQM_FMT(*out),
				n++ > 0 ? ", " : "", parts[p].words, PQM_FMT(o->facts[i].value));
		}
	}
	return n > 0;
}

/* As the edge sets them, else what configures it. */
static pqm_bytes versions_of(struct gb *b, uint32_t edge)
{
	const struct pqm_rule *rule = pqm_rules_get(b->r, PQM_LIT("k8s.hop.versions"));
	const struct pqm_yaml *from = rule == NULL ? NULL : pqm_yaml_get(rule->node, "versions");
	const struct gb_thing *t = b->of_node[edge];
	pqm_bytes out = { NULL, 0 };
	const struct pqm_edge *e;
	size_t i = 0;

	if (t != NULL && add_versions(b, t->o, from, &out))
		return out;
	while ((e = gb_in(b, edge, "configures", &i)) != NULL) {
		t = b->of_node[e->from];
		if (t != NULL && add_versions(b, t->o, from, &out))
			return out;
	}
	i = 0;
	while ((e = gb_out(b, edge, "configured-by", &i)) != NULL) {
		t = b->of_node[e->to];
		if (t != NULL && add_versions(b, t->o, from, &out))
			return out;
	}
	return out;
}

void gb_edge_ends(struct gb *b, uint32_t edge, struct gb_kex *k)
{
	bool outside;

	k->is_template = k->is_template || gb_is_template(b, edge);
	if (k->verdict == PQM_V_PLAINTEXT) {
		k->ends = PQM_LIT(GB_NOBODY);
		k->protocol = PQM_LIT("none");
		return;
	}
	if (k->ends.n == 0)
		k->ends = gb_end_of(b, edge, &outside);
	if (k->ends.n == 0)
		k->ends = pqm_arena_f(b->arena, "the controller of this %.*s, not named here",
			PQM_FMT(b->g->nodes[edge].kind));
	if (k->protocol.n == 0)
		k->protocol = PQM_LIT("TLS");
	if (k->versions.n == 0)
		k->versions = versions_of(b, edge);
}

bool gb_is_template(const struct gb *b, uint32_t node)
{
	const struct gb_thing *t = node == GB_NONE ? NULL : b->of_node[node];
	const struct pqm_fact *f = t == NULL ? NULL : gb_fact1(t->o, "pqmap.origin");

	return f != NULL && pqm_eqs(f->value, "template");
}

enum pqm_confidence gb_confidence(const struct gb_kex *k)
{
	enum pqm_confidence c = PQM_C_LOW;

	if (k->is_guess || (k->verdict == PQM_V_UNKNOWN && k->evidence != PQM_NEGOTIATED))
		return PQM_C_LOW;
	switch (k->evidence) {
	case PQM_PARSED:
	case PQM_NEGOTIATED:
		c = PQM_C_CERTAIN;
		break;
	case PQM_CONFIGURED:
	case PQM_LINKED:
		c = k->basis == PQM_EXPLICIT ? PQM_C_HIGH : PQM_C_MEDIUM;
		break;
	case PQM_HINTED:
		break;
	}
	return k->is_template && c > PQM_C_MEDIUM ? PQM_C_MEDIUM : c;
}

/* The hop that ends at a node and the one by which that node presents its certificate. */
void gb_hop_certificates(struct gb_draft *d)
{
	for (size_t i = 0; i < d->a.n_hops; i++) {
		struct pqm_hop *h = &d->a.hops[i];

		for (size_t k = 0; h->use == 'K' && k < d->a.n_hops; k++) {
			const struct pqm_hop *s = &d->a.hops[k];

			if (s->use != 'S' || s->from != h->to || h->certificate.n > 0)
				continue;
			h->certificate = s->certificate;
		}
	}
}
