#include "tls_plan.h"

/*
 * The first hello, the posture probe, the list of groups and its order: design/tls.md §2, methods A, D
 * and E.
 */

#define ALL_CLASSICAL (PQM_G_EC | PQM_G_FFDHE)
#define ALL_PQ (PQM_G_HYBRID | PQM_G_PQ)
#define ALL_GROUPS (ALL_CLASSICAL | ALL_PQ | PQM_G_DRAFT)
/* Connections that one list of groups may take before the other questions have had theirs. */
#define COMBINED_UNTIL 8
#define COMBINED_UNTIL_QUICK 3

/* ---- first hello ---- */

/* What is tried until something answers. */
enum rung {
	RUNG_ALL,      /* 1.3 and 1.2, everything */
	RUNG_SHORT,    /* the same, short lists */
	RUNG_12,       /* 1.2 at most, no supported_versions: for boxes that reset on it */
	RUNG_NAMELESS, /* without the server name */
	RUNG_N
};

static void first_all(const struct probe_plan *p, struct plan_ask *a)
{
	probe_ask_13(p, a, PROBE_HELLO);
	/* The experiments of the full profile are asked for together, later. */
	for (size_t i = 0; i < p->c->groups.n; i++) {
		const struct pqm_probe_code *g = &p->c->groups.code[i];

		if (g->profile <= p->c->profile && g->profile < PQM_PROFILE_FULL &&
			(g->flags & PQM_G_OLD) == 0)
			probe_ask_group(a, g->code);
	}
	a->spec.hello.grease = true;
	if (p->over == PROBE_QUIC)
		return;
	a->versions[a->spec.hello.n_versions++] = probe_version_code(p, V_12);
	a->spec.hello.ems = true;
	a->spec.hello.renegotiation = true;
	a->spec.hello.ticket_empty = true;
	for (size_t i = 0; i < p->c->suites.n; i++) {
		const struct pqm_probe_code *s = &p->c->suites.code[i];

		if ((s->flags & PQM_C_COMMON) != 0 && (s->flags & PQM_C_TLS13) == 0)
			probe_ask_suite(a, s->code, s->flags);
	}
}

static void first_of(const struct probe_plan *p, struct plan_ask *a, unsigned rung)
{
	if (rung == RUNG_12 || p->over == PROBE_DTLS)
		probe_ask_old(p, a, V_12, p->c->profile == PQM_PROFILE_FULL ? K_ALL : K_HARVEST);
	else
		first_all(p, a);
	probe_ask_finish(p, a, rung == RUNG_SHORT);
	if (rung == RUNG_NAMELESS)
		a->spec.hello.sni = NULL;
}

bool probe_ask_first(const struct probe_plan *p, struct plan_ask *a)
{
	if (p->is_first_done)
		return false;
	first_of(p, a, p->first);
	return true;
}

void probe_ask_control(const struct probe_plan *p, struct plan_ask *a)
{
	first_of(p, a, p->first_ok);
}

/* The next rung that makes sense; false: there is none. */
static bool climb(struct probe_plan *p)
{
	while (++p->first < RUNG_N) {
		if (p->first == RUNG_12 && p->over != PROBE_TCP)
			continue;
		if (p->first == RUNG_SHORT && p->over == PROBE_DTLS)
			continue;
		if (p->first == RUNG_NAMELESS && !probe_has_name(p))
			continue;
		return true;
	}
	return false;
}

/* A suite that the first hello had already: then 1.3 stood in the way, not the list. */
static bool was_offered_first(const struct probe_plan *p, uint16_t suite)
{
	const struct pqm_probe_code *s = probe_code(&p->c->suites, suite);

	return s != NULL && (s->flags & PQM_C_COMMON) != 0;
}

static void first_answered(struct probe_plan *p, const struct probe_flight *f)
{
	bool is_13 = f->version == probe_version_code(p, V_13);

	p->is_first_done = true;
	p->first_ok = p->first;
	p->is_short = p->first == RUNG_SHORT && p->first_alert == 0;
	p->is_sni_off = p->is_sni_off || p->first == RUNG_NAMELESS;
	p->first_group = f->is_hrr ? f->hrr_group : f->group;
	if (p->first == RUNG_NAMELESS)
		probe_fact(p->j, "sni-known", PQM_A_NO, "answered without a name only", NULL);
	if (is_13) {
		for (size_t i = 0; i < p->c->groups.n; i++)
			if (p->c->groups.code[i].code == p->first_group && p->group[i].rank == 0)
				p->group[i].rank = p->n_ranked = 1;
		return;
	}
	if (p->over == PROBE_DTLS)
		return;
	if (p->first != RUNG_12) {
		/* Asked for 1.3, gives less: it has none, unless it says that it was talked out of it
		 * [RFC8446 §4.1.3]. */
		if (!f->has_downgrade_marker && f->end == PROBE_GOAL)
			probe_note(p, &p->version[V_13], PQM_A_NO, HOW_SH);
		else if (f->has_downgrade_marker)
			probe_fact(p->j, "downgrade-marker", PQM_A_YES, "server hello", NULL);
	} else if (p->first_alert != 0 && !was_offered_first(p, f->suite)) {
		probe_note(p, &p->version[V_13], PQM_A_NO, probe_how_alert(p->first_alert));
	}
	if (f->version != probe_version_code(p, V_12))
		probe_note(p, &p->version[V_12], PQM_A_NO, HOW_SH);
}

