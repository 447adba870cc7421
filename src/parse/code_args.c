/* code_args.c — decodes the functions around wanted calls, and asks callers what their parameters are. */
#include "code_args.h"

/* Functions with more callers are called with anything. */
#define CALLERS_MAX 256

/* Different things that callers hand over; callers of these may make them the same. */
#define SOURCES PQM_FLOW_WAYS

/* Arguments that are followed along single ways: those in registers on both machines. */
#define WAY_ARGS 6

struct source {
	struct pqm_val val;
	uint32_t owner; /* whose parameter a PARAM is */
};

/* What callers hand to a function as one argument. More than SOURCES: anything. */
struct given {
	struct source source[SOURCES];
	uint32_t n;
};

struct answer {
	uint32_t func;
	bool is_open; /* somebody may call it whom we do not see */
	struct given arg[PQM_CALL_ARGS];
};

struct look {
	struct pqm_img *g;
	struct pqm_found_calls *out;
	struct answer *answers;
	size_t n_answers, cap_answers;
	size_t n_settled; /* answers of earlier rounds */
	uint32_t func;
	bool wants_calls;
	struct pqm_flow flow;
};

static bool take_call(struct look *k, const struct pqm_insn *o, uint32_t rva,
	const struct pqm_state *s, struct pqm_goal goal, bool is_jump)
{
	struct pqm_img *g = k->g;
	struct pqm_found_calls *out = k->out;
	bool is_import = goal.kind == PQM_GOAL_IMPORT;
	uint8_t sp = g->is_a64 ? PQM_A64_SP : 4;

	/* Entries of a linkage table that no flow reaches are no code of the program. */
	if (o->op == PQM_OP_JUMP_IND && s->reg[sp].kind != PQM_V_STACK)
		return true;
	if (!is_import && goal.index == k->func)
		return true;
	struct pqm_found_call *grown = pqm_grow(g->arena, out->call, out->n, &out->cap);

	if (grown == NULL)
		return false;
	out->call = grown;
	struct pqm_found_call *c = &out->call[out->n++];

	*c = (struct pqm_found_call){ .at = rva,
		.func = k->func,
		.import = is_import ? goal.index : 0,
		.to = is_import ? PQM_NO_FUNC : goal.index,
		.is_tail = is_jump,
		.is_loose = (g->funcs[k->func].flags & PQM_F_GUESS) != 0 &&
			s->reg[sp].kind != PQM_V_STACK };
	for (size_t i = 0; i < PQM_CALL_ARGS && !k->flow.is_odd; i++) {
		c->arg[i] = pqm_state_arg(g, s, i, is_jump);
		k->flow.wants_ways |= i < WAY_ARGS && c->arg[i].kind == PQM_V_UNKNOWN;
	}
	return true;
}

/* Worth to be told apart: numbers and texts. */
static bool is_plain(const struct pqm_img *g, struct pqm_val v)
{
	pqm_bytes text;

	return v.kind == PQM_V_INT || (v.kind == PQM_V_ADDR && pqm_code_text(g, v.v, &text));
}

/* Tells the call at index `call` once for each of n values of the arguments in `mask`. */
static bool tell_each(
	struct look *k, size_t call, uint32_t mask, struct pqm_val (*arg)[PQM_CALL_ARGS], size_t n)
{
	struct pqm_found_calls *out = k->out;

	for (size_t i = 0; i < n; i++) {
		struct pqm_found_call c = out->call[call];
		bool is_known = false;

		c.way = (uint32_t)i;
		for (size_t a = 0; a < PQM_CALL_ARGS; a++)
			c.arg[a] = (mask >> a & 1) != 0 ? arg[i][a] : c.arg[a];
		for (size_t b = 0; b < i && !is_known; b++)
			is_known = memcmp(arg[b], arg[i], sizeof(arg[b])) == 0;
		if (is_known)
			continue;
		if (i == 0) {
			out->call[call] = c;
			continue;
		}
		struct pqm_found_call *grown = pqm_grow(k->g->arena, out->call, out->n, &out->cap);

		if (grown == NULL)
			return false;
		out->call = grown;
		out->call[out->n++] = c;
	}
	return true;
}

