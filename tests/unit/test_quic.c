#include "unit.h"

#include "parse/quic.h"

/* Bytes of a table: an initializer, where PQM_LIT is an expression. */
#define WIRE(s)                                                                                    \
	{                                                                                          \
		(const uint8_t *)("" s ""), sizeof(s) - 1                                          \
	}

/* ---- variable-length integers ---- */

static void varints_are_those_of_the_standard(void **state)
{
	/* [RFC9000 §A.1] */
	static const struct {
		uint8_t wire[8];
		size_t n;
		uint64_t value;
	} rows[] = {
		{ { 0xc2, 0x19, 0x7c, 0x5e, 0xff, 0x14, 0xe8, 0x8c }, 8, 151288809941952652 },
		{ { 0x9d, 0x7f, 0x3e, 0x7d }, 4, 494878333 },
		{ { 0x7b, 0xbd }, 2, 15293 },
		{ { 0x25 }, 1, 37 },
	};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct pqm_cur c = pqm_cur_of((pqm_bytes){ rows[i].wire, rows[i].n });
		struct pqm_buf out;
		uint64_t v = 0;

		assert_true(pqm_quic_varint(&c, &v));
		assert_int_equal(v, rows[i].value);
		assert_int_equal(pqm_cur_left(&c), 0);
		for (size_t n = 0; n < rows[i].n; n++) {
			c = pqm_cur_of((pqm_bytes){ rows[i].wire, n });
			assert_false(pqm_quic_varint(&c, &v));
			assert_int_equal(pqm_cur_left(&c), n);
		}
		pqm_buf_init(&out, 8);
		assert_true(pqm_quic_varint_put(&out, rows[i].value));
		assert_int_equal(out.n, rows[i].n);
		assert_memory_equal(out.p, rows[i].wire, out.n);
		pqm_buf_fini(&out);
	}
}

static void varints_of_every_size_come_back(void **state)
{
	static const uint64_t edges[] = { 0, 63, 64, 16383, 16384, 1073741823, 1073741824,
		((uint64_t)1 << 62) - 1 };
	static const size_t sizes[] = { 1, 1, 2, 2, 4, 4, 8, 8 };

	(void)state;
	for (size_t i = 0; i < 8; i++) {
		struct pqm_buf out;
		struct pqm_cur c;
		uint64_t v = 0;

		pqm_buf_init(&out, 8);
		assert_true(pqm_quic_varint_put(&out, edges[i]));
		assert_int_equal(out.n, sizes[i]);
		c = pqm_cur_of(pqm_buf_bytes(&out));
		assert_true(pqm_quic_varint(&c, &v));
		assert_int_equal(v, edges[i]);
		pqm_buf_fini(&out);
	}
}

/* ---- packets ---- */

#define CID_A PQM_LIT("\x01\x02\x03\x04\x05\x06\x07\x08")
#define CID_B PQM_LIT("\xa1\xa2\xa3")

static void build(struct pqm_buf *out, enum pqm_quic_kind kind, uint32_t version, size_t rest)
{
	struct pqm_quic_packet p = { .kind = kind,
		.version = version,
		.dcid = CID_A,
		.scid = CID_B,
		.token = PQM_LIT("tok") };

	assert_true(pqm_quic_header(out, &p, 2, rest));
	for (size_t i = 0; i < rest; i++)
		assert_true(pqm_buf_byte(out, (uint8_t)i));
}

static enum pqm_st take(struct pqm_quic_packet *p, pqm_bytes *in)
{
	struct pqm_err err = { 0 };
	enum pqm_st st = pqm_quic_packet(p, in, &err);

	assert_true(st == PQM_OK || err.msg[0] != '\0');
	return st;
}

static void long_headers_of_both_versions_come_back(void **state)
{
	static const enum pqm_quic_kind kinds[] = { PQM_QUIC_INITIAL, PQM_QUIC_0RTT,
		PQM_QUIC_HANDSHAKE };

	static const uint32_t versions[] = { PQM_QUIC_V1, PQM_QUIC_V2 };

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		struct pqm_quic_packet p = { 0 };
		struct pqm_buf b;
		pqm_bytes in;

		pqm_buf_init(&b, 256);
		build(&b, kinds[i % 3], versions[i / 3], 40);
		in = pqm_buf_bytes(&b);
		assert_int_equal(take(&p, &in), PQM_OK);
		assert_int_equal(in.n, 0);
		assert_int_equal(p.kind, kinds[i % 3]);
		assert_int_equal(p.version, versions[i / 3]);
		assert_true(pqm_eq(p.dcid, CID_A) && pqm_eq(p.scid, CID_B));
		assert_bytes(p.token, p.kind == PQM_QUIC_INITIAL ? "tok" : "");
		assert_int_equal(p.whole.n - p.number_at, 40);
		assert_int_equal(p.whole.p[p.number_at], 0);
		pqm_buf_fini(&b);
	}
}

