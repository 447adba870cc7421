#include "base/limits.h"
#include "tls.h"
#include "tls_ext.h"

/* ---- extensions ---- */

#define NO_EXTENSION 0xffff

struct extensions {
	struct pqm_cur c;
	const char *message; /* for the words */
	uint16_t seen[PQM_TLS_EXTENSIONS];
	size_t n;
};

/* The next extension. *st is PQM_OK at the end of the block, too. */
static bool next_ext(
	struct extensions *x, uint16_t *type, pqm_bytes *body, enum pqm_st *st, struct pqm_err *err)
{
	*st = PQM_OK;
	if (pqm_cur_left(&x->c) == 0)
		return false;
	if (!pqm_cur_u16be(&x->c, type) || !pqm_cur_vec16(&x->c, body)) {
		*st = pqm_fail(err, PQM_EPARSE, "%s: extension %zu runs past the end", x->message,
			x->n + 1);
		return false;
	}
	for (size_t i = 0; i < x->n; i++)
		if (x->seen[i] == *type) {
			*st = pqm_fail(
				err, PQM_EPARSE, "%s: extension %u twice", x->message, *type);
			return false;
		}
	if (x->n == PQM_TLS_EXTENSIONS) {
		*st = pqm_fail(err, PQM_EPARSE, "%s: more than %d extensions", x->message,
			PQM_TLS_EXTENSIONS);
		return false;
	}
	x->seen[x->n++] = *type;
	return true;
}

static enum pqm_st bad_ext(const char *message, uint16_t type, pqm_bytes body, struct pqm_err *err)
{
	return pqm_fail(
		err, PQM_EPARSE, "%s: malformed extension %u of %zu bytes", message, type, body.n);
}

static bool is_empty(pqm_bytes b)
{
	return b.n == 0;
}

static bool is_u8(pqm_bytes b, uint8_t *out)
{
	struct pqm_cur c = pqm_cur_of(b);

	return b.n == 1 && pqm_cur_u8(&c, out);
}

static bool is_u16(pqm_bytes b, uint16_t *out)
{
	struct pqm_cur c = pqm_cur_of(b);

	return b.n == 2 && pqm_cur_u16be(&c, out);
}

/* Nothing but one vector, of one byte at least. */
static bool is_vec16(pqm_bytes b, pqm_bytes *out)
{
	struct pqm_cur c = pqm_cur_of(b);

	return pqm_cur_vec16(&c, out) && pqm_cur_left(&c) == 0 && out->n > 0;
}

/* ProtocolNameList of exactly one name [RFC7301 §3.1]. */
static bool is_alpn(pqm_bytes b, pqm_bytes *out)
{
	struct pqm_cur c;
	pqm_bytes list;

	if (!is_vec16(b, &list))
		return false;
	c = pqm_cur_of(list);
	return pqm_cur_vec8(&c, out) && pqm_cur_left(&c) == 0 && out->n > 0;
}

/* Codes of 16 bits; an odd length is malformed. */
static bool is_codes(pqm_bytes list, struct pqm_tls_codes *out)
{
	struct pqm_cur c = pqm_cur_of(list);
	uint16_t code;

	*out = (struct pqm_tls_codes){ .is_cut = list.n / 2 > PQM_TLS_LIST_MAX };
	while (pqm_cur_u16be(&c, &code))
		if (out->n < PQM_TLS_LIST_MAX)
			out->code[out->n++] = code;
	return pqm_cur_left(&c) == 0;
}

static bool is_codes_ext(pqm_bytes b, struct pqm_tls_codes *out)
{
	pqm_bytes list;

	return is_vec16(b, &list) && is_codes(list, out);
}

/* ---- ServerHello ---- */

/* SHA-256 of "HelloRetryRequest" [RFC8446 §4.1.3]. */
static const uint8_t hrr_random[32] = { 0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d,
	0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07,
	0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c };

