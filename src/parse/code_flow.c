/* code_flow.c — one function: its instructions, its blocks, and values followed to a fixpoint. */
#include "base/mapped.h"
#include "code_state.h"

#define TABLE_ENTRIES 1024   /* of one jump table */
#define TABLES_ENTRIES 65536 /* of all tables of a function */
#define JOIN_STEPS 8	     /* what joining two states costs, in instructions */
#define PAGES_BYTES 131072   /* that are read around one function */
#define CHAIN 4		     /* blocks between the last join and a call */
#define NONE UINT32_MAX
#define X86_SP 4

struct line {
	struct pqm_insn o;
	uint32_t at; /* from the start of the function */
};

struct block {
	uint32_t first, last; /* lines */
	bool is_sided;	      /* others lead here, with values that we do not know */
	bool is_table;	      /* a jump table leads here */
	bool is_queued;
};

struct work {
	struct pqm_flow *w;
	struct pqm_img *g;
	const struct pqm_func *f;
	struct pqm_arena arena;
	struct line *lines;
	size_t n_lines;
	uint32_t *line_at; /* offset -> line + 1 */
	uint8_t *leader;   /* by line: 1 leader, 2 sided, 4 table */
	struct block *blocks;
	size_t n_blocks;
	uint32_t *block_of; /* line -> block */
	struct pqm_state *in;
	size_t lowest; /* block that may be queued */
	size_t n_entries;
	bool has_indirect, has_table;
};

enum {
	IS_LEADER = 1,
	IS_SIDED = 2,
	IS_TABLE = 4,
};

/* Functions of the C library and its relatives that do not come back. */
static const char *const NO_RETURN[] = { "abort", "exit", "_exit", "_Exit", "quick_exit", "err",
	"errx", "verr", "verrx", "longjmp", "siglongjmp", "__stack_chk_fail", "__assert_fail",
	"__assert", "__chk_fail", "__fortify_fail", "__longjmp_chk", "__cxa_throw", "__cxa_rethrow",
	"_Unwind_Resume", "__cxa_bad_cast", "__cxa_throw_bad_array_new_length", "_ZSt9terminatev",
	"pthread_exit", "__libc_start_main", "g_assertion_message_expr", "g_assertion_message" };

static bool never_returns(struct work *k, const struct pqm_insn *o)
{
	struct pqm_goal goal;
	struct pqm_state none = { 0 };

	if (o->op == PQM_OP_CALL_IND && o->base != PQM_REG_ABS)
		return false;
	(void)pqm_state_callee(k->g, &none, o, &goal);
	if (goal.kind != PQM_GOAL_IMPORT)
		return false;
	for (size_t i = 0; i < sizeof(NO_RETURN) / sizeof(NO_RETURN[0]); i++)
		if (pqm_eqs(k->g->imports[goal.index].name, NO_RETURN[i]))
			return true;
	return false;
}

/* After this nothing runs on to the next instruction. */
static bool ends_block(struct work *k, const struct pqm_insn *o)
{
	switch ((enum pqm_op)o->op) {
	case PQM_OP_JUMP:
	case PQM_OP_JUMP_IND:
	case PQM_OP_RET:
	case PQM_OP_STOP:
	case PQM_OP_BAD:
		return true;
	case PQM_OP_CALL:
	case PQM_OP_CALL_IND:
		return never_returns(k, o);
	default:
		return false;
	}
}

static enum pqm_st decode(struct work *k, struct pqm_err *err)
{
	size_t n = k->f->end - k->f->start, at = 0;
	pqm_bytes code = pqm_sub(pqm_code_at(k->g, k->g->base + k->f->start), 0, n);
	size_t max = code.n < PQM_CODE_FUNC_INSNS ? code.n : PQM_CODE_FUNC_INSNS, cap = 0;

