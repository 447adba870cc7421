/*
 * history_int.h — what the files of the history share: one open file in one transaction, and its statements.
 *
 * Errors:    rc keeps the first failure; calls after it do nothing. prepare, bind, step and look at rc once.
 * Threads:   one.
 */
#ifndef PQM_ENGINE_HISTORY_INT_H
#define PQM_ENGINE_HISTORY_INT_H

#include "base/map.h"
#include "engine/history.h"
#include "engine/sqlite.h"

struct history {
	struct pqm_sqlite sq;
	sqlite3 *db;
	const char *path;
	int fd, rc, n_bound;
	const struct pqm_history_run *run;
	struct pqm_trend *out;
	struct pqm_arena scratch;
	struct pqm_map notes; /* "target/path" -> a note of the inventory */
	int64_t series, id;   /* of this run */
	bool is_of_the_past;  /* later runs are there: what came and went is not ours to say */
	struct pqm_err *err;
};

/* The words for what SQLite answered. */
enum pqm_st pqm_history_fail(struct history *h, int rc);
int pqm_history_exec(struct history *h, const char *sql);
sqlite3_stmt *pqm_history_prepare(struct history *h, const char *sql);
/* The next parameter. */
void pqm_history_int(struct history *h, sqlite3_stmt *s, int64_t v);
void pqm_history_real(struct history *h, sqlite3_stmt *s, double v);
void pqm_history_text(struct history *h, sqlite3_stmt *s, pqm_bytes v);
void pqm_history_blob(struct history *h, sqlite3_stmt *s, const void *p, size_t n);
/* The next row is there. */
bool pqm_history_row(struct history *h, sqlite3_stmt *s);
/* Steps once and finishes; steps once, for other parameters to follow. */
void pqm_history_done(struct history *h, sqlite3_stmt *s);
void pqm_history_again(struct history *h, sqlite3_stmt *s);
/* A column; borrowed until the next step. */
pqm_bytes pqm_history_bytes(struct history *h, sqlite3_stmt *s, int column);

/* Writes this run [history_put.c]; fills the trend [history_get.c]. */
enum pqm_st pqm_history_put(struct history *h) PQM_MUST_USE;
enum pqm_st pqm_history_get(struct history *h) PQM_MUST_USE;

#endif
