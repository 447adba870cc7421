/*
 * hash.h — SHA-256 for ids and digests, and a fast keyed hash for tables and content identity.
 *
 * Shape:     one-shot and streaming.
 * Units:     bytes; digests are fixed-size arrays.
 * Errors:    none for one-shot calls on valid memory (libcrypto without memory aborts the run).
 * Threads:   pure; the fast hash is keyed once per process with getrandom(2), so that nobody can
 *            prepare files that collide. Its values never reach an output.
 * Standard:  SHA-256 as in FIPS 180-4 (libcrypto); XXH3 (libxxhash).
 */
#ifndef PQM_BASE_HASH_H
#define PQM_BASE_HASH_H

#include "bytes.h"

#define PQM_SHA256_BYTES 32
#define PQM_ID_BYTES 16

void pqm_sha256(uint8_t out[PQM_SHA256_BYTES], pqm_bytes in);
/* SHA-256 over length-prefixed parts, so that no two lists of parts give the same input. */
void pqm_sha256_parts(uint8_t out[PQM_SHA256_BYTES], const pqm_bytes *parts, size_t n);

/* Streaming digests, of blobs that are named by them. */
struct pqm_digest;
#define PQM_DIGEST_BYTES_MAX 64
struct pqm_digest *pqm_digest_new(bool is_sha512); /* NULL without memory; returns owned */
void pqm_digest_free(struct pqm_digest *d);	   /* may be NULL */
void pqm_digest_add(struct pqm_digest *d, pqm_bytes in);
/* How many bytes of out it filled: 32 or 64. */
size_t pqm_digest_end(struct pqm_digest *d, uint8_t out[PQM_DIGEST_BYTES_MAX]);

uint64_t pqm_hash64(pqm_bytes in);
/* Name and version of the libcrypto that is running. */
const char *pqm_hash_library(void);

struct pqm_hash128 {
	uint64_t lo, hi;
};

/* The key of the streaming hash from now on, for values that a later process compares: the caller keeps it
 * secret. Before threads start. */
void pqm_hasher_key(uint64_t key);
struct pqm_hasher;			 /* streaming 128-bit content hash */
struct pqm_hasher *pqm_hasher_new(void); /* NULL without memory; returns owned */
void pqm_hasher_free(struct pqm_hasher *h);
void pqm_hasher_start(struct pqm_hasher *h);
void pqm_hasher_add(struct pqm_hasher *h, pqm_bytes in);
struct pqm_hash128 pqm_hasher_end(struct pqm_hasher *h);

#endif
