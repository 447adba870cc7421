/* What ML-DSA must refuse, one clause of FIPS 204 at a time, and what it must do when it fails. */
#include "mldsa_sets.h"

#include "hyb/keccak.h"

#define N MLDSA_N

static uint8_t pk[HYB_MLDSA87_PK_BYTES], sig[HYB_MLDSA87_SIG_BYTES], bad[HYB_MLDSA87_SIG_BYTES];
static uint8_t fips[HYB_MLDSA87_SK_BYTES];
static const hyb_bytes none = { NULL, 0 };
static const hyb_bytes text = { (const uint8_t *)"a message", 9 };

static bool all_zero(const void *p, size_t n)
{
	const uint8_t *b = p;

	while (n > 0 && b[n - 1] == 0)
		n--;
	return n == 0;
}

static uint8_t *hint_of(const struct set *s, uint8_t *at)
{
	return at + s->p->sig_bytes - s->p->omega - s->p->k;
}

static bool accepts(const struct set *s, const uint8_t *signature)
{
	bool plain = s->verify(signature, text, none, pk);

	s->prepare(&one_pk, pk);
	if (plain != s->verify_prepared(signature, text, none, &one_pk))
		printf("not ok - the two ways to verify differ\n");
	return plain;
}

/* A key and a signature by it, deterministic. */
static void start(const struct set *s, uint8_t tag)
{
	uint8_t seed[32] = { 7, tag };

	if (s->keygen_derand(pk, seed) != HYB_OK || s->expand(&one_sk, seed) != HYB_OK ||
		s->sign_derand(sig, text, none, zero32, &one_sk) != HYB_OK)
		exit(1);
	memcpy(bad, sig, sizeof(bad));
}

/* ---- forged signatures: w1 is chosen first, so c̃ fits whatever z and h are ---- */
/*
 * With t1 = 0 in the key, w' = A·z: every z with a good h verifies once c̃ = H(mu ‖ w1'), and c has no
 * say. So one clause can be broken while all others hold.
 */
struct forged {
	struct mldsa_poly z[MLDSA_L_MAX], w[MLDSA_K_MAX];
	struct mldsa_hint h[MLDSA_K_MAX];
};

static struct forged fg;

static void forge_key(const struct set *s)
{
	memset(pk, 0, s->p->pk_bytes);
	pk[0] = 9;
}

static void forge_w(const struct set *s)
{
	static struct mldsa_poly a[MLDSA_K_MAX * MLDSA_L_MAX], zz[MLDSA_L_MAX];
	const struct mldsa_ops *o = &hyb_mldsa_ops_c;

	hyb_mldsa_expand_a(o, s->p, a, s->p->l, pk, NULL);
	for (unsigned j = 0; j < s->p->l; j++) {
		zz[j] = fg.z[j];
		o->ntt(&zz[j]);
	}
	for (unsigned i = 0; i < s->p->k; i++) {
		o->mul_acc(&fg.w[i], a + i * s->p->l, zz, s->p->l);
		o->invntt(&fg.w[i]);
	}
}

/* Writes z, c̃ for the hints in fg.h, and a canonical hint encoding. */
static void forge(const struct set *s)
{
	const struct mldsa_ops *o = &hyb_mldsa_ops_c;
	size_t w1_bytes = s->p->gamma2 == MLDSA_GAMMA2_32 ? 128 : 192;
	uint8_t tr[64], mu[64], head[2] = { 0, 0 }, w1[MLDSA_K_MAX * 192], *h = hint_of(s, bad);
	unsigned n = 0;

	for (unsigned i = 0; i < s->p->k; i++) {
		struct mldsa_poly t = fg.w[i];

		o->use_hint(&t, &fg.h[i], s->p->gamma2);
		o->pack_w1(w1 + i * w1_bytes, &t, s->p->gamma2);
	}
	hyb_shake256(tr, 64, (hyb_bytes){ pk, s->p->pk_bytes });
	hyb_keccak_hash(mu, 64, HYB_RATE_SHAKE256, HYB_PAD_SHAKE,
		(const struct hyb_part[]){ { tr, 64 }, { head, 2 }, { text.p, text.n } }, 3);
	hyb_keccak_hash(bad, s->p->ctilde_bytes, HYB_RATE_SHAKE256, HYB_PAD_SHAKE,
		(const struct hyb_part[]){ { mu, 64 }, { w1, s->p->k * w1_bytes } }, 2);
	for (unsigned j = 0; j < s->p->l; j++)
		o->pack_z(bad + s->p->ctilde_bytes + (size_t)32 * j * s->p->gamma1_bits, &fg.z[j],
			s->p->gamma1_bits);
	memset(h, 0, s->p->omega + s->p->k);
	for (unsigned i = 0; i < s->p->k; i++) {
		for (unsigned j = 0; j < N && n < s->p->omega; j++)
			if ((fg.h[i].w[j / 64] >> (j % 64) & 1) != 0)
				h[n++] = (uint8_t)j;
		h[s->p->omega + i] = (uint8_t)n;
	}
}

