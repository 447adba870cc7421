#include "ssh.h"

#include "base/limits.h"

#define CERT_SUFFIX "-cert-v01@openssh.com"
#define SK_SUFFIX "@openssh.com"

/* What follows the type string of each kind of key. */
enum shape { SHAPE_RSA, SHAPE_DSA, SHAPE_EC, SHAPE_RAW, SHAPE_OTHER };

struct kind {
	const char *base; /* the type without certificate suffix */
	enum shape shape;
	const char *raw; /* name for pqm_pubkey_raw, or the SSH curve name */
	bool is_sk;
};

static const struct kind kinds[] = {
	{ "ssh-rsa", SHAPE_RSA, NULL, false },
	{ "rsa-sha2-256", SHAPE_RSA, NULL, false },
	{ "rsa-sha2-512", SHAPE_RSA, NULL, false },
	{ "ssh-dss", SHAPE_DSA, NULL, false },
	{ "ecdsa-sha2-nistp256", SHAPE_EC, "nistp256", false },
	{ "ecdsa-sha2-nistp384", SHAPE_EC, "nistp384", false },
	{ "ecdsa-sha2-nistp521", SHAPE_EC, "nistp521", false },
	{ "ssh-ed25519", SHAPE_RAW, "Ed25519", false },
	{ "ssh-ed448", SHAPE_RAW, "Ed448", false },
	{ "sk-ssh-ed25519", SHAPE_RAW, "Ed25519", true },
	{ "sk-ecdsa-sha2-nistp256", SHAPE_EC, "nistp256", true },
	{ "webauthn-sk-ecdsa-sha2-nistp256", SHAPE_EC, "nistp256", true },
	{ "ssh-mldsa-44", SHAPE_RAW, "ML-DSA-44", false },
	{ "ssh-mldsa-65", SHAPE_RAW, "ML-DSA-65", false },
	{ "ssh-mldsa-87", SHAPE_RAW, "ML-DSA-87", false },
};

static const struct kind other_kind = { "", SHAPE_OTHER, NULL, false };

/* One key or certificate while it is read. */
struct reader {
	struct pqm_cur c;
	pqm_bytes blob;
	struct pqm_err *err;
};

static enum pqm_st refuse(const struct reader *r, const char *what)
{
	return pqm_fail(r->err, PQM_EPARSE, "SSH key: %s at offset %zu of %zu", what,
		r->blob.n - pqm_cur_left(&r->c), r->blob.n);
}

bool pqm_ssh_mpint(struct pqm_cur *c, pqm_bytes *out)
{
	pqm_bytes v;

	if (!pqm_cur_vec32(c, &v) || v.n == 0 || (v.p[0] & 0x80) != 0)
		return false;
	if (v.p[0] == 0) {
		if (v.n == 1 || (v.p[1] & 0x80) == 0)
			return false;
		v = pqm_sub(v, 1, v.n);
	}
	*out = v;
	return true;
}

static bool is_type_char(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
		c == '-' || c == '.' || c == '@' || c == '_';
}

static bool is_type_name(pqm_bytes t)
{
	if (t.n < 3 || t.n > PQM_SSH_TYPE_BYTES)
		return false;
	for (size_t i = 0; i < t.n; i++)
		if (!is_type_char(t.p[i]))
			return false;
	return true;
}

/* Splits a type into its kind and whether it is a certificate. The "sk-" and "webauthn-" types carry
 * a vendor suffix of their own. */
static const struct kind *kind_of(pqm_bytes type, bool *is_cert)
{
	pqm_bytes base = type;

	*is_cert = pqm_ends(type, PQM_LIT(CERT_SUFFIX));
	if (*is_cert)
		base.n -= sizeof(CERT_SUFFIX) - 1;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		pqm_bytes b = base;

		if (kinds[i].is_sk && !*is_cert) {
			if (!pqm_ends(b, PQM_LIT(SK_SUFFIX)))
				continue;
			b.n -= sizeof(SK_SUFFIX) - 1;
		}
		if (pqm_eqs(b, kinds[i].base))
			return &kinds[i];
	}
	return &other_kind;
}

static enum pqm_st read_rsa(struct reader *r, struct pqm_pubkey *out)
{
	pqm_bytes e, n;

	if (!pqm_ssh_mpint(&r->c, &e) || !pqm_ssh_mpint(&r->c, &n))
		return refuse(r, "malformed RSA number");
	if (!pqm_pubkey_rsa(out, n, e))
		return refuse(r, "impossible RSA modulus or exponent");
	return PQM_OK;
}

static enum pqm_st read_dsa(struct reader *r, struct pqm_pubkey *out)
{
	pqm_bytes p, q, g, y;

