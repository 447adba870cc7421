/* deps_read.c — which files ask for packages of languages, and one package of them. */
#include "detect/deps.h"

#include "detect/packages.h"

struct known {
	const char *name;
	enum pqm_deps_form form;
};

/* Globs of the last part of a path; capitals do not matter. */
static const struct known known[] = {
	{ "requirements*.txt", PQM_DEPS_REQUIREMENTS },
	{ "*requirements.txt", PQM_DEPS_REQUIREMENTS },
	{ "requirements*.in", PQM_DEPS_REQUIREMENTS },
	{ "constraints*.txt", PQM_DEPS_REQUIREMENTS },
	{ "pyproject.toml", PQM_DEPS_PYPROJECT },
	{ "pipfile", PQM_DEPS_PIPFILE },
	{ "pipfile.lock", PQM_DEPS_PIPFILE_LOCK },
	{ "poetry.lock", PQM_DEPS_PY_LOCK },
	{ "uv.lock", PQM_DEPS_PY_LOCK },
	{ "pdm.lock", PQM_DEPS_PY_LOCK },
	{ "pylock.toml", PQM_DEPS_PY_LOCK },
	{ "pylock.*.toml", PQM_DEPS_PY_LOCK },
	{ "setup.cfg", PQM_DEPS_SETUP_CFG },
	{ "environment.yml", PQM_DEPS_CONDA },
	{ "environment.yaml", PQM_DEPS_CONDA },
	{ "environment-*.yml", PQM_DEPS_CONDA },
	{ "package.json", PQM_DEPS_PACKAGE_JSON },
	{ "package-lock.json", PQM_DEPS_PACKAGE_LOCK },
	{ "npm-shrinkwrap.json", PQM_DEPS_PACKAGE_LOCK },
	{ "yarn.lock", PQM_DEPS_YARN_LOCK },
	{ "pnpm-lock.yaml", PQM_DEPS_PNPM_LOCK },
	{ "go.mod", PQM_DEPS_GO_MOD },
	{ "cargo.toml", PQM_DEPS_CARGO_TOML },
	{ "cargo.lock", PQM_DEPS_CARGO_LOCK },
	{ "pom.xml", PQM_DEPS_POM },
	{ "build.gradle", PQM_DEPS_GRADLE },
	{ "build.gradle.kts", PQM_DEPS_GRADLE },
	{ "gradle.lockfile", PQM_DEPS_GRADLE_LOCK },
	{ "*.versions.toml", PQM_DEPS_CATALOG },
	{ "*.csproj", PQM_DEPS_NUGET_XML },
	{ "*.fsproj", PQM_DEPS_NUGET_XML },
	{ "*.vbproj", PQM_DEPS_NUGET_XML },
	{ "packages.config", PQM_DEPS_NUGET_XML },
	{ "directory.packages.props", PQM_DEPS_NUGET_XML },
	{ "packages.lock.json", PQM_DEPS_NUGET_LOCK },
	{ "conanfile.txt", PQM_DEPS_CONAN },
	{ "conanfile.py", PQM_DEPS_CONAN },
	{ "vcpkg.json", PQM_DEPS_VCPKG },
	{ "cmakelists.txt", PQM_DEPS_CMAKE },
	{ "gemfile.lock", PQM_DEPS_GEMFILE_LOCK },
	{ "composer.lock", PQM_DEPS_COMPOSER_LOCK },
};

enum pqm_deps_form pqm_deps_form(pqm_bytes name)
{
	uint8_t small[64];

	if (name.n < 6 || name.n > sizeof(small))
		return PQM_DEPS_NONE;
	for (size_t i = 0; i < name.n; i++)
		small[i] = name.p[i] >= 'A' && name.p[i] <= 'Z' ? (uint8_t)(name.p[i] + 32)
								: name.p[i];
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		pqm_bytes glob = pqm_str(known[i].name);

		/* Most names end otherwise; the last byte of each glob is no star. */
		if (glob.p[glob.n - 1] == small[name.n - 1] &&
			pqm_glob(glob, (pqm_bytes){ small, name.n }))
			return known[i].form;
	}
	return PQM_DEPS_NONE;
}

bool pqm_deps_is_installed(pqm_bytes path)
{
	static const char *const folders[] = { "node_modules/", "-packages/", "/pkg/mod/",
		"/registry/src/" };

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		if (pqm_find(path, 0, pqm_str(folders[i])) != SIZE_MAX)
			return true;
	return false;
}

pqm_bytes pqm_deps_ecosystem(enum pqm_deps_form form)
{
	switch (form) {
	case PQM_DEPS_NONE:
		break;
	case PQM_DEPS_REQUIREMENTS:
	case PQM_DEPS_PYPROJECT:
	case PQM_DEPS_PIPFILE:
	case PQM_DEPS_PIPFILE_LOCK:
	case PQM_DEPS_PY_LOCK:
	case PQM_DEPS_SETUP_CFG:
	case PQM_DEPS_CONDA:
		return PQM_LIT("pypi");
	case PQM_DEPS_PACKAGE_JSON:
	case PQM_DEPS_PACKAGE_LOCK:
	case PQM_DEPS_YARN_LOCK:
	case PQM_DEPS_PNPM_LOCK:
		return PQM_LIT("npm");
	case PQM_DEPS_GO_MOD:
		return PQM_LIT("go");
	case PQM_DEPS_CARGO_TOML:
	case PQM_DEPS_CARGO_LOCK:
		return PQM_LIT("cargo");
	case PQM_DEPS_POM:
	case PQM_DEPS_GRADLE:
	case PQM_DEPS_GRADLE_LOCK:
	case PQM_DEPS_CATALOG:
		return PQM_LIT("maven");
	case PQM_DEPS_NUGET_XML:
	case PQM_DEPS_NUGET_LOCK:
		return PQM_LIT("nuget");
	case PQM_DEPS_CONAN:
	case PQM_DEPS_VCPKG:
	case PQM_DEPS_CMAKE:
		return PQM_LIT("native");
	case PQM_DEPS_GEMFILE_LOCK:
		return PQM_LIT("gem");
	case PQM_DEPS_COMPOSER_LOCK:
		return PQM_LIT("composer");
	}
	return (pqm_bytes){ NULL, 0 };
}

