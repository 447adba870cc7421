#include "tls.h"
#include "tls_ext.h"

#define SCSV_FALLBACK 0x5600 /* [RFC7507 §2] */

/* ---- writing: a length is filled in when its vector is closed ---- */

static void put16(struct pqm_buf *b, size_t v)
{
	(void)pqm_buf_byte(b, (uint8_t)(v >> 8));
	(void)pqm_buf_byte(b, (uint8_t)v);
}

static void put24(struct pqm_buf *b, size_t v)
{
	(void)pqm_buf_byte(b, (uint8_t)(v >> 16));
	put16(b, v & 0xffff);
}

/* Every closing call must see a length that fits, or the hello is not built. */
struct hello_out {
	struct pqm_buf *b;
	bool is_bad;
};

static size_t open_vec(struct hello_out *o, unsigned width)
{
	for (unsigned i = 0; i < width; i++)
		(void)pqm_buf_byte(o->b, 0);
	return o->b->n;
}

static void close_vec(struct hello_out *o, unsigned width, size_t from)
{
	size_t n = o->b->n - from;

	if (o->b->failed)
		return;
	if (n >> (8 * width) != 0) {
		o->is_bad = true;
		return;
	}
	for (unsigned i = 0; i < width; i++)
		o->b->p[from - 1 - i] = (uint8_t)(n >> (8 * i));
}

static void put_vec(struct hello_out *o, unsigned width, pqm_bytes v)
{
	size_t at = open_vec(o, width);

	(void)pqm_buf_add(o->b, v);
	close_vec(o, width, at);
}

static size_t open_ext(struct hello_out *o, uint16_t type)
{
	put16(o->b, type);
	return open_vec(o, 2);
}

static void put_ext(struct hello_out *o, uint16_t type, pqm_bytes body)
{
	put16(o->b, type);
	put_vec(o, 2, body);
}

static uint16_t grease(const struct pqm_tls_client_hello *h, unsigned i)
{
	return (uint16_t)(((h->random[i] & 0xf0u) | 0x0au) * 0x0101u);
}

/* A list of codes behind its length; with a GREASE value first when one is given. */
static void put_codes(
	struct hello_out *o, unsigned width, const uint16_t *code, size_t n, uint16_t greased)
{
	size_t at = open_vec(o, width);

	if (greased != 0)
		put16(o->b, greased);
	for (size_t i = 0; i < n; i++)
		put16(o->b, code[i]);
	close_vec(o, width, at);
}

static void put_codes_ext(struct hello_out *o, uint16_t type, unsigned width, const uint16_t *code,
	size_t n, uint16_t greased)
{
	size_t at = open_ext(o, type);

	put_codes(o, width, code, n, greased);
	close_vec(o, 2, at);
}

/* ---- single extensions ---- */

/* server_name_list of one host_name [RFC6066 §3]. */
static void put_sni(struct hello_out *o, const char *name)
{
	size_t ext = open_ext(o, EXT_SNI), list = open_vec(o, 2);

	(void)pqm_buf_byte(o->b, 0);
	put_vec(o, 2, pqm_str(name));
	close_vec(o, 2, list);
	close_vec(o, 2, ext);
}

static void put_alpn(struct hello_out *o, const struct pqm_tls_client_hello *h)
{
	size_t ext = open_ext(o, EXT_ALPN), list = open_vec(o, 2);

	for (size_t i = 0; i < h->n_alpn; i++) {
		pqm_bytes name = pqm_str(h->alpn[i]);

		if (name.n == 0)
			o->is_bad = true;
		put_vec(o, 1, name);
	}
	close_vec(o, 2, list);
	close_vec(o, 2, ext);
}

static void put_shares(struct hello_out *o, const struct pqm_tls_client_hello *h)
{
	size_t ext = open_ext(o, EXT_KEY_SHARE), list = open_vec(o, 2);

	for (size_t i = 0; i < h->n_shares; i++) {
		if (h->shares[i].key.n == 0)
			o->is_bad = true;
		put16(o->b, h->shares[i].group);
		put_vec(o, 2, h->shares[i].key);
	}
	close_vec(o, 2, list);
	close_vec(o, 2, ext);
}

static void put_cookie(struct hello_out *o, pqm_bytes cookie)
{
	size_t ext = open_ext(o, EXT_COOKIE);

	put_vec(o, 2, cookie);
	close_vec(o, 2, ext);
}

static void put_psk_modes(struct hello_out *o, const struct pqm_tls_client_hello *h)
{
	size_t ext = open_ext(o, EXT_PSK_MODES), list = open_vec(o, 1);

	if (h->psk_modes_ke)
		(void)pqm_buf_byte(o->b, 0);
	if (h->psk_modes_dhe)
		(void)pqm_buf_byte(o->b, 1);
	close_vec(o, 1, list);
	close_vec(o, 2, ext);
}

