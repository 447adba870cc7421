#include "loop.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/epoll.h>

#include "base/hash.h"
#include "base/num.h"

#define EVENTS_MAX 512

/* A name that was asked for: each once a run. */
struct probe_name {
	struct probe_name *next;
	struct probe_timer timer; /* while asked for */
	struct probe_waits waiting;
	bool is_known, has_owner;
	size_t n;
	struct probe_addr *addr;
	char words[96];
	const char *host;
};

/* ---- names ---- */

/* Has this machine a route to the address? Connecting a datagram socket sends nothing. */
static bool has_route(const struct probe_addr *a)
{
	struct sockaddr_storage ss;
	socklen_t n = probe_addr_sock(a, 9, &ss);
	int fd = socket(ss.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return errno != EAFNOSUPPORT;
	bool ok = connect(fd, (const struct sockaddr *)&ss, n) == 0 ||
		(errno != ENETUNREACH && errno != EADDRNOTAVAIL && errno != EAFNOSUPPORT);

	(void)close(fd);
	return ok;
}

/* The first address of each family; a family that this machine has no route to is left out when the
 * other one has. */
static size_t choose_families(struct probe_addr *a, size_t n)
{
	struct probe_addr first[2];
	size_t n_first = 0;

	for (size_t i = 0; i < n && n_first < 2; i++)
		if (n_first == 0 || first[0].family != a[i].family)
			first[n_first++] = a[i];
	if (n_first == 2) {
		bool route[2] = { has_route(&first[0]), has_route(&first[1]) };

		if (route[0] != route[1]) {
			first[0] = route[0] ? first[0] : first[1];
			n_first = 1;
		}
	}
	memcpy(a, first, n_first * sizeof(*a));
	return n_first;
}

static void drop_waits(struct probe_waits *q)
{
	struct probe_wait *w;

	while ((w = probe_waits_pop(q)) != NULL)
		pqm_free(w);
}

/* Turns a target whose name is known into one wait an address. Takes w. */
static void spread(struct probe_loop *l, const struct probe_name *name, struct probe_wait *w)
{
	if (name->n == 0) {
		probe_report_untried(l, w->target, NULL, PQM_R_UNREACHABLE, name->words);
		pqm_free(w);
		return;
	}
	for (size_t i = 0; i < name->n; i++) {
		struct probe_wait *one = i == 0 ? w : pqm_calloc(1, sizeof(*one));

		if (one == NULL) {
			l->is_out_of_memory = true;
			return;
		}
		one->target = w->target;
		one->addr = name->addr[i];
		one->n_addresses = (uint32_t)name->n;
		probe_waits_push(&l->ready, one);
	}
}

static void settle_name(struct probe_loop *l, struct probe_name *name)
{
	struct probe_wait *w;

	name->is_known = true;
	l->n_asking--;
	probe_heap_drop_owner(&l->heap, &name->timer);
	name->has_owner = false;
	while ((w = probe_waits_pop(&name->waiting)) != NULL)
		spread(l, name, w);
}

static void take_answers(struct probe_loop *l)
{
	struct probe_answer *next;

	for (struct probe_answer *a = probe_dns_take(l->dns); a != NULL; a = next) {
		struct probe_name *name = a->owner;

		next = a->next;
		if (!name->is_known) {
			size_t n = l->config->all_addresses ? a->n : choose_families(a->addr, a->n);

			name->addr = pqm_calloc(n, sizeof(*name->addr));
			if (name->addr == NULL)
				l->is_out_of_memory = true;
			else if (n > 0)
				memcpy(name->addr, a->addr, n * sizeof(*name->addr));
			name->n = name->addr == NULL ? 0 : n;
			memcpy(name->words, a->words, sizeof(name->words));
			settle_name(l, name);
		}
		pqm_free(a);
	}
}

/* The resolver is slower than a target may be. Its answer, when it comes, is too late. */
static void give_name_up(struct probe_loop *l, struct probe_name *name)
{
	(void)snprintf(name->words, sizeof(name->words), "the resolver did not answer in %u ms",
		l->config->deadline_ms);
	settle_name(l, name);
}

static bool start_resolver(struct probe_loop *l)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = NULL };

	l->dns = probe_dns_new(l->config->family, &l->dns_fd);
	return l->dns != NULL && epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, l->dns_fd, &ev) == 0;
}

