#include "unit.h"

#include "base/limits.h"
#include "tls_kit.h"

#define HELLO_MAX ((size_t)128 << 10)

static struct pqm_err err;

/* ---- a strict reader of ClientHellos, written against RFC 8446 §4.1.2 alone ---- */

struct seen_hello {
	uint16_t version;
	pqm_bytes session_id, cookie, suites;
	uint16_t type[64];
	pqm_bytes body[64];
	size_t n;
	bool has_block;
};

static void read_hello(struct seen_hello *s, pqm_bytes msg, bool is_dtls)
{
	struct pqm_cur c = pqm_cur_of(msg);
	pqm_bytes body, random, compression, block;
	uint8_t type;

	*s = (struct seen_hello){ 0 };
	if (is_dtls) {
		struct pqm_dtls_part p;
		pqm_bytes in = msg;

		assert_int_equal(pqm_dtls_fragment(&p, &in, &err), PQM_OK);
		assert_true(p.off == 0 && p.seq == 0 && p.length == p.body.n && in.n == 0);
		type = p.type;
		body = p.body;
	} else {
		assert_true(pqm_cur_u8(&c, &type) && pqm_cur_vec24(&c, &body));
		assert_int_equal(pqm_cur_left(&c), 0);
	}
	assert_int_equal(type, 1);
	c = pqm_cur_of(body);
	assert_true(pqm_cur_u16be(&c, &s->version) && pqm_cur_take(&c, 32, &random));
	assert_true(pqm_cur_vec8(&c, &s->session_id) && s->session_id.n <= 32);
	if (is_dtls)
		assert_true(pqm_cur_vec8(&c, &s->cookie));
	assert_true(pqm_cur_vec16(&c, &s->suites) && s->suites.n >= 2 && s->suites.n % 2 == 0);
	assert_true(pqm_cur_vec8(&c, &compression) && compression.n == 1 && compression.p[0] == 0);
	if (pqm_cur_left(&c) == 0)
		return;
	s->has_block = true;
	assert_true(pqm_cur_vec16(&c, &block) && pqm_cur_left(&c) == 0 && block.n > 0);
	c = pqm_cur_of(block);
	while (pqm_cur_left(&c) > 0) {
		assert_true(s->n < 64 && pqm_cur_u16be(&c, &s->type[s->n]));
		assert_true(pqm_cur_vec16(&c, &s->body[s->n]));
		for (size_t i = 0; i < s->n; i++)
			assert_int_not_equal(s->type[i], s->type[s->n]);
		s->n++;
	}
}

static void is_ext(const struct seen_hello *s, uint16_t type, const char *content)
{
	pqm_bytes want = hex(content);

	for (size_t i = 0; i < s->n; i++)
		if (s->type[i] == type) {
			if (!pqm_eq(s->body[i], want))
				fail_msg("extension %u is not %s", type, content);
			return;
		}
	fail_msg("no extension %u", type);
}

static bool has_ext(const struct seen_hello *s, uint16_t type)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->type[i] == type)
			return true;
	return false;
}

static const uint16_t suites[] = { 0x1301, 0xc02f }, versions[] = { 0x0304, 0x0303 },
		      only13[] = { 0x0304 }, groups[] = { 0x11ec, 0x1d },
		      schemes[] = { 0x0904, 0x0403 };

static struct pqm_tls_client_hello least(void)
{
	return (struct pqm_tls_client_hello){
		.legacy_version = PQM_TLS12, .suites = suites, .n_suites = 2
	};
}

static void built(struct pqm_buf *b, struct seen_hello *s, const struct pqm_tls_client_hello *h)
{
	pqm_buf_init(b, HELLO_MAX);
	assert_true(pqm_tls_hello_build(b, h));
	read_hello(s, pqm_buf_bytes(b), h->is_dtls);
}

/* ---- the builder ---- */

static void the_least_hello_has_no_extension_block(void **state)
{
	struct pqm_tls_client_hello h = least();
	struct seen_hello s;
	struct pqm_buf b;

	(void)state;
	h.legacy_version = PQM_SSL30;
	h.scsv_fallback = true;
	built(&b, &s, &h);
	assert_false(s.has_block);
	assert_int_equal(s.version, PQM_SSL30);
	assert_true(pqm_eq(s.suites, hex("1301 c02f 5600")));
	assert_int_equal(b.n, 4 + 2 + 32 + 1 + 2 + 6 + 2);
	pqm_buf_fini(&b);
}

