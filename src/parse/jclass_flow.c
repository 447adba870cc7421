#include "jclass_flow.h"

#include "base/limits.h"

enum {
	OP_ACONST_NULL = 1,
	OP_ICONST_M1 = 2,
	OP_ICONST_5 = 8,
	OP_BIPUSH = 16,
	OP_SIPUSH,
	OP_LDC,
	OP_LDC_W,
	OP_ILOAD = 21,
	OP_ALOAD = 25,
	OP_ILOAD_0 = 26,
	OP_ALOAD_3 = 45,
	OP_ISTORE = 54,
	OP_ASTORE = 58,
	OP_ISTORE_0 = 59,
	OP_ASTORE_3 = 78,
	OP_AASTORE = 83,
	OP_DUP = 89,
	OP_SWAP = 95,
	OP_IINC = 132,
	OP_IFEQ = 153,
	OP_JSR = 168,
	OP_GOTO = 167,
	OP_RET = 169,
	OP_TABLESWITCH,
	OP_LOOKUPSWITCH,
	OP_IRETURN = 172,
	OP_ARETURN = 176,
	OP_RETURN,
	OP_GETSTATIC,
	OP_PUTSTATIC,
	OP_GETFIELD,
	OP_PUTFIELD,
	OP_INVOKEVIRTUAL,
	OP_INVOKESTATIC = 184,
	OP_INVOKEDYNAMIC = 186,
	OP_NEW,
	OP_ANEWARRAY = 189,
	OP_ATHROW = 191,
	OP_CHECKCAST,
	OP_WIDE = 196,
	OP_MULTIANEWARRAY,
	OP_IFNULL,
	OP_IFNONNULL,
	OP_GOTO_W,
	OP_JSR_W,
	OP_LAST = OP_JSR_W
};

/* Length, slots popped and slots pushed of each opcode, as three digits; 0: of several lengths. */
static const char *const effects[] = {
	/* 0: constants */
	"100", "101", "101", "101", "101", "101", "101", "101", "101", "102", "102", "101", "101",
	"101", "102", "102", "201", "301", "201", "301", "302",
	/* 21: loads */
	"201", "202", "201", "202", "201", "101", "101", "101", "101", "102", "102", "102", "102",
	"101", "101", "101", "101", "102", "102", "102", "102", "101", "101", "101", "101", "121",
	"122", "121", "122", "121", "121", "121", "121",
	/* 54: stores */
	"210", "220", "210", "220", "210", "110", "110", "110", "110", "120", "120", "120", "120",
	"110", "110", "110", "110", "120", "120", "120", "120", "110", "110", "110", "110", "130",
	"140", "130", "140", "130", "130", "130", "130",
	/* 87: stack */
	"110", "120", "112", "123", "134", "124", "135", "146", "122",
	/* 96: arithmetic */
	"121", "142", "121", "142", "121", "142", "121", "142", "121", "142", "121", "142", "121",
	"142", "121", "142", "121", "142", "121", "142", "111", "122", "111", "122", "121", "132",
	"121", "132", "121", "132", "121", "142", "121", "142", "121", "142", "300",
	/* 133: conversions, comparisons */
	"112", "111", "112", "121", "121", "122", "111", "112", "112", "121", "122", "121", "111",
	"111", "111", "141", "121", "121", "141", "141",
	/* 153: branches */
	"310", "310", "310", "310", "310", "310", "320", "320", "320", "320", "320", "320", "320",
	"320", "300", "301", "200", "010", "010", "110", "120", "110", "120", "110", "100",
	/* 178: fields, calls, objects; what calls and fields take and give is in their descriptors */
	"300", "300", "300", "300", "300", "300", "300", "500", "500", "301", "211", "311", "111",
	"110", "311", "311", "110", "110", "000", "400", "310", "310", "500", "501"
};

_Static_assert(sizeof(effects) / sizeof(effects[0]) == OP_LAST + 1, "one row for each opcode");

/* What is known where ways meet, or on the way. */
struct state {
	struct pqm_jval *slot; /* locals, then the stack */
	uint32_t depth;
	bool is_seen, is_queued;
};

