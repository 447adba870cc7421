#include "unit.h"

#include <stdlib.h>

#include "probe/tls_plan.h"

/*
 * Simulated servers, as tables: what they hold, how they choose, how they misbehave. The strategy asks,
 * the server answers a flight, the facts and the number of connections are compared.
 */

/* ---- code points of the tests ---- */

#define HYB PQM_G_HYBRID | PQM_G_13ONLY
#define PQ PQM_G_PQ | PQM_G_13ONLY

static const struct pqm_probe_code groups[] = {
	{ .code = 0x11ec, .flags = HYB },
	{ .code = 0x11eb, .flags = HYB },
	{ .code = 0x11ed, .flags = HYB },
	{ .code = 0x0201, .flags = PQ },
	{ .code = 0x0202, .flags = PQ },
	{ .code = 0x0200, .flags = PQ },
	{ .code = 0x001d, .flags = PQM_G_EC },
	{ .code = 0x0017, .flags = PQM_G_EC },
	{ .code = 0x0018, .flags = PQM_G_EC },
	{ .code = 0x0019, .flags = PQM_G_EC },
	{ .code = 0x001e, .flags = PQM_G_EC },
	{ .code = 0x0100, .flags = PQM_G_FFDHE },
	{ .code = 0x0101, .flags = PQM_G_FFDHE },
	{ .code = 0x0102, .flags = PQM_G_FFDHE },
	{ .code = 0x0103, .flags = PQM_G_FFDHE },
	{ .code = 0x0104, .flags = PQM_G_FFDHE },
	{ .code = 0x6399, .flags = PQM_G_DRAFT | PQM_G_13ONLY, .profile = PQM_PROFILE_HNDL },
	{ .code = 0x0016, .flags = PQM_G_EC | PQM_G_OLD, .profile = PQM_PROFILE_FULL },
	{ .code = 0x2fb6, .flags = PQM_G_DRAFT | PQM_G_13ONLY, .profile = PQM_PROFILE_FULL },
};

static const struct pqm_probe_code suites[] = {
	{ .code = 0x1301, .flags = PQM_C_TLS13 | PQM_C_AEAD | PQM_C_COMMON },
	{ .code = 0x1302, .flags = PQM_C_TLS13 | PQM_C_AEAD | PQM_C_COMMON },
	{ .code = 0x1303, .flags = PQM_C_TLS13 | PQM_C_AEAD | PQM_C_COMMON },
	{ .code = 0xc02b, .flags = PQM_C_ECDHE | PQM_C_AUTH_ECDSA | PQM_C_COMMON },
	{ .code = 0xc02f, .flags = PQM_C_ECDHE | PQM_C_AUTH_RSA | PQM_C_COMMON },
	{ .code = 0xc030, .flags = PQM_C_ECDHE | PQM_C_AUTH_RSA | PQM_C_COMMON },
	{ .code = 0x009e, .flags = PQM_C_DHE | PQM_C_AUTH_RSA | PQM_C_COMMON },
	{ .code = 0x009c, .flags = PQM_C_RSA | PQM_C_COMMON },
	{ .code = 0x002f, .flags = PQM_C_RSA | PQM_C_COMMON },
	{ .code = 0x000a, .flags = PQM_C_RSA, .profile = PQM_PROFILE_HNDL },
	{ .code = 0x008c, .flags = PQM_C_PSK, .profile = PQM_PROFILE_FULL },
	{ .code = 0x0034, .flags = PQM_C_DHE | PQM_C_ANON, .profile = PQM_PROFILE_FULL },
	{ .code = 0x0003, .flags = PQM_C_RSA | PQM_C_EXPORT, .profile = PQM_PROFILE_FULL },
	{ .code = 0x0002, .flags = PQM_C_RSA | PQM_C_NULL, .profile = PQM_PROFILE_FULL },
	{ .code = 0x0080, .aux = 1, .flags = PQM_C_SSL2 | PQM_C_RSA, .profile = PQM_PROFILE_FULL },
};

static const struct pqm_probe_code schemes[] = {
	{ .code = 0x0403, .flags = PQM_S_ECDSA },
	{ .code = 0x0804, .flags = PQM_S_RSA_PSS },
	{ .code = 0x0401, .flags = PQM_S_RSA_PKCS1 },
	{ .code = 0x0807, .flags = PQM_S_EDDSA },
	{ .code = 0x0905, .flags = PQM_S_MLDSA },
	{ .code = 0x0904, .flags = PQM_S_MLDSA },
	{ .code = 0x0906, .flags = PQM_S_MLDSA },
	{ .code = 0x0503, .flags = PQM_S_ECDSA },
	{ .code = 0x0805, .flags = PQM_S_RSA_PSS },
	{ .code = 0x0806, .flags = PQM_S_RSA_PSS },
	{ .code = 0x0501, .flags = PQM_S_RSA_PKCS1 },
	{ .code = 0x0808, .flags = PQM_S_EDDSA },
	{ .code = 0x0908, .flags = PQM_S_COMPOSITE },
	{ .code = 0x0911, .flags = PQM_S_SLHDSA },
	{ .code = 0x0201, .flags = PQM_S_RSA_PKCS1 | PQM_S_SHA1, .profile = PQM_PROFILE_HNDL },
};

#define N(a) (sizeof(a) / sizeof((a)[0]))

/* ---- servers ---- */

enum lone { LONE_FINE, LONE_ALERT, LONE_RESETS };

enum mood { FINE, SILENT, GARBAGE, RESETS, REFUSES, ALERT_10, BUDGET };

/* What is wrong with every certificate or what is behind it. */
enum flaw { NO_FLAW, NO_KEY, WRONG_SIGNATURE, BREAKS_OFF };

enum no { NO_40, NO_CLOSES, NO_RESETS, NO_ALERT_10, NO_SILENT };

