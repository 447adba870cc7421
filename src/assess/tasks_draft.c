/* tasks_draft.c — where a task is done, and what it collects: units, assets, places, findings. */
#include "tasks_int.h"

/* Algorithms that the title of a group names. */
#define GROUP_NAMED_MAX 3

void tk_no_memory(struct tk_maker *m)
{
	if (m->st == PQM_OK)
		m->st = pqm_fail(m->err, PQM_ENOMEM, "plan: out of memory");
}

const struct pqm_node *tk_node(const struct tk_maker *m, uint32_t i)
{
	return i < m->g->n_nodes ? &m->g->nodes[i] : NULL;
}

bool tk_is_of(const struct tk_maker *m, uint32_t i, enum pqm_node_type a, enum pqm_node_type b)
{
	const struct pqm_node *n = tk_node(m, i);

	return n != NULL && (n->type == a || n->type == b);
}

uint32_t tk_pick(const struct tk_maker *m, const struct pqm_hop *h, pqm_bytes target)
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
		if (tk_is_of(m, h->to, kinds[i].a, kinds[i].b))
			return h->to;
		if (tk_is_of(m, h->from, kinds[i].a, kinds[i].b))
			return h->from;
	}
	return tk_node(m, h->to) != NULL ? h->to : h->from;
}

/* "Ingress data"; an image or a URL speaks for itself. */
struct tk_place tk_place_of_node(struct tk_maker *m, uint32_t i)
{
	const struct pqm_node *n = &m->g->nodes[i];
	pqm_bytes name = n->name.n > 0 ? n->name : n->id;
	bool plain = n->kind.n == 0 || n->type == PQM_NODE_IMAGE || n->type == PQM_NODE_EXTERNAL;

	return (struct tk_place){ n->id,
		plain ? name : pqm_arena_f(m->arena, "%.*s %.*s", PQM_FMT(n->kind), PQM_FMT(name)),
		n->id, false };
}

/* "unassigned in TARGET" is no place of anybody's: what was scanned is. */
static pqm_bytes label_of_asset(struct tk_maker *m, const struct pqm_asset *a)
{
	static const char word[] = "unassigned", in[] = " in ";
	pqm_bytes rest = pqm_sub(a->name, sizeof(word) - 1, a->name.n);

	if (!a->is_unassigned || !pqm_starts(a->name, pqm_str(word)))
		return a->name;
	if (pqm_starts(rest, pqm_str(in)))
		return pqm_arena_f(m->arena, "%.*s (no AI asset)",
			PQM_FMT(pqm_sub(rest, sizeof(in) - 1, rest.n)));
	return PQM_LIT("files of no AI asset");
}

/* "RSA-1024", "MD5" */
static pqm_bytes algorithm_of(struct tk_maker *m, const struct pqm_finding *f)
{
	pqm_bytes alg = f->algorithm.n > 0 ? f->algorithm : f->family;

	return f->parameter.n == 0 || pqm_find(alg, 0, f->parameter) != SIZE_MAX
		? alg
		: pqm_arena_f(m->arena, "%.*s-%.*s", PQM_FMT(alg), PQM_FMT(f->parameter));
}

/* What is broken, as what: "RSA-1024 keys in /srv (no AI asset)". */
static struct tk_place place_of_cause(struct tk_maker *m, const struct tk_cause *c)
{
	static const struct {
		enum pqm_meaning meaning;
		const char *words;
	} kinds[] = { { PQM_KEY, "keys" }, { PQM_CERT, "certificates" },
		{ PQM_CONFIG, "settings" } };
	const struct pqm_finding *f = c->finding;
	pqm_bytes alg = algorithm_of(m, f);
	const char *words = "uses";

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].meaning == f->meaning)
			words = kinds[i].words;
	return (struct tk_place){ pqm_arena_f(m->arena, "%.*s/%.*s/%s", PQM_FMT(c->asset->id),
					  PQM_FMT(alg), words),
		pqm_arena_f(m->arena, "%.*s %s in %.*s", PQM_FMT(alg), words,
			PQM_FMT(label_of_asset(m, c->asset))),
		c->asset->id, false };
}

/* "RSA-512, RSA-1024 and 2 more": what the findings of a hop are. */
static pqm_bytes algorithms_of(struct tk_maker *m, const struct pqm_hop *h)
{
	pqm_bytes out = { NULL, 0 };
	size_t n = 0;

	for (size_t i = 0; i < h->n_findings; i++) {
		const struct pqm_finding *f = pqm_inventory_find(m->inv, h->findings[i]);
		pqm_bytes alg = f == NULL ? (pqm_bytes){ NULL, 0 } : algorithm_of(m, f);

		if (alg.n == 0 || pqm_find(out, 0, alg) != SIZE_MAX)
			continue;
		if (n++ < GROUP_NAMED_MAX)
			out = pqm_arena_f(m->arena, "%.*s%s%.*s", PQM_FMT(out),
				out.n > 0 ? ", " : "", PQM_FMT(alg));
	}
	return n <= GROUP_NAMED_MAX
		? out
		: pqm_arena_f(m->arena, "%.*s and %zu more", PQM_FMT(out), n - GROUP_NAMED_MAX);
}