	if (!pqm_ssh_mpint(&r->c, &p) || !pqm_ssh_mpint(&r->c, &q) || !pqm_ssh_mpint(&r->c, &g) ||
		!pqm_ssh_mpint(&r->c, &y))
		return refuse(r, "malformed DSA number");
	if (!pqm_pubkey_dsa(out, p, q, g, y))
		return refuse(r, "impossible DSA parameters");
	return PQM_OK;
}

static enum pqm_st read_ec(struct reader *r, const char *ssh_curve, struct pqm_pubkey *out)
{
	pqm_bytes curve, point;

	if (!pqm_cur_vec32(&r->c, &curve) || !pqm_cur_vec32(&r->c, &point))
		return refuse(r, "truncated EC key");
	if (!pqm_eqs(curve, ssh_curve))
		return refuse(r, "curve differs from the key type");
	if (!pqm_pubkey_ec(out, pqm_curve_by_ssh(curve), point))
		return refuse(r, "impossible EC point");
	return PQM_OK;
}

static enum pqm_st read_raw(struct reader *r, const char *name, struct pqm_pubkey *out)
{
	pqm_bytes key;

	if (!pqm_cur_vec32(&r->c, &key))
		return refuse(r, "truncated key");
	if (!pqm_pubkey_raw(out, name, key))
		return refuse(r, "wrong length of the key");
	return PQM_OK;
}

/* An unknown key: SSH strings to the end, at least one that is as long as a key. */
static enum pqm_st read_other(struct reader *r, struct pqm_pubkey *out)
{
	bool has_key = false;
	pqm_bytes s;

	while (pqm_cur_left(&r->c) > 0) {
		if (!pqm_cur_vec32(&r->c, &s))
			return refuse(r, "unknown key type with lengths that do not nest");
		has_key = has_key || s.n >= 32;
	}
	if (!has_key)
		return refuse(r, "unknown key type without a key");
	pqm_pubkey_other(out, "unknown", "unknown", "", r->blob);
	return PQM_OK;
}

static enum pqm_st read_fields(struct reader *r, const struct kind *kind, struct pqm_pubkey *out)
{
	enum pqm_st st = PQM_EINTERNAL;
	pqm_bytes application;

	switch (kind->shape) {
	case SHAPE_RSA:
		st = read_rsa(r, out);
		break;
	case SHAPE_DSA:
		st = read_dsa(r, out);
		break;
	case SHAPE_EC:
		st = read_ec(r, kind->raw, out);
		break;
	case SHAPE_RAW:
		st = read_raw(r, kind->raw, out);
		break;
	case SHAPE_OTHER:
		st = read_other(r, out);
		break;
	}
	if (st == PQM_OK && kind->is_sk && !pqm_cur_vec32(&r->c, &application))
		st = refuse(r, "truncated application of a security key");
	return st;
}

static bool count_strings(pqm_bytes list, uint32_t *n)
{
	struct pqm_cur c = pqm_cur_of(list);
	pqm_bytes s;

	for (*n = 0; pqm_cur_left(&c) > 0; (*n)++)
		if (!pqm_cur_vec32(&c, &s))
			return false;
	return true;
}

/* The signing key: a plain key, never a certificate [PROTOCOL.certkeys]. */
static enum pqm_st read_ca(struct reader *r, pqm_bytes blob, struct pqm_pubkey *out)
{
	struct reader ca = { .c = pqm_cur_of(blob), .blob = blob, .err = r->err };
	pqm_bytes type;
	bool is_cert;
	enum pqm_st st;

	if (!pqm_cur_vec32(&ca.c, &type) || !is_type_name(type))
		return refuse(r, "malformed signing key");
	const struct kind *kind = kind_of(type, &is_cert);

	if (is_cert)
		return refuse(r, "signing key is itself a certificate");
	st = read_fields(&ca, kind, out);
	if (st == PQM_OK && pqm_cur_left(&ca.c) > 0)
		st = refuse(&ca, "bytes after the signing key");
	return st;
}

static enum pqm_st read_cert(struct reader *r, struct pqm_ssh_cert *out)
{
	struct pqm_ssh_cert t = { 0 };
	pqm_bytes principals, critical, extensions, reserved, ca, sig;
	struct pqm_cur c;
	uint32_t n;

