/*
 * k8s.h — one Kubernetes object of a manifest: its facts, its content, its checks.
 *
 * Shape:     helpers of det_k8s.c; the kinds and fields are those of rules/k8s.
 * Ownership: everything lives in the artifact's arena; what is emitted is copied.
 * Errors:    as the emitter's.
 * Threads:   one artifact at a time.
 * Never:     values of Secrets, tokens, passwords and URL user parts in facts, notes or findings.
 */
#ifndef PQM_DETECT_K8S_H
#define PQM_DETECT_K8S_H

#include "base/buf.h"
#include "detect/detector.h"
#include "parse/yaml_json.h"
#include "rules/k8s.h"

/* What the rules say of one field path of one kind, indices apart; a tree that grows as paths are met. */
struct pqm_k8s_shape {
	struct pqm_k8s_shape *child, *next; /* first child; next sibling */
	struct pqm_k8s_shape *last;	    /* the child found last: the next to be found follows */
	pqm_bytes key;
	pqm_bytes form; /* of content */
	uint64_t looks; /* checks that look at it, see pqm_k8s_looks */
	bool is_known, is_fact, is_exact, is_head;
	bool is_free, is_secret; /* free: authors write what they like there */
};

/* Hashes of what was met before. */
struct pqm_k8s_met {
	uint64_t *hash; /* 0: free */
	size_t n, cap;
};

/* The paths that were met; they follow from the rules alone, so that a thread keeps them from file to file. */
struct pqm_k8s_paths {
	struct pqm_arena *arena;
	struct pqm_k8s_shape roots; /* children: one a kind, by the address of its entry */
	size_t n;
};

struct pqm_k8s_shapes {
	struct pqm_arena *arena;
	struct pqm_k8s_paths own, *paths; /* paths NULL: own, in arena */
	struct pqm_k8s_met made;	  /* objects, see pqm_k8s_is_again */
	struct pqm_k8s_met harmless;	  /* texts of which nothing had to be left out */
};

/* Annotations by which cert-manager writes a CA into an object. */
#define PQM_K8S_INJECTED "cert-manager.io/inject-"
/* Name of the manifest of a Helm release, in paths. */
#define PQM_K8S_RELEASE "release.yaml"

struct pqm_k8s_scan {
	const struct pqm_rules *rules;
	const struct pqm_artifact *a;
	struct pqm_emit *out;
	const struct pqm_k8s_kinds *kinds;
	struct pqm_k8s_shapes shapes;
	pqm_bytes ns;	      /* of objects that name none; may be empty */
	bool is_named;	      /* the file's name says YAML or JSON: what cannot be read is told */
	bool is_template;     /* the text is a template without its actions */
	bool is_doubled_told; /* doubled keys were noted */
	uint32_t line0;	      /* lines before the current document */
	uint64_t off0;	      /* bytes before it */
	unsigned n_aheads;    /* how often reading ahead was started */
};

/* Emits the object with its facts and its content, then the findings of the checks. A mapping
 * without apiVersion and kind is nothing. */
enum pqm_st pqm_k8s_object(
	struct pqm_k8s_scan *s, const struct pqm_yaml *root, struct pqm_err *err) PQM_MUST_USE;
/* Emits an element of a list whose apiVersion and kind (PodList) hold where it has none of its own. */
enum pqm_st pqm_k8s_item(struct pqm_k8s_scan *s, const struct pqm_yaml *o, pqm_bytes api,
	pqm_bytes kind, struct pqm_err *err) PQM_MUST_USE;
/* What is not read of an object: API servers add it for themselves, and a third of an object is that. */
extern const struct pqm_yjson_opt pqm_k8s_skips;
/* Emits the elements of the list that text starts with, in JSON or (from 1 MiB on) in YAML, one after another;
 * s->off0 is where text starts, *line how many lines are before it. *used: the bytes up to the end of its
 * elements, *line then the lines before that; 0 when text starts with no list. */
enum pqm_st pqm_k8s_list(struct pqm_k8s_scan *s, pqm_bytes text, size_t *used, uint32_t *line,
	struct pqm_err *err) PQM_MUST_USE;
/* Whether text starts with such a list. */
bool pqm_k8s_is_list(pqm_bytes text);
/* Emits the object of a JSON document. *is_json is false when it is none (YAML may look like it); then
 * nothing was emitted. s->line0 and s->off0 are used up. */
enum pqm_st pqm_k8s_json(
	struct pqm_k8s_scan *s, pqm_bytes text, bool *is_json, struct pqm_err *err) PQM_MUST_USE;
/* Emits the declarations of a .pqmap.yaml document. */
enum pqm_st pqm_k8s_declared(
	struct pqm_k8s_scan *s, const struct pqm_yaml *root, struct pqm_err *err) PQM_MUST_USE;
