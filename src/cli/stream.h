/*
 * stream.h — -o jsonl: lines written while the scan runs, and --resume.
 *
 * Shape:     open before the scan, endpoint for each that is finished, finish after the scan.
 * Ownership: the stream owns its file and what it loaded; standard output is the app's.
 * Errors:    the output stream remembers its first failure; finish returns it.
 * Threads:   one thread.
 * Security:  the file is made with mode 0600 and holds certificates, never secrets.
 */
#ifndef PQM_CLI_STREAM_H
#define PQM_CLI_STREAM_H

#include "cli/command.h"
#include "report/jsonl.h"

struct pqm_stream {
	const struct pqm_rules *rules;
	const volatile int *stop; /* may be NULL */
	struct pqm_arena arena;
	struct pqm_jsonl known; /* of --resume */
	struct pqm_out file;
	struct pqm_out *out; /* &file, standard output, or NULL: no -o jsonl */
	bool is_appending;   /* to the file that was resumed: what it holds is not written again */
};

/* Reads --resume FILE and opens -o jsonl[=FILE]. Call close whatever it returns. */
enum pqm_st pqm_stream_open(struct pqm_stream *s, struct pqm_app *app, const struct pqm_args *a,
	const struct pqm_rules *rules, struct pqm_err *err) PQM_MUST_USE;
/* pqm_scan_options.on_endpoint; ctx is the stream. False when it cannot be written. */
bool pqm_stream_endpoint(void *ctx, const struct pqm_endpoint *e, bool is_known);
/* pqm_scan_options.on_listed, the same way. */
bool pqm_stream_listed(void *ctx, const struct pqm_listed *l, bool is_known);
/* The lines behind the endpoints. */
enum pqm_st pqm_stream_finish(
	struct pqm_stream *s, const struct pqm_inventory *inv, struct pqm_err *err) PQM_MUST_USE;
void pqm_stream_close(struct pqm_stream *s);

#endif
