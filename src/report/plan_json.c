#include "base/num.h"
#include "report/json_parts.h"

static void date(struct pqm_out *o, const char *key, int64_t days)
{
	char text[16];

	if (days == INT64_MIN) {
		pqm_js_null(o, key);
		return;
	}
	pqm_date_format(text, days);
	pqm_js_cstr(o, key, text);
}

/* left, sunk and avoided have as many decimals as residual: without money they are probabilities. */
static void stage(struct pqm_out *o, const struct pqm_stage *s, unsigned phase)
{
	pqm_js_open(o, NULL, '{');
	if (phase > 0)
		pqm_js_u64(o, "phase", phase);
	pqm_js_str(o, "name", s->name);
	pqm_js_u64(o, "tasks", s->n_tasks);
	pqm_js_num(o, "effort_lo", s->effort_lo, 2);
	pqm_js_num(o, "effort_hi", s->effort_hi, 2);
	date(o, "finish", s->finish);
	pqm_js_num(o, "left", s->left, 4);
	pqm_js_num(o, "sunk", s->sunk, 4);
	pqm_js_num(o, "avoided", s->avoided, 4);
	pqm_js_open(o, "decisions", '{');
	for (enum pqm_decision d = PQM_TRACK; d <= PQM_ACT; d++)
		pqm_js_u64(o, pqm_decision_name(d), s->decisions[d]);
	pqm_js_close(o, '}');
	pqm_js_close(o, '}');
}

void pqm_json_stages(struct pqm_out *o, const struct pqm_plan *p)
{
	pqm_js_open(o, "phases", '[');
	for (unsigned i = 0; i < PQM_N_PHASES && p->phases[i].name.n > 0; i++)
		stage(o, &p->phases[i], i + 1);
	pqm_js_close(o, ']');
	pqm_js_open(o, "windows", '[');
	for (unsigned i = 0; i < PQM_N_WINDOWS && p->windows[i].name.n > 0; i++)
		stage(o, &p->windows[i], 0);
	pqm_js_close(o, ']');
}

static void task_ids(struct pqm_out *o, const char *key, const struct pqm_plan *p,
	const uint32_t *tasks, size_t n)
{
	pqm_js_open(o, key, '[');
	for (size_t i = 0; i < n; i++)
		pqm_js_str(o, NULL, p->tasks[tasks[i]].id);
	pqm_js_close(o, ']');
}

static void moved(struct pqm_out *o, const struct pqm_what_if_asset *a)
{
	pqm_js_open(o, NULL, '{');
	pqm_js_str(o, "asset", a->asset->id);
	pqm_js_num(o, "p_before", a->p_before, 4);
	pqm_js_num(o, "p_after", a->p_after, 4);
	pqm_js_cstr(o, "decision_before", pqm_decision_name(a->before));
	pqm_js_cstr(o, "decision_after", pqm_decision_name(a->after));
	pqm_js_close(o, '}');
}

void pqm_json_what_if(struct pqm_out *o, const struct pqm_plan *p)
{
	const struct pqm_what_if *w = p->what_if;

	if (w == NULL)
		return;
	pqm_js_open(o, "what_if", '{');
	task_ids(o, "tasks", p, w->tasks, w->n_tasks);
	task_ids(o, "missing", p, w->missing, w->n_missing);
	pqm_js_num(o, "effort_lo", w->effort_lo, 2);
	pqm_js_num(o, "effort_hi", w->effort_hi, 2);
	pqm_js_num(o, "missing_lo", w->missing_lo, 2);
	pqm_js_num(o, "missing_hi", w->missing_hi, 2);
	pqm_js_num(o, "before", w->before, 4);
	pqm_js_num(o, "after", w->after, 4);
	pqm_js_num(o, "completed", w->completed, 4);
	pqm_js_num(o, "sunk", w->sunk, 4);
	pqm_js_open(o, "assets", '[');
	for (size_t i = 0; i < w->n_assets; i++)
		moved(o, &w->assets[i]);
	pqm_js_close(o, ']');
	pqm_js_close(o, '}');
}
