/*
 * Gradients: round trips, every byte and every length of a message, model, round, participant, keys.
 */
#include "hyb/int.h"
#include "vec.h"

#define PLAIN 40

static struct {
	struct hyb_private aggregator, other, level5, worker, stranger;
	uint8_t plain[1 << 16], sealed[1 << 17], again[1 << 17], out[1 << 17];
} t;

static const uint8_t model[] = "resnet50", worker[] = "hospital-3";

static bool make_keys(void)
{
	uint64_t state = 99;

	for (size_t i = 0; i < sizeof(t.plain); i++)
		t.plain[i] = (uint8_t)vec_random(&state);
	return hyb_private_new_kem(&t.aggregator, hyb_kem_suite(HYB_KEM_XWING)) == HYB_OK &&
		hyb_private_new_kem(&t.other, hyb_kem_suite(HYB_KEM_XWING)) == HYB_OK &&
		hyb_private_new_kem(&t.level5, hyb_kem_suite(HYB_KEM_MLKEM1024_P384)) == HYB_OK &&
		hyb_private_new_sig(&t.worker, hyb_sig_suite(HYB_SIG_MLDSA65_P256)) == HYB_OK &&
		hyb_private_new_sig(&t.stranger, hyb_sig_suite(HYB_SIG_MLDSA65_P256)) == HYB_OK;
}

static struct hyb_grad_id update(void)
{
	return (struct hyb_grad_id){ .model = { model, sizeof(model) - 1 },
		.participant = { worker, sizeof(worker) - 1 },
		.round = 0x0102030405060708ULL };
}

static struct hyb_grad_seal_opts sealing(bool is_signed)
{
	return (struct hyb_grad_seal_opts){ &t.aggregator.pub, is_signed ? &t.worker : NULL,
		update() };
}

static struct hyb_grad_open_opts opening(bool is_signed)
{
	return (struct hyb_grad_open_opts){ .key = &t.aggregator,
		.senders = &t.worker.pub,
		.n_senders = 1,
		.allow_unsigned = !is_signed,
		.expected = update() };
}

static bool all_are(const uint8_t *p, size_t n, uint8_t what)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != what)
			return false;
	return true;
}

static enum hyb_st try_open(size_t n, const struct hyb_grad_open_opts *o)
{
	size_t out_n = 1;
	enum hyb_st st;

	memset(t.out, 1, PLAIN);
	st = hyb_grad_open(t.out, &out_n, (hyb_bytes){ t.sealed, n }, o);
	if (st != HYB_OK && (out_n != 0 || !(all_are(t.out, PLAIN, 0) || all_are(t.out, PLAIN, 1))))
		return HYB_OK; /* output left behind: counts as opened */
	return st;
}

static void round_trips(void)
{
	struct vec v = { "gradients: sizes, suites, what a message says of itself", 0, 0 };
	const size_t sizes[] = { 0, 1, 15, 16, 17, 4096, sizeof(t.plain) };
	struct hyb_private *const keys[] = { &t.aggregator, &t.level5 };

	for (size_t i = 0; i < 4 * sizeof(sizes) / sizeof(*sizes); i++) {
		bool is_signed = i % 2 == 0;
		struct hyb_grad_seal_opts so = sealing(is_signed);
		struct hyb_grad_open_opts oo = opening(is_signed);
		size_t n, out_n, size = sizes[i / 4];
		struct hyb_grad_info info;

		oo.key = keys[i / 2 % 2];
		so.aggregator = &oo.key->pub;
		vec_case(&v,
			hyb_grad_seal(t.sealed, &n, (hyb_bytes){ size > 0 ? t.plain : NULL, size },
				&so) == HYB_OK &&
				n == hyb_grad_bytes(size, &so),
			"seal %zu", size);
		vec_case(&v,
			hyb_grad_info(&info, (hyb_bytes){ t.sealed, n }) == HYB_OK &&
				info.plain_bytes == size && info.id.round == so.id.round &&
				info.id.participant.n == so.id.participant.n &&
				memcmp(info.id.model.p, model, info.id.model.n) == 0 &&
				memcmp(info.recipient_id, so.aggregator->id, 32) == 0 &&
				(info.sig != NULL) == is_signed,
			"info %zu", size);
		vec_case(&v,
			hyb_grad_open(t.out, &out_n, (hyb_bytes){ t.sealed, n }, &oo) == HYB_OK &&
				out_n == size && memcmp(t.out, t.plain, size) == 0,
			"open %zu", size);
	}
	vec_end(&v);
}

static void damage(bool is_signed)
{
	struct vec v = { is_signed ? "a signed gradient, every byte and every length"
				   : "an unsigned gradient, every byte and every length",
		0, 0 };
	struct hyb_grad_seal_opts so = sealing(is_signed);
	struct hyb_grad_open_opts oo = opening(is_signed);
	size_t n;

	vec_case(&v, hyb_grad_seal(t.sealed, &n, (hyb_bytes){ t.plain, PLAIN }, &so) == HYB_OK,
		"seal");
	for (size_t i = 0; i < n; i++) {
		enum hyb_st st;
		bool named = true;

		t.sealed[i] ^= (uint8_t)(1U << i % 8);
		st = try_open(n, &oo);
		t.sealed[i] ^= (uint8_t)(1U << i % 8);
		if (i < 8)
			named = st == HYB_E_FORMAT;
		else if (i < 10)
			named = st == HYB_E_VERSION;
		else if (i >= 66 && i < 98 && !is_signed)
			named = st == HYB_E_FORMAT;
		else if (i >= 98 || (i >= 66 && is_signed))
			named = st == (is_signed ? HYB_E_SIGNATURE : HYB_E_OPEN) ||
				st == HYB_E_AUDIENCE;
		vec_case(&v, st != HYB_OK && named, "byte %zu: %d", i, st);
	}
	for (size_t k = 0; k < n; k++)
		vec_case(&v, try_open(k, &oo) == HYB_E_TRUNCATED, "cut to %zu", k);
	vec_case(&v, try_open(n + 1, &oo) == HYB_E_TRAILING, "one more");
	vec_case(&v, try_open(n, &oo) == HYB_OK, "whole");
	vec_end(&v);
}

