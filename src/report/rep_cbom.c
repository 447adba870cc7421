/* CycloneDX 1.6 and 1.7. Facts that the standard has no field for go into properties named pqmap:…; key
 * values are never written. */
#include "report/writer.h"

#include <errno.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/num.h"
#include "report/cbom_protocol.h"
#include "report/cyclonedx.h"
#include "report/tally.h"
#include "report/view_text.h"

#define REF_CHARS (2 * PQM_ID_BYTES + 1)

/* One algorithm component: all findings of a family, parameter and function. */
struct alg {
	const struct pqm_finding *f; /* speaks for all */
	char ref[REF_CHARS];
};

/* A place that uses or offers an algorithm. */
struct link {
	uint32_t alg, place;
};

struct bom {
	const struct pqm_report *r;
	bool is_1_7;
	struct pqm_out *o;
	struct pqm_arena arena, scratch;
	struct pqm_place *places;
	size_t n_places;
	struct alg *algs;
	size_t n_algs;
	struct link *links; /* by algorithm, then place */
	size_t n_links;
};

static bool is_material(const struct pqm_finding *f)
{
	return f->meaning == PQM_KEY || f->meaning == PQM_CERT;
}

static bool is_listed(const struct bom *b, const struct pqm_finding *f)
{
	return !f->is_folded || b->r->expand_stores;
}

static void ref_of(char ref[REF_CHARS], const char *kind, const pqm_bytes *parts, size_t n)
{
	uint8_t h[PQM_SHA256_BYTES];
	pqm_bytes all[4] = { pqm_str(kind) };

	for (size_t i = 0; i < n && i < 3; i++)
		all[i + 1] = parts[i];
	pqm_sha256_parts(h, all, n + 1);
	pqm_hex(ref, h, PQM_ID_BYTES);
}

static int cmp_alg(const struct pqm_finding *a, const struct pqm_finding *b)
{
	int c = pqm_cmp(a->family, b->family);

	if (c == 0)
		c = pqm_cmp(a->parameter, b->parameter);
	return c != 0 ? c : (int)a->function - (int)b->function;
}

static int by_alg(const void *x, const void *y)
{
	const struct alg *a = x, *b = y;
	int c = cmp_alg(a->f, b->f);

	return c != 0 ? c : memcmp(a->f->id, b->f->id, PQM_ID_BYTES);
}

static bool collect_algs(struct bom *b)
{
	const struct pqm_inventory *inv = b->r->inv;
	size_t n = 0, k = 0;

	b->algs = pqm_new(&b->arena, struct alg, inv->n_findings);
	if (b->algs == NULL)
		return false;
	for (size_t i = 0; i < inv->n_findings; i++)
		if (is_listed(b, &inv->findings[i]))
			b->algs[n++].f = &inv->findings[i];
	qsort(b->algs, n, sizeof(*b->algs), by_alg);
	for (size_t i = 0; i < n; i++) {
		const struct pqm_finding *f = b->algs[i].f;

		if (k > 0 && cmp_alg(b->algs[k - 1].f, f) == 0)
			continue;
		b->algs[k].f = f;
		ref_of(b->algs[k++].ref, "algorithm",
			(const pqm_bytes[]){
				f->family, f->parameter, pqm_str(pqm_function_name(f->function)) },
			3);
	}
	b->n_algs = k;
	return true;
}

static uint32_t alg_of(const struct bom *b, const struct pqm_finding *f)
{
	size_t lo = 0, hi = b->n_algs;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int c = cmp_alg(b->algs[mid].f, f);

		if (c == 0)
			return (uint32_t)mid;
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return 0; /* not reached: every listed finding has one */
}

static int by_link(const void *x, const void *y)
{
	const struct link *a = x, *b = y;

	if (a->alg != b->alg)
		return a->alg < b->alg ? -1 : 1;
	return (a->place > b->place) - (a->place < b->place);
}

static bool collect_links(struct bom *b)
{
	b->links = pqm_new(&b->arena, struct link, b->n_places);
	if (b->links == NULL)
		return false;
	for (size_t i = 0; i < b->n_places; i++)
		if (!is_material(b->places[i].f) && is_listed(b, b->places[i].f))
			b->links[b->n_links++] =
				(struct link){ alg_of(b, b->places[i].f), (uint32_t)i };
	qsort(b->links, b->n_links, sizeof(*b->links), by_link);
	return true;
}

