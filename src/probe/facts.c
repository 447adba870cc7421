#include "int.h"

#include <stdarg.h>
#include <stdio.h>

const char *probe_end_name(enum probe_end e)
{
	switch (e) {
	case PROBE_RUNNING:
		return "running";
	case PROBE_GOAL:
		return "goal";
	case PROBE_ALERT:
		return "alert";
	case PROBE_CLOSED:
		return "closed";
	case PROBE_RESET:
		return "reset";
	case PROBE_TIMEOUT:
		return "timeout";
	case PROBE_NO_CONNECT:
		return "connection refused";
	case PROBE_UNREACHABLE:
		return "unreachable";
	case PROBE_GARBAGE:
		return "garbage";
	case PROBE_BUDGET:
		return "budget";
	case PROBE_LOCAL:
		return "local";
	}
	return "unknown";
}

void probe_flight_end(
	struct probe_flight *f, enum probe_end end, const char *how, const char *fmt, ...)
{
	va_list ap;

	if (f->end != PROBE_RUNNING)
		return;
	f->end = end;
	f->how = how;
	va_start(ap, fmt);
	(void)vsnprintf(f->words, sizeof(f->words), fmt, ap);
	va_end(ap);
}

void probe_flight_datagram(struct probe_flight *f, size_t n)
{
	f->datagram_bytes += n;
	if (++f->n_datagrams > PQM_PROBE_DATAGRAMS || f->datagram_bytes > PQM_PROBE_CONN_BYTES)
		probe_flight_end(f, PROBE_BUDGET, "datagrams", "%u datagrams, %llu bytes",
			f->n_datagrams, (unsigned long long)f->datagram_bytes);
}

void probe_flight_stray(struct probe_flight *f, enum probe_end why)
{
	if (++f->n_strays > PQM_PROBE_STRAYS)
		probe_flight_end(f, why, "datagrams",
			"%u datagrams that are not of this connection, or came before",
			f->n_strays);
}

void probe_flight_lost(struct probe_flight *f, enum probe_end why, const char *words)
{
	if (why == PROBE_TIMEOUT && f->n_strays > 0 && words == NULL)
		probe_flight_end(f, why, probe_end_name(why),
			"%u datagrams that are not of this connection", f->n_strays);
	probe_flight_end(f, why, probe_end_name(why), "%s", words == NULL ? "" : words);
}

/* A copy in the job's arena; what does not fit makes the endpoint incomplete. */
static bool copy(struct probe_job *j, pqm_bytes in, pqm_bytes *out)
{
	*out = (pqm_bytes){ NULL, 0 };
	if (in.n == 0)
		return true;
	*out = pqm_bytes_dup(&j->arena, in);
	if (out->p != NULL)
		return true;
	j->is_cut = true;
	return false;
}

static void add_offer(struct probe_job *j, const struct pqm_offer *o)
{
	struct pqm_endpoint *e = &j->ep;
	struct pqm_offer *grown = pqm_grow(&j->arena, e->offers, e->n_offers, &e->cap_offers);

	if (grown == NULL) {
		j->is_cut = true;
		return;
	}
	e->offers = grown;
	e->offers[e->n_offers++] = *o;
}

static uint16_t rank16(unsigned rank)
{
	return rank > UINT16_MAX ? UINT16_MAX : (uint16_t)rank;
}

/* NOLINTNEXTLINE(readability-function-size): a fact is what, of which version, how answered, and why */
void probe_offer(struct probe_job *j, enum pqm_offer_kind kind, uint16_t code, uint16_t version,
	enum pqm_answer answer, unsigned rank, const char *how)
{
	struct pqm_offer o = { .kind = kind,
		.code = code,
		.version = version,
		.answer = answer,
		.rank = rank16(rank) };

	if (copy(j, pqm_str(how), &o.how))
		add_offer(j, &o);
}

void probe_offer_name(struct probe_job *j, enum pqm_offer_kind kind, pqm_bytes name,
	enum pqm_answer answer, unsigned rank, const char *how)
{
	struct pqm_offer o = { .kind = kind, .answer = answer, .rank = rank16(rank) };

	if (copy(j, name, &o.name) && copy(j, pqm_str(how), &o.how))
		add_offer(j, &o);
}

