/* ML-KEM against ACVP, BoringSSL's sessions, Wycheproof and the NIST-style KATs of liboqs. */
#include "vec.h"

#include <openssl/evp.h>

#include "hyb/int.h"
#include "mlkem_sets.h"

static const struct set *set_named(const char *name)
{
	for (unsigned i = 0; name != NULL && i < N_SETS; i++)
		if (strcmp(name, sets[i].name) == 0)
			return &sets[i];
	return NULL;
}

/* What a caller whose lengths are types can say of octets of another length. */
static bool takes(hyb_bytes b, size_t n)
{
	return b.p != NULL && b.n == n;
}

static void one_keygen(
	struct vec *v, const struct set *s, const cJSON *t, hyb_bytes ek_want, hyb_bytes dk_want)
{
	static struct any_dk dk;
	static uint8_t ek[EK_MAX], ek2[EK_MAX], fips[DK_MAX];
	hyb_bytes d = vec_hex(t, "d"), z = vec_hex(t, "z"), whole = vec_hex(t, "seed");
	uint8_t seed[64];

	if (takes(whole, 64)) {
		memcpy(seed, whole.p, 64);
	} else {
		memcpy(seed, d.p, 32);
		memcpy(seed + 32, z.p, 32);
	}
	bool good = s->keygen_derand(ek, seed) == HYB_OK && vec_eq(ek, s->ek, ek_want);

	good &= s->dk_expand(&dk, seed) == HYB_OK;
	s->dk_export(fips, &dk);
	s->ek_from_dk(ek2, &dk);
	good &= vec_eq(fips, s->dk, dk_want) && vec_eq(ek2, s->ek, ek_want);
	vec_case(v, good, "%s keygen %d", s->name, vec_int(t, "tcId"));
	good = s->dk_import(&dk, dk_want.p) == HYB_OK;
	memset(fips, 0, sizeof(fips));
	s->dk_export(fips, &dk);
	vec_case(v, good && vec_eq(fips, s->dk, dk_want), "%s import and export %d", s->name,
		vec_int(t, "tcId"));
}

static void one_encaps(struct vec *v, const struct set *s, const cJSON *t, hyb_bytes c, hyb_bytes k)
{
	static uint8_t ct[CT_MAX];
	uint8_t ss[32];
	hyb_bytes ek = vec_hex(t, "ek"), m = vec_hex(t, "m");

	vec_case(v,
		takes(ek, s->ek) && s->encaps_derand(ct, ss, ek.p, m.p) == HYB_OK &&
			vec_eq(ct, s->ct, c) && vec_eq(ss, 32, k),
		"%s encaps %d", s->name, vec_int(t, "tcId"));
}

/* dk: the FIPS form, or a seed. */
static void one_decaps(
	struct vec *v, const struct set *s, hyb_bytes dk, hyb_bytes c, hyb_bytes k, int id)
{
	static struct any_dk key;
	uint8_t ss[32];
	bool good = dk.n == 64 ? s->dk_expand(&key, dk.p) == HYB_OK
			       : takes(dk, s->dk) && s->dk_import(&key, dk.p) == HYB_OK;

	if (good && takes(c, s->ct))
		s->decaps(ss, c.p, &key);
	vec_case(v, good && vec_eq(ss, 32, k), "%s decaps %d", s->name, id);
	s->dk_clear(&key);
}

static void one_check(struct vec *v, const struct set *s, const cJSON *t, bool is_ek, int want)
{
	static struct any_dk dk;
	static struct any_ek ek;
	hyb_bytes b = vec_hex(t, is_ek ? "ek" : "dk");
	bool good = is_ek ? takes(b, s->ek) && s->ek_prepare(&ek, b.p) == HYB_OK
			  : takes(b, s->dk) && s->dk_import(&dk, b.p) == HYB_OK;

	vec_case(v, good == (want != 0), "%s key check %d", s->name, vec_int(t, "tcId"));
}

