#include "tls_plan.h"

/* Before the same is asked again. */
#define AGAIN_MS 250u
#define GONE_MS 1000u
#define FAILURES_BEFORE_CONTROL 2
/* Questions in a row without an answer, though an ordinary hello is answered in between: enough. */
#define DEAD_QUESTIONS 4
/* Connections of one host that end at once, after good ones: it limits us. */
#define BAD_ROW 3

static const struct plan_step steps[] = {
	{ .name = "first", .ask = probe_ask_first, .hear = probe_hear_first },
	{ .name = "dtls 1.3", .ask = probe_ask_dtls13, .hear = probe_hear_dtls13 },
	{ .name = "posture",
		.needs_13 = true,
		.ask = probe_ask_posture,
		.hear = probe_hear_posture },
	{ .name = "pq groups",
		.needs_13 = true,
		.is_free_in_full = true,
		.ask = probe_ask_pq,
		.hear = probe_hear_pq },
	{ .name = "first, again",
		.needs_13 = true,
		.is_optional = true,
		.ask = probe_ask_again,
		.hear = probe_hear_again },
	{ .name = "posture, with a group found since",
		.needs_13 = true,
		.ask = probe_ask_posture,
		.hear = probe_hear_posture },
	{ .name = "tls 1.2", .is_tcp = true, .ask = probe_ask_12, .hear = probe_hear_12 },
	{ .name = "older versions",
		.is_tcp = true,
		.ask = probe_ask_older,
		.hear = probe_hear_older },
	{ .name = "chains",
		.from = PQM_PROFILE_HNDL,
		.needs_13 = true,
		.is_free_in_full = true,
		.ask = probe_ask_chain,
		.hear = probe_hear_chain },
	{ .name = "classical groups",
		.needs_13 = true,
		.is_optional = true,
		.is_free_in_full = true,
		.ask = probe_ask_strike,
		.hear = probe_hear_strike },
	{ .name = "order",
		.from = PQM_PROFILE_FULL,
		.needs_13 = true,
		.is_optional = true,
		.ask = probe_ask_order,
		.hear = probe_hear_order },
	{ .name = "session",
		.from = PQM_PROFILE_HNDL,
		.needs_13 = true,
		.is_optional = true,
		.ask = probe_ask_session,
		.hear = probe_hear_session },
	{ .name = "resumption",
		.from = PQM_PROFILE_HNDL,
		.needs_13 = true,
		.is_optional = true,
		.ask = probe_ask_resume,
		.hear = probe_hear_resume },
	{ .name = "groups of tls 1.2",
		.from = PQM_PROFILE_FULL,
		.is_tcp = true,
		.is_free = true,
		.ask = probe_ask_groups12,
		.hear = probe_hear_groups12 },
	{ .name = "suites",
		.from = PQM_PROFILE_FULL,
		.is_free = true,
		.ask = probe_ask_suites,
		.hear = probe_hear_suites },
	{ .name = "order of suites",
		.from = PQM_PROFILE_FULL,
		.is_tcp = true,
		.is_free = true,
		.ask = probe_ask_suite_order,
		.hear = probe_hear_suite_order },
	{ .name = "extras",
		.from = PQM_PROFILE_FULL,
		.needs_13 = true,
		.ask = probe_ask_extra,
		.hear = probe_hear_extra },
	{ .name = "proof", .is_free = true, .ask = probe_ask_proof, .hear = probe_hear_proof },
};

#define N_STEPS (sizeof(steps) / sizeof(steps[0]))

void probe_plan_init(struct probe_plan *p, struct probe_job *j)
{
	memset(p, 0, sizeof(*p));
	p->j = j;
	p->c = j->config;
}

/* Marks are made with the first answer: whoever waits for a silent server has to be small. */
static bool has_marks(struct probe_plan *p)
{
	const struct pqm_probe_config *c = p->c;
	struct probe_job *j = p->j;

	if (p->group != NULL)
		return true;
	p->group = pqm_new(&j->arena, struct plan_mark, c->groups.n);
	p->group12 = pqm_new(&j->arena, struct plan_mark, c->groups.n);
	p->scheme = pqm_new(&j->arena, struct plan_mark, c->schemes.n);
	if (c->profile == PQM_PROFILE_FULL)
		p->suite = pqm_new(&j->arena, struct plan_mark, c->suites.n);
	if (p->group != NULL && p->group12 != NULL && p->scheme != NULL &&
		(c->profile != PQM_PROFILE_FULL || p->suite != NULL))
		return true;
	p->group = NULL;
	return false;
}

