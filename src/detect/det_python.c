/* det_python.c — installed Python packages: names, versions, and which files are theirs. */
#include "base/limits.h"
#include "detect/deps.h"
#include "detect/packages.h"

/* A description may follow the fields; RECORD lists some 30,000 files of the largest packages. */
#define RECORD_MAX ((size_t)16 << 20)
/* Top-level names of one package that are kept as facts. */
#define TOPS_MAX 64

struct look {
	const struct pqm_rules *rules;
	const struct pqm_artifact *a;
	struct pqm_emit *out;
	struct pqm_fact *facts;
	size_t n, cap;
};

static bool wants(const struct pqm_artifact *a)
{
	enum pqm_dist_form form = pqm_dist_form(a->path);

	return a->object.n == 0 && form != PQM_DIST_NONE && form != PQM_DIST_NODE;
}

static bool take_field(pqm_bytes line, const char *key, pqm_bytes *out)
{
	pqm_bytes k = pqm_str(key);

	if (line.n <= k.n || out->n > 0 || !pqm_ieq(pqm_sub(line, 0, k.n), k))
		return false;
	*out = pqm_trim(pqm_sub(line, k.n, line.n));
	return true;
}

/* Core metadata: fields up to the first empty line. */
static enum pqm_st read_metadata(struct look *l)
{
	struct pqm_dist d = { .ecosystem = PQM_LIT("pypi") };
	pqm_bytes rest = l->a->body, line;
	struct pqm_pkgs spare = { .n = 0 };
	const struct pqm_pkgs *pkgs;
	uint32_t n = 0;

	while (pqm_split(&rest, '\n', &line) && pqm_trim(line).n > 0) {
		n++;
		if (take_field(line, "Name:", &d.name)) {
			d.line = n;
			d.off = (uint64_t)(line.p - l->a->body.p);
		}
		(void)take_field(line, "Version:", &d.version);
	}
	if (!pqm_package_word(d.name, PQM_DEPS_WORD) || !pqm_package_word(d.version, PQM_DEPS_WORD))
		return PQM_OK;
	pkgs = pqm_pkgs_get(l->rules, l->a, l->out, &spare);
	d.name = pqm_pkg_normal(l->a->arena, d.ecosystem, d.name);
	if (pkgs == NULL || d.name.p == NULL)
		return PQM_ENOMEM;
	return pqm_dist_tell(l->rules, pkgs, l->a, &d, l->out);
}

/* "cryptography-38.0.4.dist-info": name and version, in arena. */
static bool split_folder(struct look *l, pqm_bytes folder, pqm_bytes *name, pqm_bytes *version)
{
	size_t dash = pqm_find_byte(folder, 0, '-'), end = folder.n;
	static const char *const ends[] = { ".dist-info", ".egg-info" };

	for (size_t i = 0; i < 2; i++)
		if (pqm_ends(folder, pqm_str(ends[i])))
			end = folder.n - strlen(ends[i]);
	if (dash == SIZE_MAX || dash >= end)
		return false;
	*name = pqm_pkg_normal(l->a->arena, PQM_LIT("pypi"), pqm_sub(folder, 0, dash));
	*version = pqm_sub(folder, dash + 1, end - dash - 1);
	/* The egg of one version of Python: "paramiko-2.12.0-py3.11". */
	*version = pqm_sub(*version, 0, pqm_find_byte(*version, 0, '-'));
	return pqm_package_word(*name, PQM_DEPS_WORD) && pqm_package_word(*version, PQM_DEPS_WORD);
}

/* The last part of the path's folder. */
static pqm_bytes folder_of(pqm_bytes path)
{
	size_t end = path.n, from;

	while (end > 0 && path.p[end - 1] != '/')
		end--;
	for (from = end > 0 ? end - 1 : 0; from > 0 && path.p[from - 1] != '/';)
		from--;
	return pqm_sub(path, from, end > 0 ? end - 1 - from : 0);
}

static bool has_top(const struct look *l, pqm_bytes top)
{
	for (size_t i = 0; i < l->n; i++)
		if (pqm_eq(l->facts[i].key, top))
			return true;
	return false;
}

