/*
 * HPKE: the hpke-pq vectors (KEM, DeriveKeyPair, key schedule, messages, exports), RFC 9180's own
 * through a DHKEM made here of the library's curve functions, and what must be refused.
 */
#include "hyb/hpke.h"
#include "hyb/lc.h"
#include "vec.h"

static const enum hyb_kem_id all_kems[] = { HYB_KEM_MLKEM512, HYB_KEM_MLKEM768, HYB_KEM_MLKEM1024,
	HYB_KEM_MLKEM768_P256, HYB_KEM_MLKEM1024_P384, HYB_KEM_XWING,
	HYB_KEM_X25519_MLKEM1024_HKDF_SHA384 };

static const struct hyb_kem_suite *kem_of(int id)
{
	for (size_t i = 0; i < sizeof(all_kems) / sizeof(*all_kems); i++) {
		const struct hyb_kem_suite *s = hyb_kem_suite(all_kems[i]);

		if (s != NULL && s->hpke_kem == id)
			return s;
	}
	return NULL;
}

/* ---- hpke-pq ---- */

static void messages(struct vec *v, const cJSON *t, struct hyb_hpke_ctx *s, struct hyb_hpke_ctx *r)
{
	const cJSON *e = NULL;
	uint8_t out[512];

	cJSON_ArrayForEach(e, cJSON_GetObjectItemCaseSensitive(t, "encryptions"))
	{
		hyb_bytes pt = vec_hex(e, "pt"), aad = vec_hex(e, "aad"), ct = vec_hex(e, "ct");

		vec_case(v,
			hyb_hpke_ctx_seal(s, out, aad, pt) == HYB_OK && vec_eq(out, pt.n + 16, ct),
			"message sealed");
		vec_case(v,
			hyb_hpke_ctx_open(r, out, aad, ct) == HYB_OK && vec_eq(out, ct.n - 16, pt),
			"message opened");
	}
	cJSON_ArrayForEach(e, cJSON_GetObjectItemCaseSensitive(t, "exports"))
	{
		hyb_bytes want = vec_hex(e, "exported_value");

		vec_case(v,
			want.n <= sizeof(out) &&
				hyb_hpke_export(s, out, want.n, vec_hex(e, "exporter_context")) ==
					HYB_OK &&
				vec_eq(out, want.n, want),
			"export");
	}
}

/* The key schedule from the vector's own shared secret: every KEM, ours or not. */
static void schedule_case(struct vec *v, const cJSON *t)
{
	struct hyb_hpke_suite suite = { .kdf = (uint16_t)vec_int(t, "kdf_id"),
		.aead = (uint16_t)vec_int(t, "aead_id") };
	struct hyb_hpke_secret in = { .ss = vec_hex(t, "shared_secret"),
		.info = vec_hex(t, "info") };
	hyb_bytes nonce = vec_hex(t, "base_nonce"), exporter = vec_hex(t, "exporter_secret");
	struct hyb_hpke_ctx s, r;

	hyb_hpke_suite_id(in.suite_id, (uint16_t)vec_int(t, "kem_id"), suite.kdf, suite.aead);
	vec_case(v,
		hyb_hpke_schedule(&s, &suite, &in, true) == HYB_OK &&
			hyb_hpke_schedule(&r, &suite, &in, false) == HYB_OK &&
			vec_eq(s.base_nonce, 12, nonce) &&
			vec_eq(s.exporter, hyb_hpke_hash_bytes(suite.kdf), exporter),
		"kdf %d: key schedule", suite.kdf);
	messages(v, t, &s, &r);
	hyb_hpke_end(&s);
	hyb_hpke_end(&r);
}

