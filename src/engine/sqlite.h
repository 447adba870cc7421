/*
 * sqlite.h — the functions of SQLite that we call, found when they are first needed.
 *
 * Shape:     a table of function pointers; without the library the program does all but keep state.
 * Ownership: the library stays loaded.
 * Threads:   load once, by whoever uses it first on the main thread or under its own lock.
 */
#ifndef PQM_ENGINE_SQLITE_H
#define PQM_ENGINE_SQLITE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

struct pqm_sqlite {
	void *lib;
	int (*open)(const char *, sqlite3 **, int, const char *);
	int (*close)(sqlite3 *);
	int (*exec)(
		sqlite3 *, const char *, int (*)(void *, int, char **, char **), void *, char **);
	int (*prepare)(sqlite3 *, const char *, int, sqlite3_stmt **, const char **);
	int (*step)(sqlite3_stmt *);
	int (*reset)(sqlite3_stmt *);
	int (*finalize)(sqlite3_stmt *);
	int (*bind_blob)(sqlite3_stmt *, int, const void *, int, void (*)(void *));
	int (*bind_text)(sqlite3_stmt *, int, const char *, int, void (*)(void *));
	int (*bind_int)(sqlite3_stmt *, int, sqlite3_int64);
	int (*bind_double)(sqlite3_stmt *, int, double);
	const void *(*blob)(sqlite3_stmt *, int);
	int (*bytes)(sqlite3_stmt *, int);
	sqlite3_int64 (*integer)(sqlite3_stmt *, int);
	double (*real)(sqlite3_stmt *, int);
	sqlite3_int64 (*last_id)(sqlite3 *);
	int (*timeout)(sqlite3 *, int);
	int (*limit)(sqlite3 *, int, int);
	const char *(*words)(int);
};

/* False: libsqlite3 is not here, or lacks one of them. */
bool pqm_sqlite_load(struct pqm_sqlite *sq);
/* statfs(2): whether locks may mean nothing to other machines. */
bool pqm_is_remote_fs(uint64_t file_system);

#endif