static void property(struct bom *b, const char *name, pqm_bytes value)
{
	if (value.n == 0)
		return;
	pqm_js_open(b->o, NULL, '{');
	pqm_js_cstr(b->o, "name", name);
	pqm_js_str(b->o, "value", value);
	pqm_js_close(b->o, '}');
}

/* "; layer sha256:… of IMAGE (linux/amd64), made by COPY app /app": empty for what is in no image. */
static pqm_bytes layer_words(struct bom *b, const struct pqm_occurrence *at)
{
	pqm_bytes layer = pqm_occ_attr(at, "layer"), by = pqm_occ_attr(at, "made_by");
	pqm_bytes shipped = pqm_occ_attr(at, "shipped");

	if (layer.n == 0)
		return layer;
	return pqm_arena_f(&b->scratch, "; layer %.*s of %.*s (%.*s)%s%.*s%s%.*s", PQM_FMT(layer),
		PQM_FMT(pqm_printable(&b->scratch, pqm_occ_attr(at, "image"))),
		PQM_FMT(pqm_printable(&b->scratch, pqm_occ_attr(at, "platform"))),
		by.n > 0 ? ", made by " : "", PQM_FMT(pqm_printable(&b->scratch, by)),
		shipped.n > 0 ? ", " : "", PQM_FMT(shipped));
}

static void occurrence(struct bom *b, const struct pqm_finding *f, const struct pqm_occurrence *at)
{
	char id[REF_CHARS];
	bool is_symbol = f->meaning == PQM_USE || f->meaning == PQM_OFFER;
	pqm_bytes target = pqm_printable(&b->scratch, b->r->inv->targets[at->target].name),
		  object = pqm_printable(&b->scratch, at->object),
		  rule = pqm_printable(&b->scratch, f->rule);

	pqm_id_hex(id, f->id);
	pqm_js_open(b->o, NULL, '{');
	pqm_js_str(b->o, "location", at->path);
	if (at->line + at->text_line > 0)
		pqm_js_u64(b->o, "line", at->line > 0 ? at->line : at->text_line);
	if (at->line == 0)
		pqm_js_u64(b->o, "offset", at->off);
	if (is_symbol)
		pqm_js_opt(b->o, "symbol", object);
	if (is_symbol)
		object.n = 0;
	pqm_js_str(b->o, "additionalContext",
		pqm_arena_f(&b->scratch, "target %.*s; %s, %s%s by %.*s; finding %s%s%.*s%.*s",
			PQM_FMT(target), pqm_meaning_name(f->meaning),
			pqm_evidence_name(f->evidence), pqm_basis_suffix(f->basis), PQM_FMT(rule),
			id, object.n == 0 ? "" : "; ", PQM_FMT(object),
			PQM_FMT(layer_words(b, at))));
	pqm_js_close(b->o, '}');
	pqm_arena_reset(&b->scratch);
}

static void own_occurrences(struct bom *b, const struct pqm_finding *f)
{
	pqm_js_open(b->o, "evidence", '{');
	pqm_js_open(b->o, "occurrences", '[');
	for (size_t i = 0; i < f->n_occs; i++)
		if (!f->occs[i].in_store || b->r->expand_stores)
			occurrence(b, f, &f->occs[i]);
	pqm_js_close(b->o, ']');
	pqm_js_close(b->o, '}');
}

static const char *primitive(const struct pqm_finding *f)
{
	if (pqm_find_byte(f->family, 0, '+') != SIZE_MAX)
		return "combiner";
	switch (f->function) {
	case PQM_FN_KEX:
		return pqm_starts(f->family, PQM_LIT("ML-KEM")) ? "kem" : "key-agree";
	case PQM_FN_PKE:
		return "pke";
	case PQM_FN_SIG:
		return "signature";
	case PQM_FN_CIPHER:
		return pqm_starts(f->family, PQM_LIT("ChaCha")) || pqm_eqs(f->family, "RC4")
			? "stream-cipher"
			: "block-cipher";
	case PQM_FN_HASH:
		return "hash";
	case PQM_FN_MAC:
		return "mac";
	case PQM_FN_KDF:
		return "kdf";
	case PQM_FN_ANY:
		return pqm_eqs(f->family, "RSA") ? "pke" : "other";
	}
	return "unknown";
}

