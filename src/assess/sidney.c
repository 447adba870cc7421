/* sidney.c — densest closed sets one after the other, by minimum cuts (Dinic) at halving prices. */
#include <stdlib.h>

#include "order.h"

#define TINY 1e-9 /* relative: capacities below are rounding */
#define NONE UINT32_MAX

struct arc {
	uint32_t to, next;
	double room;
};

/* A run of nodes still to be split. Blocks in it get densities from floor to cap, so that rounding cannot
 * order them against what was split off. */
struct stretch {
	uint32_t from, to;
	double floor, cap;
};

enum side { MIDDLE, TAKEN, LEFT };

struct cut {
	const struct pqm_part *part;
	uint32_t *node;	 /* all nodes, dependencies first: becomes the order of the blocks */
	uint32_t *local; /* node -> number in the net; NONE: not in it */
	uint32_t *was;	 /* the inverse */
	struct arc *arc;
	uint32_t *head, *level, *at, *queue, *path, *low;
	enum side *side;
	uint32_t n_nodes, n_arcs;
	double unit; /* largest capacity: the scale of TINY */
	struct stretch *todo;
	size_t n_todo;
	struct pqm_block *block;
	size_t n_blocks;
	struct pqm_arena *arena;
};

static void add_arc(struct cut *w, uint32_t from, uint32_t to, double room)
{
	w->arc[w->n_arcs] = (struct arc){ to, w->head[from], room };
	w->head[from] = w->n_arcs++;
	w->arc[w->n_arcs] = (struct arc){ from, w->head[to], 0 };
	w->head[to] = w->n_arcs++;
}

static bool has_room(const struct cut *w, uint32_t e)
{
	return w->arc[e].room > TINY * w->unit;
}

/* Distances from a node along arcs that have room; backwards, to it. */
static void flood(struct cut *w, uint32_t start, bool backwards)
{
	uint32_t first = 0, last = 0;

	for (uint32_t i = 0; i < w->n_nodes; i++)
		w->level[i] = NONE;
	w->level[start] = 0;
	w->queue[last++] = start;
	while (first < last) {
		uint32_t u = w->queue[first++];

		for (uint32_t e = w->head[u]; e != NONE; e = w->arc[e].next) {
			uint32_t v = w->arc[e].to;

			if (w->level[v] != NONE || !has_room(w, backwards ? e ^ 1 : e))
				continue;
			w->level[v] = w->level[u] + 1;
			w->queue[last++] = v;
		}
	}
}

/* One augmenting path along falling levels, without recursion: path holds the arcs taken. */
static bool augment(struct cut *w, uint32_t source, uint32_t sink)
{
	uint32_t u = source, n = 0;
	double push = INFINITY;

	while (u != sink) {
		uint32_t e = w->at[u];

		while (e != NONE && (!has_room(w, e) || w->level[w->arc[e].to] != w->level[u] + 1))
			e = w->arc[e].next;
		w->at[u] = e;
		if (e != NONE) {
			w->path[n++] = e;
			u = w->arc[e].to;
			continue;
		}
		if (u == source)
			return false;
		e = w->path[--n]; /* dead end: step back and skip this arc */
		u = w->arc[e ^ 1].to;
		w->at[u] = w->arc[e].next;
	}
	for (uint32_t i = 0; i < n; i++)
		push = fmin(push, w->arc[w->path[i]].room);
	for (uint32_t i = 0; i < n; i++) {
		w->arc[w->path[i]].room -= push;
		w->arc[w->path[i] ^ 1].room += push;
	}
	return true;
}

/* The net of a stretch: a node pays its value, costs price x effort, and needs what it depends on.
 * Nodes that neither pay nor cost stay without an arc to source or sink. */
