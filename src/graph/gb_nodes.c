#include "build.h"

#include "base/limits.h"
#include "base/log.h"

/* Relations are words of rules/k8s: ten letters or so. */
#define EDGE_REL_BYTES 64
#define EDGES_CUT "over %zu references between objects; the rest is left out"

static const struct {
	const char *word;
	enum pqm_node_type type;
} types[] = {
	{ "workload", PQM_NODE_WORKLOAD },
	{ "service", PQM_NODE_SERVICE },
	{ "edge", PQM_NODE_EDGE },
	{ "certificate", PQM_NODE_CERTIFICATE },
	{ "secret", PQM_NODE_SECRET },
	{ "config", PQM_NODE_CONFIG },
	{ "store", PQM_NODE_STORE },
	{ "image", PQM_NODE_IMAGE },
};

void gb_fail(struct gb *b, const char *words)
{
	if (b->st == PQM_OK)
		b->st = pqm_fail(b->err, PQM_ENOMEM, "graph: %s: out of memory", words);
}

enum pqm_node_type gb_type_of(pqm_bytes word)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (pqm_eqs(word, types[i].word))
			return types[i].type;
	return PQM_NODE_OTHER;
}

/* "ns/Kind/name" in its parts; other ids (URLs, images) have none. */
static void split_id(struct pqm_node *n)
{
	pqm_bytes rest = n->id;

	if (n->type == PQM_NODE_IMAGE || n->type == PQM_NODE_EXTERNAL ||
		n->type == PQM_NODE_ASSET || pqm_find(n->id, 0, PQM_LIT("://")) != SIZE_MAX)
		return;
	(void)pqm_split(&rest, '/', &n->ns);
	if (rest.p != NULL)
		(void)pqm_split(&rest, '/', &n->kind);
}

uint32_t gb_node(struct gb *b, enum pqm_node_type type, pqm_bytes id, pqm_bytes name)
{
	struct pqm_graph *g = b->g;
	const void *old = pqm_map_get(&b->nodes, id);

	if (old != NULL)
		return (uint32_t)((uintptr_t)old - 1);
	if (b->st != PQM_OK)
		return GB_NONE;
	struct pqm_node *grown = pqm_grow(b->arena, g->nodes, g->n_nodes, &g->cap_nodes);
	/* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers is meant */
	const struct gb_thing **of = pqm_grow(&b->work, b->of_node, g->n_nodes, &b->cap_of_node);

	struct gb_links *links = pqm_grow(&b->work, b->links, g->n_nodes, &b->cap_links);

	if (grown == NULL || of == NULL || links == NULL || id.p == NULL ||
		!pqm_map_put(&b->nodes, id, (void *)((uintptr_t)g->n_nodes + 1))) {
		gb_fail(b, "nodes");
		return GB_NONE;
	}
	g->nodes = grown;
	b->of_node = of;
	b->links = links;
	b->links[g->n_nodes] = (struct gb_links){ 0 };
	g->nodes[g->n_nodes] = (struct pqm_node){ .type = type, .id = id, .name = name };
	split_id(&g->nodes[g->n_nodes]);
	b->of_node[g->n_nodes] = NULL;
	return (uint32_t)g->n_nodes++;
}

static void link_edge(struct gb *b, uint32_t edge)
{
	const struct pqm_edge *e = &b->g->edges[edge];
	struct gb_links *from = &b->links[e->from], *to = &b->links[e->to];

	b->nexts[edge] = (struct gb_nexts){ 0 };
	if (from->last_out == 0)
		from->first_out = edge + 1;
	else
		b->nexts[from->last_out - 1].out = edge + 1;
	from->last_out = edge + 1;
	if (to->last_in == 0)
		to->first_in = edge + 1;
	else
		b->nexts[to->last_in - 1].in = edge + 1;
	to->last_in = edge + 1;
}

/* Real clusters have four references an object, hostile ones its square. */
static size_t edges_max(const struct gb *b)
{
	return PQM_GRAPH_EDGES + PQM_GRAPH_EDGES_PER_OBJECT * b->n_things;
}

