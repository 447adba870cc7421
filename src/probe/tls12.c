#include "probe/hs.h"

#include "model/codes.h"

/* The clear flight in its order [RFC5246 §7.3]; each message once at most. */
static unsigned place_of(uint8_t type)
{
	switch (type) {
	case PQM_HS_CERTIFICATE:
		return 1;
	case PQM_HS_CERT_STATUS:
		return 2;
	case PQM_HS_SKE:
		return 3;
	case PQM_HS_CERT_REQUEST:
		return 4;
	case PQM_HS_DONE:
		return 5;
	default:
		return 0;
	}
}

uint16_t hs_suite_flags(const struct probe_tls_spec *s, uint16_t suite)
{
	for (size_t i = 0; s->suite_flags != NULL && i < s->hello.n_suites; i++)
		if (s->hello.suites[i] == suite)
			return s->suite_flags[i];
	return 0;
}

enum probe_hs_do hs_old_hello(struct probe_hs *h, const struct pqm_tls_server_hello *sh)
{
	const struct pqm_tls_client_hello *c = &h->spec.hello;

	/* A session that it cannot know: nobody made it [RFC8446 §D.4]. */
	if (c->session_id.n > 0 && pqm_eq(sh->session_id, c->session_id))
		return hs_bad(h, "ServerHello resumes a session that never was");
	h->f->has_hello = true;
	h->old = pqm_calloc(1, sizeof(*h->old));
	if (h->old == NULL)
		return hs_no_memory(h);
	memcpy(h->old->server_random, sh->random.p, sizeof(h->old->server_random));
	h->old->flags = hs_suite_flags(&h->spec, sh->suite);
	h->step = HS_OLD;
	return PROBE_HS_MORE;
}

static enum probe_hs_do certificate(struct probe_hs *h, pqm_bytes body)
{
	struct pqm_tls_certs c;
	struct pqm_err err;

	if (pqm_tls_certificate(&c, body, false, &err) != PQM_OK)
		return hs_err(h, &err);
	h->old->has_cert = true;
	return hs_keep_certs(h, &c) ? PROBE_HS_MORE : hs_no_memory(h);
}

/* ---- ServerKeyExchange ---- */

/* 0: the suite has none, or its form is not ours to read. */
static int exchange_of(uint16_t flags)
{
	if ((flags & (PQM_C_OTHER | PQM_C_STATIC)) != 0)
		return 0;
	if ((flags & PQM_C_ECDHE) != 0)
		return PQM_SKE_EC;
	if ((flags & PQM_C_DHE) != 0)
		return PQM_SKE_DH;
	if ((flags & PQM_C_PSK) != 0)
		return PQM_SKE_PSK_HINT;
	return (flags & PQM_C_EXPORT) != 0 && (flags & PQM_C_RSA) != 0 ? PQM_SKE_RSA : 0;
}

/* The two randoms and the parameters [RFC5246 §7.4.3]. */
static enum probe_hs_do prove(struct probe_hs *h, const struct pqm_tls_ske *k)
{
	struct pqm_buf content;

	pqm_buf_init(&content, 64 + k->params.n);
	bool ok = pqm_buf_add(&content, (pqm_bytes){ h->spec.hello.random, 32 }) &&
		pqm_buf_add(&content, (pqm_bytes){ h->old->server_random, 32 }) &&
		pqm_buf_add(&content, k->params);

	if (ok)
		hs_prove(h, k->scheme, pqm_buf_bytes(&content), k->signature);
	pqm_buf_fini(&content);
	return ok ? PROBE_HS_MORE : hs_no_memory(h);
}

static enum probe_hs_do key_exchange(struct probe_hs *h, pqm_bytes body)
{
	const struct pqm_tls_client_hello *c = &h->spec.hello;
	struct probe_flight *f = h->f;
	uint16_t flags = h->old->flags;
	int kx = exchange_of(flags);
	struct pqm_tls_ske k;
	struct pqm_err err;

	f->has_ske = true;
	if (kx == 0) /* unknown suites; RSA and static DH have no such message [RFC5246 §7.4.3] */
		return (flags & (PQM_C_RSA | PQM_C_STATIC)) == 0 || (flags & PQM_C_PSK) != 0
			? PROBE_HS_MORE
			: hs_bad(h, "ServerKeyExchange with suite 0x%04x", f->suite);
	if (pqm_tls_ske(&k, body, f->version, kx, (flags & PQM_C_ANON) != 0,
		    (flags & PQM_C_PSK) != 0, &err) != PQM_OK)
		return hs_err(h, &err);
	f->scheme = k.scheme;
	f->dh_bits = k.bits;
	f->is_export_rsa = k.kind == PQM_SKE_RSA;
	f->ec_group = k.group;
	if (k.p.n > 0) {
		f->dh_p = pqm_bytes_dup(hs_arena(h), k.p);
		if (f->dh_p.p == NULL)
			return hs_no_memory(h);
	}
	if (k.kind == PQM_SKE_EC && c->n_groups > 0 &&
		!hs_has_code(c->groups, c->n_groups, k.group))
		return hs_bad(h, "ServerKeyExchange with curve 0x%04x, not offered", k.group);
	return k.is_signed ? prove(h, &k) : PROBE_HS_MORE;
}

/* ---- the rest ---- */

static enum probe_hs_do certificate_request(struct probe_hs *h, pqm_bytes body)
{
	struct pqm_tls_cert_request r;
	struct pqm_err err;

	if (pqm_tls_cert_request(&r, body, h->f->version, &err) != PQM_OK)
		return hs_err(h, &err);
	h->f->wants_client_cert = true;
	h->f->n_ca_names = r.n_names;
	if (r.schemes.n > 0 && !hs_keep_codes(h, &h->f->client_schemes, &r.schemes))
		return hs_no_memory(h);
	return PROBE_HS_MORE;
}

static enum probe_hs_do done(struct probe_hs *h, pqm_bytes body)
{
	uint16_t flags = h->old->flags;
	bool is_anon = (flags & PQM_C_ANON) != 0, is_psk = (flags & PQM_C_PSK) != 0;

	if (body.n != 0)
		return hs_bad(h, "ServerHelloDone of %zu bytes", body.n);
	if (flags != 0 && !is_anon && !is_psk && (flags & PQM_C_OTHER) == 0 && !h->old->has_cert)
		return hs_bad(h, "ServerHelloDone without Certificate");
	if ((flags & (PQM_C_DHE | PQM_C_ECDHE)) != 0 && (flags & PQM_C_STATIC) == 0 &&
		!h->f->has_ske)
		return hs_bad(h, "ServerHelloDone without ServerKeyExchange");
	return hs_goal(h, "server hello done");
}

enum probe_hs_do hs_old_message(struct probe_hs *h, uint8_t type, pqm_bytes body)
{
	unsigned place = place_of(type);

	if (type == 0 && body.n == 0)
		return PROBE_HS_MORE; /* HelloRequest */
	if (place <= h->old->last)
		return hs_bad(h, "handshake message %u out of place", type);
	h->old->last = (uint8_t)place;
	switch (place) {
	case 1:
		return certificate(h, body);
	case 3:
		return key_exchange(h, body);
	case 4:
		return certificate_request(h, body);
	case 5:
		return done(h, body);
	default:
		return PROBE_HS_MORE; /* CertificateStatus */
	}
}