struct server {
	const char *name;
	uint16_t versions[7];
	uint16_t groups[14];
	uint16_t schemes[6]; /* it signs with in 1.3, its order */
	uint16_t suites13[4];
	uint16_t suites12[8];
	bool client_order, sends_list, enforces;
	enum lone lone;
	enum mood mood;
	bool asks_client, needs_sni, needs_alpn, no_alpn, hates_long, hates_13, uses_80, checks_key;
	bool gives_tickets, takes_psk_ke;
	unsigned limit;	     /* connections it takes; 0: any number */
	bool limit_resets;   /* else it refuses to connect */
	unsigned hiccup;     /* this connection is reset */
	bool hates_reversed; /* resets when the last group it has is named first */
	uint16_t favourite;  /* asked for by a retry whenever it is there */
	bool unfit_suite, unfit_group, hates_share_only;
	enum flaw flaw;
	enum no no;		    /* what it says when nothing is in common */
	bool eats_pq;		    /* something in front closes when only PQ groups are named */
	const struct server *other; /* a second backend, every other connection */
};

struct world {
	const struct server *s;
	unsigned n;
	struct probe_flight f;
	struct probe_outcome o;
	struct pqm_tls_codes list;
	pqm_bytes der[1];
};

static bool among(const uint16_t *list, size_t n, uint16_t code)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == code)
			return true;
	return false;
}

#define HOLDS(a, code) (among((a), N(a), (code)) && (code) != 0)

/* The first of ours (or of theirs) that both have. */
static uint16_t choose(
	const uint16_t *ours, size_t n, const uint16_t *theirs, size_t m, bool is_theirs)
{
	for (size_t i = 0; i < (is_theirs ? m : n); i++) {
		uint16_t c = is_theirs ? theirs[i] : ours[i];

		if (c != 0 && among(ours, n, c) && among(theirs, m, c))
			return c;
	}
	return 0;
}

static unsigned flags_of(const struct pqm_probe_code *t, size_t n, uint16_t code)
{
	for (size_t i = 0; i < n; i++)
		if (t[i].code == code)
			return t[i].flags;
	return 0;
}

static bool is_pq(uint16_t group)
{
	return (flags_of(groups, N(groups), group) & (PQM_G_HYBRID | PQM_G_PQ)) != 0;
}

static void ends(struct world *w, enum probe_end end)
{
	w->f.end = end;
	w->o.end = end;
}

static void alerts(struct world *w, uint8_t alert)
{
	w->f.has_alert = true;
	w->f.alert = alert;
	w->f.alert_level = 2;
	ends(w, PROBE_ALERT);
}

static void nothing_common(struct world *w, const struct server *s)
{
	static const enum probe_end end[] = {
		[NO_CLOSES] = PROBE_CLOSED, [NO_RESETS] = PROBE_RESET, [NO_SILENT] = PROBE_TIMEOUT
	};

	if (s->no == NO_ALERT_10)
		alerts(w, 10);
	else if (s->no != NO_40)
		ends(w, end[s->no]);
	else
		alerts(w, s->uses_80 ? 80 : 40);
}

static void certifies(struct world *w, const struct server *s, uint16_t scheme)
{
	static const uint8_t fake[] = { 0x30, 0x03, 0x02, 0x01, 0x01 };

	w->der[0] = (pqm_bytes){ fake, sizeof(fake) };
	w->f.der = w->der;
	w->f.n_der = 1;
	w->f.has_leaf_key = s->flaw != NO_KEY;
	w->f.proven = s->flaw == WRONG_SIGNATURE ? PQM_A_NO : PQM_A_YES;
	if (s->flaw == BREAKS_OFF)
		ends(w, PROBE_GARBAGE);
	w->f.scheme = scheme;
	w->f.wants_client_cert = s->asks_client;
	w->f.n_ca_names = s->asks_client ? 2 : 0;
}

static void greets(struct world *w, uint16_t version, uint16_t suite)
{
	w->f.has_hello = true;
	w->f.version = version;
	w->f.suite = suite;
	ends(w, PROBE_GOAL);
}

static void lists(struct world *w, const struct server *s, uint16_t group)
{
	if (!s->sends_list || group == s->groups[0])
		return;
	w->list.n = 0;
	for (size_t i = 0; i < N(s->groups) && s->groups[i] != 0; i++)
		w->list.code[w->list.n++] = s->groups[i];
	w->f.ee_groups = &w->list;
}

static void session(struct world *w, const struct server *s)
{
	static const uint8_t ticket[] = "ticket", psk[] = "secret";

	w->f.is_finished = true;
	if (!s->gives_tickets)
		return;
	w->f.n_tickets = 2;
	w->f.ticket_lifetime_s = 7200;
	w->f.ticket = (pqm_bytes){ ticket, 6 };
	w->f.psk = (pqm_bytes){ psk, 6 };
}

static void speaks_13(struct world *w, const struct server *s, const struct probe_tls_spec *q)
{
	const struct pqm_tls_client_hello *h = &q->hello;
	uint16_t suite = choose(s->suites13, N(s->suites13), h->suites, h->n_suites, false);
	uint16_t scheme = choose(s->schemes, N(s->schemes), h->schemes, h->n_schemes, false);
	uint16_t best = choose(s->groups, N(s->groups), h->groups, h->n_groups, s->client_order);
	uint16_t shared = 0, pq = 0;
	bool is_lone = true;

	for (size_t i = 0; i < h->n_groups; i++) {
		is_lone = is_lone && is_pq(h->groups[i]);
		if (pq == 0 && is_pq(h->groups[i]) && HOLDS(s->groups, h->groups[i]))
			pq = h->groups[i];
	}
	for (size_t i = 0; i < q->n_share_groups; i++)
		if (HOLDS(s->groups, q->share_group[i]))
			shared = q->share_group[i];
	if (is_lone && s->eats_pq) {
		ends(w, PROBE_CLOSED);
		return;
	}
	if (is_lone && q->n_share_groups == 0 && s->lone != LONE_FINE) {
		if (s->lone == LONE_ALERT)
			alerts(w, 40);
		else
			ends(w, PROBE_RESET);
		return;
	}
	if (h->psk_modes_ke && q->psk_ticket.n > 0 && s->takes_psk_ke) {
		greets(w, PQM_TLS13, suite);
		w->f.psk_accepted = true;
		return;
	}
	if (suite == 0 || scheme == 0 || best == 0) {
		nothing_common(w, s);
		return;
	}
	greets(w, PQM_TLS13, s->unfit_suite ? 0x13ff : suite);
	if (shared != 0 && q->bad_share && s->checks_key) {
		memset(&w->f, 0, sizeof(w->f));
		alerts(w, 47);
		return;
	}
	if (shared == 0 || (s->enforces && pq != 0 && !is_pq(shared))) {
		w->f.is_hrr = true;
		w->f.hrr_group = shared != 0 ? pq : best;
		if (shared == 0 && s->favourite != 0 && among(h->groups, h->n_groups, s->favourite))
			w->f.hrr_group = s->favourite;
		if (s->unfit_group)
			w->f.hrr_group = 0x4242;
		if (!q->follow_hrr || q->goal == PROBE_HELLO)
			return;
		shared = w->f.hrr_group;
	}
	w->f.group = shared;
	if (q->goal == PROBE_HELLO || q->fake_share)
		return;
	w->f.has_ee = true;
	lists(w, s, shared);
	certifies(w, s, scheme);
	if (h->n_alpn > 0 && !s->no_alpn)
		(void)memcpy(w->f.alpn, h->alpn[0], strlen(h->alpn[0]));
	if (q->goal == PROBE_SESSION)
		session(w, s);
}

