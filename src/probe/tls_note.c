#include "tls_plan.h"

/* Export suites had 512 bits; nobody checks a prime of more. */
#define DH_BITS_MIN 512
#define DH_BITS_MAX 16384

static const char *const how_text[] = {
	[HOW_NONE] = "",
	[HOW_HRR] = "hello retry request",
	[HOW_SH] = "server hello",
	[HOW_EE] = "encrypted extensions",
	[HOW_CV] = "certificate verify",
	[HOW_SKE] = "server key exchange",
	[HOW_ALERT_40] = "alert 40",
	[HOW_ALERT_47] = "alert 47",
	[HOW_ALERT_70] = "alert 70",
	[HOW_ALERT_71] = "alert 71",
	[HOW_ALERT_80] = "alert 80",
	[HOW_ALERT_86] = "alert 86",
	[HOW_ALERT_109] = "alert 109",
	[HOW_ALERT_112] = "alert 112",
	[HOW_ALERT_116] = "alert 116",
	[HOW_ALERT_120] = "alert 120",
	[HOW_ALERT] = "alert",
	[HOW_RESET] = "reset",
	[HOW_TIMEOUT] = "timeout",
	[HOW_CLOSED] = "closed",
	[HOW_GARBAGE] = "not TLS",
	[HOW_BUDGET] = "too much data",
	[HOW_GONE] = "connection refused",
	[HOW_LIMITED] = "limited",
	[HOW_LOCAL] = "local failure",
	[HOW_VN] = "version negotiation",
	[HOW_CONTROL] = "as for unassigned code points",
};

const char *probe_how(enum plan_how how)
{
	return how_text[how];
}

enum plan_how probe_how_alert(uint8_t alert)
{
	switch (alert) {
	case 40:
		return HOW_ALERT_40;
	case 47:
		return HOW_ALERT_47;
	case 70:
		return HOW_ALERT_70;
	case 71:
		return HOW_ALERT_71;
	case 80:
		return HOW_ALERT_80;
	case 86:
		return HOW_ALERT_86;
	case 109:
		return HOW_ALERT_109;
	case 112:
		return HOW_ALERT_112;
	case 116:
		return HOW_ALERT_116;
	case 120:
		return HOW_ALERT_120;
	default:
		return HOW_ALERT;
	}
}

bool probe_is_refusal(uint8_t alert)
{
	return alert == 40 || alert == 47 || alert == 70 || alert == 71 || alert == 109;
}

const struct pqm_probe_code *probe_code(const struct pqm_probe_codes *t, uint16_t code)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->code[i].code == code && (t->code[i].flags & PQM_C_SSL2) == 0)
			return &t->code[i];
	return NULL;
}

unsigned probe_group_flags(const struct probe_plan *p, uint16_t code)
{
	for (size_t i = 0; i < p->c->groups.n; i++)
		if (p->c->groups.code[i].code == code)
			return p->c->groups.code[i].flags;
	return 0;
}

size_t probe_count_groups(const struct probe_plan *p, unsigned flags, enum pqm_answer v)
{
	size_t n = 0;

	for (size_t i = 0; p->group != NULL && i < p->c->groups.n; i++) {
		unsigned f = p->c->groups.code[i].flags;

		if (p->c->groups.code[i].profile > p->c->profile && v != PQM_A_YES)
			continue;
		if ((f & flags) != 0 && (f & (PQM_G_DRAFT | PQM_G_OLD) & ~flags) == 0 &&
			p->group[i].answer == (uint8_t)v)
			n++;
	}
	return n;
}

enum plan_class probe_class(unsigned f)
{
	if ((f & PQM_C_NULL) != 0)
		return K_NULL;
	if ((f & PQM_C_EXPORT) != 0)
		return K_EXPORT;
	if ((f & PQM_C_ANON) != 0)
		return K_ANON;
	if ((f & PQM_C_PSK) != 0)
		return K_PSK;
	if ((f & PQM_C_STATIC) != 0)
		return K_STATIC;
	if ((f & PQM_C_DHE) != 0)
		return K_DHE;
	if ((f & PQM_C_ECDHE) != 0)
		return (f & PQM_C_AUTH_ECDSA) != 0 ? K_ECDHE_ECDSA : K_ECDHE_RSA;
	return (f & PQM_C_RSA) != 0 ? K_RSA : K_OTHER;
}

const char *probe_class_name(enum plan_class k)
{
	switch (k) {
	case K_ECDHE_ECDSA:
		return "kex-ecdhe-ecdsa";
	case K_ECDHE_RSA:
		return "kex-ecdhe-rsa";
	case K_DHE:
		return "kex-dhe";
	case K_RSA:
		return "kex-rsa";
	case K_STATIC:
		return "kex-static-dh";
	case K_PSK:
		return "kex-psk";
	case K_ANON:
		return "kex-anonymous";
	case K_EXPORT:
		return "kex-export";
	case K_NULL:
		return "kex-null-cipher";
	case K_OTHER:
		return "kex-other";
	}
	return "kex-other";
}

