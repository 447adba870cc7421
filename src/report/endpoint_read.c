/* endpoint_read.c — an endpoint back from its JSON. */
#include "base/limits.h"
#include "base/num.h"
#include "endpoint_json.h"
#include "report/endpoint_text.h"

struct get {
	struct pqm_arena *arena;
	struct pqm_err *err;
	enum pqm_st st; /* the first failure */
};

static void bad(struct get *g, const char *member, const char *what)
{
	if (g->st == PQM_OK)
		g->st = pqm_fail(g->err, PQM_EPARSE, "endpoint: %s: %s", member, what);
}

static void no_memory(struct get *g)
{
	if (g->st == PQM_OK)
		g->st = pqm_fail(g->err, PQM_ENOMEM, "endpoint: does not fit in memory");
}

static void text(struct get *g, const struct pqm_json *v, const char *key, pqm_bytes *out)
{
	pqm_bytes b = pqm_json_str(v, key);

	*out = b.n == 0 ? (pqm_bytes){ NULL, 0 } : pqm_printable_dup(g->arena, b);
	if (b.n > 0 && out->p == NULL)
		no_memory(g);
}

static uint64_t number(struct get *g, const struct pqm_json *v, const char *key, uint64_t max)
{
	uint64_t n = 0;

	if (pqm_json_get(v, key) != NULL && (!pqm_json_get_u64(v, key, &n) || n > max)) {
		bad(g, key, "not a whole number in range");
		return 0;
	}
	return n;
}

/* "0x11ec"; 0 when absent. */
static uint16_t code(struct get *g, const struct pqm_json *v, const char *key)
{
	pqm_bytes t = pqm_json_str(v, key);
	unsigned n = 0;

	if (pqm_json_get(v, key) == NULL)
		return 0;
	if (t.n != 6 || !pqm_starts(t, PQM_LIT("0x"))) {
		bad(g, key, "not four hex digits behind 0x");
		return 0;
	}
	for (size_t i = 2; i < t.n; i++) {
		int d = pqm_hex_lower(t.p[i]);

		if (d < 0) {
			bad(g, key, "not four hex digits behind 0x");
			return 0;
		}
		n = n << 4 | (unsigned)d;
	}
	return (uint16_t)n;
}

static uint16_t version(struct get *g, const struct pqm_json *v)
{
	static const uint16_t named[] = { 0x0304, 0x0303, 0x0302, 0x0301, 0x0300, 0x0002, 0xfefc,
		0xfefd, 0xfeff };
	pqm_bytes t = pqm_json_str(v, "version");

	for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++)
		if (pqm_eq(t, pqm_version_words(named[i], g->arena)))
			return named[i];
	return code(g, v, "version");
}

static enum pqm_answer answer(struct get *g, const struct pqm_json *v, const char *key)
{
	enum pqm_answer a = PQM_A_UNKNOWN;

	if (pqm_json_get(v, key) != NULL && !pqm_answer_parse(pqm_json_str(v, key), &a))
		bad(g, key, "not one of unknown yes no refused");
	return a;
}

static void offers(struct get *g, const struct pqm_json *list, struct pqm_endpoint *e)
{
	size_t n = pqm_json_size(list);

	e->offers = pqm_new(g->arena, struct pqm_offer, n);
	e->cap_offers = n;
	if (e->offers == NULL) {
		no_memory(g);
		return;
	}
	for (const struct pqm_json *v = pqm_json_first(list); v != NULL; v = pqm_json_next(v)) {
		struct pqm_offer *f = &e->offers[e->n_offers++];

		if (!pqm_offer_kind_parse(pqm_json_str(v, "kind"), &f->kind))
			bad(g, "offers", "unknown kind");
		f->version = version(g, v);
		f->code = code(g, v, "code");
		if (pqm_json_get(v, "code") == NULL)
			text(g, v, "name", &f->name);
		f->answer = answer(g, v, "answer");
		f->rank = (uint16_t)number(g, v, "rank", UINT16_MAX);
		text(g, v, "how", &f->how);
	}
}

static void der(struct get *g, const struct pqm_json *v, struct pqm_wire_cert *c)
{
	pqm_bytes t = pqm_json_str(v, "der");
	struct pqm_buf raw;

	if (t.n == 0)
		return;
	pqm_buf_init(&raw, PQM_PROBE_JOB_BYTES);
	if (pqm_base64(&raw, t, NULL))
		c->der = pqm_bytes_dup(g->arena, pqm_buf_bytes(&raw));
	else
		bad(g, "der", "not base64, or over 1 MiB");
	if (raw.n > 0 && !raw.failed && c->der.p == NULL)
		no_memory(g);
	pqm_buf_fini(&raw);
}