/* Told once, among what is not resolved. */
static void cut_edges(struct gb *b)
{
	pqm_bytes *doubts;

	if (b->has_edges_cut)
		return;
	b->has_edges_cut = true;
	pqm_log(PQM_WARN, "graph", EDGES_CUT, edges_max(b));
	doubts = pqm_grow(b->arena, b->doubts, b->n_doubts, &b->cap_doubts);
	if (doubts == NULL) {
		gb_fail(b, "edges");
		return;
	}
	b->doubts = doubts;
	b->doubts[b->n_doubts++] = pqm_arena_f(b->arena, EDGES_CUT, edges_max(b));
}

/* Said twice, the first place stands for both: false. Over the limit there are no more edges. */
static bool new_edge(struct gb *b, const struct pqm_edge *e)
{
	uint8_t text[2 * sizeof(uint32_t) + EDGE_REL_BYTES];
	pqm_bytes key = { text, 2 * sizeof(uint32_t) + e->rel.n };

	if (e->rel.n > EDGE_REL_BYTES) {
		b->st = pqm_fail(b->err, PQM_ELIMIT, "graph: a relation of %zu bytes, limit %d",
			e->rel.n, EDGE_REL_BYTES);
		return false;
	}
	memcpy(text, &e->from, sizeof(uint32_t));
	memcpy(text + sizeof(uint32_t), &e->to, sizeof(uint32_t));
	if (e->rel.n > 0)
		memcpy(text + 2 * sizeof(uint32_t), e->rel.p, e->rel.n);
	if (pqm_map_get(&b->edges, key) != NULL)
		return false;
	if (b->g->n_edges >= edges_max(b)) {
		cut_edges(b);
		return false;
	}
	key = pqm_bytes_dup(b->arena, key);
	if (key.p == NULL || !pqm_map_put(&b->edges, key, b->g)) {
		gb_fail(b, "edges");
		return false;
	}
	return true;
}

void gb_edge(struct gb *b, struct pqm_edge e)
{
	struct pqm_graph *g = b->g;

	if (b->st != PQM_OK || e.from == GB_NONE || e.to == GB_NONE || !new_edge(b, &e))
		return;
	struct pqm_edge *grown = pqm_grow(b->arena, g->edges, g->n_edges, &g->cap_edges);
	struct gb_nexts *nexts = pqm_grow(&b->work, b->nexts, g->n_edges, &b->cap_nexts);

	if (grown == NULL || nexts == NULL) {
		gb_fail(b, "edges");
		return;
	}
	g->edges = grown;
	b->nexts = nexts;
	g->edges[g->n_edges] = e;
	link_edge(b, (uint32_t)g->n_edges++);
}

const struct pqm_fact *gb_fact(const struct pqm_object *o, pqm_bytes glob, size_t *i)
{
	while (*i < o->n_facts) {
		const struct pqm_fact *f = &o->facts[(*i)++];

		if (pqm_k8s_fits(glob, f->key))
			return f;
	}
	return NULL;
}

const struct pqm_fact *gb_fact1(const struct pqm_object *o, const char *glob)
{
	size_t i = 0;

	return gb_fact(o, pqm_str(glob), &i);
}

bool gb_has_fact(const struct pqm_object *o, const struct pqm_yaml *globs)
{
	for (size_t i = 0; globs != NULL && i < o->n_facts; i++)
		if (pqm_k8s_listed(globs, o->facts[i].key))
			return true;
	return false;
}

/* Walks one of the two lists of a node. *i: 0 to start, then the last edge returned + 1. */
static const struct pqm_edge *walk(
	const struct gb *b, uint32_t node, const char *rel, size_t *i, bool in)
{
	uint32_t at;

	if (*i == 0)
		at = in ? b->links[node].first_in : b->links[node].first_out;
	else
		at = in ? b->nexts[*i - 1].in : b->nexts[*i - 1].out;
	for (; at != 0; at = in ? b->nexts[at - 1].in : b->nexts[at - 1].out)
		if (rel == NULL || pqm_eqs(b->g->edges[at - 1].rel, rel)) {
			*i = at;
			return &b->g->edges[at - 1];
		}
	return NULL;
}

