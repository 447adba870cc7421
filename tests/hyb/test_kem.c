/*
 * The hybrid KEMs: published vectors of X-Wing, of the universal combiner and of composite ML-KEM;
 * what no document has vectors for, against a second composition of the two halves; and what has to
 * be refused.
 */
#include "hyb/int.h"
#include "hyb/kem.h"
#include "vec.h"

#define UG_LABEL "KitchenSink-KEM(ML-KEM-768,X25519)-XOF(SHAKE256)-KDF(HKDF-SHA-256)"

static hyb_bytes part(hyb_bytes b, size_t at, size_t n)
{
	return (hyb_bytes){ b.p + at, n };
}

/* ---- X-Wing [draft-connolly-cfrg-xwing-kem, test vectors] ---- */
static void xwing(void)
{
	const struct hyb_kem_suite *s = hyb_kem_suite(HYB_KEM_XWING);
	struct vec v = { "X-Wing vectors", 0, 0 };
	cJSON *doc = vec_json(v.name, VECTORS "xwing/test-vectors.json"), *t;

	if (doc == NULL)
		return;
	cJSON_ArrayForEach(t, doc)
	{
		uint8_t ek[HYB_KEM_EK_MAX], ct[HYB_KEM_CT_MAX], ss[32], back[32];
		hyb_bytes seed = vec_hex(t, "seed"), want = vec_hex(t, "ss");
		static struct hyb_kem_dk dk;
		bool good = hyb_kem_keygen_derand(s, ek, seed.p) == HYB_OK &&
			vec_eq(ek, s->ek_bytes, vec_hex(t, "pk"));

		good = good &&
			hyb_kem_encaps_derand(s, ct, ss, ek, vec_hex(t, "eseed").p) == HYB_OK &&
			vec_eq(ct, s->ct_bytes, vec_hex(t, "ct")) && vec_eq(ss, 32, want);
		good = good && hyb_kem_dk_expand(s, &dk, seed.p) == HYB_OK &&
			hyb_kem_decaps(s, back, ct, &dk) == HYB_OK && vec_eq(back, 32, want);
		hyb_kem_dk_clear(&dk);
		vec_case(&v, good, "case %u", v.n);
	}
	vec_end(&v);
	cJSON_Delete(doc);
}

/* ---- both halves by hand, for combiners that are no suite of ours ---- */
struct halves {
	uint8_t ss_pq[32], ss_t[48], ek_pq[HYB_MLKEM1024_EK_BYTES], ek_t[97];
	struct hyb_kem_in in;
};

static bool halves(struct halves *h, unsigned k, enum lc_curve c, const struct hyb_kem_secret *sec,
	hyb_bytes ct)
{
	static struct hyb_kem_pq_any dk;
	size_t cn = hyb_kem_pq_ct_bytes(k), pn = lc_sizes(c)->pub;
	bool good = ct.n == cn + pn && hyb_kem_pq_dk(k, &dk, sec->pq) == HYB_OK;

	if (!good)
		return false;
	hyb_kem_pq_decaps(k, h->ss_pq, ct.p, &dk);
	hyb_kem_pq_ek(k, h->ek_pq, &dk);
	hyb_kem_pq_clear(k, &dk);
	h->in = (struct hyb_kem_in){ .ss_pq = { h->ss_pq, 32 },
		.ss_t = { h->ss_t, lc_sizes(c)->ss },
		.ct_pq = part(ct, 0, cn),
		.ct_t = part(ct, cn, pn),
		.ek_pq = { h->ek_pq, hyb_kem_pq_ek_bytes(k) },
		.ek_t = { h->ek_t, pn } };
	return lc_public(c, h->ek_t, sec->scalar) == HYB_OK &&
		lc_derive(c, h->ss_t, sec->scalar, h->in.ct_t.p, true) == HYB_OK;
}

static hyb_bytes words(const char *s)
{
	return (hyb_bytes){ (const uint8_t *)s, strlen(s) };
}

/*
 * The universal combiner of draft-irtf-cfrg-hybrid-kems in its labelled HKDF-SHA256 form: the same
 * octets as our suite binds, through the same function, in that document's order.
 */
