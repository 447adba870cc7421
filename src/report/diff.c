/* diff.c — which findings came, went and changed between two sides, and what made them. */
#include "report/diff.h"

#include <math.h>

#include "base/limits.h"
#include "base/num.h"

const char *pqm_diff_cause_name(enum pqm_diff_cause c)
{
	static const char *const names[] = { "estate", "reading", "rules", "unclear" };

	return names[c];
}

/* One of the two sides, as seen from a finding of the other. */
struct facing {
	const struct pqm_diff_side *from, *to;
	uint32_t *target;     /* of from -> of to; UINT32_MAX: was not scanned there */
	struct pqm_map notes; /* "target\0path" -> struct pqm_diff_note, of to */
};

struct work {
	struct pqm_diff *d;
	struct facing back, forth; /* new -> old, old -> new */
	size_t cap_appeared, cap_gone, cap_changed;
	struct pqm_buf key;
	struct pqm_err *err;
};

static enum pqm_st no_memory(struct work *w)
{
	return pqm_fail(w->err, PQM_ENOMEM, "the differences do not fit in memory");
}

/* Targets are the same by name. One that is left over on each side, of one kind, is the same thing in another
 * folder. */
static bool pair_targets(struct facing *f, struct pqm_arena *a)
{
	const struct pqm_diff_side *from = f->from, *to = f->to;
	bool *is_taken = pqm_new(a, bool, to->n_targets);
	size_t n_left = 0, n_free = 0, left = 0, spare = 0;
	struct pqm_map by_name = { 0 };
	bool ok = is_taken != NULL;

	f->target = pqm_new(a, uint32_t, from->n_targets);
	ok = ok && f->target != NULL;
	for (size_t k = to->n_targets; ok && k > 0; k--)
		ok = to->targets[k - 1].name.n == 0 ||
			pqm_map_put(&by_name, to->targets[k - 1].name, &to->targets[k - 1]);
	for (size_t i = 0; ok && i < from->n_targets; i++) {
		const struct pqm_diff_target *t = pqm_map_get(&by_name, from->targets[i].name);

		f->target[i] = t == NULL ? UINT32_MAX : (uint32_t)(t - to->targets);
		if (t != NULL)
			is_taken[t - to->targets] = true;
		n_left += t == NULL;
		left = t == NULL ? i : left;
	}
	pqm_map_fini(&by_name);
	for (size_t k = 0; ok && k < to->n_targets; k++) {
		n_free += !is_taken[k];
		spare = is_taken[k] ? spare : k;
	}
	if (ok && n_left == 1 && n_free == 1 &&
		pqm_eq(from->targets[left].kind, to->targets[spare].kind))
		f->target[left] = (uint32_t)spare;
	return ok;
}

static pqm_bytes note_key(struct pqm_buf *b, uint32_t target, pqm_bytes path)
{
	b->n = 0;
	(void)pqm_buf_f(b, "%u/", target);
	(void)pqm_buf_add(b, path);
	return pqm_buf_bytes(b);
}

static bool face(struct facing *f, const struct pqm_diff_side *from, const struct pqm_diff_side *to,
	struct work *w)
{
	f->from = from;
	f->to = to;
	if (!pair_targets(f, &w->d->arena))
		return false;
	for (size_t i = 0; i < to->n_notes; i++) {
		pqm_bytes key = pqm_bytes_dup(
			&w->d->arena, note_key(&w->key, to->notes[i].target, to->notes[i].path));

		if (key.p == NULL || !pqm_map_put(&f->notes, key, &to->notes[i]))
			return false;
	}
	return true;
}

/* A note on the path or on what it is in: a folder, an archive, a document. */
static const struct pqm_diff_note *note_at(
	struct work *w, const struct facing *f, uint32_t target, pqm_bytes path)
{
	const struct pqm_diff_note *n =
		pqm_map_get(&f->notes, note_key(&w->key, target, (pqm_bytes){ NULL, 0 }));

	for (size_t i = 1; n == NULL && i <= path.n; i++) {
		pqm_bytes up = pqm_sub(path, 0, i);

		if (i == path.n || path.p[i] == '/' ||
			pqm_starts(pqm_sub(path, i, path.n), PQM_LIT(" \u203a ")))
			n = pqm_map_get(&f->notes, note_key(&w->key, target, up));
	}
	return n;
}

