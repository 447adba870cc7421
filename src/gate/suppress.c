#include "suppress.h"

#include "base/limits.h"
#include "base/num.h"

#define ANNOTATION "metadata.annotations.pqmap.dev/ignore-"
/* "until=2027-06-30" counts to the end of that day. */
#define NO_END INT64_MAX
/* The nearest name is looked for this often: each time all rules are compared. */
#define NEAREST_MAX 100

struct list {
	struct pqm_gate *g;
	const struct pqm_rules *rules;
	const struct pqm_policy *policy;
	size_t cap;
	struct pqm_err *err;
};

static enum pqm_st add(struct list *l, const struct pqm_suppression *s)
{
	struct pqm_gate *g = l->g;
	struct pqm_suppression *grown =
		pqm_grow(&g->arena, g->suppressions, g->n_suppressions, &l->cap);

	if (grown == NULL)
		return pqm_fail(l->err, PQM_ENOMEM, "out of memory for what is ignored");
	g->suppressions = grown;
	g->suppressions[g->n_suppressions++] = *s;
	return PQM_OK;
}

/* ---- what it names ---- */

bool pqm_suppress_is_id(pqm_bytes rule)
{
	if (rule.n < 8 || rule.n > 2 * PQM_ID_BYTES)
		return false;
	for (size_t i = 0; i < rule.n; i++)
		if (pqm_hex_digit(rule.p[i]) < 0)
			return false;
	return true;
}

/* Does it name a rule of findings or of the policy? Else the nearest, for as many as a person reads. */
static bool is_rule(const struct list *l, pqm_bytes name, pqm_bytes *near)
{
	bool is_glob = pqm_find_byte(name, 0, '*') != SIZE_MAX;
	const struct pqm_rule *r;
	size_t i = 0, least = SIZE_MAX, d;

	*near = (pqm_bytes){ NULL, 0 };
	if (pqm_suppress_is_id(name) || pqm_rules_get(l->rules, name) != NULL)
		return true;
	for (size_t k = 0; k < l->policy->n; k++)
		if (pqm_glob(name, l->policy->rules[k].id))
			return true;
	if (!is_glob && l->g->n_suppressions >= NEAREST_MAX)
		return false;
	while ((r = pqm_rules_next(l->rules, "", &i)) != NULL) {
		if (is_glob && pqm_glob(name, r->id))
			return true;
		d = is_glob ? SIZE_MAX : pqm_distance(name, r->id);
		if (d < least) {
			least = d;
			*near = r->id;
		}
	}
	return pqm_rules_once(l->rules, name) != NULL;
}

static pqm_bytes no_rule(const struct list *l, pqm_bytes name, pqm_bytes near)
{
	pqm_bytes said = pqm_arena_f(&l->g->arena, "no rule is called '%.*s'%s%.*s", PQM_FMT(name),
		near.n > 0 ? "; the nearest is " : "", PQM_FMT(near));

	return said.p == NULL ? PQM_LIT("no rule is called so") : said;
}

/* ---- settings ---- */

static enum pqm_st check_keys(const struct pqm_yaml *one, pqm_bytes file, struct pqm_err *err)
{
	static const char *const known[] = { "rule", "id", "path", "until", "reason", "ticket" };

	for (size_t i = 0; i < one->n; i++) {
		bool ok = false;

		for (size_t k = 0; k < sizeof(known) / sizeof(known[0]); k++)
			ok = ok || pqm_eqs(one->keys[i]->text, known[k]);
		if (!ok)
			return pqm_fail(err, PQM_EUSAGE,
				"%.*s:%u: unknown key '%.*s' in `ignore`; it has rule (or id), "
				"path, until, "
				"reason, ticket",
				PQM_FMT(file), one->keys[i]->line, PQM_FMT(one->keys[i]->text));
	}
	return PQM_OK;
}

static enum pqm_st read_one(struct list *l, const struct pqm_yaml *one, pqm_bytes file)
{
	struct pqm_suppression s = { .kind = PQM_LIT("config"), .at = file, .until = NO_END };
	pqm_bytes until, near;
	enum pqm_st st;

