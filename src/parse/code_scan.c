/* code_scan.c — one pass over all code: who refers to which function, import and data. */
#include "base/mapped.h"
#include "code_int.h"

/* How far behind a referenced address the first pointer of an object may stand. */
#define OBJECT_BYTES 64
/* The start of a function that is called lies anywhere: what becomes resident with it. */
#define AROUND_BYTES ((size_t)4 << 10)

/* ---- what an address is ---- */

/* endbr64? bnd? jmp *slot(%rip): an entry of a procedure linkage table. */
static bool x86_stub(const struct pqm_img *g, uint64_t addr, uint64_t *slot)
{
	pqm_bytes b = pqm_sub(pqm_code_at(g, addr), 0, 16);
	size_t at = 0;

	if (b.n >= 4 && b.p[0] == 0xf3 && b.p[1] == 0x0f && b.p[2] == 0x1e && b.p[3] == 0xfa)
		at = 4;
	if (at < b.n && b.p[at] == 0xf2)
		at++;
	if (b.n < at + 6 || b.p[at] != 0xff || b.p[at + 1] != 0x25)
		return false;
	*slot = addr + at + 6 + (uint64_t)(int64_t)(int32_t)pqm_le32(b.p + at + 2);
	return true;
}

/* bti? adrp x16; ldr x17, [x16, #n]; (add;) br x17 */
static bool a64_stub(const struct pqm_img *g, uint64_t addr, uint64_t *slot)
{
	struct pqm_insn page, load;
	pqm_bytes b = pqm_sub(pqm_code_at(g, addr), 0, 24);
	size_t at = 0;

	if (b.n >= 4 && pqm_le32(b.p) == 0xd503245f)
		at = 4;
	if (b.n < at + 12)
		return false;
	pqm_a64_decode(&page, b.p + at, 4, addr + at);
	pqm_a64_decode(&load, b.p + at + 4, 4, addr + at + 4);
	if (page.op != PQM_OP_PAGE || page.dst != 16 || load.op != PQM_OP_LOAD || load.base != 16 ||
		load.dst != 17 || load.size != 8 || load.dst2 != PQM_NO_REG ||
		load.index != PQM_NO_REG)
		return false;
	for (size_t i = at + 8; i + 4 <= b.n && i <= at + 16; i += 4)
		if (pqm_le32(b.p + i) == (0xd61f0000u | (uint32_t)load.dst << 5)) {
			*slot = page.imm + (uint64_t)load.disp;
			return true;
		}
	return false;
}

/* The slot that a stub jumps through, or NULL: it is none. */
static const struct pqm_slot *stub_slot(const struct pqm_img *g, uint32_t rva)
{
	uint64_t slot = 0;

	if (!(g->is_a64 ? a64_stub(g, g->base + rva, &slot) : x86_stub(g, g->base + rva, &slot)))
		return NULL;
	if (slot < g->base || slot - g->base >= g->top)
		return NULL;
	size_t k = pqm_code_slot(g, (uint32_t)(slot - g->base));

	return k < g->n_slots && g->slots[k].at == slot - g->base ? &g->slots[k] : NULL;
}

bool pqm_code_stub(const struct pqm_img *g, uint32_t rva, uint32_t *import)
{
	const struct pqm_slot *s = stub_slot(g, rva);

	if (s == NULL || !s->is_import)
		return false;
	*import = s->value;
	return true;
}

/* Libraries call their own exports through the table, too: the function that a stub stands for. */
static uint32_t own_of(const struct pqm_img *g, uint32_t rva)
{
	const struct pqm_slot *s = stub_slot(g, rva);
	uint32_t f = s == NULL || s->is_import ? PQM_NO_FUNC : pqm_code_func(g, s->value);

	return f != PQM_NO_FUNC && g->funcs[f].start == s->value ? f : PQM_NO_FUNC;
}

struct pqm_goal pqm_code_goal(struct pqm_img *g, uint32_t rva)
{
	uint32_t i = pqm_code_func(g, rva), import;

