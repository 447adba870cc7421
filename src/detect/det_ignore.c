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
	static const char *const ends[] = { "-}}", "}}", "*/", "-->", "#}", "%>" };

	/* From the outside in: a comment of a template may be one of C in it. */
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

/* Is there nothing before it on its line but what begins a comment? */
static bool is_alone(pqm_bytes body, size_t off)
{
	while (off > 0 && body.p[off - 1] != '\n') {
		uint8_t c = body.p[--off];

		if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
			c >= 0x80)
			return false;
	}
	return true;
}

/* The lines that it is for: its own, or when it stands alone the next. */
static pqm_bytes bytes_of(struct pqm_arena *arena, pqm_bytes body, size_t off)
{
	size_t from = off, to = pqm_find_byte(body, off, '\n');

	while (from > 0 && body.p[from - 1] != '\n')
		from--;
	if (to != SIZE_MAX && is_alone(body, off)) {
		from = to + 1;
		to = pqm_find_byte(body, from, '\n');
	}
	return pqm_arena_f(arena, "%zu-%zu", from, to == SIZE_MAX ? body.n : to);
}

/* A place for a rule in a text that explains comments: RULE, <rule>, %s. */
static bool is_placeholder(pqm_bytes word)
{
	bool is_lower = false;

	for (size_t i = 0; i < word.n; i++) {
		if (word.p[i] >= 0x80 || strchr("<>{}%$\"'`[]()\\", word.p[i]) != NULL)
			return true;
		is_lower = is_lower || (word.p[i] >= 'a' && word.p[i] <= 'z') || word.p[i] == '*';
		is_lower = is_lower || (word.p[i] >= '0' && word.p[i] <= '9');
	}
	return word.n > 0 && !is_lower;
}

/* No id of a rule or a finding: those have a dot, a star, or digits. */
static bool is_word(pqm_bytes word)
{
	for (size_t i = 0; i < word.n; i++)
		if (strchr(".*,0123456789", word.p[i]) != NULL)
			return false;
	return word.n > 0;
}

static bool has_clause(const struct pqm_fact *facts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!pqm_eqs(facts[i].key, "odd"))
			return true;
	return false;
}

static bool is_reason(pqm_bytes *word, pqm_bytes rest)
{
	if (!pqm_starts(*word, PQM_LIT("reason=")))
		return false;
	/* A reason is the rest of the line. */
	*word = pqm_trim((pqm_bytes){ word->p + 7, word->n - 7 + rest.n });
	return true;
}

/* until=DATE ticket=X reason=the rest; the first word that is none of them is odd. */
static size_t take_words(struct pqm_fact *facts, size_t n, pqm_bytes rest)
{
	uint32_t line = facts[0].line, col = facts[0].col;
	bool has_until = false, has_odd = false;
	pqm_bytes word;

	while (next_word(&rest, &word)) {
		if (is_reason(&word, rest)) {
			if (word.n > 0)
				facts[n++] =
					(struct pqm_fact){ PQM_LIT("reason"), word, line, col };
			break;
		}
		if (pqm_starts(word, PQM_LIT("until=")) && !has_until) {
			/* An empty date is as wrong as any other. */
			facts[n++] = (struct pqm_fact){ PQM_LIT("until"),
				word.n > 6 ? pqm_sub(word, 6, word.n) : word, line, col };
			has_until = true;
		} else if (!pqm_starts(word, PQM_LIT("ticket=")) && !has_odd) {
			facts[n++] = (struct pqm_fact){ PQM_LIT("odd"), word, line, col };
			has_odd = true;
		}
	}
	return n;
}

static enum pqm_st one(const struct pqm_artifact *a, size_t off, struct pqm_emit *out)
{
	pqm_bytes rest =
		pqm_sub(line_from(a->body, off), sizeof("pqmap:ignore") - 1, PQM_COMMENT_BYTES);
	bool whole = pqm_starts(rest, PQM_LIT("-file"));
	struct pqm_fact facts[7]; /* bytes, rule, file, alone, until, odd, reason */
	uint32_t line, col;
	pqm_bytes word, left;
	size_t n = 0, n_before;

	if (whole)
		rest = pqm_sub(rest, sizeof("-file") - 1, rest.n);
	/* "pqmap:ignored", and the words in a manual. */
	if (rest.n == 0 || (rest.p[0] != ' ' && rest.p[0] != '\t'))
		return PQM_OK;
	pqm_line_col(a->body, off, &line, &col);
	left = rest;
	if (!next_word(&left, &word) || is_placeholder(word))
		return PQM_OK;
	if (pqm_find_byte(word, 0, '=') == SIZE_MAX)
		rest = left;
	else
		word = PQM_LIT("");
	left = bytes_of(a->arena, a->body, off);
	if (left.p == NULL)
		return PQM_ENOMEM;
	facts[n++] = (struct pqm_fact){ PQM_LIT("bytes"), left, line, col };
	if (word.n > 0)
		facts[n++] = (struct pqm_fact){ PQM_LIT("rule"), word, line, col };
	if (whole)
		facts[n++] = (struct pqm_fact){ PQM_LIT("file"), PQM_LIT("true"), line, col };
	if (is_alone(a->body, off))
		facts[n++] = (struct pqm_fact){ PQM_LIT("alone"), PQM_LIT("true"), line, col };
	n_before = n;
	n = take_words(facts, n, rest);
	if (is_word(word) && !has_clause(facts + n_before, n - n_before))
		return PQM_OK; /* "a pqmap:ignore in a comment" */
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
	if (a->body.n > PQM_COMMENT_FILE_BYTES || hits->n > PQM_COMMENTS)
		pqm_emit_note(out, UINT64_MAX, PQM_ELIMIT,
			"more than %zu comments to ignore something, or a file of over %zu MiB: "
			"the rest of them do not count",
			PQM_COMMENTS, PQM_COMMENT_FILE_BYTES >> 20);
	if (a->body.n > PQM_COMMENT_FILE_BYTES)
		return PQM_OK;
	for (size_t i = 0; st == PQM_OK && i < hits->n && i < PQM_COMMENTS; i++)
		st = one(a, (size_t)hits->hit[i].off, out);
	return st == PQM_OK ? st : pqm_fail(err, st, "out of memory for a comment");
}

const struct pqm_detector pqm_det_ignore = {
	.name = "ignore",
	.version = 2,
	.summary = "comments that let a finding pass (pqmap:ignore)",
	.anchors = anchors,
	.n_anchors = 1,
	.run = run,
};
