/* elf_claim.c — calls that say the same, as one claim with the strongest of them as evidence. */
#include "elf_look.h"

#include "base/limits.h"

#define CLAIMS_MAX 4096

/* What calls with one meaning have in common. */
struct claim {
	const struct pqm_lib_rule *rule;
	const struct pqm_lib *lib;
	const struct pqm_alg_ref *alg; /* NULL: what the rule says */
	pqm_bytes parameter;
	size_t *call; /* indices, the strongest first when emitted */
	size_t n, cap;
};

struct claims {
	struct pqm_elf_look *look;
	struct claim *all;
	size_t n, cap;
};

static bool is_same_alg(const struct pqm_alg_ref *a, const struct pqm_alg_ref *b)
{
	return a == b ||
		(a != NULL && b != NULL && a->alg == b->alg &&
			(pqm_eq(a->algorithm, b->algorithm) || a->parameter.n > 0 ||
				b->parameter.n > 0));
}

static struct claim *claim_of(struct claims *c, const struct pqm_lib_fact *f)
{
	struct claim *grown;

	for (size_t i = 0; i < c->n; i++) {
		struct claim *at = &c->all[i];

		if (at->rule == f->meaning && at->lib == f->lib && is_same_alg(at->alg, f->alg) &&
			pqm_eq(at->parameter, f->parameter))
			return at;
	}
	if (c->n == CLAIMS_MAX)
		return &c->all[c->n - 1];
	grown = pqm_grow(c->look->arena, c->all, c->n, &c->cap);
	if (grown == NULL)
		return NULL;
	c->all = grown;
	c->all[c->n] = (struct claim){
		.rule = f->meaning, .lib = f->lib, .alg = f->alg, .parameter = f->parameter
	};
	return &c->all[c->n++];
}

static unsigned known_args(const struct pqm_call *c)
{
	unsigned n = 0;

	for (size_t i = 0; i < PQM_CALL_ARGS; i++)
		n += c->arg[i].kind != PQM_ARG_UNKNOWN;
	return n;
}

/* Whether an argument of the call says what the claim is about. */
static bool is_told(const struct pqm_elf_look *k, size_t call)
{
	const struct pqm_lib_fact *f = &k->facts[call];

	for (size_t i = 0; f->recipe != NULL && i < f->recipe->n_args; i++)
		if (k->code.calls[call].arg[f->recipe->arg[i].at].kind != PQM_ARG_UNKNOWN)
			return true;
	return false;
}

/* How much a call shows: that it is reached, that the fact stands in its own arguments, that it is called at
 * all. */
static unsigned strength(const struct pqm_elf_look *k, size_t call)
{
	const struct pqm_call *c = &k->code.calls[call];
	unsigned reach = c->reach == PQM_REACH_YES ? 2 : c->reach == PQM_REACH_UNDECIDED;

	return reach << 8 | (unsigned)k->facts[call].is_own << 6 |
		(unsigned)(is_told(k, call) && !k->facts[call].has_setting) << 5 |
		(unsigned)!c->is_reference << 4 | (known_args(c) & 0xf);
}

/* The strongest in front; of equals the one with the shorter way, then the lower address. */
static void put_best_first(const struct pqm_elf_look *k, struct claim *m)
{
	for (size_t i = 1; i < m->n; i++) {
		unsigned a = strength(k, m->call[0]), b = strength(k, m->call[i]);
		const struct pqm_call *x = &k->code.calls[m->call[0]];
		const struct pqm_call *y = &k->code.calls[m->call[i]];

		if (b > a || (a == b && y->n_path < x->n_path)) {
			size_t old = m->call[0];

			m->call[0] = m->call[i];
			m->call[i] = old;
		}
	}
}

/* Functions that take the curve from elsewhere speak of elliptic curves in general. When the curves that the
 * file's calls name are all of those with a name of their own (X25519), so is what these do. */
static bool is_other_curve(const struct pqm_elf_look *k, const struct pqm_lib_fact *f)
{
	bool is_other = false;

	if (f->alg != NULL || f->parameter.n > 0 ||
		!pqm_yaml_true(f->meaning->rule->node, "any_curve"))
		return false;
	for (size_t i = 0; i < k->code.n_calls; i++) {
		const struct pqm_lib_fact *g = &k->facts[i];

		if (g->meaning == NULL || g->lib != f->lib || g->recipe == NULL ||
			(k->code.calls[i].by == PQM_BY_SIGN &&
				k->code.calls[i].reach == PQM_REACH_NO) ||
			!pqm_yaml_true(g->meaning->rule->node, "any_curve"))
			continue;
		if (g->alg == NULL || pqm_eqs(g->alg->alg->family, "EC"))
			return false;
		is_other = true;
	}
	return is_other;
}

