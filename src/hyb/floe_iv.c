#include "hyb/floe.h"
#include "hyb/keccak.h"

#define SEED_BYTES 32

/* Replaces seed and IVs by SHAKE256 of the seed: the old seed is gone. */
static void ratchet(struct hyb_floe_ivs *v)
{
	struct hyb_part part = { v->buf, SEED_BYTES };
	uint8_t next[sizeof(v->buf)];

	hyb_keccak_hash(next, sizeof(next), HYB_RATE_SHAKE256, HYB_PAD_SHAKE, &part, 1);
	memcpy(v->buf, next, sizeof(next));
	hyb_wipe(next, sizeof(next));
	v->next = SEED_BYTES;
}

enum hyb_st hyb_floe_ivs_begin(struct hyb_floe_ivs *v)
{
	enum hyb_st st;

	*v = (struct hyb_floe_ivs){ .next = SEED_BYTES };
	st = hyb_random(v->buf, SEED_BYTES);
	if (st == HYB_OK)
		ratchet(v);
	return st;
}

void hyb_floe_iv(struct hyb_floe_ivs *v, uint8_t iv[12])
{
	if (v->next == sizeof(v->buf))
		ratchet(v);
	memcpy(iv, v->buf + v->next, 12);
	hyb_wipe(v->buf + v->next, 12);
	HYB_CT_PUBLIC(iv, 12); /* an IV stands in the segment for everyone to read */
	v->next += 12;
}
