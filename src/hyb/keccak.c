#include "hyb/cpu.h"
#include "hyb/keccak.h"

static const uint64_t rc[24] = {
	0x0000000000000001ULL,
	0x0000000000008082ULL,
	0x800000000000808aULL,
	0x8000000080008000ULL,
	0x000000000000808bULL,
	0x0000000080000001ULL,
	0x8000000080008081ULL,
	0x8000000000008009ULL,
	0x000000000000008aULL,
	0x0000000000000088ULL,
	0x0000000080008009ULL,
	0x000000008000000aULL,
	0x000000008000808bULL,
	0x800000000000008bULL,
	0x8000000000008089ULL,
	0x8000000000008003ULL,
	0x8000000000008002ULL,
	0x8000000000000080ULL,
	0x000000000000800aULL,
	0x800000008000000aULL,
	0x8000000080008081ULL,
	0x8000000000008080ULL,
	0x0000000080000001ULL,
	0x8000000080008008ULL,
};

static inline uint64_t rotl(uint64_t x, unsigned n)
{
	return x << n | x >> (64 - n);
}

/* rho offsets and pi targets along the single cycle of pi that starts at lane 1 [FIPS202 §3.2.2, 3.2.3]. */
static const uint8_t pi_lane[24] = { 10, 7, 11, 17, 18, 3, 5, 16, 8, 21, 24, 4, 15, 23, 19, 13, 12,
	2, 20, 14, 22, 9, 6, 1 };
static const uint8_t rho_bits[24] = { 1, 3, 6, 10, 15, 21, 28, 36, 45, 55, 2, 14, 27, 41, 56, 8, 25,
	43, 62, 18, 39, 61, 20, 44 };

void hyb_keccakf_c(uint64_t s[25])
{
	for (unsigned round = 0; round < 24; round++) {
		uint64_t c[5], t = 0;

		for (unsigned x = 0; x < 5; x++)
			c[x] = s[x] ^ s[x + 5] ^ s[x + 10] ^ s[x + 15] ^ s[x + 20];
		for (unsigned x = 0; x < 5; x++) {
			uint64_t d = c[(x + 4) % 5] ^ rotl(c[(x + 1) % 5], 1);

			for (unsigned y = 0; y < 25; y += 5)
				s[x + y] ^= d;
		}
		t = s[1];
		for (unsigned i = 0; i < 24; i++) {
			uint64_t next = s[pi_lane[i]];

			s[pi_lane[i]] = rotl(t, rho_bits[i]);
			t = next;
		}
		for (unsigned y = 0; y < 25; y += 5) {
			uint64_t b0 = s[y], b1 = s[y + 1];

			s[y] ^= ~b1 & s[y + 2];
			s[y + 1] ^= ~s[y + 2] & s[y + 3];
			s[y + 2] ^= ~s[y + 3] & s[y + 4];
			s[y + 3] ^= ~s[y + 4] & b0;
			s[y + 4] ^= ~b0 & b1;
		}
		s[0] ^= rc[round];
	}
}

void hyb_keccakf_lanes_c(uint64_t s[25][8], unsigned lanes)
{
	for (unsigned j = 0; j < lanes; j++) {
		uint64_t one[25];

		for (unsigned i = 0; i < 25; i++)
			one[i] = s[i][j];
		hyb_keccakf_c(one);
		for (unsigned i = 0; i < 25; i++)
			s[i][j] = one[i];
	}
}

void hyb_keccakf(uint64_t s[25])
{
	hyb_keccakf_c(s);
}

void hyb_keccakf_lanes(uint64_t s[25][8], unsigned lanes)
{
	hyb_keccakf_lanes_c(s, lanes);
}

void hyb_sponge_init(struct hyb_sponge *k, uint32_t rate, uint8_t pad)
{
	memset(k, 0, sizeof(*k));
	k->rate = rate;
	k->pad = pad;
}

static void xor_byte(uint64_t *s, size_t at, uint8_t b)
{
	s[at / 8] ^= (uint64_t)b << (8 * (at % 8));
}

