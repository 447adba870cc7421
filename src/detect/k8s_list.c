/* k8s_list.c — long lists, in JSON or YAML, one object at a time, and single objects in JSON. */
#include "k8s.h"

#include "base/limits.h"
#include "k8s_ahead.h"
#include "parse/yaml_block.h"

/* How far a walk goes before the memory behind it is given back. */
#define PASSED_BYTES ((size_t)1 << 20)

struct list {
	struct pqm_k8s_scan *s;
	pqm_bytes text;
	struct pqm_yjson_at at;
	uint64_t off;	     /* of text in the artifact */
	pqm_bytes api, kind; /* of the list; kubectl writes its kind behind the items */
	size_t passed;
	struct pqm_err *err;
};

/* What API servers add for themselves; a third of an object is that. */
static const struct pqm_yjson_skip skips[] = {
	{ { (const uint8_t *)"metadata", 8 }, { (const uint8_t *)"managedFields", 13 } },
	{ { (const uint8_t *)"annotations", 11 },
		{ (const uint8_t *)"kubectl.kubernetes.io/last-applied-configuration", 48 } },
};

const struct pqm_yjson_opt pqm_k8s_skips = { skips, sizeof(skips) / sizeof(skips[0]) };

static void note(struct list *l, const struct pqm_yjson_at *at, enum pqm_st st, const char *words)
{
	if (l->s->is_named)
		pqm_emit_note(
			l->s->out, l->off + at->off, st, "object at line %u: %s", at->line, words);
}

/* Reads the value at l->at. Whatever is wrong with it is told, and the walk goes on behind it: false
 * when there is no way on. */
static bool next_value(struct list *l, const struct pqm_yaml **out, bool *is_read)
{
	struct pqm_yjson_at from = l->at, at = { 0, from.line, from.col };
	pqm_bytes text = pqm_sub(l->text, from.off, PQM_YAML_DOC_BYTES);
	bool is_cut = text.n < l->text.n - from.off;
	struct pqm_err why = { 0 };
	enum pqm_st st = pqm_yjson_value(out, text, &at, &pqm_k8s_skips, l->s->a->arena, &why);

	*is_read = st == PQM_OK;
	if (*is_read) {
		l->at = (struct pqm_yjson_at){ from.off + at.off, at.line, at.col };
		return true;
	}
	if (st == PQM_EPARSE && is_cut && at.off == text.n)
		note(l, &from, PQM_ELIMIT, "over the 16 MiB limit of one object");
	else
		note(l, &from, st == PQM_ENOMEM ? PQM_ELIMIT : st, why.msg);
	return pqm_yjson_skip_value(l->text, &l->at);
}

/* After each element: its text is wiped, and what the walk left behind is given back. */
static void pass(struct list *l)
{
	pqm_arena_wipe(l->s->a->arena); /* it held the text of Secrets */
	if (l->at.off - l->passed >= PASSED_BYTES) {
		l->passed = l->at.off;
		pqm_emit_passed(l->s->out, l->off + l->at.off);
	}
}

/* The path of an object of a cluster: /namespaces/NS/RESOURCE/NAME. */
static void tell_part(struct list *l, const struct pqm_yaml *o)
{
	const struct pqm_yaml *meta = pqm_yaml_get(o, "metadata");
	struct pqm_arena *a = l->s->a->arena;
	pqm_bytes ns = pqm_printable(a, pqm_yaml_str(meta, "namespace"));
	pqm_bytes name = pqm_printable(a, pqm_yaml_str(meta, "name"));

	if (l->s->a->resource.n == 0)
		return;
	pqm_emit_part(l->s->out,
		pqm_arena_f(a, "%s%.*s/%.*s/%.*s", ns.n > 0 ? "/namespaces/" : "", PQM_FMT(ns),
			PQM_FMT(l->s->a->resource), PQM_FMT(name)));
}

/* Over the bracket of the elements and what stands behind them in the list's object. */
static bool end_list(struct list *l)
{
	pqm_bytes key;

	if (l->at.off >= l->text.n || l->text.p[l->at.off] != ']')
		return false;
	l->at.off++;
	l->at.col++;
	while (pqm_yjson_key(l->text, &l->at, &key))
		if (!pqm_yjson_skip_value(l->text, &l->at))
			return false;
	if (l->at.off >= l->text.n || l->text.p[l->at.off] != '}')
		return false;
	l->at.off++;
	l->at.col++;
	return true;
}

static bool next_element(struct pqm_k8s_walk *w, struct pqm_k8s_step *step, struct pqm_arena *arena)
{
	struct pqm_yjson_at at;
	struct pqm_err why = { 0 };
	pqm_bytes text;

	if (w->is_done || !pqm_yjson_element(w->text, &w->at))
		return false;
	*step = (struct pqm_k8s_step){ .from = w->at };
	at = (struct pqm_yjson_at){ 0, w->at.line, w->at.col };
	text = pqm_sub(w->text, w->at.off, PQM_YAML_DOC_BYTES);
	if (pqm_yjson_value(&step->root, text, &at, &pqm_k8s_skips, arena, &why) == PQM_OK) {
		w->at = (struct pqm_yjson_at){ w->at.off + at.off, at.line, at.col };
	} else {
		step->root = NULL;
		w->is_done = !pqm_yjson_skip_value(w->text, &w->at);
	}
	step->to = w->at;
	return true;
}

