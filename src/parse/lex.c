/* lex.c — the tokens of a file: blanks, comments, names, numbers, operators, directives. */
#include "lex.h"

#include "base/limits.h"
#include "lex_int.h"

static bool is_name_start(uint8_t c, enum pqm_lang lang)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80 ||
		(c == '$' && (lang == PQM_LANG_JS || lang == PQM_LANG_JAVA));
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool is_name_byte(uint8_t c, enum pqm_lang lang)
{
	return is_name_start(c, lang) || is_digit(c);
}

bool lex_at(const struct lexer *x, size_t i, const char *s)
{
	return pqm_starts(pqm_sub(x->text, i, SIZE_MAX), pqm_str(s));
}

void lex_newline(struct lexer *x, size_t at)
{
	x->line++;
	x->line_start = at + 1;
	x->is_first = true;
}

enum pqm_st lex_put(struct lexer *x, enum pqm_tok_kind kind, size_t start, size_t off, size_t n)
{
	struct pqm_tok *grown = pqm_grow(x->arena, x->tok, x->n, &x->cap);

	if (grown == NULL)
		return PQM_ENOMEM;
	x->tok = grown;
	if (x->n >= PQM_LEX_TOKENS)
		return PQM_ELIMIT;
	x->tok[x->n++] = (struct pqm_tok){ .off = (uint32_t)off,
		.n = (uint32_t)n,
		.line = x->line,
		.col = (uint32_t)(start - x->line_start + 1),
		.kind = (uint8_t)kind,
		.flags = x->is_first ? PQM_TOK_FIRST : 0 };
	x->is_first = false;
	return PQM_OK;
}

static size_t line_end(const struct lexer *x, size_t i)
{
	size_t end = pqm_find_byte(x->text, i, '\n');

	return end == SIZE_MAX ? x->text.n : end;
}

/* Steps to `to`, counting the lines on the way. */
void lex_skip_to(struct lexer *x, size_t to)
{
	size_t at = x->i;

	while ((at = pqm_find_byte(pqm_sub(x->text, 0, to), at, '\n')) != SIZE_MAX)
		lex_newline(x, at++);
	x->i = to;
}

static bool has_nested_comments(enum pqm_lang lang)
{
	return lang == PQM_LANG_RUST || lang == PQM_LANG_KOTLIN || lang == PQM_LANG_SCALA;
}

static size_t block_end(const struct lexer *x)
{
	size_t i = x->i + 2;
	unsigned depth = 1;

	while (i < x->text.n) {
		const uint8_t *c = memchr(x->text.p + i, '*', x->text.n - i);

		if (!has_nested_comments(x->lang)) {
			if (c == NULL)
				break;
			i = (size_t)(c - x->text.p) + 1;
			if (i < x->text.n && x->text.p[i] == '/')
				return i + 1;
			continue;
		}
		if (lex_at(x, i, "*/")) {
			i += 2;
			if (--depth == 0)
				return i;
		} else if (lex_at(x, i, "/*")) {
			i += 2;
			depth++;
		} else {
			i++;
		}
	}
	return x->text.n;
}

/* A comment of C goes on where the line ends in a backslash. */
static size_t comment_end(const struct lexer *x, size_t i)
{
	size_t end = line_end(x, i);

	while (x->lang == PQM_LANG_C && end < x->text.n && end > i && x->text.p[end - 1] == '\\')
		end = line_end(x, end + 1);
	return end;
}

/* True: a blank, a comment or a continuation was stepped over. */
static bool skip_blank(struct lexer *x)
{
	uint8_t c = x->text.p[x->i];

	if (c == '\n') {
		lex_newline(x, x->i++);
		return true;
	}
	if (c == ' ' || (c >= '\t' && c <= '\r')) {
		x->i++;
		return true;
	}
	if (c == '\\' && (lex_at(x, x->i, "\\\n") || lex_at(x, x->i, "\\\r\n"))) {
		lex_skip_to(x, x->i + (x->text.p[x->i + 1] == '\r' ? 3 : 2));
		x->is_first = false;
		return true;
	}
	if (x->lang == PQM_LANG_PYTHON) {
		if (c == '#')
			x->i = line_end(x, x->i);
		return c == '#';
	}
	if (lex_at(x, x->i, "//")) {
		lex_skip_to(x, comment_end(x, x->i));
		return true;
	}
	if (lex_at(x, x->i, "/*")) {
		bool first = x->is_first;

		lex_skip_to(x, block_end(x));
		x->is_first = first || (x->is_first && !x->in_define);
		return true;
	}
	return false;
}

