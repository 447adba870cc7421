/* bench_host.c — the machine that a run was made on: without it a number says nothing. */
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "bench_peer.h"
#include "gen/commit.h"

/* The first line of a file that starts with key, from behind its colon; the whole line if key is "". */
static void line_of(const char *path, const char *key, char *out, size_t room)
{
	FILE *f = fopen(path, "re");
	char line[256];
	size_t n;

	(void)snprintf(out, room, "unknown");
	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		const char *v = line;

		if (strncmp(line, key, strlen(key)) != 0)
			continue;
		if (*key != '\0' && (v = strchr(line, ':')) == NULL)
			continue;
		if (*v == ':')
			v++;
		v += strspn(v, " \t");
		line[strcspn(line, "\n")] = '\0';
		n = strlen(v) < room - 1 ? strlen(v) : room - 1;
		memcpy(out, v, n);
		out[n] = '\0';
		break;
	}
	if (f != NULL)
		(void)fclose(f);
}

void bench_host_read(struct bench_host *h)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);
	struct utsname u;
	char cpu[64];

	memset(h, 0, sizeof(*h));
	(void)snprintf(h->name, sizeof(h->name), "%.64s", uname(&u) == 0 ? u.nodename : "unknown");
	line_of("/proc/cpuinfo", "model name", h->cpu, sizeof(h->cpu));
	line_of("/proc/cpuinfo", "cpu family", cpu, sizeof(cpu));
	if (strcmp(cpu, "unknown") != 0)
		(void)snprintf(h->cpu + strlen(h->cpu), sizeof(h->cpu) - strlen(h->cpu),
			", family %.8s", cpu);
	line_of("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "", h->governor,
		sizeof(h->governor));
	line_of("/proc/loadavg", "", h->load, sizeof(h->load));
#if defined(__clang__)
	(void)snprintf(h->compiler, sizeof(h->compiler), "%.80s", __VERSION__);
#else
	(void)snprintf(h->compiler, sizeof(h->compiler), "gcc %.80s", __VERSION__);
#endif
	(void)snprintf(h->commit, sizeof(h->commit), "%.40s", PQM_COMMIT);
	h->n_cores = n > 0 ? (unsigned)n : 1;
}