static void speaks_old(
	struct world *w, const struct server *s, const struct probe_tls_spec *q, uint16_t version)
{
	const struct pqm_tls_client_hello *h = &q->hello;

	for (size_t i = 0; i < N(s->suites12) && s->suites12[i] != 0; i++) {
		unsigned f = flags_of(suites, N(suites), s->suites12[i]);
		uint16_t curve = choose(s->groups, N(s->groups), h->groups, h->n_groups, false);

		if (!among(h->suites, h->n_suites, s->suites12[i]))
			continue;
		for (size_t k = 0; k < N(s->groups) && is_pq(curve); k++)
			curve = choose(
				s->groups + k, N(s->groups) - k, h->groups, h->n_groups, false);
		if ((f & PQM_C_ECDHE) != 0 && (curve == 0 || is_pq(curve) || curve >= 0x100))
			continue;
		greets(w, version, s->suites12[i]);
		certifies(w, s, (f & PQM_C_RSA) != 0 ? 0 : 0x0401);
		w->f.ems = true;
		if ((f & PQM_C_ECDHE) != 0) {
			w->f.has_ske = true;
			w->f.ec_group = curve;
		} else if ((f & PQM_C_DHE) != 0) {
			w->f.has_ske = true;
			w->f.dh_bits = 2048;
		}
		return;
	}
	nothing_common(w, s);
}

static void negotiates(struct world *w, const struct server *s, const struct probe_tls_spec *q)
{
	const struct pqm_tls_client_hello *h = &q->hello;
	uint16_t best = 0;

	if (s->needs_sni && h->sni == NULL) {
		alerts(w, 112);
		return;
	}
	if ((s->needs_alpn && h->n_alpn == 0) || (s->no_alpn && h->n_alpn > 0)) {
		alerts(w, 120);
		return;
	}
	if (s->hates_reversed && h->n_groups > 1 && h->groups[0] == 0x0017) {
		ends(w, PROBE_RESET);
		return;
	}
	if ((s->hates_long && h->n_groups + h->n_schemes + h->n_suites > 30) ||
		(s->hates_13 && h->n_versions > 0)) {
		ends(w, PROBE_RESET);
		return;
	}
	for (size_t i = 0; i < N(s->versions) && s->versions[i] != 0; i++) {
		bool is_asked = h->n_versions > 0
			? among(h->versions, h->n_versions, s->versions[i])
			: s->versions[i] <= h->legacy_version;

		if (is_asked && s->versions[i] > best)
			best = s->versions[i];
	}
	if (q->is_ssl2 || best == 0)
		alerts(w, 70);
	else if (best == PQM_TLS13)
		speaks_13(w, s, q);
	else if (h->scsv_fallback && HOLDS(s->versions, PQM_TLS13))
		alerts(w, 86);
	else
		speaks_old(w, s, q, best);
}

static void answers(struct world *w, const struct probe_tls_spec *q)
{
	const struct server *s = w->s;

	memset(&w->f, 0, sizeof(w->f));
	memset(&w->o, 0, sizeof(w->o));
	w->n++;
	w->o.is_connected = true;
	w->o.ms = 3;
	if (s->other != NULL && w->n % 2 == 0)
		s = s->other;
	if (s->mood == REFUSES || (s->limit > 0 && w->n > s->limit && !s->limit_resets)) {
		w->o.is_connected = false;
		ends(w, PROBE_NO_CONNECT);
	} else if (s->mood == RESETS || w->n == s->hiccup || (s->limit > 0 && w->n > s->limit)) {
		ends(w, PROBE_RESET);
	} else if (s->mood == SILENT) {
		ends(w, PROBE_TIMEOUT);
	} else if (s->mood == GARBAGE) {
		ends(w, PROBE_GARBAGE);
	} else if (s->mood == BUDGET) {
		ends(w, PROBE_BUDGET);
	} else if (s->mood == ALERT_10) {
		alerts(w, 10);
	} else {
		negotiates(w, s, q);
	}
}

#define SUITES13                                                                                   \
	{                                                                                          \
		0x1302, 0x1303, 0x1301                                                             \
	}
#define SUITES12                                                                                   \
	{                                                                                          \
		0xc02b, 0xc02f, 0xc030, 0x009c, 0x002f                                             \
	}
#define RSA 0x0804, 0x0805, 0x0806
#define V1312                                                                                      \
	{                                                                                          \
		PQM_TLS13, PQM_TLS12                                                               \
	}

static const struct server openssl30 = { .name = "OpenSSL 3.0, two certificates",
	.versions = V1312,
	.groups = { 0x001d, 0x0017, 0x001e, 0x0019, 0x0018, 0x0100, 0x0101 },
	.schemes = { 0x0403, RSA },
	.suites13 = SUITES13,
	.suites12 = SUITES12,
	.sends_list = true };
static const struct server offered = { .name = "hybrid offered, list sent",
	.versions = V1312,
	.groups = { 0x11ec, 0x001d, 0x0017 },
	.schemes = { 0x0403, RSA },
	.suites13 = SUITES13,
	.suites12 = SUITES12,
	.sends_list = true,
	.checks_key = true,
	.gives_tickets = true };
static const struct server enforced = { .name = "hybrid enforced, no list (Go)",
	.versions = V1312,
	.groups = { 0x11ec, 0x001d, 0x0017, 0x0018, 0x0019 },
	.schemes = { RSA },
	.suites13 = SUITES13,
	.suites12 = { 0xc02f, 0xc030 },
	.enforces = true };
