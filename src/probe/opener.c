#include "probe/opener.h"

const struct probe_opener probe_openers[] = {
	{ "smtp", 25, 465, false },
	{ "submission", 587, 465, false },
	{ "lmtp", 24, 0, false },
	{ "imap", 143, 993, false },
	{ "pop3", 110, 995, false },
	{ "ftp", 21, 990, false },
	{ "nntp", 119, 563, false },
	{ "sieve", 4190, 0, false },
	{ "mysql", 3306, 0, false },
	{ "irc", 6667, 6697, false },
	{ "nats", 4222, 0, false },
	{ "postgres", 5432, 0, true },
	{ "ldap", 389, 636, true },
	{ "rdp", 3389, 0, true },
	{ "xmpp", 5222, 5223, true },
	{ "xmpp-server", 5269, 5270, true },
	{ NULL, 0, 0, false },
};

static const struct opener_proto *find_in(const struct opener_proto *p, const char *scheme)
{
	for (; p->scheme != NULL; p++)
		if (pqm_eqs(pqm_str(scheme), p->scheme))
			return p;
	return NULL;
}

void probe_opener_text(char *out, size_t size, pqm_bytes text)
{
	pqm_bytes t = pqm_trim(text);
	size_t n = 0;

	for (; n < t.n && n + 1 < size; n++) {
		uint8_t c = t.p[n];

		out[n] = c >= 0x20 && c < 0x7f ? (char)c : '?';
	}
	while (n > 0 && out[n - 1] == ' ')
		n--;
	out[n] = '\0';
}

void probe_opener_keep(struct opener *o, pqm_bytes text)
{
	if (o->has_greeting)
		return;
	o->has_greeting = true;
	probe_opener_text(o->banner, sizeof(o->banner), text);
}

static void words(struct opener *o, const char *what, pqm_bytes said)
{
	char text[120];

	probe_opener_text(text, sizeof(text), said);
	(void)snprintf(
		o->refusal, sizeof(o->refusal), "%s%s%s", what, text[0] != '\0' ? ": " : "", text);
}

enum opener_step probe_opener_refuse(struct opener *o, const char *what, pqm_bytes said)
{
	words(o, what, said);
	return OPENER_REFUSED;
}

enum opener_step probe_opener_garbage(struct opener *o, const char *what, pqm_bytes said)
{
	words(o, what, said);
	return OPENER_GARBAGE;
}

enum opener_step probe_opener_say(
	struct opener *o, struct pqm_buf *out, const char *text, const char *phase)
{
	o->phase = phase;
	(void)pqm_buf_add(out, pqm_str(text));
	return OPENER_MORE;
}

static bool is_word_byte(uint8_t c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_' ||
		c == '-' || c == '=';
}

bool probe_has_word(pqm_bytes line, const char *word)
{
	pqm_bytes w = pqm_str(word);

	for (size_t i = 0; i + w.n <= line.n; i++) {
		if (i > 0 && is_word_byte(line.p[i - 1]))
			continue;
		if (i + w.n < line.n && is_word_byte(line.p[i + w.n]))
			continue;
		if (pqm_ieq(pqm_sub(line, i, w.n), w))
			return true;
	}
	return false;
}

void *probe_opener_new(const char *scheme, const char *host)
{
	const struct opener_proto *p = find_in(probe_line_protos, scheme);
	struct opener *o;

	if (p == NULL)
		p = find_in(probe_bin_protos, scheme);
	if (p == NULL)
		return NULL;
	o = pqm_calloc(1, sizeof(*o));
	if (o == NULL)
		return NULL;
	o->proto = p;
	o->phase = p->first != NULL || p->open != NULL ? "answer" : "greeting";
	probe_opener_text(o->host, sizeof(o->host), pqm_str(host));
	return o;
}

static enum probe_want start(void *self, struct pqm_buf *out)
{
	struct opener *o = self;

	if (o->proto->open != NULL)
		o->proto->open(o, out);
	else if (o->proto->first != NULL)
		(void)pqm_buf_add(out,
			(pqm_bytes){ (const uint8_t *)o->proto->first,
				o->proto->first_bytes != 0 ? o->proto->first_bytes
							   : strlen(o->proto->first) });
	return PROBE_READ;
}

/* Goes through the whole lines of in; what follows the last is left for the next call. */
static enum opener_step take_lines(
	struct opener *o, pqm_bytes in, size_t *used, struct pqm_buf *out)
{
	enum opener_step step = OPENER_MORE;

