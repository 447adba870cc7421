/* img_choose.c — from an index or manifest to the images that are to be read, and through them. */
#include <stdlib.h>
#include <sys/utsname.h>

#include "base/limits.h"
#include "base/log.h"
#include "img.h"
#include "parse/yaml.h"

struct candidate {
	struct pqm_oci_desc desc;
	struct pqm_oci_manifest manifest;
	struct pqm_oci_config config;
	pqm_bytes name; /* ref.name of the outermost index that has one; empty: none */
	pqm_bytes top;	/* digest of the outermost entry that it came from */
	const struct pqm_yaml *about; /* an artifact's configuration */
	bool is_image;		      /* else an artifact: it fits every platform */
	bool is_attached;	      /* about another one: read with that */
	bool is_taken;
};

struct choice {
	struct pqm_store_of *store;
	struct pqm_sink *sink;
	struct pqm_err *err;
	struct pqm_arena *arena;
	pqm_bytes target, tag;
	const struct pqm_oci_manifest *root;
	struct candidate *list;
	size_t n, cap, n_read;
};

struct pqm_platform pqm_image_here(void)
{
	static const struct {
		const char *machine, *arch, *variant;
	} names[] = {
		{ "x86_64", "amd64", "" },
		{ "aarch64", "arm64", "" },
		{ "armv7l", "arm", "v7" },
		{ "armv6l", "arm", "v6" },
		{ "i686", "386", "" },
		{ "ppc64le", "ppc64le", "" },
		{ "s390x", "s390x", "" },
		{ "riscv64", "riscv64", "" },
	};

	struct pqm_platform p = { PQM_LIT("linux"), { NULL, 0 }, { NULL, 0 } };
	struct utsname u;

	if (uname(&u) != 0)
		return p;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(u.machine, names[i].machine) == 0) {
			p.arch = pqm_str(names[i].arch);
			p.variant = pqm_str(names[i].variant);
		}
	return p;
}

static bool is_image_config(pqm_bytes media_type)
{
	return media_type.n == 0 ||
		pqm_eqs(media_type, "application/vnd.oci.image.config.v1+json") ||
		pqm_eqs(media_type, "application/vnd.docker.container.image.v1+json");
}

/* The manifest, and for an image what its configuration says. */
static enum pqm_st load(struct choice *c, struct candidate *k)
{
	pqm_bytes text;
	enum pqm_st st = PQM_OK;

	if (k->desc.digest.n > 0) {
		st = pqm_image_blob(c->store, &k->desc, &text, c->arena, c->err);
		if (st == PQM_OK)
			st = pqm_oci_manifest_parse(&k->manifest, text, c->arena, c->err);
	}
	if (st != PQM_OK || k->manifest.is_index)
		return st;
	k->is_image = k->manifest.config.digest.n > 0 &&
		is_image_config(k->manifest.config.media_type) &&
		!pqm_image_has_no_tar(&k->manifest);
	if (!k->is_image)
		return pqm_artifact_config(
			c->store, &k->manifest.config, &k->about, c->arena, c->err);
	st = pqm_image_blob(c->store, &k->manifest.config, &text, c->arena, c->err);
	if (st == PQM_OK)
		st = pqm_oci_config_parse(&k->config, text, c->arena, c->err);
	return st;
}

/* Where an entry stands: the name and digest of the outermost one around it. */
struct level {
	pqm_bytes name, top;
	unsigned depth;
	bool is_attached;
};

static enum pqm_st gather(
	struct choice *c, const struct pqm_oci_manifest *m, const struct level *at);

static enum pqm_st take(struct choice *c, const struct pqm_oci_desc *d, const struct level *at)
{
	struct candidate *grown, k = { .desc = *d, .name = at->name, .top = at->top };
	enum pqm_st st;

