#include "unit.h"

#include "base/limits.h"
#include "base/num.h"
#include "detect/material.h"
#include "fixture.h"
#include "parse/keys.h"
#include "parse/pem.h"

extern const struct pqm_detector pqm_det_der;

static uint8_t store[FIXTURE_BYTES];

/* The DER of a fixture, out of its armour when it has one. */
static void load(struct pqm_buf *der, const char *name)
{
	pqm_bytes text = fixture(store, name);
	size_t at = pqm_find(text, 0, PQM_LIT("-----BEGIN "));
	struct pqm_err err = { 0 };
	struct pqm_pem pem;

	pqm_buf_init(der, FIXTURE_BYTES);
	if (at == SIZE_MAX)
		assert_true(pqm_buf_add(der, text));
	else if (pqm_pem_read(&pem, der, text, at, &err) != PQM_OK)
		fail_msg("%s: %s", name, err.msg);
}

static enum pqm_st parse(struct pqm_mat *m, pqm_bytes der, unsigned kinds, struct pqm_err *err)
{
	static struct pqm_arena arena; /* texts of the last result stay readable */
	struct pqm_mat_ctx ctx;

	pqm_arena_fini(&arena);
	pqm_arena_init(&arena, (size_t)4 << 20);
	pqm_mat_ctx_init(&ctx, &arena, true);
	return pqm_mat_parse(m, der, kinds, &ctx, err);
}

static const struct {
	const char *file;
	enum pqm_mat_kind kind;
	const char *form, *oid, *curve;
	uint32_t bits;
} good[] = {
	{ "material/rsa2048.crt.pem", PQM_MAT_CERT, "X.509", PQM_OID_RSA, "", 2048 },
	{ "material/p256.crt.der", PQM_MAT_CERT, "X.509", PQM_OID_EC, PQM_OID_P256, 256 },
	{ "material/ed25519.crt.pem", PQM_MAT_CERT, "X.509", PQM_OID_ED25519, "", 255 },
	{ "material/mldsa65.crt.pem", PQM_MAT_CERT, "X.509", "2.16.840.1.101.3.4.3.18", "", 0 },
	{ "material/p256.csr.pem", PQM_MAT_REQUEST, "PKCS#10", PQM_OID_EC, PQM_OID_P256, 256 },
	{ "material/p256.crl.pem", PQM_MAT_CRL, "CRL", "", "", 0 },
	{ "material/p256.spki.der", PQM_MAT_PUBLIC, "SubjectPublicKeyInfo", PQM_OID_EC,
		PQM_OID_P256, 256 },
	{ "material/rsa1024.pub.pem", PQM_MAT_PUBLIC, "PKCS#1", PQM_OID_RSA, "", 1024 },
	{ "material/rsa1024.key.pem", PQM_MAT_PRIVATE, "PKCS#1", PQM_OID_RSA, "", 1024 },
	{ "material/p256.sec1.pem", PQM_MAT_PRIVATE, "SEC1", PQM_OID_EC, PQM_OID_P256, 256 },
	{ "material/ed25519.p8.der", PQM_MAT_PRIVATE, "PKCS#8", PQM_OID_ED25519, "", 255 },
	{ "material/x25519.p8.pem", PQM_MAT_PRIVATE, "PKCS#8", PQM_OID_X25519, "", 255 },
	{ "material/rsa1024.enc.pem", PQM_MAT_ENCRYPTED, "PKCS#8 encrypted",
		"1.2.840.113549.1.5.13", "", 0 },
	{ "material/rsa1024.pbe3des.pem", PQM_MAT_ENCRYPTED, "PKCS#8 encrypted",
		"1.2.840.113549.1.12.1.3", "", 0 },
	{ "material/dh-ffdhe2048.der", PQM_MAT_DH_PARAMS, "PKCS#3", PQM_OID_DH, "", 2048 },
	{ "material/ec-params.pem", PQM_MAT_EC_PARAMS, "EC", PQM_OID_EC, PQM_OID_P256, 0 },
	{ "material/bundle.p7b", PQM_MAT_CMS, "PKCS#7", "", "", 0 },
	{ "material/p256.p12", PQM_MAT_PKCS12, "PKCS#12", "1.2.840.113549.1.5.13", "", 0 },
};

