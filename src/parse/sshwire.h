/*
 * sshwire.h — SSH before encryption: identification, packets, key exchange messages.
 *
 * Shape:     readers of what a server sends until NEWKEYS, and builders of what a client sends. No I/O,
 *            no keys, no opinion about names.
 * Units:     sizes in bytes; offsets from the start of the payload.
 * Ownership: readers borrow; builders append to the caller's buffer.
 * Errors:    PQM_EPARSE with what and where; *out is untouched then. Stream readers also say that more
 *            bytes are needed.
 * Threads:   values.
 * Limits:    PQM_SSH_PACKET_BYTES, PQM_SSH_PREFACE_BYTES, PQM_SSH_NAMES: nothing is reserved by a
 *            declared length.
 * Standard:  RFC 4253, RFC 4251 §5, RFC 4419, RFC 5656, RFC 8308, RFC 8731.
 */
#ifndef PQM_PARSE_SSHWIRE_H
#define PQM_PARSE_SSHWIRE_H

#include "base/buf.h"
#include "base/cur.h"

enum pqm_ssh_message {
	PQM_SSH_DISCONNECT = 1,
	PQM_SSH_IGNORE = 2,
	PQM_SSH_UNIMPLEMENTED = 3,
	PQM_SSH_DEBUG = 4,
	PQM_SSH_EXT_INFO = 7,
	PQM_SSH_KEXINIT = 20,
	PQM_SSH_NEWKEYS = 21,
	PQM_SSH_KEX_INIT = 30,	/* ECDH and hybrids; also DH of a fixed group */
	PQM_SSH_KEX_REPLY = 31, /* the group, when it was asked for */
	PQM_SSH_GEX_INIT = 32,
	PQM_SSH_GEX_REPLY = 33,
	PQM_SSH_GEX_REQUEST = 34,
};

enum pqm_ssh_got {
	PQM_SSH_MORE, /* more bytes are needed */
	PQM_SSH_GOT,
	PQM_SSH_BAD, /* never: err has words */
};

/* What a peer says first [RFC4253 §4.2]. */
struct pqm_ssh_ident {
	pqm_bytes preface;  /* text in front of it, without the last line's end; may be empty */
	pqm_bytes line;	    /* without CR LF: as it goes into the exchange hash */
	pqm_bytes version;  /* "2.0", "1.99" */
	pqm_bytes software; /* "OpenSSH_9.2p1" */
	pqm_bytes comment;  /* "Debian-2+deb12u7"; may be empty */
	size_t total;	    /* bytes up to and with the line's end */
};

enum pqm_ssh_got pqm_ssh_ident(
	struct pqm_ssh_ident *out, pqm_bytes in, struct pqm_err *err) PQM_MUST_USE;
/* Does the peer speak SSH 2: "2.0" or "1.99" [RFC4253 §5.1]? */
bool pqm_ssh_is_2(const struct pqm_ssh_ident *i);

struct pqm_ssh_packet {
	pqm_bytes payload; /* begins with the message's number; at least one byte */
	size_t total;	   /* bytes of the packet with padding */
};

/* One packet without encryption and MAC [RFC4253 §6]. */
enum pqm_ssh_got pqm_ssh_packet(
	struct pqm_ssh_packet *out, pqm_bytes in, struct pqm_err *err) PQM_MUST_USE;

enum pqm_ssh_list {
	PQM_SSH_L_KEX,
	PQM_SSH_L_HOST_KEY,
	PQM_SSH_L_CIPHER_OUT, /* client to server */
	PQM_SSH_L_CIPHER_IN,
	PQM_SSH_L_MAC_OUT,
	PQM_SSH_L_MAC_IN,
	PQM_SSH_L_COMPRESS_OUT,
	PQM_SSH_L_COMPRESS_IN,
	PQM_SSH_L_LANG_OUT,
	PQM_SSH_L_LANG_IN,
	PQM_SSH_LISTS
};

struct pqm_ssh_kexinit {
	pqm_bytes cookie;
	pqm_bytes list[PQM_SSH_LISTS]; /* names between commas, checked: printable, no empty ones */
	bool first_follows;
};

/* payload: with the message's number [RFC4253 §7.1]. */
enum pqm_st pqm_ssh_kexinit(
	struct pqm_ssh_kexinit *out, pqm_bytes payload, struct pqm_err *err) PQM_MUST_USE;
/* Is the name in the list? */
bool pqm_ssh_lists(pqm_bytes list, const char *name);

struct pqm_ssh_reply {
	pqm_bytes host_key, share, signature; /* share: without mpint's sign byte rule applied */
};

/* KEX_REPLY and GEX_REPLY alike: a string or an mpint has the same frame [RFC4253 §8, RFC5656 §4]. */
enum pqm_st pqm_ssh_reply(
	struct pqm_ssh_reply *out, pqm_bytes payload, struct pqm_err *err) PQM_MUST_USE;
/* The group of a group exchange: positive numbers without leading zeros [RFC4419 §3]. */
enum pqm_st pqm_ssh_gex_group(
	pqm_bytes *p, pqm_bytes *g, pqm_bytes payload, struct pqm_err *err) PQM_MUST_USE;

struct pqm_ssh_bye {
	uint32_t reason;
	pqm_bytes text;
};

enum pqm_st pqm_ssh_bye(
	struct pqm_ssh_bye *out, pqm_bytes payload, struct pqm_err *err) PQM_MUST_USE;

/* A signature: its algorithm, and the rest as X.509 has it (RSA and EdDSA as they are, ECDSA as a DER
 * SEQUENCE, appended to der) [RFC4253 §6.6, RFC5656 §3.1.2]. */
bool pqm_ssh_signature(pqm_bytes *algorithm, struct pqm_buf *der, pqm_bytes signature);
/* The DER SubjectPublicKeyInfo of a host key, of a certificate the certified key's: RSA, ECDSA, Ed25519,
 * Ed448. False for others. */
bool pqm_ssh_spki(struct pqm_buf *out, pqm_bytes blob);

/* ---- builders ---- */
void pqm_ssh_put_u32(struct pqm_buf *out, uint32_t v);
void pqm_ssh_put_string(struct pqm_buf *out, pqm_bytes s);
/* An unsigned number as mpint: without leading zeros, with a zero in front of a set top bit. */
void pqm_ssh_put_mpint(struct pqm_buf *out, pqm_bytes magnitude);
/* Frames a payload: padded with zeros to 8 bytes, 4 at least [RFC4253 §6]. */
void pqm_ssh_put_packet(struct pqm_buf *out, pqm_bytes payload);
/* The payload of KEXINIT. */
void pqm_ssh_put_kexinit(struct pqm_buf *out, const struct pqm_ssh_kexinit *k);
/* The payload of DISCONNECT. */
void pqm_ssh_put_bye(struct pqm_buf *out, uint32_t reason, const char *text);

#endif
