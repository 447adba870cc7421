/* code_dump.c — prints the calls that parse/code.h finds in files: for tests and for people who wonder.
 *
 * code_dump [-t] [-q] [-s] PATTERN FILE...   functions whose name matches one of the globs of PATTERN, apart by ','
 * -t: functions are recognised by their own error texts, too. -q: only what the file cost. -s: as if it had too much
 * code to be held. */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "parse/code.h"

static bool wants(void *ctx, pqm_bytes name, bool is_import, const struct pqm_elf_version *version)
{
	pqm_bytes rest = pqm_str(ctx), glob;

	(void)is_import;
	(void)version;
	while (pqm_split(&rest, ',', &glob))
		if (pqm_glob(glob, name))
			return true;
	return false;
}

/* Source files of OpenSSL, which is what tests have inside. */
static bool is_inside(void *ctx, pqm_bytes file)
{
	(void)ctx;
	return pqm_glob(PQM_LIT("*crypto/*"), file) || pqm_glob(PQM_LIT("*ssl/*"), file) ||
		pqm_glob(PQM_LIT("*providers/*"), file);
}

static void print_call(const struct pqm_code *code, const struct pqm_call *c)
{
	static const char *const REACH[] = { "undecided", "reached", "unreached" };

	printf("%llx %llx %.*s%s%s%s %s(", (unsigned long long)c->addr, (unsigned long long)c->off,
		PQM_FMT(c->callee),
		c->by == PQM_BY_IMPORT		 ? "@"
			: c->by == PQM_BY_SYMBOL ? "="
						 : "~",
		c->is_tail ? " tail" : "", c->is_reference ? " reference" : "", REACH[c->reach]);
	for (size_t i = 0; i < PQM_CALL_ARGS; i++) {
		const struct pqm_arg *a = &c->arg[i];

		if (i > 0)
			printf(", ");
		switch (a->kind) {
		case PQM_ARG_UNKNOWN:
			printf("?");
			break;
		case PQM_ARG_INT:
			printf("%llu", (unsigned long long)a->value);
			break;
		case PQM_ARG_TEXT:
			printf("\"%.*s\"", PQM_FMT(a->text));
			break;
		case PQM_ARG_RESULT:
			printf("#%llx", (unsigned long long)code->calls[a->value].addr);
			break;
		}
	}
	printf(")");
	for (size_t i = 0; i < c->n_path; i++)
		printf(" %s%.*s%s%llx+0x%llx", i == 0 ? "<- " : "-> ", PQM_FMT(c->path[i].name),
			c->path[i].name.n > 0 ? ":" : "", (unsigned long long)c->path[i].func,
			(unsigned long long)(c->path[i].at - c->path[i].func));
	if (c->n_from > 0)
		printf(" from %zu:", c->n_from);
	for (size_t i = 0; i < c->n_from; i++)
		printf(" %.*s", PQM_FMT(code->exports[c->from[i]]));
	printf("\n");
}

static const char *state_name(enum pqm_code_state s)
{
	switch (s) {
	case PQM_CODE_READ:
		return "read";
	case PQM_CODE_NONE:
		return "none";
	case PQM_CODE_MACHINE:
		return "machine";
	case PQM_CODE_LIMIT:
		return "limit";
	case PQM_CODE_BROKEN:
		return "broken";
	}
	return "?";
}

static uint64_t cpu_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void dump(pqm_bytes body, const char *path, const struct pqm_code_want *want, bool is_quiet)
{
	struct pqm_err err = { PQM_OK, "" };
	struct pqm_arena arena;
	struct pqm_elf e;
	struct pqm_code code = { 0 };
	uint64_t from = cpu_us();

	pqm_arena_init(&arena, PQM_ARENA_BYTES);
	enum pqm_st st = pqm_elf_open(&e, body, &arena, &err);

	if (st == PQM_OK)
		st = pqm_elf_symbols(&e, &err);
	if (st == PQM_OK)
		st = pqm_code_read(&code, &e, want, &arena, &err);
	uint64_t us = cpu_us() - from;
	struct rusage usage;

	(void)getrusage(RUSAGE_SELF, &usage);
	if (st != PQM_OK)
		printf("# %s: %s\n", path, err.msg);
	else if (code.state != PQM_CODE_NONE || !is_quiet)
		printf("# %s: %s%s%s, %zu calls, %zu functions, %zu decoded, %llu us, %ld kB\n",
			path, state_name(code.state), code.why_not == NULL ? "" : ": ",
			code.why_not == NULL ? "" : code.why_not, code.n_calls, code.n_functions,
			code.n_decoded, (unsigned long long)us, usage.ru_maxrss);
	for (size_t i = 0; i < code.n_calls && !is_quiet; i++)
		print_call(&code, &code.calls[i]);
	pqm_elf_close(&e);
	pqm_arena_fini(&arena);
}

int main(int argc, char **argv)
{
	struct pqm_code_want want = { .wants = wants };
	bool is_quiet = false;
	int i = 1;

	for (; i < argc && argv[i][0] == '-'; i++) {
		is_quiet |= argv[i][1] == 'q';
		if (argv[i][1] == 's')
			want.most_text = 1;
		if (argv[i][1] == 't') {
			want.by_text = true;
			want.is_inside = is_inside;
		}
	}
	if (i + 1 >= argc)
		return 2;
	want.ctx = argv[i++];
	for (; i < argc; i++) {
		struct stat s;
		int fd = open(argv[i], O_RDONLY | O_CLOEXEC);

		if (fd < 0 || fstat(fd, &s) != 0 || s.st_size < 64) {
			printf("# %s: not readable\n", argv[i]);
			if (fd >= 0)
				(void)close(fd);
			continue;
		}
		void *p = mmap(NULL, (size_t)s.st_size, PROT_READ, MAP_PRIVATE, fd, 0);

		(void)close(fd);
		if (p == MAP_FAILED)
			continue;
		if (pqm_elf_looks((pqm_bytes){ p, (size_t)s.st_size }))
			dump((pqm_bytes){ p, (size_t)s.st_size }, argv[i], &want, is_quiet);
		(void)munmap(p, (size_t)s.st_size);
	}
	return 0;
}
