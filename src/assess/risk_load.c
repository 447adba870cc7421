#include <math.h>

#include "base/num.h"
#include "risk.h"

static const char *const scenario_keys[] = { "slow", "central", "fast" };

/* A list of numbers of the rule, at most max. */
static enum pqm_st numbers(const struct pqm_rule *r, const char *key, double *out, size_t max,
	size_t *n, struct pqm_err *err)
{
	const struct pqm_yaml *list = pqm_yaml_get(r->node, key);

	if (list == NULL || list->type != PQM_YAML_SEQ || list->n == 0 || list->n > max)
		return pqm_rule_fail(
			r, list, err, "%s must be a list of 1 to %zu numbers", key, max);
	for (size_t i = 0; i < list->n; i++)
		if (!pqm_f64_parse(pqm_yaml_text(list->items[i]), &out[i]))
			return pqm_rule_fail(r, list->items[i], err, "%s: not a number", key);
	*n = list->n;
	return PQM_OK;
}

static enum pqm_st number(
	const struct pqm_rule *r, const char *key, double *out, struct pqm_err *err)
{
	return pqm_yaml_f64(r->node, key, out)
		? PQM_OK
		: pqm_rule_fail(r, pqm_yaml_get(r->node, key), err, "%s must be a number", key);
}

/* slow, central, fast; stress takes the fast value. */
static enum pqm_st scenarios(
	const struct pqm_rule *r, double out[PQM_N_SCENARIOS], struct pqm_err *err)
{
	enum pqm_st st = PQM_OK;

	for (size_t s = 0; s < 3 && st == PQM_OK; s++)
		st = number(r, scenario_keys[s], &out[s], err);
	out[PQM_STRESS] = out[PQM_FAST];
	return st;
}

struct pqm_risk_points pqm_risk_points_of(const struct pqm_arrival *c)
{
	struct pqm_risk_points v = { .id = c->id, .n = c->n + 1 };

	v.year[0] = c->base_year;
	for (size_t i = 0; i < c->n; i++) {
		v.year[i + 1] = c->base_year + c->horizon[i];
		for (size_t s = 0; s < PQM_CURVE_LINES; s++)
			v.f[s][i + 1] = c->f[s][i];
	}
	return v;
}

void pqm_risk_params_curve(struct pqm_risk_params *p, const struct pqm_arrival *c)
{
	p->curve = *c;
	p->at = pqm_risk_points_of(c);
}

static enum pqm_st load_points(
	struct pqm_risk_params *p, const struct pqm_rule *r, struct pqm_err *err)
{
	struct pqm_arrival c;
	enum pqm_st st = pqm_curve_of_rule(&c, r, err);

	if (st == PQM_OK)
		pqm_risk_params_curve(p, &c);
	return st;
}

/* The stress curve is a rule about another curve, not one that can be chosen. */
static bool has_points(const struct pqm_rule *r)
{
	return pqm_yaml_get(r->node, "horizons_years") != NULL;
}

static enum pqm_st load_curve(struct pqm_risk_params *p, const struct pqm_rules *rules,
	pqm_bytes curve, struct pqm_err *err)
{
	const struct pqm_rule *r;
	char known[256] = "";
	size_t n = 0;

	for (size_t i = 0; (r = pqm_rules_next(rules, "risk/curves.yaml", &i)) != NULL;) {
		pqm_bytes id = pqm_yaml_str(r->node, "curve");

		if (!has_points(r))
			continue;
		if (curve.n > 0 ? pqm_eq(curve, id) : pqm_yaml_true(r->node, "recommended"))
			return load_points(p, r, err);
		int w = snprintf(known + n, sizeof(known) - n, " %.*s", PQM_FMT(id));

		if (w > 0 && (size_t)w < sizeof(known) - n)
			n += (size_t)w;
	}
	if (curve.n == 0)
		return pqm_fail(err, PQM_EUSAGE, "rules/risk/curves.yaml: no curve is recommended");
	return pqm_fail(
		err, PQM_EUSAGE, "curve '%.*s' is not known; there are:%s", PQM_FMT(curve), known);
}