static void refusals(void)
{
	struct vec v = { "gradients: audience, keys, senders, limits, randomness", 0, 0 };
	static const uint8_t long_name[HYB_NAME_MAX + 1];
	struct hyb_grad_seal_opts so = sealing(true), s;
	struct hyb_grad_open_opts oo = opening(true), o = oo;
	hyb_bytes plain = { t.plain, PLAIN };
	size_t n, k;

	vec_case(&v, hyb_grad_seal(t.sealed, &n, plain, &so) == HYB_OK, "seal");
	o.expected.round++;
	vec_case(&v, try_open(n, &o) == HYB_E_AUDIENCE, "another round");
	o = oo;
	o.expected.model.n--;
	vec_case(&v, try_open(n, &o) == HYB_E_AUDIENCE, "another model");
	o = oo;
	o.expected.participant.n--;
	vec_case(&v, try_open(n, &o) == HYB_E_AUDIENCE, "another participant");
	o.expected = (struct hyb_grad_id){ .round = oo.expected.round,
		.model = { (const uint8_t *)"resnet50h", 9 },
		.participant = { (const uint8_t *)"ospital-3", 9 } };
	vec_case(&v, try_open(n, &o) == HYB_E_AUDIENCE, "a letter moved between names");
	o = oo;
	o.key = &t.other;
	vec_case(&v, try_open(n, &o) == HYB_E_WRONG_KEY, "another aggregator");
	o.key = &t.level5;
	vec_case(&v, try_open(n, &o) == HYB_E_SUITE, "another suite");
	o.key = &t.worker;
	vec_case(&v, try_open(n, &o) == HYB_E_ARG, "a signing key");
	o = oo;
	o.senders = &t.stranger.pub;
	vec_case(&v, try_open(n, &o) == HYB_E_SIGNATURE, "from someone else");
	s = sealing(false);
	vec_case(&v, hyb_grad_seal(t.sealed, &n, plain, &s) == HYB_OK, "seal unsigned");
	vec_case(&v, try_open(n, &oo) == HYB_E_UNSIGNED, "unsigned");

	s = so;
	s.id.model.n = 0;
	vec_case(&v, hyb_grad_seal(t.sealed, &n, plain, &s) == HYB_E_ARG, "no model");
	s.id.model = (hyb_bytes){ long_name, sizeof(long_name) };
	vec_case(&v, hyb_grad_seal(t.sealed, &n, plain, &s) == HYB_E_ARG, "a name too long");
	s.id.model.n--;
	vec_case(&v, hyb_grad_seal(t.sealed, &n, plain, &s) == HYB_OK, "the longest name");
	vec_case(&v,
		hyb_grad_bytes(HYB_GRAD_MAX, &so) > HYB_GRAD_MAX &&
			hyb_grad_bytes((size_t)HYB_GRAD_MAX + 1, &so) == 0,
		"1 GiB");
	s = so;
	s.aggregator = &t.worker.pub;
	vec_case(&v, hyb_grad_seal(t.sealed, &n, plain, &s) == HYB_E_SUITE, "to a signing key");
	s = so;
	s.sender = &t.other;
	vec_case(&v, hyb_grad_seal(t.sealed, &n, plain, &s) == HYB_E_SUITE, "from a KEM key");

	/* Parts of two messages of the same worker to the same aggregator. */
	vec_case(&v,
		hyb_grad_seal(t.sealed, &n, plain, &so) == HYB_OK &&
			hyb_grad_seal(t.again, &k, plain, &so) == HYB_OK && k == n,
		"two messages");
	memcpy(t.sealed + 150, t.again + 150, n - 150);
	vec_case(&v, try_open(n, &oo) == HYB_E_SIGNATURE, "halves of two messages");
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
	struct vec v = { "gradients without randomness, at each place that draws it", 0, 0 };
	static const struct hyb_rng_hook hook = { rng_counts, NULL };
	struct hyb_grad_seal_opts so = sealing(true);
	enum hyb_st st = HYB_E_RNG;
	size_t n, room = hyb_grad_bytes(PLAIN, &so);

	hyb_rng_hook(&hook);
	for (int calls = 0; st != HYB_OK && calls < 100; calls++) {
		rng_left = calls;
		memset(t.sealed, 1, room);
		st = hyb_grad_seal(t.sealed, &n, (hyb_bytes){ t.plain, PLAIN }, &so);
		vec_case(&v,
			st == HYB_OK || (st == HYB_E_RNG && n == 0 && all_are(t.sealed, room, 0)),
			"call %d", calls);
	}
	hyb_rng_hook(NULL);
	vec_case(&v, st == HYB_OK && v.n >= 3, "enough of it");
	vec_end(&v);
}

int main(void)
{
	if (!make_keys()) {
		printf("not ok - keys\n");
		return 1;
	}
	round_trips();
	damage(true);
	damage(false);
	refusals();
	randomness();
	return vec_failures != 0;
}