const struct pqm_edge *gb_out(const struct gb *b, uint32_t from, const char *rel, size_t *i)
{
	return walk(b, from, rel, i, false);
}

const struct pqm_edge *gb_in(const struct gb *b, uint32_t to, const char *rel, size_t *i)
{
	return walk(b, to, rel, i, true);
}

static int by_id(const void *x, const void *y)
{
	const struct gb_thing *a = x, *c = y;
	int d = pqm_cmp(a->id, c->id);

	if (d == 0)
		d = pqm_cmp(a->o->group, c->o->group);
	if (d == 0)
		d = pqm_cmp(a->o->path, c->o->path);
	if (d == 0)
		d = (a->o->line > c->o->line) - (a->o->line < c->o->line);
	return d != 0 ? d : (a->o->target > c->o->target) - (a->o->target < c->o->target);
}

/* Arrays that grow by doubling leave half of what they took behind: they start with what a cluster needs. */
static void make_room(struct gb *b)
{
	/* A third of the nodes are no objects: images, hosts, what is referred to and not there. */
	size_t n = b->inv->n_objects + b->inv->n_objects / 2 + 64;
	size_t n_edges = 2 * b->inv->n_objects + b->inv->n_objects / 2 + 128;

	b->g->nodes = pqm_new(b->arena, struct pqm_node, n);
	b->links = pqm_new(&b->work, struct gb_links, n);
	/* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers is meant */
	b->of_node = pqm_arena_array(&b->work, n, sizeof(*b->of_node));
	b->g->edges = pqm_new(b->arena, struct pqm_edge, n_edges);
	b->nexts = pqm_new(&b->work, struct gb_nexts, n_edges);
	if (b->g->nodes == NULL || b->links == NULL || b->of_node == NULL || b->g->edges == NULL ||
		b->nexts == NULL) {
		gb_fail(b, "nodes");
		return;
	}
	b->g->cap_nodes = b->cap_links = b->cap_of_node = n;
	b->g->cap_edges = b->cap_nexts = n_edges;
}

/* A kind without a rule of its own runs pods when it has a list of containers, but for places where
 * containers are a sample, a pattern or a schema. */
static bool holds_pods(const struct gb *b, const struct pqm_object *o)
{
	const struct pqm_rule *rule = pqm_rules_get(b->r, PQM_LIT("k8s.pod-template"));
	const struct pqm_yaml *at, *not ;

	if (rule == NULL || b->kinds->any == NULL)
		return false;
	at = pqm_yaml_get(rule->node, "pods");
	not = pqm_yaml_get(rule->node, "not");
	if (pqm_k8s_listed(pqm_yaml_get(rule->node, "not_kinds"), o->kind))
		return false;
	for (size_t i = 0; i < o->n_facts; i++)
		if (pqm_k8s_listed(at, o->facts[i].key) && !pqm_k8s_listed(not, o->facts[i].key))
			return true;
	return false;
}

static void make_things(struct gb *b)
{
	b->things = pqm_new(&b->work, struct gb_thing, b->inv->n_objects + 1);
	if (b->things == NULL) {
		gb_fail(b, "objects");
		return;
	}
	for (size_t i = 0; i < b->inv->n_objects; i++) {
		const struct pqm_object *o = &b->inv->objects[i];
		struct gb_thing *t = &b->things[b->n_things++];

		*t = (struct gb_thing){ .o = o,
			.kind = pqm_k8s_kind_of(b->kinds, o->group, o->kind),
			.id = pqm_k8s_id(b->kinds, o, b->arena),
			.node = GB_NONE };
		if (t->id.p == NULL)
			gb_fail(b, "objects");
	}
	if (b->n_things > 1)
		qsort(b->things, b->n_things, sizeof(*b->things), by_id);
	for (size_t i = 0; i < b->n_things && b->st == PQM_OK; i++) {
		struct gb_thing *t = &b->things[i];
		size_t before = b->g->n_nodes;

		enum pqm_node_type type;

		if (t->kind == NULL && holds_pods(b, t->o)) {
			t->kind = b->kinds->any;
			type = PQM_NODE_WORKLOAD;
		} else if (t->kind == NULL || t->kind->node_type.n == 0) {
			continue;
		} else {
			type = gb_type_of(t->kind->node_type);
		}
		t->node = gb_node(b, type, t->id, t->o->name);
		t->is_first = b->g->n_nodes > before;
		if (!t->is_first || b->st != PQM_OK)
			continue;
		b->of_node[t->node] = t;
		b->g->nodes[t->node].path = t->o->path;
		b->g->nodes[t->node].line = t->o->line;
	}
}

