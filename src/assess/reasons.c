/* reasons.c — one sentence of why, and the assumptions with what would change the decision. */
#include "run.h"

#define YEARS_STEP 0.25 /* grid on which a life is searched */
#define YEARS_MOST 100.0

static pqm_bytes sentence(struct pqm_run *r, const struct pqm_asset_score *s)
{
	const struct pqm_use_score *u;
	struct pqm_arena *a = &r->a->arena;

	if (s->deciding == UINT32_MAX)
		return s->n_uses == 0 ? PQM_LIT("No use of cryptography was found on its way.")
				      : PQM_LIT("Nothing on its way falls to a quantum computer "
						"while it matters.");
	u = &s->uses[s->deciding];
	if (u->is_broken_today)
		return pqm_arena_f(a,
			"%.*s: readable or forgeable today, without a quantum computer; fix first.",
			PQM_FMT(u->hop->label));
	if (!pqm_risk_is_carried(&u->v))
		return pqm_arena_f(a,
			"%.*s decides: forgeable once the machine is there, and accepted until "
			"%.0f.",
			PQM_FMT(u->hop->label), floor(u->end));
	if (u->hop->was != 0)
		return pqm_arena_f(a,
			"%.*s decides: what was recorded then must hold until %.0f%s; no migration "
			"changes it.",
			PQM_FMT(u->hop->label), floor(u->end),
			u->is_capped ? ", beyond the survey's horizon" : "");
	return pqm_arena_f(a, "%.*s decides: %s now must hold until %.0f%s.",
		PQM_FMT(u->hop->label),
		u->v.use == 'L'		   ? "what is trusted"
			: u->v.data == 'S' ? "what was copied"
					   : "what is sent",
		floor(u->end), u->is_capped ? ", beyond the survey's horizon" : "");
}

/* ---- what would change the decision ---- */

struct trial {
	struct pqm_run *r;
	size_t cap; /* of the assumptions */
	bool failed;
	struct pqm_asset_score s;
	struct pqm_exposure *tmp;
};

enum vary { VARY_LIFE, VARY_IMPACT, VARY_CLASS };

/* The impact axis with one input changed in every use (VARY_CLASS: in the uses of class UNK). */
static enum pqm_decision decide_with(struct trial *t, const struct pqm_asset_score *s,
	enum vary what, double value, const char *class)
{
	t->s = (struct pqm_asset_score){ .uses = t->s.uses, .n_uses = s->n_uses };
	for (size_t i = 0; i < s->n_uses; i++) {
		struct pqm_vector v = s->uses[i].v;

		if (what == VARY_LIFE)
			v.life_years = fmax(0, value - v.ended_years);
		else if (what == VARY_IMPACT)
			v.impact = (unsigned)value;
		for (size_t k = 0; what == VARY_CLASS && k < v.n_layers; k++)
			if (strcmp(v.layers[k], "UNK") == 0) {
				memset(v.layers[k], 0, sizeof(v.layers[k]));
				memcpy(v.layers[k], class, strlen(class));
			}
		pqm_risk_use(&t->s.uses[i], &t->r->p, &v);
	}
	pqm_risk_asset(&t->s, &t->r->p, t->tmp);
	return t->s.by_impact;
}

/* Nearest life on the grid, in one direction, with another decision; NAN: none. A longer life never
 * lowers the risk, so that the lives of one decision lie side by side. */
static double life_that_flips(struct trial *t, const struct pqm_asset_score *s, double from,
	double step, enum pqm_decision *to)
{
	double room = (step < 0 ? from : YEARS_MOST - from) / YEARS_STEP;
	int same = 0, other = (int)floor(fmin(room, YEARS_MOST / YEARS_STEP));

	if (other < 1 || from + step > YEARS_MOST)
		return NAN;
	*to = decide_with(t, s, VARY_LIFE, from + other * step, NULL);
	if (*to == s->by_impact)
		return NAN;
	while (other - same > 1) {
		int k = same + (other - same) / 2;
		enum pqm_decision d = decide_with(t, s, VARY_LIFE, from + k * step, NULL);

		if (d == s->by_impact) {
			same = k;
		} else {
			other = k;
			*to = d;
		}
	}
	return from + other * step;
}

