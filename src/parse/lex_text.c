/* lex_text.c — strings of all languages: where they end, and whether their text is their value. */
#include "base/limits.h"
#include "lex_int.h"

/* $$$"""…""" of C#; a regular expression. */
#define DOLLARS 64
#define REGEX_BYTES 1024

struct form {
	size_t prefix; /* bytes before the first quote */
	size_t quotes; /* 1, 3, or as many as C# has written */
	size_t hashes; /* r##" of Rust */
	uint8_t quote;
	bool is_raw;	  /* a backslash is a backslash */
	bool is_doubled;  /* a doubled quote is one: C#'s @"" */
	bool is_many;	  /* may go over lines */
	bool has_inserts; /* f"{x}", $"{x}", s"$x" */
};

static uint8_t byte_at(const struct lexer *x, size_t i)
{
	return i < x->text.n ? x->text.p[i] : 0;
}

static bool is_triple(const struct lexer *x, size_t i)
{
	uint8_t c = byte_at(x, i);

	return c != 0 && byte_at(x, i + 1) == c && byte_at(x, i + 2) == c;
}

static void set_quotes(const struct lexer *x, struct form *f)
{
	size_t i = x->i + f->prefix;

	f->quote = byte_at(x, i);
	f->quotes = 1;
	if (is_triple(x, i)) {
		f->quotes = 3;
		f->is_many = true;
	}
}

static bool python_form(const struct lexer *x, struct form *f)
{
	size_t i = x->i;

	for (; i < x->i + 2; i++) {
		uint8_t c = byte_at(x, i) | 0x20;

		if (c != 'r' && c != 'b' && c != 'u' && c != 'f' && c != 't')
			break;
		f->is_raw |= c == 'r';
		f->has_inserts |= c == 'f' || c == 't';
	}
	f->prefix = i - x->i;
	if (byte_at(x, i) != '"' && byte_at(x, i) != '\'')
		return false;
	set_quotes(x, f);
	return true;
}

/* u8R"delimiter( … )delimiter" */
static bool c_raw(struct lexer *x, size_t prefix, size_t *from, size_t *end, size_t *next)
{
	size_t open = x->i + prefix + 1, n = 0;
	uint8_t close[20];

	while (n < 16 && byte_at(x, open + n) != '(' && byte_at(x, open + n) > ' ')
		n++;
	if (byte_at(x, open + n) != '(')
		return false;
	close[0] = ')';
	memcpy(close + 1, x->text.p + open, n);
	close[n + 1] = '"';
	*from = open + n + 1;
	*end = pqm_find(x->text, *from, (pqm_bytes){ close, n + 2 });
	if (*end == SIZE_MAX)
		*end = x->text.n;
	*next = *end + n + 2 > x->text.n ? x->text.n : *end + n + 2;
	return true;
}

static bool c_form(const struct lexer *x, struct form *f)
{
	static const char *const prefixes[] = { "u8", "u", "U", "L" };

	for (size_t k = 0; k < 4 && f->prefix == 0; k++)
		if (lex_at(x, x->i, prefixes[k]))
			f->prefix = strlen(prefixes[k]);
	f->is_raw = byte_at(x, x->i + f->prefix) == 'R' && byte_at(x, x->i + f->prefix + 1) == '"';
	f->prefix += f->is_raw;
	f->quote = byte_at(x, x->i + f->prefix);
	f->quotes = 1;
	return f->quote == '"' || f->quote == '\'';
}

/* r"", r#""#, b"", br"", c"", 'x', b'x'; but not the lifetime 'a. */
static bool rust_form(const struct lexer *x, struct form *f)
{
	size_t i = x->i;

	if (byte_at(x, i) == 'b' || byte_at(x, i) == 'c')
		i++;
	if (byte_at(x, i) == 'r') {
		f->is_raw = true;
		i++;
		while (byte_at(x, i) == '#' && f->hashes < 255) {
			f->hashes++;
			i++;
		}
	}
	f->prefix = i - x->i;
	f->quote = byte_at(x, i);
	f->quotes = 1;
	f->is_many = true;
	if (f->quote == '"')
		return true;
	if (f->quote != '\'' || f->is_raw)
		return false;
	if (byte_at(x, i + 1) == '\\')
		return true;
	for (size_t k = 2; k <= 5; k++)
		if (byte_at(x, i + k) == '\'')
			return k == 2 || byte_at(x, i + 1) >= 0x80;
	return false;
}

