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

struct shown {
	const struct pqm_view *v;
	size_t each; /* rows of one cause */
};

/* Every row while the page can hold them all; then all of the small causes, and as many of each
 * large one as fit. */
static size_t rows_each(const struct pqm_view *v)
{
	size_t lo = 1, hi = PQM_VIEW_ROWS;

	while (lo < hi) {
		size_t mid = lo + (hi - lo + 1) / 2, sum = 0;

		for (size_t i = 0; i < v->n_causes && sum <= PQM_VIEW_ROWS; i++)
			sum += v->causes[i].n_places < mid ? v->causes[i].n_places : mid;
		if (sum <= PQM_VIEW_ROWS)
			lo = mid;
		else
			hi = mid - 1;
	}
	return lo;
}

static void fill_cause(struct pqm_obj *o, const void *ctx, size_t i)
{
	const struct shown *s = ctx;
	const struct pqm_cause *c = &s->v->causes[i];
	const struct pqm_finding *f = c->first;
	char id[2 * PQM_ID_BYTES + 1];

	pqm_id_hex(id, f->id);
	pqm_obj_f(o, "link", "%.12s", id); /* of the first thing it was found by */
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
		is_successor(s->v->r->rules, f) ? PQM_LIT("Successor:") : PQM_LIT("To do:"));
	pqm_obj_text(o, "n_findings", pqm_text_n(o->arena, c->n_findings, "thing", "things"));
	pqm_obj_text(o, "n_places", pqm_text_n(o->arena, c->n_places, "place", "places"));
	pqm_obj_f(o, "sort_n", "%zu", c->n_places);
	pqm_view_rows(o, s->v, c, s->each);
}

struct count {
	const char *name;
	uint64_t n[PQM_N_QUANTA];
};

struct counts {
	struct count r[6];
};

static void fill_count(struct pqm_obj *o, const void *ctx, size_t i)
{
	static const char *const names[PQM_N_QUANTA] = { "broken", "hybrid", "safe", "unknown" };
	const struct count *r = &((const struct counts *)ctx)->r[i];

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
	struct counts *rows = pqm_new(o->arena, struct counts, 1);

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

	struct shown *s = pqm_new(o->arena, struct shown, 1);

	if (s != NULL)
		*s = (struct shown){ v, rows_each(v) };
	counts(o, v);
	pqm_obj_list(o, "causes", s != NULL ? n : 0, fill_cause, s);
	pqm_obj_text(o, "n_causes", pqm_text_n(o->arena, v->n_causes, "cause", "causes"));
	pqm_obj_text(o, "n_findings", pqm_text_n(o->arena, v->tally.total, "thing", "things"));
	pqm_obj_text(o, "n_places", pqm_text_n(o->arena, v->tally.places, "place", "places"));
	pqm_obj_text(o, "n_defaulted", pqm_text_count(o->arena, v->tally.defaulted));
	pqm_obj_flag(o, "has_defaulted", v->tally.defaulted > 0);
	pqm_obj_flag(o, "has_causes", n > 0);
	pqm_obj_flag(o, "is_long", v->tally.places > PQM_VIEW_PRINTED);
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