static void every_flag_gives_its_extension_and_no_other(void **state)
{
	static const char *const alpn[] = { "h2", "http/1.1" };
	static const struct pqm_tls_share share[] = { { 0x1d, { (const uint8_t *)"key", 3 } },
		{ 0x17, { (const uint8_t *)"k", 1 } } };

	const struct {
		struct pqm_tls_client_hello h;
		uint16_t type;
		const char *content;
	} t[] = {
		{ { .sni = "a.b" }, 0, "0006 00 0003 612e62" },
		{ { .status_request = true }, 5, "01 0000 0000" },
		{ { .schemes = schemes, .n_schemes = 2 }, 13, "0004 0904 0403" },
		{ { .heartbeat = true }, 15, "01" },
		{ { .alpn = alpn, .n_alpn = 2 }, 16, "000c 02 6832 08 687474702f312e31" },
		{ { .sct = true }, 18, "" },
		{ { .raw_public_key = true }, 20, "02 0200" },
		{ { .ems = true }, 23, "" },
		{ { .compress_cert = true }, 27, "06 0001 0002 0003" },
		{ { .ticket_empty = true }, 35, "" },
		{ { .ticket = PQM_LIT("") }, 35, "" },
		{ { .ticket = PQM_LIT("abc") }, 35, "616263" },
		{ { .early_data = true }, 42, "" },
		{ { .versions = versions, .n_versions = 2 }, 43, "04 0304 0303" },
		{ { .cookie = PQM_LIT("abc") }, 44, "0003 616263" },
		{ { .psk_modes_ke = true }, 45, "01 00" },
		{ { .psk_modes_dhe = true }, 45, "01 01" },
		{ { .psk_modes_ke = true, .psk_modes_dhe = true }, 45, "02 0001" },
		{ { .has_key_share = true }, 51, "0000" },
		{ { .has_key_share = true, .shares = share, .n_shares = 2 }, 51,
			"000c 001d 0003 6b6579 0017 0001 6b" },
		{ { .quic_params = PQM_LIT("abc") }, 0x39, "616263" },
		{ { .quic_params = PQM_LIT("") }, 0x39, "" },
		{ { .renegotiation = true }, 0xff01, "00" },
		{ { .psk_identity = PQM_LIT("abc"), .psk_age = 0x01020304, .binder_bytes = 4 }, 41,
			"0009 0003 616263 01020304 0005 04 00000000" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct pqm_tls_client_hello h = t[i].h;
		struct seen_hello s;
		struct pqm_buf b;

		h.legacy_version = PQM_TLS12;
		h.suites = suites;
		h.n_suites = 2;
		built(&b, &s, &h);
		assert_int_equal(s.n, 1);
		is_ext(&s, t[i].type, t[i].content);
		pqm_buf_fini(&b);
	}
}

static void point_formats_go_with_groups_of_older_versions(void **state)
{
	static const uint16_t dtls13[] = { PQM_DTLS13 };

	const struct {
		const uint16_t *versions;
		size_t n;
		bool has_formats;
	} t[] = { { NULL, 0, true }, { versions, 2, true }, { only13, 1, false },
		{ dtls13, 1, false } };

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct pqm_tls_client_hello h = least();
		struct seen_hello s;
		struct pqm_buf b;

		h.groups = groups;
		h.n_groups = 2;
		h.versions = t[i].versions;
		h.n_versions = t[i].n;
		built(&b, &s, &h);
		is_ext(&s, 10, "0004 11ec 001d");
		assert_int_equal(has_ext(&s, 11), t[i].has_formats);
		pqm_buf_fini(&b);
	}
}

static void grease_follows_the_random_and_spares_the_shares(void **state)
{
	struct pqm_tls_client_hello h = least();
	struct seen_hello s;
	struct pqm_buf b;

	(void)state;
	h.groups = groups;
	h.n_groups = 2;
	h.versions = versions;
	h.n_versions = 2;
	h.schemes = schemes;
	h.n_schemes = 2;
	h.has_key_share = h.grease = true;
	memcpy(h.random, "\x05\x1b\xf0\xcd", 4);
	for (unsigned round = 0; round < 2; round++) { /* the second hello says the same */
		built(&b, &s, &h);
		assert_true(pqm_eq(s.suites, hex("0a0a 1301 c02f")));
		is_ext(&s, 10, "0006 1a1a 11ec 001d");
		is_ext(&s, 43, "06 fafa 0304 0303");
		is_ext(&s, 13, "0004 0904 0403");
		is_ext(&s, 51, "0000");
		is_ext(&s, 0xcaca, "");
		pqm_buf_fini(&b);
	}
}

