/* Packet protection against RFC 9001 and RFC 9369, Appendix A of both. */
#include "unit.h"

#include "base/limits.h"
#include "base/num.h"
#include "probe/quic_pkt.h"

struct vectors {
	uint32_t version;
	const char *client_key, *client_iv, *client_hp, *server_key, *server_iv, *server_hp;
	/* The client's packet is 1,200 bytes long: its head, then its tag, which depends on all the rest. */
	const char *client_head, *client_tag;
	const char *server_packet, *retry;
	const char *chacha_key, *chacha_iv, *chacha_hp;
};

static const struct vectors vectors[] = {
	{
		.version = PQM_QUIC_V1,
		.client_key = "1f369613dd76d5467730efcbe3b1a22d",
		.client_iv = "fa044b2f42a3fd3b46fb255c",
		.client_hp = "9f50449e04a0e810283a1e9933adedd2",
		.server_key = "cf3a5331653c364c88f0f379b6067e37",
		.server_iv = "0ac1493ca1905853b0bba03e",
		.server_hp = "c206b8d9b9f0f37644430b490eeaa314",
		.client_head = "c000000001088394c8f03e5157080000449e7b9aec34d1b1c98dd7689fb8ec11"
			       "d242b123dc9bd8bab936b47d92ec356c0bab7df5976d27cd449f63300099f399",
		.client_tag = "e221af44860018ab0856972e194cd934",
		.server_packet = "cf000000010008f067a5502a4262b5004075c0d95a482cd0991cd25b0aac406a"
				 "5816b6394100f37a1c69797554780bb38cc5a99f5ede4cf73c3ec2493a1839b3"
				 "dbcba3f6ea46c5b7684df3548e7ddeb9c3bf9c73cc3f3bded74b562bfb19fb84"
				 "022f8ef4cdd93795d77d06edbb7aaf2f58891850abbdca3d20398c276456cbc4"
				 "2158407dd074ee",
		.retry = "ff000000010008f067a5502a4262b5746f6b656e04a265ba2eff4d829058fb3f"
			 "0f2496ba",
		.chacha_key = "c6d98ff3441c3fe1b2182094f69caa2ed4b716b65488960a7a984979fb23e1c8",
		.chacha_iv = "e0459b3474bdd0e44a41c144",
		.chacha_hp = "25a282b9e82f06f21f488917a4fc8f1b73573685608597d0efcb076b0ab7a7a4",
	},
	{
		.version = PQM_QUIC_V2,
		.client_key = "8b1a0bc121284290a29e0971b5cd045d",
		.client_iv = "91f73e2351d8fa91660e909f",
		.client_hp = "45b95e15235d6f45a6b19cbcb0294ba9",
		.server_key = "82db637861d55e1d011f19ea71d5d2a7",
		.server_iv = "dd13c276499c0249d3310652",
		.server_hp = "edf6d05c83121201b436e16877593c3a",
		.client_head = "d76b3343cf088394c8f03e5157080000449ea0c95e82ffe67b6abcdb4298b485"
			       "dd04de806071bf03dceebfa162e75d6c96058bdbfb127cdfcbf903388e99ad04",
		.client_tag = "a18b2faa745b6fe189cf772a9f84cbfc",
		.server_packet = "dc6b3343cf0008f067a5502a4262b5004075d92faaf16f05d8a4398c47089698"
				 "baeea26b91eb761d9b89237bbf87263017915358230035f7fd3945d88965cf17"
				 "f9af6e16886c61bfc703106fbaf3cb4cfa52382dd16a393e42757507698075b2"
				 "c984c707f0a0812d8cd5a6881eaf21ceda98f4bd23f6fe1a3e2c43edd9ce7ca8"
				 "4bed8521e2e140",
		.retry = "cf6b3343cf0008f067a5502a4262b5746f6b656ec8646ce8bfe33952d9555436"
			 "65dcc7b6",
		.chacha_key = "3bfcddd72bcf02541d7fa0dd1f5f9eeea817e09a6963a0e6c7df0f9a1bab90f2",
		.chacha_iv = "a6b5bc6ab7dafce30ffff5dd",
		.chacha_hp = "d659760d2ba434a226fd37b35c69e2da8211d10c4f12538787d65645d5d1b8e2",
	},
};

