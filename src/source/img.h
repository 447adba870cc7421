/*
 * img.h — what the parts that read container images share. Not for other modules.
 *
 * Shape:     a store gives manifests and blobs by descriptor; an image is walked layer by layer from the top,
 *            so that what an upper layer hides is known when a lower one is read.
 * Ownership: a store owns what it opens; a feed is closed by whoever asked for it.
 * Errors:    PQM_EUSAGE, PQM_EIO, PQM_ENET for a target that cannot be read at all; PQM_EPARSE for a blob
 *            that is not what its digest says.
 * Threads:   one thread, but for a layer that is read ahead.
 * Limits:    PQM_OCI_*, PQM_IMAGE_*, PQM_LAYER_*, PQM_ENTRY_*.
 */
#ifndef PQM_SOURCE_IMG_H
#define PQM_SOURCE_IMG_H

#include "source/image.h"
#include "source/source.h"
#include "source/unpack.h"

struct pqm_wish;

/* Where the blobs of images come from. */
struct pqm_store_of {
	/* A blob, to be read once, from its start. What comes is checked by the caller. */
	enum pqm_st (*open)(struct pqm_store_of *s, const struct pqm_oci_desc *d,
		struct pqm_feed **out, struct pqm_err *err);
	void (*close)(struct pqm_store_of *s); /* frees it */
	bool is_here;			       /* to open a blob asks nobody */
	/* What need not be there: a manifest by its tag, or the index of what refers to a digest. Empty:
	 * there is none. In arena, and not checked by a digest. NULL: the store has no names. */
	enum pqm_st (*ask)(struct pqm_store_of *s, const struct pqm_wish *w, pqm_bytes *out,
		struct pqm_err *err);
};

struct pqm_wish {
	const char *kind; /* "manifests", "referrers" */
	pqm_bytes name;
	struct pqm_arena *arena;
};

/* One image to walk. */
struct pqm_image {
	struct pqm_store_of *store;
	pqm_bytes label;     /* before the paths: "oci:DIR:tag" */
	pqm_bytes reference; /* as reported: "oci:DIR:tag@sha256:…" */
	struct pqm_oci_config config;
	const struct pqm_yaml *artifact; /* the manifest of what is no image; NULL: it is one */
	const struct pqm_yaml *about; /* the artifact's configuration, where it is JSON; or NULL */
	pqm_bytes subject; /* digest of the manifest that an artifact is about; or empty */
	const struct pqm_oci_desc *layers; /* the base first */
	size_t n_layers;
};

/* img_facts.c: hands over how the image is started, or what the artifact is made of, as an object: kind
 * Image or Artifact of image.pqmap.dev. */
enum pqm_st pqm_image_facts(
	const struct pqm_image *im, struct pqm_sink *s, struct pqm_err *err) PQM_MUST_USE;
/* img_pasted.c: hands over keys that were pasted into the environment or a step of the build. */
#define PQM_PEM_BEGIN "-----BEGIN "
enum pqm_st pqm_image_pasted(
	const struct pqm_image *im, struct pqm_sink *s, struct pqm_err *err) PQM_MUST_USE;
extern const struct pqm_source pqm_src_image;
extern const struct pqm_source pqm_src_path;
/* img_base.c: fills in what a base image is made of. */
enum pqm_st pqm_image_keep_base(const struct pqm_image *im, const struct pqm_image_options *o,
	struct pqm_err *err) PQM_MUST_USE;
/* How many layers of the image, from the bottom, are those of a base image. */
size_t pqm_image_of_base(const struct pqm_image *im, const struct pqm_image_options *o);
/* img_layer.c: walks the layers, the top first. */
enum pqm_st pqm_image_walk(
	const struct pqm_image *im, struct pqm_sink *s, struct pqm_err *err) PQM_MUST_USE;
/* img_blob.c: a whole blob in memory, checked. */
enum pqm_st pqm_image_blob(struct pqm_store_of *s, const struct pqm_oci_desc *d, pqm_bytes *out,
	struct pqm_arena *arena, struct pqm_err *err) PQM_MUST_USE;
/* "blobs/sha256/HEX": where a layout has it. The digest is one. */
#define PQM_BLOB_NAME 160
const char *pqm_image_blob_name(char out[PQM_BLOB_NAME], pqm_bytes digest);
/* A feed that hashes what passes and fails at the end when size or digest are others. Takes feed. */
struct pqm_feed *pqm_image_checked(
	struct pqm_feed *feed, const struct pqm_oci_desc *d, struct pqm_err *err);