static bool csharp_form(const struct lexer *x, struct form *f)
{
	size_t i = x->i;
	bool dollar = false;

	while ((byte_at(x, i) == '@' || byte_at(x, i) == '$') && i < x->i + DOLLARS) {
		f->is_doubled |= byte_at(x, i) == '@';
		dollar |= byte_at(x, i) == '$';
		i++;
	}
	f->prefix = i - x->i;
	f->has_inserts = dollar;
	f->quote = byte_at(x, i);
	f->quotes = 1;
	f->is_many = f->is_raw = f->is_doubled;
	if (f->quote != '"')
		return f->prefix == 0 && f->quote == '\'';
	if (!f->is_doubled && is_triple(x, i)) {
		f->quotes = 3;
		while (byte_at(x, i + f->quotes) == '"' && f->quotes < 64)
			f->quotes++;
		f->is_many = f->is_raw = true;
	}
	return true;
}

/* Java, Kotlin, Scala: """ """ in all three; s"$x" in Scala, "$x" in Kotlin. */
static bool jvm_form(const struct lexer *x, struct form *f)
{
	if (x->lang == PQM_LANG_SCALA)
		while (f->prefix < 4 && byte_at(x, x->i + f->prefix) >= 'a' &&
			byte_at(x, x->i + f->prefix) <= 'z')
			f->prefix++;
	f->has_inserts = f->prefix > 0 || x->lang == PQM_LANG_KOTLIN;
	f->quote = byte_at(x, x->i + f->prefix);
	if (f->quote == '"') {
		set_quotes(x, f);
		f->is_raw = f->quotes == 3 && x->lang != PQM_LANG_JAVA;
		return true;
	}
	f->quotes = 1;
	/* 'symbol of Scala is none. */
	return f->quote == '\'' && f->prefix == 0 &&
		(byte_at(x, x->i + 1) == '\\' || byte_at(x, x->i + 2) == '\'' ||
			byte_at(x, x->i + 1) >= 0x80 || x->lang == PQM_LANG_JAVA);
}

static bool find_form(const struct lexer *x, struct form *f)
{
	uint8_t c = byte_at(x, x->i);

	*f = (struct form){ .quotes = 1, .quote = c };
	switch (x->lang) {
	case PQM_LANG_PYTHON:
		return python_form(x, f);
	case PQM_LANG_C:
		return c_form(x, f);
	case PQM_LANG_RUST:
		return rust_form(x, f);
	case PQM_LANG_CSHARP:
		return csharp_form(x, f);
	case PQM_LANG_JAVA:
	case PQM_LANG_KOTLIN:
	case PQM_LANG_SCALA:
		return jvm_form(x, f);
	case PQM_LANG_GO:
		f->is_raw = f->is_many = c == '`';
		return c == '"' || c == '\'' || c == '`';
	case PQM_LANG_JS:
		return c == '"' || c == '\'';
	case PQM_LANG_NONE:
	case PQM_LANG_N:
		break;
	}
	return false;
}

static bool closes(const struct lexer *x, const struct form *f, size_t i)
{
	for (size_t k = 0; k < f->quotes; k++)
		if (byte_at(x, i + k) != f->quote)
			return false;
	for (size_t k = 0; k < f->hashes; k++)
		if (byte_at(x, i + f->quotes + k) != '#')
			return false;
	return true;
}

/* The content is [from, *end); *open: it is not what the program has in memory. */
static size_t string_end(const struct lexer *x, const struct form *f, size_t *end, bool *open)
{
	size_t i = x->i + f->prefix + f->quotes;

	for (; i < x->text.n; i++) {
		uint8_t c = x->text.p[i];

		if (c == f->quote) {
			if (f->is_doubled && byte_at(x, i + 1) == c) {
				i++;
				continue;
			}
			if (closes(x, f, i)) {
				*end = i;
				return i + f->quotes + f->hashes;
			}
		} else if (c == '\\' && !f->is_raw) {
			*open = true;
			i++;
		} else if (c == '\n' && !f->is_many) {
			break;
		} else if (f->has_inserts && (c == '{' || c == '$')) {
			*open = true;
		}
	}
	*end = i > x->text.n ? x->text.n : i;
	return *end;
}

