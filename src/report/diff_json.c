/* diff_json.c — a diff as JSON: reports/schema/diff.schema.json. */
#include "report/diff.h"

#include <assert.h>

#include "base/num.h"

#define SCHEMA_VERSION 1

static void day(struct pqm_out *o, const char *key, int64_t days)
{
	char text[16];

	if (days == INT64_MIN) {
		pqm_js_null(o, key);
		return;
	}
	pqm_date_format(text, days);
	pqm_js_cstr(o, key, text);
}

static void counts(struct pqm_out *o, const struct pqm_diff_side *s)
{
	pqm_js_open(o, "findings", '{');
	pqm_js_u64(o, "total", s->total_found);
	for (unsigned q = 0; q < PQM_DIFF_QUANTA; q++)
		pqm_js_u64(o, pqm_quantum_name((enum pqm_quantum)q), s->by_quantum[q]);
	pqm_js_close(o, '}');
}

static void side(struct pqm_out *o, const char *key, const struct pqm_diff_side *s)
{
	pqm_js_open(o, key, '{');
	day(o, "now", s->now_days);
	pqm_js_str(o, "tool", s->tool);
	pqm_js_str(o, "rules", s->rules);
	pqm_js_str(o, "curve", s->curve);
	pqm_js_str(o, "regimes", s->regimes);
	pqm_js_open(o, "targets", '[');
	for (size_t i = 0; i < s->n_targets; i++)
		pqm_js_str(o, NULL, s->targets[i].name);
	pqm_js_close(o, ']');
	counts(o, s);
	pqm_js_open(o, "coverage", '{');
	pqm_js_u64(o, "seen", s->seen);
	pqm_js_u64(o, "read", s->read);
	pqm_js_u64(o, "notes", s->n_notes);
	pqm_js_u64(o, "notes_dropped", s->n_notes_dropped);
	pqm_js_close(o, '}');
	pqm_js_u64(o, "assets", s->n_assets);
	pqm_js_u64(o, "tasks", s->n_tasks);
	if (s->has_money) {
		pqm_js_str(o, "currency", s->currency);
		pqm_js_open(o, "money", '{');
		pqm_js_num(o, "expected", s->total.expected, 2);
		pqm_js_num(o, "sunk", s->total.sunk, 2);
		pqm_js_num(o, "avoidable", s->total.avoidable, 2);
		pqm_js_num(o, "quarter", s->total.quarter, 2);
		pqm_js_close(o, '}');
	}
	pqm_js_close(o, '}');
}

static void place(struct pqm_out *o, const struct pqm_diff_side *s, const struct pqm_diff_place *p)
{
	pqm_js_open(o, "place", '{');
	pqm_js_str(o, "target", s->targets[p->target].name);
	pqm_js_str(o, "path", p->path);
	pqm_js_opt(o, "object", p->object);
	pqm_js_opt_u64(o, "line", p->line);
	pqm_js_close(o, '}');
}

static void change(struct pqm_out *o, const struct pqm_diff_field *f)
{
	pqm_js_open(o, NULL, '{');
	pqm_js_cstr(o, "field", f->name);
	pqm_js_str(o, "from", f->from);
	pqm_js_str(o, "to", f->to);
	pqm_js_close(o, '}');
}

