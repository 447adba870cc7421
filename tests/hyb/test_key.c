/* Key files: round trips, the three private forms, published vectors, and everything that is refused. */
#include "vec.h"

#include "hyb/asn1.h"
#include "hyb/key.h"
#include "hyb/sha2.h"

static const hyb_bytes none = { NULL, 0 };
static uint64_t seed = 0x9e3779b97f4a7c15;

static bool fill(void *ctx, uint8_t *p, size_t n)
{
	bool *works = ctx;

	for (size_t i = 0; *works && i < n; i++)
		p[i] = (uint8_t)vec_random(&seed);
	return *works;
}

static bool is_zero(const void *p, size_t n)
{
	const uint8_t *b = p;

	while (n > 0 && b[n - 1] == 0)
		n--;
	return n == 0;
}

static enum hyb_st make(struct hyb_private *k, unsigned i)
{
	return i < HYB_KEM_SUITES
		? hyb_private_new_kem(k, hyb_kem_suite((enum hyb_kem_id)i))
		: hyb_private_new_sig(k, hyb_sig_suite((enum hyb_sig_id)(i - HYB_KEM_SUITES)));
}

static const char *name_of(const struct hyb_public *k)
{
	return k->kem != NULL ? k->kem->name : k->sig->name;
}

static bool same_public(const struct hyb_public *a, const struct hyb_public *b)
{
	return a->kind == b->kind && a->kem == b->kem && a->sig == b->sig && a->n == b->n &&
		memcmp(a->key, b->key, a->n) == 0 && memcmp(a->id, b->id, sizeof(a->id)) == 0;
}

static bool same_private(const struct hyb_private *a, const struct hyb_private *b)
{
	return same_public(&a->pub, &b->pub) && a->is_expanded == b->is_expanded && a->n == b->n &&
		memcmp(a->key, b->key, a->n) == 0;
}

/* The private key does what the public key expects. */
static bool works(const struct hyb_private *k, const struct hyb_public *pub)
{
	static uint8_t ct[HYB_KEM_CT_MAX], ss[2][HYB_KEM_SS_MAX], sig[HYB_SIG_SIG_MAX];
	const hyb_bytes m = { (const uint8_t *)"message", 7 }, ctx = { (const uint8_t *)"ctx", 3 };
	uint8_t digest[64];
	size_t n;

	if (pub->kind == HYB_KEY_KEM)
		return hyb_kem_encaps(pub->kem, ct, ss[0], pub->key) == HYB_OK &&
			hyb_private_decaps(ss[1], ct, k) == HYB_OK &&
			memcmp(ss[0], ss[1], pub->kem->ss_bytes) == 0;
	memset(digest, 7, sizeof(digest));
	if (hyb_private_sign(sig, &n, m, ctx, k) != HYB_OK ||
		!hyb_public_verify((hyb_bytes){ sig, n }, m, ctx, pub) ||
		hyb_public_verify((hyb_bytes){ sig, n }, m, none, pub))
		return false;
	hyb_bytes d = { digest, pub->sig->id == HYB_SIG_MLDSA44_P256 ? 32 : 64 };

	return hyb_private_sign_digest(sig, &n, d, ctx, k) == HYB_OK &&
		hyb_sig_verify_digest(pub->sig, (hyb_bytes){ sig, n }, d, ctx, pub->key) &&
		!hyb_sig_verify_digest(pub->sig, (hyb_bytes){ sig, n }, d, none, pub->key);
}

static void round_trips(void)
{
	struct vec v = { "every suite: made, written, read, used", 0, 0 };
	static uint8_t file[HYB_KEY_FILE_MAX];
	static struct hyb_private k, back;
	static struct hyb_public pub;
	size_t n;

	for (unsigned i = 0; i < HYB_KEM_SUITES + HYB_SIG_SUITES; i++) {
		enum hyb_st st = make(&k, i);

		if (i < HYB_KEM_SUITES && hyb_kem_suite((enum hyb_kem_id)i)->oid == NULL) {
			vec_case(&v, st == HYB_E_SUITE && is_zero(&k, sizeof(k)),
				"suite %u without an identifier made a key", i);
			continue;
		}
		vec_case(&v, st == HYB_OK, "suite %u: %s", i, hyb_st_text(st));
		if (st != HYB_OK)
			continue;
		vec_case(&v, works(&k, &k.pub), "%s does not work", name_of(&k.pub));
		for (int pem = 0; pem < 2; pem++) {
			st = hyb_private_write(file, &n, &k, none, pem);
			vec_case(&v, st == HYB_OK, "%s: %s", name_of(&k.pub), hyb_st_text(st));
			st = hyb_private_read(&back, (hyb_bytes){ file, n }, none);
			vec_case(&v, st == HYB_OK && same_private(&k, &back), "%s: %s",
				name_of(&k.pub), hyb_st_text(st));
			st = hyb_public_write(file, &n, &k.pub, pem);
			vec_case(&v, st == HYB_OK, "%s: %s", name_of(&k.pub), hyb_st_text(st));
			st = hyb_public_read(&pub, (hyb_bytes){ file, n });
			vec_case(&v, st == HYB_OK && same_public(&k.pub, &pub), "%s: %s",
				name_of(&k.pub), hyb_st_text(st));
			if (!pem) {
				struct hyb_sha256 h;
				uint8_t id[32];

				hyb_sha256_init(&h);
				hyb_sha256_update(&h, file, n);
				hyb_sha256_final(&h, id);
				vec_case(&v, memcmp(id, pub.id, 32) == 0, "%s: key id",
					name_of(&k.pub));
			}
		}
		hyb_private_clear(&k);
		vec_case(&v, is_zero(&k, sizeof(k)), "not cleared");
	}
	vec_end(&v);
}

