#include "cli/plan_text.h"

#include <math.h>

#include "base/num.h"

#define COLUMNS 100
#define INDENT 16 /* of a task's text, behind its label */
#define DATED 22  /* of a deadline's, behind date and slack */

static const char *date(char out[16], int64_t days)
{
	pqm_date_format(out, days);
	return out;
}

#define AMOUNT_BYTES 336 /* text of any double */

/* "158 M": money or risk in at most four digits. */
static const char *amount(char out[AMOUNT_BYTES], double v)
{
	static const char *const unit[] = { "", " k", " M", " bn", " tn" };
	size_t u = 0;

	while (fabs(v) >= 1000 && u + 1 < sizeof(unit) / sizeof(unit[0])) {
		v /= 1000;
		u++;
	}
	(void)snprintf(out, AMOUNT_BYTES, "%.*f%s",
		fabs(v) < 10		? 2
			: fabs(v) < 100 ? 1
					: 0,
		v, unit[u]);
	return out;
}

/* Characters, not bytes. */
static size_t width(pqm_bytes b)
{
	size_t n = 0;

	for (size_t i = 0; i < b.n; i++)
		n += (b.p[i] & 0xC0) != 0x80;
	return n;
}

/* Writes words, going to a new line before the last column. */
static void flow(struct pqm_out *o, pqm_bytes text, size_t indent, size_t column)
{
	pqm_bytes word;
	bool first = true;

	while (pqm_split(&text, ' ', &word)) {
		if (word.n == 0)
			continue;
		if (!first && column + 1 + width(word) > COLUMNS) {
			pqm_out_f(o, "\n%*s", (int)indent, "");
			column = indent;
			first = true;
		}
		pqm_out_f(o, "%s%.*s", first ? "" : " ", PQM_FMT(word));
		column += width(word) + !first;
		first = false;
	}
	pqm_out_lit(o, "\n");
}

static void label(struct pqm_out *o, const char *name)
{
	pqm_out_f(o, "      %-10s", name);
}

static void prose(struct pqm_out *o, struct pqm_arena *a, const char *name, pqm_bytes text)
{
	pqm_bytes rest = text, line;
	bool first = true;

	while (text.n > 0 && pqm_split(&rest, '\n', &line)) {
		label(o, first ? name : "");
		flow(o, pqm_printable(a, line), INDENT, INDENT);
		first = false;
	}
}

/* Something to copy: lines stay as they are. */
static void code(struct pqm_out *o, struct pqm_arena *a, const char *name, pqm_bytes text)
{
	pqm_bytes rest = text, line;
	bool first = true;

	while (text.n > 0 && pqm_split(&rest, '\n', &line)) {
		pqm_bytes clean = pqm_printable(a, line);

		label(o, first ? name : "");
		pqm_out_f(o, "%.*s\n", PQM_FMT(clean));
		first = false;
	}
}

/* The line that decides, as it is and as it should be. */
static void patch_lines(struct pqm_out *o, struct pqm_arena *a, const struct pqm_task *t)
{
	if (t->patch_path.n > 0)
		code(o, a, "patch",
			pqm_arena_f(a, "%.*s:%u\n- %.*s\n+ %.*s", PQM_FMT(t->patch_path),
				t->patch_line, PQM_FMT(t->patch_from), PQM_FMT(t->patch_to)));
}

static void after_line(struct pqm_out *o, const struct pqm_task *t)
{
	if (t->n_deps == 0)
		return;
	label(o, "after");
	for (size_t i = 0; i < t->n_deps; i++)
		pqm_out_f(o, "%s%u", i > 0 ? ", " : "", t->deps[i] + 1);
	pqm_out_lit(o, "\n");
}

static void task_head(struct pqm_out *o, struct pqm_arena *a, const struct pqm_task *t)
{
	char from[16], to[16];
	pqm_bytes title = pqm_printable(a, t->title);

	pqm_out_f(o, "\n%4u  ", t->order + 1);
	flow(o, title, 6, 6);
	pqm_out_f(o, "      %g-%g person-days · %s to %s · phase %u %.*s\n", t->effort_lo,
		t->effort_hi, date(from, t->start_hi), date(to, t->finish_hi), t->phase,
		PQM_FMT(t->phase_name));
	prose(o, a, "worth", t->worth);
	prose(o, a, "early", t->pulled_why);
}

static void task_dates(struct pqm_out *o, struct pqm_arena *a, const struct pqm_task *t)
{
	char day[16];

	if (t->blocked_until != INT64_MIN) {
		pqm_bytes why = pqm_arena_f(
			a, "until %s: %.*s", date(day, t->blocked_until), PQM_FMT(t->blocked_why));

		prose(o, a, "blocked", why);
	}
	if (t->due != INT64_MAX) {
		label(o, "due");
		pqm_out_f(o, "%s%s\n", date(day, t->due),
			t->is_weak_fix			? ", as it is open today"
				: t->finish_hi > t->due ? ", LATE"
							: "");
	}
}

