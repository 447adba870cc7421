#include "probe/hs.h"

#include <stdarg.h>

#include "model/codes.h"
#include "parse/dtls.h"

/* ---- how it ends ---- */

enum probe_hs_do hs_goal(struct probe_hs *h, const char *how)
{
	h->f->end = PROBE_GOAL;
	h->f->how = how;
	h->step = HS_END;
	return PROBE_HS_END;
}

static enum probe_hs_do ends(struct probe_hs *h, enum probe_end end, const char *how)
{
	h->f->end = end;
	h->f->how = how;
	h->step = HS_END;
	return PROBE_HS_END;
}

enum probe_hs_do hs_bad(struct probe_hs *h, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(h->f->words, sizeof(h->f->words), fmt, ap);
	va_end(ap);
	return ends(h, PROBE_GARBAGE, "garbage");
}

enum probe_hs_do hs_err(struct probe_hs *h, const struct pqm_err *err)
{
	(void)snprintf(
		h->f->words, sizeof(h->f->words), "%.*s", (int)sizeof(h->f->words) - 1, err->msg);
	if (err->st == PQM_ENOMEM)
		return ends(h, PROBE_LOCAL, "no memory");
	return err->st == PQM_ELIMIT ? ends(h, PROBE_BUDGET, "budget")
				     : ends(h, PROBE_GARBAGE, "garbage");
}

enum probe_hs_do hs_no_memory(struct probe_hs *h)
{
	(void)snprintf(h->f->words, sizeof(h->f->words), "no memory");
	return ends(h, PROBE_LOCAL, "no memory");
}

void probe_hs_alert(struct probe_hs *h, uint8_t level, uint8_t alert)
{
	h->f->has_alert = true;
	h->f->alert = alert;
	h->f->alert_level = level;
	if (h->f->end == PROBE_RUNNING)
		(void)ends(h, PROBE_ALERT, "alert");
}

/* ---- what is kept ---- */

struct pqm_arena *hs_arena(struct probe_hs *h)
{
	if (h->f->arena.cap == 0)
		pqm_arena_init(&h->f->arena, 2 * PQM_TLS_FLIGHT_BYTES);
	return &h->f->arena;
}

static bool keep(struct probe_hs *h, pqm_bytes *out, pqm_bytes in)
{
	*out = pqm_bytes_dup(hs_arena(h), in);
	return out->p != NULL;
}

bool hs_keep_codes(
	struct probe_hs *h, const struct pqm_tls_codes **out, const struct pqm_tls_codes *in)
{
	struct pqm_tls_codes *c = pqm_new(hs_arena(h), struct pqm_tls_codes, 1);

	if (c != NULL)
		*c = *in;
	*out = c;
	return c != NULL;
}

bool hs_keep_certs(struct probe_hs *h, const struct pqm_tls_certs *c)
{
	pqm_bytes *der = pqm_new(hs_arena(h), pqm_bytes, c->n);

	if (der == NULL)
		return false;
	for (size_t i = 0; i < c->n; i++)
		if (!keep(h, &der[i], c->der[i]))
			return false;
	h->f->der = der;
	h->f->n_der = c->n;
	h->f->is_raw_key = h->f->is_raw_key || c->is_raw_key;
	h->f->has_leaf_key = c->n > 0 && pc_has_key(der[0], h->f->is_raw_key);
	return true;
}

void hs_prove(struct probe_hs *h, uint16_t scheme, pqm_bytes content, pqm_bytes sig)
{
	int st = -1;

	if (h->f->n_der > 0)
		st = h->f->is_raw_key ? pc_verify_spki(h->f->der[0], scheme, content, sig)
				      : pc_verify(h->f->der[0], scheme, content, sig);
	h->f->proven = st == 1 ? PQM_A_YES : st == 0 ? PQM_A_NO : PQM_A_UNKNOWN;
}

/* ---- HelloRetryRequest ---- */

static bool sent_share(const struct probe_hs *h, uint16_t group)
{
	return hs_has_code(h->spec.share_group, h->spec.n_share_groups, group);
}