static enum pqm_st element(struct list *l, const struct pqm_k8s_step *step, bool *is_end)
{
	const struct pqm_yaml *o = step->root;
	bool is_read = o != NULL;

	*is_end = false;
	l->s->off0 = l->off + step->from.off;
	if (!is_read) {
		/* Once more, to tell what is wrong. */
		pqm_arena_wipe(l->s->a->arena);
		l->at = step->from;
		if (!next_value(l, &o, &is_read)) {
			note(l, &l->at, PQM_EPARSE, "the list ends in it");
			l->at.off = l->text.n;
			*is_end = true;
			return PQM_OK;
		}
	}
	if (!is_read)
		return PQM_OK;
	tell_part(l, o);
	return pqm_k8s_item(l->s, o, l->api, l->kind, l->err);
}

static enum pqm_st elements(struct list *l)
{
	struct pqm_k8s_walk w = { .text = l->text, .at = l->at, .next = next_element };
	struct pqm_k8s_ahead ahead;
	const struct pqm_k8s_step *step;
	enum pqm_st st = PQM_OK;
	bool is_end = false;

	l->s->line0 = 0; /* nodes know their lines in the file */
	pqm_k8s_ahead_start(&ahead, l->s, &w);
	while (st == PQM_OK && !is_end && (step = pqm_k8s_ahead_next(&ahead)) != NULL) {
		l->at = w.at;
		st = element(l, step, &is_end);
		pass(l);
	}
	pqm_k8s_ahead_end(&ahead);
	if (is_end)
		return st;
	l->at = w.at;
	if (st == PQM_OK && !end_list(l))
		note(l, &l->at, PQM_EPARSE, "the list has no end");
	return st;
}

/* The string at the place, for a look at apiVersion and kind; empty when it is none. */
static pqm_bytes peek(const struct list *l)
{
	pqm_bytes rest = pqm_sub(l->text, l->at.off, PQM_K8S_KEY_BYTES);
	size_t end;

	if (rest.n == 0 || rest.p[0] != '"')
		return (pqm_bytes){ NULL, 0 };
	end = pqm_find_byte(rest, 1, '"');
	return end == SIZE_MAX ? (pqm_bytes){ NULL, 0 } : pqm_sub(rest, 1, end - 1);
}

/* Goes to the elements of a list; false when the object is no list. */
static bool find_items(struct list *l)
{
	pqm_bytes key;

	if (!pqm_yjson_enter(l->text, &l->at, '{'))
		return false;
	while (pqm_yjson_key(l->text, &l->at, &key)) {
		if (pqm_eqs(key, "items") && (l->kind.n == 0 || pqm_ends(l->kind, PQM_LIT("List"))))
			return pqm_yjson_enter(l->text, &l->at, '[');
		if (pqm_eqs(key, "apiVersion"))
			l->api = peek(l);
		else if (pqm_eqs(key, "kind"))
			l->kind = peek(l);
		if (!pqm_yjson_skip_value(l->text, &l->at))
			return false;
	}
	return false;
}

/* ---- in YAML ---- */

/* A list that is shorter is read as one document, which allows anchors across its elements. */
#define LIST_BYTES ((size_t)1 << 20)
/* Lines in front of the elements: apiVersion, kind, metadata. */
#define HEAD_LINES 64

static pqm_bytes line_at(pqm_bytes text, const struct pqm_yjson_at *at)
{
	return pqm_sub(text, at->off, pqm_find_byte(text, at->off, '\n') - at->off);
}

static void next_line(pqm_bytes text, struct pqm_yjson_at *at, pqm_bytes line)
{
	at->off += line.n + 1;
	at->line++;
	if (at->off > text.n)
		at->off = text.n;
}

static size_t indent_of(pqm_bytes line)
{
	size_t n = 0;

	while (n < line.n && line.p[n] == ' ')
		n++;
	return n;
}

static bool is_dash(pqm_bytes line, size_t at)
{
	return at < line.n && line.p[at] == '-' && (at + 1 == line.n || line.p[at + 1] == ' ');
}

/* Goes to the first element of a list as kubectl writes it: "items:" at the left, elements below. */
static bool find_yaml_items(struct list *l, size_t *indent)
{
	bool is_list = false;

	for (unsigned i = 0; i < HEAD_LINES && l->at.off < l->text.n; i++) {
		pqm_bytes line = line_at(l->text, &l->at), text = pqm_trim(line);

		*indent = indent_of(line);
		if (is_list && text.n > 0)
			return is_dash(line, *indent);
		is_list = pqm_eqs(text, "items:") && *indent == 0 &&
			(l->kind.n == 0 || pqm_ends(l->kind, PQM_LIT("List")));
		if (pqm_starts(line, PQM_LIT("apiVersion:")))
			l->api = pqm_trim(pqm_sub(line, 11, line.n));
		else if (pqm_starts(line, PQM_LIT("kind:")))
			l->kind = pqm_trim(pqm_sub(line, 5, line.n));
		next_line(l->text, &l->at, line);
	}
	return false;
}