/* The editions that decisions are compared under; the chosen one may be among them. */
static enum pqm_st load_others(
	struct pqm_risk_params *p, const struct pqm_rules *rules, struct pqm_err *err)
{
	const struct pqm_rule *r;
	enum pqm_st st = PQM_OK;

	for (size_t i = 0;
		st == PQM_OK && (r = pqm_rules_next(rules, "risk/curves.yaml", &i)) != NULL;) {
		struct pqm_arrival c;

		if (!has_points(r) || !pqm_yaml_true(r->node, "compare"))
			continue;
		if (p->n_other == PQM_CURVE_COMPARE_MAX)
			return pqm_rule_fail(r, NULL, err, "more than %d curves to compare",
				PQM_CURVE_COMPARE_MAX);
		st = pqm_curve_of_rule(&c, r, err);
		if (st == PQM_OK)
			p->other[p->n_other++] = pqm_risk_points_of(&c);
	}
	return st;
}

static enum pqm_st load_class(
	struct pqm_risk_params *p, const struct pqm_rule *r, struct pqm_err *err)
{
	pqm_bytes code = pqm_yaml_str(r->node, "class"), kind = pqm_yaml_str(r->node, "kind");
	struct pqm_risk_class *c = &p->classes[p->n_classes];

	if (p->n_classes == PQM_RISK_CLASSES_MAX)
		return pqm_rule_fail(r, NULL, err, "more than %d classes", PQM_RISK_CLASSES_MAX);
	if (code.n == 0 || code.n >= sizeof(c->code))
		return pqm_rule_fail(
			r, NULL, err, "class must have 1 to %zu letters", sizeof(c->code) - 1);
	memcpy(c->code, code.p, code.n);
	p->n_classes++;
	if (pqm_eqs(kind, "never"))
		c->fall = PQM_FALL_NEVER;
	else if (pqm_eqs(kind, "always"))
		c->fall = PQM_FALL_TODAY;
	else if (pqm_eqs(kind, "shift"))
		return scenarios(r, c->shift, err);
	else
		return pqm_rule_fail(r, NULL, err, "kind must be shift, never or always");
	return PQM_OK;
}

static enum pqm_st load_letter(
	struct pqm_risk_letter *table, size_t *n, const struct pqm_rule *r, struct pqm_err *err)
{
	pqm_bytes code = pqm_yaml_str(r->node, "code");

	if (*n == PQM_RISK_LETTERS_MAX || code.n != 1)
		return pqm_rule_fail(r, NULL, err, "code must be one letter, at most %d of them",
			PQM_RISK_LETTERS_MAX);
	table[*n].code = (char)code.p[0];
	table[*n].name = pqm_yaml_str(r->node, "name");
	return scenarios(r, table[(*n)++].value, err);
}

static bool decision(const struct pqm_yaml *map, const char *key, enum pqm_decision *out)
{
	pqm_bytes text = pqm_yaml_str(map, key);

	for (enum pqm_decision d = PQM_TRACK; d <= PQM_ACT; d++)
		if (pqm_eqs(text, pqm_decision_name(d))) {
			*out = d;
			return true;
		}
	return false;
}

static enum pqm_st load_impact(
	struct pqm_risk_params *p, const struct pqm_rule *r, struct pqm_err *err)
{
	uint64_t level;
	enum pqm_st st;

	if (!pqm_yaml_u64(r->node, "level", &level) || level < 1 || level > PQM_N_IMPACTS)
		return pqm_rule_fail(r, NULL, err, "level must be 1 to %d", PQM_N_IMPACTS);
	st = number(r, "low", &p->impact_low[level - 1], err);
	if (st == PQM_OK)
		st = number(r, "high", &p->impact_high[level - 1], err);
	return st == PQM_OK ? number(r, "mid", &p->impact_mid[level - 1], err) : st;
}

static enum pqm_st load_row(
	struct pqm_risk_params *p, const struct pqm_rule *r, struct pqm_err *err)
{
	static const char *const bands[PQM_N_BANDS] = { "p0", "p1", "p2", "p3" };
	uint64_t impact;

