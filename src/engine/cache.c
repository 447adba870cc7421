/*
 * SQLite is loaded when the first cache is opened: a scan of files needs none, and without the library the
 * program does all but this. A rollback journal, not a WAL: that one's index is a mapping that others can cut.
 */
#include "cache.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/log.h"
#include "engine/sqlite.h"

#define FILE_NAME "layers.db"
#define SCHEMA 1
#define APPLICATION 0x70716d63 /* "pqmc" */
#define PAGE_BYTES 4096
#define LOCK_TRIES 20

static struct pqm_sqlite sq;
static bool is_ready;
static pthread_once_t once = PTHREAD_ONCE_INIT;

struct pqm_cache {
	sqlite3 *db;
	char *folder, *path;
	uint64_t max_bytes, secret;
	int fd; /* of the file that db has: as long as it is open, no other file has its inode */
	bool is_told; /* that something went wrong */
	bool is_read_only;
};

static void load(void)
{
	is_ready = pqm_sqlite_load(&sq);
}

bool pqm_cache_is_remote(uint64_t file_system)
{
	return pqm_is_remote_fs(file_system);
}

const char *pqm_cache_folder(struct pqm_arena *arena)
{
	const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");

	if (xdg != NULL && xdg[0] == '/')
		return (const char *)pqm_arena_f(arena, "%s/pqmap", xdg).p;
	if (home != NULL && home[0] == '/')
		return (const char *)pqm_arena_f(arena, "%s/.cache/pqmap", home).p;
	return NULL;
}

/* One line for all that goes wrong. */
static void tell(struct pqm_cache *c, const char *words)
{
	if (!c->is_told)
		pqm_log(PQM_WARN, "cache", "cache %s: %s", c->path, words);
	c->is_told = true;
}

static int run_sql(struct pqm_cache *c, const char *sql)
{
	return sq.exec(c->db, sql, NULL, NULL, NULL);
}

/* Every folder on the way; those that are missing are ours. */
static enum pqm_st make_folders(char *path, struct pqm_err *err)
{
	for (char *p = path + 1;; p++) {
		char was = *p;

		if (was != '/' && was != '\0')
			continue;
		*p = '\0';
		if (mkdir(path, 0700) != 0 && errno != EEXIST)
			return pqm_fail(err, PQM_EIO, "%s: %s; the scan goes on without a cache",
				path, strerrordesc_np(errno));
		*p = was;
		if (was == '\0')
			return PQM_OK;
	}
}

static enum pqm_st check_folder(const char *path, struct pqm_err *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct statfs fs;
	struct stat sb;
	enum pqm_st st = PQM_OK;

	if (fd < 0 || fstat(fd, &sb) != 0 || fstatfs(fd, &fs) != 0)
		st = pqm_fail(err, PQM_EIO, "%s: %s; the scan goes on without a cache", path,
			strerrordesc_np(errno));
	else if (sb.st_uid != geteuid())
		st = pqm_fail(err, PQM_EIO,
			"%s belongs to another user; the scan goes on without a cache", path);
	else if (pqm_cache_is_remote((uint64_t)fs.f_type))
		st = pqm_fail(err, PQM_EIO,
			"%s is on a network file system, whose locks may be none; the scan goes "
			"on without a cache (set XDG_CACHE_HOME to a local folder)",
			path);
	else if ((sb.st_mode & 077) != 0 && fchmod(fd, 0700) != 0)
		st = pqm_fail(err, PQM_EIO,
			"%s can be read by others; the scan goes on without a cache", path);
	if (fd >= 0)
		(void)close(fd);
	return st;
}

