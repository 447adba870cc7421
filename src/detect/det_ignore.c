/* Comments by which somebody lets a finding pass: "pqmap:ignore RULE until=2027-06-30 reason=…". They are facts
 * of the file like any other; the gate reads them. */
#include "base/limits.h"
#include "detect/detector.h"

static const struct pqm_anchor anchors[] = {
	PQM_ANCHOR("pqmap:ignore"),
};

/* The rest of the line, without what ends a comment. */
static pqm_bytes line_from(pqm_bytes body, size_t off)
{
	size_t end = pqm_find_byte(body, off, '\n');
	pqm_bytes line = pqm_trim(pqm_sub(body, off, (end == SIZE_MAX ? body.n : end) - off));
	static const char *const ends[] = { "*/", "-->", "}}" };

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (pqm_ends(line, pqm_str(ends[i])))
			line = pqm_trim(pqm_sub(line, 0, line.n - strlen(ends[i])));
	return line;
}

static bool next_word(pqm_bytes *rest, pqm_bytes *word)
{
	size_t n = 0;

	*rest = pqm_trim(*rest);
	while (n < rest->n && rest->p[n] != ' ' && rest->p[n] != '\t')
		n++;
	*word = pqm_sub(*rest, 0, n);
	*rest = pqm_sub(*rest, n, rest->n);
	return n > 0;
}

static enum pqm_st one(const struct pqm_artifact *a, size_t off, struct pqm_emit *out)
{
	pqm_bytes rest =
		pqm_sub(line_from(a->body, off), sizeof("pqmap:ignore") - 1, PQM_COMMENT_BYTES);
	bool whole = pqm_starts(rest, PQM_LIT("-file"));
	struct pqm_fact facts[4];
	uint32_t line, col;
	pqm_bytes word;
	size_t n = 0;

	if (whole)
		rest = pqm_sub(rest, sizeof("-file") - 1, rest.n);
	/* "pqmap:ignored", and the words in a manual. */
	if (rest.n == 0 || (rest.p[0] != ' ' && rest.p[0] != '\t'))
		return PQM_OK;
	pqm_line_col(a->body, off, &line, &col);
	if (whole)
		facts[n++] = (struct pqm_fact){ PQM_LIT("file"), PQM_LIT("true"), line, col };
	if (next_word(&rest, &word))
		facts[n++] = (struct pqm_fact){ PQM_LIT("rule"), word, line, col };
	while (next_word(&rest, &word)) {
		if (pqm_starts(word, PQM_LIT("until=")) && n < 3)
			facts[n++] = (struct pqm_fact){ PQM_LIT("until"), pqm_sub(word, 6, word.n),
				line, col };
		if (!pqm_starts(word, PQM_LIT("reason=")))
			continue;
		/* A reason is the rest of the line. */
		word = pqm_trim((pqm_bytes){ word.p + 7, word.n - 7 + rest.n });
		if (word.n > 0 && n < 4)
			facts[n++] = (struct pqm_fact){ PQM_LIT("reason"), word, line, col };
		break;
	}
	const struct pqm_object o = { .group = PQM_LIT("pqmap.dev"),
		.kind = PQM_LIT("Ignore"),
		.name = pqm_arena_f(a->arena, "%u", line),
		.line = line,
		.facts = facts,
		.n_facts = n };

	return o.name.p == NULL ? PQM_ENOMEM : pqm_emit_object(out, &o);
}

static enum pqm_st run(const struct pqm_rules *r, const struct pqm_artifact *a,
	const struct pqm_hits *hits, struct pqm_emit *out, struct pqm_err *err)
{
	enum pqm_st st = PQM_OK;

	(void)r;
	/* Comments stand in files that a person edits, not in what lies inside of them. */
	if (a->depth > 0 || pqm_find_byte(pqm_sub(a->head, 0, 4096), 0, '\0') != SIZE_MAX)
		return PQM_OK;
	for (size_t i = 0; st == PQM_OK && i < hits->n; i++)
		st = one(a, (size_t)hits->hit[i].off, out);
	return st == PQM_OK ? st : pqm_fail(err, st, "out of memory for a comment");
}

const struct pqm_detector pqm_det_ignore = {
	.name = "ignore",
	.version = 1,
	.summary = "comments that let a finding pass (pqmap:ignore)",
	.anchors = anchors,
	.n_anchors = 1,
	.run = run,
};
