#include "risk.h"

#include <math.h>

/* The survey's curve a scenario is drawn from: stress doubles the hazard of fast. */
static enum pqm_scenario drawn_from(enum pqm_scenario s)
{
	return s == PQM_STRESS ? PQM_FAST : s;
}

static double f_of(const struct pqm_risk_points *c, enum pqm_scenario s, double t)
{
	const double *f = c->f[drawn_from(s)], *year = c->year;
	size_t last = c->n - 1, i = 1;
	double v = f[last];

	if (t <= year[0])
		v = f[0];
	else if (t < year[last]) {
		while (year[i] < t)
			i++;
		v = f[i - 1] + (f[i] - f[i - 1]) * (t - year[i - 1]) / (year[i] - year[i - 1]);
	}
	return s == PQM_STRESS ? 1 - (1 - v) * (1 - v) : v;
}

static double g_of(const struct pqm_risk_points *c, enum pqm_scenario s, double a, double t)
{
	double fa, left;

	if (!(t > a))
		return 0;
	fa = f_of(c, s, a);
	left = 1 - fa;
	if (left <= 0) /* the curve says the machine is there: nothing is left to condition on */
		return 1;
	return (f_of(c, s, t) - fa) / left;
}

double pqm_risk_f(const struct pqm_risk_params *p, enum pqm_scenario s, double t)
{
	return f_of(&p->at, s, t);
}

double pqm_risk_g(const struct pqm_risk_params *p, enum pqm_scenario s, double a, double t)
{
	return g_of(&p->at, s, a, t);
}

double pqm_risk_horizon(const struct pqm_risk_params *p)
{
	return p->at.year[p->at.n - 1];
}

const struct pqm_risk_class *pqm_risk_class_find(const struct pqm_risk_params *p, pqm_bytes code)
{
	for (size_t i = 0; i < p->n_classes; i++)
		if (pqm_eqs(code, p->classes[i].code))
			return &p->classes[i];
	return NULL;
}

static double layer_tau(const struct pqm_risk_class *c, enum pqm_scenario s, double a, double end)
{
	double d;

	if (c == NULL || c->fall == PQM_FALL_TODAY)
		return INFINITY;
	if (c->fall == PQM_FALL_NEVER)
		return -INFINITY;
	d = c->shift[s];
	/* A lead cannot exceed the horizon, so nothing is broken at a itself. */
	return d >= 0 ? end - d : end + fmin(-d, end - a);
}

double pqm_risk_tau(const struct pqm_risk_params *p, const struct pqm_vector *v,
	enum pqm_scenario s, double end)
{
	double tau = INFINITY;

	for (size_t i = 0; i < v->n_layers; i++)
		tau = fmin(tau,
			layer_tau(pqm_risk_class_find(p, pqm_str(v->layers[i])), s, v->assessed,
				end));
	return tau;
}

static double letter(const struct pqm_risk_letter *t, size_t n, char code, enum pqm_scenario s)
{
	for (size_t i = 0; i < n; i++)
		if (t[i].code == code)
			return t[i].value[s];
	return 1; /* unreachable after parse; unknown is never safe */
}

bool pqm_risk_is_carried(const struct pqm_vector *v)
{
	return v->use != 'S';
}

double pqm_risk_h(const struct pqm_risk_params *p, const struct pqm_vector *v, enum pqm_scenario s)
{
	bool forged = v->use == 'S' || v->use == 'L';
	double covered = v->coverage == 'M' ? v->share : 0, open;

	if (v->coverage != 'M')
		for (size_t i = 0; i < p->n_coverage; i++)
			if (p->coverage[i].code == v->coverage)
				covered = p->coverage[i].value[s];
	open = forged ? letter(p->reach, p->n_reach, v->exposure, s)
		      : letter(p->harvest, p->n_harvest, v->exposure, s);
	return open * (1 - covered);
}

double pqm_risk_h_joint(const struct pqm_risk_params *p, const struct pqm_vector *v,
	enum pqm_scenario s, bool only_sunk)
{
	struct pqm_vector now = *v;
	double h = pqm_risk_h(p, v, s), since;

	if (v->since_coverage == '\0' || (only_sunk && !(v->since_years > 0)))
		return h;
	now.coverage = v->since_coverage;
	now.share = v->since_share;
	since = pqm_risk_h(p, &now, s);
	return h > since ? (h - since) / (1 - since) : 0;
}