static struct probe_name *name_of(struct probe_loop *l, const char *host)
{
	struct probe_name *name = pqm_map_get(&l->names, pqm_str(host));

	if (name != NULL)
		return name;
	if (l->dns == NULL && !start_resolver(l))
		return NULL;
	name = pqm_calloc(1, sizeof(*name));
	if (name == NULL || !pqm_map_put(&l->names, pqm_str(host), name)) {
		pqm_free(name);
		return NULL;
	}
	name->next = l->name_list;
	l->name_list = name;
	name->host = host;
	name->timer.kind = PROBE_TIMER_NAME;
	if (!probe_heap_add_owner(&l->heap))
		return NULL;
	name->has_owner = true;
	if (!probe_dns_ask(l->dns, host, name))
		return NULL;
	l->n_asking++;
	probe_timer_set(&l->heap, &name->timer, l->now_ns + l->config->deadline_ms * PROBE_MS);
	return name;
}

/* ---- admission ---- */

static bool is_wrong_family(const struct probe_loop *l, const struct probe_addr *a)
{
	int want = l->config->family;

	return (want == 4 && a->family != AF_INET) || (want == 6 && a->family != AF_INET6);
}

/* What a proxy resolves is rated by name. */
static struct probe_addr addr_of_name(const char *host)
{
	struct probe_addr a = { 0 };
	uint64_t h = pqm_hash64(pqm_str(host));

	memcpy(a.ip, &h, sizeof(h));
	return a;
}

/* The next target of the list: into ready, or waiting for its name. */
static void read_target(struct probe_loop *l)
{
	uint32_t i = (uint32_t)l->next_target++;
	const char *host = l->targets[i].host;
	const char *deny = probe_denied(l->config->deny, host, NULL);
	struct probe_wait *w;

	if (deny != NULL) {
		probe_report_untried(l, i, NULL, PQM_R_SKIPPED, "the deny list forbids this host");
		return;
	}
	w = pqm_calloc(1, sizeof(*w));
	if (w == NULL) {
		l->is_out_of_memory = true;
		return;
	}
	w->target = i;
	if (probe_addr_parse(&w->addr, pqm_str(host))) {
		probe_waits_push(&l->ready, w);
		return;
	}
	if (l->proxy != NULL) {
		w->addr = addr_of_name(host);
		probe_waits_push(&l->ready, w);
		return;
	}
	struct probe_name *name = name_of(l, host);

	if (name == NULL) {
		pqm_free(w);
		l->is_out_of_memory = true;
	} else if (name->is_known) {
		spread(l, name, w);
	} else {
		probe_waits_push(&name->waiting, w);
	}
}

/* Starts an endpoint, or parks it while its host has its share of work. Takes w. */
static void start_or_park(struct probe_loop *l, struct probe_wait *w)
{
	const struct pqm_probe_config *c = l->config;
	struct probe_addr *a = &w->addr;

	if (a->family != 0 && probe_denied(c->deny, NULL, a) != NULL) {
		probe_report_untried(
			l, w->target, a, PQM_R_SKIPPED, "the deny list forbids this address");
		pqm_free(w);
		return;
	}
	if (c->private_only && (a->family == 0 || !probe_addr_is_private(a))) {
		probe_report_untried(l, w->target, a->family == 0 ? NULL : a, PQM_R_SKIPPED,
			a->family == 0 ? "a name that the proxy would resolve, maybe to a public "
					 "address"
				       : "not a private address");
		pqm_free(w);
		return;
	}
	if (a->family != 0 && is_wrong_family(l, a)) {
		probe_report_untried(l, w->target, a, PQM_R_SKIPPED,
			c->family == 4 ? "not an IPv4 address" : "not an IPv6 address");
		pqm_free(w);
		return;
	}
	struct probe_host *h = probe_host_get(&l->hosts, a, &l->heap, c, l->now_ns);

	if (h != NULL && c->rate > 0 && c->at_once > 0 && h->n_works >= c->at_once) {
		probe_waits_push(&h->parked, w);
		l->n_parked++;
		return;
	}
	if (h == NULL || !probe_work_new(l, w, h))
		l->is_out_of_memory = true;
	pqm_free(w);
}

