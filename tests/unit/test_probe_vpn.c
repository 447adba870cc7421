#include "unit.h"

#include "probe/vpn.h"

/* One datagram of the machine's output, without its length. */
static pqm_bytes datagram(const struct pqm_buf *out)
{
	assert_true(out->n > 2);
	assert_int_equal((size_t)out->p[0] << 8 | out->p[1], out->n - 2);
	return (pqm_bytes){ out->p + 2, out->n - 2 };
}

/* ---- a responder that does what RFC 7296 says ---- */

struct responder {
	uint16_t groups[6];  /* by preference */
	bool needs_extra;    /* takes no proposal without an additional exchange */
	uint16_t extra;	     /* that it knows; 0: transforms of type 6 are unknown */
	bool is_stranger;    /* NO_PROPOSAL_CHOSEN whatever is asked */
	unsigned cookies;    /* asks for one so many times */
	uint8_t asked[2048]; /* the payloads of the request that was answered by a cookie */
	unsigned n_full;     /* SAs that were made */
};

static size_t u16(const uint8_t *p)
{
	return (size_t)p[0] << 8 | p[1];
}

static const uint8_t *payload(pqm_bytes d, uint8_t want, size_t *n)
{
	uint8_t type = d.p[16];
	size_t at = 28;

	while (type != 0) {
		assert_true(at + 4 <= d.n);
		*n = u16(d.p + at + 2);
		assert_true(*n >= 4 && at + *n <= d.n);
		if (type == want)
			return d.p + at + 4;
		type = d.p[at];
		at += *n;
	}
	assert_int_equal(at, d.n);
	return NULL;
}

static bool has_transform(const uint8_t *sa, uint8_t type, uint16_t id, bool *has_type)
{
	size_t n = sa[7], at = 8;

	*has_type = false;
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(sa[at], i + 1 < n ? 3 : 0);
		if (sa[at + 4] == type) {
			*has_type = true;
			if (u16(sa + at + 6) == id)
				return true;
		}
		at += u16(sa + at + 2);
	}
	assert_int_equal(at, u16(sa + 2));
	return false;
}

static void put_answer(
	struct pqm_buf *out, pqm_bytes request, uint8_t next, const uint8_t *body, size_t n)
{
	uint8_t head[28] = { 0 };

	memcpy(head, request.p, 8);
	memset(head + 8, 7, 8);
	head[16] = next;
	head[17] = 0x20;
	head[18] = 34;
	head[19] = 0x20;
	head[27] = (uint8_t)(28 + 4 + n);
	(void)pqm_buf_add(out, (pqm_bytes){ head, 28 });
	(void)pqm_buf_byte(out, 0);
	(void)pqm_buf_byte(out, 0);
	(void)pqm_buf_byte(out, 0);
	(void)pqm_buf_byte(out, (uint8_t)(4 + n));
	(void)pqm_buf_add(out, (pqm_bytes){ body, n });
}

static void respond(struct responder *r, pqm_bytes d, struct pqm_buf *out)
{
	const uint8_t none[] = { 0, 0, 0, 14 };
	size_t n;
	const uint8_t *sa = payload(d, 33, &n), *ke = payload(d, 34, &n);
	bool has_extra, has_any;

	assert_non_null(sa);
	assert_non_null(ke);
	assert_non_null(payload(d, 40, &n));
	if (r->cookies > 0) {
		const uint8_t cookie[] = { 0, 0, 0x40, 0x06, 'c', 'o', 'o', 'k' };
		const uint8_t *notify = payload(d, 41, &n);

		if (notify == NULL || u16(notify + 2) != 16390) {
			r->cookies--;
			assert_true(d.n <= sizeof(r->asked));
			memcpy(r->asked, d.p + 28, d.n - 28);
			put_answer(out, d, 41, cookie, sizeof(cookie));
			return;
		}
		assert_memory_equal(notify + 4, "cook", 4);
		/* all other payloads as they were [RFC7296 §2.6] */
		assert_memory_equal(r->asked, d.p + 28 + 12, d.n - 28 - 12);
	}
	(void)has_transform(sa, 6, 0, &has_extra);
	if (r->is_stranger || (r->needs_extra && !has_extra) ||
		(has_extra && !has_transform(sa, 6, r->extra, &has_any))) {
		put_answer(out, d, 41, none, 4);
		return;
	}
	for (size_t i = 0; r->groups[i] != 0; i++) {
		if (!has_transform(sa, 4, r->groups[i], &has_any))
			continue;
		if (u16(ke) == r->groups[i]) {
			const uint8_t chosen[] = { 0, 0, 0, 16, 1, 1, 0, 1, 0, 0, 0, 8, 4, 0, 0,
				(uint8_t)r->groups[i] };

			r->n_full++;
			put_answer(out, d, 33, chosen, sizeof(chosen));
		} else {
			const uint8_t wants[] = { 0, 0, 0, 17, 0, (uint8_t)r->groups[i] };

			put_answer(out, d, 41, wants, sizeof(wants));
		}
		return;
	}
	put_answer(out, d, 41, none, 4);
}

