#define PQM_ALLOW_BANNED /* the one place that wraps the C library's number parser */
#include "num.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

bool pqm_u64_parse(pqm_bytes b, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;

	if (b.n == 0 || b.n > 20)
		return false;
	for (size_t i = 0; i < b.n; i++) {
		if (b.p[i] < '0' || b.p[i] > '9')
			return false;
		if (__builtin_mul_overflow(v, (uint64_t)10, &v) ||
			__builtin_add_overflow(v, (uint64_t)(b.p[i] - '0'), &v))
			return false;
	}
	if (v > max)
		return false;
	*out = v;
	return true;
}

bool pqm_f64_parse(pqm_bytes b, double *out)
{
	static locale_t c_locale;
	char text[64], *end;

	if (b.n == 0 || b.n >= sizeof(text))
		return false;
	for (size_t i = 0; i < b.n; i++)
		if (!((b.p[i] >= '0' && b.p[i] <= '9') || b.p[i] == '.' || b.p[i] == '-' ||
			    b.p[i] == '+' || b.p[i] == 'e' || b.p[i] == 'E'))
			return false;
	memcpy(text, b.p, b.n);
	text[b.n] = '\0';
	locale_t loc = __atomic_load_n(&c_locale, __ATOMIC_ACQUIRE);

	if (loc == NULL) {
		loc = newlocale(LC_ALL_MASK, "C", NULL);
		if (loc == NULL)
			return false;
		__atomic_store_n(&c_locale, loc, __ATOMIC_RELEASE);
	}
	double v = strtod_l(text, &end, loc);

	if (end != text + b.n || !isfinite(v))
		return false;
	*out = v;
	return true;
}

/* Howard Hinnant's civil calendar algorithm: exact for every proleptic Gregorian date. */
int64_t pqm_days_from_civil(int64_t year, unsigned month, unsigned day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t yoe = y - era * 400;
	int64_t mp = month > 2 ? (int64_t)month - 3 : (int64_t)month + 9;
	int64_t doy = (153 * mp + 2) / 5 + (int64_t)day - 1;
	int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;

	return era * 146097 + doe - 719468;
}

static void civil_from_days(int64_t z, int64_t *year, unsigned *month, unsigned *day)
{
	z += 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;

	*day = (unsigned)(doy - (153 * mp + 2) / 5 + 1);
	*month = (unsigned)(mp < 10 ? mp + 3 : mp - 9);
	*year = yoe + era * 400 + (*month <= 2 ? 1 : 0);
}

bool pqm_date_parse(pqm_bytes b, int64_t *days)
{
	uint64_t y, m, d;
	int64_t cy;
	unsigned cm, cd;

	if (b.n != 10 || b.p[4] != '-' || b.p[7] != '-' ||
		!pqm_u64_parse(pqm_sub(b, 0, 4), 9999, &y) ||
		!pqm_u64_parse(pqm_sub(b, 5, 2), 12, &m) ||
		!pqm_u64_parse(pqm_sub(b, 8, 2), 31, &d) || y == 0 || m == 0 || d == 0)
		return false;
	int64_t v = pqm_days_from_civil((int64_t)y, (unsigned)m, (unsigned)d);

	civil_from_days(v, &cy, &cm, &cd);
	if (cm != m || cd != d)
		return false;
	*days = v;
	return true;
}

void pqm_date_format(char out[16], int64_t days)
{
	int64_t y;
	unsigned m, d;

	civil_from_days(days, &y, &m, &d);
	(void)snprintf(out, 16, "%04u-%02u-%02u",
		(unsigned)(y < 0	   ? 0
				: y > 9999 ? 9999
					   : y),
		m % 100, d % 100);
}

double pqm_date_to_year(int64_t days)
{
	int64_t y;
	unsigned m, d;

	civil_from_days(days, &y, &m, &d);
	int64_t start = pqm_days_from_civil(y, 1, 1), next = pqm_days_from_civil(y + 1, 1, 1);

	return (double)y + (double)(days - start) / (double)(next - start);
}

int64_t pqm_today(void)
{
	uint64_t epoch;
	const char *fixed = getenv("SOURCE_DATE_EPOCH");

	if (fixed != NULL && pqm_u64_parse(pqm_str(fixed), UINT64_C(253402300799), &epoch))
		return (int64_t)(epoch / 86400);
	return (int64_t)(time(NULL) / 86400);
}

uint64_t pqm_now_ns(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC_RAW, &ts);
	return (uint64_t)ts.tv_sec * UINT64_C(1000000000) + (uint64_t)ts.tv_nsec;
}

const char *pqm_human_bytes(char out[32], uint64_t n)
{
	static const char *const unit[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	double v = (double)n;
	size_t u = 0;

	while (v >= 1024 && u + 1 < sizeof(unit) / sizeof(unit[0])) {
		v /= 1024;
		u++;
	}
	(void)snprintf(out, 32, u == 0 ? "%.0f %s" : "%.1f %s", v, unit[u]);
	return out;
}

const char *pqm_human_count(char out[32], uint64_t n)
{
	char raw[24];
	int len = snprintf(raw, sizeof(raw), "%llu", (unsigned long long)n), k = 0;

	for (int i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			out[k++] = ',';
		out[k++] = raw[i];
	}
	out[k] = '\0';
	return out;
}

void pqm_hex(char *out, const uint8_t *p, size_t n)
{
	static const char hex[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		out[2 * i] = hex[p[i] >> 4];
		out[2 * i + 1] = hex[p[i] & 15];
	}
	out[2 * n] = '\0';
}

int pqm_hex_lower(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int pqm_hex_digit(uint8_t c)
{
	return pqm_hex_lower(c >= 'A' && c <= 'F' ? c | 0x20 : c);
}

size_t pqm_utf8(uint8_t out[4], uint32_t c)
{
	if (c < 0x80) {
		out[0] = (uint8_t)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (uint8_t)(0xc0 | c >> 6);
		out[1] = (uint8_t)(0x80 | (c & 63));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (uint8_t)(0xe0 | c >> 12);
		out[1] = (uint8_t)(0x80 | (c >> 6 & 63));
		out[2] = (uint8_t)(0x80 | (c & 63));
		return 3;
	}
	out[0] = (uint8_t)(0xf0 | c >> 18);
	out[1] = (uint8_t)(0x80 | (c >> 12 & 63));
	out[2] = (uint8_t)(0x80 | (c >> 6 & 63));
	out[3] = (uint8_t)(0x80 | (c & 63));
	return 4;
}
