#include "goflow.h"

#include "base/limits.h"
#include "code_int.h"

#define REGS 32
#define SLOTS 32
#define JOINS 96
#define SKIPS 256
#define VECTOR_BYTES 64
/* Frame pointers: nothing is written through them that is not seen. */
#define A64_FP 29
#define X86_FP 5

static const struct pqm_go_val UNKNOWN = { 0, PQM_GO_V_UNKNOWN };
/* RAX, RBX, RCX, RDI, RSI, R8 to R11 */
static const uint8_t X86_ARG[PQM_GO_ARGS] = { 0, 3, 1, 7, 6, 8, 9, 10, 11 };

struct slot {
	int64_t off;
	uint32_t size;
	struct pqm_go_val val;
};

struct state {
	struct pqm_go_val reg[REGS];
	struct slot slot[SLOTS];
	size_t n_slots;
	int64_t escaped; /* stack slots from here on may be written by others */
	bool is_live;
};

struct join {
	uint64_t at;
	struct state s;
};

/* A conditional jump forward; joins: what it skips comes out at its goal, too. */
struct skip {
	uint64_t at, to;
	bool joins;
};

struct run {
	struct pqm_go_flow *w;
	uint32_t function;
	bool is_a64;
	uint64_t start, end;
	pqm_bytes code;
	struct state s;
	struct join *join;
	size_t n_joins;
	uint64_t *heads; /* places that are jumped back to */
	size_t n_heads, cap_heads;
	uint64_t at, jumped; /* the instruction; the goal of the one before it, a jump */
	struct skip *skip;
	size_t n_skips; /* SKIPS: there may be more */
};

struct room {
	struct join join[JOINS];
	struct skip skip[SKIPS];
};

static struct pqm_go_val value(enum pqm_go_val_kind kind, uint64_t v)
{
	return (struct pqm_go_val){ v, kind };
}

static bool same(struct pqm_go_val a, struct pqm_go_val b)
{
	return a.kind == b.kind && a.v == b.v;
}

static uint8_t sp_of(const struct run *r)
{
	return r->is_a64 ? 31 : 4;
}

static void forget(struct state *s)
{
	*s = (struct state){ .escaped = INT64_MAX, .is_live = true };
}

static struct pqm_go_val get(const struct state *s, uint8_t reg)
{
	if (reg == PQM_REG_ZERO)
		return value(PQM_GO_V_INT, 0);
	return reg < REGS ? s->reg[reg] : UNKNOWN;
}

static void set(struct run *r, uint8_t reg, struct pqm_go_val v)
{
	if (reg >= REGS)
		return;
	/* Another frame: slots go by their distance from it. What was taken before is the check of the stack's size. */
	if (reg == sp_of(r)) {
		r->s.n_slots = 0;
		r->s.escaped = INT64_MAX;
		return;
	}
	r->s.reg[reg] = v;
}

static uint64_t low(uint64_t v, uint32_t size, bool is_signed)
{
	unsigned drop = size >= 8 ? 0 : 64 - 8 * size;

	return is_signed ? (uint64_t)((int64_t)(v << drop) >> drop) : v << drop >> drop;
}

static void drop_slots(struct state *s, int64_t from, int64_t to)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_slots; i++)
		if (s->slot[i].off + (int64_t)s->slot[i].size <= from || s->slot[i].off >= to)
			s->slot[n++] = s->slot[i];
	s->n_slots = n;
}

static void put_slot(struct state *s, int64_t off, uint32_t size, struct pqm_go_val v)
{
	drop_slots(s, off, off + size);
	if (v.kind != PQM_GO_V_UNKNOWN && s->n_slots < SLOTS)
		s->slot[s->n_slots++] = (struct slot){ off, size, v };
}

static struct pqm_go_val get_slot(const struct state *s, int64_t off, uint32_t size)
{
	for (size_t i = 0; i < s->n_slots; i++)
		if (s->slot[i].off == off && s->slot[i].size == size)
			return s->slot[i].val;
	return UNKNOWN;
}

