/*
 * endpoint.h — targets on the network, asked in one run of the prober.
 *
 * Shape:     names and settings in, endpoints out by callback; the list of names may be as long as an
 *            @FILE list.
 * Ownership: names, settings and known endpoints are borrowed for the call; an endpoint given to the
 *            callback lives for that call.
 * Errors:    PQM_EUSAGE for a wrong setting; a name that is no endpoint is told through bad(); what
 *            goes wrong with an endpoint is in the endpoint.
 * Threads:   everything happens on the calling thread.
 * Security:  only hosts that stand in the names are contacted, the proxy apart.
 */
#ifndef PQM_SOURCE_ENDPOINT_H
#define PQM_SOURCE_ENDPOINT_H

#include "probe/probe.h"
#include "rules/rules.h"

struct pqm_endpoint_options {
	struct pqm_probe_config probe; /* without code tables: those come from the rules */
	const char *sni;	       /* name to send instead of the host's; or NULL */
	bool bare;		       /* HOST[:PORT] without a scheme is an endpoint too */
	/* From an earlier run: what was found complete there is taken over and not asked again. By
	 * scheme, host, port and SNI. */
	const struct pqm_endpoint *known;
	size_t n_known;
};

struct pqm_endpoint_calls {
	/* Finished, in the order of completion; once for every target that names it. is_known: from an
	 * earlier run. False stops the run. */
	bool (*done)(struct pqm_endpoint_calls *c, const struct pqm_endpoint *e, bool is_known);
	/* A name that is no endpoint. */
	void (*bad)(struct pqm_endpoint_calls *c, uint32_t target, const char *words);
};

/* Is the text an endpoint target? Decides for a name that could also be a path: the scheme wins. */
bool pqm_endpoint_is_target(const char *name, bool bare);
/* Words for a name that is_target accepts and that cannot be asked (a port of 0, a host with a blank). */
enum pqm_st pqm_endpoint_check(const char *name, bool bare, struct pqm_err *err) PQM_MUST_USE;

/* index[i] is the number of name[i] that comes back in endpoint.target. */
struct pqm_endpoint_names {
	const char *const *name;
	const uint32_t *index;
	size_t n;
};

enum pqm_st pqm_endpoint_ask(const struct pqm_endpoint_options *o, const struct pqm_rules *r,
	const struct pqm_endpoint_names *names, struct pqm_endpoint_calls *calls,
	struct pqm_err *err) PQM_MUST_USE;

/* What the endpoints of one target came to: a name may have several addresses. */
struct pqm_reaches {
	unsigned n[PQM_R_SKIPPED + 1];
	bool is_guess; /* auto: any protocol is an answer */
};

/* Could the target not be told? An address that is down or closed does no harm when another of the same
 * name answers (a host without IPv6); one that is silent or limits does. */
bool pqm_reaches_failed(const struct pqm_reaches *r);

#endif
