/*
 * code_sign.h — functions of a library that was linked in, named by what they refer to.
 *
 * Shape:     a sign is a conjunction: at least so many of its marks stand in one function: numbers that its code
 *            holds (error codes of the library, constants of the standard), bytes and texts that it refers to,
 *            tables that point to such, and calls of functions that another sign marks. A sign without a function
 *            name only serves others. Where a name is one function's, two that fit are none.
 * Ownership: signs are the caller's (rules/signs.h); marks are collected in the scratch arena.
 * Errors:    PQM_ENOMEM.
 * Threads:   pure.
 * Limits:    PQM_SIGNS and PQM_SIGN_MARKS below; instructions count as those of code.h.
 */
#ifndef PQM_PARSE_CODE_SIGN_H
#define PQM_PARSE_CODE_SIGN_H

#include "base/bytes.h"

#define PQM_SIGNS 64
#define PQM_SIGN_MARKS 8

enum pqm_sign_mark_kind {
	PQM_MARK_NUMBER, /* the code holds it */
	PQM_MARK_BYTES,	 /* it refers to data that begins with them */
	PQM_MARK_TABLE,	 /* it refers to data with a pointer to them */
	PQM_MARK_CALLS,	 /* it calls a function of sign `sign` */
	PQM_MARK_READS, /* it reads a pointer to a table of functions, one of which is, or calls, one of `sign` */
};

struct pqm_sign_mark {
	enum pqm_sign_mark_kind kind;
	uint64_t number;  /* without its sign */
	bool is_negative; /* that one only; else either */
	pqm_bytes bytes;
	size_t sign; /* by index */
};

struct pqm_sign {
	pqm_bytes function; /* the name that it gives; empty: none */
	bool is_one;	    /* the name of one function, not of several ("mbedtls_rsa_*") */
	size_t group;	    /* the library, by the caller's count */
	struct pqm_sign_mark mark[PQM_SIGN_MARKS];
	size_t n_marks, least;
};

struct pqm_signs {
	const struct pqm_sign *sign;
	size_t n;
	uint64_t groups; /* those that are looked for, a bit each */
};

#endif
