#include "tasks.h"

#include "base/num.h"
#include "perf.h"

#define NO_NODE UINT32_MAX
#define CHAIN_DEPTH 8 /* task types that depend on each other */

/* A task being collected. */
struct draft {
	const struct pqm_rule *rule;
	struct pqm_task t;
	size_t cap_where, cap_assets, cap_findings, cap_deps;
	struct pqm_map units; /* what was counted, once */
	struct pqm_map of;    /* ids of its assets */
	uint64_t n_places;    /* also those over PQM_TASK_PLACES_MAX */
	pqm_bytes label, object, path,
		words; /* of the first place; words: what `changes` looks at */
	uint32_t *deps;
	pqm_bytes *where, *assets;
	uint8_t (*findings)[PQM_ID_BYTES];
};

struct maker {
	const struct pqm_rules *r;
	const struct pqm_risk_params *p;
	const struct pqm_inventory *inv;
	const struct pqm_graph *g;
	const struct pqm_bench *bench;
	struct pqm_arena *arena;
	struct pqm_err *err;
	struct draft *d;
	size_t n, cap;
	struct pqm_map by_id;	       /* id -> index + 1 as pointer */
	struct pqm_map by_finding;     /* id -> the first asset that lists it */
	uint32_t *image;	       /* by node: what a workload runs, or NO_NODE */
	const struct pqm_rule **rules; /* of plan/: thousands of findings ask each of them */
	size_t n_rules;
	enum pqm_st st;
};

/* What a task is made for: a hop of an asset, an asset, or a finding. */
struct cause {
	const struct pqm_asset *asset;
	const struct pqm_hop *hop;	   /* may be NULL */
	const struct pqm_finding *finding; /* may be NULL */
};

static void fail_memory(struct maker *m)
{
	if (m->st == PQM_OK)
		m->st = pqm_fail(m->err, PQM_ENOMEM, "plan: out of memory");
}

static const struct pqm_node *node_of(const struct maker *m, uint32_t i)
{
	return i < m->g->n_nodes ? &m->g->nodes[i] : NULL;
}

static uint32_t image_of(const struct maker *m, uint32_t workload)
{
	return workload < m->g->n_nodes ? m->image[workload] : NO_NODE;
}

static bool is_of(const struct maker *m, uint32_t i, enum pqm_node_type a, enum pqm_node_type b)
{
	const struct pqm_node *n = node_of(m, i);

	return n != NULL && (n->type == a || n->type == b);
}

/* The end of the hop that the rule's target names; the far end when neither fits. */
static uint32_t pick(const struct maker *m, const struct pqm_hop *h, pqm_bytes target)
{
	static const struct {
		const char *target;
		enum pqm_node_type a, b;
	} kinds[] = {
		{ "edge", PQM_NODE_EDGE, PQM_NODE_EDGE },
		{ "workload", PQM_NODE_WORKLOAD, PQM_NODE_WORKLOAD },
		{ "image", PQM_NODE_WORKLOAD, PQM_NODE_WORKLOAD },
		{ "store", PQM_NODE_STORE, PQM_NODE_STORE },
		{ "secret", PQM_NODE_SECRET, PQM_NODE_CERTIFICATE },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!pqm_eqs(target, kinds[i].target))
			continue;
		if (is_of(m, h->to, kinds[i].a, kinds[i].b))
			return h->to;
		if (is_of(m, h->from, kinds[i].a, kinds[i].b))
			return h->from;
	}
	return node_of(m, h->to) != NULL ? h->to : h->from;
}

struct place {
	pqm_bytes key, label, object;
};

/* "Ingress data"; an image or a URL speaks for itself. */
static struct place place_of_node(struct maker *m, uint32_t i)
{
	const struct pqm_node *n = &m->g->nodes[i];
	pqm_bytes name = n->name.n > 0 ? n->name : n->id;
	bool plain = n->kind.n == 0 || n->type == PQM_NODE_IMAGE || n->type == PQM_NODE_EXTERNAL;

	return (struct place){ n->id,
		plain ? name : pqm_arena_f(m->arena, "%.*s %.*s", PQM_FMT(n->kind), PQM_FMT(name)),
		n->id };
}