static void task(struct pqm_out *o, struct pqm_arena *a, const struct pqm_task *t)
{
	task_head(o, a, t);
	after_line(o, t);
	for (size_t i = 0; i < t->n_where; i++)
		code(o, a, i == 0 ? "where" : "", t->where[i]);
	prose(o, a, "why", t->why);
	patch_lines(o, a, t);
	code(o, a, "change", t->change);
	prose(o, a, "both ends", t->both_ends);
	prose(o, a, "needs", t->needs);
	prose(o, a, "costs", t->costs);
	code(o, a, "verify", t->verify);
	prose(o, a, "back out", t->rollback);
	prose(o, a, "best when", t->advice);
	task_dates(o, a, t);
}

static const char *left_of(bool money)
{
	return money ? "expected loss" : "of summed probability";
}

static void head(struct pqm_out *o, const struct pqm_plan *p, const struct pqm_assessment *a)
{
	double lo = 0, hi = 0;
	char day[16], all[AMOUNT_BYTES], left[AMOUNT_BYTES], nothing[AMOUNT_BYTES];

	for (size_t i = 0; i < p->n_tasks; i++) {
		lo += p->tasks[i].effort_lo;
		hi += p->tasks[i].effort_hi;
	}
	pqm_out_f(o, "PLAN      %zu tasks, %g-%g person-days at %g a month from %s\n", p->n_tasks,
		lo, hi, p->capacity, date(day, p->start));
	pqm_out_lit(o, "ORDER     ");
	flow(o, p->optimality, 10, 10);
	if (a->has_money && p->n_residual > 0)
		pqm_out_f(o,
			"MONEY     %s%s%.*s expected loss with it, %s of that already sent\n"
			"          %s if nothing is done for %g years\n",
			amount(all, a->total[PQM_CENTRAL].expected), a->currency.n > 0 ? " " : "",
			PQM_FMT(a->currency), amount(left, a->total[PQM_CENTRAL].sunk),
			amount(nothing, p->residual[0].left), p->open_years);
}

static void decisions(struct pqm_out *o, const struct pqm_stage *s)
{
	for (size_t d = PQM_ACT + 1; d > PQM_TRACK; d--)
		if (s->decisions[d - 1] > 0)
			pqm_out_f(o, " · %u %s", s->decisions[d - 1],
				pqm_decision_name((enum pqm_decision)(d - 1)));
}

static void tasks(struct pqm_out *o, struct pqm_arena *a, const struct pqm_plan *p, bool money)
{
	char day[16], left[AMOUNT_BYTES];

	for (enum pqm_window w = PQM_W_0_6; w <= PQM_W_18_PLUS; w++) {
		const struct pqm_stage *s = &p->windows[w];

		if (s->n_tasks == 0)
			continue;
		pqm_out_f(o, "\n%s: %zu tasks, %g-%g person-days, done by %s\n", pqm_window_name(w),
			s->n_tasks, s->effort_lo, s->effort_hi, date(day, s->finish));
		pqm_out_f(o, "      stopping there: %s %s left", amount(left, s->left),
			left_of(money));
		decisions(o, s);
		pqm_out_lit(o, "\n");
		for (size_t i = 0; i < p->n_tasks; i++)
			if (p->tasks[i].window == w)
				task(o, a, &p->tasks[i]);
	}
}

static const char *told(const struct pqm_deadline *d)
{
	bool seen = pqm_eqs(d->function, "kex") || pqm_eqs(d->function, "sig") ||
		pqm_eqs(d->function, "all");

	if (d->is_others)
		return "not yours, the duty of ";
	if (d->finish != INT64_MIN)
		return d->is_met ? "in time, finished by " : "LATE, finished by ";
	return seen ? "nothing here concerns it" : "a scan cannot tell";
}

static void deadlines(struct pqm_out *o, struct pqm_arena *a, const struct pqm_plan *p)
{
	char day[16], end[16] = "";

	if (p->n_deadlines > 0)
		pqm_out_lit(o, "\nDEADLINES\n");
	for (size_t i = 0; i < p->n_deadlines; i++) {
		const struct pqm_deadline *d = &p->deadlines[i];
		pqm_bytes line = pqm_arena_f(a, "%.*s: %s%s", PQM_FMT(d->title), told(d),
			d->finish != INT64_MIN && !d->is_others ? date(end, d->finish) : "");

		if (d->is_others)
			line = pqm_arena_f(a, "%.*s%.*s", PQM_FMT(line), PQM_FMT(d->applies_to));

		pqm_out_f(o, "%s  %+6.1f y  ", date(day, d->date), d->slack_years);
		flow(o, line, DATED, DATED);
	}
}

