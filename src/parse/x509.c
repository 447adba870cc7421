/* libcrypto first: its headers use names that ban.h forbids from there on */
#include <limits.h>
#include <stdatomic.h>
#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "x509.h"

#include "base/num.h"
#include "spki.h"

#define SAN_SHOWN 5

/* BIO content as printable text of the arena. */
static pqm_bytes bio_text(BIO *bio, struct pqm_arena *arena)
{
	char *p = NULL;
	long n = BIO_get_mem_data(bio, &p);

	if (n <= 0 || p == NULL)
		return (pqm_bytes){ NULL, 0 };
	pqm_bytes raw = pqm_bytes_dup(arena, (pqm_bytes){ (const uint8_t *)p, (size_t)n });

	return pqm_printable(arena, raw);
}

static pqm_bytes name_text(const X509_NAME *name, struct pqm_arena *arena)
{
	BIO *bio = BIO_new(BIO_s_mem());
	pqm_bytes out = { NULL, 0 };

	if (bio == NULL)
		return out;
	/* Non-ASCII letters stay letters; control characters are escaped. */
	unsigned long flags = XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB;

	if (X509_NAME_print_ex(bio, name, 0, flags) >= 0)
		out = bio_text(bio, arena);
	BIO_free(bio);
	return out;
}

/* False when der is not exactly one Name. */
static bool name_of(pqm_bytes *out, pqm_bytes der, struct pqm_arena *arena)
{
	const unsigned char *p = der.p;
	X509_NAME *name = der.n <= LONG_MAX ? d2i_X509_NAME(NULL, &p, (long)der.n) : NULL;
	bool ok = name != NULL && p == der.p + der.n;

	if (ok)
		*out = name_text(name, arena);
	X509_NAME_free(name);
	return ok;
}

pqm_bytes pqm_x509_name(pqm_bytes der, struct pqm_arena *arena)
{
	pqm_bytes out = { NULL, 0 };

	(void)name_of(&out, der, arena);
	ERR_clear_error();
	return out;
}

static pqm_bytes serial_text(pqm_bytes body, struct pqm_arena *arena)
{
	bool negative = body.n > 0 && (body.p[0] & 0x80) != 0;
	char hex[2 * 64 + 1];

	/* The sign octet of a positive number is not part of it. */
	if (body.n > 1 && body.p[0] == 0)
		body = pqm_sub(body, 1, body.n);
	pqm_hex(hex, body.p, body.n < 64 ? body.n : 64);
	for (char *c = hex; *c != '\0'; c++)
		*c = (char)(*c >= 'a' && *c <= 'f' ? *c - 32 : *c);
	return pqm_arena_f(arena, "%s%s", negative ? "(two's complement) " : "", hex);
}

/* Appends one name; false for kinds that do not name a host, person or service. */
static bool san_one(BIO *bio, const GENERAL_NAME *g, bool first)
{
	const ASN1_STRING *s = NULL;

	if (g->type == GEN_DNS || g->type == GEN_EMAIL || g->type == GEN_URI)
		s = g->d.ia5;
	else if (g->type != GEN_IPADD)
		return false;
	if (!first)
		BIO_puts(bio, ", ");
	if (s != NULL) {
		BIO_write(bio, ASN1_STRING_get0_data(s), ASN1_STRING_length(s));
		return true;
	}
	const unsigned char *ip = ASN1_STRING_get0_data(g->d.ip);
	int n = ASN1_STRING_length(g->d.ip);

	for (int i = 0; i < n; i++) {
		if (n == 4)
			BIO_printf(bio, i == 0 ? "%u" : ".%u", ip[i]);
		else
			BIO_printf(bio, i > 0 && i % 2 == 0 ? ":%02x" : "%02x", ip[i]);
	}
	return true;
}

static pqm_bytes san_text(const X509_EXTENSIONS *exts, struct pqm_arena *arena)
{
	GENERAL_NAMES *names = X509V3_get_d2i(exts, NID_subject_alt_name, NULL, NULL);
	BIO *bio = BIO_new(BIO_s_mem());
	pqm_bytes out = { NULL, 0 };
	int shown = 0, more = 0;

	for (int i = 0; bio != NULL && names != NULL && i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *g = sk_GENERAL_NAME_value(names, i);

		if (shown == SAN_SHOWN)
			more++;
		else if (san_one(bio, g, shown == 0))
			shown++;
	}
	if (more > 0)
		BIO_printf(bio, " +%d more", more);
	if (bio != NULL)
		out = bio_text(bio, arena);
	BIO_free(bio);
	GENERAL_NAMES_free(names);
	return out;
}

