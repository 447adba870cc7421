/* totals.c — money by lineage root, the loss curve, and what is left after each task. */
#include "run.h"

/* Roots whose money was declared, with the uses of everything derived from them. */
struct roots {
	struct pqm_root *root;
	uint32_t *asset; /* index of the root in the graph */
	size_t n;
};

/* Copies the vectors of everything derived from a root; counts them where v is NULL. */
static size_t vectors_of(const struct pqm_run *r, uint32_t root, struct pqm_vector *v)
{
	size_t n = 0;

	for (uint32_t a = r->first[root]; a != PQM_NO_ASSET; a = r->next[a])
		for (size_t h = 0; h < r->g->assets[a].n_hops; h++, n++)
			if (v != NULL)
				v[n] = r->uses[a][h].v;
	return n;
}

enum pqm_st pqm_run_root_of(struct pqm_run *r, uint32_t root, struct pqm_root *out)
{
	struct pqm_root one = { 0 };
	struct pqm_vector *v;

	*out = one;
	if (!pqm_run_money(r, &r->g->assets[root], &one.lump, &one.rate))
		return PQM_OK;
	v = pqm_new(&r->scratch, struct pqm_vector, vectors_of(r, root, NULL));
	if (v == NULL)
		return pqm_fail(r->err, PQM_ENOMEM, "assessment: out of memory");
	one.n_uses = vectors_of(r, root, v);
	one.uses = v;
	*out = one;
	return PQM_OK;
}

static enum pqm_st gather(struct pqm_run *r, struct roots *out)
{
	enum pqm_st st = PQM_OK;

	out->root = pqm_new(&r->scratch, struct pqm_root, r->g->n_assets);
	out->asset = pqm_new(&r->scratch, uint32_t, r->g->n_assets);
	if (out->root == NULL || out->asset == NULL)
		return pqm_fail(r->err, PQM_ENOMEM, "assessment: out of memory");

	for (uint32_t i = 0; i < r->g->n_assets && st == PQM_OK; i++) {
		double lump, rate;

		if (pqm_run_root(r, i) != i || !pqm_run_money(r, &r->g->assets[i], &lump, &rate))
			continue;
		st = pqm_run_root_of(r, i, &out->root[out->n]);
		out->asset[out->n++] = i;
	}
	return st;
}

static void add_money(struct pqm_money *sum, const struct pqm_money *m)
{
	sum->expected += m->expected;
	sum->sunk += m->sunk;
	sum->avoidable += m->avoidable;
	sum->quarter += m->quarter;
}

static enum pqm_st root_money(
	struct pqm_run *r, const struct pqm_root *root, enum pqm_scenario s, struct pqm_money *out)
{
	const struct pqm_scene scene = { &r->p, s };
	struct pqm_arena scratch;
	enum pqm_st st;

	pqm_arena_init(&scratch, PQM_ARENA_BYTES);
	st = pqm_money_root(out, &scene, root, &scratch, r->err);
	pqm_arena_fini(&scratch);
	return st;
}

static enum pqm_st loss_curve(struct pqm_run *r, const struct roots *roots, enum pqm_scenario s)
{
	struct pqm_arena scratch;
	const struct pqm_scene scene = { &r->p, s };
	struct pqm_loss_curve curve = { 0 };
	struct pqm_loss_point *kept;
	enum pqm_st st;

	pqm_arena_init(&scratch, (size_t)4 * PQM_ARENA_BYTES);
	st = pqm_money_curve(&curve, &scene, roots->root, roots->n, &scratch, r->err);
	kept = st == PQM_OK ? pqm_new(&r->a->arena, struct pqm_loss_point, curve.n) : NULL;
	if (kept != NULL && curve.n > 0)
		memcpy(kept, curve.at, curve.n * sizeof(*kept));
	pqm_arena_fini(&scratch);
	if (st != PQM_OK)
		return st;
	if (kept == NULL)
		return pqm_fail(r->err, PQM_ENOMEM, "assessment: out of memory");
	r->a->loss_curves[s] = kept;
	r->a->n_losses[s] = curve.n;
	if (s == PQM_CENTRAL) {
		r->a->loss_curve = kept;
		r->a->n_loss = curve.n;
	}
	return PQM_OK;
}

/* The currency of the amounts that are added up: two of them have no sum. */
static enum pqm_st one_currency(struct pqm_run *r, const struct roots *roots)
{
	pqm_bytes *sum = &r->a->currency;

