/*
 * One report as a side of a diff. The text is walked twice, as whoever sorted its keys put the targets behind
 * what names them; each finding, asset and task is a tree only while it is read.
 */
#include "report/diff.h"

#include <math.h>

#include "base/limits.h"
#include "base/num.h"
#include "parse/yaml_json.h"
#include "report/load.h"

#define SCHEMA_VERSION 1

struct reader {
	struct pqm_diff_side *s;
	pqm_bytes text;
	size_t cap_targets, cap_findings, cap_notes, cap_assets, cap_tasks, cap_deadlines,
		cap_graph;
	struct pqm_diff_asset *graph; /* what the graph says of the assets */
	size_t n_graph;
	struct pqm_arena scratch; /* of one finding */
	struct pqm_map texts;	  /* words that come again and again, once */
	struct pqm_map aliases;	  /* a rule's earlier name -> struct pqm_rule */
	unsigned pass;
	uint32_t seen; /* members of the table below, by pass */
	bool is_report;
	struct pqm_err *err;
};

typedef enum pqm_st take_fn(struct reader *r, const struct pqm_json *v, size_t i);

static enum pqm_st no_memory(struct reader *r)
{
	return pqm_fail(r->err, PQM_ENOMEM, "%s: the report does not fit in memory", r->s->name);
}

static enum pqm_st bad(struct reader *r, const char *list, size_t i, const char *what)
{
	return pqm_fail(r->err, PQM_EPARSE, "%s: %s[%zu]: %s", r->s->name, list, i, what);
}

#define PUSH(r, arr, n, cap) ((arr) = pqm_grow(&(r)->s->arena, (arr), (n), &(cap)))

static bool keep(struct reader *r, pqm_bytes b, pqm_bytes *out)
{
	*out = b.n == 0 ? (pqm_bytes){ NULL, 0 } : pqm_bytes_dup(&r->s->arena, b);
	return b.n == 0 || out->p != NULL;
}

static bool keep_str(struct reader *r, const struct pqm_json *v, const char *key, pqm_bytes *out)
{
	return keep(r, pqm_json_str(v, key), out);
}

static bool once(struct reader *r, pqm_bytes b, pqm_bytes *out)
{
	pqm_bytes *known = b.n == 0 ? NULL : pqm_map_get(&r->texts, b);

	*out = (pqm_bytes){ NULL, 0 };
	if (b.n > 0 && known == NULL) {
		known = pqm_new(&r->s->arena, pqm_bytes, 1);
		if (known == NULL || !keep(r, b, known) || !pqm_map_put(&r->texts, *known, known))
			return false;
	}
	if (known != NULL)
		*out = *known;
	return true;
}

static double number(const struct pqm_json *v, const char *key)
{
	double d = 0;

	return pqm_json_get_f64(v, key, &d) && isfinite(d) ? d : 0;
}

static int64_t day(const struct pqm_json *v, const char *key)
{
	int64_t days = INT64_MIN;

	(void)pqm_date_parse(pqm_json_str(v, key), &days);
	return days;
}

static enum pqm_st take_version(struct reader *r, const struct pqm_json *v, size_t i)
{
	uint64_t version;

	(void)i;
	r->is_report = pqm_json_u64(v, &version);
	if (r->is_report && version > SCHEMA_VERSION)
		return pqm_fail(r->err, PQM_EUSAGE,
			"%s: schema_version %llu, this pqmap reads up to %d; use a newer pqmap",
			r->s->name, (unsigned long long)version, SCHEMA_VERSION);
	return PQM_OK;
}

static enum pqm_st take_tool(struct reader *r, const struct pqm_json *v, size_t i)
{
	(void)i;
	r->is_report = r->is_report && pqm_eqs(pqm_json_str(v, "name"), "pqmap");
	return keep_str(r, v, "version", &r->s->tool) ? PQM_OK : no_memory(r);
}

static enum pqm_st take_rules(struct reader *r, const struct pqm_json *v, size_t i)
{
	(void)i;
	return keep_str(r, v, "version", &r->s->rules) ? PQM_OK : no_memory(r);
}

static pqm_bytes as_it_is(const struct reader *r, pqm_bytes text)
{
	(void)r;
	return text;
}

