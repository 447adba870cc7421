#include "bound.h"

#include "base/limits.h"

struct worst {
	const struct pqm_asset_score *asset;
};

static bool bind(struct pqm_bound *b, const uint8_t *finding, const struct pqm_asset_score *asset)
{
	pqm_bytes key = { finding, PQM_ID_BYTES };
	struct worst *w = pqm_map_get(&b->by_id, key);

	if (w == NULL) {
		w = pqm_new(&b->arena, struct worst, 1);
		if (w == NULL || !pqm_map_put(&b->by_id, key, w))
			return false;
		w->asset = asset;
	}
	if (asset->decision > w->asset->decision)
		w->asset = asset;
	return true;
}

static bool bind_asset(struct pqm_bound *b, const struct pqm_asset_score *asset)
{
	for (size_t u = 0; u < asset->n_uses; u++) {
		const struct pqm_hop *h = asset->uses[u].hop;

		for (size_t k = 0; h != NULL && k < h->n_findings; k++)
			if (!bind(b, h->findings[k], asset))
				return false;
	}
	return true;
}

bool pqm_bound_make(struct pqm_bound *b, const struct pqm_assessment *a)
{
	*b = (struct pqm_bound){ 0 };
	pqm_arena_init(&b->arena, PQM_RUN_ARENA_BYTES);
	for (size_t i = 0; a != NULL && i < a->n_assets; i++)
		if (!bind_asset(b, &a->assets[i]))
			return false;
	return true;
}

void pqm_bound_fini(struct pqm_bound *b)
{
	pqm_map_fini(&b->by_id);
	pqm_arena_fini(&b->arena);
	*b = (struct pqm_bound){ 0 };
}

const struct pqm_asset_score *pqm_bound_of(
	const struct pqm_bound *b, const uint8_t finding[PQM_ID_BYTES])
{
	const struct worst *w = pqm_map_get(&b->by_id, (pqm_bytes){ finding, PQM_ID_BYTES });

	return w == NULL ? NULL : w->asset;
}
