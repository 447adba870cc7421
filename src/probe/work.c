#include "loop.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>

/* ---- lists ---- */

static void link_work(struct probe_list *list, struct probe_work *w, bool at_front)
{
	probe_list_remove(w);
	w->list = list;
	w->prev = at_front ? NULL : list->tail;
	w->next = at_front ? list->head : NULL;
	*(w->prev == NULL ? &list->head : &w->prev->next) = w;
	*(w->next == NULL ? &list->tail : &w->next->prev) = w;
}

void probe_list_push(struct probe_list *list, struct probe_work *w)
{
	link_work(list, w, false);
}

void probe_list_push_front(struct probe_list *list, struct probe_work *w)
{
	link_work(list, w, true);
}

void probe_list_remove(struct probe_work *w)
{
	if (w->list == NULL)
		return;
	*(w->prev == NULL ? &w->list->head : &w->prev->next) = w->next;
	*(w->next == NULL ? &w->list->tail : &w->next->prev) = w->prev;
	w->list = NULL;
	w->prev = w->next = NULL;
}

void probe_waits_push(struct probe_waits *q, struct probe_wait *w)
{
	w->next = NULL;
	*(q->tail == NULL ? &q->head : &q->tail->next) = w;
	q->tail = w;
}

struct probe_wait *probe_waits_pop(struct probe_waits *q)
{
	struct probe_wait *w = q->head;

	if (w == NULL)
		return NULL;
	q->head = w->next;
	if (q->head == NULL)
		q->tail = NULL;
	w->next = NULL;
	return w;
}

/* ---- addresses ---- */

void probe_addr_text(const struct probe_addr *a, char out[64])
{
	char name[IF_NAMESIZE];

	out[0] = '\0';
	if (a->family == 0 || inet_ntop(a->family, a->ip, out, 64) == NULL)
		return;
	if (a->scope != 0 && if_indextoname(a->scope, name) != NULL) {
		size_t n = strlen(out);

		(void)snprintf(out + n, 64 - n, "%%%s", name);
	}
}

socklen_t probe_addr_sock(const struct probe_addr *a, uint16_t port, struct sockaddr_storage *out)
{
	memset(out, 0, sizeof(*out));
	if (a->family == AF_INET) {
		struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(port) };

		memcpy(&in.sin_addr, a->ip, 4);
		memcpy(out, &in, sizeof(in));
		return sizeof(in);
	}
	struct sockaddr_in6 in6 = {
		.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_scope_id = a->scope
	};

	memcpy(&in6.sin6_addr, a->ip, 16);
	memcpy(out, &in6, sizeof(in6));
	return sizeof(in6);
}

/* ---- endpoints ---- */

static const char *profile_name(enum pqm_profile p)
{
	switch (p) {
	case PQM_PROFILE_QUICK:
		return "quick";
	case PQM_PROFILE_HNDL:
		return "hndl";
	case PQM_PROFILE_FULL:
		return "full";
	}
	return "";
}

static void name_endpoint(struct pqm_endpoint *e, const struct probe_loop *l, uint32_t target)
{
	const struct pqm_probe_target *t = &l->targets[target];

	*e = (struct pqm_endpoint){ .target = t->index,
		.scheme = pqm_str(t->scheme),
		.host = pqm_str(t->host),
		.sni = pqm_str(t->sni),
		.port = t->port != 0 ? t->port : probe_scheme_port(t->scheme),
		.profile = pqm_str(profile_name(l->config->profile)) };
}

static void hand_out(struct probe_loop *l, struct pqm_endpoint *e)
{
	l->stats.endpoints++;
	if (l->is_quiet)
		return;
	pqm_endpoint_seal(e);
	if (!l->done(l->ctx, e))
		l->is_stopped = l->is_quiet = true;
}

void probe_report_untried(struct probe_loop *l, uint32_t target, const struct probe_addr *addr,
	enum pqm_reach reach, const char *words)
{
	struct pqm_endpoint e;
	char text[64] = "";

	name_endpoint(&e, l, target);
	if (addr != NULL)
		probe_addr_text(addr, text);
	e.address = pqm_str(text);
	e.reach = reach;
	e.words = pqm_str(words);
	hand_out(l, &e);
}

static void free_request(struct probe_work *w)
{
	for (size_t i = 0; w->has_request && i < w->req.n; i++)
		w->req.chain[i].machine->free(w->req.chain[i].self);
	w->has_request = false;
}

