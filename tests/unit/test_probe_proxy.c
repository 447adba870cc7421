#include "unit.h"

#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>

#include "probe/loop.h"

/* ---- the machine, by bytes ---- */

struct talk {
	void *self;
	struct pqm_buf out;
	enum probe_want want;
	size_t used;
};

static void begin(struct talk *t, const char *url, const char *host, uint16_t port)
{
	pqm_buf_init(&t->out, 4096);
	t->self = probe_proxy_new(url, host, port);
	assert_non_null(t->self);
	t->want = probe_proxy_machine.start(t->self, &t->out);
	assert_int_equal(t->want, PROBE_READ);
}

static void hear(struct talk *t, const char *bytes, size_t n)
{
	t->out.n = 0;
	t->want = probe_proxy_machine.input(
		t->self, (pqm_bytes){ (const uint8_t *)bytes, n }, &t->used, &t->out);
	assert_true(t->used <= n);
}

#define HEAR(t, s) hear((t), (s), sizeof(s) - 1)
#define assert_said(t, s)                                                                          \
	do {                                                                                       \
		assert_int_equal((t)->out.n, sizeof(s) - 1);                                       \
		assert_memory_equal((t)->out.p, (s), sizeof(s) - 1);                               \
	} while (0)

static void finish(struct talk *t)
{
	probe_proxy_machine.free(t->self);
	pqm_buf_fini(&t->out);
}

static void connect_opens_the_way(void **state)
{
	struct talk t;

	(void)state;
	begin(&t, "http://127.0.0.1:3128", "db.example", 5432);
	assert_said(&t, "CONNECT db.example:5432 HTTP/1.1\r\nHost: db.example:5432\r\n\r\n");
	HEAR(&t, "HTTP/1.1 200 Conn");
	assert_int_equal(t.want, PROBE_READ);
	assert_int_equal(t.used, 0);
	HEAR(&t, "HTTP/1.1 200 Connected\r\nVia: x\r\n\r\nSSH-2.0");
	assert_int_equal(t.want, PROBE_NEXT);
	assert_int_equal(t.used, 34); /* what follows belongs to the next */
	assert_null(probe_proxy_refusal(t.self));
	probe_proxy_machine.end(t.self, PROBE_CLOSED, NULL);
	assert_null(probe_proxy_refusal(t.self));
	finish(&t);
	begin(&t, "http://p", "::1", 443);
	assert_said(&t, "CONNECT [::1]:443 HTTP/1.1\r\nHost: [::1]:443\r\n\r\n");
	HEAR(&t, "HTTP/1.1 100 Continue\r\n\r\n");
	assert_int_equal(t.want, PROBE_READ);
	assert_int_equal(t.used, 25);
	HEAR(&t, "HTTP/1.0 204\n\n");
	assert_int_equal(t.want, PROBE_NEXT);
	finish(&t);
}

