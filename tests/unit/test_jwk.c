#include "unit.h"

#include "base/limits.h"
#include "fixture.h"
#include "parse/jwk.h"

extern const struct pqm_detector pqm_det_jwk;

static uint8_t store[FIXTURE_BYTES];

static enum pqm_st parse(struct pqm_jwk *k, pqm_bytes text, bool *is_close)
{
	struct pqm_err err = { 0 };
	size_t at = pqm_find(text, 0, PQM_LIT("\"kty\""));
	enum pqm_st st;

	*is_close = false;
	if (at == SIZE_MAX)
		return PQM_EPARSE;
	st = pqm_jwk_at(k, text, 0, at, is_close, &err);
	assert_true(st == PQM_OK || err.msg[0] != '\0');
	return st;
}

static void keys_are_read_with_family_and_size(void **state)
{
	static const struct {
		const char *file, *family, *parameter;
		bool is_private;
		enum pqm_pk_use use;
	} t[] = {
		{ "material-jwk/rsa2048.jwk", "RSA", "2048", false, PQM_PK_SIG },
		{ "material-jwk/p256.jwk", "EC", "P-256", false, PQM_PK_ANY },
		{ "material-jwk/secp256k1.jwk", "EC", "secp256k1", false, PQM_PK_ANY },
		{ "material-jwk/ed25519.jwk", "Ed25519", "", false, PQM_PK_SIG },
		{ "material-jwk/p256.private.json", "EC", "P-256", true, PQM_PK_KEX },
		{ "material-jwk/rsa2048.private.json", "RSA", "2048", true, PQM_PK_ANY },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		pqm_bytes text = fixture(store, t[i].file);
		struct pqm_jwk k;
		bool is_close;

		assert_int_equal(parse(&k, text, &is_close), PQM_OK);
		assert_string_equal(k.key.family, t[i].family);
		assert_string_equal(k.key.parameter, t[i].parameter);
		assert_int_equal(k.is_private, t[i].is_private);
		assert_int_equal(k.key.use, t[i].use);
		assert_true(text.p[k.off] == '{' && text.p[k.end - 1] == '}');
	}
}

static void every_prefix_is_refused(void **state)
{
	pqm_bytes text = pqm_trim(fixture(store, "material-jwk/rsa2048.private.json"));
	struct pqm_jwk k = { .end = 7 };
	bool is_close;

	(void)state;
	for (size_t n = 0; n < text.n; n++)
		assert_int_equal(parse(&k, pqm_sub(text, 0, n), &is_close), PQM_EPARSE);
	assert_int_equal(k.end, 7);
}

