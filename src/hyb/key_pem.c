#include "hyb/key.h"

#define LINE 64

static const char *const label[] = {
	[HYB_ARMOUR_PUBLIC] = "PUBLIC KEY",
	[HYB_ARMOUR_PRIVATE] = "PRIVATE KEY",
	[HYB_ARMOUR_ENCRYPTED] = "ENCRYPTED PRIVATE KEY",
};

/* All-ones if lo <= c <= hi. */
static uint32_t in_range(uint32_t c, uint32_t lo, uint32_t hi)
{
	uint32_t below = (c - lo) >> 31, above = (hi - c) >> 31;

	return hyb_barrier32((below | above) - 1);
}

/* The six bits of a character, or 0xff. */
static uint32_t sextet(uint32_t c)
{
	uint32_t upper = in_range(c, 'A', 'Z'), lower = in_range(c, 'a', 'z');
	uint32_t digit = in_range(c, '0', '9'), plus = in_range(c, '+', '+');
	uint32_t slash = in_range(c, '/', '/');

	return (upper & (c - 'A')) | (lower & (c - 'a' + 26)) | (digit & (c - '0' + 52)) |
		(plus & 62) | (slash & 63) | (~(upper | lower | digit | plus | slash) & 0xff);
}

static uint8_t character(uint32_t v)
{
	uint32_t c = v + 'A';

	c += in_range(v, 26, 63) & (uint32_t)('a' - 'Z' - 1);
	c -= in_range(v, 52, 63) & (uint32_t)('z' + 1 - '0');
	c -= in_range(v, 62, 63) & (uint32_t)('9' + 1 - '+');
	c += in_range(v, 63, 63) & (uint32_t)('/' - '+' - 1);
	return (uint8_t)c;
}

static bool starts_with(hyb_bytes in, const char *text)
{
	size_t n = strlen(text);

	return in.n >= n && hyb_ct_eq(in.p, text, n);
}

static hyb_bytes skip(hyb_bytes in, size_t n)
{
	return (hyb_bytes){ in.p + n, in.n - n };
}

/* Takes one line without its end, LF or CR LF; false at the end of input. */
static bool take_line(hyb_bytes *in, hyb_bytes *line)
{
	size_t n = 0;

	while (n < in->n && in->p[n] != '\n')
		n++;
	if (n == in->n)
		return false;
	*line = (hyb_bytes){ in->p, n > 0 && in->p[n - 1] == '\r' ? n - 1 : n };
	*in = skip(*in, n + 1);
	return true;
}

/* "-----BEGIN LABEL-----" and its END. */
static bool is_boundary(hyb_bytes line, const char *which, const char *name)
{
	if (!starts_with(line, which))
		return false;
	line = skip(line, strlen(which));
	if (!starts_with(line, name))
		return false;
	line = skip(line, strlen(name));
	return line.n == 5 && starts_with(line, "-----");
}

/* One line of base64 [RFC4648 §4]; `bad` collects what is no character of it. */
static void decode_line(uint8_t *out, size_t n_out, hyb_bytes line, uint32_t *bad)
{
	uint32_t acc = 0, bits = 0;
	size_t at = 0;

	for (size_t i = 0; i < line.n; i++) {
		uint32_t v = sextet(line.p[i]);

		*bad |= v & 0x80;
		acc = (acc << 6 | (v & 63)) & 0xfff;
		bits += 6;
		if (bits >= 8 && at < n_out) {
			bits -= 8;
			out[at++] = (uint8_t)(acc >> bits);
		}
	}
	/* what is left over are padding bits, zero [RFC4648 §3.5] */
	*bad |= acc & ((1U << bits) - 1);
}

/* Lines of 64 characters and a last one of at most 64, padded to four. */
static enum hyb_st decode(uint8_t *der, size_t *der_n, hyb_bytes *in, const char *name)
{
	bool is_last = false;
	uint32_t bad = 0;
	hyb_bytes line;
	size_t n = 0;