/* z = 0, then one coefficient at the bound and just inside it, everywhere it can be. */
static void z_bound(const struct set *s)
{
	struct vec v = { "ML-DSA z below gamma1 - beta", 0, 0 };
	int32_t bound = s->p->gamma1 - s->p->beta;

	forge_key(s);
	for (unsigned j = 0; j < s->p->l; j++)
		for (unsigned i = 0; i < N; i += j == 0 ? 15 : 85)
			for (int32_t d = -1; d <= 1; d++)
				for (int32_t sign = -1; sign <= 1; sign += 2) {
					memset(&fg, 0, sizeof(fg));
					fg.z[j].c[i] = sign * (bound + d);
					forge_w(s);
					forge(s);
					vec_case(&v, accepts(s, bad) == (d < 0),
						"%s: %d at %u of %u", s->name, sign * (bound + d),
						i, j);
				}
	memset(&fg, 0, sizeof(fg));
	fg.z[0].c[0] = s->p->gamma1;
	forge_w(s);
	forge(s);
	vec_case(&v, !accepts(s, bad), "%s: gamma1 itself", s->name);
	vec_end(&v);
}

/* Hints at a few places, omega of them in all; the canonical encoding verifies, each damage does not. */
static void hint_encoding(const struct set *s)
{
	struct vec v = { "ML-DSA hint encodings", 0, 0 };
	uint8_t *h = hint_of(s, bad), good[MLDSA_K_MAX + 80];
	const unsigned om = s->p->omega, k = s->p->k;

	forge_key(s);
	memset(&fg, 0, sizeof(fg));
	forge_w(s);
	fg.h[0].w[0] = 0x70;	       /* 4, 5, 6 */
	fg.h[1].w[3] = 1ULL << 63 | 1; /* 192, 255 */
	fg.h[k - 1].w[1] = 3;	       /* 64, 65 */
	forge(s);
	memcpy(good, h, om + k);
	vec_case(&v, accepts(s, bad), "%s: canonical", s->name);
#define DAMAGE(what, change)                                                                       \
	do {                                                                                       \
		change;                                                                            \
		vec_case(&v, !accepts(s, bad), "%s: %s", s->name, what);                           \
		memcpy(h, good, om + k);                                                           \
	} while (0)
	DAMAGE("two indices change places", (h[0] = 5, h[1] = 4));
	DAMAGE("the last two change places", (h[5] = 65, h[6] = 64));
	/* the same set of hints, one of them twice: only the order check sees it */
	DAMAGE("an index twice",
		(memmove(h + 1, h, 7), h[om]++, h[om + 1]++, h[om + k - 1]++,
			memset(h + om + 2, 6, k - 3), h[om + k - 1] = 8));
	DAMAGE("padding after the last cut", h[7] = 1);
	DAMAGE("the last padding byte", h[om - 1] = 255);
	DAMAGE("a cut that falls", h[om + 1] = 2);
	DAMAGE("a last cut that falls to 0", h[om + k - 1] = 0);
	DAMAGE("a cut one too far", h[om + k - 1] = 8);
	DAMAGE("a cut over omega", h[om + k - 1] = (uint8_t)(om + 1));
	DAMAGE("a cut of 255", h[om + k - 1] = 255);
	DAMAGE("a first cut over omega", h[om] = (uint8_t)(om + 1));
	/* hints in the first polynomial alone: a reader that skips the check on cuts sees the same set */
	memset(fg.h, 0, sizeof(fg.h));
	fg.h[0].w[0] = 0x70;
	forge(s);
	memcpy(good, h, om + k);
	vec_case(&v, accepts(s, bad), "%s: one polynomial", s->name);
	for (unsigned i = 1; i < k; i++)
		for (uint8_t cut = 0; cut < 3; cut++)
			DAMAGE("the same set, cuts that fall", memset(h + om + i, cut, k - i));
	DAMAGE("the same set, padding", h[3] = 7);
#undef DAMAGE
	vec_end(&v);
}

