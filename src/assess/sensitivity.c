#include "sensitivity.h"

#include <math.h>

#include "base/limits.h"
#include "base/num.h"

#define SENSE_FILE "risk/sensitivity.yaml"
#define STEP 0.05 /* years, or parts of the harvest factor */
#define FLIPS_MAX 24

enum what { LIFE, PROTECT, EXPOSURE, COVERAGE, CLASS, IMPACT, DATE, HARVEST, CURVE, N_WHATS };

static const char *const ids[N_WHATS] = { "risk.sense.life", "risk.sense.protect",
	"risk.sense.exposure", "risk.sense.coverage", "risk.sense.class", "risk.sense.impact",
	"risk.sense.date", "risk.sense.harvest", "risk.sense.curve" };

struct unit {
	pqm_bytes parameter;
	double unit, most;
};

struct search {
	const struct pqm_asset_score *s;
	struct pqm_risk_params p; /* a copy: the curve is moved in it */
	struct pqm_arena *arena;
	struct unit units[N_WHATS];
	struct pqm_vector *v; /* of all uses, to be changed */
	struct pqm_exposure *tmp;
	double harvest; /* factor on every h */
	double last_p;
	enum pqm_decision now;
	struct pqm_flip found[FLIPS_MAX];
	size_t n;
	bool failed;
};

static void reset(struct search *w)
{
	for (size_t i = 0; i < w->s->n_uses; i++)
		w->v[i] = w->s->uses[i].v;
	w->harvest = 1;
}

/* The decision by impact, central, with v as it stands; dates of a regime are no part of it. */
static enum pqm_decision decide(struct search *w)
{
	unsigned impact = 1;
	size_t n = 0;

	for (size_t i = 0; i < w->s->n_uses; i++) {
		const struct pqm_vector *v = &w->v[i];
		double tau = pqm_risk_tau(&w->p, v, PQM_CENTRAL, pqm_risk_end(v));

		impact = v->impact > impact ? v->impact : impact;
		w->tmp[n++] = (struct pqm_exposure){
			fmin(1, w->harvest * pqm_risk_h_joint(&w->p, v, PQM_CENTRAL, false)), tau
		};
	}
	w->last_p = pqm_risk_union(&w->p, PQM_CENTRAL, w->v[0].assessed, w->tmp, n);
	return pqm_risk_decide(&w->p, w->last_p, impact);
}

/* ---- one number at a time ---- */

/* Life and impact belong to the asset: where all uses have the same, all change together. */
static bool is_common(const struct search *w, enum what what)
{
	const struct pqm_use_score *u = w->s->uses;

	for (size_t i = 1; i < w->s->n_uses; i++)
		if (what == LIFE ? u[i].v.life_years + u[i].v.ended_years !=
					u[0].v.life_years + u[0].v.ended_years
				 : u[i].v.impact != u[0].v.impact)
			return false;
	return true;
}

static void set_of(struct pqm_vector *v, enum what what, double x)
{
	if (what == LIFE)
		v->life_years = fmax(0, x - v->ended_years);
	else if (what == PROTECT)
		v->protect_years = x;
	else if (what == IMPACT)
		v->impact = (unsigned)x;
	else if (what == DATE)
		v->assessed = x;
}

static void set_number(struct search *w, enum what what, double x)
{
	struct pqm_risk_points *at = &w->p.at;
	size_t own = w->s->deciding < w->s->n_uses ? w->s->deciding : 0;
	bool all = what == DATE || (what != PROTECT && is_common(w, what));

	if (what == HARVEST)
		w->harvest = x;
	for (size_t i = 0; i < at->n && what == CURVE; i++)
		at->year[i] += x;
	for (size_t i = 0; i < w->s->n_uses; i++)
		if (all || i == own)
			set_of(&w->v[i], what, x);
}

static enum pqm_decision with(struct search *w, enum what what, double x)
{
	struct pqm_risk_points kept;
	enum pqm_decision d;

	if (what == CURVE)
		kept = w->p.at;
	reset(w);
	set_number(w, what, x);
	d = decide(w);
	if (what == CURVE)
		w->p.at = kept;
	return d;
}

