/* source_import.c — what local names stand for: imports of every language. */
#include "source.h"

bool sc_dot(const struct sc *s, size_t i)
{
	return sc_op(s, i, '.') || sc_op(s, i, PQM_OP2(':', ':')) ||
		sc_op(s, i, PQM_OP2('-', '>')) || sc_op(s, i, PQM_OP2('?', '.'));
}

size_t sc_behind(const struct sc *s, size_t i)
{
	return s->mate[i] > i ? s->mate[i] + 1 : i + 1;
}

pqm_bytes sc_chain(const struct sc *s, size_t i, size_t *end)
{
	pqm_bytes out = sc_name(s, i) ? sc_text(s, i) : (pqm_bytes){ NULL, 0 };
	size_t parts = 1;

	*end = i;
	if (out.n == 0)
		return out;
	for (*end = i + 1; sc_dot(s, *end) && sc_name(s, *end + 1); *end += 2)
		if (++parts > PQM_SOURCE_CHAIN)
			return (pqm_bytes){ NULL, 0 };
	if (parts == 1)
		return out;
	for (size_t k = i + 2; k < *end; k += 2)
		out = pqm_arena_f(s->arena, "%.*s.%.*s", PQM_FMT(out), PQM_FMT(sc_text(s, k)));
	return out;
}

size_t sc_statement_end(const struct sc *s, size_t i)
{
	for (unsigned n = 0; i < s->n && !sc_op(s, i, ';') && n < PQM_SOURCE_SPAN; n++) {
		if (s->tok[i].kind == PQM_T_OP && s->mate[i] > i)
			i = s->mate[i];
		else if (s->tok[i].kind == PQM_T_OP && s->mate[i] != 0)
			break; /* the bracket that it stands in ends */
		i++;
		if (sc_first(s, i) && !sc_dot(s, i))
			break;
	}
	return i < s->n ? i : s->n;
}

bool sc_bind(struct sc *s, pqm_bytes name, pqm_bytes target)
{
	struct sc_binding *old = pqm_map_get(s->bound, name), *b;
	unsigned n = 0;

	if (name.n == 0 || target.n == 0)
		return true;
	for (b = old; b != NULL; b = b->next, n++)
		if (pqm_eq(b->target, target) || n == PQM_SOURCE_MEANINGS)
			return true;
	/* One that means so much means nothing that is known. */
	if (n == PQM_SOURCE_MEANINGS)
		target = PQM_LIT("?");
	b = pqm_new(s->arena, struct sc_binding, 1);
	if (b == NULL)
		return false;
	b->target = target;
	if (old != NULL) {
		b->next = old->next;
		old->next = b;
		return true;
	}
	return pqm_map_put(s->bound, name, b);
}

static bool wild(struct sc *s, pqm_bytes package)
{
	pqm_bytes *grown = pqm_grow(s->arena, s->wild, s->n_wild, &s->cap_wild);

	if (grown == NULL)
		return false;
	if (s->n_wild == PQM_SOURCE_WILD)
		return true;
	s->wild = grown;
	s->wild[s->n_wild++] = package;
	return true;
}

static pqm_bytes joined(struct sc *s, pqm_bytes a, pqm_bytes b)
{
	return a.n == 0 ? b : pqm_arena_f(s->arena, "%.*s.%.*s", PQM_FMT(a), PQM_FMT(b));
}

static pqm_bytes last_part(pqm_bytes name)
{
	size_t at = name.n;

	while (at > 0 && name.p[at - 1] != '.')
		at--;
	return pqm_sub(name, at, name.n);
}

/* import a.b, c as d */
static bool python_import(struct sc *s, size_t i)
{
	for (bool more = true; more && i < s->n;) {
		size_t end;
		pqm_bytes name = sc_chain(s, i, &end);

		if (name.n == 0)
			return true;
		if (sc_word(s, end, "as")) {
			if (!sc_bind(s, sc_text(s, end + 1), name))
				return false;
			end += 2;
		} else {
			pqm_bytes head = pqm_sub(name, 0, pqm_find_byte(name, 0, '.'));

			if (!sc_bind(s, head, head))
				return false;
		}
		more = sc_op(s, end, ',');
		i = end + 1;
	}
	return true;
}

