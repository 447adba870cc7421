#include "keys.h"

#include "base/num.h"

/* RFC 8017 §3.1: e is odd and at least 3. Larger ones than this are not in use, and rule out pairs
 * of big numbers that are something else. */
#define EXPONENT_BITS_MAX 256

void pqm_mat_ctx_init(struct pqm_mat_ctx *ctx, struct pqm_arena *arena, bool is_labelled)
{
	*ctx = (struct pqm_mat_ctx){ arena, is_labelled, PQM_KEY_CHECKS, PQM_PRIME_CHECKS };
}

enum pqm_st pqm_mat_bad(struct pqm_mat_job *j, const struct pqm_cur *c, const char *what)
{
	size_t off = (size_t)(c->p - j->der.p);

	if (j->has_words && off <= j->furthest)
		return PQM_EPARSE;
	j->furthest = off;
	j->has_words = true;
	return pqm_fail(j->err, PQM_EPARSE, "at %zu: expected %s", off, what);
}

bool pqm_mat_modulus_fits(pqm_bytes n)
{
	uint32_t bits = pqm_mag_bits(n);

	return bits >= PQM_RSA_BITS_MIN && bits <= PQM_RSA_BITS_MAX && pqm_mag_is_odd(n);
}

bool pqm_mat_may_check(unsigned *left)
{
	if (*left == 0)
		return false;
	--*left;
	return true;
}

static enum pqm_st over_checks(struct pqm_mat_job *j)
{
	return pqm_fail(j->err, PQM_ELIMIT, "more than %d key checks in one part", PQM_KEY_CHECKS);
}

/* Raw keys have no structure to check; templates in code and text are told apart by their bytes. */
static bool looks_random(pqm_bytes b)
{
	bool seen[256] = { false };
	unsigned distinct = 0, printable = 0;

	for (size_t i = 0; i < b.n; i++) {
		distinct += !seen[b.p[i]];
		seen[b.p[i]] = true;
		printable += b.p[i] >= 0x20 && b.p[i] < 0x7F;
	}
	return printable < b.n && distinct >= (b.n < 64 ? b.n * 5 / 8 : 40);
}

/* ---- public keys ---- */

static enum pqm_st rsa_numbers(struct pqm_mat_job *j, struct pqm_cur *c, pqm_bytes *n, pqm_bytes *e)
{
	if (!pqm_der_uint(c, n) || !pqm_mat_modulus_fits(*n))
		return pqm_mat_bad(j, c, "RSA modulus of 384 to 16384 bits, odd");
	if (!pqm_der_uint(c, e) || !pqm_mag_is_odd(*e) || pqm_mag_bits(*e) < 2 ||
		pqm_mag_bits(*e) > EXPONENT_BITS_MAX || pqm_mag_cmp(*e, *n) >= 0)
		return pqm_mat_bad(j, c, "RSA exponent, odd and at least 3");
	j->m->bits = pqm_mag_bits(*n);
	return pqm_spki_rsa(j->m->spki, *n, *e) ? PQM_OK : PQM_ENOMEM;
}

static enum pqm_st rsa_public(struct pqm_mat_job *j, pqm_bytes key)
{
	struct pqm_cur c = pqm_cur_of(key), in = c;
	pqm_bytes n = { NULL, 0 }, e = n;

	if (!pqm_der_enter(&c, PQM_DER_SEQ, &in) || !pqm_der_end(&c))
		return pqm_mat_bad(j, &in, "RSAPublicKey");
	enum pqm_st st = rsa_numbers(j, &in, &n, &e);

	if (st == PQM_OK && !pqm_der_end(&in))
		return pqm_mat_bad(j, &in, "end of RSAPublicKey");
	return st;
}

/* EC parameters: a named curve, or explicit numbers that may be those of a named one. */
static enum pqm_st ec_params(struct pqm_mat_job *j, pqm_bytes params)
{
	struct pqm_cur c = pqm_cur_of(params);

