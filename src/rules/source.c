#include "source.h"

#include "base/limits.h"
#include "base/num.h"

struct pqm_calls {
	struct pqm_arena arena;
	struct pqm_call_lang lang[PQM_LANG_N];
};

static enum pqm_st no_memory(struct pqm_err *err)
{
	return pqm_fail(err, PQM_ENOMEM, "rules: out of memory");
}

/* Languages that share their rules are one. */
static enum pqm_lang main_lang(enum pqm_lang lang)
{
	return lang == PQM_LANG_KOTLIN || lang == PQM_LANG_SCALA ? PQM_LANG_JAVA : lang;
}

static struct pqm_call_lang *lang_of(
	struct pqm_calls *c, const struct pqm_rule *rule, struct pqm_err *err)
{
	pqm_bytes name = pqm_yaml_str(rule->node, "language");

	for (int i = 1; i < PQM_LANG_N; i++)
		if (pqm_eqs(name, pqm_lang_name((enum pqm_lang)i)))
			return &c->lang[main_lang((enum pqm_lang)i)];
	(void)pqm_rule_fail(
		rule, rule->node, err, "language: %.*s is none that is read", PQM_FMT(name));
	return NULL;
}

static enum pqm_st read_words(
	struct pqm_call_lang *l, const struct pqm_rule *rule, struct pqm_err *err)
{
	const struct pqm_yaml *words = pqm_yaml_get(rule->node, "words");
	struct pqm_pattern *p = pqm_calloc(words->n + 1, sizeof(*p));
	enum pqm_st st = PQM_OK;

	if (p == NULL)
		return no_memory(err);
	for (size_t i = 0; st == PQM_OK && i < words->n; i++) {
		pqm_bytes w = pqm_yaml_text(words->items[i]);

		if (w.n < 3 || w.n > PQM_PATTERN_MAX) {
			st = pqm_rule_fail(rule, words->items[i], err,
				"words: %.*s has not 3 to %d bytes", PQM_FMT(w), PQM_PATTERN_MAX);
			break;
		}
		memcpy(p[i].bytes, w.p, w.n);
		memset(p[i].mask, 0xff, w.n);
		p[i].n = (unsigned)w.n;
	}
	if (st == PQM_OK && l->rule != NULL)
		st = pqm_rule_fail(
			rule, rule->node, err, "the words of a language are there twice");
	if (st == PQM_OK)
		st = pqm_matcher_new(&l->words, p, words->n, err);
	pqm_free(p);
	l->rule = rule;
	l->names = pqm_yaml_get(rule->node, "names");
	l->own = pqm_yaml_get(rule->node, "own");
	l->signs = pqm_yaml_get(rule->node, "signs");
	return st;
}

/* Names are written as the language writes them: "a::b" is "a.b". */
static pqm_bytes plain_name(struct pqm_arena *a, pqm_bytes s)
{
	pqm_bytes out = pqm_bytes_dup(a, s);
	uint8_t *p = (uint8_t *)(uintptr_t)out.p;
	size_t n = 0;

	if (p == NULL)
		return out;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == ':' && i + 1 < s.n && s.p[i + 1] == ':') {
			p[n++] = '.';
			i++;
		} else {
			p[n++] = s.p[i];
		}
	}
	return (pqm_bytes){ p, n };
}

static size_t last_part(pqm_bytes name)
{
	size_t at = name.n;

	while (at > 0 && name.p[at - 1] != '.')
		at--;
	return at;
}

static enum pqm_st add_name(struct pqm_calls *c, struct pqm_call_lang *l,
	const struct pqm_call_rule *m, pqm_bytes name, struct pqm_err *err)
{
	struct pqm_call_list *item = pqm_new(&c->arena, struct pqm_call_list, 1);
	pqm_bytes last = pqm_sub(name, last_part(name), name.n);

	if (item == NULL || name.p == NULL)
		return no_memory(err);
	if (pqm_ends(last, PQM_LIT("{}")))
		last.n -= 2;
	item->call = m;
	struct pqm_call_list *first = pqm_map_get(&l->calls, name);

	if (first != NULL) {
		item->next = first->next;
		first->next = item;
	} else if (!pqm_map_put(&l->calls, name, item)) {
		return no_memory(err);
	}
	if (!pqm_map_put(&l->lasts, last, l))
		return no_memory(err);
	for (size_t i = 1; i + 2 < name.n; i++)
		if (name.p[i] == '(' && name.p[i + 1] == ')' &&
			!pqm_map_put(&l->objects, pqm_sub(name, 0, i + 2), l))
			return no_memory(err);
	for (size_t i = 1; i + 2 < name.n; i++) /* what makes the object must be seen, too */
		if (name.p[i] == '(') {
			pqm_bytes maker = pqm_sub(name, 0, i);

			if (!pqm_map_put(&l->lasts, pqm_sub(maker, last_part(maker), maker.n), l))
				return no_memory(err);
		}
	return PQM_OK;
}

