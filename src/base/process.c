#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "num.h"

#define STEP_MS 50
#define PIECE_BYTES 4096

struct child {
	const struct pqm_process *s;
	pid_t pid;
	int in[2], out[2]; /* [0] is read, [1] written; -1: closed */
	uint64_t end;	   /* of the time it has */
};

static void shut(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

static bool open_pipes(struct child *c)
{
	pqm_bytes in = c->s->input;

	if (pipe2(c->out, O_CLOEXEC) != 0)
		return false;
	if (in.n == 0)
		return true;
	/* So little fits the pipe: nobody waits for the reader. */
	if (in.n > PQM_PROCESS_INPUT_BYTES || pipe2(c->in, O_CLOEXEC) != 0 ||
		write(c->in[1], in.p, in.n) != (ssize_t)in.n)
		return false;
	shut(&c->in[1]);
	return true;
}

static int wire(posix_spawn_file_actions_t *fa, const struct child *c)
{
	int rc = c->in[0] >= 0
		? posix_spawn_file_actions_adddup2(fa, c->in[0], STDIN_FILENO)
		: posix_spawn_file_actions_addopen(fa, STDIN_FILENO, "/dev/null", O_RDONLY, 0);

	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(fa, c->out[1], STDOUT_FILENO);
	if (rc == 0)
		rc = posix_spawn_file_actions_addopen(fa, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	if (rc == 0)
		rc = posix_spawn_file_actions_addclosefrom_np(fa, STDERR_FILENO + 1);
	return rc;
}

/* 0, or the errno of why not. */
static int start(struct child *c)
{
	char *const *env = c->s->env != NULL ? c->s->env : environ;
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
	rc = wire(&fa, c);
	if (rc == 0)
		rc = posix_spawnp(&c->pid, c->s->argv[0], &fa, &attr,
			(char *const *)(uintptr_t)c->s->argv, env);
	(void)posix_spawnattr_destroy(&attr);
	(void)posix_spawn_file_actions_destroy(&fa);
	return rc;
}

static enum pqm_st too_long(const struct child *c, struct pqm_err *err)
{
	return pqm_fail(err, PQM_ELIMIT, "took more than %u s", c->s->timeout_ms / 1000);
}

static enum pqm_st too_much(const struct pqm_buf *b, struct pqm_err *err)
{
	char most[32];

	return pqm_fail(err, PQM_ELIMIT, "printed more than %s", pqm_human_bytes(most, b->max));
}

/* Everything it prints until it closes its output. */
static enum pqm_st collect(const struct child *c, struct pqm_buf *b, struct pqm_err *err)
{
	while (pqm_now_ns() < c->end) {
		struct pollfd p = { c->out[0], POLLIN, 0 };
		ssize_t n;

		if (c->s->stop != NULL && *c->s->stop != 0)
			return pqm_fail(err, PQM_EIO, "was interrupted");
		if (poll(&p, 1, STEP_MS) <= 0)
			continue;
		if (!pqm_buf_reserve(b, PIECE_BYTES))
			return too_much(b, err);
		n = read(c->out[0], b->p + b->n, PIECE_BYTES);
		if (n == 0)
			return PQM_OK;
		if (n > 0)
			b->n += (size_t)n;
		else if (errno != EINTR && errno != EAGAIN)
			return pqm_fail(err, PQM_EIO, "%s", strerrordesc_np(errno));
	}
	return too_long(c, err);
}

/* Waits for the end, and brings it about where st says that there is nothing to wait for. */
static enum pqm_st finish(struct child *c, enum pqm_st st, int *status, struct pqm_err *err)
{
	const struct timespec step = { 0, STEP_MS * 100000L };
	int said = 0;
	pid_t got;

	if (st != PQM_OK)
		(void)kill(-c->pid, SIGKILL);
	while ((got = waitpid(c->pid, &said, st != PQM_OK ? 0 : WNOHANG)) <= 0) {
		if (got < 0 && errno != EINTR)
			return st != PQM_OK ? st : pqm_fail(err, PQM_EIO, "was lost");
		if (st == PQM_OK && pqm_now_ns() >= c->end) {
			st = too_long(c, err);
			(void)kill(-c->pid, SIGKILL);
		}
		(void)nanosleep(&step, NULL);
	}
	*status = WIFEXITED(said) ? WEXITSTATUS(said) : 128 + WTERMSIG(said);
	return st;
}

enum pqm_st pqm_process_run(
	const struct pqm_process *s, struct pqm_buf *out, int *status, struct pqm_err *err)
{
	struct child c = { .s = s, .in = { -1, -1 }, .out = { -1, -1 } };
	enum pqm_st st = PQM_OK;
	int rc = 0;

	*status = PQM_PROCESS_NOT_STARTED;
	c.end = pqm_now_ns() + (uint64_t)s->timeout_ms * 1000000;
	if (!open_pipes(&c))
		st = pqm_fail(err, PQM_ENOMEM, "no pipe for it");
	else if ((rc = start(&c)) != 0)
		st = pqm_fail(err, PQM_EIO, "%s", strerrordesc_np(rc));
	shut(&c.in[0]);
	shut(&c.in[1]);
	shut(&c.out[1]);
	if (st == PQM_OK) {
		*status = 0;
		st = finish(&c, collect(&c, out, err), status, err);
	}
	shut(&c.out[0]);
	return st;
}
