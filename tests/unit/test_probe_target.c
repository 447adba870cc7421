#include "unit.h"

#include <netinet/in.h>

#include "probe/loop.h"

static void targets_are_read(void **state)
{
	static const struct {
		const char *text;
		bool bare;
		const char *scheme, *host;
		uint16_t port;
	} row[] = {
		{ "tls:example.org:8443", false, "tls", "example.org", 8443 },
		{ "tls:example.org", false, "tls", "example.org", 443 },
		{ "TLS:example.org", false, "tls", "example.org", 443 },
		{ "https://example.org/a/path?q=1:2#f", false, "tls", "example.org", 443 },
		{ "https://example.org:8443/x", false, "tls", "example.org", 8443 },
		{ "https://h?x", false, "tls", "h", 443 },
		{ "ssh:h", false, "ssh", "h", 22 },
		{ "ssh://h:2222", false, "ssh", "h", 2222 },
		{ "quic:h", false, "quic", "h", 443 },
		{ "h3:h", false, "quic", "h", 443 },
		{ "dtls:h:4433", false, "dtls", "h", 4433 },
		{ "auto:h:25", false, "auto", "h", 25 },
		{ "smtp:[::1]", false, "smtp", "::1", 25 },
		{ "smtp:[2001:db8::1]:2525", false, "smtp", "2001:db8::1", 2525 },
		{ "imap:192.0.2.1", false, "imap", "192.0.2.1", 143 },
		{ "xmpp-server:a_b-c.example", false, "xmpp-server", "a_b-c.example", 5269 },
		{ "postgresql://db/name", false, "postgres", "db", 5432 },
		{ "ldaps:dc1", false, "tls", "dc1", 636 },
		{ "wireguard:vpn", false, "wireguard", "vpn", 51820 },
		{ "ikev2:vpn", false, "ikev2", "vpn", 500 },
		{ "openvpn:vpn", false, "openvpn", "vpn", 1194 },
		{ "tls:b\xc3\xbc"
		  "cher.example",
			false, "tls",
			"b\xc3\xbc"
			"cher.example",
			443 },
		{ "h:443", true, "tls", "h", 443 },
		{ "h", true, "tls", "h", 443 },
		{ "[::1]:9", true, "tls", "::1", 9 },
		{ "  h:1  ", true, "tls", "h", 1 },
		{ "tls:10.0.0.1.nip.io", false, "tls", "10.0.0.1.nip.io", 443 },
	};
	struct pqm_arena a;

	(void)state;
	pqm_arena_init(&a, 1 << 20);
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct pqm_probe_target t;
		struct pqm_err err = { 0 };

		if (pqm_probe_target_parse(&t, row[i].text, row[i].bare, &a, &err) != PQM_OK)
			fail_msg("%s: %s", row[i].text, err.msg);
		assert_string_equal(t.scheme, row[i].scheme);
		assert_string_equal(t.host, row[i].host);
		assert_int_equal(t.port, row[i].port);
		assert_null(t.sni);
		assert_int_equal(pqm_probe_is_target(row[i].text), !row[i].bare);
	}
	pqm_arena_fini(&a);
}