struct flow {
	const struct pqm_jclass *c;
	const struct pqm_jclass_member *m;
	struct pqm_arena *arena; /* for what is told */
	struct pqm_arena own;	 /* for the rest */
	struct pqm_err *err;
	struct pqm_jflow *out;
	uint8_t *mark;	     /* by pc: IS_START, IS_MEETING */
	struct state *meets; /* where ways meet, by order of pc */
	uint32_t *meet_of;   /* by pc: index in meets + 1 */
	uint32_t *meet_pc;
	size_t n_meets, n_slots;
	uint32_t *queue;
	size_t n_queue;
	struct state now;
	uint64_t budget;
	bool is_telling; /* values are final */
	bool is_moved;	 /* the locals changed since handlers saw them */
};

#define IS_START 1
#define IS_MEETING 2

static enum pqm_st bad(struct flow *f, size_t pc, const char *words)
{
	size_t at = (size_t)(f->m->code.p - f->c->body.p) + pc;

	return pqm_fail(f->err, PQM_EPARSE, "class file: at byte %zu, in code: %s", at, words);
}

static uint32_t u8(const struct flow *f, size_t pc)
{
	return pc < f->m->code.n ? f->m->code.p[pc] : 0;
}

static uint32_t u16(const struct flow *f, size_t pc)
{
	return u8(f, pc) << 8 | u8(f, pc + 1);
}

static int64_t s16(const struct flow *f, size_t pc)
{
	return (int16_t)u16(f, pc);
}

static int64_t s32(const struct flow *f, size_t pc)
{
	return (int32_t)(u16(f, pc) << 16 | u16(f, pc + 2));
}

/* How many jumps the switch at pc has, and where the first of them is written. */
static int64_t switch_jumps(const struct flow *f, size_t pc, size_t *first, size_t *step)
{
	size_t at = (pc + 4) & ~(size_t)3;

	if (u8(f, pc) == OP_TABLESWITCH) {
		*first = at + 12;
		*step = 4;
		return s32(f, at + 8) - s32(f, at + 4) + 1;
	}
	*first = at + 12;
	*step = 8;
	return s32(f, at + 4);
}

/* 0: no instruction, or one that is cut off. */
static size_t length_at(const struct flow *f, size_t pc)
{
	unsigned op = u8(f, pc);
	size_t n = op > OP_LAST ? 0 : (size_t)(effects[op][0] - '0');

	if (op == OP_WIDE) {
		n = u8(f, pc + 1) == OP_IINC ? 6 : 4;
	} else if (op == OP_TABLESWITCH || op == OP_LOOKUPSWITCH) {
		size_t first, step;
		int64_t jumps = switch_jumps(f, pc, &first, &step);

		if (jumps < 0 || jumps > (int64_t)f->m->code.n)
			return 0;
		/* The last pair of a lookupswitch ends with its jump. */
		n = first + (size_t)jumps * step - (step == 8 ? 4 : 0) - pc;
	}
	return n <= f->m->code.n - pc ? n : 0;
}

static bool is_branch(unsigned op)
{
	return (op >= OP_IFEQ && op <= OP_JSR) || op == OP_IFNULL || op == OP_IFNONNULL ||
		op == OP_GOTO_W || op == OP_JSR_W;
}

static bool ends_way(unsigned op)
{
	return op == OP_GOTO || op == OP_GOTO_W || op == OP_RET || op == OP_JSR || op == OP_JSR_W ||
		(op >= OP_TABLESWITCH && op <= OP_RETURN) || op == OP_ATHROW;
}

/* Calls see for each place that the instruction at pc may jump to. */
static bool each_target(
	struct flow *f, size_t pc, bool (*see)(struct flow *f, size_t from, int64_t to))
{
	unsigned op = u8(f, pc);

	if (op == OP_GOTO_W || op == OP_JSR_W)
		return see(f, pc, (int64_t)pc + s32(f, pc + 1));
	if (is_branch(op))
		return see(f, pc, (int64_t)pc + s16(f, pc + 1));
	if (op != OP_TABLESWITCH && op != OP_LOOKUPSWITCH)
		return true;
	size_t first, step, base = (pc + 4) & ~(size_t)3;
	int64_t jumps = switch_jumps(f, pc, &first, &step);

	for (int64_t i = 0; i < jumps; i++)
		if (!see(f, pc, (int64_t)pc + s32(f, first + (size_t)i * step)))
			return false;
	return see(f, pc, (int64_t)pc + s32(f, base));
}

static bool mark_meeting(struct flow *f, size_t from, int64_t to)
{
	(void)from;
	if (to < 0 || to >= (int64_t)f->m->code.n)
		return false;
	f->mark[to] |= IS_MEETING;
	return true;
}

