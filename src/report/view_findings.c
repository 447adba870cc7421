#include "view.h"

#include "report/view_text.h"

static const char *quantum_class(enum pqm_quantum q)
{
	switch (q) {
	case PQM_Q_BROKEN:
		return "bad";
	case PQM_Q_UNKNOWN:
		return "mid";
	case PQM_Q_HYBRID:
		return "blue";
	case PQM_Q_SAFE:
		return "ok";
	}
	return "mid";
}

static const char *meaning_words(enum pqm_meaning m)
{
	switch (m) {
	case PQM_USE:
		return "used";
	case PQM_OFFER:
		return "offered, not shown to be used";
	case PQM_KEY:
		return "key";
	case PQM_CERT:
		return "certificate";
	case PQM_CONFIG:
		return "set";
	case PQM_ABSENT:
		return "missing or defaulted";
	}
	return "";
}

static const char *function_words(enum pqm_function f)
{
	switch (f) {
	case PQM_FN_ANY:
		return "any use";
	case PQM_FN_KEX:
		return "key exchange";
	case PQM_FN_PKE:
		return "encryption";
	case PQM_FN_SIG:
		return "signatures";
	case PQM_FN_CIPHER:
		return "cipher";
	case PQM_FN_HASH:
		return "hash";
	case PQM_FN_MAC:
		return "MAC";
	case PQM_FN_KDF:
		return "key derivation";
	}
	return "";
}

struct shown {
	const struct pqm_view *v;

	struct {
		const struct pqm_finding *f;
		const struct pqm_occurrence *o;
	} at[PQM_VIEW_PLACES];

