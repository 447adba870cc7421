/*
 * finding.h — what was found, what it means, and where it is.
 *
 * Shape:     a finding is one thing (a key, a certificate, a use of a symbol, a setting) with all
 *            its occurrences. Detectors emit struct pqm_found, one sighting at one place; the
 *            engine groups them by id.
 * Units:     offsets in bytes from the start of the innermost file; lines and columns from 1.
 * Ownership: text is borrowed from the arena that the holder names.
 * Standard:  words are those of DESIGN.md §4.
 */
#ifndef PQM_MODEL_FINDING_H
#define PQM_MODEL_FINDING_H

#include "base/arena.h"
#include "base/hash.h"

enum pqm_meaning {
	PQM_USE,    /* this thing does it */
	PQM_OFFER,  /* code that can do it is present, not shown to be reached */
	PQM_KEY,    /* key material is here */
	PQM_CERT,   /* a certificate, request or revocation list is here */
	PQM_CONFIG, /* it is set so */
	PQM_ABSENT, /* protection is missing or left to a default */
};

enum pqm_function {
	PQM_FN_ANY, /* the key may do several */
	PQM_FN_KEX,
	PQM_FN_PKE,
	PQM_FN_SIG,
	PQM_FN_CIPHER,
	PQM_FN_HASH,
	PQM_FN_MAC,
	PQM_FN_KDF,
};

enum pqm_quantum { PQM_Q_BROKEN, PQM_Q_HYBRID, PQM_Q_SAFE, PQM_Q_UNKNOWN };

enum pqm_classical { PQM_C_OK, PQM_C_DEPRECATED, PQM_C_BROKEN };

enum pqm_evidence { PQM_NEGOTIATED, PQM_PARSED, PQM_CONFIGURED, PQM_LINKED, PQM_HINTED };

/* Where the fact comes from when nobody wrote it down. */
enum pqm_basis { PQM_EXPLICIT, PQM_DEFAULT, PQM_IMPLIED, PQM_ABSENCE };

const char *pqm_meaning_name(enum pqm_meaning v);
const char *pqm_function_name(enum pqm_function v);
const char *pqm_quantum_name(enum pqm_quantum v);
const char *pqm_classical_name(enum pqm_classical v);
const char *pqm_evidence_name(enum pqm_evidence v);
/* "", "+default", "+implied", "+absent" */
const char *pqm_basis_suffix(enum pqm_basis v);
/* The inverse of the names; false if unknown. */
bool pqm_meaning_parse(pqm_bytes s, enum pqm_meaning *out);
bool pqm_function_parse(pqm_bytes s, enum pqm_function *out);
bool pqm_quantum_parse(pqm_bytes s, enum pqm_quantum *out);
bool pqm_classical_parse(pqm_bytes s, enum pqm_classical *out);
/* Takes "parsed", "linked+default". */
bool pqm_evidence_parse(pqm_bytes s, enum pqm_evidence *out, enum pqm_basis *basis);

/* Extra facts about one sighting: subject, issuer, not_after, signature, comment, symbols … */
struct pqm_attr {
	pqm_bytes key, value;
};

#define PQM_ATTRS_MAX 16

/* One sighting, as a detector emits it. Zero is a valid start; identity and rule are required. */
struct pqm_found {
	pqm_bytes rule; /* rule id, area.name */
	pqm_bytes
		identity; /* what makes it this thing and no other: SPKI hash, symbol … never a path */
	enum pqm_meaning meaning;
	enum pqm_function function;
	enum pqm_quantum quantum;
	enum pqm_classical classical;
	enum pqm_evidence evidence;
	enum pqm_basis basis;
	pqm_bytes family;    /* RSA, EC, X25519+ML-KEM … DESIGN.md §4 */
	pqm_bytes algorithm; /* the standard's own name */
	pqm_bytes parameter; /* 2048, P-256, 768; empty where the family says it all */
	uint32_t bits;	     /* size in bits where that has a meaning, else 0 */
	pqm_bytes why;	     /* one sentence */
	pqm_bytes fix;	     /* what to do, one line; may be empty */
	pqm_bytes object;    /* Kubernetes object and field, symbol, or empty */
	uint64_t off;
	uint32_t line, col; /* line 0: the place is off */
	struct pqm_attr attrs[PQM_ATTRS_MAX];
	size_t n_attrs;
};

/* Adds a fact to f; drops empty values and whatever is over the maximum. */
void pqm_found_attr(struct pqm_found *f, const char *key, pqm_bytes value);

struct pqm_occurrence {
	uint32_t target; /* index into the inventory's targets */
	pqm_bytes path, object;
	uint64_t off;
	uint32_t line, col;
	uint32_t text_line,
		text_col; /* of `off`, where the file is text; 0: it is not, or `line` says it */
	const struct pqm_attr *attrs;
	size_t n_attrs;
	bool in_store; /* inside a trust store: folded, not scored */
};

struct pqm_finding {
	uint8_t id[PQM_ID_BYTES];
	pqm_bytes rule, identity;
	enum pqm_meaning meaning;
	enum pqm_function function;
	enum pqm_quantum quantum;
	enum pqm_classical classical;
	enum pqm_evidence evidence;
	enum pqm_basis basis;
	pqm_bytes family, algorithm, parameter, why, fix;
	uint32_t bits;
	struct pqm_occurrence *occs; /* sorted by target, path, place, object */
	size_t n_occs;
	bool is_folded; /* every occurrence is in a trust store */
};

/* Value of an occurrence's fact, or empty. */
pqm_bytes pqm_occ_attr(const struct pqm_occurrence *o, const char *key);
/* 128 bits of SHA-256 over rule, meaning, family, parameter and identity. */
void pqm_finding_id(uint8_t id[PQM_ID_BYTES], const struct pqm_found *f);
/* "4f1c9a20…" 32 hex digits and NUL. */
void pqm_id_hex(char out[2 * PQM_ID_BYTES + 1], const uint8_t id[PQM_ID_BYTES]);
/* "decimal offset" or "line:column" of an occurrence, as the CSV prints it. */
void pqm_occ_place(char out[48], const struct pqm_occurrence *o);
/* Its line and column where it has some, as "12:1" too, else false. */
bool pqm_occ_line(char out[48], const struct pqm_occurrence *o);

#endif