	if (i == PQM_NO_FUNC && pqm_code_stub(g, rva, &import))
		return (struct pqm_goal){ PQM_GOAL_IMPORT, import };
	if (i == PQM_NO_FUNC || g->funcs[i].start != rva) {
		uint32_t own = own_of(g, rva);

		if (own != PQM_NO_FUNC)
			return (struct pqm_goal){ PQM_GOAL_FUNC, own };
	}
	if (i == PQM_NO_FUNC)
		return (struct pqm_goal){ PQM_GOAL_NONE, 0 };
	struct pqm_func *f = &g->funcs[i];

	if (f->start != rva) {
		if (pqm_code_stub(g, rva, &import))
			return (struct pqm_goal){ PQM_GOAL_IMPORT, import };
		return (struct pqm_goal){ PQM_GOAL_INSIDE, i };
	}
	if ((f->flags & PQM_F_KNOWN) == 0) {
		f->flags |= PQM_F_KNOWN;
		pqm_mapped_read(AROUND_BYTES);
		if (pqm_code_stub(g, rva, &import)) {
			f->flags |= PQM_F_STUB;
			f->import = import;
		}
	}
	if ((f->flags & PQM_F_STUB) != 0)
		return (struct pqm_goal){ PQM_GOAL_IMPORT, f->import };
	return (struct pqm_goal){ PQM_GOAL_FUNC, i };
}

/* ---- what the pass collects ---- */

struct pass {
	struct pqm_img *g;
	uint32_t func; /* that is read */
	uint32_t
		walks_array; /* 1 + the function that was seen to name a place in .init_array and the like */
	uint32_t start, end;
	bool has_memory;
};

static void add_edge(struct pass *s, enum pqm_edge_kind kind, uint32_t at, uint32_t to)
{
	struct pqm_edge e = { .at = at, .to = to & 0x3fffffff, .kind = (unsigned)kind & 3 };

	if (s->g->is_cut)
		return;
	if (s->g->edge_buf.n / sizeof(e) >= PQM_CODE_EDGES) {
		s->g->is_cut = true;
		return;
	}
	s->has_memory &=
		pqm_buf_add(&s->g->edge_buf, (pqm_bytes){ (const uint8_t *)&e, sizeof(e) });
}

static void add_site(struct pass *s, struct pqm_site site)
{
	/* A library that calls itself. */
	if (site.to != PQM_NO_FUNC && (s->g->funcs[s->func].flags & (PQM_F_LIB | PQM_F_API)) != 0)
		return;
	site.func = s->func;
	s->has_memory &=
		pqm_buf_add(&s->g->site_buf, (pqm_bytes){ (const uint8_t *)&site, sizeof(site) });
}

static void add_side(struct pass *s, uint32_t rva)
{
	s->has_memory &=
		pqm_buf_add(&s->g->side_buf, (pqm_bytes){ (const uint8_t *)&rva, sizeof(rva) });
}

static void to_import(struct pass *s, uint32_t at, uint32_t import, bool is_reference)
{
	if (s->g->imports[import].is_wanted)
		add_site(s,
			(struct pqm_site){ .at = at,
				.import = import,
				.to = PQM_NO_FUNC,
				.is_reference = is_reference });
}

/* A call or jump at `at` to rva. */
static void to_code(struct pass *s, uint32_t at, uint32_t rva, bool is_call)
{
	if (rva >= s->start && rva < s->end && rva != s->start)
		return;
	struct pqm_goal goal = pqm_code_goal(s->g, rva);

	if (goal.kind == PQM_GOAL_IMPORT)
		to_import(s, at, goal.index, false);
	else if (goal.kind == PQM_GOAL_INSIDE)
		add_side(s, rva);
	if (goal.kind != PQM_GOAL_FUNC)
		return;
	s->g->funcs[goal.index].flags |= is_call ? PQM_F_CALLED : 0;
	if ((s->g->funcs[goal.index].flags & PQM_F_API) != 0 && goal.index != s->func)
		add_site(s, (struct pqm_site){ .at = at, .to = goal.index });
	add_edge(s, PQM_EDGE_CALL, at, goal.index);
}

