/* code.c — reads the code of one ELF file: puts the steps of code_*.c together, and their results into words. */
#include "base/mapped.h"
#include "code_args.h"

enum {
	EM_X86_64_ = 62,
	EM_AARCH64_ = 183,
	EHDR_BYTES = 64,
	DEEPEST = 1024, /* a way that is longer is told from its middle on */
};

static bool is_machine(const struct pqm_elf *e)
{
	if (e->body.n < EHDR_BYTES || !e->is_64 || e->is_big)
		return false;
	unsigned machine = pqm_le16(e->body.p + 18);

	return machine == EM_X86_64_ || machine == EM_AARCH64_;
}

static uint64_t offset_of(const struct pqm_img *g, uint32_t rva)
{
	pqm_bytes b = pqm_code_at(g, g->base + rva);

	return b.p == NULL ? 0 : (uint64_t)(b.p - g->body.p);
}

static pqm_bytes name_of(const struct pqm_img *g, uint32_t f)
{
	const struct pqm_func *fn = &g->funcs[f];

	if (fn->name != 0)
		return g->names[fn->name - 1].text;
	if ((fn->flags & PQM_F_MAIN) != 0)
		return PQM_LIT("main");
	if (g->base + fn->start == g->entry)
		return PQM_LIT("entry");
	return (pqm_bytes){ NULL, 0 };
}

/* The instruction of function f that holds the byte at `at`: the scan sees operands, not where instructions
 * begin. */
static uint32_t begin_of(const struct pqm_img *g, uint32_t f, uint32_t at)
{
	const struct pqm_func *fn = &g->funcs[f];
	pqm_bytes code = pqm_sub(pqm_code_at(g, g->base + fn->start), 0, fn->end - fn->start);
	struct pqm_insn o;

	if (g->is_a64 || at < fn->start)
		return at;
	for (size_t i = 0; i < code.n && i <= at - fn->start;) {
		pqm_x86_decode(&o, code.p + i, code.n - i, g->base + fn->start + i);
		size_t n = o.len == 0 ? 1 : o.len;

		if (at - fn->start < i + n)
			return fn->start + (uint32_t)i;
		i += n;
	}
	return at;
}

/* Where the function that reached f first does so. */
static uint32_t step_to(struct pqm_img *g, uint32_t f)
{
	struct pqm_func *fn = &g->funcs[f];

	if ((fn->flags & PQM_F_STEP) == 0 && fn->parent != PQM_NO_FUNC)
		fn->parent_at = begin_of(g, fn->parent, fn->parent_at);
	fn->flags |= PQM_F_STEP;
	return fn->parent_at;
}

/* The frames from a root to function f, whose instruction `at` is the call. */
static bool set_path(
	struct pqm_img *g, struct pqm_call *c, uint32_t f, uint32_t at, struct pqm_arena *arena)
{
	size_t n = 0, depth = 0;

	for (uint32_t i = f; i != PQM_NO_FUNC && depth < DEEPEST; i = g->funcs[i].parent)
		depth++;
	n = depth < PQM_CODE_FRAMES ? depth : PQM_CODE_FRAMES;
	c->path = pqm_new(arena, struct pqm_frame, n == 0 ? 1 : n);
	if (c->path == NULL)
		return false;
	if (f == PQM_NO_FUNC) { /* a word of data */
		c->path[0] = (struct pqm_frame){ .func = g->base + at,
			.at = g->base + at,
			.name = pqm_arena_f(
				arena, "data_%#llx", (unsigned long long)(g->base + at)) };
		c->n_path = 1;
		return true;
	}
	c->n_path = n;
	for (size_t k = n; k > 0; k--) {
		c->path[k - 1] = (struct pqm_frame){ .func = g->base + g->funcs[f].start,
			.at = g->base + at,
			.name = name_of(g, f),
			.is_inside = (g->funcs[f].flags & PQM_F_SIGNED) != 0 };
		at = step_to(g, f);
		f = g->funcs[f].parent;
		/* Of a longer way the middle is left out: the root stays. */
		if (k == 2)
			for (; f != PQM_NO_FUNC && g->funcs[f].parent != PQM_NO_FUNC;
				f = g->funcs[f].parent)
				at = step_to(g, f);
	}
	return true;
}

static const struct pqm_found_call *call_at(
	const struct pqm_found_calls *all, uint64_t at, size_t *index)
{
	size_t lo = 0, hi = all->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (all->call[mid].at < at)
			lo = mid + 1;
		else
			hi = mid;
	}
	*index = lo;
	return lo < all->n && all->call[lo].at == at ? &all->call[lo] : NULL;
}

