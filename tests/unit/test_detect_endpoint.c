#include "unit.h"

#include <stdio.h>

#include "detect/endpoint.h"
#include "fixture.h"
#include "parse/pem.h"

extern const struct pqm_detector pqm_det_der, pqm_det_ssh;

static uint8_t store[FIXTURE_BYTES];
static struct pqm_arena arena;

/* What an endpoint gave: findings, children with what the DER detector says of them, notes. */
struct caught {
	struct pqm_emit emit; /* first: the callbacks cast back */

	struct one {
		char rule[40], family[32], parameter[32], identity[120], attrs[600], why[300];
		enum pqm_meaning meaning;
		enum pqm_function function;
		enum pqm_quantum quantum;
		enum pqm_classical classical;
		enum pqm_evidence evidence;
		enum pqm_basis basis;
		uint32_t bits;
	} found[64];

	struct {
		char path[80], identity[120];
	} child[16];

	char notes[800];
	size_t n, n_children, n_notes;
};

static enum pqm_st on_found(struct pqm_emit *e, const struct pqm_found *f)
{
	struct caught *c = (struct caught *)(void *)e;
	struct one *o = &c->found[c->n++];
	size_t at = 0;

	assert_true(c->n <= sizeof(c->found) / sizeof(c->found[0]));
	assert_true(f->rule.n > 0 && f->identity.n > 0 && f->why.n > 0 && f->family.n > 0);
	seen_text(o->rule, sizeof(o->rule), f->rule);
	seen_text(o->family, sizeof(o->family), f->family);
	seen_text(o->parameter, sizeof(o->parameter), f->parameter);
	seen_text(o->identity, sizeof(o->identity), f->identity);
	seen_text(o->why, sizeof(o->why), f->why);
	o->meaning = f->meaning;
	o->function = f->function;
	o->quantum = f->quantum;
	o->classical = f->classical;
	o->evidence = f->evidence;
	o->basis = f->basis;
	o->bits = f->bits;
	for (size_t a = 0; a < f->n_attrs; a++)
		at += (size_t)snprintf(o->attrs + at, sizeof(o->attrs) - at, "%.*s=%.*s;",
			PQM_FMT(f->attrs[a].key), PQM_FMT(f->attrs[a].value));
	return PQM_OK;
}

static enum pqm_st on_child(struct pqm_emit *e, const struct pqm_child *ch)
{
	struct caught *c = (struct caught *)(void *)e;
	size_t i = c->n_children++;
	static struct seen s;

	assert_true(c->n_children <= sizeof(c->child) / sizeof(c->child[0]));
	seen_text(c->child[i].path, sizeof(c->child[i].path), ch->path_part);
	detect(&s, &pqm_det_der, fixture_rules(), ch->body, "wire");
	if (s.n_found > 0)
		(void)snprintf(c->child[i].identity, sizeof(c->child[i].identity), "%s",
			s.found[0].identity);
	return PQM_OK;
}

static void on_note(struct pqm_emit *e, uint64_t off, enum pqm_st why, const char *words)
{
	struct caught *c = (struct caught *)(void *)e;
	size_t at = strlen(c->notes);

	assert_true(off == UINT64_MAX && why != PQM_OK);
	(void)snprintf(c->notes + at, sizeof(c->notes) - at, "%s;", words);
	c->n_notes++;
}

static const struct caught *run(struct pqm_endpoint *e)
{
	static struct caught c;
	struct pqm_err err = { 0 };

	c = (struct caught){ .emit = { on_found, NULL, on_child, on_note, NULL } };
	pqm_arena_fini(&arena);
	pqm_arena_init(&arena, (size_t)8 << 20);
	pqm_endpoint_seal(e);
	if (pqm_endpoint_emit(fixture_rules(), e, &arena, &c.emit, &err) != PQM_OK)
		fail_msg("%s", err.msg);
	return &c;
}

static const struct one *of_rule(const struct caught *c, const char *rule, size_t nth)
{
	for (size_t i = 0; i < c->n; i++)
		if (strcmp(c->found[i].rule, rule) == 0 && nth-- == 0)
			return &c->found[i];
	return NULL;
}

static struct pqm_endpoint server(struct pqm_offer *o, size_t n)
{
	return (struct pqm_endpoint){ .scheme = PQM_LIT("tls"),
		.protocol = PQM_LIT("tls"),
		.host = PQM_LIT("example.org"),
		.address = PQM_LIT("192.0.2.7"),
		.port = 443,
		.is_complete = true,
		.offers = o,
		.n_offers = n };
}

