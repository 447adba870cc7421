/* shares.c — the uses of one lineage root share its money: what waiting costs is their union. */
#include "run.h"

/* What one root's carried uses lose in a year of waiting, added up and joined. */
struct joint {
	struct pqm_exposure *e;
	size_t n;
	double sum;
};

bool pqm_run_is_shared(const struct pqm_run_use *u)
{
	return !u->is_broken && pqm_risk_is_carried(&u->v) && u->v.data != 'S';
}

static void add_uses(struct pqm_run *r, uint32_t asset, struct joint *j)
{
	for (size_t h = 0; h < r->g->assets[asset].n_hops; h++) {
		const struct pqm_vector *v = &r->uses[asset][h].v;
		double tau, exposed;

		if (!pqm_run_is_shared(&r->uses[asset][h]))
			continue;
		tau = pqm_risk_tau(&r->p, v, PQM_CENTRAL, v->assessed + v->life_years);
		exposed = pqm_risk_h(&r->p, v, PQM_CENTRAL);
		j->e[j->n++] = (struct pqm_exposure){ exposed, tau };
		j->sum += exposed * pqm_risk_g(&r->p, PQM_CENTRAL, v->assessed, tau);
	}
}

enum pqm_st pqm_run_shares(struct pqm_run *r)
{
	size_t n = r->g->n_assets, uses = 0;
	struct joint j = { 0 };

	for (size_t a = 0; a < n; a++)
		uses += r->g->assets[a].n_hops;
	j.e = pqm_new(&r->scratch, struct pqm_exposure, uses);
	r->share = pqm_new(&r->scratch, double, n);
	if (j.e == NULL || r->share == NULL)
		return pqm_fail(r->err, PQM_ENOMEM, "plan: out of memory");
	for (size_t root = 0; root < n; root++) {
		double joined, share;

		j.n = 0;
		j.sum = 0;
		for (uint32_t a = r->first[root]; a != PQM_NO_ASSET; a = r->next[a])
			add_uses(r, a, &j);
		joined = pqm_risk_union(&r->p, PQM_CENTRAL, r->assessed, j.e, j.n);
		share = j.sum > 0 ? fmin(1, joined / j.sum) : 1;
		for (uint32_t a = r->first[root]; a != PQM_NO_ASSET; a = r->next[a])
			r->share[a] = share;
	}
	return PQM_OK;
}
