/*
 * spki.h — one name for one public key, whatever it is wrapped in.
 *
 * Shape:     each call builds the canonical DER SubjectPublicKeyInfo and hashes it; the result is
 *            the text after "spki:" in an identity.
 * Units:     numbers are unsigned big-endian bytes; leading zeros do not matter. The result is 64
 *            lower-case hex digits and a NUL.
 * Ownership: borrows; allocates only a scratch buffer.
 * Errors:    false = an empty or absurdly long number (over PQM_SPKI_BYTES in all), a malformed OID,
 *            or no memory; hex is untouched.
 * Threads:   pure.
 * Standard:  RFC 5280 §4.1.2.7; RSA RFC 3279 §2.3.1 (rsaEncryption with NULL, also for PSS keys, so
 *            that the same modulus is the same key); DSA §2.3.2; EC RFC 5480 (named curve,
 *            uncompressed point); X25519 to Ed448 RFC 8410; ML-KEM RFC 9935, ML-DSA RFC 9881.
 */
#ifndef PQM_PARSE_SPKI_H
#define PQM_PARSE_SPKI_H

#include "base/buf.h"
#include "base/hash.h"

#define PQM_SPKI_HEX (2 * PQM_SHA256_BYTES + 1)
#define PQM_SPKI_BYTES ((size_t)4 << 20) /* Classic McEliece keys reach 1.3 MB */

#define PQM_OID_RSA "1.2.840.113549.1.1.1"
#define PQM_OID_RSA_PSS "1.2.840.113549.1.1.10"
#define PQM_OID_RSA_OAEP "1.2.840.113549.1.1.7"
#define PQM_OID_DSA "1.2.840.10040.4.1"
#define PQM_OID_DH "1.2.840.113549.1.3.1"
#define PQM_OID_DHX "1.2.840.10046.2.1"
#define PQM_OID_EC "1.2.840.10045.2.1"
#define PQM_OID_P256 "1.2.840.10045.3.1.7"
#define PQM_OID_P384 "1.3.132.0.34"
#define PQM_OID_P521 "1.3.132.0.35"
#define PQM_OID_SM2 "1.2.156.10197.1.301"
#define PQM_OID_X25519 "1.3.101.110"
#define PQM_OID_X448 "1.3.101.111"
#define PQM_OID_ED25519 "1.3.101.112"
#define PQM_OID_ED448 "1.3.101.113"

bool pqm_spki_rsa(char hex[PQM_SPKI_HEX], pqm_bytes n, pqm_bytes e) PQM_MUST_USE;
/* point: 04 || X || Y. curve: dotted OID of the named curve. See pqm_ec_point() in x509.h for
 * compressed points and checks. */
bool pqm_spki_ec(char hex[PQM_SPKI_HEX], const char *curve, pqm_bytes point) PQM_MUST_USE;
bool pqm_spki_dsa(
	char hex[PQM_SPKI_HEX], pqm_bytes p, pqm_bytes q, pqm_bytes g, pqm_bytes y) PQM_MUST_USE;
/* PKCS#3 form (no q). */
bool pqm_spki_dh(char hex[PQM_SPKI_HEX], pqm_bytes p, pqm_bytes g, pqm_bytes y) PQM_MUST_USE;
/* Raw keys whose AlgorithmIdentifier has no parameters: X25519, Ed448, ML-KEM, ML-DSA, SLH-DSA. */
bool pqm_spki_raw(char hex[PQM_SPKI_HEX], const char *oid, pqm_bytes key) PQM_MUST_USE;
/* SHA-256 of any DER, in hex. */
void pqm_spki_der(char hex[PQM_SPKI_HEX], pqm_bytes der);

#endif