static const struct server only = { .name = "hybrid only",
	.versions = { PQM_TLS13 },
	.groups = { 0x11ed },
	.schemes = { 0x0905 },
	.suites13 = SUITES13,
	.sends_list = true };
static const struct server mlkem_only = { .name = "ML-KEM only",
	.versions = { PQM_TLS13 },
	.groups = { 0x0201, 0x0202 },
	.schemes = { 0x0904 },
	.suites13 = SUITES13,
	.sends_list = true };
static const struct server only_and_12 = { .name = "hybrid only in 1.3, and 1.2",
	.versions = V1312,
	.groups = { 0x11ec },
	.schemes = { RSA },
	.suites13 = SUITES13,
	.suites12 = { 0x009c } };
static const struct server absent = { .name = "no hybrid, no list",
	.versions = V1312,
	.groups = { 0x001d, 0x0017, 0x0018, 0x0019 },
	.schemes = { RSA },
	.suites13 = SUITES13,
	.suites12 = { 0xc02f, 0x009c } };
static const struct server gnutls = { .name = "no hybrid, ten groups, no list",
	.versions = { PQM_TLS13, PQM_TLS12, PQM_TLS11, PQM_TLS10 },
	.groups = { 0x0017, 0x0018, 0x0019, 0x001d, 0x001e, 0x0100, 0x0101, 0x0102, 0x0103,
		0x0104 },
	.schemes = { RSA },
	.suites13 = SUITES13,
	.suites12 = { 0xc02f, 0x009e, 0x009c } };
static const struct server draft = { .name = "Kyber draft",
	.versions = { PQM_TLS13 },
	.groups = { 0x6399, 0x001d, 0x0017 },
	.schemes = { 0x0403 },
	.suites13 = SUITES13 };
static const struct server tls12 = { .name = "TLS 1.2 only",
	.versions = { PQM_TLS12, PQM_TLS11 },
	.groups = { 0x0017, 0x0018 },
	.suites12 = { 0xc02f, 0x009e, 0x009c, 0x000a } };
static const struct server tls10 = { .name = "TLS 1.0 only",
	.versions = { PQM_TLS10 },
	.groups = { 0x0017 },
	.suites12 = { 0x009c, 0x000a } };
static const struct server lone_alert = { .name = "alert 40 to a lone PQ group without share",
	.versions = { PQM_TLS13 },
	.groups = { 0x001d, 0x0017, 0x11ec },
	.schemes = { 0x0403 },
	.suites13 = SUITES13,
	.lone = LONE_ALERT };
static const struct server lone_reset = { .name = "reset at a lone PQ group without share",
	.versions = { PQM_TLS13 },
	.groups = { 0x001d, 0x0017, 0x11ec },
	.schemes = { 0x0403 },
	.suites13 = SUITES13,
	.lone = LONE_RESETS };
static const struct server absent_reset = { .name = "no hybrid, reset at lone PQ groups",
	.versions = { PQM_TLS13 },
	.groups = { 0x001d, 0x0017 },
	.schemes = { 0x0403 },
	.suites13 = SUITES13,
	.lone = LONE_RESETS };
static const struct server limiter = { .name = "refuses after 3",
	.versions = V1312,
	.groups = { 0x001d, 0x0017 },
	.schemes = { RSA },
	.suites13 = SUITES13,
	.suites12 = SUITES12,
	.limit = 3 };
static const struct server limiter_resets = { .name = "resets after 2",
	.versions = V1312,
	.groups = { 0x001d, 0x0017 },
	.schemes = { RSA },
	.suites13 = SUITES13,
	.suites12 = SUITES12,
	.limit = 2,
	.limit_resets = true };
static const struct server unlike = { .name = "two backends, one with hybrid",
	.versions = V1312,
	.groups = { 0x001d, 0x0017 },
	.schemes = { 0x0403 },
	.suites13 = SUITES13,
	.suites12 = SUITES12,
	.sends_list = true,
	.other = &offered };
static const struct server unlike12 = { .name = "two backends, one with TLS 1.2 only",
	.versions = V1312,
	.groups = { 0x001d, 0x0017 },
	.schemes = { 0x0403 },
	.suites13 = SUITES13,
	.suites12 = SUITES12,
	.other = &tls12 };
static const struct server silent = { .name = "silent", .mood = SILENT };
static const struct server garbage = { .name = "garbage", .mood = GARBAGE };
static const struct server resets = { .name = "resets", .mood = RESETS };
static const struct server refuses = { .name = "connection refused", .mood = REFUSES };
static const struct server alert_10 = { .name = "alert 10 to everything", .mood = ALERT_10 };
static const struct server budget = { .name = "endless", .mood = BUDGET };
static const struct server mtls = { .name = "asks for a client certificate",
	.versions = { PQM_TLS13 },
	.groups = { 0x11ec, 0x001d },
	.schemes = { RSA },
	.suites13 = SUITES13,
	.sends_list = true,
	.asks_client = true };
static const struct server sni = { .name = "wants a name",
	.versions = V1312,
	.groups = { 0x001d },
	.schemes = { RSA },
	.suites13 = SUITES13,
	.suites12 = SUITES12,
	.needs_sni = true };
static const struct server alpn = { .name = "refuses our ALPN",
	.versions = V1312,
	.groups = { 0x11ec, 0x001d },
	.schemes = { RSA },
	.suites13 = SUITES13,
	.suites12 = SUITES12,
	.sends_list = true,
	.no_alpn = true };
static const struct server short_only = { .name = "resets at long hellos",
	.versions = V1312,
	.groups = { 0x11ec, 0x001d },
	.schemes = { RSA },
	.suites13 = SUITES13,
	.suites12 = SUITES12,
	.sends_list = true,
	.hates_long = true };
static const struct server no_ext = { .name = "resets at supported_versions",
	.versions = { PQM_TLS12 },
	.groups = { 0x0017 },
	.suites12 = SUITES12,
	.hates_13 = true };
static const struct server says_80 = { .name = "alert 80 for nothing in common",
	.versions = V1312,
	.groups = { 0x11ec, 0x001d },
	.schemes = { RSA },
	.suites13 = SUITES13,
	.suites12 = SUITES12,
	.sends_list = true,
	.uses_80 = true };
