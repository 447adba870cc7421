/* source_walk.c — one walk over the tokens: scopes, names that are covered, calls. */
#include "source.h"

#define LOOK_BACK 16 /* tokens of the left side of an assignment */

static struct sc_scope *top(struct sc *s)
{
	return &s->scope[s->n_scope - 1];
}

static void push(struct sc *s, struct sc_scope scope)
{
	if (s->n_scope == PQM_SOURCE_SCOPES) {
		s->n_deep++;
		return;
	}
	scope.n_vars = s->n_var;
	s->scope[s->n_scope++] = scope;
}

static void pop(struct sc *s)
{
	if (s->n_deep > 0) {
		s->n_deep--;
		return;
	}
	if (s->n_scope > 1)
		s->n_var = s->scope[--s->n_scope].n_vars;
}

/* "Class.function" around here, or empty. */
pqm_bytes sc_place(const struct sc *s)
{
	pqm_bytes function = { NULL, 0 };

	for (size_t k = s->n_scope; k-- > 1;) {
		const struct sc_scope *o = &s->scope[k];

		if (o->kind == SC_FUNCTION && function.n == 0)
			function = o->name;
		if (o->kind == SC_CLASS && o->name.n > 0)
			return function.n == 0 ? o->name
					       : pqm_arena_f(s->arena, "%.*s.%.*s",
							 PQM_FMT(o->name), PQM_FMT(function));
	}
	return function;
}

static bool add_var(struct sc *s, struct sc_var v)
{
	struct sc_var *grown = pqm_grow(s->arena, s->var, s->n_var, &s->cap_var);

	if (grown == NULL)
		return false;
	s->var = grown;
	s->var[s->n_var++] = v;
	return true;
}

static const struct sc_var *find_var(struct sc *s, size_t at, pqm_bytes name)
{
	s->work += s->n_var;
	for (size_t k = s->n_var; k-- > 0;)
		if (s->var[k].from <= at && pqm_eq(s->var[k].name, name))
			return &s->var[k];
	return NULL;
}

static bool is_known(struct sc *s, pqm_bytes name)
{
	s->work += s->n_var;
	if (pqm_map_get(s->bound, name) != NULL)
		return true;
	for (size_t k = s->n_var; k-- > 0;)
		if (pqm_eq(s->var[k].name, name))
			return true;
	return false;
}

static pqm_bytes with_rest(const struct sc *s, pqm_bytes head, pqm_bytes rest)
{
	return rest.n == 0 ? head
			   : pqm_arena_f(s->arena, "%.*s.%.*s", PQM_FMT(head), PQM_FMT(rest));
}

static pqm_bytes rest_of(pqm_bytes chain, size_t head)
{
	return head >= chain.n ? (pqm_bytes){ NULL, 0 } : pqm_sub(chain, head + 1, chain.n);
}

/* The variable that a chain starts with ("ctx", "self.ctx"), the longest first. */
static const struct sc_var *var_of(struct sc *s, size_t at, pqm_bytes chain, pqm_bytes *rest)
{
	for (size_t n = chain.n; n > 0; n--)
		if (n == chain.n || chain.p[n] == '.') {
			const struct sc_var *v = find_var(s, at, pqm_sub(chain, 0, n));

			if (v != NULL) {
				*rest = rest_of(chain, n);
				return v;
			}
		}
	return NULL;
}

/* What needs no import: the whole name itself, and what browsers have. */
static bool is_whole_itself(const struct sc *s, pqm_bytes *chain)
{
	static const char *const globals[] = { "window.", "globalThis.", "self." };

	if (s->kind == PQM_LANG_PYTHON || s->kind == PQM_LANG_GO)
		return false;
	if (s->kind != PQM_LANG_JS)
		return true;
	for (size_t i = 0; i < 3; i++)
		if (pqm_starts(*chain, pqm_str(globals[i])))
			*chain = pqm_sub(*chain, strlen(globals[i]), chain->n);
	return pqm_starts(*chain, PQM_LIT("crypto.subtle."));
}

static const struct pqm_call_list *list_of(const struct sc *s, pqm_bytes whole)
{
	return whole.n == 0 ? NULL : pqm_map_get(&s->lang->calls, whole);
}