static pqm_bytes life_words(struct trial *t, const struct pqm_asset_score *s, double life)
{
	double grid = floor(life / YEARS_STEP) * YEARS_STEP;
	enum pqm_decision less = PQM_TRACK, more = PQM_TRACK;
	double down = life_that_flips(
		       t, s, grid + (grid < life ? YEARS_STEP : 0), -YEARS_STEP, &less),
	       up = life_that_flips(t, s, grid, YEARS_STEP, &more);
	const char *now = pqm_decision_name(s->by_impact);
	struct pqm_arena *a = &t->r->a->arena;

	if (isnan(down) && isnan(up))
		return pqm_arena_f(a, "stays %s for any life up to %.0f years", now, YEARS_MOST);
	if (isnan(up))
		return pqm_arena_f(a, "stays %s down to %g years; %s at %g", now, down + YEARS_STEP,
			pqm_decision_name(less), down);
	if (isnan(down))
		return pqm_arena_f(a, "stays %s up to %g years; %s at %g", now, up - YEARS_STEP,
			pqm_decision_name(more), up);
	return pqm_arena_f(a, "stays %s from %g to %g years; %s at %g, %s at %g", now,
		down + YEARS_STEP, up - YEARS_STEP, pqm_decision_name(less), down,
		pqm_decision_name(more), up);
}

static pqm_bytes impact_words(struct trial *t, const struct pqm_asset_score *s, unsigned level)
{
	const char *now = pqm_decision_name(s->by_impact);

	for (unsigned far = 1; far < PQM_N_IMPACTS; far++)
		for (int side = -1; side <= 1; side += 2) {
			int x = (int)level + side * (int)far;
			enum pqm_decision d;

			if (x < 1 || x > PQM_N_IMPACTS)
				continue;
			d = decide_with(t, s, VARY_IMPACT, x, NULL);
			if (d != s->by_impact)
				return pqm_arena_f(&t->r->a->arena, "%s becomes %s at impact %d",
					now, pqm_decision_name(d), x);
		}
	return pqm_arena_f(&t->r->a->arena, "stays %s at any impact", now);
}

static pqm_bytes class_words(struct trial *t, const struct pqm_asset_score *s)
{
	static const char *const classes[] = { "R4096", "HYB" };
	const char *now = pqm_decision_name(s->by_impact);

	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		enum pqm_decision d;

		if (pqm_risk_class_find(&t->r->p, pqm_str(classes[i])) == NULL)
			continue;
		d = decide_with(t, s, VARY_CLASS, 0, classes[i]);
		if (d != s->by_impact)
			return pqm_arena_f(&t->r->a->arena, "%s becomes %s if it is %s", now,
				pqm_decision_name(d), i == 0 ? "RSA-4096" : "hybrid");
	}
	return pqm_arena_f(&t->r->a->arena, "stays %s whatever the algorithm is", now);
}

static void assume(struct trial *t, struct pqm_assumption one)
{
	struct pqm_assessment *a = t->r->a;
	struct pqm_assumption *grown =
		pqm_grow(&a->arena, a->assumptions, a->n_assumptions, &t->cap);

	if (grown == NULL || one.what.p == NULL || one.would_change.p == NULL) {
		t->failed = true;
		return;
	}
	a->assumptions = grown;
	a->assumptions[a->n_assumptions++] = one;
}

/* Beyond this many uses the search on a grid is left out. */
static bool is_searchable(const struct pqm_asset_score *s)
{
	return s->n_uses <= PQM_DECIDER_USES_MAX && !s->is_broken_today;
}

