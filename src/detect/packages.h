/*
 * packages.h — package databases of distributions: which versions of cryptographic software are installed.
 *
 * Shape:     helpers of det_packages.c and of the check of its rules (rules/images/packages.yaml).
 * Ownership: borrows rules and texts.
 * Threads:   pure.
 * Standard:  deb-control(5), dpkg(1) (status file), the installed database of apk, the databases of rpm.
 */
#ifndef PQM_DETECT_PACKAGES_H
#define PQM_DETECT_PACKAGES_H

#include "model/finding.h"
#include "model/inventory.h"
#include "rules/rules.h"

enum pqm_package_form {
	PQM_PACKAGES_NONE,
	PQM_PACKAGES_DPKG,
	PQM_PACKAGES_APK,
	PQM_PACKAGES_RPM,
	PQM_PACKAGES_RPM_LOG, /* what SQLite has not yet written to the database itself */
};

/* What kind of database the path is one of; *root (may be NULL): where its file system begins in the path. */
enum pqm_package_form pqm_package_form(pqm_bytes path, size_t *root);

/* Whose names: those of distributions (packages:), those of who makes it (upstream:), or either. */
enum pqm_package_names { PQM_NAMES_PACKAGES = 1, PQM_NAMES_UPSTREAM = 2, PQM_NAMES_BOTH = 3 };

bool pqm_package_rule_named(const struct pqm_rule *rule, enum pqm_package_names whose,
	pqm_bytes name, pqm_bytes version);

/* from <= version < below, of which either may be empty; a version that is no number lies in no such range. */
bool pqm_package_version_in(pqm_bytes version, pqm_bytes from, pqm_bytes below);

/* What a package database or a bill of materials lists, as facts of an object; more than limits.h allows are left
 * out. */
struct pqm_package_facts {
	struct pqm_fact *fact;
	size_t n, cap;
};

enum pqm_st pqm_package_fact(struct pqm_package_facts *f, struct pqm_arena *arena,
	const struct pqm_fact *fact) PQM_MUST_USE;
/* A name or version that may be repeated: of printed ASCII, without quotes, at most max bytes. */
bool pqm_package_word(pqm_bytes s, size_t max);
/* Algorithm, meaning, function and evidence of the rule. */
void pqm_package_fill(
	struct pqm_found *f, const struct pqm_rules *rules, const struct pqm_rule *rule);
/* Whether the rule is about this version of this package of a distribution. */
bool pqm_package_rule_is(const struct pqm_rule *rule, pqm_bytes name, pqm_bytes version);
/* Whether it is about a sample: "libssl3 3.0.15-1". */
bool pqm_package_rule_fits(const struct pqm_rule *rule, pqm_bytes sample);

#endif
