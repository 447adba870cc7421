/* java_jar.c — which library a jar is, and which runtime a folder holds, by what they say of themselves. */
#include "java_look.h"

/* The file that a runtime says its version in; others are called so, too. */
static bool is_release(const struct pqm_artifact *a)
{
	return pqm_eqs(a->name, "release") &&
		pqm_find(a->head, 0, PQM_LIT("JAVA_VERSION=")) != SIZE_MAX;
}

bool java_is_metadata(const struct pqm_artifact *a)
{
	return pqm_eqs(a->name, "MANIFEST.MF") || pqm_eqs(a->name, "pom.properties") ||
		is_release(a);
}

/* The value of "key: value" or "key=value" at the start of a line; manifests may go on in the next line, which
 * no name that is looked for does. */
static pqm_bytes value_of(pqm_bytes text, const char *key, char divider)
{
	pqm_bytes rest = text, line;

	while (pqm_split(&rest, '\n', &line)) {
		pqm_bytes k = pqm_str(key);

		if (line.n > k.n && pqm_starts(line, k) && line.p[k.n] == (uint8_t)divider)
			return pqm_trim(pqm_sub(line, k.n + 1, line.n));
	}
	return (pqm_bytes){ NULL, 0 };
}

/* A name or version as build tools write them; else empty. "bcprov;singleton:=true" is bcprov. */
static pqm_bytes word(pqm_bytes s)
{
	s = pqm_sub(s, 0, pqm_find_byte(s, 0, ';'));
	if (s.n > JAVA_SHOWN_MAX)
		return (pqm_bytes){ NULL, 0 };
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] > '~')
			return pqm_sub(s, 0, i);
	return s;
}

/* 1.9 is before 1.10; what is no number ends the comparison. */
static int compare_versions(pqm_bytes a, pqm_bytes b)
{
	pqm_bytes x, y;

	for (;;) {
		uint64_t n = 0, m = 0;
		bool has_a = pqm_split(&a, '.', &x), has_b = pqm_split(&b, '.', &y);

		if (!has_a || !has_b)
			return (int)has_a - (int)has_b;
		for (size_t i = 0; i < x.n && i < 9 && x.p[i] >= '0' && x.p[i] <= '9'; i++)
			n = n * 10 + (uint64_t)(x.p[i] - '0');
		for (size_t i = 0; i < y.n && i < 9 && y.p[i] >= '0' && y.p[i] <= '9'; i++)
			m = m * 10 + (uint64_t)(y.p[i] - '0');
		if (n != m)
			return n < m ? -1 : 1;
	}
}

/* What this version has of post-quantum algorithms, newest first in the rule. */
static pqm_bytes say_pqc(struct java_look *k, const struct pqm_java_lib *lib, pqm_bytes version)
{
	const struct pqm_yaml *list = pqm_yaml_get(lib->rule->node, "pqc");

	pqm_bytes later, from;

	if (list == NULL || list->n == 0 || version.n == 0)
		return (pqm_bytes){ NULL, 0 };
	later = pqm_yaml_str(list->items[0], "says");
	from = pqm_yaml_str(list->items[0], "from");
	for (size_t i = 0; i < list->n; i++) {
		pqm_bytes says = pqm_yaml_str(list->items[i], "says");

		if (compare_versions(version, pqm_yaml_str(list->items[i], "from")) < 0)
			continue;
		if (i == 0)
			return pqm_arena_f(k->arena, "; it has %.*s", PQM_FMT(says));
		return pqm_arena_f(k->arena, "; it has %.*s; %.*s come from version %.*s on",
			PQM_FMT(says), PQM_FMT(later), PQM_FMT(from));
	}
	return pqm_arena_f(k->arena, "; it has none of %.*s, which come from version %.*s on",
		PQM_FMT(later), PQM_FMT(from));
}

static enum pqm_st tell_library(
	struct java_look *k, const struct pqm_java_lib *lib, pqm_bytes name, pqm_bytes version)
{
	pqm_bytes title = pqm_yaml_str(lib->rule->node, "title");
	struct pqm_found f = { .rule = lib->rule->id,
		.meaning = PQM_OFFER,
		.quantum = PQM_Q_UNKNOWN,
		.evidence = PQM_PARSED,
		.family = PQM_LIT("unknown"),
		.object = name };

	f.identity = pqm_arena_f(
		k->arena, "java-library/%.*s@%.*s", PQM_FMT(lib->name), PQM_FMT(version));
	f.why = pqm_arena_f(k->arena, "the %s calls itself %.*s%s%.*s, which is %.*s%.*s",
		is_release(k->a) ? "runtime" : "jar", PQM_FMT(name), version.n > 0 ? " " : "",
		PQM_FMT(version), PQM_FMT(title), PQM_FMT(say_pqc(k, lib, version)));
	pqm_found_attr(&f, "library", lib->name);
	pqm_found_attr(&f, "version", version);
	return f.identity.p == NULL || f.why.p == NULL ? PQM_ENOMEM : pqm_emit(k->out, &f);
}

enum pqm_st java_metadata(struct java_look *k)
{
	static const char *const names[] = { "Bundle-SymbolicName", "Automatic-Module-Name",
		"Implementation-Title" };
	static const char *const versions[] = { "Bundle-Version", "Implementation-Version" };
	pqm_bytes text = pqm_sub(k->a->body, 0, (size_t)64 << 10);
	const struct pqm_java_lib *lib = NULL;
	pqm_bytes name = { NULL, 0 }, version = { NULL, 0 };

	if (pqm_eqs(k->a->name, "pom.properties")) {
		name = pqm_arena_f(k->arena, "%.*s:%.*s",
			PQM_FMT(word(value_of(text, "groupId", '='))),
			PQM_FMT(word(value_of(text, "artifactId", '='))));
		version = word(value_of(text, "version", '='));
		lib = pqm_java_artifact(k->java, name);
	}
	if (is_release(k->a)) {
		name = PQM_LIT("Java");
		version = value_of(text, "JAVA_VERSION", '=');
		if (version.n > 2 && version.p[0] == '"')
			version = pqm_sub(version, 1, version.n - 2);
		version = word(version);
		lib = pqm_java_artifact(k->java, PQM_LIT("java-runtime"));
		return lib == NULL ? PQM_OK : tell_library(k, lib, name, version);
	}
	for (size_t i = 0; lib == NULL && name.n == 0 && i < sizeof(names) / sizeof(names[0]);
		i++) {
		pqm_bytes given = word(value_of(text, names[i], ':'));

		lib = given.n > 0 ? pqm_java_artifact(k->java, given) : NULL;
		name = lib != NULL ? given : name;
	}
	for (size_t i = 0; version.n == 0 && i < sizeof(versions) / sizeof(versions[0]); i++)
		version = word(value_of(text, versions[i], ':'));
	return lib == NULL ? PQM_OK : tell_library(k, lib, name, version);
}