/* omega hints are allowed; omega + 1 have no encoding, but cuts that claim it must not be followed. */
static void hint_weight(const struct set *s)
{
	struct vec v = { "ML-DSA hint weight up to omega", 0, 0 };
	uint8_t *h = hint_of(s, bad);

	forge_key(s);
	for (unsigned where = 0; where < s->p->k; where++) {
		memset(&fg, 0, sizeof(fg));
		forge_w(s);
		for (unsigned i = 0; i < s->p->omega; i++)
			fg.h[where].w[i / 64] |= 1ULL << (i % 64);
		forge(s);
		vec_case(&v, accepts(s, bad), "%s: omega in %u", s->name, where);
		for (unsigned over = 1; over <= s->p->k; over++) {
			for (unsigned i = where; i < s->p->k; i++)
				h[s->p->omega + i] = (uint8_t)(s->p->omega + over);
			vec_case(
				&v, !accepts(s, bad), "%s: omega + %u in %u", s->name, over, where);
		}
	}
	/* the byte after the indices is the first cut, omega + 1: a reader who goes on takes it for a hint */
	memset(&fg, 0, sizeof(fg));
	forge_w(s);
	for (unsigned i = 0; i < s->p->omega + 2; i++)
		fg.h[0].w[i / 64] |= 1ULL << (i % 64);
	fg.h[0].w[s->p->omega / 64] &= ~(1ULL << (s->p->omega % 64));
	forge(s);
	memset(h + s->p->omega, (int)s->p->omega + 1, s->p->k);
	vec_case(&v, !accepts(s, bad), "%s: the cut as a hint", s->name);
	vec_end(&v);
}

/*
 * The same w1 by way of hints: with h set where r0 <= 0 the high bits go one down, r0 = 0 included
 * [FIPS204 Alg. 40 line 4].
 */
static void hint_at_zero(const struct set *s)
{
	struct vec v = { "ML-DSA UseHint where r0 = 0", 0, 0 };

	forge_key(s);
	memset(&fg, 0, sizeof(fg));
	forge_w(s); /* w = 0: r1 = 0, r0 = 0 everywhere */
	fg.h[0].w[0] = 1;
	forge(s);
	/* c̃ over high bits m - 1 at that place, computed here without use_hint */
	size_t w1_bytes = s->p->gamma2 == MLDSA_GAMMA2_32 ? 128 : 192;
	uint8_t tr[64], mu[64], head[2] = { 0, 0 }, w1[MLDSA_K_MAX * 192] = { 0 }, want[64];

	w1[0] = s->p->gamma2 == MLDSA_GAMMA2_32 ? 15 : 43;
	hyb_shake256(tr, 64, (hyb_bytes){ pk, s->p->pk_bytes });
	hyb_keccak_hash(mu, 64, HYB_RATE_SHAKE256, HYB_PAD_SHAKE,
		(const struct hyb_part[]){ { tr, 64 }, { head, 2 }, { text.p, text.n } }, 3);
	hyb_keccak_hash(want, s->p->ctilde_bytes, HYB_RATE_SHAKE256, HYB_PAD_SHAKE,
		(const struct hyb_part[]){ { mu, 64 }, { w1, s->p->k * w1_bytes } }, 2);
	vec_case(&v, memcmp(bad, want, s->p->ctilde_bytes) == 0 && accepts(s, bad), "%s", s->name);
	vec_end(&v);
}

