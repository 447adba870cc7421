#include "targets.h"

#include <errno.h>
#include <fcntl.h>

#include "base/buf.h"
#include "base/limits.h"
#include "engine/scan.h"
#include "source/image.h"

static enum pqm_st add(struct pqm_targets *t, pqm_bytes name, bool is_listed, struct pqm_err *err)
{
	if (t->n >= PQM_TARGETS_MAX)
		return pqm_fail(err, PQM_ELIMIT, "more than 100,000 targets; scan them in parts");
	const char **names = pqm_grow(&t->arena, t->name, t->n, &t->cap);
	bool *listed = pqm_grow(&t->arena, t->is_listed, t->n, &t->cap2);
	pqm_bytes copy = pqm_bytes_dup(&t->arena, name);

	if (names == NULL || listed == NULL || copy.p == NULL)
		return pqm_fail(err, PQM_ENOMEM, "out of memory for the targets");
	t->name = names;
	t->is_listed = listed;
	t->name[t->n] = (const char *)copy.p;
	t->is_listed[t->n++] = is_listed;
	return PQM_OK;
}

/* "team/app:1" in a list of images */
static enum pqm_st add_image(struct pqm_targets *t, pqm_bytes line, struct pqm_err *err)
{
	pqm_bytes name = pqm_bytes_dup(&t->arena, line);

	if (name.p != NULL && !pqm_image_is_target((const char *)name.p))
		name = pqm_arena_f(&t->arena, "registry:%.*s", PQM_FMT(line));
	return name.p != NULL ? add(t, name, true, err)
			      : pqm_fail(err, PQM_ENOMEM, "out of memory for the targets");
}

/* said: the list as the user wrote it. */
static enum pqm_st add_list(struct pqm_targets *t, const char *said, const char *file,
	enum pqm_st (*add_line)(struct pqm_targets *t, pqm_bytes line, struct pqm_err *err),
	struct pqm_err *err)
{
	bool is_stdin = strcmp(file, "-") == 0;
	int fd = is_stdin ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	enum pqm_st st = PQM_OK;
	struct pqm_buf b;
	ssize_t r = 1;

	if (fd < 0)
		return pqm_fail(err, PQM_EUSAGE, "%s: %s", said, strerrordesc_np(errno));
	pqm_buf_init(&b, (size_t)64 << 20);
	while (r > 0 && pqm_buf_reserve(&b, (size_t)64 << 10)) {
		r = read(fd, b.p + b.n, (size_t)64 << 10);
		if (r > 0)
			b.n += (size_t)r;
	}
	if (r < 0)
		st = pqm_fail(err, PQM_EUSAGE, "%s: %s", said, strerrordesc_np(errno));
	if (b.failed)
		st = pqm_fail(err, PQM_ELIMIT, "%s: over the 64 MiB limit of a list", said);
	if (!is_stdin)
		(void)close(fd);
	pqm_bytes rest = pqm_buf_bytes(&b), line;

	while (st == PQM_OK && pqm_split(&rest, '\n', &line)) {
		line = pqm_trim(line);
		if (line.n > 0 && line.p[0] != '#')
			st = add_line(t, line, err);
	}
	pqm_buf_fini(&b);
	return st;
}

static enum pqm_st add_target(struct pqm_targets *t, pqm_bytes line, struct pqm_err *err)
{
	return add(t, line, true, err);
}

static void start(struct pqm_targets *t)
{
	if (t->arena.cap == 0)
		pqm_arena_init(&t->arena, (size_t)256 << 20);
}

enum pqm_st pqm_targets_images(struct pqm_targets *t, const char *file, struct pqm_err *err)
{
	start(t);
	return add_list(t, file, file, add_image, err);
}

enum pqm_st pqm_targets_expand(
	struct pqm_targets *t, const char *const *args, size_t n, struct pqm_err *err)
{
	enum pqm_st st = PQM_OK;

	start(t);
	for (size_t i = 0; i < n && st == PQM_OK; i++)
		if (args[i][0] == '\0')
			st = pqm_fail(err, PQM_EUSAGE,
				"target %zu is an empty text: a shell variable that is not set?",
				i + 1);
	for (size_t i = 0; i < n && st == PQM_OK; i++)
		st = args[i][0] == '@' && args[i][1] != '\0'
			? add_list(t, args[i], args[i] + 1, add_target, err)
			: add(t, pqm_str(args[i]), false, err);
	if (st == PQM_OK && n == 0 && t->n == 0)
		st = pqm_fail(err, PQM_EUSAGE,
			"name what to scan: `pqmap scan .` scans this folder; see `pqmap help "
			"scan`");
	return st;
}

void pqm_targets_fini(struct pqm_targets *t)
{
	pqm_arena_fini(&t->arena);
}

static enum pqm_st read_follow(unsigned *what, const char *list, struct pqm_err *err)
{
	pqm_bytes rest = pqm_str(list), one;

	while (pqm_split(&rest, ',', &one)) {
		one = pqm_trim(one);
		if (pqm_eqs(one, "endpoints"))
			*what |= PQM_FOLLOW_ENDPOINTS;
		else if (pqm_eqs(one, "images"))
			*what |= PQM_FOLLOW_IMAGES;
		else
			return pqm_fail(err, PQM_EUSAGE,
				"--follow %s: give endpoints, images or both", list);
	}
	return PQM_OK;
}

enum pqm_st pqm_follow_options(
	unsigned *what, bool *external, const struct pqm_args *a, struct pqm_err *err)
{
	enum pqm_st st = PQM_OK;

	*what = 0;
	for (size_t i = 0; i < a->n_given && st == PQM_OK; i++)
		if (strcmp(a->given[i].opt->name, "follow") == 0)
			st = read_follow(what, a->given[i].value, err);
	*external = pqm_arg_has(a, "follow-external");
	if (st == PQM_OK && *external && (*what & PQM_FOLLOW_ENDPOINTS) == 0)
		return pqm_fail(err, PQM_EUSAGE,
			"--follow-external: says how far --follow endpoints goes; give that too");
	return st;
}
