#include "hyb/slhdsa_core.h"

/* Leaves whose chains are open at once: 67 chains of 32 bytes each. */
#define LEAVES_MAX 16
/* Nodes of one FORS level at hand: all 33 trees of 128f, and 2^10 nodes of 32 bytes. */
#define FORS_BYTES (33U * 64 * 16)

_Static_assert(FORS_BYTES >= (1U << 10) * 32, "2^10 leaves fit");

/* The digits of a message to sign and of its checksum [FIPS205 Alg. 7, lines 1 to 7]. */
static void wots_digits(uint8_t digit[SLH_LEN_MAX], const uint8_t *m, size_t n)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < 2 * n; i++) {
		digit[i] = i % 2 == 0 ? m[i / 2] >> 4 : m[i / 2] & 15;
		sum += 15U - digit[i];
	}
	for (size_t i = 0; i < 3; i++)
		digit[2 * n + i] = sum >> (8 - 4 * i) & 15;
}

/* One level of hashing: n_out nodes, each of in_n bytes in a row, with running index w1 or w3. */
struct level {
	enum slh_type type;
	uint32_t w1, w2, w3;
	bool counts_w1;
	const uint8_t *in;
	size_t in_n, n_out;
	uint8_t *out;
};

static void hash_level(const struct hyb_slh_hash *h, const struct level *l)
{
	struct hyb_slh_thash j = { .type = l->type, .in_n = l->in_n };

	for (size_t done = 0; done < l->n_out; done += j.n_items) {
		size_t left = l->n_out - done;

		j.n_items = left < SLH_BATCH ? (unsigned)left : SLH_BATCH;
		for (unsigned i = 0; i < j.n_items; i++) {
			uint32_t at = (uint32_t)done + i;

			j.w1[i] = l->w1 + (l->counts_w1 ? at : 0);
			j.w2[i] = l->w2;
			j.w3[i] = l->w3 + (l->counts_w1 ? 0 : at);
		}
		j.in = l->in + done * l->in_n;
		j.out = l->out + done * h->p->n;
		h->ops->thash(h, &j);
	}
}

/* The chains of `count` WOTS+ keys from `first` on, and the keys made of their ends [FIPS205 Alg. 6]. */
struct leaves {
	uint32_t first, count;
	uint32_t signer;      /* this key signs: … */
	const uint8_t *digit; /* … these digits, NULL for none … */
	uint8_t *sig;	      /* … into len values */
	uint8_t *out;
};

static void wots_leaves(const struct hyb_slh_hash *h, const struct leaves *l)
{
	uint8_t ends[LEAVES_MAX * SLH_LEN_MAX * SLH_N_MAX];
	size_t n = h->p->n, len = h->p->len, total = len * l->count, lanes = h->ops->lanes;
	struct hyb_slh_chains j = {
		.steps = 15, .type_prf = SLH_WOTS_PRF, .type_f = SLH_WOTS_HASH
	};
	uint32_t key = l->first, chain = 0;

	for (size_t done = 0; done < total; done += j.n_items) {
		j.n_items = (unsigned)(total - done < lanes ? total - done : lanes);
		for (unsigned i = 0; i < j.n_items; i++) {
			bool signs = l->digit != NULL && key == l->signer;

			j.w1[i] = key;
			j.w2[i] = chain;
			j.at[i] = signs ? l->digit[chain] : 0;
			j.cap[i] = signs ? l->sig + n * chain : NULL;
			if (++chain == len) {
				chain = 0;
				key++;
			}
		}
		j.out = ends + done * n;
		h->ops->chains(h, &j);
	}
	hash_level(h,
		&(struct level){ .type = SLH_WOTS_PK,
			.w1 = l->first,
			.counts_w1 = true,
			.in = ends,
			.in_n = len * n,
			.n_out = l->count,
			.out = l->out });
	hyb_wipe(ends, total * n);
}

/*
 * One tree of the hypertree: its root and, with `digit`, the signature of leaf `idx`: len chain values
 * and the path of h' nodes [FIPS205 Alg. 9, 10].
 */
