/*
 * Inference requests and responses: the exchange, every byte and length of both messages, freshness,
 * audience, model, replay, and answers that belong to another question.
 */
#include "hyb/envelope.h"
#include "vec.h"

#define NOW 1800000000ULL
#define WINDOW 30U

static struct {
	struct hyb_private service, other, level5;    /* KEM */
	struct hyb_private client, stranger, answers; /* signatures */
	struct hyb_req_pending pending, pending2;
	struct hyb_req req;
	uint8_t request[1 << 15], response[1 << 15], out[1 << 15];
	size_t request_n, response_n;
} t;

static const uint8_t model[] = "llama", audience[] = "inference.example", question[] = "why?",
		     answer[] = "because of lattices";

/* A replay memory of test size. */
struct memory {
	uint8_t ids[64][HYB_REQ_ID_BYTES];
	uint64_t until;
	size_t n;
	unsigned asked;
};

static struct memory memory;

static bool is_new(void *ctx, const uint8_t id[HYB_REQ_ID_BYTES], uint64_t until)
{
	struct memory *m = ctx;

	m->asked++;
	m->until = until;
	for (size_t i = 0; i < m->n; i++)
		if (memcmp(m->ids[i], id, HYB_REQ_ID_BYTES) == 0)
			return false;
	memcpy(m->ids[m->n++ % 64], id, HYB_REQ_ID_BYTES);
	return true;
}

static bool make_keys(void)
{
	const struct hyb_kem_suite *xwing = hyb_kem_suite(HYB_KEM_XWING);
	const struct hyb_sig_suite *sig = hyb_sig_suite(HYB_SIG_MLDSA65_P256);

	return hyb_private_new_kem(&t.service, xwing) == HYB_OK &&
		hyb_private_new_kem(&t.other, xwing) == HYB_OK &&
		hyb_private_new_kem(&t.level5, hyb_kem_suite(HYB_KEM_MLKEM1024_P384)) == HYB_OK &&
		hyb_private_new_sig(&t.client, sig) == HYB_OK &&
		hyb_private_new_sig(&t.stranger, sig) == HYB_OK &&
		hyb_private_new_sig(&t.answers, sig) == HYB_OK;
}

static struct hyb_req_seal_opts asking(void)
{
	return (struct hyb_req_seal_opts){ &t.service.pub, &t.client, { model, sizeof(model) - 1 },
		{ audience, sizeof(audience) - 1 }, NOW };
}

static struct hyb_req_open_opts serving(void)
{
	memory = (struct memory){ .n = 0 };
	return (struct hyb_req_open_opts){ .key = &t.service,
		.clients = &t.client.pub,
		.n_clients = 1,
		.audience = { audience, sizeof(audience) - 1 },
		.model = { model, sizeof(model) - 1 },
		.now = NOW + 3,
		.window = WINDOW,
		.is_new = is_new,
		.ctx = &memory };
}

static struct hyb_res_seal_opts answering(void)
{
	return (struct hyb_res_seal_opts){ &t.req, &t.answers, NOW + 4 };
}

static struct hyb_res_open_opts reading(void)
{
	return (struct hyb_res_open_opts){ &t.pending, &t.answers.pub, 1, NOW + 5, WINDOW };
}

static bool all_are(const uint8_t *p, size_t n, uint8_t what)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != what)
			return false;
	return true;
}

/* Opens the request at hand; a failure that leaves output behind counts as opened. */
static enum hyb_st serve(size_t n, const struct hyb_req_open_opts *o)
{
	static const struct hyb_req zero;
	size_t out_n = 1;
	struct hyb_req req;
	enum hyb_st st;

