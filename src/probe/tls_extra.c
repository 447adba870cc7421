#include "tls_plan.h"

/* What only the full profile asks: every suite and its order, resumption, early data, tolerance. */

#define SPLIT_AT 60	 /* bytes in the first segment of a split hello */
#define LARGE_HELLO 1700 /* more than one segment of 1,460 bytes, as hybrid shares make it */
#define FRAGMENT 64

/* ---- every suite ---- */

static bool has_suite_left(const struct probe_plan *p, bool is_13)
{
	for (size_t i = 0; i < p->c->suites.n; i++) {
		const struct pqm_probe_code *s = &p->c->suites.code[i];

		if (((s->flags & PQM_C_TLS13) != 0) == is_13 && (s->flags & PQM_C_SSL2) == 0 &&
			s->profile <= p->c->profile && p->suite[i].answer == PQM_A_UNKNOWN)
			return true;
	}
	return false;
}

static void known_suites(
	const struct probe_plan *p, struct plan_ask *a, bool is_13, enum pqm_answer answer)
{
	a->spec.hello.n_suites = 0;
	for (size_t i = 0; i < p->c->suites.n; i++) {
		const struct pqm_probe_code *s = &p->c->suites.code[i];

		if (((s->flags & PQM_C_TLS13) != 0) == is_13 && (s->flags & PQM_C_SSL2) == 0 &&
			s->profile <= p->c->profile && p->suite[i].answer == (uint8_t)answer)
			probe_ask_suite(a, s->code, s->flags);
	}
}

bool probe_ask_suites(const struct probe_plan *p, struct plan_ask *a)
{
	if (p->suite == NULL)
		return false;
	if (!p->is_suites13_done && probe_is(p, V_13, PQM_A_YES) && has_suite_left(p, true)) {
		probe_ask_13(p, a, PROBE_HELLO);
		known_suites(p, a, true, PQM_A_UNKNOWN);
		a->about = ABOUT_SUITES;
		probe_ask_groups(p, a, PQM_G_EC | PQM_G_FFDHE | PQM_G_HYBRID | PQM_G_PQ, PQM_A_YES);
		return a->spec.hello.n_groups > 0;
	}
	if (!p->is_suites12_done && probe_is(p, V_12, PQM_A_YES) && has_suite_left(p, false)) {
		probe_ask_old(p, a, V_12, K_ALL);
		known_suites(p, a, false, PQM_A_UNKNOWN);
		a->about = ABOUT_SUITES;
		return true;
	}
	return false;
}

static bool is_suite_of(const struct plan_ask *a, uint16_t suite)
{
	for (size_t i = 0; i < a->spec.hello.n_suites; i++)
		if (a->suites[i] == suite)
			return true;
	return false;
}

void probe_hear_suites(struct probe_plan *p, const struct plan_ask *a, const struct plan_heard *h)
{
	bool is_13 = a->spec.hello.n_versions > 0;

	if (h->answer == PQM_A_YES && is_suite_of(a, h->f->suite))
		return;
	if (h->answer != PQM_A_NO)
		p->has_unknown = true;
	if (h->answer == PQM_A_NO && !is_13) {
		p->class_no |= K_ALL & (uint16_t)~p->class_yes;
		p->class_no_how = (uint8_t)h->how;
	}
	if (is_13)
		p->is_suites13_done = true;
	else
		p->is_suites12_done = true;
}

/* The suite of TLS 1.2 that the server picked first. */
static uint16_t first_suite(const struct probe_plan *p)
{
	uint8_t best = UINT8_MAX;
	uint16_t suite = 0;

	for (size_t i = 0; p->suite != NULL && i < p->c->suites.n; i++)
		if ((p->c->suites.code[i].flags & PQM_C_TLS13) == 0 &&
			p->suite[i].answer == PQM_A_YES && p->suite[i].rank < best) {
			best = p->suite[i].rank;
			suite = p->c->suites.code[i].code;
		}
	return suite;
}

bool probe_ask_suite_order(const struct probe_plan *p, struct plan_ask *a)
{
	if (p->is_suite_order_done || p->suite == NULL || !probe_is(p, V_12, PQM_A_YES))
		return false;
	probe_ask_old(p, a, V_12, K_ALL);
	known_suites(p, a, false, PQM_A_YES);
	size_t n = a->spec.hello.n_suites;

	for (size_t i = 0; i < n / 2; i++) {
		uint16_t s = a->suites[i], f = a->suite_flags[i];

		a->suites[i] = a->suites[n - 1 - i];
		a->suite_flags[i] = a->suite_flags[n - 1 - i];
		a->suites[n - 1 - i] = s;
		a->suite_flags[n - 1 - i] = f;
	}
	return n >= 2;
}

