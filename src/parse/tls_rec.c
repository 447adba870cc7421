#include "tls.h"

#define HEADER 5
#define SSL2_ERROR 0
#define SSL2_SERVER_HELLO 4
#define SSL2_SERVER_HELLO_MIN 11
#define QUOTE_BYTES 60

/* ---- what else answered ---- */

struct greeting {
	const char *words, *name;
};

static const struct greeting greetings[] = {
	{ "HTTP/", "HTTP" },
	{ "<!DOC", "HTTP (a bare page)" },
	{ "<html", "HTTP (a bare page)" },
	{ "<HTML", "HTTP (a bare page)" },
	{ "<?xml", "XMPP" },
	{ "<stre", "XMPP" },
	{ "SSH-", "SSH" },
	{ "RFB 0", "VNC" },
	{ "+OK", "POP3" },
	{ "* OK", "IMAP" },
	{ "* BYE", "IMAP" },
	{ "* BAD", "IMAP" },
	{ "* PRE", "IMAP" },
	{ "INFO ", "NATS" },
	{ "-DENI", "Redis" },
	{ "-NOAU", "Redis" },
	{ "-ERR", "Redis, NATS or POP3" },
	{ "AMQP", "AMQP" },
	{ "@RSYN", "rsync" },
	{ "\"IMPL", "ManageSieve" },
	{ "NOTIC", "IRC" },
	{ "ERROR", "memcached or IRC" },
};

/* SMTP, FTP and NNTP all begin with a code of three digits: "220 mail.example ESMTP". */
static const struct greeting replies[] = {
	{ "SMTP", "SMTP" },
	{ "smtp", "SMTP" },
	{ "FTP", "FTP" },
	{ "ftp", "FTP" },
	{ "NNTP", "NNTP" },
	{ "InterNet", "NNTP" },
	{ "news", "NNTP" },
};

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static const char *text_name(pqm_bytes in)
{
	pqm_bytes line = pqm_sub(in, 0, 256);

	for (size_t i = 0; i < sizeof(greetings) / sizeof(greetings[0]); i++)
		if (pqm_starts(in, pqm_str(greetings[i].words)))
			return greetings[i].name;
	if (in.p[0] == ':' && pqm_find(line, 0, PQM_LIT(" NOTICE ")) != SIZE_MAX)
		return "IRC";
	if (!is_digit(in.p[0]) || !is_digit(in.p[1]) || !is_digit(in.p[2]) ||
		(in.p[3] != ' ' && in.p[3] != '-'))
		return NULL;
	for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++)
		if (pqm_find(line, 4, pqm_str(replies[i].words)) != SIZE_MAX)
			return replies[i].name;
	return in.p[0] == '2' && in.p[1] == '0' ? "NNTP" : "SMTP or FTP";
}

/* Packets that begin with a length, a tag or a frame header. */
static const char *packet_name(pqm_bytes in)
{
	const uint8_t *p = in.p;

	if (p[2] == 0 && p[3] == 0 && (p[4] == 0x0a || p[4] == 0xff))
		return "MySQL"; /* length, sequence 0, then protocol 10 or an error */
	if (p[0] == 'E' && p[1] == 0 && p[2] == 0)
		return "PostgreSQL";
	if (p[0] == 0 && p[3] == 4)
		return "HTTP/2"; /* SETTINGS */
	if (p[0] == 0x30 && ((p[1] < 0x80 && p[2] == 2) || p[1] == 0x84))
		return "LDAP";
	if (p[0] == 0xff && p[1] >= 0xfb && p[1] <= 0xfe)
		return "Telnet";
	if (p[0] == 0xff && p[1] == 0 && p[2] == 0 && p[3] == 0)
		return "ZeroMQ";
	if (p[0] == 0x20 && p[1] == 2)
		return "MQTT";
	if (p[0] == 3 && p[1] == 0)
		return "RDP";
	if (p[0] == 4 && p[1] == 1)
		return "TDS (SQL Server)";
	return NULL;
}

/* in has HEADER bytes. */
static enum pqm_st refuse(pqm_bytes in, struct pqm_err *err)
{
	const char *name = text_name(in);
	char quote[QUOTE_BYTES + 1];
	size_t n = 0;

	if (name == NULL) {
		name = packet_name(in);
		if (name != NULL)
			return pqm_fail(err, PQM_EPARSE, "no TLS: this is %s", name);
		return pqm_fail(err, PQM_EPARSE,
			"no TLS record: it begins %02x %02x %02x %02x %02x", in.p[0], in.p[1],
			in.p[2], in.p[3], in.p[4]);
	}
	for (; n < in.n && n < QUOTE_BYTES && in.p[n] != '\r' && in.p[n] != '\n'; n++)
		quote[n] = in.p[n] < 0x20 || in.p[n] > 0x7e ? '?' : (char)in.p[n];
	quote[n] = '\0';
	return pqm_fail(err, PQM_EPARSE, "no TLS: this is %s, \"%s\"", name, quote);
}