static bool mark_handlers(struct flow *f)
{
	for (size_t i = 0; i + 8 <= f->m->handlers.n; i += 8) {
		const uint8_t *p = f->m->handlers.p + i;
		size_t from = (size_t)p[0] << 8 | p[1], to = (size_t)p[2] << 8 | p[3];

		if (from >= to || to > f->m->code.n || !mark_meeting(f, 0, (int64_t)from) ||
			!mark_meeting(f, 0, (int64_t)((size_t)p[4] << 8 | p[5])))
			return false;
		if (to < f->m->code.n)
			f->mark[to] |= IS_MEETING;
	}
	return true;
}

static enum pqm_st decode(struct flow *f)
{
	size_t n;

	f->mark[0] |= IS_MEETING;
	for (size_t pc = 0; pc < f->m->code.n; pc += n) {
		unsigned op = u8(f, pc);

		n = length_at(f, pc);
		if (n == 0)
			return bad(f, pc, "no instruction");
		f->mark[pc] |= IS_START;
		if (!each_target(f, pc, mark_meeting))
			return bad(f, pc, "a jump leads out of the method");
		/* What comes back from a subroutine. */
		if ((op == OP_JSR || op == OP_JSR_W) && pc + n < f->m->code.n)
			f->mark[pc + n] |= IS_MEETING;
	}
	if (!mark_handlers(f))
		return bad(f, 0, "a handler leads out of the method");
	for (size_t pc = 0; pc < f->m->code.n; pc++) {
		if (f->mark[pc] == IS_MEETING)
			return bad(f, pc, "a jump leads into an instruction");
		f->n_meets += f->mark[pc] == (IS_START | IS_MEETING);
	}
	return PQM_OK;
}

static enum pqm_st no_memory(struct flow *f)
{
	return pqm_fail(f->err, PQM_ENOMEM, "class file: out of memory");
}

static enum pqm_st make_meets(struct flow *f)
{
	struct pqm_jval *slots;
	size_t k = 0;

	f->n_slots = (size_t)f->m->max_locals + f->m->max_stack;
	if ((f->n_meets + 1) * (f->n_slots + 1) > PQM_JFLOW_SLOTS)
		return pqm_fail(f->err, PQM_ELIMIT, "class file: a method is too large to follow");
	slots = pqm_new(&f->own, struct pqm_jval, (f->n_meets + 1) * (f->n_slots + 1));
	f->meets = pqm_new(&f->own, struct state, f->n_meets);
	f->meet_pc = pqm_new(&f->own, uint32_t, f->n_meets);
	f->queue = pqm_new(&f->own, uint32_t, f->n_meets);
	f->meet_of = pqm_new(&f->own, uint32_t, f->m->code.n);
	if (slots == NULL || f->meets == NULL || f->meet_pc == NULL || f->queue == NULL ||
		f->meet_of == NULL)
		return no_memory(f);
	for (size_t pc = 0; pc < f->m->code.n; pc++)
		if ((f->mark[pc] & IS_MEETING) != 0) {
			f->meets[k].slot = slots + (k + 1) * (f->n_slots + 1);
			f->meet_pc[k] = (uint32_t)pc;
			f->meet_of[pc] = (uint32_t)++k;
		}
	f->now.slot = slots;
	return PQM_OK;
}

static struct pqm_jval unknown(void)
{
	return (struct pqm_jval){ PQM_JV_UNKNOWN, 0 };
}

static void push(struct flow *f, struct pqm_jval v)
{
	if (f->now.depth < f->m->max_stack)
		f->now.slot[f->m->max_locals + f->now.depth++] = v;
}

static struct pqm_jval pop(struct flow *f)
{
	if (f->now.depth == 0)
		return unknown();
	return f->now.slot[f->m->max_locals + --f->now.depth];
}

static void pop_n(struct flow *f, unsigned n)
{
	f->now.depth -= n < f->now.depth ? n : f->now.depth;
}

static struct pqm_jval local(const struct flow *f, size_t i)
{
	return i < f->m->max_locals ? f->now.slot[i] : unknown();
}

static void set_local(struct flow *f, size_t i, struct pqm_jval v)
{
	if (i < f->m->max_locals)
		f->now.slot[i] = v;
	f->is_moved = true;
}

