#include "jwk.h"

#include "base/buf.h"
#include "base/limits.h"

enum member { M_KTY, M_CRV, M_N, M_E, M_X, M_Y, M_ALG, M_USE, M_PUB, M_D, M_PRIV, N_MEMBERS };

static const char *const member_names[N_MEMBERS] = {
	[M_KTY] = "kty",
	[M_CRV] = "crv",
	[M_N] = "n",
	[M_E] = "e",
	[M_X] = "x",
	[M_Y] = "y",
	[M_ALG] = "alg",
	[M_USE] = "use",
	[M_PUB] = "pub",
	[M_D] = "d",
	[M_PRIV] = "priv",
};

struct json {
	pqm_bytes text;
	size_t i, stop; /* reads [i, stop) */
};

static bool is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_space(struct json *j)
{
	while (j->i < j->stop && is_space(j->text.p[j->i]))
		j->i++;
}

static bool take(struct json *j, uint8_t c)
{
	skip_space(j);
	if (j->i >= j->stop || j->text.p[j->i] != c)
		return false;
	j->i++;
	return true;
}

/* A string without its quotes, escapes left alone. */
static bool take_string(struct json *j, pqm_bytes *out)
{
	size_t from;

	if (!take(j, '"'))
		return false;
	for (from = j->i; j->i < j->stop; j->i++) {
		uint8_t c = j->text.p[j->i];

		if (c == '"') {
			*out = pqm_sub(j->text, from, j->i - from);
			j->i++;
			return true;
		}
		if (c < 0x20)
			return false;
		if (c == '\\')
			j->i++;
	}
	return false;
}

static bool is_word(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '-' ||
		c == '.' || c == 'E';
}

/* Steps over any value. Brackets are counted, not matched by kind: the object's own members are
 * what is trusted. */
static bool skip_value(struct json *j)
{
	unsigned depth = 0;
	pqm_bytes s;

	do {
		skip_space(j);
		if (j->i >= j->stop)
			return false;
		uint8_t c = j->text.p[j->i];

		if (c == '"') {
			if (!take_string(j, &s))
				return false;
		} else if (c == '{' || c == '[') {
			if (++depth > PQM_JWK_DEPTH)
				return false;
			j->i++;
		} else if (c == '}' || c == ']') {
			if (depth == 0)
				return false;
			depth--;
			j->i++;
		} else if (is_word(c)) {
			while (j->i < j->stop && is_word(j->text.p[j->i]))
				j->i++;
		} else if ((c == ',' || c == ':') && depth > 0) {
			j->i++;
		} else {
			return false;
		}
	} while (depth > 0);
	return true;
}

/* Reads the object at j->i; string members of interest go to m, other members are stepped over. */
static bool read_object(struct json *j, pqm_bytes m[N_MEMBERS])
{
	pqm_bytes key, value;

	if (!take(j, '{') || take(j, '}'))
		return false;
	do {
		if (!take_string(j, &key) || !take(j, ':'))
			return false;
		skip_space(j);
		if (j->i >= j->stop || j->text.p[j->i] != '"') {
			if (!skip_value(j))
				return false;
			continue;
		}
		if (!take_string(j, &value))
			return false;
		for (size_t i = 0; i < N_MEMBERS; i++)
			if (m[i].p == NULL && pqm_eqs(key, member_names[i]))
				m[i] = value;
	} while (take(j, ','));
	return take(j, '}');
}

/* True when the quote at i is escaped: an odd number of backslashes before it. */
static bool is_escaped(pqm_bytes text, size_t floor, size_t i)
{
	size_t n = 0;

	while (i - n > floor && text.p[i - n - 1] == '\\')
		n++;
	return (n & 1) != 0;
}

/* Start of the string that ends with the quote at i. */
static bool back_over_string(pqm_bytes text, size_t floor, size_t *i)
{
	size_t at = *i;

	while (at > floor) {
		at--;
		if (text.p[at] == '"' && !is_escaped(text, floor, at)) {
			*i = at;
			return true;
		}
	}
	return false;
}

/* The brace that opens the object of which a member name starts at off. */
static bool find_open(pqm_bytes text, size_t floor, size_t off, size_t *open)
{
	size_t depth = 0, i = off;

	if (off - floor > PQM_JWK_BYTES)
		floor = off - PQM_JWK_BYTES;
	while (i > floor) {
		i--;
		switch (text.p[i]) {
		case '"':
			if (!back_over_string(text, floor, &i))
				return false;
			break;
		case '}':
		case ']':
			if (++depth > PQM_JWK_DEPTH)
				return false;
			break;
		case '{':
		case '[':
			if (depth == 0) {
				*open = i;
				return text.p[i] == '{';
			}
			depth--;
			break;
		default:
			if (!is_space(text.p[i]) && !is_word(text.p[i]) && text.p[i] != ',' &&
				text.p[i] != ':')
				return false;
			break;
		}
	}
	return false;
}

