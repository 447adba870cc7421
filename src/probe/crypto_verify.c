#include "probe/crypto_int.h"

#include "hyb/hyb.h"
#include "parse/der.h"

enum family { RSA_PKCS1, RSA_PSS, ECDSA, DSA, EDDSA };

/* SignatureScheme, and the pairs of hash and algorithm of TLS 1.2 [RFC8446 §4.2.3, RFC5246 §7.4.1.4.1,
 * RFC8734]. */
static const struct scheme {
	uint16_t code;
	enum family family;
	const char *hash;
} schemes[] = {
	{ 0x0804, RSA_PSS, "SHA256" },
	{ 0x0805, RSA_PSS, "SHA384" },
	{ 0x0806, RSA_PSS, "SHA512" },
	{ 0x0809, RSA_PSS, "SHA256" },
	{ 0x080a, RSA_PSS, "SHA384" },
	{ 0x080b, RSA_PSS, "SHA512" },
	{ 0x0403, ECDSA, "SHA256" },
	{ 0x0503, ECDSA, "SHA384" },
	{ 0x0603, ECDSA, "SHA512" },
	{ 0x081a, ECDSA, "SHA256" },
	{ 0x081b, ECDSA, "SHA384" },
	{ 0x081c, ECDSA, "SHA512" },
	{ 0x0303, ECDSA, "SHA224" },
	{ 0x0203, ECDSA, "SHA1" },
	{ 0x0807, EDDSA, NULL },
	{ 0x0808, EDDSA, NULL },
	{ 0x0401, RSA_PKCS1, "SHA256" },
	{ 0x0501, RSA_PKCS1, "SHA384" },
	{ 0x0601, RSA_PKCS1, "SHA512" },
	{ 0x0301, RSA_PKCS1, "SHA224" },
	{ 0x0201, RSA_PKCS1, "SHA1" },
	{ 0x0101, RSA_PKCS1, "MD5" },
	{ 0x0402, DSA, "SHA256" },
	{ 0x0502, DSA, "SHA384" },
	{ 0x0602, DSA, "SHA512" },
	{ 0x0302, DSA, "SHA224" },
	{ 0x0202, DSA, "SHA1" },
};

struct spki {
	pqm_bytes whole;
	char oid[PQM_OID_TEXT];
	pqm_bytes params, key;
};

static bool spki_read(struct spki *s, pqm_bytes der)
{
	struct pqm_cur c = pqm_cur_of(der), in;

	s->whole = der;
	return pqm_der_enter(&c, PQM_DER_SEQ, &in) && pqm_der_end(&c) &&
		pqm_der_alg(&in, s->oid, &s->params) && pqm_der_octet_bits(&in, &s->key) &&
		pqm_der_end(&in);
}

/* The SubjectPublicKeyInfo of a certificate [RFC5280 §4.1]. */
static bool cert_spki(pqm_bytes cert, pqm_bytes *spki)
{
	struct pqm_cur c = pqm_cur_of(cert), in, tbs;
	struct pqm_tlv t;

	if (!pqm_der_enter(&c, PQM_DER_SEQ, &in) || !pqm_der_enter(&in, PQM_DER_SEQ, &tbs))
		return false;
	(void)pqm_der_skip(&tbs, PQM_DER_CTX(0));
	if (!pqm_der_skip(&tbs, PQM_DER_INT))
		return false;
	for (int i = 0; i < 4; i++) /* signature, issuer, validity, subject */
		if (!pqm_der_skip(&tbs, PQM_DER_SEQ))
			return false;
	if (!pqm_der_next(&tbs, &t) || t.tag != PQM_DER_SEQ)
		return false;
	*spki = t.whole;
	return true;
}

bool pc_has_key(pqm_bytes der, bool is_spki)
{
	struct spki s;
	pqm_bytes whole = der;

	return (is_spki || cert_spki(der, &whole)) && spki_read(&s, whole);
}

static const char *curve_of(pqm_bytes params)
{
	static const struct {
		const char *oid, *name;
	} t[] = {
		{ "1.2.840.10045.3.1.7", "P-256" },
		{ "1.3.132.0.34", "P-384" },
		{ "1.3.132.0.35", "P-521" },
		{ "1.3.132.0.33", "P-224" },
		{ "1.2.840.10045.3.1.1", "P-192" },
		{ "1.3.132.0.10", "secp256k1" },
		{ "1.3.36.3.3.2.8.1.1.7", "brainpoolP256r1" },
		{ "1.3.36.3.3.2.8.1.1.11", "brainpoolP384r1" },
		{ "1.3.36.3.3.2.8.1.1.13", "brainpoolP512r1" },
	};
	struct pqm_cur c = pqm_cur_of(params);
	char oid[PQM_OID_TEXT];

	if (!pqm_der_oid(&c, oid))
		return NULL; /* explicit parameters: whoever sends them chose them */
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		if (strcmp(t[i].oid, oid) == 0)
			return t[i].name;
	return NULL;
}

static bool is_rsa(const struct spki *s)
{
	return strcmp(s->oid, "1.2.840.113549.1.1.1") == 0;
}

static bool is_rsa_pss(const struct spki *s)
{
	return strcmp(s->oid, "1.2.840.113549.1.1.10") == 0;
}

/* An exponent of more than 256 bits is no RSA key's [FIPS186-5 §5.4]; as long as the modulus it would make
 * a check as dear as a signature, once for each handshake that a server likes to have. */
#define RSA_E_BYTES 32

