/* pyc_calls.c — follows the instructions of a compiled Python module to see what it calls, and with what.
 *
 * A name holds what is stored to it when there is one store of it, or when all stores agree; None beside something
 * else is taken for that ("except ImportError: rsa = None"). Each body of code is gone through until names are
 * settled, and once more for its calls. */
#include "base/hash.h"
#include "pyc.h"
#include "pyc_ops.h"

#define STACK 48
#define TARGETS 24
#define NAMES_MAX 16384
/* Dotted paths that are put together in one module. */
#define PATHS_MAX 100000
/* Bytes of the table of lines that are gone through in the time of one instruction. */
#define LINES_A_STEP 64

typedef struct pqm_pyc_value value;

/* What one name of a scope holds. */
struct binding {
	pqm_bytes name;
	value now, before; /* of this pass, and of the one before it */
	bool is_stored, was_stored;
};

struct scope {
	struct binding *name;
	size_t n, cap;
	uint32_t *slot; /* of a hash of the name: 1 + its place; a power of two of them */
	size_t n_slots;
	bool is_function;    /* what is in it sees its names */
	struct scope *outer; /* functions and classes around; the module last */
};

struct stack {
	value at[STACK];
	size_t n; /* below them nothing is known */
};

/* The stack as it is where a jump arrives. */
struct target {
	size_t off;
	struct stack stack;
};

struct walk {
	struct pqm_pyc *p;
	const uint8_t *ops;
	const struct pqm_pyc_look *look;
	enum pqm_st st;
	size_t steps, n_paths;
	/* Of the code that is being followed. */
	const struct pqm_pyc_code *code;
	struct scope *scope, *module;
	struct stack stack;
	struct target *targets;
	size_t n_targets;
	const struct pqm_pyc_obj *keywords; /* of the next call */
	size_t off, next, arg;
	bool is_dead, is_telling;
};

static const value unknown = { PQM_PYC_UNKNOWN, NULL, { NULL, 0 } };
static const value mark = { PQM_PYC_MARK, NULL, { NULL, 0 } };

static void push(struct walk *w, value v)
{
	struct stack *s = &w->stack;

	if (s->n == STACK) {
		memmove(s->at, s->at + 1, (STACK - 1) * sizeof(s->at[0]));
		s->n--;
	}
	s->at[s->n++] = v;
}

static value pop(struct walk *w)
{
	return w->stack.n == 0 ? unknown : w->stack.at[--w->stack.n];
}

static void drop(struct walk *w, size_t n)
{
	w->stack.n = n > w->stack.n ? 0 : w->stack.n - n;
}

/* The n-th from the top, 1 the top itself. */
static value peek(const struct walk *w, size_t n)
{
	return n == 0 || n > w->stack.n ? unknown : w->stack.at[w->stack.n - n];
}

static bool is_same_obj(const struct pqm_pyc_obj *a, const struct pqm_pyc_obj *b)
{
	if (a == b)
		return true;
	return a->type == b->type && !a->is_big && !b->is_big &&
		(a->type == PQM_PYC_NONE || (a->type == PQM_PYC_INT && a->number == b->number) ||
			(a->type == PQM_PYC_TEXT && a->text.n < PQM_PYC_PATH &&
				pqm_eq(a->text, b->text)));
}

static bool is_same(value a, value b)
{
	if (a.known != b.known)
		return false;
	if (a.known == PQM_PYC_CONST)
		return is_same_obj(a.obj, b.obj);
	return pqm_eq(a.path, b.path);
}

static bool is_none(value v)
{
	return v.known == PQM_PYC_CONST && v.obj->type == PQM_PYC_NONE;
}

static value both(value a, value b)
{
	return is_same(a, b) ? a : unknown;
}

/* Keeps, of two stacks that meet, what is the same in both, counted from their tops. */
static void join(struct stack *to, const struct stack *from)
{
	size_t n = to->n < from->n ? to->n : from->n;

	for (size_t i = 0; i < n; i++)
		to->at[n - 1 - i] = both(to->at[to->n - 1 - i], from->at[from->n - 1 - i]);
	to->n = n;
}

