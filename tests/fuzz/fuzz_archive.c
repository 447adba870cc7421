#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "source/unpack.h"

/* libarchive asks for as much as a name says that it has. The system gives what is never touched for nothing;
 * under a sanitizer it takes seconds, so it gets none. */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1:max_allocation_size_mb=512";
}

/* What an archive may say, of the kind that its first bytes tell; read in one pass and with seeking. */
#define OUT_MAX ((uint64_t)1 << 20)
#define ENTRIES_MAX 200

struct bytes_feed {
	struct pqm_feed feed; /* first */
	pqm_bytes body;
	size_t at;
};

static enum pqm_st feed_next(struct pqm_feed *f, pqm_bytes *out, struct pqm_err *err)
{
	struct bytes_feed *b = (struct bytes_feed *)f;

	(void)err;
	*out = pqm_sub(b->body, b->at, 700);
	b->at += out->n;
	return PQM_OK;
}

static int64_t feed_seek(struct pqm_feed *f, int64_t off, int whence)
{
	struct bytes_feed *b = (struct bytes_feed *)f;
	size_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? b->at : b->body.n;
	int64_t to;

	if (__builtin_add_overflow((int64_t)base, off, &to) || to < 0 || (size_t)to > b->body.n)
		return -1;
	b->at = (size_t)to;
	return to;
}

static void read_all(pqm_bytes body, enum pqm_pack kind, bool seeks)
{
	struct bytes_feed b = { { feed_next, NULL, seeks ? feed_seek : NULL }, body, 0 };
	struct pqm_unpack *u = NULL;
	struct pqm_entry e;
	struct pqm_err err = { 0 };
	uint64_t off, out = 0;
	pqm_bytes block;
	bool got = true;
	enum pqm_st st = pqm_unpack_open_as(&u, &b.feed, kind, &err);

	for (unsigned n = 0; st == PQM_OK && got && n < ENTRIES_MAX && out < OUT_MAX; n++) {
		st = pqm_unpack_next(u, &e, &got, &err);
		if (st != PQM_OK || !got || e.type != PQM_ENTRY_FILE)
			continue;
		assert(e.name.n < 1 << 20);
		while (out < OUT_MAX && pqm_unpack_data(u, &block, &off, &err) == PQM_OK &&
			block.n > 0)
			out += block.n;
	}
	pqm_unpack_close(u);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	pqm_bytes body = { data, size };
	enum pqm_pack kind = pqm_pack_of(body);
	size_t from = 0;

	if (pqm_pack_follows(body, &from))
		assert(from < size && memcmp(data + from, "PK\3\4", 4) == 0);
	if (kind == PQM_PACK_NONE)
		return 0;
	read_all(body, kind, false);
	read_all(body, kind, true);
	return 0;
}
