/*
 * probe.h — endpoints asked what they negotiate, thousands at a time.
 *
 * Shape:     one call that runs one epoll loop until every target is done; each finished endpoint is
 *            handed to a callback. Code points, their classes and sizes come from the caller (rules/):
 *            this module knows protocols, not names.
 * Units:     milliseconds, connections a second.
 * Ownership: the endpoint given to the callback lives for the call; copy what you keep. Targets and
 *            config are borrowed for the run.
 * Errors:    what goes wrong with a target is in its endpoint; the run fails only without memory, epoll,
 *            a readable deny list or the proxy's address.
 * Threads:   the loop runs on the calling thread; names are resolved by a small pool of its own.
 * Limits:    PQM_PROBE_* in limits.h; RSS is bounded by `concurrent`, not by the number of targets.
 * Standard:  design/tls.md §9 and §10.
 */
#ifndef PQM_PROBE_PROBE_H
#define PQM_PROBE_PROBE_H

#include "model/codes.h"
#include "model/endpoint.h"

struct pqm_probe_codes {
	const struct pqm_probe_code *code;
	size_t n;
};

/* What the user named, read by pqm_probe_target_parse. */
struct pqm_probe_target {
	uint32_t index; /* for the caller: comes back as endpoint.target */
	const char *
		scheme; /* "tls", "ssh", "quic", "dtls", "smtp", …, "auto" (guess); a static string */
	const char *host; /* NUL-terminated name or address literal, no brackets */
	uint16_t port;	  /* 0: the scheme's default */
	const char *sni;  /* may be NULL */
	/* HOST:PORT on a port that belongs to no protocol: TLS is asked, and when something else answers,
	 * that; endpoint.scheme is then what was found. */
	bool is_bare;
};

struct pqm_probe_config {
	enum pqm_profile profile;
	struct pqm_probe_codes groups, suites, schemes; /* in the order worth asking */
	/* PQM_K_* of an SSH key exchange method; NULL: every method counts as classical. */
	unsigned (*kex_class)(const void *ctx, pqm_bytes name);
	const void *kex_ctx;
	uint32_t deadline_ms; /* of a target, once it started; default 8,000 */
	uint32_t connect_ms;  /* of one connection attempt; default 3,000 */
	uint32_t concurrent;  /* endpoints in work; default 256 */
	double rate; /* connections a second to one host address; 0 lifts burst and at_once too; default 20 */
	uint32_t burst; /* default 24 */
	uint32_t
		at_once; /* endpoints in work, thus connections, of one host address; default 2; 0: any */
	double rate_all; /* a second over all hosts, and at most so many in a row; 0: no limit */
	const char
		*proxy; /* "http://host:port", "socks5://host:port", with user:password@; or NULL */
	int family;	/* 0 both, 4, 6 */
	/* Every address of a name is an endpoint; else the first of each family, without a family that this
	 * machine has no route to while it has one to the other. An address that the user named is always
	 * one. At most 16 addresses a name. */
	bool all_addresses;
	const char *const *
		deny; /* hosts, addresses or address/prefix never to contact; NULL-terminated or NULL */
	/* Only private and loopback addresses [RFC1918, RFC4193, RFC6598]; with a proxy, which resolves
	 * names, only targets that are such an address. */
	bool private_only;
	const volatile int
		*stop;		 /* non-zero: finish what runs as unfinished, return; may be NULL */
	uint64_t time_budget_ms; /* of the run; 0: none */
};

/* Fills the defaults above; code tables stay empty. */
void pqm_probe_config_init(struct pqm_probe_config *c);

/* Is the text an endpoint target (a known scheme and a host)? Cheap. */
bool pqm_probe_is_target(const char *text);
/* "tls:host:443", "smtp:[::1]", "ssh:h", "https://h/x"; with `bare` also "h" and "h:443", where a port that
 * belongs to a protocol stands for its scheme: 22 for ssh, 5432 for postgres. Text into arena.
 * PQM_EUSAGE with words for anything else. */
enum pqm_st pqm_probe_target_parse(struct pqm_probe_target *out, const char *text, bool bare,
	struct pqm_arena *arena, struct pqm_err *err) PQM_MUST_USE;

/* Port of a scheme ("https", "postgres"); 0: not one that is asked. */
uint16_t pqm_probe_default_port(pqm_bytes text);
/* Is the name or address literal on the deny list? */
bool pqm_probe_is_denied(const char *const *deny, const char *host);
/* Is it an address literal, and one that private_only lets through? */
bool pqm_probe_is_address(pqm_bytes host, bool *is_private);

struct pqm_probe_stats {
	uint64_t connections, datagrams, bytes_in, bytes_out, endpoints;
	double seconds;
};

/* Called once an endpoint, in the order of completion. False stops the run. */
typedef bool pqm_probe_done(void *ctx, const struct pqm_endpoint *e);

enum pqm_st pqm_probe_run(const struct pqm_probe_config *c, const struct pqm_probe_target *targets,
	size_t n, pqm_probe_done *done, void *ctx, struct pqm_probe_stats *stats /* may be NULL */,
	struct pqm_err *err) PQM_MUST_USE;

#endif