	k->line_at = pqm_new(&k->arena, uint32_t, code.n + 1);
	if (k->line_at == NULL)
		return PQM_ENOMEM;
	while (at < code.n && k->n_lines < max) {
		struct line *grown = pqm_grow(&k->arena, k->lines, k->n_lines, &cap);

		if (grown == NULL)
			return PQM_ENOMEM;
		k->lines = grown;
		struct line *l = &k->lines[k->n_lines++];
		uint64_t addr = k->g->base + k->f->start + at;

		if (k->g->is_a64)
			pqm_a64_decode(&l->o, code.p + at, code.n - at, addr);
		else
			pqm_x86_decode(&l->o, code.p + at, code.n - at, addr);
		if (l->o.len == 0)
			l->o.len = k->g->is_a64 ? 4 : 1;
		l->at = (uint32_t)at;
		k->line_at[at] = (uint32_t)k->n_lines;
		k->has_indirect |= l->o.op == PQM_OP_JUMP_IND;
		at += l->o.len;
	}
	k->w->n_insns += k->n_lines;
	if (k->w->n_insns > PQM_CODE_INSNS)
		return pqm_fail(err, PQM_ELIMIT, "more than %zu instructions", PQM_CODE_INSNS);
	k->w->is_odd = at < code.n;
	return PQM_OK;
}

/* The line at an address of this function, or NONE. */
static uint32_t line_of(const struct work *k, uint64_t addr)
{
	uint64_t start = k->g->base + k->f->start;

	if (addr < start || addr >= k->g->base + k->f->end)
		return NONE;
	return k->line_at[addr - start] - 1;
}

static bool is_inside(const struct work *k, uint64_t addr)
{
	return addr >= k->g->base + k->f->start && addr < k->g->base + k->f->end;
}

static void lead(struct work *k, uint64_t addr, unsigned how)
{
	uint32_t l = line_of(k, addr);

	if (l == NONE)
		return;
	k->leader[l] = (uint8_t)(k->leader[l] | how);
	k->has_table |= (how & IS_TABLE) != 0;
}

/* A table of 32-bit distances from itself, as position-independent code has them. */
static void near_table(struct work *k, uint64_t table)
{
	for (size_t i = 0; i < TABLE_ENTRIES && k->n_entries++ < TABLES_ENTRIES; i++) {
		pqm_bytes b = pqm_code_at(k->g, table + 4 * i);

		if (b.n < 4 || !pqm_code_is_const(k->g, table + 4 * i, 4))
			return;
		uint64_t to = table + (uint64_t)(int64_t)(int32_t)pqm_le32(b.p);

		if (!is_inside(k, to))
			return;
		lead(k, to, IS_LEADER | IS_TABLE);
	}
}

/* A table of addresses. */
static void far_table(struct work *k, uint64_t table)
{
	for (size_t i = 0; i < TABLE_ENTRIES && k->n_entries++ < TABLES_ENTRIES; i++) {
		pqm_bytes b = pqm_code_at(k->g, table + 8 * i);

		if (b.n < 8 || !is_inside(k, pqm_le64(b.p)))
			return;
		lead(k, pqm_le64(b.p), IS_LEADER | IS_TABLE);
	}
}

/* A table of AArch64: bytes or halves, in instructions from a label in the code. */
static void short_table(struct work *k, uint64_t table, uint64_t label, unsigned size)
{
	for (size_t i = 0; i < TABLE_ENTRIES && k->n_entries++ < TABLES_ENTRIES; i++) {
		pqm_bytes b = pqm_code_at(k->g, table + i * size);

		if (b.n < size)
			return;
		int64_t rel = size == 1 ? (int64_t)(int8_t)b.p[0] : (int64_t)(int16_t)pqm_le16(b.p);
		uint64_t to = label + 4 * (uint64_t)rel;

		if (!is_inside(k, to))
			return;
		lead(k, to, IS_LEADER | IS_TABLE);
	}
}

/* adrp and add give the table, an indexed load its entry, adr the label: in a row, but for others between. */
static void a64_tables(struct work *k)
{
	uint64_t page[32] = { 0 }, whole[32] = { 0 };

	for (size_t i = 0; i < k->n_lines; i++) {
		const struct pqm_insn *o = &k->lines[i].o;

		if (o->op == PQM_OP_PAGE) {
			page[o->dst & 31] = o->imm;
		} else if (o->op == PQM_OP_ADD && o->src < 32 && page[o->src] != 0) {
			whole[o->dst & 31] = page[o->src] + o->imm;
		} else if (o->op == PQM_OP_LOAD && o->index != PQM_NO_REG && o->base < 32 &&
			whole[o->base] != 0 && o->size <= 4) {
			if (o->size == 4)
				near_table(k, whole[o->base]);
			for (size_t n = i + 1; n < k->n_lines && n < i + 12 && o->size < 4; n++)
				if (k->lines[n].o.op == PQM_OP_IMM && k->lines[n].o.is_address) {
					short_table(k, whole[o->base], k->lines[n].o.imm, o->size);
					break;
				}
		}
	}
}

