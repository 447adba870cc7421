#include "hyb/hpke.h"
#include "hyb/keccak.h"
#include "hyb/lc.h"

static const uint8_t version[] = { 'H', 'P', 'K', 'E', '-', 'v', '1' };

/* Room for one labelled input of the two-stage KDFs. */
#define LABEL_MAX 16
#define LABELED_MAX (2 + sizeof(version) + HYB_HPKE_SUITE_ID_BYTES + LABEL_MAX + HYB_HPKE_INFO_MAX)

size_t hyb_hpke_hash_bytes(uint16_t kdf)
{
	switch (kdf) {
	case 1:
	case 0x10:
	case 0x12:
		return 32;
	case 2:
		return 48;
	case 3:
	case 0x11:
	case 0x13:
		return 64;
	default:
		return 0;
	}
}

bool hyb_hpke_is_one_stage(uint16_t kdf)
{
	return kdf >= 0x10 && kdf <= 0x13;
}

static enum hyb_hash hash_of(uint16_t kdf)
{
	return kdf == 1 ? HYB_SHA2_256 : kdf == 2 ? HYB_SHA2_384 : HYB_SHA2_512;
}

/* A labelled input being put together; `full` once something did not fit. */
struct joined {
	uint8_t buf[LABELED_MAX];
	size_t n;
	bool full;
};

static void join(struct joined *j, const void *p, size_t n)
{
	if (j->full || n > sizeof(j->buf) - j->n) {
		j->full = true;
		return;
	}
	if (n > 0)
		memcpy(j->buf + j->n, p, n);
	j->n += n;
}

enum hyb_st hyb_hpke_labeled_extract(const struct hyb_hpke_kdf *k, uint8_t *prk, hyb_bytes salt,
	const char *label, hyb_bytes ikm)
{
	struct joined j = { .n = 0 };
	enum hyb_st st = HYB_E_LIMIT;

	join(&j, version, sizeof(version));
	join(&j, k->suite_id, k->suite_id_n);
	join(&j, label, strlen(label));
	join(&j, ikm.p, ikm.n);
	if (!j.full)
		st = lc_hkdf_extract(hash_of(k->kdf), prk, salt, (hyb_bytes){ j.buf, j.n });
	if (st != HYB_OK)
		hyb_wipe(prk, hyb_hpke_hash_bytes(k->kdf));
	hyb_wipe(&j, sizeof(j));
	return st;
}

enum hyb_st hyb_hpke_labeled_expand(const struct hyb_hpke_kdf *k, uint8_t *out, size_t n,
	const uint8_t *prk, const char *label, hyb_bytes info)
{
	struct joined j = { .n = 2 };
	size_t hash_n = hyb_hpke_hash_bytes(k->kdf);
	enum hyb_st st = HYB_E_LIMIT;

	hyb_store16be(j.buf, n);
	join(&j, version, sizeof(version));
	join(&j, k->suite_id, k->suite_id_n);
	join(&j, label, strlen(label));
	join(&j, info.p, info.n);
	if (!j.full && n <= 255 * hash_n)
		st = lc_hkdf_expand(hash_of(k->kdf), out, n, (hyb_bytes){ prk, hash_n },
			(hyb_bytes){ j.buf, j.n });
	if (st != HYB_OK)
		hyb_wipe(out, n);
	hyb_wipe(&j, sizeof(j));
	return st;
}

/* ---- TurboSHAKE [RFC9861 §2]: SHAKE with the last 12 rounds of Keccak-f ---- */

static uint64_t rotl(uint64_t x, unsigned n)
{
	return n == 0 ? x : x << n | x >> (64 - n);
}