static void kem_case(struct vec *v, const cJSON *t, const struct hyb_kem_suite *kem)
{
	struct hyb_hpke_suite suite = { kem, (uint16_t)vec_int(t, "kdf_id"),
		(uint16_t)vec_int(t, "aead_id") };
	uint8_t seed[HYB_KEM_SEED_MAX], ek[HYB_KEM_EK_MAX], enc[HYB_KEM_CT_MAX];
	hyb_bytes info = vec_hex(t, "info"), eseed = vec_hex(t, "ikmE");
	/* The P-256 vectors give three of the four scalar windows; the first is in range. */
	uint8_t random[HYB_KEM_ESEED_MAX] = { 0 };
	static struct hyb_kem_dk dk;
	struct hyb_hpke_ctx s, r;

	vec_case(v,
		hyb_hpke_derive_seed(kem, seed, vec_hex(t, "ikmR")) == HYB_OK &&
			vec_eq(seed, kem->seed_bytes, vec_hex(t, "skRm")),
		"%s: DeriveKeyPair", kem->name);
	vec_case(v,
		hyb_kem_keygen_derand(kem, ek, seed) == HYB_OK &&
			vec_eq(ek, kem->ek_bytes, vec_hex(t, "pkRm")),
		"%s: public key", kem->name);
	if (eseed.n <= sizeof(random))
		memcpy(random, eseed.p, eseed.n);
	vec_case(v,
		eseed.n <= sizeof(random) &&
			hyb_hpke_setup_s(&s, &suite, enc, info, ek, random) == HYB_OK &&
			vec_eq(enc, kem->ct_bytes, vec_hex(t, "enc")),
		"%s: SetupBaseS", kem->name);
	vec_case(v,
		hyb_kem_dk_expand(kem, &dk, seed) == HYB_OK &&
			hyb_hpke_setup_r(&r, &suite, enc, info, &dk) == HYB_OK,
		"%s: SetupBaseR", kem->name);
	messages(v, t, &s, &r);
	hyb_hpke_end(&s);
	hyb_hpke_end(&r);
	hyb_kem_dk_clear(&dk);
}

static void pq_vectors(void)
{
	struct vec v = { "hpke-pq key schedules, messages and exports", 0, 0 };
	struct vec k = { "hpke-pq with our KEMs from ikm to export", 0, 0 };
	cJSON *doc = vec_json(v.name, VECTORS "hpke/hpke-pq-test-vectors.json"), *t = NULL;

	if (doc == NULL)
		return;
	cJSON_ArrayForEach(t, doc)
	{
		const struct hyb_kem_suite *kem = kem_of(vec_int(t, "kem_id"));

		schedule_case(&v, t);
		if (kem != NULL)
			kem_case(&k, t, kem);
	}
	vec_end(&v);
	vec_end(&k);
}

/* ---- RFC 9180: lines of `key = value`, an empty line between cases ---- */

struct dhkem {
	enum lc_curve curve;
	uint16_t id;
	size_t pub_n, ss_n;
};

/* Decap of DHKEM [RFC9180 §4.1]. */
static bool dhkem_decap(
	uint8_t ss[32], const struct dhkem *d, hyb_bytes sk, hyb_bytes enc, hyb_bytes pk)
{
	uint8_t id[5] = { 'K', 'E', 'M', (uint8_t)(d->id >> 8), (uint8_t)d->id };
	struct hyb_hpke_kdf k = { 1, id, sizeof(id) };
	uint8_t dh[32], prk[32], context[130];

	memcpy(context, enc.p, enc.n);
	memcpy(context + enc.n, pk.p, pk.n);
	return enc.n == d->pub_n && pk.n == d->pub_n &&
		lc_derive(d->curve, dh, sk.p, enc.p, false) == HYB_OK &&
		hyb_hpke_labeled_extract(&k, prk, (hyb_bytes){ NULL, 0 }, "eae_prk",
			(hyb_bytes){ dh, d->ss_n }) == HYB_OK &&
		hyb_hpke_labeled_expand(&k, ss, 32, prk, "shared_secret",
			(hyb_bytes){ context, enc.n + pk.n }) == HYB_OK;
}

struct rfc_state {
	int mode, kem, kdf, aead;
	hyb_bytes info, sk, pk, enc, aad, ct, exporter;
	bool is_ready;
	struct hyb_hpke_ctx r;
};

