/*
 * elf_look.h — what det_elf knows about one file, and what it says about the calls in it.
 *
 * Shape:     a call of a library's function becomes a fact (rules/libs.h), facts that say the same become one
 *            claim: `use` when one of its calls is reached in a program, else `offer`. Lists of groups, suites and
 *            versions in arguments become findings of their own.
 * Ownership: everything in the artifact's arena or the rules; what is emitted is copied.
 * Errors:    PQM_ENOMEM, and the emitter's.
 * Threads:   one artifact at a time.
 */
#ifndef PQM_DETECT_ELF_LOOK_H
#define PQM_DETECT_ELF_LOOK_H

#include "detect/detector.h"
#include "parse/code.h"
#include "rules/libs.h"
#include "rules/signs.h"

/* Symbols that a finding lists by name. */
#define PQM_ELF_SHOWN 8

struct pqm_elf_look {
	const struct pqm_rules *rules;
	const struct pqm_libs *libs;
	struct pqm_elf elf;
	struct pqm_arena *arena;
	const struct pqm_lib *own;	    /* the library that this file is, or NULL */
	const struct pqm_lib *inside;	    /* the one that is linked into it, or NULL */
	const struct pqm_lib **needed;	    /* by position in elf.needed; NULL: none that we know */
	const struct pqm_lib **versioned;   /* by position in elf.versions */
	const struct pqm_lib *loader;	    /* the file looks functions up by name; or NULL */
	const struct pqm_sign_rules *signs; /* of functions that were named by them; or NULL */
	struct pqm_code code;
	struct pqm_lib_fact *facts; /* by call */
};

/* The library that an import comes from and that has a rule or a recipe for it, or NULL. */
const struct pqm_lib *pqm_elf_lib_of(
	const struct pqm_elf_look *k, pqm_bytes name, const struct pqm_elf_version *version);
/* The file name under which lib is asked for. */
pqm_bytes pqm_elf_soname(const struct pqm_elf_look *k, const struct pqm_lib *lib,
	const struct pqm_elf_version *version);
/* Whether calls of this file may make a `use`. */
bool pqm_elf_is_user(const struct pqm_elf_look *k, const struct pqm_call *call);

/* RSA_generate_key_ex(?, 3072, ?, 0) */
pqm_bytes pqm_elf_call_text(const struct pqm_elf_look *k, size_t call);
/* main+0x12 -> load_key+0x4a -> EVP_PKEY_Q_keygen */
pqm_bytes pqm_elf_witness(const struct pqm_elf_look *k, const struct pqm_call *call);
/* Adds what shows that and how the call is there: address, call, witness, reach. */
void pqm_elf_evidence(const struct pqm_elf_look *k, size_t call, struct pqm_found *f);

/* Makes k->facts from k->code. */
enum pqm_st pqm_elf_facts(struct pqm_elf_look *k) PQM_MUST_USE;
/* elf_keys.c: what functions do that take any key, when all keys of the program are symmetric. */
void pqm_elf_keys(struct pqm_elf_look *k);
/* elf_load.c: whether lib is the dynamic loader's; whether the file opens libraries by hand that we know;
 * what it looks up in them; and which function a fact is about. */
bool pqm_elf_is_loader(const struct pqm_lib *lib);
bool pqm_elf_loads(struct pqm_elf_look *k);
void pqm_elf_looked_up(struct pqm_elf_look *k);
pqm_bytes pqm_elf_function(const struct pqm_elf_look *k, size_t call);
/* Emits claims of all facts. */
enum pqm_st pqm_elf_claims(struct pqm_elf_look *k, struct pqm_emit *out) PQM_MUST_USE;
/* Emits what lists and versions in arguments mean. */
enum pqm_st pqm_elf_settings(struct pqm_elf_look *k, struct pqm_emit *out) PQM_MUST_USE;

/* elf_wrap.c: objects for graph/link.h. */
enum pqm_st pqm_elf_wrap_library(const struct pqm_elf_look *k, struct pqm_emit *out) PQM_MUST_USE;
enum pqm_st pqm_elf_wrap_program(struct pqm_elf_look *k, struct pqm_emit *out) PQM_MUST_USE;

/* What such a setting comes to, without a file: for the settings' own samples. */
bool pqm_elf_setting_fits(const struct pqm_rules *r, const struct pqm_rule *rule, pqm_bytes sample);

#endif