	memset(t.out, 1, sizeof(question));
	st = hyb_req_open(t.out, &out_n, &req, (hyb_bytes){ t.request, n }, o);
	if (st == HYB_OK) {
		t.req = req;
		return out_n == sizeof(question) && memcmp(t.out, question, out_n) == 0
			? HYB_OK
			: HYB_E_CRYPTO;
	}
	if (out_n != 0 || req.kem != NULL || memcmp(&req.hash, &zero.hash, sizeof(req.hash)) != 0)
		return HYB_OK;
	return all_are(t.out, sizeof(question), 0) || all_are(t.out, sizeof(question), 1) ? st
											  : HYB_OK;
}

static enum hyb_st read_answer(size_t n, const struct hyb_res_open_opts *o)
{
	size_t out_n = 1;
	enum hyb_st st;

	memset(t.out, 1, sizeof(answer));
	st = hyb_res_open(t.out, &out_n, (hyb_bytes){ t.response, n }, o);
	if (st == HYB_OK)
		return out_n == sizeof(answer) && memcmp(t.out, answer, out_n) == 0 ? HYB_OK
										    : HYB_E_CRYPTO;
	if (out_n != 0)
		return HYB_OK;
	return all_are(t.out, sizeof(answer), 0) || all_are(t.out, sizeof(answer), 1) ? st : HYB_OK;
}

static bool ask(void)
{
	struct hyb_req_seal_opts so = asking();

	return hyb_req_seal(t.request, &t.request_n, &t.pending,
		       (hyb_bytes){ question, sizeof(question) }, &so) == HYB_OK &&
		t.request_n == hyb_req_bytes(sizeof(question), &so);
}

static bool reply(void)
{
	struct hyb_res_seal_opts so = answering();

	return hyb_res_seal(t.response, &t.response_n, (hyb_bytes){ answer, sizeof(answer) },
		       &so) == HYB_OK &&
		t.response_n == hyb_res_bytes(sizeof(answer), &so);
}

static void exchange(void)
{
	struct vec v = { "requests and responses: the exchange", 0, 0 };
	struct hyb_req_open_opts oo = serving();
	struct hyb_res_open_opts ro = reading();
	struct hyb_req_info info;

	vec_case(&v, ask(), "ask");
	vec_case(&v,
		hyb_req_info(&info, (hyb_bytes){ t.request, t.request_n }) == HYB_OK &&
			info.body_bytes == sizeof(question) && info.time == NOW &&
			info.model.n == sizeof(model) - 1 &&
			memcmp(info.client_id, t.client.pub.id, 32) == 0 &&
			memcmp(info.service_id, t.service.pub.id, 32) == 0,
		"info");
	vec_case(&v, serve(t.request_n, &oo) == HYB_OK, "serve");
	vec_case(&v, memory.asked == 1, "remembered");
	vec_case(&v,
		t.req.client == &t.client.pub && t.req.time == NOW &&
			memcmp(t.req.model.p, model, t.req.model.n) == 0 &&
			memcmp(t.req.hash, t.pending.hash, sizeof(t.req.hash)) == 0,
		"what the service learns");
	vec_case(&v, reply(), "reply");
	vec_case(&v, read_answer(t.response_n, &ro) == HYB_OK, "read");
	vec_case(&v, serve(t.request_n, &oo) == HYB_E_REPLAY, "the same request again");
	oo.model = (hyb_bytes){ NULL, 0 };
	memory.n = 0;
	vec_case(&v, serve(t.request_n, &oo) == HYB_OK, "any model");
	vec_end(&v);
}