/* from a.b import c as d, (e, f), *; a module of the tree itself gets a dot in front */
static bool python_from(struct sc *s, size_t i)
{
	size_t end;
	bool own = sc_op(s, i, '.') || sc_op(s, i, PQM_OP2('.', '.'));

	while (sc_op(s, i, '.') || sc_op(s, i, PQM_OP2('.', '.')))
		i++;
	pqm_bytes module = sc_word(s, i, "import") ? PQM_LIT("") : sc_chain(s, i, &end);

	if (module.n > 0)
		i = end;
	if (!sc_word(s, i, "import"))
		return true;
	if (own)
		module = pqm_arena_f(s->arena, ".%.*s", PQM_FMT(module));
	i++;
	if (sc_op(s, i, '*'))
		return wild(s, module);
	bool in_brackets = sc_op(s, i, '(');

	i += in_brackets;
	while (i < s->n && sc_name(s, i)) {
		pqm_bytes name = sc_text(s, i), as = name;

		if (!in_brackets && sc_first(s, i))
			break;
		if (sc_word(s, i + 1, "as")) {
			as = sc_text(s, i + 2);
			i += 2;
		}
		if (!sc_bind(s, as, joined(s, module, name)))
			return false;
		i++;
		if (!sc_op(s, i, ','))
			break;
		i++;
	}
	return true;
}

/* The name that a package of Go has by itself: the last part of its path, without its version. */
static pqm_bytes go_name(pqm_bytes path)
{
	size_t at = path.n;

	while (at > 0 && path.p[at - 1] != '/')
		at--;
	pqm_bytes name = pqm_sub(path, at, path.n);
	size_t dot = pqm_find(name, 0, PQM_LIT(".v"));

	if (dot != SIZE_MAX)
		name.n = dot;
	if (pqm_starts(name, PQM_LIT("go-")))
		name = pqm_sub(name, 3, name.n);
	return name;
}

/* "x/y/v5" is the package x/y */
static pqm_bytes go_path(pqm_bytes path)
{
	size_t at = path.n;

	while (at > 0 && path.p[at - 1] >= '0' && path.p[at - 1] <= '9')
		at--;
	if (at < path.n && at >= 3 && path.p[at - 1] == 'v' && path.p[at - 2] == '/')
		path.n = at - 2;
	return path;
}

static bool go_one(struct sc *s, size_t *i)
{
	pqm_bytes as = { NULL, 0 };
	bool dot = false;

	if (sc_name(s, *i))
		as = sc_text(s, (*i)++);
	else if (sc_op(s, *i, '.')) {
		dot = true;
		++*i;
	}
	if (s->tok[*i].kind != PQM_T_TEXT)
		return true;
	pqm_bytes path = go_path(sc_text(s, (*i)++));

	if (dot)
		return wild(s, path);
	return pqm_eqs(as, "_") || sc_bind(s, as.n > 0 ? as : go_name(path), path);
}

static bool go_import(struct sc *s, size_t i)
{
	if (!sc_op(s, i, '('))
		return go_one(s, &i);
	size_t end = sc_behind(s, i);

	for (i++; i < end && i < s->n;) {
		size_t at = i;

		if (!go_one(s, &i))
			return false;
		i += i == at || sc_op(s, i, ';');
	}
	return true;
}

/* import [static] a.b.C; a.b.*; Kotlin: as x; Scala: a.b.{C, D => E, _} */
static bool java_import(struct sc *s, size_t i)
{
	size_t end;

	if (sc_word(s, i, "static"))
		i++;
	pqm_bytes name = sc_chain(s, i, &end);

	if (name.n == 0)
		return true;
	if (sc_dot(s, end) && sc_op(s, end + 1, '*'))
		return wild(s, name);
	if (pqm_ends(name, PQM_LIT("._")))
		return wild(s, pqm_sub(name, 0, name.n - 2));
	if (sc_dot(s, end) && sc_op(s, end + 1, '{')) {
		size_t close = sc_behind(s, end + 1);

		for (i = end + 2; i < close && i < s->n; i++) {
			bool renamed = sc_name(s, i) && sc_op(s, i + 1, PQM_OP2('=', '>'));

			if (sc_word(s, i, "_") && !wild(s, name))
				return false;
			if (sc_name(s, i) &&
				!sc_bind(s, sc_text(s, renamed ? i + 2 : i),
					joined(s, name, sc_text(s, i))))
				return false;
			i += renamed ? 2 : 0;
		}
		return true;
	}
	if (sc_word(s, end, "as") && !sc_first(s, end))
		return sc_bind(s, sc_text(s, end + 1), name);
	return sc_bind(s, last_part(name), name);
}

