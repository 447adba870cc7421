/*
 * ai_files.h — model, dataset and index files that were read, for the pages.
 *
 * Shape:     objects of the group file.pqmap.dev, the largest first, then by path. Arrays are left out: a
 *            file of numbers may be anything.
 * Ownership: the list is the arena's, the objects are the inventory's.
 * Errors:    no rows when memory is out.
 * Threads:   pure.
 */
#ifndef PQM_REPORT_AI_FILES_H
#define PQM_REPORT_AI_FILES_H

#include "model/inventory.h"

struct pqm_ai_files {
	const struct pqm_object **file;
	size_t n;
	size_t n_models, n_datasets, n_indexes;
	uint64_t bytes, parameters; /* what the files say; parameters of models that tell them */
};

struct pqm_ai_files pqm_ai_files(const struct pqm_inventory *inv, struct pqm_arena *arena);
/* "3 models (16.1 GiB, 8,030,261,248 parameters), 2 datasets"; empty without files. */
pqm_bytes pqm_ai_files_words(const struct pqm_ai_files *f, struct pqm_arena *arena);

#endif