/* The CRYPTO frame of the client's Initial, 241 bytes of ClientHello. */
static const char client_crypto[] =
	"060040f1010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e86804fe3a47f06a2b69484c"
	"00000413011302010000c000000010000e00000b6578616d706c652e636f6dff01000100000a00080006"
	"001d0017001800100007000504616c706e000500050100000000003300260024001d00209370b2c9caa4"
	"7fbabaf4559fedba753de171fa71f50f1ce15d43e994ec74d748002b0003020304000d0010000e040305"
	"0306030203080408050806002d00020101001c00024001003900320408ffffffffffffffff05048000ff"
	"ff07048000ffff0801100104800075300901100f088394c8f03e51570806048000ffff";
/* ACK and ServerHello of the server's. */
static const char server_payload[] =
	"02000000000600405a020000560303eefce7f7b37ba1d1632e96677825ddf73988cfc79825df566dc543"
	"0b9a045a1200130100002e00330024001d00209d3c940d89690b84d08a60993c144eca684d1081287c83"
	"4d5311bcf32bb9da1a002b00020304";

static pqm_bytes unhex(uint8_t *out, const char *hex)
{
	static const char digits[] = "0123456789abcdef";
	size_t n = strlen(hex) / 2;

	for (size_t i = 0; i < n; i++)
		out[i] = (uint8_t)((strchr(digits, hex[2 * i]) - digits) << 4 |
			(strchr(digits, hex[2 * i + 1]) - digits));
	return (pqm_bytes){ out, n };
}

static void assert_hex(const uint8_t *p, const char *hex)
{
	char text[3000];
	size_t n = strlen(hex);

	pqm_hex(text, p, n / 2);
	assert_string_equal(text, hex);
}

#define FIRST_DCID PQM_LIT("\x83\x94\xc8\xf0\x3e\x51\x57\x08")
#define SERVER_SCID PQM_LIT("\xf0\x67\xa5\x50\x2a\x42\x62\xb5")

static void initial_keys(
	const struct vectors *v, struct probe_quic_keys *client, struct probe_quic_keys *server)
{
	*client = *server = (struct probe_quic_keys){ 0 };
	assert_true(probe_quic_initial_keys(client, server, v->version, FIRST_DCID));
}

static void initial_keys_are_those_of_the_standard(void **state)
{
	struct probe_quic_keys client, server;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		const struct vectors *v = &vectors[i];

		initial_keys(v, &client, &server);
		assert_hex(client.key, v->client_key);
		assert_hex(client.iv, v->client_iv);
		assert_hex(client.hp, v->client_hp);
		assert_hex(server.key, v->server_key);
		assert_hex(server.iv, v->server_iv);
		assert_hex(server.hp, v->server_hp);
	}
}

static void client_initials_are_those_of_the_standard(void **state)
{
	struct probe_quic_keys client, server;
	uint8_t payload[1162] = { 0 };

	(void)state;
	(void)unhex(payload, client_crypto);
	for (size_t i = 0; i < 2; i++) {
		const struct vectors *v = &vectors[i];
		struct pqm_quic_packet head = {
			.kind = PQM_QUIC_INITIAL, .version = v->version, .dcid = FIRST_DCID
		};
		struct pqm_buf out;

		initial_keys(v, &client, &server);
		pqm_buf_init(&out, 1500);
		assert_true(probe_quic_seal(
			&out, &client, &head, 2, 4, (pqm_bytes){ payload, sizeof(payload) }));
		assert_int_equal(out.n, 1200);
		assert_int_equal(probe_quic_packet_bytes(&head, 4, sizeof(payload)), 1200);
		assert_hex(out.p, v->client_head);
		assert_hex(out.p + 1200 - 16, v->client_tag);
		pqm_buf_fini(&out);
	}
}

