#include "probe/opener.h"

#define NOTHING ((pqm_bytes){ NULL, 0 })

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

bool probe_opener_reply(pqm_bytes line, unsigned *code, bool *is_last)
{
	if (line.n < 3 || !is_digit(line.p[0]) || !is_digit(line.p[1]) || !is_digit(line.p[2]))
		return false;
	if (line.n > 3 && line.p[3] != ' ' && line.p[3] != '-')
		return false;
	*code = (unsigned)(line.p[0] - '0') * 100 + (unsigned)(line.p[1] - '0') * 10 +
		(unsigned)(line.p[2] - '0');
	*is_last = line.n == 3 || line.p[3] == ' ';
	return true;
}

static pqm_bytes after(pqm_bytes line, size_t n)
{
	return pqm_sub(line, n, line.n);
}

/* Is the line's first word this keyword? */
static bool is_keyword(pqm_bytes line, const char *word)
{
	pqm_bytes l = pqm_trim(line);
	size_t n = 0;

	while (n < l.n && l.p[n] != ' ' && l.p[n] != '\t')
		n++;
	return pqm_ieq(pqm_sub(l, 0, n), pqm_str(word));
}

/* ---- SMTP, LMTP [RFC3207] ---- */

enum { SMTP_GREETING, SMTP_EHLO, SMTP_STARTTLS };

static enum opener_step smtp_line(
	struct opener *o, pqm_bytes line, const char *hello, struct pqm_buf *out)
{
	unsigned code;
	bool is_last;

	if (!probe_opener_reply(line, &code, &is_last))
		return probe_opener_garbage(o, "not an SMTP reply", line);
	if (o->state == SMTP_GREETING)
		probe_opener_keep(o, after(line, 4));
	else if (o->state == SMTP_EHLO && code == 250 && is_keyword(after(line, 4), "STARTTLS"))
		o->has_starttls = true;
	if (!is_last)
		return OPENER_MORE;
	switch (o->state) {
	case SMTP_GREETING:
		if (code != 220)
			return probe_opener_refuse(o, "the greeting refuses", line);
		o->state = SMTP_EHLO;
		return probe_opener_say(o, out, hello, "answer to EHLO");
	case SMTP_EHLO:
		if (code != 250)
			return probe_opener_refuse(o, "EHLO refused", line);
		if (!o->has_starttls)
			return probe_opener_refuse(o, "STARTTLS is not offered", NOTHING);
		o->state = SMTP_STARTTLS;
		return probe_opener_say(o, out, "STARTTLS\r\n", "answer to STARTTLS");
	default:
		if (code == 220)
			return OPENER_READY;
		return probe_opener_refuse(o, "STARTTLS refused", line);
	}
}

static enum opener_step smtp(struct opener *o, pqm_bytes line, struct pqm_buf *out)
{
	return smtp_line(o, line, "EHLO " OPENER_OUR_NAME "\r\n", out);
}

static enum opener_step lmtp(struct opener *o, pqm_bytes line, struct pqm_buf *out)
{
	return smtp_line(o, line, "LHLO " OPENER_OUR_NAME "\r\n", out);
}

/* ---- IMAP [RFC9051 §6.2.1] ---- */

enum { IMAP_GREETING, IMAP_CAPABILITY, IMAP_STARTTLS };

static enum opener_step imap_starttls(struct opener *o, struct pqm_buf *out)
{
	if (!o->has_starttls)
		return probe_opener_refuse(o, "STARTTLS is not offered", NOTHING);
	o->state = IMAP_STARTTLS;
	return probe_opener_say(o, out, "b STARTTLS\r\n", "answer to STARTTLS");
}

/* The text of a response, without its code in brackets [RFC9051 §7.1]. */
static pqm_bytes imap_text(pqm_bytes s)
{
	size_t end;

	s = pqm_trim(s);
	end = s.n > 0 && s.p[0] == '[' ? pqm_find_byte(s, 0, ']') : SIZE_MAX;
	return end == SIZE_MAX ? s : after(s, end + 1);
}

