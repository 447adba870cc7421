#include "unit.h"

#include "probe/int.h"

/* A dialogue as a test writes it: what the server sends, and what we must answer to that. */
struct turn {
	const char *server;
	const char *client;
	size_t server_bytes; /* when it holds NULs */
};

struct talk {
	const char *scheme;
	const char *first; /* what we say unasked; NULL: nothing */
	struct turn turn[6];
	enum probe_end end;
	const char *words; /* of the refusal, a part; NULL: TLS may start */
	const char *banner;
};

static pqm_bytes bytes_of(const struct turn *t)
{
	return (pqm_bytes){ (const uint8_t *)t->server,
		t->server_bytes != 0 ? t->server_bytes : strlen(t->server) };
}

/* Feeds b in pieces of `step` bytes as the loop does: what is not used is shown again. */
static enum probe_want feed(
	const struct probe_machine *m, void *self, pqm_bytes b, size_t step, struct pqm_buf *out)
{
	enum probe_want want = PROBE_READ;
	struct pqm_buf held;

	pqm_buf_init(&held, (size_t)4 << 20);
	for (size_t at = 0; at < b.n && want == PROBE_READ; at += step) {
		size_t used = 0;

		assert_true(pqm_buf_add(&held, pqm_sub(b, at, step)));
		/* a block of its own, so that a byte too far is seen */
		uint8_t *exact = malloc(held.n == 0 ? 1 : held.n);

		assert_non_null(exact);
		memcpy(exact, held.p, held.n);
		want = m->input(self, (pqm_bytes){ exact, held.n }, &used, out);
		free(exact);
		assert_true(used <= held.n);
		memmove(held.p, held.p + used, held.n - used);
		held.n -= used;
	}
	pqm_buf_fini(&held);
	return want;
}

static void *play(const struct talk *t, size_t step)
{
	const struct probe_machine *m = &probe_opener_machine;
	void *o = probe_opener_new(t->scheme, "mail.example");
	enum probe_want want;
	struct pqm_buf out;

	assert_non_null(o);
	pqm_buf_init(&out, 65536);
	want = m->start(o, &out);
	assert_int_equal(want, PROBE_READ);
	if (t->first == NULL)
		assert_int_equal(out.n, 0);
	else
		assert_true(pqm_starts(pqm_buf_bytes(&out), pqm_str(t->first)));
	for (size_t i = 0; i < 6 && t->turn[i].server != NULL; i++) {
		const char *say = t->turn[i].client;

		assert_int_equal(want, PROBE_READ);
		out.n = 0;
		want = feed(m, o, bytes_of(&t->turn[i]), step, &out);
		if (say == NULL ? out.n != 0 : !pqm_starts(pqm_buf_bytes(&out), pqm_str(say)))
			fail_msg("%s turn %zu: we said '%.*s', not '%s'", t->scheme, i,
				PQM_FMT(pqm_buf_bytes(&out)), say == NULL ? "" : say);
	}
	if (t->end == PROBE_GOAL)
		assert_int_equal(want, PROBE_NEXT);
	else if (want == PROBE_READ)
		m->end(o, PROBE_CLOSED, NULL);
	else
		assert_int_equal(want, PROBE_DONE);
	pqm_buf_fini(&out);
	return o;
}

static void check(const struct talk *t)
{
	static const size_t steps[] = { 1, 7, 100000 };

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		void *o = play(t, steps[i]);
		const char *no = probe_opener_refusal(o);

		if (probe_opener_end(o) != t->end)
			fail_msg("%s: ended by %d (%s), not %d", t->scheme,
				(int)probe_opener_end(o), no == NULL ? "" : no, (int)t->end);
		if (t->words == NULL)
			assert_null(no);
		else if (no == NULL || strstr(no, t->words) == NULL)
			fail_msg("%s: refused by '%s', not '%s'", t->scheme, no == NULL ? "" : no,
				t->words);
		if (t->banner != NULL)
			assert_string_equal(probe_opener_banner(o), t->banner);
		probe_opener_machine.free(o);
	}
}

static void check_all(const struct talk *t, size_t n)
{
	for (size_t i = 0; i < n; i++)
		check(&t[i]);
}