static void passphrases(void)
{
	struct vec v = { "encrypted keys: right, wrong, missing, damaged", 0, 0 };
	const hyb_bytes right = { (const uint8_t *)"correct horse", 13 };
	const hyb_bytes wrong = { (const uint8_t *)"correct horsf", 13 };
	static uint8_t file[HYB_KEY_FILE_MAX], der[HYB_KEY_FILE_MAX];
	static struct hyb_private k, back;
	enum hyb_armour armour;
	size_t n, der_n;

	if (make(&k, HYB_KEM_SUITES + HYB_SIG_MLDSA87_P384) != HYB_OK ||
		hyb_private_write(file, &n, &k, right, true) != HYB_OK) {
		vec_case(&v, false, "cannot be made");
		vec_end(&v);
		return;
	}
	vec_case(&v,
		hyb_private_read(&back, (hyb_bytes){ file, n }, right) == HYB_OK &&
			same_private(&k, &back),
		"right passphrase");
	vec_case(&v,
		hyb_private_read(&back, (hyb_bytes){ file, n }, wrong) == HYB_E_PASSPHRASE &&
			is_zero(&back, sizeof(back)),
		"wrong passphrase");
	vec_case(&v, hyb_private_read(&back, (hyb_bytes){ file, n }, none) == HYB_E_PASSPHRASE,
		"no passphrase");
	vec_case(&v, hyb_public_read(&back.pub, (hyb_bytes){ file, n }) == HYB_E_FORMAT,
		"read as a public key");
	vec_case(&v,
		hyb_private_write(file, &n, &k, (hyb_bytes){ (const uint8_t *)"", 0 }, true) ==
				HYB_E_ARG &&
			n == 0,
		"an empty passphrase");
	if (hyb_private_write(der, &der_n, &k, right, false) != HYB_OK)
		exit(1);
	/* the last byte is of the tag, the one before the middle of the ciphertext */
	for (size_t at = der_n - 1; at > der_n / 2; at -= der_n / 3) {
		der[at] ^= 1;
		vec_case(&v,
			hyb_private_read(&back, (hyb_bytes){ der, der_n }, right) ==
				HYB_E_PASSPHRASE,
			"byte %zu changed", at);
		der[at] ^= 1;
	}
	for (n = 0; n < der_n; n++)
		vec_case(&v, hyb_private_read(&back, (hyb_bytes){ der, n }, right) == HYB_E_FORMAT,
			"cut to %zu bytes", n);
	vec_case(&v,
		hyb_pem_write(file, &n, HYB_ARMOUR_PRIVATE, (hyb_bytes){ der, der_n }) == 0 &&
			hyb_private_read(&back, (hyb_bytes){ file, n }, right) == HYB_E_FORMAT,
		"encrypted under the label of plain keys");
	vec_case(&v,
		hyb_pem_write(file, &n, HYB_ARMOUR_ENCRYPTED, (hyb_bytes){ der, der_n }) == 0 &&
			hyb_pem_read(der, &der_n, &armour, (hyb_bytes){ file, n }) == HYB_OK &&
			armour == HYB_ARMOUR_ENCRYPTED,
		"armour");
	vec_end(&v);
}

/* What an EncryptedPrivateKeyInfo says; its ciphertext is zeros. */
struct costs {
	uint64_t n, r, p;
	size_t salt, nonce, ct;
	uint64_t key, tag; /* key 0: left out */
};

static size_t costly(uint8_t *out, const struct costs *c)
{
	static const uint8_t fixed[128];
	struct hyb_der_out o;
	uint8_t oid[DER_OID_MAX];
	size_t all = HYB_KEY_FILE_MAX, in, mid;

	hyb_der_start(&o, out, all);
	hyb_der_put_value(&o, DER_OCTETS, (hyb_bytes){ fixed, c->ct });
	mid = in = o.at;
	hyb_der_put_uint(&o, c->tag);
	hyb_der_put_value(&o, DER_OCTETS, (hyb_bytes){ fixed, c->nonce });
	hyb_der_wrap(&o, in, DER_SEQUENCE);
	hyb_der_put_value(
		&o, DER_OID, (hyb_bytes){ oid, hyb_der_oid(oid, "2.16.840.1.101.3.4.1.46") });
	hyb_der_wrap(&o, mid, DER_SEQUENCE);
	in = o.at;
	if (c->key > 0)
		hyb_der_put_uint(&o, c->key);
	hyb_der_put_uint(&o, c->p);
	hyb_der_put_uint(&o, c->r);
	hyb_der_put_uint(&o, c->n);
	hyb_der_put_value(&o, DER_OCTETS, (hyb_bytes){ fixed, c->salt });
	hyb_der_wrap(&o, in, DER_SEQUENCE);
	hyb_der_put_value(
		&o, DER_OID, (hyb_bytes){ oid, hyb_der_oid(oid, "1.3.6.1.4.1.11591.4.11") });
	hyb_der_wrap(&o, in, DER_SEQUENCE);
	hyb_der_wrap(&o, mid, DER_SEQUENCE);
	hyb_der_put_value(
		&o, DER_OID, (hyb_bytes){ oid, hyb_der_oid(oid, "1.2.840.113549.1.5.13") });
	hyb_der_wrap(&o, mid, DER_SEQUENCE);
	hyb_der_wrap(&o, all, DER_SEQUENCE);
	memmove(out, out + o.at, all - o.at);
	return all - o.at;
}

static void scrypt_limits(void)
{
	static const struct {
		struct costs c;
		enum hyb_st st;
	} t[] = {
		{ { 2, 1, 1, 16, 12, 48, 32, 16 }, HYB_E_PASSPHRASE },
		{ { 2, 1, 1, 16, 12, 48, 0, 16 }, HYB_E_PASSPHRASE },
		{ { 2, 1, 1, 16, 12, 48, 16, 16 }, HYB_E_FORMAT },
		{ { 2, 1, 1, 16, 12, 48, 33, 16 }, HYB_E_FORMAT },
		{ { 2, 1, 1, 16, 11, 48, 32, 16 }, HYB_E_FORMAT },
		{ { 2, 1, 1, 16, 13, 48, 32, 16 }, HYB_E_FORMAT },
		{ { 2, 1, 1, 16, 12, 48, 32, 12 }, HYB_E_FORMAT },
		{ { 2, 1, 1, 16, 12, 15, 32, 16 }, HYB_E_FORMAT },
		{ { 2, 1, 1, 16, 12, 16, 32, 16 }, HYB_E_PASSPHRASE },
		{ { 1 << 14, 8, 1, 8, 12, 48, 0, 16 }, HYB_E_PASSPHRASE },
		{ { 1 << 14, 8, 1, 7, 12, 48, 0, 16 }, HYB_E_FORMAT },
		{ { 1 << 14, 8, 1, 64, 12, 48, 0, 16 }, HYB_E_PASSPHRASE },
		{ { 1 << 14, 8, 1, 65, 12, 48, 0, 16 }, HYB_E_LIMIT },
		{ { 3, 8, 1, 16, 12, 48, 0, 16 }, HYB_E_LIMIT },
		{ { 0, 8, 1, 16, 12, 48, 0, 16 }, HYB_E_LIMIT },
		{ { 1, 8, 1, 16, 12, 48, 0, 16 }, HYB_E_LIMIT },
		{ { 16, 0, 1, 16, 12, 48, 0, 16 }, HYB_E_LIMIT },
		{ { 16, 8, 0, 16, 12, 48, 0, 16 }, HYB_E_LIMIT },
		{ { 1 << 16, 1, 1, 16, 12, 48, 0, 16 }, HYB_E_LIMIT },
		{ { 1 << 22, 1, 1, 16, 12, 48, 0, 16 }, HYB_E_LIMIT },
		{ { 1 << 19, 8, 1, 16, 12, 48, 0, 16 }, HYB_E_LIMIT },
		{ { 1 << 18, 8, 2, 16, 12, 48, 0, 16 }, HYB_E_LIMIT },
		{ { 16, 8, 1 << 20, 16, 12, 48, 0, 16 }, HYB_E_LIMIT },
		{ { 1ULL << 62, 8, 1, 16, 12, 48, 0, 16 }, HYB_E_LIMIT },
		{ { 2, 1ULL << 62, 1, 16, 12, 48, 0, 16 }, HYB_E_LIMIT },
		{ { 2, 1, 1ULL << 62, 16, 12, 48, 0, 16 }, HYB_E_LIMIT },
		{ { 2, 1ULL << 33, 1ULL << 33, 16, 12, 48, 0, 16 }, HYB_E_LIMIT },
	};
	struct vec v = { "what an encrypted file may ask for", 0, 0 };
	static uint8_t der[HYB_KEY_FILE_MAX];
	struct hyb_private k;

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		size_t n = costly(der, &t[i].c);
		enum hyb_st st = hyb_private_read(
			&k, (hyb_bytes){ der, n }, (hyb_bytes){ (const uint8_t *)"x", 1 });

		vec_case(&v, st == t[i].st, "case %zu: %s", i, hyb_st_text(st));
	}
	vec_end(&v);
}

