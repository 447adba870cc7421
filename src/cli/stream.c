#include "stream.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/limits.h"

/* The value of -o jsonl[=FILE]: NULL when there is none, "" for standard output. */
static const char *spec_of(const struct pqm_args *a, size_t *n)
{
	const char *file = NULL;

	*n = 0;
	for (size_t i = 0; i < a->n_given; i++) {
		const char *v = a->given[i].value;

		if (strcmp(a->given[i].opt->name, "output") != 0 || strncmp(v, "jsonl", 5) != 0 ||
			(v[5] != '\0' && v[5] != '='))
			continue;
		file = v[5] == '\0' || strcmp(v + 6, "-") == 0 ? "" : v + 6;
		(*n)++;
	}
	return file;
}

static bool is_same_file(const char *a, const char *b)
{
	struct stat x, y;

	return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* Unlike other reports the file grows in place: it must be there when the scan is cut off. */
static enum pqm_st open_file(
	struct pqm_stream *s, const char *file, const char *resume, struct pqm_err *err)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY, S_IRUSR | S_IWUSR);
	struct stat st;

	if (fd < 0)
		return pqm_fail(err, PQM_EIO, "%s: cannot write: %s", file, strerrordesc_np(errno));
	s->is_appending = resume != NULL && s->known.keep_bytes > 0 && is_same_file(file, resume);
	if (fstat(fd, &st) != 0 ||
		(S_ISREG(st.st_mode) &&
			(ftruncate(fd, s->is_appending ? (off_t)s->known.keep_bytes : 0) != 0 ||
				lseek(fd, 0, SEEK_END) < 0))) {
		int e = errno;

		(void)close(fd);
		return pqm_fail(err, PQM_EIO, "%s: cannot write: %s", file, strerrordesc_np(e));
	}
	pqm_out_fd(&s->file, fd);
	s->file.owns_fd = true;
	s->out = &s->file;
	return PQM_OK;
}

enum pqm_st pqm_stream_open(struct pqm_stream *s, struct pqm_app *app, const struct pqm_args *a,
	const struct pqm_rules *rules, struct pqm_err *err)
{
	const char *resume = pqm_arg(a, "resume");
	size_t n;
	const char *file = spec_of(a, &n);
	enum pqm_st st = PQM_OK;

	*s = (struct pqm_stream){ .rules = rules };
	pqm_arena_init(&s->arena, PQM_RUN_ARENA_BYTES);
	if (n > 1)
		return pqm_fail(err, PQM_EUSAGE, "-o jsonl: give it once");
	if (resume != NULL)
		st = pqm_jsonl_load(&s->known, resume, rules->version, &s->arena, err);
	if (st != PQM_OK || file == NULL)
		return st;
	if (*file == '\0')
		s->out = app->out;
	else
		st = open_file(s, file, resume, err);
	if (st != PQM_OK)
		return st;
	s->out->js_compact = true;
	if (!s->is_appending) {
		pqm_jsonl_head(s->out, PQM_LIT(PQM_VERSION), pqm_str(rules->version));
		pqm_out_flush(s->out);
	}
	return PQM_OK;
}

bool pqm_stream_endpoint(void *ctx, const struct pqm_endpoint *e, bool is_known)
{
	struct pqm_stream *s = ctx;

	/* What was cut off by a signal is asked again; it has no line. */
	if (s->out == NULL || (is_known && s->is_appending) ||
		(s->stop != NULL && *s->stop != 0 && !e->is_complete))
		return true;
	pqm_jsonl_endpoint(s->out, s->rules, e, PQM_ENDPOINT_DER | PQM_ENDPOINT_TIMING);
	pqm_out_flush(s->out);
	return s->out->errnum == 0;
}

bool pqm_stream_listed(void *ctx, const struct pqm_listed *l, bool is_known)
{
	struct pqm_stream *s = ctx;

	if (s->out == NULL || (is_known && s->is_appending))
		return true;
	pqm_listed_json(s->out, l);
	pqm_out_flush(s->out);
	return s->out->errnum == 0;
}

enum pqm_st pqm_stream_finish(
	struct pqm_stream *s, const struct pqm_inventory *inv, struct pqm_err *err)
{
	enum pqm_st st = PQM_OK;

	if (s->out == NULL)
		return PQM_OK;
	pqm_jsonl_rest(s->out, inv);
	s->out->js_compact = false;
	if (s->out == &s->file)
		st = pqm_out_close(&s->file, err);
	s->out = NULL;
	return st;
}

void pqm_stream_close(struct pqm_stream *s)
{
	if (s->out == &s->file) {
		pqm_out_flush(&s->file);
		pqm_out_abort(&s->file);
	}
	s->out = NULL;
	pqm_arena_fini(&s->arena);
}