struct run {
	struct pqm_probe_config config;
	struct pqm_probe_target target;
	struct probe_job job;
	struct probe_request req;
};

static void run_init(struct run *r, const char *scheme)
{
	memset(r, 0, sizeof(*r));
	pqm_probe_config_init(&r->config);
	r->target.scheme = scheme;
	r->job.config = &r->config;
	r->job.target = &r->target;
	pqm_arena_init(&r->job.arena, PQM_PROBE_JOB_BYTES);
	assert_true(probe_vpn_strategy.next(&r->job, NULL, NULL, &r->req));
	assert_true(r->req.is_udp && r->req.n == 1);
}

static void run_end(struct run *r, enum probe_end end)
{
	struct probe_outcome o = { .end = end };
	struct probe_request next;

	r->req.chain[0].machine->end(r->req.chain[0].self, end, NULL);
	assert_false(probe_vpn_strategy.next(&r->job, &r->req, &o, &next));
	r->req.chain[0].machine->free(r->req.chain[0].self);
}

static void run_fini(struct run *r)
{
	pqm_arena_fini(&r->job.arena);
}

/* Plays a responder against the strategy; returns the number of questions. */
static size_t ike(struct run *r, struct responder *who)
{
	const struct probe_machine *m;
	struct pqm_buf out, answer;
	enum probe_want want;
	size_t n = 0, used;

	run_init(r, "ikev2");
	m = r->req.chain[0].machine;
	pqm_buf_init(&out, 65536);
	pqm_buf_init(&answer, 65536);
	want = m->start(r->req.chain[0].self, &out);
	for (; want == PROBE_READ && n < 100; n++) {
		pqm_bytes d = datagram(&out);

		assert_true(d.n < 1200);
		assert_int_equal(u16(d.p + 26), d.n);
		answer.n = 0;
		respond(who, d, &answer);
		out.n = 0;
		want = m->input(r->req.chain[0].self, pqm_buf_bytes(&answer), &used, &out);
		assert_int_equal(used, answer.n);
	}
	assert_int_equal(want, PROBE_DONE);
	run_end(r, PROBE_GOAL);
	pqm_buf_fini(&answer);
	pqm_buf_fini(&out);
	return n;
}

static const struct pqm_offer *group(const struct run *r, uint16_t code)
{
	for (size_t i = 0; i < r->job.ep.n_offers; i++)
		if (r->job.ep.offers[i].code == code && r->job.ep.offers[i].kind == PQM_O_IKE)
			return &r->job.ep.offers[i];
	return NULL;
}

static void groups_are_struck_one_by_one(void **state)
{
	struct responder who = { .groups = { 31, 19, 14 } };
	struct run r;

	(void)state;
	/* three groups, the end of the list, three additional exchanges */
	assert_int_equal(ike(&r, &who), 7);
	assert_int_equal(who.n_full, 0); /* no state was made on the server */
	assert_bytes(r.job.ep.protocol, "ikev2");
	assert_int_equal(r.job.ep.reach, PQM_R_ANSWERED);
	assert_int_equal(group(&r, 31)->rank, 1);
	assert_int_equal(group(&r, 14)->rank, 3);
	assert_int_equal(group(&r, 14)->answer, PQM_A_YES);
	assert_int_equal(group(&r, 2)->answer, PQM_A_NO);
	assert_int_equal(group(&r, 36)->answer, PQM_A_NO);
	assert_int_equal(r.job.ep.posture, PQM_P_ABSENT);
	assert_true(r.job.ep.is_complete);
	run_fini(&r);
}