/* using A.B; using static A.B.C; using X = A.B.C; but not using var f = ... */
static bool csharp_using(struct sc *s, size_t i)
{
	size_t end;

	if (sc_word(s, i, "static"))
		i++;
	pqm_bytes name = sc_chain(s, i, &end);

	if (name.n == 0)
		return true;
	if (sc_op(s, end, ';'))
		return wild(s, name);
	if (!sc_op(s, end, '='))
		return true;
	pqm_bytes target = sc_chain(s, end + 1, &end);

	return target.n == 0 || !sc_op(s, end, ';') || sc_bind(s, name, target);
}

/* use a::{b, c::{d as e, self}, f::*}; depth is that of the braces */
static bool rust_use(struct sc *s, size_t *i, pqm_bytes prefix, unsigned depth)
{
	size_t end;
	pqm_bytes name = sc_chain(s, *i, &end);

	if (name.n == 0 && sc_op(s, *i, PQM_OP2(':', ':')))
		name = sc_chain(s, ++*i, &end);
	if (name.n == 0 && !sc_op(s, *i, '{'))
		return true;
	if (name.n > 0)
		*i = end + (sc_dot(s, end) ? 1 : 0);
	pqm_bytes whole = name.n > 0 ? joined(s, prefix, name) : prefix;

	if (name.n > 0 && !sc_dot(s, end)) {
		bool as = sc_word(s, end, "as");

		*i = as ? end + 2 : end;
		if (pqm_eqs(name, "self"))
			return sc_bind(s, as ? sc_text(s, end + 1) : last_part(prefix), prefix);
		return sc_bind(s, as ? sc_text(s, end + 1) : last_part(name), whole);
	}
	if (sc_op(s, *i, '*')) {
		++*i;
		return wild(s, whole);
	}
	if (!sc_op(s, *i, '{') || depth >= PQM_SOURCE_CHAIN)
		return true;
	size_t close = sc_behind(s, *i);

	for (++*i; *i + 1 < close && *i < s->n;) {
		size_t at = *i;

		if (!rust_use(s, i, whole, depth + 1))
			return false;
		*i += *i == at || sc_op(s, *i, ',');
	}
	*i = close;
	return true;
}

static pqm_bytes js_module(pqm_bytes name)
{
	if (pqm_starts(name, PQM_LIT("node:")))
		return pqm_sub(name, 5, name.n);
	/* "@noble/curves/ed25519.js" is the same file. */
	if (name.n > 3 && name.p[0] == '@' && pqm_ends(name, PQM_LIT(".js")))
		name.n -= 3;
	return name;
}

/* { a, b as c, d: e } of an import or a pattern */
static bool js_names(struct sc *s, size_t i, pqm_bytes module)
{
	size_t end = s->mate[i];

	for (i++; i < end; i++) {
		pqm_bytes name = sc_text(s, i), as = name;

		if (!sc_name(s, i) || sc_word(s, i, "type"))
			continue;
		if ((sc_word(s, i + 1, "as") || sc_op(s, i + 1, ':')) && sc_name(s, i + 2)) {
			as = sc_text(s, i + 2);
			i += 2;
		}
		if (!sc_bind(s, as, pqm_eqs(name, "default") ? module : joined(s, module, name)))
			return false;
		while (i + 1 < end && !sc_op(s, i + 1, ','))
			i++;
	}
	return true;
}

