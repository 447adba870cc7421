/* elf_wrap.c — what graph/link.h needs: what a library's exports reach, and what a program imports. */
#include "elf_look.h"

#include "base/limits.h"
#include "model/link.h"

struct facts {
	struct pqm_fact *fact;
	size_t n, cap;
	bool *is_told;			/* by export, of the rule at hand */
	const struct pqm_rule *wrapper; /* NULL: what its code reaches is all that is known */
};

static enum pqm_st add(struct pqm_arena *a, struct facts *f, pqm_bytes key, pqm_bytes value)
{
	struct pqm_fact *grown = pqm_grow(a, f->fact, f->n, &f->cap);

	if (grown == NULL || value.p == NULL)
		return PQM_ENOMEM;
	f->fact = grown;
	f->fact[f->n++] = (struct pqm_fact){ .key = key, .value = value };
	return PQM_OK;
}

static enum pqm_st add_reach(const struct pqm_elf_look *k, struct facts *f,
	const struct pqm_lib_rule *m, const struct pqm_call *c, pqm_bytes name)
{
	if (!pqm_lib_wrapper_says(f->wrapper, name, m->rule))
		return PQM_OK;
	pqm_bytes soname = pqm_elf_soname(k, k->facts[c - k->code.calls].lib, c->version);

	return add(k->arena, f, m->rule->id,
		pqm_arena_f(k->arena, "%.*s\t%.*s\t%.*s\t%.*s",
			PQM_FMT(pqm_printable(k->arena, name)),
			PQM_FMT(pqm_printable(k->arena, c->callee)),
			PQM_FMT(pqm_printable(k->arena, soname)), PQM_FMT(pqm_elf_witness(k, c))));
}

/* The export that its witness starts at. */
static bool starts_at(const struct pqm_call *c, pqm_bytes name)
{
	return c->n_path > 0 && pqm_eq(c->path[0].name, name);
}

/* The exports that get to the call and are not told yet; when they are not listed, the one that its witness starts
 * at. is_first: only this one, as its way is known. */
static enum pqm_st add_call(const struct pqm_elf_look *k, struct facts *f,
	const struct pqm_lib_rule *m, const struct pqm_call *c, bool is_first)
{
	enum pqm_st st = PQM_OK;

	for (size_t i = 0; i < c->n_from && st == PQM_OK && f->n < PQM_LINK_FACTS; i++) {
		size_t at = c->from[i];

		if (at >= k->code.n_exports || f->is_told[at] ||
			(is_first && !starts_at(c, k->code.exports[at])))
			continue;
		f->is_told[at] = true;
		st = add_reach(k, f, m, c, k->code.exports[at]);
	}
	if (is_first && c->n_from == 0 && c->n_path > 0 && c->path[0].name.n > 0 &&
		f->n < PQM_LINK_FACTS)
		st = add_reach(k, f, m, c, c->path[0].name);
	return st;
}

static enum pqm_st add_calls(
	const struct pqm_elf_look *k, struct facts *f, const struct pqm_lib_rule *m, bool is_first)
{
	enum pqm_st st = PQM_OK;

	for (size_t i = 0; i < k->code.n_calls && st == PQM_OK; i++) {
		const struct pqm_call *c = &k->code.calls[i];

		if (k->facts[i].meaning == m && k->facts[i].lib != NULL &&
			k->facts[i].through == NULL && c->by == PQM_BY_IMPORT &&
			c->reach == PQM_REACH_YES)
			st = add_call(k, f, m, c, is_first);
	}
	return st;
}

/* Facts of a library stand rule by rule, an export once each. */
static enum pqm_st library_facts(const struct pqm_elf_look *k, struct facts *f)
{
	enum pqm_st st = PQM_OK;

	f->is_told = pqm_new(k->arena, bool, k->code.n_exports);
	if (f->is_told == NULL)
		return PQM_ENOMEM;
	for (size_t r = 0; r < pqm_lib_rules_count(k->libs) && st == PQM_OK; r++) {
		const struct pqm_lib_rule *m = pqm_lib_rule_at(k->libs, r);

		memset(f->is_told, 0, k->code.n_exports * sizeof(bool));
		st = add_calls(k, f, m, true);
		if (st == PQM_OK)
			st = add_calls(k, f, m, false);
	}
	return st;
}

static enum pqm_st emit(
	struct pqm_emit *out, const char *kind, pqm_bytes name, const struct facts *f)
{
	return f->n == 0 ? PQM_OK
			 : pqm_emit_object(out,
				   &(struct pqm_object){ .group = PQM_LIT(PQM_LINK_GROUP),
					   .kind = pqm_str(kind),
					   .name = name,
					   .facts = f->fact,
					   .n_facts = f->n });
}

enum pqm_st pqm_elf_wrap_library(const struct pqm_elf_look *k, struct pqm_emit *out)
{
	struct facts f = { 0 };
	enum pqm_st st;

	if (k->elf.is_program || k->elf.soname.n == 0 || k->own != NULL || k->facts == NULL)
		return PQM_OK;
	f.wrapper = pqm_lib_wrapper(k->libs, k->elf.soname);
	st = library_facts(k, &f);
	return st == PQM_OK ? emit(out, "Library", pqm_printable(k->arena, k->elf.soname), &f) : st;
}

/* Names that no library of ours gives, as a packed list. */
static enum pqm_st import_names(struct pqm_elf *e, struct pqm_arena *arena, pqm_bytes *packed)
{
	uint64_t *names = NULL;
	size_t n = 0, cap = 0;
	struct pqm_elf_sym sym;
	struct pqm_err err = { 0 };
	enum pqm_st st = pqm_elf_symbols(e, &err);

	while (st == PQM_OK && n < PQM_LINK_NAMES) {
		st = pqm_elf_next(e, &sym, &err);
		if (st != PQM_OK || sym.name.n == 0)
			break;
		if (sym.is_defined ||
			(sym.version != NULL && pqm_starts(sym.version->name, PQM_LIT("GLIBC_"))))
			continue;
		uint64_t *grown = pqm_grow(arena, names, n, &cap);

		if (grown == NULL)
			return PQM_ENOMEM;
		names = grown;
		names[n++] = pqm_link_name(sym.name);
	}
	*packed = pqm_link_pack(names, n);
	return st == PQM_ENOMEM ? st : PQM_OK;
}

enum pqm_st pqm_elf_wrap_program(struct pqm_elf_look *k, struct pqm_emit *out)
{
	struct facts f = { 0 };
	pqm_bytes packed;
	enum pqm_st st;

	if (!k->elf.is_program || k->elf.n_needed == 0)
		return PQM_OK;
	st = import_names(&k->elf, k->arena, &packed);
	if (st != PQM_OK || packed.n == 0)
		return st;
	st = add(k->arena, &f, PQM_LIT("imports"), packed);
	for (size_t i = 0; i < k->elf.n_needed && st == PQM_OK; i++)
		st = add(k->arena, &f, PQM_LIT("needs"), pqm_printable(k->arena, k->elf.needed[i]));
	return st == PQM_OK ? emit(out, "Program", PQM_LIT("program"), &f) : st;
}
