/*
 * sys.h — what the process may do and how much of the machine it has.
 *
 * Units:     cores as a count, memory in bytes.
 * Errors:    a limit that cannot be read counts as absent.
 * Threads:   call harden once at start; the rest may be called from any.
 * Standard:  cgroup v2 cpu.max and memory.max; prctl(2), setrlimit(2).
 */
#ifndef PQM_BASE_SYS_H
#define PQM_BASE_SYS_H

#include "bytes.h"

/* No new privileges, no core dumps, not traceable by others, files for the owner only. */
void pqm_sys_harden(void);
/* Cores that the affinity mask and the cgroup's cpu.max leave us, at least 1. */
unsigned pqm_sys_cpus(void);
/* The lowest memory.max on the way up from our cgroup; UINT64_MAX when there is none. */
uint64_t pqm_sys_memory_max(void);
/* Between two stages: pages of code and constants that only the one before needed are no longer resident. They are
 * the files' own, unchanged, and come back from the page cache where they are needed again. */
void pqm_sys_drop_code(void);
/* Largest resident size so far. */
uint64_t pqm_sys_peak_rss(void);

#endif
