/*
 * listed.h — what one list of an API server gave, page by page, before it is merged with anything.
 *
 * Shape:     objects, findings, notes and counts as the detectors told them; a later run can take them over.
 * Ownership: arrays and texts belong to whoever made them.
 * Threads:   read-only.
 * Security:  as in an inventory: no values of Secrets, no tokens.
 */
#ifndef PQM_MODEL_LISTED_H
#define PQM_MODEL_LISTED_H

#include "model/inventory.h"

/* Objects of a controller that say nothing new. */
struct pqm_listed_again {
	pqm_bytes ns, controller;
	uint32_t n;
};

/* Paths of objects, occurrences and notes are the parts behind the page's. */
struct pqm_listed_page {
	pqm_bytes path;
	struct pqm_object *objects;
	struct pqm_finding *findings; /* of one occurrence each */
	struct pqm_note *notes;
	struct pqm_listed_again *agains;
	size_t n_objects, n_findings, n_notes, n_agains;
	size_t cap_objects, cap_findings, cap_notes, cap_agains;
};

struct pqm_listed {
	pqm_bytes target;	     /* as the user named it */
	pqm_bytes request;	     /* what was asked of whom, without the server's name */
	uint64_t n_objects, n_bytes; /* read for it */
	struct pqm_listed_page *pages;
	size_t n_pages, cap_pages;
};

#endif