/* Every bit of c̃, where t1 = 0 leaves nothing but the comparison to notice. */
static void ctilde(const struct set *s)
{
	struct vec v = { "ML-DSA every bit of the challenge hash", 0, 0 };

	forge_key(s);
	memset(&fg, 0, sizeof(fg));
	forge_w(s);
	forge(s);
	vec_case(&v, accepts(s, bad), "%s: untouched", s->name);
	for (size_t i = 0; i < 8 * s->p->ctilde_bytes; i++) {
		bad[i / 8] ^= (uint8_t)(1U << (i % 8));
		vec_case(&v, !accepts(s, bad), "%s: bit %zu", s->name, i);
		bad[i / 8] ^= (uint8_t)(1U << (i % 8));
	}
	vec_end(&v);
}

/* Every byte of an honest signature, of the key and of what it is over. */
static void damage(const struct set *s)
{
	struct vec v = { "ML-DSA one changed byte", 0, 0 };
	uint8_t ctx[255] = { 0 }, m[9];

	start(s, 1);
	vec_case(&v, accepts(s, sig), "%s: untouched", s->name);
	for (size_t i = 0; i < s->p->sig_bytes; i += i < s->p->ctilde_bytes ? 1 : 13) {
		bad[i] ^= (uint8_t)(1U << (i % 8));
		vec_case(&v, !s->verify(bad, text, none, pk), "%s: signature byte %zu", s->name, i);
		bad[i] = sig[i];
	}
	for (size_t i = 0; i < s->p->pk_bytes; i += 37) {
		pk[i] ^= 16;
		vec_case(&v, !s->verify(sig, text, none, pk), "%s: key byte %zu", s->name, i);
		pk[i] ^= 16;
	}
	for (size_t i = 0; i < sizeof(m); i++) {
		memcpy(m, text.p, sizeof(m));
		m[i] ^= 1;
		vec_case(
			&v, !s->verify(sig, (hyb_bytes){ m, 9 }, none, pk), "%s: message", s->name);
	}
	vec_case(&v, !s->verify(sig, (hyb_bytes){ text.p, 8 }, none, pk), "%s: shorter", s->name);
	vec_case(&v, !s->verify(sig, text, (hyb_bytes){ ctx, 1 }, pk), "%s: context", s->name);
	vec_end(&v);
}

/* Contexts of 0 to 255 bytes are taken and bound; 256 is refused everywhere with zero output. */
static void contexts(const struct set *s)
{
	struct vec v = { "ML-DSA contexts", 0, 0 };
	static uint8_t ctx[256];
	const hyb_bytes longest = { ctx, 255 }, over = { ctx, 256 };
	uint8_t mu[64];

	start(s, 2);
	vec_case(&v,
		s->sign_derand(bad, text, longest, zero32, &one_sk) == HYB_OK &&
			s->verify(bad, text, longest, pk) && !s->verify(bad, text, none, pk) &&
			!s->verify(bad, text, (hyb_bytes){ ctx, 254 }, pk) &&
			!s->verify(bad, text, over, pk),
		"%s: 255 bytes", s->name);
	s->prepare(&one_pk, pk);
	vec_case(&v, s->verify_prepared(bad, text, longest, &one_pk), "%s: prepared", s->name);
	vec_case(&v, !s->verify_prepared(bad, text, over, &one_pk), "%s: prepared", s->name);
	vec_case(&v,
		s->sign_derand(bad, text, over, zero32, &one_sk) == HYB_E_ARG &&
			all_zero(bad, s->p->sig_bytes),
		"%s: 256, derand", s->name);
	memset(bad, 1, sizeof(bad));
	vec_case(&v,
		s->sign(bad, text, over, &one_sk) == HYB_E_ARG && all_zero(bad, s->p->sig_bytes),
		"%s: 256, hedged", s->name);
	memset(bad, 1, sizeof(bad));
	vec_case(&v,
		s->sign_hash(bad, HYB_SHA3_512, text, over, zero32, &one_sk) == HYB_E_ARG &&
			all_zero(bad, s->p->sig_bytes),
		"%s: 256, hashed", s->name);
	memset(mu, 1, sizeof(mu));
	vec_case(&v, s->mu(mu, text, over, pk) == HYB_E_ARG && all_zero(mu, 64), "%s: 256, mu",
		s->name);
	vec_case(&v, !s->verify_hash(sig, HYB_SHA3_512, text, over, pk), "%s: hashed", s->name);
	vec_end(&v);
}

