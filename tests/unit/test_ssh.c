#include "unit.h"

#include "base/limits.h"
#include "fixture.h"
#include "parse/armour.h"
#include "parse/ssh.h"

extern const struct pqm_detector pqm_det_ssh, pqm_det_ssh_private;

static uint8_t store[FIXTURE_BYTES];

/* The blob of the first key line of a fixture. */
static pqm_bytes blob_of(struct pqm_buf *b, const char *name)
{
	pqm_bytes text = fixture(store, name);
	size_t at = pqm_find(text, 0, PQM_LIT("AAAA"));
	struct pqm_ssh_line l;

	assert_true(at != SIZE_MAX && pqm_ssh_line_at(&l, text, at));
	pqm_buf_init(b, PQM_SSH_BLOB_BYTES);
	assert_true(pqm_base64(b, l.base64, NULL));
	return pqm_buf_bytes(b);
}

static void public_keys_are_read_with_family_and_size(void **state)
{
	static const struct {
		const char *file, *type, *family, *parameter;
		uint32_t bits;
	} t[] = {
		{ "material-ssh/rsa2048.pub", "ssh-rsa", "RSA", "2048", 2048 },
		{ "material-ssh/dsa1024.pub", "ssh-dss", "DSA", "1024", 1024 },
		{ "material-ssh/p256.pub", "ecdsa-sha2-nistp256", "EC", "P-256", 256 },
		{ "material-ssh/p384.pub", "ecdsa-sha2-nistp384", "EC", "P-384", 384 },
		{ "material-ssh/p521.pub", "ecdsa-sha2-nistp521", "EC", "P-521", 521 },
		{ "material-ssh/ed25519.pub", "ssh-ed25519", "Ed25519", "", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct pqm_ssh_key k;
		struct pqm_err err;
		struct pqm_buf b;

		assert_int_equal(pqm_ssh_blob(&k, blob_of(&b, t[i].file), &err), PQM_OK);
		assert_bytes(k.type, t[i].type);
		assert_string_equal(k.key.family, t[i].family);
		assert_string_equal(k.key.parameter, t[i].parameter);
		assert_int_equal(k.key.bits, t[i].bits);
		assert_memory_equal(k.key.identity, "spki:", 5);
		assert_false(k.is_cert || k.is_sk);
		pqm_buf_fini(&b);
	}
}

static void certificates_tell_key_and_authority(void **state)
{
	struct pqm_ssh_key k;
	struct pqm_err err;
	struct pqm_buf b;

	(void)state;
	assert_int_equal(
		pqm_ssh_blob(&k, blob_of(&b, "material-ssh/ed25519-cert.pub"), &err), PQM_OK);
	assert_true(k.is_cert);
	assert_string_equal(k.key.family, "Ed25519");
	assert_int_equal(k.cert.type, PQM_SSH_CERT_USER);
	assert_int_equal(k.cert.n_principals, 2);
	assert_bytes(k.cert.key_id, "demo-id");
	assert_string_equal(k.cert.ca.family, "RSA");
	assert_string_equal(k.cert.ca.parameter, "2048");
	pqm_buf_fini(&b);
	assert_int_equal(pqm_ssh_blob(&k, blob_of(&b, "material-ssh/host-cert.pub"), &err), PQM_OK);
	assert_int_equal(k.cert.type, PQM_SSH_CERT_HOST);
	assert_string_equal(k.key.parameter, "P-384");
	assert_true(k.cert.valid_before == UINT64_MAX && k.cert.n_principals == 0);
	pqm_buf_fini(&b);
}

static const char *const blobs[] = { "material-ssh/rsa2048.pub", "material-ssh/dsa1024.pub",
	"material-ssh/p256.pub", "material-ssh/ed25519.pub", "material-ssh/ed25519-cert.pub",
	"material-ssh/host-cert.pub" };

static void every_prefix_and_every_longer_blob_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(blobs) / sizeof(blobs[0]); i++) {
		struct pqm_ssh_key k = { .is_sk = true };
		struct pqm_err err;
		struct pqm_buf b;
		pqm_bytes blob = blob_of(&b, blobs[i]);

		for (size_t n = 0; n < blob.n; n++) {
			err = (struct pqm_err){ 0 };
			assert_int_equal(pqm_ssh_blob(&k, pqm_sub(blob, 0, n), &err), PQM_EPARSE);
			assert_true(err.msg[0] != '\0' && k.is_sk); /* untouched */
		}
		assert_true(pqm_buf_byte(&b, 0));
		assert_int_equal(pqm_ssh_blob(&k, pqm_buf_bytes(&b), &err), PQM_EPARSE);
		pqm_buf_fini(&b);
	}
}

