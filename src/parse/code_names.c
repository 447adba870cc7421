/* code_names.c — functions of a stripped program, named by what they hand to their own error macros.
 *
 * OpenSSL 3 raises an error by ERR_set_debug(file, line, function), GnuTLS logs (level, format, file, function, line),
 * assert() of all of them knows (expression, file, line, function): calls with the name of a source file, a line and a
 * name behind it. A callee that gets them often is such a reporter; who calls it says its own name. */
#include "code_state.h"

#include "base/map.h"

#define LEAST_REPORTS 8 /* of one callee, from different functions */
#define ROUNDS 4
/* Archives are linked one behind the other: known functions of one library stand close to each other. */
#define LIBRARY_LEAST 8
#define LIBRARY_GAP ((uint32_t)1 << 20)
#define PLACES 6 /* arguments that are looked at */

struct own_name {
	pqm_bytes text;
	uint32_t owner; /* function, or PQM_NO_FUNC */
	bool is_dead;	/* two functions claim it */
};

struct report {
	uint32_t func, to, place; /* who reports, to whom, in which argument */
	struct own_name *name;
	bool is_alive;
};

struct votes {
	uint32_t by_place[PLACES];
};

struct names {
	struct pqm_img *g;
	struct pqm_map by_text;
	struct report *reports;
	size_t n, cap;
	uint32_t func;
};

