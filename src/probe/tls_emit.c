#include "tls_plan.h"

/* The highest version below 1.3 that was accepted: what groups of key exchanges there hold for. */
static uint16_t old_version(const struct probe_plan *p)
{
	for (int v = V_12; v < V_N; v++)
		if (probe_is(p, (enum plan_version)v, PQM_A_YES))
			return probe_version_code(p, (enum plan_version)v);
	return 0;
}

static void emit_versions(struct probe_plan *p)
{
	for (int v = 0; v < V_N; v++) {
		const struct plan_mark *m = &p->version[v];

		/* A server that took no hello at all refused what we offered, not the version. */
		if (!p->has_spoken && m->answer == PQM_A_NO && m->how != HOW_ALERT_70)
			probe_offer(p->j, PQM_O_VERSION,
				probe_version_code(p, (enum plan_version)v), 0, PQM_A_UNKNOWN, 0,
				probe_how(m->how));
		else if (m->answer != PQM_A_UNKNOWN)
			probe_offer(p->j, PQM_O_VERSION,
				probe_version_code(p, (enum plan_version)v), 0,
				(enum pqm_answer)m->answer, 0, probe_how(m->how));
	}
}

/* Ranks are the server's wish only where its wish decides, or where it sent its list. */
static unsigned group_rank(const struct probe_plan *p, const struct plan_mark *m)
{
	return p->has_list || (p->order == ORDER_SERVER && p->n_ranked > 0) ? m->rank : 0;
}

/* What was asked and got no answer is worth a line where silence would read as "none": hybrids always, and
 * every group that the full profile promises to tell. */
static void emit_group13(
	struct probe_plan *p, const struct pqm_probe_code *g, const struct plan_mark *m)
{
	uint16_t v13 = probe_version_code(p, V_13);
	bool is_pq = (g->flags & (PQM_G_HYBRID | PQM_G_PQ)) != 0;
	bool is_told = m->answer == PQM_A_YES || m->answer == PQM_A_NO;

	if (m->answer != PQM_A_YES && !probe_is(p, V_13, PQM_A_YES))
		return;
	if (is_told)
		probe_offer(p->j, PQM_O_GROUP, g->code, v13, (enum pqm_answer)m->answer,
			m->answer == PQM_A_YES ? group_rank(p, m) : 0, probe_how(m->how));
	else if (g->profile <= p->c->profile && (g->flags & PQM_G_OLD) == 0 &&
		(is_pq || p->c->profile == PQM_PROFILE_FULL))
		probe_offer(p->j, PQM_O_GROUP, g->code, v13,
			p->is_limited ? PQM_A_REFUSED : PQM_A_UNKNOWN, 0,
			probe_how(p->is_limited ? HOW_LIMITED : (enum plan_how)m->how));
}

static void emit_groups(struct probe_plan *p)
{
	uint16_t old = old_version(p);

	for (size_t i = 0; p->group != NULL && i < p->c->groups.n; i++) {
		const struct plan_mark *m = &p->group12[i];

		emit_group13(p, &p->c->groups.code[i], &p->group[i]);
		if (m->answer != PQM_A_UNKNOWN && old != 0)
			probe_offer(p->j, PQM_O_GROUP, p->c->groups.code[i].code, old,
				(enum pqm_answer)m->answer, 0, probe_how(m->how));
	}
}

static void emit_codes(struct probe_plan *p)
{
	for (size_t i = 0; p->scheme != NULL && i < p->c->schemes.n; i++)
		if (p->scheme[i].answer == PQM_A_YES)
			probe_offer(p->j, PQM_O_SCHEME, p->c->schemes.code[i].code,
				probe_version_code(p, V_13), PQM_A_YES, 0,
				probe_how(p->scheme[i].how));
	for (size_t i = 0; p->suite != NULL && i < p->c->suites.n; i++) {
		const struct pqm_probe_code *s = &p->c->suites.code[i];
		uint16_t v = (s->flags & PQM_C_TLS13) != 0 ? probe_version_code(p, V_13)
							   : old_version(p);

		if (p->suite[i].answer == PQM_A_YES)
			probe_offer(p->j, PQM_O_SUITE, s->code, v, PQM_A_YES,
				(s->flags & PQM_C_TLS13) == 0 && p->is_suite_order
					? p->suite[i].rank
					: 0,
				probe_how(p->suite[i].how));
	}
}

