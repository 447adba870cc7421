#include "hyb/cpu.h"
#include "hyb/keccak.h"
#include "hyb/sha2.h"
#include "hyb/sha2_blocks.h"
#include "hyb/sha2_tables.h"

static inline uint32_t ror32(uint32_t x, unsigned n)
{
	return x >> n | x << (32 - n);
}

static inline uint64_t ror64(uint64_t x, unsigned n)
{
	return x >> n | x << (64 - n);
}

/* One round [FIPS180-4 §6.2.2]: the eight variables turn by index, so that nothing is moved. */
static inline void round256(uint32_t v[8], unsigned i, uint32_t kw)
{
	uint32_t a = v[(0U - i) & 7], b = v[(1U - i) & 7], c = v[(2U - i) & 7];
	uint32_t e = v[(4U - i) & 7], f = v[(5U - i) & 7], g = v[(6U - i) & 7];
	uint32_t t = v[(7U - i) & 7] + (ror32(e, 6) ^ ror32(e, 11) ^ ror32(e, 25)) +
		(g ^ (e & (f ^ g))) + kw;

	v[(3U - i) & 7] += t;
	v[(7U - i) & 7] =
		t + (ror32(a, 2) ^ ror32(a, 13) ^ ror32(a, 22)) + ((a & b) | (c & (a | b)));
}

static inline void round512(uint64_t v[8], unsigned i, uint64_t kw)
{
	uint64_t a = v[(0U - i) & 7], b = v[(1U - i) & 7], c = v[(2U - i) & 7];
	uint64_t e = v[(4U - i) & 7], f = v[(5U - i) & 7], g = v[(6U - i) & 7];
	uint64_t t = v[(7U - i) & 7] + (ror64(e, 14) ^ ror64(e, 18) ^ ror64(e, 41)) +
		(g ^ (e & (f ^ g))) + kw;

	v[(3U - i) & 7] += t;
	v[(7U - i) & 7] =
		t + (ror64(a, 28) ^ ror64(a, 34) ^ ror64(a, 39)) + ((a & b) | (c & (a | b)));
}

static void block256(uint32_t h[8], const uint8_t *p)
{
	uint32_t v[8], w[16];

	memcpy(v, h, sizeof(v));
	for (unsigned i = 0; i < 16; i++)
		w[i] = hyb_load32be(p + (size_t)4 * i);
	for (unsigned r = 0; r < 64; r += 16) {
#pragma GCC unroll 16
		for (unsigned i = 0; i < 16; i++) {
			uint32_t x = w[(i + 1) & 15], y = w[(i + 14) & 15];

			round256(v, i, sha256_k[r + i] + w[i]);
			w[i] += (ror32(x, 7) ^ ror32(x, 18) ^ x >> 3) + w[(i + 9) & 15] +
				(ror32(y, 17) ^ ror32(y, 19) ^ y >> 10);
		}
	}
	for (unsigned i = 0; i < 8; i++)
		h[i] += v[i];
	hyb_wipe(w, sizeof(w));
	hyb_wipe(v, sizeof(v));
}

static void block512(uint64_t h[8], const uint8_t *p)
{
	uint64_t v[8], w[16];

	memcpy(v, h, sizeof(v));
	for (unsigned i = 0; i < 16; i++)
		w[i] = hyb_load64be(p + (size_t)8 * i);
	for (unsigned r = 0; r < 80; r += 16) {
#pragma GCC unroll 16
		for (unsigned i = 0; i < 16; i++) {
			uint64_t x = w[(i + 1) & 15], y = w[(i + 14) & 15];

			round512(v, i, sha512_k[r + i] + w[i]);
			w[i] += (ror64(x, 1) ^ ror64(x, 8) ^ x >> 7) + w[(i + 9) & 15] +
				(ror64(y, 19) ^ ror64(y, 61) ^ y >> 6);
		}
	}
	for (unsigned i = 0; i < 8; i++)
		h[i] += v[i];
	hyb_wipe(w, sizeof(w));
	hyb_wipe(v, sizeof(v));
}

