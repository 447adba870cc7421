/*
 * A file or a directory tree. The walk goes from directory to directory by descriptor (openat with
 * O_NOFOLLOW), so a folder that is swapped for a link while we are in it cannot lead out of the tree.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/limits.h"
#include "endpoint.h"
#include "git.h"
#include "source.h"

/* Kernel file systems have no files of their own: /proc/kcore is 128 TiB, others block on read. */
static const unsigned long kernel_fs[] = {
	0x9fa0,	    /* proc */
	0x62656572, /* sysfs */
	0x64626720, /* debugfs */
	0x74726163, /* tracefs */
	0x73636673, /* securityfs */
	0x27e0eb,   /* cgroup */
	0x63677270, /* cgroup2 */
	0xcafe4a11, /* bpf */
	0x1cd1,	    /* devpts */
	0x6165676c, /* pstore */
	0xf97cff8c, /* selinux */
	0x19800202, /* mqueue */
	0x62656570, /* configfs */
	0xde5e81e4, /* efivarfs */
	0x42494e4d, /* binfmt_misc */
};

struct level {
	dev_t dev;
	ino_t ino;
	const struct level *up;
};

struct walk {
	struct pqm_sink *sink;
	struct pqm_err *err;
	struct pqm_buf *path;	       /* of the current directory, without a slash at the end */
	size_t n_root;		       /* of path: the target itself */
	struct pqm_git_ignore *ignore; /* NULL: everything is read */
};

static pqm_bytes path_of(struct walk *w, const char *name, size_t keep)
{
	w->path->n = keep;
	if (keep == 0 || w->path->p[keep - 1] != '/')
		(void)pqm_buf_byte(w->path, '/');
	(void)pqm_buf_add(w->path, pqm_str(name));
	return pqm_buf_bytes(w->path);
}

static bool is_kernel_fs(int fd)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) != 0)
		return false;
	for (size_t i = 0; i < sizeof(kernel_fs) / sizeof(kernel_fs[0]); i++)
		if ((unsigned long)fs.f_type == kernel_fs[i])
			return true;
	return false;
}

static enum pqm_st walk_dir(struct walk *w, int fd, const struct level *up, unsigned depth);

static enum pqm_st enter(
	struct walk *w, int at, const char *name, const struct level *up, unsigned depth)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	char words[128];

	if (fd < 0) {
		(void)snprintf(words, sizeof(words), "folder: %s", strerrordesc_np(errno));
		w->sink->skip(w->sink, PQM_SKIP_UNREADABLE, pqm_buf_bytes(w->path), words);
		return PQM_OK;
	}
	if (depth >= PQM_TREE_DEPTH) {
		(void)close(fd);
		w->sink->skip(w->sink, PQM_SKIP_LIMIT, pqm_buf_bytes(w->path),
			"folder: nested deeper than 1,024 levels");
		return PQM_OK;
	}
	return walk_dir(w, fd, up, depth);
}

static unsigned char type_of(int fd, const struct dirent *e)
{
	struct stat st;

	if (e->d_type != DT_UNKNOWN)
		return e->d_type;
	return fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0
		? (unsigned char)IFTODT(st.st_mode)
		: (unsigned char)DT_UNKNOWN;
}

/* What git leaves out is no part of the target: it is not even counted. */
static bool is_ignored(const struct walk *w, bool is_folder)
{
	pqm_bytes rel = pqm_sub(pqm_buf_bytes(w->path), w->n_root, w->path->n);

	if (w->ignore == NULL)
		return false;
	while (rel.n > 0 && rel.p[0] == '/')
		rel = pqm_sub(rel, 1, rel.n);
	return pqm_git_is_ignored(w->ignore, rel, is_folder);
}