static void damage(void)
{
	struct vec v = { "a request and a response, every byte and every length", 0, 0 };
	struct hyb_req_open_opts oo = serving();
	struct hyb_res_open_opts ro = reading();
	enum hyb_st st;

	vec_case(&v, ask() && serve(t.request_n, &oo) == HYB_OK && reply(), "exchange");
	memory = (struct memory){ .n = 0 };
	for (size_t i = 0; i < t.request_n; i++) {
		t.request[i] ^= (uint8_t)(1U << i % 8);
		st = serve(t.request_n, &oo);
		t.request[i] ^= (uint8_t)(1U << i % 8);
		vec_case(&v, st != HYB_OK && st != HYB_E_REPLAY && st != HYB_E_CRYPTO,
			"request byte %zu: %d", i, st);
	}
	vec_case(&v, memory.asked == 0, "nothing damaged reaches the replay memory");
	for (size_t k = 0; k < t.request_n; k++)
		vec_case(&v, serve(k, &oo) == HYB_E_TRUNCATED, "request cut to %zu", k);
	vec_case(&v, serve(t.request_n + 1, &oo) == HYB_E_TRAILING, "request, one more");
	for (size_t i = 0; i < t.response_n; i++) {
		t.response[i] ^= (uint8_t)(1U << i % 8);
		st = read_answer(t.response_n, &ro);
		t.response[i] ^= (uint8_t)(1U << i % 8);
		vec_case(&v, st != HYB_OK && st != HYB_E_CRYPTO, "response byte %zu: %d", i, st);
	}
	for (size_t k = 0; k < t.response_n; k++)
		vec_case(&v, read_answer(k, &ro) == HYB_E_TRUNCATED, "response cut to %zu", k);
	vec_case(&v, read_answer(t.response_n + 1, &ro) == HYB_E_TRAILING, "response, one more");
	vec_case(&v, read_answer(t.response_n, &ro) == HYB_OK, "whole");
	vec_end(&v);
}

static void request_checks(void)
{
	struct vec v = { "requests: time, audience, model, keys, limits", 0, 0 };
	struct hyb_req_open_opts oo = serving(), o = oo;
	struct hyb_req_seal_opts so = asking();
	static const uint8_t long_name[HYB_NAME_MAX + 1];
	hyb_bytes body = { question, sizeof(question) };
	size_t n;

	vec_case(&v, ask(), "ask");
	o.now = NOW + WINDOW + 1;
	vec_case(&v, serve(t.request_n, &o) == HYB_E_STALE, "a second too late");
	o.now = NOW - WINDOW - 1;
	vec_case(&v, serve(t.request_n, &o) == HYB_E_STALE, "from the future");
	o.now = NOW - WINDOW;
	vec_case(&v, serve(t.request_n, &o) == HYB_OK, "a fast clock");
	memory.n = 0;
	o.now = NOW + WINDOW;
	vec_case(&v, serve(t.request_n, &o) == HYB_OK, "just in time");
	o.now = memory.until - 1;
	vec_case(&v, serve(t.request_n, &o) == HYB_E_REPLAY, "again, in the last second");
	o.now = memory.until;
	memory.n = 0;
	vec_case(&v, serve(t.request_n, &o) == HYB_E_STALE, "stale when it may be forgotten");
	o.now = 0;
	o.window = UINT64_MAX;
	memory.n = 0;
	vec_case(&v, serve(t.request_n, &o) == HYB_OK && memory.until == UINT64_MAX, "any time");
	memory = (struct memory){ .n = 0 };
	o = oo;
	o.audience.n--;
	vec_case(&v, serve(t.request_n, &o) == HYB_E_AUDIENCE, "for another service");
	o = oo;
	o.model.n--;
	vec_case(&v, serve(t.request_n, &o) == HYB_E_AUDIENCE, "for another model");
	o = oo;
	o.key = &t.other;
	vec_case(&v, serve(t.request_n, &o) == HYB_E_WRONG_KEY, "another service's key");
	o.key = &t.level5;
	vec_case(&v, serve(t.request_n, &o) == HYB_E_SUITE, "a key of another suite");
	o.key = &t.client;
	vec_case(&v, serve(t.request_n, &o) == HYB_E_ARG, "a signing key");
	o = oo;
	o.clients = &t.stranger.pub;
	vec_case(&v, serve(t.request_n, &o) == HYB_E_SIGNATURE, "an unknown client");
	o.n_clients = 0;
	vec_case(&v, serve(t.request_n, &o) == HYB_E_SIGNATURE, "no clients");
	o = oo;
	o.is_new = NULL;
	vec_case(&v, serve(t.request_n, &o) == HYB_E_ARG, "no replay memory");
	vec_case(&v, memory.asked == 0, "none of these reaches the replay memory");

	so.model.n = 0;
	vec_case(&v,
		hyb_req_seal(t.request, &n, &t.pending2, body, &so) == HYB_E_ARG &&
			t.pending2.kem == NULL && hyb_req_bytes(1, &so) == 0,
		"no model");
	so.model = (hyb_bytes){ long_name, sizeof(long_name) };
	vec_case(&v, hyb_req_seal(t.request, &n, &t.pending2, body, &so) == HYB_E_ARG,
		"a name too long");
	so = asking();
	vec_case(&v,
		hyb_req_bytes(HYB_REQ_BODY_MAX, &so) > 0 &&
			hyb_req_bytes((size_t)HYB_REQ_BODY_MAX + 1, &so) == 0,
		"body limit");
	so.service = &t.client.pub;
	vec_case(&v, hyb_req_seal(t.request, &n, &t.pending2, body, &so) == HYB_E_SUITE,
		"to a signing key");
	so = asking();
	so.client = &t.other;
	vec_case(&v, hyb_req_seal(t.request, &n, &t.pending2, body, &so) == HYB_E_SUITE,
		"from a KEM key");
	vec_end(&v);
}

