#include "base/num.h"
#include "report/json_parts.h"

static void date(struct pqm_out *o, const char *key, int64_t days)
{
	char day[16];

	pqm_date_format(day, days);
	pqm_js_cstr(o, key, day);
}

static void refusal(struct pqm_out *o, const struct pqm_gate *g, const struct pqm_refusal *v)
{
	char hex[2 * PQM_ID_BYTES + 1];

	pqm_id_hex(hex, v->finding->id);
	pqm_js_open(o, NULL, '{');
	pqm_js_cstr(o, "finding", hex);
	pqm_js_str(o, "rule", v->rule);
	pqm_js_cstr(o, "level", pqm_severity_name(v->level));
	pqm_js_cstr(o, "standing", pqm_standing_name(v->standing));
	pqm_js_str(o, "why", v->why);
	pqm_js_opt(o, "fix", v->fix);
	pqm_js_opt(o, "asset", v->asset);
	if (v->has_decision)
		pqm_js_cstr(o, "decision", pqm_decision_name(v->decision));
	pqm_js_opt(o, "duty", v->duty);
	pqm_js_bool(o, "mandate", v->is_mandate);
	pqm_js_u64(o, "places", v->n_places);
	pqm_js_u64(o, "known", v->n_known);
	pqm_js_u64(o, "suppressed", v->n_suppressed);
	if (v->by != NULL)
		pqm_js_u64(o, "suppression", (uint64_t)(v->by - g->suppressions));
	pqm_js_close(o, '}');
}

static void suppression(struct pqm_out *o, const struct pqm_suppression *s)
{
	pqm_js_open(o, NULL, '{');
	pqm_js_str(o, "kind", s->kind);
	pqm_js_str(o, "rule", s->rule);
	pqm_js_str(o, "at", s->at);
	pqm_js_u64(o, "line", s->line);
	pqm_js_opt(o, "path", s->path);
	pqm_js_opt(o, "object", s->object);
	pqm_js_opt(o, "reason", s->reason);
	if (s->until != INT64_MAX)
		date(o, "until", s->until);
	pqm_js_u64(o, "used", s->n_used);
	pqm_js_bool(o, "expired", s->is_expired);
	pqm_js_bool(o, "honoured", s->fault.n == 0 && !s->is_set_aside);
	pqm_js_opt(o, "fault", s->fault);
	pqm_js_close(o, '}');
}

void pqm_json_gate(struct pqm_out *o, const struct pqm_gate *g)
{
	if (g == NULL)
		return;
	pqm_js_open(o, "gate", '{');
	pqm_js_str(o, "policies", g->policies);
	pqm_js_bool(o, "failed", g->is_failed);
	pqm_js_bool(o, "undecided", g->is_undecided);
	pqm_js_cstr(o, "fail_on", g->never_fails ? "never" : pqm_severity_name(g->fail_on));
	pqm_js_opt(o, "since", g->since);
	pqm_js_opt(o, "baseline", g->baseline);
	pqm_js_open(o, "new", '{');
	for (enum pqm_severity l = PQM_L_NOTE; l <= PQM_L_ERROR; l++)
		pqm_js_u64(o, pqm_severity_name(l), g->n_new[l]);
	pqm_js_close(o, '}');
	pqm_js_u64(o, "known", g->n_known);
	pqm_js_u64(o, "suppressed", g->n_suppressed);
	pqm_js_u64(o, "gone", g->n_gone);
	pqm_js_u64(o, "faulty_suppressions", g->n_faulty);
	pqm_js_u64(o, "suppressions_set_aside", g->n_set_aside);
	pqm_js_open(o, "refusals", '[');
	for (size_t i = 0; i < g->n_refusals; i++)
		refusal(o, g, &g->refusals[i]);
	pqm_js_close(o, ']');
	pqm_js_open(o, "suppressions", '[');
	for (size_t i = 0; i < g->n_suppressions; i++)
		suppression(o, &g->suppressions[i]);
	pqm_js_close(o, ']');
	pqm_js_close(o, '}');
}