static void put32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

/* Every length of the plain keys, one at a time, at 0, one more, one less and the maximum. */
static void every_lying_length_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct pqm_ssh_key k;
		struct pqm_err err;
		struct pqm_buf b;
		pqm_bytes blob = blob_of(&b, blobs[i]);

		for (size_t at = 0; at < blob.n;) {
			uint32_t n = ((uint32_t)blob.p[at] << 24) |
				((uint32_t)blob.p[at + 1] << 16) | ((uint32_t)blob.p[at + 2] << 8) |
				blob.p[at + 3];
			uint32_t lies[] = { 0, n + 1, n - 1, UINT32_MAX, UINT32_MAX - 3 };

			for (size_t l = 0; l < sizeof(lies) / sizeof(lies[0]); l++) {
				put32(b.p + at, lies[l]);
				assert_int_equal(pqm_ssh_blob(&k, blob, &err), PQM_EPARSE);
			}
			put32(b.p + at, n);
			at += 4 + n;
		}
		assert_int_equal(pqm_ssh_blob(&k, blob, &err), PQM_OK);
		pqm_buf_fini(&b);
	}
}

static void impossible_numbers_are_refused(void **state)
{
	struct pqm_ssh_key k;
	struct pqm_err err;
	struct pqm_buf b;
	pqm_bytes blob = blob_of(&b, "material-ssh/rsa2048.pub");

	(void)state;
	b.p[blob.n - 1] ^= 1; /* even modulus */
	assert_int_equal(pqm_ssh_blob(&k, blob, &err), PQM_EPARSE);
	pqm_buf_fini(&b);
	blob = blob_of(&b, "material-ssh/p256.pub");
	b.p[blob.n - 1] ^= 1; /* off the curve */
	assert_int_equal(pqm_ssh_blob(&k, blob, &err), PQM_EPARSE);
	b.p[blob.n - 1] ^= 1;
	b.p[blob.n - 65] = 0x02; /* compressed form with the length of the other */
	assert_int_equal(pqm_ssh_blob(&k, blob, &err), PQM_EPARSE);
	pqm_buf_fini(&b);
}

static void a_blob_over_the_limit_is_refused(void **state)
{
	struct pqm_ssh_key k;
	struct pqm_err err;
	static uint8_t zeros[PQM_SSH_BLOB_BYTES + 1];
	pqm_bytes big = { zeros, sizeof(zeros) };

	(void)state;
	assert_int_equal(pqm_ssh_blob(&k, big, &err), PQM_ELIMIT);
}

static void unknown_types_are_told_when_they_nest(void **state)
{
	const pqm_bytes ok = PQM_LIT("\0\0\0\x0cssh-new-type\0\0\0\x20"
				     "0123456789abcdef0123456789abcdef");
	struct pqm_ssh_key k;
	struct pqm_err err;

	(void)state;
	assert_int_equal(pqm_ssh_blob(&k, ok, &err), PQM_OK);
	assert_string_equal(k.key.family, "unknown");
	assert_memory_equal(k.key.identity, "sha256:", 7);
	assert_int_equal(pqm_ssh_blob(&k, pqm_sub(ok, 0, ok.n - 1), &err), PQM_EPARSE);
}

