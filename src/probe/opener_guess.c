#include "probe/opener.h"

/* Greetings are short: what is not told by the first bytes is not told by more. */
#define GUESS_BYTES 1024u

/* A server that spoke is waited for longer than one that may have nothing to say. */
#define ANSWER_MS (4 * PQM_PROBE_GREETING_MS)

#define EHLO "EHLO " OPENER_OUR_NAME "\r\n"
#define LHLO "LHLO " OPENER_OUR_NAME "\r\n"

enum guess_state { HEARING, ASKED_EHLO, ASKED_LHLO };

struct guess {
	uint16_t port;
	enum guess_state state;
	const char *scheme; /* NULL while open */
	bool has_bytes;
	uint32_t wait_ms;
	char greeting[OPENER_BANNER_BYTES + 1];
};

void *probe_guess_new(uint16_t port)
{
	struct guess *g = pqm_calloc(1, sizeof(*g));

	if (g != NULL) {
		g->port = port;
		g->wait_ms = PQM_PROBE_GREETING_MS;
	}
	return g;
}

static bool has_any(pqm_bytes line, const char *const *words)
{
	for (; *words != NULL; words++)
		if (probe_has_word(line, *words))
			return true;
	return false;
}

/* The schemes that greet with 220 or 200, by the port they live on. */
static const char *by_port(uint16_t port)
{
	for (const struct probe_opener *p = probe_openers; p->scheme != NULL; p++)
		if (p->port == port && !p->is_silent)
			return p->scheme;
	return NULL;
}

/* "220 …": SMTP, LMTP or FTP [RFC5321 §4.2, RFC959 §5.4]. Servers name their protocol or themselves; NULL:
 * this one does not, and its port says nothing. */
static const char *of_220(pqm_bytes text, uint16_t port)
{
	static const char *const lmtp[] = { "LMTP", NULL };
	static const char *const smtp[] = { "SMTP", "ESMTP", "Postfix", "Exim", "Sendmail",
		"ESMTPS", NULL };
	static const char *const ftp[] = { "FTP", "FTPd", "vsFTPd", "ProFTPD", "Pure-FTPd",
		"FileZilla", "FTPS", "pyftpdlib", "WFTPD", NULL };
	const char *p;

	if (has_any(text, lmtp))
		return "lmtp";
	if (has_any(text, smtp))
		return port == 587 ? "submission" : "smtp";
	if (has_any(text, ftp))
		return "ftp";
	p = by_port(port);
	if (p != NULL &&
		(pqm_eqs(pqm_str(p), "smtp") || pqm_eqs(pqm_str(p), "submission") ||
			pqm_eqs(pqm_str(p), "lmtp") || pqm_eqs(pqm_str(p), "ftp")))
		return p;
	return NULL;
}

/* The last resort: SMTP must greet with a host name, FTP greetings seldom do. */
static const char *of_shape(const char *greeting)
{
	pqm_bytes line = pqm_str(greeting);

	line = pqm_sub(line, 4, line.n);
	line = pqm_sub(line, 0, pqm_find_byte(line, 0, ' '));
	return pqm_find_byte(line, 0, '.') != SIZE_MAX && line.n > 3 && line.p[0] != '(' ? "smtp"
											 : "ftp";
}

static bool starts_220(pqm_bytes s)
{
	return pqm_starts(s, PQM_LIT("220")) || pqm_starts(s, PQM_LIT("421")) ||
		pqm_starts(s, PQM_LIT("554"));
}

/* The code of a whole reply, of its last line, which ends at *end; 0: it is not all there, or no reply. */
static unsigned reply_code(pqm_bytes in, size_t *end)
{
	size_t at = 0, nl;

	while ((nl = pqm_find_byte(in, at, '\n')) != SIZE_MAX) {
		pqm_bytes line = pqm_sub(in, at, nl - at);
		unsigned code;
		bool is_last;

		if (line.n > 0 && line.p[line.n - 1] == '\r')
			line.n--;
		at = nl + 1;
		if (probe_opener_reply(line, &code, &is_last) && is_last) {
			*end = at;
			return code;
		}
	}
	return 0;
}

static bool is_mysql(pqm_bytes in)
{
	size_t n;

	if (in.n < 5)
		return false;
	n = (size_t)in.p[0] | (size_t)in.p[1] << 8 | (size_t)in.p[2] << 16;
	return in.p[3] == 0 && n >= 3 && n <= OPENER_MESSAGE_BYTES &&
		(in.p[4] == 0x0a || in.p[4] == 0xff);
}

