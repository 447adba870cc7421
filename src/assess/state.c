/* state.c — what is left when some tasks are done and no other. */
#include "run.h"

static bool is_done(const struct pqm_run *r, const struct pqm_run_state *s, uint32_t task)
{
	return task < r->plan->n_tasks && s->done[task];
}

/* Hybrid offered `from` years from today: until then it is recorded as ever, later at the share that
 * still falls back. Flowing content under a rate is told apart by when it was made; a lump is lost
 * once, so the past counts for no more than it did. */
static size_t split(struct pqm_vector out[2], const struct pqm_run *r, const struct pqm_vector *v,
	double from, bool is_stream)
{
	struct pqm_vector next = *v, past = *v;
	double before = pqm_risk_h(&r->p, v, PQM_CENTRAL), after;

	next.coverage = 'F';
	next.in_use_years = is_stream ? -from : 0; /* a stream that opens later */
	after = pqm_risk_h(&r->p, &next, PQM_CENTRAL);
	out[0] = next;
	if (!(before > after))
		return 1;
	past.protect_years = from;
	if (!is_stream) {
		past.coverage = 'M';
		past.share = 1 - (before - after) / (1 - after) / before;
	}
	out[1] = past;
	return 2;
}

/* The rows of one use in a state; none when what was broken today is mended. */
static size_t rows(struct pqm_vector out[2], const struct pqm_run *r, const struct pqm_run_state *s,
	const struct pqm_run_use *u, bool is_stream)
{
	struct pqm_vector open;
	double from;

	out[0] = u->v;
	if (u->done_at == UINT32_MAX)
		return 1; /* no task would change it */
	if (is_done(r, s, u->done_at)) {
		if (s->at_once)
			out[0].protect_years = 0;
		return u->is_broken ? 0 : 1;
	}
	out[0].protect_years = fmax(u->v.protect_years, r->p.open_years);
	if (!is_done(r, s, u->half_at) || u->v.coverage != 'N' || u->v.data == 'S')
		return 1;
	open = out[0];
	from = s->at_once ? 0 : fmin(u->y_half, open.protect_years);
	return split(out, r, &open, from, is_stream);
}

static size_t rows_of_asset(struct pqm_vector *out, const struct pqm_run *r,
	const struct pqm_run_state *s, size_t asset, bool has_rate)
{
	size_t n = 0;

	for (size_t h = 0; h < r->g->assets[asset].n_hops; h++) {
		const struct pqm_run_use *u = &r->uses[asset][h];

		n += rows(out + n, r, s, u,
			has_rate && u->v.data == 'F' && pqm_risk_is_carried(&u->v));
	}
	return n;
}

/* Buffers for the rows of the largest asset, or of everything under one root. */
struct pqm_run_room {
	struct pqm_vector *rows;
	struct pqm_asset_score score;
	struct pqm_exposure *tmp;
};

/* A use is one row, or two: before its protection and after. */
static enum pqm_st make_room(struct pqm_run *r)
{
	struct pqm_run_room *w;
	size_t most = 0, together = 0;

	if (r->room != NULL)
		return PQM_OK;
	for (size_t root = 0; root < r->g->n_assets; root++) {
		size_t n = 0;

		for (uint32_t a = r->first[root]; a != PQM_NO_ASSET; a = r->next[a]) {
			n += 2 * r->g->assets[a].n_hops;
			most = 2 * r->g->assets[a].n_hops > most ? 2 * r->g->assets[a].n_hops
								 : most;
		}
		together = n > together ? n : together;
	}
	w = pqm_new(&r->scratch, struct pqm_run_room, 1);
	if (w == NULL)
		return pqm_fail(r->err, PQM_ENOMEM, "plan: out of memory");
	w->rows = pqm_new(&r->scratch, struct pqm_vector, together);
	w->score.uses = pqm_new(&r->scratch, struct pqm_use_score, most);
	w->tmp = pqm_new(&r->scratch, struct pqm_exposure, most);
	if (w->rows == NULL || w->score.uses == NULL || w->tmp == NULL)
		return pqm_fail(r->err, PQM_ENOMEM, "plan: out of memory");
	r->room = w;
	return PQM_OK;
}

/* Whether the plan does nothing more for the asset. */
static bool is_finished(const struct pqm_run *r, const struct pqm_run_state *s, size_t asset)
{
	for (size_t h = 0; h < r->g->assets[asset].n_hops; h++) {
		const struct pqm_run_use *u = &r->uses[asset][h];

		if (!u->is_safe && !is_done(r, s, u->done_at))
			return false;
	}
	return true;
}

/* The rows of an asset scored into the room. */
static void score_rows(struct pqm_run *r, const struct pqm_run_state *s, size_t asset)
{
	struct pqm_run_room *w = r->room;

	w->score.n_uses = rows_of_asset(w->rows, r, s, asset, false);
	for (size_t i = 0; i < w->score.n_uses; i++)
		pqm_risk_use(&w->score.uses[i], &r->p, &w->rows[i]);
	w->score.by_deadline =
		is_finished(r, s, asset) ? PQM_TRACK : r->a->assets[asset].by_deadline;
	pqm_risk_asset(&w->score, &r->p, w->tmp);
}

enum pqm_st pqm_run_left_of_asset(
	struct pqm_run *r, const struct pqm_run_state *s, size_t asset, double *left)
{
	enum pqm_st st = make_room(r);

