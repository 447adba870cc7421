/* pack.c — what holds other files, by its first bytes. */
#include "unpack.h"

#define TAR_MAGIC_AT 257 /* [POSIX.1-2017 pax] */
#define TAR_SUM_AT 148
#define TAR_SUM_BYTES 8
#define AR_NAME_BYTES 16
#define ISO_MAGIC_AT 32769 /* [ECMA-119 §8.4] */
#define ZIP_END_BYTES 22   /* [APPNOTE 6.3.10 §4.3.16] */
#define ZIP_ENTRY_BYTES 46

static uint32_t word_at(pqm_bytes b, size_t at)
{
	uint8_t v[4] = { 0 };

	if (at < b.n && b.n - at >= sizeof(v))
		memcpy(v, b.p + at, sizeof(v));
	return v[0] | (uint32_t)v[1] << 8 | (uint32_t)v[2] << 16 | (uint32_t)v[3] << 24;
}

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

/* Tar from before POSIX says nothing of itself but the sum of its header. */
static bool is_old_tar(pqm_bytes h)
{
	const uint8_t *digits = h.p + TAR_SUM_AT;
	uint32_t sum = 0, said = 0;
	unsigned n = 0, at = 0;

	for (; at < TAR_SUM_BYTES && digits[at] == ' '; at++)
		;
	for (; at < TAR_SUM_BYTES && digits[at] >= '0' && digits[at] <= '7'; at++, n++)
		said = said << 3 | (uint32_t)(digits[at] - '0');
	if (n < 3 || h.p[0] == '\0')
		return false;
	for (size_t i = 0; i < PQM_PACK_HEAD; i++)
		sum += i >= TAR_SUM_AT && i < TAR_SUM_AT + TAR_SUM_BYTES ? ' ' : h.p[i];
	return sum == said;
}

/* The header of LZMA alone has no magic: the properties that all writers take, a dictionary of 2^n or 3 * 2^n
 * bytes, a length that is not absurd or -1, and the zero that the range coder begins with. */
static bool is_lzma(pqm_bytes h)
{
	uint32_t dict = word_at(h, 1), top = dict & ~(dict - 1);
	uint64_t size = word_at(h, 5) | (uint64_t)word_at(h, 9) << 32;

	return h.p[0] == 0x5d && dict >= 4096 && (dict == top || dict == 3 * top) &&
		(size == UINT64_MAX || (size > 0 && size < UINT64_C(1) << 40)) && h.p[13] == 0;
}

static bool is_stream(pqm_bytes h)
{
	switch (h.p[0]) {
	case 0x1f: /* deflate, and no flag that RFC 1952 reserves; or the program compress */
		return (h.p[1] == 0x8b && h.p[2] == 8 && (h.p[3] & 0xe0) == 0) ||
			(h.p[1] == 0x9d && (h.p[2] & 0x60) == 0 && (h.p[2] & 0x1f) >= 9 &&
				(h.p[2] & 0x1f) <= 16);
	case 'L':
		return memcmp(h.p, "LZIP\1", 5) == 0;
	case 0x5d:
		return is_lzma(h);
	case 0x02: /* lz4 as it was, and as Linux packs itself */
		return memcmp(h.p + 1, "\x21\x4c\x18", 3) == 0;
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

/* Signature, compressed size, version 1.3 [MS-CAB §2.1]. */
static bool is_cab(pqm_bytes h)
{
	return memcmp(h.p, "MSCF\0\0\0", 8) == 0 && h.n >= 36 && h.p[24] == 3 && h.p[25] == 1;
}

enum pqm_pack pqm_pack_of(pqm_bytes h)
{
	if (h.n < 16)
		return PQM_PACK_NONE;
	if (h.n >= PQM_PACK_HEAD && (memcmp(h.p + TAR_MAGIC_AT, "ustar", 5) == 0 || is_old_tar(h)))
		return PQM_PACK_TAR;
	/* Frames that say nothing [RFC 8878 §3.1.2, LZ4 frame format 1.6.2]; pzstd begins with one. */
	if ((h.p[0] & 0xf0) == 0x50 && memcmp(h.p + 1, "\x2a\x4d\x18", 3) == 0)
		return PQM_PACK_STREAM;
	if (h.n >= ISO_MAGIC_AT + 5 && memcmp(h.p + ISO_MAGIC_AT, "CD001", 5) == 0)
		return PQM_PACK_ISO;
	switch (h.p[0]) {
	case 'M':
		return is_cab(h) ? PQM_PACK_CAB : PQM_PACK_NONE;
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

bool pqm_pack_may_follow(pqm_bytes h)
{
	if (pqm_starts(h, PQM_LIT("#!")))
		return pqm_find_byte(h, 0, '\0') != SIZE_MAX;
	return pqm_starts(h, PQM_LIT("\177ELF")) || pqm_starts(h, PQM_LIT("MZ")) ||
		pqm_starts(h, PQM_LIT("JM\1\0")) || pqm_starts(h, PQM_LIT("Cr24"));
}

/* The end of the directory, the directory in front of it, and the first entry that it names. */
static bool zip_ends_at(pqm_bytes body, size_t end, size_t *from)
{
	pqm_bytes e = pqm_sub(body, end, ZIP_END_BYTES);
	uint32_t n = word_at(e, 12), off = word_at(e, 16), first;
	size_t shift;

	if (!pqm_starts(e, PQM_LIT("PK\5\6")) || n < ZIP_ENTRY_BYTES || n > end || off > end - n)
		return false;
	shift = end - n - off; /* of a zip that does not know what stands in front of it */
	if (!pqm_starts(pqm_sub(body, end - n, 4), PQM_LIT("PK\1\2")))
		return false;
	first = word_at(pqm_sub(body, end - n, ZIP_ENTRY_BYTES), 42);
	*from = shift + first;
	return first < off && pqm_starts(pqm_sub(body, *from, 4), PQM_LIT("PK\3\4"));
}

bool pqm_pack_follows(pqm_bytes body, size_t *from)
{
	size_t last = body.n < ZIP_END_BYTES ? 0 : body.n - ZIP_END_BYTES;

	for (size_t back = 0; back <= PQM_PACK_COMMENT && back < last; back++)
		if (body.p[last - back] == 'P' && zip_ends_at(body, last - back, from))
			return true;
	return false;
}
