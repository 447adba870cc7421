#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/limits.h"
#include "report/jsonl.h"

static uint8_t der[6000]; /* longer than any text may be */

static struct pqm_offer offers[] = {
	{ PQM_O_VERSION, 0x0304, 0, { 0 }, PQM_A_YES, 0, { (const uint8_t *)"server hello", 12 } },
	{ PQM_O_GROUP, 0x11ec, 0x0304, { 0 }, PQM_A_YES, 1, { 0 } },
	{ PQM_O_GROUP, 0xfeed, 0x0304, { 0 }, PQM_A_NO, 0, { (const uint8_t *)"alert 40", 8 } },
	{ PQM_O_GROUP, 0x001d, 0x0305, { 0 }, PQM_A_UNKNOWN, 0, { 0 } },
	{ PQM_O_SUITE, 0x1301, 0x0304, { 0 }, PQM_A_REFUSED, 0, { 0 } },
	{ PQM_O_ALPN, 0, 0, { (const uint8_t *)"h2", 2 }, PQM_A_YES, 2, { 0 } },
	{ PQM_O_KEX, 0, 0, { (const uint8_t *)"mlkem768x25519-sha256", 21 }, PQM_A_YES, 1, { 0 } },
};

static struct pqm_wire_cert certs[] = {
	{ .der = { der, sizeof(der) },
		.spki = { (const uint8_t *)"ab12", 4 },
		.sha256 = { (const uint8_t *)"cd34", 4 },
		.key = { (const uint8_t *)"RSA-2048", 8 },
		.subject = { (const uint8_t *)"CN=\"a\\b\"", 8 },
		.issuer = { (const uint8_t *)"CN=ca", 5 },
		.signature = { (const uint8_t *)"sha256WithRSA", 13 },
		.not_after = { (const uint8_t *)"2027-01-14", 10 } },
	{ .der = { der, 1 } },
	{ .der = { der, 2 } },
};

static struct pqm_chain chains[] = { { 0x0304, 0x0804, PQM_A_YES, { (const uint8_t *)"x509", 4 },
	certs, sizeof(certs) / sizeof(certs[0]) } };

static struct pqm_wire_fact facts[] = { { { (const uint8_t *)"dh-bits", 7 }, PQM_A_YES,
	{ (const uint8_t *)"1024", 4 }, { (const uint8_t *)"server key exchange", 19 } } };

static struct pqm_endpoint sample(void)
{
	for (size_t i = 0; i < sizeof(der); i++)
		der[i] = (uint8_t)(i * 7 + 1);
	return (struct pqm_endpoint){ .scheme = PQM_LIT("smtp"),
		.protocol = PQM_LIT("tls"),
		.app = PQM_LIT("smtp"),
		.host = PQM_LIT("mail.example"),
		.sni = PQM_LIT("other.example"),
		.address = PQM_LIT("2001:db8::1"),
		.port = 25,
		.reach = PQM_R_LIMITED,
		.words = PQM_LIT("after 5 connections"),
		.software = PQM_LIT("Postfix"),
		.profile = PQM_LIT("full"),
		.posture = PQM_P_ENFORCED,
		.posture_how = PQM_LIT("a classical share alone gets a hello retry request"),
		.is_server_order = true,
		.is_order_known = true,
		.is_complete = true,
		.varies = true,
		.offers = offers,
		.n_offers = sizeof(offers) / sizeof(offers[0]),
		.chains = chains,
		.n_chains = 1,
		.facts = facts,
		.n_facts = 1,
		.n_addresses = 2,
		.n_connections = 11,
		.ms = 38.5 };
}

static pqm_bytes text_of(struct pqm_out *o, const struct pqm_endpoint *e, unsigned with)
{
	pqm_out_memory(o, (size_t)1 << 20);
	o->js_compact = true;
	pqm_endpoint_json(o, NULL, NULL, e, with);
	return pqm_buf_bytes(&o->buf);
}

static void done_with(struct pqm_out *o)
{
	struct pqm_err err = { 0 };

	assert_int_equal(pqm_out_close(o, &err), PQM_OK);
}

static void read_back(
	struct pqm_endpoint *e, pqm_bytes text, struct pqm_arena *arena, struct pqm_json **root)
{
	struct pqm_err err = { 0 };

	assert_int_equal(pqm_json_parse(root, text, (size_t)1 << 20, &err), PQM_OK);
	if (pqm_endpoint_read(e, *root, arena, &err) != PQM_OK)
		fail_msg("%s", err.msg);
}

