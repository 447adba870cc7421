#include "hyb/hpke.h"
#include "hyb/lc.h"

#define MODE_BASE 0x00
/* No registry names our own suite: a KEM id from the top of the unassigned range. */
#define KEM_X25519_MLKEM1024_HKDF_SHA384 0xff01

uint16_t hyb_hpke_kem_id(const struct hyb_kem_suite *kem)
{
	if (!kem->is_envelope)
		return 0;
	if (kem->id == HYB_KEM_X25519_MLKEM1024_HKDF_SHA384)
		return KEM_X25519_MLKEM1024_HKDF_SHA384;
	return kem->hpke_kem;
}

static enum lc_aead aead_of(uint16_t id)
{
	return id == 1 ? LC_AES_128_GCM : id == 2 ? LC_AES_256_GCM : LC_CHACHA20_POLY1305;
}

enum hyb_st hyb_hpke_suite_check(const struct hyb_hpke_suite *s)
{
	bool good = s->kem != NULL && hyb_hpke_kem_id(s->kem) != 0 &&
		hyb_hpke_hash_bytes(s->kdf) != 0 && s->aead >= 1 && s->aead <= 3;

	return good ? HYB_OK : HYB_E_SUITE;
}

struct hyb_hpke_suite hyb_hpke_default(const struct hyb_kem_suite *kem)
{
	return (struct hyb_hpke_suite){ .kem = kem, .kdf = 2, .aead = 2 };
}

void hyb_hpke_suite_id(
	uint8_t id[HYB_HPKE_SUITE_ID_BYTES], uint16_t kem, uint16_t kdf, uint16_t aead)
{
	static const uint8_t hpke[4] = { 'H', 'P', 'K', 'E' };

	memcpy(id, hpke, 4);
	hyb_store16be(id + 4, kem);
	hyb_store16be(id + 6, kdf);
	hyb_store16be(id + 8, aead);
}

/* What the key schedule makes, in the order of the one-stage derivation. */
struct derived {
	uint8_t bytes[32 + 12 + HYB_HPKE_HASH_MAX];
	size_t key_n, hash_n;
};

/* CombineSecrets with a one-stage KDF [draft-ietf-hpke-pq]: base mode, no PSK. */
static enum hyb_st combine_one_stage(
	const struct hyb_hpke_kdf *k, struct derived *d, const struct hyb_hpke_secret *in)
{
	uint8_t head[4] = { 0 };	  /* psk: length 0; then the length of ss */
	uint8_t modes[5] = { MODE_BASE }; /* psk_id: length 0; then the length of info */

	hyb_store16be(head + 2, in->ss.n);
	hyb_store16be(modes + 3, in->info.n);
	return hyb_hpke_labeled_derive(k, d->bytes, d->key_n + 12 + d->hash_n,
		(const hyb_bytes[2]){ { head, sizeof(head) }, in->ss }, "secret",
		(const hyb_bytes[2]){ { modes, sizeof(modes) }, in->info });
}

/* KeySchedule with a two-stage KDF [RFC9180 §5.1]: base mode, no PSK. */
static enum hyb_st combine_two_stage(
	const struct hyb_hpke_kdf *k, struct derived *d, const struct hyb_hpke_secret *in)
{
	static const hyb_bytes none = { NULL, 0 };
	uint8_t context[1 + 2 * HYB_HPKE_HASH_MAX] = { MODE_BASE };
	uint8_t secret[HYB_HPKE_HASH_MAX];
	hyb_bytes ctx = { context, 1 + 2 * d->hash_n };
	enum hyb_st st;

	st = hyb_hpke_labeled_extract(k, context + 1, none, "psk_id_hash", none);
	if (st == HYB_OK)
		st = hyb_hpke_labeled_extract(
			k, context + 1 + d->hash_n, none, "info_hash", in->info);
	if (st == HYB_OK)
		st = hyb_hpke_labeled_extract(k, secret, in->ss, "secret", none);
	if (st == HYB_OK)
		st = hyb_hpke_labeled_expand(k, d->bytes, d->key_n, secret, "key", ctx);
	if (st == HYB_OK)
		st = hyb_hpke_labeled_expand(k, d->bytes + d->key_n, 12, secret, "base_nonce", ctx);
	if (st == HYB_OK)
		st = hyb_hpke_labeled_expand(
			k, d->bytes + d->key_n + 12, d->hash_n, secret, "exp", ctx);
	hyb_wipe(secret, sizeof(secret));
	return st;
}