static void first_refused(struct probe_plan *p, const struct plan_heard *h)
{
	if (h->how == HOW_ALERT_120 && !p->was_alpn_toggled && p->over == PROBE_TCP) {
		p->was_alpn_toggled = true;
		probe_fact(p->j, p->alpn_mode == 0 ? "alpn-required" : "alpn-refused", PQM_A_YES,
			"alert 120", NULL);
		p->alpn_mode = p->alpn_mode == 0 ? 1 : 0;
		return;
	}
	if (h->how == HOW_ALERT_112 && !p->is_sni_off && probe_has_name(p)) {
		probe_fact(p->j, "sni-known", PQM_A_NO, "alert 112", NULL);
		p->is_sni_off = true;
		return;
	}
	if (h->how == HOW_ALERT_112)
		probe_fact(p->j, "sni-required", PQM_A_YES, "alert 112", NULL);
	p->is_first_done = true;
	p->is_over = true;
	probe_plan_reach(p, PQM_R_OTHER,
		h->how == HOW_ALERT_112		  ? "wants a server name that it knows (sni=NAME)"
			: h->how == HOW_ALERT_120 ? "wants an ALPN protocol that we do not speak"
						  : "wants a client certificate first");
}

static void first_gives_up(struct probe_plan *p, const struct plan_heard *h)
{
	p->is_first_done = true;
	if (p->first_alert == 70 && p->over == PROBE_TCP) {
		/* The versions asked for are refused; older ones are asked next. */
		probe_note(p, &p->version[V_13], PQM_A_NO, HOW_ALERT_70);
		probe_note(p, &p->version[V_12], PQM_A_NO, HOW_ALERT_70);
		p->first_ok = RUNG_ALL;
		return;
	}
	if (p->has_answered) {
		p->first_ok = RUNG_ALL;
		p->is_over = p->c->profile == PQM_PROFILE_QUICK;
		return;
	}
	p->is_over = true;
	probe_plan_unreached(p, h);
}

void probe_hear_first(struct probe_plan *p, const struct plan_ask *a, const struct plan_heard *h)
{
	(void)a;
	switch (h->answer) {
	case PQM_A_YES:
		first_answered(p, h->f);
		return;
	case PQM_A_REFUSED:
		first_refused(p, h);
		return;
	case PQM_A_NO:
		if (p->first_alert == 0 && p->first != RUNG_12)
			p->first_alert = h->f->alert;
		if (p->first == RUNG_12)
			probe_note(p, &p->version[V_12], PQM_A_NO, h->how);
		/* Alert 70 to 1.3 and 1.2 leaves the older versions, which have a step of their own. */
		if (h->how == HOW_ALERT_70 || !climb(p))
			first_gives_up(p, h);
		return;
	case PQM_A_UNKNOWN:
		if (h->how == HOW_GONE || h->how == HOW_LOCAL || !climb(p))
			first_gives_up(p, h);
		return;
	}
}

/* ---- DTLS 1.3 ---- */

bool probe_ask_dtls13(const struct probe_plan *p, struct plan_ask *a)
{
	if (p->over != PROBE_DTLS || p->is_dtls13_asked || !p->has_spoken)
		return false;
	first_all(p, a);
	return true;
}

void probe_hear_dtls13(struct probe_plan *p, const struct plan_ask *a, const struct plan_heard *h)
{
	(void)a;
	p->is_dtls13_asked = true;
	if (h->answer == PQM_A_YES && probe_is(p, V_13, PQM_A_YES)) {
		p->first_group = h->f->is_hrr ? h->f->hrr_group : h->f->group;
		return;
	}
	/* Offered both and took the older one [RFC8446 §4.2.1], or refused the newer one by name. */
	if (h->answer == PQM_A_YES && !h->f->has_downgrade_marker)
		probe_note(p, &p->version[V_13], PQM_A_NO, HOW_SH);
	else if (h->answer == PQM_A_NO && h->how == HOW_ALERT_70)
		probe_note(p, &p->version[V_13], PQM_A_NO, h->how);
	else
		p->has_unknown = true;
}

