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
			f->name != 0)
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
	pqm_map_fini(&k.by_text);
	return st;
}

/* Functions first to last, which lie next to each other and of which n are known. */
static void mark_library(struct pqm_img *g, uint32_t first, uint32_t last, size_t n)
{
	if (n < LIBRARY_LEAST)
		return;
	for (uint32_t i = first; i <= last; i++)
		g->funcs[i].flags |= PQM_F_LIB;
}

void pqm_code_library(struct pqm_img *g)
{
	uint32_t first = 0, last = 0;
	size_t n = 0;

	for (uint32_t i = 0; i < g->n_funcs; i++) {
		if ((g->funcs[i].flags & PQM_F_API) == 0)
			continue;
		if (n > 0 && g->funcs[i].start - g->funcs[last].end > LIBRARY_GAP) {
			mark_library(g, first, last, n);
			n = 0;
		}
		if (n++ == 0)
			first = i;
		last = i;
	}
	mark_library(g, first, last, n);
}