void probe_hear_suite_order(
	struct probe_plan *p, const struct plan_ask *a, const struct plan_heard *h)
{
	p->is_suite_order_done = true;
	if (h->answer != PQM_A_YES) {
		p->has_unknown = true;
		return;
	}
	if (h->f->suite == first_suite(p) && h->f->suite != a->suites[0]) {
		p->is_suite_order = true;
		probe_fact(p->j, "suite-order", PQM_A_YES, "server hello", "server");
	} else if (h->f->suite == a->suites[0] && h->f->suite != first_suite(p)) {
		probe_fact(p->j, "suite-order", PQM_A_YES, "server hello", "client");
	}
}

/* ---- sessions ---- */

static bool ask_share(const struct probe_plan *p, struct plan_ask *a, enum probe_goal goal)
{
	uint16_t group = probe_good_group(p);

	if (group == 0 || !probe_is(p, V_13, PQM_A_YES))
		return false;
	probe_ask_13(p, a, goal);
	probe_ask_group(a, group);
	probe_ask_share(a, group);
	return true;
}

bool probe_ask_session(const struct probe_plan *p, struct plan_ask *a)
{
	if (p->is_session_done || p->over == PROBE_DTLS || !ask_share(p, a, PROBE_SESSION))
		return false;
	a->spec.follow_hrr = true;
	a->spec.hello.n_groups = 0;
	a->spec.n_share_groups = 0;
	/* As with the chains, the order of groups comes for free. */
	bool is_asked = probe_ask_reversed(p, a) || ask_share(p, a, PROBE_SESSION);

	a->spec.one_ticket = p->c->profile != PQM_PROFILE_FULL;
	return is_asked;
}

void probe_hear_session(struct probe_plan *p, const struct plan_ask *a, const struct plan_heard *h)
{
	const struct probe_flight *f = h->f;

	if (a->spec.n_share_groups == 0)
		probe_hear_reversed(p, a, f);
	p->is_session_done = true;
	if (h->answer != PQM_A_YES || !f->is_finished) {
		p->has_unknown = p->has_unknown || p->client_auth != PQM_A_YES;
		probe_fact(p->j, "tickets", PQM_A_UNKNOWN,
			h->answer == PQM_A_YES ? "handshake not confirmed" : probe_how(h->how),
			NULL);
		return;
	}
	if (f->n_tickets == 0) {
		/* A server that waits for our certificate has none to give yet. */
		if (p->client_auth == PQM_A_NO)
			probe_fact(p->j, "tickets", PQM_A_NO, "handshake done", NULL);
		return;
	}
	/* Their number is known where all of them were waited for. */
	probe_fact(p->j, "tickets", PQM_A_YES, "new session ticket",
		a->spec.one_ticket ? NULL : "%u", (unsigned)f->n_tickets);
	probe_fact(p->j, "ticket-lifetime", PQM_A_YES, "new session ticket", "%u s",
		(unsigned)f->ticket_lifetime_s);
	probe_fact(p->j, "early-data", f->max_early_data > 0 ? PQM_A_YES : PQM_A_NO,
		"new session ticket",
		f->max_early_data > 0 && p->over != PROBE_QUIC ? "%u bytes" : NULL,
		(unsigned)f->max_early_data);
	p->ticket = pqm_bytes_dup(&p->j->arena, f->ticket);
	p->psk = pqm_bytes_dup(&p->j->arena, f->psk);
	p->psk_hash = f->hash;
	p->psk_suite = f->suite;
	p->ticket_age_add = f->ticket_age_add;
	p->max_early_data = f->max_early_data;
}