static const struct pqm_call_list *by_binding(
	struct sc *s, const struct sc_binding *b, pqm_bytes rest, pqm_bytes *whole)
{
	const struct pqm_call_list *list = NULL;

	/* Where two imports give one name, both must mean a call that we know. */
	for (; b != NULL; b = b->next) {
		pqm_bytes w = with_rest(s, b->target, rest);
		bool is_first = whole->n == 0;

		*whole = is_first ? w : *whole;
		if (!is_first && list == NULL)
			return NULL;
		list = list_of(s, w);
		if (list == NULL && (!is_first || b->next != NULL)) {
			*whole = (pqm_bytes){ NULL, 0 };
			return NULL;
		}
	}
	return list;
}

const struct pqm_call_list *sc_resolve(
	struct sc *s, size_t at, pqm_bytes chain, pqm_bytes *whole, size_t *maker)
{
	pqm_bytes head = pqm_sub(chain, 0, pqm_find_byte(chain, 0, '.')), rest;
	const struct sc_var *v = var_of(s, at, chain, &rest);

	*maker = 0;
	*whole = (pqm_bytes){ NULL, 0 };
	if (v != NULL) {
		*whole = v->whole.n == 0 ? v->whole : with_rest(s, v->whole, rest);
		*maker = v->find;
		return list_of(s, *whole);
	}
	const struct sc_binding *b = pqm_map_get(s->bound, head);

	if (b != NULL)
		return by_binding(s, b, rest_of(chain, head.n), whole);
	*whole = chain;
	const struct pqm_call_list *list = is_whole_itself(s, whole) ? list_of(s, *whole) : NULL;

	for (size_t i = 0; list == NULL && i < s->n_wild; i++) {
		*whole = with_rest(s, s->wild[i], chain);
		list = list_of(s, *whole);
	}
	return list;
}

pqm_bytes sc_whole(struct sc *s, size_t at, pqm_bytes chain)
{
	pqm_bytes head = pqm_sub(chain, 0, pqm_find_byte(chain, 0, '.')), rest;
	const struct sc_var *v = var_of(s, at, chain, &rest);

	if (v != NULL)
		return v->whole.n == 0 ? v->whole : with_rest(s, v->whole, rest);
	const struct sc_binding *b = pqm_map_get(s->bound, head);

	if (b != NULL)
		return with_rest(s, b->target, rest_of(chain, head.n));
	if (s->kind == PQM_LANG_PYTHON || s->kind == PQM_LANG_GO || s->kind == PQM_LANG_JS)
		return s->n_wild > 0 && head.n == chain.n ? with_rest(s, s->wild[0], chain)
							  : (pqm_bytes){ NULL, 0 };
	/* A type of the same package, or one that a whole package was imported for. */
	return head.n < chain.n || s->n_wild > 0 ? chain : (pqm_bytes){ NULL, 0 };
}

/* The name that gets what is made at i: "key" of key, err := f(), "self.ctx", … or empty. */
static pqm_bytes left_of(struct sc *s, size_t i)
{
	pqm_bytes none = { NULL, 0 };
	size_t eq = i, from, end;

	while (eq > 0 &&
		(sc_word(s, eq - 1, "await") || sc_word(s, eq - 1, "new") ||
			sc_op(s, eq - 1, '&') || sc_op(s, eq - 1, '*')))
		eq--;
	if (eq < 2 || (!sc_op(s, eq - 1, '=') && !sc_op(s, eq - 1, PQM_OP2(':', '='))))
		return none;
	eq--;
	for (from = eq; from > 0 && eq - from < LOOK_BACK && !sc_first(s, from); from--)
		if (sc_op(s, from - 1, ';') || sc_op(s, from - 1, '{') || sc_op(s, from - 1, '}') ||
			sc_op(s, from - 1, '('))
			break;
	for (size_t k = from; k < eq; k++)
		if ((sc_op(s, k, ',') || sc_op(s, k, ':')) && k > 0 && sc_name(s, k - 1))
			return sc_text(s, k - 1);
	if (!sc_name(s, eq - 1))
		return none;
	for (from = eq - 1; from >= 2 && sc_dot(s, from - 1) && sc_name(s, from - 2);)
		from -= 2;
	return sc_chain(s, from, &end);
}