static void binder_is_the_end_and_the_last_extension(void **state)
{
	struct pqm_tls_client_hello h = least();
	struct seen_hello s;
	struct pqm_buf b;

	(void)state;
	h.psk_identity = PQM_LIT("ticket");
	h.binder_bytes = 32;
	h.renegotiation = h.grease = h.psk_modes_dhe = true;
	h.quic_params = PQM_LIT("q");
	h.pad_to = 400;
	built(&b, &s, &h);
	assert_int_equal(s.type[s.n - 1], 41);
	assert_int_equal(b.n, 400);
	assert_int_equal(b.p[b.n - 33], 32);
	assert_int_equal((b.p[b.n - 35] << 8) | b.p[b.n - 34], 33);
	for (size_t i = b.n - 32; i < b.n; i++)
		assert_int_equal(b.p[i], 0);
	pqm_buf_fini(&b);
	h.binder_bytes = 0;
	pqm_buf_init(&b, HELLO_MAX);
	assert_false(pqm_tls_hello_build(&b, &h));
	h.binder_bytes = 256;
	assert_false(pqm_tls_hello_build(&b, &h));
	h.binder_bytes = 255;
	assert_true(pqm_tls_hello_build(&b, &h));
	pqm_buf_fini(&b);
}

static void padding_fills_up_and_has_a_byte(void **state)
{
	struct pqm_tls_client_hello h = least();
	struct seen_hello s;
	struct pqm_buf b;
	size_t bare;

	(void)state;
	h.ems = true;
	built(&b, &s, &h);
	bare = b.n;
	pqm_buf_fini(&b);
	for (unsigned is_dtls = 0; is_dtls < 2; is_dtls++) {
		size_t base = bare + (is_dtls ? 9 : 0); /* header and cookie length */

		h.is_dtls = is_dtls != 0;
		for (size_t to = base; to < base + 600; to += to < base + 8 ? 1 : 97) {
			h.pad_to = to;
			built(&b, &s, &h);
			assert_int_equal(b.n, to == base ? base : to < base + 5 ? base + 5 : to);
			assert_int_equal(has_ext(&s, 21), to > base);
			pqm_buf_fini(&b);
		}
	}
}

static void dtls_hellos_have_header_and_cookie(void **state)
{
	struct pqm_tls_client_hello h = least();
	struct seen_hello s;
	struct pqm_buf b;

	(void)state;
	h.legacy_version = PQM_DTLS12;
	h.is_dtls = true;
	built(&b, &s, &h);
	assert_int_equal(s.cookie.n, 0);
	pqm_buf_fini(&b);
	h.dtls_cookie = hex("0102030405");
	built(&b, &s, &h);
	assert_int_equal(s.cookie.n, 5);
	assert_int_equal(s.version, PQM_DTLS12);
	pqm_buf_fini(&b);
}

/* What does not fit is refused, and the buffer keeps what it had. */
static void not_built(const struct pqm_tls_client_hello *h, const char *what)
{
	struct pqm_buf b;

	pqm_buf_init(&b, HELLO_MAX * 4);
	assert_true(pqm_buf_add(&b, PQM_LIT("before")));
	if (pqm_tls_hello_build(&b, h))
		fail_msg("built with %s", what);
	assert_bytes(pqm_buf_bytes(&b), "before");
	pqm_buf_fini(&b);
}

static void lists_that_do_not_fit_are_not_built(void **state)
{
	static uint16_t many[33000];
	static uint8_t large[70000];
	static char name[70001];
	static const char *const empty[] = { "" };
	static const struct pqm_tls_share no_key[] = { { 0x1d, { NULL, 0 } } };
	struct pqm_tls_client_hello h = least();
	struct seen_hello s;
	struct pqm_buf b;

	(void)state;
	memset(name, 'a', sizeof(name) - 1);
	const char *const longer[] = { name + sizeof(name) - 1 - 256 };

	h.n_suites = 0;
	not_built(&h, "no suite");
	h = least();
	h.suites = many;
	h.n_suites = 32768;
	not_built(&h, "32,768 suites");
	h = least();
	h.session_id = (pqm_bytes){ large, 33 };
	not_built(&h, "33 bytes of session id");
	h.session_id.n = 32;
	built(&b, &s, &h);
	assert_int_equal(s.session_id.n, 32);
	pqm_buf_fini(&b);
	h = least();
	h.is_dtls = true;
	h.dtls_cookie = (pqm_bytes){ large, 256 };
	not_built(&h, "256 bytes of cookie");
	h = least();
	h.versions = many;
	h.n_versions = 128;
	not_built(&h, "128 versions");
	h = least();
	h.sni = name;
	not_built(&h, "a name of 70,000 bytes");
	h = least();
	h.alpn = empty;
	h.n_alpn = 1;
	not_built(&h, "an empty protocol");
	h.alpn = longer;
	not_built(&h, "a protocol of 256 bytes");
	h = least();
	h.has_key_share = true;
	h.shares = no_key;
	h.n_shares = 1;
	not_built(&h, "an empty share");
	h = least();
	h.cookie = (pqm_bytes){ large, 65534 };
	not_built(&h, "a cookie that fills its extension");
	h = least();
	h.ticket = (pqm_bytes){ large, 40000 };
	h.quic_params = (pqm_bytes){ large, 40000 };
	not_built(&h, "extensions of 80,000 bytes");
	h = least();
	h.pad_to = 70000;
	not_built(&h, "padding of 70,000 bytes");
}

