#include "report/trend_out.h"

#include <math.h>

#include "base/num.h"
#include "report/view_text.h"

void pqm_trend_by_quantum(uint64_t n[PQM_TREND_QUANTA], const struct pqm_trend_run *r)
{
	memset(n, 0, PQM_TREND_QUANTA * sizeof(*n));
	for (unsigned m = 0; m < PQM_TREND_MEANINGS; m++)
		for (unsigned q = 0; q < PQM_TREND_QUANTA; q++)
			n[q] += r->found[m][q];
}

static void day(struct pqm_out *o, const char *key, int64_t days)
{
	char text[16];

	pqm_date_format(text, days);
	pqm_js_cstr(o, key, text);
}

static void run_money(struct pqm_out *o, const struct pqm_trend_run *r)
{
	if (!r->has_money)
		return;
	pqm_js_str(o, "currency", r->currency);
	pqm_js_num(o, "expected", r->total.expected, 2);
	pqm_js_num(o, "sunk", r->total.sunk, 2);
	pqm_js_num(o, "avoidable", r->total.avoidable, 2);
	pqm_js_num(o, "quarter", r->total.quarter, 2);
}

static void run(
	struct pqm_out *o, const struct pqm_trend_run *r, const struct pqm_trend_run *before)
{
	uint64_t n[PQM_TREND_QUANTA];

	pqm_trend_by_quantum(n, r);
	pqm_js_open(o, NULL, '{');
	day(o, "date", r->now_days);
	pqm_js_str(o, "tool", r->tool);
	pqm_js_str(o, "rules", r->rules);
	pqm_js_str(o, "curve", r->curve);
	pqm_js_str(o, "regimes", r->regimes);
	pqm_js_bool(o, "other_rules",
		before != NULL &&
			(!pqm_eq(before->rules, r->rules) || !pqm_eq(before->tool, r->tool)));
	pqm_js_open(o, "findings", '{');
	for (unsigned q = 0; q < PQM_TREND_QUANTA; q++)
		pqm_js_u64(o, pqm_quantum_name((enum pqm_quantum)q), n[q]);
	pqm_js_close(o, '}');
	run_money(o, r);
	pqm_js_u64(o, "seen", r->seen);
	pqm_js_u64(o, "read", r->read);
	pqm_js_u64(o, "targets_failed", r->n_targets_failed);
	pqm_js_u64(o, "assets", r->n_assets);
	pqm_js_u64(o, "act", r->n_act);
	pqm_js_u64(o, "tasks", r->n_tasks);
	pqm_js_num(o, "effort_lo", r->effort_lo, 2);
	pqm_js_num(o, "effort_hi", r->effort_hi, 2);
	pqm_js_u64(o, "appeared", r->n_appeared);
	pqm_js_u64(o, "fixed", r->n_fixed);
	pqm_js_u64(o, "not_read", r->n_unread);
	pqm_js_close(o, '}');
}

static void things(struct pqm_out *o, const char *key, const struct pqm_trend_thing *list, size_t n)
{
	char id[2 * PQM_ID_BYTES + 1];

	pqm_js_open(o, key, '[');
	for (size_t i = 0; i < n; i++) {
		pqm_js_open(o, NULL, '{');
		pqm_id_hex(id, list[i].id);
		pqm_js_cstr(o, "id", id);
		pqm_js_str(o, "what", list[i].what);
		pqm_js_cstr(o, "meaning", pqm_meaning_name(list[i].meaning));
		pqm_js_cstr(o, "quantum", pqm_quantum_name(list[i].quantum));
		pqm_js_str(o, "place", list[i].place);
		day(o, "first", list[i].first_days);
		day(o, "since", list[i].since_days);
		if (list[i].gone_days != INT64_MIN)
			day(o, "gone", list[i].gone_days);
		pqm_js_close(o, '}');
	}
	pqm_js_close(o, ']');
}

void pqm_json_trend(struct pqm_out *o, const struct pqm_trend *t)
{
	if (t == NULL)
		return;
	pqm_js_open(o, "trend", '{');
	pqm_js_u64(o, "runs_kept", t->n_runs_all);
	pqm_js_open(o, "runs", '[');
	for (size_t i = 0; i < t->n_runs; i++)
		run(o, &t->runs[i], i > 0 ? &t->runs[i - 1] : NULL);
	pqm_js_close(o, ']');
	things(o, "appeared", t->appeared, t->n_appeared);
	things(o, "fixed", t->fixed, t->n_fixed);
	pqm_js_open(o, "assets_before", '[');
	for (size_t i = 0; i < t->n_assets; i++) {
		const struct pqm_trend_asset *a = &t->assets[i];

		pqm_js_open(o, NULL, '{');
		pqm_js_str(o, "id", a->id);
		pqm_js_cstr(o, "decision", pqm_decision_name(a->decision));
		pqm_js_num(o, "p", a->p, 4);
		pqm_js_num(o, "sunk", a->sunk, 4);
		pqm_js_num(o, "cod", a->cod, 4);
		if (a->expected > 0)
			pqm_js_num(o, "expected", a->expected, 2);
		pqm_js_close(o, '}');
	}
	pqm_js_close(o, ']');
	pqm_js_close(o, '}');
}

pqm_bytes pqm_trend_words(struct pqm_arena *a, const struct pqm_trend *t)
{
	const struct pqm_trend_run *is, *was;
	pqm_bytes words;

	if (t->n_runs < 2)
		return PQM_LIT("the first run of this history");
	is = &t->runs[t->n_runs - 1];
	was = &t->runs[t->n_runs - 2];
	words = pqm_arena_f(a, "%llu appeared, %llu fixed", (unsigned long long)is->n_appeared,
		(unsigned long long)is->n_fixed);
	if (is->n_unread > 0)
		words = pqm_arena_f(a, "%.*s, %llu not read now", PQM_FMT(words),
			(unsigned long long)is->n_unread);
	if (is->has_money && was->has_money && pqm_eq(is->currency, was->currency)) {
		pqm_bytes from = pqm_text_money(a, was->total.expected),
			  to = pqm_text_money(a, is->total.expected),
			  currency = pqm_printable(a, is->currency);

		words = pqm_arena_f(a, "%.*s; expected loss %.*s \u2192 %.*s%s%.*s", PQM_FMT(words),
			PQM_FMT(from), PQM_FMT(to), currency.n > 0 ? " " : "", PQM_FMT(currency));
	}
	if (!pqm_eq(is->rules, was->rules) || !pqm_eq(is->tool, was->tool))
		words = pqm_arena_f(a, "%.*s; rules or program changed between", PQM_FMT(words));
	return words;
}

void pqm_table_trend(struct pqm_out *o, const struct pqm_trend *t, struct pqm_arena *a)
{
	if (t == NULL || t->n_runs == 0)
		return;
	pqm_bytes words = pqm_trend_words(a, t);

	pqm_out_lit(o, "TREND     ");
	if (t->n_runs > 1) {
		pqm_bytes since = pqm_text_day(a, t->runs[t->n_runs - 2].now_days);

		pqm_out_f(o, "since %.*s: ", PQM_FMT(since));
	}
	pqm_out_bytes(o, words);
	pqm_out_lit(o, "\n");
}
