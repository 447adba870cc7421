/* libs_fact.c — what a call says by its arguments, and what calls say about each other. */
#include "libs_int.h"

#include <stdio.h>

#include "base/num.h"

#define BITS_MIN 128
#define BITS_MAX 65536
#define LINK_DEPTH 8

/* As a table writes it: decimal or 0x; "&0x20000000": with at least these bits. */
static bool is_number(pqm_bytes text, uint64_t value)
{
	uint64_t n = 0;
	bool is_mask = text.n > 0 && text.p[0] == '&';

	text = pqm_sub(text, is_mask, text.n);
	if (!pqm_starts(text, PQM_LIT("0x")))
		return pqm_u64_parse(text, UINT64_MAX, &n) && n == value;
	for (size_t i = 2; i < text.n; i++) {
		int digit = pqm_hex_digit(text.p[i]);

		if (digit < 0)
			return false;
		n = n << 4 | (uint64_t)digit;
	}
	return text.n > 2 && text.n <= 18 && (is_mask ? value & n : value) == n;
}

/* The 32 low bits: a negative int in a 64-bit register may or may not be extended. */
static bool is_value(const struct pqm_yaml *want, const struct pqm_arg *arg)
{
	pqm_bytes text = pqm_yaml_text(want);

	if (arg->kind == PQM_ARG_TEXT)
		return pqm_ieq(text, arg->text);
	return arg->kind == PQM_ARG_INT &&
		(is_number(text, arg->value) ||
			(arg->value > UINT32_MAX && arg->value >> 32 == UINT32_MAX &&
				is_number(text, arg->value & UINT32_MAX)));
}

static bool is_any_of(const struct pqm_yaml *want, const struct pqm_arg *arg)
{
	if (want->type == PQM_YAML_SCALAR)
		return is_value(want, arg);
	for (size_t i = 0; i < want->n; i++)
		if (is_value(want->items[i], arg))
			return true;
	return false;
}

static bool fits(const struct pqm_recipe *m, const struct pqm_call *call)
{
	for (size_t i = 0; i < m->n_when; i++)
		if (!is_any_of(m->when[i].is, &call->arg[m->when[i].at]))
			return false;
	return true;
}

/* The catalogue's word for a value, or NULL. *known: the table has it, also as nothing of interest. */
static const struct pqm_alg_ref *name_of(const struct pqm_rules *r, const struct pqm_recipe_arg *a,
	const struct pqm_arg *arg, bool *known)
{
	*known = false;
	for (size_t i = 0; a->values != NULL && i < a->values->n; i++)
		if (is_value(a->values->keys[i], arg)) {
			*known = true;
			return pqm_alg_by_name(r, pqm_yaml_text(a->values->items[i]));
		}
	if (arg->kind != PQM_ARG_TEXT || arg->text.n == 0 || arg->text.n > 80)
		return NULL;
	return pqm_alg_by_name(r, arg->text);
}

static bool is_sized(const struct pqm_alg_ref *ref)
{
	static const char *const sized[] = { "RSA", "DSA", "DH", "ElGamal" };

	for (size_t i = 0; ref != NULL && i < sizeof(sized) / sizeof(sized[0]); i++)
		if (pqm_eqs(ref->alg->family, sized[i]))
			return true;
	return false;
}

/* What the fact is about as far as it is known. */
const struct pqm_alg_ref *pqm_lib_about(const struct pqm_rules *r, const struct pqm_lib_fact *f)
{
	if (f->alg != NULL)
		return f->alg;
	return f->meaning == NULL ? NULL : pqm_alg_by_name(r, f->meaning->family);
}

static void take_bits(struct pqm_lib_fact *f, const struct pqm_rules *r, uint64_t bits)
{
	if (!is_sized(pqm_lib_about(r, f)) || bits < BITS_MIN || bits > BITS_MAX)
		return;
	int n = snprintf(f->digits, sizeof(f->digits), "%u", (unsigned)bits);

	f->parameter = (pqm_bytes){ (const uint8_t *)f->digits, n > 0 ? (size_t)n : 0 };
	f->is_own = true;
}

/* A curve, a group or a set: of the algorithm that is known, or one that says it all. */
static void take_named(
	struct pqm_lib_fact *f, const struct pqm_rules *r, const struct pqm_alg_ref *ref)
{
	const struct pqm_alg_ref *now = pqm_lib_about(r, f);