static void set_arg(const struct pqm_img *g, const struct pqm_found_calls *all, struct pqm_val v,
	struct pqm_arg *out)
{
	size_t index;

	switch ((enum pqm_val_kind)v.kind) {
	case PQM_V_INT:
		out->kind = PQM_ARG_INT;
		out->value = v.v;
		/* At fixed addresses a number may be one. */
		if (g->is_fixed && v.v >= g->base && pqm_code_text(g, v.v, &out->text))
			out->kind = PQM_ARG_TEXT;
		return;
	case PQM_V_ADDR:
		if (!pqm_code_text(g, v.v, &out->text))
			return;
		out->kind = PQM_ARG_TEXT;
		out->value = v.v;
		return;
	case PQM_V_RESULT:
		if (call_at(all, v.v, &index) == NULL)
			return;
		out->kind = PQM_ARG_RESULT;
		out->value = index;
		return;
	case PQM_V_UNKNOWN:
	case PQM_V_IMPORT:
	case PQM_V_PARAM:
	case PQM_V_STACK:
		return;
	}
}

static bool set_call(struct pqm_img *g, const struct pqm_found_calls *all,
	const struct pqm_found_call *f, struct pqm_call *c, struct pqm_arena *arena)
{
	bool is_import = f->to == PQM_NO_FUNC;
	uint32_t at =
		f->is_reference && f->func != PQM_NO_FUNC ? begin_of(g, f->func, f->at) : f->at;
	const struct pqm_name *own = is_import ? NULL : &g->names[g->funcs[f->to].name - 1];

	*c = (struct pqm_call){ .callee = is_import ? g->imports[f->import].name : own->text,
		.version = is_import ? g->imports[f->import].version : NULL,
		.by = is_import ? PQM_BY_IMPORT : (enum pqm_callee_by)own->by,
		.sign = is_import ? 0 : own->sign,
		.callee_addr = is_import ? 0 : g->base + g->funcs[f->to].start,
		.addr = g->base + at,
		.off = offset_of(g, at),
		.is_tail = f->is_tail,
		.is_reference = f->is_reference,
		.reach = PQM_REACH_UNDECIDED };
	if (!f->is_reference)
		for (size_t i = 0; i < PQM_CALL_ARGS; i++)
			set_arg(g, all, f->arg[i], &c->arg[i]);
	if (f->func == PQM_NO_FUNC) {
		size_t k = pqm_code_slot(g, f->at);

		if (k < g->n_slots && g->slots[k].is_visited)
			c->reach = PQM_REACH_YES;
	} else if (f->is_loose) {
		c->reach = PQM_REACH_UNDECIDED;
	} else if ((g->funcs[f->func].flags & PQM_F_REACHED) != 0) {
		c->reach = PQM_REACH_YES;
	} else if (!g->is_cut && !g->is_part) {
		c->reach = PQM_REACH_NO;
	}
	return set_path(g, c, f->func, (uint32_t)(c->addr - g->base), arena);
}

static enum pqm_st put_out(struct pqm_img *g, const struct pqm_found_calls *all,
	struct pqm_code *out, struct pqm_arena *arena, struct pqm_err *err)
{
	size_t n = all->n < PQM_CODE_CALLS ? all->n : PQM_CODE_CALLS;

	out->calls = pqm_new(arena, struct pqm_call, n);
	if (out->calls == NULL)
		return pqm_fail(err, PQM_ENOMEM, "code: out of memory");
	for (size_t i = 0; i < n; i++)
		if (!set_call(g, all, &all->call[i], &out->calls[i], arena))
			return pqm_fail(err, PQM_ENOMEM, "code: out of memory");
	out->n_calls = n;
	out->n_functions = g->n_funcs;
	out->n_decoded = all->n_decoded;
	if (n < all->n || all->is_cut || g->is_full) {
		out->state = PQM_CODE_LIMIT;
		out->why_not = n < all->n || g->is_full ? "more calls than are kept"
							: "the budget of instructions ended";
	} else if (g->is_part && g->want->by_text) {
		out->state = PQM_CODE_LIMIT;
		out->why_not = "in so much code functions are not looked for by their texts";
	} else if (n == 0) {
		out->state = PQM_CODE_NONE;
	}
	return PQM_OK;
}

static bool is_too_large(const struct pqm_img *g)
{
	uint64_t bytes = 0, most = g->want->most_text == 0 ? PQM_CODE_TEXT : g->want->most_text;

	for (size_t i = 0; i < g->n_segs; i++)
		bytes += g->segs[i].is_code ? g->segs[i].bytes : 0;
	return bytes > most;
}