/* A list of texts as one. */
static bool keep_list(struct reader *r, const struct pqm_json *list,
	pqm_bytes (*of)(const struct reader *r, pqm_bytes text), pqm_bytes *out)
{
	struct pqm_buf all;
	bool ok;

	pqm_buf_init(&all, PQM_DIFF_ITEM_BYTES);
	for (const struct pqm_json *k = pqm_json_first(list); k != NULL; k = pqm_json_next(k)) {
		(void)(all.n > 0 && pqm_buf_add(&all, PQM_LIT(", ")));
		(void)pqm_buf_add(&all, of(r, pqm_json_text(k)));
	}
	ok = !all.failed && keep(r, pqm_buf_bytes(&all), out);
	pqm_buf_fini(&all);
	return ok;
}

static enum pqm_st take_settings(struct reader *r, const struct pqm_json *v, size_t i)
{
	(void)i;
	if (!pqm_date_parse(pqm_json_str(v, "now"), &r->s->now_days))
		return pqm_fail(
			r->err, PQM_EPARSE, "%s: settings.now: not a date YYYY-MM-DD", r->s->name);
	return keep_list(r, pqm_json_get(v, "regimes"), as_it_is, &r->s->regimes) ? PQM_OK
										  : no_memory(r);
}

static enum pqm_st take_target(struct reader *r, const struct pqm_json *v, size_t i)
{
	struct pqm_diff_target t = { .failed = pqm_json_true(v, "failed") };

	if (i >= PQM_TARGETS_MAX)
		return pqm_fail(r->err, PQM_ELIMIT, "%s: targets: over the limit of %d", r->s->name,
			PQM_TARGETS_MAX);
	if (!keep_str(r, v, "name", &t.name) || !once(r, pqm_json_str(v, "kind"), &t.kind) ||
		PUSH(r, r->s->targets, r->s->n_targets, r->cap_targets) == NULL)
		return no_memory(r);
	r->s->targets[r->s->n_targets++] = t;
	return PQM_OK;
}

/* "clinic/edge/tls.yaml" of the target "clinic" is "edge/tls.yaml". */
static pqm_bytes below(const struct pqm_diff_side *s, uint32_t target, pqm_bytes path)
{
	pqm_bytes name = s->targets[target].name;

	while (name.n > 1 && name.p[name.n - 1] == '/')
		name.n--;
	if (name.n == 0 || !pqm_starts(path, name))
		return path;
	path = pqm_sub(path, name.n, path.n);
	return path.n > 0 && path.p[0] == '/' ? pqm_sub(path, 1, path.n) : path;
}

/* A place in a text, which does not say of what target. */
static pqm_bytes below_any(const struct reader *r, pqm_bytes text)
{
	for (uint32_t t = 0; t < r->s->n_targets; t++) {
		pqm_bytes rest = below(r->s, t, text);

		if (rest.n < text.n)
			return rest;
	}
	return text;
}

static enum pqm_st take_places(
	struct reader *r, struct pqm_diff_finding *f, const struct pqm_finding *from)
{
	f->places = pqm_new(&r->s->arena, struct pqm_diff_place, from->n_occs);
	if (f->places == NULL)
		return no_memory(r);
	for (size_t k = 0; k < from->n_occs; k++) {
		const struct pqm_occurrence *o = &from->occs[k];
		struct pqm_diff_place *p = &f->places[f->n_places];

		if (!keep(r, below(r->s, o->target, o->path), &p->path) ||
			!keep(r, o->object, &p->object) ||
			!once(r, pqm_occ_attr(o, "value"), &p->value) ||
			!once(r, pqm_occ_attr(o, "fallback"), &p->fallback))
			return no_memory(r);
		p->target = o->target;
		p->line = o->line;
		f->n_places++;
	}
	return PQM_OK;
}

/* The id that the thing has under today's name of its rule. */
static void set_key(struct reader *r, struct pqm_diff_finding *f)
{
	const struct pqm_rule *rule = f->rule.n == 0 ? NULL : pqm_map_get(&r->aliases, f->rule);
	struct pqm_found now = { .meaning = f->meaning,
		.family = f->family,
		.parameter = f->parameter,
		.identity = f->identity };

	memcpy(f->key, f->id, sizeof(f->key));
	if (rule == NULL)
		return;
	now.rule = rule->id;
	pqm_finding_id(f->key, &now);
}