static const struct {
	int bit; /* of the KeyUsage BIT STRING [RFC5280 §4.2.1.3] */
	const char *name;
} usages[] = {
	{ 0, "digitalSignature" },
	{ 1, "nonRepudiation" },
	{ 2, "keyEncipherment" },
	{ 3, "dataEncipherment" },
	{ 4, "keyAgreement" },
	{ 5, "keyCertSign" },
	{ 6, "cRLSign" },
};

static pqm_bytes add_word(struct pqm_arena *arena, pqm_bytes list, const char *word)
{
	return list.n == 0 ? pqm_str(word) : pqm_arena_f(arena, "%.*s,%s", PQM_FMT(list), word);
}

static pqm_bytes usage_text(const X509_EXTENSIONS *exts, struct pqm_arena *arena)
{
	ASN1_BIT_STRING *ku = X509V3_get_d2i(exts, NID_key_usage, NULL, NULL);
	EXTENDED_KEY_USAGE *xku = X509V3_get_d2i(exts, NID_ext_key_usage, NULL, NULL);
	pqm_bytes out = { NULL, 0 };

	for (size_t i = 0; ku != NULL && i < sizeof(usages) / sizeof(usages[0]); i++)
		if (ASN1_BIT_STRING_get_bit(ku, usages[i].bit) == 1)
			out = add_word(arena, out, usages[i].name);
	for (int i = 0; xku != NULL && i < sk_ASN1_OBJECT_num(xku) && i < SAN_SHOWN * 2; i++) {
		int nid = OBJ_obj2nid(sk_ASN1_OBJECT_value(xku, i));

		if (nid != NID_undef)
			out = add_word(arena, out, OBJ_nid2sn(nid));
	}
	ASN1_BIT_STRING_free(ku);
	EXTENDED_KEY_USAGE_free(xku);
	return out;
}

static bool is_authority(const X509_EXTENSIONS *exts, bool is_v1, bool is_self_issued)
{
	BASIC_CONSTRAINTS *bc = X509V3_get_d2i(exts, NID_basic_constraints, NULL, NULL);
	/* A self-issued version 1 certificate has no other way to say so. */
	bool is_ca = bc != NULL ? bc->ca != 0 : is_v1 && is_self_issued;

	BASIC_CONSTRAINTS_free(bc);
	return is_ca;
}

/* Where the parts of a TBSCertificate are [RFC5280 §4.1]. */
struct tbs {
	pqm_bytes serial, issuer, subject, extensions;
	bool is_v1;
};

static bool tbs_parts(struct tbs *t, pqm_bytes der)
{
	struct pqm_cur all = pqm_cur_of(der), cert, c, in;
	struct pqm_tlv issuer, subject, exts;
	pqm_bytes skipped;

	*t = (struct tbs){ .is_v1 = true };
	if (!pqm_der_enter(&all, PQM_DER_SEQ, &cert) || !pqm_der_enter(&cert, PQM_DER_SEQ, &c))
		return false;
	if (pqm_der_enter(&c, PQM_DER_CTX(0), &in))
		t->is_v1 = false;
	if (!pqm_der_take(&c, PQM_DER_INT, &t->serial) ||
		!pqm_der_take(&c, PQM_DER_SEQ, &skipped) || !pqm_der_next(&c, &issuer) ||
		!pqm_der_take(&c, PQM_DER_SEQ, &skipped) || !pqm_der_next(&c, &subject) ||
		!pqm_der_take(&c, PQM_DER_SEQ, &skipped))
		return false;
	t->issuer = issuer.whole;
	t->subject = subject.whole;
	(void)pqm_der_skip(&c, PQM_DER_CTXP(1));
	(void)pqm_der_skip(&c, PQM_DER_CTXP(2));
	if (pqm_der_enter(&c, PQM_DER_CTX(3), &in) && pqm_der_next(&in, &exts))
		t->extensions = exts.whole;
	return true;
}

/* Not d2i_X509: it also decodes the public key through the provider machinery, which costs several
 * times all the rest, and we have read the key already. */
enum pqm_st pqm_x509_text(
	struct pqm_cert_text *out, pqm_bytes der, struct pqm_arena *arena, struct pqm_err *err)
{
	X509_EXTENSIONS *exts = NULL;
	const unsigned char *p;
	struct tbs t;
	bool ok = tbs_parts(&t, der);

