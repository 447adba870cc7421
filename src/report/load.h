/*
 * load.h — reads an inventory back from a JSON report.
 *
 * Ownership: fills inv (init by the caller); all text is copied into inv's arena.
 * Errors:    PQM_EIO, PQM_EPARSE "FILE: where: what", PQM_ELIMIT; PQM_EUSAGE for a schema_version
 *            that is newer than this program.
 * Threads:   single-threaded.
 */
#ifndef PQM_REPORT_LOAD_H
#define PQM_REPORT_LOAD_H

#include "base/buf.h"
#include "model/inventory.h"
#include "parse/json.h"

/* path "-" is standard input. Several files may be loaded into one inventory in turn: targets are
 * appended, findings with the same id are merged. Call pqm_inventory_seal afterwards. */
enum pqm_st pqm_inventory_load(
	struct pqm_inventory *inv, const char *path, struct pqm_err *err) PQM_MUST_USE;
/* The same from text in memory; name stands in the messages. */
enum pqm_st pqm_inventory_load_text(struct pqm_inventory *inv, pqm_bytes text, const char *name,
	struct pqm_err *err) PQM_MUST_USE;
/* One finding by itself, all of it in the arena; occurrences name one of n_targets. */
enum pqm_st pqm_finding_read(struct pqm_finding *f, const struct pqm_json *v, size_t n_targets,
	struct pqm_arena *arena, struct pqm_err *err) PQM_MUST_USE;
/* All of a file, at most PQM_INVENTORY_BYTES; "-" is standard input. text is initialised here; its owner
 * finishes it in any case. */
enum pqm_st pqm_report_read(
	struct pqm_buf *text, const char *path, struct pqm_err *err) PQM_MUST_USE;

#endif