static void universal(void)
{
	static const uint8_t length[2] = { 0, 32 };
	struct vec v = { "universal combiner vectors", 0, 0 };
	cJSON *doc = vec_json(v.name,
		      VECTORS "cfrg-hybrid-kems/"
			      "universal-combiner-mlkem768-x25519-hkdf-sha256.json"),
	      *t;

	if (doc == NULL)
		return;
	cJSON_ArrayForEach(t, doc)
	{
		struct hyb_kem_secret sec;
		struct halves h;
		uint8_t wide[96], ss[32];
		bool good;

		hyb_shake256(wide, 96, vec_hex(t, "seed"));
		memcpy(sec.pq, wide, 64);
		memcpy(sec.scalar, wide + 64, 32);
		good = halves(&h, 3, LC_X25519, &sec, vec_hex(t, "ct"));
		hyb_bytes ikm[] = { words("hybrid_prk"), h.in.ss_pq, h.in.ss_t, h.in.ct_pq,
			h.in.ek_pq, h.in.ct_t, h.in.ek_t, words(UG_LABEL) };
		hyb_bytes info[] = { { length, 2 }, words("shared_secret") };

		good = good &&
			lc_hkdf_parts(HYB_SHA2_256, ss, 32, (struct lc_parts){ ikm, 8 },
				(struct lc_parts){ info, 2 }) == HYB_OK &&
			vec_eq(ss, 32, vec_hex(t, "ss"));
		vec_case(&v, good, "case %u", v.n);
	}
	vec_end(&v);
	cJSON_Delete(doc);
}

/* ---- composite ML-KEM [draft-ietf-lamps-pq-composite-kem] ---- */
static hyb_bytes base64(const char *s)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint8_t *out = malloc(strlen(s) + 4);
	uint32_t acc = 0;
	size_t n = 0, bits = 0;

	if (out == NULL)
		exit(1);
	for (; *s != '\0' && *s != '='; s++) {
		const char *d = strchr(digits, *s);

		if (d == NULL)
			continue;
		acc = acc << 6 | (uint32_t)(d - digits);
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			out[n++] = (uint8_t)(acc >> bits);
		}
	}
	return (hyb_bytes){ out, n };
}

struct composite {
	const char *name;
	unsigned k;
	enum lc_curve c;
	size_t scalar_at;      /* within the private key: after the seed, and inside ECPrivateKey */
	enum hyb_kem_id suite; /* with the same public keys and secrets; HYB_KEM_SUITES: none */
	const char *label;
};

static const struct composite composites[] = {
	{ "id-MLKEM768-X25519-SHA3-256", 3, LC_X25519, 64, HYB_KEM_XWING, "\\.//^\\" },
	{ "id-MLKEM768-ECDH-P256-SHA3-256", 3, LC_P256, 64 + 7, HYB_KEM_MLKEM768_P256,
		"MLKEM768-P256" },
	{ "id-MLKEM768-ECDH-P384-SHA3-256", 3, LC_P384, 64 + 7, (enum hyb_kem_id)HYB_KEM_SUITES,
		"MLKEM768-P384" },
	{ "id-MLKEM1024-ECDH-P384-SHA3-256", 4, LC_P384, 64 + 7, HYB_KEM_MLKEM1024_P384,
		"MLKEM1024-P384" },
};

static bool composite_one(const struct composite *c, const cJSON *t)
{
	hyb_bytes dk = base64(vec_str(t, "dk")), ct = base64(vec_str(t, "c"));
	hyb_bytes want = base64(vec_str(t, "k")), ek = base64(vec_str(t, "ek"));
	size_t en = hyb_kem_pq_ek_bytes(c->k);
	struct hyb_kem_secret sec = { 0 };
	static struct hyb_kem_dk key;
	struct halves h;
	uint8_t ss[32];
	bool good;

	memcpy(sec.pq, dk.p, 64);
	memcpy(sec.scalar, dk.p + c->scalar_at, lc_sizes(c->c)->priv);
	good = halves(&h, c->k, c->c, &sec, ct) && ek.n == en + h.in.ek_t.n &&
		vec_eq(h.ek_pq, en, part(ek, 0, en)) &&
		vec_eq(h.ek_t, h.in.ek_t.n, part(ek, en, h.in.ek_t.n));
	if (!good)
		return false;
	hyb_kem_combine_sha3(ss, &h.in, words(c->label));
	if (!vec_eq(ss, 32, want))
		return false;
	if ((unsigned)c->suite == HYB_KEM_SUITES)
		return true;
	good = hyb_kem_dk_from(hyb_kem_row(hyb_kem_suite(c->suite)), &key, &sec) == HYB_OK &&
		hyb_kem_decaps(hyb_kem_suite(c->suite), ss, ct.p, &key) == HYB_OK &&
		vec_eq(ss, 32, want);
	hyb_kem_dk_clear(&key);
	return good;
}