void hyb_sponge_absorb(struct hyb_sponge *k, const void *p, size_t n)
{
	const uint8_t *in = p;

	while (n > 0) {
		if (k->pos % 8 == 0 && n >= 8) {
			k->s[k->pos / 8] ^= hyb_load64le(in);
			in += 8;
			n -= 8;
			k->pos += 8;
		} else {
			xor_byte(k->s, k->pos, *in);
			in++;
			n--;
			k->pos++;
		}
		if (k->pos == k->rate) {
			hyb_keccakf(k->s);
			k->pos = 0;
		}
	}
}

void hyb_sponge_squeeze(struct hyb_sponge *k, void *out, size_t n)
{
	uint8_t *o = out;

	if (!k->is_squeezing) {
		xor_byte(k->s, k->pos, k->pad);
		xor_byte(k->s, k->rate - 1, 0x80);
		hyb_keccakf(k->s);
		k->pos = 0;
		k->is_squeezing = true;
	}
	while (n > 0) {
		if (k->pos == k->rate) {
			hyb_keccakf(k->s);
			k->pos = 0;
		}
		if (k->pos % 8 == 0 && n >= 8) {
			hyb_store64le(o, k->s[k->pos / 8]);
			o += 8;
			n -= 8;
			k->pos += 8;
		} else {
			*o++ = (uint8_t)(k->s[k->pos / 8] >> (8 * (k->pos % 8)));
			n--;
			k->pos++;
		}
	}
}

void hyb_keccak_hash(uint8_t *out, size_t out_n, uint32_t rate, uint8_t pad,
	const struct hyb_part *parts, size_t n_parts)
{
	struct hyb_sponge k;

	hyb_sponge_init(&k, rate, pad);
	for (size_t i = 0; i < n_parts; i++)
		hyb_sponge_absorb(&k, parts[i].p, parts[i].n);
	hyb_sponge_squeeze(&k, out, out_n);
	hyb_wipe(&k, sizeof(k));
}

void hyb_sponges_absorb(struct hyb_sponges *k, unsigned lanes, uint32_t rate, uint8_t pad,
	const uint8_t *const in[8], size_t n)
{
	memset(k, 0, sizeof(*k));
	for (unsigned j = 0; j < lanes; j++) {
		size_t i = 0;

		for (; n - i >= 8; i += 8)
			k->s[i / 8][j] = hyb_load64le(in[j] + i);
		for (; i < n; i++)
			k->s[i / 8][j] ^= (uint64_t)in[j][i] << (8 * (i % 8));
		k->s[n / 8][j] ^= (uint64_t)pad << (8 * (n % 8));
		k->s[(rate - 1) / 8][j] ^= 0x80ULL << 56;
	}
}

void hyb_sponges_squeeze(struct hyb_sponges *k, unsigned lanes, uint32_t rate,
	uint8_t *const out[8], size_t n_blocks)
{
	for (size_t b = 0; b < n_blocks; b++) {
		hyb_keccakf_lanes(k->s, lanes);
		for (unsigned j = 0; j < lanes; j++)
			for (size_t i = 0; i < rate / 8; i++)
				hyb_store64le(out[j] + b * rate + 8 * i, k->s[i][j]);
	}
}

static void hash(uint8_t *out, size_t n, uint32_t rate, uint8_t pad, hyb_bytes m)
{
	struct hyb_part part = { m.p, m.n };

	hyb_keccak_hash(out, n, rate, pad, &part, 1);
}

void hyb_sha3_256(uint8_t out[32], hyb_bytes m)
{
	hash(out, 32, HYB_RATE_SHA3_256, HYB_PAD_SHA3, m);
}

void hyb_sha3_384(uint8_t out[48], hyb_bytes m)
{
	hash(out, 48, 104, HYB_PAD_SHA3, m);
}

void hyb_sha3_512(uint8_t out[64], hyb_bytes m)
{
	hash(out, 64, HYB_RATE_SHA3_512, HYB_PAD_SHA3, m);
}

void hyb_shake128(uint8_t *out, size_t n, hyb_bytes m)
{
	hash(out, n, HYB_RATE_SHAKE128, HYB_PAD_SHAKE, m);
}

void hyb_shake256(uint8_t *out, size_t n, hyb_bytes m)
{
	hash(out, n, HYB_RATE_SHAKE256, HYB_PAD_SHAKE, m);
}