static void stages(struct pqm_out *o, const struct pqm_plan *p, bool money)
{
	char left[AMOUNT_BYTES], sunk[AMOUNT_BYTES], avoided[AMOUNT_BYTES];

	if (p->n_residual == 0)
		return;
	pqm_out_f(o,
		"\nLEFT      %s %s when nothing is done for 10 years, %s of it sunk;\n          "
		"stopping "
		"after a phase leaves open for 10 years what is open then\n",
		amount(left, p->residual[0].left), left_of(money),
		amount(sunk, p->residual[0].sunk));
	for (size_t i = 0; i < PQM_N_PHASES; i++) {
		const struct pqm_stage *s = &p->phases[i];

		if (s->n_tasks == 0)
			continue;
		pqm_out_f(o, "   phases 1-%zu  %8s left, %8s avoided, %g-%g days here", i + 1,
			amount(left, s->left), amount(avoided, s->avoided), s->effort_lo,
			s->effort_hi);
		decisions(o, s);
		pqm_out_lit(o, "\n");
	}
}

static void spent(struct pqm_out *o, const struct pqm_plan *p)
{
	char now[AMOUNT_BYTES];

	if (p->n_residual < 2)
		return;
	pqm_out_lit(o, "\nSPENT     what is left when the plan stops after a task\n");
	for (size_t i = 0; i < p->n_residual; i++) {
		const struct pqm_residual *r = &p->residual[i];

		if (i > 0 && i + 1 < p->n_residual && r->left >= p->residual[i - 1].left * 0.999)
			continue; /* only steps that are seen */
		pqm_out_f(o, "%9.1f person-days  %8s left", r->effort_days, amount(now, r->left));
		if (r->task < p->n_tasks)
			pqm_out_f(o, ", after task %u", r->task + 1);
		pqm_out_lit(o, "\n");
	}
}

static void listed(struct pqm_out *o, struct pqm_arena *a, const struct pqm_plan *p,
	const uint32_t *tasks, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		pqm_bytes title = pqm_printable(a, p->tasks[tasks[i]].title);

		pqm_out_f(o, "%8u  ", tasks[i] + 1);
		flow(o, title, 10, 10);
	}
}

static void what_if(struct pqm_out *o, struct pqm_arena *a, const struct pqm_plan *p, bool money)
{
	const struct pqm_what_if *w = p->what_if;
	char before[AMOUNT_BYTES], after[AMOUNT_BYTES], sunk[AMOUNT_BYTES];

	pqm_out_f(o, "WHAT IF   these %zu tasks were done today, and nothing else ever\n",
		w->n_tasks);
	listed(o, a, p, w->tasks, w->n_tasks);
	pqm_out_f(o, "EFFORT    %g-%g person-days\n", w->effort_lo, w->effort_hi);
	pqm_out_f(o,
		"BASE      before is: nothing else is done for %g years; the report's table has "
		"the "
		"plan done\n",
		p->open_years);
	pqm_out_f(o, "LEFT      %s %s before, %s after, %s of it sunk whatever is done\n",
		amount(before, w->before), left_of(money), amount(after, w->after),
		amount(sunk, w->sunk));
	if (w->n_missing > 0) {
		pqm_out_f(o,
			"MISSING   without these they earn no credit; with them %s is left, for "
			"%g-%g person-days more\n",
			amount(after, w->completed), w->missing_lo, w->missing_hi);
		listed(o, a, p, w->missing, w->n_missing);
	}
	if (w->n_assets == 0)
		pqm_out_lit(o, "ASSETS    these tasks are for none\n");
	for (size_t i = 0; i < w->n_assets; i++) {
		pqm_bytes id = pqm_printable(a, w->assets[i].asset->id);

		pqm_out_f(o, "%s%.4f to %.4f  %-6s to %-6s  %.*s\n",
			i == 0 ? "ASSETS    " : "          ", w->assets[i].p_before,
			w->assets[i].p_after, pqm_decision_name(w->assets[i].before),
			pqm_decision_name(w->assets[i].after), PQM_FMT(id));
	}
	pqm_out_lit(o, "\n");
}

void pqm_plan_text(struct pqm_out *o, const struct pqm_plan *p, const struct pqm_assessment *a)
{
	struct pqm_arena arena;

	pqm_arena_init(&arena, (size_t)64 << 20);
	if (p->what_if != NULL) {
		what_if(o, &arena, p, a->has_money);
	} else {
		head(o, p, a);
		tasks(o, &arena, p, a->has_money);
		deadlines(o, &arena, p);
		stages(o, p, a->has_money);
		spent(o, p);
	}
	pqm_arena_fini(&arena);
}