/* All twelve pre-hashes sign and verify, and none passes for another or for the pure form. */
static void prehashes(const struct set *s)
{
	struct vec v = { "ML-DSA pre-hashes keep apart", 0, 0 };

	start(s, 3);
	for (unsigned h = 0; h <= HYB_SHAKE256; h++) {
		vec_case(&v,
			s->sign_hash(bad, (enum hyb_hash)h, text, none, zero32, &one_sk) == HYB_OK,
			"%s: hash %u", s->name, h);
		for (unsigned g = 0; g <= HYB_SHAKE256; g++)
			vec_case(&v,
				s->verify_hash(bad, (enum hyb_hash)g, text, none, pk) == (g == h),
				"%s: %u as %u", s->name, h, g);
		vec_case(&v, !s->verify(bad, text, none, pk), "%s: as pure", s->name);
		vec_case(&v, !s->verify_hash(sig, (enum hyb_hash)h, text, none, pk),
			"%s: pure as hash", s->name);
	}
	vec_case(&v,
		s->sign_hash(bad, (enum hyb_hash)12, text, none, zero32, &one_sk) == HYB_E_ARG &&
			all_zero(bad, s->p->sig_bytes),
		"%s: no such hash", s->name);
	vec_case(&v, !s->verify_hash(sig, (enum hyb_hash)12, text, none, pk), "%s: nor to verify",
		s->name);
	vec_end(&v);
}

/* mu of the public key signs and verifies like the message it stands for. */
static void external_mu(const struct set *s)
{
	struct vec v = { "ML-DSA external mu", 0, 0 };
	uint8_t mu[64], ctx[3] = { 1, 2, 3 };
	const hyb_bytes c = { ctx, 3 };

	start(s, 4);
	vec_case(&v, s->mu(mu, text, c, pk) == HYB_OK, "%s: mu", s->name);
	vec_case(&v,
		s->sign_mu(bad, mu, zero32, &one_sk) == HYB_OK && s->verify(bad, text, c, pk) &&
			s->verify_mu(bad, mu, pk),
		"%s: both ways", s->name);
	vec_case(&v,
		s->sign_derand(sig, text, c, zero32, &one_sk) == HYB_OK &&
			memcmp(sig, bad, s->p->sig_bytes) == 0,
		"%s: the same bytes", s->name);
	mu[63] ^= 1;
	vec_case(&v, !s->verify_mu(bad, mu, pk), "%s: another mu", s->name);
	vec_end(&v);
}

struct rng {
	unsigned calls, fail_at;
	size_t n;
};

static bool rng(void *ctx, uint8_t *p, size_t n)
{
	struct rng *r = ctx;

	memset(p, 0x5a, n);
	r->n = n;
	return ++r->calls != r->fail_at;
}

/* Without randomness nothing is signed or made; hedged ones draw 32 bytes and use them. */
static void randomness(const struct set *s)
{
	struct vec v = { "ML-DSA without randomness", 0, 0 };
	struct rng r = { 0, 1, 0 };
	uint8_t seed[32], rnd[32], mu[64] = { 3 };

	start(s, 5);
	hyb_rng_hook(&(struct hyb_rng_hook){ rng, &r });
	memset(bad, 1, sizeof(bad));
	vec_case(&v,
		s->sign(bad, text, none, &one_sk) == HYB_E_RNG && all_zero(bad, s->p->sig_bytes),
		"%s: sign", s->name);
	r.calls = 0;
	memset(bad, 1, sizeof(bad));
	vec_case(&v,
		s->sign_hash(bad, HYB_SHA2_512, text, none, NULL, &one_sk) == HYB_E_RNG &&
			all_zero(bad, s->p->sig_bytes),
		"%s: sign_hash", s->name);
	r.calls = 0;
	memset(bad, 1, sizeof(bad));
	vec_case(&v,
		s->sign_mu(bad, mu, NULL, &one_sk) == HYB_E_RNG && all_zero(bad, s->p->sig_bytes),
		"%s: sign_mu", s->name);
	r.calls = 0;
	memset(pk, 1, sizeof(pk));
	vec_case(&v,
		s->keygen(pk, seed) == HYB_E_RNG && all_zero(pk, s->p->pk_bytes) &&
			all_zero(seed, 32),
		"%s: keygen", s->name);
	r = (struct rng){ 0, 0, 0 };
	memset(rnd, 0x5a, sizeof(rnd));
	vec_case(&v, s->sign(bad, text, none, &one_sk) == HYB_OK && r.calls == 1 && r.n == 32,
		"%s: 32 bytes once", s->name);
	vec_case(&v,
		s->sign_derand(sig, text, none, rnd, &one_sk) == HYB_OK &&
			memcmp(sig, bad, s->p->sig_bytes) == 0,
		"%s: and they are used", s->name);
	vec_case(&v, s->keygen(pk, seed) == HYB_OK && memcmp(seed, rnd, 32) == 0 && r.n == 32,
		"%s: the seed", s->name);
	hyb_rng_hook(NULL);
	vec_end(&v);
}

