#include "mapped.h"

#include <sys/mman.h>

#include "limits.h"

static _Thread_local pqm_bytes mapped;
static _Thread_local size_t n_read;

void pqm_mapped_set(pqm_bytes body)
{
	mapped = body;
	n_read = 0;
}

void pqm_mapped_drop(void)
{
	if (mapped.n > 0)
		(void)madvise((void *)(uintptr_t)mapped.p, mapped.n, MADV_DONTNEED);
	n_read = 0;
}

void pqm_mapped_read(size_t n)
{
	if (mapped.n == 0)
		return;
	n_read += n;
	if (n_read >= PQM_MAPPED_BYTES)
		pqm_mapped_drop();
}
