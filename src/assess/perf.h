/*
 * perf.h — from primitive times and message sizes to handshakes and transfers.
 *
 * Shape:     pure arithmetic (perf.c) over inputs that a caller fills by hand or from bench rows and
 *            rules/perf (perf_rows.c).
 * Units:     milliseconds, bytes, Mbit/s; row times are microseconds.
 * Ownership: results borrow the texts of bench and rules.
 * Errors:    PQM_EUSAGE naming the row or rule that is missing: no estimate is made without its row.
 * Threads:   pure.
 * Model:     time to the end of a TLS 1.3 handshake = one RTT of TCP + the client's flight + the
 *            server's flight + what is computed outside them.
 *              rounds(n) = least r with initcwnd·MSS·(2^r − 1) ≥ n: slow start doubles each round.
 *              The server sends hello and certificate while it still signs, so its flight ends at
 *              max((rounds(all) − 1)·RTT, sign + (rounds'(late) − 1)·RTT), where rounds' starts from
 *              the window that the acknowledgements of the first part have opened.
 *              The client checks the chain while the rest is on its way.
 *              Loss (median): a direction whose last round has n segments loses one of them with
 *              1 − (1 − p)^n; above one half the median handshake pays one RTT more. Losses in earlier
 *              rounds are repaired while later rounds run. Holds to 10 % loss.
 *              Load: n clients in a closed loop before one server process: exact mean value analysis
 *              of one queue (the server's CPU) and one delay (all the rest).
 */
#ifndef PQM_ASSESS_PERF_H
#define PQM_ASSESS_PERF_H

#include "model/bench.h"
#include "rules/rules.h"

#define PQM_PERF_LOSS_MAX 0.10

struct pqm_perf_link {
	double rtt_ms;
	double mbit;	    /* of the bottleneck, each way; 0: not limited */
	double loss;	    /* share of packets, 0 to PQM_PERF_LOSS_MAX */
	double mss;	    /* bytes */
	double initcwnd;    /* segments */
	double fixed_ms;    /* systems at both ends: sockets, scheduling, parsing */
	unsigned n_clients; /* at once, before one server process; 0 and 1: no queue */
};

/* A server on Linux as it is delivered, a client 40 ms away. */
struct pqm_perf_link pqm_perf_link_default(void);

struct pqm_perf_handshake {
	/* bytes of TLS messages, without TCP and IP */
	double client_hello, server_first, server_late, client_last; /* late: after signing */
	/* CPU, milliseconds */
	double client_start;		/* key shares */
	double server_kex, server_sign; /* before the first byte; before the late part */
	double client_kex, client_chain, client_late; /* secret; certificates; CertificateVerify */
	double client_fixed, server_fixed; /* of these, libssl and kernel besides the primitives */
};

struct pqm_perf_result {
	double handshake_ms;  /* until the client may send */
	double first_byte_ms; /* of the response to a request sent at once */
	double queue_ms;      /* of it, waiting for the server's CPU */
	double bytes_up, bytes_down;
	double client_cpu_ms, server_cpu_ms;
	double per_core_s; /* handshakes a second and core of the server */
	double rounds_up, rounds_down;
};

/* Rounds of slow start that n bytes take when the first may hold `window` bytes. */
double pqm_perf_rounds(double n, double window);
void pqm_perf_handshake(struct pqm_perf_result *out, const struct pqm_perf_handshake *h,
	const struct pqm_perf_link *l);

/* Sealed and signed data over a link or to a disk, against the same sent as it is today. */
struct pqm_perf_transfer {
	double payload;		     /* bytes of one message or file */
	double added_bytes;	     /* hybrid header, signature, tags */
	double today_bytes;	     /* of these, what today's protection adds already */
	double cpu_ms, today_cpu_ms; /* both ends, public-key operations */
	double seal_gb_s;	     /* cipher rate; both ends pay; 0: none */
	double today_gb_s;	     /* the same today; 0: plaintext */
	double mbit, rtt_ms;	     /* link; for a disk its rate and 0 */
	bool is_one_end;	     /* a file that is only written: one pass of the cipher */
};