static void type_bits_differ_by_version(void **state)
{
	struct pqm_buf b;

	(void)state;
	pqm_buf_init(&b, 256);
	build(&b, PQM_QUIC_INITIAL, PQM_QUIC_V1, 20);
	assert_int_equal(b.p[0], 0xc1);
	b.n = 0;
	build(&b, PQM_QUIC_INITIAL, PQM_QUIC_V2, 20);
	assert_int_equal(b.p[0], 0xd1);
	b.n = 0;
	build(&b, PQM_QUIC_HANDSHAKE, PQM_QUIC_V2, 20);
	assert_int_equal(b.p[0], 0xf1);
	pqm_buf_fini(&b);
}

static void every_prefix_of_a_packet_is_refused(void **state)
{
	struct pqm_buf b;

	(void)state;
	pqm_buf_init(&b, 256);
	build(&b, PQM_QUIC_INITIAL, PQM_QUIC_V1, 24);
	for (size_t n = 0; n < b.n; n++) {
		struct pqm_quic_packet p = { .number_at = 7 };
		pqm_bytes in = { b.p, n };

		assert_int_equal(take(&p, &in), PQM_EPARSE);
		assert_int_equal(in.n, n);
		assert_int_equal(p.number_at, 7);
	}
	pqm_buf_fini(&b);
}

static void coalesced_packets_come_one_by_one(void **state)
{
	static const enum pqm_quic_kind kinds[] = { PQM_QUIC_INITIAL, PQM_QUIC_HANDSHAKE,
		PQM_QUIC_SHORT };
	struct pqm_buf b;
	pqm_bytes in;

	(void)state;
	pqm_buf_init(&b, 512);
	build(&b, PQM_QUIC_INITIAL, PQM_QUIC_V1, 30);
	build(&b, PQM_QUIC_HANDSHAKE, PQM_QUIC_V1, 50);
	assert_true(pqm_buf_add(&b, PQM_LIT("\x41 to the end of the datagram")));
	in = pqm_buf_bytes(&b);
	for (size_t i = 0; i < 3; i++) {
		struct pqm_quic_packet p;

		assert_int_equal(take(&p, &in), PQM_OK);
		assert_int_equal(p.kind, kinds[i]);
	}
	assert_int_equal(in.n, 0);
	pqm_buf_fini(&b);
}

static void hostile_headers_are_refused(void **state)
{
	static const struct {
		const char *name;
		pqm_bytes wire;
	} rows[] = {
		{ "empty", WIRE("") },
		{ "fixed bit of a short header", WIRE("\x3f\x01\x02") },
		{ "fixed bit of a long header",
			WIRE("\x80\0\0\0\1\0\0\0\x40\x14"
			     "aaaaaaaaaaaaaaaaaaaa") },
		{ "connection ID of 21",
			WIRE("\xc0\0\0\0\1\x15"
			     "aaaaaaaaaaaaaaaaaaaaa\0\0\x40\x14"
			     "aaaaaaaaaaaaaaaaaaaa") },
		{ "token past the end",
			WIRE("\xc0\0\0\0\1\0\0\x40\xff\x40\x14"
			     "aaaaaaaaaaaaaaaaaaaa") },
		{ "token of 2^62 - 1",
			WIRE("\xc0\0\0\0\1\0\0\xff\xff\xff\xff\xff\xff\xff\xff"
			     "aaaaaaaaaaaaaaaaaaaa") },
		{ "length past the end",
			WIRE("\xc0\0\0\0\1\0\0\0\x40\x15"
			     "aaaaaaaaaaaaaaaaaaaa") },
		{ "length without a sample",
			WIRE("\xc0\0\0\0\1\0\0\0\x40\x13"
			     "aaaaaaaaaaaaaaaaaaaa") },
		{ "empty version list", WIRE("\x80\0\0\0\0\0\0") },
		{ "version list of 5", WIRE("\x80\0\0\0\0\0\0\0\0\0\1\2") },
		{ "Retry of 15 bytes", WIRE("\xf0\0\0\0\1\0\0aaaaaaaaaaaaaaa") },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pqm_quic_packet p;
		pqm_bytes in = rows[i].wire;

		if (take(&p, &in) != PQM_EPARSE)
			fail_msg("%s was taken", rows[i].name);
	}
}

