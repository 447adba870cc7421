/*
 * pem.h — PEM armour as it is really met: in files, logs, YAML, JSON and source code.
 *
 * Shape:     pqm_pem_read() starts at the first '-' of a BEGIN line and decodes the body.
 * Units:     offsets in bytes of the text.
 * Ownership: label borrows the text. The body is decoded into the caller's buffer, which may then
 *            hold a private key: pqm_buf_wipe it.
 * Errors:    PQM_EPARSE when this is not a whole, decodable block; PQM_ELIMIT for a body over
 *            PQM_PEM_BODY_BYTES; PQM_ENOMEM. out is filled in every case, so that a caller can go
 *            on at out->end and tell broken blocks (is_serious) from documentation.
 * Threads:   pure.
 * Standard:  RFC 7468 (lax parsing, §2 and figure 2), RFC 1421 §4.6 headers. On top of that: CRLF, escapes
 *            of JSON and C strings, quoted lines, folded bodies, comment and diff prefixes.
 */
#ifndef PQM_PARSE_PEM_H
#define PQM_PARSE_PEM_H

#include "base/buf.h"

#define PQM_PEM_DEK 64

struct pqm_pem {
	pqm_bytes label;
	size_t off, end;       /* the block, or what was read of it */
	bool is_encrypted;     /* Proc-Type: 4,ENCRYPTED */
	char dek[PQM_PEM_DEK]; /* cipher name of DEK-Info, or "" */
	bool has_end;
	bool is_serious; /* holds enough base64 that it was meant as one, not as an example */
};

enum pqm_st pqm_pem_read(struct pqm_pem *out, struct pqm_buf *body, pqm_bytes text, size_t off,
	struct pqm_err *err) PQM_MUST_USE;

#endif
