/* ML-DSA with private keys made by hand, so that one check alone stands between them and a signature. */
#include "mldsa_sets.h"

static uint8_t pk[HYB_MLDSA87_PK_BYTES], sig[HYB_MLDSA87_SIG_BYTES], fips[HYB_MLDSA87_SK_BYTES];
static const hyb_bytes none = { NULL, 0 };
static const hyb_bytes text = { (const uint8_t *)"a message", 9 };

/*
 * A t0 with one coefficient above 2·gamma2 makes tau coefficients of c·t0 as long, whatever c is: no
 * hint mends that, so that signing tries until its masks are used up [FIPS204 Alg. 7 line 28].
 */
static void long_t0(void)
{
	struct vec v = { "ML-DSA-44 never signs with c·t0 from gamma2 on", 0, 0 };
	const struct set *s = &sets[0];
	static const uint8_t seed[32] = { 1 }, rnd[32] = { 2 };
	struct mldsa_sk *sk = (void *)&one_sk;
	struct mldsa_poly *t0 = sk->polys + s->p->k * s->p->l + s->p->l + s->p->k;
	uint8_t any = 0;

	if (s->expand(&one_sk, seed) != HYB_OK)
		exit(1);
	vec_case(&v, s->sign_derand(sig, text, none, rnd, &one_sk) == HYB_OK, "as it was");
	memset(t0, 0, sizeof(*t0));
	t0->c[7] = 2 * s->p->gamma2 + 6144;
	hyb_mldsa_ops()->ntt(t0);
	vec_case(&v, s->sign_derand(sig, text, none, rnd, &one_sk) == HYB_E_BAD_KEY, "long t0");
	for (size_t i = 0; i < s->p->sig_bytes; i++)
		any |= sig[i];
	vec_case(&v, any == 0, "zeros");
	vec_end(&v);
}

/* fips and pk of s1 = 0 and s2 = `first` at one place, with the t0 and tr that belong to them. */
static void make(const struct set *s, unsigned at, int32_t first)
{
	const struct mldsa_ops *o = &hyb_mldsa_ops_c;
	const size_t s_bytes = (size_t)32 * s->p->eta_bits;
	struct mldsa_poly t, t0, t1;

	memset(fips, 0, s->p->sk_bytes);
	memset(pk, 0, s->p->pk_bytes);
	fips[0] = pk[0] = 77;
	for (unsigned j = 0; j < s->p->l + s->p->k; j++) {
		memset(&t, 0, sizeof(t));
		t.c[200] = j == s->p->l + at ? first : 0;
		hyb_mldsa_pack(fips + 128 + j * s_bytes, &t, (int32_t)s->p->eta, s->p->eta_bits);
		if (j < s->p->l)
			continue;
		t.c[200] = j == s->p->l + at ? (first + MLDSA_Q) % MLDSA_Q : 0;
		o->power2round(&t1, &t0, &t);
		o->pack_t1(pk + 32 + (size_t)320 * (j - s->p->l), &t1);
		hyb_mldsa_pack(fips + s->p->sk_bytes - (size_t)416 * (s->p->k - (j - s->p->l)), &t0,
			1 << 12, 13);
	}
	hyb_shake256(fips + 64, 64, (hyb_bytes){ pk, s->p->pk_bytes });
}

/* Import refuses what the encoding of s2 holds beyond eta [FIPS204 Alg. 25], and nothing else. */
static void long_s2(const struct set *s)
{
	struct vec v = { "ML-DSA a consistent key with s2 beyond eta", 0, 0 };
	const int32_t eta = (int32_t)s->p->eta, lowest = eta - (1 << s->p->eta_bits) + 1;

	for (unsigned at = 0; at < s->p->k; at++) {
		for (int32_t first = eta; first >= lowest; first--) {
			make(s, at, first);
			vec_case(&v,
				s->import(&one_sk, fips) ==
					(first >= -eta ? HYB_OK : HYB_E_BAD_KEY),
				"%s: %d in polynomial %u", s->name, first, at);
		}
	}
	vec_end(&v);
}

int main(void)
{
	long_t0();
	for (size_t i = 0; i < 3; i++)
		long_s2(&sets[i]);
	return vec_failures != 0;
}
