#include "unit.h"

#include "base/limits.h"
#include "fixture.h"
#include "parse/pgp.h"

extern const struct pqm_detector pqm_det_pgp;

static uint8_t store[FIXTURE_BYTES];

struct keys {
	struct pqm_pgp_key k[16];
	size_t n;
};

static enum pqm_st keep(void *ctx, const struct pqm_pgp_key *k, struct pqm_err *err)
{
	struct keys *ks = ctx;

	(void)err;
	assert_true(ks->n < 16);
	ks->k[ks->n++] = *k;
	return PQM_OK;
}

static enum pqm_st walk(struct keys *ks, pqm_bytes b, struct pqm_err *err)
{
	size_t end;
	enum pqm_st st;

	*ks = (struct keys){ 0 };
	*err = (struct pqm_err){ 0 };
	st = pqm_pgp_walk(b, keep, ks, &end, err);
	assert_true(end <= b.n && (st == PQM_OK || err->msg[0] != '\0'));
	return st;
}

static void rings_give_primary_keys_and_subkeys(void **state)
{
	struct keys ks;
	struct pqm_err err;

	(void)state;
	assert_int_equal(walk(&ks, fixture(store, "material-pgp/nistp.gpg"), &err), PQM_OK);
	assert_int_equal(ks.n, 2);
	assert_string_equal(ks.k[0].key.parameter, "P-384");
	assert_int_equal(ks.k[0].key.use, PQM_PK_SIG);
	assert_true(!ks.k[0].is_subkey && ks.k[0].off == 0 && ks.k[0].version == 4);
	assert_string_equal(ks.k[1].key.parameter, "P-256");
	assert_int_equal(ks.k[1].key.use, PQM_PK_KEX);
	assert_true(ks.k[1].is_subkey && ks.k[1].off > 0);
	assert_int_equal(walk(&ks, fixture(store, "material-pgp/dsa-elgamal.gpg"), &err), PQM_OK);
	assert_string_equal(ks.k[0].key.family, "DSA");
	assert_string_equal(ks.k[1].key.family, "ElGamal");
	assert_int_equal(ks.k[1].key.bits, 2048);
}

static void secret_keys_are_told_from_public_ones(void **state)
{
	struct keys ks;
	struct pqm_err err;

	(void)state;
	assert_int_equal(walk(&ks, fixture(store, "material-pgp/rsa.secret.gpg"), &err), PQM_OK);
	assert_int_equal(ks.n, 2);
	assert_true(ks.k[0].is_secret && !ks.k[0].is_protected);
	assert_string_equal(ks.k[0].key.parameter, "2048");
	assert_string_equal(ks.k[1].key.parameter, "3072");
}

/* Length of the first packet, whose header is old format with two octets of length. */
static size_t first_packet(pqm_bytes b)
{
	assert_int_equal(b.p[0] & 0xc3, 0x81);
	return 3 + (size_t)((b.p[1] << 8) | b.p[2]);
}

static void every_prefix_of_a_key_packet_is_refused(void **state)
{
	static const char *const files[] = { "material-pgp/nistp.gpg",
		"material-pgp/dsa-elgamal.gpg", "material-pgp/rsa.secret.gpg" };
	struct keys ks;
	struct pqm_err err;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		pqm_bytes b = fixture(store, files[i]);
		size_t total;

		if (b.p[0] == 0x98)
			b = pqm_sub(b, 0, 2 + (size_t)b.p[1]);
		else
			b = pqm_sub(b, 0, first_packet(b));
		total = b.n;
		assert_int_equal(walk(&ks, b, &err), PQM_OK);
		for (size_t n = 1; n < total; n++) {
			assert_int_equal(walk(&ks, pqm_sub(b, 0, n), &err), PQM_EPARSE);
			assert_int_equal(ks.n, 0);
		}
	}
}