	for (size_t i = 0; i < roots->n; i++) {
		pqm_bytes own = r->g->assets[roots->asset[i]].currency;

		if (sum->n == 0)
			*sum = own;
		if (own.n == 0 || pqm_eq(own, *sum))
			continue;
		pqm_bytes one = pqm_printable(&r->scratch, *sum),
			  other = pqm_printable(&r->scratch, own);

		return pqm_fail(r->err, PQM_EUSAGE,
			"declared money is in %.*s and %.*s; use one currency", PQM_FMT(one),
			PQM_FMT(other));
	}
	return PQM_OK;
}

/* Where the amounts of a root come from. */
static pqm_bytes money_from(struct pqm_run *r, const struct pqm_asset *root)
{
	bool lump = !root->money.is_assumption && root->money.value > 0;
	bool rate = !root->flow_money.is_assumption && root->flow_money.value > 0;

	if (lump && rate)
		return pqm_arena_f(&r->a->arena, "%.*s; a year of content: %.*s",
			PQM_FMT(root->money.source), PQM_FMT(root->flow_money.source));
	if (lump)
		return root->money.source;
	if (!root->impact.is_assumption)
		return pqm_arena_f(&r->a->arena, "middle of the band of impact %.0f; %.*s%s%.*s",
			root->impact.value, PQM_FMT(root->impact.source),
			rate ? "; a year of content: " : "", PQM_FMT(root->flow_money.source));
	return root->flow_money.source;
}

enum pqm_st pqm_run_totals(struct pqm_run *r)
{
	struct pqm_assessment *a = r->a;
	struct roots roots = { 0 };
	enum pqm_st st = gather(r, &roots);

	if (st == PQM_OK)
		st = one_currency(r, &roots);
	for (size_t i = 0; i < a->n_assets; i++)
		if (pqm_run_root(r, i) != i)
			a->assets[i].root_id = r->g->assets[pqm_run_root(r, i)].id;
	for (size_t i = 0; i < roots.n && st == PQM_OK; i++) {
		struct pqm_asset_score *s = &a->assets[roots.asset[i]];

		s->has_money = a->has_money = true;
		s->lump = roots.root[i].lump;
		s->rate = roots.root[i].rate;
		s->money_from = money_from(r, s->asset);
		for (enum pqm_scenario k = PQM_SLOW; k < PQM_N_SCENARIOS && st == PQM_OK; k++) {
			st = root_money(r, &roots.root[i], k, &s->money[k]);
			add_money(&a->total[k], &s->money[k]);
		}
	}
	for (enum pqm_scenario k = PQM_SLOW; k < PQM_N_SCENARIOS && roots.n > 0 && st == PQM_OK;
		k++)
		st = loss_curve(r, &roots, k);
	return st;
}

/* ---- residual: what is left when the plan stops after a task ---- */

struct residual {
	struct pqm_run *r;
	struct roots roots;
	struct pqm_run_state state;
	bool *done;   /* of state: the tasks so far */
	double *left; /* by root, or by asset when no money was declared */
	/* What task k changes, as left numbers it: changed[changes[k]] up to changes[k + 1]. */
	uint32_t *changed, *seen;
	size_t *changes;
};

static void see_once(struct residual *w, void (*see)(struct residual *w, uint32_t task, uint32_t i),
	uint32_t task, uint32_t i)
{
	if (task >= w->r->plan->n_tasks || w->seen[task] == i)
		return;
	w->seen[task] = i;
	see(w, task, i);
}

/* Calls see() with each pair of a task and what it changes, in rising order of the latter, each pair
 * once. */
static void each_change(
	struct residual *w, void (*see)(struct residual *w, uint32_t task, uint32_t i))
{
	const struct pqm_run *r = w->r;
	size_t n = r->a->has_money ? w->roots.n : r->g->n_assets;

	memset(w->seen, 0xff, r->plan->n_tasks * sizeof(*w->seen));
	for (uint32_t i = 0; i < n; i++) {
		bool one = !r->a->has_money;
		uint32_t a = one ? i : r->first[w->roots.asset[i]];

		for (; a != PQM_NO_ASSET; a = one ? PQM_NO_ASSET : r->next[a])
			for (size_t h = 0; h < r->g->assets[a].n_hops; h++) {
				const struct pqm_run_use *u = &r->uses[a][h];

				see_once(w, see, u->done_at, i);
				see_once(w, see, u->half_at, i);
			}
	}
}

static void count_change(struct residual *w, uint32_t task, uint32_t i)
{
	(void)i;
	w->changes[task + 1]++;
}

static void list_change(struct residual *w, uint32_t task, uint32_t i)
{
	w->changed[w->changes[task]++] = i;
}

