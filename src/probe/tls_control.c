#include "tls_plan.h"

/*
 * Some servers refuse without a word: mbedTLS and GnuTLS behind lighttpd close, JSSE sends alert 10. Such
 * an end proves nothing by itself. Three things together do: the same hello, asking for code points that
 * nobody has, ends in the same way; the groups asked for are named, beside one that is taken, in a hello
 * that is answered; and the server answers again afterwards. Silence is never compared: time does not tell
 * a refusal from a lost packet.
 */

/* No registry and no draft has anything there, and no GREASE [RFC8701]. */
#define NO_GROUP 0x3300u
#define NO_SCHEME 0x0f31u
#define NO_SUITE 0xcf31u

static bool is_wordless(enum plan_how how)
{
	return how == HOW_CLOSED || how == HOW_RESET;
}

static uint8_t alert_of(const struct plan_heard *h)
{
	return h->f->has_alert ? h->f->alert : 0;
}

bool probe_control_match(
	const struct probe_plan *p, enum plan_about about, enum plan_how how, uint8_t alert)
{
	/* Whoever ends the connection without a word for one list does so for all: no alert is sent at
	 * all. An alert belongs to its list. */
	for (unsigned i = ABOUT_GROUPS; i < ABOUT_N && about != ABOUT_NONE; i++) {
		const struct plan_sign *s = &p->sign[i];

		if (s->is_known && s->how == (uint8_t)how && s->alert == alert &&
			(i == (unsigned)about || is_wordless(how)))
			return true;
	}
	return false;
}

bool probe_control_named(const struct probe_plan *p, const struct plan_ask *a)
{
	if (a->about != ABOUT_GROUPS || a->spec.hello.n_versions == 0)
		return true;
	for (size_t i = 0; i < p->c->groups.n; i++)
		if (probe_ask_has_group(a, p->c->groups.code[i].code) && !p->group[i].was_named)
			return false;
	return true;
}

bool probe_control_asks(struct probe_plan *p, const struct plan_ask *a, const struct plan_heard *h)
{
	if ((p->mode != MODE_PLAIN && p->mode != MODE_SHORT) || a->about == ABOUT_NONE ||
		p->sign[a->about].is_known)
		return false;
	if (!is_wordless(h->how) && h->how != HOW_ALERT)
		return false;
	/* One reset may be the network's. */
	if (h->how == HOW_RESET && p->streak < 2)
		return false;
	p->mode = MODE_NONSENSE;
	p->pending_how = (uint8_t)h->how;
	p->pending_alert = alert_of(h);
	return true;
}

void probe_ask_nonsense(struct plan_ask *a)
{
	struct pqm_tls_client_hello *h = &a->spec.hello;

	switch (a->about) {
	case ABOUT_GROUPS:
		for (size_t i = 0; i < h->n_groups; i++)
			a->groups[i] = (uint16_t)(NO_GROUP + i);
		a->spec.n_share_groups = 0;
		a->spec.fake_share = false;
		break;
	case ABOUT_SCHEMES:
		for (size_t i = 0; i < h->n_schemes; i++)
			a->schemes[i] = (uint16_t)(NO_SCHEME + i);
		break;
	case ABOUT_SUITES:
		for (size_t i = 0; i < h->n_suites; i++) {
			a->suites[i] = (uint16_t)(NO_SUITE + i);
			a->suite_flags[i] = 0;
		}
		break;
	case ABOUT_NONE:
	case ABOUT_N:
		break;
	}
}

void probe_hear_nonsense(struct probe_plan *p, enum plan_about about, const struct plan_heard *h)
{
	struct plan_sign *s = &p->sign[about];

	s->is_known = true;
	if (h->answer != PQM_A_UNKNOWN || (!is_wordless(h->how) && h->how != HOW_ALERT))
		return;
	s->how = (uint8_t)h->how;
	s->alert = alert_of(h);
}

bool probe_ask_proof(const struct probe_plan *p, struct plan_ask *a)
{
	if (!p->is_unproven)
		return false;
	probe_ask_control(p, a);
	return true;
}

/* Any answer is the proof, and is noted for all questions alike. */
void probe_hear_proof(struct probe_plan *p, const struct plan_ask *a, const struct plan_heard *h)
{
	(void)p;
	(void)a;
	(void)h;
}

static void undo(struct plan_mark *m, size_t n)
{
	for (size_t i = 0; m != NULL && i < n; i++)
		if (m[i].answer == PQM_A_NO && m[i].how == HOW_CONTROL)
			m[i] = (struct plan_mark){ .how = HOW_LIMITED };
}

void probe_control_undo(struct probe_plan *p)
{
	undo(p->group, p->c->groups.n);
	undo(p->group12, p->c->groups.n);
	undo(p->scheme, p->c->schemes.n);
	undo(p->version, V_N);
	if (p->class_no_how == HOW_CONTROL)
		p->class_no = 0;
	if (p->no_family_how == HOW_CONTROL)
		p->no_family = 0;
	p->has_unknown = true;
}