static void credentials_are_sent_and_never_told(void **state)
{
	struct talk t;

	(void)state;
	begin(&t, "http://Aladdin:open%20sesame@p:8080", "h.", 443);
	assert_said(&t,
		"CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\nProxy-Authorization: Basic "
		"QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n");
	HEAR(&t, "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
	assert_int_equal(t.want, PROBE_DONE);
	assert_non_null(strstr(probe_proxy_refusal(t.self), "407"));
	assert_null(strstr(probe_proxy_refusal(t.self), "sesame"));
	finish(&t);
}

static void http_refusals_have_words(void **state)
{
	static const struct {
		const char *bytes, *words;
	} row[] = {
		{ "HTTP/1.1 403 Forbidden\r\n\r\n", "403" },
		{ "HTTP/1.1 301 Moved\r\nLocation: x\r\n\r\n", "301" },
		{ "HTTP/2 200\r\n\r\n", "does not speak HTTP" },
		{ "SSH-2.0-x\r\n", "does not speak HTTP" },
		{ "X", "does not speak HTTP" },
		{ "HTTP/1.1\r\n\r\n", "no status" },
		{ "HTTP/1.1 2000\r\n\r\n", "no status" },
		{ "HTTP/1.1 \x1b[2\r\n\r\n", "no status" },
		{ "HTTP/1.1-200 OK\r\n\r\n", "no status" },
	};

	static char endless[9000];
	struct talk t;

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		begin(&t, "http://p", "h", 443);
		hear(&t, row[i].bytes, strlen(row[i].bytes));
		assert_int_equal(t.want, PROBE_DONE);
		if (strstr(probe_proxy_refusal(t.self), row[i].words) == NULL)
			fail_msg("%s: %s", row[i].bytes, probe_proxy_refusal(t.self));
		finish(&t);
	}
	memset(endless, 'a', sizeof(endless));
	memcpy(endless, "HTTP/1.1 200 ", 13);
	begin(&t, "http://p", "h", 443);
	hear(&t, endless, 8000);
	assert_int_equal(t.want, PROBE_READ);
	hear(&t, endless, 9000);
	assert_int_equal(t.want, PROBE_DONE);
	finish(&t);
	begin(&t, "http://p", "h", 443);
	for (int i = 0; i < 10 && t.want == PROBE_READ; i++)
		HEAR(&t, "HTTP/1.1 100 Continue\r\n\r\n");
	assert_int_equal(t.want, PROBE_DONE); /* not for ever */
	finish(&t);
	begin(&t, "http://p", "h", 443);
	probe_proxy_machine.end(t.self, PROBE_RESET, NULL);
	assert_non_null(strstr(probe_proxy_refusal(t.self), "reset"));
	finish(&t);
}

static void socks_opens_the_way(void **state)
{
	struct talk t;

	(void)state;
	begin(&t, "socks5://p:1080", "db.example", 5432);
	assert_said(&t, "\x05\x01\x00");
	HEAR(&t, "\x05");
	assert_int_equal(t.want, PROBE_READ);
	HEAR(&t, "\x05\x00");
	assert_said(&t,
		"\x05\x01\x00\x03\x0a"
		"db.example\x15\x38");
	HEAR(&t, "\x05\x00\x00\x01\x7f\x00\x00\x01\x00");
	assert_int_equal(t.want, PROBE_READ);
	assert_int_equal(t.used, 0);
	HEAR(&t, "\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x50more");
	assert_int_equal(t.want, PROBE_NEXT);
	assert_int_equal(t.used, 10);
	assert_null(probe_proxy_refusal(t.self));
	finish(&t);
	begin(&t, "socks5h://p", "::1", 443);
	HEAR(&t, "\x05\x00");
	assert_said(&t, "\x05\x01\x00\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x01\xbb");
	HEAR(&t, "\x05\x00\x00\x03\x02hi\x00\x50");
	assert_int_equal(t.want, PROBE_NEXT);
	assert_int_equal(t.used, 9);
	finish(&t);
	begin(&t, "socks5://p", "192.0.2.1", 443);
	HEAR(&t, "\x05\x00");
	assert_said(&t, "\x05\x01\x00\x01\xc0\x00\x02\x01\x01\xbb");
	finish(&t);
}

static void socks_logs_in(void **state)
{
	struct talk t;

	(void)state;
	begin(&t, "socks5://me:secret@p", "h", 443);
	assert_said(&t, "\x05\x02\x00\x02");
	HEAR(&t, "\x05\x02");
	assert_said(&t, "\x01\x02me\x06secret");
	HEAR(&t, "\x01\x00");
	assert_said(&t, "\x05\x01\x00\x03\x01h\x01\xbb");
	finish(&t);
	begin(&t, "socks5://me:secret@p", "h", 443);
	HEAR(&t, "\x05\x02");
	HEAR(&t, "\x01\x01");
	assert_int_equal(t.want, PROBE_DONE);
	assert_non_null(strstr(probe_proxy_refusal(t.self), "password"));
	assert_null(strstr(probe_proxy_refusal(t.self), "secret"));
	finish(&t);
}