/* ---- posture ---- */

/* The classical share to send. Not the server's first group when there is a choice: then the server
 * tells its whole list [RFC8446 §4.2.7]. */
static uint16_t posture_share(const struct probe_plan *p)
{
	bool is_first_classical =
		p->first_group != 0 && (probe_group_flags(p, p->first_group) & ALL_CLASSICAL) != 0;
	uint16_t order[3] = { GROUP_X25519, GROUP_P256, 0x0018 };

	if (is_first_classical) {
		order[0] = p->first_group == GROUP_X25519 ? GROUP_P256 : GROUP_X25519;
		order[1] = p->first_group;
		order[2] = 0;
	}
	for (size_t i = 0; i < p->c->groups.n && (p->posture_try > 0 || p->has_enforced); i++)
		if (p->group[i].answer == PQM_A_YES &&
			(p->c->groups.code[i].flags & ALL_CLASSICAL) != 0 &&
			pc_group_known(p->c->groups.code[i].code))
			return p->c->groups.code[i].code;
	return p->posture_try < 3 && pc_group_known(order[p->posture_try]) ? order[p->posture_try]
									   : 0;
}

static enum pqm_answer group_answer(const struct probe_plan *p, uint16_t group)
{
	for (size_t i = 0; i < p->c->groups.n; i++)
		if (p->c->groups.code[i].code == group)
			return (enum pqm_answer)p->group[i].answer;
	return PQM_A_UNKNOWN;
}

/* A share of a group that the server may not have is turned down by anyone: that enforces nothing. */
static bool is_shaky(const struct probe_plan *p)
{
	return p->has_enforced && group_answer(p, p->enforced_share) != PQM_A_YES &&
		group_answer(p, posture_share(p)) == PQM_A_YES;
}

bool probe_ask_posture(const struct probe_plan *p, struct plan_ask *a)
{
	uint16_t share = posture_share(p);

	if ((p->is_posture_done && !is_shaky(p)) || p->posture_try > 3 || share == 0 ||
		!probe_is(p, V_13, PQM_A_YES))
		return false;
	probe_ask_13(p, a, PROBE_FLIGHT);
	probe_ask_groups(p, a, ALL_PQ, PQM_A_YES);
	probe_ask_groups(p, a, ALL_PQ, PQM_A_UNKNOWN);
	probe_ask_group(a, share);
	probe_ask_share(a, share);
	a->spec.follow_hrr = true;
	a->about = ABOUT_GROUPS;
	return true;
}

void probe_hear_posture(struct probe_plan *p, const struct plan_ask *a, const struct plan_heard *h)
{
	if (h->answer == PQM_A_NO && h->how != HOW_ALERT_70) {
		/* Neither this share nor any PQ group, though sent together. */
		for (size_t i = 0; i < p->c->groups.n; i++)
			if (p->c->groups.code[i].code == a->spec.share_group[0])
				probe_note(p, &p->group[i], PQM_A_NO, h->how);
		p->posture_try++;
		return;
	}
	p->is_posture_done = true;
	p->has_enforced = false;
	if (h->answer != PQM_A_YES) {
		p->has_unknown = true;
		if (h->answer == PQM_A_NO)
			probe_note(p, &p->version[V_13], PQM_A_NO, h->how);
		return;
	}
	if (h->f->is_hrr && (probe_group_flags(p, h->f->hrr_group) & ALL_PQ) != 0) {
		p->has_enforced = true;
		p->enforced_share = a->spec.share_group[0];
	} else if (!h->f->is_hrr && h->f->group == a->spec.share_group[0]) {
		p->has_offered = true;
	}
}

/* ---- groups ---- */

enum lone { LONE_OPEN, LONE_NO, LONE_FAILED, LONE_DONE };

/* The hybrids that method D tries one by one when method A got no answer at all. */
static uint16_t fake_group(const struct probe_plan *p, unsigned at)
{
	for (size_t i = 0; i < p->c->groups.n; i++) {
		const struct pqm_probe_code *g = &p->c->groups.code[i];

		if ((g->flags & ALL_PQ) != 0 && (g->flags & PQM_G_DRAFT) == 0 &&
			g->profile <= p->c->profile && at-- == 0)
			return g->code;
	}
	return 0;
}

