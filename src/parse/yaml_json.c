#include "yaml_json.h"

#include "base/limits.h"
#include "base/num.h"
#include "yaml_stack.h"

struct reader {
	pqm_bytes t;
	size_t at;
	size_t line_off; /* where the current line starts, less the column given at the start */
	uint32_t line;
	const struct pqm_yjson_opt *opt;
	struct pqm_arena *arena;
	struct pqm_err *err;
	struct pqm_ystack keys, items;
	size_t n_nodes;
};

static uint32_t column(const struct reader *r)
{
	return (uint32_t)(r->at - r->line_off + 1);
}

static enum pqm_st fail(struct reader *r, enum pqm_st st, const char *words)
{
	return pqm_fail(r->err, st, "%u:%u: JSON: %s", r->line, column(r), words);
}

static enum pqm_st no_memory(struct reader *r)
{
	return fail(r, PQM_ENOMEM, "document needs too much memory");
}

static bool is_space(uint8_t c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static void space(struct reader *r)
{
	const uint8_t *p = r->t.p;
	size_t i = r->at, n = r->t.n;

	for (; i < n && is_space(p[i]); i++)
		if (p[i] == '\n') {
			r->line++;
			r->line_off = i + 1;
		}
	r->at = i;
}

static struct reader reader_of(pqm_bytes text, const struct pqm_yjson_at *at)
{
	return (struct reader){
		.t = text, .at = at->off, .line = at->line, .line_off = at->off + 1 - at->col
	};
}

static void tell(const struct reader *r, struct pqm_yjson_at *at)
{
	*at = (struct pqm_yjson_at){ r->at, r->line, column(r) };
}

/* The end of a string whose opening quote is at from; SIZE_MAX when there is none. */
static size_t string_end(pqm_bytes t, size_t from, bool *has_escape)
{
	for (size_t i = from + 1; i < t.n; i++) {
		if (t.p[i] == '"')
			return i;
		if (t.p[i] == '\\') {
			*has_escape = true;
			i++;
		}
	}
	return SIZE_MAX;
}

static int hex4(pqm_bytes t, size_t at)
{
	int v = 0;

	if (t.n < 4 || at > t.n - 4)
		return -1;
	for (size_t i = at; i < at + 4; i++) {
		int h = pqm_hex_digit(t.p[i]);

		if (h < 0)
			return -1;
		v = v * 16 + h;
	}
	return v;
}

/* \uXXXX at s.p[i], i at the 'u': the code point and how many bytes it took; 0 when malformed. A lone
 * surrogate becomes U+FFFD. */
static size_t read_u(pqm_bytes s, size_t i, uint32_t *out)
{
	int hi = hex4(s, i + 1), lo;

	if (hi < 0)
		return 0;
	*out = (uint32_t)hi;
	if (hi < 0xd800 || hi > 0xdfff)
		return 5;
	*out = 0xfffd;
	if (hi > 0xdbff || i + 6 >= s.n || s.p[i + 5] != '\\' || s.p[i + 6] != 'u')
		return 5;
	lo = hex4(s, i + 7);
	if (lo < 0xdc00 || lo > 0xdfff)
		return 5;
	*out = 0x10000 + (((uint32_t)hi - 0xd800) << 10) + ((uint32_t)lo - 0xdc00);
	return 11;
}

/* Text between quotes with its escapes undone; it only gets shorter. False: an escape that is none. */
static bool unescape(pqm_bytes s, uint8_t *out, size_t *n)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";

	*n = 0;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] != '\\') {
			out[(*n)++] = s.p[i];
			continue;
		}
		if (++i >= s.n)
			return false;
		const char *known = s.p[i] == '\0' ? NULL : strchr(from, s.p[i]);

		if (known != NULL) {
			out[(*n)++] = (uint8_t)to[known - from];
			continue;
		}
		uint32_t c = 0;
		size_t took = s.p[i] == 'u' ? read_u(s, i, &c) : 0;

		if (took == 0)
			return false;
		*n += pqm_utf8(out + *n, c);
		i += took - 1;
	}
	return true;
}

static enum pqm_st string(struct reader *r, pqm_bytes *out)
{
	bool has_escape = false;
	size_t from = r->at, end = string_end(r->t, from, &has_escape);

	if (end == SIZE_MAX)
		return fail(r, PQM_EPARSE, "text without its closing quote");
	*out = pqm_sub(r->t, from + 1, end - from - 1);
	/* A line break inside would also make every line number after it wrong. */
	if (memchr(r->t.p + from, '\n', end - from) != NULL)
		return fail(r, PQM_EPARSE, "line break inside a text");
	if (has_escape) {
		uint8_t *p = pqm_arena_alloc(r->arena, out->n);
		size_t n = 0;

		if (p == NULL)
			return no_memory(r);
		if (!unescape(*out, p, &n))
			return fail(r, PQM_EPARSE, "unknown escape in a text");
		*out = (pqm_bytes){ p, n };
	}
	r->at = end + 1;
	return PQM_OK;
}

static bool is_word(uint8_t c)
{
	return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '-' ||
		c == '+' || c == '.';
}

