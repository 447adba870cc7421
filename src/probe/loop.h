/*
 * loop.h — the parts of the event loop: timers, buckets, names, sockets, endpoints in work. Not for
 * strategies or machines; those see int.h only.
 *
 * Shape:     one struct probe_loop a run. A target becomes one or more waits (target and address); a wait
 *            becomes a work when its host has room; a work makes one connection after another:
 *
 *              delay -> token of its host -> line (sockets free, token of all) -> connect -> open
 *                 ^                                                                         |
 *                 +------------------- strategy names the next connection ------------------+
 *
 * Units:     nanoseconds of the monotonic clock (`_ns`).
 * Ownership: the loop owns works, waits, hosts and names; lists are intrusive.
 * Threads:   one; dns.c alone has others, behind its own lock.
 * Limits:    works <= 2 * concurrent, sockets <= concurrent, waits <= PROBE_PARKED_MAX.
 */
#ifndef PQM_PROBE_LOOP_H
#define PQM_PROBE_LOOP_H

#include <stddef.h>
#include <sys/socket.h>

#include "base/map.h"
#include "probe/int.h"

#define PROBE_MS UINT64_C(1000000)
/* Addresses of one name that are looked at. */
#define PROBE_ADDRS_MAX 16
/* Names asked for at the same time, over PROBE_DNS_THREADS threads. */
#define PROBE_ASKING_MAX 256
#define PROBE_DNS_THREADS 8
/* Targets that wait for a busy host, before the loop stops reading ahead. */
#define PROBE_PARKED_MAX 65536
/* What an endpoint may wait for our own rate limits, in all. */
#define PROBE_WAIT_NS (UINT64_C(600) * 1000 * PROBE_MS)
/* Connections begun, or targets begun, before events and timers have their turn. */
#define PROBE_TURN 256
/* What one read can bring, behind what a machine left. */
#define PROBE_READ_BYTES ((size_t)64 << 10)
#define PROBE_IN_BYTES (PQM_PROBE_HELD_BYTES + PROBE_READ_BYTES)

/* ---- addresses (target.c) ---- */
struct probe_addr {
	sa_family_t family; /* 0: a name that a proxy resolves */
	uint32_t scope;
	uint8_t ip[16]; /* 4 of AF_INET */
};

bool probe_addr_parse(struct probe_addr *out, pqm_bytes text);
/* As the kernel takes it: 0.0.0.0 and :: are this machine, ::ffff:a.b.c.d is a.b.c.d. */
struct probe_addr probe_addr_plain(const struct probe_addr *a);
bool probe_addr_same(const struct probe_addr *a, const struct probe_addr *b);
void probe_addr_text(const struct probe_addr *a, char out[64]);
socklen_t probe_addr_sock(const struct probe_addr *a, uint16_t port, struct sockaddr_storage *out);
/* Default port of a scheme; 0: no such scheme. */
uint16_t probe_scheme_port(const char *text);
/* Are the entries of a deny list well-formed? PQM_EUSAGE names the one that is not. */
enum pqm_st probe_deny_check(const char *const *deny, struct pqm_err *err) PQM_MUST_USE;
/* Of a network that the internet does not route, or this machine. */
bool probe_addr_is_private(const struct probe_addr *a);
/* The entry that forbids this host or address (each may be NULL), or NULL. */
const char *probe_denied(const char *const *deny, const char *host, const struct probe_addr *addr);

/* ---- timers (timer.c): a binary heap of timers inside their owners ---- */
enum probe_timer_kind { PROBE_TIMER_WORK, PROBE_TIMER_HOST, PROBE_TIMER_ALL, PROBE_TIMER_NAME };

struct probe_timer {
	uint64_t at_ns;
	uint32_t pos; /* in the heap, from 1; 0: not set */
	enum probe_timer_kind kind;
};

struct probe_heap {
	struct probe_timer **item;
	size_t n, cap, n_owners;
};

/* Room for one more owner; after that its timer can always be set. */
bool probe_heap_add_owner(struct probe_heap *h);
void probe_heap_drop_owner(struct probe_heap *h, struct probe_timer *t);
void probe_heap_fini(struct probe_heap *h);
void probe_timer_set(struct probe_heap *h, struct probe_timer *t, uint64_t at_ns);
void probe_timer_clear(struct probe_heap *h, struct probe_timer *t);
/* Takes out the earliest that is due; NULL: none. */
struct probe_timer *probe_timer_due(struct probe_heap *h, uint64_t now_ns);

