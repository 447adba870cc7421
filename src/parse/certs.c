#include "keys.h"

/* Signature AlgorithmIdentifier: OID, and the hash inside PSS parameters [RFC4055 §3.1]. */
static enum pqm_st signature_alg(struct pqm_mat_job *j, pqm_bytes whole)
{
	struct pqm_cur c = pqm_cur_of(whole), in = c, ctx = c;
	char hash[PQM_OID_TEXT];
	pqm_bytes params, unused;

	if (!pqm_der_alg(&c, j->m->sig_oid, &params))
		return pqm_mat_bad(j, &c, "signature algorithm");
	if (strcmp(j->m->sig_oid, PQM_OID_RSA_PSS) != 0)
		return PQM_OK;
	(void)pqm_oid_copy(j->m->sig_hash, "1.3.14.3.2.26");
	c = pqm_cur_of(params);
	if (pqm_der_enter(&c, PQM_DER_SEQ, &in) && pqm_der_enter(&in, PQM_DER_CTX(0), &ctx) &&
		pqm_der_alg(&ctx, hash, &unused))
		(void)pqm_oid_copy(j->m->sig_hash, hash);
	return PQM_OK;
}

/* SIGNED { tbs, algorithm, signature }: hands out the three. */
static bool signed_parts(pqm_bytes der, struct pqm_cur *tbs, pqm_bytes *alg)
{
	struct pqm_cur c = pqm_cur_of(der), in;
	struct pqm_tlv t;
	pqm_bytes sig;

	return pqm_der_enter(&c, PQM_DER_SEQ, &in) && pqm_der_end(&c) &&
		pqm_der_enter(&in, PQM_DER_SEQ, tbs) && pqm_der_next(&in, &t) &&
		t.tag == PQM_DER_SEQ && (*alg = t.whole, true) &&
		pqm_der_take(&in, PQM_DER_BITS, &sig) && sig.n > 0 && pqm_der_end(&in);
}

static bool take_whole(struct pqm_cur *c, uint8_t tag, pqm_bytes *whole)
{
	struct pqm_cur save = *c;
	struct pqm_tlv t;

	if (pqm_der_next(c, &t) && t.tag == tag) {
		*whole = t.whole;
		return true;
	}
	*c = save;
	return false;
}

/* The signature vouches for odd keys: what we do not know is told by its OID. */
static enum pqm_st vouched_spki(struct pqm_mat_job *j, struct pqm_cur *c)
{
	bool was = j->ctx->is_labelled;

	j->ctx->is_labelled = true;
	enum pqm_st st = pqm_mat_spki(j, c);

	j->ctx->is_labelled = was;
	return st;
}

static bool validity(struct pqm_mat_job *j, struct pqm_cur *c)
{
	struct pqm_cur in;

	return pqm_der_enter(c, PQM_DER_SEQ, &in) && pqm_der_time(&in, &j->m->not_before) &&
		pqm_der_time(&in, &j->m->not_after) && pqm_der_end(&in);
}

/* Certificate [RFC5280 §4.1] */
enum pqm_st pqm_mat_cert(struct pqm_mat_job *j)
{
	struct pqm_cur all = pqm_cur_of(j->der), c = all, in = all;
	pqm_bytes outer, inner, issuer, subject, serial;
	uint32_t version;
	enum pqm_st st;

