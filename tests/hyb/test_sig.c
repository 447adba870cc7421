/*
 * Composite signatures: the vectors of draft-ietf-lamps-pq-composite-sigs, signatures of our own, and
 * what has to be refused: either half wrong, another label, another context, another key encoding.
 */
#include "hyb/int.h"
#include "hyb/sig.h"
#include "vec.h"

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

static hyb_bytes words(const char *s)
{
	return (hyb_bytes){ (const uint8_t *)s, strlen(s) };
}

static const hyb_bytes no_ctx = { NULL, 0 };

/* ---- vectors ---- */
struct both {
	const struct hyb_sig_suite *s;
	hyb_bytes m, ctx, pk;
};

/* Signs anew with the vector's private key: the signature is another, and must verify. */
static bool signs_again(const struct both *b, hyb_bytes priv)
{
	uint8_t pk[HYB_SIG_PK_MAX], sig[HYB_SIG_SIG_MAX];
	static struct hyb_sig_sk sk;
	size_t n = 0;
	bool good = hyb_sig_sk_import(b->s, &sk, priv) == HYB_OK &&
		hyb_sig_pk_from_sk(b->s, pk, &sk) == HYB_OK && vec_eq(pk, b->s->pk_bytes, b->pk) &&
		hyb_sig_sign(b->s, sig, &n, b->m, b->ctx, &sk) == HYB_OK && n <= b->s->sig_max &&
		hyb_sig_verify(b->s, (hyb_bytes){ sig, n }, b->m, b->ctx, pk) &&
		!hyb_sig_verify(b->s, (hyb_bytes){ sig, n }, b->m, no_ctx, pk);

	hyb_sig_sk_clear(&sk);
	return good;
}

static void vectors(void)
{
	struct vec v = { "composite ML-DSA vectors", 0, 0 };
	cJSON *doc = vec_json(v.name, VECTORS "lamps-composite-sigs/testvectors.json");
	struct both b;
	unsigned out = 0;
	const cJSON *t;

	if (doc == NULL)
		return;
	b.m = base64(vec_str(doc, "m"));
	b.ctx = base64(vec_str(doc, "ctx"));
	cJSON_ArrayForEach(t, cJSON_GetObjectItem(doc, "tests"))
	{
		const char *name = vec_str(t, "tcId") + 3; /* after "id-" */
		hyb_bytes plain = base64(vec_str(t, "s")),
			  with = base64(vec_str(t, "sWithContext"));

		b.s = hyb_sig_suite_by_name(name);
		b.pk = base64(vec_str(t, "pk"));
		if (b.s == NULL) {
			out += 2;
			continue;
		}
		vec_case(&v,
			b.pk.n == b.s->pk_bytes &&
				hyb_sig_verify(b.s, plain, b.m, no_ctx, b.pk.p) &&
				!hyb_sig_verify(b.s, plain, b.m, b.ctx, b.pk.p),
			"%s", name);
		vec_case(&v,
			hyb_sig_verify(b.s, with, b.m, b.ctx, b.pk.p) &&
				!hyb_sig_verify(b.s, with, b.m, no_ctx, b.pk.p),
			"%s with context", name);
		vec_case(&v, signs_again(&b, base64(vec_str(t, "sk"))), "%s, signed again", name);
	}
	vec_end(&v);
	printf("    %s: %u signatures more are out of scope: RSA, brainpool, Ed448, P-521, "
	       "MLDSA44-Ed25519\n",
		v.name, out);
	cJSON_Delete(doc);
}

/* The hex after `name:` on this and the following lines. */
static hyb_bytes sample(const char *text, const char *name)
{
	const char *p = strstr(text, name);
	uint8_t *out = malloc(1024);
	size_t n = 0;

	if (p == NULL || out == NULL)
		exit(1);
	for (p += strlen(name); *p != '\0' && *p != '#' && n < 2048; p++) {
		int d = vec_nibble(*p);

		if (d >= 0) {
			out[n / 2] = (uint8_t)(n % 2 == 0 ? d << 4 : out[n / 2] | d);
			n++;
		} else if (*p != '\n' && *p != ' ') {
			break;
		} else if (*p == '\n' && p[1] == '\n') {
			break;
		}
	}
	return (hyb_bytes){ out, n / 2 };
}