	if (one->type != PQM_YAML_MAP)
		return pqm_fail(l->err, PQM_EUSAGE,
			"%.*s:%u: an entry of `ignore` is a mapping: { rule: …, reason: … }",
			PQM_FMT(file), one->line);
	st = check_keys(one, file, l->err);
	if (st != PQM_OK)
		return st;
	s.rule = pqm_yaml_str(one, "rule");
	if (s.rule.n == 0)
		s.rule = pqm_yaml_str(one, "id");
	s.path = pqm_yaml_str(one, "path");
	s.reason = pqm_yaml_str(one, "reason");
	until = pqm_yaml_str(one, "until");
	s.line = one->line;
	if (s.rule.n == 0)
		return pqm_fail(l->err, PQM_EUSAGE, "%.*s:%u: which rule (or id) is ignored?",
			PQM_FMT(file), one->line);
	if (!is_rule(l, s.rule, &near))
		return pqm_fail(l->err, PQM_EUSAGE, "%.*s:%u: %.*s (`pqmap rules list`)",
			PQM_FMT(file), one->line, PQM_FMT(no_rule(l, s.rule, near)));
	if (s.reason.n == 0)
		return pqm_fail(l->err, PQM_EUSAGE,
			"%.*s:%u: give the reason why '%.*s' is ignored: the next reader will ask",
			PQM_FMT(file), one->line, PQM_FMT(s.rule));
	if (until.n > 0 && !pqm_date_parse(until, &s.until))
		return pqm_fail(l->err, PQM_EUSAGE,
			"%.*s:%u: until: '%.*s' is not a date; write it as 2027-06-30",
			PQM_FMT(file), one->line, PQM_FMT(until));
	return add(l, &s);
}

enum pqm_st pqm_suppress_config(struct pqm_gate *g, const struct pqm_suppress_rules *known,
	const struct pqm_yaml *list, pqm_bytes file, struct pqm_err *err)
{
	struct list l = { g, known->rules, known->policy, g->n_suppressions, err };
	enum pqm_st st = PQM_OK;

	if (list != NULL && list->type != PQM_YAML_SEQ)
		return pqm_fail(
			err, PQM_EUSAGE, "%.*s:%u: `ignore` is a list", PQM_FMT(file), list->line);
	for (size_t i = 0; list != NULL && i < list->n && st == PQM_OK; i++)
		st = read_one(&l, list->items[i], file);
	return st;
}

/* ---- what was scanned ---- */

static const struct pqm_fact *fact_of(const struct pqm_object *o, const char *key)
{
	for (size_t i = 0; i < o->n_facts; i++)
		if (pqm_eqs(o->facts[i].key, key))
			return &o->facts[i];
	return NULL;
}

static pqm_bytes value_of(const struct pqm_object *o, const char *key)
{
	const struct pqm_fact *f = fact_of(o, key);

	return f == NULL ? (pqm_bytes){ NULL, 0 } : f->value;
}

/* Takes one of what was scanned in, with what is wrong with it. A text that explains how to ignore is no mistake. */
static enum pqm_st add_found(struct list *l, struct pqm_suppression *s, pqm_bytes until)
{
	pqm_bytes near;

	if (s->rule.n == 0)
		s->fault = PQM_LIT("it names no rule");
	else if (!is_rule(l, s->rule, &near))
		s->fault = no_rule(l, s->rule, near);
	else if (until.n > 0 && !pqm_date_parse(until, &s->until))
		s->fault = PQM_LIT("until= is no date; write it as 2027-06-30");
	else if (s->fault.n == 0 && s->reason.n == 0)
		s->fault = PQM_LIT("it gives no reason; add reason=WHY");
	s->is_set_aside = l->g->no_inline;
	return add(l, s);
}

static bool is_prose(pqm_bytes path)
{
	static const char *const ends[] = { ".md", ".rst", ".adoc", ".txt", ".html" };

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (pqm_ends(path, pqm_str(ends[i])))
			return true;
	return false;
}

static pqm_bytes odd_word(const struct list *l, pqm_bytes word)
{
	pqm_bytes said;

	if (word.n == 0)
		return word;
	said = pqm_arena_f(
		&l->g->arena, "'%.*s' is none of until=DATE, ticket=X, reason=WHY", PQM_FMT(word));
	return said.p == NULL ? word : said;
}