static enum opener_step imap_greeting(struct opener *o, pqm_bytes line, struct pqm_buf *out)
{
	if (!pqm_starts(line, PQM_LIT("* ")))
		return probe_opener_garbage(o, "not an IMAP greeting", line);
	if (probe_has_word(pqm_sub(line, 2, 7), "PREAUTH"))
		return probe_opener_refuse(
			o, "already authenticated, STARTTLS is not allowed", line);
	if (!probe_has_word(pqm_sub(line, 2, 3), "OK"))
		return probe_opener_refuse(o, "the greeting refuses", line);
	probe_opener_keep(o, imap_text(after(line, 5)));
	if (pqm_find(line, 0, PQM_LIT("[CAPABILITY ")) != SIZE_MAX) {
		o->has_starttls = probe_has_word(line, "STARTTLS");
		return imap_starttls(o, out);
	}
	o->state = IMAP_CAPABILITY;
	return probe_opener_say(o, out, "a CAPABILITY\r\n", "answer to CAPABILITY");
}

static enum opener_step imap(struct opener *o, pqm_bytes line, struct pqm_buf *out)
{
	if (o->state == IMAP_GREETING)
		return imap_greeting(o, line, out);
	if (pqm_starts(line, PQM_LIT("* "))) {
		if (probe_has_word(pqm_sub(line, 2, 4), "BYE"))
			return probe_opener_refuse(o, "the server says good-bye", line);
		if (probe_has_word(pqm_sub(line, 2, 11), "CAPABILITY") &&
			probe_has_word(line, "STARTTLS"))
			o->has_starttls = true;
		return OPENER_MORE;
	}
	if (o->state == IMAP_CAPABILITY && pqm_starts(line, PQM_LIT("a ")))
		return probe_has_word(after(line, 2), "OK")
			? imap_starttls(o, out)
			: probe_opener_refuse(o, "CAPABILITY refused", line);
	if (o->state == IMAP_STARTTLS && pqm_starts(line, PQM_LIT("b ")))
		return probe_has_word(pqm_sub(line, 2, 3), "OK")
			? OPENER_READY
			: probe_opener_refuse(o, "STARTTLS refused", line);
	return probe_opener_garbage(o, "not an IMAP response", line);
}

/* ---- POP3 [RFC2595 §4, RFC2449] ---- */

enum { POP3_GREETING, POP3_CAPA, POP3_LIST, POP3_STLS };

static enum opener_step pop3_stls(struct opener *o, struct pqm_buf *out)
{
	o->state = POP3_STLS;
	return probe_opener_say(o, out, "STLS\r\n", "answer to STLS");
}

static enum opener_step pop3(struct opener *o, pqm_bytes line, struct pqm_buf *out)
{
	bool is_ok = pqm_starts(line, PQM_LIT("+OK"));

	if (o->state == POP3_LIST) {
		if (!pqm_eqs(line, ".")) {
			o->has_starttls = o->has_starttls || is_keyword(line, "STLS");
			return OPENER_MORE;
		}
		return o->has_starttls ? pop3_stls(o, out)
				       : probe_opener_refuse(o, "STLS is not offered", NOTHING);
	}
	if (!is_ok && !pqm_starts(line, PQM_LIT("-ERR")))
		return probe_opener_garbage(o, "not a POP3 response", line);
	switch (o->state) {
	case POP3_GREETING:
		if (!is_ok)
			return probe_opener_refuse(o, "the greeting refuses", line);
		probe_opener_keep(o, after(line, 4));
		o->state = POP3_CAPA;
		return probe_opener_say(o, out, "CAPA\r\n", "answer to CAPA");
	case POP3_CAPA:
		o->state = POP3_LIST;
		/* CAPA is younger than STLS: without it the only way to know is to ask. */
		return is_ok ? OPENER_MORE : pop3_stls(o, out);
	default:
		return is_ok ? OPENER_READY : probe_opener_refuse(o, "STLS refused", line);
	}
}

/* ---- FTP [RFC4217] ---- */

static enum opener_step ftp(struct opener *o, pqm_bytes line, struct pqm_buf *out)
{
	unsigned code;
	bool is_last;

	/* Inside a reply of many lines any text is allowed [RFC959 §4.2]. */
	if (!probe_opener_reply(line, &code, &is_last)) {
		if (o->state % 2 == 0)
			return probe_opener_garbage(o, "not an FTP reply", line);
		return OPENER_MORE;
	}
	if (o->state < 2)
		probe_opener_keep(o, after(line, 4));
	o->state = (o->state & ~1u) | (is_last ? 0 : 1);
	if (!is_last)
		return OPENER_MORE;
	if (o->state == 0) {
		if (code == 120) /* ready in a moment */
			return OPENER_MORE;
		if (code != 220)
			return probe_opener_refuse(o, "the greeting refuses", line);
		o->state = 2;
		return probe_opener_say(o, out, "AUTH TLS\r\n", "answer to AUTH TLS");
	}
	if (code == 234)
		return OPENER_READY;
	return probe_opener_refuse(o, "AUTH TLS refused", line);
}