static int verify_rsa(const struct spki *s, struct pc_check how, pqm_bytes content, pqm_bytes sig)
{
	struct pqm_cur c = pqm_cur_of(s->key), in;
	pqm_bytes n, e;

	if (!pqm_der_enter(&c, PQM_DER_SEQ, &in) || !pqm_der_uint(&in, &n) ||
		!pqm_der_uint(&in, &e))
		return -1;
	if (e.n > RSA_E_BYTES)
		return 0;
	return is_rsa_pss(s) ? pc_check_spki(s->whole, &how, content, sig)
			     : pc_check_rsa(n, e, &how, content, sig);
}

static bool is_ec(const struct spki *s)
{
	return strcmp(s->oid, "1.2.840.10045.2.1") == 0;
}

static bool is_dsa(const struct spki *s)
{
	return strcmp(s->oid, "1.2.840.10040.4.1") == 0;
}

/* A key of another kind than the scheme's: no signature of that scheme can be its work. */
static int verify_classical(
	const struct spki *s, const struct scheme *by, pqm_bytes content, pqm_bytes sig)
{
	struct pc_check how = { .hash = by->hash, .is_pss = by->family == RSA_PSS };
	const char *curve;

	switch (by->family) {
	case RSA_PSS:
		return is_rsa(s) || is_rsa_pss(s) ? verify_rsa(s, how, content, sig) : 0;
	case RSA_PKCS1:
		return is_rsa(s) ? verify_rsa(s, how, content, sig) : 0;
	case ECDSA:
		if (!is_ec(s))
			return 0;
		curve = curve_of(s->params);
		return curve == NULL ? -1 : pc_check_point(curve, s->key, &how, content, sig);
	case EDDSA:
		if (strcmp(s->oid, by->code == 0x0807 ? "1.3.101.112" : "1.3.101.113") != 0)
			return 0;
		return pc_check_point(
			by->code == 0x0807 ? "ED25519" : "ED448", s->key, &how, content, sig);
	case DSA:
		return is_dsa(s) ? pc_check_spki(s->whole, &how, content, sig) : 0;
	}
	return -1;
}

/* ML-DSA and its composites, with an empty context string [draft-ietf-tls-mldsa §3]. */
static int verify_hyb(const struct spki *s, uint16_t scheme, pqm_bytes content, pqm_bytes sig)
{
	struct hyb_public k;

	if (hyb_public_read(&k, (hyb_bytes){ s->whole.p, s->whole.n }) != HYB_OK ||
		k.kind != HYB_KEY_SIG)
		return -1;
	bool is_mldsa = scheme >= 0x0904 && scheme <= 0x0906;

	if (is_mldsa && k.sig->id != HYB_SIG_MLDSA44 + (scheme - 0x0904u))
		return 0;
	if (!is_mldsa && !k.sig->is_hybrid)
		return 0;
	return hyb_public_verify((hyb_bytes){ sig.p, sig.n }, (hyb_bytes){ content.p, content.n },
		       (hyb_bytes){ NULL, 0 }, &k)
		? 1
		: 0;
}

/* id-slh-dsa-*: 2.16.840.1.101.3.4.3.20 to .31, in the order of libhyb's sets [RFC9814 §3]. */
static int slh_set(const struct spki *s)
{
	static const char arc[] = "2.16.840.1.101.3.4.3.";
	const char *last = s->oid + sizeof(arc) - 1;

	if (strncmp(s->oid, arc, sizeof(arc) - 1) != 0 || last[0] < '2' || last[0] > '3' ||
		last[1] < '0' || last[1] > '9' || last[2] != '\0')
		return -1;
	int n = (last[0] - '0') * 10 + (last[1] - '0') - 20;

	return n < HYB_SLHDSA_SETS ? n : -1;
}

static int verify_slh(const struct spki *s, int set, pqm_bytes content, pqm_bytes sig)
{
	const struct hyb_slhdsa_info *i = hyb_slhdsa_info((enum hyb_slhdsa)set);

	if (s->key.n != i->pk_bytes)
		return -1;
	return sig.n == i->sig_bytes &&
			hyb_slhdsa_verify((enum hyb_slhdsa)set, (hyb_bytes){ sig.p, sig.n },
				(hyb_bytes){ content.p, content.n }, (hyb_bytes){ NULL, 0 },
				s->key.p)
		? 1
		: 0;
}

/* Before TLS 1.2 the key decides [RFC4346 §7.4.3, RFC4492 §5.4]. */
static int verify_old(const struct spki *s, pqm_bytes content, pqm_bytes sig)
{
	static const struct scheme rsa = { 0, RSA_PKCS1, "MD5-SHA1" }, ec = { 0, ECDSA, "SHA1" },
				   dsa = { 0, DSA, "SHA1" };

	if (is_rsa(s))
		return verify_classical(s, &rsa, content, sig);
	if (is_ec(s))
		return verify_classical(s, &ec, content, sig);
	return is_dsa(s) ? verify_classical(s, &dsa, content, sig) : -1;
}

int pc_verify_spki(pqm_bytes spki, uint16_t scheme, pqm_bytes content, pqm_bytes sig)
{
	struct spki s;

	if (!spki_read(&s, spki))
		return -1;
	if (scheme == 0)
		return verify_old(&s, content, sig);
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (schemes[i].code == scheme)
			return verify_classical(&s, &schemes[i], content, sig);
	/* Composites and SLH-DSA share code points in their drafts: the key says which it is. */
	if (scheme < 0x0904 || scheme > 0x091c)
		return -1;
	int set = slh_set(&s);

	return set >= 0 && scheme > 0x0906 ? verify_slh(&s, set, content, sig)
					   : verify_hyb(&s, scheme, content, sig);
}

int pc_verify(pqm_bytes cert_der, uint16_t scheme, pqm_bytes content, pqm_bytes sig)
{
	pqm_bytes spki;

	return cert_spki(cert_der, &spki) ? pc_verify_spki(spki, scheme, content, sig) : -1;
}