static bool hello_key_share(struct pqm_tls_server_hello *h, pqm_bytes body)
{
	struct pqm_cur c = pqm_cur_of(body);

	h->has_group = true;
	if (h->is_hrr)
		return is_u16(body, &h->group);
	return pqm_cur_u16be(&c, &h->group) && pqm_cur_vec16(&c, &h->share) &&
		pqm_cur_left(&c) == 0 && h->share.n > 0;
}

/* renegotiated_connection is empty in a first handshake [RFC5746 §3.4]. */
static bool is_renegotiation(pqm_bytes body)
{
	return body.n == 1 && body.p[0] == 0;
}

static bool is_point_formats(pqm_bytes body)
{
	struct pqm_cur c = pqm_cur_of(body);
	pqm_bytes list;

	return pqm_cur_vec8(&c, &list) && pqm_cur_left(&c) == 0 && list.n > 0;
}

static bool hello_ext_13(
	struct pqm_tls_server_hello *h, uint16_t type, pqm_bytes body, bool *is_known)
{
	switch (type) {
	case EXT_VERSIONS:
		return is_u16(body, &h->version);
	case EXT_KEY_SHARE:
		return hello_key_share(h, body);
	case EXT_COOKIE:
		*is_known = h->is_hrr;
		return is_vec16(body, &h->cookie);
	case EXT_PSK:
		h->has_psk = true;
		return is_u16(body, &h->psk);
	default:
		*is_known = false;
		return true;
	}
}

static bool hello_ext(struct pqm_tls_server_hello *h, uint16_t type, pqm_bytes body)
{
	bool is_known = true, is_good;
	uint8_t mode;

	switch (type) {
	case EXT_EMS:
		h->ems = true;
		return is_empty(body);
	case EXT_TICKET:
		h->ticket = true;
		return is_empty(body);
	case EXT_STATUS:
		h->status = true;
		return is_empty(body);
	case EXT_RENEGOTIATION:
		h->renegotiation = true;
		return is_renegotiation(body);
	case EXT_HEARTBEAT:
		h->heartbeat = true;
		return is_u8(body, &mode);
	case EXT_ALPN:
		return is_alpn(body, &h->alpn);
	case EXT_POINT_FORMATS:
		return is_point_formats(body);
	/* What they say is of no use here. */
	case EXT_SNI:
	case EXT_GROUPS:
	case EXT_SCT:
	case EXT_SERVER_CERT_TYPE:
		return true;
	default:
		break;
	}
	is_good = hello_ext_13(h, type, body, &is_known);
	if (!is_known && h->unasked == NO_EXTENSION)
		h->unasked = type;
	return is_good;
}

static enum pqm_st hello_extensions(
	struct pqm_tls_server_hello *h, pqm_bytes block, const char *message, struct pqm_err *err)
{
	struct extensions x = { .c = pqm_cur_of(block), .message = message };
	uint16_t type;
	pqm_bytes body;
	enum pqm_st st;

	while (next_ext(&x, &type, &body, &st, err))
		if (!hello_ext(h, type, body))
			return bad_ext(message, type, body, err);
	h->n_extensions = x.n;
	return st;
}

/* TLS and SSL 3.0, drafts of TLS 1.3, DTLS: which of them was asked for the caller knows. */
static bool is_version(uint16_t v)
{
	return (v >> 8) == 3 || (v >> 8) == 0x7f || (v >> 8) == 0xfe;
}

static bool has_marker(pqm_bytes random)
{
	return pqm_starts(pqm_sub(random, 24, 7), PQM_LIT("DOWNGRD")) && random.p[31] <= 1;
}

enum pqm_st pqm_tls_server_hello(
	struct pqm_tls_server_hello *out, pqm_bytes body, struct pqm_err *err)
{
	struct pqm_tls_server_hello h = { .unasked = NO_EXTENSION };
	struct pqm_cur c = pqm_cur_of(body);
	const char *message = "ServerHello";
	pqm_bytes block = { NULL, 0 };
	enum pqm_st st;

