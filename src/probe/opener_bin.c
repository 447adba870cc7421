#include "base/cur.h"
#include "probe/opener.h"

#define NOTHING ((pqm_bytes){ NULL, 0 })

/* ---- LDAP: extended request 1.3.6.1.4.1.1466.20037 [RFC4511 §4.14] ---- */

static const char ldap_request[] = "\x30\x1d\x02\x01\x01\x77\x18\x80\x16"
				   "1.3.6.1.4.1.1466.20037";

/* One element of BER with a definite length [RFC4511 §5.1]: 1 read, 0 more bytes needed, -1 never. */
static int ber(struct pqm_cur *c, uint8_t *tag, pqm_bytes *value)
{
	struct pqm_cur at = *c;
	uint8_t first, b;
	size_t n = 0;

	if (!pqm_cur_u8(&at, tag) || !pqm_cur_u8(&at, &first))
		return 0;
	n = first;
	if (first >= 0x80) {
		if (first == 0x80 || first > 0x84)
			return -1;
		n = 0;
		for (unsigned i = first & 0x7fu; i > 0; i--) {
			if (!pqm_cur_u8(&at, &b))
				return 0;
			n = n << 8 | b;
		}
	}
	if (n > OPENER_MESSAGE_BYTES)
		return -1;
	if (!pqm_cur_take(&at, n, value))
		return 0;
	*c = at;
	return 1;
}

static enum opener_step ldap_result(struct opener *o, pqm_bytes message)
{
	struct pqm_cur c = pqm_cur_of(message), body;
	pqm_bytes v, dn, text = NOTHING;
	char what[64];
	uint8_t tag;

	if (ber(&c, &tag, &v) != 1 || tag != 0x02 || ber(&c, &tag, &v) != 1 || tag != 0x78)
		return probe_opener_garbage(o, "not an LDAP extended response", NOTHING);
	body = pqm_cur_of(v);
	if (ber(&body, &tag, &v) != 1 || tag != 0x0a || v.n != 1 || ber(&body, &tag, &dn) != 1 ||
		ber(&body, &tag, &text) != 1 || tag != 0x04)
		return probe_opener_garbage(o, "not an LDAP result", NOTHING);
	if (v.p[0] == 0)
		return OPENER_READY;
	(void)snprintf(what, sizeof(what), "StartTLS refused with LDAP result %u", v.p[0]);
	return probe_opener_refuse(o, what, text);
}

static enum opener_step ldap(struct opener *o, pqm_bytes in, size_t *used, struct pqm_buf *out)
{
	struct pqm_cur c = pqm_cur_of(in);
	pqm_bytes message;
	uint8_t tag;
	int got;

	(void)out;
	o->phase = "answer to StartTLS";
	if (in.n > 0 && in.p[0] != 0x30)
		return probe_opener_garbage(o, "not LDAP", in);
	got = ber(&c, &tag, &message);
	if (got < 0)
		return probe_opener_garbage(o, "not an LDAP message", NOTHING);
	if (got == 0)
		return OPENER_MORE;
	*used = in.n - pqm_cur_left(&c);
	return ldap_result(o, message);
}

/* ---- PostgreSQL: SSLRequest, one byte back ---- */

static const char postgres_request[] = "\x00\x00\x00\x08\x04\xd2\x16\x2f";

static enum opener_step postgres(struct opener *o, pqm_bytes in, size_t *used, struct pqm_buf *out)
{
	size_t at;

