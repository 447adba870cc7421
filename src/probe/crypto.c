/* Before our headers: libcrypto names parameters after calls that ban.h poisons. */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "crypto_int.h"

#include <limits.h>

#include "base/arena.h"
#include "base/limits.h"

#define TAG_BYTES 16
#define CCM8_TAG_BYTES 8
#define HMAC_BLOCK_MAX 128
#define AEADS 5
#define HASHES 4
#define EC_NAMES 12 /* more than crypto_verify.c knows */

/*
 * Fetching an algorithm and making a context cost libcrypto more than a hash of a short message: both
 * are done once a process. Whatever is missing is NULL and its user fails.
 */
static struct {
	EVP_MD *md[HASHES];
	EVP_MD_CTX *digest, *copy, *verify;
	EVP_CIPHER_CTX *seal[AEADS], *open[AEADS], *mask[AEADS];

	struct {
		const char *name;
		EVP_PKEY *key;
	} ec[EC_NAMES];
} lib;

static const char *const hash_name[HASHES] = {
	[PC_SHA256] = "SHA256",
	[PC_SHA384] = "SHA384",
	[PC_SHA1] = "SHA1",
	[PC_MD5SHA1] = "MD5-SHA1",
};

static const struct {
	const char *name, *mask; /* of the packet protection and of the header protection */
	size_t key_bytes, tag_bytes;
	bool is_ccm;
} aeads[AEADS] = {
	[PC_AES128_GCM] = { "AES-128-GCM", "AES-128-ECB", 16, TAG_BYTES, false },
	[PC_AES256_GCM] = { "AES-256-GCM", "AES-256-ECB", 32, TAG_BYTES, false },
	[PC_CHACHA20] = { "ChaCha20-Poly1305", "ChaCha20", 32, TAG_BYTES, false },
	[PC_AES128_CCM] = { "AES-128-CCM", "AES-128-ECB", 16, TAG_BYTES, true },
	[PC_AES128_CCM8] = { "AES-128-CCM", "AES-128-ECB", 16, CCM8_TAG_BYTES, true },
};

static bool done(bool ok)
{
	if (!ok)
		ERR_clear_error();
	return ok;
}

size_t pc_key_bytes(enum pc_aead a)
{
	return aeads[a].key_bytes;
}

size_t pc_tag_bytes(enum pc_aead a)
{
	return aeads[a].tag_bytes;
}

bool pc_suite13(uint16_t suite, enum pc_hash *h, enum pc_aead *a)
{
	if (suite < 0x1301 || suite > 0x1305) /* [RFC8446 §B.4] */
		return false;

	static const enum pc_aead by[] = { PC_AES128_GCM, PC_AES256_GCM, PC_CHACHA20, PC_AES128_CCM,
		PC_AES128_CCM8 };

	*h = suite == 0x1302 ? PC_SHA384 : PC_SHA256;
	*a = by[suite - 0x1301];
	return true;
}

/* ---- hashes ---- */

static EVP_MD *md_of(enum pc_hash h)
{
	if (lib.md[h] == NULL)
		lib.md[h] = EVP_MD_fetch(NULL, hash_name[h], NULL);
	return lib.md[h];
}

static EVP_MD_CTX *md_ctx(EVP_MD_CTX **slot)
{
	if (*slot == NULL)
		*slot = EVP_MD_CTX_new();
	return *slot;
}

static bool update(EVP_MD_CTX *c, pqm_bytes in)
{
	return in.n == 0 || EVP_DigestUpdate(c, in.p, in.n) == 1;
}

static bool digest_parts(enum pc_hash h, uint8_t *out, const pqm_bytes *parts, size_t n)
{
	EVP_MD_CTX *c = md_ctx(&lib.digest);
	EVP_MD *md = md_of(h);
	bool ok = c != NULL && md != NULL && EVP_DigestInit_ex2(c, md, NULL) == 1;

	for (size_t i = 0; ok && i < n; i++)
		ok = update(c, parts[i]);
	return done(ok && EVP_DigestFinal_ex(c, out, NULL) == 1);
}

void pc_digest(enum pc_hash h, uint8_t *out, pqm_bytes in)
{
	if (!digest_parts(h, out, &in, 1))
		memset(out, 0, pc_hash_bytes(h));
}

struct pc_transcript {
	EVP_MD_CTX *ctx;
	enum pc_hash hash;
};