/* First without a fresh exchange: whoever has the ticket's key then reads the session [RFC8446 §2.2]. */
bool probe_ask_resume(const struct probe_plan *p, struct plan_ask *a)
{
	uint8_t last = p->c->profile == PQM_PROFILE_FULL ? 2 : 1;

	if (p->resume_try >= last || p->ticket.n == 0 || p->psk.n == 0 ||
		!ask_share(p, a, PROBE_FLIGHT))
		return false;
	struct pqm_tls_client_hello *h = &a->spec.hello;

	h->n_suites = 0;
	probe_ask_suite(a, p->psk_suite, PQM_C_TLS13);
	a->spec.psk_ticket = p->ticket;
	a->spec.psk_secret = p->psk;
	a->spec.psk_hash = p->psk_hash;
	a->spec.psk_age = p->ticket_age_add + 100;
	if (p->resume_try == 0) {
		a->spec.n_share_groups = 0;
		h->psk_modes_dhe = false;
		h->psk_modes_ke = true;
	} else {
		h->early_data = p->max_early_data > 0;
	}
	return true;
}

void probe_hear_resume(struct probe_plan *p, const struct plan_ask *a, const struct plan_heard *h)
{
	const struct probe_flight *f = h->f;
	const char *key = p->resume_try == 0 ? "psk-without-exchange" : "resumption";

	p->resume_try++;
	if (h->answer == PQM_A_YES && f->psk_accepted) {
		p->was_resumed = true;
		probe_fact(p->j, key, PQM_A_YES, "server hello", NULL);
		probe_fact(p->j, "resumption", PQM_A_YES, "server hello", NULL);
		if (a->spec.hello.early_data)
			probe_fact(p->j, "early-data-taken",
				f->early_data_ok ? PQM_A_YES : PQM_A_NO, "encrypted extensions",
				NULL);
	} else if (p->was_resumed) {
		return; /* a ticket may be good for one time only */
	} else if (h->answer == PQM_A_YES || h->answer == PQM_A_NO) {
		/* It went on without the ticket, or refused a hello that had no share. */
		probe_fact(p->j, key, PQM_A_NO, probe_how(h->how), NULL);
	} else {
		p->has_unknown = true;
		probe_fact(p->j, key, PQM_A_UNKNOWN, probe_how(h->how), NULL);
	}
}

/* ---- one by one ---- */

enum extra { X_ALPN, X_COMPRESS, X_SCSV, X_SPLIT, X_LARGE, X_FRAGMENTS, X_BAD_KEY, X_QUIC2, X_N };

static uint16_t pq_group(const struct probe_plan *p)
{
	for (size_t i = 0; i < p->c->groups.n; i++)
		if (p->group[i].answer == PQM_A_YES &&
			(p->c->groups.code[i].flags & (PQM_G_HYBRID | PQM_G_PQ)) != 0)
			return p->c->groups.code[i].code;
	return 0;
}

static bool applies(const struct probe_plan *p, unsigned x)
{
	bool is_13 = probe_is(p, V_13, PQM_A_YES) && probe_good_group(p) != 0;
	bool is_tcp = p->over == PROBE_TCP;

	switch ((enum extra)x) {
	case X_ALPN:
		return is_13 && is_tcp && p->alpn_mode == 1;
	case X_COMPRESS:
		return is_13;
	case X_SCSV:
		return is_tcp && probe_is(p, V_12, PQM_A_YES) && is_13;
	case X_SPLIT:
	case X_LARGE:
	case X_FRAGMENTS:
		return is_13 && is_tcp;
	case X_BAD_KEY:
		return is_13 && pq_group(p) != 0;
	case X_QUIC2:
		return is_13 && p->over == PROBE_QUIC;
	case X_N:
		return false;
	}
	return false;
}

static unsigned extra_at(const struct probe_plan *p)
{
	unsigned x = p->extra_try;

	while (x < X_N && !applies(p, x))
		x++;
	return x;
}

static void ask_bad_key(const struct probe_plan *p, struct plan_ask *a)
{
	probe_ask_13(p, a, PROBE_HELLO);
	probe_ask_group(a, pq_group(p));
	probe_ask_share(a, pq_group(p));
	a->spec.fake_share = true;
	a->spec.bad_share = true;
}

/* Known groups and no share: the answer is one small hello retry request. */
static void ask_small(const struct probe_plan *p, struct plan_ask *a)
{
	probe_ask_13(p, a, PROBE_HELLO);
	probe_ask_group(a, probe_good_group(p));
}