/* "unassigned in TARGET" is no place of anybody's. */
static pqm_bytes label_of_asset(struct maker *m, const struct pqm_asset *a)
{
	static const char word[] = "unassigned";

	if (!a->is_unassigned || !pqm_starts(a->name, pqm_str(word)))
		return a->name;
	return pqm_arena_f(m->arena, "places outside the AI assets%.*s",
		PQM_FMT(pqm_sub(a->name, sizeof(word) - 1, a->name.n)));
}

/* Where the task is done: its key makes the task's id. */
static struct place place_of(
	struct maker *m, const struct pqm_rule *rule, const struct cause *c, uint32_t node)
{
	pqm_bytes target = pqm_yaml_str(rule->node, "target");
	struct place by_asset = { c->asset->id, label_of_asset(m, c->asset), c->asset->id };
	const struct pqm_node *n = node_of(m, node);

	if (pqm_eqs(target, "run"))
		return (struct place){ PQM_LIT("all"), PQM_LIT("everything scanned"),
			PQM_LIT("all") };
	if (n == NULL || pqm_eqs(target, "asset"))
		return by_asset;
	if (!pqm_eqs(target, "namespace"))
		return place_of_node(m, node);
	if (n->ns.n == 0)
		return by_asset;
	return (struct place){ pqm_arena_f(m->arena, "namespace/%.*s", PQM_FMT(n->ns)),
		pqm_arena_f(m->arena, "namespace %.*s", PQM_FMT(n->ns)), n->ns };
}

static void add_unit(struct maker *m, struct draft *d, pqm_bytes key)
{
	if (!pqm_map_put(&d->units, key, d))
		fail_memory(m);
}

static void count_units(struct maker *m, struct draft *d, const struct cause *c)
{
	pqm_bytes per = pqm_yaml_str(d->rule->node, "per");
	const struct pqm_hop *h = c->hop;
	size_t n = c->finding != NULL ? 1 : h != NULL ? h->n_findings : 0;

	if (pqm_eqs(per, "asset")) {
		add_unit(m, d, c->asset->id);
	} else if (pqm_eqs(per, "finding") ||
		(h != NULL && node_of(m, h->to) == NULL && !pqm_eqs(per, "target"))) {
		for (size_t i = 0; i < n && m->st == PQM_OK; i++)
			add_unit(m, d,
				(pqm_bytes){ c->finding != NULL ? c->finding->id : h->findings[i],
					PQM_ID_BYTES });
		if (n == 0 && h != NULL)
			add_unit(m, d, h->label);
	} else if (pqm_eqs(per, "hop") && h != NULL) {
		add_unit(m, d, h->label);
	} else {
		add_unit(m, d, PQM_LIT("target"));
	}
}

static void add_text(struct maker *m, pqm_bytes **list, size_t *n, size_t *cap, pqm_bytes text)
{
	pqm_bytes *grown;

	for (size_t i = 0; i < *n; i++)
		if (pqm_eq((*list)[i], text))
			return;
	grown = pqm_grow(m->arena, *list, *n, cap);
	if (grown == NULL || text.p == NULL) {
		fail_memory(m);
		return;
	}
	*list = grown;
	(*list)[(*n)++] = text;
}

static void add_asset(struct maker *m, struct draft *d, pqm_bytes id)
{
	pqm_bytes *grown;

	if (pqm_map_get(&d->of, id) != NULL)
		return;
	grown = pqm_grow(m->arena, d->assets, d->t.n_assets, &d->cap_assets);
	if (grown == NULL || !pqm_map_put(&d->of, id, m)) {
		fail_memory(m);
		return;
	}
	d->assets = grown;
	d->assets[d->t.n_assets++] = id;
}

static pqm_bytes where_of(struct maker *m, const struct cause *c)
{
	const struct pqm_hop *h = c->hop;
	const struct pqm_occurrence *o =
		c->finding != NULL && c->finding->n_occs > 0 ? &c->finding->occs[0] : NULL;
	char place[48];

	if (o != NULL) {
		pqm_occ_place(place, o);
		return pqm_arena_f(m->arena, "%.*s:%s", PQM_FMT(o->path), place);
	}
	if (h == NULL)
		return c->asset->name;
	if (h->path.n == 0)
		return h->label;
	if (h->line == 0)
		return pqm_arena_f(m->arena, "%.*s, %.*s", PQM_FMT(h->path), PQM_FMT(h->label));
	return pqm_arena_f(m->arena, "%.*s:%u, %.*s", PQM_FMT(h->path), h->line,
		PQM_FMT(h->ref.n > 0 ? h->ref : h->label));
}

