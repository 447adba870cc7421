#include "endpoint_json.h"

#define WORDS_BYTES ((size_t)4 << 10)

static const struct pqm_wire *wire_of(const struct pqm_rules *rules, const struct pqm_offer *f)
{
	static const enum pqm_wire_kind kind[] = {
		[PQM_O_VERSION] = PQM_W_VERSION,
		[PQM_O_GROUP] = PQM_W_GROUP,
		[PQM_O_SUITE] = PQM_W_SUITE,
		[PQM_O_SCHEME] = PQM_W_SCHEME,
		[PQM_O_CLIENT_SCHEME] = PQM_W_SCHEME,
		[PQM_O_ALPN] = PQM_W_N,
		[PQM_O_KEX] = PQM_W_SSH_KEX,
		[PQM_O_HOST_KEY] = PQM_W_SSH_HOST_KEY,
		[PQM_O_CIPHER] = PQM_W_SSH_CIPHER,
		[PQM_O_MAC] = PQM_W_SSH_MAC,
		[PQM_O_IKE] = PQM_W_IKE,
	};
	const struct pqm_wire *w = NULL;

	if (rules == NULL || kind[f->kind] == PQM_W_N)
		return NULL;
	w = pqm_wire_code(rules, kind[f->kind], f->code);
	/* The first byte of a three-byte kind of SSL 2.0 is not in the offer: the low two are enough to
	 * tell them apart. */
	for (uint32_t aux = 1; f->version == 0x0002 && w == NULL && aux < 256; aux++)
		w = pqm_wire_code(rules, kind[f->kind], f->code | aux << 16);
	return w;
}

pqm_bytes pqm_version_words(uint16_t version, struct pqm_arena *arena)
{
	static const struct {
		uint16_t version;
		const char *name;
	} known[] = { { 0x0304, "TLS 1.3" }, { 0x0303, "TLS 1.2" }, { 0x0302, "TLS 1.1" },
		{ 0x0301, "TLS 1.0" }, { 0x0300, "SSL 3.0" }, { 0x0002, "SSL 2.0" },
		{ 0xfefc, "DTLS 1.3" }, { 0xfefd, "DTLS 1.2" }, { 0xfeff, "DTLS 1.0" } };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].version == version)
			return pqm_str(known[i].name);
	return pqm_arena_f(arena, "0x%04x", version);
}

pqm_bytes pqm_offer_words(
	const struct pqm_rules *rules, const struct pqm_offer *f, struct pqm_arena *arena)
{
	const struct pqm_wire *w = NULL;

	if (f->name.n > 0)
		return pqm_printable(arena, f->name);
	if (f->kind == PQM_O_VERSION)
		return pqm_version_words(f->code, arena);
	w = wire_of(rules, f);
	return w != NULL ? w->name : pqm_arena_f(arena, "0x%04x", f->code);
}

pqm_bytes pqm_scheme_words(const struct pqm_rules *rules, uint16_t scheme, struct pqm_arena *arena)
{
	struct pqm_offer f = { .kind = PQM_O_SCHEME, .code = scheme };

	return pqm_offer_words(rules, &f, arena);
}

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
	const struct pqm_wire *w = f->name.n > 0 ? NULL : wire_of(rules, f);
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
	const struct pqm_wire *w = c->scheme != 0 ? wire_of(rules, &f) : NULL;
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
