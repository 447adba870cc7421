/* go_pins.c — key-exchange groups and versions of TLS that a Go program fixes in its own code. */
#include "go_look.h"
#include "rules/wire.h"

#define GROUPS 8
#define TLS10 0x0301
#define TLS12 0x0303

enum { CURVES, MAX_VERSION, N_FIELDS };

static const char *const fields[N_FIELDS] = { "CurvePreferences", "MaxVersion" };

/* What is fixed, and where. */
struct pin {
	const char *mode; /* of rules/golang/tls.yaml */
	pqm_bytes text;	  /* the list, or the version */
	pqm_bytes family, parameter;
	const struct pqm_go_call *in;
	uint64_t made;
	bool is_optional; /* the program may go around it */
};

static void say_place(struct go_look *k, const struct pin *p, struct pqm_found *f)
{
	f->object = go_name(k, p->in->from);
	if (!go_file_off(k, p->made, &f->off))
		f->off = k->base + k->table.off;
	pqm_found_attr(f, "setting", p->text);
	pqm_found_attr(f, "address", pqm_arena_f(k->arena, "0x%llx", (unsigned long long)p->made));
	pqm_found_attr(f, "witness", go_way(k, p->in->from));
	pqm_found_attr(f, "reach",
		k->graph.reached[p->in->from] == 1 ? PQM_LIT("yes") : PQM_LIT("undecided"));
	go_say_build(k, f);
}

static enum pqm_st emit_pin(struct go_look *k, const struct pin *p)
{
	struct pqm_go_facts facts = { .version = k->version, .mode = p->mode };
	const struct pqm_rule *rule = pqm_go_tls_default(&k->rules, &facts);
	struct pqm_found f = {
		.evidence = PQM_LINKED, .basis = PQM_EXPLICIT, .parameter = p->parameter
	};
	const struct pqm_alg_ref *ref = pqm_alg_by_name(k->r, p->family);

	if (rule == NULL)
		return PQM_OK;
	pqm_go_rule_fill(&f, k->r, rule);
	if (p->family.n > 0 && ref != NULL) {
		f.family = f.algorithm = p->family;
		f.quantum = ref->alg->quantum;
		f.classical = ref->alg->classical;
		f.parameter = p->parameter;
	}
	if (k->graph.reached[p->in->from] != 1 || p->is_optional)
		f.meaning = PQM_OFFER;
	f.identity = pqm_arena_f(k->arena, "go/%.*s/%.*s/%.*s", PQM_FMT(rule->id),
		PQM_FMT(go_name(k, p->in->from)), PQM_FMT(p->text));
	f.why = pqm_arena_f(k->arena, "%.*s %s %.*s. %.*s", PQM_FMT(go_name(k, p->in->from)),
		p->is_optional ? "sets, on one of its ways," : "sets", PQM_FMT(p->text),
		PQM_FMT(f.why));
	say_place(k, p, &f);
	return f.identity.p == NULL || f.why.p == NULL ? PQM_ENOMEM : pqm_emit(k->out, &f);
}

static bool take_group(struct go_look *k, struct pin *p, uint64_t id, bool *has_hybrid)
{
	const struct pqm_wire *w = pqm_wire_code(k->r, PQM_W_GROUP, (uint32_t)id);

	if (w == NULL)
		return false;
	/* An older toolchain does not know the group. */
	if (w->quantum != PQM_Q_BROKEN && k->version < 124)
		return false;
	p->text = pqm_arena_f(k->arena, "%.*s%s%.*s", PQM_FMT(p->text), p->text.n == 0 ? "" : ", ",
		PQM_FMT(w->name));
	if (p->family.n == 0 || (w->quantum != PQM_Q_BROKEN && !*has_hybrid)) {
		p->family = w->family;
		p->parameter = w->parameter;
	}
	*has_hybrid = *has_hybrid || w->quantum != PQM_Q_BROKEN;
	return true;
}