/* Private keys that do not hold together [FIPS204 Alg. 25] leave nothing behind. */
static void bad_keys(const struct set *s)
{
	struct vec v = { "ML-DSA private keys that are refused", 0, 0 };
	const size_t s_bytes = (size_t)32 * s->p->eta_bits, t0 = s->p->sk_bytes - 416 * s->p->k;

	start(s, 6);
	s->export(fips, &one_sk);
	vec_case(&v, s->import(&one_sk, fips) == HYB_OK, "%s: untouched", s->name);
#define REFUSED(what, at, change)                                                                  \
	do {                                                                                       \
		uint8_t keep = fips[at];                                                           \
                                                                                                   \
		fips[at] change;                                                                   \
		vec_case(&v,                                                                       \
			s->import(&one_sk, fips) == HYB_E_BAD_KEY &&                               \
				all_zero(&one_sk, s->sk_size),                                     \
			"%s: %s", s->name, what);                                                  \
		fips[at] = keep;                                                                   \
	} while (0)
	for (size_t i = 0; i < s->p->k + s->p->l; i++)
		REFUSED("a coefficient beyond eta", 128 + i *s_bytes + 5, |= 0xff);
	for (size_t i = 0; i < s->p->k; i++)
		REFUSED("another t0", t0 + 416 *i + 9, ^= 1);
	REFUSED("another rho", 0, ^= 1);
	REFUSED("another tr", 64, ^= 1);
	REFUSED("the end of tr", 127, ^= 128);
	REFUSED("another s1", 128, ^= 1);
#undef REFUSED
	vec_case(&v, s->import(&one_sk, fips) == HYB_OK, "%s: still good", s->name);
	vec_end(&v);
}

/* The smallest step out of range: 2·eta + 1 in one coefficient, everywhere else as it was. */
static void eta_bound(const struct set *s)
{
	struct vec v = { "ML-DSA s1 and s2 stay within eta", 0, 0 };
	struct mldsa_poly t;
	const size_t s_bytes = (size_t)32 * s->p->eta_bits;

	start(s, 7);
	s->export(fips, &one_sk);
	for (size_t i = 0; i < s->p->k + s->p->l; i++) {
		uint8_t *at = fips + 128 + i * s_bytes, keep[128];

		memcpy(keep, at, s_bytes);
		hyb_mldsa_unpack(&t, at, (int32_t)s->p->eta, s->p->eta_bits);
		for (unsigned j = 0; j < N; j += 51) {
			int32_t was = t.c[j];

			t.c[j] = -(int32_t)s->p->eta - 1;
			hyb_mldsa_pack(at, &t, (int32_t)s->p->eta, s->p->eta_bits);
			vec_case(&v, s->import(&one_sk, fips) == HYB_E_BAD_KEY, "%s: %zu", s->name,
				i);
			t.c[j] = was;
		}
		memcpy(at, keep, s_bytes);
	}
	vec_end(&v);
}

/*
 * A key whose s1 leaves the range while t0 and tr are made to fit: only the range check sees it.
 */
