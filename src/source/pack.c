/* pack.c — what holds other files, by its first bytes. */
#include "unpack.h"

#define TAR_MAGIC_AT 257 /* [POSIX.1-2017 pax] */
#define AR_NAME_BYTES 16

static bool is_octal(pqm_bytes b)
{
	for (size_t i = 0; i < b.n; i++)
		if (b.p[i] < '0' || b.p[i] > '7')
			return false;
	return b.n > 0;
}

static bool is_hex(pqm_bytes b)
{
	for (size_t i = 0; i < b.n; i++)
		if (!((b.p[i] >= '0' && b.p[i] <= '9') || (b.p[i] >= 'A' && b.p[i] <= 'F') ||
			    (b.p[i] >= 'a' && b.p[i] <= 'f')))
			return false;
	return b.n > 0;
}

/* "070701" and "070702" go on with thirteen numbers of eight digits, "070707" with octal ones. */
static bool is_cpio(pqm_bytes h)
{
	if (pqm_starts(h, PQM_LIT("07070")) && h.n >= 110)
		return h.p[5] == '7'
			? is_octal(pqm_sub(h, 6, 70))
			: (h.p[5] == '1' || h.p[5] == '2') && is_hex(pqm_sub(h, 6, 104));
	return false;
}

/* A library of object files begins with its symbols, or with an object: what it holds is one program in
 * pieces, and is looked at as a whole. */
static bool is_ar(pqm_bytes h)
{
	pqm_bytes name = pqm_sub(h, 8, AR_NAME_BYTES), data = pqm_sub(h, 68, 4);

	return pqm_starts(h, PQM_LIT("!<arch>\n")) && h.n >= 68 && name.p[0] != '/' &&
		!pqm_starts(name, PQM_LIT("__.SYMDEF")) && !pqm_starts(name, PQM_LIT("#1/")) &&
		!pqm_starts(data, PQM_LIT("\177ELF"));
}

static bool is_stream(pqm_bytes h)
{
	switch (h.p[0]) {
	case 0x1f: /* deflate, and no flag that RFC 1952 reserves */
		return h.p[1] == 0x8b && h.p[2] == 8 && (h.p[3] & 0xe0) == 0;
	case 'B': /* the first block, or the end of an empty stream */
		return pqm_starts(h, PQM_LIT("BZh")) && h.p[3] >= '1' && h.p[3] <= '9' &&
			(memcmp(h.p + 4, "1AY&SY", 6) == 0 ||
				memcmp(h.p + 4, "\x17\x72\x45\x38\x50\x90", 6) == 0);
	case 0xfd:
		return memcmp(h.p + 1, "7zXZ\0", 5) == 0;
	case 0x28: /* [RFC 8878 §3.1.1] */
		return memcmp(h.p + 1, "\xb5\x2f\xfd", 3) == 0;
	case 0x04:
		return memcmp(h.p + 1, "\x22\x4d\x18", 3) == 0;
	default:
		return false;
	}
}

enum pqm_pack pqm_pack_of(pqm_bytes h)
{
	if (h.n < 16)
		return PQM_PACK_NONE;
	if (h.n >= PQM_PACK_HEAD && memcmp(h.p + TAR_MAGIC_AT, "ustar", 5) == 0)
		return PQM_PACK_TAR;
	switch (h.p[0]) {
	case 'P':
		return memcmp(h.p, "PK\3\4", 4) == 0 ? PQM_PACK_ZIP : PQM_PACK_NONE;
	case '7':
		return memcmp(h.p, "7z\xbc\xaf\x27\x1c", 6) == 0 ? PQM_PACK_7Z : PQM_PACK_NONE;
	case '0':
		return is_cpio(h) ? PQM_PACK_CPIO : PQM_PACK_NONE;
	case '!':
		return is_ar(h) ? PQM_PACK_AR : PQM_PACK_NONE;
	case 0xed:
		return memcmp(h.p, "\xed\xab\xee\xdb", 4) == 0 ? PQM_PACK_RPM : PQM_PACK_NONE;
	default:
		return is_stream(h) ? PQM_PACK_STREAM : PQM_PACK_NONE;
	}
}
