#include "probe/hs.h"

/* ---- the spec, copied behind the object ---- */

/* Run twice: without a base it only counts. */
struct carve {
	uint8_t *base;
	size_t n;
};

static const void *carve(struct carve *c, const void *from, size_t n, size_t align)
{
	size_t at = (c->n + align - 1) / align * align;

	c->n = at + n;
	if (c->base == NULL || n == 0)
		return NULL;
	memcpy(c->base + at, from, n);
	return c->base + at;
}

static void carve_codes(struct carve *c, const uint16_t **codes, size_t *n)
{
	const uint16_t *copy =
		carve(c, *codes, *codes == NULL ? 0 : *n * sizeof(**codes), sizeof(**codes));

	if (c->base == NULL)
		return;
	*codes = copy;
	*n = copy == NULL ? 0 : *n;
}

static void carve_bytes(struct carve *c, pqm_bytes *b)
{
	static const uint8_t nothing[1]; /* empty, but there: an extension without content */
	const uint8_t *copy = carve(c, b->p, b->p == NULL ? 0 : b->n, 1);

	if (c->base != NULL && b->p != NULL)
		b->p = copy == NULL ? nothing : copy;
}

static void carve_text(struct carve *c, const char **s)
{
	const char *copy = *s == NULL ? NULL : carve(c, *s, strlen(*s) + 1, 1);

	if (c->base != NULL)
		*s = copy;
}

static void carve_alpn(struct carve *c, struct pqm_tls_client_hello *h)
{
	size_t at = (c->n + sizeof(char *) - 1) / sizeof(char *) * sizeof(char *);

	union {
		uint8_t *bytes;
		const char **texts;
	} list = { c->base == NULL ? NULL : c->base + at };

	c->n = at + h->n_alpn * sizeof(char *);
	for (size_t i = 0; i < h->n_alpn; i++) {
		const char *s = h->alpn[i];

		carve_text(c, &s);
		if (c->base != NULL)
			list.texts[i] = s;
	}
	if (c->base != NULL)
		h->alpn = list.texts;
}

static void carve_spec(struct carve *c, struct probe_tls_spec *s)
{
	struct pqm_tls_client_hello *h = &s->hello;
	size_t n_flags = s->suite_flags == NULL ? 0 : h->n_suites;

	carve_codes(c, &s->suite_flags, &n_flags);
	carve_codes(c, &h->suites, &h->n_suites);
	carve_codes(c, &h->versions, &h->n_versions);
	carve_codes(c, &h->groups, &h->n_groups);
	carve_codes(c, &h->schemes, &h->n_schemes);
	carve_bytes(c, &h->session_id);
	carve_bytes(c, &h->dtls_cookie);
	carve_bytes(c, &h->cookie);
	carve_bytes(c, &h->quic_params);
	carve_bytes(c, &h->ticket);
	carve_bytes(c, &s->psk_ticket);
	carve_bytes(c, &s->psk_secret);
	carve_text(c, &h->sni);
	carve_alpn(c, h);
}

bool hs_has_code(const uint16_t *codes, size_t n, uint16_t code)
{
	for (size_t i = 0; i < n; i++)
		if (codes[i] == code)
			return true;
	return false;
}

uint16_t hs_plain_version(uint16_t wire)
{
	switch (wire) {
	case PQM_DTLS13:
		return PQM_TLS13;
	case PQM_DTLS12:
		return PQM_TLS12;
	case PQM_DTLS10:
		return PQM_TLS11;
	default:
		return wire;
	}
}

/* What the machine fills in: random, session id, the PSK of the spec. */
static void complete(struct probe_hs *h, uint8_t *session_id)
{
	static const uint8_t zeros[32];
	struct pqm_tls_client_hello *c = &h->spec.hello;

	if (memcmp(c->random, zeros, sizeof(c->random)) == 0)
		pc_random(c->random, sizeof(c->random));
	/* Middlebox compatibility is for TCP alone [RFC8446 §D.4, RFC9001 §8.4, RFC9147 §5.3]. */
	if (c->session_id.n == 0 && h->knows_13 && h->spec.over == PROBE_TCP) {
		pc_random(session_id, 32);
		c->session_id = (pqm_bytes){ session_id, 32 };
	}
	if (h->spec.psk_ticket.n > 0) {
		c->psk_identity = h->spec.psk_ticket;
		c->psk_age = h->spec.psk_age;
		c->binder_bytes = pc_hash_bytes(h->spec.psk_hash);
	}
	/* Shares are made for each hello. */
	c->shares = NULL;
	c->n_shares = 0;
}