/* The first column of the first row. */
static int number(struct pqm_cache *c, const char *sql, sqlite3_int64 *out)
{
	sqlite3_stmt *s = NULL;
	int rc = sq.prepare(c->db, sql, -1, &s, NULL);

	*out = 0;
	if (rc == SQLITE_OK && (rc = sq.step(s)) == SQLITE_ROW) {
		*out = sq.integer(s, 0);
		rc = SQLITE_OK;
	}
	(void)sq.finalize(s);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int make_tables(struct pqm_cache *c)
{
	char sql[700];
	int rc = run_sql(c, "BEGIN IMMEDIATE");
	sqlite3_int64 version = 0;

	if (rc != SQLITE_OK)
		return rc;
	while (c->secret == 0)
		if (getrandom(&c->secret, sizeof(c->secret), 0) != (ssize_t)sizeof(c->secret))
			c->secret = 0;
	rc = number(c, "PRAGMA user_version", &version);
	/* Another process may have made them since we looked. */
	(void)snprintf(sql, sizeof(sql),
		"CREATE TABLE meta(secret INTEGER NOT NULL);"
		"INSERT INTO meta VALUES(%lld);"
		"CREATE TABLE kept(key BLOB PRIMARY KEY NOT NULL, used INTEGER NOT NULL,"
		" size INTEGER NOT NULL, sum BLOB NOT NULL, body BLOB NOT NULL);"
		"PRAGMA application_id=%d;PRAGMA user_version=%d",
		(long long)(int64_t)c->secret, APPLICATION, SCHEMA);
	if (rc == SQLITE_OK && version == 0)
		rc = run_sql(c, sql);
	if (rc == SQLITE_OK)
		return run_sql(c, "COMMIT");
	(void)run_sql(c, "ROLLBACK");
	return rc;
}

struct head {
	sqlite3_int64 application, version, n_tables;
};

/* All of it as it was at one moment: another process may be making the tables. */
static int read_versions(struct pqm_cache *c, struct head *h)
{
	int rc = run_sql(c, "BEGIN");

	if (rc == SQLITE_OK)
		rc = number(c, "SELECT count(*) FROM sqlite_master", &h->n_tables);
	if (rc == SQLITE_OK)
		rc = number(c, "PRAGMA application_id", &h->application);
	if (rc == SQLITE_OK)
		rc = number(c, "PRAGMA user_version", &h->version);
	(void)run_sql(c, rc == SQLITE_OK ? "COMMIT" : "ROLLBACK");
	return rc;
}

/* SQLITE_CORRUPT for a file that is another program's, or of another version of this one. */
static int read_head(struct pqm_cache *c)
{
	struct head h = { 0 };
	sqlite3_int64 secret = 0;
	int rc = read_versions(c, &h);

	if (rc == SQLITE_OK && h.version == 0 && h.application == 0 && h.n_tables == 0) {
		rc = make_tables(c);
		h.application = APPLICATION;
		h.version = SCHEMA;
	}
	if (rc == SQLITE_OK && (h.application != APPLICATION || h.version != SCHEMA))
		return SQLITE_CORRUPT;
	if (rc == SQLITE_OK)
		rc = number(c, "SELECT secret FROM meta", &secret);
	if (rc == SQLITE_OK && secret == 0)
		return SQLITE_CORRUPT;
	if (rc == SQLITE_OK && c->secret == 0)
		c->secret = (uint64_t)secret;
	/* A table that should be there and is not. */
	return rc == SQLITE_ERROR ? SQLITE_CORRUPT : rc;
}

static void set_up(struct pqm_cache *c)
{
	char sql[300];

	(void)sq.timeout(c->db, PQM_CACHE_WAIT_MS);
	(void)sq.limit(c->db, SQLITE_LIMIT_LENGTH, (int)PQM_CACHE_ROW_BYTES + PAGE_BYTES);
	(void)snprintf(sql, sizeof(sql),
		"PRAGMA page_size=%d;PRAGMA max_page_count=%llu;PRAGMA trusted_schema=OFF;"
		"PRAGMA cell_size_check=ON;PRAGMA mmap_size=0;PRAGMA cache_size=-2048;"
		"PRAGMA temp_store=MEMORY;PRAGMA synchronous=OFF;PRAGMA journal_mode=TRUNCATE",
		PAGE_BYTES, (unsigned long long)(c->max_bytes / PAGE_BYTES));
	(void)run_sql(c, sql);
}

static int open_file(struct pqm_cache *c)
{
	int fd = open(c->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	struct stat sb;

	if (fd < 0)
		return SQLITE_CANTOPEN;
	if (fstat(fd, &sb) != 0 || !S_ISREG(sb.st_mode) || sb.st_uid != geteuid() ||
		sb.st_nlink != 1 || fchmod(fd, 0600) != 0) {
		(void)close(fd);
		return SQLITE_CANTOPEN;
	}
	/* Closed behind SQLite: closing any descriptor of a file drops all locks in it [fcntl(2)]. */
	c->fd = fd;
	int rc = sq.open(c->path, &c->db,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_NOMUTEX, NULL);

	if (rc == SQLITE_OK) {
		set_up(c);
		rc = read_head(c);
	}
	return rc & 0xff;
}

static void close_file(struct pqm_cache *c)
{
	(void)sq.close(c->db); /* NULL is fine */
	c->db = NULL;
	if (c->fd >= 0)
		(void)close(c->fd);
	c->fd = -1;
}

static void unlink_with(const struct pqm_cache *c, const char *suffix)
{
	struct pqm_arena a;
	pqm_bytes name;

	pqm_arena_init(&a, 1 << 16);
	name = pqm_arena_f(&a, "%s%s", c->path, suffix);
	if (name.p != NULL)
		(void)unlink((const char *)name.p);
	pqm_arena_fini(&a);
}

/* Takes the damaged file away, unless another process has done so; one at a time. */
static void take_away(const struct pqm_cache *c, int fd)
{
	int dir = open(c->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat sb, own;
	bool is_locked = false;

	for (unsigned i = 0; dir >= 0 && i < LOCK_TRIES && !is_locked; i++) {
		is_locked = flock(dir, LOCK_EX | LOCK_NB) == 0;
		if (!is_locked)
			(void)usleep(PQM_CACHE_WAIT_MS * 1000 / LOCK_TRIES);
	}
	if (is_locked && lstat(c->path, &sb) == 0 && fstat(fd, &own) == 0 &&
		sb.st_ino == own.st_ino && sb.st_dev == own.st_dev) {
		unlink_with(c, "-journal");
		unlink_with(c, "-wal");
		unlink_with(c, "-shm");
		unlink_with(c, "");
	}
	if (dir >= 0)
		(void)close(dir);
}

static bool is_damage(int rc)
{
	return (rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_NOTADB ||
		(rc & 0xff) == SQLITE_FORMAT || (rc & 0xff) == SQLITE_SCHEMA ||
		(rc & 0xff) == SQLITE_ERROR; /* our own statements are right: the tables are not */
}

static int rebuild(struct pqm_cache *c, const char *why)
{
	char words[200];
	int rc, fd;

	(void)snprintf(words, sizeof(words), "damaged (%s); made anew", why);
	tell(c, words);
	fd = c->fd;
	c->fd = -1;
	close_file(c);
	take_away(c, fd);
	if (fd >= 0)
		(void)close(fd);
	rc = open_file(c);
	if (rc != SQLITE_OK)
		close_file(c);
	return rc;
}

void pqm_cache_spoiled(struct pqm_cache *c, const char *words)
{
	if (c->db != NULL)
		(void)rebuild(c, words);
}

static enum pqm_st open_in(struct pqm_cache *c, struct pqm_err *err)
{
	int rc;
	enum pqm_st st = make_folders(c->folder, err);

	if (st == PQM_OK)
		st = check_folder(c->folder, err);
	if (st != PQM_OK)
		return st;
	rc = open_file(c);
	if (is_damage(rc))
		rc = rebuild(c, sq.words(rc));
	if (rc != SQLITE_OK)
		return pqm_fail(err, PQM_EIO, "%s: %s; the scan goes on without a cache", c->path,
			sq.words(rc));
	return PQM_OK;
}

enum pqm_st pqm_cache_open(
	struct pqm_cache **out, const char *folder, uint64_t max_bytes, struct pqm_err *err)
{
	struct pqm_cache *c;
	enum pqm_st st;

	(void)pthread_once(&once, load);
	if (!is_ready)
		return pqm_fail(err, PQM_EUSAGE,
			"libsqlite3.so.0 is not here: nothing is kept for the next scan");
	c = pqm_calloc(1, sizeof(*c));
	if (c == NULL)
		return pqm_fail(err, PQM_ENOMEM, "out of memory for the cache");
	c->max_bytes = max_bytes;
	c->fd = -1;
	c->folder = pqm_cstr_join(folder, "");
	c->path = pqm_cstr_join(folder, "/" FILE_NAME);
	st = c->folder == NULL || c->path == NULL
		? pqm_fail(err, PQM_ENOMEM, "out of memory for the cache")
		: open_in(c, err);
	if (st == PQM_OK)
		*out = c;
	else
		pqm_cache_close(c);
	return st;
}

void pqm_cache_close(struct pqm_cache *c)
{
	if (c == NULL)
		return;
	close_file(c);
	pqm_free(c->folder);
	pqm_free(c->path);
	pqm_free(c);
}

uint64_t pqm_cache_secret(const struct pqm_cache *c)
{
	return c->secret;
}

/* Over the key too: a body that stands in another's row is found out. */
static void sum_of(uint8_t sum[PQM_SHA256_BYTES], const uint8_t *key, pqm_bytes body)
{
	const pqm_bytes parts[] = { { key, PQM_SHA256_BYTES }, body };

	pqm_sha256_parts(sum, parts, 2);
}

/* What an answer of SQLite means for the rest of the run. */
static void judge(struct pqm_cache *c, int rc)
{
	rc &= 0xff;
	if (is_damage(rc)) {
		(void)rebuild(c, sq.words(rc));
	} else if (rc == SQLITE_READONLY || rc == SQLITE_IOERR || rc == SQLITE_CANTOPEN ||
		rc == SQLITE_FULL || rc == SQLITE_PERM) {
		tell(c, sq.words(rc));
		c->is_read_only = true;
	} else if (rc != SQLITE_OK && rc != SQLITE_DONE && rc != SQLITE_ROW) {
		pqm_log(PQM_INFO, "cache", "%s: %s", c->path, sq.words(rc));
	}
}

/* Steps a statement with at most a key and a number. */
static int step(struct pqm_cache *c, const char *sql, const uint8_t *key, sqlite3_int64 n)
{
	sqlite3_stmt *s = NULL;
	int rc = sq.prepare(c->db, sql, -1, &s, NULL);

	if (rc == SQLITE_OK && key != NULL)
		rc = sq.bind_blob(s, 1, key, PQM_SHA256_BYTES, SQLITE_STATIC);
	if (rc == SQLITE_OK && n != 0)
		rc = sq.bind_int(s, key != NULL ? 2 : 1, n);
	if (rc == SQLITE_OK)
		rc = sq.step(s);
	(void)sq.finalize(s);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static void touch(struct pqm_cache *c, const uint8_t *key)
{
	int rc = c->is_read_only ? SQLITE_OK
				 : step(c,
					   "UPDATE kept SET used=(SELECT max(used)+1 FROM kept) "
					   "WHERE key=?1 AND used<(SELECT max(used) FROM kept)",
					   key, 0);

	if (rc != SQLITE_OK)
		judge(c, rc);
}

/* SQLITE_CORRUPT when the row is not what was put there. */
static int take_row(sqlite3_stmt *s, const uint8_t *key, struct pqm_buf *out)
{
	uint8_t sum[PQM_SHA256_BYTES];
	int n = sq.bytes(s, 1);
	pqm_bytes body = { sq.blob(s, 1), n < 0 ? 0 : (size_t)n };

	if (sq.bytes(s, 0) != PQM_SHA256_BYTES || body.p == NULL || body.n > PQM_CACHE_ROW_BYTES)
		return SQLITE_CORRUPT;
	sum_of(sum, key, body);
	if (memcmp(sum, sq.blob(s, 0), sizeof(sum)) != 0)
		return SQLITE_CORRUPT;
	return pqm_buf_add(out, body) ? SQLITE_ROW : SQLITE_NOMEM;
}

bool pqm_cache_get(struct pqm_cache *c, const uint8_t key[PQM_SHA256_BYTES], struct pqm_buf *out)
{
	sqlite3_stmt *s = NULL;
	int rc;

	if (c->db == NULL)
		return false;
	rc = sq.prepare(c->db, "SELECT sum, body FROM kept WHERE key=?1", -1, &s, NULL);
	if (rc == SQLITE_OK)
		rc = sq.bind_blob(s, 1, key, PQM_SHA256_BYTES, SQLITE_STATIC);
	if (rc == SQLITE_OK)
		rc = sq.step(s);
	if (rc == SQLITE_ROW)
		rc = take_row(s, key, out);
	(void)sq.finalize(s);
	if (rc == SQLITE_ROW)
		touch(c, key);
	else
		judge(c, rc);
	return rc == SQLITE_ROW;
}

/* Least recently used rows go until there is room. A tenth of the file is left to its own pages. */
static int make_room(struct pqm_cache *c, size_t n)
{
	const uint64_t max = c->max_bytes - c->max_bytes / 10;
	sqlite3_int64 held = 0;
	int rc = number(c, "SELECT total(size) FROM kept", &held);

	if (rc != SQLITE_OK || held <= 0 || (uint64_t)held + n <= max)
		return rc;
	return step(c,
		"DELETE FROM kept WHERE used<=(SELECT coalesce(min(used),(SELECT max(used) FROM "
		"kept)) "
		"FROM (SELECT used, sum(size) OVER (ORDER BY used) AS freed FROM kept) "
		"WHERE freed>=?1)",
		NULL, held + (sqlite3_int64)n - (sqlite3_int64)max);
}

static int insert(struct pqm_cache *c, const uint8_t *key, pqm_bytes body)
{
	uint8_t sum[PQM_SHA256_BYTES];
	sqlite3_stmt *s = NULL;
	int rc = sq.prepare(c->db,
		"INSERT OR REPLACE INTO kept VALUES(?1,"
		"(SELECT coalesce(max(used),0)+1 FROM kept),?2,?3,?4)",
		-1, &s, NULL);

	sum_of(sum, key, body);
	if (rc == SQLITE_OK)
		rc = sq.bind_blob(s, 1, key, PQM_SHA256_BYTES, SQLITE_STATIC);
	if (rc == SQLITE_OK)
		rc = sq.bind_int(s, 2, (sqlite3_int64)body.n + PAGE_BYTES);
	if (rc == SQLITE_OK)
		rc = sq.bind_blob(s, 3, sum, sizeof(sum), SQLITE_STATIC);
	if (rc == SQLITE_OK)
		rc = sq.bind_blob(s, 4, body.p, (int)body.n, SQLITE_STATIC);
	if (rc == SQLITE_OK)
		rc = sq.step(s);
	(void)sq.finalize(s);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

void pqm_cache_put(struct pqm_cache *c, const uint8_t key[PQM_SHA256_BYTES], pqm_bytes body)
{
	int rc;

	if (c->db == NULL || c->is_read_only || body.n == 0 || body.n > PQM_CACHE_ROW_BYTES ||
		body.n > c->max_bytes / 4)
		return;
	rc = run_sql(c, "BEGIN IMMEDIATE");
	if (rc == SQLITE_OK) {
		rc = make_room(c, body.n + PAGE_BYTES);
		if (rc == SQLITE_OK)
			rc = insert(c, key, body);
		if (rc == SQLITE_OK)
			rc = run_sql(c, "COMMIT");
		if (rc != SQLITE_OK)
			(void)run_sql(c, "ROLLBACK");
	}
	judge(c, rc);
}
