#include "unit.h"

#include "model/endpoint.h"

#define ARENA ((size_t)1 << 20)

static struct pqm_offer offer(enum pqm_offer_kind kind, uint16_t code, uint16_t version,
	enum pqm_answer answer, uint16_t rank, const char *how)
{
	return (struct pqm_offer){ .kind = kind,
		.code = code,
		.version = version,
		.answer = answer,
		.rank = rank,
		.how = pqm_str(how) };
}

/* Every name is read back as the value it stands for, and no other text is. */
static void names_and_parsers_are_inverse(void **state)
{
	(void)state;
	for (unsigned i = 0; i <= PQM_A_REFUSED; i++) {
		enum pqm_answer v = PQM_A_UNKNOWN;

		assert_true(pqm_answer_parse(pqm_str(pqm_answer_name((enum pqm_answer)i)), &v));
		assert_int_equal(v, i);
	}
	for (unsigned i = 0; i <= PQM_P_ONLY; i++) {
		enum pqm_posture v = PQM_P_UNKNOWN;

		assert_true(pqm_posture_parse(pqm_str(pqm_posture_name((enum pqm_posture)i)), &v));
		assert_int_equal(v, i);
	}
	for (unsigned i = 0; i <= PQM_R_SKIPPED; i++) {
		enum pqm_reach v = PQM_R_ANSWERED;

		assert_true(pqm_reach_parse(pqm_str(pqm_reach_name((enum pqm_reach)i)), &v));
		assert_int_equal(v, i);
	}
	for (unsigned i = 0; i <= PQM_O_IKE; i++) {
		enum pqm_offer_kind v = PQM_O_VERSION;

		assert_true(pqm_offer_kind_parse(
			pqm_str(pqm_offer_kind_name((enum pqm_offer_kind)i)), &v));
		assert_int_equal(v, i);
	}
	enum pqm_answer a = PQM_A_NO;

	assert_false(pqm_answer_parse(PQM_LIT("maybe"), &a));
	assert_false(pqm_answer_parse(PQM_LIT(""), &a));
	assert_int_equal(a, PQM_A_NO);
}

static void a_name_puts_brackets_round_ipv6_only(void **state)
{
	static const struct {
		const char *scheme, *host, *want;
		uint16_t port;
	} row[] = {
		{ "tls", "example.org", "tls:example.org:443", 443 },
		{ "quic", "2001:db8::1", "quic:[2001:db8::1]:443", 443 },
		{ "smtp", "192.0.2.7", "smtp:192.0.2.7:25", 25 },
	};
	struct pqm_arena arena;

	(void)state;
	pqm_arena_init(&arena, ARENA);
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct pqm_endpoint e = { .scheme = pqm_str(row[i].scheme),
			.host = pqm_str(row[i].host),
			.port = row[i].port };

		assert_bytes(pqm_endpoint_name(&e, &arena), row[i].want);
	}
	pqm_arena_fini(&arena);
}

