#include "json.h"

#include <cjson/cJSON.h>

#include "base/limits.h"

static const cJSON *inner(const struct pqm_json *v)
{
	return (const cJSON *)(const void *)v;
}

static const struct pqm_json *outer(const cJSON *c)
{
	return (const struct pqm_json *)(const void *)c;
}

struct scan {
	pqm_bytes text;
	size_t i;
};

/* Moves behind the string whose opening quote is at s->i; false when it has no end or holds
 * \u0000. */
static bool skip_string(struct scan *s, struct pqm_err *err)
{
	size_t from = s->i++;

	while (s->i < s->text.n) {
		uint8_t c = s->text.p[s->i++];

		if (c == '"')
			return true;
		if (c == 0 ||
			(c == '\\' && pqm_starts(pqm_sub(s->text, s->i, 5), PQM_LIT("u0000")))) {
			(void)pqm_fail(
				err, PQM_EPARSE, "JSON: NUL in the string at offset %zu", from);
			return false;
		}
		if (c == '\\' && s->i < s->text.n)
			s->i++;
	}
	(void)pqm_fail(err, PQM_EPARSE, "JSON: the string at offset %zu has no end", from);
	return false;
}

/* cJSON recurses per level and has a limit of its own (1,000); ours is checked before it runs. */
static enum pqm_st check_shape(pqm_bytes text, struct pqm_err *err)
{
	struct scan s = { .text = text };
	size_t depth = 0;

	while (s.i < text.n) {
		uint8_t c = text.p[s.i];

		if (c == '"') {
			if (!skip_string(&s, err))
				return PQM_EPARSE;
			continue;
		}
		if ((c == '[' || c == '{') && ++depth > PQM_JSON_DEPTH)
			return pqm_fail(err, PQM_ELIMIT,
				"JSON: nested deeper than %d levels at offset %zu", PQM_JSON_DEPTH,
				s.i);
		if (c == ']' || c == '}') {
			if (depth == 0)
				return pqm_fail(err, PQM_EPARSE,
					"JSON: closing bracket without an opening one at offset "
					"%zu",
					s.i);
			depth--;
		}
		s.i++;
	}
	if (depth > 0)
		return pqm_fail(err, PQM_EPARSE,
			"JSON: %zu brackets still open at the end (%zu bytes)", depth, text.n);
	return PQM_OK;
}

enum pqm_st pqm_json_parse(
	struct pqm_json **out, pqm_bytes text, size_t max_bytes, struct pqm_err *err)
{
	const char *end = NULL;
	cJSON *root;
	enum pqm_st st;

	if (text.n > max_bytes)
		return pqm_fail(err, PQM_ELIMIT, "JSON: %zu bytes, over the limit of %zu", text.n,
			max_bytes);
	if (pqm_trim(text).n == 0)
		return pqm_fail(err, PQM_EPARSE, "JSON: the document is empty");
	st = check_shape(text, err);
	if (st != PQM_OK)
		return st;
	root = cJSON_ParseWithLengthOpts((const char *)text.p, text.n, &end, 0);
	size_t at = end == NULL ? 0 : (size_t)(end - (const char *)text.p);

	if (root == NULL)
		return pqm_fail(err, PQM_EPARSE, "JSON: not valid at offset %zu", at);
	if (pqm_trim(pqm_sub(text, at, text.n)).n > 0) {
		cJSON_Delete(root);
		return pqm_fail(err, PQM_EPARSE, "JSON: text after the document at offset %zu", at);
	}
	*out = (struct pqm_json *)(void *)root;
	return PQM_OK;
}

void pqm_json_free(struct pqm_json *root)
{
	cJSON_Delete((cJSON *)(void *)root);
}

bool pqm_json_is_object(const struct pqm_json *v)
{
	return cJSON_IsObject(inner(v));
}

bool pqm_json_is_array(const struct pqm_json *v)
{
	return cJSON_IsArray(inner(v));
}

bool pqm_json_is_null(const struct pqm_json *v)
{
	return cJSON_IsNull(inner(v));
}

const struct pqm_json *pqm_json_get(const struct pqm_json *object, const char *key)
{
	return pqm_json_is_object(object)
		? outer(cJSON_GetObjectItemCaseSensitive(inner(object), key))
		: NULL;
}

const struct pqm_json *pqm_json_first(const struct pqm_json *container)
{
	return pqm_json_is_object(container) || pqm_json_is_array(container)
		? outer(inner(container)->child)
		: NULL;
}

const struct pqm_json *pqm_json_next(const struct pqm_json *item)
{
	return item == NULL ? NULL : outer(inner(item)->next);
}

size_t pqm_json_size(const struct pqm_json *container)
{
	size_t n = 0;

	for (const struct pqm_json *v = pqm_json_first(container); v != NULL; v = pqm_json_next(v))
		n++;
	return n;
}

pqm_bytes pqm_json_key(const struct pqm_json *member)
{
	return member == NULL ? pqm_str(NULL) : pqm_str(inner(member)->string);
}

pqm_bytes pqm_json_text(const struct pqm_json *v)
{
	return cJSON_IsString(inner(v)) ? pqm_str(inner(v)->valuestring) : pqm_str(NULL);
}

bool pqm_json_f64(const struct pqm_json *v, double *out)
{
	if (!cJSON_IsNumber(inner(v)))
		return false;
	*out = inner(v)->valuedouble;
	return true;
}

bool pqm_json_i64(const struct pqm_json *v, int64_t *out)
{
	static const double exact = 9007199254740992.0; /* 2^53 */
	double d;

	/* The comparison is false for NaN, so the conversion is always in range. */
	if (!pqm_json_f64(v, &d) || !(d >= -exact && d <= exact))
		return false;
	if ((double)(int64_t)d < d || (double)(int64_t)d > d)
		return false;
	*out = (int64_t)d;
	return true;
}

bool pqm_json_u64(const struct pqm_json *v, uint64_t *out)
{
	int64_t i;

	if (!pqm_json_i64(v, &i) || i < 0)
		return false;
	*out = (uint64_t)i;
	return true;
}

bool pqm_json_bool(const struct pqm_json *v, bool *out)
{
	if (!cJSON_IsBool(inner(v)))
		return false;
	*out = cJSON_IsTrue(inner(v)) != 0;
	return true;
}

pqm_bytes pqm_json_str(const struct pqm_json *object, const char *key)
{
	return pqm_json_text(pqm_json_get(object, key));
}

bool pqm_json_get_f64(const struct pqm_json *object, const char *key, double *out)
{
	return pqm_json_f64(pqm_json_get(object, key), out);
}

bool pqm_json_get_u64(const struct pqm_json *object, const char *key, uint64_t *out)
{
	return pqm_json_u64(pqm_json_get(object, key), out);
}

bool pqm_json_get_i64(const struct pqm_json *object, const char *key, int64_t *out)
{
	return pqm_json_i64(pqm_json_get(object, key), out);
}

bool pqm_json_true(const struct pqm_json *object, const char *key)
{
	bool b = false;

	return pqm_json_bool(pqm_json_get(object, key), &b) && b;
}
