/* link.c — packed lists of names. */
#include "model/link.h"

/* FNV-1a */
uint64_t pqm_link_name(pqm_bytes name)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < name.n; i++)
		h = (h ^ name.p[i]) * UINT64_C(0x100000001b3);
	return h;
}

static int by_value(const void *x, const void *y)
{
	uint64_t a = *(const uint64_t *)x, b = *(const uint64_t *)y;

	return (a > b) - (a < b);
}

pqm_bytes pqm_link_pack(uint64_t *names, size_t n)
{
	if (n > 1)
		qsort(names, n, sizeof(*names), by_value);
	return (pqm_bytes){ (const uint8_t *)names, n * sizeof(*names) };
}

static uint64_t entry_at(pqm_bytes packed, size_t i)
{
	uint64_t v;

	memcpy(&v, packed.p + i * PQM_LINK_BYTES, sizeof(v));
	return v;
}

bool pqm_link_has(pqm_bytes packed, pqm_bytes name)
{
	uint64_t want = pqm_link_name(name);
	size_t lo = 0, hi = packed.n / PQM_LINK_BYTES;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		uint64_t v = entry_at(packed, mid);

		if (v == want)
			return true;
		if (v < want)
			lo = mid + 1;
		else
			hi = mid;
	}
	return false;
}
