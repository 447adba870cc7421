/* tasks.c — tasks from hops, assets and findings, with what they depend on. */
#include "tasks_int.h"

#include "lane.h"

#define CHAIN_DEPTH 8 /* task types that depend on each other */

static uint32_t image_of(const struct tk_maker *m, uint32_t workload)
{
	return workload < m->g->n_nodes ? m->ix.image[workload] : TK_NO_NODE;
}

static uint32_t make(
	struct tk_maker *m, const struct pqm_rule *rule, const struct tk_cause *c, unsigned depth);

/* What ends TLS here knows hybrid groups already, or brings its library itself. */
static bool has_library(const struct tk_site *s)
{
	enum tk_age age = tk_site_age(s);

	return s->software != NULL && age != TK_AGE_OLD &&
		(age == TK_AGE_ABLE || pqm_yaml_true(s->software->node, "own_library"));
}

static struct pqm_traits traits_of_asset(const struct pqm_asset *a)
{
	struct pqm_traits t = { .kind = "asset", .n = 4 };

	t.t[0] = (struct pqm_trait){ "life",
		a->life_years.is_assumption ? PQM_LIT("assumed") : PQM_LIT("declared") };
	t.t[1] = (struct pqm_trait){ "impact",
		a->impact.is_assumption ? PQM_LIT("assumed") : PQM_LIT("declared") };
	t.t[2] = (struct pqm_trait){ "owner", a->owner.n == 0 ? PQM_LIT("none") : PQM_LIT("set") };
	t.t[3] = (struct pqm_trait){ "kind",
		a->is_unassigned ? PQM_LIT("unassigned") : PQM_LIT("assigned") };
	return t;
}

/* A task about other assets: this one has what it asks for. */
static bool is_of_others(const struct pqm_rule *dep, const struct pqm_asset *a)
{
	struct pqm_traits t = traits_of_asset(a);
	const struct pqm_yaml *when = pqm_yaml_get(dep->node, "when");
	bool of_assets = when != NULL && when->n > 0 && when->type == PQM_YAML_SEQ &&
		pqm_yaml_get(when->items[0], "asset") != NULL;

	return of_assets && !pqm_rule_wants(dep, &t);
}

static bool is_issuer(const struct pqm_object *o)
{
	static const char *const kinds[] = { "Issuer", "ClusterIssuer", "Certificate" };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (pqm_eqs(o->kind, kinds[i]))
			return true;
	return false;
}

/* A CA's certificate, what issues by cert-manager, or a certificate that another one signed: without any
 * of them there is no private PKI to renew. */
static bool find_authority(const struct tk_maker *m)
{
	for (size_t i = 0; i < m->inv->n_objects; i++)
		if (is_issuer(&m->inv->objects[i]))
			return true;
	for (size_t i = 0; i < m->inv->n_findings; i++) {
		const struct pqm_finding *f = &m->inv->findings[i];
		const struct pqm_occurrence *o = f->n_occs > 0 ? &f->occs[0] : NULL;
		pqm_bytes issuer = o == NULL || f->meaning != PQM_CERT ? (pqm_bytes){ NULL, 0 }
								       : pqm_occ_attr(o, "issuer");

		if (o != NULL &&
			(pqm_eqs(pqm_occ_attr(o, "is_ca"), "true") ||
				(issuer.n > 0 && !pqm_eq(issuer, pqm_occ_attr(o, "subject")))))
			return true;
	}
	return false;
}

static bool has_authority(struct tk_maker *m)
{
	if (m->authority == TK_NOT_LOOKED)
		m->authority = find_authority(m) ? TK_SEEN : TK_NOT_SEEN;
	return m->authority == TK_SEEN;
}