	if (ok && t.extensions.n > 0) {
		p = t.extensions.p;
		exts = d2i_X509_EXTENSIONS(NULL, &p, (long)t.extensions.n);
		ok = exts != NULL && p == t.extensions.p + t.extensions.n;
	}
	struct pqm_cert_text text = { .is_self_issued = ok && pqm_eq(t.subject, t.issuer) };

	ok = ok && name_of(&text.subject, t.subject, arena) &&
		name_of(&text.issuer, t.issuer, arena);
	if (ok) {
		text.serial = serial_text(t.serial, arena);
		text.san = san_text(exts, arena);
		text.usage = usage_text(exts, arena);
		text.is_ca = is_authority(exts, t.is_v1, text.is_self_issued);
		*out = text;
	}
	sk_X509_EXTENSION_pop_free(exts, X509_EXTENSION_free);
	ERR_clear_error();
	return ok ? PQM_OK
		  : pqm_fail(err, PQM_EPARSE,
			    "names or extensions of this certificate are malformed");
}

/* More than libcrypto has named curves. */
#define GROUPS_MAX 128

/* The group of a dotted OID, or NULL. Groups are made once a process: that takes longer than checking a
 * point. They do not change after that, so threads share them. */
static const EC_GROUP *group_of(const char *curve)
{
	static EC_GROUP *_Atomic made[GROUPS_MAX];
	int nid = OBJ_txt2nid(curve);
	EC_GROUP *g = NULL;
	size_t i = 0;

	for (; nid != NID_undef && i < GROUPS_MAX && (g = atomic_load(&made[i])) != NULL; i++)
		if (EC_GROUP_get_curve_name(g) == nid)
			return g;
	EC_GROUP *fresh = nid == NID_undef ? NULL : EC_GROUP_new_by_curve_name(nid);

	if (fresh == NULL) {
		ERR_clear_error();
		return NULL;
	}
	for (; i < GROUPS_MAX; i++) {
		g = NULL;
		if (atomic_compare_exchange_strong(&made[i], &g, fresh))
			return fresh;
		if (EC_GROUP_get_curve_name(g) == nid)
			break; /* another thread was faster */
	}
	EC_GROUP_free(fresh);
	return i < GROUPS_MAX ? g : NULL;
}

static bool put_point(struct pqm_buf *out, const EC_GROUP *g, const EC_POINT *pt)
{
	uint8_t oct[512];
	size_t n = EC_POINT_point2oct(g, pt, POINT_CONVERSION_UNCOMPRESSED, oct, sizeof(oct), NULL);

	return n > 0 && pqm_buf_add(out, (pqm_bytes){ oct, n });
}

enum pqm_ec pqm_ec_point(const char *curve, pqm_bytes point, uint32_t *bits, struct pqm_buf *out)
{
	const EC_GROUP *g = group_of(curve);
	EC_POINT *pt = g == NULL ? NULL : EC_POINT_new(g);
	enum pqm_ec r = PQM_EC_BAD;

	if (g == NULL)
		return PQM_EC_UNKNOWN;
	/* oct2point checks the length and that the point is on the curve; 00 is infinity */
	if (pt != NULL && point.n > 1 && EC_POINT_oct2point(g, pt, point.p, point.n, NULL) == 1 &&
		(out == NULL || put_point(out, g, pt)))
		r = PQM_EC_OK;
	if (r == PQM_EC_OK && bits != NULL)
		*bits = (uint32_t)EC_GROUP_get_degree(g);
	EC_POINT_free(pt);
	ERR_clear_error();
	return r;
}

enum pqm_ec pqm_ec_public(const char *curve, pqm_bytes scalar, uint32_t *bits, struct pqm_buf *out)
{
	const EC_GROUP *g = group_of(curve);
	EC_POINT *pt = g == NULL ? NULL : EC_POINT_new(g);
	BIGNUM *k = BN_secure_new();
	enum pqm_ec r = PQM_EC_BAD;

	if (g == NULL)
		r = PQM_EC_UNKNOWN;
	else if (pt != NULL && k != NULL && scalar.n > 0 && scalar.n <= 128 &&
		BN_bin2bn(scalar.p, (int)scalar.n, k) != NULL && !BN_is_zero(k) &&
		BN_cmp(k, EC_GROUP_get0_order(g)) < 0 &&
		EC_POINT_mul(g, pt, k, NULL, NULL, NULL) == 1 && put_point(out, g, pt))
		r = PQM_EC_OK;
	if (r == PQM_EC_OK && bits != NULL)
		*bits = (uint32_t)EC_GROUP_get_degree(g);
	BN_clear_free(k);
	EC_POINT_free(pt);
	ERR_clear_error();
	return r;
}

