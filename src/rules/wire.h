/*
 * wire.h — code points and names of TLS, SSH and IKE: rules/tls, rules/ssh, rules/endpoints, typed.
 *
 * Ownership: built with the rules; texts are borrowed from them.
 * Errors:    PQM_EUSAGE "FILE:LINE: words" for anything wrong in a rule file.
 * Threads:   const after load.
 */
#ifndef PQM_RULES_WIRE_H
#define PQM_RULES_WIRE_H

#include "model/codes.h"
#include "rules/rules.h"

enum pqm_wire_kind {
	PQM_W_GROUP,
	PQM_W_SUITE,
	PQM_W_SCHEME,
	PQM_W_VERSION,
	PQM_W_SSH_KEX,
	PQM_W_SSH_HOST_KEY,
	PQM_W_SSH_CIPHER,
	PQM_W_SSH_MAC,
	PQM_W_IKE,
	PQM_W_N
};

struct pqm_wire {
	const struct pqm_rule *rule;
	enum pqm_wire_kind kind;
	struct pqm_probe_code code; /* code 0 for names */
	pqm_bytes name;		    /* X25519MLKEM768, TLS_AES_128_GCM_SHA256, curve25519-sha256 */
	pqm_bytes status;	    /* standard, draft, experimental, retired, private */
	pqm_bytes family, algorithm, parameter; /* of the catalogue */
	enum pqm_function function;
	enum pqm_quantum quantum;
	enum pqm_classical classical;
	pqm_bytes why, fix;
};

struct pqm_wires;

/* Builds the view from r's rules; *out is returned owned. Called by the loader. */
enum pqm_st pqm_wires_build(
	struct pqm_wires **out, const struct pqm_rules *r, struct pqm_err *err) PQM_MUST_USE;
void pqm_wires_free(struct pqm_wires *w); /* may be NULL */

/* NULL: not in the registry: print the number. SSL 2.0 kinds: code | aux << 16. */
const struct pqm_wire *pqm_wire_code(
	const struct pqm_rules *r, enum pqm_wire_kind kind, uint32_t code);
/* By the name of the wire (SSH, IKE) or the registry (groups: also OpenSSL's spellings). */
const struct pqm_wire *pqm_wire_name(
	const struct pqm_rules *r, enum pqm_wire_kind kind, pqm_bytes name);
/* All of a kind as the prober takes them, in the order worth asking. */
const struct pqm_probe_code *pqm_wire_table(
	const struct pqm_rules *r, enum pqm_wire_kind kind, size_t *n);
/* Does the sample, a name or a code ("0x11EC"), resolve to an entry of this rule? */
bool pqm_wire_rule_takes(const struct pqm_rules *r, const struct pqm_rule *rule, pqm_bytes sample);

#endif