double pqm_risk_end(const struct pqm_vector *v)
{
	if (!pqm_risk_is_carried(v))
		return v->assessed + v->protect_years;
	return v->assessed + v->life_years + (v->data == 'F' ? v->protect_years : 0);
}

enum pqm_decision pqm_risk_decide(const struct pqm_risk_params *p, double prob, unsigned impact)
{
	size_t band = 0;

	while (band + 1 < PQM_N_BANDS && prob >= p->band_from[band + 1])
		band++;
	return p->table[band]
		       [(impact >= 1 && impact <= PQM_N_IMPACTS ? impact : PQM_N_IMPACTS) - 1];
}

enum pqm_decision pqm_risk_by_slack(const struct pqm_risk_params *p, double slack_years)
{
	if (slack_years < p->late_years)
		return p->late;
	return slack_years < p->near_years ? p->near : PQM_TRACK;
}

/* Content that is already out, or trust already shipped: no migration changes it. */
static bool has_sunk(const struct pqm_vector *v)
{
	return pqm_risk_is_carried(v) && v->in_use_years > 0;
}

/* Everything that waiting could add is out already. */
static bool is_spent(const struct pqm_vector *v)
{
	return v->data == 'S' && v->in_use_years > 0;
}

static void score(struct pqm_use_score *u, const struct pqm_risk_params *p, enum pqm_scenario s)
{
	const struct pqm_vector *v = &u->v;
	double a = v->assessed, h = pqm_risk_h(p, v, s), now;

	u->h[s] = h;
	u->tau[s] = pqm_risk_tau(p, v, s, u->end);
	if (u->is_broken_today) {
		u->g[s] = u->p[s] = u->sunk[s] = u->cod[s] = 0;
		return;
	}
	u->g[s] = pqm_risk_g(p, s, a, u->tau[s]);
	u->p[s] = h * u->g[s];
	u->sunk[s] = 0;
	if (pqm_risk_is_carried(v)) {
		now = h * pqm_risk_g(p, s, a, pqm_risk_tau(p, v, s, a + v->life_years));
		u->sunk[s] = has_sunk(v) ? now : 0;
		u->cod[s] = is_spent(v) ? 0 : now;
	} else {
		now = pqm_risk_g(p, s, a, pqm_risk_tau(p, v, s, u->end + 1));
		u->cod[s] = h * (now - u->g[s]);
	}
	if (isfinite(u->tau[s]) && u->tau[s] > pqm_risk_horizon(p) && h > 0)
		u->is_capped = true;
}

/* Would the fast view be far worse, or stress or another edition decide otherwise? */
static bool use_is_volatile(const struct pqm_use_score *u, const struct pqm_risk_params *p)
{
	const struct pqm_vector *v = &u->v;
	double h = u->h[PQM_CENTRAL], tau = u->tau[PQM_CENTRAL];
	bool other =
		pqm_risk_decide(p, u->p[PQM_FAST], v->impact) >= u->decision + p->volatile_levels ||
		pqm_risk_decide(p, u->p[PQM_STRESS], v->impact) != u->decision;

	for (size_t i = 0; i < p->n_other && !other; i++)
		other = !pqm_eq(p->other[i].id, p->at.id) &&
			pqm_risk_decide(p, h * g_of(&p->other[i], PQM_CENTRAL, v->assessed, tau),
				v->impact) != u->decision;
	return other;
}

void pqm_risk_use(
	struct pqm_use_score *u, const struct pqm_risk_params *p, const struct pqm_vector *v)
{
	u->v = *v;
	pqm_vector_print(u->vector, v);
	u->end = pqm_risk_end(v);
	u->is_capped = false;
	u->is_broken_today = isinf(pqm_risk_tau(p, v, PQM_CENTRAL, u->end)) &&
		pqm_risk_tau(p, v, PQM_CENTRAL, u->end) > 0;
	for (enum pqm_scenario s = PQM_SLOW; s < PQM_N_SCENARIOS; s++)
		score(u, p, s);
	u->decision = u->is_broken_today ? p->broken_today
					 : pqm_risk_decide(p, u->p[PQM_CENTRAL], v->impact);
	u->is_volatile = !u->is_broken_today && use_is_volatile(u, p);
	u->is_ahead = isfinite(u->tau[PQM_CENTRAL]) && u->tau[PQM_CENTRAL] > u->end &&
		u->p[PQM_CENTRAL] > 0;
}