static unsigned cap_of(const struct probe_plan *p)
{
	/* Short lists take more hellos. */
	unsigned more = p->is_short ? PLAN_CAP_SHORT : 0;

	switch (p->c->profile) {
	case PQM_PROFILE_QUICK:
		return PLAN_CAP_QUICK + more;
	case PQM_PROFILE_HNDL:
		return PLAN_CAP_HNDL + more;
	case PQM_PROFILE_FULL:
		return PLAN_CAP_FULL + more;
	}
	return PLAN_CAP_QUICK;
}

static bool is_counted(const struct probe_plan *p, const struct plan_step *s)
{
	return !s->is_free && !(s->is_free_in_full && p->c->profile == PQM_PROFILE_FULL);
}

static bool is_skipped(const struct probe_plan *p, const struct plan_step *s)
{
	return s->from > p->c->profile || (s->is_tcp && p->over == PROBE_QUIC) ||
		(s->needs_13 && !probe_is(p, V_13, PQM_A_YES));
}

static bool build(const struct probe_plan *p, const struct plan_step *s, struct plan_ask *a)
{
	if (p->mode == MODE_CONTROL) {
		probe_ask_control(p, a);
		return true;
	}
	if (!s->ask(p, a))
		return false;
	if (p->mode == MODE_NONSENSE)
		probe_ask_nonsense(a);
	else if (p->mode == MODE_BESIDE)
		probe_ask_group(a, probe_good_group(p));
	if (s->ask != probe_ask_first)
		probe_ask_finish(p, a, p->is_short || p->mode == MODE_SHORT);
	return true;
}

/* The profile's connections are used up: what would this step have asked? */
static void cut(struct probe_plan *p, const struct plan_step *s, struct plan_ask *a)
{
	if (!s->ask(p, a))
		return;
	if (s->ask == probe_ask_strike)
		p->is_strike_cut = true;
	else if (!s->is_optional)
		p->is_cut = true;
}

bool probe_plan_next(struct probe_plan *p, struct plan_ask *a)
{
	while (!p->is_over && p->step < N_STEPS) {
		const struct plan_step *s = &steps[p->step];
		unsigned most = s->is_free ? PLAN_SUITES : PLAN_STEP_ASKS;

		if (p->mode != MODE_PLAIN)
			return build(p, s, a);
		if (!is_skipped(p, s)) {
			if (p->n_asked >= cap_of(p) && is_counted(p, s))
				cut(p, s, a);
			else if (p->step_asks >= most)
				p->has_unknown = true;
			else if (build(p, s, a))
				return true;
		}
		p->step++;
		p->step_asks = 0;
	}
	return false;
}

/* ---- what an answer is ---- */

static enum plan_how how_of_end(enum probe_end end)
{
	switch (end) {
	case PROBE_RESET:
		return HOW_RESET;
	case PROBE_TIMEOUT:
		return HOW_TIMEOUT;
	case PROBE_NO_CONNECT:
	case PROBE_UNREACHABLE:
		return HOW_GONE;
	case PROBE_BUDGET:
		return HOW_BUDGET;
	case PROBE_LOCAL:
		return HOW_LOCAL;
	case PROBE_ALERT:
		return HOW_ALERT;
	case PROBE_GARBAGE:
		return HOW_GARBAGE;
	case PROBE_RUNNING:
	case PROBE_GOAL:
	case PROBE_CLOSED:
		return HOW_CLOSED;
	}
	return HOW_CLOSED;
}

/* A retry for a group that nobody named, or whose share was there, is no answer [RFC8446 §4.2.8]. */
static bool is_fit_group(const struct plan_ask *a, const struct probe_flight *f)
{
	if (f->is_hrr && f->hrr_group != 0) {
		for (size_t i = 0; i < a->spec.n_share_groups; i++)
			if (a->spec.share_group[i] == f->hrr_group)
				return false;
		return probe_ask_has_group(a, f->hrr_group);
	}
	return f->group == 0 || probe_ask_has_group(a, f->group);
}