/* A dependency is left out when the hop meets it already. */
static bool is_met(struct tk_maker *m, const struct pqm_rule *dep, const struct pqm_yaml *entry,
	const struct tk_cause *c)
{
	const struct pqm_yaml *skip = pqm_yaml_get(dep->node, "skip_for");
	struct pqm_traits t;
	char letters[4][2];

	if (pqm_yaml_true(entry, "if_authority") && !has_authority(m))
		return true;
	if (c->asset != NULL && is_of_others(dep, c->asset))
		return true;
	if (c->hop == NULL)
		return false;
	if (pqm_yaml_true(dep->node, "of_library") && tk_site_age(c->site) == TK_AGE_OLD)
		return false; /* a setting that its version does not know */
	if (pqm_yaml_true(dep->node, "of_library") && has_library(c->site))
		return true;
	pqm_traits_of_hop(&t, c->hop, letters);
	for (size_t i = 0; skip != NULL && i < skip->n; i++)
		if (pqm_eqs(pqm_yaml_text(skip->items[i]), pqm_verdict_name(c->hop->verdict)))
			return true;
	return pqm_traits_fit(&t, pqm_yaml_get(entry, "unless"));
}

/* The task of this type for this cause, if something made it already. */
static uint32_t made(struct tk_maker *m, const struct pqm_rule *rule, const struct tk_cause *c)
{
	uint32_t node = c->hop == NULL ? TK_NO_NODE
				       : tk_pick(m, c->hop, pqm_yaml_str(rule->node, "target"));
	struct tk_place at = tk_place_of(m, rule, c, node);
	pqm_bytes type = pqm_yaml_str(rule->node, "type"),
		  id = pqm_arena_f(m->arena, "%.*s:%.*s", PQM_FMT(type), PQM_FMT(at.key));

	return id.p == NULL ? UINT32_MAX : tk_find(m, id);
}

/* Who cannot take part yet has to change before it is shut out. */
static void clients_first(
	struct tk_maker *m, uint32_t task, const struct pqm_rule *dep, const struct tk_cause *c)
{
	uint32_t list[TK_CLIENTS_MAX], server = c->site == NULL ? TK_NO_NODE : c->site->server;
	size_t n = c->hop == NULL ? 0 : tk_clients(list, m, c->hop, server);

	for (size_t i = 0; i < n && m->st == PQM_OK; i++) {
		uint32_t image = image_of(m, list[i]), d;

		if (tk_client_is_able(m, list[i]))
			continue;
		d = tk_draft_for(
			m, dep, c, tk_place_of_node(m, image == TK_NO_NODE ? list[i] : image));
		if (m->st != PQM_OK || d == UINT32_MAX)
			return;
		m->d[d].is_client = m->d[d].is_client || m->d[d].units.n == 0;
		tk_add_cause(m, &m->d[d], c);
		tk_add_dep(m, task, d);
	}
}

static void make_deps(struct tk_maker *m, uint32_t task, const struct pqm_rule *rule,
	const struct tk_cause *c, unsigned depth)
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
		if (pqm_eqs(pqm_yaml_str(e, "of"), "clients")) {
			clients_first(m, task, dep, c);
			continue;
		}
		if (is_met(m, dep, e, c))
			continue;
		uint32_t d =
			pqm_yaml_true(e, "if_made") ? made(m, dep, c) : make(m, dep, c, depth + 1);

		if (m->st == PQM_OK && d != UINT32_MAX)
			tk_add_dep(m, task, d);
	}
}

/* A library must be there at both ends of a link: the task to wait for, which waits for the other. Two
 * links in opposite directions ask for the same two. */
static uint32_t other_end(struct tk_maker *m, const struct pqm_rule *rule, const struct tk_cause *c,
	uint32_t picked, uint32_t first)
{
	uint32_t other = picked == c->hop->to ? c->hop->from : c->hop->to, image;

	if (!tk_is_of(m, other, PQM_NODE_WORKLOAD, PQM_NODE_WORKLOAD))
		return first;
	image = image_of(m, other);
	uint32_t i =
		tk_draft_for(m, rule, c, tk_place_of_node(m, image == TK_NO_NODE ? other : image));

	if (m->st != PQM_OK || i == first)
		return first;
	tk_add_cause(m, &m->d[i], c);
	if (tk_needs(m, i, first))
		return i;
	tk_add_dep(m, first, i);
	return first;
}

