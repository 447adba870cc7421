/*
 * held.c — large members, swept while they are read and held in part. Address space is set aside for all of a
 * member; what is not kept of it is never written there, takes no memory and reads as zeros.
 */
#include <sys/mman.h>

#include "base/limits.h"
#include "base/num.h"
#include "engine.h"

#define CARRY PQM_PATTERN_MAX
#define TAIL_BYTES ((uint64_t)1 << 20)
#define GRAIN_BYTES ((size_t)16 << 10)
#define GRAINS (PQM_READ_CHUNK_BYTES / GRAIN_BYTES)
#define BACK_BYTES GRAIN_BYTES
#define AHEAD_BYTES ((size_t)64 << 10)
_Static_assert(GRAINS <= 32, "grains are bits of a word");
#define KEEP_RANGES 8
#define PROGRAM_HEADERS 64
/* Members of a layer up to this size are held in the same memory: fresh pages cost as much as the sweep. */
#define ROOM_BYTES ((size_t)8 << 20)

/* A piece that is swept at once. */
struct chunk {
	uint8_t *p; /* in its place, or in a slot until it is known whether it is kept */
	size_t at, n;
	bool is_placed;
};

struct big {
	struct pqm_worker *w;
	uint8_t *p;
	size_t size, whole, filled;
	struct chunk now, last; /* the fate of the last is open */
	uint8_t *slots[2];	/* with CARRY bytes in front; NULL: all of the member is kept */
	unsigned slot;
	uint8_t carry[CARRY]; /* what stands before the chunk at hand */
	size_t matches_at[3]; /* matches before the chunk at hand, the last, the one before it */
	size_t kept;
	bool has_holes, is_cut, is_hashed;
	bool is_code;
	bool is_reused; /* the room is the worker's: it holds what came before */

	struct {
		uint64_t from, to;
	} keep[KEEP_RANGES];

	size_t n_keep;
};

static uint64_t elf_word(const uint8_t *p, unsigned n, bool is_big)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < n; i++)
		v = v << 8 | p[is_big ? i : n - 1 - i];
	return v;
}

/* The dynamic segment of a program lies behind its code and data: it is kept, the rest of it stands at
 * the start [gABI ch. 5]. */
static void keep_dynamic(struct big *b)
{
	const uint8_t *h = b->p;
	bool is_64, is_big_end;
	uint64_t off, n, size;

	if (b->filled < 64 || memcmp(h, "\177ELF", 4) != 0)
		return;
	if (b->size <= PQM_PROGRAM_HELD_BYTES) {
		b->whole = b->size;
		return;
	}
	is_64 = h[4] == 2;
	is_big_end = h[5] == 2;
	off = elf_word(h + (is_64 ? 32 : 28), is_64 ? 8 : 4, is_big_end);
	size = elf_word(h + (is_64 ? 54 : 42), 2, is_big_end);
	n = elf_word(h + (is_64 ? 56 : 44), 2, is_big_end);
	if (size < (is_64 ? 56U : 32U))
		return;
	for (uint64_t i = 0; i < n && i < PROGRAM_HEADERS && b->n_keep < KEEP_RANGES; i++) {
		if (off > b->filled || b->filled - off < (i + 1) * size)
			return;
		const uint8_t *ph = h + off + i * size;
		uint64_t at = elf_word(ph + (is_64 ? 8 : 4), is_64 ? 8 : 4, is_big_end);
		uint64_t len = elf_word(ph + (is_64 ? 32 : 16), is_64 ? 8 : 4, is_big_end);

		if (elf_word(ph, 4, is_big_end) == 2 && at < b->size && len <= b->size - at) {
			b->keep[b->n_keep].from = at;
			b->keep[b->n_keep++].to = at + len;
		}
	}
}

static bool is_kept(const struct big *b, size_t at, size_t n)
{
	if (b->size <= b->whole || at < PQM_MEMBER_HEAD_BYTES || b->size - at <= TAIL_BYTES)
		return true;
	for (size_t i = 0; i < b->n_keep; i++)
		if (at < b->keep[i].to && at + n > b->keep[i].from)
			return true;
	return false;
}

/* Which grains of the chunk before lie around a candidate: keys and certificates begin at one, JSON a little
 * in front of it. */