enum pqm_ec pqm_ec_explicit(char curve[PQM_OID_TEXT], uint32_t *bits, pqm_bytes params)
{
	const unsigned char *p = params.p;
	EC_GROUP *g = NULL;
	int nid;

	curve[0] = '\0';
	if (params.n <= LONG_MAX)
		g = d2i_ECPKParameters(NULL, &p, (long)params.n);
	if (g == NULL || p != params.p + params.n) {
		EC_GROUP_free(g);
		ERR_clear_error();
		return PQM_EC_BAD;
	}
	*bits = (uint32_t)EC_GROUP_get_degree(g);
	/* libcrypto notes the twin among its named curves while decoding */
	nid = EC_GROUP_get_curve_name(g);
	if (nid != NID_undef) {
		int n = OBJ_obj2txt(curve, PQM_OID_TEXT, OBJ_nid2obj(nid), 1);

		if (n <= 0 || n >= PQM_OID_TEXT)
			curve[0] = '\0';
	}
	EC_GROUP_free(g);
	ERR_clear_error();
	return PQM_EC_OK;
}

bool pqm_okp_public(struct pqm_buf *out, const char *oid, pqm_bytes key)
{
	static const struct {
		const char *oid;
		int type;
	} types[] = {
		{ PQM_OID_X25519, EVP_PKEY_X25519 },
		{ PQM_OID_X448, EVP_PKEY_X448 },
		{ PQM_OID_ED25519, EVP_PKEY_ED25519 },
		{ PQM_OID_ED448, EVP_PKEY_ED448 },
	};

	EVP_PKEY *k = NULL;
	uint8_t pub[64];
	size_t n = sizeof(pub);
	bool ok;

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(oid, types[i].oid) == 0)
			k = EVP_PKEY_new_raw_private_key(types[i].type, NULL, key.p, key.n);
	ok = k != NULL && EVP_PKEY_get_raw_public_key(k, pub, &n) == 1 &&
		pqm_buf_add(out, (pqm_bytes){ pub, n });
	EVP_PKEY_free(k);
	ERR_clear_error();
	return ok;
}

static BIGNUM *number(pqm_bytes m)
{
	return m.n > PQM_RSA_BITS_MAX / 8 ? NULL : BN_bin2bn(m.p, (int)m.n, NULL);
}

bool pqm_dlog_public(struct pqm_buf *out, pqm_bytes p, pqm_bytes g, pqm_bytes x)
{
	BIGNUM *bp = number(p), *bg = number(g), *bx = BN_secure_new(), *y = BN_new();
	BN_CTX *ctx = BN_CTX_new();
	uint8_t oct[PQM_RSA_BITS_MAX / 8];
	bool ok = false;
	int n;

	if (bp != NULL && bg != NULL && bx != NULL && y != NULL && ctx != NULL &&
		x.n <= sizeof(oct) && BN_is_odd(bp) && BN_bin2bn(x.p, (int)x.n, bx) != NULL) {
		BN_set_flags(bx, BN_FLG_CONSTTIME);
		n = BN_mod_exp_mont_consttime(y, bg, bx, bp, ctx, NULL) == 1 ? BN_bn2bin(y, oct)
									     : 0;
		ok = n > 0 && pqm_buf_add(out, (pqm_bytes){ oct, (size_t)n });
	}
	BN_CTX_free(ctx);
	BN_free(y);
	BN_clear_free(bx);
	BN_free(bg);
	BN_free(bp);
	ERR_clear_error();
	return ok;
}

/* BN_check_prime() spends 64 and more rounds against an adversary; a look-alike only has to be told
 * from a group, and a liar would fool nobody but his own report. */
bool pqm_is_prime(pqm_bytes m)
{
	BIGNUM *n = pqm_mag_bits(m) > PQM_PRIME_BITS_MAX ? NULL : number(m);
	BIGNUM *less = n == NULL ? NULL : BN_dup(n), *base = BN_new(), *r = BN_new();
	BN_CTX *ctx = BN_CTX_new();
	bool ok = less != NULL && base != NULL && r != NULL && ctx != NULL && BN_is_odd(n) &&
		BN_sub_word(less, 1) == 1 && BN_set_word(base, 3) == 1 &&
		BN_mod_exp(r, base, less, n, ctx) == 1 && BN_is_one(r);

	BN_CTX_free(ctx);
	BN_free(r);
	BN_free(base);
	BN_free(less);
	BN_free(n);
	ERR_clear_error();
	return ok;
}