static void keccakp12(uint64_t s[25])
{
	/* iota of rounds 12 to 23 [FIPS202 §3.2.5] */
	static const uint64_t iota[12] = { 0x8000808bULL, 0x800000000000008bULL,
		0x8000000000008089ULL, 0x8000000000008003ULL, 0x8000000000008002ULL,
		0x8000000000000080ULL, 0x800aULL, 0x800000008000000aULL, 0x8000000080008081ULL,
		0x8000000000008080ULL, 0x80000001ULL, 0x8000000080008008ULL };

	for (unsigned round = 0; round < 12; round++) {
		uint64_t b[25], c[5];
		unsigned x = 1, y = 0;

		for (unsigned i = 0; i < 5; i++)
			c[i] = s[i] ^ s[i + 5] ^ s[i + 10] ^ s[i + 15] ^ s[i + 20];
		for (unsigned i = 0; i < 25; i++)
			s[i] ^= c[(i + 4) % 5] ^ rotl(c[(i + 1) % 5], 1);
		/* rho and pi together: lane (x, y) goes to (y, 2x + 3y), turned by a triangular number */
		b[0] = s[0];
		for (unsigned t = 0; t < 24; t++) {
			unsigned to = (2 * x + 3 * y) % 5;

			b[y + 5 * to] = rotl(s[x + 5 * y], (t + 1) * (t + 2) / 2 % 64);
			x = y;
			y = to;
		}
		for (unsigned i = 0; i < 25; i++)
			s[i] = b[i] ^ (~b[i / 5 * 5 + (i + 1) % 5] & b[i / 5 * 5 + (i + 2) % 5]);
		s[0] ^= iota[round];
	}
}

/* A sponge of either kind; HPKE asks for at most one rate of output, or a few. */
struct stream {
	struct hyb_sponge k;
	bool is_turbo;
};

static void permute(struct stream *t)
{
	keccakp12(t->k.s);
	t->k.pos = 0;
}

static void absorb(struct stream *t, const void *p, size_t n)
{
	const uint8_t *in = p;

	if (!t->is_turbo) {
		hyb_sponge_absorb(&t->k, p, n);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		t->k.s[t->k.pos / 8] ^= (uint64_t)in[i] << (8 * (t->k.pos % 8));
		if (++t->k.pos == t->k.rate)
			permute(t);
	}
}

static void squeeze(struct stream *t, uint8_t *out, size_t n)
{
	if (!t->is_turbo) {
		hyb_sponge_squeeze(&t->k, out, n);
		return;
	}
	t->k.s[t->k.pos / 8] ^= (uint64_t)t->k.pad << (8 * (t->k.pos % 8));
	t->k.s[(t->k.rate - 1) / 8] ^= 0x80ULL << 56;
	permute(t);
	for (size_t i = 0; i < n; i++) {
		if (t->k.pos == t->k.rate)
			permute(t);
		out[i] = (uint8_t)(t->k.s[t->k.pos / 8] >> (8 * (t->k.pos % 8)));
		t->k.pos++;
	}
}

enum hyb_st hyb_hpke_labeled_derive(const struct hyb_hpke_kdf *k, uint8_t *out, size_t n,
	const hyb_bytes ikm[2], const char *label, const hyb_bytes context[2])
{
	struct stream t = { .is_turbo = k->kdf >= 0x12 };
	size_t label_n = strlen(label);
	uint8_t two[2];

	if (!hyb_hpke_is_one_stage(k->kdf) || n > UINT16_MAX) {
		hyb_wipe(out, n);
		return HYB_E_LIMIT;
	}
	hyb_sponge_init(
		&t.k, (k->kdf & 1) == 0 ? HYB_RATE_SHAKE128 : HYB_RATE_SHAKE256, HYB_PAD_SHAKE);
	for (unsigned i = 0; i < 2; i++)
		absorb(&t, ikm[i].p, ikm[i].n);
	absorb(&t, version, sizeof(version));
	absorb(&t, k->suite_id, k->suite_id_n);
	hyb_store16be(two, label_n);
	absorb(&t, two, 2);
	absorb(&t, label, label_n);
	hyb_store16be(two, n);
	absorb(&t, two, 2);
	for (unsigned i = 0; i < 2; i++)
		absorb(&t, context[i].p, context[i].n);
	squeeze(&t, out, n);
	hyb_wipe(&t, sizeof(t));
	return HYB_OK;
}