static void eta_bound_alone(const struct set *s)
{
	struct vec v = { "ML-DSA a consistent key beyond eta", 0, 0 };
	static struct mldsa_poly a[MLDSA_K_MAX * MLDSA_L_MAX], s1[MLDSA_L_MAX], t, t1;
	const struct mldsa_ops *o = &hyb_mldsa_ops_c;
	const int32_t eta = (int32_t)s->p->eta;
	const size_t s_bytes = (size_t)32 * s->p->eta_bits;

	for (int32_t first = eta; first >= -eta - 1; first -= 2 * eta + 1) {
		memset(fips, 0, s->p->sk_bytes);
		memset(pk, 0, s->p->pk_bytes);
		fips[0] = pk[0] = 77;
		hyb_mldsa_expand_a(o, s->p, a, s->p->l, pk, NULL);
		memset(s1, 0, sizeof(s1));
		s1[0].c[3] = first;
		for (unsigned j = 0; j < s->p->k + s->p->l; j++) {
			memset(&t, 0, sizeof(t));
			hyb_mldsa_pack(fips + 128 + j * s_bytes, j < s->p->l ? &s1[j] : &t, eta,
				s->p->eta_bits);
		}
		for (unsigned j = 0; j < s->p->l; j++)
			o->ntt(&s1[j]);
		for (unsigned i = 0; i < s->p->k; i++) {
			o->mul_acc(&t, a + i * s->p->l, s1, s->p->l);
			o->invntt(&t);
			o->power2round(&t1, &t, &t);
			o->pack_t1(pk + 32 + (size_t)320 * i, &t1);
			hyb_mldsa_pack(fips + s->p->sk_bytes - (size_t)416 * (s->p->k - i), &t,
				1 << 12, 13);
		}
		hyb_shake256(fips + 64, 64, (hyb_bytes){ pk, s->p->pk_bytes });
		vec_case(&v, s->import(&one_sk, fips) == (first == eta ? HYB_OK : HYB_E_BAD_KEY),
			"%s: %d", s->name, first);
	}
	vec_end(&v);
}

static void cleared(const struct set *s)
{
	struct vec v = { "ML-DSA cleared keys", 0, 0 };

	start(s, 8);
	vec_case(&v, !all_zero(&one_sk, s->sk_size), "%s: there is a key", s->name);
	s->clear(&one_sk);
	vec_case(&v, all_zero(&one_sk, s->sk_size), "%s: and then not", s->name);
	vec_end(&v);
}

/* ---- a backend that only takes notes ---- */
static struct {
	unsigned set, n_free;
	struct hyb_pq_msg m;
	uint8_t text[400];
	size_t key_n;
	bool is_given, fails;
} seen;

static enum hyb_st note_keygen(unsigned set, uint8_t *out, uint8_t *seed, bool is_given)
{
	seen.set = set;
	seen.is_given = is_given;
	out[0] = seed[0] = 0x77;
	return HYB_OK;
}

static enum hyb_st note_new(unsigned set, void **h, hyb_bytes key)
{
	seen.set = set;
	seen.key_n = key.n;
	*h = &seen;
	return seen.fails ? HYB_E_BAD_KEY : HYB_OK;
}

static enum hyb_st note_out(unsigned set, uint8_t *out, const void *h)
{
	seen.set = set;
	out[0] = h == &seen ? 0x78 : 0;
	return seen.fails ? HYB_E_CRYPTO : HYB_OK;
}

static void note_message(const struct hyb_pq_msg *m)
{
	seen.m = *m;
	memcpy(seen.text, m->m.p, m->m.n);
}

static enum hyb_st note_sign(unsigned set, uint8_t *out, const struct hyb_pq_msg *m, const void *h)
{
	seen.set = set;
	out[0] = h == &seen ? 0x79 : 0;
	note_message(m);
	return HYB_OK;
}

static bool note_verify(
	unsigned set, const uint8_t *signature, const struct hyb_pq_msg *m, const uint8_t *key)
{
	seen.set = set;
	note_message(m);
	return signature[0] == 0x79 && key[0] == 0x77;
}

static void note_free(void *h)
{
	seen.n_free += h == &seen;
}

