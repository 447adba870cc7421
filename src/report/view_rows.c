#include "view.h"

#include "report/view_text.h"

/* One line of the list of findings: a place. */
struct row {
	const struct pqm_finding *f;
	const struct pqm_occurrence *o;
	const struct pqm_asset_score *const *asset; /* into the view's scores; NULL: of none */
	/* Printable, so that a report that was saved and loaded again sorts the same. */
	pqm_bytes path, object, source;
	bool is_first; /* of its finding: carries the link's target */
};

/* Rows that differ in place and id only: what they share is said once above them. */
struct group {
	const struct pqm_view *v;
	const struct row *rows;
	size_t n;
};

struct groups {
	const struct pqm_view *v;
	struct row *rows;
	size_t n_rows;
	struct group *at;
	size_t n;
	struct pqm_arena *arena;
};

/* "cert-manager >= 0.15 does so by itself, says github.com/…": of what nobody wrote down. */
static pqm_bytes source_words(struct pqm_arena *a, const struct pqm_occurrence *at)
{
	pqm_bytes product = pqm_occ_attr(at, "product"), source = pqm_occ_attr(at, "source");

	if (product.n == 0 || source.n == 0)
		return (pqm_bytes){ NULL, 0 };
	return pqm_arena_f(a, "%.*s %.*s does so by itself, says %.*s", PQM_FMT(product),
		PQM_FMT(pqm_occ_attr(at, "versions")), PQM_FMT(source));
}

/* "layer 2, 4dc1864cb2aa: COPY app /app"; of whose the layer is. */
static pqm_bytes layer_words(struct pqm_arena *a, const struct pqm_occurrence *at)
{
	pqm_bytes layer = pqm_occ_attr(at, "layer"), by = pqm_occ_attr(at, "made_by");
	size_t colon = pqm_find_byte(layer, 0, ':');

	if (layer.n == 0 || colon == SIZE_MAX)
		return (pqm_bytes){ NULL, 0 };
	return pqm_arena_f(a, "layer %.*s, %.*s%s%.*s%s", PQM_FMT(pqm_occ_attr(at, "layer_index")),
		PQM_FMT(pqm_sub(layer, colon + 1, 12)), by.n > 0 ? ": " : "",
		PQM_FMT(pqm_printable(a, by)),
		pqm_eqs(pqm_occ_attr(at, "owner"), "base") ? " (base image)" : "");
}

/* What a group shares. */
static int cmp_group(const struct row *a, const struct row *b)
{
	if (a->asset != b->asset) /* those of no asset come last */
		return a->asset != NULL && (b->asset == NULL || a->asset < b->asset) ? -1 : 1;
	if (a->o->target != b->o->target)
		return a->o->target < b->o->target ? -1 : 1;
	if (a->f->evidence != b->f->evidence)
		return a->f->evidence < b->f->evidence ? -1 : 1;
	if (a->f->basis != b->f->basis)
		return a->f->basis < b->f->basis ? -1 : 1;
	return pqm_cmp(a->source, b->source);
}

static int cmp_row(const void *x, const void *y)
{
	const struct row *a = x, *b = y;
	int c = cmp_group(a, b);

	c = c != 0 ? c : pqm_cmp(a->path, b->path);
	if (c == 0 && a->o->line != b->o->line)
		c = a->o->line < b->o->line ? -1 : 1;
	if (c == 0 && a->o->off != b->o->off)
		c = a->o->off < b->o->off ? -1 : 1;
	c = c != 0 ? c : pqm_cmp(a->object, b->object);
	c = c != 0 ? c : memcmp(a->f->id, b->f->id, PQM_ID_BYTES);
	return c != 0 ? c : (int)a->is_first - (int)b->is_first;
}

/* Where not all fits, every finding comes before a second place of any. */
static void collect_rows(struct groups *g, const struct pqm_cause *c, size_t max, bool firsts)
{
	for (size_t i = 0; i < c->n_findings; i++) {
		const struct pqm_finding *f = c->findings[i];
		const struct pqm_asset_score *const *asset =
			pqm_map_get(&g->v->asset_of, (pqm_bytes){ f->id, PQM_ID_BYTES });
		bool is_first = true;

		for (size_t k = 0; k < f->n_occs && g->n_rows < max; k++) {
			if (f->occs[k].in_store)
				continue;
			if (is_first == firsts)
				g->rows[g->n_rows++] = (struct row){ f, &f->occs[k], asset,
					pqm_printable(g->arena, f->occs[k].path),
					pqm_printable(g->arena, f->occs[k].object),
					pqm_printable(
						g->arena, source_words(g->arena, &f->occs[k])),
					is_first };
			is_first = false;
		}
	}
}

static void collect(struct groups *g, const struct pqm_cause *c, size_t max)
{
	collect_rows(g, c, max, true);
	collect_rows(g, c, max, false);
	qsort(g->rows, g->n_rows, sizeof(*g->rows), cmp_row);
	for (size_t i = 0; i < g->n_rows; i++) {
		if (i == 0 || cmp_group(&g->rows[i - 1], &g->rows[i]) != 0)
			g->at[g->n++] = (struct group){ g->v, &g->rows[i], 0 };
		g->at[g->n - 1].n++;
	}
}