static void emit_families(struct probe_plan *p)
{
	static const struct {
		unsigned flag;
		const char *key;
	} family[] = {
		{ PQM_S_RSA_PSS, "certificate-rsa" },
		{ PQM_S_ECDSA, "certificate-ecdsa" },
		{ PQM_S_EDDSA, "certificate-eddsa" },
		{ PQM_S_MLDSA, "certificate-mldsa" },
		{ PQM_S_COMPOSITE, "certificate-composite" },
		{ PQM_S_SLHDSA, "certificate-slhdsa" },
	};

	if (!probe_is(p, V_13, PQM_A_YES) || p->c->profile == PQM_PROFILE_QUICK)
		return;
	for (size_t i = 0; i < sizeof(family) / sizeof(family[0]); i++) {
		if ((p->seen_family & family[i].flag) != 0)
			probe_fact(p->j, family[i].key, PQM_A_YES, probe_how(HOW_CV), NULL);
		else if ((p->no_family & family[i].flag) != 0)
			probe_fact(
				p->j, family[i].key, PQM_A_NO, probe_how(p->no_family_how), NULL);
		else if ((p->asked_family & family[i].flag) != 0 || !p->is_chains_done)
			probe_fact(p->j, family[i].key,
				p->is_limited ? PQM_A_REFUSED : PQM_A_UNKNOWN, NULL, NULL);
	}
}

static void emit_classes(struct probe_plan *p)
{
	for (unsigned k = 1; k <= K_OTHER; k <<= 1) {
		const char *name = probe_class_name((enum plan_class)k);

		if ((p->class_yes & k) != 0)
			probe_fact(p->j, name, PQM_A_YES, probe_how(HOW_SH), NULL);
		else if ((p->class_no & k) != 0)
			probe_fact(p->j, name, PQM_A_NO, probe_how(p->class_no_how), NULL);
	}
	if (p->dh_bits != 0)
		probe_fact(
			p->j, "dh-bits", PQM_A_YES, probe_how(HOW_SKE), "%u", (unsigned)p->dh_bits);
	if (p->dh_family != NULL)
		probe_fact(p->j, "dh-prime", PQM_A_YES, probe_how(HOW_SKE), "%s", p->dh_family);
}

static void emit_facts(struct probe_plan *p)
{
	if (p->client_auth == PQM_A_YES)
		probe_fact(p->j, "client-auth", PQM_A_YES, "certificate request", "%u CA names",
			(unsigned)p->n_ca_names);
	else if (p->client_auth == PQM_A_NO)
		probe_fact(p->j, "client-auth", PQM_A_NO, "certificate", NULL);
	if (p->is_intolerant)
		probe_fact(p->j, "lone-group-intolerant", PQM_A_YES, probe_how(p->lone_how), NULL);
	if (p->is_short)
		probe_fact(p->j, "long-hello-intolerant", PQM_A_YES, NULL, NULL);
	if (p->is_strike_cut) {
		size_t n = probe_count_groups(p, PQM_G_EC | PQM_G_FFDHE, PQM_A_UNKNOWN);

		probe_fact(
			p->j, "groups-unasked", PQM_A_YES, "connections of the profile", "%zu", n);
	}
	if (p->order == ORDER_SERVER || p->order == ORDER_CLIENT) {
		p->j->ep.is_order_known = true;
		p->j->ep.is_server_order = p->order == ORDER_SERVER;
	}
}

/* The first hello named PQ groups first: whoever chose otherwise has a mind of its own. */
static void infer_order(struct probe_plan *p)
{
	if (p->order != ORDER_UNKNOWN || p->first_group == 0 || p->varies || p->is_short)
		return;
	for (size_t i = 0; i < p->c->groups.n; i++) {
		const struct pqm_probe_code *g = &p->c->groups.code[i];

		if (p->group[i].answer != PQM_A_YES || (g->flags & PQM_G_OLD) != 0 ||
			g->profile == PQM_PROFILE_FULL)
			continue;
		if (g->code != p->first_group)
			p->order = ORDER_SERVER;
		return;
	}
}

static void set_posture(struct probe_plan *p, enum pqm_posture v, const char *how)
{
	p->j->ep.posture = v;
	p->j->ep.posture_how = pqm_bytes_dup(&p->j->arena, pqm_str(how));
}

