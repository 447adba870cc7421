/*
 * The libcrypto half against Wycheproof [C2SP/wycheproof]: every case is decided; what lc does not
 * offer is printed as a number, not left out silently.
 */
#include <openssl/err.h>

#include "hyb/lc.h"
#include "vec.h"

#define WYCHEPROOF VECTORS "wycheproof/"

/* Calls `one` for every test of a file; it returns false for a case out of scope. */
struct run {
	const char *name, *file;
	bool (*one)(struct vec *v, const cJSON *group, const cJSON *test, unsigned which);
	unsigned which;
	const char *outside; /* why cases are out of scope */
};

static bool is_result(const cJSON *t, const char *word)
{
	return strcmp(vec_str(t, "result"), word) == 0;
}

static bool has_flag(const cJSON *t, const char *flag)
{
	const cJSON *f;

	cJSON_ArrayForEach(f, cJSON_GetObjectItem(t, "flags"))
	{
		if (strcmp(f->valuestring, flag) == 0)
			return true;
	}
	return false;
}

static void run_file(const struct run *r)
{
	char path[256];
	struct vec v = { r->name, 0, 0 };
	const cJSON *g, *t;
	unsigned out = 0, all = 0;
	cJSON *doc;

	(void)snprintf(path, sizeof path, WYCHEPROOF "%s", r->file);
	doc = vec_json(r->name, path);
	if (doc == NULL)
		return;
	cJSON_ArrayForEach(g, cJSON_GetObjectItem(doc, "testGroups"))
	{
		cJSON_ArrayForEach(t, cJSON_GetObjectItem(g, "tests"))
		{
			all++;
			if (!r->one(&v, g, t, r->which))
				out++;
		}
	}
	if (all != (unsigned)vec_int(doc, "numberOfTests"))
		vec_case(&v, false, "%u tests in the file, not %d", all,
			vec_int(doc, "numberOfTests"));
	vec_end(&v);
	if (out > 0)
		printf("    %s: %u more are out of scope: %s\n", r->name, out, r->outside);
	cJSON_Delete(doc);
}

/* All "acceptable" cases are computed; those whose secret is zero are refused without zero_ok. */
static bool x25519_one(struct vec *v, const cJSON *g, const cJSON *t, unsigned which)
{
	static const uint8_t zeros[32];
	hyb_bytes pub = vec_hex(t, "public"), priv = vec_hex(t, "private");
	hyb_bytes want = vec_hex(t, "shared");
	uint8_t ss[32], strict[32];
	bool is_zero = memcmp(want.p, zeros, 32) == 0, good;
	enum hyb_st st;

	(void)g;
	(void)which;
	good = lc_derive(LC_X25519, ss, priv.p, pub.p, true) == HYB_OK && vec_eq(ss, 32, want);
	st = lc_derive(LC_X25519, strict, priv.p, pub.p, false);
	good = good && st == (is_zero ? HYB_E_BAD_KEY : HYB_OK) && vec_eq(strict, 32, want);
	vec_case(v, good && is_zero == has_flag(t, "ZeroSharedSecret"), "tcId %d: %s",
		vec_int(t, "tcId"), hyb_st_text(st));
	return true;
}

/* Private keys come as integers of any length. */
static bool scalar(uint8_t *out, size_t n, hyb_bytes in)
{
	memset(out, 0, n);
	for (; in.n > n && in.p[0] == 0; in.n--)
		in.p++;
	if (in.n > n)
		return false;
	memcpy(out + n - in.n, in.p, in.n);
	return true;
}

static bool ecdh_one(struct vec *v, const cJSON *g, const cJSON *t, unsigned which)
{
	enum lc_curve c = (enum lc_curve)which;
	hyb_bytes pub = vec_hex(t, "public"), want = vec_hex(t, "shared");
	uint8_t priv[48], ss[48];
	enum hyb_st st;

	(void)g;
	/* The length is the caller's to check, and a compressed point has another. */
	if (pub.n != lc_sizes(c)->pub)
		return false;
	if (!scalar(priv, lc_sizes(c)->priv, vec_hex(t, "private")))
		return false;
	st = lc_derive(c, ss, priv, pub.p, false);
	if (is_result(t, "invalid"))
		vec_case(v, st == HYB_E_BAD_KEY && ss[0] == 0, "tcId %d accepted",
			vec_int(t, "tcId"));
	else
		vec_case(v, st == HYB_OK && vec_eq(ss, lc_sizes(c)->ss, want), "tcId %d: %s",
			vec_int(t, "tcId"), hyb_st_text(st));
	return true;
}