/* [RFC8446 §4.1.4, §4.2.8] */
static enum probe_hs_do retry_is_bad(struct probe_hs *h, const struct pqm_tls_server_hello *sh)
{
	const struct pqm_tls_client_hello *c = &h->spec.hello;

	if (h->has_retried)
		return hs_bad(h, "a second HelloRetryRequest");
	if (!h->knows_13)
		return hs_bad(h, "HelloRetryRequest to a hello without TLS 1.3");
	if (!pqm_eq(sh->session_id, c->session_id))
		return hs_bad(h, "HelloRetryRequest does not echo the session id");
	if (!sh->has_group && sh->cookie.n == 0)
		return hs_bad(h, "HelloRetryRequest that asks for nothing");
	if (sh->has_group && !hs_has_code(c->groups, c->n_groups, sh->group))
		return hs_bad(h, "HelloRetryRequest for group 0x%04x, not offered", sh->group);
	if (sh->has_group && sent_share(h, sh->group))
		return hs_bad(
			h, "HelloRetryRequest for group 0x%04x, whose share was sent", sh->group);
	return PROBE_HS_MORE;
}

static enum probe_hs_do retry(
	struct probe_hs *h, const struct pqm_tls_server_hello *sh, pqm_bytes raw)
{
	struct probe_flight *f = h->f;
	enum pc_hash hash;
	enum pc_aead aead;

	if (retry_is_bad(h, sh) == PROBE_HS_END)
		return PROBE_HS_END;
	f->has_hello = true;
	f->is_hrr = true;
	f->has_cookie = sh->cookie.n > 0;
	f->hrr_group = sh->has_group ? sh->group : 0;
	/* A group that we cannot finish, or a suite that we cannot read: the answer is all there is. */
	if (!h->spec.follow_hrr || h->spec.goal == PROBE_HELLO ||
		(sh->has_group && !pc_group_known(sh->group)) ||
		!pc_suite13(sh->suite, &hash, &aead))
		return hs_goal(h, "hello retry request");
	if (sh->cookie.n > PQM_TLS_COOKIE_BYTES) {
		(void)hs_bad(h, "HelloRetryRequest with a cookie of %zu bytes", sh->cookie.n);
		f->end = PROBE_BUDGET;
		f->how = "budget";
		return PROBE_HS_END;
	}
	if (!hs_transcript_retry(h, hash) || !pqm_buf_add(&h->cookie, sh->cookie))
		return hs_no_memory(h);
	hs_transcript_add(h, raw);
	h->has_retried = true;
	h->retry_suite = sh->suite;
	if (sh->has_group) {
		h->spec.share_group[0] = sh->group;
		h->spec.n_share_groups = 1;
		h->spec.fake_share = h->spec.bad_share = false;
	}
	/* A PSK of another hash cannot be used with this suite [RFC8446 §4.1.4]. */
	if (h->spec.psk_hash != hash)
		h->spec.hello.psk_identity = (pqm_bytes){ NULL, 0 };
	return PROBE_HS_HELLO2;
}

/* ---- ServerHello ---- */

/* A server that does not know supported_versions goes by the legacy version, and may go below our
 * list: what it speaks is a fact, although a client that wants to talk would refuse it. */
static bool is_below_list(const struct probe_hs *h, const struct pqm_tls_server_hello *sh)
{
	const struct pqm_tls_client_hello *c = &h->spec.hello;
	uint16_t plain = hs_plain_version(sh->version);

	if (sh->version != sh->legacy_version || plain < PQM_SSL30)
		return false;
	for (size_t i = 0; i < c->n_versions; i++) {
		uint16_t v = hs_plain_version(c->versions[i]);

		if (v < PQM_TLS13 && plain < v)
			return true;
	}
	return false;
}

