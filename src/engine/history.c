/*
 * One transaction a run: whoever is killed in it leaves what was there before. A rollback journal, not a WAL,
 * whose index is a mapping that others can cut.
 */
#include "engine/history.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/num.h"
#include "engine/history_int.h"

#define SCHEMA 1
#define APPLICATION 0x70716d74 /* "pqmt" */
#define PAGE_BYTES 4096
/* One value: names of a thousand targets. */
#define ROW_BYTES (1 << 20)

static const char tables[] =
	"CREATE TABLE series(id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, targets TEXT NOT "
	"NULL);"
	"CREATE TABLE run(id INTEGER PRIMARY KEY AUTOINCREMENT, series INTEGER NOT NULL,"
	" now INTEGER NOT NULL, digest BLOB NOT NULL, tool TEXT NOT NULL, rules TEXT NOT NULL,"
	" curve TEXT NOT NULL, regimes TEXT NOT NULL, found BLOB NOT NULL, has_money INTEGER NOT "
	"NULL, currency TEXT NOT NULL, expected REAL NOT NULL, sunk REAL NOT NULL, avoidable REAL "
	"NOT NULL, quarter REAL NOT NULL, seen INTEGER NOT NULL, \"read\" INTEGER NOT NULL, failed "
	"INTEGER NOT NULL, assets INTEGER NOT NULL, act INTEGER NOT NULL, tasks INTEGER NOT NULL,"
	" effort_lo REAL NOT NULL, effort_hi REAL NOT NULL, appeared INTEGER NOT NULL DEFAULT 0,"
	" fixed INTEGER NOT NULL DEFAULT 0, unread INTEGER NOT NULL DEFAULT 0,"
	" UNIQUE(series, now, digest));"
	"CREATE TABLE asset(run INTEGER NOT NULL, id TEXT NOT NULL, decision INTEGER NOT NULL,"
	" p REAL NOT NULL, sunk REAL NOT NULL, cod REAL NOT NULL, expected REAL NOT NULL,"
	" vector TEXT NOT NULL, PRIMARY KEY(run, id)) WITHOUT ROWID;"
	"CREATE TABLE thing(series INTEGER NOT NULL, id BLOB NOT NULL, \"first\" INTEGER NOT NULL,"
	" since INTEGER NOT NULL, gone INTEGER, began INTEGER NOT NULL, ended INTEGER,"
	" looked INTEGER NOT NULL, meaning INTEGER NOT NULL, quantum INTEGER NOT NULL,"
	" what TEXT NOT NULL, target TEXT NOT NULL, path TEXT NOT NULL, line INTEGER NOT NULL,"
	" PRIMARY KEY(series, id)) WITHOUT ROWID;"
	"CREATE INDEX began ON thing(series, began);"
	"CREATE INDEX ended ON thing(series, ended);";

/* ---- statements ---- */

enum pqm_st pqm_history_fail(struct history *h, int rc)
{
	rc &= 0xff;
	if (rc == SQLITE_BUSY || rc == SQLITE_LOCKED)
		return pqm_fail(h->err, PQM_EIO,
			"--trend %s: another process holds it since %d s; try again", h->path,
			PQM_TREND_WAIT_MS / 1000);
	if (rc == SQLITE_FULL)
		return pqm_fail(h->err, PQM_EIO,
			"--trend %s: the disk, or the limit of %llu MiB, is full; this run was not "
			"added",
			h->path, (unsigned long long)(PQM_TREND_BYTES >> 20));
	if (rc == SQLITE_CORRUPT || rc == SQLITE_NOTADB || rc == SQLITE_FORMAT)
		return pqm_fail(h->err, PQM_EUSAGE,
			"--trend %s: damaged, or no history of pqmap (%s); move it away and the "
			"history begins anew",
			h->path, h->sq.words(rc));
	if (rc == SQLITE_ERROR || rc == SQLITE_CONSTRAINT || rc == SQLITE_MISMATCH)
		return pqm_fail(h->err, PQM_EUSAGE,
			"--trend %s: its tables are not those of pqmap; move it away and the "
			"history begins anew",
			h->path);
	return pqm_fail(h->err, rc == SQLITE_NOMEM ? PQM_ENOMEM : PQM_EIO,
		"--trend %s: %s; this run was not added", h->path, h->sq.words(rc));
}

