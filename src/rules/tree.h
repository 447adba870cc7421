/*
 * tree.h — the embedded rule files as ready trees, made at build time.
 *
 * Shape:     tree_make.c parses the YAML files once, at build time, and writes their nodes in the order
 *            of a walk; here a file becomes the very struct pqm_yaml trees that parse/yaml.c would give,
 *            when one of its rules is first asked for.
 * Ownership: trees live as long as the struct; names, ids and texts are the table's.
 * Errors:    all memory is taken at open, so reading a file cannot fail. The table is ours: asserts, no
 *            messages.
 * Threads:   pqm_trees_read() may be called by many at once; a file is read once, under a lock.
 * Standard:  little-endian and base-128 numbers, so that the table is the same on every machine.
 */
#ifndef PQM_RULES_TREE_H
#define PQM_RULES_TREE_H

#include "rules/rules.h"

/* Layout of the table; the numbers are base 128, low first, unless said otherwise.
 *   64 bytes of version, hex
 *   32 bits little-endian: bytes of the pool; then the pool: texts, each with a NUL behind it
 *   number of files, then for each: text (name), number of rules, of nodes, of child pointers, bytes of
 *     its walk; then for each rule: text (id)
 *   the walks, in the order of the files
 * text: offset in the pool, length.
 * walk: the rules' nodes. A node: a byte of type and flags; an alias has the number of the node it is;
 *   others: line after that of the node before, column, offset after that of the node before, bytes
 *   from off to end_off; a scalar its text; a list or map its number of children and its weight, then
 *   key and item in turn. */
#define PQM_TREE_TYPE 3u  /* enum pqm_yaml_type, or: */
#define PQM_TREE_ALIAS 3u /* a node that was there before, by its number in the file */
#define PQM_TREE_PLAIN 4u

struct pqm_trees;

/* Takes the table and all memory that its trees need; *out is returned owned. */
enum pqm_st pqm_trees_open(
	struct pqm_trees **out, pqm_bytes table, struct pqm_err *err) PQM_MUST_USE;
void pqm_trees_free(struct pqm_trees *t); /* may be NULL */

const char *pqm_trees_version(const struct pqm_trees *t);
size_t pqm_trees_count(const struct pqm_trees *t); /* rules of all files */
/* Fills id, file and tree of all rules, pqm_trees_count() of them; their nodes go there later, so all
 * must stay in its place. Called once. */
void pqm_trees_list(struct pqm_trees *t, struct pqm_rule *all);
/* After it the rules of the file that rule->tree names have their nodes. */
void pqm_trees_read(struct pqm_trees *t, uint32_t tree);

/* SHA-256 over names and contents of all files in order, hex. */
struct pqm_rule_text {
	pqm_bytes name, text;
};

void pqm_rules_digest(char out[65], const struct pqm_rule_text *file, size_t n);

#endif