uint16_t probe_version_code(const struct probe_plan *p, enum plan_version v)
{
	static const uint16_t tls[V_N] = { PQM_TLS13, PQM_TLS12, PQM_TLS11, PQM_TLS10, PQM_SSL30,
		PQM_SSL20 };
	static const uint16_t dtls[V_N] = { 0xfefc, PQM_DTLS12, PQM_DTLS10, 0, 0, 0 };

	return p->over == PROBE_DTLS ? dtls[v] : tls[v];
}

/* A yes stands against a later no, and the endpoint then varies. */
void probe_note(struct probe_plan *p, struct plan_mark *m, enum pqm_answer v, enum plan_how how)
{
	static const uint8_t weight[] = {
		[PQM_A_UNKNOWN] = 0, [PQM_A_REFUSED] = 1, [PQM_A_NO] = 2, [PQM_A_YES] = 3
	};

	if ((m->answer == PQM_A_YES && v == PQM_A_NO) || (m->answer == PQM_A_NO && v == PQM_A_YES))
		p->varies = true;
	if (weight[v] <= weight[m->answer])
		return;
	m->answer = (uint8_t)v;
	m->how = (uint8_t)how;
}

void probe_note_group(struct probe_plan *p, uint16_t code, unsigned rank, enum plan_how how)
{
	if ((code & 0x0f0f) == 0x0a0a && code >> 8 == (code & 0xff))
		return; /* [RFC8701 §2] */
	for (size_t i = 0; i < p->c->groups.n; i++) {
		struct plan_mark *m = &p->group[i];

		if (p->c->groups.code[i].code != code)
			continue;
		probe_note(p, m, PQM_A_YES, how);
		if (rank != 0 && (m->rank == 0 || how == HOW_EE))
			m->rank = (uint8_t)(rank > UINT8_MAX ? 0 : rank);
		return;
	}
	probe_offer(p->j, PQM_O_GROUP, code, probe_version_code(p, V_13), PQM_A_YES, rank,
		probe_how(how));
}

void probe_note_no_groups(struct probe_plan *p, const struct plan_ask *a, enum plan_how how)
{
	for (size_t i = 0; i < p->c->groups.n; i++)
		if (probe_ask_has_group(a, p->c->groups.code[i].code))
			probe_note(p, &p->group[i], PQM_A_NO, how);
}

uint16_t probe_good_group(const struct probe_plan *p)
{
	static const unsigned order[] = { PQM_G_EC, PQM_G_HYBRID, PQM_G_PQ, PQM_G_FFDHE };

	for (size_t k = 0; k < sizeof(order) / sizeof(order[0]); k++)
		for (size_t i = 0; i < p->c->groups.n; i++) {
			const struct pqm_probe_code *g = &p->c->groups.code[i];

			if (p->group[i].answer == PQM_A_YES && (g->flags & order[k]) != 0 &&
				pc_group_known(g->code))
				return g->code;
		}
	return 0;
}

static void note_suite(struct probe_plan *p, uint16_t suite, uint16_t version)
{
	for (size_t i = 0; i < p->c->suites.n; i++) {
		const struct pqm_probe_code *s = &p->c->suites.code[i];

		if (s->code != suite || (s->flags & PQM_C_SSL2) != 0)
			continue;
		if ((s->flags & PQM_C_TLS13) == 0)
			p->class_yes |= (uint16_t)probe_class(s->flags);
		/* The first hello has the common suites only: its choice has no place in the order. */
		if (p->suite != NULL && !p->is_first_done && (s->flags & PQM_C_TLS13) == 0)
			return;
		if (p->suite != NULL && p->suite[i].answer != PQM_A_YES) {
			probe_note(p, &p->suite[i], PQM_A_YES, HOW_SH);
			if ((s->flags & PQM_C_TLS13) == 0)
				p->suite[i].rank = ++p->n_suites;
			return; /* with its rank, when that is known */
		}
		if (p->suite != NULL)
			return;
		break;
	}
	probe_offer(p->j, PQM_O_SUITE, suite, version, PQM_A_YES, 0, probe_how(HOW_SH));
}

/* Is a group on it that this hello did not have? NSS sends what it shares with the client, which is no list
 * of what it has; OpenSSL sends all [RFC8446 §4.2.7]. */
static bool is_whole(const struct plan_ask *a, const struct pqm_tls_codes *list)
{
	for (size_t i = 0; i < list->n; i++)
		if (!probe_ask_has_group(a, list->code[i]))
			return !list->is_cut;
	return false;
}

