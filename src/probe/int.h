/*
 * int.h — the seams inside the prober. Not for other modules.
 *
 * Shape:     three layers. A *machine* is one protocol exchange without I/O: it is given bytes and
 *            gives bytes. A *connection* is a chain of machines over one socket (proxy, opener, TLS)
 *            that the loop feeds. A *strategy* looks at the facts of one endpoint and names the next
 *            connection.
 * Ownership: machines are heap objects of their maker, freed by their own free(); the loop owns
 *            connections, sockets, timers and buckets.
 * Errors:    a machine never fails: it ends, with a reason in its own result.
 * Threads:   one thread.
 * Limits:    PQM_PROBE_* in limits.h.
 */
#ifndef PQM_PROBE_INT_H
#define PQM_PROBE_INT_H

#include "base/buf.h"
#include "base/limits.h"
#include "parse/tls.h"
#include "probe/crypto.h"
#include "probe/probe.h"

/* ---- why a connection came to its end ---- */
enum probe_end {
	PROBE_RUNNING,
	PROBE_GOAL,   /* the machine has what it was made for */
	PROBE_ALERT,  /* TLS alert, SSH disconnect, QUIC CONNECTION_CLOSE, refusal of an opener */
	PROBE_CLOSED, /* orderly end by the peer */
	PROBE_RESET,
	PROBE_TIMEOUT,	   /* the connection's or the target's deadline */
	PROBE_NO_CONNECT,  /* refused */
	PROBE_UNREACHABLE, /* no route, timeout of connect, name unknown, proxy says no */
	PROBE_GARBAGE,	   /* not the protocol; words say what it looks like */
	PROBE_BUDGET,	   /* more bytes, records, alerts … than any honest server sends */
	PROBE_LOCAL,	   /* we cannot: memory, sockets; words say what */
};

const char *probe_end_name(enum probe_end e);

/* ---- machines ---- */
enum probe_want {
	PROBE_READ, /* goes on when bytes come (out is flushed first) */
	PROBE_NEXT, /* done; bytes not used belong to the next machine of the chain */
	PROBE_DONE, /* the connection can be closed (out is flushed first) */
};

struct probe_machine {
	const char *name;
	/* Appends what is to be sent first. */
	enum probe_want (*start)(void *self, struct pqm_buf *out);
	/* Bytes of a stream, or one datagram. *used: how many were taken (streams; all of a datagram). What
	 * is not taken is shown again: at once while some was taken, then with more behind it, up to
	 * PQM_PROBE_HELD_BYTES. Never called without bytes. */
	enum probe_want (*input)(void *self, pqm_bytes in, size_t *used, struct pqm_buf *out);
	/* Milliseconds until timer() is due, asked after every call; 0: none. Both NULL: never. Datagram
	 * machines send again; a guess ends its silence; a split hello sends its rest. */
	uint32_t (*wait_ms)(const void *self);
	enum probe_want (*timer)(void *self, struct pqm_buf *out);
	/* No more will come, for this reason; the machine makes its result final. Not called after DONE or
	 * NEXT: the machine knows why itself. Machines of the chain that never started get it too. */
	void (*end)(void *self, enum probe_end why, const char *words /* may be NULL */);
	void (*free)(void *self);
};

/* Datagram machines put several datagrams into out: each behind its length, 16 bits, big-endian. */

struct probe_link { /* one machine of a chain */
	const struct probe_machine *machine;
	void *self;
};

#define PROBE_CHAIN_MAX 3

/* What a strategy asks the loop for. */
struct probe_request {
	bool is_udp;
	uint16_t port; /* 0: the endpoint's */
	struct probe_link chain
		[PROBE_CHAIN_MAX]; /* without the proxy's, which the loop puts in front; taken */
	size_t n;
	uint32_t timeout_ms; /* 0: the default PQM_PROBE_CONN_MS */
	uint32_t delay_ms;   /* not before this long after now: a server that limits */
};

/* What the loop tells the strategy about the connection, besides what the machines hold. */
struct probe_outcome {
	enum probe_end end;
	char words[96]; /* errno's text and the like; empty */
	size_t at;	/* index into the request's chain of the machine that ended it */
	uint32_t ms, connect_ms;
	uint64_t bytes_in;
	bool is_connected; /* the TCP handshake succeeded; UDP: a datagram came */
	/* Of the host address, over all endpoints of the run, this connection counted: a limiter shows as
	 * good ones followed by a row of bad ones. */
	uint32_t host_good;    /* connections that brought at least one byte */
	uint32_t host_bad_row; /* since then: refused, reset or closed without a byte, no connect */
};

