#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/log.h"
#include "base/num.h"
#include "probe/loop.h"

/* ---- servers: one thread each, one behaviour for all connections ---- */

enum behaviour { ECHO, SILENT, DRIP, RESET, CLOSE_AT_ONCE, FLOOD, HALF_CLOSE, DEAF };

struct server {
	enum behaviour does;
	int fd;
	uint16_t port;
	pthread_t thread;
	atomic_int n_accepted, stop, n_open, most_open;
	int conn[4096];
	uint64_t at_ns[4096]; /* of arrivals */
};

static int listen_on(uint32_t addr, uint16_t *port, int type)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(addr) };
	socklen_t n = sizeof(in);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int));
	in.sin_port = htons(*port);
	assert_int_equal(bind(fd, (const struct sockaddr *)&in, n), 0);
	if (type == SOCK_STREAM)
		assert_int_equal(listen(fd, 4096), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &n), 0);
	*port = ntohs(in.sin_port);
	return fd;
}

static void close_hard(int fd)
{
	struct linger l = { .l_onoff = 1 };

	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l));
	(void)close(fd);
}

/* Serves one connection for a while; false: it is over. */
static bool serve(enum behaviour does, int fd)
{
	static const char junk[65536] = { 'j' };
	char b[4096];
	ssize_t n;

	switch (does) {
	case ECHO:
		n = recv(fd, b, sizeof(b), MSG_DONTWAIT);
		if (n > 0)
			return send(fd, b, (size_t)n, MSG_NOSIGNAL) == n;
		return n < 0 && errno == EAGAIN;
	case HALF_CLOSE: /* answers, then ends its side, reading on */
		n = recv(fd, b, sizeof(b), MSG_DONTWAIT);
		if (n > 0) {
			(void)send(fd, b, (size_t)n, MSG_NOSIGNAL);
			(void)shutdown(fd, SHUT_WR);
		}
		return n > 0 || (n < 0 && errno == EAGAIN);
	case DRIP:
		return send(fd, "d", 1, MSG_NOSIGNAL | MSG_DONTWAIT) == 1;
	case FLOOD:
		n = send(fd, junk, sizeof(junk), MSG_NOSIGNAL | MSG_DONTWAIT);
		return n >= 0 || errno == EAGAIN;
	case SILENT:
	case DEAF:
		n = recv(fd, b, sizeof(b), MSG_DONTWAIT | MSG_PEEK);
		return n > 0 || (n < 0 && errno == EAGAIN);
	case RESET:
	case CLOSE_AT_ONCE:
		return false;
	}
	return false;
}

