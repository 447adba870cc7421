#include "kube_exec.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include "base/limits.h"
#include "base/num.h"
#include "base/out.h"
#include "parse/yaml_json.h"

#define STEP_MS 50

enum pqm_st pqm_kube_cred_parse(struct pqm_kube_cred *out, pqm_bytes text, const char *api_version,
	struct pqm_arena *arena, struct pqm_err *err)
{
	struct pqm_yjson_at at = { 0, 1, 1 };
	const struct pqm_yaml *root = NULL, *status;
	struct pqm_err ignored = { 0 };
	struct pqm_kube_cred c = { 0 };
	pqm_bytes token;

	while (at.off < text.n && text.p[at.off] <= ' ')
		at.off++;
	if (pqm_yjson_value(&root, text, &at, NULL, arena, &ignored) != PQM_OK ||
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

/* Starts it in a process group of its own, with nothing open but its standard output. */
static int start(pid_t *pid, const struct pqm_kube_exec *e, char **env, int out_fd)
{
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t attr;
	sigset_t none, all;
	int rc = posix_spawn_file_actions_init(&fa);

	if (rc != 0)
		return rc;
	rc = posix_spawnattr_init(&attr);
	if (rc != 0) {
		(void)posix_spawn_file_actions_destroy(&fa);
		return rc;
	}
	(void)sigemptyset(&none);
	(void)sigfillset(&all);
	(void)posix_spawnattr_setflags(
		&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	(void)posix_spawnattr_setsigmask(&attr, &none);
	(void)posix_spawnattr_setsigdefault(&attr, &all);
	rc = posix_spawn_file_actions_addopen(&fa, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(&fa, out_fd, STDOUT_FILENO);
	if (rc == 0)
		rc = posix_spawn_file_actions_addopen(&fa, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	if (rc == 0)
		rc = posix_spawn_file_actions_addclosefrom_np(&fa, STDERR_FILENO + 1);
	if (rc == 0)
		rc = posix_spawnp(pid, e->args[0], &fa, &attr, (char **)(uintptr_t)e->args, env);
	(void)posix_spawnattr_destroy(&attr);
	(void)posix_spawn_file_actions_destroy(&fa);
	return rc;
}

/* Everything it prints until it closes its output; words say why not. */
static const char *collect(int fd, struct pqm_buf *b, const volatile int *stop)
{
	uint64_t end = pqm_now_ns() + (uint64_t)PQM_KUBE_EXEC_MS * 1000000;

	while (pqm_now_ns() < end) {
		struct pollfd p = { fd, POLLIN, 0 };
		ssize_t n;

		if (stop != NULL && *stop != 0)
			return "was interrupted";
		if (poll(&p, 1, STEP_MS) <= 0)
			continue;
		if (!pqm_buf_reserve(b, 4096))
			return "printed more than 1 MiB";
		n = read(fd, b->p + b->n, 4096);
		if (n == 0)
			return NULL;
		if (n > 0)
			b->n += (size_t)n;
		else if (errno != EINTR && errno != EAGAIN)
			return "could not be read";
	}
	return "took more than 60 seconds";
}

/* Waits for the end. Of one that failed to end, its whole group is ended. */
static const char *finish(pid_t pid, const char *words)
{
	uint64_t end = pqm_now_ns() + (uint64_t)PQM_KUBE_EXEC_MS * 1000000;
	int status = 0;
	pid_t got = 0;

	if (words != NULL)
		(void)kill(-pid, SIGKILL);
	while ((got = waitpid(pid, &status, words != NULL ? 0 : WNOHANG)) <= 0) {
		struct timespec step = { 0, STEP_MS * 100000L };

		if (got < 0 && errno != EINTR)
			return "was lost";
		if (pqm_now_ns() >= end && words == NULL) {
			words = "took more than 60 seconds";
			(void)kill(-pid, SIGKILL);
		}
		(void)nanosleep(&step, NULL);
	}
	if (words == NULL && (!WIFEXITED(status) || WEXITSTATUS(status) != 0))
		words = "failed; run it by hand to see why";
	return words;
}

enum pqm_st pqm_kube_exec_run(struct pqm_kube_cred *out, const struct pqm_kube_config *c,
	struct pqm_arena *arena, const volatile int *stop, struct pqm_err *err)
{
	const char *name = c->exec->args[0], *hint = c->exec->hint, *words;
	char **env = environment(c, info_of(c, arena), arena);
	struct pqm_err why = { 0 };
	int pipe_fd[2], rc;
	struct pqm_buf b;
	pid_t pid = -1;
	enum pqm_st st;

	if (env == NULL || pipe2(pipe_fd, O_CLOEXEC) != 0)
		return pqm_fail(err, PQM_ENOMEM, "exec plugin %s: out of memory", name);
	rc = start(&pid, c->exec, env, pipe_fd[1]);
	(void)close(pipe_fd[1]);
	if (rc != 0) {
		(void)close(pipe_fd[0]);
		return pqm_fail(err, PQM_EIO, "exec plugin %s: %s%s%s", name, strerrordesc_np(rc),
			hint != NULL ? "; " : "", hint != NULL ? hint : "");
	}
	pqm_buf_init(&b, (size_t)1 << 20);
	words = finish(pid, collect(pipe_fd[0], &b, stop));
	(void)close(pipe_fd[0]);
	if (words != NULL)
		st = pqm_fail(err, PQM_EIO, "exec plugin %s: %s", name, words);
	else if (pqm_kube_cred_parse(out, pqm_buf_bytes(&b), c->exec->api_version, arena, &why) !=
		PQM_OK)
		st = pqm_fail(err, PQM_EPARSE, "exec plugin %s: %s", name, why.msg);
	else
		st = PQM_OK;
	pqm_buf_wipe(&b);
	return st;
}