/* What det_ignore made of a comment, for one of its rules. */
static enum pqm_st add_comment(struct list *l, const struct pqm_object *o, pqm_bytes rule)
{
	struct pqm_suppression s = { .kind = PQM_LIT("comment"),
		.rule = rule,
		.reason = value_of(o, "reason"),
		.fault = odd_word(l, value_of(o, "odd")),
		.until = NO_END,
		.at = o->path,
		.line = o->line,
		.target = o->target,
		.is_whole_file = fact_of(o, "file") != NULL,
		.is_alone = fact_of(o, "alone") != NULL };
	pqm_bytes to = value_of(o, "bytes"), from;
	enum pqm_st st;

	if (!pqm_split(&to, '-', &from) || !pqm_u64_parse(from, UINT64_MAX, &s.from) ||
		!pqm_u64_parse(to, UINT64_MAX, &s.to))
		s.to = s.from;
	st = add_found(l, &s, value_of(o, "until"));

	if (st == PQM_OK && s.fault.n > 0 && is_prose(o->path))
		l->g->n_suppressions--;
	return st;
}

static enum pqm_st add_comments(struct list *l, const struct pqm_object *o)
{
	pqm_bytes rest = value_of(o, "rule"), rule;
	enum pqm_st st = rest.n == 0 ? add_comment(l, o, rest) : PQM_OK;

	while (st == PQM_OK && rest.n > 0 && pqm_split(&rest, ',', &rule))
		st = add_comment(l, o, rule);
	return st;
}

static pqm_bytes id_of(struct pqm_gate *g, const struct pqm_object *o)
{
	return o->ns.n > 0
		? pqm_arena_f(&g->arena, "%.*s/%.*s/%.*s", PQM_FMT(o->ns), PQM_FMT(o->kind),
			  PQM_FMT(o->name))
		: pqm_arena_f(&g->arena, "%.*s/%.*s", PQM_FMT(o->kind), PQM_FMT(o->name));
}

/* "reason; until=2027-06-30; ticket=X" */
static enum pqm_st add_annotation(
	struct list *l, const struct pqm_object *o, const struct pqm_fact *f)
{
	pqm_bytes rest = f->value, part;
	struct pqm_suppression s = { .kind = PQM_LIT("annotation"),
		.rule = pqm_sub(f->key, sizeof(ANNOTATION) - 1, f->key.n),
		.until = NO_END,
		.at = o->path,
		.line = f->line,
		.target = o->target };
	pqm_bytes until = { NULL, 0 };

	while (pqm_split(&rest, ';', &part)) {
		part = pqm_trim(part);
		if (pqm_starts(part, PQM_LIT("until=")))
			until = part.n > 6 ? pqm_sub(part, 6, part.n) : part;
		else if (pqm_starts(part, PQM_LIT("reason=")))
			s.reason = pqm_sub(part, 7, part.n);
		else if (!pqm_starts(part, PQM_LIT("ticket=")) && s.reason.n == 0)
			s.reason = part;
	}
	s.object = id_of(l->g, o);
	if (s.object.p == NULL)
		return pqm_fail(l->err, PQM_ENOMEM, "out of memory for what is ignored");
	return add_found(l, &s, until);
}

enum pqm_st pqm_suppress_found(struct pqm_gate *g, const struct pqm_suppress_rules *known,
	const struct pqm_inventory *inv, struct pqm_err *err)
{
	struct list l = { g, known->rules, known->policy, g->n_suppressions, err };
	enum pqm_st st = PQM_OK;

	for (size_t i = 0; i < inv->n_objects && st == PQM_OK; i++) {
		const struct pqm_object *o = &inv->objects[i];

		if (pqm_eqs(o->group, "pqmap.dev") && pqm_eqs(o->kind, "Ignore")) {
			st = add_comments(&l, o);
			continue;
		}
		for (size_t k = 0; k < o->n_facts && st == PQM_OK; k++)
			if (pqm_starts(o->facts[k].key, PQM_LIT(ANNOTATION)))
				st = add_annotation(&l, o, &o->facts[k]);
	}
	return st;
}

static int by_place(const void *x, const void *y)
{
	const struct pqm_suppression *a = x, *b = y;
	int c = pqm_cmp(a->at, b->at);

	if (c == 0 && a->line != b->line)
		c = a->line < b->line ? -1 : 1;
	if (c == 0)
		c = pqm_cmp(a->rule, b->rule);
	return c != 0 ? c : pqm_cmp(a->kind, b->kind);
}