/* `in` again, with a NULL at the end of the SEQUENCE number *which in the order in which they open. */
static size_t with_null(uint8_t *out, hyb_bytes in, int *which)
{
	size_t n = 0;

	while (in.n > 0) {
		uint8_t tag = in.p[0], inner[600];
		struct hyb_der_out o;
		hyb_bytes body;

		if (!hyb_der_take(&in, tag, &body))
			exit(1);
		if (tag == DER_SEQUENCE) {
			bool here = (*which)-- == 0;
			size_t m = with_null(inner, body, which);

			if (here) {
				inner[m++] = 0x05;
				inner[m++] = 0x00;
			}
			body = (hyb_bytes){ inner, m };
		}
		hyb_der_start(&o, out + n, 600 - n);
		hyb_der_put_value(&o, tag, body);
		memmove(out + n, out + n + o.at, 600 - n - o.at);
		n += 600 - n - o.at;
	}
	return n;
}

static void encrypted_structure(void)
{
	struct vec v = { "an encrypted file with a value too many", 0, 0 };
	static const struct costs c = { 2, 1, 1, 16, 12, 48, 32, 16 };
	static uint8_t der[HYB_KEY_FILE_MAX], odd[HYB_KEY_FILE_MAX];
	static struct hyb_private k;
	size_t n = costly(der, &c);
	hyb_bytes pass = { (const uint8_t *)"x", 1 };

	for (int which = -1; which < 7; which++) {
		int left = which;
		size_t m = with_null(odd, (hyb_bytes){ der, n }, &left);

		vec_case(&v,
			left == which - 7 &&
				hyb_private_read(&k, (hyb_bytes){ odd, m }, pass) ==
					(which < 0 ? HYB_E_PASSPHRASE : HYB_E_FORMAT),
			"SEQUENCE %d", which);
	}
	der[n] = 0x05;
	der[n + 1] = 0;
	vec_case(&v, hyb_private_read(&k, (hyb_bytes){ der, n + 2 }, pass) == HYB_E_FORMAT,
		"after it");
	vec_end(&v);
}

/* One value of DER, or none. */
static void der_values(void)
{
	static const struct {
		const char *hex;
		bool octets; /* an OCTET STRING, else a small INTEGER */
		bool good;
	} t[] = {
		{ "0400", true, true },
		{ "0401aa", true, true },
		{ "0402aa", true, false },
		{ "048101aa", true, false }, /* short form would do */
		{ "04820001aa", true, false },
		{ "0480aa0000", true, false }, /* indefinite */
		{ "0484000000", true, false }, /* beyond any key */
		{ "0401", true, false },
		{ "04", true, false },
		{ "", true, false },
		{ "0501aa", true, false },
		{ "020100", false, true },
		{ "02017f", false, true },
		{ "0200", false, false },
		{ "020180", false, false },   /* negative */
		{ "0202007f", false, false }, /* not minimal */
		{ "02020080", false, true },
		{ "02087fffffffffffffff", false, true },
		{ "0208ffffffffffffffff", false, false },
		{ "020900ffffffffffffffff", false, false },
	};
	struct vec v = { "DER values, strictly", 0, 0 };

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		hyb_bytes in = vec_unhex(t[i].hex), was = in, body;
		uint64_t n;
		bool good = t[i].octets ? hyb_der_take(&in, DER_OCTETS, &body)
					: hyb_der_take_uint(&in, &n);

		vec_case(&v, good == t[i].good, "%s", t[i].hex);
		vec_case(&v, good ? in.n == 0 : in.p == was.p && in.n == was.n, "%s: left over",
			t[i].hex);
	}
	/* 128 bytes and more: the long form, written and read */
	for (size_t n = 126; n < 70000; n += n < 300 ? 1 : 12345) {
		static uint8_t buf[80000], content[70000];
		struct hyb_der_out o;
		hyb_bytes in, body;

		hyb_der_start(&o, buf, sizeof(buf));
		hyb_der_put_value(&o, DER_OCTETS, (hyb_bytes){ content, n });
		in = (hyb_bytes){ buf + o.at, sizeof(buf) - o.at };
		vec_case(&v,
			!o.failed && hyb_der_take(&in, DER_OCTETS, &body) && body.n == n &&
				in.n == 0,
			"%zu bytes", n);
	}
	vec_end(&v);
}

/* Length octets of values whose bodies are there, so that the form alone is refused. */
static void der_lengths(void)
{
	static const struct {
		const char *hex;
		size_t n; /* octets in sight */
		bool good;
	} t[] = {
		{ "048185", 3 + 133, true },
		{ "04820085", 4 + 133, false }, /* a leading zero */
		{ "0483000085", 5 + 133, false },
		{ "0489010000000000000085", 11 + 133, false }, /* 2^64 more than there is */
		{ "048185", 3 + 132, false },
		{ "048185", 2, false }, /* the length itself is cut off */
		{ "04820100", 3, false },
		{ "04820100", 4 + 256, true },
	};
	struct vec v = { "DER lengths, strictly", 0, 0 };

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		static uint8_t buf[400];
		hyb_bytes head = vec_unhex(t[i].hex), in = { buf, t[i].n }, body;

		memcpy(buf, head.p, head.n);
		vec_case(&v,
			hyb_der_take(&in, DER_OCTETS, &body) == t[i].good &&
				(!t[i].good || body.p == buf + head.n),
			"%s, %zu in sight", t[i].hex, t[i].n);
	}
	vec_end(&v);
}

