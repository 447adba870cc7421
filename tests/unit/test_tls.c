#include "unit.h"

#include "base/limits.h"
#include "tls_kit.h"

/* RFC 8448 §3 and §5. */
#define TRACE_HELLO                                                                                \
	"0303 a6af06a4121860dc5e6e60249cd34c95930c8ac5cb1434dac155772ed3e26928 00 1301 00 002e"    \
	"0033 0024 001d 0020 c9828876112095fe66762bdbf7c672e156d6cc253b833df1dd69b1b04e751f0f"     \
	"002b 0002 0304"
#define TRACE_RETRY                                                                                \
	"0303 cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c 00 1301 00 0084"    \
	"0033 0002 0017 002c 0074 0072"                                                            \
	"71dcd04bb88bc3189119398a00000000eefafc76c146b823b096f8aacad365dd0030953f4edf625636e5f2"   \
	"1bb2e23fcc654b1b5b40318d10d137abcbb87574e36e8a1f025f7dfa5d6e50781b5eda4aa15b0c8be77825"   \
	"7d16aa3030e9e7841dd9e4c0342267e8ca0caf571fb2b7cff0f934b0"                                 \
	"002b 0002 0304"
#define TRACE_EE                                                                                   \
	"0022 000a 0014 0012 001d 0017 0018 0019 0100 0101 0102 0103 0104 001c 0002 4001 0000 "    \
	"0000"

static struct pqm_err err;

/* ---- every parser behind one face ---- */

static union {
	struct pqm_tls_server_hello hello;
	struct pqm_tls_ee ee;
	struct pqm_tls_certs certs;
	struct pqm_tls_cert_request request;
	struct pqm_tls_ske ske;
	struct pqm_tls_ticket ticket;
	struct pqm_ssl2_hello ssl2;

	struct {
		uint16_t code;
		pqm_bytes bytes;
	} pair;
} out;

enum face {
	HELLO,
	EE,
	CERTS,
	CERTS13,
	REQUEST10,
	REQUEST12,
	REQUEST13,
	EC10,
	EC12,
	EC_ANON,
	EC_PSK,
	DH12,
	DH_ANON,
	DH_PSK,
	RSA10,
	HINT,
	TICKET,
	TICKET13,
	VERIFY,
	SSL2,
	HELLO_VERIFY
};

static enum pqm_st ske(pqm_bytes b, uint16_t version, int kx, bool anon, bool psk)
{
	return pqm_tls_ske(&out.ske, b, version, kx, anon, psk, &err);
}

static enum pqm_st parse(enum face f, pqm_bytes b)
{
	switch (f) {
	case HELLO:
		return pqm_tls_server_hello(&out.hello, b, &err);
	case EE:
		return pqm_tls_ee(&out.ee, b, &err);
	case CERTS:
	case CERTS13:
		return pqm_tls_certificate(&out.certs, b, f == CERTS13, &err);
	case REQUEST10:
		return pqm_tls_cert_request(&out.request, b, PQM_TLS10, &err);
	case REQUEST12:
		return pqm_tls_cert_request(&out.request, b, PQM_DTLS12, &err);
	case REQUEST13:
		return pqm_tls_cert_request(&out.request, b, PQM_TLS13, &err);
	case EC10:
		return ske(b, PQM_TLS10, PQM_SKE_EC, false, false);
	case EC12:
		return ske(b, PQM_TLS12, PQM_SKE_EC, false, false);
	case EC_ANON:
		return ske(b, PQM_TLS12, PQM_SKE_EC, true, false);
	case EC_PSK:
		return ske(b, PQM_TLS12, PQM_SKE_EC, false, true);
	case DH12:
		return ske(b, PQM_TLS12, PQM_SKE_DH, false, false);
	case DH_ANON:
		return ske(b, PQM_TLS12, PQM_SKE_DH, true, false);
	case DH_PSK:
		return ske(b, PQM_TLS12, PQM_SKE_DH, false, true);
	case RSA10:
		return ske(b, PQM_TLS10, PQM_SKE_RSA, false, false);
	case HINT:
		return ske(b, PQM_TLS12, PQM_SKE_PSK_HINT, false, true);
	case TICKET:
	case TICKET13:
		return pqm_tls_ticket(&out.ticket, b, f == TICKET13, &err);
	case VERIFY:
		return pqm_tls_cert_verify(&out.pair.code, &out.pair.bytes, b, &err);
	case SSL2:
		return pqm_ssl2_server_hello(&out.ssl2, b, &err);
	case HELLO_VERIFY:
		return pqm_tls_hello_verify(&out.pair.code, &out.pair.bytes, b, &err);
	}
	return PQM_EINTERNAL;
}

