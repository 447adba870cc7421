#include "hyb/envelope.h"
#include "hyb/hpke.h"
#include "hyb/lc.h"

#define VERSION 1

uint16_t hyb_env_kem_code(const struct hyb_kem_suite *s)
{
	return hyb_hpke_kem_id(s);
}

const struct hyb_kem_suite *hyb_env_kem(uint16_t code)
{
	for (int i = 0; code != 0 && i < HYB_KEM_SUITES; i++) {
		const struct hyb_kem_suite *s = hyb_kem_suite((enum hyb_kem_id)i);

		if (s != NULL && hyb_hpke_kem_id(s) == code)
			return s;
	}
	return NULL;
}

/* One arc of a dotted OID, from the digits that end before `end`; moves `end` to its dot. */
static unsigned arc_before(const char *oid, size_t *end)
{
	unsigned v = 0, scale = 1;

	while (*end > 0 && oid[*end - 1] != '.') {
		v += (unsigned)(oid[*end - 1] - '0') * scale;
		scale *= 10;
		(*end)--;
	}
	return v;
}

uint16_t hyb_env_sig_code(const struct hyb_sig_suite *s)
{
	size_t end = strlen(s->oid);
	unsigned last = arc_before(s->oid, &end), before;

	if (end == 0)
		return 0;
	end--;
	before = arc_before(s->oid, &end);
	return last < 256 && before < 256 ? (uint16_t)(before << 8 | last) : 0;
}

const struct hyb_sig_suite *hyb_env_sig(uint16_t code)
{
	for (int i = 0; code != 0 && i < HYB_SIG_SUITES; i++) {
		const struct hyb_sig_suite *s = hyb_sig_suite((enum hyb_sig_id)i);

		if (s != NULL && hyb_env_sig_code(s) == code)
			return s;
	}
	return NULL;
}

size_t hyb_env_block_bytes(const struct hyb_sig_suite *s)
{
	return s != NULL ? 2 + s->sig_max : 0;
}

enum hyb_st hyb_env_sign(
	uint8_t *block, const struct hyb_private *sender, hyb_bytes ctx, hyb_bytes m)
{
	size_t max = sender->pub.sig->sig_max, n = 0;
	enum hyb_st st;

	memset(block, 0, 2 + max);
	st = hyb_private_sign(block + 2, &n, m, ctx, sender);
	if (st == HYB_OK && n > max)
		st = HYB_E_CRYPTO;
	if (st != HYB_OK) {
		memset(block, 0, 2 + max);
		return st;
	}
	memset(block + 2 + n, 0, max - n);
	hyb_store16be(block, n);
	return HYB_OK;
}

bool hyb_env_verify(const uint8_t *block, const struct hyb_public *k, hyb_bytes ctx, hyb_bytes m)
{
	size_t max = k->sig->sig_max, n = hyb_load16be(block);

	if (n > max)
		return false;
	for (size_t i = n; i < max; i++)
		if (block[2 + i] != 0)
			return false;
	return hyb_public_verify((hyb_bytes){ block + 2, n }, m, ctx, k);
}

enum hyb_st hyb_env_sender(const struct hyb_public **k, const struct hyb_env_accept *a,
	const struct hyb_sig_suite *sig, const uint8_t id[HYB_KEY_ID_BYTES])
{
	*k = NULL;
	if (sig == NULL)
		return a->allow_unsigned ? HYB_OK : HYB_E_UNSIGNED;
	for (size_t i = 0; i < a->n_senders; i++) {
		const struct hyb_public *s = &a->senders[i];

		if (!hyb_env_is_sig(s) || s->sig != sig || !hyb_ct_eq(s->id, id, HYB_KEY_ID_BYTES))
			continue;
		*k = s;
		return HYB_OK;
	}
	return a->allow_unsigned && a->n_senders == 0 ? HYB_OK : HYB_E_SIGNATURE;
}

enum hyb_st hyb_env_sha512(uint8_t out[64], const hyb_bytes *parts, size_t n)
{
	return lc_hash(HYB_SHA2_512, out, parts, n);
}