static void jump_to(struct walk *w, size_t off)
{
	/* Back in the code is where it came from: what lies on the stack there does not change. */
	if (off < w->next)
		return;
	for (size_t i = 0; i < w->n_targets; i++)
		if (w->targets[i].off == off) {
			join(&w->targets[i].stack, &w->stack);
			return;
		}
	if (w->n_targets == TARGETS) {
		/* Too many at once: where they arrive nothing is known. */
		w->stack.n = 0;
		for (size_t i = 0; i < TARGETS; i++)
			w->targets[i].stack.n = 0;
		return;
	}
	w->targets[w->n_targets].off = off;
	w->targets[w->n_targets++].stack = w->stack;
}

static void arrive(struct walk *w)
{
	for (size_t i = 0; i < w->n_targets;) {
		if (w->targets[i].off > w->off) {
			i++;
			continue;
		}
		if (w->targets[i].off < w->off) {
			/* Into the middle of an instruction: it is not as it seems. */
			w->stack.n = 0;
		} else {
			if (w->is_dead)
				w->stack = w->targets[i].stack;
			else
				join(&w->stack, &w->targets[i].stack);
			w->is_dead = false;
		}
		w->targets[i] = w->targets[--w->n_targets];
	}
	/* Reached some other way: by an exception, or from below. */
	if (w->is_dead) {
		w->stack.n = 0;
		w->is_dead = false;
	}
}

static pqm_bytes text_at(const struct pqm_pyc_obj *tuple, size_t i)
{
	pqm_bytes none = { NULL, 0 };

	/* Longer ones are part of no path, and would be hashed at each instruction. */
	return i < tuple->n && tuple->items[i]->type == PQM_PYC_TEXT &&
			tuple->items[i]->text.n < PQM_PYC_PATH
		? tuple->items[i]->text
		: none;
}

static size_t slot_of(const struct scope *s, pqm_bytes name)
{
	size_t i = (size_t)pqm_hash64(name) & (s->n_slots - 1);

	while (s->slot[i] != 0 && !pqm_eq(s->name[s->slot[i] - 1].name, name))
		i = (i + 1) & (s->n_slots - 1);
	return i;
}

static struct binding *find(const struct scope *s, pqm_bytes name)
{
	uint32_t at = s->n_slots == 0 ? 0 : s->slot[slot_of(s, name)];

	return at == 0 ? NULL : &s->name[at - 1];
}

/* Without room nothing is known of the name. */
static struct binding *add(const struct walk *w, struct scope *s, pqm_bytes name)
{
	struct binding *grown;

	if (s->n >= NAMES_MAX || (grown = pqm_grow(w->p->arena, s->name, s->n, &s->cap)) == NULL)
		return NULL;
	s->name = grown;
	if (2 * (s->n + 1) > s->n_slots) {
		size_t n = s->n_slots == 0 ? 32 : 2 * s->n_slots;
		uint32_t *slot = pqm_new(w->p->arena, uint32_t, n);

		if (slot == NULL)
			return NULL;
		s->slot = slot;
		s->n_slots = n;
		for (size_t i = 0; i < s->n; i++)
			s->slot[slot_of(s, s->name[i].name)] = (uint32_t)i + 1;
	}
	s->slot[slot_of(s, name)] = (uint32_t)s->n + 1;
	s->name[s->n] = (struct binding){ .name = name };
	return &s->name[s->n++];
}

static void store(struct walk *w, struct scope *s, pqm_bytes name, value v)
{
	struct binding *b = name.n == 0 ? NULL : find(s, name);

	if (b == NULL && name.n > 0)
		b = add(w, s, name);
	if (b == NULL)
		return;
	if (v.known == PQM_PYC_MARK)
		v = unknown;
	if (!b->is_stored || is_none(b->now))
		b->now = v;
	else if (!is_none(v))
		b->now = both(b->now, v);
	b->is_stored = true;
}