/* Things of one kind outside the graph: "CA keys and certificates of RSA-512 in /srv (no AI asset)". */
static struct tk_place place_of_group(struct tk_maker *m, const struct tk_cause *c)
{
	pqm_bytes label = c->hop->label, algs = algorithms_of(m, c->hop);
	size_t space = pqm_find_byte(label, 0, ' ');
	bool is_ca = pqm_find(label, 0, PQM_LIT(" CA ")) != SIZE_MAX;

	label = pqm_sub(label, space == SIZE_MAX ? 0 : space + 1, label.n);
	label = pqm_sub(label, 0, pqm_find_byte(label, 0, ':'));
	return (struct tk_place){ pqm_arena_f(m->arena, "%.*s/%s", PQM_FMT(c->asset->id),
					  is_ca ? "authorities" : "keys"),
		pqm_arena_f(m->arena, "%.*s%s%.*s in %.*s", PQM_FMT(label),
			algs.n > 0 ? " of " : "", PQM_FMT(algs),
			PQM_FMT(label_of_asset(m, c->asset))),
		c->asset->id, false };
}

struct tk_place tk_place_of(
	struct tk_maker *m, const struct pqm_rule *rule, const struct tk_cause *c, uint32_t node)
{
	pqm_bytes target = pqm_yaml_str(rule->node, "target");
	struct tk_place by_asset = { c->asset->id, label_of_asset(m, c->asset), c->asset->id,
		false };
	const struct pqm_node *n = tk_node(m, node);

	if (pqm_eqs(target, "run"))
		return (struct tk_place){ PQM_LIT("all"), PQM_LIT("everything scanned"),
			PQM_LIT("all"), false };
	if (c->hop != NULL && c->site != NULL && pqm_yaml_true(rule->node, "one_edit")) {
		pqm_bytes edit = tk_edit_of(m, c->hop, c->site);

		if (edit.n > 0)
			return (struct tk_place){ edit, edit, n == NULL ? edit : n->id, true };
	}
	if (pqm_eqs(target, "cause"))
		return c->finding != NULL ? place_of_cause(m, c)
			: n == NULL	  ? place_of_group(m, c)
					  : tk_place_of_node(m, node);
	if (n == NULL || pqm_eqs(target, "asset"))
		return by_asset;
	if (!pqm_eqs(target, "namespace"))
		return tk_place_of_node(m, node);
	if (n->ns.n == 0)
		return by_asset;
	return (struct tk_place){ pqm_arena_f(m->arena, "namespace/%.*s", PQM_FMT(n->ns)),
		pqm_arena_f(m->arena, "namespace %.*s", PQM_FMT(n->ns)), n->ns, false };
}

static void add_unit(struct tk_maker *m, struct tk_draft *d, pqm_bytes key)
{
	if (!pqm_map_put(&d->units, key, d))
		tk_no_memory(m);
}

