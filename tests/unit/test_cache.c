/* The cache: rows come back as they were, the least recently used go first, nothing damaged is believed. */
#include "engine/cache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/limits.h"

#define SMALL ((uint64_t)1 << 20)

static char folder[64];

static int make_folder(void **state)
{
	(void)state;
	(void)snprintf(folder, sizeof(folder), "/tmp/pqmap-unit-cache-XXXXXX");
	return mkdtemp(folder) == NULL;
}

static int drop_folder(void **state)
{
	static const char *const names[] = { "layers.db", "layers.db-journal" };
	char path[128];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		(void)unlink(path);
	}
	return rmdir(folder);
}

static struct pqm_cache *opened(uint64_t max)
{
	struct pqm_cache *c = NULL;
	struct pqm_err err = { 0 };

	assert_int_equal(pqm_cache_open(&c, folder, max, &err), PQM_OK);
	return c;
}

static const uint8_t *key_of(unsigned i)
{
	static uint8_t key[PQM_SHA256_BYTES];

	pqm_sha256(key, (pqm_bytes){ (const uint8_t *)&i, sizeof(i) });
	return key;
}

static bool has(struct pqm_cache *c, unsigned i, size_t n)
{
	struct pqm_buf b;
	size_t n_wrong = 0;
	bool got;

	pqm_buf_init(&b, PQM_CACHE_ROW_BYTES);
	got = pqm_cache_get(c, key_of(i), &b);
	if (got) {
		assert_int_equal(b.n, n);
		for (size_t k = 0; k < n; k++)
			n_wrong += b.p[k] != (uint8_t)(i + k);
		assert_int_equal(n_wrong, 0);
	}
	pqm_buf_fini(&b);
	return got;
}

static void put(struct pqm_cache *c, unsigned i, size_t n)
{
	uint8_t *p = pqm_malloc(n);

	assert_non_null(p);
	for (size_t k = 0; k < n; k++)
		p[k] = (uint8_t)(i + k);
	pqm_cache_put(c, key_of(i), (pqm_bytes){ p, n });
	pqm_free(p);
}

static off_t file_size(void)
{
	char path[128];
	struct stat sb;

	(void)snprintf(path, sizeof(path), "%s/layers.db", folder);
	assert_int_equal(stat(path, &sb), 0);
	return sb.st_size;
}

static void rows_and_the_secret_outlive_the_process(void **state)
{
	struct pqm_cache *c = opened(SMALL);
	uint64_t secret = pqm_cache_secret(c);

	(void)state;
	assert_true(secret != 0);
	put(c, 1, 100);
	put(c, 2, 70000);
	put(c, 2, 70001);
	pqm_cache_close(c);
	c = opened(SMALL);
	assert_true(pqm_cache_secret(c) == secret);
	assert_true(has(c, 1, 100) && has(c, 2, 70001));
	assert_false(has(c, 3, 1));
	pqm_cache_close(c);
}

static void the_least_recently_used_goes_first(void **state)
{
	struct pqm_cache *c = opened(SMALL);

	(void)state;
	for (unsigned i = 0; i < 60; i++) {
		put(c, i, 60000);
		assert_true(has(c, i, 60000));
		assert_true(has(c, 0, 60000)); /* used each time */
		assert_true((uint64_t)file_size() <= SMALL);
	}
	assert_false(has(c, 1, 60000));
	assert_false(has(c, 40, 60000));
	assert_true(has(c, 58, 60000));
	for (unsigned i = 100; i < 2000; i++)
		put(c, i, 900);
	assert_true((uint64_t)file_size() <= SMALL);
	assert_false(has(c, 58, 60000));
	assert_true(has(c, 1999, 900));
	put(c, 3000, 200000); /* many small ones go for it */
	assert_true(has(c, 3000, 200000) && has(c, 1999, 900));
	pqm_cache_close(c);
}

static void what_is_too_large_is_not_kept(void **state)
{
	struct pqm_cache *c = opened(SMALL);

	(void)state;
	put(c, 1, 1000);
	put(c, 2, SMALL / 4 + 1);
	put(c, 3, SMALL);
	assert_true(has(c, 1, 1000));
	assert_false(has(c, 2, SMALL / 4 + 1));
	assert_false(has(c, 3, SMALL));
	pqm_cache_close(c);
	c = opened((uint64_t)1 << 30);
	put(c, 4, PQM_CACHE_ROW_BYTES);
	put(c, 5, PQM_CACHE_ROW_BYTES + 1);
	assert_true(has(c, 4, PQM_CACHE_ROW_BYTES));
	assert_false(has(c, 5, PQM_CACHE_ROW_BYTES + 1));
	pqm_cache_close(c);
}

static void a_spoiled_file_is_made_anew_and_keeps_the_secret(void **state)
{
	struct pqm_cache *c = opened(SMALL);
	uint64_t secret = pqm_cache_secret(c);

	(void)state;
	put(c, 1, 1000);
	pqm_cache_spoiled(c, "a test");
	assert_false(has(c, 1, 1000));
	put(c, 1, 1000);
	assert_true(has(c, 1, 1000));
	assert_true(pqm_cache_secret(c) == secret);
	pqm_cache_close(c);
	c = opened(SMALL);
	assert_true(pqm_cache_secret(c) == secret && has(c, 1, 1000));
	pqm_cache_close(c);
}

static void network_file_systems_are_known(void **state)
{
	(void)state;
	assert_true(pqm_cache_is_remote(0x6969));     /* NFS */
	assert_true(pqm_cache_is_remote(0xff534d42)); /* CIFS */
	assert_true(pqm_cache_is_remote(0xffffffffff534d42));
	assert_true(pqm_cache_is_remote(0x01021997));  /* 9P */
	assert_false(pqm_cache_is_remote(0xef53));     /* ext4 */
	assert_false(pqm_cache_is_remote(0x01021994)); /* tmpfs */
	assert_false(pqm_cache_is_remote(0x794c7630)); /* overlayfs */
	assert_false(pqm_cache_is_remote(0x9123683e)); /* btrfs */
	assert_false(pqm_cache_is_remote(0x58465342)); /* XFS */
}

static void the_folder_is_as_the_environment_says(void **state)
{
	struct pqm_arena a;

	(void)state;
	pqm_arena_init(&a, 1 << 16);
	(void)setenv("XDG_CACHE_HOME", "/x", 1);
	(void)setenv("HOME", "/h", 1);
	assert_string_equal(pqm_cache_folder(&a), "/x/pqmap");
	(void)setenv("XDG_CACHE_HOME", "x", 1);
	assert_string_equal(pqm_cache_folder(&a), "/h/.cache/pqmap");
	(void)unsetenv("XDG_CACHE_HOME");
	(void)setenv("HOME", "", 1);
	assert_null(pqm_cache_folder(&a));
	pqm_arena_fini(&a);
}

int main(void)
{
#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, drop_folder)
	const struct CMUnitTest tests[] = {
		WITH_FOLDER(rows_and_the_secret_outlive_the_process),
		WITH_FOLDER(the_least_recently_used_goes_first),
		WITH_FOLDER(what_is_too_large_is_not_kept),
		WITH_FOLDER(a_spoiled_file_is_made_anew_and_keeps_the_secret),
		cmocka_unit_test(network_file_systems_are_known),
		cmocka_unit_test(the_folder_is_as_the_environment_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
