/* SLH-DSA without vectors: all levels give the same bytes, damage is refused, failures leave zeros. */
#include "vec.h"

#include "hyb/cpu.h"
#include "hyb/slhdsa_ops.h"

static uint8_t sig[HYB_SLHDSA_SIG_MAX], other[HYB_SLHDSA_SIG_MAX];
static uint8_t pk[HYB_SLHDSA_PK_MAX], sk[HYB_SLHDSA_SK_MAX];
static uint8_t seeds[96], text[300];

static const hyb_bytes empty = { NULL, 0 };

static void fill(uint8_t *p, size_t n, uint64_t seed)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)vec_random(&seed);
}

static bool is_zero(const uint8_t *p, size_t n)
{
	uint8_t any = 0;

	for (size_t i = 0; i < n; i++)
		any |= p[i];
	return any == 0;
}

/* Keys, a signature and its check on the level at hand, compared with what `sig` and `pk` hold. */
static bool same_again(enum hyb_slhdsa set, hyb_bytes m, hyb_bytes ctx)
{
	const struct hyb_slhdsa_info *p = hyb_slhdsa_info(set);
	uint8_t pk2[HYB_SLHDSA_PK_MAX], sk2[HYB_SLHDSA_SK_MAX];

	return hyb_slhdsa_keygen_derand(set, pk2, sk2, seeds) == HYB_OK &&
		memcmp(pk, pk2, p->pk_bytes) == 0 && memcmp(sk, sk2, p->sk_bytes) == 0 &&
		hyb_slhdsa_sign_derand(set, other, m, ctx, NULL, sk) == HYB_OK &&
		memcmp(sig, other, p->sig_bytes) == 0 &&
		hyb_slhdsa_verify(set, (hyb_bytes){ sig, p->sig_bytes }, m, ctx, pk);
}

static void levels_agree(void)
{
	struct vec v = { "SLH-DSA keys and signatures are the same on all levels", 0, 0 };
	enum hyb_cpu best = hyb_cpu();

	if (best == HYB_CPU_C) {
		vec_skip(v.name, "only one level here");
		return;
	}
	for (int s = 0; s < HYB_SLHDSA_SETS; s++) {
		enum hyb_slhdsa set = (enum hyb_slhdsa)s;
		hyb_bytes m = { text, (size_t)(17 * s) }, ctx = { text, (size_t)s };

		fill(seeds, sizeof(seeds), (uint64_t)s + 1);
		hyb_cpu_limit(HYB_CPU_C);
		vec_case(&v,
			hyb_slhdsa_keygen_derand(set, pk, sk, seeds) == HYB_OK &&
				hyb_slhdsa_sign_derand(set, sig, m, ctx, NULL, sk) == HYB_OK,
			"%s", hyb_slhdsa_info(set)->name);
		for (enum hyb_cpu level = HYB_CPU_AVX2; level <= best; level++) {
			hyb_cpu_limit(level);
			vec_case(&v, same_again(set, m, ctx), "%s on %s",
				hyb_slhdsa_info(set)->name, hyb_cpu_name(level));
		}
	}
	hyb_cpu_limit(HYB_CPU_AVX512);
	vec_end(&v);
}

/* ---- batches against one item at a time ---- */
typedef void (*chains_fn)(const struct hyb_slh_hash *h, const struct hyb_slh_chains *j);
typedef void (*thash_fn)(const struct hyb_slh_hash *h, const struct hyb_slh_thash *j);

static void random_chains(struct hyb_slh_chains *j, uint8_t (*cap)[32], bool verifies, uint64_t *r)
{
	memset(j, 0, sizeof(*j));
	j->n_items = 1 + (unsigned)(vec_random(r) % SLH_BATCH);
	j->steps = verifies ? 0 : (unsigned)(vec_random(r) % 16);
	j->type_prf = verifies ? SLH_WOTS_HASH : SLH_WOTS_PRF;
	j->type_f = verifies ? SLH_FORS_TREE : SLH_WOTS_HASH;
	for (unsigned i = 0; i < j->n_items; i++) {
		j->w1[i] = (uint32_t)vec_random(r);
		j->w2[i] = (uint32_t)vec_random(r);
		j->w3[i] = (uint32_t)vec_random(r) & 0xffff;
		j->at[i] = (uint32_t)(vec_random(r) % (verifies ? 16 : j->steps + 1));
		j->in[i] = text + 2 * i;
		j->cap[i] = verifies || i % 3 == 0 ? cap[i] : NULL;
		if (verifies && j->at[i] > j->steps)
			j->steps = j->at[i];
	}
}

