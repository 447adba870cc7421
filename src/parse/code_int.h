/*
 * code_int.h — what the files of code*.c share: the loaded image, one instruction, the abstract state.
 *
 * Shape:     addresses inside are `rva`: 32 bits from the image's lowest address. Instructions of both
 *            machines are told in one small set of operations; what is not modelled says at least which
 *            registers and which memory it may change.
 * Ownership: all in the scratch arena of one pqm_code_read.
 * Threads:   pure.
 * Standard:  as code.h; Intel SDM vol. 2 for the encodings, Arm ARM (DDI 0487) for A64.
 */
#ifndef PQM_PARSE_CODE_INT_H
#define PQM_PARSE_CODE_INT_H

#include "base/buf.h"
#include "base/limits.h"
#include "parse/code.h"

#define PQM_NO_REG 0xff
#define PQM_REG_ABS 0xfe  /* base of an operand whose address is disp alone */
#define PQM_REG_ZERO 0xfd /* reads as 0 */
#define PQM_NO_FUNC UINT32_MAX

/* ---- instructions ---- */

enum pqm_op {
	PQM_OP_OTHER, /* kills registers; may store */
	PQM_OP_MOV,   /* dst = src */
	PQM_OP_IMM,   /* dst = imm */
	PQM_OP_LEA,   /* dst = base + disp */
	PQM_OP_PAGE,  /* dst = imm, the address of a page (adrp) */
	PQM_OP_LOAD,  /* dst (and dst2) = memory */
	PQM_OP_STORE, /* memory = src (and src2) */
	PQM_OP_STORE_IMM,
	PQM_OP_ADD, /* dst = src + imm */
	PQM_OP_OR,  /* dst = src | imm */
	PQM_OP_AND,
	PQM_OP_INSERT, /* 16 bits of dst at `scale` = imm (movk) */
	PQM_OP_ZERO,   /* dst = 0, whatever it was */
	PQM_OP_PUSH,   /* src, or imm when there is no src */
	PQM_OP_POP,
	PQM_OP_LEAVE,
	PQM_OP_SEXT,   /* dst = lower half of src, its sign extended */
	PQM_OP_SELECT, /* dst = dst or src */
	PQM_OP_CALL,
	PQM_OP_CALL_IND, /* through src, or memory */
	PQM_OP_JUMP,
	PQM_OP_JUMP_IF,
	PQM_OP_JUMP_IND,
	PQM_OP_RET,
	PQM_OP_STOP, /* nothing runs on from here */
	PQM_OP_BAD,
};

struct pqm_insn {
	uint8_t len;
	uint8_t op;   /* enum pqm_op */
	uint8_t size; /* bytes of the operand */
	uint8_t dst, dst2, src, src2;
	uint8_t base, index, scale;
	bool is_signed;	  /* a load that extends the sign */
	bool is_address;  /* IMM: certainly an address (adr) */
	bool stores;	  /* OTHER: memory at base + disp may change, up to 64 bytes of it */
	bool loads;	  /* has a memory operand that it reads */
	bool writes_back; /* base += disp2 afterwards (A64) */
	int32_t disp2;
	uint32_t kills; /* registers whose value is lost */
	int64_t disp;
	uint64_t imm; /* or the target of a branch, as an address */
};

/* The instruction at p, which stands at addr; at most n bytes. len is 0 for what is none. */
void pqm_x86_decode(struct pqm_insn *out, const uint8_t *p, size_t n, uint64_t addr);
void pqm_a64_decode(struct pqm_insn *out, const uint8_t *p, size_t n, uint64_t addr);

/* ---- image ---- */

struct pqm_seg {
	uint64_t addr, off, bytes, memory;
	bool is_code, is_writable;
};

/* A word that the dynamic linker fills, or a word of data that holds an address. */
struct pqm_slot {
	uint32_t at;
	uint32_t value;	 /* rva, or index of an import */
	bool is_import;	 /* value: a symbol of .dynsym */
	bool is_table;	 /* an import's address in data, not in the linker's own table */
	bool is_start;	 /* code or data refers to this address: an object begins */
	bool is_visited; /* by reach */
};

