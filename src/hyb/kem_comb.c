#include "hyb/kem.h"
#include "hyb/keccak.h"

static void absorb(struct hyb_sponge *k, hyb_bytes b)
{
	if (b.n > 0)
		hyb_sponge_absorb(k, b.p, b.n);
}

void hyb_kem_combine_sha3(uint8_t ss[32], const struct hyb_kem_in *in, hyb_bytes label)
{
	struct hyb_sponge k;

	hyb_sponge_init(&k, HYB_RATE_SHA3_256, HYB_PAD_SHA3);
	absorb(&k, in->ss_pq);
	absorb(&k, in->ss_t);
	absorb(&k, in->ct_t);
	absorb(&k, in->ek_t);
	absorb(&k, label);
	hyb_sponge_squeeze(&k, ss, 32);
	hyb_wipe(&k, sizeof k);
}

/*
 * PRK = Extract(no salt, ss_PQ ‖ ss_T): ML-KEM's secret first, so that SP 800-56C rev. 2 §5 allows
 * it as it stands. Both ciphertexts and both keys go into the expansion: nothing is asked of ML-KEM
 * beyond its security, where the SHA-3 combiner needs that no other ciphertext gives the secret.
 */
static enum hyb_st combine_universal(
	const struct hyb_kem_row *r, uint8_t *ss, const struct hyb_kem_in *in)
{
	static const uint8_t purpose[] = "hybrid-key-exchange";
	uint8_t length[2], app_length[2];
	const hyb_bytes ikm[] = { in->ss_pq, in->ss_t };
	const hyb_bytes info[] = {
		{ purpose, sizeof purpose }, /* with its zero byte */
		{ (const uint8_t *)r->pub.name, strlen(r->pub.name) + 1 },
		{ length, 2 },
		in->ct_pq,
		in->ct_t,
		in->ek_pq,
		in->ek_t,
		{ app_length, in->app.n > 0 ? 2 : 0 },
		in->app,
	};

	hyb_store16be(length, r->pub.ss_bytes);
	hyb_store16be(app_length, in->app.n);
	return lc_hkdf_parts(HYB_SHA2_384, ss, r->pub.ss_bytes, (struct lc_parts){ ikm, 2 },
		(struct lc_parts){ info, sizeof info / sizeof info[0] });
}

enum hyb_st hyb_kem_combine(const struct hyb_kem_row *r, uint8_t *ss, const struct hyb_kem_in *in)
{
	const hyb_bytes first = r->is_curve_first ? in->ss_t : in->ss_pq;
	const hyb_bytes second = r->is_curve_first ? in->ss_pq : in->ss_t;

	switch (r->comb) {
	case HYB_COMB_PURE:
		memcpy(ss, in->ss_pq.p, in->ss_pq.n);
		return HYB_OK;
	case HYB_COMB_CONCAT:
		memcpy(ss, first.p, first.n);
		memcpy(ss + first.n, second.p, second.n);
		return HYB_OK;
	case HYB_COMB_SHA3:
		hyb_kem_combine_sha3(
			ss, in, (hyb_bytes){ (const uint8_t *)r->label, strlen(r->label) });
		return HYB_OK;
	case HYB_COMB_UNIVERSAL:
		return combine_universal(r, ss, in);
	}
	return HYB_E_ARG;
}
