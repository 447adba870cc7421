/*
 * arena.h — memory that is released all at once.
 *
 * Shape:     a chain of blocks, of 0.5 to 64 KiB, growing with the arena; zeroed allocations, 16-byte aligned.
 * Units:     bytes.
 * Ownership: the arena owns everything allocated from it until reset or fini.
 * Errors:    NULL at the arena's cap or when the system has no memory.
 * Threads:   an arena belongs to one thread.
 * Limits:    the cap given at init.
 */
#ifndef PQM_BASE_ARENA_H
#define PQM_BASE_ARENA_H

#include "bytes.h"
#include "err.h"

struct pqm_arena_block;

struct pqm_arena {
	struct pqm_arena_block *head;
	size_t used, cap; /* bytes handed out, and the most that may be */
};

void pqm_arena_init(struct pqm_arena *a, size_t cap_bytes);
/* Releases all but the largest common block, so the next artifact starts warm. */
void pqm_arena_reset(struct pqm_arena *a);
void pqm_arena_fini(struct pqm_arena *a);
/* Like reset, after overwriting what was handed out: for arenas that text of Secrets went through. */
void pqm_arena_wipe(struct pqm_arena *a);
/* Moves everything that was allocated from one arena into another; the first is empty then. */
void pqm_arena_take(struct pqm_arena *to, struct pqm_arena *from);
/* Zeroed bytes, or NULL. n == 0 gives a valid pointer. */
void *pqm_arena_alloc(struct pqm_arena *a, size_t n);
/* n objects of size bytes; NULL also when the product overflows. */
void *pqm_arena_array(struct pqm_arena *a, size_t n, size_t size);
#define pqm_new(arena, T, n) ((T *)pqm_arena_array((arena), (n), sizeof(T)))

/* Copies into the arena; a NUL follows the copy (not counted). On failure {NULL, 0}. */
pqm_bytes pqm_bytes_dup(struct pqm_arena *a, pqm_bytes b);
/* Formatted text in the arena, NUL-terminated; {NULL, 0} on failure. */
pqm_bytes pqm_arena_f(struct pqm_arena *a, const char *fmt, ...) PQM_PRINTF(2, 3);
/* Text fit for a terminal, JSON or HTML: valid UTF-8 kept, control and invalid bytes written as
 * \xNN; at most PQM_TEXT_BYTES, then an ellipsis. Returns b itself when nothing must change. */
pqm_bytes pqm_printable(struct pqm_arena *a, pqm_bytes b);
/* A copy of that, no larger than it must be; p is NULL when memory runs out. */
pqm_bytes pqm_printable_dup(struct pqm_arena *a, pqm_bytes b);

/* Grows an arena-owned array by doubling: returns the (possibly moved) array with room for at
 * least n + 1 elements, or NULL. *cap is the element capacity. */
void *pqm_arena_grow(struct pqm_arena *a, void *old, size_t n, size_t *cap, size_t size);
#define pqm_grow(arena, arr, n, cap)                                                               \
	((__typeof__(arr))pqm_arena_grow((arena), (arr), (n), (cap), sizeof(*(arr))))

/* Heap calls for base/ and owners of run-long storage; the unit tests can make the n-th fail. */
void *pqm_malloc(size_t n);
void *pqm_calloc(size_t n, size_t size);
void pqm_free(void *p);
/* a and behind it b; NULL without memory. */
char *pqm_cstr_join(const char *a, const char *b);
/* For a process that reads many files: large blocks are mapped, so that freeing one gives it back whatever lies
 * behind it. The C library would learn from the first large block to keep the next ones. */
void pqm_malloc_setup(void);
/* Gives free memory back to the system: for the end of what held much of it. */
void pqm_malloc_trim(void);
/* The n-th allocation from now fails (1 = the next); 0 switches off. Tests only. */
void pqm_alloc_fail_at(size_t n);

#endif
