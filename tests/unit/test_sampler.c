#include "unit.h"

#include "rules/sampler.h"

#define N_SAMPLES 300
#define N_BODY ((size_t)1 << 16)
#define ROOM 4096

static uint64_t seed = 0x1234567;

static uint64_t draw(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

struct set {
	struct pqm_arena arena;
	struct pqm_sample sample[N_SAMPLES];
	struct pqm_sampled of;
	struct pqm_sampler *s;
};

/* Some begin alike, some are parts of others, some hold long runs. */
static void make_set(struct set *k)
{
	struct pqm_err err;

	pqm_arena_init(&k->arena, (size_t)8 << 20);
	for (size_t i = 0; i < N_SAMPLES; i++) {
		size_t n = PQM_SAMPLE_MIN + draw() % 80;
		uint8_t *p = pqm_arena_alloc(&k->arena, n);

		assert_non_null(p);
		for (size_t b = 0; b < n; b++)
			p[b] = (uint8_t)(draw() % (i % 3 == 0 ? 5 : 250) + 1);
		if (i % 7 == 1)
			memcpy(p, k->sample[i - 1].bytes.p, PQM_SAMPLE_MIN);
		if (i % 11 == 2 && n > 40)
			memset(p + 20, 0, n - 40);
		k->sample[i] = (struct pqm_sample){ .of = &k->of, .bytes = { p, n } };
	}
	assert_int_equal(pqm_sampler_new(&k->s, k->sample, N_SAMPLES, &err), PQM_OK);
}

static int by_place(const void *va, const void *vb)
{
	const struct pqm_match *a = va, *b = vb;

	if (a->off != b->off)
		return a->off < b->off ? -1 : 1;
	return (a->pattern > b->pattern) - (a->pattern < b->pattern);
}

static size_t plain_search(const struct set *k, pqm_bytes body, struct pqm_match *out)
{
	size_t n = 0;

	for (size_t i = 0; i < N_SAMPLES; i++)
		for (size_t at = 0; (at = pqm_find(body, at, k->sample[i].bytes)) != SIZE_MAX;
			at++) {
			assert_true(n < ROOM);
			out[n++] = (struct pqm_match){ at, (uint32_t)i };
		}
	qsort(out, n, sizeof(*out), by_place);
	return n;
}

static uint8_t *make_body(const struct set *k)
{
	uint8_t *p = pqm_calloc(1, N_BODY);

	assert_non_null(p);
	for (size_t i = 0; i < N_BODY; i++)
		p[i] = (uint8_t)(draw() % 3 == 0 ? 0 : draw());
	for (size_t i = 0; i < 600; i++) {
		pqm_bytes b = k->sample[draw() % N_SAMPLES].bytes;

		memcpy(p + draw() % (N_BODY - 100), b.p, b.n);
	}
	/* At both ends, too. */
	memcpy(p, k->sample[4].bytes.p, k->sample[4].bytes.n);
	memcpy(p + N_BODY - k->sample[5].bytes.n, k->sample[5].bytes.p, k->sample[5].bytes.n);
	return p;
}

/* Sweeps in pieces with a carry, as the engine does, and drops what does not fit. */
static size_t sampled_search(
	const struct set *k, pqm_bytes body, size_t chunk, struct pqm_match *out)
{
	struct pqm_matches found = { out, 0, ROOM, false };
	size_t n = 0;

	for (size_t at = 0; at < body.n; at += chunk) {
		size_t seen = at < 24 ? at : 24;

		pqm_sampler_sweep(
			k->s, pqm_sub(body, at - seen, seen + chunk), seen, at - seen, 7, &found);
	}
	assert_false(found.is_full);
	for (size_t i = 0; i < found.n; i++) {
		out[i].pattern -= 7;
		if (pqm_sampler_fits(k->s, out[i].pattern, body, out[i].off))
			out[n++] = out[i];
	}
	qsort(out, n, sizeof(*out), by_place);
	return n;
}

static void test_same_hits(void **state)
{
	static struct pqm_match want[ROOM], got[ROOM];
	static const size_t chunks[] = { N_BODY, 4096, 1024, 333, 64, 17 };
	struct set k = { 0 };

	(void)state;
	make_set(&k);
	for (unsigned round = 0; round < 4; round++) {
		uint8_t *p = make_body(&k);
		pqm_bytes body = { p, N_BODY };
		size_t n = plain_search(&k, body, want);

		assert_true(n > 300);
		for (size_t c = 0; c < sizeof(chunks) / sizeof(chunks[0]); c++) {
			assert_int_equal(sampled_search(&k, body, chunks[c], got), n);
			for (size_t i = 0; i < n; i++) {
				assert_int_equal(got[i].off, want[i].off);
				assert_int_equal(got[i].pattern, want[i].pattern);
			}
		}
		pqm_free(p);
	}
	pqm_sampler_free(k.s);
	pqm_arena_fini(&k.arena);
}

static void test_short_bodies(void **state)
{
	struct set k = { 0 };

	(void)state;
	make_set(&k);
	for (size_t n = 0; n < 40; n++) {
		struct pqm_match room[8];
		struct pqm_matches found = { room, 0, 8, false };
		uint8_t *p = pqm_calloc(1, n + 1);

		assert_non_null(p);
		memcpy(p, k.sample[9].bytes.p, n < k.sample[9].bytes.n ? n : k.sample[9].bytes.n);
		pqm_sampler_sweep(k.s, (pqm_bytes){ p, n }, 0, 0, 0, &found);
		for (size_t i = 0; i < found.n; i++)
			assert_true(n >= k.sample[9].bytes.n ||
				!pqm_sampler_fits(
					k.s, room[i].pattern, (pqm_bytes){ p, n }, room[i].off));
		pqm_free(p);
	}
	pqm_sampler_free(k.s);
	pqm_arena_fini(&k.arena);
}

/* Zeros, ones and little else are in every file: refused. */
static void test_plain_patterns(void **state)
{
	static const uint8_t zeros[32], one[32] = { 1, 2, 3, 4, 5, 6, 7 },
					few[32] = { 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2 };
	const pqm_bytes bad[] = { { zeros, 32 }, { one, 32 }, { few, 32 },
		PQM_LIT("fourteen bytes") };
	struct pqm_sampler *s;
	struct pqm_err err;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct pqm_sample sample = { .bytes = bad[i] };

		assert_int_equal(pqm_sampler_new(&s, &sample, 1, &err), PQM_EUSAGE);
	}
}