static enum pqm_st add_top(struct look *l, pqm_bytes top, uint32_t line)
{
	struct pqm_fact *grown;

	/* Scripts and headers lie elsewhere; compiled modules belong to their source. */
	if (!pqm_package_word(top, PQM_DEPS_WORD) || l->n >= TOPS_MAX || pqm_eqs(top, "..") ||
		pqm_eqs(top, "__pycache__") || pqm_ends(top, PQM_LIT(".dist-info")) ||
		has_top(l, top))
		return PQM_OK;
	grown = pqm_grow(l->a->arena, l->facts, l->n, &l->cap);
	if (grown == NULL)
		return PQM_ENOMEM;
	l->facts = grown;
	l->facts[l->n++] = (struct pqm_fact){ .key = top, .line = line, .col = 1 };
	return PQM_OK;
}

static enum pqm_st tell_owner(struct look *l, pqm_bytes folder)
{
	pqm_bytes name, version, owner;

	if (l->n == 0 || !split_folder(l, folder, &name, &version))
		return PQM_OK;
	owner = pqm_arena_f(l->a->arena, "%.*s %.*s", PQM_FMT(name), PQM_FMT(version));
	if (owner.p == NULL)
		return PQM_ENOMEM;
	for (size_t i = 0; i < l->n; i++)
		l->facts[i].value = owner;
	return pqm_emit_object(l->out,
		&(struct pqm_object){ .path = l->a->path,
			.group = PQM_LIT(PQM_DIST_GROUP),
			.kind = PQM_LIT(PQM_DIST_PYTHON),
			.name = l->a->path,
			.facts = l->facts,
			.n_facts = l->n });
}

/* "cryptography/hazmat/bindings/_rust.abi3.so,sha256=…,1234": its first part is what the package brings. */
static enum pqm_st read_record(struct look *l)
{
	pqm_bytes rest = l->a->body, line, folder = { NULL, 0 };
	enum pqm_st st = PQM_OK;
	uint32_t n = 0;

	if (l->a->body.n > RECORD_MAX)
		return PQM_OK;
	while (st == PQM_OK && pqm_split(&rest, '\n', &line)) {
		pqm_bytes path = pqm_sub(line, 0, pqm_find_byte(line, 0, ',')), top;
		size_t slash;

		n++;
		if (path.n > 0 && path.p[0] == '"')
			path = pqm_sub(path, 1, path.n);
		slash = pqm_find_byte(path, 0, '/');
		top = pqm_sub(path, 0, slash);
		if (slash != SIZE_MAX && pqm_ends(top, PQM_LIT(".dist-info")))
			folder = top;
		else if (top.n > 0)
			st = add_top(l, top, n);
	}
	return st == PQM_OK ? tell_owner(l, folder) : st;
}

static enum pqm_st read_top_level(struct look *l)
{
	pqm_bytes rest = l->a->body, line;
	enum pqm_st st = PQM_OK;
	uint32_t n = 0;

	while (st == PQM_OK && pqm_split(&rest, '\n', &line) && n < TOPS_MAX)
		st = add_top(l, pqm_trim(line), ++n);
	return st == PQM_OK ? tell_owner(l, folder_of(l->a->path)) : st;
}

static enum pqm_st run(const struct pqm_rules *r, const struct pqm_artifact *a,
	const struct pqm_hits *hits, struct pqm_emit *out, struct pqm_err *err)
{
	struct look l = { .rules = r, .a = a, .out = out };
	enum pqm_st st = PQM_OK;

	(void)hits;
	switch (pqm_dist_form(a->path)) {
	case PQM_DIST_METADATA:
		st = read_metadata(&l);
		break;
	case PQM_DIST_RECORD:
		st = read_record(&l);
		break;
	case PQM_DIST_TOP_LEVEL:
		st = read_top_level(&l);
		break;
	case PQM_DIST_NONE:
	case PQM_DIST_NODE:
		break;
	}
	return st == PQM_OK ? PQM_OK : pqm_fail(err, st, "Python package: out of memory");
}

const struct pqm_detector pqm_det_python = {
	.name = "python",
	.version = 1,
	.summary = "installed Python packages: what the cryptographic ones can do, and which files "
		   "are theirs",
	.wants = wants,
	.run = run,
};