/* Of the pass before: in it every store was seen. */
static value load_in(struct scope *s, pqm_bytes name, bool *is_there)
{
	const struct binding *b = find(s, name);

	*is_there = b != NULL && b->was_stored;
	return *is_there ? b->before : unknown;
}

/* Of the scope, else of the module. */
static value load(const struct walk *w, struct scope *s, pqm_bytes name)
{
	bool is_there = false;
	value v = s == NULL ? unknown : load_in(s, name, &is_there);

	return is_there ? v : load_in(w->module, name, &is_there);
}

/* Of a function around; what stands in a class is seen by nothing in it. */
static value load_around(struct scope *s, pqm_bytes name)
{
	for (; s != NULL; s = s->outer) {
		bool is_there = false;
		value v = s->is_function ? load_in(s, name, &is_there) : unknown;

		if (is_there)
			return v;
	}
	return unknown;
}

static value attribute(struct walk *w, value v, pqm_bytes name)
{
	if ((v.known != PQM_PYC_PATHED && v.known != PQM_PYC_MADE) || name.n == 0 ||
		v.path.n + name.n >= PQM_PYC_PATH || w->n_paths++ >= PATHS_MAX)
		return unknown;
	v.known = PQM_PYC_PATHED;
	v.path = pqm_arena_f(w->p->arena, "%.*s.%.*s", PQM_FMT(v.path), PQM_FMT(name));
	return v.path.p == NULL ? unknown : v;
}

static value constant(const struct walk *w, size_t i)
{
	if (i >= w->code->consts->n)
		return unknown;
	return (value){ PQM_PYC_CONST, w->code->consts->items[i], { NULL, 0 } };
}

/* The name of a local variable, or of a cell: one list of them from 3.11 on. */
static pqm_bytes deref_name(const struct walk *w, size_t i, bool *is_free)
{
	const struct pqm_pyc_code *k = w->code;

	if (w->p->minor >= 11) {
		*is_free = i < k->kinds.n && (k->kinds.p[i] & 0x80) != 0;
		return text_at(k->locals, i);
	}
	*is_free = i >= k->cells->n;
	return *is_free ? text_at(k->frees, i - k->cells->n) : text_at(k->cells, i);
}

static void load_deref(struct walk *w)
{
	bool is_free;
	pqm_bytes name = deref_name(w, w->arg, &is_free);

	push(w, load_around(is_free ? w->scope->outer : w->scope, name));
}

/* To a variable of a function around: someone else may store to it at any time. */
static void store_deref(struct walk *w)
{
	bool is_free;
	pqm_bytes name = deref_name(w, w->arg, &is_free);
	value v = pop(w);

	if (!is_free) {
		store(w, w->scope, name, v);
		return;
	}
	for (struct scope *s = w->scope->outer; s != NULL; s = s->outer) {
		struct binding *b = s->is_function ? find(s, name) : NULL;

		if (b == NULL)
			continue;
		b->now = b->before = unknown;
		return;
	}
}

/* import a.b: the name a is what it gives, unless something is taken from it. */
static void import(struct walk *w)
{
	value from = pop(w), level = pop(w);
	pqm_bytes name = text_at(w->code->names, w->arg);
	pqm_bytes root = pqm_sub(name, 0, pqm_find_byte(name, 0, '.'));
	bool is_absolute = level.known == PQM_PYC_CONST && level.obj->type == PQM_PYC_INT &&
		level.obj->number == 0;

	if (!is_absolute || name.n == 0 || name.n >= PQM_PYC_PATH || from.known != PQM_PYC_CONST ||
		!w->look->wants(w->look->ctx, root)) {
		push(w, unknown);
		return;
	}
	push(w, (value){ PQM_PYC_PATHED, NULL, is_none(from) ? root : name });
}

static void tell(
	struct walk *w, value callee, size_t n, const struct pqm_pyc_obj *names, bool is_open)
{
	struct pqm_pyc_call c = { .path = callee.path,
		.n_args = n,
		.is_open = is_open,
		.in = w->code,
		.off = (uint64_t)(w->code->code.p - w->p->body.p) + w->off };
	size_t n_names = names == NULL ? 0 : names->n;