	if (pqm_der_oid(&c, j->m->curve) && pqm_der_end(&c))
		return PQM_OK;
	if (pqm_der_peek(&c) != PQM_DER_SEQ || !pqm_mat_may_check(&j->ctx->checks_left) ||
		pqm_ec_explicit(j->m->curve, &j->m->bits, params) != PQM_EC_OK)
		return pqm_mat_bad(j, &c, "EC parameters");
	j->m->has_explicit_curve = true;
	return PQM_OK;
}

/* A curve that libcrypto does not know: form of the point only, and only where a label vouches. */
static bool point_has_form(pqm_bytes point)
{
	if (point.n < 3)
		return false;
	return point.p[0] == 4 ? point.n % 2 == 1 : point.p[0] == 2 || point.p[0] == 3;
}

static enum pqm_st ec_point(struct pqm_mat_job *j, pqm_bytes point)
{
	struct pqm_mat *m = j->m;
	struct pqm_cur at = pqm_cur_of(point);
	struct pqm_buf full;
	enum pqm_st st = PQM_OK;

	if (!pqm_mat_may_check(&j->ctx->checks_left))
		return over_checks(j);
	pqm_buf_init(&full, 1024);
	switch (m->curve[0] == '\0' ? PQM_EC_UNKNOWN
				    : pqm_ec_point(m->curve, point, &m->bits, &full)) {
	case PQM_EC_OK:
		if (!pqm_spki_ec(m->spki, m->curve, pqm_buf_bytes(&full)))
			st = PQM_ENOMEM;
		break;
	case PQM_EC_BAD:
		st = pqm_mat_bad(j, &at, "EC point that is on its curve");
		break;
	case PQM_EC_UNKNOWN:
		if (!point_has_form(point))
			st = pqm_mat_bad(j, &at, "EC point");
		else if (!j->ctx->is_labelled && !m->has_explicit_curve)
			st = pqm_mat_bad(j, &at, "EC curve");
		else if (m->curve[0] != '\0' && !pqm_spki_ec(m->spki, m->curve, point))
			st = PQM_ENOMEM;
		break;
	}
	pqm_buf_fini(&full);
	return st;
}

static const struct okp {
	const char *oid;
	size_t n;
} okps[] = {
	{ PQM_OID_X25519, 32 },
	{ PQM_OID_X448, 56 },
	{ PQM_OID_ED25519, 32 },
	{ PQM_OID_ED448, 57 },
};

/* Raw key length by OID, or 0. */
static size_t okp_bytes(const char *oid)
{
	for (size_t i = 0; i < sizeof(okps) / sizeof(okps[0]); i++)
		if (strcmp(oid, okps[i].oid) == 0)
			return okps[i].n;
	return 0;
}

static bool is_rsa(const char *oid)
{
	return strcmp(oid, PQM_OID_RSA) == 0 || strcmp(oid, PQM_OID_RSA_PSS) == 0 ||
		strcmp(oid, PQM_OID_RSA_OAEP) == 0 || strcmp(oid, "2.5.8.1.1") == 0;
}

/* id-ecPublicKey, and id-ecDH, id-ecMQV with the same shape [RFC5480 §2.1.2] */
static bool is_ec(const char *oid)
{
	return strcmp(oid, PQM_OID_EC) == 0 || strcmp(oid, "1.3.132.1.12") == 0 ||
		strcmp(oid, "1.3.132.1.13") == 0;
}

static bool is_group(const char *oid)
{
	return strcmp(oid, PQM_OID_DSA) == 0 || strcmp(oid, PQM_OID_DH) == 0 ||
		strcmp(oid, PQM_OID_DHX) == 0;
}

/* Facts of a public key whose algorithm stands in m->oid. */
static enum pqm_st public_facts(struct pqm_mat_job *j, pqm_bytes params, pqm_bytes key)
{
	struct pqm_mat *m = j->m;
	struct pqm_cur at = pqm_cur_of(key);
	size_t okp = okp_bytes(m->oid);

