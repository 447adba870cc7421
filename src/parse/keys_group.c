/* keys_group.c — DSA and Diffie-Hellman: their groups, keys and parameters. */
#include "keys.h"

#include "base/num.h"

struct group {
	pqm_bytes p, q, g; /* q may be empty */
};

/* Dss-Parms { p, q, g } [RFC3279 §2.3.2]; q is the small one. */
static bool dsa_group(struct pqm_cur *in, struct group *v)
{
	return pqm_der_uint(in, &v->p) && pqm_der_uint(in, &v->q) && pqm_der_uint(in, &v->g) &&
		pqm_mat_modulus_fits(v->p) && pqm_mag_is_odd(v->q) && pqm_mag_bits(v->q) >= 128 &&
		pqm_mag_bits(v->q) <= 512 && pqm_mag_cmp(v->q, v->p) < 0 &&
		pqm_mag_bits(v->g) >= 2 && pqm_mag_cmp(v->g, v->p) < 0;
}

/* DHParameter { p, g, privateValueLength OPTIONAL } [PKCS#3 §9]. */
static bool dh_group(struct pqm_cur *in, struct group *v)
{
	uint32_t len;

	if (!pqm_der_uint(in, &v->p) || !pqm_der_uint(in, &v->g) || !pqm_mat_modulus_fits(v->p) ||
		pqm_mag_bits(v->g) < 2 || pqm_mag_cmp(v->g, v->p) >= 0)
		return false;
	v->q = (pqm_bytes){ NULL, 0 };
	return pqm_der_end(in) ||
		(pqm_der_small(in, &len) && len > 0 && len <= pqm_mag_bits(v->p) &&
			pqm_der_end(in));
}

/* DomainParameters { p, g, q, j OPTIONAL, validationParms OPTIONAL } [RFC3279 §2.3.3]. */
static bool dhx_group(struct pqm_cur *in, struct group *v)
{
	pqm_bytes j;

	if (!pqm_der_uint(in, &v->p) || !pqm_der_uint(in, &v->g) || !pqm_der_uint(in, &v->q) ||
		!pqm_mat_modulus_fits(v->p) || !pqm_mag_is_odd(v->q) || pqm_mag_bits(v->q) < 128 ||
		pqm_mag_bits(v->g) < 2 || pqm_mag_cmp(v->g, v->p) >= 0 ||
		pqm_mag_cmp(v->q, v->p) >= 0)
		return false;
	(void)pqm_der_uint(in, &j);
	(void)pqm_der_skip(in, PQM_DER_SEQ);
	return pqm_der_end(in);
}

/* The group in the parameters of a DSA, DH or DHX AlgorithmIdentifier. */
static enum pqm_st group_params(struct pqm_mat_job *j, pqm_bytes params, struct group *v)
{
	struct pqm_cur c = pqm_cur_of(params), in = c;
	bool ok;

	if (!pqm_der_enter(&c, PQM_DER_SEQ, &in) || !pqm_der_end(&c))
		return pqm_mat_bad(j, &in, "group parameters");
	if (strcmp(j->m->oid, PQM_OID_DSA) == 0)
		ok = dsa_group(&in, v) && pqm_der_end(&in);
	else if (strcmp(j->m->oid, PQM_OID_DH) == 0)
		ok = dh_group(&in, v);
	else
		ok = dhx_group(&in, v);
	if (!ok)
		return pqm_mat_bad(j, &in, "group parameters p, q, g");
	j->m->bits = pqm_mag_bits(v->p);
	return PQM_OK;
}

static enum pqm_st group_name(struct pqm_mat_job *j, const struct group *v, pqm_bytes y)
{
	bool ok = v->q.n > 0 && strcmp(j->m->oid, PQM_OID_DSA) == 0
		? pqm_spki_dsa(j->m->spki, v->p, v->q, v->g, y)
		: pqm_spki_dh(j->m->spki, v->p, v->g, y);

	return ok ? PQM_OK : PQM_ENOMEM;
}

enum pqm_st pqm_mat_group_public(struct pqm_mat_job *j, pqm_bytes params, pqm_bytes key)
{
	struct pqm_cur c = pqm_cur_of(key);
	struct group v = { 0 };
	pqm_bytes y = { NULL, 0 };

	/* DSA may inherit its parameters from the issuer [RFC3279 §2.3.2] */
	if (params.n == 0 && strcmp(j->m->oid, PQM_OID_DSA) == 0 && j->ctx->is_labelled)
		return pqm_der_uint(&c, &y) && pqm_der_end(&c) ? PQM_OK
							       : pqm_mat_bad(j, &c, "public value");
	enum pqm_st st = group_params(j, params, &v);

	if (st != PQM_OK)
		return st;
	if (!pqm_der_uint(&c, &y) || !pqm_der_end(&c) || pqm_mag_bits(y) < 2 ||
		pqm_mag_cmp(y, v.p) >= 0)
		return pqm_mat_bad(j, &c, "public value below p");
	return group_name(j, &v, y);
}