/* true, false, null and numbers; what kubectl would refuse here is no key or certificate either way. */
static enum pqm_st word(struct reader *r, pqm_bytes *out)
{
	size_t from = r->at;

	while (r->at < r->t.n && is_word(r->t.p[r->at]))
		r->at++;
	*out = pqm_sub(r->t, from, r->at - from);
	if (out->n > 0 && (out->p[0] == '-' || (out->p[0] >= '0' && out->p[0] <= '9')))
		return PQM_OK;
	if (pqm_eqs(*out, "true") || pqm_eqs(*out, "false") || pqm_eqs(*out, "null"))
		return PQM_OK;
	r->at = from;
	return fail(r, PQM_EPARSE, from < r->t.n ? "unexpected character" : "unexpected end");
}

static struct pqm_yaml *node_new(struct reader *r)
{
	struct pqm_yaml *n =
		++r->n_nodes > PQM_YAML_NODES ? NULL : pqm_new(r->arena, struct pqm_yaml, 1);

	if (n == NULL)
		return NULL;
	n->line = r->line;
	n->col = column(r);
	n->off = (uint32_t)r->at;
	n->weight = 1;
	return n;
}

static enum pqm_st no_node(struct reader *r)
{
	return r->n_nodes > PQM_YAML_NODES ? fail(r, PQM_ELIMIT, "more than 1,048,576 nodes")
					   : no_memory(r);
}

static enum pqm_st value(struct reader *r, pqm_bytes key, unsigned depth, struct pqm_yaml **out);

static bool is_skipped(const struct reader *r, pqm_bytes in, pqm_bytes key)
{
	for (size_t i = 0; r->opt != NULL && i < r->opt->n_skip; i++)
		if (pqm_eq(r->opt->skip[i].key, key) &&
			(r->opt->skip[i].in.n == 0 || pqm_eq(r->opt->skip[i].in, in)))
			return true;
	return false;
}

/* "key": value. in is the key of the object that holds it. */
static enum pqm_st member(struct reader *r, pqm_bytes in, unsigned depth)
{
	struct pqm_yaml *k = NULL, *v = NULL;
	size_t start = r->at;
	pqm_bytes name;

	if (r->at >= r->t.n || r->t.p[r->at] != '"')
		return fail(r, PQM_EPARSE, "a key in quotes is expected");
	uint32_t col = column(r), line = r->line;
	enum pqm_st st = string(r, &name);

	if (st != PQM_OK)
		return st;
	size_t end = r->at;

	space(r);
	if (r->at >= r->t.n || r->t.p[r->at] != ':')
		return fail(r, PQM_EPARSE, "':' is expected");
	r->at++;
	space(r);
	if (is_skipped(r, in, name)) {
		struct pqm_yjson_at at;

		tell(r, &at);
		if (!pqm_yjson_skip_value(r->t, &at))
			return fail(r, PQM_EPARSE, "unexpected end");
		r->at = at.off;
		r->line = at.line;
		r->line_off = at.off + 1 - at.col;
		return PQM_OK;
	}
	k = node_new(r);
	if (k == NULL)
		return no_node(r);
	k->line = line;
	k->col = col;
	k->off = (uint32_t)start;
	k->end_off = (uint32_t)end;
	k->text = name;
	st = value(r, name, depth, &v);
	if (st != PQM_OK)
		return st;
	return pqm_ystack_push(&r->keys, k, r->arena) && pqm_ystack_push(&r->items, v, r->arena)
		? PQM_OK
		: no_memory(r);
}

static enum pqm_st element(struct reader *r, pqm_bytes key, unsigned depth)
{
	struct pqm_yaml *v = NULL;
	enum pqm_st st = value(r, key, depth, &v);

	if (st != PQM_OK)
		return st;
	return pqm_ystack_push(&r->items, v, r->arena) ? PQM_OK : no_memory(r);
}

static enum pqm_st children(struct reader *r, pqm_bytes key, unsigned depth, struct pqm_yaml *n)
{
	uint8_t close = n->type == PQM_YAML_MAP ? '}' : ']';

	r->at++;
	space(r);
	if (r->at < r->t.n && r->t.p[r->at] == close) {
		r->at++;
		return PQM_OK;
	}
	for (;;) {
		enum pqm_st st = n->type == PQM_YAML_MAP ? member(r, key, depth + 1)
							 : element(r, key, depth + 1);

		if (st != PQM_OK)
			return st;
		space(r);
		if (r->at < r->t.n && r->t.p[r->at] == close) {
			r->at++;
			return PQM_OK;
		}
		if (r->at >= r->t.n || r->t.p[r->at] != ',')
			return fail(r, PQM_EPARSE,
				r->at < r->t.n ? "',' or the closing bracket is expected"
					       : "unexpected end");
		r->at++;
		space(r);
	}
}

static enum pqm_st container(struct reader *r, pqm_bytes key, unsigned depth, struct pqm_yaml *n)
{
	size_t keys = r->keys.n, items = r->items.n;

	n->type = r->t.p[r->at] == '{' ? PQM_YAML_MAP : PQM_YAML_SEQ;
	if (depth > PQM_YAML_DEPTH)
		return fail(r, PQM_ELIMIT, "nested deeper than 128 levels");
	enum pqm_st st = children(r, key, depth, n);