static void *run_server(void *arg)
{
	struct server *s = arg;
	int n = 0;

	(void)fcntl(s->fd, F_SETFL, O_NONBLOCK);
	while (!s->stop) {
		int fd;

		while (n < 4096 && (fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
			s->at_ns[s->n_accepted % 4096] = pqm_now_ns();
			s->n_accepted++;
			s->conn[n++] = fd;
			s->n_open = n;
		}
		for (int i = n - 1; i >= 0; i--) {
			if (serve(s->does, s->conn[i]))
				continue;
			if (s->does == RESET)
				close_hard(s->conn[i]);
			else
				(void)close(s->conn[i]);
			s->conn[i] = s->conn[--n];
			s->n_open = n;
		}
		/* Now those that were closed before the last one came are gone. */
		if (n > s->most_open)
			s->most_open = n;
		struct pollfd p = { .fd = s->fd, .events = POLLIN };

		(void)poll(&p, 1, s->does == DRIP ? 100 : s->does == FLOOD ? 0 : 2);
	}
	while (n > 0)
		(void)close(s->conn[--n]);
	(void)close(s->fd);
	return NULL;
}

static struct server *server_new(enum behaviour does)
{
	struct server *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	s->does = does;
	s->fd = listen_on(INADDR_LOOPBACK, &s->port, SOCK_STREAM);
	assert_int_equal(pthread_create(&s->thread, NULL, run_server, s), 0);
	return s;
}

static void server_free(struct server *s)
{
	s->stop = 1;
	(void)pthread_join(s->thread, NULL);
	free(s);
}

/* ---- a machine: says a word, wants it back (or anything, or nothing) ---- */

struct talk {
	const char *word;
	size_t want;	  /* bytes to read before it is done; 0: says only */
	bool hands_on;	  /* NEXT instead of DONE */
	uint32_t wait_ms; /* until timer() says the word again */
	unsigned n_timers, n_inputs;
	size_t got, shown_most;
	enum probe_end end;
	bool has_end, is_udp;
};

static int n_machines;

static void say(const struct talk *t, struct pqm_buf *out)
{
	size_t n = strlen(t->word);

	if (t->is_udp) {
		(void)pqm_buf_byte(out, (uint8_t)(n >> 8));
		(void)pqm_buf_byte(out, (uint8_t)n);
	}
	(void)pqm_buf_add(out, pqm_str(t->word));
}

static enum probe_want talk_start(void *self, struct pqm_buf *out)
{
	struct talk *t = self;

	say(t, out);
	return t->want > 0 ? PROBE_READ : t->hands_on ? PROBE_NEXT : PROBE_DONE;
}

/* Takes nothing until all is there: what was not taken must be shown again. */
static enum probe_want talk_input(void *self, pqm_bytes in, size_t *used, struct pqm_buf *out)
{
	struct talk *t = self;

	(void)out;
	assert_true(in.n > 0);
	t->n_inputs++;
	if (in.n > t->shown_most)
		t->shown_most = in.n;
	if (in.n < t->want) {
		*used = 0;
		return PROBE_READ;
	}
	*used = t->want;
	t->got += t->want;
	return t->hands_on ? PROBE_NEXT : PROBE_DONE;
}

static uint32_t talk_wait(const void *self)
{
	const struct talk *t = self;

	return t->wait_ms;
}

static enum probe_want talk_timer(void *self, struct pqm_buf *out)
{
	struct talk *t = self;

	t->n_timers++;
	say(t, out);
	return PROBE_READ;
}

static void talk_end(void *self, enum probe_end why, const char *words)
{
	struct talk *t = self;

	(void)words;
	assert_false(t->has_end);
	t->has_end = true;
	t->end = why;
}

static void talk_free(void *self)
{
	n_machines--;
	free(self);
}

static const struct probe_machine talk_machine = { "talk", talk_start, talk_input, talk_wait,
	talk_timer, talk_end, talk_free };

/* ---- a strategy: n connections of the same kind ---- */

static struct plan {
	struct talk talk[PROBE_CHAIN_MAX];
	size_t n_chain;
	unsigned n_connections;
	uint32_t timeout_ms, delay_ms;
	/* What came of it: */
	struct probe_outcome last;
	struct talk seen[PROBE_CHAIN_MAX];
	unsigned n_steps, n_late, n_end[PROBE_LOCAL + 1];
} plan;

static bool next(struct probe_job *j, const struct probe_request *done,
	const struct probe_outcome *last, struct probe_request *req)
{
	uintptr_t n = (uintptr_t)j->state;

	if (last != NULL) {
		assert_ptr_equal(done->chain[0].machine, &talk_machine);
		plan.last = *last;
		plan.n_steps++;
		plan.n_end[last->end]++;
		for (size_t i = 0; i < done->n; i++)
			plan.seen[i] = *(const struct talk *)done->chain[i].self;
		if (last->end == PROBE_GOAL)
			probe_words(j, PQM_R_ANSWERED, "%s", "");
	}
	plan.n_late += j->is_late;
	if (j->is_late || n >= plan.n_connections)
		return false;
	j->state = (void *)(n + 1);
	*req = (struct probe_request){ .n = plan.n_chain,
		.timeout_ms = plan.timeout_ms,
		.delay_ms = n > 0 ? plan.delay_ms : 0,
		.is_udp = plan.talk[0].is_udp };
	for (size_t i = 0; i < plan.n_chain; i++) {
		struct talk *t = malloc(sizeof(*t));

		assert_non_null(t);
		*t = plan.talk[i];
		n_machines++;
		req->chain[i] = (struct probe_link){ &talk_machine, t };
	}
	return true;
}

static const struct probe_strategy strategy = { .name = "test", .next = next };

/* ---- what came out ---- */

static struct {
	size_t n, n_reach[PQM_R_SKIPPED + 1];
	char words[128], address[64];
	double most_ms;
	bool stop_after_first;
} seen;

static bool done(void *ctx, const struct pqm_endpoint *e)
{
	(void)ctx;
	seen.n++;
	seen.n_reach[e->reach]++;
	(void)snprintf(seen.words, sizeof(seen.words), "%.*s", PQM_FMT(e->words));
	(void)snprintf(seen.address, sizeof(seen.address), "%.*s", PQM_FMT(e->address));
	if (e->ms > seen.most_ms)
		seen.most_ms = e->ms;
	return !seen.stop_after_first;
}

static struct pqm_probe_config config;

static int setup(void **state)
{
	(void)state;
	pqm_probe_config_init(&config);
	memset(&plan, 0, sizeof(plan));
	memset(&seen, 0, sizeof(seen));
	plan.n_chain = 1;
	plan.n_connections = 1;
	plan.talk[0] = (struct talk){ .word = "hello", .want = 5 };
	n_machines = 0;
	return 0;
}

static double run(const struct pqm_probe_target *t, size_t n, struct pqm_probe_stats *stats)
{
	struct pqm_err err = { 0 };
	struct probe_loop l = {
		.config = &config, .targets = t, .n_targets = n, .done = done, .strategy = &strategy
	};
	uint64_t from = pqm_now_ns();
	enum pqm_st st = probe_run(&l, &err);

	if (st != PQM_OK)
		fail_msg("%s", err.msg);
	if (stats != NULL)
		*stats = l.stats;
	assert_int_equal(n_machines, 0);
	return (double)(pqm_now_ns() - from) * 1e-6;
}

static double run_one(uint16_t port, const char *host)
{
	struct pqm_probe_target t = { .scheme = "tls", .host = host, .port = port };

	return run(&t, 1, NULL);
}

/* ---- tests ---- */

static void an_echo_is_heard(void **state)
{
	struct server *s = server_new(ECHO);

	(void)state;
	plan.n_connections = 3;
	run_one(s->port, "127.0.0.1");
	assert_int_equal(seen.n, 1);
	assert_int_equal(seen.n_reach[PQM_R_ANSWERED], 1);
	assert_int_equal(plan.n_end[PROBE_GOAL], 3);
	assert_int_equal(plan.last.host_good, 3);
	assert_int_equal(plan.last.host_bad_row, 0);
	assert_int_equal(plan.last.bytes_in, 5);
	assert_true(plan.last.is_connected);
	assert_false(plan.seen[0].has_end); /* it was done itself */
	assert_string_equal(seen.address, "127.0.0.1");
	assert_int_equal(s->n_accepted, 3);
	server_free(s);
}

/* Everything at once, in order: bytes that one machine leaves go to the next. */
static void a_chain_hands_bytes_on(void **state)
{
	struct server *s = server_new(ECHO);

	(void)state;
	plan.n_chain = 3;
	plan.talk[0] = (struct talk){ .word = "one-two", .want = 3, .hands_on = true };
	plan.talk[1] = (struct talk){ .word = "", .want = 4, .hands_on = true };
	plan.talk[2] = (struct talk){ .word = "three", .want = 5 };
	run_one(s->port, "127.0.0.1");
	assert_int_equal(plan.n_end[PROBE_GOAL], 1);
	assert_int_equal(plan.last.at, 2);
	assert_int_equal(plan.seen[0].got, 3);
	assert_int_equal(plan.seen[1].got, 4);
	assert_int_equal(plan.seen[2].got, 5);
	server_free(s);
}

static void the_last_machine_may_hand_on_to_nobody(void **state)
{
	struct server *s = server_new(ECHO);

	(void)state;
	plan.talk[0].hands_on = true;
	run_one(s->port, "127.0.0.1");
	assert_int_equal(plan.n_end[PROBE_GOAL], 1);
	server_free(s);
}

static void silence_ends_with_the_connection(void **state)
{
	struct server *s = server_new(SILENT);

	(void)state;
	plan.timeout_ms = 300;
	plan.n_connections = 2;
	double ms = run_one(s->port, "127.0.0.1");

	assert_int_equal(plan.n_end[PROBE_TIMEOUT], 2);
	assert_int_equal(plan.seen[0].end, PROBE_TIMEOUT);
	assert_true(plan.last.is_connected);
	assert_int_equal(plan.last.bytes_in, 0);
	assert_int_equal(plan.n_late, 0);
	assert_int_equal(seen.n_reach[PQM_R_SILENT], 1);
	assert_true(seen.words[0] != '\0');
	assert_true(ms >= 600 && ms < 1400);
	server_free(s);
}

static void the_deadline_is_one_for_all(void **state)
{
	struct server *s = server_new(SILENT);

	(void)state;
	plan.timeout_ms = 200;
	plan.n_connections = 100;
	config.deadline_ms = 500;
	double ms = run_one(s->port, "127.0.0.1");

	assert_int_equal(plan.n_late, 1);
	assert_int_equal(plan.n_end[PROBE_TIMEOUT], 3);
	assert_true(ms >= 500 && ms < 700);
	server_free(s);
}

/* A byte now and then must not keep a connection alive. */
static void a_drip_does_not_hold_the_deadline_up(void **state)
{
	struct server *s = server_new(DRIP);

	(void)state;
	plan.talk[0].want = 1000;
	config.deadline_ms = 700;
	double ms = run_one(s->port, "127.0.0.1");

	assert_int_equal(plan.n_end[PROBE_TIMEOUT], 1);
	assert_true(plan.last.bytes_in >= 4);
	assert_int_equal(plan.seen[0].shown_most, plan.last.bytes_in); /* shown again, with more */
	assert_true(ms >= 700 && ms < 900);
	server_free(s);
}

static void a_flood_ends_at_the_budget(void **state)
{
	struct server *s = server_new(FLOOD);

	(void)state;
	plan.talk[0].want = 1 << 30;
	run_one(s->port, "127.0.0.1");
	assert_int_equal(plan.n_end[PROBE_BUDGET], 1); /* of held bytes */
	assert_int_equal(plan.seen[0].end, PROBE_BUDGET);
	assert_true(plan.last.bytes_in <= PROBE_READ_BYTES);
	server_free(s);
}

/* A machine that takes everything for ever. */
static enum probe_want swallow(void *self, pqm_bytes in, size_t *used, struct pqm_buf *out)
{
	(void)self;
	(void)out;
	*used = in.n;
	return PROBE_READ;
}

static struct probe_outcome swallowed;

static bool next_swallow(struct probe_job *j, const struct probe_request *done_,
	const struct probe_outcome *last, struct probe_request *req)
{
	static const struct probe_machine machine = { "swallow", talk_start, swallow, NULL, NULL,
		talk_end, talk_free };

	(void)j;
	(void)done_;
	if (last != NULL) {
		swallowed = *last;
		return false;
	}
	struct talk *t = malloc(sizeof(*t));

	assert_non_null(t);
	*t = (struct talk){ .word = "x", .want = 1 };
	n_machines++;
	*req = (struct probe_request){ .n = 1, .chain = { { &machine, t } } };
	return true;
}

static void a_flood_that_is_swallowed_ends_too(void **state)
{
	static const struct probe_strategy taker = { .name = "taker", .next = next_swallow };
	struct server *s = server_new(FLOOD);
	struct pqm_probe_target t = { .scheme = "tls", .host = "127.0.0.1", .port = s->port };
	struct probe_loop l = {
		.config = &config, .targets = &t, .n_targets = 1, .done = done, .strategy = &taker
	};
	struct pqm_err err;

	(void)state;
	assert_int_equal(probe_run(&l, &err), PQM_OK);
	assert_int_equal(swallowed.end, PROBE_BUDGET);
	assert_true(swallowed.bytes_in > PQM_PROBE_CONN_BYTES &&
		swallowed.bytes_in <= PQM_PROBE_CONN_BYTES + PROBE_READ_BYTES);
	assert_int_equal(n_machines, 0);
	server_free(s);
}

static void resets_and_closes_are_told_apart(void **state)
{
	struct server *reset = server_new(RESET), *closer = server_new(CLOSE_AT_ONCE);

	(void)state;
	plan.n_connections = 3;
	run_one(reset->port, "127.0.0.1");
	/* What arrives after our word may be a reset either way, but never a goal. */
	assert_int_equal(plan.n_end[PROBE_RESET], 3);
	assert_int_equal(plan.last.host_bad_row, 3);
	assert_int_equal(plan.last.host_good, 0);
	assert_int_equal(seen.n_reach[PQM_R_SILENT], 1);
	setup(NULL);
	plan.talk[0].word = "";
	run_one(closer->port, "127.0.0.1");
	assert_int_equal(plan.n_end[PROBE_CLOSED], 1);
	assert_int_equal(plan.seen[0].end, PROBE_CLOSED);
	server_free(reset);
	server_free(closer);
}

static void what_came_before_the_end_counts(void **state)
{
	struct server *s = server_new(HALF_CLOSE);

	(void)state;
	run_one(s->port, "127.0.0.1");
	assert_int_equal(plan.n_end[PROBE_GOAL], 1);
	setup(NULL);
	plan.talk[0].want = 6; /* one byte more than ever comes */
	run_one(s->port, "127.0.0.1");
	assert_int_equal(plan.n_end[PROBE_CLOSED], 1);
	assert_int_equal(plan.last.bytes_in, 5);
	server_free(s);
}

static void a_closed_port_is_refused(void **state)
{
	uint16_t port = 0;
	int fd = listen_on(INADDR_LOOPBACK, &port, SOCK_STREAM);

	(void)state;
	(void)close(fd);
	plan.n_connections = 2;
	run_one(port, "127.0.0.1");
	assert_int_equal(plan.n_end[PROBE_NO_CONNECT], 2);
	assert_false(plan.last.is_connected);
	assert_int_equal(plan.seen[0].end, PROBE_NO_CONNECT);
	assert_int_equal(seen.n_reach[PQM_R_REFUSED], 1);
	assert_int_equal(plan.last.host_bad_row, 2);
}

/* A backlog that is full drops what knocks. */
static void a_connect_without_answer_is_unreachable(void **state)
{
	uint16_t port = 0;
	int fd = listen_on(INADDR_LOOPBACK, &port, SOCK_STREAM);
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons(port) };
	int knock[8];

	(void)state;
	(void)listen(fd, 0);
	for (int i = 0; i < 8; i++) {
		knock[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		(void)connect(knock[i], (const struct sockaddr *)&in, sizeof(in));
	}
	config.connect_ms = 200;
	double ms = run_one(port, "127.0.0.1");

	assert_int_equal(plan.n_end[PROBE_UNREACHABLE], 1);
	assert_int_equal(seen.n_reach[PQM_R_UNREACHABLE], 1);
	assert_non_null(strstr(seen.words, "200 ms"));
	assert_true(ms >= 200 && ms < 800);
	for (int i = 0; i < 8; i++)
		(void)close(knock[i]);
	(void)close(fd);
}

static void a_machine_has_its_own_timer(void **state)
{
	struct server *s = server_new(ECHO);

	(void)state;
	plan.talk[0] = (struct talk){ .word = "tick.", .want = 20, .wait_ms = 50 };
	double ms = run_one(s->port, "127.0.0.1");

	assert_int_equal(plan.n_end[PROBE_GOAL], 1);
	assert_int_equal(plan.seen[0].n_timers, 3);
	assert_true(ms >= 150 && ms < 800);
	server_free(s);
}

static void a_request_can_wait(void **state)
{
	struct server *s = server_new(ECHO);

	(void)state;
	plan.n_connections = 3;
	plan.delay_ms = 100;
	double ms = run_one(s->port, "127.0.0.1");

	assert_int_equal(plan.n_end[PROBE_GOAL], 3);
	assert_true(ms >= 200 && ms < 800);
	server_free(s);
}

static void a_request_that_the_deadline_overtakes_is_told(void **state)
{
	struct server *s = server_new(ECHO);

	(void)state;
	plan.n_connections = 3;
	plan.delay_ms = 5000;
	config.deadline_ms = 200;
	double ms = run_one(s->port, "127.0.0.1");

	assert_int_equal(plan.n_end[PROBE_GOAL], 1);
	assert_int_equal(plan.n_end[PROBE_TIMEOUT], 1);
	assert_int_equal(plan.n_late, 1);
	assert_int_equal(plan.seen[0].end, PROBE_TIMEOUT);
	assert_int_equal(s->n_accepted, 1);
	assert_true(ms < 400);
	server_free(s);
}

/* A strategy without an end is ended. */
static void connections_are_counted(void **state)
{
	struct server *s = server_new(ECHO);

	(void)state;
	plan.n_connections = 100000;
	config.rate = 0;
	config.deadline_ms = 60000;
	run_one(s->port, "127.0.0.1");
	assert_int_equal(s->n_accepted, PQM_PROBE_CONNECTIONS);
	server_free(s);
}

static void many_at_once_stay_within_the_share_of_a_host(void **state)
{
	enum { N = 40 };
	struct server *s = server_new(ECHO);
	struct pqm_probe_target t[N];
	size_t early = 0;

	(void)state;
	for (uint32_t i = 0; i < N; i++)
		t[i] = (struct pqm_probe_target){ i, "tls", "127.0.0.1", s->port, NULL, false };
	config.rate = 40;
	config.burst = 10;
	config.at_once = 3;
	config.deadline_ms = 100; /* our own wait is not the peer's fault */
	double ms = run(t, N, NULL);

	assert_int_equal(seen.n, N);
	assert_int_equal(seen.n_reach[PQM_R_ANSWERED], N);
	assert_int_equal(s->n_accepted, N);
	assert_true(s->most_open <= 3);
	for (int i = 0; i < N; i++)
		early += s->at_ns[i] - s->at_ns[0] < 100 * PROBE_MS;
	assert_true(early >= 10 && early <= 15); /* the burst, and what 100 ms refill */
	assert_true(ms >= 700 && ms < 1600);	 /* 30 more at 40 a second */
	server_free(s);
}

static void a_host_without_tokens_holds_nobody_up(void **state)
{
	enum { N = 60 };
	struct server *s = server_new(ECHO);
	struct pqm_probe_target t[N];
	char host[N][16];

	(void)state;
	/* 30 for one host that may have two, then 30 for others: the server listens on 127.0.0.1, so the
	 * others are other spellings of the deny-free loopback, refused at once. */
	for (uint32_t i = 0; i < N; i++) {
		(void)snprintf(host[i], sizeof(host[i]), "127.0.1.%u", i < N / 2 ? 1 : i);
		t[i] = (struct pqm_probe_target){ i, "tls", host[i], s->port, NULL, false };
	}
	config.rate = 0.001;
	config.burst = 2;
	config.concurrent = 4;
	config.time_budget_ms = 300;
	run(t, N, NULL);
	assert_int_equal(seen.n, N);
	assert_int_equal(seen.n_reach[PQM_R_REFUSED], N / 2 + 2);
	assert_int_equal(seen.n_reach[PQM_R_SKIPPED] + seen.n_reach[PQM_R_SILENT], N / 2 - 2);
	server_free(s);
}

static void the_rate_of_all_holds_over_hosts(void **state)
{
	enum { N = 30 };
	struct pqm_probe_target t[N];
	char host[N][16];
	uint16_t port = 0;

	(void)state;
	(void)close(listen_on(INADDR_LOOPBACK, &port, SOCK_STREAM));
	for (uint32_t i = 0; i < N; i++) {
		(void)snprintf(host[i], sizeof(host[i]), "127.0.2.%u", i + 1);
		t[i] = (struct pqm_probe_target){ i, "tls", host[i], port, NULL, false };
	}
	config.rate_all = 50;
	config.time_budget_ms = 200;
	struct pqm_probe_stats stats;

	run(t, N, &stats);
	assert_int_equal(seen.n, N);
	setup(NULL);
	config.rate_all = 20; /* 20 at once, then 20 a second */
	double ms = run(t, N, &stats);

	assert_int_equal(seen.n_reach[PQM_R_REFUSED], N);
	assert_true(ms >= 400 && ms < 1200);
}

static void two_thousand_stalled_sockets_end_in_time(void **state)
{
	enum { N = 2000 };
	static struct pqm_probe_target t[N];
	struct rlimit r;
	uint16_t port = 0;
	int fd = listen_on(INADDR_LOOPBACK, &port, SOCK_STREAM); /* the kernel accepts */

	(void)state;
	(void)getrlimit(RLIMIT_NOFILE, &r);
	if (r.rlim_max < N + 200)
		skip();
	for (uint32_t i = 0; i < N; i++)
		t[i] = (struct pqm_probe_target){ i, "tls", "127.0.0.1", port, NULL, false };
	config.rate = 0;
	config.concurrent = N;
	config.deadline_ms = 1500;
	double ms = run(t, N, NULL);

	assert_int_equal(seen.n, N);
	assert_int_equal(seen.n_reach[PQM_R_SILENT], N);
	assert_int_equal(plan.n_end[PROBE_TIMEOUT], N);
	assert_true(seen.most_ms < 1500 + 200);
	assert_true(ms >= 1500 && ms < 4000); /* sanitizers connect slowly */
	(void)close(fd);
}

/* In a process of its own: other descriptors are taken, so that sockets fail before the limit. */
static int run_with_few_descriptors(const struct pqm_probe_target *t, size_t n)
{
	struct rlimit few = { .rlim_cur = 100, .rlim_max = 100 };

	if (setrlimit(RLIMIT_NOFILE, &few) != 0)
		return 2;
	for (int i = 0; i < 60; i++)
		if (dup(STDERR_FILENO) < 0)
			return 3;
	pqm_log_level(PQM_ERROR);
	run(t, n, NULL);
	return seen.n_reach[PQM_R_ANSWERED] == n ? 0 : 1;
}

static void fewer_descriptors_than_wanted_are_enough(void **state)
{
	enum { N = 200 };
	struct server *s = server_new(ECHO);
	static struct pqm_probe_target t[N];
	int status = 0;

	(void)state;
	for (uint32_t i = 0; i < N; i++)
		t[i] = (struct pqm_probe_target){ i, "tls", "127.0.0.1", s->port, NULL, false };
	config.rate = 0;
	config.concurrent = N;
	config.deadline_ms = 20000;
	pid_t child = fork();

	if (child == 0)
		_exit(run_with_few_descriptors(t, N));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(s->n_accepted, N);
	server_free(s);
}

static void a_deny_list_is_kept(void **state)
{
	static const char *const deny[] = { "127.0.3.0/24", "*.internal", "::1", NULL };
	static const char *const bad[] = { "127.0.0.0/33", NULL };
	static const char *const host[] = { "127.0.3.9", "::ffff:127.0.3.9", "DB.Internal.",
		"::1" };
	struct pqm_probe_target t[4];
	struct pqm_probe_stats stats;
	struct pqm_err err;

	(void)state;
	for (uint32_t i = 0; i < 4; i++)
		t[i] = (struct pqm_probe_target){ i, "tls", host[i], 443, NULL, false };
	config.deny = deny;
	run(t, 4, &stats);
	assert_int_equal(seen.n_reach[PQM_R_SKIPPED], 4);
	assert_int_equal(stats.connections, 0);
	config.deny = bad;
	assert_int_equal(pqm_probe_run(&config, t, 1, done, NULL, NULL, &err), PQM_EUSAGE);
}

static void names_are_resolved_off_the_loop(void **state)
{
	struct server *s = server_new(ECHO);
	struct pqm_probe_target t[3] = { { 0, "tls", "localhost", s->port, NULL, false },
		{ 1, "tls", "no-such-name.invalid", s->port, NULL, false },
		{ 2, "tls", "localhost", s->port, NULL, false } };

	(void)state;
	config.family = 4;
	run(t, 3, NULL);
	assert_int_equal(seen.n_reach[PQM_R_ANSWERED], 2);
	assert_int_equal(seen.n_reach[PQM_R_UNREACHABLE], 1);
	server_free(s);
}

static void both_families_of_a_name_are_endpoints(void **state)
{
	struct server *s = server_new(ECHO);

	(void)state;
	run_one(s->port, "localhost");
	/* ::1 where the resolver gives it and the machine has it: refused there. */
	assert_int_equal(seen.n_reach[PQM_R_ANSWERED], 1);
	assert_int_equal(seen.n, 1 + seen.n_reach[PQM_R_REFUSED]);
	server_free(s);
}

static void *udp_echo(void *arg)
{
	int fd = *(int *)arg;
	struct sockaddr_in from;
	char b[2048];

	for (;;) {
		socklen_t len = sizeof(from);
		ssize_t n = recvfrom(fd, b, sizeof(b), 0, (struct sockaddr *)&from, &len);

		if (n <= 0 || b[0] == 'Q')
			return NULL;
		(void)sendto(fd, b, (size_t)n, 0, (const struct sockaddr *)&from, len);
	}
}

static void datagrams_come_back(void **state)
{
	uint16_t port = 0;
	int fd = listen_on(INADDR_LOOPBACK, &port, SOCK_DGRAM);
	pthread_t thread;
	struct pqm_probe_target t = { 0, "quic", "127.0.0.1", port, NULL, false };
	struct pqm_probe_stats stats;
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons(port) };

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, udp_echo, &fd), 0);
	plan.talk[0].is_udp = true;
	plan.n_connections = 2;
	run(&t, 1, &stats);
	assert_int_equal(plan.n_end[PROBE_GOAL], 2);
	assert_int_equal(stats.datagrams, 2);
	assert_int_equal(plan.seen[0].shown_most, 5);
	assert_true(plan.last.is_connected);
	(void)sendto(fd, "Q", 1, 0, (const struct sockaddr *)&in, sizeof(in));
	(void)pthread_join(thread, NULL);
	(void)close(fd);
	setup(NULL);
	plan.talk[0].is_udp = true; /* now nobody is there */
	run(&t, 1, &stats);
	assert_int_equal(plan.n_end[PROBE_NO_CONNECT], 1);
	assert_false(plan.last.is_connected);
}