/* The two worked examples of M'. */
static void messages(void)
{
	static const char *const files[] = { VECTORS
		"lamps-composite-sigs/messageFormatSample_ctx.md",
		VECTORS "lamps-composite-sigs/messageFormatSample_noctx.md" };
	const struct hyb_sig_row *r = hyb_sig_row(hyb_sig_suite(HYB_SIG_MLDSA65_P256));
	struct vec v = { "composite ML-DSA, message format", 0, 0 };

	for (unsigned i = 0; i < 2; i++) {
		const char *text = vec_file(files[i], NULL);
		uint8_t m[HYB_SIG_MESSAGE_MAX], ph[64];
		hyb_bytes msg, ctx;

		if (text == NULL) {
			vec_skip(v.name, "no such file under ../shared/vectors");
			return;
		}
		msg = sample(text, "M:");
		ctx = sample(text, i == 0 ? "ctx: " : "ctx:");
		vec_case(&v,
			lc_hash(HYB_SHA2_512, ph, &msg, 1) == HYB_OK &&
				vec_eq(ph, 64, sample(text, "PH(M):")),
			"file %u: PH(M)", i);
		vec_case(&v,
			vec_eq(m, hyb_sig_message(m, r, ctx, (hyb_bytes){ ph, 64 }),
				sample(text, "\nM':")),
			"file %u: M'", i);
	}
	vec_end(&v);
}

/* ---- our own ---- */
struct key {
	const struct hyb_sig_suite *s;
	struct hyb_sig_sk sk;
	uint8_t pk[HYB_SIG_PK_MAX], priv[HYB_SIG_PRIV_MAX], sig[HYB_SIG_SIG_MAX];
	size_t priv_n, n;
};

static bool make(struct key *k, unsigned id)
{
	k->s = hyb_sig_suite((enum hyb_sig_id)id);
	return hyb_sig_keygen(k->s, k->pk, k->priv, &k->priv_n) == HYB_OK &&
		k->priv_n <= k->s->priv_max &&
		hyb_sig_sk_import(k->s, &k->sk, (hyb_bytes){ k->priv, k->priv_n }) == HYB_OK &&
		hyb_sig_sign(k->s, k->sig, &k->n, words("message"), words("ctx"), &k->sk) == HYB_OK;
}

static bool accepts(const struct key *k, size_t n)
{
	return hyb_sig_verify(
		k->s, (hyb_bytes){ k->sig, n }, words("message"), words("ctx"), k->pk);
}

/* One byte changed anywhere in the signature or the key is refused: a stride over each half. */
static void flips(struct vec *v, struct key *k)
{
	const size_t pq = hyb_sig_pq_sig_bytes(hyb_sig_row(k->s)->set);

	for (size_t i = 0; i < k->n; i += i < pq ? 211 : 1) {
		k->sig[i] ^= 0x10;
		vec_case(v, !accepts(k, k->n), "%s: byte %zu of the signature", k->s->name, i);
		k->sig[i] ^= 0x10;
	}
	for (size_t i = 0; i < k->s->pk_bytes; i += i < k->s->pk_bytes - 97 ? 307 : 7) {
		k->pk[i] ^= 0x10;
		vec_case(v, !accepts(k, k->n), "%s: byte %zu of the key", k->s->name, i);
		k->pk[i] ^= 0x10;
	}
}

