#include "unit.h"

#include <ctype.h>

#include "base/buf.h"
#include "base/cur.h"
#include "base/hash.h"
#include "base/map.h"
#include "base/num.h"
#include "base/out.h"

static void slices_never_leave_their_bytes(void **state)
{
	pqm_bytes b = PQM_LIT("abcdef");

	(void)state;
	assert_bytes(pqm_sub(b, 2, 3), "cde");
	assert_bytes(pqm_sub(b, 4, SIZE_MAX), "ef");
	assert_int_equal(pqm_sub(b, SIZE_MAX, SIZE_MAX).n, 0);
	assert_int_equal(pqm_find(b, 0, PQM_LIT("cd")), 2);
	assert_true(pqm_find(b, 3, PQM_LIT("cd")) == SIZE_MAX);
	assert_true(pqm_find(b, 7, PQM_LIT("")) == SIZE_MAX);
	assert_bytes(pqm_trim(PQM_LIT(" \t x y \r\n")), "x y");
}

static void split_gives_every_field_once(void **state)
{
	pqm_bytes rest = PQM_LIT("a,,b,"), part;

	(void)state;
	assert_true(pqm_split(&rest, ',', &part));
	assert_bytes(part, "a");
	assert_true(pqm_split(&rest, ',', &part));
	assert_bytes(part, "");
	assert_true(pqm_split(&rest, ',', &part));
	assert_bytes(part, "b");
	assert_true(pqm_split(&rest, ',', &part));
	assert_bytes(part, "");
	assert_false(pqm_split(&rest, ',', &part));
}