static void postures_follow_the_answers(void **state)
{
	static const struct {
		struct responder who;
		enum pqm_posture posture;
		uint16_t yes;
	} t[] = {
		{ { .groups = { 31 }, .extra = 36 }, PQM_P_OFFERED, 36 },
		{ { .groups = { 36, 31 } }, PQM_P_OFFERED, 36 },
		{ { .groups = { 37 } }, PQM_P_ONLY, 37 },
		{ { .groups = { 1 } }, PQM_P_ABSENT, 1 },
		{ { .groups = { 31 }, .cookies = 2 }, PQM_P_ABSENT, 31 },
		{ { .groups = { 31 }, .is_stranger = true }, PQM_P_UNKNOWN, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct responder who = t[i].who;
		struct run r;

		(void)ike(&r, &who);
		if (r.job.ep.posture != t[i].posture)
			fail_msg("%zu: %s", i, pqm_posture_name(r.job.ep.posture));
		if (t[i].yes != 0)
			assert_int_equal(group(&r, t[i].yes)->answer, PQM_A_YES);
		else
			assert_true(r.job.ep.n_offers == 0 && r.job.ep.words.n > 0);
		run_fini(&r);
	}
}

static void silence_of_a_vpn_is_unknown(void **state)
{
	static const char *const schemes[] = { "ikev2", "openvpn", "wireguard" };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		const struct probe_machine *m;
		struct pqm_buf out;
		struct run r;
		uint32_t ms = 0;
		size_t n_sent = 1;

		run_init(&r, schemes[i]);
		m = r.req.chain[0].machine;
		pqm_buf_init(&out, 65536);
		assert_int_equal(m->start(r.req.chain[0].self, &out), PROBE_READ);
		for (;; n_sent++) {
			(void)datagram(&out);
			out.n = 0;
			assert_true(m->wait_ms(r.req.chain[0].self) > 0 && n_sent < 10);
			ms += m->wait_ms(r.req.chain[0].self);
			if (m->timer(r.req.chain[0].self, &out) != PROBE_READ)
				break;
		}
		assert_true(ms <= 4000 && n_sent == (i == 2 ? 1 : 3));
		run_end(&r, PROBE_GOAL);
		assert_int_equal(r.job.ep.reach, PQM_R_SILENT);
		assert_int_equal(r.job.ep.posture, PQM_P_UNKNOWN);
		assert_true(r.job.ep.words.n > 0 && r.job.ep.protocol.n == 0);
		assert_false(r.job.ep.is_complete);
		pqm_buf_fini(&out);
		run_fini(&r);
		run_init(&r, schemes[i]);
		run_end(&r, PROBE_NO_CONNECT);
		assert_int_equal(r.job.ep.reach, PQM_R_REFUSED);
		run_fini(&r);
	}
}

/* The other side's answer must name our session, and nobody else's. */
static void openvpn_is_known_by_its_answer(void **state)
{
	uint8_t answer[26] = { 0x40, 1, 2, 3, 4, 5, 6, 7, 8, 1, 0, 0, 0, 0 };
	const struct probe_machine *m = &probe_openvpn_machine;
	struct pqm_buf out;
	struct run r;
	size_t used;

	(void)state;
	run_init(&r, "openvpn");
	pqm_buf_init(&out, 4096);
	(void)m->start(r.req.chain[0].self, &out);
	pqm_bytes d = datagram(&out);

	assert_int_equal(d.n, 14);
	assert_int_equal(d.p[0], 0x38);
	assert_int_equal(
		m->input(r.req.chain[0].self, (pqm_bytes){ answer, 26 }, &used, &out), PROBE_READ);
	memcpy(answer + 14, d.p + 1, 8);
	for (size_t n = 0; n < 26; n++)
		assert_int_equal(
			m->input(r.req.chain[0].self, (pqm_bytes){ answer, n }, &used, &out),
			PROBE_READ);
	assert_int_equal(
		m->input(r.req.chain[0].self, (pqm_bytes){ answer, 26 }, &used, &out), PROBE_DONE);
	run_end(&r, PROBE_GOAL);
	assert_bytes(r.job.ep.protocol, "openvpn");
	assert_int_equal(r.job.ep.posture, PQM_P_UNKNOWN);
	pqm_buf_fini(&out);
	run_fini(&r);
}

