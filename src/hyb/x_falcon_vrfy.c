#include "hyb/x_falcon_arith.h"

struct verify_work {
	uint16_t h[FALCON_MAX_N], c[FALCON_MAX_N];
	int16_t s1[FALCON_MAX_N], s2[FALCON_MAX_N];
} HYB_ALIGN;

_Static_assert(sizeof(struct verify_work) <= sizeof(struct hybx_falcon_work), "work space");

/* The whole of `in`, or all but the zeros that pad it to its fixed length. */
static bool decode_s2(int16_t *s2, hyb_bytes in, unsigned logn)
{
	size_t padded = HYBX_FALCON_PADDED_BYTES(logn) - 1 - HYBX_FALCON_NONCE_BYTES;
	size_t used = hyb_falcon_decompress(s2, in, (size_t)1 << logn);
	uint32_t rest = 0;

	if (used == 0 || (used != in.n && in.n != padded))
		return false;
	for (size_t i = used; i < in.n; i++)
		rest |= in.p[i];
	return rest == 0;
}

bool hybx_falcon_verify(hyb_bytes sig, hyb_bytes m, hyb_bytes pk, struct hybx_falcon_work *w)
{
	struct verify_work *v = (struct verify_work *)w;
	unsigned logn = pk.n > 0 ? pk.p[0] : 0;
	size_t skip = 1 + HYBX_FALCON_NONCE_BYTES;

	if (!hyb_falcon_logn_ok(logn) || pk.n != HYBX_FALCON_PK_BYTES(logn) || sig.n < skip ||
		sig.p[0] != 0x30 + logn || !hyb_falcon_decode_pk(v->h, pk.p + 1, logn) ||
		!decode_s2(v->s2, (hyb_bytes){ sig.p + skip, sig.n - skip }, logn))
		return false;
	hyb_falcon_hash(v->c, (size_t)1 << logn, sig.p + 1, m);
	hyb_falcon_ops()->verify(v->s1, v->c, v->s2, v->h, logn);
	return hyb_falcon_is_short(v->s1, v->s2, logn);
}