static void server_initials_are_those_of_the_standard(void **state)
{
	struct probe_quic_keys client, server;
	uint8_t wire[300], room[300], payload[200];

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		const struct vectors *v = &vectors[i];
		struct probe_quic_opened o = { .payload = room };
		pqm_bytes in = unhex(wire, v->server_packet), whole = in,
			  plain = unhex(payload, server_payload);
		struct pqm_quic_packet p,
			head = {
				.kind = PQM_QUIC_INITIAL, .version = v->version, .scid = SERVER_SCID
			};
		struct pqm_buf out;

		initial_keys(v, &client, &server);
		assert_int_equal(pqm_quic_packet(&p, &in, NULL), PQM_OK);
		assert_int_equal(p.kind, PQM_QUIC_INITIAL);
		assert_true(probe_quic_open(&o, &server, &p));
		assert_int_equal(o.number, 1);
		assert_int_equal(o.n, plain.n);
		assert_memory_equal(o.payload, plain.p, plain.n);

		pqm_buf_init(&out, 1500);
		assert_true(probe_quic_seal(&out, &server, &head, 1, 2, plain));
		assert_int_equal(out.n, whole.n);
		assert_hex(out.p, v->server_packet);
		pqm_buf_fini(&out);
	}
}

/* A bit changed anywhere is noticed, in the header too. */
static void forged_packets_are_not_opened(void **state)
{
	struct probe_quic_keys client, server;
	uint8_t wire[300], room[300];

	(void)state;
	initial_keys(&vectors[0], &client, &server);
	for (size_t bit = 0; bit < 8 * 135; bit++) {
		struct probe_quic_opened o = { .payload = room };
		pqm_bytes in = unhex(wire, vectors[0].server_packet);
		struct pqm_quic_packet p;

		wire[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (pqm_quic_packet(&p, &in, NULL) != PQM_OK || p.kind != PQM_QUIC_INITIAL)
			continue;
		if (probe_quic_open(&o, &server, &p))
			fail_msg("bit %zu was changed", bit);
	}
}

static void keys_that_are_not_there_do_nothing(void **state)
{
	struct probe_quic_keys none = { 0 };
	struct pqm_quic_packet p, head = { .kind = PQM_QUIC_INITIAL, .version = PQM_QUIC_V1 };
	uint8_t wire[300], room[300];
	struct probe_quic_opened o = { .payload = room };
	pqm_bytes in = unhex(wire, vectors[0].server_packet);
	struct pqm_buf out;

	(void)state;
	assert_int_equal(pqm_quic_packet(&p, &in, NULL), PQM_OK);
	assert_false(probe_quic_open(&o, &none, &p));
	pqm_buf_init(&out, 1500);
	assert_false(probe_quic_seal(&out, &none, &head, 0, 2, PQM_LIT("payload")));
	pqm_buf_fini(&out);
}

static void retry_tags_are_those_of_the_standard(void **state)
{
	uint8_t wire[64], tag[16];

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		pqm_bytes in = unhex(wire, vectors[i].retry), whole = in;
		struct pqm_quic_packet p;

		assert_int_equal(pqm_quic_packet(&p, &in, NULL), PQM_OK);
		assert_int_equal(p.kind, PQM_QUIC_RETRY);
		assert_bytes(p.token, "token");
		assert_true(probe_quic_retry_tag(
			tag, vectors[i].version, FIRST_DCID, pqm_sub(whole, 0, whole.n - 16)));
		assert_memory_equal(tag, p.tag.p, 16);
		assert_true(probe_quic_retry_tag(
			tag, vectors[1 - i].version, FIRST_DCID, pqm_sub(whole, 0, whole.n - 16)));
		assert_memory_not_equal(tag, p.tag.p, 16);
	}
}

static void chacha20_keys_and_mask_are_those_of_the_standard(void **state)
{
	static const char secret_hex[] =
		"9ac312a7f877468ebe69422748ad00a15443f18203a07d6060f688f30f21632b";
	uint8_t room[32], sample[16], mask[5];
	pqm_bytes secret = unhex(room, secret_hex);

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct probe_quic_keys k = { 0 };

		assert_true(
			probe_quic_keys(&k, vectors[i].version, PC_SHA256, PC_CHACHA20, secret));
		assert_hex(k.key, vectors[i].chacha_key);
		assert_hex(k.iv, vectors[i].chacha_iv);
		assert_hex(k.hp, vectors[i].chacha_hp);
		if (i == 0) { /* [RFC9001 §A.5] */
			(void)unhex(sample, "5e5cd55c41f69080575d7999c25a5bfb");
			assert_true(pc_quic_mask(PC_CHACHA20, k.hp, sample, mask));
			assert_hex(mask, "aefefe7d03");
		}
	}
}