	if (n > PQM_PYC_ARGS || n_names > n) {
		c.n_args = 0;
		c.is_open = true;
	}
	for (size_t i = 0; i < c.n_args; i++) {
		c.arg[i] = peek(w, c.n_args - i);
		if (i >= c.n_args - n_names)
			c.keyword[i] = text_at(names, i - (c.n_args - n_names));
	}
	c.line = pqm_pyc_line(w->p, w->code, w->off);
	w->steps += w->code->lines.n / LINES_A_STEP;
	if (w->st == PQM_OK)
		w->st = w->look->seen(w->look->ctx, &c);
}

/* n arguments are on top; below are_below places: the callee and what goes with it. */
static void call(
	struct walk *w, size_t n, size_t below, const struct pqm_pyc_obj *names, bool is_open)
{
	value a = peek(w, n + 1), b = below > 1 ? peek(w, n + 2) : unknown;
	value callee = below > 1 && a.known == PQM_PYC_MARK ? b : a;

	/* Both are something: a method that was looked up in another way, or not what it seems. */
	if (below > 1 && a.known != PQM_PYC_MARK && b.known != PQM_PYC_MARK)
		callee = unknown;
	if (n > w->stack.n)
		callee = unknown;
	if (callee.known == PQM_PYC_PATHED && w->is_telling)
		tell(w, callee, n, names, is_open);
	drop(w, n + below);
	/* What a class or a maker gives has its methods. */
	if (callee.known == PQM_PYC_PATHED)
		callee.known = PQM_PYC_MADE;
	else
		callee = unknown;
	push(w, callee);
}

static const struct pqm_pyc_obj *names_on_top(struct walk *w)
{
	value v = pop(w);

	return v.known == PQM_PYC_CONST && v.obj->type == PQM_PYC_TUPLE ? v.obj : NULL;
}

static void call_open(struct walk *w)
{
	size_t more = (w->arg & 1) != 0;

	drop(w, 1 + more);
	/* 3.11 and 3.12 have a NULL below the callee, 3.13 above it. */
	call(w, 0, w->p->minor >= 11 ? 2 : 1, NULL, true);
}

static void function(struct walk *w)
{
	size_t bits = 0;

	for (unsigned i = 0; i < 4 && w->p->minor < 13; i++)
		bits += (w->arg >> i) & 1;
	/* The code, its qualified name (to 3.10), and what the bits say. */
	drop(w, 1 + (w->p->minor < 11 ? 1u : 0u) + bits);
	push(w, unknown);
}

static size_t jump_unit(const struct walk *w)
{
	return w->p->minor >= 10 ? 2 : 1;
}

static void jump(struct walk *w, enum pqm_pyc_op op)
{
	size_t far = w->arg * jump_unit(w);
	bool is_absolute = op == PQM_OP_JUMP_TO || op == PQM_OP_IF_TO || op == PQM_OP_OR_TO;
	size_t off = is_absolute ? far : w->next + far;

	if (op == PQM_OP_IF || op == PQM_OP_IF_TO)
		drop(w, 1);
	jump_to(w, off);
	if (op == PQM_OP_OR || op == PQM_OP_OR_TO)
		drop(w, 1);
	w->is_dead = op == PQM_OP_JUMP || op == PQM_OP_JUMP_TO;
}

/* Moves of values that stay as they are. */
static void shuffle(struct walk *w, enum pqm_pyc_op op)
{
	struct stack *s = &w->stack;
	size_t n = op == PQM_OP_SWAP ? w->arg : op == PQM_OP_ROT2 ? 2 : 3;
	value top;

	if (op == PQM_OP_COPY || op == PQM_OP_DUP) {
		push(w, peek(w, op == PQM_OP_DUP ? 1 : w->arg));
		return;
	}
	if (n < 2 || n > s->n) {
		s->n = 0;
		return;
	}
	top = s->at[s->n - 1];
	if (op == PQM_OP_ROT3) {
		s->at[s->n - 1] = s->at[s->n - 2];
		s->at[s->n - 2] = s->at[s->n - 3];
		s->at[s->n - 3] = top;
		return;
	}
	s->at[s->n - 1] = s->at[s->n - n];
	s->at[s->n - n] = top;
}

