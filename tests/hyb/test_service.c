/*
 * An inference service over 127.0.0.1: verify → open → predict → seal → sign, and a client that
 * checks the answer. Messages travel as length (4, big-endian) ‖ bytes; a refusal is length 0 ‖ code
 * (1), told for the test's sake. What a network attacker can do to either side is tried.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "hyb/int.h"
#include "vec.h"

#define FEATURES 8
#define CLASSES 3
#define FRAME_MAX (1U << 16)
#define REMEMBERED 256
#define WINDOW 20U
#define SECONDS_MAX 10 /* of silence, before either side gives up */

static const char model[] = "triage-v2", audience[] = "127.0.0.1/predict";

static struct {
	struct hyb_private service_kem, service_sig, client, client2, stranger;
	struct hyb_public clients[2];
	int listener;
	struct sockaddr_in address;
	unsigned predictions; /* read after the service has ended */
} t;

static hyb_bytes text(const char *s)
{
	return (hyb_bytes){ (const uint8_t *)s, strlen(s) };
}

static uint64_t now(void)
{
	return (uint64_t)time(NULL);
}

/* ---- frames ---- */

static bool send_all(int fd, const uint8_t *p, size_t n)
{
	while (n > 0) {
		ssize_t k = send(fd, p, n, MSG_NOSIGNAL);

		if (k <= 0)
			return false;
		p += k;
		n -= (size_t)k;
	}
	return true;
}

static bool receive_all(int fd, uint8_t *p, size_t n)
{
	while (n > 0) {
		ssize_t k = recv(fd, p, n, 0);

		if (k <= 0)
			return false;
		p += k;
		n -= (size_t)k;
	}
	return true;
}

static bool send_frame(int fd, const uint8_t *p, size_t n)
{
	uint8_t len[4];

	hyb_store32be(len, (uint32_t)n);
	return send_all(fd, len, 4) && send_all(fd, p, n);
}

static bool receive_frame(int fd, uint8_t *p, size_t *n)
{
	uint8_t len[4];

	if (!receive_all(fd, len, 4))
		return false;
	*n = hyb_load32be(len);
	return *n <= FRAME_MAX && receive_all(fd, p, *n);
}

static void patience(int fd)
{
	struct timeval tv = { .tv_sec = SECONDS_MAX };

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
}

/* ---- the service ---- */

struct memory {
	struct {
		uint8_t id[HYB_REQ_ID_BYTES];
		uint64_t until;
	} seen[REMEMBERED];
};

/* Keeps ids until they are stale; a full memory refuses, which is the safe side. */
static bool is_new(void *ctx, const uint8_t id[HYB_REQ_ID_BYTES], uint64_t until)
{
	struct memory *m = ctx;
	size_t free_slot = REMEMBERED;
	uint64_t at = now();

	for (size_t i = 0; i < REMEMBERED; i++) {
		if (m->seen[i].until < at)
			free_slot = i;
		else if (memcmp(m->seen[i].id, id, HYB_REQ_ID_BYTES) == 0)
			return false;
	}
	if (free_slot == REMEMBERED)
		return false;
	memcpy(m->seen[free_slot].id, id, HYB_REQ_ID_BYTES);
	m->seen[free_slot].until = until;
	return true;
}

/* A linear model on integers: stands for the real one. */
static void predict(int32_t scores[CLASSES], const uint8_t features[FEATURES])
{
	for (int c = 0; c < CLASSES; c++) {
		scores[c] = 100 * c;
		for (int i = 0; i < FEATURES; i++)
			scores[c] += (c * 7 + i * 3 - 11) * features[i];
	}
}

static enum hyb_st answer(uint8_t *out, size_t *out_n, hyb_bytes request, struct memory *memory)
{
	struct hyb_req_open_opts oo = { .key = &t.service_kem,
		.clients = t.clients,
		.n_clients = 2,
		.audience = text(audience),
		.model = text(model),
		.now = now(),
		.window = WINDOW,
		.is_new = is_new,
		.ctx = memory };
	static uint8_t body[FRAME_MAX];
	struct hyb_req req;
	struct hyb_res_seal_opts so = { &req, &t.service_sig, now() };
	int32_t scores[CLASSES];
	uint8_t wire[4 * CLASSES];
	size_t n;
	enum hyb_st st = hyb_req_open(body, &n, &req, request, &oo);

	if (st != HYB_OK)
		return st;
	if (n != FEATURES)
		return HYB_E_FORMAT;
	predict(scores, body);
	t.predictions++;
	for (size_t c = 0; c < CLASSES; c++)
		hyb_store32be(wire + 4 * c, (uint32_t)scores[c]);
	return hyb_res_seal(out, out_n, (hyb_bytes){ wire, sizeof(wire) }, &so);
}