static pqm_bytes not_searched(const struct pqm_asset_score *s)
{
	return s->is_broken_today ? PQM_LIT("no value changes it: something is broken today")
				  : PQM_LIT("not searched: too many uses");
}

/* Carried by a use that is protected today, for years before anybody looked. */
static bool is_trusted_back(const struct pqm_use_score *u)
{
	return u->hop->was == 0 && pqm_risk_is_carried(&u->v) && u->v.in_use_years > 0 &&
		u->v.use != 'L' &&
		(u->v.coverage != 'N' || (isinf(u->tau[PQM_CENTRAL]) && u->tau[PQM_CENTRAL] < 0));
}

/* Nobody said when the protection began: what was sent before is taken for as well off. */
static void assume_past(struct trial *t, const struct pqm_asset_score *s)
{
	size_t n = 0;
	double years = 0;

	for (size_t i = 0; i < s->n_uses && !s->asset->has_since; i++)
		if (is_trusted_back(&s->uses[i])) {
			n++;
			years = fmax(years, s->uses[i].v.in_use_years);
		}
	if (n == 0)
		return;
	assume(t,
		(struct pqm_assumption){ s->asset->id,
			pqm_arena_f(&t->r->a->arena,
				"the last %g years of %zu use%s, taken to have been protected as "
				"today",
				years, n, n == 1 ? "" : "s"),
			PQM_LIT("nobody said since when"),
			PQM_LIT("protected-since: DATE counts what was recorded before as "
				"recorded") });
}

static void assumptions_of(struct trial *t, const struct pqm_asset_score *s)
{
	const struct pqm_asset *as = s->asset;
	struct pqm_arena *a = &t->r->a->arena;
	size_t unknown = 0;
	bool search = is_searchable(s);

	if (as->life_years.is_assumption && s->n_uses > 0)
		assume(t,
			(struct pqm_assumption){ as->id,
				pqm_arena_f(a, "life %g years", as->life_years.value),
				as->life_years.source,
				search ? life_words(t, s, s->uses[0].v.life_years)
				       : not_searched(s) });
	if (as->impact.is_assumption && s->n_uses > 0)
		assume(t,
			(struct pqm_assumption){ as->id,
				pqm_arena_f(a, "impact %u", s->uses[0].v.impact), as->impact.source,
				search ? impact_words(t, s, s->uses[0].v.impact)
				       : not_searched(s) });
	for (size_t i = 0; i < s->n_uses; i++)
		for (size_t k = 0; k < s->uses[i].v.n_layers; k++)
			unknown += strcmp(s->uses[i].v.layers[k], "UNK") == 0;
	if (unknown > 0)
		assume(t,
			(struct pqm_assumption){ as->id,
				pqm_arena_f(a, "algorithm of %zu use%s, taken as the first to fall",
					unknown, unknown == 1 ? "" : "s"),
				PQM_LIT("unknown is never safe"),
				search ? class_words(t, s) : not_searched(s) });
}

enum pqm_st pqm_run_reasons(struct pqm_run *r)
{
	struct trial t = { .r = r };
	size_t most = 0;

	for (size_t i = 0; i < r->a->n_assets; i++)
		most = r->a->assets[i].n_uses > most ? r->a->assets[i].n_uses : most;
	t.s.uses = pqm_new(&r->scratch, struct pqm_use_score, most);
	t.tmp = pqm_new(&r->scratch, struct pqm_exposure, most);
	if (t.s.uses == NULL || t.tmp == NULL)
		return pqm_fail(r->err, PQM_ENOMEM, "assessment: out of memory");
	for (size_t i = 0; i < r->a->n_assets; i++) {
		struct pqm_asset_score *s = &r->a->assets[i];

		s->why = sentence(r, s);
		assumptions_of(&t, s);
		assume_past(&t, s);
		if (s->why.p == NULL || t.failed)
			return pqm_fail(r->err, PQM_ENOMEM, "assessment: out of memory");
	}
	return PQM_OK;
}
