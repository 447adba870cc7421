/* det_packages.c — what dpkg and apk have installed: versions of cryptographic software, and what they do by
 * default. The databases of rpm are binary: they are told, not read. */
#include "base/limits.h"
#include "detect/detector.h"
#include "detect/packages.h"

#define GROUP "image.pqmap.dev"
#define FACTS_MAX 512

enum form { F_NONE, F_DPKG, F_APK, F_RPM };

struct package {
	pqm_bytes name, version, source;
	uint64_t off;
	uint32_t line; /* where it begins */
	bool is_gone;  /* removed, with settings left */
};

struct look {
	const struct pqm_rules *rules;
	const struct pqm_artifact *a;
	struct pqm_emit *out;
	enum form form;
	struct pqm_fact *facts;
	size_t n, cap;
};

/* The path ends with the place, whatever the root of the file system is called. */
static bool is_at(pqm_bytes path, const char *place)
{
	pqm_bytes tail = pqm_str(place);

	return pqm_ends(path, tail) &&
		(path.n == tail.n || path.p[path.n - tail.n - 1] == '/' ||
			path.p[path.n - tail.n - 1] == ' ');
}

static enum form form_of(pqm_bytes path)
{
	static const struct {
		const char *place;
		enum form form;
	} places[] = {
		{ "var/lib/dpkg/status", F_DPKG },
		{ "lib/apk/db/installed", F_APK },
		{ "var/lib/rpm/Packages", F_RPM },
		{ "var/lib/rpm/Packages.db", F_RPM },
		{ "var/lib/rpm/rpmdb.sqlite", F_RPM },
		{ "usr/lib/sysimage/rpm/Packages.db", F_RPM },
		{ "usr/lib/sysimage/rpm/rpmdb.sqlite", F_RPM },
	};

	static const char folder[] = "var/lib/dpkg/status.d/";
	size_t at;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (is_at(path, places[i].place))
			return places[i].form;
	/* Images without a package manager have a file for each package, and its checksums beside it. */
	at = pqm_find(path, 0, pqm_str(folder));
	if (at == SIZE_MAX || pqm_ends(path, PQM_LIT(".md5sums")))
		return F_NONE;
	return pqm_find_byte(path, at + sizeof(folder) - 1, '/') == SIZE_MAX ? F_DPKG : F_NONE;
}

static bool wants(const struct pqm_artifact *a)
{
	return a->depth == 0 && form_of(a->path) != F_NONE;
}

/* A name or version as the databases have them: nothing else is believed. */
static bool is_word(pqm_bytes s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] >= 0x7f || s.p[i] == '"' || s.p[i] == '\\')
			return false;
	return s.n > 0 && s.n <= 128;
}

static enum pqm_st tell(const struct look *l, const struct package *p, const struct pqm_rule *rule)
{
	const struct pqm_yaml *e = pqm_yaml_get(rule->node, "emit");
	const struct pqm_alg_ref *ref = pqm_alg_by_name(l->rules, pqm_yaml_str(e, "alg"));
	struct pqm_found f = { .rule = rule->id, .quantum = PQM_Q_UNKNOWN, .off = p->off };
	pqm_bytes id;

	if (ref != NULL)
		pqm_alg_fill(&f, ref);
	(void)pqm_meaning_parse(pqm_yaml_str(e, "meaning"), &f.meaning);
	(void)pqm_function_parse(pqm_yaml_str(e, "function"), &f.function);
	(void)pqm_evidence_parse(pqm_yaml_str(e, "evidence"), &f.evidence, &f.basis);
	f.identity = pqm_arena_f(l->a->arena, "%.*s@%.*s", PQM_FMT(p->name), PQM_FMT(p->version));
	f.object = p->name;
	f.line = p->line;
	f.col = 1;
	pqm_found_attr(&f, "package", p->name);
	pqm_found_attr(&f, "package_version", p->version);
	pqm_found_attr(&f, "source_package", p->source);
	pqm_found_attr(&f, "product", pqm_yaml_str(rule->node, "product"));
	id = pqm_bytes_dup(l->a->arena, rule->id);
	if (f.identity.p == NULL || id.p == NULL)
		return PQM_ENOMEM;
	pqm_rule_fill(&f, l->rules, (const char *)id.p);
	return pqm_emit(l->out, &f);
}

