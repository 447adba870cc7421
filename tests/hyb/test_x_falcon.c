/* Falcon (round 3) against the submission's known answers, and what must not verify. */
#include "vec.h"

#include "hyb/hybx.h"
#include "hyb/int.h"
#include "x_drbg.h"

static struct hybx_falcon_work work;

/* One record of a KAT file; msg, sig in our order, and the file's own hex. */
struct kat {
	hyb_bytes seed, msg, pk, sk, sm, sig;
};

/* Moves past "name = HEX\n" and decodes it. */
static hyb_bytes field(char **at, const char *name)
{
	char *p = strstr(*at, name), *end = p != NULL ? strchr(p, '\n') : NULL;
	hyb_bytes v = { NULL, 0 };

	if (end == NULL)
		return v;
	*end = '\0';
	v = vec_unhex(p + strlen(name));
	*at = end + 1;
	return v;
}

/* sm = length of sig ‖ nonce ‖ message ‖ sig; ours is header ‖ nonce ‖ the rest of sig. */
static bool unpack(struct kat *k, unsigned logn)
{
	size_t n = k->sm.n < 42 ? 0 : (size_t)k->sm.p[0] << 8 | k->sm.p[1];
	uint8_t *p = malloc(k->sm.n);

	if (p == NULL || n < 1 || k->sm.n != 42 + k->msg.n + n ||
		k->sm.p[42 + k->msg.n] != 0x20 + logn ||
		memcmp(k->sm.p + 42, k->msg.p, k->msg.n) != 0)
		return false;
	p[0] = (uint8_t)(0x30 + logn);
	memcpy(p + 1, k->sm.p + 2, 40);
	memcpy(p + 41, k->sm.p + 43 + k->msg.n, n - 1);
	k->sig = (hyb_bytes){ p, 40 + n };
	return true;
}

static struct kat kats[2][100];
static size_t n_kats[2];

static bool load(unsigned logn)
{
	char path[100], name[40], *at = NULL;
	struct kat *k = kats[logn - 9];

	(void)snprintf(name, sizeof(name), "Falcon-%u known answers", 1U << logn);
	(void)snprintf(path, sizeof(path), VECTORS "falcon/falcon%u-KAT.rsp", 1U << logn);
	at = vec_file(path, NULL);
	if (at == NULL) {
		vec_skip(name, "no such file under ../shared/vectors");
		return false;
	}
	for (size_t i = 0; i < 100; i++, k++, n_kats[logn - 9]++) {
		k->seed = field(&at, "seed = ");
		k->msg = field(&at, "msg = ");
		k->pk = field(&at, "pk = ");
		k->sk = field(&at, "sk = ");
		k->sm = field(&at, "sm = ");
		if (k->sm.p == NULL || !unpack(k, logn)) {
			printf("not ok - %s: %s, record %zu\n", name, path, i);
			vec_failures++;
			return false;
		}
	}
	return true;
}

static void kats_verify(unsigned logn)
{
	struct vec v = { logn == 9 ? "Falcon-512 round 3: known signatures verify"
				   : "Falcon-1024 round 3: known signatures verify",
		0, 0 };

	for (size_t i = 0; i < n_kats[logn - 9]; i++) {
		const struct kat *k = &kats[logn - 9][i];

		vec_case(&v, hybx_falcon_verify(k->sig, k->msg, k->pk, &work), "count %zu", i);
	}
	vec_end(&v);
}

/* Every byte changed in one bit, each in turn another one; every prefix; other message and key. */
static void changed_is_refused(unsigned logn)
{
	struct vec v = { logn == 9 ? "Falcon-512: whatever is changed is refused"
				   : "Falcon-1024: whatever is changed is refused",
		0, 0 };
	const struct kat *k = &kats[logn - 9][0];
	uint8_t sig[1600] = { 0 }, pk[HYBX_FALCON_PK_MAX];
	size_t pn = k->pk.n;

	memcpy(sig, k->sig.p, k->sig.n);
	memcpy(pk, k->pk.p, pn);
	for (size_t i = 0; i < k->sig.n; i++) {
		sig[i] ^= (uint8_t)(1U << (i % 8));
		vec_case(&v,
			!hybx_falcon_verify((hyb_bytes){ sig, k->sig.n }, k->msg, k->pk, &work),
			"byte %zu of the signature", i);
		sig[i] ^= (uint8_t)(1U << (i % 8));
	}
	for (size_t i = 0; i < k->sig.n; i++)
		vec_case(&v, !hybx_falcon_verify((hyb_bytes){ sig, i }, k->msg, k->pk, &work),
			"prefix of %zu bytes", i);
	vec_case(&v, !hybx_falcon_verify((hyb_bytes){ sig, k->sig.n + 1 }, k->msg, k->pk, &work),
		"one zero appended");
	for (size_t i = 0; i < pn; i += 7) {
		pk[i] ^= 1;
		vec_case(&v, !hybx_falcon_verify(k->sig, k->msg, (hyb_bytes){ pk, pn }, &work),
			"byte %zu of the key", i);
		pk[i] ^= 1;
	}
	vec_case(&v, !hybx_falcon_verify(k->sig, k->msg, (hyb_bytes){ pk, pn - 1 }, &work),
		"short key");
	vec_case(&v, !hybx_falcon_verify(k->sig, k->msg, (hyb_bytes){ pk, 0 }, &work), "no key");
	memset(pk + 1, 0xff, 2);
	vec_case(&v, !hybx_falcon_verify(k->sig, k->msg, (hyb_bytes){ pk, pn }, &work),
		"h not below q");
	vec_case(&v, !hybx_falcon_verify(k->sig, kats[logn - 9][1].msg, k->pk, &work),
		"other message");
	vec_end(&v);
}

