#include "packages.h"

#include "base/limits.h"
#include "base/num.h"
#include "detect/detector.h"
#include "rules/k8s.h"

#define PARTS 4

/* The path ends with the place, whatever the root of the file system is called. */
static bool is_at(pqm_bytes path, const char *place, size_t *root)
{
	pqm_bytes tail = pqm_str(place);

	*root = path.n - tail.n;
	return pqm_ends(path, tail) &&
		(*root == 0 || path.p[*root - 1] == '/' || path.p[*root - 1] == ' ');
}

enum pqm_package_form pqm_package_form(pqm_bytes path, size_t *root)
{
	static const struct {
		const char *place;
		enum pqm_package_form form;
	} places[] = {
		{ "var/lib/dpkg/status", PQM_PACKAGES_DPKG },
		{ "lib/apk/db/installed", PQM_PACKAGES_APK },
		{ "var/lib/rpm/Packages", PQM_PACKAGES_RPM },
		{ "var/lib/rpm/Packages.db", PQM_PACKAGES_RPM },
		{ "var/lib/rpm/rpmdb.sqlite", PQM_PACKAGES_RPM },
		{ "var/lib/rpm/rpmdb.sqlite-wal", PQM_PACKAGES_RPM_LOG },
		{ "usr/lib/sysimage/rpm/Packages", PQM_PACKAGES_RPM },
		{ "usr/lib/sysimage/rpm/Packages.db", PQM_PACKAGES_RPM },
		{ "usr/lib/sysimage/rpm/rpmdb.sqlite", PQM_PACKAGES_RPM },
		{ "usr/lib/sysimage/rpm/rpmdb.sqlite-wal", PQM_PACKAGES_RPM_LOG },
		{ "usr/share/rpm/Packages", PQM_PACKAGES_RPM },
		{ "usr/share/rpm/rpmdb.sqlite", PQM_PACKAGES_RPM },
	};

	static const char folder[] = "var/lib/dpkg/status.d/";
	size_t at, here;

	if (root == NULL)
		root = &here;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (is_at(path, places[i].place, root))
			return places[i].form;
	/* Images without a package manager have a file for each package, and its checksums beside it. */
	at = pqm_find(path, 0, pqm_str(folder));
	*root = at;
	if (at == SIZE_MAX || pqm_ends(path, PQM_LIT(".md5sums")) ||
		pqm_find_byte(path, at + sizeof(folder) - 1, '/') != SIZE_MAX)
		return PQM_PACKAGES_NONE;
	return PQM_PACKAGES_DPKG;
}

/* The upstream version: "1:9.2p1-2+deb12u3" is 9.2; false for one that begins with no number. */
static bool parts_of(pqm_bytes version, uint64_t out[PARTS])
{
	size_t colon = pqm_find_byte(version, 0, ':'), at = colon == SIZE_MAX ? 0 : colon + 1;

	memset(out, 0, PARTS * sizeof(*out));
	for (size_t n = 0; n < PARTS; n++) {
		size_t from = at;

		while (at < version.n && version.p[at] >= '0' && version.p[at] <= '9')
			at++;
		if (!pqm_u64_parse(pqm_sub(version, from, at - from), UINT32_MAX, &out[n]))
			return n > 0;
		if (at >= version.n || version.p[at] != '.')
			return true;
		at++;
	}
	return true;
}

static int compare(const uint64_t a[PARTS], const uint64_t b[PARTS])
{
	for (size_t i = 0; i < PARTS; i++)
		if (a[i] != b[i])
			return a[i] < b[i] ? -1 : 1;
	return 0;
}

static bool is_named(const struct pqm_rule *rule, enum pqm_package_names whose, pqm_bytes name)
{
	if ((whose & PQM_NAMES_PACKAGES) != 0 &&
		pqm_k8s_listed(pqm_yaml_get(rule->node, "packages"), name))
		return true;
	return (whose & PQM_NAMES_UPSTREAM) != 0 &&
		pqm_k8s_listed(pqm_yaml_get(rule->node, "upstream"), name);
}

bool pqm_package_version_in(pqm_bytes version, pqm_bytes from, pqm_bytes below)
{
	uint64_t have[PARTS], limit[PARTS];

	if (from.n == 0 && below.n == 0)
		return true;
	if (!parts_of(version, have))
		return false;
	if (from.n > 0 && (!parts_of(from, limit) || compare(have, limit) < 0))
		return false;
	return below.n == 0 || (parts_of(below, limit) && compare(have, limit) < 0);
}

bool pqm_package_rule_named(const struct pqm_rule *rule, enum pqm_package_names whose,
	pqm_bytes name, pqm_bytes version)
{
	return is_named(rule, whose, name) &&
		pqm_package_version_in(version, pqm_yaml_str(rule->node, "from"),
			pqm_yaml_str(rule->node, "below"));
}

bool pqm_package_rule_is(const struct pqm_rule *rule, pqm_bytes name, pqm_bytes version)
{
	return pqm_package_rule_named(rule, PQM_NAMES_PACKAGES, name, version);
}

bool pqm_package_rule_fits(const struct pqm_rule *rule, pqm_bytes sample)
{
	pqm_bytes name = { NULL, 0 };

	return pqm_split(&sample, ' ', &name) && pqm_package_rule_is(rule, name, sample);
}

enum pqm_st pqm_package_fact(
	struct pqm_package_facts *f, struct pqm_arena *arena, const struct pqm_fact *fact)
{
	struct pqm_fact *grown;

	if (f->n >= PQM_PACKAGE_FACTS)
		return PQM_OK;
	grown = pqm_grow(arena, f->fact, f->n, &f->cap);
	if (grown == NULL)
		return PQM_ENOMEM;
	f->fact = grown;
	f->fact[f->n++] = *fact;
	return PQM_OK;
}

bool pqm_package_word(pqm_bytes s, size_t max)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] >= 0x7f || s.p[i] == '"' || s.p[i] == '\\')
			return false;
	return s.n > 0 && s.n <= max;
}

void pqm_package_fill(
	struct pqm_found *f, const struct pqm_rules *rules, const struct pqm_rule *rule)
{
	const struct pqm_yaml *e = pqm_yaml_get(rule->node, "emit");
	const struct pqm_alg_ref *ref = pqm_alg_by_name(rules, pqm_yaml_str(e, "alg"));

	if (ref != NULL)
		pqm_alg_fill(f, ref);
	(void)pqm_meaning_parse(pqm_yaml_str(e, "meaning"), &f->meaning);
	(void)pqm_function_parse(pqm_yaml_str(e, "function"), &f->function);
	(void)pqm_evidence_parse(pqm_yaml_str(e, "evidence"), &f->evidence, &f->basis);
}