static bool sig_one(struct vec *v, const cJSON *g, const cJSON *t, unsigned which)
{
	enum lc_curve c = (enum lc_curve)which;
	const cJSON *key = cJSON_GetObjectItem(g, "publicKey");
	hyb_bytes pub = vec_hex(key, c == LC_ED25519 ? "pk" : "uncompressed");
	bool want = is_result(t, "valid");

	if (pub.n != lc_sizes(c)->pub)
		return false;
	vec_case(v, lc_verify(c, vec_hex(t, "sig"), vec_hex(t, "msg"), pub.p) == want,
		"tcId %d (%s): want %s", vec_int(t, "tcId"), vec_str(t, "comment"),
		vec_str(t, "result"));
	return true;
}

static bool hkdf_one(struct vec *v, const cJSON *g, const cJSON *t, unsigned which)
{
	static uint8_t out[32768];
	enum hyb_hash h = (enum hyb_hash)which;
	size_t hn = h == HYB_SHA2_256 ? 32 : h == HYB_SHA2_384 ? 48 : 64;
	hyb_bytes okm = vec_hex(t, "okm"), ikm = vec_hex(t, "ikm"), info = vec_hex(t, "info");
	size_t n = (size_t)vec_int(t, "size");
	uint8_t prk[64];
	enum hyb_st st = lc_hkdf_extract(h, prk, vec_hex(t, "salt"), ikm);

	(void)g;
	if (st == HYB_OK)
		st = lc_hkdf_expand(h, out, n, (hyb_bytes){ prk, hn }, info);
	if (is_result(t, "invalid")) {
		vec_case(v, st == HYB_E_ARG, "tcId %d accepted", vec_int(t, "tcId"));
		return true;
	}
	vec_case(v, st == HYB_OK && vec_eq(out, n, okm), "tcId %d: %s", vec_int(t, "tcId"),
		hyb_st_text(st));
	if (vec_hex(t, "salt").n == 0) {
		hyb_bytes a[2] = { { ikm.p, ikm.n / 2 }, { ikm.p + ikm.n / 2, ikm.n - ikm.n / 2 } };
		hyb_bytes b[2] = { { info.p, info.n / 3 },
			{ info.p + info.n / 3, info.n - info.n / 3 } };

		st = lc_hkdf_parts(h, out, n, (struct lc_parts){ a, 2 }, (struct lc_parts){ b, 2 });
		if (st != HYB_OK || !vec_eq(out, n, okm))
			vec_case(v, false, "tcId %d in parts", vec_int(t, "tcId"));
	}
	return true;
}

/* Half of the file asks for a truncated tag: the caller's prefix of ours. */
static bool hmac_one(struct vec *v, const cJSON *g, const cJSON *t, unsigned which)
{
	hyb_bytes tag = vec_hex(t, "tag");
	uint8_t out[64];
	enum hyb_st st = lc_hmac((enum hyb_hash)which, out, vec_hex(t, "key"), vec_hex(t, "msg"));

	(void)g;
	vec_case(v,
		st == HYB_OK && (memcmp(out, tag.p, tag.n) == 0) == is_result(t, "valid") &&
			tag.n > 0,
		"tcId %d", vec_int(t, "tcId"));
	return true;
}

static bool aead_seals(struct lc_aead_ctx *c, const cJSON *t, hyb_bytes both)
{
	static uint8_t out[4096];
	hyb_bytes msg = vec_hex(t, "msg");

	return lc_aead_seal(c, out, vec_hex(t, "iv").p, vec_hex(t, "aad"), msg) == HYB_OK &&
		vec_eq(out, msg.n + 16, both);
}

/* In place, as the envelopes do it. */
static bool aead_opens(struct lc_aead_ctx *c, const cJSON *t, hyb_bytes both)
{
	static uint8_t io[4096];
	bool want = is_result(t, "valid");
	uint8_t sum = 0;
	enum hyb_st st;

	memcpy(io, both.p, both.n);
	st = lc_aead_open(c, io, vec_hex(t, "iv").p, vec_hex(t, "aad"), (hyb_bytes){ io, both.n });
	if (want)
		return st == HYB_OK && vec_eq(io, both.n - 16, vec_hex(t, "msg"));
	for (size_t i = 0; i + 16 < both.n; i++)
		sum |= io[i];
	return st == HYB_E_OPEN && sum == 0;
}