static bool was_offered(const struct probe_hs *h, const struct pqm_tls_server_hello *sh)
{
	const struct pqm_tls_client_hello *c = &h->spec.hello;
	uint16_t plain = hs_plain_version(sh->version);

	if (c->n_versions > 0)
		return hs_has_code(c->versions, c->n_versions, sh->version) || is_below_list(h, sh);
	/* Without the extension the legacy version is the highest. */
	return plain >= PQM_SSL30 && plain <= hs_plain_version(c->legacy_version);
}

/* What holds for every version. */
static enum probe_hs_do hello_is_bad(struct probe_hs *h, const struct pqm_tls_server_hello *sh)
{
	const struct pqm_tls_client_hello *c = &h->spec.hello;

	if (!was_offered(h, sh))
		return hs_bad(h, "ServerHello for version 0x%04x, not offered", sh->version);
	if (!hs_has_code(c->suites, c->n_suites, sh->suite))
		return hs_bad(h, "ServerHello with suite 0x%04x, not offered", sh->suite);
	if (sh->compression != 0)
		return hs_bad(h, "ServerHello with compression %u, not offered", sh->compression);
	bool is_suite_13 =
		sh->suite >> 8 == 0x13 || (hs_suite_flags(&h->spec, sh->suite) & PQM_C_TLS13) != 0;

	if (h->is_13 != is_suite_13)
		return hs_bad(h, "ServerHello for version 0x%04x with suite 0x%04x", sh->version,
			sh->suite);
	return PROBE_HS_MORE;
}

static enum probe_hs_do hello_13_is_bad(struct probe_hs *h, const struct pqm_tls_server_hello *sh)
{
	const struct pqm_tls_client_hello *c = &h->spec.hello;
	enum pc_hash hash = PC_SHA256;
	enum pc_aead aead;

	if (!pqm_eq(sh->session_id, c->session_id))
		return hs_bad(h, "ServerHello does not echo the session id");
	if (h->has_retried && sh->suite != h->retry_suite)
		return hs_bad(h, "ServerHello with suite 0x%04x after a retry for 0x%04x",
			sh->suite, h->retry_suite);
	if (sh->has_group && !sent_share(h, sh->group))
		return hs_bad(
			h, "ServerHello with group 0x%04x, for which no share was sent", sh->group);
	if (sh->has_psk && (c->psk_identity.n == 0 || sh->psk != 0))
		return hs_bad(h, "ServerHello takes PSK %u, not offered", sh->psk);
	if (sh->has_psk && (!pc_suite13(sh->suite, &hash, &aead) || hash != h->spec.psk_hash))
		return hs_bad(h, "ServerHello takes a PSK of another hash");
	if (!sh->has_group && !(sh->has_psk && c->psk_modes_ke))
		return hs_bad(h, "ServerHello without key share");
	if (sh->has_group && sh->has_psk && !c->psk_modes_dhe)
		return hs_bad(h, "ServerHello with key share and PSK, not offered");
	return PROBE_HS_MORE;
}

/* Shared secret and handshake keys. */
static enum probe_hs_do keys_13(
	struct probe_hs *h, const struct pqm_tls_server_hello *sh, pqm_bytes raw)
{
	uint8_t shared[PC_SHARED_MAX];
	size_t n = 0;

	h->s = pqm_calloc(1, sizeof(*h->s));
	if (h->s == NULL)
		return hs_no_memory(h);
	if (!pc_suite13(sh->suite, &h->s->hash, &h->s->aead))
		return hs_goal(h, "server hello");
	if (sh->has_group && !pc_shared(h->keys, sh->group, sh->share, shared, &n))
		return hs_bad(h, "ServerHello with a bad share of %zu bytes for group 0x%04x",
			sh->share.n, sh->group);
	hs_transcript_choose(h, h->s->hash);
	hs_transcript_add(h, raw);
	bool ok = hs_schedule(h, (pqm_bytes){ shared, n },
		sh->has_psk ? h->spec.psk_secret : (pqm_bytes){ NULL, 0 });

	pqm_wipe(shared, sizeof(shared));
	if (!ok)
		return hs_no_memory(h);
	h->step = HS_EE;
	return PROBE_HS_KEYS;
}

