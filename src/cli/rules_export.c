/* rules_export.c — a folder of rules, with the samples that they name, as one file. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/num.h"
#include "base/slurp.h"
#include "cli/hybio.h"
#include "cli/rulecheck.h"
#include "cli/rules_bundle.h"

struct export
{
	struct pqm_bundle b;
	const char *dir, *fixtures;
	struct pqm_map has; /* paths that are there */
	struct pqm_err *err;
};

/* The file at DIR/rest becomes `as`. */
static enum pqm_st add(struct export *x, const char *dir, pqm_bytes rest, pqm_bytes as)
{
	pqm_bytes path = pqm_arena_f(&x->b.arena, "%s/%.*s", dir, PQM_FMT(rest)), body;
	struct pqm_slurp s = { .path = (const char *)path.p, .limit = PQM_BUNDLE_BYTES };
	enum pqm_st st;

	if (path.p == NULL || as.p == NULL)
		return pqm_fail(x->err, PQM_ENOMEM, "out of memory for a rule bundle");
	if (pqm_map_get(&x->has, as) != NULL)
		return PQM_OK;
	st = pqm_slurp(&body, &s, &x->b.arena, x->err);
	if (st == PQM_OK)
		st = pqm_bundle_add(&x->b, as, body, x->err);
	if (st == PQM_OK && !pqm_map_put(&x->has, as, x))
		st = pqm_fail(x->err, PQM_ENOMEM, "out of memory for a rule bundle");
	return st;
}

static bool is_file(const char *dir, pqm_bytes rest)
{
	struct stat sb;
	char path[4096];
	int n = snprintf(path, sizeof(path), "%s/%.*s", dir, PQM_FMT(rest));

	return n > 0 && (size_t)n < sizeof(path) && stat(path, &sb) == 0 && S_ISREG(sb.st_mode);
}

static enum pqm_st add_samples(struct export *x, const struct pqm_rule *rule, const char *key)
{
	const struct pqm_yaml *list = pqm_yaml_get(rule->node, key);
	enum pqm_st st = PQM_OK;

	for (size_t i = 0; list != NULL && i < list->n && st == PQM_OK; i++) {
		pqm_bytes sample = pqm_yaml_text(list->items[i]);

		/* Samples are names, numbers, texts too; a file has one of a few lengths and no space. */
		if (sample.n == 0 || sample.n > 90 || pqm_find_byte(sample, 0, '\n') != SIZE_MAX ||
			sample.p[0] == '.' || sample.p[0] == '/' || !is_file(x->fixtures, sample))
			continue;
		st = add(x, x->fixtures, sample,
			pqm_arena_f(&x->b.arena, "fixtures/%.*s", PQM_FMT(sample)));
	}
	return st;
}

/* Every rule file, and every sample that is a file. */
static enum pqm_st add_all(struct export *x)
{
	struct pqm_rules r;
	const struct pqm_rule *all;
	enum pqm_st st = pqm_rules_load(&r, x->dir, x->err);

	if (st != PQM_OK)
		return st;
	all = pqm_rules_all(&r);
	for (size_t i = 0; i < r.n && st == PQM_OK; i++) {
		st = add(x, x->dir, all[i].file,
			pqm_arena_f(&x->b.arena, "rules/%.*s", PQM_FMT(all[i].file)));
		if (st == PQM_OK)
			st = add_samples(x, &all[i], "hit");
		if (st == PQM_OK)
			st = add_samples(x, &all[i], "miss");
	}
	pqm_rules_fini(&r);
	return st;
}

static enum pqm_st write_out(struct export *x, const char *path, bool force)
{
	struct hybio_out out;
	struct pqm_buf bytes;
	enum pqm_st st;

	pqm_buf_init(&bytes, PQM_BUNDLE_BYTES);
	st = pqm_bundle_write(&bytes, &x->b, x->err);
	if (st == PQM_OK) {
		st = hybio_begin(&out, path, 0644, force, x->err);
		if (st == PQM_OK)
			st = hybio_write(&out, bytes.p, bytes.n, x->err);
		if (st == PQM_OK)
			st = hybio_commit(&out, x->err);
		hybio_abort(&out);
	}
	pqm_buf_fini(&bytes);
	return st;
}

static enum pqm_st read_options(struct export *x, const struct pqm_args *a)
{
	const char *name = pqm_arg(a, "name"), *version = pqm_arg(a, "release"),
		   *requires = pqm_arg(a, "requires");

	x->dir = pqm_arg(a, "rules");
	x->fixtures = pqm_arg(a, "fixtures");
	if (x->dir == NULL || name == NULL || version == NULL)
		return pqm_fail(x->err, PQM_EUSAGE,
			"give the folder, a name and a version: `pqmap rules export FILE --rules "
			"DIR "
			"--name acme --release 2026.11`");
	if (x->fixtures == NULL)
		x->fixtures = (const char *)pqm_arena_f(&x->b.arena, "%s/../fixtures", x->dir).p;
	x->b.name = pqm_str(name);
	x->b.version = pqm_str(version);
	x->b.requires = requires != NULL ? pqm_str(requires) : PQM_LIT(PQM_VERSION);
	return x->fixtures == NULL ? pqm_fail(x->err, PQM_ENOMEM, "out of memory")
				   : pqm_app_now(&x->b.made_days, a, x->err);
}

enum pqm_st pqm_rules_export(
	struct pqm_app *app, const struct pqm_args *a, const char *path, struct pqm_err *err)
{
	struct export x = { .err = err };
	enum pqm_st st;

	pqm_bundle_init(&x.b);
	st = read_options(&x, a);
	if (st == PQM_OK)
		st = pqm_rulecheck(app->out, x.dir, x.fixtures, err);
	if (st == PQM_OK)
		st = add_all(&x);
	if (st == PQM_OK)
		st = write_out(&x, path, pqm_arg_has(a, "force"));
	if (st == PQM_OK && !app->quiet)
		pqm_out_f(app->out,
			"%s: %.*s %.*s, %zu files; sign it: pqmap sign --key KEY --out "
			"%s.sig %s\n",
			path, PQM_FMT(x.b.name), PQM_FMT(x.b.version), x.b.n, path, path);
	pqm_map_fini(&x.has);
	pqm_bundle_fini(&x.b);
	return st;
}
