/* static_use.c — what a program calls of a library that is compiled into it, by the signs of its functions. */
#include "elf_look.h"
#include "static.h"

/* The groups of signs that belong to a library of this program, a bit each. */
static uint64_t groups_of(const struct pqm_sign_rules *signs, const struct pqm_libs *libs,
	const struct pqm_static_lib *lib, size_t n)
{
	uint64_t out = 0;

	for (size_t g = 0; g < signs->n_groups; g++) {
		const struct pqm_lib *of = pqm_lib_by_name(libs, signs->library[g]);

		for (size_t i = 0; of != NULL && i < n; i++)
			if (pqm_eq(pqm_yaml_str(of->rule->node, "title"), lib[i].name))
				out |= (uint64_t)1 << g;
	}
	return out;
}

/* By signs alone: what symbols say the stripped program would not. */
static bool wants_none(
	void *ctx, pqm_bytes name, bool is_import, const struct pqm_elf_version *version)
{
	(void)ctx;
	(void)name;
	(void)is_import;
	(void)version;
	return false;
}

static bool is_protocol(const struct pqm_lib_fact *f)
{
	return pqm_eqs(f->meaning->family, "TLS");
}

/* The last function that lies on both ways. */
static const struct pqm_frame *fork_of(const struct pqm_call *a, const struct pqm_call *b)
{
	const struct pqm_frame *last = NULL;

	for (size_t i = 0; i < a->n_path && i < b->n_path && a->path[i].func == b->path[i].func; i++)
		last = &a->path[i];
	return last;
}

/* What one function of the library leads to in several ways is decided in there, by data: of these nothing is said
 * but the protocol, if it is one. A function that stands among those with signs belongs to the library. */
static void drop_undecided(struct pqm_elf_look *k)
{
	const struct pqm_code *c = &k->code;

	for (size_t i = 0; i < c->n_calls; i++)
		for (size_t j = 0; j < c->n_calls; j++) {
			struct pqm_lib_fact *a = &k->facts[i], *b = &k->facts[j];

			if (a->meaning == NULL || b->meaning == NULL ||
				pqm_eq(a->meaning->family, b->meaning->family) || is_protocol(a) ||
				c->calls[i].reach != PQM_REACH_YES ||
				c->calls[j].reach != PQM_REACH_YES)
				continue;
			const struct pqm_frame *fork = fork_of(&c->calls[i], &c->calls[j]);

			if (fork != NULL && fork->func >= c->signed_from &&
				fork->func < c->signed_to)
				a->is_dropped = true;
		}
}

enum pqm_st pqm_static_use(const struct pqm_static_in *in, const struct pqm_static_lib *lib,
	size_t n, struct pqm_emit *out, struct pqm_err *err)
{
	struct pqm_elf_look k = { .rules = in->rules, .arena = in->arena, .elf = *in->elf };
	struct pqm_signs signs = in->signs->signs;
	struct pqm_code_want want = { .wants = wants_none, .signs = &signs };
	enum pqm_st st;

	if (!k.elf.is_program || pqm_rules_libs(&k.libs, in->rules, err) != PQM_OK)
		return k.elf.is_program ? err->st : PQM_OK;
	k.signs = in->signs;
	signs.groups = groups_of(in->signs, k.libs, lib, n);
	if (signs.groups == 0)
		return PQM_OK;
	st = pqm_code_read(&k.code, &k.elf, &want, k.arena, err);
	if (st == PQM_OK)
		st = pqm_elf_facts(&k);
	if (st != PQM_OK)
		return st;
	drop_undecided(&k);
	st = pqm_elf_claims(&k, out);
	return st == PQM_OK ? pqm_elf_settings(&k, out) : st;
}