struct pc_transcript *pc_transcript_new(enum pc_hash h)
{
	struct pc_transcript *t = pqm_calloc(1, sizeof(*t));
	EVP_MD *md = md_of(h);

	if (t == NULL)
		return NULL;
	t->hash = h;
	t->ctx = EVP_MD_CTX_new();
	if (t->ctx != NULL && md != NULL && done(EVP_DigestInit_ex2(t->ctx, md, NULL) == 1))
		return t;
	pc_transcript_free(t);
	return NULL;
}

void pc_transcript_free(struct pc_transcript *t)
{
	if (t == NULL)
		return;
	EVP_MD_CTX_free(t->ctx);
	pqm_free(t);
}

void pc_transcript_add(struct pc_transcript *t, pqm_bytes in)
{
	(void)update(t->ctx, in);
}

struct pc_transcript *pc_transcript_copy(const struct pc_transcript *t)
{
	struct pc_transcript *c = pqm_calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->hash = t->hash;
	c->ctx = EVP_MD_CTX_new();
	if (c->ctx != NULL && done(EVP_MD_CTX_copy_ex(c->ctx, t->ctx) == 1))
		return c;
	pc_transcript_free(c);
	return NULL;
}

void pc_transcript_now(const struct pc_transcript *t, uint8_t *out)
{
	EVP_MD_CTX *c = md_ctx(&lib.copy);

	if (c == NULL || EVP_MD_CTX_copy_ex(c, t->ctx) != 1 ||
		EVP_DigestFinal_ex(c, out, NULL) != 1) {
		ERR_clear_error();
		memset(out, 0, pc_hash_bytes(t->hash));
	}
}

/* HMAC [RFC2104] over parts: EVP_MAC takes four times as long for the short messages of a key schedule. */
static bool hmac_parts(
	enum pc_hash h, uint8_t *out, pqm_bytes key, const pqm_bytes *parts, size_t n)
{
	size_t block = h == PC_SHA384 ? 128 : 64, size = pc_hash_bytes(h);
	uint8_t pad[HMAC_BLOCK_MAX] = { 0 }, inner[PC_HASH_MAX];
	pqm_bytes in[6];

	if (n > 5 || (key.n > block && !digest_parts(h, pad, &key, 1)))
		return false;
	if (key.n > 0 && key.n <= block)
		memcpy(pad, key.p, key.n);
	for (size_t i = 0; i < block; i++)
		pad[i] ^= 0x36;
	in[0] = (pqm_bytes){ pad, block };
	if (n > 0)
		memcpy(in + 1, parts, n * sizeof(in[0]));
	bool ok = digest_parts(h, inner, in, n + 1);

	for (size_t i = 0; i < block; i++)
		pad[i] ^= 0x36 ^ 0x5c;
	in[1] = (pqm_bytes){ inner, size };
	ok = ok && digest_parts(h, out, in, 2);
	pqm_wipe(pad, sizeof(pad));
	pqm_wipe(inner, sizeof(inner));
	return ok;
}

bool pc_hmac(enum pc_hash h, uint8_t *out, pqm_bytes key, pqm_bytes in)
{
	return hmac_parts(h, out, key, &in, 1);
}

bool pc_hkdf_extract(enum pc_hash h, uint8_t *prk, pqm_bytes salt, pqm_bytes ikm)
{
	return hmac_parts(h, prk, salt, &ikm, 1);
}

/* HKDF-Expand [RFC5869 §2.3] with the HkdfLabel as info. */
/* NOLINTNEXTLINE(readability-function-size): what RFC 8446 §7.1 calls with, and what it is for. */
bool pc_expand_label(enum pc_hash h, uint8_t *out, size_t n, pqm_bytes secret, bool is_dtls,
	const char *label, pqm_bytes context)
{
	pqm_bytes prefix = is_dtls ? PQM_LIT("dtls13") : PQM_LIT("tls13 "), l = pqm_str(label);
	uint8_t info[4 + 255 + 255], t[PC_HASH_MAX], round = 0;
	size_t at = 0, size = pc_hash_bytes(h), have = 0;
	bool ok = prefix.n + l.n <= 255 && context.n <= 255 && n <= 255 * size;

	if (!ok)
		return false;
	info[at++] = (uint8_t)(n >> 8);
	info[at++] = (uint8_t)n;
	info[at++] = (uint8_t)(prefix.n + l.n);
	memcpy(info + at, prefix.p, prefix.n);
	at += prefix.n;
	memcpy(info + at, l.p, l.n);
	at += l.n;
	info[at++] = (uint8_t)context.n;
	if (context.n > 0)
		memcpy(info + at, context.p, context.n);
	at += context.n;
	while (ok && have < n) {
		const pqm_bytes parts[] = { { t, round == 0 ? 0 : size }, { info, at },
			{ &round, 1 } };

		round++;
		ok = hmac_parts(h, t, secret, parts, 3);
		size_t part = n - have < size ? n - have : size;

		memcpy(out + have, t, part);
		have += part;
	}
	pqm_wipe(t, sizeof(t));
	return ok;
}