static enum pqm_st take_finding(struct reader *r, const struct pqm_json *v, size_t i)
{
	struct pqm_diff_side *s = r->s;
	struct pqm_err why = { 0 };
	struct pqm_finding from;
	struct pqm_diff_finding *f;
	enum pqm_st st = pqm_finding_read(&from, v, s->n_targets, &r->scratch, &why);

	if (st == PQM_ENOMEM)
		return no_memory(r);
	if (st != PQM_OK)
		/* "finding: findings[0]: words" */
		return bad(r, "findings", i,
			strstr(why.msg, "]: ") != NULL ? strstr(why.msg, "]: ") + 3 : why.msg);
	if (PUSH(r, s->findings, s->n_findings, r->cap_findings) == NULL)
		return no_memory(r);
	f = &s->findings[s->n_findings];
	*f = (struct pqm_diff_finding){ .meaning = from.meaning,
		.function = from.function,
		.quantum = from.quantum,
		.classical = from.classical,
		.evidence = from.evidence,
		.basis = from.basis,
		.bits = from.bits,
		.is_folded = from.is_folded };
	memcpy(f->id, from.id, sizeof(f->id));
	if (!once(r, from.rule, &f->rule) || !once(r, from.family, &f->family) ||
		!once(r, from.algorithm, &f->algorithm) ||
		!once(r, from.parameter, &f->parameter) || !keep(r, from.identity, &f->identity))
		return no_memory(r);
	set_key(r, f);
	s->n_findings++;
	if (!f->is_folded) {
		s->found[f->meaning][f->quantum]++;
		s->by_quantum[f->quantum]++;
		s->total_found++;
	}
	return take_places(r, f, &from);
}

static enum pqm_st take_note(struct reader *r, const struct pqm_json *v, size_t i)
{
	struct pqm_diff_note n = { 0 };
	uint64_t target;

	if (!pqm_json_get_u64(v, "target", &target) || target >= r->s->n_targets)
		return bad(r, "coverage.notes", i, "target is not a number that exists");
	n.target = (uint32_t)target;
	/* What was read in full, though it could not be proved to be what its name says. */
	if (pqm_eqs(pqm_json_str(v, "reason"), "unverified"))
		return PQM_OK;
	if (!keep(r, below(r->s, n.target, pqm_json_str(v, "path")), &n.path) ||
		!once(r, pqm_json_str(v, "reason"), &n.reason) ||
		PUSH(r, r->s->notes, r->s->n_notes, r->cap_notes) == NULL)
		return no_memory(r);
	r->s->notes[r->s->n_notes++] = n;
	return PQM_OK;
}

static enum pqm_st take_dropped(struct reader *r, const struct pqm_json *v, size_t i)
{
	(void)i;
	(void)pqm_json_u64(v, &r->s->n_notes_dropped);
	return PQM_OK;
}

static enum pqm_st take_seen(struct reader *r, const struct pqm_json *v, size_t i)
{
	(void)i;
	(void)pqm_json_u64(v, &r->s->seen);
	return PQM_OK;
}

static enum pqm_st take_read(struct reader *r, const struct pqm_json *v, size_t i)
{
	(void)i;
	(void)pqm_json_u64(v, &r->s->read);
	return PQM_OK;
}

static enum pqm_st take_graph_asset(struct reader *r, const struct pqm_json *v, size_t i)
{
	const struct pqm_json *hops = pqm_json_get(v, "hops");
	struct pqm_diff_asset a = { 0 };

	(void)i;
	a.hops = pqm_new(&r->s->arena, struct pqm_diff_hop, pqm_json_size(hops));
	if (a.hops == NULL || !keep_str(r, v, "id", &a.id) || !keep_str(r, v, "name", &a.name) ||
		!keep_str(r, pqm_json_get(v, "life_years"), "source", &a.life_source) ||
		!keep_str(r, pqm_json_get(v, "impact"), "source", &a.impact_source))
		return no_memory(r);
	for (const struct pqm_json *h = pqm_json_first(hops); h != NULL; h = pqm_json_next(h)) {
		struct pqm_diff_hop *hop = &a.hops[a.n_hops++];

		if (!keep_str(r, h, "label", &hop->label) || !keep_str(r, h, "from", &hop->from) ||
			!keep_str(r, h, "to", &hop->to))
			return no_memory(r);
	}
	if (PUSH(r, r->graph, r->n_graph, r->cap_graph) == NULL)
		return no_memory(r);
	r->graph[r->n_graph++] = a;
	return PQM_OK;
}

