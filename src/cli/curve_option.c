#include "curve_option.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/slurp.h"

static enum pqm_st unknown(
	const struct pqm_rules *rules, const char *said, int errnum, struct pqm_err *err)
{
	const struct pqm_rule *r;
	struct pqm_buf known;

	pqm_buf_init(&known, 4096);
	for (size_t i = 0; (r = pqm_rules_next(rules, "risk/curves.yaml", &i)) != NULL;) {
		pqm_bytes id = pqm_yaml_str(r->node, "curve");

		if (pqm_curve_is_known(rules, id))
			(void)pqm_buf_f(&known, " %.*s", PQM_FMT(id));
	}
	(void)pqm_fail(err, PQM_EUSAGE,
		"curve '%s' is not known; there are:%.*s; nor is it a file: %s", said,
		PQM_FMT(pqm_buf_bytes(&known)), strerrordesc_np(errnum));
	pqm_buf_fini(&known);
	return PQM_EUSAGE;
}

/* "FILE", or "FILE#ID" when no file has the whole name. */
static enum pqm_st read_said(struct pqm_slurp *file, pqm_bytes *text, pqm_bytes *pick,
	struct pqm_arena *arena, struct pqm_err *err)
{
	const char *said = file->path, *mark = strrchr(said, '#');
	enum pqm_st st = pqm_slurp(text, file, arena, err);
	int why = file->errnum;
	pqm_bytes path;

	*pick = (pqm_bytes){ NULL, 0 };
	if (why == 0 || mark == NULL)
		return st;
	path = pqm_bytes_dup(arena, pqm_sub(pqm_str(said), 0, (size_t)(mark - said)));
	if (path.p == NULL)
		return pqm_fail(err, PQM_ENOMEM, "%s: out of memory", said);
	file->path = (const char *)path.p;
	*pick = pqm_str(mark + 1);
	st = pqm_slurp(text, file, arena, err);
	if (file->errnum != 0)
		file->errnum = why;
	return st;
}

enum pqm_st pqm_curve_choose(struct pqm_curve_choice *out, const struct pqm_rules *r,
	const char *said, struct pqm_arena *arena, struct pqm_err *err)
{
	struct pqm_slurp file = {
		.path = said, .limit = PQM_RULE_FILE_BYTES, .refusal = PQM_EUSAGE
	};
	struct pqm_arrival *c = NULL;
	pqm_bytes pick, text;
	enum pqm_st st;

	if (pqm_curve_is_known(r, pqm_str(said))) {
		*out = (struct pqm_curve_choice){ pqm_bytes_dup(arena, pqm_str(said)), NULL };
		return PQM_OK;
	}
	st = read_said(&file, &text, &pick, arena, err);
	if (file.errnum != 0)
		return unknown(r, said, file.errnum, err);
	if (st != PQM_OK)
		return st;
	c = pqm_new(arena, struct pqm_arrival, 1);
	if (c == NULL)
		return pqm_fail(err, PQM_ENOMEM, "%s: out of memory", said);
	st = pqm_curve_read(c, text, file.path, pick, arena, err);
	if (st == PQM_OK)
		st = pqm_curve_is_own(c, r, file.path, err);
	if (st == PQM_OK)
		*out = (struct pqm_curve_choice){ c->id, c };
	return st;
}
