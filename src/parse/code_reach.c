/* code_reach.c — which functions the program can get to, breadth first, so that the way is the shortest. */
#include "code_int.h"

enum {
	SYM_BYTES = 24,
	STT_OBJECT_ = 1,
	/* Pointers of one object of data stand no further from each other. */
	GAP_BYTES = 64,
};

struct step {
	uint32_t node; /* function, or n_funcs + slot */
	uint32_t parent, at;
};

struct walk {
	struct pqm_img *g;
	struct pqm_buf buf;
	size_t next;
	bool has_memory;
};

static void push(struct walk *w, uint32_t node, uint32_t parent, uint32_t at)
{
	struct step s = { node, parent, at };

	w->has_memory &= pqm_buf_add(&w->buf, (pqm_bytes){ (const uint8_t *)&s, sizeof(s) });
}

static void reach_func(struct walk *w, uint32_t f, uint32_t parent, uint32_t at)
{
	struct pqm_func *to = &w->g->funcs[f];

	if ((to->flags & PQM_F_REACHED) != 0)
		return;
	to->flags |= PQM_F_REACHED;
	to->parent = parent;
	to->parent_at = at;
	if ((to->flags & (PQM_F_API | PQM_F_STUB | PQM_F_LIB)) == 0)
		push(w, f, parent, at);
}

static void reach_slot(struct walk *w, size_t k, uint32_t parent, uint32_t at)
{
	if (k < w->g->n_slots && !w->g->slots[k].is_visited)
		push(w, (uint32_t)(w->g->n_funcs + k), parent, at);
}

/* What an address of data leads to: the first pointer there, when it is near. */
static void reach_data(struct walk *w, uint32_t rva, uint32_t parent, uint32_t at)
{
	size_t k = pqm_code_slot(w->g, rva);

	if (k < w->g->n_slots && w->g->slots[k].at - rva <= GAP_BYTES)
		reach_slot(w, k, parent, at);
}

static void open_slot(struct walk *w, size_t k, uint32_t parent, uint32_t at)
{
	const struct pqm_slot *s = &w->g->slots[k];
	uint32_t f = s->is_import ? PQM_NO_FUNC : pqm_code_func(w->g, s->value);

	if (f != PQM_NO_FUNC)
		reach_func(w, f, parent, at);
	else if (!s->is_import)
		reach_data(w, s->value, parent, at);
}

static bool is_function(const struct pqm_img *g, const struct pqm_slot *s)
{
	return s->is_import || pqm_code_func(g, s->value) != PQM_NO_FUNC;
}

/* What describes a type begins with two pointers: to its own functions, to its name. */
static bool is_type(const struct pqm_img *g, const struct pqm_slot *s)
{
	size_t k = pqm_code_slot(g, s->value);

	return s->is_import ||
		(k + 1 < g->n_slots && g->slots[k].at == s->value &&
			g->slots[k + 1].at == s->value + 8);
}

/* A table of virtual functions: in front of it stand an offset and the type [Itanium C++ ABI 2.5.2]. */
static bool is_vtable(const struct pqm_img *g, size_t k)
{
	const struct pqm_slot *s = &g->slots[k];

	return k > 0 && s[-1].at + 8 == s->at && is_function(g, s) &&
		(s[-1].is_import || !is_function(g, &s[-1])) && is_type(g, &s[-1]) &&
		(k == 1 || s[-2].at + 16 != s->at);
}

/* All pointers of the object whose first one is slot k. */
static void open_object(struct walk *w, size_t k, uint32_t parent, uint32_t at)
{
	struct pqm_img *g = w->g;
	bool has_functions_only = is_vtable(g, k);
	uint32_t gap = has_functions_only ? 8 : GAP_BYTES;

	for (size_t i = k; i < g->n_slots; i++) {
		struct pqm_slot *s = &g->slots[i];

		if (s->is_visited || (i > k && (s->is_start || s->at - s[-1].at > gap)))
			return;
		if (has_functions_only && !is_function(g, s))
			return;
		s->is_visited = true;
		open_slot(w, i, parent, at);
	}
}