#define N(a) (sizeof(a) / sizeof((a)[0]))
#define RAW(s) (s), NULL, sizeof(s) - 1
#define RAW_SAY(s, c) (s), (c), sizeof(s) - 1

static void mail_reaches_tls(void **state)
{
	static const struct talk t[] = {
		{ "smtp", NULL,
			{ { "220-mx.example ESMTP Postfix\r\n220 hello\r\n",
				  "EHLO pqmap.invalid\r\n", 0 },
				{ "250-mx.example\r\n250-SIZE 1000\r\n250-STARTTLS\r\n250 "
				  "8BITMIME\r\n",
					"STARTTLS\r\n", 0 },
				{ "220 2.0.0 Ready to start TLS\r\n", NULL, 0 } },
			PROBE_GOAL, NULL, "mx.example ESMTP Postfix" },
		{ "submission", NULL,
			{ { "220 mx ESMTP\n", "EHLO ", 0 }, { "250 starttls\n", "STARTTLS\r\n", 0 },
				{ "220 go\n", NULL, 0 } },
			PROBE_GOAL, NULL, "mx ESMTP" },
		{ "lmtp", NULL,
			{ { "220 mx LMTP\r\n", "LHLO pqmap.invalid\r\n", 0 },
				{ "250-mx\r\n250 STARTTLS\r\n", "STARTTLS\r\n", 0 },
				{ "220 go\r\n", NULL, 0 } },
			PROBE_GOAL, NULL, "mx LMTP" },
		{ "imap", NULL,
			{ { "* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] Dovecot ready.\r\n",
				  "b STARTTLS\r\n", 0 },
				{ "b OK Begin TLS negotiation now.\r\n", NULL, 0 } },
			PROBE_GOAL, NULL, "Dovecot ready." },
		{ "imap", NULL,
			{ { "* OK Cyrus IMAP 3.6 ready\r\n", "a CAPABILITY\r\n", 0 },
				{ "* CAPABILITY IMAP4rev1 STARTTLS\r\na OK done\r\n",
					"b STARTTLS\r\n", 0 },
				{ "b OK\r\n", NULL, 0 } },
			PROBE_GOAL, NULL, "Cyrus IMAP 3.6 ready" },
		{ "pop3", NULL,
			{ { "+OK Dovecot ready.\r\n", "CAPA\r\n", 0 },
				{ "+OK\r\nTOP\r\nSTLS\r\n.\r\n", "STLS\r\n", 0 },
				{ "+OK Begin TLS\r\n", NULL, 0 } },
			PROBE_GOAL, NULL, "Dovecot ready." },
		{ "pop3", NULL,
			{ { "+OK old\r\n", "CAPA\r\n", 0 }, { "-ERR what?\r\n", "STLS\r\n", 0 },
				{ "+OK\r\n", NULL, 0 } },
			PROBE_GOAL, NULL, "old" },
		{ "sieve", NULL,
			{ { "\"IMPLEMENTATION\" \"Dovecot Pigeonhole\"\r\n\"SIEVE\" "
			    "\"fileinto\"\r\n"
			    "\"STARTTLS\"\r\n\"VERSION\" \"1.0\"\r\nOK \"ready.\"\r\n",
				  "STARTTLS\r\n", 0 },
				{ "OK \"Begin TLS negotiation now.\"\r\n", NULL, 0 } },
			PROBE_GOAL, NULL, "Dovecot Pigeonhole" },
	};

	(void)state;
	check_all(t, N(t));
}