static void assert_same_cert(const struct pqm_wire_cert *a, const struct pqm_wire_cert *b)
{
	assert_true(pqm_eq(a->der, b->der));
	assert_true(pqm_eq(a->spki, b->spki));
	assert_true(pqm_eq(a->sha256, b->sha256));
	assert_true(pqm_eq(a->key, b->key));
	assert_true(pqm_eq(a->subject, b->subject));
	assert_true(pqm_eq(a->issuer, b->issuer));
	assert_true(pqm_eq(a->signature, b->signature));
	assert_true(pqm_eq(a->not_after, b->not_after));
}

static void assert_same_lists(const struct pqm_endpoint *a, const struct pqm_endpoint *b)
{
	assert_int_equal(a->n_offers, b->n_offers);
	for (size_t i = 0; i < a->n_offers; i++) {
		assert_int_equal(a->offers[i].kind, b->offers[i].kind);
		assert_int_equal(a->offers[i].code, b->offers[i].code);
		assert_int_equal(a->offers[i].version, b->offers[i].version);
		assert_int_equal(a->offers[i].answer, b->offers[i].answer);
		assert_int_equal(a->offers[i].rank, b->offers[i].rank);
		assert_true(pqm_eq(a->offers[i].name, b->offers[i].name));
		assert_true(pqm_eq(a->offers[i].how, b->offers[i].how));
	}
	assert_int_equal(a->n_chains, b->n_chains);
	for (size_t i = 0; i < a->n_chains; i++) {
		assert_int_equal(a->chains[i].version, b->chains[i].version);
		assert_int_equal(a->chains[i].scheme, b->chains[i].scheme);
		assert_int_equal(a->chains[i].proven, b->chains[i].proven);
		assert_true(pqm_eq(a->chains[i].type, b->chains[i].type));
		assert_int_equal(a->chains[i].n_certs, b->chains[i].n_certs);
		for (size_t k = 0; k < a->chains[i].n_certs; k++)
			assert_same_cert(&a->chains[i].certs[k], &b->chains[i].certs[k]);
	}
	assert_int_equal(a->n_facts, b->n_facts);
	for (size_t i = 0; i < a->n_facts; i++) {
		assert_int_equal(a->facts[i].answer, b->facts[i].answer);
		assert_true(pqm_eq(a->facts[i].key, b->facts[i].key));
		assert_true(pqm_eq(a->facts[i].value, b->facts[i].value));
		assert_true(pqm_eq(a->facts[i].how, b->facts[i].how));
	}
}

static void an_endpoint_comes_back_whole(void **state)
{
	const struct pqm_endpoint e = sample();
	struct pqm_endpoint b;
	struct pqm_json *root = NULL;
	struct pqm_arena arena;
	struct pqm_out o;

	(void)state;
	pqm_arena_init(&arena, PQM_ARENA_BYTES);
	read_back(&b, text_of(&o, &e, PQM_ENDPOINT_DER | PQM_ENDPOINT_TIMING), &arena, &root);
	const pqm_bytes *const was[] = { &e.scheme, &e.protocol, &e.app, &e.host, &e.sni,
		&e.address, &e.words, &e.software, &e.profile, &e.posture_how };
	const pqm_bytes *const is[] = { &b.scheme, &b.protocol, &b.app, &b.host, &b.sni, &b.address,
		&b.words, &b.software, &b.profile, &b.posture_how };

	for (size_t i = 0; i < sizeof(was) / sizeof(was[0]); i++)
		assert_true(pqm_eq(*was[i], *is[i]));
	assert_int_equal(b.port, e.port);
	assert_int_equal(b.reach, e.reach);
	assert_int_equal(b.posture, e.posture);
	assert_true(b.is_server_order && b.is_order_known && b.is_complete && b.varies);
	assert_int_equal(b.n_addresses, e.n_addresses);
	assert_int_equal(b.n_connections, e.n_connections);
	assert_true(b.ms > 38.4 && b.ms < 38.6);
	assert_same_lists(&e, &b);
	pqm_json_free(root);
	pqm_arena_fini(&arena);
	done_with(&o);
}

static void a_second_writing_is_the_same(void **state)
{
	const struct pqm_endpoint e = sample();
	struct pqm_endpoint b;
	struct pqm_json *root = NULL;
	struct pqm_arena arena;
	struct pqm_out o, again;

	(void)state;
	pqm_arena_init(&arena, PQM_ARENA_BYTES);
	pqm_bytes text = text_of(&o, &e, PQM_ENDPOINT_DER | PQM_ENDPOINT_TIMING);

	read_back(&b, text, &arena, &root);
	assert_true(pqm_eq(text, text_of(&again, &b, PQM_ENDPOINT_DER | PQM_ENDPOINT_TIMING)));
	pqm_json_free(root);
	pqm_arena_fini(&arena);
	done_with(&again);
	done_with(&o);
}

