/* det_packages.c — what dpkg, apk and rpm have installed: versions of cryptographic software, and what they do by
 * default. */
#include "base/limits.h"
#include "detect/detector.h"
#include "detect/packages.h"
#include "parse/rpmdb.h"
#include "rules/k8s.h"

#define GROUP "image.pqmap.dev"
/* A name or version as the databases have them: nothing longer is believed. */
#define WORD_MAX 128

struct package {
	pqm_bytes name, version, source;
	uint64_t off;
	uint32_t line; /* where it begins; 0: the database is no text */
	bool is_gone;  /* removed, with settings left */
};

struct look {
	const struct pqm_rules *rules;
	const struct pqm_artifact *a;
	struct pqm_emit *out;
	enum pqm_package_form form;
	struct pqm_package_facts facts;
};

static bool wants(const struct pqm_artifact *a)
{
	return a->depth == 0 && pqm_package_form(a->path, NULL) != PQM_PACKAGES_NONE;
}

static enum pqm_st tell(const struct look *l, const struct package *p, const struct pqm_rule *rule)
{
	struct pqm_found f = { .rule = rule->id, .quantum = PQM_Q_UNKNOWN, .off = p->off };
	pqm_bytes id;

	pqm_package_fill(&f, l->rules, rule);
	f.identity = pqm_arena_f(l->a->arena, "%.*s@%.*s", PQM_FMT(p->name), PQM_FMT(p->version));
	f.object = p->name;
	f.line = p->line;
	f.col = p->line > 0;
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
	const struct pqm_fact f = { p->name, p->version, p->line, p->line > 0 };

	return pqm_package_fact(&l->facts, l->a->arena, &f);
}

static bool is_of_rule(const struct look *l, pqm_bytes name)
{
	const struct pqm_rule *rule;
	size_t i = 0;

	while ((rule = pqm_rules_next(l->rules, "images/", &i)) != NULL)
		if (pqm_k8s_listed(pqm_yaml_get(rule->node, "packages"), name))
			return true;
	return false;
}

/* The end of a package's entry. */
static enum pqm_st take(struct look *l, const struct package *p)
{
	const struct pqm_rule *rule;
	bool is_crypto = false;
	enum pqm_st st = PQM_OK;
	size_t i = 0;

	if (p->is_gone || !pqm_package_word(p->name, WORD_MAX) ||
		!pqm_package_word(p->version, WORD_MAX))
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
		pqm_bytes key = pqm_str(l->form == PQM_PACKAGES_APK ? keys[i].apk : keys[i].dpkg),
			  value;

		if (!pqm_starts(line, key))
			continue;
		value = pqm_trim(pqm_sub(line, key.n, line.n));
		/* "Source: openssl (3.0.15-1)" */
		*to[i] = pqm_sub(value, 0, pqm_find_byte(value, 0, ' '));
		if (!pqm_package_word(*to[i], WORD_MAX))
			*to[i] = (pqm_bytes){ NULL, 0 };
	}
	if (l->form == PQM_PACKAGES_DPKG && pqm_starts(line, PQM_LIT("Status:")) &&
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

/* "openssl-3.0.7-27.el9.src.rpm": the name without version and release. */
static pqm_bytes source_name(pqm_bytes s)
{
	size_t n = s.n;

	for (unsigned dashes = 0; n > 0 && dashes < 2; dashes += s.p[n] == '-')
		n--;
	return pqm_sub(s, 0, n);
}

static enum pqm_st take_rpm(void *ctx, const struct pqm_rpm *r)
{
	struct look *l = ctx;
	struct pqm_arena *a = l->a->arena;
	struct package p = { .off = r->off, .name = r->name, .source = source_name(r->source) };

	/* A name and a version that no rule is about are not copied: there are thousands. */
	if (!pqm_package_word(r->name, WORD_MAX) || !pqm_package_word(r->version, WORD_MAX) ||
		!is_of_rule(l, r->name))
		return PQM_OK;
	p.version = pqm_arena_f(a, "%.*s%s%.*s", PQM_FMT(r->version), r->release.n > 0 ? "-" : "",
		PQM_FMT(r->release));
	if (r->epoch > 0)
		p.version = pqm_arena_f(a, "%u:%.*s", r->epoch, PQM_FMT(p.version));
	p.name = pqm_bytes_dup(a, p.name);
	p.source = pqm_package_word(p.source, WORD_MAX) ? pqm_bytes_dup(a, p.source)
							: (pqm_bytes){ NULL, 0 };
	return p.version.p == NULL || p.name.p == NULL ? PQM_ENOMEM : take(l, &p);
}

/* What is missing of it is said: a library without a version must not look like one that is not there. */
static enum pqm_st read_rpm(struct look *l, struct pqm_err *err)
{
	struct pqm_rpmdb_told told;
	enum pqm_st st = pqm_rpmdb_read(l->a->body, take_rpm, l, &told, err);

	if (st == PQM_OK && told.n_bad + told.n_absent > 0)
		pqm_emit_note(l->out, UINT64_MAX, PQM_EPARSE,
			"database of rpm: %llu packages were read, %llu packages and %llu pages "
			"could not be",
			(unsigned long long)told.n_read, (unsigned long long)told.n_bad,
			(unsigned long long)told.n_absent);
	if (st == PQM_OK && told.is_over)
		pqm_emit_note(l->out, UINT64_MAX, PQM_ELIMIT,
			"database of rpm: more than 65,536 packages; the others were not read");
	return st;
}

static enum pqm_st run(const struct pqm_rules *r, const struct pqm_artifact *a,
	const struct pqm_hits *hits, struct pqm_emit *out, struct pqm_err *err)
{
	struct look l = { .rules = r, .a = a, .out = out, .form = pqm_package_form(a->path, NULL) };
	enum pqm_st st;

	(void)hits;
	if (l.form == PQM_PACKAGES_RPM_LOG) {
		if (a->body.n > 0)
			pqm_emit_note(out, UINT64_MAX, PQM_EPARSE,
				"changes that SQLite has not yet written to the database of rpm "
				"are not read: versions of libraries may be older ones");
		return PQM_OK;
	}
	st = l.form == PQM_PACKAGES_RPM ? read_rpm(&l, err) : read_all(&l);
	if (st == PQM_EPARSE)
		return st;
	if (st == PQM_OK && l.facts.n > 0)
		st = pqm_emit_object(out,
			&(struct pqm_object){ .path = a->path,
				.group = PQM_LIT(GROUP),
				.kind = PQM_LIT("Packages"),
				.name = a->path,
				.facts = l.facts.fact,
				.n_facts = l.facts.n });
	return st == PQM_OK ? PQM_OK : pqm_fail(err, st, "packages: out of memory");
}

const struct pqm_detector pqm_det_packages = {
	.name = "packages",
	.version = 2,
	.summary = "Package databases of dpkg, apk and rpm: versions of cryptographic libraries, "
		   "and what "
		   "they do by default",
	.wants = wants,
	.run = run,
};