static void keep(struct search *w, struct pqm_flip f)
{
	if (f.words.p == NULL || f.from.p == NULL || f.to.p == NULL)
		w->failed = true;
	else if (w->n < FLIPS_MAX)
		w->found[w->n++] = f;
}

static double size_of(const struct unit *u, enum what what, double from, double to)
{
	if (what == HARVEST)
		return fabs(log2(fmax(to, STEP / 2))) / u->unit;
	return fabs(to - from) / u->unit;
}

static void keep_number(
	struct search *w, enum what what, double from, double to, enum pqm_decision d)
{
	const struct unit *u = &w->units[what];
	const char *now = pqm_decision_name(w->now), *then = pqm_decision_name(d);
	struct pqm_flip f = { .parameter = u->parameter,
		.from = pqm_arena_f(w->arena, "%.6g", from),
		.to = pqm_arena_f(w->arena, "%.6g", to),
		.decision = d,
		.size = size_of(u, what, from, to) };

	if (what == CURVE)
		f.words = pqm_arena_f(w->arena, "%s becomes %s if the machine comes %.2g years %s",
			now, then, fabs(to), to < 0 ? "earlier" : "later");
	else if (what == HARVEST)
		f.words = pqm_arena_f(w->arena,
			"%s becomes %s if recording or reaching it is %.2g times as likely as "
			"assumed",
			now, then, to);
	else
		f.words = pqm_arena_f(w->arena, "%s becomes %s if %.*s is %.6g instead of %.6g",
			now, then, PQM_FMT(u->parameter), to, from);
	keep(w, f);
}

/* The nearest value on a grid, from outwards to far, that decides otherwise. A scan, as P need not be
 * monotone in the date or the curve. */
static void scan(struct search *w, enum what what, double from, double far)
{
	double step = what == IMPACT ? 1 : STEP, way = far < from ? -step : step;
	size_t n = (size_t)(fabs(far - from) / step + 1e-9);

	for (size_t i = 1; i <= n; i++) {
		double x = from + (double)i * way;
		enum pqm_decision d = with(w, what, x);

		if (d != w->now) {
			keep_number(w, what, from, x, d);
			return;
		}
	}
}

/* The same where P rises with the value, by halves; where the far end decides as now, nothing between does. */
static void bisect(struct search *w, enum what what, double from, double far)
{
	double way = far < from ? -STEP : STEP;
	size_t same = 0, other = (size_t)(fabs(far - from) / STEP + 1e-9);
	enum pqm_decision d;

	if (other == 0)
		return;
	d = with(w, what, from + (double)other * way);
	if (d == w->now)
		return;
	while (other - same > 1) {
		size_t k = same + (other - same) / 2;
		enum pqm_decision e = with(w, what, from + (double)k * way);

		if (e == w->now) {
			same = k;
		} else {
			other = k;
			d = e;
		}
	}
	keep_number(w, what, from, from + (double)other * way, d);
}

/* ---- one letter at a time ---- */

static void keep_letter(
	struct search *w, enum what what, pqm_bytes from, pqm_bytes to, double change)
{
	const struct unit *u = &w->units[what];
	enum pqm_decision d = decide(w);

	if (d == w->now)
		return;
	keep(w,
		(struct pqm_flip){ .parameter = u->parameter,
			.from = pqm_bytes_dup(w->arena, from),
			.to = pqm_bytes_dup(w->arena, to),
			.decision = d,
			.size = change / u->unit,
			.words = pqm_arena_f(w->arena,
				"%s becomes %s if %.*s is %.*s instead of %.*s",
				pqm_decision_name(w->now), pqm_decision_name(d),
				PQM_FMT(u->parameter), PQM_FMT(to), PQM_FMT(from)) });
}

static pqm_bytes letter(const char *c)
{
	return (pqm_bytes){ (const uint8_t *)c, 1 };
}

/* Letters of a table lie in order of what is open: the deciding use under the next ones of its own, and for
 * coverage as far as `most` says. */
