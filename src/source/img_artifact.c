/* img_artifact.c — what is in a registry or layout beside an image and about it: signatures and attestations of
 * cosign and Notation by the referrers API or its tags [OCI distribution spec 1.1, "Listing Referrers"], by the
 * tags of cosign, and by the entries of a layout. */
#include "base/hash.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/num.h"
#include "img.h"
#include "parse/yaml_json.h"

#define TAG_HEX ((size_t)64)
#define TAG_ALG ((size_t)32)

static const char *const suffixes[] = { ".sig", ".att", ".sbom" };
static const char cosign_kind[] = "dev.cosignproject.cosign/";

struct look {
	struct pqm_attached *a;
	const struct pqm_image *of;
	pqm_bytes digest;
	struct pqm_sink *sink;
	struct pqm_err *err;
};

/* "sha256-HEX" [distribution spec 1.1: referrers tag schema] */
static pqm_bytes tag_of(pqm_bytes digest, struct pqm_arena *arena)
{
	size_t colon = pqm_find_byte(digest, 0, ':');

	return pqm_arena_f(arena, "%.*s-%.*s",
		PQM_FMT(pqm_sub(digest, 0, colon < TAG_ALG ? colon : TAG_ALG)),
		PQM_FMT(pqm_sub(digest, colon + 1, TAG_HEX)));
}

static pqm_bytes kind_of(const struct pqm_yaml *entry)
{
	pqm_bytes kind = pqm_yaml_str(pqm_yaml_get(entry, "annotations"), "kind");

	return pqm_starts(kind, pqm_str(cosign_kind))
		? pqm_sub(kind, sizeof(cosign_kind) - 1, kind.n)
		: (pqm_bytes){ NULL, 0 };
}

/* Of `cosign save`. */
static bool is_kind_attached(pqm_bytes kind)
{
	return pqm_eqs(kind, "sigs") || pqm_eqs(kind, "atts") || pqm_eqs(kind, "sboms");
}

static pqm_bytes name_of(const struct pqm_yaml *entry)
{
	return pqm_yaml_str(
		pqm_yaml_get(entry, "annotations"), "org.opencontainers.image.ref.name");
}

bool pqm_image_is_attached(const struct pqm_yaml *entry)
{
	pqm_bytes name = name_of(entry);
	size_t dot = 7 + TAG_HEX;

	if (is_kind_attached(kind_of(entry)))
		return true;
	if (!pqm_starts(name, PQM_LIT("sha256-")) || name.n <= dot)
		return false;
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
		if (pqm_eqs(pqm_sub(name, dot, name.n), suffixes[i]))
			return true;
	return false;
}

bool pqm_image_has_no_tar(const struct pqm_oci_manifest *m)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->list[i].media_type.n == 0 || pqm_oci_is_layer(m->list[i].media_type))
			return false;
	return m->n > 0;
}

enum pqm_st pqm_artifact_config(struct pqm_store_of *store, const struct pqm_oci_desc *config,
	const struct pqm_yaml **out, struct pqm_arena *arena, struct pqm_err *err)
{
	struct pqm_err ignored = { 0 };
	pqm_bytes text;
	enum pqm_st st;

	*out = NULL;
	if (config->digest.n == 0 || !pqm_ends(config->media_type, PQM_LIT("json")) ||
		pqm_eqs(config->media_type, "application/vnd.oci.empty.v1+json"))
		return PQM_OK;
	if (config->has_size && config->size > PQM_OCI_MANIFEST_BYTES)
		return PQM_OK;
	st = pqm_image_blob(store, config, &text, arena, err);
	if (st == PQM_OK)
		(void)!pqm_yjson_root(out, text, arena, &ignored);
	return st;
}

static bool is_done(struct look *l, pqm_bytes digest)
{
	pqm_bytes *grown;

	for (size_t i = 0; i < l->a->n_done; i++)
		if (pqm_eq(l->a->done[i], digest))
			return true;
	grown = pqm_grow(l->a->arena, l->a->done, l->a->n_done, &l->a->cap_done);
	if (grown == NULL)
		return false;
	l->a->done = grown;
	grown[l->a->n_done++] = digest;
	return false;
}