static void add_place(struct maker *m, struct draft *d, const struct cause *c)
{
	size_t before = d->t.n_where;

	if (before < PQM_TASK_PLACES_MAX)
		add_text(m, &d->where, &d->t.n_where, &d->cap_where, where_of(m, c));
	d->n_places += before >= PQM_TASK_PLACES_MAX || d->t.n_where > before;
}

static void add_finding(struct maker *m, struct draft *d, const uint8_t id[PQM_ID_BYTES])
{
	uint8_t(*grown)[PQM_ID_BYTES];

	for (size_t i = 0; i < d->t.n_findings; i++)
		if (memcmp(d->findings[i], id, PQM_ID_BYTES) == 0)
			return;
	if (d->t.n_findings >= PQM_TASK_FINDINGS_MAX)
		return;
	grown = pqm_arena_grow(
		m->arena, d->findings, d->t.n_findings, &d->cap_findings, PQM_ID_BYTES);
	if (grown == NULL) {
		fail_memory(m);
		return;
	}
	d->findings = grown;
	memcpy(d->findings[d->t.n_findings++], id, PQM_ID_BYTES);
}

static void add_cause(struct maker *m, struct draft *d, const struct cause *c)
{
	count_units(m, d, c);
	add_asset(m, d, c->asset->id);
	add_place(m, d, c);
	for (size_t i = 0; c->hop != NULL && i < c->hop->n_findings; i++)
		add_finding(m, d, c->hop->findings[i]);
	if (c->finding != NULL)
		add_finding(m, d, c->finding->id);
}

static uint32_t find_draft(struct maker *m, pqm_bytes id)
{
	uintptr_t v = (uintptr_t)pqm_map_get(&m->by_id, id);

	return v == 0 ? UINT32_MAX : (uint32_t)(v - 1);
}

/* The draft for this rule and place, made when it is new. */
static uint32_t draft_for(
	struct maker *m, const struct pqm_rule *rule, const struct cause *c, struct place place)
{
	pqm_bytes type = pqm_yaml_str(rule->node, "type");
	bool full = m->n + 64 >= PQM_PLAN_JOBS_MAX; /* room for one folded task of each type */
	pqm_bytes id = full ? pqm_arena_f(m->arena, "%.*s:more", PQM_FMT(type))
			    : pqm_arena_f(m->arena, "%.*s:%.*s", PQM_FMT(type), PQM_FMT(place.key));
	uint32_t i = find_draft(m, id);
	struct draft *grown;

	if (i != UINT32_MAX)
		return i;
	grown = pqm_grow(m->arena, m->d, m->n, &m->cap);
	if (grown == NULL || id.p == NULL ||
		!pqm_map_put(&m->by_id, id, (void *)(uintptr_t)(m->n + 1))) {
		fail_memory(m);
		return UINT32_MAX;
	}
	m->d = grown;
	struct draft *d = &m->d[m->n];

	*d = (struct draft){ .rule = rule,
		.label = full ? PQM_LIT("further places") : place.label };
	d->object = place.object;
	if (c->hop != NULL) {
		const struct pqm_node *n = node_of(m, c->hop->to);

		d->path = c->hop->path;
		d->words = pqm_arena_f(m->arena, "%.*s %.*s %.*s %.*s %.*s", PQM_FMT(place.object),
			PQM_FMT(c->hop->label), PQM_FMT(c->hop->ref), PQM_FMT(c->hop->why),
			PQM_FMT((n != NULL ? n->id : PQM_LIT(""))));
	}
	d->t.id = id;
	d->t.type = type;
	return (uint32_t)m->n++;
}

static void add_dep(struct maker *m, uint32_t from, uint32_t to)
{
	struct draft *d = &m->d[from];
	uint32_t *grown;

	if (from == to)
		return;
	for (size_t i = 0; i < d->t.n_deps; i++)
		if (d->deps[i] == to)
			return;
	grown = pqm_grow(m->arena, d->deps, d->t.n_deps, &d->cap_deps);
	if (grown == NULL) {
		fail_memory(m);
		return;
	}
	d->deps = grown;
	d->deps[d->t.n_deps++] = to;
}

static uint32_t make(
	struct maker *m, const struct pqm_rule *rule, const struct cause *c, unsigned depth);