static struct pqm_money money_of(const struct pqm_json *v)
{
	const struct pqm_json *m = pqm_json_get(v, "central");

	return (struct pqm_money){ .expected = number(m, "expected"),
		.sunk = number(m, "sunk"),
		.avoidable = number(m, "avoidable"),
		.quarter = number(m, "quarter") };
}

static bool decision(const struct pqm_json *v, const char *key, enum pqm_decision *out)
{
	pqm_bytes word = pqm_json_str(v, key);

	for (unsigned d = PQM_TRACK; d <= PQM_ACT; d++)
		if (pqm_eqs(word, pqm_decision_name((enum pqm_decision)d))) {
			*out = (enum pqm_decision)d;
			return true;
		}
	return false;
}

static enum pqm_st take_uses(struct reader *r, struct pqm_diff_asset *a, const struct pqm_json *v)
{
	const struct pqm_json *uses = pqm_json_get(v, "uses");

	a->uses = pqm_new(&r->s->arena, struct pqm_diff_use, pqm_json_size(uses));
	if (a->uses == NULL)
		return no_memory(r);
	for (const struct pqm_json *u = pqm_json_first(uses); u != NULL; u = pqm_json_next(u)) {
		struct pqm_diff_use *use = &a->uses[a->n_uses++];

		use->p = number(pqm_json_get(u, "p"), "central");
		if (!keep_str(r, u, "vector", &use->vector))
			return no_memory(r);
		if (!pqm_json_get_u64(u, "hop", &use->hop))
			use->hop = UINT64_MAX;
	}
	return PQM_OK;
}

static enum pqm_st take_asset(struct reader *r, const struct pqm_json *v, size_t i)
{
	struct pqm_diff_side *s = r->s;
	const struct pqm_json *m = pqm_json_get(v, "money");
	struct pqm_diff_asset a = { .p = number(pqm_json_get(v, "p"), "central"),
		.sunk = number(pqm_json_get(v, "sunk"), "central"),
		.cod = number(pqm_json_get(v, "cod"), "central"),
		.is_broken_today = pqm_json_true(v, "broken_today"),
		.has_money = m != NULL,
		.money = money_of(m) };
	enum pqm_st st;

	if (!decision(v, "decision", &a.decision))
		return bad(r, "assessment.assets", i, "decision is none of Track Plan Attend Act");
	if (!decision(v, "decision_by_impact", &a.by_impact))
		a.by_impact = a.decision;
	if (!decision(v, "decision_by_deadline", &a.by_deadline))
		a.by_deadline = PQM_TRACK;
	if (!keep_str(r, v, "id", &a.id))
		return no_memory(r);
	st = take_uses(r, &a, v);
	if (st != PQM_OK)
		return st;
	if (PUSH(r, s->assets, s->n_assets, r->cap_assets) == NULL)
		return no_memory(r);
	s->assets[s->n_assets++] = a;
	return PQM_OK;
}

static enum pqm_st take_curve(struct reader *r, const struct pqm_json *v, size_t i)
{
	(void)i;
	return keep(r, pqm_json_text(v), &r->s->curve) ? PQM_OK : no_memory(r);
}

static enum pqm_st take_currency(struct reader *r, const struct pqm_json *v, size_t i)
{
	(void)i;
	return keep(r, pqm_json_text(v), &r->s->currency) ? PQM_OK : no_memory(r);
}

static enum pqm_st take_totals(struct reader *r, const struct pqm_json *v, size_t i)
{
	(void)i;
	r->s->has_money = true;
	r->s->total = money_of(v);
	return PQM_OK;
}

static enum pqm_st take_task(struct reader *r, const struct pqm_json *v, size_t i)
{
	struct pqm_diff_task t = { .finish = day(v, "finish_hi") };

