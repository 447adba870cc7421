/*
 * sealed.h — to whom a file is encrypted: recipients of age files, OpenPGP messages, CMS and JWE.
 *
 * Shape:     a walk over recipients; each comes as the algorithm that wraps the file's key.
 * Units:     offsets in bytes of the input.
 * Ownership: borrows; texts of algorithms are static. Wrapped keys are stepped over, never kept.
 * Errors:    PQM_EPARSE with what is malformed; recipients before it have been delivered.
 * Threads:   pure.
 * Limits:    PQM_SEALED_RECIPIENTS, PQM_SEALED_TEXT_BYTES.
 * Standard:  age-encryption.org/v1 (C2SP age.md) with the stanzas of its plugins; RFC 9580 §5.1, RFC 4880
 *            and draft-ietf-openpgp-pqc for OpenPGP; RFC 5652 §6, RFC 5083, RFC 9629 for CMS; RFC 7516 §7.1 for JWE.
 */
#ifndef PQM_PARSE_SEALED_H
#define PQM_PARSE_SEALED_H

#include "base/bytes.h"
#include "base/err.h"
#include "parse/der.h"

struct pqm_sealed_to {
	/* As the catalogue knows it: "X25519", "P-256", "X448+ML-KEM"; empty: unknown; NULL: a passphrase,
	 * nobody's key. */
	const char *algorithm;
	uint32_t bits;	 /* of an RSA or ElGamal modulus, from the length of the wrapped key */
	pqm_bytes type;	 /* the stanza's or the algorithm's own name, as the file says it */
	pqm_bytes share; /* what only this file has: tells two files apart */
	uint64_t off;
	char oid[PQM_OID_TEXT]; /* CMS: names the algorithm where that is empty; may be empty itself */
};

typedef enum pqm_st pqm_sealed_fn(void *ctx, const struct pqm_sealed_to *to);

bool pqm_sealed_is_age(pqm_bytes head);
/* The header of an age file; the payload is not looked at. */
enum pqm_st pqm_sealed_age(
	pqm_bytes b, pqm_sealed_fn *each, void *ctx, struct pqm_err *err) PQM_MUST_USE;

/* Whether b begins with the packet of a wrapped key whose version and algorithm exist. */
bool pqm_sealed_is_pgp(pqm_bytes head);
enum pqm_st pqm_sealed_pgp(
	pqm_bytes b, pqm_sealed_fn *each, void *ctx, struct pqm_err *err) PQM_MUST_USE;

/* ContentInfo with EnvelopedData or AuthEnvelopedData, in BER; its content need not be there. */
bool pqm_sealed_is_cms(pqm_bytes head);
/* cipher: of the content, dotted; empty when it is not there. */
enum pqm_st pqm_sealed_cms(pqm_bytes b, pqm_sealed_fn *each, void *ctx, char cipher[PQM_OID_TEXT],
	struct pqm_err *err) PQM_MUST_USE;

/* Base64 at the start of text, up to what is none; PQM_SEALED_TEXT_BYTES of it, which is enough for what
 * stands in front of the content. False: there is none. */
bool pqm_sealed_base64(pqm_bytes text, struct pqm_buf *out);

/* A compact JWE; its content need not be there. cipher: its "enc". */
bool pqm_sealed_is_jwe(pqm_bytes head);
enum pqm_st pqm_sealed_jwe(pqm_bytes b, pqm_sealed_fn *each, void *ctx, char cipher[PQM_OID_TEXT],
	struct pqm_err *err) PQM_MUST_USE;

/* Files that only a shared secret opens, by their first bytes: `openssl enc`, LUKS, Vault's transit engine.
 * type: what the secret is; cipher: as in the file, or empty. */
bool pqm_sealed_is_shared(pqm_bytes head);
bool pqm_sealed_shared(
	pqm_bytes b, const char **format, pqm_bytes *type, char cipher[PQM_OID_TEXT]);

/* The curve of an ephemeral public point by its length: "P-256" for 04 ‖ x ‖ y of 65; "EC": another; NULL:
 * none. Brainpool curves have the lengths of NIST's and are rare. */
const char *pqm_sealed_curve(pqm_bytes point);

#endif