/* A dependency is left out when the hop meets it already. */
static bool is_met(const struct pqm_rule *dep, const struct pqm_yaml *entry, const struct cause *c)
{
	const struct pqm_yaml *skip = pqm_yaml_get(dep->node, "skip_for");
	struct pqm_traits t;
	char letters[4][2];

	if (c->hop == NULL)
		return false;
	pqm_traits_of_hop(&t, c->hop, letters);
	for (size_t i = 0; skip != NULL && i < skip->n; i++)
		if (pqm_eqs(pqm_yaml_text(skip->items[i]), pqm_verdict_name(c->hop->verdict)))
			return true;
	return pqm_traits_fit(&t, pqm_yaml_get(entry, "unless"));
}

/* The task of this type for this cause, if something made it already. */
static uint32_t made(struct maker *m, const struct pqm_rule *rule, const struct cause *c)
{
	uint32_t node =
		c->hop == NULL ? NO_NODE : pick(m, c->hop, pqm_yaml_str(rule->node, "target"));
	struct place at = place_of(m, rule, c, node);
	pqm_bytes type = pqm_yaml_str(rule->node, "type"),
		  id = pqm_arena_f(m->arena, "%.*s:%.*s", PQM_FMT(type), PQM_FMT(at.key));

	return id.p == NULL ? UINT32_MAX : find_draft(m, id);
}

static void make_deps(struct maker *m, uint32_t task, const struct pqm_rule *rule,
	const struct cause *c, unsigned depth)
{
	const struct pqm_yaml *deps = pqm_yaml_get(rule->node, "depends");

	for (size_t i = 0; deps != NULL && i < deps->n && m->st == PQM_OK; i++) {
		const struct pqm_yaml *e = deps->items[i];
		pqm_bytes type = e->type == PQM_YAML_MAP ? pqm_yaml_str(e, "type") : e->text;
		const struct pqm_rule *dep = pqm_plan_type(m->r, type);

		if (dep == NULL) {
			m->st = pqm_rule_fail(
				rule, e, m->err, "depends on unknown type '%.*s'", PQM_FMT(type));
			return;
		}
		if (is_met(dep, e, c))
			continue;
		uint32_t d =
			pqm_yaml_true(e, "if_made") ? made(m, dep, c) : make(m, dep, c, depth + 1);

		if (m->st == PQM_OK && d != UINT32_MAX)
			add_dep(m, task, d);
	}
}

/* A library must be there at both ends of a link. */
static void other_end(struct maker *m, const struct pqm_rule *rule, const struct cause *c,
	uint32_t picked, uint32_t first)
{
	uint32_t other = picked == c->hop->to ? c->hop->from : c->hop->to, image;

	if (!is_of(m, other, PQM_NODE_WORKLOAD, PQM_NODE_WORKLOAD))
		return;
	image = image_of(m, other);
	uint32_t i = draft_for(m, rule, c, place_of_node(m, image == NO_NODE ? other : image));

	if (m->st != PQM_OK || i == first)
		return;
	add_cause(m, &m->d[i], c);
	add_dep(m, first, i); /* one chain: who waits for the first waits for both */
}

static uint32_t make(
	struct maker *m, const struct pqm_rule *rule, const struct cause *c, unsigned depth)
{
	pqm_bytes target = pqm_yaml_str(rule->node, "target");
	uint32_t node = c->hop == NULL ? NO_NODE : pick(m, c->hop, target), i;
	uint32_t image = NO_NODE;

	if (depth > CHAIN_DEPTH) {
		m->st = pqm_rule_fail(
			rule, NULL, m->err, "task types depend on each other in a circle");
		return UINT32_MAX;
	}
	if (pqm_eqs(target, "image") && node_of(m, node) != NULL)
		image = image_of(m, node);
	i = draft_for(m, rule, c, place_of(m, rule, c, image != NO_NODE ? image : node));
	if (m->st != PQM_OK)
		return UINT32_MAX;
	add_cause(m, &m->d[i], c);
	if (pqm_eqs(target, "image") && c->hop != NULL && node_of(m, node) != NULL)
		other_end(m, rule, c, node, i);
	make_deps(m, i, rule, c, depth);
	return i;
}

static void add_step(struct pqm_hop_steps *s, uint32_t task, char reaches)
{
	if (s->n < PQM_STEPS_MAX)
		s->step[s->n++] = (struct pqm_step){ task, reaches };
}