static void what_is_no_target_is_told(void **state)
{
	static const struct {
		const char *text;
		bool bare;
		const char *words;
	} row[] = {
		{ "", true, "host is missing" },
		{ "h:443", false, "no scheme" },
		{ "/etc/ssl", false, "no scheme" },
		{ "C:\\x", true, "port" },
		{ "tls:", false, "host is missing" },
		{ "tls::443", false, "host is missing" },
		{ "tls:h:0", false, "port" },
		{ "tls:h:65536", false, "port" },
		{ "tls:h:", false, "port" },
		{ "tls:h:-1", false, "port" },
		{ "tls:h:44 3", false, "port" },
		{ "tls:h:443/x", false, "port" },
		{ "tls:h/x", false, "no name" },
		{ "tls:2001:db8::1", false, "brackets" },
		{ "tls:[2001:db8::1", false, "']'" },
		{ "tls:[2001:db8::1]443", false, "':PORT'" },
		{ "tls:[h]:443", false, "IPv6" },
		{ "tls:[127.0.0.1]:443", false, "IPv6" },
		{ "tls:8443", false, "no name" },
		{ "tls:-h", false, "no name" },
		{ "tls:a..b", false, "no name" },
		{ "tls:.", false, "no name" },
		{ "tls:a b", false, "no name" },
		{ "tls:*.example", false, "no name" },
		{ "tls:a\x1b[31m", false, "no name" },
		{ "https://user:secret@h/", false, "password" },
		{ "gopher://h", true, "no such scheme" },
		{ "tls:[fe80::1%no-such-if]", false, "IPv6" },
		{ "tls:[fe80::1%lo:x]", false, "IPv6" },
	};
	struct pqm_arena a;
	char longest[400] = "tls:";

	(void)state;
	pqm_arena_init(&a, 1 << 20);
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct pqm_probe_target t = { .port = 7 };
		struct pqm_err err = { 0 };

		assert_int_equal(
			pqm_probe_target_parse(&t, row[i].text, row[i].bare, &a, &err), PQM_EUSAGE);
		if (strstr(err.msg, row[i].words) == NULL)
			fail_msg("%s: %s", row[i].text, err.msg);
		assert_null(strstr(err.msg, "secret"));
		assert_null(strchr(err.msg, '\x1b'));
		assert_int_equal(t.port, 7); /* written only on success */
	}
	memset(longest + 4, 'a', 300);
	struct pqm_probe_target t;

	assert_int_equal(pqm_probe_target_parse(&t, longest, false, &a, NULL), PQM_EUSAGE);
	longest[4 + 253] = '\0';
	assert_int_equal(pqm_probe_target_parse(&t, longest, false, &a, NULL), PQM_OK);
	pqm_arena_fini(&a);
	pqm_arena_init(&a, 16);
	assert_int_equal(pqm_probe_target_parse(&t, longest, false, &a, NULL), PQM_ENOMEM);
	pqm_arena_fini(&a);
}

static void files_are_no_targets(void **state)
{
	static const char *const row[] = { "", "x", "tls", "tls:", "tls:/x", "/x", "./tls", "h:443",
		"image.tar:latest", "tlsx:h", "tls://", "tls:///x" };

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		assert_false(pqm_probe_is_target(row[i]));
}

static void the_dot_of_an_absolute_name_stays_out_of_the_hello(void **state)
{
	struct pqm_probe_target t;
	struct pqm_arena a;

	(void)state;
	pqm_arena_init(&a, 1 << 20);
	assert_int_equal(pqm_probe_target_parse(&t, "tls:example.org.", false, &a, NULL), PQM_OK);
	assert_string_equal(t.host, "example.org.");
	assert_string_equal(t.sni, "example.org");
	pqm_arena_fini(&a);
}

/* The port table here and that of the openers must not drift apart. */
static void openers_have_the_same_ports(void **state)
{
	(void)state;
	assert_int_equal(probe_scheme_port("tls"), 443);
	assert_int_equal(probe_scheme_port("none"), 0);
	for (const struct probe_opener *o = probe_openers; o != NULL && o->scheme != NULL; o++)
		if (o->port != probe_scheme_port(o->scheme))
			fail_msg("%s: %u here, %u there", o->scheme, probe_scheme_port(o->scheme),
				o->port);
}

static const char *denied(const char *entry, const char *host, const char *addr)
{
	const char *list[] = { entry, NULL };
	struct probe_addr a;

	if (addr != NULL)
		assert_true(probe_addr_parse(&a, pqm_str(addr)));
	assert_int_equal(probe_deny_check(list, NULL), PQM_OK);
	return probe_denied(list, host, addr != NULL ? &a : NULL);
}