/* A datagram machine that waits says its word again. */
static void lost_datagrams_are_sent_again(void **state)
{
	uint16_t port = 0;
	int fd = listen_on(INADDR_LOOPBACK, &port, SOCK_DGRAM);
	struct pqm_probe_target t = { 0, "quic", "127.0.0.1", port, NULL, false };
	struct pqm_probe_stats stats;

	(void)state;
	plan.talk[0].is_udp = true;
	plan.talk[0].wait_ms = 60;
	config.deadline_ms = 400;
	run(&t, 1, &stats);
	assert_int_equal(plan.n_end[PROBE_TIMEOUT], 1);
	assert_in_range(stats.datagrams, 3, 7);
	(void)close(fd);
}

static volatile int stop_flag;

static void *set_stop(void *arg)
{
	(void)arg;
	(void)poll(NULL, 0, 150);
	__atomic_store_n(&stop_flag, 1, __ATOMIC_RELAXED);
	return NULL;
}

static void a_run_can_be_stopped(void **state)
{
	struct server *s = server_new(SILENT);
	struct pqm_probe_target t[5];
	pthread_t thread;

	(void)state;
	for (uint32_t i = 0; i < 5; i++)
		t[i] = (struct pqm_probe_target){ i, "tls", "127.0.0.1", s->port, NULL, false };
	stop_flag = 0;
	config.stop = &stop_flag;
	assert_int_equal(pthread_create(&thread, NULL, set_stop, NULL), 0);
	double ms = run(t, 5, NULL);

	(void)pthread_join(thread, NULL);
	assert_true(ms < 1500);
	assert_int_equal(seen.n, 5);
	assert_int_equal(seen.n_reach[PQM_R_SKIPPED], 3);
	assert_int_equal(plan.n_late, 2);
	server_free(s);
}