static void xmss(const struct hyb_slh_hash *h, uint8_t *root, uint32_t idx, const uint8_t *digit,
	uint8_t *sig)
{
	uint8_t nodes[(1U << SLH_H_PRIME_MAX) * 24];
	size_t n = h->p->n, count = (size_t)1 << h->p->h_prime;
	size_t group = count < LEAVES_MAX ? count : LEAVES_MAX;
	uint8_t *path = sig != NULL ? sig + h->p->len * n : NULL;

	for (size_t at = 0; at < count; at += group)
		wots_leaves(h,
			&(struct leaves){ .first = (uint32_t)at,
				.count = (uint32_t)group,
				.signer = idx,
				.digit = digit,
				.sig = sig,
				.out = nodes + at * n });
	for (uint32_t z = 0; z < h->p->h_prime; z++) {
		if (path != NULL)
			memcpy(path + z * n, nodes + ((idx >> z) ^ 1) * n, n);
		hash_level(h,
			&(struct level){ .type = SLH_TREE,
				.w2 = z + 1,
				.in = nodes,
				.in_n = 2 * n,
				.n_out = count >> (z + 1),
				.out = nodes });
	}
	memcpy(root, nodes, n);
}

_Static_assert((1U << SLH_H_PRIME_MAX) * 24 >= (1U << 8) * 32, "256s has h' = 8");

void hyb_slh_root(struct hyb_slh_hash *h, uint8_t *root)
{
	h->layer = (uint32_t)h->p->d - 1;
	h->tree = 0;
	xmss(h, root, 0, NULL, NULL);
}

void hyb_slh_ht_sign(struct hyb_slh_hash *h, uint8_t *sig, const uint8_t *fors_pk,
	const struct hyb_slh_place *at)
{
	uint8_t root[SLH_N_MAX], digit[SLH_LEN_MAX];
	size_t n = h->p->n;
	uint32_t leaf = at->leaf, mask = (1U << h->p->h_prime) - 1;

	memcpy(root, fors_pk, n);
	h->tree = at->tree;
	for (h->layer = 0; h->layer < h->p->d; h->layer++) {
		/* Whoever has the signature computes the same root: its digits are public. */
		HYB_CT_PUBLIC(root, n);
		wots_digits(digit, root, n);
		xmss(h, root, leaf, digit, sig);
		sig += (h->p->len + (size_t)h->p->h_prime) * n;
		leaf = (uint32_t)h->tree & mask;
		h->tree >>= h->p->h_prime;
	}
}

/* ---- FORS ---- */
/* `count` leaves of FORS from running index `first` on; those that sign are captured. */
static void fors_leaves(const struct hyb_slh_hash *h, uint8_t *out, size_t first, size_t count,
	const struct hyb_slh_place *at, uint8_t *sig)
{
	size_t n = h->p->n, a = h->p->a, lanes = h->ops->lanes, stride = (a + 1) * n;
	struct hyb_slh_chains j = { .steps = 1, .type_prf = SLH_FORS_PRF, .type_f = SLH_FORS_TREE };

	for (size_t done = 0; done < count; done += j.n_items) {
		j.n_items = (unsigned)(count - done < lanes ? count - done : lanes);
		for (unsigned i = 0; i < j.n_items; i++) {
			uint32_t run = (uint32_t)(first + done) + i, tree = run >> a;
			bool signs = (run & ((1U << a) - 1)) == at->fors[tree];

			j.w1[i] = at->leaf;
			j.w3[i] = run;
			j.cap[i] = signs ? sig + tree * stride : NULL;
		}
		j.out = out + done * n;
		h->ops->chains(h, &j);
	}
}

/* Nodes in a row, `z` levels above the leaves, the first of them at running index `first`. */
struct row {
	uint8_t *nodes;
	size_t first, count;
	uint32_t z;
};