static bool pure_one(enum hyb_kem_id id, const cJSON *t)
{
	const struct hyb_kem_suite *s = hyb_kem_suite(id);
	hyb_bytes ct = base64(vec_str(t, "c"));
	uint8_t ek[HYB_KEM_EK_MAX], ss[32];
	static struct hyb_kem_dk key;
	bool good = hyb_kem_keygen_derand(s, ek, base64(vec_str(t, "dk")).p) == HYB_OK &&
		vec_eq(ek, s->ek_bytes, base64(vec_str(t, "ek"))) && ct.n == s->ct_bytes &&
		hyb_kem_dk_expand(s, &key, base64(vec_str(t, "dk")).p) == HYB_OK &&
		hyb_kem_decaps(s, ss, ct.p, &key) == HYB_OK &&
		vec_eq(ss, 32, base64(vec_str(t, "k")));

	hyb_kem_dk_clear(&key);
	return good;
}

static void composite(void)
{
	struct vec v = { "composite ML-KEM vectors", 0, 0 };
	cJSON *doc = vec_json(v.name, VECTORS "lamps-composite-kem/testvectors.json");
	const cJSON *t;
	unsigned out = 0;

	if (doc == NULL)
		return;
	cJSON_ArrayForEach(t, cJSON_GetObjectItem(doc, "tests"))
	{
		const char *name = vec_str(t, "tcId");
		unsigned i = 0;

		while (i < 4 && strcmp(composites[i].name, name) != 0)
			i++;
		if (i < 4)
			vec_case(&v, composite_one(&composites[i], t), "%s", name);
		else if (strcmp(name, "id-alg-ml-kem-768") == 0)
			vec_case(&v, pure_one(HYB_KEM_MLKEM768, t), "%s", name);
		else if (strcmp(name, "id-alg-ml-kem-1024") == 0)
			vec_case(&v, pure_one(HYB_KEM_MLKEM1024, t), "%s", name);
		else
			out++;
	}
	vec_end(&v);
	printf("    %s: %u more are out of scope: RSA-OAEP, brainpool, X448, P-521\n", v.name, out);
	cJSON_Delete(doc);
}

/* ---- every suite: round trip, and its secret put together a second time ---- */
static void fill(uint8_t *p, size_t n, uint64_t *state)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(vec_random(state) >> 32);
}

/* The secret of our own suite and of TLS, from their documents' words. */
static bool second_opinion(const struct hyb_kem_suite *s, const uint8_t *ss,
	const struct hyb_kem_secret *sec, const uint8_t *ct, hyb_bytes app)
{
	const struct hyb_kem_row *r = hyb_kem_row(s);
	size_t cn = hyb_kem_pq_ct_bytes(r->k), pn = lc_sizes(r->curve)->pub, n = 0;
	uint8_t turned[HYB_KEM_CT_MAX], want[80], prk[48];
	static uint8_t info[8192];
	struct halves h;

	memcpy(turned, r->is_curve_first ? ct + pn : ct, cn);
	memcpy(turned + cn, r->is_curve_first ? ct : ct + cn, pn);
	if (!halves(&h, r->k, r->curve, sec, (hyb_bytes){ turned, cn + pn }))
		return false;
	if (r->is_curve_first) {
		memcpy(want, h.ss_t, h.in.ss_t.n);
		memcpy(want + h.in.ss_t.n, h.ss_pq, 32);
	} else {
		memcpy(want, h.ss_pq, 32);
		memcpy(want + 32, h.ss_t, 32);
	}
	if (s->tls_group != 0)
		return memcmp(want, ss, s->ss_bytes) == 0;
#define ADD(P, N) (memcpy(info + n, (P), (N)), n += (N))
	ADD("hybrid-key-exchange", 20);
	ADD("X25519-MLKEM1024-HKDF-SHA384", 29);
	ADD("\0\100", 2);
	ADD(ct, 1568 + 32);
	ADD(h.ek_pq, 1568);
	ADD(h.ek_t, 32);
	if (app.n > 0) {
		info[n++] = (uint8_t)(app.n >> 8);
		info[n++] = (uint8_t)app.n;
		ADD(app.p, app.n);
	}
	return lc_hkdf_extract(HYB_SHA2_384, prk, (hyb_bytes){ NULL, 0 },
		       (hyb_bytes){ want, 64 }) == HYB_OK &&
		lc_hkdf_expand(HYB_SHA2_384, want, 64, (hyb_bytes){ prk, 48 },
			(hyb_bytes){ info, n }) == HYB_OK &&
		memcmp(want, ss, 64) == 0;
}

