/* bench_main.c — hyb-bench: the same measurements without the scanner, for machines that have libc and
 * libcrypto.so.3 only. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench.h"

static int usage(void)
{
	(void)fputs(
		"usage: hyb-bench [--quick|--full] [--json FILE] [--against LIB.so] [--now DATE]\n"
		"Times libhyb and the running libcrypto alternately, in one run.\n",
		stderr);
	return 2;
}

static int write_json(const struct bench *b, const struct bench_host *h, const char *path)
{
	FILE *f = fopen(path, "we");

	if (f == NULL) {
		perror(path);
		return 3;
	}
	bench_write_json(b, h, NULL, 0, f);
	if (fclose(f) != 0) {
		perror(path);
		return 3;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct bench b = { .version = PQM_VERSION };
	const char *json = NULL;
	struct bench_host h;
	time_t now = time(NULL);
	struct tm tm;
	char today[16];
	int rc = 0;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--full") == 0)
			b.is_full = true;
		else if (strcmp(argv[i], "--quick") == 0)
			b.is_full = false;
		else if (strcmp(argv[i], "--json") == 0 && i + 1 < argc)
			json = argv[++i];
		else if (strcmp(argv[i], "--against") == 0 && i + 1 < argc)
			b.against = argv[++i];
		else if (strcmp(argv[i], "--now") == 0 && i + 1 < argc)
			b.date = argv[++i];
		else
			return usage();
	}
	if (b.date == NULL && gmtime_r(&now, &tm) != NULL &&
		strftime(today, sizeof(today), "%Y-%m-%d", &tm) > 0)
		b.date = today;
	if (!bench_init(&b)) {
		(void)fputs("hyb-bench: out of memory\n", stderr);
		return 70;
	}
	if (bench_refused(&b) != NULL) {
		(void)fprintf(stderr, "hyb-bench: --against: %s\n", bench_refused(&b));
		bench_fini(&b);
		return 2;
	}
	bench_host_read(&h);
	bench_all(&b);
	bench_write_text(&b, &h, stdout);
	if (json != NULL)
		rc = write_json(&b, &h, json);
	bench_fini(&b);
	return rc;
}