static enum pqm_st read_arg(struct pqm_take_arg *to, const struct pqm_rule *rule,
	const struct pqm_yaml *node, struct pqm_err *err)
{
	pqm_bytes is = pqm_yaml_str(node, "is");
	uint64_t at;

	*to = (struct pqm_take_arg){ .at = -1 };
	if (pqm_eqs(is, "bits"))
		to->take = PQM_TAKE_BITS;
	else if (pqm_eqs(is, "name"))
		to->take = PQM_TAKE_NAME;
	else if (pqm_eqs(is, "groups"))
		to->take = PQM_TAKE_GROUPS;
	else
		return pqm_rule_fail(rule, node, err, "is: one of bits, name, groups is needed");
	if (pqm_yaml_u64(node, "at", &at))
		to->at = at < 32 ? (int)at : 31;
	to->name = pqm_yaml_str(node, "name");
	to->key = pqm_yaml_str(node, "key");
	to->unless_key = pqm_yaml_str(node, "unless_key");
	to->values = pqm_yaml_get(node, "values");
	to->is_strict = pqm_yaml_true(node, "strict");
	to->is_inside = pqm_yaml_true(node, "inside");
	return PQM_OK;
}

static enum pqm_st read_args(struct pqm_calls *c, struct pqm_call_rule *m,
	const struct pqm_yaml *list, struct pqm_err *err)
{
	enum pqm_st st = PQM_OK;

	m->n_args = list == NULL ? 0 : list->n;
	m->args = pqm_new(&c->arena, struct pqm_take_arg, m->n_args + 1);
	if (m->args == NULL)
		return no_memory(err);
	for (size_t i = 0; st == PQM_OK && i < m->n_args; i++)
		st = read_arg(&m->args[i], m->rule, list->items[i], err);
	return st;
}

static enum pqm_st read_words_of_emit(
	struct pqm_call_rule *m, const struct pqm_yaml *emit, struct pqm_err *err)
{
	pqm_bytes function = pqm_yaml_str(emit, "function"),
		  quantum = pqm_yaml_str(emit, "quantum");
	pqm_bytes meaning = pqm_yaml_str(emit, "meaning");

	m->has_function = function.n > 0;
	m->has_quantum = quantum.n > 0;
	if (function.n > 0 && !pqm_function_parse(function, &m->function))
		return pqm_rule_fail(
			m->rule, emit, err, "function: %.*s is no function", PQM_FMT(function));
	if (quantum.n > 0 && !pqm_quantum_parse(quantum, &m->quantum))
		return pqm_rule_fail(m->rule, emit, err,
			"quantum: %.*s is none of broken hybrid safe unknown", PQM_FMT(quantum));
	if (meaning.n > 0 && !pqm_meaning_parse(meaning, &m->meaning))
		return pqm_rule_fail(
			m->rule, emit, err, "meaning: %.*s is no meaning", PQM_FMT(meaning));
	return PQM_OK;
}

static enum pqm_st read_emit(struct pqm_calls *c, struct pqm_call_rule *m,
	const struct pqm_rules *r, struct pqm_err *err)
{
	const struct pqm_yaml *emit = pqm_yaml_get(m->rule->node, "emit");
	struct pqm_found f = { .quantum = PQM_Q_UNKNOWN };
	pqm_bytes id = pqm_bytes_dup(&c->arena, m->rule->id);

	f.family = pqm_yaml_str(emit, "family");
	f.algorithm = pqm_yaml_str(emit, "algorithm");
	m->operation = pqm_yaml_str(emit, "operation");
	m->is_generic = pqm_eqs(f.family, "unknown");
	if (f.family.n == 0 || m->operation.n == 0)
		return pqm_rule_fail(m->rule, emit == NULL ? m->rule->node : emit, err,
			"emit: family and operation are needed");
	if (f.algorithm.n == 0 && !m->is_generic)
		f.algorithm = f.family;
	const struct pqm_alg_ref *ref = pqm_alg_by_name(r, f.family);

	if (ref != NULL)
		pqm_alg_fill(&f, ref);
	else if (!m->is_generic && pqm_yaml_str(emit, "quantum").n == 0)
		return pqm_rule_fail(m->rule, emit, err,
			"family %.*s is not in the catalogue: say quantum:", PQM_FMT(f.family));
	m->function = f.function;
	m->quantum = f.quantum;
	m->classical = f.classical;
	m->meaning = PQM_USE;
	if (read_words_of_emit(m, emit, err) != PQM_OK)
		return PQM_EUSAGE;
	if (id.p == NULL)
		return no_memory(err);
	f.function = m->function;
	f.quantum = m->quantum;
	pqm_rule_fill(&f, r, (const char *)id.p);
	m->family = f.family;
	m->algorithm = f.algorithm;
	m->parameter = pqm_yaml_str(emit, "parameter");
	m->why = f.why;
	m->fix = f.fix;
	return m->why.n > 0
		? PQM_OK
		: pqm_rule_fail(m->rule, m->rule->node, err, "why: a sentence is needed");
}

