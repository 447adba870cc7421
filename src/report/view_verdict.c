#include "view.h"

#include <math.h>

#include "report/view_text.h"

/* Chances that people can picture; the verdict names the one that says most. */
static const struct {
	double p;
	const char *words;
} chances[] = { { .9, "a 9-in-10" }, { .75, "a 3-in-4" }, { .5, "an even" }, { .4, "a 2-in-5" },
	{ .2, "a 1-in-5" }, { .05, "a 1-in-20" } };

#define N_CHANCES (sizeof(chances) / sizeof(chances[0]))

static pqm_bytes count_word(struct pqm_arena *a, size_t n, bool capital)
{
	static const char *const words[] = { "No", "One", "Two", "Three", "Four", "Five", "Six",
		"Seven", "Eight", "Nine", "Ten", "Eleven", "Twelve" };
	static const char *const small[] = { "no", "one", "two", "three", "four", "five", "six",
		"seven", "eight", "nine", "ten", "eleven", "twelve" };

	if (n < sizeof(words) / sizeof(words[0]))
		return pqm_str(capital ? words[n] : small[n]);
	return pqm_text_count(a, n);
}

struct counts {
	size_t all, shown; /* shown: evidence stands behind it */
};

/* Assets whose chance is printed as at least p: counted as the table shows them, to the per cent. */
static struct counts count_from(const struct pqm_view *v, double p)
{
	struct counts n = { 0, 0 };

	for (size_t i = 0; i < v->n_ai; i++) {
		const struct pqm_asset_score *s = v->scores[i];

		if (s->is_broken_today || lround(100 * s->p[PQM_CENTRAL]) < lround(100 * p))
			continue;
		n.all++;
		n.shown += pqm_score_is_shown(s) ? 1 : 0;
	}
	return n;
}

static struct counts count_open(const struct pqm_view *v)
{
	struct counts n = { 0, 0 };

	for (size_t i = 0; i < v->n_ai; i++)
		if (v->scores[i]->is_broken_today) {
			n.all++;
			n.shown += pqm_score_is_shown(v->scores[i]) ? 1 : 0;
		}
	return n;
}

/* Assets at risk only because nothing that was read shows what protects them. */
static size_t count_guessed(const struct pqm_view *v)
{
	size_t n = 0;

	for (size_t i = 0; i < v->n_ai; i++)
		n += !pqm_score_is_shown(v->scores[i]) &&
				(v->scores[i]->is_broken_today ||
					v->scores[i]->p[PQM_CENTRAL] >= .05)
			? 1
			: 0;
	return n;
}

/* Nothing is shown, for better or worse: that is the headline then, not a sentence below it. */
static bool is_all_guess(const struct pqm_view *v)
{
	return count_guessed(v) > 0 && count_open(v).shown == 0 &&
		count_from(v, chances[N_CHANCES - 1].p).shown == 0;
}

static pqm_bytes guess_sentence(const struct pqm_view *v, struct pqm_arena *a)
{
	size_t n = count_guessed(v);

	if (n == 0 || is_all_guess(v))
		return (pqm_bytes){ NULL, 0 };
	pqm_bytes word = count_word(a, n, false);

	return pqm_arena_f(a,
		"For %.*s of the assets, nothing that was read shows what protects %s: %s an "
		"assumption. ",
		PQM_FMT(word), n == 1 ? "it" : "them", n == 1 ? "its risk is" : "their risk is");
}

/* The chance whose count x chance is largest: neither "one at 90 %" nor "twenty at 5 %" wins
 * by being extreme. N_CHANCES when no asset reaches the lowest. */
static size_t telling_chance(const struct pqm_view *v)
{
	size_t best = N_CHANCES;
	double most = 0;

	for (size_t i = 0; i < N_CHANCES; i++) {
		double weight = chances[i].p * (double)count_from(v, chances[i].p).shown;

		if (weight > most) {
			most = weight;
			best = i;
		}
	}
	return best;
}