	if (!pqm_cur_u16be(&c, &h.legacy_version) || !pqm_cur_take(&c, 32, &h.random) ||
		!pqm_cur_vec8(&c, &h.session_id) || !pqm_cur_u16be(&c, &h.suite) ||
		!pqm_cur_u8(&c, &h.compression))
		return pqm_fail(err, PQM_EPARSE, "%s: ends after %zu bytes", message, body.n);
	if (!is_version(h.legacy_version))
		return pqm_fail(err, PQM_EPARSE, "%s: version %04x", message, h.legacy_version);
	if (h.session_id.n > 32)
		return pqm_fail(
			err, PQM_EPARSE, "%s: session id of %zu bytes", message, h.session_id.n);
	h.version = h.legacy_version;
	h.is_hrr = memcmp(h.random.p, hrr_random, 32) == 0;
	if (h.is_hrr)
		message = "HelloRetryRequest";
	h.has_downgrade_marker = has_marker(h.random);
	/* Before extensions were, a hello ended here [RFC5246 §7.4.1.3]. */
	if (pqm_cur_left(&c) > 0 && (!pqm_cur_vec16(&c, &block) || pqm_cur_left(&c) != 0))
		return pqm_fail(err, PQM_EPARSE,
			"%s: extensions do not end with the message of %zu bytes", message, body.n);
	st = hello_extensions(&h, block, message, err);
	if (st != PQM_OK)
		return st;
	if (!is_version(h.version))
		return pqm_fail(err, PQM_EPARSE, "%s: version %04x", message, h.version);
	*out = h;
	return PQM_OK;
}

/* ---- EncryptedExtensions ---- */

static bool ee_ext(struct pqm_tls_ee *e, uint16_t type, pqm_bytes body)
{
	uint8_t value;

	switch (type) {
	case EXT_SNI:
		e->sni_ack = true;
		return is_empty(body);
	case EXT_GROUPS:
		e->has_groups = true;
		return is_codes_ext(body, &e->groups);
	case EXT_ALPN:
		return is_alpn(body, &e->alpn);
	case EXT_CLIENT_CERT_TYPE:
		e->client_cert_type = true;
		return is_u8(body, &value);
	case EXT_SERVER_CERT_TYPE:
		e->server_cert_type = true;
		return is_u8(body, &e->server_cert_type_value);
	case EXT_RECORD_SIZE:
		return is_u16(body, &e->record_size_limit);
	case EXT_EARLY_DATA:
		e->early_data = true;
		return is_empty(body);
	case EXT_QUIC:
		e->quic_params = body;
		return true;
	default:
		return true;
	}
}

enum pqm_st pqm_tls_ee(struct pqm_tls_ee *out, pqm_bytes body, struct pqm_err *err)
{
	struct pqm_tls_ee e = { 0 };
	struct pqm_cur c = pqm_cur_of(body);
	struct extensions x = { .message = "EncryptedExtensions" };
	pqm_bytes block;
	uint16_t type;
	enum pqm_st st;

	if (!pqm_cur_vec16(&c, &block) || pqm_cur_left(&c) != 0)
		return pqm_fail(err, PQM_EPARSE,
			"%s: extensions do not end with the message of %zu bytes", x.message,
			body.n);
	x.c = pqm_cur_of(block);
	while (next_ext(&x, &type, &body, &st, err))
		if (!ee_ext(&e, type, body))
			return bad_ext(x.message, type, body, err);
	if (st == PQM_OK)
		*out = e;
	return st;
}

/* ---- Certificate ---- */

static enum pqm_st entry_extensions(struct pqm_tls_certs *o, pqm_bytes block, struct pqm_err *err)
{
	struct extensions x = { .c = pqm_cur_of(block), .message = "Certificate" };
	uint16_t type;
	pqm_bytes body;
	enum pqm_st st;

	while (next_ext(&x, &type, &body, &st, err)) {
		o->has_ocsp |= type == EXT_STATUS;
		o->has_sct |= type == EXT_SCT;
	}
	return st;
}

static enum pqm_st entries(struct pqm_tls_certs *o, pqm_bytes list, bool is_13, struct pqm_err *err)
{
	struct pqm_cur c = pqm_cur_of(list);
	enum pqm_st st;

