#include "hyb/envelope.h"
#include "hyb/hpke.h"
#include "hyb/lc.h"

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