static pqm_bytes open_sentence(const struct pqm_view *v, struct pqm_arena *a, bool alone)
{
	size_t open = count_open(v).all;
	pqm_bytes n = count_word(a, open, true);

	if (open == 0)
		return (pqm_bytes){ NULL, 0 };
	if (alone)
		return pqm_arena_f(a, "%.*s AI asset%s open today, without any quantum computer.",
			PQM_FMT(n), open == 1 ? " lies" : "s lie");
	return pqm_arena_f(a, " %.*s more %s open today.", PQM_FMT(n), open == 1 ? "lies" : "lie");
}

static pqm_bytes without_assets(const struct pqm_view *v, struct pqm_arena *a)
{
	uint64_t broken = v->tally.by_quantum[PQM_Q_BROKEN];

	if (v->tally.total == 0 && v->r->inv->coverage.read == 0)
		return PQM_LIT("Nothing was read, so nothing can be said.");
	if (broken == 0 && v->tally.by_quantum[PQM_Q_UNKNOWN] > 0)
		return PQM_LIT(
			"No AI asset was recognised, and nothing known to be quantum-vulnerable; "
			"what is unknown may be.");
	if (broken == 0)
		return PQM_LIT("No AI asset was recognised, and nothing quantum-vulnerable in what "
			       "was read.");
	pqm_bytes n =
		pqm_text_n(a, broken, "quantum-vulnerable thing", "quantum-vulnerable things");

	return pqm_arena_f(a, "%.*s found; no AI asset was recognised that rests on %s.",
		PQM_FMT(n), broken == 1 ? "it" : "them");
}

static pqm_bytes verdict(const struct pqm_view *v, struct pqm_arena *a)
{
	size_t best = telling_chance(v);
	pqm_bytes open = open_sentence(v, a, best == N_CHANCES);

	if (v->n_ai == 0)
		return without_assets(v, a);
	if (best == N_CHANCES && open.n > 0 && !is_all_guess(v))
		return open;
	if (is_all_guess(v)) {
		size_t guessed = count_guessed(v);
		pqm_bytes word = count_word(a, guessed, false);

		return pqm_arena_f(a,
			"No AI asset is shown to be at risk; for %.*s, nothing that was read shows "
			"what protects %s.",
			PQM_FMT(word), guessed == 1 ? "it" : "them");
	}
	if (best == N_CHANCES)
		return PQM_LIT(
			"No AI asset has as much as a 1-in-20 chance of being read or forged "
			"while it still matters.");
	struct counts n = count_from(v, chances[best].p);
	pqm_bytes word = count_word(a, n.all, true), guess = count_word(a, n.all - n.shown, false),
		  part = n.all == n.shown
		? (pqm_bytes){ NULL, 0 }
		: pqm_arena_f(a, ", %.*s of them by assumption", PQM_FMT(guess));

	return pqm_arena_f(a,
		"%.*s AI asset%s at least %s chance of being read or forged while %s still "
		"matter%s%.*s.%.*s",
		PQM_FMT(word), n.all == 1 ? " has" : "s have", chances[best].words,
		n.all == 1 ? "it" : "they", n.all == 1 ? "s" : "", PQM_FMT(part), PQM_FMT(open));
}