static enum pqm_st take_name(struct lexer *x)
{
	size_t from = x->i;

	while (x->i < x->text.n && is_name_byte(x->text.p[x->i], x->lang))
		x->i++;
	return lex_put(x, PQM_T_NAME, from, from, x->i - from);
}

static enum pqm_st take_number(struct lexer *x)
{
	size_t from = x->i;

	while (x->i < x->text.n) {
		uint8_t c = x->text.p[x->i];
		bool dot = c == '.' && x->i + 1 < x->text.n && is_digit(x->text.p[x->i + 1]);
		bool quote = c == '\'' && x->lang == PQM_LANG_C && x->i + 1 < x->text.n &&
			is_name_byte(x->text.p[x->i + 1], x->lang);
		bool sign = (c == '+' || c == '-') && (x->text.p[x->i - 1] | 0x20) == 'e' &&
			(x->text.p[from] != '0' || (x->text.p[from + 1] | 0x20) != 'x');

		if (!is_name_byte(c, x->lang) && !dot && !quote && !sign)
			break;
		x->i++;
	}
	return lex_put(x, PQM_T_NUMBER, from, from, x->i - from);
}

static enum pqm_st take_op(struct lexer *x)
{
	static const char *const threes[] = {
		"===", "!==", "<<=", ">>=", "**=", "//=", "&&=", "||=", "?\?=", "..."
	};
	static const char *const twos[] = { "::", "->", "=>", ":=", "==", "!=", "<=", ">=", "<<",
		"&&", "||", "++", "--", "+=", "-=", "*=", "/=", "%=", "|=", "&=", "^=", "?.", "?\?",
		"**" };
	size_t from = x->i;
	uint16_t op = x->text.p[from];
	size_t n = 1;

	if (from + 1 >= x->text.n || memchr("=>:<&|+-.?*/", x->text.p[from + 1], 12) == NULL)
		goto put;
	for (size_t k = 0; n == 1 && k < sizeof(twos) / sizeof(twos[0]); k++)
		if (lex_at(x, from, twos[k])) {
			op = PQM_OP2(twos[k][0], twos[k][1]);
			n = 2;
		}
	for (size_t k = 0; k < sizeof(threes) / sizeof(threes[0]); k++)
		if (lex_at(x, from, threes[k])) {
			op = k == 0		      ? PQM_OP2('=', '=')
				: k == 1	      ? PQM_OP2('!', '=')
				: threes[k][2] == '=' ? PQM_OP2('+', '=')
						      : PQM_OP2('.', '.');
			n = 3;
		}
	if (n == 2 && (op >> 8) == '=' && memchr("+-*/%|&^", op & 0xff, 8) != NULL)
		op = PQM_OP2('+', '=');
put:
	x->i += n;
	if (lex_put(x, PQM_T_OP, from, from, n) != PQM_OK)
		return x->n >= PQM_LEX_TOKENS ? PQM_ELIMIT : PQM_ENOMEM;
	x->tok[x->n - 1].op = op;
	return PQM_OK;
}

static size_t skip_spaces(const struct lexer *x, size_t i)
{
	while (i < x->text.n && (x->text.p[i] == ' ' || x->text.p[i] == '\t'))
		i++;
	return i;
}

static pqm_bytes word_at(const struct lexer *x, size_t i)
{
	size_t end = i;

	while (end < x->text.n && is_name_byte(x->text.p[end], x->lang))
		end++;
	return pqm_sub(x->text, i, end - i);
}

/* From a line behind "#if 0" to the directive that ends it; nothing in between is there. */
static size_t dead_end(const struct lexer *x, size_t i)
{
	unsigned depth = 0;

	for (; i < x->text.n; i = line_end(x, i) + 1) {
		size_t hash = skip_spaces(x, i);

		if (hash >= x->text.n || x->text.p[hash] != '#')
			continue;
		pqm_bytes word = word_at(x, skip_spaces(x, hash + 1));

		if (pqm_starts(word, PQM_LIT("if")))
			depth++;
		else if (depth == 0 && (pqm_eqs(word, "endif") || pqm_starts(word, PQM_LIT("el"))))
			return i;
		else if (pqm_eqs(word, "endif"))
			depth--;
	}
	return x->text.n;
}

static enum pqm_st take_include(struct lexer *x, size_t at)
{
	size_t end = line_end(x, at), from = skip_spaces(x, at), close;

