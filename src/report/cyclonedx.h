/*
 * cyclonedx.h — the two versions of CycloneDX that are written, from one walk.
 *
 * Standard: CycloneDX 1.6 and 1.7 (ECMA-424); names of 1.7 by rules/formats/cyclonedx.yaml.
 */
#ifndef PQM_REPORT_CYCLONEDX_H
#define PQM_REPORT_CYCLONEDX_H

#include "report/writer.h"

enum pqm_st pqm_cyclonedx_write(const struct pqm_report *r, struct pqm_out *o, bool is_1_7,
	struct pqm_err *err) PQM_MUST_USE;
/* "RSASSA-PKCS1" for the RSA of signatures; empty: the registry has no name for it. */
pqm_bytes pqm_cyclonedx_family(
	const struct pqm_rules *r, pqm_bytes family, enum pqm_function function);
/* "nist/P-256"; empty likewise. */
pqm_bytes pqm_cyclonedx_curve(const struct pqm_rules *r, pqm_bytes family, pqm_bytes parameter);

#endif