/* Categories of FIPS 203 §8, FIPS 204 §4 and of AES by key size; 0 for what Shor breaks; -1 when
 * not known. */
static int nist_level(const struct pqm_finding *f)
{
	static const struct {
		const char *family, *parameter;
		int level;
	} levels[] = { { "ML-KEM", "512", 1 }, { "ML-KEM", "768", 3 }, { "ML-KEM", "1024", 5 },
		{ "ML-DSA", "44", 2 }, { "ML-DSA", "65", 3 }, { "ML-DSA", "87", 5 },
		{ "AES", "128", 1 }, { "AES", "192", 3 }, { "AES", "256", 5 } };

	if (f->quantum == PQM_Q_BROKEN)
		return 0;
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		if (pqm_eqs(f->family, levels[i].family) &&
			pqm_eqs(f->parameter, levels[i].parameter))
			return levels[i].level;
	return -1;
}

static void algorithm_properties(struct bom *b, const struct pqm_finding *f)
{
	int level = nist_level(f);

	pqm_js_open(b->o, "cryptoProperties", '{');
	pqm_js_cstr(b->o, "assetType", "algorithm");
	pqm_js_open(b->o, "algorithmProperties", '{');
	pqm_js_cstr(b->o, "primitive", primitive(f));
	pqm_js_opt(b->o, "parameterSetIdentifier", f->parameter);
	if (b->is_1_7) {
		pqm_js_opt(b->o, "algorithmFamily",
			pqm_cyclonedx_family(b->r->rules, f->family, f->function));
		pqm_js_opt(b->o, "ellipticCurve",
			pqm_cyclonedx_curve(b->r->rules, f->family, f->parameter));
	} else if (pqm_eqs(f->family, "EC")) {
		pqm_js_opt(b->o, "curve", f->parameter);
	}
	if (level >= 0)
		pqm_js_u64(b->o, "nistQuantumSecurityLevel", (uint64_t)level);
	pqm_js_close(b->o, '}');
	pqm_js_close(b->o, '}');
}

/* Links of algorithm i start at *at; moves it behind them. */
static void alg_occurrences(struct bom *b, uint32_t i, size_t *at)
{
	if (*at >= b->n_links || b->links[*at].alg != i)
		return;
	pqm_js_open(b->o, "evidence", '{');
	pqm_js_open(b->o, "occurrences", '[');
	for (; *at < b->n_links && b->links[*at].alg == i; (*at)++)
		occurrence(b, b->places[b->links[*at].place].f, b->places[b->links[*at].place].o);
	pqm_js_close(b->o, ']');
	pqm_js_close(b->o, '}');
}

static void algorithms(struct bom *b)
{
	size_t at = 0;

	for (uint32_t i = 0; i < b->n_algs; i++) {
		const struct pqm_finding *f = b->algs[i].f;

		pqm_js_open(b->o, NULL, '{');
		pqm_js_cstr(b->o, "type", "cryptographic-asset");
		pqm_js_cstr(b->o, "bom-ref", b->algs[i].ref);
		pqm_js_str(b->o, "name", pqm_text_alg(&b->scratch, f->family, f->parameter));
		alg_occurrences(b, i, &at);
		algorithm_properties(b, f);
		pqm_js_open(b->o, "properties", '[');
		property(b, "pqmap:family", f->family);
		property(b, "pqmap:function", pqm_str(pqm_function_name(f->function)));
		property(b, "pqmap:quantum", pqm_str(pqm_quantum_name(f->quantum)));
		pqm_js_close(b->o, ']');
		pqm_js_close(b->o, '}');
		pqm_arena_reset(&b->scratch);
	}
}

