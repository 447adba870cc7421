/* source_value.c — what an argument is worth: literals, names defined once, simple arithmetic. */
#include "source.h"

/* A name that is given a value in this file. */
struct sc_const {
	size_t from, to; /* of its expression */
	bool is_spoiled; /* given a value twice, or by somebody else: a parameter, a loop */
	bool is_open;	 /* being worked out: it refers to itself */
};

static const struct sc_value unknown = { .kind = SC_UNKNOWN };

static struct sc_const *const_of(struct sc *s, pqm_bytes name)
{
	struct sc_const *c = pqm_map_get(&s->consts, name);

	if (c != NULL)
		return c;
	c = pqm_new(s->arena, struct sc_const, 1);
	return c != NULL && pqm_map_put(&s->consts, name, c) ? c : NULL;
}

static bool spoil(struct sc *s, size_t i)
{
	struct sc_const *c = const_of(s, sc_text(s, i));

	if (c == NULL)
		return false;
	c->is_spoiled = true;
	return true;
}

static bool define(struct sc *s, pqm_bytes name, size_t from, size_t to)
{
	struct sc_const *c = const_of(s, name);

	if (c == NULL)
		return false;
	c->is_spoiled |= c->to > 0;
	c->from = from;
	c->to = to > from ? to : from;
	return true;
}

static bool define_macro(struct sc *s, size_t i)
{
	size_t to = i + 1;

	while (to < s->n && s->tok[to].kind != PQM_T_EOD)
		to++;
	if (s->tok[i].flags & PQM_TOK_FUNCTION)
		return spoil(s, i);
	/* The same macro for two platforms is two values. */
	return define(s, sc_text(s, i), i + 1, to);
}

/* x: T = 1 in languages that put types behind names */
static size_t behind_type(const struct sc *s, size_t i)
{
	size_t end = i;

	if (s->kind != PQM_LANG_PYTHON && s->kind != PQM_LANG_RUST && s->kind != PQM_LANG_KOTLIN &&
		s->kind != PQM_LANG_SCALA && s->kind != PQM_LANG_JS)
		return i;
	if (!sc_op(s, i, ':') || !sc_name(s, i + 1))
		return i;
	(void)sc_chain(s, i + 1, &end);
	return end > i ? end : i;
}

/* Names that are given a value by somebody else: parameters, loops, patterns, addresses. */
static bool is_given(const struct sc *s, size_t i, size_t depth)
{
	bool typed = i > 0 && (sc_name(s, i - 1) || sc_op(s, i - 1, '*') || sc_op(s, i - 1, '&'));

	if (i == 0)
		return false;
	if (sc_word(s, i - 1, "for") || sc_word(s, i - 1, "as") || sc_word(s, i - 1, "global") ||
		sc_word(s, i - 1, "nonlocal"))
		return s->kind == PQM_LANG_PYTHON || sc_word(s, i - 1, "for");
	if (sc_word(s, i + 1, "in") || sc_word(s, i + 1, "of"))
		return true;
	if (sc_op(s, i + 1, PQM_OP2('+', '=')) || sc_op(s, i + 1, PQM_OP2('+', '+')) ||
		sc_op(s, i + 1, PQM_OP2('-', '-')) || sc_op(s, i - 1, PQM_OP2('+', '+')) ||
		sc_op(s, i - 1, PQM_OP2('-', '-')))
		return true;
	if (sc_dot(s, i - 1))
		return sc_op(s, i + 1, '=');
	if (s->kind == PQM_LANG_C && sc_op(s, i - 1, '&') &&
		(sc_op(s, i - 2, '(') || sc_op(s, i - 2, ',')))
		return true;
	/* int bits, … and int bits) are parameters. */
	return depth > 0 && typed && !sc_word(s, i - 1, "return") &&
		(sc_op(s, i + 1, ',') || sc_op(s, i + 1, ')')) && s->kind != PQM_LANG_PYTHON &&
		s->kind != PQM_LANG_JS;
}

