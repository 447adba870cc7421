#include "gotmpl.h"

#include "base/limits.h"
#include "gotmpl_int.h"

/* Blocks in one another: real templates stay under 10. */
#define FRAMES 64
/* Characters of an unresolved name. */
#define NAME_BYTES 80

enum block { IF, RANGE, WITH, DEFINE };

struct frame {
	enum block block;
	bool was_active; /* around it */
	bool is_taken;	 /* one of its branches */
	bool was_root;
	struct gotmpl_value dot;
	size_t n_vars;
};

struct reader {
	struct gotmpl g;
	struct pqm_buf *out;
	pqm_bytes text;
	size_t at;
	bool is_active;
	struct frame frame[FRAMES];
	size_t n_frames;
	size_t line; /* where the current line starts in out */
};

static bool is_plain_safe(pqm_bytes t)
{
	if (t.n == 0)
		return false;
	for (size_t i = 0; i < t.n; i++) {
		uint8_t c = t.p[i];

		if ((c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') &&
			c != '.' && c != '_' && c != '-' && c != '/')
			return false;
	}
	return t.p[0] != '-' || t.n > 1;
}

static void flow_text(struct pqm_buf *out, const struct pqm_yaml *n)
{
	if (n->is_plain && (is_plain_safe(n->text) || pqm_eqs(n->text, "~"))) {
		(void)pqm_buf_add(out, n->text);
		return;
	}
	if (n->is_plain && n->text.n == 0) {
		(void)pqm_buf_add(out, PQM_LIT("null"));
		return;
	}
	(void)pqm_buf_byte(out, '"');
	for (size_t i = 0; i < n->text.n; i++) {
		uint8_t c = n->text.p[i];

		if (c == '"' || c == '\\')
			(void)pqm_buf_f(out, "\\%c", c);
		else if (c == '\n')
			(void)pqm_buf_add(out, PQM_LIT("\\n"));
		else if (c < ' ' || c == 0x7f)
			(void)pqm_buf_f(out, "\\x%02x", c);
		else
			(void)pqm_buf_byte(out, c);
	}
	(void)pqm_buf_byte(out, '"');
}

void gotmpl_flow(struct pqm_buf *out, const struct pqm_yaml *n, unsigned depth)
{
	bool is_map = n->type == PQM_YAML_MAP;

	if (n->type == PQM_YAML_SCALAR || depth > PQM_YAML_DEPTH) {
		flow_text(out, n);
		return;
	}
	(void)pqm_buf_byte(out, is_map ? '{' : '[');
	for (size_t i = 0; i < n->n && !out->failed; i++) {
		if (i > 0)
			(void)pqm_buf_add(out, PQM_LIT(", "));
		if (is_map) {
			gotmpl_flow(out, n->keys[i], depth + 1);
			(void)pqm_buf_add(out, PQM_LIT(": "));
		}
		gotmpl_flow(out, n->items[i], depth + 1);
	}
	(void)pqm_buf_byte(out, is_map ? '}' : ']');
}

/* Text outside of actions. Of a branch that is not taken only the ends of lines stay. */
static void plain(struct reader *r, pqm_bytes t)
{
	for (size_t i = 0; i < t.n; i++) {
		if (!r->is_active && t.p[i] != '\n')
			continue;
		(void)pqm_buf_byte(r->out, t.p[i]);
		if (t.p[i] == '\n')
			r->line = r->out->n;
	}
}

/* The end of the action that begins at from ("{{"): behind "}}". SIZE_MAX: none. */
static size_t action_end(pqm_bytes t, size_t from)
{
	size_t i = from + 2;
	uint8_t quote = 0;

	while (i < t.n && (t.p[i] == '-' || t.p[i] <= ' '))
		i++;
	if (pqm_starts(pqm_sub(t, i, 2), PQM_LIT("/*"))) {
		i = pqm_find(t, i + 2, PQM_LIT("*/"));
		i = i == SIZE_MAX ? i : pqm_find(t, i, PQM_LIT("}}"));
		return i == SIZE_MAX ? i : i + 2;
	}
	for (; i + 1 < t.n; i++) {
		if (quote != 0) {
			if (t.p[i] == '\\' && quote == '"')
				i++;
			else if (t.p[i] == quote || (t.p[i] == '\n' && quote == '"'))
				quote = 0;
		} else if (t.p[i] == '"' || t.p[i] == '`') {
			quote = t.p[i];
		} else if (t.p[i] == '}' && t.p[i + 1] == '}') {
			return i + 2;
		}
	}
	return SIZE_MAX;
}

/* Whether nothing but actions and blanks stand between the place and the end of its line. */
static bool is_rest_blank(pqm_bytes t, size_t at)
{
	while (at < t.n && t.p[at] != '\n') {
		if (t.p[at] == '{' && at + 1 < t.n && t.p[at + 1] == '{') {
			at = action_end(t, at);
			if (at == SIZE_MAX)
				return true;
		} else if (t.p[at] > ' ') {
			return false;
		} else {
			at++;
		}
	}
	return true;
}

static bool is_line_blank(const struct reader *r)
{
	for (size_t i = r->line; i < r->out->n; i++)
		if (r->out->p[i] > ' ')
			return false;
	return true;
}

static void quoted(struct pqm_buf *out, pqm_bytes t, unsigned quote)
{
	if (quote != 0)
		(void)pqm_buf_byte(out, (uint8_t)quote);
	for (size_t i = 0; i < t.n; i++) {
		uint8_t c = t.p[i];

		if (c == '\n' || c == '\r')
			c = ' '; /* one line stays one line */
		if (quote == '"' && (c == '"' || c == '\\'))
			(void)pqm_buf_byte(out, '\\');
		if (quote == '\'' && c == '\'')
			(void)pqm_buf_byte(out, '\'');
		(void)pqm_buf_byte(out, c);
	}
	if (quote != 0)
		(void)pqm_buf_byte(out, (uint8_t)quote);
}

/* "<chart.fullname>": the same action is the same name everywhere in the chart. */
static void unresolved(struct reader *r, pqm_bytes name, unsigned quote)
{
	struct pqm_buf b;

	pqm_buf_init(&b, NAME_BYTES + 8);
	(void)pqm_buf_byte(&b, '<');
	name = pqm_sub(name, 0, NAME_BYTES);
	for (size_t i = 0; i < name.n; i++) {
		uint8_t c = name.p[i];
		bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			(c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';

		(void)pqm_buf_byte(&b, ok ? c : '.');
	}
	(void)pqm_buf_byte(&b, '>');
	quoted(r->out, pqm_buf_bytes(&b), quote);
	pqm_buf_fini(&b);
}

static void indent_line(struct reader *r, unsigned n)
{
	r->out->n = r->line;
	for (unsigned i = 0; i < n; i++)
		(void)pqm_buf_byte(r->out, ' ');
}

/* A map or sequence on its one line. */
static void put_node(struct reader *r, const struct gotmpl_value *v, bool is_alone)
{
	if (is_alone && v->node->n == 0)
		return;
	if (is_alone && v->indent > 0)
		indent_line(r, v->indent);
	if (is_alone && v->node->type == PQM_YAML_MAP)
		(void)pqm_buf_add(r->out, PQM_LIT("<<: "));
	gotmpl_flow(r->out, v->node, 0);
}

static void put(struct reader *r, const struct gotmpl_value *v, size_t end)
{
	bool is_alone = is_line_blank(r) && is_rest_blank(r->text, end);
	pqm_bytes text = v->text;

	if (v->what == GOTMPL_NODE && v->node != NULL && v->node->type != PQM_YAML_SCALAR) {
		put_node(r, v, is_alone);
		return;
	}
	if (v->what == GOTMPL_NODE && v->node != NULL)
		text = pqm_yaml_text(v->node);
	else if (v->what == GOTMPL_BOOL)
		text = v->is_true ? PQM_LIT("true") : PQM_LIT("false");
	if (v->what == GOTMPL_UNKNOWN ||
		(v->what == GOTMPL_NODE && v->node == NULL && text.n > 0) ||
		pqm_find(text, 0, PQM_LIT("{{")) != SIZE_MAX) {
		r->g.t->n_unresolved++;
		if (!is_alone && !v->is_block)
			unresolved(r,
				v->what == GOTMPL_UNKNOWN || v->node == NULL ? text
									     : PQM_LIT("tpl"),
				v->quote);
		return;
	}
	if (is_alone && v->indent > 0)
		indent_line(r, v->indent);
	quoted(r->out, text, v->quote);
}

static void leave(struct reader *r)
{
	struct frame *f;

	if (r->n_frames == 0)
		return;
	f = &r->frame[--r->n_frames];
	r->is_active = f->was_active;
	r->g.dot = f->dot;
	r->g.is_root = f->was_root;
	r->g.n_vars = f->n_vars;
}

static void first_item(struct reader *r, const struct gotmpl_value *v, pqm_bytes names)
{
	bool is_known = v->what == GOTMPL_NODE && v->node != NULL && v->node->n > 0;
	struct gotmpl_value item = { .what = GOTMPL_UNKNOWN, .text = PQM_LIT("item") };
	struct gotmpl_value key = { .what = GOTMPL_UNKNOWN, .text = PQM_LIT("key") };
	pqm_bytes name;
	size_t comma = pqm_find_byte(names, 0, ',');

	if (is_known) {
		item = (struct gotmpl_value){ .what = GOTMPL_NODE, .node = v->node->items[0] };
		if (v->node->type == PQM_YAML_MAP)
			key = (struct gotmpl_value){ .what = GOTMPL_NODE,
				.node = v->node->keys[0] };
		else
			key = (struct gotmpl_value){ .what = GOTMPL_TEXT, .text = PQM_LIT("0") };
	}
	r->g.dot = item;
	r->g.is_root = false;
	if (comma != SIZE_MAX) {
		name = pqm_trim(pqm_sub(names, 0, comma));
		gotmpl_set(&r->g, pqm_sub(name, 1, name.n), key);
		names = pqm_sub(names, comma + 1, names.n);
	}
	name = pqm_trim(names);
	if (name.n > 1)
		gotmpl_set(&r->g, pqm_sub(name, 1, name.n), item);
}

/* "$a, $b := expr": the names, and *expr behind. */
static pqm_bytes assigned(pqm_bytes *expr)
{
	size_t at = pqm_find(*expr, 0, PQM_LIT(":=")), eq = at;
	pqm_bytes names = { NULL, 0 };

	if (expr->n == 0 || expr->p[0] != '$')
		return names;
	if (at == SIZE_MAX)
		eq = pqm_find(*expr, 0, PQM_LIT(" = "));
	if (eq == SIZE_MAX)
		return names;
	names = pqm_trim(pqm_sub(*expr, 0, eq));
	for (size_t i = 0; i < names.n; i++)
		if (names.p[i] == '"' || names.p[i] == '(' || names.p[i] == '|')
			return (pqm_bytes){ NULL, 0 };
	*expr = pqm_trim(pqm_sub(*expr, eq + (at == SIZE_MAX ? 3 : 2), expr->n));
	return names;
}

/* Decides a branch of the innermost block. */
static void branch(struct reader *r, enum block block, pqm_bytes expr)
{
	struct frame *f = &r->frame[r->n_frames - 1];
	pqm_bytes names;
	int is;

	r->is_active = false;
	if (!f->was_active || f->is_taken || block == DEFINE)
		return;
	names = assigned(&expr);
	struct gotmpl_value v = gotmpl_eval(&r->g, expr);

	is = gotmpl_truth(&v);
	r->is_active = f->is_taken = is != 0;
	if (!r->is_active)
		return;
	if (block == RANGE) {
		first_item(r, &v, names);
		return;
	}
	if (names.n > 1)
		gotmpl_set(&r->g, pqm_sub(names, 1, names.n), v);
	if (block == WITH) {
		r->g.dot = v;
		r->g.is_root = false;
	}
}

static enum pqm_st enter(struct reader *r, enum block block, pqm_bytes expr, struct pqm_err *err)
{
	if (r->n_frames >= FRAMES)
		return pqm_fail(err, PQM_ELIMIT, "template: blocks nested deeper than %d", FRAMES);
	r->frame[r->n_frames++] = (struct frame){ .block = block,
		.was_active = r->is_active,
		.was_root = r->g.is_root,
		.dot = r->g.dot,
		.n_vars = r->g.n_vars };
	branch(r, block, expr);
	return PQM_OK;
}

static void otherwise(struct reader *r, pqm_bytes rest)
{
	struct frame *f;
	pqm_bytes word = rest;

	if (r->n_frames == 0)
		return;
	f = &r->frame[r->n_frames - 1];
	r->g.dot = f->dot;
	r->g.is_root = f->was_root;
	if (pqm_starts(word, PQM_LIT("if ")) || pqm_starts(word, PQM_LIT("with "))) {
		bool is_with = word.p[0] == 'w';

		branch(r, is_with ? WITH : IF, pqm_trim(pqm_sub(word, is_with ? 5 : 3, word.n)));
		return;
	}
	r->is_active = f->was_active && !f->is_taken && f->block != DEFINE;
	f->is_taken = true;
}

static bool takes_word(pqm_bytes *body, const char *word)
{
	pqm_bytes w = pqm_str(word);

	if (!pqm_starts(*body, w) ||
		(body->n > w.n && body->p[w.n] > ' ' && body->p[w.n] != '(' &&
			body->p[w.n] != '$' && body->p[w.n] != '.'))
		return false;
	*body = pqm_trim(pqm_sub(*body, w.n, body->n));
	return true;
}

static enum pqm_st action(struct reader *r, pqm_bytes body, size_t end, struct pqm_err *err)
{
	pqm_bytes names;

	r->g.t->n_actions++;
	if (pqm_starts(body, PQM_LIT("/*")))
		return PQM_OK;
	if (takes_word(&body, "if"))
		return enter(r, IF, body, err);
	if (takes_word(&body, "range"))
		return enter(r, RANGE, body, err);
	if (takes_word(&body, "with"))
		return enter(r, WITH, body, err);
	if (takes_word(&body, "define"))
		return enter(r, DEFINE, body, err);
	if (takes_word(&body, "block"))
		return enter(r, IF, PQM_LIT("true"), err);
	if (takes_word(&body, "else"))
		otherwise(r, body);
	else if (takes_word(&body, "end"))
		leave(r);
	else if (r->is_active && !takes_word(&body, "break") && !takes_word(&body, "continue")) {
		names = assigned(&body);
		struct gotmpl_value v = gotmpl_eval(&r->g, body);

		if (names.n > 1)
			gotmpl_set(&r->g, pqm_sub(names, 1, names.n), v);
		else if (names.n == 0 && !pqm_starts(body, PQM_LIT("fail ")) &&
			!pqm_starts(body, PQM_LIT("set ")))
			put(r, &v, end);
	}
	return PQM_OK;
}

static void keep_lines(struct reader *r, pqm_bytes action_text)
{
	for (size_t i = 0; i < action_text.n; i++)
		if (action_text.p[i] == '\n') {
			(void)pqm_buf_byte(r->out, '\n');
			r->line = r->out->n;
		}
}

static pqm_bytes inside(pqm_bytes action_text)
{
	pqm_bytes b = pqm_sub(action_text, 2, action_text.n - 4);

	if (b.n > 0 && b.p[0] == '-')
		b = pqm_sub(b, 1, b.n);
	if (b.n > 0 && b.p[b.n - 1] == '-')
		b.n--;
	return pqm_trim(b);
}

enum pqm_st pqm_gotmpl_read(struct pqm_buf *out, pqm_bytes text, struct pqm_gotmpl *t,
	struct pqm_arena *arena, struct pqm_err *err)
{
	struct reader *r = pqm_new(arena, struct reader, 1);
	enum pqm_st st = PQM_OK;

	if (r == NULL)
		return pqm_fail(err, PQM_ENOMEM, "template: out of memory");
	r->g = (struct gotmpl){ .t = t, .arena = arena, .is_root = true };
	r->out = out;
	r->text = text;
	r->is_active = true;
	r->line = out->n;
	while (st == PQM_OK && r->at < text.n) {
		size_t open = pqm_find(text, r->at, PQM_LIT("{{")), end;

		if (open == SIZE_MAX)
			open = text.n;
		plain(r, pqm_sub(text, r->at, open - r->at));
		r->at = open;
		if (open == text.n)
			break;
		end = action_end(text, open);
		if (end == SIZE_MAX) {
			uint32_t line, col;

			pqm_line_col(text, open, &line, &col);
			return pqm_fail(err, PQM_EPARSE, "%u:%u: template: an action without }}",
				line, col);
		}
		pqm_bytes whole = pqm_sub(text, open, end - open);

		st = action(r, inside(whole), end, err);
		keep_lines(r, whole);
		r->at = end;
	}
	if (st == PQM_OK && out->failed)
		st = pqm_fail(
			err, PQM_ELIMIT, "template: over %zu bytes with its values", out->max);
	return st;
}
