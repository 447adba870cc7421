#include "gate_blame.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/num.h"

/* A place, and where its answer goes. */
struct asked {
	struct pqm_git_line line;
	struct pqm_occurrence *occ;
};

static int by_path(const void *a, const void *b)
{
	const struct asked *x = a, *y = b;
	int c = strcmp(x->line.path, y->line.path);

	return c != 0 ? c : (x->line.line > y->line.line) - (x->line.line < y->line.line);
}

/* Places of a target that are told as new and have a line. */
static size_t collect(struct pqm_gate *g, uint32_t target, struct asked *out)
{
	size_t n = 0;

	for (size_t i = 0; i < g->n_refusals; i++) {
		const struct pqm_refusal *v = &g->refusals[i];

		for (size_t k = 0; v->standing == PQM_S_NEW && k < v->n_shown; k++) {
			struct pqm_occurrence *o = &v->finding->occs[v->places[k]];
			uint32_t line = o->line > 0 ? o->line : o->text_line;
			pqm_bytes path = pqm_bytes_dup(&g->arena, o->path);

			if (o->target != target || line == 0 || path.p == NULL ||
				pqm_occ_attr(o, "commit").n > 0)
				continue;
			if (out != NULL)
				out[n] = (struct asked){
					{ .path = (const char *)path.p, .line = line }, o
				};
			n++;
		}
	}
	return n;
}

/* How many of them are in the files that are asked for: the first so many. */
static size_t cut(const struct asked *all, size_t n, const char *target)
{
	size_t n_files = 0;

	for (size_t i = 0; i < n; i++) {
		n_files += i == 0 || strcmp(all[i].line.path, all[i - 1].line.path) != 0;
		if (n_files > PQM_BLAME_FILES) {
			pqm_log(PQM_WARN, "gate",
				"%s: places in more than %d files fail; those of the first %d have "
				"their commit",
				target, PQM_BLAME_FILES, PQM_BLAME_FILES);
			return i;
		}
	}
	return n;
}

static enum pqm_st keep(struct pqm_gate *g, const struct asked *x, bool with_authors)
{
	struct pqm_occurrence *o = x->occ;
	struct pqm_attr *attrs;
	char day[16];

	/* One occurrence can be refused by two rules. */
	if (x->line.commit[0] == '\0' || pqm_occ_attr(o, "commit").n > 0)
		return PQM_OK;
	attrs = pqm_new(&g->arena, struct pqm_attr, o->n_attrs + 3);
	if (attrs == NULL)
		return PQM_ENOMEM;
	for (size_t i = 0; i < o->n_attrs; i++)
		attrs[i] = o->attrs[i];
	pqm_date_format(day, x->line.authored_s / 86400);
	attrs[o->n_attrs++] = (struct pqm_attr){ PQM_LIT("commit"),
		pqm_bytes_dup(&g->arena, pqm_str(x->line.commit)) };
	attrs[o->n_attrs++] =
		(struct pqm_attr){ PQM_LIT("authored"), pqm_bytes_dup(&g->arena, pqm_str(day)) };
	if (with_authors && x->line.author.n > 0)
		attrs[o->n_attrs++] = (struct pqm_attr){ PQM_LIT("author"), x->line.author };
	o->attrs = attrs;
	return PQM_OK;
}

/* Where lines of the target are asked for; false: it is no repository, nor in one. */
static bool repository_of(
	struct pqm_gate *g, const struct pqm_scan_run *s, size_t i, struct pqm_git_blame_ask *ask)
{
	const char *name = s->targets.name[i];
	struct pqm_err why = { 0 };

	*ask = (struct pqm_git_blame_ask){ .path = name, .is_staged = s->git.is_staged };
	if (pqm_git_is_target(name))
		return pqm_git_parse(&g->arena, name, &ask->path, &ask->rev, &why) == PQM_OK;
	ask->is_work_tree = true;
	return !pqm_scan_is_special(name) && pqm_git_is_here(name);
}

enum pqm_st pqm_gate_blame(struct pqm_gate *g, struct pqm_scan_run *s, struct pqm_err *err)
{
	enum pqm_st st = PQM_OK;

	for (size_t i = 0; i < s->targets.n && i < s->p.inv.n_targets && st == PQM_OK; i++) {
		struct pqm_git_blame_ask ask;
		size_t n = collect(g, (uint32_t)i, NULL);
		struct pqm_git_line *line;
		struct asked *all;

		if (n == 0 || !repository_of(g, s, i, &ask))
			continue;
		all = pqm_new(&g->arena, struct asked, n);
		line = pqm_new(&g->arena, struct pqm_git_line, n);
		if (all == NULL || line == NULL)
			return pqm_fail(err, PQM_ENOMEM, "out of memory");
		(void)collect(g, (uint32_t)i, all);
		qsort(all, n, sizeof(*all), by_path);
		n = cut(all, n, s->targets.name[i]);
		for (size_t k = 0; k < n; k++)
			line[k] = all[k].line;
		st = pqm_git_blame(line, n, &ask, &g->arena, err);
		for (size_t k = 0; k < n && st == PQM_OK; k++) {
			all[k].line = line[k];
			st = keep(g, &all[k], s->git.with_authors);
		}
	}
	return st;
}