enum hyb_st hyb_hpke_schedule(struct hyb_hpke_ctx *c, const struct hyb_hpke_suite *s,
	const struct hyb_hpke_secret *in, bool is_sender)
{
	struct hyb_hpke_kdf k = { s->kdf, in->suite_id, sizeof(in->suite_id) };
	struct derived d = { .key_n = lc_aead_key_bytes(aead_of(s->aead)),
		.hash_n = hyb_hpke_hash_bytes(s->kdf) };
	enum hyb_st st;

	*c = (struct hyb_hpke_ctx){ .suite = *s, .is_sender = is_sender };
	memcpy(c->suite_id, in->suite_id, sizeof(c->suite_id));
	if (in->info.n > HYB_HPKE_INFO_MAX)
		return HYB_E_LIMIT;
	st = hyb_hpke_is_one_stage(s->kdf) ? combine_one_stage(&k, &d, in)
					   : combine_two_stage(&k, &d, in);
	if (st == HYB_OK)
		st = lc_aead_new(&c->aead, aead_of(s->aead), d.bytes, is_sender);
	if (st == HYB_OK) {
		memcpy(c->base_nonce, d.bytes + d.key_n, 12);
		memcpy(c->exporter, d.bytes + d.key_n + 12, d.hash_n);
	}
	hyb_wipe(&d, sizeof(d));
	return st;
}

/* From a shared secret of the suite's KEM, which it wipes. */
static enum hyb_st schedule(struct hyb_hpke_ctx *c, const struct hyb_hpke_suite *s,
	uint8_t ss[HYB_KEM_SS_MAX], hyb_bytes info, bool is_sender)
{
	struct hyb_hpke_secret in = { .ss = { ss, s->kem->ss_bytes }, .info = info };
	enum hyb_st st;

	hyb_hpke_suite_id(in.suite_id, hyb_hpke_kem_id(s->kem), s->kdf, s->aead);
	st = hyb_hpke_schedule(c, s, &in, is_sender);
	hyb_wipe(ss, HYB_KEM_SS_MAX);
	return st;
}

enum hyb_st hyb_hpke_setup_s(struct hyb_hpke_ctx *c, const struct hyb_hpke_suite *s, uint8_t *enc,
	hyb_bytes info, const uint8_t *ek, const uint8_t *eseed)
{
	uint8_t ss[HYB_KEM_SS_MAX];
	enum hyb_st st = hyb_hpke_suite_check(s);

	*c = (struct hyb_hpke_ctx){ .aead = NULL };
	if (st != HYB_OK)
		return st;
	st = eseed != NULL ? hyb_kem_encaps_derand(s->kem, enc, ss, ek, eseed)
			   : hyb_kem_encaps(s->kem, enc, ss, ek);
	if (st == HYB_OK)
		st = schedule(c, s, ss, info, true);
	if (st != HYB_OK)
		hyb_wipe(enc, s->kem->ct_bytes);
	hyb_wipe(ss, sizeof(ss));
	return st;
}

enum hyb_st hyb_hpke_setup_r(struct hyb_hpke_ctx *c, const struct hyb_hpke_suite *s,
	const uint8_t *enc, hyb_bytes info, const struct hyb_kem_dk *dk)
{
	uint8_t ss[HYB_KEM_SS_MAX];
	enum hyb_st st = hyb_hpke_suite_check(s);

	*c = (struct hyb_hpke_ctx){ .aead = NULL };
	if (st != HYB_OK)
		return st;
	st = hyb_kem_decaps(s->kem, ss, enc, dk);
	if (st == HYB_OK)
		st = schedule(c, s, ss, info, false);
	hyb_wipe(ss, sizeof(ss));
	return st;
}

enum hyb_st hyb_hpke_setup_private(struct hyb_hpke_ctx *c, const struct hyb_hpke_suite *s,
	const uint8_t *enc, hyb_bytes info, const struct hyb_private *key)
{
	uint8_t ss[HYB_KEM_SS_MAX];
	enum hyb_st st = hyb_hpke_suite_check(s);

	*c = (struct hyb_hpke_ctx){ .aead = NULL };
	if (st == HYB_OK && (key->pub.kind != HYB_KEY_KEM || key->pub.kem != s->kem))
		st = HYB_E_SUITE;
	if (st != HYB_OK)
		return st;
	st = hyb_private_decaps(ss, enc, key);
	if (st == HYB_OK)
		st = schedule(c, s, ss, info, false);
	hyb_wipe(ss, sizeof(ss));
	return st;
}

/* base_nonce ⊕ seq [RFC9180 §5.2]. */
static void nonce_of(uint8_t nonce[12], const struct hyb_hpke_ctx *c)
{
	uint8_t seq[8];

	memcpy(nonce, c->base_nonce, 12);
	hyb_store64be(seq, c->seq);
	for (unsigned i = 0; i < 8; i++)
		nonce[4 + i] ^= seq[i];
}

enum hyb_st hyb_hpke_ctx_seal(struct hyb_hpke_ctx *c, uint8_t *ct, hyb_bytes aad, hyb_bytes pt)
{
	uint8_t nonce[12];
	enum hyb_st st = HYB_E_ARG;

