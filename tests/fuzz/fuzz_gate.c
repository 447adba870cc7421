/* fuzz_gate.c — what a repository may hold for a gate: a policy, a baseline, settings, comments. The first byte says
 * which. What is refused explains itself; what is accepted can be used. */
#include "emit.h"

#include "gate/gate.h"

extern const struct pqm_detector pqm_det_ignore;

static const struct pqm_rules *rules(void)
{
	static struct pqm_rules all;
	static bool is_loaded;
	struct pqm_err err;

	if (!is_loaded && pqm_rules_load(&all, NULL, &err) != PQM_OK)
		assert(0);
	is_loaded = true;
	return &all;
}

static void said(enum pqm_st st, const struct pqm_err *err)
{
	assert(st == PQM_OK || (err->st == st && err->msg[0] != '\0'));
}

static void policy(pqm_bytes text)
{
	const struct pqm_finding f = {
		.rule = PQM_LIT("cert.x509"), .family = PQM_LIT("RSA"), .parameter = PQM_LIT("2048")
	};
	struct pqm_policy p;
	struct pqm_err err = { 0 };

	pqm_policy_init(&p);
	said(pqm_policy_add_text(&p, rules(), "p.yaml", text, &err), &err);
	for (size_t i = 0; i < p.n; i++) {
		(void)pqm_policy_fits(&p.rules[i], &f, NULL);
		assert(p.rules[i].id.n > 0 && p.rules[i].why.n > 0);
		for (size_t k = 0; k < i; k++)
			assert(!pqm_eq(p.rules[i].id, p.rules[k].id));
	}
	pqm_policy_fini(&p);
}

static void baseline(pqm_bytes text)
{
	struct pqm_finding f = { .rule = PQM_LIT("cert.x509") };
	struct pqm_baseline b;
	struct pqm_err err = { 0 };

	pqm_baseline_init(&b);
	said(pqm_baseline_read_text(&b, "b.json", text, &err), &err);
	assert(pqm_baseline_unmet(&b) == b.n);
	(void)pqm_baseline_count(&b, rules(), &f);
	assert(pqm_baseline_unmet(&b) + 1 >= b.n);
	pqm_baseline_fini(&b);
}

/* Whatever was taken in can be settled and asked. */
static void ask(struct pqm_gate *g)
{
	struct pqm_occurrence o = { .path = PQM_LIT("x.c"), .line = 1 };
	struct pqm_finding f = { .rule = PQM_LIT("cert.x509"), .occs = &o, .n_occs = 1 };

	pqm_suppress_settle(g, 20000);
	(void)pqm_suppress_find(g, &(struct pqm_rules){ 0 }, &f, &o, PQM_LIT("policy.x"));
	for (size_t i = 0; i < g->n_suppressions; i++) {
		const struct pqm_suppression *s = &g->suppressions[i];

		(void)pqm_suppression_state(g, s);
		assert(s->fault.n > 0 || (s->rule.n > 0 && s->reason.n > 0));
	}
}

static void settings(pqm_bytes text, const struct pqm_suppress_rules *known)
{
	const struct pqm_yaml *root;
	struct pqm_gate g;
	struct pqm_err err = { 0 };

	pqm_gate_init(&g);
	if (pqm_yaml_one(&root, text, &g.arena, &err) == PQM_OK)
		said(pqm_suppress_config(&g, known, root, PQM_LIT("c.yaml"), &err), &err);
	ask(&g);
	pqm_gate_fini(&g);
}

static struct {
	const struct pqm_suppress_rules *known;
	size_t n;
} comments;

static enum pqm_st see(struct pqm_emit *e, const struct pqm_object *o)
{
	struct pqm_object copy = *o;
	struct pqm_inventory inv = { .objects = &copy, .n_objects = 1 };
	struct pqm_gate g;
	struct pqm_err err = { 0 };
	enum pqm_st st = emit_see_object(e, o);

	copy.path = PQM_LIT("x.c");
	pqm_gate_init(&g);
	said(pqm_suppress_found(&g, comments.known, &inv, &err), &err);
	assert(g.n_suppressions > 0);
	ask(&g);
	pqm_gate_fini(&g);
	comments.n++;
	return st;
}

static void texts(pqm_bytes text, const struct pqm_suppress_rules *known)
{
	struct pqm_emit emit = emit_checks();
	struct pqm_hit hit[64];
	size_t n = 0, at = 0;

	comments.known = known;
	emit.object = see;
	while (n < 64 && (at = pqm_find(text, at, PQM_LIT("pqmap:ignore"))) != SIZE_MAX)
		hit[n++] = (struct pqm_hit){ .off = at++ };
	emit_run(&pqm_det_ignore, &emit, "x.c", text, hit, n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct pqm_policy none; /* rules of findings are enough to name */
	const struct pqm_suppress_rules known = { rules(), &none };
	pqm_bytes text = { data + 1, size - 1 };

	if (size == 0)
		return 0;
	switch (data[0]) {
	case 'p':
		policy(text);
		break;
	case 'b':
		baseline(text);
		break;
	case 's':
		settings(text, &known);
		break;
	default:
		texts(text, &known);
	}
	return 0;
}