/* bound = something else: from the end of the statement on it is no import any more. */
static bool see_assignment(struct sc *s, size_t i, unsigned in_brackets)
{
	size_t eq = i + 1, end;
	bool walrus = sc_op(s, eq, PQM_OP2(':', '='));

	if ((!sc_op(s, eq, '=') && !walrus) ||
		(i > 0 && (sc_word(s, i - 1, "using") || sc_word(s, i - 1, "namespace"))))
		return true;
	if ((i > 0 && sc_dot(s, i - 1)) || (in_brackets > 0 && !walrus))
		return true;
	if (!is_known(s, sc_text(s, i))) {
		/* make = rsa.generate_private_key */
		pqm_bytes chain = sc_chain(s, eq + 1, &end);
		pqm_bytes head = pqm_sub(chain, 0, pqm_find_byte(chain, 0, '.'));
		struct sc_binding *b =
			chain.n == 0 || head.n == chain.n ? NULL : pqm_map_get(s->bound, head);

		if (b == NULL || b->next != NULL || end != sc_statement_end(s, eq + 1))
			return true;
		return add_var(s,
			(struct sc_var){ sc_text(s, i),
				with_rest(s, b->target, rest_of(chain, head.n)), end, 0 });
	}
	if (sc_word(s, eq + 1, "None") || sc_word(s, eq + 1, "null") ||
		sc_word(s, eq + 1, "undefined") || sc_word(s, eq + 1, "require") ||
		sc_word(s, eq + 1, "await") || sc_word(s, eq + 1, "import"))
		return true;
	if (s->kind == PQM_LANG_JS && pqm_map_get(s->bound, sc_text(s, i)) != NULL &&
		find_var(s, i, sc_text(s, i)) == NULL && sc_name(s, eq + 1)) {
		pqm_bytes chain = sc_chain(s, eq + 1, &end);

		if (!sc_op(s, end, '(')) /* const subtle = crypto.subtle: an import's own line */
			return chain.n > 0;
	}
	return add_var(
		s, (struct sc_var){ .name = sc_text(s, i), .from = sc_statement_end(s, eq + 1) });
}

/* Parameters cover imports of the same name. */
static bool cover(struct sc *s, size_t open)
{
	for (size_t i = open + 1; i < s->mate[open] && i - open < PQM_SOURCE_SPAN; i++) {
		bool opens = sc_op(s, i - 1, '(') || sc_op(s, i - 1, ',') || sc_op(s, i - 1, '{') ||
			sc_op(s, i - 1, '[') || sc_op(s, i - 1, '*') || sc_op(s, i - 1, '&') ||
			sc_op(s, i - 1, PQM_OP2('.', '.')) || sc_op(s, i - 1, PQM_OP2('*', '*')) ||
			sc_word(s, i - 1, "mut");
		bool typed = sc_name(s, i - 1) || sc_op(s, i - 1, '>') || sc_op(s, i - 1, ']');

		if (!sc_name(s, i) || sc_dot(s, i + 1) || sc_dot(s, i - 1) || (!opens && !typed) ||
			(!is_known(s, sc_text(s, i)) && (!typed || s->n_wild == 0)))
			continue;
		if (!add_var(s, (struct sc_var){ .name = sc_text(s, i) }))
			return false;
	}
	return true;
}

/* ---- scopes ---- */

/* What the next '{' opens, as far as the tokens before it said. */
struct head {
	pqm_bytes name, class_name;
	size_t open;  /* of the parameters; 0: none seen */
	bool is_sure; /* a word said that a function follows */
};

struct walk {
	struct sc *s;
	struct head h;
	unsigned brackets;		/* open ( and [ */
	size_t at_if[PQM_SOURCE_CHAIN]; /* scopes at #if */
	unsigned n_if;
};

static bool is_word_of(const struct sc *s, size_t i, const char *const *words)
{
	for (; *words != NULL; words++)
		if (sc_word(s, i, *words))
			return true;
	return false;
}

