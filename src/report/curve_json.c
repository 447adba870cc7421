#include "curve_json.h"

#include "assess/curve.h"

static const char *const keys[PQM_CURVE_LINES] = { "slow", "central", "fast" };

static void numbers(struct pqm_out *o, const char *key, const double *v, size_t n)
{
	pqm_js_open(o, key, '[');
	for (size_t i = 0; i < n; i++)
		pqm_js_exact(o, NULL, v[i]);
	pqm_js_close(o, ']');
}

void pqm_curve_json(struct pqm_out *o, const char *key, const struct pqm_arrival *c)
{
	pqm_js_open(o, key, '{');
	pqm_js_str(o, "id", c->id);
	pqm_js_opt(o, "source", c->source);
	pqm_js_exact(o, "base_year", c->base_year);
	numbers(o, "horizons_years", c->horizon, c->n);
	for (size_t line = 0; line < PQM_CURVE_LINES; line++)
		numbers(o, keys[line], c->f[line], c->n);
	pqm_js_close(o, '}');
}

static bool read_numbers(const struct pqm_json *v, const char *key, double *out, size_t *n)
{
	const struct pqm_json *list = pqm_json_get(v, key);
	size_t size = pqm_json_size(list), i = 0;

	if (!pqm_json_is_array(list) || size == 0 || size > PQM_CURVE_POINTS_MAX)
		return false;
	for (const struct pqm_json *x = pqm_json_first(list); x != NULL; x = pqm_json_next(x))
		if (!pqm_json_f64(x, &out[i++]))
			return false;
	*n = size;
	return true;
}

enum pqm_st pqm_curve_load(const struct pqm_arrival **out, const struct pqm_json *v,
	const char *where, struct pqm_arena *arena, struct pqm_err *err)
{
	struct pqm_arrival *c;
	size_t n = 0;
	enum pqm_st st;

	if (v == NULL)
		return PQM_OK;
	c = pqm_new(arena, struct pqm_arrival, 1);
	if (c == NULL)
		return pqm_fail(err, PQM_ENOMEM, "%s: out of memory", where);
	c->id = pqm_bytes_dup(arena, pqm_json_str(v, "id"));
	c->source = pqm_bytes_dup(arena, pqm_json_str(v, "source"));
	if (!pqm_json_get_f64(v, "base_year", &c->base_year) ||
		!read_numbers(v, "horizons_years", c->horizon, &c->n))
		return pqm_fail(err, PQM_EPARSE,
			"%s: base_year is no number, or horizons_years no list of 1 to %d", where,
			PQM_CURVE_POINTS_MAX);
	for (size_t line = 0; line < PQM_CURVE_LINES; line++)
		if (!read_numbers(v, keys[line], c->f[line], &n) || n != c->n)
			return pqm_fail(err, PQM_EPARSE, "%s: %s: not a list of %zu numbers", where,
				keys[line], c->n);
	st = pqm_curve_check(c, where, err);
	if (st == PQM_OK)
		*out = c;
	return st;
}
