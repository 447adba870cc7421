#include "unit.h"

#include "base/limits.h"
#include "fixture.h"
#include "parse/ppk.h"

extern const struct pqm_detector pqm_det_putty;

static uint8_t store[FIXTURE_BYTES];

static enum pqm_st parse(struct pqm_ppk *k, struct pqm_buf *blob, pqm_bytes text)
{
	struct pqm_err err = { 0 };
	enum pqm_st st;

	pqm_buf_init(blob, PQM_SSH_BLOB_BYTES);
	st = pqm_ppk_parse(k, text, blob, &err);
	assert_true(st == PQM_OK || err.msg[0] != '\0');
	return st;
}

static const struct {
	const char *file, *encryption, *family, *parameter;
	unsigned version;
} files[] = {
	{ "material-ssh/rsa2048.ppk", "none", "RSA", "2048", 3 },
	{ "material-ssh/ed25519-v2.ppk", "none", "Ed25519", "", 2 },
	{ "material-ssh/p256-encrypted.ppk", "aes256-cbc", "EC", "P-256", 3 },
};

static void files_are_read_with_family_and_version(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		pqm_bytes text = fixture(store, files[i].file);
		struct pqm_ppk k;
		struct pqm_buf b;

		assert_int_equal(parse(&k, &b, text), PQM_OK);
		assert_int_equal(k.version, files[i].version);
		assert_bytes(k.encryption, files[i].encryption);
		assert_string_equal(k.key.key.family, files[i].family);
		assert_string_equal(k.key.key.parameter, files[i].parameter);
		assert_int_equal(k.total, text.n);
		pqm_buf_fini(&b);
	}
}

static void every_prefix_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		pqm_bytes text = fixture(store, files[i].file);
		size_t mac = pqm_find(text, 0, PQM_LIT("Private-MAC: "));

		/* The hexadecimal MAC itself has no length in the format: 40 digits are a version 2 MAC. */
		for (size_t n = 0; n < mac + 13 + 40; n++) {
			struct pqm_ppk k = { .version = 9 };
			struct pqm_buf b;

			assert_int_equal(parse(&k, &b, pqm_sub(text, 0, n)), PQM_EPARSE);
			assert_int_equal(k.version, 9);
			pqm_buf_fini(&b);
		}
	}
}

/* Replaces the first what in the file by with, which may have another length. */
static pqm_bytes edit(struct pqm_buf *out, const char *file, const char *what, const char *with)
{
	pqm_bytes text = fixture(store, file);
	size_t at = pqm_find(text, 0, pqm_str(what));

	assert_true(at != SIZE_MAX);
	pqm_buf_init(out, FIXTURE_BYTES);
	pqm_buf_add(out, pqm_sub(text, 0, at));
	pqm_buf_add(out, pqm_str(with));
	pqm_buf_add(out, pqm_sub(text, at + strlen(what), text.n));
	assert_false(out->failed);
	return pqm_buf_bytes(out);
}

static void lying_heads_and_counts_are_refused(void **state)
{
	static const char *const t[][2] = {
		{ "File-3: ssh-rsa", "File-3: ssh-dss" }, { "File-3", "File-1" },
		{ "File-3", "File-4" }, { "Public-Lines: 6", "Public-Lines: 5" },
		{ "Public-Lines: 6", "Public-Lines: 7" }, { "Public-Lines: 6", "Public-Lines: 0" },
		{ "Public-Lines: 6", "Public-Lines: 4097" },
		{ "Public-Lines: 6", "Public-Lines: 18446744073709551616" },
		{ "Private-Lines: 14", "Private-Lines: 13" },
		{ "Private-Lines: 14", "Private-Lines: 15" },
		{ "Private-Lines: 14", "Private-Lines: 0" }, { "Comment: ", "Comments: " },
		{ "Encryption: none",
			"Encryption: aes256-cbc" }, /* then Argon2 parameters must follow */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct pqm_ppk k;
		struct pqm_buf text, b;

		(void)edit(&text, "material-ssh/rsa2048.ppk", t[i][0], t[i][1]);
		assert_int_equal(parse(&k, &b, pqm_buf_bytes(&text)), PQM_EPARSE);
		pqm_buf_fini(&b);
		pqm_buf_fini(&text);
	}
}

static void line_ends_may_be_of_any_system(void **state)
{
	static const char *const ends[] = { "\n", "\r\n", "\r" };

	(void)state;
	for (size_t e = 0; e < 3; e++) {
		pqm_bytes text = fixture(store, "material-ssh/ed25519-v2.ppk"), line;
		struct pqm_buf out, b;
		struct pqm_ppk k;

		pqm_buf_init(&out, FIXTURE_BYTES);
		while (pqm_split(&text, '\n', &line))
			if (pqm_trim(line).n > 0) {
				pqm_buf_add(&out, pqm_trim(line));
				pqm_buf_add(&out, pqm_str(ends[e]));
			}
		assert_int_equal(parse(&k, &b, pqm_buf_bytes(&out)), PQM_OK);
		assert_int_equal(k.total, out.n);
		pqm_buf_fini(&b);
		pqm_buf_fini(&out);
	}
}

static void detector_reports_keys_and_notes_cut_files(void **state)
{
	static struct seen s;

	(void)state;
	detect(&s, &pqm_det_putty, fixture_rules(), fixture(store, files[2].file), "a.ppk");
	assert_int_equal(s.n_found, 1);
	assert_string_equal(s.found[0].rule, "key.putty-encrypted");
	assert_non_null(strstr(s.found[0].attrs, "encryption=aes256-cbc"));
	assert_null(strstr(s.found[0].attrs, "demo"));
	detect(&s, &pqm_det_putty, fixture_rules(), fixture(store, "material-ssh/cut.ppk"),
		"a.ppk");
	assert_true(s.n_found == 0 && s.n_notes == 1);
	detect(&s, &pqm_det_putty, fixture_rules(), fixture(store, "material-ssh/prose.md"),
		"a.md");
	assert_int_equal(s.n_found + s.n_notes, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_are_read_with_family_and_version),
		cmocka_unit_test(every_prefix_is_refused),
		cmocka_unit_test(lying_heads_and_counts_are_refused),
		cmocka_unit_test(line_ends_may_be_of_any_system),
		cmocka_unit_test(detector_reports_keys_and_notes_cut_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
