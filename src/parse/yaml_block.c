#include "yaml_block.h"

#include "base/limits.h"
#include "yaml_stack.h"

/* libyaml refuses keys over 1,024 characters. */
#define KEY_MAX ((size_t)1000)

/* A line with something on it; what blank lines and comments say is nothing. */
struct line {
	size_t start, at, end; /* of the line, of its first character, of its end */
	uint32_t no;
	uint32_t indent; /* of the part that is read: behind "- " it is a line of its own */
};

struct reader {
	pqm_bytes t;
	struct line l;
	size_t next;	  /* where the next line starts */
	uint32_t next_no; /* its number */
	bool is_end, is_bad, has_tabs;
	const struct pqm_yjson_opt *opt;
	struct pqm_arena *arena;
	struct pqm_ystack keys, items;
	size_t n_nodes;
};

static bool refuse(struct reader *r)
{
	r->is_bad = true;
	return false;
}

/* Printable ASCII in lines that end in LF; tabs are told. */
static bool is_simple(pqm_bytes t, bool *has_tabs)
{
	size_t i = 0;
	unsigned bad = 0, tabs = 0;

	while (i < t.n && bad == 0) {
		size_t end = t.n - i > 256 ? i + 256 : t.n;

		for (; i < end; i++) {
			uint8_t c = t.p[i];

			bad |= (unsigned)(c >= 0x7f) |
				((unsigned)(c < 0x20) & (unsigned)(c != '\n') &
					(unsigned)(c != '\t'));
			tabs |= (unsigned)(c == '\t');
		}
	}
	*has_tabs = tabs != 0;
	return bad == 0;
}

static size_t line_end(const struct reader *r, size_t from)
{
	const uint8_t *p = memchr(r->t.p + from, '\n', r->t.n - from);

	return p == NULL ? r->t.n : (size_t)(p - r->t.p);
}

static bool is_marker(const struct reader *r, const struct line *l)
{
	pqm_bytes s = pqm_sub(r->t, l->at, 3);

	return l->indent == 0 && (pqm_eqs(s, "---") || pqm_eqs(s, "...") || r->t.p[l->at] == '%');
}

/* Goes to the next line with something on it. */
static void advance(struct reader *r)
{
	for (;;) {
		size_t at = r->next;

		if (r->next >= r->t.n) {
			r->is_end = true;
			r->l = (struct line){ r->t.n, r->t.n, r->t.n, r->next_no, 0 };
			return;
		}
		while (at < r->t.n && r->t.p[at] == ' ')
			at++;
		size_t end = line_end(r, at);

		r->l = (struct line){ r->next, at, end, r->next_no, (uint32_t)(at - r->next) };
		r->next = end + 1;
		r->next_no++;
		if (at == end || r->t.p[at] == '#')
			continue;
		if (is_marker(r, &r->l) ||
			(r->has_tabs &&
				memchr(r->t.p + r->l.start, '\t', end - r->l.start) != NULL))
			(void)refuse(r);
		return;
	}
}

static struct pqm_yaml *node_at(struct reader *r, size_t off)
{
	struct pqm_yaml *n =
		++r->n_nodes > PQM_YAML_NODES ? NULL : pqm_new(r->arena, struct pqm_yaml, 1);

	if (n == NULL) {
		r->is_bad = true;
		return NULL;
	}
	n->weight = 1;
	n->line = r->l.no;
	n->col = (uint32_t)(off - r->l.start + 1);
	n->off = n->end_off = (uint32_t)off;
	return n;
}

static bool push(struct reader *r, struct pqm_ystack *s, struct pqm_yaml *n)
{
	return pqm_ystack_push(s, n, r->arena) || refuse(r);
}

/* ---- scalars of one line ---- */

