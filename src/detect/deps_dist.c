/* deps_dist.c — installed packages of Python and Node: which files say what they are. */
#include "base/hash.h"
#include "detect/deps.h"
#include "detect/packages.h"

static size_t slash_before(pqm_bytes path, size_t n)
{
	while (n > 0 && path.p[n - 1] != '/')
		n--;
	return n;
}

/* The folder that the file lies in, without its path. */
static pqm_bytes folder_of(pqm_bytes path)
{
	size_t end = slash_before(path, path.n), from;

	if (end == 0)
		return (pqm_bytes){ NULL, 0 };
	from = slash_before(path, end - 1);
	return pqm_sub(path, from, end - 1 - from);
}

static bool is_node_package(pqm_bytes path)
{
	static const char in[] = "node_modules/";
	size_t end = slash_before(path, path.n), from;

	if (end == 0 || end == path.n)
		return false;
	from = slash_before(path, end - 1);
	if (pqm_ends(pqm_sub(path, 0, from), pqm_str(in)))
		return true;
	/* A scope is one folder more. */
	end = from;
	if (end == 0)
		return false;
	from = slash_before(path, end - 1);
	return from < end && path.p[from] == '@' && pqm_ends(pqm_sub(path, 0, from), pqm_str(in));
}

enum pqm_dist_form pqm_dist_form(pqm_bytes path)
{
	pqm_bytes name = pqm_sub(path, slash_before(path, path.n), path.n), folder;

	if (name.n < 6 || name.n > 13)
		return PQM_DIST_NONE;
	if (pqm_eqs(name, "package.json"))
		return is_node_package(path) ? PQM_DIST_NODE : PQM_DIST_NONE;
	folder = folder_of(path);
	if (pqm_eqs(name, "METADATA") && pqm_ends(folder, PQM_LIT(".dist-info")))
		return PQM_DIST_METADATA;
	if (pqm_eqs(name, "RECORD") && pqm_ends(folder, PQM_LIT(".dist-info")))
		return PQM_DIST_RECORD;
	if (pqm_eqs(name, "PKG-INFO") &&
		(pqm_ends(folder, PQM_LIT(".egg-info")) || pqm_eqs(folder, "EGG-INFO")))
		return PQM_DIST_METADATA;
	return pqm_eqs(name, "top_level.txt") && pqm_ends(folder, PQM_LIT(".egg-info"))
		? PQM_DIST_TOP_LEVEL
		: PQM_DIST_NONE;
}

uint64_t pqm_deps_class(pqm_bytes path, pqm_bytes name)
{
	enum pqm_dist_form dist = pqm_dist_form(path);

	if (dist == PQM_DIST_TOP_LEVEL)
		return pqm_hash64(path) | 1;
	if (dist != PQM_DIST_NONE)
		return 0x9e3779b97f4a7c15u + dist;
	if (pqm_deps_form(name) == PQM_DEPS_NONE)
		return 0;
	return (pqm_hash64(name) | 1) ^ (pqm_deps_is_installed(path) ? 2 : 0);
}

enum pqm_st pqm_dist_tell(const struct pqm_rules *r, const struct pqm_pkgs *p,
	const struct pqm_artifact *a, const struct pqm_dist *d, struct pqm_emit *out)
{
	const struct pqm_rule *rule = pqm_pkgs_find(p, d->ecosystem, d->name, d->version);
	struct pqm_found f = { .evidence = PQM_PARSED,
		.basis = PQM_DEFAULT,
		.off = d->off,
		.line = d->line,
		.col = d->line > 0,
		.object = d->name };

	if (rule == NULL)
		return PQM_OK;
	f.identity = pqm_arena_f(a->arena, "%.*s/%.*s@%.*s", PQM_FMT(d->ecosystem),
		PQM_FMT(d->name), PQM_FMT(d->version));
	if (f.identity.p == NULL)
		return PQM_ENOMEM;
	pqm_found_attr(&f, "package", d->name);
	pqm_found_attr(&f, "package_version", d->version);
	pqm_found_attr(&f, "ecosystem", d->ecosystem);
	pqm_found_attr(&f, "its_wheels_bring", pqm_pkg_brings(rule, d->version));
	if (pqm_pkg_fill(&f, r, rule, a->arena) != PQM_OK)
		return PQM_ENOMEM;
	return pqm_emit(out, &f);
}