/* Zeros up to the padded length are the padded form; one that is no zero is not. */
static void padding_is_zeros(unsigned logn)
{
	struct vec v = { logn == 9 ? "Falcon-512: padding" : "Falcon-1024: padding", 0, 0 };
	size_t full = HYBX_FALCON_PADDED_BYTES(logn);

	for (size_t i = 0; i < n_kats[logn - 9]; i++) {
		const struct kat *k = &kats[logn - 9][i];
		uint8_t sig[1300] = { 0 };

		if (k->sig.n >= full)
			continue;
		memcpy(sig, k->sig.p, k->sig.n);
		vec_case(&v, hybx_falcon_verify((hyb_bytes){ sig, full }, k->msg, k->pk, &work),
			"%zu", i);
		sig[full - 1] = 1;
		vec_case(&v, !hybx_falcon_verify((hyb_bytes){ sig, full }, k->msg, k->pk, &work),
			"%zu, last byte not zero", i);
		sig[full - 1] = 0;
		vec_case(&v,
			full - 1 == k->sig.n ||
				!hybx_falcon_verify(
					(hyb_bytes){ sig, full - 1 }, k->msg, k->pk, &work),
			"%zu, one zero short", i);
	}
	vec_end(&v);
}

/* Signing with the harness's randomness gives the submission's signatures, byte for byte. */
static void kats_sign(unsigned logn)
{
	struct vec v = { logn == 9 ? "Falcon-512 round 3: signatures byte for byte"
				   : "Falcon-1024 round 3: signatures byte for byte",
		0, 0 };

	for (size_t i = 0; i < n_kats[logn - 9]; i++) {
		const struct kat *k = &kats[logn - 9][i];
		struct hybx_falcon_coins coins;
		struct drbg d;
		uint8_t sig[1500], keygen_seed[48];
		size_t n = 0;

		drbg_seed(&d, k->seed.p);
		drbg_bytes(&d, keygen_seed, sizeof(keygen_seed));
		drbg_bytes(&d, coins.nonce, sizeof(coins.nonce));
		drbg_bytes(&d, coins.seed, sizeof(coins.seed));
		vec_case(&v,
			hybx_falcon_sign_derand(sig, &n, k->msg, k->sk, &coins, &work) == HYB_OK &&
				vec_eq(sig, n, k->sig),
			"count %zu", i);
	}
	vec_end(&v);
}

/* And so with keys. */
static void kats_keygen(unsigned logn)
{
	struct vec v = { logn == 9 ? "Falcon-512 round 3: keys byte for byte"
				   : "Falcon-1024 round 3: keys byte for byte",
		0, 0 };

	for (size_t i = 0; i < n_kats[logn - 9]; i++) {
		const struct kat *k = &kats[logn - 9][i];
		uint8_t pk[HYBX_FALCON_PK_MAX], sk[HYBX_FALCON_SK_MAX];
		struct drbg d;
		struct hyb_rng_hook hook = { drbg_fill, &d };

		drbg_seed(&d, k->seed.p);
		hyb_rng_hook(&hook);
		vec_case(&v,
			hybx_falcon_keygen(logn, pk, sk, &work) == HYB_OK &&
				vec_eq(pk, HYBX_FALCON_PK_BYTES(logn), k->pk) &&
				vec_eq(sk, HYBX_FALCON_SK_BYTES(logn), k->sk),
			"count %zu", i);
		hyb_rng_hook(NULL);
	}
	vec_end(&v);
}

/* SHA-256 of a known-answer file as it is written. */
struct text {
	EVP_MD_CTX *all, *single;
	bool is_first;
};