static bool unescape(pqm_bytes s, uint8_t *out, size_t *n)
{
	static const char from[] = "\"\\/nrt", to[] = "\"\\/\n\r\t";

	*n = 0;
	for (size_t i = 0; i < s.n; i++) {
		const char *known;

		if (s.p[i] == '\\') {
			if (++i >= s.n || (known = strchr(from, s.p[i])) == NULL)
				return false;
			out[(*n)++] = (uint8_t)to[known - from];
		} else {
			out[(*n)++] = s.p[i];
		}
	}
	return true;
}

/* The quoted text at `at`; *end is behind it. */
static bool quoted(struct reader *r, size_t at, pqm_bytes *text, size_t *end)
{
	uint8_t quote = r->t.p[at];
	bool has_escape = false;
	size_t i = at + 1, n = 0;

	for (; i < r->l.end; i++) {
		bool is_pair = quote == '"'
			? r->t.p[i] == '\\'
			: r->t.p[i] == '\'' && i + 1 < r->l.end && r->t.p[i + 1] == '\'';

		if (is_pair) {
			has_escape = true;
			i++;
		} else if (r->t.p[i] == quote) {
			break;
		}
	}
	if (i >= r->l.end)
		return refuse(r);
	*text = pqm_sub(r->t, at + 1, i - at - 1);
	*end = i + 1;
	if (!has_escape)
		return true;
	uint8_t *p = pqm_arena_alloc(r->arena, text->n);

	if (p == NULL)
		return refuse(r);
	if (quote == '"') {
		if (!unescape(*text, p, &n))
			return refuse(r);
	} else {
		for (size_t k = 0; k < text->n; k++) {
			p[n++] = text->p[k];
			k += text->p[k] == '\'';
		}
	}
	*text = (pqm_bytes){ p, n };
	return true;
}

/* May a plain scalar start here? What has a meaning of its own is left to libyaml. */
static bool starts_plain(const struct reader *r, size_t at)
{
	uint8_t c = r->t.p[at];

	if (c == '-')
		return at + 1 < r->l.end && r->t.p[at + 1] != ' ';
	return strchr("?:,[]{}#&*!|>'\"%@`=~", c) == NULL || c == '~' || c == '=';
}

/* Where the key that starts at `at` ends (at its colon); SIZE_MAX when there is none. */
static size_t plain_key_end(const struct reader *r, size_t at)
{
	for (size_t i = at; i < r->l.end; i++) {
		const uint8_t *p = memchr(r->t.p + i, ':', r->l.end - i);

		if (p == NULL)
			return SIZE_MAX;
		i = (size_t)(p - r->t.p);
		if (i + 1 == r->l.end || r->t.p[i + 1] == ' ')
			return i;
	}
	return SIZE_MAX;
}

static bool has_comment(const struct reader *r, size_t from, size_t to)
{
	return pqm_find(pqm_sub(r->t, from, to - from), 0, PQM_LIT(" #")) != SIZE_MAX;
}

static bool is_quote(uint8_t c)
{
	return c == '"' || c == '\'';
}

/* The key at `at`: its node, and the place behind the colon. NULL: none that is read here. */
static struct pqm_yaml *key_at(struct reader *r, size_t at, size_t *after)
{
	struct pqm_yaml *k;
	pqm_bytes text;
	size_t end = 0, colon;
	bool is_plain = !is_quote(r->t.p[at]);

	if (is_plain) {
		colon = starts_plain(r, at) ? plain_key_end(r, at) : SIZE_MAX;
		if (colon == SIZE_MAX || colon - at > KEY_MAX || has_comment(r, at, colon))
			return NULL;
		for (end = colon; end > at && r->t.p[end - 1] == ' ';)
			end--;
		text = pqm_sub(r->t, at, end - at);
		if (text.n == 0 || pqm_eqs(text, "<<"))
			return NULL;
	} else {
		if (!quoted(r, at, &text, &end) || end - at > KEY_MAX)
			return NULL;
		colon = end;
		if (colon >= r->l.end || r->t.p[colon] != ':' ||
			(colon + 1 < r->l.end && r->t.p[colon + 1] != ' '))
			return NULL;
	}
	k = node_at(r, at);
	if (k == NULL)
		return NULL;
	k->is_plain = is_plain;
	k->text = text;
	k->end_off = (uint32_t)end;
	*after = colon + 1;
	return k;
}

