/*
 * pyc_ops.h — instructions of CPython, by what they do to the stack of values.
 *
 * Shape:     a table of 256 for each version.
 * Threads:   any.
 * Standard:  the module opcode of CPython 3.6 to 3.13.
 */
#ifndef PQM_PARSE_PYC_OPS_H
#define PQM_PARSE_PYC_OPS_H

#include <stdint.h>

enum pqm_pyc_op {
	PQM_OP_FORGET, /* anything else: nothing is known behind it */
	PQM_OP_NOP,
	PQM_OP_CACHE,  /* room behind an instruction */
	PQM_OP_EXTEND, /* higher bits of the next argument */
	PQM_OP_POP1,
	PQM_OP_POP2,
	PQM_OP_POP3,
	PQM_OP_PUSH1,
	PQM_OP_ONE,   /* 1 for 1 */
	PQM_OP_TWO,   /* 1 for 2 */
	PQM_OP_THREE, /* 1 for 3 */
	PQM_OP_BUILD, /* 1 for as many as the argument says */
	PQM_OP_BUILD_MAP,
	PQM_OP_BUILD_KEYS,
	PQM_OP_FORMAT,
	PQM_OP_FUNCTION,
	PQM_OP_UNPACK,
	PQM_OP_CONST,
	PQM_OP_NAME,
	PQM_OP_GLOBAL,
	PQM_OP_GLOBAL_NULL, /* the lowest bit asks for a NULL beside it */
	PQM_OP_FAST,
	PQM_OP_FAST_FAST, /* two of them, four bits each */
	PQM_OP_DEREF,
	PQM_OP_TO_NAME,
	PQM_OP_TO_GLOBAL,
	PQM_OP_TO_FAST,
	PQM_OP_TO_FAST_FAST,
	PQM_OP_TO_FAST_LOAD,
	PQM_OP_TO_DEREF,
	PQM_OP_ATTR,
	PQM_OP_ATTR_METHOD, /* the lowest bit makes it a method */
	PQM_OP_METHOD,
	PQM_OP_IMPORT,
	PQM_OP_FROM,
	PQM_OP_CALL_PLAIN,
	PQM_OP_CALL_NAMED, /* with a tuple of keywords on top */
	PQM_OP_CALL_OPEN,
	PQM_OP_CALL_METHOD,
	PQM_OP_CALL,
	PQM_OP_CALL_KW, /* likewise, of 3.13 */
	PQM_OP_KEYWORDS,
	PQM_OP_NULL,
	PQM_OP_COPY,
	PQM_OP_DUP,
	PQM_OP_SWAP,
	PQM_OP_ROT2,
	PQM_OP_ROT3,
	PQM_OP_JUMP,	/* forward, from behind it */
	PQM_OP_JUMP_TO, /* to a place of the code */
	PQM_OP_IF,
	PQM_OP_IF_TO,
	PQM_OP_OR, /* jumps with the value, or drops it */
	PQM_OP_OR_TO,
	PQM_OP_FOR,
	PQM_OP_END, /* nothing follows it */
};

/* NULL: a version that is not known. */
const uint8_t *pqm_pyc_ops(unsigned minor);

#endif
