#include "keys.h"

#define OID_DATA "1.2.840.113549.1.7.1"
#define OID_SIGNED "1.2.840.113549.1.7.2"
#define OID_ENVELOPED "1.2.840.113549.1.7.3"
#define OID_AUTH_ENVELOPED "1.2.840.113549.1.9.16.1.23"
#define OID_ENCRYPTED "1.2.840.113549.1.7.6"
#define OID_PBES2 "1.2.840.113549.1.5.13"
#define OID_PBKDF2 "1.2.840.113549.1.5.12"
#define OID_HMAC_SHA1 "1.2.840.113549.2.7"
#define OID_BAG "1.2.840.113549.1.12.10.1."
#define OID_X509_BAG "1.2.840.113549.1.9.22.1"
#define OID_CRL_BAG "1.2.840.113549.1.9.23.1"
#define OID_RC2 "1.2.840.113549.3.2"

/* Remembers one object inside. */
static enum pqm_st add_inner(struct pqm_mat_job *j, pqm_bytes whole, size_t *cap)
{
	pqm_bytes *grown;

	if (j->m->n_inner >= PQM_CERTS_PER_STORE)
		return pqm_fail(j->err, PQM_ELIMIT, "more than %d objects in one store",
			PQM_CERTS_PER_STORE);

	/* inner is const for readers; it is ours until we return */
	union {
		const pqm_bytes *in;
		pqm_bytes *out;
	} u = { j->m->inner };

	grown = pqm_grow(j->ctx->arena, u.out, j->m->n_inner, cap);
	if (grown == NULL)
		return PQM_ENOMEM;
	grown[j->m->n_inner++] = whole;
	j->m->inner = grown;
	return PQM_OK;
}

/* Certificates or CRLs of SignedData; other choices ([0] to [3]) are stepped over. */
static enum pqm_st add_all(struct pqm_mat_job *j, struct pqm_cur set, size_t *cap)
{
	struct pqm_tlv t;
	enum pqm_st st;

	while (!pqm_der_end(&set)) {
		if (!pqm_der_next(&set, &t))
			return pqm_mat_bad(j, &set, "certificate of SignedData");
		st = t.tag == PQM_DER_SEQ ? add_inner(j, t.whole, cap) : PQM_OK;
		if (st != PQM_OK)
			return st;
	}
	return PQM_OK;
}

/* ContentInfo { type, [0] content }: the type, and a cursor on the content. */
static bool content_info(struct pqm_cur *c, char type[PQM_OID_TEXT], struct pqm_cur *content)
{
	struct pqm_cur in;

	return pqm_der_enter(c, PQM_DER_SEQ, &in) && pqm_der_oid(&in, type) &&
		pqm_der_enter(&in, PQM_DER_CTX(0), content) && pqm_der_end(&in);
}

/* ContentInfo with SignedData [RFC5652 §5.1] */
enum pqm_st pqm_mat_cms(struct pqm_mat_job *j)
{
	struct pqm_cur c = pqm_cur_of(j->der), in = c, sd = c, set;
	char type[PQM_OID_TEXT];
	uint32_t version;
	size_t cap = 0;
	enum pqm_st st = PQM_OK;

	j->m->form = "PKCS#7";
	if (!content_info(&c, type, &in) || !pqm_der_end(&c))
		return pqm_mat_bad(j, &in, "ContentInfo");
	if (strcmp(type, OID_ENVELOPED) == 0 || strcmp(type, OID_AUTH_ENVELOPED) == 0)
		return PQM_OK; /* encrypted: recipients, and no certificates [sealed.h] */
	if (strcmp(type, OID_SIGNED) != 0)
		return pqm_mat_bad(j, &in, "ContentInfo with SignedData");
	if (!pqm_der_enter(&in, PQM_DER_SEQ, &sd) || !pqm_der_end(&in) ||
		!pqm_der_small(&sd, &version) || version == 0 || version > 5 ||
		!pqm_der_skip(&sd, PQM_DER_SET) || !pqm_der_skip(&sd, PQM_DER_SEQ))
		return pqm_mat_bad(j, &sd, "SignedData");
	if (pqm_der_enter(&sd, PQM_DER_CTX(0), &set))
		st = add_all(j, set, &cap);
	if (st == PQM_OK && pqm_der_enter(&sd, PQM_DER_CTX(1), &set))
		st = add_all(j, set, &cap);
	if (st != PQM_OK)
		return st;
	if (!pqm_der_skip(&sd, PQM_DER_SET) || !pqm_der_end(&sd))
		return pqm_mat_bad(j, &sd, "signerInfos");
	return PQM_OK;
}