	if (st != PQM_OK)
		return st;
	score_rows(r, s, asset);
	*left = fmax(r->room->score.p[PQM_CENTRAL], r->a->assets[asset].sunk[PQM_CENTRAL]);
	return PQM_OK;
}

enum pqm_st pqm_run_left_of_root(
	struct pqm_run *r, const struct pqm_run_state *s, size_t root, double *left)
{
	const struct pqm_scene scene = { &r->p, PQM_CENTRAL };
	struct pqm_root one = { 0 };
	struct pqm_arena scratch;
	struct pqm_money m = { 0 };
	enum pqm_st st = make_room(r);

	*left = 0;
	if (st != PQM_OK || !pqm_run_money(r, &r->g->assets[root], &one.lump, &one.rate))
		return st;
	for (uint32_t a = r->first[root]; a != PQM_NO_ASSET; a = r->next[a])
		one.n_uses += rows_of_asset(r->room->rows + one.n_uses, r, s, a, one.rate > 0);
	one.uses = r->room->rows;
	pqm_arena_init(&scratch, PQM_ARENA_BYTES);
	st = pqm_money_root(&m, &scene, &one, &scratch, r->err);
	pqm_arena_fini(&scratch);
	*left = fmax(m.expected, r->a->assets[root].money[PQM_CENTRAL].sunk);
	return st;
}

static enum pqm_st add_asset(struct pqm_run *r, struct pqm_run_state *s, size_t a)
{
	double left = 0;
	enum pqm_st st = pqm_run_left_of_asset(r, s, a, &s->p[a]);

	if (st != PQM_OK)
		return st;
	s->decision[a] = r->room->score.decision;
	if (!r->g->assets[a].is_unassigned)
		s->decisions[s->decision[a]]++;
	if (!r->a->has_money)
		s->left += s->p[a];
	else if (pqm_run_root(r, a) == a)
		st = pqm_run_left_of_root(r, s, a, &left);
	s->left += left;
	return st;
}

enum pqm_st pqm_run_state(struct pqm_run *r, struct pqm_run_state *s)
{
	enum pqm_st st = PQM_OK;

	s->p = pqm_new(&r->scratch, double, r->g->n_assets);
	s->decision = pqm_new(&r->scratch, enum pqm_decision, r->g->n_assets);
	if (s->p == NULL || s->decision == NULL)
		st = pqm_fail(r->err, PQM_ENOMEM, "plan: out of memory");
	for (size_t a = 0; a < r->g->n_assets && st == PQM_OK; a++)
		st = add_asset(r, s, a);
	s->sunk = r->plan->n_residual > 0 ? r->plan->residual[0].sunk : 0;
	s->left = fmax(s->left, s->sunk);
	return st;
}

/* ---- after each phase, and after each window ---- */

static enum pqm_st stage(struct pqm_run *r, struct pqm_stage *g, unsigned upto, bool by_phase)
{
	const struct pqm_plan *p = r->plan;
	bool *done = pqm_new(&r->scratch, bool, p->n_tasks);
	struct pqm_run_state s = { .done = done };
	enum pqm_st st;

	if (done == NULL)
		return pqm_fail(r->err, PQM_ENOMEM, "plan: out of memory");
	g->finish = INT64_MIN;
	for (size_t i = 0; i < p->n_tasks; i++) {
		const struct pqm_task *t = &p->tasks[i];
		unsigned at = by_phase ? t->phase : (unsigned)t->window;

		done[i] = at <= upto;
		for (size_t k = 0; k < t->n_deps && done[i]; k++)
			done[i] = done[t->deps[k]];
		if (at != upto)
			continue;
		g->n_tasks++;
		g->effort_lo += t->effort_lo;
		g->effort_hi += t->effort_hi;
		g->finish = t->finish_hi > g->finish ? t->finish_hi : g->finish;
	}
	st = pqm_run_state(r, &s);
	g->left = s.left;
	g->sunk = s.sunk;
	memcpy(g->decisions, s.decisions, sizeof(g->decisions));
	return st;
}

/* What is left never rises again, and a window ends where the plan's own curve stands. */
static void never_rises(const struct pqm_plan *p, struct pqm_stage *g, size_t n, bool by_phase)
{
	size_t tasks = p->n_tasks;
	double floor = p->residual[tasks].left;

	for (size_t k = n; k > 0; k--) {
		floor = fmax(floor, by_phase ? 0 : p->residual[tasks].left);
		floor = fmax(floor, g[k - 1].left);
		g[k - 1].left = floor;
		g[k - 1].avoided = fmax(0, p->residual[0].left - floor);
		tasks -= g[k - 1].n_tasks;
	}
}

enum pqm_st pqm_run_stages(struct pqm_run *r)
{
	struct pqm_plan *p = r->plan;
	enum pqm_st st = PQM_OK;

	for (unsigned k = 0; k < PQM_N_PHASES && st == PQM_OK; k++) {
		p->phases[k].name = r->tasks.phase_name[k + 1];
		st = stage(r, &p->phases[k], k + 1, true);
	}
	for (unsigned k = 0; k < PQM_N_WINDOWS && st == PQM_OK; k++) {
		p->windows[k].name = pqm_str(pqm_window_name((enum pqm_window)k));
		st = stage(r, &p->windows[k], k, false);
	}
	if (st != PQM_OK || p->n_residual == 0)
		return st;
	never_rises(p, p->phases, PQM_N_PHASES, true);
	never_rises(p, p->windows, PQM_N_WINDOWS, false);
	return PQM_OK;
}