enum pqm_st pqm_deps_read(enum pqm_deps_form form, struct pqm_deps_out *o)
{
	switch (form) {
	case PQM_DEPS_NONE:
		break;
	case PQM_DEPS_REQUIREMENTS:
	case PQM_DEPS_SETUP_CFG:
	case PQM_DEPS_YARN_LOCK:
	case PQM_DEPS_GO_MOD:
	case PQM_DEPS_GRADLE:
	case PQM_DEPS_GRADLE_LOCK:
	case PQM_DEPS_CONAN:
	case PQM_DEPS_CMAKE:
	case PQM_DEPS_GEMFILE_LOCK:
		return pqm_deps_lines(form, o);
	case PQM_DEPS_PYPROJECT:
	case PQM_DEPS_PIPFILE:
	case PQM_DEPS_PY_LOCK:
	case PQM_DEPS_CARGO_TOML:
	case PQM_DEPS_CARGO_LOCK:
	case PQM_DEPS_CATALOG:
		return pqm_deps_toml(form, o);
	case PQM_DEPS_PIPFILE_LOCK:
	case PQM_DEPS_CONDA:
	case PQM_DEPS_PACKAGE_JSON:
	case PQM_DEPS_PACKAGE_LOCK:
	case PQM_DEPS_PNPM_LOCK:
	case PQM_DEPS_NUGET_LOCK:
	case PQM_DEPS_VCPKG:
	case PQM_DEPS_COMPOSER_LOCK:
		return pqm_deps_tree(form, o);
	case PQM_DEPS_POM:
	case PQM_DEPS_NUGET_XML:
		return pqm_deps_xml(form, o);
	}
	return PQM_OK;
}

enum pqm_st pqm_deps_give(struct pqm_deps_out *o, struct pqm_dep *d, const uint8_t *where)
{
	if (!pqm_package_word(d->name, PQM_DEPS_WORD))
		return PQM_OK;
	if (o->n++ >= PQM_DEPS_MAX)
		return pqm_fail(o->err, PQM_ELIMIT,
			"more than 100,000 packages in one file; the others were not read");
	/* A range may have blanks: it is printed by whoever tells it. */
	if (d->version.n > PQM_DEPS_WORD)
		d->version = pqm_sub(d->version, 0, PQM_DEPS_WORD);
	if (where != NULL)
		d->off = (uint64_t)(where - o->text.p);
	return o->take(o->ctx, d);
}

static bool is_name(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		c == '-' || c == '_' || c == '.';
}

bool pqm_deps_exact(pqm_bytes *version)
{
	pqm_bytes v = pqm_trim(*version);
	size_t i = 0;

	while (i < v.n && i < 3 && v.p[i] == '=')
		i++;
	v = pqm_trim(pqm_sub(v, i, v.n));
	if (v.n == 0 || v.p[0] < '0' || v.p[0] > '9')
		return false;
	for (size_t k = 0; k < v.n; k++)
		if (!is_name(v.p[k]) && v.p[k] != '+' && v.p[k] != '!')
			return false;
	*version = v;
	return true;
}

bool pqm_deps_pep508(pqm_bytes s, struct pqm_dep *d)
{
	size_t n = 0, close;
	pqm_bytes rest;

	s = pqm_trim(s);
	while (n < s.n && is_name(s.p[n]))
		n++;
	if (n == 0 || s.p[0] == '-' || s.p[0] == '.')
		return false;
	d->name = pqm_sub(s, 0, n);
	rest = pqm_trim(pqm_sub(s, n, s.n));
	if (rest.n > 0 && rest.p[0] == '[') {
		close = pqm_find_byte(rest, 0, ']');
		if (close == SIZE_MAX)
			return false;
		rest = pqm_trim(pqm_sub(rest, close + 1, rest.n));
	}
	/* A marker, hashes and comments end the version; "(>=1.0)" is the old form; "name @ url" has none. */
	rest = pqm_sub(rest, 0, pqm_find_byte(rest, 0, ';'));
	rest = pqm_sub(rest, 0, pqm_find_byte(rest, 0, '#'));
	rest = pqm_trim(pqm_sub(rest, 0, pqm_find(rest, 0, PQM_LIT("--"))));
	if (rest.n > 1 && rest.p[0] == '(' && rest.p[rest.n - 1] == ')')
		rest = pqm_trim(pqm_sub(rest, 1, rest.n - 2));
	if (rest.n > 0 && rest.p[0] == '@')
		rest = (pqm_bytes){ NULL, 0 };
	if (rest.n > 0 && memchr("=<>!~", rest.p[0], 5) == NULL)
		return false;
	d->version = rest;
	d->is_exact = pqm_starts(rest, PQM_LIT("==")) && pqm_deps_exact(&d->version);
	return true;
}
