/*
 * rpmdb_int.h — what the readers of rpm's three stores share. Not for other modules.
 *
 * Ownership: as rpmdb.h.
 * Threads:   pure.
 */
#ifndef PQM_PARSE_RPMDB_INT_H
#define PQM_PARSE_RPMDB_INT_H

#include "base/limits.h"
#include "parse/rpmdb.h"

struct pqm_rpm_walk {
	pqm_bytes file;
	pqm_rpmdb_fn *fn;
	void *ctx;
	struct pqm_rpmdb_told *told;
	uint8_t *held; /* PQM_RPMDB_HEADER_BYTES, for what is scattered over pages */
	struct pqm_err *err;
};

/* The start of a package's header, or all of it. */
enum pqm_st pqm_rpm_take(struct pqm_rpm_walk *w, pqm_bytes header, uint64_t off);
enum pqm_st pqm_rpm_sqlite(struct pqm_rpm_walk *w);

#endif
