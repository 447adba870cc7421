#include "curve.h"

#include <math.h>

#include "base/num.h"
#include "parse/yaml.h"

#define BASE_YEAR_MIN 1900.0
#define BASE_YEAR_MAX 2200.0
#define HORIZON_MAX 200.0

static const char *const line_keys[PQM_CURVE_LINES] = { "slow", "central", "fast" };

/* ---- the shape, whatever it was read from ---- */

static enum pqm_st check_line(
	const struct pqm_arrival *c, size_t line, const char *where, struct pqm_err *err)
{
	const double *f = c->f[line];
	const char *key = line_keys[line];

	for (size_t i = 0; i < c->n; i++) {
		if (!(f[i] >= 0) || !(f[i] <= 1))
			return pqm_fail(err, PQM_EUSAGE,
				"%s: %s[%zu]: %g is not a probability; give 0 to 1", where, key, i,
				f[i]);
		if (i > 0 && !(f[i] >= f[i - 1]))
			return pqm_fail(err, PQM_EUSAGE,
				"%s: %s[%zu]: %g is below %g before it; a cumulative curve never "
				"falls",
				where, key, i, f[i], f[i - 1]);
		if (line > 0 && !(f[i] >= c->f[line - 1][i]))
			return pqm_fail(err, PQM_EUSAGE,
				"%s: %s[%zu]: %g is below %s, %g; slow <= central <= fast at each "
				"horizon",
				where, key, i, f[i], line_keys[line - 1], c->f[line - 1][i]);
	}
	return PQM_OK;
}

enum pqm_st pqm_curve_check(const struct pqm_arrival *c, const char *where, struct pqm_err *err)
{
	enum pqm_st st = PQM_OK;

	if (c->id.n == 0 || c->id.n > PQM_CURVE_ID_BYTES)
		return pqm_fail(err, PQM_EUSAGE, "%s: id: give the curve a name of 1 to %d bytes",
			where, PQM_CURVE_ID_BYTES);
	for (size_t i = 0; i < c->id.n; i++)
		if (c->id.p[i] <= ' ' || c->id.p[i] > '~' || c->id.p[i] == ';')
			return pqm_fail(err, PQM_EUSAGE,
				"%s: id: '%.*s' has a byte that is not a letter, digit or sign",
				where, PQM_FMT(c->id));
	if (!(c->base_year >= BASE_YEAR_MIN) || !(c->base_year <= BASE_YEAR_MAX))
		return pqm_fail(err, PQM_EUSAGE,
			"%s: base_year: %g is not a year from %.0f to %.0f", where, c->base_year,
			BASE_YEAR_MIN, BASE_YEAR_MAX);
	for (size_t i = 0; i < c->n; i++) {
		double before = i > 0 ? c->horizon[i - 1] : 0;

		if (!(c->horizon[i] > before) || !(c->horizon[i] <= HORIZON_MAX))
			return pqm_fail(err, PQM_EUSAGE,
				"%s: horizons_years[%zu]: %g is not above %g and at most %.0f; "
				"years after base_year must rise",
				where, i, c->horizon[i], before, HORIZON_MAX);
	}
	for (size_t line = 0; line < PQM_CURVE_LINES && st == PQM_OK; line++)
		st = check_line(c, line, where, err);
	return st;
}

/* ---- reading ---- */

struct reader {
	const char *where;
	const struct pqm_yaml *entry;
	struct pqm_err *err;
};

static enum pqm_st number(
	const struct reader *r, const char *key, const struct pqm_yaml *v, double *out)
{
	if (v == NULL)
		return pqm_fail(r->err, PQM_EUSAGE, "%s:%u: %s is missing: a number", r->where,
			r->entry->line, key);
	if (v->type != PQM_YAML_SCALAR || !pqm_f64_parse(pqm_yaml_text(v), out))
		return pqm_fail(r->err, PQM_EUSAGE, "%s:%u: %s: '%.*s' is not a finite number",
			r->where, v->line, key,
			PQM_FMT(v->type == PQM_YAML_SCALAR ? v->text : PQM_LIT("a list")));
	return PQM_OK;
}

static enum pqm_st numbers(const struct reader *r, const char *key, double *out, size_t *n)
{
	const struct pqm_yaml *list = pqm_yaml_get(r->entry, key);
	enum pqm_st st = PQM_OK;