/* A BIT STRING without even the count of its unused bits is no key, whatever its suite. */
static void no_bits(void)
{
	struct vec v = { "a public key of no octets", 0, 0 };
	static uint8_t buf[100];
	static struct hyb_public got;
	uint8_t oid[DER_OID_MAX];
	struct hyb_der_out o;
	size_t alg;

	hyb_der_start(&o, buf, sizeof(buf));
	hyb_der_put_value(&o, DER_BITS, none);
	alg = o.at;
	hyb_der_put_value(&o, DER_OID,
		(hyb_bytes){ oid, hyb_der_oid(oid, hyb_kem_suite(HYB_KEM_MLKEM768)->oid) });
	hyb_der_wrap(&o, alg, DER_SEQUENCE);
	hyb_der_wrap(&o, sizeof(buf), DER_SEQUENCE);
	vec_case(&v,
		hyb_public_read(&got, (hyb_bytes){ buf + o.at, sizeof(buf) - o.at }) ==
			HYB_E_FORMAT,
		"no octets");
	vec_end(&v);
}

/* PKCS#8 around any private octets. */
static size_t pkcs8(uint8_t *out, const char *oid_text, hyb_bytes octets, const hyb_bytes *public)
{
	struct hyb_der_out o;
	uint8_t oid[DER_OID_MAX];
	size_t all = HYB_KEY_FILE_MAX, in;

	hyb_der_start(&o, out, all);
	if (public != NULL) {
		in = o.at;
		hyb_der_put(&o, *public);
		hyb_der_put_byte(&o, 0);
		hyb_der_wrap(&o, in, DER_CONTEXT(1));
	}
	hyb_der_put_value(&o, DER_OCTETS, octets);
	in = o.at;
	hyb_der_put_value(&o, DER_OID, (hyb_bytes){ oid, hyb_der_oid(oid, oid_text) });
	hyb_der_wrap(&o, in, DER_SEQUENCE);
	hyb_der_put_uint(&o, public != NULL);
	hyb_der_wrap(&o, all, DER_SEQUENCE);
	memmove(out, out + o.at, all - o.at);
	return all - o.at;
}

static uint8_t choice_buf[8192];

/* Seed, expanded, or both when neither is NULL. */
static hyb_bytes choice(const hyb_bytes *s, const hyb_bytes *expanded)
{
	struct hyb_der_out o;

	hyb_der_start(&o, choice_buf, sizeof(choice_buf));
	if (expanded != NULL)
		hyb_der_put_value(&o, DER_OCTETS, *expanded);
	if (s != NULL)
		hyb_der_put_value(&o, expanded != NULL ? DER_OCTETS : DER_CONTEXT(0), *s);
	if (s != NULL && expanded != NULL)
		hyb_der_wrap(&o, sizeof(choice_buf), DER_SEQUENCE);
	return (hyb_bytes){ choice_buf + o.at, sizeof(choice_buf) - o.at };
}

/* An expanded key signs digests of SHA-512 and contexts of 255 bytes at most. */
static void expanded_digests(void)
{
	struct vec v = { "digests that an expanded key signs", 0, 0 };
	static struct hyb_private k;
	static uint8_t octets[300], file[HYB_KEY_FILE_MAX], sig[HYB_SIG_SIG_MAX];
	static uint8_t fips[HYB_MLDSA65_SK_BYTES];
	hyb_bytes digest = { octets, 64 }, ctx = { octets, 255 };
	size_t n, sig_n;

	if (make(&k, HYB_KEM_SUITES + HYB_SIG_MLDSA65) != HYB_OK ||
		hyb_fips_ops(&k.pub)->expand(fips, k.key) != HYB_OK)
		exit(1);
	n = pkcs8(
		file, k.pub.sig->oid, choice(NULL, &(const hyb_bytes){ fips, sizeof(fips) }), NULL);
	vec_case(&v, hyb_private_read(&k, (hyb_bytes){ file, n }, none) == HYB_OK && k.is_expanded,
		"read");
	vec_case(&v,
		hyb_private_sign_digest(sig, &sig_n, digest, ctx, &k) == HYB_OK &&
			hyb_sig_verify_digest(
				k.pub.sig, (hyb_bytes){ sig, sig_n }, digest, ctx, k.pub.key),
		"64 bytes, 255 bytes");
	for (size_t m = 63; m < 66; m += 2) {
		digest.n = m;
		vec_case(&v,
			hyb_private_sign_digest(sig, &sig_n, digest, none, &k) == HYB_E_ARG &&
				sig_n == 0,
			"a digest of %zu bytes", m);
	}
	digest.n = 64;
	ctx.n = 256;
	vec_case(&v,
		hyb_private_sign_digest(sig, &sig_n, digest, ctx, &k) == HYB_E_ARG && sig_n == 0,
		"a context of 256 bytes");
	vec_end(&v);
}