/* type and length; identities: length, identity, age; binders: length, one binder. */
static size_t psk_size(const struct pqm_tls_client_hello *h)
{
	return h->psk_identity.n == 0 ? 0
				      : 4 + 2 + 2 + h->psk_identity.n + 4 + 2 + 1 + h->binder_bytes;
}

static void put_psk(struct hello_out *o, const struct pqm_tls_client_hello *h)
{
	size_t ext = open_ext(o, EXT_PSK), list = open_vec(o, 2);

	put_vec(o, 2, h->psk_identity);
	put16(o->b, h->psk_age >> 16);
	put16(o->b, h->psk_age & 0xffff);
	close_vec(o, 2, list);
	list = open_vec(o, 2);
	(void)pqm_buf_byte(o->b, (uint8_t)h->binder_bytes);
	for (size_t i = 0; i < h->binder_bytes; i++)
		(void)pqm_buf_byte(o->b, 0);
	close_vec(o, 2, list);
	close_vec(o, 2, ext);
}

/* `now`: size of the message so far, from its header. One byte at least: there are servers that hang
 * up on an empty extension at the end. */
static void put_padding(struct hello_out *o, const struct pqm_tls_client_hello *h, size_t now)
{
	size_t had = now + psk_size(h) + 4, ext;

	if (now + psk_size(h) >= h->pad_to)
		return;
	ext = open_ext(o, EXT_PADDING);
	(void)pqm_buf_byte(o->b, 0);
	for (size_t n = had + 1; n < h->pad_to && !o->b->failed; n++)
		(void)pqm_buf_byte(o->b, 0);
	close_vec(o, 2, ext);
}

/* ---- the hello ---- */

/* Point formats mean nothing to TLS 1.3 [RFC8446 §4.2.7]. */
static bool offers_old(const struct pqm_tls_client_hello *h)
{
	for (size_t i = 0; i < h->n_versions; i++)
		if (h->versions[i] != PQM_TLS13 && h->versions[i] != PQM_DTLS13)
			return true;
	return h->n_versions == 0;
}

static void put_lists(struct hello_out *o, const struct pqm_tls_client_hello *h)
{
	if (h->sni != NULL)
		put_sni(o, h->sni);
	if (h->status_request)
		put_ext(o, EXT_STATUS, PQM_LIT("\1\0\0\0\0"));
	if (h->n_groups > 0)
		put_codes_ext(
			o, EXT_GROUPS, 2, h->groups, h->n_groups, h->grease ? grease(h, 1) : 0);
	if (h->n_groups > 0 && offers_old(h))
		put_ext(o, EXT_POINT_FORMATS, PQM_LIT("\1\0"));
	if (h->n_schemes > 0)
		put_codes_ext(o, EXT_SCHEMES, 2, h->schemes, h->n_schemes, 0);
	if (h->heartbeat)
		put_ext(o, EXT_HEARTBEAT, PQM_LIT("\1"));
	if (h->n_alpn > 0)
		put_alpn(o, h);
	if (h->sct)
		put_ext(o, EXT_SCT, (pqm_bytes){ NULL, 0 });
	if (h->raw_public_key)
		put_ext(o, EXT_SERVER_CERT_TYPE, PQM_LIT("\2\2\0"));
	if (h->ems)
		put_ext(o, EXT_EMS, (pqm_bytes){ NULL, 0 });
	if (h->compress_cert)
		put_ext(o, EXT_COMPRESS, PQM_LIT("\6\0\1\0\2\0\3"));
	if (h->ticket.p != NULL || h->ticket_empty)
		put_ext(o, EXT_TICKET, h->ticket);
}

static void put_13(struct hello_out *o, const struct pqm_tls_client_hello *h)
{
	if (h->early_data)
		put_ext(o, EXT_EARLY_DATA, (pqm_bytes){ NULL, 0 });
	if (h->n_versions > 0)
		put_codes_ext(o, EXT_VERSIONS, 1, h->versions, h->n_versions,
			h->grease ? grease(h, 2) : 0);
	if (h->cookie.n > 0)
		put_cookie(o, h->cookie);
	if (h->psk_modes_ke || h->psk_modes_dhe)
		put_psk_modes(o, h);
	if (h->has_key_share)
		put_shares(o, h);
	if (h->quic_params.p != NULL)
		put_ext(o, EXT_QUIC, h->quic_params);
	if (h->renegotiation)
		put_ext(o, EXT_RENEGOTIATION, PQM_LIT("\0"));
}

