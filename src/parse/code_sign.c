/* code_sign.c — finds the marks of signs in functions, and names those that have enough of them. */
#include "code_sign.h"

#include "code_int.h"

#define ROUNDS 4       /* signs of signs of signs */
#define TABLE_SLOTS 16 /* pointers of one table that are looked at */
#define TABLE_GAP 64
#define FILTER_BITS 16

/* What the functions of one image show. */
struct pqm_sign_look {
	const struct pqm_signs *signs;
	uint8_t *marks; /* function by function, sign by sign: a bit for each mark */
	uint64_t *has;	/* function by function: a bit for each sign */
	uint64_t filter[((size_t)1 << FILTER_BITS) / 64]; /* lower halves of numbers, either sign */
	bool has_numbers;
};

static bool is_sought(const struct pqm_signs *s, size_t i)
{
	return (s->groups >> s->sign[i].group & 1) != 0;
}

static uint32_t filter_of(uint32_t v)
{
	return (v * 0x9e3779b1u) >> (32 - FILTER_BITS);
}

static void add_filter(struct pqm_sign_look *k, uint32_t v)
{
	k->filter[filter_of(v) / 64] |= (uint64_t)1 << (filter_of(v) % 64);
}

static bool in_filter(const struct pqm_sign_look *k, uint32_t v)
{
	return (k->filter[filter_of(v) / 64] >> (filter_of(v) % 64) & 1) != 0;
}

enum pqm_st pqm_code_sign_begin(struct pqm_img *g, struct pqm_err *err)
{
	const struct pqm_signs *s = g->want->signs;
	struct pqm_sign_look *k = pqm_new(g->arena, struct pqm_sign_look, 1);

	if (k == NULL)
		return pqm_fail(err, PQM_ENOMEM, "code: out of memory");
	*k = (struct pqm_sign_look){ .signs = s };
	k->marks = pqm_new(g->arena, uint8_t, g->n_funcs * s->n + 1);
	k->has = pqm_new(g->arena, uint64_t, g->n_funcs + 1);
	if (k->marks == NULL || k->has == NULL)
		return pqm_fail(err, PQM_ENOMEM, "code: out of memory");
	memset(k->marks, 0, g->n_funcs * s->n);
	memset(k->has, 0, g->n_funcs * sizeof(*k->has));
	for (size_t i = 0; i < s->n; i++)
		for (size_t m = 0; is_sought(s, i) && m < s->sign[i].n_marks; m++) {
			const struct pqm_sign_mark *mark = &s->sign[i].mark[m];

			if (mark->kind != PQM_MARK_NUMBER)
				continue;
			k->has_numbers = true;
			add_filter(k, (uint32_t)mark->number);
			add_filter(k, 0 - (uint32_t)mark->number);
		}
	g->signs = k;
	return PQM_OK;
}

static void put_mark(const struct pqm_img *g, uint32_t f, size_t sign, size_t mark)
{
	g->signs->marks[f * g->signs->signs->n + sign] |= (uint8_t)(1u << mark);
}

/* ---- numbers ---- */

static void take_number(const struct pqm_img *g, uint32_t f, uint64_t v)
{
	const struct pqm_signs *s = g->signs->signs;
	uint64_t size;

	if (v >> 32 == 0 && v >> 31 != 0) /* of a 32-bit operation */
		v |= (uint64_t)UINT32_MAX << 32;
	bool is_negative = v >> 63 != 0;

	size = is_negative ? 0 - v : v;
	for (size_t i = 0; i < s->n; i++)
		for (size_t m = 0; is_sought(s, i) && m < s->sign[i].n_marks; m++)
			if (s->sign[i].mark[m].kind == PQM_MARK_NUMBER &&
				s->sign[i].mark[m].number == size &&
				(is_negative || !s->sign[i].mark[m].is_negative))
				put_mark(g, f, i, m);
}

static bool has_candidate(const struct pqm_sign_look *k, pqm_bytes code)
{
	for (size_t i = 0; i + 4 <= code.n; i++)
		if (in_filter(k, pqm_le32(code.p + i)))
			return true;
	return false;
}