static void admit(struct probe_loop *l)
{
	size_t most = l->config->concurrent;

	for (unsigned turn = 0; turn < PROBE_TURN && !l->is_stopped && !l->is_out_of_memory;
		turn++) {
		if (l->n_works >= 2 * most || l->n_works - l->n_idle >= most)
			return;
		struct probe_wait *w = probe_waits_pop(&l->ready);

		if (w != NULL)
			start_or_park(l, w);
		else if (l->next_target < l->n_targets && l->n_asking < PROBE_ASKING_MAX &&
			l->n_parked < PROBE_PARKED_MAX)
			read_target(l);
		else
			return;
	}
}

/* Connects those whose turn it is. */
static void connect_line(struct probe_loop *l)
{
	for (unsigned turn = 0; turn < PROBE_TURN; turn++) {
		struct probe_work *w = l->line.head;

		if (w == NULL || l->n_conns >= l->limit || l->is_stopped)
			return;
		uint64_t ns = probe_bucket_take(&l->all, l->now_ns);

		if (ns != 0) {
			probe_timer_set(&l->heap, &l->all_timer, l->now_ns + ns);
			return;
		}
		probe_list_remove(w);
		probe_sock_connect(l, w);
	}
}

/* ---- the loop ---- */

static void fire(struct probe_loop *l, struct probe_timer *t)
{
	switch (t->kind) {
	case PROBE_TIMER_WORK:
		probe_work_timer(l, PROBE_OWNER(t, struct probe_work, timer));
		break;
	case PROBE_TIMER_HOST:
		probe_host_timer(l, PROBE_OWNER(t, struct probe_host, timer));
		break;
	case PROBE_TIMER_ALL:
		break; /* connect_line is next */
	case PROBE_TIMER_NAME:
		give_name_up(l, PROBE_OWNER(t, struct probe_name, timer));
		break;
	}
}

/* Milliseconds that epoll may sleep: rounded up, for a timer that is found early is looked at again. */
static int sleep_ms(const struct probe_loop *l)
{
	bool can_start = l->n_works < 2 * (size_t)l->config->concurrent &&
		l->n_works - l->n_idle < l->config->concurrent &&
		(l->ready.head != NULL ||
			(l->next_target < l->n_targets && l->n_asking < PROBE_ASKING_MAX &&
				l->n_parked < PROBE_PARKED_MAX));
	bool can_connect = l->line.head != NULL && l->n_conns < l->limit && l->all_timer.pos == 0;

	if (can_start || can_connect || l->more.head != NULL)
		return 0;
	/* The flag may be set by another thread; a signal wakes us. */
	uint64_t at = l->now_ns + (l->config->stop != NULL ? 100 : 1000) * PROBE_MS;
	uint64_t end = l->begun_ns + l->config->time_budget_ms * PROBE_MS;

	if (l->config->time_budget_ms != 0 && end < at)
		at = end;
	if (l->heap.n > 0 && l->heap.item[0]->at_ns < at)
		at = l->heap.item[0]->at_ns;
	return at <= l->now_ns ? 0 : (int)((at - l->now_ns + PROBE_MS - 1) / PROBE_MS);
}

static bool is_time_over(const struct probe_loop *l)
{
	uint64_t ms = l->config->time_budget_ms;

	return ms != 0 && l->now_ns - l->begun_ns >= ms * PROBE_MS;
}

