#include "score_json.h"

static void money_basis(struct pqm_out *o, const struct pqm_asset_score *s)
{
	pqm_js_open(o, "money_basis", '{');
	pqm_js_num(o, "lump", s->lump, 2);
	pqm_js_num(o, "rate", s->rate, 2);
	pqm_js_str(o, "source", s->money_from);
	pqm_js_close(o, '}');
}

static void under(struct pqm_out *o, const struct pqm_asset_score *s)
{
	pqm_js_open(o, "decision_under", '[');
	for (size_t i = 0; i < s->n_under; i++) {
		pqm_js_open(o, NULL, '{');
		pqm_js_str(o, "curve", s->under[i].curve);
		pqm_js_cstr(o, "scenario", pqm_scenario_name(s->under[i].scenario));
		pqm_js_num(o, "p", s->under[i].p, 4);
		pqm_js_cstr(o, "decision", pqm_decision_name(s->under[i].decision));
		pqm_js_close(o, '}');
	}
	pqm_js_close(o, ']');
}

/* "a; b; c" as a list */
static void parts(struct pqm_out *o, const char *key, pqm_bytes text)
{
	pqm_bytes rest = text, one;

	pqm_js_open(o, key, '[');
	while (text.n > 0 && pqm_split(&rest, ';', &one))
		pqm_js_str(o, NULL, pqm_trim(one));
	pqm_js_close(o, ']');
}

void pqm_json_score(struct pqm_out *o, const struct pqm_asset_score *s)
{
	under(o, s);
	parts(o, "volatile_by", s->volatile_by);
	if (s->has_money)
		money_basis(o, s);
}
