#include "baseline.h"

#include "base/limits.h"
#include "base/num.h"
#include "base/slurp.h"
#include "parse/json.h"

#define VERSION 1

void pqm_baseline_init(struct pqm_baseline *b)
{
	*b = (struct pqm_baseline){ 0 };
	pqm_arena_init(&b->arena, PQM_RUN_ARENA_BYTES);
}

void pqm_baseline_fini(struct pqm_baseline *b)
{
	pqm_map_fini(&b->by_id);
	pqm_arena_fini(&b->arena);
	*b = (struct pqm_baseline){ 0 };
}

static enum pqm_st put(
	struct pqm_baseline *b, const uint8_t id[PQM_ID_BYTES], uint64_t count, struct pqm_err *err)
{
	struct pqm_known_finding *k = pqm_map_get(&b->by_id, (pqm_bytes){ id, PQM_ID_BYTES });

	if (k != NULL) {
		k->count = count > k->count ? count : k->count;
		return PQM_OK;
	}
	k = pqm_new(&b->arena, struct pqm_known_finding, 1);
	if (k != NULL)
		memcpy(k->id, id, PQM_ID_BYTES);
	if (k == NULL || !pqm_map_put(&b->by_id, (pqm_bytes){ k->id, PQM_ID_BYTES }, k))
		return pqm_fail(err, PQM_ENOMEM, "out of memory for the baseline");
	k->count = count;
	b->n++;
	return PQM_OK;
}

static bool parse_id(pqm_bytes hex, uint8_t id[PQM_ID_BYTES])
{
	if (hex.n != 2 * PQM_ID_BYTES)
		return false;
	for (size_t i = 0; i < PQM_ID_BYTES; i++) {
		int hi = pqm_hex_digit(hex.p[2 * i]), lo = pqm_hex_digit(hex.p[2 * i + 1]);

		if (hi < 0 || lo < 0)
			return false;
		id[i] = (uint8_t)(hi << 4 | lo);
	}
	return true;
}

static enum pqm_st read_findings(
	struct pqm_baseline *b, const char *path, const struct pqm_json *root, struct pqm_err *err)
{
	const struct pqm_json *all = pqm_json_get(root, "findings");
	enum pqm_st st = PQM_OK;
	uint64_t version;

	if (!pqm_eqs(pqm_json_str(root, "schema"), "pqmap.baseline") || all == NULL ||
		!pqm_json_is_object(all) || !pqm_json_get_u64(root, "schema_version", &version))
		return pqm_fail(err, PQM_EUSAGE,
			"%s: is no baseline of pqmap; make one with --write-baseline", path);
	if (version > VERSION)
		return pqm_fail(err, PQM_EUSAGE,
			"%s: is of a newer pqmap (form %llu, this one reads %d)", path,
			(unsigned long long)version, VERSION);
	for (const struct pqm_json *f = pqm_json_first(all); f != NULL && st == PQM_OK;
		f = pqm_json_next(f)) {
		uint8_t id[PQM_ID_BYTES];
		uint64_t count = 1;

		if (!parse_id(pqm_json_key(f), id) || !pqm_json_get_u64(f, "count", &count))
			return pqm_fail(err, PQM_EUSAGE,
				"%s: '%.*s' is no finding: 32 hex digits and a count", path,
				PQM_FMT(pqm_json_key(f)));
		st = put(b, id, count, err);
	}
	return st;
}

enum pqm_st pqm_baseline_read(struct pqm_baseline *b, const char *path, struct pqm_err *err)
{
	struct pqm_slurp file = { .path = path,
		.limit = PQM_BASELINE_BYTES,
		.refusal = PQM_EUSAGE,
		.hint = "make one with --write-baseline" };
	pqm_bytes text;
	enum pqm_st st = pqm_slurp(&text, &file, &b->arena, err);

	return st == PQM_OK ? pqm_baseline_read_text(b, path, text, err) : st;
}

enum pqm_st pqm_baseline_read_text(
	struct pqm_baseline *b, const char *path, pqm_bytes text, struct pqm_err *err)
{
	struct pqm_json *root = NULL;
	struct pqm_err why = { 0 };
	enum pqm_st st;

	if (pqm_json_parse(&root, text, PQM_BASELINE_BYTES, &why) != PQM_OK)
		return pqm_fail(err, why.st == PQM_ENOMEM ? PQM_ENOMEM : PQM_EUSAGE,
			"%s: is no baseline: %s", path, why.msg);
	st = read_findings(b, path, root, err);
	pqm_json_free(root);
	return st;
}

enum pqm_st pqm_baseline_take(
	struct pqm_baseline *b, const struct pqm_inventory *inv, struct pqm_err *err)
{
	enum pqm_st st = PQM_OK;

	for (size_t i = 0; i < inv->n_findings && st == PQM_OK; i++)
		st = put(b, inv->findings[i].id, inv->findings[i].n_occs, err);
	return st;
}

static uint64_t count_of(struct pqm_baseline *b, const uint8_t id[PQM_ID_BYTES])
{
	struct pqm_known_finding *k = pqm_map_get(&b->by_id, (pqm_bytes){ id, PQM_ID_BYTES });

	if (k == NULL)
		return 0;
	k->is_met = true;
	return k->count;
}

/* The id that the finding had when its rule was called so. */
static uint64_t count_as(struct pqm_baseline *b, const struct pqm_finding *f, pqm_bytes rule)
{
	struct pqm_found was = { .rule = rule,
		.identity = f->identity,
		.meaning = f->meaning,
		.family = f->family,
		.parameter = f->parameter };
	uint8_t id[PQM_ID_BYTES];

	pqm_finding_id(id, &was);
	return count_of(b, id);
}

uint64_t pqm_baseline_count(
	struct pqm_baseline *b, const struct pqm_rules *r, const struct pqm_finding *f)
{
	const struct pqm_rule *rule = pqm_rules_get(r, f->rule);
	uint64_t n = count_of(b, f->id);
	pqm_bytes was;

	for (size_t i = 0; (was = pqm_rule_was(rule, i)).n > 0; i++) {
		uint64_t m = count_as(b, f, was);

		n = m > n ? m : n;
	}
	return n;
}

size_t pqm_baseline_unmet(const struct pqm_baseline *b)
{
	size_t n = 0;

	for (size_t i = 0; i < b->by_id.cap; i++) {
		const struct pqm_known_finding *k = b->by_id.slot[i].value;

		n += k != NULL && !k->is_met;
	}
	return n;
}

void pqm_baseline_write(struct pqm_out *o, const struct pqm_inventory *inv)
{
	char day[16], hex[2 * PQM_ID_BYTES + 1];

	pqm_date_format(day, inv->now_days);
	pqm_js_open(o, NULL, '{');
	pqm_js_cstr(o, "schema", "pqmap.baseline");
	pqm_js_u64(o, "schema_version", VERSION);
	pqm_js_cstr(o, "created", day);
	pqm_js_str(o, "rules_version", inv->rules_version);
	pqm_js_open(o, "findings", '{');
	for (size_t i = 0; i < inv->n_findings; i++) {
		const struct pqm_finding *f = &inv->findings[i];

		if (f->is_folded)
			continue;
		pqm_id_hex(hex, f->id);
		pqm_js_open(o, hex, '{');
		pqm_js_u64(o, "count", f->n_occs);
		pqm_js_str(o, "rule", f->rule);
		if (f->n_occs > 0)
			pqm_js_str(o, "at", f->occs[0].path);
		pqm_js_close(o, '}');
	}
	pqm_js_close(o, '}');
	pqm_js_close(o, '}');
}