	k.desc.is_manifest = true;
	k.is_attached = at->is_attached;
	/* What is not of the platform need not be fetched. */
	if (c->sink->images->has_platform && d->platform.arch.n > 0 &&
		!pqm_eqs(d->platform.arch, "unknown") &&
		!pqm_platform_fits(&c->sink->images->platform, &d->platform)) {
		k.config.platform = d->platform;
		k.is_image = true;
	} else {
		/* Indexes that name the same few again and again, in levels, would never end. */
		if (++c->n_read > PQM_OCI_INDEX)
			return pqm_fail(c->err, PQM_ELIMIT,
				"more than 4,096 manifests in one index; name one image by its tag "
				"or "
				"digest");
		st = load(c, &k);
		if (st == PQM_ENOMEM)
			return pqm_fail(c->err, PQM_ELIMIT,
				"manifests need more than %zu MiB of memory; name one image by its "
				"tag "
				"or digest",
				PQM_ARENA_BYTES >> 20);
		if (st != PQM_OK)
			return st;
		if (k.manifest.is_index) {
			struct level below = *at;

			below.depth++;
			return gather(c, &k.manifest, &below);
		}
		k.is_attached = k.is_attached || pqm_yaml_get(k.manifest.root, "subject") != NULL;
	}
	if (c->n >= PQM_OCI_INDEX)
		return pqm_fail(c->err, PQM_ELIMIT, "more than 4,096 images");
	grown = pqm_grow(c->arena, c->list, c->n, &c->cap);
	if (grown == NULL)
		return pqm_fail(c->err, PQM_ENOMEM, "out of memory for the images");
	c->list = grown;
	c->list[c->n++] = k;
	return PQM_OK;
}

static enum pqm_st gather(
	struct choice *c, const struct pqm_oci_manifest *m, const struct level *at)
{
	const struct pqm_yaml *entries = pqm_yaml_get(m->root, "manifests");
	enum pqm_st st = PQM_OK;

	if (at->depth > PQM_OCI_DEPTH)
		return pqm_fail(c->err, PQM_ELIMIT, "indexes in indexes deeper than 4 levels");
	for (size_t i = 0; i < m->n && st == PQM_OK; i++) {
		const struct pqm_oci_desc *d = &m->list[i];
		struct level here = *at;

		if (d->is_attestation)
			continue;
		if (at->depth == 0 && c->tag.n > 0 && !pqm_eq(d->ref_name, c->tag))
			continue;
		if (at->name.n == 0)
			here.name = d->ref_name;
		if (at->depth == 0)
			here.top = d->digest;
		if (entries != NULL && i < entries->n)
			here.is_attached =
				at->is_attached || pqm_image_is_attached(entries->items[i]);
		st = take(c, d, &here);
	}
	return st;
}

/* What is about others is read with those, unless nothing else is there. */
static void leave_attached(struct choice *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n; i++)
		n += !c->list[i].is_attached;
	if (n == 0)
		return;
	n = 0;
	for (size_t i = 0; i < c->n; i++)
		if (!c->list[i].is_attached)
			c->list[n++] = c->list[i];
	c->n = n;
}

static bool fits(const struct candidate *k, const struct pqm_platform *wish)
{
	return !k->is_image || pqm_platform_fits(wish, &k->config.platform);
}

/* Of the images of one name, those to read. */
static enum pqm_st choose_named(struct choice *c, pqm_bytes name)
{
	const struct pqm_image_options *opt = c->sink->images;
	struct pqm_platform here = pqm_image_here(),
			    wish = opt->has_platform ? opt->platform : here;
	struct candidate *only = NULL;
	size_t n_named = 0, n_taken = 0;
	struct pqm_buf have;

	pqm_buf_init(&have, 1024);
	for (size_t i = 0; i < c->n; i++) {
		struct candidate *k = &c->list[i];

		if (!pqm_eq(k->name, name))
			continue;
		n_named++;
		only = k;
		k->is_taken = fits(k, &wish);
		n_taken += k->is_taken;
		(void)pqm_buf_f(&have, "%s%.*s", n_named > 1 ? ", " : "",
			PQM_FMT(pqm_platform_text(&k->config.platform, c->arena)));
	}
	if (n_taken == 0 && n_named == 1 && !opt->has_platform) {
		only->is_taken = true;
		n_taken = 1;
	}
	enum pqm_st st = n_taken > 0
		? PQM_OK
		: pqm_fail(c->err, PQM_EUSAGE, "%.*s: no image for %.*s; there is %.*s%s",
			  PQM_FMT(c->target), PQM_FMT(pqm_platform_text(&wish, c->arena)),
			  PQM_FMT(pqm_buf_bytes(&have)),
			  opt->has_platform ? "" : ": choose with --platform");

	pqm_buf_fini(&have);
	return st;
}

static bool is_first_of_name(const struct choice *c, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (pqm_eq(c->list[k].name, c->list[i].name))
			return false;
	return true;
}

/* How the image is called in paths and in what is found. */
static enum pqm_st name_image(
	struct choice *c, const struct candidate *k, size_t n_taken, struct pqm_image *im)
{
	pqm_bytes digest = k->desc.digest;