static const struct server hiccup = { .name = "one reset on the way",
	.versions = V1312,
	.groups = { 0x11ec, 0x001d, 0x0017 },
	.schemes = { 0x0403, RSA },
	.suites13 = SUITES13,
	.suites12 = SUITES12,
	.sends_list = true,
	.hiccup = 3 };
static const struct server unfit_suite = { .name = "a suite nobody asked for",
	.versions = { PQM_TLS13 },
	.groups = { 0x001d },
	.schemes = { RSA },
	.suites13 = SUITES13,
	.unfit_suite = true };
static const struct server unfit_group = { .name = "a group nobody asked for",
	.versions = { PQM_TLS13 },
	.groups = { 0x001d, 0x0017 },
	.schemes = { RSA },
	.suites13 = SUITES13,
	.unfit_group = true };
static const struct server refuses_all = {
	.name = "alert 40 to everything", .versions = { PQM_TLS13 }, .suites13 = SUITES13
};

static const struct server tuples = { .name = "classical groups first, in a tuple",
	.versions = V1312,
	.groups = { 0x0017, 0x001d, 0x11ec },
	.schemes = { 0x0403, RSA },
	.suites13 = SUITES13,
	.suites12 = SUITES12,
	.sends_list = true,
	.favourite = 0x001d };

static const struct server order_resets = { .name = "resets at a reversed list",
	.versions = { PQM_TLS13 },
	.groups = { 0x11ec, 0x001d, 0x0017 },
	.schemes = { 0x0403 },
	.suites13 = SUITES13,
	.sends_list = true,
	.hates_reversed = true };

static const struct server closes_no = { .name = "no hybrid, closes without a word",
	.versions = V1312,
	.groups = { 0x001d, 0x0017 },
	.schemes = { RSA },
	.suites13 = SUITES13,
	.suites12 = SUITES12,
	.no = NO_CLOSES };
static const struct server resets_no = { .name = "no hybrid, resets instead of an alert",
	.versions = V1312,
	.groups = { 0x001d, 0x0017 },
	.schemes = { RSA },
	.suites13 = SUITES13,
	.suites12 = SUITES12,
	.no = NO_RESETS };
static const struct server says_10 = { .name = "no hybrid, alert 10 for nothing in common",
	.versions = V1312,
	.groups = { 0x001d, 0x0017 },
	.schemes = { RSA },
	.suites13 = SUITES13,
	.suites12 = SUITES12,
	.no = NO_ALERT_10 };
static const struct server silent_no = { .name = "no hybrid, silent for nothing in common",
	.versions = V1312,
	.groups = { 0x001d, 0x0017 },
	.schemes = { RSA },
	.suites13 = SUITES13,
	.suites12 = SUITES12,
	.no = NO_SILENT };
static const struct server closes_yes = { .name = "hybrid, closes without a word",
	.versions = V1312,
	.groups = { 0x11ec, 0x001d, 0x0017 },
	.schemes = { RSA },
	.suites13 = SUITES13,
	.suites12 = SUITES12,
	.no = NO_CLOSES };
static const struct server closes_lone = { .name = "hybrid behind what closes at lone PQ groups",
	.versions = V1312,
	.groups = { 0x001d, 0x11ec },
	.schemes = { RSA },
	.suites13 = SUITES13,
	.suites12 = SUITES12,
	.eats_pq = true };
static const struct server closes_both = {
	.name = "hybrid, closes at lone PQ groups and for nothing in common",
	.versions = V1312,
	.groups = { 0x001d, 0x11ec },
	.schemes = { RSA },
	.suites13 = SUITES13,
	.suites12 = SUITES12,
	.no = NO_CLOSES,
	.lone = LONE_RESETS
};
static const struct server limiter_wordless = { .name = "closes without a word, resets after 4",
	.versions = V1312,
	.groups = { 0x001d, 0x0017 },
	.schemes = { RSA },
	.suites13 = SUITES13,
	.suites12 = SUITES12,
	.no = NO_CLOSES,
	.limit = 4,
	.limit_resets = true };

/* ---- running ---- */

struct run {
	struct pqm_probe_config config;
	struct pqm_probe_target target;
	struct probe_job job;
	struct probe_plan plan;
	struct world world;
};

static void run(
	struct run *r, const struct server *s, enum pqm_profile profile, unsigned stop_after)
{
	static const char *const names[] = { "quick", "hndl", "full" };
	struct plan_ask a;

	memset(r, 0, sizeof(*r));
	r->config.profile = profile;
	r->config.groups = (struct pqm_probe_codes){ groups, N(groups) };
	r->config.suites = (struct pqm_probe_codes){ suites, N(suites) };
	r->config.schemes = (struct pqm_probe_codes){ schemes, N(schemes) };
	r->config.deadline_ms = 8000;
	r->target.scheme = "tls";
	r->target.host = s == &sni ? "192.0.2.1" : "peer.test";
	r->job.config = &r->config;
	r->job.target = &r->target;
	pqm_arena_init(&r->job.arena, PQM_PROBE_JOB_BYTES);
	r->world.s = s;
	probe_plan_init(&r->plan, &r->job);
	r->plan.alpn_mode = s == &alpn ? 1 : 0;
	while (r->world.n < stop_after && probe_plan_next(&r->plan, &a)) {
		answers(&r->world, &a.spec);
		probe_plan_hear(&r->plan, &r->world.f, &r->world.o);
		if (r->world.n > 200)
			fail_msg("%s, %s: endless", s->name, names[profile]);
	}
	r->job.is_late = r->world.n >= stop_after;
	probe_plan_finish(&r->plan);
	pqm_endpoint_seal(&r->job.ep);
}

static void done(struct run *r)
{
	pqm_arena_fini(&r->job.arena);
}

static enum pqm_answer group_of(const struct run *r, uint16_t code)
{
	const struct pqm_offer *o = pqm_endpoint_offer(&r->job.ep, PQM_O_GROUP, code, PQM_TLS13);

	return o == NULL ? PQM_A_UNKNOWN : o->answer;
}

static enum pqm_answer fact_of(const struct run *r, const char *key)
{
	const struct pqm_wire_fact *f = pqm_endpoint_fact(&r->job.ep, key);

	return f == NULL ? PQM_A_UNKNOWN : f->answer;
}