/* Why the other side could not see what is at p; empty: it looked there. */
static pqm_bytes unread(struct work *w, const struct facing *f, const struct pqm_diff_place *p)
{
	struct pqm_arena *a = &w->d->arena;
	uint32_t t = f->target[p->target];
	const struct pqm_diff_note *n;

	if (t == UINT32_MAX)
		return pqm_arena_f(
			a, "%.*s was not scanned", PQM_FMT(f->from->targets[p->target].name));
	if (f->to->targets[t].failed)
		return pqm_arena_f(a, "%.*s gave nothing", PQM_FMT(f->to->targets[t].name));
	n = note_at(w, f, t, p->path);
	if (n == NULL)
		return (pqm_bytes){ NULL, 0 };
	return n->path.n == 0
		? pqm_arena_f(a, "%.*s: %.*s", PQM_FMT(f->to->targets[t].name), PQM_FMT(n->reason))
		: pqm_arena_f(a, "%.*s: %.*s", PQM_FMT(n->path), PQM_FMT(n->reason));
}

/* A finding that only one side has. */
static enum pqm_st lone(struct work *w, const struct pqm_diff_finding *f, bool is_new)
{
	struct pqm_diff *d = w->d;
	const struct facing *facing = is_new ? &w->back : &w->forth;
	struct pqm_diff_row row = { 0 };
	size_t n_unread = 0;

	for (size_t i = 0; i < f->n_places && (n_unread == 0 || is_new); i++) {
		pqm_bytes why = unread(w, facing, &f->places[i]);

		n_unread += why.n > 0;
		if (row.why.n == 0)
			row.why = why;
		if (is_new && why.n == 0)
			break;
	}
	/* It is new as soon as one place was read before; it is gone when all were read now. */
	row.cause = n_unread > 0 && (!is_new || n_unread == f->n_places) ? PQM_DIFF_READING
		: d->is_other_rules					 ? PQM_DIFF_UNCLEAR
									 : PQM_DIFF_ESTATE;
	if (row.cause != PQM_DIFF_READING)
		row.why = (pqm_bytes){ NULL, 0 };
	if (is_new) {
		row.is = f;
		d->appeared = pqm_grow(&d->arena, d->appeared, d->n_appeared, &w->cap_appeared);
		if (d->appeared != NULL)
			d->appeared[d->n_appeared++] = row;
		return d->appeared == NULL ? no_memory(w) : PQM_OK;
	}
	row.was = f;
	d->gone = pqm_grow(&d->arena, d->gone, d->n_gone, &w->cap_gone);
	if (d->gone != NULL)
		d->gone[d->n_gone++] = row;
	return d->gone == NULL ? no_memory(w) : PQM_OK;
}

static void field(struct pqm_diff_row *row, const char *name, pqm_bytes from, pqm_bytes to)
{
	if (!pqm_eq(from, to) && row->n_fields < PQM_DIFF_FIELDS)
		row->fields[row->n_fields++] = (struct pqm_diff_field){ name, from, to };
}

static pqm_bytes grade(struct pqm_arena *a, const struct pqm_diff_finding *f)
{
	return pqm_arena_f(a, "%s%s", pqm_evidence_name(f->evidence), pqm_basis_suffix(f->basis));
}

static pqm_bytes size_of(struct pqm_arena *a, const struct pqm_diff_finding *f)
{
	return f->bits == 0 ? (pqm_bytes){ NULL, 0 } : pqm_arena_f(a, "%u", f->bits);
}

static void fields(struct pqm_diff_row *row, struct pqm_arena *a,
	const struct pqm_diff_finding *was, const struct pqm_diff_finding *is)
{
	field(row, "rule", was->rule, is->rule);
	field(row, "meaning", pqm_str(pqm_meaning_name(was->meaning)),
		pqm_str(pqm_meaning_name(is->meaning)));
	field(row, "function", pqm_str(pqm_function_name(was->function)),
		pqm_str(pqm_function_name(is->function)));
	field(row, "family", was->family, is->family);
	field(row, "algorithm", was->algorithm, is->algorithm);
	field(row, "parameter", was->parameter, is->parameter);
	if (was->bits != is->bits)
		field(row, "bits", size_of(a, was), size_of(a, is));
	field(row, "quantum", pqm_str(pqm_quantum_name(was->quantum)),
		pqm_str(pqm_quantum_name(is->quantum)));
	field(row, "classical", pqm_str(pqm_classical_name(was->classical)),
		pqm_str(pqm_classical_name(is->classical)));
	if (was->evidence != is->evidence || was->basis != is->basis)
		field(row, "evidence", grade(a, was), grade(a, is));
}