static void write_object(struct run *r, struct pqm_go_val base, const struct pqm_insn *o,
	uint32_t size, struct pqm_go_val v)
{
	struct pqm_go_object *at = &r->w->objects[base.v];

	if (o->index != PQM_NO_REG || o->disp < 0 || at->n == PQM_GO_STORES) {
		at->is_open = true;
		return;
	}
	at->store[at->n++] = (struct pqm_go_store){ (uint64_t)o->disp, size, v, r->at, false };
}

static void store(struct run *r, const struct pqm_insn *o, uint32_t size, struct pqm_go_val v)
{
	struct pqm_go_val base = get(&r->s, o->base);

	if (v.kind == PQM_GO_V_INT)
		v.v = low(v.v, size, false);
	else if (size < 8)
		v = UNKNOWN;
	if (base.kind == PQM_GO_V_OBJECT)
		write_object(r, base, o, size, v);
	else if (o->base == sp_of(r) && o->index == PQM_NO_REG)
		put_slot(&r->s, o->disp, size, v);
	else if (o->base == sp_of(r))
		r->s.n_slots = 0;
	else if (r->s.escaped != INT64_MAX)
		drop_slots(&r->s, r->s.escaped, INT64_MAX);
}

static struct pqm_go_val load(const struct run *r, const struct pqm_insn *o, int64_t more)
{
	struct pqm_go_val v = UNKNOWN;

	if (o->base == sp_of(r) && o->index == PQM_NO_REG)
		v = get_slot(&r->s, o->disp + more, o->size);
	if (v.kind == PQM_GO_V_INT)
		v.v = low(v.v, o->size, o->is_signed);
	return v;
}

static void lea(struct run *r, const struct pqm_insn *o)
{
	struct pqm_go_val b = get(&r->s, o->base), v = UNKNOWN;

	if (o->base == sp_of(r)) {
		if (o->disp < r->s.escaped)
			r->s.escaped = o->index == PQM_NO_REG ? o->disp : INT64_MIN;
	} else if (o->index == PQM_NO_REG && o->base == PQM_REG_ABS)
		v = value(PQM_GO_V_ADDR, (uint64_t)o->disp);
	else if (o->index == PQM_NO_REG && (b.kind == PQM_GO_V_ADDR || b.kind == PQM_GO_V_INT))
		v = value((enum pqm_go_val_kind)b.kind, b.v + (uint64_t)o->disp);
	else if (b.kind ==
		PQM_GO_V_OBJECT) /* a field's address: what is written there is not seen */
		r->w->objects[b.v].is_open = r->w->objects[b.v].is_open || o->index != PQM_NO_REG;
	set(r, o->dst, v);
}

static void add(struct run *r, const struct pqm_insn *o)
{
	struct pqm_go_val v = get(&r->s, o->src);

	if (o->src == sp_of(r) && o->dst != sp_of(r) && !(r->is_a64 && o->dst == A64_FP) &&
		(int64_t)o->imm < r->s.escaped)
		r->s.escaped = (int64_t)o->imm;
	if (o->src == sp_of(r))
		v = UNKNOWN;
	else if (v.kind == PQM_GO_V_INT || v.kind == PQM_GO_V_ADDR)
		v.v += o->imm;
	else if (o->imm != 0)
		v = UNKNOWN;
	if (v.kind == PQM_GO_V_INT)
		v.v = low(v.v, o->size, false);
	set(r, o->dst, v);
}

static void logic(struct run *r, const struct pqm_insn *o)
{
	struct pqm_go_val v = get(&r->s, o->src);

	if (v.kind != PQM_GO_V_INT)
		v = UNKNOWN;
	else
		v.v = low(o->op == PQM_OP_OR ? v.v | o->imm : v.v & o->imm, o->size, false);
	set(r, o->dst, v);
}