/* Methods of what the call gives, which say more about it. */
static enum pqm_st add_then(struct pqm_calls *c, struct pqm_call_lang *l,
	const struct pqm_call_rule *maker, pqm_bytes name, struct pqm_err *err)
{
	const struct pqm_yaml *list = pqm_yaml_get(maker->rule->node, "then");

	for (size_t i = 0; list != NULL && i < list->n; i++) {
		struct pqm_call_rule *m = pqm_new(&c->arena, struct pqm_call_rule, 1);
		pqm_bytes method = pqm_yaml_str(list->items[i], "method");

		if (m == NULL)
			return no_memory(err);
		if (method.n == 0)
			return pqm_rule_fail(
				maker->rule, list->items[i], err, "then: method is needed");
		*m = *maker;
		m->refines = true;
		m->operation = pqm_yaml_str(list->items[i], "operation");
		enum pqm_st st = read_args(c, m, pqm_yaml_get(list->items[i], "args"), err);

		if (st == PQM_OK)
			st = add_name(c, l, m,
				pqm_arena_f(
					&c->arena, "%.*s().%.*s", PQM_FMT(name), PQM_FMT(method)),
				err);
		if (st != PQM_OK)
			return st;
	}
	return PQM_OK;
}

static enum pqm_st add_call(struct pqm_calls *c, const struct pqm_rules *r,
	const struct pqm_rule *rule, struct pqm_err *err)
{
	const struct pqm_yaml *calls = pqm_yaml_get(rule->node, "calls");
	struct pqm_call_rule *m = pqm_new(&c->arena, struct pqm_call_rule, 1);
	struct pqm_call_lang *l = lang_of(c, rule, err);

	if (m == NULL)
		return no_memory(err);
	if (l == NULL)
		return PQM_EUSAGE;
	if (calls == NULL || calls->type != PQM_YAML_SEQ || calls->n == 0)
		return pqm_rule_fail(rule, rule->node, err, "calls: a list of names is needed");
	m->rule = rule;
	m->after = pqm_yaml_str(rule->node, "after");
	m->headers = pqm_yaml_get(rule->node, "headers");
	m->unless = pqm_yaml_get(rule->node, "unless");
	m->lifts = pqm_yaml_get(rule->node, "lifts");
	m->beside = pqm_yaml_get(rule->node, "not_beside");
	if (l->lang == PQM_LANG_C && m->headers == NULL)
		return pqm_rule_fail(rule, rule->node, err, "headers: needed in C");
	enum pqm_st st = read_emit(c, m, r, err);

	if (st == PQM_OK)
		st = read_args(c, m, pqm_yaml_get(rule->node, "args"), err);
	for (size_t i = 0; st == PQM_OK && i < calls->n; i++) {
		pqm_bytes name = plain_name(&c->arena, pqm_yaml_text(calls->items[i]));

		st = add_name(c, l, m, name, err);
		if (st == PQM_OK)
			st = add_then(c, l, m, name, err);
	}
	return st;
}

static enum pqm_st fill(struct pqm_calls *c, const struct pqm_rules *r, struct pqm_err *err)
{
	const struct pqm_rule *rule;
	enum pqm_st st = PQM_OK;

	for (size_t i = 0; st == PQM_OK && (rule = pqm_rules_next(r, "source/", &i)) != NULL;) {
		struct pqm_call_lang *l = lang_of(c, rule, err);

		if (l == NULL)
			return PQM_EUSAGE;
		st = pqm_yaml_get(rule->node, "words") != NULL ? read_words(l, rule, err)
							       : add_call(c, r, rule, err);
	}
	return st;
}

enum pqm_st pqm_calls_build(struct pqm_calls **out, const struct pqm_rules *r, struct pqm_err *err)
{
	struct pqm_calls *c = pqm_calloc(1, sizeof(*c));

	if (c == NULL)
		return no_memory(err);
	pqm_arena_init(&c->arena, PQM_ARENA_BYTES);
	for (int i = 0; i < PQM_LANG_N; i++)
		c->lang[i].lang = (enum pqm_lang)i;
	enum pqm_st st = fill(c, r, err);

	if (st != PQM_OK) {
		pqm_calls_free(c);
		return st;
	}
	*out = c;
	return PQM_OK;
}

void pqm_calls_free(struct pqm_calls *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < PQM_LANG_N; i++) {
		pqm_matcher_free(c->lang[i].words);
		pqm_map_fini(&c->lang[i].calls);
		pqm_map_fini(&c->lang[i].lasts);
		pqm_map_fini(&c->lang[i].objects);
	}
	pqm_arena_fini(&c->arena);
	pqm_free(c);
}

const struct pqm_call_lang *pqm_calls_of(const struct pqm_calls *c, enum pqm_lang lang)
{
	const struct pqm_call_lang *l = &c->lang[main_lang(lang)];

	return l->rule == NULL ? NULL : l;
}

bool pqm_calls_seen(const struct pqm_call_lang *l, pqm_bytes text)
{
	struct pqm_match one;
	struct pqm_matches found = { .match = &one, .cap = 1 };

	pqm_matcher_sweep(l->words, text, 0, 0, &found);
	return found.n > 0;
}
