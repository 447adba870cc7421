#include "view_text.h"

#include <math.h>

#include "base/num.h"

pqm_bytes pqm_text_pct(struct pqm_arena *a, double p)
{
	if (!isfinite(p))
		return PQM_LIT("-");
	if (p <= 0)
		return PQM_LIT("0 %");
	if (p < 0.005)
		return PQM_LIT("<1 %");
	if (p >= 0.995 && p < 1)
		return PQM_LIT(">99 %");
	return pqm_arena_f(a, "%.0f %%", p * 100);
}

pqm_bytes pqm_text_range(struct pqm_arena *a, double lo, double hi)
{
	long from = lround(lo * 100), to = lround(hi * 100);

	if (from == to)
		return pqm_text_pct(a, lo);
	return pqm_arena_f(a, "%ld–%ld %%", from, to);
}

pqm_bytes pqm_text_money(struct pqm_arena *a, double v)
{
	static const char *const unit[] = { "", " k", " M", " bn", " tn" };
	size_t u = 0;

	if (!isfinite(v))
		return PQM_LIT("-");
	while (fabs(v) >= 999.5 && u + 1 < sizeof(unit) / sizeof(unit[0])) {
		v /= 1000;
		u++;
	}
	bool whole = fabs(v) >= 99.95 || fabs(v - round(v)) < 0.05;

	return pqm_arena_f(a, "%.*f%s", whole ? 0 : 1, v, unit[u]);
}

static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep",
	"Oct", "Nov", "Dec" };

/* Splits YYYY-MM-DD, the one spelling that base/num.h writes. */
static bool civil(int64_t days, char iso[16], unsigned *month)
{
	uint64_t m = 0;

	if (days == INT64_MIN || days == INT64_MAX)
		return false;
	pqm_date_format(iso, days);
	if (!pqm_u64_parse((pqm_bytes){ (const uint8_t *)iso + 5, 2 }, 12, &m) || m == 0)
		return false;
	*month = (unsigned)m - 1;
	return true;
}

pqm_bytes pqm_text_day(struct pqm_arena *a, int64_t days)
{
	char iso[16];
	unsigned m;

	if (!civil(days, iso, &m))
		return PQM_LIT("-");
	return pqm_arena_f(a, "%s %s %.4s", iso[8] == '0' ? iso + 9 : iso + 8, months[m], iso);
}

pqm_bytes pqm_text_month(struct pqm_arena *a, int64_t days)
{
	char iso[16];
	unsigned m;

	if (!civil(days, iso, &m))
		return PQM_LIT("-");
	return pqm_arena_f(a, "%s %.4s", months[m], iso);
}

pqm_bytes pqm_text_years(struct pqm_arena *a, double years)
{
	if (!isfinite(years))
		return PQM_LIT("-");
	if (years > 0 && years < 0.95)
		return pqm_text_n(a, (uint64_t)fmax(1, round(years * 12)), "month", "months");
	if (fabs(years - round(years)) < 0.05)
		return pqm_arena_f(a, "%.0f year%s", years, lround(years) == 1 ? "" : "s");
	return pqm_arena_f(a, "%.1f years", years);
}

static pqm_bytes days_text(struct pqm_arena *a, double v)
{
	return pqm_arena_f(a, "%.*f", fabs(v - round(v)) < 0.05 ? 0 : 1, v);
}

pqm_bytes pqm_text_effort(struct pqm_arena *a, double lo, double hi)
{
	pqm_bytes from = days_text(a, lo), to = days_text(a, hi);

	if (pqm_eq(from, to))
		return from;
	return pqm_arena_f(a, "%.*s–%.*s", PQM_FMT(from), PQM_FMT(to));
}

pqm_bytes pqm_text_count(struct pqm_arena *a, uint64_t n)
{
	char text[32];

	return pqm_arena_f(a, "%s", pqm_human_count(text, n));
}

pqm_bytes pqm_text_n(struct pqm_arena *a, uint64_t n, const char *one, const char *many)
{
	char text[32];

	return pqm_arena_f(a, "%s %s", pqm_human_count(text, n), n == 1 ? one : many);
}

size_t pqm_text_width(pqm_bytes text)
{
	size_t n = 0;

	for (size_t i = 0; i < text.n; i++)
		n += (text.p[i] & 0xc0) != 0x80 ? 1 : 0;
	return n;
}

