/* A git repository: the tree of a revision or the index, read from the object database; and its history. */
#include "git_walk.h"

#include <sys/stat.h>

#include "base/limits.h"

static bool accepts(const char *target)
{
	return pqm_git_is_target(target);
}

/* Gives a file of the repository at its id. */
enum pqm_st pqm_git_give(struct pqm_git_walk *w, const git_oid *id, const struct pqm_revision *of)
{
	pqm_bytes path = pqm_buf_bytes(&w->path);
	size_t slash = path.n;
	git_odb_object *o = NULL;
	struct pqm_err why = { 0 };
	struct pqm_blob blob = { .path = path,
		.id = { id->id, sizeof(id->id) },
		.around = of == NULL || !of->is_gone ? w->around : NULL,
		.of = of };
	enum pqm_st st;

	while (slash > 0 && path.p[slash - 1] != '/')
		slash--;
	blob.name = pqm_sub(path, slash, path.n);
	if (w->sink->blank != NULL && w->sink->blank(w->sink, &blob))
		return PQM_OK;
	st = pqm_repo_blob(&w->repo, id, &o, &why);
	if (st != PQM_OK) {
		w->sink->skip(w->sink, st == PQM_ELIMIT ? PQM_SKIP_LIMIT : PQM_SKIP_UNREADABLE,
			path, why.msg);
		return PQM_OK;
	}
	blob.body = (pqm_bytes){ w->repo.g->odb_object_data(o), w->repo.g->odb_object_size(o) };
	st = w->sink->blob(w->sink, &blob, w->err);
	w->repo.g->odb_object_free(o);
	return st;
}

/* What stands at w->path. */
enum pqm_st pqm_git_entry(struct pqm_git_walk *w, unsigned mode, const git_oid *id)
{
	pqm_bytes path = pqm_buf_bytes(&w->path);
	char words[160], hex[PQM_GIT_HEX] = { 0 };

	if ((mode & S_IFMT) == S_IFREG)
		return pqm_git_give(w, id, pqm_git_first(w, id));
	if ((mode & S_IFMT) == S_IFLNK) {
		w->sink->skip(w->sink, PQM_SKIP_SYMLINK, path, NULL);
		return PQM_OK;
	}
	if (mode != GIT_FILEMODE_COMMIT) {
		w->sink->skip(w->sink, PQM_SKIP_UNREADABLE, path, "an entry of no known kind");
		return PQM_OK;
	}
	(void)w->repo.g->oid_fmt(hex, id);
	(void)snprintf(words, sizeof(words),
		"submodule at %.12s: not part of this repository; name its own as a target", hex);
	w->sink->note(w->sink, path, "submodule", words);
	return PQM_OK;
}

static bool is_left_out(const struct pqm_git_walk *w)
{
	pqm_bytes prefix = pqm_buf_bytes(&w->repo.prefix), path = pqm_buf_bytes(&w->path);
	struct pqm_buf b;
	bool out;

	if (!pqm_starts(path, prefix))
		return true;
	if (w->opt == NULL || !w->opt->has_only)
		return false;
	pqm_buf_init(&b, (size_t)1 << 20);
	out = !pqm_buf_f(&b, "%.*s%c", PQM_FMT(pqm_sub(path, prefix.n, path.n)), '\0') ||
		!pqm_repo_has_only(w->opt, (const char *)b.p);
	pqm_buf_fini(&b);
	return out;
}

/* Could the folder at w->path, with its slash, be or hold what is asked for? */
static bool is_on_way(const struct pqm_git_walk *w)
{
	pqm_bytes prefix = pqm_buf_bytes(&w->repo.prefix), path = pqm_buf_bytes(&w->path);

	return pqm_starts(path, prefix) || pqm_starts(prefix, path);
}

static enum pqm_st walk_tree(struct pqm_git_walk *w, const git_tree *t, unsigned depth)
{
	const struct pqm_git2 *g = w->repo.g;
	size_t keep = w->path.n;
	enum pqm_st st = PQM_OK;

