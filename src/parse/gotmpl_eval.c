/* gotmpl_eval.c — pipelines of text/template, as far as the values of a chart decide them. */
#include "base/limits.h"
#include "base/num.h"
#include "gotmpl_int.h"

#define ARGS 8
#define PAREN_DEPTH 16

struct lex {
	struct gotmpl *g;
	pqm_bytes s;
	size_t at;
	unsigned depth;
};

static struct gotmpl_value pipeline(struct lex *x);

static struct gotmpl_value unknown(pqm_bytes name)
{
	return (struct gotmpl_value){ .what = GOTMPL_UNKNOWN, .text = name };
}

static struct gotmpl_value of_text(pqm_bytes text)
{
	return (struct gotmpl_value){ .what = GOTMPL_TEXT, .text = text };
}

static struct gotmpl_value of_bool(bool is_true)
{
	return (struct gotmpl_value){ .what = GOTMPL_BOOL, .is_true = is_true };
}

static struct gotmpl_value of_node(const struct pqm_yaml *n)
{
	return (struct gotmpl_value){ .what = GOTMPL_NODE, .node = n };
}

int gotmpl_truth(const struct gotmpl_value *v)
{
	const struct pqm_yaml *n = v->node;

	switch (v->what) {
	case GOTMPL_UNKNOWN:
		return -1;
	case GOTMPL_BOOL:
		return v->is_true;
	case GOTMPL_TEXT:
		return v->text.n > 0;
	case GOTMPL_NODE:
		break;
	}
	if (n == NULL)
		return 0;
	if (n->type != PQM_YAML_SCALAR)
		return n->n > 0;
	if (!n->is_plain)
		return n->text.n > 0;
	return pqm_yaml_text(n).n > 0 && !pqm_eqs(n->text, "0") &&
		!pqm_ieq(n->text, PQM_LIT("false")) && !pqm_ieq(n->text, PQM_LIT("no")) &&
		!pqm_ieq(n->text, PQM_LIT("off"));
}

/* The text of a value that is a scalar; false when it is none or not known. */
static bool text_of(const struct gotmpl_value *v, pqm_bytes *out)
{
	if (v->what == GOTMPL_TEXT)
		*out = v->text;
	else if (v->what == GOTMPL_BOOL)
		*out = v->is_true ? PQM_LIT("true") : PQM_LIT("false");
	else if (v->what == GOTMPL_NODE && v->node != NULL && v->node->type == PQM_YAML_SCALAR)
		*out = pqm_yaml_text(v->node);
	else
		return false;
	return true;
}

static bool is_word(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		c == '_' || c >= 0x80;
}

static void blanks(struct lex *x)
{
	while (x->at < x->s.n && x->s.p[x->at] <= ' ')
		x->at++;
}

/* ".a.b" at the place, without the first dot. */
static pqm_bytes fields(struct lex *x)
{
	size_t from = x->at;

	while (x->at < x->s.n && (is_word(x->s.p[x->at]) || x->s.p[x->at] == '.'))
		x->at++;
	return pqm_sub(x->s, from, x->at - from);
}

static struct gotmpl_value member(struct gotmpl_value v, pqm_bytes path)
{
	const struct pqm_yaml *n = v.node;
	pqm_bytes rest = path, part;

	if (path.n == 0)
		return v;
	if (v.what != GOTMPL_NODE)
		return unknown(path);
	while (n != NULL && pqm_split(&rest, '.', &part)) {
		char key[128];

		if (part.n == 0)
			continue;
		if (part.n >= sizeof(key))
			return unknown(path);
		memcpy(key, part.p, part.n);
		key[part.n] = '\0';
		n = pqm_yaml_get(n, key);
	}
	return of_node(n);
}

/* A path from the root: Values.a.b, Chart.Name, Release.Namespace. */
static struct gotmpl_value from_root(struct lex *x, pqm_bytes path)
{
	const struct pqm_gotmpl *t = x->g->t;
	pqm_bytes rest = path, root = { NULL, 0 };
	const struct pqm_yaml *n;

	(void)pqm_split(&rest, '.', &root);
	if (pqm_eqs(path, "Release.Namespace"))
		return of_text(PQM_LIT("default")); /* where kubectl puts what names none */
	if (pqm_eqs(path, "Release.IsInstall"))
		return of_bool(true);
	if (pqm_eqs(path, "Release.IsUpgrade"))
		return of_bool(false);
	if (pqm_eqs(path, "Release.Service"))
		return of_text(PQM_LIT("Helm"));
	if (t->look == NULL || (!pqm_eqs(root, "Values") && !pqm_eqs(root, "Chart")))
		return unknown(path);
	n = t->look(t->ctx, root, rest.p == NULL ? (pqm_bytes){ NULL, 0 } : rest);
	if (n == NULL && !(t->has_values && pqm_eqs(root, "Values")))
		return unknown(path);
	struct gotmpl_value v = of_node(n);