/* Merges what is known now into the meeting; n_stack UINT32_MAX: its stack is that of a handler. */
static void meet(struct flow *f, size_t pc, bool is_handler)
{
	size_t k = f->meet_of[pc] - 1;
	struct state *s = &f->meets[k];
	uint32_t depth = is_handler ? (f->m->max_stack > 0 ? 1 : 0) : f->now.depth;
	bool changed = !s->is_seen;
	size_t n = f->m->max_locals;

	if (s->is_seen && depth > s->depth)
		depth = s->depth;
	for (size_t i = 0; i < n + depth; i++) {
		struct pqm_jval v = i >= n && is_handler ? unknown() : f->now.slot[i],
				*to = &s->slot[i];

		if (!s->is_seen) {
			*to = v;
		} else if ((to->kind != v.kind || to->v != v.v) && to->kind != PQM_JV_UNKNOWN) {
			*to = unknown();
			changed = true;
		}
	}
	changed |= depth != s->depth;
	s->depth = depth;
	s->is_seen = true;
	if (changed && !s->is_queued && !f->is_telling) {
		s->is_queued = true;
		f->queue[f->n_queue++] = (uint32_t)k;
	}
}

static bool meet_target(struct flow *f, size_t from, int64_t to)
{
	(void)from;
	meet(f, (size_t)to, false);
	return true;
}

/* Whoever handles what the instruction at pc throws sees the locals as they are. */
static void meet_handlers(struct flow *f, size_t pc)
{
	for (size_t i = 0; i + 8 <= f->m->handlers.n; i += 8) {
		const uint8_t *p = f->m->handlers.p + i;
		size_t from = (size_t)p[0] << 8 | p[1], to = (size_t)p[2] << 8 | p[3];

		if (pc >= from && pc < to)
			meet(f, (size_t)p[4] << 8 | p[5], true);
	}
}

static struct pqm_jval constant(const struct flow *f, size_t index)
{
	int32_t n;

	if (pqm_jclass_int(f->c, index, &n))
		return (struct pqm_jval){ PQM_JV_INT, (uint32_t)n };
	if (pqm_jclass_tag(f->c, index) == PQM_J_STRING)
		return (struct pqm_jval){ PQM_JV_TEXT, (uint32_t)index };
	return unknown();
}

static struct pqm_jval made(size_t pc)
{
	return (struct pqm_jval){ PQM_JV_MADE, (uint32_t)pc };
}

static enum pqm_st tell_store(struct flow *f, size_t pc, struct pqm_jval value)
{
	struct pqm_jflow *o = f->out;
	struct pqm_jstore *grown;

	if (!f->is_telling)
		return PQM_OK;
	grown = pqm_grow(f->arena, o->stores, o->n_stores, &o->cap_stores);
	if (grown == NULL)
		return no_memory(f);
	o->stores = grown;
	o->stores[o->n_stores++] =
		(struct pqm_jstore){ (uint32_t)pc, (uint16_t)u16(f, pc + 1), value };
	return PQM_OK;
}

static enum pqm_st tell_elem(struct flow *f, const struct pqm_jelem *e)
{
	struct pqm_jflow *o = f->out;
	struct pqm_jelem *grown;

	if (!f->is_telling || e->array.kind != PQM_JV_MADE)
		return PQM_OK;
	grown = pqm_grow(f->arena, o->elems, o->n_elems, &o->cap_elems);
	if (grown == NULL)
		return no_memory(f);
	o->elems = grown;
	o->elems[o->n_elems++] = *e;
	return PQM_OK;
}

static unsigned slots_of(uint8_t first)
{
	return first == 'V' ? 0 : first == 'J' || first == 'D' ? 2 : 1;
}

static enum pqm_st do_field(struct flow *f, size_t pc)
{
	unsigned op = u8(f, pc), n;
	struct pqm_jclass_ref ref;
	struct pqm_jval v;

	if (pqm_jclass_tag(f->c, u16(f, pc + 1)) != PQM_J_FIELD ||
		!pqm_jclass_ref(f->c, u16(f, pc + 1), &ref) || ref.desc.n == 0)
		return bad(f, pc, "no field");
	n = slots_of(ref.desc.p[0]);
	if (op == OP_PUTSTATIC || op == OP_PUTFIELD) {
		v = pop(f);
		if (n == 2) {
			(void)pop(f);
			v = unknown();
		}
		pop_n(f, op == OP_PUTFIELD);
		return tell_store(f, pc, v);
	}
	pop_n(f, op == OP_GETFIELD);
	v = (struct pqm_jval){ PQM_JV_FIELD, u16(f, pc + 1) };
	push(f, n == 2 ? unknown() : v);
	if (n == 2)
		push(f, unknown());
	return PQM_OK;
}

