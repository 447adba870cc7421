/* det_node.c — packages that npm, Yarn or pnpm installed: their names, versions, and folders. */
#include "base/limits.h"
#include "detect/deps.h"
#include "detect/packages.h"
#include "parse/yaml_json.h"

/* Names and versions stand in the first lines of what npm writes; a larger file is none of a package. */
#define BODY_MAX ((size_t)1 << 20)

static bool wants(const struct pqm_artifact *a)
{
	return a->object.n == 0 && pqm_dist_form(a->path) == PQM_DIST_NODE;
}

/* The members that are asked for, without a tree of all others. */
static bool read_members(pqm_bytes text, struct pqm_dist *d)
{
	struct pqm_yjson_at at = { 0, 1, 1 };
	pqm_bytes key, value;

	if (!pqm_yjson_enter(text, &at, '{'))
		return false;
	while (pqm_yjson_key(text, &at, &key)) {
		uint32_t line = at.line;
		bool is_name = pqm_eqs(key, "name");

		if (!pqm_yjson_text(text, &at, &value))
			return false;
		if (value.n >= 2 && value.p[0] == '"')
			value = pqm_sub(value, 1, value.n - 2);
		if (is_name) {
			d->name = value;
			d->line = line;
			d->off = (uint64_t)(value.p - text.p);
		} else if (pqm_eqs(key, "version")) {
			d->version = value;
		}
	}
	return true;
}

static enum pqm_st run(const struct pqm_rules *r, const struct pqm_artifact *a,
	const struct pqm_hits *hits, struct pqm_emit *out, struct pqm_err *err)
{
	struct pqm_dist d = { .ecosystem = PQM_LIT("npm") };
	struct pqm_pkgs spare = { .n = 0 };
	const struct pqm_pkgs *pkgs;
	struct pqm_fact fact;
	enum pqm_st st;

	(void)hits;
	/* A folder's package.json that says no more than { "type": "module" } is of no package. */
	if (a->body.n > BODY_MAX || !read_members(a->body, &d) ||
		!pqm_package_word(d.name, PQM_DEPS_WORD) ||
		!pqm_package_word(d.version, PQM_DEPS_WORD))
		return PQM_OK;
	pkgs = pqm_pkgs_get(r, a, out, &spare);
	d.name = pqm_pkg_normal(a->arena, d.ecosystem, d.name);
	if (pkgs == NULL || d.name.p == NULL)
		return pqm_fail(err, PQM_ENOMEM, "Node package: out of memory");
	st = pqm_dist_tell(r, pkgs, a, &d, out);
	fact = (struct pqm_fact){ d.name, d.version, d.line, 1 };
	if (st == PQM_OK)
		st = pqm_emit_object(out,
			&(struct pqm_object){ .path = a->path,
				.group = PQM_LIT(PQM_DIST_GROUP),
				.kind = PQM_LIT(PQM_DIST_NODE_KIND),
				.name = a->path,
				.facts = &fact,
				.n_facts = 1 });
	return st == PQM_OK ? PQM_OK : pqm_fail(err, st, "Node package: out of memory");
}

const struct pqm_detector pqm_det_node = {
	.name = "node",
	.version = 1,
	.summary = "packages in node_modules: what the cryptographic ones can do",
	.wants = wants,
	.run = run,
};
