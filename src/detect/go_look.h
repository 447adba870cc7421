/* go_look.h — one Go program as det_go.c and go_*.c look at it. */
#ifndef PQM_DETECT_GO_LOOK_H
#define PQM_DETECT_GO_LOOK_H

#include "detect/detector.h"
#include "parse/gocalls.h"
#include "parse/goflow.h"
#include "rules/golang.h"

struct go_look {
	const struct pqm_rules *r;
	struct pqm_arena *arena;
	struct pqm_emit *out;
	struct pqm_go_rules rules;
	struct pqm_gobin bin;
	struct pqm_pclntab table;
	struct pqm_go_graph graph;
	struct pqm_go_types types;
	unsigned version; /* 124 is Go 1.24 */
	uint64_t base;	  /* of the image in the body */
	bool has_fipsonly, has_tls, is_spent;
	uint64_t flow_left, callers_left; /* bytes of code that may still be gone through */
	enum pqm_meaning tls;		  /* use, offer; absent: nothing leads to it */
};

/* Walks the program and emits what it uses and what its TLS does. */
enum pqm_st go_emit(struct go_look *k, struct pqm_err *err);
/* What the toolchain's TLS does here: only for programs that have it. */
enum pqm_st go_emit_tls(struct go_look *k);
/* Groups and versions that the program fixes. */
enum pqm_st go_emit_pins(struct go_look *k);
/* What the rule asks for of the call's arguments: "3072" (and *bits), "P-384"; empty: not known. */
pqm_bytes go_argument(struct go_look *k, const struct pqm_go_call *c, uint32_t *bits);
pqm_bytes go_name(const struct go_look *k, uint32_t function);
/* "main.main -> main.load": how the program gets to the function. */
pqm_bytes go_way(const struct go_look *k, uint32_t function);
bool go_file_off(const struct go_look *k, uint64_t addr, uint64_t *off);
/* Adds version, module and settings that matter to a finding. */
void go_say_build(const struct go_look *k, struct pqm_found *f);

#endif