static void rfc_setup(struct vec *v, struct rfc_state *s)
{
	struct dhkem d = { s->kem == 32 ? LC_X25519 : LC_P256, (uint16_t)s->kem,
		s->kem == 32 ? 32 : 65, 32 };
	struct hyb_hpke_suite suite = { .kdf = (uint16_t)s->kdf, .aead = (uint16_t)s->aead };
	uint8_t ss[32];
	struct hyb_hpke_secret in = { .ss = { ss, 32 }, .info = s->info };

	hyb_hpke_suite_id(in.suite_id, (uint16_t)s->kem, suite.kdf, suite.aead);
	vec_case(v,
		dhkem_decap(ss, &d, s->sk, s->enc, s->pk) &&
			hyb_hpke_schedule(&s->r, &suite, &in, false) == HYB_OK,
		"kem %d: setup", s->kem);
	s->is_ready = true;
}

static void rfc_line(struct vec *v, struct rfc_state *s, const char *key, const char *value)
{
	const struct {
		const char *name;
		int *n;
		hyb_bytes *b;
	} fields[] = { { "mode", &s->mode, NULL }, { "kem_id", &s->kem, NULL },
		{ "kdf_id", &s->kdf, NULL }, { "aead_id", &s->aead, NULL },
		{ "info", NULL, &s->info }, { "skRm", NULL, &s->sk }, { "pkRm", NULL, &s->pk },
		{ "enc", NULL, &s->enc }, { "aad", NULL, &s->aad }, { "ct", NULL, &s->ct },
		{ "exporter_context", NULL, &s->exporter } };

	uint8_t out[512];

	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		if (strcmp(fields[i].name, key) != 0)
			continue;
		if (fields[i].n != NULL)
			*fields[i].n = (int)strtol(value, NULL, 10);
		else
			*fields[i].b = vec_unhex(value);
	}
	if (s->mode != 0)
		return;
	if (strcmp(key, "pt") == 0) {
		hyb_bytes want = vec_unhex(value);

		if (!s->is_ready)
			rfc_setup(v, s);
		vec_case(v,
			hyb_hpke_ctx_open(&s->r, out, s->aad, s->ct) == HYB_OK &&
				vec_eq(out, s->ct.n - 16, want),
			"kem %d: open", s->kem);
	} else if (strcmp(key, "exported_value") == 0) {
		vec_case(v,
			hyb_hpke_export(&s->r, out, 32, s->exporter) == HYB_OK &&
				vec_eq(out, 32, vec_unhex(value)),
			"kem %d: export", s->kem);
	}
}

static void rfc_vectors(void)
{
	struct vec v = { "RFC 9180 base mode through DHKEM of this test", 0, 0 };
	char *text = vec_file(VECTORS "hpke/rfc9180-boringssl-format.txt", NULL), *line, *save;
	struct rfc_state s = { .mode = -1 };

	if (text == NULL) {
		vec_skip(v.name, "no such file under ../shared/vectors");
		return;
	}
	for (line = strtok_r(text, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save)) {
		char *eq = strstr(line, " =");

		if (line[0] == '#' || eq == NULL)
			continue;
		*eq = '\0';
		eq += eq[2] == ' ' ? 3 : 2;
		if (strcmp(line, "mode") == 0 && s.is_ready) {
			hyb_hpke_end(&s.r);
			s.is_ready = false;
		}
		rfc_line(&v, &s, line, eq);
	}
	if (s.is_ready)
		hyb_hpke_end(&s.r);
	vec_end(&v);
	free(text);
}

/* ---- refusals ---- */

struct party {
	const struct hyb_kem_suite *kem;
	uint8_t ek[HYB_KEM_EK_MAX], seed[HYB_KEM_SEED_MAX];
	struct hyb_kem_dk dk;
};

static bool all_zero(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != 0)
			return false;
	return true;
}

static bool rng_fails(void *ctx, uint8_t *p, size_t n)
{
	(void)ctx;
	memset(p, 0xee, n);
	return false;
}

