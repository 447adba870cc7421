/*
 * cache.h — what earlier runs found, by what it was found in: one SQLite file of rows that are checked.
 *
 * Shape:     key -> bytes. A key says all that the bytes depend on, this build of the program included.
 *            Layers of images are kept [known.h], and of git repositories which files hold nothing [blank.h] and
 *            which commit held what first: there an id tells what is in them. To know a file of a tree by its
 *            content it must be read and hashed, which costs more than looking at it. 1.1 GiB of /usr/lib: scanned
 *            in 0.9 s on one core, 0.2 s of that outside of the kernel; SHA-256 alone takes 4 s of CPU.
 * Ownership: whoever opens it closes it.
 * Errors:    opening fails with words when there can be none: then a scan goes on without. After that
 *            nothing fails: what cannot be read is not there, what cannot be written is not kept, and
 *            the first of either is one line in the log. A file that is damaged is made anew.
 * Threads:   one thread. Processes: any number, each waits PQM_CACHE_WAIT_MS for the others.
 * Security:  the folder has mode 0700, the file 0600; of another user, with a second name, or on a network file
 *            system, they are refused. No key material: rows hold what reports hold. SHA-256 over key and body
 *            finds damage and rows that were moved. It has no secret and is no seal: whoever can write a file of
 *            this user in this folder can as well exchange the program.
 * Limits:    max_bytes for the file; least recently used rows go first. PQM_CACHE_ROW_BYTES a row.
 */
#ifndef PQM_ENGINE_CACHE_H
#define PQM_ENGINE_CACHE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/hash.h"

struct pqm_cache;

/* $XDG_CACHE_HOME/pqmap, else ~/.cache/pqmap, as the XDG Base Directory Specification 0.8 says. NULL: neither
 * is set, or no absolute path. */
const char *pqm_cache_folder(struct pqm_arena *arena);
/* PQM_EUSAGE: SQLite is not here. */
enum pqm_st pqm_cache_open(struct pqm_cache **out, const char *folder, uint64_t max_bytes,
	struct pqm_err *err) PQM_MUST_USE;
void pqm_cache_close(struct pqm_cache *c); /* may be NULL */
/* A secret that is as old as the file: for hashes of contents that are kept. Never 0. */
uint64_t pqm_cache_secret(const struct pqm_cache *c);
/* False: there is no such row. out is empty before. */
bool pqm_cache_get(struct pqm_cache *c, const uint8_t key[PQM_SHA256_BYTES], struct pqm_buf *out);
void pqm_cache_put(struct pqm_cache *c, const uint8_t key[PQM_SHA256_BYTES], pqm_bytes body);
/* What came from a row makes no sense: the file is made anew. */
void pqm_cache_spoiled(struct pqm_cache *c, const char *words);
/* statfs(2): whether locks may mean nothing to other machines. */
bool pqm_cache_is_remote(uint64_t file_system);

#endif