#define YES(k, c, v, r)                                                                            \
	{                                                                                          \
		.kind = (k), .code = (c), .version = (v), .answer = PQM_A_YES, .rank = (r),        \
		.how = PQM_LIT("hello retry request")                                              \
	}

static void each_accepted_group_is_one_use(void **state)
{
	struct pqm_offer o[] = {
		YES(PQM_O_GROUP, 0x11ec, 0x0304, 1),
		YES(PQM_O_GROUP, 0x001d, 0x0304, 2),
		YES(PQM_O_GROUP, 0x001d, 0x0303, 0),
		YES(PQM_O_GROUP, 0x6399, 0x0304, 3),
		YES(PQM_O_GROUP, 0x7777, 0x0304, 0),
		{ .kind = PQM_O_GROUP, .code = 0x0017, .answer = PQM_A_NO },
		{ .kind = PQM_O_GROUP, .code = 0x0018, .answer = PQM_A_UNKNOWN },
		{ .kind = PQM_O_GROUP, .code = 0x0019, .answer = PQM_A_REFUSED },
	};
	struct pqm_endpoint e = server(o, sizeof(o) / sizeof(o[0]));

	(void)state;
	e.posture = PQM_P_ENFORCED;
	const struct caught *c = run(&e);
	size_t n_hybrid = 0, n_unknown = 0;

	assert_int_equal(c->n, 4);
	for (size_t i = 0; i < c->n; i++) {
		const struct one *f = &c->found[i];

		assert_int_equal(f->meaning, PQM_USE);
		assert_int_equal(f->function, PQM_FN_KEX);
		assert_int_equal(f->evidence, PQM_NEGOTIATED);
		assert_non_null(strstr(f->attrs, "address=192.0.2.7;"));
		assert_non_null(strstr(f->attrs, "posture=enforced;"));
		n_unknown += strcmp(f->family, "unknown") == 0;
		if (strcmp(f->identity, "tls:example.org:443|X25519MLKEM768") != 0)
			continue;
		n_hybrid++;
		assert_string_equal(f->rule, "endpoint.kex");
		assert_int_equal(f->quantum, PQM_Q_HYBRID);
		assert_non_null(strstr(f->attrs, "rank=1;"));
		assert_non_null(strstr(f->attrs, "version=TLS 1.3;"));
	}
	assert_int_equal(n_hybrid, 1);
	assert_int_equal(n_unknown, 1);
	const struct one *draft = of_rule(c, "endpoint.kex-draft", 0);

	assert_non_null(draft);
	assert_string_equal(draft->family, "X25519+Kyber");
	assert_null(of_rule(c, "endpoint.kex-draft", 1));
	for (size_t i = 0; i < c->n; i++)
		if (strcmp(c->found[i].family, "X25519") == 0)
			assert_non_null(strstr(c->found[i].attrs, "version=TLS 1.2, TLS 1.3;"));
}

/* An address is where it was seen, not what it is: another address is the same finding. */
static void the_address_is_no_part_of_the_identity(void **state)
{
	struct pqm_offer o[] = { YES(PQM_O_GROUP, 0x001d, 0x0304, 1) };
	struct pqm_endpoint e = server(o, 1);
	char first[120];

	(void)state;
	(void)snprintf(first, sizeof(first), "%s", run(&e)->found[0].identity);
	e.address = PQM_LIT("2001:db8::1");
	assert_string_equal(run(&e)->found[0].identity, first);
	e.port = 8443;
	assert_string_not_equal(run(&e)->found[0].identity, first);
}