static void round_trips(void)
{
	struct vec v = { "round trips of every suite", 0, 0 };

	for (unsigned i = 0; i < HYB_KEM_SUITES; i++) {
		const struct hyb_kem_suite *s = hyb_kem_suite((enum hyb_kem_id)i);
		uint8_t ek[HYB_KEM_EK_MAX], seed[HYB_KEM_SEED_MAX], ct[HYB_KEM_CT_MAX];
		uint8_t ss[HYB_KEM_SS_MAX], back[HYB_KEM_SS_MAX], again[HYB_KEM_EK_MAX];
		struct hyb_kem_secret sec = { 0 };
		static struct hyb_kem_dk dk;
		bool good = hyb_kem_keygen(s, ek, seed) == HYB_OK &&
			hyb_kem_keygen_derand(s, again, seed) == HYB_OK &&
			memcmp(ek, again, s->ek_bytes) == 0 &&
			hyb_kem_encaps(s, ct, ss, ek) == HYB_OK &&
			hyb_kem_dk_expand(s, &dk, seed) == HYB_OK &&
			hyb_kem_decaps(s, back, ct, &dk) == HYB_OK &&
			memcmp(ss, back, s->ss_bytes) == 0;

		vec_case(&v, good, "%s", s->name);
		/* A changed ML-KEM half is no error: another secret [FIPS203 Alg. 18]. */
		ct[s->ct_bytes / 2] ^= 1;
		vec_case(&v,
			hyb_kem_decaps(s, back, ct, &dk) == HYB_OK &&
				memcmp(ss, back, s->ss_bytes) != 0,
			"%s: changed ciphertext", s->name);
		ct[s->ct_bytes / 2] ^= 1;
		if (s->seed_bytes > 64) {
			memcpy(sec.pq, seed, 64);
			memcpy(sec.scalar, seed + 64, s->seed_bytes - 64);
			vec_case(&v, second_opinion(s, ss, &sec, ct, (hyb_bytes){ NULL, 0 }),
				"%s: composition", s->name);
		}
		vec_case(&v,
			hyb_kem_suite_by_name(s->name) == s && s->id == (enum hyb_kem_id)i &&
				s->ek_bytes <= HYB_KEM_EK_MAX && s->ct_bytes <= HYB_KEM_CT_MAX &&
				s->ss_bytes <= HYB_KEM_SS_MAX &&
				s->seed_bytes <= HYB_KEM_SEED_MAX &&
				s->eseed_bytes <= HYB_KEM_ESEED_MAX,
			"%s: table", s->name);
		hyb_kem_dk_clear(&dk);
		vec_case(&v, hyb_kem_decaps(s, back, ct, &dk) == HYB_E_ARG, "%s: cleared key",
			s->name);
	}
	vec_case(&v, hyb_kem_suite_by_name("x-wing") == hyb_kem_suite(HYB_KEM_XWING), "case");
	vec_case(&v, hyb_kem_suite_by_name("X25519Kyber768") == NULL, "unknown name");
	vec_case(&v, hyb_kem_suite((enum hyb_kem_id)HYB_KEM_SUITES) == NULL, "unknown id");
	vec_end(&v);
}

