#include "curve_option.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/limits.h"

static enum pqm_st read_file(
	pqm_bytes *out, const char *path, int fd, struct pqm_arena *arena, struct pqm_err *err)
{
	struct pqm_buf b;
	ssize_t n = 1;
	enum pqm_st st = PQM_OK;

	pqm_buf_init(&b, PQM_RULE_FILE_BYTES + PQM_READ_CHUNK_BYTES);
	while (n > 0 && b.n <= PQM_RULE_FILE_BYTES && pqm_buf_reserve(&b, PQM_READ_CHUNK_BYTES)) {
		n = read(fd, b.p + b.n, PQM_READ_CHUNK_BYTES);
		b.n += n > 0 ? (size_t)n : 0;
	}
	if (n < 0)
		st = pqm_fail(err, PQM_EUSAGE, "%s: %s", path, strerrordesc_np(errno));
	else if (b.n > PQM_RULE_FILE_BYTES)
		st = pqm_fail(err, PQM_EUSAGE, "%s: over the limit of %zu MiB for a curve", path,
			(size_t)PQM_RULE_FILE_BYTES >> 20);
	else
		*out = pqm_bytes_dup(arena, pqm_buf_bytes(&b));
	if (st == PQM_OK && (b.failed || out->p == NULL))
		st = pqm_fail(err, PQM_ENOMEM, "%s: out of memory", path);
	pqm_buf_fini(&b);
	return st;
}

static enum pqm_st unknown(
	const struct pqm_rules *rules, const char *said, int errnum, struct pqm_err *err)
{
	const struct pqm_rule *r;
	struct pqm_buf known;

	pqm_buf_init(&known, 4096);
	for (size_t i = 0; (r = pqm_rules_next(rules, "risk/curves.yaml", &i)) != NULL;) {
		pqm_bytes id = pqm_yaml_str(r->node, "curve");

		if (pqm_curve_is_known(rules, id))
			(void)pqm_buf_f(&known, " %.*s", PQM_FMT(id));
	}
	(void)pqm_fail(err, PQM_EUSAGE,
		"curve '%s' is not known; there are:%.*s; nor is it a file: %s", said,
		PQM_FMT(pqm_buf_bytes(&known)), strerrordesc_np(errnum));
	pqm_buf_fini(&known);
	return PQM_EUSAGE;
}

/* "FILE", or "FILE#ID" when no file has the whole name; -1: neither opens. */
static int open_said(pqm_bytes *path, pqm_bytes *pick, const char *said, struct pqm_arena *arena)
{
	int fd = open(said, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK), why = errno;
	const char *mark = strrchr(said, '#');

	*path = pqm_str(said);
	*pick = (pqm_bytes){ NULL, 0 };
	if (fd >= 0 || mark == NULL)
		return fd;
	*path = pqm_bytes_dup(arena, pqm_sub(*path, 0, (size_t)(mark - said)));
	*pick = pqm_str(mark + 1);
	fd = path->p == NULL
		? -1
		: open((const char *)path->p, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		errno = why;
	return fd;
}

enum pqm_st pqm_curve_choose(struct pqm_curve_choice *out, const struct pqm_rules *r,
	const char *said, struct pqm_arena *arena, struct pqm_err *err)
{
	struct pqm_arrival *c = NULL;
	pqm_bytes path, pick, text = { NULL, 0 };
	struct stat sb;
	enum pqm_st st;
	int fd;

	if (pqm_curve_is_known(r, pqm_str(said))) {
		*out = (struct pqm_curve_choice){ pqm_bytes_dup(arena, pqm_str(said)), NULL };
		return PQM_OK;
	}
	fd = open_said(&path, &pick, said, arena);
	if (fd < 0)
		return unknown(r, said, errno, err);
	if (fstat(fd, &sb) != 0 || S_ISDIR(sb.st_mode))
		st = pqm_fail(err, PQM_EUSAGE, "%s: a folder, not a file with a curve", said);
	else
		st = read_file(&text, (const char *)path.p, fd, arena, err);
	(void)close(fd);
	if (st != PQM_OK)
		return st;
	c = pqm_new(arena, struct pqm_arrival, 1);
	if (c == NULL)
		return pqm_fail(err, PQM_ENOMEM, "%s: out of memory", said);
	st = pqm_curve_read(c, text, (const char *)path.p, pick, arena, err);
	if (st == PQM_OK)
		st = pqm_curve_is_own(c, r, (const char *)path.p, err);
	if (st == PQM_OK)
		*out = (struct pqm_curve_choice){ c->id, c };
	return st;
}
