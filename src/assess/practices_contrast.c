#include "practices_int.h"

#include <stdlib.h>

#define WORDS_MAX 8 /* of one target and role; the rest is counted */

static int by_row(const void *x, const void *y)
{
	const struct pqm_contrast_row *a = x, *b = y;
	int c = pqm_cmp(a->what, b->what);

	if (c == 0)
		c = pqm_cmp(a->role, b->role);
	if (c == 0 && a->target != b->target)
		c = a->target < b->target ? -1 : 1;
	return c != 0 ? c : pqm_cmp(a->words, b->words);
}

static bool same_role(const struct pqm_contrast_row *a, const struct pqm_contrast_row *b)
{
	return pqm_eq(a->what, b->what) && pqm_eq(a->role, b->role);
}

void pqm_contrast_add(struct pqm_contrast_rows *rows, const struct pqm_contrast_row *row)
{
	struct pqm_contrast_row *grown = pqm_grow(rows->arena, rows->row, rows->n, &rows->cap);

	if (grown == NULL) {
		rows->failed = true;
		return;
	}
	rows->row = grown;
	rows->row[rows->n++] = *row;
}

/* "a, b and 3 more" of the rows [from, to), which are of one target. */
static pqm_bytes join(
	struct pqm_arena *a, const struct pqm_contrast_row *row, size_t from, size_t to)
{
	pqm_bytes out = { NULL, 0 };
	size_t n = 0;

	for (size_t i = from; i < to; i++) {
		if (i > from && pqm_eq(row[i].words, row[i - 1].words))
			continue;
		if (++n <= WORDS_MAX)
			out = pqm_arena_f(a, "%.*s%s%.*s", PQM_FMT(out), n > 1 ? ", " : "",
				PQM_FMT(row[i].words));
	}
	if (n > WORDS_MAX)
		out = pqm_arena_f(a, "%.*s and %zu more", PQM_FMT(out), n - WORDS_MAX);
	return out;
}

/* The sides of one role; 0 when fewer than two targets tell of it or all tell the same. */
static size_t sides(struct pqm_arena *a, const struct pqm_contrast_row *row, size_t n,
	struct pqm_contrast_side *out)
{
	size_t n_out = 0;
	bool differ = false;

	for (size_t i = 0; i < n;) {
		size_t from = i;

		while (i < n && row[i].target == row[from].target)
			i++;
		out[n_out] = (struct pqm_contrast_side){ row[from].target, join(a, row, from, i) };
		differ = differ || !pqm_eq(out[n_out].words, out[0].words);
		n_out++;
	}
	return differ ? n_out : 0;
}

enum pqm_st pqm_contrasts(
	struct pqm_practices *p, struct pqm_contrast_rows *rows, struct pqm_err *err)
{
	size_t cap = 0;

	if (rows->failed)
		return pqm_fail(err, PQM_ENOMEM, "practices: out of memory");
	if (rows->n > 1)
		qsort(rows->row, rows->n, sizeof(*rows->row), by_row);
	for (size_t i = 0; i < rows->n;) {
		const struct pqm_contrast_row *first = &rows->row[i];
		struct pqm_contrast c = { .role = first->role, .what = first->what };
		size_t n = 1, n_targets = 1;

		while (i + n < rows->n && same_role(first, &rows->row[i + n])) {
			n_targets += rows->row[i + n].target != rows->row[i + n - 1].target;
			n++;
		}
		i += n;
		if (n_targets < 2)
			continue;
		c.sides = pqm_new(&p->arena, struct pqm_contrast_side, n_targets);
		if (c.sides != NULL)
			c.n_sides = sides(&p->arena, first, n, c.sides);
		struct pqm_contrast *grown =
			pqm_grow(&p->arena, p->contrasts, p->n_contrasts, &cap);

		if (grown == NULL || c.sides == NULL)
			return pqm_fail(err, PQM_ENOMEM, "practices: out of memory");
		p->contrasts = grown;
		if (c.n_sides > 0)
			p->contrasts[p->n_contrasts++] = c;
	}
	return PQM_OK;
}
