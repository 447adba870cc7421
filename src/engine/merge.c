/* merge.c — from what the workers kept to a sorted, grouped inventory. */
#include "base/limits.h"
#include "base/num.h"
#include "engine.h"
#include "graph/link.h"

struct row { /* one sighting at one place */
	const struct pqm_finding *f;
	const struct pqm_place *place; /* NULL: of no file alone */
	struct pqm_occurrence o;
	const struct pqm_revision *of; /* the first that held it; NULL: no history was read */
};

/* In the history only. */
static bool is_gone(const struct pqm_place *p)
{
	return p->of != NULL && p->of->is_gone;
}

static int cmp_u64(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int cmp_occ(const struct pqm_occurrence *a, const struct pqm_occurrence *b)
{
	int c = cmp_u64(a->target, b->target);

	if (c == 0)
		c = pqm_cmp(a->path, b->path);
	if (c == 0)
		c = cmp_u64(a->line, b->line);
	if (c == 0)
		c = cmp_u64(a->col, b->col);
	if (c == 0)
		c = cmp_u64(a->off, b->off);
	if (c == 0)
		c = pqm_cmp(a->object, b->object);
	for (size_t i = 0; c == 0 && i < a->n_attrs && i < b->n_attrs; i++) {
		c = pqm_cmp(a->attrs[i].key, b->attrs[i].key);
		if (c == 0)
			c = pqm_cmp(a->attrs[i].value, b->attrs[i].value);
	}
	return c != 0 ? c : cmp_u64(a->n_attrs, b->n_attrs);
}

/* The older first. */
static int cmp_revision(const struct pqm_revision *a, const struct pqm_revision *b)
{
	if (a == NULL || b == NULL)
		return (a != NULL) - (b != NULL);
	return a->order == b->order ? 0 : a->order < b->order ? -1 : 1;
}

static int by_id_and_place(const void *x, const void *y)
{
	const struct row *a = x, *b = y;
	int c = memcmp(a->f->id, b->f->id, PQM_ID_BYTES);

	if (c == 0)
		c = cmp_occ(&a->o, &b->o);
	/* Same thing at the same place by two readings: the texts decide which one speaks. */
	if (c == 0)
		c = pqm_cmp(a->f->why, b->f->why);
	if (c == 0)
		c = pqm_cmp(a->f->algorithm, b->f->algorithm);
	return c != 0 ? c : cmp_revision(a->of, b->of);
}

static pqm_bytes full_path(
	struct pqm_inventory *inv, struct pqm_map *paths, pqm_bytes path, pqm_bytes suffix)
{
	pqm_bytes whole = path;
	pqm_bytes *old;

	if (suffix.n > 0)
		whole = pqm_arena_f(&inv->arena, "%.*s%.*s", PQM_FMT(path), PQM_FMT(suffix));
	old = pqm_map_get(paths, whole);
	if (old != NULL)
		return *old;
	pqm_bytes *copy = pqm_new(&inv->arena, pqm_bytes, 1);

	if (copy == NULL)
		return (pqm_bytes){ NULL, 0 };
	*copy = suffix.n > 0 ? whole : pqm_bytes_dup(&inv->arena, whole);
	if (copy->p == NULL || !pqm_map_put(paths, *copy, copy))
		return (pqm_bytes){ NULL, 0 };
	return *copy;
}

/* Names that waited for a file scanned under another name become places of its content. */
static void settle_inodes(struct pqm_run *run)
{
	for (struct pqm_inode *i = run->inodes; i != NULL; i = i->next) {
		while (i->content != NULL && i->waiting != NULL) {
			struct pqm_place *p = i->waiting;

			i->waiting = p->next;
			p->next = i->content->places;
			i->content->places = p;
		}
	}
}

/* Objects of a file that was built from others, or that no container sees, are none. */
static bool has_objects(const struct pqm_place *p)
{
	return !p->is_used && p->hidden_by == 0 && !is_gone(p);
}

/* What an upper layer hides is not run and sets nothing; keys and certificates can still be taken out. */
static bool counts(
	const struct pqm_rules *r, const struct pqm_place *p, const struct pqm_sighting *s)
{
	/* Of earlier revisions only what was lost with them: keys, and ciphertext that was harvested. */
	if (is_gone(p)) {
		const struct pqm_rule *rule = pqm_rules_get(r, s->f.rule);

		return rule != NULL && pqm_yaml_get(rule->node, "history") != NULL;
	}
	if (p->is_used && s->at.object.n > 0)
		return false;
	return p->hidden_by == 0 || s->f.meaning == PQM_KEY || s->f.meaning == PQM_CERT;
}

struct totals {
	size_t rows, notes, things;
};

struct all_rows {
	struct row *row;
	size_t n, n_things;
	const struct pqm_place **place_of; /* by object; NULL: none is of the linking stage */
};

static struct totals count(const struct pqm_run *run)
{
	struct totals t = { 0, 0, 0 };

	for (const struct pqm_content *c = run->contents; c != NULL; c = c->next)
		for (const struct pqm_place *p = c->places; p != NULL; p = p->next) {
			for (const struct pqm_sighting *s = c->sightings; s != NULL; s = s->next)
				t.rows++;
			for (const struct pqm_mark *m = c->marks; m != NULL; m = m->next)
				t.notes++;
			for (const struct pqm_thing *o = !has_objects(p) ? NULL : c->things;
				o != NULL; o = o->next)
				t.things++;
		}
	for (const struct pqm_skip_note *s = run->skips; s != NULL; s = s->next)
		t.notes++;
	return t;
}

static void copy_finding(struct pqm_inventory *inv, struct pqm_map *texts, struct pqm_finding *out,
	const struct pqm_finding *f)
{
	const pqm_bytes none = { NULL, 0 };
	pqm_bytes *field[] = { &out->rule, &out->identity, &out->family, &out->algorithm,
		&out->parameter, &out->why, &out->fix };

	*out = *f;
	for (size_t i = 0; i < sizeof(field) / sizeof(field[0]); i++)
		*field[i] = full_path(inv, texts, *field[i], none);
}

#define REVISION_ATTRS 5

/* Which commit brought it, when, by whom, and whether it is still there. */
static size_t revision_attrs(struct pqm_inventory *inv, struct pqm_map *texts,
	struct pqm_arena *scratch, const struct row *row, struct pqm_attr out[REVISION_ATTRS])
{
	const pqm_bytes none = { NULL, 0 };
	const struct pqm_revision *of = row->of;
	char day[16], written[16];

	pqm_date_format(day, of->at_s / 86400);
	pqm_date_format(written, of->authored_s / 86400);
	const struct pqm_attr all[REVISION_ATTRS] = {
		{ PQM_LIT("commit"), pqm_str(of->commit) },
		{ PQM_LIT("committed"), pqm_arena_f(scratch, "%s", day) },
		{ PQM_LIT("authored"), pqm_arena_f(scratch, "%s", written) },
		{ PQM_LIT("author"), of->author },
		{ PQM_LIT("deleted"),
			row->place != NULL && is_gone(row->place)
				? PQM_LIT("yes; the history still holds it")
				: none },
	};
	size_t n = 0;

	for (size_t i = 0; i < REVISION_ATTRS; i++)
		if (all[i].value.n > 0)
			out[n++] = (struct pqm_attr){ full_path(inv, texts, all[i].key, none),
				full_path(inv, texts, all[i].value, none) };
	return n;
}

static bool copy_occ(struct pqm_inventory *inv, struct pqm_map *texts, struct pqm_arena *scratch,
	struct pqm_occurrence *out, const struct row *row)
{
	const pqm_bytes none = { NULL, 0 };
	const struct pqm_occurrence *o = &row->o;
	struct pqm_attr of_layer[PQM_FROM_ATTRS];
	size_t n_of_layer = row->place == NULL || row->place->from == NULL
		? 0
		: pqm_from_attrs(row->place->from, row->place->hidden_by, scratch, of_layer);
	struct pqm_attr *attrs =
		pqm_new(&inv->arena, struct pqm_attr, o->n_attrs + n_of_layer + REVISION_ATTRS + 1);

	if (attrs == NULL)
		return false;
	*out = *o;
	out->object = full_path(inv, texts, o->object, none);
	for (size_t i = 0; i < o->n_attrs; i++) {
		attrs[i].key = full_path(inv, texts, o->attrs[i].key, none);
		attrs[i].value = full_path(inv, texts, o->attrs[i].value, none);
	}
	for (size_t i = 0; i < n_of_layer; i++) {
		attrs[out->n_attrs].key = full_path(inv, texts, of_layer[i].key, none);
		attrs[out->n_attrs++].value = full_path(inv, texts, of_layer[i].value, none);
	}
	if (row->of != NULL)
		out->n_attrs += revision_attrs(inv, texts, scratch, row, &attrs[out->n_attrs]);
	out->attrs = attrs;
	return true;
}

/* Groups sorted rows by id; the same thing found twice at one place counts once. */
static bool group(struct pqm_inventory *inv, struct pqm_map *texts, struct pqm_arena *scratch,
	const struct row *row, size_t n)
{
	size_t n_ids = 0;

	for (size_t i = 0; i < n; i++)
		n_ids += i == 0 || memcmp(row[i].f->id, row[i - 1].f->id, PQM_ID_BYTES) != 0;
	inv->findings = pqm_new(&inv->arena, struct pqm_finding, n_ids + 1);
	struct pqm_occurrence *occs = pqm_new(&inv->arena, struct pqm_occurrence, n + 1);

	if (inv->findings == NULL || occs == NULL)
		return false;
	for (size_t i = 0; i < n;) {
		struct pqm_finding *f = &inv->findings[inv->n_findings++];

		copy_finding(inv, texts, f, row[i].f);
		f->occs = occs;
		f->n_occs = 0;
		size_t first = i;

		for (; i < n && memcmp(row[i].f->id, row[first].f->id, PQM_ID_BYTES) == 0; i++) {
			if (f->n_occs > 0 && cmp_occ(&row[i].o, &row[i - 1].o) == 0)
				continue;
			if (!copy_occ(inv, texts, scratch, &f->occs[f->n_occs], &row[i]))
				return false;
			f->n_occs++;
		}
		occs += f->n_occs;
	}
	return true;
}

static int by_note(const void *x, const void *y)
{
	const struct pqm_note *a = x, *b = y;
	int c = cmp_u64(a->target, b->target);

	if (c == 0)
		c = pqm_cmp(a->path, b->path);
	if (c == 0)
		c = cmp_u64(a->off, b->off);
	if (c == 0)
		c = pqm_cmp(a->reason, b->reason);
	return c != 0 ? c : pqm_cmp(a->words, b->words);
}

static bool take_notes(
	struct pqm_inventory *inv, struct pqm_map *texts, const struct pqm_run *run, size_t n)
{
	struct pqm_note *out = pqm_new(&inv->arena, struct pqm_note, n + 1);
	struct pqm_coverage *cov = &inv->coverage;
	const pqm_bytes none = { NULL, 0 };
	size_t k = 0;

	if (out == NULL)
		return false;
	for (const struct pqm_skip_note *s = run->skips; s != NULL; s = s->next) {
		out[k] = s->note;
		out[k].path = full_path(inv, texts, s->note.path, none);
		out[k].words = full_path(inv, texts, s->note.words, none);
		k++;
	}
	for (const struct pqm_content *c = run->contents; c != NULL; c = c->next)
		for (const struct pqm_place *p = c->places; p != NULL; p = p->next) {
			if (is_gone(p))
				continue;
			cov->partial += c->marks != NULL && !c->is_endpoint;
			for (const struct pqm_mark *m = c->marks; m != NULL; m = m->next)
				out[k++] = (struct pqm_note){ p->target,
					full_path(inv, texts, p->path, m->suffix), m->reason,
					full_path(inv, texts, m->words, none), m->off };
		}
	qsort(out, k, sizeof(*out), by_note);
	cov->notes = out;
	cov->n_notes = k > PQM_NOTES_MAX ? PQM_NOTES_MAX : k;
	cov->n_notes_dropped = k - cov->n_notes;
	return true;
}

static int by_object(const void *x, const void *y)
{
	const struct pqm_gathered *a = x, *b = y;
	int c = cmp_u64(a->target, b->target);

	if (c == 0)
		c = pqm_cmp(a->path, b->path);
	if (c == 0)
		c = cmp_u64(a->thing->object.line, b->thing->object.line);
	if (c == 0)
		c = pqm_cmp(a->thing->object.kind, b->thing->object.kind);
	if (c == 0)
		c = pqm_cmp(a->thing->object.name, b->thing->object.name);
	return c != 0 ? c : pqm_cmp(a->thing->object.ns, b->thing->object.ns);
}

static void gather(struct pqm_inventory *inv, struct pqm_map *texts, const struct pqm_run *run,
	struct pqm_gathered *all, size_t n)
{
	size_t k = 0;

	for (const struct pqm_content *c = run->contents; c != NULL; c = c->next)
		for (const struct pqm_place *p = c->places; p != NULL; p = p->next)
			for (const struct pqm_thing *t = !has_objects(p) ? NULL : c->things;
				t != NULL; t = t->next)
				all[k++] = (struct pqm_gathered){ .thing = t,
					.place = p,
					.path = full_path(inv, texts, p->path, t->object.path),
					.target = p->target };
	if (n > 1)
		qsort(all, n, sizeof(*all), by_object);
}

bool pqm_thing_unpack(struct pqm_arena *a, struct pqm_object *o, const struct pqm_packed *p)
{
	struct pqm_fact *facts = pqm_new(a, struct pqm_fact, o->n_facts);

	for (size_t i = 0; facts != NULL && i < o->n_facts; i++)
		facts[i] = (struct pqm_fact){ *p[i].key, *p[i].value, p[i].line, p[i].col };
	o->facts = facts;
	return facts != NULL;
}

/* Where a program or library of the linking stage stands: its findings are to say so, as others do. */
static bool keep_place(struct all_rows *m, const struct pqm_object *o, size_t i, size_t n,
	const struct pqm_place *place)
{
	if (!pqm_link_is_ours(o))
		return true;
	if (m->place_of == NULL)
		m->place_of = pqm_calloc(n, sizeof(*m->place_of));
	if (m->place_of == NULL)
		return false;
	m->place_of[i] = place;
	return true;
}

/* Objects but for those that stand behind others. Texts and facts belong to the workers' arenas, which the
 * inventory takes over. */
static bool take_objects(struct pqm_inventory *inv, struct pqm_map *texts,
	const struct pqm_run *run, struct all_rows *m, struct pqm_fold **fold)
{
	size_t n = m->n_things;
	struct pqm_gathered *all = pqm_malloc((n + 1) * sizeof(*all));
	bool ok = all != NULL;

	if (ok)
		gather(inv, texts, run, all, n);
	ok = ok && (*fold = pqm_fold_new(run, all, &n)) != NULL &&
		(inv->objects = pqm_new(&inv->arena, struct pqm_object, n + 1)) != NULL;
	for (size_t i = 0; ok && i < n; i++) {
		struct pqm_object *o = &inv->objects[inv->n_objects++];

		*o = all[i].thing->object;
		o->path = all[i].path;
		o->target = all[i].target;
		o->n_made = all[i].n_made;
		if (all[i].thing->is_named_by_path)
			o->name = o->path;
		ok = (all[i].thing->packed == NULL ||
			     pqm_thing_unpack(&inv->arena, o, all[i].thing->packed)) &&
			keep_place(m, o, i, n, all[i].place);
	}
	pqm_free(all);
	return ok;
}

static int by_place(const void *x, const void *y)
{
	const struct pqm_place *const *a = x, *const *b = y;

	if ((*a)->target != (*b)->target)
		return (*a)->target < (*b)->target ? -1 : 1;
	return pqm_cmp((*a)->path, (*b)->path);
}

/* Thousands of copies of a file with thousands of keys would be millions of rows: the first places in
 * order are listed, the others told. */
static bool cut_places(struct pqm_run *run, struct pqm_content *c)
{
	size_t n_places = 0, n_rows = 0, keep, k = 0;
	struct pqm_place **all;
	char words[96];

	for (const struct pqm_place *p = c->places; p != NULL; p = p->next)
		n_places++;
	for (const struct pqm_sighting *s = c->sightings; s != NULL; s = s->next)
		n_rows++;
	keep = n_rows == 0 ? n_places : PQM_ROWS_PER_CONTENT / n_rows;
	if (keep < 1)
		keep = 1;
	if (n_places <= keep)
		return true;
	all = pqm_malloc(n_places * sizeof(*all));
	if (all == NULL)
		return false;
	for (struct pqm_place *p = c->places; p != NULL; p = p->next)
		all[k++] = p;
	qsort(all, n_places, sizeof(*all), by_place);
	for (size_t i = 0; i < keep; i++)
		all[i]->next = i + 1 < keep ? all[i + 1] : NULL;
	c->places = all[0];
	(void)snprintf(words, sizeof(words), "the same content is at %zu more places, not listed",
		n_places - keep);
	pqm_run_skip(run, all[keep - 1]->target, all[keep - 1]->path, "over-limit", words);
	pqm_free(all);
	return true;
}

struct rows {
	const struct pqm_fold *fold;
	struct pqm_arena arena;
	struct pqm_map own;  /* target, rule and id of objects that stay */
	struct pqm_map best; /* the same of objects that stand behind others -> struct row */
	bool failed;
};

static pqm_bytes rule_at(struct rows *s, const struct row *r, pqm_bytes id)
{
	return pqm_arena_f(
		&s->arena, "%u %.*s %.*s", r->o.target, PQM_FMT(r->f->rule), PQM_FMT(id));
}

static void take_own(struct rows *s, struct row *r)
{
	pqm_bytes id = pqm_sub(r->o.object, 0, pqm_find_byte(r->o.object, 0, '#'));

	if (id.n > 0 && pqm_fold_of(s->fold, r->o.target, id).n == 0 &&
		!pqm_map_put(&s->own, rule_at(s, r, id), r))
		s->failed = true;
}

/* What the object in front says too is not said again. Something else (of a container that was injected
 * into the pods) is said once, at the first place. */
static void drop_row(struct rows *s, struct row *r)
{
	pqm_bytes front = pqm_fold_of(s->fold, r->o.target, r->o.object), key;
	struct row *old;

	if (front.n == 0)
		return;
	key = rule_at(s, r, front);
	old = pqm_map_get(&s->best, key);
	if (pqm_map_get(&s->own, key) != NULL || (old != NULL && cmp_occ(&old->o, &r->o) <= 0)) {
		r->f = NULL;
		return;
	}
	if (old != NULL)
		old->f = NULL;
	if (!pqm_map_put(&s->best, key, r))
		s->failed = true;
}

static bool drop_folded(const struct pqm_fold *fold, struct row *row, size_t *n)
{
	struct rows s = { .fold = fold };
	size_t kept = 0;

	if (pqm_fold_is_empty(fold))
		return true;
	pqm_arena_init(&s.arena, PQM_RUN_ARENA_BYTES);
	for (size_t i = 0; i < *n && !s.failed; i++)
		take_own(&s, &row[i]);
	for (size_t i = 0; i < *n && !s.failed; i++)
		drop_row(&s, &row[i]);
	for (size_t i = 0; i < *n; i++)
		if (row[i].f != NULL)
			row[kept++] = row[i];
	*n = kept;
	pqm_map_fini(&s.own);
	pqm_map_fini(&s.best);
	pqm_arena_fini(&s.arena);
	return !s.failed;
}

static bool add_row(struct pqm_inventory *inv, struct all_rows *m, const struct pqm_raised *raised)
{
	const struct pqm_object *o = &inv->objects[raised->object];
	const struct pqm_found *f = &raised->found;
	struct pqm_finding *out = pqm_new(&inv->arena, struct pqm_finding, 1);
	struct pqm_attr *attrs = pqm_new(&inv->arena, struct pqm_attr, f->n_attrs + 1);

	if (out == NULL || attrs == NULL)
		return false;
	*out = (struct pqm_finding){ .rule = f->rule,
		.identity = f->identity,
		.meaning = f->meaning,
		.function = f->function,
		.quantum = f->quantum,
		.classical = f->classical,
		.evidence = f->evidence,
		.basis = f->basis,
		.family = f->family,
		.algorithm = f->algorithm,
		.parameter = f->parameter,
		.why = f->why,
		.fix = f->fix,
		.bits = f->bits };
	pqm_finding_id(out->id, f);
	memcpy(attrs, f->attrs, f->n_attrs * sizeof(*attrs));
	m->row[m->n++] = (struct row){ .f = out,
		.place = m->place_of == NULL ? NULL : m->place_of[raised->object],
		.o = { .target = o->target,
			.path = o->path,
			.object = f->object,
			.attrs = attrs,
			.n_attrs = f->n_attrs } };
	return true;
}

/* What programs use through libraries of the same scan. */
static bool add_linked(struct pqm_inventory *inv, struct all_rows *m, const struct pqm_rules *rules,
	struct pqm_err *err)
{
	struct pqm_raised *raised;
	size_t n, kept = 0;

	if (pqm_link(&raised, &n, rules, inv, &inv->arena, err) != PQM_OK)
		return false;
	if (n > 0) {
		struct row *grown = pqm_malloc((m->n + n + 1) * sizeof(*grown));

		if (grown == NULL)
			return false;
		memcpy(grown, m->row, m->n * sizeof(*grown));
		pqm_free(m->row);
		m->row = grown;
	}
	for (size_t i = 0; i < n; i++)
		if (!add_row(inv, m, &raised[i]))
			return false;
	for (size_t i = 0; i < inv->n_objects; i++)
		if (!pqm_link_is_ours(&inv->objects[i]))
			inv->objects[kept++] = inv->objects[i];
	inv->n_objects = kept;
	return true;
}

static bool is_same_file(const struct row *a, const struct row *b)
{
	return memcmp(a->f->id, b->f->id, PQM_ID_BYTES) == 0 && a->o.target == b->o.target &&
		pqm_eq(a->o.path, b->o.path);
}

/* Of a thing in a file of a history: the first commit that held it; the places where it is now, else the
 * one where it was first. Rows are sorted. */
static void settle_history(struct row *row, size_t *n)
{
	size_t kept = 0;

	for (size_t i = 0, end; i < *n; i = end) {
		const struct pqm_revision *first = row[i].of;
		size_t oldest = i;
		bool is_here = false;

		for (end = i; end < *n && is_same_file(&row[end], &row[i]); end++) {
			if (row[end].place == NULL || !is_gone(row[end].place))
				is_here = true;
			if (cmp_revision(row[end].of, first) < 0) {
				first = row[end].of;
				oldest = end;
			}
		}
		for (size_t k = i; k < end; k++) {
			bool here = row[k].place == NULL || !is_gone(row[k].place);

			if (is_here ? !here : k != oldest)
				continue;
			row[kept] = row[k];
			row[kept++].of = first;
		}
	}
	*n = kept;
}

enum pqm_st pqm_run_merge(struct pqm_inventory *inv, struct pqm_run *run, struct pqm_err *err)
{
	struct pqm_map texts = { 0 };

	settle_inodes(run);
	for (struct pqm_content *c = run->contents; c != NULL; c = c->next)
		if (!cut_places(run, c))
			return pqm_fail(err, PQM_ENOMEM, "out of memory while copies were counted");
	if (pqm_around_settle(run, err) != PQM_OK)
		return PQM_ENOMEM;
	struct totals t = count(run);
	struct all_rows m = { .row = pqm_malloc((t.rows + 1) * sizeof(*m.row)),
		.n_things = t.things };
	struct pqm_fold *fold = NULL;
	bool ok = m.row != NULL && take_objects(inv, &texts, run, &m, &fold);

	for (const struct pqm_content *c = run->contents; ok && c != NULL; c = c->next)
		for (const struct pqm_place *p = c->places; p != NULL; p = p->next)
			for (const struct pqm_sighting *s = c->sightings; s != NULL; s = s->next) {
				if (!counts(run->rules, p, s))
					continue;
				m.row[m.n] = (struct row){ &s->f, p, s->at, p->of };
				m.row[m.n].o.target = p->target;
				m.row[m.n].o.path = full_path(inv, &texts, p->path, s->at.path);
				m.n++;
			}
	ok = ok && drop_folded(fold, m.row, &m.n) && add_linked(inv, &m, run->rules, err);
	pqm_fold_free(fold);
	if (ok && m.n > 1)
		qsort(m.row, m.n, sizeof(*m.row), by_id_and_place);
	if (ok && run->opt->git != NULL && run->opt->git->is_history)
		settle_history(m.row, &m.n);
	ok = ok && group(inv, &texts, &run->arena, m.row, m.n) &&
		take_notes(inv, &texts, run, t.notes) && pqm_owned_tie(inv, run->rules) &&
		pqm_owned_dist(inv) && pqm_aifile_sets(inv);
	pqm_free(m.row);
	pqm_free(m.place_of);
	pqm_map_fini(&texts);
	return ok
		? PQM_OK
		: pqm_fail(err, PQM_ENOMEM, "out of memory while %zu findings were merged", t.rows);
}