static enum pqm_answer version_of(const struct run *r, uint16_t code)
{
	const struct pqm_offer *o = pqm_endpoint_offer(&r->job.ep, PQM_O_VERSION, code, 0);

	return o == NULL ? PQM_A_UNKNOWN : o->answer;
}

/* ---- tests ---- */

#define ALL 7u
#define QUICK 1u
#define HNDL 2u
#define FULL 4u

struct expected {
	const struct server *s;
	enum pqm_posture posture;
	enum pqm_reach reach;
	bool is_complete, varies;
	unsigned most[3];  /* connections by profile */
	unsigned profiles; /* bits */
};

static const struct expected table[] = {
	{ &openssl30, PQM_P_ABSENT, PQM_R_ANSWERED, true, false, { 5, 12, 45 }, ALL },
	{ &offered, PQM_P_OFFERED, PQM_R_ANSWERED, true, false, { 4, 12, 45 }, ALL },
	{ &enforced, PQM_P_ENFORCED, PQM_R_ANSWERED, true, false, { 6, 12, 45 }, ALL },
	{ &only, PQM_P_ONLY, PQM_R_ANSWERED, true, false, { 5, 12, 30 }, ALL },
	{ &mlkem_only, PQM_P_ONLY, PQM_R_ANSWERED, true, false, { 6, 12, 30 }, ALL },
	{ &only_and_12, PQM_P_ENFORCED, PQM_R_ANSWERED, true, false, { 6, 12, 40 }, ALL },
	{ &absent, PQM_P_ABSENT, PQM_R_ANSWERED, true, false, { 6, 12, 45 }, ALL },
	{ &gnutls, PQM_P_ABSENT, PQM_R_ANSWERED, true, false, { 6, 12, 60 }, ALL },
	{ &draft, PQM_P_ABSENT, PQM_R_ANSWERED, true, false, { 6, 12, 40 }, ALL },
	{ &tls12, PQM_P_ABSENT, PQM_R_ANSWERED, true, false, { 2, 8, 40 }, ALL },
	{ &tls10, PQM_P_ABSENT, PQM_R_ANSWERED, true, false, { 2, 8, 40 }, ALL },
	{ &lone_alert, PQM_P_OFFERED, PQM_R_ANSWERED, true, false, { 6, 12, 40 }, ALL },
	{ &lone_reset, PQM_P_OFFERED, PQM_R_ANSWERED, true, false, { 6, 12, 40 }, HNDL | FULL },
	{ &lone_reset, PQM_P_OFFERED, PQM_R_ANSWERED, false, false, { 9 }, QUICK },
	{ &absent_reset, PQM_P_ABSENT, PQM_R_ANSWERED, true, false, { 6, 12, 40 }, ALL },
	{ &closes_no, PQM_P_ABSENT, PQM_R_ANSWERED, true, false, { 6, 15, 45 }, ALL },
	{ &resets_no, PQM_P_ABSENT, PQM_R_ANSWERED, false, false, { 7, 16 }, QUICK | HNDL },
	{ &resets_no, PQM_P_ABSENT, PQM_R_ANSWERED, true, false, { 7, 16, 50 }, FULL },
	{ &says_10, PQM_P_ABSENT, PQM_R_ANSWERED, true, false, { 6, 15, 45 }, ALL },
	{ &silent_no, PQM_P_UNKNOWN, PQM_R_ANSWERED, false, false, { 10, 21, 45 }, ALL },
	{ &closes_yes, PQM_P_OFFERED, PQM_R_ANSWERED, true, false, { 6, 15, 45 }, ALL },
	{ &closes_lone, PQM_P_OFFERED, PQM_R_ANSWERED, true, false, { 6, 12, 40 }, HNDL | FULL },
	{ &closes_both, PQM_P_OFFERED, PQM_R_ANSWERED, true, false, { 9, 18, 45 }, HNDL | FULL },
	{ &limiter_wordless, PQM_P_UNKNOWN, PQM_R_LIMITED, false, false, { 9, 9, 9 }, ALL },
	{ &limiter, PQM_P_UNKNOWN, PQM_R_LIMITED, false, false, { 5, 5, 5 }, ALL },
	{ &limiter_resets, PQM_P_UNKNOWN, PQM_R_LIMITED, false, false, { 6, 6, 6 }, ALL },
	{ &order_resets, PQM_P_OFFERED, PQM_R_ANSWERED, true, false, { 5, 14, 30 }, HNDL | FULL },
	{ &tuples, PQM_P_OFFERED, PQM_R_ANSWERED, true, false, { 6, 12, 50 }, ALL },
	{ &unlike, PQM_P_OFFERED, PQM_R_ANSWERED, true, true, { 6, 12, 50 }, ALL },
	{ &unlike12, PQM_P_UNKNOWN, PQM_R_ANSWERED, false, true, { 6, 12, 50 }, ALL },
	{ &silent, PQM_P_UNKNOWN, PQM_R_SILENT, false, false, { 4, 4, 4 }, ALL },
	{ &garbage, PQM_P_UNKNOWN, PQM_R_OTHER, false, false, { 4, 4, 4 }, ALL },
	{ &resets, PQM_P_UNKNOWN, PQM_R_SILENT, false, false, { 4, 4, 4 }, ALL },
	{ &refuses, PQM_P_UNKNOWN, PQM_R_REFUSED, false, false, { 1, 1, 1 }, ALL },
	{ &alert_10, PQM_P_UNKNOWN, PQM_R_OTHER, false, false, { 4, 4, 4 }, ALL },
	{ &budget, PQM_P_UNKNOWN, PQM_R_OTHER, false, false, { 4, 4, 4 }, ALL },
	{ &mtls, PQM_P_OFFERED, PQM_R_ANSWERED, true, false, { 4, 12, 40 }, ALL },
	{ &sni, PQM_P_UNKNOWN, PQM_R_OTHER, false, false, { 1, 1, 1 }, ALL },
	{ &alpn, PQM_P_OFFERED, PQM_R_ANSWERED, true, false, { 6, 12, 40 }, ALL },
	{ &short_only, PQM_P_OFFERED, PQM_R_ANSWERED, true, false, { 9, 14, 60 }, ALL },
	{ &no_ext, PQM_P_UNKNOWN, PQM_R_ANSWERED, false, false, { 4, 12, 40 }, ALL },
	{ &says_80, PQM_P_OFFERED, PQM_R_ANSWERED, true, false, { 7, 18, 60 }, ALL },
	{ &hiccup, PQM_P_OFFERED, PQM_R_ANSWERED, true, false, { 6, 13, 50 }, ALL },
	{ &unfit_suite, PQM_P_UNKNOWN, PQM_R_OTHER, false, false, { 4, 5, 6 }, ALL },
	{ &unfit_group, PQM_P_UNKNOWN, PQM_R_OTHER, false, false, { 4, 5, 6 }, ALL },
	{ &refuses_all, PQM_P_UNKNOWN, PQM_R_OTHER, false, false, { 4, 8, 12 }, ALL },
};

