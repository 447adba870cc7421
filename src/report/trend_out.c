#include "report/trend_out.h"

#include <math.h>

#include "base/num.h"
#include "report/vector_words.h"
#include "report/view_text.h"

/* As in a diff: a score that moves by less than 0.05 points is as before. */
#define MOVED 0.0005
/* Assets that a line names; JSON has all. */
#define NAMED 1

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

/* ---- reasons ---- */

static bool has_use(const struct pqm_asset_score *x, struct pqm_arena *a, pqm_bytes vector)
{
	for (size_t i = 0; i < x->n_uses; i++)
		if (pqm_vector_changes(a, vector, pqm_str(x->uses[i].vector)).n == 0)
			return true;
	return false;
}

/* What decided then and what decides now, as far as the history knows: a vector, and no hop. */
static pqm_bytes why(
	struct pqm_arena *a, const struct pqm_trend_asset *was, const struct pqm_asset_score *is)
{
	bool has_is = is->deciding < is->n_uses;
	const struct pqm_use_score *u = has_is ? &is->uses[is->deciding] : NULL;
	pqm_bytes now = has_is ? pqm_str(u->vector) : (pqm_bytes){ NULL, 0 }, label = now, changes,
		  from, to;

	if (was->vector.n == 0 || !has_is)
		return has_is ? label : PQM_LIT("nothing that decides is left");
	if (u->hop != NULL && u->hop->label.n > 0)
		label = pqm_printable(a, u->hop->label);
	changes = pqm_vector_changes(a, was->vector, now);
	/* What decided then is there as it was: something worse came. */
	if (changes.n > 0 && has_use(is, a, was->vector))
		return label;
	if (changes.n > 0)
		return pqm_arena_f(
			a, "what decides it now: %.*s (%.*s)", PQM_FMT(label), PQM_FMT(changes));
	from = pqm_vector_value(was->vector, "Y");
	to = pqm_vector_value(now, "Y");
	if (!pqm_eq(from, to))
		return pqm_arena_f(a, "%.*s open for %.*s \u2192 %.*s years by the plan",
			PQM_FMT(label), PQM_FMT(from), PQM_FMT(to));
	return pqm_eq(now, was->vector) ? PQM_LIT("its other uses, or other tables")
					: PQM_LIT("the date of assessment");
}

static int move_order(const void *a, const void *b)
{
	const struct pqm_trend_move *x = a, *y = b;
	double dx = round(fabs(x->to - x->from) * 1e4), dy = round(fabs(y->to - y->from) * 1e4);
	int c = (dx < dy) - (dx > dy);

	return c != 0 ? c : pqm_cmp(x->id, y->id);
}

bool pqm_trend_moves(struct pqm_trend *t, const struct pqm_assessment *a)
{
	t->moves = pqm_new(&t->arena, struct pqm_trend_move, a->n_assets);
	for (size_t i = 0; t->moves != NULL && t->n_assets > 0 && i < a->n_assets; i++) {
		const struct pqm_asset_score *is = &a->assets[i];
		size_t at = pqm_lower_bound(
			t->assets, t->n_assets, sizeof(*t->assets), 0, is->asset->id);
		const struct pqm_trend_asset *was = at < t->n_assets ? &t->assets[at] : NULL;

		if (was == NULL || !pqm_eq(was->id, is->asset->id) ||
			(fabs(was->p - is->p[PQM_CENTRAL]) < MOVED &&
				was->decision == is->decision))
			continue;
		t->moves[t->n_moves++] = (struct pqm_trend_move){ .id = is->asset->id,
			.name = is->asset->name,
			.from_decision = was->decision,
			.to_decision = is->decision,
			.from = was->p,
			.to = is->p[PQM_CENTRAL],
			.why = why(&t->arena, was, is) };
	}
	if (t->n_moves > 1)
		qsort(t->moves, t->n_moves, sizeof(*t->moves), move_order);
	return t->moves != NULL || a->n_assets == 0;
}

