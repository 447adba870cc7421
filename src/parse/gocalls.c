#include "gocalls.h"

#include "base/limits.h"
#include "base/mapped.h"

#define STRONG 1
#define WEAK 2
#define KEPT 3
#define STEP_BYTES ((size_t)64 << 10)
/* Callers and callees lie apart: what becomes resident around a function besides its own bytes. */
#define AROUND_BYTES ((size_t)8 << 10)

struct walk {
	struct pqm_go_graph *g;
	const struct pqm_gobin *bin;
	const struct pqm_pclntab *t;
	struct pqm_arena *arena;
	uint32_t *queue;
	size_t head, n, n_methods;
	uint64_t text_end;
	/* A method table or a value that a start-up function of somebody else refers to is a registration. */
	uint8_t phase;
	uint32_t from;
	bool no_memory, is_method;
};

enum pqm_st pqm_go_graph_new(struct pqm_go_graph *g, const struct pqm_pclntab *t,
	struct pqm_arena *arena, struct pqm_err *err)
{
	*g = (struct pqm_go_graph){ .roles = pqm_new(arena, uint8_t, t->n),
		.wants = pqm_new(arena, uint16_t, t->n),
		.parent = pqm_new(arena, uint32_t, t->n),
		.parent_site = pqm_new(arena, uint32_t, t->n),
		.reached = pqm_new(arena, uint8_t, t->n) };
	if (g->roles == NULL || g->wants == NULL || g->parent == NULL || g->parent_site == NULL ||
		g->reached == NULL)
		return pqm_fail(err, PQM_ENOMEM, "Go: out of memory");
	return PQM_OK;
}

static void record(struct walk *w, uint32_t to, uint32_t site, bool is_value)
{
	struct pqm_go_graph *g = w->g;
	struct pqm_go_call *grown;

	if (g->n_calls >= PQM_GO_CALLS) {
		g->is_full = true;
		return;
	}
	grown = pqm_grow(w->arena, g->calls, g->n_calls, &g->cap_calls);
	if (grown == NULL) {
		w->no_memory = true;
		return;
	}
	g->calls = grown;
	g->calls[g->n_calls++] = (struct pqm_go_call){ .from = w->from,
		.to = to,
		.site = site,
		.is_weak = w->phase == KEPT ||
			(w->phase == WEAK && (is_value || (g->roles[w->from] & PQM_GO_INIT) == 0)),
		.is_kept = w->phase == KEPT,
		.is_value = is_value,
		.is_method = w->is_method };
}

static void watched(struct walk *w, uint32_t site)
{
	size_t n = w->g->n_calls;

	if (n > 0 && w->g->calls[n - 1].from == w->from && w->g->calls[n - 1].to == PQM_GO_NOBODY)
		return;
	record(w, PQM_GO_NOBODY, site, true);
}

static void enter(struct walk *w, uint32_t to, uint32_t parent, uint32_t site)
{
	w->g->reached[to] = w->phase;
	w->g->parent[to] = parent;
	w->g->parent_site[to] = site;
	if (w->queue != NULL)
		w->queue[w->n++] = to;
}

static void lead(struct walk *w, uint32_t to, uint32_t site, bool is_value)
{
	struct pqm_go_graph *g = w->g;

	if (g->wants[to] != 0)
		record(w, to, site, is_value);
	if (g->reached[to] == 0 && (g->roles[to] & PQM_GO_BORDER) == 0)
		enter(w, to, w->from, site);
}

static bool is_text(const struct walk *w, uint64_t addr)
{
	return addr >= w->t->text && addr < w->text_end;
}

/* fun[] of a method table: behind the interface, the type and its hash [Go internal/abi.ITab]. */
static void lead_methods(struct walk *w, uint64_t addr, uint32_t site)
{
	uint64_t p;
	uint32_t to;

	w->is_method = true;
	for (unsigned i = 0; i < PQM_GO_METHODS; i++) {
		if (w->n_methods++ >= PQM_GO_METHODS_ALL) {
			w->g->is_full = true;
			break;
		}
		if (!pqm_gobin_pointer(w->bin, addr + 24 + i * UINT64_C(8), &p) || !is_text(w, p) ||
			!pqm_pclntab_at(w->t, p, &to))
			break;
		lead(w, to, site, true);
	}
	w->is_method = false;
}