static pqm_bytes sunk_sentence(const struct pqm_view *v, struct pqm_arena *a)
{
	const struct pqm_assessment *as = v->r->assessment;
	const struct pqm_asset_score *worst = NULL;

	if (as->has_money && as->total[PQM_CENTRAL].expected > 0) {
		const struct pqm_money *m = &as->total[PQM_CENTRAL];
		pqm_bytes share = pqm_text_pct(a, m->sunk / m->expected);

		return pqm_arena_f(a,
			"Of the expected loss, %.*s is content already sent, which no migration "
			"recalls. ",
			PQM_FMT(share));
	}
	for (size_t i = 0; i < v->n_ai; i++)
		if (worst == NULL || v->scores[i]->sunk[PQM_CENTRAL] > worst->sunk[PQM_CENTRAL])
			worst = v->scores[i];
	if (worst == NULL || worst->sunk[PQM_CENTRAL] < .005)
		return (pqm_bytes){ NULL, 0 };
	pqm_bytes name = pqm_text_cut(a, pqm_printable(a, worst->asset->name), 60),
		  p = pqm_text_pct(a, worst->sunk[PQM_CENTRAL]);

	return pqm_arena_f(a,
		"What %.*s sent until today may already be recorded: %.*s of being read in time, "
		"which no migration changes. ",
		PQM_FMT(name), PQM_FMT(p));
}

static void add_part(struct pqm_arena *a, pqm_bytes *out, const char *join, pqm_bytes part)
{
	*out = out->n == 0 ? part
			   : pqm_arena_f(a, "%.*s%s%.*s", PQM_FMT(*out), join, PQM_FMT(part));
}

#define N_KINDS 3

static pqm_bytes found_sentence(const struct pqm_view *v, struct pqm_arena *a)
{
	const struct pqm_tally *t = &v->tally;

	const struct {
		uint64_t n;
		const char *one, *many;
	} kinds[N_KINDS] = { { t->found[PQM_USE][PQM_Q_BROKEN], "use", "uses" },
		{ t->found[PQM_KEY][PQM_Q_BROKEN] + t->found[PQM_CERT][PQM_Q_BROKEN],
			"key or certificate", "keys and certificates" },
		{ t->found[PQM_CONFIG][PQM_Q_BROKEN] + t->found[PQM_ABSENT][PQM_Q_BROKEN],
			"setting", "settings" } };

	pqm_bytes out = { NULL, 0 };
	size_t last = 0;

	if (t->total == 0)
		return out;
	if (t->by_quantum[PQM_Q_BROKEN] == 0)
		return PQM_LIT("Nothing that was read falls to a quantum computer; the coverage "
			       "section says what was not read. ");
	for (size_t i = 0; i < N_KINDS; i++)
		last = kinds[i].n > 0 ? i : last;
	for (size_t i = 0; i < N_KINDS; i++)
		if (kinds[i].n > 0)
			add_part(a, &out, i == last ? " and " : ", ",
				pqm_text_n(a, kinds[i].n, kinds[i].one, kinds[i].many));
	if (out.n == 0)
		return (pqm_bytes){ NULL, 0 };
	return pqm_arena_f(
		a, "%.*s that were read will fall to a quantum computer. ", PQM_FMT(out));
}

static void lead(struct pqm_obj *o, const struct pqm_view *v)
{
	pqm_bytes sunk = sunk_sentence(v, o->arena), guess = guess_sentence(v, o->arena),
		  found = found_sentence(v, o->arena);

	pqm_obj_text(o, "lead",
		pqm_arena_f(
			o->arena, "%.*s%.*s%.*s", PQM_FMT(found), PQM_FMT(sunk), PQM_FMT(guess)));
}

struct number {
	pqm_bytes label, value, note;
};

struct numbers {
	struct number n[4];
};

/* Page one names what binds; guidance only when nothing does. */
static bool binds(const struct pqm_deadline *d)
{
	return pqm_eqs(d->force, "mandate") || pqm_eqs(d->force, "procurement");
}

static bool is_tighter(const struct pqm_deadline *d, const struct pqm_deadline *than)
{
	if (than == NULL)
		return true;
	if (pqm_deadline_is_duty(d) != pqm_deadline_is_duty(than))
		return pqm_deadline_is_duty(than);
	if (binds(d) != binds(than))
		return binds(d);
	return d->slack_years < than->slack_years;
}

