/* test_pyc.c — compiled Python modules: calls of every version, and files that are not what they say. */
#include "unit.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/limits.h"
#include "parse/pyc.h"

#define BODY_MAX 8192

struct seen {
	size_t n, n_rsa, n_curve;
	uint32_t line;
};

static bool wants(void *ctx, pqm_bytes root)
{
	(void)ctx;
	return pqm_eqs(root, "cryptography") || pqm_eqs(root, "ssl");
}

static enum pqm_st see(void *ctx, const struct pqm_pyc_call *c)
{
	struct seen *s = ctx;
	const struct pqm_pyc_value *v;

	assert_true(c->path.n > 0 && c->path.n < PQM_PYC_PATH && c->n_args <= PQM_PYC_ARGS);
	s->n++;
	if (pqm_ends(c->path, PQM_LIT(".rsa.generate_private_key"))) {
		s->n_rsa++;
		s->line = c->line;
		v = pqm_pyc_arg(c, 1, PQM_LIT("key_size"));
		assert_non_null(v);
		/* The one size or the other, or none: never a third. */
		if (v->known == PQM_PYC_CONST)
			assert_true(v->obj->number == 2048 || v->obj->number == 3072);
		assert_null(pqm_pyc_arg(c, 7, PQM_LIT("backend")));
	}
	if (pqm_eqs(c->path, "ssl.SSLContext.set_ecdh_curve")) {
		v = pqm_pyc_arg(c, 0, PQM_LIT("curve_name"));
		assert_true(v != NULL && v->known == PQM_PYC_CONST);
		assert_bytes(v->obj->text, "prime256v1");
		s->n_curve++;
	}
	return PQM_OK;
}

static pqm_bytes sample(uint8_t *store, unsigned minor)
{
	char path[64];
	ssize_t n;

	(void)snprintf(path, sizeof(path), "tests/fuzz/corpus/pyc/py%u", minor);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	n = read(fd, store, BODY_MAX);
	(void)close(fd);
	assert_true(n > 100 && n < BODY_MAX);
	return (pqm_bytes){ store, (size_t)n };
}

static enum pqm_st follow(pqm_bytes body, struct seen *s, struct pqm_err *err)
{
	const struct pqm_pyc_look look = { wants, see, s };
	struct pqm_arena arena;
	struct pqm_pyc p;
	enum pqm_st st;

	pqm_arena_init(&arena, PQM_ARENA_BYTES);
	st = pqm_pyc_open(&p, body, &arena, err);
	if (st == PQM_OK)
		st = pqm_pyc_calls(&p, &look, err);
	pqm_arena_fini(&arena);
	return st;
}

static void every_version(void **state)
{
	uint8_t store[BODY_MAX];

	(void)state;
	for (unsigned minor = 6; minor <= 13; minor++) {
		struct seen s = { .n = 0 };
		struct pqm_err err = { 0 };

		assert_int_equal(follow(sample(store, minor), &s, &err), PQM_OK);
		assert_true(s.n_rsa >= 1 && s.n_curve == 1);
		assert_int_equal(s.line, 8);
		assert_true(s.n >= 5);
	}
}

static void cut_off(void **state)
{
	uint8_t store[BODY_MAX];

	(void)state;
	for (unsigned minor = 6; minor <= 13; minor++) {
		pqm_bytes all = sample(store, minor);

		for (size_t n = 0; n < all.n; n++) {
			struct seen s = { .n = 0 };
			struct pqm_err err = { 0 };
			/* Its own memory, so that a byte behind its end is noticed. */
			uint8_t *own = pqm_malloc(n + 1);

			assert_non_null(own);
			memcpy(own, all.p, n);
			assert_int_equal(follow((pqm_bytes){ own, n }, &s, &err), PQM_EPARSE);
			assert_true(err.msg[0] != '\0' && s.n == 0);
			pqm_free(own);
		}
	}
}

static enum pqm_st of_text(const char *text, size_t n, struct pqm_err *err)
{
	uint8_t body[1024] = { 0xa7, 0x0d, '\r', '\n' };
	struct seen s = { .n = 0 };

	assert_true(n + 16 <= sizeof(body));
	memcpy(body + 16, text, n);
	return follow((pqm_bytes){ body, 16 + n }, &s, err);
}

static void hostile(void **state)
{
	char deep[256];
	struct pqm_err err = { 0 };

	(void)state;
	for (size_t i = 0; i + 1 < sizeof(deep); i += 2) {
		deep[i] = ')';
		deep[i + 1] = 1;
	}
	assert_int_equal(of_text(deep, sizeof(deep), &err), PQM_ELIMIT);
	/* A list that holds itself, a reference to nothing, and lengths that lie. */
	assert_int_equal(of_text("\xa9\001r\0\0\0\0", 7, &err), PQM_EPARSE);
	assert_int_equal(of_text("r\0\0\0\0", 5, &err), PQM_EPARSE);
	assert_int_equal(of_text("(\377\377\377\177", 5, &err), PQM_EPARSE);
	assert_int_equal(of_text("s\377\377\377\377", 5, &err), PQM_EPARSE);
	assert_int_equal(of_text("l\0\0\0\200", 5, &err), PQM_EPARSE);
	assert_int_equal(of_text("N", 1, &err), PQM_EPARSE);
	assert_false(pqm_pyc_looks(PQM_LIT("\247\r\r\n")));
	assert_false(pqm_pyc_looks(PQM_LIT("\001\002\r\n0123456789ab")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_version),
		cmocka_unit_test(cut_off),
		cmocka_unit_test(hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
