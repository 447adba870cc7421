#include "inputs.h"

#include <math.h>
#include <string.h>

static struct pqm_input number(
	const char *key, const char *title, double value, const struct pqm_by *by)
{
	return (struct pqm_input){
		.key = key, .title = title, .is_number = true, .number = value, .by = *by
	};
}

/* What was seen of the cryptography, by the grade of its evidence. */
static struct pqm_by by_evidence(const struct pqm_hop *h)
{
	struct pqm_by by = { .from = PQM_FROM_GRAPH, .path = h->path, .line = h->line };

	if (h->evidence == PQM_NEGOTIATED) {
		by.from = PQM_FROM_PROBE;
		by.words = PQM_LIT("negotiated with a probe");
	} else if (h->verdict == PQM_V_UNKNOWN) {
		by.from = PQM_FROM_DEFAULT;
		by.is_assumption = true;
		by.words = PQM_LIT("assumed: nothing read tells; unknown is never safe");
	} else if (h->basis == PQM_ABSENCE) {
		by.is_assumption = true;
		by.words = PQM_LIT("assumed: nothing here sets it");
	} else if (h->basis == PQM_DEFAULT) {
		by.is_assumption = true;
		by.words = PQM_LIT("what the software does unless it is told otherwise");
	} else if (h->basis == PQM_IMPLIED) {
		by.is_assumption = true;
		by.words = PQM_LIT("follows from another setting");
	} else if (h->evidence == PQM_HINTED) {
		by.is_assumption = true;
		by.words = PQM_LIT("a name or string hints at it");
	} else if (h->evidence == PQM_PARSED) {
		by.words = PQM_LIT("decoded from the key or certificate");
	} else if (h->evidence == PQM_LINKED) {
		by.words = PQM_LIT("linked into the program");
	} else {
		by.words = h->ref.n > 0 ? h->ref : PQM_LIT("configured");
	}
	return by;
}

/* With fallback allowed, who negotiates the hybrid is a share that the rules assume. */
static struct pqm_by by_coverage(const struct pqm_hop *h, const struct pqm_by *evidence)
{
	struct pqm_by by = *evidence;

	if (h->coverage != 'F')
		return by;
	by.is_assumption = true;
	by.words = PQM_LIT("hybrid offered, classical still let in: the share of hybrid sessions "
			   "is a default");
	return by;
}

static void name_classes(struct pqm_input *in, const struct pqm_vector *v)
{
	size_t n = 0;

	for (size_t i = 0; i < v->n_layers; i++) {
		size_t len = strnlen(v->layers[i], sizeof(v->layers[i]) - 1);

		if (i > 0)
			in->text[n++] = '&'; /* as in the vector */
		memcpy(in->text + n, v->layers[i], len);
		n += len;
	}
	in->text[n] = '\0';
}

void pqm_inputs_of(
	struct pqm_input out[PQM_INPUTS], const struct pqm_asset *a, const struct pqm_use_score *u)
{
	const struct pqm_vector *v = &u->v;
	const struct pqm_by seen = by_evidence(u->hop);
	size_t n = 0;

	out[n++] = number("life", "Must hold, years", v->life_years, &a->life_by);
	out[n++] = number("protect", "Until protected, years", v->protect_years, &u->protect_by);
	out[n++] = number("in_use", "In use, years", v->in_use_years, &u->hop->in_use_by);
	out[n] = (struct pqm_input){
		.key = "exposure", .title = "Exposure", .by = u->hop->exposure_by
	};
	out[n++].text[0] = v->exposure;
	out[n] = (struct pqm_input){
		.key = "coverage", .title = "Protected share", .by = by_coverage(u->hop, &seen)
	};
	if (v->coverage == 'M') {
		out[n].is_number = true;
		out[n++].number = v->share;
	} else {
		out[n++].text[0] = v->coverage;
	}
	out[n] = (struct pqm_input){ .key = "class", .title = "Algorithm class", .by = seen };
	name_classes(&out[n++], v);
	out[n++] = number("impact", "Impact, 1 to 5", (double)v->impact, &a->impact_by);
}

struct pqm_shor pqm_shor_of(const struct pqm_use_score *u)
{
	static const struct {
		char use;
		struct pqm_shor shor;
	} rows[] = {
		{ 'K',
			{ "per-session",
				"one recorded session, or all that reused its key share" } },
		{ 'T', { "per-key", "every session recorded under this server's key" } },
		{ 'W', { "per-key", "everything wrapped to this key" } },
		{ 'S',
			{ "per-key",
				"no recording: the attacker speaks in this key's name while "
				"classical is accepted" } },
		{ 'L',
			{ "per-key",
				"no recording: every verifier that trusts this key takes what "
				"the attacker signs" } },
	};

	if (u->is_broken_today)
		return (struct pqm_shor){ "none", "it is open today, without any run" };
	if (isinf(u->tau[PQM_STRESS]))
		return (struct pqm_shor){ "none", "nothing here falls to a run" };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].use == u->v.use)
			return rows[i].shor;
	return (struct pqm_shor){ "none", "not told" };
}

const char *pqm_note_capped(const struct pqm_use_score *u)
{
	return u->is_capped ? "capped by survey horizon: it must hold longer than the survey looks "
			      "ahead, and the chance stays at its last value"
			    : NULL;
}

const char *pqm_note_conditioned(const struct pqm_use_score *u)
{
	return u->is_ahead ? "falls before RSA-2048, while the curve is conditioned on no RSA-2048 "
			     "machine today: short horizons are slightly overstated"
			   : NULL;
}
