/* gb_workers.c — what the workers of one job send each other. */
#include "build.h"

/* The field, variable or argument that shows such workers, or NULL. */
static const struct pqm_fact *shown_by(const struct gb_thing *t, const struct pqm_yaml *c)
{
	if (!pqm_k8s_listed(pqm_yaml_get(c, "kinds"), t->o->kind) ||
		gb_has_fact(t->o, pqm_yaml_get(c, "unless")))
		return NULL;
	for (size_t i = 0; i < t->o->n_facts; i++) {
		const struct pqm_fact *f = &t->o->facts[i];

		if (pqm_k8s_listed(pqm_yaml_get(c, "fields"), f->key) ||
			(pqm_glob(PQM_LIT("*env[*].name"), f->key) &&
				pqm_k8s_listed(pqm_yaml_get(c, "env"), f->value)) ||
			(pqm_glob(PQM_LIT("*args[*]"), f->key) &&
				pqm_k8s_listed(pqm_yaml_get(c, "flags"), f->value)))
			return f;
	}
	return NULL;
}

static void put_hop(struct gb *b, struct gb_draft *d, const struct gb_thing *t,
	const struct pqm_rule *rule, const struct pqm_fact *by)
{
	const struct pqm_yaml *c = pqm_yaml_get(rule->node, "collective");
	bool is_served = pqm_yaml_true(c, "served");
	const struct gb_call call = { .server = t, .use_mesh = is_served };
	struct gb_kex k;

	if (is_served)
		gb_server_kex(b, &call, &k);
	else
		gb_network_kex(b, &call, &k);
	k.is_template = gb_is_template(b, t->node);
	if (k.verdict == PQM_V_PLAINTEXT)
		k.why = pqm_arena_f(b->arena, "'%.*s' shows several workers. %.*s",
			PQM_FMT(by->value), PQM_FMT(pqm_yaml_str(rule->node, "why")));
	if (!is_served || k.path.n == 0) {
		k.ref = by->key;
		k.path = t->o->path;
		k.line = by->line;
	}
	gb_hop_put(b, d,
		&(struct gb_hop){ 'K', gb_inside(b, t->node, "between pods of one job"), t->node,
			t->node,
			pqm_arena_f(b->arena, "workers of %.*s: %.*s", PQM_FMT(t->o->name),
				PQM_FMT((k.verdict == PQM_V_PLAINTEXT ? pqm_yaml_str(c, "plain")
								      : k.words))),
			"mesh-link-hybrid" },
		&k);
}

void gb_workers_hops(struct gb *b, struct gb_draft *d, const struct gb_thing *t)
{
	const struct pqm_rule *rule;
	size_t i = 0;

	while ((rule = gb_ai_next(b, &i)) != NULL) {
		const struct pqm_yaml *c = pqm_yaml_get(rule->node, "collective");
		const struct pqm_fact *by = c == NULL || !pqm_eq(pqm_yaml_str(c, "role"), d->role)
			? NULL
			: shown_by(t, c);

		if (by != NULL)
			put_hop(b, d, t, rule, by);
	}
}

void gb_workers_assets(struct gb *b, const struct gb_thing *t)
{
	const struct pqm_rule *rule;
	size_t i = 0, k = 0;

	while ((rule = gb_ai_next(b, &i)) != NULL) {
		const struct pqm_yaml *c = pqm_yaml_get(rule->node, "collective");
		pqm_bytes role = pqm_yaml_str(c, "role");

		if (c == NULL || !pqm_yaml_true(c, "makes_asset") || shown_by(t, c) == NULL ||
			gb_draft_of_role(b, t->node, role, &k) != NULL)
			continue;
		(void)gb_draft_default(b, t, role, role, PQM_LIT("collective operations"));
	}
}