	if (!pqm_yaml_u64(r->node, "impact", &impact) || impact < 1 || impact > PQM_N_IMPACTS)
		return pqm_rule_fail(r, NULL, err, "impact must be 1 to %d", PQM_N_IMPACTS);
	for (size_t b = 0; b < PQM_N_BANDS; b++)
		if (!decision(r->node, bands[b], &p->table[b][impact - 1]))
			return pqm_rule_fail(
				r, NULL, err, "%s must be Track, Plan, Attend or Act", bands[b]);
	return PQM_OK;
}

static enum pqm_st load_band(
	struct pqm_risk_params *p, const struct pqm_rule *r, struct pqm_err *err)
{
	pqm_bytes band = pqm_yaml_str(r->node, "band");

	if (band.n != 2 || band.p[0] != 'p' || band.p[1] < '0' || band.p[1] >= '0' + PQM_N_BANDS)
		return pqm_rule_fail(r, NULL, err, "band must be p0 to p%d", PQM_N_BANDS - 1);
	return number(r, "from", &p->band_from[band.p[1] - '0'], err);
}

static enum pqm_st load_defaults(
	struct pqm_risk_params *p, const struct pqm_rule *r, struct pqm_err *err)
{
	size_t n = 0;
	enum pqm_st st = number(r, "y_years", &p->protect_years, err);

	if (st == PQM_OK)
		st = number(r, "open_years", &p->open_years, err);
	if (st == PQM_OK)
		st = number(r, "x_years", &p->life_years, err);
	if (st == PQM_OK)
		st = number(r, "w_years", &p->in_use_years, err);
	if (st == PQM_OK)
		st = number(r, "capacity_person_days_per_month", &p->capacity, err);
	if (st == PQM_OK)
		st = numbers(r, "window_months", p->window_months, 2, &n, err);
	return st;
}

static enum pqm_st load_slack(
	struct pqm_risk_params *p, const struct pqm_rule *r, struct pqm_err *err)
{
	bool late = pqm_eqs(r->id, "risk.slack.late");

	if (!decision(r->node, "at_least", late ? &p->late : &p->near))
		return pqm_rule_fail(r, NULL, err, "at_least must be Track, Plan, Attend or Act");
	return number(r, "below_years", late ? &p->late_years : &p->near_years, err);
}

static enum pqm_st load_single(
	struct pqm_risk_params *p, const struct pqm_rule *r, struct pqm_err *err)
{
	uint64_t levels;

	if (pqm_starts(r->id, PQM_LIT("risk.impact.")))
		return load_impact(p, r, err);
	if (pqm_starts(r->id, PQM_LIT("risk.band.")))
		return load_band(p, r, err);
	if (pqm_starts(r->id, PQM_LIT("risk.decision.")))
		return load_row(p, r, err);
	if (pqm_starts(r->id, PQM_LIT("risk.slack.")))
		return load_slack(p, r, err);
	if (pqm_eqs(r->id, "risk.plan-defaults"))
		return load_defaults(p, r, err);
	if (pqm_eqs(r->id, "risk.broken-today") && !decision(r->node, "at_least", &p->broken_today))
		return pqm_rule_fail(r, NULL, err, "at_least must be Track, Plan, Attend or Act");
	if (!pqm_eqs(r->id, "risk.volatile"))
		return PQM_OK;
	if (!pqm_yaml_u64(r->node, "levels", &levels) || levels < 1 || levels > PQM_ACT)
		return pqm_rule_fail(r, NULL, err, "levels must be 1 to %d", PQM_ACT);
	p->volatile_levels = (unsigned)levels;
	return PQM_OK;
}

static enum pqm_st load_rule(
	struct pqm_risk_params *p, const struct pqm_rule *r, struct pqm_err *err)
{
	if (pqm_starts(r->id, PQM_LIT("risk.shift.")))
		return load_class(p, r, err);
	if (pqm_starts(r->id, PQM_LIT("risk.harvest.")))
		return load_letter(p->harvest, &p->n_harvest, r, err);
	if (pqm_starts(r->id, PQM_LIT("risk.reach.")))
		return load_letter(p->reach, &p->n_reach, r, err);
	if (pqm_starts(r->id, PQM_LIT("risk.coverage.")))
		return load_letter(p->coverage, &p->n_coverage, r, err);
	return load_single(p, r, err);
}