static void neighbours(struct search *w, enum what what, size_t use)
{
	const struct pqm_vector *own = &w->s->uses[use].v;
	bool forged = own->use == 'S' || own->use == 'L';
	const struct pqm_risk_letter *t = what == COVERAGE ? w->p.coverage
		: forged				   ? w->p.reach
							   : w->p.harvest;
	size_t n = what == COVERAGE ? w->p.n_coverage : forged ? w->p.n_reach : w->p.n_harvest;
	char code = what == COVERAGE ? own->coverage : own->exposure;
	size_t at = 0;

	while (at < n && t[at].code != code)
		at++;
	for (size_t i = 0; i < n && at < n; i++) {
		double change = fabs((double)i - (double)at);

		if (i == at || change > (what == COVERAGE ? w->units[what].most : 1))
			continue;
		reset(w);
		if (what == COVERAGE)
			w->v[use].coverage = t[i].code;
		else
			w->v[use].exposure = t[i].code;
		keep_letter(w, what, letter(&code), letter(&t[i].code), change);
	}
}

/* The deciding use under another class that falls some day; one with layers below others is left out, as the
 * one that falls last changes with the class. */
static void classes(struct search *w, size_t use)
{
	const struct pqm_vector *own = &w->s->uses[use].v;
	const struct pqm_risk_class *now = pqm_risk_class_find(&w->p, pqm_str(own->layers[0]));

	if (own->n_layers != 1 || now == NULL || now->fall != PQM_FALL_SHIFTED)
		return;
	for (size_t i = 0; i < w->p.n_classes; i++) {
		const struct pqm_risk_class *c = &w->p.classes[i];
		double change = fabs(c->shift[PQM_CENTRAL] - now->shift[PQM_CENTRAL]);

		if (c->fall != PQM_FALL_SHIFTED || change <= 0 || change > w->units[CLASS].most)
			continue;
		reset(w);
		memcpy(w->v[use].layers[0], c->code, sizeof(c->code));
		keep_letter(w, CLASS, pqm_str(now->code), pqm_str(c->code), change);
	}
}

/* ---- all of them ---- */

static enum pqm_st load_units(struct search *w, const struct pqm_rules *rules, struct pqm_err *err)
{
	for (size_t i = 0; i < N_WHATS; i++) {
		const struct pqm_rule *r = pqm_rules_get(rules, pqm_str(ids[i]));

		if (r == NULL)
			return pqm_fail(
				err, PQM_EUSAGE, "rules/%s: %s is missing", SENSE_FILE, ids[i]);
		w->units[i].parameter = pqm_yaml_str(r->node, "parameter");
		if (!pqm_yaml_f64(r->node, "unit", &w->units[i].unit) ||
			!pqm_yaml_f64(r->node, "most", &w->units[i].most) ||
			!(w->units[i].unit > 0) || !(w->units[i].most > 0) ||
			w->units[i].most > 1000)
			return pqm_rule_fail(
				r, NULL, err, "unit and most must be above 0, most up to 1000");
	}
	return PQM_OK;
}

/* The range of the class whose default the asset's life is; none where the life was declared, or came from
 * another asset with another life. */
static bool life_range(
	const struct pqm_rules *rules, const struct pqm_asset *a, double *low, double *high)
{
	const struct pqm_rule *r;

	if (a == NULL || !a->life_years.is_assumption)
		return false;
	for (size_t i = 0; (r = pqm_rules_next(rules, "risk/lives.yaml", &i)) != NULL;) {
		double usual;
		bool is_own = pqm_eq(pqm_yaml_str(r->node, "asset"), a->life_class);

		if (is_own && pqm_yaml_f64(r->node, "years_default", &usual) &&
			usual == a->life_years.value)
			return pqm_yaml_f64(r->node, "years_low", low) &&
				pqm_yaml_f64(r->node, "years_high", high) && *high > *low;
	}
	return false;
}

static int nearest(const void *x, const void *y)
{
	const struct pqm_flip *a = x, *b = y;

	if (a->size != b->size)
		return a->size < b->size ? -1 : 1;
	int c = pqm_cmp(a->parameter, b->parameter);

	return c != 0 ? c : pqm_cmp(a->to, b->to);
}

