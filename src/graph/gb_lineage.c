/* gb_lineage.c — what assets are made from: lives, roots and impact pass down [design/risk.md §4]. */
#include "build.h"

#include "base/limits.h"

/* Gradients and checkpoints of a workload come from the training data of the same workload, when the
 * owner named no source. */
static void guess_sources(struct gb *b, struct gb_draft *d)
{
	const struct pqm_rule *r = d->n_source_names > 0 ? NULL : gb_ai_rule(b, "role", d->role);
	const struct pqm_yaml *from = r == NULL ? NULL : pqm_yaml_get(r->node, "derived");
	size_t best = SIZE_MAX;

	for (size_t k = 0; from != NULL && k < d->n_at; k++)
		for (size_t i = b->first_draft[d->at[k]]; i != 0; i = b->of_nodes[i].next) {
			size_t s = b->of_nodes[i].draft;

			if (s < best && &b->drafts[s] != d &&
				pqm_k8s_listed(from, b->drafts[s].role))
				best = s;
		}
	if (best != SIZE_MAX)
		gb_draft_source(b, d, b->drafts[best].a.id);
}

static bool add_name(struct pqm_map *names, pqm_bytes name, size_t i)
{
	return name.n == 0 || pqm_map_get(names, name) != NULL ||
		pqm_map_put(names, name, (void *)(uintptr_t)(i + 1));
}

/* The first draft with a name or id, as people may name either; a model also by what serves it. */
static bool name_drafts(struct gb *b, struct pqm_map *names)
{
	bool ok = true;

	for (size_t i = 0; ok && i < b->n_drafts; i++)
		ok = add_name(names, b->drafts[i].a.id, i) &&
			add_name(names, b->drafts[i].a.name, i);
	for (size_t i = 0; ok && i < b->n_drafts; i++)
		if (b->drafts[i].is_reference && b->drafts[i].n_at > 0)
			ok = add_name(names, b->g->nodes[b->drafts[i].at[0]].name, i);
	return ok;
}

static void link_sources(
	struct gb *b, const struct pqm_map *names, struct gb_draft *d, uint32_t self)
{
	uint32_t *src = pqm_new(b->arena, uint32_t, d->n_source_names + 1);

	if (src == NULL) {
		gb_fail(b, "lineage");
		return;
	}
	for (size_t i = 0; i < d->n_source_names; i++) {
		const void *found = pqm_map_get(names, d->source_names[i]);
		uint32_t s = found == NULL ? GB_NONE : (uint32_t)((uintptr_t)found - 1);

		if (s != GB_NONE && s != self)
			src[d->a.n_sources++] = s;
	}
	d->a.sources = src;
}

/* Who is derived from a draft, as lists through one array. */
struct heirs {
	uint32_t *start; /* of draft i: of[start[i]] up to start[i + 1] */
	uint32_t *of, *queue;
	uint32_t *by_life; /* drafts, longest own life first */
	bool *settled;
};

static bool index_heirs(struct gb *b, struct heirs *h)
{
	size_t n = b->n_drafts, links = 0;

	for (size_t i = 0; i < n; i++)
		links += b->drafts[i].a.n_sources;
	*h = (struct heirs){ .start = pqm_new(b->arena, uint32_t, n + 2),
		.of = pqm_new(b->arena, uint32_t, links + 1),
		.queue = pqm_new(b->arena, uint32_t, n + 1),
		.by_life = pqm_new(b->arena, uint32_t, n + 1),
		.settled = pqm_new(b->arena, bool, n + 1) };
	if (h->start == NULL || h->of == NULL || h->queue == NULL || h->by_life == NULL ||
		h->settled == NULL)
		return false;
	/* Counted two places ahead, so that filling leaves every start where it belongs. */
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < b->drafts[i].a.n_sources; k++)
			h->start[b->drafts[i].a.sources[k] + 2]++;
	for (size_t i = 2; i < n + 2; i++)
		h->start[i] += h->start[i - 1];
	for (uint32_t i = 0; i < n; i++)
		for (size_t k = 0; k < b->drafts[i].a.n_sources; k++)
			h->of[h->start[b->drafts[i].a.sources[k] + 1]++] = i;
	return true;
}

struct aged {
	double years;
	uint32_t draft;
};

static int by_years(const void *x, const void *y)
{
	const struct aged *a = x, *c = y;

	if (a->years != c->years)
		return a->years < c->years ? 1 : -1;
	return (a->draft > c->draft) - (a->draft < c->draft);
}