/* The server's own list is the same at every connection, or there are several servers. */
static void note_list(
	struct probe_plan *p, const struct plan_ask *a, const struct pqm_tls_codes *list)
{
	bool is_new = !p->has_list && is_whole(a, list);
	uint32_t sum = 2166136261u;

	for (size_t i = 0; i < list->n; i++) {
		sum = (sum ^ list->code[i]) * 16777619u;
		probe_note_group(p, list->code[i], is_new ? (unsigned)i + 1 : 0, HOW_EE);
	}
	if (p->has_list && is_whole(a, list) && sum != p->list_sum)
		p->varies = true;
	if (!is_new)
		return;
	p->has_list = true;
	p->list_sum = sum;
}

static void note_scheme(struct probe_plan *p, uint16_t scheme, uint16_t version)
{
	bool is_13 = version == probe_version_code(p, V_13);

	if (scheme == 0)
		return;
	for (size_t i = 0; is_13 && i < p->c->schemes.n; i++) {
		if (p->c->schemes.code[i].code != scheme)
			continue;
		probe_note(p, &p->scheme[i], PQM_A_YES, HOW_CV);
		p->seen_family |= p->c->schemes.code[i].flags & S_FAMILIES;
		return;
	}
	probe_offer(p->j, PQM_O_SCHEME, scheme, version, PQM_A_YES, 0,
		probe_how(is_13 ? HOW_CV : HOW_SKE));
}

static void note_client_auth(struct probe_plan *p, const struct probe_flight *f, bool is_13)
{
	/* CertificateRequest goes before the certificate in 1.3, behind it before [RFC5246 §7.3]. */
	bool is_told = is_13 ? f->n_der > 0 : f->n_der > 0 && f->end == PROBE_GOAL;

	if (f->wants_client_cert) {
		if (p->client_auth == PQM_A_NO)
			p->varies = true;
		if (p->client_auth != PQM_A_YES)
			for (size_t i = 0; f->client_schemes != NULL && i < f->client_schemes->n;
				i++)
				probe_offer(p->j, PQM_O_CLIENT_SCHEME, f->client_schemes->code[i],
					f->version, PQM_A_YES, 0, "certificate request");
		p->client_auth = PQM_A_YES;
		p->n_ca_names = (uint16_t)(f->n_ca_names > UINT16_MAX ? UINT16_MAX : f->n_ca_names);
	} else if (is_told && p->client_auth == PQM_A_UNKNOWN) {
		p->client_auth = PQM_A_NO;
	}
}

static void note_chain(struct probe_plan *p, const struct probe_flight *f)
{
	if (f->n_der > 0)
		(void)probe_chain(p->j, f->version, f->scheme, f->proven,
			f->is_raw_key ? "raw public key" : "x509", f->der, f->n_der);
	note_scheme(p, f->scheme, f->version);
}

static void note_13(struct probe_plan *p, const struct plan_ask *a, const struct probe_flight *f)
{
	probe_note(p, &p->version[V_13], PQM_A_YES, f->is_hrr ? HOW_HRR : HOW_SH);
	for (size_t i = 0; i < p->c->groups.n; i++)
		if (probe_ask_has_group(a, p->c->groups.code[i].code))
			p->group[i].was_named = true;
	if (f->is_hrr && f->hrr_group != 0 && probe_ask_has_group(a, f->hrr_group))
		probe_note_group(p, f->hrr_group, 0, HOW_HRR);
	if (f->group != 0 && probe_ask_has_group(a, f->group))
		probe_note_group(p, f->group, 0, HOW_SH);
	if (f->ee_groups != NULL)
		note_list(p, a, f->ee_groups);
	note_client_auth(p, f, true);
}

static void note_group12(struct probe_plan *p, uint16_t group, uint16_t version)
{
	for (size_t i = 0; i < p->c->groups.n; i++)
		if (p->c->groups.code[i].code == group) {
			probe_note(p, &p->group12[i], PQM_A_YES, HOW_SKE);
			return;
		}
	probe_offer(p->j, PQM_O_GROUP, group, version, PQM_A_YES, 0, probe_how(HOW_SKE));
}

/* Primes of RFC 7919 and of the MODP groups are told apart by the digits of e and pi that they hold
 * [RFC7919 §A, RFC3526]. */
static const char *prime_family(pqm_bytes prime)
{
	static const uint8_t ffdhe[] = { 0xad, 0xf8, 0x54, 0x58, 0xa2, 0xbb, 0x4a, 0x9a };
	static const uint8_t modp[] = { 0xc9, 0x0f, 0xda, 0xa2, 0x21, 0x68, 0xc2, 0x34 };

	while (prime.n > 0 && prime.p[0] == 0)
		prime = pqm_sub(prime, 1, prime.n);
	if (pqm_eq(pqm_sub(prime, 8, 8), (pqm_bytes){ ffdhe, 8 }))
		return "ffdhe";
	return pqm_eq(pqm_sub(prime, 8, 8), (pqm_bytes){ modp, 8 }) ? "modp" : "own";
}