static const char *const control[] = { "if", "for", "while", "switch", "catch", "return", "sizeof",
	"else", "do", "case", "using", "lock", "fixed", "when", "match", "loop", "synchronized",
	"pub", "throw", "delete", "typeof", "alignof", "defined", "co_return", "co_await", "yield",
	"await", "in", "not", "and", "or", "elif", "assert", "goto", "new", "func", "function",
	"fn", "fun", NULL };
static const char *const class_words[] = { "class", "struct", "interface", "enum", "namespace",
	"object", "impl", "trait", "union", "record", "extern", NULL };

static bool by_words(enum pqm_lang k)
{
	return k == PQM_LANG_GO || k == PQM_LANG_RUST || k == PQM_LANG_KOTLIN ||
		k == PQM_LANG_SCALA;
}

/* Functions stand in files and classes, and a word in front does not tell them. */
static bool is_by_class(enum pqm_lang k)
{
	return k == PQM_LANG_C || k == PQM_LANG_JAVA || k == PQM_LANG_CSHARP;
}

static void see_head(struct walk *w, size_t i)
{
	struct sc *s = w->s;
	struct head *h = &w->h;

	if (sc_word(s, i, "func") || sc_word(s, i, "fn") || sc_word(s, i, "fun") ||
		sc_word(s, i, "function") || (s->kind == PQM_LANG_SCALA && sc_word(s, i, "def"))) {
		size_t at = i + 1;

		if (s->kind == PQM_LANG_GO && sc_op(s, at, '('))
			at = sc_behind(s, at);
		*h = (struct head){ .is_sure = true };
		if (sc_name(s, at))
			h->name = sc_text(s, at++);
		for (size_t k = at; k < at + 40 && k < s->n; k++)
			if (sc_op(s, k, '(')) {
				h->open = k;
				break;
			}
	} else if (is_word_of(s, i, class_words) && h->class_name.p == NULL && !h->is_sure) {
		h->class_name = sc_name(s, i + 1) ? sc_text(s, i + 1) : PQM_LIT("");
	}
}

static void see_group(struct walk *w, size_t open)
{
	struct sc *s = w->s;
	struct head *h = &w->h;
	size_t name = open - 1;

	/* DECLARE_X(a) int main(void) {: the one with a type in front is the function. */
	bool typed = open > 1 && (sc_name(s, name - 1) || sc_op(s, name - 1, '*')) &&
		h->open != 0 && s->mate[h->open] < open;

	if (by_words(s->kind) || (h->open != 0 && !typed) || h->is_sure || open == 0 ||
		s->mate[open] <= open)
		return;
	if (!sc_name(s, name) || is_word_of(s, name, control) ||
		pqm_starts(sc_text(s, name), PQM_LIT("__")))
		return;
	if (name > 0 &&
		(sc_op(s, name - 1, '@') || sc_word(s, name - 1, "new") ||
			(sc_dot(s, name - 1) && s->kind != PQM_LANG_C)))
		return;
	if (s->kind == PQM_LANG_JS ? top(s)->kind != SC_CLASS : top(s)->is_code)
		return;
	h->name = sc_text(s, name);
	h->open = open;
}

static bool open_brace(struct walk *w, size_t i)
{
	struct sc *s = w->s;
	struct head *h = &w->h;
	struct sc_scope scope = { .kind = SC_BLOCK, .is_code = top(s)->is_code };
	size_t params = 0;

	if (h->open != 0 && s->mate[h->open] < i && s->mate[h->open] > 0) {
		scope.kind = SC_FUNCTION;
		scope.name = h->name;
		scope.is_code = true;
		params = h->open;
	} else if (h->class_name.p != NULL && w->brackets == 0) {
		scope.kind = SC_CLASS;
		scope.name = h->class_name;
	}
	if (i > 1 && sc_op(s, i - 1, PQM_OP2('=', '>'))) {
		scope.kind = SC_FUNCTION;
		scope.is_code = true;
		params = sc_op(s, i - 2, ')') ? s->mate[i - 2] : 0;
	}
	push(s, scope);
	*h = (struct head){ 0 };
	return params == 0 || cover(s, params);
}

/* ---- Python ---- */