#define N_GOOD (sizeof(good) / sizeof(good[0]))

static void every_form_is_told_from_the_others(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_GOOD; i++) {
		/* parameters of curves are one OID: not asked for where anything goes */
		unsigned kinds = good[i].kind == PQM_MAT_EC_PARAMS
			? PQM_MAT_ALL
			: PQM_MAT_ALL & ~PQM_MAT_BIT(PQM_MAT_EC_PARAMS);
		struct pqm_err err = { 0 };
		struct pqm_buf der;
		struct pqm_mat m;

		load(&der, good[i].file);
		if (parse(&m, pqm_buf_bytes(&der), kinds, &err) != PQM_OK)
			fail_msg("%s: %s", good[i].file, err.msg);
		assert_int_equal(m.kind, good[i].kind);
		assert_string_equal(m.form, good[i].form);
		assert_string_equal(m.oid, good[i].oid);
		assert_string_equal(m.curve, good[i].curve);
		assert_int_equal(m.bits, good[i].bits);
		assert_int_equal(strlen(m.digest), 64);
		pqm_buf_wipe(&der);
	}
}

static void every_strict_prefix_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_GOOD; i++) {
		struct pqm_buf der;
		struct pqm_mat m;

		load(&der, good[i].file);
		for (size_t n = 0; n < der.n; n++) {
			struct pqm_err err = { 0 };

			assert_int_equal(
				parse(&m, pqm_sub(pqm_buf_bytes(&der), 0, n), PQM_MAT_ALL, &err),
				PQM_EPARSE);
			assert_true(err.msg[0] != '\0');
		}
		pqm_buf_wipe(&der);
	}
}

/* Any length octet at 0 or at its most breaks the nesting: refused, or the same bytes by luck of a
 * part that nobody measures (a signature's value). Never a crash, never silence. */
static void broken_lengths_explain_themselves(void **state)
{
	static const uint8_t values[] = { 0x00, 0x7F, 0x80, 0x84, 0xFF };

	(void)state;
	for (size_t i = 0; i < N_GOOD; i++) {
		struct pqm_buf der;

		load(&der, good[i].file);
		for (size_t at = 0; at < der.n && at < 400; at++) {
			uint8_t was = der.p[at];

			for (size_t v = 0; v < sizeof(values); v++) {
				struct pqm_err err = { 0 };
				struct pqm_mat m;

				der.p[at] = values[v];
				if (parse(&m, pqm_buf_bytes(&der), PQM_MAT_ALL, &err) != PQM_OK)
					assert_true(err.msg[0] != '\0');
				if (at == 1 && values[v] != was)
					assert_int_equal(err.st, PQM_EPARSE);
			}
			der.p[at] = was;
		}
		pqm_buf_wipe(&der);
	}
}

static void spki_of(char hex[PQM_SPKI_HEX], const char *file)
{
	struct pqm_err err = { 0 };
	struct pqm_buf der;
	struct pqm_mat m;

	load(&der, file);
	assert_int_equal(parse(&m, pqm_buf_bytes(&der), PQM_MAT_ALL, &err), PQM_OK);
	memcpy(hex, m.spki, PQM_SPKI_HEX);
	assert_int_equal(strlen(hex), 64);
	pqm_buf_wipe(&der);
}

