/* go_calls.c — which uses of cryptography a Go program can reach. */
#include "base/limits.h"
#include "go_look.h"

/* Frames of a way that are told, and calls of one finding. */
#define PATH_SHOWN 12
#define CALLS_SHOWN 8

/* What one rule saw. */
struct tally {
	const struct pqm_go_call *best;
	uint32_t n;
};

static void set_roles(struct go_look *k)
{
	struct pqm_go_package_rules rules = { .n = 0 };
	pqm_bytes last = { NULL, 0 };
	uint8_t role = 0;

	for (uint32_t i = 0; i < k->table.n; i++) {
		pqm_bytes function, name = pqm_pclntab_name(&k->table, i);
		pqm_bytes package = pqm_go_package(name, &function);

		if (i == 0 || !pqm_eq(package, last)) {
			const struct pqm_go_module *m = pqm_gobin_module(&k->bin, package);

			pqm_go_rules_of(&rules, &k->rules, package);
			role = m == &k->bin.main || pqm_eqs(package, "main") ? PQM_GO_OWN
				: rules.is_border			     ? PQM_GO_BORDER
									     : 0;
			last = package;
		}
		k->graph.roles[i] = role;
		if (pqm_eqs(function, "init") || pqm_starts(function, PQM_LIT("init.")))
			k->graph.roles[i] |= PQM_GO_INIT;
		if (role != PQM_GO_OWN)
			k->graph.wants[i] = pqm_go_rule_of(&k->rules, &rules, function);
		k->has_tls = k->has_tls || pqm_eqs(name, "crypto/tls.(*Conn).clientHandshake") ||
			pqm_eqs(name, "crypto/tls.(*Conn).serverHandshake");
		k->has_fipsonly = k->has_fipsonly || pqm_eqs(package, "crypto/tls/fipsonly");
	}
}

static pqm_bytes name_of(const struct go_look *k, uint32_t f)
{
	return pqm_printable(k->arena, pqm_pclntab_name(&k->table, f));
}

/* "main.main -> main.load -> crypto/rsa.GenerateKey"; long ways without their middle. */
static pqm_bytes way(const struct go_look *k, const struct pqm_go_call *c)
{
	pqm_bytes out = name_of(k, c->to);
	uint32_t f = c->from;

	for (unsigned n = 0; n < PATH_SHOWN; n++) {
		pqm_bytes name = name_of(k, f);

		out = pqm_arena_f(k->arena, "%.*s -> %.*s", PQM_FMT(name), PQM_FMT(out));
		f = k->graph.parent[f];
		if (f == PQM_GO_NOBODY)
			return out;
	}
	uint32_t root = f;

	for (uint32_t n = 0; n < k->table.n && k->graph.parent[root] != PQM_GO_NOBODY; n++)
		root = k->graph.parent[root];
	return pqm_arena_f(
		k->arena, "%.*s -> ... -> %.*s", PQM_FMT(name_of(k, root)), PQM_FMT(out));
}

static bool file_off(const struct go_look *k, uint64_t addr, uint64_t *off)
{
	pqm_bytes at;

	if (!pqm_gobin_at(&k->bin, addr, &at))
		return false;
	*off = k->base + (uint64_t)(at.p - k->bin.body.p);
	return true;
}

static pqm_bytes setting(const struct go_look *k, const char *key)
{
	return pqm_printable(k->arena, pqm_gobin_setting(&k->bin, key));
}

void go_say_build(const struct go_look *k, struct pqm_found *f)
{
	const struct pqm_go_module *m = &k->bin.main;

	pqm_found_attr(f, "go", pqm_printable(k->arena, k->bin.version));
	if (m->path.n > 0)
		pqm_found_attr(f, "module",
			pqm_printable(k->arena,
				pqm_arena_f(k->arena, "%.*s %.*s", PQM_FMT(m->path),
					PQM_FMT(m->version))));
	pqm_found_attr(f, "GOFIPS140", setting(k, "GOFIPS140"));
	pqm_found_attr(f, "GOEXPERIMENT", setting(k, "GOEXPERIMENT"));
}