static void insert(struct run *r, const struct pqm_insn *o)
{
	struct pqm_go_val v = get(&r->s, o->dst);

	if (v.kind != PQM_GO_V_INT || o->scale > 48)
		v = UNKNOWN;
	else
		v.v = (v.v & ~(UINT64_C(0xffff) << o->scale)) | o->imm << o->scale;
	set(r, o->dst, v);
}

static void memory(struct run *r, const struct pqm_insn *o)
{
	if (o->op == PQM_OP_LOAD) {
		struct pqm_go_val a = load(r, o, 0);
		struct pqm_go_val b = o->dst2 == PQM_NO_REG ? UNKNOWN : load(r, o, o->size);

		set(r, o->dst, a);
		set(r, o->dst2, b);
	} else if (o->op == PQM_OP_STORE_IMM)
		store(r, o, o->size, value(PQM_GO_V_INT, o->imm));
	else {
		struct pqm_insn next = *o;

		store(r, o, o->size, get(&r->s, o->src));
		next.disp += o->size;
		if (o->src2 != PQM_NO_REG)
			store(r, &next, o->size, get(&r->s, o->src2));
	}
	if (o->writes_back)
		set(r, o->base, UNKNOWN);
}

static void new_object(struct run *r, uint64_t at)
{
	struct pqm_go_flow *w = r->w;
	struct pqm_go_val type = r->s.reg[0];
	struct pqm_go_object *grown;

	forget(&r->s);
	if (w->n_objects == PQM_GO_OBJECTS)
		return;
	grown = pqm_grow(w->arena, w->objects, w->n_objects, &w->cap_objects);
	if (grown == NULL)
		return;
	w->objects = grown;
	w->objects[w->n_objects] =
		(struct pqm_go_object){ .type = type.kind == PQM_GO_V_ADDR ? type.v : 0,
			.made = at };
	r->s.reg[0] = value(PQM_GO_V_OBJECT, w->n_objects++);
}

/* Registers are lost in a call; of the stack what others know the address of. */
static void after_call(struct run *r, uint32_t to, uint64_t at)
{
	struct state kept = r->s;
	pqm_bytes name = to == 0 ? (pqm_bytes){ NULL, 0 } : pqm_pclntab_name(r->w->table, to - 1);

	if (pqm_starts(name, PQM_LIT("runtime.gcWriteBarrier"))) {
		r->s.reg[r->is_a64 ? 25 : 11] = UNKNOWN;
		return;
	}
	if (pqm_eqs(name, "runtime.newobject"))
		new_object(r, at);
	else {
		forget(&r->s);
		if (to != 0)
			r->s.reg[0] = value(PQM_GO_V_RESULT, to - 1);
	}
	memcpy(r->s.slot, kept.slot, sizeof(kept.slot));
	r->s.n_slots = kept.n_slots;
	r->s.escaped = kept.escaped;
	if (kept.escaped != INT64_MAX)
		drop_slots(&r->s, kept.escaped, INT64_MAX);
}

static bool never_returns(pqm_bytes name)
{
	return pqm_starts(name, PQM_LIT("runtime.panic")) ||
		pqm_starts(name, PQM_LIT("runtime.goPanic")) || pqm_eqs(name, "runtime.gopanic") ||
		pqm_eqs(name, "runtime.throw");
}

static void visit(struct run *r, const struct pqm_insn *o, uint64_t at)
{
	struct pqm_go_val args[PQM_GO_ARGS];
	uint32_t to = 0;
	bool is_known = (o->op == PQM_OP_CALL || o->op == PQM_OP_JUMP) &&
		pqm_pclntab_at(r->w->table, o->imm, &to);

	for (size_t i = 0; i < PQM_GO_ARGS; i++)
		args[i] = r->s.reg[r->is_a64 ? i : X86_ARG[i]];
	if (is_known && r->w->visit != NULL && to != r->function)
		r->w->visit(r->w->ctx, to, at, args);
	if (o->op != PQM_OP_JUMP)
		after_call(r, is_known ? to + 1 : 0, at);
	if (is_known && o->op == PQM_OP_CALL && never_returns(pqm_pclntab_name(r->w->table, to)))
		r->s.is_live = false;
}

