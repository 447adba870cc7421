#include "report/load.h"

#include <errno.h>
#include <fcntl.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/map.h"
#include "base/num.h"
#include "parse/json.h"
#include "report/curve_json.h"
#include "report/endpoint_json.h"

#define SCHEMA_VERSION 1

struct load {
	struct pqm_inventory *inv;
	struct pqm_arena *arena; /* the inventory's */
	const char *name;
	uint32_t base;	      /* targets that were there before this file */
	struct pqm_map by_id; /* id -> index + 1 */
	struct pqm_err *err;
};

static enum pqm_st bad(struct load *l, const char *list, size_t i, const char *what)
{
	return pqm_fail(l->err, PQM_EPARSE, "%s: %s[%zu]: %s", l->name, list, i, what);
}

static enum pqm_st no_memory(struct load *l)
{
	return pqm_fail(l->err, PQM_ENOMEM, "%s: the inventory does not fit in memory", l->name);
}

/* Copies a text member, printable as our own reports are; empty when absent. */
static bool get_text(struct load *l, const struct pqm_json *v, const char *key, pqm_bytes *out)
{
	pqm_bytes b = pqm_json_str(v, key);

	*out = b.n == 0 ? (pqm_bytes){ NULL, 0 } : pqm_printable_dup(l->arena, b);
	return b.n == 0 || out->p != NULL;
}

/* A count; 0 when absent, false when it is there and is not a whole number up to max. */
static bool count(const struct pqm_json *v, const char *key, uint64_t max, uint64_t *out)
{
	uint64_t n = 0;

	if (pqm_json_get(v, key) != NULL && (!pqm_json_get_u64(v, key, &n) || n > max))
		return false;
	*out = n;
	return true;
}

static bool count32(const struct pqm_json *v, const char *key, uint32_t *out)
{
	uint64_t n;

	if (!count(v, key, UINT32_MAX, &n))
		return false;
	*out = (uint32_t)n;
	return true;
}

static bool target_index(const struct load *l, const struct pqm_json *v, uint32_t *out)
{
	uint64_t n;

	if (!pqm_json_get_u64(v, "target", &n) || n >= l->inv->n_targets - l->base)
		return false;
	*out = l->base + (uint32_t)n;
	return true;
}

static bool id_parse(pqm_bytes hex, uint8_t id[PQM_ID_BYTES])
{
	if (hex.n != (size_t)2 * PQM_ID_BYTES)
		return false;
	for (size_t i = 0; i < PQM_ID_BYTES; i++) {
		int hi = pqm_hex_lower(hex.p[2 * i]), lo = pqm_hex_lower(hex.p[2 * i + 1]);

		if (hi < 0 || lo < 0)
			return false;
		id[i] = (uint8_t)(hi << 4 | lo);
	}
	return true;
}

/* Room for as many more elements as the list has. Arrays are powers of two long, so their length
 * says how many more fit, and joining many files copies each element a few times only. */
#define MORE(l, arr, n_old, list)                                                                  \
	more((l)->arena, (arr), (n_old), pqm_json_size(list), sizeof(*(arr)))

static size_t room(size_t n)
{
	size_t cap = 1;

	while (cap < n && cap <= SIZE_MAX / 2)
		cap *= 2;
	return cap < n ? n : cap;
}

static void *more(struct pqm_arena *a, void *old, size_t n_old, size_t n_new, size_t size)
{
	size_t total;

	if (!pqm_add_size(n_old, n_new, &total))
		return NULL;
	if (n_old > 0 && total <= room(n_old))
		return old;
	void *p = pqm_arena_array(a, room(total), size);

	if (p != NULL && n_old > 0)
		memcpy(p, old, n_old * size);
	return p;
}

static bool has_regime(const struct pqm_inventory *inv, pqm_bytes regime)
{
	for (size_t i = 0; i < inv->n_regimes; i++)
		if (pqm_eq(inv->regimes[i], regime))
			return true;
	return false;
}

static enum pqm_st load_regimes(struct load *l, const struct pqm_json *list)
{
	struct pqm_inventory *inv = l->inv;
	pqm_bytes *all = pqm_new(l->arena, pqm_bytes, inv->n_regimes + pqm_json_size(list));

