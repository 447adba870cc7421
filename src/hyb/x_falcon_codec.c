#include "hyb/x_falcon.h"

bool hyb_falcon_decode_pk(uint16_t *h, const uint8_t *in, unsigned logn)
{
	size_t n = (size_t)1 << logn, u = 0;
	uint32_t acc = 0, bad = 0;
	unsigned have = 0;

	while (u < n) {
		acc = acc << 8 | *in++;
		have += 8;
		if (have >= 14) {
			have -= 14;
			h[u] = (uint16_t)(acc >> have & 0x3fff);
			bad |= FALCON_Q - 1U - h[u];
			u++;
		}
	}
	return bad >> 31 == 0;
}

void hyb_falcon_encode_pk(uint8_t *out, const uint16_t *h, unsigned logn)
{
	size_t n = (size_t)1 << logn;
	uint32_t acc = 0;
	unsigned have = 0;

	for (size_t u = 0; u < n; u++) {
		acc = acc << 14 | h[u];
		have += 14;
		while (have >= 8) {
			have -= 8;
			*out++ = (uint8_t)(acc >> have);
		}
	}
}

bool hyb_falcon_decode_small(int8_t *f, const uint8_t *in, size_t n, unsigned bits)
{
	uint32_t acc = 0, mask = (1U << bits) - 1, sign = 1U << (bits - 1), bad = 0;
	unsigned have = 0;

	for (size_t u = 0; u < n;) {
		acc = acc << 8 | *in++;
		have += 8;
		while (have >= bits && u < n) {
			uint32_t w = 0;

			have -= bits;
			w = acc >> have & mask;
			bad |= ((w ^ sign) - 1) & ~(w ^ sign); /* bit 31: w is the sign bit alone */
			f[u++] = (int8_t)((w ^ sign) - sign);
		}
	}
	return bad >> 31 == 0;
}

void hyb_falcon_encode_small(uint8_t *out, const int8_t *f, size_t n, unsigned bits)
{
	uint32_t acc = 0, mask = (1U << bits) - 1U;
	unsigned have = 0;

	for (size_t u = 0; u < n; u++) {
		acc = (acc << bits) | (uint32_t)(f[u] & (int32_t)mask);
		have += bits;
		while (have >= 8) {
			have -= 8;
			*out++ = (uint8_t)(acc >> have);
		}
	}
}

size_t hyb_falcon_decompress(int16_t *s, hyb_bytes in, size_t n)
{
	uint32_t acc = 0;
	unsigned have = 0;
	size_t at = 0;

	for (size_t u = 0; u < n; u++) {
		uint32_t m = 0, sign = 0;

		if (at >= in.n)
			return 0;
		acc = acc << 8 | in.p[at++];
		m = acc >> have & 127;
		sign = acc >> (have + 7) & 1;
		for (;;) {
			if (have == 0) {
				if (at >= in.n)
					return 0;
				acc = acc << 8 | in.p[at++];
				have = 8;
			}
			have--;
			if ((acc >> have & 1) != 0)
				break;
			m += 128;
			if (m > 2047)
				return 0;
		}
		if (sign != 0 && m == 0)
			return 0;
		s[u] = (int16_t)(sign != 0 ? -(int32_t)m : (int32_t)m);
	}
	return (acc & ((1U << have) - 1)) == 0 ? at : 0;
}

size_t hyb_falcon_compress(uint8_t *out, size_t room, const int16_t *s, size_t n)
{
	uint32_t acc = 0;
	unsigned have = 0;
	size_t at = 0;

	for (size_t u = 0; u < n; u++) {
		uint32_t sign = s[u] < 0, m = sign != 0 ? 0U - (uint32_t)s[u] : (uint32_t)s[u];

		if (m > 2047)
			return 0;
		/* At most 7 bits wait: 8 more, then up to 16 of the unary part. */
		acc = acc << 8 | sign << 7 | (m & 127);
		have += 8;
		acc = acc << ((m >> 7) + 1) | 1;
		have += (m >> 7) + 1;
		while (have >= 8) {
			have -= 8;
			if (at >= room)
				return 0;
			out[at++] = (uint8_t)(acc >> have);
		}
	}
	if (have > 0) {
		if (at >= room)
			return 0;
		out[at++] = (uint8_t)(acc << (8 - have));
	}
	return at;
}

void hyb_falcon_hash(uint16_t *c, size_t n, const uint8_t nonce[40], hyb_bytes m)
{
	struct hyb_sponge k;
	uint8_t block[HYB_RATE_SHAKE256];
	size_t u = 0;

	hyb_sponge_init(&k, HYB_RATE_SHAKE256, HYB_PAD_SHAKE);
	hyb_sponge_absorb(&k, nonce, 40);
	hyb_sponge_absorb(&k, m.p, m.n);
	while (u < n) {
		hyb_sponge_squeeze(&k, block, sizeof(block));
		for (size_t i = 0; i < sizeof(block) && u < n; i += 2) {
			uint32_t w = (uint32_t)block[i] << 8 | block[i + 1];

			if (w < 5 * FALCON_Q)
				c[u++] = (uint16_t)(w % FALCON_Q);
		}
	}
}

bool hyb_falcon_is_short(const int16_t *s1, const int16_t *s2, unsigned logn)
{
	static const uint32_t bound[2] = { 34034726, 70265242 };
	size_t n = (size_t)1 << logn;
	uint64_t sum = 0;

	for (size_t u = 0; u < n; u++)
		sum += (uint64_t)((int64_t)s1[u] * s1[u] + (int64_t)s2[u] * s2[u]);
	return sum <= bound[logn - 9];
}
