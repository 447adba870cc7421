#include "tls_plan.h"

/* From questions to connections: what goes in front of TLS, how long to wait, who answered. */

/* A server that answered is given this much more time than its slowest answer took. */
#define PATIENCE 16
#define PATIENCE_MIN_MS 1500u

static bool is_known_opener(const char *scheme)
{
	for (const struct probe_opener *o = probe_openers; o->scheme != NULL; o++)
		if (strcmp(o->scheme, scheme) == 0)
			return true;
	return false;
}

/* Where nobody speaks first: no need to wait for a greeting. */
static bool is_tls_port(uint16_t port)
{
	static const uint16_t ports[] = { 443, 853, 989, 2376, 2379, 5061, 5671, 6443, 8443, 8883,
		9443, 10250 };

	for (const struct probe_opener *o = probe_openers; o->scheme != NULL; o++)
		if (o->tls_port != 0 && o->tls_port == port)
			return true;
	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++)
		if (ports[i] == port)
			return true;
	return false;
}

static void set_scheme(struct probe_plan *p, const char *scheme)
{
	if (strcmp(scheme, "quic") == 0 || strcmp(scheme, "h3") == 0) {
		p->over = PROBE_QUIC;
		p->alpn_mode = 2;
	} else if (strcmp(scheme, "dtls") == 0) {
		p->over = PROBE_DTLS;
	} else if (strcmp(scheme, "auto") == 0) {
		p->must_guess = !is_tls_port(p->j->ep.port);
		p->alpn_mode = 1;
	} else if (is_known_opener(scheme)) {
		p->opener = scheme;
		p->alpn_mode = 0;
	} else {
		p->alpn_mode = 1;
	}
}

static bool add_link(struct probe_request *req, const struct probe_machine *m, void *self)
{
	if (self == NULL)
		return false;
	req->chain[req->n].machine = m;
	req->chain[req->n].self = self;
	req->n++;
	return true;
}

static bool add_tls(const struct probe_plan *p, const struct plan_ask *a, struct probe_request *req)
{
	struct pc_keys *keys = p->j->keys;

	switch (p->over) {
	case PROBE_TCP:
		return add_link(req, &probe_tls_machine, probe_tls_new(&a->spec, keys));
	case PROBE_QUIC:
		return add_link(req, &probe_quic_machine, probe_quic_new(&a->spec, keys));
	case PROBE_DTLS:
		return add_link(req, &probe_dtls_machine, probe_dtls_new(&a->spec, keys));
	}
	return false;
}

static void drop_links(struct probe_request *req)
{
	for (size_t i = 0; i < req->n; i++)
		if (req->chain[i].machine->free != NULL)
			req->chain[i].machine->free(req->chain[i].self);
	req->n = 0;
}

static uint32_t patience(const struct probe_plan *p)
{
	uint32_t most = PQM_PROBE_CONN_MS, half = p->c->deadline_ms / 2;

	if (half != 0 && half < most)
		most = half;
	if (!p->has_answered)
		return most;
	uint32_t ms = p->slowest_ms > most / PATIENCE ? most : p->slowest_ms * PATIENCE;

	if (ms < PATIENCE_MIN_MS)
		ms = PATIENCE_MIN_MS;
	return ms < most ? ms : most;
}

static bool connect_with(
	const struct probe_plan *p, const struct plan_ask *a, struct probe_request *req)
{
	const struct pqm_probe_target *t = p->j->target;
	bool is_ok = true;

	memset(req, 0, sizeof(*req));
	req->is_udp = p->over != PROBE_TCP;
	req->timeout_ms = patience(p);
	req->delay_ms = p->delay_ms;
	if (p->must_guess)
		is_ok = add_link(req, &probe_guess_machine, probe_guess_new(p->j->ep.port));
	else if (p->opener != NULL)
		is_ok = add_link(req, &probe_opener_machine,
			probe_opener_new(p->opener, t->sni != NULL ? t->sni : t->host));
	if (is_ok && add_tls(p, a, req))
		return true;
	drop_links(req);
	return false;
}

/* What the server's greeting was. True: go on with TLS's own answer. */
static bool hear_guess(struct probe_plan *p, const void *self)
{
	const char *scheme = probe_guess_scheme(self);

	p->must_guess = false;
	if (scheme == NULL || strcmp(scheme, "tls") == 0)
		return true;
	if (is_known_opener(scheme)) {
		p->opener = scheme;
		p->alpn_mode = 0;
		return false;
	}
	p->is_over = true;
	probe_plan_reach(p, PQM_R_OTHER, probe_guess_greeting(self));
	return false;
}

/* False: TLS was not reached, and why is said. */
static bool hear_opener(struct probe_plan *p, const void *self)
{
	enum probe_end end = probe_opener_end(self);
	const char *refusal = probe_opener_refusal(self);

	if (!p->has_answered || end == PROBE_ALERT)
		probe_opener_facts(self, p->j);
	if (end == PROBE_GOAL)
		return true;
	if (end == PROBE_ALERT || end == PROBE_GARBAGE || end == PROBE_BUDGET) {
		if (p->has_answered) {
			probe_plan_limited(p, refusal != NULL ? refusal : probe_end_name(end));
		} else {
			p->is_over = true;
			probe_plan_reach(
				p, PQM_R_OTHER, refusal != NULL ? refusal : probe_end_name(end));
		}
		return false;
	}
	return true;
}

static void hear_connection(
	struct probe_plan *p, const struct probe_request *done, const struct probe_outcome *last)
{
	const struct probe_flight *f = NULL;

	if (done->n > 1 && done->chain[0].machine == &probe_guess_machine && last->is_connected) {
		if (!hear_guess(p, done->chain[0].self))
			return;
	} else if (done->n > 1 && done->chain[0].machine == &probe_opener_machine &&
		last->is_connected) {
		if (!hear_opener(p, done->chain[0].self))
			return;
	}
	if (last->is_connected && last->at + 1 == done->n)
		f = probe_flight_of(done->chain[done->n - 1].self);
	probe_plan_hear(p, f, last);
}

static bool is_ssh(const struct probe_request *done, const struct probe_outcome *last)
{
	const char *scheme;

	if (done->n < 2 || done->chain[0].machine != &probe_guess_machine || !last->is_connected)
		return false;
	scheme = probe_guess_scheme(done->chain[0].self);
	return scheme != NULL && strcmp(scheme, "ssh") == 0;
}

static bool tls_next(struct probe_job *j, const struct probe_request *done,
	const struct probe_outcome *last, struct probe_request *req)
{
	struct probe_plan *p = j->state;
	struct plan_ask a;

	if (p == NULL) {
		p = pqm_new(&j->arena, struct probe_plan, 1);
		if (p == NULL) {
			probe_words(j, PQM_R_SKIPPED, "out of memory");
			return false;
		}
		probe_plan_init(p, j);
		j->state = p;
		set_scheme(p, j->target->scheme);
	}
	if (last != NULL && is_ssh(done, last)) {
		j->state = NULL;
		j->strategy = &probe_ssh_strategy;
		return !j->is_late && j->strategy->next(j, NULL, NULL, req);
	}
	if (last != NULL)
		hear_connection(p, done, last);
	if (!j->is_late && probe_plan_next(p, &a)) {
		if (connect_with(p, &a, req))
			return true;
		probe_plan_reach(p, PQM_R_SKIPPED, "no memory for a connection");
		p->is_cut = true;
	}
	probe_plan_finish(p);
	return false;
}

const struct probe_strategy probe_tls_strategy = { .name = "tls", .next = tls_next };