static void response_checks(void)
{
	struct vec v = { "responses: the request they answer, time, keys", 0, 0 };
	struct hyb_req_open_opts oo = serving();
	struct hyb_res_open_opts ro = reading(), o = ro;
	struct hyb_res_seal_opts so = answering();
	struct hyb_req first;
	hyb_bytes body = { answer, sizeof(answer) };
	size_t n;

	vec_case(&v, ask() && serve(t.request_n, &oo) == HYB_OK, "first");
	first = t.req;
	t.pending2 = t.pending;
	vec_case(&v, ask() && serve(t.request_n, &oo) == HYB_OK && reply(), "second");
	vec_case(&v, read_answer(t.response_n, &ro) == HYB_OK, "read");
	o.pending = &t.pending2;
	vec_case(&v, read_answer(t.response_n, &o) == HYB_E_AUDIENCE,
		"an answer to another request");
	memcpy(t.pending2.hash, t.pending.hash, sizeof(t.pending.hash));
	vec_case(&v, read_answer(t.response_n, &o) == HYB_E_OPEN, "another one-time key");
	hyb_req_end(&t.pending2);
	vec_case(&v, all_are((const uint8_t *)&t.pending2, sizeof(t.pending2), 0), "wiped");
	vec_case(&v, read_answer(t.response_n, &o) == HYB_E_ARG, "nothing pending");
	o = ro;
	o.services = &t.stranger.pub;
	vec_case(&v, read_answer(t.response_n, &o) == HYB_E_SIGNATURE, "from someone else");
	o = ro;
	o.now = NOW + 4 + WINDOW + 1;
	vec_case(&v, read_answer(t.response_n, &o) == HYB_E_STALE, "late");

	so.req = &first;
	vec_case(&v,
		hyb_res_seal(t.response, &n, body, &so) == HYB_OK &&
			read_answer(n, &ro) == HYB_E_AUDIENCE,
		"the answer to the first, read for the second");
	so.service = &t.other;
	vec_case(&v, hyb_res_seal(t.response, &n, body, &so) == HYB_E_SUITE, "signed by a KEM key");
	first.kem = NULL;
	so = answering();
	so.req = &first;
	vec_case(&v, hyb_res_seal(t.response, &n, body, &so) == HYB_E_ARG, "no request");
	vec_end(&v);
}

