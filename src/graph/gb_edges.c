/* gb_edges.c — references that rules name, to what they lead; those that lead nowhere are ghosts. */
#include "build.h"

/* Of an object in a cluster; longer ones are looked up as well, only slower. */
#define ID_BYTES ((size_t)1024)
#define LABELS_MAX 6

static uint32_t node_at(struct gb *b, pqm_bytes home, pqm_bytes kind, pqm_bytes name)
{
	char buf[ID_BYTES];
	int len = snprintf(
		buf, sizeof(buf), "%.*s/%.*s/%.*s", PQM_FMT(home), PQM_FMT(kind), PQM_FMT(name));
	const void *old = len < 0 || (size_t)len >= sizeof(buf)
		? NULL
		: pqm_map_get(&b->nodes, (pqm_bytes){ (const uint8_t *)buf, (size_t)len });

	return old == NULL ? GB_NONE : (uint32_t)((uintptr_t)old - 1);
}

/* Where a namespace is not told on one of the two sides, the only object of that name anywhere: a guess. */
static uint32_t by_name(
	struct gb *b, const struct gb_thing *from, pqm_bytes kind, pqm_bytes ns, pqm_bytes name)
{
	const struct gb_thing *t = gb_only_named(b, kind, name);

	if (t == NULL || t->node == GB_NONE)
		return GB_NONE;
	return (ns.n == 0 && from->o->ns.n == 0) || t->o->ns.n == 0 ? t->node : GB_NONE;
}

static uint32_t resolve(struct gb *b, const struct gb_thing *from, pqm_bytes kind, pqm_bytes ns,
	pqm_bytes name, bool *guess)
{
	const struct pqm_k8s_kind *k = pqm_k8s_kind_named(b->kinds, kind);
	bool is_cluster = k != NULL && k->is_cluster_scoped;
	pqm_bytes home = is_cluster ? PQM_LIT("-") : ns.n > 0 ? ns : gb_ns(from);
	uint32_t n;

	*guess = false;
	if (pqm_eqs(home, "-") && !is_cluster) {
		const struct gb_thing *t = gb_named(b, kind, name);

		if (t != NULL && t->node != GB_NONE)
			return t->node;
	}
	n = node_at(b, home, kind, name);
	if (n != GB_NONE && !b->g->nodes[n].is_ghost)
		return n;
	if (!is_cluster) {
		uint32_t other = by_name(b, from, kind, ns, name);

		*guess = other != GB_NONE;
		if (*guess)
			return other;
	}
	if (n != GB_NONE)
		return n;
	size_t before = b->g->n_nodes;

	n = gb_node(b, k == NULL ? PQM_NODE_OTHER : gb_type_of(k->node_type),
		pqm_arena_f(
			b->arena, "%.*s/%.*s/%.*s", PQM_FMT(home), PQM_FMT(kind), PQM_FMT(name)),
		name);
	if (b->g->n_nodes > before)
		b->g->nodes[n].is_ghost = true;
	return n;
}

/* The value of the fact whose key differs from f's only in the last part. */
static pqm_bytes beside(const struct pqm_object *o, const struct pqm_fact *f, pqm_bytes last)
{
	size_t dot = f->key.n;

	while (dot > 0 && f->key.p[dot - 1] != '.')
		dot--;
	for (size_t i = 0; last.n > 0 && i < o->n_facts; i++) {
		pqm_bytes k = o->facts[i].key;

		if (k.n == dot + last.n && pqm_starts(k, pqm_sub(f->key, 0, dot)) &&
			pqm_ends(k, last))
			return o->facts[i].value;
	}
	return (pqm_bytes){ NULL, 0 };
}

/* ---- host names ---- */

static bool is_label(pqm_bytes s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != '-' && (s.p[i] < 'a' || s.p[i] > 'z') &&
			(s.p[i] < '0' || s.p[i] > '9'))
			return false;
	return s.n > 0 && s.n <= 63 && (s.p[0] < '0' || s.p[0] > '9');
}

bool gb_cluster_host(const struct gb *b, pqm_bytes host, pqm_bytes *ns, pqm_bytes *name)
{
	pqm_bytes label[LABELS_MAX], rest = host;
	size_t n = 0, svc;

	while (rest.p != NULL && n < LABELS_MAX && pqm_split(&rest, '.', &label[n]))
		n++;
	if (n == 0 || !is_label(label[0]) || pqm_eqs(host, "localhost"))
		return false;
	for (svc = 0; svc < n && !pqm_eqs(label[svc], "svc"); svc++)
		;
	*ns = n > 1 ? label[1] : (pqm_bytes){ NULL, 0 };
	*name = label[0];
	if (svc == 3 && svc < n) { /* a pod of a headless Service */
		*name = label[1];
		*ns = label[2];
	}
	if (svc < n)
		return svc == 2 || svc == 3;
	return n == 1 || (n == 2 && gb_named(b, PQM_LIT("Namespace"), label[1]) != NULL);
}