static uint32_t near_candidates(const struct big *b)
{
	uint32_t bits = 0;

	for (size_t i = b->matches_at[2]; i < b->w->matches.n; i++) {
		uint64_t off = b->w->matches.match[i].off;
		uint64_t from = off > BACK_BYTES ? off - BACK_BYTES : 0;

		for (size_t g = 0; g < GRAINS; g++) {
			size_t at = b->last.at + g * GRAIN_BYTES;

			if (at + GRAIN_BYTES > from && at < off + AHEAD_BYTES)
				bits |= UINT32_C(1) << g;
		}
	}
	return bits;
}

/* Decides about the chunk before, now that both its neighbours were swept. */
static void settle_last(struct big *b)
{
	const struct chunk *c = &b->last;
	uint32_t bits;

	if (c->n == 0 || c->is_placed)
		return;
	bits = near_candidates(b);
	for (size_t at = 0; bits != 0 && at < c->n; at += GRAIN_BYTES, bits >>= 1) {
		size_t n = c->n - at < GRAIN_BYTES ? c->n - at : GRAIN_BYTES;

		if ((bits & 1) == 0)
			continue;
		if (b->kept + n > PQM_MEMBER_HELD_BYTES) {
			b->is_cut = true;
			return;
		}
		memcpy(b->p + c->at + at, c->p + at, n);
		b->kept += n;
	}
}

static void begin_chunk(struct big *b)
{
	struct chunk *c = &b->now;

	c->at = b->filled;
	c->n = 0;
	c->is_placed = b->slots[0] == NULL || is_kept(b, c->at, PQM_READ_CHUNK_BYTES);
	if (!c->is_placed)
		b->slot ^= 1;
	c->p = c->is_placed ? b->p + c->at : b->slots[b->slot] + CARRY;
}

static void carry_on(struct big *b, const uint8_t *p, size_t n)
{
	size_t new = n < CARRY ? n : CARRY;

	memmove(b->carry, b->carry + new, CARRY - new);
	memcpy(b->carry + CARRY - new, p + n - new, new);
}

/* A chunk in its place behind one that is not: what spans the two is looked for apart. */
static void sweep_joint(struct big *b, size_t seen)
{
	const struct chunk *c = &b->now;
	const struct pqm_run *run = b->w->run;
	size_t n = c->n < CARRY ? c->n : CARRY;
	uint8_t both[2 * CARRY];

	memcpy(both, b->carry + CARRY - seen, seen);
	memcpy(both + seen, c->p, n);
	pqm_run_sweep(run,
		&(struct pqm_swept){ { both, seen + n }, seen, c->at - seen, b->is_code },
		&b->w->matches);
	pqm_run_sweep(
		run, &(struct pqm_swept){ { c->p, c->n }, n, c->at, b->is_code }, &b->w->matches);
	pqm_wipe(both, sizeof(both));
}

/* Sweeps the chunk at hand, which is as long as it gets. */
static void end_chunk(struct big *b)
{
	struct chunk *c = &b->now;
	size_t seen = c->at < CARRY ? c->at : CARRY;

	if (c->n == 0)
		return;
	if (c->at == 0)
		b->is_code = pqm_sampler_wants((pqm_bytes){ c->p, c->n });
	b->matches_at[2] = b->matches_at[1];
	b->matches_at[1] = b->matches_at[0];
	b->matches_at[0] = b->w->matches.n;
	if (c->is_placed && !b->last.is_placed) {
		sweep_joint(b, seen);
	} else {
		if (!c->is_placed)
			memcpy(c->p - seen, b->carry + CARRY - seen, seen);
		pqm_run_sweep(b->w->run,
			&(struct pqm_swept){
				{ c->p - seen, seen + c->n }, seen, c->at - seen, b->is_code },
			&b->w->matches);
	}
	settle_last(b);
	carry_on(b, c->p, c->n);
	b->last = *c;
	begin_chunk(b);
}

static void skip_hole(struct big *b, size_t to)
{
	static const uint8_t zeros[CARRY];
	size_t n = to - b->filled;

	end_chunk(b);
	carry_on(b, zeros, n < CARRY ? n : CARRY);
	if (b->is_reused)
		memset(b->p + b->filled, 0, n);
	b->has_holes = true;
	b->filled = to;
	begin_chunk(b);
}