static void meet(struct state *to, const struct state *from)
{
	size_t n = 0;

	for (size_t i = 0; i < REGS; i++)
		if (!same(to->reg[i], from->reg[i]))
			to->reg[i] = UNKNOWN;
	for (size_t i = 0; i < to->n_slots; i++)
		if (same(get_slot(from, to->slot[i].off, to->slot[i].size), to->slot[i].val))
			to->slot[n++] = to->slot[i];
	to->n_slots = n;
	if (from->escaped < to->escaped)
		to->escaped = from->escaped;
}

/* A way to a place further on. */
static void branch(struct run *r, uint64_t to)
{
	size_t i = 0;

	if (to < r->start || to >= r->end || !r->s.is_live)
		return;
	while (i < r->n_joins && r->join[i].at != to)
		i++;
	if (i < r->n_joins)
		meet(&r->join[i].s, &r->s);
	else if (i < JOINS)
		r->join[r->n_joins++] = (struct join){ to, r->s };
}

static int by_place(const void *va, const void *vb)
{
	const uint64_t *a = va, *b = vb;

	return (*a > *b) - (*a < *b);
}

static bool is_head(const struct run *r, uint64_t at)
{
	return r->n_heads > 0 &&
		bsearch(&at, r->heads, r->n_heads, sizeof(*r->heads), by_place) != NULL;
}

static void arrive(struct run *r, uint64_t at)
{
	size_t i = 0;

	for (size_t k = 0; k < r->n_skips; k++)
		if (r->skip[k].to == at)
			r->skip[k].joins = r->s.is_live || r->jumped > at;

	while (i < r->n_joins && r->join[i].at != at)
		i++;
	if (is_head(r, at)) {
		int64_t escaped = r->s.escaped;

		forget(&r->s);
		r->s.escaped = escaped;
	} else if (i < r->n_joins) {
		if (r->s.is_live)
			meet(&r->s, &r->join[i].s);
		else
			r->s = r->join[i].s;
		r->s.is_live = true;
	}
	if (i < r->n_joins)
		r->join[i] = r->join[--r->n_joins];
}

/* orr rd, zr, #imm: how Go loads constants whose bits are one run, repeated [Arm ARM, DecodeBitMasks]. */
static void load_mask(struct pqm_insn *o, uint32_t w)
{
	uint32_t ones = (w >> 10 & 63) + 1, turn = w >> 16 & 63, width = 64;
	uint64_t v;

	if ((w & 0x7f8003e0) != 0x320003e0 || (w >> 31 == 0 && (w >> 22 & 1) != 0) ||
		(w & 31) == 31)
		return;
	if ((w >> 22 & 1) == 0) {
		uint32_t left = ~(w >> 10) & 63;

		if (left < 2)
			return;
		width = 1u << (31 - __builtin_clz(left));
		ones = (w >> 10 & (width - 1)) + 1;
		turn &= width - 1;
	}
	if (ones >= width)
		return;
	v = (UINT64_C(1) << ones) - 1;
	if (turn > 0)
		v = v >> turn | v << (width - turn);
	if (width < 64)
		v &= (UINT64_C(1) << width) - 1;
	for (; width < 64; width *= 2)
		v |= v << width;
	o->op = PQM_OP_IMM;
	o->dst = (uint8_t)(w & 31);
	o->imm = w >> 31 != 0 ? v : (uint32_t)v;
	o->is_address = false;
}

static void decode(const struct run *r, struct pqm_insn *o, uint64_t at)
{
	pqm_bytes b = pqm_sub(r->code, at - r->start, r->code.n);

	if (r->is_a64) {
		pqm_a64_decode(o, b.p, b.n, at);
		if (b.n >= 4)
			load_mask(o, (uint32_t)pqm_gobin_word(b.p, 4, false));
	} else
		pqm_x86_decode(o, b.p, b.n, at);
}