/* The lines of the element at w->at; false behind the last one. */
static bool next_lines(struct pqm_k8s_walk *w, struct pqm_k8s_step *step, struct pqm_arena *arena)
{
	pqm_bytes line = line_at(w->text, &w->at);

	if (w->at.off >= w->text.n || indent_of(line) != w->indent || !is_dash(line, w->indent))
		return false;
	*step = (struct pqm_k8s_step){ .from = w->at };
	do {
		next_line(w->text, &w->at, line);
		line = line_at(w->text, &w->at);
	} while (w->at.off < w->text.n &&
		(indent_of(line) > w->indent || pqm_trim(line).n == 0 || line.p[w->indent] == '#'));
	step->to = w->at;
	step->text = pqm_sub(w->text, step->from.off, w->at.off - step->from.off);
	if (!pqm_yaml_block(&step->root, step->text, &pqm_k8s_skips, arena))
		step->root = NULL;
	return true;
}

struct taken {
	struct list *l;
	bool is_done;
};

static enum pqm_st take(void *ctx, const struct pqm_yaml *root, struct pqm_err *err)
{
	struct taken *t = ctx;

	if (t->is_done || root->type != PQM_YAML_SEQ || root->n != 1)
		return pqm_fail(err, PQM_EPARSE, "%u:1: no element of a list", root->line);
	t->is_done = true;
	return pqm_k8s_item(t->l->s, root->items[0], t->l->api, t->l->kind, t->l->err);
}

static enum pqm_st yaml_element(struct list *l, const struct pqm_k8s_step *step)
{
	struct taken t = { l, false };
	struct pqm_err why = { 0 };
	enum pqm_st st;

	l->s->line0 = step->from.line - 1;
	l->s->off0 = l->off + step->from.off;
	if (step->root != NULL)
		st = take(&t, step->root, &why);
	else
		st = pqm_yaml_docs(step->text, l->s->a->arena, take, &t, &why);
	if (st == PQM_OK || t.is_done)
		return st;
	note(l, &step->from, st == PQM_ENOMEM ? PQM_ELIMIT : st, why.msg);
	return PQM_OK;
}

static enum pqm_st yaml_elements(struct list *l, size_t indent)
{
	struct pqm_k8s_walk w = {
		.text = l->text, .at = l->at, .indent = indent, .next = next_lines
	};
	struct pqm_k8s_ahead ahead;
	const struct pqm_k8s_step *step;
	enum pqm_st st = PQM_OK;

	pqm_k8s_ahead_start(&ahead, l->s, &w);
	while (st == PQM_OK && (step = pqm_k8s_ahead_next(&ahead)) != NULL) {
		l->at = w.at;
		st = yaml_element(l, step);
		pass(l);
	}
	pqm_k8s_ahead_end(&ahead);
	return st;
}

bool pqm_k8s_is_list(pqm_bytes text)
{
	struct list l = { .text = text, .at = { 0, 1, 1 } };
	size_t indent;

	if (find_items(&l))
		return true;
	l = (struct list){ .text = text, .at = { 0, 1, 1 } };
	return text.n >= LIST_BYTES && find_yaml_items(&l, &indent);
}

enum pqm_st pqm_k8s_list(
	struct pqm_k8s_scan *s, pqm_bytes text, size_t *used, uint32_t *line, struct pqm_err *err)
{
	struct list l = { .s = s, .text = text, .at = { 0, *line + 1, 1 }, .err = err };
	enum pqm_st st = PQM_OK;
	size_t indent = 0;

	l.off = s->off0;
	*used = 0;
	if (find_items(&l)) {
		st = elements(&l);
	} else {
		l.at = (struct pqm_yjson_at){ 0, *line + 1, 1 };
		l.api = l.kind = (pqm_bytes){ NULL, 0 };
		if (text.n < LIST_BYTES || !find_yaml_items(&l, &indent))
			return PQM_OK;
		st = yaml_elements(&l, indent);
	}
	*used = l.at.off;
	*line = l.at.line - 1;
	return st;
}

enum pqm_st pqm_k8s_json(struct pqm_k8s_scan *s, pqm_bytes text, bool *is_json, struct pqm_err *err)
{
	struct pqm_yjson_at start = { 0, s->line0 + 1, 1 };
	const struct pqm_yaml *root = NULL;
	struct pqm_err why = { 0 };
	enum pqm_st st = pqm_yjson_value(&root, text, &start, &pqm_k8s_skips, s->a->arena, &why);

	s->line0 = 0; /* nodes know their lines in the file */
	*is_json = st == PQM_OK;
	return st != PQM_OK || root->type != PQM_YAML_MAP ? PQM_OK : pqm_k8s_object(s, root, err);
}
