/* ML-DSA against every published vector at hand. */
#include "mldsa_sets.h"

#include <openssl/evp.h>

#define NIST VECTORS "nist-acvp/"
#define SESSIONS VECTORS "acvp-sessions/"

static uint8_t pk[HYB_MLDSA87_PK_BYTES], sig[HYB_MLDSA87_SIG_BYTES];
static uint8_t fips[HYB_MLDSA87_SK_BYTES];

static const struct set *set_of(const cJSON *group)
{
	const char *name = vec_str(group, "parameterSet");

	for (size_t i = 0; name != NULL && i < 3; i++)
		if (strcmp(sets[i].name, name) == 0)
			return &sets[i];
	printf("not ok - a parameter set that is not ML-DSA\n");
	exit(1);
}

static bool is_true(const cJSON *o, const char *key)
{
	return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(o, key));
}

/* The test of this id in an expected-results document; NULL if there is none. */
static const cJSON *expected_of(const cJSON *doc, const cJSON *g, const cJSON *t)
{
	const cJSON *wg = NULL, *wt = NULL;

	cJSON_ArrayForEach(wg, cJSON_GetObjectItem(doc, "testGroups"))
	{
		if (vec_int(wg, "tgId") != vec_int(g, "tgId"))
			continue;
		cJSON_ArrayForEach(wt, cJSON_GetObjectItem(wg, "tests"))
		{
			if (vec_int(wt, "tcId") == vec_int(t, "tcId"))
				return wt;
		}
	}
	return NULL;
}

/* pk and sk from the seed, and both again from the imported sk. */
static void keygen_case(struct vec *v, const struct set *s, const cJSON *t, const cJSON *want)
{
	hyb_bytes seed = vec_hex(t, "seed"), want_pk = vec_hex(want, "pk"),
		  want_sk = vec_hex(want, "sk");
	bool good = s->keygen_derand(pk, seed.p) == HYB_OK && vec_eq(pk, s->p->pk_bytes, want_pk);

	good = good && s->expand(&one_sk, seed.p) == HYB_OK;
	s->export(fips, &one_sk);
	good = good && vec_eq(fips, s->p->sk_bytes, want_sk);
	s->pk_from_sk(pk, &one_sk);
	good = good && vec_eq(pk, s->p->pk_bytes, want_pk);
	good = good && want_sk.n == s->p->sk_bytes && s->import(&one_sk, want_sk.p) == HYB_OK;
	s->export(fips, &one_sk);
	good = good && vec_eq(fips, s->p->sk_bytes, want_sk);
	s->pk_from_sk(pk, &one_sk);
	good = good && vec_eq(pk, s->p->pk_bytes, want_pk);
	vec_case(v, good, "%s case %d", s->name, vec_int(t, "tcId"));
}

static void siggen_case(
	struct vec *v, const struct set *s, const cJSON *g, const cJSON *t, const cJSON *want)
{
	hyb_bytes key = vec_hex(t, "sk"), seed = vec_hex(t, "seed"), m = vec_hex(t, "message"),
		  ctx = vec_hex(t, "context"), rnd = vec_hex(t, "rnd"), mu = vec_hex(t, "mu"),
		  want_sig = vec_hex(want, "signature");
	const char *interface = vec_str(g, "signatureInterface");
	const uint8_t *r = rnd.p != NULL ? rnd.p : zero32;
	enum hyb_st st = key.p != NULL ? s->import(&one_sk, key.p) : s->expand(&one_sk, seed.p);

	if (st == HYB_OK && mu.p != NULL)
		st = s->sign_mu(sig, mu.p, r, &one_sk);
	else if (st == HYB_OK && interface != NULL && strcmp(interface, "external") == 0)
		st = s->sign_derand(sig, m, ctx, r, &one_sk);
	else if (st == HYB_OK)
		st = hyb_mldsa_sign_internal(s->p, sig, m, r, &one_sk);
	vec_case(v, st == HYB_OK && vec_eq(sig, s->p->sig_bytes, want_sig), "%s case %d", s->name,
		vec_int(t, "tcId"));
}