/* A rule may help some uses only: a new library makes no signature post-quantum. */
static bool helps(const struct pqm_rule *rule, const struct pqm_hop *h)
{
	const struct pqm_yaml *uses = pqm_yaml_get(rule->node, "uses");
	bool ok = uses == NULL;

	for (size_t i = 0; uses != NULL && i < uses->n; i++)
		ok = ok ||
			(uses->items[i]->text.n == 1 && (char)uses->items[i]->text.p[0] == h->use);
	return ok;
}

static char reaches(const struct pqm_rule *rule, const struct pqm_hop *h)
{
	pqm_bytes word = pqm_yaml_str(rule->node, "reaches");

	return helps(rule, h) && word.n == 1 ? (char)word.p[0] : '\0';
}

/* The hop's own fix, and what follows it until the use is covered. */
static void make_steps(struct maker *m, const struct pqm_rule *rule, const struct cause *c,
	struct pqm_hop_steps *steps)
{
	const struct pqm_yaml *then = pqm_yaml_get(rule->node, "then");
	uint32_t last = make(m, rule, c, 0);

	if (m->st != PQM_OK || !helps(rule, c->hop))
		return;
	add_step(steps, last, reaches(rule, c->hop));
	for (size_t i = 0; then != NULL && i < then->n && m->st == PQM_OK; i++) {
		const struct pqm_rule *next = pqm_plan_type(m->r, pqm_yaml_text(then->items[i]));
		uint32_t task;

		if (next == NULL) {
			m->st = pqm_rule_fail(
				rule, then->items[i], m->err, "then: unknown task type");
			return;
		}
		task = make(m, next, c, 0);
		if (m->st != PQM_OK)
			return;
		add_dep(m, task, last);
		last = task;
		add_step(steps, task, reaches(next, c->hop));
	}
}

static bool is_safe(const struct maker *m, const struct pqm_hop *h)
{
	for (size_t i = 0; i < h->n_layers; i++) {
		const struct pqm_risk_class *k = pqm_risk_class_find(m->p, h->layers[i]);

		if (k != NULL && k->fall == PQM_FALL_NEVER)
			return true;
	}
	return h->coverage == 'E';
}

static void for_hop(struct maker *m, const struct pqm_asset *a, const struct pqm_hop *h,
	struct pqm_hop_steps *steps)
{
	const struct pqm_rule *main_rule = pqm_plan_type(m->r, h->task);
	struct cause c = { .asset = a, .hop = h };
	struct pqm_traits t;
	char letters[4][2];

	pqm_traits_of_hop(&t, h, letters);
	for (size_t i = 0; i < m->n_rules && m->st == PQM_OK; i++) {
		const struct pqm_rule *rule = m->rules[i];
		bool fixes = pqm_yaml_get(rule->node, "reaches") != NULL;

		if (rule == main_rule || !pqm_rule_wants(rule, &t))
			continue;
		if (!fixes)
			(void)make(m, rule, &c, 0);
		else if (main_rule == NULL)
			main_rule = rule;
	}
	if (main_rule != NULL && !is_safe(m, h) && m->st == PQM_OK)
		make_steps(m, main_rule, &c, steps);
}

static void for_asset(struct maker *m, const struct pqm_asset *a)
{
	struct pqm_traits t = { .kind = "asset", .n = 4 };
	struct cause c = { .asset = a };

	t.t[0] = (struct pqm_trait){ "life",
		a->life_years.is_assumption ? PQM_LIT("assumed") : PQM_LIT("declared") };
	t.t[1] = (struct pqm_trait){ "impact",
		a->impact.is_assumption ? PQM_LIT("assumed") : PQM_LIT("declared") };
	t.t[2] = (struct pqm_trait){ "owner", a->owner.n == 0 ? PQM_LIT("none") : PQM_LIT("set") };
	t.t[3] = (struct pqm_trait){ "kind",
		a->is_unassigned ? PQM_LIT("unassigned") : PQM_LIT("assigned") };
	for (size_t i = 0; i < m->n_rules && m->st == PQM_OK; i++)
		if (pqm_rule_wants(m->rules[i], &t))
			(void)make(m, m->rules[i], &c, 0);
}