	v.text = path;
	return v;
}

static struct gotmpl_value variable(struct lex *x)
{
	pqm_bytes name, path;

	x->at++;
	size_t from = x->at;

	while (x->at < x->s.n && is_word(x->s.p[x->at]))
		x->at++;
	name = pqm_sub(x->s, from, x->at - from);
	path = fields(x);
	if (path.n > 0)
		path = pqm_sub(path, 1, path.n);
	if (name.n == 0)
		return path.n == 0 ? unknown(PQM_LIT("root")) : from_root(x, path);
	for (size_t i = x->g->n_vars; i > 0; i--)
		if (pqm_eq(x->g->var[i - 1].name, name)) {
			struct gotmpl_value v = x->g->var[i - 1].value;

			/* The root, kept under a name: {{ $root := . }} */
			if (v.what == GOTMPL_UNKNOWN && pqm_eqs(v.text, "root") && path.n > 0)
				return from_root(x, path);
			return member(v, path);
		}
	return unknown(name);
}

static struct gotmpl_value quoted(struct lex *x, uint8_t q)
{
	struct pqm_buf b;
	struct gotmpl_value v;

	pqm_buf_init(&b, PQM_YAML_DOC_BYTES);
	for (x->at++; x->at < x->s.n && x->s.p[x->at] != q; x->at++) {
		uint8_t c = x->s.p[x->at];

		if (c == '\\' && q == '"' && x->at + 1 < x->s.n) {
			c = x->s.p[++x->at];
			c = c == 'n' ? '\n' : c == 't' ? '\t' : c;
		}
		(void)pqm_buf_byte(&b, c);
	}
	x->at++;
	v = of_text(pqm_bytes_dup(x->g->arena, pqm_buf_bytes(&b)));
	pqm_buf_fini(&b);
	return v;
}

static struct gotmpl_value in_parens(struct lex *x)
{
	struct gotmpl_value v = unknown(PQM_LIT("expression"));

	x->at++;
	if (x->depth >= PAREN_DEPTH) {
		x->at = x->s.n;
		return v;
	}
	x->depth++;
	v = pipeline(x);
	x->depth--;
	blanks(x);
	if (x->at < x->s.n && x->s.p[x->at] == ')')
		x->at++;
	pqm_bytes path = fields(x);

	return path.n > 1 ? member(v, pqm_sub(path, 1, path.n)) : v;
}

static struct gotmpl_value from_dot(struct lex *x)
{
	pqm_bytes path = fields(x);

	path = pqm_sub(path, 1, path.n);
	if (!x->g->is_root)
		return path.n == 0 ? x->g->dot : member(x->g->dot, path);
	return path.n == 0 ? unknown(PQM_LIT("root")) : from_root(x, path);
}

/* An operand; a word that is no literal comes as unknown under its own name, with *is_word set. */
static struct gotmpl_value operand(struct lex *x, bool *is_name)
{
	uint8_t c = x->s.p[x->at];
	size_t from = x->at;

	*is_name = false;
	if (c == '.')
		return from_dot(x);
	if (c == '$')
		return variable(x);
	if (c == '"' || c == '`' || c == '\'')
		return quoted(x, c);
	if (c == '(')
		return in_parens(x);
	while (x->at < x->s.n && x->s.p[x->at] > ' ' && x->s.p[x->at] != ')' &&
		x->s.p[x->at] != '|' && x->s.p[x->at] != '(')
		x->at++;
	if (x->at == from)
		x->at++;
	pqm_bytes word = pqm_sub(x->s, from, x->at - from);

	if ((c >= '0' && c <= '9') || c == '-')
		return of_text(word);
	if (pqm_eqs(word, "true") || pqm_eqs(word, "false"))
		return of_bool(c == 't');
	if (pqm_eqs(word, "nil"))
		return of_node(NULL);
	*is_name = true;
	return unknown(word);
}

static struct gotmpl_value print_f(struct lex *x, const struct gotmpl_value *arg, size_t n)
{
	struct pqm_buf b;
	pqm_bytes format, text;
	size_t next = 1;
	struct gotmpl_value v;