/* Data that is prepared for a key shows no use unless one of the functions that take it is called, too. */
static bool has_company(const struct pqm_elf_look *k, const struct pqm_lib_fact *f)
{
	const struct pqm_yaml *with =
		f->recipe == NULL ? NULL : pqm_yaml_get(f->recipe->rule->node, "with");

	for (size_t i = 0; with != NULL && i < k->code.n_calls; i++)
		for (size_t w = 0; w < with->n; w++)
			if (k->code.calls[i].reach != PQM_REACH_NO &&
				pqm_eq(pqm_yaml_text(with->items[w]), k->code.calls[i].callee))
				return true;
	return with == NULL;
}

static bool is_claimed(const struct pqm_elf_look *k, size_t i)
{
	const struct pqm_lib_fact *f = &k->facts[i];

	return f->meaning != NULL && !f->is_dropped && !is_other_curve(k, f) && has_company(k, f) &&
		!(f->recipe == NULL && pqm_lib_is_housekeeping(f->lib, pqm_elf_function(k, i)));
}

static enum pqm_st collect(struct claims *c)
{
	struct pqm_elf_look *k = c->look;

	for (size_t i = 0; i < k->code.n_calls; i++) {
		if (!is_claimed(k, i))
			continue;
		struct claim *m = claim_of(c, &k->facts[i]);
		size_t *grown = m == NULL ? NULL : pqm_grow(k->arena, m->call, m->n, &m->cap);

		if (grown == NULL)
			return PQM_ENOMEM;
		m->call = grown;
		m->call[m->n++] = i;
	}
	return PQM_OK;
}

/* Adds word to a list of distinct words. */
static pqm_bytes add_word(struct pqm_arena *a, pqm_bytes list, pqm_bytes word, const char *between)
{
	pqm_bytes rest = list, have;

	while (list.n > 0 && pqm_split(&rest, (uint8_t)between[0], &have))
		if (pqm_eq(pqm_trim(have), word))
			return list;
	return pqm_arena_f(
		a, "%.*s%s%.*s", PQM_FMT(list), list.n > 0 ? between : "", PQM_FMT(word));
}

static const struct {
	const char *operation;
	enum pqm_function function;
} purposes[] = {
	{ "sign", PQM_FN_SIG },
	{ "verify", PQM_FN_SIG },
	{ "encrypt", PQM_FN_PKE },
	{ "decrypt", PQM_FN_PKE },
	{ "derive", PQM_FN_KEX },
	{ "kem", PQM_FN_KEX },
};

/* What a key that may do several things is used for here, when all calls say the same. */
static enum pqm_function purpose_of(const struct pqm_elf_look *k, const struct claim *m)
{
	enum pqm_function found = PQM_FN_ANY;

	for (size_t i = 0; i < m->n; i++) {
		pqm_bytes op = k->facts[m->call[i]].operation;

		for (size_t p = 0; p < sizeof(purposes) / sizeof(purposes[0]); p++) {
			if (!pqm_eqs(op, purposes[p].operation))
				continue;
			if (found != PQM_FN_ANY && found != purposes[p].function)
				return PQM_FN_ANY;
			found = purposes[p].function;
		}
	}
	return found;
}

/* "keygen, sign"; the rule's own word when no function says more. */
static pqm_bytes operations_of(const struct pqm_elf_look *k, const struct claim *m)
{
	pqm_bytes out = { NULL, 0 };

	for (size_t i = 0; i < m->n; i++)
		if (k->facts[m->call[i]].operation.n > 0)
			out = add_word(k->arena, out, k->facts[m->call[i]].operation, ", ");
	return out.n > 0 ? out : m->rule->operation;
}

static int by_bytes(const void *a, const void *b)
{
	return pqm_cmp(*(const pqm_bytes *)a, *(const pqm_bytes *)b);
}