static void globs_match_as_expected(void **state)
{
	static const struct {
		const char *pattern, *text;
		bool match;
	} row[] = {
		{ "RSA_*", "RSA_new", true },
		{ "RSA_*", "DSA_new", false },
		{ "*_RSAPrivateKey", "i2d_RSAPrivateKey", true },
		{ "*a*b*c*", "xxaxxbxxc", true },
		{ "*a*b*c", "xxaxxbxxcx", false },
		{ "?SA", "DSA", true },
		{ "", "", true },
		{ "*", "", true },
		{ "?", "", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		if (pqm_glob(pqm_str(row[i].pattern), pqm_str(row[i].text)) != row[i].match)
			fail_msg("%s against %s", row[i].pattern, row[i].text);
}

static void line_and_column_count_from_one(void **state)
{
	pqm_bytes t = PQM_LIT("ab\ncd\n");
	uint32_t l, c;

	(void)state;
	pqm_line_col(t, 0, &l, &c);
	assert_true(l == 1 && c == 1);
	pqm_line_col(t, 4, &l, &c);
	assert_true(l == 2 && c == 2);
	pqm_line_col(t, 99, &l, &c);
	assert_true(l == 3 && c == 1);
}

static void a_cursor_refuses_what_is_too_long(void **state)
{
	static const uint8_t raw[] = { 0, 0, 0, 3, 'a', 'b', 'c', 0, 9 };
	struct pqm_cur c = pqm_cur_of((pqm_bytes){ raw, sizeof(raw) });
	pqm_bytes v = PQM_LIT("untouched");

	(void)state;
	assert_true(pqm_cur_vec32(&c, &v));
	assert_bytes(v, "abc");
	assert_false(pqm_cur_vec16(&c, &v));
	assert_bytes(v, "abc");
	assert_int_equal(pqm_cur_left(&c), 2); /* where it was */
	assert_false(pqm_cur_take(&c, SIZE_MAX, &v));
}

static void numbers_are_whole_or_refused(void **state)
{
	uint64_t u = 7;
	double d = 7;

	(void)state;
	assert_true(pqm_u64_parse(PQM_LIT("18446744073709551615"), UINT64_MAX, &u));
	assert_true(u == UINT64_MAX);
	assert_false(pqm_u64_parse(PQM_LIT("18446744073709551616"), UINT64_MAX, &u));
	assert_false(pqm_u64_parse(PQM_LIT("-1"), UINT64_MAX, &u));
	assert_false(pqm_u64_parse(PQM_LIT("5"), 4, &u));
	assert_false(pqm_u64_parse(PQM_LIT(""), 4, &u));
	assert_true(pqm_f64_parse(PQM_LIT("-2.5e1"), &d));
	assert_true(d > -25.01 && d < -24.99);
	assert_false(pqm_f64_parse(PQM_LIT("1,5"), &d));
	assert_false(pqm_f64_parse(PQM_LIT("nan"), &d));
	assert_false(pqm_f64_parse(PQM_LIT("1e999"), &d));
	assert_false(pqm_f64_parse(PQM_LIT("0x10"), &d));
}

static void dates_are_real_dates(void **state)
{
	char text[16];
	int64_t days = 0;

	(void)state;
	assert_true(pqm_date_parse(PQM_LIT("1970-01-01"), &days) && days == 0);
	assert_true(pqm_date_parse(PQM_LIT("2000-02-29"), &days));
	assert_false(pqm_date_parse(PQM_LIT("2100-02-29"), &days));
	assert_false(pqm_date_parse(PQM_LIT("2027-13-01"), &days));
	assert_false(pqm_date_parse(PQM_LIT("2027-1-01"), &days));
	for (int64_t d = -100000; d < 200000; d += 37) {
		int64_t back = 0;

		pqm_date_format(text, d);
		assert_true(pqm_date_parse(pqm_str(text), &back) && back == d);
	}
	assert_true(pqm_date_parse(PQM_LIT("2027-01-01"), &days));
	assert_true(pqm_date_to_year(days) == 2027.0);
}

static void base64_takes_what_rfc4648_says(void **state)
{
	static const struct {
		const char *text, *plain; /* plain NULL: refused */
	} row[] = {
		{ "", "" },
		{ "Zg==", "f" },
		{ "Zm8=", "fo" },
		{ "Zm9v\r\nYmFy", "foobar" },
		{ "Zm9vYg", "foob" }, /* unpadded, as in JOSE */
		{ "Zg=", NULL },
		{ "Z", NULL },
		{ "Zg==Zg==", NULL },
		{ "Zm9v!", NULL },
		{ "====", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct pqm_buf b;

		pqm_buf_init(&b, 64);
		bool ok = pqm_base64(&b, pqm_str(row[i].text), NULL);

		if (ok != (row[i].plain != NULL))
			fail_msg("'%s' was %s", row[i].text, ok ? "taken" : "refused");
		if (ok)
			assert_bytes(pqm_buf_bytes(&b), row[i].plain);
		pqm_buf_fini(&b);
	}
}

static void a_buffer_stops_at_its_maximum(void **state)
{
	struct pqm_buf b;

	(void)state;
	pqm_buf_init(&b, 10);
	assert_true(pqm_buf_add(&b, PQM_LIT("12345678")));
	assert_false(pqm_buf_add(&b, PQM_LIT("90a")));
	assert_true(b.failed);
	assert_int_equal(b.n, 8);
	assert_false(pqm_buf_byte(&b, 'x')); /* stays failed */
	pqm_buf_fini(&b);
}

static void an_arena_stops_at_its_cap(void **state)
{
	struct pqm_arena a;

	(void)state;
	pqm_arena_init(&a, 1024);
	assert_non_null(pqm_arena_alloc(&a, 1000));
	assert_null(pqm_arena_alloc(&a, 100));
	assert_null(pqm_arena_array(&a, SIZE_MAX / 2, 4));
	assert_null(pqm_arena_alloc(&a, SIZE_MAX));
	pqm_arena_reset(&a);
	uint8_t *p = pqm_arena_alloc(&a, 1000);

	assert_non_null(p);
	for (size_t i = 0; i < 1000; i++)
		assert_int_equal(p[i], 0);
	pqm_arena_fini(&a);
}

/* Objects of every size around the steps keep their bytes, and a reset arena is usable and zeroed. */
static void an_arena_grows_by_doubling(void **state)
{
	enum { N = 400 };

	static uint8_t *p[N];
	static size_t size[N];
	struct pqm_arena a;
	uint64_t seed = 7;

	(void)state;
	pqm_arena_init(&a, (size_t)64 << 20);
	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < N; i++) {
			size[i] = 1 + unit_random(&seed) % (i % 40 == 0 ? 150000 : 3000);
			p[i] = pqm_arena_alloc(&a, size[i]);
			assert_non_null(p[i]);
			for (size_t k = 0; k < size[i]; k++)
				assert_int_equal(p[i][k], 0);
			memset(p[i], (int)(i & 0xff), size[i]);
		}
		for (size_t i = 0; i < N; i++)
			for (size_t k = 0; k < size[i]; k++)
				assert_int_equal(p[i][k], i & 0xff);
		pqm_arena_reset(&a);
		assert_int_equal(a.used, 0);
	}
	pqm_arena_fini(&a);
}

static void allocation_failure_is_an_answer(void **state)
{
	(void)state;
	for (size_t n = 1; n < 6; n++) {
		struct pqm_map m = { 0 };
		struct pqm_arena a;

		pqm_arena_init(&a, 1 << 20);
		pqm_alloc_fail_at(n);
		bool ok = pqm_arena_alloc(&a, 100000) != NULL;

		ok = pqm_map_put(&m, PQM_LIT("k"), &a) && ok;
		pqm_alloc_fail_at(0);
		assert_true(ok || n <= 2);
		pqm_map_fini(&m);
		pqm_arena_fini(&a);
	}
}

static void a_map_keeps_the_last_value(void **state)
{
	struct pqm_map m = { 0 };
	static char key[5000][16];
	static int value[5000];

	(void)state;
	for (int i = 0; i < 5000; i++) {
		(void)snprintf(key[i], sizeof(key[i]), "k%d", i);
		assert_true(pqm_map_put(&m, pqm_str(key[i]), &value[i]));
	}
	assert_true(pqm_map_put(&m, PQM_LIT("k7"), &value[9]));
	assert_int_equal(m.n, 5000);
	assert_ptr_equal(pqm_map_get(&m, PQM_LIT("k7")), &value[9]);
	assert_ptr_equal(pqm_map_get(&m, PQM_LIT("k4999")), &value[4999]);
	assert_null(pqm_map_get(&m, PQM_LIT("none")));
	pqm_map_fini(&m);
}

static void hostile_text_is_made_printable(void **state)
{
	static const struct {
		const char *in, *out;
	} row[] = {
		{ "plain", "plain" }, { "caf\xc3\xa9", "caf\xc3\xa9" },
		{ "a\x1b[31mb", "a\\x1b[31mb" },
		{ "a\xff"
		  "b",
			"a\\xffb" },
		{ "\xe2\x80\xae"
		  "x",
			"\\xe2\\x80\\xaex" }, /* right-to-left override */
		{ "\xe2\x80\x8e\xe2\x80\x8d",
			"\\xe2\\x80\\x8e\xe2\x80\x8d" },      /* a mark; a joiner */
		{ "\xd8\x9c\xd8\x9b", "\\xd8\\x9c\xd8\x9b" }, /* Arabic letter mark; a semicolon */
		{ "\xe2\x80\xa8\xe2\x80\xa7", "\\xe2\\x80\\xa8\xe2\x80\xa7" }, /* line separator */
		{ "\xc0\xaf", "\\xc0\\xaf" },				       /* overlong */
		{ "\xed\xa0\x80", "\\xed\\xa0\\x80" },			       /* surrogate */
	};
	struct pqm_arena a;

	(void)state;
	pqm_arena_init(&a, 1 << 20);
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		assert_bytes(pqm_printable(&a, pqm_str(row[i].in)), row[i].out);
	pqm_arena_fini(&a);
}

static void csv_html_and_json_escape(void **state)
{
	struct pqm_out o;
	struct pqm_err err;

	(void)state;
	pqm_out_memory(&o, 4096);
	pqm_out_csv(&o, PQM_LIT("=1+1"));
	pqm_out_lit(&o, "|");
	pqm_out_csv(&o, PQM_LIT("a\"b,c"));
	pqm_out_lit(&o, "|");
	pqm_out_html(&o, PQM_LIT("<script>&\"'"));
	assert_bytes(pqm_buf_bytes(&o.buf), "'=1+1|\"a\"\"b,c\"|&lt;script&gt;&amp;&quot;&#39;");
	assert_int_equal(pqm_out_close(&o, &err), PQM_OK);
	pqm_out_memory(&o, 4096);
	pqm_js_open(&o, NULL, '{');
	pqm_js_cstr(&o, "k", "a\"\\\n");
	pqm_js_num(&o, "z", -0.00001, 4);
	pqm_js_open(&o, "l", '[');
	pqm_js_close(&o, ']');
	pqm_js_close(&o, '}');
	assert_bytes(pqm_buf_bytes(&o.buf),
		"{\n \"k\": \"a\\\"\\\\\\\\x0a\",\n \"z\": 0.0000,\n \"l\": []\n}\n");
	assert_int_equal(pqm_out_close(&o, &err), PQM_OK);
}

/* Every byte at every place of a word: the quick look at plain text and the slow way agree. */
static void json_text_escapes_every_byte_anywhere(void **state)
{
	(void)state;
	for (unsigned c = 0; c < 256; c++)
		for (size_t at = 0; at < 19; at++) {
			uint8_t text[19];
			struct pqm_out o;
			struct pqm_err err;
			bool plain = c >= 0x20 && c < 0x7f && c != '"' && c != '\\';

			memset(text, 'a', sizeof(text));
			text[at] = (uint8_t)c;
			pqm_out_memory(&o, 4096);
			pqm_js_str(&o, NULL, (pqm_bytes){ text, sizeof(text) });
			pqm_bytes got = { o.buf.p, o.buf.n };

			assert_int_equal(got.n == sizeof(text) + 2, plain);
			assert_true(pqm_eq(pqm_sub(got, 1, at), (pqm_bytes){ text, at }));
			assert_int_equal(got.p[1 + at] == c, plain || c == '\\');
			assert_int_equal(got.p[0], '"');
			assert_int_equal(got.p[got.n - 1], '"');
			assert_int_equal(pqm_out_close(&o, &err), PQM_OK);
		}
}

static void json_numbers_are_whole(void **state)
{
	struct pqm_out o;
	struct pqm_err err;

	(void)state;
	pqm_out_memory(&o, 4096);
	o.js_compact = true;
	pqm_js_open(&o, NULL, '[');
	pqm_js_u64(&o, NULL, 0);
	pqm_js_u64(&o, NULL, 10);
	pqm_js_u64(&o, NULL, UINT64_MAX);
	pqm_js_close(&o, ']');
	assert_true(pqm_eqs((pqm_bytes){ o.buf.p, o.buf.n }, "[0,10,18446744073709551615]\n"));
	assert_int_equal(pqm_out_close(&o, &err), PQM_OK);
}

static void sha256_is_sha256(void **state)
{
	uint8_t d[PQM_SHA256_BYTES], e[PQM_SHA256_BYTES];
	char hex[65];
	const pqm_bytes ab[] = { PQM_LIT("a"), PQM_LIT("b") },
			ab2[] = { PQM_LIT("ab"), PQM_LIT("") };

	(void)state;
	pqm_sha256(d, PQM_LIT("abc"));
	pqm_hex(hex, d, 32);
	assert_string_equal(
		hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	pqm_sha256_parts(d, ab, 2);
	pqm_sha256_parts(e, ab2, 2);
	assert_memory_not_equal(d, e, 32); /* the lengths are part of the input */
}

static void hex_digits_and_utf8_are_read_and_written(void **state)
{
	static const struct {
		uint32_t c;
		const char *text;
	} points[] = { { 'A', "A" }, { 0x7f, "\x7f" }, { 0x80, "\xc2\x80" }, { 0x7ff, "\xdf\xbf" },
		{ 0x800, "\xe0\xa0\x80" }, { 0xffff, "\xef\xbf\xbf" },
		{ 0x10000, "\xf0\x90\x80\x80" }, { 0x10ffff, "\xf4\x8f\xbf\xbf" } };

	static const char digits[] = "0123456789abcdef";
	uint8_t out[4];

	(void)state;
	for (unsigned c = 0; c < 256; c++) {
		const char *lower = c == 0 ? NULL : strchr(digits, tolower((int)c));

		assert_int_equal(
			pqm_hex_digit((uint8_t)c), lower == NULL ? -1 : (int)(lower - digits));
		assert_int_equal(pqm_hex_lower((uint8_t)c),
			lower == NULL || isupper((int)c) ? -1 : (int)(lower - digits));
	}
	for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++)
		assert_bytes(((pqm_bytes){ out, pqm_utf8(out, points[i].c) }), points[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slices_never_leave_their_bytes),
		cmocka_unit_test(split_gives_every_field_once),
		cmocka_unit_test(globs_match_as_expected),
		cmocka_unit_test(line_and_column_count_from_one),
		cmocka_unit_test(a_cursor_refuses_what_is_too_long),
		cmocka_unit_test(numbers_are_whole_or_refused),
		cmocka_unit_test(dates_are_real_dates),
		cmocka_unit_test(base64_takes_what_rfc4648_says),
		cmocka_unit_test(a_buffer_stops_at_its_maximum),
		cmocka_unit_test(an_arena_stops_at_its_cap),
		cmocka_unit_test(an_arena_grows_by_doubling),
		cmocka_unit_test(allocation_failure_is_an_answer),
		cmocka_unit_test(a_map_keeps_the_last_value),
		cmocka_unit_test(hostile_text_is_made_printable),
		cmocka_unit_test(csv_html_and_json_escape),
		cmocka_unit_test(json_text_escapes_every_byte_anywhere),
		cmocka_unit_test(json_numbers_are_whole),
		cmocka_unit_test(sha256_is_sha256),
		cmocka_unit_test(hex_digits_and_utf8_are_read_and_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
