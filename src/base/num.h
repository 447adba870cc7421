/*
 * num.h — checked size arithmetic, number and date parsing, human sizes.
 *
 * Errors:    false = overflow or not a number; *out is untouched.
 * Units:     dates are days since 1970-01-01 (proleptic Gregorian), years are decimal.
 * Threads:   pure functions; pqm_now_* read a clock.
 */
#ifndef PQM_BASE_NUM_H
#define PQM_BASE_NUM_H

#include "bytes.h"

static inline bool pqm_add_size(size_t a, size_t b, size_t *out)
{
	return !__builtin_add_overflow(a, b, out);
}

static inline bool pqm_mul_size(size_t a, size_t b, size_t *out)
{
	return !__builtin_mul_overflow(a, b, out);
}

/* All of b must be decimal digits, at most max. */
bool pqm_u64_parse(pqm_bytes b, uint64_t max, uint64_t *out);
/* Decimal number with '.', optional sign and exponent; the whole of b; finite. Locale-free. */
bool pqm_f64_parse(pqm_bytes b, double *out);
/* YYYY-MM-DD, a real date of the years 1 to 9999. */
bool pqm_date_parse(pqm_bytes b, int64_t *days);
/* Writes YYYY-MM-DD and a NUL. */
void pqm_date_format(char out[16], int64_t days);
/* 2027-01-01 is 2027.0; the fraction is the day's share of its year. */
double pqm_date_to_year(int64_t days);
/* Today in UTC, as days. Honours SOURCE_DATE_EPOCH when set and valid. */
int64_t pqm_today(void);
/* Seconds since 1970 to days and seconds; for certificate times (UTCTime, GeneralizedTime). */
int64_t pqm_days_from_civil(int64_t year, unsigned month, unsigned day);

uint64_t pqm_now_ns(void); /* CLOCK_MONOTONIC_RAW */
/* "4.9 GiB", "812 B". */
const char *pqm_human_bytes(char out[32], uint64_t n);
/* "12,418" */
const char *pqm_human_count(char out[32], uint64_t n);
/* Lower-case hex of n bytes and a NUL; out holds 2n + 1. */
void pqm_hex(char *out, const uint8_t *p, size_t n);
/* The value of a hex digit of either case, or as we write it ourselves; -1 when it is none. */
int pqm_hex_digit(uint8_t c);
int pqm_hex_lower(uint8_t c);
/* The UTF-8 form of a code point up to U+10FFFF: how many of the four bytes it took. */
size_t pqm_utf8(uint8_t out[4], uint32_t c);

#endif