/* PBKDF2-params and scrypt-params: iterations, PRF and key length [RFC8018 §A.2, RFC7914 §7]. */
static bool kdf_params(struct pqm_mat *m, pqm_bytes params)
{
	struct pqm_cur c = pqm_cur_of(params), in;
	pqm_bytes salt, unused;
	uint32_t v;

	if (!pqm_der_enter(&c, PQM_DER_SEQ, &in) || !pqm_der_take(&in, PQM_DER_OCTETS, &salt) ||
		!pqm_der_small(&in, &m->iterations))
		return false;
	if (strcmp(m->kdf_oid, OID_PBKDF2) != 0)
		return true;
	if (pqm_der_small(&in, &v) && v <= 512)
		m->enc_bits = v * 8;
	(void)pqm_oid_copy(m->prf_oid, OID_HMAC_SHA1);
	if (!pqm_der_end(&in) && !pqm_der_alg(&in, m->prf_oid, &unused))
		return false;
	return pqm_der_end(&in);
}

/* RC2 writes its effective bits as a code [RFC8018 §B.2.3]. */
static void rc2_bits(struct pqm_mat *m, pqm_bytes params)
{
	struct pqm_cur c = pqm_cur_of(params), in;
	uint32_t v;

	if (pqm_der_enter(&c, PQM_DER_SEQ, &in) && pqm_der_small(&in, &v))
		m->enc_bits = v == 58 ? 128 : v == 120 ? 64 : v == 160 ? 40 : v >= 256 ? v : 0;
}

static bool pbes2(struct pqm_mat *m, pqm_bytes params)
{
	struct pqm_cur c = pqm_cur_of(params), in;
	pqm_bytes kdf, enc;

	if (!pqm_der_enter(&c, PQM_DER_SEQ, &in) || !pqm_der_alg(&in, m->kdf_oid, &kdf) ||
		!pqm_der_alg(&in, m->enc_oid, &enc) || !pqm_der_end(&in) || !kdf_params(m, kdf))
		return false;
	if (strcmp(m->enc_oid, OID_RC2) == 0)
		rc2_bits(m, enc);
	return true;
}

/* PKCS#5 and PKCS#12 schemes in one OID, with salt and count. */
static bool pbes1(struct pqm_mat *m, pqm_bytes params)
{
	struct pqm_cur c = pqm_cur_of(params), in;
	pqm_bytes oid = pqm_str(m->oid), salt;

	if (!pqm_starts(oid, PQM_LIT("1.2.840.113549.1.5.")) &&
		!pqm_starts(oid, PQM_LIT("1.2.840.113549.1.12.1.")))
		return false;
	(void)pqm_oid_copy(m->enc_oid, m->oid);
	return pqm_der_enter(&c, PQM_DER_SEQ, &in) && pqm_der_take(&in, PQM_DER_OCTETS, &salt) &&
		pqm_der_small(&in, &m->iterations) && pqm_der_end(&in);
}

enum pqm_st pqm_mat_scheme(struct pqm_mat_job *j, struct pqm_cur *c)
{
	pqm_bytes params;
	bool ok;

	if (!pqm_der_alg(c, j->m->oid, &params))
		return pqm_mat_bad(j, c, "encryption algorithm");
	ok = strcmp(j->m->oid, OID_PBES2) == 0 ? pbes2(j->m, params) : pbes1(j->m, params);
	return ok ? PQM_OK : pqm_mat_bad(j, c, "password-based encryption scheme");
}