/* ---- one endpoint in work ---- */
struct probe_job {
	const struct pqm_probe_config *config;
	struct pc_keys *keys;
	const struct pqm_probe_target *target;
	struct pqm_arena arena; /* facts; small blocks, capped by PQM_PROBE_JOB_BYTES */
	struct pqm_endpoint ep; /* being filled; lists in arena, through the probe_fact_ calls */
	const struct probe_strategy *strategy;
	void *state;	      /* the strategy's own, in arena or heap */
	uint64_t deadline_ns; /* of the endpoint */
	bool is_late;	      /* the deadline passed, or the run ends: next() must return false */
	bool is_cut;	      /* a fact did not fit: the endpoint is not complete */
};

struct probe_strategy {
	const char *name;
	/* Called first with last == NULL, then after each connection (whose machines are still alive, in
	 * req as filled before); also for a request that the deadline kept from being sent, as a TIMEOUT.
	 * ep.reach begins as SILENT; left so without words, the loop says why from the last connection.
	 * deadline_ns is set when the first connection starts. Fills *req (zeroed) for the next one and returns true; false: the endpoint is
	 * finished, ep is final but for sealing. The machines of the last request are freed by the loop
	 * after this call returns. */
	bool (*next)(struct probe_job *j, const struct probe_request *done,
		const struct probe_outcome *last, struct probe_request *req);
	void (*free)(struct probe_job *j); /* may be NULL */
};

extern const struct probe_strategy probe_tls_strategy;	/* tls, STARTTLS schemes, quic, dtls */
extern const struct probe_strategy probe_auto_strategy; /* auto, on top of tls */
extern const struct probe_strategy probe_ssh_strategy;	/* ssh */
extern const struct probe_strategy probe_vpn_strategy;	/* wireguard, ikev2, openvpn */

/* Facts go in here: copies the texts into the job's arena; drops silently what does not fit (the
 * endpoint is then not complete). */
void probe_offer(struct probe_job *j, enum pqm_offer_kind kind, uint16_t code, uint16_t version,
	enum pqm_answer answer, unsigned rank, const char *how);
void probe_offer_name(struct probe_job *j, enum pqm_offer_kind kind, pqm_bytes name,
	enum pqm_answer answer, unsigned rank, const char *how);
void probe_fact(struct probe_job *j, const char *key, enum pqm_answer answer, const char *how,
	const char *value_fmt, ...) PQM_PRINTF(5, 6);
/* Adds a chain (DER copied); the same chain of the same version again only updates scheme and proven.
 * Returns it, or NULL. */
struct pqm_chain *probe_chain(struct probe_job *j, uint16_t version, uint16_t scheme,
	enum pqm_answer proven, const char *type, const pqm_bytes *der, size_t n);
void probe_words(struct probe_job *j, enum pqm_reach reach, const char *fmt, ...) PQM_PRINTF(3, 4);

/* ---- the TLS machines (TCP: tls_conn.c, QUIC: quic.c, DTLS: dtls.c) ---- */
enum probe_goal {
	PROBE_HELLO, /* until ServerHello, HelloRetryRequest or alert; for 1.2 also the clear flight */
	PROBE_FLIGHT, /* through CertificateVerify (1.3) or ServerHelloDone (1.2) */
	PROBE_SESSION, /* complete the handshake, take tickets for a moment, close (1.3; DTLS ends as with
			  FLIGHT) */
};

enum probe_over { PROBE_TCP, PROBE_QUIC, PROBE_DTLS };