static void one_key_has_one_name_in_every_wrapper(void **state)
{
	static const char *const same[][3] = {
		{ "material/p256.sec1.pem", "material/p256.spki.der", "material/p256.crt.der" },
		{ "material/rsa1024.key.pem", "material/rsa1024.pub.pem",
			"material/rsa1024.key.pem" },
		{ "material/ed25519.p8.der", "material/ed25519.crt.pem",
			"material/ed25519.crt.pem" },
		{ "material/mldsa65.crt.pem", "material/mldsa65.spki.pem",
			"material/mldsa65.spki.pem" },
	};
	char a[PQM_SPKI_HEX], b[PQM_SPKI_HEX];
	struct pqm_buf der;

	(void)state;
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		spki_of(a, same[i][0]);
		for (size_t k = 1; k < 3; k++) {
			spki_of(b, same[i][k]);
			assert_string_equal(a, b);
		}
	}
	/* and that is the hash of the SubjectPublicKeyInfo */
	spki_of(a, "material/p256.spki.der");
	load(&der, "material/p256.spki.der");
	pqm_spki_der(b, pqm_buf_bytes(&der));
	assert_string_equal(a, b);
	pqm_buf_fini(&der);
}

static void certificates_tell_their_facts(void **state)
{
	struct pqm_err err = { 0 };
	struct pqm_buf der;
	struct pqm_mat m;

	(void)state;
	load(&der, "material/rsa2048.crt.pem");
	assert_int_equal(parse(&m, pqm_buf_bytes(&der), PQM_MAT_BIT(PQM_MAT_CERT), &err), PQM_OK);
	assert_bytes(m.text.subject, "CN=fixture,O=pqmap");
	assert_bytes(m.text.issuer, "CN=fixture,O=pqmap");
	assert_bytes(m.text.san, "a.example.test, 192.0.2.1");
	assert_bytes(m.text.usage, "digitalSignature");
	assert_true(m.text.is_self_issued && m.text.is_ca);
	assert_true(m.text.serial.n > 0);
	assert_int_equal(m.not_after - m.not_before, 3650);
	assert_string_equal(m.sig_oid, "1.2.840.113549.1.1.11");
	pqm_buf_fini(&der);
	load(&der, "material/p256.crt.der");
	assert_int_equal(parse(&m, pqm_buf_bytes(&der), PQM_MAT_BIT(PQM_MAT_CERT), &err), PQM_OK);
	assert_true(m.text.is_ca);
	pqm_buf_fini(&der);
	load(&der, "material/p256.p12");
	assert_int_equal(parse(&m, pqm_buf_bytes(&der), PQM_MAT_BIT(PQM_MAT_PKCS12), &err), PQM_OK);
	assert_string_equal(m.enc_oid, "2.16.840.1.101.3.4.1.42");
	assert_string_equal(m.mac_oid, "2.16.840.1.101.3.4.2.1");
	assert_int_equal(m.n_keys, 1);
	assert_int_equal(m.n_encrypted, 2);
	assert_int_equal(m.iterations, 2048);
	pqm_buf_fini(&der);
}

static void off_the_curve_is_no_key(void **state)
{
	struct pqm_err err = { 0 };
	struct pqm_buf der;
	struct pqm_mat m;
	uint32_t bits;

	(void)state;
	load(&der, "material/p256-off-curve.der");
	assert_int_equal(parse(&m, pqm_buf_bytes(&der), PQM_MAT_ALL, &err), PQM_EPARSE);
	assert_non_null(strstr(err.msg, "curve"));
	pqm_buf_fini(&der);
	assert_int_equal(pqm_ec_point(PQM_OID_P256, PQM_LIT("\x00"), &bits, NULL), PQM_EC_BAD);
	assert_int_equal(pqm_ec_point("1.2.3", PQM_LIT("\x04zz"), &bits, NULL), PQM_EC_UNKNOWN);
	assert_int_equal(pqm_ec_public(PQM_OID_P256, PQM_LIT("\x00\x00"), &bits, NULL), PQM_EC_BAD);
}

/* RSAPublicKey with a modulus of so many bits and these last and exponent bytes. */
static enum pqm_st rsa_of(uint32_t bits, uint8_t last, uint8_t e)
{
	static uint8_t n[PQM_RSA_BITS_MAX / 8 + 8];
	struct pqm_buf body, all;
	struct pqm_err err = { 0 };
	struct pqm_mat m;
	size_t bytes = (bits + 7) / 8;