static bool add_head(struct run *r, uint64_t at)
{
	uint64_t *grown = pqm_grow(r->w->arena, r->heads, r->n_heads, &r->cap_heads);

	if (grown == NULL)
		return false;
	r->heads = grown;
	r->heads[r->n_heads++] = at;
	return true;
}

/* Where loops begin; false for functions whose ways are not all told. The start is jumped to again when the stack has
 * grown, with everything as it was; joins that there is no room for are like loops. */
static bool find_heads(struct run *r)
{
	struct pqm_insn o;

	for (uint64_t at = r->start; at < r->end; at += o.len) {
		decode(r, &o, at);
		if (o.len == 0 || o.op == PQM_OP_BAD || o.op == PQM_OP_JUMP_IND)
			return false;
		if ((o.op == PQM_OP_JUMP || o.op == PQM_OP_JUMP_IF) && o.imm > r->start &&
			o.imm <= at && !add_head(r, o.imm))
			return false;
	}
	if (r->n_heads > 1)
		qsort(r->heads, r->n_heads, sizeof(*r->heads), by_place);
	return true;
}

static void other(struct run *r, const struct pqm_insn *o)
{
	if (o->stores)
		store(r, o, VECTOR_BYTES, UNKNOWN);
	for (unsigned i = 0; i < REGS; i++)
		if ((o->kills >> i & 1) != 0)
			set(r, (uint8_t)i, UNKNOWN);
}

static void step(struct run *r, const struct pqm_insn *o, uint64_t at)
{
	struct pqm_go_val v;

	switch ((enum pqm_op)o->op) {
	case PQM_OP_MOV:
		v = get(&r->s, o->src);
		if (o->src == sp_of(r) && o->dst != (r->is_a64 ? A64_FP : X86_FP))
			r->s.escaped = INT64_MIN;
		if (v.kind == PQM_GO_V_INT)
			v.v = low(v.v, o->size, false);
		set(r, o->dst,
			o->src == sp_of(r) || (o->size < 8 && v.kind > PQM_GO_V_INT) ? UNKNOWN : v);
		break;
	case PQM_OP_IMM:
		set(r, o->dst, value(o->is_address ? PQM_GO_V_ADDR : PQM_GO_V_INT, o->imm));
		break;
	case PQM_OP_PAGE:
		set(r, o->dst, value(PQM_GO_V_ADDR, o->imm));
		break;
	case PQM_OP_LEA:
		lea(r, o);
		break;
	case PQM_OP_LOAD:
	case PQM_OP_STORE:
	case PQM_OP_STORE_IMM:
		memory(r, o);
		break;
	case PQM_OP_ADD:
		add(r, o);
		break;
	case PQM_OP_OR:
	case PQM_OP_AND:
		logic(r, o);
		break;
	case PQM_OP_INSERT:
		insert(r, o);
		break;
	case PQM_OP_ZERO:
		set(r, o->dst, value(PQM_GO_V_INT, 0));
		break;
	case PQM_OP_PUSH:
	case PQM_OP_POP:
	case PQM_OP_LEAVE:
		r->s.n_slots = 0;
		r->s.escaped = INT64_MAX;
		set(r, o->op == PQM_OP_POP ? o->dst : PQM_NO_REG, UNKNOWN);
		break;
	case PQM_OP_SELECT:
		if (!same(get(&r->s, o->src), get(&r->s, o->dst)))
			set(r, o->dst, UNKNOWN);
		break;
	case PQM_OP_CALL:
	case PQM_OP_CALL_IND:
		visit(r, o, at);
		break;
	case PQM_OP_JUMP:
		visit(r, o, at);
		branch(r, o->imm);
		r->s.is_live = false;
		break;
	case PQM_OP_JUMP_IF:
		other(r, o);
		branch(r, o->imm);
		if (o->imm > at && r->n_skips < SKIPS)
			r->skip[r->n_skips++] = (struct skip){ at, o->imm, false };
		break;
	case PQM_OP_RET:
	case PQM_OP_STOP:
		r->s.is_live = false;
		break;
	default:
		other(r, o);
	}
}