/* img_ahead.c: the same bytes, read by a thread of its own until it is closed. Takes in; gives it back when there
 * is no thread to be had. */
struct pqm_feed *pqm_image_ahead(struct pqm_feed *in);
/* Bytes [from, from + n) of a file. Borrows fd. */
struct pqm_feed *pqm_image_slice(int fd, uint64_t from, uint64_t n, struct pqm_err *err);

/* img_artifact.c: signatures, attestations and whatever else says something of a manifest, found by
 * themselves. What could not be asked for is a gap in coverage and no failure. */
struct pqm_attached {
	struct pqm_store_of *store;
	const struct pqm_oci_manifest *index; /* of a layout; else NULL */
	struct pqm_arena *arena;
	pqm_bytes *done; /* digests of the manifests that were read */
	size_t n_done, cap_done;
};

/* digest, label and reference: of the manifest that they are about. */
enum pqm_st pqm_image_attached(struct pqm_attached *a, const struct pqm_image *of, pqm_bytes digest,
	struct pqm_sink *s, struct pqm_err *err) PQM_MUST_USE;
/* Whether an entry of a layout's index (of its JSON) is about another one by its name. */
bool pqm_image_is_attached(const struct pqm_yaml *entry);
/* Whether a manifest has layers, and none of them is a tar: cosign calls its own an image. */
bool pqm_image_has_no_tar(const struct pqm_oci_manifest *m);
/* The configuration of an artifact, as JSON; NULL where it is empty, large or something else. */
enum pqm_st pqm_artifact_config(struct pqm_store_of *store, const struct pqm_oci_desc *config,
	const struct pqm_yaml **out, struct pqm_arena *arena, struct pqm_err *err) PQM_MUST_USE;

/* img_packed.c: an archive that is packed as a whole. */
struct pqm_packed_part {
	uint32_t number; /* from 1, in the order of the archive */
	bool is_packed;	 /* by itself, within */
	pqm_bytes text;	 /* all of it, where it is small and may be JSON; else empty */
};

struct pqm_packed_each {
	/* An entry; then, of a file, what is known of it. */
	enum pqm_st (*begin)(void *ctx, const struct pqm_entry *e, struct pqm_err *err);
	void (*part)(void *ctx, const struct pqm_packed_part *p);
	void *ctx;
	struct pqm_arena *arena; /* of the texts */
};

enum pqm_st pqm_packed_each(int fd, uint64_t size, const struct pqm_packed_each *each,
	struct pqm_err *err) PQM_MUST_USE;
enum pqm_st pqm_packed_open(int fd, uint64_t size, uint32_t number, struct pqm_feed **out,
	struct pqm_err *err) PQM_MUST_USE;

/* img_choose.c: what this machine is; arch is empty when it has no name of its own. */
struct pqm_platform pqm_image_here(void);
/* The images behind a manifest or index, of the platform asked for; walks them all. tag (may be
 * empty): only entries of that name. Borrows store. */
enum pqm_st pqm_image_choose(struct pqm_store_of *store, pqm_bytes target, pqm_bytes tag,
	const struct pqm_oci_manifest *root, struct pqm_sink *s, struct pqm_err *err) PQM_MUST_USE;
/* "NAME[:TAG]" of a file or folder that exists: a name with a colon of its own is one. */
enum pqm_st pqm_image_name(const char *spec, struct pqm_arena *arena, const char **path,
	pqm_bytes *tag, struct pqm_err *err) PQM_MUST_USE;

/* Each takes the whole target and what stands behind its scheme. */
/* img_dir.c: an OCI image layout. */
enum pqm_st pqm_image_layout(
	const char *target, const char *spec, struct pqm_sink *s, struct pqm_err *err) PQM_MUST_USE;
/* img_tar.c: an archive of an OCI image layout, or of `docker save`. */
enum pqm_st pqm_image_archive(
	const char *target, const char *spec, struct pqm_sink *s, struct pqm_err *err) PQM_MUST_USE;
/* img_registry.c */
enum pqm_st pqm_image_registry(
	const char *target, const char *spec, struct pqm_sink *s, struct pqm_err *err) PQM_MUST_USE;

#endif