static bool aead_one(struct vec *v, const cJSON *g, const cJSON *t, unsigned which)
{
	hyb_bytes key = vec_hex(t, "key"), ct = vec_hex(t, "ct"), tag = vec_hex(t, "tag");
	enum lc_aead a = which != 0 ? LC_CHACHA20_POLY1305
		: key.n == 16	    ? LC_AES_128_GCM
				    : LC_AES_256_GCM;
	uint8_t *both = malloc(ct.n + 16);
	struct lc_aead_ctx *seal = NULL, *open = NULL;
	bool good;

	(void)g;
	if (key.n != lc_aead_key_bytes(a) || vec_hex(t, "iv").n != 12 || tag.n != 16) {
		free(both);
		return false;
	}
	if (both == NULL)
		exit(1);
	memcpy(both, ct.p, ct.n);
	memcpy(both + ct.n, tag.p, 16);
	good = lc_aead_new(&seal, a, key.p, true) == HYB_OK &&
		lc_aead_new(&open, a, key.p, false) == HYB_OK;
	if (good && is_result(t, "valid"))
		good = aead_seals(seal, t, (hyb_bytes){ both, ct.n + 16 }) &&
			aead_seals(seal, t, (hyb_bytes){ both, ct.n + 16 });
	good = good && aead_opens(open, t, (hyb_bytes){ both, ct.n + 16 }) &&
		aead_opens(open, t, (hyb_bytes){ both, ct.n + 16 });
	lc_aead_free(seal);
	lc_aead_free(open);
	free(both);
	vec_case(v, good, "tcId %d (%s)", vec_int(t, "tcId"), vec_str(t, "comment"));
	return true;
}

static const char out_point[] =
	"compressed or wrong-length points, which have not the array's length";
static const char out_aead[] = "192-bit keys, nonces of other lengths than 12, short tags";

static const struct run runs[] = {
	{ "X25519, Wycheproof", "x25519_test.json", x25519_one, 0, "" },
	{ "ECDH P-256, Wycheproof", "ecdh_secp256r1_ecpoint_test.json", ecdh_one, LC_P256,
		out_point },
	{ "ECDH P-384, Wycheproof", "ecdh_secp384r1_ecpoint_test.json", ecdh_one, LC_P384,
		out_point },
	{ "ECDSA P-256 SHA-256, Wycheproof", "ecdsa_secp256r1_sha256_test.json", sig_one, LC_P256,
		"" },
	{ "ECDSA P-384 SHA-384, Wycheproof", "ecdsa_secp384r1_sha384_test.json", sig_one, LC_P384,
		"" },
	{ "Ed25519, Wycheproof", "ed25519_test.json", sig_one, LC_ED25519, "" },
	{ "HKDF-SHA256, Wycheproof", "hkdf_sha256_test.json", hkdf_one, HYB_SHA2_256, "" },
	{ "HKDF-SHA384, Wycheproof", "hkdf_sha384_test.json", hkdf_one, HYB_SHA2_384, "" },
	{ "HKDF-SHA512, Wycheproof", "hkdf_sha512_test.json", hkdf_one, HYB_SHA2_512, "" },
	{ "HMAC-SHA384, Wycheproof", "hmac_sha384_test.json", hmac_one, HYB_SHA2_384, "" },
	{ "AES-GCM, Wycheproof", "aes_gcm_test.json", aead_one, 0, out_aead },
	{ "ChaCha20-Poly1305, Wycheproof", "chacha20_poly1305_test.json", aead_one, 1, out_aead },
};

/* Signing has no vectors that fix the nonce: what it makes must verify, and nothing near it. */
static void signing(void)
{
	static const enum lc_curve curves[] = { LC_P256, LC_P384, LC_ED25519 };
	struct vec v = { "sign and verify: P-256, P-384, Ed25519", 0, 0 };

	for (unsigned i = 0; i < 3 * 8; i++) {
		enum lc_curve c = curves[i % 3];
		uint8_t priv[48], pub[97], sig[104], m[40];
		hyb_bytes msg = { m, i };
		size_t n = 0;
		bool good;

		memset(m, (int)i, sizeof m);
		memset(priv, (int)i + 1, sizeof priv);
		good = lc_public(c, pub, priv) == HYB_OK &&
			lc_sign(c, sig, &n, msg, priv) == HYB_OK && n <= lc_sizes(c)->sig_max &&
			lc_verify(c, (hyb_bytes){ sig, n }, msg, pub);
		vec_case(&v, good, "curve %u, %u bytes", c, i);
		sig[n - 1] ^= 1;
		vec_case(&v, !lc_verify(c, (hyb_bytes){ sig, n }, msg, pub), "changed signature");
		sig[n - 1] ^= 1;
		vec_case(&v, !lc_verify(c, (hyb_bytes){ sig, n - 1 }, msg, pub), "cut signature");
		vec_case(&v, !lc_verify(c, (hyb_bytes){ sig, n }, (hyb_bytes){ m, i + 1 }, pub),
			"other message");
		pub[lc_sizes(c)->pub - 1] ^= 1;
		vec_case(&v, !lc_verify(c, (hyb_bytes){ sig, n }, msg, pub), "other key");
	}
	vec_end(&v);
}

