/* seal.c — finds trust stores and folds what is in them. */
#include "base/limits.h"
#include "base/num.h"
#include "engine/scan.h"

struct tally {
	pqm_bytes path;
	uint32_t target;
	uint64_t n_certs, n_ca;
	bool is_store;
};

struct stores {
	const struct pqm_yaml *paths;
	uint64_t min_certs;
	double min_share;
};

static bool is_authority(const struct pqm_occurrence *o)
{
	return pqm_eqs(pqm_occ_attr(o, "is_ca"), "true") ||
		pqm_eqs(pqm_occ_attr(o, "self_issued"), "true");
}

static bool path_matches(const struct stores *s, pqm_bytes path)
{
	for (size_t i = 0; s->paths != NULL && i < s->paths->n; i++)
		if (pqm_glob(pqm_yaml_text(s->paths->items[i]), path))
			return true;
	return false;
}

static enum pqm_st read_rules(struct stores *s, const struct pqm_rules *r, struct pqm_err *err)
{
	const struct pqm_rule *path = pqm_rules_get(r, PQM_LIT("store.path"));
	const struct pqm_rule *bundle = pqm_rules_get(r, PQM_LIT("store.bundle"));

	*s = (struct stores){ .min_certs = UINT64_MAX, .min_share = 2 };
	if (path != NULL)
		s->paths = pqm_yaml_get(path->node, "paths");
	if (bundle != NULL &&
		(!pqm_yaml_u64(bundle->node, "min_certs", &s->min_certs) ||
			!pqm_yaml_f64(bundle->node, "min_ca_share", &s->min_share)))
		return pqm_rule_fail(bundle, NULL, err, "needs min_certs and min_ca_share");
	return PQM_OK;
}

static int by_path(const void *x, const void *y)
{
	const struct tally *a = x, *b = y;

	if (a->target != b->target)
		return a->target < b->target ? -1 : 1;
	return pqm_cmp(a->path, b->path);
}

/* One tally for each file that holds certificates, sorted. */
static size_t tally_files(const struct pqm_inventory *inv, struct tally *t)
{
	size_t n = 0, k = 0;

	for (size_t i = 0; i < inv->n_findings; i++)
		for (size_t j = 0; j < inv->findings[i].n_occs; j++) {
			const struct pqm_occurrence *o = &inv->findings[i].occs[j];

			if (inv->findings[i].meaning == PQM_CERT)
				t[n++] = (struct tally){ o->path, o->target, 1, is_authority(o),
					false };
		}
	qsort(t, n, sizeof(*t), by_path);
	for (size_t i = 0; i < n; i++) {
		if (k > 0 && by_path(&t[k - 1], &t[i]) == 0) {
			t[k - 1].n_certs++;
			t[k - 1].n_ca += t[i].n_ca;
		} else {
			t[k++] = t[i];
		}
	}
	return k;
}

static enum pqm_st add_store(
	struct pqm_inventory *inv, size_t *cap, const struct tally *t, struct pqm_err *err)
{
	struct pqm_store *grown = pqm_grow(&inv->arena, inv->stores, inv->n_stores, cap);

	if (grown == NULL)
		return pqm_fail(err, PQM_ENOMEM, "out of memory");
	inv->stores = grown;
	inv->stores[inv->n_stores++] = (struct pqm_store){ t->target, t->path, t->n_ca };
	return PQM_OK;
}

static void fold(struct pqm_inventory *inv, const struct tally *t, size_t n)
{
	for (size_t i = 0; i < inv->n_findings; i++) {
		struct pqm_finding *f = &inv->findings[i];
		size_t n_in = 0;

		for (size_t j = 0; j < f->n_occs; j++) {
			struct pqm_occurrence *o = &f->occs[j];
			struct tally key = { .path = o->path, .target = o->target };
			const struct tally *hit = f->meaning != PQM_CERT || n == 0
				? NULL
				: bsearch(&key, t, n, sizeof(*t), by_path);

			o->in_store = hit != NULL && hit->is_store && is_authority(o);
			n_in += o->in_store;
		}
		f->is_folded = f->n_occs > 0 && n_in == f->n_occs;
	}
}

enum pqm_st pqm_inventory_seal(
	struct pqm_inventory *inv, const struct pqm_rules *rules, struct pqm_err *err)
{
	struct stores s;
	size_t n_certs = 0, cap = 0, n;
	enum pqm_st st = read_rules(&s, rules, err);

	if (st != PQM_OK)
		return st;
	for (size_t i = 0; i < inv->n_findings; i++)
		n_certs += inv->findings[i].meaning == PQM_CERT ? inv->findings[i].n_occs : 0;
	struct tally *t = pqm_malloc((n_certs + 1) * sizeof(*t));

	if (t == NULL)
		return pqm_fail(err, PQM_ENOMEM, "out of memory");
	inv->n_stores = 0;
	n = tally_files(inv, t);
	for (size_t i = 0; i < n && st == PQM_OK; i++) {
		bool is_bundle = t[i].n_certs >= s.min_certs &&
			(double)t[i].n_ca >= s.min_share * (double)t[i].n_certs;

		t[i].is_store = t[i].n_ca > 0 && (is_bundle || path_matches(&s, t[i].path));
		if (t[i].is_store)
			st = add_store(inv, &cap, &t[i], err);
	}
	fold(inv, t, n);
	pqm_free(t);
	return st;
}
