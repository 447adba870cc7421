/* rules_import.c — takes a signed bundle: signature, form, version, the rules on their samples; then one rename. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/num.h"
#include "base/slurp.h"
#include "cli/hybio.h"
#include "cli/rulecheck.h"
#include "cli/rules_bundle.h"
#include "hyb/sha2.h"

#define KEYS_MAX 64

struct import {
	struct pqm_app *app;
	const struct pqm_args *a;
	struct pqm_err *err;
	const char *path, *signature;
	struct pqm_arena arena;
	pqm_bytes bytes;
	struct pqm_bundle b, old;
	const char *key_path[KEYS_MAX];
	struct hyb_public key[KEYS_MAX];
	size_t n_keys, used; /* used: which of them signed */
	bool is_refused, is_known;
};

/* Said at once; the exit code is 1. */
static enum pqm_st refuse(struct import *x, const char *words)
{
	x->app->exit_code = 1;
	x->is_refused = true;
	pqm_log(PQM_ERROR, "rules", "%s; not imported", words);
	return PQM_OK;
}

/* ---- who is trusted ---- */

static enum pqm_st add_key(struct import *x, const char *path)
{
	struct hyb_public *k = &x->key[x->n_keys];
	enum pqm_st st;

	if (x->n_keys >= KEYS_MAX)
		return pqm_fail(x->err, PQM_EUSAGE, "more than %d keys", KEYS_MAX);
	st = hybio_public(k, path, x->err);
	if (st == PQM_OK && k->kind != HYB_KEY_SIG)
		st = pqm_fail(x->err, PQM_EUSAGE,
			"%s: a sealing key signs nothing: give the signer's public key", path);
	if (st == PQM_OK)
		x->key_path[x->n_keys++] = path;
	return st;
}

