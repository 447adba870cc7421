/* endpoint_sample.c — the samples of rules/endpoints/findings.yaml, each one answer of an endpoint. */
#include "detect/endpoint_int.h"

struct catcher {
	struct pqm_emit emit; /* first: the callbacks cast back */
	pqm_bytes rule;
	bool is_hit;
};

static enum pqm_st caught(struct pqm_emit *e, const struct pqm_found *f)
{
	struct catcher *c = (struct catcher *)(void *)e;

	c->is_hit = c->is_hit || pqm_eq(f->rule, c->rule);
	return PQM_OK;
}

static void no_note(struct pqm_emit *e, uint64_t off, enum pqm_st why, const char *words)
{
	(void)e;
	(void)off;
	(void)why;
	(void)words;
}

/* "group x25519": an offer that was accepted. */
static bool read_offer(
	struct pqm_offer *o, const struct pqm_rules *r, pqm_bytes word, pqm_bytes value)
{
	static const struct {
		const char *word;
		enum pqm_offer_kind kind;
		enum pqm_wire_kind wire;
		uint16_t version;
	} row[] = {
		{ "group", PQM_O_GROUP, PQM_W_GROUP, 0x0304 },
		{ "suite", PQM_O_SUITE, PQM_W_SUITE, 0x0303 },
		{ "scheme", PQM_O_SCHEME, PQM_W_SCHEME, 0x0304 },
		{ "version", PQM_O_VERSION, PQM_W_VERSION, 0 },
		{ "ike", PQM_O_IKE, PQM_W_IKE, 0 },
		{ "kex", PQM_O_KEX, PQM_W_SSH_KEX, 0 },
		{ "cipher", PQM_O_CIPHER, PQM_W_SSH_CIPHER, 0 },
		{ "mac", PQM_O_MAC, PQM_W_SSH_MAC, 0 },
		{ "hostkey", PQM_O_HOST_KEY, PQM_W_SSH_HOST_KEY, 0 },
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		const struct pqm_wire *w =
			pqm_eqs(word, row[i].word) ? pqm_wire_name(r, row[i].wire, value) : NULL;

		if (w == NULL)
			continue;
		*o = (struct pqm_offer){ .kind = row[i].kind,
			.code = w->code.code,
			.version = row[i].version,
			.answer = PQM_A_YES };
		if (row[i].kind >= PQM_O_KEX && row[i].kind <= PQM_O_MAC)
			o->name = value;
		return true;
	}
	return false;
}

static bool read_sample(struct pqm_endpoint *e, const struct pqm_rules *r, pqm_bytes sample)
{
	size_t space = pqm_find_byte(sample, 0, ' ');
	pqm_bytes word = pqm_sub(sample, 0, space);
	pqm_bytes value =
		space == SIZE_MAX ? (pqm_bytes){ NULL, 0 } : pqm_sub(sample, space + 1, sample.n);

	if (pqm_eqs(word, "posture"))
		return pqm_posture_parse(value, &e->posture);
	if (pqm_eqs(word, "protocol")) {
		e->protocol = value;
		return true;
	}
	if (pqm_eqs(word, "fact") || pqm_eqs(word, "no")) {
		e->facts[0] = (struct pqm_wire_fact){ .key = value,
			.answer = pqm_eqs(word, "no") ? PQM_A_NO : PQM_A_YES };
		e->n_facts = 1;
		return true;
	}
	e->n_offers = 1;
	return read_offer(&e->offers[0], r, word, value);
}

bool pqm_endpoint_rule_fits(
	const struct pqm_rules *r, const struct pqm_rule *rule, pqm_bytes sample)
{
	struct catcher c = { .emit = { .found = caught, .note = no_note }, .rule = rule->id };
	struct pqm_offer offer = { 0 };
	struct pqm_wire_fact fact = { 0 };
	struct pqm_endpoint e = { .scheme = PQM_LIT("tls"),
		.host = PQM_LIT("sample.invalid"),
		.port = 443,
		.offers = &offer,
		.facts = &fact };
	struct pqm_arena arena;
	struct pqm_err err;

	pqm_arena_init(&arena, (size_t)1 << 20);
	bool ok = read_sample(&e, r, sample) &&
		pqm_endpoint_emit(r, &e, &arena, &c.emit, &err) == PQM_OK;

	pqm_arena_fini(&arena);
	return ok && c.is_hit;
}