static void servers_get_the_verdict_they_deserve(void **state)
{
	(void)state;
	static const char *const names[] = { "quick", "hndl", "full" };
	unsigned bad = 0;

	for (size_t i = 0; i < N(table); i++)
		for (unsigned p = 0; p < 3; p++) {
			const struct expected *e = &table[i];
			struct run r;

			if ((e->profiles & 1u << p) == 0)
				continue;
			run(&r, e->s, (enum pqm_profile)p, 1000);
			const struct pqm_endpoint *ep = &r.job.ep;
			bool is_good = ep->posture == e->posture && ep->reach == e->reach &&
				ep->varies == e->varies && r.world.n <= e->most[p] &&
				ep->is_complete == e->is_complete;

			if (!is_good || getenv("PLAN_SHOW") != NULL)
				print_message("%s%s, %s: %s (%.*s), %s, complete %d, varies %d, "
					      "%u connections (at most %u) %.*s\n",
					is_good ? "" : "WRONG: ", e->s->name, names[p],
					pqm_posture_name(ep->posture), PQM_FMT(ep->posture_how),
					pqm_reach_name(ep->reach), ep->is_complete, ep->varies,
					r.world.n, e->most[p], PQM_FMT(ep->words));
			bad += !is_good;
			done(&r);
		}
	assert_int_equal(bad, 0);
}

/* Whatever it says of versions and groups: who never shows a whole handshake gets no verdict. */
static void without_a_whole_handshake_nothing_is_concluded(void **state)
{
	(void)state;
	static const struct server *const servers[] = { &openssl30, &offered, &enforced, &tls12,
		&absent };

	for (size_t i = 0; i < N(servers); i++)
		for (int flaw = NO_KEY; flaw <= BREAKS_OFF; flaw++)
			for (unsigned profile = 0; profile < 3; profile++) {
				struct server s = *servers[i];
				struct run r;

				s.flaw = (enum flaw)flaw;
				run(&r, &s, (enum pqm_profile)profile, 1000);
				assert_int_equal(r.job.ep.posture, PQM_P_UNKNOWN);
				assert_int_equal(r.job.ep.reach, PQM_R_ANSWERED);
				assert_false(r.job.ep.is_complete);
				assert_true(r.job.ep.posture_how.n > 0);
				done(&r);
			}
}

static void drafts_never_count_as_ml_kem(void **state)
{
	(void)state;
	struct run r;

	run(&r, &draft, PQM_PROFILE_HNDL, 1000);
	assert_int_equal(group_of(&r, 0x6399), PQM_A_YES);
	assert_int_equal(group_of(&r, 0x11ec), PQM_A_NO);
	assert_int_equal(r.job.ep.posture, PQM_P_ABSENT);
	done(&r);
}

static void a_list_gives_ranks_and_both_chains(void **state)
{
	(void)state;
	static const uint16_t order[] = { 0x11ec, 0x001d, 0x0017 };
	struct run r;

	run(&r, &offered, PQM_PROFILE_HNDL, 1000);
	for (size_t i = 0; i < N(order); i++) {
		const struct pqm_offer *o =
			pqm_endpoint_offer(&r.job.ep, PQM_O_GROUP, order[i], PQM_TLS13);

		assert_non_null(o);
		assert_int_equal(o->rank, i + 1);
	}
	assert_int_equal(group_of(&r, 0x11eb), PQM_A_NO);
	assert_int_equal(group_of(&r, 0x0018), PQM_A_NO);
	assert_int_equal(version_of(&r, PQM_TLS13), PQM_A_YES);
	assert_int_equal(version_of(&r, PQM_TLS12), PQM_A_YES);
	assert_int_equal(version_of(&r, PQM_TLS11), PQM_A_NO);
	assert_int_equal(fact_of(&r, "certificate-ecdsa"), PQM_A_YES);
	assert_int_equal(fact_of(&r, "certificate-rsa"), PQM_A_YES);
	assert_int_equal(fact_of(&r, "certificate-mldsa"), PQM_A_NO);
	assert_int_equal(fact_of(&r, "kex-rsa"), PQM_A_YES);
	assert_int_equal(fact_of(&r, "kex-dhe"), PQM_A_NO);
	assert_int_equal(fact_of(&r, "client-auth"), PQM_A_NO);
	assert_true(r.job.ep.is_order_known && r.job.ep.is_server_order);
	done(&r);
}

static void the_full_profile_lists_and_tries(void **state)
{
	(void)state;
	struct run r;

	run(&r, &offered, PQM_PROFILE_FULL, 1000);
	for (size_t i = 0; i < 5; i++)
		assert_non_null(
			pqm_endpoint_offer(&r.job.ep, PQM_O_SUITE, offered.suites12[i], PQM_TLS12));
	assert_int_equal(pqm_endpoint_offer(&r.job.ep, PQM_O_SUITE, 0xc02b, PQM_TLS12)->rank, 1);
	for (size_t i = 0; i < 4; i++)
		assert_non_null(
			pqm_endpoint_offer(&r.job.ep, PQM_O_SCHEME, offered.schemes[i], PQM_TLS13));
	assert_int_equal(fact_of(&r, "checks-mlkem-key"), PQM_A_YES);
	assert_int_equal(fact_of(&r, "fallback-scsv"), PQM_A_YES);
	assert_int_equal(fact_of(&r, "split-hello"), PQM_A_YES);
	assert_int_equal(fact_of(&r, "psk-without-exchange"), PQM_A_NO);
	assert_int_equal(fact_of(&r, "kex-export"), PQM_A_NO);
	done(&r);
}