static void row(struct pqm_out *o, const struct pqm_diff *d, const struct pqm_diff_row *r)
{
	const struct pqm_diff_finding *f = r->is != NULL ? r->is : r->was;
	char id[2 * PQM_ID_BYTES + 1];

	assert(f != NULL); /* a row is of one side at least */
	pqm_js_open(o, NULL, '{');
	pqm_id_hex(id, f->id);
	pqm_js_cstr(o, "id", id);
	if (r->was != NULL && r->is != NULL && memcmp(r->was->id, r->is->id, PQM_ID_BYTES) != 0) {
		pqm_id_hex(id, r->was->id);
		pqm_js_cstr(o, "was_id", id);
	}
	pqm_js_cstr(o, "cause", pqm_diff_cause_name(r->cause));
	pqm_js_opt(o, "why", r->why);
	pqm_js_str(o, "rule", f->rule);
	pqm_js_cstr(o, "meaning", pqm_meaning_name(f->meaning));
	pqm_js_str(o, "family", f->family);
	pqm_js_str(o, "parameter", f->parameter);
	pqm_js_str(o, "algorithm", f->algorithm);
	pqm_js_cstr(o, "quantum", pqm_quantum_name(f->quantum));
	if (f->is_folded)
		pqm_js_bool(o, "folded", true);
	pqm_js_u64(o, "places", f->n_places);
	if (r->was != NULL && r->is != NULL) {
		pqm_js_u64(o, "places_before", r->was->n_places);
		pqm_js_u64(o, "places_gone", r->n_places_gone);
		pqm_js_u64(o, "places_new", r->n_places_new);
		pqm_js_u64(o, "places_not_read", r->n_places_unread);
		pqm_js_open(o, "changes", '[');
		for (size_t i = 0; i < r->n_fields; i++)
			change(o, &r->fields[i]);
		pqm_js_close(o, ']');
	}
	if (f->n_places > 0)
		place(o, r->is != NULL ? d->new : d->old, &f->places[0]);
	pqm_js_close(o, '}');
}

static void score(struct pqm_out *o, const char *key, const struct pqm_diff_asset *a)
{
	if (a == NULL)
		return;
	pqm_js_open(o, key, '{');
	pqm_js_cstr(o, "decision", pqm_decision_name(a->decision));
	pqm_js_num(o, "p", a->p, 4);
	pqm_js_num(o, "sunk", a->sunk, 4);
	pqm_js_num(o, "cod", a->cod, 4);
	pqm_js_bool(o, "broken_today", a->is_broken_today);
	if (a->has_money)
		pqm_js_num(o, "expected", a->money.expected, 2);
	pqm_js_open(o, "vectors", '[');
	for (size_t i = 0; i < a->n_uses; i++)
		pqm_js_str(o, NULL, a->uses[i].vector);
	pqm_js_close(o, ']');
	pqm_js_close(o, '}');
}

static void asset(struct pqm_out *o, const struct pqm_diff_asset_row *r)
{
	const struct pqm_diff_asset *a = r->is != NULL ? r->is : r->was;

	pqm_js_open(o, NULL, '{');
	pqm_js_str(o, "id", a->id);
	pqm_js_str(o, "name", a->name);
	score(o, "was", r->was);
	score(o, "is", r->is);
	pqm_js_open(o, "reasons", '[');
	for (size_t i = 0; i < r->n_reasons; i++) {
		pqm_js_open(o, NULL, '{');
		pqm_js_str(o, "words", r->reasons[i].words);
		if (r->reasons[i].has_delta)
			pqm_js_num(o, "delta", r->reasons[i].delta, 4);
		pqm_js_close(o, '}');
	}
	pqm_js_close(o, ']');
	pqm_js_close(o, '}');
}

static void deadline_state(struct pqm_out *o, const char *key, const struct pqm_diff_deadline *d)
{
	if (d == NULL)
		return;
	pqm_js_open(o, key, '{');
	day(o, "date", d->date);
	pqm_js_bool(o, "met", d->is_met);
	if (d->has_slack)
		pqm_js_num(o, "slack_years", d->slack_years, 4);
	pqm_js_close(o, '}');
}

static void deadline(struct pqm_out *o, const struct pqm_diff_deadline_row *r)
{
	const struct pqm_diff_deadline *d = r->is != NULL ? r->is : r->was;

	pqm_js_open(o, NULL, '{');
	pqm_js_str(o, "id", d->id);
	pqm_js_str(o, "title", d->title);
	pqm_js_bool(o, "passed", r->has_passed);
	deadline_state(o, "was", r->was);
	deadline_state(o, "is", r->is);
	pqm_js_close(o, '}');
}