	if (ref == NULL)
		return;
	if (now == NULL || now->alg != ref->alg)
		f->alg = ref; /* the curve "X25519" is no EC */
	if (ref->parameter.n > 0) {
		f->parameter = ref->parameter;
		f->is_own = true;
	}
}

/* A curve that bears the name of what is done on it. */
static bool is_curve_of_its_own(const struct pqm_alg_ref *ref)
{
	static const char *const own[] = { "X25519", "X448", "Ed25519", "Ed448", "SM2" };

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (pqm_eqs(ref->alg->family, own[i]))
			return true;
	return false;
}

/* A number that is also a size says nothing of itself, and no curve turns one algorithm into another but
 * elliptic curves into those with a name of their own. */
static bool may_be(
	const struct pqm_alg_ref *now, const struct pqm_alg_ref *ref, const struct pqm_arg *arg)
{
	if (ref == NULL)
		return false;
	if (now == NULL)
		return arg->kind != PQM_ARG_INT || arg->value > UINT16_MAX;
	return now->alg == ref->alg ||
		(pqm_eqs(now->alg->family, "EC") && is_curve_of_its_own(ref));
}

static void take_parameter(struct pqm_lib_fact *f, const struct pqm_rules *r,
	const struct pqm_recipe_arg *a, const struct pqm_arg *arg)
{
	bool known;
	const struct pqm_alg_ref *ref = name_of(r, a, arg, &known);
	uint64_t bits = 0;

	if (may_be(pqm_lib_about(r, f), ref, arg))
		take_named(f, r, ref);
	else if (arg->kind == PQM_ARG_INT)
		take_bits(f, r, arg->value);
	else if (arg->kind == PQM_ARG_TEXT && pqm_u64_parse(arg->text, BITS_MAX, &bits))
		take_bits(f, r, bits);
}

static void take_algorithm(struct pqm_lib_fact *f, const struct pqm_rules *r,
	const struct pqm_recipe_arg *a, const struct pqm_arg *arg)
{
	bool known;
	const struct pqm_alg_ref *ref = name_of(r, a, arg, &known);

	if (ref == NULL)
		return;
	f->alg = ref;
	if (ref->parameter.n > 0) {
		f->parameter = ref->parameter;
		f->is_own = true;
	}
}

/* The name that the table has for a value; empty: none. */
static pqm_bytes listed(const struct pqm_recipe_arg *a, const struct pqm_arg *arg)
{
	for (size_t i = 0; a->values != NULL && i < a->values->n; i++)
		if (is_value(a->values->keys[i], arg))
			return pqm_yaml_text(a->values->items[i]);
	return (pqm_bytes){ NULL, 0 };
}

static bool is_word_byte(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		c == '-' || c == '_' || c == '.';
}

/* The next word or quoted text of an S-expression. */
static bool next_word(pqm_bytes *rest, pqm_bytes *word)
{
	size_t i = 0, n;

	while (i < rest->n && !is_word_byte(rest->p[i]) && rest->p[i] != '"')
		i += rest->p[i] == '%' ? 2 : 1; /* a format is no word */
	if (i >= rest->n)
		return false;
	bool is_quoted = rest->p[i] == '"';

	i += is_quoted;
	for (n = i; n < rest->n && (is_quoted ? rest->p[n] != '"' : is_word_byte(rest->p[n])); n++)
		continue;
	*word = pqm_sub(*rest, i, n - i);
	*rest = pqm_sub(*rest, n + is_quoted, rest->n);
	return true;
}

/* (genkey (rsa (nbits 4:3072))), (genkey (ecc (curve "NIST P-384"))) */
static void take_expression(struct pqm_lib_fact *f, const struct pqm_rules *r,
	const struct pqm_recipe_arg *a, pqm_bytes text)
{
	pqm_bytes rest = text, word, before = { NULL, 0 };
	uint64_t bits;
	bool known;

	while (next_word(&rest, &word)) {
		struct pqm_arg arg = { .kind = PQM_ARG_TEXT, .text = word };

		if (pqm_eqs(word, "genkey"))
			f->operation = PQM_LIT("keygen");
		if (pqm_eqs(before, "curve"))
			take_named(f, r, name_of(r, a, &arg, &known));
		else if (pqm_eqs(before, "nbits") && pqm_ends(word, PQM_LIT("")) && rest.n > 0 &&
			rest.p[0] == ':')
			continue; /* the length in front of it */
		else if (pqm_eqs(before, "nbits") && pqm_u64_parse(word, BITS_MAX, &bits))
			take_bits(f, r, bits);
		else if (f->alg == NULL)
			f->alg = name_of(
				r, &(struct pqm_recipe_arg){ .values = a->values }, &arg, &known);
		before = word;
	}
	if (f->alg == NULL) /* of data, not of keys */
		f->meaning = NULL;
}