/* ---- our suite's application context ---- */
static void contexts(void)
{
	const struct hyb_kem_suite *s = hyb_kem_suite(HYB_KEM_X25519_MLKEM1024_HKDF_SHA384);
	const struct hyb_kem_suite *x = hyb_kem_suite(HYB_KEM_XWING);
	static uint8_t app[65536];
	static const size_t sizes[] = { 1, 2, 255, 4000, 65535 };
	struct vec v = { "application contexts", 0, 0 };
	uint8_t ek[HYB_KEM_EK_MAX], seed[HYB_KEM_SEED_MAX], ct[HYB_KEM_CT_MAX];
	uint8_t ss[64], back[64], zeros[64] = { 0 };
	struct hyb_kem_secret sec = { 0 };
	static struct hyb_kem_dk dk;

	if (hyb_kem_keygen(s, ek, seed) != HYB_OK || hyb_kem_dk_expand(s, &dk, seed) != HYB_OK)
		vec_case(&v, false, "keygen");
	memcpy(sec.pq, seed, 64);
	memcpy(sec.scalar, seed + 64, 32);
	for (unsigned i = 0; i < 5; i++) {
		hyb_bytes a = { app, sizes[i] };

		memset(app, (int)i, sizeof app);
		vec_case(&v,
			hyb_kem_encaps_app(s, ct, ss, ek, a) == HYB_OK &&
				hyb_kem_decaps_app(s, back, ct, &dk, a) == HYB_OK &&
				memcmp(ss, back, 64) == 0,
			"%zu bytes", a.n);
		if (a.n < 4500)
			vec_case(&v, second_opinion(s, ss, &sec, ct, a), "%zu: composition", a.n);
		vec_case(&v,
			hyb_kem_decaps(s, back, ct, &dk) == HYB_OK && memcmp(ss, back, 64) != 0,
			"without it");
		app[a.n - 1] ^= 1;
		vec_case(&v,
			hyb_kem_decaps_app(s, back, ct, &dk, a) == HYB_OK &&
				memcmp(ss, back, 64) != 0,
			"another one");
	}
	vec_case(&v,
		hyb_kem_encaps_app(s, ct, ss, ek, (hyb_bytes){ app, 65536 }) == HYB_E_ARG &&
			memcmp(ss, zeros, 64) == 0,
		"65536 bytes");
	vec_case(&v, hyb_kem_decaps_app(s, ss, ct, &dk, (hyb_bytes){ app, 65536 }) == HYB_E_ARG,
		"long");
	vec_case(&v, hyb_kem_encaps_app(x, ct, ss, ek, (hyb_bytes){ app, 1 }) == HYB_E_ARG,
		"X-Wing takes none");
	vec_case(&v, hyb_kem_decaps(x, ss, ct, &dk) == HYB_E_ARG, "a key of another suite");
	hyb_kem_dk_clear(&dk);
	vec_end(&v);
}

/* Vectors of our own [fixtures/vectors/README.md]: what others need to speak this suite. */
struct feed {
	hyb_bytes from;
};

static bool give(void *ctx, uint8_t *p, size_t n)
{
	const struct feed *f = ctx;

	if (n != f->from.n)
		return false;
	memcpy(p, f->from.p, n);
	return true;
}

