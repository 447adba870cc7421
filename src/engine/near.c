/* near.c — the files around a file of a tree: read for detectors that cannot understand one alone. */
#include <fcntl.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/slurp.h"
#include "engine.h"

/* The folder of path with rel behind it, without "." and ".."; false when that leads above it all. */
static bool join(struct pqm_buf *out, pqm_bytes path, pqm_bytes rel)
{
	bool is_absolute = path.n > 0 && path.p[0] == '/';
	pqm_bytes rest[2], part;
	size_t slash = path.n;

	while (slash > 0 && path.p[slash - 1] != '/')
		slash--;
	rest[0] = pqm_sub(path, 0, slash);
	rest[1] = rel;
	if (is_absolute)
		(void)pqm_buf_byte(out, '/');
	for (unsigned i = 0; i < 2; i++)
		while (rest[i].p != NULL && pqm_split(&rest[i], '/', &part)) {
			if (part.n == 0 || pqm_eqs(part, "."))
				continue;
			if (!pqm_eqs(part, "..") || (i == 0 && out->n == 0)) {
				if (out->n > 0 && out->p[out->n - 1] != '/')
					(void)pqm_buf_byte(out, '/');
				(void)pqm_buf_add(out, part);
				continue;
			}
			if (i == 0) { /* the user's own way to the target: kept as written */
				(void)pqm_buf_add(out, PQM_LIT("/.."));
				continue;
			}
			if (out->n == 0)
				return false;
			while (out->n > 0 && out->p[out->n - 1] != '/')
				out->n--;
			if (out->n > (size_t)is_absolute)
				out->n--;
		}
	return !out->failed;
}

/* The target's name as join() writes it. */
static bool root_of(const struct pqm_around *a, struct pqm_buf *out)
{
	pqm_bytes name = pqm_str(a->run->targets[a->target]);
	struct pqm_buf with_slash;
	bool ok;

	pqm_buf_init(&with_slash, (size_t)1 << 20);
	(void)pqm_buf_add(&with_slash, name);
	(void)pqm_buf_byte(&with_slash, '/');
	ok = join(out, pqm_buf_bytes(&with_slash), (pqm_bytes){ NULL, 0 });
	pqm_buf_fini(&with_slash);
	return ok;
}

/* What is left of path below root; false when it is not below it. */
static bool below(pqm_bytes root, pqm_bytes path, pqm_bytes *rest)
{
	if (!pqm_starts(path, root))
		return false;
	*rest = pqm_sub(path, root.n, path.n);
	if (root.n == 0 || root.p[root.n - 1] == '/')
		return true;
	if (rest->n == 0 || rest->p[0] != '/')
		return false;
	*rest = pqm_sub(*rest, 1, rest->n);
	return true;
}

/* Opens a file from folder to folder, following no link. Takes dir. */
static int open_below(int dir, pqm_bytes rest)
{
	pqm_bytes part;

	while (dir >= 0 && rest.p != NULL && pqm_split(&rest, '/', &part)) {
		char name[256];
		int next = -1;

		if (part.n > 0 && part.n < sizeof(name)) {
			memcpy(name, part.p, part.n);
			name[part.n] = '\0';
			next = openat(dir, name,
				O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY |
					(rest.p != NULL ? O_DIRECTORY : 0));
		}
		(void)close(dir);
		dir = next;
	}
	return dir;
}

static enum pqm_st read_one(
	int fd, pqm_bytes rel, struct pqm_arena *arena, pqm_bytes *out, struct pqm_err *err)
{
	struct pqm_slurp file = { .path = (const char *)pqm_arena_f(arena, "%.*s", PQM_FMT(rel)).p,
		.limit = PQM_YAML_DOC_BYTES };

	return file.path == NULL ? pqm_fail(err, PQM_ENOMEM, "out of memory for a path")
				 : pqm_slurp_fd(out, fd, &file, arena, err);
}

