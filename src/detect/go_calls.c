/* go_calls.c — which uses of cryptography a Go program can reach. */
#include "base/limits.h"
#include "go_look.h"

/* Frames of a way that are told. */
#define PATH_SHOWN 12
/* Frames behind them, on the way to its start. */
#define PATH_LOOKED 4096

/* What one rule saw, with one parameter. */
struct tally {
	size_t rule;
	const struct pqm_go_call *best;
	pqm_bytes parameter;
	uint32_t bits, n;
};

struct tallies {
	struct tally *t;
	size_t n, cap;
};

static enum pqm_st set_roles(struct go_look *k, struct pqm_err *err)
{
	struct pqm_go_package_rules rules = { .n = 0 };
	pqm_bytes last = { NULL, 0 };
	uint8_t role = 0;
	uint64_t all = 0;

	for (uint32_t i = 0; i < k->table.n; i++) {
		pqm_bytes function, name = pqm_pclntab_name(&k->table, i);
		pqm_bytes package = pqm_go_package(name, &function);

		all += name.n;
		if (all / 2 > k->bin.body.n)
			return pqm_fail(err, PQM_EPARSE, "Go: names of functions overlap");
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
	return PQM_OK;
}

pqm_bytes go_name(const struct go_look *k, uint32_t function)
{
	return pqm_printable(k->arena, pqm_pclntab_name(&k->table, function));
}

/* Long ways without their middle. */
pqm_bytes go_way(const struct go_look *k, uint32_t function)
{
	pqm_bytes out = go_name(k, function);
	uint32_t f = k->graph.parent[function];

	for (unsigned n = 0; f != PQM_GO_NOBODY && n < PATH_SHOWN; n++) {
		out = pqm_arena_f(k->arena, "%.*s -> %.*s", PQM_FMT(go_name(k, f)), PQM_FMT(out));
		f = k->graph.parent[f];
	}
	if (f == PQM_GO_NOBODY)
		return out;
	for (unsigned n = 0; n < PATH_LOOKED && k->graph.parent[f] != PQM_GO_NOBODY; n++)
		f = k->graph.parent[f];
	return pqm_arena_f(k->arena, "%.*s -> ... -> %.*s", PQM_FMT(go_name(k, f)), PQM_FMT(out));
}

bool go_file_off(const struct go_look *k, uint64_t addr, uint64_t *off)
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

/* "crypto/rsa.GenerateKey(3072)" */
static pqm_bytes call_text(struct go_look *k, const struct tally *t)
{
	pqm_bytes callee = go_name(k, t->best->to);

	if (t->best->is_value)
		return callee;
	return pqm_arena_f(k->arena, "%.*s(%.*s)", PQM_FMT(callee), PQM_FMT(t->parameter));
}

static void say_call(struct go_look *k, const struct tally *t, struct pqm_found *f)
{
	const struct pqm_go_call *c = t->best;
	uint64_t addr = k->table.text + c->site;
	pqm_bytes callee = go_name(k, c->to), function;
	pqm_bytes package = pqm_go_package(pqm_pclntab_name(&k->table, c->to), &function);
	const struct pqm_go_module *m = pqm_gobin_module(&k->bin, package);

	f->object = callee;
	if (!go_file_off(k, addr, &f->off))
		f->off = k->base + k->table.off;
	pqm_found_attr(f, "address", pqm_arena_f(k->arena, "0x%llx", (unsigned long long)addr));
	pqm_found_attr(f, "call", call_text(k, t));
	pqm_found_attr(f, "witness",
		pqm_arena_f(
			k->arena, "%.*s -> %.*s", PQM_FMT(go_way(k, c->from)), PQM_FMT(callee)));
	pqm_found_attr(f, "reach", c->is_weak ? PQM_LIT("undecided") : PQM_LIT("yes"));
	if (t->n > 1)
		pqm_found_attr(f, "calls", pqm_arena_f(k->arena, "%u", t->n));
	if (m != NULL && m != &k->bin.main)
		pqm_found_attr(f, "dependency",
			pqm_printable(k->arena,
				pqm_arena_f(k->arena, "%.*s %.*s", PQM_FMT(m->path),
					PQM_FMT(m->version))));
}

static enum pqm_st emit_use(struct go_look *k, const struct tally *t)
{
	const struct pqm_go_rule *g = &k->rules.rule[t->rule];
	const struct pqm_go_call *c = t->best;
	struct pqm_found f = { .meaning = c->is_weak ? PQM_OFFER : PQM_USE,
		.evidence = PQM_LINKED,
		.parameter = t->parameter,
		.bits = t->bits };