static void tasks(
	struct pqm_out *o, const char *key, const struct pqm_diff_task *const *t, size_t n)
{
	pqm_js_open(o, key, '[');
	for (size_t i = 0; i < n; i++) {
		pqm_js_open(o, NULL, '{');
		pqm_js_str(o, "id", t[i]->id);
		pqm_js_str(o, "title", t[i]->title);
		pqm_js_close(o, '}');
	}
	pqm_js_close(o, ']');
}

static void task_changed(struct pqm_out *o, const struct pqm_diff_task_row *r)
{
	pqm_js_open(o, NULL, '{');
	pqm_js_str(o, "id", r->is->id);
	pqm_js_str(o, "was_id", r->was->id);
	pqm_js_str(o, "title", r->is->title);
	pqm_js_open(o, "changes", '[');
	for (size_t i = 0; i < r->n_fields; i++)
		change(o, &r->fields[i]);
	pqm_js_close(o, ']');
	pqm_js_close(o, '}');
}

static void rows(struct pqm_out *o, const struct pqm_diff *d, const char *key,
	const struct pqm_diff_row *r, size_t n)
{
	pqm_js_open(o, key, '[');
	for (size_t i = 0; i < n; i++)
		row(o, d, &r[i]);
	pqm_js_close(o, ']');
}

static void totals(struct pqm_out *o, const struct pqm_diff *d)
{
	pqm_js_open(o, "counts", '{');
	pqm_js_u64(o, "appeared", d->n_appeared - d->n_read_first);
	pqm_js_u64(o, "read_first", d->n_read_first);
	pqm_js_u64(o, "fixed", d->n_fixed);
	pqm_js_u64(o, "not_read", d->n_unread);
	pqm_js_u64(o, "changed", d->n_changed);
	pqm_js_u64(o, "same", d->n_same);
	pqm_js_u64(o, "moved", d->n_moved);
	pqm_js_u64(o, "assets_same", d->n_assets_same);
	pqm_js_u64(o, "assets_slight", d->n_assets_slight);
	pqm_js_u64(o, "assets_inputs", d->n_assets_inputs);
	pqm_js_close(o, '}');
}

void pqm_diff_json(struct pqm_out *o, const struct pqm_diff *d)
{
	pqm_js_open(o, NULL, '{');
	pqm_js_cstr(o, "schema", "pqmap.diff");
	pqm_js_u64(o, "schema_version", SCHEMA_VERSION);
	pqm_js_bool(o, "same", d->is_same);
	pqm_js_bool(o, "other_rules", d->is_other_rules);
	side(o, "old", d->old);
	side(o, "new", d->new);
	pqm_js_open(o, "settings", '[');
	for (size_t i = 0; i < d->n_settings; i++) {
		const struct pqm_diff_field f = { d->settings[i].name, d->settings[i].from,
			d->settings[i].to };

		change(o, &f);
	}
	pqm_js_close(o, ']');
	totals(o, d);
	rows(o, d, "appeared", d->appeared, d->n_appeared);
	rows(o, d, "gone", d->gone, d->n_gone);
	rows(o, d, "changed", d->changed, d->n_changed);
	pqm_js_open(o, "assets", '[');
	for (size_t i = 0; i < d->n_assets; i++)
		asset(o, &d->assets[i]);
	pqm_js_close(o, ']');
	pqm_js_open(o, "deadlines", '[');
	for (size_t i = 0; i < d->n_deadlines; i++)
		deadline(o, &d->deadlines[i]);
	pqm_js_close(o, ']');
	tasks(o, "tasks_gone", d->tasks_gone, d->n_tasks_gone);
	tasks(o, "tasks_new", d->tasks_new, d->n_tasks_new);
	pqm_js_open(o, "tasks_changed", '[');
	for (size_t i = 0; i < d->n_tasks_changed; i++)
		task_changed(o, &d->tasks_changed[i]);
	pqm_js_close(o, ']');
	pqm_js_close(o, '}');
}