/* Wanted functions of this file are too few to be a library: they only have its names. */
static void drop_namesakes(struct pqm_img *g)
{
	if (g->n_own >= g->want->least_own)
		return;
	for (size_t i = 0; i < g->n_funcs; i++)
		g->funcs[i].flags &= ~(uint32_t)PQM_F_API;
	g->n_own = 0;
}

/* Functions, and who refers to whom. */
static enum pqm_st read_graph(struct pqm_img *g, struct pqm_err *err)
{
	enum pqm_st st = pqm_code_slots(g, err);

	if (st == PQM_OK && is_too_large(g)) {
		st = pqm_code_sweep(g, err);
		drop_namesakes(g);
		return st;
	}
	if (st == PQM_OK)
		st = pqm_code_funcs(g, err);
	if (st == PQM_OK && g->want->signs != NULL)
		st = pqm_code_sign_begin(g, err);
	if (st == PQM_OK)
		st = pqm_code_scan(g, err);
	if (st == PQM_OK)
		st = pqm_code_main(g, err);
	if (st == PQM_OK && g->want->signs != NULL) {
		st = pqm_code_sign_end(g, err);
		return st == PQM_OK ? pqm_code_scan(g, err) : st;
	}
	/* Before names are looked for, as thin functions of the program are not the library's; and after it, for
	 * those that were named. */
	if (st == PQM_OK && g->want->by_text)
		st = pqm_code_library(g, err);
	if (st == PQM_OK && g->want->by_text)
		st = pqm_code_names(g, err);
	drop_namesakes(g);
	if (st != PQM_OK || !g->want->by_text)
		return st;
	st = pqm_code_library(g, err);
	return st == PQM_OK ? pqm_code_scan(g, err) : st;
}

static enum pqm_st examine(
	struct pqm_img *g, struct pqm_code *out, struct pqm_arena *arena, struct pqm_err *err)
{
	struct pqm_found_calls found = { 0 };
	bool is_broken = false;
	enum pqm_st st = pqm_code_load(g, &is_broken, err);

	if (st != PQM_OK)
		return st;
	if (is_broken) {
		out->state = PQM_CODE_BROKEN;
		out->why_not = "its segments do not fit the file or each other";
		return PQM_OK;
	}
	if (g->n_wanted == 0 && !g->want->by_text && g->want->signs == NULL &&
		!pqm_code_has_wanted(g)) {
		out->state = PQM_CODE_NONE;
		return PQM_OK;
	}
	st = read_graph(g, err);
	pqm_mapped_drop();
	if (st == PQM_OK)
		st = pqm_code_reach(g, err);
	if (st == PQM_OK)
		st = pqm_code_args(g, &found, err);
	if (st == PQM_OK)
		st = put_out(g, &found, out, arena, err);
	if (st == PQM_OK && !g->e->is_program && !g->is_part && out->n_calls > 0)
		st = pqm_code_from(g, &found, out, arena, err);
	return st;
}

enum pqm_st pqm_code_read(struct pqm_code *out, const struct pqm_elf *e,
	const struct pqm_code_want *want, struct pqm_arena *arena, struct pqm_err *err)
{
	struct pqm_arena scratch;
	struct pqm_img g = { .e = e, .want = want, .arena = &scratch, .body = e->body };
	enum pqm_st st = PQM_OK;

	*out = (struct pqm_code){ .state = PQM_CODE_READ };
	if (!is_machine(e) || e->phnum == 0) {
		out->state = PQM_CODE_MACHINE;
		out->why_not = "not linked for x86-64 or AArch64";
		return PQM_OK;
	}
	pqm_arena_init(&scratch, PQM_CODE_BYTES);
	pqm_buf_init(&g.edge_buf, PQM_CODE_EDGES * sizeof(struct pqm_edge));
	pqm_buf_init(&g.site_buf, PQM_CODE_EDGES * sizeof(struct pqm_site));
	pqm_buf_init(&g.side_buf, PQM_CODE_EDGES * sizeof(uint32_t));
	st = examine(&g, out, arena, err);
	/* The scratch memory has a limit, too. */
	if (st == PQM_ELIMIT || st == PQM_ENOMEM) {
		*out = (struct pqm_code){ .state = PQM_CODE_LIMIT,
			.why_not = "its functions, calls or relocated words take more memory than "
				   "is given" };
		st = PQM_OK;
	}
	pqm_buf_fini(&g.slot_buf);
	pqm_buf_fini(&g.edge_buf);
	pqm_buf_fini(&g.site_buf);
	pqm_buf_fini(&g.side_buf);
	pqm_arena_fini(&scratch);
	return st;
}
