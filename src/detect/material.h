/*
 * material.h — parsed certificates and keys as findings: names, sizes and texts come from the rules.
 *
 * Shape:     fill a struct pqm_material, hand DER to pqm_material_der(); each object inside becomes
 *            one sighting at the place in .at.
 * Ownership: borrows everything; texts of one call live in the artifact's arena.
 * Errors:    PQM_EPARSE when the DER is none of the welcome kinds, with words; PQM_ENOMEM,
 *            PQM_ELIMIT. Nothing was emitted then, except by stores that break half-way.
 * Threads:   one worker.
 * Never:     private numbers in findings, words or the arena.
 */
#ifndef PQM_DETECT_MATERIAL_H
#define PQM_DETECT_MATERIAL_H

#include "detect/detector.h"
#include "parse/keys.h"

struct pqm_material {
	const struct pqm_rules *rules;
	struct pqm_emit *out;
	struct pqm_mat_ctx ctx; /* pqm_mat_ctx_init() */
	struct pqm_found
		at; /* place (off or line, col), object, evidence and attrs to start from */
	uint64_t n_emitted;
};

void pqm_material_init(struct pqm_material *mt, const struct pqm_rules *r, struct pqm_emit *out,
	struct pqm_arena *arena, bool is_labelled);
/* Parses exactly der and emits it. kinds: PQM_MAT_BIT() values; PQM_MAT_ALL for "whatever it is".
 * EC and DSA parameters alone are recognised and not reported. */
enum pqm_st pqm_material_der(
	struct pqm_material *mt, pqm_bytes der, unsigned kinds, struct pqm_err *err) PQM_MUST_USE;
/* Emits what was parsed already. */
enum pqm_st pqm_material_emit(struct pqm_material *mt, const struct pqm_mat *m) PQM_MUST_USE;
/* Is the algorithm in the catalogue, and does a raw public key have its length? A bare key is only
 * believed then; a certificate is vouched for by the rest of it. */
bool pqm_material_is_known(const struct pqm_material *mt, const struct pqm_mat *m);
/* Weak sizes of today: RSA, DSA, DH and ElGamal under 2048, EC under 224 bits. */
enum pqm_classical pqm_material_classical(
	pqm_bytes family, uint32_t bits, enum pqm_classical otherwise);

#endif
