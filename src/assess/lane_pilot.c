/* lane_pilot.c — which asset to try it on first: the least that shares the stack of one to act on. */
#include "lane.h"

#include "run.h"

/* Where it could be tried. */
struct candidate {
	bool is_set;
	size_t asset, hop;
	pqm_bytes edit; /* what is edited there, when others share it */
};

struct candidates {
	struct candidate best, other; /* other: the least through another edit than the best */
};

struct pilot {
	size_t act, hop;     /* the asset to act on, and its link */
	size_t least, there; /* where to try it; least == act: on a part of itself */
	pqm_bytes stack, key;
	const struct candidate *same_edit; /* lesser, and yet no pilot: the same line decides */
};

struct finder {
	struct tk_maker *m;
	const struct pqm_tasks *tasks;
	enum pqm_decision *decision; /* by asset */
	double *p;
	struct pqm_map least; /* by task and stack: struct candidates */
};

/* Tags and digests come and go; the product stays. */
static pqm_bytes family_of(pqm_bytes image)
{
	size_t end = pqm_find_byte(image, 0, '@'), slash = 0;

	image = pqm_sub(image, 0, end == SIZE_MAX ? image.n : end);
	for (size_t i = 0; i < image.n; i++)
		slash = image.p[i] == '/' ? i : slash;
	end = pqm_find_byte(image, slash, ':');
	return pqm_sub(image, 0, end == SIZE_MAX ? image.n : end);
}

/* What ends the link: edge software, the mesh, or the image that serves. */
static pqm_bytes stack_of(const struct tk_maker *m, const struct pqm_hop *h)
{
	const uint32_t ends[] = { h->to, h->from };

	for (size_t i = 0; i < 2; i++)
		if (tk_is_of(m, ends[i], PQM_NODE_EDGE, PQM_NODE_EDGE))
			return h->ends.n > 0 ? h->ends : m->g->nodes[ends[i]].kind;
	if (pqm_eqs(h->protocol, "mTLS"))
		return PQM_LIT("mesh mTLS");
	for (size_t i = 0; i < 2; i++) {
		const struct pqm_node *n =
			ends[i] < m->g->n_nodes ? tk_node(m, m->ix.image[ends[i]]) : NULL;

		if (n != NULL)
			return family_of(n->id);
	}
	return (pqm_bytes){ NULL, 0 };
}

/* A classical link that the plan changes. */
static bool is_link(const struct finder *f, size_t a, size_t h)
{
	const struct pqm_hop *hop = &f->m->g->assets[a].hops[h];

	return (hop->use == 'K' || hop->use == 'T') && hop->task.n > 0 &&
		!f->m->run->uses[a][h].is_safe && !f->m->run->uses[a][h].is_broken;
}

static void score(struct finder *f, struct pqm_use_score *uses, struct pqm_exposure *tmp)
{
	for (size_t a = 0; a < f->m->g->n_assets; a++) {
		struct pqm_asset_score s = { .asset = &f->m->g->assets[a],
			.uses = uses,
			.n_uses = f->m->g->assets[a].n_hops };

		s.by_deadline = PQM_TRACK;
		memset(uses, 0, s.n_uses * sizeof(*uses));
		pqm_run_score_asset(f->m->run, a, &s, tmp);
		f->decision[a] = s.decision;
		f->p[a] = s.p[PQM_CENTRAL];
	}
}

/* Lower impact first, then less likely lost, then by id. */
static bool is_less(const struct finder *f, size_t a, size_t b)
{
	const struct pqm_asset *x = &f->m->g->assets[a], *y = &f->m->g->assets[b];

	if (x->impact.value < y->impact.value || x->impact.value > y->impact.value)
		return x->impact.value < y->impact.value;
	if (f->p[a] < f->p[b] || f->p[a] > f->p[b])
		return f->p[a] < f->p[b];
	return pqm_cmp(x->id, y->id) < 0;
}

static pqm_bytes key_of(const struct finder *f, const struct pqm_hop *h, pqm_bytes stack)
{
	return pqm_arena_f(f->m->arena, "%.*s/%.*s", PQM_FMT(h->task), PQM_FMT(stack));
}

