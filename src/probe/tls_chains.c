#include "tls_plan.h"

/* One hello for every signature family that the server has not shown yet: it answers with the chain of
 * one, or says that it has none. The full profile strikes schemes instead, for the whole list. */

/* Schemes that may sign a TLS 1.3 handshake [RFC8446 §4.2.3]. */
static bool signs_13(const struct pqm_probe_code *s)
{
	return (s->flags & S_FAMILIES) != 0 && (s->flags & (PQM_S_SHA1 | PQM_S_DSA)) == 0;
}

static bool is_wanted(const struct probe_plan *p, size_t i)
{
	const struct pqm_probe_code *s = &p->c->schemes.code[i];

	if (!signs_13(s) || s->profile > p->c->profile || p->scheme[i].answer != PQM_A_UNKNOWN)
		return false;
	return p->c->profile == PQM_PROFILE_FULL ||
		((p->seen_family | p->no_family) & s->flags & S_FAMILIES) == 0;
}

/* Room on the list for them. */
#define CHAIN_ONLY 4

/* For signatures inside the chain only: in 1.3 they cannot sign the handshake. */
static void add_pkcs1(const struct probe_plan *p, struct plan_ask *a)
{
	for (size_t i = 0; i < p->c->schemes.n; i++)
		if ((p->c->schemes.code[i].flags & PQM_S_RSA_PKCS1) != 0 &&
			(p->c->schemes.code[i].flags & PQM_S_SHA1) == 0 &&
			p->c->schemes.code[i].profile <= p->c->profile)
			probe_ask_scheme(a, p->c->schemes.code[i].code);
}

bool probe_ask_chain(const struct probe_plan *p, struct plan_ask *a)
{
	uint16_t group = probe_good_group(p);

	if (p->is_chains_done || !probe_is(p, V_13, PQM_A_YES) || group == 0)
		return false;
	probe_ask_13(p, a, PROBE_FLIGHT);
	a->spec.hello.n_schemes = 0;
	for (size_t i = 0; i < p->c->schemes.n; i++)
		if (is_wanted(p, i) && a->spec.hello.n_schemes < PLAN_SCHEMES - CHAIN_ONLY)
			probe_ask_scheme(a, p->c->schemes.code[i].code);
	if (a->spec.hello.n_schemes == 0)
		return false;
	add_pkcs1(p, a);
	a->spec.follow_hrr = true;
	/* The order of groups comes for free: no share, the known groups the other way round. */
	if (!probe_ask_reversed(p, a)) {
		probe_ask_group(a, group);
		probe_ask_share(a, group);
		a->about = ABOUT_SCHEMES; /* all else was answered before */
	}
	return true;
}

static bool was_asked(const struct plan_ask *a, uint16_t scheme)
{
	for (size_t i = 0; i < a->spec.hello.n_schemes; i++)
		if (a->schemes[i] == scheme)
			return true;
	return false;
}

/* A family is refused when all of its schemes that we would ask for are. */
static void close_families(struct probe_plan *p, enum plan_how how)
{
	unsigned left = 0, had = 0;

	for (size_t i = 0; i < p->c->schemes.n; i++) {
		const struct pqm_probe_code *s = &p->c->schemes.code[i];

		if (!signs_13(s) || s->profile > p->c->profile)
			continue;
		had |= s->flags & S_FAMILIES;
		if (p->scheme[i].answer != PQM_A_NO)
			left |= s->flags & S_FAMILIES;
	}
	p->no_family |= (uint16_t)(had & ~left);
	p->no_family_how = (uint8_t)how;
}

/* Group and suite are agreed on, and then there is no certificate to go on with: Go looks for it at the
 * second hello, JSSE and mbedTLS behind the ServerHello. */
static bool is_late_refusal(const struct plan_heard *h)
{
	const struct probe_flight *f = h->f;

	return h->answer == PQM_A_YES && (f->group != 0 || f->hrr_group != 0) && f->n_der == 0 &&
		f->has_alert && f->alert == 40;
}

void probe_hear_chain(struct probe_plan *p, const struct plan_ask *a, const struct plan_heard *h)
{
	if (a->spec.n_share_groups == 0)
		probe_hear_reversed(p, a, h->f);
	bool is_no = h->answer == PQM_A_NO || is_late_refusal(h);
	enum plan_how how = h->answer == PQM_A_NO ? h->how : probe_how_alert(h->f->alert);

	for (size_t i = 0; i < p->c->schemes.n; i++)
		if (was_asked(a, p->c->schemes.code[i].code) && signs_13(&p->c->schemes.code[i])) {
			p->asked_family |= p->c->schemes.code[i].flags & S_FAMILIES;
			if (is_no)
				probe_note(p, &p->scheme[i], PQM_A_NO, how);
		}
	if (is_no) {
		close_families(p, how);
		return;
	}
	if (h->answer == PQM_A_YES && h->f->scheme != 0 && was_asked(a, h->f->scheme))
		return;
	/* The reversed list stood in the way, or gave a retry without the flight: with a share, then. */
	if (a->spec.n_share_groups == 0 && p->order_try < 2) {
		p->order_try = 2;
		return;
	}
	p->is_chains_done = true;
	p->has_unknown = true;
}
