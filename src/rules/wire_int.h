/*
 * wire_int.h — the tables behind wire.h, between their builder and their look-ups.
 *
 * Ownership: everything lives in the arena; texts of the wires are the rules'.
 * Threads:   const after build.
 */
#ifndef PQM_RULES_WIRE_INT_H
#define PQM_RULES_WIRE_INT_H

#include "rules/wire.h"

/* Longer names are nobody's. */
#define WIRE_NAME_BYTES 128

struct pqm_wire_list {
	struct pqm_wire *wire; /* in the order of the files: the order worth asking */
	size_t n;
	struct pqm_probe_code *code;	 /* of wire[i]; only where there are numbers */
	const struct pqm_wire **by_code; /* sorted; n of them */
	struct pqm_map by_name;		 /* lower case */
	const struct pqm_wire **glob;	 /* those whose name holds a '*' */
	size_t n_globs, cap_globs;
};

struct pqm_wires {
	struct pqm_arena arena;
	struct pqm_wire_list list[PQM_W_N];
};

/* The folder or file of a kind: "tls/groups.yaml". */
const char *pqm_wire_file(enum pqm_wire_kind kind);
bool pqm_wire_has_codes(enum pqm_wire_kind kind);
/* code | aux << 16 */
uint32_t pqm_wire_key(const struct pqm_wire *w);
/* Lower case in out, which holds WIRE_NAME_BYTES; empty when too long. */
pqm_bytes pqm_wire_lower(char *out, pqm_bytes name);
/* 0x1301 or 4865; three bytes for SSL 2.0. */
bool pqm_wire_number(pqm_bytes text, uint32_t *out);

#endif