/* Lists are text, versions a number that the table knows. */
static void take_setting(
	struct pqm_lib_fact *f, const struct pqm_recipe_arg *a, const struct pqm_arg *arg)
{
	pqm_bytes text = arg->kind == PQM_ARG_TEXT ? arg->text : listed(a, arg);

	if (text.n == 0 || f->has_setting)
		return;
	f->has_setting = true;
	f->setting = a->role;
	f->text = text;
}

static void add_link(struct pqm_lib_fact *f, const struct pqm_recipe_arg *a, size_t call)
{
	if (f->n_links == PQM_FACT_LINKS)
		return;
	f->link[f->n_links].role = a->role;
	f->link[f->n_links].makes = a->table;
	f->link[f->n_links++].call = call;
}

/* SIZE_MAX: to be looked for in the same function. */
static void take_arg(struct pqm_lib_fact *f, const struct pqm_rules *r,
	const struct pqm_recipe_arg *a, const struct pqm_arg *arg)
{
	if (arg->kind == PQM_ARG_RESULT && a->role <= PQM_ROLE_EXPRESSION) {
		add_link(f, a, arg->value <= SIZE_MAX ? (size_t)arg->value : SIZE_MAX);
		return;
	}
	switch (a->role) {
	case PQM_ROLE_ALGORITHM:
		take_algorithm(f, r, a, arg);
		break;
	case PQM_ROLE_PARAMETER:
		take_parameter(f, r, a, arg);
		break;
	case PQM_ROLE_BYTES:
		if (arg->kind == PQM_ARG_INT && arg->value <= BITS_MAX / 8) {
			struct pqm_arg bits = { .kind = PQM_ARG_INT, .value = arg->value * 8 };

			take_parameter(f, r, a, a->values == NULL ? &bits : arg);
		}
		break;
	case PQM_ROLE_FROM:
		if (arg->kind == PQM_ARG_UNKNOWN)
			add_link(f, a, SIZE_MAX);
		break;
	case PQM_ROLE_EXPRESSION:
		if (arg->kind == PQM_ARG_TEXT)
			take_expression(f, r, a, arg->text);
		else /* it may be of data: the calls that take it tell what it is for */
			f->meaning = NULL;
		break;
	default:
		take_setting(f, a, arg);
		break;
	}
}

static const struct pqm_recipe *recipe_for(const struct pqm_lib *lib, const struct pqm_call *call)
{
	const struct pqm_recipes *set = pqm_lib_recipes(lib, call->callee);

	for (size_t i = 0; set != NULL && i < set->n; i++)
		if (fits(set->list[i], call))
			return set->list[i];
	return NULL;
}

/* By itself. */
static void read_call(
	struct pqm_lib_fact *f, const struct pqm_rules *r, const struct pqm_call *call)
{
	const struct pqm_recipe *m;

	if (f->lib == NULL)
		return;
	f->meaning = pqm_lib_symbol(f->lib, call->callee);
	f->operation = pqm_lib_operation(f->lib, call->callee);
	m = f->recipe = recipe_for(f->lib, call);
	if (m == NULL)
		return;
	if (m->is_name)
		f->meaning = NULL;
	else if (m->under != NULL)
		f->meaning = m->under;
	f->alg = m->alg;
	if (m->operation.n > 0)
		f->operation = m->operation;
	if (m->parameter.n > 0) {
		f->parameter = m->parameter;
		f->is_own = true;
	}
	for (size_t i = 0; !call->is_reference && i < m->n_args; i++)
		take_arg(f, r, &m->arg[i], &call->arg[m->arg[i].at]);
	f->visit = 0;
}

/* A function that bears the name of a digest or a context in its result is no name of an algorithm unless a
 * recipe says so. */
static bool gives(const struct pqm_lib_fact *from)
{
	return from->recipe != NULL && (from->recipe->is_name || from->recipe->makes.n > 0);
}

static uint64_t function_of(const struct pqm_call *c)
{
	return c->n_path > 0 ? c->path[c->n_path - 1].func : 0;
}