	if (from < end && (x->text.p[from] == '<' || x->text.p[from] == '"')) {
		close = pqm_find_byte(
			pqm_sub(x->text, 0, end), from + 1, x->text.p[from] == '<' ? '>' : '"');
		if (close != SIZE_MAX) {
			enum pqm_st st =
				lex_put(x, PQM_T_INCLUDE, x->i, from + 1, close - from - 1);

			x->i = close + 1;
			return st;
		}
	}
	x->i = end;
	return PQM_OK;
}

static enum pqm_st take_define(struct lexer *x, size_t at)
{
	size_t from = skip_spaces(x, at);
	pqm_bytes name = word_at(x, from);
	enum pqm_st st = lex_put(x, PQM_T_DEFINE, x->i, from, name.n);

	x->i = from + name.n;
	if (st == PQM_OK && x->i < x->text.n && x->text.p[x->i] == '(')
		x->tok[x->n - 1].flags |= PQM_TOK_FUNCTION;
	x->in_define = st == PQM_OK;
	return st;
}

/* At a '#' that is the first of its line. Lines that we do not read are stepped over whole. */
static enum pqm_st take_directive(struct lexer *x)
{
	size_t at = skip_spaces(x, x->i + 1);
	pqm_bytes word = word_at(x, at);
	enum pqm_tok_kind kind = PQM_T_END;

	if (x->lang == PQM_LANG_C) {
		if (pqm_eqs(word, "include") || pqm_eqs(word, "import"))
			return take_include(x, at + word.n);
		if (pqm_eqs(word, "define"))
			return take_define(x, at + word.n);
	}
	if (pqm_starts(word, PQM_LIT("if")))
		kind = PQM_T_IF;
	else if (pqm_starts(word, PQM_LIT("el")))
		kind = PQM_T_ELSE;
	else if (pqm_eqs(word, "endif"))
		kind = PQM_T_ENDIF;
	enum pqm_st st =
		kind == PQM_T_END ? PQM_OK : lex_put(x, kind, x->i, x->i, at + word.n - x->i);
	size_t end = comment_end(x, at);
	bool is_dead = pqm_eqs(word, "if") &&
		pqm_eqs(pqm_trim(word_at(x, skip_spaces(x, at + word.n))), "0");

	lex_skip_to(x, end);
	if (is_dead && x->i < x->text.n)
		lex_skip_to(x, dead_end(x, x->i + 1));
	x->is_first = true;
	return st;
}

static enum pqm_st take(struct lexer *x)
{
	uint8_t c = x->text.p[x->i];
	bool done = false;
	enum pqm_st st;

	if (x->in_define && x->is_first) {
		x->in_define = false;
		st = lex_put(x, PQM_T_EOD, x->i, x->i, 0);
		x->is_first = true;
		return st;
	}
	if (c == '#' && x->is_first && (x->lang == PQM_LANG_C || x->lang == PQM_LANG_CSHARP))
		return take_directive(x);
	st = lex_take_text(x, &done);
	if (st != PQM_OK || done)
		return st;
	if (is_name_start(c, x->lang))
		return take_name(x);
	if (is_digit(c) || (c == '.' && x->i + 1 < x->text.n && is_digit(x->text.p[x->i + 1])))
		return take_number(x);
	return take_op(x);
}

enum pqm_st pqm_lex(struct pqm_toks *out, pqm_bytes text, enum pqm_lang lang,
	struct pqm_arena *arena, struct pqm_err *err)
{
	struct lexer x = {
		.text = text, .lang = lang, .line = 1, .is_first = true, .arena = arena
	};
	enum pqm_st st = PQM_OK;

	if (text.n > PQM_LEX_BYTES)
		return pqm_fail(err, PQM_ELIMIT, "more than %zu bytes of program text",
			(size_t)PQM_LEX_BYTES);
	if (pqm_starts(text, PQM_LIT("\xef\xbb\xbf")))
		x.i = x.line_start = 3;
	if (lex_at(&x, x.i, "#!") && !lex_at(&x, x.i, "#!["))
		x.i = line_end(&x, 0);
	while (st == PQM_OK && x.i < text.n)
		if (!skip_blank(&x))
			st = take(&x);
	if (st == PQM_OK && x.in_define)
		st = lex_put(&x, PQM_T_EOD, x.i, x.i, 0);
	size_t n = x.n;

	if (st == PQM_OK)
		st = lex_put(&x, PQM_T_END, x.i, x.i, 0);
	if (st == PQM_ELIMIT)
		return pqm_fail(
			err, st, "more than %zu words of program text", (size_t)PQM_LEX_TOKENS);
	if (st != PQM_OK)
		return pqm_fail(err, st, "program text: out of memory");
	*out = (struct pqm_toks){ x.tok, n };
	return PQM_OK;
}