/* Code refers to addr: a function, a function value in read-only data, or a method table. */
static void refer(struct walk *w, uint64_t addr, uint32_t site)
{
	uint64_t p;
	uint32_t to;

	if (addr == w->g->watch && addr != 0) {
		watched(w, site);
		return;
	}
	if (is_text(w, addr)) {
		if (pqm_pclntab_at(w->t, addr, &to))
			lead(w, to, site, true);
		return;
	}
	if (!pqm_gobin_pointer(w->bin, addr, &p))
		return;
	if (is_text(w, p)) {
		if (pqm_pclntab_at(w->t, p, &to))
			lead(w, to, site, true);
		return;
	}
	/* A method table begins with two pointers to data. */
	if (p >= 4096 && pqm_gobin_pointer(w->bin, addr + 8, &p) && p >= 4096 && !is_text(w, p))
		lead_methods(w, addr, site);
}

static void walk_x86(struct walk *w, pqm_bytes code, uint64_t addr)
{
	uint32_t base = (uint32_t)(addr - w->t->text), to;

	for (size_t i = 0; i + 5 <= code.n; i++) {
		uint8_t b = code.p[i];
		int32_t rel;
		uint64_t target;

		if ((b & 0xfe) != 0xe8 && b != 0x8d)
			continue;
		if (b == 0x8d) { /* lea r64, [rip + rel] */
			if (i == 0 || (code.p[i - 1] & 0xfb) != 0x48 ||
				(code.p[i + 1] & 0xc7) != 5 || i + 6 > code.n)
				continue;
			memcpy(&rel, code.p + i + 2, 4);
			refer(w, addr + i + 6 + (uint64_t)(int64_t)rel, base + (uint32_t)i - 1);
			continue;
		}
		memcpy(&rel, code.p + i + 1, 4);
		target = addr + i + 5 + (uint64_t)(int64_t)rel;
		if (is_text(w, target) && pqm_pclntab_at(w->t, target, &to) && to != w->from)
			lead(w, to, base + (uint32_t)i, false);
	}
}

static void walk_arm64(struct walk *w, pqm_bytes code, uint64_t addr)
{
	uint64_t page[32] = { 0 };
	uint32_t to;

	for (size_t i = 0; i + 4 <= code.n; i += 4) {
		uint32_t op = (uint32_t)pqm_gobin_word(code.p + i, 4, false);
		uint32_t site = (uint32_t)(addr - w->t->text + i);

		if ((op & 0x7c000000) == 0x14000000) { /* b, bl */
			int64_t rel = (int64_t)((uint64_t)(op & 0x03ffffff) << 38) >> 36;
			uint64_t target = addr + i + (uint64_t)rel;

			if (is_text(w, target) && pqm_pclntab_at(w->t, target, &to) &&
				to != w->from)
				lead(w, to, site, false);
		} else if ((op & 0x9f000000) == 0x90000000) { /* adrp */
			uint64_t imm = (uint64_t)((op >> 5) & 0x7ffff) << 2 | ((op >> 29) & 3);

			page[op & 31] = ((addr + i) & ~UINT64_C(0xfff)) +
				(uint64_t)((int64_t)(imm << 43) >> 31);
		} else if ((op & 0xff800000) == 0x91000000 && page[(op >> 5) & 31] != 0) { /* add */
			uint64_t imm = (uint64_t)((op >> 10) & 0xfff) << ((op >> 22 & 1) * 12);

			refer(w, page[(op >> 5) & 31] + imm, site);
			page[op & 31] = 0;
		}
	}
}

static void walk_one(struct walk *w, uint32_t f)
{
	uint64_t addr = w->t->text + w->t->start[f];
	pqm_bytes code;

	if (!pqm_gobin_at(w->bin, addr, &code))
		return;
	code = pqm_sub(code, 0, w->t->start[f + 1] - w->t->start[f]);
	pqm_mapped_read(code.n + AROUND_BYTES);
	w->from = f;
	if (w->bin->machine == PQM_GO_X86_64)
		walk_x86(w, code, addr);
	else
		walk_arm64(w, code, addr);
}

static void root(struct walk *w, uint32_t f)
{
	if (w->g->reached[f] == 0 && (w->g->roles[f] & PQM_GO_BORDER) == 0)
		enter(w, f, PQM_GO_NOBODY, 0);
}