	(void)i;
	if (!keep_str(r, v, "id", &t.id) || !keep_str(r, v, "title", &t.title) ||
		!keep_list(r, pqm_json_get(v, "where"), below_any, &t.where) ||
		!keep_list(r, pqm_json_get(v, "change"), as_it_is, &t.change) ||
		PUSH(r, r->s->tasks, r->s->n_tasks, r->cap_tasks) == NULL)
		return no_memory(r);
	r->s->tasks[r->s->n_tasks++] = t;
	return PQM_OK;
}

static enum pqm_st take_deadline(struct reader *r, const struct pqm_json *v, size_t i)
{
	struct pqm_diff_deadline d = { .date = day(v, "date"), .is_met = pqm_json_true(v, "met") };

	(void)i;
	d.has_slack = day(v, "finish") != INT64_MIN &&
		pqm_json_get_f64(v, "slack_years", &d.slack_years) && isfinite(d.slack_years);
	if (!keep_str(r, v, "id", &d.id) || !keep_str(r, v, "title", &d.title) ||
		PUSH(r, r->s->deadlines, r->s->n_deadlines, r->cap_deadlines) == NULL)
		return no_memory(r);
	r->s->deadlines[r->s->n_deadlines++] = d;
	return PQM_OK;
}

static const struct member {
	const char *in, *key; /* in "": of the root */
	unsigned pass;
	bool is_list;
	take_fn *take;
} members[] = {
	{ "", "schema_version", 1, false, take_version },
	{ "", "tool", 2, false, take_tool },
	{ "", "rules", 2, false, take_rules },
	{ "", "settings", 2, false, take_settings },
	{ "", "targets", 1, true, take_target },
	{ "", "findings", 2, true, take_finding },
	{ "coverage", "seen", 2, false, take_seen },
	{ "coverage", "read", 2, false, take_read },
	{ "coverage", "notes", 2, true, take_note },
	{ "coverage", "notes_dropped", 2, false, take_dropped },
	{ "graph", "assets", 2, true, take_graph_asset },
	{ "assessment", "assets", 2, true, take_asset },
	{ "assessment", "curve", 2, false, take_curve },
	{ "assessment", "currency", 2, false, take_currency },
	{ "assessment", "totals", 2, false, take_totals },
	{ "plan", "tasks", 2, true, take_task },
	{ "plan", "deadlines", 2, true, take_deadline },
};

#define N_MEMBERS (sizeof(members) / sizeof(members[0]))

static enum pqm_st broken(struct reader *r, const struct pqm_yjson_at *at)
{
	return pqm_fail(
		r->err, PQM_EPARSE, "%s:%u:%u: not JSON here", r->s->name, at->line, at->col);
}

/* One value as a tree. */
static enum pqm_st take_value(
	struct reader *r, struct pqm_yjson_at *at, const struct member *m, size_t i)
{
	struct pqm_yjson_at begin = *at;
	struct pqm_json *v = NULL;
	struct pqm_err why = { 0 };
	enum pqm_st st;

	if (!pqm_yjson_skip_value(r->text, at))
		return broken(r, at);
	st = pqm_json_parse(
		&v, pqm_sub(r->text, begin.off, at->off - begin.off), PQM_DIFF_ITEM_BYTES, &why);
	if (st != PQM_OK)
		return pqm_fail(
			r->err, st, "%s:%u:%u: %s", r->s->name, begin.line, begin.col, why.msg);
	st = m->take(r, v, i);
	pqm_json_free(v);
	pqm_arena_reset(&r->scratch);
	return st;
}

static enum pqm_st take_list(struct reader *r, struct pqm_yjson_at *at, const struct member *m)
{
	enum pqm_st st = PQM_OK;
	size_t i = 0;

	if (!pqm_yjson_enter(r->text, at, '['))
		return pqm_fail(r->err, PQM_EPARSE, "%s:%u:%u: %s is no list", r->s->name, at->line,
			at->col, m->key);
	while (st == PQM_OK && pqm_yjson_element(r->text, at))
		st = take_value(r, at, m, i++);
	if (st != PQM_OK)
		return st;
	if (at->off >= r->text.n || r->text.p[at->off] != ']')
		return broken(r, at);
	at->off++;
	at->col++;
	return PQM_OK;
}