/* Arguments of the last call that are one thing on each of the ways there, though not the same. */
static bool visit_ways(void *ctx, const struct pqm_state *way, size_t n)
{
	struct look *k = ctx;
	const struct pqm_found_call *c = &k->out->call[k->out->n - 1];
	struct pqm_val arg[PQM_FLOW_WAYS][PQM_CALL_ARGS] = { 0 };
	uint32_t mask = 0;

	for (size_t a = 0; a < WAY_ARGS; a++) {
		bool all = c->arg[a].kind == PQM_V_UNKNOWN;

		for (size_t i = 0; i < n && all; i++) {
			arg[i][a] = pqm_state_arg(k->g, &way[i], a, c->is_tail);
			all = is_plain(k->g, arg[i][a]);
		}
		if (all)
			mask |= UINT32_C(1) << a;
	}
	for (size_t i = 0; i < n; i++)
		for (size_t a = 0; a < PQM_CALL_ARGS; a++)
			if ((mask >> a & 1) == 0)
				arg[i][a] = (struct pqm_val){ 0 };
	return mask == 0 || tell_each(k, k->out->n - 1, mask, arg, n);
}

static void take_given(struct given *to, struct source from)
{
	for (uint32_t i = 0; i < to->n && i < SOURCES; i++)
		if (pqm_val_same(to->source[i].val, from.val) &&
			(from.val.kind != PQM_V_PARAM || to->source[i].owner == from.owner))
			return;
	if (to->n < SOURCES)
		to->source[to->n] = from;
	if (to->n <= SOURCES)
		to->n++;
}

static void take_answer(struct look *k, struct answer *a, const struct pqm_state *s, bool is_jump)
{
	for (size_t i = 0; i < PQM_CALL_ARGS; i++) {
		struct source from = { .owner = k->func };

		if (!k->flow.is_odd)
			from.val = pqm_state_arg(k->g, s, i, is_jump);
		/* A function that calls itself with what it was handed says nothing. */
		if (from.val.kind == PQM_V_PARAM && k->func == a->func && from.val.v == i)
			continue;
		if (from.val.kind == PQM_V_STACK)
			from.val = (struct pqm_val){ 0 };
		take_given(&a->arg[i], from);
	}
}

static bool visit(void *ctx, const struct pqm_insn *o, uint32_t rva, const struct pqm_state *s)
{
	struct look *k = ctx;
	struct pqm_goal goal;
	bool is_jump = o->op != PQM_OP_CALL && o->op != PQM_OP_CALL_IND;
	bool is_wanted = pqm_state_callee(k->g, s, o, &goal);

	if (is_wanted && k->wants_calls && !take_call(k, o, rva, s, goal, is_jump))
		return false;
	if (goal.kind == PQM_GOAL_FUNC && (k->g->funcs[goal.index].flags & PQM_F_ASKED) != 0) {
		uint32_t i = k->g->funcs[goal.index].import;

		if (i >= k->n_settled && !k->wants_calls)
			take_answer(k, &k->answers[i], s, is_jump);
	}
	return true;
}

static enum pqm_st read_func(struct look *k, uint32_t f, struct pqm_err *err)
{
	k->func = f;
	k->out->n_decoded++;
	enum pqm_st st = pqm_code_flow(&k->flow, f, err);

	if (st == PQM_ELIMIT) {
		k->out->is_cut = true;
		return PQM_OK;
	}
	return st;
}

/* ---- the calls ---- */

static bool is_stub_func(struct look *k, uint32_t f)
{
	return pqm_code_goal(k->g, k->g->funcs[f].start).kind == PQM_GOAL_IMPORT;
}

static enum pqm_st read_sites(struct look *k, struct pqm_err *err)
{
	struct pqm_img *g = k->g;
	enum pqm_st st = PQM_OK;

	for (size_t i = 0; i < g->n_sites; i++)
		g->funcs[g->sites[i].func].flags |= PQM_F_DECODE;
	k->wants_calls = true;
	for (uint32_t f = 0; st == PQM_OK && f < g->n_funcs && !k->out->is_cut; f++)
		if ((g->funcs[f].flags & PQM_F_DECODE) != 0 && !is_stub_func(k, f))
			st = read_func(k, f, err);
	k->wants_calls = false;
	return st;
}

static int by_at(const void *va, const void *vb)
{
	const struct pqm_found_call *a = va, *b = vb;

	if (a->at != b->at)
		return a->at < b->at ? -1 : 1;
	return (a->way > b->way) - (a->way < b->way);
}

