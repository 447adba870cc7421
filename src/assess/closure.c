/* closure.c — the densest closed set of jobs and prizes, by parametric minimum cuts (Dinic). */
#include "planner.h"

#define TINY 1e-9 /* relative: capacities below are rounding */

struct arc {
	uint32_t to, next;
	double room;
};

struct net {
	struct arc *arc;
	uint32_t *head, *level, *at, *queue;
	uint32_t n_nodes, n_arcs;
	double unit; /* largest value: the scale of TINY */
};

#define NONE UINT32_MAX

static void add_arc(struct net *w, uint32_t from, uint32_t to, double room)
{
	w->arc[w->n_arcs] = (struct arc){ to, w->head[from], room };
	w->head[from] = w->n_arcs++;
	w->arc[w->n_arcs] = (struct arc){ from, w->head[to], 0 };
	w->head[to] = w->n_arcs++;
}

static bool levels(struct net *w, uint32_t source, uint32_t sink)
{
	uint32_t first = 0, last = 0;

	for (uint32_t i = 0; i < w->n_nodes; i++)
		w->level[i] = NONE;
	w->level[source] = 0;
	w->queue[last++] = source;
	while (first < last) {
		uint32_t u = w->queue[first++];

		for (uint32_t e = w->head[u]; e != NONE; e = w->arc[e].next) {
			uint32_t v = w->arc[e].to;

			if (w->level[v] != NONE || !(w->arc[e].room > TINY * w->unit))
				continue;
			w->level[v] = w->level[u] + 1;
			w->queue[last++] = v;
		}
	}
	return w->level[sink] != NONE;
}

/* One augmenting path along falling levels, without recursion: path holds the arcs taken. */
static bool augment(struct net *w, uint32_t source, uint32_t sink, uint32_t *path)
{
	uint32_t u = source, n = 0;
	double push = INFINITY;

	while (u != sink) {
		uint32_t e = w->at[u];

		while (e != NONE &&
			(!(w->arc[e].room > TINY * w->unit) ||
				w->level[w->arc[e].to] != w->level[u] + 1))
			e = w->arc[e].next;
		w->at[u] = e;
		if (e != NONE) {
			path[n++] = e;
			u = w->arc[e].to;
			continue;
		}
		if (u == source)
			return false;
		e = path[--n]; /* dead end: step back and skip this arc */
		u = w->arc[e ^ 1].to;
		w->at[u] = w->arc[e].next;
	}
	for (uint32_t i = 0; i < n; i++)
		push = fmin(push, w->arc[path[i]].room);
	for (uint32_t i = 0; i < n; i++) {
		w->arc[path[i]].room -= push;
		w->arc[path[i] ^ 1].room += push;
	}
	return true;
}

static void max_flow(struct net *w, uint32_t source, uint32_t sink, uint32_t *path)
{
	while (levels(w, source, sink)) {
		memcpy(w->at, w->head, w->n_nodes * sizeof(*w->at));
		while (augment(w, source, sink, path))
			;
	}
}

/* Nodes: jobs, prizes, source, sink. A prize pays its value, a job costs price x effort, and taking
 * something takes what it depends on. */
static void build(struct net *w, const struct pqm_part *part, double price)
{
	uint32_t n = (uint32_t)part->n, source = n + (uint32_t)part->n_prizes, sink = source + 1;

	w->n_nodes = sink + 1;
	w->n_arcs = 0;
	for (uint32_t i = 0; i < w->n_nodes; i++)
		w->head[i] = NONE;
	for (uint32_t i = 0; i < n; i++) {
		add_arc(w, i, sink, price * part->effort[i]);
		for (size_t k = 0; k < part->n_deps[i]; k++)
			add_arc(w, i, part->deps[i][k], INFINITY);
	}
	for (uint32_t i = 0; i < part->n_prizes; i++) {
		add_arc(w, source, n + i, part->value[i]);
		for (size_t k = 0; k < part->n_prize_deps[i]; k++)
			add_arc(w, n + i, part->prize_deps[i][k], INFINITY);
	}
}