/* What stands before "://": "--peer=http" gives http. */
static pqm_bytes scheme_before(pqm_bytes v, size_t at)
{
	size_t from = at;

	while (from > 0 && strchr("= \t\n,;\"'([", v.p[from - 1]) == NULL)
		from--;
	return pqm_sub(v, from, at - from);
}

/* The host of the first URL in a text, or the text itself where it is a name of the cluster; else empty. */
static pqm_bytes host_in(const struct gb *b, pqm_bytes v)
{
	const struct pqm_rule *rule = pqm_rules_get(b->r, PQM_LIT("k8s.host-schemes"));
	size_t at = pqm_find(v, 0, PQM_LIT("://")), end = 0, user;
	pqm_bytes rest = at == SIZE_MAX ? v : pqm_sub(v, at + 3, v.n);

	while (end < rest.n && strchr("/?#, \t\n\"'", rest.p[end]) == NULL)
		end++;
	rest = pqm_sub(rest, 0, end);
	user = pqm_find_byte(rest, 0, '@');
	if (user != SIZE_MAX)
		rest = pqm_sub(rest, user + 1, rest.n);
	rest = pqm_sub(rest, 0, pqm_find_byte(rest, 0, ':'));
	if (at != SIZE_MAX &&
		(rule == NULL ||
			!pqm_k8s_listed(
				pqm_yaml_get(rule->node, "host_schemes"), scheme_before(v, at))))
		return (pqm_bytes){ NULL, 0 };
	if (at == SIZE_MAX && !pqm_ends(rest, PQM_LIT(".svc")) &&
		!pqm_ends(rest, PQM_LIT(".svc.cluster.local")))
		return (pqm_bytes){ NULL, 0 };
	return rest;
}

/* "ns/name"; a host name of the cluster: "name", "name.ns", "name.ns.svc…". Other hosts have no object. */
static bool split_name(
	const struct gb *b, const struct pqm_yaml *rule, pqm_bytes *ns, pqm_bytes *name)
{
	pqm_bytes form = pqm_yaml_str(rule, "form"), rest = *name, first, third = { NULL, 0 };

	if (pqm_k8s_listed(pqm_yaml_get(rule, "skip"), *name))
		return false;
	if (pqm_eqs(form, "url"))
		return gb_cluster_host(b, host_in(b, *name), ns, name);
	if (pqm_eqs(form, "ns/name") && pqm_find_byte(*name, 0, '/') != SIZE_MAX) {
		(void)pqm_split(&rest, '/', ns);
		*name = rest;
	}
	if (!pqm_eqs(form, "host") || pqm_find_byte(*name, 0, '.') == SIZE_MAX)
		return true;
	(void)pqm_split(&rest, '.', &first);
	(void)pqm_split(&rest, '.', ns);
	if (rest.p != NULL)
		(void)pqm_split(&rest, '.', &third);
	*name = first;
	return third.n == 0 || pqm_eqs(third, "svc");
}

/* ---- rules ---- */

static pqm_bytes kind_said(
	const struct pqm_object *o, const struct pqm_fact *f, const struct pqm_yaml *rule)
{
	pqm_bytes at = pqm_yaml_str(rule, "kind_at");
	pqm_bytes by = beside(o, f, pqm_yaml_str(rule, "kind_beside"));
	size_t i = 0;
	const struct pqm_fact *said = at.n == 0 ? NULL : gb_fact(o, at, &i);

	return said != NULL ? said->value : by.n > 0 ? by : pqm_yaml_str(rule, "to");
}

