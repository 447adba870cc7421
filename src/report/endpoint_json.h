/*
 * endpoint_json.h — one endpoint as JSON, and back.
 *
 * Shape:     an object of struct pqm_endpoint's members in snake_case; code points as four hex digits
 *            with the registry's name beside them where it has one.
 * Ownership: writing only reads; what is read back is copied into the arena.
 * Errors:    PQM_EPARSE with the member's name; PQM_ENOMEM.
 * Threads:   single-threaded.
 * Standard:  reports/schema/report.schema.json, $defs/endpoint. Without DER and timing the text
 *            depends on the answers alone.
 */
#ifndef PQM_REPORT_ENDPOINT_JSON_H
#define PQM_REPORT_ENDPOINT_JSON_H

#include "base/out.h"
#include "model/inventory.h"
#include "parse/json.h"
#include "rules/wire.h"

#define PQM_ENDPOINT_DER 1u    /* certificates in base64 */
#define PQM_ENDPOINT_TIMING 2u /* milliseconds and connections */
#define PQM_ENDPOINT_TARGET 4u /* index into the report's targets */

/* key may be NULL; rules too: then numbers have no names. */
void pqm_endpoint_json(struct pqm_out *o, const char *key, const struct pqm_rules *rules,
	const struct pqm_endpoint *e, unsigned with);
enum pqm_st pqm_endpoint_read(struct pqm_endpoint *e, const struct pqm_json *v,
	struct pqm_arena *arena, struct pqm_err *err) PQM_MUST_USE;
/* Member "endpoints" of a coverage: nothing when none was asked. */
void pqm_endpoint_counts_json(struct pqm_out *o, const struct pqm_endpoint_counts *c);

#endif