static void wireguard_is_known_by_its_answer(void **state)
{
	const struct probe_machine *m = &probe_wireguard_machine;
	uint8_t reply[64] = { 3 };
	struct pqm_buf out;
	struct run r;
	size_t used;

	(void)state;
	run_init(&r, "wireguard");
	pqm_buf_init(&out, 4096);
	(void)m->start(r.req.chain[0].self, &out);
	pqm_bytes d = datagram(&out);

	assert_int_equal(d.n, 148);
	assert_memory_equal(d.p, "\1\0\0\0", 4);
	assert_int_equal(
		m->input(r.req.chain[0].self, (pqm_bytes){ reply, 64 }, &used, &out), PROBE_READ);
	memcpy(reply + 4, d.p + 4, 4);
	assert_int_equal(
		m->input(r.req.chain[0].self, (pqm_bytes){ reply, 63 }, &used, &out), PROBE_READ);
	assert_int_equal(
		m->input(r.req.chain[0].self, (pqm_bytes){ reply, 64 }, &used, &out), PROBE_DONE);
	run_end(&r, PROBE_GOAL);
	assert_bytes(r.job.ep.protocol, "wireguard");
	assert_int_equal(r.job.ep.posture, PQM_P_UNKNOWN);
	pqm_buf_fini(&out);
	run_fini(&r);
}

static void hostile_responders_are_cut_off(void **state)
{
	const uint8_t again[] = { 0, 0, 0, 17, 0, 31 }, cookie[] = { 0, 0, 0x40, 6, 'c' };

	const struct {
		const uint8_t *p;
		size_t n;
		enum probe_end end;
	} t[] = { { again, 6, PROBE_GARBAGE }, { cookie, 5, PROBE_BUDGET } };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		void *m = probe_ike_new(true);
		enum probe_want want;
		struct pqm_buf out, answer;
		size_t used, n = 0;

		pqm_buf_init(&out, 65536);
		pqm_buf_init(&answer, 65536);
		want = probe_ike_machine.start(m, &out);
		for (; want == PROBE_READ && n < 200; n++) {
			pqm_bytes d = datagram(&out);

			assert_memory_equal(d.p, "\0\0\0\0", 4);
			answer.n = 0;
			put_answer(&answer, pqm_sub(d, 4, d.n), 41, t[i].p, t[i].n);
			out.n = 0;
			want = probe_ike_machine.input(m, pqm_buf_bytes(&answer), &used, &out);
		}
		assert_int_equal(want, PROBE_DONE);
		assert_int_equal(probe_vpn_flight_of(m)->end, t[i].end);
		assert_true(n < 60);
		probe_ike_machine.free(m);
		pqm_buf_fini(&answer);
		pqm_buf_fini(&out);
	}
}

static void malformed_datagrams_are_nothing(void **state)
{
	struct ike_question q = { .spi = { 1, 2, 3, 4, 5, 6, 7, 8 } };
	const uint16_t groups[] = { 31, 1 };
	const uint8_t wants[] = { 0, 0, 0, 17, 0, 31 };
	struct pqm_buf b, a;

	(void)state;
	q.groups = groups;
	q.n_groups = 2;
	pqm_buf_init(&b, 4096);
	pqm_buf_init(&a, 4096);
	probe_ike_put(&b, &q);
	put_answer(&a, pqm_buf_bytes(&b), 41, wants, 6);
	assert_int_equal(probe_ike_read(pqm_buf_bytes(&a), q.spi).said, IKE_WANTS);
	assert_int_equal(probe_ike_read(pqm_buf_bytes(&a), q.spi).group, 31);
	for (size_t n = 0; n < a.n; n++)
		assert_int_equal(probe_ike_read((pqm_bytes){ a.p, n }, q.spi).said, IKE_NOTHING);
	/* our own request is not an answer; nor is one for another */
	assert_int_equal(probe_ike_read(pqm_buf_bytes(&b), q.spi).said, IKE_NOTHING);
	q.spi[0]++;
	assert_int_equal(probe_ike_read(pqm_buf_bytes(&a), q.spi).said, IKE_NOTHING);
	q.spi[0]--;
	a.p[17] = 0x10;
	assert_int_equal(probe_ike_read(pqm_buf_bytes(&a), q.spi).said, IKE_OLD);
	pqm_buf_fini(&a);
	pqm_buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(groups_are_struck_one_by_one),
		cmocka_unit_test(postures_follow_the_answers),
		cmocka_unit_test(silence_of_a_vpn_is_unknown),
		cmocka_unit_test(openvpn_is_known_by_its_answer),
		cmocka_unit_test(wireguard_is_known_by_its_answer),
		cmocka_unit_test(hostile_responders_are_cut_off),
		cmocka_unit_test(malformed_datagrams_are_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
