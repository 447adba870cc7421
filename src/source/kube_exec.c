#include "kube_exec.h"

#include <unistd.h>

#include "base/limits.h"
#include "base/out.h"
#include "base/process.h"
#include "parse/yaml_json.h"

enum pqm_st pqm_kube_cred_parse(struct pqm_kube_cred *out, pqm_bytes text, const char *api_version,
	struct pqm_arena *arena, struct pqm_err *err)
{
	const struct pqm_yaml *root = NULL, *status;
	struct pqm_err ignored = { 0 };
	struct pqm_kube_cred c = { 0 };
	pqm_bytes token;

	if (pqm_yjson_root(&root, text, arena, &ignored) != PQM_OK ||
		!pqm_eqs(pqm_yaml_str(root, "kind"), "ExecCredential"))
		return pqm_fail(err, PQM_EPARSE, "printed no ExecCredential");
	if (!pqm_eqs(pqm_yaml_str(root, "apiVersion"), api_version))
		return pqm_fail(err, PQM_EPARSE,
			"printed an ExecCredential of another version than %s", api_version);
	status = pqm_yaml_get(root, "status");
	token = pqm_yaml_str(status, "token");
	c.cert = pqm_bytes_dup(arena, pqm_yaml_str(status, "clientCertificateData"));
	c.key = pqm_bytes_dup(arena, pqm_yaml_str(status, "clientKeyData"));
	if (token.n > 0 && pqm_find_byte(token, 0, '\0') == SIZE_MAX)
		c.token = (const char *)pqm_bytes_dup(arena, token).p;
	if (c.token == NULL && (c.cert.n == 0 || c.key.n == 0))
		return pqm_fail(err, PQM_EPARSE,
			"printed an ExecCredential without token or certificate and key");
	*out = c;
	return PQM_OK;
}

/* What a plugin may want to know of the cluster [ExecCredential spec]. */
static const char *info_of(const struct pqm_kube_config *c, struct pqm_arena *arena)
{
	struct pqm_out o;
	struct pqm_err ignored = { 0 };
	const char *text;

	pqm_out_memory(&o, PQM_RULE_FILE_BYTES);
	o.js_compact = true;
	pqm_out_lit(&o, "KUBERNETES_EXEC_INFO=");
	pqm_js_open(&o, NULL, '{');
	pqm_js_cstr(&o, "apiVersion", c->exec->api_version);
	pqm_js_cstr(&o, "kind", "ExecCredential");
	pqm_js_open(&o, "spec", '{');
	if (c->exec->wants_cluster) {
		pqm_js_open(&o, "cluster", '{');
		pqm_js_cstr(&o, "server", c->server);
		if (c->tls_server_name != NULL)
			pqm_js_cstr(&o, "tls-server-name", c->tls_server_name);
		if (c->no_verify)
			pqm_js_bool(&o, "insecure-skip-tls-verify", true);
		if (c->ca.n > 0)
			pqm_js_base64(&o, "certificate-authority-data", c->ca);
		pqm_js_close(&o, '}');
	}
	pqm_js_bool(&o, "interactive", false);
	pqm_js_close(&o, '}');
	pqm_js_close(&o, '}');
	text = (const char *)pqm_bytes_dup(arena, pqm_buf_bytes(&o.buf)).p;
	return pqm_out_close(&o, &ignored) == PQM_OK ? text : NULL;
}

static bool names_same(const char *a, const char *b)
{
	size_t n = strcspn(a, "=");

	return strncmp(a, b, n + 1) == 0;
}

/* Our environment with the plugin's on top. */
static char **environment(
	const struct pqm_kube_config *c, const char *info, struct pqm_arena *arena)
{
	size_t n = 2, k = 0, n_own = 0;
	const char **out;

	while (environ[n - 2] != NULL)
		n++;
	while (c->exec->env[n_own] != NULL)
		n_own++;
	out = pqm_new(arena, const char *, n + n_own);
	if (out == NULL || info == NULL)
		return NULL;
	for (size_t i = 0; environ[i] != NULL; i++) {
		bool is_ours = names_same(environ[i], info);

		for (size_t e = 0; e < n_own; e++)
			is_ours = is_ours || names_same(environ[i], c->exec->env[e]);
		if (!is_ours)
			out[k++] = environ[i];
	}
	for (size_t e = 0; e < n_own; e++)
		out[k++] = c->exec->env[e];
	out[k] = info;
	return (char **)(uintptr_t)out;
}

enum pqm_st pqm_kube_exec_run(struct pqm_kube_cred *out, const struct pqm_kube_config *c,
	struct pqm_arena *arena, const volatile int *stop, struct pqm_err *err)
{
	const char *name = c->exec->args[0], *hint = c->exec->hint;
	const struct pqm_process run = { .argv = (const char *const *)c->exec->args,
		.env = environment(c, info_of(c, arena), arena),
		.timeout_ms = PQM_KUBE_EXEC_MS,
		.stop = stop };
	struct pqm_err why = { 0 };
	struct pqm_buf b;
	enum pqm_st st;
	int status;

	if (run.env == NULL)
		return pqm_fail(err, PQM_ENOMEM, "exec plugin %s: out of memory", name);
	pqm_buf_init(&b, PQM_KUBE_EXEC_BYTES);
	st = pqm_process_run(&run, &b, &status, &why);
	if (status == PQM_PROCESS_NOT_STARTED)
		st = pqm_fail(err, PQM_EIO, "exec plugin %s: %s%s%s", name, why.msg,
			hint != NULL ? "; " : "", hint != NULL ? hint : "");
	else if (st != PQM_OK)
		st = pqm_fail(err, PQM_EIO, "exec plugin %s: %s", name, why.msg);
	else if (status != 0)
		st = pqm_fail(
			err, PQM_EIO, "exec plugin %s: failed; run it by hand to see why", name);
	else if (pqm_kube_cred_parse(out, pqm_buf_bytes(&b), c->exec->api_version, arena, &why) !=
		PQM_OK)
		st = pqm_fail(err, PQM_EPARSE, "exec plugin %s: %s", name, why.msg);
	pqm_buf_wipe(&b);
	return st;
}