static void retry_and_negotiation_are_read(void **state)
{
	struct pqm_quic_packet p;
	pqm_bytes in = PQM_LIT("\xf0\0\0\0\1\0\2ss"
			       "token"
			       "0123456789abcdef");

	(void)state;
	assert_int_equal(take(&p, &in), PQM_OK);
	assert_int_equal(p.kind, PQM_QUIC_RETRY);
	assert_bytes(p.token, "token");
	assert_bytes(p.tag, "0123456789abcdef");
	assert_bytes(p.scid, "ss");
	in = PQM_LIT("\x80\0\0\0\0\x1a"
		     "abcdefghijklmnopqrstuvwxyz"
		     "\0\0\0\0\1\x6b\x33\x43\xcf");
	assert_int_equal(take(&p, &in), PQM_OK);
	assert_int_equal(p.kind, PQM_QUIC_NEGOTIATION);
	assert_int_equal(p.dcid.n, 26); /* other versions may have longer ones [RFC8999 §5.1] */
	assert_int_equal(p.versions.n, 8);
	in = PQM_LIT("\x80\xba\xba\xba\xba\0\0 anything");
	assert_int_equal(take(&p, &in), PQM_OK);
	assert_int_equal(p.kind, PQM_QUIC_FOREIGN);
}

static void packet_numbers_are_completed(void **state)
{
	(void)state;
	/* [RFC9000 §A.3] */
	assert_int_equal(pqm_quic_number(0xa82f30ea, true, 0x9b32, 2), 0xa82f9b32);
	assert_int_equal(pqm_quic_number(0, false, 0, 1), 0);
	assert_int_equal(pqm_quic_number(0xff, true, 0x01, 1), 0x101);
	assert_int_equal(pqm_quic_number(0x100, true, 0xff, 1), 0xff);
	assert_int_equal(pqm_quic_number(5, true, 0xff, 1), 0xff);
}

/* ---- frames ---- */

static void frames_are_read(void **state)
{
	pqm_bytes in = PQM_LIT("\0\0\0\x01"
			       "\x02\x0a\x05\x01\x02\x01\x03"
			       "\x06\x40\x64\x03xyz"
			       "\x1c\x41\x28\x06\x02no");
	struct pqm_cur c = pqm_cur_of(in);
	struct pqm_quic_frame f;

	(void)state;
	assert_int_equal(pqm_quic_frame(&f, &c, false, NULL), PQM_OK);
	assert_int_equal(f.type, PQM_QF_PADDING);
	assert_int_equal(pqm_quic_frame(&f, &c, false, NULL), PQM_OK);
	assert_int_equal(f.type, PQM_QF_PING);
	assert_int_equal(pqm_quic_frame(&f, &c, false, NULL), PQM_OK);
	assert_int_equal(f.type, PQM_QF_ACK);
	for (uint64_t n = 0; n < 14; n++)
		assert_int_equal(pqm_quic_acks(&f, n), (n >= 8 && n <= 10) || (n >= 2 && n <= 5));
	assert_int_equal(pqm_quic_frame(&f, &c, false, NULL), PQM_OK);
	assert_int_equal(f.type, PQM_QF_CRYPTO);
	assert_int_equal(f.offset, 100);
	assert_bytes(f.data, "xyz");
	assert_int_equal(pqm_quic_frame(&f, &c, false, NULL), PQM_OK);
	assert_int_equal(f.type, PQM_QF_CLOSE);
	assert_int_equal(f.error, 0x128);
	assert_int_equal(f.culprit, 6);
	assert_bytes(f.reason, "no");
	assert_int_equal(pqm_cur_left(&c), 0);
}