/* What ends TLS in front of the server is of an image of its own. */
static bool has_own_image(const struct tk_cause *c)
{
	return c->site != NULL && c->site->image != TK_NO_NODE && c->site->software != NULL &&
		pqm_yaml_true(c->site->software->node, "own_library");
}

static uint32_t make(
	struct tk_maker *m, const struct pqm_rule *rule, const struct tk_cause *c, unsigned depth)
{
	pqm_bytes target = pqm_yaml_str(rule->node, "target");
	uint32_t node = c->hop == NULL ? TK_NO_NODE : tk_pick(m, c->hop, target), i;
	uint32_t image = TK_NO_NODE, both;

	if (depth > CHAIN_DEPTH) {
		m->st = pqm_rule_fail(
			rule, NULL, m->err, "task types depend on each other in a circle");
		return UINT32_MAX;
	}
	bool is_front = pqm_eqs(target, "image") && has_own_image(c);

	if (is_front)
		image = c->site->image;
	else if (pqm_eqs(target, "image") && tk_node(m, node) != NULL)
		image = image_of(m, node);
	i = tk_draft_for(m, rule, c, tk_place_of(m, rule, c, image != TK_NO_NODE ? image : node));
	if (m->st != PQM_OK)
		return UINT32_MAX;
	tk_add_cause(m, &m->d[i], c);
	both = i;
	if (pqm_eqs(target, "image") && !is_front && c->hop != NULL && tk_node(m, node) != NULL)
		both = other_end(m, rule, c, node, i);
	make_deps(m, i, rule, c, depth);
	return both;
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

/* What the rule says, or for this place its variant: some software can go half of the way only. */
static char reaches(const struct tk_maker *m, uint32_t task, const struct pqm_hop *h)
{
	const struct pqm_rule *rule = m->d[task].rule;
	const struct pqm_yaml *own = tk_variant_of(&m->d[task]);
	pqm_bytes word =
		pqm_yaml_str(pqm_yaml_get(own, "reaches") != NULL ? own : rule->node, "reaches");

	return helps(rule, h) && word.n == 1 ? (char)word.p[0] : '\0';
}

/* The hop's own fix, and what follows it until the use is covered. */
static void make_steps(struct tk_maker *m, const struct pqm_rule *rule, const struct tk_cause *c,
	struct pqm_hop_steps *steps)
{
	const struct pqm_yaml *then = pqm_yaml_get(rule->node, "then");
	uint32_t last = make(m, rule, c, 0);

	if (m->st != PQM_OK || !helps(rule, c->hop))
		return;
	add_step(steps, last, reaches(m, last, c->hop));
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
		tk_add_dep(m, task, last);
		last = task;
		add_step(steps, task, reaches(m, task, c->hop));
	}
}

static bool is_safe(const struct tk_maker *m, const struct pqm_hop *h)
{
	for (size_t i = 0; i < h->n_layers; i++) {
		const struct pqm_risk_class *k = pqm_risk_class_find(m->p, h->layers[i]);

		if (k != NULL && k->fall == PQM_FALL_NEVER)
			return true;
	}
	return h->coverage == 'E';
}

static void for_hop(struct tk_maker *m, const struct pqm_asset *a, const struct pqm_hop *h,
	struct pqm_hop_steps *steps)
{
	const struct pqm_rule *main_rule = pqm_plan_type(m->r, h->task);
	struct tk_site site;
	struct tk_cause c = { .asset = a, .hop = h, .site = &site };
	struct pqm_traits t;
	char letters[4][2];

