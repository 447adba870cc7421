#include "kube_page.h"

#include "base/arena.h"

/* The bytes between the quotes of a string at the place; empty when it is none, or has escapes: what is
 * looked at here (names, uids, tokens of base64) has no need of them. */
static pqm_bytes peek(pqm_bytes text, const struct pqm_yjson_at *at)
{
	size_t end;

	if (at->off >= text.n || text.p[at->off] != '"')
		return (pqm_bytes){ NULL, 0 };
	end = pqm_find_byte(text, at->off + 1, '"');
	if (end == SIZE_MAX)
		return (pqm_bytes){ NULL, 0 };
	pqm_bytes s = pqm_sub(text, at->off + 1, end - at->off - 1);

	return pqm_find_byte(s, 0, '\\') == SIZE_MAX ? s : (pqm_bytes){ NULL, 0 };
}

static pqm_bytes list_meta(pqm_bytes text, struct pqm_yjson_at at)
{
	pqm_bytes key;

	if (!pqm_yjson_enter(text, &at, '{'))
		return (pqm_bytes){ NULL, 0 };
	while (pqm_yjson_key(text, &at, &key)) {
		if (pqm_eqs(key, "continue"))
			return peek(text, &at);
		if (!pqm_yjson_skip_value(text, &at))
			break;
	}
	return (pqm_bytes){ NULL, 0 };
}

/* Along the members of the list from where the walk stands, into its elements or over its end. */
static bool members(struct pqm_kube_page *p)
{
	pqm_bytes key;

	while (pqm_yjson_key(p->text, &p->at, &key)) {
		if (pqm_eqs(key, "metadata")) {
			p->next = list_meta(p->text, p->at);
		} else if (pqm_eqs(key, "items") && p->items == SIZE_MAX) {
			size_t bracket = p->at.off;

			/* An empty list may be null. */
			if (pqm_yjson_enter(p->text, &p->at, '[')) {
				p->items = bracket;
				p->is_inside = true;
				return true;
			}
		}
		if (!pqm_yjson_skip_value(p->text, &p->at))
			return false;
	}
	/* Whole only when its own bracket closes it. */
	return p->at.off < p->text.n && p->text.p[p->at.off] == '}';
}

bool pqm_kube_page_open(struct pqm_kube_page *p, pqm_bytes text)
{
	*p = (struct pqm_kube_page){ .text = text, .at = { 0, 1, 1 }, .items = SIZE_MAX };
	return pqm_yjson_enter(text, &p->at, '{') && members(p);
}

bool pqm_kube_page_end(struct pqm_kube_page *p)
{
	struct pqm_kube_item rest;

	while (pqm_kube_page_next(p, &rest))
		;
	if (p->is_inside) {
		if (p->at.off >= p->text.n || p->text.p[p->at.off] != ']')
			return false;
		p->at.off++;
		p->is_inside = false;
		if (!members(p))
			return false;
	}
	p->text.n = p->at.off + 1;
	return true;
}

pqm_bytes pqm_kube_continue(pqm_bytes text)
{
	struct pqm_kube_page p;

	return pqm_kube_page_open(&p, text) && pqm_kube_page_end(&p) ? p.next
								     : (pqm_bytes){ NULL, 0 };
}

static void read_meta(struct pqm_kube_item *item, pqm_bytes text, struct pqm_yjson_at at)
{
	pqm_bytes key;

	if (!pqm_yjson_enter(text, &at, '{'))
		return;
	while (item->uid.n == 0 && pqm_yjson_key(text, &at, &key)) {
		if (pqm_eqs(key, "uid"))
			item->uid = peek(text, &at);
		else if (pqm_eqs(key, "name"))
			item->name = peek(text, &at);
		else if (pqm_eqs(key, "namespace"))
			item->ns = peek(text, &at);
		if (!pqm_yjson_skip_value(text, &at))
			return;
	}
}

bool pqm_kube_page_next(struct pqm_kube_page *p, struct pqm_kube_item *item)
{
	struct pqm_yjson_at at;
	size_t from;
	pqm_bytes key;

	while (p->is_inside && pqm_yjson_element(p->text, &p->at)) {
		from = p->at.off;
		at = p->at;
		if (!pqm_yjson_skip_value(p->text, &p->at))
			return false;
		*item = (struct pqm_kube_item){ .text = pqm_sub(p->text, from, p->at.off - from) };
		while (item->text.n > 0 && item->text.p[item->text.n - 1] <= ' ')
			item->text.n--;
		if (item->text.n < 2 || !pqm_yjson_enter(p->text, &at, '{'))
			continue;
		while (pqm_yjson_key(p->text, &at, &key)) {
			if (pqm_eqs(key, "metadata")) {
				read_meta(item, p->text, at);
				break;
			}
			if (!pqm_yjson_skip_value(p->text, &at))
				break;
		}
		return true;
	}
	return false;
}

void pqm_kube_seen_fini(struct pqm_kube_seen *s)
{
	pqm_free(s->slot);
	pqm_hasher_free(s->hasher);
	*s = (struct pqm_kube_seen){ 0 };
}

struct pqm_hash128 pqm_kube_key(struct pqm_kube_seen *s, const pqm_bytes *parts, size_t n)
{
	struct pqm_hash128 h;

	pqm_hasher_start(s->hasher);
	for (size_t i = 0; i < n; i++) {
		pqm_hasher_add(
			s->hasher, (pqm_bytes){ (const uint8_t *)&parts[i].n, sizeof(size_t) });
		pqm_hasher_add(s->hasher, parts[i]);
	}
	h = pqm_hasher_end(s->hasher);
	h.lo |= 1; /* 0 is an empty slot */
	return h;
}

static size_t place_of(const struct pqm_kube_seen *s, struct pqm_hash128 key)
{
	size_t i = (size_t)key.hi & (s->cap - 1);

	while (s->slot[i].lo != 0 && (s->slot[i].lo != key.lo || s->slot[i].hi != key.hi))
		i = (i + 1) & (s->cap - 1);
	return i;
}

bool pqm_kube_has(const struct pqm_kube_seen *s, struct pqm_hash128 key)
{
	return s->cap > 0 && s->slot[place_of(s, key)].lo != 0;
}

static bool grow(struct pqm_kube_seen *s)
{
	struct pqm_kube_seen bigger = { .cap = s->cap == 0 ? 4096 : 2 * s->cap };

	bigger.slot = pqm_calloc(bigger.cap, sizeof(*bigger.slot));
	if (bigger.slot == NULL)
		return false;
	for (size_t i = 0; i < s->cap; i++)
		if (s->slot[i].lo != 0)
			bigger.slot[place_of(&bigger, s->slot[i])] = s->slot[i];
	pqm_free(s->slot);
	s->slot = bigger.slot;
	s->cap = bigger.cap;
	return true;
}

bool pqm_kube_put(struct pqm_kube_seen *s, struct pqm_hash128 key)
{
	size_t i;

	if ((s->n + 1) * 4 > s->cap * 3 && !grow(s))
		return false;
	i = place_of(s, key);
	s->n += s->slot[i].lo == 0;
	s->slot[i] = key;
	return true;
}
