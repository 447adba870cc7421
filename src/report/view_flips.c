/* view_flips.c — what would decide otherwise, as a sentence for somebody who never saw a vector. */
#include "view.h"

#include <math.h>

#include "base/num.h"
#include "report/view_text.h"

static const struct {
	const char *letter, *carried, *signed_;
} shields[] = {
	{ "N", "nothing post-quantum protected it", "nothing post-quantum protected it" },
	{ "F", "hybrid key exchange were offered, classical still taken",
		"a post-quantum signature stood beside it, the classical one still accepted" },
	{ "E", "hybrid key exchange were enforced", "verifiers demanded a post-quantum signature" },
};

static bool is_signed(char use)
{
	return use == 'S' || use == 'L';
}

static pqm_bytes shield(pqm_bytes letter, char use)
{
	for (size_t i = 0; i < sizeof(shields) / sizeof(shields[0]); i++)
		if (pqm_eqs(letter, shields[i].letter))
			return pqm_str(is_signed(use) ? shields[i].signed_ : shields[i].carried);
	return (pqm_bytes){ NULL, 0 };
}

/* Classes of rules/risk/shifts.yaml, by what people know of them. */
static const struct {
	const char *code, *words;
} classes[] = {
	{ "E256", "a 256-bit curve (P-256, X25519)" },
	{ "E384", "a 384-bit curve (P-384, X448)" },
	{ "E521", "a 521-bit curve (P-521)" },
	{ "R2048", "RSA-2048" },
	{ "R3072", "RSA-3072" },
	{ "R4096", "RSA-4096" },
	{ "UNK", "one that nobody has named" },
};

static pqm_bytes class_words(struct pqm_arena *a, pqm_bytes code)
{
	(void)a;
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (pqm_eqs(code, classes[i].code))
			return pqm_str(classes[i].words);
	return code;
}

/* "10 years", "10 months": nobody plans by the hundredth of a year. */
static pqm_bytes years_words(struct pqm_arena *a, pqm_bytes number)
{
	double years;

	if (!pqm_f64_parse(number, &years))
		return number;
	return pqm_text_years(a, years);
}

#define UNIX_YEAR 1970
#define YEAR_DAYS 365.2425

/* 2028.49 is a day in June. */
static pqm_bytes day_words(struct pqm_arena *a, pqm_bytes number)
{
	double year;

	if (!pqm_f64_parse(number, &year) || !(fabs(year) < 10000))
		return number;
	return pqm_text_month(a, (int64_t)floor((year - UNIX_YEAR) * YEAR_DAYS));
}

static pqm_bytes plain_words(struct pqm_arena *a, pqm_bytes number)
{
	(void)a;
	return number;
}

/* A sentence of what would be otherwise: "if it had to hold for A, not B". */
static const struct {
	const char *parameter, *before, *between, *after;
	pqm_bytes (*say)(struct pqm_arena *a, pqm_bytes value);
} numbers[] = {
	{ "life", "if it had to hold for ", " instead of ", "", years_words },
	{ "years to protection", "if protecting it took ", " instead of ", "", years_words },
	{ "impact", "if its loss were an impact of ", " instead of ", " on the scale of 1 to 5",
		plain_words },
	{ "assessment date", "if it were still open in ", "; today is ", "", day_words },
	{ "class", "if the algorithm were ", " instead of ", "", class_words },
};

/* The machine sooner or later: the change is the value, its sign the direction. */
static pqm_bytes arrival(struct pqm_arena *a, pqm_bytes to)
{
	double years;

	if (!pqm_f64_parse(to, &years))
		return (pqm_bytes){ NULL, 0 };
	pqm_bytes by = pqm_text_years(a, fabs(years));

	return pqm_arena_f(a, "if the machine came %.*s %s than the survey says", PQM_FMT(by),
		years < 0 ? "earlier" : "later");
}

