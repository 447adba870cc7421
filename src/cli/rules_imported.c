/* rules_imported.c — which rules a command uses: those of --rules, those that were imported, or our own. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/slurp.h"
#include "cli/rules_bundle.h"

const char *pqm_rules_imported_path(struct pqm_arena *arena)
{
	const char *xdg = getenv("XDG_DATA_HOME"), *home = getenv("HOME");

	if (xdg != NULL && xdg[0] == '/')
		return (const char *)pqm_arena_f(arena, "%s/pqmap/rules.tar", xdg).p;
	if (home != NULL && home[0] == '/')
		return (const char *)pqm_arena_f(arena, "%s/.local/share/pqmap/rules.tar", home).p;
	return NULL;
}

/* Rules that others can change are none that the user chose. */
static enum pqm_st check_owner(int fd, const char *path, struct pqm_err *err)
{
	struct stat sb;

	if (fstat(fd, &sb) != 0 || !S_ISREG(sb.st_mode) ||
		(sb.st_uid != geteuid() && sb.st_uid != 0) || (sb.st_mode & 022) != 0)
		return pqm_fail(err, PQM_EUSAGE,
			"%s: imported rules that another user can change are not used; import them "
			"again, or `pqmap rules reset`",
			path);
	return PQM_OK;
}

static enum pqm_st read_imported(
	struct pqm_bundle *b, int fd, const char *path, pqm_bytes *bytes, struct pqm_err *err)
{
	struct pqm_slurp s = { .path = path, .limit = PQM_BUNDLE_BYTES, .refusal = PQM_EUSAGE };
	struct pqm_err why = { 0 };
	enum pqm_st st = check_owner(fd, path, err);

	if (st == PQM_OK)
		st = pqm_slurp_fd(bytes, fd, &s, &b->arena, err);
	if (st == PQM_OK && pqm_bundle_read(b, *bytes, path, &why) != PQM_OK)
		st = pqm_fail(err, PQM_EUSAGE,
			"%s; import it again, or go back to the program's own: `pqmap rules reset`",
			why.msg);
	return st;
}

enum pqm_st pqm_rules_imported(struct pqm_bundle *b, pqm_bytes *bytes, struct pqm_err *err)
{
	const char *path = pqm_rules_imported_path(&b->arena);
	int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	enum pqm_st st;

	*bytes = (pqm_bytes){ NULL, 0 };
	if (fd < 0 && path != NULL && errno != ENOENT && errno != ENOTDIR && errno != EACCES)
		return pqm_fail(err, PQM_EUSAGE, "%s: %s", path, strerrordesc_np(errno));
	if (fd < 0)
		return PQM_OK;
	st = read_imported(b, fd, path, bytes, err);
	(void)close(fd);
	return st;
}

enum pqm_st pqm_app_rules(struct pqm_rules *r, const struct pqm_args *a, struct pqm_err *err)
{
	const char *dir = pqm_arg(a, "rules");
	struct pqm_bundle b;
	pqm_bytes bytes;
	enum pqm_st st;

	if (dir != NULL)
		return pqm_rules_load(r, strcmp(dir, PQM_RULES_BUILT_IN) == 0 ? NULL : dir, err);
	pqm_bundle_init(&b);
	st = pqm_rules_imported(&b, &bytes, err);
	if (st == PQM_OK && bytes.n > 0)
		st = pqm_bundle_fits(&b, pqm_rules_imported_path(&b.arena), err);
	if (st == PQM_OK)
		st = bytes.n > 0 ? pqm_rules_of_bundle(r, &b, err) : pqm_rules_load(r, NULL, err);
	pqm_bundle_fini(&b);
	return st;
}
