/*
 * known.h — a layer of an image as it is kept from run to run: the names in it, and what was found in them.
 *
 * Shape:     one record a layer. Contents come with the numbers of the members that have them; a member takes
 *            its place again under the path that it has in the image at hand. What is put together from it is
 *            what reading would have given, to the byte.
 * Ownership: what is found goes to the worker that pqm_known_free names, the record goes away.
 * Errors:    a record that cannot be read in full is as none, and the cache is made anew.
 * Threads:   the walking thread; run->lock where others may be.
 * Limits:    PQM_CACHE_ROW_BYTES; a layer that gives more is not kept.
 * Security:  sightings, notes and objects as reports have them: no key material.
 */
#ifndef PQM_ENGINE_KNOWN_H
#define PQM_ENGINE_KNOWN_H

#include "engine.h"

#define PQM_KNOWN_FORMAT "pqmap layer 1"

#define PQM_KNOWN_PARTS 3

struct pqm_known;

/* The key of what this build of the program, with these rules, keeps: the form that it has, and what it is about. */
void pqm_known_key(const struct pqm_run *run, const pqm_bytes about[PQM_KNOWN_PARTS],
	uint8_t key[PQM_SHA256_BYTES]);

/* Makes f's key of all that the record depends on. NULL: the layer is not known. */
struct pqm_known *pqm_known_get(struct pqm_run *run, struct pqm_from *f);
/* The record alone, copied. NULL: it is none. */
struct pqm_known *pqm_known_read(pqm_bytes row);
pqm_bytes pqm_known_names(const struct pqm_known *k);
/* The member of that number and path takes its place among the contents that are known. */
void pqm_known_give(struct pqm_run *run, struct pqm_known *k, const struct pqm_job *job);
/* What the run uses of it goes to the worker. Both may be NULL. */
void pqm_known_free(struct pqm_known *k, struct pqm_worker *main);
/* known_put.c: keeps what the run has of the layer. Nothing else may be read meanwhile. */
void pqm_known_put(struct pqm_run *run, const struct pqm_from *f, pqm_bytes names);
/* Its record, behind what row has. False: the layer cannot be kept. */
bool pqm_known_write(struct pqm_run *run, const struct pqm_from *f, pqm_bytes names,
	struct pqm_buf *row) PQM_MUST_USE;

#endif
