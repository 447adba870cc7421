/*
 * jsonl.h — a stream of lines, each one JSON object, written while a scan runs and read to resume it.
 *
 * Shape:     a head line, a line for each finished endpoint in the order of completion, lines for each list
 *            of a cluster that is complete, and at the end lines for targets, findings and coverage.
 * Ownership: what is read back lives in the caller's arena.
 * Errors:    writing: kept in the output stream. Reading: PQM_EIO, PQM_EPARSE "FILE:LINE: words",
 *            PQM_EUSAGE for a file that is no such stream.
 * Threads:   single-threaded.
 * Standard:  reports/schema/stream.schema.json, for each line.
 * Limits:    PQM_STREAM_LINE_BYTES a line.
 */
#ifndef PQM_REPORT_JSONL_H
#define PQM_REPORT_JSONL_H

#include "report/endpoint_json.h"
#include "report/listed_json.h"
#include "report/writer.h"

/* Each of these writes whole lines; nothing is flushed. o->js_compact must be set. */
void pqm_jsonl_head(struct pqm_out *o, pqm_bytes tool_version, pqm_bytes rules_version);
void pqm_jsonl_endpoint(struct pqm_out *o, const struct pqm_rules *rules,
	const struct pqm_endpoint *e, unsigned with);
void pqm_jsonl_rest(struct pqm_out *o, const struct pqm_inventory *inv);

struct pqm_jsonl {
	struct pqm_endpoint
		*endpoints; /* each once, as its last line said; certificates with DER */
	size_t n, cap;
	struct pqm_listed *lists; /* complete ones, of the same rules */
	size_t n_lists, cap_lists;
	uint64_t keep_bytes; /* of the file, up to where more can be added */
};

/* A file that does not exist is an empty stream. A last line without its end is dropped. Lists that other
 * rules read are left out. */
enum pqm_st pqm_jsonl_load(struct pqm_jsonl *out, const char *path, const char *rules_version,
	struct pqm_arena *arena, struct pqm_err *err) PQM_MUST_USE;

#endif