static void a_run_has_a_time_budget(void **state)
{
	struct server *s = server_new(SILENT);
	struct pqm_probe_target t[5];

	(void)state;
	for (uint32_t i = 0; i < 5; i++)
		t[i] = (struct pqm_probe_target){ i, "tls", "127.0.0.1", s->port, NULL, false };
	config.time_budget_ms = 200;
	double ms = run(t, 5, NULL);

	assert_true(ms >= 200 && ms < 400);
	assert_int_equal(seen.n_reach[PQM_R_SKIPPED], 3);
	assert_non_null(strstr(seen.words, "time budget"));
	server_free(s);
}

static void a_callback_can_end_the_run(void **state)
{
	struct server *s = server_new(ECHO);
	struct pqm_probe_target t[20];

	(void)state;
	for (uint32_t i = 0; i < 20; i++)
		t[i] = (struct pqm_probe_target){ i, "tls", "127.0.0.1", s->port, NULL, false };
	seen.stop_after_first = true;
	run(t, 20, NULL);
	assert_int_equal(seen.n, 1);
	server_free(s);
}

/* Whatever allocation fails, nothing leaks, nothing hangs. */
static void a_run_without_memory_ends(void **state)
{
	struct server *s = server_new(ECHO);
	struct pqm_probe_target t[3];

	(void)state;
	for (uint32_t i = 0; i < 3; i++)
		t[i] = (struct pqm_probe_target){ i, "tls", "127.0.0.1", s->port, NULL, false };
	for (size_t n = 1; n < 60; n++) {
		struct probe_loop l = { .config = &config,
			.targets = t,
			.n_targets = 3,
			.done = done,
			.strategy = &strategy };
		struct pqm_err err = { 0 };

		pqm_alloc_fail_at(n);
		enum pqm_st st = probe_run(&l, &err);

		pqm_alloc_fail_at(0);
		assert_true(st == PQM_OK || st == PQM_ENOMEM);
		assert_int_equal(n_machines, 0);
	}
	server_free(s);
}