static bool same_chains(const struct hyb_slh_hash *h, chains_fn many, chains_fn one, uint64_t *r)
{
	static uint8_t cap[2][SLH_BATCH][32], out[2][SLH_BATCH * 32];
	struct hyb_slh_chains j;
	bool verifies = vec_random(r) % 2 == 0;

	random_chains(&j, cap[0], verifies, r);
	memset(cap, 0, sizeof(cap));
	memset(out, 0, sizeof(out));
	j.out = verifies ? NULL : out[0];
	many(h, &j);
	for (unsigned i = 0; i < j.n_items; i++)
		j.cap[i] = j.cap[i] != NULL ? cap[1][i] : NULL;
	j.out = verifies ? NULL : out[1];
	one(h, &j);
	return memcmp(cap[0], cap[1], sizeof(cap[0])) == 0 &&
		memcmp(out[0], out[1], sizeof(out[0])) == 0;
}

static bool same_thash(const struct hyb_slh_hash *h, thash_fn many, thash_fn one, uint64_t *r)
{
	static uint8_t in[SLH_BATCH * 67 * 32], out[2][SLH_BATCH * 32];
	static const uint8_t parts[] = { 2, 14, 17, 22, 33, 35, 51, 67 };
	struct hyb_slh_thash j = { .type = SLH_FORS_TREE, .in = in };

	fill(in, sizeof(in), vec_random(r) | 1);
	memset(out, 0, sizeof(out));
	j.n_items = 1 + (unsigned)(vec_random(r) % SLH_BATCH);
	j.in_n = (size_t)h->p->n * parts[vec_random(r) % 8];
	for (unsigned i = 0; i < j.n_items; i++) {
		j.w1[i] = (uint32_t)vec_random(r);
		j.w2[i] = (uint32_t)vec_random(r);
		j.w3[i] = (uint32_t)vec_random(r);
	}
	j.out = out[0];
	many(h, &j);
	j.out = out[1];
	one(h, &j);
	return memcmp(out[0], out[1], sizeof(out[0])) == 0;
}

static void batches_agree(void)
{
	struct vec v = { "SLH-DSA batches and single hashes agree", 0, 0 };
	uint64_t r = 0x243f6a8885a308d3;
#if defined(__x86_64__)
	static const struct {
		enum hyb_cpu level;
		unsigned needs;
		bool is_shake;
		chains_fn chains;
		thash_fn thash256, thash512;
	} ops[] = {
		{ HYB_CPU_AVX2, 0, false, hyb_slh_chains_sha2_avx2, hyb_slh_thash_sha256_avx2,
			hyb_slh_thash_sha512_avx2 },
		{ HYB_CPU_AVX2, HYB_CPU_HAS_SHA, false, hyb_slh_chains_sha2_shani,
			hyb_slh_thash_sha256_shani, hyb_slh_thash_sha512_avx2 },
		{ HYB_CPU_AVX512, 0, false, hyb_slh_chains_sha2_avx512, hyb_slh_thash_sha256_avx512,
			hyb_slh_thash_sha512_avx512 },
		{ HYB_CPU_AVX512, 0, true, hyb_slh_chains_shake_avx512, NULL, NULL },
	};

	for (size_t k = 0; k < sizeof(ops) / sizeof(ops[0]); k++) {
		if (hyb_cpu() < ops[k].level || (~hyb_cpu_flags() & ops[k].needs) != 0)
			continue;
		for (unsigned round = 0; round < 300; round++) {
			struct hyb_slh_hash h = { .layer = round % 22, .tree = vec_random(&r) };

			h.p = hyb_slh_params(
				(enum hyb_slhdsa)(2 * (round % 3) + (ops[k].is_shake ? 6 : 0)));
			fill(h.pk_seed, 32, vec_random(&r) | 1);
			fill(h.sk_seed, 32, vec_random(&r) | 1);
			hyb_slh_hash_start(&h);
			vec_case(&v,
				same_chains(&h, ops[k].chains,
					ops[k].is_shake ? hyb_slh_chains_shake
							: hyb_slh_chains_sha2,
					&r),
				"chains %zu round %u", k, round);
			if (ops[k].is_shake)
				continue;
			vec_case(&v, same_thash(&h, ops[k].thash256, hyb_slh_thash_sha256, &r),
				"SHA-256 %zu round %u", k, round);
			vec_case(&v, same_thash(&h, ops[k].thash512, hyb_slh_thash_sha512, &r),
				"SHA-512 %zu round %u", k, round);
		}
	}
#endif
	if (v.n > 0)
		vec_end(&v);
	else
		vec_skip(v.name, "no batches on this level");
}