/* Lists what each task changes: an asset is scored again only where a use of it is done,
 * or is offered hybrid. */
static enum pqm_st index_changes(struct residual *w)
{
	struct pqm_run *r = w->r;
	size_t n = r->plan->n_tasks;

	w->seen = pqm_new(&r->scratch, uint32_t, n);
	w->changes = pqm_new(&r->scratch, size_t, n + 2);
	if (w->seen == NULL || w->changes == NULL)
		return pqm_fail(r->err, PQM_ENOMEM, "plan: out of memory");
	each_change(w, count_change);
	for (size_t k = 1; k <= n; k++)
		w->changes[k] += w->changes[k - 1];
	w->changed = pqm_new(&r->scratch, uint32_t, w->changes[n]);
	if (w->changed == NULL)
		return pqm_fail(r->err, PQM_ENOMEM, "plan: out of memory");
	each_change(w, list_change);
	/* Listing moved each start to its end, which is the next one's start. */
	memmove(w->changes + 1, w->changes, (n + 1) * sizeof(*w->changes));
	w->changes[0] = 0;
	return PQM_OK;
}

static enum pqm_st one_left(struct residual *w, uint32_t i)
{
	if (w->r->a->has_money)
		return pqm_run_left_of_root(w->r, &w->state, w->roots.asset[i], &w->left[i]);
	return pqm_run_left_of_asset(w->r, &w->state, i, &w->left[i]);
}

/* What is left with the first `done` tasks finished; only what the last of them changed. */
static enum pqm_st update(struct residual *w, uint32_t done)
{
	const struct pqm_run *r = w->r;
	size_t n = r->a->has_money ? w->roots.n : r->g->n_assets;
	enum pqm_st st = PQM_OK;

	if (done == 0) {
		for (uint32_t i = 0; i < n && st == PQM_OK; i++)
			st = one_left(w, i);
		return st;
	}
	w->done[done - 1] = true;
	for (size_t k = w->changes[done - 1]; k < w->changes[done] && st == PQM_OK; k++)
		st = one_left(w, w->changed[k]);
	return st;
}

static enum pqm_st prepare(struct residual *w)
{
	struct pqm_run *r = w->r;
	enum pqm_st st = gather(r, &w->roots);

	w->left = pqm_new(&r->scratch, double, r->g->n_assets);
	w->done = pqm_new(&r->scratch, bool, r->plan->n_tasks);
	w->state.done = w->done;
	r->plan->residual = pqm_new(&r->plan->arena, struct pqm_residual, r->plan->n_tasks + 1);
	if (st == PQM_OK && (w->left == NULL || w->done == NULL || r->plan->residual == NULL))
		st = pqm_fail(r->err, PQM_ENOMEM, "plan: out of memory");
	return st == PQM_OK ? index_changes(w) : st;
}

static double sunk_of(const struct residual *w)
{
	const struct pqm_run *r = w->r;
	double sum = 0;

	for (size_t i = 0; i < w->roots.n; i++)
		sum += r->a->assets[w->roots.asset[i]].money[PQM_CENTRAL].sunk;
	for (size_t a = 0; a < r->g->n_assets && !r->a->has_money; a++)
		sum += r->a->assets[a].sunk[PQM_CENTRAL];
	return sum;
}

enum pqm_st pqm_run_residual(struct pqm_run *r)
{
	struct residual w = { .r = r };
	struct pqm_plan *p = r->plan;
	double spent = 0, sunk;
	enum pqm_st st = prepare(&w);

	if (st != PQM_OK)
		return st;
	sunk = sunk_of(&w);
	for (uint32_t k = 0; k <= p->n_tasks && st == PQM_OK; k++) {
		struct pqm_residual *one = &p->residual[k];
		size_t n = r->a->has_money ? w.roots.n : r->g->n_assets;

		st = update(&w, k);
		if (k > 0)
			spent += (p->tasks[k - 1].effort_lo + p->tasks[k - 1].effort_hi) / 2;
		*one = (struct pqm_residual){
			.effort_days = spent, .sunk = sunk, .task = k > 0 ? k - 1 : UINT32_MAX
		};
		for (size_t i = 0; i < n; i++)
			one->left += w.left[i];
	}
	/* A hybrid offered long before it is enforced saves more than the plan's own figure says,
	 * which knows one date a use: what is left never rises again. */
	for (size_t k = p->n_tasks; k > 0 && st == PQM_OK; k--)
		p->residual[k - 1].left = fmax(p->residual[k - 1].left, p->residual[k].left);
	p->n_residual = st == PQM_OK ? p->n_tasks + 1 : 0;
	return st;
}