	if (is_rsa(m->oid))
		return rsa_public(j, key);
	if (is_ec(m->oid)) {
		enum pqm_st st = ec_params(j, params);

		return st == PQM_OK ? ec_point(j, key) : st;
	}
	if (is_group(m->oid))
		return pqm_mat_group_public(j, params, key);
	m->key_bytes = key.n;
	if (okp != 0) {
		if (key.n != okp || params.n != 0 || (!j->ctx->is_labelled && !looks_random(key)))
			return pqm_mat_bad(j, &at, "raw public key of the right length");
		m->bits = okp == 32 ? 255 : 448;
	} else if (key.n < 16) {
		return pqm_mat_bad(j, &at, "public key");
	}
	/* Other algorithms: named by their OID alone */
	if (params.n > 0)
		return PQM_OK;
	return pqm_spki_raw(m->spki, m->oid, key) ? PQM_OK : PQM_ENOMEM;
}

enum pqm_st pqm_mat_spki(struct pqm_mat_job *j, struct pqm_cur *c)
{
	struct pqm_cur in = *c, start = *c;
	pqm_bytes params, key;
	enum pqm_st st;

	if (!pqm_der_enter(c, PQM_DER_SEQ, &in) || !pqm_der_alg(&in, j->m->oid, &params))
		return pqm_mat_bad(j, &in, "AlgorithmIdentifier of the key");
	if (!pqm_der_octet_bits(&in, &key) || !pqm_der_end(&in))
		return pqm_mat_bad(j, &in, "subjectPublicKey");
	st = public_facts(j, params, key);
	if (st == PQM_OK && j->m->spki[0] == '\0')
		pqm_spki_der(j->m->spki, (pqm_bytes){ start.p, (size_t)(c->p - start.p) });
	return st;
}

static enum pqm_st spki_whole(struct pqm_mat_job *j)
{
	struct pqm_cur c = pqm_cur_of(j->der);

	j->m->form = "SubjectPublicKeyInfo";
	return pqm_mat_spki(j, &c);
}

/* p and g of PKCS#3 look like n and e: the prime tells. */
static bool is_dh_pair(struct pqm_mat_job *j, pqm_bytes n, pqm_bytes e)
{
	return pqm_mag_bits(e) <= 5 && pqm_mat_may_check(&j->ctx->primes_left) && pqm_is_prime(n);
}

static enum pqm_st pkcs1_public(struct pqm_mat_job *j)
{
	struct pqm_cur c = pqm_cur_of(j->der), in = c;
	pqm_bytes n = { NULL, 0 }, e = n;

	j->m->form = "PKCS#1";
	(void)pqm_oid_copy(j->m->oid, PQM_OID_RSA);
	if (!pqm_der_enter(&c, PQM_DER_SEQ, &in))
		return pqm_mat_bad(j, &in, "RSAPublicKey");
	enum pqm_st st = rsa_numbers(j, &in, &n, &e);

	if (st != PQM_OK)
		return st;
	if (!pqm_der_end(&in) || (!j->ctx->is_labelled && is_dh_pair(j, n, e)))
		return pqm_mat_bad(j, &in, "end of RSAPublicKey");
	return PQM_OK;
}

/* ---- private keys ---- */

/* RSAPrivateKey after its tag: n = p q and the CRT numbers agree in size [RFC8017 §A.1.2]. */
static enum pqm_st rsa_private(struct pqm_mat_job *j, pqm_bytes key)
{
	struct pqm_cur c = pqm_cur_of(key), in = c;
	pqm_bytes n = { NULL, 0 }, e = n, d, p, q, dp, dq, qinv;
	uint32_t version;

	if (!pqm_der_enter(&c, PQM_DER_SEQ, &in) || !pqm_der_end(&c) ||
		!pqm_der_small(&in, &version) || version > 1)
		return pqm_mat_bad(j, &in, "RSAPrivateKey version");
	enum pqm_st st = rsa_numbers(j, &in, &n, &e);