static void other_lines_reach_tls(void **state)
{
	static const struct talk t[] = {
		{ "ftp", NULL,
			{ { "220-Welcome\r\n any text\r\n220 (vsFTPd 3.0.3)\r\n", "AUTH TLS\r\n",
				  0 },
				{ "234 Proceed with negotiation.\r\n", NULL, 0 } },
			PROBE_GOAL, NULL, "Welcome" },
		{ "ftp", NULL,
			{ { "120 in a minute\r\n", NULL, 0 }, { "220 now\r\n", "AUTH TLS\r\n", 0 },
				{ "234 go\r\n", NULL, 0 } },
			PROBE_GOAL, NULL, NULL },
		{ "nntp", NULL,
			{ { "200 news.example InterNetNews ready\r\n", "CAPABILITIES\r\n", 0 },
				{ "101 list\r\nVERSION 2\r\nSTARTTLS\r\n.\r\n", "STARTTLS\r\n", 0 },
				{ "382 Begin TLS negotiation\r\n", NULL, 0 } },
			PROBE_GOAL, NULL, "news.example InterNetNews ready" },
		{ "nntp", NULL,
			{ { "201 old\r\n", "CAPABILITIES\r\n", 0 },
				{ "500 what?\r\n", "STARTTLS\r\n", 0 }, { "382 go\r\n", NULL, 0 } },
			PROBE_GOAL, NULL, "old" },
		{ "irc", "STARTTLS\r\n",
			{ { ":irc.example NOTICE * :*** Looking up your hostname\r\n", NULL, 0 },
				{ "PING :abc\r\n", "PONG :abc\r\n", 0 },
				{ ":irc.example 670 * :STARTTLS successful\r\n", NULL, 0 } },
			PROBE_GOAL, NULL, NULL },
		{ "nats", NULL,
			{ { "INFO {\"server_id\":\"N\",\"version\":\"2.9.10\",\"tls_required\" : "
			    "true} \r\n",
				NULL, 0 } },
			PROBE_GOAL, NULL, "nats-server 2.9.10" },
		{ "nats", NULL, { { "INFO {\"tls_available\":true}\r\n", NULL, 0 } }, PROBE_GOAL,
			NULL, "" },
	};

	(void)state;
	check_all(t, N(t));
}

#define MYSQL_CAPS(lo, hi)                                                                         \
	"\x2a\x00\x00\x00\x0a"                                                                     \
	"8.0.36\0\x01\0\0\0abcdefgh\0" lo hi "\x2d\x02\x00\xff\xc1\x15\0\0\0\0\0\0\0\0\0\0xyz"

static void binary_protocols_reach_tls(void **state)
{
	static const struct talk t[] = {
		{ "ldap",
			"\x30\x1d\x02\x01\x01\x77\x18\x80\x16"
			"1.3.6.1.4.1.1466.20037",
			{ { RAW("\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00") } },
			PROBE_GOAL, NULL, "" },
		/* lengths in the long form are BER too */
		{ "ldap", "0",
			{ { RAW("\x30\x84\x00\x00\x00\x10\x02\x01\x01\x78\x84\x00\x00\x00\x07\x0a"
				"\x01"
				"\x00\x04\x00\x04\x00") } },
			PROBE_GOAL, NULL, "" },
		{ "postgres", "", { { "S", NULL, 0 } }, PROBE_GOAL, NULL, "" },
		{ "mysql", NULL, { { RAW_SAY(MYSQL_CAPS("\xff", "\xff"), " ") } }, PROBE_GOAL, NULL,
			"8.0.36" },
		{ "rdp", "\x03",
			{ { RAW("\x03\x00\x00\x13\x0e\xd0\x00\x00\x12\x34\x00\x02\x1f\x08\x00\x02"
				"\x00"
				"\x00\x00") } },
			PROBE_GOAL, NULL, "" },
		{ "xmpp", "<?xml version='1.0'?><stream:stream to='mail.example'",
			{ { "<?xml version='1.0'?><stream:stream id='a>b' from='mail.example'>",
				  NULL, 0 },
				{ "<stream:features><starttls "
				  "xmlns='urn:ietf:params:xml:ns:xmpp-tls'>"
				  "<required/></starttls></stream:features>",
					"<starttls ", 0 },
				{ "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", NULL, 0 } },
			PROBE_GOAL, NULL, "" },
		{ "xmpp-server", "<?xml",
			{ { "<s:stream><s:features><starttls/></s:features>", "<starttls ", 0 },
				{ "<proceed></proceed>", NULL, 0 } },
			PROBE_GOAL, NULL, "" },
	};

	(void)state;
	check_all(t, N(t));
}