/* One bit of every 37th value of n bytes in turn; all parts of the structure come up. */
static void damaged(enum hyb_slhdsa set, struct vec *v)
{
	const struct hyb_slhdsa_info *p = hyb_slhdsa_info(set);
	hyb_bytes m = { text, 100 }, ctx = { text, 3 }, whole = { sig, p->sig_bytes };

	for (size_t at = 0, nth = 0; at < p->sig_bytes; at += 37 * p->n, nth++) {
		size_t byte = at + nth % p->n;

		if (byte >= p->sig_bytes)
			break;
		sig[byte] ^= (uint8_t)(1 << nth % 8);
		vec_case(v, !hyb_slhdsa_verify(set, whole, m, ctx, pk), "%s byte %zu", p->name,
			byte);
		sig[byte] ^= (uint8_t)(1 << nth % 8);
	}
	for (size_t i = 0; i < p->pk_bytes; i += 7) {
		pk[i] ^= 1;
		vec_case(v, !hyb_slhdsa_verify(set, whole, m, ctx, pk), "%s key byte %zu", p->name,
			i);
		pk[i] ^= 1;
	}
	text[99] ^= 1;
	vec_case(v, !hyb_slhdsa_verify(set, whole, m, ctx, pk), "%s message", p->name);
	text[99] ^= 1;
	vec_case(v, !hyb_slhdsa_verify(set, whole, m, (hyb_bytes){ text, 4 }, pk), "%s context",
		p->name);
	vec_case(v, !hyb_slhdsa_verify(set, whole, m, (hyb_bytes){ text, 256 }, pk),
		"%s context of 256 bytes", p->name);
	whole.n--;
	vec_case(v, !hyb_slhdsa_verify(set, whole, m, ctx, pk), "%s one byte less", p->name);
	whole.n += 2;
	vec_case(v, !hyb_slhdsa_verify(set, whole, m, ctx, pk), "%s one byte more", p->name);
	vec_case(v, !hyb_slhdsa_verify(set, empty, m, ctx, pk), "%s no signature", p->name);
	whole.n--;
	vec_case(v, hyb_slhdsa_verify(set, whole, m, ctx, pk), "%s whole again", p->name);
}

static void damage_is_refused(void)
{
	struct vec v = { "SLH-DSA refuses what was changed, fast sets", 0, 0 };

	for (int s = HYB_SLHDSA_SHA2_128F; s < HYB_SLHDSA_SETS; s += 2) {
		enum hyb_slhdsa set = (enum hyb_slhdsa)s;

		if (hyb_slhdsa_keygen(set, pk, sk) != HYB_OK ||
			hyb_slhdsa_sign(set, sig, (hyb_bytes){ text, 100 }, (hyb_bytes){ text, 3 },
				sk) != HYB_OK)
			vec_case(&v, false, "signing");
		damaged(set, &v);
	}
	vec_end(&v);
}

static void hedging(void)
{
	struct vec v = { "SLH-DSA hedged and deterministic", 0, 0 };
	enum hyb_slhdsa set = HYB_SLHDSA_SHA2_128F;
	const struct hyb_slhdsa_info *p = hyb_slhdsa_info(set);
	hyb_bytes m = { text, 10 };

	vec_case(&v, hyb_slhdsa_keygen(set, pk, sk) == HYB_OK, "keygen");
	vec_case(&v, hyb_slhdsa_sign(set, sig, m, empty, sk) == HYB_OK, "sign");
	vec_case(&v, hyb_slhdsa_sign(set, other, m, empty, sk) == HYB_OK, "sign again");
	vec_case(&v, memcmp(sig, other, p->n) != 0, "two hedged signatures differ");
	vec_case(&v, hyb_slhdsa_sign_derand(set, sig, m, empty, NULL, sk) == HYB_OK, "plain");
	vec_case(&v, hyb_slhdsa_sign_derand(set, other, m, empty, sk + 2 * p->n, sk) == HYB_OK,
		"PK.seed given");
	vec_case(&v, memcmp(sig, other, p->sig_bytes) == 0, "no addrnd is PK.seed");
	vec_end(&v);
}