static bool python_line(struct sc *s, size_t i)
{
	uint32_t col = s->tok[i].col;
	size_t at = i;

	while (s->n_scope > 1 && top(s)->indent >= col)
		pop(s);
	if (sc_word(s, at, "async"))
		at++;
	bool is_class = sc_word(s, at, "class");

	if ((!is_class && !sc_word(s, at, "def")) || !sc_name(s, at + 1))
		return true;
	pqm_bytes name = sc_text(s, at + 1);

	if (is_known(s, name) && !add_var(s, (struct sc_var){ .name = name, .from = i }))
		return false;
	push(s,
		(struct sc_scope){ .kind = is_class ? SC_CLASS : SC_FUNCTION,
			.is_code = true,
			.indent = col,
			.name = name });
	return is_class || !sc_op(s, at + 2, '(') || cover(s, at + 2);
}

/* for x in, as x */
static bool python_cover(struct sc *s, size_t i)
{
	if (!sc_name(s, i + 1) || !is_known(s, sc_text(s, i + 1)))
		return true;
	if (!sc_word(s, i, "for") || !sc_word(s, i + 2, "in"))
		return true;
	return add_var(s, (struct sc_var){ .name = sc_text(s, i + 1), .from = i + 2 });
}

/* ---- calls ---- */

/* Behind <...> of type arguments, or i. */
static size_t behind_types(const struct sc *s, size_t i)
{
	unsigned depth = 0;
	size_t k = i;

	if (!sc_op(s, i, '<') || s->kind == PQM_LANG_PYTHON || s->kind == PQM_LANG_GO)
		return i;
	for (; k < s->n && k < i + 40; k++) {
		if (sc_op(s, k, '<'))
			depth++;
		else if (sc_op(s, k, '>') && --depth == 0)
			return k + 1;
		else if (!sc_name(s, k) && !sc_dot(s, k) && !sc_op(s, k, ',') &&
			!sc_op(s, k, '>') && !sc_op(s, k, '&') && !sc_op(s, k, '?') &&
			!sc_op(s, k, '*'))
			return i;
	}
	return i;
}

/* A name in front of a name: "int f(" declares. */
static bool is_declared(const struct sc *s, size_t i)
{
	static const char *const ok[] = { "return", "else", "case", "do", "throw", "new", "delete",
		"await", "yield", "in", "not", "and", "or", "if", "elif", "while", "for", "lambda",
		"assert", "print", "co_return", "co_await", "co_yield", "go", "defer", "match",
		"is", "typeof", "void", "export", "default", "with", "from", "mut", "ref", "move",
		"unsafe", "async", "of", "goto", "let", "when", "try", "raise", "select", "range",
		"by", "out", NULL };

	return i > 0 && sc_name(s, i - 1) && !sc_first(s, i) && !is_word_of(s, i - 1, ok);
}

static bool is_of_last(const struct sc *s, pqm_bytes chain)
{
	size_t at = chain.n;

	while (at > 0 && chain.p[at - 1] != '.')
		at--;
	return pqm_map_get(&s->lang->lasts, pqm_sub(chain, at, chain.n)) != NULL;
}

/* What was made is held by a variable, and may be called on at once: a().b(). */
static bool follow(struct sc *s, size_t at, size_t open, pqm_bytes whole, size_t find)
{
	for (unsigned k = 0; k < PQM_SOURCE_CHAIN; k++) {
		size_t close = s->mate[open], end, maker = find;
		pqm_bytes object = pqm_arena_f(s->arena, "%.*s()", PQM_FMT(whole));

		if (object.p == NULL)
			return false;
		if (close <= open || pqm_map_get(&s->lang->objects, object) == NULL)
			return true;
		pqm_bytes rest = sc_dot(s, close + 1) ? sc_chain(s, close + 2, &end)
						      : (pqm_bytes){ NULL, 0 };

		if (rest.n == 0 || !sc_op(s, end, '(')) {
			pqm_bytes left = left_of(s, at);

			return left.n == 0 ||
				add_var(s, (struct sc_var){ left, object, close, find });
		}
		whole = with_rest(s, object, rest);
		const struct pqm_call_list *list = list_of(s, whole);

		open = end;
		if (list != NULL)
			find = sc_take(s, list, whole, close + 2, open, maker);
		/* A builder gives itself back: what made it is still what it is. */
		if (find == 0)
			find = maker;
	}
	return true;
}

