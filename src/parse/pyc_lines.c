/* pyc_lines.c — source lines of instructions, from the three tables that versions of CPython have had for them. */
#include "base/cur.h"
#include "pyc.h"

/* To 3.9: pairs of bytes, how many instructions on and how many lines on. */
static uint32_t line_in_pairs(const struct pqm_pyc_code *c, size_t off)
{
	int64_t line = c->first_line;
	size_t at = 0;

	for (size_t i = 0; i + 1 < c->lines.n; i += 2) {
		at += c->lines.p[i];
		if (at > off)
			break;
		line += (int8_t)c->lines.p[i + 1];
	}
	return line > 0 && line < INT32_MAX ? (uint32_t)line : 0;
}

/* 3.10 [PEP 626]: pairs, the length of a range and the lines on to it; -128: it has none. */
static uint32_t line_in_ranges(const struct pqm_pyc_code *c, size_t off)
{
	int64_t line = c->first_line;
	size_t at = 0;

	for (size_t i = 0; i + 1 < c->lines.n; i += 2) {
		int8_t on = (int8_t)c->lines.p[i + 1];

		if (on != -128)
			line += on;
		at += c->lines.p[i];
		if (off < at)
			return on == -128 || line <= 0 || line >= INT32_MAX ? 0 : (uint32_t)line;
	}
	return 0;
}

/* Six bits a byte, the lowest first. */
static bool number(struct pqm_cur *c, uint32_t *out)
{
	uint32_t v = 0;
	uint8_t b = 0;

	for (unsigned shift = 0; shift < 30; shift += 6) {
		if (!pqm_cur_u8(c, &b))
			return false;
		v |= (uint32_t)(b & 63) << shift;
		if ((b & 64) == 0) {
			*out = v;
			return true;
		}
	}
	return false;
}

/* From 3.11 on [PEP 657]: entries of a kind, a length and, by the kind, lines and columns. */
static uint32_t line_in_locations(const struct pqm_pyc_code *c, size_t off)
{
	struct pqm_cur t = pqm_cur_of(c->lines);
	int64_t line = c->first_line;
	size_t at = 0;
	uint8_t head;

	while (pqm_cur_u8(&t, &head)) {
		unsigned kind = (head >> 3) & 15;
		uint32_t v = 0, more;
		unsigned rest = kind == 14 ? 3 : 0;

		if ((head & 0x80) == 0)
			return 0;
		if (kind == 13 || kind == 14) {
			if (!number(&t, &v))
				return 0;
			line += (v & 1) != 0 ? -(int64_t)(v >> 1) : (int64_t)(v >> 1);
		} else if (kind >= 10 && kind <= 12) {
			line += kind - 10;
			rest = 2;
		} else if (kind < 10) {
			rest = 1;
		}
		for (unsigned i = 0; i < rest; i++)
			if (kind == 14 ? !number(&t, &more) : !pqm_cur_skip(&t, 1))
				return 0;
		at += 2 * ((size_t)(head & 7) + 1);
		if (off < at)
			return kind == 15 || line <= 0 || line >= INT32_MAX ? 0 : (uint32_t)line;
	}
	return 0;
}

uint32_t pqm_pyc_line(const struct pqm_pyc *p, const struct pqm_pyc_code *c, size_t off)
{
	if (p->minor == 0)
		return 0;
	return p->minor >= 11	 ? line_in_locations(c, off)
		: p->minor == 10 ? line_in_ranges(c, off)
				 : line_in_pairs(c, off);
}