/* "{name}-predictor" */
static pqm_bytes fill_name(struct gb *b, pqm_bytes pattern, pqm_bytes name)
{
	size_t at = pqm_find(pattern, 0, PQM_LIT("{name}"));

	if (at == SIZE_MAX)
		return pattern;
	return pqm_arena_f(b->arena, "%.*s%.*s%.*s", PQM_FMT(pqm_sub(pattern, 0, at)),
		PQM_FMT(name), PQM_FMT(pqm_sub(pattern, at + 6, pattern.n)));
}

pqm_bytes gb_ns(const struct gb_thing *t)
{
	pqm_bytes rest = t->id, ns = { NULL, 0 };

	(void)pqm_split(&rest, '/', &ns);
	return ns;
}

/* Services that a controller makes for an object have no manifest, but a known name. */
static void made_services(struct gb *b, const struct gb_thing *t)
{
	const struct pqm_yaml *names = t->kind == NULL ? NULL : t->kind->provides;

	for (size_t i = 0; names != NULL && i < names->n && b->st == PQM_OK; i++) {
		pqm_bytes name = fill_name(b, pqm_yaml_text(names->items[i]), t->o->name);
		uint32_t n = gb_node(b, PQM_NODE_SERVICE,
			pqm_arena_f(
				b->arena, "%.*s/Service/%.*s", PQM_FMT(gb_ns(t)), PQM_FMT(name)),
			name);

		gb_edge(b,
			(struct pqm_edge){ .from = n,
				.to = t->node,
				.rel = PQM_LIT("serves"),
				.ref = PQM_LIT("made by the controller"),
				.path = t->o->path,
				.line = t->o->line });
		if (n != GB_NONE && b->g->nodes[n].path.n == 0) {
			b->g->nodes[n].path = t->o->path;
			b->g->nodes[n].line = t->o->line;
		}
	}
}

/* A label of the pods of a workload. Bare pods carry it themselves; KServe labels its pods. */
bool gb_has_label(const struct gb_thing *w, const struct gb_label_of *l)
{
	if (pqm_eqs(l->key, GB_KSERVE_LABEL) && pqm_eqs(w->o->kind, "InferenceService"))
		return pqm_eq(w->o->name, l->value);
	for (size_t i = 0; i < w->o->n_facts; i++)
		if (pqm_eq(w->o->facts[i].value, l->value) &&
			pqm_eq(gb_label(w, &w->o->facts[i]), l->key))
			return true;
	return false;
}

static bool next_label(const struct gb_thing *s, struct gb_label_of *l, size_t *i)
{
	static const char under[] = "spec.selector.";
	const struct pqm_fact *f = gb_fact(s->o, PQM_LIT("spec.selector.*"), i);

	if (f == NULL)
		return false;
	l->key = pqm_sub(f->key, sizeof(under) - 1, f->key.n);
	l->value = f->value;
	return true;
}

/* The label of the selector that the fewest workloads have. */
static struct gb_label_of rarest_label(const struct gb *b, const struct gb_thing *s)
{
	struct gb_label_of l = { .ns = gb_ns(s) }, best = l;
	size_t i = 0, n, least = SIZE_MAX;

	while (next_label(s, &l, &i)) {
		n = gb_n_labelled(b, &l);
		if (n < least) {
			least = n;
			best = l;
		}
	}
	return best;
}

