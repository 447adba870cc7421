/*
 * ssh.h — the seams of the SSH probe: methods, machine, plan. Not for other files than ssh*.c and tests.
 *
 * Shape:     a connection reads identification and KEXINIT of the server, answers with a KEXINIT that names
 *            one key exchange and one host key algorithm of the server's own lists, and reads the reply,
 *            which holds the host key and a signature; then it says good-bye. No login is begun.
 * Units:     bytes.
 * Ownership: a flight belongs to its machine.
 * Errors:    the machine never fails: the flight says how it ended.
 * Threads:   one thread.
 * Limits:    PQM_SSH_* in limits.h; SSH_PACKETS here.
 * Standard:  RFC 4253, RFC 4419, RFC 5656, RFC 8731, draft-ietf-sshm-mlkem-hybrid-kex,
 *            draft-ietf-sshm-ntruprime-ssh.
 */
#ifndef PQM_PROBE_SSH_H
#define PQM_PROBE_SSH_H

#include "parse/sshwire.h"
#include "probe/int.h"

#define SSH_PACKETS 64u	      /* before the reply: an honest server sends three */
#define SSH_PATIENCE_MS 1000u /* for a KEXINIT from a server that waits for ours */
#define SSH_IDENT "SSH-2.0-pqmap_" PQM_VERSION

enum ssh_kind {
	SSH_ECDH,   /* the secret is a number */
	SSH_HYBRID, /* the secret is the hash of both, post-quantum part first */
	SSH_BLIND,  /* a share without private half: the host key is shown all the same */
	SSH_DH,	    /* as blind, for a number of a fixed group */
	SSH_GEX,    /* as blind, in a group of the server's */
};

/* A key exchange method that we can speak far enough to see a host key. In the order we ask. */
struct ssh_kex {
	const char *name;
	enum ssh_kind kind;
	uint16_t group;	       /* of TLS, with the same parts; 0: blind */
	uint16_t share_bytes;  /* of a blind share */
	uint16_t classical;    /* hybrids that TLS writes classical part first: its bytes; else 0 */
	uint16_t secret_bytes; /* then also of the classical secret */
	uint8_t hash_bytes;    /* 32, 48, 64 */
};

extern const struct ssh_kex probe_ssh_kex[]; /* ends with a NULL name */

/* Families of host keys: one key of a server in each. */
enum ssh_family {
	SSH_F_MLDSA,
	SSH_F_RSA,
	SSH_F_P256,
	SSH_F_P384,
	SSH_F_P521,
	SSH_F_ED25519,
	SSH_F_ED448,
	SSH_F_DSA,
	SSH_F_OTHER,
};

/* The family of a host key algorithm's name, certificates with their keys. */
enum ssh_family probe_ssh_family(pqm_bytes name);
/* The method that shows a host key with the least doubt; NULL: none of the list is spoken here. */
const struct ssh_kex *probe_ssh_pick_kex(pqm_bytes list);
/* The algorithm of the list to ask for next, not of a family in the set `seen` (bits of 1 << family);
 * certificates before plain keys. Empty: all were seen. */
pqm_bytes probe_ssh_pick_key(pqm_bytes list, uint32_t seen);
/* Our own lists, for servers that wait for them; unseen families first. */
void probe_ssh_own_lists(struct pqm_buf *kex, struct pqm_buf *keys, uint32_t seen);

/* ---- one key exchange (ssh_kex.c) ---- */
struct ssh_exchange {
	const struct ssh_kex *kex;
	struct pc_keys *keys;
	pqm_bytes v_c, v_s, i_c, i_s; /* identification lines and KEXINIT payloads of both sides */
	struct pqm_buf share;	      /* ours, as a string holds it */
};

/* Makes our share into x->share; p: the prime of a group exchange, else empty. */
bool probe_ssh_share(struct ssh_exchange *x, pqm_bytes p);
/* Is the reply's signature made by its host key over this exchange? Yes, no, or unknown: blind methods,
 * and algorithms that we cannot check. A share that cannot be a share is a no. */
enum pqm_answer probe_ssh_proof(const struct ssh_exchange *x, const struct pqm_ssh_reply *r);

/* ---- the machine (ssh.c) ---- */
struct probe_ssh_flight {
	enum probe_end end;
	char words[160];
	bool has_ident, has_kexinit, has_key;
	bool is_limited;    /* the server said that it is */
	char software[128]; /* behind "SSH-2.0-" */
	char version[16];
	char preface[128];	      /* text in front of the identification */
	struct pqm_ssh_kexinit lists; /* into i_s */
	const struct ssh_kex *kex;    /* that was spoken; NULL: none in common */
	enum ssh_family family;	      /* asked for; valid when has_key */
	pqm_bytes host_key;	      /* blob, in `reply` */
	enum pqm_answer proven;
	uint32_t gex_bits;
	struct pqm_buf i_s, reply;
};

/* seen: families that need no connection any more. */
void *probe_ssh_new(struct pc_keys *keys, uint32_t seen);
extern const struct probe_machine probe_ssh_machine;

static inline const struct probe_ssh_flight *probe_ssh_flight_of(const void *self)
{
	return self;
}

#endif
