#include "signs.h"

#include "base/limits.h"
#include "base/num.h"

struct build {
	struct pqm_sign_rules *out;
	struct pqm_sign *sign;
	const struct pqm_rules *r;
	struct pqm_arena *arena;
};

static enum pqm_st no_memory(struct pqm_err *err)
{
	return pqm_fail(err, PQM_ENOMEM, "signs: out of memory");
}

static size_t index_of(const struct pqm_sign_rules *s, pqm_bytes id)
{
	for (size_t i = 0; i < s->signs.n; i++)
		if (pqm_eq(s->rule[i]->id, id))
			return i;
	return SIZE_MAX;
}

/* Bytes of pairs of hex digits; empty: they are none. */
static pqm_bytes of_hex(struct pqm_arena *a, pqm_bytes text)
{
	uint8_t *p = pqm_arena_alloc(a, text.n / 2 + 1);

	for (size_t i = 0; p != NULL && i + 1 < text.n; i += 2) {
		int hi = pqm_hex_digit(text.p[i]), lo = pqm_hex_digit(text.p[i + 1]);

		if (hi < 0 || lo < 0)
			return (pqm_bytes){ NULL, 0 };
		p[i / 2] = (uint8_t)(hi << 4 | lo);
	}
	return (pqm_bytes){ p, p == NULL ? 0 : text.n / 2 };
}

/* The text without '~', with the NUL behind it. */
static pqm_bytes of_text(struct pqm_arena *a, pqm_bytes text, bool is_whole)
{
	uint8_t *p = pqm_arena_alloc(a, text.n + 1);
	size_t n = 0;

	for (size_t i = 0; p != NULL && i < text.n; i++)
		if (text.p[i] != '~')
			p[n++] = text.p[i];
	if (p != NULL && is_whole)
		p[n++] = 0;
	return (pqm_bytes){ p, n };
}

/* False: it is written otherwise. */
static bool read_mark(struct pqm_sign_mark *m, const struct pqm_sign_rules *s, pqm_bytes text,
	struct pqm_arena *a)
{
	pqm_bytes word, rest = text;

	*m = (struct pqm_sign_mark){ .kind = PQM_MARK_NUMBER };
	if (!pqm_split(&rest, ' ', &word))
		return false;
	m->is_negative = pqm_starts(word, PQM_LIT("-0x"));
	if (m->is_negative || pqm_starts(word, PQM_LIT("0x"))) {
		for (size_t i = 2 + (size_t)m->is_negative; i < word.n; i++) {
			if (pqm_hex_digit(word.p[i]) < 0)
				return false;
			m->number = m->number << 4 | (uint64_t)pqm_hex_digit(word.p[i]);
		}
		return m->number != 0 && rest.n == 0;
	}
	if (pqm_eqs(word, "calls") || pqm_eqs(word, "reads")) {
		m->kind = word.p[0] == 'c' ? PQM_MARK_CALLS : PQM_MARK_READS;
		m->sign = index_of(s, rest);
		return m->sign != SIZE_MAX;
	}
	m->kind = pqm_eqs(word, "table") ? PQM_MARK_TABLE : PQM_MARK_BYTES;
	if (pqm_eqs(word, "bytes") || pqm_eqs(word, "table"))
		m->bytes = of_hex(a, rest);
	else if (pqm_eqs(word, "text") || pqm_eqs(word, "name"))
		m->bytes = of_text(a, rest, pqm_eqs(word, "name"));
	return m->bytes.n > 0;
}

static enum pqm_st group_of(
	struct build *b, const struct pqm_rule *rule, size_t *out, struct pqm_err *err)
{
	pqm_bytes name = pqm_yaml_str(rule->node, "library");

	for (*out = 0; *out < b->out->n_groups; ++*out)
		if (pqm_eq(b->out->library[*out], name))
			return PQM_OK;
	if (name.n == 0 || b->out->n_groups == PQM_SIGN_GROUPS)
		return pqm_rule_fail(rule, rule->node, err, "library: one is needed, of %d at most",
			PQM_SIGN_GROUPS);
	b->out->library[b->out->n_groups++] = name;
	return PQM_OK;
}

