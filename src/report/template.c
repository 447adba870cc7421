#include "template.h"

#include <assert.h>
#include <stdarg.h>

#include "base/embed.h"
#include "base/limits.h"
#include "base/slurp.h"

enum node_type { NODE_TEXT, NODE_FIELD, NODE_LIST, NODE_END };

struct pqm_tpl_node {
	enum node_type type;
	pqm_bytes text; /* literal text, or the name */
	pqm_bytes file;
	uint32_t line;
	uint32_t end; /* of a list: index of its NODE_END */
};

struct open_list {
	uint32_t node;
};

struct compile {
	struct pqm_tpl *t;
	const struct pqm_tpl_source *source;
	unsigned depth;
	struct pqm_err *err;
};

/* One file while it is read. */
struct reading {
	struct compile *c;
	pqm_bytes file, text;
	size_t at;     /* behind the last tag */
	uint32_t line; /* of at */
	struct open_list open[PQM_TPL_DEPTH];
	size_t n_open;
};

static enum pqm_st find_embedded(const struct pqm_tpl_source *s, pqm_bytes name,
	struct pqm_arena *arena, pqm_bytes *text, struct pqm_err *err)
{
	(void)s;
	(void)arena;
	for (const struct pqm_embed *e = pqm_embed_html; e->name != NULL; e++)
		if (pqm_eqs(name, e->name)) {
			*text = (pqm_bytes){ e->p, e->n };
			return PQM_OK;
		}
	return pqm_fail(err, PQM_EUSAGE, "there is no template '%.*s'", PQM_FMT(name));
}

static enum pqm_st find_in_dir(const struct pqm_tpl_source *s, pqm_bytes name,
	struct pqm_arena *arena, pqm_bytes *text, struct pqm_err *err)
{
	pqm_bytes path = pqm_arena_f(arena, "%s/%.*s", s->dir, PQM_FMT(name));
	struct pqm_slurp file = {
		.path = (const char *)path.p, .limit = PQM_RULE_FILE_BYTES, .refusal = PQM_EUSAGE
	};

	if (path.p == NULL)
		return pqm_fail(err, PQM_ENOMEM, "no memory for templates");
	return pqm_slurp(text, &file, arena, err);
}

struct pqm_tpl_source pqm_tpl_source(const char *dir)
{
	if (dir == NULL)
		return (struct pqm_tpl_source){ .find = find_embedded };
	return (struct pqm_tpl_source){ .find = find_in_dir, .dir = dir };
}

static enum pqm_st wrong(const struct reading *r, const char *what, pqm_bytes name)
{
	return pqm_fail(r->c->err, PQM_EUSAGE, "%.*s:%u: {{%.*s}}: %s", PQM_FMT(r->file), r->line,
		PQM_FMT(pqm_sub(name, 0, 60)), what);
}

static enum pqm_st add_node(const struct reading *r, enum node_type type, pqm_bytes text)
{
	struct pqm_tpl *t = r->c->t;
	struct pqm_tpl_node *nodes;

	if (t->n >= PQM_TPL_NODES)
		return pqm_fail(r->c->err, PQM_ELIMIT, "%.*s:%u: the template has over %zu parts",
			PQM_FMT(r->file), r->line, PQM_TPL_NODES);
	nodes = pqm_grow(&t->arena, t->nodes, t->n, &t->cap);
	if (nodes == NULL)
		return pqm_fail(r->c->err, PQM_ENOMEM, "no memory for templates");
	t->nodes = nodes;
	t->nodes[t->n++] = (struct pqm_tpl_node){ type, text, r->file, r->line, 0 };
	return PQM_OK;
}

static bool is_name(pqm_bytes s, bool is_file)
{
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];
		bool ok = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
			(is_file && (c == '-' || (c == '.' && i > 0)));

		if (!ok)
			return false;
	}
	return s.n > 0 && s.n <= 64;
}

static void count_lines(struct reading *r, size_t to)
{
	for (; r->at < to; r->at++)
		r->line += r->text.p[r->at] == '\n' ? 1 : 0;
}

/* How far [from, to) reaches out to a whole line when nothing else stands on it; false if not. */
static bool whole_line(pqm_bytes text, size_t *from, size_t *to)
{
	size_t a = *from, b = *to;

	while (a > 0 && (text.p[a - 1] == ' ' || text.p[a - 1] == '\t'))
		a--;
	while (b < text.n && (text.p[b] == ' ' || text.p[b] == '\t' || text.p[b] == '\r'))
		b++;
	if ((a > 0 && text.p[a - 1] != '\n') || (b < text.n && text.p[b] != '\n'))
		return false;
	*from = a;
	*to = b < text.n ? b + 1 : b;
	return true;
}

static enum pqm_st compile_file(struct compile *c, pqm_bytes name);

static enum pqm_st tag_partial(struct reading *r, pqm_bytes name)
{
	struct pqm_err inner = { 0 };
	struct compile c = *r->c;

