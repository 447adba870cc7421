/*
 * endpoint.h — what one network endpoint said, and what it would not say.
 *
 * Shape:     one address of one name and port, with everything that was offered to it and how it
 *            answered. Lists are sorted by kind, version, rank (0 last), code, name: independent of the
 *            order of connections.
 * Units:     codes are the wire's; ranks from 1 (the server's first choice), 0 unknown.
 * Ownership: text and arrays live in the arena of whoever holds the endpoint.
 * Standard:  verdicts as in design/tls.md §10: only `no` may count against or for a policy.
 */
#ifndef PQM_MODEL_ENDPOINT_H
#define PQM_MODEL_ENDPOINT_H

#include "base/arena.h"

/* What is known about one thing that was asked. */
enum pqm_answer {
	PQM_A_UNKNOWN, /* not asked, or silence, reset, garbage */
	PQM_A_YES,
	PQM_A_NO,      /* the server said so in its protocol */
	PQM_A_REFUSED, /* the server would not talk: limited, name or certificate wanted */
};

/* Key exchange as a whole. */
enum pqm_posture {
	PQM_P_UNKNOWN,
	PQM_P_ABSENT, /* no hybrid and no ML-KEM */
	PQM_P_OFFERED, /* a client that can gets it; one that sent only a classical share is let in */
	PQM_P_ENFORCED, /* a client that can is told to use it; one that cannot is let in */
	PQM_P_ONLY,	/* nothing else is spoken */
};

/* How far we came. */
enum pqm_reach {
	PQM_R_ANSWERED,	   /* spoke the protocol asked for */
	PQM_R_OTHER,	   /* spoke, but not that: see words */
	PQM_R_SILENT,	   /* connected, no answer within the deadline */
	PQM_R_LIMITED,	   /* answered, then closed the door on us */
	PQM_R_REFUSED,	   /* connection refused */
	PQM_R_UNREACHABLE, /* no route, timeout of connect, name unknown */
	PQM_R_SKIPPED,	   /* not tried: deny list, time budget */
};

enum pqm_offer_kind {
	PQM_O_VERSION,
	PQM_O_GROUP,	     /* key exchange group */
	PQM_O_SUITE,	     /* cipher suite, by version */
	PQM_O_SCHEME,	     /* signature scheme the server signs with */
	PQM_O_CLIENT_SCHEME, /* signature scheme it accepts of clients (CertificateRequest) */
	PQM_O_ALPN,
	PQM_O_KEX, /* SSH: by name from here on */
	PQM_O_HOST_KEY,
	PQM_O_CIPHER,
	PQM_O_MAC,
	PQM_O_IKE, /* IKEv2 key exchange methods */
};

struct pqm_offer {
	enum pqm_offer_kind kind;
	uint16_t code;	  /* of the wire; 0 when the protocol has names */
	uint16_t version; /* of TLS it holds for: 0x0304; 0: of no version in particular */
	pqm_bytes name;	  /* where the wire has names: ALPN, SSH */
	enum pqm_answer answer;
	uint16_t rank;
	pqm_bytes
		how; /* "hello retry request", "server hello", "encrypted extensions", "alert 40" */
};

/* A certificate as sent; the text facts are found by the detectors from der. */
struct pqm_wire_cert {
	pqm_bytes der;	  /* may be empty when loaded from a report */
	pqm_bytes spki;	  /* SHA-256 of the SubjectPublicKeyInfo, hex, as after "spki:" */
	pqm_bytes sha256; /* of der, hex */
	/* Filled by the detector, for a reader: "RSA-2048", "CN=…", … */
	pqm_bytes key, subject, issuer, signature, not_after;
};

struct pqm_chain {
	uint16_t version; /* TLS version it was sent in */
	uint16_t
		scheme; /* that CertificateVerify or ServerKeyExchange was signed with; 0 unknown */
	enum pqm_answer proven; /* yes: the signature by the leaf's key was checked */
	pqm_bytes type;		/* "x509", "raw public key", "ssh" */
	struct pqm_wire_cert *certs;
	size_t n_certs;
};