static void take_block(struct big *b, pqm_bytes block)
{
	while (block.n > 0) {
		size_t room = PQM_READ_CHUNK_BYTES - b->now.n;
		size_t n = block.n < room ? block.n : room;

		memcpy(b->now.p + b->now.n, block.p, n);
		b->now.n += n;
		b->filled += n;
		block = pqm_sub(block, n, block.n);
		if (b->now.n < PQM_READ_CHUNK_BYTES)
			continue;
		if (b->now.at == 0)
			keep_dynamic(b);
		end_chunk(b);
	}
}

static enum pqm_st fill(struct big *b, struct pqm_member *m, struct pqm_err *err)
{
	enum pqm_st st;
	pqm_bytes block;
	uint64_t off;

	b->last.is_placed = true;
	begin_chunk(b);
	while ((st = m->next(m, &block, &off, err)) == PQM_OK && block.n > 0) {
		if (off < b->filled || off > b->size || block.n > b->size - off)
			return pqm_fail(err, PQM_EPARSE, "an entry is longer than it says");
		if (off > b->filled)
			skip_hole(b, (size_t)off);
		if (b->is_hashed)
			pqm_hasher_add(b->w->hasher, block);
		take_block(b, block);
	}
	if (st == PQM_OK) {
		end_chunk(b);
		settle_last(b);
	}
	return st;
}

/* Steps over what cannot be held. */
static enum pqm_st pass(struct pqm_member *m, struct pqm_err *err)
{
	pqm_bytes block;
	uint64_t off;
	enum pqm_st st;

	while ((st = m->next(m, &block, &off, err)) == PQM_OK && block.n > 0)
		;
	return st == PQM_OK ? PQM_ELIMIT : st;
}

static uint8_t *set_aside(size_t n)
{
	void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		-1, 0);

	if (p == MAP_FAILED)
		return NULL;
	(void)madvise(p, n, MADV_NOHUGEPAGE);
	return p;
}

static bool find_room(struct big *b)
{
	struct pqm_worker *w = b->w;
	uint8_t *slots;

	if (b->is_hashed && b->size <= ROOM_BYTES) {
		if (w->room == NULL)
			w->room = set_aside(ROOM_BYTES);
		b->is_reused = w->room != NULL;
		b->p = w->room;
		return b->is_reused;
	}
	b->p = set_aside(b->size);
	if (b->p == NULL || b->size <= b->whole)
		return b->p != NULL;
	slots = pqm_malloc(2 * (CARRY + PQM_READ_CHUNK_BYTES));
	if (slots == NULL) {
		(void)munmap(b->p, b->size);
		return false;
	}
	b->slots[0] = slots;
	b->slots[1] = slots + CARRY + PQM_READ_CHUNK_BYTES;
	return true;
}

enum pqm_st pqm_member_hold(struct pqm_worker *w, struct pqm_member *m, struct pqm_holding how,
	struct pqm_held *out, struct pqm_err *err)
{
	bool is_sized = m->size != PQM_MEMBER_UNSIZED;
	struct big b = { .w = w,
		.size = is_sized ? (size_t)m->size : PQM_ARCHIVE_UNSIZED_BYTES,
		.whole = how.whole > 0 ? how.whole : PQM_MEMBER_HELD_BYTES,
		.is_hashed = how.is_hashed };
	enum pqm_st st;

	*out = (struct pqm_held){ .body = { NULL, 0 } };
	if (!find_room(&b))
		return pass(m, err);
	w->matches.n = 0;
	st = fill(&b, m, err);
	if (b.is_reused)
		memset(b.p + b.filled, 0, b.size - b.filled);
	if (b.slots[0] != NULL)
		pqm_wipe(b.slots[0], 2 * (CARRY + PQM_READ_CHUNK_BYTES));
	pqm_free(b.slots[0]);
	pqm_wipe(b.carry, sizeof(b.carry));
	*out = (struct pqm_held){ { b.p, is_sized ? b.size : b.filled }, b.is_reused ? 0 : b.size,
		b.has_holes, b.is_cut, b.size > b.whole };
	return st;
}

void pqm_held_free(struct pqm_held *h)
{
	if (h->body.p != NULL && h->room > 0)
		(void)munmap((void *)(uintptr_t)h->body.p, h->room);
	h->body = (pqm_bytes){ NULL, 0 };
}

void pqm_held_rest(struct pqm_worker *w)
{
	if (w->room != NULL)
		(void)munmap(w->room, ROOM_BYTES);
	w->room = NULL;
}