static void a_server_may_say_no(void **state)
{
	static const struct talk t[] = {
		{ "smtp", NULL,
			{ { "220 mx\r\n", "EHLO", 0 },
				{ "250-mx\r\n250 SIZE\r\n", "QUIT\r\n", 0 } },
			PROBE_ALERT, "STARTTLS is not offered", "mx" },
		{ "smtp", NULL,
			{ { "220 mx\r\n", "EHLO", 0 }, { "250 STARTTLS\r\n", "STARTTLS", 0 },
				{ "454 4.7.0 TLS not available\r\n", "QUIT\r\n", 0 } },
			PROBE_ALERT, "STARTTLS refused: 454 4.7.0 TLS not available", NULL },
		/* a word inside of another capability is not the capability */
		{ "smtp", NULL,
			{ { "220 mx\r\n", "EHLO", 0 }, { "250 X-STARTTLS\r\n", "QUIT", 0 } },
			PROBE_ALERT, "not offered", NULL },
		{ "smtp", NULL, { { "554 no service for you\r\n", "QUIT\r\n", 0 } }, PROBE_ALERT,
			"the greeting refuses: 554 no service", NULL },
		{ "lmtp", NULL, { { "220 mx\r\n", "LHLO", 0 }, { "502 what\r\n", "QUIT", 0 } },
			PROBE_ALERT, "EHLO refused", NULL },
		{ "imap", NULL, { { "* OK [CAPABILITY IMAP4rev1] x\r\n", "z LOGOUT\r\n", 0 } },
			PROBE_ALERT, "STARTTLS is not offered", NULL },
		{ "imap", NULL, { { "* PREAUTH hello\r\n", "z LOGOUT", 0 } }, PROBE_ALERT,
			"already authenticated", NULL },
		{ "imap", NULL, { { "* BYE busy\r\n", "z LOGOUT", 0 } }, PROBE_ALERT,
			"the greeting refuses: * BYE busy", NULL },
		{ "imap", NULL,
			{ { "* OK [CAPABILITY STARTTLS] x\r\n", "b STARTTLS", 0 },
				{ "b BAD no\r\n", "z LOGOUT", 0 } },
			PROBE_ALERT, "STARTTLS refused: b BAD no", NULL },
		{ "pop3", NULL,
			{ { "+OK\r\n", "CAPA", 0 }, { "+OK\r\nTOP\r\n.\r\n", "QUIT\r\n", 0 } },
			PROBE_ALERT, "STLS is not offered", NULL },
		{ "pop3", NULL,
			{ { "+OK\r\n", "CAPA", 0 }, { "-ERR\r\n", "STLS", 0 },
				{ "-ERR unknown\r\n", "QUIT", 0 } },
			PROBE_ALERT, "STLS refused", NULL },
		{ "ftp", NULL,
			{ { "220 x\r\n", "AUTH", 0 }, { "530 Please login\r\n", "QUIT", 0 } },
			PROBE_ALERT, "AUTH TLS refused: 530 Please login", NULL },
		{ "ftp", NULL, { { "421 too many\r\n", "QUIT", 0 } }, PROBE_ALERT,
			"the greeting refuses", NULL },
		{ "nntp", NULL,
			{ { "200 x\r\n", "CAPA", 0 }, { "101 x\r\nREADER\r\n.\r\n", "QUIT", 0 } },
			PROBE_ALERT, "STARTTLS is not offered", NULL },
		{ "nntp", NULL, { { "400 busy\r\n", "QUIT", 0 } }, PROBE_ALERT,
			"the greeting refuses", NULL },
		{ "sieve", NULL, { { "\"SIEVE\" \"x\"\r\nOK\r\n", "LOGOUT\r\n", 0 } }, PROBE_ALERT,
			"STARTTLS is not offered", NULL },
		{ "sieve", NULL, { { "BYE \"busy\"\r\n", "LOGOUT", 0 } }, PROBE_ALERT, "good-bye",
			NULL },
		{ "irc", "STARTTLS", { { ":i 451 * STARTTLS :Not registered\r\n", "QUIT", 0 } },
			PROBE_ALERT, "STARTTLS refused: :i 451", NULL },
		{ "irc", "STARTTLS", { { "ERROR :Closing link\r\n", "QUIT", 0 } }, PROBE_ALERT,
			"ERROR :Closing", NULL },
		{ "nats", NULL, { { "INFO {\"tls_required\":false}\r\n", NULL, 0 } }, PROBE_ALERT,
			"TLS is not offered", NULL },
		{ "ldap", "0",
			{ { RAW("\x30\x0f\x02\x01\x01\x78\x0a\x0a\x01\x34\x04\x00\x04\x03"
				"off") } },
			PROBE_ALERT, "LDAP result 52: off", NULL },
		{ "postgres", "", { { "N", NULL, 0 } }, PROBE_ALERT, "SSLRequest refused", NULL },
		{ "mysql", NULL, { { RAW(MYSQL_CAPS("\xff", "\xf7")) } }, PROBE_ALERT,
			"TLS is not offered", "8.0.36" },
		{ "mysql", NULL, { { RAW("\x0b\x00\x00\x00\xff\x69\x04 blocked") } }, PROBE_ALERT,
			"the greeting refuses: blocked", NULL },
		{ "rdp", "\x03",
			{ { RAW("\x03\x00\x00\x13\x0e\xd0\x00\x00\x12\x34\x00\x03\x00\x08\x00\x02"
				"\x00"
				"\x00\x00") } },
			PROBE_ALERT, "SSL_NOT_ALLOWED_BY_SERVER", NULL },
		{ "rdp", "\x03", { { RAW("\x03\x00\x00\x0b\x06\xd0\x00\x00\x12\x34\x00") } },
			PROBE_ALERT, "only RDP's own security", NULL },
		{ "xmpp", "<?xml",
			{ { "<stream:stream><stream:features/>", "</stream:stream>", 0 } },
			PROBE_ALERT, "STARTTLS is not offered", NULL },
		{ "xmpp", "<?xml",
			{ { "<stream:stream><stream:error><host-unknown xmlns='x'/></stream:error>",
				"</stream:stream>", 0 } },
			PROBE_ALERT, "stream error: host-unknown", NULL },
		{ "xmpp", "<?xml",
			{ { "<stream:stream><stream:features><starttls/></stream:features>",
				  "<starttls", 0 },
				{ "<failure/>", "</stream", 0 } },
			PROBE_ALERT, "STARTTLS refused", NULL },
	};

	(void)state;
	check_all(t, N(t));
}

