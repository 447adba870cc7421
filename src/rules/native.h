/*
 * native.h — cryptographic libraries of Windows and macOS: their files, and what their functions mean.
 *
 * Shape:     a library is known by the names of its files (globs; case does not matter). It has
 *            symbols of its own in rules/pe or rules/macho, or is one of rules/libs under another
 *            file name, whose symbols it has.
 * Ownership: built in an arena; texts are borrowed from the rule set, which must outlive it.
 * Errors:    PQM_EUSAGE "FILE:LINE: words" for anything wrong in these rules.
 * Threads:   const after build.
 * Rules:     a library is { id, library, files, why, refs, hit, miss } with names of files in hit and
 *            miss; a meaning is { id, library, symbols, emit, why, refs, hit, miss } with symbols in
 *            them; a literal is { id, library, literals, when, emit, … }: texts in UTF-16 that are
 *            algorithms where one of the symbols in `when` is imported, with texts in hit and miss.
 */
#ifndef PQM_RULES_NATIVE_H
#define PQM_RULES_NATIVE_H

#include "rules/libs.h"

struct pqm_native_lib {
	const struct pqm_rule *rule;
	pqm_bytes name;
	const struct pqm_lib *lib; /* of rules/libs; NULL: it has symbols of its own */
};

struct pqm_native_meaning {
	const struct pqm_rule *rule;
	const struct pqm_yaml *symbols, *literals, *when;
	pqm_bytes library, operation, why, fix;
	struct pqm_found emit;
};

struct pqm_native;

/* prefix: "pe/" or "macho/". */
enum pqm_st pqm_native_build(struct pqm_native **out, const struct pqm_rules *r, const char *prefix,
	struct pqm_arena *arena, struct pqm_err *err) PQM_MUST_USE;
/* The library whose file this is (last part of a path), or NULL. */
const struct pqm_native_lib *pqm_native_lib(const struct pqm_native *n, pqm_bytes file);
/* What a symbol of it means; false: nothing that we have a rule for. */
bool pqm_native_symbol(const struct pqm_native *n, const struct pqm_native_lib *lib,
	pqm_bytes symbol, struct pqm_native_meaning *out);
/* The i-th rule with literals, or NULL. */
const struct pqm_native_meaning *pqm_native_literal(const struct pqm_native *n, size_t i);

bool pqm_native_rule_fits(const struct pqm_rules *r, const struct pqm_rule *rule, pqm_bytes sample);

#endif
