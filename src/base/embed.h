/*
 * embed.h — files put into the program at build time.
 *
 * Shape:     NULL-name terminated tables, sorted by name; names are relative to rules/,
 *            reports/html/ and reports/init/.
 * Ownership: static.
 */
#ifndef PQM_BASE_EMBED_H
#define PQM_BASE_EMBED_H

struct pqm_embed {
	const char *name;
	const unsigned char *p;
	unsigned long n;
};

extern const struct pqm_embed pqm_embed_rules[];
extern const struct pqm_embed pqm_embed_html[];
extern const struct pqm_embed pqm_embed_init[];
extern const struct pqm_embed pqm_embed_tree[]; /* rules/tree.h: one table */

#endif
