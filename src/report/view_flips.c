/* view_flips.c — what would decide otherwise, as a sentence for somebody who never saw a vector. */
#include "view.h"

#include "report/view_text.h"

static const struct {
	const char *letter, *words;
} shields[] = {
	{ "N", "nothing post-quantum protected it" },
	{ "F", "hybrid key exchange were offered, classical still taken" },
	{ "E", "hybrid key exchange were enforced" },
};

static pqm_bytes shield(pqm_bytes letter)
{
	for (size_t i = 0; i < sizeof(shields) / sizeof(shields[0]); i++)
		if (pqm_eqs(letter, shields[i].letter))
			return pqm_str(shields[i].words);
	return (pqm_bytes){ NULL, 0 };
}

/* The numbers as the assessment wrote them, in a sentence: "if it had to hold for A years, not B". */
static const struct {
	const char *parameter, *before, *between, *after;
} numbers[] = {
	{ "life", "if it had to hold for ", " years instead of ", "" },
	{ "years to protection", "if protecting it took ", " years instead of ", "" },
	{ "impact", "if its loss were an impact of ", " instead of ", " on the scale of 1 to 5" },
	{ "assessment date", "if today were ", " instead of ", "" },
	{ "class", "if the algorithm were of class ", " instead of ", "" },
};

static pqm_bytes condition(struct pqm_arena *a, const struct pqm_flip *f, char data)
{
	if (pqm_eqs(f->parameter, "coverage"))
		return shield(f->to).n > 0 ? pqm_arena_f(a, "if %.*s", PQM_FMT(shield(f->to)))
					   : (pqm_bytes){ NULL, 0 };
	if (pqm_eqs(f->parameter, "exposure") && f->to.n == 1 && f->from.n == 1)
		return pqm_arena_f(a, "if it were exposed on %s instead of %s",
			pqm_text_exposure((char)f->to.p[0]), pqm_text_exposure((char)f->from.p[0]));
	if (pqm_eqs(f->parameter, "harvest factor"))
		return pqm_arena_f(a, "if it were %.*s times as likely to be %s as assumed",
			PQM_FMT(f->to), data == 'F' ? "recorded" : "reached");
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (pqm_eqs(f->parameter, numbers[i].parameter))
			return pqm_arena_f(a, "%s%.*s%s%.*s%s", numbers[i].before, PQM_FMT(f->to),
				numbers[i].between, PQM_FMT(f->from), numbers[i].after);
	return (pqm_bytes){ NULL, 0 };
}

/* Empty values come from a report that an older pqmap wrote: its own sentence stands then. */
pqm_bytes pqm_view_flip(struct pqm_arena *a, const struct pqm_asset_score *s, size_t i)
{
	const struct pqm_flip *f = &s->flips[i];
	char data = s->deciding < s->n_uses ? s->uses[s->deciding].v.data : 'F';
	pqm_bytes when =
		f->from.n > 0 && f->to.n > 0 ? condition(a, f, data) : (pqm_bytes){ NULL, 0 };

	if (when.n == 0)
		return f->words;
	return pqm_arena_f(a, "%s %.*s", pqm_decision_name(f->decision), PQM_FMT(when));
}
