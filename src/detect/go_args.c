/* go_args.c — what is handed to calls of wanted functions, and what TLS settings a program fixes. */
#include "base/num.h"
#include "go_look.h"

/* Wrappers around a call that are looked through, and programs' functions whose callers are asked for. */
#define DEPTH 3
#define ASKED 12
#define BITS_MIN 256
#define BITS_MAX 65536

struct ask {
	struct go_look *k;
	struct pqm_go_flow flow;
	uint64_t site;
	uint32_t to;
	size_t at;
	struct pqm_go_val val;
	bool seen;
	unsigned n_asked;
};

static void take_arg(void *ctx, uint32_t to, uint64_t at, const struct pqm_go_val *args)
{
	struct ask *a = ctx;

	if (at != a->site || to != a->to || a->at >= PQM_GO_ARGS)
		return;
	a->val = args[a->at];
	a->seen = true;
}

static bool spend(struct go_look *k, uint64_t *left, uint64_t bytes)
{
	if (*left < bytes) {
		k->is_spent = true;
		return false;
	}
	*left -= bytes;
	return true;
}

/* The value of register `at` where `from` calls `to`. */
static struct pqm_go_val value_at(
	struct ask *a, uint32_t from, uint32_t to, uint32_t site, size_t at)
{
	static const struct pqm_go_val unknown = { 0, PQM_GO_V_UNKNOWN };
	const struct pqm_pclntab *t = &a->k->table;

	if (!spend(a->k, &a->k->flow_left, t->start[from + 1] - t->start[from]))
		return unknown;
	a->site = a->k->table.text + site;
	a->to = to;
	a->at = at;
	a->seen = false;
	return pqm_go_flow(&a->flow, from) && a->seen ? a->val : unknown;
}

/* What all callers of a function hand over in a register, when it is the same. */
static struct pqm_go_val from_callers(struct ask *a, uint32_t function, size_t at, unsigned depth)
{
	struct pqm_go_val all = { 0, PQM_GO_V_UNKNOWN };
	struct pqm_err err = { PQM_OK, "" };
	struct pqm_go_graph g;

	if (depth >= DEPTH || a->n_asked++ >= ASKED ||
		!spend(a->k, &a->k->callers_left, a->k->table.start[a->k->table.n]) ||
		pqm_go_callers(&g, function, &a->k->bin, &a->k->table, a->k->arena, &err) != PQM_OK)
		return all;
	for (size_t i = 0; i < g.n_calls; i++) {
		const struct pqm_go_call *c = &g.calls[i];
		struct pqm_go_val v = { 0, PQM_GO_V_UNKNOWN };

		if (!c->is_value)
			v = value_at(a, c->from, c->to, c->site, at);
		if (v.kind == PQM_GO_V_PARAM)
			v = from_callers(a, c->from, v.v, depth + 1);
		if ((v.kind != PQM_GO_V_INT && v.kind != PQM_GO_V_ADDR) ||
			(i > 0 && (v.kind != all.kind || v.v != all.v)))
			return (struct pqm_go_val){ 0, PQM_GO_V_UNKNOWN };
		all = v;
	}
	return all;
}

static pqm_bytes bits_text(struct go_look *k, struct pqm_go_val v, uint32_t *bits)
{
	if (v.kind != PQM_GO_V_INT || v.v < BITS_MIN || v.v > BITS_MAX)
		return (pqm_bytes){ NULL, 0 };
	*bits = (uint32_t)v.v;
	return pqm_arena_f(k->arena, "%u", *bits);
}

/* A curve is known by the type that stands for it in a method table, or by the function that gives it. */
static pqm_bytes curve_text(struct go_look *k, struct pqm_go_val v, const struct pqm_yaml *names)
{
	pqm_bytes name = { NULL, 0 };
	uint64_t type;

	if (v.kind == PQM_GO_V_RESULT)
		name = pqm_pclntab_name(&k->table, (uint32_t)v.v);
	else if (v.kind == PQM_GO_V_ADDR && pqm_gobin_pointer(&k->bin, v.v + 8, &type))
		name = pqm_go_type_name(&k->types, type);
	for (size_t i = 0; names != NULL && name.n > 0 && i < names->n; i++)
		if (pqm_glob(names->keys[i]->text, name))
			return names->items[i]->text;
	return (pqm_bytes){ NULL, 0 };
}

static const struct pqm_yaml *recipe(const struct pqm_go_rule *g, pqm_bytes function)
{
	for (size_t i = 0; g->args != NULL && i < g->args->n; i++)
		if (pqm_glob(pqm_yaml_str(g->args->items[i], "function"), function))
			return g->args->items[i];
	return NULL;
}

pqm_bytes go_argument(struct go_look *k, const struct pqm_go_call *c, uint32_t *bits)
{
	const struct pqm_go_rule *g = &k->rules.rule[k->graph.wants[c->to] - 1];
	struct ask a = { .k = k,
		.flow = { .bin = &k->bin,
			.table = &k->table,
			.version = k->version,
			.arena = k->arena,
			.visit = take_arg } };
	const struct pqm_yaml *how;
	pqm_bytes function;
	uint64_t at;
	struct pqm_go_val v;

	(void)pqm_go_package(pqm_pclntab_name(&k->table, c->to), &function);
	how = recipe(g, function);
	if (how == NULL || c->is_value || !pqm_yaml_u64(how, "at", &at))
		return (pqm_bytes){ NULL, 0 };
	a.flow.ctx = &a;
	v = value_at(&a, c->from, c->to, c->site, at);
	if (v.kind == PQM_GO_V_PARAM)
		v = from_callers(&a, c->from, v.v, 0);
	return pqm_eqs(pqm_yaml_str(how, "is"), "bits")
		? bits_text(k, v, bits)
		: curve_text(k, v, pqm_yaml_get(how, "names"));
}