static enum pqm_st entry(struct walk *w, struct pqm_dir *dir, const struct dirent *e,
	const struct level *self, unsigned depth)
{
	struct pqm_sink *s = w->sink;
	pqm_bytes path = pqm_buf_bytes(w->path);
	unsigned char type = type_of(dir->fd, e);

	if (is_ignored(w, type == DT_DIR))
		return PQM_OK;
	switch (type) {
	case DT_REG:
		return s->file(s, dir, e->d_name, path, w->err);
	case DT_DIR:
		return enter(w, dir->fd, e->d_name, self, depth + 1);
	case DT_LNK:
		s->skip(s, PQM_SKIP_SYMLINK, path, NULL);
		return PQM_OK;
	case DT_SOCK:
		s->skip(s, PQM_SKIP_SOCKET, path, NULL);
		return PQM_OK;
	case DT_FIFO:
		s->skip(s, PQM_SKIP_FIFO, path, NULL);
		return PQM_OK;
	case DT_CHR:
	case DT_BLK:
		s->skip(s, PQM_SKIP_DEVICE, path, NULL);
		return PQM_OK;
	default:
		s->skip(s, PQM_SKIP_UNREADABLE, path, "gone while the folder was read");
		return PQM_OK;
	}
}

static bool is_loop(const struct level *l, const struct stat *st)
{
	for (; l != NULL; l = l->up)
		if (l->dev == st->st_dev && l->ino == st->st_ino)
			return true;
	return false;
}

/* The next entry; a folder that cannot be read to its end is told. */
static struct dirent *next_entry(struct walk *w, DIR *d, size_t keep)
{
	struct dirent *e;

	errno = 0;
	e = readdir(d);
	if (e == NULL && errno != 0) {
		w->path->n = keep;
		w->sink->skip(w->sink, PQM_SKIP_UNREADABLE, pqm_buf_bytes(w->path),
			"folder: could not be read to its end");
	}
	return e;
}

/* Takes fd. */
static enum pqm_st walk_dir(struct walk *w, int fd, const struct level *up, unsigned depth)
{
	size_t keep = w->path->n;
	enum pqm_st st = PQM_OK;
	struct stat sb;
	struct dirent *e;

	if (fstat(fd, &sb) != 0 || is_loop(up, &sb)) {
		(void)close(fd);
		w->sink->skip(w->sink, PQM_SKIP_MOUNT, pqm_buf_bytes(w->path),
			"folder: leads back into itself");
		return PQM_OK;
	}
	if ((up == NULL || up->dev != sb.st_dev) && is_kernel_fs(fd)) {
		(void)close(fd);
		w->sink->skip(
			w->sink, PQM_SKIP_MOUNT, pqm_buf_bytes(w->path), "kernel file system");
		return PQM_OK;
	}
	/* readdir() needs a descriptor of its own: queued files keep dir->fd open after closedir(). */
	int twin = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	DIR *d = twin < 0 ? NULL : fdopendir(twin);
	struct pqm_dir *dir = pqm_dir_new(fd);
	const struct level self = { sb.st_dev, sb.st_ino, up };

	if (d == NULL || dir == NULL) {
		if (d == NULL && twin >= 0)
			(void)close(twin);
		w->sink->skip(w->sink, PQM_SKIP_UNREADABLE, pqm_buf_bytes(w->path),
			"folder: out of descriptors or memory");
	} else {
		w->sink->directory(w->sink);
	}
	while (st == PQM_OK && d != NULL && dir != NULL && (e = next_entry(w, d, keep)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		(void)path_of(w, e->d_name, keep);
		st = w->path->failed ? pqm_fail(w->err, PQM_ENOMEM, "out of memory for a path")
				     : entry(w, dir, e, &self, depth);
		w->path->n = keep;
	}
	if (d != NULL)
		(void)closedir(d);
	pqm_dir_unref(dir);
	return st;
}

static bool accepts(const char *target)
{
	return strcmp(target, "-") != 0;
}

static enum pqm_st walk_file(const char *target, struct pqm_sink *s, struct pqm_err *err)
{
	struct pqm_dir *here = pqm_dir_new(-1);
	enum pqm_st st;