static void one_pure(struct vec *v, const struct hyb_private *k)
{
	const struct hyb_fips_ops *ops = hyb_fips_ops(&k->pub);
	const char *oid = k->pub.kem != NULL ? k->pub.kem->oid : k->pub.sig->oid;
	static uint8_t file[HYB_KEY_FILE_MAX], fips[HYB_MLDSA87_SK_BYTES + 1], s[65];
	static struct hyb_private got;
	hyb_bytes full = { fips, ops->fips_bytes }, sd = { s, k->n },
		  pub = { k->pub.key, k->pub.n };
	enum hyb_st st;
	size_t n;

	memcpy(s, k->key, k->n);
	vec_case(v, ops->expand(fips, k->key) == HYB_OK, "expand");
	n = pkcs8(file, oid, choice(&sd, &full), NULL);
	st = hyb_private_read(&got, (hyb_bytes){ file, n }, none);
	vec_case(v, st == HYB_OK && same_private(k, &got), "%s both: %s", name_of(&k->pub),
		hyb_st_text(st));
	n = pkcs8(file, oid, choice(&sd, NULL), &pub);
	st = hyb_private_read(&got, (hyb_bytes){ file, n }, none);
	vec_case(v, st == HYB_OK && same_private(k, &got), "%s seed and public key: %s",
		name_of(&k->pub), hyb_st_text(st));
	n = pkcs8(file, oid, choice(NULL, &full), NULL);
	st = hyb_private_read(&got, (hyb_bytes){ file, n }, none);
	vec_case(v, st == HYB_OK && got.is_expanded && same_public(&k->pub, &got.pub),
		"%s expanded: %s", name_of(&k->pub), hyb_st_text(st));
	vec_case(v, st == HYB_OK && works(&got, &k->pub), "%s expanded does not work",
		name_of(&k->pub));
	st = hyb_private_write(file, &n, &got, none, true);
	vec_case(v,
		st == HYB_OK && hyb_private_read(&got, (hyb_bytes){ file, n }, none) == HYB_OK &&
			got.is_expanded,
		"%s expanded, written", name_of(&k->pub));
	/* one changed byte in each part: of the seed, of each eighth of the expanded form, its end */
	for (unsigned i = 0; i < 10; i++) {
		size_t at = i < 9 ? i * ops->fips_bytes / 9 : ops->fips_bytes - 1;

		fips[at] ^= 4;
		n = pkcs8(file, oid, choice(&sd, &full), NULL);
		st = hyb_private_read(&got, (hyb_bytes){ file, n }, none);
		vec_case(v, st == HYB_E_BAD_KEY && is_zero(&got, sizeof(got)),
			"%s both, byte %zu changed: %s", name_of(&k->pub), at, hyb_st_text(st));
		/* alone, only z of ML-KEM and K of ML-DSA can be anything */
		n = pkcs8(file, oid, choice(NULL, &full), NULL);
		st = hyb_private_read(&got, (hyb_bytes){ file, n }, none);
		if (k->pub.kind == HYB_KEY_KEM ? at < ops->fips_bytes - 32 : at < 32 || at >= 64)
			vec_case(v, st != HYB_OK, "%s expanded, byte %zu changed: accepted",
				name_of(&k->pub), at);
		fips[at] ^= 4;
	}
	s[0] ^= 1;
	n = pkcs8(file, oid, choice(&sd, &full), NULL);
	vec_case(v, hyb_private_read(&got, (hyb_bytes){ file, n }, none) == HYB_E_BAD_KEY,
		"%s: the seed of another key", name_of(&k->pub));
	n = pkcs8(file, oid, choice(&sd, NULL), &pub);
	vec_case(v, hyb_private_read(&got, (hyb_bytes){ file, n }, none) == HYB_E_BAD_KEY,
		"%s: the public key of another key", name_of(&k->pub));
	for (int d = -1; d <= 1; d += 2) {
		hyb_bytes s1 = { s, (size_t)((int)sd.n + d) };
		hyb_bytes f1 = { fips, (size_t)((int)full.n + d) };

		n = pkcs8(file, oid, choice(&s1, NULL), NULL);
		vec_case(v, hyb_private_read(&got, (hyb_bytes){ file, n }, none) == HYB_E_BAD_KEY,
			"%s: seed length %+d", name_of(&k->pub), d);
		n = pkcs8(file, oid, choice(NULL, &f1), NULL);
		vec_case(v, hyb_private_read(&got, (hyb_bytes){ file, n }, none) == HYB_E_BAD_KEY,
			"%s: expanded length %+d", name_of(&k->pub), d);
	}
	n = pkcs8(file, oid, sd, NULL);
	vec_case(v, hyb_private_read(&got, (hyb_bytes){ file, n }, none) != HYB_OK, "%s: bare seed",
		name_of(&k->pub));
}

static void three_forms(void)
{
	struct vec v = { "seed, expanded and both forms of ML-KEM and ML-DSA", 0, 0 };
	static struct hyb_private k;

	for (unsigned i = 0; i < HYB_KEM_SUITES + HYB_SIG_SUITES; i++)
		if (make(&k, i) == HYB_OK && hyb_fips_ops(&k.pub) != NULL)
			one_pure(&v, &k);
	vec_end(&v);
}

/* Prefixes are refused; a changed byte is refused or gives another key, and never the same. */
static void damage(void)
{
	struct vec v = { "files cut short, lengthened, changed in any byte", 0, 0 };
	static uint8_t file[HYB_KEY_FILE_MAX + 1];
	static struct hyb_private k, got;
	static struct hyb_public pub;
	size_t n;

	if (make(&k, HYB_KEM_MLKEM768) != HYB_OK)
		exit(1);
	for (int pem = 0; pem < 2; pem++) {
		if (hyb_private_write(file, &n, &k, none, pem) != HYB_OK)
			exit(1);
		for (size_t i = 0; i < n; i++) {
			/* a last newline may be missing in no form: the line must end */
			vec_case(&v, hyb_private_read(&got, (hyb_bytes){ file, i }, none) != HYB_OK,
				"private, %zu of %zu bytes", i, n);
			for (unsigned bit = 0; bit < 8; bit++) {
				file[i] ^= (uint8_t)(1 << bit);
				vec_case(&v,
					hyb_private_read(&got, (hyb_bytes){ file, n }, none) !=
							HYB_OK ||
						!same_private(&k, &got),
					"private, pem %d, byte %zu bit %u changed unseen", pem, i,
					bit);
				file[i] ^= (uint8_t)(1 << bit);
			}
		}
		file[n] = 'A';
		vec_case(&v,
			hyb_private_read(&got, (hyb_bytes){ file, n + 1 }, none) == HYB_E_FORMAT,
			"private, one byte more");
		if (hyb_public_write(file, &n, &k.pub, pem) != HYB_OK)
			exit(1);
		for (size_t i = 0; i < n; i++) {
			vec_case(&v,
				hyb_public_read(&pub, (hyb_bytes){ file, i }) != HYB_OK &&
					is_zero(&pub, sizeof(pub)),
				"public, %zu of %zu bytes", i, n);
			file[i] ^= 1;
			vec_case(&v,
				hyb_public_read(&pub, (hyb_bytes){ file, n }) != HYB_OK ||
					!same_public(&k.pub, &pub),
				"public, pem %d, byte %zu changed unseen", pem, i);
			file[i] ^= 1;
		}
		file[n] = 'A';
		vec_case(&v, hyb_public_read(&pub, (hyb_bytes){ file, n + 1 }) == HYB_E_FORMAT,
			"public, one byte more");
		vec_case(&v, hyb_private_read(&got, (hyb_bytes){ file, n }, none) == HYB_E_FORMAT,
			"a public key read as a private one");
	}
	vec_case(&v,
		hyb_public_read(&pub, (hyb_bytes){ file, HYB_KEY_FILE_MAX + 1 }) == HYB_E_LIMIT,
		"too long");
	vec_end(&v);
}

