/*
 * keymat.h — turns the facts of parse/pubkey.h into one sighting.
 *
 * Shape:     helpers for the SSH, OpenPGP, JWK, Java and PuTTY detectors.
 * Ownership: the sighting borrows the key, which must live until it is emitted.
 * Threads:   pure.
 */
#ifndef PQM_DETECT_KEYMAT_H
#define PQM_DETECT_KEYMAT_H

#include "detect/detector.h"
#include "parse/pubkey.h"

/* Room for the texts of the facts of one sighting. */
struct pqm_keymat_text {
	char comment[65], other[65], date[16];
};

/* A key of rule at off: names, status, identity, why and fix. Facts are the caller's to add. */
void pqm_keymat_fill(struct pqm_found *f, const struct pqm_rules *r, const char *rule,
	const struct pqm_pubkey *k, uint64_t off);
/* Status of f's family, algorithm and parameter by the catalogue; keeps all of these and the
 * function. */
void pqm_keymat_status(struct pqm_found *f, const struct pqm_rules *r, const char *rule);
/* At most 64 printable ASCII bytes of text; others become '?'. */
pqm_bytes pqm_keymat_clip(char out[65], pqm_bytes text);
/* Seconds since 1970 as a date; "" beyond the year 9999. */
pqm_bytes pqm_keymat_date(char out[16], uint64_t seconds);

#endif