static void prehash(void)
{
	struct vec v = { "HashSLH-DSA with twelve hashes", 0, 0 };
	enum hyb_slhdsa set = HYB_SLHDSA_SHA2_128F;
	const struct hyb_slhdsa_info *p = hyb_slhdsa_info(set);
	hyb_bytes whole = { sig, p->sig_bytes };

	for (int i = HYB_SHA2_224; i <= HYB_SHAKE256; i++) {
		struct hyb_slhdsa_prehash in = { (enum hyb_hash)i, { text, 200 }, { text, 9 } };

		vec_case(&v, hyb_slhdsa_hash_sign(set, sig, &in, NULL, sk) == HYB_OK, "sign %d", i);
		vec_case(&v, hyb_slhdsa_hash_verify(set, whole, &in, pk), "verify %d", i);
		vec_case(&v, !hyb_slhdsa_verify(set, whole, in.m, in.ctx, pk), "%d as pure", i);
		in.hash = (enum hyb_hash)((i + 1) % 12);
		vec_case(&v, !hyb_slhdsa_hash_verify(set, whole, &in, pk), "%d as another", i);
	}
	vec_end(&v);
}

static bool no_randomness(void *ctx, uint8_t *p, size_t n)
{
	(void)ctx;
	memset(p, 0xaa, n);
	return false;
}

static void failures_leave_zeros(void)
{
	struct vec v = { "SLH-DSA failures leave zeros", 0, 0 };
	hyb_bytes m = { text, 10 };

	hyb_rng_hook(&(struct hyb_rng_hook){ no_randomness, NULL });
	for (int s = 0; s < HYB_SLHDSA_SETS; s++) {
		enum hyb_slhdsa set = (enum hyb_slhdsa)s;
		const struct hyb_slhdsa_info *p = hyb_slhdsa_info(set);

		memset(sig, 1, sizeof(sig));
		memset(pk, 1, sizeof(pk));
		vec_case(&v, hyb_slhdsa_sign(set, sig, m, empty, sk) == HYB_E_RNG, "%s sign",
			p->name);
		vec_case(&v, is_zero(sig, p->sig_bytes), "%s signature", p->name);
		vec_case(&v, hyb_slhdsa_keygen(set, pk, other) == HYB_E_RNG, "%s keygen", p->name);
		vec_case(&v, is_zero(pk, p->pk_bytes) && is_zero(other, p->sk_bytes), "%s keys",
			p->name);
		memset(sig, 1, sizeof(sig));
		vec_case(&v,
			hyb_slhdsa_sign_derand(set, sig, m, (hyb_bytes){ text, 256 }, NULL, sk) ==
					HYB_E_ARG &&
				is_zero(sig, p->sig_bytes),
			"%s context of 256 bytes", p->name);
	}
	hyb_rng_hook(NULL);
	vec_case(&v, hyb_slhdsa_info((enum hyb_slhdsa)12) == NULL, "no thirteenth set");
	vec_case(&v, hyb_slhdsa_sign((enum hyb_slhdsa)12, sig, m, empty, sk) == HYB_E_ARG, "sign");
	vec_case(&v, hyb_slhdsa_keygen((enum hyb_slhdsa) - 1, pk, sk) == HYB_E_ARG, "keygen");
	vec_case(&v, !hyb_slhdsa_verify((enum hyb_slhdsa)12, empty, m, empty, pk), "verify");
	vec_end(&v);
}

int main(void)
{
	fill(text, sizeof(text), 12345);
	batches_agree();
	levels_agree();
	damage_is_refused();
	hedging();
	prehash();
	failures_leave_zeros();
	return vec_failures != 0;
}
