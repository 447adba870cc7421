/*
 * deps.h — packages of languages: what the cryptographic ones can do, and the files that ask for packages.
 *
 * Shape:     a rule of rules/python, rules/node or rules/deps is { id, ecosystem, packages, from, below, product,
 *            offers, brings, function, why, refs, hit, miss }; a file that asks for packages (a manifest, or what a
 *            resolver locked) is read into one struct pqm_dep for each of them.
 * Ownership: the index borrows the rules; names and versions are slices of the text, or in the arena.
 * Errors:    PQM_EPARSE and PQM_ELIMIT where a file is not what its name says; what was read before stands.
 * Threads:   pure; an index is const after it was built.
 * Limits:    PQM_DEPS_MAX packages of one file.
 */
#ifndef PQM_DETECT_DEPS_H
#define PQM_DETECT_DEPS_H

#include "detect/detector.h"

/* Packages of one file: locks of large applications have 3,000. */
#define PQM_DEPS_MAX ((size_t)100000)
#define PQM_DEPS_WORD 128

enum pqm_deps_form {
	PQM_DEPS_NONE,
	PQM_DEPS_REQUIREMENTS,
	PQM_DEPS_PYPROJECT,
	PQM_DEPS_PIPFILE,
	PQM_DEPS_PIPFILE_LOCK,
	PQM_DEPS_PY_LOCK, /* poetry.lock, uv.lock, pdm.lock, pylock.toml */
	PQM_DEPS_SETUP_CFG,
	PQM_DEPS_CONDA,
	PQM_DEPS_PACKAGE_JSON,
	PQM_DEPS_PACKAGE_LOCK,
	PQM_DEPS_YARN_LOCK,
	PQM_DEPS_PNPM_LOCK,
	PQM_DEPS_GO_MOD,
	PQM_DEPS_CARGO_TOML,
	PQM_DEPS_CARGO_LOCK,
	PQM_DEPS_POM,
	PQM_DEPS_GRADLE,
	PQM_DEPS_GRADLE_LOCK,
	PQM_DEPS_CATALOG,   /* libs.versions.toml */
	PQM_DEPS_NUGET_XML, /* *.csproj, packages.config, Directory.Packages.props */
	PQM_DEPS_NUGET_LOCK,
	PQM_DEPS_CONAN,
	PQM_DEPS_VCPKG,
	PQM_DEPS_CMAKE,
	PQM_DEPS_GEMFILE_LOCK,
	PQM_DEPS_COMPOSER_LOCK,
};

/* By the last part of the path. */
enum pqm_deps_form pqm_deps_form(pqm_bytes name);
/* The file came with an installed package, and asks for what that needs. */
bool pqm_deps_is_installed(pqm_bytes path);
/* "pypi"; empty for PQM_DEPS_NONE. */
pqm_bytes pqm_deps_ecosystem(enum pqm_deps_form form);

/* What an installed package of Python or Node says about itself. */
enum pqm_dist_form {
	PQM_DIST_NONE,
	PQM_DIST_METADATA,  /* *.dist-info/METADATA, *.egg-info/PKG-INFO */
	PQM_DIST_RECORD,    /* *.dist-info/RECORD: its files */
	PQM_DIST_TOP_LEVEL, /* *.egg-info/top_level.txt: its modules */
	PQM_DIST_NODE,	    /* node_modules/NAME/package.json */
};

enum pqm_dist_form pqm_dist_form(pqm_bytes path);
/* Of files that are read for their names, or their places: what tells two of the same content apart; else 0. */
uint64_t pqm_deps_class(pqm_bytes path, pqm_bytes name);
/* The group and kinds of objects that say which files are whose. */
#define PQM_DIST_GROUP "package.pqmap.dev"
#define PQM_DIST_PYTHON "PythonPackage"
#define PQM_DIST_NODE_KIND "NodePackage"

/* One package that a file asks for. */
struct pqm_dep {
	pqm_bytes name;
	pqm_bytes version; /* or what it must be, as it is written; may be empty */
	bool is_exact;	   /* the version is one version */
	bool is_direct;	   /* asked for by name, not by another package */
	bool is_known;	   /* whether is_direct is known */
	bool is_dev;	   /* only for development or tests */
	uint32_t line;
	uint64_t off;
};

