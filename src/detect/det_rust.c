/* det_rust.c — crates of cryptography in Rust programs. */
#include "base/limits.h"
#include "detect/detector.h"
#include "parse/gobin.h"
#include "parse/rustbin.h"
#include "rules/golang.h"
#include "rules/rust.h"

#define CRATES 64

/* A crate that a rule names, with what shows it best. */
struct seen {
	struct pqm_crate crate;
	const struct pqm_rule *rule;
	uint32_t n;
};

struct look {
	const struct pqm_rules *r;
	struct pqm_arena *arena;
	struct seen seen[CRATES];
	size_t n;
};

static bool wants(const struct pqm_artifact *a)
{
	(void)a;
	return false; /* the anchors say when */
}

static bool same_crate(pqm_bytes a, pqm_bytes b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (a.p[i] != b.p[i] &&
			!((a.p[i] == '-' || a.p[i] == '_') && (b.p[i] == '-' || b.p[i] == '_')))
			return false;
	return true;
}

static void take(struct look *k, const struct pqm_crate *c)
{
	const struct pqm_rule *rule;

	for (size_t i = 0; i < k->n; i++) {
		struct seen *s = &k->seen[i];

		if (!same_crate(s->crate.name, c->name))
			continue;
		s->n++;
		/* A function in the file shows more than a name; the version comes from wherever it is told. */
		if (c->by == PQM_CRATE_SYMBOL && s->crate.by != PQM_CRATE_SYMBOL) {
			s->crate.by = c->by;
			s->crate.symbol = c->symbol;
			s->crate.off = c->off;
		}
		return;
	}
	rule = k->n < CRATES ? pqm_rust_rule(k->r, c->name) : NULL;
	if (rule != NULL)
		k->seen[k->n++] = (struct seen){ *c, rule, 1 };
}

static bool take_symbol(void *ctx, pqm_bytes name, uint64_t off)
{
	struct pqm_crate c = {
		.name = pqm_rust_symbol(name), .symbol = name, .off = off, .by = PQM_CRATE_SYMBOL
	};

	if (c.name.n > 0)
		take(ctx, &c);
	return true;
}

static pqm_bytes provider(const struct look *k)
{
	bool has_ring = false, has_aws = false;

	for (size_t i = 0; i < k->n; i++) {
		has_ring |= same_crate(k->seen[i].crate.name, PQM_LIT("ring"));
		has_aws |= same_crate(k->seen[i].crate.name, PQM_LIT("aws-lc-rs")) ||
			same_crate(k->seen[i].crate.name, PQM_LIT("aws-lc-sys"));
	}
	return has_ring && has_aws ? PQM_LIT("aws-lc-rs or ring")
		: has_aws	   ? PQM_LIT("aws-lc-rs")
		: has_ring	   ? PQM_LIT("ring")
				   : PQM_LIT("unknown");
}

static const char *shown_by(enum pqm_crate_by by)
{
	return by == PQM_CRATE_SYMBOL	? "one of its functions is in the file"
		: by == PQM_CRATE_AUDIT ? "its list of crates names it"
					: "the text of a panic names its source";
}

static enum pqm_st emit_one(struct look *k, const struct seen *s, struct pqm_emit *out)
{
	const struct pqm_crate *c = &s->crate;
	struct pqm_found f = { .meaning = PQM_OFFER,
		.evidence = c->by == PQM_CRATE_SYMBOL ? PQM_LINKED : PQM_HINTED };
	pqm_bytes name = pqm_printable(k->arena, c->name),
		  version = pqm_printable(k->arena, c->version);

	pqm_go_rule_fill(&f, k->r, s->rule);
	f.identity = pqm_arena_f(k->arena, "rust/%.*s/%.*s/%.*s", PQM_FMT(s->rule->id),
		PQM_FMT(name), PQM_FMT(version));
	f.why = pqm_arena_f(k->arena,
		"crate %.*s%s%.*s is in the program, as %s; whether it is reached is not known: it "
		"%.*s",
		PQM_FMT(name), version.n > 0 ? " " : "", PQM_FMT(version), shown_by(c->by),
		PQM_FMT(f.why));
	f.object = name;
	f.off = c->off;
	pqm_found_attr(&f, "crate", name);
	pqm_found_attr(&f, "version", version);
	pqm_found_attr(&f, "symbol", pqm_printable(k->arena, c->symbol));
	pqm_found_attr(&f, "reach", PQM_LIT("undecided"));
	if (pqm_eqs(f.family, "TLS"))
		pqm_found_attr(&f, "provider", provider(k));
	return f.identity.p == NULL || f.why.p == NULL ? PQM_ENOMEM : pqm_emit(out, &f);
}

static enum pqm_st take_list(
	struct look *k, const struct pqm_artifact *a, struct pqm_emit *out, struct pqm_err *err)
{
	struct pqm_err why = { PQM_OK, "" };
	struct pqm_crate *list;
	size_t n;
	enum pqm_st st = pqm_rust_audit(&list, &n, a->body, a->arena, &why);

	for (size_t i = 0; i < n; i++)
		take(k, &list[i]);
	if (st == PQM_OK)
		return PQM_OK;
	if (st == PQM_ENOMEM)
		return pqm_fail(err, st, "%s", why.msg);
	pqm_emit_note(out, UINT64_MAX, st, "%s", why.msg);
	return PQM_OK;
}

static void take_paths(struct look *k, pqm_bytes body)
{
	struct pqm_crate c;

	for (size_t at = 0; (at = pqm_find(body, at, PQM_LIT("registry/"))) != SIZE_MAX; at++)
		if (pqm_rust_path(body, at, &c))
			take(k, &c);
}

static enum pqm_st run(const struct pqm_rules *r, const struct pqm_artifact *a,
	const struct pqm_hits *hits, struct pqm_emit *out, struct pqm_err *err)
{
	struct look *k;
	enum pqm_st st;

	/* Hits come in batches: the first one says that there is something, and all of it is looked for at once. */
	if (*hits->done_until > 0 || pqm_gobin_images(a->body) == 0)
		return PQM_OK;
	*hits->done_until = a->body.n;
	k = pqm_new(a->arena, struct look, 1);
	if (k == NULL)
		return pqm_fail(err, PQM_ENOMEM, "Rust: out of memory");
	k->r = r;
	k->arena = a->arena;
	take_paths(k, a->body);
	st = take_list(k, a, out, err);
	pqm_rust_symbols(a->body, take_symbol, k);
	for (size_t i = 0; st == PQM_OK && i < k->n; i++)
		st = emit_one(k, &k->seen[i], out);
	return st == PQM_OK ? PQM_OK : pqm_fail(err, st, "Rust: out of memory");
}

static const struct pqm_anchor anchors[] = { PQM_ANCHOR("/registry/src/"),
	PQM_ANCHOR("/cargo/registry/"), PQM_ANCHOR(".dep-v0") };

const struct pqm_detector pqm_det_rust = {
	.name = "rust",
	.version = 1,
	.summary = "crates of cryptography in Rust programs",
	.anchors = anchors,
	.n_anchors = sizeof(anchors) / sizeof(anchors[0]),
	.wants = wants,
	.run = run,
};