	if (list == NULL || list->type != PQM_YAML_SEQ || list->n == 0 ||
		list->n > PQM_CURVE_POINTS_MAX)
		return pqm_fail(r->err, PQM_EUSAGE,
			"%s:%u: %s %s: a list of 1 to %d numbers, as [0.1, 0.4, 0.6]", r->where,
			list != NULL ? list->line : r->entry->line, key,
			list != NULL ? "is not what it must be" : "is missing",
			PQM_CURVE_POINTS_MAX);
	for (size_t i = 0; i < list->n && st == PQM_OK; i++) {
		char name[64];

		(void)snprintf(name, sizeof(name), "%s[%zu]", key, i);
		st = number(r, name, list->items[i], &out[i]);
	}
	*n = list->n;
	return st;
}

static pqm_bytes id_of(const struct pqm_yaml *entry)
{
	pqm_bytes id = pqm_yaml_str(entry, "curve"); /* a rule's own id is longer: risk.curve.X */

	return id.n > 0 ? id : pqm_yaml_str(entry, "id");
}

static pqm_bytes source_of(const struct pqm_yaml *entry)
{
	static const char *const keys[] = { "source", "event", "note", "why" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		pqm_bytes text = pqm_yaml_str(entry, keys[i]);

		if (text.n > 0)
			return text;
	}
	return (pqm_bytes){ NULL, 0 };
}

/* Keys of a curve, of a rule about one, and of the shared data file. */
static const char *const known_keys[] = { "id", "curve", "base_year", "horizons_years", "slow",
	"central", "fast", "source", "event", "note", "why", "panel", "published", "recommended",
	"compare", "confidence", "refs", "url", "seen", "of", "rule", "hit", "miss" };

/* A key that is misspelt would leave its value unread without a word. */
static enum pqm_st check_keys(const struct reader *r)
{
	for (size_t i = 0; i < r->entry->n; i++) {
		pqm_bytes key = r->entry->keys[i]->text;
		size_t best = 0, least = SIZE_MAX;

		for (size_t k = 0; k < sizeof(known_keys) / sizeof(known_keys[0]); k++) {
			size_t d = pqm_distance(key, pqm_str(known_keys[k]));

			best = d < least ? k : best;
			least = d < least ? d : least;
		}
		if (least > 0)
			return pqm_fail(r->err, PQM_EUSAGE,
				"%s:%u: unknown key '%.*s'; the nearest is '%s'", r->where,
				r->entry->keys[i]->line, PQM_FMT(key), known_keys[best]);
	}
	return PQM_OK;
}

static enum pqm_st read_entry(struct pqm_arrival *c, const struct reader *r)
{
	enum pqm_st st = check_keys(r);
	size_t n = 0;

	if (st == PQM_OK)
		st = number(r, "base_year", pqm_yaml_get(r->entry, "base_year"), &c->base_year);
	if (st == PQM_OK)
		st = numbers(r, "horizons_years", c->horizon, &c->n);
	for (size_t line = 0; line < PQM_CURVE_LINES && st == PQM_OK; line++) {
		st = numbers(r, line_keys[line], c->f[line], &n);
		if (st == PQM_OK && n != c->n)
			st = pqm_fail(r->err, PQM_EUSAGE,
				"%s:%u: %s has %zu values for %zu horizons_years; give as many",
				r->where, r->entry->line, line_keys[line], n, c->n);
	}
	c->id = id_of(r->entry);
	c->source = source_of(r->entry);
	return st == PQM_OK ? pqm_curve_check(c, r->where, r->err) : st;
}

/* The entry that is meant; how many there are goes to *n. */
static const struct pqm_yaml *choose(const struct pqm_yaml *list, pqm_bytes pick, size_t *n)
{
	const struct pqm_yaml *found = NULL;

	*n = 0;
	for (size_t i = 0; i < list->n; i++) {
		const struct pqm_yaml *e = list->items[i];

		if (pqm_yaml_get(e, "horizons_years") == NULL)
			continue; /* a rule about another curve, such as stress */
		if (pick.n > 0 ? pqm_eq(pick, id_of(e)) : pqm_yaml_true(e, "recommended"))
			return e;
		found = e;
		++*n;
	}
	return pick.n == 0 && *n == 1 ? found : NULL;
}