static bool take_call(struct sc *s, size_t i, pqm_bytes chain, size_t open)
{
	pqm_bytes whole;
	size_t maker;
	const struct pqm_call_list *list = sc_resolve(s, i, chain, &whole, &maker);
	size_t find = 0;

	if (list != NULL)
		find = sc_take(s, list, whole, i, open, maker);
	return whole.n == 0 || sc_op(s, open, '{') || follow(s, i, open, whole, find);
}

static bool take_literal(struct sc *s, size_t i, pqm_bytes chain, size_t open)
{
	pqm_bytes whole;
	size_t maker;
	pqm_bytes literal = pqm_arena_f(s->arena, "%.*s{}", PQM_FMT(chain));
	const struct pqm_call_list *list =
		literal.p == NULL ? NULL : sc_resolve(s, i, literal, &whole, &maker);

	if (list != NULL)
		(void)sc_take(s, list, whole, i, open, maker);
	return literal.p != NULL;
}

/* std::make_unique<T>(…) and T name(…) of C++ make a T. */
static bool take_cpp(struct sc *s, size_t i, pqm_bytes chain, size_t end)
{
	size_t inner_end, open;
	pqm_bytes inner;

	if (s->kind != PQM_LANG_C)
		return true;
	if (pqm_ends(chain, PQM_LIT("make_unique")) || pqm_ends(chain, PQM_LIT("make_shared"))) {
		open = behind_types(s, end);
		inner = sc_op(s, end, '<') ? sc_chain(s, end + 1, &inner_end)
					   : (pqm_bytes){ NULL, 0 };
		return inner.n == 0 || open == end || !sc_op(s, open, '(') ||
			take_call(s, i, inner, open);
	}
	if (!sc_name(s, end) || sc_first(s, end) ||
		(!sc_op(s, end + 1, '(') && !sc_op(s, end + 1, '{')))
		return true;
	return !is_of_last(s, chain) || take_call(s, i, chain, end + 1);
}

/* A single name may stand for one of another spelling. */
static bool stands_for(struct sc *s, size_t at, pqm_bytes name)
{
	const struct sc_var *v = find_var(s, at, name);

	return (v != NULL && v->whole.n > 0) || pqm_map_get(s->bound, name) != NULL;
}

static bool see_chain(struct walk *w, size_t i, size_t *next)
{
	struct sc *s = w->s;
	size_t end, open;
	pqm_bytes chain = sc_chain(s, i, &end);
	bool is_method = i > 0 && sc_dot(s, i - 1);

	*next = i + 1;
	if (chain.n == 0 || is_method)
		return true;
	if (sc_dot(s, end) && sc_op(s, end + 1, '<') && s->kind == PQM_LANG_RUST) {
		size_t behind = behind_types(s, end + 1), rest_end = behind;
		pqm_bytes rest = sc_dot(s, behind) ? sc_chain(s, behind + 1, &rest_end)
						   : (pqm_bytes){ NULL, 0 };

		if (behind > end + 1)
			chain = with_rest(s, chain, rest);
		end = rest_end;
	}
	*next = end > i ? end : i + 1;
	if ((s->kind == PQM_LANG_C && !top(s)->is_code) || is_declared(s, i))
		return true;
	if (!take_cpp(s, i, chain, end))
		return false;
	if (!is_of_last(s, chain) && !stands_for(s, i, chain))
		return true;
	open = behind_types(s, end);
	if (sc_op(s, open, '('))
		return take_call(s, i, chain, open);
	if (sc_op(s, open, '{') && s->kind != PQM_LANG_C)
		return take_literal(s, i, chain, open);
	return true;
}

static bool see_name(struct walk *w, size_t i, size_t *next)
{
	struct sc *s = w->s;

	if (s->kind == PQM_LANG_PYTHON) {
		if (sc_first(s, i) && w->brackets == 0 && !python_line(s, i))
			return false;
		if (!python_cover(s, i))
			return false;
	} else {
		see_head(w, i);
	}
	if (!see_assignment(s, i, s->kind == PQM_LANG_PYTHON ? w->brackets : 0))
		return false;
	return see_chain(w, i, next);
}

