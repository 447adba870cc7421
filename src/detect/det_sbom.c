/* det_sbom.c — bills of materials of others: what they say is installed, and which cryptography they declare. It is
 * told as their word, apart from what was seen. */
#include "base/limits.h"
#include "base/map.h"
#include "base/num.h"
#include "detect/detector.h"
#include "detect/packages.h"
#include "parse/sbom.h"

#define GROUP "image.pqmap.dev"
#define WORD_MAX 200

static const struct pqm_anchor anchors[] = {
	PQM_ANCHOR("\"spdxVersion\""),
	PQM_ANCHOR("\"bomFormat\""),
	PQM_ANCHOR("\"foundBy\""),
	PQM_ANCHOR("\"software_packageVersion"),
	PQM_ANCHOR("SPDXVersion: SPDX"),
};

struct look {
	const struct pqm_rules *rules;
	const struct pqm_artifact *a;
	struct pqm_emit *out;
	const struct pqm_sbom_told *told;
	struct pqm_map seen;
	struct pqm_package_facts facts;
};

static pqm_bytes copy(const struct look *l, pqm_bytes s)
{
	return pqm_package_word(s, WORD_MAX) ? pqm_bytes_dup(l->a->arena, s)
					     : (pqm_bytes){ NULL, 0 };
}

static void place(struct pqm_found *f, const struct look *l, const struct pqm_sbom_item *i)
{
	f->off = i->off;
	f->line = i->line;
	f->col = i->line > 0;
	f->evidence = PQM_HINTED;
	pqm_found_attr(f, "source", PQM_LIT("SBOM"));
	pqm_found_attr(f, "declared_by", l->told->form);
	pqm_found_attr(f, "format_version", copy(l, l->told->version));
}

static enum pqm_st tell(
	const struct look *l, const struct pqm_sbom_item *i, const struct pqm_rule *rule)
{
	struct pqm_found f = { .rule = rule->id, .quantum = PQM_Q_UNKNOWN };
	pqm_bytes id = pqm_bytes_dup(l->a->arena, rule->id);

	pqm_package_fill(&f, l->rules, rule);
	f.basis = PQM_DEFAULT;
	/* Not the identity of what a package database says: each is told with its own evidence. */
	f.identity =
		pqm_arena_f(l->a->arena, "sbom:%.*s@%.*s", PQM_FMT(i->name), PQM_FMT(i->version));
	f.object = copy(l, i->name);
	if (f.identity.p == NULL || id.p == NULL || f.object.p == NULL)
		return PQM_ENOMEM;
	pqm_found_attr(&f, "package", f.object);
	pqm_found_attr(&f, "package_version", copy(l, i->version));
	pqm_found_attr(&f, "product", pqm_yaml_str(rule->node, "product"));
	place(&f, l, i);
	pqm_rule_fill(&f, l->rules, (const char *)id.p);
	return pqm_emit(l->out, &f);
}

static enum pqm_st add_fact(struct look *l, const struct pqm_sbom_item *i)
{
	const struct pqm_fact f = { copy(l, i->name), copy(l, i->version), i->line, i->line > 0 };

	return f.key.p == NULL || f.value.p == NULL ? PQM_ENOMEM
						    : pqm_package_fact(&l->facts, l->a->arena, &f);
}

static bool is_new(struct look *l, const struct pqm_sbom_item *i)
{
	pqm_bytes key =
		pqm_arena_f(l->a->arena, "%.*s@%.*s", PQM_FMT(i->name), PQM_FMT(i->version));

	return key.p != NULL && pqm_map_get(&l->seen, key) == NULL && pqm_map_put(&l->seen, key, l);
}

/* Distributions call their packages otherwise than those who make them. */
static enum pqm_package_names names_of(pqm_bytes type)
{
	static const char *const own[] = { "pkg:deb/", "pkg:apk/", "pkg:rpm/" };
	static const char *const short_own[] = { "deb", "apk", "rpm" };

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (pqm_starts(type, pqm_str(own[i])) || pqm_eqs(type, short_own[i]))
			return PQM_NAMES_PACKAGES;
	return pqm_starts(type, PQM_LIT("pkg:")) ? PQM_NAMES_UPSTREAM : PQM_NAMES_BOTH;
}

static enum pqm_st take_package(struct look *l, const struct pqm_sbom_item *i)
{
	const struct pqm_rule *rule;
	bool is_crypto = false;
	enum pqm_st st = PQM_OK;
	size_t k = 0;

	if (!pqm_package_word(i->name, WORD_MAX) || !pqm_package_word(i->version, WORD_MAX))
		return PQM_OK;
	while (st == PQM_OK && (rule = pqm_rules_next(l->rules, "images/", &k)) != NULL) {
		if (!pqm_package_rule_named(rule, names_of(i->type), i->name, i->version))
			continue;
		if (!is_crypto && !is_new(l, i))
			return PQM_OK;
		is_crypto = true;
		if (pqm_yaml_get(rule->node, "emit") != NULL)
			st = tell(l, i, rule);
	}
	return st == PQM_OK && is_crypto ? add_fact(l, i) : st;
}

