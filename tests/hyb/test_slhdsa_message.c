/* What SLH-DSA signs, put together by hand: domain, context, OID and digest [FIPS205 Alg. 22, 23]. */
#include "vec.h"

#include "hyb/keccak.h"
#include "hyb/sha2.h"
#include "hyb/slhdsa.h"

#define SET HYB_SLHDSA_SHAKE_128F

static uint8_t sig[HYB_SLHDSA_SIG_MAX], pk[HYB_SLHDSA_PK_MAX], sk[HYB_SLHDSA_SK_MAX];
static const uint8_t seeds[96] = { 1 }, rnd[32] = { 2 };
static const hyb_bytes text = { (const uint8_t *)"a message", 9 };
static const hyb_bytes ctx = { (const uint8_t *)"context", 7 };
static const hyb_bytes other = { (const uint8_t *)"contexT", 7 };

/* Does sig stand for head ‖ ctx ‖ rest? */
static bool stands_for(uint8_t kind, hyb_bytes rest)
{
	const uint8_t head[2] = { kind, (uint8_t)ctx.n };
	const hyb_bytes parts[3] = { { head, 2 }, ctx, rest };

	return hyb_slhdsa_verify_internal(
		SET, (hyb_bytes){ sig, hyb_slhdsa_info(SET)->sig_bytes }, parts, 3, pk);
}

static void pure(void)
{
	struct vec v = { "SLH-DSA: the message of a pure signature", 0, 0 };
	hyb_bytes whole = { sig, hyb_slhdsa_info(SET)->sig_bytes };

	vec_case(&v, hyb_slhdsa_sign_derand(SET, sig, text, ctx, rnd, sk) == HYB_OK, "sign");
	vec_case(&v, stands_for(0, text) && !stands_for(1, text), "message");
	vec_case(&v,
		hyb_slhdsa_verify(SET, whole, text, ctx, pk) &&
			!hyb_slhdsa_verify(SET, whole, text, other, pk),
		"a context of the same length");
	vec_end(&v);
}

static void hashed(void)
{
	/* the last octets of 2.16.840.1.101.3.4.2.x, in the order of enum hyb_hash */
	static const uint8_t arcs[12] = { 4, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12 };
	struct vec v = { "SLH-DSA: the message of a pre-hash signature", 0, 0 };
	hyb_bytes whole = { sig, hyb_slhdsa_info(SET)->sig_bytes };

	for (unsigned h = 0; h < 12; h++) {
		const struct hyb_slhdsa_prehash in = { (enum hyb_hash)h, text, ctx };
		uint8_t rest[11 + 64] = { 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, arcs[h] };
		size_t n = 11 + hyb_prehash(rest + 11, (enum hyb_hash)h, text);

		vec_case(&v, hyb_slhdsa_hash_sign(SET, sig, &in, rnd, sk) == HYB_OK, "sign %u", h);
		vec_case(&v, stands_for(1, (hyb_bytes){ rest, n }), "hash %u", h);
		vec_case(&v, !hyb_slhdsa_verify(SET, whole, (hyb_bytes){ rest, n }, ctx, pk),
			"hash %u as a pure signature of OID and digest", h);
		vec_case(&v, hyb_slhdsa_hash_verify(SET, whole, &in, pk), "verify %u", h);
		whole.n++;
		vec_case(&v, !hyb_slhdsa_hash_verify(SET, whole, &in, pk), "%u, a byte more", h);
		whole.n -= 2;
		vec_case(&v, !hyb_slhdsa_hash_verify(SET, whole, &in, pk), "%u, a byte less", h);
		whole.n++;
	}
	for (int h = -1; h < 20; h += h < 0 ? 13 : 1) {
		const struct hyb_slhdsa_prehash in = { (enum hyb_hash)h, text, ctx };

		vec_case(&v,
			hyb_slhdsa_hash_sign(SET, sig, &in, rnd, sk) == HYB_E_ARG && sig[0] == 0,
			"no hash %d", h);
		vec_case(&v, !hyb_slhdsa_hash_verify(SET, whole, &in, pk), "no hash %d", h);
	}
	vec_end(&v);
}

int main(void)
{
	if (hyb_slhdsa_keygen_derand(SET, pk, sk, seeds) != HYB_OK) {
		printf("not ok - keys\n");
		return 1;
	}
	pure();
	hashed();
	return vec_failures != 0;
}
