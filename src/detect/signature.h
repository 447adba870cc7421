/*
 * signature.h — signatures of images, models and statements about them as findings: by what, over what.
 *
 * Shape:     the algorithm comes from the envelope's header, else from the signer's certificate or key; without
 *            both it is unknown, and the form of the signature is told as a hint. rules/images/artifacts.yaml has
 *            the names and the words.
 * Ownership: borrows everything; texts of one call live in the arena.
 * Errors:    PQM_ENOMEM.
 * Threads:   one artifact at a time.
 * Standard:  RFC 7518 §3.1, RFC 9053, RFC 8230, draft-ietf-cose-dilithium.
 */
#ifndef PQM_DETECT_SIGNATURE_H
#define PQM_DETECT_SIGNATURE_H

#include "detect/detector.h"

#define PQM_ARTIFACT_RULES "images/artifacts.yaml"

struct pqm_signature {
	const char *form;    /* "cosign", "JWS" */
	pqm_bytes alg;	     /* a header's name for it, or empty */
	pqm_bytes key;	     /* DER of a certificate or public key, or empty */
	const char *key_of;  /* where the key is from; NULL: the certificate */
	pqm_bytes sig;	     /* the signature */
	pqm_bytes type;	     /* of what is signed */
	pqm_bytes keyid;     /* the signer's own word */
	pqm_bytes subject;   /* digest of the manifest that it is for, or empty */
	pqm_bytes predicate; /* what is stated, or empty */
	uint32_t line, col;
};

enum pqm_st pqm_signature_emit(const struct pqm_rules *r, const struct pqm_signature *s,
	struct pqm_arena *arena, struct pqm_emit *out) PQM_MUST_USE;
/* DER of the first PEM block in the text; or the text, where it is DER; else empty. */
pqm_bytes pqm_signature_der(pqm_bytes text, struct pqm_arena *arena);

/* Whether a rule of artifacts.yaml is about a sample: a media type, a name of an algorithm. */
bool pqm_artifact_rule_fits(
	const struct pqm_rules *r, const struct pqm_rule *rule, pqm_bytes sample);

#endif