/* Takes one descriptor off the front; its first byte, or 0. */
static uint8_t take_type(pqm_bytes *rest)
{
	size_t n = 0;
	uint8_t first = rest->n > 0 ? rest->p[0] : 0;

	while (n < rest->n && rest->p[n] == '[')
		n++;
	if (n < rest->n && rest->p[n] == 'L')
		n = pqm_find_byte(*rest, n, ';');
	if (n >= rest->n)
		return 0;
	*rest = pqm_sub(*rest, n + 1, rest->n);
	return first;
}

int pqm_jdesc(pqm_bytes desc, uint8_t slots[256], unsigned *gives)
{
	pqm_bytes rest = pqm_sub(desc, 1, desc.n);
	int n = 0;

	if (desc.n < 3 || desc.p[0] != '(')
		return -1;
	while (rest.n > 0 && rest.p[0] != ')') {
		uint8_t first = take_type(&rest);

		if (first == 0 || first == 'V' || n == 255)
			return -1;
		slots[n++] = (uint8_t)slots_of(first);
	}
	if (rest.n < 2)
		return -1;
	*gives = slots_of(rest.p[1]);
	return n;
}

pqm_bytes pqm_jdesc_arg(pqm_bytes desc, size_t n)
{
	pqm_bytes rest = pqm_sub(desc, 1, desc.n), start = rest;

	for (size_t i = 0; i <= n; i++) {
		start = rest;
		if (rest.n == 0 || rest.p[0] == ')' || take_type(&rest) == 0)
			return (pqm_bytes){ NULL, 0 };
	}
	return pqm_sub(start, 0, start.n - rest.n);
}

static enum pqm_st tell_call(
	struct flow *f, size_t pc, const struct pqm_jval *args, unsigned n_args)
{
	struct pqm_jflow *o = f->out;
	struct pqm_jcall *grown = pqm_grow(f->arena, o->calls, o->n_calls, &o->cap_calls);
	struct pqm_jval *kept = pqm_new(f->arena, struct pqm_jval, n_args);

	if (grown == NULL || kept == NULL)
		return no_memory(f);
	if (n_args > 0)
		memcpy(kept, args, n_args * sizeof(*args));
	o->calls = grown;
	o->calls[o->n_calls++] = (struct pqm_jcall){ .pc = (uint32_t)pc,
		.ref = (uint16_t)u16(f, pc + 1),
		.op = (uint8_t)u8(f, pc),
		.n_args = (uint8_t)n_args,
		.args = kept };
	return PQM_OK;
}

static enum pqm_st do_call(struct flow *f, size_t pc)
{
	unsigned op = u8(f, pc), gives = 0;
	bool has_receiver = op != OP_INVOKESTATIC && op != OP_INVOKEDYNAMIC;
	uint8_t slots[256];
	struct pqm_jval args[256];
	struct pqm_jclass_ref ref;
	int n;

	if (!pqm_jclass_ref(f->c, u16(f, pc + 1), &ref) ||
		pqm_jclass_tag(f->c, u16(f, pc + 1)) == PQM_J_FIELD)
		return bad(f, pc, "a call of no method");
	n = pqm_jdesc(ref.desc, slots, &gives);
	if (n < 0)
		return bad(f, pc, "a descriptor that is none");
	unsigned n_args = (unsigned)n + has_receiver;

	for (unsigned i = n_args; i > has_receiver; i--) {
		args[i - 1] = pop(f);
		if (slots[i - 1 - has_receiver] == 2) {
			(void)pop(f);
			args[i - 1] = unknown();
		}
	}
	if (has_receiver)
		args[0] = pop(f);
	for (unsigned i = 0; i < gives; i++)
		push(f, gives == 1 ? made(pc) : unknown());
	return f->is_telling && op != OP_INVOKEDYNAMIC ? tell_call(f, pc, args, n_args) : PQM_OK;
}

/* dup, dup_x1, dup_x2, dup2, dup2_x1, dup2_x2: n slots are doubled and go under x others. */
static void do_dup(struct flow *f, unsigned op)
{
	unsigned n = op < OP_DUP + 3 ? 1 : 2, x = (op - OP_DUP) % 3;
	struct pqm_jval v[4];

	for (unsigned i = 0; i < n + x; i++)
		v[i] = pop(f);
	for (unsigned i = n; i > 0; i--)
		push(f, v[i - 1]);
	for (unsigned i = n + x; i > 0; i--)
		push(f, v[i - 1]);
}