/* Names between ( and ) of a function's head, where nothing else stands there. */
static bool spoil_parameters(struct sc *s, size_t open)
{
	for (size_t i = open + 1; i < s->mate[open] && i - open < PQM_SOURCE_SPAN; i++)
		if (sc_name(s, i) && !sc_op(s, i - 1, '=') && !sc_dot(s, i - 1) && !spoil(s, i))
			return false;
	return true;
}

static bool is_function_word(const struct sc *s, size_t i)
{
	static const char *const words[] = { "def", "lambda", "func", "fn", "fun", "function" };

	for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++)
		if (sc_word(s, i, words[k]))
			return true;
	return false;
}

static bool see_function(struct sc *s, size_t i)
{
	if (is_function_word(s, i)) {
		size_t at = i + 1;

		if (s->kind == PQM_LANG_GO && sc_op(s, at, '('))
			at = sc_behind(s, at);
		at += sc_name(s, at);
		while (at < s->n && at < i + 40 && sc_word(s, i, "lambda") && !sc_op(s, at, ':'))
			if (sc_name(s, at++) && !spoil(s, at - 1))
				return false;
		if (sc_op(s, at, '<') || sc_op(s, at, '['))
			while (at < s->n && at < i + 40 && !sc_op(s, at, '('))
				at++;
		return !sc_op(s, at, '(') || spoil_parameters(s, at);
	}
	if (i > 0 && sc_op(s, i, PQM_OP2('=', '>')) && sc_op(s, i - 1, ')') && s->mate[i - 1] > 0)
		return spoil_parameters(s, s->mate[i - 1]);
	if (i > 0 && sc_op(s, i, PQM_OP2('=', '>')) && sc_name(s, i - 1))
		return spoil(s, i - 1);
	/* name(a, b) { of a method in JavaScript */
	return s->kind != PQM_LANG_JS || !sc_op(s, i, '{') || i == 0 || !sc_op(s, i - 1, ')') ||
		s->mate[i - 1] == 0 || !sc_name(s, s->mate[i - 1] - 1) ||
		spoil_parameters(s, s->mate[i - 1]);
}

/* a, bits = f() and bits, a = f() */
static bool is_of_list(const struct sc *s, size_t i)
{
	size_t k = i;

	if (s->kind == PQM_LANG_C || s->kind == PQM_LANG_JAVA || s->kind == PQM_LANG_CSHARP)
		return false;
	if (sc_op(s, i - 1, ',') || sc_op(s, i + 1, ','))
		for (; k < s->n && k < i + 16 && (sc_name(s, k) || sc_op(s, k, ',')) &&
			(k == i || !sc_first(s, k));
			k++)
			;
	return k > i && (sc_op(s, k, '=') || sc_op(s, k, PQM_OP2(':', '=')));
}

static bool see_name(struct sc *s, size_t i, size_t depth)
{
	size_t eq = behind_type(s, i + 1);

	if (is_given(s, i, depth) || (i > 0 && is_of_list(s, i)))
		return spoil(s, i);
	if (i > 0 && sc_dot(s, i - 1))
		return true;
	if (sc_op(s, eq, PQM_OP2(':', '=')) && s->kind == PQM_LANG_PYTHON)
		return spoil(s, i);
	if (!sc_op(s, eq, '=') && !sc_op(s, eq, PQM_OP2(':', '=')))
		return true;
	/* f(bits=2048) names an argument */
	if (depth > 0)
		return true;
	size_t to = sc_statement_end(s, eq + 1);

	/* int a = 1, b = 2; ends at the comma */
	for (size_t k = eq + 1; k < to; k = sc_behind(s, k))
		if (sc_op(s, k, ',')) {
			to = k;
			break;
		}
	return define(s, sc_text(s, i), eq + 1, to);
}

/* const ( a = 1 … ) of Go groups statements. */
static bool is_group(const struct sc *s, size_t open)
{
	return s->kind == PQM_LANG_GO && open > 0 &&
		(sc_word(s, open - 1, "const") || sc_word(s, open - 1, "var"));
}