struct probe_hs *probe_hs_new(
	const struct probe_tls_spec *spec, struct pc_keys *keys, struct probe_flight *flight)
{
	struct probe_tls_spec copy = *spec;
	struct carve c = { NULL, sizeof(struct probe_hs) };

	if (copy.n_share_groups > 2)
		copy.n_share_groups = 2;
	carve_spec(&c, &copy);
	uint8_t *block = pqm_calloc(1, c.n + 32);

	union {
		uint8_t *bytes;
		struct probe_hs *hs;
	} at = { block };
	struct probe_hs *h = at.hs;

	if (block == NULL)
		return NULL;
	c = (struct carve){ block, sizeof(*h) };
	carve_spec(&c, &copy);
	h->spec = copy;
	h->f = flight;
	h->keys = keys;
	h->is_dtls = spec->over == PROBE_DTLS;
	h->knows_13 = hs_has_code(
		copy.hello.versions, copy.hello.n_versions, h->is_dtls ? PQM_DTLS13 : PQM_TLS13);
	h->spec.hello.is_dtls = h->is_dtls;
	pqm_buf_init(&h->cookie, PQM_TLS_COOKIE_BYTES);
	pqm_buf_init(&h->dtls_cookie, 255);
	complete(h, block + c.n);
	/* Who asks for no more than the hello needs no transcript, unless a binder goes over it. */
	bool is_short = spec->goal == PROBE_HELLO && spec->psk_ticket.n == 0;

	if (!h->knows_13 || is_short || hs_transcript_start(h))
		return h;
	probe_hs_free(h);
	return NULL;
}

void probe_hs_free(struct probe_hs *h)
{
	if (h == NULL)
		return;
	hs_transcript_end(h);
	if (h->s != NULL)
		pqm_wipe(h->s, sizeof(*h->s));
	pqm_free(h->s);
	pqm_free(h->old);
	pqm_buf_fini(&h->cookie);
	pqm_buf_fini(&h->dtls_cookie);
	pqm_free(h);
}

/* ---- the ClientHello ---- */

static bool make_shares(struct probe_hs *h, struct pqm_buf *bytes, struct pqm_tls_share share[2])
{
	const struct probe_tls_spec *s = &h->spec;
	size_t end[2];

	for (size_t i = 0; i < s->n_share_groups; i++) {
		uint16_t g = s->share_group[i];

		if (s->fake_share ? !pc_share_fake(h->keys, g, s->bad_share, bytes)
				  : !pc_share(h->keys, g, bytes))
			return false;
		end[i] = bytes->n;
	}
	for (size_t i = 0, at = 0; i < s->n_share_groups; at = end[i], i++)
		share[i] = (struct pqm_tls_share){ s->share_group[i],
			pqm_sub(pqm_buf_bytes(bytes), at, end[i] - at) };
	return true;
}

/* The message as it goes into the transcript: with the header of TLS [RFC9147 §5.2]. */
static bool add_hello(struct probe_hs *h, uint8_t *msg, size_t n)
{
	if (!h->is_dtls) {
		if (h->spec.hello.psk_identity.n > 0 && !hs_binder(h, msg, n))
			return false;
		hs_transcript_add(h, (pqm_bytes){ msg, n });
		return true;
	}
	/* The last four of its twelve bytes are written over for a moment, by type and length. */
	uint8_t save[4];

	memcpy(save, msg + 8, 4);
	memcpy(msg + 8, msg, 4);
	bool ok = h->spec.hello.psk_identity.n == 0 || hs_binder(h, msg + 8, n - 8);

	hs_transcript_add(h, (pqm_bytes){ msg + 8, n - 8 });
	memcpy(msg + 8, save, 4);
	return ok;
}

bool probe_hs_hello(struct probe_hs *h, struct pqm_buf *out)
{
	struct pqm_tls_client_hello c = h->spec.hello;
	struct pqm_tls_share share[2];
	struct pqm_buf bytes;
	size_t at = out->n;

	pqm_buf_init(&bytes, (size_t)2 * PC_SHARE_MAX);
	if (h->cookie.n > 0)
		c.cookie = pqm_buf_bytes(&h->cookie);
	if (h->dtls_cookie.n > 0)
		c.dtls_cookie = pqm_buf_bytes(&h->dtls_cookie);
	if (h->has_retried)
		c.early_data = false; /* [RFC8446 §4.1.2] */
	bool ok = make_shares(h, &bytes, share);

	c.shares = share;
	c.n_shares = h->spec.n_share_groups;
	c.has_key_share = c.has_key_share || c.n_shares > 0;
	ok = ok && pqm_tls_hello_build(out, &c) && add_hello(h, out->p + at, out->n - at);
	pqm_buf_fini(&bytes);
	if (!ok)
		out->n = at;
	return ok;
}