static void x86_tables(struct work *k)
{
	for (size_t i = 0; i < k->n_lines; i++) {
		const struct pqm_insn *o = &k->lines[i].o;

		if (o->base != PQM_REG_ABS)
			continue;
		if (o->op == PQM_OP_LEA)
			near_table(k, (uint64_t)o->disp);
		else if (o->index != PQM_NO_REG)
			far_table(k, (uint64_t)o->disp);
	}
}

static void find_leaders(struct work *k)
{
	size_t lo = 0, hi = k->g->n_sides;

	k->leader[0] |= IS_LEADER;
	for (size_t i = 0; i < k->n_lines; i++) {
		const struct pqm_insn *o = &k->lines[i].o;
		bool is_jump = o->op == PQM_OP_JUMP || o->op == PQM_OP_JUMP_IF;

		if (is_jump && is_inside(k, o->imm)) {
			/* A jump into an instruction: this is no code, or not cut as we did. */
			k->w->is_odd |= line_of(k, o->imm) == NONE;
			lead(k, o->imm, IS_LEADER);
		}
		if ((is_jump || ends_block(k, o)) && i + 1 < k->n_lines)
			k->leader[i + 1] |= IS_LEADER;
	}
	if (k->has_indirect && k->g->is_a64)
		a64_tables(k);
	else if (k->has_indirect)
		x86_tables(k);
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (k->g->sides[mid] < k->f->start)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo < k->g->n_sides && k->g->sides[lo] < k->f->end; lo++)
		lead(k, k->g->base + k->g->sides[lo], IS_LEADER | IS_SIDED);
}

static enum pqm_st cut_blocks(struct work *k, struct pqm_err *err)
{
	size_t n = 0;

	for (size_t i = 0; i < k->n_lines; i++)
		n += k->leader[i] != 0;
	if (n > PQM_CODE_FUNC_BLOCKS) {
		k->w->is_odd = true;
		return PQM_OK;
	}
	k->blocks = pqm_new(&k->arena, struct block, n);
	k->block_of = pqm_new(&k->arena, uint32_t, k->n_lines);
	k->in = pqm_new(&k->arena, struct pqm_state, n);
	if (k->blocks == NULL || k->block_of == NULL || k->in == NULL)
		return pqm_fail(err, PQM_ENOMEM, "code: out of memory");
	for (size_t i = 0; i < k->n_lines; i++) {
		if (k->leader[i] != 0) {
			k->blocks[k->n_blocks++] = (struct block){ .first = (uint32_t)i,
				.is_sided = (k->leader[i] & IS_SIDED) != 0,
				.is_table = (k->leader[i] & IS_TABLE) != 0 };
		}
		k->blocks[k->n_blocks - 1].last = (uint32_t)i;
		k->block_of[i] = (uint32_t)k->n_blocks - 1;
	}
	return PQM_OK;
}

static void flow_to(struct work *k, uint32_t b, const struct pqm_state *s)
{
	struct block *to = &k->blocks[b];

	k->w->n_steps += JOIN_STEPS;
	bool changed = pqm_state_join(&k->in[b], s);

	if (to->is_sided)
		pqm_state_side(k->g, &k->in[b]);
	if (changed) {
		to->is_queued = true;
		if (b < k->lowest)
			k->lowest = b;
	}
}

