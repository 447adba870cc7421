#include <math.h>

#include "base/num.h"
#include "cli/pipeline.h"
#include "report/json_parts.h"

static const char *date(char out[16], int64_t days)
{
	pqm_date_format(out, days);
	return out;
}

#define AMOUNT_BYTES 336 /* text of any double */

/* "158 M": money or risk in at most four digits. */
static const char *amount(char out[AMOUNT_BYTES], double v)
{
	static const char *const unit[] = { "", " k", " M", " G", " T" };
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

static void wrapped(struct pqm_out *o, struct pqm_arena *a, const char *label, pqm_bytes text)
{
	pqm_bytes rest = text, line;
	bool first = true;

	while (text.n > 0 && pqm_split(&rest, '\n', &line)) {
		pqm_bytes clean = pqm_printable(a, line);

		pqm_out_f(o, "      %-9s %.*s\n", first ? label : "", PQM_FMT(clean));
		first = false;
	}
}

static void after_line(struct pqm_out *o, const struct pqm_task *t)
{
	if (t->n_deps == 0)
		return;
	pqm_out_lit(o, "      after    ");
	for (size_t i = 0; i < t->n_deps; i++)
		pqm_out_f(o, "%s%u", i > 0 ? ", " : " ", t->deps[i] + 1);
	pqm_out_lit(o, "\n");
}

/* Without declared money the value only orders the tasks: it is no amount. */
static void task_head(struct pqm_out *o, struct pqm_arena *a, const struct pqm_task *t, bool money)
{
	char from[16], to[16], value[AMOUNT_BYTES];
	pqm_bytes title = pqm_printable(a, t->title);

	pqm_out_f(o, "%4u  %.*s\n", t->order + 1, PQM_FMT(title));
	pqm_out_f(o, "      %g-%g person-days · %s to %s · phase %u %.*s%s", t->effort_lo,
		t->effort_hi, date(from, t->start_hi), date(to, t->finish_hi), t->phase,
		PQM_FMT(t->phase_name), t->pulled_forward ? ", pulled forward" : "");
	if (money && t->value > 0)
		pqm_out_f(o, " · cost of delay %s /y", amount(value, t->value));
	pqm_out_lit(o, "\n");
}

static void task(struct pqm_out *o, struct pqm_arena *a, const struct pqm_task *t, bool money)
{
	char day[16];

	task_head(o, a, t, money);
	after_line(o, t);
	for (size_t i = 0; i < t->n_where; i++)
		wrapped(o, a, i == 0 ? "where" : "", t->where[i]);
	wrapped(o, a, "why", t->why);
	wrapped(o, a, "change", t->change);
	wrapped(o, a, "both ends", t->both_ends);
	wrapped(o, a, "needs", t->needs);
	wrapped(o, a, "costs", t->costs);
	wrapped(o, a, "verify", t->verify);
	wrapped(o, a, "back out", t->rollback);
	if (t->blocked_until != INT64_MIN)
		pqm_out_f(o, "      blocked   until %s: %.*s\n", date(day, t->blocked_until),
			PQM_FMT(t->blocked_why));
	if (t->due != INT64_MAX)
		pqm_out_f(o, "      due       %s%s\n", date(day, t->due),
			t->finish_hi > t->due ? ", late" : "");
}

static void head(struct pqm_out *o, const struct pqm_plan *p, const struct pqm_assessment *a)
{
	double lo = 0, hi = 0;
	char day[16], all[AMOUNT_BYTES], left[AMOUNT_BYTES];

	for (size_t i = 0; i < p->n_tasks; i++) {
		lo += p->tasks[i].effort_lo;
		hi += p->tasks[i].effort_hi;
	}
	pqm_out_f(o, "PLAN      %zu tasks, %g-%g person-days at %g a month from %s; order %s\n",
		p->n_tasks, lo, hi, p->capacity, date(day, p->start),
		p->is_exact ? "proved to cost least"
			    : "by densest closures, dates and releases (heuristic)");
	if (a->has_money)
		pqm_out_f(o, "          %s of %s%s%.*s expected loss can still be avoided\n",
			amount(left, a->total[PQM_CENTRAL].avoidable),
			amount(all, a->total[PQM_CENTRAL].expected), a->currency.n > 0 ? " " : "",
			PQM_FMT(a->currency));
}

static void tasks(struct pqm_out *o, struct pqm_arena *a, const struct pqm_plan *p, bool money)
{
	for (enum pqm_window w = PQM_W_0_6; w <= PQM_W_18_PLUS; w++) {
		bool any = false;

		for (size_t i = 0; i < p->n_tasks; i++) {
			if (p->tasks[i].window != w)
				continue;
			if (!any)
				pqm_out_f(o, "\n%s\n", pqm_window_name(w));
			any = true;
			task(o, a, &p->tasks[i], money);
		}
	}
}

static void deadlines(struct pqm_out *o, const struct pqm_plan *p)
{
	char day[16], end[16];

	if (p->n_deadlines > 0)
		pqm_out_lit(o, "\nDEADLINES\n");
	for (size_t i = 0; i < p->n_deadlines; i++) {
		const struct pqm_deadline *d = &p->deadlines[i];

		pqm_out_f(o, "%s  %+6.1f y  %.*s", date(day, d->date), d->slack_years,
			PQM_FMT(d->title));
		if (d->finish == INT64_MIN)
			pqm_out_str(o,
				pqm_eqs(d->function, "kex") || pqm_eqs(d->function, "sig") ||
						pqm_eqs(d->function, "all")
					? ": nothing here concerns it\n"
					: ": a scan cannot tell\n");
		else
			pqm_out_f(o, ": %s, finished by %s\n", d->is_met ? "in time" : "LATE",
				date(end, d->finish));
	}
}

static void left(struct pqm_out *o, const struct pqm_plan *p, bool money)
{
	char now[AMOUNT_BYTES], sunk[AMOUNT_BYTES];

	if (p->n_residual < 2)
		return;
	pqm_out_f(o,
		"\nLEFT      %s when the plan stops after a task (open uses stay open for the "
		"years of risk.plan-defaults)\n",
		money ? "expected loss" : "sum of probabilities");
	for (size_t i = 0; i < p->n_residual; i++) {
		const struct pqm_residual *r = &p->residual[i];

		if (i > 0 && i + 1 < p->n_residual && r->left >= p->residual[i - 1].left * 0.999)
			continue; /* only steps that are seen */
		pqm_out_f(o, "%7.1f person-days  %s left, %s sunk\n", r->effort_days,
			amount(now, r->left), amount(sunk, r->sunk));
	}
}

static void write_text(struct pqm_out *o, struct pqm_pipeline *p)
{
	struct pqm_arena a;

	pqm_arena_init(&a, (size_t)64 << 20);
	head(o, &p->plan, &p->assessment);
	tasks(o, &a, &p->plan, p->assessment.has_money);
	deadlines(o, &p->plan);
	left(o, &p->plan, p->assessment.has_money);
	pqm_arena_fini(&a);
}

static void write_json(struct pqm_out *o, struct pqm_pipeline *p)
{
	char day[16];

	pqm_js_open(o, NULL, '{');
	pqm_js_cstr(o, "schema", "pqmap.plan");
	pqm_js_u64(o, "schema_version", 1);
	pqm_js_cstr(o, "assessed", date(day, p->inv.now_days));
	pqm_js_str(o, "curve", p->assessment.curve_id);
	pqm_js_cstr(o, "rules_version", p->rules.version);
	pqm_js_str(o, "currency", p->assessment.currency);
	pqm_json_plan(o, &p->assessment, &p->plan);
	pqm_js_close(o, '}');
}

static enum pqm_st write_plan(
	struct pqm_app *app, const struct pqm_args *a, struct pqm_pipeline *p, struct pqm_err *err)
{
	const char *spec = pqm_arg(a, "output");
	struct pqm_out o;
	enum pqm_st st;

	if (spec == NULL) {
		write_text(app->out, p);
		return PQM_OK;
	}
	if (strcmp(spec, "json") == 0 || strcmp(spec, "json=-") == 0) {
		write_json(app->out, p);
		return PQM_OK;
	}
	if (strncmp(spec, "json=", 5) != 0)
		return pqm_fail(err, PQM_EUSAGE,
			"-o %s: `pqmap plan` prints text or writes json[=FILE]; `pqmap report` "
			"writes the rest",
			spec);
	st = pqm_out_file(&o, spec + 5, err);
	if (st != PQM_OK)
		return st;
	write_json(&o, p);
	return pqm_out_close(&o, err);
}

static enum pqm_st run(struct pqm_app *app, const struct pqm_args *a, struct pqm_err *err)
{
	struct pqm_pipeline p;
	enum pqm_st st = pqm_pipeline_load(&p, a, "plan", err);

	if (st == PQM_OK)
		st = write_plan(app, a, &p, err);
	pqm_pipeline_fini(&p);
	return st;
}

const struct pqm_command pqm_cmd_plan = {
	.name = "plan",
	.args = "INVENTORY.json…",
	.summary = "Print the phased migration plan of a saved inventory",
	.help = "Tasks in the order that loses least: the highest cost of delay per day of effort "
		"first,\nprerequisites counted, due dates kept. The window (0-6, 6-18, 18+ months) "
		"follows\nfrom the finish at the high end of the efforts; the phase is the kind of "
		"work.",
	.opts =
		(const struct pqm_opt[]){
			{ 'o', "output", "json[=FILE]", "machine-readable; text without it" },
			{ 0, "now", "DATE", "assess as of YYYY-MM-DD (default: the inventory's)" },
			{ 0, "regime", "NAME",
				"deadlines that apply to you, repeatable: `pqmap rules list "
				"deadline`" },
			{ 0, "curve", "ID", "arrival curve (default: the inventory's)" },
			{ 0, "capacity", "N", "person-days a month (default: 20)" },
			{ 0, "start", "DATE", "first day of the plan (default: --now)" },
			{ 0, "config", "FILE", "regimes, curve, capacity, start" },
			{ 0, "bench", "FILE",
				"CPU costs from this run of `pqmap bench` (default: a reference "
				"profile)" },
			{ 0, NULL, NULL, NULL },
		},
	.run = run,
};
