/*
 * link.h — objects that tell which library a program uses, and what the library's exports reach.
 *
 * Shape:     group PQM_LINK_GROUP. Library: its name is its soname; each fact is a rule of rules/libs ->
 *            "export\tcallee\tlibrary of the callee\tway", rule by rule. Program: needs -> soname (one a
 *            library), imports -> names packed by pqm_link_pack.
 * Ownership: pack sorts in place and borrows.
 * Threads:   pure.
 */
#ifndef PQM_MODEL_LINK_H
#define PQM_MODEL_LINK_H

#include "base/bytes.h"

#define PQM_LINK_GROUP "link.pqmap.dev"
#define PQM_LINK_BYTES 8 /* of a name in a packed list */

/* A name as it stands in a packed list: the same in each run, as layers are kept in a cache. */
uint64_t pqm_link_name(pqm_bytes name);
pqm_bytes pqm_link_pack(uint64_t *names, size_t n);
/* Whether a packed list has the name. */
bool pqm_link_has(pqm_bytes packed, pqm_bytes name);

#endif