struct probe_tls_spec {
	enum probe_over over;
	enum probe_goal goal;
	/* Lists are copied. random and session_id are filled by the machine when zero; SNI, ALPN by the caller. */
	struct pqm_tls_client_hello hello;
	/* PQM_C_* of hello.suites, side by side: what a ServerKeyExchange of the suite looks like. NULL: the
	 * key exchange of TLS 1.2 and before is not read. */
	const uint16_t *suite_flags;
	/* Groups to send shares for; made by the machine with the run's keys. */
	uint16_t share_group[2];
	size_t n_share_groups;
	bool fake_share, bad_share; /* pc_share_fake */
	bool follow_hrr; /* answer one HelloRetryRequest with the share it wants (goal FLIGHT and SESSION) */
	uint16_t record_version; /* 0: 0x0301 */
	size_t fragment;	 /* records of at most this many bytes; 0: one */
	size_t first_segment;	 /* send this many bytes, then the rest after 50 ms; 0: at once */
	bool is_ssl2;
	const uint32_t *ssl2_kinds; /* offered with is_ssl2: low 24 bits */
	size_t n_ssl2_kinds;
	bool one_ticket;       /* goal SESSION: do not wait for a second */
	uint32_t quic_version; /* 1 or 0x6b3343cf; 0: 1 */
	/* Resumption: */
	pqm_bytes psk_ticket, psk_secret; /* of a flight before; secret: resumption PSK */
	enum pc_hash psk_hash;
	uint32_t psk_age;
};

/* What one TLS connection told. Slices and lists live in `arena`, which stays empty until something is
 * worth keeping: a connection that waits for its first answer has to be small. */
struct probe_flight {
	enum probe_end end;
	const char *how; /* "hello retry request", "server hello", "alert", "reset" … static */
	char words[96];
	uint32_t n_datagrams, n_strays;
	uint64_t datagram_bytes;
	bool has_alert;
	uint8_t alert, alert_level;
	bool has_hello;	    /* a ServerHello (or HRR) that answers our hello: the fields below */
	bool is_hrr;	    /* ended by, or went through, a HelloRetryRequest */
	uint16_t hrr_group; /* 0: none named */
	bool has_cookie;
	uint16_t version, suite, group; /* of the (final) ServerHello; group 0: none */
	bool has_downgrade_marker, ems, ticket_ext, renegotiation, heartbeat, psk_accepted;
	size_t session_id_bytes; /* 1.2 and before: that the server gave */
	bool has_ee;
	const struct pqm_tls_codes *ee_groups; /* NULL: the server sent none */
	bool early_data_ok, sni_ack;
	char alpn[32];
	bool has_name_warning; /* warning alert 112: the name is not known here */
	bool wants_client_cert;
	const struct pqm_tls_codes *client_schemes; /* NULL: none sent */
	size_t n_ca_names;
	bool has_compressed_cert;
	uint16_t compression; /* algorithm */
	const pqm_bytes *der; /* n_der of them, leaf first */
	size_t n_der;
	bool is_raw_key;
	bool has_leaf_key; /* the first of them holds a public key where one belongs */
	uint16_t scheme;   /* of CertificateVerify or ServerKeyExchange */
	enum pqm_answer proven;
	/* Key exchange below 1.3: */
	bool has_ske;
	uint32_t dh_bits; /* of p */
	pqm_bytes dh_p;
	uint16_t ec_group;
	bool is_export_rsa;
	/* After the handshake (PROBE_SESSION): */
	bool is_finished; /* the server's Finished verified */
	uint32_t n_tickets, ticket_lifetime_s, max_early_data;
	pqm_bytes ticket, psk;
	enum pc_hash hash;
	uint32_t ticket_age_add;
	/* SSL 2.0 */
	const uint32_t *ssl2_kinds;
	size_t n_ssl2_kinds;
	/* QUIC: has_vn: the version is not spoken there (end PROBE_ALERT without has_alert); the list is then
	 * what is, else what version_information in EncryptedExtensions says, if anything. */
	bool has_retry, has_vn;
	const uint32_t *vn_versions;
	size_t n_vn;
	struct pqm_arena arena;
};

/* How it ends, with words; the first end stands. */
void probe_flight_end(struct probe_flight *f, enum probe_end end, const char *how, const char *fmt,
	...) PQM_PRINTF(4, 5);
/* No more datagrams will come; words may be NULL: strays are then worth a word. */
void probe_flight_lost(struct probe_flight *f, enum probe_end why, const char *words);
/* DTLS and QUIC: a datagram of n bytes came; one that is of no use, and what too many of them mean. Both may end it. */
void probe_flight_datagram(struct probe_flight *f, size_t n);
void probe_flight_stray(struct probe_flight *f, enum probe_end why);

/* The machine's self for the chain; NULL without memory. The flight is read by probe_tls_flight after the
 * connection ended. keys outlive the machine. */