/* What the strategy left unsaid. */
static void last_words(const struct probe_loop *l, struct probe_work *w)
{
	struct probe_job *j = &w->job;
	const struct probe_outcome *o = &l->last;
	enum pqm_reach reach = PQM_R_SILENT;

	if (j->ep.reach != PQM_R_SILENT || j->ep.words.n > 0 || w->has_byte ||
		o->end == PROBE_RUNNING)
		return;
	if (o->end == PROBE_NO_CONNECT)
		reach = PQM_R_REFUSED;
	else if (o->end == PROBE_UNREACHABLE || o->end == PROBE_LOCAL)
		reach = PQM_R_UNREACHABLE;
	probe_words(j, reach, "%s", o->words[0] != '\0' ? o->words : probe_end_name(o->end));
}

static void release_host(struct probe_loop *l, struct probe_host *h)
{
	struct probe_wait *parked;

	h->n_works--;
	parked = probe_waits_pop(&h->parked);
	if (parked != NULL) {
		l->n_parked--;
		probe_waits_push(&l->ready, parked);
	}
}

static void finish(struct probe_loop *l, struct probe_work *w)
{
	struct probe_job *j = &w->job;

	free_request(w);
	last_words(l, w);
	if (j->is_cut)
		j->ep.is_complete = false;
	if (j->target->is_bare && j->ep.app.n > 0)
		j->ep.scheme = j->ep.app;
	if (w->started_ns != 0)
		j->ep.ms = (double)(l->now_ns - w->started_ns) * 1e-6;
	hand_out(l, &j->ep);
	if (j->strategy->free != NULL)
		j->strategy->free(j);
	release_host(l, w->host);
	probe_list_remove(w);
	probe_heap_drop_owner(&l->heap, &w->timer);
	*(w->all_prev == NULL ? &l->works : &w->all_prev->all_next) = w->all_next;
	if (w->all_next != NULL)
		w->all_next->all_prev = w->all_prev;
	l->n_works--;
	pqm_arena_fini(&j->arena);
	pqm_free(w);
}

static const struct probe_strategy *strategy_of(const struct pqm_probe_target *t)
{
	const char *scheme = t->scheme;

	if (t->is_bare)
		return &probe_auto_strategy;
	if (strcmp(scheme, "ssh") == 0)
		return &probe_ssh_strategy;
	if (strcmp(scheme, "auto") == 0)
		return &probe_auto_strategy;
	if (strcmp(scheme, "wireguard") == 0 || strcmp(scheme, "ikev2") == 0 ||
		strcmp(scheme, "openvpn") == 0)
		return &probe_vpn_strategy;
	return &probe_tls_strategy;
}

bool probe_work_new(struct probe_loop *l, const struct probe_wait *wait, struct probe_host *host)
{
	const struct pqm_probe_target *t = &l->targets[wait->target];
	const struct probe_strategy *s = l->strategy != NULL ? l->strategy : strategy_of(t);

	struct probe_work *w = pqm_calloc(1, sizeof(*w));
	char address[64];

	if (w == NULL || !probe_heap_add_owner(&l->heap)) {
		pqm_free(w);
		return false;
	}
	w->fd = -1;
	w->host = host;
	w->peer = l->proxy != NULL ? l->proxy_addr : wait->addr;
	w->timer.kind = PROBE_TIMER_WORK;
	pqm_buf_init(&w->out, PQM_PROBE_CONN_BYTES);
	pqm_buf_init(&w->held, PQM_PROBE_HELD_BYTES);
	probe_addr_text(&wait->addr, address);
	w->job = (struct probe_job){
		.config = l->config, .keys = l->keys, .target = t, .strategy = s
	};
	pqm_arena_init(&w->job.arena, PQM_PROBE_JOB_BYTES);
	name_endpoint(&w->job.ep, l, wait->target);
	w->job.ep.address = pqm_bytes_dup(&w->job.arena, pqm_str(address));
	l->is_out_of_memory = l->is_out_of_memory || w->job.ep.address.p == NULL;
	w->job.ep.n_addresses = wait->n_addresses;
	w->job.ep.reach = PQM_R_SILENT;
	w->all_next = l->works;
	if (l->works != NULL)
		l->works->all_prev = w;
	l->works = w;
	l->n_works++;
	host->n_works++;
	l->last = (struct probe_outcome){ 0 };
	probe_work_step(l, w, true);
	return true;
}