	if (st != PQM_OK)
		return st;
	if (!pqm_der_uint(&in, &d) || !pqm_der_uint(&in, &p) || !pqm_der_uint(&in, &q) ||
		!pqm_der_uint(&in, &dp) || !pqm_der_uint(&in, &dq) || !pqm_der_uint(&in, &qinv))
		return pqm_mat_bad(j, &in, "RSA private numbers");
	uint32_t product = pqm_mag_bits(p) + pqm_mag_bits(q), bits = j->m->bits;
	bool is_multi = version == 1 && pqm_der_skip(&in, PQM_DER_SEQ);

	if (pqm_mag_bits(d) < 2 || pqm_mag_cmp(d, n) >= 0 || !pqm_mag_is_odd(p) ||
		!pqm_mag_is_odd(q) || pqm_mag_cmp(dp, p) >= 0 || pqm_mag_cmp(dq, q) >= 0 ||
		pqm_mag_cmp(qinv, p) >= 0 ||
		(!is_multi && product != bits && product != bits + 1) || !pqm_der_end(&in))
		return pqm_mat_bad(j, &in, "RSA private numbers that fit each other");
	return PQM_OK;
}

static enum pqm_st pkcs1_private(struct pqm_mat_job *j)
{
	j->m->form = "PKCS#1";
	(void)pqm_oid_copy(j->m->oid, PQM_OID_RSA);
	return rsa_private(j, j->der);
}

static enum pqm_st ec_from_scalar(struct pqm_mat_job *j, pqm_bytes scalar)
{
	struct pqm_mat *m = j->m;
	struct pqm_cur at = pqm_cur_of(scalar);
	struct pqm_buf pub;
	enum pqm_st st = PQM_OK;

	if (!pqm_mat_may_check(&j->ctx->checks_left))
		return over_checks(j);
	pqm_buf_init(&pub, 1024);
	switch (m->curve[0] == '\0' ? PQM_EC_UNKNOWN
				    : pqm_ec_public(m->curve, scalar, &m->bits, &pub)) {
	case PQM_EC_OK:
		if (!pqm_spki_ec(m->spki, m->curve, pqm_buf_bytes(&pub)))
			st = PQM_ENOMEM;
		break;
	case PQM_EC_BAD:
		st = pqm_mat_bad(j, &at, "EC private key below the curve's order");
		break;
	case PQM_EC_UNKNOWN:
		if (!j->ctx->is_labelled && !m->has_explicit_curve)
			st = pqm_mat_bad(j, &at, "EC curve");
		break;
	}
	pqm_buf_fini(&pub);
	return st;
}

/* ECPrivateKey [RFC5915 §3]; outer: the parameters of the PKCS#8 around it, or empty. */
static enum pqm_st ec_private(struct pqm_mat_job *j, pqm_bytes key, pqm_bytes outer)
{
	struct pqm_cur c = pqm_cur_of(key), in = c, sub = c;
	pqm_bytes scalar, params, point = { NULL, 0 };
	uint32_t version;

	if (!pqm_der_enter(&c, PQM_DER_SEQ, &in) || !pqm_der_end(&c) ||
		!pqm_der_small(&in, &version) || version != 1 ||
		!pqm_der_take(&in, PQM_DER_OCTETS, &scalar))
		return pqm_mat_bad(j, &in, "ECPrivateKey");
	if (scalar.n < 12 || scalar.n > 72)
		return pqm_mat_bad(j, &in, "EC private key of 12 to 72 bytes");
	if (pqm_der_take(&in, PQM_DER_CTX(0), &params) && outer.n == 0)
		outer = params;
	if (pqm_der_enter(&in, PQM_DER_CTX(1), &sub) &&
		(!pqm_der_octet_bits(&sub, &point) || !pqm_der_end(&sub) || point.n == 0))
		return pqm_mat_bad(j, &sub, "public key of ECPrivateKey");
	if (!pqm_der_end(&in))
		return pqm_mat_bad(j, &in, "end of ECPrivateKey");
	enum pqm_st st = ec_params(j, outer);

	if (st != PQM_OK)
		return st;
	return point.n > 0 ? ec_point(j, point) : ec_from_scalar(j, scalar);
}

static enum pqm_st sec1(struct pqm_mat_job *j)
{
	j->m->form = "SEC1";
	(void)pqm_oid_copy(j->m->oid, PQM_OID_EC);
	return ec_private(j, j->der, (pqm_bytes){ NULL, 0 });
}