/* The asset that lists the finding; else the one for the rest of the target. */
static const struct pqm_asset *asset_of(const struct maker *m, const struct pqm_finding *f)
{
	const struct pqm_asset *lists =
		pqm_map_get(&m->by_finding, (pqm_bytes){ f->id, PQM_ID_BYTES });

	for (size_t a = 0; a < m->g->n_assets && lists == NULL; a++)
		if (m->g->assets[a].is_unassigned)
			lists = &m->g->assets[a];
	return lists;
}

static void for_finding(struct maker *m, const struct pqm_finding *f)
{
	struct pqm_traits t = { .kind = "finding", .n = 6 };

	t.t[0] = (struct pqm_trait){ "meaning", pqm_str(pqm_meaning_name(f->meaning)) };
	t.t[1] = (struct pqm_trait){ "function", pqm_str(pqm_function_name(f->function)) };
	t.t[2] = (struct pqm_trait){ "quantum", pqm_str(pqm_quantum_name(f->quantum)) };
	t.t[3] = (struct pqm_trait){ "classical", pqm_str(pqm_classical_name(f->classical)) };
	t.t[4] = (struct pqm_trait){ "evidence", pqm_str(pqm_evidence_name(f->evidence)) };
	t.t[5] = (struct pqm_trait){ "family", f->family };
	for (size_t i = 0; i < m->n_rules && m->st == PQM_OK; i++) {
		const struct pqm_rule *rule = m->rules[i];
		struct cause c = { .finding = f };

		if (!pqm_rule_wants(rule, &t))
			continue;
		c.asset = asset_of(m, f);
		if (c.asset != NULL)
			(void)make(m, rule, &c, 0);
	}
}

/* ---- texts ---- */

/* What the rule says in other words for this place, or NULL. */
static const struct pqm_yaml *variant_of(const struct draft *d)
{
	const struct pqm_yaml *list = pqm_yaml_get(d->rule->node, "changes");

	for (size_t i = 0; list != NULL && i < list->n; i++) {
		pqm_bytes word = pqm_yaml_str(list->items[i], "if");

		for (size_t at = 0; word.n > 0 && at + word.n <= d->words.n; at++)
			if (pqm_ieq(pqm_sub(d->words, at, word.n), word))
				return list->items[i];
	}
	return NULL;
}

static enum pqm_st fill_effort(struct maker *m, struct draft *d)
{
	const struct pqm_yaml *e = pqm_yaml_get(d->rule->node, "effort"), *node = d->rule->node;
	struct pqm_task *t = &d->t;
	pqm_bytes until = pqm_yaml_str(node, "blocked_until");
	double n = d->units.n > 0 ? (double)d->units.n : 1, lo, hi;
	uint64_t phase;

	if (!pqm_yaml_f64(e, "lo", &lo) || !pqm_yaml_f64(e, "hi", &hi) || !(lo >= 0) || hi < lo)
		return pqm_rule_fail(d->rule, e, m->err, "effort needs lo <= hi in person-days");
	if (!pqm_yaml_u64(node, "phase", &phase) || phase < 1 || phase > 5)
		return pqm_rule_fail(d->rule, NULL, m->err, "phase must be 1 to 5");
	t->blocked_until = INT64_MIN;
	if (until.n > 0 && !pqm_date_parse(until, &t->blocked_until))
		return pqm_rule_fail(d->rule, NULL, m->err, "blocked_until must be a date");
	t->effort_lo = lo * n;
	t->effort_hi = hi * n;
	t->n_units = (unsigned)n;
	t->phase = (unsigned)phase;
	t->is_weak_fix = pqm_yaml_true(node, "first");
	return PQM_OK;
}

static pqm_bytes say(const struct pqm_yaml *node, const struct pqm_yaml *own, const char *key)
{
	return pqm_yaml_str(pqm_yaml_get(own, key) != NULL ? own : node, key);
}

/* What the rule says, and what was measured for it. */
static pqm_bytes costs_of(struct maker *m, const struct pqm_yaml *node, const struct pqm_yaml *own,
	const pqm_bytes v[4])
{
	pqm_bytes said = pqm_fill(m->arena, say(node, own, "costs"), v), found;

	if (m->bench == NULL || pqm_yaml_get(own, "costs") != NULL)
		return said;
	found = pqm_perf_cost_text(m->r, m->bench, pqm_yaml_str(node, "measure"), m->arena);
	if (found.n == 0 || said.n == 0)
		return found.n == 0 ? said : found;
	return pqm_arena_f(m->arena, "%.*s; %.*s", PQM_FMT(said), PQM_FMT(found));
}

