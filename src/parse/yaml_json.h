/*
 * yaml_json.h — JSON text as the trees of yaml.h, and long lists of objects one object at a time.
 *
 * Shape:     as in yaml.h: strings are quoted scalars, everything else that is no container is a plain one.
 *            A duplicate key stays; the last one wins a look-up, as with kubectl.
 * Units:     lines from 1, columns in bytes from 1; offsets in bytes of the text that was given.
 * Ownership: nodes live in the caller's arena; text without escapes is a slice of the input.
 * Errors:    PQM_EPARSE "line:col: words", PQM_ELIMIT by limits.h, PQM_ENOMEM.
 * Threads:   pure.
 * Standard:  RFC 8259; bytes that are not UTF-8 are kept, as whoever prints text escapes them.
 */
#ifndef PQM_PARSE_YAML_JSON_H
#define PQM_PARSE_YAML_JSON_H

#include "yaml.h"

/* A place in a text, for whoever moves along it. */
struct pqm_yjson_at {
	size_t off;
	uint32_t line, col;
};

/* Members that are stepped over without making nodes: key, in a member named `in` (empty: any). */
struct pqm_yjson_skip {
	pqm_bytes in, key;
};

struct pqm_yjson_opt {
	const struct pqm_yjson_skip *skip;
	size_t n_skip;
};

/* The value that starts at *at (behind white space); *at moves behind it. opt may be NULL. */
enum pqm_st pqm_yjson_value(const struct pqm_yaml **out, pqm_bytes text, struct pqm_yjson_at *at,
	const struct pqm_yjson_opt *opt, struct pqm_arena *arena, struct pqm_err *err) PQM_MUST_USE;

/* The value that the text begins with, behind white space; NULL in *out where it is none. */
static inline PQM_MUST_USE enum pqm_st pqm_yjson_root(
	const struct pqm_yaml **out, pqm_bytes text, struct pqm_arena *arena, struct pqm_err *err)
{
	struct pqm_yjson_at at = { 0, 1, 1 };
	enum pqm_st st = pqm_yjson_value(out, text, &at, NULL, arena, err);

	if (st != PQM_OK)
		*out = NULL;
	return st;
}

/* Steps over one value without making anything of it: strings and brackets are all that is looked at,
 * so what passes here may still be refused by pqm_yjson_value. False at the end of the text. */
bool pqm_yjson_skip_value(pqm_bytes text, struct pqm_yjson_at *at);

/* Likewise; *out are its bytes, of a string those between its quotes, escapes as they stand. */
bool pqm_yjson_text(pqm_bytes text, struct pqm_yjson_at *at, pqm_bytes *out);

/* Goes into a container and along it: '{' or '[' first, then before each member or element; a key of an
 * object comes as the bytes between its quotes. False at the end of the container, or where the text is
 * none: then *at stands at what was not expected. */
bool pqm_yjson_enter(pqm_bytes text, struct pqm_yjson_at *at, uint8_t bracket);
bool pqm_yjson_key(pqm_bytes text, struct pqm_yjson_at *at, pqm_bytes *key);
bool pqm_yjson_element(pqm_bytes text, struct pqm_yjson_at *at);

#endif