static void fast(struct walk *w, size_t i)
{
	bool is_there;

	push(w, load_in(w->scope, text_at(w->code->locals, i), &is_there));
}

static void to_fast(struct walk *w, size_t i)
{
	store(w, w->scope, text_at(w->code->locals, i), pop(w));
}

/* What loads and stores names. False: another instruction. */
static bool step_name(struct walk *w, enum pqm_pyc_op op)
{
	pqm_bytes name = text_at(w->code->names, op == PQM_OP_GLOBAL_NULL ? w->arg >> 1 : w->arg);
	value v;

	switch (op) {
	case PQM_OP_NAME:
		push(w, load(w, w->scope, name));
		return true;
	case PQM_OP_GLOBAL:
	case PQM_OP_GLOBAL_NULL:
		v = load(w, NULL, name);
		/* Before 3.13 the NULL comes first. */
		if (op == PQM_OP_GLOBAL_NULL && (w->arg & 1) != 0 && w->p->minor < 13)
			push(w, mark);
		push(w, v);
		if (op == PQM_OP_GLOBAL_NULL && (w->arg & 1) != 0 && w->p->minor >= 13)
			push(w, mark);
		return true;
	case PQM_OP_FAST:
		fast(w, w->arg);
		return true;
	case PQM_OP_FAST_FAST:
		fast(w, w->arg >> 4);
		fast(w, w->arg & 15);
		return true;
	case PQM_OP_TO_NAME:
		store(w, w->scope, name, pop(w));
		return true;
	case PQM_OP_TO_GLOBAL:
		store(w, w->module, name, pop(w));
		return true;
	case PQM_OP_TO_FAST:
		to_fast(w, w->arg);
		return true;
	case PQM_OP_TO_FAST_FAST:
		to_fast(w, w->arg >> 4);
		to_fast(w, w->arg & 15);
		return true;
	case PQM_OP_TO_FAST_LOAD:
		to_fast(w, w->arg >> 4);
		fast(w, w->arg & 15);
		return true;
	case PQM_OP_DEREF:
		load_deref(w);
		return true;
	case PQM_OP_TO_DEREF:
		store_deref(w);
		return true;
	default:
		return false;
	}
}

static void method(struct walk *w, size_t i)
{
	push(w, attribute(w, pop(w), text_at(w->code->names, i)));
	push(w, mark);
}

/* Calls, and what goes before them. */
static bool step_call(struct walk *w, enum pqm_pyc_op op)
{
	const struct pqm_pyc_obj *names = w->keywords;

	switch (op) {
	case PQM_OP_ATTR:
		push(w, attribute(w, pop(w), text_at(w->code->names, w->arg)));
		return true;
	case PQM_OP_ATTR_METHOD:
		if ((w->arg & 1) != 0)
			method(w, w->arg >> 1);
		else
			push(w, attribute(w, pop(w), text_at(w->code->names, w->arg >> 1)));
		return true;
	case PQM_OP_METHOD:
		method(w, w->arg);
		return true;
	case PQM_OP_IMPORT:
		import(w);
		return true;
	case PQM_OP_FROM:
		push(w, attribute(w, peek(w, 1), text_at(w->code->names, w->arg)));
		return true;
	case PQM_OP_KEYWORDS:
		w->keywords = w->arg < w->code->consts->n ? w->code->consts->items[w->arg] : NULL;
		if (w->keywords != NULL && w->keywords->type != PQM_PYC_TUPLE)
			w->keywords = NULL;
		return true;
	case PQM_OP_NULL:
		push(w, mark);
		return true;
	case PQM_OP_CALL:
		w->keywords = NULL;
		call(w, w->arg, 2, names, false);
		return true;
	case PQM_OP_CALL_PLAIN:
		call(w, w->arg, 1, NULL, false);
		return true;
	case PQM_OP_CALL_METHOD:
		call(w, w->arg, 2, NULL, false);
		return true;
	case PQM_OP_CALL_NAMED:
	case PQM_OP_CALL_KW:
		names = names_on_top(w);
		call(w, w->arg, op == PQM_OP_CALL_KW ? 2 : 1, names, names == NULL);
		return true;
	case PQM_OP_CALL_OPEN:
		call_open(w);
		return true;
	default:
		return false;
	}
}

