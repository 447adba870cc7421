/* source_when.c — where a call that a rule knows means nothing. */
#include "source.h"

static bool has_header(const struct sc *s, const struct pqm_call_rule *m)
{
	if (m->headers == NULL)
		return true;
	for (size_t h = 0; h < m->headers->n; h++)
		for (size_t i = 0; i < s->n_include; i++)
			if (pqm_starts(s->include[i], pqm_yaml_text(m->headers->items[h])))
				return true;
	return false;
}

static bool holds_word(const struct sc *s, size_t open, const struct pqm_yaml *words)
{
	for (size_t i = open + 1; i < s->mate[open] && i - open < PQM_SOURCE_SPAN; i++)
		for (size_t w = 0; w < words->n; w++)
			if (pqm_eq(sc_text(s, i), pqm_yaml_text(words->items[w])))
				return true;
	return false;
}

/* `a ? set(x) : set(y)` of C: a setting that its surroundings choose is not what is set. */
static bool is_chosen(const struct sc *s, const struct pqm_call_rule *m, size_t at)
{
	if (s->kind != PQM_LANG_C || m->meaning != PQM_CONFIG)
		return false;
	for (size_t i = at; i > 0 && at - i < PQM_SOURCE_SPAN; i--) {
		if (sc_op(s, i - 1, '?'))
			return true;
		if (sc_op(s, i - 1, ';') || sc_op(s, i - 1, '{') || sc_op(s, i - 1, '}'))
			return false;
	}
	return false;
}

/* Dial(address, With(Insecure()), WithContextDialer(d)): what the channel runs over is not told here. */
static bool is_beside(const struct sc *s, const struct pqm_call_rule *m, size_t at)
{
	unsigned levels = 0;

	for (size_t i = at; m->beside != NULL && i > 0 && at - i < PQM_SOURCE_SPAN; i--) {
		if (!sc_op(s, i - 1, '(') && !sc_op(s, i - 1, '{'))
			continue;
		if (s->mate[i - 1] <= at)
			continue; /* closed before the call */
		if (holds_word(s, i - 1, m->beside))
			return true;
		if (++levels == 2)
			return false;
	}
	return false;
}

/* Whether two calls are given the same first argument. */
static bool same_first(const struct sc *s, size_t a, size_t b)
{
	size_t end = a + PQM_SOURCE_SPAN;

	for (a++, b++; a < end && a < s->n && b < s->n && !sc_op(s, a, ','); a++, b++)
		if (!pqm_eq(sc_text(s, a), sc_text(s, b)))
			return false;
	return a < end && a < s->n && b < s->n && sc_op(s, b, ',');
}

/* What calls of the rule before it have set in the same function, on the same object, is lifted again. */
static bool lifted(struct sc *s, const struct pqm_call_rule *m, size_t open)
{
	pqm_bytes place = sc_place(s);

	if (m->lifts == NULL || !holds_word(s, open, m->lifts))
		return false;
	for (size_t i = s->n_find; i > 0 && s->n_find - i < PQM_SOURCE_NAMES; i--) {
		struct sc_find *d = &s->find[i - 1];

		if (d->call == m && pqm_eq(d->object, place) && same_first(s, d->open, open))
			d->is_mute = true;
	}
	return true;
}

bool sc_counts(struct sc *s, const struct pqm_call_rule *m, size_t at, size_t open)
{
	return has_header(s, m) && !is_chosen(s, m, at) && !is_beside(s, m, at) &&
		!lifted(s, m, open);
}
