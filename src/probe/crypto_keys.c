#include "probe/crypto_int.h"

#include "base/arena.h"
#include "hyb/hyb.h"

/* ---- ML-KEM, three sizes ---- */

#define Q 3329 /* [FIPS203 §2.4] */

enum { KEM_NONE, KEM_512, KEM_768, KEM_1024, KEMS };

static void kem_free(void *base)
{
	pqm_free(base);
}

/* Keys are made once a run and prepared for decapsulation. */
#define KEM(bits)                                                                                  \
	static bool make_##bits(uint8_t *ek, void *dk)                                             \
	{                                                                                          \
		uint8_t seed[HYB_MLKEM_SEED_BYTES];                                                \
		bool ok = hyb_mlkem##bits##_keygen(ek, seed) == HYB_OK &&                          \
			hyb_mlkem##bits##_dk_expand(dk, seed) == HYB_OK;                           \
                                                                                                   \
		hyb_wipe(seed, sizeof(seed));                                                      \
		return ok;                                                                         \
	}                                                                                          \
                                                                                                   \
	static void open_##bits(uint8_t *ss, const uint8_t *ct, const void *dk)                    \
	{                                                                                          \
		hyb_mlkem##bits##_decaps(ss, ct, dk);                                              \
	}

KEM(512)
KEM(768)
KEM(1024)

static const struct {
	size_t k, ek_bytes, ct_bytes, dk_size;
	bool (*make)(uint8_t *ek, void *dk);
	void (*open)(uint8_t *ss, const uint8_t *ct, const void *dk);
} kems[KEMS] = {
	[KEM_512] = { 2, HYB_MLKEM512_EK_BYTES, HYB_MLKEM512_CT_BYTES,
		sizeof(struct hyb_mlkem512_dk), make_512, open_512 },
	[KEM_768] = { 3, HYB_MLKEM768_EK_BYTES, HYB_MLKEM768_CT_BYTES,
		sizeof(struct hyb_mlkem768_dk), make_768, open_768 },
	[KEM_1024] = { 4, HYB_MLKEM1024_EK_BYTES, HYB_MLKEM1024_CT_BYTES,
		sizeof(struct hyb_mlkem1024_dk), make_1024, open_1024 },
};

/* ---- groups ---- */

/* Shares and secrets are the halves in a row: the post-quantum one in front where is_kem_first. */
static const struct group {
	uint16_t code;
	uint8_t curve, kem;
	bool is_kem_first;
	bool is_known; /* else only fake shares: Kyber, experiments, SM2 */
} groups[] = {
	{ 0x001d, PC_X25519, KEM_NONE, false, true },
	{ 0x001e, PC_X448, KEM_NONE, false, true },
	{ 0x0017, PC_P256, KEM_NONE, false, true },
	{ 0x0018, PC_P384, KEM_NONE, false, true },
	{ 0x0019, PC_P521, KEM_NONE, false, true },
	{ 0x001f, PC_BP256, KEM_NONE, false, true }, /* [RFC8734] */
	{ 0x0020, PC_BP384, KEM_NONE, false, true },
	{ 0x0021, PC_BP512, KEM_NONE, false, true },
	{ 0x0100, PC_FF2048, KEM_NONE, false, true },
	{ 0x0101, PC_FF3072, KEM_NONE, false, true },
	{ 0x0102, PC_FF4096, KEM_NONE, false, true },
	{ 0x0103, PC_FF6144, KEM_NONE, false, true },
	{ 0x0104, PC_FF8192, KEM_NONE, false, true },
	/* draft-ietf-tls-ecdhe-mlkem: only the X25519 one has ML-KEM in front. */
	{ 0x11ec, PC_X25519, KEM_768, true, true },
	{ 0x11eb, PC_P256, KEM_768, false, true },
	{ 0x11ed, PC_P384, KEM_1024, false, true },
	{ 0x11ee, PC_SM2, KEM_768, false, false },  /* draft-yang-tls-hybrid-sm2-mlkem */
	{ 0x0200, PC_CURVES, KEM_512, true, true }, /* draft-ietf-tls-mlkem */
	{ 0x0201, PC_CURVES, KEM_768, true, true },
	{ 0x0202, PC_CURVES, KEM_1024, true, true },
	/* Kyber, round 3: the same public key format as ML-KEM, another secret. */
	{ 0x6399, PC_X25519, KEM_768, false, false },
	{ 0x639a, PC_P256, KEM_768, false, false },
	{ 0xfe30, PC_X25519, KEM_512, false, false },
	{ 0xfe31, PC_X25519, KEM_768, false, false },
	{ 0x023a, PC_CURVES, KEM_512, true, false },
	{ 0x023c, PC_CURVES, KEM_768, true, false },
	{ 0x023d, PC_CURVES, KEM_1024, true, false },
	{ 0x2f39, PC_X25519, KEM_512, false, false },
	{ 0x2f3a, PC_P256, KEM_512, false, false },
	{ 0x2f3c, PC_P384, KEM_768, false, false },
	{ 0x2f3d, PC_P521, KEM_1024, false, false },
	/* ML-KEM at oqs-provider's own code points. */
	{ 0x2f4b, PC_P256, KEM_512, false, false },
	{ 0x2f4c, PC_P384, KEM_768, false, false },
	{ 0x2f4d, PC_P521, KEM_1024, false, false },
	{ 0x2fb6, PC_X25519, KEM_512, false, false },
	{ 0x2fb7, PC_X448, KEM_768, false, false },
};

