/*
 * sbom.h — what a bill of materials says is there: packages with versions, and cryptographic assets.
 *
 * Shape:     one call that hands over item by item; SPDX 2 (JSON and tag-value), SPDX 3, CycloneDX JSON, Syft's own
 *            JSON, and each of them as the predicate of an in-toto statement. Unknown fields are stepped over.
 * Units:     lines from 1; offsets in bytes of the text.
 * Ownership: borrows the text; what a callback gets lives until it returns.
 * Errors:    PQM_EPARSE where the text ends or is broken inside a list; what came before was handed over. What the
 *            callback returns ends the walk.
 * Threads:   pure.
 * Limits:    PQM_SBOM_ITEMS items, each up to PQM_SBOM_ITEM_BYTES; components in components PQM_SBOM_DEPTH deep.
 * Standard:  SPDX 2.3 and 3.0, CycloneDX 1.4 to 1.6 (ECMA-424), the JSON of Syft (schema 16), in-toto Statement v1.
 */
#ifndef PQM_PARSE_SBOM_H
#define PQM_PARSE_SBOM_H

#include "base/bytes.h"
#include "base/err.h"

struct pqm_sbom_item {
	pqm_bytes name, version;
	pqm_bytes type; /* "pkg:deb/…", or "deb"; may be empty */
	/* Of a cryptographic asset: "algorithm", "certificate" …; empty: it is a package. */
	pqm_bytes asset;
	pqm_bytes oid, parameter, primitive;
	pqm_bytes uses; /* the reference to its algorithm, which may name an OID behind '@' */
	size_t off;
	uint32_t line;
};

struct pqm_sbom_told {
	pqm_bytes form;	     /* "SPDX"; empty: the text is no bill of materials */
	pqm_bytes version;   /* "SPDX-2.3", "1.6"; may be empty */
	uint64_t n, n_large; /* items, and those that were stepped over */
	bool is_over;	     /* more than PQM_SBOM_ITEMS */
};

typedef enum pqm_st pqm_sbom_fn(void *ctx, const struct pqm_sbom_item *i);

enum pqm_st pqm_sbom_read(pqm_bytes text, pqm_sbom_fn *fn, void *ctx, struct pqm_sbom_told *told,
	struct pqm_err *err) PQM_MUST_USE;

#endif
