#include "probe/int.h"

/* `auto`: what greets is known by its greeting, which the TLS strategy hears; what waits for us is asked in
 * its own protocol, when it does not answer a ClientHello or lives on its own port.
 * A bare HOST:PORT is TLS for most users: the ClientHello goes first, and who answers it in another protocol is
 * asked in that, from the second connection on. */

#define CANDIDATES 8

struct auto_state {
	void *inner; /* the TLS strategy's state, while it is not in j->state */
	bool is_asked;
	bool is_asking; /* the last connection was an opener's of ours */
	bool is_tls_done;
	bool is_closed; /* a ClientHello was answered by nothing but the end of the connection */
	size_t at, n;
	const char *scheme[CANDIDATES]; /* to be tried */
	const char *refused;		/* spoke its protocol, but refused TLS */
};

static bool own_port(uint16_t port)
{
	for (const struct probe_opener *o = probe_openers; o->scheme != NULL; o++)
		if (o->is_silent && o->port == port)
			return true;
	return false;
}

/* The silent protocols, the one of this port first. */
static void list_schemes(struct auto_state *s, uint16_t port)
{
	for (int pass = 0; pass < 2; pass++)
		for (const struct probe_opener *o = probe_openers; o->scheme != NULL; o++)
			if (o->is_silent && (o->port == port) == (pass == 0) && s->n < CANDIDATES)
				s->scheme[s->n++] = o->scheme;
}

static void hear_opener(struct auto_state *s, const void *self, const char **found)
{
	enum probe_end end = probe_opener_end(self);

	if (end == PROBE_GOAL)
		*found = s->scheme[s->at - 1];
	else if (end == PROBE_ALERT && s->refused == NULL)
		s->refused = s->scheme[s->at - 1];
}

/* Nothing that was said before the protocol was known counts. */
static void forget(struct pqm_endpoint *e)
{
	e->n_offers = e->n_chains = e->n_facts = 0;
	e->reach = PQM_R_ANSWERED;
	e->posture = PQM_P_UNKNOWN;
	e->words = e->posture_how = e->software = e->protocol = e->app = (pqm_bytes){ NULL, 0 };
	e->is_complete = e->varies = e->is_order_known = e->is_server_order = false;
}

/* Hands the endpoint on as if the user had named this scheme. */
static bool become(struct probe_job *j, const char *scheme, struct probe_request *req)
{
	struct pqm_probe_target *t = pqm_new(&j->arena, struct pqm_probe_target, 1);

	if (t == NULL)
		return false;
	*t = *j->target;
	t->scheme = scheme;
	if (t->is_bare && strcmp(scheme, "auto") != 0) {
		j->ep.scheme = pqm_str(scheme);
		t->is_bare = false;
	}
	j->target = t;
	j->state = NULL;
	j->strategy = strcmp(scheme, "ssh") == 0 ? &probe_ssh_strategy
		: strcmp(scheme, "auto") == 0	 ? &probe_auto_strategy
						 : &probe_tls_strategy;
	forget(&j->ep);
	return j->strategy->next(j, NULL, NULL, req);
}

/* Names that parse/tls_rec.c gives to what answers a ClientHello without a greeting that opener_guess.c
 * knows. */
static const struct {
	const char *word, *scheme;
} unasked[] = { { "this is XMPP", "xmpp" }, { "this is XMPP", "xmpp-server" },
	{ "this is RDP", "rdp" }, { "this is LDAP", "ldap" },
	{ "this is PostgreSQL", "postgres" } };

/* What the answer to a ClientHello says that it is; NULL: TLS, or nothing that we could ask. */
static const char *spoken_scheme(const struct probe_job *j, const struct probe_request *done,
	const struct probe_outcome *last)
{
	const struct probe_flight *f;
	const char *scheme;
	pqm_bytes words;
	bool is_reply;
	size_t quote;

	if (!last->is_connected || last->at + 1 != done->n)
		return NULL;
	f = probe_flight_of(done->chain[done->n - 1].self);
	words = pqm_str(f->words);
	if (f->end != PROBE_GARBAGE || !pqm_starts(words, PQM_LIT("no TLS: this is ")))
		return NULL;
	if (pqm_find(words, 0, PQM_LIT("this is MySQL")) != SIZE_MAX)
		return "mysql";
	for (size_t i = 0; i < sizeof(unasked) / sizeof(unasked[0]); i++)
		if (pqm_find(words, 0, pqm_str(unasked[i].word)) != SIZE_MAX)
			return unasked[i].scheme;
	quote = pqm_find(words, 0, PQM_LIT(", \""));
	if (quote == SIZE_MAX)
		return NULL;
	is_reply = pqm_find(words, 0, PQM_LIT("this is SMTP or FTP")) != SIZE_MAX;
	words = pqm_sub(words, quote + 3, words.n);
	if (pqm_ends(words, PQM_LIT("\"")))
		words.n--;
	scheme = probe_greeting_scheme(words, j->ep.port);
	/* The guess knows how to ask who does not say his name. */
	return scheme == NULL && is_reply ? "auto" : scheme;
}