static enum pqm_st put_text(struct lexer *x, size_t from, size_t end, size_t next, bool open)
{
	enum pqm_st st = lex_put(x, PQM_T_TEXT, x->i, from, end - from);

	if (st == PQM_OK && open)
		x->tok[x->n - 1].flags |= PQM_TOK_OPEN;
	bool define = x->in_define;

	lex_skip_to(x, next);
	if (define)
		x->is_first = false;
	return st;
}

/* `text ${ code with { braces } and `more` }`: i is behind the first quote. */
static size_t template_end(const struct lexer *x, size_t i, unsigned depth, bool *open)
{
	while (i < x->text.n) {
		uint8_t c = x->text.p[i];

		if (c == '`')
			return i + 1;
		if (c == '\\') {
			i += 2;
			continue;
		}
		if (c != '$' || byte_at(x, i + 1) != '{') {
			i++;
			continue;
		}
		*open = true;
		unsigned braces = 1;

		for (i += 2; i < x->text.n && braces > 0;) {
			c = x->text.p[i++];
			braces += c == '{';
			braces -= c == '}';
			if (c == '`' && depth < PQM_LEX_DEPTH)
				i = template_end(x, i, depth + 1, open);
		}
	}
	return x->text.n;
}

/* What stands before a '/' tells whether it divides. */
static bool is_regex_place(const struct lexer *x)
{
	static const char *const words[] = { "return", "typeof", "case", "in", "of", "void",
		"delete", "do", "else", "instanceof", "yield", "await", "throw" };
	const struct pqm_tok *t = x->n == 0 ? NULL : &x->tok[x->n - 1];

	if (t == NULL)
		return true;
	if (t->kind == PQM_T_NAME) {
		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
			if (pqm_eqs(pqm_sub(x->text, t->off, t->n), words[i]))
				return true;
		return false;
	}
	return t->kind == PQM_T_OP && t->op != ')' && t->op != ']' && t->op != '}' &&
		t->op != PQM_OP2('+', '+') && t->op != PQM_OP2('-', '-');
}

/* The end of a regular expression on this line, or 0; longer ones are not written by anybody. */
static size_t regex_end(const struct lexer *x)
{
	bool in_class = false;
	size_t end = x->text.n - x->i > REGEX_BYTES ? x->i + REGEX_BYTES : x->text.n;

	for (size_t i = x->i + 1; i < end && x->text.p[i] != '\n'; i++) {
		uint8_t c = x->text.p[i];

		if (c == '\\')
			i++;
		else if (c == '[')
			in_class = true;
		else if (c == ']')
			in_class = false;
		else if (c == '/' && !in_class)
			return i + 1;
	}
	return 0;
}

enum pqm_st lex_take_text(struct lexer *x, bool *done)
{
	uint8_t c = x->text.p[x->i];
	bool open = false;
	struct form f;
	size_t from, end, next;

	*done = true;
	if (x->lang == PQM_LANG_JS && c == '`') {
		next = template_end(x, x->i + 1, 0, &open);
		if (next > x->text.n)
			next = x->text.n;
		end = next > x->i + 1 && x->text.p[next - 1] == '`' ? next - 1 : next;
		return put_text(x, x->i + 1, end < x->i + 1 ? x->i + 1 : end, next, open);
	}
	if (x->lang == PQM_LANG_JS && c == '/' && is_regex_place(x) && (next = regex_end(x)) > 0)
		return put_text(x, x->i + 1, next - 1, next, true);
	if (!find_form(x, &f)) {
		*done = false;
		return PQM_OK;
	}
	if (x->lang == PQM_LANG_C && f.is_raw) {
		*done = c_raw(x, f.prefix, &from, &end, &next);
		return *done ? put_text(x, from, end, next, false) : PQM_OK;
	}
	next = string_end(x, &f, &end, &open);
	from = x->i + f.prefix + f.quotes;
	return put_text(x, from > end ? end : from, end, next, open);
}