/* import x, { y } from "m"; import * as x from "m" */
static bool js_import(struct sc *s, size_t i)
{
	size_t from = i;

	if (sc_word(s, i, "type") && !sc_word(s, i + 1, "from"))
		return true;
	while (from < s->n && from < i + 4096 && !sc_word(s, from, "from") &&
		s->tok[from].kind != PQM_T_TEXT && !sc_op(s, from, ';'))
		from = sc_op(s, from, '{') ? sc_behind(s, from) : from + 1;
	if (!sc_word(s, from, "from") || s->tok[from + 1].kind != PQM_T_TEXT)
		return true;
	pqm_bytes module = js_module(sc_text(s, from + 1));

	for (; i < from; i++) {
		if (sc_op(s, i, '{')) {
			if (!js_names(s, i, module))
				return false;
			i = s->mate[i] > i ? s->mate[i] : i;
		} else if (sc_name(s, i) && !sc_word(s, i, "as") &&
			!sc_bind(s, sc_text(s, i), module)) {
			return false;
		}
	}
	return true;
}

/* The module of require("m").x, await import("m"), or a bound name; *end is behind it. */
static pqm_bytes js_value(struct sc *s, size_t i, size_t *end)
{
	pqm_bytes none = { NULL, 0 }, name, rest;

	if (sc_word(s, i, "await"))
		i++;
	if ((sc_word(s, i, "require") || sc_word(s, i, "import")) && sc_op(s, i + 1, '(') &&
		s->tok[i + 2].kind == PQM_T_TEXT && sc_op(s, i + 3, ')')) {
		name = js_module(sc_text(s, i + 2));
		*end = i + 4;
		if (!sc_dot(s, *end))
			return name;
		rest = sc_chain(s, *end + 1, end);
		return rest.n == 0 ? none : joined(s, name, rest);
	}
	name = sc_chain(s, i, end);
	pqm_bytes head = pqm_sub(name, 0, pqm_find_byte(name, 0, '.'));
	struct sc_binding *b = name.n == 0 ? NULL : pqm_map_get(s->bound, head);

	if (b == NULL || b->next != NULL)
		return none;
	rest = pqm_sub(name, head.n + 1, name.n);
	return rest.n == 0 ? b->target : joined(s, b->target, rest);
}

/* const x = require("m"); const { a, b: c } = require("m"); import x = require("m") */
static bool js_const(struct sc *s, size_t i)
{
	size_t eq = sc_op(s, i, '{') ? sc_behind(s, i) : i + 1, end;

	if (!sc_op(s, eq, '=') || (!sc_op(s, i, '{') && !sc_name(s, i)))
		return true;
	pqm_bytes module = js_value(s, eq + 1, &end);

	if (module.n == 0 || sc_op(s, end, '(') || sc_op(s, end, '['))
		return true;
	return sc_op(s, i, '{') ? js_names(s, i, module) : sc_bind(s, sc_text(s, i), module);
}

static bool cpp_using(struct sc *s, size_t i)
{
	size_t end;
	bool is_namespace = sc_word(s, i, "namespace");
	pqm_bytes name = sc_chain(s, i + (is_namespace ? 1 : 0), &end);

	if (name.n == 0)
		return true;
	if (is_namespace)
		return wild(s, name);
	return !sc_op(s, end, ';') || sc_bind(s, last_part(name), name);
}

static bool include(struct sc *s, pqm_bytes header)
{
	pqm_bytes *grown = pqm_grow(s->arena, s->include, s->n_include, &s->cap_include);

	if (grown == NULL)
		return false;
	s->include = grown;
	if (s->n_include < PQM_SOURCE_WILD)
		s->include[s->n_include++] = header;
	return true;
}

/* Neither a prototype nor a definition: no type stands before the name. */
static bool is_c_call(const struct sc *s, size_t i)
{
	if (!sc_name(s, i) || !sc_op(s, i + 1, '(') || i == 0 || sc_op(s, i - 1, '*'))
		return false;
	return !sc_name(s, i - 1) || sc_word(s, i - 1, "return") || sc_word(s, i - 1, "else") ||
		sc_word(s, i - 1, "do");
}

static bool begins(pqm_bytes name, const struct pqm_yaml *list)
{
	for (size_t i = 0; i < list->n; i++)
		if (pqm_starts(name, pqm_yaml_text(list->items[i])))
			return true;
	return false;
}

static bool among(const pqm_bytes *list, size_t n, pqm_bytes name)
{
	for (size_t i = 0; i < n; i++)
		if (pqm_eq(list[i], name))
			return true;
	return false;
}

static bool has_include(const struct sc *s, pqm_bytes header)
{
	for (size_t i = 0; i < s->n_include; i++)
		if (pqm_starts(s->include[i], header))
			return true;
	return false;
}

