/* lines.c — the line of an offset, for readers who go there with an editor. */
#include "base/limits.h"
#include "engine.h"

/* A program, a picture or DER has control bytes near its start; text has not. */
static bool looks_like_text(pqm_bytes body)
{
	for (size_t i = 0; i < body.n && i < PQM_TEXT_LOOK_BYTES; i++)
		if (body.p[i] < 0x20 && memchr("\t\n\r\f\b\x1b", body.p[i], 6) == NULL)
			return false;
	return true;
}

/* On from what was counted: detectors go through a body from its start. */
static void count_to(struct pqm_text_lines *t, pqm_bytes body, size_t off)
{
	const uint8_t *p;

	if (off < t->off)
		t->off = t->lines = t->line_from = 0;
	if (memchr(body.p + t->off, 0, off - t->off) != NULL) {
		t->is_binary = true;
		return;
	}
	while ((p = memchr(body.p + t->off, '\n', off - t->off)) != NULL) {
		t->off = t->line_from = (size_t)(p - body.p) + 1;
		t->lines++;
	}
	t->off = off;
}

void pqm_lines_place(
	struct pqm_text_lines *t, pqm_bytes body, uint64_t off, struct pqm_occurrence *at)
{
	if (off >= body.n || off > PQM_TEXT_LINES_BYTES || t->is_binary)
		return;
	if (!t->is_known) {
		t->is_known = true;
		t->is_binary = !looks_like_text(body);
	}
	if (!t->is_binary)
		count_to(t, body, (size_t)off);
	if (t->is_binary)
		return;
	at->text_line = (uint32_t)t->lines + 1;
	at->text_col = (uint32_t)(off - t->line_from) + 1;
}