static enum pqm_st read_sign(struct build *b, size_t i, struct pqm_err *err)
{
	const struct pqm_rule *rule = b->out->rule[i];
	const struct pqm_yaml *marks = pqm_yaml_get(rule->node, "marks");
	struct pqm_sign *s = &b->sign[i];
	uint64_t least;
	enum pqm_st st = group_of(b, rule, &s->group, err);

	if (st != PQM_OK)
		return st;
	s->function = pqm_yaml_str(rule->node, "function");
	s->is_one = s->function.n > 0 && !pqm_yaml_true(rule->node, "several") &&
		memchr(s->function.p, '*', s->function.n) == NULL;
	if (marks == NULL || marks->type != PQM_YAML_SEQ || marks->n == 0 ||
		marks->n > PQM_SIGN_MARKS)
		return pqm_rule_fail(rule, rule->node, err, "marks: a list of 1 to %d is needed",
			PQM_SIGN_MARKS);
	for (size_t m = 0; m < marks->n; m++)
		if (!read_mark(&s->mark[s->n_marks++], b->out, pqm_yaml_text(marks->items[m]),
			    b->arena))
			return pqm_rule_fail(rule, marks->items[m], err,
				"marks: 0x…, bytes, text, name, table, calls ID or reads ID is "
				"needed");
	least = s->n_marks;
	(void)pqm_yaml_u64(rule->node, "least", &least);
	if (least == 0 || least > s->n_marks)
		return pqm_rule_fail(rule, rule->node, err, "least: 1 to %zu", s->n_marks);
	s->least = (size_t)least;
	return PQM_OK;
}

enum pqm_st pqm_signs_build(struct pqm_sign_rules *out, const struct pqm_rules *r,
	struct pqm_arena *arena, struct pqm_err *err)
{
	struct build b = { .out = out, .r = r, .arena = arena };
	const struct pqm_rule *rule;
	enum pqm_st st = PQM_OK;

	*out = (struct pqm_sign_rules){ .n_groups = 0 };
	b.sign = pqm_new(arena, struct pqm_sign, PQM_SIGNS);
	if (b.sign == NULL)
		return no_memory(err);
	memset(b.sign, 0, PQM_SIGNS * sizeof(*b.sign));
	for (size_t i = 0; (rule = pqm_rules_next(r, "signs/", &i)) != NULL;) {
		if (out->signs.n == PQM_SIGNS)
			return pqm_rule_fail(
				rule, rule->node, err, "there are more than %d signs", PQM_SIGNS);
		out->rule[out->signs.n++] = rule;
	}
	for (size_t i = 0; st == PQM_OK && i < out->signs.n; i++)
		st = read_sign(&b, i, err);
	out->signs.sign = b.sign;
	return st;
}

static bool is_same(const struct pqm_sign_mark *a, const struct pqm_sign_mark *b)
{
	return a->kind == b->kind && a->number == b->number && a->is_negative == b->is_negative &&
		a->sign == b->sign && pqm_eq(a->bytes, b->bytes);
}

bool pqm_sign_takes(const struct pqm_sign_rules *s, const struct pqm_rule *rule, pqm_bytes sample)
{
	size_t i = index_of(s, rule->id), n = 0;
	unsigned seen = 0;
	struct pqm_arena a;
	pqm_bytes one;

	pqm_arena_init(&a, PQM_ARENA_BYTES);
	while (i < s->signs.n && pqm_split(&sample, ';', &one)) {
		const struct pqm_sign *sign = &s->signs.sign[i];
		struct pqm_sign_mark mark;

		if (!read_mark(&mark, s, pqm_trim(one), &a))
			break;
		for (size_t m = 0; m < sign->n_marks; m++)
			if (is_same(&mark, &sign->mark[m]) && (seen >> m & 1) == 0) {
				seen |= 1u << m;
				n++;
			}
	}
	pqm_arena_fini(&a);
	return i < s->signs.n && n >= s->signs.sign[i].least;
}