/* The calls stand in the order of their functions. */
static bool is_called_in(const struct pqm_found_calls *out, size_t n, const struct pqm_site *s)
{
	size_t lo = 0, hi = n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (out->call[mid].func < s->func)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo < n && out->call[lo].func == s->func; lo++)
		if (out->call[lo].to == s->to &&
			(s->to != PQM_NO_FUNC || out->call[lo].import == s->import))
			return true;
	return false;
}

static bool add_reference(struct pqm_img *g, struct pqm_found_calls *out, struct pqm_found_call c)
{
	struct pqm_found_call *grown = pqm_grow(g->arena, out->call, out->n, &out->cap);

	if (grown == NULL)
		return false;
	out->call = grown;
	c.is_reference = true;
	out->call[out->n++] = c;
	return true;
}

/* Addresses of wanted functions that are taken and not called from where they were taken. */
static bool add_references(struct look *k)
{
	struct pqm_img *g = k->g;
	size_t n = k->out->n;

	for (size_t i = 0; i < g->n_sites; i++) {
		const struct pqm_site *s = &g->sites[i];

		if (!s->is_reference || is_called_in(k->out, n, s) || is_stub_func(k, s->func))
			continue;
		if (!add_reference(g, k->out,
			    (struct pqm_found_call){ .at = s->at,
				    .func = s->func,
				    .import = s->import,
				    .to = s->to }))
			return false;
	}
	for (size_t i = 0; i < g->n_slots; i++) {
		const struct pqm_slot *s = &g->slots[i];

		if (!s->is_import || !s->is_table || !g->imports[s->value].is_wanted)
			continue;
		if (!add_reference(g, k->out,
			    (struct pqm_found_call){ .at = s->at,
				    .func = PQM_NO_FUNC,
				    .import = s->value,
				    .to = PQM_NO_FUNC }))
			return false;
	}
	return true;
}

/* ---- parameters ---- */

static bool ask(struct look *k, uint32_t f)
{
	struct pqm_func *to = &k->g->funcs[f];

	if ((to->flags & PQM_F_ASKED) != 0)
		return true;
	struct answer *grown = pqm_grow(k->g->arena, k->answers, k->n_answers, &k->cap_answers);

	if (grown == NULL)
		return false;
	k->answers = grown;
	to->flags |= PQM_F_ASKED;
	to->import = (uint32_t)k->n_answers;
	k->answers[k->n_answers++] = (struct answer){ .func = f,
		.is_open = k->g->is_cut ||
			(to->flags & (PQM_F_ENTRY | PQM_F_EXPORT | PQM_F_TAKEN | PQM_F_MAIN)) !=
				0 };
	return true;
}

/* Counts who calls the functions that are asked in this round, and marks them. */
static void mark_callers(struct look *k, uint32_t *count)
{
	struct pqm_img *g = k->g;

	for (int pass = 0; pass < 2; pass++)
		for (uint32_t f = 0; f < g->n_funcs; f++) {
			size_t end = f + 1 < g->n_funcs ? g->funcs[f + 1].edges : g->n_edges;

			for (size_t e = g->funcs[f].edges; e < end; e++) {
				const struct pqm_func *to = &g->funcs[g->edges[e].to];

				if (g->edges[e].kind != PQM_EDGE_CALL ||
					(to->flags & PQM_F_ASKED) == 0 || to->import < k->n_settled)
					continue;
				struct answer *a = &k->answers[to->import];

				if (pass == 0 && ++count[to->import] > CALLERS_MAX)
					a->is_open = true;
				if (pass == 1 && !a->is_open)
					g->funcs[f].flags |= PQM_F_DECODE;
			}
		}
}

/* One round: all callers of the functions asked since the last one. */
static enum pqm_st read_callers(struct look *k, struct pqm_err *err)
{
	struct pqm_img *g = k->g;
	enum pqm_st st = PQM_OK;
	uint32_t *count = pqm_new(g->arena, uint32_t, k->n_answers);

	if (count == NULL)
		return pqm_fail(err, PQM_ENOMEM, "code: out of memory");
	for (uint32_t f = 0; f < g->n_funcs; f++)
		g->funcs[f].flags &= ~(uint32_t)PQM_F_DECODE;
	mark_callers(k, count);
	for (uint32_t f = 0; st == PQM_OK && f < g->n_funcs && !k->out->is_cut; f++)
		if ((g->funcs[f].flags & PQM_F_DECODE) != 0)
			st = read_func(k, f, err);
	if (k->out->is_cut)
		for (size_t i = k->n_settled; i < k->n_answers; i++)
			k->answers[i].is_open = true;
	return st;
}

