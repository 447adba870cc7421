/* k8s_list.c — long lists, in JSON or YAML, one object at a time, and single objects in JSON. */
#include "k8s.h"

#include "base/limits.h"
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

static enum pqm_st elements(struct list *l)
{
	enum pqm_st st = PQM_OK;

	l->s->line0 = 0; /* nodes know their lines in the file */
	while (st == PQM_OK && pqm_yjson_element(l->text, &l->at)) {
		const struct pqm_yaml *o = NULL;
		bool is_read = false;

		l->s->off0 = l->off + l->at.off;
		if (!next_value(l, &o, &is_read)) {
			note(l, &l->at, PQM_EPARSE, "the list ends in it");
			l->at.off = l->text.n;
			return PQM_OK;
		}
		if (is_read) {
			tell_part(l, o);
			st = pqm_k8s_item(l->s, o, l->api, l->kind, l->err);
		}
		pass(l);
	}
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

static pqm_bytes line_at(const struct list *l)
{
	return pqm_sub(l->text, l->at.off, pqm_find_byte(l->text, l->at.off, '\n') - l->at.off);
}

static void next_line(struct list *l, pqm_bytes line)
{
	l->at.off += line.n + 1;
	l->at.line++;
	if (l->at.off > l->text.n)
		l->at.off = l->text.n;
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
		pqm_bytes line = line_at(l), text = pqm_trim(line);

		*indent = indent_of(line);
		if (is_list && text.n > 0)
			return is_dash(line, *indent);
		is_list = pqm_eqs(text, "items:") && *indent == 0 &&
			(l->kind.n == 0 || pqm_ends(l->kind, PQM_LIT("List")));
		if (pqm_starts(line, PQM_LIT("apiVersion:")))
			l->api = pqm_trim(pqm_sub(line, 11, line.n));
		else if (pqm_starts(line, PQM_LIT("kind:")))
			l->kind = pqm_trim(pqm_sub(line, 5, line.n));
		next_line(l, line);
	}
	return false;
}

/* The lines of the element at l->at; false behind the last one. */
static bool next_lines(struct list *l, size_t indent, pqm_bytes *out, struct pqm_yjson_at *from)
{
	pqm_bytes line = line_at(l);

	*from = l->at;
	if (l->at.off >= l->text.n || indent_of(line) != indent || !is_dash(line, indent))
		return false;
	do {
		next_line(l, line);
		line = line_at(l);
	} while (l->at.off < l->text.n &&
		(indent_of(line) > indent || pqm_trim(line).n == 0 || line.p[indent] == '#'));
	*out = pqm_sub(l->text, from->off, l->at.off - from->off);
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

static enum pqm_st yaml_elements(struct list *l, size_t indent)
{
	struct pqm_yjson_at from;
	enum pqm_st st = PQM_OK;
	pqm_bytes text;

	while (st == PQM_OK && next_lines(l, indent, &text, &from)) {
		struct taken t = { l, false };
		const struct pqm_yaml *root = NULL;
		struct pqm_err why = { 0 };

		l->s->line0 = from.line - 1;
		l->s->off0 = l->off + from.off;
		if (pqm_yaml_block(&root, text, &pqm_k8s_skips, l->s->a->arena))
			st = take(&t, root, &why);
		else
			st = pqm_yaml_docs(text, l->s->a->arena, take, &t, &why);
		if (st != PQM_OK && !t.is_done) {
			note(l, &from, st == PQM_ENOMEM ? PQM_ELIMIT : st, why.msg);
			st = PQM_OK;
		}
		pass(l);
	}
	return st;
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