pqm_bytes pqm_text_cut(struct pqm_arena *a, pqm_bytes text, size_t width)
{
	size_t at = 0, n = 0;

	if (pqm_text_width(text) <= width)
		return text;
	for (; at < text.n; at++) {
		if ((text.p[at] & 0xc0) == 0x80)
			continue;
		if (n + 1 == width || width == 0)
			break;
		n++;
	}
	pqm_bytes head = pqm_sub(text, 0, at);

	return pqm_arena_f(a, "%.*s…", PQM_FMT(head));
}

pqm_bytes pqm_text_middle(struct pqm_arena *a, pqm_bytes text, size_t width)
{
	size_t all = pqm_text_width(text), from = 0, n = 0, tail = width / 3;

	if (all <= width || width < 3)
		return pqm_text_cut(a, text, width);
	while (from < text.n && n + tail < all)
		n += (text.p[++from] & 0xc0) != 0x80 ? 1 : 0;
	/* Whole words at the end, where that leaves enough of it. */
	for (size_t i = from; i < text.n - tail / 2; i++)
		if (text.p[i] == ' ') {
			tail -= pqm_text_width(pqm_sub(text, from, i + 1 - from));
			from = i + 1;
			break;
		}
	pqm_bytes head = pqm_text_cut(a, text, width - tail),
		  end = pqm_sub(text, from, text.n - from);

	return pqm_arena_f(a, "%.*s%.*s", PQM_FMT(head), PQM_FMT(end));
}

pqm_bytes pqm_text_alg(struct pqm_arena *a, pqm_bytes family, pqm_bytes parameter)
{
	pqm_bytes f = pqm_printable(a, family), p = pqm_printable(a, parameter);

	if (p.n == 0 || pqm_eq(f, p))
		return f.n > 0 && !pqm_eqs(f, "unknown") ? f : PQM_LIT("algorithm not named");
	return pqm_arena_f(a, "%.*s%s%.*s", PQM_FMT(f), pqm_eqs(f, "EC") ? " " : "-", PQM_FMT(p));
}

pqm_bytes pqm_text_duty(struct pqm_arena *a, const struct pqm_deadline *d)
{
	pqm_bytes t = d->title;
	size_t n = d->regime.n;

	if (n > 0 && t.n > n + 2 && memcmp(t.p, d->regime.p, n) == 0 && t.p[n] == ',')
		t = pqm_sub(t, n + 2, t.n - n - 2);
	if (t.n == 0 || t.p[0] < 'a' || t.p[0] > 'z')
		return t;
	return pqm_arena_f(a, "%c%.*s", t.p[0] - 'a' + 'A', PQM_FMT(pqm_sub(t, 1, t.n - 1)));
}

const char *pqm_text_use(char use)
{
	switch (use) {
	case 'K':
		return "ephemeral key exchange";
	case 'T':
		return "RSA key transport";
	case 'W':
		return "wrapped data key";
	case 'S':
		return "live authentication";
	case 'L':
		return "long-lived signature";
	default:
		return "unknown use";
	}
}

const char *pqm_text_exposure(char exposure)
{
	switch (exposure) {
	case 'H':
		return "inside one host";
	case 'D':
		return "private disk";
	case 'L':
		return "cluster network";
	case 'O':
		return "object store or backup";
	case 'C':
		return "provider backbone";
	case 'P':
		return "partner WAN";
	case 'I':
		return "internet";
	case 'X':
		return "known copy";
	default:
		return "unknown exposure";
	}
}

const char *pqm_text_coverage(char coverage)
{
	switch (coverage) {
	case 'N':
		return "no post-quantum protection";
	case 'F':
		return "hybrid offered, fallback allowed";
	case 'E':
		return "hybrid enforced";
	case 'M':
		return "measured hybrid share";
	default:
		return "coverage unknown";
	}
}

pqm_bytes pqm_text_place(struct pqm_arena *a, const struct pqm_occurrence *o)
{
	pqm_bytes path = pqm_printable(a, o->path);
	char place[48];

	if (pqm_occ_line(place, o))
		return pqm_arena_f(a, "%.*s:%s", PQM_FMT(path), place);
	if (o->off == 0)
		return path;
	return pqm_arena_f(a, "%.*s +%llu", PQM_FMT(path), (unsigned long long)o->off);
}