static void a_report_holds_no_times_and_no_certificates(void **state)
{
	const struct pqm_endpoint e = sample();
	struct pqm_out o;
	pqm_bytes text = text_of(&o, &e, 0);

	(void)state;
	assert_int_equal(pqm_find(text, 0, PQM_LIT("\"timing\"")), SIZE_MAX);
	assert_int_equal(pqm_find(text, 0, PQM_LIT("\"der\"")), SIZE_MAX);
	assert_int_equal(pqm_find(text, 0, PQM_LIT("\"target\"")), SIZE_MAX);
	assert_int_not_equal(pqm_find(text, 0, PQM_LIT("\"cd34\"")), SIZE_MAX);
	done_with(&o);
}

static void codes_have_names_only_where_the_registry_has_them(void **state)
{
	struct pqm_endpoint e = sample();
	struct pqm_rules rules;
	struct pqm_err err = { 0 };
	struct pqm_out o;

	(void)state;
	assert_int_equal(pqm_rules_load(&rules, NULL, &err), PQM_OK);
	pqm_out_memory(&o, (size_t)1 << 20);
	o.js_compact = true;
	pqm_endpoint_json(&o, NULL, &rules, &e, 0);
	pqm_bytes text = pqm_buf_bytes(&o.buf);

	assert_int_not_equal(
		pqm_find(text, 0, PQM_LIT("\"code\":\"0x11ec\",\"name\":\"X25519MLKEM768\"")),
		SIZE_MAX);
	assert_int_not_equal(
		pqm_find(text, 0, PQM_LIT("\"code\":\"0xfeed\",\"answer\":\"no\"")), SIZE_MAX);
	assert_int_not_equal(pqm_find(text, 0, PQM_LIT("\"version\":\"0x0305\"")), SIZE_MAX);
	done_with(&o);
	pqm_rules_fini(&rules);
}

static void text_of_the_peer_is_escaped(void **state)
{
	struct pqm_endpoint e = sample();
	struct pqm_out o;

	(void)state;
	e.software = PQM_LIT("x\x1b[31m\"\n\xff");
	pqm_bytes text = text_of(&o, &e, 0);

	assert_int_equal(pqm_find_byte(text, 0, 0x1b), SIZE_MAX);
	assert_int_equal(pqm_find_byte(text, 0, '\n'), text.n - 1);
	assert_int_equal(pqm_find_byte(text, 0, 0xff), SIZE_MAX);
	done_with(&o);
}

#define HOST "\"scheme\":\"tls\",\"host\":\"h\",\"port\":443,"
#define REST "\"reach\":\"answered\",\"posture\":\"only\""