static void facts_stay_within_their_room(void **state)
{
	struct probe_job j = { 0 };
	static uint8_t big[300000];
	pqm_bytes der[2] = { { big, 3000 }, { big + 1, 2000 } };

	(void)state;
	pqm_arena_init(&j.arena, PQM_PROBE_JOB_BYTES);
	probe_offer(&j, PQM_O_GROUP, 0x11ec, 0x0304, PQM_A_YES, 1, "hello retry request");
	assert_int_equal(j.ep.n_offers, 1);
	assert_bytes(j.ep.offers[0].how, "hello retry request");
	probe_offer_name(&j, PQM_O_KEX, PQM_LIT("curve25519-sha256"), PQM_A_YES, 70000, "kexinit");
	assert_int_equal(j.ep.offers[1].rank, 65535);
	probe_fact(&j, "dh-bits", PQM_A_YES, "server key exchange", "%d", 1024);
	probe_fact(&j, "dh-bits", PQM_A_YES, "again", "%d\x1b", 2048);
	assert_int_equal(j.ep.n_facts, 1);
	assert_bytes(j.ep.facts[0].value, "2048\\x1b");
	assert_bytes(j.ep.facts[0].how, "again");
	struct pqm_chain *c = probe_chain(&j, 0x0304, 0, PQM_A_UNKNOWN, "x509", der, 2);

	assert_non_null(c);
	assert_ptr_equal(probe_chain(&j, 0x0304, 0x0804, PQM_A_YES, "x509", der, 2), c);
	assert_int_equal(c->scheme, 0x0804);
	assert_int_equal(c->proven, PQM_A_YES);
	assert_int_equal(j.ep.n_chains, 1);
	assert_non_null(probe_chain(&j, 0x0303, 0x0804, PQM_A_YES, "x509", der, 2));
	assert_non_null(probe_chain(&j, 0x0303, 0x0804, PQM_A_YES, "x509", der, 1));
	assert_int_equal(j.ep.n_chains, 3);
	probe_words(&j, PQM_R_OTHER, "speaks %s", "HTTP");
	assert_bytes(j.ep.words, "speaks HTTP");
	assert_false(j.is_cut);
	for (int i = 0; i < 10 && !j.is_cut; i++) {
		pqm_bytes one = { big, sizeof(big) - (size_t)i };

		(void)probe_chain(&j, 0x0304, 0, PQM_A_UNKNOWN, "x509", &one, 1);
	}
	assert_true(j.is_cut);
	probe_offer(&j, PQM_O_GROUP, 1, 0, PQM_A_NO, 0, "still sound");
	pqm_arena_fini(&j.arena);
	for (int e = PROBE_RUNNING; e <= PROBE_LOCAL; e++)
		assert_true(probe_end_name((enum probe_end)e)[0] != '\0');
}

