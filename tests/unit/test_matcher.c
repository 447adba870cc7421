#include "unit.h"

#include "rules/matcher.h"

#define N_PATTERNS 6

static void pattern(struct pqm_pattern *p, const char *bytes, const char *mask, unsigned n)
{
	*p = (struct pqm_pattern){ .n = n };
	memcpy(p->bytes, bytes, n);
	for (unsigned i = 0; i < n; i++)
		p->mask[i] = mask == NULL || mask[i] == 'x' ? 0xff : 0;
}

static void make(struct pqm_pattern p[N_PATTERNS])
{
	pattern(&p[0], "-----BEGIN ", NULL, 11);
	pattern(&p[1], "\x30\x82..\x30", "xx..x", 5);
	pattern(&p[2], "\x30\x81.\x02", "xx.x", 4);
	pattern(&p[3], "AAAAB3NzaC1", NULL, 11);
	pattern(&p[4], "\"kty\"", NULL, 5);
	pattern(&p[5], "abcdefghijklmnopqrstuvwx", NULL, 24);
}

/* The obvious search, to compare with. */
static size_t naive(const struct pqm_pattern *p, pqm_bytes t, struct pqm_match *out, size_t cap)
{
	size_t n = 0;

	for (size_t i = 0; i < t.n; i++)
		for (uint32_t k = 0; k < N_PATTERNS; k++) {
			bool eq = p[k].n <= t.n - i;

			for (unsigned b = 0; eq && b < p[k].n; b++)
				eq = ((t.p[i + b] ^ p[k].bytes[b]) & p[k].mask[b]) == 0;
			if (eq && n < cap)
				out[n++] = (struct pqm_match){ i, k };
		}
	return n;
}

static int by_place(const void *a, const void *b)
{
	const struct pqm_match *x = a, *y = b;

	if (x->off != y->off)
		return x->off < y->off ? -1 : 1;
	return (x->pattern > y->pattern) - (x->pattern < y->pattern);
}

/* Random text that is full of beginnings, middles and ends of the patterns. */
static void scribble(uint8_t *t, size_t n, const struct pqm_pattern *p, uint64_t *rng)
{
	for (size_t i = 0; i < n;) {
		const struct pqm_pattern *q = &p[unit_random(rng) % N_PATTERNS];
		size_t from = unit_random(rng) % 4 == 0 ? unit_random(rng) % q->n : 0;

		for (size_t k = from; k < q->n && i < n; k++)
			t[i++] = q->bytes[k];
		for (size_t k = unit_random(rng) % 9; k > 0 && i < n; k--)
			t[i++] = (uint8_t)unit_random(rng);
	}
}

static void the_sweep_finds_what_a_naive_search_finds(void **state)
{
	static const char *const cpus[] = { "c", "avx2", "" };
	static uint8_t text[3000];
	static struct pqm_match want[4000], got[4000];
	struct pqm_pattern p[N_PATTERNS];
	struct pqm_matcher *m = NULL;
	struct pqm_err err;
	uint64_t rng = 88172645463325252u;

	(void)state;
	make(p);
	for (size_t c = 0; c < 3; c++) {
		assert_int_equal(setenv("PQMAP_CPU", cpus[c], 1), 0);
		assert_int_equal(pqm_matcher_new(&m, p, N_PATTERNS, &err), PQM_OK);
		for (int round = 0; round < 300; round++) {
			pqm_bytes t = { text, 1 + unit_random(&rng) % sizeof(text) };
			struct pqm_matches out = { got, 0, 4000, false };
			size_t n;

			scribble(text, t.n, p, &rng);
			n = naive(p, t, want, 4000);
			pqm_matcher_sweep(m, t, 0, 0, &out);
			qsort(got, out.n, sizeof(*got), by_place);
			if (out.n != n || memcmp(got, want, n * sizeof(*got)) != 0)
				fail_msg("cpu '%s' round %d: %zu found, %zu expected", cpus[c],
					round, out.n, n);
		}
		pqm_matcher_free(m);
	}
	assert_int_equal(unsetenv("PQMAP_CPU"), 0);
}

static void chunks_give_each_match_once(void **state)
{
	static uint8_t text[5000];
	static struct pqm_match want[5000], got[5000];
	struct pqm_pattern p[N_PATTERNS];
	struct pqm_matcher *m = NULL;
	struct pqm_err err;
	uint64_t rng = 1234567;

	(void)state;
	make(p);
	assert_int_equal(pqm_matcher_new(&m, p, N_PATTERNS, &err), PQM_OK);
	for (int round = 0; round < 200; round++) {
		pqm_bytes t = { text, sizeof(text) };
		struct pqm_matches out = { got, 0, 5000, false };
		size_t step = 30 + unit_random(&rng) % 500, n;

		scribble(text, t.n, p, &rng);
		n = naive(p, t, want, 5000);
		for (size_t at = 0; at < t.n; at += step) {
			size_t seen = at < PQM_PATTERN_MAX ? at : PQM_PATTERN_MAX;

			pqm_matcher_sweep(
				m, pqm_sub(t, at - seen, seen + step), seen, at - seen, &out);
		}
		qsort(got, out.n, sizeof(*got), by_place);
		assert_int_equal(out.n, n);
		assert_memory_equal(got, want, n * sizeof(*got));
	}
	pqm_matcher_free(m);
}

static void a_full_list_is_said(void **state)
{
	struct pqm_pattern p[N_PATTERNS];
	struct pqm_match one[1];
	struct pqm_matches out = { one, 0, 1, false };
	struct pqm_matcher *m = NULL;
	struct pqm_err err;

	(void)state;
	make(p);
	assert_int_equal(pqm_matcher_new(&m, p, N_PATTERNS, &err), PQM_OK);
	pqm_matcher_sweep(m, PQM_LIT("\"kty\"\"kty\""), 0, 0, &out);
	assert_int_equal(out.n, 1);
	assert_true(out.is_full);
	pqm_matcher_free(m);
}

static void a_pattern_without_three_bytes_is_refused(void **state)
{
	struct pqm_pattern p = { .n = 2 };
	struct pqm_matcher *m = NULL;
	struct pqm_err err = { 0 };

	(void)state;
	assert_int_equal(pqm_matcher_new(&m, &p, 1, &err), PQM_EINTERNAL);
	assert_true(err.msg[0] != '\0');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_sweep_finds_what_a_naive_search_finds),
		cmocka_unit_test(chunks_give_each_match_once),
		cmocka_unit_test(a_full_list_is_said),
		cmocka_unit_test(a_pattern_without_three_bytes_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
