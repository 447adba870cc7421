#include "base/buf.h"
#include "base/hash.h"
#include "base/num.h"
#include "risk.h"

/* Ample: every number of the largest tables in 24 bytes. */
#define TEXT_BYTES ((size_t)256 << 10)

static void row(struct pqm_buf *b, const char *key, const double *v, size_t n)
{
	(void)pqm_buf_f(b, "%s", key);
	for (size_t i = 0; i < n; i++)
		(void)pqm_buf_f(b, " %.17g", v[i]);
	(void)pqm_buf_byte(b, '\n');
}

static void points(struct pqm_buf *b, const struct pqm_risk_points *c)
{
	row(b, "year", c->year, c->n);
	for (size_t s = 0; s < PQM_CURVE_LINES; s++)
		row(b, "f", c->f[s], c->n);
}

static void letters(struct pqm_buf *b, const char *key, const struct pqm_risk_letter *t, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		(void)pqm_buf_f(b, "%s %c", key, t[i].code);
		row(b, "", t[i].value, PQM_N_SCENARIOS);
	}
}

enum pqm_st pqm_risk_params_hash(char out[65], const struct pqm_risk_params *p, struct pqm_err *err)
{
	enum pqm_st st = PQM_OK;
	uint8_t digest[PQM_SHA256_BYTES];
	const double rest[] = { p->volatile_levels, p->broken_today, p->late_years, p->near_years,
		p->late, p->near };
	struct pqm_buf b;

	pqm_buf_init(&b, TEXT_BYTES);
	points(&b, &p->at);
	for (size_t i = 0; i < p->n_other; i++)
		points(&b, &p->other[i]);
	for (size_t i = 0; i < p->n_classes; i++) {
		(void)pqm_buf_f(&b, "%s %d", p->classes[i].code, (int)p->classes[i].fall);
		row(&b, "", p->classes[i].shift, PQM_N_SCENARIOS);
	}
	letters(&b, "harvest", p->harvest, p->n_harvest);
	letters(&b, "reach", p->reach, p->n_reach);
	letters(&b, "coverage", p->coverage, p->n_coverage);
	row(&b, "impact", p->impact_mid, PQM_N_IMPACTS);
	row(&b, "band", p->band_from, PQM_N_BANDS);
	for (size_t i = 0; i < PQM_N_BANDS; i++)
		for (size_t k = 0; k < PQM_N_IMPACTS; k++)
			(void)pqm_buf_f(&b, "%d\n", (int)p->table[i][k]);
	row(&b, "rest", rest, sizeof(rest) / sizeof(rest[0]));
	if (b.failed)
		st = pqm_fail(err, PQM_ENOMEM, "assessment: out of memory");
	pqm_sha256(digest, pqm_buf_bytes(&b));
	pqm_hex(out, digest, sizeof(digest));
	pqm_buf_fini(&b);
	return st;
}