	for (;;) {
		size_t bytes, pad = 0;

		if (!take_line(in, &line))
			return HYB_E_FORMAT;
		if (is_boundary(line, "-----END ", name))
			break;
		if (is_last || line.n == 0 || line.n > LINE || line.n % 4 != 0)
			return HYB_E_FORMAT;
		while (pad < 2 && line.p[line.n - 1 - pad] == '=')
			pad++;
		is_last = line.n < LINE || pad > 0;
		bytes = line.n / 4 * 3 - pad;
		if (bytes > HYB_KEY_FILE_MAX - n)
			return HYB_E_LIMIT;
		line.n -= pad;
		decode_line(der + n, bytes, line, &bad);
		n += bytes;
	}
	*der_n = n;
	return bad == 0 && n > 0 ? HYB_OK : HYB_E_FORMAT;
}

static enum hyb_st read_armour(uint8_t *der, size_t *der_n, enum hyb_armour *armour, hyb_bytes in)
{
	hyb_bytes line;
	enum hyb_st st;

	if (!take_line(&in, &line))
		return HYB_E_FORMAT;
	for (*armour = HYB_ARMOUR_PUBLIC; *armour <= HYB_ARMOUR_ENCRYPTED; (*armour)++)
		if (is_boundary(line, "-----BEGIN ", label[*armour]))
			break;
	if (*armour > HYB_ARMOUR_ENCRYPTED)
		return HYB_E_FORMAT;
	st = decode(der, der_n, &in, label[*armour]);
	while (st == HYB_OK && in.n > 0 && (in.p[0] == '\n' || in.p[0] == '\r'))
		in = skip(in, 1);
	return st == HYB_OK && in.n > 0 ? HYB_E_FORMAT : st;
}

enum hyb_st hyb_pem_read(uint8_t *der, size_t *der_n, enum hyb_armour *armour, hyb_bytes file)
{
	enum hyb_st st = HYB_E_FORMAT;

	*der_n = 0;
	*armour = HYB_ARMOUR_DER;
	if (file.n > HYB_KEY_FILE_MAX)
		return HYB_E_LIMIT;
	if (file.n > 0 && file.p[0] == 0x30) {
		memcpy(der, file.p, file.n);
		*der_n = file.n;
		return HYB_OK;
	}
	if (starts_with(file, "-----"))
		st = read_armour(der, der_n, armour, file);
	if (st != HYB_OK) {
		hyb_wipe(der, HYB_KEY_FILE_MAX);
		*der_n = 0;
	}
	return st;
}

static void put_text(uint8_t *out, size_t *at, const char *text)
{
	size_t n = strlen(text);

	memcpy(out + *at, text, n);
	*at += n;
}

static void put_boundary(uint8_t *out, size_t *at, const char *which, const char *name)
{
	put_text(out, at, which);
	put_text(out, at, name);
	put_text(out, at, "-----\n");
}

enum hyb_st hyb_pem_write(uint8_t *out, size_t *n, enum hyb_armour armour, hyb_bytes der)
{
	size_t at = 0, chars = (der.n + 2) / 3 * 4, column = 0;

	*n = 0;
	if (chars + chars / LINE + 128 > HYB_KEY_FILE_MAX)
		return HYB_E_LIMIT;
	put_boundary(out, &at, "-----BEGIN ", label[armour]);
	for (size_t i = 0; i < der.n; i += 3) {
		size_t left = der.n - i;
		uint32_t v = (uint32_t)der.p[i] << 16 |
			(left > 1 ? (uint32_t)der.p[i + 1] << 8 : 0) |
			(left > 2 ? der.p[i + 2] : 0);

		out[at++] = character(v >> 18);
		out[at++] = character(v >> 12 & 63);
		out[at++] = left > 1 ? character(v >> 6 & 63) : '=';
		out[at++] = left > 2 ? character(v & 63) : '=';
		column += 4;
		if (column == LINE || left <= 3) {
			out[at++] = '\n';
			column = 0;
		}
	}
	put_boundary(out, &at, "-----END ", label[armour]);
	*n = at;
	return HYB_OK;
}
