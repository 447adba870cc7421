#include "hyb/asn1.h"
#include "hyb/key.h"
#include "hyb/lc.h"

/*
 * What we write: N = 2^17, r = 8, p = 1, which takes 128 MiB and a few tenths of a second: what is
 * commonly advised for interactive use, and less than any machine that serves models has free.
 */
#define SCRYPT_LOG2_N 17
#define SCRYPT_R 8
#define SCRYPT_P 1
#define SALT_BYTES 32
#define NONCE_BYTES 12
#define TAG_BYTES 16
/* What we read: 128·N·r·p at most, so that a file from a stranger costs neither memory nor hours. */
#define SCRYPT_MEMORY_MAX (256ULL << 20)
#define SALT_MAX 64
#define SALT_MIN 8

static const uint8_t oid_pbes2[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0d };
static const uint8_t oid_scrypt[] = { 0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x04, 0x0b };
static const uint8_t oid_aes256_gcm[] = { 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2e };

struct params {
	hyb_bytes salt, nonce;
	uint64_t n, r, p;
};

static bool is_oid(hyb_bytes oid, const uint8_t *want, size_t n)
{
	return oid.n == n && hyb_ct_eq(oid.p, want, n);
}

/* N a power of two above 1 and below 2^(16 r) [RFC7914 §6], and all of it within our memory. */
static bool cost_ok(const struct params *c)
{
	uint64_t cells = SCRYPT_MEMORY_MAX / 128;

	if (c->n < 2 || (c->n & (c->n - 1)) != 0 || c->r == 0 || c->p == 0)
		return false;
	if (c->r < 4 && c->n >> (16 * c->r) != 0)
		return false;
	return c->n <= cells && c->r <= cells / c->n && c->p <= cells / c->n / c->r;
}

/* scrypt-params [RFC7914 §7.1]. */
static enum hyb_st read_kdf(struct params *c, hyb_bytes alg)
{
	hyb_bytes oid, seq;
	uint64_t key_bytes = 32;

	if (!hyb_der_take(&alg, DER_OID, &oid))
		return HYB_E_FORMAT;
	if (!is_oid(oid, oid_scrypt, sizeof(oid_scrypt)))
		return HYB_E_SUITE;
	if (!hyb_der_take(&alg, DER_SEQUENCE, &seq) || alg.n != 0 ||
		!hyb_der_take(&seq, DER_OCTETS, &c->salt) || !hyb_der_take_uint(&seq, &c->n) ||
		!hyb_der_take_uint(&seq, &c->r) || !hyb_der_take_uint(&seq, &c->p))
		return HYB_E_FORMAT;
	if (seq.n != 0 && (!hyb_der_take_uint(&seq, &key_bytes) || seq.n != 0))
		return HYB_E_FORMAT;
	if (key_bytes != 32 || c->salt.n < SALT_MIN)
		return HYB_E_FORMAT;
	return c->salt.n <= SALT_MAX && cost_ok(c) ? HYB_OK : HYB_E_LIMIT;
}

/* GCMParameters [RFC5084 §3.2]; the ICV's default of 12 is not ours. */
static enum hyb_st read_cipher(struct params *c, hyb_bytes alg)
{
	hyb_bytes oid, seq;
	uint64_t tag_bytes;

	if (!hyb_der_take(&alg, DER_OID, &oid))
		return HYB_E_FORMAT;
	if (!is_oid(oid, oid_aes256_gcm, sizeof(oid_aes256_gcm)))
		return HYB_E_SUITE;
	if (!hyb_der_take(&alg, DER_SEQUENCE, &seq) || alg.n != 0 ||
		!hyb_der_take(&seq, DER_OCTETS, &c->nonce) ||
		!hyb_der_take_uint(&seq, &tag_bytes) || seq.n != 0)
		return HYB_E_FORMAT;
	return c->nonce.n == NONCE_BYTES && tag_bytes == TAG_BYTES ? HYB_OK : HYB_E_FORMAT;
}

/* EncryptedPrivateKeyInfo [RFC5958 §3] with PBES2-params [RFC8018 §A.4]. */
static enum hyb_st read_params(struct params *c, hyb_bytes *ct, hyb_bytes der)
{
	hyb_bytes info, alg, oid, pbes2, kdf, cipher;
	enum hyb_st st;

	if (!hyb_der_take(&der, DER_SEQUENCE, &info) || der.n != 0 ||
		!hyb_der_take(&info, DER_SEQUENCE, &alg) || !hyb_der_take(&info, DER_OCTETS, ct) ||
		info.n != 0 || !hyb_der_take(&alg, DER_OID, &oid))
		return HYB_E_FORMAT;
	if (!is_oid(oid, oid_pbes2, sizeof(oid_pbes2)))
		return HYB_E_SUITE;
	if (!hyb_der_take(&alg, DER_SEQUENCE, &pbes2) || alg.n != 0 ||
		!hyb_der_take(&pbes2, DER_SEQUENCE, &kdf) ||
		!hyb_der_take(&pbes2, DER_SEQUENCE, &cipher) || pbes2.n != 0)
		return HYB_E_FORMAT;
	st = read_kdf(c, kdf);
	if (st == HYB_OK)
		st = read_cipher(c, cipher);
	return st == HYB_OK && ct->n < TAG_BYTES ? HYB_E_FORMAT : st;
}