	if (here == NULL)
		return pqm_fail(err, PQM_ENOMEM, "%s: out of memory", target);
	st = s->file(s, here, target, pqm_str(target), err);
	pqm_dir_unref(here);
	return st;
}

/* Opens the folder of the file at rel below fd, following no link; *name is the file's own name there. */
static struct pqm_dir *open_folder(int root, const char *rel, const char **name)
{
	int at = fcntl(root, F_DUPFD_CLOEXEC, 0);
	const char *slash;

	while (at >= 0 && (slash = strchr(rel, '/')) != NULL) {
		char part[256];
		size_t n = (size_t)(slash - rel);
		int next = -1;

		if (n > 0 && n < sizeof(part)) {
			memcpy(part, rel, n);
			part[n] = '\0';
			next = openat(at, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		}
		(void)close(at);
		at = next;
		rel = slash + 1;
	}
	*name = rel;
	return at < 0 ? NULL : pqm_dir_new(at);
}

/* The files of a list; one that is not there was deleted. */
static enum pqm_st walk_only(struct walk *w, int root, const struct pqm_git_options *git)
{
	size_t keep = w->path->n;
	enum pqm_st st = PQM_OK;

	for (size_t i = 0; i < git->n_only && st == PQM_OK; i++) {
		const char *name;
		struct pqm_dir *d = open_folder(root, git->only[i], &name);
		struct stat sb;

		(void)path_of(w, git->only[i], keep);
		if (d != NULL && fstatat(d->fd, name, &sb, AT_SYMLINK_NOFOLLOW) == 0) {
			if (S_ISREG(sb.st_mode))
				st = w->sink->file(
					w->sink, d, name, pqm_buf_bytes(w->path), w->err);
			else if (S_ISLNK(sb.st_mode))
				w->sink->skip(
					w->sink, PQM_SKIP_SYMLINK, pqm_buf_bytes(w->path), NULL);
		}
		pqm_dir_unref(d);
		w->path->n = keep;
	}
	return st;
}

/* "host:8443" in a list of targets: `probe` would take it. */
static bool is_like_endpoint(const char *target)
{
	struct pqm_err ignored = { 0 };

	return strchr(target, ':') != NULL && strchr(target, '/') == NULL &&
		pqm_endpoint_check(target, true, &ignored) == PQM_OK;
}

static enum pqm_st walk(const char *target, struct pqm_sink *s, struct pqm_err *err)
{
	struct pqm_buf path;
	struct stat sb;
	enum pqm_st st;

	/* The user's own name may be a link; only links inside a tree are not followed. */
	if (stat(target, &sb) != 0)
		return errno == ENOENT && is_like_endpoint(target)
			? pqm_fail(err, PQM_EIO,
				  "%s: no such file; if it is an endpoint, write tls:%s", target,
				  target)
			: pqm_fail(err, PQM_EIO, "%s: %s", target, strerrordesc_np(errno));
	if (S_ISREG(sb.st_mode))
		return walk_file(target, s, err);
	if (!S_ISDIR(sb.st_mode))
		return pqm_fail(err, PQM_EIO,
			"%s: is a device, pipe or socket; name a file or folder", target);
	int fd = open(target, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return pqm_fail(err, PQM_EIO, "%s: %s", target, strerrordesc_np(errno));
	pqm_buf_init(&path, (size_t)1 << 20);
	pqm_bytes name = pqm_str(target);

	while (name.n > 1 && name.p[name.n - 1] == '/')
		name.n--;
	(void)pqm_buf_add(&path, name);
	struct walk w = { s, err, &path, path.n, NULL };

	if (s->git != NULL && s->git->has_only) {
		st = walk_only(&w, fd, s->git);
		(void)close(fd);
	} else {
		st = s->git == NULL || !s->git->skip_ignored
			? PQM_OK
			: pqm_git_ignore_open(&w.ignore, target, err);
		if (st == PQM_OK)
			st = walk_dir(&w, fd, NULL, 0);
		else
			(void)close(fd);
		pqm_git_ignore_close(w.ignore);
	}
	pqm_buf_fini(&path);
	return st;
}

const struct pqm_source pqm_src_path = {
	.name = "path",
	.summary = "a file, or a folder with everything below it",
	.accepts = accepts,
	.walk = walk,
};
