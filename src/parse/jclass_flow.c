#include "jclass_flow.h"

#include "base/limits.h"
#include "parse/jclass_code.h"

/* What is known where ways meet, or on the way. */
struct state {
	struct pqm_jval *slot; /* locals, then the stack */
	uint32_t depth;
	bool is_seen, is_queued;
};

struct flow {
	struct pqm_jclass *c;
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

static bool mark_meeting(void *ctx, int64_t to)
{
	struct flow *f = ctx;

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

		if (from >= to || to > f->m->code.n || !mark_meeting(f, (int64_t)from) ||
			!mark_meeting(f, (int64_t)((size_t)p[4] << 8 | p[5])))
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
		unsigned op = pqm_jcode_u8(f->m->code, pc);

		n = pqm_jcode_length(f->m->code, pc);
		if (n == 0)
			return bad(f, pc, "no instruction");
		f->mark[pc] |= IS_START;
		if (!pqm_jcode_targets(f->m->code, pc, mark_meeting, f))
			return bad(f, pc, "a jump leads out of the method");
		/* What comes back from a subroutine. */
		if ((op == PQM_JOP_JSR || op == PQM_JOP_JSR_W) && pc + n < f->m->code.n)
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

/* False: the class has cost as much as it may. */
static bool spend(struct flow *f, size_t n)
{
	f->c->work = f->c->work < n ? 0 : f->c->work - n;
	return f->c->work > 0;
}

static enum pqm_st too_much(struct flow *f)
{
	return pqm_fail(f->err, PQM_ELIMIT, "class file: its methods cost too much to follow");
}

static enum pqm_st make_meets(struct flow *f)
{
	struct pqm_jval *slots;
	size_t k = 0;

	f->n_slots = (size_t)f->m->max_locals + f->m->max_stack;
	if ((f->n_meets + 1) * (f->n_slots + 1) > PQM_JFLOW_SLOTS)
		return pqm_fail(f->err, PQM_ELIMIT, "class file: a method is too large to follow");
	if (!spend(f, (f->n_meets + 1) * (f->n_slots + 1) / 8))
		return too_much(f);
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

	(void)spend(f, n + depth);
	/* No virtual machine takes code whose ways meet with different depths. */
	if (s->is_seen && depth != s->depth)
		depth = 0;
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

static bool meet_target(void *ctx, int64_t to)
{
	meet(ctx, (size_t)to, false);
	return true;
}

/* Whoever handles what the instruction at pc throws sees the locals as they are. */
static void meet_handlers(struct flow *f, size_t pc)
{
	(void)spend(f, f->m->handlers.n / 8);
	for (size_t i = 0; i + 8 <= f->m->handlers.n && f->c->work > 0; i += 8) {
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
	o->stores[o->n_stores++] = (struct pqm_jstore){ (uint32_t)pc,
		(uint16_t)pqm_jcode_u16(f->m->code, pc + 1), value };
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
	unsigned op = pqm_jcode_u8(f->m->code, pc), n;
	struct pqm_jclass_ref ref;
	struct pqm_jval v;

	if (pqm_jclass_tag(f->c, pqm_jcode_u16(f->m->code, pc + 1)) != PQM_J_FIELD ||
		!pqm_jclass_ref(f->c, pqm_jcode_u16(f->m->code, pc + 1), &ref) || ref.desc.n == 0)
		return bad(f, pc, "no field");
	n = slots_of(ref.desc.p[0]);
	if (op == PQM_JOP_PUTSTATIC || op == PQM_JOP_PUTFIELD) {
		v = pop(f);
		if (n == 2) {
			(void)pop(f);
			v = unknown();
		}
		pop_n(f, op == PQM_JOP_PUTFIELD);
		return tell_store(f, pc, v);
	}
	pop_n(f, op == PQM_JOP_GETFIELD);
	v = (struct pqm_jval){ PQM_JV_FIELD, pqm_jcode_u16(f->m->code, pc + 1) };
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
		.ref = (uint16_t)pqm_jcode_u16(f->m->code, pc + 1),
		.op = (uint8_t)pqm_jcode_u8(f->m->code, pc),
		.n_args = (uint8_t)n_args,
		.args = kept };
	return PQM_OK;
}

static enum pqm_st do_call(struct flow *f, size_t pc)
{
	unsigned op = pqm_jcode_u8(f->m->code, pc), gives = 0;
	bool has_receiver = op != PQM_JOP_INVOKESTATIC && op != PQM_JOP_INVOKEDYNAMIC;
	uint8_t slots[256];
	struct pqm_jval args[256];
	struct pqm_jclass_ref ref;
	int n;

	if (!pqm_jclass_ref(f->c, pqm_jcode_u16(f->m->code, pc + 1), &ref) ||
		pqm_jclass_tag(f->c, pqm_jcode_u16(f->m->code, pc + 1)) == PQM_J_FIELD)
		return bad(f, pc, "a call of no method");
	n = pqm_jdesc(ref.desc, slots, &gives);
	if (n < 0)
		return bad(f, pc, "a descriptor that is none");
	unsigned n_args = (unsigned)n + has_receiver;

	if (n_args > UINT8_MAX) /* [JVMS §4.3.3] */
		return bad(f, pc, "a descriptor that is none");
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
	return f->is_telling && op != PQM_JOP_INVOKEDYNAMIC ? tell_call(f, pc, args, n_args)
							    : PQM_OK;
}

/* dup, dup_x1, dup_x2, dup2, dup2_x1, dup2_x2: n slots are doubled and go under x others. */
static void do_dup(struct flow *f, unsigned op)
{
	unsigned n = op < PQM_JOP_DUP + 3 ? 1 : 2, x = (op - PQM_JOP_DUP) % 3;
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
	struct pqm_jval v = op == PQM_JOP_ARETURN || op == PQM_JOP_IRETURN ? pop(f) : unknown();
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
	unsigned op = pqm_jcode_u8(f->m->code, pc + 1);
	size_t i = pqm_jcode_u16(f->m->code, pc + 2);

	if (op >= PQM_JOP_ILOAD && op <= PQM_JOP_ALOAD)
		do_load(f, op - PQM_JOP_ILOAD, i);
	else if (op >= PQM_JOP_ISTORE && op <= PQM_JOP_ASTORE)
		do_store(f, op - PQM_JOP_ISTORE, i);
	else if (op == PQM_JOP_IINC)
		set_local(f, i, unknown());
}

/* What is left: takes and gives so many slots, of which nothing is known. */
static enum pqm_st do_plain(struct flow *f, size_t pc, unsigned op)
{
	struct pqm_jelem e;

	if (op == PQM_JOP_AASTORE) {
		e.value = pop(f);
		e.index = pop(f);
		e.array = pop(f);
		return tell_elem(f, &e);
	}
	if (op == PQM_JOP_MULTIANEWARRAY)
		pop_n(f, pqm_jcode_u8(f->m->code, pc + 3));
	pop_n(f, pqm_jcode_pops(op));
	for (unsigned i = 0; i < pqm_jcode_pushes(op); i++)
		push(f, op == PQM_JOP_ANEWARRAY || op == PQM_JOP_NEW ? made(pc) : unknown());
	if (op == PQM_JOP_MULTIANEWARRAY)
		push(f, unknown());
	return PQM_OK;
}

static enum pqm_st do_constant(struct flow *f, size_t pc, unsigned op)
{
	struct pqm_jval v = { PQM_JV_INT, 0 };

	if (op <= PQM_JOP_ICONST_5)
		v.v = op - 3; /* iconst_0 */
	else if (op == PQM_JOP_BIPUSH)
		v.v = (uint32_t)(int8_t)pqm_jcode_u8(f->m->code, pc + 1);
	else if (op == PQM_JOP_SIPUSH)
		v.v = (uint32_t)pqm_jcode_s16(f->m->code, pc + 1);
	else
		v = constant(f,
			op == PQM_JOP_LDC ? pqm_jcode_u8(f->m->code, pc + 1)
					  : pqm_jcode_u16(f->m->code, pc + 1));
	push(f, v);
	return PQM_OK;
}

static enum pqm_st step(struct flow *f, size_t pc)
{
	unsigned op = pqm_jcode_u8(f->m->code, pc);

	if ((op >= PQM_JOP_ICONST_M1 && op <= PQM_JOP_ICONST_5) ||
		(op >= PQM_JOP_BIPUSH && op <= PQM_JOP_LDC_W))
		return do_constant(f, pc, op);
	if (op >= PQM_JOP_ILOAD && op <= PQM_JOP_ALOAD)
		do_load(f, op - PQM_JOP_ILOAD, pqm_jcode_u8(f->m->code, pc + 1));
	else if (op >= PQM_JOP_ILOAD_0 && op <= PQM_JOP_ALOAD_3)
		do_load(f, (op - PQM_JOP_ILOAD_0) / 4, (op - PQM_JOP_ILOAD_0) % 4);
	else if (op >= PQM_JOP_ISTORE && op <= PQM_JOP_ASTORE)
		do_store(f, op - PQM_JOP_ISTORE, pqm_jcode_u8(f->m->code, pc + 1));
	else if (op >= PQM_JOP_ISTORE_0 && op <= PQM_JOP_ASTORE_3)
		do_store(f, (op - PQM_JOP_ISTORE_0) / 4, (op - PQM_JOP_ISTORE_0) % 4);
	else if (op >= PQM_JOP_DUP && op < PQM_JOP_SWAP)
		do_dup(f, op);
	else if (op == PQM_JOP_IINC)
		set_local(f, pqm_jcode_u8(f->m->code, pc + 1), unknown());
	else if (op >= PQM_JOP_IRETURN && op <= PQM_JOP_RETURN)
		return do_return(f, op);
	else if (op >= PQM_JOP_GETSTATIC && op <= PQM_JOP_PUTFIELD)
		return do_field(f, pc);
	else if (op >= PQM_JOP_INVOKEVIRTUAL && op <= PQM_JOP_INVOKEDYNAMIC)
		return do_call(f, pc);
	else if (op == PQM_JOP_WIDE)
		do_wide(f, pc);
	else if (op != PQM_JOP_CHECKCAST) /* which leaves what it looks at */
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

	(void)spend(f, f->n_slots / 8);
	memcpy(f->now.slot, f->meets[k].slot, f->n_slots * sizeof(*f->now.slot));
	f->now.depth = f->meets[k].depth;
	f->is_moved = true;
	for (bool first = true; st == PQM_OK; pc += n, first = false) {
		unsigned op = pqm_jcode_u8(f->m->code, pc);

		if (pc >= f->m->code.n)
			return bad(f, pc, "the code runs out of its end");
		if (!first && (f->mark[pc] & IS_MEETING) != 0) {
			meet(f, pc, false);
			return PQM_OK;
		}
		if (f->budget-- == 0)
			return pqm_fail(f->err, PQM_ELIMIT,
				"class file: a method has too many ways to follow");
		if (!spend(f, 1))
			return too_much(f);
		if (f->is_moved)
			meet_handlers(f, pc);
		f->is_moved = false;
		n = pqm_jcode_length(f->m->code, pc);
		st = step(f, pc);
		if (st == PQM_OK)
			(void)pqm_jcode_targets(f->m->code, pc, meet_target, f);
		if (op == PQM_JOP_JSR || op == PQM_JOP_JSR_W)
			come_back(f, pc + n);
		if (pqm_jcode_ends(op))
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

enum pqm_st pqm_jflow(struct pqm_jflow *out, struct pqm_jclass *c,
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