static bool order_by_life(struct gb *b, struct heirs *h)
{
	struct aged *aged = pqm_new(b->arena, struct aged, b->n_drafts + 1);

	if (aged == NULL)
		return false;
	for (uint32_t i = 0; i < b->n_drafts; i++)
		aged[i] = (struct aged){ b->drafts[i].a.life_years.value, i };
	if (b->n_drafts > 1)
		qsort(aged, b->n_drafts, sizeof(*aged), by_years);
	for (size_t i = 0; i < b->n_drafts; i++)
		h->by_life[i] = aged[i].draft;
	return true;
}

static void inherit(struct gb *b, struct gb_draft *d, const struct gb_draft *from)
{
	if (from->a.life_years.value <= d->a.life_years.value)
		return;
	d->a.life_years =
		(struct pqm_sourced){ from->a.life_years.value, from->a.life_years.is_assumption,
			pqm_arena_f(b->arena, "as its source %.*s", PQM_FMT(from->a.id)) };
	d->a.life_by = from->a.life_by;
	d->a.life_by.words = d->a.life_years.source;
}

/* X(derived) = max(own, X(source)): from the longest life down, each draft is settled by the first that
 * reaches it, so chains of any length and circles cost one visit each. */
static void spread_lives(struct gb *b)
{
	struct heirs h;

	if (b->st != PQM_OK || b->n_drafts == 0)
		return;
	if (!index_heirs(b, &h) || !order_by_life(b, &h)) {
		gb_fail(b, "lineage");
		return;
	}
	for (size_t i = 0; i < b->n_drafts; i++) {
		size_t head = 0, tail = 0;

		if (!h.settled[h.by_life[i]])
			h.queue[tail++] = h.by_life[i];
		h.settled[h.by_life[i]] = true;
		while (head < tail) {
			uint32_t at = h.queue[head++];

			for (uint32_t k = h.start[at]; k < h.start[at + 1]; k++) {
				if (h.settled[h.of[k]])
					continue;
				h.settled[h.of[k]] = true;
				inherit(b, &b->drafts[h.of[k]], &b->drafts[at]);
				h.queue[tail++] = h.of[k];
			}
		}
	}
}

/* The root holds the money: along the source that lives longest, ties by id. */
static uint32_t root_of(const struct gb *b, uint32_t i)
{
	for (unsigned step = 0; step < PQM_LINEAGE_DEPTH; step++) {
		const struct gb_draft *d = &b->drafts[i];
		uint32_t best = GB_NONE;

		for (size_t k = 0; k < d->a.n_sources; k++) {
			uint32_t s = d->a.sources[k];

			if (best == GB_NONE ||
				b->drafts[s].a.life_years.value >
					b->drafts[best].a.life_years.value ||
				(b->drafts[s].a.life_years.value ==
						b->drafts[best].a.life_years.value &&
					s < best))
				best = s;
		}
		if (best == GB_NONE)
			return i;
		i = best;
	}
	return i;
}

static void set_impact(struct gb *b, struct gb_draft *d, uint32_t self)
{
	const struct gb_draft *root = &b->drafts[d->a.root];

	if (d->has_impact)
		return;
	if (d->a.root != self && root->has_impact) {
		d->a.impact = (struct pqm_sourced){ root->a.impact.value, false,
			pqm_arena_f(b->arena, "as its source %.*s", PQM_FMT(root->a.id)) };
		d->a.impact_by = root->a.impact_by;
	} else {
		d->a.impact = (struct pqm_sourced){ b->default_impact, true,
			PQM_LIT("default impact, nothing was declared") };
		d->a.impact_by = gb_by_default("");
	}
	d->a.impact_by.words = d->a.impact.source;
}

void gb_lineage(struct gb *b)
{
	struct pqm_map names = { .n = 0 };

	for (size_t i = 0; i < b->n_drafts && b->st == PQM_OK; i++)
		guess_sources(b, &b->drafts[i]);
	if (b->st == PQM_OK && !name_drafts(b, &names))
		gb_fail(b, "assets");
	for (size_t i = 0; i < b->n_drafts && b->st == PQM_OK; i++)
		link_sources(b, &names, &b->drafts[i], (uint32_t)i);
	pqm_map_fini(&names);
	spread_lives(b);
	for (size_t i = 0; i < b->n_drafts && b->st == PQM_OK; i++)
		b->drafts[i].a.root = root_of(b, (uint32_t)i);
	for (size_t i = 0; i < b->n_drafts && b->st == PQM_OK; i++)
		set_impact(b, &b->drafts[i], (uint32_t)i);
}
