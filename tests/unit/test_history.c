/* test_history.c — the history file: runs add up, every state of the file is one error, and it holds no attributes. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/history.h"
#include "sample_report.h"
#include "unit.h"

static char folder[] = "/tmp/pqmap-history-XXXXXX";
static char path[64];
static struct sample sample;

static int begin(void **state)
{
	(void)state;
	memcpy(folder + sizeof(folder) - 7, "XXXXXX", 6);
	if (mkdtemp(folder) == NULL)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/t.db", folder);
	sample_init(&sample, 40, true);
	return 0;
}

static int end(void **state)
{
	char journal[80];

	(void)state;
	sample_fini(&sample);
	(void)snprintf(journal, sizeof(journal), "%s-journal", path);
	(void)unlink(journal);
	(void)unlink(path);
	return rmdir(folder);
}

/* The trend's counts after one more run; what was refused leaves words that begin with the file. */
static enum pqm_st append(int64_t day, uint8_t digest, struct pqm_trend_run *last)
{
	struct pqm_history_run run = {
		.digest = { digest }, .inv = &sample.inv, .assessment = &sample.assessment
	};
	struct pqm_trend t = { 0 };
	struct pqm_err err = { 0 };
	enum pqm_st st;

	run.run.now_days = day;
	pqm_arena_init(&t.arena, PQM_RUN_ARENA_BYTES);
	st = pqm_history_append(&t, path, &run, &err);
	if (st != PQM_OK) {
		assert_memory_equal(err.msg, "--trend ", 8);
		assert_non_null(strstr(err.msg, path));
		assert_null(strchr(err.msg, '\n'));
	} else if (last != NULL) {
		*last = t.runs[t.n_runs - 1];
		last->tool = last->rules = last->curve = last->regimes = (pqm_bytes){ NULL, 0 };
	}
	pqm_arena_fini(&t.arena);
	return st;
}

static size_t load(uint8_t *b, size_t cap)
{
	int fd = open(path, O_RDONLY);
	ssize_t n = read(fd, b, cap);

	assert_true(fd >= 0 && n >= 0 && (size_t)n < cap);
	(void)close(fd);
	return (size_t)n;
}

static void save(const uint8_t *b, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, b, n), (ssize_t)n);
	(void)close(fd);
}

static void runs_add_up(void **state)
{
	struct pqm_trend_run last;
	size_t all = sample.inv.n_findings;

	(void)state;
	assert_int_equal(append(20000, 1, &last), PQM_OK);
	assert_int_equal(last.n_appeared + last.n_fixed, 0);
	sample.inv.n_findings = all - 3;
	assert_int_equal(append(20001, 2, &last), PQM_OK);
	assert_int_equal(last.n_appeared, 0);
	assert_in_range(last.n_fixed + last.n_unread, 1, 3);
	sample.inv.n_findings = 0;
	assert_int_equal(append(20002, 3, &last), PQM_OK);
	assert_true(last.n_fixed + last.n_unread > 3);
	sample.inv.n_findings = all;
	assert_int_equal(append(20003, 4, &last), PQM_OK);
	assert_true(last.n_appeared > 0);
}

static void an_empty_file_begins_a_history(void **state)
{
	struct pqm_trend_run last;

	(void)state;
	save((const uint8_t *)"", 0);
	assert_int_equal(append(20000, 1, &last), PQM_OK);
	assert_int_equal(append(20001, 1, &last), PQM_OK);
}

static uint8_t whole[1 << 20], other[1 << 20];

/* Cut at any page, or in the middle of one: refused with words, or read as far as it is sound; never a crash, and
 * what was refused is as it was. */
static void every_cut_is_told(void **state)
{
	size_t n, refused = 0;

	(void)state;
	assert_int_equal(append(20000, 1, NULL), PQM_OK);
	n = load(whole, sizeof(whole));
	for (size_t cut = 1; cut < n; cut += cut < 200 ? 33 : 2048) {
		save(whole, cut);
		if (append(20001, 2, NULL) == PQM_OK)
			continue;
		refused++;
		assert_int_equal(load(other, sizeof(other)), cut);
		assert_memory_equal(other, whole, cut);
	}
	assert_true(refused > 5);
}

static void flipped_bytes_are_no_crash(void **state)
{
	uint64_t seed = 7;
	size_t n;

	(void)state;
	assert_int_equal(append(20000, 1, NULL), PQM_OK);
	n = load(whole, sizeof(whole));
	for (unsigned i = 0; i < 150; i++) {
		memcpy(other, whole, n);
		for (unsigned k = 0; k < 20; k++)
			other[unit_random(&seed) % n] = (uint8_t)unit_random(&seed);
		save(other, n);
		(void)append(20001, 2, NULL);
	}
}

static void others_files_are_refused(void **state)
{
	static const struct {
		const char *name;
		size_t at; /* of SQLite's header, big-endian [sqlite.org/fileformat2 §1.3] */
		uint8_t value;
	} cases[] = {
		{ "another application", 68, 0x11 },
		{ "a newer schema", 63, 9 },
		{ "another magic", 0, 'X' },
	};

	size_t n;

	(void)state;
	assert_int_equal(append(20000, 1, NULL), PQM_OK);
	n = load(whole, sizeof(whole));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memcpy(other, whole, n);
		other[cases[i].at] = cases[i].value;
		save(other, n);
		if (append(20001, 2, NULL) != PQM_EUSAGE)
			fail_msg("%s is taken for a history", cases[i].name);
	}
	save(whole, n);
	assert_int_equal(append(20001, 2, NULL), PQM_OK);
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(append(20002, 3, NULL), PQM_OK);
	struct stat sb;

	assert_int_equal(stat(path, &sb), 0);
	assert_int_equal(sb.st_mode & 077, 0);
}

/* Ids, algorithms and places, as in its header; no identities and no attributes, whatever they hold. */
static void no_attribute_reaches_the_file(void **state)
{
	static const char secret[] = "AKIA-do-not-keep-this-0123456789";
	struct pqm_attr attr = { PQM_LIT("value"), pqm_str(secret) };
	size_t n;

	(void)state;
	for (size_t i = 0; i < sample.inv.n_findings; i++) {
		struct pqm_finding *f = &sample.inv.findings[i];

		f->identity = f->why = pqm_str(secret);
		for (size_t k = 0; k < f->n_occs; k++) {
			f->occs[k].attrs = &attr;
			f->occs[k].n_attrs = 1;
		}
	}
	assert_int_equal(append(20000, 1, NULL), PQM_OK);
	n = load(whole, sizeof(whole));
	assert_true(pqm_find((pqm_bytes){ whole, n }, 0, pqm_str("file-0.pem")) != SIZE_MAX);
	assert_true(pqm_find((pqm_bytes){ whole, n }, 0, pqm_str(secret)) == SIZE_MAX);
}

int main(void)
{
#define WITH_FILE(test) cmocka_unit_test_setup_teardown(test, begin, end)
	const struct CMUnitTest tests[] = {
		WITH_FILE(runs_add_up),
		WITH_FILE(an_empty_file_begins_a_history),
		WITH_FILE(every_cut_is_told),
		WITH_FILE(flipped_bytes_are_no_crash),
		WITH_FILE(others_files_are_refused),
		WITH_FILE(no_attribute_reaches_the_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