/* A v4 packet in new format around material. */
static pqm_bytes packet(struct pqm_buf *b, uint8_t tag, uint8_t version, uint8_t alg, pqm_bytes key)
{
	size_t head = version >= 5 ? 10 : 6, n = head + key.n;

	pqm_buf_init(b, 8192);
	pqm_buf_byte(b, (uint8_t)(0xc0 | tag));
	pqm_buf_byte(b, 0xff);
	pqm_buf_byte(b, (uint8_t)(n >> 24));
	pqm_buf_byte(b, (uint8_t)(n >> 16));
	pqm_buf_byte(b, (uint8_t)(n >> 8));
	pqm_buf_byte(b, (uint8_t)n);
	pqm_buf_byte(b, version);
	pqm_buf_add(b, PQM_LIT("\x60\x00\x00\x00"));
	pqm_buf_byte(b, alg);
	if (version >= 5) {
		pqm_buf_add(b, PQM_LIT("\0\0"));
		pqm_buf_byte(b, (uint8_t)(key.n >> 8));
		pqm_buf_byte(b, (uint8_t)key.n);
	}
	pqm_buf_add(b, key);
	assert_false(b->failed);
	return pqm_buf_bytes(b);
}

static void raw_and_composite_keys_have_their_own_length(void **state)
{
	static const struct {
		uint8_t alg;
		size_t bytes;
		const char *family, *parameter;
	} t[] = {
		{ 25, 32, "X25519", "" },
		{ 26, 56, "X448", "" },
		{ 27, 32, "Ed25519", "" },
		{ 28, 57, "Ed448", "" },
		{ 30, 1984, "ML-DSA+Ed25519", "65" },
		{ 31, 2649, "ML-DSA+Ed448", "87" },
		{ 32, 32, "SLH-DSA", "SHAKE-128s" },
		{ 34, 64, "SLH-DSA", "SHAKE-256s" },
		{ 35, 1216, "X25519+ML-KEM", "768" },
		{ 36, 1624, "X448+ML-KEM", "1024" },
	};

	static uint8_t bytes[4096];
	struct pqm_buf b;
	struct keys ks;
	struct pqm_err err;

	(void)state;
	memset(bytes, 0x5a, sizeof(bytes));
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		for (unsigned version = 4; version <= 6; version += 2) {
			pqm_bytes p = packet(&b, 6, (uint8_t)version, t[i].alg,
				(pqm_bytes){ bytes, t[i].bytes });

			assert_int_equal(walk(&ks, p, &err), PQM_OK);
			assert_int_equal(ks.n, 1);
			assert_string_equal(ks.k[0].key.family, t[i].family);
			assert_string_equal(ks.k[0].key.parameter, t[i].parameter);
			pqm_buf_fini(&b);
			p = packet(&b, 6, (uint8_t)version, t[i].alg,
				(pqm_bytes){ bytes, t[i].bytes + 1 });
			assert_int_equal(walk(&ks, p, &err), PQM_EPARSE);
			pqm_buf_fini(&b);
		}
	}
}

static void unknown_algorithms_are_stepped_over(void **state)
{
	struct pqm_buf b;
	struct keys ks;
	struct pqm_err err;

	(void)state;
	assert_int_equal(walk(&ks, packet(&b, 14, 4, 99, PQM_LIT("whatever")), &err), PQM_OK);
	assert_int_equal(ks.n, 0);
	pqm_buf_fini(&b);
}

static void partial_and_open_lengths_are_refused_for_keys(void **state)
{
	struct keys ks;
	struct pqm_err err;

	(void)state;
	assert_int_equal(walk(&ks, PQM_LIT("\xc6\xe1xy\x00"), &err), PQM_EPARSE);
	assert_non_null(strstr(err.msg, "definite"));
	assert_int_equal(walk(&ks, PQM_LIT("\x9b\x04zzzz"), &err), PQM_EPARSE);
	/* Literal data may come in parts. */
	assert_int_equal(walk(&ks, PQM_LIT("\xcb\xe1xy\x01z"), &err), PQM_OK);
	assert_int_equal(walk(&ks, PQM_LIT("\xcb\xe1xy\xfe"), &err), PQM_EPARSE);
}

static void lying_mpi_bits_and_lengths_are_refused(void **state)
{
	struct keys ks;
	struct pqm_err err;
	pqm_bytes b = fixture(store, "material-pgp/rsa.secret.gpg");
	size_t n = first_packet(b);

	(void)state;
	b = pqm_sub(b, 0, n);
	for (unsigned v = 0; v < 4; v++) {
		static const uint16_t bits[] = { 0, 2047, 2049, 0xffff };

		store[9] = (uint8_t)(bits[v] >> 8);
		store[10] = (uint8_t)bits[v];
		assert_int_equal(walk(&ks, b, &err), PQM_EPARSE);
	}
	store[9] = 0x08;
	store[10] = 0x00;
	assert_int_equal(walk(&ks, b, &err), PQM_OK);
	store[1] = store[2] = 0xff;
	assert_int_equal(walk(&ks, b, &err), PQM_EPARSE);
	store[1] = store[2] = 0;
	assert_int_equal(walk(&ks, b, &err), PQM_EPARSE);
}