/* Where block b leads to, with s at its end. */
static void leave(struct work *k, uint32_t b, const struct pqm_state *s)
{
	const struct pqm_insn *o = &k->lines[k->blocks[b].last].o;

	if ((o->op == PQM_OP_JUMP || o->op == PQM_OP_JUMP_IF) && is_inside(k, o->imm)) {
		uint32_t l = line_of(k, o->imm);

		if (l != NONE)
			flow_to(k, k->block_of[l], s);
	}
	if (o->op == PQM_OP_JUMP_IND)
		for (uint32_t i = 0; i < k->n_blocks; i++)
			if (k->blocks[i].is_table)
				flow_to(k, i, s);
	if (!ends_block(k, o) && b + 1 < k->n_blocks)
		flow_to(k, b + 1, s);
}

/* In the order of the code, which is near to the order in which it runs. */
static void settle(struct work *k)
{
	struct pqm_state s;

	for (; k->lowest < k->n_blocks; k->lowest++) {
		uint32_t b = (uint32_t)k->lowest;

		while (k->lowest == b && k->blocks[b].is_queued) {
			k->blocks[b].is_queued = false;
			k->w->n_steps += k->blocks[b].last - k->blocks[b].first + 1;
			if (k->w->n_steps > PQM_CODE_STEPS)
				return;
			pqm_state_copy(&s, &k->in[b]);
			for (size_t i = k->blocks[b].first; i <= k->blocks[b].last; i++)
				pqm_state_step(
					k->g, &s, &k->lines[i].o, k->f->start + k->lines[i].at);
			leave(k, b, &s);
		}
		if (k->lowest < b)
			k->lowest--; /* a loop led back: from there again */
	}
}

/* ---- single ways ---- */

static bool leads_to(struct work *k, uint32_t from, uint32_t to)
{
	const struct pqm_insn *o = &k->lines[k->blocks[from].last].o;

	if (!k->in[from].is_live)
		return false;
	if (from + 1 == to && !ends_block(k, o))
		return true;
	if ((o->op != PQM_OP_JUMP && o->op != PQM_OP_JUMP_IF) || !is_inside(k, o->imm))
		return false;
	uint32_t l = line_of(k, o->imm);

	return l != NONE && k->block_of[l] == to;
}

/* The blocks that lead to b; more than PQM_FLOW_WAYS: too many, or not all are known. */
static size_t find_before(struct work *k, uint32_t b, uint32_t *before)
{
	size_t n = 0;

	k->w->n_way_steps += k->n_blocks;
	if (b == 0 || k->blocks[b].is_sided || k->blocks[b].is_table)
		return PQM_FLOW_WAYS + 1;
	for (uint32_t i = 0; i < k->n_blocks && n <= PQM_FLOW_WAYS; i++)
		if (leads_to(k, i, b)) {
			if (n < PQM_FLOW_WAYS)
				before[n] = i;
			n++;
		}
	return n;
}

static void run_lines(struct work *k, struct pqm_state *s, size_t from, size_t to)
{
	k->w->n_way_steps += to - from;
	for (size_t i = from; i < to; i++)
		pqm_state_step(k->g, s, &k->lines[i].o, k->f->start + k->lines[i].at);
}

/* Follows each of the ways that join last before the given line of block b. */
static bool visit_ways(struct work *k, uint32_t b, size_t line)
{
	struct pqm_state way[PQM_FLOW_WAYS];
	uint32_t chain[CHAIN], before[PQM_FLOW_WAYS] = { 0 };
	size_t n_chain = 0, n = 0;

	do {
		chain[n_chain++] = b;
		n = find_before(k, b, before);
		b = before[0];
	} while (n == 1 && n_chain < CHAIN);
	if (n < 2 || n > PQM_FLOW_WAYS || k->w->n_way_steps > PQM_CODE_WAY_STEPS)
		return true;
	for (size_t i = 0; i < n; i++) {
		const struct block *from = &k->blocks[before[i]];

		pqm_state_copy(&way[i], &k->in[before[i]]);
		run_lines(k, &way[i], from->first, from->last + (size_t)1);
		for (size_t c = n_chain; c > 0; c--) {
			const struct block *t = &k->blocks[chain[c - 1]];

			run_lines(k, &way[i], t->first, c == 1 ? line : t->last + (size_t)1);
		}
	}
	return k->w->visit_ways(k->w->ctx, way, n);
}

