/*
 * x509.h — what libcrypto knows better than we: names, extensions, curves, primes.
 *
 * Shape:     small questions about things that the DER cursor has found and measured.
 * Units:     numbers are unsigned big-endian bytes; curves and key types are dotted OIDs.
 * Ownership: text goes into the caller's arena, points into the caller's buffer. Private numbers are
 *            read in place, held by libcrypto in cleared memory, never copied by us.
 * Errors:    as each call says; libcrypto's error queue is left empty.
 * Threads:   any; no shared state of ours.
 * Limits:    moduli PQM_RSA_BITS_MAX; primes are only tested up to PQM_PRIME_BITS_MAX.
 * Standard:  RFC 5280, SEC 1 §2.3, RFC 7748, RFC 8032.
 */
#ifndef PQM_PARSE_X509_H
#define PQM_PARSE_X509_H

#include "base/arena.h"
#include "base/buf.h"
#include "parse/der.h"

struct pqm_cert_text {
	pqm_bytes subject, issuer; /* RFC 4514 order and escapes, printable */
	pqm_bytes serial;	   /* hex */
	pqm_bytes san;		   /* first names, ", " between, then "+N more" */
	pqm_bytes usage;	   /* "digitalSignature,serverAuth" */
	bool is_ca, is_self_issued;
};

/* Text facts of one certificate, exactly filling der. PQM_EPARSE when libcrypto refuses it. */
enum pqm_st pqm_x509_text(struct pqm_cert_text *out, pqm_bytes der, struct pqm_arena *arena,
	struct pqm_err *err) PQM_MUST_USE;
/* A Name as text; empty when it is not one. */
pqm_bytes pqm_x509_name(pqm_bytes der, struct pqm_arena *arena);

enum pqm_ec { PQM_EC_OK, PQM_EC_BAD, PQM_EC_UNKNOWN /* curve that libcrypto does not know */ };

/* Is the octet string a point of the curve, not infinity? Fills bits of the field and appends the
 * uncompressed form 04 || X || Y to out (both may be NULL) [SEC1 §2.3.4]. */
enum pqm_ec pqm_ec_point(const char *curve, pqm_bytes point, uint32_t *bits, struct pqm_buf *out);
/* Appends the uncompressed public point of a private scalar. PQM_EC_BAD: not in 1 to n - 1. */
enum pqm_ec pqm_ec_public(const char *curve, pqm_bytes scalar, uint32_t *bits, struct pqm_buf *out);
/* Explicit ECParameters [RFC3279 §2.3.5]: bits of the field, and the OID of the named curve with the
 * same numbers, or "". */
enum pqm_ec pqm_ec_explicit(char curve[PQM_OID_TEXT], uint32_t *bits, pqm_bytes params);
/* X25519, X448, Ed25519, Ed448: the public key of a private key. */
bool pqm_okp_public(struct pqm_buf *out, const char *oid, pqm_bytes key);
/* g^x mod p: the public value of a DSA or DH private key. */
bool pqm_dlog_public(struct pqm_buf *out, pqm_bytes p, pqm_bytes g, pqm_bytes x);
/* Passes Fermat's test to the base 3. False also when over PQM_PRIME_BITS_MAX. */
bool pqm_is_prime(pqm_bytes n);

#endif
