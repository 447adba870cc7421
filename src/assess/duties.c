/* duties.c — deadlines of the chosen regimes, what they concern, and how much slack is left. */
#include "base/num.h"
#include "run.h"

bool pqm_run_is_chosen(const struct pqm_run *r, pqm_bytes regime)
{
	for (size_t i = 0; i < r->opt->n_regimes; i++)
		if (pqm_eq(r->opt->regimes[i], regime))
			return true;
	return false;
}

/* The last day that classical use is allowed; failing that, unqualified; failing that, a duty. */
static bool date_of(const struct pqm_rule *rule, int64_t *out)
{
	return pqm_date_parse(pqm_yaml_str(rule->node, "disallow_after"), out) ||
		pqm_date_parse(pqm_yaml_str(rule->node, "deprecate_after"), out) ||
		pqm_date_parse(pqm_yaml_str(rule->node, "milestone_date"), out);
}

static enum pqm_st check_regimes(const struct pqm_run *r)
{
	for (size_t k = 0; k < r->opt->n_regimes; k++) {
		const struct pqm_rule *rule;
		bool known = false;

		for (size_t i = 0;
			!known && (rule = pqm_rules_next(r->rules, "deadlines.yaml", &i)) != NULL;)
			known = pqm_eq(pqm_yaml_str(rule->node, "regime"), r->opt->regimes[k]);
		if (!known)
			return pqm_fail(r->err, PQM_EUSAGE,
				"regime '%.*s' is unknown; `pqmap rules list deadline` names them",
				PQM_FMT(r->opt->regimes[k]));
	}
	return PQM_OK;
}

static int by_date(const void *x, const void *y)
{
	const struct pqm_run_duty *a = x, *b = y;

	if (a->date != b->date)
		return a->date < b->date ? -1 : 1;
	return pqm_cmp(a->rule->id, b->rule->id);
}

enum pqm_st pqm_run_duties(struct pqm_run *r)
{
	const struct pqm_rule *rule;
	enum pqm_st st = check_regimes(r);

	if (st != PQM_OK)
		return st;
	r->duties = pqm_new(&r->scratch, struct pqm_run_duty, r->rules->n);
	if (r->duties == NULL)
		return pqm_fail(r->err, PQM_ENOMEM, "assessment: out of memory");
	for (size_t i = 0; (rule = pqm_rules_next(r->rules, "deadlines.yaml", &i)) != NULL;) {
		struct pqm_run_duty d = { .rule = rule };

		if (!pqm_run_is_chosen(r, pqm_yaml_str(rule->node, "regime")) ||
			!date_of(rule, &d.date))
			continue;
		d.function = pqm_yaml_str(rule->node, "function");
		d.strength = pqm_yaml_str(rule->node, "strength");
		r->duties[r->n_duties++] = d;
	}
	qsort(r->duties, r->n_duties, sizeof(*r->duties), by_date);
	return PQM_OK;
}

/* Words of the deadline rules for what a layer does in a use. */
static bool class_listed(const struct pqm_yaml *classes, char use, const char *layer)
{
	static const char *const rsa_kex[] = { "RSA-KT", "FFDH", "RSA" },
				 *const ec_kex[] = { "ECDH" };
	static const char *const rsa_sig[] = { "RSA", "DSA" },
				 *const ec_sig[] = { "ECDSA", "EdDSA" };
	bool sig = use == 'S' || use == 'L', rsa = layer[0] == 'R', ec = layer[0] == 'E';
	const char *const *words = sig ? (rsa ? rsa_sig : ec_sig) : (rsa ? rsa_kex : ec_kex);
	size_t n = sig ? 2 : rsa ? 3 : 1;

	if (classes == NULL || classes->type != PQM_YAML_SEQ || classes->n == 0 || (!rsa && !ec))
		return true; /* unknown is never safe */
	for (size_t i = 0; i < classes->n; i++)
		for (size_t k = 0; k < n; k++)
			if (pqm_eqs(pqm_yaml_text(classes->items[i]), words[k]))
				return true;
	return false;
}

static bool strength_fits(pqm_bytes want, const char *layer)
{
	bool low = strcmp(layer, "R2048") == 0 || strcmp(layer, "WEAK") == 0;
	bool high = layer[0] == 'E' || (layer[0] == 'R' && !low);

	if (pqm_eqs(want, "112"))
		return !high;
	return !pqm_eqs(want, ">=128") || !low;
}

bool pqm_duty_concerns(const struct pqm_run_duty *d, const struct pqm_vector *v)
{
	const struct pqm_yaml *classes = pqm_yaml_get(d->rule->node, "classes");
	bool sig = v->use == 'S' || v->use == 'L';

	if (!pqm_eqs(d->function, "all") && !pqm_eqs(d->function, sig ? "sig" : "kex"))
		return false;
	for (size_t i = 0; i < v->n_layers; i++)
		if (strength_fits(d->strength, v->layers[i]) &&
			class_listed(classes, v->use, v->layers[i]))
			return true;
	return false;
}