/* Does the hello answer what was asked? A suite or version out of the blue is garbage. */
static bool is_fit(
	const struct probe_plan *p, const struct plan_ask *a, const struct probe_flight *f)
{
	const struct pqm_tls_client_hello *h = &a->spec.hello;
	bool is_13 = f->version == probe_version_code(p, V_13), is_version = h->n_versions == 0;

	if (a->spec.is_ssl2)
		return f->version == PQM_SSL20;
	for (size_t i = 0; i < h->n_versions; i++)
		is_version = is_version || f->version == h->versions[i];
	/* Without TLS 1.3 on the list a server may go lower [RFC5246 §E.1]; 1.3 is on no list but by name. */
	if (h->n_versions == 0)
		is_version = !is_13;
	else if (h->n_versions > 1 && !is_13)
		is_version = true;
	if (!is_version)
		return false;
	if (is_13 && !is_fit_group(a, f))
		return false;
	for (size_t i = 0; i < h->n_suites; i++)
		if (f->suite == a->suites[i])
			return true;
	return false;
}

static struct plan_heard heard(const struct probe_plan *p, const struct plan_ask *a,
	const struct probe_flight *f, const struct probe_outcome *o)
{
	static const struct probe_flight none;
	struct plan_heard h = { PQM_A_UNKNOWN, how_of_end(o->end), f == NULL ? &none : f };

	if (f == NULL)
		return h;
	if (f->end != PROBE_RUNNING)
		h.how = how_of_end(f->end); /* the machine knows better than the socket */
	if (f->has_hello) {
		h.answer = is_fit(p, a, f) ? PQM_A_YES : PQM_A_UNKNOWN;
		h.how = h.answer != PQM_A_YES ? HOW_GARBAGE : (f->is_hrr ? HOW_HRR : HOW_SH);
		return h;
	}
	if (f->has_vn && !f->has_alert) { /* not this version of QUIC [RFC9000 §6.1] */
		h.answer = PQM_A_NO;
		h.how = HOW_VN;
		return h;
	}
	if (!f->has_alert || f->alert == 0)
		return h;
	h.how = probe_how_alert(f->alert);
	if (probe_is_refusal(f->alert)) {
		h.answer = PQM_A_NO;
		return h;
	}
	switch (f->alert) {
	case 80: /* an internal error, but some say so for "nothing in common": when repeated */
		h.answer = p->mode == MODE_AGAIN ? PQM_A_NO : PQM_A_UNKNOWN;
		break;
	case 86:
	case 112:
	case 116:
	case 120:
		h.answer = PQM_A_REFUSED;
		break;
	default:
		break;
	}
	return h;
}

void probe_plan_reach(struct probe_plan *p, enum pqm_reach reach, const char *words)
{
	if (p->has_reach)
		return;
	p->has_reach = true;
	probe_words(p->j, reach, "%s", words);
}

void probe_plan_unreached(struct probe_plan *p, const struct plan_heard *h)
{
	const struct probe_outcome *o = p->last;
	bool is_refused = o != NULL && o->end == PROBE_NO_CONNECT;
	const char *words = o != NULL && o->words[0] != '\0' ? o->words : NULL;

	if (h->f->words[0] != '\0')
		words = h->f->words;
	switch (h->how) {
	case HOW_GONE:
		probe_plan_reach(p, is_refused ? PQM_R_REFUSED : PQM_R_UNREACHABLE,
			words != NULL ? words
				      : (is_refused ? "connection refused" : "unreachable"));
		return;
	case HOW_TIMEOUT:
		probe_plan_reach(p,
			p->was_connected || p->over != PROBE_TCP ? PQM_R_SILENT : PQM_R_UNREACHABLE,
			p->was_connected || p->over != PROBE_TCP ? "no answer to a ClientHello"
								 : "no answer to a connect");
		return;
	case HOW_RESET:
	case HOW_CLOSED:
		if (o != NULL && o->host_good > 0 && o->host_bad_row >= BAD_ROW) {
			probe_plan_reach(p, PQM_R_LIMITED,
				"the host answered before and now ends every connection at once");
			return;
		}
		probe_plan_reach(p, PQM_R_SILENT,
			h->how == HOW_RESET ? "resets the connection at every ClientHello"
					    : "closes the connection at every ClientHello");
		return;
	case HOW_LOCAL:
		probe_plan_reach(p, PQM_R_SKIPPED, words != NULL ? words : "cannot ask");
		return;
	default:
		probe_plan_reach(p, PQM_R_OTHER, words != NULL ? words : probe_how(h->how));
		return;
	}
}

/* ---- failures ---- */

void probe_plan_limited(struct probe_plan *p, const char *words)
{
	p->is_limited = true;
	p->is_over = true;
	p->has_reach = true;
	probe_words(p->j, PQM_R_LIMITED, "answered %u connections, then no more (%s)",
		(unsigned)p->n_answered, words);
}