static void full_buffers_are_told(void **state)
{
	struct pqm_tls_client_hello h = least();
	struct pqm_buf b, whole;
	struct seen_hello s;

	(void)state;
	h.sni = "localhost";
	h.groups = groups;
	h.n_groups = 2;
	h.psk_identity = PQM_LIT("id");
	h.binder_bytes = 32;
	h.pad_to = 200;
	built(&whole, &s, &h);
	for (size_t max = 0; max < whole.n; max++) {
		pqm_buf_init(&b, max);
		assert_false(pqm_tls_hello_build(&b, &h));
		assert_int_equal(b.n, 0);
		pqm_buf_fini(&b);
		pqm_buf_init(&b, max);
		assert_false(pqm_tls_records(&b, 22, PQM_TLS10, pqm_buf_bytes(&whole), 0));
		assert_int_equal(b.n, 0);
		pqm_buf_fini(&b);
	}
	pqm_buf_init(&b, whole.n);
	assert_true(pqm_tls_hello_build(&b, &h));
	pqm_buf_fini(&b);
	pqm_buf_fini(&whole);
	for (size_t n = 1;; n++) { /* the n-th allocation fails */
		pqm_buf_init(&b, HELLO_MAX);
		pqm_alloc_fail_at(n);
		bool is_built = pqm_tls_hello_build(&b, &h);

		pqm_alloc_fail_at(0);
		pqm_buf_fini(&b);
		if (is_built)
			break;
		assert_true(n < 10);
	}
}

static void ssl2_hellos_are_as_the_draft_says(void **state)
{
	static const uint32_t kinds[] = { 0x010080, 0x0700c0 };
	static uint32_t many[11000];
	const uint8_t challenge[16] = { 1, 2, 3 };
	struct pqm_buf b;

	(void)state;
	pqm_buf_init(&b, HELLO_MAX);
	assert_true(pqm_ssl2_hello_build(&b, kinds, 2, challenge));
	assert_true(pqm_eq(pqm_buf_bytes(&b),
		hex("801f 01 0002 0006 0000 0010 010080 0700c0 01020300000000000000000000000000")));
	assert_false(pqm_ssl2_hello_build(&b, kinds, 0, challenge));
	assert_false(pqm_ssl2_hello_build(&b, many, 10915, challenge));
	b.n = 0;
	assert_true(pqm_ssl2_hello_build(&b, many, 10914, challenge));
	assert_int_equal(b.p[0] << 8 | b.p[1], 0x8000 + b.n - 2);
	pqm_buf_fini(&b);
}

/* ---- records and joining ---- */

static void messages_cut_into_records_join_again(void **state)
{
	static const size_t fragment[] = { 0, 1, 2, 3, 7, 100, 16384, 99999 };
	static uint8_t store[FIXTURE_BYTES];
	pqm_bytes flight = fixture(store, "tls/mldsa.bin");

	(void)state;
	for (size_t f = 0; f < sizeof(fragment) / sizeof(fragment[0]); f++) {
		struct pqm_tls_joiner j;
		struct pqm_buf b, again;
		pqm_bytes in, body, raw;
		size_t n = 0, n_records = 0;
		uint8_t type;
		bool more = false;

		pqm_buf_init(&b, HELLO_MAX);
		pqm_buf_init(&again, HELLO_MAX);
		assert_true(pqm_tls_records(&b, 22, PQM_TLS12, flight, fragment[f]));
		pqm_tls_joiner_init(&j, PQM_TLS_FLIGHT_BYTES);
		in = pqm_buf_bytes(&b);
		while (in.n > 0) {
			struct pqm_tls_record r;

			assert_int_equal(pqm_tls_record_next(&r, &more, &in, &err), PQM_OK);
			assert_true(!more && r.type == 22 && r.version == PQM_TLS12);
			assert_int_equal(pqm_tls_joiner_add(&j, r.body, &err), PQM_OK);
			n_records++;
			while (pqm_tls_joiner_next(&j, &type, &body, &raw)) {
				assert_true(raw.n == body.n + 4 && raw.p[0] == type);
				assert_true(pqm_buf_add(&again, raw));
				n++;
			}
		}
		assert_int_equal(n, 7);
		assert_true(pqm_eq(pqm_buf_bytes(&again), flight));
		if (fragment[f] == 1)
			assert_int_equal(n_records, flight.n);
		pqm_tls_joiner_fini(&j);
		pqm_buf_fini(&again);
		pqm_buf_fini(&b);
	}
}