static void our_vectors(void)
{
	const struct hyb_kem_suite *s = hyb_kem_suite(HYB_KEM_X25519_MLKEM1024_HKDF_SHA384);
	struct vec v = { "X25519-MLKEM1024-HKDF-SHA384 vectors", 0, 0 };
	cJSON *doc = vec_json(v.name, "fixtures/vectors/x25519-mlkem1024-hkdf-sha384.json");
	const cJSON *t;

	if (doc == NULL) {
		vec_failures++;
		return;
	}
	cJSON_ArrayForEach(t, cJSON_GetObjectItem(doc, "tests"))
	{
		hyb_bytes seed = vec_hex(t, "seed"), app = vec_hex(t, "app");
		struct feed f = { vec_hex(t, "eseed") };
		const struct hyb_rng_hook hook = { give, &f };
		uint8_t ek[HYB_KEM_EK_MAX], ct[HYB_KEM_CT_MAX], ss[64], back[64];
		static struct hyb_kem_dk dk;
		bool good = seed.n == s->seed_bytes && f.from.n == s->eseed_bytes &&
			hyb_kem_keygen_derand(s, ek, seed.p) == HYB_OK &&
			vec_eq(ek, s->ek_bytes, vec_hex(t, "ek"));

		hyb_rng_hook(&hook);
		good = good && hyb_kem_encaps_app(s, ct, ss, ek, app) == HYB_OK &&
			vec_eq(ct, s->ct_bytes, vec_hex(t, "ct")) &&
			vec_eq(ss, 64, vec_hex(t, "ss"));
		hyb_rng_hook(NULL);
		good = good && hyb_kem_dk_expand(s, &dk, seed.p) == HYB_OK &&
			hyb_kem_decaps_app(s, back, ct, &dk, app) == HYB_OK &&
			memcmp(ss, back, 64) == 0;
		vec_case(&v, good, "%zu bytes of context", app.n);
		hyb_kem_dk_clear(&dk);
	}
	vec_end(&v);
	cJSON_Delete(doc);
}

/* ---- what has to be refused ---- */
static bool all_zero(const uint8_t *p, size_t n)
{
	uint8_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum |= p[i];
	return sum == 0;
}

static size_t pq_at(const struct hyb_kem_row *r)
{
	return r->is_curve_first ? lc_sizes(r->curve)->pub : 0;
}

static void bad_key(
	struct vec *v, const struct hyb_kem_suite *s, const uint8_t *ek, const char *why)
{
	uint8_t ct[HYB_KEM_CT_MAX], ss[HYB_KEM_SS_MAX];
	enum hyb_st st;

	memset(ct, 0xaa, sizeof ct);
	memset(ss, 0xaa, sizeof ss);
	st = hyb_kem_encaps(s, ct, ss, ek);
	vec_case(v, st == HYB_E_BAD_KEY && all_zero(ct, s->ct_bytes) && all_zero(ss, s->ss_bytes),
		"%s, %s: %s", s->name, why, hyb_st_text(st));
}

static void bad_ct(struct vec *v, const struct hyb_kem_suite *s, const uint8_t *ct,
	const struct hyb_kem_dk *dk, const char *why)
{
	uint8_t ss[HYB_KEM_SS_MAX];
	enum hyb_st st;

	memset(ss, 0xaa, sizeof ss);
	st = hyb_kem_decaps(s, ss, ct, dk);
	vec_case(v, st == HYB_E_OPEN && all_zero(ss, s->ss_bytes), "%s, ciphertext, %s: %s",
		s->name, why, hyb_st_text(st));
}

/* Each kind of bad point in the key and in the ciphertext. */
static void bad_points(struct vec *v, const struct hyb_kem_row *r, uint8_t *ek_t, uint8_t *ct_t,
	const uint8_t *ek, const uint8_t *ct, const struct hyb_kem_dk *dk)
{
	size_t n = lc_sizes(r->curve)->pub;
	uint8_t keep_e[97], keep_c[97];

	memcpy(keep_e, ek_t, n);
	memcpy(keep_c, ct_t, n);
	for (unsigned kind = 0; kind < 4; kind++) {
		static const char *const why[] = { "off the curve", "infinity", "hybrid form",
			"x not below p" };

		if (kind == 0)
			ct_t[n - 1] ^= 1, ek_t[n - 1] ^= 1;
		else if (kind == 1)
			memset(ct_t, 0, n), memset(ek_t, 0, n);
		else if (kind == 2)
			ek_t[0] = (uint8_t)(6 | (ek_t[n - 1] & 1)),
			ct_t[0] = (uint8_t)(6 | (ct_t[n - 1] & 1));
		else
			memset(ct_t + 1, 0xff, n / 2), memset(ek_t + 1, 0xff, n / 2);
		bad_key(v, &r->pub, ek, why[kind]);
		bad_ct(v, &r->pub, ct, dk, why[kind]);
		memcpy(ek_t, keep_e, n);
		memcpy(ct_t, keep_c, n);
	}
}