/* ---- between connections ---- */

static void set_idle(struct probe_loop *l, struct probe_work *w, enum probe_state state)
{
	bool was = w->state == PROBE_DELAY || w->state == PROBE_TOKEN;
	bool is = state == PROBE_DELAY || state == PROBE_TOKEN;

	w->state = state;
	l->n_idle = l->n_idle - was + is;
}

/* The clock of the peer stands still while we wait for ourselves. */
static void stop_clock(struct probe_loop *l, struct probe_work *w)
{
	if (w->wait_from_ns == 0)
		w->wait_from_ns = l->now_ns;
}

void probe_work_clock(struct probe_loop *l, struct probe_work *w)
{
	if (w->wait_from_ns == 0)
		return;
	uint64_t ns = l->now_ns - w->wait_from_ns;

	w->wait_from_ns = 0;
	w->waited_ns += ns;
	if (w->job.deadline_ns != 0)
		w->job.deadline_ns += ns;
}

void probe_work_line(struct probe_loop *l, struct probe_work *w)
{
	struct probe_host *h = w->host;
	uint64_t ns;

	stop_clock(l, w);
	ns = h->waiting.head == NULL ? probe_bucket_take(&h->bucket, l->now_ns) : 1;
	if (ns == 0) {
		set_idle(l, w, PROBE_LINE);
		probe_list_push(&l->line, w);
	} else {
		if (h->waiting.head == NULL)
			probe_timer_set(&l->heap, &h->timer, l->now_ns + ns);
		set_idle(l, w, PROBE_TOKEN);
		probe_list_push(&h->waiting, w);
	}
	probe_work_arm(l, w);
}

void probe_host_timer(struct probe_loop *l, struct probe_host *h)
{
	while (h->waiting.head != NULL) {
		struct probe_work *w = h->waiting.head;
		uint64_t ns = probe_bucket_take(&h->bucket, l->now_ns);

		if (ns != 0) {
			probe_timer_set(&l->heap, &h->timer, l->now_ns + ns);
			return;
		}
		set_idle(l, w, PROBE_LINE);
		probe_list_push(&l->line, w);
	}
}

void probe_work_pause(struct probe_loop *l, struct probe_work *w, uint64_t ns)
{
	stop_clock(l, w);
	set_idle(l, w, PROBE_DELAY);
	w->delay_due_ns = l->now_ns + ns;
	probe_work_arm(l, w);
}

static bool is_sound(const struct probe_request *r)
{
	bool ok = r->n > 0 && r->n <= PROBE_CHAIN_MAX;

	for (size_t i = 0; ok && i < r->n; i++)
		ok = r->chain[i].machine != NULL && r->chain[i].self != NULL;
	return ok;
}

/* The proxy's machine goes in front; false: there is no way through it. */
static const char *add_proxy(struct probe_loop *l, struct probe_work *w)
{
	if (w->req.is_udp)
		return "the proxy carries no UDP";
	void *self = probe_proxy_new(l->config->proxy, w->job.target->host,
		w->req.port != 0 ? w->req.port : w->job.ep.port);

	if (self == NULL)
		return "no memory for the proxy's connection";
	w->proxy = (struct probe_link){ .machine = &probe_proxy_machine, .self = self };
	return NULL;
}

void probe_work_step(struct probe_loop *l, struct probe_work *w, bool is_first)
{
	for (;;) {
		struct probe_request req = { 0 };
		struct probe_job *j = &w->job;

		set_idle(l, w, PROBE_LINE);
		if (j->deadline_ns != 0 && l->now_ns >= j->deadline_ns)
			j->is_late = true;
		bool more = j->strategy->next(
			j, is_first ? NULL : &w->req, is_first ? NULL : &l->last, &req);

		free_request(w);
		w->req = req;
		w->has_request = more;
		if (!more || j->is_late || j->ep.n_connections >= PQM_PROBE_CONNECTIONS ||
			!is_sound(&req)) {
			w->has_request = more && is_sound(&req);
			finish(l, w);
			return;
		}
		is_first = false;
		w->at = 0;
		w->out_off = 0;
		w->is_eof = w->is_done = w->wants_write = false;
		w->write_errno = 0;
		w->begun_ns = w->connected_ns = w->due_ns = w->machine_due_ns = w->delay_due_ns = 0;
		w->bytes_in = 0;
		w->n_retries = 0;
		const char *bad = l->proxy != NULL ? add_proxy(l, w) : NULL;

		if (bad == NULL)
			break;
		for (size_t i = 0; i < req.n; i++)
			req.chain[i].machine->end(req.chain[i].self, PROBE_LOCAL, bad);
		l->last = (struct probe_outcome){ .end = PROBE_LOCAL };
		(void)snprintf(l->last.words, sizeof(l->last.words), "%s", bad);
	}
	if (w->req.delay_ms == 0) {
		probe_work_line(l, w);
		return;
	}
	set_idle(l, w, PROBE_DELAY);
	w->delay_due_ns = l->now_ns + w->req.delay_ms * PROBE_MS;
	probe_work_arm(l, w);
}

