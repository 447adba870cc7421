#include "report/json_parts.h"

static void place(struct pqm_out *o, const struct pqm_practice_place *at)
{
	pqm_js_open(o, NULL, '{');
	pqm_js_cstr(o, "verdict", pqm_practice_name(at->verdict));
	if (at->target != UINT32_MAX)
		pqm_js_u64(o, "target", at->target);
	pqm_js_str(o, "what", at->what);
	pqm_js_opt(o, "words", at->words);
	pqm_js_opt(o, "path", at->path);
	if (at->line > 0)
		pqm_js_u64(o, "line", at->line);
	pqm_js_close(o, '}');
}

static void tasks_of(struct pqm_out *o, const struct pqm_practice *p, const struct pqm_plan *plan)
{
	pqm_js_open(o, "tasks", '[');
	for (size_t i = 0; plan != NULL && i < plan->n_tasks; i++)
		for (size_t k = 0; k < plan->tasks[i].n_practices; k++)
			if (pqm_eq(plan->tasks[i].practices[k], p->rule->id))
				pqm_js_str(o, NULL, plan->tasks[i].id);
	pqm_js_close(o, ']');
}

static void practice(struct pqm_out *o, const struct pqm_practice *p, const struct pqm_plan *plan)
{
	static const char *const keys[PQM_N_PRACTICE_VERDICTS] = { "no", "partly", "yes",
		"not_shown" };
	const struct pqm_yaml *refs = pqm_yaml_get(p->rule->node, "refs");

	pqm_js_open(o, NULL, '{');
	pqm_js_str(o, "rule", p->rule->id);
	pqm_js_str(o, "title", pqm_yaml_str(p->rule->node, "title"));
	pqm_js_str(o, "question", pqm_yaml_str(p->rule->node, "question"));
	pqm_js_cstr(o, "verdict", pqm_practice_name(p->verdict));
	pqm_js_open(o, "counts", '{');
	for (unsigned v = 0; v < PQM_N_PRACTICE_VERDICTS; v++)
		pqm_js_u64(o, keys[v], p->n[v]);
	pqm_js_close(o, '}');
	pqm_js_str(o, "why", pqm_yaml_str(p->rule->node, "why"));
	pqm_js_opt(o, "fix", pqm_yaml_str(p->rule->node, "fix"));
	pqm_js_open(o, "refs", '[');
	for (size_t i = 0; refs != NULL && i < refs->n; i++)
		pqm_js_str(o, NULL, pqm_yaml_text(refs->items[i]));
	pqm_js_close(o, ']');
	pqm_js_open(o, "places", '[');
	for (size_t i = 0; i < p->n_places; i++)
		place(o, &p->places[i]);
	pqm_js_close(o, ']');
	tasks_of(o, p, plan);
	pqm_js_close(o, '}');
}

static void contrast(struct pqm_out *o, const struct pqm_contrast *c)
{
	pqm_js_open(o, NULL, '{');
	pqm_js_str(o, "what", c->what);
	pqm_js_str(o, "role", c->role);
	pqm_js_open(o, "sides", '[');
	for (size_t i = 0; i < c->n_sides; i++) {
		pqm_js_open(o, NULL, '{');
		pqm_js_u64(o, "target", c->sides[i].target);
		pqm_js_str(o, "words", c->sides[i].words);
		pqm_js_close(o, '}');
	}
	pqm_js_close(o, ']');
	pqm_js_close(o, '}');
}

void pqm_json_practices(
	struct pqm_out *o, const struct pqm_practices *p, const struct pqm_plan *plan)
{
	pqm_js_open(o, "practices", '{');
	pqm_js_open(o, "questions", '[');
	for (size_t i = 0; i < p->n; i++)
		practice(o, &p->items[i], plan);
	pqm_js_close(o, ']');
	pqm_js_open(o, "contrasts", '[');
	for (size_t i = 0; i < p->n_contrasts; i++)
		contrast(o, &p->contrasts[i]);
	pqm_js_close(o, ']');
	pqm_js_close(o, '}');
}