/* Nothing but 1.3 is spoken. */
static bool is_only_13(const struct probe_plan *p)
{
	if (p->over == PROBE_QUIC)
		return true; /* [RFC9001 §4.2] */
	for (int v = V_12; v <= (p->over == PROBE_DTLS ? V_11 : V_10); v++)
		if (!probe_is(p, (enum plan_version)v, PQM_A_NO) &&
			(v == V_12 || p->c->profile != PQM_PROFILE_QUICK))
			return false;
	return true;
}

static bool no_classical(const struct probe_plan *p)
{
	return !probe_has_classical(p) &&
		probe_count_groups(p, PQM_G_EC | PQM_G_FFDHE, PQM_A_UNKNOWN) == 0 &&
		probe_count_groups(p, PQM_G_EC | PQM_G_FFDHE, PQM_A_REFUSED) == 0;
}

/* Hellos were accepted, but no handshake behind them made sense. */
static void posture_of_broken(struct probe_plan *p)
{
	p->has_unknown = true;
	set_posture(p, PQM_P_UNKNOWN, "no whole handshake was seen");
	if (p->broken.n > 0)
		p->j->ep.posture_how = pqm_arena_f(
			&p->j->arena, "no handshake made sense: %.*s", PQM_FMT(p->broken));
}

/* Where no group is one that we can finish with, hellos and refusals are all there is to see. */
static bool may_be_told(const struct probe_plan *p)
{
	return p->has_whole || (p->broken.n == 0 && probe_good_group(p) == 0);
}

static void posture_with_pq(struct probe_plan *p)
{
	if (!may_be_told(p))
		posture_of_broken(p);
	else if (p->varies && (p->has_offered || probe_has_classical(p)))
		set_posture(p, PQM_P_OFFERED, "answers vary between connections");
	else if (p->has_offered)
		set_posture(p, PQM_P_OFFERED, "a classical share alone is taken: server hello");
	else if (no_classical(p) && is_only_13(p))
		set_posture(p, PQM_P_ONLY, "every other group and version is refused");
	else if (p->has_enforced && (probe_has_classical(p) || old_version(p) != 0))
		set_posture(
			p, PQM_P_ENFORCED, "a classical share alone gets a hello retry request");
	else if (p->has_enforced)
		set_posture(p, PQM_P_ENFORCED,
			"a classical share alone gets a hello retry request; what else is let in "
			"is "
			"not known");
	else
		set_posture(p, PQM_P_UNKNOWN, "hybrid accepted, a classical share got no answer");
}

static void emit_posture(struct probe_plan *p)
{
	unsigned pq = PQM_G_HYBRID | PQM_G_PQ;

	if (probe_has_pq(p))
		posture_with_pq(p);
	else if (!p->has_spoken)
		set_posture(p, PQM_P_UNKNOWN, "no hello was accepted");
	else if (p->varies || p->is_limited)
		set_posture(p, PQM_P_UNKNOWN,
			p->varies ? "answers vary between connections" : "limited");
	else if (!may_be_told(p) &&
		(probe_is(p, V_13, PQM_A_NO) || probe_count_groups(p, pq, PQM_A_NO) > 0))
		posture_of_broken(p);
	else if (probe_is(p, V_13, PQM_A_NO))
		set_posture(p, PQM_P_ABSENT, p->over == PROBE_DTLS ? "no DTLS 1.3" : "no TLS 1.3");
	else if (probe_is(p, V_13, PQM_A_YES) && probe_count_groups(p, pq, PQM_A_NO) > 0 &&
		probe_count_groups(p, pq, PQM_A_UNKNOWN) == 0 &&
		probe_count_groups(p, pq, PQM_A_REFUSED) == 0)
		set_posture(p, PQM_P_ABSENT, "every hybrid and ML-KEM group is refused");
	else
		set_posture(p, PQM_P_UNKNOWN, "hybrid groups got no answer");
}

void probe_emit(struct probe_plan *p)
{
	struct pqm_endpoint *e = &p->j->ep;

	infer_order(p);
	emit_versions(p);
	emit_groups(p);
	emit_codes(p);
	emit_families(p);
	emit_classes(p);
	emit_facts(p);
	emit_posture(p);
	e->varies = e->varies || p->varies;
	e->is_complete = p->has_spoken && !p->is_limited && !p->is_cut && !p->has_unknown &&
		!p->j->is_late && p->version[V_13].answer != PQM_A_UNKNOWN;
}
