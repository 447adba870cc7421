#include "score_json.h"

static void money_basis(struct pqm_out *o, const struct pqm_asset_score *s)
{
	pqm_js_open(o, "money_basis", '{');
	pqm_js_num(o, "lump", s->lump, 2);
	pqm_js_num(o, "rate", s->rate, 2);
	pqm_js_str(o, "source", s->money_from);
	pqm_js_close(o, '}');
}

void pqm_json_score(struct pqm_out *o, const struct pqm_asset_score *s)
{
	if (s->has_money)
		money_basis(o, s);
}