static enum pqm_st pick_entry(struct reader *r, const struct pqm_yaml *root, pqm_bytes pick)
{
	const struct pqm_yaml *list = pqm_yaml_get(root, "curves");
	size_t n = 0;

	if (list == NULL && root->type == PQM_YAML_SEQ)
		list = root;
	r->entry = root;
	if (list != NULL && list->type == PQM_YAML_SEQ) {
		r->entry = choose(list, pick, &n);
		if (r->entry == NULL && pick.n > 0)
			return pqm_fail(r->err, PQM_EUSAGE, "%s: holds no curve '%.*s'", r->where,
				PQM_FMT(pick));
		if (r->entry == NULL)
			return pqm_fail(r->err, PQM_EUSAGE,
				"%s: holds %zu curves and none is recommended; name one: %s#ID",
				r->where, n, r->where);
	} else if (root->type != PQM_YAML_MAP) {
		return pqm_fail(r->err, PQM_EUSAGE,
			"%s: not a curve: a mapping with id, base_year, horizons_years, slow, "
			"central, fast",
			r->where);
	} else if (pick.n > 0 && !pqm_eq(pick, id_of(root))) {
		return pqm_fail(
			r->err, PQM_EUSAGE, "%s: holds no curve '%.*s'", r->where, PQM_FMT(pick));
	}
	return PQM_OK;
}

enum pqm_st pqm_curve_read(struct pqm_arrival *out, pqm_bytes text, const char *where,
	pqm_bytes pick, struct pqm_arena *arena, struct pqm_err *err)
{
	struct reader r = { .where = where, .err = err };
	struct pqm_err why = { 0 };
	struct pqm_arrival c = { 0 };
	const struct pqm_yaml *root;
	enum pqm_st st;

	if (pqm_yaml_one(&root, text, arena, &why) != PQM_OK)
		return pqm_fail(err, PQM_EUSAGE, "%s:%s", where, why.msg);
	st = pick_entry(&r, root, pick);
	if (st == PQM_OK)
		st = read_entry(&c, &r);
	if (st == PQM_OK)
		*out = c;
	return st;
}

/* ---- the built-in ones ---- */

static const struct pqm_rule *rule_of(const struct pqm_rules *rules, pqm_bytes id)
{
	const struct pqm_rule *r;

	for (size_t i = 0; (r = pqm_rules_next(rules, "risk/curves.yaml", &i)) != NULL;)
		if (pqm_eq(pqm_yaml_str(r->node, "curve"), id))
			return r;
	return NULL;
}

bool pqm_curve_is_known(const struct pqm_rules *r, pqm_bytes id)
{
	const struct pqm_rule *rule = rule_of(r, id);

	return rule != NULL && pqm_yaml_get(rule->node, "horizons_years") != NULL;
}

enum pqm_st pqm_curve_of_rule(
	struct pqm_arrival *out, const struct pqm_rule *r, struct pqm_err *err)
{
	char where[128];
	struct reader reader = { .where = where, .entry = r->node, .err = err };
	struct pqm_arrival c = { 0 };
	enum pqm_st st;

	(void)snprintf(where, sizeof(where), "rules/%.*s", PQM_FMT(r->file));
	st = read_entry(&c, &reader);
	if (st == PQM_OK)
		*out = c;
	return st;
}

static bool same(const struct pqm_arrival *a, const struct pqm_arrival *b)
{
	bool eq = a->n == b->n && a->base_year == b->base_year;

	for (size_t i = 0; eq && i < a->n; i++)
		for (size_t line = 0; line < PQM_CURVE_LINES; line++)
			eq = eq && a->horizon[i] == b->horizon[i] && a->f[line][i] == b->f[line][i];
	return eq;
}

enum pqm_st pqm_curve_is_own(const struct pqm_arrival *c, const struct pqm_rules *rules,
	const char *where, struct pqm_err *err)
{
	const struct pqm_rule *r = rule_of(rules, c->id);
	struct pqm_arrival known;

	if (r == NULL || (pqm_curve_of_rule(&known, r, NULL) == PQM_OK && same(&known, c)))
		return PQM_OK;
	return pqm_fail(err, PQM_EUSAGE,
		"%s: id: '%.*s' is a built-in curve with other numbers; give yours a name of its "
		"own",
		where, PQM_FMT(c->id));
}
