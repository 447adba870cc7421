#include "cbom_protocol.h"

#include "base/num.h"
#include "report/endpoint_text.h"

static void property(const struct pqm_cbom_protocols *b, const char *name, pqm_bytes value)
{
	if (value.n == 0)
		return;
	pqm_js_open(b->o, NULL, '{');
	pqm_js_cstr(b->o, "name", name);
	pqm_js_str(b->o, "value", value);
	pqm_js_close(b->o, '}');
}

static const char *type_of(const struct pqm_endpoint *e)
{
	static const char *const tls[] = { "tls", "dtls", "quic" };

	if (pqm_eqs(e->protocol, "ssh"))
		return "ssh";
	if (pqm_eqs(e->protocol, "ikev2"))
		return "ike";
	for (size_t i = 0; i < sizeof(tls) / sizeof(tls[0]); i++)
		if (pqm_eqs(e->protocol, tls[i]))
			return "tls";
	return e->protocol.n > 0 ? "other" : "unknown";
}

/* What stands for a suite: TLS has them by version, SSH and IKE name the parts. */
static bool is_suite(const struct pqm_offer *o, uint16_t version)
{
	if (o->answer != PQM_A_YES)
		return false;
	if (o->kind == PQM_O_SUITE)
		return o->version == version;
	return version == 0 && o->kind != PQM_O_ALPN && o->kind >= PQM_O_KEX;
}

/* What was accepted with the suites of that version. */
static void names_of(const struct pqm_cbom_protocols *b, const struct pqm_endpoint *e,
	enum pqm_offer_kind kind, uint16_t version)
{
	bool any = false;

	for (size_t i = 0; i < e->n_offers; i++) {
		const struct pqm_offer *o = &e->offers[i];

		if (o->kind != kind || o->answer != PQM_A_YES ||
			(o->version != 0 && o->version != version))
			continue;
		if (!any)
			pqm_js_open(b->o, kind == PQM_O_GROUP ? "tlsGroups" : "tlsSignatureSchemes",
				'[');
		any = true;
		pqm_js_str(b->o, NULL, pqm_offer_words(b->rules, o, b->scratch));
	}
	if (any)
		pqm_js_close(b->o, ']');
}

static void suites(
	const struct pqm_cbom_protocols *b, const struct pqm_endpoint *e, uint16_t version)
{
	pqm_js_open(b->o, "cipherSuites", '[');
	for (size_t i = 0; i < e->n_offers; i++) {
		const struct pqm_offer *o = &e->offers[i];
		char byte[8];

		if (!is_suite(o, version))
			continue;
		pqm_js_open(b->o, NULL, '{');
		pqm_js_str(b->o, "name", pqm_offer_words(b->rules, o, b->scratch));
		if (o->kind == PQM_O_SUITE) {
			pqm_js_open(b->o, "identifiers", '[');
			(void)snprintf(byte, sizeof(byte), "0x%02X", (unsigned)o->code >> 8);
			pqm_js_cstr(b->o, NULL, byte);
			(void)snprintf(byte, sizeof(byte), "0x%02X", o->code & 0xffu);
			pqm_js_cstr(b->o, NULL, byte);
			pqm_js_close(b->o, ']');
		}
		if (b->is_1_7 && o->kind == PQM_O_SUITE) {
			names_of(b, e, PQM_O_GROUP, version);
			names_of(b, e, PQM_O_SCHEME, version);
		}
		pqm_js_close(b->o, '}');
	}
	pqm_js_close(b->o, ']');
}

static const struct pqm_finding *cert_of(
	const struct pqm_cbom_protocols *b, const struct pqm_wire_cert *c)
{
	if (c->spki.n == 0)
		return NULL;
	return pqm_map_get(b->certs, pqm_arena_f(b->scratch, "spki:%.*s", PQM_FMT(c->spki)));
}

static bool is_earlier(const struct pqm_cbom_protocols *b, const struct pqm_endpoint *e,
	size_t chain, const struct pqm_finding *f)
{
	for (size_t i = 0; i < chain; i++)
		if (e->chains[i].n_certs > 0 && cert_of(b, &e->chains[i].certs[0]) == f)
			return true;
	return false;
}

/* The leaves; their issuers are components too, and hang on no endpoint. */
static void certificates(const struct pqm_cbom_protocols *b, const struct pqm_endpoint *e)
{
	char id[2 * PQM_ID_BYTES + 1];
	bool any = false;

	for (size_t i = 0; i < e->n_chains; i++) {
		const struct pqm_finding *f =
			e->chains[i].n_certs == 0 ? NULL : cert_of(b, &e->chains[i].certs[0]);

		if (f == NULL || is_earlier(b, e, i, f))
			continue;
		if (!any)
			pqm_js_open(b->o, "cryptoRefArray", '[');
		any = true;
		pqm_id_hex(id, f->id);
		pqm_js_cstr(b->o, NULL, id);
	}
	if (any)
		pqm_js_close(b->o, ']');
}

static void component(
	const struct pqm_cbom_protocols *b, const struct pqm_endpoint *e, uint16_t version)
{
	pqm_bytes name = pqm_endpoint_name(e, b->scratch),
		  words = version == 0 ? (pqm_bytes){ NULL, 0 }
				       : pqm_version_words(version, b->scratch);
	const pqm_bytes parts[] = { PQM_LIT("protocol"), name, e->address, words };
	/* "TLS 1.3" is version 1.3 of type tls. */
	size_t blank = pqm_find_byte(words, 0, ' ');
	uint8_t h[PQM_SHA256_BYTES];
	char ref[2 * PQM_ID_BYTES + 1];

	pqm_sha256_parts(h, parts, 4);
	pqm_hex(ref, h, PQM_ID_BYTES);
	pqm_js_open(b->o, NULL, '{');
	pqm_js_cstr(b->o, "type", "cryptographic-asset");
	pqm_js_cstr(b->o, "bom-ref", ref);
	pqm_js_str(b->o, "name", name);
	pqm_js_open(b->o, "cryptoProperties", '{');
	pqm_js_cstr(b->o, "assetType", "protocol");
	pqm_js_open(b->o, "protocolProperties", '{');
	pqm_js_cstr(b->o, "type", type_of(e));
	if (words.n > 0)
		pqm_js_str(b->o, "version",
			blank == SIZE_MAX ? words : pqm_sub(words, blank + 1, words.n));
	suites(b, e, version);
	certificates(b, e);
	pqm_js_close(b->o, '}');
	pqm_js_close(b->o, '}');
	pqm_js_open(b->o, "properties", '[');
	property(b, "pqmap:address", e->address);
	property(b, "pqmap:protocol", e->protocol);
	property(b, "pqmap:posture", pqm_str(pqm_posture_name(e->posture)));
	property(b, "pqmap:key-exchange", pqm_key_exchange_words(b->rules, e, b->scratch));
	property(b, "pqmap:software", e->software);
	pqm_js_close(b->o, ']');
	pqm_js_close(b->o, '}');
	pqm_arena_reset(b->scratch);
}

void pqm_cbom_protocol(const struct pqm_cbom_protocols *b, const struct pqm_endpoint *e)
{
	bool any = false;

	if (e->reach != PQM_R_ANSWERED && e->reach != PQM_R_LIMITED)
		return;
	for (size_t i = 0; i < e->n_offers; i++)
		if (e->offers[i].kind == PQM_O_VERSION && e->offers[i].answer == PQM_A_YES) {
			component(b, e, e->offers[i].code);
			any = true;
		}
	if (!any)
		component(b, e, 0);
}