struct pqm_deps_out {
	pqm_bytes text;
	struct pqm_arena *arena;
	enum pqm_st (*take)(void *ctx, const struct pqm_dep *d);
	void *ctx;
	size_t n;
	struct pqm_err *err;
};

/* Calls take() for each package, in order of the file; its failure ends the reading and is returned. */
enum pqm_st pqm_deps_read(enum pqm_deps_form form, struct pqm_deps_out *o) PQM_MUST_USE;
/* Hands over one package; where: a slice of the text that says the line, or NULL with d->line set. */
enum pqm_st pqm_deps_give(
	struct pqm_deps_out *o, struct pqm_dep *d, const uint8_t *where) PQM_MUST_USE;

/* Readers by syntax: text lines, TOML, JSON and YAML, XML. */
enum pqm_st pqm_deps_lines(enum pqm_deps_form form, struct pqm_deps_out *o) PQM_MUST_USE;
enum pqm_st pqm_deps_toml(enum pqm_deps_form form, struct pqm_deps_out *o) PQM_MUST_USE;
enum pqm_st pqm_deps_tree(enum pqm_deps_form form, struct pqm_deps_out *o) PQM_MUST_USE;
enum pqm_st pqm_deps_xml(enum pqm_deps_form form, struct pqm_deps_out *o) PQM_MUST_USE;

/* A requirement of PEP 508: "Name[extra] >= 1.0; marker". False: none. */
bool pqm_deps_pep508(pqm_bytes s, struct pqm_dep *d);
/* "==1.2", "=1.2", "1.2.3": *version loses the sign; false: a range, or none. */
bool pqm_deps_exact(pqm_bytes *version);

/* "pypi/cryptography" and a rule about it. */
struct pqm_pkg {
	pqm_bytes key;
	const struct pqm_rule *rule;
	size_t order;
};

struct pqm_pkgs {
	struct pqm_pkg *pkg; /* by name, then in order of the files */
	size_t n, cap;
	const struct pqm_rule **globs;
	size_t n_globs, cap_globs;
	bool is_made;
};

/* Rules of all ecosystems, in arena. False without memory. */
bool pqm_pkgs_build(struct pqm_pkgs *p, const struct pqm_rules *r, struct pqm_arena *arena);
/* The index that the thread keeps for the detector, or one in the artifact's arena. NULL without memory. */
const struct pqm_pkgs *pqm_pkgs_get(const struct pqm_rules *r, const struct pqm_artifact *a,
	struct pqm_emit *out, struct pqm_pkgs *spare);
/* The first rule about the package; version may be empty. NULL: none. */
const struct pqm_rule *pqm_pkgs_find(
	const struct pqm_pkgs *p, pqm_bytes ecosystem, pqm_bytes name, pqm_bytes version);
/* The name as the ecosystem compares it, in arena. */
pqm_bytes pqm_pkg_normal(struct pqm_arena *arena, pqm_bytes ecosystem, pqm_bytes name);
/* What the maker's wheels of that version carry, or empty. */
pqm_bytes pqm_pkg_brings(const struct pqm_rule *rule, pqm_bytes version);
/* Meaning, algorithm and texts of a finding about the package. */
enum pqm_st pqm_pkg_fill(struct pqm_found *f, const struct pqm_rules *r,
	const struct pqm_rule *rule, struct pqm_arena *arena) PQM_MUST_USE;

/* A package that is installed: name as it is compared. */
struct pqm_dist {
	pqm_bytes ecosystem, name, version;
	uint32_t line;
	uint64_t off;
};

/* The finding about it, when a rule is. */
enum pqm_st pqm_dist_tell(const struct pqm_rules *r, const struct pqm_pkgs *p,
	const struct pqm_artifact *a, const struct pqm_dist *d, struct pqm_emit *out) PQM_MUST_USE;
/* Whether the rule is about a sample: "cryptography 44.0.1". */
bool pqm_pkg_rule_fits(const struct pqm_rules *r, const struct pqm_rule *rule, pqm_bytes sample);
/* Every algorithm that the rule names is in the catalogue. */
bool pqm_pkg_rule_is_sound(const struct pqm_rules *r, const struct pqm_rule *rule);

#endif