/* Value and effort of what the cut leaves on the source side. */
static double taken(const struct net *w, const struct pqm_part *part, bool *in, double *effort)
{
	double value = 0;

	*effort = 0;
	for (size_t i = 0; i < part->n; i++) {
		in[i] = w->level[i] != NONE;
		*effort += in[i] ? part->effort[i] : 0;
	}
	for (size_t i = 0; i < part->n_prizes; i++)
		value += w->level[part->n + i] != NONE ? part->value[i] : 0;
	return value;
}

static enum pqm_st make_net(struct net *w, uint32_t **path, const struct pqm_part *part,
	struct pqm_arena *scratch, struct pqm_err *err)
{
	size_t nodes = part->n + part->n_prizes + 2, arcs = part->n + part->n_prizes;

	for (size_t i = 0; i < part->n; i++)
		arcs += part->n_deps[i];
	for (size_t i = 0; i < part->n_prizes; i++)
		arcs += part->n_prize_deps[i];
	w->arc = pqm_new(scratch, struct arc, 2 * arcs);
	w->head = pqm_new(scratch, uint32_t, nodes);
	w->level = pqm_new(scratch, uint32_t, nodes);
	w->at = pqm_new(scratch, uint32_t, nodes);
	w->queue = pqm_new(scratch, uint32_t, nodes);
	*path = pqm_new(scratch, uint32_t, nodes);
	if (w->arc == NULL || w->head == NULL || w->level == NULL || w->at == NULL ||
		w->queue == NULL || *path == NULL)
		return pqm_fail(err, PQM_ENOMEM, "plan: out of memory");
	return PQM_OK;
}

/* Value per effort of the closure of one prize, as a start for the search; marks it in `in`. */
static double closure_of(const struct pqm_part *part, size_t prize, bool *in, uint32_t *stack)
{
	size_t n = 0;
	double effort = 0;

	memset(in, 0, part->n * sizeof(*in));
	for (size_t k = 0; k < part->n_prize_deps[prize]; k++) {
		uint32_t j = part->prize_deps[prize][k];

		if (!in[j]) {
			in[j] = true;
			stack[n++] = j;
		}
	}
	while (n > 0) {
		uint32_t j = stack[--n];

		effort += part->effort[j];
		for (size_t k = 0; k < part->n_deps[j]; k++)
			if (!in[part->deps[j][k]]) {
				in[part->deps[j][k]] = true;
				stack[n++] = part->deps[j][k];
			}
	}
	return effort > 0 ? part->value[prize] / effort : INFINITY;
}

/* Dinkelbach: raise the price of effort to the density of the best set until no set gains. */
enum pqm_st pqm_part_densest(bool *in, bool *found, const struct pqm_part *part,
	struct pqm_arena *scratch, struct pqm_err *err)
{
	struct net w = { 0 };
	uint32_t *path, source = (uint32_t)(part->n + part->n_prizes), *stack;
	bool *best = pqm_new(scratch, bool, part->n + 1);
	double price = -1;
	enum pqm_st st = make_net(&w, &path, part, scratch, err);

	stack = pqm_new(scratch, uint32_t, part->n + 1);
	if (st != PQM_OK)
		return st;
	if (best == NULL || stack == NULL)
		return pqm_fail(err, PQM_ENOMEM, "plan: out of memory");
	*found = false;
	for (size_t i = 0; i < part->n_prizes; i++) {
		double density = part->value[i] > 0 ? closure_of(part, i, best, stack) : 0;

		w.unit = fmax(w.unit, part->value[i]);
		if (!(density > 0) || !(density > price))
			continue;
		price = density;
		*found = true;
		memcpy(in, best, part->n * sizeof(*in));
	}
	if (!*found || isinf(price))
		return PQM_OK;
	for (int round = 0; round < 64; round++) {
		double value, effort;

		build(&w, part, price);
		max_flow(&w, source, source + 1, path);
		value = taken(&w, part, best, &effort);
		if (!(effort > 0) || !(value / effort > price * (1 + TINY)))
			break;
		price = value / effort;
		memcpy(in, best, part->n * sizeof(*in));
	}
	return PQM_OK;
}
