/*
 * json.h — a whole JSON document as a read-only tree.
 *
 * Shape:     opaque nodes over cJSON; walk containers with first/next, never by index (members are
 *            a linked list).
 * Units:     error places are byte offsets of the input.
 * Ownership: the root owns all nodes and text; slices live until pqm_json_free. Never for input
 *            that may hold secrets: cJSON copies text to the heap and does not wipe it.
 * Errors:    PQM_EPARSE with the offset, PQM_ELIMIT over max_bytes or PQM_JSON_DEPTH.
 * Threads:   parsing is for the main thread only (cJSON keeps its last error in a static); reading
 *            a finished tree is pure.
 * Limits:    PQM_JSON_DEPTH; the caller's max_bytes.
 * Standard:  RFC 8259. NUL in a string (\u0000) is refused: cJSON text ends there. Of duplicate
 *            keys the first wins.
 */
#ifndef PQM_PARSE_JSON_H
#define PQM_PARSE_JSON_H

#include "base/bytes.h"
#include "base/err.h"

struct pqm_json;

/* Parses all of text; white space may follow, nothing else. Returns owned. */
enum pqm_st pqm_json_parse(
	struct pqm_json **out, pqm_bytes text, size_t max_bytes, struct pqm_err *err) PQM_MUST_USE;
void pqm_json_free(struct pqm_json *root); /* may be NULL */

/* All of these take NULL and answer NULL, false, 0 or empty. */
bool pqm_json_is_object(const struct pqm_json *v);
bool pqm_json_is_array(const struct pqm_json *v);
bool pqm_json_is_null(const struct pqm_json *v);
/* The member of an object, or NULL. Linear in the members. */
const struct pqm_json *pqm_json_get(const struct pqm_json *object, const char *key);
/* Items of an array or members of an object, in order; size counts them (linear). */
const struct pqm_json *pqm_json_first(const struct pqm_json *container);
const struct pqm_json *pqm_json_next(const struct pqm_json *item);
size_t pqm_json_size(const struct pqm_json *container);
/* The member's name; empty for items of arrays. */
pqm_bytes pqm_json_key(const struct pqm_json *member);

/* Value of the node itself; text is empty when it is not a string. */
pqm_bytes pqm_json_text(const struct pqm_json *v);
bool pqm_json_f64(const struct pqm_json *v, double *out);
/* A whole number from 0 to 2^53, which is as far as JSON numbers are exact. */
bool pqm_json_u64(const struct pqm_json *v, uint64_t *out);
bool pqm_json_i64(const struct pqm_json *v, int64_t *out);
bool pqm_json_bool(const struct pqm_json *v, bool *out);

/* The same for a member: pqm_json_text(pqm_json_get(object, key)). */
pqm_bytes pqm_json_str(const struct pqm_json *object, const char *key);
bool pqm_json_get_f64(const struct pqm_json *object, const char *key, double *out);
bool pqm_json_get_u64(const struct pqm_json *object, const char *key, uint64_t *out);
bool pqm_json_get_i64(const struct pqm_json *object, const char *key, int64_t *out);
bool pqm_json_true(const struct pqm_json *object, const char *key); /* absent is false */

#endif