static bool hash_of(const char *name, enum hyb_hash *h)
{
	static const char *const names[] = { "SHA2-224", "SHA2-256", "SHA2-384", "SHA2-512",
		"SHA2-512/224", "SHA2-512/256", "SHA3-224", "SHA3-256", "SHA3-384", "SHA3-512",
		"SHAKE-128", "SHAKE-256" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], name) == 0) {
			*h = (enum hyb_hash)i;
			return true;
		}
	return false;
}

static unsigned hashes_seen;

static bool verify_one(const struct set *s, const cJSON *g, const cJSON *t)
{
	const cJSON *key_holder = vec_str(t, "pk") != NULL ? t : g;
	hyb_bytes key = vec_hex(key_holder, "pk"), m = vec_hex(t, "message"),
		  ctx = vec_hex(t, "context"), mu = vec_hex(t, "mu"), sg = vec_hex(t, "signature");
	const char *interface = vec_str(g, "signatureInterface"), *hash = vec_str(t, "hashAlg");
	enum hyb_hash h = HYB_SHA2_256;

	/* lengths are types here: these two are the caller's checks */
	if (key.n != s->p->pk_bytes || sg.n != s->p->sig_bytes)
		return false;
	if (mu.p != NULL)
		return s->verify_mu(sg.p, mu.p, key.p);
	if (interface == NULL || strcmp(interface, "internal") == 0) {
		s->prepare(&one_pk, key.p);
		return hyb_mldsa_verify_internal(s->p, sg.p, m, &one_pk);
	}
	if (hash == NULL || strcmp(hash, "none") == 0) {
		s->prepare(&one_pk, key.p);
		return s->verify(sg.p, m, ctx, key.p) && s->verify_prepared(sg.p, m, ctx, &one_pk);
	}
	if (!hash_of(hash, &h)) {
		printf("not ok - a hash without a name here: %s\n", hash);
		exit(1);
	}
	hashes_seen |= 1U << h;
	return s->verify_hash(sg.p, h, m, ctx, key.p);
}

static void sigver_case(
	struct vec *v, const struct set *s, const cJSON *g, const cJSON *t, const cJSON *want)
{
	vec_case(v, verify_one(s, g, t) == is_true(want, "testPassed"), "%s case %d", s->name,
		vec_int(t, "tcId"));
}

/* One document; answers are in the tests themselves when `answers` is NULL. */
static void document(const char *name, const cJSON *doc, const cJSON *answers)
{
	struct vec v = { name, 0, 0 };
	const char *mode = vec_str(doc, "mode");
	const cJSON *g = NULL, *t = NULL;

	cJSON_ArrayForEach(g, cJSON_GetObjectItem(doc, "testGroups"))
	{
		const struct set *s = set_of(g);

		cJSON_ArrayForEach(t, cJSON_GetObjectItem(g, "tests"))
		{
			const cJSON *want = answers != NULL ? expected_of(answers, g, t) : t;

			if (want == NULL)
				vec_case(&v, false, "case %d has no answer", vec_int(t, "tcId"));
			else if (strcmp(mode, "keyGen") == 0)
				keygen_case(&v, s, t, want);
			else if (strcmp(mode, "sigGen") == 0)
				siggen_case(&v, s, g, t, want);
			else
				sigver_case(&v, s, g, t, want);
		}
	}
	vec_end(&v);
}

static void single(const char *name, const char *file, const char *answers)
{
	cJSON *doc = vec_json(name, file), *want = NULL;

	if (doc != NULL && answers != NULL)
		want = vec_json(name, answers);
	if (doc != NULL && (answers == NULL || want != NULL))
		document(name, doc, want);
	cJSON_Delete(doc);
	cJSON_Delete(want);
}