	if (h->was != 0)
		return; /* of the past: nothing is left to do */
	pqm_traits_of_hop(&t, h, letters);
	tk_site_of(&site, &m->ix, h);
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

static void for_asset(struct tk_maker *m, const struct pqm_asset *a)
{
	struct pqm_traits t = traits_of_asset(a);
	struct tk_cause c = { .asset = a };

	for (size_t i = 0; i < m->n_rules && m->st == PQM_OK; i++)
		if (pqm_rule_wants(m->rules[i], &t))
			(void)make(m, m->rules[i], &c, 0);
}

/* The asset that lists the finding; else the one for the rest of the target. */
static const struct pqm_asset *asset_of(const struct tk_maker *m, const struct pqm_finding *f)
{
	const struct pqm_asset *lists =
		pqm_map_get(&m->by_finding, (pqm_bytes){ f->id, PQM_ID_BYTES });

	return lists != NULL ? lists : m->rest;
}

static const char *shipped_words(const struct pqm_finding *f)
{
	return tk_shipped_at(f, false) != NULL	 ? "image"
		: tk_shipped_at(f, true) != NULL ? "hidden"
						 : "no";
}

/* An algorithm that code names: in source, or at a call site that was read from a binary. */
static bool is_coded(const struct pqm_finding *f)
{
	return pqm_starts(f->rule, PQM_LIT("source.")) ||
		(f->n_occs > 0 && pqm_occ_attr(&f->occs[0], "call").n > 0);
}

/* A hop's task of this type has it already. */
static bool is_grouped(
	const struct tk_maker *m, const struct pqm_rule *rule, const struct pqm_finding *f)
{
	return pqm_eqs(pqm_yaml_str(rule->node, "type"), "weak-crypto-fix") &&
		pqm_map_get(&m->grouped, (pqm_bytes){ f->id, PQM_ID_BYTES }) != NULL;
}

static void for_finding(struct tk_maker *m, const struct pqm_finding *f)
{
	struct pqm_traits t = { .kind = "finding", .n = 9 };

	t.t[0] = (struct pqm_trait){ "meaning", pqm_str(pqm_meaning_name(f->meaning)) };
	t.t[1] = (struct pqm_trait){ "function", pqm_str(pqm_function_name(f->function)) };
	t.t[2] = (struct pqm_trait){ "quantum", pqm_str(pqm_quantum_name(f->quantum)) };
	t.t[3] = (struct pqm_trait){ "classical", pqm_str(pqm_classical_name(f->classical)) };
	t.t[4] = (struct pqm_trait){ "evidence", pqm_str(pqm_evidence_name(f->evidence)) };
	t.t[5] = (struct pqm_trait){ "family", f->family };
	t.t[6] = (struct pqm_trait){ "rule", f->rule };
	t.t[7] = (struct pqm_trait){ "shipped", pqm_str(shipped_words(f)) };
	t.t[8] = (struct pqm_trait){ "coded", is_coded(f) ? PQM_LIT("yes") : PQM_LIT("no") };
	for (size_t i = 0; i < m->n_rules && m->st == PQM_OK; i++) {
		const struct pqm_rule *rule = m->rules[i];
		struct tk_cause c = { .finding = f };

		if (!pqm_rule_wants(rule, &t) || is_grouped(m, rule, f))
			continue;
		c.asset = asset_of(m, f);
		if (c.asset != NULL)
			(void)make(m, rule, &c, 0);
	}
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
	const struct tk_draft *d = ctx;

	return pqm_cmp(d[*(const uint32_t *)x].t.id, d[*(const uint32_t *)y].t.id);
}

static int by_u32(const void *x, const void *y)
{
	uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;

	return (a > b) - (a < b);
}

/* Sorts the drafts by id and turns every index into the sorted one. */
static enum pqm_st settle(struct tk_maker *m, struct pqm_tasks *out)
{
	uint32_t *order = pqm_new(&m->ix.own, uint32_t, m->n),
		 *at = pqm_new(&m->ix.own, uint32_t, m->n);