/* ---- AEAD ---- */

static EVP_CIPHER_CTX *cipher_ctx(EVP_CIPHER_CTX **slot, const char *name, bool is_seal)
{
	if (*slot != NULL)
		return *slot;
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, name, NULL);
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();

	if (cipher == NULL || c == NULL ||
		EVP_CipherInit_ex2(c, cipher, NULL, NULL, is_seal ? 1 : 0, NULL) != 1) {
		EVP_CIPHER_CTX_free(c);
		c = NULL;
	}
	EVP_CIPHER_free(cipher); /* the context holds its own reference */
	*slot = c;
	return c;
}

struct aead_in {
	const uint8_t *key, *nonce;
	pqm_bytes ad, text;
	uint8_t tag[TAG_BYTES]; /* in when opening, out when sealing */
};

static bool aead_run(enum pc_aead a, struct aead_in *in, bool is_seal, uint8_t *out)
{
	EVP_CIPHER_CTX **slot = is_seal ? &lib.seal[a] : &lib.open[a];
	EVP_CIPHER_CTX *c = cipher_ctx(slot, aeads[a].name, is_seal);
	int tag_bytes = (int)aeads[a].tag_bytes, n = 0, tail = 0;
	bool ok = c != NULL && in->text.n <= INT_MAX && in->ad.n <= INT_MAX;
	const uint8_t *text =
		in->text.n > 0 ? in->text.p : out; /* CCM wants a pointer, not bytes */

	/* CCM knows its lengths first [SP800-38C §A.2.1]. */
	if (aeads[a].is_ccm)
		ok = ok && EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_IVLEN, 12, NULL) == 1 &&
			EVP_CIPHER_CTX_ctrl(
				c, EVP_CTRL_AEAD_SET_TAG, tag_bytes, is_seal ? NULL : in->tag) == 1;
	ok = ok && EVP_CipherInit_ex2(c, NULL, in->key, in->nonce, -1, NULL) == 1;
	if (aeads[a].is_ccm)
		ok = ok && EVP_CipherUpdate(c, NULL, &n, NULL, (int)in->text.n) == 1;
	else if (!is_seal)
		ok = ok && EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, tag_bytes, in->tag) == 1;
	ok = ok && (in->ad.n == 0 || EVP_CipherUpdate(c, NULL, &n, in->ad.p, (int)in->ad.n) == 1) &&
		EVP_CipherUpdate(c, out, &n, text, (int)in->text.n) == 1;
	/* Opening with CCM verifies in the update: there is no final [EVP_EncryptInit(3)]. */
	if (ok && (is_seal || !aeads[a].is_ccm))
		ok = EVP_CipherFinal_ex(c, out + in->text.n, &tail) == 1;
	if (ok && is_seal)
		ok = EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, tag_bytes, in->tag) == 1;
	return done(ok);
}

bool pc_open(enum pc_aead a, const uint8_t *key, const uint8_t nonce[12], pqm_bytes ad,
	pqm_bytes in, uint8_t *out)
{
	size_t tag = aeads[a].tag_bytes;

	if (in.n < tag)
		return false;
	struct aead_in x = { key, nonce, ad, { in.p, in.n - tag }, { 0 } };

	memcpy(x.tag, in.p + x.text.n, tag);
	return aead_run(a, &x, false, out);
}

bool pc_seal(enum pc_aead a, const uint8_t *key, const uint8_t nonce[12], pqm_bytes ad,
	pqm_bytes in, uint8_t *out)
{
	struct aead_in x = { key, nonce, ad, in, { 0 } };

	if (!aead_run(a, &x, true, out))
		return false;
	memcpy(out + in.n, x.tag, aeads[a].tag_bytes);
	return true;
}