static bool is_letter(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_identifier(pqm_bytes t)
{
	if (t.n < 4 || t.n > PQM_ELF_SYMBOL_BYTES || !is_letter(t.p[0]))
		return false;
	for (size_t i = 1; i < t.n; i++)
		if (!is_letter(t.p[i]) && (t.p[i] < '0' || t.p[i] > '9'))
			return false;
	return true;
}

bool pqm_code_is_file(pqm_bytes t)
{
	return t.n > 2 && t.p[t.n - 2] == '.' && (t.p[t.n - 1] == 'c' || t.p[t.n - 1] == 'h') &&
		memchr(t.p, ' ', t.n) == NULL;
}

static bool arg_text(const struct pqm_img *g, struct pqm_val v, pqm_bytes *out)
{
	return (v.kind == PQM_V_ADDR || (v.kind == PQM_V_INT && g->is_fixed && v.v >= g->base)) &&
		pqm_code_text(g, v.v, out);
}

static bool add_report(struct names *k, uint32_t to, uint32_t place, pqm_bytes text)
{
	struct own_name *name = pqm_map_get(&k->by_text, text);
	struct report *grown = pqm_grow(k->g->arena, k->reports, k->n, &k->cap);

	if (grown == NULL)
		return false;
	k->reports = grown;
	if (name == NULL) {
		name = pqm_new(k->g->arena, struct own_name, 1);
		if (name == NULL)
			return false;
		*name = (struct own_name){ .text = text, .owner = PQM_NO_FUNC };
		if (!pqm_map_put(&k->by_text, text, name))
			return false;
	}
	for (size_t i = k->n; i > 0 && k->reports[i - 1].func == k->func; i--)
		if (k->reports[i - 1].name == name && k->reports[i - 1].to == to)
			return true;
	k->reports[k->n++] = (struct report){
		.func = k->func, .to = to, .place = place, .name = name, .is_alive = true
	};
	return true;
}

static bool visit(void *ctx, const struct pqm_insn *o, uint32_t rva, const struct pqm_state *s)
{
	struct names *k = ctx;
	struct pqm_goal goal;
	bool has_file = false, has_line = false;
	pqm_bytes text;

	(void)rva;
	(void)pqm_state_callee(k->g, s, o, &goal);
	if (goal.kind != PQM_GOAL_FUNC || goal.index == k->func)
		return true;
	for (uint32_t i = 0; i < PLACES; i++) {
		struct pqm_val v = pqm_state_arg(k->g, s, i, false);

		if (!has_file) {
			has_file = arg_text(k->g, v, &text) && pqm_code_is_file(text);
			continue;
		}
		has_line |= v.kind == PQM_V_INT && v.v > 0 && v.v < 100000;
		if (!arg_text(k->g, v, &text))
			continue;
		struct pqm_val next = pqm_state_arg(k->g, s, i + 1, false);

		has_line |= next.kind == PQM_V_INT && next.v > 0 && next.v < 100000;
		if (!has_line || !is_identifier(text))
			return true;
		return add_report(k, goal.index, i, text);
	}
	return true;
}

/* Drops what was handed to callees that are no reporters. */
static enum pqm_st keep_reporters(struct names *k, struct pqm_err *err)
{
	struct votes *votes = pqm_new(k->g->arena, struct votes, k->g->n_funcs);

	if (votes == NULL)
		return pqm_fail(err, PQM_ENOMEM, "code: out of memory");
	for (size_t i = 0; i < k->n; i++)
		if (i == 0 || k->reports[i].func != k->reports[i - 1].func ||
			k->reports[i].to != k->reports[i - 1].to)
			votes[k->reports[i].to].by_place[k->reports[i].place]++;
	for (size_t i = 0; i < k->n; i++)
		if (votes[k->reports[i].to].by_place[k->reports[i].place] < LEAST_REPORTS)
			k->reports[i].is_alive = false;
	return PQM_OK;
}

/* Two functions say the same name: a cold part or an inlined copy gives way to what others call. */
static void claim(struct names *k, uint32_t f, struct own_name *name)
{
	const uint32_t seen = PQM_F_CALLED | PQM_F_TAKEN | PQM_F_EXPORT;

	if (name->owner == PQM_NO_FUNC) {
		name->owner = f;
	} else if (name->owner != f) {
		bool old = (k->g->funcs[name->owner].flags & seen) != 0,
		     new = (k->g->funcs[f].flags & seen) != 0;

		if (new && !old)
			name->owner = f;
		else if (new == old)
			name->is_dead = true;
	}
}

/* A function with one name has it; functions that also contain it, inlined, are named by what is left. */
static void settle(struct names *k)
{
	for (unsigned round = 0; round < ROUNDS; round++) {
		for (size_t i = 0; i < k->n;) {
			size_t end = i, alive = 0, last = 0;

			for (; end < k->n && k->reports[end].func == k->reports[i].func; end++)
				if (k->reports[end].is_alive &&
					(alive == 0 ||
						k->reports[end].name != k->reports[last].name)) {
					alive++;
					last = end;
				}
			if (alive == 1)
				claim(k, k->reports[i].func, k->reports[last].name);
			i = end;
		}
		for (size_t i = 0; i < k->n; i++) {
			struct report *r = &k->reports[i];

			if (r->name->owner != PQM_NO_FUNC && r->name->owner != r->func)
				r->is_alive = false;
		}
	}
}

static bool put_names(struct names *k)
{
	struct pqm_img *g = k->g;

	for (size_t i = 0; i < k->n; i++) {
		const struct own_name *name = k->reports[i].name;
		struct pqm_func *f = &g->funcs[k->reports[i].func];

		if (!k->reports[i].is_alive || name->is_dead || name->owner != k->reports[i].func ||
			(f->name != 0 && g->names[f->name - 1].by == PQM_BY_TEXT))
			continue;
		if (!pqm_code_name(g, name->text, PQM_BY_TEXT, &f->name))
			return false;
		if (g->want->wants(g->want->ctx, name->text, false, NULL)) {
			f->flags |= PQM_F_API;
			g->n_own++;
		}
	}
	return true;
}

/* ---- functions that raise no errors ---- */

struct wrapper {
	pqm_bytes name, args;
	uint32_t to, found; /* functions, or PQM_NO_FUNC */
	bool is_dead;	    /* two functions fit */
};

struct wraps {
	struct pqm_img *g;
	struct wrapper *all;
	size_t n;
	uint32_t func;
};

static uint32_t func_named(const struct pqm_img *g, pqm_bytes name)
{
	for (uint32_t f = 0; f < g->n_funcs; f++)
		if (g->funcs[f].name != 0 && g->names[g->funcs[f].name - 1].by == PQM_BY_TEXT &&
			pqm_eq(g->names[g->funcs[f].name - 1].text, name))
			return f;
	return PQM_NO_FUNC;
}

/* "f = g(a, b)" */
static bool read_wrapper(const struct pqm_img *g, pqm_bytes text, struct wrapper *w)
{
	pqm_bytes callee;

	if (!pqm_split(&text, '=', &w->name) || !pqm_split(&text, '(', &callee) ||
		!pqm_split(&text, ')', &w->args))
		return false;
	w->name = pqm_trim(w->name);
	w->to = func_named(g, pqm_trim(callee));
	w->found = PQM_NO_FUNC;
	return w->to != PQM_NO_FUNC;
}

static bool arg_fits(struct pqm_val v, pqm_bytes want)
{
	uint64_t number = 0;
	bool is_param = want.n > 1 && want.p[0] == '$';

	if (pqm_eqs(want, "?"))
		return true;
	if (pqm_eqs(want, "-1"))
		return v.kind == PQM_V_INT && (uint32_t)v.v == UINT32_MAX;
	for (size_t i = is_param; i < want.n; i++)
		number = number * 10 + (uint64_t)(want.p[i] - '0');
	return v.kind == (is_param ? PQM_V_PARAM : PQM_V_INT) && v.v == number;
}

static bool visit_wrap(void *ctx, const struct pqm_insn *o, uint32_t rva, const struct pqm_state *s)
{
	struct wraps *k = ctx;
	struct pqm_goal goal;
	bool is_jump = o->op != PQM_OP_CALL && o->op != PQM_OP_CALL_IND;

	(void)rva;
	(void)pqm_state_callee(k->g, s, o, &goal);
	for (size_t i = 0; i < k->n; i++) {
		struct wrapper *w = &k->all[i];
		pqm_bytes rest = w->args, want;
		bool fits = goal.kind == PQM_GOAL_FUNC && goal.index == w->to;

		for (size_t a = 0; fits && a < PLACES && pqm_split(&rest, ',', &want); a++)
			fits = arg_fits(pqm_state_arg(k->g, s, a, is_jump), pqm_trim(want));
		if (!fits || w->found == k->func)
			continue;
		w->is_dead |= w->found != PQM_NO_FUNC;
		w->found = k->func;
	}
	return true;
}

static bool calls_wrapped(const struct wraps *k, uint32_t f)
{
	const struct pqm_img *g = k->g;
	size_t end = f + 1 < g->n_funcs ? g->funcs[f + 1].edges : g->n_edges;

	if ((g->funcs[f].flags & PQM_F_LIB) == 0 ||
		(g->funcs[f].name != 0 && g->names[g->funcs[f].name - 1].by == PQM_BY_TEXT))
		return false;
	for (size_t i = g->funcs[f].edges; i < end; i++)
		for (size_t w = 0; w < k->n; w++)
			if (g->edges[i].kind == PQM_EDGE_CALL && g->edges[i].to == k->all[w].to)
				return true;
	return false;
}

static bool name_wrappers(struct wraps *k)
{
	struct pqm_img *g = k->g;

	for (size_t i = 0; i < k->n; i++) {
		struct wrapper *w = &k->all[i];

		if (w->found == PQM_NO_FUNC || w->is_dead)
			continue;
		struct pqm_func *f = &g->funcs[w->found];

		if (!pqm_code_name(g, w->name, PQM_BY_TEXT, &f->name))
			return false;
		if (g->want->wants(g->want->ctx, w->name, false, NULL)) {
			f->flags |= PQM_F_API;
			g->n_own++;
		}
	}
	return true;
}

static enum pqm_st find_wrappers(struct pqm_flow *w, struct pqm_err *err)
{
	struct pqm_img *g = w->g;
	struct wraps k = { .g = g };
	enum pqm_st st = PQM_OK;

	k.all = pqm_new(g->arena, struct wrapper, g->want->n_wrappers);
	k.func = PQM_NO_FUNC;
	if (k.all == NULL)
		return pqm_fail(err, PQM_ENOMEM, "code: out of memory");
	for (size_t i = 0; i < g->want->n_wrappers; i++)
		k.n += read_wrapper(g, g->want->wrappers[i], &k.all[k.n]);
	w->visit = visit_wrap;
	w->ctx = &k;
	for (uint32_t f = 0; st == PQM_OK && f < g->n_funcs; f++)
		if (calls_wrapped(&k, f)) {
			k.func = f;
			st = pqm_code_flow(w, f, err);
		}
	w->visit = NULL;
	w->ctx = NULL;
	if (st == PQM_OK && !name_wrappers(&k))
		st = pqm_fail(err, PQM_ENOMEM, "code: out of memory");
	return st;
}

enum pqm_st pqm_code_names(struct pqm_img *g, struct pqm_err *err)
{
	struct names k = { .g = g };
	struct pqm_flow w = { .g = g, .visit = visit, .ctx = &k };
	enum pqm_st st = PQM_OK;

	for (uint32_t f = 0; st == PQM_OK && f < g->n_funcs; f++) {
		if ((g->funcs[f].flags & PQM_F_TEXT) == 0)
			continue;
		k.func = f;
		st = pqm_code_flow(&w, f, err);
	}
	if (st == PQM_ELIMIT) /* what was named so far stands */
		st = PQM_OK;
	if (st == PQM_OK)
		st = keep_reporters(&k, err);
	if (st == PQM_OK) {
		settle(&k);
		if (!put_names(&k))
			st = pqm_fail(err, PQM_ENOMEM, "code: out of memory");
	}
	/* Twice: what the first round named has callers, too. */
	for (unsigned round = 0; st == PQM_OK && round < 2; round++)
		st = find_wrappers(&w, err);
	if (st == PQM_ELIMIT)
		st = PQM_OK;
	pqm_map_fini(&k.by_text);
	return st;
}

/* The functions between two of the library, unless the program's own begin there: archives are linked one
 * behind the other, after the program and its start. */
static void fill(struct pqm_img *g, uint32_t first, uint32_t last)
{
	if (g->funcs[last].start - g->funcs[first].end > LIBRARY_GAP)
		return;
	for (uint32_t i = first + 1; i < last; i++)
		if ((g->funcs[i].flags & (PQM_F_MAIN | PQM_F_ENTRY)) != 0)
			return;
	for (uint32_t i = first + 1; i < last; i++)
		g->funcs[i].flags |= PQM_F_LIB;
}

static bool is_known(const struct pqm_img *g, uint32_t f)
{
	const struct pqm_func *fn = &g->funcs[f];

	return (fn->flags & (PQM_F_MAIN | PQM_F_ENTRY)) == 0 &&
		(fn->flags & (PQM_F_INSIDE | PQM_F_API)) != 0;
}

/* A library calls functions of its own and of other libraries; those of the program it knows by address only. */
static bool spread(struct pqm_img *g)
{
	uint32_t *todo = pqm_new(g->arena, uint32_t, g->n_funcs);
	size_t n = 0;

	if (todo == NULL)
		return false;
	for (uint32_t f = 0; f < g->n_funcs; f++)
		if ((g->funcs[f].flags & PQM_F_LIB) != 0)
			todo[n++] = f;
	while (n > 0) {
		uint32_t f = todo[--n];
		size_t end = f + 1 < g->n_funcs ? g->funcs[f + 1].edges : g->n_edges;

		for (size_t i = g->funcs[f].edges; i < end; i++) {
			struct pqm_func *to = &g->funcs[g->edges[i].to];

			if (g->edges[i].kind != PQM_EDGE_CALL ||
				(to->flags & (PQM_F_LIB | PQM_F_MAIN | PQM_F_ENTRY)) != 0)
				continue;
			to->flags |= PQM_F_LIB;
			todo[n++] = g->edges[i].to;
		}
	}
	return true;
}

enum pqm_st pqm_code_library(struct pqm_img *g, struct pqm_err *err)
{
	uint32_t last = PQM_NO_FUNC;
	size_t n = 0;

	for (uint32_t i = 0; i < g->n_funcs; i++)
		n += is_known(g, i);
	for (uint32_t i = 0; n >= LIBRARY_LEAST && i < g->n_funcs; i++) {
		if (!is_known(g, i))
			continue;
		g->funcs[i].flags |= PQM_F_LIB;
		if (last != PQM_NO_FUNC)
			fill(g, last, i);
		last = i;
	}
	return spread(g) ? PQM_OK : pqm_fail(err, PQM_ENOMEM, "code: out of memory");
}