	if (all == NULL)
		return no_memory(l);
	if (inv->n_regimes > 0)
		memcpy(all, inv->regimes, inv->n_regimes * sizeof(*all));
	inv->regimes = all;
	for (const struct pqm_json *v = pqm_json_first(list); v != NULL; v = pqm_json_next(v)) {
		pqm_bytes regime = pqm_json_text(v);

		if (regime.n == 0 || has_regime(inv, regime))
			continue;
		all[inv->n_regimes] = pqm_bytes_dup(l->arena, regime);
		if (all[inv->n_regimes].p == NULL)
			return no_memory(l);
		inv->n_regimes++;
	}
	return PQM_OK;
}

/* Of several files the latest date stands; tool, rules and curve are those of the first. */
static enum pqm_st load_settings(struct load *l, const struct pqm_json *root)
{
	struct pqm_inventory *inv = l->inv;
	const struct pqm_json *s = pqm_json_get(root, "settings");
	int64_t now;

	if (!pqm_date_parse(pqm_json_str(s, "now"), &now))
		return pqm_fail(
			l->err, PQM_EPARSE, "%s: settings.now: not a date YYYY-MM-DD", l->name);
	if (l->base == 0 || now > inv->now_days)
		inv->now_days = now;
	if (l->base == 0 &&
		(!get_text(l, pqm_json_get(root, "tool"), "version", &inv->tool_version) ||
			!get_text(l, pqm_json_get(root, "rules"), "version", &inv->rules_version) ||
			!get_text(l, pqm_json_get(root, "rules"), "name", &inv->rules_name) ||
			!get_text(l, s, "curve", &inv->curve)))
		return no_memory(l);
	if (l->base == 0 && pqm_json_get(s, "capacity") != NULL &&
		(!pqm_json_get_f64(s, "capacity", &inv->capacity) || inv->capacity <= 0 ||
			inv->capacity > PQM_CAPACITY_MAX))
		return pqm_fail(
			l->err, PQM_EPARSE, "%s: settings.capacity: not a number above 0", l->name);
	if (l->base == 0 && pqm_json_get(s, "start") != NULL &&
		!pqm_date_parse(pqm_json_str(s, "start"), &inv->plan_start_days))
		return pqm_fail(
			l->err, PQM_EPARSE, "%s: settings.start: not a date YYYY-MM-DD", l->name);
	if (l->base == 0) {
		const struct pqm_json *house = pqm_json_get(s, "house_curve");
		pqm_bytes where = pqm_arena_f(l->arena, "%s: settings.house_curve", l->name);
		enum pqm_st st = where.p == NULL ? no_memory(l)
						 : pqm_curve_load(&inv->house, house,
							   (const char *)where.p, l->arena, l->err);

		if (st != PQM_OK)
			return st;
	}
	return load_regimes(l, pqm_json_get(s, "regimes"));
}

static enum pqm_st load_targets(struct load *l, const struct pqm_json *list)
{
	struct pqm_inventory *inv = l->inv;
	struct pqm_target *all = NULL;

	if (inv->n_targets + pqm_json_size(list) > PQM_TARGETS_MAX)
		return pqm_fail(l->err, PQM_ELIMIT, "%s: targets: over the limit of %d", l->name,
			PQM_TARGETS_MAX);
	all = MORE(l, inv->targets, inv->n_targets, list);
	if (all == NULL)
		return no_memory(l);
	inv->targets = all;
	size_t i = 0;

	for (const struct pqm_json *v = pqm_json_first(list); v != NULL;
		v = pqm_json_next(v), i++) {
		struct pqm_target t = { .failed = pqm_json_true(v, "failed") };

		if (!count(v, "seen", UINT64_MAX, &t.n_seen) ||
			!count(v, "read", UINT64_MAX, &t.n_read) ||
			!count(v, "bytes", UINT64_MAX, &t.n_bytes))
			return bad(l, "targets", i, "a count is not a whole number");
		if (!get_text(l, v, "name", &t.name) || !get_text(l, v, "kind", &t.kind))
			return no_memory(l);
		const struct pqm_json *from = pqm_json_get(v, "followed_from");

		if (from != NULL &&
			(!get_text(l, from, "object", &t.from.object) ||
				!get_text(l, from, "ref", &t.from.ref) ||
				!get_text(l, from, "path", &t.from.path)))
			return no_memory(l);
		if (from != NULL && !count32(from, "line", &t.from.line))
			return bad(l, "targets", i, "a line is not a whole number");
		all[inv->n_targets++] = t;
	}
	return PQM_OK;
}

static enum pqm_st load_attributes(
	struct load *l, const struct pqm_json *list, struct pqm_occurrence *o)
{
	size_t n = pqm_json_size(list);
	struct pqm_attr *attrs = NULL;