static void intolerance_of_lone_groups_is_told(void **state)
{
	(void)state;
	const struct server *both[] = { &lone_alert, &lone_reset };

	for (size_t i = 0; i < N(both); i++) {
		struct run r;

		run(&r, both[i], PQM_PROFILE_HNDL, 1000);
		assert_int_equal(group_of(&r, 0x11ec), PQM_A_YES);
		assert_int_equal(fact_of(&r, "lone-group-intolerant"), PQM_A_YES);
		done(&r);
	}
}

static void a_limiter_leaves_no_refusals(void **state)
{
	(void)state;
	/* Whatever the number of connections it takes, silence never becomes a no. */
	for (unsigned n = 1; n < 12; n++) {
		struct server s = enforced;
		struct run r;

		s.limit = n;
		s.limit_resets = n % 2 == 0;
		run(&r, &s, PQM_PROFILE_HNDL, 1000);
		assert_int_not_equal(r.job.ep.posture, PQM_P_ABSENT);
		assert_int_not_equal(group_of(&r, 0x11ec), PQM_A_NO);
		assert_int_equal(r.job.ep.reach, PQM_R_LIMITED);
		assert_false(r.job.ep.is_complete);
		done(&r);
	}
}

static void a_deadline_keeps_what_was_found(void **state)
{
	(void)state;
	struct run r;

	for (size_t i = 0; i < N(table); i++)
		for (unsigned n = 1; n < 14; n++) {
			run(&r, table[i].s, PQM_PROFILE_HNDL, n);
			if (table[i].posture != PQM_P_ABSENT && table[i].profiles != QUICK)
				assert_int_not_equal(r.job.ep.posture, PQM_P_ABSENT);
			if (r.job.is_late)
				assert_false(r.job.ep.is_complete);
			done(&r);
		}
	run(&r, &offered, PQM_PROFILE_HNDL, 3);
	assert_int_equal(group_of(&r, 0x11ec), PQM_A_YES);
	assert_int_equal(r.job.ep.posture, PQM_P_OFFERED);
	done(&r);
}

static void client_certificates_names_and_alpn_are_told(void **state)
{
	(void)state;
	struct run r;

	run(&r, &mtls, PQM_PROFILE_HNDL, 1000);
	assert_int_equal(fact_of(&r, "client-auth"), PQM_A_YES);
	assert_bytes(pqm_endpoint_fact(&r.job.ep, "client-auth")->value, "2 CA names");
	done(&r);
	run(&r, &sni, PQM_PROFILE_HNDL, 1000);
	assert_int_equal(fact_of(&r, "sni-required"), PQM_A_YES);
	done(&r);
	run(&r, &alpn, PQM_PROFILE_HNDL, 1000);
	assert_int_equal(fact_of(&r, "alpn-refused"), PQM_A_YES);
	assert_int_equal(group_of(&r, 0x11ec), PQM_A_YES);
	done(&r);
}

static void sessions_without_a_fresh_exchange_are_told(void **state)
{
	(void)state;
	struct server s = only;
	struct run r;

	s.gives_tickets = true;
	s.takes_psk_ke = true;
	run(&r, &s, PQM_PROFILE_HNDL, 1000);
	assert_int_equal(fact_of(&r, "tickets"), PQM_A_YES);
	assert_int_equal(fact_of(&r, "psk-without-exchange"), PQM_A_YES);
	done(&r);
}

/* Anything at all: the plan ends, and soon; refusals without one accepted hello are no absence. */
static void random_answers_come_to_an_end(void **state)
{
	(void)state;
	uint64_t seed = 20261121;

	for (unsigned round = 0; round < 3000; round++) {
		struct run r;
		struct plan_ask a;
		bool has_hello = false;

		run(&r, &refuses, (enum pqm_profile)(round % 3), 0);
		done(&r);
		memset(&r.plan, 0, sizeof(r.plan));
		memset(&r.job.ep, 0, sizeof(r.job.ep));
		r.job.is_late = false;
		pqm_arena_init(&r.job.arena, PQM_PROBE_JOB_BYTES);
		probe_plan_init(&r.plan, &r.job);
		while (probe_plan_next(&r.plan, &a)) {
			uint64_t x = unit_random(&seed);
			struct probe_flight *f = &r.world.f;

			memset(f, 0, sizeof(*f));
			r.world.o = (struct probe_outcome){ .is_connected = x % 11 != 0,
				.end = (enum probe_end)(1 + x % 10) };
			f->has_alert = x >> 8 & 1;
			f->alert = (uint8_t)(x >> 16);
			f->has_hello = (x >> 9 & 3) == 0;
			f->is_hrr = x >> 11 & 1;
			f->version = x >> 12 & 1 ? PQM_TLS13 : PQM_TLS12;
			if (a.spec.hello.n_groups > 0)
				f->hrr_group = f->group =
					a.groups[(x >> 24) % a.spec.hello.n_groups];
			if (a.spec.hello.n_suites > 0)
				f->suite = a.suites[(x >> 32) % a.spec.hello.n_suites];
			f->scheme = a.spec.hello.n_schemes > 0 ? a.schemes[0] : 0;
			has_hello = has_hello || f->has_hello;
			if (++r.world.n > 450)
				fail_msg("round %u: no end", round);
			probe_plan_hear(&r.plan, x % 11 == 0 ? NULL : f, &r.world.o);
		}
		probe_plan_finish(&r.plan);
		if (!has_hello)
			assert_int_equal(r.job.ep.posture, PQM_P_UNKNOWN);
		done(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(servers_get_the_verdict_they_deserve),
		cmocka_unit_test(without_a_whole_handshake_nothing_is_concluded),
		cmocka_unit_test(drafts_never_count_as_ml_kem),
		cmocka_unit_test(a_list_gives_ranks_and_both_chains),
		cmocka_unit_test(the_full_profile_lists_and_tries),
		cmocka_unit_test(intolerance_of_lone_groups_is_told),
		cmocka_unit_test(a_limiter_leaves_no_refusals),
		cmocka_unit_test(a_deadline_keeps_what_was_found),
		cmocka_unit_test(client_certificates_names_and_alpn_are_told),
		cmocka_unit_test(sessions_without_a_fresh_exchange_are_told),
		cmocka_unit_test(random_answers_come_to_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