static double years_between(int64_t from, int64_t to)
{
	return (double)(to - from) / PQM_DAYS_PER_YEAR;
}

/* A use that the plan does not reach counts with its assumed migration time. */
static int64_t finish_of(const struct pqm_run *r, const struct pqm_run_use *u)
{
	return u->finish != INT64_MIN ? u->finish
				      : r->opt->now_days + (int64_t)ceil(u->y * PQM_DAYS_PER_YEAR);
}

static pqm_bytes title_of(struct pqm_run *r, const struct pqm_run_duty *d)
{
	static const char *const words[][2] = { { "kex", "key establishment" },
		{ "sig", "signatures" }, { "all", "all public-key cryptography" },
		{ "inventory", "inventory" }, { "plan", "migration plan" },
		{ "protocol", "protocol versions" }, { "module", "validated modules" } };
	pqm_bytes regime = pqm_yaml_str(d->rule->node, "regime"),
		  milestone = pqm_yaml_str(d->rule->node, "milestone"), what = d->function;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (pqm_eqs(d->function, words[i][0]))
			what = pqm_str(words[i][1]);
	if (milestone.n > 0)
		return pqm_arena_f(&r->plan->arena, "%.*s, %.*s: %.*s", PQM_FMT(regime),
			PQM_FMT(what), PQM_FMT(milestone));
	if (pqm_eqs(d->strength, "112") || pqm_eqs(d->strength, ">=128"))
		return pqm_arena_f(&r->plan->arena, "%.*s, %.*s, %.*s-bit strength",
			PQM_FMT(regime), PQM_FMT(what), PQM_FMT(d->strength));
	return pqm_arena_f(&r->plan->arena, "%.*s, %.*s", PQM_FMT(regime), PQM_FMT(what));
}

static void fill_rung(struct pqm_run *r, struct pqm_deadline *out, const struct pqm_run_duty *d)
{
	const struct pqm_yaml *node = d->rule->node, *source = pqm_yaml_get(node, "source");

	*out = (struct pqm_deadline){ .id = d->rule->id,
		.regime = pqm_yaml_str(node, "regime"),
		.title = title_of(r, d),
		.function = d->function,
		.force = pqm_yaml_str(node, "force"),
		.note = pqm_yaml_str(node, "note"),
		.source = pqm_yaml_str(source, "title"),
		.applies_to = pqm_yaml_str(node, "applies_to"),
		.is_others = pqm_eqs(pqm_yaml_str(node, "addressee"), "others"),
		.date = d->date,
		.finish = INT64_MIN };
	/* An inventory duty is met by this report. Whether a plan was filed or a pilot ran, nobody told us. */
	if (pqm_eqs(d->function, "inventory"))
		out->finish = r->opt->now_days;
	for (size_t a = 0; a < r->g->n_assets; a++)
		for (size_t h = 0; h < r->g->assets[a].n_hops; h++) {
			const struct pqm_run_use *u = &r->uses[a][h];

			if (!u->is_safe && pqm_duty_concerns(d, &u->v) &&
				finish_of(r, u) > out->finish)
				out->finish = finish_of(r, u);
		}
	out->is_met = (out->finish == INT64_MIN ? r->opt->now_days : out->finish) <= out->date;
	out->slack_years =
		years_between(out->finish == INT64_MIN ? r->opt->now_days : out->finish, out->date);
}

enum pqm_st pqm_run_ladder(struct pqm_run *r)
{
	r->plan->deadlines = pqm_new(&r->plan->arena, struct pqm_deadline, r->n_duties);
	if (r->plan->deadlines == NULL)
		return pqm_fail(r->err, PQM_ENOMEM, "plan: out of memory");
	for (size_t i = 0; i < r->n_duties; i++)
		fill_rung(r, &r->plan->deadlines[i], &r->duties[i]);
	r->plan->n_deadlines = r->n_duties;
	return PQM_OK;
}

enum pqm_decision pqm_run_deadline_axis(const struct pqm_run *r, size_t asset)
{
	enum pqm_decision worst = PQM_TRACK;

	for (size_t i = 0; i < r->n_duties; i++)
		for (size_t h = 0; h < r->g->assets[asset].n_hops; h++) {
			const struct pqm_run_use *u = &r->uses[asset][h];
			enum pqm_decision d;

			if (u->is_safe || !pqm_duty_concerns(&r->duties[i], &u->v))
				continue;
			d = pqm_risk_by_slack(
				&r->p, years_between(finish_of(r, u), r->duties[i].date));
			worst = d > worst ? d : worst;
		}
	return worst;
}
