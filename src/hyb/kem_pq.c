#include "hyb/kem.h"

size_t hyb_kem_pq_ek_bytes(unsigned k)
{
	return 384 * k + 32;
}

size_t hyb_kem_pq_ct_bytes(unsigned k)
{
	return k == 2	 ? HYB_MLKEM512_CT_BYTES
		: k == 3 ? HYB_MLKEM768_CT_BYTES
			 : HYB_MLKEM1024_CT_BYTES;
}

enum hyb_st hyb_kem_pq_keygen(unsigned k, uint8_t *ek, const uint8_t seed[64])
{
	return k == 2	 ? hyb_mlkem512_keygen_derand(ek, seed)
		: k == 3 ? hyb_mlkem768_keygen_derand(ek, seed)
			 : hyb_mlkem1024_keygen_derand(ek, seed);
}

static enum hyb_st encaps_drawn(unsigned k, uint8_t *ct, uint8_t *ss, const uint8_t *ek)
{
	return k == 2	 ? hyb_mlkem512_encaps(ct, ss, ek)
		: k == 3 ? hyb_mlkem768_encaps(ct, ss, ek)
			 : hyb_mlkem1024_encaps(ct, ss, ek);
}

enum hyb_st hyb_kem_pq_encaps(
	unsigned k, uint8_t *ct, uint8_t *ss, const uint8_t *ek, const uint8_t *m)
{
	if (m == NULL)
		return encaps_drawn(k, ct, ss, ek);
	return k == 2	 ? hyb_mlkem512_encaps_derand(ct, ss, ek, m)
		: k == 3 ? hyb_mlkem768_encaps_derand(ct, ss, ek, m)
			 : hyb_mlkem1024_encaps_derand(ct, ss, ek, m);
}

enum hyb_st hyb_kem_pq_dk(unsigned k, struct hyb_kem_pq_any *dk, const uint8_t seed[64])
{
	return k == 2	 ? hyb_mlkem512_dk_expand(&dk->dk2, seed)
		: k == 3 ? hyb_mlkem768_dk_expand(&dk->dk3, seed)
			 : hyb_mlkem1024_dk_expand(&dk->dk4, seed);
}

void hyb_kem_pq_decaps(unsigned k, uint8_t *ss, const uint8_t *ct, const struct hyb_kem_pq_any *dk)
{
	if (k == 2)
		hyb_mlkem512_decaps(ss, ct, &dk->dk2);
	else if (k == 3)
		hyb_mlkem768_decaps(ss, ct, &dk->dk3);
	else
		hyb_mlkem1024_decaps(ss, ct, &dk->dk4);
}

void hyb_kem_pq_ek(unsigned k, uint8_t *ek, const struct hyb_kem_pq_any *dk)
{
	if (k == 2)
		hyb_mlkem512_ek_from_dk(ek, &dk->dk2);
	else if (k == 3)
		hyb_mlkem768_ek_from_dk(ek, &dk->dk3);
	else
		hyb_mlkem1024_ek_from_dk(ek, &dk->dk4);
}

void hyb_kem_pq_clear(unsigned k, struct hyb_kem_pq_any *dk)
{
	if (k == 2)
		hyb_mlkem512_dk_clear(&dk->dk2);
	else if (k == 3)
		hyb_mlkem768_dk_clear(&dk->dk3);
	else
		hyb_mlkem1024_dk_clear(&dk->dk4);
}