static enum pqm_st near_read(struct pqm_near *near, pqm_bytes rel, struct pqm_arena *arena,
	pqm_bytes *out, struct pqm_err *err)
{
	const struct pqm_around *a = (const struct pqm_around *)near;
	struct pqm_buf root, path;
	pqm_bytes rest = { NULL, 0 };
	enum pqm_st st;

	pqm_buf_init(&root, (size_t)1 << 20);
	pqm_buf_init(&path, (size_t)1 << 20);
	if (a->revision != NULL) {
		bool ok = (rel.n == 0 || rel.p[0] != '/') && join(&path, a->path, rel);

		st = ok ? a->revision->read(a->revision, pqm_buf_bytes(&path), arena, out, err)
			: pqm_fail(
				  err, PQM_EUSAGE, "%.*s: outside of the repository", PQM_FMT(rel));
	} else if ((rel.n > 0 && rel.p[0] == '/') || !root_of(a, &root) ||
		!join(&path, a->path, rel) ||
		!below(pqm_buf_bytes(&root), pqm_buf_bytes(&path), &rest)) {
		st = pqm_fail(err, PQM_EUSAGE, "%.*s: outside of the folder that is scanned",
			PQM_FMT(rel));
	} else {
		int dir = open(a->run->targets[a->target], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		int fd = rest.n == 0 ? dir : open_below(dir, rest);

		st = fd < 0 ? pqm_fail(err, PQM_EIO, "%.*s: no such file", PQM_FMT(rel))
			    : read_one(fd, rel, arena, out, err);
		if (fd >= 0)
			(void)close(fd);
	}
	pqm_buf_fini(&root);
	pqm_buf_fini(&path);
	return st;
}

static enum pqm_st near_render(struct pqm_near *near, const char *what, struct pqm_arena *arena,
	pqm_bytes *out, struct pqm_err *err)
{
	const struct pqm_around *a = (const struct pqm_around *)near;
	pqm_bytes dir = a->path;
	struct pqm_buf b;
	enum pqm_st st;

	while (dir.n > 0 && dir.p[dir.n - 1] != '/')
		dir.n--;
	/* A name that begins with a dash would be an option. */
	dir = pqm_arena_f(arena, "%s%.*s", dir.n > 0 && dir.p[0] == '-' ? "./" : "",
		PQM_FMT(dir.n > 0 ? dir : PQM_LIT("./")));
	if (dir.p == NULL)
		return pqm_fail(err, PQM_ENOMEM, "%s: out of memory", what);
	pqm_buf_init(&b, PQM_YAML_DOC_BYTES);
	st = pqm_render(what, (const char *)dir.p, &b, err);
	if (st == PQM_OK) {
		*out = pqm_bytes_dup(arena, pqm_buf_bytes(&b));
		if (b.n > 0 && out->p == NULL)
			st = pqm_fail(err, PQM_ENOMEM, "%s: out of memory", what);
	}
	pqm_buf_wipe(&b);
	return st;
}

void pqm_around_init(struct pqm_around *a, struct pqm_run *run, uint32_t target, pqm_bytes path)
{
	pqm_bytes name = path;

	for (size_t i = path.n; i > 0; i--)
		if (path.p[i - 1] == '/') {
			name = pqm_sub(path, i, path.n);
			break;
		}
	bool is_chart = pqm_eqs(name, "Chart.yaml");
	bool is_asked = is_chart ? run->opt->render_helm : run->opt->render_kustomize;

	*a = (struct pqm_around){ { near_read, is_asked ? near_render : NULL }, run, target, path,
		NULL };
}

void pqm_around_used(const struct pqm_around *a, pqm_bytes rel)
{
	struct pqm_run *run = a->run;
	struct pqm_buf path;

	pqm_buf_init(&path, (size_t)1 << 20);
	if (join(&path, a->path, rel)) {
		if (pqm_ends(rel, PQM_LIT("/")))
			(void)pqm_buf_byte(&path, '/');
		pthread_mutex_lock(&run->lock);
		struct pqm_used *u = pqm_new(&run->arena, struct pqm_used, 1);

		if (u != NULL) {
			*u = (struct pqm_used){ run->used, a->target,
				pqm_bytes_dup(&run->arena, pqm_buf_bytes(&path)) };
			run->used = u;
		}
		run->is_out_of_memory = run->is_out_of_memory || u == NULL || u->path.p == NULL;
		pthread_mutex_unlock(&run->lock);
	}
	pqm_buf_fini(&path);
}

static bool is_used(const struct pqm_map *used, uint32_t target, pqm_bytes path)
{
	struct pqm_buf key;
	size_t slash, at;
	bool found;

	for (slash = path.n; slash > 0 && path.p[slash - 1] != '/'; slash--)
		;
	pqm_buf_init(&key, (size_t)1 << 20);
	(void)join(&key, path, pqm_sub(path, slash, path.n));
	(void)pqm_buf_f(&key, "\n%u", target);
	found = pqm_map_get(used, pqm_buf_bytes(&key)) != NULL;
	for (at = key.n; !found && at > 0; at--)
		if (key.p[at - 1] == '/') {
			key.n = at;
			(void)pqm_buf_f(&key, "\n%u", target);
			found = pqm_map_get(used, pqm_buf_bytes(&key)) != NULL;
		}
	pqm_buf_fini(&key);
	return found;
}

enum pqm_st pqm_around_settle(struct pqm_run *run, struct pqm_err *err)
{
	struct pqm_map used = { 0 };
	bool ok = true;

	for (struct pqm_used *u = run->used; ok && u != NULL; u = u->next) {
		pqm_bytes key =
			pqm_arena_f(&run->arena, "%.*s\n%u", PQM_FMT(u->path), (unsigned)u->target);

		ok = key.p != NULL && pqm_map_put(&used, key, u);
	}
	for (struct pqm_content *c = run->contents; ok && used.n > 0 && c != NULL; c = c->next)
		for (struct pqm_place *p = c->places; p != NULL; p = p->next)
			p->is_used = is_used(&used, p->target, p->path);
	pqm_map_fini(&used);
	return ok ? PQM_OK : pqm_fail(err, PQM_ENOMEM, "out of memory for used files");
}

bool pqm_around_matters(pqm_bytes path, pqm_bytes name)
{
	static const char *const names[] = { "kustomization.yaml", "kustomization.yml",
		"Kustomization", "Chart.yaml" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (pqm_eqs(name, names[i]))
			return true;
	if (!pqm_ends(name, PQM_LIT(".yaml")) && !pqm_ends(name, PQM_LIT(".yml")))
		return false;
	return pqm_starts(name, PQM_LIT("values")) ||
		pqm_find(path, 0, PQM_LIT("/templates/")) != SIZE_MAX;
}