	out->task = pqm_new(m->arena, struct pqm_task, m->n);
	if (order == NULL || at == NULL || out->task == NULL)
		return pqm_fail(m->err, PQM_ENOMEM, "plan: out of memory");
	for (uint32_t i = 0; i < m->n; i++)
		order[i] = i;
	qsort_r(order, m->n, sizeof(*order), by_task_id, m->d);
	for (uint32_t i = 0; i < m->n; i++)
		at[order[i]] = i;
	for (uint32_t i = 0; i < m->n; i++) {
		struct tk_draft *d = &m->d[order[i]];

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

static void list_rules(struct tk_maker *m)
{
	const struct pqm_rule *rule;
	size_t n = 0;

	for (size_t i = 0; pqm_rules_next(m->r, "plan/", &i) != NULL;)
		n++;
	m->rules = pqm_new(m->arena, const struct pqm_rule *, n);
	if (m->rules == NULL) {
		tk_no_memory(m);
		return;
	}
	for (size_t i = 0; (rule = pqm_rules_next(m->r, "plan/", &i)) != NULL;)
		m->rules[m->n_rules++] = rule;
}

static void index_findings(struct tk_maker *m, struct pqm_asset *a)
{
	for (size_t h = 0; h < a->n_hops; h++)
		for (size_t i = 0; i < a->hops[h].n_findings; i++) {
			const pqm_bytes id = { a->hops[h].findings[i], PQM_ID_BYTES };

			if (pqm_map_get(&m->by_finding, id) == NULL &&
				!pqm_map_put(&m->by_finding, id, a))
				tk_no_memory(m);
			if (pqm_eqs(a->hops[h].task, "weak-crypto-fix") &&
				!pqm_map_put(&m->grouped, id, a))
				tk_no_memory(m);
		}
}

static void index_graph(struct tk_maker *m)
{
	const struct pqm_graph *g = m->g;

	m->ix = (struct tk_index){ .r = m->r, .inv = m->inv, .g = g, .arena = m->arena };
	if (!tk_index_init(&m->ix)) {
		tk_no_memory(m);
		return;
	}
	for (size_t a = 0; a < g->n_assets; a++) {
		index_findings(m, &g->assets[a]);
		if (g->assets[a].is_unassigned && m->rest == NULL)
			m->rest = &g->assets[a];
	}
}

static void collect(struct tk_maker *m, struct pqm_tasks *out)
{
	for (size_t a = 0; a < m->g->n_assets && m->st == PQM_OK; a++)
		for_asset(m, &m->g->assets[a]); /* first: others may wait for what it makes */
	for (size_t a = 0; a < m->g->n_assets && m->st == PQM_OK; a++) {
		const struct pqm_asset *s = &m->g->assets[a];

		out->steps[a] = pqm_new(m->arena, struct pqm_hop_steps, s->n_hops);
		if (out->steps[a] == NULL) {
			tk_no_memory(m);
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
	struct tk_maker m = { .r = from->rules,
		.p = from->p,
		.inv = from->inv,
		.g = g,
		.bench = from->bench,
		.practices = from->practices,
		.run = from->run,
		.regimes = { from->regimes, from->n_regimes },
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
	if (m.st == PQM_OK)
		tk_lanes(&m, out);
	for (size_t i = 0; i < m.n && m.st == PQM_OK; i++)
		m.st = tk_fill_effort(&m, &m.d[i]);
	for (size_t i = 0; i < m.n && m.st == PQM_OK; i++)
		m.st = tk_fill_texts(&m, &m.d[i]);
	for (size_t i = 0; i < m.n && m.st == PQM_OK; i++)
		tk_fill_lane(&m, &m.d[i]);
	if (m.st == PQM_OK)
		m.st = settle(&m, out);
	for (size_t i = 0; i < m.n; i++) {
		pqm_map_fini(&m.d[i].units);
		pqm_map_fini(&m.d[i].of);
	}
	pqm_free(m.d);
	pqm_map_fini(&m.scalers);
	pqm_map_fini(&m.by_finding);
	pqm_map_fini(&m.grouped);
	pqm_map_fini(&m.by_id);
	tk_index_fini(&m.ix);
	pqm_malloc_trim();
	return m.st;
}
