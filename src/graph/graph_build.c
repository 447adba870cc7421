#include "build.h"

#include "base/limits.h"

static int finding_order(const void *x, const void *y)
{
	const struct pqm_finding *const *a = x, *const *c = y;

	return memcmp((*a)->id, (*c)->id, PQM_ID_BYTES);
}

static int placed_order(const void *x, const void *y)
{
	const struct gb_placed *a = x, *c = y;
	int d = pqm_cmp(a->object, c->object);

	if (d == 0)
		d = (a->finding > c->finding) - (a->finding < c->finding);
	return d != 0 ? d : (a->occ > c->occ) - (a->occ < c->occ);
}

static size_t count_placed(const struct gb *b)
{
	size_t n = 0;

	for (size_t i = 0; i < b->inv->n_findings; i++)
		for (size_t k = 0; k < b->inv->findings[i].n_occs; k++)
			n += b->inv->findings[i].occs[k].object.n > 0;
	return n;
}

static void place_findings(struct gb *b)
{
	size_t n = b->inv->n_findings;

	/* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers is meant */
	b->findings = pqm_arena_array(&b->work, n + 1, sizeof(*b->findings));
	b->claimed = pqm_new(&b->work, bool, n + 1);
	b->placed = pqm_new(&b->work, struct gb_placed, count_placed(b) + 1);
	if (b->findings == NULL || b->claimed == NULL || b->placed == NULL) {
		gb_fail(b, "findings");
		return;
	}
	for (size_t i = 0; i < n; i++)
		b->findings[i] = &b->inv->findings[i];
	if (n > 1)
		/* NOLINTNEXTLINE(bugprone-sizeof-expression): likewise */
		qsort(b->findings, n, sizeof(*b->findings), finding_order);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < b->findings[i]->n_occs; k++)
			if (b->findings[i]->occs[k].object.n > 0)
				b->placed[b->n_placed++] =
					(struct gb_placed){ b->findings[i]->occs[k].object,
						(uint32_t)i, (uint32_t)k };
	if (b->n_placed > 1)
		qsort(b->placed, b->n_placed, sizeof(*b->placed), placed_order);
}

/* What holds where nothing was declared; the values and their reasons are in rules/risk. */
static void read_defaults(struct gb *b)
{
	const struct pqm_rule *d = pqm_rules_get(b->r, PQM_LIT("risk.plan-defaults"));
	const struct pqm_yaml *n = d == NULL ? NULL : d->node;
	pqm_bytes exposure = pqm_yaml_str(n, "exposure");

	if (!pqm_yaml_f64(n, "x_years", &b->default_life) ||
		!pqm_yaml_f64(n, "w_years", &b->default_in_use) ||
		!pqm_yaml_f64(n, "impact", &b->default_impact) || exposure.n != 1) {
		b->st = d != NULL
			? pqm_rule_fail(d, NULL, b->err,
				  "needs x_years, w_years, impact and an exposure letter")
			: pqm_fail(b->err, PQM_EUSAGE, "rules: no rule risk.plan-defaults");
		return;
	}
	b->default_exposure = (char)exposure.p[0];
}

/* What was declared and not understood stands with the references that lead nowhere. */
static void add_doubts(struct gb *b)
{
	size_t n = b->g->n_unresolved + b->n_doubts;
	pqm_bytes *all = pqm_new(b->arena, pqm_bytes, n + 1);

	if (all == NULL) {
		gb_fail(b, "declared values");
		return;
	}
	for (size_t i = 0; i < n; i++)
		all[i] = i < b->n_doubts ? b->doubts[i] : b->g->unresolved[i - b->n_doubts];
	b->g->unresolved = all;
	b->g->n_unresolved = n;
}

enum pqm_st pqm_graph_build(struct pqm_graph *g, const struct pqm_rules *r,
	const struct pqm_inventory *inv, struct pqm_err *err)
{
	struct gb b = { .g = g, .r = r, .inv = inv, .arena = &g->arena, .err = err };

	pqm_arena_init(&b.work, PQM_RUN_ARENA_BYTES);
	b.st = pqm_rules_k8s(&b.kinds, r, err);
	if (b.st == PQM_OK)
		read_defaults(&b);
	if (b.st == PQM_OK)
		gb_ai_rules(&b);
	if (b.st == PQM_OK)
		place_findings(&b);
	if (b.st == PQM_OK)
		gb_nodes(&b);
	if (b.st == PQM_OK)
		gb_images(&b);
	if (b.st == PQM_OK)
		gb_endpoints(&b);
	if (b.st == PQM_OK)
		gb_classify(&b);
	if (b.st == PQM_OK)
		gb_assets(&b);
	if (b.st == PQM_OK)
		gb_hops(&b);
	if (b.st == PQM_OK)
		gb_on_check(&b);
	if (b.st == PQM_OK)
		gb_finish_assets(&b);
	if (b.st == PQM_OK)
		gb_unassigned(&b);
	if (b.st == PQM_OK)
		add_doubts(&b);
	gb_index_free(&b);
	pqm_map_fini(&b.nodes);
	pqm_map_fini(&b.hosts);
	pqm_map_fini(&b.scoped);
	pqm_map_fini(&b.edges);
	pqm_arena_fini(&b.work);
	return b.st;
}
