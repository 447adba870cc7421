#include "unit.h"

#include "base/num.h"
#include "parse/ber.h"
#include "parse/der.h"

#define B(s) ((pqm_bytes){ (const uint8_t *)(s), sizeof(s) - 1 })

static void lengths_are_definite_and_shortest(void **state)
{
	const struct {
		const char *why;
		pqm_bytes in;
		size_t total; /* 0: refused */
	} t[] = {
		{ "short", B("\x30\x03\x02\x01\x05"), 5 },
		{ "empty", B("\x30\x00"), 2 },
		{ "one octet", B("\x30\x81\x80"), 131 },
		{ "two octets", B("\x30\x82\x01\x00"), 260 },
		{ "four octets at most", B("\x30\x84\xFF\xFF\xFF\xFF"), (size_t)UINT32_MAX + 6 },
		{ "five octets", B("\x30\x85\x01\x00\x00\x00\x00"), 0 },
		{ "one octet for what fits the short form", B("\x30\x81\x7F"), 0 },
		{ "leading zero", B("\x30\x82\x00\xFF"), 0 },
		{ "indefinite", B("\x30\x80\x00\x00"), 0 },
		{ "length cut", B("\x30\x82\x01"), 0 },
		{ "no length", B("\x30"), 0 },
		{ "high tag number", B("\x3F\x21\x00"), 0 },
		{ "nothing", B(""), 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		size_t total = 0;
		bool ok = pqm_der_measure(t[i].in, &total);

		if (ok != (t[i].total != 0) || total != t[i].total)
			fail_msg("%s: %d, %zu", t[i].why, ok, total);
	}
}

static void a_refused_read_moves_nothing(void **state)
{
	pqm_bytes in = B("\x30\x05\x02\x01");
	struct pqm_cur c = pqm_cur_of(in), inner = { NULL, NULL };
	struct pqm_tlv t = { 0 };
	pqm_bytes b = { NULL, 7 };
	uint32_t v = 9;
	char oid[PQM_OID_TEXT] = "x";

	(void)state;
	assert_false(pqm_der_next(&c, &t));
	assert_false(pqm_der_take(&c, PQM_DER_SEQ, &b));
	assert_false(pqm_der_enter(&c, PQM_DER_SEQ, &inner));
	assert_false(pqm_der_small(&c, &v));
	assert_false(pqm_der_oid(&c, oid));
	assert_false(pqm_der_octet_bits(&c, &b));
	assert_false(pqm_der_skip(&c, PQM_DER_SEQ));
	assert_ptr_equal(c.p, in.p);
	assert_int_equal(b.n, 7);
	assert_int_equal(v, 9);
	assert_string_equal(oid, "x");
	assert_null(inner.p);
}

static void integers_are_unsigned_and_shortest(void **state)
{
	const struct {
		pqm_bytes in;
		int bits; /* -1: refused */
	} t[] = {
		{ B("\x02\x01\x00"), 0 },
		{ B("\x02\x01\x7F"), 7 },
		{ B("\x02\x02\x00\x80"), 8 },
		{ B("\x02\x03\x01\x00\x01"), 17 },
		{ B("\x02\x01\x80"), -1 },
		{ B("\x02\x02\x00\x7F"), -1 },
		{ B("\x02\x00"), -1 },
		{ B("\x04\x01\x01"), -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct pqm_cur c = pqm_cur_of(t[i].in);
		pqm_bytes m = { NULL, 0 };
		bool ok = pqm_der_uint(&c, &m);

		assert_int_equal(ok ? (int)pqm_mag_bits(m) : -1, t[i].bits);
	}
	struct pqm_cur big = pqm_cur_of(B("\x02\x05\x00\x80\x00\x00\x00"));
	uint32_t v;

	assert_false(pqm_der_small(&big, &v));
	assert_true(pqm_mag_cmp(B("\x00\x00\x02"), B("\x01")) > 0);
	assert_int_equal(pqm_mag_cmp(B("\x00\x01"), B("\x01")), 0);
}

static void oids_go_both_ways(void **state)
{
	static const char *const good[] = { "1.2.840.113549.1.1.1", "2.16.840.1.101.3.4.3.18",
		"2.999.1", "0.4.0.127", "1.3.101.112", "2.25.9223372036854775807" };
	static const char *const bad[] = { "", "1", "3.1", "1.40", "1..2", "1.2.", "a.b", "1.-2",
		"1.2.99999999999999999999" };
	const pqm_bytes broken[] = { B("\x06\x00"), B("\x06\x02\x2A\x86"),
		B("\x06\x03\x2A\x80\x01"),
		B("\x06\x0C\x2A\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F") };
	char text[PQM_OID_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct pqm_buf b;

		pqm_buf_init(&b, 256);
		assert_true(pqm_der_put_oid(&b, good[i]));
		struct pqm_cur c = pqm_cur_of(pqm_buf_bytes(&b));

		assert_true(pqm_der_oid(&c, text) && pqm_der_end(&c));
		assert_string_equal(text, good[i]);
		pqm_buf_fini(&b);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct pqm_buf b;

		pqm_buf_init(&b, 256);
		assert_false(pqm_der_put_oid(&b, bad[i]));
		pqm_buf_fini(&b);
	}
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		struct pqm_cur c = pqm_cur_of(broken[i]);

		assert_false(pqm_der_oid(&c, text));
	}
	uint8_t longest[200] = { 0x06, 0x81, 0xC5, 0x2A };
	struct pqm_cur c = pqm_cur_of((pqm_bytes){ longest, sizeof(longest) });

	for (size_t i = 4; i < sizeof(longest); i++)
		longest[i] = 0x7F;
	assert_false(pqm_der_oid(&c, text)); /* longer than PQM_OID_TEXT */
}

static void times_are_dates(void **state)
{
	const struct {
		pqm_bytes in;
		const char *date; /* NULL: refused */
	} t[] = {
		{ B("\x17\x0D"
		    "260101120000Z"),
			"2026-01-01" },
		{ B("\x17\x0D"
		    "500101000000Z"),
			"1950-01-01" },
		{ B("\x17\x0B"
		    "4912312359Z"),
			"2049-12-31" },
		{ B("\x18\x0F"
		    "99991231235959Z"),
			"9999-12-31" },
		{ B("\x17\x11"
		    "991231235959+0100"),
			"1999-12-31" },
		{ B("\x17\x0D"
		    "260230000000Z"),
			NULL },
		{ B("\x17\x0D"
		    "261301000000Z"),
			NULL },
		{ B("\x17\x0D"
		    "260101250000Z"),
			NULL },
		{ B("\x17\x04"
		    "2601"),
			NULL },
		{ B("\x17\x0D"
		    "26-101000000Z"),
			NULL },
		{ B("\x04\x01Z"), NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct pqm_cur c = pqm_cur_of(t[i].in);
		int64_t days;
		char text[16] = "";

		if (pqm_der_time(&c, &days))
			pqm_date_format(text, days);
		assert_string_equal(text, t[i].date == NULL ? "" : t[i].date);
	}
}

static void nesting_has_a_floor(void **state)
{
	struct pqm_buf b;
	size_t total;

	(void)state;
	for (int levels = PQM_DER_DEPTH - 1; levels <= PQM_DER_DEPTH + 2; levels++) {
		uint8_t deep[256];
		size_t n = 0;

		for (int i = levels; i > 0; i--) {
			deep[n++] = 0x30;
			deep[n++] = (uint8_t)(2 * (i - 1));
		}
		assert_true(pqm_der_measure((pqm_bytes){ deep, n }, &total) && total == n);
		assert_int_equal(pqm_der_is_whole((pqm_bytes){ deep, n }), levels <= PQM_DER_DEPTH);
	}
	/* the same as indefinite lengths */
	uint8_t deep[4 * PQM_DER_DEPTH + 64];
	struct pqm_err err = { 0 };
	size_t used;

	memset(deep, 0, sizeof(deep));
	for (size_t i = 0; i < 2 * (PQM_DER_DEPTH + 8); i += 2) {
		deep[i] = 0x30;
		deep[i + 1] = 0x80;
	}
	pqm_buf_init(&b, 4096);
	assert_int_equal(
		pqm_ber_to_der(&b, (pqm_bytes){ deep, sizeof(deep) }, &used, &err), PQM_ELIMIT);
	assert_true(err.msg[0] != '\0');
	pqm_buf_wipe(&b);
}

static void what_is_written_reads_back(void **state)
{
	static const size_t sizes[] = { 0, 1, 127, 128, 255, 256, 65535, 65536 };
	static uint8_t body[65536];

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct pqm_buf b;
		struct pqm_tlv t;

		pqm_buf_init(&b, 70000);
		pqm_der_put(&b, PQM_DER_OCTETS, (pqm_bytes){ body, sizes[i] });
		assert_false(b.failed);
		struct pqm_cur c = pqm_cur_of(pqm_buf_bytes(&b));

		assert_true(pqm_der_next(&c, &t) && pqm_der_end(&c));
		assert_int_equal(t.tag, PQM_DER_OCTETS);
		assert_int_equal(t.body.n, sizes[i]);
		for (size_t n = 0; n < b.n && n < 300; n++) {
			struct pqm_cur cut = pqm_cur_of(pqm_sub(pqm_buf_bytes(&b), 0, n));

			assert_false(pqm_der_next(&cut, &t));
		}
		pqm_buf_fini(&b);
	}
}

static void ber_becomes_der(void **state)
{
	const struct {
		const char *why;
		pqm_bytes in, out; /* out empty: refused */
	} t[] = {
		{ "indefinite", B("\x30\x80\x02\x01\x03\x00\x00"), B("\x30\x03\x02\x01\x03") },
		{ "long length", B("\x30\x82\x00\x03\x02\x01\x03"), B("\x30\x03\x02\x01\x03") },
		{ "octets in pieces",
			B("\x24\x80\x04\x01"
			  "a\x24\x03\x04\x01"
			  "b\x00\x00"),
			B("\x04\x02"
			  "ab") },
		{ "indefinite inside octets", B("\x04\x07\x30\x80\x02\x01\x03\x00\x00"),
			B("\x04\x05\x30\x03\x02\x01\x03") },
		{ "looks like one inside octets", B("\x04\x04\x30\x80\x02\x01"),
			B("\x04\x04\x30\x80\x02\x01") },
		{ "no end", B("\x30\x80\x02\x01\x03\x00"), B("") },
		{ "primitive without length", B("\x02\x80\x01\x00\x00"), B("") },
		{ "child beyond its parent", B("\x30\x03\x02\x02\x03\x04"), B("") },
		{ "piece of another kind", B("\x24\x03\x02\x01\x01"), B("") },
		{ "nothing", B(""), B("") },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct pqm_err err = { 0 };
		struct pqm_buf b;
		size_t used = 0;

		pqm_buf_init(&b, 4096);
		enum pqm_st st = pqm_ber_to_der(&b, t[i].in, &used, &err);

		if ((st == PQM_OK) != (t[i].out.n > 0))
			fail_msg("%s: %s", t[i].why, err.msg);
		if (st == PQM_OK) {
			assert_int_equal(used, t[i].in.n);
			assert_true(pqm_eq(pqm_buf_bytes(&b), t[i].out));
		} else {
			assert_true(err.msg[0] != '\0');
		}
		/* the dry pass says the same, and is paid for whatever it says */
		size_t total = 0, budget = 1 << 20, none = 15;

		assert_int_equal(pqm_ber_measure(t[i].in, &total, &budget, &err), st);
		assert_true(budget < 1 << 20);
		assert_int_equal(total, used);
		assert_int_equal(pqm_ber_measure(t[i].in, &total, &none, &err), PQM_ELIMIT);
		assert_int_equal(none, 0);
		pqm_buf_wipe(&b);
	}
}

/* Whatever the bytes, the dry pass and the rewriting agree. */
static void the_dry_pass_tells_the_truth(void **state)
{
	static const uint8_t likely[] = { 0x30, 0x80, 0, 0, 0x24, 0x04, 1, 2, 3, 0x31, 0x82, 0x1F };
	uint64_t seed = 7;
	size_t n_good = 0;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		struct pqm_err err = { 0 };
		size_t used = 0, total = 0, budget = SIZE_MAX;
		uint8_t body[4 * PQM_DER_DEPTH + 64] = { 0 }; /* nested, then chance, then ends */
		struct pqm_buf b;
		size_t deep = 2 * (size_t)(unit_random(&seed) % (PQM_DER_DEPTH + 4));

		for (size_t k = 0; k < deep; k += 2) {
			body[k] = round % 2 != 0 ? 0x24 : 0x30;
			body[k + 1] = 0x80;
		}
		for (size_t k = deep; k < deep + 8; k++)
			body[k] = likely[unit_random(&seed) % sizeof(likely)];
		pqm_buf_init(&b, 4096);
		enum pqm_st st = pqm_ber_to_der(&b, (pqm_bytes){ body, sizeof(body) }, &used, &err);

		assert_int_equal(
			pqm_ber_measure((pqm_bytes){ body, sizeof(body) }, &total, &budget, &err),
			st);
		assert_int_equal(total, used);
		n_good += st == PQM_OK;
		pqm_buf_wipe(&b);
	}
	assert_in_range(n_good, 500, 19500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lengths_are_definite_and_shortest),
		cmocka_unit_test(a_refused_read_moves_nothing),
		cmocka_unit_test(integers_are_unsigned_and_shortest),
		cmocka_unit_test(oids_go_both_ways),
		cmocka_unit_test(times_are_dates),
		cmocka_unit_test(nesting_has_a_floor),
		cmocka_unit_test(what_is_written_reads_back),
		cmocka_unit_test(ber_becomes_der),
		cmocka_unit_test(the_dry_pass_tells_the_truth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