static int later_first(const void *x, const void *y)
{
	const struct pqm_exposure *a = x, *b = y;

	if (a->tau != b->tau)
		return a->tau > b->tau ? -1 : 1;
	return (a->h < b->h) - (a->h > b->h);
}

/* e is sorted, latest tau first. */
static double union_of(const struct pqm_risk_points *c, enum pqm_scenario s, double a,
	const struct pqm_exposure *e, size_t n)
{
	double unseen = 1, sum = 0;

	for (size_t k = 0; k < n; k++) {
		double g = g_of(c, s, a, e[k].tau);
		double next = k + 1 < n ? g_of(c, s, a, e[k + 1].tau) : 0;

		unseen *= 1 - e[k].h;
		sum += (1 - unseen) * (g - next);
	}
	return sum;
}

double pqm_risk_union(const struct pqm_risk_params *p, enum pqm_scenario s, double a,
	struct pqm_exposure *e, size_t n)
{
	qsort(e, n, sizeof(*e), later_first);
	return union_of(&p->at, s, a, e, n);
}

enum part { PART_ALL, PART_SUNK, PART_WAITING, PART_LATER };

/* What a use adds to a part of its asset's risk; false when nothing. */
static bool exposure(struct pqm_exposure *e, const struct pqm_risk_params *p,
	const struct pqm_use_score *u, enum pqm_scenario s, enum part part)
{
	const struct pqm_vector *v = &u->v;
	double end = u->end;

	if (u->is_broken_today)
		return false;
	if (part == PART_SUNK && !has_sunk(v))
		return false;
	if (part == PART_WAITING && (!pqm_risk_is_carried(v) || is_spent(v)))
		return false;
	if (part == PART_SUNK || part == PART_WAITING)
		end = v->assessed + v->life_years;
	else if (part == PART_LATER && !pqm_risk_is_carried(v))
		end += 1;
	*e = (struct pqm_exposure){ pqm_risk_h_joint(p, v, s, part == PART_SUNK),
		pqm_risk_tau(p, v, s, end) };
	return true;
}

/* Union over the uses of a, without the use at skip. */
static double part_of(const struct pqm_asset_score *a, const struct pqm_risk_params *p,
	enum pqm_scenario s, enum part part, size_t skip, struct pqm_exposure *tmp)
{
	size_t n = 0;

	for (size_t i = 0; i < a->n_uses; i++) {
		const struct pqm_hop *hop = a->uses[i].hop;

		if (i == skip || !exposure(&tmp[n], p, &a->uses[i], s, part))
			continue;
		if (hop != NULL && hop->was != 0 && hop->was_of == skip)
			tmp[n].h = a->uses[i].h[s];
		n++;
	}
	return n == 0 ? 0 : pqm_risk_union(p, s, a->uses[0].v.assessed, tmp, n);
}

/* The use whose removal lowers P most; a use that is broken today decides before any other. */
static uint32_t decider(
	const struct pqm_asset_score *a, const struct pqm_risk_params *p, struct pqm_exposure *tmp)
{
	uint32_t best = UINT32_MAX;
	double most = 0;

	for (size_t i = 0; i < a->n_uses; i++)
		if (a->uses[i].is_broken_today)
			return (uint32_t)i;
	for (size_t i = 0; i < a->n_uses; i++) {
		double rest, drop;

		if (!(a->uses[i].p[PQM_CENTRAL] > 0) ||
			(best != UINT32_MAX && a->uses[i].p[PQM_CENTRAL] <= most))
			continue; /* removing a use never lowers P by more than its own P */
		rest = a->n_uses > PQM_DECIDER_USES_MAX
			? a->p[PQM_CENTRAL] - a->uses[i].p[PQM_CENTRAL]
			: part_of(a, p, PQM_CENTRAL, PART_ALL, i, tmp);
		drop = a->p[PQM_CENTRAL] - rest;
		if (best == UINT32_MAX || drop > most + 1e-12) {
			best = (uint32_t)i;
			most = drop > 0 ? drop : 0;
		}
	}
	return best;
}

