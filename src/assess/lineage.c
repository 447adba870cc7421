/* lineage.c — what hangs on one root: it holds the money of everything derived from it. */
#include "run.h"

size_t pqm_run_root(const struct pqm_run *r, size_t asset)
{
	size_t root = r->g->assets[asset].root;

	return root < r->g->n_assets ? root : asset;
}

enum pqm_st pqm_run_lineage(struct pqm_run *r)
{
	size_t n = r->g->n_assets;

	r->first = pqm_new(&r->scratch, uint32_t, n);
	r->next = pqm_new(&r->scratch, uint32_t, n);
	if (r->first == NULL || r->next == NULL)
		return pqm_fail(r->err, PQM_ENOMEM, "assessment: out of memory");
	for (size_t a = 0; a < n; a++)
		r->first[a] = PQM_NO_ASSET;
	for (size_t a = n; a > 0; a--) {
		size_t root = pqm_run_root(r, a - 1);

		r->next[a - 1] = r->first[root];
		r->first[root] = (uint32_t)(a - 1);
	}
	return PQM_OK;
}