static void count_units(struct tk_maker *m, struct tk_draft *d, const struct tk_cause *c)
{
	pqm_bytes per = pqm_yaml_str(d->rule->node, "per");
	const struct pqm_hop *h = c->hop;
	size_t n = c->finding != NULL ? 1 : h != NULL ? h->n_findings : 0;

	if (pqm_eqs(per, "asset")) {
		add_unit(m, d, c->asset->id);
	} else if (d->is_shared) {
		add_unit(m, d, PQM_LIT("target"));
	} else if (pqm_eqs(per, "finding") ||
		(h != NULL && tk_node(m, h->to) == NULL && !pqm_eqs(per, "target"))) {
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

void tk_add_text(struct tk_maker *m, pqm_bytes **list, size_t *n, size_t *cap, pqm_bytes text)
{
	pqm_bytes *grown;

	for (size_t i = 0; i < *n; i++)
		if (pqm_eq((*list)[i], text))
			return;
	grown = pqm_grow(m->arena, *list, *n, cap);
	if (grown == NULL || text.p == NULL) {
		tk_no_memory(m);
		return;
	}
	*list = grown;
	(*list)[(*n)++] = text;
}

static void add_asset(struct tk_maker *m, struct tk_draft *d, pqm_bytes id)
{
	pqm_bytes *grown;

	if (pqm_map_get(&d->of, id) != NULL)
		return;
	grown = pqm_grow(m->arena, d->assets, d->t.n_assets, &d->cap_assets);
	if (grown == NULL || !pqm_map_put(&d->of, id, m)) {
		tk_no_memory(m);
		return;
	}
	d->assets = grown;
	d->assets[d->t.n_assets++] = id;
}

const struct pqm_occurrence *tk_shipped_at(const struct pqm_finding *f, bool hidden)
{
	for (size_t i = 0; i < f->n_occs; i++)
		if (pqm_occ_attr(&f->occs[i], "image").n > 0 &&
			(pqm_occ_attr(&f->occs[i], "shipped").n > 0) == hidden)
			return &f->occs[i];
	return NULL;
}

/* The place of a finding that the rule is about; the first where it says nothing of that. */
static const struct pqm_occurrence *occurrence_of(
	const struct pqm_rule *rule, const struct pqm_finding *f)
{
	const struct pqm_occurrence *o = NULL;

	if (pqm_yaml_true(rule->node, "of_images"))
		o = tk_shipped_at(f, false) != NULL ? tk_shipped_at(f, false)
						    : tk_shipped_at(f, true);
	return o != NULL || f->n_occs == 0 ? o : &f->occs[0];
}

/* What is taken for it now: the block to edit. */
static pqm_bytes asset_words(struct tk_maker *m, const struct pqm_asset *a)
{
	return pqm_arena_f(m->arena,
		"%.*s: pqmap.dev/shelf-life: %.4gy%s, pqmap.dev/impact: \"%.3g\"%s, "
		"pqmap.dev/owner: %.*s",
		PQM_FMT(a->name), a->life_years.value,
		a->life_years.is_assumption ? " (assumed)" : "", a->impact.value,
		a->impact.is_assumption ? " (assumed)" : "",
		PQM_FMT((a->owner.n > 0 ? a->owner : PQM_LIT("(nobody named)"))));
}

static pqm_bytes where_of(struct tk_maker *m, const struct pqm_rule *rule, const struct tk_cause *c)
{
	const struct pqm_hop *h = c->hop;
	const struct pqm_occurrence *o =
		c->finding != NULL ? occurrence_of(rule, c->finding) : NULL;
	char place[48];

	if (o != NULL) {
		/* Who maintains the base image has to act, too. */
		const char *owner =
			pqm_eqs(pqm_occ_attr(o, "owner"), "base") ? " (base image)" : "";

		pqm_occ_place(place, o);
		return o->line == 0 && o->off == 0
			? pqm_arena_f(m->arena, "%.*s%s", PQM_FMT(o->path), owner)
			: pqm_arena_f(m->arena, "%.*s:%s%s", PQM_FMT(o->path), place, owner);
	}
	if (h == NULL)
		return asset_words(m, c->asset);
	if (h->path.n == 0)
		return h->label;
	if (h->line == 0)
		return pqm_arena_f(m->arena, "%.*s, %.*s", PQM_FMT(h->path), PQM_FMT(h->label));
	return pqm_arena_f(m->arena, "%.*s:%u, %.*s", PQM_FMT(h->path), h->line,
		PQM_FMT(h->ref.n > 0 ? h->ref : h->label));
}

/* Of one edit for several links, each line says for which. */
static pqm_bytes place_words(struct tk_maker *m, const struct tk_draft *d, const struct tk_cause *c)
{
	pqm_bytes at = where_of(m, d->rule, c);

	return !d->is_shared || c->hop == NULL
		? at
		: pqm_arena_f(m->arena, "%.*s: %.*s", PQM_FMT(at), PQM_FMT(tk_use_place(m, d, c)));
}

static void add_place(struct tk_maker *m, struct tk_draft *d, const struct tk_cause *c)
{
	size_t before = d->t.n_where;

	if (before < PQM_TASK_PLACES_MAX)
		tk_add_text(m, &d->where, &d->t.n_where, &d->cap_where, place_words(m, d, c));
	d->n_places += before >= PQM_TASK_PLACES_MAX || d->t.n_where > before;
}

static void add_finding(struct tk_maker *m, struct tk_draft *d, const uint8_t id[PQM_ID_BYTES])
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
		tk_no_memory(m);
		return;
	}
	d->findings = grown;
	memcpy(d->findings[d->t.n_findings++], id, PQM_ID_BYTES);
}

void tk_add_cause(struct tk_maker *m, struct tk_draft *d, const struct tk_cause *c)
{
	count_units(m, d, c);
	add_asset(m, d, c->asset->id);
	add_place(m, d, c);
	if (d->is_shared && c->hop != NULL)
		tk_add_use(m, d, c);
	for (size_t i = 0; c->hop != NULL && i < c->hop->n_findings; i++) {
		struct tk_cause one = { .asset = c->asset,
			.finding = pqm_inventory_find(m->inv, c->hop->findings[i]) };

		add_finding(m, d, c->hop->findings[i]);
		if (tk_node(m, c->hop->to) == NULL && one.finding != NULL && i > 0)
			add_place(m, d, &one); /* a group of things: each has its place */
	}
	if (c->finding != NULL)
		add_finding(m, d, c->finding->id);
}