static void what_is_not_the_protocol_is_not_a_no(void **state)
{
	static const struct talk t[] = {
		{ "smtp", NULL, { { "SSH-2.0-OpenSSH_9.2\r\n", NULL, 0 } }, PROBE_GARBAGE,
			"not an SMTP reply: SSH-2.0", NULL },
		/* two greetings: the second is not an answer to EHLO */
		{ "smtp", NULL, { { "220 a\r\n220 b\r\n", "EHLO", 0 } }, PROBE_ALERT,
			"EHLO refused: 220 b", NULL },
		{ "imap", NULL, { { "+OK pop\r\n", NULL, 0 } }, PROBE_GARBAGE, "not an IMAP",
			NULL },
		{ "imap", NULL,
			{ { "* OK [CAPABILITY STARTTLS]\r\n", "b ", 0 }, { "c OK\r\n", NULL, 0 } },
			PROBE_GARBAGE, "not an IMAP response", NULL },
		{ "pop3", NULL, { { "* OK\r\n", NULL, 0 } }, PROBE_GARBAGE, "not a POP3", NULL },
		{ "ftp", NULL, { { "hello\r\n", NULL, 0 } }, PROBE_GARBAGE, "not an FTP reply",
			NULL },
		{ "nats", NULL, { { "220 x\r\n", NULL, 0 } }, PROBE_GARBAGE, "not a NATS", NULL },
		{ "irc", "S", { { "HTTP/1.1 400 Bad Request\r\n", NULL, 0 } }, PROBE_GARBAGE,
			"not an IRC message: HTTP/1.1 400", NULL },
		{ "ldap", "0", { { "HTTP/1.1 400\r\n", NULL, 0 } }, PROBE_GARBAGE, "not LDAP",
			NULL },
		{ "ldap", "0", { { RAW("\x30\x84\xff\xff\xff\xff\x02") } }, PROBE_GARBAGE,
			"not an LDAP message", NULL },
		{ "ldap", "0", { { RAW("\x30\x05\x02\x01\x01\x61\x00") } }, PROBE_GARBAGE,
			"not an LDAP extended response", NULL },
		{ "postgres", "", { { "HTTP/1.1\r\n", NULL, 0 } }, PROBE_GARBAGE, "not an answer",
			NULL },
		{ "mysql", NULL, { { "220 x y z\r\n", NULL, 0 } }, PROBE_GARBAGE, "not a MySQL",
			NULL },
		{ "mysql", NULL, { { RAW("\x06\x00\x00\x00\x0a\x38\x2e\x30\x00\x00") } },
			PROBE_GARBAGE, "cut short", NULL },
		{ "rdp", "\x03", { { "SSH-2.0-x\r\n", NULL, 0 } }, PROBE_GARBAGE, "not a TPKT",
			NULL },
		{ "rdp", "\x03",
			{ { RAW("\x03\x00\x00\x13\x0e\xd0\x00\x00\x12\x34\x00\x02\x00\x08\x00\x10"
				"\x00"
				"\x00\x00") } },
			PROBE_GARBAGE, "not asked for", NULL },
		{ "xmpp", "<?xml", { { "220 x\r\n", NULL, 0 } }, PROBE_GARBAGE, "not XML", NULL },
		{ "smtp", NULL, { { "220 mx\r\n", "EHLO", 0 }, { "250-half", NULL, 0 } },
			PROBE_CLOSED, "before the answer to EHLO", NULL },
	};

	(void)state;
	check_all(t, N(t));
}