static void read_more(struct probe_loop *l)
{
	struct probe_list again = l->more;

	l->more = (struct probe_list){ 0 };
	for (struct probe_work *w = again.head; w != NULL; w = w->next)
		w->list = &again;
	while (again.head != NULL) {
		struct probe_work *w = again.head;

		probe_list_remove(w);
		probe_sock_more(l, w);
	}
}

static bool turn(struct probe_loop *l)
{
	struct epoll_event ev[EVENTS_MAX];
	struct probe_timer *t;
	int n = epoll_wait(l->epoll_fd, ev, EVENTS_MAX, sleep_ms(l));

	l->now_ns = pqm_now_ns();
	if (n < 0 && errno != EINTR)
		return false;
	/* A work has one socket, thus one event; what frees it is that event or a timer: none is stale. */
	for (int i = 0; i < n; i++) {
		/* An event may cost a signature's check: deadlines are not to wait for hundreds of them. */
		if (i % 32 == 31)
			l->now_ns = pqm_now_ns();
		if (ev[i].data.ptr == NULL)
			take_answers(l);
		else
			probe_sock_event(l, ev[i].data.ptr, ev[i].events);
	}
	read_more(l);
	while ((t = probe_timer_due(&l->heap, l->now_ns)) != NULL)
		fire(l, t);
	return true;
}

static void skip_waits(struct probe_loop *l, struct probe_waits *q, const char *words)
{
	struct probe_wait *w;

	while ((w = probe_waits_pop(q)) != NULL) {
		if (!l->is_quiet)
			probe_report_untried(l, w->target, w->addr.family == 0 ? NULL : &w->addr,
				PQM_R_SKIPPED, words);
		pqm_free(w);
	}
}

/* Everything that was not done is told, in work or not. */
static void wind_down(struct probe_loop *l, const char *words)
{
	l->is_stopped = true;
	while (l->works != NULL)
		probe_work_stop(l, l->works, words);
	skip_waits(l, &l->ready, words);
	for (struct probe_name *n = l->name_list; n != NULL; n = n->next)
		skip_waits(l, &n->waiting, words);
	for (size_t i = 0; i < l->hosts.cap; i++)
		for (struct probe_host *h = l->hosts.slot[i]; h != NULL; h = h->next)
			skip_waits(l, &h->parked, words);
	while (l->next_target < l->n_targets && !l->is_quiet)
		probe_report_untried(l, (uint32_t)l->next_target++, NULL, PQM_R_SKIPPED, words);
}

static void free_names(struct probe_loop *l)
{
	while (l->name_list != NULL) {
		struct probe_name *n = l->name_list;

		l->name_list = n->next;
		if (n->has_owner)
			probe_heap_drop_owner(&l->heap, &n->timer);
		drop_waits(&n->waiting);
		pqm_free(n->addr);
		pqm_free(n);
	}
	pqm_map_fini(&l->names);
}

void probe_loop_run(struct probe_loop *l)
{
	const char *why = NULL;

	l->begun_ns = l->now_ns = pqm_now_ns();
	while (why == NULL) {
		admit(l);
		connect_line(l);
		if (l->n_works == 0 && l->ready.head == NULL && l->n_asking == 0 &&
			l->next_target >= l->n_targets)
			break;
		if (!turn(l))
			why = "the event loop failed";
		else if (l->is_out_of_memory)
			why = "no memory";
		else if (l->config->stop != NULL &&
			__atomic_load_n(l->config->stop, __ATOMIC_RELAXED) != 0)
			why = "stopped";
		else if (is_time_over(l))
			why = "the time budget is used up";
		else if (l->is_stopped)
			why = "stopped";
	}
	wind_down(l, why);
	free_names(l);
	probe_dns_free(l->dns);
	l->dns = NULL;
	l->stats.seconds = (double)(pqm_now_ns() - l->begun_ns) * 1e-9;
}