static void put(struct text *t, const void *p, size_t n)
{
	if (EVP_DigestUpdate(t->all, p, n) != 1 ||
		(t->is_first && EVP_DigestUpdate(t->single, p, n) != 1))
		exit(1);
}

static void put_hex(struct text *t, const char *name, hyb_bytes b)
{
	put(t, name, strlen(name));
	for (size_t i = 0; i < b.n; i++) {
		char two[3];

		(void)snprintf(two, sizeof(two), "%02X", b.p[i]);
		put(t, two, 2);
	}
	put(t, "\n", 1);
}

static void put_number(struct text *t, const char *name, size_t v)
{
	char line[60];

	put(t, line, (size_t)snprintf(line, sizeof(line), "%s = %zu\n", name, v));
}

/* The compressed form goes into sm as length ‖ nonce ‖ message ‖ sig, the padded one as it is. */
static hyb_bytes pack(uint8_t *sm, hyb_bytes sig, hyb_bytes m, unsigned logn, bool is_padded)
{
	if (is_padded) {
		memcpy(sm, sig.p, sig.n);
		memcpy(sm + sig.n, m.p, m.n);
		return (hyb_bytes){ sm, sig.n + m.n };
	}
	sm[0] = (uint8_t)((sig.n - 40) >> 8);
	sm[1] = (uint8_t)(sig.n - 40);
	memcpy(sm + 2, sig.p + 1, 40);
	memcpy(sm + 42, m.p, m.n);
	sm[42 + m.n] = (uint8_t)(0x20 + logn);
	memcpy(sm + 43 + m.n, sig.p + 41, sig.n - 41);
	return (hyb_bytes){ sm, 2 + m.n + sig.n };
}

/* One case: a key from the seed and a signature of m, written as the harness writes them. */
static bool harness_case(struct text *t, hyb_bytes seed, hyb_bytes m, unsigned logn, bool is_padded)
{
	uint8_t pk[HYBX_FALCON_PK_MAX], sk[HYBX_FALCON_SK_MAX], sig[1500], sm[33 * 100 + 1500];
	hyb_bytes sk_b = { sk, HYBX_FALCON_SK_BYTES(logn) }, all = { NULL, 0 };
	hyb_bytes pk_b = { pk, HYBX_FALCON_PK_BYTES(logn) };
	struct drbg d;
	struct hyb_rng_hook hook = { drbg_fill, &d };
	size_t n = HYBX_FALCON_PADDED_BYTES(logn);
	enum hyb_st st = HYB_OK;

	drbg_seed(&d, seed.p);
	hyb_rng_hook(&hook);
	st = hybx_falcon_keygen(logn, pk, sk, &work);
	if (st == HYB_OK && is_padded)
		st = hybx_falcon_sign_padded(sig, m, sk_b, &work);
	else if (st == HYB_OK)
		st = hybx_falcon_sign(sig, &n, m, sk_b, &work);
	hyb_rng_hook(NULL);
	if (st != HYB_OK)
		return false;
	all = pack(sm, (hyb_bytes){ sig, n }, m, logn, is_padded);
	put_hex(t, "seed = ", seed);
	put_number(t, "mlen", m.n);
	put_hex(t, "msg = ", m);
	put_hex(t, "pk = ", pk_b);
	put_hex(t, "sk = ", sk_b);
	put_number(t, "smlen", all.n);
	put_hex(t, "sm = ", all);
	return hybx_falcon_verify((hyb_bytes){ sig, n }, m, pk_b, &work);
}

static bool digest_is(EVP_MD_CTX *c, hyb_bytes want)
{
	uint8_t md[32];

	return EVP_DigestFinal_ex(c, md, NULL) == 1 && vec_eq(md, sizeof(md), want);
}

/* The whole file of 100 cases, whose hash liboqs publishes; needs no other vectors. */
static void harness(const cJSON *hashes, unsigned logn, bool is_padded)
{
	char key[30], name[80];
	struct vec v = { name, 0, 0 };
	struct text t = { EVP_MD_CTX_new(), EVP_MD_CTX_new(), true };
	const cJSON *want = NULL;
	struct drbg d;
	uint8_t entropy[48], seed[48], m[3300];

	(void)snprintf(key, sizeof(key), "Falcon-%s%u", is_padded ? "padded-" : "", 1U << logn);
	(void)snprintf(name, sizeof(name), "%s round 3: hashes of the known-answer file", key);
	want = cJSON_GetObjectItemCaseSensitive(hashes, key);
	for (unsigned i = 0; i < 48; i++)
		entropy[i] = (uint8_t)i;
	drbg_seed(&d, entropy);
	if (EVP_DigestInit_ex(t.all, EVP_sha256(), NULL) != 1 ||
		EVP_DigestInit_ex(t.single, EVP_sha256(), NULL) != 1)
		exit(1);
	for (unsigned i = 0; i < 100; i++) {
		t.is_first = i == 0;
		put_number(&t, "count", i);
		drbg_bytes(&d, seed, sizeof(seed));
		drbg_bytes(&d, m, 33UL * (i + 1));
		vec_case(&v,
			harness_case(&t, (hyb_bytes){ seed, 48 }, (hyb_bytes){ m, 33UL * (i + 1) },
				logn, is_padded),
			"count %u: own signature", i);
		t.is_first = false;
		if (i < 99)
			put(&t, "\n", 1);
	}
	vec_case(&v, digest_is(t.single, vec_hex(want, "single")), "first case");
	vec_case(&v, digest_is(t.all, vec_hex(want, "all")), "all cases");
	EVP_MD_CTX_free(t.all);
	EVP_MD_CTX_free(t.single);
	vec_end(&v);
}

