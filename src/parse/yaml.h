/*
 * yaml.h — YAML 1.1 (and so JSON) documents as small read-only trees.
 *
 * Shape:     a document is a tree of nodes with the line and column of each; mappings keep their
 *            order; merge keys (<<) are applied; aliases are shared nodes, never cycles, and the tree
 *            stays under the node limit even when every alias is walked again.
 * Units:     lines and columns from 1; offsets in bytes of the input.
 * Ownership: nodes and decoded text live in the caller's arena.
 * Errors:    PQM_EPARSE "line:col: words", PQM_ELIMIT by limits.h.
 * Threads:   pure.
 * Standard:  libyaml 0.2 event mode, YAML 1.1.
 */
#ifndef PQM_PARSE_YAML_H
#define PQM_PARSE_YAML_H

#include "base/arena.h"

enum pqm_yaml_type { PQM_YAML_SCALAR, PQM_YAML_SEQ, PQM_YAML_MAP };

struct pqm_yaml {
	enum pqm_yaml_type type;
	bool is_plain; /* an unquoted scalar: null, true and numbers may be meant */
	uint32_t line, col;
	uint32_t off, end_off; /* in the input, which has at most PQM_YAML_DOC_BYTES */
	uint32_t n;	       /* items or pairs */
	uint32_t
		weight; /* nodes of the subtree, aliases counted each time; at most PQM_YAML_NODES */
	pqm_bytes text;			 /* scalar */
	struct pqm_yaml **keys, **items; /* keys only in a map */
};

/* Calls doc() for each document of the stream, in order; empty documents are skipped. A malformed
 * document ends the stream: documents before it were delivered, the error is returned. doc() may
 * stop the walk by returning another status than PQM_OK, which is then returned. */
enum pqm_st pqm_yaml_docs(pqm_bytes text, struct pqm_arena *arena,
	enum pqm_st (*doc)(void *ctx, const struct pqm_yaml *root, struct pqm_err *err), void *ctx,
	struct pqm_err *err) PQM_MUST_USE;
/* The first document; PQM_EPARSE when there is none. */
enum pqm_st pqm_yaml_one(const struct pqm_yaml **out, pqm_bytes text, struct pqm_arena *arena,
	struct pqm_err *err) PQM_MUST_USE;

/* All take NULL nodes and answer NULL, empty or the fallback. A duplicate key: the last one wins. */
const struct pqm_yaml *pqm_yaml_get(const struct pqm_yaml *map, const char *key);
/* "spec.template.spec": maps only, no indices. */
const struct pqm_yaml *pqm_yaml_at(const struct pqm_yaml *root, const char *dotted);
pqm_bytes pqm_yaml_text(const struct pqm_yaml *scalar); /* plain null and ~ give empty */
pqm_bytes pqm_yaml_str(const struct pqm_yaml *map, const char *key);
bool pqm_yaml_f64(const struct pqm_yaml *map, const char *key, double *out);
bool pqm_yaml_u64(const struct pqm_yaml *map, const char *key, uint64_t *out);
bool pqm_yaml_true(const struct pqm_yaml *map, const char *key); /* true, yes, on [YAML 1.1] */

#endif