bool sc_constants(struct sc *s)
{
	size_t depth = 0;

	for (size_t i = 0; i < s->n; i++) {
		const struct pqm_tok *t = &s->tok[i];

		if (t->kind == PQM_T_DEFINE) {
			if (!define_macro(s, i))
				return false;
			while (i < s->n && s->tok[i].kind != PQM_T_EOD)
				i++;
			continue;
		}
		if (t->kind == PQM_T_OP && t->op == '(')
			depth += s->mate[i] > i && !is_group(s, i);
		else if (t->kind == PQM_T_OP && t->op == ')')
			depth -= depth > 0 && !is_group(s, s->mate[i]);
		else if (t->kind == PQM_T_NAME && !is_function_word(s, i) && !see_name(s, i, depth))
			return false;
		if (!see_function(s, i))
			return false;
	}
	return true;
}

struct eval {
	struct sc *s;
	size_t i, to;
	unsigned budget;
};

static struct sc_value sum(struct eval *e, unsigned depth);

static struct sc_value name_value(struct sc *s, pqm_bytes chain, size_t at, unsigned depth)
{
	struct sc_const *c = pqm_map_get(&s->consts, chain);
	struct sc_value v = { .kind = SC_NAME };
	size_t last = chain.n;

	if (c != NULL) {
		/* Each may be the sum of several others. */
		if (c->is_spoiled || c->is_open || c->to <= c->from || depth >= PQM_SOURCE_CHAIN ||
			s->n_eval++ >= PQM_SOURCE_NAMES)
			return unknown;
		struct eval e = { s, c->from, c->to, PQM_SOURCE_EXPR };

		c->is_open = true;
		v = sum(&e, depth + 1);
		c->is_open = false;
		return e.i == e.to ? v : unknown;
	}
	while (last > 0 && chain.p[last - 1] != '.')
		last--;
	v.text = pqm_sub(chain, last, chain.n);
	v.is_outside = s->kind == PQM_LANG_C || sc_whole(s, at, chain).n > 0;
	return v;
}

/* A cast: (size_t)2048, (int) 2048 */
static bool is_cast(const struct sc *s, size_t i, size_t to)
{
	size_t close = s->mate[i];

	if (close <= i + 1 || close + 1 >= to ||
		(s->kind != PQM_LANG_C && s->kind != PQM_LANG_JAVA && s->kind != PQM_LANG_CSHARP))
		return false;
	for (size_t k = i + 1; k < close; k++)
		if (!sc_name(s, k) && !sc_op(s, k, '*'))
			return false;
	return s->tok[close + 1].kind == PQM_T_NUMBER || sc_name(s, close + 1) ||
		s->tok[close + 1].kind == PQM_T_TEXT || sc_op(s, close + 1, '(');
}

static struct sc_value chain_value(struct eval *e, unsigned depth)
{
	struct sc *s = e->s;
	size_t at = e->i, end;
	pqm_bytes chain = sc_chain(s, at, &end);

	if (chain.n == 0)
		return unknown;
	e->i = end;
	struct sc_value v = name_value(s, chain, at, depth);

	/* P256() and Curve::P256 {} are the name; of f(x) the caller may want x */
	if (end < e->to && (sc_op(s, end, '(') || sc_op(s, end, '{'))) {
		if (s->mate[end] <= end || s->mate[end] >= e->to)
			return unknown;
		e->i = s->mate[end] + 1;
		if (v.kind != SC_NAME)
			return unknown;
		v.open = end;
	}
	/* .into(), .toString(): of what it is called on nothing is known any more */
	if (e->i < e->to && sc_dot(s, e->i))
		return unknown;
	if (sc_word(s, e->i, "as") && e->i + 1 < e->to)
		e->i += 2;
	return v;
}

static struct sc_value literal(struct eval *e)
{
	const struct pqm_tok *t = &e->s->tok[e->i];
	struct sc_value v = { .kind = SC_INT };