static void hostile_frames_are_refused(void **state)
{
	static const struct {
		const char *name;
		pqm_bytes wire;
	} rows[] = {
		{ "type in two bytes", WIRE("\x40\x01") },
		{ "STREAM", WIRE("\x08\x00\x41") },
		{ "NEW_TOKEN", WIRE("\x07\x01t") },
		{ "close of the application", WIRE("\x1d\x00\x00") },
		{ "HANDSHAKE_DONE", WIRE("\x1e") },
		{ "unknown type", WIRE("\x7f\xff") },
		{ "CRYPTO past the end", WIRE("\x06\x00\x03xy") },
		{ "CRYPTO of 2^62 - 1", WIRE("\x06\x00\xff\xff\xff\xff\xff\xff\xff\xffxy") },
		{ "CRYPTO offset over 2^62", WIRE("\x06\xff\xff\xff\xff\xff\xff\xff\xff\x01x") },
		{ "ACK below zero", WIRE("\x02\x03\x00\x00\x04") },
		{ "second ACK range below zero", WIRE("\x02\x0a\x00\x01\x02\x05\x02") },
		{ "ACK gap of 2^62 - 1",
			WIRE("\x02\x0a\x00\x01\x02\xff\xff\xff\xff\xff\xff\xff\xff\x02") },
		{ "2^62 - 1 ACK ranges",
			WIRE("\x02\x0a\x00\xff\xff\xff\xff\xff\xff\xff\xff\x02\x00\x00") },
		{ "ECN counts missing", WIRE("\x03\x0a\x00\x00\x02\x00\x00") },
		{ "reason past the end", WIRE("\x1c\x00\x00\x05no") },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pqm_cur c = pqm_cur_of(rows[i].wire);
		struct pqm_quic_frame f = { .error = 9 };
		struct pqm_err err = { 0 };

		if (pqm_quic_frame(&f, &c, false, &err) != PQM_EPARSE)
			fail_msg("%s was taken", rows[i].name);
		assert_true(err.msg[0] != '\0');
		assert_int_equal(f.error, 9);
		assert_int_equal(pqm_cur_left(&c), rows[i].wire.n);
	}
}

static void data_packets_carry_three_frames_more(void **state)
{
	struct pqm_cur c = pqm_cur_of(PQM_LIT("\x1e\x07\x02tk\x1d\x00\x01x"));
	struct pqm_quic_frame f;

	(void)state;
	assert_int_equal(pqm_quic_frame(&f, &c, true, NULL), PQM_OK);
	assert_int_equal(pqm_quic_frame(&f, &c, true, NULL), PQM_OK);
	assert_bytes(f.data, "tk");
	assert_int_equal(pqm_quic_frame(&f, &c, true, NULL), PQM_OK);
	assert_bytes(f.reason, "x");
	c = pqm_cur_of(PQM_LIT("\x07\x00"));
	assert_int_equal(pqm_quic_frame(&f, &c, true, NULL), PQM_EPARSE);
}

/* Whatever came, the ACK frame names it and nothing else. */
static void acks_name_what_came(void **state)
{
	uint64_t seed = 0x9001;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		uint64_t largest = unit_random(&seed) % 100;
		uint64_t seen = unit_random(&seed) & unit_random(&seed);
		struct pqm_quic_frame f;
		struct pqm_buf b;
		struct pqm_cur c;

		seen = (round % 3 == 0 ? ~seen : seen) | 1;
		pqm_buf_init(&b, 256);
		assert_true(pqm_quic_ack_put(&b, largest, seen));
		c = pqm_cur_of(pqm_buf_bytes(&b));
		assert_int_equal(pqm_quic_frame(&f, &c, false, NULL), PQM_OK);
		assert_int_equal(pqm_cur_left(&c), 0);
		for (uint64_t n = 0; n < 130; n++) {
			bool came = n <= largest && largest - n < 64 &&
				((seen >> (largest - n)) & 1) != 0;

			assert_int_equal(pqm_quic_acks(&f, n), came);
		}
		pqm_buf_fini(&b);
	}
}

static void crypto_and_close_come_back(void **state)
{
	struct pqm_quic_frame f;
	struct pqm_buf b;
	struct pqm_cur c;

	(void)state;
	pqm_buf_init(&b, 64);
	assert_true(pqm_quic_crypto_put(&b, 20000, PQM_LIT("hello")));
	assert_true(pqm_quic_close_put(&b, 0x12a));
	c = pqm_cur_of(pqm_buf_bytes(&b));
	assert_int_equal(pqm_quic_frame(&f, &c, false, NULL), PQM_OK);
	assert_int_equal(f.offset, 20000);
	assert_bytes(f.data, "hello");
	assert_int_equal(pqm_quic_frame(&f, &c, false, NULL), PQM_OK);
	assert_int_equal(f.error, 0x12a);
	assert_int_equal(pqm_cur_left(&c), 0);
	pqm_buf_fini(&b);
}

