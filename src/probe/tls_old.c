#include "tls_plan.h"

/* TLS 1.2 and before: which classes of key exchange, then which versions, down to SSL 2.0. */

static unsigned classes_left(const struct probe_plan *p)
{
	unsigned want = p->c->profile == PQM_PROFILE_FULL ? K_ALL : K_HARVEST;
	unsigned known = p->class_yes | p->class_no;

	/* Both certificates show in 1.3, where it is spoken: one question less. */
	if (p->c->profile != PQM_PROFILE_FULL && probe_is(p, V_13, PQM_A_YES) &&
		(p->class_yes & (K_ECDHE_ECDSA | K_ECDHE_RSA)) != 0)
		known |= K_ECDHE_ECDSA | K_ECDHE_RSA;
	return want & ~known;
}

/* Suites are struck one by one later: there a class comes out by itself. */
static bool is_list_asked(const struct probe_plan *p)
{
	return p->c->profile == PQM_PROFILE_FULL && p->suite != NULL;
}

bool probe_ask_12(const struct probe_plan *p, struct plan_ask *a)
{
	bool is_told = probe_is(p, V_12, PQM_A_YES) || probe_is(p, V_12, PQM_A_NO);

	if (p->is_old_done || classes_left(p) == 0)
		return false;
	if (is_told && (p->c->profile == PQM_PROFILE_QUICK || is_list_asked(p)))
		return false;
	if (probe_is(p, V_12, PQM_A_NO))
		return false;
	probe_ask_old(p, a, V_12, classes_left(p));
	a->about = ABOUT_SUITES;
	return a->spec.hello.n_suites > 0;
}

/* No version at or below v is spoken. With alert 70 that is all of them. */
static void close_versions(struct probe_plan *p, int v, enum plan_how how)
{
	int last = how == HOW_ALERT_70 ? V_SSL3 : V_10;

	if (p->over == PROBE_DTLS)
		last = V_11;
	probe_note(p, &p->version[v], PQM_A_NO, how);
	for (int i = v + 1; i <= last; i++)
		if (how == HOW_ALERT_70 || v >= V_11)
			probe_note(p, &p->version[i], PQM_A_NO, how);
}

static void close_classes(struct probe_plan *p, enum plan_how how)
{
	p->class_no |= (uint16_t)classes_left(p);
	p->class_no_how = (uint8_t)how;
}

void probe_hear_12(struct probe_plan *p, const struct plan_ask *a, const struct plan_heard *h)
{
	(void)a;
	if (h->answer == PQM_A_YES) {
		const struct pqm_probe_code *s = probe_code(&p->c->suites, h->f->suite);
		bool was_offered = false;

		for (size_t i = 0; i < a->spec.hello.n_suites; i++)
			was_offered = was_offered || a->suites[i] == h->f->suite;
		if (h->f->version != probe_version_code(p, V_12)) {
			probe_note(p, &p->version[V_12], PQM_A_NO, HOW_SH);
			p->is_old_done = true;
		}
		if (s == NULL || !was_offered) {
			p->is_old_done = true;
			p->has_unknown = true;
		}
		return;
	}
	if (h->answer != PQM_A_NO) {
		p->is_old_done = true;
		p->has_unknown = true;
		return;
	}
	if (!probe_is(p, V_12, PQM_A_YES))
		close_versions(p, V_12, h->how);
	close_classes(p, h->how);
}

/* ---- 1.1, 1.0, SSL 3.0, SSL 2.0 ---- */

static int older_version(const struct probe_plan *p)
{
	int last = p->c->profile == PQM_PROFILE_FULL ? V_SSL2 : V_10;

	if (p->over == PROBE_DTLS)
		last = V_11;
	for (int v = V_11; v <= last; v++)
		if (p->version[v].answer == PQM_A_UNKNOWN && (p->older_failed & (1u << v)) == 0)
			return v;
	return V_N;
}

static void ask_ssl2(const struct probe_plan *p, struct plan_ask *a)
{
	probe_ask_init(a, PROBE_HELLO);
	a->spec.is_ssl2 = true;
	a->spec.ssl2_kinds = a->kinds;
	for (size_t i = 0; i < p->c->suites.n; i++) {
		const struct pqm_probe_code *s = &p->c->suites.code[i];

		if ((s->flags & PQM_C_SSL2) != 0 &&
			a->spec.n_ssl2_kinds < sizeof(a->kinds) / sizeof(a->kinds[0]))
			a->kinds[a->spec.n_ssl2_kinds++] = (uint32_t)s->aux << 16 | s->code;
	}
}

