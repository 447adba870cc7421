/* sbom.c — bills of materials, one item at a time: a list of a hundred thousand packages is never a tree. */
#include "parse/sbom.h"

#include "base/limits.h"
#include "parse/yaml_json.h"

struct walk {
	pqm_bytes text;
	pqm_sbom_fn *fn;
	void *ctx;
	struct pqm_sbom_told *told;
	struct pqm_err *err;
};

/* A form by a member of its top object, and where its items are. */
static const struct form {
	const char *member, *name, *list;
} forms[] = {
	{ "spdxVersion", "SPDX", "packages" },
	{ "bomFormat", "CycloneDX", "components" },
	{ "@graph", "SPDX 3", "@graph" },
	{ "artifacts", "Syft", "artifacts" },
};

static enum pqm_st broken(struct walk *w, const struct pqm_yjson_at *at)
{
	return pqm_fail(
		w->err, PQM_EPARSE, "bill of materials: %u:%u: broken JSON", at->line, at->col);
}

static enum pqm_st give(struct walk *w, const struct pqm_sbom_item *i)
{
	if (i->name.n == 0)
		return PQM_OK;
	if (w->told->n >= PQM_SBOM_ITEMS) {
		w->told->is_over = true;
		return PQM_OK;
	}
	w->told->n++;
	return w->fn(w->ctx, i);
}

/* The package URL among the references of an SPDX package. */
static pqm_bytes purl_of(const struct pqm_yaml *refs)
{
	for (uint32_t i = 0; refs != NULL && refs->type == PQM_YAML_SEQ && i < refs->n; i++) {
		pqm_bytes at = pqm_yaml_str(refs->items[i], "referenceLocator");

		if (pqm_starts(at, PQM_LIT("pkg:")))
			return at;
	}
	return (pqm_bytes){ NULL, 0 };
}

static pqm_bytes first_of(const struct pqm_yaml *y, const char *a, const char *b)
{
	pqm_bytes s = pqm_yaml_str(y, a);

	return s.n > 0 ? s : pqm_yaml_str(y, b);
}

/* [CycloneDX 1.6, cryptoProperties] */
static void take_asset(struct pqm_sbom_item *i, const struct pqm_yaml *crypto)
{
	const struct pqm_yaml *alg = pqm_yaml_get(crypto, "algorithmProperties");

	i->asset = pqm_yaml_str(crypto, "assetType");
	i->oid = pqm_yaml_str(crypto, "oid");
	i->parameter = pqm_yaml_str(alg, "parameterSetIdentifier");
	i->primitive = pqm_yaml_str(alg, "primitive");
	i->uses = first_of(pqm_yaml_get(crypto, "certificateProperties"), "signatureAlgorithmRef",
		"subjectPublicKeyRef");
	if (i->uses.n == 0)
		i->uses = pqm_yaml_str(
			pqm_yaml_get(crypto, "relatedCryptoMaterialProperties"), "algorithmRef");
	if (i->asset.n == 0)
		i->asset = PQM_LIT("unknown");
}

static enum pqm_st take(struct walk *w, const struct pqm_yaml *y, size_t off, unsigned depth)
{
	const struct pqm_yaml *inner = pqm_yaml_get(y, "components");
	struct pqm_sbom_item i = { .name = pqm_yaml_str(y, "name"), .off = off, .line = y->line };
	enum pqm_st st;

	if (y->type != PQM_YAML_MAP)
		return PQM_OK;
	i.version = first_of(y, "versionInfo", "version");
	if (i.version.n == 0)
		i.version = first_of(y, "software_packageVersion", "packageVersion");
	i.type = first_of(y, "purl", "software_packageUrl");
	if (i.type.n == 0)
		i.type = purl_of(pqm_yaml_get(y, "externalRefs"));
	if (i.type.n == 0)
		i.type = pqm_yaml_str(y, "type");
	if (pqm_eqs(pqm_yaml_str(y, "type"), "cryptographic-asset"))
		take_asset(&i, pqm_yaml_get(y, "cryptoProperties"));
	st = give(w, &i);
	if (inner == NULL || inner->type != PQM_YAML_SEQ || depth >= PQM_SBOM_DEPTH)
		return st;
	for (uint32_t k = 0; st == PQM_OK && k < inner->n; k++)
		st = take(w, inner->items[k], off, depth + 1);
	return st;
}

static enum pqm_st element(struct walk *w, struct pqm_yjson_at *at)
{
	struct pqm_yjson_at begin = *at, inside = { 0, at->line, at->col };
	const struct pqm_yaml *y = NULL;
	struct pqm_arena arena;
	enum pqm_st st;

	if (!pqm_yjson_skip_value(w->text, at))
		return broken(w, at);
	if (at->off - begin.off > PQM_SBOM_ITEM_BYTES || w->told->is_over) {
		w->told->n_large += !w->told->is_over;
		return PQM_OK;
	}
	pqm_arena_init(&arena, PQM_ARENA_BYTES);
	st = pqm_yjson_value(&y, pqm_sub(w->text, begin.off, at->off - begin.off), &inside, NULL,
		&arena, w->err);
	if (st == PQM_OK)
		st = take(w, y, begin.off, 0);
	pqm_arena_fini(&arena);
	return st;
}