static void drain(struct walk *w)
{
	while (w->head < w->n && !w->no_memory)
		walk_one(w, w->queue[w->head++]);
}

/* A function value that stands in the program's own data. */
static void value_in_data(struct walk *w, uint64_t p)
{
	uint64_t f;
	uint32_t to;

	if (is_text(w, p) || !pqm_gobin_pointer(w->bin, p, &f) || !is_text(w, f) ||
		!pqm_pclntab_at(w->t, f, &to))
		return;
	if (w->phase == WEAK || (w->g->roles[to] & PQM_GO_OWN) != 0)
		root(w, to);
}

static void values_in_data(struct walk *w)
{
	for (size_t i = 0; i < w->bin->n_segs; i++) {
		const struct pqm_go_seg *s = &w->bin->segs[i];
		pqm_bytes b = pqm_sub(w->bin->body, s->off, s->n);

		for (size_t at = (size_t)(-s->addr % 8); s->is_data && at + 8 <= b.n; at += 8) {
			uint64_t p = pqm_gobin_word(b.p + at, 8, false);

			if (at % STEP_BYTES < 8)
				pqm_mapped_read(STEP_BYTES);
			if (p >= w->bin->segs[0].addr && p < s->addr + s->n)
				value_in_data(w, p);
		}
	}
	for (size_t i = 0; i < w->bin->n_relocs; i++)
		value_in_data(w, w->bin->relocs[i].value);
}

static void roots(struct walk *w, uint8_t phase)
{
	w->phase = phase;
	for (uint32_t f = 0; f < w->t->n; f++) {
		uint8_t r = w->g->roles[f];

		if ((phase == STRONG && (r & PQM_GO_OWN) == 0) || (r & PQM_GO_INIT) == 0)
			continue;
		root(w, f);
	}
	drain(w);
	values_in_data(w);
	drain(w);
}

/* Methods that only reflection finds: Go's linker drops functions that nothing can call, so these have a way. */
static void rest(struct walk *w)
{
	w->phase = KEPT;
	for (uint32_t f = 0; f < w->t->n; f++)
		root(w, f);
	drain(w);
}

enum pqm_st pqm_go_graph_walk(struct pqm_go_graph *g, const struct pqm_gobin *bin,
	const struct pqm_pclntab *t, struct pqm_arena *arena, struct pqm_err *err)
{
	struct walk w = { .g = g, .bin = bin, .t = t, .arena = arena };

	g->is_followed = bin->machine != PQM_GO_OTHER && t->text != 0 && t->n > 0;
	if (!g->is_followed)
		return PQM_OK;
	w.text_end = t->text + t->start[t->n];
	w.queue = pqm_new(arena, uint32_t, t->n);
	if (w.queue == NULL)
		return pqm_fail(err, PQM_ENOMEM, "Go: out of memory");
	memset(g->parent, 0xff, t->n * sizeof(*g->parent));
	w.phase = STRONG;
	for (uint32_t f = 0; f < t->n; f++)
		if ((g->roles[f] & PQM_GO_OWN) != 0 && pqm_eqs(pqm_pclntab_name(t, f), "main.main"))
			root(&w, f);
	drain(&w);
	roots(&w, STRONG);
	roots(&w, WEAK);
	rest(&w);
	return w.no_memory ? pqm_fail(err, PQM_ENOMEM, "Go: out of memory") : PQM_OK;
}

enum pqm_st pqm_go_callers(struct pqm_go_graph *out, uint32_t function, const struct pqm_gobin *bin,
	const struct pqm_pclntab *t, struct pqm_arena *arena, struct pqm_err *err)
{
	struct walk w = { .g = out, .bin = bin, .t = t, .arena = arena, .phase = STRONG };

	if (pqm_go_graph_new(out, t, arena, err) != PQM_OK)
		return err->st;
	w.text_end = t->text + t->start[t->n];
	memset(out->reached, STRONG, t->n);
	out->wants[function] = 1;
	for (uint32_t f = 0; f < t->n && !w.no_memory; f++)
		walk_one(&w, f);
	return w.no_memory ? pqm_fail(err, PQM_ENOMEM, "Go: out of memory") : PQM_OK;
}