/* Names of the functions, sorted: "RSA_sign,RSA_verify +3". */
static pqm_bytes symbols_of(const struct pqm_elf_look *k, const struct claim *m)
{
	pqm_bytes *names = pqm_new(k->arena, pqm_bytes, m->n), out = { NULL, 0 };
	size_t n = 0;

	if (names == NULL)
		return out;
	for (size_t i = 0; i < m->n; i++)
		names[i] = pqm_elf_function(k, m->call[i]);
	qsort(names, m->n, sizeof(*names), by_bytes);
	for (size_t i = 0; i < m->n; i++)
		if (n == 0 || !pqm_eq(names[n - 1], names[i]))
			names[n++] = names[i];
	for (size_t i = 0; i < n && i < PQM_ELF_SHOWN; i++)
		out = pqm_arena_f(k->arena, "%.*s%s%.*s", PQM_FMT(out), i == 0 ? "" : ",",
			PQM_FMT(pqm_printable(k->arena, names[i])));
	if (n > PQM_ELF_SHOWN)
		out = pqm_arena_f(k->arena, "%.*s +%zu", PQM_FMT(out), n - PQM_ELF_SHOWN);
	return out;
}

/* A curve or a size is no name of an algorithm; a parameter set is. */
static void name_algorithm(struct pqm_found *f, const struct claim *m)
{
	const struct pqm_alg_ref *ref = m->alg;

	f->family = m->rule->family;
	f->algorithm = m->rule->algorithm;
	f->parameter = m->parameter.n > 0 ? m->parameter : m->rule->parameter;
	f->function = m->rule->function;
	f->quantum = m->rule->quantum;
	f->classical = m->rule->classical;
	if (ref == NULL || pqm_eq(ref->alg->family, m->rule->family))
		return;
	f->family = ref->alg->family;
	f->quantum = ref->alg->quantum;
	f->classical = ref->alg->classical;
	f->algorithm = ref->algorithm.n == 0 || pqm_eq(ref->algorithm, ref->alg->name) ||
			pqm_eqs(f->family, "EC") || pqm_eqs(f->family, "DH")
		? f->family
		: ref->algorithm;
	if (f->function == PQM_FN_ANY || f->quantum == PQM_Q_SAFE)
		f->function = ref->function != PQM_FN_ANY ? ref->function : f->function;
}

/* One finding may stand in many files: what its sentence says holds for each; the call in each of them, its
 * arguments and the way to it stand beside. */
static pqm_bytes say_why(const struct pqm_elf_look *k, const struct claim *m,
	const struct pqm_found *f, const char *kind)
{
	pqm_bytes of = pqm_lib_title(m->lib), what = { NULL, 0 }, why = m->rule->why;
	bool is_named = m->parameter.n > 0 || !pqm_eq(f->family, m->rule->family);

	if (is_named)
		what = pqm_arena_f(k->arena, " for %.*s%s%.*s",
			PQM_FMT(m->parameter.n > 0 || f->algorithm.n == 0 ? f->family
									  : f->algorithm),
			m->parameter.n > 0 ? " " : "", PQM_FMT(m->parameter));
	if (is_named && pqm_eqs(m->rule->family, "unknown"))
		why = PQM_LIT("a call names it");
	else if (is_named)
		why = pqm_arena_f(k->arena, "a call names it, and %.*s", PQM_FMT(why));
	return pqm_arena_f(k->arena, "%s %.*s%.*s%s: %.*s", kind, PQM_FMT(of), PQM_FMT(what),
		f->meaning == PQM_OFFER && k->elf.is_program
			? ", in code that nothing reached from its start is seen to lead to"
			: "",
		PQM_FMT(why));
}

/* The sentence is one of the file's kind, and the finding with it. */
static void name_finding(
	const struct pqm_elf_look *k, const struct claim *m, pqm_bytes more, struct pqm_found *f)
{
	bool is_offer = f->meaning == PQM_OFFER;

	f->identity = pqm_arena_f(k->arena, "%.*s/%.*s%.*s%s", PQM_FMT(f->rule),
		PQM_FMT(m->lib->name), PQM_FMT(more),
		!is_offer		    ? ""
			: k->elf.is_program ? "/unreached"
					    : "/library");
	f->why = say_why(k, m, f,
		!k->elf.is_program ? "library uses"
			: is_offer ? "program has calls of"
				   : "program uses");
}

static size_t n_reached(const struct pqm_elf_look *k, const struct claim *m)
{
	size_t n = 0;

	for (size_t i = 0; i < m->n; i++)
		n += k->code.calls[m->call[i]].reach != PQM_REACH_NO;
	return n;
}