static void lengths(struct vec *v, struct key *k)
{
	static uint8_t big[256];
	const size_t pq = hyb_sig_pq_sig_bytes(hyb_sig_row(k->s)->set);
	const size_t cuts[] = { 0, 1, pq - 1, pq, pq + 1, k->n - 1, k->n + 1 };
	size_t n = 1;

	for (unsigned i = 0; i < 7; i++)
		vec_case(v, cuts[i] == k->n || !accepts(k, cuts[i]), "%s: %zu bytes", k->s->name,
			cuts[i]);
	vec_case(v, accepts(k, k->n), "%s", k->s->name);
	vec_case(v,
		hyb_sig_sign(k->s, k->sig, &n, words("message"), (hyb_bytes){ big, 256 }, &k->sk) ==
				HYB_E_ARG &&
			n == 0 && k->sig[0] == 0,
		"%s: context of 256 bytes", k->s->name);
	vec_case(v,
		hyb_sig_sign(k->s, k->sig, &n, words("message"), (hyb_bytes){ big, 255 }, &k->sk) ==
				HYB_OK &&
			hyb_sig_verify(k->s, (hyb_bytes){ k->sig, n }, words("message"),
				(hyb_bytes){ big, 255 }, k->pk) &&
			!hyb_sig_verify(k->s, (hyb_bytes){ k->sig, n }, words("message"),
				(hyb_bytes){ big, 256 }, k->pk),
		"%s: context of 255 bytes", k->s->name);
}

/* A digest made elsewhere is the composite signature itself; pure suites use HashML-DSA. */
static void digests(struct vec *v, struct key *k)
{
	const struct hyb_sig_row *r = hyb_sig_row(k->s);
	hyb_bytes m = words("message"), ctx = words("ctx"), d;
	static const uint8_t long_digest[65536];
	uint8_t digest[65] = { 0 };
	size_t n = 0;
	bool whole, good;

	if (lc_hash(r->ph, digest, &m, 1) != HYB_OK)
		exit(1);
	d = (hyb_bytes){ digest, r->ph_bytes };
	good = hyb_sig_sign_digest(k->s, k->sig, &n, d, ctx, &k->sk) == HYB_OK &&
		hyb_sig_verify_digest(k->s, (hyb_bytes){ k->sig, n }, d, ctx, k->pk) &&
		!hyb_sig_verify_digest(k->s, (hyb_bytes){ k->sig, n }, d, no_ctx, k->pk);
	vec_case(v, good, "%s: digest", k->s->name);
	whole = hyb_sig_verify(k->s, (hyb_bytes){ k->sig, n }, m, ctx, k->pk);
	vec_case(v, whole == k->s->is_hybrid, "%s: digest and message", k->s->name);
	if (k->s->id == HYB_SIG_MLDSA87)
		vec_case(v, hyb_mldsa87_verify_hash(k->sig, HYB_SHA2_512, m, ctx, k->pk),
			"HashML-DSA-87");
	if (k->s->id == HYB_SIG_MLDSA44)
		vec_case(v, hyb_mldsa44_verify_hash(k->sig, HYB_SHA2_512, m, ctx, k->pk),
			"HashML-DSA-44");
	digest[0] ^= 1;
	vec_case(v, !hyb_sig_verify_digest(k->s, (hyb_bytes){ k->sig, n }, d, ctx, k->pk),
		"%s: another digest", k->s->name);
	digest[0] ^= 1;
	for (int more = -1; more < 2; more++)
		vec_case(v,
			hyb_sig_verify_digest(k->s,
				(hyb_bytes){ k->sig, (size_t)((ptrdiff_t)n + more) }, d, ctx,
				k->pk) == (more == 0),
			"%s: digest, %d bytes more", k->s->name, more);
	vec_case(v,
		!hyb_sig_verify_digest(k->s, (hyb_bytes){ k->sig, n },
			(hyb_bytes){ long_digest, sizeof long_digest }, ctx, k->pk),
		"%s: a digest of 64 KiB", k->s->name);
	d.n++;
	vec_case(v,
		!hyb_sig_verify_digest(k->s, (hyb_bytes){ k->sig, n }, d, ctx, k->pk) &&
			hyb_sig_sign_digest(k->s, k->sig, &n, d, ctx, &k->sk) == HYB_E_ARG &&
			n == 0,
		"%s: digest of another length", k->s->name);
}

