/* img_helper.c — docker credential helpers: run by argument vector, asked on standard input. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/num.h"
#include "img_auth.h"

#define STEP_MS 50

/* Starts it in a process group of its own, with its input and output ours and its errors dropped: they may
 * say too much. */
static int start(pid_t *pid, const char *name, int in_fd, int out_fd)
{
	const char *const args[] = { name, "get", NULL };
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
	rc = posix_spawn_file_actions_adddup2(&fa, in_fd, STDIN_FILENO);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(&fa, out_fd, STDOUT_FILENO);
	if (rc == 0)
		rc = posix_spawn_file_actions_addopen(&fa, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	if (rc == 0)
		rc = posix_spawn_file_actions_addclosefrom_np(&fa, STDERR_FILENO + 1);
	if (rc == 0)
		rc = posix_spawnp(pid, name, &fa, &attr, (char **)(uintptr_t)args, environ);
	(void)posix_spawnattr_destroy(&attr);
	(void)posix_spawn_file_actions_destroy(&fa);
	return rc;
}

/* Everything it prints until it closes its output; words say why not. */
static const char *collect(int fd, struct pqm_buf *b, const volatile int *stop)
{
	uint64_t end = pqm_now_ns() + (uint64_t)PQM_DOCKER_HELPER_MS * 1000000;

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

/* Waits for the end. *has_failed: it says itself that it has nothing. */
static const char *finish(pid_t pid, const char *words, bool *has_failed)
{
	uint64_t end = pqm_now_ns() + (uint64_t)PQM_DOCKER_HELPER_MS * 1000000;
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
	*has_failed = !WIFEXITED(status) || WEXITSTATUS(status) != 0;
	return words;
}

/* The name to ask for fits a pipe: nobody waits. */
static bool feed(int fd, const char *server)
{
	size_t n = strlen(server);

	return n < 4096 && write(fd, server, n) == (ssize_t)n;
}

enum pqm_st pqm_docker_helper_run(struct pqm_docker_cred *cred, const volatile int *stop,
	struct pqm_arena *arena, struct pqm_err *err)
{
	const char *name = cred->helper, *words = NULL;
	int in[2] = { -1, -1 }, out[2] = { -1, -1 }, rc;
	bool has_failed = false;
	struct pqm_err why = { 0 };
	enum pqm_st st = PQM_OK;
	struct pqm_buf b;
	pid_t pid = -1;

	if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0 || !feed(in[1], cred->server)) {
		for (unsigned i = 0; i < 2; i++) {
			if (in[i] >= 0)
				(void)close(in[i]);
			if (out[i] >= 0)
				(void)close(out[i]);
		}
		return pqm_fail(err, PQM_ENOMEM, "%s: no pipe for it", name);
	}
	(void)close(in[1]);
	rc = start(&pid, name, in[0], out[1]);
	(void)close(in[0]);
	(void)close(out[1]);
	pqm_buf_init(&b, PQM_DOCKER_CONFIG_BYTES);
	if (rc != 0)
		st = pqm_fail(
			err, PQM_EUSAGE, "credential helper %s: %s", name, strerrordesc_np(rc));
	else
		words = finish(pid, collect(out[0], &b, stop), &has_failed);
	(void)close(out[0]);
	if (words != NULL)
		st = pqm_fail(err, PQM_EUSAGE, "credential helper %s: %s", name, words);
	/* It has nothing for this registry: others may read there too. */
	else if (st == PQM_OK && has_failed)
		*cred = (struct pqm_docker_cred){ 0 };
	else if (st == PQM_OK &&
		(st = pqm_docker_helper_parse(cred, pqm_buf_bytes(&b), arena, &why)) != PQM_OK)
		(void)pqm_fail(err, st, "credential helper %s: %s", name, why.msg);
	pqm_buf_wipe(&b);
	return st;
}