/* Anything else: "client-auth" = yes, "ticket-lifetime" = "7200", "dh-bits" = "1024" … */
struct pqm_wire_fact {
	pqm_bytes key;
	enum pqm_answer answer;
	pqm_bytes value; /* may be empty */
	pqm_bytes how;	 /* may be empty */
};

struct pqm_endpoint {
	uint32_t target;  /* index into the inventory's targets */
	pqm_bytes scheme; /* as asked: tls, ssh, smtp, quic … */
	pqm_bytes
		protocol; /* as spoken: tls, quic, dtls, ssh, wireguard, ikev2, openvpn; empty: none */
	pqm_bytes app;	  /* protocol in front of STARTTLS: smtp …; empty */
	pqm_bytes host;	   /* as the user named it; also the SNI unless sni is set */
	pqm_bytes sni;	   /* name sent, if another */
	pqm_bytes address; /* 203.0.113.7 or 2001:db8::1; empty when the name is unknown */
	uint16_t port;
	enum pqm_reach reach;
	pqm_bytes words;    /* what went wrong, one sentence; empty */
	pqm_bytes software; /* banner: "OpenSSH_10.0", "dropbear_2025.89"; empty */
	pqm_bytes profile;  /* quick hndl full */
	enum pqm_posture posture;
	pqm_bytes posture_how;
	bool is_server_order; /* the server's order of groups wins */
	bool is_order_known;
	bool is_complete; /* every question of the profile was answered or refused */
	bool varies;	  /* answers differ between connections */
	struct pqm_offer *offers;
	size_t n_offers, cap_offers;
	struct pqm_chain *chains;
	size_t n_chains, cap_chains;
	struct pqm_wire_fact *facts;
	size_t n_facts, cap_facts;
	uint32_t n_addresses; /* endpoints that its target gave in this run; 0: not told */
	uint32_t n_connections;
	double ms; /* not in byte-stable output */
};

const char *pqm_answer_name(enum pqm_answer v);
const char *pqm_posture_name(enum pqm_posture v);
const char *pqm_reach_name(enum pqm_reach v);
const char *pqm_offer_kind_name(enum pqm_offer_kind v);
bool pqm_answer_parse(pqm_bytes s, enum pqm_answer *out);
bool pqm_posture_parse(pqm_bytes s, enum pqm_posture *out);
bool pqm_reach_parse(pqm_bytes s, enum pqm_reach *out);
bool pqm_offer_kind_parse(pqm_bytes s, enum pqm_offer_kind *out);

/* "tls:host:port", "quic:[2001:db8::1]:443": the path of what is found there. */
pqm_bytes pqm_endpoint_name(const struct pqm_endpoint *e, struct pqm_arena *arena);
/* Deep copy into arena; NULL members on lack of memory give false. */
bool pqm_endpoint_copy(
	struct pqm_endpoint *out, const struct pqm_endpoint *e, struct pqm_arena *arena);

/* Texts and lists of earlier copies into the same arena, some of them: a fleet says the same thousands of
 * times. Zeroed at first. */
#define PQM_ENDPOINT_SLOTS 512

struct pqm_endpoint_store {
	pqm_bytes slot[PQM_ENDPOINT_SLOTS];
};

/* The same; equal texts and lists of copies with one store may be one: they are not to be changed. */
bool pqm_endpoint_copy_shared(struct pqm_endpoint *out, const struct pqm_endpoint *e,
	struct pqm_arena *arena, struct pqm_endpoint_store *store);
/* Sorts the lists and drops doubles; a yes beats a no beats a refusal beats unknown (and sets varies
 * when yes meets no). */
void pqm_endpoint_seal(struct pqm_endpoint *e);
/* The offer of this kind, code (or name) and version (0: any), or NULL. */
const struct pqm_offer *pqm_endpoint_offer(
	const struct pqm_endpoint *e, enum pqm_offer_kind kind, uint16_t code, uint16_t version);
const struct pqm_wire_fact *pqm_endpoint_fact(const struct pqm_endpoint *e, const char *key);

#endif