/* Climbs `levels` levels, with what the paths need on the way. */
static void fors_climb(const struct hyb_slh_hash *h, struct row *r, unsigned levels,
	const struct hyb_slh_place *at, uint8_t *sig)
{
	size_t n = h->p->n, a = h->p->a;

	for (; levels > 0; levels--) {
		unsigned up = (unsigned)a - r->z;

		for (size_t t = r->first >> up; t << up < r->first + r->count; t++) {
			size_t want = (t << up) + ((size_t)(at->fors[t] >> r->z) ^ 1);

			if (want >= r->first && want < r->first + r->count)
				memcpy(sig + (t * (a + 1) + 1 + r->z) * n,
					r->nodes + (want - r->first) * n, n);
		}
		r->z++;
		r->first /= 2;
		r->count /= 2;
		hash_level(h,
			&(struct level){ .type = SLH_FORS_TREE,
				.w1 = at->leaf,
				.w2 = r->z,
				.w3 = (uint32_t)r->first,
				.in = r->nodes,
				.in_n = 2 * n,
				.n_out = r->count,
				.out = r->nodes });
	}
}

/* A tree too large for one row: subtrees of 2^10 leaves, then the tree of their roots. */
static void fors_tall(const struct hyb_slh_hash *h, uint8_t *root, size_t tree, uint8_t *nodes,
	const struct hyb_slh_place *at, uint8_t *sig)
{
	uint8_t tops[(1U << 4) * SLH_N_MAX];
	size_t n = h->p->n, a = h->p->a, n_tops = (size_t)1 << (a - 10);
	struct row top = { tops, tree * n_tops, n_tops, 10 };

	for (size_t i = 0; i < n_tops; i++) {
		struct row r = { nodes, (tree * n_tops + i) << 10, 1U << 10, 0 };

		fors_leaves(h, nodes, r.first, r.count, at, sig);
		fors_climb(h, &r, 10, at, sig);
		memcpy(tops + i * n, nodes, n);
	}
	fors_climb(h, &top, (unsigned)a - 10, at, sig);
	memcpy(root, tops, n);
}

/* T_k over the roots [FIPS205 Alg. 17, line 24]. */
static void fors_roots(
	const struct hyb_slh_hash *h, uint8_t *pk, const uint8_t *roots, uint32_t leaf)
{
	hash_level(h,
		&(struct level){ .type = SLH_FORS_ROOTS,
			.w1 = leaf,
			.in = roots,
			.in_n = (size_t)h->p->k * h->p->n,
			.n_out = 1,
			.out = pk });
}

void hyb_slh_fors_sign(
	struct hyb_slh_hash *h, uint8_t *sig, uint8_t *pk, const struct hyb_slh_place *at)
{
	uint8_t nodes[FORS_BYTES], roots[SLH_K_MAX * SLH_N_MAX];
	size_t n = h->p->n, a = h->p->a, k = h->p->k, group = 1;

	h->layer = 0;
	h->tree = at->tree;
	if (a > 10) {
		for (size_t t = 0; t < k; t++)
			fors_tall(h, roots + t * n, t, nodes, at, sig);
	} else {
		while ((group + 1) * (n << a) <= sizeof(nodes))
			group++;
		for (size_t t = 0; t < k; t += group) {
			size_t trees = k - t < group ? k - t : group;
			struct row r = { nodes, t << a, trees << a, 0 };

			fors_leaves(h, nodes, r.first, r.count, at, sig);
			fors_climb(h, &r, (unsigned)a, at, sig);
			memcpy(roots + t * n, nodes, trees * n);
		}
	}
	fors_roots(h, pk, roots, at->leaf);
	hyb_wipe(nodes, sizeof(nodes));
}

void hyb_slh_fors_pk(
	struct hyb_slh_hash *h, uint8_t *pk, const uint8_t *sig, const struct hyb_slh_place *at)
{
	uint8_t nodes[SLH_K_MAX * SLH_N_MAX], pairs[2 * SLH_K_MAX * SLH_N_MAX];
	size_t n = h->p->n, a = h->p->a, k = h->p->k, stride = (a + 1) * n;