	if (!is_name(name, true))
		return wrong(r, "not the name of a template file", name);
	if (c.depth + 1 >= PQM_TPL_DEPTH)
		return wrong(r, "files insert each other too deep; does one insert itself?", name);
	c.depth++;
	c.err = &inner;
	enum pqm_st st = compile_file(&c, name);

	if (st != PQM_OK) /* a missing file is told at the place that wants it */
		return pqm_find(pqm_str(inner.msg), 0, PQM_LIT("{{")) == SIZE_MAX
			? pqm_fail(r->c->err, st, "%.*s:%u: %s", PQM_FMT(r->file), r->line,
				  inner.msg)
			: pqm_fail(r->c->err, st, "%s", inner.msg);
	return PQM_OK;
}

static enum pqm_st tag_open(struct reading *r, pqm_bytes name)
{
	if (!is_name(name, false))
		return wrong(r, "a list's name is of a-z, 0-9 and _", name);
	if (r->n_open >= PQM_TPL_DEPTH)
		return wrong(r, "lists are nested too deep", name);
	r->open[r->n_open++].node = (uint32_t)r->c->t->n;
	return add_node(r, NODE_LIST, name);
}

static enum pqm_st tag_close(struct reading *r, pqm_bytes name)
{
	struct pqm_tpl *t = r->c->t;

	if (r->n_open == 0)
		return wrong(r, "closes a list that is not open", name);
	uint32_t node = r->open[r->n_open - 1].node;

	if (!pqm_eq(t->nodes[node].text, name))
		return pqm_fail(r->c->err, PQM_EUSAGE,
			"%.*s:%u: {{/%.*s}}: the list open here is {{#%.*s}} of line %u",
			PQM_FMT(r->file), r->line, PQM_FMT(pqm_sub(name, 0, 60)),
			PQM_FMT(t->nodes[node].text), t->nodes[node].line);
	enum pqm_st st = add_node(r, NODE_END, name);

	if (st == PQM_OK)
		t->nodes[node].end = (uint32_t)(t->n - 1);
	r->n_open--;
	return st;
}

static enum pqm_st take_tag(struct reading *r, pqm_bytes tag)
{
	pqm_bytes name = pqm_trim(pqm_sub(tag, 1, tag.n));

	switch (tag.n > 0 ? tag.p[0] : 0) {
	case '#':
		return tag_open(r, name);
	case '/':
		return tag_close(r, name);
	case '>':
		return tag_partial(r, name);
	default:
		if (!is_name(tag, false))
			return wrong(r,
				"not one of {{field}}, {{#list}}, {{/list}}, {{>file}}; there is "
				"no raw form",
				tag);
		return add_node(r, NODE_FIELD, tag);
	}
}

/* Text up to the tag, then the tag. */
static enum pqm_st next_part(struct reading *r, size_t from)
{
	size_t close = pqm_find(r->text, from + 2, PQM_LIT("}}"));
	size_t eol = pqm_find_byte(r->text, from, '\n');

	if (close == SIZE_MAX || close > eol) {
		count_lines(r, from);
		return wrong(r, "the tag does not end on its line",
			pqm_sub(r->text, from + 2, eol == SIZE_MAX ? 20 : eol - from - 2));
	}
	pqm_bytes tag = pqm_trim(pqm_sub(r->text, from + 2, close - from - 2));
	size_t cut = from, to = close + 2;

	if (tag.n > 0 && (tag.p[0] == '#' || tag.p[0] == '/' || tag.p[0] == '>'))
		(void)whole_line(r->text, &cut, &to);
	if (cut < r->at) /* two tags on one line */
		cut = r->at;
	enum pqm_st st = cut == r->at
		? PQM_OK
		: add_node(r, NODE_TEXT, pqm_sub(r->text, r->at, cut - r->at));

	count_lines(r, from);
	if (st == PQM_OK)
		st = take_tag(r, tag);
	count_lines(r, to);
	return st;
}

static enum pqm_st compile_file(struct compile *c, pqm_bytes name)
{
	struct reading r = { .c = c, .file = name, .line = 1 };
	enum pqm_st st = c->source->find(c->source, name, &c->t->arena, &r.text, c->err);
	size_t from;

	while (st == PQM_OK && (from = pqm_find(r.text, r.at, PQM_LIT("{{"))) != SIZE_MAX)
		st = next_part(&r, from);
	if (st == PQM_OK && r.at < r.text.n)
		st = add_node(&r, NODE_TEXT, pqm_sub(r.text, r.at, r.text.n - r.at));
	if (st == PQM_OK && r.n_open > 0) {
		const struct pqm_tpl_node *n = &c->t->nodes[r.open[r.n_open - 1].node];

		r.line = n->line;
		st = wrong(&r, "the list is never closed", n->text);
	}
	return st;
}

enum pqm_st pqm_tpl_compile(
	struct pqm_tpl *t, const struct pqm_tpl_source *s, const char *name, struct pqm_err *err)
{
	struct compile c = { t, s, 0, err };