static void records_of_a_connection_are_read(void **state)
{
	static const uint8_t type[] = { 22, 22, 22, 22, 22, 20, 22 };
	static uint8_t store[FIXTURE_BYTES];
	pqm_bytes in = fixture(store, "tls/tls12.stream");
	struct pqm_tls_record r;
	bool more = false;

	(void)state;
	for (size_t i = 0; i < sizeof(type); i++) {
		size_t whole = in.n;

		for (size_t n = 0; n < whole;
			n++) { /* a shorter stream asks for more, and keeps its place */
			uint8_t *p = exact(pqm_sub(in, 0, n));
			pqm_bytes part = { p, n };

			assert_int_equal(pqm_tls_record_next(&r, &more, &part, &err), PQM_OK);
			if (!more)
				whole = n;
			else
				assert_true(part.p == p && part.n == n);
			pqm_free(p);
		}
		assert_int_equal(pqm_tls_record_next(&r, &more, &in, &err), PQM_OK);
		assert_true(!more && !r.is_ssl2 && r.version == PQM_TLS12);
		assert_int_equal(r.type, type[i]);
		assert_int_equal(r.body.n + 5, whole);
	}
	assert_int_equal(in.n, 0);
}

static void headers_of_records_have_their_ranges(void **state)
{
	static const struct {
		const char *in;

		enum { MORE, BAD, GOOD, SSL2 } is;
	} t[] = {
		{ "", MORE },
		{ "15 0303 0002", MORE },
		{ "15 0303 0002 0228", GOOD },
		{ "15 0300 0002 0228", GOOD },
		{ "16 0303 0000", GOOD },
		{ "14 0303 0001 01", GOOD },
		{ "17 0304 0001 aa", GOOD },
		{ "16 0303 4100", MORE },
		{ "16 0303 4101", BAD },
		{ "16 0303 ffff", BAD },
		{ "13 0303 0000", BAD },
		{ "18 0303 0000", BAD },
		{ "16 0305 0000", BAD },
		{ "16 0203 0000", BAD },
		{ "16 fefd 0000", BAD },
		{ "80 03 00 0001", SSL2 },
		{ "80 04 00 0001 00", BAD },
		{ "80 0b 04 00 01 0002 0000 0000 0000", SSL2 },
		{ "80 0b 04 00 01 0002 0000 0000", MORE },
		{ "80 0a 04 00 01 0002 0000 0000", BAD },
		{ "80 0b 01 00 01 0002 0000 0000 0000", BAD },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		pqm_bytes in = hex(t[i].in), was = in;
		struct pqm_tls_record r = { .type = 99 };
		bool more = false;
		enum pqm_st st = pqm_tls_record_next(&r, &more, &in, &err);

		if ((st != PQM_OK) != (t[i].is == BAD) ||
			(st == PQM_OK && more != (t[i].is == MORE)))
			fail_msg("record %s: status %d, more %d", t[i].in, st, more);
		if (t[i].is == MORE || t[i].is == BAD) {
			assert_true(r.type == 99 && in.n == was.n && in.p == was.p);
			continue;
		}
		assert_int_equal(r.is_ssl2, t[i].is == SSL2);
		assert_int_equal(r.body.n, was.n - in.n - (r.is_ssl2 ? 2 : 5));
	}
}

