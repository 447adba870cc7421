/*
 * follow_ports.h — the ports at which the names of an object can be asked.
 *
 * Shape:     one call reads the ports that the entry of the kind lists; words of schemes lead to the prober's.
 * Ownership: texts point into the object; what is made for a moment lives in the arena given.
 * Errors:    none; what no protocol is known for has no scheme.
 * Limits:    PQM_PORTS_MAX of one object.
 */
#ifndef PQM_ENGINE_FOLLOW_PORTS_H
#define PQM_ENGINE_FOLLOW_PORTS_H

#include "base/arena.h"
#include "model/inventory.h"
#include "rules/k8s.h"

#define PQM_PORTS_MAX 64

struct pqm_port {
	pqm_bytes group; /* list item that it stands in: "spec.listeners[0]" */
	uint16_t number;
	bool is_udp, is_plain;
	const char *scheme; /* NULL: by the number */
};

struct pqm_ports {
	struct pqm_port p[PQM_PORTS_MAX];
	size_t n;
	bool any;     /* written, whatever their number */
	bool is_edge; /* of what clients enter by */
};

/* What the entry of the object's kind calls ports. */
void pqm_ports_read(struct pqm_arena *a, struct pqm_ports *out, const struct pqm_object *o,
	const struct pqm_k8s_kind *k);
/* What the word of a port ("https", "postgresql") is to the prober, or NULL. */
const char *pqm_port_scheme_of_word(struct pqm_arena *a, pqm_bytes word, bool is_udp);
/* The same of a number; "auto" for a TCP port that belongs to nobody, NULL for such a UDP port. */
const char *pqm_port_scheme(struct pqm_arena *a, uint16_t port, bool is_udp);
bool pqm_port_is_datagram(const char *scheme);
/* "spec.listeners[0]" of "spec.listeners[0].hostname"; empty when it stands in no list. */
pqm_bytes pqm_port_group(pqm_bytes key);
bool pqm_port_is_same_list(pqm_bytes a, pqm_bytes b);

#endif
