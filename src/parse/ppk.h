/*
 * ppk.h — PuTTY private key files, read as far as the public half.
 *
 * Shape:     header lines, Base64 of an SSH public key blob, Base64 of a private blob, MAC.
 * Units:     bytes.
 * Ownership: text slices borrow the input; the public blob is decoded into the caller's buffer, and
 *            key.type points into it. The private part is stepped over line by line, never decoded.
 * Errors:    PQM_EPARSE with the line's number.
 * Threads:   pure.
 * Limits:    PQM_PPK_LINES, PQM_SSH_BLOB_BYTES.
 * Standard:  PuTTY user manual, appendix C (versions 2 and 3; version 1 is refused like PuTTY does).
 */
#ifndef PQM_PARSE_PPK_H
#define PQM_PARSE_PPK_H

#include "base/buf.h"
#include "ssh.h"

struct pqm_ppk {
	unsigned version; /* 2 or 3 */
	pqm_bytes type, encryption;
	struct pqm_ssh_key key;
	size_t total; /* bytes up to the end of the MAC line */
};

/* The file at the start of text. public_blob must be initialised; it is appended to. */
enum pqm_st pqm_ppk_parse(struct pqm_ppk *out, pqm_bytes text, struct pqm_buf *public_blob,
	struct pqm_err *err) PQM_MUST_USE;

#endif