/* A session: an array of documents and one of answers, in the same order. */
static void session(const char *lab, const char *file, const char *answers)
{
	char name[100];
	cJSON *in = vec_json(lab, file), *want = vec_json(lab, answers);

	for (int i = 0; in != NULL && want != NULL && i < cJSON_GetArraySize(in); i++) {
		const cJSON *doc = cJSON_GetArrayItem(in, i);

		if (vec_str(doc, "mode") == NULL)
			continue;
		(void)snprintf(name, sizeof(name), "%s %s", lab, vec_str(doc, "mode"));
		document(name, doc, cJSON_GetArrayItem(want, i));
	}
	cJSON_Delete(in);
	cJSON_Delete(want);
}

/* ---- liboqs KAT digests: the NIST harness with AES-256-CTR-DRBG, keygen 32 bytes, sign 32 ---- */
struct drbg {
	uint8_t key[32], v[16];
};

static void drbg_block(struct drbg *d, uint8_t out[16])
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	int n = 0;

	for (unsigned i = 16; i-- > 0;)
		if (++d->v[i] != 0)
			break;
	if (c == NULL || EVP_EncryptInit_ex(c, EVP_aes_256_ecb(), NULL, d->key, NULL) != 1 ||
		EVP_EncryptUpdate(c, out, &n, d->v, 16) != 1)
		exit(1);
	EVP_CIPHER_CTX_free(c);
}

static void drbg_update(struct drbg *d, const uint8_t *data)
{
	uint8_t t[48];

	for (unsigned i = 0; i < 3; i++)
		drbg_block(d, t + 16 * i);
	for (unsigned i = 0; data != NULL && i < 48; i++)
		t[i] ^= data[i];
	memcpy(d->key, t, 32);
	memcpy(d->v, t + 32, 16);
}

static void drbg_seed(struct drbg *d, const uint8_t entropy[48])
{
	memset(d, 0, sizeof(*d));
	drbg_update(d, entropy);
}

static bool drbg_fill(void *ctx, uint8_t *out, size_t n)
{
	struct drbg *d = ctx;

	for (size_t at = 0; at < n; at += 16) {
		uint8_t block[16];

		drbg_block(d, block);
		memcpy(out + at, block, n - at < 16 ? n - at : 16);
	}
	drbg_update(d, NULL);
	return true;
}

struct transcript {
	EVP_MD_CTX *md;
	char *text;
};

static void tell(struct transcript *o, const char *label, hyb_bytes a, hyb_bytes b)
{
	size_t n = strlen(label);

	memcpy(o->text, label, n);
	for (size_t i = 0; i < a.n + b.n; i++, n += 2)
		(void)snprintf(o->text + n, 3, "%02X", (unsigned)(i < a.n ? a.p[i] : b.p[i - a.n]));
	o->text[n++] = '\n';
	(void)EVP_DigestUpdate(o->md, o->text, n);
}

static void tell_number(struct transcript *o, const char *label, size_t v)
{
	int n = snprintf(o->text, 64, "%s = %zu\n", label, v);

	(void)EVP_DigestUpdate(o->md, o->text, (size_t)n);
}

