/*
 * keys.h — certificates, keys and key stores in DER: bytes to plain facts.
 *
 * Shape:     pqm_mat_parse() tries the forms that the caller allows; the first whose every length,
 *            version, number and algorithm fits is what it is. Algorithms stay dotted OIDs.
 * Units:     bits where the name says so; dates are days since 1970.
 * Ownership: text goes into the context's arena (public facts only); inner[] borrows the input.
 *            Private numbers are read in place and never copied into the result.
 * Errors:    PQM_EPARSE "at OFFSET: what is wrong" of the form that went furthest; PQM_ELIMIT for
 *            sizes over limits.h; PQM_ENOMEM.
 * Threads:   pure, but for the context.
 * Limits:    PQM_DER_OBJECT_BYTES, PQM_DER_DEPTH, PQM_RSA_BITS_*, PQM_CERTS_PER_STORE, key checks.
 * Standard:  RFC 5280, 2986, 5958 (PKCS#8 v2), 8018 (PBES), 8017 §A.1 (PKCS#1), 5915 (SEC1), 5480,
 *            8410, 3279, 2631 §2.1.2, PKCS#3 §9, 5652 (CMS), 7292 (PKCS#12).
 */
#ifndef PQM_PARSE_KEYS_H
#define PQM_PARSE_KEYS_H

#include "parse/spki.h"
#include "parse/x509.h"

enum pqm_mat_kind {
	PQM_MAT_CERT,
	PQM_MAT_REQUEST,
	PQM_MAT_CRL,
	PQM_MAT_PUBLIC,	   /* SubjectPublicKeyInfo, PKCS#1 */
	PQM_MAT_PRIVATE,   /* PKCS#8, PKCS#1, SEC1, old DSA */
	PQM_MAT_ENCRYPTED, /* EncryptedPrivateKeyInfo */
	PQM_MAT_DH_PARAMS,
	PQM_MAT_DSA_PARAMS,
	PQM_MAT_EC_PARAMS,
	PQM_MAT_CMS,	/* SignedData with certificates or CRLs: see inner */
	PQM_MAT_PKCS12, /* see inner for what it holds in the clear */
};

#define PQM_MAT_BIT(k) (1U << (k))
#define PQM_MAT_ALL ((1U << (PQM_MAT_PKCS12 + 1)) - 1)

struct pqm_mat {
	enum pqm_mat_kind kind;
	const char *form; /* "PKCS#8", "SEC1", "X.509" … */
	/* the key; for a CRL empty */
	char oid[PQM_OID_TEXT];	  /* algorithm */
	char curve[PQM_OID_TEXT]; /* named curve; "" when none or explicit and unknown */
	bool has_explicit_curve;
	uint32_t bits;		   /* modulus, prime or field; 0 where the OID says it */
	size_t key_bytes;	   /* raw public key of other algorithms, 0 when not seen */
	char spki[PQM_SPKI_HEX];   /* "" when the public key is unknown */
	char digest[PQM_SPKI_HEX]; /* SHA-256 of the whole object (of p and g for DH parameters) */
	/* certificates, requests and CRLs */
	char sig_oid[PQM_OID_TEXT];
	char sig_hash
		[PQM_OID_TEXT]; /* of RSASSA-PSS parameters; SHA-1 is the default [RFC4055 §3.1] */
	struct pqm_cert_text text;     /* a request has only the subject, a CRL only the issuer */
	int64_t not_before, not_after; /* this and next update of a CRL; INT64_MAX: none */
	/* encrypted keys and key stores */
	char enc_oid
		[PQM_OID_TEXT]; /* PBES1 scheme, or the cipher of PBES2; "" when nothing is encrypted */
	char kdf_oid[PQM_OID_TEXT], prf_oid[PQM_OID_TEXT], mac_oid[PQM_OID_TEXT];
	uint32_t iterations, enc_bits; /* 0 when the OID says it or it is not told */
	size_t n_keys, n_encrypted;    /* bags of a key store: private keys; encrypted parts */
	/* whole DER objects inside: certificates, CRLs, plain private keys */
	const pqm_bytes *inner;
	size_t n_inner;
};

struct pqm_mat_ctx {
	struct pqm_arena *arena;
	bool is_labelled; /* a PEM label or a store says what it is: shape tests that tell keys from
			   * random data are left out */
	unsigned checks_left, primes_left; /* costly tests, see limits.h */
};

void pqm_mat_ctx_init(struct pqm_mat_ctx *ctx, struct pqm_arena *arena, bool is_labelled);
/* der must be exactly one object. kinds: PQM_MAT_BIT() values that are welcome. */
enum pqm_st pqm_mat_parse(struct pqm_mat *m, pqm_bytes der, unsigned kinds, struct pqm_mat_ctx *ctx,
	struct pqm_err *err) PQM_MUST_USE;

/* Shared by keys.c, keys_group.c, certs.c and stores.c. */
struct pqm_mat_job {
	struct pqm_mat *m;
	pqm_bytes der;
	struct pqm_mat_ctx *ctx;
	struct pqm_err *err;
	size_t furthest; /* of all attempts, for the message */
	bool has_words;
};

/* EPARSE with the cursor's offset, if it is further than earlier attempts. */
enum pqm_st pqm_mat_bad(struct pqm_mat_job *j, const struct pqm_cur *c, const char *what);
/* Facts of a SubjectPublicKeyInfo, which the cursor moves over. */
enum pqm_st pqm_mat_spki(struct pqm_mat_job *j, struct pqm_cur *c);
enum pqm_st pqm_mat_cert(struct pqm_mat_job *j);
enum pqm_st pqm_mat_request(struct pqm_mat_job *j);
enum pqm_st pqm_mat_crl(struct pqm_mat_job *j);
enum pqm_st pqm_mat_cms(struct pqm_mat_job *j);
enum pqm_st pqm_mat_pkcs12(struct pqm_mat_job *j);
/* keys_group.c: DSA and Diffie-Hellman, by the OID of j->m or in forms of their own. */
enum pqm_st pqm_mat_group_public(struct pqm_mat_job *j, pqm_bytes params, pqm_bytes key);
enum pqm_st pqm_mat_group_private(struct pqm_mat_job *j, pqm_bytes params, pqm_bytes key);
enum pqm_st pqm_mat_dsa(struct pqm_mat_job *j);
enum pqm_st pqm_mat_dsa_params(struct pqm_mat_job *j);
enum pqm_st pqm_mat_dh_params(struct pqm_mat_job *j);
/* keys.c: odd, and of PQM_RSA_BITS_MIN to PQM_RSA_BITS_MAX bits. */
bool pqm_mat_modulus_fits(pqm_bytes n);
/* Costly tests are counted, so that a hostile file cannot buy hours with megabytes. */
bool pqm_mat_may_check(unsigned *left);
/* The scheme of an encryption AlgorithmIdentifier [RFC8018 §A.2, §A.3]. */
enum pqm_st pqm_mat_scheme(struct pqm_mat_job *j, struct pqm_cur *c);

#endif