uint32_t tk_find(struct tk_maker *m, pqm_bytes id)
{
	uintptr_t v = (uintptr_t)pqm_map_get(&m->by_id, id);

	return v == 0 ? UINT32_MAX : (uint32_t)(v - 1);
}

/* Room for one more draft. They are large and many: no arena, which would keep every array that became too small. */
static bool make_room(struct tk_maker *m)
{
	size_t cap = m->cap < 32 ? 32 : m->cap + m->cap / 2;
	struct tk_draft *grown;

	if (m->n < m->cap)
		return true;
	grown = pqm_malloc(cap * sizeof(*grown));
	if (grown == NULL)
		return false;
	if (m->n > 0)
		memcpy(grown, m->d, m->n * sizeof(*grown));
	pqm_free(m->d);
	m->d = grown;
	m->cap = cap;
	return true;
}

uint32_t tk_draft_for(struct tk_maker *m, const struct pqm_rule *rule, const struct tk_cause *c,
	struct tk_place place)
{
	pqm_bytes type = pqm_yaml_str(rule->node, "type");
	bool full = m->n + 64 >= PQM_PLAN_JOBS_MAX; /* room for one folded task of each type */
	pqm_bytes id = full ? pqm_arena_f(m->arena, "%.*s:more", PQM_FMT(type))
			    : pqm_arena_f(m->arena, "%.*s:%.*s", PQM_FMT(type), PQM_FMT(place.key));
	uint32_t i = tk_find(m, id);

	if (i != UINT32_MAX)
		return i;
	if (id.p == NULL || !make_room(m) ||
		!pqm_map_put(&m->by_id, id, (void *)(uintptr_t)(m->n + 1))) {
		tk_no_memory(m);
		return UINT32_MAX;
	}
	struct tk_draft *d = &m->d[m->n];

	*d = (struct tk_draft){ .rule = rule,
		.label = full ? PQM_LIT("further places") : place.label };
	d->object = place.object;
	d->is_shared = place.is_shared && !full;
	d->site = (struct tk_site){ .server = TK_NO_NODE, .image = TK_NO_NODE };
	if (c->hop != NULL) {
		d->hop = c->hop;
		d->site = *c->site;
		d->path = c->hop->path;
		/* what was read and what it speaks, no names: people choose those */
		d->words = pqm_arena_f(m->arena, "%.*s %.*s %.*s%s", PQM_FMT(c->hop->ref),
			PQM_FMT(c->hop->why), PQM_FMT(c->hop->protocol),
			c->asset != NULL && c->asset->is_unassigned ? " unassigned" : "");
	}
	if (c->finding != NULL)
		d->words = pqm_arena_f(m->arena, "%.*s %.*s %s", PQM_FMT(c->finding->family),
			PQM_FMT(c->finding->algorithm), pqm_meaning_name(c->finding->meaning));
	d->t.id = id;
	d->t.type = type;
	return (uint32_t)m->n++;
}

void tk_add_dep(struct tk_maker *m, uint32_t from, uint32_t to)
{
	struct tk_draft *d = &m->d[from];
	uint32_t *grown;

	if (from == to)
		return;
	for (size_t i = 0; i < d->t.n_deps; i++)
		if (d->deps[i] == to)
			return;
	grown = pqm_grow(m->arena, d->deps, d->t.n_deps, &d->cap_deps);
	if (grown == NULL) {
		tk_no_memory(m);
		return;
	}
	d->deps = grown;
	d->deps[d->t.n_deps++] = to;
}

static void walk_to(struct tk_maker *m, size_t *n, uint32_t i)
{
	uint32_t *grown = pqm_grow(&m->ix.own, m->walk, *n, &m->cap_walk);

	if (grown == NULL) {
		tk_no_memory(m);
		return;
	}
	m->walk = grown;
	m->walk[(*n)++] = i;
	m->d[i].met = m->n_walks;
}

bool tk_needs(struct tk_maker *m, uint32_t from, uint32_t to)
{
	size_t n = 0;

	m->n_walks++;
	walk_to(m, &n, from);
	while (n > 0 && m->st == PQM_OK) {
		const struct tk_draft *d = &m->d[m->walk[--n]];

		for (size_t k = 0; k < d->t.n_deps && m->st == PQM_OK; k++) {
			if (d->deps[k] == to)
				return true;
			if (m->d[d->deps[k]].met != m->n_walks)
				walk_to(m, &n, d->deps[k]);
		}
	}
	return false;
}