static void moves_json(struct pqm_out *o, const struct pqm_trend *t)
{
	pqm_js_open(o, "moves", '[');
	for (size_t i = 0; i < t->n_moves; i++) {
		const struct pqm_trend_move *m = &t->moves[i];

		pqm_js_open(o, NULL, '{');
		pqm_js_str(o, "id", m->id);
		pqm_js_str(o, "name", m->name);
		pqm_js_cstr(o, "from_decision", pqm_decision_name(m->from_decision));
		pqm_js_cstr(o, "to_decision", pqm_decision_name(m->to_decision));
		pqm_js_num(o, "from", m->from, 4);
		pqm_js_num(o, "to", m->to, 4);
		pqm_js_str(o, "because_of", m->why);
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
		pqm_js_opt(o, "vector", a->vector);
		pqm_js_close(o, '}');
	}
	pqm_js_close(o, ']');
	moves_json(o, t);
	pqm_js_open(o, "other_targets", '[');
	for (size_t i = 0; i < t->n_others; i++)
		pqm_js_str(o, NULL, t->others[i]);
	pqm_js_close(o, ']');
	pqm_js_close(o, '}');
}

/* "; claims-llm Plan 8 % → Attend 25 %, because of …, and 3 more assets" */
static pqm_bytes moves_words(struct pqm_arena *a, const struct pqm_trend *t)
{
	pqm_bytes words = { NULL, 0 };

	for (size_t i = 0; i < t->n_moves && i < NAMED; i++) {
		const struct pqm_trend_move *m = &t->moves[i];
		pqm_bytes name = pqm_printable(a, m->name), from = pqm_text_pct(a, m->from),
			  to = pqm_text_pct(a, m->to);

		words = pqm_arena_f(a, "%.*s; %.*s %s %.*s \u2192 %s %.*s, because of %.*s",
			PQM_FMT(words), PQM_FMT(name), pqm_decision_name(m->from_decision),
			PQM_FMT(from), pqm_decision_name(m->to_decision), PQM_FMT(to),
			PQM_FMT(m->why));
	}
	if (t->n_moves > NAMED)
		words = pqm_arena_f(a, "%.*s; %zu more asset%s moved", PQM_FMT(words),
			t->n_moves - NAMED, t->n_moves - NAMED == 1 ? "" : "s");
	return words;
}

static pqm_bytes first_words(struct pqm_arena *a, const struct pqm_trend *t)
{
	pqm_bytes names = { NULL, 0 };

	if (t->n_others == 0)
		return PQM_LIT("the first run of its history");
	for (size_t i = 0; i < t->n_others; i++) {
		pqm_bytes name = pqm_printable(a, t->others[i]);

		names = pqm_arena_f(
			a, "%.*s%s%.*s", PQM_FMT(names), i > 0 ? ", " : "", PQM_FMT(name));
	}
	if (t->n_others_all > t->n_others)
		names = pqm_arena_f(a, "%.*s and %llu more", PQM_FMT(names),
			(unsigned long long)(t->n_others_all - t->n_others));
	return pqm_arena_f(a,
		"the first run of this target in a history of others (%.*s); runs are compared "
		"when "
		"they name their targets alike",
		PQM_FMT(names));
}

static pqm_bytes other(
	struct pqm_arena *a, pqm_bytes words, const char *what, pqm_bytes from, pqm_bytes to)
{
	if (pqm_eq(from, to))
		return words;
	from = from.n > 0 ? pqm_printable(a, from) : PQM_LIT("none");
	to = to.n > 0 ? pqm_printable(a, to) : PQM_LIT("none");
	return pqm_arena_f(
		a, "%.*s; %s %.*s \u2192 %.*s", PQM_FMT(words), what, PQM_FMT(from), PQM_FMT(to));
}

pqm_bytes pqm_trend_words(struct pqm_arena *a, const struct pqm_trend *t)
{
	const struct pqm_trend_run *is, *was;
	pqm_bytes words;

	if (t->n_runs < 2)
		return first_words(a, t);
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
	words = other(a, words, "curve", was->curve, is->curve);
	words = other(a, words, "regimes", was->regimes, is->regimes);
	pqm_bytes moves = moves_words(a, t);

	words = pqm_arena_f(a, "%.*s%.*s", PQM_FMT(words), PQM_FMT(moves));
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