bool probe_ask_older(const struct probe_plan *p, struct plan_ask *a)
{
	int v = older_version(p);

	if (v == V_N || (p->c->profile == PQM_PROFILE_QUICK && p->has_spoken))
		return false;
	if (v == V_SSL2) {
		ask_ssl2(p, a);
		a->is_single = true;
		return a->spec.n_ssl2_kinds > 0;
	}
	probe_ask_old(
		p, a, (enum plan_version)v, p->c->profile == PQM_PROFILE_FULL ? K_ALL : K_HARVEST);
	a->is_single = v == V_SSL3;
	a->about = ABOUT_SUITES;
	return a->spec.hello.n_suites > 0;
}

static int asked_version(const struct probe_plan *p, const struct plan_ask *a)
{
	if (a->spec.is_ssl2)
		return V_SSL2;
	for (int v = V_12; v <= V_SSL3; v++)
		if (probe_version_code(p, (enum plan_version)v) == a->spec.hello.legacy_version)
			return v;
	return V_SSL2;
}

static void hear_ssl2(struct probe_plan *p, const struct plan_heard *h)
{
	if (h->answer == PQM_A_YES && h->f->n_ssl2_kinds > 0)
		probe_fact(
			p->j, "ssl2-kinds", PQM_A_YES, "server hello", "%zu", h->f->n_ssl2_kinds);
	else if (h->answer == PQM_A_NO)
		probe_note(p, &p->version[V_SSL2], PQM_A_NO, h->how);
	/* A server of this century closes, resets or sends an alert of any kind: all of them mean that
	 * the record was not understood, none of them proves it. */
}

void probe_hear_older(struct probe_plan *p, const struct plan_ask *a, const struct plan_heard *h)
{
	int v = asked_version(p, a);

	p->older_failed |= (uint8_t)(1u << v);
	if (v == V_SSL2) {
		hear_ssl2(p, h);
		return;
	}
	if (h->answer == PQM_A_NO) {
		close_versions(p, v, h->how);
	} else if (h->answer == PQM_A_YES) {
		for (int i = v; i <= V_SSL3; i++) {
			if (probe_version_code(p, (enum plan_version)i) == h->f->version)
				break;
			probe_note(p, &p->version[i], PQM_A_NO, HOW_SH);
		}
	} else {
		p->has_unknown = p->has_unknown || v < V_SSL3;
	}
}

/* ---- groups of TLS 1.2 (full) ---- */

bool probe_ask_groups12(const struct probe_plan *p, struct plan_ask *a)
{
	size_t n = 0;

	if (p->is_groups12_done || !probe_is(p, V_12, PQM_A_YES) ||
		(p->class_yes & (K_ECDHE_ECDSA | K_ECDHE_RSA)) == 0)
		return false;
	probe_ask_old(p, a, V_12, p->class_yes & (K_ECDHE_ECDSA | K_ECDHE_RSA));
	for (size_t i = 0; i < a->spec.hello.n_groups; i++) {
		for (size_t k = 0; k < p->c->groups.n; k++)
			if (p->c->groups.code[k].code == a->groups[i] &&
				p->group12[k].answer == PQM_A_UNKNOWN &&
				(p->c->groups.code[k].flags & PQM_G_FFDHE) == 0)
				a->groups[n++] = a->groups[i];
	}
	a->spec.hello.n_groups = n;
	a->about = ABOUT_GROUPS;
	return n > 0;
}

void probe_hear_groups12(struct probe_plan *p, const struct plan_ask *a, const struct plan_heard *h)
{
	if (h->answer == PQM_A_YES && h->f->has_ske && probe_ask_has_group(a, h->f->ec_group))
		return;
	p->is_groups12_done = true;
	if (h->answer != PQM_A_NO) {
		p->has_unknown = true;
		return;
	}
	for (size_t i = 0; i < p->c->groups.n; i++)
		if (probe_ask_has_group(a, p->c->groups.code[i].code))
			probe_note(p, &p->group12[i], PQM_A_NO, h->how);
}
