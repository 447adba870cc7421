/*
 * vector_words.h — the keys of two vectors that differ, in words.
 *
 * Ownership: words live in the caller's arena; values are slices of the vector.
 * Threads:   any.
 */
#ifndef PQM_REPORT_VECTOR_WORDS_H
#define PQM_REPORT_VECTOR_WORDS_H

#include "base/arena.h"

/* The value of a key in "QRV:1.0/AD:2026.89/U:K/…"; empty: not there. */
pqm_bytes pqm_vector_value(pqm_bytes vector, const char *key);
/* "F (hybrid offered, fallback allowed)"; values that speak for themselves are as they are. */
pqm_bytes pqm_vector_value_words(struct pqm_arena *a, const char *key, pqm_bytes value);
/* Of the keys that say what is protected and how, those that differ: "algorithm HYB → E256, coverage E → F". */
pqm_bytes pqm_vector_changes(struct pqm_arena *a, pqm_bytes was, pqm_bytes is);

#endif