	memset(n, 0xA5, sizeof(n));
	n[0] = (uint8_t)(1U << ((bits - 1) % 8));
	n[bytes - 1] = last;
	pqm_buf_init(&body, 8192);
	pqm_buf_init(&all, 8192);
	pqm_der_put_uint(&body, (pqm_bytes){ n, bytes });
	pqm_der_put_uint(&body, (pqm_bytes){ &e, 1 });
	pqm_der_put(&all, PQM_DER_SEQ, pqm_buf_bytes(&body));
	enum pqm_st st = parse(&m, pqm_buf_bytes(&all), PQM_MAT_BIT(PQM_MAT_PUBLIC), &err);

	assert_true(st == PQM_OK ? m.bits == bits : err.msg[0] != '\0');
	pqm_buf_fini(&all);
	pqm_buf_fini(&body);
	return st;
}

static void rsa_numbers_have_bounds(void **state)
{
	(void)state;
	assert_int_equal(rsa_of(PQM_RSA_BITS_MIN, 1, 3), PQM_OK);
	assert_int_equal(rsa_of(PQM_RSA_BITS_MIN - 1, 1, 3), PQM_EPARSE);
	assert_int_equal(rsa_of(PQM_RSA_BITS_MAX, 1, 3), PQM_OK);
	assert_int_equal(rsa_of(PQM_RSA_BITS_MAX + 1, 1, 3), PQM_EPARSE);
	assert_int_equal(rsa_of(1024, 2, 3), PQM_EPARSE);
	assert_int_equal(rsa_of(1024, 1, 2), PQM_EPARSE);
	assert_int_equal(rsa_of(1024, 1, 1), PQM_EPARSE);
}

static void limits_are_kept(void **state)
{
	struct pqm_buf certs, sd, content, all;
	struct pqm_err err = { 0 };
	struct pqm_arena arena;
	struct pqm_mat_ctx ctx;
	struct pqm_mat m;

	(void)state;
	assert_int_equal(
		parse(&m, (pqm_bytes){ store, PQM_DER_OBJECT_BYTES + 1 }, PQM_MAT_ALL, &err),
		PQM_ELIMIT);
	/* no checks left */
	load(&all, "material/p256.spki.der");
	pqm_arena_init(&arena, 4096);
	pqm_mat_ctx_init(&ctx, &arena, false);
	ctx.checks_left = 0;
	assert_int_equal(
		pqm_mat_parse(&m, pqm_buf_bytes(&all), PQM_MAT_ALL, &ctx, &err), PQM_ELIMIT);
	pqm_buf_fini(&all);
	pqm_arena_fini(&arena);
	/* a SignedData with one certificate too many */
	pqm_buf_init(&certs, 1U << 20);
	pqm_buf_init(&sd, 1U << 20);
	pqm_buf_init(&content, 1U << 20);
	pqm_buf_init(&all, 1U << 20);
	for (int i = 0; i <= PQM_CERTS_PER_STORE; i++)
		pqm_der_put(&certs, PQM_DER_SEQ, PQM_LIT(""));
	pqm_der_put_uint(&sd, PQM_LIT("\x01"));
	pqm_der_put(&sd, PQM_DER_SET, PQM_LIT(""));
	pqm_der_put(&sd, PQM_DER_SEQ, PQM_LIT(""));
	pqm_der_put(&sd, PQM_DER_CTX(0), pqm_buf_bytes(&certs));
	pqm_der_put(&sd, PQM_DER_SET, PQM_LIT(""));
	certs.n = content.n = 0;
	pqm_der_put(&certs, PQM_DER_SEQ, pqm_buf_bytes(&sd));
	assert_true(pqm_der_put_oid(&content, "1.2.840.113549.1.7.2"));
	pqm_der_put(&content, PQM_DER_CTX(0), pqm_buf_bytes(&certs));
	pqm_der_put(&all, PQM_DER_SEQ, pqm_buf_bytes(&content));
	assert_int_equal(
		parse(&m, pqm_buf_bytes(&all), PQM_MAT_BIT(PQM_MAT_CMS), &err), PQM_ELIMIT);
	pqm_buf_fini(&all);
	pqm_buf_fini(&content);
	pqm_buf_fini(&sd);
	pqm_buf_fini(&certs);
}