/* ---- transport parameters ---- */

static void parameters_come_back(void **state)
{
	struct pqm_quic_params in = { .idle_ms = 5000,
		.udp_bytes = 1472,
		.data_bytes = 65536,
		.stream_bytes = 16384,
		.uni_streams = 3,
		.cid_limit = 2,
		.has_initial_scid = true,
		.initial_scid = CID_A,
		.chosen_version = PQM_QUIC_V1,
		.versions = { PQM_QUIC_V1, PQM_QUIC_V2 },
		.n_versions = 2 };
	struct pqm_quic_params out = { 0 };
	struct pqm_buf b;

	(void)state;
	pqm_buf_init(&b, 256);
	assert_true(pqm_quic_params_put(&b, &in));
	assert_int_equal(pqm_quic_params(&out, pqm_buf_bytes(&b), NULL), PQM_OK);
	assert_int_equal(out.idle_ms, 5000);
	assert_int_equal(out.udp_bytes, 1472);
	assert_int_equal(out.data_bytes, 65536);
	assert_int_equal(out.stream_bytes, 16384);
	assert_int_equal(out.bidi_streams, 0);
	assert_int_equal(out.uni_streams, 3);
	assert_true(out.has_initial_scid && !out.has_original_dcid && !out.has_retry_scid);
	assert_true(pqm_eq(out.initial_scid, CID_A));
	assert_int_equal(out.chosen_version, PQM_QUIC_V1);
	assert_int_equal(out.n_versions, 2);
	assert_int_equal(out.versions[1], PQM_QUIC_V2);
	pqm_buf_fini(&b);
}

static void hostile_parameters_are_refused(void **state)
{
	static const struct {
		const char *name;
		pqm_bytes wire;
	} rows[] = {
		{ "cut after the id", WIRE("\x04") },
		{ "value past the end", WIRE("\x04\x04\x00") },
		{ "number shorter than its length", WIRE("\x04\x02\x00\x00") },
		{ "number longer than its length", WIRE("\x04\x01\x40") },
		{ "twice", WIRE("\x04\x01\x01\x04\x01\x01") },
		{ "connection ID of 21",
			WIRE("\x0f\x15"
			     "aaaaaaaaaaaaaaaaaaaaa") },
		{ "version 0", WIRE("\x11\x08\0\0\0\1\0\0\0\0") },
		{ "versions of 5 bytes", WIRE("\x11\x05\0\0\0\1\0") },
		{ "no chosen version", WIRE("\x11\x00") },
	};
	struct pqm_quic_params p;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (pqm_quic_params(&p, rows[i].wire, NULL) != PQM_EPARSE)
			fail_msg("%s was taken", rows[i].name);
	/* Empty content and unknown parameters, even twice above 63, are no mistake of ours to find. */
	assert_int_equal(pqm_quic_params(&p, PQM_LIT(""), NULL), PQM_OK);
	assert_int_equal(pqm_quic_params(&p, PQM_LIT("\x40\x60\x01z\x40\x60\x00"), NULL), PQM_OK);
	assert_int_equal(p.n, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(varints_are_those_of_the_standard),
		cmocka_unit_test(varints_of_every_size_come_back),
		cmocka_unit_test(long_headers_of_both_versions_come_back),
		cmocka_unit_test(type_bits_differ_by_version),
		cmocka_unit_test(every_prefix_of_a_packet_is_refused),
		cmocka_unit_test(coalesced_packets_come_one_by_one),
		cmocka_unit_test(hostile_headers_are_refused),
		cmocka_unit_test(retry_and_negotiation_are_read),
		cmocka_unit_test(packet_numbers_are_completed),
		cmocka_unit_test(frames_are_read),
		cmocka_unit_test(hostile_frames_are_refused),
		cmocka_unit_test(data_packets_carry_three_frames_more),
		cmocka_unit_test(acks_name_what_came),
		cmocka_unit_test(crypto_and_close_come_back),
		cmocka_unit_test(parameters_come_back),
		cmocka_unit_test(hostile_parameters_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