static void say_call(struct go_look *k, const struct tally *t, struct pqm_found *f)
{
	const struct pqm_go_call *c = t->best;
	uint64_t addr = k->table.text + c->site;
	pqm_bytes callee = name_of(k, c->to), function;
	pqm_bytes package = pqm_go_package(pqm_pclntab_name(&k->table, c->to), &function);
	const struct pqm_go_module *m = pqm_gobin_module(&k->bin, package);

	f->object = callee;
	if (!file_off(k, addr, &f->off))
		f->off = k->table.off;
	pqm_found_attr(f, "call", callee);
	pqm_found_attr(f, "address", pqm_arena_f(k->arena, "0x%llx", (unsigned long long)addr));
	pqm_found_attr(f, "in", name_of(k, c->from));
	pqm_found_attr(f, "path", way(k, c));
	if (t->n > 1)
		pqm_found_attr(f, "calls", pqm_arena_f(k->arena, "%u", t->n));
	if (m != NULL && m != &k->bin.main)
		pqm_found_attr(f, "dependency",
			pqm_printable(k->arena,
				pqm_arena_f(k->arena, "%.*s %.*s", PQM_FMT(m->path),
					PQM_FMT(m->version))));
}

static enum pqm_st emit_use(struct go_look *k, size_t rule, const struct tally *t)
{
	const struct pqm_go_rule *g = &k->rules.rule[rule];
	const struct pqm_go_call *c = t->best;
	struct pqm_found f = { .meaning = c->is_weak ? PQM_OFFER : PQM_USE,
		.evidence = PQM_LINKED };

	pqm_go_rule_fill(&f, k->r, g->rule);
	f.identity = pqm_arena_f(k->arena, "go/%.*s/%.*s/%.*s", PQM_FMT(g->rule->id),
		PQM_FMT(name_of(k, c->from)), PQM_FMT(name_of(k, c->to)));
	f.why = pqm_arena_f(k->arena, "%.*s %s %.*s%s: %.*s", PQM_FMT(name_of(k, c->from)),
		c->is_value ? "refers to" : "calls", PQM_FMT(name_of(k, c->to)),
		c->is_weak ? ", which is registered at the start and not shown to run" : "",
		PQM_FMT(f.why));
	say_call(k, t, &f);
	pqm_found_attr(
		&f, "operation", pqm_yaml_str(pqm_yaml_get(g->rule->node, "emit"), "operation"));
	go_say_build(k, &f);
	return f.identity.p == NULL || f.why.p == NULL ? PQM_ENOMEM : pqm_emit(k->out, &f);
}

/* Of another machine's code nothing is followed: that the linker kept a function is all that is known. */
static enum pqm_st emit_kept(struct go_look *k, size_t rule, uint32_t function)
{
	const struct pqm_go_rule *g = &k->rules.rule[rule];
	pqm_bytes name = name_of(k, function);
	struct pqm_found f = { .meaning = PQM_OFFER, .evidence = PQM_LINKED };

	pqm_go_rule_fill(&f, k->r, g->rule);
	f.identity =
		pqm_arena_f(k->arena, "go/%.*s/kept/%.*s", PQM_FMT(g->rule->id), PQM_FMT(name));
	f.why = pqm_arena_f(k->arena,
		"the linker kept %.*s, whose callers are not read on this machine: %.*s",
		PQM_FMT(name), PQM_FMT(f.why));
	f.object = name;
	f.off = k->base + k->table.off;
	go_say_build(k, &f);
	return f.identity.p == NULL || f.why.p == NULL ? PQM_ENOMEM : pqm_emit(k->out, &f);
}

static bool is_better(const struct pqm_go_call *a, const struct pqm_go_call *b)
{
	return b == NULL || (!a->is_weak && b->is_weak);
}