	if (n == 0)
		return PQM_OK;
	if (n > PQM_ATTRS_MAX)
		return pqm_fail(l->err, PQM_ELIMIT,
			"%s: an occurrence with %zu attributes, limit %d", l->name, n,
			PQM_ATTRS_MAX);
	attrs = pqm_new(l->arena, struct pqm_attr, n);
	if (attrs == NULL)
		return no_memory(l);
	o->attrs = attrs;
	for (const struct pqm_json *v = pqm_json_first(list); v != NULL; v = pqm_json_next(v)) {
		if (!get_text(l, v, "key", &attrs[o->n_attrs].key) ||
			!get_text(l, v, "value", &attrs[o->n_attrs].value))
			return no_memory(l);
		o->n_attrs++;
	}
	return PQM_OK;
}

static enum pqm_st load_occurrence(
	struct load *l, const struct pqm_json *v, size_t i, struct pqm_occurrence *o)
{
	if (!target_index(l, v, &o->target))
		return bad(l, "findings", i, "an occurrence names a target that is not there");
	if (!count(v, "offset", UINT64_MAX, &o->off) || !count32(v, "line", &o->line) ||
		!count32(v, "column", &o->col) || !count32(v, "text_line", &o->text_line) ||
		!count32(v, "text_column", &o->text_col))
		return bad(l, "findings", i, "an occurrence's place is not a whole number");
	o->in_store = pqm_json_true(v, "in_trust_store");
	if (!get_text(l, v, "path", &o->path) || !get_text(l, v, "object", &o->object))
		return no_memory(l);
	return load_attributes(l, pqm_json_get(v, "attributes"), o);
}

static enum pqm_st load_occurrences(
	struct load *l, const struct pqm_json *list, size_t i, struct pqm_finding *f)
{
	char hex[2 * PQM_ID_BYTES + 1];

	pqm_id_hex(hex, f->id);
	if (pqm_json_size(list) == 0)
		return pqm_fail(l->err, PQM_EPARSE, "%s: findings[%zu]: id %s has no occurrences",
			l->name, i, hex);
	/* Its places come file by file, and those of this file have its targets. */
	if (f->n_occs > 0 && f->occs[f->n_occs - 1].target >= l->base)
		return pqm_fail(
			l->err, PQM_EPARSE, "%s: findings: id %s comes twice", l->name, hex);
	struct pqm_occurrence *all = MORE(l, f->occs, f->n_occs, list);

	if (all == NULL)
		return no_memory(l);
	f->occs = all;
	for (const struct pqm_json *v = pqm_json_first(list); v != NULL; v = pqm_json_next(v)) {
		struct pqm_occurrence o = { 0 };
		enum pqm_st st = load_occurrence(l, v, i, &o);

		if (st != PQM_OK)
			return st;
		all[f->n_occs++] = o;
	}
	return PQM_OK;
}

static enum pqm_st load_words(
	struct load *l, const struct pqm_json *v, size_t i, struct pqm_finding *f)
{
	if (!pqm_meaning_parse(pqm_json_str(v, "meaning"), &f->meaning))
		return bad(
			l, "findings", i, "meaning is not one of use offer key cert config absent");
	if (!pqm_function_parse(pqm_json_str(v, "function"), &f->function))
		return bad(l, "findings", i, "unknown function");
	if (!pqm_quantum_parse(pqm_json_str(v, "quantum"), &f->quantum))
		return bad(l, "findings", i, "quantum is not one of broken hybrid safe unknown");
	if (!pqm_classical_parse(pqm_json_str(v, "classical"), &f->classical))
		return bad(l, "findings", i, "classical is not one of ok deprecated broken");
	if (!pqm_evidence_parse(pqm_json_str(v, "evidence"), &f->evidence, &f->basis))
		return bad(l, "findings", i, "unknown evidence");
	if (!count32(v, "bits", &f->bits))
		return bad(l, "findings", i, "bits is not a whole number");
	if (!get_text(l, v, "rule", &f->rule) || !get_text(l, v, "family", &f->family) ||
		!get_text(l, v, "algorithm", &f->algorithm) ||
		!get_text(l, v, "parameter", &f->parameter) ||
		!get_text(l, v, "identity", &f->identity) || !get_text(l, v, "why", &f->why) ||
		!get_text(l, v, "fix", &f->fix))
		return no_memory(l);
	return PQM_OK;
}