	(void)out;
	o->phase = "answer to SSLRequest";
	if (in.n == 0)
		return OPENER_MORE;
	*used = 1;
	switch (in.p[0]) {
	case 'S':
		return OPENER_READY;
	case 'N':
		return probe_opener_refuse(o, "SSLRequest refused", NOTHING);
	case 'E':
		/* ErrorResponse: fields of a letter and a text; M is the message. The length in front keeps
		 * other protocols' texts out. */
		if (in.n < 5) {
			*used = 0;
			return OPENER_MORE;
		}
		if (in.p[1] != 0)
			break;
		at = pqm_find(in, 5, (pqm_bytes){ (const uint8_t *)"\0M", 2 });
		at = at == SIZE_MAX ? in.n : at + 2;
		*used = in.n;
		return probe_opener_refuse(o, "SSLRequest answered by an error",
			pqm_sub(in, at, pqm_find_byte(in, at, 0) - at));
	default:
		break;
	}
	return probe_opener_garbage(o, "not an answer to SSLRequest", in);
}

/* ---- MySQL, MariaDB: greeting, then SSLRequest [MySQL protocol, HandshakeV10] ---- */

#define MYSQL_SSL 0x0800u

static enum opener_step mysql_greeting(struct opener *o, pqm_bytes payload, struct pqm_buf *out)
{
	/* PROTOCOL_41, SSL, SECURE_CONNECTION; packets of 16 MB; utf8mb4; 23 bytes of zeros */
	static const uint8_t request[36] = { 32, 0, 0, 1, 0x00, 0x8a, 0, 0, 0, 0, 0, 1, 45 };
	size_t nul = pqm_find_byte(payload, 1, 0);
	pqm_bytes caps;

	if (nul == SIZE_MAX)
		return probe_opener_garbage(o, "not a MySQL greeting", NOTHING);
	/* thread id, 8 bytes of the challenge, a filler, then the low half of the capabilities */
	caps = pqm_sub(payload, nul + 1 + 4 + 8 + 1, 2);
	if (caps.n != 2)
		return probe_opener_garbage(o, "a MySQL greeting that is cut short", NOTHING);
	probe_opener_keep(o, pqm_sub(payload, 1, nul - 1));
	if (((unsigned)caps.p[1] << 8 & MYSQL_SSL) == 0)
		return probe_opener_refuse(o, "TLS is not offered", NOTHING);
	(void)pqm_buf_add(out, (pqm_bytes){ request, sizeof(request) });
	return OPENER_READY;
}

static enum opener_step mysql(struct opener *o, pqm_bytes in, size_t *used, struct pqm_buf *out)
{
	pqm_bytes payload;
	size_t n;

	if (in.n < 5)
		return OPENER_MORE;
	n = (size_t)in.p[0] | (size_t)in.p[1] << 8 | (size_t)in.p[2] << 16;
	if (in.p[3] != 0 || n < 3 || n > OPENER_MESSAGE_BYTES ||
		(in.p[4] != 0x0a && in.p[4] != 0xff))
		return probe_opener_garbage(o, "not a MySQL greeting", in);
	if (in.n < 4 + n)
		return OPENER_MORE;
	payload = pqm_sub(in, 4, n);
	*used = 4 + n;
	if (in.p[4] == 0xff) /* too many connections, host not allowed, host blocked */
		return probe_opener_refuse(o, "the greeting refuses", pqm_sub(payload, 3, n));
	return mysql_greeting(o, payload, out);
}

/* ---- RDP: X.224 connection request with RDP_NEG_REQ [MS-RDPBCGR §2.2.1.1] ---- */

static const char rdp_request[] = "\x03\x00\x00\x13\x0e\xe0\x00\x00\x00\x00\x00"
				  "\x01\x00\x08\x00\x03\x00\x00\x00"; /* SSL and HYBRID */

static const char *rdp_failure(uint32_t code)
{
	static const char *const names[] = { "unknown", "SSL_REQUIRED_BY_SERVER",
		"SSL_NOT_ALLOWED_BY_SERVER", "SSL_CERT_NOT_ON_SERVER", "INCONSISTENT_FLAGS",
		"HYBRID_REQUIRED_BY_SERVER", "SSL_WITH_USER_AUTH_REQUIRED_BY_SERVER" };

	return names[code < sizeof(names) / sizeof(names[0]) ? code : 0];
}