/* Lines do not count: they move with every edit above them. */
static int same_place(
	const struct facing *f, const struct pqm_diff_place *was, const struct pqm_diff_place *is)
{
	uint32_t t = f->target[was->target];
	int c = (t > is->target) - (t < is->target);

	if (c == 0)
		c = pqm_cmp(was->path, is->path);
	return c != 0 ? c : pqm_cmp(was->object, is->object);
}

struct mapped_place {
	uint32_t target;
	const struct pqm_diff_place *place;
};

static int mapped_order(const void *a, const void *b)
{
	const struct mapped_place *x = a, *y = b;
	int c = (x->target > y->target) - (x->target < y->target);

	if (c == 0)
		c = pqm_cmp(x->place->path, y->place->path);
	if (c == 0)
		c = pqm_cmp(x->place->object, y->place->object);
	return c != 0 ? c : (x->place->line > y->place->line) - (x->place->line < y->place->line);
}

/* Places by their targets' numbers on the other side, as those of `to` are sorted. */
static const struct mapped_place *map_places(
	const struct facing *f, const struct pqm_diff_finding *was, struct pqm_arena *a)
{
	struct mapped_place *all = pqm_new(a, struct mapped_place, was->n_places);

	for (size_t i = 0; all != NULL && i < was->n_places; i++)
		all[i] = (struct mapped_place){ f->target[was->places[i].target], &was->places[i] };
	if (all != NULL && was->n_places > 1)
		qsort(all, was->n_places, sizeof(*all), mapped_order);
	return all;
}

/* What is set at a place that both sides have; of several the first that differs. */
static void compare_values(
	struct pqm_diff_row *row, const struct pqm_diff_place *was, const struct pqm_diff_place *is)
{
	for (size_t i = 0; i < row->n_fields; i++)
		if (strcmp(row->fields[i].name, "value") == 0 ||
			strcmp(row->fields[i].name, "fallback") == 0)
			return;
	field(row, "value", was->value, is->value);
	field(row, "fallback", was->fallback, is->fallback);
}

/* How many places are on one side only; of those that are gone, how many were not read. */
static bool compare_places(struct work *w, struct pqm_diff_row *row)
{
	const struct pqm_diff_finding *was = row->was, *is = row->is;
	struct pqm_arena scratch;
	const struct mapped_place *old;
	size_t i = 0, k = 0;

	pqm_arena_init(&scratch, PQM_RUN_ARENA_BYTES);
	old = map_places(&w->forth, was, &scratch);
	while (old != NULL && (i < was->n_places || k < is->n_places)) {
		int c = i == was->n_places  ? 1
			: k == is->n_places ? -1
					    : same_place(&w->forth, old[i].place, &is->places[k]);

		if (c < 0) {
			pqm_bytes why = unread(w, &w->forth, old[i].place);

			row->n_places_gone++;
			row->n_places_unread += why.n > 0;
			if (row->why.n == 0)
				row->why = why;
		}
		if (c == 0)
			compare_values(row, old[i].place, &is->places[k]);
		row->n_places_new += c > 0;
		i += c <= 0;
		k += c >= 0;
	}
	/* One thing that moved to another file can be set otherwise there. */
	if (was->n_places == 1 && is->n_places == 1 && row->n_places_new == 1)
		compare_values(row, &was->places[0], &is->places[0]);
	pqm_arena_fini(&scratch);
	return old != NULL;
}

/* A finding that both sides have. */
static enum pqm_st both(
	struct work *w, const struct pqm_diff_finding *was, const struct pqm_diff_finding *is)
{
	struct pqm_diff *d = w->d;
	struct pqm_diff_row row = { .was = was, .is = is, .cause = PQM_DIFF_ESTATE };

	fields(&row, &d->arena, was, is);
	if (!compare_places(w, &row))
		return no_memory(w);
	/* The same thing, elsewhere: a file was moved. */
	if (row.n_fields == 0 && row.n_places_gone == row.n_places_new &&
		row.n_places_unread == 0) {
		d->n_same++;
		d->n_moved += row.n_places_new > 0;
		return PQM_OK;
	}
	if (row.n_fields > 0)
		row.cause = !pqm_eq(was->rule, is->rule) ? PQM_DIFF_RULES
			: d->is_other_rules		 ? PQM_DIFF_UNCLEAR
							 : PQM_DIFF_ESTATE;
	else if (row.n_places_unread == row.n_places_gone && row.n_places_new == 0)
		row.cause = PQM_DIFF_READING;
	d->changed = pqm_grow(&d->arena, d->changed, d->n_changed, &w->cap_changed);
	if (d->changed == NULL)
		return no_memory(w);
	d->changed[d->n_changed++] = row;
	return PQM_OK;
}