static enum pqm_st load_finding(struct load *l, const struct pqm_json *v, size_t i)
{
	struct pqm_inventory *inv = l->inv;
	struct pqm_finding *f = &inv->findings[inv->n_findings];
	bool folded = pqm_json_true(v, "folded");

	if (!id_parse(pqm_json_str(v, "id"), f->id))
		return bad(l, "findings", i, "id is not 32 lower-case hex digits");
	struct pqm_finding *known = pqm_map_get(&l->by_id, (pqm_bytes){ f->id, PQM_ID_BYTES });

	if (known != NULL) {
		known->is_folded = known->is_folded && folded;
		return load_occurrences(l, pqm_json_get(v, "occurrences"), i, known);
	}
	enum pqm_st st = load_words(l, v, i, f);

	if (st != PQM_OK)
		return st;
	f->is_folded = folded;
	if (!pqm_map_put(&l->by_id, (pqm_bytes){ f->id, PQM_ID_BYTES }, f))
		return no_memory(l);
	inv->n_findings++;
	return load_occurrences(l, pqm_json_get(v, "occurrences"), i, f);
}

enum pqm_st pqm_finding_read(struct pqm_finding *f, const struct pqm_json *v, size_t n_targets,
	struct pqm_arena *arena, struct pqm_err *err)
{
	struct pqm_inventory one = { .n_targets = n_targets };
	struct load l = { .inv = &one, .arena = arena, .name = "finding", .err = err };
	enum pqm_st st;

	*f = (struct pqm_finding){ 0 };
	if (!id_parse(pqm_json_str(v, "id"), f->id))
		return bad(&l, "findings", 0, "id is not 32 lower-case hex digits");
	st = load_words(&l, v, 0, f);
	return st == PQM_OK ? load_occurrences(&l, pqm_json_get(v, "occurrences"), 0, f) : st;
}

static enum pqm_st load_findings(struct load *l, const struct pqm_json *list)
{
	struct pqm_inventory *inv = l->inv;
	struct pqm_finding *all = MORE(l, inv->findings, inv->n_findings, list);
	enum pqm_st st = PQM_OK;
	size_t i = 0;

	if (all == NULL)
		return no_memory(l);
	inv->findings = all;
	for (size_t k = 0; k < inv->n_findings; k++)
		if (!pqm_map_put(&l->by_id, (pqm_bytes){ all[k].id, PQM_ID_BYTES }, &all[k]))
			return no_memory(l);
	for (const struct pqm_json *v = pqm_json_first(list); st == PQM_OK && v != NULL;
		v = pqm_json_next(v))
		st = load_finding(l, v, i++);
	return st;
}

static enum pqm_st load_facts(
	struct load *l, const struct pqm_json *list, size_t i, struct pqm_object *o)
{
	struct pqm_fact *facts = pqm_new(l->arena, struct pqm_fact, pqm_json_size(list));

	if (facts == NULL)
		return no_memory(l);
	o->facts = facts;
	for (const struct pqm_json *v = pqm_json_first(list); v != NULL; v = pqm_json_next(v)) {
		struct pqm_fact *f = &facts[o->n_facts];

		if (!count32(v, "line", &f->line) || !count32(v, "column", &f->col))
			return bad(l, "objects", i, "a fact's place is not a whole number");
		if (!get_text(l, v, "key", &f->key) || !get_text(l, v, "value", &f->value))
			return no_memory(l);
		o->n_facts++;
	}
	return PQM_OK;
}

static enum pqm_st load_objects(struct load *l, const struct pqm_json *list)
{
	struct pqm_inventory *inv = l->inv;
	struct pqm_object *all = MORE(l, inv->objects, inv->n_objects, list);
	size_t i = 0;

	if (all == NULL)
		return no_memory(l);
	inv->objects = all;
	for (const struct pqm_json *v = pqm_json_first(list); v != NULL;
		v = pqm_json_next(v), i++) {
		struct pqm_object o = { 0 };

		if (!target_index(l, v, &o.target) || !count32(v, "line", &o.line))
			return bad(l, "objects", i, "target or line is not a number that exists");
		if (pqm_json_get(v, "made") != NULL && !count32(v, "made", &o.n_made))
			return bad(l, "objects", i, "made is not a number of objects");
		if (!get_text(l, v, "path", &o.path) || !get_text(l, v, "group", &o.group) ||
			!get_text(l, v, "kind", &o.kind) || !get_text(l, v, "namespace", &o.ns) ||
			!get_text(l, v, "name", &o.name))
			return no_memory(l);
		enum pqm_st st = load_facts(l, pqm_json_get(v, "facts"), i, &o);

		if (st != PQM_OK)
			return st;
		all[inv->n_objects++] = o;
	}
	return PQM_OK;
}