enum pqm_st pqm_risk_params_load(struct pqm_risk_params *p, const struct pqm_rules *rules,
	pqm_bytes curve, struct pqm_err *err)
{
	struct pqm_risk_params v = { 0 };
	enum pqm_st st = load_curve(&v, rules, curve, err);
	const struct pqm_rule *r;

	for (size_t i = 0; st == PQM_OK && (r = pqm_rules_next(rules, "risk/", &i)) != NULL;)
		st = load_rule(&v, r, err);
	if (st == PQM_OK)
		st = load_others(&v, rules, err);
	if (st == PQM_OK)
		st = pqm_risk_params_check(&v, err);
	if (st == PQM_OK)
		*p = v;
	return st;
}

static enum pqm_st check_curve(const struct pqm_risk_params *p, struct pqm_err *err)
{
	for (size_t i = 1; i < p->at.n; i++) {
		if (!(p->at.year[i] > p->at.year[i - 1]))
			return pqm_fail(err, PQM_EUSAGE, "curve %.*s: years do not rise at %.1f",
				PQM_FMT(p->curve.id), p->at.year[i]);
		for (size_t s = 0; s < 3; s++)
			if (!(p->at.f[s][i] >= p->at.f[s][i - 1]) || !(p->at.f[s][i] <= 1))
				return pqm_fail(err, PQM_EUSAGE,
					"curve %.*s: %s falls or leaves 0 to 1 at %.1f",
					PQM_FMT(p->curve.id), scenario_keys[s], p->at.year[i]);
		if (!(p->at.f[0][i] <= p->at.f[1][i]) || !(p->at.f[1][i] <= p->at.f[2][i]))
			return pqm_fail(err, PQM_EUSAGE,
				"curve %.*s: slow, central, fast cross at %.1f",
				PQM_FMT(p->curve.id), p->at.year[i]);
	}
	return PQM_OK;
}

static bool letters_ok(const struct pqm_risk_letter *t, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t s = 0; s < PQM_N_SCENARIOS; s++)
			if (!(t[i].value[s] >= 0) || !(t[i].value[s] <= 1))
				return false;
	return n > 0;
}

/* SSVC's partial-order check: more risk or more impact never lowers the outcome. */
static bool table_ok(const struct pqm_risk_params *p)
{
	for (size_t b = 0; b < PQM_N_BANDS; b++) {
		if (b > 0 && !(p->band_from[b] > p->band_from[b - 1]))
			return false;
		for (size_t i = 0; i < PQM_N_IMPACTS; i++)
			if ((b > 0 && p->table[b][i] < p->table[b - 1][i]) ||
				(i > 0 && p->table[b][i] < p->table[b][i - 1]))
				return false;
	}
	return true;
}

enum pqm_st pqm_risk_params_check(const struct pqm_risk_params *p, struct pqm_err *err)
{
	enum pqm_st st = p->at.n < 2 ? pqm_fail(err, PQM_EUSAGE, "rules/risk: the curve is empty")
				     : check_curve(p, err);

	if (st != PQM_OK)
		return st;
	if (!letters_ok(p->harvest, p->n_harvest) || !letters_ok(p->reach, p->n_reach) ||
		!letters_ok(p->coverage, p->n_coverage))
		return pqm_fail(err, PQM_EUSAGE,
			"rules/risk/harvest.yaml: harvest, reach and coverage need values from 0 "
			"to 1");
	if (!table_ok(p))
		return pqm_fail(err, PQM_EUSAGE,
			"rules/risk/impact.yaml: the decision table is not monotone in probability "
			"and impact");
	if (p->n_classes == 0 || p->volatile_levels == 0 || !(p->capacity > 0) ||
		!(p->protect_years >= 0) || !(p->window_months[1] >= p->window_months[0]))
		return pqm_fail(err, PQM_EUSAGE,
			"rules/risk: shifts, risk.volatile or risk.plan-defaults are missing");
	for (size_t i = 0; i < PQM_N_IMPACTS; i++)
		if (!(p->impact_mid[i] > 0))
			return pqm_fail(err, PQM_EUSAGE,
				"rules/risk/impact.yaml: level %zu is missing", i + 1);
	return PQM_OK;
}