static enum pqm_st take_member(struct reader *r, struct pqm_yjson_at *at, size_t k)
{
	const struct member *m = &members[k];

	if (m->pass != r->pass)
		return pqm_yjson_skip_value(r->text, at) ? PQM_OK : broken(r, at);
	if ((r->seen >> k & 1) != 0)
		return pqm_fail(r->err, PQM_EPARSE, "%s:%u:%u: %s comes twice", r->s->name,
			at->line, at->col, m->key);
	r->seen |= UINT32_C(1) << k;
	return m->is_list ? take_list(r, at, m) : take_value(r, at, m, 0);
}

/* in: empty for the root, whose members that hold some of ours are gone into. */
static enum pqm_st walk(struct reader *r, struct pqm_yjson_at *at, pqm_bytes in)
{
	enum pqm_st st = PQM_OK;
	pqm_bytes key;

	if (!pqm_yjson_enter(r->text, at, '{'))
		return broken(r, at);
	while (st == PQM_OK && pqm_yjson_key(r->text, at, &key)) {
		size_t own = N_MEMBERS;
		bool holds = false;

		for (size_t k = 0; k < N_MEMBERS; k++) {
			if (pqm_eqs(in, members[k].in) && pqm_eqs(key, members[k].key))
				own = k;
			holds = holds || (in.n == 0 && key.n > 0 && pqm_eqs(key, members[k].in));
		}
		if (own < N_MEMBERS)
			st = take_member(r, at, own);
		else if (holds)
			st = walk(r, at, key);
		else if (!pqm_yjson_skip_value(r->text, at))
			st = broken(r, at);
	}
	if (st != PQM_OK)
		return st;
	if (at->off >= r->text.n || r->text.p[at->off] != '}')
		return broken(r, at);
	at->off++;
	at->col++;
	return PQM_OK;
}

static int place_order(const void *a, const void *b)
{
	const struct pqm_diff_place *x = a, *y = b;
	int c = (x->target > y->target) - (x->target < y->target);

	if (c == 0)
		c = pqm_cmp(x->path, y->path);
	if (c == 0)
		c = pqm_cmp(x->object, y->object);
	return c != 0 ? c : (x->line > y->line) - (x->line < y->line);
}

static int finding_order(const void *a, const void *b)
{
	const struct pqm_diff_finding *x = a, *y = b;
	int c = memcmp(x->key, y->key, sizeof(x->key));

	return c != 0 ? c : memcmp(x->id, y->id, sizeof(x->id));
}

/* Assets, tasks and deadlines begin with their id. */
static int id_order(const void *a, const void *b)
{
	return pqm_cmp(*(const pqm_bytes *)a, *(const pqm_bytes *)b);
}

static void sort(void *list, size_t n, size_t size, int (*order)(const void *, const void *))
{
	if (n > 1)
		qsort(list, n, size, order);
}

/* After sorting, what has the id of the one before it. */
static enum pqm_st twice(struct reader *r, const char *list, pqm_bytes id)
{
	return pqm_fail(
		r->err, PQM_EPARSE, "%s: %s: id %.*s comes twice", r->s->name, list, PQM_FMT(id));
}

/* What the graph says of each asset goes to its score. */
static void join(struct reader *r)
{
	struct pqm_diff_side *s = r->s;

	sort(r->graph, r->n_graph, sizeof(*r->graph), id_order);
	for (size_t i = 0; i < s->n_assets; i++) {
		struct pqm_diff_asset *a = &s->assets[i];
		size_t at = r->n_graph == 0
			? 0
			: pqm_lower_bound(r->graph, r->n_graph, sizeof(*r->graph), 0, a->id);

		a->name = a->id;
		if (at >= r->n_graph || !pqm_eq(r->graph[at].id, a->id))
			continue;
		const struct pqm_diff_asset *g = &r->graph[at];

		a->name = g->name.n > 0 ? g->name : a->id;
		a->life_source = g->life_source;
		a->impact_source = g->impact_source;
		for (size_t k = 0; k < a->n_uses; k++)
			if (a->uses[k].hop < g->n_hops)
				a->uses[k].at = g->hops[a->uses[k].hop];
	}
}

static enum pqm_st settle(struct reader *r)
{
	struct pqm_diff_side *s = r->s;