bool hyb_key_is_encrypted(hyb_bytes der)
{
	hyb_bytes info, alg;

	return hyb_der_take(&der, DER_SEQUENCE, &info) && hyb_der_take(&info, DER_SEQUENCE, &alg) &&
		hyb_der_is_next(info, DER_OCTETS);
}

enum hyb_st hyb_key_cost(uint64_t *memory, hyb_bytes der)
{
	hyb_bytes ct;
	struct params c;
	enum hyb_st st = read_params(&c, &ct, der);

	*memory = st == HYB_OK ? 128 * c.n * c.r * c.p : 0;
	return st;
}

static enum hyb_st keyed(
	struct lc_aead_ctx **ctx, const struct params *c, hyb_bytes pass, bool is_seal)
{
	uint8_t key[32];
	enum hyb_st st = lc_scrypt(key, sizeof(key), pass, c->salt,
		(struct lc_scrypt_cost){ c->n, (uint32_t)c->r, (uint32_t)c->p });

	*ctx = NULL;
	if (st == HYB_OK)
		st = lc_aead_new(ctx, LC_AES_256_GCM, key, is_seal);
	hyb_wipe(key, sizeof(key));
	return st;
}

enum hyb_st hyb_key_decrypt(uint8_t *out, size_t *n, hyb_bytes der, hyb_bytes pass)
{
	struct lc_aead_ctx *ctx = NULL;
	hyb_bytes ct, none = { NULL, 0 };
	struct params c;
	enum hyb_st st = read_params(&c, &ct, der);

	*n = 0;
	if (st == HYB_OK)
		st = keyed(&ctx, &c, pass, false);
	if (st == HYB_OK)
		st = lc_aead_open(ctx, out, c.nonce.p, none, ct);
	lc_aead_free(ctx);
	if (st == HYB_OK)
		*n = ct.n - TAG_BYTES;
	return st == HYB_E_OPEN ? HYB_E_PASSPHRASE : st;
}

static void write_params(struct hyb_der_out *o, const struct params *c)
{
	size_t alg = o->at, cipher, kdf, params, inner;

	params = cipher = inner = o->at;
	hyb_der_put_uint(o, TAG_BYTES);
	hyb_der_put_value(o, DER_OCTETS, c->nonce);
	hyb_der_wrap(o, inner, DER_SEQUENCE);
	hyb_der_put_value(o, DER_OID, (hyb_bytes){ oid_aes256_gcm, sizeof(oid_aes256_gcm) });
	hyb_der_wrap(o, cipher, DER_SEQUENCE);
	kdf = inner = o->at;
	hyb_der_put_uint(o, 32);
	hyb_der_put_uint(o, c->p);
	hyb_der_put_uint(o, c->r);
	hyb_der_put_uint(o, c->n);
	hyb_der_put_value(o, DER_OCTETS, c->salt);
	hyb_der_wrap(o, inner, DER_SEQUENCE);
	hyb_der_put_value(o, DER_OID, (hyb_bytes){ oid_scrypt, sizeof(oid_scrypt) });
	hyb_der_wrap(o, kdf, DER_SEQUENCE);
	hyb_der_wrap(o, params, DER_SEQUENCE);
	hyb_der_put_value(o, DER_OID, (hyb_bytes){ oid_pbes2, sizeof(oid_pbes2) });
	hyb_der_wrap(o, alg, DER_SEQUENCE);
}

enum hyb_st hyb_key_encrypt(uint8_t *out, size_t *n, hyb_bytes plain, hyb_bytes pass)
{
	uint8_t ct[HYB_KEY_FILE_MAX], salt[SALT_BYTES], nonce[NONCE_BYTES];
	struct params c = { { salt, SALT_BYTES }, { nonce, NONCE_BYTES }, 1ULL << SCRYPT_LOG2_N,
		SCRYPT_R, SCRYPT_P };
	struct lc_aead_ctx *ctx = NULL;
	struct hyb_der_out o;
	enum hyb_st st = HYB_E_LIMIT;

	*n = 0;
	if (plain.n <= sizeof(ct) - TAG_BYTES)
		st = hyb_random(salt, sizeof(salt));
	if (st == HYB_OK)
		st = hyb_random(nonce, sizeof(nonce));
	if (st == HYB_OK)
		st = keyed(&ctx, &c, pass, true);
	if (st == HYB_OK)
		st = lc_aead_seal(ctx, ct, nonce, (hyb_bytes){ NULL, 0 }, plain);
	lc_aead_free(ctx);
	if (st != HYB_OK)
		return st;
	hyb_der_start(&o, out, HYB_KEY_FILE_MAX);
	hyb_der_put_value(&o, DER_OCTETS, (hyb_bytes){ ct, plain.n + TAG_BYTES });
	write_params(&o, &c);
	hyb_der_wrap(&o, HYB_KEY_FILE_MAX, DER_SEQUENCE);
	if (o.failed)
		return HYB_E_LIMIT;
	*n = HYB_KEY_FILE_MAX - o.at;
	memmove(out, out + o.at, *n);
	return HYB_OK;
}
