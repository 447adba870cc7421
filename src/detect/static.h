/*
 * static.h — what the sampler saw in one file of code, and which libraries that shows.
 *
 * Shape:     one tally for each rule of the sampler; libraries from the tallies of those that have
 *            markers: of one line the last, weak ones only when nothing else is there.
 * Ownership: all in the artifact's arena; texts of rules are borrowed.
 * Errors:    none: what is not there is empty.
 * Limits:    a library's version is looked for in the whole body, and only for what was identified.
 */
#ifndef PQM_DETECT_STATIC_H
#define PQM_DETECT_STATIC_H

#include "detect/detector.h"
#include "parse/elf.h"
#include "rules/sampler.h"

#define PQM_STATIC_ROLES 16
#define PQM_STATIC_LIBS 8

/* What one rule saw in this file. */
struct pqm_static_tally {
	const struct pqm_sampled *of;
	uint64_t first, n;				 /* offset of the first, and how many */
	const struct pqm_sample *role[PQM_STATIC_ROLES]; /* the first of each role and layout */
	size_t n_roles;
};

struct pqm_static_lib {
	const struct pqm_static_tally *tally;
	pqm_bytes name;	   /* "OpenSSL" */
	pqm_bytes version; /* "3.0.16", "3.0 or later"; empty: not told */
	pqm_bytes basis; /* "banner", "version text", "source paths"; empty: there is no version */
};

/* Writes at most PQM_STATIC_LIBS to out. elf may be NULL; a file that is such a library, or asks for it,
 * holds no copy. */
size_t pqm_static_libs(struct pqm_static_lib *out, const struct pqm_static_tally *tally,
	size_t n_tallies, const struct pqm_elf *elf, pqm_bytes body, struct pqm_arena *a);

/* What is to be said of a program whose code cannot be seen; NULL: it can. */
const char *pqm_static_packed(pqm_bytes body);

/* Whether the program's code gives back as many of a library's own error numbers as its rule asks for: `codes`,
 * `least` of them each `times`, the first one `first` times. */
bool pqm_static_has_codes(const struct pqm_rule *rule, const struct pqm_elf *e);

/* What a program is looked at with. */
struct pqm_static_in {
	const struct pqm_rules *rules;
	const struct pqm_sign_rules *signs;
	const struct pqm_elf *elf;
	struct pqm_arena *arena;
};

/* Emits what the program calls of these libraries. PQM_ENOMEM, and the emitter's. */
enum pqm_st pqm_static_use(const struct pqm_static_in *in, const struct pqm_static_lib *lib,
	size_t n, struct pqm_emit *out, struct pqm_err *err) PQM_MUST_USE;

#endif