static void build(struct cut *w, const struct stretch *s, double price)
{
	const struct pqm_part *p = w->part;
	uint32_t n = s->to - s->from;

	w->n_nodes = n + 2;
	w->n_arcs = 0;
	w->unit = 0;
	for (uint32_t i = 0; i < w->n_nodes; i++)
		w->head[i] = NONE;
	memcpy(w->was, w->node + s->from, n * sizeof(*w->was));
	for (uint32_t i = 0; i < n; i++)
		w->local[w->was[i]] = i;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t u = w->was[i];
		double gain = p->value[u] - price * p->effort[u];

		w->unit = fmax(w->unit, fabs(gain));
		if (gain > 0)
			add_arc(w, n, i, gain);
		else
			add_arc(w, i, n + 1, -gain);
		for (uint32_t k = p->dep_at[u]; k < p->dep_at[u + 1]; k++)
			if (w->local[p->dep[k]] != NONE)
				add_arc(w, i, w->local[p->dep[k]], INFINITY);
	}
	for (uint32_t i = 0; i < n; i++)
		w->local[w->was[i]] = NONE;
}

/* Which nodes every best set holds (TAKEN), and which none does (LEFT); between them a best set may
 * stop anywhere. */
static void classify(struct cut *w)
{
	uint32_t n = w->n_nodes - 2;

	for (flood(w, n, false); w->level[n + 1] != NONE; flood(w, n, false)) {
		memcpy(w->at, w->head, w->n_nodes * sizeof(*w->at));
		while (augment(w, n, n + 1))
			;
	}
	for (uint32_t i = 0; i < n; i++)
		w->side[i] = w->level[i] != NONE ? TAKEN : MIDDLE;
	flood(w, n + 1, true);
	for (uint32_t i = 0; i < n; i++)
		if (w->level[i] != NONE)
			w->side[i] = LEFT;
}

/* The walk for strongly connected groups [Tarjan 1972]: level is the number of a node, queue the nodes that
 * are open, path the way down to the current one. */
struct walk {
	uint32_t n_numbered, n_open, n_path;
	uint32_t out; /* where the next group goes */
	double density;
};