static void a_key_packet_over_the_limit_is_refused(void **state)
{
	static uint8_t big[PQM_PGP_KEY_BYTES + 16] = { 0xc6, 0xff, 0x00, 0x01, 0x00, 0x01, 0x04 };
	struct keys ks;
	struct pqm_err err;

	(void)state;
	assert_int_equal(
		walk(&ks, (pqm_bytes){ big, 6 + PQM_PGP_KEY_BYTES + 1 }, &err), PQM_ELIMIT);
}

static void detector_reads_armour_rings_and_keyboxes(void **state)
{
	static const struct {
		const char *file;
		size_t n;
		const char *rule;
		uint64_t last_off; /* all keys of an armour stand at its start */
	} t[] = {
		{ "material-pgp/rsa.asc", 2, "key.pgp-public", 0 },
		{ "material-pgp/ed25519.asc", 2, "key.pgp-public", 0 },
		{ "material-pgp/ed25519.secret.asc", 2, "key.pgp-private", 0 },
		{ "material-pgp/pubring.kbx", 8, "key.pgp-public", 1 },
		{ "material-pgp/nistp.gpg", 2, "key.pgp-public", 1 },
	};
	static struct seen s;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		detect(&s, &pqm_det_pgp, fixture_rules(), fixture(store, t[i].file), "x");
		assert_int_equal(s.n_found, t[i].n);
		assert_int_equal(s.n_notes, 0);
		assert_string_equal(s.found[0].rule, t[i].rule);
		assert_true((s.found[s.n_found - 1].off > 0) == (t[i].last_off > 0));
		assert_null(strstr(s.found[0].attrs, "Demo")); /* no user ids */
	}
}

static void one_key_has_one_identity_in_public_and_secret_form(void **state)
{
	static struct seen s;
	char identity[80];

	(void)state;
	detect(&s, &pqm_det_pgp, fixture_rules(), fixture(store, "material-pgp/ed25519.asc"), "x");
	memcpy(identity, s.found[0].identity, sizeof(identity));
	detect(&s, &pqm_det_pgp, fixture_rules(), fixture(store, "material-pgp/ed25519.secret.asc"),
		"x");
	assert_string_equal(s.found[0].identity, identity);
}

static void look_alikes_give_nothing_and_broken_keys_a_note(void **state)
{
	static const char *const quiet[] = { "material-pgp/prose.md", "material-pgp/message.asc",
		"material-pgp/signature.sig" };
	static struct seen s;
	pqm_bytes b;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		detect(&s, &pqm_det_pgp, fixture_rules(), fixture(store, quiet[i]), "x");
		assert_int_equal(s.n_found + s.n_notes, 0);
	}
	b = fixture(store, "material-pgp/rsa.asc");
	detect(&s, &pqm_det_pgp, fixture_rules(), pqm_sub(b, 0, b.n / 2), "cut.asc");
	assert_true(s.n_found == 0 && s.n_notes == 1);
	b = fixture(store, "material-pgp/nistp.gpg");
	detect(&s, &pqm_det_pgp, fixture_rules(), pqm_sub(b, 0, b.n - 5), "cut.gpg");
	assert_true(s.n_found > 0 && s.n_notes == 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rings_give_primary_keys_and_subkeys),
		cmocka_unit_test(secret_keys_are_told_from_public_ones),
		cmocka_unit_test(every_prefix_of_a_key_packet_is_refused),
		cmocka_unit_test(raw_and_composite_keys_have_their_own_length),
		cmocka_unit_test(unknown_algorithms_are_stepped_over),
		cmocka_unit_test(partial_and_open_lengths_are_refused_for_keys),
		cmocka_unit_test(lying_mpi_bits_and_lengths_are_refused),
		cmocka_unit_test(a_key_packet_over_the_limit_is_refused),
		cmocka_unit_test(detector_reads_armour_rings_and_keyboxes),
		cmocka_unit_test(one_key_has_one_identity_in_public_and_secret_form),
		cmocka_unit_test(look_alikes_give_nothing_and_broken_keys_a_note),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