static const struct group *group_of(uint16_t code)
{
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if (groups[i].code == code)
			return &groups[i];
	return NULL;
}

bool pc_group_known(uint16_t group)
{
	const struct group *g = group_of(group);

	return g != NULL && g->is_known;
}

/* ---- keys of a run ---- */

struct kem_key {
	void *base; /* of the block; dk stands in it at a multiple of 64 */
	void *dk;
	uint8_t *ek;
};

struct pc_keys {
	struct pc_pair *pair[PC_CURVES];
	struct kem_key kem[KEMS];
};

struct pc_keys *pc_keys_new(void)
{
	return pqm_calloc(1, sizeof(struct pc_keys));
}

void pc_keys_free(struct pc_keys *k)
{
	if (k == NULL)
		return;
	for (size_t i = 0; i < PC_CURVES; i++)
		pc_pair_free(k->pair[i]);
	for (size_t i = 0; i < KEMS; i++) {
		if (k->kem[i].dk != NULL)
			hyb_wipe(k->kem[i].dk, kems[i].dk_size);
		kem_free(k->kem[i].base);
	}
	pqm_free(k);
}

static struct pc_pair *pair_of(struct pc_keys *k, enum pc_curve c)
{
	if (k->pair[c] == NULL)
		k->pair[c] = pc_pair_new(c);
	return k->pair[c];
}

static struct kem_key *kem_of(struct pc_keys *k, size_t kem)
{
	struct kem_key *x = &k->kem[kem];

	if (x->base != NULL)
		return x;
	uint8_t *base = pqm_malloc(kems[kem].dk_size + kems[kem].ek_bytes + 63);

	if (base == NULL)
		return NULL;
	uint8_t *dk = base + (64 - (uintptr_t)base % 64) % 64, *ek = dk + kems[kem].dk_size;

	if (!kems[kem].make(ek, dk)) {
		kem_free(base);
		return NULL;
	}
	*x = (struct kem_key){ base, dk, ek };
	return x;
}

static bool put_pair(struct pc_keys *k, enum pc_curve c, struct pqm_buf *out)
{
	if (c == PC_CURVES)
		return true;
	struct pc_pair *p = pair_of(k, c);

	return p != NULL && pqm_buf_add(out, pc_pair_public(p));
}

