/*
 * code_state.h — what registers and stack slots hold at one place, as far as it is the same on every way there.
 *
 * Shape:     a value is a number, an address, an import, what a call gave back, what the function was
 *            handed, or a place on the stack. Everything else is unknown, which is never wrong.
 * Ownership: values; a state is copied.
 * Threads:   pure.
 */
#ifndef PQM_PARSE_CODE_STATE_H
#define PQM_PARSE_CODE_STATE_H

#include "code_int.h"

enum pqm_val_kind {
	PQM_V_UNKNOWN,
	PQM_V_INT,
	PQM_V_ADDR,   /* rip-relative or by page: certainly an address */
	PQM_V_IMPORT, /* address of symbol v of .dynsym */
	PQM_V_RESULT, /* of the call at rva v */
	PQM_V_PARAM,  /* argument v of this function, as it came */
	PQM_V_STACK,  /* v bytes from where the stack pointer stood at the start */
};

struct pqm_val {
	uint64_t v;
	uint32_t kind;	  /* enum pqm_val_kind */
	uint32_t is_sext; /* PARAM: its lower half, the sign extended */
};

#define PQM_STATE_REGS 32
#define PQM_STATE_SLOTS 40
#define PQM_A64_SP 31

struct pqm_stack_slot {
	struct pqm_val val;
	int64_t off;
	uint32_t size;
};

/* What is used of it is copied: n_regs registers, which are 16 or 32, and n_slots slots. */
struct pqm_state {
	int64_t escaped; /* what lies at or above may be written through pointers; INT64_MAX: nothing */
	uint32_t n_slots;
	bool is_live;
	struct pqm_val reg[PQM_STATE_REGS];
	struct pqm_stack_slot slot[PQM_STATE_SLOTS];
};

void pqm_state_copy(struct pqm_state *to, const struct pqm_state *from);

/* At the start of a function. */
void pqm_state_enter(const struct pqm_img *g, struct pqm_state *s);
/* Nothing is known. */
void pqm_state_forget(struct pqm_state *s);
/* All but the stack and frame pointers is lost, as when an unknown piece of this function leads here. */
void pqm_state_side(const struct pqm_img *g, struct pqm_state *s);
/* *to keeps what is the same in both; true when it lost something or came alive. */
bool pqm_state_join(struct pqm_state *to, const struct pqm_state *from);
/* The effect of one instruction at rva; of calls that give back what is known, too. */
void pqm_state_step(struct pqm_img *g, struct pqm_state *s, const struct pqm_insn *o, uint32_t rva);
/* What an indirect branch or an operand leads to. */
struct pqm_val pqm_state_operand(
	const struct pqm_img *g, const struct pqm_state *s, const struct pqm_insn *o);
/* Argument i at a call; is_jump: the return address is on the stack already. */
struct pqm_val pqm_state_arg(
	const struct pqm_img *g, const struct pqm_state *s, size_t i, bool is_jump);
/* The wanted function that a branch goes to: an import, or a function of this file. */
bool pqm_state_callee(struct pqm_img *g, const struct pqm_state *s, const struct pqm_insn *o,
	struct pqm_goal *out);

static inline bool pqm_val_same(struct pqm_val a, struct pqm_val b)
{
	return a.kind == b.kind && a.v == b.v && a.is_sext == b.is_sext;
}

#endif