/* Dates of certificates are whole days in the inventory. */
static void day(struct bom *b, const char *key, pqm_bytes text)
{
	int64_t unused;

	if (pqm_date_parse(text, &unused))
		pqm_js_str(b->o, key, pqm_arena_f(&b->scratch, "%.*sT00:00:00Z", PQM_FMT(text)));
}

static void certificate_properties(struct bom *b, const struct pqm_finding *f)
{
	static const struct pqm_occurrence none = { 0 };
	const struct pqm_occurrence *at = f->n_occs > 0 ? &f->occs[0] : &none;

	pqm_js_open(b->o, "certificateProperties", '{');
	pqm_js_opt(b->o, "subjectName", pqm_occ_attr(at, "subject"));
	pqm_js_opt(b->o, "issuerName", pqm_occ_attr(at, "issuer"));
	day(b, "notValidBefore", pqm_occ_attr(at, "not_before"));
	day(b, "notValidAfter", pqm_occ_attr(at, "not_after"));
	pqm_js_cstr(b->o, "certificateFormat",
		pqm_find(f->rule, 0, PQM_LIT("ssh")) == SIZE_MAX ? "X.509" : "OpenSSH");
	pqm_js_close(b->o, '}');
}

static const char *material_type(const struct pqm_finding *f)
{
	if (pqm_find(f->rule, 0, PQM_LIT("private")) != SIZE_MAX ||
		pqm_find(f->rule, 0, PQM_LIT("putty")) != SIZE_MAX)
		return "private-key";
	if (pqm_starts(f->rule, PQM_LIT("keystore.")) ||
		pqm_find(f->rule, 0, PQM_LIT("parameters")) != SIZE_MAX)
		return "other";
	return "public-key";
}

static void material_properties(struct bom *b, const struct pqm_finding *f)
{
	pqm_js_open(b->o, "relatedCryptoMaterialProperties", '{');
	pqm_js_cstr(b->o, "type", material_type(f));
	pqm_js_str(b->o, "id", f->identity);
	pqm_js_cstr(b->o, "algorithmRef", b->algs[alg_of(b, f)].ref);
	if (f->bits > 0)
		pqm_js_u64(b->o, "size", f->bits);
	pqm_js_close(b->o, '}');
}

static void material(struct bom *b, const struct pqm_finding *f)
{
	char id[REF_CHARS];
	pqm_bytes alg = pqm_text_alg(&b->scratch, f->family, f->parameter),
		  subject = f->n_occs > 0 ? pqm_occ_attr(&f->occs[0], "subject") : PQM_LIT("");
	bool is_cert = f->meaning == PQM_CERT;

	pqm_id_hex(id, f->id);
	pqm_js_open(b->o, NULL, '{');
	pqm_js_cstr(b->o, "type", "cryptographic-asset");
	pqm_js_cstr(b->o, "bom-ref", id);
	pqm_js_str(b->o, "name",
		subject.n > 0 ? subject
			      : pqm_arena_f(&b->scratch, "%.*s %s", PQM_FMT(alg),
					is_cert ? "certificate" : "key"));
	own_occurrences(b, f);
	pqm_js_open(b->o, "cryptoProperties", '{');
	pqm_js_cstr(b->o, "assetType", is_cert ? "certificate" : "related-crypto-material");
	if (is_cert)
		certificate_properties(b, f);
	else
		material_properties(b, f);
	pqm_js_close(b->o, '}');
	pqm_js_open(b->o, "properties", '[');
	property(b, "pqmap:rule", f->rule);
	property(b, "pqmap:quantum", pqm_str(pqm_quantum_name(f->quantum)));
	if (is_cert && f->n_occs > 0)
		property(b, "pqmap:signature", pqm_occ_attr(&f->occs[0], "signature"));
	pqm_js_close(b->o, ']');
	pqm_js_close(b->o, '}');
	pqm_arena_reset(&b->scratch);
}

static bool same_file(const struct pqm_place *a, const struct pqm_place *b)
{
	return a->o->target == b->o->target && pqm_eq(a->path, b->path);
}

static void file_ref(const struct bom *b, char ref[REF_CHARS], const struct pqm_place *p)
{
	ref_of(ref, "file", (const pqm_bytes[]){ b->r->inv->targets[p->o->target].name, p->path },
		2);
}