/* The result that belongs to a case: in the case itself, or in a second document by its numbers. */
static const cJSON *answer(const cJSON *expected, const cJSON *group, const cJSON *t)
{
	const cJSON *g = NULL, *a = NULL;

	if (expected == NULL)
		return t;
	cJSON_ArrayForEach(g, cJSON_GetObjectItem(expected, "testGroups"))
	{
		if (vec_int(g, "tgId") != vec_int(group, "tgId"))
			continue;
		cJSON_ArrayForEach(a, cJSON_GetObjectItem(g, "tests"))
		{
			if (vec_int(a, "tcId") == vec_int(t, "tcId"))
				return a;
		}
	}
	return NULL;
}

static hyb_bytes seed_of(const cJSON *t)
{
	hyb_bytes d = vec_hex(t, "d"), z = vec_hex(t, "z");
	uint8_t *seed = malloc(64);

	if (seed == NULL || !takes(d, 32) || !takes(z, 32))
		return (hyb_bytes){ NULL, 0 };
	memcpy(seed, d.p, 32);
	memcpy(seed + 32, z.p, 32);
	return (hyb_bytes){ seed, 64 };
}

static void acvp_case(struct vec *v, const cJSON *g, const cJSON *t, const cJSON *a)
{
	const struct set *s = set_named(vec_str(g, "parameterSet"));
	const char *what = vec_str(g, "function");
	const cJSON *passed = cJSON_GetObjectItem(a, "testPassed");

	if (s == NULL || a == NULL) {
		vec_case(v, false, "case %d has no answer", vec_int(t, "tcId"));
	} else if (what == NULL) {
		one_keygen(v, s, t, vec_hex(a, "ek"), vec_hex(a, "dk"));
	} else if (strcmp(what, "encapsulation") == 0) {
		one_encaps(v, s, t, vec_hex(a, "c"), vec_hex(a, "k"));
	} else if (strcmp(what, "decapsulation") == 0) {
		hyb_bytes dk = vec_hex(t, "dk");

		one_decaps(v, s, dk.p != NULL ? dk : seed_of(t), vec_hex(t, "c"), vec_hex(a, "k"),
			vec_int(t, "tcId"));
	} else {
		one_check(v, s, t, strncmp(what, "encap", 5) == 0, cJSON_IsTrue(passed));
	}
}

static void acvp_set(struct vec *v, const cJSON *doc, const cJSON *expected)
{
	const cJSON *g = NULL, *t = NULL;

	cJSON_ArrayForEach(g, cJSON_GetObjectItem(doc, "testGroups"))
	{
		cJSON_ArrayForEach(t, cJSON_GetObjectItem(g, "tests"))
		{
			acvp_case(v, g, t, answer(expected, g, t));
		}
	}
}

static void acvp(const char *name, const char *file)
{
	struct vec v = { name, 0, 0 };
	cJSON *doc = vec_json(name, file);

	if (doc == NULL)
		return;
	acvp_set(&v, doc, NULL);
	vec_end(&v);
	cJSON_Delete(doc);
}

/* A session is a list whose first member names the server; the rest are vector sets. */
static void session(const char *name, const char *file)
{
	struct vec v = { name, 0, 0 };
	char path[200];
	cJSON *in = NULL, *want = NULL;

	(void)snprintf(path, sizeof(path), VECTORS "acvp-sessions/boringssl-%s-vectors.json", file);
	in = vec_json(name, path);
	(void)snprintf(
		path, sizeof(path), VECTORS "acvp-sessions/boringssl-%s-expected.json", file);
	want = vec_json(name, path);
	if (in == NULL || want == NULL)
		return;
	for (int i = 1; i < cJSON_GetArraySize(in); i++)
		acvp_set(&v, cJSON_GetArrayItem(in, i), cJSON_GetArrayItem(want, i));
	vec_end(&v);
	cJSON_Delete(in);
	cJSON_Delete(want);
}