#define PROBE_OWNER(t, T, member) ((T *)(void *)((char *)(t)-offsetof(T, member)))

/* ---- lists of works ---- */
struct probe_work;

struct probe_list {
	struct probe_work *head, *tail;
};

/* A target (of one address) that is not in work yet. */
struct probe_wait {
	struct probe_wait *next;
	uint32_t target; /* position in the caller's array */
	struct probe_addr addr;
	uint32_t n_addresses; /* of its name, this one among them; 0: no name */
};

struct probe_waits {
	struct probe_wait *head, *tail;
};

/* ---- buckets and hosts (bucket.c) ---- */
struct probe_bucket {
	double tokens, rate, burst; /* rate 0: never empty */
	uint64_t at_ns;
};

void probe_bucket_init(struct probe_bucket *b, double rate, double burst, uint64_t now_ns);
/* 0: a token was taken; else nanoseconds until there is one. */
uint64_t probe_bucket_take(struct probe_bucket *b, uint64_t now_ns);
bool probe_bucket_is_full(struct probe_bucket *b, uint64_t now_ns);

struct probe_host {
	struct probe_host *next; /* of the same slot */
	struct probe_addr addr;	 /* port and scope do not matter */
	struct probe_bucket bucket;
	struct probe_timer timer;
	struct probe_list waiting; /* works without a token */
	struct probe_waits parked; /* targets without room */
	uint32_t n_works;
	uint32_t n_good, n_bad_row; /* as in struct probe_outcome */
};

struct probe_hosts {
	struct probe_host **slot;
	size_t n, cap;
};

/* The host of the address, made when new; NULL without memory. Hosts without work whose bucket is full
 * again are forgotten when the table would grow. */
struct probe_host *probe_host_get(struct probe_hosts *t, const struct probe_addr *a,
	struct probe_heap *heap, const struct pqm_probe_config *c, uint64_t now_ns);
void probe_hosts_fini(struct probe_hosts *t, struct probe_heap *heap);

/* ---- names (dns.c) ---- */
struct probe_answer {
	struct probe_answer *next;
	void *owner; /* as given to probe_dns_ask */
	size_t n;
	struct probe_addr addr[PROBE_ADDRS_MAX];
	char words[96]; /* why none; empty */
	char host[];
};

struct probe_dns;
/* NULL without memory or descriptors. *fd becomes readable when answers are there. */
struct probe_dns *probe_dns_new(int family, int *fd);
bool probe_dns_ask(struct probe_dns *d, const char *host, void *owner);
/* All answers so far: a list that the caller frees, one by one. */
struct probe_answer *probe_dns_take(struct probe_dns *d);
/* The first address, found on the calling thread. */
bool probe_dns_now(struct probe_addr *out, const char *host, int family);
/* Threads that still wait for a resolver end by themselves, and free what they share. */
void probe_dns_free(struct probe_dns *d);

/* ---- one endpoint in work ---- */
enum probe_state {
	PROBE_LINE,    /* waits for a socket and a token of all */
	PROBE_DELAY,   /* the strategy, or a lack of local ports, wants a pause */
	PROBE_TOKEN,   /* its host's bucket is empty */
	PROBE_CONNECT, /* socket opened, not connected */
	PROBE_OPEN,
};

struct probe_work {
	struct probe_job job;
	struct probe_work *prev, *next; /* in list */
	struct probe_list *list;	/* NULL: in none */
	struct probe_work *all_prev, *all_next;
	struct probe_timer timer;
	struct probe_host *host;
	struct probe_addr peer; /* the endpoint's, or the proxy's */
	uint64_t started_ns, wait_from_ns, waited_ns;
	enum probe_state state;
	uint32_t n_retries;
	bool has_byte; /* any connection brought one */

	/* The connection. */
	struct probe_request req;
	struct probe_link proxy;
	bool has_request, is_eof, is_done, wants_write;
	int fd, write_errno;
	uint32_t at; /* in the chain, the proxy's machine counted */
	struct pqm_buf out, held;
	size_t out_off;
	uint64_t begun_ns, connected_ns, due_ns, machine_due_ns, delay_due_ns;
	uint64_t bytes_in;
};

struct probe_name;
struct probe_proxy;