/* What is edited for the hop, when others share it: a pilot through the same line is none. */
static pqm_bytes edit_of(struct tk_maker *m, const struct pqm_hop *h)
{
	const struct pqm_rule *rule = pqm_plan_type(m->r, h->task);
	struct tk_site site;

	if (rule == NULL || !pqm_yaml_true(rule->node, "one_edit"))
		return (pqm_bytes){ NULL, 0 };
	tk_site_of(&site, &m->ix, h);
	return tk_edit_of(m, h, &site);
}

static bool is_apart(pqm_bytes a, pqm_bytes b)
{
	return a.n == 0 || b.n == 0 || !pqm_eq(a, b);
}

/* Keeps the least candidate, and the least of those through another edit. */
static void keep(const struct finder *f, struct candidates *c, const struct candidate *new)
{
	struct candidate *best = &c->best, *next = &c->other;

	if (!best->is_set) {
		*best = *new;
	} else if (is_less(f, new->asset, best->asset)) {
		if (is_apart(best->edit, new->edit))
			*next = *best;
		*best = *new;
	} else if (is_apart(best->edit, new->edit) && new->asset != best->asset &&
		(!next->is_set || is_less(f, new->asset, next->asset))) {
		*next = *new;
	}
}

/* The least assets of each stack; none that is to be acted on itself. */
static void index_least(struct finder *f, size_t a, size_t h)
{
	const struct pqm_hop *hop = &f->m->g->assets[a].hops[h];
	pqm_bytes stack = stack_of(f->m, hop), key;
	struct candidates *c;

	if (f->m->g->assets[a].is_unassigned || f->decision[a] >= PQM_ACT || !is_link(f, a, h) ||
		stack.n == 0)
		return;
	key = key_of(f, hop, stack);
	c = key.p == NULL ? NULL : pqm_map_get(&f->least, key);
	if (c == NULL) {
		c = pqm_new(&f->m->run->scratch, struct candidates, 1);
		if (key.p == NULL || c == NULL || !pqm_map_put(&f->least, key, c)) {
			tk_no_memory(f->m);
			return;
		}
	}
	keep(f, c, &(struct candidate){ true, a, h, edit_of(f->m, hop) });
}

static void find_least(struct finder *f, struct pilot *p)
{
	const struct pqm_asset *act = &f->m->g->assets[p->act];
	const struct pqm_hop *hop = &act->hops[p->hop];
	const struct candidates *all;
	const struct candidate *found;
	pqm_bytes edit = edit_of(f->m, hop);

	p->least = p->act;
	p->there = p->hop;
	p->key = key_of(f, hop, p->stack);
	if (p->key.p == NULL) {
		tk_no_memory(f->m);
		return;
	}
	all = pqm_map_get(&f->least, p->key);
	if (all == NULL)
		return;
	found = is_apart(all->best.edit, edit) ? &all->best : &all->other;
	if (found != &all->best &&
		f->m->g->assets[all->best.asset].impact.value < act->impact.value)
		p->same_edit = &all->best;
	if (!found->is_set || f->m->g->assets[found->asset].impact.value >= act->impact.value)
		return;
	p->same_edit = NULL;
	p->least = found->asset;
	p->there = found->hop;
}

static pqm_bytes at(struct tk_maker *m, const struct pqm_asset *a, const struct pqm_hop *h)
{
	return h->path.n == 0
		? pqm_arena_f(m->arena, "%.*s: %.*s", PQM_FMT(a->name), PQM_FMT(h->label))
		: pqm_arena_f(m->arena, "%.*s: %.*s (%.*s:%u)", PQM_FMT(a->name), PQM_FMT(h->label),
			  PQM_FMT(h->path), h->line);
}

/* Offering hybrid groups is undone in a minute, and each day it waits is recorded traffic: that step
 * is only advised to come after. Refusing classical sessions is not undone for those who were turned
 * away: that step waits for the pilot. */
static void bind(struct finder *f, const struct pilot *p, uint32_t task)
{
	const struct pqm_hop_steps *s = &f->tasks->steps[p->act][p->hop];

	for (size_t k = 0; k < s->n; k++) {
		if (s->step[k].reaches == '\0')
			continue;
		tk_lane_precedes(f->m, task, f->m->d[s->step[k].task].t.id);
		if (s->step[k].reaches == 'E')
			tk_add_dep(f->m, s->step[k].task, task);
	}
}