/* The first date that the plan misses, else the one with the least slack. */
static const struct pqm_deadline *tightest_of(const struct pqm_plan *p)
{
	const struct pqm_deadline *d = NULL, *missed = NULL;

	for (size_t i = 0; i < p->n_deadlines; i++) {
		const struct pqm_deadline *x = &p->deadlines[i];

		if (x->is_others || x->finish == INT64_MIN || !isfinite(x->slack_years))
			continue;
		if (x->slack_years < 0 && (missed == NULL || (binds(x) && !binds(missed))))
			missed = x;
		if (is_tighter(x, d))
			d = x;
	}
	return missed != NULL ? missed : d;
}

static struct number tightest(const struct pqm_view *v, struct pqm_arena *a)
{
	const struct pqm_deadline *d = tightest_of(v->r->plan);

	if (d == NULL)
		return (struct number){ PQM_LIT("Tightest date"), PQM_LIT("none"),
			v->r->inv->n_regimes == 0
				? PQM_LIT("no regime chosen: --regime names the ones that bind you")
				: PQM_LIT("no date of the chosen regimes concerns what was "
					  "found") };
	pqm_bytes duty = pqm_text_cut(a, pqm_printable(a, pqm_text_duty(a, d)), 48),
		  regime = pqm_printable(a, d->regime),
		  slack = pqm_text_years(a, fabs(d->slack_years));
	const char *what = binds(d)		? ""
		: pqm_eqs(d->force, "proposed") ? " (proposed)"
						: " (guidance)";
	bool missed = d->slack_years < 0;

	return (struct number){ missed ? PQM_LIT("First date missed") : PQM_LIT("Tightest date"),
		pqm_text_day(a, d->date),
		pqm_arena_f(a, "%.*s, %.*s%s: %s%.*s%s", PQM_FMT(duty), PQM_FMT(regime), what,
			missed ? "the plan ends " : "", PQM_FMT(slack),
			missed ? " late" : " to spare") };
}

pqm_bytes pqm_view_money(const struct pqm_view *v, struct pqm_arena *a, double amount)
{
	pqm_bytes m = pqm_text_money(a, amount),
		  currency = pqm_printable(a, v->r->assessment->currency);

	return currency.n == 0 ? m : pqm_arena_f(a, "%.*s %.*s", PQM_FMT(m), PQM_FMT(currency));
}

const char *pqm_view_declared(const struct pqm_view *v)
{
	size_t amounts = 0, bands = 0;

	for (size_t i = 0; i < v->n_scores; i++) {
		const struct pqm_asset *a = v->scores[i]->asset;
		bool told = (!a->money.is_assumption && a->money.value > 0) ||
			(!a->flow_money.is_assumption && a->flow_money.value > 0);

		amounts += v->scores[i]->has_money && told ? 1 : 0;
		bands += v->scores[i]->has_money && !told ? 1 : 0;
	}
	return bands == 0      ? "where a loss was declared"
		: amounts == 0 ? "from declared impact bands, at the middle of each"
			       : "from declared losses and the middle of declared impact bands";
}

/* What the plan is for: the way from doing nothing to its end. */
static struct number plan_saves(const struct pqm_view *v, struct pqm_arena *a)
{
	const struct pqm_plan *p = v->r->plan;
	double with = v->r->assessment->total[PQM_CENTRAL].expected,
	       without = p != NULL && p->n_residual > 0 ? p->residual[0].left : with;
	pqm_bytes all = pqm_text_money(a, without),
		  years = pqm_text_years(a, p != NULL ? p->open_years : 0);

	return (struct number){ PQM_LIT("The plan avoids"),
		pqm_view_money(v, a, fmax(0, without - with)),
		pqm_arena_f(a, "of %.*s, if nothing were done for %.*s", PQM_FMT(all),
			PQM_FMT(years)) };
}