	if (depth >= PQM_TREE_DEPTH) {
		w->sink->skip(w->sink, PQM_SKIP_LIMIT, pqm_buf_bytes(&w->path),
			"folder: nested deeper than 1,024 levels");
		return PQM_OK;
	}
	w->sink->directory(w->sink);
	for (size_t i = 0, n = g->tree_entrycount(t); i < n && st == PQM_OK; i++) {
		const git_tree_entry *e = g->tree_entry_byindex(t, i);
		unsigned mode = (unsigned)g->tree_entry_filemode_raw(e);
		git_tree *sub = NULL;

		w->path.n = keep;
		if (!pqm_buf_add(&w->path, pqm_str(g->tree_entry_name(e))))
			return pqm_fail(w->err, PQM_ENOMEM, "out of memory for a path");
		if (mode != GIT_FILEMODE_TREE) {
			if (!is_left_out(w))
				st = pqm_git_entry(w, mode, g->tree_entry_id(e));
			continue;
		}
		(void)pqm_buf_byte(&w->path, '/');
		if (!is_on_way(w))
			continue;
		if (g->tree_lookup(&sub, w->repo.git, g->tree_entry_id(e)) == 0) {
			st = walk_tree(w, sub, depth + 1);
			g->tree_free(sub);
		} else {
			w->sink->skip(w->sink, PQM_SKIP_UNREADABLE, pqm_buf_bytes(&w->path),
				pqm_git2_words());
		}
	}
	w->path.n = keep;
	return st;
}

static enum pqm_st walk_index(struct pqm_git_walk *w)
{
	const struct pqm_git2 *g = w->repo.g;
	git_index *index = NULL;
	enum pqm_st st = PQM_OK;

	if (g->repository_index(&index, w->repo.git) != 0)
		return pqm_fail(w->err, PQM_EIO, "%s: %s", w->repo.path, pqm_git2_words());
	for (size_t i = 0, n = g->index_entrycount(index); i < n && st == PQM_OK; i++) {
		const git_index_entry *e = g->index_get_byindex(index, i);

		w->path.n = 0;
		if (!pqm_buf_add(&w->path, pqm_str(e->path)))
			st = pqm_fail(w->err, PQM_ENOMEM, "out of memory for a path");
		/* Both sides of a conflict stand there; the first is looked at. */
		else if ((i == 0 ||
				 strcmp(g->index_get_byindex(index, i - 1)->path, e->path) != 0) &&
			!is_left_out(w))
			st = pqm_git_entry(w, e->mode, &e->id);
	}
	g->index_free(index);
	return st;
}

static enum pqm_st walk_revision(struct pqm_git_walk *w, const char *rev)
{
	const struct pqm_git2 *g = w->repo.g;
	git_commit *c = NULL;
	git_tree *t = NULL;
	enum pqm_st st = pqm_repo_commit(&w->repo, rev, &c, w->err);

	if (st == PQM_OK && c == NULL)
		return pqm_fail(w->err, PQM_EIO, "%s: holds no commit yet", w->repo.path);
	if (st == PQM_OK && g->commit_tree(&t, c) != 0)
		st = pqm_fail(w->err, PQM_EIO, "%s: %s", w->repo.path, pqm_git2_words());
	if (st == PQM_OK && w->opt != NULL && w->opt->is_history)
		st = pqm_git_history_read(w, rev == NULL ? NULL : c, t);
	if (st == PQM_OK) {
		w->around = pqm_repo_around(&w->repo, t);
		st = walk_tree(w, t, 0);
	}
	if (st == PQM_OK && w->opt != NULL && w->opt->is_history)
		st = pqm_git_history_give(w);
	if (t != NULL)
		g->tree_free(t);
	if (c != NULL)
		g->commit_free(c);
	return st;
}

static enum pqm_st walk(const char *target, struct pqm_sink *s, struct pqm_err *err)
{
	struct pqm_git_walk w = { .sink = s, .opt = s->git, .err = err };
	const char *path, *rev;
	enum pqm_st st;
	bool is_kept;

	pqm_arena_init(&w.arena, PQM_RUN_ARENA_BYTES);
	pqm_buf_init(&w.path, (size_t)1 << 20);
	st = pqm_git_parse(&w.arena, target, &path, &rev, err);
	if (st == PQM_OK)
		st = pqm_repo_open(&w.repo, path, err);
	is_kept = st == PQM_OK && s->repository != NULL && (s->git == NULL || !s->git->has_only);
	if (is_kept)
		s->repository(s, pqm_str(w.repo.g->repository_commondir(w.repo.git)));
	if (st == PQM_OK && s->git != NULL && s->git->is_staged) {
		w.around = pqm_repo_around(&w.repo, NULL);
		st = walk_index(&w);
	} else if (st == PQM_OK) {
		st = walk_revision(&w, rev);
	}
	if (is_kept)
		s->repository(s, (pqm_bytes){ NULL, 0 });
	pqm_git_past_fini(&w.past);
	pqm_dir_unref(w.around);
	pqm_repo_close(&w.repo);
	pqm_buf_fini(&w.path);
	pqm_arena_fini(&w.arena);
	return st;
}

const struct pqm_source pqm_src_git = {
	.name = "git",
	.summary = "a revision of a git repository, read without a checkout",
	.accepts = accepts,
	.walk = walk,
};
