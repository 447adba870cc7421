/*
 * matcher.h — finds many short byte patterns in one sweep.
 *
 * Shape:     each pattern is reduced to three adjacent bytes (its fingerprint); the sweep tests all
 *            fingerprints at every position with nibble table look-ups, 64 or 32 positions at a time
 *            where the CPU can, and compares the whole pattern only where one fits.
 * Units:     offsets in bytes from the start of the swept stream.
 * Ownership: the matcher owns its tables; const after build; shared by all threads.
 * Errors:    PQM_EINTERNAL for a pattern that cannot be fingerprinted (a detector's bug).
 * Limits:    patterns of 3 to 24 bytes; 65,535 patterns.
 */
#ifndef PQM_RULES_MATCHER_H
#define PQM_RULES_MATCHER_H

#include "base/arena.h"

#define PQM_PATTERN_MAX 24

struct pqm_pattern {
	uint8_t bytes[PQM_PATTERN_MAX],
		mask[PQM_PATTERN_MAX]; /* mask: 0xff must be equal, 0 free */
	unsigned n;
};

struct pqm_match {
	uint64_t off;
	uint32_t pattern;
};

struct pqm_matches {
	struct pqm_match *match;
	size_t n, cap;
	bool is_full; /* a match did not fit */
};

struct pqm_matcher;

enum pqm_st pqm_matcher_new(struct pqm_matcher **out, const struct pqm_pattern *patterns, size_t n,
	struct pqm_err *err) PQM_MUST_USE;
void pqm_matcher_free(struct pqm_matcher *m);

/* Reports every pattern that lies wholly in window and ends after its first n_seen bytes (these were
 * the end of the window before). base is the stream offset of window.p[0]. Appends to out in order of
 * the pattern's end, roughly; what does not fit sets is_full. */
void pqm_matcher_sweep(const struct pqm_matcher *m, pqm_bytes window, size_t n_seen, uint64_t base,
	struct pqm_matches *out);
/* "avx512bw", "avx2" or "c": what the sweep runs on here. PQMAP_CPU=c|avx2 in the environment of the
 * process chooses a lower one (tests). */
const char *pqm_matcher_cpu(const struct pqm_matcher *m);

#endif