static void dh_primes_are_told_from_moduli(void **state)
{
	struct pqm_buf der;
	struct pqm_cur c, in;
	pqm_bytes p;

	(void)state;
	load(&der, "material/dh-ffdhe2048.der");
	c = pqm_cur_of(pqm_buf_bytes(&der));
	assert_true(pqm_der_enter(&c, PQM_DER_SEQ, &in) && pqm_der_uint(&in, &p));
	assert_true(pqm_is_prime(p));
	pqm_buf_fini(&der);
	load(&der, "material/rsa1024.pub.pem");
	c = pqm_cur_of(pqm_buf_bytes(&der));
	assert_true(pqm_der_enter(&c, PQM_DER_SEQ, &in) && pqm_der_uint(&in, &p));
	assert_false(pqm_is_prime(p));
	pqm_buf_fini(&der);
}

/* ---- det_der ---- */

static void objects_are_found_at_their_offset(void **state)
{
	static const char *const files[] = { "material/p256.crt.der", "material/p256.spki.der",
		"material/ed25519.p8.der", "material/dh-ffdhe2048.der" };
	static uint8_t body[8192];
	static struct seen s;
	uint64_t seed = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		size_t at = 333 + 101 * i;
		struct pqm_buf der;

		for (size_t k = 0; k < sizeof(body); k++)
			body[k] = (uint8_t)unit_random(&seed);
		load(&der, files[i]);
		memcpy(body + at, der.p, der.n);
		detect(&s, &pqm_det_der, fixture_rules(), (pqm_bytes){ body, sizeof(body) },
			"blob");
		assert_int_equal(s.n_found, 1);
		assert_int_equal(s.found[0].off, at);
		/* one bit of its length and it is noise; the key inside a certificate still is one */
		body[at + 1] ^= 1;
		detect(&s, &pqm_det_der, fixture_rules(), (pqm_bytes){ body, sizeof(body) },
			"blob");
		assert_int_equal(s.n_found, i == 0);
		assert_true(s.n_found == 0 || s.found[0].off > at);
		pqm_buf_wipe(&der);
	}
}

static void look_alikes_give_nothing(void **state)
{
	static const struct {
		const char *file, *name;
		size_t notes;
	} t[] = {
		{ "material/random.der", "random.der", 1 },
		{ "material/random.der", "random", 0 },
		{ "material/p256-off-curve.der", "key", 0 },
		{ "material/ed25519-template.bin", "code.bin", 0 },
		{ "material/ec-params.pem", "params", 0 },
	};
	static struct seen s;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct pqm_buf der;

		load(&der, t[i].file);
		detect(&s, &pqm_det_der, fixture_rules(), pqm_buf_bytes(&der), t[i].name);
		assert_int_equal(s.n_found, 0);
		assert_int_equal(s.n_notes, t[i].notes);
		pqm_buf_fini(&der);
	}
}

static void noise_gives_nothing(void **state)
{
	static uint8_t body[1 << 18];
	static struct seen s;
	uint64_t seed = 42;

	(void)state;
	for (int round = 0; round < 4; round++) {
		for (size_t k = 0; k < sizeof(body); k++)
			body[k] = (uint8_t)unit_random(&seed);
		body[0] = 0x30;
		body[1] = 0x83;
		detect(&s, &pqm_det_der, fixture_rules(), (pqm_bytes){ body, sizeof(body) },
			"noise");
		assert_int_equal(s.n_found + s.n_notes, 0);
	}
}

