/*
 * code.h — call sites in machine code: which function is called where, with which arguments, and whether
 *          the program can get there.
 *
 * Shape:     the caller says by name which functions it wants to know about; one pass finds the places
 *            that call them (through the PLT, the GOT, directly, by a tail jump), decodes the functions
 *            around these places and nothing else, and follows constants to the call: through registers,
 *            stack slots, read-only data and, to a fixpoint of three rounds, the parameters of local functions. In
 *            a stripped static program functions are recognised by the names that they give to
 *            their own error macros.
 *            Reach is over direct calls, tail jumps, and functions whose address is taken by reachable code or
 *            by relocated data; a wanted function is never descended into: what a library does inside is
 *            not what the program does.
 * Units:     addresses as in the file's program headers; offsets in bytes of the file.
 * Ownership: everything is in the caller's arena or a slice of the body.
 * Errors:    PQM_OK for what cannot be decided (machine, limits): `state` and `why_not` say so. PQM_ENOMEM.
 * Threads:   pure.
 * Limits:    PQM_CODE_* of limits.h: instructions per file, calls, frames of a path.
 * Standard:  System V ABI AMD64 supplement §3.2; AAPCS64 §6.4; LSB 5.0 core §10.6 (.eh_frame_hdr).
 */
#ifndef PQM_PARSE_CODE_H
#define PQM_PARSE_CODE_H

#include "parse/code_sign.h"
#include "parse/elf.h"

#define PQM_CALL_ARGS 8

enum pqm_arg_kind {
	PQM_ARG_UNKNOWN, /* differs by the way there, or comes from outside: never guessed */
	PQM_ARG_INT,
	PQM_ARG_TEXT,	/* the address of a NUL-terminated printable text in read-only memory */
	PQM_ARG_RESULT, /* what another call of a wanted function gave back (a digest, a context) */
};

struct pqm_arg {
	enum pqm_arg_kind kind;
	uint64_t value; /* INT: as the register holds it; RESULT: index of that call */
	pqm_bytes text; /* TEXT, without the NUL; a slice of the body */
};

enum pqm_call_reach {
	PQM_REACH_UNDECIDED,
	PQM_REACH_YES,
	PQM_REACH_NO,
};

/* How a callee got its name. */
enum pqm_callee_by {
	PQM_BY_IMPORT, /* the dynamic linker binds it */
	PQM_BY_SYMBOL, /* a symbol of this file */
	PQM_BY_TEXT,   /* the function hands its own name to an error macro */
	PQM_BY_SIGN,   /* a sign of code_sign.h */
};

struct pqm_frame {
	uint64_t func;	/* where the function starts */
	uint64_t at;	/* the instruction in it that leads on */
	pqm_bytes name; /* empty: no symbol; "main", "entry", an export ... */
	bool is_inside; /* of a library whose functions have signs */
};

struct pqm_call {
	pqm_bytes callee;
	const struct pqm_elf_version *version; /* of an import; may be NULL */
	enum pqm_callee_by by;
	size_t sign;	      /* BY_SIGN: index of it */
	uint64_t callee_addr; /* of a function of this file */
	uint64_t addr, off;   /* of the call instruction */
	bool is_tail;
	bool is_reference; /* its address is taken, not called: no arguments */
	struct pqm_arg arg[PQM_CALL_ARGS];
	enum pqm_call_reach reach;
	struct pqm_frame
		*path; /* the shortest way, from a root to the function with the call; n_path > 0 */
	size_t n_path;
	/* Of a library: which of its exports get here, by index into pqm_code.exports. None of a program, and where the
	 * library is too large for that. */
	uint32_t *from;
	size_t n_from;
};

struct pqm_code_want {
	/* True when calls of the function are of interest. is_import: it comes from elsewhere, by
	 * version (may be NULL); else it is one that this file defines or contains. */
	bool (*wants)(
		void *ctx, pqm_bytes name, bool is_import, const struct pqm_elf_version *version);
	void *ctx;
	/* Functions of this file are recognised by their own error texts, and by nothing else, so that symbols
	 * change nothing: costs a reading of all that raise errors. Set it where such a library is inside. */
	bool by_text;
	/* With by_text: the source file is one of that library. What refers to it, and what that calls, is the
	 * library's own doing and no call of the program. NULL: none is. */
	bool (*is_inside)(void *ctx, pqm_bytes file);
	/* With by_text: functions that raise no errors, by what they hand to one that does:
	 * "f = g(0, $1, ?)" is f when it calls g with 0, its own second parameter, and anything. */
	const pqm_bytes *wrappers;
	size_t n_wrappers;
	/* With fewer wanted functions of its own a file that holds no such library only has namesakes of them;
	 * they are not told then. 0: tell all. */
	size_t least_own;
	/* More code than that is not held as a whole: calls are told, but seldom whether the program gets there, and
	 * functions are not recognised by text. 0: PQM_CODE_TEXT. */
	uint64_t most_text;
	/* Functions of this file are recognised by signs, and symbols change nothing; NULL: none are. */
	const struct pqm_signs *signs;
};

enum pqm_code_state {
	PQM_CODE_READ,
	PQM_CODE_NONE,	  /* no wanted function is called or contained */
	PQM_CODE_MACHINE, /* not x86-64 nor AArch64 */
	PQM_CODE_LIMIT,	  /* the budget ended: calls not listed may exist */
	PQM_CODE_BROKEN,  /* headers that lie */
};

struct pqm_code {
	enum pqm_code_state state;
	const char *why_not; /* for READ and NONE: NULL */
	/* By address. One whose arguments differ by the way there (2 to 4 ways, or callers) is told once for each. */
	struct pqm_call *calls;
	size_t n_calls;
	pqm_bytes *exports;
	size_t n_exports;
	size_t n_functions, n_decoded; /* for coverage */
};

enum pqm_st pqm_code_read(struct pqm_code *out, const struct pqm_elf *e,
	const struct pqm_code_want *want, struct pqm_arena *arena,
	struct pqm_err *err) PQM_MUST_USE;

#endif
