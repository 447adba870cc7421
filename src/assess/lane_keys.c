/* lane_keys.c — rotation: half the slack that an asset's lasting keys have, as its period. */
#include "lane.h"

#include "run.h"

#define HALVINGS 60 /* a century to far below a second */

struct bounds {
	double min_days, max_days;
};

/* Keys that stay for years; those of K are gone with their session. */
static bool is_lasting(char use)
{
	return use == 'W' || use == 'T' || use == 'S' || use == 'L';
}

/* The year by which the machine is as likely there as not, for the class of these layers; a curve
 * that ends before that gives its last year. */
static double middle_of(const struct pqm_risk_params *p, const struct pqm_vector *v)
{
	double from = v->assessed, to = pqm_risk_horizon(p);

	for (unsigned i = 0; i < HALVINGS; i++) {
		double mid = (from + to) / 2;

		if (pqm_risk_g(p, PQM_CENTRAL, v->assessed, pqm_risk_tau(p, v, PQM_CENTRAL, mid)) <
			0.5)
			from = mid;
		else
			to = mid;
	}
	return to;
}

static const struct pqm_run_duty *first_duty(const struct pqm_run *r, const struct pqm_vector *v)
{
	for (size_t i = 0; i < r->n_duties; i++) /* by date */
		if (pqm_duty_concerns(&r->duties[i], v))
			return &r->duties[i];
	return NULL;
}

/* Slack and period of one use. What is wrapped today must stay secret for its life, so the machine
 * is nearer by that much; a signature matters while it is checked. */
static struct pqm_rotation one(struct tk_maker *m, const struct pqm_asset *a,
	const struct pqm_vector *v, const struct bounds *b)
{
	const struct pqm_run_duty *d = first_duty(m->run, v);
	struct pqm_rotation out = {
		.asset = a->id, .use = v->use, .deadline = d == NULL ? INT64_MAX : d->date
	};

	if (d != NULL)
		out.deadline_id = d->rule->id;
	out.life_years = v->use == 'W' || v->use == 'T' ? v->life_years : 0;
	out.middle_year = middle_of(m->p, v);
	out.slack_years = out.middle_year - out.life_years - v->assessed;
	if (d != NULL)
		out.slack_years = fmin(out.slack_years,
			(double)(d->date - m->run->opt->now_days) / PQM_DAYS_PER_YEAR);
	out.period_days = fmin(b->max_days,
		fmax(b->min_days, floor(out.slack_years * PQM_DAYS_PER_YEAR / 2 + 1e-9)));
	return out;
}

static pqm_bytes words(struct tk_maker *m, const struct pqm_asset *a, const struct pqm_rotation *r)
{
	static const struct {
		char use;
		const char *key;
	} keys[] = { { 'W', "wrapping key" }, { 'T', "server key of RSA key transport" },
		{ 'S', "certificate key" }, { 'L', "signing key" } };

	const char *key = "key";
	pqm_bytes why;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (keys[i].use == r->use)
			key = keys[i].key;
	/* The rule's least period won over half of the slack. */
	if (r->slack_years > 0 && 2 * r->period_days > r->slack_years * PQM_DAYS_PER_YEAR)
		return pqm_arena_f(m->arena,
			"%.*s, %s: at once; no routine period fits a slack of %.0f days (the least "
			"is %.0f days)",
			PQM_FMT(a->name), key, floor(r->slack_years * PQM_DAYS_PER_YEAR + 1e-9),
			r->period_days);
	if (r->slack_years <= 0)
		return pqm_arena_f(m->arena,
			"%.*s, %s: at once, then every %.0f days: no slack is left (what it "
			"protects lives %.1f years, the machine is as likely there as not by %.1f)",
			PQM_FMT(a->name), key, r->period_days, r->life_years, r->middle_year);
	why = r->deadline_id.n > 0
		? pqm_arena_f(m->arena, "; first date %.*s", PQM_FMT(r->deadline_id))
		: PQM_LIT("");
	return pqm_arena_f(m->arena, "%.*s, %s: every %.0f days (slack %.2f years%.*s)",
		PQM_FMT(a->name), key, r->period_days, r->slack_years, PQM_FMT(why));
}

/* The nearer of two for the same asset and use is kept. */
static bool merge(struct pqm_rotation *list, size_t n, const struct pqm_rotation *r)
{
	for (size_t i = n; i > 0 && pqm_eq(list[i - 1].asset, r->asset); i--)
		if (list[i - 1].use == r->use) {
			if (r->slack_years < list[i - 1].slack_years)
				list[i - 1] = *r;
			return true;
		}
	return false;
}

static size_t of_asset(struct tk_maker *m, size_t a, const struct pqm_rule *rule,
	struct pqm_rotation *list, size_t n)
{
	const struct pqm_yaml *node = pqm_yaml_get(rule->node, "rotation");
	const struct pqm_asset *s = &m->g->assets[a];
	struct bounds b = { 0, 0 };
	char letter[2] = { 0, 0 };

	if (!pqm_yaml_f64(node, "min_days", &b.min_days) ||
		!pqm_yaml_f64(node, "max_days", &b.max_days) || !(b.min_days >= 1) ||
		b.max_days < b.min_days) {
		m->st = pqm_rule_fail(
			rule, node, m->err, "rotation needs 1 <= min_days <= max_days");
		return n;
	}
	for (size_t h = 0; h < s->n_hops; h++) {
		const struct pqm_run_use *u = &m->run->uses[a][h];
		struct pqm_traits t = { .kind = "keys", .n = 1 };

		letter[0] = s->hops[h].use;
		t.t[0] = (struct pqm_trait){ "use", { (const uint8_t *)letter, 1 } };
		if (!is_lasting(s->hops[h].use) || u->is_safe || u->is_broken ||
			!pqm_rule_wants(rule, &t))
			continue;
		struct pqm_rotation r = one(m, s, &u->v, &b);

		if (!merge(list, n, &r))
			list[n++] = r;
	}
	return n;
}

static void for_rule(struct tk_maker *m, const struct pqm_rule *rule)
{
	struct pqm_rotation *list;
	size_t n = 0, most = 0;
	uint32_t task;

	for (size_t a = 0; a < m->g->n_assets; a++)
		most += m->g->assets[a].n_hops < 4 ? m->g->assets[a].n_hops : 4;
	list = pqm_new(m->arena, struct pqm_rotation, most);
	if (list == NULL) {
		tk_no_memory(m);
		return;
	}
	for (size_t a = 0; a < m->g->n_assets && m->st == PQM_OK; a++)
		if (!m->g->assets[a].is_unassigned)
			n = of_asset(m, a, rule, list, n);
	task = n > 0 ? tk_lane_draft(m, rule, tk_everywhere()) : UINT32_MAX;
	for (size_t a = 0, i = 0; a < m->g->n_assets && m->st == PQM_OK && i < n; a++) {
		const struct pqm_asset *s = &m->g->assets[a];

		for (; i < n && pqm_eq(list[i].asset, s->id) && m->st == PQM_OK; i++) {
			tk_lane_place(m, task, words(m, s, &list[i]));
			tk_lane_asset(m, task, s->id);
			tk_lane_unit(m, task, s->id);
		}
	}
	if (m->st == PQM_OK && n > 0) {
		m->d[task].t.rotations = list;
		m->d[task].t.n_rotations = n;
	}
}

void tk_lane_keys(struct tk_maker *m)
{
	for (size_t i = 0; i < m->n_rules && m->st == PQM_OK; i++)
		if (pqm_yaml_get(m->rules[i]->node, "rotation") != NULL)
			for_rule(m, m->rules[i]);
}
