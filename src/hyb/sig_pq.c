#include "hyb/sig.h"

size_t hyb_sig_pq_pk_bytes(unsigned set)
{
	return set == 44    ? HYB_MLDSA44_PK_BYTES
		: set == 65 ? HYB_MLDSA65_PK_BYTES
			    : HYB_MLDSA87_PK_BYTES;
}

size_t hyb_sig_pq_sig_bytes(unsigned set)
{
	return set == 44    ? HYB_MLDSA44_SIG_BYTES
		: set == 65 ? HYB_MLDSA65_SIG_BYTES
			    : HYB_MLDSA87_SIG_BYTES;
}

size_t hyb_sig_pq_sk_bytes(unsigned set)
{
	return set == 44    ? HYB_MLDSA44_SK_BYTES
		: set == 65 ? HYB_MLDSA65_SK_BYTES
			    : HYB_MLDSA87_SK_BYTES;
}

enum hyb_st hyb_sig_pq_keygen(unsigned set, uint8_t *pk, uint8_t seed[32])
{
	return set == 44    ? hyb_mldsa44_keygen(pk, seed)
		: set == 65 ? hyb_mldsa65_keygen(pk, seed)
			    : hyb_mldsa87_keygen(pk, seed);
}

enum hyb_st hyb_sig_pq_sk(unsigned set, struct hyb_sig_pq_any *sk, hyb_bytes key)
{
	if (key.n == HYB_MLDSA_SEED_BYTES)
		return set == 44    ? hyb_mldsa44_sk_expand(&sk->sk44, key.p)
			: set == 65 ? hyb_mldsa65_sk_expand(&sk->sk65, key.p)
				    : hyb_mldsa87_sk_expand(&sk->sk87, key.p);
	if (key.n != hyb_sig_pq_sk_bytes(set))
		return HYB_E_BAD_KEY;
	return set == 44    ? hyb_mldsa44_sk_import(&sk->sk44, key.p)
		: set == 65 ? hyb_mldsa65_sk_import(&sk->sk65, key.p)
			    : hyb_mldsa87_sk_import(&sk->sk87, key.p);
}

void hyb_sig_pq_pk(unsigned set, uint8_t *pk, const struct hyb_sig_pq_any *sk)
{
	if (set == 44)
		hyb_mldsa44_pk_from_sk(pk, &sk->sk44);
	else if (set == 65)
		hyb_mldsa65_pk_from_sk(pk, &sk->sk65);
	else
		hyb_mldsa87_pk_from_sk(pk, &sk->sk87);
}

void hyb_sig_pq_clear(unsigned set, struct hyb_sig_pq_any *sk)
{
	if (set == 44)
		hyb_mldsa44_sk_clear(&sk->sk44);
	else if (set == 65)
		hyb_mldsa65_sk_clear(&sk->sk65);
	else
		hyb_mldsa87_sk_clear(&sk->sk87);
}

enum hyb_st hyb_sig_pq_sign(
	unsigned set, uint8_t *sig, hyb_bytes m, hyb_bytes ctx, const struct hyb_sig_pq_any *sk)
{
	return set == 44    ? hyb_mldsa44_sign(sig, m, ctx, &sk->sk44)
		: set == 65 ? hyb_mldsa65_sign(sig, m, ctx, &sk->sk65)
			    : hyb_mldsa87_sign(sig, m, ctx, &sk->sk87);
}

enum hyb_st hyb_sig_pq_sign_mu(
	unsigned set, uint8_t *sig, const uint8_t mu[64], const struct hyb_sig_pq_any *sk)
{
	return set == 44    ? hyb_mldsa44_sign_mu(sig, mu, NULL, &sk->sk44)
		: set == 65 ? hyb_mldsa65_sign_mu(sig, mu, NULL, &sk->sk65)
			    : hyb_mldsa87_sign_mu(sig, mu, NULL, &sk->sk87);
}

bool hyb_sig_pq_verify(
	unsigned set, const uint8_t *sig, hyb_bytes m, hyb_bytes ctx, const uint8_t *pk)
{
	return set == 44    ? hyb_mldsa44_verify(sig, m, ctx, pk)
		: set == 65 ? hyb_mldsa65_verify(sig, m, ctx, pk)
			    : hyb_mldsa87_verify(sig, m, ctx, pk);
}

bool hyb_sig_pq_verify_mu(unsigned set, const uint8_t *sig, const uint8_t mu[64], const uint8_t *pk)
{
	return set == 44    ? hyb_mldsa44_verify_mu(sig, mu, pk)
		: set == 65 ? hyb_mldsa65_verify_mu(sig, mu, pk)
			    : hyb_mldsa87_verify_mu(sig, mu, pk);
}