static void rule_edge(struct gb *b, const struct gb_thing *t, const struct pqm_yaml *rule)
{
	const struct pqm_yaml *made_if = pqm_yaml_get(rule, "made_if");
	pqm_bytes at = pqm_yaml_str(rule, "at");
	const struct pqm_fact *f;
	size_t i = 0;

	while ((f = gb_fact(t->o, at, &i)) != NULL && b->st == PQM_OK) {
		pqm_bytes ns = beside(t->o, f, pqm_yaml_str(rule, "ns")), name = f->value;
		struct pqm_edge e = { .from = t->node,
			.to = GB_NONE,
			.rel = pqm_yaml_str(rule, "rel"),
			.ref = f->key,
			.path = t->o->path,
			.line = f->line };

		if (!split_name(b, rule, &ns, &name))
			continue;
		if (pqm_eqs(pqm_yaml_str(rule, "to"), "image"))
			e.to = gb_node(b, PQM_NODE_IMAGE, f->value, f->value);
		else
			e.to = resolve(b, t, kind_said(t->o, f, rule), ns, name, &e.is_guess);
		e.is_made = made_if != NULL && gb_has_fact(t->o, made_if);
		gb_edge(b, e);
	}
}

void gb_rule_edges(struct gb *b, const struct gb_thing *t)
{
	const struct pqm_yaml *own = t->kind == b->kinds->any ? NULL : t->kind->edges;
	const struct pqm_yaml *any = b->kinds->any == NULL ? NULL : b->kinds->any->edges;

	for (size_t i = 0; own != NULL && i < own->n; i++)
		rule_edge(b, t, own->items[i]);
	for (size_t i = 0; any != NULL && i < any->n; i++)
		rule_edge(b, t, any->items[i]);
}

/* ---- ghosts ---- */

static bool is_quiet(const struct pqm_edge *e)
{
	return e->is_made || pqm_eqs(e->rel, "of-class") || pqm_eqs(e->rel, "makes") ||
		pqm_eqs(e->rel, "issues") || pqm_eqs(e->rel, "runs-as");
}

/* What every cluster has without a manifest. */
static bool is_given(const struct gb *b, pqm_bytes id)
{
	const struct pqm_rule *rule = pqm_rules_get(b->r, PQM_LIT("k8s.given"));

	return rule != NULL && pqm_k8s_listed(pqm_yaml_get(rule->node, "given"), id);
}

/* A SealedSecret becomes the Secret of its name, and so does an ExternalSecret that names no target. */
static bool has_twin(struct gb *b, const struct pqm_node *ghost)
{
	const struct pqm_rule *rule = pqm_rules_get(b->r, PQM_LIT("k8s.given"));
	const struct pqm_yaml *of = rule == NULL ? NULL : pqm_yaml_get(rule->node, "twins");

	for (size_t k = 0; of != NULL && k < of->n; k++)
		for (size_t i = 0; pqm_eq(of->keys[k]->text, ghost->kind) && i < of->items[k]->n;
			i++) {
			uint32_t n = node_at(
				b, ghost->ns, pqm_yaml_text(of->items[k]->items[i]), ghost->name);

			if (n != GB_NONE && !b->g->nodes[n].is_ghost)
				return true;
		}
	return false;
}

static pqm_bytes ghost_line(
	struct gb *b, const struct pqm_node *ghost, const struct pqm_edge *by, size_t n)
{
	pqm_bytes more =
		n <= 1 ? (pqm_bytes){ NULL, 0 } : pqm_arena_f(b->arena, " and %zu more", n - 1);

	return pqm_arena_f(b->arena, "%.*s: no such object, named at %.*s:%u by %.*s of %.*s%.*s",
		PQM_FMT(ghost->id), PQM_FMT(by->path), by->line, PQM_FMT(by->ref),
		PQM_FMT(b->g->nodes[by->from].id), PQM_FMT(more));
}

/* A reference without an object is told, unless a controller will make the object. */
void gb_ghosts(struct gb *b)
{
	pqm_bytes *lines = pqm_new(b->arena, pqm_bytes, b->g->n_nodes + 1);
	size_t n = 0;

	if (lines == NULL) {
		gb_fail(b, "unresolved references");
		return;
	}
	for (uint32_t i = 0; i < b->g->n_nodes && b->st == PQM_OK; i++) {
		const struct pqm_node *g = &b->g->nodes[i];
		const struct pqm_edge *e, *first = NULL;
		bool quiet = false;
		size_t k = 0, named = 0;

		if (!g->is_ghost)
			continue;
		while ((e = gb_in(b, i, NULL, &k)) != NULL) {
			quiet = quiet || is_quiet(e);
			first = first == NULL ? e : first;
			named++;
		}
		if (quiet || first == NULL || is_given(b, g->id) || has_twin(b, g))
			continue;
		lines[n] = ghost_line(b, g, first, named);
		if (lines[n++].p == NULL)
			gb_fail(b, "unresolved references");
	}
	b->g->unresolved = lines;
	b->g->n_unresolved = n;
}