/* "crypto/algorithm/rsa-2048@1.2.840.113549.1.1.1" */
static const struct pqm_alg_ref *alg_of(const struct look *l, const struct pqm_sbom_item *i)
{
	bool is_algorithm = pqm_eqs(i->asset, "algorithm");
	const struct pqm_alg_ref *ref = NULL;
	size_t at;

	if (i->oid.n > 0 && is_algorithm)
		ref = pqm_alg_by_oid(l->rules, i->oid);
	if (ref == NULL && is_algorithm)
		ref = pqm_alg_by_name(l->rules, i->name);
	if (ref == NULL && is_algorithm && pqm_package_word(i->parameter, WORD_MAX))
		ref = pqm_alg_by_name(l->rules, i->parameter);
	for (at = i->uses.n; ref == NULL && at > 0; at--)
		if (i->uses.p[at - 1] == '@')
			return pqm_alg_by_oid(l->rules, pqm_sub(i->uses, at, i->uses.n));
	return ref;
}

/* RSA with a modulus of so many bits; elsewhere the catalogue has the parameter. */
static bool is_algorithm_of_size(const struct pqm_sbom_item *i, uint64_t *bits)
{
	return pqm_starts(i->name, PQM_LIT("RSA")) &&
		pqm_u64_parse(i->parameter, PQM_RSA_BITS_MAX, bits);
}

static enum pqm_st take_asset(struct look *l, const struct pqm_sbom_item *i)
{
	const struct pqm_alg_ref *ref = alg_of(l, i);
	struct pqm_found f = { .rule = PQM_LIT("sbom.declared-asset"), .meaning = PQM_USE };
	uint64_t bits = 0;

	/* What the catalogue does not know is no finding: a name alone says nothing about its strength. */
	if (ref == NULL)
		return PQM_OK;
	if (is_algorithm_of_size(i, &bits)) {
		f.parameter = copy(l, i->parameter);
		f.bits = (uint32_t)bits;
	}
	pqm_alg_fill(&f, ref);
	f.identity = pqm_arena_f(l->a->arena, "cbom:%.*s:%.*s:%.*s", PQM_FMT(i->asset),
		PQM_FMT(pqm_printable(l->a->arena, i->name)), PQM_FMT(i->oid));
	if (f.identity.p == NULL)
		return PQM_ENOMEM;
	f.object = pqm_bytes_dup(
		l->a->arena, pqm_printable(l->a->arena, pqm_sub(i->name, 0, WORD_MAX)));
	place(&f, l, i);
	pqm_found_attr(&f, "asset", copy(l, i->asset));
	pqm_found_attr(&f, "primitive", copy(l, i->primitive));
	pqm_rule_fill(&f, l->rules, "sbom.declared-asset");
	return pqm_emit(l->out, &f);
}

static enum pqm_st take(void *ctx, const struct pqm_sbom_item *i)
{
	return i->asset.n > 0 ? take_asset(ctx, i) : take_package(ctx, i);
}

static void tell_rest(const struct look *l)
{
	if (l->told->n_large > 0)
		pqm_emit_note(l->out, UINT64_MAX, PQM_ELIMIT,
			"bill of materials: %llu items of more than 1 MiB were not read",
			(unsigned long long)l->told->n_large);
	if (l->told->is_over)
		pqm_emit_note(l->out, UINT64_MAX, PQM_ELIMIT,
			"bill of materials: more than 200,000 items; the others were not read");
}

static enum pqm_st run(const struct pqm_rules *r, const struct pqm_artifact *a,
	const struct pqm_hits *hits, struct pqm_emit *out, struct pqm_err *err)
{
	struct pqm_sbom_told told = { .n = 0 };
	struct look l = { .rules = r, .a = a, .out = out, .told = &told };
	enum pqm_st st;

	if (a->object.n > 0 || *hits->done_until > 0)
		return PQM_OK;
	*hits->done_until = UINT64_MAX;
	if (a->body.n > PQM_SBOM_BYTES) {
		if (a->head.n > 0 && (a->head.p[0] == '{' || a->head.p[0] == 'S'))
			pqm_emit_note(out, UINT64_MAX, PQM_ELIMIT,
				"what may be a bill of materials has more than 24 MiB; it is not "
				"read");
		return PQM_OK;
	}
	st = pqm_sbom_read(a->body, take, &l, &told, err);
	tell_rest(&l);
	if (l.facts.n > 0 && st != PQM_ENOMEM) {
		enum pqm_st said = pqm_emit_object(out,
			&(struct pqm_object){ .path = a->path,
				.group = PQM_LIT(GROUP),
				.kind = PQM_LIT("SBOM"),
				.name = a->path,
				.facts = l.facts.fact,
				.n_facts = l.facts.n });

		st = st == PQM_OK ? said : st;
	}
	pqm_map_fini(&l.seen);
	return st == PQM_ENOMEM ? pqm_fail(err, st, "bill of materials: out of memory") : st;
}

const struct pqm_detector pqm_det_sbom = {
	.name = "sbom",
	.version = 1,
	.summary = "Bills of materials (SPDX, CycloneDX, Syft): packages and cryptographic assets "
		   "that they "
		   "declare",
	.anchors = anchors,
	.n_anchors = sizeof(anchors) / sizeof(anchors[0]),
	.run = run,
};