static void socks_refusals_have_words(void **state)
{
	struct talk t;

	(void)state;
	begin(&t, "socks5://p", "h", 443);
	HEAR(&t, "HTTP/1.1 400 Bad\r\n\r\n");
	assert_int_equal(t.want, PROBE_DONE);
	finish(&t);
	begin(&t, "socks5://p", "h", 443);
	HEAR(&t, "\x05\xff");
	assert_int_equal(t.want, PROBE_DONE);
	finish(&t);
	begin(&t, "socks5://p", "h", 443);
	HEAR(&t, "\x05\x02"); /* a login nobody offered */
	assert_int_equal(t.want, PROBE_DONE);
	finish(&t);
	for (int code = 1; code < 256; code++) {
		char reply[2] = { 5, (char)code };

		begin(&t, "socks5://p", "h", 443);
		HEAR(&t, "\x05\x00");
		hear(&t, reply, 2);
		assert_int_equal(t.want, PROBE_DONE);
		assert_true(strlen(probe_proxy_refusal(t.self)) > 20);
		finish(&t);
	}
	begin(&t, "socks5://p", "h", 443);
	HEAR(&t, "\x05\x00");
	HEAR(&t, "\x05\x00\x00\x09\x00");
	assert_int_equal(t.want, PROBE_DONE);
	finish(&t);
}

static void proxy_addresses_are_read(void **state)
{
	static const char *const bad[] = { "", "p:8080", "https://p", "http://", "http://p:0",
		"http://p:70000", "http://p:x", "http://[::1", "http://u:p@", "http://%2@p",
		"http://%zz@p", "http://%00@p", "http://:x@p", "http://a%3ab:c@p", "http://p:1/x",
		"ftp://p", "socks4://p" };
	struct probe_proxy p;
	struct pqm_err err = { 0 };

	(void)state;
	assert_int_equal(
		probe_proxy_parse(&p, "http://u%40d:p%3aw@[2001:db8::1]:3128/", &err), PQM_OK);
	assert_string_equal(p.host, "2001:db8::1");
	assert_string_equal(p.user, "u@d");
	assert_string_equal(p.password, "p:w");
	assert_int_equal(p.port, 3128);
	assert_int_equal(probe_proxy_parse(&p, "SOCKS5://a@b:c@p", &err), PQM_OK);
	assert_string_equal(p.user, "a@b");
	assert_int_equal(p.port, 1080);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (probe_proxy_parse(&p, bad[i], &err) != PQM_EUSAGE)
			fail_msg("%s is taken", bad[i]);
	assert_int_equal(probe_proxy_parse(&p, "http://user:hunter2@p:x", &err), PQM_EUSAGE);
	assert_null(strstr(err.msg, "hunter2"));
	assert_null(probe_proxy_new("http://p", "", 1));
}

/* ---- through the loop ---- */

struct proxy {
	int fd;
	uint16_t port;
	bool refuses;
	char request[512];
};

/* Serves one connection: CONNECT, then an echo of what comes, in one segment with the answer's end. */
static void *run_proxy(void *arg)
{
	struct proxy *p = arg;
	int fd = accept(p->fd, NULL, NULL);
	char b[512];
	size_t n = 0;

	while (n < sizeof(p->request) - 1 && strstr(p->request, "\r\n\r\n") == NULL) {
		ssize_t k = recv(fd, p->request + n, sizeof(p->request) - 1 - n, 0);

		if (k <= 0)
			break;
		n += (size_t)k;
	}
	const char *answer =
		p->refuses ? "HTTP/1.1 502 Bad Gateway\r\n\r\n" : "HTTP/1.1 200 OK\r\n\r\n";

	(void)send(fd, answer, strlen(answer), MSG_NOSIGNAL);
	for (ssize_t k; (k = recv(fd, b, sizeof(b), 0)) > 0;)
		(void)send(fd, b, (size_t)k, MSG_NOSIGNAL);
	(void)close(fd);
	return NULL;
}

static enum probe_want hello_start(void *self, struct pqm_buf *out)
{
	(void)self;
	(void)pqm_buf_add(out, PQM_LIT("hello"));
	return PROBE_READ;
}

static enum probe_want hello_input(void *self, pqm_bytes in, size_t *used, struct pqm_buf *out)
{
	(void)self;
	(void)out;
	*used = in.n >= 5 ? 5 : 0;
	return in.n >= 5 ? PROBE_DONE : PROBE_READ;
}

