/*
 * signed.h — envelopes of signatures: DSSE, JWS in JSON, COSE_Sign1 and Sigstore bundles.
 *
 * Shape:     one envelope is the whole text; the signature is not checked, only described.
 * Ownership: everything lives in the arena, or is a slice of the body.
 * Errors:    PQM_EPARSE: begins like one, and is none; PQM_ELIMIT over PQM_SIGNED_BYTES. What is no envelope is
 *            PQM_OK with form NULL.
 * Threads:   pure.
 * Limits:    PQM_SIGNED_BYTES, PQM_SIGNED_CERTS, PQM_SIGNED_SIGNATURES.
 * Standard:  DSSE 1.0 (secure-systems-lab/dsse, envelope), RFC 7515 §7.2, RFC 9052 §4.2, RFC 8949, RFC 9360,
 *            the Sigstore bundle (sigstore/protobuf-specs).
 */
#ifndef PQM_PARSE_SIGNED_H
#define PQM_PARSE_SIGNED_H

#include "base/arena.h"

#define PQM_SIGNED_BYTES ((size_t)16 << 20)
#define PQM_SIGNED_CERTS 8
#define PQM_SIGNED_SIGNATURES 16

struct pqm_signed_by {
	pqm_bytes keyid, sig; /* keyid: the signer's own word */
};

struct pqm_signed {
	const char *form; /* "JWS"; NULL: none of ours */
	pqm_bytes alg;	  /* as the header has it: "PS256", "-37"; empty: not told */
	pqm_bytes type;	  /* of what is signed: "application/vnd.in-toto+json" */
	struct pqm_signed_by by[PQM_SIGNED_SIGNATURES];
	size_t n_by;
	pqm_bytes certs[PQM_SIGNED_CERTS]; /* DER, the signer's first */
	size_t n_certs;
};

/* COSE_Sign1 with its tag; the others begin with a brace and are found by their members. */
bool pqm_signed_is_cose(pqm_bytes head);
enum pqm_st pqm_signed_json(struct pqm_signed *out, pqm_bytes body, struct pqm_arena *arena,
	struct pqm_err *err) PQM_MUST_USE;
enum pqm_st pqm_signed_cose(struct pqm_signed *out, pqm_bytes body, struct pqm_arena *arena,
	struct pqm_err *err) PQM_MUST_USE;

#endif
