/* elf_text.c — calls and the ways to them, as a reader sees them. */
#include "elf_look.h"

/* Of a text in an argument, and of a list. */
#define TEXT_SHOWN 80
#define FRAMES_SHOWN 8

/* A version on the wire; flags are no sizes, either. */
static bool is_hex(const struct pqm_lib_fact *f, unsigned at, uint64_t value)
{
	bool is_version = false;

	for (size_t i = 0; f->recipe != NULL && i < f->recipe->n_args; i++)
		is_version = is_version ||
			(f->recipe->arg[i].at == at &&
				(f->recipe->arg[i].role == PQM_ROLE_CEILING ||
					f->recipe->arg[i].role == PQM_ROLE_FLOOR));
	return is_version || value > 0x1ffff;
}

static pqm_bytes arg_text(const struct pqm_elf_look *k, size_t call, unsigned at)
{
	const struct pqm_arg *arg = &k->code.calls[call].arg[at];

	switch (arg->kind) {
	case PQM_ARG_INT:
		return pqm_arena_f(k->arena,
			is_hex(&k->facts[call], at, arg->value) ? "%#llx" : "%llu",
			(unsigned long long)arg->value);
	case PQM_ARG_TEXT:
		return pqm_arena_f(k->arena, "\"%.*s%s\"",
			PQM_FMT(pqm_printable(k->arena, pqm_sub(arg->text, 0, TEXT_SHOWN))),
			arg->text.n > TEXT_SHOWN ? "…" : "");
	case PQM_ARG_RESULT:
		if (arg->value < k->code.n_calls)
			return pqm_arena_f(k->arena, "%.*s()",
				PQM_FMT(pqm_printable(k->arena, k->code.calls[arg->value].callee)));
		break;
	case PQM_ARG_UNKNOWN:
		break;
	}
	return PQM_LIT("?");
}

/* How many arguments the function has; 0: nobody said. */
static unsigned arity(const struct pqm_lib_fact *f, pqm_bytes symbol)
{
	const struct pqm_lib *lib = f->through != NULL ? f->through : f->lib;
	const struct pqm_recipes *set = lib == NULL ? NULL : pqm_lib_recipes(lib, symbol);

	for (size_t i = 0; set != NULL && i < set->n; i++)
		if (set->list[i]->takes > 0)
			return set->list[i]->takes;
	return 0;
}

/* A sign that may be several functions' names none of them: it is told by its place. */
static pqm_bytes callee_text(const struct pqm_elf_look *k, const struct pqm_call *c)
{
	if (c->by == PQM_BY_SIGN && !k->signs->signs.sign[c->sign].is_one)
		return pqm_arena_f(k->arena, "func_%#llx", (unsigned long long)c->callee_addr);
	return pqm_printable(k->arena, c->callee);
}

pqm_bytes pqm_elf_call_text(const struct pqm_elf_look *k, size_t call)
{
	const struct pqm_call *c = &k->code.calls[call];
	pqm_bytes name = callee_text(k, c), out;
	unsigned n = arity(&k->facts[call], c->callee);

	if (c->is_reference)
		return pqm_arena_f(k->arena, "&%.*s", PQM_FMT(name));
	out = pqm_arena_f(k->arena, "%.*s(", PQM_FMT(name));
	for (unsigned i = 0; i < n; i++)
		out = pqm_arena_f(k->arena, "%.*s%s%.*s", PQM_FMT(out), i == 0 ? "" : ", ",
			PQM_FMT(arg_text(k, call, i)));
	return pqm_arena_f(k->arena, "%.*s%s)", PQM_FMT(out), n == 0 ? "..." : "");
}

static pqm_bytes frame_text(const struct pqm_elf_look *k, const struct pqm_frame *f)
{
	pqm_bytes name = pqm_printable(k->arena, pqm_sub(f->name, 0, TEXT_SHOWN));
	unsigned long long into = f->at >= f->func ? f->at - f->func : 0;

	if (name.n == 0)
		name = pqm_arena_f(k->arena, "func_%#llx", (unsigned long long)f->func);
	return into == 0 ? name : pqm_arena_f(k->arena, "%.*s+%#llx", PQM_FMT(name), into);
}

pqm_bytes pqm_elf_witness(const struct pqm_elf_look *k, const struct pqm_call *call)
{
	pqm_bytes out = { NULL, 0 };

	for (size_t i = 0; i < call->n_path; i++) {
		if (i >= FRAMES_SHOWN / 2 && i + FRAMES_SHOWN / 2 < call->n_path) {
			if (i == FRAMES_SHOWN / 2)
				out = pqm_arena_f(k->arena, "%.*s... -> ", PQM_FMT(out));
			continue;
		}
		out = pqm_arena_f(k->arena, "%.*s%.*s -> ", PQM_FMT(out),
			PQM_FMT(frame_text(k, &call->path[i])));
	}
	return pqm_arena_f(k->arena, "%.*s%.*s", PQM_FMT(out), PQM_FMT(callee_text(k, call)));
}

static const char *reach_name(enum pqm_call_reach reach)
{
	return reach == PQM_REACH_YES ? "yes" : reach == PQM_REACH_NO ? "no" : "undecided";
}

/* How the callee got its name, when the dynamic linker does not bind it. */
static const char *by_name(enum pqm_callee_by by)
{
	return by == PQM_BY_SYMBOL  ? "symbol of the file"
		: by == PQM_BY_TEXT ? "the function's own name in its error texts"
				    : "";
}

void pqm_elf_evidence(const struct pqm_elf_look *k, size_t call, struct pqm_found *f)
{
	const struct pqm_call *c = &k->code.calls[call];

	pqm_found_attr(f, "address", pqm_arena_f(k->arena, "%#llx", (unsigned long long)c->addr));
	pqm_found_attr(f, "call", pqm_elf_call_text(k, call));
	pqm_found_attr(f, "witness", pqm_elf_witness(k, c));
	pqm_found_attr(f, "reach", pqm_str(reach_name(c->reach)));
	if (c->by == PQM_BY_SIGN)
		pqm_found_attr(f, "named_by",
			pqm_arena_f(k->arena, "%.*s: %.*s",
				PQM_FMT(k->signs->signs.sign[c->sign].function),
				PQM_FMT(pqm_yaml_str(k->signs->rule[c->sign]->node, "why"))));
	else
		pqm_found_attr(f, "named_by", pqm_str(by_name(c->by)));
}