static void money_numbers(struct numbers *out, const struct pqm_view *v, struct pqm_arena *a)
{
	const struct pqm_assessment *as = v->r->assessment;
	const struct pqm_money *m = as->total;
	pqm_bytes lo = pqm_text_money(a, m[PQM_SLOW].expected),
		  hi = pqm_text_money(a, m[PQM_FAST].expected),
		  quarter = pqm_text_money(a, m[PQM_CENTRAL].quarter);

	out->n[0] = (struct number){ PQM_LIT("Expected loss with this plan"),
		pqm_view_money(v, a, m[PQM_CENTRAL].expected),
		pqm_arena_f(a, "%.*s to %.*s, %s%s; a quarter of delay adds %.*s", PQM_FMT(lo),
			PQM_FMT(hi), pqm_view_declared(v),
			as->currency.n > 0 ? "" : " (no currency was named)", PQM_FMT(quarter)) };
	out->n[1] =
		(struct number){ PQM_LIT("Already sent"), pqm_view_money(v, a, m[PQM_CENTRAL].sunk),
			PQM_LIT("of it; no migration recalls it") };
	out->n[2] = plan_saves(v, a);
}

static pqm_bytes broken_note(const struct pqm_view *v, struct pqm_arena *a)
{
	const struct pqm_tally *t = &v->tally;
	unsigned long long total = t->total, used = t->found[PQM_USE][PQM_Q_BROKEN],
			   offered = t->found[PQM_OFFER][PQM_Q_BROKEN],
			   held = t->found[PQM_KEY][PQM_Q_BROKEN] +
		t->found[PQM_CERT][PQM_Q_BROKEN],
			   set = t->found[PQM_CONFIG][PQM_Q_BROKEN] +
		t->found[PQM_ABSENT][PQM_Q_BROKEN];

	return pqm_arena_f(a,
		"of %llu things found: %llu used, %llu keys and certificates, %llu set or missing, "
		"%llu only offered",
		total, used, held, set, offered);
}

static void plain_numbers(struct numbers *out, const struct pqm_view *v, struct pqm_arena *a)
{
	size_t by[4] = { 0 };
	double worst_delay = 0;

	for (size_t i = 0; i < v->n_ai; i++) {
		by[v->scores[i]->decision]++;
		worst_delay = fmax(worst_delay, v->scores[i]->cod[PQM_CENTRAL]);
	}
	out->n[0] = (struct number){ PQM_LIT("AI assets to act on now"),
		pqm_arena_f(a, "%zu of %zu", by[PQM_ACT], v->n_ai),
		pqm_arena_f(a, "%zu to attend, %zu to plan, %zu to track", by[PQM_ATTEND],
			by[PQM_PLAN], by[PQM_TRACK]) };
	out->n[1] = (struct number){ PQM_LIT("Quantum-vulnerable"),
		pqm_text_count(a, v->tally.by_quantum[PQM_Q_BROKEN]), broken_note(v, a) };
	out->n[2] = (struct number){ PQM_LIT("A year of waiting"),
		v->n_ai == 0 ? PQM_LIT("-") : pqm_text_pct(a, worst_delay),
		v->n_ai == 0 ? PQM_LIT("there is no AI asset to wait with")
			     : PQM_LIT("chance that what the worst asset sends this year is lost; "
				       "no impact was declared in money") };
}

static void fill_number(struct pqm_obj *o, const void *ctx, size_t i)
{
	const struct numbers *n = ctx;

	pqm_obj_text(o, "label", n->n[i].label);
	pqm_obj_text(o, "value", n->n[i].value);
	pqm_obj_text(o, "note", n->n[i].note);
}

void pqm_view_verdict(struct pqm_obj *o, const struct pqm_view *v)
{
	struct numbers *n = pqm_new(o->arena, struct numbers, 1);

	pqm_obj_text(o, "sentence", verdict(v, o->arena));
	lead(o, v);
	pqm_view_first(o, v);
	if (n == NULL)
		return;
	if (v->r->assessment->has_money)
		money_numbers(n, v, o->arena);
	else
		plain_numbers(n, v, o->arena);
	n->n[3] = tightest(v, o->arena);
	pqm_obj_list(o, "numbers", 4, fill_number, n);
}