static void to_neighbour(struct pass *s, uint32_t at, uint32_t rva)
{
	uint32_t f = pqm_code_func(s->g, rva);

	if (f != PQM_NO_FUNC && s->g->funcs[f].start == rva)
		to_code(s, at, rva, false);
}

/* A function's address is taken at `at`. */
static void take_code(struct pass *s, uint32_t at, uint32_t rva)
{
	struct pqm_goal goal = pqm_code_goal(s->g, rva);

	if (goal.kind == PQM_GOAL_IMPORT)
		to_import(s, at, goal.index, true);
	if (goal.kind != PQM_GOAL_FUNC || goal.index == s->func)
		return;
	struct pqm_func *f = &s->g->funcs[goal.index];

	f->flags |= PQM_F_TAKEN;
	if ((f->flags & PQM_F_API) != 0)
		add_site(s, (struct pqm_site){ .at = at, .to = goal.index, .is_reference = true });
	add_edge(s, PQM_EDGE_TAKE, at, goal.index);
}

/* What walks the functions of the start and the end also names the place behind the last one, where an
 * object of the program's may begin. They are all roots. */
static bool is_of_array(struct pass *s, uint32_t rva)
{
	const struct pqm_img *g = s->g;
	const uint64_t arrays[][2] = { { g->pre_array, g->pre_bytes },
		{ g->init_array, g->init_bytes }, { g->fini_array, g->fini_bytes } };

	for (size_t i = 0; i < 3; i++) {
		uint64_t in = g->base + rva - arrays[i][0];

		if (g->base + rva < arrays[i][0] || in > arrays[i][1] || arrays[i][1] == 0)
			continue;
		if (in < arrays[i][1]) {
			s->walks_array = s->func + 1;
			return true;
		}
		if (s->walks_array == s->func + 1)
			return true;
	}
	return false;
}

/* The operand at rva is read or written, or its address is taken. is_branch: through it. */
static void to_data(struct pass *s, uint32_t at, uint32_t rva, bool is_lea, bool is_branch)
{
	struct pqm_img *g = s->g;
	size_t k = pqm_code_slot(g, rva);

	if (k >= g->n_slots || g->slots[k].at - rva > OBJECT_BYTES || is_of_array(s, rva))
		return;
	struct pqm_slot *slot = &g->slots[k];

	if (slot->at == rva && slot->is_import) {
		to_import(s, at, slot->value, !is_branch);
		return;
	}
	/* Where an address is taken an object begins; what is only read is this one pointer. */
	slot->is_start |= is_lea;
	if (is_lea || slot->at == rva)
		add_edge(s, is_lea ? PQM_EDGE_DATA : PQM_EDGE_WORD, at, (uint32_t)k);
}

/* The name of a source file, as error macros hand it on. */
static void note_file(struct pass *s, uint32_t rva)
{
	const struct pqm_code_want *want = s->g->want;
	struct pqm_func *f = &s->g->funcs[s->func];
	pqm_bytes text;

	if ((f->flags & PQM_F_INSIDE) != 0 || !pqm_code_text(s->g, s->g->base + rva, &text) ||
		!pqm_code_is_file(text))
		return;
	f->flags |= PQM_F_TEXT;
	if (want->is_inside != NULL && want->is_inside(want->ctx, text))
		f->flags |= PQM_F_INSIDE;
}

static void to_any(struct pass *s, uint32_t at, int64_t rva, bool is_lea)
{
	if (rva < 0 || rva >= s->g->top)
		return;
	if (s->g->signs != NULL)
		pqm_code_sign_ref(s->g, s->func, (uint32_t)rva);
	if (is_lea && s->g->want->by_text)
		note_file(s, (uint32_t)rva);
	if (is_lea && pqm_code_func(s->g, (uint32_t)rva) != PQM_NO_FUNC)
		take_code(s, at, (uint32_t)rva);
	else
		to_data(s, at, (uint32_t)rva, is_lea, false);
}