	im->label = im->reference = c->target;

	if (n_taken > 1)
		im->label = k->name.n > 0
			? pqm_arena_f(c->arena, "%.*s:%.*s", PQM_FMT(c->target), PQM_FMT(k->name))
			: pqm_arena_f(c->arena, "%.*s@%.*s", PQM_FMT(c->target),
				  PQM_FMT(pqm_sub(digest, 0, 7 + 12)));
	im->label = pqm_printable(c->arena, im->label);
	/* What was asked for by the digest of an index is named by the one that was taken. */
	if (digest.n > 0)
		im->reference = pqm_arena_f(c->arena, "%.*s@%.*s",
			PQM_FMT(pqm_sub(im->label, 0, pqm_find(im->label, 0, PQM_LIT("@sha")))),
			PQM_FMT(digest));
	return im->label.p != NULL && im->reference.p != NULL
		? PQM_OK
		: pqm_fail(c->err, PQM_ENOMEM, "out of memory for an image");
}

static enum pqm_st walk(struct choice *c, const struct candidate *k, struct pqm_image *im)
{
	im->store = c->store;
	im->config = k->config;
	im->artifact = k->is_image ? NULL : k->manifest.root;
	im->about = k->about;
	if (!k->is_image)
		im->subject = pqm_yaml_str(pqm_yaml_get(k->manifest.root, "subject"), "digest");
	im->layers = k->manifest.list;
	im->n_layers = k->manifest.n;
	return pqm_image_walk(im, c->sink, c->err);
}

/* Of the manifest, and of the index that it came from: signers take either. */
static enum pqm_st walk_attached(struct choice *c, struct pqm_attached *a,
	const struct candidate *k, const struct pqm_image *im)
{
	enum pqm_st st;

	if (k->is_attached)
		return PQM_OK;
	st = pqm_image_attached(a, im, k->desc.digest, c->sink, c->err);
	return st == PQM_OK && !pqm_eq(k->top, k->desc.digest)
		? pqm_image_attached(a, im, k->top, c->sink, c->err)
		: st;
}

/* Reads what was chosen; one of several that cannot be read is told. */
static enum pqm_st walk_all(struct choice *c)
{
	struct pqm_attached attached = { .store = c->store,
		.index = c->store->ask == NULL ? c->root : NULL,
		.arena = c->arena };
	size_t n_taken = 0, n_bad = 0;
	enum pqm_st st = PQM_OK;

	for (size_t i = 0; i < c->n; i++)
		n_taken += c->list[i].is_taken;
	for (size_t i = 0; i < c->n && st == PQM_OK; i++) {
		struct pqm_image im = { 0 };

		if (!c->list[i].is_taken)
			continue;
		st = name_image(c, &c->list[i], n_taken, &im);
		if (st == PQM_OK)
			st = walk(c, &c->list[i], &im);
		if (st == PQM_OK)
			st = walk_attached(c, &attached, &c->list[i], &im);
		if (st == PQM_EPARSE || st == PQM_ENET || st == PQM_EIO) {
			n_bad++;
			st = n_bad == n_taken ? st : PQM_OK;
		}
	}
	return st;
}

enum pqm_st pqm_image_choose(struct pqm_store_of *store, pqm_bytes target, pqm_bytes tag,
	const struct pqm_oci_manifest *root, struct pqm_sink *s, struct pqm_err *err)
{
	struct pqm_arena arena;
	struct choice c = {
		.store = store,
		.sink = s,
		.err = err,
		.arena = &arena,
		.target = target,
		.tag = tag,
		.root = root,
	};
	enum pqm_st st;

	pqm_arena_init(&arena, PQM_ARENA_BYTES);
	st = gather(&c, root, &(struct level){ .depth = 0 });
	leave_attached(&c);
	if (st == PQM_OK && c.n == 0)
		st = pqm_fail(err, PQM_EUSAGE, "%.*s: %s", PQM_FMT(target),
			tag.n > 0 ? "has no image of this name" : "has no image in it");
	for (size_t i = 0; i < c.n && st == PQM_OK; i++)
		if (is_first_of_name(&c, i))
			st = choose_named(&c, c.list[i].name);
	if (st == PQM_OK)
		st = walk_all(&c);
	pqm_arena_wipe(&arena); /* the environment of an image may hold anything */
	pqm_arena_fini(&arena);
	return st;
}