static bool visit_all(struct work *k)
{
	struct pqm_state s;

	for (size_t b = 0; b < k->n_blocks; b++) {
		pqm_state_copy(&s, &k->in[b]);
		for (size_t i = k->blocks[b].first; i <= k->blocks[b].last; i++) {
			const struct pqm_insn *o = &k->lines[i].o;
			uint32_t rva = k->f->start + k->lines[i].at;
			bool is_out = o->op == PQM_OP_CALL || o->op == PQM_OP_CALL_IND ||
				o->op == PQM_OP_JUMP_IND ||
				((o->op == PQM_OP_JUMP || o->op == PQM_OP_JUMP_IF) &&
					(!is_inside(k, o->imm) ||
						o->imm == k->g->base + k->f->start));

			if (is_out && !k->w->visit(k->w->ctx, o, rva, &s))
				return false;
			if (is_out && k->w->wants_ways && !visit_ways(k, (uint32_t)b, i))
				return false;
			k->w->wants_ways = false;
			pqm_state_step(k->g, &s, o, rva);
		}
	}
	return true;
}

/* A jump through a table that was not recognised: with the frame still there it is no tail call. */
static bool has_lost_table(struct work *k)
{
	uint8_t sp = k->g->is_a64 ? PQM_A64_SP : X86_SP;
	struct pqm_state s;

	if (!k->has_indirect || k->has_table)
		return false;
	for (size_t b = 0; b < k->n_blocks; b++) {
		if (k->lines[k->blocks[b].last].o.op != PQM_OP_JUMP_IND)
			continue;
		pqm_state_copy(&s, &k->in[b]);
		for (size_t i = k->blocks[b].first; i < k->blocks[b].last; i++)
			pqm_state_step(k->g, &s, &k->lines[i].o, k->f->start + k->lines[i].at);
		if (s.reg[sp].kind == PQM_V_STACK && s.reg[sp].v != 0)
			return true;
	}
	return false;
}

/* Between a jump and what is aligned behind it: nothing runs here. */
static bool is_filler(const struct work *k, const struct block *b)
{
	for (size_t i = b->first; i <= b->last; i++) {
		const struct pqm_insn *o = &k->lines[i].o;

		if (o->op != PQM_OP_OTHER || o->kills != 0 || o->dst != PQM_NO_REG || o->stores ||
			o->loads)
			return false;
	}
	return true;
}

static enum pqm_st follow(struct work *k, struct pqm_err *err)
{
	enum pqm_st st = decode(k, err);
	struct pqm_state first;

	if (st != PQM_OK || k->n_lines == 0)
		return st;
	k->leader = pqm_new(&k->arena, uint8_t, k->n_lines);
	if (k->leader == NULL)
		return PQM_ENOMEM;
	find_leaders(k);
	st = cut_blocks(k, err);
	if (st != PQM_OK || k->n_blocks == 0)
		return st;
	pqm_state_enter(k->g, &first);
	flow_to(k, 0, &first);
	settle(k);
	/* Landing pads, and tables that were not recognised: nothing is known there. */
	for (uint32_t b = 0; b < k->n_blocks; b++)
		if (!k->in[b].is_live && !is_filler(k, &k->blocks[b])) {
			pqm_state_forget(&first);
			flow_to(k, b, &first);
			settle(k);
		}
	k->w->is_odd |= k->w->n_steps > PQM_CODE_STEPS || has_lost_table(k);
	if (!visit_all(k))
		return PQM_ENOMEM;
	if (k->w->n_steps > PQM_CODE_STEPS)
		return pqm_fail(err, PQM_ELIMIT, "more than %zu steps", PQM_CODE_STEPS);
	return PQM_OK;
}

enum pqm_st pqm_code_flow(struct pqm_flow *w, uint32_t f, struct pqm_err *err)
{
	struct work k = { .w = w, .g = w->g, .f = &w->g->funcs[f] };

	w->is_odd = false;
	pqm_arena_init(&k.arena, PQM_CODE_BYTES);
	enum pqm_st st = follow(&k, err);

	pqm_arena_fini(&k.arena);
	/* Functions stand far from each other and from the texts that they refer to: whole pages for few bytes. */
	pqm_mapped_read(PAGES_BYTES);
	if (st == PQM_ENOMEM)
		return pqm_fail(err, st, "code: out of memory");
	return st;
}
