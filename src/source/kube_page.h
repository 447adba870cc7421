/*
 * kube_page.h — one page of a list, object by object, and which objects were there before.
 *
 * Shape:     one walk over the text of a page; nothing is decoded but what tells objects apart.
 * Ownership: slices of the page.
 * Errors:    false from open and end: not a whole list.
 * Threads:   pure; a set belongs to one thread.
 */
#ifndef PQM_SOURCE_KUBE_PAGE_H
#define PQM_SOURCE_KUBE_PAGE_H

#include "base/buf.h"
#include "base/hash.h"
#include "parse/yaml_json.h"

struct pqm_kube_page {
	pqm_bytes text, next; /* next: where the list goes on, as written; empty: it ends */
	struct pqm_yjson_at at;
	size_t items; /* offset of the bracket in front of the elements; SIZE_MAX: there are none */
	bool is_inside; /* of the brackets */
};

struct pqm_kube_item {
	pqm_bytes text;		 /* of the object, brackets and all */
	pqm_bytes ns, name, uid; /* as written */
};

/* Goes to the elements. */
bool pqm_kube_page_open(struct pqm_kube_page *p, pqm_bytes text);
/* The next element that is an object. */
bool pqm_kube_page_next(struct pqm_kube_page *p, struct pqm_kube_item *item);
/* Goes over what is left: true when the page is whole. text ends with its bracket then, and next is known. */
bool pqm_kube_page_end(struct pqm_kube_page *p);
/* metadata.continue of a Status (410 Gone may have one), or empty. */
pqm_bytes pqm_kube_continue(pqm_bytes text);

/* A set of hashes; {0} with a hasher is empty. */
struct pqm_kube_seen {
	struct pqm_hasher *hasher;
	struct pqm_hash128 *slot;
	size_t n, cap;
};

void pqm_kube_seen_fini(struct pqm_kube_seen *s);
struct pqm_hash128 pqm_kube_key(struct pqm_kube_seen *s, const pqm_bytes *parts, size_t n);
bool pqm_kube_has(const struct pqm_kube_seen *s, struct pqm_hash128 key);
/* False without memory. */
bool pqm_kube_put(struct pqm_kube_seen *s, struct pqm_hash128 key) PQM_MUST_USE;

#endif