/* A function of the file's own covers the library's. */
static bool own_functions(struct sc *s)
{
	if (s->kind != PQM_LANG_C)
		return true;
	for (size_t i = 1; i + 1 < s->n; i++)
		if (s->tok[i].kind == PQM_T_DEFINE && (s->tok[i].flags & PQM_TOK_FUNCTION) &&
			pqm_map_get(&s->lang->lasts, sc_text(s, i)) != NULL &&
			!add_var(s, (struct sc_var){ .name = sc_text(s, i) }))
			return false;
	return true;
}

static bool own_definition(struct walk *w, size_t brace)
{
	struct sc *s = w->s;
	size_t open = w->h.open;

	if (s->kind != PQM_LANG_C || open < 2 || s->mate[open] + 1 != brace || top(s)->is_code ||
		pqm_map_get(&s->lang->lasts, w->h.name) == NULL || sc_dot(s, open - 2))
		return true;
	return add_var(s, (struct sc_var){ .name = w->h.name });
}

static void see_condition(struct walk *w, enum pqm_tok_kind kind)
{
	struct sc *s = w->s;

	if (kind == PQM_T_IF) {
		if (w->n_if < PQM_SOURCE_CHAIN)
			w->at_if[w->n_if] = s->n_scope;
		w->n_if++;
		return;
	}
	if (w->n_if == 0)
		return;
	/* What both branches open is open once. */
	if (kind == PQM_T_ELSE && w->n_if <= PQM_SOURCE_CHAIN)
		while (s->n_scope > w->at_if[w->n_if - 1])
			pop(s);
	if (kind == PQM_T_ENDIF)
		w->n_if--;
}

static bool see_op(struct walk *w, size_t i)
{
	struct sc *s = w->s;
	bool braces = s->kind != PQM_LANG_PYTHON;

	switch (s->tok[i].op) {
	case '(':
		if (braces)
			see_group(w, i);
		w->brackets++;
		return true;
	case '[':
		w->brackets++;
		return true;
	case ')':
	case ']':
		w->brackets -= w->brackets > 0;
		return true;
	case '{':
		if (!braces) {
			w->brackets++;
			return true;
		}
		return own_definition(w, i) && open_brace(w, i);
	case '}':
		if (braces)
			pop(s);
		else
			w->brackets -= w->brackets > 0;
		w->h = (struct head){ 0 };
		return true;
	case ';':
		if (w->brackets == 0 || w->h.open == 0)
			w->h = (struct head){ 0 };
		return true;
	default:
		return true;
	}
}

enum pqm_st sc_walk(struct sc *s)
{
	struct walk w = { .s = s };
	size_t next;

	s->n_scope = 1;
	s->scope[0] = (struct sc_scope){ .kind = SC_BLOCK, .is_code = !is_by_class(s->kind) };
	if (!own_functions(s))
		return PQM_ENOMEM;
	for (size_t i = 0; i < s->n && s->work < PQM_SOURCE_WORK; i = next) {
		next = i + 1;
		switch ((enum pqm_tok_kind)s->tok[i].kind) {
		case PQM_T_NAME:
			if (!see_name(&w, i, &next))
				return PQM_ENOMEM;
			break;
		case PQM_T_OP:
			if (!see_op(&w, i))
				return PQM_ENOMEM;
			break;
		case PQM_T_DEFINE:
			while (next < s->n && s->tok[next].kind != PQM_T_EOD)
				next++;
			break;
		case PQM_T_IF:
		case PQM_T_ELSE:
		case PQM_T_ENDIF:
			see_condition(&w, (enum pqm_tok_kind)s->tok[i].kind);
			break;
		case PQM_T_NUMBER:
		case PQM_T_TEXT:
			if (s->kind == PQM_LANG_PYTHON && sc_first(s, i) && w.brackets == 0 &&
				!python_line(s, i))
				return PQM_ENOMEM;
			break;
		case PQM_T_INCLUDE:
		case PQM_T_EOD:
		case PQM_T_END:
			break;
		}
	}
	return PQM_OK;
}
