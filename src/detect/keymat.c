#include "keymat.h"

#include "base/num.h"
#include "detect/material.h"

static enum pqm_function function_of(enum pqm_pk_use use)
{
	switch (use) {
	case PQM_PK_ANY:
		return PQM_FN_ANY;
	case PQM_PK_SIG:
		return PQM_FN_SIG;
	case PQM_PK_KEX:
		return PQM_FN_KEX;
	case PQM_PK_PKE:
		return PQM_FN_PKE;
	}
	return PQM_FN_ANY;
}

void pqm_keymat_status(struct pqm_found *f, const struct pqm_rules *r, const char *rule)
{
	const struct pqm_alg_ref *ref = pqm_alg_by_name(r, f->family);

	f->quantum = ref == NULL ? PQM_Q_UNKNOWN : ref->alg->quantum;
	f->classical = ref == NULL ? PQM_C_OK : ref->alg->classical;
	f->classical = pqm_material_classical(f->family, f->bits, f->classical);
	pqm_rule_fill(f, r, rule);
}

void pqm_keymat_fill(struct pqm_found *f, const struct pqm_rules *r, const char *rule,
	const struct pqm_pubkey *k, uint64_t off)
{
	*f = (struct pqm_found){
		.identity = pqm_str(k->identity),
		.meaning = PQM_KEY,
		.function = function_of(k->use),
		.evidence = PQM_PARSED,
		.family = pqm_str(k->family),
		.algorithm = pqm_str(k->algorithm),
		.parameter = pqm_str(k->parameter),
		.bits = k->bits,
		.off = off,
	};
	pqm_keymat_status(f, r, rule);
}

pqm_bytes pqm_keymat_clip(char out[65], pqm_bytes text)
{
	size_t n = text.n > 64 ? 64 : text.n;

	for (size_t i = 0; i < n; i++)
		out[i] = text.p[i] >= 0x20 && text.p[i] < 0x7f ? (char)text.p[i] : '?';
	out[n] = '\0';
	return (pqm_bytes){ (const uint8_t *)out, n };
}

pqm_bytes pqm_keymat_date(char out[16], uint64_t seconds)
{
	static const uint64_t year_10000 = UINT64_C(253402300800);

	out[0] = '\0';
	if (seconds < year_10000)
		pqm_date_format(out, (int64_t)(seconds / 86400));
	return pqm_str(out);
}