static void open_func(struct walk *w, uint32_t f)
{
	struct pqm_img *g = w->g;
	/* Tables of a library that is inside say what it can do, not what is asked of it. */
	bool has_tables = (g->funcs[f].flags & PQM_F_SIGNED) == 0;
	size_t end = f + 1 < g->n_funcs ? g->funcs[f + 1].edges : g->n_edges;

	for (size_t i = g->funcs[f].edges; i < end; i++) {
		const struct pqm_edge *e = &g->edges[i];

		if (e->kind == PQM_EDGE_DATA && !has_tables)
			continue;
		if (e->kind == PQM_EDGE_DATA)
			reach_slot(w, e->to, f, e->at);
		else if (e->kind == PQM_EDGE_WORD)
			open_slot(w, e->to, f, e->at);
		else
			reach_func(w, e->to, f, e->at);
	}
}

/* Data that others can name: tables of virtual functions, method tables. */
static void export_objects(struct walk *w)
{
	struct pqm_img *g = w->g;

	for (uint64_t i = 1; i < g->e->n_symbols; i++) {
		pqm_bytes s =
			pqm_sub(g->body, (size_t)(g->e->symbols_off + i * SYM_BYTES), SYM_BYTES);

		if (s.n < SYM_BYTES || (s.p[4] & 15) != STT_OBJECT_ || pqm_le16(s.p + 6) == 0)
			continue;
		uint64_t addr = pqm_le64(s.p + 8), bytes = pqm_le64(s.p + 16);

		if (addr < g->base || addr - g->base >= g->top)
			continue;
		size_t k = pqm_code_slot(g, (uint32_t)(addr - g->base));

		if (k < g->n_slots && g->slots[k].at - (addr - g->base) < bytes) {
			g->slots[k].is_start = true;
			reach_slot(w, k, PQM_NO_FUNC, 0);
		}
	}
}

static void drain(struct walk *w)
{
	while (w->has_memory && w->next < w->buf.n) {
		struct step s;

		memcpy(&s, w->buf.p + w->next, sizeof(s));
		w->next += sizeof(s);
		if (s.node < w->g->n_funcs)
			open_func(w, s.node);
		else
			open_object(w, s.node - w->g->n_funcs, s.parent, s.at);
	}
}

static bool is_root(const struct pqm_img *g, const struct pqm_func *f, bool is_library)
{
	if ((f->flags & (PQM_F_API | PQM_F_LIB)) != 0)
		return false;
	if ((f->flags & PQM_F_ENTRY) != 0)
		return true;
	/* Go calls C through these, by variables that no C code names [cmd/cgo]. */
	return (f->flags & PQM_F_EXPORT) != 0 &&
		(is_library ||
			(f->name > 0 && pqm_starts(g->names[f->name - 1].text, PQM_LIT("_cgo_"))));
}

enum pqm_st pqm_code_reach(struct pqm_img *g, struct pqm_err *err)
{
	struct walk w = { .g = g, .has_memory = true };

	pqm_buf_init(&w.buf, (PQM_CODE_EDGES + PQM_CODE_SLOTS) * sizeof(struct step));
	/* main first: a way from there says more than one from the entry point. */
	for (uint32_t f = 0; f < g->n_funcs; f++)
		if ((g->funcs[f].flags & PQM_F_MAIN) != 0)
			reach_func(&w, f, PQM_NO_FUNC, 0);
	drain(&w);
	/* What a program exports (-rdynamic, a library inside) it need not run: only its own start counts. */
	bool is_library = !g->e->is_program && !g->want->by_text && g->want->signs == NULL;

	for (uint32_t f = 0; f < g->n_funcs; f++)
		if (is_root(g, &g->funcs[f], is_library))
			reach_func(&w, f, PQM_NO_FUNC, 0);
	if (is_library)
		export_objects(&w);
	drain(&w);
	bool ok = w.has_memory;

	pqm_buf_fini(&w.buf);
	return ok ? PQM_OK : pqm_fail(err, PQM_ENOMEM, "code: out of memory");
}
