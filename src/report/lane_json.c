/* lane_json.c — what a task says beyond place and text: its lane, practices, rotation. */
#include "base/num.h"
#include "report/json_parts.h"

static void list(struct pqm_out *o, const char *key, const pqm_bytes *text, size_t n)
{
	if (n == 0)
		return;
	pqm_js_open(o, key, '[');
	for (size_t i = 0; i < n; i++)
		pqm_js_str(o, NULL, text[i]);
	pqm_js_close(o, ']');
}

static void date(struct pqm_out *o, const char *key, int64_t days)
{
	char text[16];

	if (days == INT64_MIN || days == INT64_MAX)
		return;
	pqm_date_format(text, days);
	pqm_js_cstr(o, key, text);
}

static void rotation(struct pqm_out *o, const struct pqm_rotation *r)
{
	pqm_js_open(o, NULL, '{');
	pqm_js_str(o, "asset", r->asset);
	pqm_js_str(o, "use", (pqm_bytes){ (const uint8_t *)&r->use, 1 });
	date(o, "deadline", r->deadline);
	pqm_js_opt(o, "deadline_id", r->deadline_id);
	pqm_js_num(o, "life_years", r->life_years, 4);
	pqm_js_num(o, "middle_year", r->middle_year, 4);
	pqm_js_num(o, "slack_years", r->slack_years, 4);
	pqm_js_num(o, "period_days", r->period_days, 0);
	pqm_js_close(o, '}');
}

static void line(struct pqm_out *o, const struct pqm_perf_line *p)
{
	pqm_js_open(o, NULL, '{');
	pqm_js_str(o, "what", p->what);
	pqm_js_num(o, "value", p->value, 4);
	pqm_js_str(o, "unit", p->unit);
	pqm_js_str(o, "per", p->per);
	pqm_js_str(o, "how", p->how);
	pqm_js_opt(o, "row", p->rows);
	pqm_js_opt(o, "formula", p->formula);
	if (p->input > 0)
		pqm_js_num(o, "input", p->input, 4);
	if (p->replicas > 0)
		pqm_js_num(o, "replicas", p->replicas, 0);
	pqm_js_opt(o, "basis", p->basis);
	pqm_js_opt(o, "host", p->host);
	pqm_js_opt(o, "date", p->date);
	pqm_js_opt(o, "profile", p->profile);
	pqm_js_close(o, '}');
}

static void performance(struct pqm_out *o, const struct pqm_task *t)
{
	if (t->n_performance == 0)
		return;
	pqm_js_open(o, "performance", '[');
	for (size_t i = 0; i < t->n_performance; i++)
		line(o, &t->performance[i]);
	pqm_js_close(o, ']');
}

void pqm_json_lane(struct pqm_out *o, const struct pqm_task *t)
{
	pqm_js_opt(o, "lane", t->lane);
	if (t->lane.n > 0 && t->usual_window >= 0)
		pqm_js_cstr(o, "usual_window", pqm_window_name((enum pqm_window)t->usual_window));
	if (t->within_months > 0)
		pqm_js_u64(o, "within_months", t->within_months);
	pqm_js_opt(o, "advice", t->advice);
	list(o, "precedes", t->precedes, t->n_precedes);
	list(o, "practices", t->practices, t->n_practices);
	if (t->every_months > 0) {
		pqm_js_u64(o, "every_months", t->every_months);
		date(o, "next", t->next);
	}
	performance(o, t);
	if (t->n_rotations == 0)
		return;
	pqm_js_open(o, "rotation", '[');
	for (size_t i = 0; i < t->n_rotations; i++)
		rotation(o, &t->rotations[i]);
	pqm_js_close(o, ']');
}