enum pqm_func_flag {
	PQM_F_ENTRY = 1,  /* started by the system: the entry point, DT_INIT, .init_array */
	PQM_F_EXPORT = 2, /* others may call it */
	PQM_F_TAKEN = 4,  /* its address is somewhere */
	PQM_F_API = 8,	  /* a wanted function: never descended into */
	PQM_F_REACHED = 16,
	PQM_F_ASKED = 32,     /* its callers are asked for their arguments */
	PQM_F_DECODE = 64,    /* holds a site that is wanted */
	PQM_F_STUB = 128,     /* only jumps to an import */
	PQM_F_KNOWN = 256,    /* looked at whether it is a stub */
	PQM_F_MAIN = 512,     /* handed to __libc_start_main */
	PQM_F_TEXT = 1024,    /* refers to the name of a source file */
	PQM_F_CALLED = 2048,  /* by a call, not only by jumps */
	PQM_F_LIB = 4096,     /* belongs to a library that is inside: not the program's doing */
	PQM_F_GUESS = 8192,   /* no table says where it starts */
	PQM_F_STEP = 32768,   /* parent_at is where an instruction begins */
	PQM_F_SIGNED = 65536, /* belongs to a library whose functions have signs */
	PQM_F_INSIDE = 16384, /* refers to a source file of a library that is inside */
};

struct pqm_func {
	uint32_t start, end;
	uint32_t flags;
	uint32_t name;	 /* index into names + 1 */
	uint32_t edges;	 /* index of its first edge */
	uint32_t parent; /* node that reached it first; PQM_NO_FUNC: a root */
	uint32_t parent_at;
	uint32_t import; /* STUB: symbol of .dynsym; ASKED: index of what was answered */
};

/* Something in function `from` (by position: edges are sorted by it) refers to something. */
enum pqm_edge_kind {
	PQM_EDGE_CALL, /* or tail jump: to a function */
	PQM_EDGE_TAKE, /* address of a function */
	PQM_EDGE_DATA, /* address of data: index of the first slot there */
	PQM_EDGE_WORD, /* one pointer is read: index of its slot */
};

struct pqm_edge {
	uint32_t at; /* rva of the instruction */
	uint32_t to : 30, kind : 2;
};

/* A place of interest, found by the scan. */
struct pqm_site {
	uint32_t at, func;
	uint32_t import;   /* symbol of .dynsym, or ... */
	uint32_t to;	   /* ... function of this file */
	bool is_reference; /* not a branch: an address is taken */
};

struct pqm_name {
	pqm_bytes text;
	uint8_t by; /* enum pqm_callee_by */
	uint32_t sign;
};

struct pqm_import {
	pqm_bytes name;
	const struct pqm_elf_version *version;
	bool is_wanted;
};

struct pqm_img {
	const struct pqm_elf *e;
	const struct pqm_code_want *want;
	struct pqm_arena *arena; /* scratch */
	pqm_bytes body;
	bool is_a64, is_fixed; /* is_fixed: ET_EXEC, addresses stand as numbers in the code */
	uint64_t base;	       /* rva 0 */
	uint64_t entry;
	struct pqm_seg *segs;
	size_t n_segs;
	uint64_t relro, relro_bytes;

	uint64_t init_array, init_bytes, fini_array, fini_bytes, pre_array, pre_bytes;
	uint64_t init, fini;
	uint64_t rela, rela_bytes, jmprel, jmprel_bytes, relr, relr_bytes;
	uint64_t eh_hdr, eh_hdr_bytes;

	struct pqm_import *imports; /* by index of .dynsym; name is empty for what is defined */
	size_t n_imports;
	size_t n_wanted, n_own; /* imports; functions of this file */
	bool has_frames;