bool pc_traffic_keys(struct pc_traffic *t, enum pc_hash h, enum pc_aead a, pqm_bytes secret)
{
	const pqm_bytes none = { NULL, 0 };

	t->aead = a;
	t->seq = 0;
	return pc_expand_label(h, t->key, aeads[a].key_bytes, secret, false, "key", none) &&
		pc_expand_label(h, t->iv, sizeof(t->iv), secret, false, "iv", none);
}

void pc_nonce(uint8_t nonce[12], const uint8_t iv[12], uint64_t seq)
{
	memcpy(nonce, iv, 12);
	for (size_t i = 0; i < 8; i++)
		nonce[11 - i] ^= (uint8_t)(seq >> (8 * i));
}

bool pc_inner_type(const uint8_t *plain, size_t *n, uint8_t *type)
{
	size_t left = *n;

	while (left > 0 && plain[left - 1] == 0)
		left--;
	if (left == 0)
		return false;
	*type = plain[left - 1];
	*n = left - 1;
	return true;
}

bool pc_record_open(struct pc_traffic *t, pqm_bytes header, pqm_bytes body, uint8_t *out, size_t *n,
	uint8_t *type)
{
	uint8_t nonce[12];

	pc_nonce(nonce, t->iv, t->seq);
	if (!pc_open(t->aead, t->key, nonce, header, body, out))
		return false;
	t->seq++;
	*n = body.n - aeads[t->aead].tag_bytes;
	return pc_inner_type(out, n, type);
}

bool pc_record_seal(struct pc_traffic *t, uint8_t type, pqm_bytes body, struct pqm_buf *out)
{
	size_t inner = body.n + 1, sealed = inner + aeads[t->aead].tag_bytes;
	uint8_t nonce[12];

	if (body.n > 16384 || !pqm_buf_reserve(out, 5 + inner + TAG_BYTES))
		return false;
	uint8_t *p = out->p + out->n;
	const uint8_t header[] = { 23, 3, 3, (uint8_t)(sealed >> 8), (uint8_t)sealed };
	struct aead_in x = { t->key, nonce, { p, 5 }, { p + 5, inner }, { 0 } };

	memcpy(p, header, 5);
	if (body.n > 0)
		memcpy(p + 5, body.p, body.n);
	p[5 + body.n] = type;
	pc_nonce(nonce, t->iv, t->seq);
	if (!aead_run(t->aead, &x, true, p + 5))
		return false;
	memcpy(p + 5 + inner, x.tag, aeads[t->aead].tag_bytes);
	out->n += 5 + sealed;
	t->seq++;
	return true;
}

bool pc_quic_mask(enum pc_aead a, const uint8_t *key, const uint8_t sample[16], uint8_t mask[5])
{
	static const uint8_t zeros[5];
	EVP_CIPHER_CTX *c = cipher_ctx(&lib.mask[a], aeads[a].mask, true);
	uint8_t block[16];
	int n = 0;
	bool ok = c != NULL;

	/* The sample is the block to encrypt, or counter and nonce [RFC9001 §5.4.3, §5.4.4]. */
	if (a == PC_CHACHA20)
		ok = ok && EVP_EncryptInit_ex2(c, NULL, key, sample, NULL) == 1 &&
			EVP_EncryptUpdate(c, block, &n, zeros, sizeof(zeros)) == 1;
	else
		ok = ok && EVP_EncryptInit_ex2(c, NULL, key, NULL, NULL) == 1 &&
			EVP_CIPHER_CTX_set_padding(c, 0) == 1 &&
			EVP_EncryptUpdate(c, block, &n, sample, sizeof(block)) == 1;
	if (ok)
		memcpy(mask, block, 5);
	return done(ok);
}

/* ---- key agreement ---- */

static const struct {
	const char *type, *group;
	size_t bytes;
} curves[PC_CURVES] = {
	[PC_X25519] = { "X25519", NULL, 32 },
	[PC_X448] = { "X448", NULL, 56 },
	[PC_P256] = { "EC", "P-256", 65 },
	[PC_P384] = { "EC", "P-384", 97 },
	[PC_P521] = { "EC", "P-521", 133 },
	[PC_BP256] = { "EC", "brainpoolP256r1", 65 },
	[PC_BP384] = { "EC", "brainpoolP384r1", 97 },
	[PC_BP512] = { "EC", "brainpoolP512r1", 129 },
	[PC_SM2] = { "SM2", NULL, 65 },
	[PC_FF2048] = { "DH", "ffdhe2048", 256 },
	[PC_FF3072] = { "DH", "ffdhe3072", 384 },
	[PC_FF4096] = { "DH", "ffdhe4096", 512 },
	[PC_FF6144] = { "DH", "ffdhe6144", 768 },
	[PC_FF8192] = { "DH", "ffdhe8192", 1024 },
};

