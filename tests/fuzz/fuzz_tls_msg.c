#include <assert.h>

#include "parse/tls.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static pqm_bytes in; /* the message */

static void is_inside(pqm_bytes part)
{
	assert(part.n == 0 ||
		(part.p >= in.p && part.n <= in.n && (size_t)(part.p - in.p) <= in.n - part.n));
}

static void codes(const struct pqm_tls_codes *c)
{
	assert(c->n <= PQM_TLS_LIST_MAX && (!c->is_cut || c->n == PQM_TLS_LIST_MAX));
}

static enum pqm_st hello(struct pqm_err *err)
{
	struct pqm_tls_server_hello h;
	enum pqm_st st = pqm_tls_server_hello(&h, in, err);

	if (st != PQM_OK)
		return st;
	assert(h.random.n == 32 && h.session_id.n <= 32);
	is_inside(h.random);
	is_inside(h.session_id);
	is_inside(h.share);
	is_inside(h.cookie);
	is_inside(h.alpn);
	assert(!h.is_hrr || h.share.n == 0);
	return st;
}

static enum pqm_st ee(struct pqm_err *err)
{
	struct pqm_tls_ee e;
	enum pqm_st st = pqm_tls_ee(&e, in, err);

	if (st != PQM_OK)
		return st;
	codes(&e.groups);
	is_inside(e.alpn);
	is_inside(e.quic_params);
	return st;
}

static enum pqm_st certificate(bool is_13, struct pqm_err *err)
{
	struct pqm_tls_certs c;
	enum pqm_st st = pqm_tls_certificate(&c, in, is_13, err);

	if (st != PQM_OK)
		return st;
	assert(c.n > 0 && c.n <= PQM_TLS_CERTS_MAX && c.n <= c.n_sent);
	for (size_t i = 0; i < c.n; i++) {
		assert(c.der[i].n > 0);
		is_inside(c.der[i]);
	}
	return st;
}

static enum pqm_st request(uint16_t version, struct pqm_err *err)
{
	struct pqm_tls_cert_request r;
	enum pqm_st st = pqm_tls_cert_request(&r, in, version, err);

	if (st != PQM_OK)
		return st;
	codes(&r.schemes);
	is_inside(r.names);
	is_inside(r.context);
	assert(r.n_types <= sizeof(r.types) && 3 * r.n_names <= r.names.n);
	return st;
}

static enum pqm_st ske(unsigned how, struct pqm_err *err)
{
	static const int kx[] = { PQM_SKE_EC, PQM_SKE_DH, PQM_SKE_RSA, PQM_SKE_PSK_HINT };
	struct pqm_tls_ske k;
	bool psk = (how & 4) != 0 || (how & 3) == 3;
	enum pqm_st st = pqm_tls_ske(&k, in, (how & 8) != 0 ? PQM_TLS12 : PQM_TLS10, kx[how & 3],
		(how & 16) != 0, psk, err);

	if (st != PQM_OK)
		return st;
	is_inside(k.hint);
	is_inside(k.point);
	is_inside(k.p);
	is_inside(k.g);
	is_inside(k.y);
	is_inside(k.params);
	is_inside(k.signature);
	assert(k.p.n == 0 || k.bits <= 8 * k.p.n);
	assert(k.hint.n + k.params.n + k.signature.n <= in.n);
	return st;
}

static enum pqm_st ticket(bool is_13, struct pqm_err *err)
{
	struct pqm_tls_ticket t;
	enum pqm_st st = pqm_tls_ticket(&t, in, is_13, err);

	if (st != PQM_OK)
		return st;
	is_inside(t.nonce);
	is_inside(t.ticket);
	return st;
}

static enum pqm_st verify(struct pqm_err *err)
{
	uint16_t scheme;
	pqm_bytes signature;
	enum pqm_st st = pqm_tls_cert_verify(&scheme, &signature, in, err);

	if (st == PQM_OK) {
		is_inside(signature);
		assert(signature.n + 4 == in.n);
	}
	return st;
}

static enum pqm_st ssl2(struct pqm_err *err)
{
	struct pqm_ssl2_hello h;
	enum pqm_st st = pqm_ssl2_server_hello(&h, in, err);

	if (st != PQM_OK)
		return st;
	assert(h.n_kinds <= PQM_TLS_LIST_MAX && h.version == PQM_SSL20);
	is_inside(h.certificate);
	return st;
}

/* The first byte selects the parser; of a ServerKeyExchange (0x80 and more) its other bits say of which suite. */
static enum pqm_st parse(uint8_t which, struct pqm_err *err)
{
	static const uint16_t version[] = { PQM_TLS10, PQM_TLS12, PQM_TLS13 };

	if ((which & 0x80) != 0)
		return ske(which & 0x7f, err);
	switch (which) {
	case PQM_HS_SERVER_HELLO:
		return hello(err);
	case PQM_HS_TICKET:
	case PQM_HS_TICKET + 0x40:
		return ticket(which == PQM_HS_TICKET, err);
	case PQM_HS_EE:
		return ee(err);
	case PQM_HS_CERTIFICATE:
	case PQM_HS_CERTIFICATE + 0x40:
		return certificate(which == PQM_HS_CERTIFICATE, err);
	case PQM_HS_CERT_REQUEST:
	case PQM_HS_CERT_REQUEST + 0x20:
	case PQM_HS_CERT_REQUEST + 0x40:
		return request(version[which >> 5], err);
	case PQM_HS_CERT_VERIFY:
		return verify(err);
	default:
		return ssl2(err);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pqm_err err = { 0 };

	if (size == 0)
		return 0;
	in = (pqm_bytes){ data + 1, size - 1 };
	if (parse(data[0], &err) != PQM_OK)
		assert(err.msg[0] != '\0');
	return 0;
}