	j->m->form = "X.509";
	if (!signed_parts(j->der, &c, &outer))
		return pqm_mat_bad(j, &all, "SIGNED { tbsCertificate, algorithm, signature }");
	if (pqm_der_enter(&c, PQM_DER_CTX(0), &in) &&
		(!pqm_der_small(&in, &version) || version > 2 || !pqm_der_end(&in)))
		return pqm_mat_bad(j, &c, "certificate version 1 to 3");
	/* Serial numbers should be positive; old issuers did not know */
	if (!pqm_der_take(&c, PQM_DER_INT, &serial) || serial.n == 0)
		return pqm_mat_bad(j, &c, "serial number");
	if (!take_whole(&c, PQM_DER_SEQ, &inner) || !pqm_eq(inner, outer))
		return pqm_mat_bad(j, &c, "same signature algorithm inside and outside");
	if (!take_whole(&c, PQM_DER_SEQ, &issuer))
		return pqm_mat_bad(j, &c, "issuer");
	if (!validity(j, &c))
		return pqm_mat_bad(j, &c, "validity");
	if (!take_whole(&c, PQM_DER_SEQ, &subject))
		return pqm_mat_bad(j, &c, "subject");
	st = signature_alg(j, outer);
	if (st == PQM_OK)
		st = vouched_spki(j, &c);
	if (st != PQM_OK)
		return st;
	(void)pqm_der_skip(&c, PQM_DER_CTXP(1));
	(void)pqm_der_skip(&c, PQM_DER_CTXP(2));
	(void)pqm_der_skip(&c, PQM_DER_CTX(3));
	if (!pqm_der_end(&c))
		return pqm_mat_bad(j, &c, "end of tbsCertificate");
	if (pqm_x509_text(&j->m->text, j->der, j->ctx->arena, NULL) != PQM_OK)
		return pqm_mat_bad(j, &c, "certificate that libcrypto can decode");
	return PQM_OK;
}

/* CertificationRequest [RFC2986 §4] */
enum pqm_st pqm_mat_request(struct pqm_mat_job *j)
{
	struct pqm_cur all = pqm_cur_of(j->der), c = all;
	pqm_bytes outer, subject;
	uint32_t version;
	enum pqm_st st;

	j->m->form = "PKCS#10";
	if (!signed_parts(j->der, &c, &outer))
		return pqm_mat_bad(
			j, &all, "SIGNED { certificationRequestInfo, algorithm, signature }");
	if (!pqm_der_small(&c, &version) || version > 2 || !take_whole(&c, PQM_DER_SEQ, &subject))
		return pqm_mat_bad(j, &c, "request version and subject");
	st = signature_alg(j, outer);
	if (st == PQM_OK)
		st = vouched_spki(j, &c);
	if (st != PQM_OK)
		return st;
	(void)pqm_der_skip(&c, PQM_DER_CTX(0));
	if (!pqm_der_end(&c))
		return pqm_mat_bad(j, &c, "end of certificationRequestInfo");
	j->m->text.subject = pqm_x509_name(subject, j->ctx->arena);
	return PQM_OK;
}

/* CertificateList [RFC5280 §5.1] */
enum pqm_st pqm_mat_crl(struct pqm_mat_job *j)
{
	struct pqm_cur all = pqm_cur_of(j->der), c = all;
	pqm_bytes outer, inner, issuer;
	uint32_t version;

	j->m->form = "CRL";
	if (!signed_parts(j->der, &c, &outer))
		return pqm_mat_bad(j, &all, "SIGNED { tbsCertList, algorithm, signature }");
	if (pqm_der_peek(&c) == PQM_DER_INT && (!pqm_der_small(&c, &version) || version != 1))
		return pqm_mat_bad(j, &c, "CRL version 2");
	if (!take_whole(&c, PQM_DER_SEQ, &inner) || !pqm_eq(inner, outer))
		return pqm_mat_bad(j, &c, "same signature algorithm inside and outside");
	if (!take_whole(&c, PQM_DER_SEQ, &issuer))
		return pqm_mat_bad(j, &c, "issuer");
	if (!pqm_der_time(&c, &j->m->not_before))
		return pqm_mat_bad(j, &c, "thisUpdate");
	(void)pqm_der_time(&c, &j->m->not_after);
	(void)pqm_der_skip(&c, PQM_DER_SEQ);
	(void)pqm_der_skip(&c, PQM_DER_CTX(0));
	if (!pqm_der_end(&c))
		return pqm_mat_bad(j, &c, "end of tbsCertList");
	j->m->text.issuer = pqm_x509_name(issuer, j->ctx->arena);
	return signature_alg(j, outer);
}
