#include "tally.h"

#include <stdlib.h>

static int cmp_u64(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int cmp_place(const void *x, const void *y)
{
	const struct pqm_place *a = x, *b = y;
	int c = cmp_u64(a->o->target, b->o->target);

	if (c == 0)
		c = pqm_cmp(a->path, b->path);
	if (c == 0)
		c = cmp_u64(a->o->line, b->o->line);
	if (c == 0)
		c = cmp_u64(a->o->line == 0 ? a->o->off : a->o->col,
			b->o->line == 0 ? b->o->off : b->o->col);
	if (c == 0)
		c = pqm_cmp(a->object, b->object);
	if (c == 0)
		c = pqm_cmp(a->f->rule, b->f->rule);
	return c != 0 ? c : memcmp(a->f->id, b->f->id, PQM_ID_BYTES);
}

static size_t count_places(const struct pqm_inventory *inv, bool with_stores)
{
	size_t n = 0;

	for (size_t i = 0; i < inv->n_findings; i++)
		for (size_t k = 0; k < inv->findings[i].n_occs; k++)
			if (with_stores || !inv->findings[i].occs[k].in_store)
				n++;
	return n;
}

enum pqm_st pqm_places(struct pqm_place **out, size_t *n, const struct pqm_inventory *inv,
	bool with_stores, struct pqm_arena *arena, struct pqm_err *err)
{
	size_t max = count_places(inv, with_stores), at = 0;
	struct pqm_place *p = pqm_new(arena, struct pqm_place, max);

	if (p == NULL)
		return pqm_fail(err, PQM_ENOMEM, "report: no memory to sort %zu places", max);
	for (size_t i = 0; i < inv->n_findings; i++) {
		const struct pqm_finding *f = &inv->findings[i];

		for (size_t k = 0; k < f->n_occs; k++) {
			const struct pqm_occurrence *o = &f->occs[k];

			if (o->in_store && !with_stores)
				continue;
			p[at++] = (struct pqm_place){ f, o, pqm_printable(arena, o->path),
				pqm_printable(arena, o->object) };
		}
	}
	qsort(p, at, sizeof(*p), cmp_place);
	*out = p;
	*n = at;
	return PQM_OK;
}

void pqm_tally(struct pqm_tally *t, const struct pqm_inventory *inv)
{
	*t = (struct pqm_tally){ 0 };
	for (size_t i = 0; i < inv->n_findings; i++) {
		const struct pqm_finding *f = &inv->findings[i];

		for (size_t k = 0; k < f->n_occs; k++)
			t->places += f->occs[k].in_store ? 0 : 1;
		if (f->is_folded) {
			t->folded++;
			continue;
		}
		t->found[f->meaning][f->quantum]++;
		t->by_quantum[f->quantum]++;
		t->total++;
		if (f->quantum == PQM_Q_BROKEN)
			t->broken_by_function[f->meaning][f->function]++;
		if (f->basis != PQM_EXPLICIT)
			t->defaulted++;
	}
}

/* What the rows of one cause share. */
static int cmp_cause(const struct pqm_finding *a, const struct pqm_finding *b)
{
	int c = pqm_cmp(a->rule, b->rule);

	if (c == 0)
		c = (int)a->meaning - (int)b->meaning;
	if (c == 0)
		c = pqm_cmp(a->family, b->family);
	if (c == 0)
		c = pqm_cmp(a->parameter, b->parameter);
	if (c == 0)
		c = (int)a->quantum - (int)b->quantum;
	return c;
}

static int cmp_finding(const void *x, const void *y)
{
	const struct pqm_finding *const *a = x, *const *b = y;
	int c = cmp_cause(*a, *b);

	return c != 0 ? c : memcmp((*a)->id, (*b)->id, PQM_ID_BYTES);
}

static int badness(enum pqm_quantum q)
{
	switch (q) {
	case PQM_Q_BROKEN:
		return 0;
	case PQM_Q_UNKNOWN:
		return 1;
	case PQM_Q_HYBRID:
		return 2;
	case PQM_Q_SAFE:
		return 3;
	}
	return 4;
}

static int cmp_worst(const void *x, const void *y)
{
	const struct pqm_cause *a = x, *b = y;
	int c = badness(a->first->quantum) - badness(b->first->quantum);

	if (c == 0) /* an offer is code that may never run: behind the rest */
		c = (a->first->meaning == PQM_OFFER) - (b->first->meaning == PQM_OFFER);
	if (c == 0)
		c = cmp_u64(b->n_places, a->n_places);
	return c != 0 ? c : cmp_cause(a->first, b->first);
}

static size_t places_of(const struct pqm_finding *f)
{
	size_t n = 0;

	for (size_t i = 0; i < f->n_occs; i++)
		n += f->occs[i].in_store ? 0 : 1;
	return n;
}

enum pqm_st pqm_causes(struct pqm_cause **out, size_t *n, const struct pqm_inventory *inv,
	struct pqm_arena *arena, struct pqm_err *err)
{
	const struct pqm_finding **f = pqm_new(arena, const struct pqm_finding *, inv->n_findings);
	struct pqm_cause *c = pqm_new(arena, struct pqm_cause, inv->n_findings);
	size_t n_f = 0, at = 0;

	if (f == NULL || c == NULL)
		return pqm_fail(err, PQM_ENOMEM, "report: no memory to group %zu findings",
			inv->n_findings);
	for (size_t i = 0; i < inv->n_findings; i++)
		if (!inv->findings[i].is_folded)
			f[n_f++] = &inv->findings[i];
	qsort(f, n_f, sizeof(const struct pqm_finding *), cmp_finding);
	for (size_t i = 0; i < n_f; i++) {
		if (at == 0 || cmp_cause(c[at - 1].first, f[i]) != 0)
			c[at++] = (struct pqm_cause){ .first = f[i], .findings = f + i };
		c[at - 1].n_findings++;
		c[at - 1].n_places += places_of(f[i]);
	}
	qsort(c, at, sizeof(*c), cmp_worst);
	*out = c;
	*n = at;
	return PQM_OK;
}

struct digest {
	uint8_t h[PQM_SHA256_BYTES];
	struct pqm_arena scratch;
};

/* h = SHA-256(h, part): a chain, so that nothing has to be held. */
static void mix(struct digest *d, pqm_bytes a, pqm_bytes b)
{
	const pqm_bytes parts[] = { { d->h, sizeof(d->h) }, pqm_printable(&d->scratch, a),
		pqm_printable(&d->scratch, b) };
	uint8_t next[PQM_SHA256_BYTES];

	pqm_sha256_parts(next, parts, 3);
	memcpy(d->h, next, sizeof(next));
	pqm_arena_reset(&d->scratch);
}

static void mix_u64(struct digest *d, uint64_t v)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%llu", (unsigned long long)v);
	mix(d, pqm_str(text), (pqm_bytes){ NULL, 0 });
}