/* CurvePrivateKey is an OCTET STRING inside the OCTET STRING [RFC8410 §7]. */
static enum pqm_st okp_private(struct pqm_mat_job *j, pqm_bytes key, size_t want)
{
	struct pqm_cur c = pqm_cur_of(key);
	struct pqm_buf pub;
	pqm_bytes raw;
	enum pqm_st st = PQM_OK;

	if (!pqm_der_take(&c, PQM_DER_OCTETS, &raw) || !pqm_der_end(&c) || raw.n != want ||
		(!j->ctx->is_labelled && !looks_random(raw)))
		return pqm_mat_bad(j, &c, "raw private key of the right length");
	j->m->bits = want == 32 ? 255 : 448;
	if (!pqm_mat_may_check(&j->ctx->checks_left))
		return over_checks(j);
	pqm_buf_init(&pub, 64);
	if (pqm_okp_public(&pub, j->m->oid, raw) &&
		!pqm_spki_raw(j->m->spki, j->m->oid, pqm_buf_bytes(&pub)))
		st = PQM_ENOMEM;
	pqm_buf_fini(&pub);
	return st;
}

static enum pqm_st private_facts(struct pqm_mat_job *j, pqm_bytes params, pqm_bytes key)
{
	const char *oid = j->m->oid;
	struct pqm_cur at = pqm_cur_of(key);
	size_t okp = okp_bytes(oid);

	if (is_rsa(oid))
		return rsa_private(j, key);
	if (is_ec(oid))
		return ec_private(j, key, params);
	if (is_group(oid))
		return pqm_mat_group_private(j, params, key);
	if (okp != 0)
		return okp_private(j, key, okp);
	if (key.n < 16 || (!j->ctx->is_labelled && !looks_random(key)))
		return pqm_mat_bad(j, &at, "private key");
	return PQM_OK;
}

/* OneAsymmetricKey [RFC5958 §2]: attributes [0] and, in version 2, the public key [1]. */
static enum pqm_st pkcs8(struct pqm_mat_job *j)
{
	struct pqm_cur c = pqm_cur_of(j->der), in = c;
	pqm_bytes params, key, pub;
	uint32_t version;

	j->m->form = "PKCS#8";
	if (!pqm_der_enter(&c, PQM_DER_SEQ, &in) || !pqm_der_small(&in, &version) || version > 1 ||
		!pqm_der_alg(&in, j->m->oid, &params) || !pqm_der_take(&in, PQM_DER_OCTETS, &key))
		return pqm_mat_bad(j, &in, "PrivateKeyInfo");
	(void)pqm_der_skip(&in, PQM_DER_CTX(0));
	bool has_public = pqm_der_take(&in, PQM_DER_CTXP(1), &pub) && pub.n > 1 && pub.p[0] == 0;

	if (!pqm_der_end(&in))
		return pqm_mat_bad(j, &in, "end of PrivateKeyInfo");
	enum pqm_st st = private_facts(j, params, key);

	if (st != PQM_OK || j->m->spki[0] != '\0' || !has_public || params.n > 0)
		return st;
	j->m->key_bytes = pub.n - 1;
	return pqm_spki_raw(j->m->spki, j->m->oid, pqm_sub(pub, 1, pub.n - 1)) ? PQM_OK
									       : PQM_ENOMEM;
}

static enum pqm_st encrypted(struct pqm_mat_job *j)
{
	struct pqm_cur c = pqm_cur_of(j->der), in = c;
	pqm_bytes data;
	enum pqm_st st;

	j->m->form = "PKCS#8 encrypted";
	if (!pqm_der_enter(&c, PQM_DER_SEQ, &in))
		return pqm_mat_bad(j, &in, "EncryptedPrivateKeyInfo");
	st = pqm_mat_scheme(j, &in);
	if (st != PQM_OK)
		return st;
	if (!pqm_der_take(&in, PQM_DER_OCTETS, &data) || data.n < 16 || !pqm_der_end(&in))
		return pqm_mat_bad(j, &in, "encryptedData");
	return PQM_OK;
}