static void wycheproof_case(struct vec *v, const struct set *s, const char *type, const cJSON *t)
{
	static uint8_t ct[CT_MAX];
	static struct any_dk key;
	const char *result = vec_str(t, "result");
	bool is_valid = result != NULL && strcmp(result, "valid") == 0;
	hyb_bytes ek = vec_hex(t, "ek"), m = vec_hex(t, "m"), c = vec_hex(t, "c"),
		  k = vec_hex(t, "K"), seed = vec_hex(t, "seed"), dk = vec_hex(t, "dk");
	int id = vec_int(t, "tcId");
	uint8_t ss[32];

	if (strcmp(type, "MLKEMKeyGen") == 0) {
		one_keygen(v, s, t, ek, dk);
	} else if (is_valid && strcmp(type, "MLKEMEncapsTest") == 0) {
		one_encaps(v, s, t, c, k);
	} else if (strcmp(type, "MLKEMEncapsTest") == 0) {
		bool taken = takes(ek, s->ek) && s->encaps_derand(ct, ss, ek.p, m.p) == HYB_OK;

		vec_case(v, !taken && (ek.n != s->ek || is_zero(ct, s->ct)), "%s encaps %d",
			s->name, id);
	} else if (is_valid) {
		one_decaps(v, s, seed.p != NULL ? seed : dk, c, k, id);
	} else {
		bool taken = takes(c, s->ct) &&
			(takes(seed, 64) ||
				(takes(dk, s->dk) && s->dk_import(&key, dk.p) == HYB_OK));

		vec_case(v, !taken, "%s refuses %d", s->name, id);
	}
}

static void wycheproof(const char *file)
{
	char path[200], name[100];
	const cJSON *g = NULL, *t = NULL;
	cJSON *doc = NULL;

	(void)snprintf(path, sizeof(path), VECTORS "wycheproof/%s_test.json", file);
	(void)snprintf(name, sizeof(name), "Wycheproof %s", file);
	struct vec v = { name, 0, 0 };

	doc = vec_json(name, path);
	if (doc == NULL)
		return;
	cJSON_ArrayForEach(g, cJSON_GetObjectItem(doc, "testGroups"))
	{
		const struct set *s = set_named(vec_str(g, "parameterSet"));
		const char *type = vec_str(g, "type");

		cJSON_ArrayForEach(t, cJSON_GetObjectItem(g, "tests"))
		{
			if (s != NULL && type != NULL)
				wycheproof_case(&v, s, type, t);
			else
				vec_case(&v, false, "unknown group");
		}
	}
	vec_end(&v);
	cJSON_Delete(doc);
}

/* ---- the NIST harness: AES-256-CTR-DRBG without derivation function [SP800-90A §10.2.1] ---- */
struct drbg {
	uint8_t key[32], v[16];
};

static void drbg_block(struct drbg *d, uint8_t out[16])
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	int n = 0;

	for (int i = 15; i >= 0 && ++d->v[i] == 0; i--)
		;
	if (c == NULL || EVP_EncryptInit_ex(c, EVP_aes_256_ecb(), NULL, d->key, NULL) != 1 ||
		EVP_EncryptUpdate(c, out, &n, d->v, 16) != 1)
		exit(1);
	EVP_CIPHER_CTX_free(c);
}

static void drbg_update(struct drbg *d, const uint8_t *more)
{
	uint8_t t[48];

	for (unsigned i = 0; i < 3; i++)
		drbg_block(d, t + (size_t)16 * i);
	for (unsigned i = 0; more != NULL && i < 48; i++)
		t[i] ^= more[i];
	memcpy(d->key, t, 32);
	memcpy(d->v, t + 32, 16);
}

static void drbg_init(struct drbg *d, const uint8_t entropy[48])
{
	memset(d, 0, sizeof(*d));
	drbg_update(d, entropy);
}

static bool drbg_fill(void *ctx, uint8_t *p, size_t n)
{
	struct drbg *d = ctx;
	uint8_t b[16];

	while (n > 0) {
		size_t m = n < 16 ? n : 16;

		drbg_block(d, b);
		memcpy(p, b, m);
		p += m;
		n -= m;
	}
	drbg_update(d, NULL);
	return true;
}

static void md_text(EVP_MD_CTX *md, const char *name, const uint8_t *p, size_t n)
{
	char hex[3];

	(void)EVP_DigestUpdate(md, name, strlen(name));
	for (size_t i = 0; i < n; i++) {
		(void)snprintf(hex, sizeof(hex), "%02X", p[i]);
		(void)EVP_DigestUpdate(md, hex, 2);
	}
	(void)EVP_DigestUpdate(md, "\n", 1);
}