/* Decodes a member; strict about its alphabet, since the shared decoder takes more. */
static bool decode(struct pqm_buf *out, pqm_bytes text)
{
	pqm_buf_init(out, PQM_JWK_BYTES);
	if (text.n == 0)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			    c == '-' || c == '_' || (c == '=' && i + 3 > text.n)))
			return false;
	}
	return pqm_base64(out, text, NULL);
}

/* The curves of RFC 8037 and the algorithms of AKP keys. */
static bool is_known_name(pqm_bytes name, bool is_akp)
{
	static const char *const okp[] = { "Ed25519", "Ed448", "X25519", "X448" };

	if (is_akp)
		return pqm_eqs(name, "ML-DSA-44") || pqm_eqs(name, "ML-DSA-65") ||
			pqm_eqs(name, "ML-DSA-87");
	for (size_t i = 0; i < sizeof(okp) / sizeof(okp[0]); i++)
		if (pqm_eqs(name, okp[i]))
			return true;
	return false;
}

/* Decodes up to two members and hands them to the constructor that fits. */
static bool make_key(struct pqm_jwk *k, const pqm_bytes m[N_MEMBERS], bool *is_close)
{
	const struct pqm_curve *curve = pqm_curve_by_name(m[M_CRV]);
	bool is_rsa = pqm_eqs(m[M_KTY], "RSA"), is_ec = pqm_eqs(m[M_KTY], "EC");
	bool is_okp = pqm_eqs(m[M_KTY], "OKP"), is_akp = pqm_eqs(m[M_KTY], "AKP"), ok;
	pqm_bytes name = is_okp ? m[M_CRV] : m[M_ALG];
	struct pqm_buf a, b;
	char text[16] = "";

	if (!(is_rsa || is_okp || is_akp || (is_ec && curve != NULL)) ||
		((is_okp || is_akp) && (name.n >= sizeof(text) || name.n == 0)))
		return false;
	if ((is_okp || is_akp) && !is_known_name(name, is_akp))
		return false;
	if (is_okp || is_akp)
		memcpy(text, name.p, name.n);
	ok = decode(&a, m[is_rsa ? M_N : is_akp ? M_PUB : M_X]);
	if (is_rsa || is_ec)
		ok = decode(&b, m[is_rsa ? M_E : M_Y]) && ok;
	else
		pqm_buf_init(&b, 0);
	*is_close = ok && a.n >= 32;
	if (ok && is_rsa)
		ok = pqm_pubkey_rsa(&k->key, pqm_buf_bytes(&a), pqm_buf_bytes(&b));
	else if (ok && is_ec)
		ok = pqm_pubkey_ec_xy(&k->key, curve, pqm_buf_bytes(&a), pqm_buf_bytes(&b));
	else if (ok)
		ok = pqm_pubkey_raw(&k->key, text, pqm_buf_bytes(&a));
	pqm_buf_fini(&a);
	pqm_buf_fini(&b);
	return ok;
}

/* "use" [RFC7517 §4.2] and "alg" narrow what the key may do. */
static enum pqm_pk_use use_of(const struct pqm_jwk *k)
{
	if (k->key.use != PQM_PK_ANY)
		return k->key.use;
	if (pqm_eqs(k->use, "sig"))
		return PQM_PK_SIG;
	if (pqm_eqs(k->use, "enc"))
		return strcmp(k->key.family, "RSA") == 0 ? PQM_PK_PKE : PQM_PK_KEX;
	return PQM_PK_ANY;
}

enum pqm_st pqm_jwk_at(struct pqm_jwk *out, pqm_bytes text, size_t floor, size_t kty_off,
	bool *is_close, struct pqm_err *err)
{
	struct pqm_jwk k = { 0 };
	pqm_bytes m[N_MEMBERS] = { 0 };
	struct json j = { .text = text };

	*is_close = false;
	if (kty_off >= text.n || floor > kty_off)
		return pqm_fail(err, PQM_EPARSE, "JWK: nothing at offset %zu", kty_off);
	if (!find_open(text, floor, kty_off, &k.off))
		return pqm_fail(err, PQM_EPARSE, "JWK: no object around offset %zu", kty_off);
	j.i = k.off;
	j.stop = text.n - k.off > PQM_JWK_BYTES ? k.off + PQM_JWK_BYTES : text.n;
	if (!read_object(&j, m))
		return pqm_fail(err, PQM_EPARSE, "JWK: malformed object at offset %zu", k.off);
	k.end = j.i;
	if (!make_key(&k, m, is_close))
		return pqm_fail(err, PQM_EPARSE,
			"JWK: missing, malformed or impossible key members at offset %zu", k.off);
	k.use = m[M_USE];
	k.alg = m[M_ALG];
	k.key.use = use_of(&k);
	k.is_private = m[M_D].n > 0 || m[M_PRIV].n > 0;
	*out = k;
	return PQM_OK;
}