static void do_store(struct flow *f, unsigned kind, size_t i)
{
	/* kind 1 and 3: long and double take two slots, of which nothing is known. */
	bool is_wide = kind == 1 || kind == 3;
	struct pqm_jval v = pop(f);

	if (is_wide)
		(void)pop(f);
	set_local(f, i, is_wide ? unknown() : v);
	if (is_wide)
		set_local(f, i + 1, unknown());
}

static void do_load(struct flow *f, unsigned kind, size_t i)
{
	bool is_wide = kind == 1 || kind == 3;

	push(f, is_wide ? unknown() : local(f, i));
	if (is_wide)
		push(f, unknown());
}

static enum pqm_st do_return(struct flow *f, unsigned op)
{
	struct pqm_jval v = op == OP_ARETURN || op == OP_IRETURN ? pop(f) : unknown();
	struct pqm_jflow *o = f->out;

	if (!f->is_telling)
		return PQM_OK;
	if (o->has_return && (o->gives.kind != v.kind || o->gives.v != v.v))
		v = unknown();
	o->gives = v;
	o->has_return = true;
	return PQM_OK;
}

static void do_wide(struct flow *f, size_t pc)
{
	unsigned op = u8(f, pc + 1);
	size_t i = u16(f, pc + 2);

	if (op >= OP_ILOAD && op <= OP_ALOAD)
		do_load(f, op - OP_ILOAD, i);
	else if (op >= OP_ISTORE && op <= OP_ASTORE)
		do_store(f, op - OP_ISTORE, i);
	else if (op == OP_IINC)
		set_local(f, i, unknown());
}

/* What is left: takes and gives so many slots, of which nothing is known. */
static enum pqm_st do_plain(struct flow *f, size_t pc, unsigned op)
{
	struct pqm_jelem e;

	if (op == OP_AASTORE) {
		e.value = pop(f);
		e.index = pop(f);
		e.array = pop(f);
		return tell_elem(f, &e);
	}
	if (op == OP_MULTIANEWARRAY)
		pop_n(f, u8(f, pc + 3));
	pop_n(f, (unsigned)(effects[op][1] - '0'));
	for (int i = 0; i < effects[op][2] - '0'; i++)
		push(f, op == OP_ANEWARRAY || op == OP_NEW ? made(pc) : unknown());
	if (op == OP_MULTIANEWARRAY)
		push(f, unknown());
	return PQM_OK;
}

static enum pqm_st do_constant(struct flow *f, size_t pc, unsigned op)
{
	struct pqm_jval v = { PQM_JV_INT, 0 };

	if (op <= OP_ICONST_5)
		v.v = op - 3; /* iconst_0 */
	else if (op == OP_BIPUSH)
		v.v = (uint32_t)(int8_t)u8(f, pc + 1);
	else if (op == OP_SIPUSH)
		v.v = (uint32_t)s16(f, pc + 1);
	else
		v = constant(f, op == OP_LDC ? u8(f, pc + 1) : u16(f, pc + 1));
	push(f, v);
	return PQM_OK;
}

static enum pqm_st step(struct flow *f, size_t pc)
{
	unsigned op = u8(f, pc);

	if ((op >= OP_ICONST_M1 && op <= OP_ICONST_5) || (op >= OP_BIPUSH && op <= OP_LDC_W))
		return do_constant(f, pc, op);
	if (op >= OP_ILOAD && op <= OP_ALOAD)
		do_load(f, op - OP_ILOAD, u8(f, pc + 1));
	else if (op >= OP_ILOAD_0 && op <= OP_ALOAD_3)
		do_load(f, (op - OP_ILOAD_0) / 4, (op - OP_ILOAD_0) % 4);
	else if (op >= OP_ISTORE && op <= OP_ASTORE)
		do_store(f, op - OP_ISTORE, u8(f, pc + 1));
	else if (op >= OP_ISTORE_0 && op <= OP_ASTORE_3)
		do_store(f, (op - OP_ISTORE_0) / 4, (op - OP_ISTORE_0) % 4);
	else if (op >= OP_DUP && op < OP_SWAP)
		do_dup(f, op);
	else if (op == OP_IINC)
		set_local(f, u8(f, pc + 1), unknown());
	else if (op >= OP_IRETURN && op <= OP_RETURN)
		return do_return(f, op);
	else if (op >= OP_GETSTATIC && op <= OP_PUTFIELD)
		return do_field(f, pc);
	else if (op >= OP_INVOKEVIRTUAL && op <= OP_INVOKEDYNAMIC)
		return do_call(f, pc);
	else if (op == OP_WIDE)
		do_wide(f, pc);
	else if (op != OP_CHECKCAST) /* which leaves what it looks at */
		return do_plain(f, pc, op);
	return PQM_OK;
}

