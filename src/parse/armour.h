/*
 * armour.h — text armour with dashes that is not PEM: OpenPGP, RFC 4716, OpenSSH private keys.
 *
 * Shape:     BEGIN line, optional "Name: value" headers, base64 body, END line.
 * Units:     bytes.
 * Ownership: the slices borrow the text; the decoded body belongs to the caller's buffer, who wipes
 *            it when it may hold a private key.
 * Errors:    PQM_EPARSE or PQM_ELIMIT with the offset from the start of the armour.
 * Threads:   pure.
 * Limits:    the maximum of the caller's buffer; a body ends at the next run of dashes at the
 *            latest, so that many false starts cost one pass.
 * Standard:  RFC 9580 §6.2, RFC 4716 §3. Escaped line feeds (a JSON or shell string) are read like
 *            line feeds, indentation is skipped. The CRC-24 is not checked [RFC9580 §6.1].
 */
#ifndef PQM_PARSE_ARMOUR_H
#define PQM_PARSE_ARMOUR_H

#include "base/buf.h"

struct pqm_armour {
	const char *name;	 /* for messages: "OpenPGP key block" */
	const char *begin, *end; /* "-----BEGIN X-----", "-----END X-----" */
	const char *dashes;	 /* what END begins with: "-----" or "----" */
	bool has_headers;
	bool has_crc; /* an OpenPGP checksum line may stand before END */
};

/* Decodes the armour at the start of text into out (appends); *total is its length with the END
 * line. A failure leaves bytes in out. */
enum pqm_st pqm_armour_decode(const struct pqm_armour *kind, pqm_bytes text, struct pqm_buf *out,
	size_t *total, struct pqm_err *err) PQM_MUST_USE;

#endif