static enum pqm_st load_stores(struct load *l, const struct pqm_json *list)
{
	struct pqm_inventory *inv = l->inv;
	struct pqm_store *all = MORE(l, inv->stores, inv->n_stores, list);
	size_t i = 0;

	if (all == NULL)
		return no_memory(l);
	inv->stores = all;
	for (const struct pqm_json *v = pqm_json_first(list); v != NULL;
		v = pqm_json_next(v), i++) {
		struct pqm_store s = { 0 };

		if (!target_index(l, v, &s.target) ||
			!count(v, "certificates", UINT64_MAX, &s.n_certs))
			return bad(l, "stores", i, "target or count is not a number that exists");
		if (!get_text(l, v, "path", &s.path))
			return no_memory(l);
		all[inv->n_stores++] = s;
	}
	return PQM_OK;
}

static enum pqm_st load_endpoints(struct load *l, const struct pqm_json *list)
{
	struct pqm_inventory *inv = l->inv;
	struct pqm_endpoint *all = MORE(l, inv->endpoints, inv->n_endpoints, list);
	size_t i = 0;

	if (all == NULL)
		return no_memory(l);
	inv->endpoints = all;
	for (const struct pqm_json *v = pqm_json_first(list); v != NULL;
		v = pqm_json_next(v), i++) {
		struct pqm_err why = { 0 };
		struct pqm_endpoint e;
		enum pqm_st st = pqm_endpoint_read(&e, v, l->arena, &why);

		if (st == PQM_OK && !target_index(l, v, &e.target))
			return bad(l, "endpoints", i, "target is not a number that exists");
		if (st != PQM_OK)
			return pqm_fail(l->err, st, "%s: endpoints[%zu]: %s", l->name, i, why.msg);
		all[inv->n_endpoints++] = e;
	}
	return PQM_OK;
}

static enum pqm_st load_notes(struct load *l, const struct pqm_json *list)
{
	struct pqm_coverage *c = &l->inv->coverage;
	struct pqm_note *all = MORE(l, c->notes, c->n_notes, list);
	size_t i = 0;

	if (all == NULL)
		return no_memory(l);
	c->notes = all;
	for (const struct pqm_json *v = pqm_json_first(list); v != NULL;
		v = pqm_json_next(v), i++) {
		struct pqm_note n = { .off = UINT64_MAX };

		if (!target_index(l, v, &n.target) ||
			(pqm_json_get(v, "offset") != NULL &&
				!pqm_json_get_u64(v, "offset", &n.off)))
			return bad(l, "coverage.notes", i,
				"target or offset is not a number that exists");
		if (!get_text(l, v, "path", &n.path) || !get_text(l, v, "reason", &n.reason) ||
			!get_text(l, v, "words", &n.words))
			return no_memory(l);
		all[c->n_notes++] = n;
	}
	return PQM_OK;
}

static bool load_endpoint_counts(struct pqm_endpoint_counts *c, const struct pqm_json *v)
{
	uint64_t n;

	for (unsigned i = 0; i <= PQM_R_SKIPPED; i++) {
		if (!count(v, pqm_reach_name((enum pqm_reach)i), UINT64_MAX, &n))
			return false;
		c->reach[i] += n;
	}
	if (!count(v, "incomplete", UINT64_MAX, &n))
		return false;
	c->incomplete += n;
	return true;
}

static enum pqm_st load_coverage(struct load *l, const struct pqm_json *v)
{
	struct pqm_coverage *c = &l->inv->coverage;

	const struct {
		const char *key;
		uint64_t *sum;
	} counts[] = { { "seen", &c->seen }, { "read", &c->read }, { "bytes", &c->bytes },
		{ "copies", &c->copies }, { "directories", &c->directories },
		{ "symlinks", &c->symlinks }, { "devices", &c->devices },
		{ "sockets", &c->sockets }, { "fifos", &c->fifos },
		{ "unreadable", &c->unreadable }, { "over_limit", &c->over_limit },
		{ "changed", &c->changed }, { "mounts", &c->mounts }, { "partial", &c->partial },
		{ "notes_dropped", &c->n_notes_dropped } };

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		uint64_t n;