static void other_protocols_are_told_by_name(void **state)
{
	static const struct {
		const char *in, *words;
		size_t n;
	} t[] = {
		{ "HTTP/1.1 400 Bad Request\r\nServer: x", "HTTP, \"HTTP/1.1 400 Bad Request\"",
			0 },
		{ "SSH-2.0-OpenSSH_9.2\r\n", "SSH, \"SSH-2.0-OpenSSH_9.2\"", 0 },
		{ "220 mail.example ESMTP Postfix\r\n", "SMTP, \"220 mail.example ESMTP Postfix\"",
			0 },
		{ "220 (vsFTPd 3.0.3)\r\n", "FTP, \"220 (vsFTPd 3.0.3)\"", 0 },
		{ "220 hello\r\n", "SMTP or FTP, \"220 hello\"", 0 },
		{ "200 news.example InterNetNews\r\n", "NNTP, ", 0 },
		{ "201 ready\r\n", "NNTP, ", 0 },
		{ "+OK ready\r\n", "POP3, ", 0 },
		{ "* OK IMAP4\r\n", "IMAP, ", 0 },
		{ "-ERR unknown command\r\n", "Redis, NATS or POP3, ", 0 },
		{ "INFO {\"server_id\"", "NATS, ", 0 },
		{ ":irc.example NOTICE * :hi\r\n", "IRC, ", 0 },
		{ "SSH-\x1b[31m\xff \x07x\n", "SSH, \"SSH-?[31m? ?x\"", 0 },
		{ "\x4a\0\0\0\x0a"
		  "8.0",
			"MySQL", 8 },
		{ "\x8b\0\0\0\x0a", "MySQL", 5 },
		{ "\x16\0\0\0\x0a", "MySQL", 5 },
		{ "E\0\0\0\x80SFATAL", "PostgreSQL", 11 },
		{ "\0\0\x12\4\0", "HTTP/2", 5 },
		{ "\x30\x0c\x02\x01\x00", "LDAP", 5 },
		{ "\x03\0\0\x13\x0e", "RDP", 5 },
		{ "\xff\xfd\x18\xff\xfd", "Telnet", 5 },
		{ "\xff\0\0\0\0", "ZeroMQ", 5 },
		{ "\xff\0\0\1\0", "begins ff 00 00 01 00", 5 },
		{ "\x20\2\1\5\0", "MQTT", 5 },
		{ "\x21\2\1\5\0", "begins 21 02", 5 },
		{ "\4\1\0\x2b\0", "TDS", 5 },
		{ "2a0 ok", "begins 32 61", 0 },
		{ "22a ok", "begins 32 32", 0 },
		{ "a20 ok", "begins 61 32", 0 },
		{ "2/0 ok", "begins 32 2f", 0 },
		{ "199 ~\x7f", "SMTP or FTP, \"199 ~?\"", 0 },
		{ "hello", "begins 68 65 6c 6c 6f", 0 },
		{ "22 x y", "begins 32 32 20 78 20", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		size_t n = t[i].n == 0 ? strlen(t[i].in) : t[i].n;
		uint8_t *p = exact((pqm_bytes){ (const uint8_t *)t[i].in, n });
		pqm_bytes in = { p, n };
		struct pqm_tls_record r;
		bool more = false;

		assert_int_equal(pqm_tls_record_next(&r, &more, &in, &err), PQM_EPARSE);
		if (strstr(err.msg, t[i].words) == NULL)
			fail_msg("%zu: %s is not %s", i, err.msg, t[i].words);
		pqm_free(p);
	}
}

static void a_long_line_is_cut_in_the_words(void **state)
{
	static uint8_t line[5000];
	pqm_bytes in = { line, sizeof(line) };
	struct pqm_tls_record r;
	bool more = false;

	(void)state;
	memset(line, 'a', sizeof(line));
	memcpy(line, "HTTP/", 5);
	assert_int_equal(pqm_tls_record_next(&r, &more, &in, &err), PQM_EPARSE);
	assert_true(strlen(err.msg) < 100);
}

/* ---- the joiner's limits ---- */

static void long_messages_are_refused_by_their_header(void **state)
{
	struct pqm_tls_joiner j;
	pqm_bytes body, raw;
	uint8_t type;

	(void)state;
	pqm_tls_joiner_init(&j, 1000);
	assert_int_equal(pqm_tls_joiner_add(&j, hex("0b 00"), &err), PQM_OK);
	assert_int_equal(pqm_tls_joiner_add(&j, hex("03 e5"), &err), PQM_ELIMIT);
	assert_string_equal(err.msg, "handshake message 11 of 1001 bytes, over the limit of 1000");
	assert_false(pqm_tls_joiner_next(&j, &type, &body, &raw));
	assert_int_equal(pqm_tls_joiner_add(&j, hex("00"), &err), PQM_ELIMIT);
	assert_true(j.buf.cap < 1000);
	pqm_tls_joiner_fini(&j);
	/* the next message, behind a good one that is still to be taken */
	pqm_tls_joiner_init(&j, 1000);
	assert_int_equal(pqm_tls_joiner_add(&j, hex("0e 000000 0b ffffff"), &err), PQM_ELIMIT);
	assert_non_null(strstr(err.msg, "16777219 bytes"));
	pqm_tls_joiner_fini(&j);
	pqm_tls_joiner_init(&j, 1000);
	assert_int_equal(pqm_tls_joiner_add(&j, hex("0b 0003e4"), &err), PQM_OK);
	assert_true(j.buf.cap < 1000); /* what is declared reserves nothing */
	pqm_tls_joiner_fini(&j);
}

static void what_is_not_taken_is_bounded(void **state)
{
	static const uint8_t zeros[16384];
	struct pqm_tls_joiner j;
	pqm_bytes body, raw;
	uint8_t type;
	unsigned n = 0;
	enum pqm_st st;

	(void)state;
	pqm_tls_joiner_init(&j, 40000);
	do { /* empty messages of type 0 */
		st = pqm_tls_joiner_add(&j, (pqm_bytes){ zeros, sizeof(zeros) }, &err);
	} while (st == PQM_OK && ++n < 100);
	assert_int_equal(st, PQM_ELIMIT);
	assert_int_equal(n, 3);
	assert_true(j.buf.n <= 40000 + PQM_TLS_RECORD_BYTES);
	for (n = 0; pqm_tls_joiner_next(&j, &type, &body, &raw); n++)
		assert_true(body.n == 0 && raw.n == 4);
	assert_int_equal(n, 3 * 16384 / 4);
	/* taken, there is room again */
	assert_int_equal(pqm_tls_joiner_add(&j, (pqm_bytes){ zeros, sizeof(zeros) }, &err), PQM_OK);
	pqm_tls_joiner_fini(&j);
	pqm_tls_joiner_fini(&j);
}

/* ---- DTLS ---- */

static void datagrams_of_a_server_are_read(void **state)
{
	static uint8_t store[FIXTURE_BYTES], message[4096];
	struct pqm_cur c = pqm_cur_of(fixture(store, "tls/dtls12.packets"));
	size_t n_fragments = 0, n_verify = 0, certificate = 0;
	pqm_bytes datagram;

	(void)state;
	while (pqm_cur_vec16(&c, &datagram)) {
		while (datagram.n > 0) {
			struct pqm_dtls_record r;
			uint8_t *p;

			assert_int_equal(pqm_dtls_record_next(&r, &datagram, &err), PQM_OK);
			assert_true(r.header.n == 13 && !r.is_unified && r.seq_bytes == 6);
			/* every cut of the record is refused */
			for (size_t n = 0; n < 13 + r.body.n; n++) {
				struct pqm_dtls_record cut;

				p = exact((pqm_bytes){ r.header.p, n });
				pqm_bytes in = { p, n };

				assert_int_not_equal(pqm_dtls_record_next(&cut, &in, &err), PQM_OK);
				assert_int_equal(in.n, n);
				pqm_free(p);
			}
			while (r.type == PQM_REC_HANDSHAKE && r.epoch == 0 && r.body.n > 0) {
				struct pqm_dtls_part f;
				uint16_t version;
				pqm_bytes cookie;

				assert_int_equal(pqm_dtls_fragment(&f, &r.body, &err), PQM_OK);
				assert_true(f.length <= sizeof(message));
				n_fragments++;
				if (f.type == PQM_HS_HELLO_VERIFY) {
					assert_int_equal(pqm_tls_hello_verify(
								 &version, &cookie, f.body, &err),
						PQM_OK);
					assert_true(version == PQM_DTLS10 && cookie.n > 0);
					n_verify++;
				}
				if (f.type != PQM_HS_CERTIFICATE)
					continue;
				assert_int_equal(f.off, certificate); /* in order, on loopback */
				memcpy(message + f.off, f.body.p, f.body.n);
				certificate += f.body.n;
				if (certificate == f.length) {
					struct pqm_tls_certs certs;

					assert_int_equal(pqm_tls_certificate(&certs,
								 (pqm_bytes){ message, f.length },
								 false, &err),
						PQM_OK);
					assert_int_equal(certs.n, 1);
				}
			}
		}
	}
	assert_int_equal(n_verify, 1);
	assert_true(n_fragments >= 5 && certificate > 300);
}

static void headers_of_dtls_have_their_ranges(void **state)
{
	static const struct {
		const char *in;
		bool is_good, is_unified;
		size_t left;
	} t[] = {
		{ "16 fefd 0000 000000000001 0001 aa", true, false, 0 },
		{ "16 feff 0001 000000000001 0001 aa bb", true, false, 1 },
		{ "1a fefd 0000 000000000001 0000", true, false, 0 },
		{ "13 fefd 0000 000000000001 0000", false, false, 0 },
		{ "18 fefd 0000 000000000001 0000", false, false, 0 },
		{ "16 0303 0000 000000000001 0000", false, false, 0 },
		{ "16 fefd 0000 000000000001 ffff", false, false, 0 },
		{ "2e 1234 0002 aabb cc", true, true, 1 },
		{ "2a 1234 aabbcc", true, true, 0 },
		{ "22 12 aabbcc", true, true, 0 },
		{ "26 12 0001 aa bb", true, true, 1 },
		{ "3e 1234 0002 aabb", false, true, 0 }, /* connection id */
		{ "2e 1234 0003 aabb", false, true, 0 },
		{ "2e 12", false, true, 0 },
		{ "2e 1234 00", false, true, 0 },
		{ "", false, false, 0 },
		{ "48", false, false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		pqm_bytes in = hex(t[i].in);
		struct pqm_dtls_record r;
		enum pqm_st st = pqm_dtls_record_next(&r, &in, &err);

		if ((st == PQM_OK) != t[i].is_good)
			fail_msg("record %s: status %d", t[i].in, st);
		if (!t[i].is_good)
			continue;
		assert_int_equal(r.is_unified, t[i].is_unified);
		assert_int_equal(in.n, t[i].left);
	}
	pqm_bytes in = hex("2e 1234 0002 aabb");
	struct pqm_dtls_record r;

	assert_int_equal(pqm_dtls_record_next(&r, &in, &err), PQM_OK);
	assert_true(r.epoch == 2 && r.seq == 0x1234 && r.seq_bytes == 2 && r.header.n == 5);
}

static void fragments_stay_inside_their_message(void **state)
{
	static const struct {
		const char *in;
		enum pqm_st st;
	} t[] = {
		{ "0b 000002 0001 000000 000002 aabb", PQM_OK },
		{ "0b 000003 0001 000001 000002 aabb", PQM_OK },
		{ "0b 000002 0001 000002 000000", PQM_OK },
		{ "0b 000002 0001 000001 000002 aabb", PQM_EPARSE },
		{ "0b 000002 0001 000003 000000", PQM_EPARSE },
		{ "0b 000002 0001 ffffff 000002 aabb", PQM_EPARSE },
		{ "0b 000002 0001 000000 000003 aabb", PQM_EPARSE },
		{ "0b 000002 0001 000000 0000", PQM_EPARSE },
		{ "0b 040000 0001 000000 000001 aa", PQM_OK },
		{ "0b 040001 0001 000000 000001 aa", PQM_ELIMIT },
		{ "0b ffffff 0001 000000 000001 aa", PQM_ELIMIT },
		{ "", PQM_EPARSE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		pqm_bytes in = hex(t[i].in);
		struct pqm_dtls_part p;

		assert_int_equal(pqm_dtls_fragment(&p, &in, &err), t[i].st);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_least_hello_has_no_extension_block),
		cmocka_unit_test(every_flag_gives_its_extension_and_no_other),
		cmocka_unit_test(point_formats_go_with_groups_of_older_versions),
		cmocka_unit_test(grease_follows_the_random_and_spares_the_shares),
		cmocka_unit_test(binder_is_the_end_and_the_last_extension),
		cmocka_unit_test(padding_fills_up_and_has_a_byte),
		cmocka_unit_test(dtls_hellos_have_header_and_cookie),
		cmocka_unit_test(lists_that_do_not_fit_are_not_built),
		cmocka_unit_test(full_buffers_are_told),
		cmocka_unit_test(ssl2_hellos_are_as_the_draft_says),
		cmocka_unit_test(messages_cut_into_records_join_again),
		cmocka_unit_test(records_of_a_connection_are_read),
		cmocka_unit_test(headers_of_records_have_their_ranges),
		cmocka_unit_test(other_protocols_are_told_by_name),
		cmocka_unit_test(a_long_line_is_cut_in_the_words),
		cmocka_unit_test(long_messages_are_refused_by_their_header),
		cmocka_unit_test(what_is_not_taken_is_bounded),
		cmocka_unit_test(datagrams_of_a_server_are_read),
		cmocka_unit_test(headers_of_dtls_have_their_ranges),
		cmocka_unit_test(fragments_stay_inside_their_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
