#include "hyb/cpu.h"
#include "hyb/keccak_f.h"
#include "hyb/keccak_levels.h"

void hyb_keccakf_c(uint64_t s[25])
{
	hyb_keccakf_one(s);
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

static void add_c(struct hyb_sponges *k, unsigned lanes, const uint8_t *const in[8], size_t n)
{
	for (unsigned j = 0; j < lanes; j++) {
		size_t i = 0;

		for (; in[j] != NULL && n - i >= 8; i += 8)
			k->s[i / 8][j] ^= hyb_load64le(in[j] + i);
		for (; in[j] != NULL && i < n; i++)
			k->s[i / 8][j] ^= (uint64_t)in[j][i] << (8 * (i % 8));
	}
}

static void absorb_c(struct hyb_sponges *k, unsigned lanes, uint32_t rate, uint8_t pad,
	const uint8_t *const in[8], size_t n)
{
	for (unsigned j = 0; j < lanes; j++) {
		if (in[j] == NULL)
			continue;
		for (unsigned i = 0; i < 25; i++)
			k->s[i][j] = 0;
		k->s[n / 8][j] ^= (uint64_t)pad << (8 * (n % 8));
		k->s[(rate - 1) / 8][j] ^= 0x80ULL << 56;
	}
	add_c(k, lanes, in, n);
}

static void squeeze_c(struct hyb_sponges *k, unsigned lanes, uint32_t rate, uint8_t *const out[8],
	size_t n_blocks)
{
	for (size_t b = 0; b < n_blocks; b++) {
		hyb_keccakf_lanes_c(k->s, lanes);
		for (unsigned j = 0; j < lanes; j++)
			for (size_t i = 0; out[j] != NULL && i < rate / 8; i++)
				hyb_store64le(out[j] + b * rate + 8 * i, k->s[i][j]);
	}
}

static const struct {
	void (*f)(uint64_t s[25]);
	void (*lanes)(uint64_t s[25][8], unsigned lanes);
	void (*absorb)(struct hyb_sponges *k, unsigned lanes, uint32_t rate, uint8_t pad,
		const uint8_t *const in[8], size_t n);
	void (*add)(struct hyb_sponges *k, unsigned lanes, const uint8_t *const in[8], size_t n);
	void (*squeeze)(struct hyb_sponges *k, unsigned lanes, uint32_t rate, uint8_t *const out[8],
		size_t n_blocks);
} levels[] = {
	[HYB_CPU_C] = { hyb_keccakf_c, hyb_keccakf_lanes_c, absorb_c, add_c, squeeze_c },
#if defined(__x86_64__)
	[HYB_CPU_AVX2] = { hyb_keccakf_avx2, hyb_keccakf_lanes_avx2, absorb_c, add_c,
		hyb_sponges_squeeze_avx2 },
	[HYB_CPU_AVX512] = { hyb_keccakf_avx512, hyb_keccakf_lanes_avx512,
		hyb_sponges_absorb_avx512, hyb_sponges_add_avx512, hyb_sponges_squeeze_avx512 },
#endif
};

void hyb_keccakf(uint64_t s[25])
{
	levels[hyb_cpu()].f(s);
}

void hyb_keccakf_lanes(uint64_t s[25][8], unsigned lanes)
{
	levels[hyb_cpu()].lanes(s, lanes);
}

void hyb_sponges_absorb(struct hyb_sponges *k, unsigned lanes, uint32_t rate, uint8_t pad,
	const uint8_t *const in[8], size_t n)
{
	levels[hyb_cpu()].absorb(k, lanes, rate, pad, in, n);
}

void hyb_sponges_add(struct hyb_sponges *k, unsigned lanes, const uint8_t *const in[8], size_t n)
{
	levels[hyb_cpu()].add(k, lanes, in, n);
}

void hyb_sponges_squeeze(struct hyb_sponges *k, unsigned lanes, uint32_t rate,
	uint8_t *const out[8], size_t n_blocks)
{
	levels[hyb_cpu()].squeeze(k, lanes, rate, out, n_blocks);
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

/* Clears what the permutation left below: its registers spill there. */
static __attribute__((noinline)) void clear_stack(void)
{
	uint8_t below[1024];

	hyb_wipe(below, sizeof(below));
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
	clear_stack();
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