struct pc_pair {
	enum pc_curve curve;
	EVP_PKEY *key, *peer;
	EVP_PKEY_CTX *derive;
	unsigned char *pub; /* libcrypto's allocation */
};

size_t pc_curve_bytes(enum pc_curve c)
{
	return c < PC_CURVES ? curves[c].bytes : 0;
}

static EVP_PKEY *keygen(enum pc_curve c)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, curves[c].type, NULL);
	EVP_PKEY *key = NULL;

	if (ctx != NULL && EVP_PKEY_keygen_init(ctx) == 1 &&
		(curves[c].group == NULL || EVP_PKEY_CTX_set_group_name(ctx, curves[c].group) == 1))
		(void)EVP_PKEY_generate(ctx, &key);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

/* A peer key of the same parameters, whose public value is set anew for each exchange. */
static bool prepare_peer(struct pc_pair *p)
{
	if (curves[p->curve].group == NULL) {
		p->peer = EVP_PKEY_new_raw_public_key_ex(
			NULL, curves[p->curve].type, NULL, p->pub, curves[p->curve].bytes);
		return p->peer != NULL;
	}
	p->peer = EVP_PKEY_new();
	return p->peer != NULL && EVP_PKEY_copy_parameters(p->peer, p->key) == 1;
}

struct pc_pair *pc_pair_new(enum pc_curve c)
{
	struct pc_pair *p = c < PC_CURVES ? pqm_calloc(1, sizeof(*p)) : NULL;

	if (p == NULL)
		return NULL;
	p->curve = c;
	p->key = keygen(c);
	if (p->key != NULL &&
		done(EVP_PKEY_get1_encoded_public_key(p->key, &p->pub) == curves[c].bytes))
		return p;
	pc_pair_free(p);
	return NULL;
}

void pc_pair_free(struct pc_pair *p)
{
	if (p == NULL)
		return;
	EVP_PKEY_CTX_free(p->derive);
	EVP_PKEY_free(p->peer);
	EVP_PKEY_free(p->key);
	OPENSSL_free(p->pub);
	ERR_clear_error();
	pqm_free(p);
}

pqm_bytes pc_pair_public(const struct pc_pair *p)
{
	return (pqm_bytes){ p->pub, curves[p->curve].bytes };
}

static bool prepare_derive(struct pc_pair *p)
{
	if (p->derive != NULL)
		return true;
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_pkey(NULL, p->key, NULL);
	bool ok = c != NULL && prepare_peer(p) && EVP_PKEY_derive_init(c) == 1;

	/* The shared secret is as long as p [RFC8446 §7.4.1]. */
	if (ok && p->curve >= PC_FF2048)
		ok = EVP_PKEY_CTX_set_dh_pad(c, 1) == 1;
	if (!ok) {
		EVP_PKEY_CTX_free(c);
		EVP_PKEY_free(p->peer);
		p->peer = NULL;
		return false;
	}
	p->derive = c;
	return true;
}

bool pc_pair_derive(struct pc_pair *p, pqm_bytes peer, uint8_t *out, size_t *n)
{
	bool is_ec = p->curve >= PC_P256 && p->curve <= PC_SM2;
	size_t have = PC_SHARED_MAX;

	/* Points go uncompressed [RFC8446 §4.2.8.2]; libcrypto checks that they are on the curve, and that
	 * a DH value is neither 0, 1 nor p - 1. */
	if (peer.n != curves[p->curve].bytes || (is_ec && peer.p[0] != 4))
		return false;
	if (!done(prepare_derive(p) &&
		    EVP_PKEY_set1_encoded_public_key(p->peer, peer.p, peer.n) == 1 &&
		    EVP_PKEY_derive_set_peer_ex(p->derive, p->peer, 0) == 1 &&
		    EVP_PKEY_derive(p->derive, out, &have) == 1))
		return false;
	*n = have;
	return true;
}

/* ---- signatures ---- */

