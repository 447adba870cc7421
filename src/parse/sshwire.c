#include "sshwire.h"

#include "base/limits.h"
#include "der.h"
#include "pubkey.h"
#include "spki.h"
#include "ssh.h"

#define CERT_SUFFIX "-cert-v01@openssh.com"

static enum pqm_ssh_got bad(struct pqm_err *err, const char *what)
{
	(void)pqm_fail(err, PQM_EPARSE, "SSH: %s", what);
	return PQM_SSH_BAD;
}

/* ---- identification ---- */

/* "SSH-protoversion-softwareversion SP comments" [RFC4253 §4.2]. */
static bool split_ident(struct pqm_ssh_ident *out, pqm_bytes line)
{
	size_t dash = pqm_find_byte(line, 4, '-'), space;

	if (dash == SIZE_MAX || dash == 4)
		return false;
	for (size_t i = 0; i < line.n; i++)
		if (line.p[i] < 0x20 || line.p[i] == 0x7f)
			return false;
	out->line = line;
	out->version = pqm_sub(line, 4, dash - 4);
	space = pqm_find_byte(line, dash, ' ');
	out->software = pqm_sub(line, dash + 1, space == SIZE_MAX ? line.n : space - dash - 1);
	out->comment =
		space == SIZE_MAX ? (pqm_bytes){ NULL, 0 } : pqm_trim(pqm_sub(line, space, line.n));
	return true;
}

enum pqm_ssh_got pqm_ssh_ident(struct pqm_ssh_ident *out, pqm_bytes in, struct pqm_err *err)
{
	size_t at = 0;

	for (;;) {
		size_t nl = pqm_find_byte(in, at, '\n');
		pqm_bytes line = pqm_sub(in, at, nl - at);
		bool is_ident = pqm_starts(line, PQM_LIT("SSH-"));

		if (is_ident && line.n > PQM_SSH_IDENT_BYTES)
			return bad(err, "an identification line without end");
		if (at + (is_ident ? 0 : line.n) > PQM_SSH_PREFACE_BYTES)
			return bad(err, "text without end before the identification line");
		if (nl == SIZE_MAX)
			return PQM_SSH_MORE;
		if (line.n > 0 && line.p[line.n - 1] == '\r')
			line.n--;
		if (is_ident) {
			struct pqm_ssh_ident t = { .preface = pqm_trim(pqm_sub(in, 0, at)),
				.total = nl + 1 };

			if (!split_ident(&t, line))
				return bad(err, "a malformed identification line");
			*out = t;
			return PQM_SSH_GOT;
		}
		at = nl + 1;
	}
}

bool pqm_ssh_is_2(const struct pqm_ssh_ident *i)
{
	return pqm_eqs(i->version, "2.0") || pqm_eqs(i->version, "1.99");
}

/* ---- packets ---- */

enum pqm_ssh_got pqm_ssh_packet(struct pqm_ssh_packet *out, pqm_bytes in, struct pqm_err *err)
{
	struct pqm_cur c = pqm_cur_of(in);
	uint8_t padding;
	uint32_t n;

	if (!pqm_cur_u32be(&c, &n))
		return PQM_SSH_MORE;
	if (n > PQM_SSH_PACKET_BYTES) {
		(void)pqm_fail(err, PQM_ELIMIT, "SSH: a packet of %u bytes, over the limit of %zu",
			(unsigned)n, PQM_SSH_PACKET_BYTES);
		return PQM_SSH_BAD;
	}
	/* Length, padding and payload fill blocks of 8 bytes [RFC4253 §6]; some servers do not, and nobody
	 * minds before there is a cipher. */
	if (n < 1 + 4 + 1)
		return bad(err, "a packet without room for a message");
	if (pqm_cur_left(&c) < n)
		return PQM_SSH_MORE;
	(void)pqm_cur_u8(&c, &padding);
	if (padding < 4 || padding >= n - 1)
		return bad(err, "a packet with impossible padding");
	out->payload = (pqm_bytes){ c.p, n - 1u - padding };
	out->total = 4 + (size_t)n;
	return PQM_SSH_GOT;
}