bool probe_ask_extra(const struct probe_plan *p, struct plan_ask *a)
{
	switch ((enum extra)extra_at(p)) {
	case X_ALPN:
		(void)ask_share(p, a, PROBE_FLIGHT);
		a->alpn[0] = p->has_h2 ? "http/1.1" : "h2";
		a->spec.hello.n_alpn = 1;
		a->spec.hello.alpn = a->alpn;
		return true;
	case X_COMPRESS:
		(void)ask_share(p, a, PROBE_FLIGHT);
		a->spec.hello.compress_cert = true;
		return true;
	case X_SCSV:
		probe_ask_old(p, a, V_12, K_HARVEST);
		a->spec.hello.scsv_fallback = true;
		return true;
	case X_SPLIT:
		ask_small(p, a);
		a->spec.first_segment = SPLIT_AT;
		return true;
	case X_LARGE:
		ask_small(p, a);
		a->spec.hello.pad_to = LARGE_HELLO;
		return true;
	case X_FRAGMENTS:
		ask_small(p, a);
		a->spec.fragment = FRAGMENT;
		return true;
	case X_BAD_KEY:
		ask_bad_key(p, a);
		return true;
	case X_QUIC2:
		ask_small(p, a);
		a->spec.quic_version = 0x6b3343cf;
		return true;
	case X_N:
		return false;
	}
	return false;
}

static void hear_compress(struct probe_plan *p, const struct plan_heard *h)
{
	static const char *const name[] = { "", "zlib", "brotli", "zstd" };

	if (h->f->has_compressed_cert)
		probe_fact(p->j, "certificate-compression", PQM_A_YES, "compressed certificate",
			"%s", h->f->compression < 4 ? name[h->f->compression] : "other");
	else if (h->f->n_der > 0)
		probe_fact(p->j, "certificate-compression", PQM_A_NO, "certificate", NULL);
	else
		p->has_unknown = true;
}

/* Did a hello of this form get the answer that an ordinary one gets? No protocol refuses it: what fails
 * does so by silence or reset, and other hellos just before and after are answered. */
static void hear_tolerance(struct probe_plan *p, const char *key, const struct plan_heard *h)
{
	bool is_failure = h->answer == PQM_A_NO || h->how == HOW_RESET || h->how == HOW_TIMEOUT ||
		h->how == HOW_CLOSED;
	enum pqm_answer v = h->answer == PQM_A_YES ? PQM_A_YES
		: is_failure			   ? PQM_A_NO
						   : PQM_A_UNKNOWN; /* ours, or no TLS any more */

	probe_fact(p->j, key, v, probe_how(h->how), NULL);
}

static void hear_bad_key(struct probe_plan *p, const struct plan_heard *h)
{
	/* The modulus check of [FIPS203 §7.2]; its alert by draft-ietf-tls-ecdhe-mlkem. */
	if (h->answer == PQM_A_NO)
		probe_fact(p->j, "checks-mlkem-key", PQM_A_YES, probe_how(h->how), NULL);
	else if (h->answer == PQM_A_YES && !h->f->is_hrr)
		probe_fact(p->j, "checks-mlkem-key", PQM_A_NO, probe_how(h->how), NULL);
	else
		probe_fact(p->j, "checks-mlkem-key", PQM_A_UNKNOWN, probe_how(h->how), NULL);
}

static void hear_scsv(struct probe_plan *p, const struct plan_heard *h)
{
	if (h->f->has_alert && h->f->alert == 86)
		probe_fact(p->j, "fallback-scsv", PQM_A_YES, "alert 86", NULL);
	else if (h->answer == PQM_A_YES)
		probe_fact(p->j, "fallback-scsv", PQM_A_NO, "server hello", NULL);
}

void probe_hear_extra(struct probe_plan *p, const struct plan_ask *a, const struct plan_heard *h)
{
	unsigned x = extra_at(p);

	(void)a;
	p->extra_try = (uint8_t)(x + 1);
	switch ((enum extra)x) {
	case X_COMPRESS:
		hear_compress(p, h);
		return;
	case X_SCSV:
		hear_scsv(p, h);
		return;
	case X_SPLIT:
		hear_tolerance(p, "split-hello", h);
		return;
	case X_LARGE:
		hear_tolerance(p, "large-hello", h);
		return;
	case X_FRAGMENTS:
		hear_tolerance(p, "fragmented-hello", h);
		return;
	case X_BAD_KEY:
		hear_bad_key(p, h);
		return;
	case X_QUIC2:
		probe_fact(p->j, "quic-v2",
			h->answer == PQM_A_YES || h->how == HOW_VN ? h->answer : PQM_A_UNKNOWN,
			probe_how(h->how), NULL);
		return;
	case X_ALPN: /* noted with every flight */
	case X_N:
		return;
	}
}
