#include "score_json.h"

#include "report/inputs.h"

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

void pqm_json_inputs(struct pqm_out *o, const struct pqm_asset *a, const struct pqm_use_score *u)
{
	struct pqm_input in[PQM_INPUTS];

	pqm_inputs_of(in, a, u);
	pqm_js_open(o, "inputs", '{');
	for (size_t i = 0; i < PQM_INPUTS; i++) {
		pqm_js_open(o, in[i].key, '{');
		if (in[i].is_number)
			pqm_js_num(o, "value", in[i].number, 4);
		else
			pqm_js_cstr(o, "value", in[i].text);
		pqm_js_cstr(o, "by", pqm_from_name(in[i].by.from));
		pqm_js_str(o, "from", in[i].by.words);
		pqm_js_bool(o, "assumed", in[i].by.is_assumption);
		pqm_js_opt(o, "path", in[i].by.path);
		pqm_js_opt_u64(o, "line", in[i].by.line);
		pqm_js_close(o, '}');
	}
	pqm_js_close(o, '}');
}

/* How much one run opens, where the size is known and a recording is what it opens. */
static void shor_bytes(
	struct pqm_out *o, const struct pqm_asset *a, const struct pqm_use_score *u, bool has_runs)
{
	const struct pqm_by *by = &a->size_by;

	if (!has_runs || !(a->size_bytes > 0) || u->v.use == 'S' || u->v.use == 'L')
		return;
	pqm_js_open(o, "bytes", '{');
	pqm_js_num(o, "value", a->size_bytes, 0);
	pqm_js_cstr(o, "by", pqm_from_name(by->from));
	pqm_js_str(o, "from", by->words);
	pqm_js_opt(o, "path", by->path);
	pqm_js_opt_u64(o, "line", by->line);
	pqm_js_close(o, '}');
}

void pqm_json_evidence(struct pqm_out *o, const struct pqm_asset *a, const struct pqm_use_score *u)
{
	const struct pqm_shor shor = pqm_shor_of(u);
	const char *const notes[] = { pqm_note_capped(u), pqm_note_conditioned(u) };

	pqm_js_open(o, "shor", '{');
	pqm_js_cstr(o, "runs", shor.runs);
	pqm_js_cstr(o, "opens", shor.opens);
	shor_bytes(o, a, u, !pqm_eqs(pqm_str(shor.runs), "none"));
	pqm_js_close(o, '}');
	if (u->hop != NULL && u->hop->was != 0) {
		pqm_js_open(o, "history", '{');
		pqm_js_cstr(o, "was", u->hop->was == 'F' ? "flow" : "stock");
		pqm_js_num(o, "ended_years", u->v.ended_years, 4);
		pqm_js_u64(o, "of", u->hop->was_of);
		pqm_js_close(o, '}');
	}
	pqm_js_bool(o, "conditioned", u->is_ahead);
	pqm_js_open(o, "notes", '[');
	for (size_t i = 0; i < sizeof(notes) / sizeof(notes[0]); i++)
		if (notes[i] != NULL)
			pqm_js_cstr(o, NULL, notes[i]);
	pqm_js_close(o, ']');
}

void pqm_json_flips(struct pqm_out *o, const struct pqm_asset_score *s)
{
	pqm_js_open(o, "flips", '[');
	for (size_t i = 0; i < s->n_flips; i++) {
		const struct pqm_flip *f = &s->flips[i];

		pqm_js_open(o, NULL, '{');
		pqm_js_str(o, "parameter", f->parameter);
		pqm_js_str(o, "from", f->from);
		pqm_js_str(o, "to", f->to);
		pqm_js_cstr(o, "decision", pqm_decision_name(f->decision));
		pqm_js_num(o, "size", f->size, 4);
		pqm_js_str(o, "words", f->words);
		pqm_js_close(o, '}');
	}
	pqm_js_close(o, ']');
}

static void life_band(struct pqm_out *o, const struct pqm_asset_score *s)
{
	pqm_js_open(o, "p_life", '{');
	pqm_js_num(o, "low_years", s->life_low, 4);
	pqm_js_num(o, "high_years", s->life_high, 4);
	pqm_js_num(o, "low", s->p_life_low, 4);
	pqm_js_num(o, "high", s->p_life_high, 4);
	pqm_js_close(o, '}');
}

static void threats(struct pqm_out *o, const struct pqm_asset_score *s)
{
	pqm_js_open(o, "threats", '[');
	for (size_t i = 0; i < s->n_threats; i++) {
		const struct pqm_threat *t = &s->threats[i];

		pqm_js_open(o, NULL, '{');
		pqm_js_str(o, "id", t->id);
		pqm_js_str(o, "title", t->title);
		pqm_js_str(o, "when", t->when);
		pqm_js_open(o, "p", '{');
		for (enum pqm_scenario k = PQM_SLOW; k < PQM_N_SCENARIOS; k++)
			pqm_js_num(o, pqm_scenario_name(k), t->p[k], 4);
		pqm_js_close(o, '}');
		pqm_js_open(o, "uses", '[');
		for (size_t k = 0; k < t->n_uses; k++)
			pqm_js_u64(o, NULL, t->uses[k]);
		pqm_js_close(o, ']');
		pqm_js_str(o, "why", t->why);
		pqm_js_close(o, '}');
	}
	pqm_js_close(o, ']');
}

void pqm_json_losses(struct pqm_out *o, const struct pqm_assessment *a)
{
	pqm_js_open(o, "loss_curves", '{');
	for (enum pqm_scenario s = PQM_SLOW; s < PQM_N_SCENARIOS; s++) {
		pqm_js_open(o, pqm_scenario_name(s), '[');
		for (size_t i = 0; i < a->n_losses[s]; i++) {
			pqm_js_open(o, NULL, '{');
			pqm_js_num(o, "amount", a->loss_curves[s][i].amount, 2);
			pqm_js_num(o, "p", a->loss_curves[s][i].p, 4);
			pqm_js_close(o, '}');
		}
		pqm_js_close(o, ']');
	}
	pqm_js_close(o, '}');
}

void pqm_json_score(struct pqm_out *o, const struct pqm_asset_score *s)
{
	under(o, s);
	parts(o, "volatile_by", s->volatile_by);
	pqm_json_flips(o, s);
	if (s->has_p_life)
		life_band(o, s);
	threats(o, s);
	if (s->has_money)
		money_basis(o, s);
}