	pqm_go_rule_fill(&f, k->r, g->rule);
	f.identity = pqm_arena_f(k->arena, "go/%.*s/%.*s/%.*s/%.*s", PQM_FMT(g->rule->id),
		PQM_FMT(go_name(k, c->from)), PQM_FMT(go_name(k, c->to)), PQM_FMT(t->parameter));
	f.why = pqm_arena_f(k->arena, "%.*s %s %.*s%s: %.*s", PQM_FMT(go_name(k, c->from)),
		c->is_value ? "refers to" : "calls", PQM_FMT(call_text(k, t)),
		c->is_kept	     ? ", which the linker kept and nothing here is seen to call"
			: c->is_weak ? ", which is registered at the start and not shown to run"
				     : "",
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
	pqm_bytes name = go_name(k, function);
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
	return b == NULL || (!a->is_weak && b->is_weak) || (!a->is_kept && b->is_kept);
}

/* Calls with the same parameter are one finding. */
static struct tally *tally_of(
	struct go_look *k, struct tallies *all, size_t rule, pqm_bytes parameter)
{
	struct tally *grown;

	for (size_t i = 0; i < all->n; i++)
		if (all->t[i].rule == rule && pqm_eq(all->t[i].parameter, parameter))
			return &all->t[i];
	grown = pqm_grow(k->arena, all->t, all->n, &all->cap);
	if (grown == NULL)
		return NULL;
	all->t = grown;
	all->t[all->n] = (struct tally){ .rule = rule, .parameter = parameter };
	return &all->t[all->n++];
}

static int by_rule(const void *va, const void *vb)
{
	const struct tally *a = va, *b = vb;

	return a->rule != b->rule ? (a->rule > b->rule) - (a->rule < b->rule)
				  : pqm_cmp(a->parameter, b->parameter);
}

/* Whether a way leads to the TLS of the toolchain. */
static void take_tls(struct go_look *k, size_t rule, const struct pqm_go_call *c)
{
	pqm_bytes function;

	if (pqm_eqs(pqm_go_package(pqm_pclntab_name(&k->table, c->to), &function), "crypto/tls") &&
		pqm_eqs(pqm_yaml_str(
				pqm_yaml_get(k->rules.rule[rule].rule->node, "emit"), "family"),
			"TLS"))
		k->tls = c->is_weak && k->tls != PQM_USE ? PQM_OFFER : PQM_USE;
}

static bool counts(const struct go_look *k, const struct pqm_go_call *c)
{
	if (c->to == PQM_GO_NOBODY)
		return false;
	const struct pqm_go_rule *g = &k->rules.rule[k->graph.wants[c->to] - 1];

	return (!c->is_method || g->takes_methods) &&
		pqm_go_rule_counts(g, pqm_pclntab_name(&k->table, c->from));
}

static enum pqm_st emit_followed(struct go_look *k)
{
	struct tallies all = { NULL, 0, 0 };
	enum pqm_st st = PQM_OK;

	for (size_t i = 0; i < k->graph.n_calls; i++) {
		const struct pqm_go_call *c = &k->graph.calls[i];
		uint32_t bits = 0;

		if (!counts(k, c))
			continue;
		pqm_bytes parameter = go_argument(k, c, &bits);
		struct tally *at = tally_of(k, &all, k->graph.wants[c->to] - 1U, parameter);

		if (at == NULL)
			return PQM_ENOMEM;
		at->n++;
		at->bits = bits;
		if (is_better(c, at->best))
			at->best = c;
	}
	if (all.n > 1)
		qsort(all.t, all.n, sizeof(*all.t), by_rule);
	for (size_t i = 0; st == PQM_OK && i < all.n; i++) {
		take_tls(k, all.t[i].rule, all.t[i].best);
		st = emit_use(k, &all.t[i]);
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

	if (st == PQM_OK)
		st = set_roles(k, err);
	if (st != PQM_OK)
		return st;
	k->flow_left = PQM_GO_FLOW_BYTES;
	k->callers_left = PQM_GO_CALLER_BYTES + UINT64_C(4) * k->table.start[k->table.n];
	k->version = pqm_go_version(k->bin.version);
	pqm_go_types_find(&k->types, &k->bin, &k->table, k->version);
	if (k->has_tls)
		k->graph.watch = pqm_go_type_by_name(&k->types, "tls.Config", "crypto/tls");
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
	if (st == PQM_OK && k->graph.watch != 0 && k->graph.is_followed)
		st = go_emit_pins(k);
	if (k->is_spent)
		pqm_emit_note(k->out, k->table.off, PQM_ELIMIT,
			"Go: arguments of some calls would cost too much to follow: they are told "
			"without");
	return st == PQM_OK ? PQM_OK : pqm_fail(err, st, "Go: out of memory");
}