static void note_hello(struct probe_hs *h, const struct pqm_tls_server_hello *sh)
{
	struct probe_flight *f = h->f;

	f->version = sh->version;
	f->suite = sh->suite;
	if (sh->is_hrr)
		return;
	f->group = sh->has_group ? sh->group : 0;
	f->has_downgrade_marker = sh->has_downgrade_marker;
	f->ems = sh->ems;
	f->ticket_ext = sh->ticket;
	f->renegotiation = sh->renegotiation;
	f->heartbeat = sh->heartbeat;
	f->session_id_bytes = sh->session_id.n;
	f->psk_accepted = sh->has_psk;
}

static void note_alpn(struct probe_flight *f, pqm_bytes alpn)
{
	pqm_bytes cut = pqm_sub(alpn, 0, sizeof(f->alpn) - 1);

	if (cut.n > 0)
		memcpy(f->alpn, cut.p, cut.n);
}

static enum probe_hs_do server_hello(struct probe_hs *h, pqm_bytes body, pqm_bytes raw)
{
	struct pqm_tls_server_hello sh;
	struct pqm_err err;

	if (pqm_tls_server_hello(&sh, body, &err) != PQM_OK)
		return hs_err(h, &err);
	h->is_13 = hs_plain_version(sh.version) == PQM_TLS13;
	note_hello(h, &sh);
	if (hello_is_bad(h, &sh) == PROBE_HS_END)
		return PROBE_HS_END;
	if (sh.is_hrr)
		return h->is_13 ? retry(h, &sh, raw)
				: hs_bad(h, "HelloRetryRequest for version 0x%04x", sh.version);
	if (!h->is_13) {
		note_alpn(h->f, sh.alpn);
		hs_transcript_end(h);
		return hs_old_hello(h, &sh);
	}
	if (hello_13_is_bad(h, &sh) == PROBE_HS_END)
		return PROBE_HS_END;
	h->f->has_hello = true;
	/* No keys will come of a share without a private half. */
	if (h->spec.goal == PROBE_HELLO || (h->spec.fake_share && sh.has_group))
		return hs_goal(h, "server hello");
	return keys_13(h, &sh, raw);
}

/* HelloVerifyRequest: neither it nor the hello before it is in the transcript [RFC6347 §4.2.1]. */
static enum probe_hs_do hello_verify(struct probe_hs *h, pqm_bytes body)
{
	uint16_t version;
	pqm_bytes cookie;
	struct pqm_err err;

	if (!h->is_dtls || h->has_verified_cookie || h->has_retried)
		return hs_bad(h, "HelloVerifyRequest out of place");
	if (pqm_tls_hello_verify(&version, &cookie, body, &err) != PQM_OK)
		return hs_err(h, &err);
	h->has_verified_cookie = true;
	if (!pqm_buf_add(&h->dtls_cookie, cookie) ||
		((h->t[0] != NULL || h->t[1] != NULL) && !hs_transcript_start(h)))
		return hs_no_memory(h);
	return PROBE_HS_HELLO2;
}

/* ---- after the keys ---- */

static enum probe_hs_do encrypted_extensions(struct probe_hs *h, pqm_bytes body)
{
	struct probe_flight *f = h->f;
	struct pqm_tls_ee e;
	struct pqm_err err;

	if (pqm_tls_ee(&e, body, &err) != PQM_OK)
		return hs_err(h, &err);
	if (e.early_data && (!h->spec.hello.early_data || h->has_retried || !h->f->psk_accepted))
		return hs_bad(h, "EncryptedExtensions with early data, not offered");
	f->has_ee = true;
	f->early_data_ok = e.early_data;
	f->sni_ack = e.sni_ack;
	f->is_raw_key = e.server_cert_type && e.server_cert_type_value == 2;
	note_alpn(f, e.alpn);
	if (e.has_groups && !hs_keep_codes(h, &f->ee_groups, &e.groups))
		return hs_no_memory(h);
	h->step = f->psk_accepted ? HS_FINISHED : HS_REQUEST;
	return PROBE_HS_MORE;
}