	if (!pqm_cur_u64be(&r->c, &t.serial) || !pqm_cur_u32be(&r->c, &t.type) ||
		!pqm_cur_vec32(&r->c, &t.key_id) || !pqm_cur_vec32(&r->c, &principals) ||
		!pqm_cur_u64be(&r->c, &t.valid_after) || !pqm_cur_u64be(&r->c, &t.valid_before) ||
		!pqm_cur_vec32(&r->c, &critical) || !pqm_cur_vec32(&r->c, &extensions) ||
		!pqm_cur_vec32(&r->c, &reserved) || !pqm_cur_vec32(&r->c, &ca) ||
		!pqm_cur_vec32(&r->c, &sig))
		return refuse(r, "truncated certificate");
	if (t.type != PQM_SSH_CERT_USER && t.type != PQM_SSH_CERT_HOST)
		return refuse(r, "certificate is neither for a user nor for a host");
	if (!count_strings(principals, &t.n_principals) || !count_strings(critical, &n) ||
		!count_strings(extensions, &n))
		return refuse(r, "certificate lists do not nest");
	c = pqm_cur_of(sig);
	if (!pqm_cur_vec32(&c, &t.signature) || !is_type_name(t.signature))
		return refuse(r, "malformed signature of a certificate");
	enum pqm_st st = read_ca(r, ca, &t.ca);

	if (st == PQM_OK)
		*out = t;
	return st;
}

enum pqm_st pqm_ssh_blob(struct pqm_ssh_key *out, pqm_bytes blob, struct pqm_err *err)
{
	struct reader r = { .c = pqm_cur_of(blob), .blob = blob, .err = err };
	struct pqm_ssh_key k = { 0 };
	pqm_bytes nonce;
	enum pqm_st st;

	if (blob.n > PQM_SSH_BLOB_BYTES)
		return pqm_fail(err, PQM_ELIMIT, "SSH key: %zu bytes, over the limit of %zu",
			blob.n, PQM_SSH_BLOB_BYTES);
	if (!pqm_cur_vec32(&r.c, &k.type) || !is_type_name(k.type))
		return refuse(&r, "no key type");
	const struct kind *kind = kind_of(k.type, &k.is_cert);

	k.is_sk = kind->is_sk;
	if (k.is_cert && kind->shape != SHAPE_OTHER && !pqm_cur_vec32(&r.c, &nonce))
		return refuse(&r, "truncated certificate");
	if (k.is_cert && kind->shape == SHAPE_OTHER)
		return refuse(&r, "certificate of an unknown key type");
	st = read_fields(&r, kind, &k.key);
	if (st == PQM_OK && k.is_cert)
		st = read_cert(&r, &k.cert);
	if (st == PQM_OK && pqm_cur_left(&r.c) > 0)
		st = refuse(&r, "bytes after the key");
	if (st == PQM_OK)
		*out = k;
	return st;
}

static bool has_tag(pqm_bytes cipher)
{
	return pqm_ends(cipher, PQM_LIT("-gcm@openssh.com")) ||
		pqm_eqs(cipher, "chacha20-poly1305@openssh.com");
}

enum pqm_st pqm_ssh_private(
	struct pqm_ssh_private *out, pqm_bytes b, bool is_whole, struct pqm_err *err)
{
	static const char magic[] = "openssh-key-v1"; /* its NUL is part of the format */
	struct pqm_ssh_private k = { 0 };
	struct pqm_cur c = pqm_cur_of(b);
	pqm_bytes head, kdf_options, public, private;
	uint32_t n_keys;
	enum pqm_st st;

	if (is_whole && b.n > PQM_SSH_PRIVATE_BYTES)
		return pqm_fail(err, PQM_ELIMIT,
			"OpenSSH private key: %zu bytes, over the limit of %zu", b.n,
			PQM_SSH_PRIVATE_BYTES);
	if (!pqm_cur_take(&c, sizeof(magic), &head) || memcmp(head.p, magic, sizeof(magic)) != 0)
		return pqm_fail(
			err, PQM_EPARSE, "OpenSSH private key: no openssh-key-v1 at offset 0");
	if (!pqm_cur_vec32(&c, &k.cipher) || !pqm_cur_vec32(&c, &k.kdf) ||
		!pqm_cur_vec32(&c, &kdf_options) || !pqm_cur_u32be(&c, &n_keys))
		return pqm_fail(
			err, PQM_EPARSE, "OpenSSH private key: head truncated at %zu bytes", b.n);
	if (!is_type_name(k.cipher) || !is_type_name(k.kdf))
		return pqm_fail(err, PQM_EPARSE, "OpenSSH private key: malformed cipher name");
	/* ssh-keygen writes one key and refuses any other number. */
	if (n_keys != 1)
		return pqm_fail(err, PQM_EPARSE, "OpenSSH private key: %u keys where 1 is allowed",
			(unsigned)n_keys);
	if (!pqm_cur_vec32(&c, &public) || !pqm_cur_vec32(&c, &private))
		return pqm_fail(err, PQM_EPARSE,
			"OpenSSH private key: key lengths overrun at offset %zu of %zu",
			b.n - pqm_cur_left(&c), b.n);
	/* AEAD ciphers put their tag behind the private part [PROTOCOL.key]. */
	if (has_tag(k.cipher) && !pqm_cur_skip(&c, 16))
		return pqm_fail(
			err, PQM_EPARSE, "OpenSSH private key: no room for the cipher's tag");
	if (private.n < 8 || (is_whole && pqm_cur_left(&c) > 0))
		return pqm_fail(err, PQM_EPARSE,
			"OpenSSH private key: private part of %zu bytes, %zu left over", private.n,
			pqm_cur_left(&c));
	st = pqm_ssh_blob(&k.key, public, err);
	if (st != PQM_OK)
		return st;
	k.total = b.n - pqm_cur_left(&c);
	*out = k;
	return PQM_OK;
}

