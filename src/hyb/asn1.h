/*
 * asn1.h — the little DER that key files need: strict reading, writing from the back.
 *
 * Shape:     a cursor is a slice that shrinks from the front; a writer fills a buffer from its end,
 *            so that each length is known when it is written.
 * Ownership: slices borrow from the input; the writer's buffer is the caller's, who wipes it.
 * Errors:    false and an unmoved cursor; a writer that ran out of room says so in `failed`.
 * Secrets:   tags and lengths are public, contents are only pointed at or copied.
 * Limits:    one-byte tags; lengths below 2^24.
 * Standard:  ITU-T X.690 §8 and §10 (DER).
 */
#ifndef HYB_ASN1_H
#define HYB_ASN1_H

#include "hyb/int.h"

#define DER_INTEGER 0x02
#define DER_BITS 0x03
#define DER_OCTETS 0x04
#define DER_OID 0x06
#define DER_SEQUENCE 0x30
#define DER_CONTEXT(n) (0x80 | (n))		/* [n] IMPLICIT, primitive */
#define DER_CONTEXT_CONSTRUCTED(n) (0xa0 | (n)) /* [n] IMPLICIT, constructed */

/* Takes the next value, which must have this tag and a minimal definite length. */
bool hyb_der_take(hyb_bytes *in, uint8_t tag, hyb_bytes *body) HYB_MUST_USE;
bool hyb_der_is_next(hyb_bytes in, uint8_t tag) HYB_MUST_USE;
/* A non-negative INTEGER below 2^63, minimal. */
bool hyb_der_take_uint(hyb_bytes *in, uint64_t *v) HYB_MUST_USE;

/* Contents octets of an OBJECT IDENTIFIER from dotted text; 0 if it is none or does not fit. */
#define DER_OID_MAX 32
size_t hyb_der_oid(uint8_t out[DER_OID_MAX], const char *dotted);

struct hyb_der_out {
	uint8_t *buf;
	size_t at; /* what is written is [at, end of buf) */
	bool failed;
};

void hyb_der_start(struct hyb_der_out *o, uint8_t *buf, size_t n);
void hyb_der_put(struct hyb_der_out *o, hyb_bytes b);
void hyb_der_put_byte(struct hyb_der_out *o, uint8_t b);
/* Puts tag and length before what was written since `at` was `since`. */
void hyb_der_wrap(struct hyb_der_out *o, size_t since, uint8_t tag);
void hyb_der_put_value(struct hyb_der_out *o, uint8_t tag, hyb_bytes body);
void hyb_der_put_uint(struct hyb_der_out *o, uint64_t v);

#endif
