#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/resource.h>

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
			if (n > s->most_open)
				s->most_open = n;
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(an_echo_is_heard, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