static enum opener_step rdp(struct opener *o, pqm_bytes in, size_t *used, struct pqm_buf *out)
{
	size_t n;
	uint32_t value;

	(void)out;
	o->phase = "X.224 confirm";
	if (in.n > 0 && in.p[0] != 3)
		return probe_opener_garbage(o, "not a TPKT", in);
	if (in.n < 4)
		return OPENER_MORE;
	n = (size_t)in.p[2] << 8 | in.p[3];
	if (n < 11 || n > OPENER_MESSAGE_BYTES)
		return probe_opener_garbage(o, "not an X.224 confirm", NOTHING);
	if (in.n < n)
		return OPENER_MORE;
	*used = n;
	if ((in.p[5] & 0xf0) != 0xd0)
		return probe_opener_garbage(o, "not an X.224 confirm", NOTHING);
	if (n < 19) /* a server before RDP 5.2 answers without a choice */
		return probe_opener_refuse(o, "only RDP's own security", NOTHING);
	value = (uint32_t)in.p[15] | (uint32_t)in.p[16] << 8 | (uint32_t)in.p[17] << 16 |
		(uint32_t)in.p[18] << 24;
	if (in.p[11] == 3)
		return probe_opener_refuse(o, "negotiation failed", pqm_str(rdp_failure(value)));
	if (in.p[11] != 2)
		return probe_opener_garbage(o, "an X.224 confirm without a choice", NOTHING);
	if (value == 0)
		return probe_opener_refuse(o, "only RDP's own security", NOTHING);
	if (value > 3)
		return probe_opener_garbage(o, "a protocol that was not asked for", NOTHING);
	o->selected = value;
	return OPENER_READY;
}

/* ---- XMPP [RFC6120 §5.4] ---- */

static void xmpp_open_as(struct opener *o, const char *xmlns, struct pqm_buf *out)
{
	(void)pqm_buf_add(out, PQM_LIT("<?xml version='1.0'?><stream:stream to='"));
	/* A host name holds none of these: nothing else would need escaping in an attribute. */
	for (const char *h = o->host; *h != '\0'; h++)
		if (strchr("<>&'\"", *h) == NULL)
			(void)pqm_buf_byte(out, (uint8_t)*h);
	(void)pqm_buf_f(out,
		"' version='1.0' xml:lang='en' xmlns='%s' "
		"xmlns:stream='http://etherx.jabber.org/streams'>",
		xmlns);
}

static void xmpp_open(struct opener *o, struct pqm_buf *out)
{
	xmpp_open_as(o, "jabber:client", out);
}

static void xmpp_server_open(struct opener *o, struct pqm_buf *out)
{
	xmpp_open_as(o, "jabber:server", out);
}

/* A tag "<…>" at or after *used: *used goes behind it, *tag is what is inside. False: not whole yet. */
static bool next_tag(pqm_bytes in, size_t *used, pqm_bytes *tag)
{
	size_t from = pqm_find_byte(in, *used, '<');
	uint8_t quote = 0;

	if (from == SIZE_MAX) {
		*used = in.n; /* text between tags */
		return false;
	}
	*used = from;
	for (size_t i = from + 1; i < in.n; i++) {
		uint8_t c = in.p[i];

		if (quote != 0)
			quote = c == quote ? 0 : quote;
		else if (c == '"' || c == '\'')
			quote = c;
		else if (c == '>') {
			*tag = pqm_sub(in, from + 1, i - from - 1);
			*used = i + 1;
			return true;
		}
	}
	return false;
}

/* The name of a tag without prefix; is_close for "</x>" and for "<x/>" both. */
static pqm_bytes tag_name(pqm_bytes tag, bool *is_open, bool *is_close)
{
	size_t n = 0, colon;

	*is_open = tag.n == 0 || tag.p[0] != '/';
	*is_close = !*is_open || tag.p[tag.n - 1] == '/';
	if (!*is_open)
		tag = pqm_sub(tag, 1, tag.n);
	while (n < tag.n && strchr(" \t\r\n/", tag.p[n]) == NULL)
		n++;
	tag = pqm_sub(tag, 0, n);
	colon = pqm_find_byte(tag, 0, ':');
	return colon == SIZE_MAX ? tag : pqm_sub(tag, colon + 1, tag.n);
}