/* ---- time ---- */

static uint64_t sooner(uint64_t a, uint64_t b)
{
	return a == 0 || (b != 0 && b < a) ? b : a;
}

static uint64_t connect_due(const struct probe_loop *l, const struct probe_work *w)
{
	return w->state == PROBE_CONNECT ? w->begun_ns + l->config->connect_ms * PROBE_MS : 0;
}

static uint64_t wait_due(const struct probe_work *w)
{
	return w->wait_from_ns == 0	       ? 0
		: w->waited_ns > PROBE_WAIT_NS ? w->wait_from_ns
					       : w->wait_from_ns + (PROBE_WAIT_NS - w->waited_ns);
}

void probe_work_arm(struct probe_loop *l, struct probe_work *w)
{
	uint64_t at = wait_due(w);

	if (w->wait_from_ns == 0)
		at = w->job.deadline_ns;
	if (w->state == PROBE_DELAY)
		at = sooner(at, w->delay_due_ns);
	if (w->state == PROBE_CONNECT || w->state == PROBE_OPEN) {
		at = sooner(at, w->due_ns);
		at = sooner(at, w->machine_due_ns);
		at = sooner(at, connect_due(l, w));
	}
	/* A timer that is early costs one look; moving it at every step of a connection costs more. */
	if (at != 0 && (w->timer.pos == 0 || at < w->timer.at_ns))
		probe_timer_set(&l->heap, &w->timer, at);
}

static bool is_due(uint64_t at, uint64_t now)
{
	return at != 0 && at <= now;
}

void probe_work_stop(struct probe_loop *l, struct probe_work *w, const char *words)
{
	w->job.is_late = true;
	probe_sock_end(l, w, PROBE_TIMEOUT, words);
}

void probe_work_timer(struct probe_loop *l, struct probe_work *w)
{
	bool has_socket = w->state == PROBE_CONNECT || w->state == PROBE_OPEN;
	uint64_t now = l->now_ns;
	char words[80];

	if (w->wait_from_ns != 0 ? is_due(wait_due(w), now) : is_due(w->job.deadline_ns, now)) {
		(void)snprintf(words, sizeof(words), "%s",
			w->wait_from_ns != 0 ? "waited too long for our own rate limit"
					     : "the deadline passed");
		probe_work_stop(l, w, words);
	} else if (w->state == PROBE_DELAY && is_due(w->delay_due_ns, now)) {
		/* A pause for want of local ports had its token before. */
		if (w->n_retries > 0) {
			set_idle(l, w, PROBE_LINE);
			probe_list_push(&l->line, w);
			probe_work_arm(l, w);
		} else {
			probe_work_line(l, w);
		}
	} else if (is_due(connect_due(l, w), now)) {
		(void)snprintf(words, sizeof(words), "no answer to connect in %u ms",
			l->config->connect_ms);
		probe_sock_end(l, w, PROBE_UNREACHABLE, words);
	} else if (has_socket && is_due(w->due_ns, now)) {
		if (w->is_done)
			probe_sock_end(l, w, PROBE_GOAL, NULL);
		else
			probe_sock_end(l, w,
				w->state == PROBE_OPEN ? PROBE_TIMEOUT : PROBE_UNREACHABLE,
				"the connection's time is over");
	} else if (has_socket && is_due(w->machine_due_ns, now)) {
		probe_sock_timer(l, w);
	} else {
		probe_work_arm(l, w);
	}
}