/* Only what would fail everything else too is a failure. */
static enum pqm_st gap(struct look *l, const char *what, enum pqm_st st)
{
	char words[700];

	if (st == PQM_OK || st == PQM_ENOMEM || st == PQM_EINTERNAL ||
		(l->sink->images->stop != NULL && *l->sink->images->stop != 0))
		return st;
	(void)snprintf(words, sizeof(words), "%s of %.19s: %s; they are not in this report", what,
		(const char *)l->digest.p, l->err->msg);
	l->sink->skip(l->sink, st == PQM_ELIMIT ? PQM_SKIP_LIMIT : PQM_SKIP_INCOMPLETE,
		l->of->label, words);
	pqm_log(PQM_WARN, "image", "%.*s: %s", PQM_FMT(l->of->label), words);
	*l->err = (struct pqm_err){ 0 };
	return PQM_OK;
}

static enum pqm_st walk(struct look *l, pqm_bytes digest, const struct pqm_oci_manifest *m)
{
	struct pqm_image im = {
		.store = l->a->store,
		.reference = l->of->reference,
		.artifact = m->root,
		.subject = l->digest,
		.layers = m->list,
		.n_layers = m->n,
	};
	enum pqm_st st;

	im.label = pqm_arena_f(l->a->arena, "%.*s › attached@%.*s", PQM_FMT(l->of->label),
		PQM_FMT(pqm_sub(digest, 0, 7 + 12)));
	if (im.label.p == NULL)
		return pqm_fail(l->err, PQM_ENOMEM, "out of memory for a signature");
	st = pqm_artifact_config(l->a->store, &m->config, &im.about, l->a->arena, l->err);
	if (st == PQM_OK)
		st = pqm_image_walk(&im, l->sink, l->err);
	return st;
}

/* A manifest whose text came by a name. */
static enum pqm_st take_text(struct look *l, pqm_bytes text)
{
	uint8_t hash[PQM_DIGEST_BYTES_MAX];
	char hex[2 * PQM_DIGEST_BYTES_MAX + 1];
	struct pqm_digest *d = pqm_digest_new(false);
	struct pqm_oci_manifest m;
	pqm_bytes digest;
	enum pqm_st st;

	if (d == NULL)
		return pqm_fail(l->err, PQM_ENOMEM, "out of memory for a signature");
	pqm_digest_add(d, text);
	pqm_hex(hex, hash, pqm_digest_end(d, hash));
	pqm_digest_free(d);
	digest = pqm_arena_f(l->a->arena, "sha256:%s", hex);
	if (digest.p == NULL)
		return pqm_fail(l->err, PQM_ENOMEM, "out of memory for a signature");
	if (is_done(l, digest))
		return PQM_OK;
	st = pqm_oci_manifest_parse(&m, text, l->a->arena, l->err);
	if (st == PQM_OK && m.is_index)
		return pqm_fail(l->err, PQM_EPARSE, "an index where a manifest belongs");
	return st == PQM_OK ? walk(l, digest, &m) : st;
}

static enum pqm_st take(struct look *l, const struct pqm_oci_desc *d)
{
	struct pqm_oci_desc own = *d;
	pqm_bytes text;
	enum pqm_st st;

	own.is_manifest = true;
	for (size_t i = 0; i < l->a->n_done; i++)
		if (pqm_eq(l->a->done[i], d->digest))
			return PQM_OK;
	st = pqm_image_blob(l->a->store, &own, &text, l->a->arena, l->err);
	return st == PQM_OK ? take_text(l, text) : st;
}

static enum pqm_st ask(struct look *l, const char *kind, pqm_bytes name, pqm_bytes *out)
{
	const struct pqm_wish w = { kind, name, l->a->arena };

	*out = (pqm_bytes){ NULL, 0 };
	return l->a->store->ask(l->a->store, &w, out, l->err);
}

static enum pqm_st take_index(struct look *l, pqm_bytes text)
{
	struct pqm_oci_manifest m;
	enum pqm_st st = pqm_oci_manifest_parse(&m, text, l->a->arena, l->err);