static void count_calls(const struct pqm_elf_look *k, const struct claim *m, struct pqm_found *f)
{
	size_t reached = n_reached(k, m);

	if (m->n > 1 && reached > 0 && reached < m->n)
		pqm_found_attr(f, "calls",
			pqm_arena_f(
				k->arena, "%zu, %zu of them not reached", m->n, m->n - reached));
	else if (m->n > 1)
		pqm_found_attr(f, "calls", pqm_arena_f(k->arena, "%zu", m->n));
}

/* The file name under which the program asks for the library. */
static pqm_bytes soname_of(const struct pqm_elf_look *k, const struct claim *m)
{
	const struct pqm_call *best = &k->code.calls[m->call[0]];

	if (k->facts[m->call[0]].through != NULL)
		return pqm_printable(k->arena, k->facts[m->call[0]].file);
	if (best->by != PQM_BY_IMPORT)
		return m->lib->name;
	return pqm_printable(k->arena, pqm_elf_soname(k, m->lib, best->version));
}

static enum pqm_st emit_claim(struct pqm_elf_look *k, struct claim *m, struct pqm_emit *out)
{
	put_best_first(k, m);
	const struct pqm_call *best = &k->code.calls[m->call[0]];
	struct pqm_found f = { .rule = m->rule->rule->id,
		.meaning = pqm_elf_is_user(k, best) ? PQM_USE : PQM_OFFER,
		.evidence = PQM_LINKED,
		.object = pqm_printable(k->arena, pqm_elf_function(k, m->call[0])),
		.off = best->off };
	pqm_bytes soname = soname_of(k, m), more = { NULL, 0 };
	enum pqm_function purpose = purpose_of(k, m);
	char id[PQM_ELF_SYMBOL_BYTES];

	name_algorithm(&f, m);
	if (f.function == PQM_FN_ANY && purpose != PQM_FN_ANY) {
		f.function = purpose;
		more = pqm_arena_f(k->arena, "/%s", pqm_function_name(purpose));
	}
	name_finding(k, m, more, &f);
	(void)snprintf(id, sizeof(id), "%.*s", PQM_FMT(f.rule));
	pqm_rule_fill(&f, k->rules, id);
	pqm_elf_evidence(k, m->call[0], &f);
	if (is_told(k, m->call[0]))
		pqm_found_attr(&f, "recipe", k->facts[m->call[0]].recipe->rule->id);
	count_calls(k, m, &f);
	pqm_found_attr(&f, "symbols", symbols_of(k, m));
	pqm_found_attr(&f, "library", soname);
	if (best->version != NULL && k->facts[m->call[0]].through == NULL)
		pqm_found_attr(&f, "version", pqm_printable(k->arena, best->version->name));
	pqm_found_attr(&f, "operation", operations_of(k, m));
	return f.identity.p == NULL || f.why.p == NULL ? PQM_ENOMEM : pqm_emit(out, &f);
}

static const struct pqm_lib *lib_of_sign(const struct pqm_elf_look *k, size_t sign)
{
	return pqm_lib_by_name(k->libs, k->signs->library[k->signs->signs.sign[sign].group]);
}

enum pqm_st pqm_elf_facts(struct pqm_elf_look *k)
{
	k->facts = pqm_new(k->arena, struct pqm_lib_fact, k->code.n_calls);
	if (k->facts == NULL)
		return PQM_ENOMEM;
	for (size_t i = 0; i < k->code.n_calls; i++) {
		const struct pqm_call *c = &k->code.calls[i];

		k->facts[i].lib = c->by == PQM_BY_IMPORT ? pqm_elf_lib_of(k, c->callee, c->version)
			: c->by == PQM_BY_SIGN		 ? lib_of_sign(k, c->sign)
							 : k->inside;
	}
	pqm_lib_facts(k->facts, k->code.calls, k->code.n_calls, k->rules);
	pqm_elf_looked_up(k);
	pqm_elf_keys(k);
	return PQM_OK;
}

enum pqm_st pqm_elf_claims(struct pqm_elf_look *k, struct pqm_emit *out)
{
	struct claims c = { .look = k };
	enum pqm_st st = collect(&c);

	for (size_t i = 0; st == PQM_OK && i < c.n; i++)
		st = emit_claim(k, &c.all[i], out);
	return st;
}