	if (n == 0 || !text_of(&arg[0], &format))
		return unknown(PQM_LIT("printf"));
	pqm_buf_init(&b, PQM_YAML_DOC_BYTES);
	for (size_t i = 0; i < format.n; i++) {
		if (format.p[i] != '%' || i + 1 >= format.n) {
			(void)pqm_buf_byte(&b, format.p[i]);
			continue;
		}
		i++;
		if (format.p[i] == '%') {
			(void)pqm_buf_byte(&b, '%');
		} else if (next < n && text_of(&arg[next], &text)) {
			(void)pqm_buf_add(&b, text);
			next++;
		} else {
			(void)pqm_buf_f(&b, "<%.*s>",
				PQM_FMT(next < n ? pqm_sub(arg[next].text, 0, 64)
						 : PQM_LIT("value")));
			next++;
		}
	}
	v = of_text(pqm_bytes_dup(x->g->arena, pqm_buf_bytes(&b)));
	pqm_buf_fini(&b);
	return v;
}

static struct gotmpl_value both(const struct gotmpl_value *arg, size_t n, bool is_and)
{
	struct gotmpl_value last = of_bool(is_and);

	for (size_t i = 0; i < n; i++) {
		int is = gotmpl_truth(&arg[i]);

		if (is == (is_and ? 0 : 1))
			return arg[i];
		if (is < 0 || gotmpl_truth(&last) >= 0)
			last = arg[i];
	}
	return last;
}

static struct gotmpl_value compare(const struct gotmpl_value *arg, size_t n, bool is_eq)
{
	pqm_bytes a, b;

	if (n < 2 || arg[0].what == GOTMPL_UNKNOWN)
		return unknown(PQM_LIT("eq"));
	for (size_t i = 1; i < n; i++) {
		if (arg[i].what == GOTMPL_UNKNOWN)
			return unknown(PQM_LIT("eq"));
		if (text_of(&arg[0], &a) && text_of(&arg[i], &b) && pqm_eq(a, b))
			return of_bool(is_eq);
	}
	return of_bool(!is_eq);
}

static struct gotmpl_value encode(struct lex *x, const struct gotmpl_value *v)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	pqm_bytes in;
	struct gotmpl_value out = unknown(PQM_LIT("b64enc"));

	out.is_block = true; /* nothing at all rather than a name that is not base64 */
	if (!text_of(v, &in) || in.n > PQM_YAML_DOC_BYTES / 2)
		return out;
	uint8_t *p = pqm_arena_alloc(x->g->arena, (in.n + 2) / 3 * 4 + 1);

	if (p == NULL)
		return out;
	size_t k = 0;

	for (size_t i = 0; i < in.n; i += 3) {
		uint32_t w = (uint32_t)in.p[i] << 16 |
			(i + 1 < in.n ? (uint32_t)in.p[i + 1] << 8 : 0) |
			(i + 2 < in.n ? in.p[i + 2] : 0);

		p[k++] = (uint8_t)digits[w >> 18];
		p[k++] = (uint8_t)digits[w >> 12 & 63];
		p[k++] = i + 1 < in.n ? (uint8_t)digits[w >> 6 & 63] : '=';
		p[k++] = i + 2 < in.n ? (uint8_t)digits[w & 63] : '=';
	}
	return of_text((pqm_bytes){ p, k });
}

/* Functions that shape or choose a value; the value itself is the last argument. */
static bool shape(struct lex *x, pqm_bytes f, const struct gotmpl_value *arg, size_t n,
	struct gotmpl_value *out)
{
	static const char *const same[] = { "toYaml", "toJson", "toRawJson", "toPrettyJson",
		"fromYaml", "fromJson", "tpl", "required", "trunc", "trim", "trimSuffix",
		"trimPrefix", "toString", "int", "int64", "float64", "lower", "nospace", "trimAll",
		"deepCopy", "mustToYaml", "mustToJson", "toYamlPretty", "print", "ternary" };
	uint64_t width = 0;
	pqm_bytes text;
	size_t last = n - 1;

	if (pqm_eqs(f, "tpl"))
		last = 0;
	if (pqm_eqs(f, "quote") || pqm_eqs(f, "squote")) {
		*out = arg[last];
		out->quote = f.p[0] == 's' ? '\'' : '"';
		return true;
	}
	if (pqm_eqs(f, "nindent") || pqm_eqs(f, "indent")) {
		*out = arg[last];
		out->is_block = true;
		if (text_of(&arg[0], &text) && pqm_u64_parse(text, 64, &width))
			out->indent = (unsigned)width;
		return true;
	}
	if (pqm_eqs(f, "ternary") && n >= 3) {
		int is = gotmpl_truth(&arg[2]);

		*out = is < 0 ? unknown(f) : arg[is ? 0 : 1];
		return true;
	}
	if (pqm_eqs(f, "b64enc")) {
		*out = encode(x, &arg[last]);
		return true;
	}
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
		if (pqm_eqs(f, same[i])) {
			*out = arg[last];
			out->is_block = out->is_block || pqm_ends(f, PQM_LIT("toYaml"));
			return true;
		}
	return false;
}