	while (pqm_cur_left(&c) > 0) {
		pqm_bytes der, block = { NULL, 0 };

		if (!pqm_cur_vec24(&c, &der) || (is_13 && !pqm_cur_vec16(&c, &block)))
			return pqm_fail(err, PQM_EPARSE,
				"Certificate: entry %zu runs past the list of %zu bytes",
				o->n_sent + 1, list.n);
		if (der.n == 0)
			return pqm_fail(
				err, PQM_EPARSE, "Certificate: entry %zu is empty", o->n_sent + 1);
		st = entry_extensions(o, block, err);
		if (st != PQM_OK)
			return st;
		if (o->n < PQM_TLS_CERTS_MAX)
			o->der[o->n++] = der;
		o->n_sent++;
	}
	return PQM_OK;
}

/* In TLS 1.2 a raw key stands where the list would [RFC7250 §3]. It cannot be mistaken: read as a
 * list, its SEQUENCE tag is the first byte of an entry of three megabytes. */
static bool is_bare_key(pqm_bytes list, bool is_13)
{
	return !is_13 && list.n < 0x300000 && list.p[0] == 0x30;
}

enum pqm_st pqm_tls_certificate(
	struct pqm_tls_certs *out, pqm_bytes body, bool is_13, struct pqm_err *err)
{
	struct pqm_tls_certs o = { 0 };
	struct pqm_cur c = pqm_cur_of(body);
	pqm_bytes context = { NULL, 0 }, list;
	enum pqm_st st = PQM_OK;

	if ((is_13 && !pqm_cur_vec8(&c, &context)) || !pqm_cur_vec24(&c, &list) ||
		pqm_cur_left(&c) != 0)
		return pqm_fail(err, PQM_EPARSE,
			"Certificate: the list does not end with the message of %zu bytes", body.n);
	if (context.n > 0)
		return pqm_fail(err, PQM_EPARSE, "Certificate: context of %zu bytes from a server",
			context.n);
	if (list.n == 0)
		return pqm_fail(err, PQM_EPARSE, "Certificate: empty list");
	if (is_bare_key(list, is_13)) {
		o.is_raw_key = true;
		o.der[o.n++] = list;
		o.n_sent = 1;
	} else {
		st = entries(&o, list, is_13, err);
	}
	if (st == PQM_OK)
		*out = o;
	return st;
}

/* ---- CertificateRequest ---- */

static bool is_12(uint16_t version)
{
	return version == PQM_TLS12 || version == PQM_DTLS12;
}

static bool is_13(uint16_t version)
{
	return version == PQM_TLS13 || version == PQM_DTLS13 || (version >> 8) == 0x7f;
}

/* Distinguished names, each behind its length; may be none [RFC5246 §7.4.4]. */
static bool request_names(struct pqm_tls_cert_request *r, pqm_bytes names)
{
	struct pqm_cur c = pqm_cur_of(names);
	pqm_bytes name = { NULL, 0 };

	while (pqm_cur_vec16(&c, &name) && name.n > 0)
		r->n_names++;
	r->names = names;
	return pqm_cur_left(&c) == 0 && (names.n == 0 || name.n > 0);
}

static enum pqm_st request_13(struct pqm_tls_cert_request *r, struct pqm_cur c, struct pqm_err *err)
{
	struct extensions x = { .message = "CertificateRequest" };
	pqm_bytes block, body, names;
	uint16_t type;
	enum pqm_st st;

	if (!pqm_cur_vec8(&c, &r->context) || !pqm_cur_vec16(&c, &block) || pqm_cur_left(&c) != 0)
		return pqm_fail(
			err, PQM_EPARSE, "%s: extensions do not end with the message", x.message);
	x.c = pqm_cur_of(block);
	while (next_ext(&x, &type, &body, &st, err)) {
		if (type == EXT_SCHEMES && !is_codes_ext(body, &r->schemes))
			return bad_ext(x.message, type, body, err);
		if (type == EXT_AUTHORITIES &&
			(!is_vec16(body, &names) || !request_names(r, names)))
			return bad_ext(x.message, type, body, err);
	}
	return st;
}