static void believe(struct pqm_asset_score *a, struct pqm_under u)
{
	a->under[a->n_under++] = u;
	a->is_volatile |= u.decision != a->by_impact;
}

/* The decision under the other beliefs: each that differs makes it volatile. */
static void compare(struct pqm_asset_score *a, const struct pqm_risk_params *p, unsigned impact,
	struct pqm_exposure *tmp)
{
	enum pqm_decision least = a->is_broken_today ? p->broken_today : PQM_TRACK;

	static const enum pqm_scenario own[] = { PQM_CENTRAL, PQM_STRESS };

	size_t n = 0;

	a->n_under = 0;
	for (size_t i = 0; i < 2; i++) {
		enum pqm_decision d = pqm_risk_decide(p, a->p[own[i]], impact);

		believe(a,
			(struct pqm_under){
				p->at.id, own[i], a->p[own[i]], d > least ? d : least });
	}
	for (size_t i = 0; i < a->n_uses; i++)
		if (exposure(&tmp[n], p, &a->uses[i], PQM_CENTRAL, PART_ALL))
			n++;
	if (n > 0)
		qsort(tmp, n, sizeof(*tmp), later_first);
	for (size_t i = 0; i < p->n_other; i++) {
		if (pqm_eq(p->other[i].id, p->at.id))
			continue;
		double all = n == 0
			? 0
			: union_of(&p->other[i], PQM_CENTRAL, a->uses[0].v.assessed, tmp, n);
		enum pqm_decision d = pqm_risk_decide(p, all, impact);

		believe(a,
			(struct pqm_under){
				p->other[i].id, PQM_CENTRAL, all, d > least ? d : least });
	}
}

void pqm_risk_volatile_words(char out[PQM_VOLATILE_BYTES], const struct pqm_asset_score *a)
{
	int w = a->is_fast_far
		? snprintf(out, PQM_VOLATILE_BYTES, "fast is two levels or more above central")
		: 0;
	size_t n = w > 0 ? (size_t)w : 0;

	out[n] = '\0';
	for (size_t i = 1; i < a->n_under; i++) {
		const struct pqm_under *u = &a->under[i];
		bool stress = u->scenario == PQM_STRESS;

		if (u->decision == a->by_impact || n + 100 > PQM_VOLATILE_BYTES)
			continue;
		w = snprintf(out + n, PQM_VOLATILE_BYTES - n, "%s%s under %.*s", n > 0 ? "; " : "",
			pqm_decision_name(u->decision),
			PQM_FMT(stress ? PQM_LIT("stress") : u->curve));
		n += w > 0 ? (size_t)w : 0;
	}
}

void pqm_risk_asset(
	struct pqm_asset_score *a, const struct pqm_risk_params *p, struct pqm_exposure *tmp)
{
	enum pqm_decision fast;
	unsigned impact = 1;

	a->is_broken_today = a->is_capped = false;
	for (size_t i = 0; i < a->n_uses; i++) {
		a->is_broken_today |= a->uses[i].is_broken_today;
		a->is_capped |= a->uses[i].is_capped;
		if (a->uses[i].v.impact > impact)
			impact = a->uses[i].v.impact;
	}
	for (enum pqm_scenario s = PQM_SLOW; s < PQM_N_SCENARIOS; s++) {
		double all = part_of(a, p, s, PART_ALL, SIZE_MAX, tmp);
		double later = part_of(a, p, s, PART_LATER, SIZE_MAX, tmp);
		double now = part_of(a, p, s, PART_WAITING, SIZE_MAX, tmp);

		a->p[s] = all;
		a->sunk[s] = fmin(part_of(a, p, s, PART_SUNK, SIZE_MAX, tmp), all);
		a->cod[s] = fmin(1, now + fmax(0, later - all));
	}
	a->by_impact = pqm_risk_decide(p, a->p[PQM_CENTRAL], impact);
	fast = pqm_risk_decide(p, a->p[PQM_FAST], impact);
	if (a->is_broken_today && p->broken_today > a->by_impact)
		a->by_impact = p->broken_today;
	a->is_volatile = a->is_fast_far = fast >= a->by_impact + p->volatile_levels;
	compare(a, p, impact, tmp);
	a->decision = a->by_deadline > a->by_impact ? a->by_deadline : a->by_impact;
	a->deciding = decider(a, p, tmp);
}