/* The first draw of a request is its nonce: always the same; the rest goes on. */
static bool rng_repeats(void *ctx, uint8_t *p, size_t n)
{
	static uint64_t state = 0x9e3779b97f4a7c15ULL;
	unsigned *draws = ctx;

	for (size_t i = 0; i < n; i++)
		p[i] = *draws == 0 ? 7 : (uint8_t)(vec_random(&state) >> 32);
	(*draws)++;
	return true;
}

/*
 * Who knows the service's key can seal another question under the head of a signed request: HPKE binds
 * only the head, so that the hash which was signed is what refuses it.
 */
static void swapped(void)
{
	struct vec v = { "requests: another body under a signature", 0, 0 };
	struct hyb_req_open_opts oo = serving();
	struct hyb_req_seal_opts so = asking();
	unsigned draws = 0;
	const struct hyb_rng_hook hook = { rng_repeats, &draws };
	uint8_t lie[sizeof(question)] = "how?";
	size_t n, end, sealed;

	hyb_rng_hook(&hook);
	vec_case(&v, ask(), "ask");
	draws = 0;
	vec_case(&v,
		hyb_req_seal(t.response, &n, &t.pending2, (hyb_bytes){ lie, sizeof(lie) }, &so) ==
				HYB_OK &&
			n == t.request_n,
		"ask another");
	hyb_rng_hook(NULL);
	end = n - hyb_env_block_bytes(t.client.pub.sig);
	sealed = t.service.pub.kem->ct_bytes + t.service.pub.kem->ek_bytes + sizeof(lie) + 32;
	vec_case(&v, memcmp(t.request, t.response, end - sealed - HYB_REQ_HASH_BYTES) == 0,
		"one head");
	vec_case(&v, serve(t.request_n, &oo) == HYB_OK, "as it was");
	oo = serving();
	memcpy(t.request + end - sealed, t.response + end - sealed, sealed);
	vec_case(&v, serve(t.request_n, &oo) == HYB_E_OPEN && memory.asked == 0, "swapped");
	vec_end(&v);
}

static int rng_left;

static bool rng_counts(void *ctx, uint8_t *p, size_t n)
{
	(void)ctx;
	memset(p, rng_left, n);
	return rng_left-- > 0;
}

static void randomness(void)
{
	struct vec v = { "requests and responses without randomness", 0, 0 };
	static const struct hyb_rng_hook hook = { rng_counts, NULL };
	struct hyb_req_seal_opts so = asking();
	struct hyb_res_seal_opts ro = answering();
	hyb_bytes body = { question, sizeof(question) };
	enum hyb_st st = HYB_E_RNG;
	size_t n, room = hyb_req_bytes(body.n, &so);

	hyb_rng_hook(&hook);
	for (int calls = 0; st != HYB_OK && calls < 100; calls++) {
		rng_left = calls;
		memset(t.request, 1, room);
		st = hyb_req_seal(t.request, &n, &t.pending2, body, &so);
		vec_case(&v,
			st == HYB_OK ||
				(st == HYB_E_RNG && n == 0 && all_are(t.request, room, 0) &&
					all_are((const uint8_t *)&t.pending2, sizeof(t.pending2),
						0)),
			"request, call %d", calls);
	}
	st = HYB_E_RNG;
	room = hyb_res_bytes(body.n, &ro);
	for (int calls = 0; st != HYB_OK && calls < 100; calls++) {
		rng_left = calls;
		memset(t.response, 1, room);
		st = hyb_res_seal(t.response, &n, body, &ro);
		vec_case(&v,
			st == HYB_OK || (st == HYB_E_RNG && n == 0 && all_are(t.response, room, 0)),
			"response, call %d", calls);
	}
	hyb_rng_hook(NULL);
	vec_case(&v, st == HYB_OK && v.n >= 7, "enough of it");
	vec_end(&v);
}

int main(void)
{
	if (!make_keys()) {
		printf("not ok - keys\n");
		return 1;
	}
	exchange();
	request_checks();
	response_checks();
	swapped();
	damage();
	randomness();
	return vec_failures != 0;
}