static enum pqm_st list(struct walk *w, struct pqm_yjson_at at)
{
	enum pqm_st st = PQM_OK;

	if (!pqm_yjson_enter(w->text, &at, '['))
		return PQM_OK;
	while (st == PQM_OK && pqm_yjson_element(w->text, &at))
		st = element(w, &at);
	if (st == PQM_OK && (at.off >= w->text.n || w->text.p[at.off] != ']'))
		return broken(w, &at);
	return st;
}

/* The text between the quotes of a value; empty when it is none. */
static pqm_bytes plain_text(pqm_bytes text, struct pqm_yjson_at at)
{
	size_t end;

	if (at.off >= text.n || text.p[at.off] != '"')
		return (pqm_bytes){ NULL, 0 };
	end = pqm_find_byte(pqm_sub(text, at.off + 1, 32), 0, '"');
	return end == SIZE_MAX ? (pqm_bytes){ NULL, 0 } : pqm_sub(text, at.off + 1, end);
}

/* Where the members of the object begin that has the items: the top one, or the predicate of a statement. */
static const struct form *form_of(
	struct walk *w, struct pqm_yjson_at at, struct pqm_yjson_at *items, unsigned depth)
{
	const struct form *found = NULL;
	struct pqm_yjson_at lists[4] = { { 0 } }, predicate = { 0 };
	bool is_syft = false;
	pqm_bytes key = { NULL, 0 };

	if (!pqm_yjson_enter(w->text, &at, '{'))
		return NULL;
	while (pqm_yjson_key(w->text, &at, &key)) {
		for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
			if (pqm_eqs(key, forms[i].list))
				lists[i] = at;
			if (pqm_eqs(key, forms[i].member) && (found == NULL || i < 2))
				found = &forms[i];
		}
		if (pqm_eqs(key, "spdxVersion") || pqm_eqs(key, "specVersion"))
			w->told->version = plain_text(w->text, at);
		is_syft = is_syft || pqm_eqs(key, "artifactRelationships") ||
			pqm_eqs(key, "descriptor") || pqm_eqs(key, "schema");
		if (pqm_eqs(key, "predicate"))
			predicate = at;
		if (!pqm_yjson_skip_value(w->text, &at))
			break;
	}
	if (found == &forms[3] && !is_syft)
		found = NULL;
	if (found != NULL)
		*items = lists[found - forms];
	else if (predicate.off > 0 && depth == 0)
		return form_of(w, predicate, items, 1);
	return found;
}

/* SPDX 2 as lines: "PackageName: openssl". */
static enum pqm_st read_tags(struct walk *w)
{
	pqm_bytes rest = w->text, line;
	struct pqm_sbom_item i = { .line = 0 };
	uint32_t n = 0;
	enum pqm_st st = PQM_OK;

	w->told->form = PQM_LIT("SPDX");
	while (st == PQM_OK && pqm_split(&rest, '\n', &line)) {
		size_t colon = pqm_find_byte(line, 0, ':');
		pqm_bytes key = pqm_sub(line, 0, colon == SIZE_MAX ? 0 : colon);
		pqm_bytes value = pqm_trim(pqm_sub(line, key.n + 1, line.n)), purl;
		size_t at = pqm_find(value, 0, PQM_LIT(" pkg:"));

		n++;
		purl = at == SIZE_MAX ? (pqm_bytes){ NULL, 0 } : pqm_sub(value, at + 1, value.n);
		if (pqm_eqs(key, "PackageName")) {
			st = give(w, &i);
			i = (struct pqm_sbom_item){
				.name = value, .line = n, .off = (size_t)(line.p - w->text.p)
			};
		} else if (pqm_eqs(key, "PackageVersion")) {
			i.version = value;
		} else if (pqm_eqs(key, "ExternalRef") && purl.n > 0) {
			i.type = purl;
		} else if (pqm_eqs(key, "SPDXVersion")) {
			w->told->version = value;
		}
	}
	return st == PQM_OK ? give(w, &i) : st;
}

enum pqm_st pqm_sbom_read(
	pqm_bytes text, pqm_sbom_fn *fn, void *ctx, struct pqm_sbom_told *told, struct pqm_err *err)
{
	struct walk w = { text, fn, ctx, told, err };
	struct pqm_yjson_at start = { 0, 1, 1 }, items = { 0 };
	const struct form *form;

	*told = (struct pqm_sbom_told){ .n = 0 };
	if (pqm_starts(text, PQM_LIT("SPDXVersion:")))
		return read_tags(&w);
	form = form_of(&w, start, &items, 0);
	if (form == NULL)
		return PQM_OK;
	told->form = pqm_str(form->name);
	return items.off == 0 ? PQM_OK : list(&w, items);
}