	for (size_t i = 0; i < s->n_findings; i++)
		sort(s->findings[i].places, s->findings[i].n_places, sizeof(struct pqm_diff_place),
			place_order);
	sort(s->findings, s->n_findings, sizeof(*s->findings), finding_order);
	for (size_t i = 1; i < s->n_findings; i++)
		if (finding_order(&s->findings[i - 1], &s->findings[i]) == 0) {
			char hex[2 * PQM_ID_BYTES + 1];

			pqm_id_hex(hex, s->findings[i].id);
			return pqm_fail(r->err, PQM_EPARSE, "%s: findings: id %s comes twice",
				s->name, hex);
		}
	join(r);
	sort(s->assets, s->n_assets, sizeof(*s->assets), id_order);
	sort(s->tasks, s->n_tasks, sizeof(*s->tasks), id_order);
	sort(s->deadlines, s->n_deadlines, sizeof(*s->deadlines), id_order);
	for (size_t i = 1; i < s->n_assets; i++)
		if (id_order(&s->assets[i - 1], &s->assets[i]) == 0)
			return twice(r, "assessment.assets", s->assets[i].id);
	for (size_t i = 1; i < s->n_tasks; i++)
		if (id_order(&s->tasks[i - 1], &s->tasks[i]) == 0)
			return twice(r, "plan.tasks", s->tasks[i].id);
	for (size_t i = 1; i < s->n_deadlines; i++)
		if (id_order(&s->deadlines[i - 1], &s->deadlines[i]) == 0)
			return twice(r, "plan.deadlines", s->deadlines[i].id);
	return PQM_OK;
}

/* was: [old.name, …] of a rule: what it was called before. */
static enum pqm_st read_aliases(struct reader *r, const struct pqm_rules *rules)
{
	const struct pqm_rule *all = pqm_rules_all(rules);

	for (size_t i = 0; i < rules->n; i++) {
		pqm_bytes was;

		for (size_t k = 0; (was = pqm_rule_was(&all[i], k)).n > 0; k++)
			if (!pqm_map_put(&r->aliases, was, (void *)(uintptr_t)&all[i]))
				return no_memory(r);
	}
	return PQM_OK;
}

enum pqm_st pqm_diff_load_text(struct pqm_diff_side *s, pqm_bytes text, const char *name,
	const struct pqm_rules *rules, struct pqm_err *err)
{
	struct reader r = { .s = s, .text = text, .err = err };
	enum pqm_st st;

	*s = (struct pqm_diff_side){ .name = name };
	pqm_arena_init(&s->arena, PQM_RUN_ARENA_BYTES);
	pqm_arena_init(&r.scratch, PQM_RUN_ARENA_BYTES);
	st = read_aliases(&r, rules);
	for (r.pass = 1; r.pass <= 2 && st == PQM_OK; r.pass++) {
		struct pqm_yjson_at at = { 0, 1, 1 };

		st = walk(&r, &at, (pqm_bytes){ NULL, 0 });
		if (st == PQM_OK && pqm_trim(pqm_sub(text, at.off, text.n)).n > 0)
			st = broken(&r, &at);
	}
	if (st == PQM_OK && !r.is_report)
		st = pqm_fail(err, PQM_EPARSE,
			"%s: not a report of pqmap; make one with `pqmap scan … -o json=FILE`",
			name);
	if (st == PQM_OK)
		st = settle(&r);
	pqm_arena_fini(&r.scratch);
	pqm_map_fini(&r.texts);
	pqm_map_fini(&r.aliases);
	return st;
}

enum pqm_st pqm_diff_load(struct pqm_diff_side *s, const char *path, const struct pqm_rules *rules,
	struct pqm_err *err)
{
	struct pqm_buf text;
	enum pqm_st st = pqm_report_read(&text, path, err);

	*s = (struct pqm_diff_side){ 0 };
	if (st == PQM_OK)
		st = pqm_diff_load_text(s, pqm_buf_bytes(&text),
			strcmp(path, "-") == 0 ? "standard input" : path, rules, err);
	pqm_buf_fini(&text);
	return st;
}

void pqm_diff_side_fini(struct pqm_diff_side *s)
{
	pqm_arena_fini(&s->arena);
	*s = (struct pqm_diff_side){ 0 };
}
