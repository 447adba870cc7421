/*
 * cluster_options.h — the options of commands that read clusters, or print what such a reader needs.
 *
 * Ownership: texts borrow argv; lists live in the arena.
 * Errors:    PQM_EUSAGE in one line.
 */
#ifndef PQM_CLI_CLUSTER_OPTIONS_H
#define PQM_CLI_CLUSTER_OPTIONS_H

#include "cli/command.h"
#include "source/cluster.h"

/* Rows of a command's option table. */
#define PQM_CLUSTER_OPTS                                                                           \
	{ 'n', "namespace", "LIST",                                                                \
		"of a cluster, these namespaces only, by comma; repeatable (default: all)" },      \
	{                                                                                          \
		0, "secrets", "MODE[=LIST]",                                                       \
			"Secrets of a cluster: none (default), metadata, tls, all; =LIST: only "   \
			"in these namespaces"                                                      \
	}

enum pqm_st pqm_cluster_options(struct pqm_cluster_options *o, const struct pqm_args *a,
	struct pqm_arena *arena, struct pqm_err *err) PQM_MUST_USE;
/* "none", "metadata" … */
const char *pqm_secrets_name(enum pqm_secrets mode);

#endif