void hyb_sha256_blocks_c(uint32_t h[8], const uint8_t *p, size_t n_blocks)
{
	for (; n_blocks > 0; n_blocks--, p += 64)
		block256(h, p);
}

void hyb_sha256_blocks(uint32_t h[8], const uint8_t *p, size_t n_blocks)
{
#if defined(__x86_64__)
	if ((hyb_cpu_flags() & HYB_CPU_HAS_SHA) != 0) {
		hyb_sha256_blocks_shani(h, p, n_blocks);
		return;
	}
#endif
	hyb_sha256_blocks_c(h, p, n_blocks);
}

void hyb_sha512_blocks(uint64_t h[8], const uint8_t *p, size_t n_blocks)
{
	for (; n_blocks > 0; n_blocks--, p += 128)
		block512(h, p);
}

static void start256(struct hyb_sha256 *c, const uint32_t h[8])
{
	memset(c, 0, sizeof(*c));
	memcpy(c->h, h, sizeof(c->h));
}

static void start512(struct hyb_sha512 *c, const uint64_t h[8])
{
	memset(c, 0, sizeof(*c));
	memcpy(c->h, h, sizeof(c->h));
}

void hyb_sha256_init(struct hyb_sha256 *c)
{
	start256(c, sha256_h);
}

void hyb_sha224_init(struct hyb_sha256 *c)
{
	start256(c, sha224_h);
}

void hyb_sha512_init(struct hyb_sha512 *c)
{
	start512(c, sha512_h);
}

void hyb_sha384_init(struct hyb_sha512 *c)
{
	start512(c, sha384_h);
}

void hyb_sha512_224_init(struct hyb_sha512 *c)
{
	start512(c, sha512_224_h);
}

void hyb_sha512_256_init(struct hyb_sha512 *c)
{
	start512(c, sha512_256_h);
}

/* Fills the block at hand; returns how much of p it took. */
static size_t top_up(uint8_t *block, size_t block_n, uint64_t n_bytes, const uint8_t *p, size_t n)
{
	size_t at = (size_t)(n_bytes % block_n), take = block_n - at;

	if (take > n)
		take = n;
	memcpy(block + at, p, take);
	return take;
}

void hyb_sha256_update(struct hyb_sha256 *c, const void *p, size_t n)
{
	const uint8_t *in = p;
	size_t take = 0;

	if (n == 0)
		return;
	if (c->n_bytes % 64 != 0) {
		take = top_up(c->block, 64, c->n_bytes, in, n);
		c->n_bytes += take;
		if (c->n_bytes % 64 != 0)
			return;
		hyb_sha256_blocks(c->h, c->block, 1);
	}
	if ((n - take) / 64 > 0)
		hyb_sha256_blocks(c->h, in + take, (n - take) / 64);
	c->n_bytes += n - take;
	take = (size_t)(c->n_bytes % 64);
	memcpy(c->block, in + n - take, take);
}

void hyb_sha512_update(struct hyb_sha512 *c, const void *p, size_t n)
{
	const uint8_t *in = p;
	size_t take = 0;

	if (n == 0)
		return;
	if (c->n_bytes % 128 != 0) {
		take = top_up(c->block, 128, c->n_bytes, in, n);
		c->n_bytes += take;
		if (c->n_bytes % 128 != 0)
			return;
		hyb_sha512_blocks(c->h, c->block, 1);
	}
	if ((n - take) / 128 > 0)
		hyb_sha512_blocks(c->h, in + take, (n - take) / 128);
	c->n_bytes += n - take;
	take = (size_t)(c->n_bytes % 128);
	memcpy(c->block, in + n - take, take);
}

