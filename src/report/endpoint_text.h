/*
 * endpoint_text.h — what an endpoint answered, in words.
 *
 * Shape:     names of code points and lists of them, as every report prints them.
 * Ownership: texts are static, the rules' or in the arena.
 * Errors:    empty text without memory.
 * Threads:   pure.
 * Security:  texts of the peer come out printable.
 */
#ifndef PQM_REPORT_ENDPOINT_TEXT_H
#define PQM_REPORT_ENDPOINT_TEXT_H

#include "model/endpoint.h"
#include "rules/wire.h"

/* The registry's entry for an offer with a code; NULL: unknown, or rules NULL. */
const struct pqm_wire *pqm_offer_wire(
	const struct pqm_rules *rules /* may be NULL */, const struct pqm_offer *f);
/* Name of a code point as the registry or the wire has it, else "0x11ec". */
pqm_bytes pqm_offer_words(const struct pqm_rules *rules /* may be NULL */,
	const struct pqm_offer *f, struct pqm_arena *arena);
/* The same for a reader: curves by their usual names, P-256 and X25519. */
pqm_bytes pqm_offer_shown(const struct pqm_rules *rules /* may be NULL */,
	const struct pqm_offer *f, struct pqm_arena *arena);
/* A certificate's key for a reader: "P-256", "RSA-2048". */
pqm_bytes pqm_key_words(pqm_bytes key, struct pqm_arena *arena);
/* "TLS 1.3", "SSL 3.0", "DTLS 1.2"; else "0x0305". */
pqm_bytes pqm_version_words(uint16_t version, struct pqm_arena *arena);

struct pqm_offer_pick {
	enum pqm_offer_kind kind;
	uint16_t version; /* 0: any */
	enum pqm_answer answer;
};

/* The names of what is picked; ranked ones are joined by ›, the server's first choice in front. */
pqm_bytes pqm_offer_list(const struct pqm_rules *rules, const struct pqm_endpoint *e,
	const struct pqm_offer_pick *pick, struct pqm_arena *arena);
/* Groups of the newest version, or methods, that were accepted, in order; empty: none is known. */
pqm_bytes pqm_key_exchange_words(
	const struct pqm_rules *rules, const struct pqm_endpoint *e, struct pqm_arena *arena);
/* Does an earlier chain show the same leaf? */
bool pqm_chain_is_repeat(const struct pqm_endpoint *e, size_t n);
/* The CN of a distinguished name, or all of it. */
pqm_bytes pqm_common_name(pqm_bytes dn, struct pqm_arena *arena);

#endif
