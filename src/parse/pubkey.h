/*
 * pubkey.h — what SSH, OpenPGP, JWK and PuTTY files say about a public key, in one shape.
 *
 * Shape:     constructors take the numbers of a key, check that they can be a key at all, and give
 *            family, algorithm, parameter, size and identity in the words of DESIGN.md §4.
 * Units:     numbers are unsigned big-endian bytes, leading zeros allowed; sizes in bits.
 * Ownership: borrows; the result holds no slices.
 * Errors:    false = this cannot be such a key (even modulus, wrong length, absurd size); *out is
 *            untouched.
 * Threads:   pure.
 * Limits:    PQM_RSA_BITS_MIN and PQM_RSA_BITS_MAX, also for DSA and ElGamal.
 */
#ifndef PQM_PARSE_PUBKEY_H
#define PQM_PARSE_PUBKEY_H

#include "base/bytes.h"
#include "base/err.h"
#include "base/hash.h"

/* What the container lets the key do; PQM_PK_ANY when it does not say. */
enum pqm_pk_use { PQM_PK_ANY, PQM_PK_SIG, PQM_PK_KEX, PQM_PK_PKE };

#define PQM_PK_IDENTITY (8 + 2 * PQM_SHA256_BYTES)

struct pqm_pubkey {
	const char *family,
		*algorithm; /* "unknown" when the container names a type we do not know */
	char parameter[32];
	uint32_t bits; /* modulus, field or 0 */
	enum pqm_pk_use use;
	char identity[PQM_PK_IDENTITY]; /* "spki:…", or "sha256:…" where no SPKI form is defined */
};

struct pqm_curve {
	const char *name; /* P-256 */
	const char *oid;  /* dotted */
	const char *ssh;  /* nistp256, or NULL */
	uint16_t bits;
	uint16_t width; /* bytes of a field element */
	uint8_t der_n;	/* content of the OBJECT IDENTIFIER */
	uint8_t der[11];
};

/* NULL when unknown. by_name takes P-256, secp256k1, brainpoolP256r1. */
const struct pqm_curve *pqm_curve_by_name(pqm_bytes name);
const struct pqm_curve *pqm_curve_by_ssh(pqm_bytes name);
const struct pqm_curve *pqm_curve_by_der(pqm_bytes der);

bool pqm_pubkey_rsa(struct pqm_pubkey *out, pqm_bytes n, pqm_bytes e);
bool pqm_pubkey_dsa(struct pqm_pubkey *out, pqm_bytes p, pqm_bytes q, pqm_bytes g, pqm_bytes y);
bool pqm_pubkey_elgamal(struct pqm_pubkey *out, pqm_bytes p, pqm_bytes g, pqm_bytes y);
/* point: 04 ‖ X ‖ Y of the curve's width, on the curve. */
bool pqm_pubkey_ec(struct pqm_pubkey *out, const struct pqm_curve *curve, pqm_bytes point);
bool pqm_pubkey_ec_xy(
	struct pqm_pubkey *out, const struct pqm_curve *curve, pqm_bytes x, pqm_bytes y);
/* name: Ed25519, Ed448, X25519, X448, ML-DSA-44 … 87, ML-KEM-512 … 1024, SLH-DSA-SHAKE-128s …; the
 * length of key must be that algorithm's. */
bool pqm_pubkey_raw(struct pqm_pubkey *out, const char *name, pqm_bytes key);
/* Composites and other keys without an SPKI form of their own; name as in the draft, key is hashed.
 * All texts must be static. */
void pqm_pubkey_other(struct pqm_pubkey *out, const char *family, const char *algorithm,
	const char *parameter, pqm_bytes key);

#endif
