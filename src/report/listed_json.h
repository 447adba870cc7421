/*
 * listed_json.h — a complete list of an API server as lines of a stream, and back.
 *
 * Shape:     "listed-page" opens a page; lines for its objects, findings, notes and counts follow, and one
 *            "listed" at the end says what was asked. Without it the lines in front count for nothing.
 * Ownership: writing only reads; what is read back lives in the arena, texts once each.
 * Errors:    PQM_EPARSE with what is wrong; PQM_ENOMEM.
 * Threads:   single-threaded.
 * Standard:  reports/schema/stream.schema.json.
 * Limits:    PQM_STREAM_LINE_BYTES a line: a list with an object over it is not written.
 */
#ifndef PQM_REPORT_LISTED_JSON_H
#define PQM_REPORT_LISTED_JSON_H

#include "base/map.h"
#include "base/out.h"
#include "model/listed.h"
#include "parse/json.h"

void pqm_listed_json(struct pqm_out *o, const struct pqm_listed *l);

struct pqm_listed_reader {
	struct pqm_arena *arena;
	struct pqm_map texts;
	struct pqm_listed open; /* of the lines so far */
};

/* One line. *is_one is false when it is none of a list; *is_end: the list in r->open is complete, and the
 * caller takes it, leaving zeroes. */
enum pqm_st pqm_listed_read(struct pqm_listed_reader *r, const struct pqm_json *line, bool *is_one,
	bool *is_end, struct pqm_err *err) PQM_MUST_USE;
void pqm_listed_reader_fini(struct pqm_listed_reader *r);

#endif