static const struct hyb_pq_backend notes = {
	.mldsa_keygen = note_keygen,
	.mldsa_sk_new = note_new,
	.mldsa_sk_export = note_out,
	.mldsa_sk_pk = note_out,
	.mldsa_sign = note_sign,
	.mldsa_verify = note_verify,
	.mldsa_sk_free = note_free,
};

static bool saw(const struct set *s, enum hyb_pq_form form, bool is_hedged, size_t n)
{
	return seen.set == s->p->set && seen.m.form == form && seen.m.is_hedged == is_hedged &&
		seen.m.m.n == n;
}

/* Each function hands the whole operation over, and a key stays with the backend that made it. */
static void backend(const struct set *s)
{
	struct vec v = { "ML-DSA hands over to a backend", 0, 0 };
	uint8_t seed[32] = { 1 }, mu[64] = { 2 };
	const hyb_bytes ctx = { (const uint8_t *)"ctx", 3 };

	memset(&seen, 0, sizeof(seen));
	hyb_backend_pq_use(&notes);
	vec_case(&v, s->keygen(pk, seed) == HYB_OK && pk[0] == 0x77 && !seen.is_given, "keygen");
	vec_case(&v, s->keygen_derand(pk, seed) == HYB_OK && seen.is_given, "keygen_derand");
	vec_case(&v, s->import(&one_sk, fips) == HYB_OK && seen.key_n == s->p->sk_bytes, "import");
	s->clear(&one_sk);
	vec_case(&v, seen.n_free == 1 && all_zero(&one_sk, s->sk_size), "clear");
	vec_case(&v, s->expand(&one_sk, seed) == HYB_OK && seen.key_n == 32, "expand");
	s->prepare(&one_pk, pk);
	hyb_backend_pq_use(NULL);
	vec_case(&v,
		s->sign(sig, text, ctx, &one_sk) == HYB_OK && sig[0] == 0x79 &&
			saw(s, HYB_PQ_PURE, true, text.n) && seen.m.ctx.n == 3,
		"hedged");
	vec_case(&v,
		s->sign_derand(sig, text, ctx, zero32, &one_sk) == HYB_OK &&
			saw(s, HYB_PQ_PURE, false, text.n) && seen.m.rnd == zero32,
		"derand");
	vec_case(&v,
		s->sign_hash(sig, HYB_SHA2_256, text, ctx, zero32, &one_sk) == HYB_OK &&
			saw(s, HYB_PQ_RAW, false, 2 + 3 + 11 + 32) &&
			memcmp(seen.text, "\1\3ctx\6\11\140\206\110\1\145\3\4\2\1", 16) == 0,
		"hashed");
	vec_case(&v, s->sign_mu(sig, mu, NULL, &one_sk) == HYB_OK && saw(s, HYB_PQ_MU, true, 64),
		"mu");
	vec_case(&v,
		hyb_mldsa_sign_internal(s->p, sig, text, zero32, &one_sk) == HYB_OK &&
			saw(s, HYB_PQ_RAW, false, text.n),
		"raw");
	vec_case(&v,
		s->verify_prepared(sig, text, ctx, &one_pk) && saw(s, HYB_PQ_PURE, true, text.n),
		"verify");
	s->pk_from_sk(pk, &one_sk);
	vec_case(&v, pk[0] == 0x78, "the public key");
	seen.fails = true;
	s->export(fips, &one_sk);
	vec_case(&v, all_zero(fips, s->p->sk_bytes), "a failed export is zero");
	s->clear(&one_sk);
	hyb_backend_pq_use(&notes);
	vec_case(&v, s->expand(&one_sk, seed) == HYB_E_BAD_KEY && all_zero(&one_sk, s->sk_size),
		"a failed key is zero");
	hyb_backend_pq_use(NULL);
	vec_end(&v);
}

int main(void)
{
	static void (*const tests[])(const struct set *) = { z_bound, hint_encoding, hint_weight,
		hint_at_zero, ctilde, damage, contexts, prehashes, external_mu, randomness,
		bad_keys, eta_bound, eta_bound_alone, cleared, backend };

	for (size_t t = 0; t < sizeof(tests) / sizeof(tests[0]); t++)
		for (size_t i = 0; i < 3; i++)
			tests[t](&sets[i]);
	return vec_failures != 0;
}