/* Zero, the order and more are no scalars; order - 1 is one. */
static void scalars(void)
{
	static const char *const orders[] = {
		"ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
		"ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf"
		"581a0db248b0a77aecec196accc52973",
	};
	struct vec v = { "range of scalars, error queue", 0, 0 };

	for (unsigned i = 0; i < 2; i++) {
		enum lc_curve c = i == 0 ? LC_P256 : LC_P384;
		hyb_bytes order = vec_unhex(orders[i]);
		uint8_t s[48] = { 0 }, pub[97], sig[104];
		size_t n;

		vec_case(&v, !lc_scalar_ok(c, s), "zero");
		vec_case(&v, lc_public(c, pub, s) == HYB_E_BAD_KEY && pub[0] == 0, "zero");
		memcpy(s, order.p, order.n);
		vec_case(&v, !lc_scalar_ok(c, s), "the order");
		vec_case(&v, lc_sign(c, sig, &n, order, s) == HYB_E_BAD_KEY && n == 0, "sign");
		s[order.n - 1]--;
		vec_case(&v, lc_scalar_ok(c, s) && lc_public(c, pub, s) == HYB_OK, "order - 1");
		memset(s, 0xff, sizeof s);
		vec_case(&v, !lc_scalar_ok(c, s), "all ones");
		memset(s, 0, sizeof s);
		s[order.n - 1] = 1;
		vec_case(&v, lc_scalar_ok(c, s), "one");
		/* Infinity and a hybrid form (06, 07) of a good point. */
		vec_case(&v, lc_public(c, pub, s) == HYB_OK, "base point");
		pub[0] = (uint8_t)(6 | (pub[lc_sizes(c)->pub - 1] & 1));
		vec_case(&v, lc_derive(c, sig, s, pub, false) == HYB_E_BAD_KEY, "hybrid form");
		vec_case(&v, !lc_verify(c, (hyb_bytes){ sig, 70 }, order, pub), "hybrid form");
		memset(pub, 0, sizeof pub);
		vec_case(&v, lc_derive(c, sig, s, pub, false) == HYB_E_BAD_KEY, "infinity");
	}
	vec_case(&v, ERR_peek_error() == 0, "an error of libcrypto stays behind");
	vec_end(&v);
}

/*
 * What libcrypto would do: multiply by scalars out of range, and read the hybrid form of a point (06,
 * 07), under which a good signature must not verify.
 */
static void edges(void)
{
	struct vec v = { "scalars out of range, points in hybrid form", 0, 0 };

	for (unsigned i = 0; i < 2; i++) {
		enum lc_curve c = i == 0 ? LC_P256 : LC_P384;
		uint8_t good[48], bad[48], pub[97], sig[104], ss[48];
		const hyb_bytes text = { good, sizeof good };
		size_t n, last = lc_sizes(c)->pub - 1;

		memset(good, 1, sizeof good);
		vec_case(&v, lc_public(c, pub, good) == HYB_OK, "point");
		vec_case(&v, lc_derive(c, ss, good, pub, false) == HYB_OK && ss[0] != 0, "derive");
		for (int fill = 0; fill < 256; fill += 255) {
			memset(bad, fill, sizeof bad);
			vec_case(&v,
				lc_derive(c, ss, bad, pub, false) == HYB_E_BAD_KEY && ss[0] == 0,
				"scalar of bytes %02x", (unsigned)fill);
		}
		vec_case(&v,
			lc_sign(c, sig, &n, text, good) == HYB_OK &&
				lc_verify(c, (hyb_bytes){ sig, n }, text, pub),
			"sign");
		for (unsigned form = 0; form < 256; form++) {
			pub[0] = (uint8_t)form;
			vec_case(&v, lc_verify(c, (hyb_bytes){ sig, n }, text, pub) == (form == 4),
				"verify, form %02x, y %u", form, pub[last] & 1U);
			vec_case(&v,
				lc_derive(c, ss, good, pub, false) ==
					(form == 4 ? HYB_OK : HYB_E_BAD_KEY),
				"derive, form %02x, y %u", form, pub[last] & 1U);
		}
	}
	vec_case(&v, ERR_peek_error() == 0, "an error of libcrypto stays behind");
	vec_end(&v);
}