/* One connection, one request; ends on an empty frame. */
static void *serve(void *arg)
{
	static uint8_t request[FRAME_MAX], response[FRAME_MAX];
	static struct memory memory;
	bool is_running = true;

	(void)arg;
	while (is_running) {
		int fd = accept(t.listener, NULL, NULL);
		size_t n, out_n = 0;

		if (fd < 0)
			break;
		patience(fd);
		if (receive_frame(fd, request, &n)) {
			enum hyb_st st = n == 0
				? HYB_E_FORMAT
				: answer(response, &out_n, (hyb_bytes){ request, n }, &memory);
			uint8_t refusal = (uint8_t)-st;

			is_running = n > 0;
			if (st == HYB_OK)
				(void)send_frame(fd, response, out_n);
			else if (send_frame(fd, NULL, 0))
				(void)send_all(fd, &refusal, 1);
		}
		(void)close(fd);
	}
	return NULL;
}

/* ---- the client ---- */

/* Sends bytes, takes what comes back: HYB_OK with a response, or the refusal. */
static enum hyb_st call(uint8_t *response, size_t *n, hyb_bytes request)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	enum hyb_st st = HYB_E_IO;
	uint8_t code;

	patience(fd);
	if (connect(fd, (const struct sockaddr *)&t.address, sizeof(t.address)) == 0 &&
		send_frame(fd, request.p, request.n) && receive_frame(fd, response, n)) {
		st = HYB_OK;
		if (*n == 0)
			st = receive_all(fd, &code, 1) ? (enum hyb_st) - (int)code : HYB_E_IO;
	}
	(void)close(fd);
	return st;
}

struct asked {
	struct hyb_req_pending pending;
	uint8_t features[FEATURES];
	uint8_t request[FRAME_MAX], response[FRAME_MAX];
	size_t request_n, response_n;
};

static bool prepare(struct asked *a, const struct hyb_req_seal_opts *o, uint8_t seed)
{
	for (int i = 0; i < FEATURES; i++)
		a->features[i] = (uint8_t)(seed * 31 + i * 17);
	return hyb_req_seal(a->request, &a->request_n, &a->pending,
		       (hyb_bytes){ a->features, FEATURES }, o) == HYB_OK;
}

static struct hyb_req_seal_opts asking(const struct hyb_private *client)
{
	return (struct hyb_req_seal_opts){ &t.service_kem.pub, client, text(model), text(audience),
		now() };
}

static enum hyb_st check_answer(struct asked *a)
{
	struct hyb_res_open_opts ro = { &a->pending, &t.service_sig.pub, 1, now(), WINDOW };
	static _Thread_local uint8_t body[FRAME_MAX];
	int32_t want[CLASSES];
	size_t n;
	enum hyb_st st = hyb_res_open(body, &n, (hyb_bytes){ a->response, a->response_n }, &ro);

	if (st != HYB_OK)
		return st;
	predict(want, a->features);
	for (size_t c = 0; c < CLASSES; c++)
		if (n != (size_t)4 * CLASSES || (int32_t)hyb_load32be(body + 4 * c) != want[c])
			return HYB_E_FORMAT;
	return HYB_OK;
}

static enum hyb_st ask(struct asked *a)
{
	return call(a->response, &a->response_n, (hyb_bytes){ a->request, a->request_n });
}

struct busy {
	const struct hyb_private *key;
	uint8_t seed;
	unsigned good;
};

static void *keep_asking(void *arg)
{
	struct busy *b = arg;
	struct asked *a = malloc(sizeof(*a));

	for (uint8_t i = 0; a != NULL && i < 8; i++) {
		struct hyb_req_seal_opts o = asking(b->key);

		if (prepare(a, &o, (uint8_t)(b->seed + i)) && ask(a) == HYB_OK &&
			check_answer(a) == HYB_OK)
			b->good++;
	}
	free(a);
	return NULL;
}

static void good_calls(struct vec *v)
{
	struct busy b[3] = { { &t.client, 1, 0 }, { &t.client2, 50, 0 }, { &t.client, 100, 0 } };
	pthread_t id[3];

	for (int i = 0; i < 3; i++)
		if (pthread_create(&id[i], NULL, keep_asking, &b[i]) != 0)
			exit(1);
	for (int i = 0; i < 3; i++) {
		(void)pthread_join(id[i], NULL);
		vec_case(v, b[i].good == 8, "client %d: %u of 8 answers", i, b[i].good);
	}
}

