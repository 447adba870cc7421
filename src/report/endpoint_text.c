#include "endpoint_text.h"

#include "base/buf.h"

#define LIST_BYTES ((size_t)64 << 10)

const struct pqm_wire *pqm_offer_wire(const struct pqm_rules *rules, const struct pqm_offer *f)
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
	w = pqm_offer_wire(rules, f);
	return w != NULL ? w->name : pqm_arena_f(arena, "0x%04x", f->code);
}

pqm_bytes pqm_offer_shown(
	const struct pqm_rules *rules, const struct pqm_offer *f, struct pqm_arena *arena)
{
	static const struct {
		uint16_t code;
		const char *name;
	} usual[] = { { 0x0017, "P-256" }, { 0x0018, "P-384" }, { 0x0019, "P-521" },
		{ 0x001d, "X25519" }, { 0x001e, "X448" } };

	for (size_t i = 0; f->kind == PQM_O_GROUP && i < sizeof(usual) / sizeof(usual[0]); i++)
		if (usual[i].code == f->code)
			return pqm_str(usual[i].name);
	return pqm_offer_words(rules, f, arena);
}

pqm_bytes pqm_key_words(pqm_bytes key, struct pqm_arena *arena)
{
	pqm_bytes t = pqm_printable(arena, key);

	return pqm_starts(t, PQM_LIT("EC P-")) ? pqm_sub(t, 3, t.n) : t;
}

static bool is_draft(const struct pqm_rules *rules, const struct pqm_offer *o)
{
	const struct pqm_wire *w = o->kind == PQM_O_GROUP ? pqm_offer_wire(rules, o) : NULL;

	return w != NULL && (w->code.flags & PQM_G_DRAFT) != 0;
}

/* The same thing in an older version, in a list of all versions. */
static bool is_repeat(const struct pqm_endpoint *e, const struct pqm_offer *o)
{
	for (const struct pqm_offer *x = e->offers; x < o; x++)
		if (x->kind == o->kind && x->answer == o->answer && x->code == o->code &&
			pqm_eq(x->name, o->name))
			return true;
	return false;
}

pqm_bytes pqm_offer_list(const struct pqm_rules *rules, const struct pqm_endpoint *e,
	const struct pqm_offer_pick *pick, struct pqm_arena *arena)
{
	struct pqm_buf b;
	pqm_bytes text;

	pqm_buf_init(&b, LIST_BYTES);
	for (size_t i = 0; i < e->n_offers; i++) {
		/* Versions are sealed oldest first; a reader wants the newest first. */
		const struct pqm_offer *o =
			&e->offers[pick->kind == PQM_O_VERSION ? e->n_offers - 1 - i : i];

		if (o->kind != pick->kind || o->answer != pick->answer ||
			(pick->version != 0 ? o->version != pick->version : is_repeat(e, o)))
			continue;
		if (b.n > 0)
			(void)pqm_buf_add(&b, pqm_str(o->rank > 0 ? " › " : ", "));
		(void)pqm_buf_add(&b, pqm_offer_shown(rules, o, arena));
		if (is_draft(rules, o))
			(void)pqm_buf_add(&b, PQM_LIT(" (draft, not ML-KEM)"));
	}
	text = pqm_bytes_dup(arena, pqm_buf_bytes(&b));
	pqm_buf_fini(&b);
	return text;
}

/* Of a server that names no group: "RSA, DHE (2048 bits)". */
static pqm_bytes classic_words(const struct pqm_endpoint *e, struct pqm_arena *arena)
{
	static const struct {
		const char *key, *name;
	} kex[] = { { "kex-dhe", "DHE" }, { "kex-ecdhe-ecdsa", "ECDHE" },
		{ "kex-ecdhe-rsa", "ECDHE" }, { "kex-rsa", "RSA" },
		{ "kex-static-dh", "static DH" }, { "kex-psk", "PSK" },
		{ "kex-anonymous", "anonymous" } };
	const struct pqm_wire_fact *dh = pqm_endpoint_fact(e, "dh-bits");
	pqm_bytes out = { NULL, 0 };

	for (size_t i = 0; i < sizeof(kex) / sizeof(kex[0]); i++) {
		const struct pqm_wire_fact *f = pqm_endpoint_fact(e, kex[i].key);

		if (f == NULL || f->answer != PQM_A_YES || pqm_ends(out, pqm_str(kex[i].name)))
			continue;
		out = pqm_arena_f(
			arena, "%.*s%s%s", PQM_FMT(out), out.n > 0 ? ", " : "", kex[i].name);
		if (i == 0 && dh != NULL && dh->value.n > 0)
			out = pqm_arena_f(arena, "%.*s (%.*s bits)", PQM_FMT(out),
				PQM_FMT(pqm_printable(arena, dh->value)));
	}
	return out;
}

pqm_bytes pqm_key_exchange_words(
	const struct pqm_rules *rules, const struct pqm_endpoint *e, struct pqm_arena *arena)
{
	static const struct pqm_offer_pick pick[] = {
		{ PQM_O_GROUP, 0x0304, PQM_A_YES },
		{ PQM_O_GROUP, 0xfefc, PQM_A_YES },
		{ PQM_O_GROUP, 0, PQM_A_YES },
		{ PQM_O_KEX, 0, PQM_A_YES },
		{ PQM_O_IKE, 0, PQM_A_YES },
	};
	pqm_bytes text = { NULL, 0 };

	for (size_t i = 0; text.n == 0 && i < sizeof(pick) / sizeof(pick[0]); i++)
		text = pqm_offer_list(rules, e, &pick[i], arena);
	return text.n > 0 ? text : classic_words(e, arena);
}

bool pqm_chain_is_repeat(const struct pqm_endpoint *e, size_t n)
{
	const struct pqm_chain *c = &e->chains[n];

	for (size_t i = 0; i < n && c->n_certs > 0; i++)
		if (e->chains[i].n_certs > 0 &&
			pqm_eq(e->chains[i].certs[0].sha256, c->certs[0].sha256) &&
			pqm_eq(e->chains[i].certs[0].spki, c->certs[0].spki))
			return true;
	return false;
}

pqm_bytes pqm_common_name(pqm_bytes dn, struct pqm_arena *arena)
{
	pqm_bytes t = pqm_printable(arena, dn);
	size_t at = pqm_find(t, 0, PQM_LIT("CN=")), end;

	if (at == SIZE_MAX)
		return t;
	end = pqm_find_byte(t, at, ',');
	return pqm_trim(pqm_sub(t, at + 3, (end == SIZE_MAX ? t.n : end) - at - 3));
}