	h->layer = 0;
	h->tree = at->tree;
	for (size_t t = 0; t < k;) {
		struct hyb_slh_chains j = {
			.steps = 1, .type_prf = SLH_WOTS_HASH, .type_f = SLH_FORS_TREE
		};

		j.out = nodes + t * n;
		for (; j.n_items < h->ops->lanes && t < k; j.n_items++, t++) {
			j.w1[j.n_items] = at->leaf;
			j.w3[j.n_items] = (uint32_t)(t << a) + at->fors[t];
			j.in[j.n_items] = sig + t * stride;
		}
		h->ops->chains(h, &j);
	}
	for (size_t z = 0; z < a; z++) {
		for (size_t t = 0; t < k; t++) {
			size_t right = at->fors[t] >> z & 1;

			memcpy(pairs + (2 * t + right) * n, nodes + t * n, n);
			memcpy(pairs + (2 * t + (1 - right)) * n, sig + t * stride + (1 + z) * n,
				n);
		}
		for (size_t t = 0; t < k;) {
			struct hyb_slh_thash j = { .type = SLH_FORS_TREE, .in_n = 2 * n };

			j.in = pairs + 2 * t * n;
			j.out = nodes + t * n;
			for (; j.n_items < SLH_BATCH && t < k; j.n_items++, t++) {
				j.w1[j.n_items] = at->leaf;
				j.w2[j.n_items] = (uint32_t)z + 1;
				j.w3[j.n_items] = ((uint32_t)(t << a) + at->fors[t]) >> (z + 1);
			}
			h->ops->thash(h, &j);
		}
	}
	fors_roots(h, pk, nodes, at->leaf);
}

/* ---- verifying ---- */
/* The WOTS+ key that a signature leads to [FIPS205 Alg. 8]: chains of like length go together. */
static void wots_pk(const struct hyb_slh_hash *h, uint8_t *pk, const uint8_t *sig, const uint8_t *m,
	uint32_t leaf)
{
	uint8_t digit[SLH_LEN_MAX], order[SLH_LEN_MAX], ends[SLH_LEN_MAX * SLH_N_MAX];
	size_t n = h->p->n, len = h->p->len, sorted = 0;

	wots_digits(digit, m, n);
	for (uint8_t d = 0; d < 16; d++)
		for (size_t i = 0; i < len; i++)
			if (digit[i] == d)
				order[sorted++] = (uint8_t)i;
	for (size_t done = 0; done < len;) {
		struct hyb_slh_chains j = { .type_prf = SLH_WOTS_HASH, .type_f = SLH_WOTS_HASH };

		j.steps = 15U - digit[order[done]];
		for (; j.n_items < h->ops->lanes && done < len; j.n_items++, done++) {
			unsigned i = j.n_items, chain = order[done];

			j.w1[i] = leaf;
			j.w2[i] = chain;
			j.w3[i] = digit[chain];
			j.at[i] = 15U - digit[chain];
			j.in[i] = sig + chain * n;
			j.cap[i] = ends + chain * n;
		}
		h->ops->chains(h, &j);
	}
	hash_level(h,
		&(struct level){ .type = SLH_WOTS_PK,
			.w1 = leaf,
			.in = ends,
			.in_n = len * n,
			.n_out = 1,
			.out = pk });
}

void hyb_slh_ht_root(
	struct hyb_slh_hash *h, uint8_t *node, const uint8_t *sig, const struct hyb_slh_place *at)
{
	uint8_t pair[2 * SLH_N_MAX];
	size_t n = h->p->n;
	uint32_t leaf = at->leaf, mask = (1U << h->p->h_prime) - 1;

	h->tree = at->tree;
	for (h->layer = 0; h->layer < h->p->d; h->layer++) {
		wots_pk(h, node, sig, node, leaf);
		sig += h->p->len * n;
		for (uint32_t z = 0; z < h->p->h_prime; z++, sig += n) {
			uint32_t right = leaf >> z & 1;

			memcpy(pair + right * n, node, n);
			memcpy(pair + (1 - right) * n, sig, n);
			hash_level(h,
				&(struct level){ .type = SLH_TREE,
					.w2 = z + 1,
					.w3 = leaf >> (z + 1),
					.in = pair,
					.in_n = 2 * n,
					.n_out = 1,
					.out = node });
		}
		leaf = (uint32_t)h->tree & mask;
		h->tree >>= h->p->h_prime;
	}
}