static pqm_bytes condition(struct pqm_arena *a, const struct pqm_flip *f, char use)
{
	if (pqm_eqs(f->parameter, "coverage"))
		return shield(f->to, use).n > 0
			? pqm_arena_f(a, "if %.*s", PQM_FMT(shield(f->to, use)))
			: (pqm_bytes){ NULL, 0 };
	if (pqm_eqs(f->parameter, "exposure") && f->to.n == 1 && f->from.n == 1)
		return pqm_arena_f(a, "if it were exposed on %s instead of %s",
			pqm_text_exposure((char)f->to.p[0]), pqm_text_exposure((char)f->from.p[0]));
	if (pqm_eqs(f->parameter, "harvest factor"))
		return pqm_arena_f(a, "if it were %.*s times as likely to be %s as assumed",
			PQM_FMT(f->to), is_signed(use) ? "put before a verifier" : "recorded");
	if (pqm_eqs(f->parameter, "arrival curve"))
		return arrival(a, f->to);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (pqm_eqs(f->parameter, numbers[i].parameter)) {
			pqm_bytes to = numbers[i].say(a, f->to), from = numbers[i].say(a, f->from);

			return pqm_arena_f(a, "%s%.*s%s%.*s%s", numbers[i].before, PQM_FMT(to),
				numbers[i].between, PQM_FMT(from), numbers[i].after);
		}
	return (pqm_bytes){ NULL, 0 };
}

/* Empty values come from a report that an older pqmap wrote: its own sentence stands then. */
pqm_bytes pqm_view_flip(struct pqm_arena *a, const struct pqm_asset_score *s, size_t i)
{
	const struct pqm_flip *f = &s->flips[i];
	char use = s->deciding < s->n_uses ? s->uses[s->deciding].v.use : 'K';
	pqm_bytes when =
		f->from.n > 0 && f->to.n > 0 ? condition(a, f, use) : (pqm_bytes){ NULL, 0 };

	if (when.n == 0)
		return f->words;
	return pqm_arena_f(a, "%s %.*s", pqm_decision_name(f->decision), PQM_FMT(when));
}

/* "Act under stress; Track under gri2024" as it is computed: said for somebody who never saw a curve. */
static const struct {
	const char *under, *words;
} beliefs[] = {
	{ "stress", "if two independent races both run at the fast pace" },
	{ "gri2022", "by the survey of 2022" },
	{ "gri2023", "by the survey of 2023" },
	{ "gri2024", "by the survey of 2024" },
	{ "gri2025", "by the survey of 2025" },
};

static pqm_bytes belief(struct pqm_arena *a, pqm_bytes part)
{
	static const char word[] = " under ";
	size_t n = sizeof(word) - 1;
	const uint8_t *at = part.n > n ? memmem(part.p, part.n, word, n) : NULL;

	if (at == NULL)
		return PQM_LIT("the fast estimate decides two steps higher or more");
	pqm_bytes decision = pqm_sub(part, 0, (size_t)(at - part.p)),
		  under = pqm_sub(part, decision.n + n, part.n - decision.n - n);

	for (size_t i = 0; i < sizeof(beliefs) / sizeof(beliefs[0]); i++)
		if (pqm_eqs(under, beliefs[i].under))
			return pqm_arena_f(a, "%.*s %s", PQM_FMT(decision), beliefs[i].words);
	return pqm_arena_f(a, "%.*s by the curve %.*s", PQM_FMT(decision), PQM_FMT(under));
}

pqm_bytes pqm_view_volatile(struct pqm_arena *a, const struct pqm_asset_score *s)
{
	pqm_bytes out = { NULL, 0 }, rest = s->volatile_by, part;

	while (rest.n > 0 && pqm_split(&rest, ';', &part)) {
		while (part.n > 0 && part.p[0] == ' ')
			part = pqm_sub(part, 1, part.n - 1);
		if (part.n == 0)
			continue;
		pqm_bytes words = belief(a, part);

		out = pqm_arena_f(
			a, "%.*s%s%.*s", PQM_FMT(out), out.n > 0 ? "; " : "", PQM_FMT(words));
	}
	return out;
}