static bool plain(struct reader *r, struct pqm_yaml *n, size_t at)
{
	size_t end = r->l.end;

	if (!starts_plain(r, at) || plain_key_end(r, at) != SIZE_MAX || has_comment(r, at, end))
		return refuse(r);
	while (end > at && r->t.p[end - 1] == ' ')
		end--;
	n->is_plain = true;
	n->text = pqm_sub(r->t, at, end - at);
	n->end_off = (uint32_t)end;
	return true;
}

static bool is_blank(const struct reader *r, size_t from, size_t to)
{
	while (from < to && r->t.p[from] == ' ')
		from++;
	return from == to;
}

/* ---- literal blocks ---- */

/* The lines of a literal block from r->next on, which are indented deeper than `indent`. */
static bool literal_lines(
	struct reader *r, size_t indent, uint8_t *out, size_t *n, size_t *n_breaks)
{
	size_t deep = 0;

	*n = *n_breaks = 0;
	while (r->next < r->t.n) {
		size_t at = r->next, end = line_end(r, at), first = at;
		bool has_break = end < r->t.n;

		while (first < end && r->t.p[first] == ' ')
			first++;
		if (deep == 0) {
			deep = first - at;
			if (first == end || deep <= indent || r->t.p[first] == '\t')
				return refuse(r);
		}
		if (first == end && !has_break && end - at <= deep)
			break;
		if (first < end && first - at < deep) {
			if (r->t.p[first] == '\t')
				return refuse(r);
			break;
		}
		r->next = end + 1;
		r->next_no++;
		if (end - at > deep) {
			memset(out + *n, '\n', *n_breaks);
			*n += *n_breaks;
			memcpy(out + *n, r->t.p + at + deep, end - at - deep);
			*n += end - at - deep;
			*n_breaks = 0;
		}
		*n_breaks += has_break;
	}
	return deep > 0 || refuse(r);
}

/* "|", "|-" or "|+" at `at`. */
static bool literal(struct reader *r, struct pqm_yaml *n, size_t at, size_t indent)
{
	uint8_t chomp = at + 1 < r->l.end ? r->t.p[at + 1] : ' ';
	size_t from = r->next, breaks = 0, len = 0, end = r->l.end;
	uint8_t *out;

	while (end > at && r->t.p[end - 1] == ' ')
		end--;
	if (end - at > 2 || (end - at == 2 && chomp != '-' && chomp != '+') || from >= r->t.n)
		return refuse(r);
	/* Room for the longest that it may be. */
	size_t i = from;

	while (i < r->t.n) {
		size_t first = i;

		while (first < r->t.n && r->t.p[first] == ' ')
			first++;
		if (first < r->t.n && r->t.p[first] != '\n' && first - i <= indent)
			break;
		i = line_end(r, first) + 1;
	}
	out = pqm_arena_alloc(r->arena, (i < r->t.n ? i : r->t.n) - from + 1);
	if (out == NULL || !literal_lines(r, indent, out, &len, &breaks))
		return refuse(r);
	if (chomp == '+' || (chomp != '-' && breaks > 0 && len > 0)) {
		size_t keep = chomp == '+' ? breaks : 1;

		memset(out + len, '\n', keep);
		len += keep;
	}
	n->text = (pqm_bytes){ out, len };
	n->end_off = (uint32_t)(r->next < r->t.n ? r->next : r->t.n);
	return true;
}

/* ---- collections ---- */

static struct pqm_yaml *block(struct reader *r, pqm_bytes key, unsigned depth);

