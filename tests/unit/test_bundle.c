#include "unit.h"

#include "base/buf.h"
#include "base/limits.h"
#include "rules/bundle.h"

#define BLOCK 512

static void make(struct pqm_buf *out, const char *name, const char *version)
{
	struct pqm_bundle b;
	struct pqm_err err = { 0 };

	pqm_bundle_init(&b);
	b.name = pqm_str(name);
	b.version = pqm_str(version);
	b.requires = PQM_LIT("0.1.0");
	b.made_days = 20000;
	assert_int_equal(
		pqm_bundle_add(&b, PQM_LIT("rules/b.yaml"), PQM_LIT("- id: b\n"), &err), PQM_OK);
	assert_int_equal(pqm_bundle_add(&b, PQM_LIT("rules/a/x.yaml"), PQM_LIT(""), &err), PQM_OK);
	assert_int_equal(pqm_bundle_add(&b, PQM_LIT("fixtures/k.pem"), PQM_LIT("k"), &err), PQM_OK);
	pqm_buf_init(out, PQM_BUNDLE_BYTES);
	assert_int_equal(pqm_bundle_write(out, &b, &err), PQM_OK);
	pqm_bundle_fini(&b);
}

static enum pqm_st read_it(pqm_bytes bytes, struct pqm_err *err)
{
	struct pqm_bundle b;
	enum pqm_st st;

	pqm_bundle_init(&b);
	st = pqm_bundle_read(&b, bytes, "x", err);
	pqm_bundle_fini(&b);
	return st;
}

static void what_was_written_is_read(void **state)
{
	struct pqm_bundle b;
	struct pqm_buf out;
	struct pqm_err err = { 0 };

	(void)state;
	make(&out, "acme", "2026.11");
	assert_int_equal(out.n % BLOCK, 0);
	pqm_bundle_init(&b);
	assert_int_equal(pqm_bundle_read(&b, pqm_buf_bytes(&out), "x", &err), PQM_OK);
	assert_bytes(b.name, "acme");
	assert_bytes(b.version, "2026.11");
	assert_int_equal(b.n, 3);
	assert_bytes(b.files[0].path, "fixtures/k.pem");
	assert_bytes(b.files[2].path, "rules/b.yaml");
	assert_bytes(b.files[2].body, "- id: b\n");
	pqm_bundle_fini(&b);
	pqm_buf_fini(&out);
}

static void every_prefix_and_every_suffix_is_refused(void **state)
{
	struct pqm_buf out;
	struct pqm_err err;

	(void)state;
	make(&out, "acme", "1");
	for (size_t n = 0; n < out.n; n += n % BLOCK == 0 || n % BLOCK == BLOCK - 1 ? 1 : 73) {
		err = (struct pqm_err){ 0 };
		assert_int_equal(read_it((pqm_bytes){ out.p, n }, &err), PQM_EPARSE);
		assert_true(err.msg[0] != '\0');
	}
	for (size_t i = 0; i < 3; i++) {
		assert_true(pqm_buf_byte(&out, 0));
		assert_int_equal(read_it(pqm_buf_bytes(&out), &err), PQM_EPARSE);
	}
	pqm_buf_fini(&out);
}

/* Names in the manifest, its version and date can be others; that is what the signature is for. All else is refused. */
static void a_changed_byte_leaves_one_form(void **state)
{
	struct pqm_buf out, again;
	size_t n_taken = 0;

	(void)state;
	make(&out, "acme", "1");
	for (size_t i = 0; i < out.n; i++) {
		struct pqm_bundle b;
		struct pqm_err err = { 0 };

		out.p[i] ^= 1;
		pqm_bundle_init(&b);
		if (pqm_bundle_read(&b, pqm_buf_bytes(&out), "x", &err) == PQM_OK) {
			pqm_buf_init(&again, PQM_BUNDLE_BYTES);
			assert_int_equal(pqm_bundle_write(&again, &b, &err), PQM_OK);
			assert_true(pqm_eq(pqm_buf_bytes(&again), pqm_buf_bytes(&out)));
			assert_true(i > BLOCK && i < 2 * BLOCK); /* in the manifest's own text */
			pqm_buf_fini(&again);
			n_taken++;
		}
		pqm_bundle_fini(&b);
		out.p[i] ^= 1;
	}
	assert_in_range(n_taken, 1, 16);
	pqm_buf_fini(&out);
}

static void paths_lead_nowhere_else(void **state)
{
	static const char *const bad[] = { "", "rules", "rules/", "/rules/a.yaml",
		"rules/../a.yaml", "../rules/a.yaml", "rules//a.yaml", "rules/./a.yaml",
		"rules/a.yml", "rules/.a.yaml", "rules/a b.yaml", "rules/a\n.yaml",
		"rules/\xc3\xa4.yaml", "fixtures/../../etc/passwd", "fixtures/", "manifest.json",
		"other/a.yaml", "rules\\a.yaml",
		"rules/0123456789012345678901234567890123456789012345678901234567890123456789"
		"01234567890123456789.yaml" };
	static const char *const good[] = { "rules/a.yaml", "rules/a/b-c_d.1.yaml", "fixtures/x",
		"fixtures/.hidden/..x" };
	struct pqm_bundle b;
	struct pqm_err err;

	(void)state;
	pqm_bundle_init(&b);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(
			pqm_bundle_add(&b, pqm_str(bad[i]), PQM_LIT("x"), &err), PQM_EUSAGE);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_int_equal(pqm_bundle_add(&b, pqm_str(good[i]), PQM_LIT("x"), &err), PQM_OK);
	assert_int_equal(b.n, sizeof(good) / sizeof(good[0]));
	pqm_bundle_fini(&b);
}

static void versions_are_numbers(void **state)
{
	static const struct {
		const char *a, *b;
		int c;
	} rows[] = { { "1", "1", 0 }, { "1", "1.0", 0 }, { "1.9", "1.10", -1 }, { "2", "1.10", 1 },
		{ "2026.11", "2026.9.30", 1 }, { "1.0.1", "1", 1 }, { "0.1.0", "0.1", 0 } };

	static const char *const bad[] = { "", "a", "1.", ".1", "1..2", "1.x", "-1", "1 ",
		"99999999999" };
	struct pqm_buf out;
	struct pqm_err err;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(
			pqm_version_cmp(pqm_str(rows[i].a), pqm_str(rows[i].b)), rows[i].c);
		assert_int_equal(
			pqm_version_cmp(pqm_str(rows[i].b), pqm_str(rows[i].a)), -rows[i].c);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct pqm_bundle b;

		pqm_bundle_init(&b);
		pqm_buf_init(&out, PQM_BUNDLE_BYTES);
		b.name = PQM_LIT("x");
		b.version = pqm_str(bad[i]);
		b.requires = PQM_LIT("0");
		assert_int_equal(pqm_bundle_write(&out, &b, &err), PQM_EUSAGE);
		b.version = PQM_LIT("1");
		b.name = PQM_LIT("pqmap");
		assert_int_equal(pqm_bundle_write(&out, &b, &err), PQM_EUSAGE);
		pqm_buf_fini(&out);
		pqm_bundle_fini(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_written_is_read),
		cmocka_unit_test(every_prefix_and_every_suffix_is_refused),
		cmocka_unit_test(a_changed_byte_leaves_one_form),
		cmocka_unit_test(paths_lead_nowhere_else),
		cmocka_unit_test(versions_are_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