/* A line of the server again and again, until the machine has enough. */
static void endless(const char *scheme, const char *head, const char *again, enum probe_end end)
{
	void *o = probe_opener_new(scheme, "h");
	const struct probe_machine *m = &probe_opener_machine;
	enum probe_want want;
	struct pqm_buf out;
	size_t n = 0;

	pqm_buf_init(&out, 65536);
	want = m->start(o, &out);
	want = feed(m, o, pqm_str(head), 4096, &out);
	for (; want == PROBE_READ && n < 200000; n++) {
		struct pqm_buf b;

		pqm_buf_init(&b, 1 << 20);
		for (size_t i = 0; i < 100; i++)
			assert_true(pqm_buf_add(&b, pqm_str(again)));
		want = feed(m, o, pqm_buf_bytes(&b), 18432, &out);
		pqm_buf_fini(&b);
	}
	assert_int_equal(want, PROBE_DONE);
	assert_int_equal(probe_opener_end(o), end);
	assert_non_null(probe_opener_refusal(o));
	assert_true(out.n < 200);
	pqm_buf_fini(&out);
	m->free(o);
}

static void a_hostile_server_is_cut_off(void **state)
{
	static const char *const all[] = { "smtp", "submission", "lmtp", "imap", "pop3", "ftp",
		"nntp", "sieve", "irc", "nats" };
	struct pqm_buf line;

	(void)state;
	endless("smtp", "220 mx\r\n", "250-X\r\n", PROBE_BUDGET);
	endless("smtp", "", "220-banner\r\n", PROBE_BUDGET);
	endless("imap", "* OK [CAPABILITY STARTTLS]\r\n", "* OK\r\n", PROBE_BUDGET);
	endless("pop3", "+OK\r\n+OK\r\n", "X\r\n", PROBE_BUDGET);
	endless("ftp", "220-\r\n", "text\r\n", PROBE_BUDGET);
	endless("nntp", "200 x\r\n101 x\r\n", "X\r\n", PROBE_BUDGET);
	endless("sieve", "", "\"X\"\r\n", PROBE_BUDGET);
	endless("irc", "", ":x NOTICE * :x\r\n", PROBE_BUDGET);
	endless("xmpp", "<stream:stream>", "<x/>", PROBE_BUDGET);
	endless("xmpp", "<stream:stream>", "text without any tag ", PROBE_BUDGET);
	endless("xmpp", "<stream:stream><x", " a='b'", PROBE_BUDGET);
	/* a line of 1 GB: 20 kB of it are enough */
	pqm_buf_init(&line, 1 << 20);
	for (size_t i = 0; i < 20000; i++)
		assert_true(pqm_buf_byte(&line, 'a'));
	for (size_t i = 0; i < N(all); i++) {
		struct pqm_buf out;
		void *o = probe_opener_new(all[i], "h");

		pqm_buf_init(&out, 65536);
		(void)probe_opener_machine.start(o, &out);
		assert_int_equal(feed(&probe_opener_machine, o, pqm_buf_bytes(&line), 1460, &out),
			PROBE_DONE);
		assert_int_equal(probe_opener_end(o), PROBE_BUDGET);
		assert_string_equal(probe_opener_refusal(o), "a line without end");
		probe_opener_machine.free(o);
		pqm_buf_fini(&out);
	}
	pqm_buf_fini(&line);
}