/* TLS first, as long as nothing else was heard. */
static bool is_bare(const struct probe_job *j)
{
	return j->target->is_bare && strcmp(j->target->scheme, "tls") == 0;
}

static bool ask_opener(struct probe_job *j, struct auto_state *s, struct probe_request *req)
{
	const struct pqm_probe_target *t = j->target;

	*req = (struct probe_request){ .n = 1, .timeout_ms = PQM_PROBE_CONN_MS / 2 };
	req->chain[0].machine = &probe_opener_machine;
	req->chain[0].self =
		probe_opener_new(s->scheme[s->at++], t->sni != NULL ? t->sni : t->host);
	s->is_asking = s->is_asked = true;
	return req->chain[0].self != NULL;
}

/* Is the scheme worth asking after what the TLS strategy made of the server? Silence says nothing; words that
 * name a protocol (parse/tls_rec.c) leave that one. */
static bool is_likely(const struct pqm_endpoint *e, const char *scheme)
{
	if (e->reach == PQM_R_SILENT)
		return true;
	for (size_t i = 0; e->reach == PQM_R_OTHER && i < sizeof(unasked) / sizeof(unasked[0]); i++)
		if (pqm_find(e->words, 0, pqm_str(unasked[i].word)) != SIZE_MAX &&
			strcmp(unasked[i].scheme, scheme) == 0)
			return true;
	return false;
}

/* One step of the TLS strategy, which may have handed the endpoint on. */
static bool inner_next(struct probe_job *j, struct auto_state *s, const struct probe_request *done,
	const struct probe_outcome *last, struct probe_request *req)
{
	bool more;

	j->state = s->inner;
	more = probe_tls_strategy.next(j, done, last, req);
	if (j->strategy->next == probe_auto_strategy.next) {
		s->inner = j->state;
		j->state = s;
	}
	return more;
}

static bool auto_next(struct probe_job *j, const struct probe_request *done,
	const struct probe_outcome *last, struct probe_request *req)
{
	struct auto_state *s = j->state;
	const char *found = NULL;
	bool is_own = own_port(j->ep.port);

	if (s == NULL) {
		s = pqm_new(&j->arena, struct auto_state, 1);
		if (s == NULL)
			return false;
		j->state = s;
		list_schemes(s, j->ep.port);
		if (is_own)
			return ask_opener(j, s, req);
	} else if (s->is_asking) {
		s->is_asking = false;
		if (last->is_connected)
			hear_opener(s, done->chain[0].self, &found);
		if (found != NULL && !j->is_late)
			return become(j, found, req);
		done = NULL;
		last = NULL;
	} else if (is_bare(j) && last != NULL) {
		found = spoken_scheme(j, done, last);
		if (found != NULL && !j->is_late)
			return become(j, found, req);
		s->is_closed = last->is_connected && last->bytes_in == 0 &&
			(last->end == PROBE_CLOSED || last->end == PROBE_RESET);
	}
	if (!s->is_tls_done) {
		if (inner_next(j, s, done, last, req))
			return true;
		if (j->state != s)
			return false;
		s->is_tls_done = true;
	}
	/* Who keeps silent to a ClientHello may be slow or filtered; who hangs up reads something else. */
	if (j->is_late || (is_bare(j) && !s->is_closed && !s->is_asked))
		return false;
	while (s->at < s->n && !is_likely(&j->ep, s->scheme[s->at]))
		s->at++;
	if (s->at < s->n)
		return ask_opener(j, s, req);
	return s->refused != NULL && become(j, s->refused, req);
}

const struct probe_strategy probe_auto_strategy = { .name = "auto", .next = auto_next };