static void fill_row(struct pqm_obj *o, const void *ctx, size_t i)
{
	const struct row *r = &((const struct group *)ctx)->rows[i];
	pqm_bytes subject = pqm_occ_attr(r->o, "subject");
	char id[2 * PQM_ID_BYTES + 1];

	pqm_id_hex(id, r->f->id);
	pqm_obj_text(o, "place", pqm_text_place(o->arena, r->o));
	pqm_obj_text(o, "id", pqm_bytes_dup(o->arena, pqm_str(id)));
	pqm_obj_flag(o, "is_first", r->is_first);
	pqm_obj_text(o, "anchor", pqm_bytes_dup(o->arena, (pqm_bytes){ (const uint8_t *)id, 12 }));
	pqm_obj_opt(o, "object", "has_object", r->o->object);
	pqm_obj_opt(o, "comment", "has_comment",
		subject.n > 0 ? subject : pqm_occ_attr(r->o, "comment"));
	pqm_obj_opt(o, "until", "has_until", pqm_occ_attr(r->o, "not_after"));
	pqm_obj_opt(o, "layer", "has_layer", layer_words(o->arena, r->o));
	pqm_obj_opt(o, "call", "has_call", pqm_occ_attr(r->o, "call"));
	pqm_obj_text(o, "address", pqm_occ_attr(r->o, "address"));
	pqm_obj_opt(o, "way", "has_way", pqm_occ_attr(r->o, "witness"));
}

/* Lists of a hundred: a browser lays out only those in sight. */
static void fill_block(struct pqm_obj *o, const void *ctx, size_t i)
{
	const struct group *g = ctx;
	struct group *block = pqm_new(o->arena, struct group, 1);
	size_t from = i * PQM_VIEW_BLOCK;

	if (block != NULL)
		*block = (struct group){ g->v, g->rows + from,
			g->n - from < PQM_VIEW_BLOCK ? g->n - from : PQM_VIEW_BLOCK };
	pqm_obj_list(o, "rows", block != NULL ? block->n : 0, fill_row, block);
}

static void fill_group(struct pqm_obj *o, const void *ctx, size_t i)
{
	const struct groups *all = ctx;
	const struct group *g = &all->at[i];
	const struct row *r = &g->rows[0];
	const struct pqm_inventory *inv = g->v->r->inv;
	size_t no = r->asset != NULL ? (size_t)(r->asset - g->v->scores) : 0;
	const struct pqm_asset *asset = r->asset != NULL ? (*r->asset)->asset : NULL;

	pqm_obj_flag(o, "has_asset", asset != NULL);
	pqm_obj_flag(o, "no_asset", asset == NULL);
	pqm_obj_flag(o, "is_linked", asset != NULL && no < PQM_VIEW_ASSETS);
	pqm_obj_flag(o, "not_linked", asset != NULL && no >= PQM_VIEW_ASSETS);
	pqm_obj_f(o, "asset_no", "%zu", no);
	pqm_obj_text(o, "asset", asset != NULL ? asset->name : PQM_LIT(""));
	pqm_obj_opt(o, "owner", "has_owner", asset != NULL ? asset->owner : PQM_LIT(""));
	pqm_obj_opt(o, "target", "has_target",
		inv->n_targets > 1 && r->o->target < inv->n_targets
			? inv->targets[r->o->target].name
			: PQM_LIT(""));
	pqm_obj_f(o, "evidence", "%s%s", pqm_evidence_name(r->f->evidence),
		pqm_basis_suffix(r->f->basis));
	pqm_obj_opt(o, "source", "has_source", r->source);
	pqm_obj_text(o, "n_rows", pqm_text_n(o->arena, g->n, "place", "places"));
	pqm_obj_list(o, "blocks", (g->n + PQM_VIEW_BLOCK - 1) / PQM_VIEW_BLOCK, fill_block, g);
}

void pqm_view_rows(
	struct pqm_obj *o, const struct pqm_view *v, const struct pqm_cause *c, size_t max)
{
	size_t n = c->n_places < max ? c->n_places : max;
	struct groups *g = pqm_new(o->arena, struct groups, 1);

	if (g != NULL) {
		*g = (struct groups){ .v = v,
			.arena = o->arena,
			.rows = pqm_new(o->arena, struct row, n),
			.at = pqm_new(o->arena, struct group, n) };
		if (g->rows != NULL && g->at != NULL)
			collect(g, c, n);
	}
	pqm_obj_list(o, "groups", g != NULL ? g->n : 0, fill_group, g);
	n = g != NULL ? g->n_rows : 0;
	pqm_obj_text(o, "places_more", pqm_text_count(o->arena, c->n_places - n));
	pqm_obj_flag(o, "has_places_more", c->n_places > n);
}