void *probe_tls_new(const struct probe_tls_spec *spec, struct pc_keys *keys);
extern const struct probe_machine probe_tls_machine; /* over TCP */
void *probe_quic_new(const struct probe_tls_spec *spec, struct pc_keys *keys);
extern const struct probe_machine probe_quic_machine;
void *probe_dtls_new(const struct probe_tls_spec *spec, struct pc_keys *keys);
extern const struct probe_machine probe_dtls_machine;

/* Any of the three begins with its flight. */
static inline const struct probe_flight *probe_flight_of(const void *tls_self)
{
	return tls_self;
}

/*
 * The TLS 1.3 handshake that TCP, QUIC and DTLS share (handshake.c): fed whole handshake messages, keeps
 * transcript and secrets, fills the flight.
 */
struct probe_hs;
struct probe_hs *probe_hs_new(
	const struct probe_tls_spec *spec, struct pc_keys *keys, struct probe_flight *flight);
void probe_hs_free(struct probe_hs *h);
/* Appends the ClientHello handshake message (the first, or the second after a HelloRetryRequest). */
bool probe_hs_hello(struct probe_hs *h, struct pqm_buf *out);

enum probe_hs_do {
	PROBE_HS_MORE,	 /* go on reading */
	PROBE_HS_HELLO2, /* send probe_hs_hello again */
	PROBE_HS_KEYS,	 /* handshake traffic secrets are there: probe_hs_secret */
	PROBE_HS_FINISH, /* server Finished is good: send probe_hs_finished under handshake keys, then
			      application secrets are there */
	PROBE_HS_END,	 /* flight->end and how are set */
};
/* One handshake message, raw with its 4-byte TLS header (DTLS callers convert). */
enum probe_hs_do probe_hs_message(struct probe_hs *h, uint8_t type, pqm_bytes body, pqm_bytes raw);
/* which: 'h' handshake, 'a' application; of the server or of us. */
bool probe_hs_secret(const struct probe_hs *h, char which, bool of_server, uint8_t *secret,
	enum pc_hash *hash, enum pc_aead *aead);
bool probe_hs_finished(struct probe_hs *h, struct pqm_buf *out);
void probe_hs_alert(struct probe_hs *h, uint8_t level, uint8_t alert);

/* ---- openers (STARTTLS) ---- */
struct probe_opener {
	const char *scheme; /* "smtp" */
	uint16_t port;	    /* default */
	uint16_t tls_port;  /* of the implicit-TLS sibling; 0 none */
	bool is_silent;	    /* the server waits for us: no greeting tells it from TLS */
};

extern const struct probe_opener probe_openers[]; /* ends with a NULL scheme */
/* A machine that speaks the protocol until TLS may start. host is for xmpp `to`. */
void *probe_opener_new(const char *scheme, const char *host);
extern const struct probe_machine probe_opener_machine;
/* After the end: why no TLS (NULL: it was reached), and the software's banner. */
const char *probe_opener_refusal(const void *self);
const char *probe_opener_banner(const void *self);
/* PROBE_GOAL: TLS may start; PROBE_ALERT: the server said in its protocol that it may not; PROBE_GARBAGE,
 * PROBE_BUDGET; else how the connection ended before either. */
enum probe_end probe_opener_end(const void *self);
/* Puts what the dialogue told into the endpoint: app, software, "starttls" (yes, or no when the server
 * said so), "starttls-injection", "rdp-protocol". */
void probe_opener_facts(const void *self, struct probe_job *j);
/* Guesses the protocol by first bytes: waits for a greeting up to PQM_PROBE_GREETING_MS; port decides
 * where the words do not. The result is a scheme; "tls" after silence or a greeting that nobody knows:
 * then the machine hands on to the next of its chain (PROBE_NEXT, nothing taken), else it is done. */
void *probe_guess_new(uint16_t port);
/* The same by a first line that was heard elsewhere; NULL: it says nothing. */
const char *probe_greeting_scheme(pqm_bytes line, uint16_t port);
extern const struct probe_machine probe_guess_machine;
const char *probe_guess_scheme(const void *self);
/* The first line of the greeting, printable; empty after silence. */
const char *probe_guess_greeting(const void *self);

/* Proxies, put in front by the loop. */
void *probe_proxy_new(const char *proxy_url, const char *host, uint16_t port);
extern const struct probe_machine probe_proxy_machine;

#endif
