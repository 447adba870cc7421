#include "threats.h"

#define THREATS_FILE "risk/threats.yaml"

static bool has_text(const struct pqm_yaml *list, pqm_bytes word)
{
	for (size_t i = 0; list != NULL && i < list->n; i++)
		if (pqm_eq(pqm_yaml_text(list->items[i]), word))
			return true;
	return false;
}

bool pqm_threat_concerns(const struct pqm_rule *rule, pqm_bytes life_class, char use)
{
	const struct pqm_yaml *assets = pqm_yaml_get(rule->node, "assets");
	pqm_bytes letter = { (const uint8_t *)&use, 1 };

	return has_text(pqm_yaml_get(rule->node, "uses"), letter) &&
		(pqm_eqs(pqm_yaml_text(assets), "any") || has_text(assets, life_class));
}

bool pqm_threat_rule_takes(const struct pqm_rule *rule, pqm_bytes sample)
{
	pqm_bytes rest = sample, class, use;

	return pqm_split(&rest, ' ', &class) && pqm_split(&rest, ' ', &use) && use.n == 1 &&
		pqm_threat_concerns(rule, class, (char)use.p[0]);
}

struct finder {
	struct pqm_asset_score *s;
	const struct pqm_risk_params *p;
	struct pqm_arena *arena;
	struct pqm_exposure *tmp; /* room for all uses */
	struct pqm_threat *out;
};

static bool concerns(const struct finder *f, const struct pqm_rule *rule, size_t use, bool broken)
{
	const struct pqm_use_score *u = &f->s->uses[use];

	return u->is_broken_today == broken && (broken || u->p[PQM_STRESS] > 0) &&
		pqm_threat_concerns(rule, f->s->asset->life_class, u->v.use);
}

/* The threat's chance: the union over its uses. */
static void weigh(const struct finder *f, struct pqm_threat *t)
{
	struct pqm_exposure *e = f->tmp;

	for (enum pqm_scenario s = PQM_SLOW; s < PQM_N_SCENARIOS && !t->is_open_today; s++) {
		for (size_t i = 0; i < t->n_uses; i++)
			e[i] = (struct pqm_exposure){ pqm_risk_h_joint(f->p,
							      &f->s->uses[t->uses[i]].v, s, false),
				f->s->uses[t->uses[i]].tau[s] };
		t->p[s] = pqm_risk_union(f->p, s, f->s->uses[0].v.assessed, e, t->n_uses);
	}
}

static bool find(const struct finder *f, const struct pqm_rule *rule, bool broken)
{
	struct pqm_threat t = { .id = rule->id,
		.title = pqm_yaml_str(rule->node, "title"),
		.when = broken ? PQM_LIT("open today") : pqm_yaml_str(rule->node, "when"),
		.why = pqm_yaml_str(rule->node, "why"),
		.is_open_today = broken };
	uint32_t *uses;

	for (size_t i = 0; i < f->s->n_uses; i++)
		t.n_uses += concerns(f, rule, i, broken);
	if (t.n_uses == 0)
		return true;
	uses = pqm_new(f->arena, uint32_t, t.n_uses);
	if (uses == NULL)
		return false;
	t.uses = uses;
	for (size_t i = 0; i < f->s->n_uses; i++)
		if (concerns(f, rule, i, broken))
			*uses++ = (uint32_t)i;
	weigh(f, &t);
	f->out[f->s->n_threats++] = t;
	return true;
}

enum pqm_st pqm_threats_of(struct pqm_asset_score *s, const struct pqm_rules *rules,
	const struct pqm_risk_params *p, struct pqm_exposure *tmp, struct pqm_arena *arena,
	struct pqm_err *err)
{
	const struct pqm_rule *rule;
	struct finder f = { .s = s, .p = p, .arena = arena, .tmp = tmp };
	size_t n = 0;
	bool ok;

	for (size_t i = 0; pqm_rules_next(rules, THREATS_FILE, &i) != NULL;)
		n++;
	f.out = pqm_new(arena, struct pqm_threat, 2 * n);
	ok = f.out != NULL;
	s->threats = f.out;
	s->n_threats = 0;
	for (int broken = 1; broken >= 0; broken--)
		for (size_t i = 0; ok && (rule = pqm_rules_next(rules, THREATS_FILE, &i)) != NULL;)
			ok = find(&f, rule, broken == 1);
	return ok ? PQM_OK : pqm_fail(err, PQM_ENOMEM, "assessment: out of memory");
}