	size_t n;
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

static void fill_place(struct pqm_obj *o, const void *ctx, size_t i)
{
	const struct shown *s = ctx;
	const struct pqm_finding *f = s->at[i].f;
	char id[2 * PQM_ID_BYTES + 1];
	pqm_bytes subject = pqm_occ_attr(s->at[i].o, "subject"), comment;

	comment = subject.n > 0 ? subject : pqm_occ_attr(s->at[i].o, "comment");
	pqm_id_hex(id, f->id);
	pqm_obj_text(o, "place", pqm_text_place(o->arena, s->at[i].o));
	pqm_obj_opt(o, "object", "has_object", s->at[i].o->object);
	pqm_obj_opt(o, "comment", "has_comment", comment);
	pqm_obj_opt(o, "until", "has_until", pqm_occ_attr(s->at[i].o, "not_after"));
	pqm_obj_opt(o, "layer", "has_layer", layer_words(o->arena, s->at[i].o));
	pqm_obj_opt(o, "source", "has_source", source_words(o->arena, s->at[i].o));
	pqm_obj_opt(o, "call", "has_call", pqm_occ_attr(s->at[i].o, "call"));
	pqm_obj_text(o, "address", pqm_occ_attr(s->at[i].o, "address"));
	pqm_obj_opt(o, "way", "has_way", pqm_occ_attr(s->at[i].o, "witness"));
	pqm_obj_f(
		o, "evidence", "%s%s", pqm_evidence_name(f->evidence), pqm_basis_suffix(f->basis));
	pqm_obj_f(o, "id", "%s", id);
	const struct pqm_asset_score *const *slot =
		pqm_map_get(&s->v->asset_of, (pqm_bytes){ f->id, PQM_ID_BYTES });

	pqm_obj_flag(o, "has_asset", slot != NULL);
	pqm_obj_f(o, "asset_no", "%zu", slot != NULL ? (size_t)(slot - s->v->scores) : 0);
	pqm_obj_text(o, "asset", slot != NULL ? (*slot)->asset->name : PQM_LIT(""));
}

static void collect(struct shown *s, const struct pqm_cause *c)
{
	for (size_t i = 0; i < c->n_findings && s->n < PQM_VIEW_PLACES; i++)
		for (size_t k = 0; k < c->findings[i]->n_occs && s->n < PQM_VIEW_PLACES; k++)
			if (!c->findings[i]->occs[k].in_store) {
				s->at[s->n].f = c->findings[i];
				s->at[s->n++].o = &c->findings[i]->occs[k];
			}
}

/* Where no rule has a change to make, what stands there is the algorithm that comes next. */
static bool is_successor(const struct pqm_rules *r, const struct pqm_finding *f)
{
	const struct pqm_alg_ref *ref = pqm_alg_by_name(r, f->family);
	const struct pqm_yaml *by =
		ref == NULL ? NULL : pqm_yaml_get(ref->alg->rule->node, "replace");

	for (size_t i = 0; by != NULL && i < by->n; i++)
		if (pqm_eq(pqm_yaml_text(by->items[i]), f->fix))
			return true;
	return false;
}

static void fill_cause(struct pqm_obj *o, const void *ctx, size_t i)
{
	const struct pqm_view *v = ctx;
	const struct pqm_cause *c = &v->causes[i];
	const struct pqm_finding *f = c->first;
	struct shown *s = pqm_new(o->arena, struct shown, 1);

	pqm_obj_text(o, "alg", pqm_text_alg(o->arena, f->family, f->parameter));
	pqm_obj_text(o, "meaning", pqm_str(meaning_words(f->meaning)));
	pqm_obj_text(o, "function", pqm_str(function_words(f->function)));
	/* MD5 resists Shor; a green chip would still mislead. */
	bool weak = f->classical == PQM_C_BROKEN && f->quantum == PQM_Q_SAFE;

	pqm_obj_text(o, "quantum",
		f->quantum == PQM_Q_BROKEN ? PQM_LIT("broken by Shor")
			: weak		   ? PQM_LIT("not quantum")
					   : pqm_str(pqm_quantum_name(f->quantum)));
	pqm_obj_text(o, "class", weak ? PQM_LIT("warn") : pqm_str(quantum_class(f->quantum)));
	pqm_obj_flag(o, "weak_today", f->classical == PQM_C_BROKEN);
	pqm_obj_text(o, "rule", f->rule);
	pqm_obj_opt(o, "why", "has_why", f->why);
	pqm_obj_opt(o, "fix", "has_fix", f->fix);
	pqm_obj_text(o, "fix_words",
		is_successor(v->r->rules, f) ? PQM_LIT("Successor:") : PQM_LIT("To do:"));
	pqm_obj_text(o, "n_findings", pqm_text_n(o->arena, c->n_findings, "thing", "things"));
	pqm_obj_text(o, "n_places", pqm_text_n(o->arena, c->n_places, "place", "places"));
	if (s == NULL)
		return;
	s->v = v;
	collect(s, c);
	pqm_obj_list(o, "places", s->n, fill_place, s);
	pqm_obj_text(o, "places_more", pqm_text_count(o->arena, c->n_places - s->n));
	pqm_obj_flag(o, "has_places_more", c->n_places > s->n);
}

struct row {
	const char *name;
	uint64_t n[PQM_N_QUANTA];
};

struct rows {
	struct row r[6];
};

static void fill_count(struct pqm_obj *o, const void *ctx, size_t i)
{
	static const char *const names[PQM_N_QUANTA] = { "broken", "hybrid", "safe", "unknown" };
	const struct row *r = &((const struct rows *)ctx)->r[i];

	pqm_obj_text(o, "name", pqm_str(r->name));
	for (size_t q = 0; q < PQM_N_QUANTA; q++)
		pqm_obj_text(o, names[q],
			r->n[q] == 0 ? PQM_LIT("-") : pqm_text_count(o->arena, r->n[q]));
	pqm_obj_text(o, "sum", pqm_text_count(o->arena, r->n[0] + r->n[1] + r->n[2] + r->n[3]));
}

static void counts(struct pqm_obj *o, const struct pqm_view *v)
{
	static const struct {
		const char *name;
		int a, b;
	} kinds[] = { { "Uses", PQM_USE, -1 },
		{ "Offers: code that can, not shown to be used", PQM_OFFER, -1 },
		{ "Keys and certificates", PQM_KEY, PQM_CERT }, { "Settings", PQM_CONFIG, -1 },
		{ "Missing or defaulted", PQM_ABSENT, -1 } };
	struct rows *rows = pqm_new(o->arena, struct rows, 1);

	if (rows == NULL)
		return;
	for (size_t i = 0; i < 5; i++) {
		rows->r[i].name = kinds[i].name;
		for (size_t q = 0; q < PQM_N_QUANTA; q++) {
			rows->r[i].n[q] = v->tally.found[kinds[i].a][q] +
				(kinds[i].b < 0 ? 0 : v->tally.found[kinds[i].b][q]);
			rows->r[5].n[q] += rows->r[i].n[q];
		}
	}
	rows->r[5].name = "Together";
	pqm_obj_list(o, "counts", 6, fill_count, rows);
}

static void fill_store(struct pqm_obj *o, const void *ctx, size_t i)
{
	const struct pqm_store *s = &((const struct pqm_inventory *)ctx)->stores[i];

	pqm_obj_text(o, "path", s->path);
	pqm_obj_text(o, "n", pqm_text_n(o->arena, s->n_certs, "certificate", "certificates"));
}

void pqm_view_findings(struct pqm_obj *o, const struct pqm_view *v)
{
	const struct pqm_inventory *inv = v->r->inv;
	size_t n = pqm_view_cap(o, v->n_causes, PQM_VIEW_CAUSES, "causes_more", "has_causes_more");

	counts(o, v);
	pqm_obj_list(o, "causes", n, fill_cause, v);
	pqm_obj_text(o, "n_causes", pqm_text_n(o->arena, v->n_causes, "cause", "causes"));
	pqm_obj_text(o, "n_findings", pqm_text_n(o->arena, v->tally.total, "thing", "things"));
	pqm_obj_text(o, "n_places", pqm_text_n(o->arena, v->tally.places, "place", "places"));
	pqm_obj_text(o, "n_defaulted", pqm_text_count(o->arena, v->tally.defaulted));
	pqm_obj_flag(o, "has_defaulted", v->tally.defaulted > 0);
	pqm_obj_flag(o, "has_causes", n > 0);
	pqm_obj_flag(o, "no_causes", n == 0);
	pqm_obj_flag(o, "none_broken", n > 0 && v->tally.by_quantum[PQM_Q_BROKEN] == 0);
	pqm_obj_text(
		o, "folded", pqm_text_n(o->arena, v->tally.folded, "certificate", "certificates"));
	pqm_obj_text(
		o, "n_stores", pqm_text_n(o->arena, inv->n_stores, "trust store", "trust stores"));
	size_t stores =
		pqm_view_cap(o, inv->n_stores, PQM_VIEW_NOTES, "stores_more", "has_stores_more");

	pqm_obj_list(o, "stores", stores, fill_store, inv);
	pqm_obj_flag(o, "has_stores", inv->n_stores > 0);
}