/* Names are printable US-ASCII without comma, at most 64 of them [RFC4251 §6]; twice that is let
 * through. */
static bool is_name_list(pqm_bytes list)
{
	size_t n_names = list.n == 0 ? 0 : 1, length = 0;

	for (size_t i = 0; i < list.n; i++) {
		uint8_t c = list.p[i];

		if (c == ',') {
			if (length == 0 || ++n_names > PQM_SSH_NAMES)
				return false;
			length = 0;
		} else if (c <= 0x20 || c >= 0x7f || ++length > 2 * PQM_SSH_TYPE_BYTES)
			return false;
	}
	return list.n == 0 || length > 0;
}

static enum pqm_st refuse(struct pqm_err *err, const char *message, const char *what)
{
	return pqm_fail(err, PQM_EPARSE, "SSH %s: %s", message, what);
}

enum pqm_st pqm_ssh_kexinit(struct pqm_ssh_kexinit *out, pqm_bytes payload, struct pqm_err *err)
{
	struct pqm_cur c = pqm_cur_of(payload);
	struct pqm_ssh_kexinit k = { 0 };
	uint8_t type, follows;
	uint32_t reserved;

	if (!pqm_cur_u8(&c, &type) || type != PQM_SSH_KEXINIT || !pqm_cur_take(&c, 16, &k.cookie))
		return refuse(err, "KEXINIT", "truncated");
	for (size_t i = 0; i < PQM_SSH_LISTS; i++) {
		if (!pqm_cur_vec32(&c, &k.list[i]))
			return refuse(err, "KEXINIT", "a list overruns the message");
		if (!is_name_list(k.list[i]))
			return refuse(err, "KEXINIT", "a malformed list of names");
	}
	if (!pqm_cur_u8(&c, &follows) || !pqm_cur_u32be(&c, &reserved))
		return refuse(err, "KEXINIT", "truncated");
	if (pqm_cur_left(&c) > 0)
		return refuse(err, "KEXINIT", "bytes behind the message");
	k.first_follows = follows != 0;
	*out = k;
	return PQM_OK;
}

bool pqm_ssh_lists(pqm_bytes list, const char *name)
{
	pqm_bytes one;

	while (pqm_split(&list, ',', &one))
		if (pqm_eqs(one, name))
			return true;
	return false;
}

enum pqm_st pqm_ssh_reply(struct pqm_ssh_reply *out, pqm_bytes payload, struct pqm_err *err)
{
	struct pqm_cur c = pqm_cur_of(payload);
	struct pqm_ssh_reply r;
	uint8_t type;

	if (!pqm_cur_u8(&c, &type) || !pqm_cur_vec32(&c, &r.host_key) ||
		!pqm_cur_vec32(&c, &r.share) || !pqm_cur_vec32(&c, &r.signature))
		return refuse(err, "key exchange reply", "truncated");
	if (pqm_cur_left(&c) > 0)
		return refuse(err, "key exchange reply", "bytes behind the message");
	if (r.host_key.n == 0 || r.share.n == 0)
		return refuse(err, "key exchange reply", "an empty part");
	*out = r;
	return PQM_OK;
}

enum pqm_st pqm_ssh_gex_group(pqm_bytes *p, pqm_bytes *g, pqm_bytes payload, struct pqm_err *err)
{
	struct pqm_cur c = pqm_cur_of(payload);
	pqm_bytes prime, generator;
	uint8_t type;

	if (!pqm_cur_u8(&c, &type) || !pqm_ssh_mpint(&c, &prime) ||
		!pqm_ssh_mpint(&c, &generator) || pqm_cur_left(&c) > 0)
		return refuse(err, "group exchange", "a malformed group");
	*p = prime;
	*g = generator;
	return PQM_OK;
}

enum pqm_st pqm_ssh_bye(struct pqm_ssh_bye *out, pqm_bytes payload, struct pqm_err *err)
{
	struct pqm_cur c = pqm_cur_of(payload);
	struct pqm_ssh_bye b;
	uint8_t type;