	if (c->aead != NULL && c->is_sender)
		st = c->seq == UINT64_MAX ? HYB_E_LIMIT : HYB_OK;
	if (st != HYB_OK) {
		hyb_wipe(ct, pt.n + HYB_HPKE_TAG_BYTES);
		return st;
	}
	nonce_of(nonce, c);
	st = lc_aead_seal(c->aead, ct, nonce, aad, pt);
	if (st == HYB_OK)
		c->seq++;
	else
		hyb_wipe(ct, pt.n + HYB_HPKE_TAG_BYTES);
	return st;
}

enum hyb_st hyb_hpke_ctx_open(struct hyb_hpke_ctx *c, uint8_t *pt, hyb_bytes aad, hyb_bytes ct)
{
	uint8_t nonce[12];
	enum hyb_st st = HYB_E_ARG;

	if (ct.n < HYB_HPKE_TAG_BYTES)
		return HYB_E_OPEN;
	if (c->aead != NULL && !c->is_sender)
		st = c->seq == UINT64_MAX ? HYB_E_LIMIT : HYB_OK;
	if (st == HYB_OK) {
		nonce_of(nonce, c);
		st = lc_aead_open(c->aead, pt, nonce, aad, ct);
	}
	if (st == HYB_OK)
		c->seq++;
	else
		hyb_wipe(pt, ct.n - HYB_HPKE_TAG_BYTES);
	return st;
}

enum hyb_st hyb_hpke_export(const struct hyb_hpke_ctx *c, uint8_t *out, size_t n, hyb_bytes context)
{
	static const hyb_bytes none = { NULL, 0 };
	struct hyb_hpke_kdf k = { c->suite.kdf, c->suite_id, sizeof(c->suite_id) };
	hyb_bytes secret = { c->exporter, hyb_hpke_hash_bytes(c->suite.kdf) };

	if (c->aead == NULL || context.n > HYB_HPKE_INFO_MAX) {
		hyb_wipe(out, n);
		return c->aead == NULL ? HYB_E_ARG : HYB_E_LIMIT;
	}
	if (hyb_hpke_is_one_stage(k.kdf))
		return hyb_hpke_labeled_derive(&k, out, n, (const hyb_bytes[2]){ secret, none },
			"sec", (const hyb_bytes[2]){ context, none });
	return hyb_hpke_labeled_expand(&k, out, n, c->exporter, "sec", context);
}

void hyb_hpke_end(struct hyb_hpke_ctx *c)
{
	lc_aead_free(c->aead);
	hyb_wipe(c, sizeof(*c));
}

enum hyb_st hyb_hpke_derive_seed(const struct hyb_kem_suite *kem, uint8_t *seed, hyb_bytes ikm)
{
	static const hyb_bytes none = { NULL, 0 };
	uint8_t id[5] = { 'K', 'E', 'M' };
	struct hyb_hpke_kdf k = { 0x11, id, sizeof(id) };

	if (hyb_hpke_kem_id(kem) == 0) {
		hyb_wipe(seed, kem->seed_bytes);
		return HYB_E_SUITE;
	}
	hyb_store16be(id + 3, hyb_hpke_kem_id(kem));
	return hyb_hpke_labeled_derive(&k, seed, kem->seed_bytes, (const hyb_bytes[2]){ ikm, none },
		"DeriveKeyPair", (const hyb_bytes[2]){ none, none });
}

enum hyb_st hyb_hpke_seal(const struct hyb_hpke_suite *s, uint8_t *enc, uint8_t *ct,
	const struct hyb_hpke_in *in, const uint8_t *ek)
{
	struct hyb_hpke_ctx c;
	enum hyb_st st = hyb_hpke_setup_s(&c, s, enc, in->info, ek, NULL);

	if (st == HYB_OK) {
		st = hyb_hpke_ctx_seal(&c, ct, in->aad, in->text);
		if (st != HYB_OK)
			hyb_wipe(enc, s->kem->ct_bytes);
	} else {
		hyb_wipe(ct, in->text.n + HYB_HPKE_TAG_BYTES);
	}
	hyb_hpke_end(&c);
	return st;
}

enum hyb_st hyb_hpke_open(const struct hyb_hpke_suite *s, uint8_t *pt, const uint8_t *enc,
	const struct hyb_hpke_in *in, const struct hyb_kem_dk *dk)
{
	struct hyb_hpke_ctx c;
	enum hyb_st st;

	if (in->text.n < HYB_HPKE_TAG_BYTES)
		return HYB_E_OPEN;
	st = hyb_hpke_setup_r(&c, s, enc, in->info, dk);
	if (st == HYB_OK)
		st = hyb_hpke_ctx_open(&c, pt, in->aad, in->text);
	else
		hyb_wipe(pt, in->text.n - HYB_HPKE_TAG_BYTES);
	hyb_hpke_end(&c);
	return st;
}