/* A hello without extensions ends before their length: SSL 3.0 servers know none [RFC5246 §7.4.1.2]. */
static void put_extensions(struct hello_out *o, const struct pqm_tls_client_hello *h, size_t start)
{
	size_t at = open_vec(o, 2);

	if (h->grease)
		put_ext(o, grease(h, 3), (pqm_bytes){ NULL, 0 });
	put_lists(o, h);
	put_13(o, h);
	put_padding(o, h, o->b->n - start);
	if (h->psk_identity.n > 0)
		put_psk(o, h);
	if (o->b->n == at && !o->b->failed)
		o->b->n -= 2;
	else
		close_vec(o, 2, at);
}

static void put_body(struct hello_out *o, const struct pqm_tls_client_hello *h, size_t start)
{
	size_t at;

	put16(o->b, h->legacy_version);
	(void)pqm_buf_add(o->b, (pqm_bytes){ h->random, sizeof(h->random) });
	put_vec(o, 1, h->session_id);
	if (h->is_dtls)
		put_vec(o, 1, h->dtls_cookie);
	at = open_vec(o, 2);
	if (h->grease)
		put16(o->b, grease(h, 0));
	for (size_t i = 0; i < h->n_suites; i++)
		put16(o->b, h->suites[i]);
	if (h->scsv_fallback)
		put16(o->b, SCSV_FALLBACK);
	close_vec(o, 2, at);
	(void)pqm_buf_add(o->b, PQM_LIT("\1\0")); /* no compression */
	put_extensions(o, h, start);
}

bool pqm_tls_hello_build(struct pqm_buf *out, const struct pqm_tls_client_hello *h)
{
	struct hello_out o = { out, false };
	size_t start = out->n, at;

	if (h->n_suites == 0 || h->session_id.n > 32)
		return false;
	if (h->psk_identity.n > 0 && (h->binder_bytes == 0 || h->binder_bytes > 255))
		return false;
	(void)pqm_buf_byte(out, PQM_HS_CLIENT_HELLO);
	at = open_vec(&o, 3);
	if (h->is_dtls) /* message_seq, fragment_offset, fragment_length [RFC6347 §4.2.2] */
		for (unsigned i = 0; i < 8; i++)
			(void)pqm_buf_byte(out, 0);
	put_body(&o, h, start);
	if (!out->failed && h->is_dtls) {
		size_t n = out->n - at - 8;

		for (unsigned i = 0; i < 3; i++) {
			out->p[at - 1 - i] = (uint8_t)(n >> (8 * i));
			out->p[at + 7 - i] = (uint8_t)(n >> (8 * i));
		}
	} else {
		close_vec(&o, 3, at);
	}
	if (!out->failed && !o.is_bad)
		return true;
	out->n = start;
	return false;
}

/* ---- records ---- */

#define PLAIN_MAX 16384 /* [RFC8446 §5.1] */

bool pqm_tls_records(
	struct pqm_buf *out, uint8_t type, uint16_t version, pqm_bytes msg, size_t fragment)
{
	size_t start = out->n, step = fragment == 0 || fragment > PLAIN_MAX ? PLAIN_MAX : fragment;

	for (size_t at = 0; at < msg.n && !out->failed; at += step) {
		pqm_bytes part = pqm_sub(msg, at, step);

		(void)pqm_buf_byte(out, type);
		put16(out, version);
		put16(out, part.n);
		(void)pqm_buf_add(out, part);
	}
	if (out->failed)
		out->n = start;
	return !out->failed;
}

/* ---- SSL 2.0 [draft-hickman-netscape-ssl-00] ---- */

#define SSL2_CHALLENGE 16
#define SSL2_RECORD_MAX 0x7fff /* of a two-byte header */

bool pqm_ssl2_hello_build(
	struct pqm_buf *out, const uint32_t *kinds, size_t n, const uint8_t challenge[16])
{
	const size_t fixed = 9 + SSL2_CHALLENGE;
	size_t start = out->n;

	if (n == 0 || n > (SSL2_RECORD_MAX - fixed) / 3)
		return false;
	put16(out, 0x8000 | (fixed + 3 * n));
	(void)pqm_buf_byte(out, 1); /* CLIENT-HELLO */
	put16(out, PQM_SSL20);
	put16(out, 3 * n);
	put16(out, 0); /* session id */
	put16(out, SSL2_CHALLENGE);
	for (size_t i = 0; i < n; i++)
		put24(out, kinds[i] & 0xffffff);
	(void)pqm_buf_add(out, (pqm_bytes){ challenge, SSL2_CHALLENGE });
	if (out->failed)
		out->n = start;
	return !out->failed;
}