static void note_dh(struct probe_plan *p, const struct probe_flight *f)
{
	static const uint16_t bits[] = { 2048, 3072, 4096, 6144, 8192 };
	const char *family = prime_family(f->dh_p);

	if (p->dh_bits != 0 && f->dh_bits >= p->dh_bits)
		return;
	p->dh_bits = f->dh_bits;
	p->dh_family = family;
	for (size_t i = 0; strcmp(family, "ffdhe") == 0 && i < 5; i++)
		if (f->dh_bits == bits[i])
			note_group12(p, (uint16_t)(0x0100 + i), f->version);
}

static void note_old(struct probe_plan *p, const struct probe_flight *f)
{
	for (int v = V_12; v < V_N; v++)
		if (probe_version_code(p, (enum plan_version)v) == f->version)
			probe_note(p, &p->version[v], PQM_A_YES, HOW_SH);
	if (f->has_ske && f->ec_group != 0)
		note_group12(p, f->ec_group, f->version);
	if (f->has_ske && f->dh_bits != 0)
		note_dh(p, f);
	note_client_auth(p, f, false);
	if (p->has_hello12 || f->version < PQM_TLS10)
		return;
	p->has_hello12 = true;
	probe_fact(p->j, "extended-master-secret", f->ems ? PQM_A_YES : PQM_A_NO, "server hello",
		NULL);
	probe_fact(p->j, "secure-renegotiation", f->renegotiation ? PQM_A_YES : PQM_A_NO,
		"server hello", NULL);
	probe_fact(
		p->j, "session-ticket", f->ticket_ext ? PQM_A_YES : PQM_A_NO, "server hello", NULL);
	probe_fact(p->j, "session-id", f->session_id_bytes > 0 ? PQM_A_YES : PQM_A_NO,
		"server hello", NULL);
	if (p->c->profile == PQM_PROFILE_FULL)
		probe_fact(p->j, "heartbeat", f->heartbeat ? PQM_A_YES : PQM_A_NO, "server hello",
			NULL);
}

/* What a flight is worth that was accepted as an answer: a server that never shows a whole one may be
 * anything. NULL: it is whole, or was not meant to be. */
static const char *flaw(const struct probe_flight *f)
{
	bool has_prime = f->dh_p.n > 0;

	if (f->end == PROBE_GARBAGE || f->end == PROBE_BUDGET)
		return f->words[0] != '\0' ? f->words : probe_end_name(f->end);
	if (f->n_der > 0 && !f->has_leaf_key)
		return "a certificate without a public key";
	if (f->proven == PQM_A_NO)
		return "the signature of the handshake is wrong";
	if (has_prime && (f->dh_bits < DH_BITS_MIN || f->dh_bits > DH_BITS_MAX))
		return "a Diffie-Hellman prime of senseless size";
	if (has_prime && (f->dh_p.p[f->dh_p.n - 1] & 1) == 0)
		return "a Diffie-Hellman prime that is even";
	return NULL;
}

static void note_flaw(struct probe_plan *p, const struct probe_flight *f)
{
	const char *bad = flaw(f);
	bool is_13 = f->version == probe_version_code(p, V_13);

	if (bad != NULL && p->broken.n == 0)
		p->broken = pqm_bytes_dup(&p->j->arena, pqm_str(bad));
	/* Anonymous suites have no certificate; before 1.3 the flight ends with ServerHelloDone. */
	if (bad == NULL && f->end == PROBE_GOAL && (!is_13 || f->n_der > 0))
		p->has_whole = true;
}

void probe_note_flight(struct probe_plan *p, const struct plan_ask *a, const struct probe_flight *f)
{
	if (f->has_name_warning)
		probe_fact(p->j, "sni-known", PQM_A_NO, "alert 112", NULL);
	if (!f->has_hello)
		return;
	p->has_spoken = true;
	note_flaw(p, f);
	if (f->version == probe_version_code(p, V_13))
		note_13(p, a, f);
	else
		note_old(p, f);
	if (f->suite != 0)
		note_suite(p, f->suite, f->version);
	note_chain(p, f);
	if (f->alpn[0] != '\0') {
		p->has_h2 = p->has_h2 || strcmp(f->alpn, "h2") == 0;
		for (size_t i = 0; i < p->j->ep.n_offers; i++)
			if (p->j->ep.offers[i].kind == PQM_O_ALPN &&
				pqm_eqs(p->j->ep.offers[i].name, f->alpn))
				return;
		probe_offer_name(p->j, PQM_O_ALPN, pqm_str(f->alpn), PQM_A_YES, 0,
			f->has_ee ? probe_how(HOW_EE) : probe_how(HOW_SH));
	}
}