/* ---- PKCS#12 [RFC7292 §4] ---- */

struct p12 {
	struct pqm_mat_job *j;
	size_t cap;
	bool has_key_scheme; /* the scheme of a key bag goes before that of a certificate bag */
};

/* Records the scheme of one encrypted part. */
static enum pqm_st part_scheme(struct p12 *p, struct pqm_cur *c, bool is_key)
{
	struct pqm_mat *m = p->j->m, saved = *m;
	enum pqm_st st = pqm_mat_scheme(p->j, c);

	if (st != PQM_OK)
		return st;
	if (p->has_key_scheme || (m->n_encrypted > 0 && !is_key))
		*m = saved;
	p->has_key_scheme = p->has_key_scheme || is_key;
	m->n_encrypted++;
	m->n_keys += is_key;
	return PQM_OK;
}

/* CertBag or CRLBag { id, [0] OCTET STRING }: an X.509 object in the clear. */
static enum pqm_st clear_bag(struct p12 *p, struct pqm_cur value)
{
	struct pqm_cur in, ctx;
	char id[PQM_OID_TEXT];
	pqm_bytes der;

	if (!pqm_der_enter(&value, PQM_DER_SEQ, &in) || !pqm_der_oid(&in, id) ||
		!pqm_der_enter(&in, PQM_DER_CTX(0), &ctx))
		return pqm_mat_bad(p->j, &value, "certificate bag");
	if ((strcmp(id, OID_X509_BAG) != 0 && strcmp(id, OID_CRL_BAG) != 0) ||
		!pqm_der_take(&ctx, PQM_DER_OCTETS, &der))
		return PQM_OK;
	return add_inner(p->j, der, &p->cap);
}

static enum pqm_st safe_contents(struct p12 *p, pqm_bytes der, unsigned depth);

/* SafeBag { id, [0] value, attributes } */
static enum pqm_st safe_bag(struct p12 *p, struct pqm_cur *c, unsigned depth)
{
	struct pqm_cur bag = *c, value = *c;
	struct pqm_tlv t;
	char id[PQM_OID_TEXT];
	size_t base = strlen(OID_BAG);

	if (!pqm_der_enter(c, PQM_DER_SEQ, &bag) || !pqm_der_oid(&bag, id) ||
		!pqm_der_enter(&bag, PQM_DER_CTX(0), &value))
		return pqm_mat_bad(p->j, &bag, "SafeBag");
	(void)pqm_der_skip(&bag, PQM_DER_SET);
	if (!pqm_der_end(&bag))
		return pqm_mat_bad(p->j, &bag, "end of SafeBag");
	if (strncmp(id, OID_BAG, base) != 0 || id[base] == '\0' || id[base + 1] != '\0')
		return PQM_OK;
	struct pqm_cur in = value;

	switch (id[base]) {
	case '1': /* keyBag: a private key in the clear */
		p->j->m->n_keys++;
		if (!pqm_der_next(&in, &t))
			return pqm_mat_bad(p->j, &in, "keyBag");
		return add_inner(p->j, t.whole, &p->cap);
	case '2': /* pkcs8ShroudedKeyBag */
		if (!pqm_der_enter(&value, PQM_DER_SEQ, &in))
			return pqm_mat_bad(p->j, &value, "shrouded key bag");
		return part_scheme(p, &in, true);
	case '3': /* certBag */
	case '4': /* crlBag */
		return clear_bag(p, value);
	case '6': /* safeContentsBag */
		if (!pqm_der_next(&in, &t))
			return pqm_mat_bad(p->j, &in, "safeContentsBag");
		return safe_contents(p, t.whole, depth + 1);
	}
	return PQM_OK;
}

static enum pqm_st safe_contents(struct p12 *p, pqm_bytes der, unsigned depth)
{
	struct pqm_cur c = pqm_cur_of(der), in = c;
	enum pqm_st st = PQM_OK;