	if (st != PQM_OK)
		return st;
	n->n = (uint32_t)(r->items.n - items);
	if (!pqm_ystack_pop(&r->items, items, &n->items, r->arena) ||
		!pqm_ystack_pop(&r->keys, keys, &n->keys, r->arena))
		return no_memory(r);
	for (uint32_t i = 0; i < n->n; i++)
		n->weight += n->items[i]->weight + (n->keys != NULL ? 1 : 0);
	return PQM_OK;
}

/* key: what the value is called; elements of an array are called as the array. */
static enum pqm_st value(struct reader *r, pqm_bytes key, unsigned depth, struct pqm_yaml **out)
{
	struct pqm_yaml *n = node_new(r);
	enum pqm_st st;

	if (n == NULL)
		return no_node(r);
	if (r->at < r->t.n && (r->t.p[r->at] == '{' || r->t.p[r->at] == '[')) {
		st = container(r, key, depth, n);
	} else if (r->at < r->t.n && r->t.p[r->at] == '"') {
		st = string(r, &n->text);
	} else {
		n->is_plain = true;
		st = word(r, &n->text);
	}
	n->end_off = (uint32_t)r->at;
	*out = n;
	return st;
}

enum pqm_st pqm_yjson_value(const struct pqm_yaml **out, pqm_bytes text, struct pqm_yjson_at *at,
	const struct pqm_yjson_opt *opt, struct pqm_arena *arena, struct pqm_err *err)
{
	struct reader r = reader_of(text, at);
	struct pqm_yaml *n = NULL;

	r.opt = opt;
	r.arena = arena;
	r.err = err;
	if (text.n > PQM_YAML_DOC_BYTES)
		return fail(&r, PQM_ELIMIT, "over the 16 MiB limit of one object");
	space(&r);
	enum pqm_st st = value(&r, (pqm_bytes){ NULL, 0 }, 0, &n);

	tell(&r, at);
	*out = n;
	return st;
}

bool pqm_yjson_skip_value(pqm_bytes text, struct pqm_yjson_at *at)
{
	struct reader r = reader_of(text, at);
	size_t depth = 0;
	bool is_done = false, unused = false;

	space(&r);
	while (!is_done && r.at < text.n) {
		uint8_t c = text.p[r.at];

		if (c == '"') {
			size_t end = string_end(text, r.at, &unused);

			if (end == SIZE_MAX)
				break;
			r.at = end;
		} else if (c == '{' || c == '[') {
			depth++;
		} else if (c == '}' || c == ']') {
			if (depth-- == 0)
				break;
		} else if (depth == 0 && is_word(c)) {
			while (r.at + 1 < text.n && is_word(text.p[r.at + 1]))
				r.at++;
		} else if (depth == 0) {
			break;
		}
		r.at++;
		is_done = depth == 0;
		if (!is_done)
			space(&r);
	}
	tell(&r, at);
	return is_done;
}

bool pqm_yjson_text(pqm_bytes text, struct pqm_yjson_at *at, pqm_bytes *out)
{
	size_t from = at->off;

	if (!pqm_yjson_skip_value(text, at))
		return false;
	*out = pqm_trim(pqm_sub(text, from, at->off - from));
	if (out->n >= 2 && out->p[0] == '"' && out->p[out->n - 1] == '"')
		*out = pqm_sub(*out, 1, out->n - 2);
	return true;
}

bool pqm_yjson_enter(pqm_bytes text, struct pqm_yjson_at *at, uint8_t bracket)
{
	struct reader r = reader_of(text, at);

	space(&r);
	bool is_there = r.at < text.n && text.p[r.at] == bracket;

	if (is_there) {
		r.at++;
		space(&r);
	}
	tell(&r, at);
	return is_there;
}

/* Behind a comma, if there is one; false before a closing bracket and at the end. */
static bool more(struct reader *r)
{
	space(r);
	if (r->at < r->t.n && r->t.p[r->at] == ',') {
		r->at++;
		space(r);
	}
	return r->at < r->t.n && r->t.p[r->at] != '}' && r->t.p[r->at] != ']';
}

bool pqm_yjson_key(pqm_bytes text, struct pqm_yjson_at *at, pqm_bytes *key)
{
	struct reader r = reader_of(text, at);
	bool unused = false, is_there = more(&r) && text.p[r.at] == '"';
	size_t end = is_there ? string_end(text, r.at, &unused) : SIZE_MAX;

	if (end != SIZE_MAX) {
		*key = pqm_sub(text, r.at + 1, end - r.at - 1);
		r.at = end + 1;
		space(&r);
	}
	is_there = end != SIZE_MAX && r.at < text.n && text.p[r.at] == ':';
	if (is_there) {
		r.at++;
		space(&r);
	}
	tell(&r, at);
	return is_there;
}

bool pqm_yjson_element(pqm_bytes text, struct pqm_yjson_at *at)
{
	struct reader r = reader_of(text, at);
	bool is_there = more(&r);

	tell(&r, at);
	return is_there;
}