	struct pqm_buf slot_buf;
	struct pqm_slot *slots;
	size_t n_slots;
	uint32_t *slot_block; /* (at - first) >> PQM_BLOCK_SHIFT -> first slot of that block */
	size_t n_slot_blocks;
	uint32_t top; /* rva behind the last segment */

	struct pqm_func *funcs; /* by start */
	size_t n_funcs, cap_funcs;
	uint32_t *block; /* rva >> PQM_BLOCK_SHIFT -> first function that ends behind it */
	size_t n_blocks;
	struct pqm_name *names;
	size_t n_names, cap_names;

	struct pqm_buf edge_buf, site_buf, side_buf;
	struct pqm_edge *edges;
	size_t n_edges;
	bool is_cut;  /* edges over the limit: reach is undecided, callers are not known */
	bool is_part; /* swept: functions far from what is wanted are not known */
	bool is_full; /* swept, and more was found than is kept */
	struct pqm_site *sites;
	size_t n_sites;
	uint32_t *sides; /* places inside functions that other functions jump to; sorted */
	size_t n_sides;
	struct pqm_sign_look *signs; /* marks that are collected; NULL: none are */
};

#define PQM_BLOCK_SHIFT 8

/* code_map.c */
enum pqm_st pqm_code_load(struct pqm_img *g, bool *is_broken, struct pqm_err *err) PQM_MUST_USE;
enum pqm_st pqm_code_slots(struct pqm_img *g, struct pqm_err *err) PQM_MUST_USE;
/* Bytes at an address: what is left of its segment in the file; {NULL, 0}: none. */
pqm_bytes pqm_code_at(const struct pqm_img *g, uint64_t addr);
const struct pqm_seg *pqm_code_seg(const struct pqm_img *g, uint64_t addr);
/* True when nothing changes the n bytes there after the start of the program. */
bool pqm_code_is_const(const struct pqm_img *g, uint64_t addr, size_t n);
/* The slot at rva or the first behind it; n_slots: none. */
size_t pqm_code_slot(const struct pqm_img *g, uint32_t rva);
/* A printable text in memory that is not written to. */
bool pqm_code_text(const struct pqm_img *g, uint64_t addr, pqm_bytes *out);

/* code_funcs.c */
/* True when a symbol that this file defines is wanted. */
bool pqm_code_has_wanted(struct pqm_img *g);
enum pqm_st pqm_code_funcs(struct pqm_img *g, struct pqm_err *err) PQM_MUST_USE;
bool pqm_code_name(struct pqm_img *g, pqm_bytes text, enum pqm_callee_by by, uint32_t *out);
/* Adds one; they must be joined before the next look-up. */
bool pqm_code_add(struct pqm_img *g, uint64_t addr, uint64_t bytes, uint32_t flags, uint32_t name);
/* Those of the symbol tables that are wanted, and nothing else. */
bool pqm_code_add_wanted(struct pqm_img *g);
/* Takes names and exports of the functions that are there. */
bool pqm_code_name_known(struct pqm_img *g);
/* Sorts functions and joins those that were added twice. */
void pqm_code_join(struct pqm_img *g);
/* The bounds of the function around rva as the table of frames has them; false: those of the gap around it. */
bool pqm_code_frame(const struct pqm_img *g, uint32_t rva, uint32_t *start, uint32_t *end);
/* The function that holds rva, or PQM_NO_FUNC. */
uint32_t pqm_code_func(const struct pqm_img *g, uint32_t rva);

/* code_scan.c */
/* What a branch to rva leads to. */
enum pqm_goal_kind {
	PQM_GOAL_NONE,
	PQM_GOAL_FUNC,
	PQM_GOAL_IMPORT,
	PQM_GOAL_INSIDE, /* of a function, not at its start */
};

struct pqm_goal {
	enum pqm_goal_kind kind;
	uint32_t index; /* of the function or import */
};

