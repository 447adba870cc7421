#include "slurp.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"
#include "num.h"

#define PIPE_ROOM 4096

struct reading {
	struct pqm_slurp *s;
	struct pqm_arena *arena;
	struct pqm_err *err;
	uint8_t *p;
	size_t n, cap; /* one byte of cap stays free for the NUL */
};

static enum pqm_st refusal(const struct pqm_slurp *s, enum pqm_st otherwise)
{
	return s->refusal == PQM_OK ? otherwise : s->refusal;
}

static enum pqm_st over(const struct reading *r, size_t n)
{
	char is[32], most[32];

	return pqm_fail(r->err, refusal(r->s, PQM_ELIMIT),
		"%s: %s, over the limit of %s for this kind of file", r->s->path,
		pqm_human_bytes(is, n), pqm_human_bytes(most, r->s->limit));
}

/* What was read may be secret: it does not stay behind in the smaller block. */
static enum pqm_st make_room(struct reading *r, size_t cap)
{
	uint8_t *p = pqm_arena_alloc(r->arena, cap);

	if (p == NULL) {
		(void)pqm_fail(r->err, PQM_ENOMEM, "%s: out of memory", r->s->path);
		return PQM_ENOMEM;
	}
	if (r->n > 0) {
		memcpy(p, r->p, r->n);
		pqm_wipe(r->p, r->n);
	}
	r->p = p;
	r->cap = cap;
	return PQM_OK;
}

/* Up to the end of the file, wherever that is by now: the size that was told is only where it starts. */
static enum pqm_st read_all(struct reading *r, int fd)
{
	enum pqm_st st = PQM_OK;

	while (st == PQM_OK) {
		ssize_t got = read(fd, r->p + r->n, r->cap - r->n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return pqm_fail(r->err, refusal(r->s, PQM_EIO), "%s: cannot read: %s",
				r->s->path, strerrordesc_np(errno));
		if (got == 0)
			break;
		r->n += (size_t)got;
		if (r->n > r->s->limit)
			return over(r, r->n);
		if (r->n == r->cap)
			st = make_room(r, r->cap > r->s->limit / 2 ? r->s->limit + 1 : 2 * r->cap);
	}
	return st;
}

/* `--baseline <(git show main:baseline.json)`: the shell made the pipe, and its other end is at work. */
static bool is_handed_over(const char *path)
{
	return strncmp(path, "/dev/fd/", 8) == 0;
}

enum pqm_st pqm_slurp_fd(
	pqm_bytes *out, int fd, struct pqm_slurp *s, struct pqm_arena *arena, struct pqm_err *err)
{
	struct reading r = { .s = s, .arena = arena, .err = err };
	struct stat sb;
	enum pqm_st st;

	*out = (pqm_bytes){ NULL, 0 };
	if (fstat(fd, &sb) != 0)
		return pqm_fail(err, refusal(s, PQM_EIO), "%s: cannot read: %s", s->path,
			strerrordesc_np(errno));
	if (!S_ISREG(sb.st_mode) && !(S_ISFIFO(sb.st_mode) && is_handed_over(s->path)))
		return pqm_fail(err, refusal(s, PQM_EIO), "%s: %s, not a regular file", s->path,
			S_ISDIR(sb.st_mode)	       ? "a folder"
				: S_ISFIFO(sb.st_mode) ? "a FIFO"
						       : "a device or socket");
	if (sb.st_size > 0 && (uint64_t)sb.st_size > s->limit)
		return over(&r, (size_t)sb.st_size);
	st = make_room(&r, S_ISREG(sb.st_mode) ? (size_t)sb.st_size + 1 : PIPE_ROOM);
	if (st == PQM_OK)
		st = read_all(&r, fd);
	if (st != PQM_OK)
		return st;
	r.p[r.n] = '\0';
	*out = (pqm_bytes){ r.p, r.n };
	return PQM_OK;
}

enum pqm_st pqm_slurp(
	pqm_bytes *out, struct pqm_slurp *s, struct pqm_arena *arena, struct pqm_err *err)
{
	/* Non-blocking: a FIFO that nobody writes to would be waited for. */
	int fd = open(s->path,
		O_RDONLY | O_CLOEXEC | O_NOCTTY | (is_handed_over(s->path) ? 0 : O_NONBLOCK));
	enum pqm_st st;

	*out = (pqm_bytes){ NULL, 0 };
	s->errnum = fd < 0 ? errno : 0;
	if (fd < 0)
		return pqm_fail(err, refusal(s, PQM_EIO), "%s: %s%s%s", s->path,
			strerrordesc_np(s->errnum),
			s->hint != NULL && s->errnum == ENOENT ? "; " : "",
			s->hint != NULL && s->errnum == ENOENT ? s->hint : "");
	st = pqm_slurp_fd(out, fd, s, arena, err);
	(void)close(fd);
	return st;
}