	if (t->kind == PQM_T_NUMBER) {
		if (!pqm_lex_int(sc_text(e->s, e->i++), e->s->kind, &v.n))
			return unknown;
		if (sc_word(e->s, e->i, "as") && e->i + 1 < e->to)
			e->i += 2;
		return v;
	}
	v = (struct sc_value){ .kind = SC_TEXT, .text = sc_text(e->s, e->i++) };
	if (t->flags & PQM_TOK_OPEN)
		return unknown;
	/* "a" "b" is one text, which nobody needs */
	return e->i < e->to && e->s->tok[e->i].kind == PQM_T_TEXT ? unknown : v;
}

static struct sc_value primary(struct eval *e, unsigned depth)
{
	struct sc *s = e->s;
	struct sc_value v;

	if (e->i >= e->to || e->budget == 0 || depth >= PQM_SOURCE_CHAIN)
		return unknown;
	e->budget--;
	if (s->tok[e->i].kind == PQM_T_NUMBER || s->tok[e->i].kind == PQM_T_TEXT)
		return literal(e);
	if (sc_word(s, e->i, "new") || sc_word(s, e->i, "await") || sc_op(s, e->i, '&') ||
		sc_op(s, e->i, '*')) {
		e->i++;
		return primary(e, depth + 1);
	}
	if (sc_name(s, e->i))
		return chain_value(e, depth);
	if (!sc_op(s, e->i, '('))
		return unknown;
	if (is_cast(s, e->i, e->to)) {
		e->i = s->mate[e->i] + 1;
		return primary(e, depth + 1);
	}
	size_t close = s->mate[e->i];

	if (close <= e->i || close >= e->to)
		return unknown;
	struct eval in = { s, e->i + 1, close, e->budget };

	v = sum(&in, depth + 1);
	e->i = close + 1;
	return in.i == in.to ? v : unknown;
}

/* * and << of numbers, from left to right; mixed with + only as 1024 * 2 + 0 would be read */
static struct sc_value product(struct eval *e, unsigned depth)
{
	struct sc_value v = primary(e, depth), w;

	while (e->i < e->to && (sc_op(e->s, e->i, '*') || sc_op(e->s, e->i, '/'))) {
		bool is_mul = sc_op(e->s, e->i, '*');

		e->i++;
		w = primary(e, depth);
		if (v.kind != SC_INT || w.kind != SC_INT || v.n > UINT32_MAX || w.n > UINT32_MAX ||
			(!is_mul && w.n == 0))
			return unknown;
		v.n = is_mul ? v.n * w.n : v.n / w.n;
	}
	return v;
}

static struct sc_value plain_sum(struct eval *e, unsigned depth)
{
	struct sc_value v = product(e, depth), w;

	while (e->i < e->to && (sc_op(e->s, e->i, '+') || sc_op(e->s, e->i, '-'))) {
		bool is_add = sc_op(e->s, e->i, '+');

		e->i++;
		w = product(e, depth);
		if (v.kind != SC_INT || w.kind != SC_INT || v.n > UINT32_MAX || w.n > UINT32_MAX ||
			(!is_add && w.n > v.n))
			return unknown;
		v.n = is_add ? v.n + w.n : v.n - w.n;
	}
	return v;
}

static struct sc_value sum(struct eval *e, unsigned depth)
{
	struct sc_value v = plain_sum(e, depth), w;

	while (e->i < e->to && sc_op(e->s, e->i, PQM_OP2('<', '<'))) {
		e->i++;
		w = plain_sum(e, depth);
		if (v.kind != SC_INT || w.kind != SC_INT || v.n > UINT32_MAX || w.n > 31)
			return unknown;
		v.n <<= w.n;
	}
	return v;
}

struct sc_value sc_eval(struct sc *s, size_t from, size_t to)
{
	struct eval e = { s, from, to, PQM_SOURCE_EXPR };

	s->n_eval = 0;
	if (from >= to)
		return unknown;
	struct sc_value v = sum(&e, 0);

	return e.i == e.to ? v : unknown;
}
