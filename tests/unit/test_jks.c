#include "unit.h"

#include "base/limits.h"
#include "fixture.h"
#include "parse/javaobj.h"
#include "parse/jks.h"

extern const struct pqm_detector pqm_det_jks;

static uint8_t store[FIXTURE_BYTES];

struct counts {
	size_t n_private, n_trusted, n_secret, n_certs;
};

static enum pqm_st count(void *ctx, const struct pqm_jks_entry *e, struct pqm_err *err)
{
	struct counts *c = ctx;
	pqm_bytes certs = e->certs, der;

	(void)err;
	c->n_private += e->kind == PQM_JKS_PRIVATE && e->key.n > 0;
	c->n_trusted += e->kind == PQM_JKS_TRUSTED;
	c->n_secret += e->kind == PQM_JKS_SECRET;
	for (uint32_t i = 0; i < e->n_certs; i++) {
		assert_true(pqm_jks_cert(&certs, e->version, &der));
		assert_int_equal(der.p[0], 0x30);
		c->n_certs++;
	}
	assert_int_equal(certs.n, 0);
	return PQM_OK;
}

static enum pqm_st walk(struct counts *c, struct pqm_jks *j, pqm_bytes b, struct pqm_err *err)
{
	enum pqm_st st;

	*c = (struct counts){ 0 };
	*err = (struct pqm_err){ 0 };
	st = pqm_jks_walk(j, b, count, c, err);
	assert_true(st == PQM_OK || err->msg[0] != '\0');
	return st;
}

static const struct {
	const char *file;
	bool is_jceks;
	size_t n_private, n_trusted, n_secret;
} stores[] = {
	{ "material-keystore/rsa2048.jks", false, 1, 0, 0 },
	{ "material-keystore/p256.jks", false, 1, 0, 0 },
	{ "material-keystore/trust.jks", false, 0, 2, 0 },
	{ "material-keystore/rsa2048.jceks", true, 1, 0, 1 },
	{ "material-keystore/trust.jceks", true, 0, 1, 0 },
	{ "material-keystore/secret.jceks", true, 0, 1, 1 },
};

#define N_STORES (sizeof(stores) / sizeof(stores[0]))

static void stores_give_their_entries(void **state)
{
	struct counts c;
	struct pqm_jks j;
	struct pqm_err err;

	(void)state;
	for (size_t i = 0; i < N_STORES; i++) {
		pqm_bytes b = fixture(store, stores[i].file);

		assert_true(pqm_jks_looks_like(b));
		assert_int_equal(walk(&c, &j, b, &err), PQM_OK);
		assert_int_equal(j.is_jceks, stores[i].is_jceks);
		assert_int_equal(c.n_private, stores[i].n_private);
		assert_int_equal(c.n_trusted, stores[i].n_trusted);
		assert_int_equal(c.n_secret, stores[i].n_secret);
		assert_int_equal(c.n_certs, c.n_private + c.n_trusted);
		assert_int_equal(j.end, b.n);
	}
}

static void every_prefix_and_every_longer_store_is_refused(void **state)
{
	struct counts c;
	struct pqm_jks j;
	struct pqm_err err;

	(void)state;
	for (size_t i = 0; i < N_STORES; i++) {
		pqm_bytes b = fixture(store, stores[i].file);

		for (size_t n = 0; n < b.n; n++) {
			assert_int_equal(walk(&c, &j, pqm_sub(b, 0, n), &err), PQM_EPARSE);
			assert_true(j.end <= n);
		}
		store[b.n] = 0;
		assert_int_equal(walk(&c, &j, (pqm_bytes){ store, b.n + 1 }, &err), PQM_EPARSE);
	}
}

static void lying_counts_and_lengths_are_refused(void **state)
{
	/* Of trust.jks: entries, kind, alias, and the first certificate's type and length. */
	static const struct {
		size_t at, n;
	} field[] = { { 8, 4 }, { 12, 4 }, { 16, 2 }, { 29, 2 }, { 36, 4 } };
	struct counts c;
	struct pqm_jks j;
	struct pqm_err err;
	uint8_t keep[4];

	(void)state;
	for (size_t i = 0; i < sizeof(field) / sizeof(field[0]); i++) {
		pqm_bytes b = fixture(store, "material-keystore/trust.jks");

		memcpy(keep, store + field[i].at, field[i].n);
		memset(store + field[i].at, 0, field[i].n);
		assert_int_not_equal(walk(&c, &j, b, &err), PQM_OK);
		memset(store + field[i].at, 0xff, field[i].n);
		assert_int_not_equal(walk(&c, &j, b, &err), PQM_OK);
		memcpy(store + field[i].at, keep, field[i].n);
		assert_int_equal(walk(&c, &j, b, &err), PQM_OK);
	}
}

