#include "unit.h"

#include "base/num.h"
#include "base/process.h"

struct said {
	enum pqm_st st;
	int status;
	struct pqm_err err;
	char text[64];
};

static struct said shell(const char *script, struct pqm_process p, size_t max)
{
	const char *const argv[] = { "sh", "-c", script, NULL };
	struct said s = { .st = PQM_OK };
	struct pqm_buf b;
	size_t n;

	p.argv = p.argv != NULL ? p.argv : argv;
	p.timeout_ms = p.timeout_ms > 0 ? p.timeout_ms : 20000;
	pqm_buf_init(&b, max);
	s.st = pqm_process_run(&p, &b, &s.status, &s.err);
	n = b.n < sizeof(s.text) - 1 ? b.n : sizeof(s.text) - 1;
	if (n > 0)
		memcpy(s.text, b.p, n);
	pqm_buf_fini(&b);
	return s;
}

static void output_and_status(void **state)
{
	struct said s = shell("echo out; echo err >&2; exit 3", (struct pqm_process){ 0 }, 8192);

	(void)state;
	assert_int_equal(s.st, PQM_OK);
	assert_int_equal(s.status, 3);
	assert_string_equal(s.text, "out\n");
	s = shell("kill -TERM $$", (struct pqm_process){ 0 }, 8192);
	assert_int_equal(s.st, PQM_OK);
	assert_int_equal(s.status, 128 + 15);
}

static void input_and_environment(void **state)
{
	char path[] = "PATH=/usr/bin:/bin", given[] = "GIVEN=this";
	char *env[] = { path, given, NULL };
	struct said s = shell("cat; echo $GIVEN; ls /proc/self/fd | wc -l",
		(struct pqm_process){ .env = env, .input = PQM_LIT("fed ") }, 8192);

	(void)state;
	assert_int_equal(s.st, PQM_OK);
	/* 0, 1, 2 and the folder that ls reads. */
	assert_string_equal(s.text, "fed this\n4\n");
	s = shell("wc -c", (struct pqm_process){ 0 }, 8192);
	assert_string_equal(s.text, "0\n");
}

static void what_does_not_start(void **state)
{
	const char *const argv[] = { "pqmap-no-such-program", NULL };
	struct said s = shell("", (struct pqm_process){ .argv = argv }, 8192);

	(void)state;
	assert_int_equal(s.st, PQM_EIO);
	assert_int_equal(s.status, PQM_PROCESS_NOT_STARTED);
	assert_non_null(strstr(s.err.msg, "No such file"));
}

static void what_does_not_end(void **state)
{
	static const int stop = 1;
	uint64_t start = pqm_now_ns();
	struct said s;

	(void)state;
	s = shell("sleep 100 & wait", (struct pqm_process){ .timeout_ms = 300 }, 8192);
	assert_int_equal(s.st, PQM_ELIMIT);
	assert_non_null(strstr(s.err.msg, "took more than"));
	assert_int_equal(s.status, 128 + 9);
	/* Its output is closed, and it goes on. */
	s = shell("exec >&-; sleep 100", (struct pqm_process){ .timeout_ms = 300 }, 8192);
	assert_int_equal(s.st, PQM_ELIMIT);
	s = shell("sleep 100", (struct pqm_process){ .stop = &stop }, 8192);
	assert_int_equal(s.st, PQM_EIO);
	assert_string_equal(s.err.msg, "was interrupted");
	s = shell("yes", (struct pqm_process){ 0 }, 65536);
	assert_int_equal(s.st, PQM_ELIMIT);
	assert_non_null(strstr(s.err.msg, "printed more than 64.0 KiB"));
	/* Nothing of this waited for its end. */
	assert_true(pqm_now_ns() - start < UINT64_C(60) * 1000000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(output_and_status),
		cmocka_unit_test(input_and_environment),
		cmocka_unit_test(what_does_not_start),
		cmocka_unit_test(what_does_not_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