static void members_must_make_a_key(void **state)
{
	static const struct {
		const char *text;
		bool is_close;
	} t[] = {
		{ "{\"kty\":\"oct\",\"k\":\"AAAA\"}", false },
		{ "{\"kty\":\"RSA\",\"n\":\"...\",\"e\":\"AQAB\"}", false },
		{ "{\"kty\":\"RSA\",\"n\":5,\"e\":3}", false },
		{ "{\"kty\":[\"RSA\"],\"n\":\"AQAB\",\"e\":\"AQAB\"}", false },
		{ "{\"kty\":\"EC\",\"crv\":\"P-999\",\"x\":\"AA\",\"y\":\"AA\"}", false },
		{ "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AAAA\"}", false },
		{ "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":"
		  "\"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE\"}",
			true },
		{ "{\"kty\":\"AKP\",\"alg\":\"ML-DSA-65\",\"pub\":\"AQEB\"}", false },
		{ "{\"kty\":\"AKP\",\"alg\":\"Falcon\",\"pub\":\"AQEB\"}", false },
		{ "[\"kty\"]", false },
		{ "\"kty\"", false },
		{ "{} \"kty\": 1}", false },
		{ "{\"properties\": {\"kty\": {\"type\": \"string\"}}}", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct pqm_jwk k;
		bool is_close;

		assert_int_equal(parse(&k, pqm_str(t[i].text), &is_close), PQM_EPARSE);
		assert_int_equal(is_close, t[i].is_close);
	}
}

static void braces_in_strings_and_other_members_do_not_confuse(void **state)
{
	static const char text[] =
		"{\"a\": \"}{\\\"\\\\\", \"kid\": \"{\", \"o\": {\"x\": [1, {}]},\n"
		"\"kty\": \"OKP\", \"crv\": \"X25519\", \"z\": null,\n"
		"\"x\": \"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE\", \"t\": true}";
	struct pqm_jwk k;
	bool is_close;

	(void)state;
	assert_int_equal(parse(&k, pqm_str(text), &is_close), PQM_OK);
	assert_true(k.off == 0 && k.end == sizeof(text) - 1);
	assert_string_equal(k.key.family, "X25519");
}

static void depth_and_size_are_limited(void **state)
{
	static const char key[] = "\"kty\":\"OKP\",\"crv\":\"X25519\","
				  "\"x\":\"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE\"}";
	struct pqm_buf b;
	struct pqm_jwk k;
	bool is_close;

	(void)state;
	for (unsigned depth = PQM_JWK_DEPTH; depth <= PQM_JWK_DEPTH + 1; depth++) {
		pqm_buf_init(&b, 4096);
		pqm_buf_f(&b, "{\"o\":%.*s%.*s,%s", (int)depth, "[[[[[[[[", (int)depth, "]]]]]]]]",
			key);
		assert_int_equal(parse(&k, pqm_buf_bytes(&b), &is_close),
			depth <= PQM_JWK_DEPTH ? PQM_OK : PQM_EPARSE);
		pqm_buf_fini(&b);
	}
	pqm_buf_init(&b, PQM_JWK_BYTES * 2);
	pqm_buf_f(&b, "{\"o\":\"");
	for (size_t i = 0; i < PQM_JWK_BYTES; i++)
		pqm_buf_byte(&b, 'o');
	pqm_buf_f(&b, "\",%s", key);
	assert_false(b.failed);
	assert_int_equal(parse(&k, pqm_buf_bytes(&b), &is_close), PQM_EPARSE);
	pqm_buf_fini(&b);
}

static void sets_give_each_key_at_its_brace(void **state)
{
	static const char *const want[] = { "RSA", "EC", "Ed25519", "X448", "ML-DSA" };
	static struct seen s;
	pqm_bytes text = fixture(store, "material-jwk/jwks.json");

	(void)state;
	detect(&s, &pqm_det_jwk, fixture_rules(), text, "jwks.json");
	assert_int_equal(s.n_found, 5); /* the symmetric key is not one */
	assert_int_equal(s.n_notes, 0);
	for (size_t i = 0; i < 5; i++) {
		assert_string_equal(s.found[i].family, want[i]);
		assert_string_equal(s.found[i].rule, "key.jwk");
		assert_int_equal(text.p[s.found[i].off], '{');
	}
}

static void private_members_never_reach_a_sighting(void **state)
{
	static struct seen s;

	(void)state;
	detect(&s, &pqm_det_jwk, fixture_rules(), fixture(store, "material-jwk/p256.private.json"),
		"x");
	assert_int_equal(s.n_found, 1);
	assert_string_equal(s.found[0].rule, "key.jwk-private");
	assert_string_equal(s.found[0].attrs, "use=enc;");
}

static void look_alikes_give_nothing(void **state)
{
	static const char *const files[] = { "material-jwk/oct.jwk", "material-jwk/schema.json",
		"material-jwk/prose.md" };
	static struct seen s;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		detect(&s, &pqm_det_jwk, fixture_rules(), fixture(store, files[i]), "x");
		assert_int_equal(s.n_found + s.n_notes, 0);
	}
	detect(&s, &pqm_det_jwk, fixture_rules(), fixture(store, "material-jwk/off-curve.jwk"),
		"x");
	assert_true(s.n_found == 0 && s.n_notes == 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_read_with_family_and_size),
		cmocka_unit_test(every_prefix_is_refused),
		cmocka_unit_test(members_must_make_a_key),
		cmocka_unit_test(braces_in_strings_and_other_members_do_not_confuse),
		cmocka_unit_test(depth_and_size_are_limited),
		cmocka_unit_test(sets_give_each_key_at_its_brace),
		cmocka_unit_test(private_members_never_reach_a_sighting),
		cmocka_unit_test(look_alikes_give_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