static enum pqm_st merge(struct work *w)
{
	const struct pqm_diff_side *old = w->d->old, *new = w->d->new;
	enum pqm_st st = PQM_OK;
	size_t i = 0, k = 0;

	while (st == PQM_OK && (i < old->n_findings || k < new->n_findings)) {
		int c = i == old->n_findings ? 1
			: k == new->n_findings
			? -1
			: memcmp(old->findings[i].key, new->findings[k].key, PQM_ID_BYTES);

		if (c == 0)
			st = both(w, &old->findings[i], &new->findings[k]);
		else
			st = c < 0 ? lone(w, &old->findings[i], false)
				   : lone(w, &new->findings[k], true);
		i += c <= 0;
		k += c >= 0;
	}
	return st;
}

/* What other rules made of one place: one finding went, one came, there and of the same thing. */
static bool says_otherwise(
	struct work *w, const struct pqm_diff_row *gone, const struct pqm_diff_row *appeared)
{
	const struct pqm_diff_finding *was = gone->was, *is = appeared->is;

	return was->n_places > 0 && is->n_places > 0 && pqm_eq(was->identity, is->identity) &&
		same_place(&w->forth, &was->places[0], &is->places[0]) == 0;
}

/* With other rules: pairs go from the lists of what came and went to that of what changed. */
static enum pqm_st pair_by_rules(struct work *w)
{
	struct pqm_diff *d = w->d;
	struct pqm_map by_identity = { 0 };
	bool ok = true;
	size_t n = 0;

	for (size_t i = d->n_appeared; ok && i > 0; i--)
		if (d->appeared[i - 1].is->identity.n > 0)
			ok = pqm_map_put(
				&by_identity, d->appeared[i - 1].is->identity, &d->appeared[i - 1]);
	for (size_t i = 0; ok && i < d->n_gone; i++) {
		struct pqm_diff_row *gone = &d->gone[i],
				    *row = gone->was->identity.n == 0
			? NULL
			: pqm_map_get(&by_identity, gone->was->identity);

		if (row == NULL || row->is == NULL || !says_otherwise(w, gone, row)) {
			d->gone[n++] = *gone;
			continue;
		}
		struct pqm_diff_row pair = {
			.was = gone->was, .is = row->is, .cause = PQM_DIFF_RULES
		};

		fields(&pair, &d->arena, pair.was, pair.is);
		row->is = NULL;
		d->changed = pqm_grow(&d->arena, d->changed, d->n_changed, &w->cap_changed);
		ok = d->changed != NULL;
		if (ok)
			d->changed[d->n_changed++] = pair;
	}
	pqm_map_fini(&by_identity);
	if (!ok)
		return no_memory(w);
	d->n_gone = n;
	n = 0;
	for (size_t i = 0; i < d->n_appeared; i++)
		if (d->appeared[i].is != NULL)
			d->appeared[n++] = d->appeared[i];
	d->n_appeared = n;
	return PQM_OK;
}

/* ---- the same title twice ---- */

/* What a reader sees of a finding: two that agree in it, one gone and one new, are one thing that changed. */
static int title_order(const struct facing *f, const struct pqm_diff_finding *was,
	const struct pqm_diff_finding *is)
{
	int c = (int)was->quantum - (int)is->quantum;

	if (c == 0)
		c = (int)was->meaning - (int)is->meaning;
	if (c == 0)
		c = (int)was->is_folded - (int)is->is_folded;
	if (c == 0)
		c = pqm_cmp(was->family, is->family);
	if (c == 0)
		c = pqm_cmp(was->parameter, is->parameter);
	if (c != 0)
		return c;
	if (f != NULL)
		return same_place(f, &was->places[0], &is->places[0]);
	c = pqm_cmp(was->places[0].path, is->places[0].path);
	return c != 0 ? c : pqm_cmp(was->places[0].object, is->places[0].object);
}

struct titled {
	const struct pqm_diff_finding *f;
	uint32_t target; /* of the new side; UINT32_MAX: none */
	size_t at;	 /* in its list */
};