static void bytes_behind_the_go_ahead_are_dropped_and_told(void **state)
{
	static const struct {
		const char *scheme;
		pqm_bytes server;
		const char *head;
	} t[] = {
		{ "smtp", { (const uint8_t *)"220 go\r\n250 injected\r\n", 22 },
			"220 mx\r\n250 STARTTLS\r\n" },
		{ "postgres", { (const uint8_t *)"SX", 2 }, "" },
		{ "xmpp", { (const uint8_t *)"<proceed/><iq/>", 15 },
			"<stream:stream><stream:features><starttls/></stream:features>" },
	};

	(void)state;
	for (size_t i = 0; i < N(t); i++) {
		void *o = probe_opener_new(t[i].scheme, "h");
		struct probe_job j = { 0 };
		struct pqm_buf out;
		size_t used = 0;

		pqm_buf_init(&out, 65536);
		pqm_arena_init(&j.arena, 65536);
		(void)probe_opener_machine.start(o, &out);
		/* both answers at once need turns: the second line must not answer the first command */
		for (pqm_bytes h = pqm_str(t[i].head); h.n > 0; h = pqm_sub(h, used, h.n))
			assert_int_equal(probe_opener_machine.input(o, h, &used, &out), PROBE_READ);
		assert_int_equal(
			probe_opener_machine.input(o, t[i].server, &used, &out), PROBE_NEXT);
		assert_int_equal(used, t[i].server.n);
		assert_null(probe_opener_refusal(o));
		probe_opener_machine.free(o);
		pqm_buf_fini(&out);
		pqm_arena_fini(&j.arena);
	}
}

static void text_of_the_server_is_made_printable(void **state)
{
	struct talk t = { "smtp", NULL, { { "220 \x1b[31mred\x07\xff\r\n", "EHLO", 0 } },
		PROBE_CLOSED, "before the answer to EHLO", "?[31mred??" };

	(void)state;
	check(&t);
	assert_null(probe_opener_new("gopher", "h"));
}

static void xmpp_names_cannot_break_out(void **state)
{
	struct pqm_buf out;
	void *o = probe_opener_new("xmpp", "a'/><x>&\"b");

	(void)state;
	pqm_buf_init(&out, 65536);
	(void)probe_opener_machine.start(o, &out);
	assert_true(pqm_find(pqm_buf_bytes(&out), 0, PQM_LIT("to='a/xb'")) != SIZE_MAX);
	probe_opener_machine.free(o);
	pqm_buf_fini(&out);
}

static const char *guess(const char *text, size_t n, uint16_t port, enum probe_want *want)
{
	void *g = probe_guess_new(port);
	struct pqm_buf out;
	const char *s;

	pqm_buf_init(&out, 100);
	(void)probe_guess_machine.start(g, &out);
	assert_int_equal(probe_guess_machine.wait_ms(g), PQM_PROBE_GREETING_MS);
	*want = feed(&probe_guess_machine, g,
		(pqm_bytes){ (const uint8_t *)text, n != 0 ? n : strlen(text) }, 5, &out);
	if (*want == PROBE_READ)
		*want = probe_guess_machine.timer(g, &out);
	if (out.n != 0) /* the only thing that is ever said unasked */
		assert_true(pqm_starts(pqm_buf_bytes(&out), PQM_LIT("EHLO pqmap.invalid\r\n")));
	assert_int_equal(probe_guess_machine.wait_ms(g), 0);
	s = probe_guess_scheme(g); /* static */
	probe_guess_machine.free(g);
	pqm_buf_fini(&out);
	return s;
}