/* DSA or DH in PKCS#8: the private key is an INTEGER x, y = g^x mod p. */
enum pqm_st pqm_mat_group_private(struct pqm_mat_job *j, pqm_bytes params, pqm_bytes key)
{
	struct pqm_cur c = pqm_cur_of(key);
	struct group v = { 0 };
	struct pqm_buf y;
	pqm_bytes x = { NULL, 0 };
	enum pqm_st st = group_params(j, params, &v);

	if (st != PQM_OK)
		return st;
	if (!pqm_der_uint(&c, &x) || !pqm_der_end(&c) || pqm_mag_bits(x) < 2 ||
		pqm_mag_cmp(x, v.p) >= 0)
		return pqm_mat_bad(j, &c, "private value below p");
	if (!pqm_mat_may_check(&j->ctx->primes_left))
		return PQM_OK;
	pqm_buf_init(&y, PQM_RSA_BITS_MAX / 8);
	if (pqm_dlog_public(&y, v.p, v.g, x))
		st = group_name(j, &v, pqm_buf_bytes(&y));
	pqm_buf_fini(&y);
	return st;
}

/* The old OpenSSL form: SEQUENCE { 0, p, q, g, y, x }. */
enum pqm_st pqm_mat_dsa(struct pqm_mat_job *j)
{
	struct pqm_cur c = pqm_cur_of(j->der), in = c;
	struct group v = { 0 };
	pqm_bytes x, y;
	uint32_t version;

	j->m->form = "DSA";
	(void)pqm_oid_copy(j->m->oid, PQM_OID_DSA);
	if (!pqm_der_enter(&c, PQM_DER_SEQ, &in) || !pqm_der_small(&in, &version) || version != 0 ||
		!dsa_group(&in, &v) || !pqm_der_uint(&in, &y) || !pqm_der_uint(&in, &x) ||
		!pqm_der_end(&in))
		return pqm_mat_bad(j, &in, "DSA private key");
	if (pqm_mag_bits(y) < 2 || pqm_mag_cmp(y, v.p) >= 0 || pqm_mag_bits(x) < 2 ||
		pqm_mag_cmp(x, v.q) >= 0)
		return pqm_mat_bad(j, &in, "DSA private numbers that fit each other");
	j->m->bits = pqm_mag_bits(v.p);
	return group_name(j, &v, y);
}

/* The same p and g in any form are the same group. */
static enum pqm_st name_group(struct pqm_mat_job *j, const struct group *v)
{
	struct pqm_buf b;

	pqm_buf_init(&b, PQM_RSA_BITS_MAX / 4 + 64);
	pqm_der_put_uint(&b, v->p);
	pqm_der_put_uint(&b, v->g);
	pqm_spki_der(j->m->digest, pqm_buf_bytes(&b));
	enum pqm_st st = b.failed ? PQM_ENOMEM : PQM_OK;

	pqm_buf_fini(&b);
	j->m->bits = pqm_mag_bits(v->p);
	return st;
}

enum pqm_st pqm_mat_dh_params(struct pqm_mat_job *j)
{
	struct pqm_cur c = pqm_cur_of(j->der), in = c, again;
	struct group v = { 0 };

	if (!pqm_der_enter(&c, PQM_DER_SEQ, &in))
		return pqm_mat_bad(j, &in, "DH parameters");
	again = in;
	(void)pqm_oid_copy(j->m->oid, PQM_OID_DH);
	j->m->form = "PKCS#3";
	if (!dh_group(&in, &v)) {
		(void)pqm_oid_copy(j->m->oid, PQM_OID_DHX);
		j->m->form = "X9.42";
		in = again;
		if (!dhx_group(&in, &v))
			return pqm_mat_bad(j, &in, "DH parameters p, g");
	}
	if (!j->ctx->is_labelled &&
		(!pqm_mat_may_check(&j->ctx->primes_left) || !pqm_is_prime(v.p)))
		return pqm_mat_bad(j, &in, "DH prime");
	return name_group(j, &v);
}

enum pqm_st pqm_mat_dsa_params(struct pqm_mat_job *j)
{
	struct pqm_cur c = pqm_cur_of(j->der), in = c;
	struct group v = { 0 };

	j->m->form = "DSA";
	(void)pqm_oid_copy(j->m->oid, PQM_OID_DSA);
	if (!pqm_der_enter(&c, PQM_DER_SEQ, &in) || !dsa_group(&in, &v) || !pqm_der_end(&in))
		return pqm_mat_bad(j, &in, "DSA parameters");
	if (!j->ctx->is_labelled &&
		(!pqm_mat_may_check(&j->ctx->primes_left) || !pqm_is_prime(v.p)))
		return pqm_mat_bad(j, &in, "DSA prime");
	return name_group(j, &v);
}