static bool is_base64(uint8_t c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
		c == '+' || c == '/' || c == '=';
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

/* True when a key type may start at off: the byte before is not part of a longer word. In JSON and
 * shell strings the byte before may be the n of an escaped line feed. */
static bool is_word_start(pqm_bytes text, size_t off)
{
	if (off == 0 || !is_type_char(text.p[off - 1]))
		return true;
	return off >= 2 && text.p[off - 2] == '\\' &&
		(text.p[off - 1] == 'n' || text.p[off - 1] == 'r' || text.p[off - 1] == 't');
}

/* Start of the line that holds off; an escaped line feed counts. */
static size_t line_start(pqm_bytes text, size_t off)
{
	size_t floor = off > PQM_SSH_LINE_BYTES ? off - PQM_SSH_LINE_BYTES : 0;

	while (off > floor && text.p[off - 1] != '\n' && text.p[off - 1] != '\r') {
		if (off >= 2 && text.p[off - 1] == 'n' && text.p[off - 2] == '\\')
			break;
		off--;
	}
	return off;
}

/* A pattern list of known_hosts: one word with a dot, comma, bracket or port in it. A word with an @ is a
 * principal of allowed_signers. */
static bool is_host_word(pqm_bytes w)
{
	bool has_mark = false;

	if (pqm_starts(w, PQM_LIT("|1|")))
		return true;
	if (w.n == 0 || w.p[w.n - 1] == ':')
		return false;
	for (size_t i = 0; i < w.n; i++) {
		uint8_t c = w.p[i];

		if (c == '@' || (!is_type_char(c) && strchr(",[]:*?!%", c) == NULL))
			return false;
		has_mark = has_mark || c == '.' || c == ',' || c == '[' || c == ':' || c == '*';
	}
	return has_mark;
}

enum pqm_ssh_place pqm_ssh_place_at(pqm_bytes text, size_t off)
{
	size_t from = line_start(text, off);
	pqm_bytes before = pqm_trim(pqm_sub(text, from, off - from));

	if (before.n > 0 && before.p[0] == '#')
		return PQM_SSH_REMARK;
	if (pqm_starts(before, PQM_LIT("@cert-authority ")) ||
		pqm_starts(before, PQM_LIT("@cert-authority\t")) ||
		pqm_starts(before, PQM_LIT("@revoked ")) ||
		pqm_starts(before, PQM_LIT("@revoked\t")))
		return PQM_SSH_HOST;
	return is_host_word(before) ? PQM_SSH_HOST : PQM_SSH_USER;
}

bool pqm_ssh_line_at(struct pqm_ssh_line *out, pqm_bytes text, size_t blob_off)
{
	struct pqm_ssh_line l = { 0 };
	size_t at = blob_off, end = blob_off, type_end;

	if (blob_off >= text.n)
		return false;
	while (at > 0 && blob_off - at < PQM_SSH_TYPE_BYTES && is_blank(text.p[at - 1]))
		at--;
	type_end = at;
	while (at > 0 && type_end - at < PQM_SSH_TYPE_BYTES && is_type_char(text.p[at - 1]) &&
		!(is_word_start(text, at) && at != type_end))
		at--;
	if (at == type_end || type_end == blob_off || !is_word_start(text, at))
		return false;
	while (end < text.n && end - blob_off <= PQM_SSH_BLOB_BYTES / 3 * 4 + 4 &&
		is_base64(text.p[end]))
		end++;
	if (end < text.n && (is_base64(text.p[end]) || is_type_char(text.p[end])))
		return false;
	l.off = at;
	l.type = pqm_sub(text, at, type_end - at);
	l.base64 = pqm_sub(text, blob_off, end - blob_off);
	if (end < text.n && is_blank(text.p[end])) {
		size_t stop = end;

		while (stop < text.n && stop - end < PQM_SSH_COMMENT_BYTES &&
			text.p[stop] >= 0x20 && text.p[stop] != '"' && text.p[stop] != '\\')
			stop++;
		l.comment = pqm_trim(pqm_sub(text, end, stop - end));
	}
	*out = l;
	return true;
}
