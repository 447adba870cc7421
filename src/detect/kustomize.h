/*
 * kustomize.h — the built-in part of Kustomize: what a folder with a kustomization gives.
 *
 * Shape:     resources of all folders that a kustomization names are read through struct pqm_near into trees,
 *            changed in place as Kustomize would, and emitted like objects of a manifest, told under
 *            "kustomization.yaml › file they stand in". Every kustomization of a tree is built; each tells the
 *            engine which files it used (pqm_emit_used), and objects of used files are dropped when all is
 *            merged. So a base that an overlay uses gives nothing by itself, patches are no workloads, and the
 *            order of the walk does not matter.
 *            Done: resources, bases, components, namespace, namePrefix, nameSuffix, images, labels and
 *            annotations, generators with the hash in the name, strategic-merge and JSON patches, names in
 *            references. Told and left out: vars, replacements, helmCharts, generators and transformers of
 *            others, everything remote: nothing is fetched.
 * Units:     lines are those of the file that an object stands in; what a patch brought has the object's line.
 * Ownership: all trees live in the arena of the build, which is wiped, as values of Secrets pass through.
 * Errors:    what is missing is a note; the rest is built.
 * Threads:   one artifact at a time.
 * Limits:    KZ_DEPTH folders below each other, KZ_FILES files, KZ_RESOURCES objects.
 * Standard:  kustomize.config.k8s.io/v1beta1 and v1alpha1 as of Kustomize 5.5.
 */
#ifndef PQM_DETECT_KUSTOMIZE_H
#define PQM_DETECT_KUSTOMIZE_H

#include "k8s.h"

#define KZ_DEPTH 16
#define KZ_FILES 4096
#define KZ_RESOURCES 20000

struct kz_res {
	struct pqm_yaml *root;
	pqm_bytes file;	      /* relative to the kustomization that is built; empty: that itself */
	pqm_bytes first_name; /* as written */
	pqm_bytes old_name;   /* before this level changed it */
	bool is_hashed;	      /* a generated one whose content is part of its name */
};

/* What was gathered so far at one level. */
struct kz_set {
	struct kz_res *res;
	size_t n, cap;
};

struct kz {
	const struct pqm_rules *rules;
	const struct pqm_artifact *a;
	struct pqm_emit *out;
	struct pqm_arena *arena;
	size_t n_files;
	enum pqm_st st; /* PQM_ENOMEM ends the build */
};

/* kustomize_tree.c: trees that change. NULL and false: out of memory, in k->st. */
struct pqm_yaml *kz_get(const struct pqm_yaml *map, const char *key);
struct pqm_yaml *kz_get_b(const struct pqm_yaml *map, pqm_bytes key);
struct pqm_yaml *kz_at(const struct pqm_yaml *map, const char *dotted);
struct pqm_yaml *kz_text(struct kz *k, pqm_bytes text, uint32_t line);
struct pqm_yaml *kz_new(struct kz *k, enum pqm_yaml_type type, uint32_t line);
void kz_set_key(struct kz *k, struct pqm_yaml *map, pqm_bytes key, struct pqm_yaml *item);
void kz_del_key(struct pqm_yaml *map, pqm_bytes key);
void kz_insert(struct kz *k, struct pqm_yaml *seq, size_t at, struct pqm_yaml *item);
void kz_remove(struct pqm_yaml *seq, size_t at);
/* The map at a path of keys, made where it is missing. */
struct pqm_yaml *kz_make(struct kz *k, struct pqm_yaml *map, const char *dotted);
/* A copy with every line the one given. */
struct pqm_yaml *kz_copy(struct kz *k, const struct pqm_yaml *n, uint32_t line, unsigned depth);
void kz_set_text(struct pqm_yaml *scalar, pqm_bytes text);

/* kustomize_patch.c */
void kz_merge(struct kz *k, struct pqm_yaml *target, const struct pqm_yaml *patch);
void kz_json_patch(struct kz *k, struct pqm_yaml *target, const struct pqm_yaml *ops);
void kz_patches(struct kz *k, struct kz_set *set, const struct pqm_yaml *kust, pqm_bytes dir);

/* kustomize_names.c */
void kz_transform(struct kz *k, struct kz_set *set, const struct pqm_yaml *kust);
void kz_images(struct kz *k, struct kz_set *set, const struct pqm_yaml *images);
/* Follows changed names in references, from old_name and first_name to the name now. */
void kz_references(struct kz *k, struct kz_set *set);
void kz_hashes(struct kz *k, struct kz_set *set);

/* kustomize_gen.c */
void kz_generate(struct kz *k, struct kz_set *set, const struct pqm_yaml *kust, pqm_bytes dir);

/* kustomize_load.c */
void kz_add(struct kz *k, struct kz_set *set, struct pqm_yaml *root, pqm_bytes file);
/* The text of dir + name; false and a note when it cannot be had. */
bool kz_read(struct kz *k, pqm_bytes dir, pqm_bytes name, bool is_used, pqm_bytes *out);
/* Calls fn for each document of a text. */
void kz_docs(struct kz *k, pqm_bytes text, pqm_bytes what,
	void (*fn)(void *ctx, struct pqm_yaml *root), void *ctx);
/* Builds the kustomization of the artifact's folder. */
void kz_build(struct kz *k, struct kz_set *set);

#endif
