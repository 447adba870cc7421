/*
 * ssh.h — SSH public keys, certificates and the OpenSSH private key container.
 *
 * Shape:     binary blobs to structs; and the text around a blob (a line of authorized_keys or
 *            known_hosts, an RFC 4716 block) to slices.
 * Units:     offsets and sizes in bytes; times in seconds since 1970.
 * Ownership: borrows; slices live as long as the input. Private parts are stepped over, never read.
 * Errors:    PQM_EPARSE with the offset in the blob. Lengths must nest exactly: a byte too many is
 *            refused like a byte too few.
 * Threads:   pure.
 * Limits:    PQM_SSH_BLOB_BYTES, PQM_SSH_PRIVATE_BYTES.
 * Standard:  RFC 4253 §6.6, RFC 5656 §3.1, RFC 8332, RFC 8709; OpenSSH PROTOCOL.certkeys,
 *            PROTOCOL.u2f, PROTOCOL.key; RFC 4716.
 */
#ifndef PQM_PARSE_SSH_H
#define PQM_PARSE_SSH_H

#include "base/cur.h"
#include "pubkey.h"

enum pqm_ssh_cert_type { PQM_SSH_CERT_USER = 1, PQM_SSH_CERT_HOST = 2 };

struct pqm_ssh_cert {
	uint64_t serial;
	uint32_t type; /* enum pqm_ssh_cert_type */
	pqm_bytes key_id;
	uint32_t n_principals;		    /* 0: any */
	uint64_t valid_after, valid_before; /* UINT64_MAX: for ever */
	struct pqm_pubkey ca;
	pqm_bytes signature; /* its algorithm's name */
};

struct pqm_ssh_key {
	pqm_bytes type;	       /* "ssh-ed25519", "ssh-rsa-cert-v01@openssh.com" */
	struct pqm_pubkey key; /* of a certificate: the key that is certified */
	bool is_sk;	       /* the private half lives in a FIDO token */
	bool is_cert;
	struct pqm_ssh_cert cert; /* when is_cert */
};

/* A key type that we do not know is accepted when the rest is one or more SSH strings; its family
 * is "unknown". */
enum pqm_st pqm_ssh_blob(struct pqm_ssh_key *out, pqm_bytes blob, struct pqm_err *err) PQM_MUST_USE;

struct pqm_ssh_private {
	pqm_bytes cipher, kdf; /* "none" when not encrypted */
	struct pqm_ssh_key key;
	size_t total; /* bytes of the container */
};

/* openssh-key-v1 at the start of b [PROTOCOL.key]. Exact when is_whole: then nothing may follow. */
enum pqm_st pqm_ssh_private(
	struct pqm_ssh_private *out, pqm_bytes b, bool is_whole, struct pqm_err *err) PQM_MUST_USE;

/* The number of an mpint that must be positive and in its shortest form [RFC4251 §5]. */
bool pqm_ssh_mpint(struct pqm_cur *c, pqm_bytes *out);

enum pqm_ssh_place {
	PQM_SSH_USER,	/* a key that somebody logs in with */
	PQM_SSH_HOST,	/* a line of known_hosts */
	PQM_SSH_REMARK, /* behind a '#': text about a key */
};

struct pqm_ssh_line {
	size_t off;	   /* of the key type, where the line's key starts */
	pqm_bytes type;	   /* as written */
	pqm_bytes base64;  /* the blob's text */
	pqm_bytes comment; /* rest of the line, trimmed; may be empty */
};

/* The line around the base64 blob that starts at blob_off: a key type of at most
 * PQM_SSH_TYPE_BYTES, blanks, the blob. False when there is no such line. */
bool pqm_ssh_line_at(struct pqm_ssh_line *out, pqm_bytes text, size_t blob_off);
/* What kind of line the key type at off stands in, by what is before it: looks back at most
 * PQM_SSH_LINE_BYTES, so it is asked only about blobs that are keys. */
enum pqm_ssh_place pqm_ssh_place_at(pqm_bytes text, size_t off);

#endif