/* ---- x86-64 ---- */

enum {
	C_NONE,
	C_CALL,	 /* e8, e9 */
	C_SHORT, /* eb, 70 to 7f */
	C_TWO,	 /* 0f */
	C_RIP,	 /* a ModRM byte that says "from here" */
	C_IMM,	 /* b8 to bf, 68: an address as a number */
	C_C7,
	C_SIB, /* a ModRM byte with a SIB, which may have no base */
};

static const uint8_t CLASS[256] = {
	[0x04] = C_SIB,
	[0x05] = C_RIP,
	[0x0c] = C_SIB,
	[0x0d] = C_RIP,
	[0x0f] = C_TWO,
	[0x14] = C_SIB,
	[0x15] = C_RIP,
	[0x1c] = C_SIB,
	[0x1d] = C_RIP,
	[0x24] = C_SIB,
	[0x25] = C_RIP,
	[0x2c] = C_SIB,
	[0x2d] = C_RIP,
	[0x34] = C_SIB,
	[0x35] = C_RIP,
	[0x3c] = C_SIB,
	[0x3d] = C_RIP,
	[0x68] = C_IMM,
	[0x70] = C_SHORT,
	[0x71] = C_SHORT,
	[0x72] = C_SHORT,
	[0x73] = C_SHORT,
	[0x74] = C_SHORT,
	[0x75] = C_SHORT,
	[0x76] = C_SHORT,
	[0x77] = C_SHORT,
	[0x78] = C_SHORT,
	[0x79] = C_SHORT,
	[0x7a] = C_SHORT,
	[0x7b] = C_SHORT,
	[0x7c] = C_SHORT,
	[0x7d] = C_SHORT,
	[0x7e] = C_SHORT,
	[0x7f] = C_SHORT,
	[0xb8] = C_IMM,
	[0xb9] = C_IMM,
	[0xba] = C_IMM,
	[0xbb] = C_IMM,
	[0xbc] = C_IMM,
	[0xbd] = C_IMM,
	[0xbe] = C_IMM,
	[0xbf] = C_IMM,
	[0xc7] = C_C7,
	[0xe8] = C_CALL,
	[0xe9] = C_CALL,
	[0xeb] = C_SHORT,
};

static int64_t rel32(const uint8_t *p)
{
	return (int32_t)pqm_le32(p);
}

/* What the ModRM byte at p[i] refers to; the opcode stands before it. */
static void x86_rip(struct pass *s, const uint8_t *p, size_t i, uint32_t at)
{
	uint8_t code = i > 0 ? p[i - 1] : 0;
	int64_t rva = (int64_t)at + 5 + rel32(p + i + 1);
	struct pqm_img *g = s->g;

	if (rva < 0 || rva >= g->top)
		return;
	uint32_t begin = at - (i >= 2 && (p[i - 2] & 0xf0) == 0x40 ? 2 : 1);

	if (code == 0xff && (p[i] == 0x15 || p[i] == 0x25)) {
		/* Also f2 ff 25 and 66 ff 15: told by where the opcode is, as objdump would. */
		if (i >= 2 &&
			(p[i - 2] == 0xf2 || p[i - 2] == 0x66 || p[i - 2] == 0x3e ||
				p[i - 2] == 0x67))
			begin = at - 2;
		else
			begin = at - 1;
		to_data(s, begin, (uint32_t)rva, false, true);
		return;
	}
	to_any(s, begin, rva, code == 0x8d);
}

/* A number that may be an address, in a program at fixed addresses. */
static void x86_number(struct pass *s, uint32_t at, uint64_t v)
{
	if (v >= s->g->base && v - s->g->base < s->g->top)
		to_any(s, at, (int64_t)(v - s->g->base), true);
}