/* The group that a client with our order would be given. */
static uint16_t our_first(const struct probe_plan *p)
{
	for (size_t i = 0; i < p->c->groups.n; i++)
		if (p->group[i].answer == PQM_A_YES &&
			(p->c->groups.code[i].flags & PQM_G_OLD) == 0 &&
			p->c->groups.code[i].profile < PQM_PROFILE_FULL)
			return p->c->groups.code[i].code;
	return 0;
}

static bool is_combined(const struct probe_plan *p)
{
	unsigned until = p->c->profile == PQM_PROFILE_QUICK ? COMBINED_UNTIL_QUICK : COMBINED_UNTIL;

	return p->c->profile == PQM_PROFILE_FULL || p->n_asked < until;
}

static void ask_empty(const struct probe_plan *p, struct plan_ask *a, unsigned flags)
{
	probe_ask_13(p, a, PROBE_HELLO);
	probe_ask_groups(p, a, flags, PQM_A_UNKNOWN);
	a->about = ABOUT_GROUPS;
}

/* Is there any classical group at all? Asked with a share: a server that prefers hybrids then tells its
 * list. */
static bool ask_classical(const struct probe_plan *p, struct plan_ask *a)
{
	probe_ask_13(p, a, PROBE_FLIGHT);
	probe_ask_groups(p, a, ALL_CLASSICAL, PQM_A_UNKNOWN);
	if (probe_ask_has_group(a, GROUP_X25519))
		probe_ask_share(a, GROUP_X25519);
	a->about = ABOUT_GROUPS;
	a->spec.follow_hrr = true;
	return a->spec.hello.n_groups > 0;
}

/*
 * With the server's list in hand: all the rest in one hello. Else method A: strike what is found, PQ
 * groups first. A server that refuses a lone PQ group without a share is asked again with one (D).
 */
bool probe_ask_pq(const struct probe_plan *p, struct plan_ask *a)
{
	if (p->is_groups_done || !probe_is(p, V_13, PQM_A_YES))
		return false;
	if (p->has_list) {
		ask_empty(p, a, ALL_GROUPS);
		return a->spec.hello.n_groups > 0;
	}
	if (p->has_enforced && !p->is_classical_asked)
		return ask_classical(p, a);
	if (probe_has_pq(p)) {
		ask_empty(p, a, is_combined(p) ? ALL_GROUPS : ALL_PQ);
		if (a->spec.hello.n_groups > 0)
			return true;
	} else if (p->lone != LONE_DONE) {
		uint16_t fake = fake_group(p, p->lone_at);

		ask_empty(p, a, ALL_PQ);
		a->is_single = true;
		if (p->lone == LONE_OPEN) {
			a->about = ABOUT_NONE; /* its failure is compared when it has a share */
			return a->spec.hello.n_groups > 0;
		}
		if (p->lone == LONE_FAILED)
			a->spec.hello.n_groups = 0;
		if (fake != 0) {
			probe_ask_group(a, fake);
			probe_ask_share(a, fake);
			a->spec.fake_share = true;
			return true;
		}
	}
	return !probe_has_classical(p) && ask_classical(p, a);
}

static void rank_found(struct probe_plan *p, const struct probe_flight *f)
{
	for (size_t i = 0; i < p->c->groups.n; i++)
		if (f->is_hrr && p->c->groups.code[i].code == f->hrr_group &&
			p->group[i].rank == 0 && p->n_ranked > 0)
			p->group[i].rank = ++p->n_ranked;
}

static bool is_progress(const struct plan_ask *a, const struct probe_flight *f)
{
	return probe_ask_has_group(a, f->is_hrr ? f->hrr_group : f->group);
}

static void hear_fake(struct probe_plan *p, const struct plan_ask *a, const struct plan_heard *h)
{
	if (h->answer == PQM_A_YES) {
		p->is_intolerant = true;
		p->lone = LONE_FAILED; /* the others one by one, each with its share */
	} else if (h->answer == PQM_A_NO) {
		probe_note_no_groups(p, a, h->how);
		if (p->lone == LONE_NO)
			p->lone = LONE_DONE;
	} else {
		p->has_unknown = true;
		if (p->lone_at > 0)
			p->lone = LONE_DONE; /* twice nothing: it will not get better */
	}
	p->lone_at++;
	if (fake_group(p, p->lone_at) == 0)
		p->lone = LONE_DONE;
}

/* Not silence: all of them may go into the next hello. */
static bool is_ended(enum plan_how how)
{
	return how == HOW_CLOSED || how == HOW_RESET || how == HOW_ALERT;
}