/* Whose parameters the callers of an asked function handed on. */
static bool ask_further(struct look *k, size_t answer)
{
	for (size_t a = 0; a < PQM_CALL_ARGS; a++)
		for (uint32_t i = 0; i < k->answers[answer].arg[a].n && i < SOURCES; i++) {
			struct source from = k->answers[answer].arg[a].source[i];

			if (from.val.kind == PQM_V_PARAM && !ask(k, from.owner))
				return false;
		}
	return true;
}

static enum pqm_st ask_callers(struct look *k, struct pqm_err *err)
{
	enum pqm_st st = PQM_OK;

	for (size_t i = 0; i < k->out->n; i++)
		for (size_t a = 0; a < PQM_CALL_ARGS; a++)
			if (k->out->call[i].arg[a].kind == PQM_V_PARAM &&
				!ask(k, k->out->call[i].func))
				return pqm_fail(err, PQM_ENOMEM, "code: out of memory");
	for (unsigned round = 0; st == PQM_OK && round < PQM_CODE_ROUNDS; round++) {
		size_t from = k->n_settled, to = k->n_answers;

		if (from == to)
			break;
		st = read_callers(k, err);
		k->n_settled = to;
		for (size_t i = from; st == PQM_OK && i < to && round + 1 < PQM_CODE_ROUNDS; i++)
			if (!ask_further(k, i))
				return pqm_fail(err, PQM_ENOMEM, "code: out of memory");
	}
	return st;
}

/* What v is in the end: a parameter is what all callers hand over, when that is one thing. */
static struct pqm_val resolve(
	const struct look *k, struct pqm_val v, uint32_t owner, unsigned depth)
{
	const struct pqm_val unknown = { 0 };

	if (v.kind == PQM_V_STACK)
		return unknown;
	if (v.kind != PQM_V_PARAM)
		return v;
	const struct pqm_func *f = &k->g->funcs[owner];

	if ((f->flags & PQM_F_ASKED) == 0 || f->import >= k->n_settled || depth > PQM_CODE_ROUNDS)
		return unknown;
	const struct answer *a = &k->answers[f->import];
	const struct given *given = &a->arg[v.v];
	struct pqm_val all = unknown;

	if (a->is_open || given->n == 0 || given->n > SOURCES)
		return unknown;
	for (uint32_t i = 0; i < given->n; i++) {
		struct pqm_val one =
			resolve(k, given->source[i].val, given->source[i].owner, depth + 1);

		if (one.kind == PQM_V_UNKNOWN || (i > 0 && !pqm_val_same(one, all)))
			return unknown;
		all = one;
	}
	if (v.is_sext != 0 && all.kind != PQM_V_INT)
		return unknown;
	if (v.is_sext != 0)
		all.v = (uint64_t)(int64_t)(int32_t)(uint32_t)all.v;
	return all;
}

/* The values that callers hand over as a parameter, when there are several, all of them are known, and the
 * program gets to each of these callers. */
static size_t several(const struct look *k, struct pqm_val v, uint32_t owner, struct pqm_val *out)
{
	const struct pqm_func *f = v.kind == PQM_V_PARAM ? &k->g->funcs[owner] : NULL;

	if (f == NULL || (f->flags & PQM_F_ASKED) == 0 || f->import >= k->n_settled)
		return 0;
	const struct answer *a = &k->answers[f->import];
	const struct given *given = &a->arg[v.v];

	if (a->is_open || given->n < 2 || given->n > SOURCES)
		return 0;
	for (uint32_t i = 0; i < given->n; i++) {
		const struct source *from = &given->source[i];

		out[i] = resolve(k, from->val, from->owner, 1);
		if (!is_plain(k->g, out[i]) ||
			(k->g->funcs[from->owner].flags & PQM_F_REACHED) == 0 ||
			(v.is_sext != 0 && out[i].kind != PQM_V_INT))
			return 0;
		if (v.is_sext != 0)
			out[i].v = (uint64_t)(int64_t)(int32_t)(uint32_t)out[i].v;
	}
	return given->n;
}

/* Parameters become what callers hand over. Of several that differ nothing tells which go together: then they
 * stay unknown. */