static int titled_order(const void *a, const void *b)
{
	const struct titled *x = a, *y = b;
	int c = (x->target > y->target) - (x->target < y->target);

	if (c == 0)
		c = title_order(NULL, x->f, y->f);
	if (c == 0)
		c = (x->f->places[0].line > y->f->places[0].line) -
			(x->f->places[0].line < y->f->places[0].line);
	return c != 0 ? c : memcmp(x->f->id, y->f->id, PQM_ID_BYTES);
}

/* Those of a list that the other run looked for, by title. */
static struct titled *by_title(
	struct work *w, const struct pqm_diff_row *rows, size_t n, size_t *n_out)
{
	struct titled *all = pqm_new(&w->d->arena, struct titled, n);

	*n_out = 0;
	for (size_t i = 0; all != NULL && i < n; i++) {
		const struct pqm_diff_finding *f = rows[i].is != NULL ? rows[i].is : rows[i].was;
		uint32_t target;

		if (rows[i].cause == PQM_DIFF_READING || f->n_places == 0)
			continue;
		target = f->places[0].target;
		all[(*n_out)++] = (struct titled){ f,
			rows[i].is != NULL ? target : w->forth.target[target], i };
	}
	if (all != NULL && *n_out > 1)
		qsort(all, *n_out, sizeof(*all), titled_order);
	return all;
}

static enum pqm_st push_pair(struct work *w, struct pqm_diff_row *gone, struct pqm_diff_row *new)
{
	struct pqm_diff *d = w->d;
	struct pqm_diff_row pair = { .was = gone->was, .is = new->is, .cause = gone->cause };

	fields(&pair, &d->arena, pair.was, pair.is);
	if (!compare_places(w, &pair))
		return no_memory(w);
	field(&pair, "identity", pair.was->identity, pair.is->identity);
	gone->was = new->is = NULL;
	d->changed = pqm_grow(&d->arena, d->changed, d->n_changed, &w->cap_changed);
	if (d->changed == NULL)
		return no_memory(w);
	d->changed[d->n_changed++] = pair;
	return PQM_OK;
}

/* Takes out what was paired. */
static size_t squeeze(struct pqm_diff_row *rows, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (rows[i].was != NULL || rows[i].is != NULL)
			rows[kept++] = rows[i];
	return kept;
}

static enum pqm_st pair_by_title(struct work *w)
{
	struct pqm_diff *d = w->d;
	enum pqm_st st = PQM_OK;
	size_t n_old, n_new, i = 0, k = 0;
	const struct titled *old = by_title(w, d->gone, d->n_gone, &n_old),
			    *new = by_title(w, d->appeared, d->n_appeared, &n_new);

	if (old == NULL || new == NULL)
		return no_memory(w);
	while (st == PQM_OK && i < n_old && k < n_new) {
		int c = (old[i].target > new[k].target) - (old[i].target < new[k].target);

		if (c == 0)
			c = title_order(&w->forth, old[i].f, new[k].f);
		if (c == 0)
			st = push_pair(w, &d->gone[old[i].at], &d->appeared[new[k].at]);
		i += c <= 0;
		k += c >= 0;
	}
	d->n_gone = squeeze(d->gone, d->n_gone);
	d->n_appeared = squeeze(d->appeared, d->n_appeared);
	return st;
}

/* Of the row, the finding that speaks for it. */
static const struct pqm_diff_finding *speaker(const struct pqm_diff_row *r)
{
	return r->is != NULL ? r->is : r->was;
}

/* Broken before unknown, hybrid and safe; then what it means, the rule, the place, the id. */
static int row_order(const void *a, const void *b)
{
	static const int rank[PQM_DIFF_QUANTA] = {
		[PQM_Q_BROKEN] = 0, [PQM_Q_UNKNOWN] = 1, [PQM_Q_HYBRID] = 2, [PQM_Q_SAFE] = 3
	};
	const struct pqm_diff_row *p = a, *q = b;
	const struct pqm_diff_finding *x = speaker(p), *y = speaker(q);
	int c = (p->cause == PQM_DIFF_READING) - (q->cause == PQM_DIFF_READING);

	if (c == 0)
		c = x->is_folded - y->is_folded;
	if (c == 0)
		c = rank[x->quantum] - rank[y->quantum];
	if (c == 0)
		c = (int)x->meaning - (int)y->meaning;
	if (c == 0)
		c = pqm_cmp(x->rule, y->rule);
	if (c == 0 && x->n_places > 0 && y->n_places > 0)
		c = pqm_cmp(x->places[0].path, y->places[0].path);
	return c != 0 ? c : memcmp(x->id, y->id, sizeof(x->id));
}