	*t = (struct pqm_tpl){ 0 };
	pqm_arena_init(&t->arena, PQM_ARENA_BYTES);
	enum pqm_st st = compile_file(&c, pqm_str(name));

	if (st != PQM_OK)
		pqm_tpl_fini(t);
	return st;
}

void pqm_tpl_fini(struct pqm_tpl *t)
{
	pqm_arena_fini(&t->arena);
	*t = (struct pqm_tpl){ 0 };
}

static struct pqm_field *add_field(struct pqm_obj *o, const char *name)
{
	assert(o->n < PQM_OBJ_FIELDS);
	struct pqm_field *f = &o->fields[o->n++];

	*f = (struct pqm_field){ .name = name };
	return f;
}

void pqm_obj_text(struct pqm_obj *o, const char *name, pqm_bytes text)
{
	add_field(o, name)->text = text;
}

void pqm_obj_f(struct pqm_obj *o, const char *name, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	add_field(o, name)->text = pqm_bytes_dup(o->arena, pqm_str(text));
}

void pqm_obj_flag(struct pqm_obj *o, const char *name, bool value)
{
	struct pqm_field *f = add_field(o, name);

	f->is_list = true;
	f->n = value ? 1 : 0;
}

void pqm_obj_list(
	struct pqm_obj *o, const char *name, size_t n, pqm_obj_fill *fill, const void *ctx)
{
	struct pqm_field *f = add_field(o, name);

	f->is_list = true;
	f->n = n;
	f->fill = fill;
	f->ctx = ctx;
}

void pqm_obj_opt(struct pqm_obj *o, const char *name, const char *flag, pqm_bytes text)
{
	pqm_obj_text(o, name, text);
	pqm_obj_flag(o, flag, text.n > 0);
}

struct render {
	const struct pqm_tpl *t;
	struct pqm_out *out;
	struct pqm_err *err;
};

static const struct pqm_field *find_field(const struct pqm_obj *o, pqm_bytes name)
{
	for (; o != NULL; o = o->parent)
		for (size_t i = 0; i < o->n; i++)
			if (pqm_eqs(name, o->fields[i].name))
				return &o->fields[i];
	return NULL;
}

static enum pqm_st unknown(const struct render *r, const struct pqm_tpl_node *n, const char *what)
{
	return pqm_fail(r->err, PQM_EUSAGE, "%.*s:%u: {{%.*s}}: %s", PQM_FMT(n->file), n->line,
		PQM_FMT(n->text), what);
}

static enum pqm_st render_range(
	const struct render *r, const struct pqm_obj *o, size_t from, size_t to);

/* The arena is of the loop: every item finds it empty. */
static enum pqm_st render_items(const struct render *r, const struct pqm_obj *o,
	const struct pqm_field *f, size_t from, size_t to)
{
	enum pqm_st st = PQM_OK;
	struct pqm_arena arena;
	struct pqm_obj item;

	pqm_arena_init(&arena, PQM_ARENA_BYTES);
	for (size_t i = 0; st == PQM_OK && i < f->n && r->out->errnum == 0; i++) {
		pqm_arena_reset(&arena);
		item.parent = o;
		item.arena = &arena;
		item.n = 0;
		f->fill(&item, f->ctx, i);
		st = render_range(r, &item, from, to);
	}
	pqm_arena_fini(&arena);
	return st;
}

static enum pqm_st render_list(const struct render *r, const struct pqm_obj *o, size_t at)
{
	const struct pqm_tpl_node *n = &r->t->nodes[at];
	const struct pqm_field *f = find_field(o, n->text);

	if (f == NULL || !f->is_list)
		return unknown(
			r, n, f == NULL ? "there is no such list here" : "is text, not a list");
	if (f->fill == NULL)
		return f->n == 0 ? PQM_OK : render_range(r, o, at + 1, n->end);
	return render_items(r, o, f, at + 1, n->end);
}

/* Recursion is bounded by the nesting that compiling allowed. */
static enum pqm_st render_range(
	const struct render *r, const struct pqm_obj *o, size_t from, size_t to)
{
	enum pqm_st st = PQM_OK;

	for (size_t i = from; st == PQM_OK && i < to; i++) {
		const struct pqm_tpl_node *n = &r->t->nodes[i];
		const struct pqm_field *f;

		switch (n->type) {
		case NODE_TEXT:
			pqm_out_bytes(r->out, n->text);
			break;
		case NODE_FIELD:
			f = find_field(o, n->text);
			if (f == NULL || f->is_list)
				return unknown(r, n,
					f == NULL ? "there is no such field here"
						  : "is a list, not text");
			pqm_out_html(r->out, f->text);
			break;
		case NODE_LIST:
			st = render_list(r, o, i);
			i = n->end;
			break;
		case NODE_END:
			break;
		}
	}
	return st;
}

enum pqm_st pqm_tpl_render(const struct pqm_tpl *t, const struct pqm_obj *root, struct pqm_out *out,
	struct pqm_err *err)
{
	struct render r = { t, out, err };

	return render_range(&r, root, 0, t->n);
}