static enum pqm_st ec_params_whole(struct pqm_mat_job *j)
{
	j->m->form = "EC";
	(void)pqm_oid_copy(j->m->oid, PQM_OID_EC);
	return ec_params(j, j->der);
}

/* ---- which form is it ---- */

/* first: identifier of the first element inside, which rules most forms out; 0: any */
static const struct form {
	enum pqm_mat_kind kind;
	uint8_t first;
	enum pqm_st (*parse)(struct pqm_mat_job *j);
} forms[] = {
	{ PQM_MAT_CERT, PQM_DER_SEQ, pqm_mat_cert },
	{ PQM_MAT_CRL, PQM_DER_SEQ, pqm_mat_crl },
	{ PQM_MAT_REQUEST, PQM_DER_SEQ, pqm_mat_request },
	{ PQM_MAT_PUBLIC, PQM_DER_SEQ, spki_whole },
	{ PQM_MAT_PRIVATE, PQM_DER_INT, pkcs8 },
	{ PQM_MAT_PRIVATE, PQM_DER_INT, pkcs1_private },
	{ PQM_MAT_PRIVATE, PQM_DER_INT, sec1 },
	{ PQM_MAT_PRIVATE, PQM_DER_INT, pqm_mat_dsa },
	{ PQM_MAT_ENCRYPTED, PQM_DER_SEQ, encrypted },
	{ PQM_MAT_CMS, PQM_DER_OID, pqm_mat_cms },
	{ PQM_MAT_PKCS12, PQM_DER_INT, pqm_mat_pkcs12 },
	{ PQM_MAT_PUBLIC, PQM_DER_INT, pkcs1_public },
	{ PQM_MAT_DSA_PARAMS, PQM_DER_INT, pqm_mat_dsa_params },
	{ PQM_MAT_DH_PARAMS, PQM_DER_INT, pqm_mat_dh_params },
	{ PQM_MAT_EC_PARAMS, 0, ec_params_whole },
};

/* Identifier of the first element inside a SEQUENCE, or 0. */
static uint8_t first_inside(pqm_bytes der)
{
	struct pqm_cur c = pqm_cur_of(der), in = c;

	return pqm_der_enter(&c, PQM_DER_SEQ, &in) ? pqm_der_peek(&in) : 0;
}

enum pqm_st pqm_mat_parse(struct pqm_mat *m, pqm_bytes der, unsigned kinds, struct pqm_mat_ctx *ctx,
	struct pqm_err *err)
{
	struct pqm_mat found;
	struct pqm_mat_job j = { &found, der, ctx, err, 0, false };
	size_t total;

	if (der.n > PQM_DER_OBJECT_BYTES)
		return pqm_fail(err, PQM_ELIMIT, "object of %zu bytes, the limit is %zu", der.n,
			PQM_DER_OBJECT_BYTES);
	if (!pqm_der_measure(der, &total))
		return pqm_fail(err, PQM_EPARSE, "at 0: not a DER object");
	if (total != der.n)
		return pqm_fail(err, PQM_EPARSE,
			"at 0: the DER object has %zu bytes, there are %zu", total, der.n);
	uint8_t first = first_inside(der);

	(void)pqm_fail(err, PQM_EPARSE, "at 0: not an object of this kind");
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if ((kinds & PQM_MAT_BIT(forms[i].kind)) == 0 ||
			(forms[i].first != 0 && forms[i].first != first))
			continue;
		found = (struct pqm_mat){ .kind = forms[i].kind, .not_after = INT64_MAX };
		enum pqm_st st = forms[i].parse(&j);

		if (st == PQM_EPARSE)
			continue;
		if (st == PQM_ENOMEM)
			return pqm_fail(err, st, "no memory for an object of %zu bytes", der.n);
		if (st != PQM_OK)
			return st;
		if (found.digest[0] == '\0')
			pqm_spki_der(found.digest, der);
		*m = found;
		return PQM_OK;
	}
	return PQM_EPARSE;
}