static void armour(void)
{
#define B "-----BEGIN PUBLIC KEY-----\n"
#define E "-----END PUBLIC KEY-----\n"
#define L64 "MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAw"

	static const struct {
		const char *text;
		size_t n; /* 0: refused */
	} t[] = {
		{ B "MDA=\n" E, 2 },
		{ B L64 "\n" E, 48 },
		{ B L64 "\nMDAw\n" E, 51 },
		{ B L64 "\r\nMDAw\r\n" E "\r\n", 51 },
		{ B "MDA=\n" E "\n\n", 2 },
		{ B E, 0 },
		{ B "\n" E, 0 },
		{ B "MDA=\n", 0 },
		{ B "MDA=\n-----END PUBLIC KEY-----", 0 },
		{ B "MDB=\n" E, 0 }, /* padding bits set */
		{ B "MA=\n" E, 0 },
		{ B "M===\n" E, 0 },
		{ B "====\n" E, 0 },
		{ B "MDA\n" E, 0 },
		{ B "MDAwA\n" E, 0 }, /* a fifth character of no bits */
		{ B "MD A\n" E, 0 },
		{ B "MDA=MDAw\n" E, 0 },
		{ B "MDAw\nMDAw\n" E, 0 }, /* a short line that is not the last */
		{ B L64 "MDAw\n" E, 0 },   /* a long one */
		{ B "MD-w\n" E, 0 },	   /* url-safe */
		{ B "MD_w\n" E, 0 },
		{ B "MD\200w\n" E, 0 },
		{ B " MDA=\n" E, 0 },
		{ B "MDA= \n" E, 0 },
		{ "\n" B "MDA=\n" E, 0 },
		{ B "MDA=\n" E "x", 0 },
		{ B "MDA=\n" E B "MDA=\n" E, 0 },
		{ B "MDA=\n-----END PRIVATE KEY-----\n", 0 },
		{ "-----BEGIN CERTIFICATE-----\nMDA=\n-----END CERTIFICATE-----\n", 0 },
		{ "-----BEGIN PUBLIC KEY----\nMDA=\n" E, 0 },
		{ "-----BEGIN PUBLIC KEY-----x\nMDA=\n" E, 0 },
		{ "-----", 0 },
		{ "", 0 },
	};
	struct vec v = { "PEM: every character by its value, and strict lines", 0, 0 };
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	static uint8_t der[HYB_KEY_FILE_MAX], out[HYB_KEY_FILE_MAX];
	enum hyb_armour a;
	char text[200];
	size_t n, m;

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		hyb_bytes in = { (const uint8_t *)t[i].text, strlen(t[i].text) };
		enum hyb_st st = hyb_pem_read(der, &n, &a, in);

		vec_case(&v, t[i].n == 0 ? st != HYB_OK : st == HYB_OK && n == t[i].n,
			"case %zu: %s", i, hyb_st_text(st));
	}
	for (unsigned c = 0; c < 256; c++) {
		const char *at = c != 0 ? strchr(alphabet, (int)c) : NULL;
		int len = snprintf(text, sizeof(text), B "A%cAA\n" E, (int)c);
		enum hyb_st st =
			hyb_pem_read(der, &n, &a, (hyb_bytes){ (uint8_t *)text, (size_t)len });

		vec_case(&v,
			at == NULL ? st != HYB_OK
				   : st == HYB_OK && n == 3 &&
					(unsigned)(der[0] << 4 | der[1] >> 4) ==
						(unsigned)(at - alphabet),
			"character %u", c);
		if (at != NULL &&
			hyb_pem_write(out, &m, HYB_ARMOUR_PUBLIC, (hyb_bytes){ der, 3 }) == 0)
			vec_case(&v, m == (size_t)len && memcmp(out, text, m) == 0,
				"character %u written", c);
	}
	vec_end(&v);
}

/* The octets of k as they are, checked by nobody. */
static size_t spki(uint8_t *file, const struct hyb_public *k)
{
	size_t n;

	if (hyb_public_write(file, &n, k, false) != HYB_OK)
		exit(1);
	return n;
}

/* Where a value too many, of another type or under another label is put. */
enum extra {
	NOTHING,
	AFTER_KEY,   /* behind the last field */
	AFTER_ALL,   /* behind the outermost value */
	PARAMETERS,  /* NULL in the algorithm identifier */
	UNUSED_BITS, /* in the BIT STRING */
	IN_CHOICE,   /* behind the private CHOICE */
	IN_BOTH,     /* behind seed and expanded */
	VERSION_2,   /* without a public key */
	VERSION_3,
	EXTRAS,
};

static void put_alg(struct hyb_der_out *o, const char *text, enum extra x)
{
	uint8_t oid[DER_OID_MAX];
	size_t since = o->at;

	if (x == PARAMETERS)
		hyb_der_put_value(o, 0x05, none);
	hyb_der_put_value(o, DER_OID, (hyb_bytes){ oid, hyb_der_oid(oid, text) });
	hyb_der_wrap(o, since, DER_SEQUENCE);
}

static hyb_bytes odd_public(uint8_t *buf, const struct hyb_public *k, enum extra x)
{
	struct hyb_der_out o;
	size_t all = HYB_KEY_FILE_MAX, in;

	hyb_der_start(&o, buf, all);
	if (x == AFTER_ALL)
		hyb_der_put_value(&o, 0x05, none);
	all = o.at;
	if (x == AFTER_KEY)
		hyb_der_put_value(&o, 0x05, none);
	in = o.at;
	hyb_der_put(&o, (hyb_bytes){ k->key, k->n });
	hyb_der_put_byte(&o, x == UNUSED_BITS);
	hyb_der_wrap(&o, in, DER_BITS);
	put_alg(&o, k->kem->oid, x);
	hyb_der_wrap(&o, all, DER_SEQUENCE);
	return (hyb_bytes){ buf + o.at, HYB_KEY_FILE_MAX - o.at };
}

static hyb_bytes odd_private(uint8_t *buf, const struct hyb_private *k, enum extra x)
{
	static uint8_t fips[HYB_MLKEM768_DK_BYTES];
	struct hyb_der_out o;
	size_t all = HYB_KEY_FILE_MAX, in;

	if (hyb_fips_ops(&k->pub)->expand(fips, k->key) != HYB_OK)
		exit(1);
	hyb_der_start(&o, buf, all);
	if (x == AFTER_ALL)
		hyb_der_put_value(&o, 0x05, none);
	all = o.at;
	if (x == AFTER_KEY)
		hyb_der_put_value(&o, 0x05, none);
	in = o.at;
	if (x == IN_CHOICE)
		hyb_der_put_value(&o, 0x05, none);
	size_t both = o.at;
	if (x == IN_BOTH)
		hyb_der_put_value(&o, 0x05, none);
	hyb_der_put_value(&o, DER_OCTETS, (hyb_bytes){ fips, sizeof(fips) });
	hyb_der_put_value(&o, DER_OCTETS, (hyb_bytes){ k->key, k->n });
	hyb_der_wrap(&o, both, DER_SEQUENCE);
	hyb_der_wrap(&o, in, DER_OCTETS);
	put_alg(&o, k->pub.kem->oid, x);
	hyb_der_put_uint(&o, x == VERSION_2 ? 1 : x == VERSION_3 ? 2 : 0);
	hyb_der_wrap(&o, all, DER_SEQUENCE);
	return (hyb_bytes){ buf + o.at, HYB_KEY_FILE_MAX - o.at };
}