#define PQM_PERF_ROWS_MAX 16

/* The rows that an estimate was made from. */
struct pqm_perf_used {
	pqm_bytes row[PQM_PERF_ROWS_MAX];
	size_t n;
};

struct pqm_perf_cost {
	double bytes_percent, time_percent;
	double today_ms, hybrid_ms;
	struct pqm_perf_used used;
};

void pqm_perf_transfer(struct pqm_perf_cost *out, const struct pqm_perf_transfer *t);

/* ---- rows and rules ---- */

void pqm_bench_init(struct pqm_bench *b);
void pqm_bench_fini(struct pqm_bench *b);
/* The JSON of `pqmap bench` or hyb-bench. impl: rows of an implementation whose name starts so
 * ("OpenSSL") are preferred to those in use; may be empty; PQM_EUSAGE when there is none. */
enum pqm_st pqm_bench_load(struct pqm_bench *b, pqm_bytes text, const char *name, pqm_bytes impl,
	struct pqm_err *err) PQM_MUST_USE;
/* rules/perf/reference.yaml: used when the user has no run of his own. */
enum pqm_st pqm_bench_reference(
	struct pqm_bench *b, const struct pqm_rules *r, struct pqm_err *err) PQM_MUST_USE;
/* NULL: there is no such row. */
const struct pqm_bench_row *pqm_bench_get(const struct pqm_bench *b, pqm_bytes id);
/* "bench of 2026-11-21 on HOST", "reference profile of DATE: HOST". */
pqm_bytes pqm_bench_words(const struct pqm_bench *b, struct pqm_arena *a);

/* What a server is to be estimated with: n_certs certificates under a root that the client has. */
struct pqm_perf_ask {
	pqm_bytes group, signature;
	unsigned n_certs;
};

struct pqm_perf_suite {
	struct pqm_perf_ask ask;
	struct pqm_perf_handshake h;
	struct pqm_perf_used used;
};

/* PQM_EUSAGE: no such group or signature, or a row is missing; the words name it. */
enum pqm_st pqm_perf_suite(struct pqm_perf_suite *out, const struct pqm_rules *r,
	const struct pqm_bench *b, const struct pqm_perf_ask *ask,
	struct pqm_err *err) PQM_MUST_USE;

/* A transfer rule (perf.transfer.*) for a payload of so many bytes over the link. */
enum pqm_st pqm_perf_transfer_rule(struct pqm_perf_cost *out, const struct pqm_rule *rule,
	const struct pqm_bench *b, double payload, const struct pqm_perf_link *l,
	struct pqm_err *err) PQM_MUST_USE;

/* A rule's lists `plus` less `minus`: microseconds, and the rows in words ("a + 2 b - c"). PQM_EUSAGE
 * naming the row that is missing. */
enum pqm_st pqm_perf_sum(double *us, pqm_bytes *words, const struct pqm_rule *rule,
	const struct pqm_bench *b, struct pqm_arena *a, struct pqm_err *err) PQM_MUST_USE;
/* The rule of rules/perf/signatures.yaml for a signature's name, or NULL. */
const struct pqm_rule *pqm_perf_signature(const struct pqm_rules *r, pqm_bytes name);

/* The sentence of a cost rule (perf.cost.*): number, rows, host and date, or which row is missing.
 * Empty when there is no such rule. */
pqm_bytes pqm_perf_cost_text(
	const struct pqm_rules *r, const struct pqm_bench *b, pqm_bytes id, struct pqm_arena *a);

/* For the rule checker: whether a rule of rules/perf has the sample among its names or rows. */
bool pqm_perf_rule_takes(const struct pqm_rule *rule, pqm_bytes sample);

#endif