static void replace(struct walk *w, size_t pops, size_t pushes)
{
	drop(w, pops);
	for (size_t i = 0; i < pushes && i < STACK; i++)
		push(w, unknown);
}

static void step_rest(struct walk *w, enum pqm_pyc_op op)
{
	static const uint8_t pops[] = { [PQM_OP_POP1] = 1, [PQM_OP_POP2] = 2, [PQM_OP_POP3] = 3 };

	switch (op) {
	case PQM_OP_NOP:
	case PQM_OP_CACHE:
	case PQM_OP_EXTEND:
		return;
	case PQM_OP_POP1:
	case PQM_OP_POP2:
	case PQM_OP_POP3:
		drop(w, pops[op]);
		return;
	case PQM_OP_PUSH1:
	case PQM_OP_FOR:
		push(w, unknown);
		return;
	case PQM_OP_ONE:
	case PQM_OP_TWO:
	case PQM_OP_THREE:
		replace(w, op == PQM_OP_ONE ? 1 : op == PQM_OP_TWO ? 2 : 3, 1);
		return;
	case PQM_OP_BUILD:
		replace(w, w->arg, 1);
		return;
	case PQM_OP_BUILD_MAP:
		replace(w, w->arg > STACK ? STACK : 2 * w->arg, 1);
		return;
	case PQM_OP_BUILD_KEYS:
		replace(w, w->arg > STACK ? STACK : w->arg + 1, 1);
		return;
	case PQM_OP_FORMAT:
		replace(w, (w->arg & 4) != 0 ? 2 : 1, 1);
		return;
	case PQM_OP_UNPACK:
		replace(w, 1, w->arg);
		return;
	case PQM_OP_FUNCTION:
		function(w);
		return;
	case PQM_OP_CONST:
		push(w, constant(w, w->arg));
		return;
	case PQM_OP_COPY:
	case PQM_OP_DUP:
	case PQM_OP_SWAP:
	case PQM_OP_ROT2:
	case PQM_OP_ROT3:
		shuffle(w, op);
		return;
	case PQM_OP_JUMP:
	case PQM_OP_JUMP_TO:
	case PQM_OP_IF:
	case PQM_OP_IF_TO:
	case PQM_OP_OR:
	case PQM_OP_OR_TO:
		jump(w, op);
		return;
	case PQM_OP_END:
		w->is_dead = true;
		return;
	default:
		w->stack.n = 0;
	}
}

/* One pass over the code. */
static void follow(struct walk *w)
{
	pqm_bytes code = w->code->code;
	size_t high = 0;

	w->stack.n = w->n_targets = 0;
	w->keywords = NULL;
	w->is_dead = false;
	for (size_t i = 0; i < w->code->n_params && i < w->code->locals->n; i++, w->steps++)
		store(w, w->scope, text_at(w->code->locals, i), unknown);
	for (w->off = 0; w->off + 1 < code.n && w->steps < PQM_PYC_STEPS && w->st == PQM_OK;
		w->off = w->next) {
		enum pqm_pyc_op op = (enum pqm_pyc_op)w->ops[code.p[w->off]];

		w->steps++;
		w->arg = high << 8 | code.p[w->off + 1];
		high = op == PQM_OP_EXTEND ? w->arg & 0xffffff : 0;
		for (w->next = w->off + 2;
			w->next + 1 < code.n && w->p->minor >= 11 && code.p[w->next] == 0;)
			w->next += 2;
		/* A jump arrives at what stands before an instruction, too. */
		if (w->n_targets > 0 || w->is_dead)
			arrive(w);
		if (!step_name(w, op) && !step_call(w, op))
			step_rest(w, op);
	}
}

