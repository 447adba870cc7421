#include <inttypes.h>
#include <math.h>

#include "base/num.h"
#include "risk.h"

#define VERSION "1.0"
#define DECIMALS 4 /* of a number in a vector: an hour of a year */
#define YEARS_MAX 1000

/* Takes "KEY:value" off the text and checks the key. */
static enum pqm_st take(pqm_bytes *rest, const char *key, pqm_bytes *value, struct pqm_err *err)
{
	pqm_bytes part = { NULL, 0 };
	size_t colon;

	if (!pqm_split(rest, '/', &part))
		return pqm_fail(err, PQM_EUSAGE, "vector: key '%s' is missing", key);
	colon = pqm_find_byte(part, 0, ':');
	if (colon == SIZE_MAX)
		return pqm_fail(err, PQM_EUSAGE, "vector: '%.*s' is not KEY:value", PQM_FMT(part));
	if (!pqm_eqs(pqm_sub(part, 0, colon), key)) {
		static const char *const keys[] = { "QRV", "AD", "U", "A", "D", "X", "Y", "W", "E",
			"C", "I" };

		for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
			if (pqm_eqs(pqm_sub(part, 0, colon), keys[i]))
				return pqm_fail(err, PQM_EUSAGE,
					"vector: key '%s' stands where '%s' must stand (order: "
					"QRV AD U A D X Y W E C I)",
					keys[i], key);
		return pqm_fail(err, PQM_EUSAGE, "vector: unknown key '%.*s'; expected '%s'",
			PQM_FMT(pqm_sub(part, 0, colon)), key);
	}
	*value = pqm_sub(part, colon + 1, part.n);
	return PQM_OK;
}

/* Digits, at most one '.', at most four decimals: no sign, no exponent, no locale. */
static bool number(pqm_bytes b, double max, double *out)
{
	size_t dot = pqm_find_byte(b, 0, '.'), whole = dot == SIZE_MAX ? b.n : dot;
	double v;

	if (whole == 0 || whole > 6 ||
		(dot != SIZE_MAX && (b.n - dot < 2 || b.n - dot - 1 > DECIMALS)))
		return false;
	for (size_t i = 0; i < b.n; i++)
		if (i != dot && (b.p[i] < '0' || b.p[i] > '9'))
			return false;
	if (!pqm_f64_parse(b, &v) || v > max)
		return false;
	*out = v;
	return true;
}

static enum pqm_st take_number(
	pqm_bytes *rest, const char *key, double max, double *out, struct pqm_err *err)
{
	pqm_bytes b = { NULL, 0 };
	enum pqm_st st = take(rest, key, &b, err);

	if (st != PQM_OK)
		return st;
	if (!number(b, max, out))
		return pqm_fail(err, PQM_EUSAGE,
			"vector: %s:%.*s is not a number from 0 to %.0f with at most %d decimals",
			key, PQM_FMT(b), max, DECIMALS);
	return PQM_OK;
}

static enum pqm_st take_letter(
	pqm_bytes *rest, const char *key, const char *allowed, char *out, struct pqm_err *err)
{
	pqm_bytes b = { NULL, 0 };
	enum pqm_st st = take(rest, key, &b, err);

	if (st != PQM_OK)
		return st;
	if (b.n != 1 || memchr(allowed, b.p[0], strlen(allowed)) == NULL)
		return pqm_fail(err, PQM_EUSAGE, "vector: %s:%.*s is not one of %s", key,
			PQM_FMT(b), allowed);
	*out = (char)b.p[0];
	return PQM_OK;
}

static enum pqm_st take_layers(
	pqm_bytes *rest, const struct pqm_risk_params *p, struct pqm_vector *v, struct pqm_err *err)
{
	pqm_bytes b = { NULL, 0 }, layer;
	enum pqm_st st = take(rest, "A", &b, err);

	if (st != PQM_OK)
		return st;
	while (pqm_split(&b, '&', &layer)) {
		const struct pqm_risk_class *c = pqm_risk_class_find(p, layer);

		if (v->n_layers == PQM_LAYERS_MAX)
			return pqm_fail(err, PQM_EUSAGE, "vector: A has more than %d layers",
				PQM_LAYERS_MAX);
		if (c == NULL)
			return pqm_fail(err, PQM_EUSAGE,
				"vector: A:%.*s is not a class of rules/risk/shifts.yaml (E256, "
				"R2048, SYM, UNK …)",
				PQM_FMT(layer));
		memcpy(v->layers[v->n_layers++], c->code, sizeof(c->code));
	}
	return v->n_layers > 0 ? PQM_OK : pqm_fail(err, PQM_EUSAGE, "vector: A is empty");
}