static uint32_t lower(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static int by_number(const void *x, const void *y)
{
	uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;

	return (a > b) - (a < b);
}

static void add_block(struct cut *w, uint32_t from, uint32_t to, double density)
{
	qsort(w->node + from, to - from, sizeof(*w->node), by_number);
	w->block[w->n_blocks++] = (struct pqm_block){ from, to, density };
}

/* What is open above u needs u and is needed by it, at no gain: it cannot be parted. */
static void close_group(struct cut *w, struct walk *k, uint32_t u)
{
	uint32_t from = k->out, v;

	do {
		v = w->queue[--k->n_open];
		w->side[v] = TAKEN; /* no longer looked at */
		w->node[k->out++] = w->was[v];
	} while (v != u);
	add_block(w, from, k->out, k->density);
}

static void open_node(struct cut *w, struct walk *k, uint32_t u)
{
	w->level[u] = w->low[u] = k->n_numbered++;
	w->at[u] = w->head[u];
	w->queue[k->n_open++] = u;
	w->path[k->n_path++] = u;
}

static void walk_from(struct cut *w, struct walk *k, uint32_t start)
{
	open_node(w, k, start);
	while (k->n_path > 0) {
		uint32_t u = w->path[k->n_path - 1], e = w->at[u], v;

		if (e == NONE) {
			if (w->low[u] == w->level[u])
				close_group(w, k, u);
			if (--k->n_path > 0) {
				v = w->path[k->n_path - 1];
				w->low[v] = lower(w->low[v], w->low[u]);
			}
			continue;
		}
		w->at[u] = w->arc[e].next;
		v = w->arc[e].to;
		if (v >= w->n_nodes - 2 || w->side[v] != MIDDLE || !has_room(w, e))
			continue;
		if (w->level[v] == NONE)
			open_node(w, k, v);
		else
			w->low[u] = lower(w->low[u], w->level[v]);
	}
}

/* Puts the nodes between both sides from `at` on: groups that cannot be parted, needed ones first. Each
 * is a block. */
static void group_middle(struct cut *w, uint32_t at, double density)
{
	struct walk k = { .out = at, .density = density };
	uint32_t n = w->n_nodes - 2;

	for (uint32_t i = 0; i < n; i++)
		w->level[i] = NONE;
	for (uint32_t i = 0; i < n; i++)
		if (w->side[i] == MIDDLE && w->level[i] == NONE)
			walk_from(w, &k, i);
}

/* Puts the nodes of one side from `at` on; returns where they end. */
static uint32_t put_side(struct cut *w, uint32_t at, enum side side)
{
	for (uint32_t i = 0; i < w->n_nodes - 2; i++)
		if (w->side[i] == side)
			w->node[at++] = w->was[i];
	return at;
}

static void push_stretch(struct cut *w, struct stretch s)
{
	if (s.from < s.to)
		w->todo[w->n_todo++] = s;
}

static double density_of(const struct cut *w, const struct stretch *s)
{
	double value = 0, effort = 0;

	for (uint32_t i = s->from; i < s->to; i++) {
		value += w->part->value[w->node[i]];
		effort += w->part->effort[w->node[i]];
	}
	return effort > 0 ? value / effort : value > 0 ? INFINITY : 0;
}

/* One stretch: what is denser than its mean, blocks as dense as it, and what is less dense. */
static void split(struct cut *w, const struct stretch *s)
{
	double mean = density_of(w, s), key = fmax(s->floor, fmin(s->cap, mean));
	uint32_t n = s->to - s->from, mid, left = 0, taken = 0;

	if (n > 1 && mean > 0 && !isinf(mean)) {
		build(w, s, mean);
		classify(w);
		for (uint32_t i = 0; i < n; i++) {
			taken += w->side[i] == TAKEN;
			left += w->side[i] == LEFT;
		}
	}
	if (n == 1 || !(mean > 0) || isinf(mean) || taken == n || left == n) {
		add_block(w, s->from, s->to, key);
		return;
	}
	mid = put_side(w, s->from, TAKEN);
	left = s->to - left;
	(void)put_side(w, left, LEFT);
	push_stretch(w, (struct stretch){ s->from, mid, key, s->cap });
	push_stretch(w, (struct stretch){ left, s->to, s->floor, key });
	if (mid < left)
		group_middle(w, mid, key);
}

static int densest_first(const void *x, const void *y)
{
	const struct pqm_block *a = x, *b = y;

	if (a->density != b->density)
		return a->density > b->density ? -1 : 1;
	return (a->from > b->from) - (a->from < b->from);
}

static enum pqm_st make_room(struct cut *w, struct pqm_err *err)
{
	size_t n = w->part->n, arcs = n + w->part->dep_at[n];

	w->local = pqm_new(w->arena, uint32_t, n);
	w->was = pqm_new(w->arena, uint32_t, n);
	w->arc = pqm_new(w->arena, struct arc, 2 * arcs);
	w->head = pqm_new(w->arena, uint32_t, n + 2);
	w->level = pqm_new(w->arena, uint32_t, n + 2);
	w->at = pqm_new(w->arena, uint32_t, n + 2);
	w->queue = pqm_new(w->arena, uint32_t, n + 2);
	w->path = pqm_new(w->arena, uint32_t, n + 2);
	w->low = pqm_new(w->arena, uint32_t, n + 2);
	w->side = pqm_new(w->arena, enum side, n + 2);
	w->todo = pqm_new(w->arena, struct stretch, n + 2);
	w->block = pqm_new(w->arena, struct pqm_block, n + 1);
	if (w->local == NULL || w->was == NULL || w->arc == NULL || w->head == NULL ||
		w->level == NULL || w->at == NULL || w->queue == NULL || w->path == NULL ||
		w->low == NULL || w->side == NULL || w->todo == NULL || w->block == NULL)
		return pqm_fail(err, PQM_ENOMEM, "plan: out of memory");
	for (size_t i = 0; i < n; i++)
		w->local[i] = NONE;
	return PQM_OK;
}

enum pqm_st pqm_part_sidney(uint32_t *node, struct pqm_block **blocks, size_t *n_blocks,
	const struct pqm_part *part, struct pqm_arena *arena, struct pqm_err *err)
{
	struct cut w = { .part = part, .node = node, .arena = arena };
	enum pqm_st st = make_room(&w, err);

	if (st != PQM_OK)
		return st;
	for (uint32_t i = 0; i < part->n; i++)
		node[i] = i;
	push_stretch(&w, (struct stretch){ 0, part->n, 0, INFINITY });
	while (w.n_todo > 0) {
		struct stretch s = w.todo[--w.n_todo];

		split(&w, &s);
	}
	qsort(w.block, w.n_blocks, sizeof(*w.block), densest_first);
	*blocks = w.block;
	*n_blocks = w.n_blocks;
	return PQM_OK;
}
