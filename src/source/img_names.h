/*
 * img_names.h — the entries of a layer as a compact record: what a second reading tells without the bytes.
 *
 * Shape:     a byte for the kind, how many bytes of the name before are kept, the rest of the name; the size of
 *            a file, the target of a hard link.
 * Ownership: writing appends to the caller's buffer; what is read is lent until the next entry.
 * Errors:    a record is checked as a whole before it is used.
 * Threads:   one thread each.
 * Limits:    PQM_LAYER_NAMES_BYTES; a layer with more is not kept.
 */
#ifndef PQM_SOURCE_IMG_NAMES_H
#define PQM_SOURCE_IMG_NAMES_H

#include "base/var.h"
#include "parse/oci.h"
#include "source/unpack.h"

struct pqm_named { /* name: as pqm_oci_path gives it; empty when is_bad */
	pqm_bytes name, link;
	enum pqm_entry_type type;
	enum pqm_oci_mark mark;
	bool is_bad; /* the name cannot be used */
	uint64_t size;
};

struct pqm_names {
	struct pqm_buf out;  /* the record; failed: too long */
	struct pqm_buf last; /* the name before */
	struct pqm_cur in;   /* when reading */
};

/* To write; or to read names, when it is not empty. */
void pqm_names_init(struct pqm_names *n, pqm_bytes names);
void pqm_names_fini(struct pqm_names *n);
void pqm_names_add(struct pqm_names *n, const struct pqm_named *e);
/* False at the end of the record and where it is broken: then n->in is not at its end. */
bool pqm_names_next(struct pqm_names *n, struct pqm_named *e);
/* Whether the record can be read to its end; how many files it has. */
bool pqm_names_check(pqm_bytes names, uint32_t *n_files);

#endif