/* Whether the text itself includes a library that the rules know. */
static bool includes_any(const struct sc *s)
{
	const struct pqm_yaml *words = pqm_yaml_get(s->lang->rule->node, "words");

	for (size_t i = 0; words != NULL && i < words->n; i++) {
		pqm_bytes w = pqm_yaml_text(words->items[i]);

		if ((pqm_find_byte(w, 0, '/') != SIZE_MAX || pqm_ends(w, PQM_LIT(".h"))) &&
			has_include(s, w))
			return true;
	}
	return false;
}

/* Large programs include a library through a header of their own: enough of its functions called tell it. Another
 * library's header is another library's function of that name. */
static bool c_signs(struct sc *s)
{
	const struct pqm_yaml *signs = includes_any(s) ? NULL : s->lang->signs;

	for (size_t k = 0; signs != NULL && k < signs->n; k++) {
		pqm_bytes seen[PQM_SOURCE_SIGNS];
		size_t n = 0;

		for (size_t i = 0; i < s->n && n < PQM_SOURCE_SIGNS; i++)
			if (is_c_call(s, i) && begins(sc_text(s, i), signs->items[k]) &&
				!among(seen, n, sc_text(s, i)))
				seen[n++] = sc_text(s, i);
		if (n == PQM_SOURCE_SIGNS && !include(s, pqm_yaml_text(signs->keys[k])))
			return false;
	}
	return true;
}

static bool c_import(struct sc *s, size_t i)
{
	size_t end;

	if (s->tok[i].kind == PQM_T_INCLUDE)
		return include(s, sc_text(s, i));
	if (sc_word(s, i, "using"))
		return cpp_using(s, i + 1);
	if (!sc_word(s, i, "namespace") || !sc_name(s, i + 1) || !sc_op(s, i + 2, '='))
		return true;
	pqm_bytes target = sc_chain(s, i + 3, &end);

	return target.n == 0 || sc_bind(s, sc_text(s, i + 1), target);
}

static bool import_at(struct sc *s, size_t i)
{
	size_t at = i + 1;

	switch (s->kind) {
	case PQM_LANG_PYTHON:
		if (sc_word(s, i, "import"))
			return python_import(s, at);
		return !sc_word(s, i, "from") || python_from(s, at);
	case PQM_LANG_GO:
		return !sc_word(s, i, "import") || go_import(s, at);
	case PQM_LANG_JAVA:
	case PQM_LANG_KOTLIN:
	case PQM_LANG_SCALA:
		return !sc_word(s, i, "import") || java_import(s, at);
	case PQM_LANG_CSHARP:
		return !sc_word(s, i, "using") || csharp_using(s, at);
	case PQM_LANG_RUST:
		return !sc_word(s, i, "use") || rust_use(s, &at, (pqm_bytes){ NULL, 0 }, 0);
	case PQM_LANG_JS:
		if (sc_word(s, i, "import") && !sc_op(s, at, '('))
			return js_import(s, at) && js_const(s, at);
		return (!sc_word(s, i, "const") && !sc_word(s, i, "let") &&
			       !sc_word(s, i, "var")) ||
			js_const(s, at);
	case PQM_LANG_C:
	case PQM_LANG_NONE:
	case PQM_LANG_N:
		break;
	}
	return s->kind != PQM_LANG_C || c_import(s, i);
}

/* Whether a statement can start here. */
static bool starts(const struct sc *s, size_t i)
{
	if (s->tok[i].kind == PQM_T_INCLUDE || i == 0 || sc_first(s, i))
		return true;
	return sc_op(s, i - 1, ';') || sc_op(s, i - 1, '}') || sc_op(s, i - 1, '{') ||
		sc_op(s, i - 1, ':') || sc_op(s, i - 1, ')') || sc_word(s, i - 1, "pub") ||
		sc_word(s, i - 1, "global") || sc_word(s, i - 1, "export");
}

bool sc_imports(struct sc *s)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct pqm_tok *t = &s->tok[i];

		if (t->kind != PQM_T_INCLUDE && (t->kind != PQM_T_NAME || t->n > 9))
			continue;
		if (starts(s, i) && !import_at(s, i))
			return false;
	}
	return s->kind != PQM_LANG_C || c_signs(s);
}
