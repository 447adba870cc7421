/*
 * cbom_protocol.h — endpoints as CycloneDX protocol assets.
 *
 * Shape:     one component for each version that an endpoint speaks (one for SSH and IKE), with its
 *            cipher suites and the certificates it showed.
 * Ownership: reads only; scratch is the caller's.
 * Errors:    kept in the output stream.
 * Standard:  CycloneDX 1.6, cryptoProperties.protocolProperties.
 */
#ifndef PQM_REPORT_CBOM_PROTOCOL_H
#define PQM_REPORT_CBOM_PROTOCOL_H

#include "base/map.h"
#include "base/out.h"
#include "model/inventory.h"
#include "rules/rules.h"

struct pqm_cbom_protocols {
	struct pqm_out *o;
	const struct pqm_rules *rules;
	const struct pqm_map *certs; /* identity ("spki:…") -> struct pqm_finding of a component */
	struct pqm_arena *scratch;   /* reset for each component */
	bool is_1_7;		     /* suites name groups and signature schemes */
};

void pqm_cbom_protocol(const struct pqm_cbom_protocols *b, const struct pqm_endpoint *e);

#endif