static bool kat_count(const struct set *s, struct transcript *o, struct drbg *d, size_t count)
{
	uint8_t entropy[48], key_seed[32];
	static uint8_t msg[33 * 100];
	const hyb_bytes none = { NULL, 0 }, m = { msg, 33 * (count + 1) };
	struct drbg inner;
	bool good = true;

	(void)drbg_fill(d, entropy, 48);
	(void)drbg_fill(d, msg, m.n);
	drbg_seed(&inner, entropy);
	hyb_rng_hook(&(struct hyb_rng_hook){ drbg_fill, &inner });
	good = s->keygen(pk, key_seed) == HYB_OK && s->expand(&one_sk, key_seed) == HYB_OK &&
		s->sign(sig, m, none, &one_sk) == HYB_OK && s->verify(sig, m, none, pk);
	hyb_rng_hook(NULL);
	s->export(fips, &one_sk);
	tell_number(o, "count", count);
	tell(o, "seed = ", (hyb_bytes){ entropy, 48 }, none);
	tell_number(o, "mlen", m.n);
	tell(o, "msg = ", m, none);
	tell(o, "pk = ", (hyb_bytes){ pk, s->p->pk_bytes }, none);
	tell(o, "sk = ", (hyb_bytes){ fips, s->p->sk_bytes }, none);
	tell_number(o, "smlen", s->p->sig_bytes + m.n);
	tell(o, "sm = ", (hyb_bytes){ sig, s->p->sig_bytes }, m);
	return good;
}

static void kat(struct vec *v, const struct set *s, const cJSON *doc, const char *which)
{
	hyb_bytes want = vec_hex(cJSON_GetObjectItem(doc, s->name), which);
	struct transcript o = { EVP_MD_CTX_new(), malloc(40000) };
	size_t n = strcmp(which, "all") == 0 ? 100 : 1;
	uint8_t entropy[48], md[32];
	struct drbg d;
	bool good = true;

	if (o.md == NULL || o.text == NULL || EVP_DigestInit_ex(o.md, EVP_sha256(), NULL) != 1)
		exit(1);
	for (uint8_t i = 0; i < 48; i++)
		entropy[i] = i;
	drbg_seed(&d, entropy);
	for (size_t i = 0; i < n; i++) {
		good = kat_count(s, &o, &d, i) && good;
		if (i + 1 < n)
			(void)EVP_DigestUpdate(o.md, "\n", 1);
	}
	(void)EVP_DigestFinal_ex(o.md, md, NULL);
	EVP_MD_CTX_free(o.md);
	free(o.text);
	good = good && vec_eq(md, 32, want);
	for (size_t i = 0; i < n; i++)
		vec_case(v, good, "%s %s", s->name, which);
}

static void liboqs_kats(void)
{
	struct vec v = { "ML-DSA liboqs KAT digests", 0, 0 };
	cJSON *doc = vec_json(v.name, VECTORS "liboqs-kat-sha256/sig-kats.json");

	if (doc == NULL)
		return;
	for (size_t i = 0; i < 3; i++) {
		kat(&v, &sets[i], doc, "single");
		kat(&v, &sets[i], doc, "all");
	}
	vec_end(&v);
	cJSON_Delete(doc);
}

int main(void)
{
	single("ML-DSA ACVP keyGen", NIST "ML-DSA-keyGen-FIPS204/internalProjection.json", NULL);
	single("ML-DSA ACVP sigGen", NIST "ML-DSA-sigGen-FIPS204/internalProjection.json", NULL);
	single("ML-DSA ACVP sigVer 2024-08",
		NIST "ML-DSA-sigVer-FIPS204/internalProjection-2024-08.json", NULL);
	single("ML-DSA ACVP sigVer", NIST "ML-DSA-sigVer-FIPS204/prompt.json",
		NIST "ML-DSA-sigVer-FIPS204/expectedResults.json");
	session("ML-DSA AWS-LC", SESSIONS "awslc-ML-DSA-vectors.json",
		SESSIONS "awslc-ML-DSA-expected.json");
	session("ML-DSA BoringSSL", SESSIONS "boringssl-ML-DSA-vectors.json",
		SESSIONS "boringssl-ML-DSA-expected.json");
	session("ML-DSA BoringSSL seeds", SESSIONS "boringssl-ML-DSA-seed-vectors.json",
		SESSIONS "boringssl-ML-DSA-seed-expected.json");
	if (hashes_seen != 0)
		printf("    pre-hashes among them: %d of 12\n", __builtin_popcount(hashes_seen));
	liboqs_kats();
	return vec_failures != 0;
}