/* The scalar, [] or {} at `at`, of a collection at this indent; r->l is the line behind it then. */
static struct pqm_yaml *scalar(struct reader *r, size_t at, uint32_t indent)
{
	struct pqm_yaml *n = node_at(r, at);
	uint8_t c = r->t.p[at];
	size_t end = 0;
	bool ok = n != NULL;

	if (!ok)
		return NULL;
	if (c == '|') {
		ok = literal(r, n, at, indent);
	} else if (is_quote(c)) {
		ok = quoted(r, at, &n->text, &end) && is_blank(r, end, r->l.end);
		n->end_off = (uint32_t)end;
	} else if ((c == '[' || c == '{') && at + 1 < r->l.end && r->t.p[at + 1] == c + 2 &&
		is_blank(r, at + 2, r->l.end)) {
		n->type = c == '[' ? PQM_YAML_SEQ : PQM_YAML_MAP;
		n->end_off = (uint32_t)at + 2;
	} else {
		ok = plain(r, n, at);
	}
	if (!ok || r->is_bad) {
		r->is_bad = true;
		return NULL;
	}
	advance(r);
	/* Deeper lines would belong to a scalar of several lines, or to nothing. */
	if (!r->is_end && r->l.indent > indent)
		r->is_bad = true;
	return r->is_bad ? NULL : n;
}

static bool is_skipped(const struct reader *r, pqm_bytes in, pqm_bytes key)
{
	for (size_t i = 0; r->opt != NULL && i < r->opt->n_skip; i++)
		if (pqm_eq(r->opt->skip[i].key, key) &&
			(r->opt->skip[i].in.n == 0 || pqm_eq(r->opt->skip[i].in, in)))
			return true;
	return false;
}

static bool is_dash(const struct reader *r)
{
	return r->t.p[r->l.at] == '-' && (r->l.at + 1 == r->l.end || r->t.p[r->l.at + 1] == ' ');
}

/* Quotes come in pairs on each line, so that no text goes on below its indent. */
static bool is_even(const struct reader *r)
{
	size_t n = 0;

	for (size_t i = r->l.at; i < r->l.end; i++)
		n += r->t.p[i] == '"' || r->t.p[i] == '\'';
	return n % 2 == 0;
}

/* Steps over the value of a key at this indent. */
static void step_over(struct reader *r, uint32_t indent, size_t after)
{
	bool is_block = is_blank(r, after, r->l.end);

	do {
		if (!is_even(r))
			r->is_bad = true;
		advance(r);
	} while (!r->is_end && !r->is_bad &&
		(r->l.indent > indent || (is_block && r->l.indent == indent && is_dash(r))));
}

/* What stands behind "key:" of a mapping at this indent. */
static struct pqm_yaml *member(
	struct reader *r, pqm_bytes key, size_t after, uint32_t indent, unsigned depth)
{
	size_t at = after;

	while (at < r->l.end && r->t.p[at] == ' ')
		at++;
	if (at < r->l.end)
		return scalar(r, at, indent);
	struct line here = r->l;

	advance(r);
	if (r->is_bad)
		return NULL;
	if (!r->is_end && (r->l.indent > indent || (r->l.indent == indent && is_dash(r))))
		return block(r, key, depth + 1);
	struct line then = r->l;

	r->l = here;
	struct pqm_yaml *n = node_at(r, after);

	r->l = then;
	if (n != NULL)
		n->is_plain = true;
	return n;
}

static bool pair(struct reader *r, pqm_bytes in, uint32_t indent, unsigned depth)
{
	size_t after = 0;
	struct pqm_yaml *k = key_at(r, r->l.at, &after), *v;

	if (k == NULL)
		return refuse(r);
	if (is_skipped(r, in, k->text)) {
		step_over(r, indent, after);
		return !r->is_bad;
	}
	v = member(r, k->text, after, indent, depth);
	return v != NULL && push(r, &r->keys, k) && push(r, &r->items, v);
}