/* Padding [FIPS180-4 §5.1.1]: a one bit, zeros, the length in bits. */
void hyb_sha256_final(struct hyb_sha256 *c, uint8_t out[32])
{
	size_t at = (size_t)(c->n_bytes % 64);

	memset(c->block + at, 0, 64 - at);
	c->block[at] = 0x80;
	if (at >= 56) {
		hyb_sha256_blocks(c->h, c->block, 1);
		memset(c->block, 0, 64);
	}
	hyb_store64be(c->block + 56, c->n_bytes << 3);
	hyb_sha256_blocks(c->h, c->block, 1);
	for (size_t i = 0; i < 8; i++)
		hyb_store32be(out + 4 * i, c->h[i]);
	hyb_wipe(c, sizeof(*c));
}

void hyb_sha512_final(struct hyb_sha512 *c, uint8_t out[64])
{
	size_t at = (size_t)(c->n_bytes % 128);

	memset(c->block + at, 0, 128 - at);
	c->block[at] = 0x80;
	if (at >= 112) {
		hyb_sha512_blocks(c->h, c->block, 1);
		memset(c->block, 0, 128);
	}
	hyb_store64be(c->block + 112, c->n_bytes >> 61);
	hyb_store64be(c->block + 120, c->n_bytes << 3);
	hyb_sha512_blocks(c->h, c->block, 1);
	for (size_t i = 0; i < 8; i++)
		hyb_store64be(out + 8 * i, c->h[i]);
	hyb_wipe(c, sizeof(*c));
}

static void short256(uint8_t *out, size_t n, void (*init)(struct hyb_sha256 *), hyb_bytes m)
{
	struct hyb_sha256 c;
	uint8_t full[32];

	init(&c);
	hyb_sha256_update(&c, m.p, m.n);
	hyb_sha256_final(&c, full);
	memcpy(out, full, n);
	hyb_wipe(full, sizeof(full));
}

static void short512(uint8_t *out, size_t n, void (*init)(struct hyb_sha512 *), hyb_bytes m)
{
	struct hyb_sha512 c;
	uint8_t full[64];

	init(&c);
	hyb_sha512_update(&c, m.p, m.n);
	hyb_sha512_final(&c, full);
	memcpy(out, full, n);
	hyb_wipe(full, sizeof(full));
}

static void sha3(uint8_t *out, size_t n, uint8_t pad, uint32_t rate, hyb_bytes m)
{
	struct hyb_part part = { m.p, m.n };

	hyb_keccak_hash(out, n, rate, pad, &part, 1);
}

size_t hyb_prehash(uint8_t out[64], enum hyb_hash h, hyb_bytes m)
{
	static const uint8_t bytes[] = { 28, 32, 48, 64, 28, 32, 28, 32, 48, 64, 32, 64 };
	size_t n = bytes[h];

	switch (h) {
	case HYB_SHA2_224:
		short256(out, n, hyb_sha224_init, m);
		break;
	case HYB_SHA2_256:
		short256(out, n, hyb_sha256_init, m);
		break;
	case HYB_SHA2_384:
		short512(out, n, hyb_sha384_init, m);
		break;
	case HYB_SHA2_512:
		short512(out, n, hyb_sha512_init, m);
		break;
	case HYB_SHA2_512_224:
		short512(out, n, hyb_sha512_224_init, m);
		break;
	case HYB_SHA2_512_256:
		short512(out, n, hyb_sha512_256_init, m);
		break;
	case HYB_SHA3_224:
	case HYB_SHA3_256:
	case HYB_SHA3_384:
	case HYB_SHA3_512:
		sha3(out, n, HYB_PAD_SHA3, (uint32_t)(200 - 2 * n), m);
		break;
	case HYB_SHAKE128:
		sha3(out, n, HYB_PAD_SHAKE, HYB_RATE_SHAKE128, m);
		break;
	case HYB_SHAKE256:
		sha3(out, n, HYB_PAD_SHAKE, HYB_RATE_SHAKE256, m);
		break;
	}
	return n;
}