static void certs(struct get *g, const struct pqm_json *list, struct pqm_chain *c)
{
	c->certs = pqm_new(g->arena, struct pqm_wire_cert, pqm_json_size(list));
	if (c->certs == NULL) {
		no_memory(g);
		return;
	}
	for (const struct pqm_json *v = pqm_json_first(list); v != NULL; v = pqm_json_next(v)) {
		struct pqm_wire_cert *w = &c->certs[c->n_certs++];

		text(g, v, "key", &w->key);
		text(g, v, "subject", &w->subject);
		text(g, v, "issuer", &w->issuer);
		text(g, v, "signature", &w->signature);
		text(g, v, "not_after", &w->not_after);
		text(g, v, "spki", &w->spki);
		text(g, v, "sha256", &w->sha256);
		der(g, v, w);
	}
}

static void chains(struct get *g, const struct pqm_json *list, struct pqm_endpoint *e)
{
	size_t n = pqm_json_size(list);

	e->chains = pqm_new(g->arena, struct pqm_chain, n);
	e->cap_chains = n;
	if (e->chains == NULL) {
		no_memory(g);
		return;
	}
	for (const struct pqm_json *v = pqm_json_first(list); v != NULL; v = pqm_json_next(v)) {
		struct pqm_chain *c = &e->chains[e->n_chains++];

		text(g, v, "type", &c->type);
		c->version = version(g, v);
		c->scheme = code(g, v, "scheme");
		c->proven = answer(g, v, "proven");
		certs(g, pqm_json_get(v, "certificates"), c);
	}
}

static void facts(struct get *g, const struct pqm_json *list, struct pqm_endpoint *e)
{
	size_t n = pqm_json_size(list);

	e->facts = pqm_new(g->arena, struct pqm_wire_fact, n);
	e->cap_facts = n;
	if (e->facts == NULL) {
		no_memory(g);
		return;
	}
	for (const struct pqm_json *v = pqm_json_first(list); v != NULL; v = pqm_json_next(v)) {
		struct pqm_wire_fact *f = &e->facts[e->n_facts++];

		text(g, v, "key", &f->key);
		f->answer = answer(g, v, "answer");
		text(g, v, "value", &f->value);
		text(g, v, "how", &f->how);
	}
}

static void who(struct get *g, const struct pqm_json *v, struct pqm_endpoint *e)
{
	text(g, v, "scheme", &e->scheme);
	text(g, v, "protocol", &e->protocol);
	text(g, v, "app", &e->app);
	text(g, v, "host", &e->host);
	text(g, v, "sni", &e->sni);
	text(g, v, "address", &e->address);
	e->port = (uint16_t)number(g, v, "port", UINT16_MAX);
	e->n_addresses = (uint32_t)number(g, v, "addresses", UINT32_MAX);
	if (e->scheme.n == 0 || e->host.n == 0)
		bad(g, "scheme", "an endpoint has a scheme and a host");
}

static void state(struct get *g, const struct pqm_json *v, struct pqm_endpoint *e)
{
	pqm_bytes order = pqm_json_str(v, "order");

	if (!pqm_reach_parse(pqm_json_str(v, "reach"), &e->reach))
		bad(g, "reach", "unknown word");
	if (!pqm_posture_parse(pqm_json_str(v, "posture"), &e->posture))
		bad(g, "posture", "not one of unknown absent offered enforced only");
	text(g, v, "words", &e->words);
	text(g, v, "software", &e->software);
	text(g, v, "profile", &e->profile);
	text(g, v, "posture_how", &e->posture_how);
	e->is_complete = pqm_json_true(v, "complete");
	e->varies = pqm_json_true(v, "varies");
	e->is_server_order = pqm_eqs(order, "server");
	e->is_order_known = e->is_server_order || pqm_eqs(order, "client");
}

enum pqm_st pqm_endpoint_read(struct pqm_endpoint *e, const struct pqm_json *v,
	struct pqm_arena *arena, struct pqm_err *err)
{
	struct get g = { arena, err, PQM_OK };
	const struct pqm_json *timing = pqm_json_get(v, "timing");

	*e = (struct pqm_endpoint){ 0 };
	if (!pqm_json_is_object(v))
		bad(&g, "endpoint", "not an object");
	who(&g, v, e);
	state(&g, v, e);
	if (g.st == PQM_OK)
		offers(&g, pqm_json_get(v, "offers"), e);
	if (g.st == PQM_OK)
		chains(&g, pqm_json_get(v, "chains"), e);
	if (g.st == PQM_OK)
		facts(&g, pqm_json_get(v, "facts"), e);
	e->n_connections = (uint32_t)number(&g, timing, "connections", UINT32_MAX);
	if (timing != NULL && !pqm_json_get_f64(timing, "ms", &e->ms))
		bad(&g, "timing", "ms is not a number");
	return g.st;
}