static enum pqm_st add_fact(struct look *l, const struct package *p)
{
	struct pqm_fact *grown;

	if (l->n >= FACTS_MAX)
		return PQM_OK;
	grown = pqm_grow(l->a->arena, l->facts, l->n, &l->cap);
	if (grown == NULL)
		return PQM_ENOMEM;
	l->facts = grown;
	l->facts[l->n++] = (struct pqm_fact){ p->name, p->version, p->line, 1 };
	return PQM_OK;
}

/* The end of a package's entry. */
static enum pqm_st take(struct look *l, const struct package *p)
{
	const struct pqm_rule *rule;
	bool is_crypto = false;
	enum pqm_st st = PQM_OK;
	size_t i = 0;

	if (p->is_gone || !is_word(p->name) || !is_word(p->version))
		return PQM_OK;
	while (st == PQM_OK && (rule = pqm_rules_next(l->rules, "images/", &i)) != NULL) {
		if (!pqm_package_rule_is(rule, p->name, p->version))
			continue;
		is_crypto = true;
		if (pqm_yaml_get(rule->node, "emit") != NULL)
			st = tell(l, p, rule);
	}
	return st == PQM_OK && is_crypto ? add_fact(l, p) : st;
}

/* "Package: libssl3", "P:libssl3" */
static void take_line(const struct look *l, struct package *p, pqm_bytes line)
{
	static const struct {
		const char *dpkg, *apk;
	} keys[] = { { "Package:", "P:" }, { "Version:", "V:" }, { "Source:", "o:" } };

	pqm_bytes *const to[] = { &p->name, &p->version, &p->source };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		pqm_bytes key = pqm_str(l->form == F_APK ? keys[i].apk : keys[i].dpkg), value;

		if (!pqm_starts(line, key))
			continue;
		value = pqm_trim(pqm_sub(line, key.n, line.n));
		/* "Source: openssl (3.0.15-1)" */
		*to[i] = pqm_sub(value, 0, pqm_find_byte(value, 0, ' '));
		if (!is_word(*to[i]))
			*to[i] = (pqm_bytes){ NULL, 0 };
	}
	if (l->form == F_DPKG && pqm_starts(line, PQM_LIT("Status:")) &&
		!pqm_ends(pqm_trim(line), PQM_LIT(" installed")))
		p->is_gone = true;
}

static enum pqm_st read_all(struct look *l)
{
	pqm_bytes rest = l->a->body, line;
	struct package p = { .line = 1 };
	uint32_t n = 0;
	enum pqm_st st = PQM_OK;

	while (st == PQM_OK && pqm_split(&rest, '\n', &line)) {
		n++;
		if (pqm_trim(line).n > 0) {
			if (p.name.n == 0 && p.version.n == 0) {
				p.line = n;
				p.off = (uint64_t)(line.p - l->a->body.p);
			}
			take_line(l, &p, line);
			continue;
		}
		st = take(l, &p);
		p = (struct package){ .line = n + 1 };
	}
	return st == PQM_OK ? take(l, &p) : st;
}

static enum pqm_st run(const struct pqm_rules *r, const struct pqm_artifact *a,
	const struct pqm_hits *hits, struct pqm_emit *out, struct pqm_err *err)
{
	struct look l = { .rules = r, .a = a, .out = out, .form = form_of(a->path) };
	enum pqm_st st;

	(void)hits;
	if (l.form == F_RPM) {
		pqm_emit_note(out, UINT64_MAX, PQM_ELIMIT,
			"the package database of rpm is not read: versions of libraries are not "
			"known here");
		return PQM_OK;
	}
	st = read_all(&l);
	if (st == PQM_OK && l.n > 0)
		st = pqm_emit_object(out,
			&(struct pqm_object){ .path = a->path,
				.group = PQM_LIT(GROUP),
				.kind = PQM_LIT("Packages"),
				.name = a->path,
				.facts = l.facts,
				.n_facts = l.n });
	return st == PQM_OK ? PQM_OK : pqm_fail(err, st, "packages: out of memory");
}

const struct pqm_detector pqm_det_packages = {
	.name = "packages",
	.version = 1,
	.summary =
		"Package databases of dpkg and apk: versions of cryptographic libraries, and what "
		"they do by default",
	.wants = wants,
	.run = run,
};