static void one_shot(struct vec *v, const struct party *p)
{
	static const uint8_t text[] = "forty-two gradients";
	struct hyb_hpke_suite s = hyb_hpke_default(p->kem);
	struct hyb_hpke_in in = { { text, 3 }, { text, 5 }, { text, sizeof(text) } }, bad;
	uint8_t enc[HYB_KEM_CT_MAX], ct[sizeof(text) + 16], pt[sizeof(text)];

	vec_case(v, hyb_hpke_seal(&s, enc, ct, &in, p->ek) == HYB_OK, "%s: seal", p->kem->name);
	in.text = (hyb_bytes){ ct, sizeof(ct) };
	vec_case(v,
		hyb_hpke_open(&s, pt, enc, &in, &p->dk) == HYB_OK &&
			memcmp(pt, text, sizeof(text)) == 0,
		"%s: open", p->kem->name);
	bad = in;
	bad.info.n++;
	memset(pt, 1, sizeof(pt));
	vec_case(v,
		hyb_hpke_open(&s, pt, enc, &bad, &p->dk) == HYB_E_OPEN && all_zero(pt, sizeof(pt)),
		"%s: other info", p->kem->name);
	bad = in;
	bad.aad.n++;
	vec_case(v, hyb_hpke_open(&s, pt, enc, &bad, &p->dk) == HYB_E_OPEN, "%s: other aad",
		p->kem->name);
	for (size_t i = 0; i < sizeof(ct); i++) {
		ct[i] ^= 0x10;
		vec_case(v, hyb_hpke_open(&s, pt, enc, &in, &p->dk) == HYB_E_OPEN,
			"%s: ct byte %zu", p->kem->name, i);
		ct[i] ^= 0x10;
	}
	for (size_t i = 0; i < p->kem->ct_bytes; i += i < 16 ? 1 : 97) {
		enc[i] ^= 0x10;
		vec_case(v, hyb_hpke_open(&s, pt, enc, &in, &p->dk) == HYB_E_OPEN,
			"%s: enc byte %zu", p->kem->name, i);
		enc[i] ^= 0x10;
	}
	for (size_t n = 0; n < sizeof(ct); n++) {
		bad = in;
		bad.text.n = n;
		vec_case(v, hyb_hpke_open(&s, pt, enc, &bad, &p->dk) == HYB_E_OPEN,
			"%s: cut to %zu", p->kem->name, n);
	}
}