static void what_is_wrong_is_refused(void **state)
{
	static const struct {
		const char *text, *words;
	} cases[] = {
		{ "[]", "not an object" },
		{ "{}", "scheme" },
		{ "{" HOST REST ",\"port\":1}", NULL }, /* the first of doubles counts */
		{ "{\"scheme\":\"tls\",\"host\":\"h\",\"port\":65536," REST "}", "port" },
		{ "{" HOST "\"reach\":\"far\",\"posture\":\"only\"}", "reach" },
		{ "{" HOST "\"reach\":\"other\",\"posture\":\"good\"}", "posture" },
		{ "{" HOST REST ",\"offers\":[{\"kind\":\"x\",\"answer\":\"no\"}]}", "kind" },
		{ "{" HOST REST ",\"offers\":[{\"kind\":\"group\",\"code\":\"0x1\"}]}", "code" },
		{ "{" HOST REST ",\"offers\":[{\"kind\":\"group\",\"code\":\"0x00zz\"}]}", "code" },
		{ "{" HOST REST ",\"offers\":[{\"kind\":\"group\",\"code\":29}]}", "code" },
		{ "{" HOST REST ",\"offers\":[{\"kind\":\"group\",\"answer\":\"maybe\"}]}",
			"answer" },
		{ "{" HOST REST ",\"offers\":[{\"kind\":\"alpn\",\"rank\":65536}]}", "rank" },
		{ "{" HOST REST ",\"offers\":[{\"kind\":\"group\",\"version\":\"TLS\"}]}",
			"version" },
		{ "{" HOST REST ",\"chains\":[{\"certificates\":[{\"der\":\"*\"}]}]}", "der" },
		{ "{" HOST REST ",\"timing\":{\"ms\":\"x\"}}", "timing" },
		{ "{" HOST REST "}", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pqm_json *root = NULL;
		struct pqm_endpoint e;
		struct pqm_err err = { 0 };
		struct pqm_arena arena;

		pqm_arena_init(&arena, PQM_ARENA_BYTES);
		assert_int_equal(pqm_json_parse(&root, pqm_str(cases[i].text), 4096, &err), PQM_OK);
		enum pqm_st st = pqm_endpoint_read(&e, root, &arena, &err);

		if (cases[i].words == NULL && st != PQM_OK)
			fail_msg("%s: %s", cases[i].text, err.msg);
		if (cases[i].words != NULL &&
			(st != PQM_EPARSE || strstr(err.msg, cases[i].words) == NULL))
			fail_msg("%s: status %d, '%s'", cases[i].text, (int)st, err.msg);
		pqm_json_free(root);
		pqm_arena_fini(&arena);
	}
}

#define HEAD                                                                                       \
	"{\"type\":\"head\",\"schema\":\"pqmap.stream\",\"schema_version\":1,\"tool\":\"0\","      \
	"\"rules\":\"0\"}\n"
#define LINE(host, posture)                                                                        \
	"{\"type\":\"endpoint\",\"endpoint\":{\"scheme\":\"tls\",\"host\":\"" host                 \
	"\",\"port\":443,\"reach\":\"answered\",\"posture\":\"" posture "\"}}\n"

static enum pqm_st load(
	struct pqm_jsonl *out, const char *text, struct pqm_arena *arena, struct pqm_err *err)
{
	char path[] = "/tmp/pqmap-jsonl-XXXXXX";
	int fd = mkstemp(path);
	enum pqm_st st;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	(void)close(fd);
	st = pqm_jsonl_load(out, path, "", arena, err);
	(void)unlink(path);
	return st;
}

static void a_stream_is_resumed_behind_its_last_whole_line(void **state)
{
	static const struct {
		const char *text;
		enum pqm_st st;
		size_t n;
		size_t keep; /* SIZE_MAX: all */
	} cases[] = {
		{ "", PQM_OK, 0, 0 },
		{ HEAD, PQM_OK, 0, SIZE_MAX },
		{ HEAD LINE("a", "only") LINE("b", "absent"), PQM_OK, 2, SIZE_MAX },
		{ HEAD LINE("a", "only") "{\"type\":\"endpoint\",\"endp", PQM_OK, 1,
			sizeof(HEAD LINE("a", "only")) - 1 },
		{ HEAD LINE("a", "only") LINE("a", "absent"), PQM_OK, 1, SIZE_MAX },
		{ HEAD LINE("a", "only") "{\"type\":\"targets\"}\n{\"type\":\"coverage\"}\n",
			PQM_OK, 1, sizeof(HEAD LINE("a", "only")) - 1 },
		{ "{}\n", PQM_EUSAGE, 0, 0 },
		{ LINE("a", "only"), PQM_EUSAGE, 0, 0 },
		{ "not JSON\n", PQM_EPARSE, 0, 0 },
		{ HEAD LINE("a", "only") "{\"type\":\"endpoint\"}\n", PQM_EPARSE, 1, 0 },
		{ HEAD "{]\n" LINE("a", "only"), PQM_EPARSE, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pqm_jsonl out;
		struct pqm_arena arena;
		struct pqm_err err = { 0 };

		pqm_arena_init(&arena, PQM_ARENA_BYTES);
		enum pqm_st st = load(&out, cases[i].text, &arena, &err);

		if (st != cases[i].st || out.n != cases[i].n)
			fail_msg("%zu: status %d, %zu endpoints, '%s'", i, (int)st, out.n, err.msg);
		if (st == PQM_OK)
			assert_int_equal(out.keep_bytes,
				cases[i].keep == SIZE_MAX ? strlen(cases[i].text) : cases[i].keep);
		if (st == PQM_OK && i == 4)
			assert_int_equal(out.endpoints[0].posture, PQM_P_ABSENT);
		pqm_arena_fini(&arena);
	}
}

static void a_stream_that_is_not_there_is_empty(void **state)
{
	struct pqm_jsonl out;
	struct pqm_arena arena;
	struct pqm_err err = { 0 };

	(void)state;
	pqm_arena_init(&arena, PQM_ARENA_BYTES);
	assert_int_equal(pqm_jsonl_load(&out, "/nonexistent/file.jsonl", "", &arena, &err), PQM_OK);
	assert_int_equal(out.n, 0);
	assert_int_equal(out.keep_bytes, 0);
	pqm_arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_endpoint_comes_back_whole),
		cmocka_unit_test(a_second_writing_is_the_same),
		cmocka_unit_test(a_report_holds_no_times_and_no_certificates),
		cmocka_unit_test(codes_have_names_only_where_the_registry_has_them),
		cmocka_unit_test(text_of_the_peer_is_escaped),
		cmocka_unit_test(what_is_wrong_is_refused),
		cmocka_unit_test(a_stream_is_resumed_behind_its_last_whole_line),
		cmocka_unit_test(a_stream_that_is_not_there_is_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