static enum pqm_st request_12(
	struct pqm_tls_cert_request *r, struct pqm_cur c, bool has_schemes, struct pqm_err *err)
{
	pqm_bytes types, schemes = { NULL, 0 }, names;

	if (!pqm_cur_vec8(&c, &types) || (has_schemes && !pqm_cur_vec16(&c, &schemes)) ||
		!pqm_cur_vec16(&c, &names) || pqm_cur_left(&c) != 0)
		return pqm_fail(
			err, PQM_EPARSE, "CertificateRequest: lists do not end with the message");
	if (types.n == 0 || !is_codes(schemes, &r->schemes) || !request_names(r, names))
		return pqm_fail(err, PQM_EPARSE, "CertificateRequest: malformed list");
	r->n_types = types.n < sizeof(r->types) ? types.n : sizeof(r->types);
	memcpy(r->types, types.p, r->n_types);
	return PQM_OK;
}

enum pqm_st pqm_tls_cert_request(
	struct pqm_tls_cert_request *out, pqm_bytes body, uint16_t version, struct pqm_err *err)
{
	struct pqm_tls_cert_request r = { 0 };
	enum pqm_st st = is_13(version) ? request_13(&r, pqm_cur_of(body), err)
					: request_12(&r, pqm_cur_of(body), is_12(version), err);

	if (st == PQM_OK)
		*out = r;
	return st;
}

/* ---- the rest of TLS 1.3 ---- */

static enum pqm_st ticket_13(struct pqm_tls_ticket *t, struct pqm_cur c, struct pqm_err *err)
{
	struct extensions x = { .message = "NewSessionTicket" };
	pqm_bytes block, body;
	uint16_t type;
	enum pqm_st st;

	if (!pqm_cur_u32be(&c, &t->lifetime_s) || !pqm_cur_u32be(&c, &t->age_add) ||
		!pqm_cur_vec8(&c, &t->nonce) || !pqm_cur_vec16(&c, &t->ticket) ||
		t->ticket.n == 0 || !pqm_cur_vec16(&c, &block) || pqm_cur_left(&c) != 0)
		return pqm_fail(
			err, PQM_EPARSE, "%s: fields do not end with the message", x.message);
	x.c = pqm_cur_of(block);
	while (next_ext(&x, &type, &body, &st, err)) {
		struct pqm_cur e = pqm_cur_of(body);

		if (type != EXT_EARLY_DATA)
			continue;
		if (body.n != 4 || !pqm_cur_u32be(&e, &t->max_early_data))
			return bad_ext(x.message, type, body, err);
		t->has_early_data = true;
	}
	return st;
}

enum pqm_st pqm_tls_ticket(
	struct pqm_tls_ticket *out, pqm_bytes body, bool is_13, struct pqm_err *err)
{
	struct pqm_tls_ticket t = { 0 };
	struct pqm_cur c = pqm_cur_of(body);
	enum pqm_st st = PQM_OK;

	if (is_13)
		st = ticket_13(&t, c, err);
	else if (!pqm_cur_u32be(&c, &t.lifetime_s) || !pqm_cur_vec16(&c, &t.ticket) ||
		pqm_cur_left(&c) != 0) /* [RFC5077 §3.3] */
		st = pqm_fail(
			err, PQM_EPARSE, "NewSessionTicket: fields do not end with the message");
	if (st == PQM_OK)
		*out = t;
	return st;
}

enum pqm_st pqm_tls_cert_verify(
	uint16_t *scheme, pqm_bytes *signature, pqm_bytes body, struct pqm_err *err)
{
	struct pqm_cur c = pqm_cur_of(body);
	uint16_t s;
	pqm_bytes sig;

	if (!pqm_cur_u16be(&c, &s) || !pqm_cur_vec16(&c, &sig) || pqm_cur_left(&c) != 0)
		return pqm_fail(err, PQM_EPARSE,
			"CertificateVerify: the signature does not end with the message of %zu "
			"bytes",
			body.n);
	*scheme = s;
	*signature = sig;
	return PQM_OK;
}
