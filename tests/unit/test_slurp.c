#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/slurp.h"

static char folder[] = "/tmp/pqmap-slurp-XXXXXX";
static char path[64];

static int make_folder(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/file", folder);
	return 0;
}

static int drop_folder(void **state)
{
	(void)state;
	(void)unlink(path);
	return rmdir(folder);
}

static void put(const void *p, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, p, n), n);
	(void)close(fd);
}

static enum pqm_st read_it(struct pqm_slurp *s, pqm_bytes *out, struct pqm_err *err)
{
	static struct pqm_arena arena;

	pqm_arena_fini(&arena);
	pqm_arena_init(&arena, (size_t)1 << 24);
	return pqm_slurp(out, s, &arena, err);
}

static void the_limit_is_the_last_size_that_is_read(void **state)
{
	static const struct {
		const char *name;
		size_t n;
		enum pqm_st want;
	} table[] = {
		{ "empty", 0, PQM_OK },
		{ "one byte", 1, PQM_OK },
		{ "one below", 99, PQM_OK },
		{ "at it", 100, PQM_OK },
		{ "one over", 101, PQM_EUSAGE },
		{ "far over", 9000, PQM_EUSAGE },
	};

	uint8_t text[9000];

	(void)state;
	memset(text, 'x', sizeof(text));
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct pqm_slurp s = { .path = path, .limit = 100, .refusal = PQM_EUSAGE };
		struct pqm_err err = { 0 };
		pqm_bytes out;

		put(text, table[i].n);
		if (read_it(&s, &out, &err) != table[i].want)
			fail_msg("%s: %s", table[i].name, err.msg);
		if (table[i].want != PQM_OK) {
			assert_null(out.p);
			assert_non_null(strstr(err.msg, "over the limit of 100 B"));
			continue;
		}
		assert_int_equal(out.n, table[i].n);
		assert_memory_equal(out.p, text, out.n);
		assert_int_equal(out.p[out.n], 0);
	}
}

/* Files of /proc tell a size of 0, as one does that is written while it is read, and come a page at a time. */
static void a_file_that_grew_is_read_to_its_end(void **state)
{
	struct pqm_slurp s = { .path = "/proc/self/smaps", .limit = (size_t)1 << 22 };
	struct pqm_slurp small = { .path = "/proc/self/smaps", .limit = 5000 };
	struct pqm_err err = { 0 };
	pqm_bytes out;

	(void)state;
	assert_int_equal(read_it(&s, &out, &err), PQM_OK);
	assert_true(out.n > 8192);
	assert_true(pqm_ends(out, PQM_LIT("\n")));
	assert_int_equal(memchr(out.p, 0, out.n) == NULL, 1);
	assert_int_equal(read_it(&small, &out, &err), PQM_ELIMIT);
	assert_null(out.p);
}

static void what_is_no_regular_file_is_refused_at_once(void **state)
{
	static const struct {
		const char *path, *words;
	} table[] = {
		{ "/dev/zero", "a device or socket, not a regular file" },
		{ "/dev/null", "a device or socket, not a regular file" },
		{ "/", "a folder, not a regular file" },
		{ path, "a FIFO, not a regular file" },
	};

	(void)state;
	(void)unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	(void)alarm(20); /* a FIFO that is waited for ends the test */
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct pqm_slurp s = { .path = table[i].path, .limit = 100 };
		struct pqm_err err = { 0 };
		pqm_bytes out;

		assert_int_equal(read_it(&s, &out, &err), PQM_EIO);
		assert_null(out.p);
		if (strstr(err.msg, table[i].words) == NULL)
			fail_msg("%s: %s", table[i].path, err.msg);
		s.refusal = PQM_EUSAGE;
		assert_int_equal(read_it(&s, &out, &err), PQM_EUSAGE);
	}
	(void)alarm(0);
	(void)unlink(path);
}

static void what_is_not_there_says_the_hint(void **state)
{
	struct pqm_slurp s = {
		.path = "/nowhere/x", .limit = 9, .refusal = PQM_EUSAGE, .hint = "make one"
	};
	struct pqm_slurp denied = { .path = "/dev/null/x", .limit = 9, .hint = "make one" };
	struct pqm_err err = { 0 };
	pqm_bytes out;

	(void)state;
	assert_int_equal(read_it(&s, &out, &err), PQM_EUSAGE);
	assert_int_equal(s.errnum, ENOENT);
	assert_string_equal(err.msg, "/nowhere/x: No such file or directory; make one");
	assert_int_equal(read_it(&denied, &out, &err), PQM_EIO);
	assert_int_equal(denied.errnum, ENOTDIR);
	assert_string_equal(err.msg, "/dev/null/x: Not a directory");
}

static enum pqm_st once(struct pqm_err *err)
{
	struct pqm_slurp s = { .path = "/proc/self/status", .limit = 100000 };
	struct pqm_arena arena;
	pqm_bytes out;
	enum pqm_st st;

	pqm_arena_init(&arena, (size_t)1 << 20);
	st = pqm_slurp(&out, &s, &arena, err);
	pqm_arena_fini(&arena);
	return st;
}

static void lack_of_memory_is_said(void **state)
{
	struct pqm_slurp s = { .path = "/proc/self/smaps", .limit = (size_t)1 << 22 };
	struct pqm_arena tiny;
	struct pqm_err err = { 0 };
	pqm_bytes out;

	(void)state;
	unit_out_of_memory(20, once);
	pqm_arena_init(&tiny, 3000);
	assert_int_equal(pqm_slurp(&out, &s, &tiny, &err), PQM_ENOMEM);
	assert_null(out.p);
	pqm_arena_fini(&tiny);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_limit_is_the_last_size_that_is_read),
		cmocka_unit_test(a_file_that_grew_is_read_to_its_end),
		cmocka_unit_test(what_is_no_regular_file_is_refused_at_once),
		cmocka_unit_test(what_is_not_there_says_the_hint),
		cmocka_unit_test(lack_of_memory_is_said),
	};

	return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
