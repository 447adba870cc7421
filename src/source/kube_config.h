/*
 * kube_config.h — which API server to ask, and as whom.
 *
 * Shape:     one context of the kubeconfig files, or the account of the pod that we run in.
 * Ownership: everything lives in the configuration's arena, which is wiped at the end.
 * Errors:    PQM_EUSAGE for what the user must mend, PQM_EIO for files that cannot be read; the words name
 *            file, context and field, never a value.
 * Threads:   one thread.
 * Standard:  kubeconfig v1 of client-go: $KUBECONFIG is a list, the first file that sets a thing wins; paths
 *            are relative to the file that names them.
 * Never:     tokens, passwords and keys in messages.
 */
#ifndef PQM_SOURCE_KUBE_CONFIG_H
#define PQM_SOURCE_KUBE_CONFIG_H

#include "base/arena.h"

/* A credential plugin: a program that prints an ExecCredential. */
struct pqm_kube_exec {
	const char *const *args; /* command first, then NULL */
	const char *const *env;	 /* "NAME=value" on top of ours, then NULL */
	const char *api_version;
	const char *hint; /* how to install it; or NULL */
	bool wants_cluster;
};

struct pqm_kube_config {
	struct pqm_arena arena;
	const char *context;		     /* "in-cluster" for the account of a pod */
	const char *server;		     /* URL */
	const char *ns;			     /* of the context; or NULL */
	const char *tls_server_name, *proxy; /* or NULL */
	bool no_verify;
	pqm_bytes ca, cert, key;		    /* PEM; empty: none */
	const char *ca_file, *cert_file, *key_file; /* absolute; read by pqm_kube_config_files */
	const char *token, *token_file, *user_password;
	const char *const *impersonate; /* headers, then NULL; NULL: none */
	const struct pqm_kube_exec *exec;
};

struct pqm_kube_file {
	const char *path; /* of the file, for messages and relative paths */
	pqm_bytes text;
};

/* Finds the files, reads them and what they name. context may be empty: the current one. */
enum pqm_st pqm_kube_config_load(
	struct pqm_kube_config *out, const char *context, struct pqm_err *err) PQM_MUST_USE;
/* The same from texts; opens no file. */
enum pqm_st pqm_kube_config_parse(struct pqm_kube_config *out, const struct pqm_kube_file *files,
	size_t n, const char *context, struct pqm_err *err) PQM_MUST_USE;
void pqm_kube_config_fini(struct pqm_kube_config *c); /* {0} is fine */

/* Reads a small file into the arena; PQM_EIO with its name. */
enum pqm_st pqm_kube_read(pqm_bytes *out, const char *path, struct pqm_arena *arena,
	struct pqm_err *err) PQM_MUST_USE;

#endif
