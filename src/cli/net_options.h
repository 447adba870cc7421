/*
 * net_options.h — the options of commands that talk to endpoints.
 *
 * Ownership: texts borrow argv; lists live in the arena.
 * Errors:    PQM_EUSAGE in one line.
 */
#ifndef PQM_CLI_NET_OPTIONS_H
#define PQM_CLI_NET_OPTIONS_H

#include "cli/command.h"
#include "source/endpoint.h"

/* Rows of a command's option table. */
#define PQM_NET_OPTS                                                                               \
	{ 0, "profile", "NAME", "what to ask an endpoint: quick, hndl (default), full" },          \
		{ 0, "sni", "NAME", "server name to send instead of the host's" },                 \
		{ '4', "ipv4", NULL, "IPv4 addresses only" },                                      \
		{ '6', "ipv6", NULL, "IPv6 addresses only" },                                      \
		{ 0, "all-addresses", NULL,                                                        \
			"every address of a name (default: the first of each family)" },           \
		{ 0, "timeout", "SECONDS", "for one endpoint, from its start (default: 8)" },      \
		{ 0, "time-budget", "SECONDS",                                                     \
			"for all of them; what is left then is told as not asked" },               \
		{ 0, "rate", "N",                                                                  \
			"connections a second to one address (default: 20; 0: no limit)" },        \
		{ 0, "concurrent", "N", "endpoints in work at once (default: 256)" },              \
		{ 0, "deny", "LIST",                                                               \
			"hosts, addresses, address/prefix never to contact, by comma; "            \
			"repeatable" },                                                            \
	{                                                                                          \
		0, "proxy", "URL", "http://HOST:PORT or socks5://HOST:PORT"                        \
	}

enum pqm_st pqm_net_options(struct pqm_endpoint_options *o, const struct pqm_args *a,
	struct pqm_arena *arena, struct pqm_err *err) PQM_MUST_USE;

/* From now on the first SIGINT or SIGTERM sets the flag that is returned; the second one kills. */
const volatile int *pqm_net_stop_on_signals(void);
/* 0, or the signal that came. */
int pqm_net_signal(void);

#endif