static void greetings_name_the_protocol(void **state)
{
	static const struct {
		const char *text;
		size_t n;
		uint16_t port;
		const char *scheme;
	} t[] = {
		{ "220 mx.example ESMTP Postfix\r\n", 0, 2525, "smtp" },
		{ "220 mx.example ESMTP Postfix\r\n", 0, 587, "submission" },
		{ "220 mx.example LMTP Dovecot\r\n", 0, 24, "lmtp" },
		{ "220 (vsFTPd 3.0.3)\r\n", 0, 25, "ftp" },
		{ "220 Welcome\r\n", 0, 2121, "ftp" },
		{ "220 Welcome\r\n", 0, 25, "smtp" },
		{ "220-mail.example.com ready\r\n", 0, 2525, "smtp" },
		{ "220-Welcome\r\n to all\r\n220 LMTP\r\n", 0, 2525, "lmtp" },
		{ "421 too busy\r\n", 0, 2121, "ftp" },
		{ "554 mx.example no\r\n", 0, 2525, "smtp" },
		{ "220 mx.example ready\r\n250-mx.example\r\n250 SIZE\r\n", 0, 1, "smtp" },
		{ "220 mx.example ready\r\n500 what?\r\n250 mx\r\n", 0, 1, "lmtp" },
		{ "220 mx.example ready\r\n502 5.5.1 no\r\n250-mx\r\n250 A\r\n", 0, 1, "lmtp" },
		{ "220 ftp.example ready\r\n530 Log in.\r\n530 Log in.\r\n", 0, 1, "ftp" },
		{ "220 ftp.example ready\r\n500 what?\r\n500 what?\r\n", 0, 1, "ftp" },
		{ "220 mx.example ready\r\n550 go away\r\n550 go away\r\n", 0, 1, "smtp" },
		{ "220 mx.example ready\r\n421 later\r\n", 0, 1, "smtp" },
		{ "220 mx.example ready\r\n", 0, 1, "smtp" },
		{ "* OK [CAPABILITY IMAP4rev1] Dovecot ready.\r\n", 0, 1, "imap" },
		{ "+OK ready\r\n", 0, 1, "pop3" },
		{ "SSH-2.0-OpenSSH_10.0\r\n", 0, 1, "ssh" },
		{ "Hello!\r\nSSH-2.0-x\r\n", 0, 1, "ssh" },
		{ "INFO {\"server_id\":\"x\"}\r\n", 0, 1, "nats" },
		{ MYSQL_CAPS("\xff", "\xff"), sizeof(MYSQL_CAPS("\xff", "\xff")) - 1, 1, "mysql" },
		{ "200 news ready\r\n", 0, 1, "nntp" },
		{ "\"IMPLEMENTATION\" \"x\"\r\n", 0, 1, "sieve" },
		{ ":irc.example NOTICE * :*** Looking up\r\n", 0, 1, "irc" },
		{ "NOTICE AUTH :*** Looking up\r\n", 0, 1, "irc" },
		{ "who are you?\r\n", 0, 25, "tls" },
		{ "", 0, 25, "tls" },
	};

	(void)state;
	for (size_t i = 0; i < N(t); i++) {
		enum probe_want want;
		const char *s = guess(t[i].text, t[i].n, t[i].port, &want);

		if (strcmp(s, t[i].scheme) != 0)
			fail_msg("'%s' is %s, not %s", t[i].text, s, t[i].scheme);
		assert_int_equal(want, strcmp(s, "tls") == 0 ? PROBE_NEXT : PROBE_DONE);
	}
}

static void guess_does_not_keep_a_flood(void **state)
{
	struct pqm_buf b;
	enum probe_want want;

	(void)state;
	pqm_buf_init(&b, 1 << 16);
	for (size_t i = 0; i < 20000; i++)
		assert_true(pqm_buf_byte(&b, 'x'));
	assert_string_equal(guess((const char *)b.p, b.n, 1, &want), "tls");
	assert_int_equal(want, PROBE_NEXT);
	pqm_buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mail_reaches_tls),
		cmocka_unit_test(other_lines_reach_tls),
		cmocka_unit_test(binary_protocols_reach_tls),
		cmocka_unit_test(a_server_may_say_no),
		cmocka_unit_test(what_is_not_the_protocol_is_not_a_no),
		cmocka_unit_test(a_hostile_server_is_cut_off),
		cmocka_unit_test(bytes_behind_the_go_ahead_are_dropped_and_told),
		cmocka_unit_test(text_of_the_server_is_made_printable),
		cmocka_unit_test(xmpp_names_cannot_break_out),
		cmocka_unit_test(greetings_name_the_protocol),
		cmocka_unit_test(guess_does_not_keep_a_flood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