	/* The language tag behind the text is left out by some. */
	if (!pqm_cur_u8(&c, &type) || !pqm_cur_u32be(&c, &b.reason) || !pqm_cur_vec32(&c, &b.text))
		return refuse(err, "DISCONNECT", "truncated");
	*out = b;
	return PQM_OK;
}

/* ---- keys and signatures as X.509 has them ---- */

bool pqm_ssh_signature(pqm_bytes *algorithm, struct pqm_buf *der, pqm_bytes signature)
{
	struct pqm_cur c = pqm_cur_of(signature), in;
	pqm_bytes name, body, r, s;

	if (!pqm_cur_vec32(&c, &name) || !pqm_cur_vec32(&c, &body) || pqm_cur_left(&c) > 0)
		return false;
	*algorithm = name;
	if (!pqm_starts(name, PQM_LIT("ecdsa-sha2-")))
		return pqm_buf_add(der, body);
	struct pqm_buf ints;
	bool ok;

	in = pqm_cur_of(body);
	if (!pqm_ssh_mpint(&in, &r) || !pqm_ssh_mpint(&in, &s) || pqm_cur_left(&in) > 0)
		return false;
	pqm_buf_init(&ints, 1024);
	pqm_der_put_uint(&ints, r);
	pqm_der_put_uint(&ints, s);
	ok = !ints.failed;
	if (ok)
		pqm_der_put(der, PQM_DER_SEQ, pqm_buf_bytes(&ints));
	pqm_buf_fini(&ints);
	return ok && !der->failed;
}

/* SEQUENCE { SEQUENCE { oid, params }, BIT STRING key }; consumes both buffers. */
static bool put_spki(
	struct pqm_buf *out, const char *oid, struct pqm_buf *params, struct pqm_buf *key)
{
	struct pqm_buf alg, body, bits;
	bool ok;

	pqm_buf_init(&alg, 256);
	pqm_buf_init(&body, PQM_SSH_BLOB_BYTES);
	pqm_buf_init(&bits, PQM_SSH_BLOB_BYTES);
	ok = pqm_der_put_oid(&alg, oid) && pqm_buf_add(&alg, pqm_buf_bytes(params)) &&
		pqm_buf_byte(&bits, 0) && pqm_buf_add(&bits, pqm_buf_bytes(key));
	if (ok) {
		pqm_der_put(&body, PQM_DER_SEQ, pqm_buf_bytes(&alg));
		pqm_der_put(&body, PQM_DER_BITS, pqm_buf_bytes(&bits));
		pqm_der_put(out, PQM_DER_SEQ, pqm_buf_bytes(&body));
		ok = !body.failed && !out->failed;
	}
	pqm_buf_fini(&bits);
	pqm_buf_fini(&body);
	pqm_buf_fini(&alg);
	return ok && !params->failed && !key->failed;
}

static bool put_rsa(struct pqm_cur *c, struct pqm_buf *params, struct pqm_buf *key)
{
	struct pqm_buf ints;
	pqm_bytes e, n;

	if (!pqm_ssh_mpint(c, &e) || !pqm_ssh_mpint(c, &n))
		return false;
	pqm_buf_init(&ints, PQM_SSH_BLOB_BYTES);
	pqm_der_put_uint(&ints, n);
	pqm_der_put_uint(&ints, e);
	key->failed = ints.failed;
	if (!key->failed)
		pqm_der_put(key, PQM_DER_SEQ, pqm_buf_bytes(&ints));
	pqm_buf_fini(&ints);
	pqm_der_put(params, PQM_DER_NULL, (pqm_bytes){ NULL, 0 });
	return true;
}

static bool put_ec(struct pqm_cur *c, struct pqm_buf *params, struct pqm_buf *key)
{
	const struct pqm_curve *curve;
	pqm_bytes name, point;

	if (!pqm_cur_vec32(c, &name) || !pqm_cur_vec32(c, &point))
		return false;
	curve = pqm_curve_by_ssh(name);
	return curve != NULL && pqm_der_put_oid(params, curve->oid) && pqm_buf_add(key, point);
}

static bool put_raw(struct pqm_cur *c, struct pqm_buf *key)
{
	pqm_bytes raw;

	return pqm_cur_vec32(c, &raw) && pqm_buf_add(key, raw);
}