/* Points of small order: X-Wing binds what comes out, TLS and our suite refuse [RFC7748 §6.1]. */
static void low_order(struct vec *v, const struct hyb_kem_row *r, uint8_t *ek_t, uint8_t *ct_t,
	const uint8_t *ek, const uint8_t *ct, const struct hyb_kem_dk *dk)
{
	static const char *const points[] = {
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
	};
	uint8_t keep_e[32], keep_c[32], out[HYB_KEM_CT_MAX], ss[HYB_KEM_SS_MAX];

	memcpy(keep_e, ek_t, 32);
	memcpy(keep_c, ct_t, 32);
	for (unsigned i = 0; i < 4; i++) {
		memcpy(ek_t, vec_unhex(points[i]).p, 32);
		memcpy(ct_t, ek_t, 32);
		if (r->pub.id == HYB_KEM_XWING) {
			vec_case(v,
				hyb_kem_encaps(&r->pub, out, ss, ek) == HYB_OK &&
					!all_zero(ss, 32) &&
					hyb_kem_decaps(&r->pub, ss, ct, dk) == HYB_OK &&
					!all_zero(ss, 32),
				"X-Wing, point %u", i);
		} else {
			bad_key(v, &r->pub, ek, "small order");
			bad_ct(v, &r->pub, ct, dk, "small order");
		}
		memcpy(ek_t, keep_e, 32);
		memcpy(ct_t, keep_c, 32);
	}
}

static void refusals(void)
{
	struct vec v = { "keys and ciphertexts to refuse", 0, 0 };

	for (unsigned i = 0; i < HYB_KEM_SUITES; i++) {
		const struct hyb_kem_suite *s = hyb_kem_suite((enum hyb_kem_id)i);
		const struct hyb_kem_row *r = hyb_kem_row(s);
		uint8_t ek[HYB_KEM_EK_MAX], seed[HYB_KEM_SEED_MAX], ct[HYB_KEM_CT_MAX];
		uint8_t ss[HYB_KEM_SS_MAX], *q = ek + pq_at(r), keep[2];
		static struct hyb_kem_dk dk;

		if (hyb_kem_keygen(s, ek, seed) != HYB_OK ||
			hyb_kem_encaps(s, ct, ss, ek) != HYB_OK ||
			hyb_kem_dk_expand(s, &dk, seed) != HYB_OK) {
			vec_case(&v, false, "%s", s->name);
			continue;
		}
		/* The first coefficient becomes q = 3329 [FIPS203 §7.2]. */
		memcpy(keep, q, 2);
		q[0] = 0x01;
		q[1] = (uint8_t)((q[1] & 0xf0) | 0x0d);
		bad_key(&v, s, ek, "coefficient q");
		memcpy(q, keep, 2);
		if (r->has_curve) {
			uint8_t *ek_t = ek + (r->is_curve_first ? 0 : hyb_kem_pq_ek_bytes(r->k));
			uint8_t *ct_t = ct + (r->is_curve_first ? 0 : hyb_kem_pq_ct_bytes(r->k));

			(r->curve == LC_X25519 ? low_order : bad_points)(
				&v, r, ek_t, ct_t, ek, ct, &dk);
		}
		hyb_kem_dk_clear(&dk);
	}
	vec_end(&v);
}

/* Scalars out of range, and the second window when the first one is. */
static void windows(void)
{
	static const char order[] =
		"ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
	const struct hyb_kem_suite *p = hyb_kem_suite(HYB_KEM_MLKEM768_P256);
	const struct hyb_kem_suite *t = hyb_kem_suite(HYB_KEM_TLS_SECP256R1MLKEM768);
	struct vec v = { "scalars out of range", 0, 0 };
	uint8_t ek[HYB_KEM_EK_MAX], seed[HYB_KEM_SEED_MAX], e[HYB_KEM_ESEED_MAX];
	uint8_t a[HYB_KEM_CT_MAX], b[HYB_KEM_CT_MAX], ss[64], s2[64];
	uint64_t state = 7;
	static struct hyb_kem_dk dk;

	fill(seed, sizeof seed, &state);
	fill(e, sizeof e, &state);
	memcpy(seed + 64, vec_unhex(order).p, 32);
	vec_case(&v, hyb_kem_keygen_derand(t, ek, seed) == HYB_E_BAD_KEY && all_zero(ek, 100),
		"TLS, the order");
	vec_case(&v, hyb_kem_dk_expand(t, &dk, seed) == HYB_E_BAD_KEY, "TLS, the order");
	vec_case(&v, hyb_kem_keygen_derand(p, ek, seed) == HYB_OK, "seed");
	memcpy(e + 64, e + 32, 32);
	vec_case(&v, hyb_kem_encaps_derand(p, a, ss, ek, e) == HYB_OK, "first window");
	memcpy(e + 32, vec_unhex(order).p, 32);
	vec_case(&v,
		hyb_kem_encaps_derand(p, b, s2, ek, e) == HYB_OK &&
			memcmp(a, b, p->ct_bytes) == 0 && memcmp(ss, s2, 32) == 0,
		"second window");
	memset(e + 32, 0, 32 * 4);
	vec_case(&v, hyb_kem_encaps_derand(p, b, s2, ek, e) == HYB_E_BAD_KEY && all_zero(s2, 32),
		"no window");
	vec_end(&v);
}