static struct gotmpl_value key_of(const struct gotmpl_value *map, const struct gotmpl_value *key)
{
	pqm_bytes k;

	if (map->what != GOTMPL_NODE || map->node == NULL || map->node->type != PQM_YAML_MAP ||
		!text_of(key, &k) || k.n == 0)
		return unknown(PQM_LIT("index"));
	for (size_t i = map->node->n; i > 0; i--)
		if (map->node->keys[i - 1]->type == PQM_YAML_SCALAR &&
			pqm_eq(map->node->keys[i - 1]->text, k))
			return of_node(map->node->items[i - 1]);
	return of_node(NULL);
}

static struct gotmpl_value call(
	struct lex *x, pqm_bytes f, const struct gotmpl_value *arg, size_t n)
{
	struct gotmpl_value out;
	pqm_bytes name;
	int is = n > 0 ? gotmpl_truth(&arg[n - 1]) : -1;

	if (n == 0)
		return unknown(f);
	if (pqm_eqs(f, "include") || pqm_eqs(f, "template"))
		return unknown(text_of(&arg[0], &name) ? name : f);
	if (pqm_eqs(f, "default") && n >= 2)
		return is < 0
			? (arg[1].what == GOTMPL_UNKNOWN && arg[0].what == GOTMPL_UNKNOWN ? arg[1]
											  : arg[0])
			: arg[is ? n - 1 : 0];
	if (pqm_eqs(f, "not"))
		return is < 0 ? unknown(f) : of_bool(!is);
	if (pqm_eqs(f, "empty"))
		return is < 0 ? unknown(f) : of_bool(!is);
	if (pqm_eqs(f, "and") || pqm_eqs(f, "or") || pqm_eqs(f, "coalesce"))
		return both(arg, n, f.p[0] == 'a');
	if (pqm_eqs(f, "eq") || pqm_eqs(f, "ne"))
		return compare(arg, n, f.p[0] == 'e');
	if (pqm_eqs(f, "printf"))
		return print_f(x, arg, n);
	if ((pqm_eqs(f, "index") || pqm_eqs(f, "get")) && n == 2)
		return key_of(&arg[0], &arg[1]);
	if (pqm_eqs(f, "hasKey") && n == 2) {
		out = key_of(&arg[0], &arg[1]);
		return out.what == GOTMPL_UNKNOWN ? out : of_bool(out.node != NULL);
	}
	return shape(x, f, arg, n, &out) ? out : unknown(f);
}

/* One command of a pipeline; piped is its last argument. */
static struct gotmpl_value command(struct lex *x, const struct gotmpl_value *piped)
{
	struct gotmpl_value arg[ARGS + 1];
	pqm_bytes f = { NULL, 0 };
	size_t n = 0;
	bool is_name = false, is_first = true;

	for (blanks(x); x->at < x->s.n && x->s.p[x->at] != '|' && x->s.p[x->at] != ')'; blanks(x)) {
		struct gotmpl_value v = operand(x, &is_name);

		if (is_first && is_name)
			f = v.text;
		else if (n < ARGS)
			arg[n++] = v;
		is_first = false;
	}
	if (piped != NULL)
		arg[n++] = *piped;
	if (f.n > 0)
		return call(x, f, arg, n);
	/* ".Capabilities.APIVersions.Has "v1"": a method. */
	return n == 0 ? unknown(PQM_LIT("empty")) : n > 1 ? unknown(arg[0].text) : arg[0];
}

static struct gotmpl_value pipeline(struct lex *x)
{
	struct gotmpl_value v = command(x, NULL);

	for (blanks(x); x->at < x->s.n && x->s.p[x->at] == '|'; blanks(x)) {
		struct gotmpl_value in = v;

		x->at++;
		v = command(x, &in);
		if (v.indent == 0)
			v.indent = in.indent;
		v.is_block = v.is_block || in.is_block;
		if (v.quote == 0)
			v.quote = in.quote;
	}
	return v;
}

struct gotmpl_value gotmpl_eval(struct gotmpl *g, pqm_bytes expr)
{
	struct lex x = { .g = g, .s = expr };

	return pipeline(&x);
}

void gotmpl_set(struct gotmpl *g, pqm_bytes name, struct gotmpl_value v)
{
	if (g->n_vars < GOTMPL_VARS)
		g->var[g->n_vars++] = (struct gotmpl_var){ name, v };
}