bool pc_share(struct pc_keys *k, uint16_t group, struct pqm_buf *out)
{
	const struct group *g = group_of(group);
	size_t at = out->n;

	if (g == NULL || !g->is_known)
		return false;
	bool ok = g->is_kem_first || put_pair(k, g->curve, out);

	if (ok && g->kem != KEM_NONE) {
		struct kem_key *x = kem_of(k, g->kem);

		ok = x != NULL && pqm_buf_add(out, (pqm_bytes){ x->ek, kems[g->kem].ek_bytes });
	}
	ok = ok && (!g->is_kem_first || put_pair(k, g->curve, out));
	if (!ok)
		out->n = at;
	return ok;
}

/* Coefficients below q by rejection, two in three bytes [FIPS203 §4.2.1, Alg. 5], then 32 bytes of rho. */
static bool put_fake_ek(size_t kem, bool bad, struct pqm_buf *out)
{
	size_t n = kems[kem].k * 384, used = 0;
	uint8_t pool[768];

	if (!pqm_buf_reserve(out, n + 32) || hyb_random(out->p + out->n + n, 32) != HYB_OK ||
		hyb_random(pool, sizeof(pool)) != HYB_OK)
		return false;
	for (size_t i = 0; i < n;) {
		if (used == sizeof(pool)) {
			if (hyb_random(pool, sizeof(pool)) != HYB_OK)
				return false;
			used = 0;
		}
		const uint8_t *d = pool + used;
		unsigned a = d[0] | (d[1] & 15u) << 8,
			 b = (unsigned)d[1] >> 4 | (unsigned)d[2] << 4;

		used += 3;
		if (a >= Q || b >= Q)
			continue;
		memcpy(out->p + out->n + i, d, 3);
		i += 3;
	}
	/* The first coefficient becomes q or more: 12 bits, so at most q + 766. */
	if (bad) {
		unsigned a = Q + pool[0] % 767u;

		out->p[out->n] = (uint8_t)a;
		out->p[out->n + 1] = (uint8_t)((out->p[out->n + 1] & 0xf0u) | a >> 8);
	}
	out->n += n + 32;
	return true;
}

bool pc_share_fake(struct pc_keys *k, uint16_t group, bool bad, struct pqm_buf *out)
{
	const struct group *g = group_of(group);
	size_t at = out->n;

	if (g == NULL || g->kem == KEM_NONE)
		return false;
	bool ok = (g->is_kem_first || put_pair(k, g->curve, out)) &&
		put_fake_ek(g->kem, bad, out) && (!g->is_kem_first || put_pair(k, g->curve, out));

	if (!ok)
		out->n = at;
	return ok;
}

bool pc_shared(struct pc_keys *k, uint16_t group, pqm_bytes server_share,
	uint8_t out[PC_SHARED_MAX], size_t *n)
{
	const struct group *g = group_of(group);

	if (g == NULL || !g->is_known)
		return false;
	size_t ct = kems[g->kem].ct_bytes, t = pc_curve_bytes(g->curve), t_ss = 0;
	size_t ss = g->kem == KEM_NONE ? 0 : HYB_MLKEM_SS_BYTES;

	if (server_share.n != ct + t)
		return false;
	const uint8_t *t_in = server_share.p + (g->is_kem_first ? ct : 0);
	const uint8_t *ct_in = server_share.p + (g->is_kem_first ? 0 : t);

	if (g->curve != PC_CURVES) {
		struct pc_pair *p = pair_of(k, g->curve);

		if (p == NULL ||
			!pc_pair_derive(
				p, (pqm_bytes){ t_in, t }, out + (g->is_kem_first ? ss : 0), &t_ss))
			return false;
	}
	if (g->kem != KEM_NONE) {
		struct kem_key *x = kem_of(k, g->kem);

		if (x == NULL)
			return false;
		kems[g->kem].open(out + (g->is_kem_first ? 0 : t_ss), ct_in, x->dk);
	}
	*n = ss + t_ss;
	return true;
}

void pc_random(uint8_t *out, size_t n)
{
	(void)!hyb_random(out, n); /* zeros when the system has none: nothing rests on it */
}