static void key_stores_in_ber_are_the_same(void **state)
{
	static const char *const files[] = { "material/p256.p12", "material/p256.ber.p12" };
	static struct seen s[2];

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		detect(&s[i], &pqm_det_der, fixture_rules(), fixture(store, files[i]), files[i]);
		assert_int_equal(s[i].n_found, 1);
		assert_string_equal(s[i].found[0].rule, "keystore.pkcs12");
		assert_string_equal(s[i].found[0].family, "AES");
		assert_string_equal(s[i].found[0].parameter, "256");
	}
	assert_string_equal(s[0].found[0].attrs, s[1].found[0].attrs);
}

/* Objects that all jump to the same long tail, which never ends: quadratic without a budget. */
static void ber_that_never_closes_is_given_up(void **state)
{
	enum { HALF = 1 << 15, ANCHOR = 18 };

	static const char head[] = "\x30\x80\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x07\x02\x04\x83";
	static uint8_t body[2 * HALF + FIXTURE_BYTES];
	static struct seen s;
	static struct pqm_hit hit[HALF / ANCHOR];
	struct pqm_arena arena;
	size_t n = 0, first = 0;
	uint64_t done = 0;

	(void)state;
	for (size_t at = 0; at + ANCHOR <= HALF; at += ANCHOR) {
		size_t jump = HALF - at - ANCHOR;

		memcpy(body + at, head, sizeof(head) - 1);
		for (size_t i = 0; i < 3; i++)
			body[at + 15 + i] = (uint8_t)(jump >> (8 * (2 - i)));
		hit[n++] = (struct pqm_hit){ at, 8 };
	}
	for (size_t at = HALF; at < sizeof(body); at += 2)
		body[at] = 0x04;
	struct pqm_artifact a = { .body = { body, sizeof(body) }, .arena = &arena };
	struct pqm_err err = { 0 };

	assert_true(n > 1000);
	s = (struct seen){ .emit = { seen_found, NULL, NULL, seen_note, seen_claim } };
	pqm_arena_init(&arena, (size_t)8 << 20);
	for (size_t at = 0; at < n; at += 8) { /* in batches, as the engine may */
		struct pqm_hits hits = { hit + at, n - at < 8 ? n - at : 8, &done };

		assert_int_equal(
			pqm_det_der.run(fixture_rules(), &a, &hits, &s.emit, &err), PQM_OK);
		if (s.n_notes > 0 && first == 0)
			first = at + 8;
	}
	assert_int_equal(s.n_notes, 1);
	/* each costs 16 bytes for each of the (HALF + 64 Ki) / 2 elements, and a few */
	assert_in_range(first, 8,
		(PQM_BER_WORK_BYTES + 4 * sizeof(body)) / (8 * (HALF + FIXTURE_BYTES)) + 8);
	/* what is no BER is still read */
	pqm_bytes store12 = fixture(store, "material/p256.p12");
	size_t at = sizeof(body) - store12.n;

	memcpy(body + at, store12.p, store12.n);
	hit[0] = (struct pqm_hit){ at, 0 };
	struct pqm_hits last = { hit, 1, &done };

	assert_int_equal(pqm_det_der.run(fixture_rules(), &a, &last, &s.emit, &err), PQM_OK);
	assert_int_equal(s.n_notes, 1);
	assert_int_equal(s.n_found, 1);
	assert_true(s.found[0].off == at);
	pqm_arena_fini(&arena);
}

struct states {
	struct pqm_emit emit; /* first: the callback casts back */
	enum pqm_quantum quantum;
	bool has_words;
	size_t n;
};

static enum pqm_st states_found(struct pqm_emit *e, const struct pqm_found *f)
{
	struct states *s = (struct states *)(void *)e;

	s->quantum = f->quantum;
	s->has_words = pqm_find(f->why, 0, PQM_LIT("not read")) != SIZE_MAX;
	s->n++;
	return PQM_OK;
}