static void deny_lists_hold(void **state)
{
	static const struct {
		const char *entry, *host, *addr;
		bool is_denied;
	} row[] = {
		{ "10.0.0.0/8", NULL, "10.255.0.1", true },
		{ "10.0.0.0/8", NULL, "11.0.0.1", false },
		{ "10.0.0.0/9", NULL, "10.127.255.255", true },
		{ "10.0.0.0/9", NULL, "10.128.0.0", false },
		{ "0.0.0.0/0", NULL, "203.0.113.1", true },
		{ "0.0.0.0/0", NULL, "2001:db8::1", false },
		{ "::/0", NULL, "2001:db8::1", true },
		{ "2001:db8::/33", NULL, "2001:db8:7fff::1", true },
		{ "2001:db8::/33", NULL, "2001:db8:8000::1", false },
		{ "192.0.2.7", NULL, "192.0.2.7", true },
		{ "192.0.2.7", NULL, "192.0.2.8", false },
		{ "10.0.0.0/8", NULL, "::ffff:10.1.2.3", true }, /* the same host to the kernel */
		{ "127.0.0.0/8", NULL, "0.0.0.0", true },
		{ "::1", NULL, "::", true },
		{ "[2001:db8::1]", NULL, "2001:db8::1", true },
		{ "10.0.0.*", NULL, "10.0.0.9", true },
		{ "10.0.0.*", "10.0.0.9", NULL, true },
		{ "*.internal", "db.internal", NULL, true },
		{ "*.internal", "DB.INTERNAL.", NULL, true },
		{ "*.internal", "internal", NULL, false },
		{ "DB?.x", "db1.x", NULL, true },
		{ "db.x", "db.xy", NULL, false },
		{ " 10.0.0.1 ", NULL, "10.0.0.1", true },
	};

	static const char *const bad[] = { "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/x", "::/129", "",
		"a/8", "a b", "10.0.0.0/-1", "10.0.0/8" };

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		if ((denied(row[i].entry, row[i].host, row[i].addr) != NULL) != row[i].is_denied)
			fail_msg("%s against %s %s", row[i].entry,
				row[i].host != NULL ? row[i].host : "",
				row[i].addr != NULL ? row[i].addr : "");
	assert_null(probe_denied(NULL, "h", NULL));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct pqm_err err;

		assert_int_equal(
			probe_deny_check((const char *const[]){ bad[i], NULL }, &err), PQM_EUSAGE);
	}
}

static void addresses_come_back_as_text(void **state)
{
	static const char *const row[] = { "127.0.0.1", "2001:db8::1", "::", "::ffff:192.0.2.1",
		"fe80::1%lo" };
	struct sockaddr_storage ss;

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct probe_addr a;
		char text[64];

		assert_true(probe_addr_parse(&a, pqm_str(row[i])));
		probe_addr_text(&a, text);
		assert_string_equal(text, row[i]);
		assert_int_equal(probe_addr_sock(&a, 443, &ss),
			a.family == AF_INET ? sizeof(struct sockaddr_in)
					    : sizeof(struct sockaddr_in6));
		assert_int_equal(ss.ss_family, a.family);
	}
	struct probe_addr a;

	assert_false(probe_addr_parse(&a, pqm_str("127.1")));
	assert_false(probe_addr_parse(&a, pqm_str("1.2.3.4%lo")));
	assert_false(probe_addr_parse(&a, (pqm_bytes){ (const uint8_t *)"1.2.3.4\0x", 9 }));
	assert_false(probe_addr_parse(&a, (pqm_bytes){ NULL, 0 }));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(targets_are_read),
		cmocka_unit_test(what_is_no_target_is_told),
		cmocka_unit_test(files_are_no_targets),
		cmocka_unit_test(the_dot_of_an_absolute_name_stays_out_of_the_hello),
		cmocka_unit_test(openers_have_the_same_ports),
		cmocka_unit_test(deny_lists_hold),
		cmocka_unit_test(addresses_come_back_as_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