bool pqm_ssh_spki(struct pqm_buf *out, pqm_bytes blob)
{
	struct pqm_cur c = pqm_cur_of(blob);
	struct pqm_buf params, key;
	const char *oid = NULL;
	pqm_bytes type, nonce;
	bool ok = false;

	if (!pqm_cur_vec32(&c, &type))
		return false;
	if (pqm_ends(type, PQM_LIT(CERT_SUFFIX))) {
		type.n -= sizeof(CERT_SUFFIX) - 1;
		if (!pqm_cur_vec32(&c, &nonce))
			return false;
	}
	pqm_buf_init(&params, 64);
	pqm_buf_init(&key, PQM_SSH_BLOB_BYTES);
	if (pqm_eqs(type, "ssh-rsa") || pqm_eqs(type, "rsa-sha2-256") ||
		pqm_eqs(type, "rsa-sha2-512")) {
		oid = PQM_OID_RSA;
		ok = put_rsa(&c, &params, &key);
	} else if (pqm_starts(type, PQM_LIT("ecdsa-sha2-"))) {
		oid = PQM_OID_EC;
		ok = put_ec(&c, &params, &key);
	} else if (pqm_eqs(type, "ssh-ed25519") || pqm_eqs(type, "ssh-ed448")) {
		oid = pqm_eqs(type, "ssh-ed448") ? PQM_OID_ED448 : PQM_OID_ED25519;
		ok = put_raw(&c, &key);
	}
	ok = ok && put_spki(out, oid, &params, &key);
	pqm_buf_fini(&key);
	pqm_buf_fini(&params);
	return ok;
}

/* ---- builders ---- */

void pqm_ssh_put_u32(struct pqm_buf *out, uint32_t v)
{
	const uint8_t b[4] = { (uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8),
		(uint8_t)v };

	(void)pqm_buf_add(out, (pqm_bytes){ b, sizeof(b) });
}

void pqm_ssh_put_string(struct pqm_buf *out, pqm_bytes s)
{
	pqm_ssh_put_u32(out, (uint32_t)s.n);
	(void)pqm_buf_add(out, s);
}

void pqm_ssh_put_mpint(struct pqm_buf *out, pqm_bytes magnitude)
{
	while (magnitude.n > 0 && magnitude.p[0] == 0)
		magnitude = pqm_sub(magnitude, 1, magnitude.n);
	bool is_high = magnitude.n > 0 && (magnitude.p[0] & 0x80) != 0;

	pqm_ssh_put_u32(out, (uint32_t)(magnitude.n + (is_high ? 1 : 0)));
	if (is_high)
		(void)pqm_buf_byte(out, 0);
	(void)pqm_buf_add(out, magnitude);
}

void pqm_ssh_put_packet(struct pqm_buf *out, pqm_bytes payload)
{
	static const uint8_t zeros[16];
	size_t padding = 8 - (5 + payload.n) % 8;

	if (padding < 4)
		padding += 8;
	pqm_ssh_put_u32(out, (uint32_t)(1 + payload.n + padding));
	(void)pqm_buf_byte(out, (uint8_t)padding);
	(void)pqm_buf_add(out, payload);
	(void)pqm_buf_add(out, (pqm_bytes){ zeros, padding });
}

void pqm_ssh_put_kexinit(struct pqm_buf *out, const struct pqm_ssh_kexinit *k)
{
	(void)pqm_buf_byte(out, PQM_SSH_KEXINIT);
	(void)pqm_buf_add(out, k->cookie);
	for (size_t i = 0; i < PQM_SSH_LISTS; i++)
		pqm_ssh_put_string(out, k->list[i]);
	(void)pqm_buf_byte(out, k->first_follows);
	pqm_ssh_put_u32(out, 0);
}

void pqm_ssh_put_bye(struct pqm_buf *out, uint32_t reason, const char *text)
{
	(void)pqm_buf_byte(out, PQM_SSH_DISCONNECT);
	pqm_ssh_put_u32(out, reason);
	pqm_ssh_put_string(out, pqm_str(text));
	pqm_ssh_put_string(out, (pqm_bytes){ NULL, 0 });
}
