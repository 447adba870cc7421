/*
 * yaml_block.h — YAML in the plain form that emitters write, several times as fast as in general.
 *
 * Shape:     one document of block mappings and sequences whose scalars are plain, quoted on one line, empty,
 *            [] or {}, or literal blocks (|); keys are scalars of one line; printable ASCII. Whatever else
 *            YAML knows (anchors, tags, flow collections, folding, errors) is left to pqm_yaml_docs: a text
 *            that is taken here gives the tree that it gives there, node by node.
 * Units:     as in yaml.h.
 * Ownership: nodes live in the caller's arena; text is a slice of the input where nothing was escaped.
 * Errors:    none: false means "ask pqm_yaml_docs", also without memory and over a limit.
 * Threads:   pure.
 * Standard:  YAML 1.1 §9.3 and §10.2, as libyaml 0.2 reads it.
 */
#ifndef PQM_PARSE_YAML_BLOCK_H
#define PQM_PARSE_YAML_BLOCK_H

#include "yaml_json.h"

/* The document in text. Values of members that opt (may be NULL) skips are stepped over line by line and make
 * no nodes. */
bool pqm_yaml_block(const struct pqm_yaml **out, pqm_bytes text, const struct pqm_yjson_opt *opt,
	struct pqm_arena *arena);

#endif