static void search_all(struct search *w)
{
	size_t use = w->s->deciding < w->s->n_uses ? w->s->deciding : 0;
	const struct pqm_vector *v = &w->s->uses[use].v;
	const struct unit *u = w->units;
	bool waits = !pqm_risk_is_carried(v) || v->data == 'F';

	double life = v->life_years + v->ended_years;

	bisect(w, LIFE, life, 0);
	bisect(w, LIFE, life, fmax(u[LIFE].most, life));
	if (waits) {
		bisect(w, PROTECT, v->protect_years, 0);
		bisect(w, PROTECT, v->protect_years, fmax(u[PROTECT].most, v->protect_years));
	}
	neighbours(w, EXPOSURE, use);
	neighbours(w, COVERAGE, use);
	classes(w, use);
	scan(w, IMPACT, v->impact, 1);
	scan(w, IMPACT, v->impact, PQM_N_IMPACTS);
	scan(w, DATE, v->assessed, v->assessed + u[DATE].most);
	bisect(w, HARVEST, 1, 0);
	bisect(w, HARVEST, 1, u[HARVEST].most);
	scan(w, CURVE, 0, -u[CURVE].most);
	scan(w, CURVE, 0, u[CURVE].most);
}

/* P at both ends of the range of a life that is a class's default; the range is the unit of its changes. */
static void weigh_life(struct search *w, const struct pqm_rules *rules, struct pqm_asset_score *s)
{
	double low = 0, high = 0;

	if (!life_range(rules, s->asset, &low, &high))
		return;
	w->units[LIFE].unit = high - low;
	s->has_p_life = true;
	s->life_low = low;
	s->life_high = high;
	(void)with(w, LIFE, low);
	s->p_life_low = w->last_p;
	(void)with(w, LIFE, high);
	s->p_life_high = w->last_p;
}

static bool keep_flips(struct search *w, struct pqm_asset_score *s)
{
	struct pqm_flip *kept = pqm_new(w->arena, struct pqm_flip, w->n);

	if (w->failed || kept == NULL)
		return false;
	memcpy(kept, w->found, w->n * sizeof(*kept));
	if (w->n > 1)
		qsort(kept, w->n, sizeof(*kept), nearest);
	s->flips = kept;
	s->n_flips = w->n;
	return true;
}

static bool one_asset(struct search *w, const struct pqm_rules *rules, struct pqm_asset_score *s,
	struct pqm_arena *scratch, bool is_top)
{
	if (s->n_uses == 0 || s->is_broken_today || s->n_uses > PQM_DECIDER_USES_MAX)
		return true;
	pqm_arena_reset(scratch);
	w->s = s;
	w->n = 0;
	w->now = s->by_impact;
	w->v = pqm_new(scratch, struct pqm_vector, s->n_uses);
	w->tmp = pqm_new(scratch, struct pqm_exposure, s->n_uses);
	if (w->v == NULL || w->tmp == NULL)
		return false;
	weigh_life(w, rules, s);
	if (!is_top || (s->by_impact == PQM_TRACK && !s->is_volatile))
		return true;
	search_all(w);
	return keep_flips(w, s);
}

enum pqm_st pqm_flips_of(struct pqm_asset_score *const *worst, size_t n,
	const struct pqm_rules *rules, const struct pqm_risk_params *p, struct pqm_arena *arena,
	struct pqm_err *err)
{
	struct search w = { .p = *p, .arena = arena };
	struct pqm_arena scratch;
	enum pqm_st st = load_units(&w, rules, err);
	double usual = w.units[LIFE].unit;

	pqm_arena_init(&scratch, PQM_ARENA_BYTES);
	for (size_t i = 0; i < n && st == PQM_OK; i++) {
		w.units[LIFE].unit = usual;
		if (!one_asset(&w, rules, worst[i], &scratch, i < PQM_FLIP_ASSETS_MAX))
			st = pqm_fail(err, PQM_ENOMEM, "assessment: out of memory");
	}
	pqm_arena_fini(&scratch);
	return st;
}

bool pqm_sense_rule_takes(const struct pqm_rule *rule, pqm_bytes sample)
{
	pqm_bytes name = pqm_yaml_str(rule->node, "parameter"), rest, a, b;
	double unit, size, change;

	if (!pqm_starts(sample, name))
		return false;
	rest = pqm_trim(pqm_sub(sample, name.n, sample.n));
	return pqm_split(&rest, ' ', &a) && pqm_split(&rest, ' ', &b) && pqm_f64_parse(a, &size) &&
		pqm_f64_parse(b, &change) && pqm_yaml_f64(rule->node, "unit", &unit) &&
		fabs(change / unit - size) < 1e-9;
}
