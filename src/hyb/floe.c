#include "hyb/floe.h"
#include "hyb/lc.h"

#define MESSAGE_KEY_BYTES 48
#define TAG_BYTES 32

/* FLOE_KDF: HKDF-Expand(key, params ‖ iv ‖ purpose ‖ aad, n) [FLOE, "FLOE_KDF"]. */
static enum hyb_st kdf(
	uint8_t *out, size_t n, hyb_bytes key, hyb_bytes purpose, const struct hyb_floe *f)
{
	uint8_t info[HYB_FLOE_PARAM_BYTES + HYB_FLOE_IV_BYTES + 16 + HYB_FLOE_AAD_MAX];
	size_t at = HYB_FLOE_PARAM_BYTES + HYB_FLOE_IV_BYTES;
	enum hyb_st st;

	memcpy(info, f->header, at);
	memcpy(info + at, purpose.p, purpose.n);
	at += purpose.n;
	memcpy(info + at, f->aad, f->aad_n);
	at += f->aad_n;
	st = lc_hkdf_expand(HYB_SHA2_384, out, n, key, (hyb_bytes){ info, at });
	if (st != HYB_OK)
		hyb_wipe(out, n);
	return st;
}

static enum hyb_st header_tag(uint8_t tag[TAG_BYTES], hyb_bytes key, const struct hyb_floe *f)
{
	static const uint8_t purpose[] = { 'H', 'E', 'A', 'D', 'E', 'R', '_', 'T', 'A', 'G', ':' };

	return kdf(tag, TAG_BYTES, key, (hyb_bytes){ purpose, sizeof(purpose) }, f);
}

static enum hyb_st message_key(struct hyb_floe *f, hyb_bytes key)
{
	static const uint8_t purpose[] = { 'M', 'E', 'S', 'S', 'A', 'G', 'E', '_', 'K', 'E', 'Y',
		':' };

	return kdf(
		f->message_key, MESSAGE_KEY_BYTES, key, (hyb_bytes){ purpose, sizeof(purpose) }, f);
}

/* DEK of the 2^20 segments around pos [FLOE, "DERIVE_KEY"]. */
static enum hyb_st segment_key(uint8_t key[32], const struct hyb_floe *f, uint64_t epoch)
{
	uint8_t purpose[12] = { 'D', 'E', 'K', ':' };

	hyb_store64be(purpose + 4, epoch);
	return kdf(key, 32, (hyb_bytes){ f->message_key, MESSAGE_KEY_BYTES },
		(hyb_bytes){ purpose, sizeof(purpose) }, f);
}

static bool segment_ok(uint32_t segment)
{
	return segment >= HYB_FLOE_SEGMENT_MIN && segment <= HYB_FLOE_SEGMENT_MAX;
}

enum hyb_st hyb_floe_parse(uint32_t *segment, const uint8_t header[HYB_FLOE_HEADER_BYTES])
{
	uint32_t n = hyb_load32be(header + 2);

	*segment = 0;
	/* AEAD 0 = AES-256-GCM, KDF 0 = HKDF-SHA-384; then segment and IV lengths. */
	if (header[0] != 0 || header[1] != 0 || hyb_load32be(header + 6) != HYB_FLOE_IV_BYTES ||
		!segment_ok(n))
		return HYB_E_FORMAT;
	*segment = n;
	return HYB_OK;
}

static enum hyb_st set_aad(struct hyb_floe *f, hyb_bytes aad)
{
	if (aad.n > HYB_FLOE_AAD_MAX)
		return HYB_E_LIMIT;
	if (aad.n > 0)
		memcpy(f->aad, aad.p, aad.n);
	f->aad_n = aad.n;
	f->key_mask = HYB_FLOE_KEY_MASK;
	return HYB_OK;
}

enum hyb_st hyb_floe_begin_seal(struct hyb_floe *f, const uint8_t key[HYB_FLOE_KEY_BYTES],
	hyb_bytes aad, uint32_t segment, const uint8_t iv[HYB_FLOE_IV_BYTES])
{
	hyb_bytes k = { key, HYB_FLOE_KEY_BYTES };
	enum hyb_st st;

	*f = (struct hyb_floe){ .segment = segment };
	if (!segment_ok(segment))
		return HYB_E_ARG;
	st = set_aad(f, aad);
	if (st != HYB_OK)
		return st;
	hyb_store32be(f->header + 2, segment);
	hyb_store32be(f->header + 6, HYB_FLOE_IV_BYTES);
	memcpy(f->header + HYB_FLOE_PARAM_BYTES, iv, HYB_FLOE_IV_BYTES);
	st = header_tag(f->header + HYB_FLOE_PARAM_BYTES + HYB_FLOE_IV_BYTES, k, f);
	if (st == HYB_OK)
		st = message_key(f, k);
	if (st != HYB_OK)
		hyb_wipe(f, sizeof(*f));
	return st;
}