enum { XMPP_STREAM, XMPP_FEATURES, XMPP_PROCEED, XMPP_ERROR };

static enum opener_step xmpp_tag(struct opener *o, pqm_bytes tag, struct pqm_buf *out)
{
	bool is_open, is_close;
	pqm_bytes name = tag_name(tag, &is_open, &is_close);

	if (o->state == XMPP_ERROR) /* the error's first child names it */
		return probe_opener_refuse(o, "stream error", name);
	if (pqm_eqs(name, "stream")) {
		o->phase = "stream features";
		return is_open ? OPENER_MORE
			       : probe_opener_refuse(o, "the server ends the stream", NOTHING);
	}
	if (pqm_eqs(name, "error") && is_open) {
		o->state = XMPP_ERROR;
		return is_close ? probe_opener_refuse(o, "stream error", NOTHING) : OPENER_MORE;
	}
	if (o->state == XMPP_PROCEED) {
		if (pqm_eqs(name, "proceed"))
			return is_close ? OPENER_READY : OPENER_MORE;
		if (pqm_eqs(name, "failure"))
			return probe_opener_refuse(o, "STARTTLS refused", NOTHING);
		return OPENER_MORE;
	}
	if (pqm_eqs(name, "features") && is_open)
		o->state = XMPP_FEATURES;
	if (pqm_eqs(name, "starttls") && o->state == XMPP_FEATURES)
		o->has_starttls = true;
	if (!pqm_eqs(name, "features") || !is_close)
		return OPENER_MORE;
	if (!o->has_starttls)
		return probe_opener_refuse(o, "STARTTLS is not offered", NOTHING);
	o->state = XMPP_PROCEED;
	return probe_opener_say(o, out, "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
		"answer to starttls");
}

static enum opener_step xmpp(struct opener *o, pqm_bytes in, size_t *used, struct pqm_buf *out)
{
	enum opener_step step = OPENER_MORE;
	pqm_bytes tag;

	if (o->n_lines == 0 && in.n > 0 && in.p[0] != '<' && in.p[0] > ' ')
		return probe_opener_garbage(o, "not XML", in);
	while (step == OPENER_MORE && next_tag(in, used, &tag)) {
		if (++o->n_lines > OPENER_LINES) {
			o->end = PROBE_BUDGET;
			return probe_opener_garbage(o, "tags without end", NOTHING);
		}
		if (tag.n > 0 && tag.p[0] != '?')
			step = xmpp_tag(o, tag, out);
	}
	if (step == OPENER_MORE && in.n - *used > OPENER_LINE_BYTES) {
		o->end = PROBE_BUDGET;
		return probe_opener_garbage(o, "a tag without end", NOTHING);
	}
	return step;
}

const struct opener_proto probe_bin_protos[] = {
	{ .scheme = "ldap",
		.first = ldap_request,
		.first_bytes = sizeof(ldap_request) - 1,
		.take = ldap },
	{ .scheme = "postgres",
		.first = postgres_request,
		.first_bytes = sizeof(postgres_request) - 1,
		.take = postgres },
	{ .scheme = "mysql", .take = mysql },
	{ .scheme = "rdp",
		.first = rdp_request,
		.first_bytes = sizeof(rdp_request) - 1,
		.take = rdp },
	{ .scheme = "xmpp", .bye = "</stream:stream>", .take = xmpp, .open = xmpp_open },
	{ .scheme = "xmpp-server",
		.bye = "</stream:stream>",
		.take = xmpp,
		.open = xmpp_server_open },
	{ .scheme = NULL },
};
