#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>

#include "base/num.h"
#include "hybio.h"

/*
 * Files come without a name (O_TMPFILE) where the file system can: then no way to die leaves anything.
 * Elsewhere they have a temporary name, which the signal handler must know; keygen has two at a time.
 */
static struct {
	volatile sig_atomic_t is_set;
	int dir;
	char name[64];
} doomed[2];

static void on_signal(int sig)
{
	for (size_t i = 0; i < 2; i++)
		if (doomed[i].is_set)
			(void)unlinkat(doomed[i].dir, doomed[i].name, 0);
	(void)raise(sig); /* SA_RESETHAND and SA_NODEFER: dies of it */
}

static void arm(struct hybio_out *o)
{
	static const int sigs[] = { SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGPIPE };
	struct sigaction sa = { .sa_handler = on_signal,
		.sa_flags = (int)(SA_RESETHAND | SA_NODEFER) };
	struct sigaction old;

	o->slot = doomed[0].is_set ? 1 : 0;
	doomed[o->slot].dir = o->dir;
	(void)snprintf(doomed[o->slot].name, sizeof(doomed[0].name), "%s", o->tmp);
	doomed[o->slot].is_set = 1;
	for (size_t i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++)
		/* what is ignored, under nohup for instance, stays so */
		if (sigaction(sigs[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			(void)sigaction(sigs[i], &sa, NULL);
}

static void disarm(struct hybio_out *o)
{
	if (o->is_named)
		doomed[o->slot].is_set = 0;
	o->is_named = false;
}

static void random_name(char tmp[64])
{
	uint8_t r[8] = { 0 };
	char hex[17];

	if (hyb_random(r, sizeof(r)) != HYB_OK)
		pqm_log(PQM_DEBUG, "cli", "no randomness for a temporary name");
	pqm_hex(hex, r, sizeof(r));
	(void)snprintf(tmp, 64, ".pqmap-%s.tmp", hex);
}

static enum pqm_st begin_stdout(struct hybio_out *o, bool force, struct pqm_err *err)
{
	if (isatty(STDOUT_FILENO) == 1 && !force)
		return pqm_fail(err, PQM_EUSAGE,
			"standard output is a terminal: give --out FILE, send it into a pipe, or "
			"say "
			"--force");
	o->fd = STDOUT_FILENO;
	return PQM_OK;
}

static enum pqm_st open_folder(struct hybio_out *o, struct pqm_err *err)
{
	const char *slash = strrchr(o->path, '/');
	size_t n = slash == NULL ? 0 : (size_t)(slash - o->path) + 1;
	char folder[4096];

	if (n >= sizeof(folder))
		return pqm_fail(err, PQM_EUSAGE, "--out: a path of more than 4,095 bytes");
	memcpy(folder, n > 0 ? o->path : ".", n > 0 ? n : 1);
	folder[n > 0 ? n : 1] = '\0';
	o->base = o->path + n;
	if (o->base[0] == '\0')
		return pqm_fail(err, PQM_EUSAGE, "--out %s is a folder: name a file", o->path);
	o->dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (o->dir < 0)
		return pqm_fail(err, PQM_EIO, "%s: %s", folder, strerror(errno));
	return PQM_OK;
}

static enum pqm_st check_target(const struct hybio_out *o, struct pqm_err *err)
{
	struct stat sb;

	if (fstatat(o->dir, o->base, &sb, AT_SYMLINK_NOFOLLOW) != 0)
		return PQM_OK;
	if (S_ISDIR(sb.st_mode))
		return pqm_fail(err, PQM_EUSAGE, "--out %s is a folder: name a file", o->path);
	if (!S_ISREG(sb.st_mode) && !S_ISLNK(sb.st_mode))
		return pqm_fail(err, PQM_EUSAGE,
			"--out %s is no regular file: write to standard output with `--out -`",
			o->path);
	if (!o->is_forced)
		return pqm_fail(err, PQM_EUSAGE,
			"%s exists already: give another name, or --force to replace it", o->path);
	return PQM_OK;
}

/* A file without a name can only get one through /proc. */
static bool can_link(int fd)
{
	char proc[32], there[8];

	(void)snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	return readlink(proc, there, sizeof(there)) > 0;
}

static int open_unnamed(const struct hybio_out *o)
{
	int fd = openat(o->dir, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0 && !can_link(fd)) {
		(void)close(fd);
		fd = -1;
	}
	return fd;
}

enum pqm_st hybio_begin(
	struct hybio_out *o, const char *path, unsigned mode, bool force, struct pqm_err *err)
{
	enum pqm_st st;

	*o = (struct hybio_out){ .fd = -1, .dir = -1, .is_forced = force, .path = path };
	if (strcmp(path, "-") == 0)
		return begin_stdout(o, force, err);
	st = open_folder(o, err);
	if (st == PQM_OK)
		st = check_target(o, err);
	if (st != PQM_OK) {
		hybio_abort(o);
		return st;
	}
	o->fd = open_unnamed(o);
	if (o->fd < 0) {
		random_name(o->tmp);
		arm(o);
		o->is_named = true;
		o->fd = openat(o->dir, o->tmp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	}
	if (o->fd < 0 || fchmod(o->fd, mode) != 0) {
		st = pqm_fail(err, PQM_EIO, "%s: cannot write there: %s", path, strerror(errno));
		hybio_abort(o);
	}
	return st;
}

static bool is_same(const struct hybio_out *o, const char *path)
{
	struct stat in, out;
	int got =
		path == NULL || strcmp(path, "-") == 0 ? fstat(STDIN_FILENO, &in) : stat(path, &in);

	if (got != 0 || !S_ISREG(in.st_mode))
		return false;
	got = o->dir < 0 ? fstat(o->fd, &out) : fstatat(o->dir, o->base, &out, 0);
	return got == 0 && in.st_dev == out.st_dev && in.st_ino == out.st_ino;
}

enum pqm_st hybio_check_apart(
	const struct hybio_out *o, const char *in, const char *key, struct pqm_err *err)
{
	if (is_same(o, in))
		return pqm_fail(err, PQM_EUSAGE, "%s is input and output: name another output",
			in != NULL ? in : "standard input");
	if (key != NULL && is_same(o, key))
		return pqm_fail(err, PQM_EUSAGE, "%s is the key: name another output", key);
	return PQM_OK;
}

/* After a write that failed: true to try again, once a pipe that was set not to block has room. */
static bool again(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	if (errno == EINTR)
		return true;
	if (errno != EAGAIN)
		return false;
	return poll(&p, 1, -1) >= 0 || errno == EINTR;
}

enum pqm_st hybio_write(struct hybio_out *o, const void *p, size_t n, struct pqm_err *err)
{
	const uint8_t *at = p;

	while (n > 0) {
		ssize_t put = write(o->fd, at, n);

		if (put < 0 && again(o->fd))
			continue;
		if (put < 0)
			return pqm_fail(err, PQM_EIO, "%s: write failed: %s",
				o->dir < 0 ? "standard output" : o->path, strerror(errno));
		at += put;
		n -= (size_t)put;
	}
	return PQM_OK;
}

/* From no name to `name`; false with errno. */
static bool link_as(const struct hybio_out *o, const char *name)
{
	char proc[32];

	(void)snprintf(proc, sizeof(proc), "/proc/self/fd/%d", o->fd);
	return linkat(AT_FDCWD, proc, o->dir, name, AT_SYMLINK_FOLLOW) == 0;
}

/* Gives the file its name; without force the kernel makes sure that none is replaced. */
static bool appear(struct hybio_out *o)
{
	if (!o->is_named && !o->is_forced)
		return link_as(o, o->base);
	if (!o->is_named) {
		random_name(o->tmp);
		arm(o);
		o->is_named = true;
		if (!link_as(o, o->tmp))
			return false;
	}
	if (!o->is_forced) {
		if (renameat2(o->dir, o->tmp, o->dir, o->base, RENAME_NOREPLACE) == 0)
			return true;
		if (errno != EINVAL && errno != ENOSYS)
			return false;
		return linkat(o->dir, o->tmp, o->dir, o->base, 0) == 0 &&
			unlinkat(o->dir, o->tmp, 0) == 0;
	}
	return renameat(o->dir, o->tmp, o->dir, o->base) == 0;
}

enum pqm_st hybio_sync(const struct hybio_out *o, struct pqm_err *err)
{
	if (o->dir >= 0 && fsync(o->fd) != 0)
		return pqm_fail(
			err, PQM_EIO, "%s: cannot be finished: %s", o->path, strerror(errno));
	return PQM_OK;
}

enum pqm_st hybio_commit(struct hybio_out *o, struct pqm_err *err)
{
	enum pqm_st st = PQM_OK;

	if (o->dir < 0)
		return PQM_OK;
	if (fsync(o->fd) != 0 || !appear(o)) {
		int why = errno;

		st = why == EEXIST ? pqm_fail(err, PQM_EIO,
					     "%s appeared meanwhile and was left alone", o->path)
				   : pqm_fail(err, PQM_EIO, "%s: cannot be finished: %s", o->path,
					     strerror(why));
	} else {
		disarm(o);
		(void)fsync(o->dir); /* some file systems cannot; the file itself is safe */
	}
	hybio_abort(o);
	return st;
}

void hybio_abort(struct hybio_out *o)
{
	if (o->is_named)
		(void)unlinkat(o->dir, o->tmp, 0);
	disarm(o);
	if (o->dir >= 0 && o->fd >= 0)
		(void)close(o->fd);
	if (o->dir >= 0)
		(void)close(o->dir);
	o->fd = o->dir = -1;
}

void hybio_undo(const struct hybio_out *o)
{
	if (o->path != NULL && !o->is_forced)
		(void)unlink(o->path);
}

/* ---- progress ---- */

void hybio_progress_start(
	struct hybio_progress *p, const struct pqm_app *app, const char *verb, int in_fd)
{
	struct stat sb;

	*p = (struct hybio_progress){ .verb = verb, .last_ns = pqm_now_ns() };
	p->is_on = isatty(STDERR_FILENO) == 1 && !app->quiet;
	if (fstat(in_fd, &sb) == 0 && S_ISREG(sb.st_mode) && sb.st_size > 0)
		p->total = (uint64_t)sb.st_size;
}

void hybio_progress(void *ctx, uint64_t bytes_done)
{
	struct hybio_progress *p = ctx;
	uint64_t now;
	char size[32];

	if (!p->is_on)
		return;
	now = pqm_now_ns();
	if (now - p->last_ns < 200000000)
		return;
	p->last_ns = now;
	(void)pqm_human_bytes(size, bytes_done);
	if (p->total > 0)
		(void)fprintf(stderr, "\r%s %s, %u %%\033[K", p->verb, size,
			(unsigned)(bytes_done >= p->total ? 100 : bytes_done * 100 / p->total));
	else
		(void)fprintf(stderr, "\r%s %s\033[K", p->verb, size);
}

void hybio_progress_end(struct hybio_progress *p)
{
	int why = errno;

	if (p->is_on)
		(void)fprintf(stderr, "\r\033[K");
	p->is_on = false;
	errno = why;
}