static void timers_come_in_order(void **state)
{
	enum { N = 500 };
	static struct probe_timer t[N];
	struct probe_heap h = { 0 };
	uint64_t seed = 3, last = 0;
	size_t n = 0;

	(void)state;
	for (int i = 0; i < N; i++) {
		assert_true(probe_heap_add_owner(&h));
		probe_timer_set(&h, &t[i], 1 + unit_random(&seed) % 1000);
	}
	for (int i = 0; i < N; i += 3) /* moved both ways */
		probe_timer_set(&h, &t[i], 1 + unit_random(&seed) % 1000);
	for (int i = 0; i < N; i += 7)
		probe_timer_clear(&h, &t[i]);
	assert_null(probe_timer_due(&h, 0));
	for (struct probe_timer *d; (d = probe_timer_due(&h, 1000)) != NULL; n++) {
		assert_true(d->at_ns >= last);
		last = d->at_ns;
	}
	assert_int_equal(n, N - (N + 6) / 7);
	probe_heap_fini(&h);
}

static void buckets_fill_and_empty(void **state)
{
	struct probe_bucket b;
	uint64_t s = 1000 * PROBE_MS, now = s;
	int n = 0;

	(void)state;
	probe_bucket_init(&b, 10, 5, now);
	while (probe_bucket_take(&b, now) == 0)
		n++;
	assert_int_equal(n, 5);
	uint64_t wait = probe_bucket_take(&b, now);

	assert_true(wait > s / 10 && wait < s / 9);
	assert_int_equal(probe_bucket_take(&b, now + wait), 0);
	for (n = 0; probe_bucket_take(&b, now + 100 * s) == 0;)
		n++;
	assert_int_equal(n, 5);			     /* never more than the burst */
	assert_true(probe_bucket_take(&b, now) > 0); /* a clock that steps back gives nothing */
	probe_bucket_init(&b, 0, 0, now);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(probe_bucket_take(&b, now), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(an_echo_is_heard, setup),
		cmocka_unit_test_setup(a_chain_hands_bytes_on, setup),
		cmocka_unit_test_setup(the_last_machine_may_hand_on_to_nobody, setup),
		cmocka_unit_test_setup(silence_ends_with_the_connection, setup),
		cmocka_unit_test_setup(the_deadline_is_one_for_all, setup),
		cmocka_unit_test_setup(a_drip_does_not_hold_the_deadline_up, setup),
		cmocka_unit_test_setup(a_flood_ends_at_the_budget, setup),
		cmocka_unit_test_setup(a_flood_that_is_swallowed_ends_too, setup),
		cmocka_unit_test_setup(resets_and_closes_are_told_apart, setup),
		cmocka_unit_test_setup(what_came_before_the_end_counts, setup),
		cmocka_unit_test_setup(a_closed_port_is_refused, setup),
		cmocka_unit_test_setup(a_connect_without_answer_is_unreachable, setup),
		cmocka_unit_test_setup(a_machine_has_its_own_timer, setup),
		cmocka_unit_test_setup(a_request_can_wait, setup),
		cmocka_unit_test_setup(a_request_that_the_deadline_overtakes_is_told, setup),
		cmocka_unit_test_setup(connections_are_counted, setup),
		cmocka_unit_test_setup(many_at_once_stay_within_the_share_of_a_host, setup),
		cmocka_unit_test_setup(a_host_without_tokens_holds_nobody_up, setup),
		cmocka_unit_test_setup(the_rate_of_all_holds_over_hosts, setup),
		cmocka_unit_test_setup(two_thousand_stalled_sockets_end_in_time, setup),
		cmocka_unit_test_setup(fewer_descriptors_than_wanted_are_enough, setup),
		cmocka_unit_test_setup(a_deny_list_is_kept, setup),
		cmocka_unit_test_setup(names_are_resolved_off_the_loop, setup),
		cmocka_unit_test_setup(both_families_of_a_name_are_endpoints, setup),
		cmocka_unit_test_setup(datagrams_come_back, setup),
		cmocka_unit_test_setup(lost_datagrams_are_sent_again, setup),
		cmocka_unit_test_setup(a_run_can_be_stopped, setup),
		cmocka_unit_test_setup(a_run_has_a_time_budget, setup),
		cmocka_unit_test_setup(a_callback_can_end_the_run, setup),
		cmocka_unit_test_setup(a_run_without_memory_ends, setup),
		cmocka_unit_test_setup(facts_stay_within_their_room, setup),
		cmocka_unit_test_setup(timers_come_in_order, setup),
		cmocka_unit_test_setup(buckets_fill_and_empty, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