/* Makes room in paths that are kept, where one file filled them. Shapes of them are no more. */
void pqm_k8s_paths_trim(struct pqm_k8s_paths *p);
/* The shape of objects of a kind (may be NULL: without an entry), and the one of a member ("[]" of a
 * sequence). NULL, which both take, when too many were met to remember more. */
struct pqm_k8s_shape *pqm_k8s_shape_of(struct pqm_k8s_shapes *s, const struct pqm_k8s_kind *kind);
struct pqm_k8s_shape *pqm_k8s_shape_child(
	struct pqm_k8s_shapes *s, struct pqm_k8s_shape *of, pqm_bytes key);
/* Whether an object of the same kind, namespace and controller with the same facts was met before: one of
 * a thousand pods of one template. False also when too many were met to remember more. */
bool pqm_k8s_is_again(struct pqm_k8s_shapes *s, const struct pqm_object *o);
/* Texts that may be kept as they are: images, ports and names come ten thousand times in a list. use tells
 * apart who asks. */
bool pqm_k8s_is_harmless(const struct pqm_k8s_shapes *s, uint64_t use, pqm_bytes text);
void pqm_k8s_harmless(struct pqm_k8s_shapes *s, uint64_t use, pqm_bytes text);
/* The checks of a kind (may be NULL: without an entry it has none of its own) and of "*" that look at a
 * field, one bit each; the last stands for all further ones. */
uint64_t pqm_k8s_looks(
	const struct pqm_k8s_kinds *k, const struct pqm_k8s_kind *kind, pqm_bytes path);
/* Runs the checks of rules/k8s on an object's facts. looks: the union over its facts. */
enum pqm_st pqm_k8s_check(struct pqm_k8s_scan *s, const struct pqm_object *o, pqm_bytes id,
	uint64_t looks, struct pqm_err *err) PQM_MUST_USE;
/* Runs the checks that read text (scripts, configuration files) on content or on a fact's value. at: the
 * field; line: where the value starts. The text is only looked at, never kept. family: whose settings
 * det_conf.c tells already, or NULL. */
enum pqm_st pqm_k8s_check_text(struct pqm_k8s_scan *s, const struct pqm_object *o, pqm_bytes id,
	const struct pqm_fact *text, const struct pqm_rule *family,
	struct pqm_err *err) PQM_MUST_USE;

/* A text in an object. family: whose configuration it is (rules/conf), or NULL. add: takes what the family
 * lists as facts; NULL: nothing does. */
struct pqm_k8s_text {
	pqm_bytes path, body;
	pqm_bytes object; /* "namespace/Kind/name#path" */
	uint32_t line;
	bool is_block; /* its lines are lines of the file, from the one below `line` */
	const struct pqm_rule *family;
	void (*add)(void *ctx, pqm_bytes key, pqm_bytes value, uint32_t line);
	void *ctx;
};
enum pqm_st pqm_k8s_conf(struct pqm_k8s_scan *s, struct pqm_k8s_text *text) PQM_MUST_USE;

/* An argument with the name of a program that makes keys: a script for a shell. */
bool pqm_k8s_is_script(const struct pqm_rules *r, const struct pqm_yaml *arg);
/* "[openssl, genrsa, '2048']", without a shell: command and args (may be NULL) as one line, when the
 * program makes keys. The line may hold secrets. */
bool pqm_k8s_exec_form(struct pqm_buf *line, const struct pqm_rules *r,
	const struct pqm_yaml *command, const struct pqm_yaml *args);

/* A Helm release as it stands in its Secret, and its manifest: empty when it is not the one that is
 * installed. */
bool pqm_k8s_is_release(pqm_bytes value);
enum pqm_st pqm_k8s_release(struct pqm_arena *arena, pqm_bytes value, pqm_bytes *manifest,
	struct pqm_err *err) PQM_MUST_USE;

/* Whether a rule of rules/k8s shows in a sample manifest: its kind, its setting or its finding. */
bool pqm_k8s_rule_fits(const struct pqm_rules *r, const struct pqm_rule *rule, pqm_bytes sample);

/* Whether a variable, flag (-p) or word (echo) of this name announces a secret by convention. */
bool pqm_k8s_is_secret_name(pqm_bytes name);
/* The same of an element: "value" beside "name: DB_PASSWORD", the argument after "--token" or "password:". */
bool pqm_k8s_is_told_secret(const struct pqm_yaml *parent, size_t i);
/* Whether the key of a member says so. */
bool pqm_k8s_is_secret_field(const struct pqm_yaml *parent, size_t i);
/* In a field with a meaning of its own only URLs, user:password@host, settings with secret names and single
 * words without any separator that look random are doubtful. */
bool pqm_k8s_is_doubtful(pqm_bytes word);
/* The value fit for a fact: words are kept up to the first that is not known to be harmless (URLs
 * without user part and query, paths, numbers, flags, image and host names); the rest is ***. Empty
 * when nothing of it may be kept. */
pqm_bytes pqm_k8s_redact(struct pqm_arena *arena, pqm_bytes value);

#endif