static pqm_bytes private_of(struct pqm_buf *b, const char *name)
{
	static const struct pqm_armour pem = { .name = "key",
		.begin = "-----BEGIN OPENSSH PRIVATE KEY-----",
		.end = "-----END OPENSSH PRIVATE KEY-----",
		.dashes = "-----" };
	struct pqm_err err;
	size_t total;

	pqm_buf_init(b, PQM_SSH_PRIVATE_BYTES);
	assert_int_equal(pqm_armour_decode(&pem, fixture(store, name), b, &total, &err), PQM_OK);
	return pqm_buf_bytes(b);
}

static void private_containers_are_read_and_their_prefixes_refused(void **state)
{
	static const struct {
		const char *file, *cipher, *family;
	} t[] = {
		{ "material-ssh/rsa2048", "none", "RSA" },
		{ "material-ssh/ed25519", "none", "Ed25519" },
		{ "material-ssh/p256-encrypted", "aes256-ctr", "EC" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct pqm_ssh_private k;
		struct pqm_err err;
		struct pqm_buf b;
		pqm_bytes blob = private_of(&b, t[i].file);

		assert_int_equal(pqm_ssh_private(&k, blob, true, &err), PQM_OK);
		assert_bytes(k.cipher, t[i].cipher);
		assert_string_equal(k.key.key.family, t[i].family);
		assert_int_equal(k.total, blob.n);
		for (size_t n = 0; n < blob.n; n++)
			assert_int_equal(
				pqm_ssh_private(&k, pqm_sub(blob, 0, n), true, &err), PQM_EPARSE);
		assert_true(pqm_buf_byte(&b, 0));
		blob = pqm_buf_bytes(&b);
		assert_int_equal(pqm_ssh_private(&k, blob, true, &err), PQM_EPARSE);
		assert_int_equal(pqm_ssh_private(&k, blob, false, &err), PQM_OK);
		pqm_buf_wipe(&b);
	}
}

static void lines_tell_key_from_surroundings(void **state)
{
	static const struct {
		const char *text;
		size_t off;
		enum pqm_ssh_place place;
	} t[] = {
		{ "ssh-ed25519 AAAAkey", 0, PQM_SSH_USER },
		{ "ssh-ed25519   \tAAAAkey note", 0, PQM_SSH_USER },
		{ "restrict,from=\"a b\" ssh-ed25519 AAAAkey", 20, PQM_SSH_USER },
		{ "x\nhost.example,10.0.0.1 ssh-ed25519 AAAAkey", 24, PQM_SSH_HOST },
		{ "|1|c2FsdA==|aGFzaA== ssh-ed25519 AAAAkey", 21, PQM_SSH_HOST },
		{ "@revoked * ssh-ed25519 AAAAkey", 11, PQM_SSH_HOST },
		{ "ada@mail.example ssh-ed25519 AAAAkey", 17, PQM_SSH_USER },
		{ "#ssh-ed25519 AAAAkey", 1, PQM_SSH_REMARK },
		{ "  # old: ssh-ed25519 AAAAkey", 9, PQM_SSH_REMARK },
		{ "  - ssh-ed25519 AAAAkey", 4, PQM_SSH_USER },
		{ "key: \"ssh-ed25519 AAAAkey\"", 6, PQM_SSH_USER },
		{ "\"a\\nssh-ed25519 AAAAkey\\n\"", 4, PQM_SSH_USER },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		pqm_bytes text = pqm_str(t[i].text);
		struct pqm_ssh_line l;

		assert_true(pqm_ssh_line_at(&l, text, pqm_find(text, 0, PQM_LIT("AAAA"))));
		assert_int_equal(l.off, t[i].off);
		assert_int_equal(pqm_ssh_place_at(text, l.off), t[i].place);
		assert_bytes(l.type, "ssh-ed25519");
		assert_bytes(l.base64, "AAAAkey");
	}
}

static void text_without_a_key_type_is_no_line(void **state)
{
	static const char *const t[] = { "AAAAkey", " AAAAkey", "\nAAAAkey", "x\n AAAAkey",
		"a:AAAAkey", "ssh-rsaAAAAkey", "ssh-rsa AAAAkey-more", "ssh-rsa\nAAAAkey" };

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		pqm_bytes text = pqm_str(t[i]);
		struct pqm_ssh_line l;

		assert_false(pqm_ssh_line_at(&l, text, pqm_find(text, 0, PQM_LIT("AAAA"))));
	}
}

