#include "risk_list.h"

#include "report/score_json.h"

static void scenarios(struct pqm_out *o, const char *key, const double v[PQM_N_SCENARIOS], int n)
{
	pqm_js_open(o, key, '{');
	for (enum pqm_scenario s = PQM_SLOW; s < PQM_N_SCENARIOS; s++)
		pqm_js_num(o, pqm_scenario_name(s), v[s], n);
	pqm_js_close(o, '}');
}

static void use(struct pqm_out *o, const struct pqm_use_score *u, int n)
{
	pqm_js_open(o, NULL, '{');
	pqm_js_cstr(o, "vector", u->vector);
	pqm_js_num(o, "end", u->end, n);
	scenarios(o, "tau", u->tau, n); /* null: never, or broken today */
	scenarios(o, "g", u->g, n);
	scenarios(o, "h", u->h, n);
	scenarios(o, "p", u->p, n);
	scenarios(o, "sunk", u->sunk, n);
	scenarios(o, "cost_of_delay", u->cod, n);
	pqm_js_cstr(o, "decision", pqm_decision_name(u->decision));
	pqm_js_bool(o, "volatile", u->is_volatile);
	pqm_js_bool(o, "broken_today", u->is_broken_today);
	pqm_js_bool(o, "capped_by_horizon", u->is_capped);
	pqm_js_close(o, '}');
}

static void under(struct pqm_out *o, const struct pqm_asset_score *a, int n)
{
	pqm_js_open(o, "decision_under", '[');
	for (size_t i = 0; i < a->n_under; i++) {
		pqm_js_open(o, NULL, '{');
		pqm_js_str(o, "curve", a->under[i].curve);
		pqm_js_cstr(o, "scenario", pqm_scenario_name(a->under[i].scenario));
		pqm_js_num(o, "p", a->under[i].p, n);
		pqm_js_cstr(o, "decision", pqm_decision_name(a->under[i].decision));
		pqm_js_close(o, '}');
	}
	pqm_js_close(o, ']');
}

void pqm_risk_json(struct pqm_out *o, const struct pqm_risk_view *v,
	const struct pqm_asset_score *a, uint64_t line)
{
	char words[PQM_VOLATILE_BYTES];

	pqm_js_open(o, NULL, '{');
	pqm_js_cstr(o, "schema", "pqmap.risk");
	pqm_js_u64(o, "schema_version", 1);
	pqm_js_str(o, "curve", v->p->curve.id);
	pqm_js_cstr(o, "rules_version", v->rules_version);
	pqm_js_opt_u64(o, "line", line);
	pqm_js_open(o, "uses", '[');
	for (size_t i = 0; i < a->n_uses; i++)
		use(o, &a->uses[i], v->digits);
	pqm_js_close(o, ']');
	pqm_js_open(o, "union", '{');
	scenarios(o, "p", a->p, v->digits);
	scenarios(o, "sunk", a->sunk, v->digits);
	scenarios(o, "cost_of_delay", a->cod, v->digits);
	pqm_js_cstr(o, "decision", pqm_decision_name(a->decision));
	pqm_js_bool(o, "volatile", a->is_volatile);
	pqm_js_bool(o, "broken_today", a->is_broken_today);
	if (a->deciding != UINT32_MAX)
		pqm_js_u64(o, "deciding", a->deciding);
	pqm_risk_volatile_words(words, a);
	pqm_js_cstr(o, "volatile_by", words);
	under(o, a, v->digits);
	if (line == 0)
		pqm_json_flips(o, a);
	pqm_js_close(o, '}');
	pqm_js_close(o, '}');
}
