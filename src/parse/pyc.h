/*
 * pyc.h — compiled Python modules: which functions of which modules they call, and with what.
 *
 * Shape:     the marshalled code is read into objects, never run; then its instructions are followed forward, with
 *            what each place of the stack, each global and each local name is known to hold: a dotted path from an
 *            import ("rsa.newkeys"), a constant, or nothing.
 * Ownership: objects and texts live in the caller's arena or are slices of the body, which must outlive them.
 * Errors:    PQM_EPARSE with the offset for what is no marshalled code; PQM_ELIMIT over a limit.
 * Threads:   pure.
 * Limits:    PQM_PYC_* below.
 * Standard:  PEP 552, CPython's marshal format 4, bytecode of CPython 3.6 to 3.13.
 */
#ifndef PQM_PARSE_PYC_H
#define PQM_PARSE_PYC_H

#include "base/arena.h"

/* The largest modules that people write have 2 MB compiled; tables that programs write have more. */
#define PQM_PYC_BYTES ((size_t)8 << 20)
/* Objects in objects: code in code in tuples; deep constants have 20. */
#define PQM_PYC_DEPTH 80
/* Objects of one module: each takes up to 100 bytes of memory. */
#define PQM_PYC_OBJECTS ((size_t)300000)
/* Instructions that are followed in one module, all passes together. */
#define PQM_PYC_STEPS ((size_t)8 << 20)
#define PQM_PYC_ARGS 24
#define PQM_PYC_PATH 200

enum pqm_pyc_type {
	PQM_PYC_OTHER, /* floats, sets, dictionaries, Ellipsis … */
	PQM_PYC_NONE,
	PQM_PYC_INT,
	PQM_PYC_TEXT, /* str or bytes */
	PQM_PYC_BYTES_OBJECT,
	PQM_PYC_TUPLE,
	PQM_PYC_CODE,
};

struct pqm_pyc_code;

struct pqm_pyc_obj {
	enum pqm_pyc_type type;
	bool is_big; /* a whole number of more than 63 bits */
	int64_t number;
	pqm_bytes text; /* a slice of the body */
	struct pqm_pyc_obj **items;
	uint32_t n;
	struct pqm_pyc_code *code;
};

struct pqm_pyc_code {
	pqm_bytes code, name, filename, lines; /* name: qualified from 3.11 on */
	const struct pqm_pyc_obj *consts, *names;
	/* Names of local variables: before 3.11 those of cells and free variables are apart. */
	const struct pqm_pyc_obj *locals, *cells, *frees;
	pqm_bytes kinds; /* 3.11: of locals */
	uint32_t n_params, flags, first_line;
	bool is_seen;
};

struct pqm_pyc {
	pqm_bytes body;
	struct pqm_arena *arena;
	unsigned magic,
		minor; /* minor 11: Python 3.11; 0: a version whose instructions are not known */
	struct pqm_pyc_code *module;
	size_t bad_off;		     /* where reading failed */
	struct pqm_pyc_code **codes; /* all, the module first */
	size_t n_codes, cap_codes;
};

enum pqm_pyc_known {
	PQM_PYC_UNKNOWN,
	PQM_PYC_MARK, /* NULL, or the object beside its method */
	PQM_PYC_CONST,
	PQM_PYC_PATHED, /* a module, class or function, by its path */
	PQM_PYC_MADE,	/* what a call of that path gave: an instance */
};

/* What is known of one place. */
struct pqm_pyc_value {
	enum pqm_pyc_known known;
	const struct pqm_pyc_obj *obj; /* of a constant */
	pqm_bytes path;		       /* "cryptography.hazmat.primitives.asymmetric.rsa" */
};

struct pqm_pyc_call {
	pqm_bytes path;
	struct pqm_pyc_value arg[PQM_PYC_ARGS];
	pqm_bytes keyword[PQM_PYC_ARGS]; /* of arg; empty: by position */
	size_t n_args;
	bool is_open; /* further arguments come from a list or dictionary, or were too many */
	uint64_t off; /* of the instruction in the body */
	uint32_t line;
	const struct pqm_pyc_code *in;
};

/* Two bytes of the version, CR LF: whether the head may be that of a compiled module. */
bool pqm_pyc_looks(pqm_bytes head);
/* Reads all objects. */
enum pqm_st pqm_pyc_open(struct pqm_pyc *p, pqm_bytes body, struct pqm_arena *arena,
	struct pqm_err *err) PQM_MUST_USE;

struct pqm_pyc_look {
	/* Whether a top-level module ("cryptography") is of interest: other imports are not followed. */
	bool (*wants)(void *ctx, pqm_bytes root);
	/* What it returns ends the walk when it is not PQM_OK. */
	enum pqm_st (*seen)(void *ctx, const struct pqm_pyc_call *c);
	void *ctx;
};

/* Calls look->seen() for each call of something that was imported, in order of the code objects. Nothing for a
 * version whose instructions are not known. Once for each module that was opened. */
enum pqm_st pqm_pyc_calls(
	struct pqm_pyc *p, const struct pqm_pyc_look *look, struct pqm_err *err) PQM_MUST_USE;
/* The argument of that keyword, or at that position (SIZE_MAX: none); NULL: it is not given. */
const struct pqm_pyc_value *pqm_pyc_arg(const struct pqm_pyc_call *c, size_t at, pqm_bytes keyword);
/* The source line of an instruction at off in the code, or 0. */
uint32_t pqm_pyc_line(const struct pqm_pyc *p, const struct pqm_pyc_code *c, size_t off);

#endif