static bool resolve_call(struct look *k, size_t i)
{
	struct pqm_found_call *c = &k->out->call[i];
	struct pqm_val each[PQM_FLOW_WAYS][PQM_CALL_ARGS] = { 0 }, one[PQM_FLOW_WAYS];
	uint32_t mask = 0;
	size_t n = 0;

	for (size_t a = 0; a < PQM_CALL_ARGS; a++) {
		struct pqm_val v = resolve(k, c->arg[a], c->func, 0);
		size_t found = v.kind != PQM_V_UNKNOWN ? 0 : several(k, c->arg[a], c->func, one);

		c->arg[a] = v;
		for (size_t w = 0; w < found; w++)
			each[w][a] = one[w];
		mask |= (uint32_t)(found > 0) << a;
		n = found > 0 ? found : n;
	}
	return mask == 0 || (mask & (mask - 1)) != 0 || tell_each(k, i, mask, each, n);
}

enum pqm_st pqm_code_args(struct pqm_img *g, struct pqm_found_calls *out, struct pqm_err *err)
{
	struct look k = { .g = g, .out = out };

	k.flow = (struct pqm_flow){ .g = g, .visit = visit, .visit_ways = visit_ways, .ctx = &k };
	enum pqm_st st = read_sites(&k, err);

	if (st == PQM_OK && !add_references(&k))
		st = pqm_fail(err, PQM_ENOMEM, "code: out of memory");
	if (st == PQM_OK)
		st = ask_callers(&k, err);
	if (st != PQM_OK)
		return st;
	size_t n = out->n;

	for (size_t i = 0; i < n; i++)
		if (!resolve_call(&k, i))
			return pqm_fail(err, PQM_ENOMEM, "code: out of memory");
	if (out->n > 0)
		qsort(out->call, out->n, sizeof(*out->call), by_at);
	return PQM_OK;
}

/* ---- main ---- */

struct start {
	struct pqm_img *g;
	bool has_main;
};

/* Where nothing but a jump stands: __wrap_main of AArch64, behind the entry point. */
static struct pqm_goal skip_jump(struct pqm_img *g, uint64_t addr)
{
	for (unsigned i = 0; i < 2; i++) {
		pqm_bytes b = pqm_code_at(g, addr);
		struct pqm_insn o;

		if (g->is_a64)
			pqm_a64_decode(&o, b.p, b.n, addr);
		else
			pqm_x86_decode(&o, b.p, b.n, addr);
		if (o.op == PQM_OP_JUMP && o.imm >= g->base && o.imm - g->base < g->top)
			return pqm_code_goal(g, (uint32_t)(o.imm - g->base));
		addr += o.len;
	}
	return (struct pqm_goal){ PQM_GOAL_NONE, 0 };
}

/* The first call of the entry point hands main over [LSB 5.0 core, __libc_start_main]. */
static bool visit_start(
	void *ctx, const struct pqm_insn *o, uint32_t rva, const struct pqm_state *s)
{
	struct start *t = ctx;
	struct pqm_val v = pqm_state_arg(t->g, s, 0, false);

	(void)rva;
	if (t->has_main || (o->op != PQM_OP_CALL && o->op != PQM_OP_CALL_IND))
		return true;
	if ((v.kind != PQM_V_ADDR && v.kind != PQM_V_INT) || v.v < t->g->base ||
		v.v - t->g->base >= t->g->top)
		return true;
	struct pqm_goal goal = pqm_code_goal(t->g, (uint32_t)(v.v - t->g->base));

	if (goal.kind == PQM_GOAL_INSIDE)
		goal = skip_jump(t->g, v.v);
	if (goal.kind == PQM_GOAL_FUNC) {
		t->g->funcs[goal.index].flags |= PQM_F_MAIN | PQM_F_TAKEN;
		t->has_main = true;
	}
	return true;
}

enum pqm_st pqm_code_main(struct pqm_img *g, struct pqm_err *err)
{
	struct start t = { .g = g };
	struct pqm_flow w = { .g = g, .visit = visit_start, .ctx = &t };
	uint32_t f = g->entry < g->base || g->entry - g->base >= g->top
		? PQM_NO_FUNC
		: pqm_code_func(g, (uint32_t)(g->entry - g->base));

	if (f == PQM_NO_FUNC)
		return PQM_OK;
	enum pqm_st st = pqm_code_flow(&w, f, err);

	return st == PQM_ELIMIT ? PQM_OK : st;
}