/* ---- records ---- */

/* Of an SSL 2.0 server that has seen our SSL 2.0 hello: SERVER-HELLO, or an ERROR of three bytes. */
static bool is_ssl2(pqm_bytes in)
{
	size_t n = ((in.p[0] & 0x7fu) << 8) | in.p[1];

	if ((in.p[0] & 0x80) == 0)
		return false;
	return in.p[2] == SSL2_ERROR ? n == 3
				     : in.p[2] == SSL2_SERVER_HELLO && n >= SSL2_SERVER_HELLO_MIN;
}

static void take(struct pqm_tls_record *out, bool *more, pqm_bytes *in, size_t header, size_t n,
	struct pqm_tls_record rec)
{
	*more = in->n - header < n;
	if (*more)
		return;
	rec.body = pqm_sub(*in, header, n);
	*out = rec;
	*in = pqm_sub(*in, header + n, in->n);
}

enum pqm_st pqm_tls_record_next(
	struct pqm_tls_record *out, bool *more, pqm_bytes *in, struct pqm_err *err)
{
	const uint8_t *p = in->p;
	size_t n;

	if (in->n < HEADER) {
		*more = true;
		return PQM_OK;
	}
	if (is_ssl2(*in)) {
		n = ((p[0] & 0x7fu) << 8) | p[1];
		take(out, more, in, 2, n,
			(struct pqm_tls_record){ .version = PQM_SSL20, .is_ssl2 = true });
		return PQM_OK;
	}
	if (p[0] < PQM_REC_CCS || p[0] > PQM_REC_DATA || p[1] != 3 || p[2] > 4)
		return refuse(*in, err);
	n = ((size_t)p[3] << 8) | p[4];
	if (n > PQM_TLS_RECORD_BYTES)
		return pqm_fail(err, PQM_EPARSE, "TLS record of %zu bytes, over the limit of %d", n,
			PQM_TLS_RECORD_BYTES);
	take(out, more, in, HEADER, n,
		(struct pqm_tls_record){ .type = p[0], .version = (uint16_t)((p[1] << 8) | p[2]) });
	return PQM_OK;
}

/* ---- handshake messages over records ---- */

#define MESSAGE_HEADER 4

void pqm_tls_joiner_init(struct pqm_tls_joiner *j, size_t max_bytes)
{
	*j = (struct pqm_tls_joiner){ .max = max_bytes };
	pqm_buf_init(&j->buf, max_bytes + PQM_TLS_RECORD_BYTES);
}

void pqm_tls_joiner_fini(struct pqm_tls_joiner *j)
{
	pqm_buf_fini(&j->buf);
	j->at = j->walked = 0;
}

static size_t declared(const uint8_t *p)
{
	return MESSAGE_HEADER + (((size_t)p[1] << 16) | ((size_t)p[2] << 8) | p[3]);
}

/* Looks at the headers that are new: each once, however many records a message takes. */
static enum pqm_st walk(struct pqm_tls_joiner *j, struct pqm_err *err)
{
	while (j->buf.n - j->walked >= MESSAGE_HEADER) {
		size_t n = declared(j->buf.p + j->walked);

		if (n > j->max)
			return pqm_fail(err, PQM_ELIMIT,
				"handshake message %u of %zu bytes, over the limit of %zu",
				j->buf.p[j->walked], n, j->max);
		if (n > j->buf.n - j->walked)
			return PQM_OK;
		j->walked += n;
	}
	return PQM_OK;
}

enum pqm_st pqm_tls_joiner_add(struct pqm_tls_joiner *j, pqm_bytes body, struct pqm_err *err)
{
	if (j->at > 0) {
		j->buf.n -= j->at;
		memmove(j->buf.p, j->buf.p + j->at, j->buf.n);
		j->walked -= j->at;
		j->at = 0;
	}
	if (body.n > j->buf.max - j->buf.n)
		return pqm_fail(err, PQM_ELIMIT, "%zu handshake bytes wait, over the limit of %zu",
			j->buf.n + body.n, j->buf.max);
	if (!pqm_buf_add(&j->buf, body))
		return pqm_fail(err, PQM_ENOMEM, "no memory for %zu handshake bytes", body.n);
	return walk(j, err);
}

bool pqm_tls_joiner_next(struct pqm_tls_joiner *j, uint8_t *type, pqm_bytes *body, pqm_bytes *raw)
{
	/* Up to `walked` messages are whole and within the limit. */
	if (j->at == j->walked)
		return false;
	*raw = pqm_sub(pqm_buf_bytes(&j->buf), j->at, declared(j->buf.p + j->at));
	*body = pqm_sub(*raw, MESSAGE_HEADER, raw->n);
	*type = raw->p[0];
	j->at += raw->n;
	return true;
}