struct probe_loop {
	const struct pqm_probe_config *config;
	const struct pqm_probe_target *targets;
	size_t n_targets, next_target;
	pqm_probe_done *done;
	void *ctx;
	const struct probe_strategy *strategy; /* for every scheme; NULL: chosen by it */
	struct pqm_probe_stats stats;
	struct probe_outcome
		last; /* of the connection that has just ended, while its strategy looks */
	struct pc_keys *keys;
	int epoll_fd, dns_fd;
	struct probe_dns *dns;
	uint64_t now_ns, begun_ns;
	struct probe_heap heap;
	struct probe_hosts hosts;
	struct probe_bucket all;
	struct probe_timer all_timer;
	struct probe_list line, more; /* more: sockets that were not read empty */
	struct probe_waits ready;
	struct probe_work *works; /* all */
	struct pqm_map names;
	struct probe_name *name_list;
	size_t n_works, n_idle; /* n_idle: of them in PROBE_DELAY or PROBE_TOKEN */
	size_t n_conns, limit, n_asking, n_parked;
	bool is_stopped, is_quiet; /* quiet: the callback wants no more */
	bool is_out_of_memory, has_warned;
	/* Shared room: what a machine wants to send, and what was received. */
	struct pqm_buf out;
	uint8_t *in;
	struct probe_proxy *proxy; /* NULL: none */
	struct probe_addr proxy_addr;
};

/* sock.c: the connection of a work. Each may end it, by probe_work_over. */
void probe_sock_connect(struct probe_loop *l, struct probe_work *w);
void probe_sock_event(struct probe_loop *l, struct probe_work *w, uint32_t events);
/* Reads on where probe_sock_event stopped in fairness to others. */
void probe_sock_more(struct probe_loop *l, struct probe_work *w);
/* The machine's own timer. */
void probe_sock_timer(struct probe_loop *l, struct probe_work *w);
/* Closes, tells the machines, fills l->last, and asks the strategy for more. */
void probe_sock_end(
	struct probe_loop *l, struct probe_work *w, enum probe_end why, const char *words);

/* work.c: what an endpoint does between its connections. */
void probe_list_push(struct probe_list *list, struct probe_work *w);
void probe_list_push_front(struct probe_list *list, struct probe_work *w);
void probe_list_remove(struct probe_work *w);
bool probe_work_new(struct probe_loop *l, const struct probe_wait *wait, struct probe_host *host);
/* After l->last is filled (or before the first connection): the strategy's turn. May free w. */
void probe_work_step(struct probe_loop *l, struct probe_work *w, bool is_first);
/* Puts a work whose request is set in the place it waits in. */
void probe_work_line(struct probe_loop *l, struct probe_work *w);
/* Our own waiting is over: the deadline moves by it. */
void probe_work_clock(struct probe_loop *l, struct probe_work *w);
void probe_work_pause(struct probe_loop *l, struct probe_work *w, uint64_t ns);
void probe_work_arm(struct probe_loop *l, struct probe_work *w);
void probe_work_timer(struct probe_loop *l, struct probe_work *w);
void probe_host_timer(struct probe_loop *l, struct probe_host *h);
/* Ends a work whatever it does: its strategy is called once more, late. */
void probe_work_stop(struct probe_loop *l, struct probe_work *w, const char *words);
void probe_waits_push(struct probe_waits *q, struct probe_wait *w);
struct probe_wait *probe_waits_pop(struct probe_waits *q);
/* Hands an endpoint that was never in work to the caller. */
void probe_report_untried(struct probe_loop *l, uint32_t target, const struct probe_addr *addr,
	enum pqm_reach reach, const char *words);

/* probe.c: a run with config, targets, done and ctx filled in, all else zero. Leaves stats. */
enum pqm_st probe_run(struct probe_loop *l, struct pqm_err *err) PQM_MUST_USE;
/* loop.c */
void probe_loop_run(struct probe_loop *l);

/* proxy.c */
struct probe_proxy { /* what a proxy's URL says */
	bool is_socks;
	char host[256];
	uint16_t port;
	char user[256], password[256]; /* empty: none */
};

enum pqm_st probe_proxy_parse(
	struct probe_proxy *out, const char *url, struct pqm_err *err) PQM_MUST_USE;
/* After the end: why the proxy did not open the way; NULL: it did. */
const char *probe_proxy_refusal(const void *self);

#endif