int pqm_history_exec(struct history *h, const char *sql)
{
	return h->sq.exec(h->db, sql, NULL, NULL, NULL);
}

sqlite3_stmt *pqm_history_prepare(struct history *h, const char *sql)
{
	sqlite3_stmt *s = NULL;

	if (h->rc == SQLITE_OK)
		h->rc = h->sq.prepare(h->db, sql, -1, &s, NULL);
	h->n_bound = 0;
	return s;
}

void pqm_history_int(struct history *h, sqlite3_stmt *s, int64_t v)
{
	if (h->rc == SQLITE_OK)
		h->rc = h->sq.bind_int(s, ++h->n_bound, v);
}

void pqm_history_real(struct history *h, sqlite3_stmt *s, double v)
{
	if (h->rc == SQLITE_OK)
		h->rc = h->sq.bind_double(s, ++h->n_bound, v);
}

void pqm_history_text(struct history *h, sqlite3_stmt *s, pqm_bytes v)
{
	v = pqm_sub(v, 0, PQM_TEXT_BYTES);
	if (h->rc == SQLITE_OK)
		h->rc = h->sq.bind_text(s, ++h->n_bound, v.n == 0 ? "" : (const char *)v.p,
			(int)v.n, SQLITE_TRANSIENT);
}

void pqm_history_blob(struct history *h, sqlite3_stmt *s, const void *p, size_t n)
{
	if (h->rc == SQLITE_OK)
		h->rc = h->sq.bind_blob(s, ++h->n_bound, p, (int)n, SQLITE_TRANSIENT);
}

bool pqm_history_row(struct history *h, sqlite3_stmt *s)
{
	if (h->rc != SQLITE_OK)
		return false;
	h->rc = h->sq.step(s);
	if (h->rc == SQLITE_ROW) {
		h->rc = SQLITE_OK;
		return true;
	}
	if (h->rc == SQLITE_DONE)
		h->rc = SQLITE_OK;
	return false;
}

void pqm_history_done(struct history *h, sqlite3_stmt *s)
{
	(void)pqm_history_row(h, s);
	(void)h->sq.finalize(s);
}

void pqm_history_again(struct history *h, sqlite3_stmt *s)
{
	(void)pqm_history_row(h, s);
	(void)h->sq.reset(s);
	h->n_bound = 0;
}

pqm_bytes pqm_history_bytes(struct history *h, sqlite3_stmt *s, int column)
{
	const void *p = h->sq.blob(s, column);
	int n = h->sq.bytes(s, column);

	return p == NULL || n <= 0 ? (pqm_bytes){ NULL, 0 } : (pqm_bytes){ p, (size_t)n };
}

/* ---- the file ---- */

static enum pqm_st check_file(struct history *h)
{
	struct stat sb;
	struct statfs fs;

	h->fd = open(
		h->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0600);
	if (h->fd < 0 && errno == ELOOP)
		return pqm_fail(h->err, PQM_EUSAGE, "--trend %s: is a symbolic link", h->path);
	if (h->fd < 0 || fstat(h->fd, &sb) != 0 || fstatfs(h->fd, &fs) != 0)
		return pqm_fail(h->err, PQM_EIO, "--trend %s: cannot be written: %s", h->path,
			strerrordesc_np(errno));
	if (!S_ISREG(sb.st_mode))
		return pqm_fail(h->err, PQM_EUSAGE, "--trend %s: is no file", h->path);
	if (sb.st_uid != geteuid() || sb.st_nlink != 1)
		return pqm_fail(h->err, PQM_EUSAGE,
			"--trend %s: belongs to another user, or has a second name", h->path);
	if (pqm_is_remote_fs((uint64_t)fs.f_type))
		return pqm_fail(h->err, PQM_EUSAGE,
			"--trend %s: lies on a network file system, whose locks may be none; give "
			"a file on a local disk or a ReadWriteOnce volume",
			h->path);
	if ((sb.st_mode & 077) != 0 && fchmod(h->fd, 0600) != 0)
		return pqm_fail(h->err, PQM_EIO,
			"--trend %s: can be read by others, and that cannot be changed", h->path);
	return PQM_OK;
}

static int64_t number(struct history *h, const char *sql)
{
	sqlite3_stmt *s = pqm_history_prepare(h, sql);
	int64_t n = pqm_history_row(h, s) ? h->sq.integer(s, 0) : 0;

	(void)h->sq.finalize(s);
	return n;
}