static void structure(void)
{
	struct vec v = { "a value too many, a wrong version, a wrong label", 0, 0 };
	static uint8_t buf[HYB_KEY_FILE_MAX], file[HYB_KEY_FILE_MAX];
	static struct hyb_private k, got;
	static struct hyb_public pub;
	size_t n;

	if (make(&k, HYB_KEM_MLKEM768) != HYB_OK)
		exit(1);
	for (enum extra x = NOTHING; x < EXTRAS; x++) {
		bool in_public = x <= UNUSED_BITS, in_private = x != UNUSED_BITS;
		enum hyb_st st = hyb_public_read(&pub, odd_public(buf, &k.pub, x));

		vec_case(&v, st == (x == NOTHING || !in_public ? HYB_OK : HYB_E_FORMAT),
			"public, extra %u: %s", (unsigned)x, hyb_st_text(st));
		st = hyb_private_read(&got, odd_private(buf, &k, x), none);
		vec_case(&v, st == (x == NOTHING || !in_private ? HYB_OK : HYB_E_FORMAT),
			"private, extra %u: %s", (unsigned)x, hyb_st_text(st));
	}
	for (enum hyb_armour a = HYB_ARMOUR_PUBLIC; a <= HYB_ARMOUR_ENCRYPTED; a++) {
		hyb_bytes der = odd_private(buf, &k, NOTHING);

		if (hyb_pem_write(file, &n, a, der) != HYB_OK)
			exit(1);
		vec_case(&v,
			(hyb_private_read(&got, (hyb_bytes){ file, n }, none) == HYB_OK) ==
				(a == HYB_ARMOUR_PRIVATE),
			"a private key under label %u", (unsigned)a);
		if (hyb_pem_write(file, &n, a, odd_public(buf, &k.pub, NOTHING)) != HYB_OK)
			exit(1);
		vec_case(&v,
			(hyb_public_read(&pub, (hyb_bytes){ file, n }) == HYB_OK) ==
				(a == HYB_ARMOUR_PUBLIC),
			"a public key under label %u", (unsigned)a);
	}
	vec_end(&v);
}

static void bad_keys(void)
{
	struct vec v = { "public keys that their standards refuse", 0, 0 };
	static struct hyb_private k;
	static struct hyb_public bad, got;
	static uint8_t file[HYB_KEY_FILE_MAX];
	size_t n;

	for (unsigned i = 0; i < HYB_KEM_SUITES + HYB_SIG_SUITES; i++) {
		bool is_ec;

		if (make(&k, i) != HYB_OK)
			continue;
		is_ec = strstr(name_of(&k.pub), "P256") != NULL ||
			strstr(name_of(&k.pub), "P384") != NULL;
		if (k.pub.kind == HYB_KEY_KEM) {
			bad = k.pub;
			bad.key[0] = 0xff; /* first coefficient 0xfff, not below q */
			bad.key[1] |= 0x0f;
			n = spki(file, &bad);
			vec_case(&v, hyb_public_read(&got, (hyb_bytes){ file, n }) == HYB_E_BAD_KEY,
				"%s: a coefficient of 4095", name_of(&k.pub));
		}
		if (is_ec) {
			bad = k.pub;
			bad.key[bad.n - 1] ^= 1; /* off the curve */
			n = spki(file, &bad);
			vec_case(&v, hyb_public_read(&got, (hyb_bytes){ file, n }) == HYB_E_BAD_KEY,
				"%s: a point off the curve", name_of(&k.pub));
		}
		bad = k.pub;
		bad.n--;
		n = spki(file, &bad);
		vec_case(&v, hyb_public_read(&got, (hyb_bytes){ file, n }) == HYB_E_BAD_KEY,
			"%s: one byte short", name_of(&k.pub));
		if (hyb_fips_ops(&k.pub) == NULL && k.pub.kind == HYB_KEY_KEM) {
			hyb_bytes one_less = { k.key, k.n - 1 };

			n = pkcs8(file, k.pub.kem->oid, one_less, NULL);
			vec_case(&v,
				hyb_private_read(&k, (hyb_bytes){ file, n }, none) == HYB_E_BAD_KEY,
				"private key, one byte short");
		}
	}
	n = pkcs8(file, "1.2.840.113549.1.1.1", none, NULL);
	vec_case(&v, hyb_private_read(&k, (hyb_bytes){ file, n }, none) == HYB_E_SUITE, "RSA");
	vec_end(&v);
}

static void no_randomness(void)
{
	struct vec v = { "no randomness: an error and zeros", 0, 0 };
	bool rng_works = false;
	const struct hyb_rng_hook hook = { fill, &rng_works };
	static struct hyb_private k;
	static uint8_t file[HYB_KEY_FILE_MAX];
	size_t n;

	hyb_rng_hook(&hook);
	for (unsigned i = 0; i < HYB_KEM_SUITES + HYB_SIG_SUITES; i++) {
		memset(&k, 0xaa, sizeof(k));
		vec_case(&v, make(&k, i) != HYB_OK && is_zero(&k, sizeof(k)), "suite %u", i);
	}
	rng_works = true;
	vec_case(&v, make(&k, HYB_KEM_XWING) == HYB_OK, "it works again");
	rng_works = false;
	vec_case(&v,
		hyb_private_write(file, &n, &k, (hyb_bytes){ (const uint8_t *)"x", 1 }, true) ==
				HYB_E_RNG &&
			n == 0,
		"encrypting");
	hyb_rng_hook(NULL);
	vec_end(&v);
}

/* ---- published vectors ---- */

static hyb_bytes unbase64(const char *s)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint8_t *p = malloc(strlen(s) + 4);
	unsigned acc = 0, bits = 0;
	size_t n = 0;

	if (p == NULL)
		exit(1);
	for (; *s != '\0' && *s != '='; s++) {
		const char *at = strchr(alphabet, *s);

		if (at == NULL)
			continue;
		acc = (acc << 6 | (unsigned)(at - alphabet)) & 0xffff;
		bits += 6;
		if (bits >= 8)
			p[n++] = (uint8_t)(acc >> (bits -= 8));
	}
	return (hyb_bytes){ p, n };
}

static hyb_bytes b64(const cJSON *o, const char *key)
{
	const char *s = vec_str(o, key);

	return s != NULL ? unbase64(s) : none;
}

