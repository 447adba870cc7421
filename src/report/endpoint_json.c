#include "endpoint_json.h"

#include "report/endpoint_text.h"

#define WORDS_BYTES ((size_t)4 << 10)

static void code(struct pqm_out *o, const char *key, uint16_t value)
{
	char text[8];

	(void)snprintf(text, sizeof(text), "0x%04x", value);
	pqm_js_cstr(o, key, text);
}

static void opt_answer(struct pqm_out *o, const char *key, enum pqm_answer v)
{
	if (v != PQM_A_UNKNOWN)
		pqm_js_cstr(o, key, pqm_answer_name(v));
}

/* Where the wire has names there is no code, and the other way round: that is how a reader, and
 * read_offer below, tell a peer's text from the registry's. */
static void offer(struct pqm_out *o, const struct pqm_rules *rules, const struct pqm_offer *f)
{
	const struct pqm_wire *w = f->name.n > 0 ? NULL : pqm_offer_wire(rules, f);
	struct pqm_arena words;

	pqm_arena_init(&words, WORDS_BYTES);
	pqm_js_open(o, NULL, '{');
	pqm_js_cstr(o, "kind", pqm_offer_kind_name(f->kind));
	if (f->version != 0)
		pqm_js_str(o, "version", pqm_version_words(f->version, &words));
	if (f->name.n > 0) {
		pqm_js_str(o, "name", f->name);
	} else {
		code(o, "code", f->code);
		if (f->kind == PQM_O_VERSION)
			pqm_js_str(o, "name", pqm_version_words(f->code, &words));
		else if (w != NULL)
			pqm_js_str(o, "name", w->name);
	}
	pqm_js_cstr(o, "answer", pqm_answer_name(f->answer));
	if (f->rank > 0)
		pqm_js_u64(o, "rank", f->rank);
	pqm_js_opt(o, "how", f->how);
	pqm_js_close(o, '}');
	pqm_arena_fini(&words);
}

static void cert(struct pqm_out *o, const struct pqm_wire_cert *c, unsigned with)
{
	pqm_js_open(o, NULL, '{');
	pqm_js_opt(o, "key", c->key);
	pqm_js_opt(o, "subject", c->subject);
	pqm_js_opt(o, "issuer", c->issuer);
	pqm_js_opt(o, "signature", c->signature);
	pqm_js_opt(o, "not_after", c->not_after);
	pqm_js_opt(o, "spki", c->spki);
	pqm_js_opt(o, "sha256", c->sha256);
	if ((with & PQM_ENDPOINT_DER) != 0 && c->der.n > 0)
		pqm_js_base64(o, "der", c->der);
	pqm_js_close(o, '}');
}

static void chain(
	struct pqm_out *o, const struct pqm_rules *rules, const struct pqm_chain *c, unsigned with)
{
	struct pqm_offer f = { .kind = PQM_O_SCHEME, .code = c->scheme };
	const struct pqm_wire *w = c->scheme != 0 ? pqm_offer_wire(rules, &f) : NULL;
	struct pqm_arena words;

	pqm_arena_init(&words, WORDS_BYTES);
	pqm_js_open(o, NULL, '{');
	pqm_js_str(o, "type", c->type);
	if (c->version != 0)
		pqm_js_str(o, "version", pqm_version_words(c->version, &words));
	if (c->scheme != 0)
		code(o, "scheme", c->scheme);
	if (w != NULL)
		pqm_js_str(o, "scheme_name", w->name);
	opt_answer(o, "proven", c->proven);
	pqm_js_open(o, "certificates", '[');
	for (size_t i = 0; i < c->n_certs; i++)
		cert(o, &c->certs[i], with);
	pqm_js_close(o, ']');
	pqm_js_close(o, '}');
	pqm_arena_fini(&words);
}

static void lists(struct pqm_out *o, const struct pqm_rules *rules, const struct pqm_endpoint *e,
	unsigned with)
{
	pqm_js_open(o, "offers", '[');
	for (size_t i = 0; i < e->n_offers; i++)
		offer(o, rules, &e->offers[i]);
	pqm_js_close(o, ']');
	pqm_js_open(o, "chains", '[');
	for (size_t i = 0; i < e->n_chains; i++)
		chain(o, rules, &e->chains[i], with);
	pqm_js_close(o, ']');
	pqm_js_open(o, "facts", '[');
	for (size_t i = 0; i < e->n_facts; i++) {
		const struct pqm_wire_fact *f = &e->facts[i];

		pqm_js_open(o, NULL, '{');
		pqm_js_str(o, "key", f->key);
		pqm_js_cstr(o, "answer", pqm_answer_name(f->answer));
		pqm_js_opt(o, "value", f->value);
		pqm_js_opt(o, "how", f->how);
		pqm_js_close(o, '}');
	}
	pqm_js_close(o, ']');
}

static void who(struct pqm_out *o, const struct pqm_endpoint *e, unsigned with)
{
	struct pqm_arena words;

	pqm_arena_init(&words, WORDS_BYTES);
	pqm_js_str(o, "name", pqm_endpoint_name(e, &words));
	pqm_arena_fini(&words);
	if ((with & PQM_ENDPOINT_TARGET) != 0)
		pqm_js_u64(o, "target", e->target);
	pqm_js_str(o, "scheme", e->scheme);
	pqm_js_opt(o, "protocol", e->protocol);
	pqm_js_opt(o, "app", e->app);
	pqm_js_str(o, "host", e->host);
	pqm_js_opt(o, "sni", e->sni);
	pqm_js_opt(o, "address", e->address);
	pqm_js_u64(o, "port", e->port);
	if (e->n_addresses > 0)
		pqm_js_u64(o, "addresses", e->n_addresses);
}

void pqm_endpoint_json(struct pqm_out *o, const char *key, const struct pqm_rules *rules,
	const struct pqm_endpoint *e, unsigned with)
{
	pqm_js_open(o, key, '{');
	who(o, e, with);
	pqm_js_cstr(o, "reach", pqm_reach_name(e->reach));
	pqm_js_opt(o, "words", e->words);
	pqm_js_opt(o, "software", e->software);
	pqm_js_opt(o, "profile", e->profile);
	pqm_js_bool(o, "complete", e->is_complete);
	pqm_js_bool(o, "varies", e->varies);
	pqm_js_cstr(o, "posture", pqm_posture_name(e->posture));
	pqm_js_opt(o, "posture_how", e->posture_how);
	pqm_js_cstr(o, "order",
		!e->is_order_known	     ? "unknown"
			: e->is_server_order ? "server"
					     : "client");
	lists(o, rules, e, with);
	if ((with & PQM_ENDPOINT_TIMING) != 0) {
		pqm_js_open(o, "timing", '{');
		pqm_js_num(o, "ms", e->ms, 1);
		pqm_js_u64(o, "connections", e->n_connections);
		pqm_js_close(o, '}');
	}
	pqm_js_close(o, '}');
}

void pqm_endpoint_counts_json(struct pqm_out *o, const struct pqm_endpoint_counts *c)
{
	uint64_t asked = pqm_endpoints_asked(c);

	if (asked == 0)
		return;
	pqm_js_open(o, "endpoints", '{');
	pqm_js_u64(o, "asked", asked);
	for (unsigned i = 0; i <= PQM_R_SKIPPED; i++)
		pqm_js_u64(o, pqm_reach_name((enum pqm_reach)i), c->reach[i]);
	pqm_js_u64(o, "incomplete", c->incomplete);
	pqm_js_close(o, '}');
}