	while (step == OPENER_MORE) {
		size_t nl = pqm_find_byte(in, *used, '\n');
		pqm_bytes line;

		if (nl == SIZE_MAX && in.n - *used <= OPENER_LINE_BYTES)
			break;
		if (nl == SIZE_MAX || nl - *used > OPENER_LINE_BYTES ||
			++o->n_lines > OPENER_LINES) {
			o->end = PROBE_BUDGET;
			return probe_opener_garbage(o,
				o->n_lines > OPENER_LINES ? "lines without end"
							  : "a line without end",
				(pqm_bytes){ NULL, 0 });
		}
		line = pqm_sub(in, *used, nl - *used);
		if (line.n > 0 && line.p[line.n - 1] == '\r')
			line.n--;
		*used = nl + 1;
		step = o->proto->line(o, line, out);
	}
	return step;
}

static enum probe_want finish(struct opener *o, enum opener_step step, struct pqm_buf *out)
{
	if (step == OPENER_READY) {
		o->end = PROBE_GOAL;
		return PROBE_NEXT;
	}
	if (o->end == PROBE_RUNNING)
		o->end = step == OPENER_REFUSED ? PROBE_ALERT : PROBE_GARBAGE;
	/* An orderly farewell, only to those that speak the protocol. */
	if (o->end == PROBE_ALERT && o->proto->bye != NULL)
		(void)pqm_buf_add(out, pqm_str(o->proto->bye));
	return PROBE_DONE;
}

static enum probe_want input(void *self, pqm_bytes in, size_t *used, struct pqm_buf *out)
{
	struct opener *o = self;
	enum opener_step step;

	*used = 0;
	if (o->end != PROBE_RUNNING) {
		*used = in.n;
		return PROBE_DONE;
	}
	step = o->proto->line != NULL ? take_lines(o, in, used, out)
				      : o->proto->take(o, in, used, out);
	o->n_bytes += *used;
	if (step == OPENER_MORE && o->n_bytes > OPENER_BYTES) {
		o->end = PROBE_BUDGET;
		step = probe_opener_garbage(o, "a dialogue without end", (pqm_bytes){ NULL, 0 });
	}
	if (step == OPENER_MORE)
		return PROBE_READ;
	/* A TLS server waits for our hello: whatever stands behind the go-ahead was put there in clear
	 * text, by the server or by somebody on the way, and must not be taken for the protected part. */
	if (step == OPENER_READY)
		o->n_behind = in.n - *used;
	*used = in.n;
	return finish(o, step, out);
}

static void end(void *self, enum probe_end why, const char *text)
{
	struct opener *o = self;

	if (o->end != PROBE_RUNNING)
		return;
	o->end = why;
	(void)snprintf(o->refusal, sizeof(o->refusal), "%s before the %s%s%s", probe_end_name(why),
		o->phase, text != NULL && text[0] != '\0' ? ": " : "", text != NULL ? text : "");
}

static void opener_free(void *self)
{
	pqm_free(self);
}

const struct probe_machine probe_opener_machine = {
	.name = "opener",
	.start = start,
	.input = input,
	.end = end,
	.free = opener_free,
};

const char *probe_opener_refusal(const void *self)
{
	const struct opener *o = self;

	if (o->end == PROBE_GOAL)
		return NULL;
	return o->refusal[0] != '\0' ? o->refusal : "not finished";
}

const char *probe_opener_banner(const void *self)
{
	return ((const struct opener *)self)->banner;
}

enum probe_end probe_opener_end(const void *self)
{
	return ((const struct opener *)self)->end;
}

static const char *rdp_protocol(uint32_t p)
{
	switch (p) {
	case 1:
		return "SSL";
	case 2:
		return "HYBRID";
	case 8:
		return "HYBRID_EX";
	default:
		return "other";
	}
}

void probe_opener_facts(const void *self, struct probe_job *j)
{
	const struct opener *o = self;
	bool spoke = o->end == PROBE_GOAL || o->end == PROBE_ALERT;

	if (spoke && j->ep.app.n == 0)
		j->ep.app = pqm_str(o->proto->scheme);
	if (o->banner[0] != '\0' && j->ep.software.n == 0)
		j->ep.software = pqm_bytes_dup(&j->arena, pqm_str(o->banner));
	if (spoke)
		probe_fact(j, "starttls", o->end == PROBE_GOAL ? PQM_A_YES : PQM_A_NO,
			o->proto->scheme, "%s", o->refusal);
	if (o->end == PROBE_GOAL && o->n_behind > 0)
		probe_fact(j, "starttls-injection", PQM_A_YES,
			"clear text behind the go-ahead, dropped", "%zu bytes", o->n_behind);
	if (o->end == PROBE_GOAL && o->selected != 0)
		probe_fact(j, "rdp-protocol", PQM_A_YES, "RDP_NEG_RSP", "%s",
			rdp_protocol(o->selected));
}