/* The number in an instruction; an offset on the stack or in a structure is none. */
static bool x86_number(const struct pqm_insn *o, const uint8_t *end, uint64_t *out)
{
	switch ((enum pqm_op)o->op) {
	case PQM_OP_IMM:
		*out = o->len >= 10 ? pqm_le64(end - 8) : pqm_le32(end - 4);
		return true;
	case PQM_OP_STORE_IMM:
		*out = pqm_le32(end - 4);
		return true;
	case PQM_OP_OR:
	case PQM_OP_AND:
	case PQM_OP_ADD: /* of a sub the negative one */
		*out = o->imm;
		return true;
	case PQM_OP_LEA: /* a sum of another's result */
		*out = (uint64_t)o->disp;
		return o->base < 16 && o->base != 4 && o->base != 5 && o->index == PQM_NO_REG;
	case PQM_OP_OTHER: /* imul and the like, of registers; cmp changes none */
		*out = pqm_le32(end - 4);
		return !o->loads && !o->stores && o->kills != 0;
	default:
		return false;
	}
}

static void x86_numbers(const struct pqm_img *g, uint32_t f, pqm_bytes code)
{
	struct pqm_insn o;
	uint64_t v;

	if (!has_candidate(g->signs, code))
		return;
	for (size_t i = 0; i < code.n; i += o.len == 0 ? 1 : o.len) {
		pqm_x86_decode(&o, code.p + i, code.n - i, g->base + g->funcs[f].start + i);
		/* Immediates stand last. */
		if (o.len >= 5 && x86_number(&o, code.p + i + o.len, &v))
			take_number(g, f, v);
	}
}

/* What the registers of A64 hold, as far as one reading from top to bottom can tell. */
struct a64_regs {
	uint64_t number[32], address[32];
	uint32_t has_number, has_address;
};

/* movz or movn, then movk for the other parts of a number. */
static bool a64_number(
	const struct pqm_img *g, uint32_t f, struct a64_regs *r, const struct pqm_insn *o)
{
	uint32_t bit = o->dst < 32 ? 1u << o->dst : 0;

	if (o->op == PQM_OP_IMM && !o->is_address && bit != 0) {
		r->number[o->dst] = o->imm;
	} else if (o->op == PQM_OP_INSERT && bit != 0) {
		uint64_t old = (r->has_number & bit) != 0 ? r->number[o->dst] : 0;

		r->number[o->dst] = (old & ~((uint64_t)0xffff << o->scale)) | o->imm << o->scale;
	} else {
		r->has_number &= ~bit;
		if (o->op == PQM_OP_ADD && o->imm != 0)
			take_number(g, f, o->imm);
		return false;
	}
	r->has_number |= bit;
	r->has_address &= ~bit;
	take_number(g, f, r->number[o->dst]);
	return true;
}

/* adrp, then add, and add again for what lies behind it. */
static void a64_address(
	const struct pqm_img *g, uint32_t f, struct a64_regs *r, const struct pqm_insn *o)
{
	uint32_t bit = o->dst < 32 ? 1u << o->dst : 0;
	bool is_sum = o->op == PQM_OP_ADD && o->src < 32 && (r->has_address >> o->src & 1) != 0;
	uint64_t to = o->op == PQM_OP_PAGE ? o->imm : is_sum ? r->address[o->src] + o->imm : 0;

	r->has_address &= ~(o->kills | bit);
	if (o->dst2 < 32)
		r->has_address &= ~(1u << o->dst2);
	if (o->op == PQM_OP_CALL || o->op == PQM_OP_CALL_IND)
		r->has_address &= 0x3ff80000; /* x19 to x29 stay */
	if (bit == 0 || (o->op != PQM_OP_PAGE && !is_sum))
		return;
	r->address[o->dst] = to;
	r->has_address |= bit;
	if (is_sum && to >= g->base && to - g->base < g->top)
		pqm_code_sign_ref(g, f, (uint32_t)(to - g->base));
}

static void a64_numbers(const struct pqm_img *g, uint32_t f, pqm_bytes code)
{
	struct a64_regs r = { .has_number = 0 };
	struct pqm_insn o;

	for (size_t i = 0; i + 4 <= code.n; i += 4) {
		pqm_a64_decode(&o, code.p + i, 4, g->base + g->funcs[f].start + i);
		if (!a64_number(g, f, &r, &o))
			a64_address(g, f, &r, &o);
	}
}

static void find_numbers(struct pqm_img *g)
{
	for (uint32_t f = 0; (g->is_a64 || g->signs->has_numbers) && f < g->n_funcs; f++) {
		const struct pqm_func *fn = &g->funcs[f];
		pqm_bytes code =
			pqm_sub(pqm_code_at(g, g->base + fn->start), 0, fn->end - fn->start);

		if (g->is_a64)
			a64_numbers(g, f, code);
		else
			x86_numbers(g, f, code);
	}
}

/* ---- data ---- */