/* Nobody is left to try it on: what turns clients away says so, and what to do instead. */
static void tell_untried(struct finder *f, const struct pilot *p)
{
	struct tk_maker *m = f->m;
	const struct pqm_hop_steps *s = &f->tasks->steps[p->act][p->hop];
	const struct pqm_asset *least = &m->g->assets[p->same_edit->asset];

	for (size_t k = 0; k < s->n; k++)
		if (s->step[k].reaches == 'E')
			m->d[s->step[k].task].not_tried = pqm_arena_f(m->arena,
				"no pilot elsewhere: %.*s, which matters less, goes through the "
				"same setting (%.*s), so it would be no trial but the change "
				"itself. Try it first on %s",
				PQM_FMT(least->name), PQM_FMT(p->same_edit->edit),
				pqm_eqs(p->stack, "mesh mTLS")
					? "a second revision of the control plane with one "
					  "namespace in it"
					: "a second controller with a class of its own and one "
					  "test "
					  "host, or by pinning one client to the hybrid group");
}

static void draft(struct finder *f, const struct pqm_rule *rule, const struct pilot *p)
{
	struct tk_maker *m = f->m;
	const struct pqm_asset *act = &m->g->assets[p->act], *least = &m->g->assets[p->least];
	bool own = p->least == p->act;
	struct tk_place place = { .key = p->key, .object = least->id };
	uint32_t task;

	place.label =
		own ? pqm_arena_f(m->arena, "a part of %.*s", PQM_FMT(act->name)) : least->name;
	if (place.label.p == NULL) {
		tk_no_memory(m);
		return;
	}
	task = tk_lane_draft(m, rule, place);
	if (m->st != PQM_OK)
		return;
	if (m->d[task].t.n_where == 0)
		tk_lane_place(m, task,
			pqm_arena_f(m->arena, "try on %.*s, impact %.0f",
				PQM_FMT(at(m, least, &least->hops[p->there])),
				least->impact.value));
	tk_lane_place(m, task,
		pqm_arena_f(m->arena, "for %.*s, impact %.0f, Act",
			PQM_FMT(at(m, act, &act->hops[p->hop])), act->impact.value));
	tk_lane_asset(m, task, least->id);
	tk_lane_asset(m, task, act->id);
	bind(f, p, task);
}

static void for_asset(struct finder *f, size_t a)
{
	struct tk_maker *m = f->m;

	for (size_t h = 0; h < m->g->assets[a].n_hops && m->st == PQM_OK; h++) {
		struct pilot p = { .act = a, .hop = h };
		struct pqm_traits t = { .kind = "pilot", .n = 1 };

		if (!is_link(f, a, h))
			continue;
		p.stack = stack_of(m, &m->g->assets[a].hops[h]);
		if (p.stack.n == 0)
			continue;
		find_least(f, &p);
		if (p.same_edit != NULL)
			tell_untried(f, &p);
		t.t[0] = (struct pqm_trait){ "stack",
			p.least == a ? PQM_LIT("own") : PQM_LIT("shared") };
		for (size_t i = 0; i < m->n_rules && m->st == PQM_OK; i++)
			if (pqm_rule_wants(m->rules[i], &t))
				draft(f, m->rules[i], &p);
	}
}

void tk_lane_pilots(struct tk_maker *m, const struct pqm_tasks *tasks)
{
	struct finder f = { .m = m, .tasks = tasks };
	struct pqm_use_score *uses;
	struct pqm_exposure *tmp;
	size_t most = 1;

	for (size_t a = 0; a < m->g->n_assets; a++)
		most = m->g->assets[a].n_hops > most ? m->g->assets[a].n_hops : most;
	f.decision = pqm_new(&m->run->scratch, enum pqm_decision, m->g->n_assets);
	f.p = pqm_new(&m->run->scratch, double, m->g->n_assets);
	uses = pqm_new(&m->run->scratch, struct pqm_use_score, most);
	tmp = pqm_new(&m->run->scratch, struct pqm_exposure, most);
	if (f.decision == NULL || f.p == NULL || uses == NULL || tmp == NULL) {
		tk_no_memory(m);
		return;
	}
	score(&f, uses, tmp);
	for (size_t a = 0; a < m->g->n_assets; a++)
		for (size_t h = 0; h < m->g->assets[a].n_hops && m->st == PQM_OK; h++)
			index_least(&f, a, h);
	for (size_t a = 0; a < m->g->n_assets && m->st == PQM_OK; a++)
		if (f.decision[a] >= PQM_ACT && !m->g->assets[a].is_unassigned)
			for_asset(&f, a);
	pqm_map_fini(&f.least);
}
