/*
 * oci.h — container images: what their JSON says, how they are named, what a layer's names mean.
 *
 * Shape:     pure functions over texts; JSON becomes small structs.
 * Ownership: everything lives in the caller's arena, or is a slice of the text given.
 * Errors:    PQM_EPARSE with words for what is no such document, PQM_ELIMIT over PQM_OCI_*.
 * Threads:   pure.
 * Standard:  OCI image spec 1.1 (descriptor, index, manifest, config, layer, layout), OCI distribution
 *            spec 1.1, Docker image manifest v2 schema 2, Docker image spec 1.2 (manifest.json).
 */
#ifndef PQM_PARSE_OCI_H
#define PQM_PARSE_OCI_H

#include "base/arena.h"
#include "base/buf.h"

struct pqm_yaml;

struct pqm_platform {
	pqm_bytes os, arch, variant; /* empty: not said */
};

struct pqm_oci_desc {
	pqm_bytes media_type, digest;
	uint64_t size;
	bool has_size;
	struct pqm_platform platform;
	pqm_bytes ref_name;  /* org.opencontainers.image.ref.name */
	pqm_bytes title;     /* org.opencontainers.image.title: the file that it was */
	bool is_attestation; /* about another manifest, no image of its own */
	/* Not of the text: */
	bool is_manifest;  /* asked for as one, not as a blob */
	bool is_unchecked; /* the digest is of something else: of the layer unpacked */
};

/* An index has manifests in list; a manifest has config and layers in list. */
struct pqm_oci_manifest {
	bool is_index;
	struct pqm_oci_desc config;
	struct pqm_oci_desc *list;
	size_t n;
	const struct pqm_yaml *root; /* all of it */
};

struct pqm_oci_config {
	struct pqm_platform platform;
	pqm_bytes *diff_ids;
	size_t n_diff_ids;
	pqm_bytes *made_by; /* of each layer, by history entries that are not empty */
	size_t n_made_by;
	const struct pqm_yaml *history; /* as it is, with what builders were given; may be NULL */
	const struct pqm_yaml *run; /* "config": environment, command, ports, labels; may be NULL */
};

/* One image of `docker save`. */
struct pqm_oci_saved {
	pqm_bytes config; /* a name in the archive */
	pqm_bytes *tags;  /* "repo:tag" */
	size_t n_tags;
	pqm_bytes *layers; /* names in the archive */
	size_t n_layers;
};

struct pqm_oci_ref {
	pqm_bytes host; /* "registry.example:5000" */
	pqm_bytes repo; /* "team/app" */
	pqm_bytes
		tag; /* "latest" when neither tag nor digest was given; may be empty beside a digest */
	pqm_bytes digest; /* or empty */
};

enum pqm_st pqm_oci_manifest_parse(struct pqm_oci_manifest *out, pqm_bytes text,
	struct pqm_arena *arena, struct pqm_err *err) PQM_MUST_USE;
enum pqm_st pqm_oci_config_parse(struct pqm_oci_config *out, pqm_bytes text,
	struct pqm_arena *arena, struct pqm_err *err) PQM_MUST_USE;
/* A step of a build as it may be shown: without the shell that ran it, passwords and keys. */
pqm_bytes pqm_oci_step(pqm_bytes created_by, struct pqm_arena *arena);
/* manifest.json; *list and *n. */
enum pqm_st pqm_oci_saved_parse(struct pqm_oci_saved **list, size_t *n, pqm_bytes text,
	struct pqm_arena *arena, struct pqm_err *err) PQM_MUST_USE;
/* "repositories": the id of the top layer of each tag. In list: config is the id. */
enum pqm_st pqm_oci_repositories_parse(struct pqm_oci_saved **list, size_t *n, pqm_bytes text,
	struct pqm_arena *arena, struct pqm_err *err) PQM_MUST_USE;

/* "parent" of a layer's own JSON, in such archives; empty: the base. */
pqm_bytes pqm_oci_parent(pqm_bytes text, struct pqm_arena *arena, struct pqm_err *err);

/* Whether the media type is one of a layer's tar, whatever it is packed with. */
bool pqm_oci_is_layer(pqm_bytes media_type);
/* A layer that is not in the registry and must not be (foreign, non-distributable). */
bool pqm_oci_is_foreign(pqm_bytes media_type);
bool pqm_oci_is_index(pqm_bytes media_type);

/* "sha256:" and 64, or "sha512:" and 128 lower-case hex digits. */
bool pqm_oci_is_digest(pqm_bytes digest);
/* Whether the hash (32 or 64 bytes) is what the digest says. */
bool pqm_oci_digest_is(pqm_bytes digest, const uint8_t *hash, size_t n);

/* HOST[:PORT]/REPO[:TAG][@DIGEST]. Without a host that has a dot, a port or is localhost: docker.io, and its
 * library/ for names of one part, as every client reads it. */
enum pqm_st pqm_oci_ref_parse(struct pqm_oci_ref *out, pqm_bytes text, struct pqm_arena *arena,
	struct pqm_err *err) PQM_MUST_USE;

/* OS/ARCH[/VARIANT] */
bool pqm_platform_parse(struct pqm_platform *out, pqm_bytes text);
/* A wish without a variant takes any. arm64 is arm64/v8, arm is arm/v7. */
bool pqm_platform_fits(const struct pqm_platform *wish, const struct pqm_platform *have);
/* "linux/arm64/v8"; empty parts are "unknown". */
pqm_bytes pqm_platform_text(const struct pqm_platform *p, struct pqm_arena *arena);

/* What an entry of a layer is to the layers below. */
enum pqm_oci_mark {
	PQM_OCI_PLAIN,
	PQM_OCI_WHITEOUT, /* out is what is removed */
	PQM_OCI_OPAQUE,	  /* out is the folder whose content below is removed */
	PQM_OCI_IGNORED,  /* housekeeping of a file system: .wh..wh.plnk */
};

/* The entry's path without "./", "/" at the ends and empty parts ("" is the root); false for one that leads
 * out by "..", is too long or too deep. */
bool pqm_oci_path(struct pqm_buf *out, pqm_bytes name, enum pqm_oci_mark *mark);

#endif