static int check(EVP_PKEY *key, const struct pc_check *how, pqm_bytes content, pqm_bytes sig)
{
	EVP_MD_CTX *c = md_ctx(&lib.verify);
	EVP_PKEY_CTX *k = NULL;
	int st = -1;

	if (c != NULL && EVP_DigestVerifyInit_ex(c, &k, how->hash, NULL, NULL, key, NULL) == 1 &&
		(!how->is_pss ||
			(EVP_PKEY_CTX_set_rsa_padding(k, RSA_PKCS1_PSS_PADDING) == 1 &&
				EVP_PKEY_CTX_set_rsa_pss_saltlen(k, RSA_PSS_SALTLEN_DIGEST) == 1)))
		/* A signature that cannot be decoded does not verify either. */
		st = EVP_DigestVerify(c, sig.p, sig.n, content.p, content.n) == 1 ? 1 : 0;
	if (c != NULL)
		(void)EVP_MD_CTX_reset(c); /* lets go of the key */
	ERR_clear_error();
	return st;
}

/* From numbers: libcrypto's own decoding of a SubjectPublicKeyInfo takes five times the verification. */
static EVP_PKEY *rsa_key(pqm_bytes n, pqm_bytes e)
{
	BIGNUM *bn = BN_bin2bn(n.p, (int)n.n, NULL), *be = BN_bin2bn(e.p, (int)e.n, NULL);
	OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	OSSL_PARAM *params = NULL;
	EVP_PKEY *key = NULL;

	if (bn != NULL && be != NULL && b != NULL && c != NULL &&
		OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_N, bn) == 1 &&
		OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_E, be) == 1 &&
		(params = OSSL_PARAM_BLD_to_param(b)) != NULL && EVP_PKEY_fromdata_init(c) == 1)
		(void)EVP_PKEY_fromdata(c, &key, EVP_PKEY_PUBLIC_KEY, params);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(b);
	EVP_PKEY_CTX_free(c);
	BN_free(bn);
	BN_free(be);
	return key;
}

int pc_check_rsa(
	pqm_bytes n, pqm_bytes e, const struct pc_check *how, pqm_bytes content, pqm_bytes sig)
{
	if (n.n > PQM_RSA_BITS_MAX / 8 || e.n > PQM_RSA_BITS_MAX / 8)
		return -1;
	EVP_PKEY *key = rsa_key(n, e);
	int st = key == NULL ? -1 : check(key, how, content, sig);

	EVP_PKEY_free(key);
	ERR_clear_error();
	return st;
}

/* A key of the curve, kept: a new point is put into it at a third of the cost of a new key. */
static EVP_PKEY *ec_key(const char *curve)
{
	size_t i = 0;

	while (i < EC_NAMES && lib.ec[i].name != NULL && strcmp(lib.ec[i].name, curve) != 0)
		i++;
	if (i == EC_NAMES)
		return NULL;
	if (lib.ec[i].name == NULL) {
		lib.ec[i].key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", curve);
		lib.ec[i].name = lib.ec[i].key == NULL ? NULL : curve;
	}
	return lib.ec[i].key;
}

static int check_ec(const char *curve, pqm_bytes point, const struct pc_check *how,
	pqm_bytes content, pqm_bytes sig)
{
	EVP_PKEY *key = ec_key(curve);

	if (key == NULL || EVP_PKEY_set1_encoded_public_key(key, point.p, point.n) != 1)
		return -1;
	return check(key, how, content, sig);
}

static int check_ed(const char *curve, pqm_bytes point, const struct pc_check *how,
	pqm_bytes content, pqm_bytes sig)
{
	EVP_PKEY *key = EVP_PKEY_new_raw_public_key_ex(NULL, curve, NULL, point.p, point.n);
	int st = key == NULL ? -1 : check(key, how, content, sig);

	EVP_PKEY_free(key);
	return st;
}

int pc_check_point(const char *curve, pqm_bytes point, const struct pc_check *how,
	pqm_bytes content, pqm_bytes sig)
{
	int st = how->hash == NULL ? check_ed(curve, point, how, content, sig)
				   : check_ec(curve, point, how, content, sig);

	ERR_clear_error();
	return st;
}

int pc_check_spki(pqm_bytes spki, const struct pc_check *how, pqm_bytes content, pqm_bytes sig)
{
	const unsigned char *p = spki.p;
	EVP_PKEY *key = spki.n <= LONG_MAX ? d2i_PUBKEY(NULL, &p, (long)spki.n) : NULL;
	int st = key == NULL ? -1 : check(key, how, content, sig);

	EVP_PKEY_free(key);
	ERR_clear_error();
	return st;
}