static enum probe_hs_do certificate_request(struct probe_hs *h, pqm_bytes body)
{
	struct pqm_tls_cert_request r;
	struct pqm_err err;

	if (pqm_tls_cert_request(&r, body, PQM_TLS13, &err) != PQM_OK)
		return hs_err(h, &err);
	h->f->wants_client_cert = true;
	h->f->n_ca_names = r.n_names;
	if (!hs_keep_codes(h, &h->f->client_schemes, &r.schemes))
		return hs_no_memory(h);
	h->step = HS_CERT;
	return PROBE_HS_MORE;
}

static enum probe_hs_do certificate(struct probe_hs *h, pqm_bytes body)
{
	struct pqm_tls_certs c;
	struct pqm_err err;

	if (pqm_tls_certificate(&c, body, true, &err) != PQM_OK)
		return hs_err(h, &err);
	if (!hs_keep_certs(h, &c))
		return hs_no_memory(h);
	h->step = HS_VERIFY;
	return PROBE_HS_MORE;
}

/* [RFC8879 §4]: how it is packed is all that is read. */
static enum probe_hs_do compressed(struct probe_hs *h, pqm_bytes body)
{
	struct pqm_cur c = pqm_cur_of(body);

	if (!h->spec.hello.compress_cert)
		return hs_bad(h, "CompressedCertificate, not offered");
	if (!pqm_cur_u16be(&c, &h->f->compression))
		return hs_bad(h, "CompressedCertificate: ends after %zu bytes", body.n);
	h->f->has_compressed_cert = true;
	h->step = HS_VERIFY;
	return PROBE_HS_MORE;
}

/* The transcript without this message is what was signed [RFC8446 §4.4.3]. */
static enum probe_hs_do certificate_verify(struct probe_hs *h, pqm_bytes body, pqm_bytes raw)
{
	static const char label[] = "TLS 1.3, server CertificateVerify"; /* with its NUL */
	uint8_t content[64 + sizeof(label) + PC_HASH_MAX];
	const struct pqm_tls_client_hello *c = &h->spec.hello;
	pqm_bytes sig;
	struct pqm_err err;

	if (pqm_tls_cert_verify(&h->f->scheme, &sig, body, &err) != PQM_OK)
		return hs_err(h, &err);
	if (!hs_has_code(c->schemes, c->n_schemes, h->f->scheme))
		return hs_bad(h, "CertificateVerify by scheme 0x%04x, not offered", h->f->scheme);
	memset(content, ' ', 64);
	memcpy(content + 64, label, sizeof(label));
	pc_transcript_now(h->t[h->s->hash == PC_SHA384 ? 1 : 0], content + 64 + sizeof(label));
	hs_prove(h, h->f->scheme,
		(pqm_bytes){ content, 64 + sizeof(label) + pc_hash_bytes(h->s->hash) }, sig);
	if (h->spec.goal != PROBE_SESSION)
		return hs_goal(h, "certificate verify");
	hs_transcript_add(h, raw);
	h->step = HS_FINISHED;
	return PROBE_HS_MORE;
}

static enum probe_hs_do finished(struct probe_hs *h, pqm_bytes body, pqm_bytes raw)
{
	uint8_t want[PC_HASH_MAX];
	pqm_bytes data = { want, pc_hash_bytes(h->s->hash) };

	if (!hs_verify_data(h, h->s->s_hs, want))
		return hs_no_memory(h);
	if (!pqm_eq(body, data))
		return hs_bad(h, "Finished does not verify");
	h->f->is_finished = true;
	/* With early data our end of it would have to be sent first [RFC8446 §4.5]: the answer is known. */
	if (h->spec.goal != PROBE_SESSION || h->f->early_data_ok)
		return hs_goal(h, "finished");
	hs_transcript_add(h, raw);
	if (!hs_schedule_app(h))
		return hs_no_memory(h);
	h->step = HS_AFTER;
	return PROBE_HS_FINISH;
}