static void bad_requests(struct vec *v, struct asked *a)
{
	struct hyb_req_seal_opts o = asking(&t.client);
	size_t n = 0;

	vec_case(v, prepare(a, &o, 7) && ask(a) == HYB_OK && check_answer(a) == HYB_OK, "good");
	vec_case(v, ask(a) == HYB_E_REPLAY, "replayed");
	vec_case(v, prepare(a, &o, 8), "another");
	for (size_t i = 0; i < a->request_n; i += i < 200 ? 13 : 331) {
		enum hyb_st st;

		a->request[i] ^= 0x40;
		st = ask(a);
		a->request[i] ^= 0x40;
		n++;
		vec_case(v, st != HYB_OK && st != HYB_E_IO && st != HYB_E_REPLAY,
			"byte %zu changed on the way: %d", i, st);
	}
	a->request_n--;
	vec_case(v, ask(a) == HYB_E_TRUNCATED, "cut short");
	a->request_n += 2;
	vec_case(v, ask(a) == HYB_E_TRAILING, "one byte more");
	a->request_n--;
	vec_case(v, n > 20 && ask(a) == HYB_OK && check_answer(a) == HYB_OK,
		"untouched after all: none of these used it up");

	o.now = now() - WINDOW - 5;
	vec_case(v, prepare(a, &o, 9) && ask(a) == HYB_E_STALE, "stale");
	o.now = now() + WINDOW + 60;
	vec_case(v, prepare(a, &o, 9) && ask(a) == HYB_E_STALE, "from the future");
	o = asking(&t.client);
	o.audience = text("127.0.0.1/other");
	vec_case(v, prepare(a, &o, 9) && ask(a) == HYB_E_AUDIENCE, "for another audience");
	o = asking(&t.client);
	o.model = text("triage-v1");
	vec_case(v, prepare(a, &o, 9) && ask(a) == HYB_E_AUDIENCE, "for another model");
	o = asking(&t.stranger);
	vec_case(v, prepare(a, &o, 9) && ask(a) == HYB_E_SIGNATURE, "from a stranger");
	memset(a->request, 'A', 300);
	a->request_n = 300;
	vec_case(v, ask(a) == HYB_E_FORMAT, "no request at all");
	a->request_n = FRAME_MAX + 1;
	vec_case(v, call(a->response, &n, (hyb_bytes){ a->request, FRAME_MAX }) == HYB_E_FORMAT,
		"the longest frame");
}

static void bad_responses(struct vec *v, struct asked *a, struct asked *b)
{
	struct hyb_req_seal_opts o = asking(&t.client);

	vec_case(v,
		prepare(a, &o, 20) && ask(a) == HYB_OK && prepare(b, &o, 21) && ask(b) == HYB_OK,
		"two answers");
	for (size_t i = 0; i < a->response_n; i += i < 200 ? 13 : 331) {
		a->response[i] ^= 0x40;
		vec_case(v, check_answer(a) != HYB_OK, "byte %zu changed on the way", i);
		a->response[i] ^= 0x40;
	}
	vec_case(v, check_answer(a) == HYB_OK && check_answer(b) == HYB_OK, "untouched");
	memcpy(a->response, b->response, b->response_n);
	a->response_n = b->response_n;
	vec_case(v, check_answer(a) == HYB_E_AUDIENCE, "the answer to the other question");
}

static bool start(void)
{
	socklen_t n = sizeof(t.address);

	t.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	t.address = (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	if (t.listener < 0 ||
		bind(t.listener, (const struct sockaddr *)&t.address, sizeof(t.address)) != 0 ||
		listen(t.listener, 8) != 0 ||
		getsockname(t.listener, (struct sockaddr *)&t.address, &n) != 0)
		return false;
	patience(t.listener);
	return true;
}

static bool make_keys(void)
{
	const struct hyb_sig_suite *sig = hyb_sig_suite(HYB_SIG_MLDSA87_P384);

	if (hyb_private_new_kem(&t.service_kem, hyb_kem_suite(HYB_KEM_MLKEM1024_P384)) != HYB_OK ||
		hyb_private_new_sig(&t.service_sig, sig) != HYB_OK ||
		hyb_private_new_sig(&t.client, sig) != HYB_OK ||
		hyb_private_new_sig(&t.client2, sig) != HYB_OK ||
		hyb_private_new_sig(&t.stranger, sig) != HYB_OK)
		return false;
	t.clients[0] = t.client.pub;
	t.clients[1] = t.client2.pub;
	return true;
}

int main(void)
{
	struct vec v = { "an inference service on the loopback", 0, 0 };
	struct asked *a = malloc(sizeof(*a)), *b = malloc(sizeof(*b));
	pthread_t id;
	size_t n;

	if (!make_keys()) {
		printf("not ok - keys\n");
		return 1;
	}
	if (a == NULL || b == NULL || !start() || pthread_create(&id, NULL, serve, NULL) != 0) {
		vec_skip(v.name, "no socket on 127.0.0.1");
		return 0;
	}
	good_calls(&v);
	bad_requests(&v, a);
	bad_responses(&v, a, b);
	(void)call(a->response, &n, (hyb_bytes){ NULL, 0 });
	(void)pthread_join(id, NULL);
	/* 24 + the two good ones of bad_requests + two of bad_responses */
	vec_case(&v, t.predictions == 28, "%u predictions, for good requests only", t.predictions);
	(void)close(t.listener);
	hyb_private_clear(&t.service_kem);
	hyb_private_clear(&t.service_sig);
	free(a);
	free(b);
	vec_end(&v);
	return vec_failures != 0;
}