static void test_full(void **state)
{
	struct set k = { 0 };
	struct pqm_match room[2];
	struct pqm_matches found = { room, 0, 2, false };

	(void)state;
	make_set(&k);
	uint8_t *p = make_body(&k);

	pqm_sampler_sweep(k.s, (pqm_bytes){ p, N_BODY }, 0, 0, 0, &found);
	assert_int_equal(found.n, 2);
	assert_true(found.is_full);
	pqm_free(p);
	pqm_sampler_free(k.s);
	pqm_arena_fini(&k.arena);
}

/* The rules as they are: every pattern of them is found where it stands, at each alignment. */
static void test_own_rules(void **state)
{
	struct pqm_rules r;
	const struct pqm_sampler *s;
	struct pqm_err err;
	uint8_t body[PQM_SAMPLE_MIN + 5000];

	(void)state;
	assert_int_equal(pqm_rules_load(&r, NULL, &err), PQM_OK);
	assert_int_equal(pqm_rules_sampler(&s, &r, &err), PQM_OK);
	assert_true(pqm_sampler_count(s) > 1000);
	for (size_t i = 0; i < pqm_sampler_count(s); i++)
		for (size_t at = 0; at < 8; at++) {
			pqm_bytes b = pqm_sampler_at(s, i)->bytes;
			struct pqm_match room[64];
			struct pqm_matches found = { room, 0, 64, false };
			bool hit = false;

			memset(body, 0x5a, at + b.n + 16);
			memcpy(body + at, b.p, b.n);
			pqm_sampler_sweep(s, (pqm_bytes){ body, at + b.n + 16 }, 0, 0, 0, &found);
			for (size_t m = 0; m < found.n; m++)
				hit = hit || (room[m].pattern == i && room[m].off == at);
			assert_true(hit);
		}
	pqm_rules_fini(&r);
}

static void test_what_is_code(void **state)
{
	uint8_t h[64] = { 0x7f, 'E', 'L', 'F' };

	(void)state;
	assert_true(pqm_sampler_wants((pqm_bytes){ h, 64 }));
	assert_false(pqm_sampler_wants((pqm_bytes){ h, 63 }));
	memcpy(h, "\xca\xfe\xba\xbe\0\0\0\2", 8);
	assert_true(pqm_sampler_wants((pqm_bytes){ h, 64 }));
	memcpy(h, "\xca\xfe\xba\xbe\0\0\0\x34", 8);
	assert_false(pqm_sampler_wants((pqm_bytes){ h, 64 }));
	memcpy(h, "PK\3\4\0\0\0\0", 8);
	assert_false(pqm_sampler_wants((pqm_bytes){ h, 64 }));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_hits),
		cmocka_unit_test(test_short_bodies),
		cmocka_unit_test(test_plain_patterns),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_own_rules),
		cmocka_unit_test(test_what_is_code),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