static void limits(struct vec *v, const struct party *p)
{
	static const uint8_t long_info[HYB_HPKE_INFO_MAX + 1];
	static const struct hyb_rng_hook broken = { rng_fails, NULL };
	struct hyb_hpke_suite s = hyb_hpke_default(p->kem), odd = s;
	struct hyb_hpke_in in = { { long_info, HYB_HPKE_INFO_MAX }, { NULL, 0 }, { NULL, 0 } };
	uint8_t enc[HYB_KEM_CT_MAX], ct[16], out[64];
	struct hyb_hpke_ctx c, r;

	vec_case(v, hyb_hpke_seal(&s, enc, ct, &in, p->ek) == HYB_OK, "longest info");
	in.info.n++;
	memset(enc, 1, sizeof(enc));
	memset(ct, 1, sizeof(ct));
	vec_case(v,
		hyb_hpke_seal(&s, enc, ct, &in, p->ek) == HYB_E_LIMIT &&
			all_zero(enc, p->kem->ct_bytes) && all_zero(ct, sizeof(ct)),
		"info too long");
	in.info.n = 0;
	odd.kdf = 4;
	vec_case(v, hyb_hpke_seal(&odd, enc, ct, &in, p->ek) == HYB_E_SUITE, "no such KDF");
	odd = s;
	odd.aead = 0xffff;
	vec_case(v, hyb_hpke_seal(&odd, enc, ct, &in, p->ek) == HYB_E_SUITE, "no such AEAD");
	odd = s;
	odd.kem = hyb_kem_suite(HYB_KEM_TLS_X25519MLKEM768);
	vec_case(v, hyb_hpke_seal(&odd, enc, ct, &in, p->ek) == HYB_E_SUITE, "a KEM of TLS only");
	hyb_rng_hook(&broken);
	memset(enc, 1, sizeof(enc));
	memset(ct, 1, sizeof(ct));
	vec_case(v,
		hyb_hpke_seal(&s, enc, ct, &in, p->ek) == HYB_E_RNG &&
			all_zero(enc, p->kem->ct_bytes) && all_zero(ct, sizeof(ct)),
		"no randomness");
	hyb_rng_hook(NULL);

	vec_case(v,
		hyb_hpke_setup_s(&c, &s, enc, in.info, p->ek, NULL) == HYB_OK &&
			hyb_hpke_setup_r(&r, &s, enc, in.info, &p->dk) == HYB_OK,
		"setup");
	vec_case(v, hyb_hpke_ctx_open(&c, out, in.aad, (hyb_bytes){ ct, 16 }) == HYB_E_ARG,
		"a sender does not open");
	vec_case(v, hyb_hpke_ctx_seal(&r, ct, in.aad, in.text) == HYB_E_ARG,
		"a receiver does not seal");
	c.seq = r.seq = UINT64_MAX - 1;
	vec_case(v,
		hyb_hpke_ctx_seal(&c, ct, in.aad, in.text) == HYB_OK &&
			hyb_hpke_ctx_open(&r, out, in.aad, (hyb_bytes){ ct, 16 }) == HYB_OK,
		"the last message");
	vec_case(v,
		hyb_hpke_ctx_seal(&c, ct, in.aad, in.text) == HYB_E_LIMIT && all_zero(ct, 16) &&
			hyb_hpke_ctx_open(&r, out, in.aad, (hyb_bytes){ ct, 16 }) == HYB_E_LIMIT,
		"one message too many");
	r.seq = 3;
	vec_case(v,
		hyb_hpke_ctx_open(&r, out, in.aad, (hyb_bytes){ ct, 16 }) == HYB_E_OPEN &&
			r.seq == 3,
		"a failed message does not count");
	static uint8_t much[48 * 255 + 1];
	vec_case(v,
		hyb_hpke_export(&c, much, sizeof(much) - 1, in.aad) == HYB_OK &&
			hyb_hpke_export(&c, much, sizeof(much), in.aad) == HYB_E_LIMIT &&
			all_zero(much, sizeof(much)),
		"export up to 255 hash lengths");
	hyb_hpke_end(&c);
	hyb_hpke_end(&r);
}

/* One-stage KDFs take inputs of any length: only the limits themselves stop these. */
static void one_stage_limits(struct vec *v, const struct party *p)
{
	static const uint8_t zeros[HYB_HPKE_INFO_MAX + 1];
	static uint8_t much[65536];
	struct hyb_hpke_suite s = { .kem = p->kem, .kdf = 0x11, .aead = 2 };
	struct hyb_hpke_in in = { { zeros, sizeof(zeros) }, { NULL, 0 }, { NULL, 0 } };
	uint8_t enc[HYB_KEM_CT_MAX], ct[16];
	struct hyb_hpke_ctx c;

	vec_case(v, hyb_hpke_seal(&s, enc, ct, &in, p->ek) == HYB_E_LIMIT, "info too long");
	in.info.n--;
	vec_case(v, hyb_hpke_setup_s(&c, &s, enc, in.info, p->ek, NULL) == HYB_OK, "longest info");
	vec_case(v,
		hyb_hpke_export(&c, much, 32, (hyb_bytes){ zeros, sizeof(zeros) }) == HYB_E_LIMIT &&
			hyb_hpke_export(&c, much, 32, in.info) == HYB_OK,
		"export context");
	vec_case(v,
		hyb_hpke_export(&c, much, 65535, in.aad) == HYB_OK &&
			hyb_hpke_export(&c, much, 65536, in.aad) == HYB_E_LIMIT &&
			all_zero(much, sizeof(much)),
		"export of 2^16 bytes");
	hyb_hpke_end(&c);
}