/* SubjectPublicKeyInfo of a certificate, whole: the seventh value of a version 3 TBSCertificate. */
static hyb_bytes spki_of(hyb_bytes cert)
{
	hyb_bytes outer, tbs, skip;
	const uint8_t *at;

	if (!hyb_der_take(&cert, DER_SEQUENCE, &outer) ||
		!hyb_der_take(&outer, DER_SEQUENCE, &tbs) ||
		!hyb_der_take(&tbs, DER_CONTEXT_CONSTRUCTED(0), &skip) ||
		!hyb_der_take(&tbs, DER_INTEGER, &skip))
		return none;
	for (unsigned i = 0; i < 4; i++) /* signature, issuer, validity, subject */
		if (!hyb_der_take(&tbs, DER_SEQUENCE, &skip))
			return none;
	at = tbs.p;
	return hyb_der_take(&tbs, DER_SEQUENCE, &skip) ? (hyb_bytes){ at, (size_t)(tbs.p - at) }
						       : none;
}

static void one_lamps(struct vec *v, const cJSON *t, hyb_bytes m, hyb_bytes ctx)
{
	hyb_bytes p8 = b64(t, "sk_pkcs8"), cert = b64(t, "x5c"), pk = b64(t, "pk"), spki, s, s_ctx;
	const char *id = vec_str(t, "tcId");
	static uint8_t out[HYB_KEY_FILE_MAX];
	static struct hyb_private k;
	static struct hyb_public pub;
	enum hyb_st st;
	size_t n;

	if (p8.p == NULL) {
		p8 = b64(t, "dk_pkcs8");
		pk = b64(t, "ek");
	}
	spki = spki_of(cert);
	st = hyb_private_read(&k, p8, none);
	if (st == HYB_E_SUITE) { /* RSA, Brainpool, P-521, Ed448 and composite KEMs: not ours */
		vec_case(v, hyb_public_read(&pub, spki) != HYB_OK || pub.kem != NULL,
			"%s: private key unknown, public key known", id);
		return;
	}
	vec_case(v, st == HYB_OK && vec_eq(k.pub.key, k.pub.n, pk), "%s private: %s", id,
		hyb_st_text(st));
	vec_case(v, hyb_private_write(out, &n, &k, none, false) == HYB_OK && vec_eq(out, n, p8),
		"%s: written differently", id);
	if (k.pub.kind == HYB_KEY_SIG) { /* certificates of KEM keys are signed with another one */
		st = hyb_public_read(&pub, spki);
		vec_case(v, st == HYB_OK && same_public(&pub, &k.pub), "%s certificate: %s", id,
			hyb_st_text(st));
		vec_case(v,
			hyb_public_write(out, &n, &k.pub, false) == HYB_OK && vec_eq(out, n, spki),
			"%s: SPKI written differently", id);
		s = b64(t, "s");
		s_ctx = b64(t, "sWithContext");
		vec_case(v,
			hyb_public_verify(s, m, none, &pub) &&
				hyb_public_verify(s_ctx, m, ctx, &pub),
			"%s: signature", id);
		vec_case(
			v, !hyb_public_verify(s, m, ctx, &pub), "%s: signature, other context", id);
	} else {
		uint8_t ss[32];

		st = hyb_public_read(&pub, spki);
		vec_case(v, st == HYB_OK && same_public(&pub, &k.pub), "%s certificate: %s", id,
			hyb_st_text(st));
		vec_case(v,
			hyb_private_decaps(ss, b64(t, "c").p, &k) == HYB_OK &&
				vec_eq(ss, 32, b64(t, "k")),
			"%s: shared secret", id);
	}
}

static void lamps(const char *name, const char *path, unsigned ours)
{
	struct vec v = { name, 0, 0 };
	cJSON *doc = vec_json(name, path), *t = NULL;
	unsigned before;
	hyb_bytes m, ctx;

	if (doc == NULL)
		return;
	m = b64(doc, "m");
	ctx = b64(doc, "ctx");
	cJSON_ArrayForEach(t, cJSON_GetObjectItem(doc, "tests"))
	{
		before = v.n;
		one_lamps(&v, t, m, ctx);
		ours -= v.n - before > 1;
	}
	vec_case(&v, ours == 0, "%d keys fewer than this library has suites for", (int)ours);
	vec_end(&v);
}

static void xwing(void)
{
	static const char *const name = "X-Wing draft keys as PKCS#8";
	struct vec v = { name, 0, 0 };
	cJSON *doc = vec_json(name, VECTORS "xwing/test-vectors.json"), *t = NULL;
	static uint8_t file[HYB_KEY_FILE_MAX];
	static struct hyb_private k;

	if (doc == NULL)
		return;
	cJSON_ArrayForEach(t, doc)
	{
		size_t n = pkcs8(file, "1.3.6.1.4.1.62253.25722", vec_hex(t, "sk"), NULL);
		uint8_t ss[32];

		vec_case(&v,
			hyb_private_read(&k, (hyb_bytes){ file, n }, none) == HYB_OK &&
				vec_eq(k.pub.key, k.pub.n, vec_hex(t, "pk")),
			"public key");
		vec_case(&v,
			hyb_private_decaps(ss, vec_hex(t, "ct").p, &k) == HYB_OK &&
				vec_eq(ss, 32, vec_hex(t, "ss")),
			"shared secret");
	}
	vec_end(&v);
}

static void identifiers(void)
{
	static const struct {
		const char *text, *hex;
	} t[] = {
		{ "1.3.6.1.5.5.7.6.49", "2b06010505070631" },
		{ "2.16.840.1.101.3.4.4.2", "608648016503040402" },
		{ "1.3.6.1.4.1.62253.25722", "2b0601040183e62d81c87a" },
		{ "2.25.0", "6900" },
		{ "2.999.3", "883703" },
		{ "2.25.340282366920938463463374607431768211455",
			"6983ffffffffffffffffffffffffffffffffff7f" },
		{ "3.1", "" },
		{ "1", "" },
		{ "1.x", "" },
		{ "1.2.x", "" },
		{ "", "" },
	};
	struct vec v = { "object identifiers from text", 0, 0 };
	uint8_t out[DER_OID_MAX];

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		vec_case(&v, vec_eq(out, hyb_der_oid(out, t[i].text), vec_unhex(t[i].hex)), "%s",
			t[i].text);
	vec_end(&v);
}

int main(void)
{
	identifiers();
	der_values();
	der_lengths();
	no_bits();
	expanded_digests();
	armour();
	structure();
	scrypt_limits();
	encrypted_structure();
	bad_keys();
	round_trips();
	three_forms();
	no_randomness();
	damage();
	passphrases();
	lamps("composite ML-DSA draft: keys, certificates, signatures",
		VECTORS "lamps-composite-sigs/testvectors.json", HYB_SIG_SUITES);
	lamps("composite ML-KEM draft: the pure keys",
		VECTORS "lamps-composite-kem/testvectors.json", 2);
	xwing();
	return vec_failures != 0;
}