		if (!count(v, counts[i].key, UINT64_MAX, &n))
			return pqm_fail(l->err, PQM_EPARSE, "%s: coverage.%s: not a whole number",
				l->name, counts[i].key);
		*counts[i].sum += n; /* numbers stop at 2^53 and files at thousands: no overflow */
	}
	if (!load_endpoint_counts(&c->endpoints, pqm_json_get(v, "endpoints")))
		return pqm_fail(l->err, PQM_EPARSE,
			"%s: coverage.endpoints: a count is not a whole number", l->name);
	return load_notes(l, pqm_json_get(v, "notes"));
}

static enum pqm_st check_kind(struct load *l, const struct pqm_json *root)
{
	uint64_t version;

	if (!pqm_json_is_object(root) || !pqm_json_get_u64(root, "schema_version", &version) ||
		!pqm_eqs(pqm_json_str(pqm_json_get(root, "tool"), "name"), "pqmap"))
		return pqm_fail(l->err, PQM_EPARSE,
			"%s: not an inventory of pqmap; make one with `pqmap scan … -o json=FILE`",
			l->name);
	if (version > SCHEMA_VERSION)
		return pqm_fail(l->err, PQM_EUSAGE,
			"%s: schema_version %llu, this pqmap reads up to %d; use a newer pqmap",
			l->name, (unsigned long long)version, SCHEMA_VERSION);
	return PQM_OK;
}

enum pqm_st pqm_inventory_load_text(
	struct pqm_inventory *inv, pqm_bytes text, const char *name, struct pqm_err *err)
{
	struct load l = { .inv = inv,
		.arena = &inv->arena,
		.name = name,
		.base = (uint32_t)inv->n_targets,
		.err = err };
	struct pqm_json *root = NULL;
	struct pqm_err inner = { 0 };
	enum pqm_st st = pqm_json_parse(&root, text, PQM_INVENTORY_BYTES, &inner);

	if (st != PQM_OK)
		return pqm_fail(err, st, "%s: %s", name, inner.msg);
	st = check_kind(&l, root);
	if (st == PQM_OK)
		st = load_settings(&l, root);
	if (st == PQM_OK)
		st = load_targets(&l, pqm_json_get(root, "targets"));
	if (st == PQM_OK)
		st = load_findings(&l, pqm_json_get(root, "findings"));
	if (st == PQM_OK)
		st = load_objects(&l, pqm_json_get(root, "objects"));
	if (st == PQM_OK)
		st = load_stores(&l, pqm_json_get(root, "stores"));
	if (st == PQM_OK)
		st = load_endpoints(&l, pqm_json_get(root, "endpoints"));
	if (st == PQM_OK)
		st = load_coverage(&l, pqm_json_get(root, "coverage"));
	pqm_map_fini(&l.by_id);
	pqm_json_free(root);
	return st;
}

static enum pqm_st read_all(int fd, struct pqm_buf *b, const char *name, struct pqm_err *err)
{
	for (;;) {
		if (!pqm_buf_reserve(b, PQM_READ_CHUNK_BYTES))
			return pqm_fail(err, PQM_ELIMIT, "%s: over the limit of %zu MiB", name,
				PQM_INVENTORY_BYTES >> 20);
		ssize_t n = read(fd, b->p + b->n, PQM_READ_CHUNK_BYTES);

		if (n == 0)
			return PQM_OK;
		if (n < 0 && errno != EINTR)
			return pqm_fail(
				err, PQM_EIO, "%s: cannot read: %s", name, strerrordesc_np(errno));
		if (n > 0)
			b->n += (size_t)n;
	}
}

enum pqm_st pqm_report_read(struct pqm_buf *text, const char *path, struct pqm_err *err)
{
	bool is_stdin = strcmp(path, "-") == 0;
	const char *name = is_stdin ? "standard input" : path;
	int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	pqm_buf_init(text, PQM_INVENTORY_BYTES + PQM_READ_CHUNK_BYTES);
	if (fd < 0)
		return pqm_fail(err, PQM_EIO, "%s: cannot read: %s", name, strerrordesc_np(errno));
	enum pqm_st st = read_all(fd, text, name, err);

	if (!is_stdin)
		(void)close(fd);
	return st;
}

enum pqm_st pqm_inventory_load(struct pqm_inventory *inv, const char *path, struct pqm_err *err)
{
	const char *name = strcmp(path, "-") == 0 ? "standard input" : path;
	struct pqm_buf b;
	enum pqm_st st = pqm_report_read(&b, path, err);

	if (st == PQM_OK)
		st = pqm_inventory_load_text(inv, pqm_buf_bytes(&b), name, err);
	pqm_buf_fini(&b);
	return st;
}