static void select_workloads(struct gb *b, const struct gb_thing *s)
{
	const struct pqm_fact *first = gb_fact1(s->o, "spec.selector.*");
	struct gb_label_of rare, l = { .ns = gb_ns(s) };
	const struct gb_thing *w;
	uint32_t at = 0;

	if (first == NULL)
		return;
	rare = rarest_label(b, s);
	while (!b->has_edges_cut && (w = gb_labelled(b, &rare, &at)) != NULL) {
		bool all = true;
		size_t k = 0;

		while (all && next_label(s, &l, &k))
			all = gb_has_label(w, &l);
		if (all)
			gb_edge(b,
				(struct pqm_edge){ .from = s->node,
					.to = w->node,
					.rel = PQM_LIT("serves"),
					.ref = PQM_LIT("spec.selector"),
					.path = s->o->path,
					.line = first->line });
	}
}

/* Routes hang below a gateway: what they route to, the gateway routes to. */
static void lift_routes(struct gb *b)
{
	for (size_t i = 0, n = b->g->n_edges; i < n && !b->has_edges_cut; i++) {
		struct pqm_edge join = b->g->edges[i];
		const struct pqm_edge *e;
		size_t k = 0;

		if (!pqm_eqs(join.rel, "joins"))
			continue;
		while ((e = gb_out(b, join.from, "routes", &k)) != NULL && b->st == PQM_OK) {
			struct pqm_edge up = *e;

			up.from = join.to;
			gb_edge(b, up);
		}
	}
}

static bool class_fits(const struct gb_thing *t, const struct pqm_yaml *of)
{
	size_t i = 0;
	const struct pqm_fact *f = gb_fact(t->o, pqm_yaml_str(of, "field"), &i);

	return pqm_k8s_listed(
		pqm_yaml_get(of, "is"), f == NULL ? (pqm_bytes){ NULL, 0 } : f->value);
}

static void settings_edges(struct gb *b, const struct pqm_rule *rule)
{
	const struct pqm_yaml *from = pqm_yaml_get(rule->node, "settings");
	const struct pqm_yaml *of = pqm_yaml_get(rule->node, "edges_of");
	const struct gb_thing *c, *t;
	uint32_t i = 0;

	while (from != NULL && (c = gb_of_kind(b, pqm_yaml_str(from, "kind"), &i)) != NULL) {
		uint32_t k = 0;

		if (!c->is_first || !gb_has_fact(c->o, pqm_yaml_get(from, "has")))
			continue;
		while (b->st == PQM_OK && !b->has_edges_cut &&
			(t = gb_of_kind(b, pqm_yaml_str(of, "kind"), &k)) != NULL)
			if (t->is_first && class_fits(t, of))
				gb_edge(b,
					(struct pqm_edge){ .from = c->node,
						.to = t->node,
						.rel = PQM_LIT("configures"),
						.ref = pqm_yaml_str(of, "field"),
						.path = c->o->path,
						.line = c->o->line });
	}
}

static void add_hosts(struct gb *b, const struct gb_thing *t)
{
	const struct pqm_yaml *globs = pqm_yaml_get(t->kind->rule->node, "hosts");

	for (size_t i = 0; globs != NULL && i < t->o->n_facts; i++) {
		const struct pqm_fact *f = &t->o->facts[i];

		if (pqm_k8s_listed(globs, f->key) && pqm_map_get(&b->hosts, f->value) == NULL &&
			!pqm_map_put(&b->hosts, f->value, (void *)((uintptr_t)t->node + 1)))
			gb_fail(b, "hosts");
	}
}

void gb_nodes(struct gb *b)
{
	const struct pqm_rule *rule;
	size_t i = 0;

	make_room(b);
	if (b->st == PQM_OK)
		make_things(b);
	if (b->st == PQM_OK)
		gb_index_new(b);
	for (i = 0; i < b->n_things && b->st == PQM_OK; i++)
		if (b->things[i].is_first)
			made_services(b, &b->things[i]);
	for (i = 0; i < b->n_things && b->st == PQM_OK; i++) {
		const struct gb_thing *t = &b->things[i];

		if (!t->is_first)
			continue;
		gb_rule_edges(b, t);
		add_hosts(b, t);
		if (b->g->nodes[t->node].type == PQM_NODE_SERVICE)
			select_workloads(b, t);
	}
	lift_routes(b);
	i = 0;
	while (b->st == PQM_OK && (rule = pqm_rules_next(b->r, "k8s/", &i)) != NULL)
		settings_edges(b, rule);
	gb_ghosts(b);
}