static void settle(struct scope *s)
{
	for (size_t i = 0; i < s->n; i++) {
		s->name[i].before = s->name[i].now;
		s->name[i].was_stored = s->name[i].is_stored;
	}
}

static void start_over(struct scope *s)
{
	for (size_t i = 0; i < s->n; i++)
		s->name[i].is_stored = false;
}

/* Goes through the code until names are settled; the bodies in it come after it. */
static void settle_code(struct walk *w, const struct pqm_pyc_code *k, struct scope *s)
{
	w->code = k;
	w->scope = s;
	w->is_telling = false;
	for (unsigned pass = 0; pass < 3; pass++) {
		start_over(s);
		follow(w);
		settle(s);
	}
}

static void visit(struct walk *w, struct pqm_pyc_code *k, struct scope *outer, unsigned depth)
{
	/* CO_OPTIMIZED: a function, not a class. */
	struct scope s = { .outer = outer, .is_function = (k->flags & 1) != 0 };
	struct scope *own = outer == NULL ? w->module : &s;

	if (k->is_seen || depth > PQM_PYC_DEPTH)
		return;
	k->is_seen = true;
	if (outer != NULL)
		settle_code(w, k, own);
	w->code = k;
	w->scope = own;
	w->is_telling = true;
	follow(w);
	/* One list may be that of many bodies. */
	for (uint32_t i = 0; i < k->consts->n && w->steps < PQM_PYC_STEPS; i++, w->steps++)
		if (k->consts->items[i]->type == PQM_PYC_CODE)
			visit(w, k->consts->items[i]->code, own, depth + 1);
}

/* A function may store to a global at any time: when it stores what nobody else does, nothing is known of it. */
static void find_global_stores(struct walk *w)
{
	for (size_t i = 1; i < w->p->n_codes; i++) {
		const struct pqm_pyc_code *k = w->p->codes[i];
		size_t high = 0;

		for (size_t off = 0; off + 1 < k->code.n && w->steps < PQM_PYC_STEPS; off += 2) {
			enum pqm_pyc_op op = (enum pqm_pyc_op)w->ops[k->code.p[off]];
			size_t arg = high << 8 | k->code.p[off + 1];

			w->steps++;
			high = op == PQM_OP_EXTEND ? arg & 0xffffff : 0;
			if (op == PQM_OP_TO_GLOBAL) {
				store(w, w->module, text_at(k->names, arg), unknown);
				store(w, w->module, text_at(k->names, arg), unknown);
			}
		}
	}
}

enum pqm_st pqm_pyc_calls(struct pqm_pyc *p, const struct pqm_pyc_look *look, struct pqm_err *err)
{
	struct scope module = { .outer = NULL };
	struct walk w = { .p = p, .look = look, .module = &module };

	w.ops = pqm_pyc_ops(p->minor);
	if (w.ops == NULL || p->module == NULL)
		return PQM_OK;
	w.targets = pqm_new(p->arena, struct target, TARGETS);
	if (w.targets == NULL)
		return pqm_fail(err, PQM_ENOMEM, "Python bytecode: out of memory");
	w.code = p->module;
	w.scope = &module;
	for (unsigned pass = 0; pass < 3; pass++) {
		start_over(&module);
		find_global_stores(&w);
		w.code = p->module;
		follow(&w);
		settle(&module);
	}
	visit(&w, p->module, NULL, 0);
	if (w.st != PQM_OK)
		return w.st;
	if (w.n_paths >= PATHS_MAX || w.steps >= PQM_PYC_STEPS)
		return pqm_fail(err, PQM_ELIMIT,
			"Python bytecode: more than 8 million steps or 100,000 names; the rest was "
			"not followed");
	return PQM_OK;
}

const struct pqm_pyc_value *pqm_pyc_arg(const struct pqm_pyc_call *c, size_t at, pqm_bytes keyword)
{
	for (size_t i = 0; i < c->n_args; i++) {
		if (c->keyword[i].n == 0 && i == at)
			return &c->arg[i];
		if (c->keyword[i].n > 0 && pqm_eq(c->keyword[i], keyword))
			return &c->arg[i];
	}
	return NULL;
}