static void sort_rows(struct pqm_diff_row *rows, size_t n)
{
	if (n > 1)
		qsort(rows, n, sizeof(*rows), row_order);
}

enum pqm_st pqm_diff_findings(struct pqm_diff *d, struct pqm_err *err)
{
	struct work w = { .d = d, .err = err };
	enum pqm_st st = PQM_OK;

	pqm_buf_init(&w.key, PQM_DIFF_ITEM_BYTES);
	if (!face(&w.forth, d->old, d->new, &w) || !face(&w.back, d->new, d->old, &w))
		st = no_memory(&w);
	for (size_t i = 0; st == PQM_OK && i < d->old->n_targets; i++) {
		uint32_t t = w.forth.target[i];

		if (t != UINT32_MAX && (!d->new->targets[t].failed || d->old->targets[i].failed))
			continue;
		if (d->n_targets_lost++ == 0)
			d->target_lost = d->old->targets[i].name;
	}
	if (st == PQM_OK)
		st = merge(&w);
	if (st == PQM_OK && d->is_other_rules)
		st = pair_by_rules(&w);
	if (st == PQM_OK)
		st = pair_by_title(&w);
	pqm_map_fini(&w.forth.notes);
	pqm_map_fini(&w.back.notes);
	pqm_buf_fini(&w.key);
	sort_rows(d->appeared, d->n_appeared);
	sort_rows(d->gone, d->n_gone);
	sort_rows(d->changed, d->n_changed);
	for (size_t i = 0; i < d->n_gone; i++)
		d->n_unread += d->gone[i].cause == PQM_DIFF_READING;
	d->n_fixed = d->n_gone - d->n_unread;
	for (size_t i = 0; i < d->n_appeared; i++)
		d->n_read_first += d->appeared[i].cause == PQM_DIFF_READING;
	return st;
}

static void setting(struct pqm_diff *d, const char *name, pqm_bytes from, pqm_bytes to)
{
	if (!pqm_eq(from, to))
		d->settings[d->n_settings++] = (struct pqm_diff_text_field){ name, from, to };
}

static pqm_bytes date(struct pqm_arena *a, int64_t days)
{
	char text[16];

	pqm_date_format(text, days);
	return pqm_bytes_dup(a, pqm_str(text));
}

/* As printed in JSON: to the hundredth. */
static bool other_money(const struct pqm_money *a, const struct pqm_money *b)
{
	return fabs(a->expected - b->expected) >= 0.005 || fabs(a->sunk - b->sunk) >= 0.005 ||
		fabs(a->avoidable - b->avoidable) >= 0.005 ||
		fabs(a->quarter - b->quarter) >= 0.005;
}

enum pqm_st pqm_diff_build(struct pqm_diff *d, const struct pqm_diff_side *old,
	const struct pqm_diff_side *new, const struct pqm_risk_params *params, struct pqm_err *err)
{
	enum pqm_st st;

	*d = (struct pqm_diff){ .old = old, .new = new };
	pqm_arena_init(&d->arena, PQM_RUN_ARENA_BYTES);
	d->is_other_rules = !pqm_eq(old->rules, new->rules) || !pqm_eq(old->tool, new->tool);
	setting(d, "now", date(&d->arena, old->now_days), date(&d->arena, new->now_days));
	setting(d, "tool", old->tool, new->tool);
	setting(d, "rules", old->rules, new->rules);
	setting(d, "curve", old->curve, new->curve);
	setting(d, "regimes", old->regimes, new->regimes);
	setting(d, "currency", old->currency, new->currency);
	st = pqm_diff_findings(d, err);
	if (st == PQM_OK)
		st = pqm_diff_risk(d, params, err);
	d->is_other_money = old->has_money &&
		new->has_money &&pqm_eq(old->currency, new->currency) &&
		other_money(&old->total, &new->total);
	d->is_same = d->n_appeared + d->n_gone + d->n_changed + d->n_assets + d->n_tasks_gone +
				d->n_tasks_new + d->n_deadlines + d->n_settings +
				d->n_tasks_changed + d->n_assets_slight ==
			0 &&
		!d->is_other_money && old->has_money == new->has_money;
	return st;
}

void pqm_diff_fini(struct pqm_diff *d)
{
	pqm_arena_fini(&d->arena);
	*d = (struct pqm_diff){ 0 };
}