static enum pqm_st fill_texts(struct maker *m, struct draft *d)
{
	const struct pqm_yaml *node = d->rule->node, *own = variant_of(d);
	char count[32];
	const pqm_bytes v[4] = { d->label, d->object, d->path,
		pqm_bytes_dup(m->arena, pqm_str(pqm_human_count(count, d->t.n_units))) };
	struct pqm_task *t = &d->t;

	if (d->n_places > PQM_TASK_PLACES_MAX)
		add_text(m, &d->where, &t->n_where, &d->cap_where,
			pqm_arena_f(m->arena, "and %s more",
				pqm_human_count(count, d->n_places - PQM_TASK_PLACES_MAX)));
	t->title = pqm_fill(m->arena, pqm_yaml_str(node, "title"), v);
	t->change = pqm_fill(m->arena,
		pqm_yaml_str(own != NULL ? own : node, own != NULL ? "text" : "change"), v);
	t->both_ends = pqm_fill(m->arena, say(node, own, "both_ends"), v);
	t->needs = pqm_fill(m->arena, say(node, own, "needs"), v);
	t->costs = costs_of(m, node, own, v);
	t->verify = pqm_fill(m->arena, say(node, own, "verify"), v);
	t->rollback = pqm_fill(m->arena, say(node, own, "rollback"), v);
	t->why = pqm_fill(m->arena, pqm_yaml_str(node, "why"), v);
	t->blocked_why = pqm_yaml_str(node, "blocked_why");
	t->where = d->where;
	t->assets = d->assets;
	t->findings = (const uint8_t(*)[PQM_ID_BYTES])d->findings;
	return t->title.p == NULL ? pqm_fail(m->err, PQM_ENOMEM, "plan: out of memory") : m->st;
}

static enum pqm_st load_phases(
	struct pqm_tasks *out, const struct pqm_rules *r, struct pqm_err *err)
{
	const struct pqm_rule *rule;

	for (size_t i = 0; (rule = pqm_rules_next(r, "plan/phases.yaml", &i)) != NULL;) {
		uint64_t phase, window;

		if (!pqm_yaml_u64(rule->node, "phase", &phase) || phase < 1 || phase > 5 ||
			!pqm_yaml_u64(rule->node, "window", &window) || window > PQM_W_18_PLUS)
			return pqm_rule_fail(
				rule, NULL, err, "needs phase 1 to 5 and window 0 to 2");
		out->phase_name[phase] = pqm_yaml_str(rule->node, "name");
		out->phase_window[phase] = (unsigned)window;
	}
	return PQM_OK;
}

static int by_task_id(const void *x, const void *y, void *ctx)
{
	const struct draft *d = ctx;

	return pqm_cmp(d[*(const uint32_t *)x].t.id, d[*(const uint32_t *)y].t.id);
}

static int by_u32(const void *x, const void *y)
{
	uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;

	return (a > b) - (a < b);
}

/* Sorts the drafts by id and turns every index into the sorted one. */
static enum pqm_st settle(struct maker *m, struct pqm_tasks *out)
{
	uint32_t *order = pqm_new(m->arena, uint32_t, m->n),
		 *at = pqm_new(m->arena, uint32_t, m->n);

	out->task = pqm_new(m->arena, struct pqm_task, m->n);
	if (order == NULL || at == NULL || out->task == NULL)
		return pqm_fail(m->err, PQM_ENOMEM, "plan: out of memory");
	for (uint32_t i = 0; i < m->n; i++)
		order[i] = i;
	qsort_r(order, m->n, sizeof(*order), by_task_id, m->d);
	for (uint32_t i = 0; i < m->n; i++)
		at[order[i]] = i;
	for (uint32_t i = 0; i < m->n; i++) {
		struct draft *d = &m->d[order[i]];

		for (size_t k = 0; k < d->t.n_deps; k++)
			d->deps[k] = at[d->deps[k]];
		if (d->t.n_deps > 1)
			qsort(d->deps, d->t.n_deps, sizeof(*d->deps), by_u32);
		d->t.deps = d->deps;
		d->t.phase_name = out->phase_name[d->t.phase];
		out->task[i] = d->t;
	}
	out->n = m->n;
	for (size_t a = 0; a < m->g->n_assets; a++)
		for (size_t h = 0; h < m->g->assets[a].n_hops; h++)
			for (size_t k = 0; k < out->steps[a][h].n; k++)
				out->steps[a][h].step[k].task = at[out->steps[a][h].step[k].task];
	return PQM_OK;
}