static void sealing_keeps_the_strongest_answer(void **state)
{
	static const struct {
		enum pqm_answer a, b, want;
		bool varies;
	} row[] = {
		{ PQM_A_YES, PQM_A_NO, PQM_A_YES, true },
		{ PQM_A_YES, PQM_A_REFUSED, PQM_A_YES, false },
		{ PQM_A_YES, PQM_A_UNKNOWN, PQM_A_YES, false },
		{ PQM_A_NO, PQM_A_REFUSED, PQM_A_NO, false },
		{ PQM_A_NO, PQM_A_UNKNOWN, PQM_A_NO, false },
		{ PQM_A_REFUSED, PQM_A_UNKNOWN, PQM_A_REFUSED, false },
		{ PQM_A_NO, PQM_A_NO, PQM_A_NO, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		for (int turn = 0; turn < 2; turn++) {
			enum pqm_answer a = turn != 0 ? row[i].b : row[i].a;
			enum pqm_answer b = turn != 0 ? row[i].a : row[i].b;
			struct pqm_offer o[] = { offer(PQM_O_GROUP, 29, 0x0304, a, 0, "x"),
				offer(PQM_O_GROUP, 29, 0x0304, b, 0, "y") };
			struct pqm_wire_fact f[] = { { PQM_LIT("k"), a, { 0 }, { 0 } },
				{ PQM_LIT("k"), b, { 0 }, { 0 } } };
			struct pqm_endpoint e = { .offers = o, .n_offers = 2 };
			struct pqm_endpoint g = { .facts = f, .n_facts = 2 };

			pqm_endpoint_seal(&e);
			pqm_endpoint_seal(&g);
			assert_int_equal(e.n_offers, 1);
			assert_int_equal(e.offers[0].answer, row[i].want);
			assert_int_equal(e.varies, row[i].varies);
			assert_int_equal(g.n_facts, 1);
			assert_int_equal(g.facts[0].answer, row[i].want);
			assert_int_equal(g.varies, row[i].varies);
		}
}

static void sealed_lists_are_in_order_of_rank_with_unranked_last(void **state)
{
	struct pqm_offer o[] = {
		offer(PQM_O_SUITE, 0x1302, 0x0304, PQM_A_YES, 0, ""),
		offer(PQM_O_GROUP, 0x0017, 0x0304, PQM_A_YES, 3, ""),
		offer(PQM_O_GROUP, 0x11ec, 0x0304, PQM_A_YES, 1, ""),
		offer(PQM_O_GROUP, 0x0018, 0x0304, PQM_A_NO, 0, ""),
		offer(PQM_O_GROUP, 0x0016, 0x0304, PQM_A_NO, 0, ""),
		offer(PQM_O_GROUP, 0x001d, 0x0303, PQM_A_YES, 9, ""),
		offer(PQM_O_GROUP, 0x001d, 0x0304, PQM_A_YES, 2, ""),
		offer(PQM_O_VERSION, 0x0304, 0, PQM_A_YES, 0, ""),
	};
	static const uint16_t want[] = { 0x0304, 0x001d, 0x11ec, 0x001d, 0x0017, 0x0016, 0x0018,
		0x1302 };
	struct pqm_endpoint e = { .offers = o, .n_offers = sizeof(o) / sizeof(o[0]) };

	(void)state;
	pqm_endpoint_seal(&e);
	assert_int_equal(e.n_offers, sizeof(want) / sizeof(want[0]));
	for (size_t i = 0; i < e.n_offers; i++)
		assert_int_equal(e.offers[i].code, want[i]);
}

static uint64_t digest(const struct pqm_endpoint *e)
{
	uint64_t h = e->n_offers + 31 * e->n_facts + (e->varies ? 7 : 0);

	for (size_t i = 0; i < e->n_offers; i++) {
		const struct pqm_offer *o = &e->offers[i];

		h = h * 1000003 + o->kind * 5u + o->code * 11u + o->version + o->answer + o->rank;
		for (size_t k = 0; k < o->how.n; k++)
			h = h * 131 + o->how.p[k];
	}
	for (size_t i = 0; i < e->n_facts; i++)
		for (size_t k = 0; k < e->facts[i].value.n; k++)
			h = h * 137 + e->facts[i].value.p[k] + (uint64_t)e->facts[i].answer;
	return h;
}

/* The order in which connections came back must not show. */
static void sealing_does_not_depend_on_the_order_of_arrival(void **state)
{
	static const char *const hows[] = { "", "server hello", "alert 40" };
	static const char *const values[] = { "", "512", "1024" };
	struct pqm_offer o[60];
	struct pqm_wire_fact f[12];
	uint64_t seed = 88172645463325252u, want = 0;

	(void)state;
	for (size_t i = 0; i < 60; i++)
		o[i] = offer((enum pqm_offer_kind)(i % 3), (uint16_t)(i % 7), (uint16_t)(i % 2),
			(enum pqm_answer)(i % 4), (uint16_t)(i % 5), hows[i % 3]);
	for (size_t i = 0; i < 12; i++)
		f[i] = (struct pqm_wire_fact){ i % 2 != 0 ? PQM_LIT("a") : PQM_LIT("b"),
			(enum pqm_answer)(i % 4), pqm_str(values[i % 3]), { NULL, 0 } };
	for (int round = 0; round < 50; round++) {
		struct pqm_offer mine[60];
		struct pqm_wire_fact facts[12];
		struct pqm_endpoint e = {
			.offers = mine, .n_offers = 60, .facts = facts, .n_facts = 12
		};

		for (size_t i = 59; i > 0; i--) {
			size_t k = (size_t)(unit_random(&seed) % (i + 1));
			struct pqm_offer t = o[i];

			o[i] = o[k];
			o[k] = t;
		}
		for (size_t i = 11; i > 0; i--) {
			size_t k = (size_t)(unit_random(&seed) % (i + 1));
			struct pqm_wire_fact t = f[i];

			f[i] = f[k];
			f[k] = t;
		}
		memcpy(mine, o, sizeof(mine));
		memcpy(facts, f, sizeof(facts));
		pqm_endpoint_seal(&e);
		if (round == 0)
			want = digest(&e);
		assert_int_equal(digest(&e), want);
	}
}

static void equal_chains_become_one_and_keep_what_is_known(void **state)
{
	struct pqm_wire_cert rsa[] = { { .der = PQM_LIT("leaf-rsa") }, { .der = PQM_LIT("ca") } };
	struct pqm_wire_cert ec[] = { { .der = PQM_LIT("leaf-ec") }, { .der = PQM_LIT("ca") } };
	struct pqm_chain c[] = {
		{ 0x0304, 0, PQM_A_YES, PQM_LIT("x509"), rsa, 2 },
		{ 0x0304, 0x0403, PQM_A_UNKNOWN, PQM_LIT("x509"), ec, 2 },
		{ 0x0304, 0x0804, PQM_A_UNKNOWN, PQM_LIT("x509"), rsa, 2 },
		{ 0x0303, 0x0401, PQM_A_UNKNOWN, PQM_LIT("x509"), rsa, 2 },
		{ 0x0304, 0x0804, PQM_A_UNKNOWN, PQM_LIT("x509"), rsa, 1 },
	};
	struct pqm_endpoint e = { .chains = c, .n_chains = 5 };
	size_t n_proven = 0;

	(void)state;
	pqm_endpoint_seal(&e);
	assert_int_equal(e.n_chains, 4);
	assert_int_equal(e.chains[0].version, 0x0303);
	for (size_t i = 0; i < e.n_chains; i++)
		if (e.chains[i].proven == PQM_A_YES) {
			n_proven++;
			assert_int_equal(e.chains[i].scheme, 0x0804);
			assert_bytes(e.chains[i].certs[0].der, "leaf-rsa");
		}
	assert_int_equal(n_proven, 1);
}

static struct pqm_endpoint full(void)
{
	static struct pqm_offer o[2];
	static struct pqm_wire_fact f[1];
	static struct pqm_wire_cert w[1];
	static struct pqm_chain c[1];

	o[0] = offer(PQM_O_GROUP, 0x11ec, 0x0304, PQM_A_YES, 1, "hello retry request");
	o[1] = (struct pqm_offer){ .kind = PQM_O_ALPN, .name = PQM_LIT("h2"), .answer = PQM_A_YES };
	f[0] = (struct pqm_wire_fact){ PQM_LIT("dh-bits"), PQM_A_YES, PQM_LIT("1024"),
		PQM_LIT("server key exchange") };
	w[0] = (struct pqm_wire_cert){
		.der = PQM_LIT("0\x82"), .spki = PQM_LIT("ab"), .key = PQM_LIT("RSA-2048")
	};
	c[0] = (struct pqm_chain){ 0x0304, 0x0804, PQM_A_YES, PQM_LIT("x509"), w, 1 };
	return (struct pqm_endpoint){ .scheme = PQM_LIT("tls"),
		.protocol = PQM_LIT("tls"),
		.host = PQM_LIT("example.org"),
		.address = PQM_LIT("192.0.2.7"),
		.port = 443,
		.posture = PQM_P_ENFORCED,
		.offers = o,
		.n_offers = 2,
		.cap_offers = 9,
		.chains = c,
		.n_chains = 1,
		.facts = f,
		.n_facts = 1 };
}

static void a_copy_shares_nothing(void **state)
{
	struct pqm_endpoint e = full(), c;
	struct pqm_arena arena;

	(void)state;
	pqm_arena_init(&arena, ARENA);
	assert_true(pqm_endpoint_copy(&c, &e, &arena));
	assert_int_equal(c.posture, PQM_P_ENFORCED);
	assert_int_equal(c.cap_offers, 2);
	assert_bytes(c.host, "example.org");
	assert_ptr_not_equal(c.host.p, e.host.p);
	assert_ptr_not_equal(c.offers, e.offers);
	assert_bytes(c.offers[0].how, "hello retry request");
	assert_ptr_not_equal(c.offers[0].how.p, e.offers[0].how.p);
	assert_bytes(c.offers[1].name, "h2");
	assert_bytes(c.facts[0].value, "1024");
	assert_ptr_not_equal(c.chains[0].certs, e.chains[0].certs);
	assert_bytes(c.chains[0].certs[0].key, "RSA-2048");
	assert_null(c.sni.p);
	assert_non_null(pqm_endpoint_offer(&c, PQM_O_GROUP, 0x11ec, 0));
	assert_non_null(pqm_endpoint_offer(&c, PQM_O_GROUP, 0x11ec, 0x0304));
	assert_null(pqm_endpoint_offer(&c, PQM_O_GROUP, 0x11ec, 0x0303));
	assert_null(pqm_endpoint_offer(&c, PQM_O_SUITE, 0x11ec, 0));
	assert_non_null(pqm_endpoint_fact(&c, "dh-bits"));
	assert_null(pqm_endpoint_fact(&c, "dh"));
	pqm_arena_fini(&arena);
}

/* One text everywhere, and one thing in each list: a store that keeps what it meets needs five places. True when
 * none of them took another's. */
static bool store_shares(char letter)
{
	const pqm_bytes t = { (const uint8_t *)&letter, 1 };
	struct pqm_offer o = { .kind = PQM_O_GROUP, .answer = PQM_A_YES, .name = t, .how = t };
	struct pqm_wire_fact f = { t, PQM_A_YES, t, t };
	struct pqm_wire_cert w = { .key = t };
	struct pqm_chain c = { 0x0304, 0x0804, PQM_A_YES, t, &w, 1 };
	struct pqm_endpoint a, b, e = { .host = t, .offers = &o, .chains = &c, .facts = &f };
	struct pqm_endpoint_store store = { 0 };
	struct pqm_arena arena;
	bool all;

	e.n_offers = e.n_chains = e.n_facts = 1;
	pqm_arena_init(&arena, ARENA);
	assert_true(pqm_endpoint_copy_shared(&a, &e, &arena, &store));
	assert_ptr_not_equal(a.offers, e.offers);
	size_t used = arena.used;

	assert_true(pqm_endpoint_copy_shared(&b, &e, &arena, &store));
	all = arena.used == used && b.offers == a.offers && b.chains == a.chains &&
		b.facts == a.facts && b.host.p == a.host.p;
	o.answer = PQM_A_REFUSED;
	f.value = PQM_LIT("1025");
	assert_true(pqm_endpoint_copy_shared(&b, &e, &arena, &store));
	assert_ptr_not_equal(b.offers, a.offers);
	assert_int_equal(b.offers[0].answer, PQM_A_REFUSED);
	assert_int_equal(a.offers[0].answer, PQM_A_YES);
	assert_int_equal(a.facts[0].value.n, 1);
	assert_bytes(b.facts[0].value, "1025");
	all = all && b.chains == a.chains && b.offers[0].how.p == a.offers[0].how.p;
	pqm_arena_fini(&arena);
	return all;
}

/* Places go by a hash that differs in each run: most letters find five of their own. */
static void copies_with_a_store_share_what_is_equal(void **state)
{
	unsigned n = 0;

	(void)state;
	for (char c = 'a'; c <= 'z'; c++)
		n += store_shares(c);
	assert_true(n >= 13);
}

static void a_copy_without_memory_says_so(void **state)
{
	struct pqm_endpoint e = full(), c = { .port = 7 };

	(void)state;
	for (size_t cap = 0; cap < 4096; cap += 16) {
		struct pqm_arena arena;

		pqm_arena_init(&arena, cap);
		bool ok = pqm_endpoint_copy(&c, &e, &arena);

		pqm_arena_fini(&arena);
		if (ok) {
			assert_true(cap > 256);
			return;
		}
		assert_int_equal(c.port, 7);
	}
	fail_msg("no cap was enough");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_and_parsers_are_inverse),
		cmocka_unit_test(a_name_puts_brackets_round_ipv6_only),
		cmocka_unit_test(sealing_keeps_the_strongest_answer),
		cmocka_unit_test(sealed_lists_are_in_order_of_rank_with_unranked_last),
		cmocka_unit_test(sealing_does_not_depend_on_the_order_of_arrival),
		cmocka_unit_test(equal_chains_become_one_and_keep_what_is_known),
		cmocka_unit_test(a_copy_shares_nothing),
		cmocka_unit_test(copies_with_a_store_share_what_is_equal),
		cmocka_unit_test(a_copy_without_memory_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
