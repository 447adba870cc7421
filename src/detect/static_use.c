/* static_use.c — what a program calls of a library that is compiled into it, by the signs of its functions. */
#include "elf_look.h"
#include "static.h"

static uint64_t group_of(
	const struct pqm_sign_rules *signs, const struct pqm_libs *libs, pqm_bytes title)
{
	for (size_t g = 0; g < signs->n_groups; g++) {
		const struct pqm_lib *of = pqm_lib_by_name(libs, signs->library[g]);

		if (of != NULL && pqm_ieq(pqm_yaml_str(of->rule->node, "title"), title))
			return (uint64_t)1 << g;
	}
	return 0;
}

/* The groups of signs of this program's libraries, a bit each. None where one has no signs: what it calls of the
 * others, or holds like them, could not be told from what the program does. */
static uint64_t groups_of(const struct pqm_sign_rules *signs, const struct pqm_libs *libs,
	const struct pqm_static_lib *lib, size_t n)
{
	uint64_t out = 0;

	for (size_t i = 0; i < n; i++) {
		uint64_t bit = group_of(signs, libs, lib[i].name);

		if (bit == 0)
			return 0;
		out |= bit;
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

static bool is_quiet(const struct pqm_elf_look *k, size_t call)
{
	return pqm_yaml_true(k->signs->rule[k->code.calls[call].sign]->node, "quiet");
}

static bool is_protocol(const struct pqm_lib_fact *f)
{
	return pqm_eqs(f->meaning->family, "TLS");
}

/* The last function that lies on both ways. */
static const struct pqm_frame *fork_of(const struct pqm_call *a, const struct pqm_call *b)
{
	const struct pqm_frame *last = NULL;

	for (size_t i = 0; i < a->n_path && i < b->n_path && a->path[i].func == b->path[i].func;
		i++)
		last = &a->path[i];
	return last;
}

/* Each is held against each. */
#define MOST_CLAIMS 4096

/* The meaning of a function of that library for keys of any kind, or NULL. */
static const struct pqm_lib_rule *generic_of(
	const struct pqm_elf_look *k, const struct pqm_lib *lib)
{
	const struct pqm_sign_rules *s = k->signs;

	for (size_t i = 0; i < s->signs.n; i++) {
		const struct pqm_lib_rule *rule = s->signs.sign[i].function.n == 0 ||
				!pqm_eq(s->library[s->signs.sign[i].group], lib->name)
			? NULL
			: pqm_lib_symbol(lib, s->signs.sign[i].function);

		if (rule != NULL && pqm_eqs(rule->family, "unknown") && rule->quantum != PQM_Q_SAFE)
			return rule;
	}
	return NULL;
}

/* How two claims of different families stand to each other. */
enum relation {
	APART,
	PART_OF_PROTOCOL, /* the first is the doing of the second */
	UNDECIDED,	  /* one function of the library leads to both: data decides */
};

static bool is_claim(const struct pqm_elf_look *k, size_t i)
{
	return k->facts[i].meaning != NULL && !k->facts[i].is_dropped &&
		k->code.calls[i].reach == PQM_REACH_YES;
}

static enum relation relation_of(const struct pqm_elf_look *k, size_t i, size_t j)
{
	const struct pqm_lib_fact *a = &k->facts[i], *b = &k->facts[j];
	const struct pqm_call *x = &k->code.calls[i], *y = &k->code.calls[j];

	if (pqm_eq(a->meaning->family, b->meaning->family) || is_protocol(a))
		return APART;
	const struct pqm_frame *fork = fork_of(x, y);

	if (fork == NULL)
		return APART;
	if (is_protocol(b) && fork != &x->path[0])
		return PART_OF_PROTOCOL;
	return fork->is_inside ? UNDECIDED : APART;
}

static enum relation relation_to_all(
	const struct pqm_elf_look *k, size_t i, const size_t *claim, size_t n)
{
	enum relation is = APART;

	if (n > MOST_CLAIMS)
		return UNDECIDED;
	for (size_t j = 0; j < n && is != PART_OF_PROTOCOL; j++) {
		enum relation with = relation_of(k, i, claim[j]);

		is = with == APART ? is : with;
	}
	return is;
}

/* What one function of the library leads to in several ways is decided in there, by data: only that keys are used
 * is said. Beside a protocol that the program speaks, what the same function leads to is the protocol's doing. */
static enum pqm_st settle(struct pqm_elf_look *k)
{
	size_t n = 0, *claim = pqm_new(k->arena, size_t, k->code.n_calls + 1);
	enum relation *is = pqm_new(k->arena, enum relation, k->code.n_calls + 1);

	if (is == NULL || claim == NULL)
		return PQM_ENOMEM;
	for (size_t i = 0; i < k->code.n_calls; i++)
		if (is_claim(k, i))
			claim[n++] = i;
	for (size_t i = 0; i < n; i++)
		is[i] = relation_to_all(k, claim[i], claim, n);
	for (size_t i = 0; i < n; i++) {
		struct pqm_lib_fact *f = &k->facts[claim[i]];

		if (is[i] == APART)
			continue;
		f->meaning = is[i] == UNDECIDED ? generic_of(k, f->lib) : NULL;
		f->is_dropped = f->meaning == NULL;
		f->recipe = NULL;
		f->alg = NULL;
		f->parameter = (pqm_bytes){ NULL, 0 };
	}
	return PQM_OK;
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
	for (size_t i = 0; i < k.code.n_calls; i++)
		k.facts[i].is_dropped |= is_quiet(&k, i);
	st = settle(&k);
	if (st == PQM_OK)
		st = pqm_elf_claims(&k, out);
	return st == PQM_OK ? pqm_elf_settings(&k, out) : st;
}
