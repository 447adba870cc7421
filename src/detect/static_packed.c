/* static_packed.c — programs whose code is packed or encrypted: nothing in them can be seen. */
#include <math.h>

#include "parse/macho.h"
#include "parse/pe.h"
#include "static.h"

#define HEAD_BYTES 4096
#define PARTS 4
#define PART_BYTES ((size_t)16 << 10)
/* Bits a byte: machine code has 5.5 to 6.6, what is packed over 7.9. */
#define PACKED_BITS 7.8
/* A packed program of Windows asks for the loader's own functions, and one of each library that it stands for. */
#define STUB_IMPORTS 16

static double entropy_of_parts(pqm_bytes body)
{
	uint32_t count[256] = { 0 };
	double bits = 0, all = 0;

	for (size_t i = 0; i < PARTS; i++) {
		pqm_bytes part = pqm_sub(body, body.n / (PARTS + 1) * (i + 1), PART_BYTES);

		for (size_t k = 0; k < part.n; k++)
			count[part.p[k]]++;
		all += (double)part.n;
	}
	for (size_t c = 0; c < 256; c++)
		if (count[c] > 0)
			bits -= count[c] / all * log2(count[c] / all);
	return bits;
}

/* An ELF program that has no section headers: little-endian or big, the numbers are zero. */
static bool is_sectionless(pqm_bytes h)
{
	static const uint8_t zeros[8];
	bool is_64 = h.n >= 64 && h.p[4] == 2;

	if (h.n < 64 || memcmp(h.p, "\177ELF", 4) != 0)
		return false;
	return memcmp(h.p + (is_64 ? 60 : 48), zeros, 2) == 0;
}

static enum pqm_st count(void *ctx, const struct pqm_pe_sym *s)
{
	size_t *n = ctx;

	(void)s;
	return ++*n <= STUB_IMPORTS ? PQM_OK : PQM_ELIMIT;
}

/* A program of Windows that asks for next to nothing. */
static bool has_stub_imports(pqm_bytes body)
{
	struct pqm_err err = { PQM_OK, "" };
	struct pqm_pe p;
	size_t n = 0;

	return pqm_pe_open(&p, body, &err) == PQM_OK && p.clr_rva == 0 &&
		pqm_pe_imports(&p, count, &n, &err) == PQM_OK && n <= STUB_IMPORTS;
}

static bool is_noise(pqm_bytes body)
{
	return body.n >= PARTS * PART_BYTES && entropy_of_parts(body) > PACKED_BITS;
}

const char *pqm_static_packed(pqm_bytes body)
{
	pqm_bytes head = pqm_sub(body, 0, HEAD_BYTES);
	bool has_mark = pqm_find(head, 0, PQM_LIT("UPX!")) != SIZE_MAX;
	bool is_elf = is_sectionless(head), is_pe = pqm_starts(head, PQM_LIT("MZ"));
	bool is_macho = pqm_macho_looks(head);

	if (has_mark &&
		(is_elf || is_macho || (is_pe && pqm_find(head, 0, PQM_LIT("UPX0")) != SIZE_MAX)))
		return "opaque: packed by UPX; what its code does was not seen";
	if (is_elf && is_noise(body))
		return "opaque: no section headers and bytes like noise: packed or encrypted, its "
		       "code was not seen";
	if (pqm_pe_looks(head) && is_noise(body) && has_stub_imports(body))
		return "opaque: next to no imports and bytes like noise: packed or encrypted, its "
		       "code was not seen";
	return NULL;
}