static void take_bytes(
	const struct pqm_img *g, uint32_t f, uint32_t rva, enum pqm_sign_mark_kind kind)
{
	const struct pqm_signs *s = g->signs->signs;
	pqm_bytes data = pqm_code_at(g, g->base + rva);

	if (data.n == 0)
		return;
	for (size_t i = 0; i < s->n; i++)
		for (size_t m = 0; m < s->sign[i].n_marks; m++) {
			const struct pqm_sign_mark *mark = &s->sign[i].mark[m];

			if (mark->kind == kind && mark->bytes.p[0] == data.p[0] &&
				is_sought(s, i) && pqm_starts(data, mark->bytes))
				put_mark(g, f, i, m);
		}
}

void pqm_code_sign_ref(const struct pqm_img *g, uint32_t f, uint32_t rva)
{
	take_bytes(g, f, rva, PQM_MARK_BYTES);
}

/* The slots of the object whose first one is k. */
static size_t slots_end(const struct pqm_img *g, size_t k)
{
	size_t i = k + 1;

	while (i < g->n_slots && i - k < TABLE_SLOTS && !g->slots[i].is_start &&
		g->slots[i].at - g->slots[i - 1].at <= TABLE_GAP)
		i++;
	return i;
}

static void find_tables(struct pqm_img *g, uint32_t f)
{
	size_t end = f + 1 < g->n_funcs ? g->funcs[f + 1].edges : g->n_edges;

	for (size_t e = g->funcs[f].edges; e < end; e++) {
		if (g->edges[e].kind != PQM_EDGE_DATA)
			continue;
		size_t last = slots_end(g, g->edges[e].to);

		for (size_t k = g->edges[e].to; k < last; k++)
			if (!g->slots[k].is_import)
				take_bytes(g, f, g->slots[k].value, PQM_MARK_TABLE);
	}
}

/* ---- calls ---- */

/* All signs of function f, and with is_deep of those that it calls. */
static uint64_t signs_of(const struct pqm_img *g, uint32_t f, bool is_deep)
{
	size_t end = f + 1 < g->n_funcs ? g->funcs[f + 1].edges : g->n_edges;
	uint64_t out = g->signs->has[f];

	for (size_t e = g->funcs[f].edges; is_deep && e < end; e++)
		if (g->edges[e].kind == PQM_EDGE_CALL)
			out |= g->signs->has[g->edges[e].to];
	return out;
}

/* The instruction of an edge only changes the pointer: it chooses among tables, and calls none. */
static bool is_store(const struct pqm_img *g, uint32_t at)
{
	pqm_bytes b = pqm_code_at(g, g->base + at);
	struct pqm_insn o;

	if (g->is_a64)
		pqm_a64_decode(&o, b.p, b.n, g->base + at);
	else
		pqm_x86_decode(&o, b.p, b.n, g->base + at);
	return o.op == PQM_OP_STORE || o.op == PQM_OP_STORE_IMM;
}

/* Signs of the functions of the table that the pointer in slot k leads to. */
static uint64_t signs_behind(const struct pqm_img *g, size_t k)
{
	uint64_t out = 0;

	/* What never changes is the address of a table, not a choice among tables. */
	if (g->slots[k].is_import || pqm_code_is_const(g, g->base + g->slots[k].at, 8))
		return 0;
	size_t first = pqm_code_slot(g, g->slots[k].value);

	if (first >= g->n_slots || g->slots[first].at != g->slots[k].value)
		return 0;
	for (size_t i = first; i < slots_end(g, first); i++) {
		uint32_t f =
			g->slots[i].is_import ? PQM_NO_FUNC : pqm_code_func(g, g->slots[i].value);

		if (f != PQM_NO_FUNC && g->funcs[f].start == g->slots[i].value)
			out |= signs_of(g, f, true);
	}
	return out;
}

static void find_calls(struct pqm_img *g, uint32_t f)
{
	const struct pqm_signs *s = g->signs->signs;
	size_t end = f + 1 < g->n_funcs ? g->funcs[f + 1].edges : g->n_edges;
	uint64_t called = 0, read = 0;

	for (size_t e = g->funcs[f].edges; e < end; e++) {
		if (g->edges[e].kind == PQM_EDGE_CALL && g->edges[e].to != f)
			called |= g->signs->has[g->edges[e].to];
		else if (g->edges[e].kind == PQM_EDGE_WORD && !is_store(g, g->edges[e].at))
			read |= signs_behind(g, g->edges[e].to);
	}
	for (size_t i = 0; (called | read) != 0 && i < s->n; i++)
		for (size_t m = 0; m < s->sign[i].n_marks; m++) {
			const struct pqm_sign_mark *mark = &s->sign[i].mark[m];
			uint64_t have = mark->kind == PQM_MARK_CALLS ? called
				: mark->kind == PQM_MARK_READS	     ? read
								     : 0;

			if ((have >> mark->sign & 1) != 0)
				put_mark(g, f, i, m);
		}
}

