/*
 * der.h — read ASN.1 DER elements without ever leaving the buffer.
 *
 * Shape:     a cursor of base/cur.h moves over elements; each read gives identifier, whole, body.
 * Units:     bytes, bits where the name says so.
 * Ownership: borrows; slices live as long as the buffer.
 * Errors:    false = not there, not DER, or does not fit; the cursor and outputs are untouched.
 * Threads:   pure.
 * Limits:    nesting PQM_DER_DEPTH where a call descends by itself; lengths up to 4 octets.
 * Standard:  X.690 §8.1 (identifier, length), §10.1 (definite, shortest lengths).
 */
#ifndef PQM_PARSE_DER_H
#define PQM_PARSE_DER_H

#include "base/buf.h"
#include "base/cur.h"
#include "base/limits.h"

enum {
	PQM_DER_BOOL = 0x01,
	PQM_DER_INT = 0x02,
	PQM_DER_BITS = 0x03,
	PQM_DER_OCTETS = 0x04,
	PQM_DER_NULL = 0x05,
	PQM_DER_OID = 0x06,
	PQM_DER_UTCTIME = 0x17,
	PQM_DER_GENTIME = 0x18,
	PQM_DER_SEQ = 0x30,
	PQM_DER_SET = 0x31,
};

/* Context-specific identifiers: constructed [n] and primitive [n] of 0 to 30. */
#define PQM_DER_CTX(n) (0xA0 | (n))
#define PQM_DER_CTXP(n) (0x80 | (n))

/* Dotted OID text with NUL; real ones stay under 64. */
#define PQM_OID_TEXT 128

struct pqm_tlv {
	uint8_t tag; /* identifier octet; tag numbers over 30 are refused */
	pqm_bytes whole, body;
};

/* The next element, whatever it is. */
bool pqm_der_next(struct pqm_cur *c, struct pqm_tlv *out);
/* The next element if it has this identifier octet. */
bool pqm_der_take(struct pqm_cur *c, uint8_t tag, pqm_bytes *body);
/* Like take, but hands back a cursor over the content: for SEQUENCE, SET and [n]. */
bool pqm_der_enter(struct pqm_cur *c, uint8_t tag, struct pqm_cur *inner);
/* True and skipped when the next element has this identifier; else the cursor stays. */
bool pqm_der_skip(struct pqm_cur *c, uint8_t tag);

static inline bool pqm_der_end(const struct pqm_cur *c)
{
	return c->p == c->end;
}

/* Identifier octet of the next element, or 0 at the end. */
static inline uint8_t pqm_der_peek(const struct pqm_cur *c)
{
	return c->p == c->end ? 0 : *c->p;
}

/* Total length of the element at the start of b by its header alone, also when it is more than b
 * holds: compare with b.n. False: no identifier and shortest-form definite length there. */
bool pqm_der_measure(pqm_bytes b, size_t *total);
/* b is exactly one element and every constructed element in it closes exactly. */
bool pqm_der_is_whole(pqm_bytes b);

/* A non-negative INTEGER in its shortest form: its magnitude without the sign octet. Zero gives one
 * zero byte. */
bool pqm_der_uint(struct pqm_cur *c, pqm_bytes *mag);
/* An INTEGER of 0 to 2^31 - 1. */
bool pqm_der_small(struct pqm_cur *c, uint32_t *out);
/* A BIT STRING of whole octets. */
bool pqm_der_octet_bits(struct pqm_cur *c, pqm_bytes *out);
/* Bits of a magnitude: 0 for zero. */
uint32_t pqm_mag_bits(pqm_bytes mag);
/* Compares magnitudes by value; leading zeros do not matter. */
int pqm_mag_cmp(pqm_bytes a, pqm_bytes b);
pqm_bytes pqm_mag_trim(pqm_bytes mag);

static inline bool pqm_mag_is_odd(pqm_bytes mag)
{
	return mag.n > 0 && (mag.p[mag.n - 1] & 1) != 0;
}

/* An OBJECT IDENTIFIER as dotted text [X.690 §8.19]. */
bool pqm_der_oid(struct pqm_cur *c, char out[PQM_OID_TEXT]);
/* The content octets of an OID as dotted text. */
bool pqm_oid_text(char out[PQM_OID_TEXT], pqm_bytes body);
/* Copies dotted text; false (and "") when it is too long. */
bool pqm_oid_copy(char out[PQM_OID_TEXT], const char *dotted);
/* AlgorithmIdentifier: OID and the parameters' whole encoding (empty when absent). */
bool pqm_der_alg(struct pqm_cur *c, char oid[PQM_OID_TEXT], pqm_bytes *params);
/* UTCTime or GeneralizedTime as days since 1970 [RFC5280 §4.1.2.5]; a missing seconds field and
 * zone offsets of old certificates are accepted. */
bool pqm_der_time(struct pqm_cur *c, int64_t *days);

/* Writers, for canonical forms; they append to b and set b->failed when it is full. */
void pqm_der_put(struct pqm_buf *b, uint8_t tag, pqm_bytes body);
void pqm_der_put_uint(struct pqm_buf *b, pqm_bytes mag);
/* dotted -> element; false when the text is not an OID. */
bool pqm_der_put_oid(struct pqm_buf *b, const char *dotted);

#endif