bool probe_hs_finished(struct probe_hs *h, struct pqm_buf *out)
{
	static const uint8_t no_cert[] = { PQM_HS_CERTIFICATE, 0, 0, 4, 0, 0, 0, 0 };
	size_t n = pc_hash_bytes(h->s->hash);
	uint8_t msg[4 + PC_HASH_MAX] = { PQM_HS_FINISHED, 0, 0, (uint8_t)n };

	if (h->f->wants_client_cert) {
		hs_transcript_add(h, (pqm_bytes){ no_cert, sizeof(no_cert) });
		(void)pqm_buf_add(out, (pqm_bytes){ no_cert, sizeof(no_cert) });
	}
	if (!hs_verify_data(h, h->s->c_hs, msg + 4))
		return false;
	hs_transcript_add(h, (pqm_bytes){ msg, 4 + n });
	return pqm_buf_add(out, (pqm_bytes){ msg, 4 + n }) && hs_resumption(h);
}

static enum probe_hs_do ticket(struct probe_hs *h, pqm_bytes body)
{
	struct probe_flight *f = h->f;
	struct pqm_tls_ticket t;
	struct pqm_err err;
	uint8_t psk[PC_HASH_MAX];
	size_t n = pc_hash_bytes(h->s->hash);

	if (pqm_tls_ticket(&t, body, true, &err) != PQM_OK)
		return hs_err(h, &err);
	f->n_tickets++;
	if (f->n_tickets > 1)
		return PROBE_HS_MORE;
	f->ticket_lifetime_s = t.lifetime_s;
	f->ticket_age_add = t.age_add;
	f->max_early_data = t.has_early_data ? t.max_early_data : 0;
	f->hash = h->s->hash;
	bool ok = hs_ticket_psk(h, t.nonce, psk) && keep(h, &f->ticket, t.ticket) &&
		keep(h, &f->psk, (pqm_bytes){ psk, n });

	pqm_wipe(psk, sizeof(psk));
	return ok ? PROBE_HS_MORE : hs_no_memory(h);
}

/* ---- one message ---- */

static enum probe_hs_do at_step(struct probe_hs *h, uint8_t type, pqm_bytes body, pqm_bytes raw)
{
	switch (h->step) {
	case HS_HELLO:
		if (type == PQM_HS_SERVER_HELLO)
			return server_hello(h, body, raw);
		if (type == PQM_HS_HELLO_VERIFY)
			return hello_verify(h, body);
		if (type == 0 && body.n == 0) /* HelloRequest: may be ignored [RFC5246 §7.4.1.1] */
			return PROBE_HS_MORE;
		break;
	case HS_EE:
		if (type == PQM_HS_EE)
			return encrypted_extensions(h, body);
		break;
	case HS_REQUEST:
	case HS_CERT:
		if (type == PQM_HS_CERT_REQUEST && h->step == HS_REQUEST)
			return certificate_request(h, body);
		if (type == PQM_HS_CERTIFICATE)
			return certificate(h, body);
		if (type == PQM_HS_COMPRESSED)
			return compressed(h, body);
		break;
	case HS_VERIFY:
		if (type == PQM_HS_CERT_VERIFY)
			return certificate_verify(h, body, raw);
		break;
	case HS_FINISHED:
		if (type == PQM_HS_FINISHED)
			return finished(h, body, raw);
		break;
	case HS_AFTER:
		return type == PQM_HS_TICKET ? ticket(h, body) : PROBE_HS_MORE;
	case HS_OLD:
		return hs_old_message(h, type, body);
	case HS_END:
		return PROBE_HS_END;
	}
	return hs_bad(h, "handshake message %u out of place", type);
}

enum probe_hs_do probe_hs_message(struct probe_hs *h, uint8_t type, pqm_bytes body, pqm_bytes raw)
{
	enum hs_step before = h->step;
	enum probe_hs_do st = at_step(h, type, body, raw);

	/* Hellos, CertificateVerify and Finished add themselves, in their own time. */
	if (st == PROBE_HS_MORE && (before == HS_EE || before == HS_REQUEST || before == HS_CERT))
		hs_transcript_add(h, raw);
	return st;
}
