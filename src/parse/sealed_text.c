/* sealed_text.c — encrypted files that are text: base64 of what sealed.h knows, and JWE. */
#include "sealed.h"

#include <stdio.h>

#include "base/limits.h"
#include "base/num.h"
#include "yaml_json.h"

static bool is_base64(uint8_t c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
		c == '+' || c == '/' || c == '-' || c == '_';
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool pqm_sealed_base64(pqm_bytes text, struct pqm_buf *out)
{
	struct pqm_buf plain;
	bool is_good = true;

	pqm_buf_init(&plain, PQM_SEALED_TEXT_BYTES);
	for (size_t i = 0; i < text.n && plain.n < PQM_SEALED_TEXT_BYTES && is_good; i++) {
		if (!is_base64(text.p[i]) && !is_blank(text.p[i]))
			break;
		/* A line of dashes is the end of armour. */
		if (text.p[i] == '-' && i + 1 < text.n && text.p[i + 1] == '-')
			break;
		if (!is_blank(text.p[i]))
			is_good = pqm_buf_byte(&plain, text.p[i]);
	}
	is_good = is_good && plain.n >= 4 &&
		pqm_base64(out, pqm_sub(pqm_buf_bytes(&plain), 0, plain.n / 4 * 4), NULL);
	pqm_buf_wipe(&plain);
	return is_good;
}

/* ---- JWE, compact [RFC7516 §7.1]: header.key.iv.content.tag ---- */

#define JWE_PART_BYTES ((size_t)16 << 10)

static bool part(pqm_bytes b, size_t *at, size_t max, pqm_bytes *out)
{
	size_t from = *at;

	while (*at < b.n && *at - from <= max && is_base64(b.p[*at]) && b.p[*at] != '+' &&
		b.p[*at] != '/')
		(*at)++;
	if (*at == b.n || b.p[*at] != '.')
		return false;
	*out = pqm_sub(b, from, *at - from);
	(*at)++;
	return true;
}

bool pqm_sealed_is_jwe(pqm_bytes first)
{
	pqm_bytes unused;
	size_t at = 0;

	if (!pqm_starts(first, PQM_LIT("eyJ")))
		return false;
	for (unsigned i = 0; i < 3; i++)
		if (!part(first, &at, JWE_PART_BYTES, &unused))
			return false;
	/* A signed token has two dots; the content of this one may be long. */
	return at < first.n && is_base64(first.p[at]);
}

struct jwe_header {
	pqm_bytes alg, enc, curve;
};

static bool curve_of(pqm_bytes t, struct pqm_yjson_at *at, pqm_bytes *curve)
{
	pqm_bytes key, value;

	if (!pqm_yjson_enter(t, at, '{'))
		return false;
	while (pqm_yjson_key(t, at, &key)) {
		if (!pqm_yjson_text(t, at, &value))
			return false;
		if (pqm_eqs(key, "crv"))
			*curve = value;
	}
	at->off++;
	return true;
}

static bool header_of(pqm_bytes t, struct jwe_header *h)
{
	struct pqm_yjson_at at = { 0, 1, 1 };
	pqm_bytes key, value;

	*h = (struct jwe_header){ .alg = { NULL, 0 } };
	if (!pqm_yjson_enter(t, &at, '{'))
		return false;
	while (pqm_yjson_key(t, &at, &key)) {
		if (pqm_eqs(key, "epk")) {
			if (!curve_of(t, &at, &h->curve))
				return false;
			continue;
		}
		if (!pqm_yjson_text(t, &at, &value))
			return false;
		if (pqm_eqs(key, "alg"))
			h->alg = value;
		else if (pqm_eqs(key, "enc"))
			h->enc = value;
	}
	return h->alg.n > 0 && h->enc.n > 0;
}

/* Of RFC 7518 §4.1, RFC 8037 and draft-ietf-jose-pqc-kem. */
static void algorithm_of(struct pqm_sealed_to *to, const struct jwe_header *h, size_t n_key)
{
	static const char *const names[] = { "P-256", "P-384", "P-521", "X25519", "X448",
		"ML-KEM-512", "ML-KEM-768", "ML-KEM-1024" };
	pqm_bytes name = h->alg;
	size_t plus = pqm_find_byte(name, 0, '+');

	to->algorithm = "";
	if (pqm_starts(name, PQM_LIT("RSA"))) {
		to->algorithm = "RSA";
		to->bits = n_key <= PQM_RSA_BITS_MAX / 8 ? (uint32_t)n_key * 8 : 0;
		return;
	}
	if (pqm_eqs(name, "dir") || pqm_starts(name, PQM_LIT("PBES2-")) ||
		(pqm_starts(name, PQM_LIT("A")) && pqm_ends(name, PQM_LIT("KW")))) {
		to->algorithm = NULL;
		return;
	}
	name = pqm_starts(name, PQM_LIT("ECDH-ES")) ? h->curve : pqm_sub(name, 0, plus);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (pqm_eqs(name, names[i]))
			to->algorithm = names[i];
}

enum pqm_st pqm_sealed_jwe(
	pqm_bytes b, pqm_sealed_fn *each, void *ctx, char cipher[PQM_OID_TEXT], struct pqm_err *err)
{
	struct pqm_sealed_to to = { .algorithm = NULL };
	struct pqm_buf json, key;
	struct jwe_header h;
	pqm_bytes text, wrapped;
	size_t at = 0;
	enum pqm_st st = PQM_OK;

	cipher[0] = '\0';
	pqm_buf_init(&json, JWE_PART_BYTES);
	pqm_buf_init(&key, JWE_PART_BYTES);
	if (part(b, &at, JWE_PART_BYTES, &text) && part(b, &at, JWE_PART_BYTES, &wrapped) &&
		pqm_base64(&json, text, NULL) && pqm_base64(&key, wrapped, NULL) &&
		header_of(pqm_buf_bytes(&json), &h)) {
		algorithm_of(&to, &h, key.n);
		to.type = h.alg;
		to.share = pqm_sub(b, 0, at);
		if (h.enc.n < PQM_OID_TEXT) {
			memcpy(cipher, h.enc.p, h.enc.n);
			cipher[h.enc.n] = '\0';
		}
		st = each(ctx, &to);
	} else if (json.failed || key.failed) {
		st = pqm_fail(err, PQM_ENOMEM, "JWE: no memory for its header");
	}
	pqm_buf_wipe(&json);
	pqm_buf_wipe(&key);
	return st;
}

/* ---- a shared secret ---- */

#define LUKS_MARK "LUKS\xba\xbe"
#define LUKS2_JSON_AT 4096
#define LUKS2_JSON_BYTES ((size_t)64 << 10)

static const struct {
	const char *mark;
	size_t n;
	const char *format, *type;
} shared[] = {
	{ "Salted__", 8, "openssl enc", "passphrase" },
	{ LUKS_MARK "\0\1", 8, "LUKS1", "passphrase" },
	{ LUKS_MARK "\0\2", 8, "LUKS2", "passphrase" },
	{ "vault:v", 7, "Vault transit", "key in Vault" },
};

static int shared_of(pqm_bytes first)
{
	size_t colon;

	for (size_t i = 0; i < sizeof(shared) / sizeof(shared[0]); i++)
		if (pqm_eq(pqm_sub(first, 0, shared[i].n),
			    (pqm_bytes){ (const uint8_t *)shared[i].mark, shared[i].n })) {
			if (shared[i].mark[0] != 'v')
				return first.n > 16 ? (int)i : -1;
			colon = pqm_find_byte(pqm_sub(first, 0, 16), 7, ':');
			return colon != SIZE_MAX && colon > 7 && first.n > colon + 16 &&
					first.p[7] >= '1' && first.p[7] <= '9' &&
					is_base64(first.p[colon + 1])
				? (int)i
				: -1;
		}
	return -1;
}

bool pqm_sealed_is_shared(pqm_bytes first)
{
	return shared_of(first) >= 0;
}

/* Text of a fixed field, up to its NUL. */
static pqm_bytes field(pqm_bytes b, size_t at, size_t n)
{
	pqm_bytes f = pqm_sub(b, at, n);
	size_t end = pqm_find_byte(f, 0, 0);

	return pqm_sub(f, 0, end);
}

bool pqm_sealed_shared(pqm_bytes b, const char **format, pqm_bytes *type, char cipher[PQM_OID_TEXT])
{
	static const char member[] = "\"encryption\":\"";
	int i = shared_of(b);
	pqm_bytes name = { NULL, 0 }, mode = name, json;
	size_t at;

	cipher[0] = '\0';
	if (i < 0)
		return false;
	*format = shared[i].format;
	*type = pqm_str(shared[i].type);
	if (strcmp(*format, "LUKS1") == 0) { /* [LUKS on-disk format 1.2.3, §2.1] */
		name = field(b, 8, 32);
		mode = field(b, 40, 32);
	} else if (strcmp(*format, "LUKS2") == 0) { /* the cipher of the segment stands last */
		json = pqm_sub(b, LUKS2_JSON_AT, LUKS2_JSON_BYTES);
		for (at = 0; (at = pqm_find(json, at, pqm_str(member))) != SIZE_MAX;) {
			at += sizeof(member) - 1;
			name = pqm_sub(json, at, pqm_find_byte(json, at, '"') - at);
		}
	}
	if (name.n + mode.n + 2 < PQM_OID_TEXT)
		(void)snprintf(cipher, PQM_OID_TEXT, "%.*s%s%.*s", PQM_FMT(name),
			mode.n > 0 ? "-" : "", PQM_FMT(mode));
	return true;
}
