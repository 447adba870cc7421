/* det_deps.c — manifests and locks of languages: which cryptographic packages they ask for. It is told as their
 * word: what is installed says so itself [det_python.c, det_node.c]. */
#include "base/limits.h"
#include "detect/deps.h"
#include "detect/packages.h"

struct look {
	const struct pqm_rules *rules;
	const struct pqm_artifact *a;
	struct pqm_emit *out;
	const struct pqm_pkgs *pkgs;
	pqm_bytes ecosystem;
	struct pqm_map seen;
	uint64_t line_off; /* lines up to here are counted */
	uint32_t line;
};

static bool wants(const struct pqm_artifact *a)
{
	return a->object.n == 0 && pqm_deps_form(a->name) != PQM_DEPS_NONE &&
		!pqm_deps_is_installed(a->path);
}

/* Packages come in order of the text. */
static uint32_t line_of(struct look *l, const struct pqm_dep *d)
{
	if (d->line > 0)
		return d->line;
	if (d->off < l->line_off) {
		l->line_off = 0;
		l->line = 1;
	}
	for (; l->line_off < d->off && l->line_off < l->a->body.n; l->line_off++)
		l->line += l->a->body.p[l->line_off] == '\n';
	return l->line;
}

static bool is_new(struct look *l, pqm_bytes name, const struct pqm_dep *d)
{
	pqm_bytes key = pqm_arena_f(l->a->arena, "%.*s@%.*s", PQM_FMT(name), PQM_FMT(d->version));

	return key.p != NULL && pqm_map_get(&l->seen, key) == NULL && pqm_map_put(&l->seen, key, l);
}

static enum pqm_st tell(
	struct look *l, const struct pqm_dep *d, pqm_bytes name, const struct pqm_rule *rule)
{
	struct pqm_arena *arena = l->a->arena;
	pqm_bytes version = pqm_printable(arena, d->version);
	struct pqm_found f = { .evidence = PQM_HINTED,
		.off = d->off,
		.line = line_of(l, d),
		.col = 1,
		.object = name };

	/* Without the version: a manifest and its lock ask for one thing. */
	f.identity = pqm_arena_f(arena, "declared:%.*s/%.*s", PQM_FMT(l->ecosystem), PQM_FMT(name));
	if (f.identity.p == NULL)
		return PQM_ENOMEM;
	pqm_found_attr(&f, "package", name);
	pqm_found_attr(&f, d->is_exact ? "package_version" : "constraint", version);
	pqm_found_attr(&f, "ecosystem", l->ecosystem);
	pqm_found_attr(&f, "declared_by", pqm_printable(arena, l->a->name));
	if (d->is_known)
		pqm_found_attr(
			&f, "dependency", d->is_direct ? PQM_LIT("direct") : PQM_LIT("transitive"));
	if (d->is_dev)
		pqm_found_attr(&f, "scope", PQM_LIT("development"));
	if (pqm_pkg_fill(&f, l->rules, rule, arena) != PQM_OK)
		return PQM_ENOMEM;
	return pqm_emit(l->out, &f);
}

static enum pqm_st take(void *ctx, const struct pqm_dep *d)
{
	struct look *l = ctx;
	pqm_bytes name = pqm_pkg_normal(l->a->arena, l->ecosystem, d->name);
	const struct pqm_rule *rule;

	if (name.p == NULL)
		return PQM_ENOMEM;
	rule = pqm_pkgs_find(
		l->pkgs, l->ecosystem, name, d->is_exact ? d->version : (pqm_bytes){ NULL, 0 });
	return rule == NULL || !is_new(l, name, d) ? PQM_OK : tell(l, d, name, rule);
}

static enum pqm_st run(const struct pqm_rules *r, const struct pqm_artifact *a,
	const struct pqm_hits *hits, struct pqm_emit *out, struct pqm_err *err)
{
	enum pqm_deps_form form = pqm_deps_form(a->name);
	struct pqm_pkgs spare = { .n = 0 };
	struct pqm_err why = { PQM_OK, "" };
	struct look l = {
		.rules = r, .a = a, .out = out, .ecosystem = pqm_deps_ecosystem(form), .line = 1
	};
	struct pqm_deps_out o = {
		.text = a->body, .arena = a->arena, .take = take, .ctx = &l, .err = &why
	};
	enum pqm_st st;

	(void)hits;
	if (a->body.n > PQM_MEMBER_HELD_BYTES) {
		pqm_emit_note(out, UINT64_MAX, PQM_ELIMIT,
			"a list of packages of more than 24 MiB is not read");
		return PQM_OK;
	}
	l.pkgs = pqm_pkgs_get(r, a, out, &spare);
	if (l.pkgs == NULL)
		return pqm_fail(err, PQM_ENOMEM, "packages: out of memory");
	st = pqm_deps_read(form, &o);
	pqm_map_fini(&l.seen);
	if (st == PQM_EPARSE || st == PQM_ELIMIT) {
		pqm_emit_note(out, UINT64_MAX, st, "list of packages: %s", why.msg);
		return PQM_OK;
	}
	return st == PQM_OK ? PQM_OK : pqm_fail(err, st, "packages: out of memory");
}

const struct pqm_detector pqm_det_deps = {
	.name = "deps",
	.version = 1,
	.summary =
		"manifests and locks of pip, npm, Go, Cargo, Maven, Gradle, NuGet, Conan, vcpkg, "
		"CMake, Bundler and Composer: cryptographic packages that they ask for",
	.wants = wants,
	.run = run,
};