static void own(void)
{
	struct vec v = { "composite signatures, refusals", 0, 0 };
	static struct key k;

	for (unsigned i = 0; i < HYB_SIG_SUITES; i++) {
		if (!make(&k, i)) {
			vec_case(&v, false, "suite %u", i);
			continue;
		}
		vec_case(&v, k.s->id == (enum hyb_sig_id)i && accepts(&k, k.n), "%s", k.s->name);
		vec_case(&v,
			k.s->pk_bytes <= HYB_SIG_PK_MAX && k.s->sig_max <= HYB_SIG_SIG_MAX &&
				k.s->priv_max <= HYB_SIG_PRIV_MAX,
			"%s: table", k.s->name);
		flips(&v, &k);
		lengths(&v, &k);
		digests(&v, &k);
		hyb_sig_sk_clear(&k.sk);
		vec_case(&v, hyb_sig_sign(k.s, k.sig, &k.n, words("m"), no_ctx, &k.sk) == HYB_E_ARG,
			"%s: cleared key", k.s->name);
	}
	vec_end(&v);
}

/* Every key under every other suite. */
static void suites(void)
{
	struct vec v = { "signatures under another suite's name", 0, 0 };
	static struct key k;
	static uint8_t sig[HYB_SIG_SIG_MAX], pk[HYB_SIG_PK_MAX];

	for (unsigned i = 0; i < HYB_SIG_SUITES; i++) {
		if (!make(&k, i))
			exit(1);
		for (unsigned j = 0; j < HYB_SIG_SUITES; j++) {
			const struct hyb_sig_suite *s = hyb_sig_suite((enum hyb_sig_id)j);
			size_t n = 1;

			if (j == i)
				continue;
			vec_case(&v,
				hyb_sig_sign(s, sig, &n, words("m"), no_ctx, &k.sk) == HYB_E_ARG &&
					n == 0,
				"%s as %s", k.s->name, s->name);
			vec_case(&v, hyb_sig_pk_from_sk(s, pk, &k.sk) == HYB_E_ARG,
				"public key of %s as %s", k.s->name, s->name);
		}
		hyb_sig_sk_clear(&k.sk);
	}
	vec_end(&v);
}

/*
 * One half of another message, and the halves as they would be outside the composite: a signature of
 * either algorithm alone over M is worth nothing here.
 */
static void halves(void)
{
	struct vec v = { "composite signatures, halves apart", 0, 0 };
	static struct key k;
	static uint8_t other[HYB_SIG_SIG_MAX], mixed[HYB_SIG_SIG_MAX + HYB_SIG_SIG_MAX];

	for (unsigned i = 0; i <= HYB_SIG_MLDSA44_P256; i++) {
		const struct hyb_sig_row *r = hyb_sig_row(hyb_sig_suite((enum hyb_sig_id)i));
		const size_t pq = hyb_sig_pq_sig_bytes(r->set);
		size_t n, plain_n;
		uint8_t plain[104];

		if (!make(&k, i) ||
			hyb_sig_sign(k.s, other, &n, words("another"), words("ctx"), &k.sk) !=
				HYB_OK ||
			lc_sign(r->curve, plain, &plain_n, words("message"),
				k.priv + 32 + (r->curve == LC_ED25519 ? 0 : 7)) != HYB_OK) {
			vec_case(&v, false, "suite %u", i);
			continue;
		}
		memcpy(mixed, k.sig, k.n);
		memcpy(mixed, other, pq);
		memcpy(k.sig, mixed, k.n);
		vec_case(&v, !accepts(&k, k.n), "%s: ML-DSA half of another", k.s->name);
		hyb_sig_sk_clear(&k.sk);
		if (!make(&k, i))
			exit(1);
		memcpy(k.sig + pq, plain, plain_n);
		vec_case(&v, !accepts(&k, pq + plain_n), "%s: classical half of M itself",
			k.s->name);
		hyb_sig_sk_clear(&k.sk);
	}
	vec_end(&v);
}