void pqm_suppress_settle(struct pqm_gate *g, int64_t now_days)
{
	if (g->n_suppressions > 1)
		qsort(g->suppressions, g->n_suppressions, sizeof(*g->suppressions), by_place);
	for (size_t i = 0; i < g->n_suppressions; i++) {
		struct pqm_suppression *s = &g->suppressions[i];

		s->is_expired = s->fault.n == 0 && now_days > s->until;
		g->n_set_aside += s->is_set_aside;
		g->n_faulty += !s->is_set_aside && s->fault.n > 0;
	}
}

pqm_bytes pqm_suppression_state(const struct pqm_gate *g, const struct pqm_suppression *s)
{
	if (s->is_set_aside)
		return PQM_LIT("");
	if (s->fault.n > 0)
		return s->fault;
	if (s->is_expired)
		return PQM_LIT("has ended");
	/* What was not read may be what it lets pass. */
	if (s->n_used > 0 || (g->is_partial && pqm_eqs(s->kind, "config")))
		return PQM_LIT("");
	return PQM_LIT("lets nothing pass any more; remove it");
}

/* ---- matching ---- */

static bool names_rule(const struct pqm_rules *r, pqm_bytes rule, const struct pqm_finding *f,
	pqm_bytes policy_rule)
{
	char hex[2 * PQM_ID_BYTES + 1];

	if (pqm_glob(rule, f->rule) || pqm_glob(rule, policy_rule))
		return true;
	if (!pqm_suppress_is_id(rule))
		return pqm_rule_was_called(pqm_rules_get(r, f->rule), rule);
	pqm_id_hex(hex, f->id);
	return pqm_starts(pqm_str(hex), rule);
}

static pqm_bytes plain_path(pqm_bytes path)
{
	return pqm_starts(path, PQM_LIT("./")) ? pqm_sub(path, 2, path.n) : path;
}

/* The file itself, not what lies inside it. */
static pqm_bytes file_of(pqm_bytes path)
{
	size_t at = pqm_find(path, 0, PQM_LIT(" › "));

	return at == SIZE_MAX ? path : pqm_sub(path, 0, at);
}

pqm_bytes pqm_suppress_path(const struct pqm_occurrence *o)
{
	return plain_path(file_of(o->path));
}

/* Offset 0 is also that of what has no place in its file. */
static bool is_in_bytes(const struct pqm_suppression *s, const struct pqm_occurrence *o)
{
	return o->line == 0 && o->off > 0 && pqm_eq(s->at, o->path) && o->off >= s->from &&
		o->off < s->to;
}

/* An object without a namespace is in that of the context, which is called "default". */
static bool is_object(pqm_bytes object, pqm_bytes name)
{
	const pqm_bytes own = PQM_LIT("default/");

	if (pqm_starts(object, own) && !pqm_starts(name, own))
		object = pqm_sub(object, own.n, object.n);
	return pqm_starts(object, name) && (object.n == name.n || object.p[name.n] == '#');
}

static bool covers(const struct pqm_suppression *s, const struct pqm_occurrence *o)
{
	if (s->object.n > 0)
		return s->target == o->target && is_object(o->object, s->object);
	if (pqm_eqs(s->kind, "comment"))
		return s->target == o->target && pqm_eq(s->at, file_of(o->path)) &&
			(s->is_whole_file || s->line == o->line || is_in_bytes(s, o) ||
				(s->is_alone && s->line + 1 == o->line));
	return s->path.n == 0 || pqm_glob(plain_path(s->path), pqm_suppress_path(o));
}

struct pqm_suppression *pqm_suppress_find(const struct pqm_gate *g, const struct pqm_rules *r,
	const struct pqm_finding *f, const struct pqm_occurrence *o, pqm_bytes policy_rule)
{
	struct pqm_suppression *expired = NULL;

	for (size_t i = 0; i < g->n_suppressions; i++) {
		struct pqm_suppression *s = &g->suppressions[i];

		if (s->fault.n > 0 || s->is_set_aside || !names_rule(r, s->rule, f, policy_rule) ||
			!covers(s, o))
			continue;
		if (!s->is_expired)
			return s;
		expired = expired == NULL ? s : expired;
	}
	return expired;
}