/* One case in the text of a .rsp file, through the drawing functions: the hook is the DRBG. */
static void kat_case(EVP_MD_CTX *md, const struct set *s, unsigned count, struct drbg *outer)
{
	static uint8_t ek[EK_MAX], ct[CT_MAX], fips[DK_MAX];
	static struct any_dk dk;
	uint8_t entropy[48], seed[64], ss[32];
	struct drbg d;
	struct hyb_rng_hook hook = { drbg_fill, &d };
	char line[40];

	(void)drbg_fill(outer, entropy, sizeof(entropy));
	drbg_init(&d, entropy);
	hyb_rng_hook(&hook);
	if (s->keygen(ek, seed) != HYB_OK || s->dk_expand(&dk, seed) != HYB_OK ||
		s->encaps(ct, ss, ek) != HYB_OK)
		exit(1);
	hyb_rng_hook(NULL);
	s->dk_export(fips, &dk);
	/* An empty line between the cases, none after the last. */
	(void)snprintf(line, sizeof(line), "%scount = %u\n", count > 0 ? "\n" : "", count);
	(void)EVP_DigestUpdate(md, line, strlen(line));
	md_text(md, "seed = ", entropy, sizeof(entropy));
	md_text(md, "pk = ", ek, s->ek);
	md_text(md, "sk = ", fips, s->dk);
	md_text(md, "ct = ", ct, s->ct);
	md_text(md, "ss = ", ss, 32);
}

static bool kat_digest(const struct set *s, unsigned n, const char *want)
{
	uint8_t entropy[48], out[32];
	struct drbg outer;
	EVP_MD_CTX *md = EVP_MD_CTX_new();

	for (unsigned i = 0; i < 48; i++)
		entropy[i] = (uint8_t)i;
	drbg_init(&outer, entropy);
	if (md == NULL || EVP_DigestInit_ex(md, EVP_sha256(), NULL) != 1)
		exit(1);
	for (unsigned i = 0; i < n; i++)
		kat_case(md, s, i, &outer);
	(void)EVP_DigestFinal_ex(md, out, NULL);
	EVP_MD_CTX_free(md);
	return want != NULL && vec_eq(out, 32, vec_unhex(want));
}

static void kats(void)
{
	struct vec v = { "liboqs KAT hashes", 0, 0 };
	cJSON *doc = vec_json(v.name, VECTORS "liboqs-kat-sha256/kem-kats.json");

	if (doc == NULL)
		return;
	for (unsigned i = 0; i < N_SETS; i++) {
		const cJSON *want = cJSON_GetObjectItem(doc, sets[i].name);

		vec_case(&v, kat_digest(&sets[i], 1, vec_str(want, "single")), "%s single",
			sets[i].name);
		vec_case(&v, kat_digest(&sets[i], 100, vec_str(want, "all")), "%s all",
			sets[i].name);
	}
	vec_end(&v);
	cJSON_Delete(doc);
}

int main(void)
{
	acvp("ML-KEM keyGen ACVP",
		VECTORS "nist-acvp/ML-KEM-keyGen-FIPS203/internalProjection.json");
	acvp("ML-KEM encapDecap ACVP",
		VECTORS "nist-acvp/ML-KEM-encapDecap-FIPS203/internalProjection.json");
	session("ML-KEM session", "ML-KEM");
	session("ML-KEM session, keys as seeds", "ML-KEM-seed");
	session("ML-KEM session, encapsulation key check", "ML-KEM-encap-key-check");
	for (unsigned i = 0; i < N_SETS; i++) {
		static const char *const kinds[] = { "", "_encaps", "_keygen_seed",
			"_semi_expanded_decaps" };

		for (unsigned j = 0; j < 4; j++) {
			char file[60];

			(void)snprintf(
				file, sizeof(file), "mlkem_%s%s", sets[i].name + 7, kinds[j]);
			wycheproof(file);
		}
	}
	kats();
	return vec_failures != 0;
}