/* What the bytes say; NULL: not yet, or nothing that we know. */
static const char *read_greeting(pqm_bytes in, uint16_t port)
{
	size_t nl = pqm_find_byte(in, 0, '\n');
	pqm_bytes line = pqm_sub(in, 0, nl);

	if (is_mysql(in))
		return "mysql";
	if (pqm_starts(in, PQM_LIT("SSH-")))
		return "ssh";
	if (pqm_starts(in, PQM_LIT("INFO {")))
		return "nats";
	if (pqm_starts(in, PQM_LIT("* OK")) || pqm_starts(in, PQM_LIT("* PREAUTH")) ||
		pqm_starts(in, PQM_LIT("* BYE")))
		return "imap";
	if (pqm_starts(in, PQM_LIT("+OK")) || pqm_starts(in, PQM_LIT("-ERR")))
		return "pop3";
	if (nl == SIZE_MAX)
		return NULL;
	if (starts_220(line))
		return of_220(in, port);
	if (pqm_starts(line, PQM_LIT("200 ")) || pqm_starts(line, PQM_LIT("201 ")) ||
		pqm_starts(line, PQM_LIT("400 ")) || pqm_starts(line, PQM_LIT("502 ")))
		return "nntp";
	if (pqm_starts(line, PQM_LIT("\"IMPLEMENTATION\"")))
		return "sieve";
	if (probe_has_word(line, "NOTICE") || pqm_starts(line, PQM_LIT("ERROR :")))
		return "irc";
	/* SSH servers may say something else first [RFC4253 §4.2]. */
	return pqm_find(in, 0, PQM_LIT("\nSSH-")) != SIZE_MAX ? "ssh" : NULL;
}

const char *probe_greeting_scheme(pqm_bytes line, uint16_t port)
{
	char z[GUESS_BYTES];
	size_t n = line.n < sizeof(z) - 1 ? line.n : sizeof(z) - 1;

	if (n == 0)
		return NULL;
	memcpy(z, line.p, n);
	z[n] = '\n';
	return read_greeting((pqm_bytes){ (const uint8_t *)z, n + 1 }, port);
}

static enum probe_want guess_start(void *self, struct pqm_buf *out)
{
	(void)self;
	(void)out;
	return PROBE_READ;
}

static enum probe_want decide(struct guess *g, const char *scheme)
{
	g->wait_ms = 0;
	g->scheme = scheme != NULL ? scheme : "tls";
	return scheme != NULL ? PROBE_DONE : PROBE_NEXT;
}

/* What is left when no more will come. */
static enum probe_want give_up(struct guess *g)
{
	return decide(g, starts_220(pqm_str(g->greeting)) ? of_shape(g->greeting) : NULL);
}

static enum probe_want ask(
	struct guess *g, enum guess_state state, const char *text, struct pqm_buf *out)
{
	g->state = state;
	g->wait_ms = ANSWER_MS;
	(void)pqm_buf_add(out, pqm_str(text));
	return PROBE_READ;
}

/* EHLO is SMTP's, LHLO is LMTP's and each refuses the other's [RFC2033 §4.1]; FTP knows neither, or wants a
 * user first [RFC959 §5.4]. */
static enum probe_want hear_answer(struct guess *g, pqm_bytes in, size_t *used, struct pqm_buf *out)
{
	size_t end = 0;
	unsigned code = reply_code(in, &end);

	if (code == 0)
		return in.n <= OPENER_MESSAGE_BYTES ? PROBE_READ : give_up(g);
	*used = end;
	if (code != 250 && g->state == ASKED_EHLO && code >= 500)
		return ask(g, ASKED_LHLO, LHLO, out);
	(void)pqm_buf_add(out, PQM_LIT("QUIT\r\n"));
	if (code == 250)
		return decide(g, g->state == ASKED_EHLO ? "smtp" : "lmtp");
	if (code == 500 || code == 502 || code == 530)
		return decide(g, "ftp");
	return give_up(g);
}

static enum probe_want guess_input(void *self, pqm_bytes in, size_t *used, struct pqm_buf *out)
{
	struct guess *g = self;
	const char *scheme;
	unsigned code;
	size_t end = 0;

	*used = 0;
	if (g->state != HEARING)
		return hear_answer(g, in, used, out);
	scheme = read_greeting(in, g->port);
	if (in.n > 0 && !g->has_bytes) {
		g->has_bytes = true;
		g->wait_ms = PQM_PROBE_GREETING_MS; /* for the rest of the greeting */
	}
	probe_opener_text(
		g->greeting, sizeof(g->greeting), pqm_sub(in, 0, pqm_find_byte(in, 0, '\n')));
	if (scheme != NULL)
		return decide(g, scheme);
	code = starts_220(in) ? reply_code(in, &end) : 0;
	if (code == 220) {
		*used = end;
		return ask(g, ASKED_EHLO, EHLO, out);
	}
	if (code != 0)
		return give_up(g);
	return in.n <= GUESS_BYTES ? PROBE_READ : give_up(g);
}

static uint32_t guess_wait(const void *self)
{
	return ((const struct guess *)self)->wait_ms;
}

static enum probe_want guess_timer(void *self, struct pqm_buf *out)
{
	(void)out;
	return give_up(self);
}

static void guess_end(void *self, enum probe_end why, const char *words)
{
	struct guess *g = self;

	(void)why;
	(void)words;
	if (g->scheme == NULL)
		(void)give_up(g);
}

static void guess_free(void *self)
{
	pqm_free(self);
}

const struct probe_machine probe_guess_machine = {
	.name = "guess",
	.start = guess_start,
	.input = guess_input,
	.wait_ms = guess_wait,
	.timer = guess_timer,
	.end = guess_end,
	.free = guess_free,
};

const char *probe_guess_scheme(const void *self)
{
	const char *s = ((const struct guess *)self)->scheme;

	return s != NULL ? s : "tls";
}

const char *probe_guess_greeting(const void *self)
{
	return ((const struct guess *)self)->greeting;
}
