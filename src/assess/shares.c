/* shares.c — the uses of one lineage root share its money: what waiting costs is their union. */
#include "run.h"

/* What one root's carried uses lose in a year of waiting, added up and joined. */
struct joint {
	struct pqm_exposure *e;
	size_t n;
	double sum;
};

static uint32_t root_of(const struct pqm_run *r, uint32_t asset)
{
	uint32_t root = r->g->assets[asset].root;

	return root < r->g->n_assets ? root : asset;
}

static void add_uses(struct pqm_run *r, uint32_t asset, struct joint *j)
{
	for (size_t h = 0; h < r->g->assets[asset].n_hops; h++) {
		const struct pqm_vector *v = &r->uses[asset][h].v;
		double tau, exposed;

		if (r->uses[asset][h].is_broken || !pqm_risk_is_carried(v) || v->data == 'S')
			continue;
		tau = pqm_risk_tau(&r->p, v, PQM_CENTRAL, v->assessed + v->life_years);
		exposed = pqm_risk_h(&r->p, v, PQM_CENTRAL);
		j->e[j->n++] = (struct pqm_exposure){ exposed, tau };
		j->sum += exposed * pqm_risk_g(&r->p, PQM_CENTRAL, v->assessed, tau);
	}
}

static int by_root(const void *x, const void *y, void *ctx)
{
	const struct pqm_run *r = ctx;
	uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
	uint32_t ra = root_of(r, a), rb = root_of(r, b);

	if (ra != rb)
		return ra < rb ? -1 : 1;
	return (a > b) - (a < b);
}

enum pqm_st pqm_run_shares(struct pqm_run *r)
{
	size_t n = r->g->n_assets, uses = 0;
	uint32_t *order = pqm_new(&r->scratch, uint32_t, n);
	struct joint j = { 0 };

	for (size_t a = 0; a < n; a++)
		uses += r->g->assets[a].n_hops;
	j.e = pqm_new(&r->scratch, struct pqm_exposure, uses);
	r->share = pqm_new(&r->scratch, double, n);
	if (order == NULL || j.e == NULL || r->share == NULL)
		return pqm_fail(r->err, PQM_ENOMEM, "plan: out of memory");
	for (uint32_t a = 0; a < n; a++)
		order[a] = a;
	qsort_r(order, n, sizeof(*order), by_root, r);
	for (size_t from = 0, to; from < n; from = to) {
		double joined;

		j.n = 0;
		j.sum = 0;
		for (to = from; to < n && root_of(r, order[to]) == root_of(r, order[from]); to++)
			add_uses(r, order[to], &j);
		joined = pqm_risk_union(&r->p, PQM_CENTRAL, r->assessed, j.e, j.n);
		for (size_t k = from; k < to; k++)
			r->share[order[k]] = j.sum > 0 ? fmin(1, joined / j.sum) : 1;
	}
	return PQM_OK;
}
