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
	const struct pqm_yaml *paths, *keyrings;
	uint64_t min_certs;
	double min_share;
};

static bool is_authority(const struct pqm_occurrence *o)
{
	return pqm_eqs(pqm_occ_attr(o, "is_ca"), "true") ||
		pqm_eqs(pqm_occ_attr(o, "self_issued"), "true");
}

static bool path_matches(const struct pqm_yaml *globs, pqm_bytes path)
{
	for (size_t i = 0; globs != NULL && i < globs->n; i++)
		if (pqm_glob(pqm_yaml_text(globs->items[i]), path))
			return true;
	return false;
}

/* Other people's public keys in a keyring that packages are checked with. */
static bool is_in_keyring(
	const struct stores *s, const struct pqm_finding *f, const struct pqm_occurrence *o)
{
	return pqm_eqs(f->rule, "key.pgp-public") && path_matches(s->keyrings, o->path);
}

static enum pqm_st read_rules(struct stores *s, const struct pqm_rules *r, struct pqm_err *err)
{
	const struct pqm_rule *path = pqm_rules_get(r, PQM_LIT("store.path"));
	const struct pqm_rule *bundle = pqm_rules_get(r, PQM_LIT("store.bundle"));

	*s = (struct stores){ .min_certs = UINT64_MAX, .min_share = 2 };
	const struct pqm_rule *keyring = pqm_rules_get(r, PQM_LIT("store.keyring"));

	if (path != NULL)
		s->paths = pqm_yaml_get(path->node, "paths");
	if (keyring != NULL)
		s->keyrings = pqm_yaml_get(keyring->node, "paths");
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
static size_t tally_files(const struct pqm_inventory *inv, const struct stores *s, struct tally *t)
{
	size_t n = 0, k = 0;

	for (size_t i = 0; i < inv->n_findings; i++)
		for (size_t j = 0; j < inv->findings[i].n_occs; j++) {
			const struct pqm_occurrence *o = &inv->findings[i].occs[j];

			const struct pqm_finding *f = &inv->findings[i];
			bool in_ring = is_in_keyring(s, f, o);

			if (f->meaning == PQM_CERT || in_ring)
				t[n++] = (struct tally){ o->path, o->target, 1,
					is_authority(o) || in_ring, false };
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

static void fold(struct pqm_inventory *inv, const struct stores *s, const struct tally *t, size_t n)
{
	for (size_t i = 0; i < inv->n_findings; i++) {
		struct pqm_finding *f = &inv->findings[i];
		size_t n_in = 0;

		for (size_t j = 0; j < f->n_occs; j++) {
			struct pqm_occurrence *o = &f->occs[j];
			struct tally key = { .path = o->path, .target = o->target };
			bool in_ring = is_in_keyring(s, f, o);
			const struct tally *hit = (f->meaning != PQM_CERT && !in_ring) || n == 0
				? NULL
				: bsearch(&key, t, n, sizeof(*t), by_path);

			o->in_store = hit != NULL && hit->is_store && (in_ring || is_authority(o));
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
	pqm_inventory_sort_endpoints(inv);
	for (size_t i = 0; i < inv->n_findings; i++)
		n_certs += inv->findings[i].n_occs;
	struct tally *t = pqm_malloc((n_certs + 1) * sizeof(*t));

	if (t == NULL)
		return pqm_fail(err, PQM_ENOMEM, "out of memory");
	inv->n_stores = 0;
	n = tally_files(inv, &s, t);
	for (size_t i = 0; i < n && st == PQM_OK; i++) {
		bool is_bundle = t[i].n_certs >= s.min_certs &&
			(double)t[i].n_ca >= s.min_share * (double)t[i].n_certs;

		t[i].is_store = t[i].n_ca > 0 &&
			(is_bundle ||
				(path_matches(s.paths, t[i].path) ||
					path_matches(s.keyrings, t[i].path)));
		if (t[i].is_store)
			st = add_store(inv, &cap, &t[i], err);
	}
	fold(inv, &s, t, n);
	pqm_free(t);
	return st;
}
