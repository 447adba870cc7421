/* render.c — the user's own helm or kustomize, run on a folder: only when --render asks for it. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/num.h"
#include "engine.h"

/* Starts argv with its output in *out; 0, or the errno of why not. */
static int start(const char *const *argv, pid_t *pid, int *out)
{
	posix_spawn_file_actions_t to;
	posix_spawnattr_t how;
	int fd[2], st;

	if (pipe2(fd, O_CLOEXEC) != 0)
		return errno;
	(void)posix_spawn_file_actions_init(&to);
	(void)posix_spawnattr_init(&how);
	(void)posix_spawn_file_actions_addopen(&to, 0, "/dev/null", O_RDONLY, 0);
	(void)posix_spawn_file_actions_adddup2(&to, fd[1], 1);
	(void)posix_spawn_file_actions_addopen(&to, 2, "/dev/null", O_WRONLY, 0);
	(void)posix_spawnattr_setflags(&how, POSIX_SPAWN_SETPGROUP);
	(void)posix_spawnattr_setpgroup(&how, 0); /* to end it with whatever it starts */
	st = posix_spawnp(pid, argv[0], &to, &how, (char *const *)(uintptr_t)argv, environ);
	(void)posix_spawn_file_actions_destroy(&to);
	(void)posix_spawnattr_destroy(&how);
	(void)close(fd[1]);
	if (st != 0)
		(void)close(fd[0]);
	else
		*out = fd[0];
	return st;
}

/* Reads all that is written until the end, the deadline or the limit. */
static enum pqm_st collect(int fd, struct pqm_buf *b, const char *name, struct pqm_err *err)
{
	uint64_t end = pqm_now_ns() + PQM_RENDER_MS * UINT64_C(1000000);

	for (;;) {
		uint64_t now = pqm_now_ns();
		struct pollfd p = { .fd = fd, .events = POLLIN };
		int ready = now >= end ? 0 : poll(&p, 1, (int)((end - now) / 1000000) + 1);
		uint8_t piece[16384];
		ssize_t n;

		if (ready < 0 && errno == EINTR)
			continue;
		if (ready <= 0)
			return pqm_fail(err, PQM_ELIMIT, "%s: not finished after %u s", name,
				PQM_RENDER_MS / 1000);
		n = read(fd, piece, sizeof(piece));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return pqm_fail(err, PQM_EIO, "%s: %s", name, strerrordesc_np(errno));
		if (n == 0)
			return PQM_OK;
		if (!pqm_buf_add(b, (pqm_bytes){ piece, (size_t)n }))
			return pqm_fail(err, PQM_ELIMIT, "%s: more than %zu bytes", name, b->max);
	}
}

static enum pqm_st run(const char *const *argv, struct pqm_buf *b, struct pqm_err *err)
{
	pid_t pid = 0;
	int fd = -1, said = 0, why = start(argv, &pid, &fd);
	enum pqm_st st;

	if (why != 0)
		return pqm_fail(err, PQM_EIO, "%s: %s", argv[0], strerrordesc_np(why));
	st = collect(fd, b, argv[0], err);
	(void)close(fd);
	if (st != PQM_OK)
		(void)kill(-pid, SIGKILL);
	while (waitpid(pid, &said, 0) < 0 && errno == EINTR)
		;
	if (st == PQM_OK && (!WIFEXITED(said) || WEXITSTATUS(said) != 0))
		st = pqm_fail(err, PQM_EPARSE,
			"%s: failed with status %d; run it by hand to see why", argv[0],
			WIFEXITED(said) ? WEXITSTATUS(said) : 128 + WTERMSIG(said));
	return st;
}

enum pqm_st pqm_render(
	const char *what, const char *folder, struct pqm_buf *out, struct pqm_err *err)
{
	const char *const helm[] = { "helm", "template", "pqmap", folder, NULL };
	const char *const kustomize[] = { "kustomize", "build", folder, NULL };
	const char *const kubectl[] = { "kubectl", "kustomize", folder, NULL };
	struct pqm_err first = { 0 };
	enum pqm_st st;

	if (strcmp(what, "helm") == 0)
		return run(helm, out, err);
	st = run(kustomize, out, &first);
	if (st == PQM_EIO) /* not installed; kubectl has one built in */
		return run(kubectl, out, err);
	*err = first;
	return st;
}
