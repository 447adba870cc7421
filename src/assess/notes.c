/* notes.c — what the assessment left out, or took together, where there was too much of it. */
#include "loss.h"
#include "run.h"

struct noter {
	struct pqm_run *r;
	pqm_bytes *note;
	size_t n, cap;
};

static enum pqm_st add(struct noter *k, pqm_bytes words)
{
	struct pqm_arena *a = &k->r->a->arena;
	pqm_bytes *grown = words.p == NULL ? NULL : pqm_grow(a, k->note, k->n, &k->cap);

	if (grown == NULL)
		return pqm_fail(k->r->err, PQM_ENOMEM, "assessment: out of memory");
	k->note = grown;
	k->note[k->n++] = words;
	return PQM_OK;
}

static enum pqm_st of_uses(struct noter *k, const struct pqm_asset_score *s)
{
	if (s->n_uses <= PQM_DECIDER_USES_MAX)
		return PQM_OK;
	return add(k,
		pqm_arena_f(&k->r->a->arena,
			"%.*s: %zu uses, over %d: the one that decides was chosen by its own "
			"chance, and what would change the decision was not searched",
			PQM_FMT(s->asset->id), s->n_uses, PQM_DECIDER_USES_MAX));
}

/* Flows of one root beyond the limits of money.h and loss.h. */
static enum pqm_st of_streams(struct noter *k, size_t root)
{
	const struct pqm_scene scene = { &k->r->p, PQM_CENTRAL };
	struct pqm_streams streams = { 0 };
	struct pqm_root one = { 0 };
	struct pqm_arena scratch;
	enum pqm_st st = pqm_run_root_of(k->r, (uint32_t)root, &one);
	pqm_bytes id = k->r->g->assets[root].id;

	if (st != PQM_OK || one.n_uses <= PQM_LOSS_STREAMS || !(one.rate > 0))
		return st;
	pqm_arena_init(&scratch, PQM_ARENA_BYTES);
	st = pqm_money_streams(&streams, &scene, &one, &scratch, k->r->err);
	pqm_arena_fini(&scratch);
	if (st == PQM_OK && streams.is_cut)
		st = add(k,
			pqm_arena_f(&k->r->a->arena,
				"%.*s: over %d kinds of flow: those beyond were taken as one with "
				"the widest of their windows; its money is never less than true",
				PQM_FMT(id), PQM_STREAMS_MAX));
	if (st == PQM_OK && streams.n > PQM_LOSS_STREAMS)
		st = add(k,
			pqm_arena_f(&k->r->a->arena,
				"%.*s: %zu kinds of flow, over %d: in the loss curve those beyond "
				"are lost together",
				PQM_FMT(id), streams.n, PQM_LOSS_STREAMS));
	return st;
}

enum pqm_st pqm_run_notes(struct pqm_run *r)
{
	struct noter k = { .r = r };
	enum pqm_st st = PQM_OK;

	for (size_t i = 0; i < r->a->n_assets && st == PQM_OK; i++) {
		st = of_uses(&k, &r->a->assets[i]);
		if (st == PQM_OK && r->a->assets[i].has_money)
			st = of_streams(&k, i);
	}
	r->a->notes = k.note;
	r->a->n_notes = k.n;
	return st;
}