/* The cipher is safe; the key that it guards was not seen. */
static void what_was_not_read_is_not_called_safe(void **state)
{
	static const char *const files[] = { "material/rsa1024.enc.pem",
		"material/rsa1024.pbe3des.pem", "material/p256.p12" };

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct states s = { .emit = { states_found, NULL, NULL, seen_note, seen_claim } };
		struct pqm_material mt;
		struct pqm_arena arena;
		struct pqm_buf der;
		struct pqm_err err = { 0 };

		load(&der, files[i]);
		pqm_arena_init(&arena, (size_t)4 << 20);
		pqm_material_init(&mt, fixture_rules(), &s.emit, &arena, true);
		assert_int_equal(
			pqm_material_der(&mt, pqm_buf_bytes(&der), PQM_MAT_ALL, &err), PQM_OK);
		assert_int_equal(s.n, 1);
		assert_int_equal(s.quantum, PQM_Q_UNKNOWN);
		assert_true(s.has_words);
		pqm_arena_fini(&arena);
		pqm_buf_wipe(&der);
	}
}

static void small_keys_are_weak_today(void **state)
{
	static const struct {
		const char *family;
		uint32_t bits;
		enum pqm_classical otherwise, want;
	} t[] = {
		{ "RSA", 512, PQM_C_OK, PQM_C_BROKEN },
		{ "RSA", 1024, PQM_C_OK, PQM_C_DEPRECATED },
		{ "RSA", 2048, PQM_C_OK, PQM_C_OK },
		{ "DSA", 1024, PQM_C_DEPRECATED, PQM_C_DEPRECATED },
		{ "DSA", 3072, PQM_C_DEPRECATED, PQM_C_DEPRECATED },
		{ "DH", 768, PQM_C_OK, PQM_C_BROKEN },
		{ "EC", 192, PQM_C_OK, PQM_C_DEPRECATED },
		{ "EC", 256, PQM_C_OK, PQM_C_OK },
		{ "AES", 128, PQM_C_OK, PQM_C_OK },
		{ "RSA", 0, PQM_C_OK, PQM_C_OK },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		assert_int_equal(
			pqm_material_classical(pqm_str(t[i].family), t[i].bits, t[i].otherwise),
			t[i].want);
}

/* No finding carries a private number, in any of the forms it could be written. */
static void private_bytes_stay_inside(void **state)
{
	static struct seen s;
	struct pqm_buf der;
	char hex[65];

	(void)state;
	load(&der, "material/ed25519.p8.der");
	assert_true(der.n == 48);
	pqm_hex(hex, der.p + 16, 32);
	detect(&s, &pqm_det_der, fixture_rules(), pqm_buf_bytes(&der), "key.der");
	assert_int_equal(s.n_found, 1);
	assert_null(strstr(s.found[0].identity, hex));
	assert_null(strstr(s.found[0].attrs, hex));
	assert_null(memmem(&s, sizeof(s), der.p + 16, 32));
	pqm_buf_wipe(&der);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_form_is_told_from_the_others),
		cmocka_unit_test(every_strict_prefix_is_refused),
		cmocka_unit_test(broken_lengths_explain_themselves),
		cmocka_unit_test(one_key_has_one_name_in_every_wrapper),
		cmocka_unit_test(certificates_tell_their_facts),
		cmocka_unit_test(off_the_curve_is_no_key),
		cmocka_unit_test(rsa_numbers_have_bounds),
		cmocka_unit_test(limits_are_kept),
		cmocka_unit_test(dh_primes_are_told_from_moduli),
		cmocka_unit_test(objects_are_found_at_their_offset),
		cmocka_unit_test(look_alikes_give_nothing),
		cmocka_unit_test(noise_gives_nothing),
		cmocka_unit_test(key_stores_in_ber_are_the_same),
		cmocka_unit_test(ber_that_never_closes_is_given_up),
		cmocka_unit_test(what_was_not_read_is_not_called_safe),
		cmocka_unit_test(small_keys_are_weak_today),
		cmocka_unit_test(private_bytes_stay_inside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