enum hyb_st hyb_env_sha384(uint8_t out[48], const hyb_bytes *parts, size_t n)
{
	return lc_hash(HYB_SHA2_384, out, parts, n);
}

enum hyb_st hyb_env_info(
	struct hyb_env_info *out, hyb_bytes label, const hyb_bytes *parts, size_t n_parts)
{
	*out = (struct hyb_env_info){ .n = label.n + 48 };
	if (out->n > sizeof(out->bytes))
		return HYB_E_LIMIT;
	memcpy(out->bytes, label.p, label.n);
	return hyb_env_sha384(out->bytes + label.n, parts, n_parts);
}

bool hyb_env_is_kem(const struct hyb_public *k)
{
	return k->kind == HYB_KEY_KEM && k->kem != NULL && hyb_hpke_kem_id(k->kem) != 0;
}

bool hyb_env_is_sig(const struct hyb_public *k)
{
	return k->kind == HYB_KEY_SIG && k->sig != NULL && hyb_env_sig_code(k->sig) != 0;
}

enum hyb_st hyb_env_nonce(uint8_t *p, size_t n)
{
	enum hyb_st st = hyb_random(p, n);

	HYB_CT_PUBLIC(p, n); /* everyone reads it in the message */
	return st;
}

void hyb_env_put(struct hyb_env_out *o, const void *p, size_t n)
{
	if (n > 0)
		memcpy(o->p, p, n);
	o->p += n;
}

void hyb_env_put_u16(struct hyb_env_out *o, size_t v)
{
	hyb_store16be(o->p, v);
	o->p += 2;
}

void hyb_env_put_u32(struct hyb_env_out *o, size_t v)
{
	hyb_store32be(o->p, (uint32_t)v);
	o->p += 4;
}

void hyb_env_put_u64(struct hyb_env_out *o, uint64_t v)
{
	hyb_store64be(o->p, v);
	o->p += 8;
}

void hyb_env_put_head(struct hyb_env_out *o, const char *magic, const struct hyb_env_head *h)
{
	hyb_env_put(o, magic, HYB_ENV_MAGIC_BYTES);
	hyb_env_put_u16(o, VERSION);
	hyb_env_put_u16(o, hyb_env_kem_code(h->kem));
	hyb_env_put_u16(o, h->sig != NULL ? hyb_env_sig_code(h->sig) : 0);
}

enum hyb_st hyb_env_head_read(struct hyb_env_head *h, const char *magic, hyb_bytes in, size_t n)
{
	size_t k = in.n < HYB_ENV_MAGIC_BYTES ? in.n : HYB_ENV_MAGIC_BYTES, sig;

	*h = (struct hyb_env_head){ .kem = NULL };
	if (!hyb_ct_eq(in.p, magic, k))
		return HYB_E_FORMAT;
	if (in.n < HYB_ENV_HEAD_BYTES)
		return HYB_E_TRUNCATED;
	if (hyb_load16be(in.p + 8) != VERSION)
		return HYB_E_VERSION;
	sig = hyb_load16be(in.p + 12);
	h->kem = hyb_env_kem((uint16_t)hyb_load16be(in.p + 10));
	h->sig = hyb_env_sig((uint16_t)sig);
	if (h->kem == NULL || (sig != 0 && h->sig == NULL))
		return HYB_E_SUITE;
	return in.n < n ? HYB_E_TRUNCATED : HYB_OK;
}

enum hyb_st hyb_env_length(size_t have, uint64_t want)
{
	return have == want ? HYB_OK : have < want ? HYB_E_TRUNCATED : HYB_E_TRAILING;
}

bool hyb_env_name_ok(hyb_bytes name)
{
	return name.n >= 1 && name.n <= HYB_NAME_MAX;
}

bool hyb_env_same(hyb_bytes a, hyb_bytes b)
{
	return a.n == b.n && hyb_ct_eq(a.p, b.p, a.n);
}

bool hyb_env_is_fresh(uint64_t now, uint64_t time, uint64_t window)
{
	return (now >= time ? now - time : time - now) <= window;
}