static void only_a_no_says_that_hybrid_is_missing(void **state)
{
	static const struct {
		enum pqm_posture posture;
		const char *rule;
	} row[] = {
		{ PQM_P_UNKNOWN, NULL },
		{ PQM_P_ABSENT, "endpoint.no-hybrid" },
		{ PQM_P_OFFERED, "endpoint.hybrid-not-enforced" },
		{ PQM_P_ENFORCED, NULL },
		{ PQM_P_ONLY, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct pqm_endpoint e = server(NULL, 0);

		e.posture = row[i].posture;
		const struct caught *c = run(&e);

		assert_int_equal(c->n, row[i].rule == NULL ? 0 : 1);
		if (row[i].rule != NULL)
			assert_string_equal(c->found[0].rule, row[i].rule);
		if (row[i].posture == PQM_P_ABSENT) {
			assert_int_equal(c->found[0].meaning, PQM_ABSENT);
			assert_int_equal(c->found[0].basis, PQM_ABSENCE);
			assert_int_equal(c->found[0].quantum, PQM_Q_BROKEN);
		}
	}
}

static void silence_gives_no_findings_but_a_note(void **state)
{
	struct pqm_offer o[] = {
		{ .kind = PQM_O_GROUP, .code = 0x11ec, .answer = PQM_A_UNKNOWN },
		{ .kind = PQM_O_GROUP, .code = 0x001d, .answer = PQM_A_REFUSED },
		{ .kind = PQM_O_VERSION, .code = 0x0300, .answer = PQM_A_UNKNOWN },
	};
	struct pqm_wire_fact f[] = { { PQM_LIT("kex-rsa"), PQM_A_UNKNOWN, { 0 }, { 0 } },
		{ PQM_LIT("starttls"), PQM_A_UNKNOWN, { 0 }, { 0 } } };
	struct pqm_endpoint e = server(o, 3);

	(void)state;
	e.is_complete = false;
	e.facts = f;
	e.n_facts = 2;
	const struct caught *c = run(&e);

	assert_int_equal(c->n, 0);
	assert_int_equal(c->n_notes, 2);
	assert_non_null(strstr(c->notes, "1 questions were refused"));
	assert_non_null(strstr(c->notes, "4 questions got silence"));
	e.reach = PQM_R_SILENT; /* the engine tells of it */
	assert_int_equal(run(&e)->n_notes, 0);
}

static void suites_of_tls12_tell_the_old_key_exchanges(void **state)
{
	struct pqm_offer o[] = {
		YES(PQM_O_SUITE, 0x009c, 0x0303, 0),
		YES(PQM_O_SUITE, 0x009e, 0x0303, 0),
		YES(PQM_O_SUITE, 0xc02f, 0x0303, 0),
		YES(PQM_O_SUITE, 0x000a, 0x0303, 0),
		YES(PQM_O_SUITE, 0x0003, 0x0303, 0),
		YES(PQM_O_VERSION, 0x0302, 0, 0),
		YES(PQM_O_VERSION, 0x0303, 0, 0),
	};
	struct pqm_wire_fact f[] = {
		{ PQM_LIT("dh-bits"), PQM_A_YES, PQM_LIT("1024"), { 0 } },
	};
	struct pqm_endpoint e = server(o, sizeof(o) / sizeof(o[0]));

	(void)state;
	e.facts = f;
	e.n_facts = 1;
	const struct caught *c = run(&e);
	const struct one *rsa = of_rule(c, "endpoint.rsa-key-transport", 0);
	const struct one *dhe = of_rule(c, "endpoint.dhe", 0);
	const struct one *weak = of_rule(c, "endpoint.weak-cipher", 0);

	assert_non_null(rsa);
	assert_int_equal(rsa->function, PQM_FN_PKE);
	assert_int_equal(rsa->quantum, PQM_Q_BROKEN);
	assert_non_null(dhe);
	assert_int_equal(dhe->bits, 1024);
	assert_string_equal(dhe->parameter, "1024");
	assert_int_equal(dhe->classical, PQM_C_DEPRECATED);
	assert_non_null(weak);
	assert_non_null(strstr(weak->attrs, "names=TLS_RSA_WITH_3DES_EDE_CBC_SHA;count=1;"));
	assert_non_null(of_rule(c, "endpoint.export", 0));
	assert_non_null(of_rule(c, "endpoint.old-version", 0));
	assert_null(of_rule(c, "endpoint.old-version", 1));
	assert_null(of_rule(c, "endpoint.anonymous", 0));
	assert_null(of_rule(c, "endpoint.static-dh", 0));
}

/* DER of a fixture in PEM or DER. */
static pqm_bytes der_of(struct pqm_buf *buf, const char *name)
{
	pqm_bytes text = fixture(store, name);
	size_t at = pqm_find(text, 0, PQM_LIT("-----BEGIN "));
	struct pqm_err err = { 0 };
	struct pqm_pem pem;

	pqm_buf_init(buf, FIXTURE_BYTES);
	if (at == SIZE_MAX)
		assert_true(pqm_buf_add(buf, text));
	else if (pqm_pem_read(&pem, buf, text, at, &err) != PQM_OK)
		fail_msg("%s: %s", name, err.msg);
	return pqm_buf_bytes(buf);
}

static void a_certificate_on_the_wire_is_the_one_on_disk(void **state)
{
	struct pqm_buf rsa, ec, pq;
	struct pqm_wire_cert leaf[] = { { .der = der_of(&rsa, "material/rsa2048.crt.pem") },
		{ .der = der_of(&ec, "material/p256.crt.der") } };
	struct pqm_wire_cert twin[] = { leaf[0], leaf[1] };
	struct pqm_wire_cert mldsa[] = { { .der = der_of(&pq, "material/mldsa65.crt.pem") } };
	struct pqm_offer o[] = { YES(PQM_O_SUITE, 0x009c, 0x0303, 0) };
	struct pqm_chain chain[] = {
		{ 0x0303, 0, PQM_A_UNKNOWN, PQM_LIT("x509"), leaf, 2 },
		{ 0x0304, 0x0804, PQM_A_YES, PQM_LIT("x509"), twin, 2 },
		{ 0x0304, 0x0905, PQM_A_UNKNOWN, PQM_LIT("x509"), mldsa, 1 },
	};
	struct pqm_endpoint e = server(o, 1);
	static struct seen disk;

	(void)state;
	e.chains = chain;
	e.n_chains = 3;
	const struct caught *c = run(&e);

	assert_int_equal(c->n_children, 3); /* the same chain of another version is told once */
	for (size_t i = 0; i < 3; i++)
		assert_true(strncmp(c->child[i].identity, "spki:", 5) == 0);
	assert_string_equal(c->child[0].path, "chain 1 › certificate 1");
	detect(&disk, &pqm_det_der, fixture_rules(), leaf[0].der, "rsa2048.der");
	assert_string_equal(c->child[0].identity, disk.found[0].identity);
	assert_bytes(leaf[0].key, "RSA-2048");
	assert_bytes(leaf[1].key, "EC P-256");
	assert_bytes(twin[0].key, "RSA-2048");
	assert_bytes(mldsa[0].key, "ML-DSA-65");
	assert_bytes(mldsa[0].signature, "ML-DSA-65");
	assert_true(leaf[0].subject.n > 0 && leaf[0].issuer.n > 0);
	assert_int_equal(leaf[0].not_after.n, 10);
	assert_int_equal(leaf[0].sha256.n, 64);
	assert_true(strncmp(c->child[0].identity + 5, (const char *)leaf[0].spki.p, 64) == 0);
	/* RSA key transport rests on that key. */
	const struct one *kt = of_rule(c, "endpoint.rsa-key-transport", 0);

	assert_non_null(kt);
	assert_int_equal(kt->bits, 2048);
	pqm_buf_fini(&rsa);
	pqm_buf_fini(&ec);
	pqm_buf_fini(&pq);
}

static void a_broken_certificate_is_no_failure(void **state)
{
	struct pqm_wire_cert bad[] = { { .der = PQM_LIT("\x30\x03\x02\x01\x05") },
		{ .der = { 0 } } };
	struct pqm_chain chain[] = { { 0x0304, 0, PQM_A_UNKNOWN, PQM_LIT("x509"), bad, 2 } };
	struct pqm_endpoint e = server(NULL, 0);

	(void)state;
	e.chains = chain;
	e.n_chains = 1;
	assert_int_equal(run(&e)->n_children, 1);
	assert_int_equal(bad[0].key.n, 0);
	assert_int_equal(bad[0].sha256.n, 64);
	assert_int_equal(bad[1].sha256.n, 0);
}

static int base64_of(uint8_t c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = memchr(digits, c, 64);

	return at == NULL ? -1 : (int)(at - digits);
}

/* "type base64 comment" -> blob */
static pqm_bytes blob_of(uint8_t *out, pqm_bytes line)
{
	size_t from = pqm_find_byte(line, 0, ' ') + 1, n = 0;
	unsigned bits = 0, have = 0;

	for (size_t i = from; i < line.n && base64_of(line.p[i]) >= 0; i++) {
		bits = bits << 6 | (unsigned)base64_of(line.p[i]);
		have += 6;
		if (have < 8)
			continue;
		have -= 8;
		out[n++] = (uint8_t)(bits >> have & 0xff);
	}
	return (pqm_bytes){ out, n };
}

static void a_host_key_on_the_wire_is_the_one_of_known_hosts(void **state)
{
	static uint8_t blob[4096];
	static struct seen disk;
	pqm_bytes text = fixture(store, "material-ssh/ed25519.pub");

	(void)state;
	detect(&disk, &pqm_det_ssh, fixture_rules(), text, "ed25519.pub");
	assert_int_equal(disk.n_found, 1);
	struct pqm_wire_cert key[] = { { .der = blob_of(blob, text) } };
	struct pqm_chain chain[] = { { 0, 0, PQM_A_YES, PQM_LIT("ssh"), key, 1 } };
	struct pqm_offer o[] = {
		{ .kind = PQM_O_KEX,
			.name = PQM_LIT("mlkem768x25519-sha256"),
			.answer = PQM_A_YES,
			.rank = 1,
			.how = PQM_LIT("kexinit") },
		{ .kind = PQM_O_KEX,
			.name = PQM_LIT("kex-strict-s-v00@openssh.com"),
			.answer = PQM_A_YES,
			.rank = 2 },
		{ .kind = PQM_O_KEX,
			.name = PQM_LIT("\x1b[2Jevil"),
			.answer = PQM_A_YES,
			.rank = 3 },
		{ .kind = PQM_O_CIPHER, .name = PQM_LIT("3des-cbc"), .answer = PQM_A_YES },
		{ .kind = PQM_O_CIPHER, .name = PQM_LIT("aes128-cbc"), .answer = PQM_A_YES },
	};
	struct pqm_endpoint e = server(o, sizeof(o) / sizeof(o[0]));

	e.scheme = e.protocol = PQM_LIT("ssh");
	e.port = 22;
	e.chains = chain;
	e.n_chains = 1;
	const struct caught *c = run(&e);
	const struct one *host = of_rule(c, "key.ssh-host", 0);

	assert_non_null(host);
	assert_string_equal(host->identity, disk.found[0].identity);
	assert_bytes(key[0].key, "Ed25519");
	assert_int_equal(c->n_children, 0);
	assert_non_null(of_rule(c, "endpoint.kex", 0));
	assert_string_equal(of_rule(c, "endpoint.kex", 0)->identity,
		"ssh:example.org:22|mlkem768x25519-sha256");
	/* Hostile names come out escaped, markers not at all. */
	assert_string_equal(
		of_rule(c, "endpoint.kex", 1)->identity, "ssh:example.org:22|\\x1b[2Jevil");
	assert_null(of_rule(c, "endpoint.kex", 2));
	const struct one *weak = of_rule(c, "endpoint.weak-cipher", 0);

	assert_non_null(weak);
	assert_string_equal(weak->family, "SSH");
	assert_non_null(strstr(weak->attrs, "names=3des-cbc, aes128-cbc;count=2;"));
}

static void no_memory_is_said(void **state)
{
	struct pqm_offer o[] = { YES(PQM_O_GROUP, 0x001d, 0x0304, 1) };
	struct pqm_endpoint e = server(o, 1);
	static struct caught c;
	struct pqm_arena none;
	struct pqm_err err = { 0 };

	(void)state;
	c = (struct caught){ .emit = { on_found, NULL, on_child, on_note, NULL } };
	pqm_arena_init(&none, 0);
	assert_int_equal(pqm_endpoint_emit(fixture_rules(), &e, &none, &c.emit, &err), PQM_ENOMEM);
	assert_int_equal(c.n, 0);
	pqm_arena_fini(&none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_accepted_group_is_one_use),
		cmocka_unit_test(the_address_is_no_part_of_the_identity),
		cmocka_unit_test(only_a_no_says_that_hybrid_is_missing),
		cmocka_unit_test(silence_gives_no_findings_but_a_note),
		cmocka_unit_test(suites_of_tls12_tell_the_old_key_exchanges),
		cmocka_unit_test(a_certificate_on_the_wire_is_the_one_on_disk),
		cmocka_unit_test(a_broken_certificate_is_no_failure),
		cmocka_unit_test(a_host_key_on_the_wire_is_the_one_of_known_hosts),
		cmocka_unit_test(no_memory_is_said),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	pqm_arena_fini(&arena);
	return failed;
}