static void hello_end(void *self, enum probe_end why, const char *words)
{
	(void)words;
	*(enum probe_end *)self = why;
}

static void hello_free(void *self)
{
	(void)self;
}

static struct probe_outcome outcome;
static enum probe_end machine_end;
static bool is_udp;

static bool next(struct probe_job *j, const struct probe_request *done,
	const struct probe_outcome *last, struct probe_request *req)
{
	static const struct probe_machine machine = { "hello", hello_start, hello_input, NULL, NULL,
		hello_end, hello_free };

	(void)j;
	(void)done;
	if (last != NULL) {
		outcome = *last;
		return false;
	}
	*req = (struct probe_request){
		.is_udp = is_udp, .n = 1, .chain = { { &machine, &machine_end } }
	};
	return true;
}

static enum pqm_reach reach;
static char words[128];

static bool done(void *ctx, const struct pqm_endpoint *e)
{
	(void)ctx;
	reach = e->reach;
	(void)snprintf(words, sizeof(words), "%.*s", PQM_FMT(e->words));
	assert_int_equal(e->address.n, 0); /* a name that we do not resolve */
	return true;
}

static void through_a_proxy(struct proxy *p, bool refuses)
{
	static const struct probe_strategy strategy = { .name = "test", .next = next };
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(in);
	struct pqm_probe_target t = { 0, "tls", "no-such-name.invalid", 4433, NULL, false };
	struct pqm_probe_config c;
	struct pqm_err err = { 0 };
	pthread_t thread;
	char url[64];

	*p = (struct proxy){ .fd = socket(AF_INET, SOCK_STREAM, 0), .refuses = refuses };
	outcome = (struct probe_outcome){ 0 };
	machine_end = PROBE_RUNNING;
	assert_int_equal(bind(p->fd, (const struct sockaddr *)&in, n), 0);
	assert_int_equal(listen(p->fd, 4), 0);
	assert_int_equal(getsockname(p->fd, (struct sockaddr *)&in, &n), 0);
	assert_int_equal(pthread_create(&thread, NULL, run_proxy, p), 0);
	pqm_probe_config_init(&c);
	(void)snprintf(url, sizeof(url), "http://localhost:%u", ntohs(in.sin_port));
	c.proxy = url;
	c.family = 4;
	struct probe_loop l = {
		.config = &c, .targets = &t, .n_targets = 1, .done = done, .strategy = &strategy
	};

	assert_int_equal(probe_run(&l, &err), PQM_OK);
	(void)shutdown(p->fd, SHUT_RDWR);
	(void)pthread_join(thread, NULL);
	(void)close(p->fd);
}

static void the_loop_goes_through_a_proxy(void **state)
{
	struct proxy p;

	(void)state;
	through_a_proxy(&p, false);
	assert_int_equal(outcome.end, PROBE_GOAL);
	assert_int_equal(outcome.at, 0);
	assert_non_null(strstr(p.request, "CONNECT no-such-name.invalid:4433 "));
	through_a_proxy(&p, true);
	assert_int_equal(outcome.end, PROBE_UNREACHABLE);
	assert_non_null(strstr(outcome.words, "502"));
	assert_int_equal(machine_end, PROBE_UNREACHABLE); /* it never started */
	is_udp = true;
	through_a_proxy(&p, true);
	is_udp = false;
	assert_int_equal(outcome.end, PROBE_LOCAL);
	assert_int_equal(machine_end, PROBE_LOCAL);
	assert_int_equal(reach, PQM_R_UNREACHABLE);
	assert_non_null(strstr(words, "UDP"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(connect_opens_the_way),
		cmocka_unit_test(credentials_are_sent_and_never_told),
		cmocka_unit_test(http_refusals_have_words),
		cmocka_unit_test(socks_opens_the_way),
		cmocka_unit_test(socks_logs_in),
		cmocka_unit_test(socks_refusals_have_words),
		cmocka_unit_test(proxy_addresses_are_read),
		cmocka_unit_test(the_loop_goes_through_a_proxy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