/* The list behind the field, when it is a literal that this function wrote. */
static bool read_list(struct go_look *k, const struct pqm_go_flow *w, const struct pqm_go_object *o,
	uint64_t off, struct pin *p)
{
	struct pqm_go_val at = pqm_go_object_at(o, off);
	bool has_hybrid = false;
	uint64_t n, id;

	if (at.kind != PQM_GO_V_OBJECT || !pqm_go_object_int(o, off + 8, 8, false, &n) || n == 0 ||
		n > GROUPS)
		return false;
	for (uint64_t i = 0; i < n; i++)
		if (!pqm_go_object_int(&w->objects[at.v], 2 * i, 2, false, &id) ||
			!take_group(k, p, id, &has_hybrid))
			return false;
	p->mode = has_hybrid ? "pin-hybrid" : "pin-classical";
	p->text = pqm_arena_f(k->arena, "CurvePreferences %.*s", PQM_FMT(p->text));
	return true;
}

static const struct pqm_go_store *stored(const struct pqm_go_object *o, uint64_t off)
{
	for (size_t i = 0; i < o->n; i++)
		if (off >= o->store[i].off && off - o->store[i].off < o->store[i].size)
			return &o->store[i];
	return NULL;
}

static enum pqm_st look_at(struct go_look *k, const struct pqm_go_flow *w,
	const struct pqm_go_object *o, const struct pqm_go_call *in, const struct pqm_go_field *at)
{
	struct pin p = { .in = in, .made = o->made };
	enum pqm_st st = PQM_OK;
	uint64_t max;

	/* The length: the pointer goes around the garbage collector's barrier. */
	const struct pqm_go_store *list = at[CURVES].found ? stored(o, at[CURVES].off + 8) : NULL;

	if (list != NULL) {
		p.is_optional = list->is_optional;
		if (!read_list(k, w, o, at[CURVES].off, &p))
			p = (struct pin){ .in = in,
				.made = o->made,
				.is_optional = list->is_optional,
				.mode = "pin-unknown",
				.text = PQM_LIT("CurvePreferences") };
		st = emit_pin(k, &p);
	}
	const struct pqm_go_store *most =
		at[MAX_VERSION].found ? stored(o, at[MAX_VERSION].off) : NULL;

	if (st == PQM_OK && most != NULL &&
		pqm_go_object_int(o, at[MAX_VERSION].off, 2, false, &max) && max >= TLS10 &&
		max <= TLS12) {
		p = (struct pin){ .in = in,
			.made = o->made,
			.mode = "ceiling",
			.is_optional = most->is_optional };
		p.parameter = pqm_arena_f(k->arena, "1.%u", (unsigned)(max - TLS10));
		p.text = pqm_arena_f(k->arena, "MaxVersion TLS %.*s", PQM_FMT(p.parameter));
		st = emit_pin(k, &p);
	}
	return st;
}

enum pqm_st go_emit_pins(struct go_look *k)
{
	struct pqm_go_flow w = {
		.bin = &k->bin, .table = &k->table, .version = k->version, .arena = k->arena
	};
	bool *done = pqm_new(k->arena, bool, k->table.n);
	struct pqm_go_field at[N_FIELDS];
	enum pqm_st st = done == NULL ? PQM_ENOMEM : PQM_OK;

	pqm_go_type_fields(&k->types, k->graph.watch, fields, at, N_FIELDS);
	for (size_t i = 0; st == PQM_OK && i < k->graph.n_calls; i++) {
		const struct pqm_go_call *c = &k->graph.calls[i];

		if (c->to != PQM_GO_NOBODY || done[c->from])
			continue;
		done[c->from] = true;
		if (!pqm_go_flow(&w, c->from))
			continue;
		for (size_t o = 0; st == PQM_OK && o < w.n_objects; o++)
			if (w.objects[o].type == k->graph.watch)
				st = look_at(k, &w, &w.objects[o], c, at);
	}
	return st;
}