	if (depth > PQM_DER_DEPTH)
		return pqm_fail(p->j->err, PQM_ELIMIT, "bags nest deeper than %d", PQM_DER_DEPTH);
	if (!pqm_der_enter(&c, PQM_DER_SEQ, &in) || !pqm_der_end(&c))
		return pqm_mat_bad(p->j, &c, "SafeContents");
	while (st == PQM_OK && !pqm_der_end(&in))
		st = safe_bag(p, &in, depth);
	return st;
}

/* EncryptedData { version, { type, scheme, [0] content } } [RFC5652 §8] */
static enum pqm_st encrypted_part(struct p12 *p, struct pqm_cur content)
{
	struct pqm_cur in = content, info = content;
	char type[PQM_OID_TEXT];
	uint32_t version;

	if (!pqm_der_enter(&content, PQM_DER_SEQ, &in) || !pqm_der_small(&in, &version) ||
		!pqm_der_enter(&in, PQM_DER_SEQ, &info) || !pqm_der_oid(&info, type))
		return pqm_mat_bad(p->j, &info, "EncryptedData");
	return part_scheme(p, &info, false);
}

/* AuthenticatedSafe: SEQUENCE OF ContentInfo */
static enum pqm_st authenticated_safe(struct p12 *p, pqm_bytes der)
{
	struct pqm_cur c = pqm_cur_of(der), in = c, content = c;
	char type[PQM_OID_TEXT];
	pqm_bytes body;
	enum pqm_st st = PQM_OK;

	if (!pqm_der_enter(&c, PQM_DER_SEQ, &in) || !pqm_der_end(&c))
		return pqm_mat_bad(p->j, &c, "AuthenticatedSafe");
	while (st == PQM_OK && !pqm_der_end(&in)) {
		if (!content_info(&in, type, &content))
			return pqm_mat_bad(p->j, &in, "ContentInfo of AuthenticatedSafe");
		if (strcmp(type, OID_ENCRYPTED) == 0)
			st = encrypted_part(p, content);
		else if (strcmp(type, OID_DATA) == 0)
			st = pqm_der_take(&content, PQM_DER_OCTETS, &body)
				? safe_contents(p, body, 0)
				: pqm_mat_bad(p->j, &content, "data");
		else
			p->j->m->n_encrypted++; /* envelopedData: encrypted to a public key */
	}
	return st;
}

static enum pqm_st mac_data(struct pqm_mat_job *j, struct pqm_cur *c)
{
	struct pqm_cur in = *c, info = *c;
	pqm_bytes unused;

	if (pqm_der_end(c))
		return PQM_OK;
	if (!pqm_der_enter(c, PQM_DER_SEQ, &in) || !pqm_der_enter(&in, PQM_DER_SEQ, &info) ||
		!pqm_der_alg(&info, j->m->mac_oid, &unused) || !pqm_der_end(c))
		return pqm_mat_bad(j, &in, "MacData");
	return PQM_OK;
}

enum pqm_st pqm_mat_pkcs12(struct pqm_mat_job *j)
{
	struct pqm_cur c = pqm_cur_of(j->der), in = c, content = c;
	struct p12 p = { .j = j };
	char type[PQM_OID_TEXT];
	pqm_bytes safe;
	uint32_t version;
	enum pqm_st st;

	j->m->form = "PKCS#12";
	if (!pqm_der_enter(&c, PQM_DER_SEQ, &in) || !pqm_der_small(&in, &version) || version != 3 ||
		!content_info(&in, type, &content))
		return pqm_mat_bad(j, &in, "PFX version 3");
	if (strcmp(type, OID_SIGNED) == 0)
		return PQM_OK; /* integrity by a signature; nobody writes these */
	if (strcmp(type, OID_DATA) != 0 || !pqm_der_take(&content, PQM_DER_OCTETS, &safe))
		return pqm_mat_bad(j, &content, "authSafe");
	st = mac_data(j, &in);
	return st == PQM_OK ? authenticated_safe(&p, safe) : st;
}