/* A failure at a server that answered before: is it the question or the server? True: ask again before
 * anything is concluded. */
static bool is_asked_again(
	struct probe_plan *p, const struct plan_ask *a, const struct plan_heard *h)
{
	if (h->how == HOW_ALERT_80) {
		p->mode = MODE_AGAIN;
		return true;
	}
	p->streak++;
	if (probe_control_asks(p, a, h))
		return true;
	if (h->how == HOW_GONE) {
		if (p->mode == MODE_AGAIN) {
			probe_plan_limited(p, probe_how(h->how));
			return true;
		}
		p->mode = MODE_AGAIN;
		p->delay_ms = GONE_MS;
		return true;
	}
	if (p->mode == MODE_PLAIN && !a->is_single) {
		p->mode = MODE_SHORT;
		p->delay_ms = AGAIN_MS;
		return true;
	}
	if (p->streak < FAILURES_BEFORE_CONTROL)
		return false;
	p->mode = MODE_CONTROL;
	p->pending_how = (uint8_t)h->how;
	p->delay_ms = AGAIN_MS;
	return true;
}

static void deliver(struct probe_plan *p, const struct plan_step *s, const struct plan_ask *a,
	const struct plan_heard *h)
{
	if (h->answer == PQM_A_YES)
		probe_note_flight(p, a, h->f);
	s->hear(p, a, h);
	p->mode = MODE_PLAIN;
}

/* Ended exactly as nonsense does. Proven: the server was there after it, or to send an alert. */
static void deliver_no(
	struct probe_plan *p, const struct plan_step *s, const struct plan_ask *a, bool is_proven)
{
	static const struct probe_flight none;
	const struct plan_heard h = { PQM_A_NO, HOW_CONTROL, &none };

	p->streak = 0;
	p->n_dead = 0;
	p->is_unproven = !is_proven;
	deliver(p, s, a, &h);
}

static void hear_match(struct probe_plan *p, const struct plan_step *s, const struct plan_ask *a,
	enum plan_how how)
{
	p->pending_how = (uint8_t)how;
	if (!probe_control_named(p, a) && probe_good_group(p) != 0) {
		p->mode = MODE_BESIDE;
	} else if (how == HOW_RESET || (p->is_unproven && how == HOW_CLOSED)) {
		p->mode = MODE_CONTROL;
		p->is_matched = true;
		p->delay_ms = AGAIN_MS;
	} else {
		deliver_no(p, s, a, how == HOW_ALERT);
	}
}

static void hear_control(struct probe_plan *p, const struct plan_step *s, struct plan_heard *h)
{
	static const struct probe_flight none;
	struct plan_ask a;

	if (h->answer == PQM_A_UNKNOWN && h->how != HOW_ALERT_80) {
		probe_plan_limited(p, probe_how(h->how));
		return;
	}
	p->streak = 0;
	p->mode = MODE_PLAIN;
	if (p->is_matched) {
		p->is_matched = false;
		if (build(p, s, &a))
			deliver_no(p, s, &a, true);
		return;
	}
	if (++p->n_dead >= DEAD_QUESTIONS) {
		p->is_over = true;
		p->is_cut = true;
		return;
	}
	h->answer = PQM_A_UNKNOWN;
	h->how = (enum plan_how)p->pending_how;
	h->f = &none;
	if (build(p, s, &a))
		deliver(p, s, &a, h);
}

/* The question went the way of all that fail. */
static void hear_failure(struct probe_plan *p, const struct plan_step *s, const struct plan_ask *a,
	enum plan_how how)
{
	static const struct probe_flight none;
	const struct plan_heard h = { PQM_A_UNKNOWN, how, &none };

	if (!is_asked_again(p, a, &h))
		deliver(p, s, a, &h);
}

static void hear_nonsense(
	struct probe_plan *p, const struct plan_step *s, const struct plan_heard *h)
{
	enum plan_how how = (enum plan_how)p->pending_how;
	struct plan_ask a;

	p->mode = MODE_PLAIN;
	if (!build(p, s, &a))
		return;
	probe_hear_nonsense(p, a.about, h);
	if (probe_control_match(p, a.about, how, p->pending_alert))
		hear_match(p, s, &a, how);
	else
		hear_failure(p, s, &a, how);
}