/* ---- NNTP [RFC4642] ---- */

enum { NNTP_GREETING, NNTP_CAPABILITIES, NNTP_LIST, NNTP_STARTTLS };

static enum opener_step nntp_starttls(struct opener *o, struct pqm_buf *out)
{
	o->state = NNTP_STARTTLS;
	return probe_opener_say(o, out, "STARTTLS\r\n", "answer to STARTTLS");
}

static enum opener_step nntp(struct opener *o, pqm_bytes line, struct pqm_buf *out)
{
	unsigned code;
	bool is_last;

	if (o->state == NNTP_LIST) {
		if (!pqm_eqs(line, ".")) {
			o->has_starttls = o->has_starttls || is_keyword(line, "STARTTLS");
			return OPENER_MORE;
		}
		return o->has_starttls ? nntp_starttls(o, out)
				       : probe_opener_refuse(o, "STARTTLS is not offered", NOTHING);
	}
	if (!probe_opener_reply(line, &code, &is_last) || !is_last)
		return probe_opener_garbage(o, "not an NNTP response", line);
	switch (o->state) {
	case NNTP_GREETING:
		if (code != 200 && code != 201)
			return probe_opener_refuse(o, "the greeting refuses", line);
		probe_opener_keep(o, after(line, 4));
		o->state = NNTP_CAPABILITIES;
		return probe_opener_say(o, out, "CAPABILITIES\r\n", "answer to CAPABILITIES");
	case NNTP_CAPABILITIES:
		o->state = NNTP_LIST;
		/* A server older than RFC 3977 does not know the command. */
		return code == 101 ? OPENER_MORE : nntp_starttls(o, out);
	default:
		return code == 382 ? OPENER_READY
				   : probe_opener_refuse(o, "STARTTLS refused", line);
	}
}

/* ---- ManageSieve [RFC5804 §1.7, §2.2] ---- */

static pqm_bytes unquoted(pqm_bytes s)
{
	s = pqm_trim(s);
	return s.n >= 2 && s.p[0] == '"' ? pqm_sub(s, 1, s.n - 2) : s;
}

static enum opener_step sieve(struct opener *o, pqm_bytes line, struct pqm_buf *out)
{
	pqm_bytes head = pqm_sub(line, 0, 4);

	if (line.n > 0 && (line.p[0] == '"' || line.p[0] == '{')) {
		if (o->state == 0 && probe_has_word(pqm_sub(line, 0, 16), "IMPLEMENTATION"))
			probe_opener_keep(o, unquoted(after(line, 16)));
		if (o->state == 0 && probe_has_word(pqm_sub(line, 0, 10), "STARTTLS"))
			o->has_starttls = true;
		return OPENER_MORE;
	}
	if (probe_has_word(head, "BYE"))
		return probe_opener_refuse(o, "the server says good-bye", line);
	if (probe_has_word(head, "NO"))
		return probe_opener_refuse(
			o, o->state == 0 ? "the greeting refuses" : "STARTTLS refused", line);
	if (!probe_has_word(head, "OK"))
		return probe_opener_garbage(o, "not a ManageSieve response", line);
	if (o->state == 1)
		return OPENER_READY;
	if (!o->has_starttls)
		return probe_opener_refuse(o, "STARTTLS is not offered", NOTHING);
	o->state = 1;
	return probe_opener_say(o, out, "STARTTLS\r\n", "answer to STARTTLS");
}

/* ---- IRC [IRCv3 tls, RFC1459 §2.3] ---- */

/* The command or number of a message: behind ":server " when that is there. */
static pqm_bytes irc_command(pqm_bytes line)
{
	size_t sp;

	if (line.n > 0 && line.p[0] == ':') {
		sp = pqm_find_byte(line, 0, ' ');
		line = sp == SIZE_MAX ? NOTHING : after(line, sp + 1);
	}
	sp = pqm_find_byte(line, 0, ' ');
	return sp == SIZE_MAX ? line : pqm_sub(line, 0, sp);
}