/* In the transaction: nobody else makes the tables now. */
static enum pqm_st check_version(struct history *h)
{
	int64_t n = number(h, "SELECT count(*) FROM sqlite_master"),
		application = number(h, "PRAGMA application_id"),
		version = number(h, "PRAGMA user_version");
	char sql[100];

	if (h->rc != SQLITE_OK)
		return pqm_history_fail(h, h->rc);
	if (n == 0 && application == 0 && version == 0) {
		(void)snprintf(sql, sizeof(sql), "PRAGMA application_id=%d;PRAGMA user_version=%d",
			APPLICATION, SCHEMA);
		h->rc = pqm_history_exec(h, tables);
		if (h->rc == SQLITE_OK)
			h->rc = pqm_history_exec(h, sql);
		return h->rc == SQLITE_OK ? PQM_OK : pqm_history_fail(h, h->rc);
	}
	if (application != APPLICATION)
		return pqm_fail(h->err, PQM_EUSAGE,
			"--trend %s: is a database of another program; give another file", h->path);
	if (version > SCHEMA)
		return pqm_fail(h->err, PQM_EUSAGE,
			"--trend %s: was written by a newer pqmap (%lld, this one knows %d)",
			h->path, (long long)version, SCHEMA);
	return version == SCHEMA ? PQM_OK : pqm_history_fail(h, SQLITE_CORRUPT);
}

static enum pqm_st open_db(struct history *h)
{
	char sql[300];

	h->rc = h->sq.open(h->path, &h->db,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_NOMUTEX, NULL);
	if (h->rc != SQLITE_OK)
		return pqm_history_fail(h, h->rc);
	(void)h->sq.timeout(h->db, PQM_TREND_WAIT_MS);
	(void)h->sq.limit(h->db, SQLITE_LIMIT_LENGTH, ROW_BYTES);
	(void)snprintf(sql, sizeof(sql),
		"PRAGMA page_size=%d;PRAGMA max_page_count=%llu;PRAGMA trusted_schema=OFF;"
		"PRAGMA cell_size_check=ON;PRAGMA mmap_size=0;PRAGMA cache_size=-8192;"
		"PRAGMA temp_store=MEMORY;PRAGMA synchronous=FULL;PRAGMA journal_mode=TRUNCATE",
		PAGE_BYTES, (unsigned long long)(PQM_TREND_BYTES / PAGE_BYTES));
	h->rc = pqm_history_exec(h, sql);
	if (h->rc == SQLITE_OK)
		h->rc = pqm_history_exec(h, "BEGIN IMMEDIATE");
	return h->rc == SQLITE_OK ? PQM_OK : pqm_history_fail(h, h->rc);
}

static enum pqm_st transact(struct history *h)
{
	enum pqm_st st = check_version(h);

	if (st == PQM_OK)
		st = pqm_history_put(h);
	if (st == PQM_OK)
		st = pqm_history_get(h);
	if (st == PQM_OK) {
		h->rc = pqm_history_exec(h, "COMMIT");
		if (h->rc != SQLITE_OK)
			st = pqm_history_fail(h, h->rc);
	}
	if (st != PQM_OK)
		(void)pqm_history_exec(h, "ROLLBACK");
	return st;
}

enum pqm_st pqm_history_append(struct pqm_trend *out, const char *path,
	const struct pqm_history_run *run, struct pqm_err *err)
{
	struct history h = { .path = path, .fd = -1, .run = run, .out = out, .err = err };
	enum pqm_st st;

	if (!pqm_sqlite_load(&h.sq))
		return pqm_fail(err, PQM_EIO, "--trend %s: libsqlite3.so.0 is not here", path);
	pqm_arena_init(&h.scratch, PQM_RUN_ARENA_BYTES);
	st = check_file(&h);
	if (st == PQM_OK)
		st = open_db(&h);
	if (st == PQM_OK)
		st = transact(&h);
	/* Closed behind SQLite: closing any descriptor of a file drops all locks in it [fcntl(2)]. */
	(void)h.sq.close(h.db);
	if (h.fd >= 0)
		(void)close(h.fd);
	pqm_map_fini(&h.notes);
	pqm_arena_fini(&h.scratch);
	return st;
}
