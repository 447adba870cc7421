/*
 * endpoint.h — from what an endpoint said to findings.
 *
 * Shape:     one finding for each key exchange group, protocol version, suite class and host key that
 *            was negotiated or offered, one for what is missing (no hybrid), children for the
 *            certificates of every chain, so that a key seen on the wire is the same finding as the key
 *            on disk. Only verdicts yes and no speak; refused and unknown become coverage notes.
 * Ownership: e's certificate texts are filled from arena; everything emitted is copied.
 * Errors:    PQM_ENOMEM; the rest are notes.
 * Standard:  DESIGN.md §4, rules/tls, rules/ssh, rules/endpoints.
 */
#ifndef PQM_DETECT_ENDPOINT_H
#define PQM_DETECT_ENDPOINT_H

#include "detect/detector.h"
#include "model/endpoint.h"

/* Identity of a setting: scheme, host and port (never the address). */
enum pqm_st pqm_endpoint_emit(const struct pqm_rules *r, struct pqm_endpoint *e,
	struct pqm_arena *arena, struct pqm_emit *out, struct pqm_err *err) PQM_MUST_USE;
/* Does an endpoint that gave the one answer of the sample ("group x25519", "posture absent", "no
 * starttls") get a finding of this rule? */
bool pqm_endpoint_rule_fits(
	const struct pqm_rules *r, const struct pqm_rule *rule, pqm_bytes sample);

#endif
