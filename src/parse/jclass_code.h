/*
 * jclass_code.h — the instructions of Java's virtual machine: how long they are, what they take and give, and where
 * they lead.
 *
 * Units:     bytes of a method's code; slots of the stack (long and double take two).
 * Ownership: borrows the code.
 * Errors:    a length of 0, or false: no instruction, or one that is cut off.
 * Threads:   pure.
 * Standard:  The Java Virtual Machine Specification, Java SE 25, chapter 6.
 */
#ifndef PQM_PARSE_JCLASS_CODE_H
#define PQM_PARSE_JCLASS_CODE_H

#include "base/bytes.h"

enum pqm_jop {
	PQM_JOP_ACONST_NULL = 1,
	PQM_JOP_ICONST_M1 = 2,
	PQM_JOP_ICONST_5 = 8,
	PQM_JOP_BIPUSH = 16,
	PQM_JOP_SIPUSH,
	PQM_JOP_LDC,
	PQM_JOP_LDC_W,
	PQM_JOP_ILOAD = 21,
	PQM_JOP_ALOAD = 25,
	PQM_JOP_ILOAD_0 = 26,
	PQM_JOP_ALOAD_3 = 45,
	PQM_JOP_ISTORE = 54,
	PQM_JOP_ASTORE = 58,
	PQM_JOP_ISTORE_0 = 59,
	PQM_JOP_ASTORE_3 = 78,
	PQM_JOP_AASTORE = 83,
	PQM_JOP_DUP = 89,
	PQM_JOP_SWAP = 95,
	PQM_JOP_IINC = 132,
	PQM_JOP_IFEQ = 153,
	PQM_JOP_JSR = 168,
	PQM_JOP_GOTO = 167,
	PQM_JOP_RET = 169,
	PQM_JOP_TABLESWITCH,
	PQM_JOP_LOOKUPSWITCH,
	PQM_JOP_IRETURN = 172,
	PQM_JOP_ARETURN = 176,
	PQM_JOP_RETURN,
	PQM_JOP_GETSTATIC,
	PQM_JOP_PUTSTATIC,
	PQM_JOP_GETFIELD,
	PQM_JOP_PUTFIELD,
	PQM_JOP_INVOKEVIRTUAL,
	PQM_JOP_INVOKESTATIC = 184,
	PQM_JOP_INVOKEDYNAMIC = 186,
	PQM_JOP_NEW,
	PQM_JOP_ANEWARRAY = 189,
	PQM_JOP_ATHROW = 191,
	PQM_JOP_CHECKCAST,
	PQM_JOP_WIDE = 196,
	PQM_JOP_MULTIANEWARRAY,
	PQM_JOP_IFNULL,
	PQM_JOP_IFNONNULL,
	PQM_JOP_GOTO_W,
	PQM_JOP_JSR_W,
	PQM_JOP_LAST = PQM_JOP_JSR_W
};

static inline uint32_t pqm_jcode_u8(pqm_bytes code, size_t pc)
{
	return pc < code.n ? code.p[pc] : 0;
}

static inline uint32_t pqm_jcode_u16(pqm_bytes code, size_t pc)
{
	return pqm_jcode_u8(code, pc) << 8 | pqm_jcode_u8(code, pc + 1);
}

static inline int64_t pqm_jcode_s16(pqm_bytes code, size_t pc)
{
	return (int16_t)pqm_jcode_u16(code, pc);
}

static inline int64_t pqm_jcode_s32(pqm_bytes code, size_t pc)
{
	return (int32_t)(pqm_jcode_u16(code, pc) << 16 | pqm_jcode_u16(code, pc + 2));
}

size_t pqm_jcode_length(pqm_bytes code, size_t pc);
/* Slots that a plain instruction takes and gives; what others do hangs on their operands. */
unsigned pqm_jcode_pops(unsigned op);
unsigned pqm_jcode_pushes(unsigned op);
/* Calls see for each place that the instruction at pc may jump to, until it says false. */
bool pqm_jcode_targets(pqm_bytes code, size_t pc, bool (*see)(void *ctx, int64_t to), void *ctx);
/* Whether what follows is not reached from it. */
bool pqm_jcode_ends(unsigned op);

#endif