static void list_rules(struct maker *m)
{
	const struct pqm_rule *rule;
	size_t n = 0;

	for (size_t i = 0; pqm_rules_next(m->r, "plan/", &i) != NULL;)
		n++;
	m->rules = pqm_new(m->arena, const struct pqm_rule *, n);
	if (m->rules == NULL) {
		fail_memory(m);
		return;
	}
	for (size_t i = 0; (rule = pqm_rules_next(m->r, "plan/", &i)) != NULL;)
		m->rules[m->n_rules++] = rule;
}

static void index_findings(struct maker *m, struct pqm_asset *a)
{
	for (size_t h = 0; h < a->n_hops; h++)
		for (size_t i = 0; i < a->hops[h].n_findings; i++) {
			const pqm_bytes id = { a->hops[h].findings[i], PQM_ID_BYTES };

			if (pqm_map_get(&m->by_finding, id) == NULL &&
				!pqm_map_put(&m->by_finding, id, a))
				fail_memory(m);
		}
}

static void index_graph(struct maker *m)
{
	const struct pqm_graph *g = m->g;

	m->image = pqm_new(m->arena, uint32_t, g->n_nodes);
	if (m->image == NULL) {
		fail_memory(m);
		return;
	}
	for (size_t i = 0; i < g->n_nodes; i++)
		m->image[i] = NO_NODE;
	for (size_t i = g->n_edges; i > 0; i--) {
		const struct pqm_edge *e = &g->edges[i - 1];

		if (g->nodes[e->to].type == PQM_NODE_IMAGE && pqm_eqs(e->rel, "runs"))
			m->image[e->from] = e->to;
	}
	for (size_t a = 0; a < g->n_assets; a++)
		index_findings(m, &g->assets[a]);
}

static void collect(struct maker *m, struct pqm_tasks *out)
{
	for (size_t a = 0; a < m->g->n_assets && m->st == PQM_OK; a++)
		for_asset(m, &m->g->assets[a]); /* first: others may wait for what it makes */
	for (size_t a = 0; a < m->g->n_assets && m->st == PQM_OK; a++) {
		const struct pqm_asset *s = &m->g->assets[a];

		out->steps[a] = pqm_new(m->arena, struct pqm_hop_steps, s->n_hops);
		if (out->steps[a] == NULL) {
			fail_memory(m);
			return;
		}
		for (size_t h = 0; h < s->n_hops && m->st == PQM_OK; h++)
			for_hop(m, s, &s->hops[h], &out->steps[a][h]);
	}
	for (size_t i = 0; i < m->inv->n_findings && m->st == PQM_OK; i++)
		if (!m->inv->findings[i].is_folded)
			for_finding(m, &m->inv->findings[i]);
}

enum pqm_st pqm_tasks_build(struct pqm_tasks *out, const struct pqm_tasks_from *from,
	struct pqm_arena *arena, struct pqm_err *err)
{
	const struct pqm_graph *g = from->g;
	struct maker m = { .r = from->rules,
		.p = from->p,
		.inv = from->inv,
		.g = g,
		.bench = from->bench,
		.arena = arena,
		.err = err };

	*out = (struct pqm_tasks){ 0 };
	out->steps = pqm_new(arena, struct pqm_hop_steps *, g->n_assets);
	if (out->steps == NULL)
		return pqm_fail(err, PQM_ENOMEM, "plan: out of memory");
	m.st = load_phases(out, from->rules, err);
	if (m.st == PQM_OK)
		list_rules(&m);
	if (m.st == PQM_OK)
		index_graph(&m);
	if (m.st == PQM_OK)
		collect(&m, out);
	for (size_t i = 0; i < m.n && m.st == PQM_OK; i++)
		m.st = fill_effort(&m, &m.d[i]);
	for (size_t i = 0; i < m.n && m.st == PQM_OK; i++)
		m.st = fill_texts(&m, &m.d[i]);
	if (m.st == PQM_OK)
		m.st = settle(&m, out);
	for (size_t i = 0; i < m.n; i++) {
		pqm_map_fini(&m.d[i].units);
		pqm_map_fini(&m.d[i].of);
	}
	pqm_map_fini(&m.by_finding);
	pqm_map_fini(&m.by_id);
	return m.st;
}