/* Refused with words, and nothing written. */
static void refused(enum face f, pqm_bytes b, const char *what)
{
	uint8_t *p = exact(b);

	memset(&out, 0xa5, sizeof(out));
	err = (struct pqm_err){ 0 };
	if (parse(f, (pqm_bytes){ p, b.n }) == PQM_OK)
		fail_msg("face %d accepts %s (%zu bytes)", f, what, b.n);
	assert_int_not_equal(err.msg[0], '\0');
	for (size_t i = 0; i < sizeof(out); i++)
		assert_int_equal(((const uint8_t *)&out)[i], 0xa5);
	pqm_free(p);
}

static void accepted(enum face f, pqm_bytes b, const char *what)
{
	memset(&out, 0xa5, sizeof(out));
	if (parse(f, b) != PQM_OK)
		fail_msg("face %d refuses %s: %s", f, what, err.msg);
}

#define SSL2_HELLO                                                                                 \
	"04 00 01 0002 0004 0006 0010 30020500 010080 0700c0 00112233445566778899aabbccddeeff"
#define RSA_EXPORT "0003 7fffff 0001 03 0002 abcd"

static void prefixes_are_refused_and_so_is_one_byte_more(void **state)
{
	static const struct {
		enum face f;
		const char *file; /* or hex */
		uint8_t type;
		size_t whole_at; /* a prefix that is a message, too */
	} t[] = {
		{ HELLO, NULL, 0, 38 },
		{ HELLO, "tls/tls13.bin", 2, 38 + 32 },
		{ HELLO, "tls/retry.bin", 2, 38 + 32 },
		{ HELLO, "tls/ecdhe12.bin", 2, 38 },
		{ HELLO, "tls/ecdhe10.bin", 2, 38 },
		{ HELLO, "tls/mldsa.bin", 2, 38 + 32 },
		{ EE, "tls/tls13.bin", 8, 0 },
		{ REQUEST13, "tls/tls13.bin", 13, 0 },
		{ REQUEST12, "tls/ecdhe12.bin", 13, 0 },
		{ REQUEST10, "tls/ecdhe10.bin", 13, 0 },
		{ CERTS13, "tls/tls13.bin", 11, 0 },
		{ CERTS13, "tls/mldsa.bin", 11, 0 },
		{ CERTS, "tls/rsa12.bin", 11, 0 },
		{ VERIFY, "tls/tls13.bin", 15, 0 },
		{ VERIFY, "tls/mldsa.bin", 15, 0 },
		{ TICKET13, "tls/tls13.bin", 4, 0 },
		{ TICKET, "tls/rsa12.bin", 4, 0 },
		{ EC12, "tls/ecdhe12.bin", 12, 0 },
		{ EC10, "tls/ecdhe10.bin", 12, 0 },
		{ EC_PSK, "tls/ecdhepsk12.bin", 12, 0 },
		{ DH12, "tls/dhe12.bin", 12, 0 },
		{ DH_ANON, "tls/anon12.bin", 12, 0 },
		{ DH_PSK, "tls/dhepsk12.bin", 12, 0 },
		{ HINT, "tls/psk12.bin", 12, 0 },
		{ RSA10, RSA_EXPORT, 0, 0 },
		{ EC_ANON, "03 0017 02 0405", 0, 0 },
		{ SSL2, SSL2_HELLO, 0, 0 },
		{ HELLO_VERIFY, "feff 03 010203", 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		static uint8_t longer[FIXTURE_BYTES];
		pqm_bytes b = t[i].file == NULL ? hex(TRACE_HELLO)
			: t[i].type == 0	? hex(t[i].file)
						: recorded(t[i].file, t[i].type);

		accepted(t[i].f, b, t[i].file);
		for (size_t n = 0; n < b.n; n++)
			if (n != t[i].whole_at || n == 0)
				refused(t[i].f, pqm_sub(b, 0, n), "a prefix");
		memcpy(longer, b.p, b.n);
		longer[b.n] = 0;
		refused(t[i].f, (pqm_bytes){ longer, b.n + 1 }, "a byte more");
	}
}

/* ---- ServerHello ---- */

static void hellos_of_the_trace_are_read(void **state)
{
	const struct pqm_tls_server_hello *h = &out.hello;

	(void)state;
	accepted(HELLO, hex(TRACE_HELLO), "the trace");
	assert_int_equal(h->legacy_version, PQM_TLS12);
	assert_int_equal(h->version, PQM_TLS13);
	assert_int_equal(h->suite, 0x1301);
	assert_true(h->has_group && !h->is_hrr && !h->has_psk && !h->has_downgrade_marker);
	assert_int_equal(h->group, 0x1d);
	assert_int_equal(h->share.n, 32);
	assert_int_equal(h->share.p[0], 0xc9);
	assert_int_equal(h->unasked, 0xffff);
	assert_int_equal(h->n_extensions, 2);
	accepted(HELLO, hex(TRACE_RETRY), "the retry");
	assert_true(h->is_hrr && h->has_group && h->share.n == 0);
	assert_int_equal(h->group, 0x17);
	assert_int_equal(h->cookie.n, 114);
	assert_int_equal(h->cookie.p[113], 0xb0);
	assert_int_equal(h->version, PQM_TLS13);
	assert_int_equal(h->unasked, 0xffff);
}

static void hellos_of_servers_are_read(void **state)
{
	const struct pqm_tls_server_hello *h = &out.hello;

	(void)state;
	accepted(HELLO, recorded("tls/tls13.bin", 2), "1.3");
	assert_int_equal(h->version, PQM_TLS13);
	assert_true(h->group == 0x17 || h->group == 0x1d);
	assert_int_equal(h->session_id.n, 32);
	accepted(HELLO, recorded("tls/mldsa.bin", 2), "1.3 with ML-KEM");
	assert_int_equal(h->group, 0x201);
	assert_int_equal(h->share.n, 1088);
	accepted(HELLO, recorded("tls/retry.bin", 2), "a retry");
	assert_true(h->is_hrr && h->cookie.n > 0);
	assert_int_equal(h->group, 0x17);
	accepted(HELLO, recorded("tls/ecdhe12.bin", 2), "1.2");
	assert_int_equal(h->version, PQM_TLS12);
	assert_true(h->ems && h->ticket && h->renegotiation && !h->heartbeat && !h->has_group);
	assert_bytes(h->alpn, "h2");
	accepted(HELLO, recorded("tls/ecdhe10.bin", 2), "1.0");
	assert_int_equal(h->version, PQM_TLS10);
}

/* A hello of 1.2 with this random and these extensions. */
static pqm_bytes hello_with(const char *tail_of_random, const char *extensions)
{
	static uint8_t store[HEX_BYTES];
	pqm_bytes tail = hex(tail_of_random), x = hex(extensions);

	memset(store, 0x11, 34);
	store[0] = 3;
	store[1] = 3;
	memcpy(store + 34 - tail.n, tail.p, tail.n);
	memcpy(store + 34, "\0\xc0\x2f\0", 4);
	store[38] = (uint8_t)(x.n >> 8);
	store[39] = (uint8_t)x.n;
	memcpy(store + 40, x.p, x.n);
	return (pqm_bytes){ store, 40 + x.n };
}

static void downgrade_markers_are_seen(void **state)
{
	static const struct {
		const char *tail;
		bool is_marker;
	} t[] = {
		{ "444f574e47524401", true },
		{ "444f574e47524400", true },
		{ "444f574e47524402", false },
		{ "444f574e47524301", false },
		{ "444f574e475244010a", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		accepted(HELLO, hello_with(t[i].tail, ""), t[i].tail);
		assert_int_equal(out.hello.has_downgrade_marker, t[i].is_marker);
	}
}

static void extensions_of_a_hello_hold_what_they_must(void **state)
{
	static const struct {
		const char *x;
		bool is_good;
		uint16_t unasked;
	} t[] = {
		{ "", true, 0xffff },
		{ "0017 0000", true, 0xffff },
		{ "0017 0001 00", false, 0 }, /* a flag with content */
		{ "0017 0000 0017 0000", false, 0 },
		{ "1234 0000 1234 0000", false, 0 }, /* unknown ones, too */
		{ "0023 0001 00", false, 0 },
		{ "0005 0001 01", false, 0 },
		{ "ff01 0001 00", true, 0xffff },
		{ "ff01 0002 0100", false, 0 },
		{ "ff01 0000", false, 0 },
		{ "000f 0001 01", true, 0xffff },
		{ "000f 0000", false, 0 },
		{ "000b 0002 0100", true, 0xffff },
		{ "000b 0001 00", false, 0 },
		{ "000b 0003 010000", false, 0 },
		{ "0010 0005 0003 02 6832", true, 0xffff },
		{ "0010 0008 0006 02 6832 02 6833", false, 0 }, /* two names */
		{ "0010 0003 0001 00", false, 0 },
		{ "0010 0002 0000", false, 0 },
		{ "002b 0002 0304", true, 0xffff },
		{ "002b 0002 7f1c", true, 0xffff },
		{ "002b 0002 1a1a", false, 0 },
		{ "002b 0003 030400", false, 0 },
		{ "002b 0001 03", false, 0 },
		{ "0029 0002 0000", true, 0xffff },
		{ "0029 0001 00", false, 0 },
		{ "0033 0005 001d 0001 aa", true, 0xffff },
		{ "0033 0004 001d 0000", false, 0 },
		{ "0033 0002 001d", false, 0 }, /* the form of a retry */
		{ "0033 0006 001d 0001 aabb", false, 0 },
		{ "002c 0003 0001 aa", true, 0x2c }, /* a cookie belongs to a retry */
		{ "002c 0002 0000", false, 0 },
		{ "1234 0000 4321 0003 000000", true, 0x1234 },
		{ "0017 0001", false, 0 },
		{ "0017 00", false, 0 },
		{ "00", false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		pqm_bytes b = hello_with("00", t[i].x);

		if (!t[i].is_good) {
			refused(HELLO, b, t[i].x);
			continue;
		}
		accepted(HELLO, b, t[i].x);
		assert_int_equal(out.hello.unasked, t[i].unasked);
	}
}

static void fields_of_a_hello_have_their_ranges(void **state)
{
	static const char *const version[] = { "0000", "0002", "0203", "0403", "1603", "ffff" };
	static uint8_t store[128];
	pqm_bytes b = hex(TRACE_HELLO);

	(void)state;
	for (size_t i = 0; i < sizeof(version) / sizeof(version[0]); i++) {
		memcpy(store, b.p, b.n);
		memcpy(store, hex(version[i]).p, 2);
		refused(HELLO, (pqm_bytes){ store, b.n }, version[i]);
	}
	/* session_id: 32 bytes at most */
	memset(store, 0, sizeof(store));
	memcpy(store, "\3\3", 2);
	store[34] = 32;
	accepted(HELLO, (pqm_bytes){ store, 35 + 32 + 3 }, "32 bytes of session id");
	assert_int_equal(out.hello.session_id.n, 32);
	store[34] = 33;
	refused(HELLO, (pqm_bytes){ store, 35 + 33 + 3 }, "33 bytes of session id");
	/* without extensions, and with an empty block */
	store[34] = 0;
	accepted(HELLO, (pqm_bytes){ store, 38 }, "no block");
	accepted(HELLO, (pqm_bytes){ store, 40 }, "an empty block");
	refused(HELLO, (pqm_bytes){ store, 39 }, "half a length");
}

/* `n` different empty extensions, numbers from 0x4000. */
static size_t many_extensions(uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		p[4 * i] = 0x40;
		p[4 * i + 1] = (uint8_t)i;
		p[4 * i + 2] = p[4 * i + 3] = 0;
	}
	return 4 * n;
}

static void sixty_four_extensions_are_read_and_no_more(void **state)
{
	static uint8_t store[512];

	(void)state;
	for (size_t n = PQM_TLS_EXTENSIONS; n <= PQM_TLS_EXTENSIONS + 1; n++) {
		size_t size = many_extensions(store + 40, n);
		bool is_good = n == PQM_TLS_EXTENSIONS;
		pqm_bytes hello = { store, 40 + size }, ee = { store + 38, 2 + size };

		memset(store, 0, 40);
		memcpy(store, "\3\3", 2);
		store[38] = (uint8_t)(size >> 8);
		store[39] = (uint8_t)size;
		assert_int_equal(parse(HELLO, hello) == PQM_OK, is_good);
		if (is_good)
			assert_int_equal(out.hello.n_extensions, n);
		assert_int_equal(parse(EE, ee) == PQM_OK, is_good);
	}
}

/* ---- EncryptedExtensions, Certificate, CertificateRequest ---- */

static void encrypted_extensions_are_read(void **state)
{
	const struct pqm_tls_ee *e = &out.ee;

	(void)state;
	accepted(EE, hex(TRACE_EE), "the trace");
	assert_true(e->has_groups && e->sni_ack && !e->early_data);
	assert_int_equal(e->groups.n, 9);
	assert_int_equal(e->groups.code[8], 0x104);
	assert_int_equal(e->record_size_limit, 0x4001);
	accepted(EE, recorded("tls/tls13.bin", 8), "a server");
	assert_bytes(e->alpn, "h2");
	accepted(EE, hex("0013 002a 0000 0014 0001 02 0013 0001 02 0039 0001 aa"), "flags");
	assert_true(e->early_data && e->server_cert_type && e->client_cert_type);
	assert_int_equal(e->server_cert_type_value, 2);
	assert_int_equal(e->quic_params.n, 1);
	accepted(EE, hex("0000"), "nothing");
	refused(EE, hex("0007 000a 0003 0001 00"), "half a group");
	refused(EE, hex("0006 000a 0002 0000"), "no group");
	refused(EE, hex("0005 002a 0001 00"), "content in early_data");
	refused(EE, hex("0005 0000 0001 00"), "content in server_name");
	refused(EE, hex("0005 001c 0001 40"), "half a size");
	refused(EE, hex("0004 0014 0000"), "no certificate type");
	refused(EE, hex("0008 002a 0000 002a 0000"), "a duplicate");
	refused(EE, hex("0004 002a 0001"), "a length past the end");
}

static void lists_are_cut_at_their_limit(void **state)
{
	static uint8_t store[1024];

	(void)state;
	for (size_t n = PQM_TLS_LIST_MAX; n <= PQM_TLS_LIST_MAX + 1; n++) {
		const size_t field[3] = { 2 * n + 6, 2 * n + 2, 2 * n };

		for (size_t i = 0; i < 3; i++) { /* block, extension, list */
			size_t at = i == 0 ? 0 : 2 + 2 * i;

			store[at] = (uint8_t)(field[i] >> 8);
			store[at + 1] = (uint8_t)field[i];
		}
		store[2] = 0;
		store[3] = 10;
		accepted(EE, (pqm_bytes){ store, 8 + 2 * n }, "groups");
		assert_int_equal(out.ee.groups.n, PQM_TLS_LIST_MAX);
		assert_int_equal(out.ee.groups.is_cut, n > PQM_TLS_LIST_MAX);
	}
}

static void certificates_of_both_forms_are_read(void **state)
{
	const struct pqm_tls_certs *c = &out.certs;

	(void)state;
	accepted(CERTS, recorded("tls/rsa12.bin", 11), "1.2");
	assert_true(c->n == 1 && c->n_sent == 1 && !c->is_raw_key && !c->has_ocsp);
	assert_int_equal(c->der[0].n, 783 - 6);
	assert_int_equal(c->der[0].p[0], 0x30);
	refused(CERTS13, recorded("tls/rsa12.bin", 11), "the older form");
	accepted(CERTS13, recorded("tls/mldsa.bin", 11), "1.3");
	assert_int_equal(c->n, 1);
	assert_int_equal(c->der[0].n, 3986 - 1 - 3 - 3 - 2);
	accepted(CERTS13, hex("00 000016 000001 aa 0000 000001 bb 000a 0005 0001 01 0012 0001 02"),
		"extensions");
	assert_true(c->n == 2 && c->has_ocsp && c->has_sct);
	accepted(CERTS13, hex("00 00000b 000001 aa 0005 0005 0001 01"), "a status");
	assert_true(c->has_ocsp && !c->has_sct);
	accepted(CERTS13, hex("00 00000b 000001 aa 0005 0012 0001 01"), "timestamps");
	assert_true(!c->has_ocsp && c->has_sct);
	accepted(CERTS, hex("000006 300411223344"), "a bare key");
	assert_true(c->is_raw_key && c->n == 1 && c->der[0].n == 6);
	refused(CERTS13, hex("00 000006 300411223344"), "a bare key in 1.3");
	refused(CERTS13, hex("01 00 000006 000001 aa 0000"), "a context");
	refused(CERTS13, hex("00 000000"), "an empty list");
	refused(CERTS, hex("000000"), "an empty list");
	refused(CERTS, hex("000003 000000"), "an empty entry");
	refused(CERTS, hex("000004 000002 aa"), "an entry past the list");
	refused(CERTS, hex("000004 ffffff aa"), "an entry of 16 MB");
	refused(CERTS, hex("ffffff 000001 aa"), "a list of 16 MB");
	refused(CERTS13, hex("00 00000a 000001 aa 0004 0005 0001"), "an extension past the end");
	refused(CERTS13, hex("00 00000e 000001 aa 0008 0005 0000 0005 0000"), "a duplicate");
}

static void certificates_past_sixteen_are_counted(void **state)
{
	static uint8_t store[3 + 4 * (PQM_TLS_CERTS_MAX + 1)];

	(void)state;
	for (size_t n = PQM_TLS_CERTS_MAX; n <= PQM_TLS_CERTS_MAX + 1; n++) {
		store[2] = (uint8_t)(4 * n);
		for (size_t i = 0; i < n; i++)
			memcpy(store + 3 + 4 * i, "\0\0\1x", 4);
		accepted(CERTS, (pqm_bytes){ store, 3 + 4 * n }, "a chain");
		assert_int_equal(out.certs.n, PQM_TLS_CERTS_MAX);
		assert_int_equal(out.certs.n_sent, n);
	}
}

static void certificate_requests_of_three_forms_are_read(void **state)
{
	const struct pqm_tls_cert_request *r = &out.request;

	(void)state;
	accepted(REQUEST13, recorded("tls/tls13.bin", 13), "1.3");
	assert_true(r->schemes.n > 5 && r->n_types == 0 && r->n_names == 1 && r->context.n == 0);
	accepted(REQUEST12, recorded("tls/ecdhe12.bin", 13), "1.2");
	assert_true(r->schemes.n > 5 && r->n_types > 0 && r->n_names == 1);
	accepted(REQUEST10, recorded("tls/ecdhe10.bin", 13), "1.0");
	assert_true(r->schemes.n == 0 && r->n_types > 0 && r->n_names == 1);
	assert_int_equal(r->names.n, 2 + 20);
	refused(REQUEST10, recorded("tls/ecdhe12.bin", 13), "1.2 read as 1.0");
	refused(REQUEST12, recorded("tls/ecdhe10.bin", 13), "1.0 read as 1.2");
	accepted(REQUEST12, hex("01 40 0000 0000"), "no names");
	assert_int_equal(r->n_names, 0);
	accepted(REQUEST12, hex("01 40 0000 0006 0001 aa 0001 bb"), "two short names");
	assert_int_equal(r->n_names, 2);
	refused(REQUEST12, hex("00 0002 0403 0000"), "no types");
	refused(REQUEST12, hex("01 40 0001 04 0000"), "half a scheme");
	refused(REQUEST12, hex("01 40 0002 0403 0002 0000"), "an empty name");
	refused(REQUEST12, hex("01 40 0002 0403 0005 0001 aa 0000"), "an empty last name");
	refused(REQUEST12, hex("01 40 0002 0403 0003 0002 aa"), "a name past the list");
	accepted(REQUEST13, hex("02 aabb 0008 000d 0004 0002 0403"), "a context");
	assert_int_equal(r->context.n, 2);
	refused(REQUEST13, hex("00 0006 000d 0002 0000"), "no schemes");
	refused(REQUEST13, hex("00 0007 002f 0003 0001 aa"), "half a name");
	/* more types than the array holds */
	accepted(REQUEST10, hex("11 0102030405060708090a0b0c0d0e0f1011 0000"), "17 types");
	assert_int_equal(r->n_types, 16);
	assert_int_equal(r->types[15], 0x10);
}

/* ---- ServerKeyExchange ---- */

static void key_exchanges_of_servers_are_read(void **state)
{
	const struct pqm_tls_ske *k = &out.ske;

	(void)state;
	accepted(EC12, recorded("tls/ecdhe12.bin", 12), "ECDHE");
	assert_true(k->kind == PQM_SKE_EC && k->is_signed);
	assert_true(k->group == 0x1d || k->group == 0x17);
	assert_int_equal(k->scheme, 0x403);
	assert_int_equal(k->params.n, 4 + k->point.n);
	assert_int_equal(k->params.p[0], 3);
	accepted(EC10, recorded("tls/ecdhe10.bin", 12), "ECDHE of 1.0");
	assert_int_equal(k->scheme, 0);
	assert_true(k->is_signed && k->signature.n > 60);
	accepted(EC_PSK, recorded("tls/ecdhepsk12.bin", 12), "ECDHE_PSK");
	assert_bytes(k->hint, "fixture");
	assert_true(!k->is_signed && k->point.n > 0);
	accepted(DH12, recorded("tls/dhe12.bin", 12), "DHE");
	assert_int_equal(k->bits, 2048);
	assert_int_equal(k->g.n, 1);
	assert_true(k->is_signed && k->signature.n == 256 && k->y.n <= 256);
	accepted(DH_ANON, recorded("tls/anon12.bin", 12), "ADH");
	assert_true(!k->is_signed && k->signature.n == 0 && k->bits >= 1024);
	accepted(DH_PSK, recorded("tls/dhepsk12.bin", 12), "DHE_PSK");
	assert_bytes(k->hint, "fixture");
	assert_int_equal(k->bits, 2048);
	accepted(HINT, recorded("tls/psk12.bin", 12), "PSK");
	assert_true(k->kind == PQM_SKE_PSK_HINT && !k->is_signed && k->params.n == 0);
	assert_bytes(k->hint, "fixture");
	accepted(RSA10, hex(RSA_EXPORT), "RSA_EXPORT");
	assert_int_equal(k->bits, 23);
	assert_int_equal(k->params.n, 8);
	assert_int_equal(k->signature.n, 2);
}

static void bits_are_counted_without_leading_zeros(void **state)
{
	static const struct {
		const char *body;
		uint32_t bits;
	} t[] = {
		{ "0001 00 0001 02 0001 03", 0 },
		{ "0003 000000 0001 02 0001 03", 0 },
		{ "0001 01 0001 02 0001 03", 1 },
		{ "0003 0000ff 0001 02 0001 03", 8 },
		{ "0002 0100 0001 02 0001 03", 9 },
		{ "0002 8000 0001 02 0001 03", 16 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		accepted(DH_ANON, hex(t[i].body), t[i].body);
		assert_int_equal(out.ske.bits, t[i].bits);
	}
	refused(DH_ANON, hex("0000 0001 02 0001 03"), "no p");
	refused(DH_ANON, hex("0001 17 0000 0001 03"), "no g");
	refused(DH_ANON, hex("0001 17 0001 02 0000"), "no y");
	refused(DH_ANON, hex("ffff 17 0001 02 0001 03"), "64 kB of p");
}

static void explicit_curves_are_told_apart(void **state)
{
	const struct pqm_tls_ske *k = &out.ske;

	(void)state;
	accepted(EC_ANON, hex("01 02 0fff 01 01 01 02 03 040506 01 07 01 01 02 aabb"), "prime");
	assert_int_equal(k->kind, PQM_SKE_EC_EXPLICIT);
	assert_int_equal(k->bits, 12);
	assert_int_equal(k->point.n, 2);
	accepted(EC_ANON, hex("02 00a3 01 01 07 01 01 01 02 03 040506 01 07 01 01 02 aabb"),
		"a trinomial");
	assert_int_equal(k->bits, 163);
	accepted(EC_ANON,
		hex("02 00a3 02 01 03 01 06 01 07 01 01 01 02 03 040506 01 07 01 01 02 aabb"),
		"a pentanomial");
	refused(EC_ANON, hex("02 00a3 03 01 07 01 01 01 02 03 040506 01 07 01 01 02 aabb"),
		"a third basis");
	refused(EC_ANON, hex("04 0017 02 aabb"), "a fourth kind of curve");
	refused(EC_ANON, hex("00 0017 02 aabb"), "no kind of curve");
	accepted(EC_ANON, hex("03 0017 01 04"), "a point of one byte");
	refused(EC_ANON, hex("03 0017 00"), "no point");
	refused(EC_ANON, hex("03 0017 ff aabb"), "a point past the end");
	refused(EC_ANON, hex("01 00 01 01 01 02 03 040506 01 07 01 01 02 aabb"), "no prime");
	refused(EC_ANON, hex("01 01 17 01 01 01 02 00 01 07 01 01 02 aabb"), "no base point");
	assert_int_equal(
		ske(hex("0000"), PQM_TLS12, PQM_SKE_PSK_HINT, false, false), PQM_EINTERNAL);
	assert_int_equal(
		ske(hex("0000"), PQM_TLS12, PQM_SKE_EC_EXPLICIT, true, false), PQM_EINTERNAL);
	assert_int_equal(ske(hex("0000"), PQM_TLS12, 0, true, false), PQM_EINTERNAL);
}

/* ---- tickets, CertificateVerify, SSL 2.0, alerts ---- */

static void tickets_are_read(void **state)
{
	const struct pqm_tls_ticket *t = &out.ticket;

	(void)state;
	accepted(TICKET13, recorded("tls/tls13.bin", 4), "1.3");
	assert_int_equal(t->lifetime_s, 7200);
	assert_true(t->has_early_data && t->max_early_data == 16384);
	assert_int_equal(t->nonce.n, 8);
	accepted(TICKET, recorded("tls/rsa12.bin", 4), "1.2");
	assert_int_equal(t->lifetime_s, 7200);
	assert_int_equal(t->ticket.n, 182 - 6);
	accepted(TICKET, hex("00000000 0000"), "an empty one of 1.2");
	refused(TICKET13, hex("00000001 00000002 00 0000 0000"), "an empty one of 1.3");
	accepted(TICKET13, hex("00000001 00000002 00 0001 aa 0000"), "the least");
	assert_true(t->age_add == 2 && !t->has_early_data);
	refused(TICKET13, hex("00000001 00000002 00 0001 aa 0007 002a 0003 000001"), "early data");
}

static void signatures_are_read(void **state)
{
	(void)state;
	accepted(VERIFY, recorded("tls/mldsa.bin", 15), "ML-DSA-44");
	assert_int_equal(out.pair.code, 0x904);
	assert_int_equal(out.pair.bytes.n, 2420);
	accepted(VERIFY, hex("0403 0000"), "an empty one");
	refused(VERIFY, hex("0403 ffff aa"), "one of 64 kB");
}

static void ssl2_hellos_are_read(void **state)
{
	static uint8_t store[16 + 3 * (PQM_TLS_LIST_MAX + 1)];
	const struct pqm_ssl2_hello *h = &out.ssl2;

	(void)state;
	accepted(SSL2, hex(SSL2_HELLO), "one with two kinds");
	assert_int_equal(h->version, PQM_SSL20);
	assert_int_equal(h->certificate.n, 4);
	assert_int_equal(h->n_kinds, 2);
	assert_int_equal(h->kinds[1], 0x0700c0);
	assert_false(h->has_session || h->is_cut);
	refused(SSL2, hex("04 00 01 0002 0000 0004 0000 01008007"), "a kind and a third");
	refused(SSL2, hex("04 00 01 0300 0000 0003 0000 010080"), "another version");
	refused(SSL2, hex("04 02 01 0002 0000 0003 0000 010080"), "a third kind of hit");
	refused(SSL2, hex("01 00 01 0002 0000 0003 0000 010080"), "another message");
	refused(SSL2, hex("00 0001"), "an error");
	assert_string_equal(err.msg, "SSL 2.0: error 1 (no cipher)");
	for (size_t n = PQM_TLS_LIST_MAX; n <= PQM_TLS_LIST_MAX + 1; n++) {
		memcpy(store, hex("04 00 01 0002 0000 0000 0000").p, 11);
		store[7] = (uint8_t)((3 * n) >> 8);
		store[8] = (uint8_t)(3 * n);
		accepted(SSL2, (pqm_bytes){ store, 11 + 3 * n }, "many kinds");
		assert_int_equal(h->n_kinds, PQM_TLS_LIST_MAX);
		assert_int_equal(h->is_cut, n > PQM_TLS_LIST_MAX);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prefixes_are_refused_and_so_is_one_byte_more),
		cmocka_unit_test(hellos_of_the_trace_are_read),
		cmocka_unit_test(hellos_of_servers_are_read),
		cmocka_unit_test(downgrade_markers_are_seen),
		cmocka_unit_test(extensions_of_a_hello_hold_what_they_must),
		cmocka_unit_test(fields_of_a_hello_have_their_ranges),
		cmocka_unit_test(sixty_four_extensions_are_read_and_no_more),
		cmocka_unit_test(encrypted_extensions_are_read),
		cmocka_unit_test(lists_are_cut_at_their_limit),
		cmocka_unit_test(certificates_of_both_forms_are_read),
		cmocka_unit_test(certificates_past_sixteen_are_counted),
		cmocka_unit_test(certificate_requests_of_three_forms_are_read),
		cmocka_unit_test(key_exchanges_of_servers_are_read),
		cmocka_unit_test(bits_are_counted_without_leading_zeros),
		cmocka_unit_test(explicit_curves_are_told_apart),
		cmocka_unit_test(tickets_are_read),
		cmocka_unit_test(signatures_are_read),
		cmocka_unit_test(ssl2_hellos_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