/* Ciphertexts shorter than their tag, identifiers around those in use, keys of another suite. */
static void misfits(struct vec *v, const struct party *p)
{
	struct hyb_hpke_suite s = hyb_hpke_default(p->kem), odd;
	static const uint16_t kdfs[] = { 0, 4, 0x0f, 0x14 }, aeads[] = { 0, 4, 0xffff };
	static struct hyb_private other;
	struct hyb_hpke_in in = { { NULL, 0 }, { NULL, 0 }, { NULL, 0 } };
	uint8_t enc[HYB_KEM_CT_MAX], ct[32] = { 0 }, pt[16];
	struct hyb_hpke_ctx c, r;

	for (unsigned i = 0; i < 4; i++) {
		odd = s;
		odd.kdf = kdfs[i];
		vec_case(v, hyb_hpke_seal(&odd, enc, ct, &in, p->ek) == HYB_E_SUITE, "KDF %u",
			kdfs[i]);
	}
	for (unsigned i = 0; i < 3; i++) {
		odd = s;
		odd.aead = aeads[i];
		vec_case(v, hyb_hpke_seal(&odd, enc, ct, &in, p->ek) == HYB_E_SUITE, "AEAD %u",
			aeads[i]);
	}
	in.text = (hyb_bytes){ ct, 15 };
	vec_case(v, hyb_hpke_open(&odd, pt, enc, &in, &p->dk) == HYB_E_OPEN,
		"short, before anything else");
	vec_case(v,
		hyb_hpke_setup_s(&c, &s, enc, in.info, p->ek, NULL) == HYB_OK &&
			hyb_hpke_setup_r(&r, &s, enc, in.info, &p->dk) == HYB_OK,
		"setup");
	for (size_t n = 0; n < 16; n++)
		vec_case(v, hyb_hpke_ctx_open(&r, pt, in.aad, (hyb_bytes){ ct, n }) == HYB_E_OPEN,
			"%zu bytes", n);
	r.seq = UINT64_MAX;
	memset(pt, 1, sizeof(pt));
	vec_case(v,
		hyb_hpke_ctx_open(&r, pt, in.aad, (hyb_bytes){ ct, 32 }) == HYB_E_LIMIT &&
			all_zero(pt, sizeof(pt)),
		"past the last message: zeros");
	hyb_hpke_end(&r);
	for (size_t i = 0; i < sizeof(all_kems) / sizeof(*all_kems); i++) {
		if (hyb_kem_suite(all_kems[i]) == p->kem)
			continue;
		if (hyb_private_new_kem(&other, hyb_kem_suite(all_kems[i])) != HYB_OK)
			exit(1);
		memset(enc, 4, sizeof(enc));
		vec_case(v, hyb_hpke_setup_private(&r, &s, enc, in.info, &other) == HYB_E_SUITE,
			"%s: a key of %s", p->kem->name, other.pub.kem->name);
	}
	hyb_hpke_end(&c);
}

static void refusals(void)
{
	struct vec v = { "HPKE round trips and refusals, every envelope KEM", 0, 0 };
	static struct party p;

	for (size_t i = 0; i < sizeof(all_kems) / sizeof(*all_kems); i++) {
		p.kem = hyb_kem_suite(all_kems[i]);
		if (p.kem == NULL || hyb_hpke_kem_id(p.kem) == 0)
			continue;
		vec_case(&v,
			hyb_kem_keygen(p.kem, p.ek, p.seed) == HYB_OK &&
				hyb_kem_dk_expand(p.kem, &p.dk, p.seed) == HYB_OK,
			"%s: keygen", p.kem->name);
		one_shot(&v, &p);
		limits(&v, &p);
		one_stage_limits(&v, &p);
		misfits(&v, &p);
		hyb_kem_dk_clear(&p.dk);
	}
	vec_end(&v);
}

int main(void)
{
	pq_vectors();
	rfc_vectors();
	refusals();
	return vec_failures != 0;
}