static void x86_fixed(struct pass *s, const uint8_t *p, size_t i, size_t n, uint32_t at)
{
	unsigned kind = CLASS[p[i]];

	if (kind == C_IMM) {
		x86_number(s, at, pqm_le32(p + i + 1));
		return;
	}
	if (kind == C_SIB) {
		if ((p[i + 1] & 7) == 5 && i + 6 <= n)
			x86_number(s, at, pqm_le32(p + i + 2));
		return;
	}
	/* mov $imm32 to a register (c7 c0), to [base + disp8] and to [sp + disp8]. */
	for (size_t k = 2; k <= 7 && i + k + 4 <= n; k++)
		if (k != 5 && k != 6)
			x86_number(s, at, pqm_le32(p + i + k));
}

static void x86_two(struct pass *s, const uint8_t *p, size_t i, size_t n, uint32_t at)
{
	if (i + 6 > n || (p[i + 1] & 0xf0) != 0x80)
		return;
	int64_t rva = (int64_t)at + 6 + rel32(p + i + 2);

	if (rva >= 0 && rva < s->g->top)
		to_code(s, at, (uint32_t)rva, false);
}

static void x86_scan(struct pass *s, const uint8_t *p, size_t n)
{
	struct pqm_img *g = s->g;
	int64_t rva;

	for (size_t i = 0; i + 2 <= n; i++) {
		unsigned kind = CLASS[p[i]];
		uint32_t at = s->start + (uint32_t)i;

		if (kind == C_NONE)
			continue;
		if (kind == C_SHORT) {
			rva = (int64_t)at + 2 + (int8_t)p[i + 1];
			/* To the start of a neighbour; what else seems to leave the function is no jump. */
			if ((rva < (int64_t)s->start || rva >= (int64_t)s->end) && rva >= 0 &&
				rva < g->top)
				to_neighbour(s, at, (uint32_t)rva);
			continue;
		}
		if (i + 5 > n)
			continue;
		if (kind == C_CALL) {
			rva = (int64_t)at + 5 + rel32(p + i + 1);
			if (rva >= 0 && rva < g->top)
				to_code(s, at, (uint32_t)rva, p[i] == 0xe8);
		} else if (kind == C_TWO) {
			x86_two(s, p, i, n, at);
		} else if (kind == C_RIP) {
			x86_rip(s, p, i, at);
		} else if (g->is_fixed) {
			x86_fixed(s, p, i, n, at);
		}
	}
}

/* ---- AArch64 ---- */

/* Which registers hold the address of a page, as far as one reading from top to bottom can tell. */
struct pages {
	uint64_t page[32];
	uint32_t has;
};

static void forget_pages(struct pages *t, const struct pqm_insn *o)
{
	t->has &= ~o->kills;
	if (o->dst < 32)
		t->has &= ~(1u << o->dst);
	if (o->dst2 < 32)
		t->has &= ~(1u << o->dst2);
	if (o->op == PQM_OP_CALL || o->op == PQM_OP_CALL_IND)
		t->has &= 0x3ff80000; /* x19 to x29 stay */
}

/* The address that an instruction refers to; false: none that is seen. */
static bool a64_operand(const struct pages *t, const struct pqm_insn *o, uint64_t *to)
{
	switch ((enum pqm_op)o->op) {
	case PQM_OP_IMM: /* adr */
		*to = o->imm;
		return o->is_address;
	case PQM_OP_ADD:
		if (o->src >= 32 || (t->has >> o->src & 1) == 0)
			return false;
		*to = t->page[o->src] + o->imm;
		return true;
	case PQM_OP_LOAD:
	case PQM_OP_STORE:
		*to = (uint64_t)o->disp;
		if (o->base == PQM_REG_ABS)
			return true;
		if (o->base >= 32 || (t->has >> o->base & 1) == 0 || o->index != PQM_NO_REG)
			return false;
		*to += t->page[o->base];
		return true;
	default:
		return false;
	}
}