/* Whether a way leads to the TLS of the toolchain. */
static void take_tls(struct go_look *k, size_t rule, const struct pqm_go_call *c)
{
	pqm_bytes function;

	if (pqm_eqs(pqm_go_package(pqm_pclntab_name(&k->table, c->to), &function), "crypto/tls") &&
		pqm_eqs(pqm_yaml_str(
				pqm_yaml_get(k->rules.rule[rule].rule->node, "emit"), "family"),
			"TLS"))
		k->tls = c->is_weak ? PQM_OFFER : PQM_USE;
}

static enum pqm_st emit_followed(struct go_look *k)
{
	struct tally *t = pqm_new(k->arena, struct tally, k->rules.n);
	enum pqm_st st = t == NULL ? PQM_ENOMEM : PQM_OK;

	for (size_t i = 0; st == PQM_OK && i < k->graph.n_calls; i++) {
		const struct pqm_go_call *c = &k->graph.calls[i];
		size_t rule = k->graph.wants[c->to] - 1U;
		struct tally *at = &t[rule];

		if ((c->is_method && !k->rules.rule[rule].takes_methods) ||
			!pqm_go_rule_counts(
				&k->rules.rule[rule], pqm_pclntab_name(&k->table, c->from)))
			continue;
		at->n++;
		if (is_better(c, at->best))
			at->best = c;
	}
	for (size_t i = 0; st == PQM_OK && i < k->rules.n; i++)
		if (t[i].best != NULL) {
			take_tls(k, i, t[i].best);
			st = emit_use(k, i, &t[i]);
		}
	return st;
}

/* What the library of TLS itself pulls in says nothing of the program; it makes no long-lived keys. */
static bool is_of_tls(const struct go_look *k, size_t rule, uint32_t function)
{
	const struct pqm_yaml *emit = pqm_yaml_get(k->rules.rule[rule].rule->node, "emit");
	pqm_bytes name = pqm_pclntab_name(&k->table, function);

	return k->has_tls && pqm_starts(name, PQM_LIT("crypto/")) &&
		!pqm_eqs(pqm_yaml_str(emit, "family"), "TLS") &&
		(!pqm_eqs(pqm_yaml_str(emit, "operation"), "keygen") ||
			pqm_starts(name, PQM_LIT("crypto/elliptic.")));
}

static enum pqm_st emit_unfollowed(struct go_look *k)
{
	bool *done = pqm_new(k->arena, bool, k->rules.n);
	enum pqm_st st = done == NULL ? PQM_ENOMEM : PQM_OK;

	for (uint32_t i = 0; st == PQM_OK && i < k->table.n; i++) {
		uint16_t rule = k->graph.wants[i];

		if (rule == 0 || done[rule - 1] || is_of_tls(k, rule - 1U, i))
			continue;
		done[rule - 1] = true;
		st = emit_kept(k, rule - 1U, i);
	}
	return st;
}

enum pqm_st go_emit(struct go_look *k, struct pqm_err *err)
{
	enum pqm_st st = pqm_go_graph_new(&k->graph, &k->table, k->arena, err);

	if (st != PQM_OK)
		return st;
	set_roles(k);
	st = pqm_go_graph_walk(&k->graph, &k->bin, &k->table, k->arena, err);
	if (st != PQM_OK)
		return st;
	if (k->graph.is_full)
		pqm_emit_note(k->out, k->table.off, PQM_ELIMIT,
			"Go: over %zu calls of cryptographic functions; the rest is not looked at",
			PQM_GO_CALLS);
	k->tls = PQM_ABSENT;
	if (!k->graph.is_followed && k->has_tls)
		k->tls = PQM_OFFER;
	st = k->graph.is_followed ? emit_followed(k) : emit_unfollowed(k);
	if (st == PQM_OK && k->tls != PQM_ABSENT)
		st = go_emit_tls(k);
	return st == PQM_OK ? PQM_OK : pqm_fail(err, st, "Go: out of memory");
}