/* A subroutine may have changed every local when it comes back. */
static void come_back(struct flow *f, size_t pc)
{
	pop_n(f, 1); /* the return address */
	for (size_t i = 0; i < f->m->max_locals; i++)
		f->now.slot[i] = unknown();
	if (pc < f->m->code.n)
		meet(f, pc, false);
}

/* From one meeting to the next, or to the end of the way. */
static enum pqm_st run_from(struct flow *f, size_t k)
{
	size_t pc = f->meet_pc[k], n;
	enum pqm_st st = PQM_OK;

	memcpy(f->now.slot, f->meets[k].slot, f->n_slots * sizeof(*f->now.slot));
	f->now.depth = f->meets[k].depth;
	f->is_moved = true;
	for (bool first = true; st == PQM_OK; pc += n, first = false) {
		unsigned op = u8(f, pc);

		if (pc >= f->m->code.n)
			return bad(f, pc, "the code runs out of its end");
		if (!first && (f->mark[pc] & IS_MEETING) != 0) {
			meet(f, pc, false);
			return PQM_OK;
		}
		if (f->budget-- == 0)
			return pqm_fail(f->err, PQM_ELIMIT,
				"class file: a method has too many ways to follow");
		if (f->is_moved)
			meet_handlers(f, pc);
		f->is_moved = false;
		n = length_at(f, pc);
		st = step(f, pc);
		if (st == PQM_OK)
			(void)each_target(f, pc, meet_target);
		if (op == OP_JSR || op == OP_JSR_W)
			come_back(f, pc + n);
		if (ends_way(op))
			return st;
	}
	return st;
}

static enum pqm_st set_params(struct flow *f)
{
	uint8_t slots[256];
	unsigned gives;
	int n = pqm_jdesc(f->m->desc, slots, &gives);
	size_t at = 0;
	uint32_t arg = 0;

	if (n < 0)
		return bad(f, 0, "a method with a descriptor that is none");
	for (size_t i = 0; i < f->n_slots; i++)
		f->now.slot[i] = unknown();
	if ((f->m->access & PQM_J_STATIC) == 0)
		set_local(f, at++, (struct pqm_jval){ PQM_JV_PARAM, arg++ });
	for (int i = 0; i < n; at += slots[i++])
		set_local(f, at,
			slots[i] == 2 ? (arg++, unknown())
				      : (struct pqm_jval){ PQM_JV_PARAM, arg++ });
	meet(f, 0, false);
	return PQM_OK;
}

static enum pqm_st follow(struct flow *f)
{
	enum pqm_st st = decode(f);

	if (st == PQM_OK)
		st = make_meets(f);
	if (st == PQM_OK)
		st = set_params(f);
	while (st == PQM_OK && f->n_queue > 0) {
		size_t k = f->queue[--f->n_queue];

		f->meets[k].is_queued = false;
		st = run_from(f, k);
	}
	f->is_telling = true;
	for (size_t k = 0; st == PQM_OK && k < f->n_meets; k++)
		if (f->meets[k].is_seen)
			st = run_from(f, k);
	return st;
}

enum pqm_st pqm_jflow(struct pqm_jflow *out, const struct pqm_jclass *c,
	const struct pqm_jclass_member *m, struct pqm_arena *arena, struct pqm_err *err)
{
	struct flow f = {
		.c = c, .m = m, .arena = arena, .err = err, .out = out, .budget = PQM_JFLOW_STEPS
	};
	enum pqm_st st = PQM_OK;

	*out = (struct pqm_jflow){ 0 };
	if (m->code.n == 0)
		return PQM_OK;
	pqm_arena_init(&f.own, PQM_ARENA_BYTES);
	f.mark = pqm_arena_alloc(&f.own, m->code.n);
	st = f.mark == NULL ? no_memory(&f) : follow(&f);
	pqm_arena_fini(&f.own);
	return st;
}
