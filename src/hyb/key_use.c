#include "hyb/keccak.h"
#include "hyb/key.h"

enum hyb_st hyb_private_decaps(uint8_t *ss, const uint8_t *ct, const struct hyb_private *k)
{
	struct hyb_kem_dk dk;
	enum hyb_st st;

	if (k->pub.kind != HYB_KEY_KEM)
		return HYB_E_ARG;
	if (k->is_expanded) {
		st = hyb_fips_ops(&k->pub)->decaps(ss, ct, k->key);
	} else {
		st = hyb_kem_dk_expand(k->pub.kem, &dk, k->key);
		if (st == HYB_OK) {
			st = hyb_kem_decaps(k->pub.kem, ss, ct, &dk);
			hyb_kem_dk_clear(&dk);
		}
	}
	if (st != HYB_OK)
		hyb_wipe(ss, k->pub.kem->ss_bytes);
	return st;
}

static enum hyb_st ended(enum hyb_st st, uint8_t *sig, size_t *sig_n, const struct hyb_private *k)
{
	if (st != HYB_OK) {
		hyb_wipe(sig, k->pub.sig->sig_max);
		*sig_n = 0;
	}
	return st;
}

enum hyb_st hyb_private_sign(
	uint8_t *sig, size_t *sig_n, hyb_bytes m, hyb_bytes ctx, const struct hyb_private *k)
{
	struct hyb_sig_sk sk;
	enum hyb_st st;

	*sig_n = 0;
	if (k->pub.kind != HYB_KEY_SIG)
		return HYB_E_ARG;
	if (k->is_expanded) {
		const struct hyb_fips_ops *ops = hyb_fips_ops(&k->pub);

		*sig_n = ops->sig_bytes;
		return ended(ops->sign(sig, m, ctx, k->key), sig, sig_n, k);
	}
	st = hyb_sig_sk_import(k->pub.sig, &sk, (hyb_bytes){ k->key, k->n });
	if (st == HYB_OK) {
		st = hyb_sig_sign(k->pub.sig, sig, sig_n, m, ctx, &sk);
		hyb_sig_sk_clear(&sk);
	}
	return ended(st, sig, sig_n, k);
}

/* HashML-DSA over a digest of SHA-512 [FIPS204 Alg. 4 lines 23 to 24, Alg. 7 line 6]. */
static enum hyb_st sign_expanded(
	uint8_t *sig, hyb_bytes digest, hyb_bytes ctx, const struct hyb_private *k)
{
	static const uint8_t oid[] = { 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02,
		0x03 };
	uint8_t tr[64], mu[64], head[2] = { 1, (uint8_t)ctx.n }, tail[sizeof(oid) + 64];
	const struct hyb_part parts[] = {
		{ tr, sizeof(tr) },
		{ head, sizeof(head) },
		{ ctx.p, ctx.n },
		{ tail, sizeof(tail) },
	};

	if (digest.n != 64 || ctx.n > 255)
		return HYB_E_ARG;
	hyb_shake256(tr, sizeof(tr), (hyb_bytes){ k->pub.key, k->pub.n });
	memcpy(tail, oid, sizeof(oid));
	memcpy(tail + sizeof(oid), digest.p, 64);
	hyb_keccak_hash(mu, sizeof(mu), HYB_RATE_SHAKE256, HYB_PAD_SHAKE, parts, 4);
	return hyb_fips_ops(&k->pub)->sign_mu(sig, mu, k->key);
}

enum hyb_st hyb_private_sign_digest(
	uint8_t *sig, size_t *sig_n, hyb_bytes digest, hyb_bytes ctx, const struct hyb_private *k)
{
	struct hyb_sig_sk sk;
	enum hyb_st st;

	*sig_n = 0;
	if (k->pub.kind != HYB_KEY_SIG)
		return HYB_E_ARG;
	if (k->is_expanded) {
		*sig_n = hyb_fips_ops(&k->pub)->sig_bytes;
		return ended(sign_expanded(sig, digest, ctx, k), sig, sig_n, k);
	}
	st = hyb_sig_sk_import(k->pub.sig, &sk, (hyb_bytes){ k->key, k->n });
	if (st == HYB_OK) {
		st = hyb_sig_sign_digest(k->pub.sig, sig, sig_n, digest, ctx, &sk);
		hyb_sig_sk_clear(&sk);
	}
	return ended(st, sig, sig_n, k);
}

bool hyb_public_verify(hyb_bytes sig, hyb_bytes m, hyb_bytes ctx, const struct hyb_public *k)
{
	return k->kind == HYB_KEY_SIG && hyb_sig_verify(k->sig, sig, m, ctx, k->key);
}