struct pqm_goal pqm_code_goal(struct pqm_img *g, uint32_t rva);
enum pqm_st pqm_code_scan(struct pqm_img *g, struct pqm_err *err) PQM_MUST_USE;
/* True when rva is an entry of a linkage table: *import is the symbol of .dynsym that it leads to. */
bool pqm_code_stub(const struct pqm_img *g, uint32_t rva, uint32_t *import);

/* code_sweep.c */
/* Instead of pqm_code_funcs and _scan, for a file with too much code for these: finds the functions around calls
 * of what is wanted and those that call them, and nothing else. */
enum pqm_st pqm_code_sweep(struct pqm_img *g, struct pqm_err *err) PQM_MUST_USE;

/* code_flow.c */
struct pqm_state;

/* Called at each branch that leaves a function or calls, with what is known there. */
typedef bool pqm_visit(
	void *ctx, const struct pqm_insn *o, uint32_t rva, const struct pqm_state *s);

/* What is known at a branch on each of the n ways that join before it. */
typedef bool pqm_visit_ways(void *ctx, const struct pqm_state *way, size_t n);

#define PQM_FLOW_WAYS 4

struct pqm_flow {
	struct pqm_img *g;
	size_t n_insns;	    /* decoded so far, of all functions */
	size_t n_steps;	    /* of following values through them */
	size_t n_way_steps; /* ... once more, along single ways */
	pqm_visit *visit;
	pqm_visit_ways *visit_ways;
	bool wants_ways; /* set by visit: for this branch visit_ways is called, when 2 to PQM_FLOW_WAYS join */
	void *ctx;
	bool is_odd; /* of the last function: its branches do not fit its instructions */
};

/* Decodes function f, follows values through it to a fixpoint and visits. PQM_ELIMIT: the budget is used up. */
enum pqm_st pqm_code_flow(struct pqm_flow *w, uint32_t f, struct pqm_err *err) PQM_MUST_USE;

/* code_names.c */
/* Names functions by what they hand to their error macros. */
enum pqm_st pqm_code_names(struct pqm_img *g, struct pqm_err *err) PQM_MUST_USE;
/* Marks the functions of a library that is linked in: what lies between those that name its source files, and
 * all that these call. */
enum pqm_st pqm_code_library(struct pqm_img *g, struct pqm_err *err) PQM_MUST_USE;
bool pqm_code_is_file(pqm_bytes text);

/* code_sign.c */
/* Before the scan, what it reports, and after it: names functions by want->signs. */
enum pqm_st pqm_code_sign_begin(struct pqm_img *g, struct pqm_err *err) PQM_MUST_USE;
void pqm_code_sign_ref(const struct pqm_img *g, uint32_t f, uint32_t rva);
enum pqm_st pqm_code_sign_end(struct pqm_img *g, struct pqm_err *err) PQM_MUST_USE;

/* code_args.c */
struct pqm_found_call;

struct pqm_found_calls {
	struct pqm_found_call *call;
	size_t n, cap;
	size_t n_decoded;
	bool is_cut; /* the budget ended */
};

/* Calls of wanted functions, by address, their arguments as far as they are known. */
enum pqm_st pqm_code_args(
	struct pqm_img *g, struct pqm_found_calls *out, struct pqm_err *err) PQM_MUST_USE;
/* Marks the function that the entry point hands to the C library. */
enum pqm_st pqm_code_main(struct pqm_img *g, struct pqm_err *err) PQM_MUST_USE;

/* code_from.c */
/* Tells of a library's calls which exports get there, as long as it is of a size for that. */
enum pqm_st pqm_code_from(const struct pqm_img *g, const struct pqm_found_calls *all,
	struct pqm_code *out, struct pqm_arena *arena, struct pqm_err *err) PQM_MUST_USE;

/* code_reach.c */
enum pqm_st pqm_code_reach(struct pqm_img *g, struct pqm_err *err) PQM_MUST_USE;

static inline uint16_t pqm_le16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t pqm_le32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline uint64_t pqm_le64(const uint8_t *p)
{
	return pqm_le32(p) | (uint64_t)pqm_le32(p + 4) << 32;
}

#endif