static void a64_scan(struct pass *s, const uint8_t *p, size_t n)
{
	struct pqm_img *g = s->g;
	struct pages t = { .has = 0 };
	uint32_t import;

	for (size_t i = 0; i + 4 <= n; i += 4) {
		struct pqm_insn o;
		uint32_t at = s->start + (uint32_t)i;
		uint64_t to;

		pqm_a64_decode(&o, p + i, 4, g->base + at);
		if (o.op == PQM_OP_CALL || o.op == PQM_OP_JUMP || o.op == PQM_OP_JUMP_IF) {
			if (o.imm >= g->base && o.imm - g->base < g->top)
				to_code(s, at, (uint32_t)(o.imm - g->base), o.op == PQM_OP_CALL);
		} else if (o.op == PQM_OP_PAGE && pqm_code_stub(g, at, &import)) {
			i += 8; /* adrp ldr add br: a linkage table refers to all imports */
		} else if (a64_operand(&t, &o, &to) && to >= g->base && to - g->base < g->top) {
			to_any(s, at, (int64_t)(to - g->base),
				o.op == PQM_OP_ADD || o.op == PQM_OP_IMM);
		}
		forget_pages(&t, &o);
		if (o.op == PQM_OP_PAGE && o.dst < 32) {
			t.page[o.dst] = o.imm;
			t.has |= 1u << o.dst;
		}
	}
}

/* ---- */

static int by_value(const void *va, const void *vb)
{
	uint32_t a = *(const uint32_t *)va, b = *(const uint32_t *)vb;

	return (a > b) - (a < b);
}

static int by_at(const void *va, const void *vb)
{
	const struct pqm_site *a = va, *b = vb;

	return (a->at > b->at) - (a->at < b->at);
}

/* Pointers in data to functions, and from one object of data to another. */
static void mark_slots(struct pqm_img *g)
{
	for (size_t i = 0; i < g->n_slots; i++) {
		if (g->slots[i].is_import)
			continue;
		uint32_t f = pqm_code_func(g, g->slots[i].value);

		if (f != PQM_NO_FUNC && g->funcs[f].start == g->slots[i].value)
			g->funcs[f].flags |= PQM_F_TAKEN;
		if (f != PQM_NO_FUNC)
			continue;
		size_t k = pqm_code_slot(g, g->slots[i].value);

		if (k < g->n_slots && g->slots[k].at - g->slots[i].value <= OBJECT_BYTES)
			g->slots[k].is_start = true;
	}
}

enum pqm_st pqm_code_scan(struct pqm_img *g, struct pqm_err *err)
{
	struct pass s = { .g = g, .has_memory = true };

	g->edge_buf.n = g->site_buf.n = 0;
	if (!g->is_part) /* a sweep has found those from far away */
		g->side_buf.n = 0;
	mark_slots(g);
	pqm_mapped_drop();
	for (size_t i = 0; i < g->n_funcs; i++) {
		struct pqm_func *f = &g->funcs[i];
		pqm_bytes b = pqm_sub(pqm_code_at(g, g->base + f->start), 0, f->end - f->start);

		f->edges = (uint32_t)(g->edge_buf.n / sizeof(struct pqm_edge));
		s.func = (uint32_t)i;
		s.start = f->start;
		s.end = f->end;
		pqm_mapped_read(b.n);
		if (g->is_a64)
			a64_scan(&s, b.p, b.n);
		else
			x86_scan(&s, b.p, b.n);
		/* Texts and tables that it refers to are read as well. */
		pqm_mapped_read(b.n * 20);
	}
	if (!s.has_memory)
		return pqm_fail(err, PQM_ENOMEM, "code: out of memory");
	g->edges = (struct pqm_edge *)(void *)g->edge_buf.p;
	g->n_edges = g->edge_buf.n / sizeof(struct pqm_edge);
	g->sites = (struct pqm_site *)(void *)g->site_buf.p;
	g->n_sites = g->site_buf.n / sizeof(struct pqm_site);
	g->sides = (uint32_t *)(void *)g->side_buf.p;
	g->n_sides = g->side_buf.n / sizeof(uint32_t);
	if (g->n_sides > 0)
		qsort(g->sides, g->n_sides, sizeof(*g->sides), by_value);
	if (g->n_sites > 0)
		qsort(g->sites, g->n_sites, sizeof(*g->sites), by_at);
	return PQM_OK;
}
