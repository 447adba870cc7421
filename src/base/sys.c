#include "sys.h"

#include <fcntl.h>
#include <link.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "num.h"

/*
 * A file that is opened must not become standard input, output or error because one of these came
 * closed: what takes their place refuses to be read or written, as they do.
 */
static void fill_std(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			(void)open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

void pqm_sys_harden(void)
{
	struct rlimit none = { 0, 0 }, files;

	fill_std();
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	(void)setrlimit(RLIMIT_CORE, &none);
	/* A deep tree keeps one descriptor for each level open. */
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max < 65536 ? files.rlim_max : 65536;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	(void)umask(077);
}

static pqm_bytes slurp(const char *path, char *buf, size_t cap)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, cap);

	if (fd >= 0)
		(void)close(fd);
	return n <= 0 ? (pqm_bytes){ NULL, 0 } : (pqm_bytes){ (const uint8_t *)buf, (size_t)n };
}

/* Calls fn with each "<cgroup>/<file>" content from our cgroup up to the root. */
static void each_cgroup(const char *file, void (*fn)(pqm_bytes text, void *ctx), void *ctx)
{
	char self[1024], path[1400], buf[128];
	pqm_bytes text = slurp("/proc/self/cgroup", self, sizeof(self)), line;

	while (pqm_split(&text, '\n', &line)) {
		if (!pqm_starts(line, PQM_LIT("0::/")))
			continue;
		pqm_bytes dir = pqm_sub(line, 3, line.n);

		for (;;) {
			(void)snprintf(path, sizeof(path), "/sys/fs/cgroup%.*s/%s",
				(int)(dir.n < 1200 ? dir.n : 1200), (const char *)dir.p, file);
			pqm_bytes value = pqm_trim(slurp(path, buf, sizeof(buf)));

			if (value.n > 0)
				fn(value, ctx);
			if (dir.n <= 1)
				return;
			while (dir.n > 0 && dir.p[dir.n - 1] != '/')
				dir.n--;
			if (dir.n > 0)
				dir.n--;
		}
	}
}

static void lower_cpus(pqm_bytes text, void *ctx)
{
	unsigned *cpus = ctx;
	uint64_t quota, period;
	pqm_bytes q, p;

	/* "max 100000" or "150000 100000" */
	if (!pqm_split(&text, ' ', &q) || !pqm_split(&text, ' ', &p) ||
		!pqm_u64_parse(q, UINT32_MAX, &quota) || !pqm_u64_parse(p, UINT32_MAX, &period) ||
		period == 0)
		return;
	unsigned n = (unsigned)((quota + period - 1) / period);

	if (n >= 1 && n < *cpus)
		*cpus = n;
}

static void lower_memory(pqm_bytes text, void *ctx)
{
	uint64_t *max = ctx, v;

	if (pqm_u64_parse(text, UINT64_MAX, &v) && v < *max)
		*max = v;
}

unsigned pqm_sys_cpus(void)
{
	cpu_set_t set;
	unsigned n = 1;

	if (sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) > 0)
		n = (unsigned)CPU_COUNT(&set);
	each_cgroup("cpu.max", lower_cpus, &n);
	return n;
}

uint64_t pqm_sys_memory_max(void)
{
	uint64_t max = UINT64_MAX;

	each_cgroup("memory.max", lower_memory, &max);
	return max;
}

/* A library whose code was relocated in place has pages that are not those of its file. */
static bool has_text_relocations(const struct dl_phdr_info *o)
{
	for (unsigned i = 0; i < o->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &o->dlpi_phdr[i];
		const ElfW(Dyn) *d = (const ElfW(Dyn) *)(o->dlpi_addr + p->p_vaddr);

		if (p->p_type != PT_DYNAMIC)
			continue;
		for (; d->d_tag != DT_NULL; d++)
			if (d->d_tag == DT_TEXTREL ||
				(d->d_tag == DT_FLAGS && (d->d_un.d_val & DF_TEXTREL) != 0))
				return true;
	}
	return false;
}

static int drop_code_of(struct dl_phdr_info *o, size_t size, void *unused)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

	(void)size;
	(void)unused;
	if (has_text_relocations(o))
		return 0;
	for (unsigned i = 0; i < o->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &o->dlpi_phdr[i];
		uintptr_t from = (o->dlpi_addr + p->p_vaddr) & ~(page - 1);

		/* That of the kernel is refused, and stays. */
		if (p->p_type == PT_LOAD && (p->p_flags & PF_W) == 0)
			(void)madvise((void *)from, o->dlpi_addr + p->p_vaddr + p->p_memsz - from,
				MADV_DONTNEED);
	}
	return 0;
}

void pqm_sys_drop_code(void)
{
	(void)dl_iterate_phdr(drop_code_of, NULL);
}

uint64_t pqm_sys_peak_rss(void)
{
	struct rusage ru;

	return getrusage(RUSAGE_SELF, &ru) == 0 ? (uint64_t)ru.ru_maxrss * 1024 : 0;
}
