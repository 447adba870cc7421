#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/limits.h"
#include "engine/known.h"
#include "source/img_names.h"

#define MEMBERS_MAX 200

/* Reads a record of a layer, puts its members in their places, and writes the record of what is there then. */
static bool through(pqm_bytes row, struct pqm_buf *out)
{
	struct pqm_known *k = pqm_known_read(row);
	struct pqm_counts counts[1];
	struct pqm_run run;
	struct pqm_from f;
	uint32_t n = 0;
	bool ok;

	if (k == NULL)
		return false;
	memset(&run, 0, sizeof(run));
	memset(&f, 0, sizeof(f));
	memset(counts, 0, sizeof(counts));
	(void)pthread_mutex_init(&run.lock, NULL);
	pqm_arena_init(&run.arena, PQM_RUN_ARENA_BYTES);
	run.counts = counts;
	f.prefix = PQM_LIT("image");
	assert(pqm_names_check(pqm_known_names(k), &n));
	for (uint32_t i = 1; n <= MEMBERS_MAX && i <= n; i++) {
		char path[] = "image \xe2\x80\xba /etc/file";
		struct pqm_job job = { .path = path,
			.name_at = sizeof("image \xe2\x80\xba ") - 1,
			.from = &f,
			.member = i };

		pqm_known_give(&run, k, &job);
	}
	assert(!run.is_out_of_memory);
	ok = n <= MEMBERS_MAX && pqm_known_write(&run, &f, pqm_known_names(k), out);
	pqm_known_free(k, NULL);
	pqm_map_fini(&run.by_content);
	pqm_arena_fini(&run.arena);
	(void)pthread_mutex_destroy(&run.lock);
	return ok;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Lists turn around on the way: after two more rounds what was written is written again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pqm_buf b[3];

	for (size_t i = 0; i < 3; i++)
		pqm_buf_init(&b[i], PQM_CACHE_ROW_BYTES);
	if (through((pqm_bytes){ data, size }, &b[0])) {
		assert(through(pqm_buf_bytes(&b[0]), &b[1]));
		assert(through(pqm_buf_bytes(&b[1]), &b[2]));
		assert(b[0].n == b[2].n && memcmp(b[0].p, b[2].p, b[0].n) == 0);
	}
	for (size_t i = 0; i < 3; i++)
		pqm_buf_fini(&b[i]);
	return 0;
}