static bool has_way_around(const struct run *r, uint64_t from, uint64_t at)
{
	for (size_t i = 0; i < r->n_skips; i++) {
		const struct skip *s = &r->skip[i];

		if (s->joins && s->at > from && s->at < at && s->to > at)
			return true;
	}
	return r->n_skips == SKIPS;
}

static void find_optional(struct run *r)
{
	for (size_t i = 0; i < r->w->n_objects; i++) {
		struct pqm_go_object *o = &r->w->objects[i];

		for (size_t k = 0; k < o->n; k++)
			o->store[k].is_optional = has_way_around(r, o->made, o->store[k].at);
	}
}

bool pqm_go_flow(struct pqm_go_flow *w, uint32_t function)
{
	struct run r = { .w = w, .function = function, .is_a64 = w->bin->machine == PQM_GO_ARM64 };
	struct pqm_insn o;

	w->n_objects = 0;
	r.start = w->table->text + w->table->start[function];
	r.end = w->table->text + w->table->start[function + 1];
	if (w->version < (r.is_a64 ? 118U : 117U) || w->bin->machine == PQM_GO_OTHER ||
		r.end - r.start > PQM_GO_CODE_BYTES || !pqm_gobin_at(w->bin, r.start, &r.code) ||
		r.code.n < r.end - r.start)
		return false;
	r.code = pqm_sub(r.code, 0, r.end - r.start);
	if (w->room == NULL)
		w->room = pqm_new(w->arena, struct room, 1);
	if (w->room == NULL || !find_heads(&r))
		return false;
	r.join = ((struct room *)w->room)->join;
	r.skip = ((struct room *)w->room)->skip;
	forget(&r.s);
	for (unsigned i = 0; i < PQM_GO_ARGS; i++)
		r.s.reg[r.is_a64 ? i : X86_ARG[i]] = value(PQM_GO_V_PARAM, i);
	for (uint64_t at = r.start; at < r.end; at += o.len) {
		decode(&r, &o, at);
		r.at = at;
		if (at != r.start)
			arrive(&r, at);
		r.jumped = o.op == PQM_OP_JUMP ? o.imm : 0;
		if (!r.s.is_live) /* nothing that we saw leads here */
			forget(&r.s);
		if (r.n_joins == JOINS)
			return false;
		step(&r, &o, at);
	}
	find_optional(&r);
	return true;
}

bool pqm_go_object_int(
	const struct pqm_go_object *o, uint64_t off, unsigned n, bool zeros, uint64_t *out)
{
	uint8_t byte[8] = { 0 };
	bool known[8] = { false };

	if (o->is_open || n > 8)
		return false;
	for (size_t i = 0; i < o->n; i++) {
		const struct pqm_go_store *s = &o->store[i];

		for (unsigned k = 0; k < n; k++) {
			uint64_t at = off + k;

			if (at < s->off || at - s->off >= s->size)
				continue;
			if (s->val.kind != PQM_GO_V_INT || at - s->off >= 8)
				return false;
			uint8_t b = (uint8_t)(s->val.v >> (8 * (at - s->off)));

			if (known[k] && byte[k] != b)
				return false;
			known[k] = true;
			byte[k] = b;
		}
	}
	for (unsigned k = 0; k < n; k++)
		if (!known[k] && !zeros)
			return false;
	*out = pqm_gobin_word(byte, n, false);
	return true;
}

struct pqm_go_val pqm_go_object_at(const struct pqm_go_object *o, uint64_t off)
{
	struct pqm_go_val v = UNKNOWN;

	for (size_t i = 0; i < o->n; i++) {
		const struct pqm_go_store *s = &o->store[i];

		if (off < s->off || off - s->off >= s->size)
			continue;
		if (s->off != off || s->val.kind == PQM_GO_V_UNKNOWN)
			return UNKNOWN;
		if (v.kind != PQM_GO_V_UNKNOWN && !same(v, s->val))
			return UNKNOWN;
		v = s->val;
	}
	return v;
}