static const char *trusted_folder(struct pqm_arena *arena)
{
	const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	if (xdg != NULL && xdg[0] == '/')
		return (const char *)pqm_arena_f(arena, "%s/pqmap/trusted", xdg).p;
	if (home != NULL && home[0] == '/')
		return (const char *)pqm_arena_f(arena, "%s/.config/pqmap/trusted", home).p;
	return NULL;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static enum pqm_st add_trusted(struct import *x, const char *folder)
{
	DIR *d = folder == NULL ? NULL : opendir(folder);
	const char *path[KEYS_MAX];
	enum pqm_st st = PQM_OK;
	struct dirent *e;
	size_t n = 0;

	while (d != NULL && n < KEYS_MAX && (e = readdir(d)) != NULL)
		if (e->d_name[0] != '.' && pqm_ends(pqm_str(e->d_name), PQM_LIT(".pub"))) {
			path[n] =
				(const char *)pqm_arena_f(&x->arena, "%s/%s", folder, e->d_name).p;
			n += path[n] != NULL;
		}
	if (d != NULL)
		(void)closedir(d);
	if (n > 1)
		qsort(path, n, sizeof(*path), by_text);
	for (size_t i = 0; i < n && st == PQM_OK; i++)
		st = add_key(x, path[i]);
	return st;
}

static enum pqm_st find_keys(struct import *x)
{
	const char *given[KEYS_MAX], *folder = trusted_folder(&x->arena);
	size_t n = hybio_values(given, KEYS_MAX, x->a, "key");
	enum pqm_st st = PQM_OK;

	if (n > KEYS_MAX)
		return pqm_fail(x->err, PQM_EUSAGE, "more than %d keys", KEYS_MAX);
	for (size_t i = 0; i < n && st == PQM_OK; i++)
		st = add_key(x, given[i]);
	if (st == PQM_OK && n == 0)
		st = add_trusted(x, folder);
	if (st == PQM_OK && x->n_keys == 0)
		st = pqm_fail(x->err, PQM_EUSAGE,
			"whom do you trust to write rules? Name the public key: --key KEY.pub, or "
			"put it into %s",
			folder != NULL ? folder : "$XDG_CONFIG_HOME/pqmap/trusted");
	return st;
}

/* ---- what it is ---- */

static enum pqm_st check_signature(struct import *x)
{
	uint8_t file[HYBIO_SIG_FILE_MAX], digest[64], context[255];
	const struct hyb_public *k = NULL;
	struct hybio_sig sig;
	char id[17];
	size_t n;
	enum pqm_st st = hybio_slurp(file, &n, sizeof(file), x->signature, x->err);

	if (st == PQM_OK)
		st = hybio_sig_read(&sig, (pqm_bytes){ file, n }, x->signature, x->err);
	if (st != PQM_OK)
		return st;
	for (size_t i = 0; i < x->n_keys && k == NULL; i++)
		if (hyb_ct_eq(x->key[i].id, sig.key_id, HYB_KEY_ID_BYTES)) {
			k = &x->key[i];
			x->used = i;
		}
	if (k == NULL)
		return refuse(x,
			(const char *)pqm_arena_f(&x->arena,
				"%s: signed by a key (id %s…) that is not trusted", x->path,
				hybio_short_id(id, sig.key_id))
				.p);
	hybio_digest_of(digest, &n, k, x->bytes);
	if (!hyb_sig_verify_digest(k->sig, (hyb_bytes){ sig.sig, sig.n }, (hyb_bytes){ digest, n },
		    hybio_sig_context(context, sig.time, NULL), k->key))
		return refuse(x,
			(const char *)pqm_arena_f(&x->arena,
				"%s: the signature does not verify: the file was "
				"changed, or is another",
				x->path)
				.p);
	return PQM_OK;
}

/* Against what is in force. */
static enum pqm_st check_version(struct import *x)
{
	struct pqm_bundle *b = &x->b, *old = &x->old;
	struct pqm_err why = { 0 };
	pqm_bytes is;
	const char *words = NULL;
	int c;

	if (pqm_rules_imported(old, &is, &why) != PQM_OK) {
		pqm_log(PQM_WARN, "rules", "%s", why.msg);
		return PQM_OK;
	}
	if (is.n == 0)
		return PQM_OK;
	x->is_known = pqm_eq(is, x->bytes);
	c = pqm_version_cmp(b->version, old->version);
	if (x->is_known || pqm_arg_has(x->a, "allow-older"))
		return PQM_OK;
	if (!pqm_eq(b->name, old->name))
		words = "another rule set than the one in force: `pqmap rules reset` first, or "
			"--allow-older";
	else if (c < 0)
		words = "older than what is in force: --allow-older takes it all the same";
	else if (c == 0)
		words = "the version in force has other contents: --allow-older takes it all the "
			"same";
	return words == NULL ? PQM_OK
			     : refuse(x,
				       (const char *)pqm_arena_f(&x->arena,
					       "%s: %.*s %.*s; in force: %.*s "
					       "%.*s; %s",
					       x->path, PQM_FMT(b->name), PQM_FMT(b->version),
					       PQM_FMT(old->name), PQM_FMT(old->version), words)
					       .p);
}

/* ---- its rules, unpacked for a moment, on their own samples ---- */

static bool make_parents(char *path, size_t from)
{
	for (char *p = path + from; *p != '\0'; p++)
		if (*p == '/') {
			*p = '\0';
			bool ok = mkdir(path, 0700) == 0 || errno == EEXIST;
			*p = '/';
			if (!ok)
				return false;
		}
	return true;
}

static bool put_file(const char *folder, const struct pqm_bundle_file *f)
{
	char path[4096];
	size_t done = 0;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%.*s", folder, PQM_FMT(f->path));
	fd = make_parents(path, strlen(folder) + 1)
		? open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600)
		: -1;
	while (fd >= 0 && done < f->body.n) {
		ssize_t n = write(fd, f->body.p + done, f->body.n - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	return fd >= 0 && close(fd) == 0 && done == f->body.n;
}

/* Files, then the folders that they leave empty. */
static void remove_all(const char *folder, const struct pqm_bundle *b)
{
	char path[4096];

	for (size_t i = b->n; i-- > 0;) {
		(void)snprintf(path, sizeof(path), "%s/%.*s", folder, PQM_FMT(b->files[i].path));
		(void)unlink(path);
		for (char *slash; (slash = strrchr(path, '/')) != NULL &&
			(size_t)(slash - path) > strlen(folder);) {
			*slash = '\0';
			if (rmdir(path) != 0)
				break;
		}
	}
	(void)rmdir(folder);
}

static enum pqm_st check_rules(struct import *x)
{
	const char *tmp = getenv("TMPDIR");
	pqm_bytes name = pqm_arena_f(
		&x->arena, "%s/pqmap-rules-XXXXXX", tmp != NULL && tmp[0] == '/' ? tmp : "/tmp");
	char *folder = (char *)(uintptr_t)name.p;
	struct pqm_err why = { 0 };
	bool ok;
	char rules[4096], fixtures[4096];

	if (folder == NULL || name.n > 3000 || mkdtemp(folder) == NULL)
		return pqm_fail(x->err, PQM_EIO, "%s: %s",
			folder == NULL ? "a folder for the rules" : folder, strerrordesc_np(errno));
	ok = true;
	for (size_t i = 0; i < x->b.n && ok; i++)
		ok = put_file(folder, &x->b.files[i]);
	if (!ok) {
		(void)pqm_fail(x->err, PQM_EIO, "%s: %s", folder, strerrordesc_np(errno));
		remove_all(folder, &x->b);
		return PQM_EIO;
	}
	(void)snprintf(rules, sizeof(rules), "%s/rules", folder);
	(void)snprintf(fixtures, sizeof(fixtures), "%s/fixtures", folder);
	ok = pqm_rulecheck(x->app->out, rules, fixtures, &why) == PQM_OK;
	remove_all(folder, &x->b);
	return ok ? PQM_OK
		  : refuse(x,
			    (const char *)pqm_arena_f(
				    &x->arena, "%s: its rules do not hold: %s", x->path, why.msg)
				    .p);
}

/* ---- taking it ---- */

/* One import at a time. -1: none can be made. */
static int lock_folder(struct import *x, const char *target)
{
	pqm_bytes path = pqm_arena_f(&x->arena, "%s", target);
	char *p = (char *)(uintptr_t)path.p;
	int fd = -1;

	if (p != NULL && make_parents(p, 1)) {
		*strrchr(p, '/') = '\0';
		fd = open(p, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (fd >= 0 && flock(fd, LOCK_EX) != 0) {
		(void)close(fd);
		fd = -1;
	}
	return fd;
}

static enum pqm_st install(struct import *x, const char *target)
{
	struct hybio_out out;
	enum pqm_st st = hybio_begin(&out, target, 0600, true, x->err);

	if (st == PQM_OK)
		st = hybio_write(&out, x->bytes.p, x->bytes.n, x->err);
	if (st == PQM_OK)
		st = hybio_commit(&out, x->err);
	hybio_abort(&out);
	return st;
}

static void tell(struct import *x)
{
	struct pqm_out *o = x->app->out;

	if (!x->app->quiet)
		pqm_out_f(o,
			"%.*s %.*s, signed by %s, %s; `pqmap rules reset` goes back to the "
			"program's own\n",
			PQM_FMT(x->b.name), PQM_FMT(x->b.version), x->key_path[x->used],
			x->is_known ? "is in force already" : "is in force");
}

/* Between the version that is in force and the one that takes its place no other may come. */
static enum pqm_st take(struct import *x)
{
	const char *target = pqm_rules_imported_path(&x->arena);
	int lock = target == NULL ? -1 : lock_folder(x, target);
	enum pqm_st st;

	if (lock < 0)
		return pqm_fail(x->err, PQM_EIO, "%s: %s",
			target == NULL ? "neither XDG_DATA_HOME nor HOME is a folder" : target,
			strerrordesc_np(errno));
	st = check_version(x);
	if (st == PQM_OK && !x->is_refused && !x->is_known)
		st = check_rules(x);
	if (st == PQM_OK && !x->is_refused && !x->is_known)
		st = install(x, target);
	if (st == PQM_OK && !x->is_refused)
		tell(x);
	(void)close(lock);
	return st;
}

/* The file once: what is verified is what is taken. */
static enum pqm_st read_bundle(struct import *x)
{
	struct pqm_slurp s = { .path = x->path, .limit = PQM_BUNDLE_BYTES };
	struct pqm_err why = { 0 };
	enum pqm_st st = pqm_slurp(&x->bytes, &s, &x->arena, x->err);

	if (st == PQM_OK)
		st = check_signature(x);
	if (st == PQM_OK && !x->is_refused &&
		(pqm_bundle_read(&x->b, x->bytes, x->path, &why) != PQM_OK ||
			pqm_bundle_fits(&x->b, x->path, &why) != PQM_OK))
		st = refuse(x, why.msg);
	return st;
}

enum pqm_st pqm_rules_import(
	struct pqm_app *app, const struct pqm_args *a, const char *path, struct pqm_err *err)
{
	struct import *x = pqm_calloc(1, sizeof(*x));
	enum pqm_st st;

	if (x == NULL)
		return pqm_fail(err, PQM_ENOMEM, "out of memory");
	*x = (struct import){ .app = app, .a = a, .err = err, .path = path };
	pqm_arena_init(&x->arena, PQM_RUN_ARENA_BYTES);
	pqm_bundle_init(&x->b);
	pqm_bundle_init(&x->old);
	x->signature = pqm_arg(a, "signature");
	if (x->signature == NULL)
		x->signature = (const char *)pqm_arena_f(&x->arena, "%s.sig", path).p;
	st = x->signature == NULL ? pqm_fail(err, PQM_ENOMEM, "out of memory") : find_keys(x);
	if (st == PQM_OK)
		st = read_bundle(x);
	if (st == PQM_OK && !x->is_refused)
		st = take(x);
	pqm_bundle_fini(&x->old);
	pqm_bundle_fini(&x->b);
	pqm_arena_fini(&x->arena);
	pqm_free(x);
	return st;
}

enum pqm_st pqm_rules_reset(struct pqm_app *app, struct pqm_err *err)
{
	struct pqm_arena arena;
	enum pqm_st st = PQM_OK;
	const char *path;

	pqm_arena_init(&arena, PQM_ARENA_BYTES);
	path = pqm_rules_imported_path(&arena);
	if (path != NULL && unlink(path) != 0 && errno != ENOENT && errno != ENOTDIR)
		st = pqm_fail(err, PQM_EIO, "%s: %s", path, strerrordesc_np(errno));
	else if (!app->quiet)
		pqm_out_lit(app->out, "the program's own rules are in force\n");
	pqm_arena_fini(&arena);
	return st;
}
