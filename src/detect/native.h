/*
 * native.h — symbols that PE and Mach-O files import and export, gathered by rule and told.
 *
 * Shape:     add each symbol, then emit: one finding for each rule and library, imports and exports
 *            apart. What a program imports is a use; what a library imports or exports is an offer.
 * Ownership: everything is in the artifact's arena; symbols are borrowed from its body.
 * Threads:   one.
 */
#ifndef PQM_DETECT_NATIVE_H
#define PQM_DETECT_NATIVE_H

#include "detect/detector.h"
#include "rules/native.h"

struct native_tally;

struct native_look {
	const struct pqm_native *rules;
	const struct pqm_artifact *a;
	struct pqm_emit *out;
	const char *form; /* "PE" */
	pqm_bytes own;	  /* the file's own name as a library; may be empty */
	bool is_program;
	struct native_tally *tally;
	size_t n, cap;
};

/* The rules of a form, made once for each thread. */
enum pqm_st native_rules(
	struct native_look *k, const struct pqm_rules *r, const char *prefix, struct pqm_err *err);
/* A symbol of the library in that file. */
enum pqm_st native_add(
	struct native_look *k, pqm_bytes file, pqm_bytes symbol, uint64_t off, bool is_export);
bool native_has(const struct native_look *k, const struct pqm_yaml *symbols);
enum pqm_st native_emit(struct native_look *k);

#endif