void probe_hear_pq(struct probe_plan *p, const struct plan_ask *a, const struct plan_heard *h)
{
	bool is_fake = a->spec.fake_share;
	bool is_lone = !p->has_list && !is_fake && p->lone == LONE_OPEN &&
		(probe_group_flags(p, a->groups[0]) & ALL_PQ) != 0 && !probe_has_pq(p);

	if (h->answer == PQM_A_YES && !is_progress(a, h->f)) {
		p->is_groups_done = true;
		p->has_unknown = true;
		return;
	}
	if ((probe_group_flags(p, a->groups[0]) & ALL_PQ) == 0) {
		p->is_classical_asked = true;
		p->n_ranked = 0; /* our share chose, not the server's order */
	}
	if (is_fake) {
		hear_fake(p, a, h);
		return;
	}
	if (h->answer == PQM_A_YES) {
		rank_found(p, h->f);
		return;
	}
	if (is_lone) {
		p->lone_how = (uint8_t)h->how;
		p->lone = h->answer == PQM_A_NO || is_ended(h->how) ? LONE_NO : LONE_FAILED;
		return;
	}
	if (h->answer == PQM_A_NO) {
		probe_note_no_groups(p, a, h->how);
		return;
	}
	p->is_groups_done = true;
	p->has_unknown = true;
}

/* Does the first hello's answer fit the list that another connection told? A server chooses its own first
 * or ours. Anything else is a mind of its own, when it says so twice, or another server behind the same
 * address. */
bool probe_ask_again(const struct probe_plan *p, struct plan_ask *a)
{
	if (p->is_again_done || !p->has_list || p->first_group == 0 || p->is_short ||
		our_first(p) == p->first_group)
		return false;
	for (size_t i = 0; i < p->c->groups.n; i++)
		if (p->c->groups.code[i].code == p->first_group && p->group[i].rank == 1)
			return false;
	first_of(p, a, p->first_ok);
	return true;
}

void probe_hear_again(struct probe_plan *p, const struct plan_ask *a, const struct plan_heard *h)
{
	(void)a;
	p->is_again_done = true;
	if (h->answer == PQM_A_YES &&
		(h->f->is_hrr ? h->f->hrr_group : h->f->group) != p->first_group)
		p->varies = true;
}

/* The rest of the classical groups, where the server sends no list. */
bool probe_ask_strike(const struct probe_plan *p, struct plan_ask *a)
{
	if (p->is_strike_done || p->has_list || !probe_is(p, V_13, PQM_A_YES))
		return false;
	ask_empty(p, a, ALL_CLASSICAL | PQM_G_DRAFT);
	return a->spec.hello.n_groups > 0;
}

void probe_hear_strike(struct probe_plan *p, const struct plan_ask *a, const struct plan_heard *h)
{
	if (h->answer == PQM_A_YES && is_progress(a, h->f)) {
		p->n_ranked = 0;
		return;
	}
	if (h->answer == PQM_A_NO) {
		probe_note_no_groups(p, a, h->how);
		return;
	}
	p->is_strike_done = true;
	p->has_unknown = true;
}

/* ---- order ---- */

bool probe_ask_reversed(const struct probe_plan *p, struct plan_ask *a)
{
	size_t n = 0;

	if (p->order != ORDER_UNKNOWN || p->order_try > 0 || p->first_group == 0 || p->is_short ||
		our_first(p) != p->first_group)
		return false;
	for (size_t i = p->c->groups.n; i-- > 0;) {
		const struct pqm_probe_code *g = &p->c->groups.code[i];

		if (p->group[i].answer != PQM_A_YES || !pc_group_known(g->code))
			continue;
		probe_ask_group(a, g->code);
		n++;
	}
	if (n >= 2 && probe_ask_has_group(a, p->first_group))
		return true;
	a->spec.hello.n_groups = 0;
	return false;
}

void probe_hear_reversed(
	struct probe_plan *p, const struct plan_ask *a, const struct probe_flight *f)
{
	if (!f->has_hello)
		return;
	p->order_try = 1;
	if (!f->is_hrr)
		return;
	if (f->hrr_group == p->first_group)
		p->order = ORDER_SERVER;
	else if (f->hrr_group == a->groups[0])
		p->order = ORDER_CLIENT;
}

bool probe_ask_order(const struct probe_plan *p, struct plan_ask *a)
{
	if (!probe_is(p, V_13, PQM_A_YES))
		return false;
	probe_ask_13(p, a, PROBE_HELLO);
	return probe_ask_reversed(p, a);
}

void probe_hear_order(struct probe_plan *p, const struct plan_ask *a, const struct plan_heard *h)
{
	probe_hear_reversed(p, a, h->f);
	p->order_try = 1;
}