/* The one call of the same function, before this one, that makes such a thing; SIZE_MAX: none or several. */
static size_t only_maker(const struct pqm_lib_fact *facts, const struct pqm_call *calls, size_t n,
	size_t at, pqm_bytes makes)
{
	size_t found = SIZE_MAX;
	uint64_t func = function_of(&calls[at]);

	for (size_t i = 0; func != 0 && i < n; i++) {
		if (i == at || function_of(&calls[i]) != func || facts[i].recipe == NULL ||
			makes.n == 0 || !pqm_eq(facts[i].recipe->makes, makes))
			continue;
		if (found != SIZE_MAX || calls[i].addr > calls[at].addr)
			return SIZE_MAX;
		found = i;
	}
	return found;
}

struct linker {
	struct pqm_lib_fact *facts;
	const struct pqm_call *calls;
	size_t n;
	const struct pqm_rules *rules;
};

static void link_one(struct linker *k, size_t i, unsigned depth);

static void inherit(struct linker *k, size_t i, size_t l, unsigned depth)
{
	struct pqm_lib_fact *f = &k->facts[i];
	size_t from = f->link[l].call;

	if (from == SIZE_MAX)
		from = f->link[l].call = only_maker(k->facts, k->calls, k->n, i, f->link[l].makes);
	if (from >= k->n || from == i || depth >= LINK_DEPTH || !gives(&k->facts[from]))
		return;
	link_one(k, from, depth + 1);
	const struct pqm_lib_fact *g = &k->facts[from];
	/* What is loaded from a certificate is a key of which nothing is known, not a certificate. */
	const struct pqm_alg_ref *now = pqm_lib_about(k->rules, f), *theirs = g->alg;

	if (f->link[l].role == PQM_ROLE_FROM && g->root != i)
		f->root = g->root;
	if (theirs == NULL)
		return;
	if (f->link[l].role == PQM_ROLE_PARAMETER) {
		take_named(f, k->rules, theirs);
		return;
	}
	if (now == NULL ||
		pqm_eqs(f->meaning == NULL ? PQM_LIT("") : f->meaning->family, "unknown"))
		f->alg = f->alg == NULL ? theirs : f->alg;
	now = pqm_lib_about(k->rules, f);
	if (f->parameter.n == 0 && now != NULL && now->alg == theirs->alg)
		f->parameter = g->parameter;
}

static void link_one(struct linker *k, size_t i, unsigned depth)
{
	struct pqm_lib_fact *f = &k->facts[i];

	if (f->visit != 0)
		return;
	f->visit = 1;
	for (size_t l = 0; l < f->n_links; l++)
		inherit(k, i, l, depth);
}

/* A context that is made, given its size, and used, is one thing: the size is of all of these. When
 * sizes differ, what has none of its own says nothing. */
static void share(struct linker *k, size_t i)
{
	const struct pqm_lib_fact *f = &k->facts[i];
	const struct pqm_alg_ref *mine = pqm_lib_about(k->rules, f);
	bool is_one = true;

	for (size_t j = 0; j < k->n; j++)
		is_one = is_one &&
			(!k->facts[j].is_own || k->facts[j].root != f->root ||
				pqm_eq(k->facts[j].parameter, f->parameter));
	for (size_t j = 0; j < k->n; j++) {
		struct pqm_lib_fact *g = &k->facts[j];
		const struct pqm_alg_ref *theirs = pqm_lib_about(k->rules, g);

		if (g->root != f->root || g->lib != f->lib || g->is_own || g->has_setting ||
			(theirs != NULL && mine->alg != theirs->alg))
			continue;
		g->is_dropped = !is_one;
		if (g->meaning != NULL && f->meaning != NULL &&
			pqm_eqs(g->meaning->family, "unknown"))
			g->meaning = f->meaning;
		g->alg = g->alg == NULL ? mine : g->alg;
		g->parameter = is_one ? f->parameter : (pqm_bytes){ NULL, 0 };
	}
}

void pqm_lib_facts(struct pqm_lib_fact *facts, const struct pqm_call *calls, size_t n,
	const struct pqm_rules *r)
{
	struct linker k = { facts, calls, n, r };

	for (size_t i = 0; i < n; i++) {
		facts[i] = (struct pqm_lib_fact){ .lib = facts[i].lib, .root = i };
		read_call(&facts[i], r, &calls[i]);
	}
	for (size_t i = 0; i < n; i++)
		link_one(&k, i, 0);
	for (size_t i = 0; i < n; i++)
		if (facts[i].is_own && facts[i].root != i && pqm_lib_about(r, &facts[i]) != NULL)
			share(&k, i);
}