/* ---- without randomness ---- */
static bool no_luck(void *ctx, uint8_t *p, size_t n)
{
	(void)ctx;
	(void)p;
	(void)n;
	return false;
}

static bool all_ones(void *ctx, uint8_t *p, size_t n)
{
	(void)ctx;
	memset(p, 0xff, n);
	return true;
}

static void no_rng(void)
{
	const struct hyb_rng_hook none = { no_luck, NULL }, stuck = { all_ones, NULL };
	struct vec v = { "failing randomness", 0, 0 };

	for (unsigned i = 0; i < HYB_KEM_SUITES; i++) {
		const struct hyb_kem_suite *s = hyb_kem_suite((enum hyb_kem_id)i);
		uint8_t ek[HYB_KEM_EK_MAX], seed[HYB_KEM_SEED_MAX], ct[HYB_KEM_CT_MAX];
		uint8_t ss[HYB_KEM_SS_MAX];

		memset(seed, 1, sizeof seed);
		if (hyb_kem_keygen_derand(s, ek, seed) != HYB_OK)
			vec_case(&v, false, "keygen");
		hyb_rng_hook(&none);
		memset(ct, 1, sizeof ct);
		memset(ss, 1, sizeof ss);
		vec_case(&v,
			hyb_kem_encaps(s, ct, ss, ek) == HYB_E_RNG && all_zero(ct, s->ct_bytes) &&
				all_zero(ss, s->ss_bytes),
			"%s encaps", s->name);
		vec_case(&v,
			hyb_kem_keygen(s, ek, seed) == HYB_E_RNG && all_zero(ek, s->ek_bytes) &&
				all_zero(seed, s->seed_bytes),
			"%s keygen", s->name);
		hyb_rng_hook(NULL);
	}
	/* Never a scalar in range: an end, not a loop. */
	hyb_rng_hook(&stuck);
	uint8_t ek[HYB_KEM_EK_MAX], seed[HYB_KEM_SEED_MAX];

	vec_case(&v,
		hyb_kem_keygen(hyb_kem_suite(HYB_KEM_TLS_SECP384R1MLKEM1024), ek, seed) ==
			HYB_E_RNG,
		"stuck source");
	for (unsigned i = 0; i < HYB_KEM_SUITES; i++) {
		const struct hyb_kem_row *r = hyb_kem_row(hyb_kem_suite((enum hyb_kem_id)i));
		uint8_t ct[HYB_KEM_CT_MAX], ss[HYB_KEM_SS_MAX];

		if (!r->has_curve || r->curve == LC_X25519)
			continue;
		memset(seed, 1, sizeof seed);
		if (hyb_kem_keygen_derand(&r->pub, ek, seed) != HYB_OK)
			vec_case(&v, false, "keygen");
		vec_case(&v,
			hyb_kem_encaps(&r->pub, ct, ss, ek) == HYB_E_RNG &&
				all_zero(ss, r->pub.ss_bytes),
			"%s encaps, stuck source", r->pub.name);
	}
	hyb_rng_hook(NULL);
	vec_end(&v);
}

int main(void)
{
	xwing();
	universal();
	composite();
	round_trips();
	contexts();
	our_vectors();
	refusals();
	windows();
	no_rng();
	return vec_failures > 0;
}