/* ---- the CRYPTO stream ---- */

/* A message of 4 + n bytes, whose body counts up. */
static void message(uint8_t *out, uint8_t type, size_t n)
{
	out[0] = type;
	out[1] = (uint8_t)(n >> 16);
	out[2] = (uint8_t)(n >> 8);
	out[3] = (uint8_t)n;
	for (size_t i = 0; i < n; i++)
		out[4 + i] = (uint8_t)i;
}

static void pieces_in_any_order_make_the_message(void **state)
{
	static uint8_t whole[4 + 3000];
	uint64_t seed = 0x5eed;

	(void)state;
	message(whole, 11, 3000);
	for (int round = 0; round < 300; round++) {
		struct probe_quic_stream s;
		pqm_bytes body, raw;
		uint8_t type;
		int calls = 0;

		probe_quic_stream_init(&s);
		while (!pqm_tls_joiner_next(&s.joiner, &type, &body, &raw)) {
			size_t at = 100 * (unit_random(&seed) % 31);
			size_t n = 1 + unit_random(&seed) % 700;

			assert_int_equal(
				probe_quic_stream_add(&s, at,
					pqm_sub((pqm_bytes){ whole, sizeof(whole) }, at, n), NULL),
				PQM_OK);
			assert_true(++calls < 5000);
		}
		assert_int_equal(raw.n, sizeof(whole));
		assert_memory_equal(raw.p, whole, sizeof(whole));
		assert_int_equal(s.next, sizeof(whole));
		probe_quic_stream_fini(&s);
	}
}

static void what_comes_early_is_bounded(void **state)
{
	static uint8_t bytes[1200];
	struct probe_quic_stream s;

	(void)state;
	probe_quic_stream_init(&s);
	for (size_t i = 0; i < 200; i++) {
		assert_int_equal(probe_quic_stream_add(&s, 2 + 1300 * i,
					 (pqm_bytes){ bytes, sizeof(bytes) }, NULL),
			2 + 1300 * i + sizeof(bytes) <= PQM_TLS_FLIGHT_BYTES ? PQM_OK : PQM_ELIMIT);
		assert_true(s.held.n <= PQM_QUIC_HELD_BYTES);
	}
	for (size_t i = 0; i < 1000; i++)
		assert_int_equal(
			probe_quic_stream_add(&s, 2 + 2 * i, (pqm_bytes){ bytes, 1 }, NULL),
			PQM_OK);
	assert_true(s.n_held <= PQM_QUIC_HELD_PIECES && s.held.n <= PQM_QUIC_HELD_BYTES);
	assert_int_equal(s.next, 0);
	/* The same again is not held twice. */
	probe_quic_stream_fini(&s);
	probe_quic_stream_init(&s);
	for (size_t i = 0; i < 100; i++)
		assert_int_equal(
			probe_quic_stream_add(&s, 10, (pqm_bytes){ bytes, 50 }, NULL), PQM_OK);
	assert_int_equal(s.n_held, 1);
	probe_quic_stream_fini(&s);
}

static void offsets_out_of_reach_are_refused(void **state)
{
	static const uint64_t far[] = { PQM_TLS_FLIGHT_BYTES, ((uint64_t)1 << 62) - 2, UINT64_MAX };
	struct probe_quic_stream s;

	(void)state;
	probe_quic_stream_init(&s);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(probe_quic_stream_add(&s, far[i], PQM_LIT("x"), NULL), PQM_ELIMIT);
	probe_quic_stream_fini(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(initial_keys_are_those_of_the_standard),
		cmocka_unit_test(client_initials_are_those_of_the_standard),
		cmocka_unit_test(server_initials_are_those_of_the_standard),
		cmocka_unit_test(forged_packets_are_not_opened),
		cmocka_unit_test(keys_that_are_not_there_do_nothing),
		cmocka_unit_test(retry_tags_are_those_of_the_standard),
		cmocka_unit_test(chacha20_keys_and_mask_are_those_of_the_standard),
		cmocka_unit_test(pieces_in_any_order_make_the_message),
		cmocka_unit_test(what_comes_early_is_bounded),
		cmocka_unit_test(offsets_out_of_reach_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