/* "- x": what stands behind the dash is a line of its own at its column. */
static bool entry(struct reader *r, pqm_bytes key, uint32_t indent, unsigned depth)
{
	size_t at = r->l.at + 1, after;
	struct pqm_yaml *v;

	while (at < r->l.end && r->t.p[at] == ' ')
		at++;
	if (at == r->l.end) {
		advance(r);
		if (r->is_bad || r->is_end || r->l.indent <= indent)
			return refuse(r);
		v = block(r, key, depth + 1);
		return v != NULL && push(r, &r->items, v);
	}
	struct line whole = r->l;

	r->l.at = at;
	r->l.indent = (uint32_t)(at - r->l.start);
	if (is_quote(r->t.p[at])) {
		pqm_bytes unused;

		/* A quoted text is a key when a colon follows. */
		if (!quoted(r, at, &unused, &after))
			return false;
		v = after < r->l.end && r->t.p[after] == ':' ? block(r, key, depth + 1) : NULL;
	} else {
		v = is_dash(r) || (starts_plain(r, at) && plain_key_end(r, at) != SIZE_MAX)
			? block(r, key, depth + 1)
			: NULL;
	}
	if (v == NULL && !r->is_bad) {
		r->l = whole;
		v = scalar(r, at, indent);
	}
	return v != NULL && push(r, &r->items, v);
}

/* The collection that starts at r->l.at. */
static struct pqm_yaml *block(struct reader *r, pqm_bytes key, unsigned depth)
{
	uint32_t indent = r->l.indent;
	size_t keys = r->keys.n, items = r->items.n;
	struct pqm_yaml *n = depth >= PQM_YAML_DEPTH ? NULL : node_at(r, r->l.at);

	if (n == NULL) {
		r->is_bad = true;
		return NULL;
	}
	n->type = is_dash(r) ? PQM_YAML_SEQ : PQM_YAML_MAP;
	do {
		bool ok = n->type == PQM_YAML_SEQ ? is_dash(r) && entry(r, key, indent, depth)
						  : pair(r, key, indent, depth);

		/* A mapping goes on behind a sequence at its own indent. */
		if (!ok || r->is_bad) {
			r->is_bad = true;
			return NULL;
		}
		if (n->type == PQM_YAML_SEQ && !r->is_end && r->l.indent == indent && !is_dash(r))
			break;
	} while (!r->is_end && r->l.indent == indent);
	if (!r->is_end && r->l.indent > indent)
		r->is_bad = true;
	n->n = (uint32_t)(r->items.n - items);
	n->end_off = (uint32_t)r->l.at;
	if (r->is_bad || !pqm_ystack_pop(&r->items, items, &n->items, r->arena) ||
		!pqm_ystack_pop(&r->keys, keys, &n->keys, r->arena)) {
		r->is_bad = true;
		return NULL;
	}
	for (uint32_t i = 0; i < n->n; i++)
		n->weight += n->items[i]->weight + (n->keys != NULL ? 1 : 0);
	return n;
}

bool pqm_yaml_block(const struct pqm_yaml **out, pqm_bytes text, const struct pqm_yjson_opt *opt,
	struct pqm_arena *arena)
{
	struct reader r = { .t = text, .next_no = 1, .opt = opt, .arena = arena };
	struct pqm_yaml *n;

	if (text.n == 0 || text.n > PQM_YAML_DOC_BYTES || !is_simple(text, &r.has_tabs))
		return false;
	if (pqm_starts(text, PQM_LIT("---\n"))) {
		r.next = 4;
		r.next_no = 2;
	}
	advance(&r);
	if (r.is_bad || r.is_end)
		return false;
	n = block(&r, (pqm_bytes){ NULL, 0 }, 0);
	if (n == NULL || r.is_bad || !r.is_end)
		return false;
	*out = n;
	return true;
}