	if (st == PQM_OK && !m.is_index)
		st = pqm_fail(l->err, PQM_EPARSE, "is no index");
	if (st != PQM_OK)
		return gap(l, "what refers to it: the list", st);
	if (m.n > PQM_IMAGE_ATTACHED)
		st = gap(l, "what refers to it",
			pqm_fail(l->err, PQM_ELIMIT, "more than %u; the others were not read",
				PQM_IMAGE_ATTACHED));
	for (size_t i = 0; i < m.n && i < PQM_IMAGE_ATTACHED && st == PQM_OK; i++)
		st = gap(l, "signatures and attestations", take(l, &m.list[i]));
	return st;
}

/* [distribution spec 1.1] who does not know the API answers 404; then there may be a tag. */
static enum pqm_st ask_referrers(struct look *l)
{
	pqm_bytes text;
	enum pqm_st st = ask(l, "referrers", l->digest, &text);

	if (st != PQM_OK)
		return gap(l, "signatures and attestations", st);
	if (text.n == 0)
		st = ask(l, "manifests", tag_of(l->digest, l->a->arena), &text);
	if (st != PQM_OK)
		return gap(l, "signatures and attestations", st);
	return text.n > 0 ? take_index(l, text) : PQM_OK;
}

static enum pqm_st ask_tags(struct look *l)
{
	static const char *const what[] = { "signatures", "attestations", "SBOMs" };
	enum pqm_st st = PQM_OK;

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]) && st == PQM_OK; i++) {
		pqm_bytes tag = tag_of(l->digest, l->a->arena), text;

		tag = pqm_arena_f(l->a->arena, "%.*s%s", PQM_FMT(tag), suffixes[i]);
		st = ask(l, "manifests", tag, &text);
		if (st == PQM_OK && text.n > 0)
			st = take_text(l, text);
		st = gap(l, what[i], st);
	}
	return st;
}

/* Of an entry that no name ties to the image: its manifest says whose it is. */
static enum pqm_st take_if_subject(struct look *l, const struct pqm_oci_desc *d)
{
	struct pqm_oci_desc own = *d;
	struct pqm_oci_manifest m;
	pqm_bytes text;
	enum pqm_st st;

	own.is_manifest = true;
	st = pqm_image_blob(l->a->store, &own, &text, l->a->arena, l->err);
	if (st == PQM_OK)
		st = pqm_oci_manifest_parse(&m, text, l->a->arena, l->err);
	if (st != PQM_OK || m.is_index ||
		!pqm_eq(pqm_yaml_str(pqm_yaml_get(m.root, "subject"), "digest"), l->digest))
		return st;
	return take_text(l, text);
}

static enum pqm_st look_in_layout(struct look *l)
{
	const struct pqm_oci_manifest *index = l->a->index;
	const struct pqm_yaml *list = pqm_yaml_get(index->root, "manifests");
	pqm_bytes tag = tag_of(l->digest, l->a->arena);
	enum pqm_st st = PQM_OK;

	for (size_t i = 0; i < index->n && i < list->n && st == PQM_OK; i++) {
		const struct pqm_yaml *e = list->items[i];

		if (pqm_eq(index->list[i].digest, l->digest))
			continue;
		/* One layout of cosign has one image. */
		if (is_kind_attached(kind_of(e)) ||
			(pqm_image_is_attached(e) && pqm_starts(name_of(e), tag)))
			st = take(l, &index->list[i]);
		else if (pqm_yaml_get(e, "platform") == NULL && !pqm_image_is_attached(e))
			st = take_if_subject(l, &index->list[i]);
		st = gap(l, "signatures and attestations", st);
	}
	return st;
}

enum pqm_st pqm_image_attached(struct pqm_attached *a, const struct pqm_image *of, pqm_bytes digest,
	struct pqm_sink *s, struct pqm_err *err)
{
	struct look l = { a, of, digest, s, err };
	enum pqm_st st = PQM_OK;

	if (s->images->wanted_base != NULL || !pqm_oci_is_digest(digest) || is_done(&l, digest))
		return PQM_OK; /* is_done: whoever has one answer for every tag must not lead in circles */
	if (a->store->ask != NULL) {
		st = ask_referrers(&l);
		if (st == PQM_OK)
			st = ask_tags(&l);
	}
	return st == PQM_OK && a->index != NULL ? look_in_layout(&l) : st;
}