/* What is no key, no choice, no randomness. */
static bool no_bytes(void *ctx, uint8_t *p, size_t n)
{
	(void)ctx;
	(void)p;
	(void)n;
	return false;
}

static bool all_zero(const uint8_t *p, size_t n)
{
	uint8_t any = 0;

	for (size_t i = 0; i < n; i++)
		any |= p[i];
	return any == 0;
}

static void refusals(unsigned logn)
{
	struct vec v = { logn == 9 ? "Falcon-512: refusals leave zeros"
				   : "Falcon-1024: refusals leave zeros",
		0, 0 };
	struct hyb_rng_hook hook = { no_bytes, NULL };
	uint8_t pk[HYBX_FALCON_PK_MAX], sk[HYBX_FALCON_SK_MAX], sig[1500], seed[48] = { 7 };
	size_t pn = HYBX_FALCON_PK_BYTES(logn), sn = HYBX_FALCON_SK_BYTES(logn), n = 1;
	hyb_bytes m = { seed, 48 }, good = { sk, sn };

	hyb_rng_hook(&hook);
	memset(pk, 1, pn);
	memset(sk, 1, sn);
	vec_case(&v,
		hybx_falcon_keygen(logn, pk, sk, &work) == HYB_E_RNG && all_zero(pk, pn) &&
			all_zero(sk, sn),
		"key without randomness");
	hyb_rng_hook(NULL);
	vec_case(&v, hybx_falcon_keygen(8, pk, sk, &work) == HYB_E_ARG, "logn 8");
	vec_case(&v, hybx_falcon_keygen(11, pk, sk, &work) == HYB_E_ARG, "logn 11");
	vec_case(&v, hybx_falcon_keygen_derand(logn, pk, sk, seed, &work) == HYB_OK, "key");
	hyb_rng_hook(&hook);
	memset(sig, 1, sizeof(sig));
	vec_case(&v,
		hybx_falcon_sign(sig, &n, m, good, &work) == HYB_E_RNG && n == 0 &&
			all_zero(sig, HYBX_FALCON_SIG_MAX(logn)),
		"signature without randomness");
	hyb_rng_hook(NULL);
	vec_case(&v,
		hybx_falcon_sign(sig, &n, m, (hyb_bytes){ sk, sn - 1 }, &work) == HYB_E_BAD_KEY,
		"short key");
	vec_case(&v, hybx_falcon_sign(sig, &n, m, (hyb_bytes){ sk, 0 }, &work) == HYB_E_BAD_KEY,
		"no key");
	for (size_t i = 0; i < sn; i += 61) {
		sk[i] ^= 4;
		memset(sig, 1, sizeof(sig));
		vec_case(&v,
			hybx_falcon_sign(sig, &n, m, good, &work) == HYB_E_BAD_KEY && n == 0 &&
				all_zero(sig, HYBX_FALCON_SIG_MAX(9)),
			"byte %zu of the key", i);
		sk[i] ^= 4;
	}
	vec_case(&v,
		hybx_falcon_sign(sig, &n, m, good, &work) == HYB_OK &&
			hybx_falcon_verify((hyb_bytes){ sig, n }, m, (hyb_bytes){ pk, pn }, &work),
		"again good");
	vec_end(&v);
}

int main(void)
{
	cJSON *hashes =
		vec_json("Falcon known-answer hashes", VECTORS "liboqs-kat-sha256/sig-kats.json");

	for (unsigned logn = 9; logn <= 10; logn++) {
		if (hashes != NULL) {
			harness(hashes, logn, false);
			harness(hashes, logn, true);
		}
		refusals(logn);
		if (!load(logn))
			continue;
		kats_verify(logn);
		changed_is_refused(logn);
		padding_is_zeros(logn);
		kats_sign(logn);
		kats_keygen(logn);
	}
	cJSON_Delete(hashes);
	return vec_failures != 0;
}