/* Private keys: the draft's encoding and no other. */
static void encodings(void)
{
	struct vec v = { "composite private keys, encodings", 0, 0 };
	static struct hyb_sig_sk sk;
	static struct key k;

	for (unsigned i = 0; i <= HYB_SIG_MLDSA44_P256; i++) {
		bool is_ed = i == HYB_SIG_MLDSA65_ED25519;

		if (!make(&k, i))
			exit(1);
		hyb_sig_sk_clear(&k.sk);
		for (size_t n = 0; n <= k.priv_n + 1; n++) {
			const hyb_bytes priv = { k.priv, n };

			vec_case(&v,
				(hyb_sig_sk_import(k.s, &sk, priv) == HYB_OK) == (n == k.priv_n),
				"%s: %zu bytes", k.s->name, n);
			hyb_sig_sk_clear(&sk);
		}
		for (size_t at = 32; at < k.priv_n && !is_ed; at++) {
			bool is_frame = at < 32 + 7 || at >= k.priv_n - (i == 1 || i == 4 ? 12 : 9);

			k.priv[at] ^= 1;
			if (is_frame)
				vec_case(&v,
					hyb_sig_sk_import(k.s, &sk,
						(hyb_bytes){ k.priv, k.priv_n }) == HYB_E_BAD_KEY,
					"%s: byte %zu", k.s->name, at);
			k.priv[at] ^= 1;
		}
		if (!is_ed) {
			memset(k.priv + 32 + 7, 0xff, k.s->priv_max > 90 ? 48 : 32);
			vec_case(&v,
				hyb_sig_sk_import(k.s, &sk, (hyb_bytes){ k.priv, k.priv_n }) ==
					HYB_E_BAD_KEY,
				"%s: scalar out of range", k.s->name);
		}
		hyb_sig_sk_clear(&sk);
	}
	vec_end(&v);
}

/* ---- without randomness ---- */
static bool no_luck(void *ctx, uint8_t *p, size_t n)
{
	(void)p;
	(void)n;
	return (*(int *)ctx)-- > 0;
}

static void no_rng(void)
{
	struct vec v = { "composite signatures, failing randomness", 0, 0 };
	static struct key k;

	for (unsigned i = 0; i < HYB_SIG_SUITES; i++) {
		int left = 0;
		const struct hyb_rng_hook none = { no_luck, &left };
		uint8_t pk[HYB_SIG_PK_MAX], priv[HYB_SIG_PRIV_MAX];
		size_t n = 1;

		if (!make(&k, i))
			exit(1);
		hyb_rng_hook(&none);
		vec_case(&v,
			hyb_sig_sign(k.s, k.sig, &k.n, words("m"), no_ctx, &k.sk) == HYB_E_RNG &&
				k.n == 0 && k.sig[0] == 0,
			"%s sign", k.s->name);
		/* Fails at the first draw, then at the second, which pure suites have not. */
		for (int first = 0; first < (k.s->is_hybrid ? 2 : 1); first++) {
			left = first;
			memset(priv, 1, sizeof priv);
			vec_case(&v,
				hyb_sig_keygen(k.s, pk, priv, &n) == HYB_E_RNG && n == 0 &&
					pk[0] == 0 && priv[0] == 0 && priv[31] == 0,
				"%s keygen, draw %d", k.s->name, first);
		}
		hyb_rng_hook(NULL);
		hyb_sig_sk_clear(&k.sk);
	}
	vec_end(&v);
}

int main(void)
{
	vectors();
	messages();
	own();
	suites();
	halves();
	encodings();
	no_rng();
	return vec_failures > 0;
}