/* True when a function got a sign that it had not. */
static bool settle(struct pqm_img *g)
{
	const struct pqm_signs *s = g->signs->signs;
	bool is_new = false;

	for (uint32_t f = 0; f < g->n_funcs; f++)
		for (size_t i = 0; i < s->n; i++) {
			unsigned marks = g->signs->marks[f * s->n + i];

			if (marks == 0 || (g->signs->has[f] >> i & 1) != 0 || !is_sought(s, i) ||
				(size_t)__builtin_popcount(marks) < s->sign[i].least)
				continue;
			g->signs->has[f] |= (uint64_t)1 << i;
			is_new = true;
		}
	return is_new;
}

/* ---- names ---- */

static bool is_alone(const struct pqm_img *g, size_t sign)
{
	size_t n = 0;

	for (uint32_t f = 0; f < g->n_funcs; f++)
		n += (size_t)(g->signs->has[f] >> sign & 1);
	return n == 1;
}

static enum pqm_st put_names(struct pqm_img *g, struct pqm_err *err)
{
	const struct pqm_signs *s = g->signs->signs;

	for (size_t i = 0; i < s->n; i++) {
		if (s->sign[i].function.n == 0 || (s->sign[i].is_one && !is_alone(g, i)))
			continue;
		for (uint32_t f = 0; f < g->n_funcs; f++) {
			struct pqm_func *fn = &g->funcs[f];

			/* The first sign that fits names it. */
			if ((g->signs->has[f] >> i & 1) == 0 || (fn->flags & PQM_F_API) != 0)
				continue;
			if (!pqm_code_name(g, s->sign[i].function, PQM_BY_SIGN, &fn->name))
				return pqm_fail(err, PQM_ENOMEM, "code: out of memory");
			g->names[fn->name - 1].sign = (uint32_t)i;
			fn->flags |= PQM_F_API;
			g->n_own++;
		}
	}
	return PQM_OK;
}

/* ---- the library around them ---- */

static bool is_program(const struct pqm_func *fn)
{
	return (fn->flags & (PQM_F_MAIN | PQM_F_ENTRY)) != 0;
}

/* What lies between functions with signs, and what that calls, is not the program's: a library is linked in one
 * piece, and calls nothing of the program by name. */
static bool mark_library(struct pqm_img *g)
{
	uint32_t *todo = pqm_new(g->arena, uint32_t, g->n_funcs + 1), first = PQM_NO_FUNC, last = 0;
	size_t n = 0;

	if (todo == NULL)
		return false;
	for (uint32_t f = 0; f < g->n_funcs; f++)
		if (g->signs->has[f] != 0) {
			first = first == PQM_NO_FUNC ? f : first;
			last = f;
		}
	for (uint32_t f = first; f != PQM_NO_FUNC && f <= last; f++)
		if (!is_program(&g->funcs[f])) {
			g->funcs[f].flags |= PQM_F_SIGNED;
			todo[n++] = f;
		}
	while (n > 0) {
		uint32_t f = todo[--n];
		size_t end = f + 1 < g->n_funcs ? g->funcs[f + 1].edges : g->n_edges;

		for (size_t e = g->funcs[f].edges; e < end; e++) {
			struct pqm_func *to = &g->funcs[g->edges[e].to];

			if (g->edges[e].kind != PQM_EDGE_CALL || is_program(to) ||
				(to->flags & PQM_F_SIGNED) != 0)
				continue;
			to->flags |= PQM_F_SIGNED;
			todo[n++] = g->edges[e].to;
		}
	}
	return true;
}

enum pqm_st pqm_code_sign_end(struct pqm_img *g, struct pqm_err *err)
{
	enum pqm_st st;

	find_numbers(g);
	for (uint32_t f = 0; f < g->n_funcs; f++)
		find_tables(g, f);
	for (unsigned round = 0; settle(g) && round < ROUNDS; round++)
		for (uint32_t f = 0; f < g->n_funcs; f++)
			find_calls(g, f);
	if (!mark_library(g))
		return pqm_fail(err, PQM_ENOMEM, "code: out of memory");
	st = put_names(g, err);
	g->signs = NULL;
	return st;
}