static void hear_beside(struct probe_plan *p, const struct plan_step *s,
	const struct plan_ask *beside, const struct plan_heard *h)
{
	enum plan_how how = (enum plan_how)p->pending_how;
	struct plan_ask a;

	if (h->answer == PQM_A_YES)
		probe_note_flight(p, beside, h->f);
	p->mode = MODE_PLAIN;
	if (!build(p, s, &a))
		return; /* what was asked for is there after all: the question is another one now */
	if (h->answer != PQM_A_YES)
		hear_failure(p, s, &a, how);
	else if (probe_control_named(p, &a) &&
		(h->f->is_hrr ? h->f->hrr_group : h->f->group) == probe_good_group(p))
		deliver_no(p, s, &a, true); /* it has just answered */
}

static void count(struct probe_plan *p, const struct plan_step *s)
{
	if (p->mode == MODE_NONSENSE || p->mode == MODE_BESIDE || p->is_matched)
		p->n_asked++;
	if (p->mode != MODE_PLAIN)
		return;
	p->step_asks++;
	if (!is_counted(p, s))
		p->n_free++;
	else
		p->n_asked++;
}

static void answered(struct probe_plan *p, const struct plan_step *s, const struct plan_ask *a,
	struct plan_heard *h)
{
	uint8_t alert = h->f->has_alert ? h->f->alert : 0;

	if (h->answer == PQM_A_YES || h->answer == PQM_A_NO)
		p->is_unproven = false;
	if (p->mode == MODE_CONTROL) {
		hear_control(p, s, h);
	} else if (p->mode == MODE_NONSENSE) {
		hear_nonsense(p, s, h);
	} else if (p->mode == MODE_BESIDE) {
		hear_beside(p, s, a, h);
	} else if (h->answer == PQM_A_UNKNOWN && h->how == HOW_ALERT_80) {
		p->mode = MODE_AGAIN;
	} else if (h->answer != PQM_A_UNKNOWN) {
		p->streak = 0;
		p->n_dead = 0;
		deliver(p, s, a, h);
	} else if (!p->is_first_done) {
		deliver(p, s, a, h);
	} else if (probe_control_match(p, a->about, h->how, alert)) {
		hear_match(p, s, a, h->how);
	} else if (!is_asked_again(p, a, h)) {
		deliver(p, s, a, h);
	}
}

void probe_plan_hear(
	struct probe_plan *p, const struct probe_flight *f, const struct probe_outcome *o)
{
	struct plan_ask a;

	if (p->is_over || p->step >= N_STEPS)
		return;
	const struct plan_step *s = &steps[p->step];

	p->last = o;
	p->delay_ms = 0;
	p->was_connected = p->was_connected || o->is_connected;
	if (!build(p, s, &a))
		return;
	struct plan_heard h = heard(p, &a, f, o);

	count(p, s);
	p->has_vn = p->has_vn || h.how == HOW_VN;
	if (h.answer == PQM_A_YES || h.answer == PQM_A_NO || h.answer == PQM_A_REFUSED) {
		p->has_answered = true;
		p->n_answered++;
		if (o->ms > p->slowest_ms)
			p->slowest_ms = o->ms;
		if (!has_marks(p)) {
			p->is_over = true;
			p->is_cut = true;
			probe_plan_reach(p, PQM_R_SKIPPED, "out of memory");
			return;
		}
	}
	answered(p, s, &a, &h);
	p->last = NULL;
}

static void late(struct probe_plan *p)
{
	if (p->was_connected || p->over != PROBE_TCP)
		probe_plan_reach(p, PQM_R_SILENT, "no answer before the deadline");
	else
		probe_plan_reach(p, PQM_R_UNREACHABLE, "no connection before the deadline");
}

void probe_plan_finish(struct probe_plan *p)
{
	struct pqm_endpoint *e = &p->j->ep;

	static const char *const name[] = {
		[PROBE_TCP] = "tls", [PROBE_QUIC] = "quic", [PROBE_DTLS] = "dtls"
	};

	if (p->has_answered && !p->has_spoken)
		probe_plan_reach(p, PQM_R_OTHER,
			p->has_vn ? "speaks other versions of QUIC"
				: probe_has_name(p)
				? "refuses every hello"
				: "refuses every hello; it may want a server name (sni=NAME)");
	else if (p->has_answered && !p->has_reach)
		e->reach = PQM_R_ANSWERED;
	if (p->has_answered)
		e->protocol = pqm_bytes_dup(&p->j->arena, pqm_str(name[p->over]));
	else
		late(p);
	if (p->is_unproven)
		probe_control_undo(p);
	probe_emit(p);
}