/* Choices and lengths that the functions do not take. */
static void misuse(void)
{
	struct vec v = { "choices that lc does not take", 0, 0 };
	const uint8_t key[32] = { 1 }, nonce[12] = { 2 };
	const hyb_bytes none = { NULL, 0 }, text = { key, 20 };
	struct lc_aead_ctx *seal, *open;
	struct lc_key *k;
	uint8_t out[104];
	size_t n;

	if (lc_aead_new(&seal, LC_AES_256_GCM, key, true) != HYB_OK ||
		lc_aead_new(&open, LC_AES_256_GCM, key, false) != HYB_OK)
		exit(1);
	vec_case(&v, lc_aead_seal(open, out, nonce, none, text) == HYB_E_ARG, "seal to open");
	vec_case(&v, lc_aead_open(seal, out, nonce, none, text) == HYB_E_ARG, "open to seal");
	vec_case(&v, lc_aead_open(open, out, nonce, none, (hyb_bytes){ key, 15 }) == HYB_E_ARG,
		"less than a tag");
	vec_case(&v, lc_aead_open(open, out, nonce, none, text) == HYB_E_OPEN && out[0] == 0,
		"no ciphertext");
	lc_aead_free(seal);
	lc_aead_free(open);
	vec_case(&v, lc_hash(HYB_SHA3_256, out, &text, 1) == HYB_E_ARG, "SHA-3");
	vec_case(&v, lc_hmac(HYB_SHA2_224, out, none, text) == HYB_E_ARG, "HMAC-SHA224");
	vec_case(&v, lc_derive(LC_ED25519, out, key, key, false) == HYB_E_ARG, "Ed25519 derives");
	vec_case(&v, lc_key_new(&k, LC_X25519, key) == HYB_E_ARG && k == NULL, "X25519 signs");
	vec_case(&v, lc_sign(LC_X25519, out, &n, text, key) == HYB_E_ARG && n == 0, "X25519 signs");
	vec_case(&v, !lc_verify(LC_X25519, text, text, key), "X25519 verifies");
	vec_case(&v, !lc_verify(LC_ED25519, none, text, key), "no signature");
	vec_end(&v);
}

/* [RFC7914 §12], the vectors 1 to 3. */
static void scrypt(void)
{
	struct vec v = { "scrypt, RFC 7914", 0, 0 };
	uint8_t out[64];

	vec_case(&v,
		lc_scrypt(out, 64, (hyb_bytes){ NULL, 0 }, (hyb_bytes){ NULL, 0 },
			(struct lc_scrypt_cost){ 16, 1, 1 }) == HYB_OK &&
			vec_eq(out, 64,
				vec_unhex("77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3f"
					  "ede21442fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628"
					  "cf35e20c38d18906")),
		"empty");
	vec_case(&v,
		lc_scrypt(out, 64, (hyb_bytes){ (const uint8_t *)"password", 8 },
			(hyb_bytes){ (const uint8_t *)"NaCl", 4 },
			(struct lc_scrypt_cost){ 1024, 8, 16 }) == HYB_OK &&
			vec_eq(out, 64,
				vec_unhex(
					"fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b"
					"3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d83"
					"60cbdfa2cc0640")),
		"password, NaCl");
	vec_case(&v,
		lc_scrypt(out, 64, (hyb_bytes){ (const uint8_t *)"pleaseletmein", 13 },
			(hyb_bytes){ (const uint8_t *)"SodiumChloride", 14 },
			(struct lc_scrypt_cost){ 16384, 8, 1 }) == HYB_OK &&
			vec_eq(out, 64,
				vec_unhex("7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6"
					  "545d"
					  "a1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf"
					  "017b45575887")),
		"pleaseletmein");
	vec_case(&v,
		lc_scrypt(out, 64, (hyb_bytes){ NULL, 0 }, (hyb_bytes){ NULL, 0 },
			(struct lc_scrypt_cost){ 15, 1, 1 }) == HYB_E_CRYPTO &&
			out[0] == 0,
		"N no power of two");
	vec_end(&v);
}

int main(void)
{
	printf("    %s\n", lc_version());
	for (size_t i = 0; i < sizeof runs / sizeof runs[0]; i++)
		run_file(&runs[i]);
	signing();
	scalars();
	edges();
	misuse();
	scrypt();
	return vec_failures > 0;
}