static void detector_finds_lines_at_their_key_types(void **state)
{
	static struct seen s;
	pqm_bytes text = fixture(store, "material-ssh/authorized_keys");

	(void)state;
	detect(&s, &pqm_det_ssh, fixture_rules(), text, "authorized_keys");
	assert_int_equal(s.n_found, 3); /* the key behind '#' is a remark */
	assert_int_equal(s.n_notes, 0);
	for (size_t i = 0; i < s.n_found; i++) {
		assert_string_equal(s.found[i].rule, "key.ssh-public");
		assert_true(strstr(s.found[i].attrs, "comment=demo") != NULL);
	}
	assert_memory_equal(text.p + s.found[1].off, "ssh-ed25519 ", 12);
	detect(&s, &pqm_det_ssh, fixture_rules(), fixture(store, "material-ssh/known_hosts"), "x");
	assert_int_equal(s.n_found, 3);
	for (size_t i = 0; i < s.n_found; i++) {
		assert_string_equal(s.found[i].rule, "key.ssh-host");
		assert_null(strstr(s.found[i].attrs, "example"));
	}
}

static void one_key_has_one_identity_in_every_wrapper(void **state)
{
	static const char *const files[] = { "material-ssh/rsa2048.pub",
		"material-ssh/rsa2048.ssh2", "material-ssh/values.yaml" };
	static struct seen s;
	char identity[80];

	(void)state;
	detect(&s, &pqm_det_ssh_private, fixture_rules(), fixture(store, "material-ssh/rsa2048"),
		"k");
	assert_int_equal(s.n_found, 1);
	memcpy(identity, s.found[0].identity, sizeof(identity));
	for (size_t i = 0; i < 3; i++) {
		detect(&s, &pqm_det_ssh, fixture_rules(), fixture(store, files[i]), "k");
		assert_true(s.n_found > 0);
		assert_string_equal(s.found[s.n_found - 1].identity, identity);
	}
}

static void look_alikes_give_nothing_and_broken_keys_a_note(void **state)
{
	static struct seen s;

	(void)state;
	detect(&s, &pqm_det_ssh, fixture_rules(), fixture(store, "material-ssh/prose.md"),
		"prose.md");
	assert_int_equal(s.n_found + s.n_notes, 0);
	detect(&s, &pqm_det_ssh_private, fixture_rules(), fixture(store, "material-ssh/prose.md"),
		"x");
	assert_int_equal(s.n_found + s.n_notes, 0);
	detect(&s, &pqm_det_ssh, fixture_rules(), fixture(store, "material-ssh/wrong-type.pub"),
		"a.pub");
	assert_int_equal(s.n_found + s.n_notes, 0);
	detect(&s, &pqm_det_ssh, fixture_rules(), fixture(store, "material-ssh/cut.pub"),
		"cut.pub");
	assert_true(s.n_found == 0 && s.n_notes == 1);
	detect(&s, &pqm_det_ssh_private, fixture_rules(), fixture(store, "material-ssh/cut.key"),
		"x");
	assert_true(s.n_found == 0 && s.n_notes == 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(public_keys_are_read_with_family_and_size),
		cmocka_unit_test(certificates_tell_key_and_authority),
		cmocka_unit_test(every_prefix_and_every_longer_blob_is_refused),
		cmocka_unit_test(every_lying_length_is_refused),
		cmocka_unit_test(impossible_numbers_are_refused),
		cmocka_unit_test(a_blob_over_the_limit_is_refused),
		cmocka_unit_test(unknown_types_are_told_when_they_nest),
		cmocka_unit_test(private_containers_are_read_and_their_prefixes_refused),
		cmocka_unit_test(lines_tell_key_from_surroundings),
		cmocka_unit_test(text_without_a_key_type_is_no_line),
		cmocka_unit_test(detector_finds_lines_at_their_key_types),
		cmocka_unit_test(one_key_has_one_identity_in_every_wrapper),
		cmocka_unit_test(look_alikes_give_nothing_and_broken_keys_a_note),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