/* The end of the run of places in the same file, and whether any of them links to an algorithm. */
static size_t file_end(const struct bom *b, size_t from, bool *links)
{
	size_t i = from;

	*links = false;
	for (; i < b->n_places && same_file(&b->places[from], &b->places[i]); i++)
		*links = *links || (!is_material(b->places[i].f) && is_listed(b, b->places[i].f));
	return i;
}

static void files(struct bom *b)
{
	char ref[REF_CHARS];
	bool links;

	for (size_t i = 0, end; i < b->n_places; i = end) {
		end = file_end(b, i, &links);
		if (!links)
			continue;
		file_ref(b, ref, &b->places[i]);
		pqm_js_open(b->o, NULL, '{');
		pqm_js_cstr(b->o, "type", "file");
		pqm_js_cstr(b->o, "bom-ref", ref);
		pqm_js_str(b->o, "name", b->places[i].path);
		pqm_js_close(b->o, '}');
	}
}

static bool is_model(const struct pqm_asset *a)
{
	static const char *const words[] = { "weights", "model", "checkpoint", "adapter" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (pqm_find(a->life_class, 0, pqm_str(words[i])) != SIZE_MAX ||
			pqm_find(a->kind_words, 0, pqm_str(words[i])) != SIZE_MAX)
			return true;
	return false;
}

static void asset(struct bom *b, const struct pqm_asset_score *s)
{
	char ref[REF_CHARS];

	ref_of(ref, "asset", &s->asset->id, 1);
	pqm_js_open(b->o, NULL, '{');
	pqm_js_cstr(b->o, "type", is_model(s->asset) ? "machine-learning-model" : "data");
	pqm_js_cstr(b->o, "bom-ref", ref);
	pqm_js_str(b->o, "name", s->asset->name);
	pqm_js_opt(b->o, "description", s->why);
	pqm_js_open(b->o, "properties", '[');
	property(b, "pqmap:asset", s->asset->id);
	property(b, "pqmap:kind", s->asset->kind_words);
	property(b, "pqmap:decision", pqm_str(pqm_decision_name(s->decision)));
	property(b, "pqmap:probability", pqm_arena_f(&b->scratch, "%.4f", s->p[PQM_CENTRAL]));
	if (s->deciding < s->n_uses)
		property(b, "pqmap:vector", pqm_str(s->uses[s->deciding].vector));
	pqm_js_close(b->o, ']');
	pqm_js_close(b->o, '}');
	pqm_arena_reset(&b->scratch);
}

static void protocols(struct bom *b)
{
	const struct pqm_inventory *inv = b->r->inv;
	struct pqm_map certs = { 0 };
	const struct pqm_cbom_protocols p = { b->o, b->r->rules, &certs, &b->scratch, b->is_1_7 };

	for (size_t i = 0; inv->n_endpoints > 0 && i < inv->n_findings; i++) {
		struct pqm_finding *f = &inv->findings[i];

		if (f->meaning == PQM_CERT && is_listed(b, f) && f->identity.n > 0 &&
			!pqm_map_put(&certs, f->identity, f))
			b->o->errnum = ENOMEM;
	}
	/* Asked for two targets, an endpoint is one component. */
	for (size_t i = 0; i < inv->n_endpoints; i++) {
		const struct pqm_endpoint *e = &inv->endpoints[i],
					  *before = i == 0 ? NULL : &inv->endpoints[i - 1];

		if (before == NULL || !pqm_eq(e->scheme, before->scheme) ||
			!pqm_eq(e->host, before->host) || e->port != before->port ||
			!pqm_eq(e->address, before->address))
			pqm_cbom_protocol(&p, e);
	}
	pqm_map_fini(&certs);
}

static void components(struct bom *b)
{
	const struct pqm_inventory *inv = b->r->inv;
	const struct pqm_assessment *as = b->r->assessment;

	pqm_js_open(b->o, "components", '[');
	for (size_t i = 0; i < as->n_assets; i++)
		if (!as->assets[i].asset->is_unassigned)
			asset(b, &as->assets[i]);
	algorithms(b);
	for (size_t i = 0; i < inv->n_findings; i++)
		if (is_material(&inv->findings[i]) && is_listed(b, &inv->findings[i]))
			material(b, &inv->findings[i]);
	files(b);
	protocols(b);
	pqm_js_close(b->o, ']');
}

struct ref {
	char text[REF_CHARS];
};

static int by_ref(const void *x, const void *y)
{
	return memcmp(x, y, REF_CHARS);
}

/* Sorted, each once: the schema wants sets. */
static void refs(struct bom *b, const char *key, struct ref *r, size_t n)
{
	if (n == 0)
		return;
	qsort(r, n, sizeof(*r), by_ref);
	pqm_js_open(b->o, key, '[');
	for (size_t i = 0; i < n; i++)
		if (i == 0 || by_ref(&r[i - 1], &r[i]) != 0)
			pqm_js_cstr(b->o, NULL, r[i].text);
	pqm_js_close(b->o, ']');
}

static void file_dependency(struct bom *b, size_t from, size_t end)
{
	struct ref *uses = pqm_new(&b->scratch, struct ref, end - from),
		   *offers = pqm_new(&b->scratch, struct ref, end - from);
	size_t n_uses = 0, n_offers = 0;
	char ref[REF_CHARS];

	for (size_t i = from; uses != NULL && offers != NULL && i < end; i++) {
		const struct pqm_finding *f = b->places[i].f;
		const struct alg *a = &b->algs[alg_of(b, f)];

		if (is_material(f) || !is_listed(b, f))
			continue;
		memcpy(f->meaning == PQM_OFFER ? offers[n_offers++].text : uses[n_uses++].text,
			a->ref, REF_CHARS);
	}
	file_ref(b, ref, &b->places[from]);
	pqm_js_open(b->o, NULL, '{');
	pqm_js_cstr(b->o, "ref", ref);
	refs(b, "dependsOn", uses, n_uses);
	refs(b, "provides", offers, n_offers);
	pqm_js_close(b->o, '}');
	pqm_arena_reset(&b->scratch);
}

static void asset_dependency(struct bom *b, const struct pqm_asset *a)
{
	struct ref *r;
	size_t n = 0, max = 0;
	char ref[REF_CHARS];

	for (size_t i = 0; i < a->n_hops; i++)
		max += a->hops[i].n_findings;
	r = pqm_new(&b->scratch, struct ref, max);
	for (size_t i = 0; r != NULL && i < a->n_hops; i++)
		for (size_t k = 0; k < a->hops[i].n_findings; k++) {
			const struct pqm_finding *f =
				pqm_inventory_find(b->r->inv, a->hops[i].findings[k]);

			if (f == NULL || !is_listed(b, f))
				continue;
			if (is_material(f))
				pqm_id_hex(r[n++].text, f->id);
			else
				memcpy(r[n++].text, b->algs[alg_of(b, f)].ref, REF_CHARS);
		}
	ref_of(ref, "asset", &a->id, 1);
	pqm_js_open(b->o, NULL, '{');
	pqm_js_cstr(b->o, "ref", ref);
	refs(b, "dependsOn", r, n);
	pqm_js_close(b->o, '}');
	pqm_arena_reset(&b->scratch);
}

static void dependencies(struct bom *b)
{
	const struct pqm_inventory *inv = b->r->inv;
	const struct pqm_assessment *as = b->r->assessment;
	char id[REF_CHARS];
	bool links;

	pqm_js_open(b->o, "dependencies", '[');
	for (size_t i = 0; i < as->n_assets; i++)
		if (!as->assets[i].asset->is_unassigned)
			asset_dependency(b, as->assets[i].asset);
	for (size_t i = 0; i < inv->n_findings; i++) {
		const struct pqm_finding *f = &inv->findings[i];

		if (!is_material(f) || !is_listed(b, f))
			continue;
		pqm_id_hex(id, f->id);
		pqm_js_open(b->o, NULL, '{');
		pqm_js_cstr(b->o, "ref", id);
		pqm_js_open(b->o, "dependsOn", '[');
		pqm_js_cstr(b->o, NULL, b->algs[alg_of(b, f)].ref);
		pqm_js_close(b->o, ']');
		pqm_js_close(b->o, '}');
	}
	for (size_t i = 0, end; i < b->n_places; i = end) {
		end = file_end(b, i, &links);
		if (links)
			file_dependency(b, i, end);
	}
	pqm_js_close(b->o, ']');
}

static void metadata(struct bom *b)
{
	const struct pqm_inventory *inv = b->r->inv;
	char now[16];

	pqm_date_format(now, inv->now_days);
	pqm_js_open(b->o, "metadata", '{');
	pqm_js_str(b->o, "timestamp", pqm_arena_f(&b->scratch, "%sT00:00:00Z", now));
	pqm_js_open(b->o, "tools", '{');
	pqm_js_open(b->o, "components", '[');
	pqm_js_open(b->o, NULL, '{');
	pqm_js_cstr(b->o, "type", "application");
	pqm_js_cstr(b->o, "name", "pqmap");
	pqm_js_str(b->o, "version", inv->tool_version);
	pqm_js_close(b->o, '}');
	pqm_js_close(b->o, ']');
	pqm_js_close(b->o, '}');
	pqm_js_open(b->o, "properties", '[');
	property(b, "pqmap:rules", inv->rules_version);
	for (size_t i = 0; i < inv->n_targets; i++)
		property(b, "pqmap:target", inv->targets[i].name);
	pqm_js_close(b->o, ']');
	pqm_js_close(b->o, '}');
	pqm_arena_reset(&b->scratch);
}

/* A name-based UUID [RFC9562 §5.8] of the inventory: the same input, the same number. */
static void serial(struct bom *b)
{
	uint8_t d[PQM_SHA256_BYTES];
	char h[33];

	pqm_inventory_digest(d, b->r->inv);
	d[6] = (uint8_t)((d[6] & 0x0f) | 0x80);
	d[8] = (uint8_t)((d[8] & 0x3f) | 0x80);
	pqm_hex(h, d, 16);
	pqm_js_str(b->o, "serialNumber",
		pqm_arena_f(&b->scratch, "urn:uuid:%.8s-%.4s-%.4s-%.4s-%.12s", h, h + 8, h + 12,
			h + 16, h + 20));
}

enum pqm_st pqm_cyclonedx_write(
	const struct pqm_report *r, struct pqm_out *o, bool is_1_7, struct pqm_err *err)
{
	struct bom b = { .r = r, .o = o, .is_1_7 = is_1_7 };

	pqm_arena_init(&b.arena, PQM_RUN_ARENA_BYTES);
	pqm_arena_init(&b.scratch, PQM_ARENA_BYTES);
	enum pqm_st st =
		pqm_places(&b.places, &b.n_places, r->inv, r->expand_stores, &b.arena, err);

	if (st == PQM_OK && (!collect_algs(&b) || !collect_links(&b)))
		st = pqm_fail(err, PQM_ENOMEM, "cbom: no memory for %zu places", b.n_places);
	if (st == PQM_OK) {
		pqm_js_open(o, NULL, '{');
		pqm_js_cstr(o, "$schema",
			is_1_7 ? "http://cyclonedx.org/schema/bom-1.7.schema.json"
			       : "http://cyclonedx.org/schema/bom-1.6.schema.json");
		pqm_js_cstr(o, "bomFormat", "CycloneDX");
		pqm_js_cstr(o, "specVersion", is_1_7 ? "1.7" : "1.6");
		serial(&b);
		pqm_js_u64(o, "version", 1);
		metadata(&b);
		components(&b);
		dependencies(&b);
		pqm_js_close(o, '}');
	}
	pqm_arena_fini(&b.scratch);
	pqm_arena_fini(&b.arena);
	return st;
}

static enum pqm_st cbom_write(const struct pqm_report *r, struct pqm_out *o, struct pqm_err *err)
{
	return pqm_cyclonedx_write(r, o, false, err);
}

const struct pqm_writer pqm_rep_cbom = {
	.name = "cbom",
	.ext = ".cdx.json",
	.summary = "CycloneDX 1.6: algorithms, keys, certificates, AI assets",
	.write = cbom_write,
};
