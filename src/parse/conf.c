#include "conf.h"

bool pqm_conf_form_parse(pqm_bytes name, enum pqm_conf_form *out)
{
	static const char *const names[] = { "lines", "braces", "ini", "hcl", "shell" };

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (pqm_eqs(name, names[i])) {
			*out = (enum pqm_conf_form)i;
			return true;
		}
	return false;
}

void pqm_conf_open(struct pqm_conf *c, enum pqm_conf_form form, pqm_bytes text)
{
	*c = (struct pqm_conf){ .form = form, .text = text, .line = 1 };
	if (pqm_starts(text, PQM_LIT("\xef\xbb\xbf")))
		c->at = c->line_at = 3;
}

static uint8_t peek(const struct pqm_conf *c, size_t ahead)
{
	return ahead < c->text.n - c->at ? c->text.p[c->at + ahead] : 0;
}

static void step(struct pqm_conf *c)
{
	if (c->text.p[c->at++] == '\n') {
		c->line++;
		c->line_at = c->at;
	}
}

static bool is_blank(uint8_t b)
{
	return b == ' ' || b == '\t' || b == '\r';
}

static bool is_one_of(const char *set, uint8_t b)
{
	return b != 0 && strchr(set, b) != NULL;
}

/* The bytes that end a statement, besides the end of a line where that counts. */
static const char *ends_of(enum pqm_conf_form form)
{
	static const char *const ends[] = { "", ";{}", "", "{}", ";|&()`" };

	return ends[form];
}

static void skip_line(struct pqm_conf *c)
{
	while (c->at < c->text.n && c->text.p[c->at] != '\n')
		c->at++;
}

static void skip_block(struct pqm_conf *c)
{
	while (c->at < c->text.n && !(peek(c, 0) == '*' && peek(c, 1) == '/'))
		step(c);
	for (unsigned i = 0; i < 2 && c->at < c->text.n; i++)
		step(c);
}

/* A comment where a word could start. */
static bool skip_comment(struct pqm_conf *c, bool starts_statement)
{
	uint8_t b = peek(c, 0);
	bool is_line = b == '#' ||
		(starts_statement && c->form == PQM_CONF_INI && (b == ';' || b == '!')) ||
		(c->form == PQM_CONF_HCL && b == '/' && peek(c, 1) == '/');

	if (is_line) {
		skip_line(c);
		return true;
	}
	if (c->form != PQM_CONF_HCL || b != '/' || peek(c, 1) != '*')
		return false;
	skip_block(c);
	return true;
}

/* To the first byte of the next statement; false at the end of the text. */
static bool to_statement(struct pqm_conf *c)
{
	while (c->at < c->text.n) {
		uint8_t b = peek(c, 0);

		if (is_blank(b) || b == '\n' || is_one_of(ends_of(c->form), b)) {
			step(c);
		} else if ((b == '<' && c->form == PQM_CONF_LINES) ||
			(b == '[' && c->form == PQM_CONF_INI)) {
			skip_line(c); /* the head of a section */
		} else if (!skip_comment(c, true)) {
			return true;
		}
	}
	return false;
}

static bool ends_name(const struct pqm_conf *c, uint8_t b)
{
	if (is_blank(b) || b == '\n' || is_one_of(ends_of(c->form), b))
		return true;
	return c->form != PQM_CONF_BRACES && c->form != PQM_CONF_SHELL &&
		(b == '=' || (b == ':' && c->form == PQM_CONF_INI));
}

/* Over a quoted run; a quote that the line does not close is an ordinary byte. */
static void skip_quoted(struct pqm_conf *c)
{
	uint8_t quote = peek(c, 0);
	size_t end = c->at + 1;
	bool spans = c->form == PQM_CONF_BRACES || c->form == PQM_CONF_SHELL;

	while (end < c->text.n && c->text.p[end] != quote && (spans || c->text.p[end] != '\n'))
		end += c->text.p[end] == '\\' && quote == '"' && end + 1 < c->text.n ? 2 : 1;
	if (end >= c->text.n || c->text.p[end] != quote) {
		step(c);
		return;
	}
	while (c->at <= end)
		step(c);
}

static bool is_continued(const struct pqm_conf *c)
{
	size_t end = c->at;

	if (end > 0 && c->text.p[end - 1] == '\r')
		end--;
	return end > 0 && c->text.p[end - 1] == '\\';
}

/* To the end of the statement; returns where its text ends. */
static size_t to_end(struct pqm_conf *c, size_t from)
{
	unsigned brackets = 0;
	size_t end = from;

	while (c->at < c->text.n) {
		uint8_t b = peek(c, 0);
		bool starts_word = c->at > 0 &&
			(is_blank(c->text.p[c->at - 1]) || c->text.p[c->at - 1] == '\n');

		if (b == '\n' && c->form != PQM_CONF_BRACES && brackets == 0 && !is_continued(c))
			break;
		if (is_one_of(ends_of(c->form), b))
			break;
		if (starts_word && skip_comment(c, false))
			continue;
		if (c->form == PQM_CONF_HCL && b == '[')
			brackets++;
		else if (c->form == PQM_CONF_HCL && b == ']' && brackets > 0)
			brackets--;
		if ((b == '"' || b == '\'') && c->form != PQM_CONF_INI) {
			skip_quoted(c);
		} else if (b == '\\' && c->form != PQM_CONF_INI && c->at + 1 < c->text.n) {
			step(c); /* what it escapes is no quote */
			step(c);
		} else
			step(c);
		if (!is_blank(b) && b != '\n')
			end = c->at;
	}
	return end;
}

bool pqm_conf_next(struct pqm_conf *c, struct pqm_conf_item *item)
{
	size_t from;

	if (!to_statement(c))
		return false;
	from = c->at;
	*item = (struct pqm_conf_item){
		.line = c->line, .col = (uint32_t)(from - c->line_at + 1), .off = from
	};
	while (c->at < c->text.n && !ends_name(c, peek(c, 0)))
		step(c);
	item->name = pqm_sub(c->text, from, c->at - from);
	while (is_blank(peek(c, 0)))
		step(c);
	if (c->form != PQM_CONF_BRACES && c->form != PQM_CONF_SHELL &&
		(peek(c, 0) == '=' || (peek(c, 0) == ':' && c->form == PQM_CONF_INI)))
		step(c);
	else if (item->name.n == 0 && c->at < c->text.n)
		step(c);
	while (is_blank(peek(c, 0)))
		step(c);
	from = c->at;
	item->value = pqm_sub(c->text, from, to_end(c, from) - from);
	return true;
}

bool pqm_conf_word(pqm_bytes *rest, const char *also, pqm_bytes *word)
{
	size_t i = 0, from;

	for (; i < rest->n; i++) {
		if (rest->p[i] == '#') {
			while (i + 1 < rest->n && rest->p[i] != '\n')
				i++;
			continue;
		}
		if (!is_one_of(" \t\r\n,\"'[]\\", rest->p[i]) && !is_one_of(also, rest->p[i]))
			break;
	}
	from = i;
	while (i < rest->n && !is_one_of(" \t\r\n,\"'[]\\", rest->p[i]) &&
		!is_one_of(also, rest->p[i]))
		i++;
	*word = pqm_sub(*rest, from, i - from);
	*rest = pqm_sub(*rest, i, rest->n);
	return word->n > 0;
}