static enum opener_step irc(struct opener *o, pqm_bytes line, struct pqm_buf *out)
{
	pqm_bytes c = irc_command(line);

	if (pqm_eqs(c, "NOTICE")) {
		probe_opener_keep(o, line);
		return OPENER_MORE;
	}
	if (pqm_eqs(c, "PING")) {
		size_t sp = pqm_find_byte(line, 0, ' ');

		(void)pqm_buf_add(out, PQM_LIT("PONG "));
		(void)pqm_buf_add(out, pqm_sub(line, sp == SIZE_MAX ? line.n : sp + 1, 128));
		(void)pqm_buf_add(out, PQM_LIT("\r\n"));
		return OPENER_MORE;
	}
	if (pqm_eqs(c, "670")) /* RPL_STARTTLS */
		return OPENER_READY;
	if (pqm_eqs(c, "ERROR") || pqm_eqs(c, "691") || pqm_eqs(c, "421") || pqm_eqs(c, "451"))
		return probe_opener_refuse(o, "STARTTLS refused", line);
	if (c.p != NULL && c.n == 3 && is_digit(c.p[0]) && is_digit(c.p[1]) && is_digit(c.p[2]))
		return OPENER_MORE;
	return probe_opener_garbage(o, "not an IRC message", line);
}

/* ---- NATS: INFO {json}, then TLS at once when the server says so ---- */

/* Is "key":true in the text? Keys of the INFO object are plain ASCII. */
static bool json_true(pqm_bytes text, const char *key)
{
	size_t at = 0;

	while ((at = pqm_find(text, at, pqm_str(key))) != SIZE_MAX) {
		pqm_bytes rest = pqm_trim(after(text, at + strlen(key)));

		if (rest.n > 0 && rest.p[0] == ':' &&
			pqm_starts(pqm_trim(after(rest, 1)), PQM_LIT("true")))
			return true;
		at++;
	}
	return false;
}

static void nats_banner(struct opener *o, pqm_bytes line)
{
	size_t at = pqm_find(line, 0, PQM_LIT("\"version\":\"")), stop;
	char text[OPENER_BANNER_BYTES + 1];

	if (at == SIZE_MAX)
		return;
	at += sizeof("\"version\":\"") - 1;
	stop = pqm_find_byte(line, at, '"');
	probe_opener_text(
		text, sizeof(text) - 16, pqm_sub(line, at, stop == SIZE_MAX ? 0 : stop - at));
	(void)snprintf(o->banner, sizeof(o->banner), "nats-server %.*s",
		(int)sizeof(o->banner) - 16, text);
}

static enum opener_step nats(struct opener *o, pqm_bytes line, struct pqm_buf *out)
{
	(void)out;
	if (pqm_starts(line, PQM_LIT("-ERR")))
		return probe_opener_refuse(o, "the greeting refuses", line);
	if (!pqm_starts(line, PQM_LIT("INFO ")))
		return probe_opener_garbage(o, "not a NATS greeting", line);
	nats_banner(o, line);
	if (json_true(line, "\"tls_required\"") || json_true(line, "\"tls_available\""))
		return OPENER_READY;
	return probe_opener_refuse(o, "TLS is not offered", NOTHING);
}

const struct opener_proto probe_line_protos[] = {
	{ .scheme = "smtp", .bye = "QUIT\r\n", .line = smtp },
	{ .scheme = "submission", .bye = "QUIT\r\n", .line = smtp },
	{ .scheme = "lmtp", .bye = "QUIT\r\n", .line = lmtp },
	{ .scheme = "imap", .bye = "z LOGOUT\r\n", .line = imap },
	{ .scheme = "pop3", .bye = "QUIT\r\n", .line = pop3 },
	{ .scheme = "ftp", .bye = "QUIT\r\n", .line = ftp },
	{ .scheme = "nntp", .bye = "QUIT\r\n", .line = nntp },
	{ .scheme = "sieve", .bye = "LOGOUT\r\n", .line = sieve },
	/* The server's first NOTICE may be slow to come, by its look-ups: the command does not wait. */
	{ .scheme = "irc", .first = "STARTTLS\r\n", .bye = "QUIT\r\n", .line = irc },
	{ .scheme = "nats", .line = nats },
	{ .scheme = NULL },
};