static struct pqm_wire_fact *fact_of(struct probe_job *j, const char *key)
{
	struct pqm_endpoint *e = &j->ep;
	struct pqm_wire_fact f = { 0 };

	for (size_t i = 0; i < e->n_facts; i++)
		if (pqm_eqs(e->facts[i].key, key))
			return &e->facts[i];
	struct pqm_wire_fact *grown = pqm_grow(&j->arena, e->facts, e->n_facts, &e->cap_facts);

	if (grown == NULL) {
		j->is_cut = true;
		return NULL;
	}
	e->facts = grown;
	if (!copy(j, pqm_str(key), &f.key))
		return NULL;
	e->facts[e->n_facts++] = f;
	return &e->facts[e->n_facts - 1];
}

/* Formatted, printable, in the arena. */
static bool PQM_PRINTF(2, 0)
	words_of(struct probe_job *j, const char *fmt, va_list ap, pqm_bytes *out)
{
	char text[PQM_TEXT_BYTES];
	int n = fmt == NULL ? 0 : vsnprintf(text, sizeof(text), fmt, ap);

	*out = (pqm_bytes){ NULL, 0 };
	if (n <= 0)
		return n == 0;
	pqm_bytes raw = { (const uint8_t *)text,
		(size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1 };
	pqm_bytes clean = pqm_printable(&j->arena, raw);

	if (clean.p == NULL) {
		j->is_cut = true;
		return false;
	}
	if (clean.p != raw.p) {
		*out = clean;
		return true;
	}
	return copy(j, raw, out);
}

void probe_fact(struct probe_job *j, const char *key, enum pqm_answer answer, const char *how,
	const char *value_fmt, ...)
{
	struct pqm_wire_fact *f = fact_of(j, key);
	pqm_bytes value = { NULL, 0 };
	va_list ap;

	if (f == NULL)
		return;
	va_start(ap, value_fmt);
	bool is_whole = value_fmt == NULL || words_of(j, value_fmt, ap, &value);

	va_end(ap);
	if (!is_whole)
		return;
	f->answer = answer;
	f->value = value;
	(void)copy(j, pqm_str(how), &f->how);
}

static bool is_same_chain(
	const struct pqm_chain *c, const char *type, const pqm_bytes *der, size_t n)
{
	if (c->n_certs != n || !pqm_eqs(c->type, type))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!pqm_eq(c->certs[i].der, der[i]))
			return false;
	return true;
}

/* NOLINTNEXTLINE(readability-function-size): what a chain was sent in, for and proven by */
struct pqm_chain *probe_chain(struct probe_job *j, uint16_t version, uint16_t scheme,
	enum pqm_answer proven, const char *type, const pqm_bytes *der, size_t n)
{
	struct pqm_endpoint *e = &j->ep;

	for (size_t i = 0; i < e->n_chains; i++) {
		struct pqm_chain *c = &e->chains[i];

		if (c->version != version || !is_same_chain(c, type, der, n))
			continue;
		if (scheme != 0)
			c->scheme = scheme;
		if (proven != PQM_A_UNKNOWN)
			c->proven = proven;
		return c;
	}
	struct pqm_chain *grown = pqm_grow(&j->arena, e->chains, e->n_chains, &e->cap_chains);
	struct pqm_chain c = { .version = version, .scheme = scheme, .proven = proven };

	if (grown != NULL)
		e->chains = grown;
	c.certs = pqm_new(&j->arena, struct pqm_wire_cert, n);
	if (grown == NULL || c.certs == NULL || !copy(j, pqm_str(type), &c.type)) {
		j->is_cut = true;
		return NULL;
	}
	for (size_t i = 0; i < n; i++)
		if (!copy(j, der[i], &c.certs[i].der))
			return NULL;
	c.n_certs = n;
	e->chains[e->n_chains] = c;
	return &e->chains[e->n_chains++];
}

void probe_words(struct probe_job *j, enum pqm_reach reach, const char *fmt, ...)
{
	va_list ap;

	j->ep.reach = reach;
	va_start(ap, fmt);
	(void)words_of(j, fmt, ap, &j->ep.words);
	va_end(ap);
}