static void mix_coverage(struct digest *d, const struct pqm_coverage *c)
{
	const uint64_t counts[] = { c->seen, c->read, c->bytes, c->copies, c->directories,
		c->symlinks, c->devices, c->sockets, c->fifos, c->unreadable, c->over_limit,
		c->changed, c->mounts, c->partial, c->n_notes_dropped };

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		mix_u64(d, counts[i]);
	for (size_t i = 0; i < c->n_notes; i++) {
		mix(d, c->notes[i].path, c->notes[i].reason);
		mix_u64(d, c->notes[i].off);
	}
}

/* The answers; what a certificate says is in the findings. */
static void mix_endpoint(struct digest *d, const struct pqm_endpoint *e)
{
	mix(d, e->scheme, e->host);
	mix(d, e->address, pqm_str(pqm_reach_name(e->reach)));
	mix_u64(d, e->port);
	mix(d, pqm_str(pqm_posture_name(e->posture)), e->software);
	for (size_t i = 0; i < e->n_offers; i++) {
		const struct pqm_offer *o = &e->offers[i];

		mix(d, o->name, pqm_str(pqm_answer_name(o->answer)));
		mix_u64(d,
			(uint64_t)o->kind << 48 | (uint64_t)o->version << 32 |
				(uint64_t)o->code << 16 | o->rank);
	}
	for (size_t i = 0; i < e->n_facts; i++) {
		mix(d, e->facts[i].key, e->facts[i].value);
		mix_u64(d, e->facts[i].answer);
	}
}

static void mix_finding(struct digest *d, const struct pqm_finding *f)
{
	mix(d, (pqm_bytes){ f->id, sizeof(f->id) }, f->rule);
	for (size_t i = 0; i < f->n_occs; i++) {
		char place[48];

		pqm_occ_place(place, &f->occs[i]);
		mix(d, f->occs[i].path, f->occs[i].object);
		mix(d, pqm_str(place), PQM_LIT("at"));
	}
}

void pqm_inventory_digest(uint8_t out[PQM_SHA256_BYTES], const struct pqm_inventory *inv)
{
	struct digest d = { 0 };

	pqm_arena_init(&d.scratch, (size_t)1 << 20);
	for (size_t i = 0; i < inv->n_targets; i++)
		mix(&d, inv->targets[i].kind, inv->targets[i].name);
	for (size_t i = 0; i < inv->n_findings; i++)
		mix_finding(&d, &inv->findings[i]);
	for (size_t i = 0; i < inv->n_objects; i++) {
		mix(&d, inv->objects[i].kind, inv->objects[i].name);
		mix(&d, inv->objects[i].path, inv->objects[i].ns);
		for (size_t k = 0; k < inv->objects[i].n_facts; k++)
			mix(&d, inv->objects[i].facts[k].key, inv->objects[i].facts[k].value);
	}
	for (size_t i = 0; i < inv->n_stores; i++)
		mix(&d, inv->stores[i].path, PQM_LIT("store"));
	for (size_t i = 0; i < inv->n_endpoints; i++)
		mix_endpoint(&d, &inv->endpoints[i]);
	mix_coverage(&d, &inv->coverage);
	pqm_arena_fini(&d.scratch);
	memcpy(out, d.h, sizeof(d.h));
}

size_t pqm_unread(
	struct pqm_unread out[PQM_UNREAD_MAX], uint64_t *total, const struct pqm_coverage *c)
{
	const struct pqm_unread all[] = { { "unreadable", c->unreadable },
		{ "over a limit", c->over_limit }, { "changed while read", c->changed },
		{ "symbolic links", c->symlinks }, { "devices", c->devices },
		{ "sockets", c->sockets }, { "pipes", c->fifos },
		{ "other file systems", c->mounts } };
	uint64_t named = 0;
	size_t n = 0;

	*total = c->seen >= c->read ? c->seen - c->read : 0;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i].n > 0) {
			out[n++] = all[i];
			named += all[i].n;
		}
	if (named < *total) /* never let the sum pretend */
		out[n++] = (struct pqm_unread){ "other reasons", *total - named };
	return n;
}
