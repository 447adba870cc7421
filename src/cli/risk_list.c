#include "risk_list.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>

#include "base/buf.h"
#include "base/limits.h"

enum pqm_st pqm_risk_add(struct pqm_asset_score *a, const struct pqm_risk_params *p, pqm_bytes text,
	struct pqm_err *err)
{
	struct pqm_vector v;
	enum pqm_st st = pqm_vector_parse(&v, p, text, err);

	if (st != PQM_OK)
		return st;
	if (a->n_uses > 0 && v.assessed != a->uses[0].v.assessed)
		return pqm_fail(err, PQM_EUSAGE,
			"a union needs one assessment date: AD differs between the vectors");
	if (a->n_uses == PQM_RISK_VECTORS_MAX)
		return pqm_fail(
			err, PQM_EUSAGE, "more than %d vectors in one asset", PQM_RISK_VECTORS_MAX);
	pqm_risk_use(&a->uses[a->n_uses++], p, &v);
	return PQM_OK;
}

void pqm_risk_join(struct pqm_asset_score *a, const struct pqm_risk_params *p)
{
	struct pqm_exposure tmp[PQM_RISK_VECTORS_MAX];

	pqm_risk_asset(a, p, tmp);
}

bool pqm_risk_is_list(const char *arg)
{
	return strcmp(arg, "-") == 0 || (arg[0] == '@' && arg[1] != '\0');
}

struct list {
	struct pqm_app *app;
	const struct pqm_risk_view *v;
	const char *said; /* "-" or "@FILE" */
	uint64_t line;
	uint64_t n_bad;
	struct pqm_use_score *uses; /* PQM_RISK_VECTORS_MAX */
};

static void bad_line(struct list *l, const char *words)
{
	l->n_bad++;
	pqm_log(PQM_ERROR, "cli", "%s:%" PRIu64 ": %s", l->said, l->line, words);
}

static void text_row(struct pqm_out *o, const struct pqm_asset_score *a)
{
	pqm_out_f(o, "%.4f  [%.4f - %.4f]  stress %.4f  sunk %.4f  delay %.4f  %-6s%s ",
		a->p[PQM_CENTRAL], a->p[PQM_SLOW], a->p[PQM_FAST], a->p[PQM_STRESS],
		a->sunk[PQM_CENTRAL], a->cod[PQM_CENTRAL], pqm_decision_name(a->decision),
		a->is_broken_today	 ? " broken today"
			: a->is_volatile ? " volatile"
					 : "");
	for (size_t i = 0; i < a->n_uses; i++)
		pqm_out_f(o, " %s", a->uses[i].vector);
	pqm_out_lit(o, "\n");
}

/* The next word of a line; false when there is none. */
static bool next_word(pqm_bytes *rest, pqm_bytes *word)
{
	size_t n = 0;

	*rest = pqm_trim(*rest);
	while (n < rest->n && rest->p[n] != ' ' && rest->p[n] != '\t')
		n++;
	*word = pqm_sub(*rest, 0, n);
	*rest = pqm_sub(*rest, n, rest->n);
	return n > 0;
}

static void answer(struct list *l, pqm_bytes line)
{
	struct pqm_asset_score a = { .uses = l->uses };
	struct pqm_out *o = l->app->out;
	struct pqm_err why = { 0 };
	pqm_bytes word;

	l->line++;
	line = pqm_trim(line);
	if (line.n == 0 || line.p[0] == '#')
		return;
	while (next_word(&line, &word))
		if (pqm_risk_add(&a, l->v->p, word, &why) != PQM_OK) {
			bad_line(l, why.msg);
			return;
		}
	pqm_risk_join(&a, l->v->p);
	if (l->v->format == PQM_RISK_TEXT) {
		text_row(o, &a);
		return;
	}
	pqm_risk_json(o, l->v, &a, l->line);
}

/* Answers the whole lines of b and keeps the rest. A line that fills the buffer is dropped up to its
 * end. */
static void whole_lines(struct list *l, struct pqm_buf *b, bool *skipping)
{
	pqm_bytes rest = pqm_buf_bytes(b);
	size_t end;

	while ((end = pqm_find_byte(rest, 0, '\n')) != SIZE_MAX) {
		if (!*skipping)
			answer(l, pqm_sub(rest, 0, end));
		*skipping = false;
		rest = pqm_sub(rest, end + 1, rest.n);
	}
	if (!*skipping && rest.n > PQM_RISK_LINE_BYTES) {
		l->line++;
		bad_line(l, "a line over 16 KiB; give one asset a line");
		*skipping = true;
	}
	if (*skipping)
		rest.n = 0;
	memmove(b->p, rest.p, rest.n);
	b->n = rest.n;
}

static enum pqm_st read_list(struct list *l, int fd, struct pqm_err *err)
{
	struct pqm_buf b;
	bool skipping = false;
	ssize_t r = 1;
	enum pqm_st st = PQM_OK;

	pqm_buf_init(&b, PQM_RISK_LINE_BYTES + PQM_READ_CHUNK_BYTES);
	while (r > 0 && pqm_buf_reserve(&b, PQM_READ_CHUNK_BYTES)) {
		if (l->v->format != PQM_RISK_JSON)
			pqm_out_flush(l->app->out); /* who feeds a line may wait for its answer */
		r = read(fd, b.p + b.n, PQM_READ_CHUNK_BYTES);
		if (r > 0) {
			b.n += (size_t)r;
			whole_lines(l, &b, &skipping);
		}
	}
	if (r < 0)
		st = pqm_fail(err, PQM_EUSAGE, "%s: %s", l->said, strerrordesc_np(errno));
	else if (b.failed)
		st = pqm_fail(err, PQM_ENOMEM, "%s: out of memory", l->said);
	else if (b.n > 0 && !skipping)
		answer(l, pqm_buf_bytes(&b));
	pqm_buf_fini(&b);
	return st;
}

static enum pqm_st open_list(struct list *l, const char *arg, struct pqm_err *err)
{
	bool is_stdin = arg[0] == '-';
	int fd = is_stdin ? STDIN_FILENO : open(arg + 1, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	enum pqm_st st;

	l->said = arg;
	l->line = 0;
	if (fd < 0)
		return pqm_fail(err, PQM_EUSAGE, "%s: %s", arg, strerrordesc_np(errno));
	st = read_list(l, fd, err);
	if (!is_stdin)
		(void)close(fd);
	return st;
}

enum pqm_st pqm_risk_lists(struct pqm_app *app, const struct pqm_args *args,
	const struct pqm_risk_view *v, struct pqm_err *err)
{
	struct pqm_use_score uses[PQM_RISK_VECTORS_MAX] = { 0 };
	struct list l = { .app = app, .v = v, .uses = uses };
	enum pqm_st st = PQM_OK;

	app->out->js_compact = v->format == PQM_RISK_JSONL;
	if (v->format == PQM_RISK_JSON)
		pqm_js_open(app->out, NULL, '[');
	for (size_t i = 0; i < args->n_positional && st == PQM_OK; i++)
		st = open_list(&l, args->positional[i], err);
	if (v->format == PQM_RISK_JSON)
		pqm_js_close(app->out, ']');
	if (l.n_bad > 0)
		app->exit_code = 2;
	return st;
}