static void counts_over_the_limits_are_refused(void **state)
{
	static uint8_t big[12 + (PQM_CERTS_PER_STORE + 2) * 32];
	struct counts c;
	struct pqm_jks j;
	struct pqm_err err;
	size_t n = 12;

	(void)state;
	memcpy(big, "\xfe\xed\xfe\xed\0\0\0\2\0\1\x86\xa1", 12);
	assert_int_equal(walk(&c, &j, (pqm_bytes){ big, 64 }, &err), PQM_ELIMIT);
	/* One certificate too many: entry 10,001 has no room left. */
	memcpy(big + 8, "\0\0\x27\x11", 4);
	for (unsigned i = 0; i <= PQM_CERTS_PER_STORE; i++) {
		memcpy(big + n, "\0\0\0\2\0\0\0\0\0\0\0\0\0\0\0\5X.509\0\0\0\1\x30", 26);
		n += 26;
	}
	assert_int_equal(walk(&c, &j, (pqm_bytes){ big, n + 20 }, &err), PQM_ELIMIT);
	assert_int_equal(c.n_certs, PQM_CERTS_PER_STORE);
}

static void java_objects_of_other_shapes_are_refused(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
	} t[] = {
		{ "\xac\xed\0\5\x7d", 5 },	     /* proxy */
		{ "\xac\xed\0\5\x71\0\x7e\0\0", 9 }, /* reference to nothing */
		{ "\xac\xed\0\5\x73\x70", 6 },	     /* object without a class */
		{ "\xac\xed\0\5\x75\x72\0\2[B12345678\2\0\0\x78\x70\xff\xff\xff\xff", 27 },
		{ "\xac\xed\0\5\x73\x72\0\1A12345678\2\xff\xff", 19 }, /* 65,535 fields */
		{ "\xac\xed\0\4\x70", 5 },			       /* another version */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct pqm_cur c = pqm_cur_of((pqm_bytes){ (const uint8_t *)t[i].bytes, t[i].n });

		assert_false(pqm_java_skip_object(&c));
		assert_int_equal(pqm_cur_left(&c), 0);
	}
	struct pqm_cur c = pqm_cur_of(PQM_LIT("\xac\xed\0\5\x74\0\2hirest"));

	assert_true(pqm_java_skip_object(&c));
	assert_bytes(pqm_cur_rest(&c), "rest");
}

/* Classes within classes, each the superclass of the one before. */
static void java_nesting_is_limited(void **state)
{
	struct pqm_buf b;

	(void)state;
	pqm_buf_init(&b, 65536);
	pqm_buf_add(&b, PQM_LIT("\xac\xed\0\5\x73"));
	for (unsigned i = 0; i < 1000; i++)
		pqm_buf_add(&b, PQM_LIT("\x72\0\1A12345678\2\0\0\x78"));
	pqm_buf_byte(&b, 0x70);
	assert_false(b.failed);
	struct pqm_cur c = pqm_cur_of(pqm_buf_bytes(&b));

	assert_false(pqm_java_skip_object(&c));
	pqm_buf_fini(&b);
}

static void detector_reports_certificates_and_the_keys_of_their_chains(void **state)
{
	static struct seen s;

	(void)state;
	detect(&s, &pqm_det_jks, fixture_rules(), fixture(store, "material-keystore/p256.jks"),
		"a");
	assert_int_equal(s.n_found, 2);
	assert_int_equal(s.n_claims, 1);
	assert_string_equal(s.found[0].rule, "cert.x509");
	assert_string_equal(s.found[1].rule, "keystore.jks");
	assert_int_equal(s.found[1].meaning, PQM_KEY);
	assert_int_equal(s.found[1].function, PQM_FN_ANY);
	assert_string_equal(s.found[1].parameter, "P-256");
	assert_string_equal(s.found[1].identity, s.found[0].identity);
	assert_null(strstr(s.found[1].attrs, "demo")); /* neither alias nor subject */
	detect(&s, &pqm_det_jks, fixture_rules(), fixture(store, "material-keystore/trust.jks"),
		"a");
	assert_true(s.n_found == 2 && s.n_notes == 0);
	detect(&s, &pqm_det_jks, fixture_rules(), fixture(store, "material-keystore/rsa2048.jceks"),
		"a");
	assert_true(s.n_found == 2 && s.n_notes == 0);
	assert_string_equal(s.found[1].rule, "keystore.jceks");
}

static void cut_stores_give_a_note_and_junk_nothing(void **state)
{
	static struct seen s;
	pqm_bytes b = fixture(store, "material-keystore/cut.jks");

	(void)state;
	detect(&s, &pqm_det_jks, fixture_rules(), b, "a");
	assert_true(s.n_found == 0 && s.n_notes == 1);
	b = fixture(store, "material-keystore/trust.jks");
	detect(&s, &pqm_det_jks, fixture_rules(), pqm_sub(b, 0, b.n - 30), "a");
	assert_true(s.n_found == 1 && s.n_notes == 1);
	detect(&s, &pqm_det_jks, fixture_rules(), fixture(store, "material-keystore/junk.jks"),
		"a");
	assert_int_equal(s.n_found + s.n_notes, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stores_give_their_entries),
		cmocka_unit_test(every_prefix_and_every_longer_store_is_refused),
		cmocka_unit_test(lying_counts_and_lengths_are_refused),
		cmocka_unit_test(counts_over_the_limits_are_refused),
		cmocka_unit_test(java_objects_of_other_shapes_are_refused),
		cmocka_unit_test(java_nesting_is_limited),
		cmocka_unit_test(detector_reports_certificates_and_the_keys_of_their_chains),
		cmocka_unit_test(cut_stores_give_a_note_and_junk_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