enum hyb_st hyb_floe_begin_open(struct hyb_floe *f, const uint8_t key[HYB_FLOE_KEY_BYTES],
	hyb_bytes aad, const uint8_t header[HYB_FLOE_HEADER_BYTES])
{
	hyb_bytes k = { key, HYB_FLOE_KEY_BYTES };
	const uint8_t *tag = header + HYB_FLOE_PARAM_BYTES + HYB_FLOE_IV_BYTES;
	uint8_t want[TAG_BYTES];
	enum hyb_st st;
	bool same;

	*f = (struct hyb_floe){ .segment = 0 };
	st = hyb_floe_parse(&f->segment, header);
	if (st == HYB_OK)
		st = set_aad(f, aad);
	if (st != HYB_OK)
		return st;
	memcpy(f->header, header, HYB_FLOE_HEADER_BYTES);
	st = header_tag(want, k, f);
	same = hyb_ct_eq(want, tag, TAG_BYTES);
	HYB_CT_PUBLIC(&same, sizeof(same)); /* whether the key fits is told */
	if (st == HYB_OK && !same)
		st = HYB_E_OPEN;
	if (st == HYB_OK)
		st = message_key(f, k);
	if (st != HYB_OK)
		hyb_wipe(f, sizeof(*f));
	hyb_wipe(want, sizeof(want));
	return st;
}

void hyb_floe_end(struct hyb_floe *f)
{
	hyb_wipe(f, sizeof(*f));
}

struct hyb_floe_run hyb_floe_run(const struct hyb_floe *f, bool is_seal)
{
	return (struct hyb_floe_run){ .f = f, .is_seal = is_seal };
}

void hyb_floe_run_end(struct hyb_floe_run *r)
{
	lc_aead_free(r->aead);
	hyb_wipe(r, sizeof(*r));
}

/* Makes r->aead the one of pos. */
static enum hyb_st at_epoch(struct hyb_floe_run *r, uint64_t pos)
{
	uint64_t epoch = pos & r->f->key_mask;
	uint8_t key[32];
	enum hyb_st st;

	if (r->aead != NULL && r->epoch == epoch)
		return HYB_OK;
	lc_aead_free(r->aead);
	r->aead = NULL;
	st = segment_key(key, r->f, epoch);
	if (st == HYB_OK)
		st = lc_aead_new(&r->aead, LC_AES_256_GCM, key, r->is_seal);
	hyb_wipe(key, sizeof(key));
	r->epoch = epoch;
	return st;
}

static void segment_aad(uint8_t aad[9], uint64_t pos, bool is_last)
{
	hyb_store64be(aad, pos);
	aad[8] = is_last;
}

enum hyb_st hyb_floe_seal(struct hyb_floe_run *r, uint8_t *out, struct hyb_floe_at at, hyb_bytes pt,
	const uint8_t iv[12])
{
	size_t full = r->f->segment - HYB_FLOE_OVERHEAD;
	uint8_t aad[9];
	enum hyb_st st = HYB_OK;

	if (pt.n > full || (!at.is_last && pt.n != full))
		return HYB_E_ARG;
	if (at.pos >= HYB_FLOE_SEGMENTS_MAX)
		st = HYB_E_LIMIT;
	else
		st = at_epoch(r, at.pos);
	if (st == HYB_OK) {
		segment_aad(aad, at.pos, at.is_last);
		st = lc_aead_seal(r->aead, out + HYB_FLOE_HEAD_BYTES, iv,
			(hyb_bytes){ aad, sizeof(aad) }, pt);
	}
	if (st != HYB_OK) {
		hyb_wipe(out, pt.n + HYB_FLOE_OVERHEAD);
		return st;
	}
	hyb_store32be(out, at.is_last ? (uint32_t)(pt.n + HYB_FLOE_OVERHEAD) : HYB_FLOE_NOT_LAST);
	memcpy(out + 4, iv, 12);
	return HYB_OK;
}

enum hyb_st hyb_floe_open(
	struct hyb_floe_run *r, uint8_t *out, uint64_t pos, hyb_bytes seg, bool is_last)
{
	uint8_t aad[9], iv[12];
	uint32_t len;
	enum hyb_st st;

	if (seg.n < HYB_FLOE_OVERHEAD || seg.n > r->f->segment)
		return HYB_E_FORMAT;
	len = hyb_load32be(seg.p);
	memcpy(iv, seg.p + 4, sizeof(iv));
	if (len != (is_last ? seg.n : HYB_FLOE_NOT_LAST) || (!is_last && seg.n != r->f->segment))
		st = HYB_E_FORMAT;
	else
		st = pos < HYB_FLOE_SEGMENTS_MAX ? at_epoch(r, pos) : HYB_E_LIMIT;
	if (st == HYB_OK) {
		segment_aad(aad, pos, is_last);
		st = lc_aead_open(r->aead, out, iv, (hyb_bytes){ aad, sizeof(aad) },
			(hyb_bytes){ seg.p + HYB_FLOE_HEAD_BYTES, seg.n - HYB_FLOE_HEAD_BYTES });
	}
	if (st != HYB_OK)
		hyb_wipe(out, seg.n - HYB_FLOE_OVERHEAD);
	return st;
}

enum hyb_st hyb_floe_cut(hyb_bytes *seg, bool *is_last, uint32_t segment, hyb_bytes in)
{
	uint32_t len;

	*seg = (hyb_bytes){ NULL, 0 };
	*is_last = false;
	if (in.n < 4)
		return HYB_E_TRUNCATED;
	len = hyb_load32be(in.p);
	if (len == HYB_FLOE_NOT_LAST) {
		if (in.n < segment)
			return HYB_E_TRUNCATED;
		*seg = (hyb_bytes){ in.p, segment };
		return HYB_OK;
	}
	if (len < HYB_FLOE_OVERHEAD || len > segment)
		return HYB_E_FORMAT;
	if (in.n != len)
		return in.n < len ? HYB_E_TRUNCATED : HYB_E_TRAILING;
	*seg = in;
	*is_last = true;
	return HYB_OK;
}