static enum pqm_st take_coverage(
	pqm_bytes *rest, const struct pqm_risk_params *p, struct pqm_vector *v, struct pqm_err *err)
{
	pqm_bytes b = { NULL, 0 };
	enum pqm_st st = take(rest, "C", &b, err);

	if (st != PQM_OK)
		return st;
	for (size_t i = 0; b.n == 1 && i < p->n_coverage; i++)
		if ((char)b.p[0] == p->coverage[i].code) {
			v->coverage = p->coverage[i].code;
			return PQM_OK;
		}
	if (!number(b, 1, &v->share))
		return pqm_fail(err, PQM_EUSAGE,
			"vector: C:%.*s is neither N, F, E nor a share from 0 to 1", PQM_FMT(b));
	v->coverage = 'M';
	return PQM_OK;
}

static enum pqm_st take_exposure(
	pqm_bytes *rest, const struct pqm_risk_params *p, char use, char *out, struct pqm_err *err)
{
	bool forged = use == 'S' || use == 'L';
	const struct pqm_risk_letter *t = forged ? p->reach : p->harvest;
	size_t n = forged ? p->n_reach : p->n_harvest;
	char allowed[PQM_RISK_LETTERS_MAX + 1] = "";

	for (size_t i = 0; i < n; i++)
		allowed[i] = t[i].code;
	return take_letter(rest, "E", allowed, out, err);
}

enum pqm_st pqm_vector_parse(struct pqm_vector *out, const struct pqm_risk_params *p,
	pqm_bytes text, struct pqm_err *err)
{
	struct pqm_vector v = { 0 };
	pqm_bytes rest = text, b = { NULL, 0 };
	char level = '0';
	enum pqm_st st;

	if (text.n >= PQM_VECTOR_BYTES)
		return pqm_fail(err, PQM_EUSAGE, "vector: %zu bytes, over the limit of %d", text.n,
			PQM_VECTOR_BYTES - 1);
	st = take(&rest, "QRV", &b, err);
	if (st == PQM_OK && !pqm_eqs(b, VERSION))
		st = pqm_fail(err, PQM_EUSAGE, "vector: QRV:%.*s; this program knows " VERSION,
			PQM_FMT(b));
	if (st == PQM_OK)
		st = take_number(&rest, "AD", 9999, &v.assessed, err);
	if (st == PQM_OK)
		st = take_letter(&rest, "U", "KTWSL", &v.use, err);
	if (st == PQM_OK)
		st = take_layers(&rest, p, &v, err);
	if (st == PQM_OK)
		st = take_letter(&rest, "D", "FS", &v.data, err);
	if (st == PQM_OK)
		st = take_number(&rest, "X", YEARS_MAX, &v.life_years, err);
	if (st == PQM_OK)
		st = take_number(&rest, "Y", YEARS_MAX, &v.protect_years, err);
	if (st == PQM_OK)
		st = take_number(&rest, "W", YEARS_MAX, &v.in_use_years, err);
	if (st == PQM_OK)
		st = take_exposure(&rest, p, v.use, &v.exposure, err);
	if (st == PQM_OK)
		st = take_coverage(&rest, p, &v, err);
	if (st == PQM_OK)
		st = take_letter(&rest, "I", "12345", &level, err);
	if (st == PQM_OK && rest.p != NULL && pqm_split(&rest, '/', &b))
		st = pqm_fail(
			err, PQM_EUSAGE, "vector: '%.*s' follows the last key 'I'", PQM_FMT(b));
	if (st != PQM_OK)
		return st;
	v.impact = (unsigned)(level - '0');
	*out = v;
	return PQM_OK;
}

/* Shortest form with up to four decimals; keep of them stay even when zero. */
static void put_number(char out[32], double v, int keep)
{
	double most = 999999, units = round((v < most ? v : most) * 10000);
	uint64_t u = units > 0 ? (uint64_t)units : 0;
	int n = snprintf(out, 32, "%" PRIu64 ".%04u", u / 10000, (unsigned)(u % 10000));

	for (int i = 0; i < DECIMALS - keep && n > 0 && out[n - 1] == '0'; i++)
		out[--n] = '\0';
	if (n > 0 && out[n - 1] == '.')
		out[--n] = '\0';
}

void pqm_vector_print(char out[PQM_VECTOR_BYTES], const struct pqm_vector *v)
{
	char ad[32], x[32], y[32], w[32], c[32] = { v->coverage, '\0' }, a[PQM_LAYERS_MAX * 8 + 1];
	size_t n = 0;

	for (size_t i = 0; i < v->n_layers; i++) {
		size_t len = strnlen(v->layers[i], sizeof(v->layers[i]) - 1);

		if (i > 0)
			a[n++] = '&';
		memcpy(a + n, v->layers[i], len);
		n += len;
	}
	a[n] = '\0';
	put_number(ad, v->assessed, 1);
	put_number(x, v->life_years, 0);
	put_number(y, v->protect_years, 0);
	put_number(w, v->in_use_years, 0);
	if (v->coverage == 'M')
		put_number(c, v->share, 0);
	(void)snprintf(out, PQM_VECTOR_BYTES,
		"QRV:" VERSION "/AD:%.11s/U:%c/A:%s/D:%c/X:%.11s/Y:%.11s/W:%.11s/E:%c/C:%.11s/I:%u",
		ad, v->use, a, v->data, x, y, w, v->exposure, c, v->impact);
}
