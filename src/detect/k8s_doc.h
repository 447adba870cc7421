/*
 * k8s_doc.h — what a file needs before its documents are trees of facts.
 *
 * Shape:     helpers of det_k8s.c: encodings, doubled keys, CustomResourceDefinitions.
 * Units:     offsets and lines within the text that is given; lines count from 0 here.
 * Ownership: slices of the text.
 * Errors:    false: not of that shape.
 * Threads:   pure.
 */
#ifndef PQM_DETECT_K8S_DOC_H
#define PQM_DETECT_K8S_DOC_H

#include "base/buf.h"
#include "parse/yaml.h"

bool pqm_k8s_is_utf16(pqm_bytes t);
/* UTF-16 with a byte order mark as UTF-8 without. */
bool pqm_k8s_utf16(struct pqm_buf *out, pqm_bytes t);
/* Keeps the last of equal keys, which is the one that kubectl and API servers read, in a tree that is the
 * caller's alone. The first key that was doubled (or came by a merge and was set again), or NULL. */
const struct pqm_yaml *pqm_k8s_tidy(const struct pqm_yaml *root);
/* {{ .a }} is YAML, of a kind: a map whose key is a map, which no manifest has. */
bool pqm_k8s_has_action(const struct pqm_yaml *root);
/* A CustomResourceDefinition without its schemas, line by line: what is left is its name and how it is
 * converted. False: nothing in there is of interest. */
bool pqm_k8s_crd_body(struct pqm_buf *out, pqm_bytes text);

#endif
