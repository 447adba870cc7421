/* tasks_site.c — what runs at a hop, how it is reached, and what is written there. */
#include "tasks_site.h"

#include <ctype.h>

#include "base/limits.h"
#include "base/num.h"
#include "rules/k8s.h"

#define NOWHERE UINT32_MAX
#define VERSION_PARTS 4
#define HOST_BYTES_MAX ((size_t)253) /* [RFC1035 §2.3.4] */

/* ---- words ---- */

bool tk_is_plain(pqm_bytes word)
{
	for (size_t i = 0; i < word.n; i++) {
		uint8_t c = word.p[i];

		if (!(c >= '0' && c <= '9') && !(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z') &&
			c != '-' && c != '_' && c != '.' && c != '@')
			return false;
	}
	return word.n > 0 && word.n <= HOST_BYTES_MAX && word.p[0] != '-';
}

int tk_version_cmp(pqm_bytes a, pqm_bytes b)
{
	for (unsigned i = 0; i < VERSION_PARTS; i++) {
		pqm_bytes x = { NULL, 0 }, y = x;
		uint64_t m = 0, n = 0;

		(void)(a.p != NULL && pqm_split(&a, '.', &x) && pqm_u64_parse(x, UINT32_MAX, &m));
		(void)(b.p != NULL && pqm_split(&b, '.', &y) && pqm_u64_parse(y, UINT32_MAX, &n));
		if (m != n)
			return m < n ? -1 : 1;
	}
	return 0;
}

/* "registry/ingress-nginx/controller:v1.15.0@sha256:…" has 1.15.0; "latest" has none; after: a word of the tag
 * that the version follows where it stands there, as in "0.8.0-pg17". */
static pqm_bytes version_of_tag(pqm_bytes image, pqm_bytes after)
{
	pqm_bytes name = pqm_sub(image, 0, pqm_find_byte(image, 0, '@')), tag;
	size_t colon = SIZE_MAX, n = 0;

	for (size_t i = 0; i < name.n; i++)
		colon = name.p[i] == ':' ? i : name.p[i] == '/' ? SIZE_MAX : colon;
	if (colon == SIZE_MAX)
		return (pqm_bytes){ NULL, 0 };
	tag = pqm_sub(name, colon + 1, name.n);
	if (after.n > 0 && pqm_find(tag, 0, after) != SIZE_MAX)
		tag = pqm_sub(tag, pqm_find(tag, 0, after) + after.n, tag.n);
	if (pqm_starts(tag, PQM_LIT("v")))
		tag = pqm_sub(tag, 1, tag.n);
	while (n < tag.n && ((tag.p[n] >= '0' && tag.p[n] <= '9') || tag.p[n] == '.'))
		n++;
	return pqm_sub(tag, 0, n);
}

static bool listed(const struct pqm_yaml *globs, pqm_bytes value)
{
	for (size_t i = 0; value.n > 0 && globs != NULL && i < globs->n; i++)
		if (pqm_glob(pqm_yaml_text(globs->items[i]), value))
			return true;
	return false;
}

/* ---- index ---- */

/* Ids of nodes are there already: those of the objects are made one after the other, to find them. */
static bool index_objects(struct tk_index *ix)
{
	const struct pqm_k8s_kinds *kinds;
	struct pqm_err ignored = { 0 };
	struct pqm_arena one;
	bool ok = pqm_rules_k8s(&kinds, ix->r, &ignored) == PQM_OK;

	ix->object = pqm_arena_array(&ix->own, ix->g->n_nodes + 1, sizeof(*ix->object));
	ok = ok && ix->object != NULL;
	for (size_t i = 0; ok && i < ix->g->n_nodes; i++)
		ok = pqm_map_put(&ix->nodes, ix->g->nodes[i].id, (void *)(uintptr_t)(i + 1));
	pqm_arena_init(&one, (size_t)1 << 20);
	for (size_t i = ix->inv->n_objects; ok && i > 0; i--) { /* the first one of a name stays */
		struct pqm_object *o = &ix->inv->objects[i - 1];
		pqm_bytes id = pqm_k8s_id(kinds, o, &one);
		uintptr_t node = id.p == NULL ? 0 : (uintptr_t)pqm_map_get(&ix->nodes, id);

		ok = id.p != NULL && (o->path.n == 0 || pqm_map_put(&ix->paths, o->path, o));
		if (node != 0)
			ix->object[node - 1] = o;
		pqm_arena_reset(&one);
	}
	pqm_arena_fini(&one);
	return ok;
}

const struct pqm_object *tk_object_of(const struct tk_index *ix, pqm_bytes id)
{
	uintptr_t node = id.n == 0 ? 0 : (uintptr_t)pqm_map_get(&ix->nodes, id);

	return node == 0 ? NULL : ix->object[node - 1];
}

static const struct pqm_rule *by_image(const struct tk_index *ix, pqm_bytes image)
{
	const struct pqm_rule *rule;
	size_t i = 0;

	while ((rule = pqm_rules_next(ix->r, "plan/software.yaml", &i)) != NULL)
		if (listed(pqm_yaml_get(rule->node, "images"), image))
			return rule;
	return NULL;
}

/* Kinds that say where they are reached: thousands of hops ask. */
static bool index_kinds(struct tk_index *ix)
{
	const struct pqm_rule *rule;

	for (size_t i = 0; (rule = pqm_rules_next(ix->r, "k8s/", &i)) != NULL;) {
		pqm_bytes kind = pqm_yaml_str(rule->node, "kind");

		if ((pqm_yaml_get(rule->node, "hosts") == NULL &&
			    pqm_yaml_get(rule->node, "published") == NULL) ||
			kind.n == 0 || pqm_map_get(&ix->kinds, kind) != NULL)
			continue;
		if (!pqm_map_put(&ix->kinds, kind, (void *)(uintptr_t)rule))
			return false;
	}
	return true;
}

static bool index_ends(struct tk_ends *e, struct tk_index *ix, bool by_to)
{
	const struct pqm_graph *g = ix->g;
	size_t n = g->n_nodes;

	e->first = pqm_new(&ix->own, uint32_t, n + 2);
	e->edge = pqm_new(&ix->own, uint32_t, g->n_edges + 1);
	if (e->first == NULL || e->edge == NULL)
		return false;
	for (size_t i = 0; i < g->n_edges; i++)
		e->first[(by_to ? g->edges[i].to : g->edges[i].from) + 2]++;
	for (size_t i = 2; i < n + 2; i++)
		e->first[i] += e->first[i - 1];
	for (size_t i = 0; i < g->n_edges; i++) {
		uint32_t node = by_to ? g->edges[i].to : g->edges[i].from;

		e->edge[e->first[node + 1]++] = (uint32_t)i; /* leaves first[] one place ahead */
	}
	return true;
}

static struct tk_runs *runs_of(struct tk_index *ix, const struct pqm_rule *software)
{
	struct tk_runs *r = pqm_map_get(&ix->runs, software->id);

	if (r != NULL)
		return r;
	r = pqm_new(&ix->own, struct tk_runs, 1);
	if (r == NULL || !pqm_map_put(&ix->runs, software->id, r))
		return NULL;
	r->image = NOWHERE;
	return r;
}

/* Images by what they run, and how many workloads run it. */
static bool index_software(struct tk_index *ix)
{
	const struct pqm_graph *g = ix->g;

	for (uint32_t i = 0; i < g->n_nodes; i++) {
		const struct pqm_rule *rule =
			g->nodes[i].type == PQM_NODE_IMAGE ? by_image(ix, g->nodes[i].name) : NULL;
		struct tk_runs *runs = rule == NULL ? NULL : runs_of(ix, rule);

		if (rule == NULL)
			continue;
		if (runs == NULL ||
			!pqm_map_put(&ix->software, g->nodes[i].id, (void *)(uintptr_t)rule))
			return false;
		if (runs->image == NOWHERE)
			runs->image = i;
	}
	for (uint32_t i = 0; i < g->n_nodes; i++) {
		const struct pqm_rule *rule = ix->image[i] == NOWHERE
			? NULL
			: pqm_map_get(&ix->software, g->nodes[ix->image[i]].id);

		if (rule != NULL)
			runs_of(ix, rule)->n++;
	}
	return true;
}

static bool index_endpoints(struct tk_index *ix)
{
	for (size_t i = ix->inv->n_endpoints; i > 0; i--) { /* the first one of a name stays */
		struct pqm_endpoint *e = &ix->inv->endpoints[i - 1];
		pqm_bytes name;

		if (!tk_is_plain(e->host))
			continue;
		name = pqm_arena_f(&ix->own, "%.*s:%u", PQM_FMT(e->host), (unsigned)e->port);
		if (name.p == NULL || !pqm_map_put(&ix->endpoints, name, e))
			return false;
	}
	return true;
}

bool tk_index_init(struct tk_index *ix)
{
	const struct pqm_graph *g = ix->g;

	pqm_arena_init(&ix->own, PQM_RUN_ARENA_BYTES);
	ix->image = pqm_new(&ix->own, uint32_t, g->n_nodes);
	ix->served = pqm_new(&ix->own, uint32_t, g->n_nodes);
	if (ix->image == NULL || ix->served == NULL || !index_objects(ix) || !index_kinds(ix) ||
		!index_ends(&ix->in, ix, true) || !index_ends(&ix->out, ix, false) ||
		!index_endpoints(ix))
		return false;
	for (size_t i = 0; i < g->n_nodes; i++)
		ix->image[i] = ix->served[i] = NOWHERE;
	for (size_t i = g->n_edges; i > 0; i--) {
		const struct pqm_edge *e = &g->edges[i - 1];

		if (g->nodes[e->to].type == PQM_NODE_IMAGE && pqm_eqs(e->rel, "runs"))
			ix->image[e->from] = e->to;
		if (pqm_eqs(e->rel, "serves"))
			ix->served[e->from] = e->to, ix->served[e->to] = e->from;
	}
	return index_software(ix);
}

void tk_index_fini(struct tk_index *ix)
{
	pqm_arena_fini(&ix->own);
	pqm_map_fini(&ix->nodes);
	pqm_map_fini(&ix->paths);
	pqm_map_fini(&ix->software);
	pqm_map_fini(&ix->kinds);
	pqm_map_fini(&ix->runs);
	pqm_map_fini(&ix->endpoints);
}

static const struct pqm_object *object_of(const struct tk_index *ix, uint32_t node)
{
	return node < ix->g->n_nodes ? ix->object[node] : NULL;
}

/* ---- what is written there ---- */

static const struct pqm_fact *fact_at(const struct pqm_object *o, const struct pqm_hop *h)
{
	for (size_t i = 0; i < o->n_facts; i++)
		if (o->facts[i].line == h->line && pqm_eq(o->facts[i].key, h->ref))
			return &o->facts[i];
	return NULL;
}

/* Whether o is of that path and starts at the line or before it. */
static bool is_before(const struct pqm_object *o, const struct pqm_hop *h)
{
	return pqm_eq(o->path, h->path) && o->line <= h->line;
}

/* The documents of a file stand together, in the order of their lines: the setting is in the last one that
 * starts before its line, or, where anchors took it elsewhere, not many before that. */
static void read_setting(struct tk_site *s, const struct tk_index *ix, const struct pqm_hop *h)
{
	const struct pqm_object *o = pqm_map_get(&ix->paths, h->path),
				*end = ix->inv->objects + ix->inv->n_objects;
	size_t low = 0, high;

	if (o == NULL || h->line == 0 || h->ref.n == 0)
		return;
	high = (size_t)(end - o);
	while (low < high) { /* all before low start before the line, none from high on does */
		size_t mid = low + (high - low) / 2;

		if (is_before(&o[mid], h))
			low = mid + 1;
		else
			high = mid;
	}
	for (size_t i = low; i > 0 && low - i < PQM_TASK_DOCS_BACK; i--) {
		const struct pqm_fact *f = fact_at(&o[i - 1], h);

		if (f == NULL)
			continue;
		s->object = &o[i - 1];
		s->field = f->key;
		s->value = f->value;
		s->line = f->line;
		return;
	}
}

/* ---- who listens ---- */

static bool is_type(const struct tk_index *ix, uint32_t node, enum pqm_node_type type)
{
	return node < ix->g->n_nodes && ix->g->nodes[node].type == type;
}

static uint32_t end_of(const struct tk_index *ix, const struct pqm_hop *h, enum pqm_node_type type)
{
	return is_type(ix, h->to, type) ? h->to : is_type(ix, h->from, type) ? h->from : NOWHERE;
}

/* What the rule of the kind says of where it is reached: `hosts`, or the ports `published`. */
static const struct pqm_yaml *reach_of(const struct tk_index *ix, uint32_t node, const char *key)
{
	const struct pqm_rule *rule =
		node == NOWHERE ? NULL : pqm_map_get(&ix->kinds, ix->g->nodes[node].kind);

	return rule == NULL ? NULL : pqm_yaml_get(rule->node, key);
}

/* A name that can be asked: no wildcard. */
static bool take_host(struct tk_site *s, const struct pqm_object *o, const struct pqm_yaml *fields)
{
	for (size_t i = 0; o != NULL && i < o->n_facts; i++)
		if (listed(fields, o->facts[i].key) && tk_is_plain(o->facts[i].value)) {
			s->host = o->facts[i].value;
			return true;
		}
	return false;
}

static void take_glob(struct tk_site *s, const struct pqm_object *o, pqm_bytes glob)
{
	for (size_t i = 0; o != NULL && i < o->n_facts && s->host.n == 0; i++)
		if (pqm_glob(glob, o->facts[i].key) && tk_is_plain(o->facts[i].value))
			s->host = o->facts[i].value;
}

static bool take_port(struct tk_site *s, const struct pqm_object *o, const char *const *globs)
{
	uint64_t port;

	for (; *globs != NULL; globs++)
		for (size_t i = 0; o != NULL && i < o->n_facts; i++)
			if (pqm_glob(pqm_str(*globs), o->facts[i].key) &&
				pqm_u64_parse(o->facts[i].value, UINT16_MAX, &port) && port > 0) {
				s->port = o->facts[i].value;
				return true;
			}
	return false;
}

static void at_edge(struct tk_site *s, const struct tk_index *ix, uint32_t edge)
{
	static const char *const ports[] = { "spec.listeners[*].port",
		"spec.servers[*].port.number", NULL };
	const struct pqm_object *o = object_of(ix, edge);

	s->server = edge;
	if (!take_port(s, o, ports))
		s->port = PQM_LIT("443");
	if (take_host(s, o, reach_of(ix, edge, "hosts")))
		return;
	/* A gateway for every name: the routes that join it have theirs. */
	for (uint32_t i = ix->in.first[edge]; i < ix->in.first[edge + 1] && s->host.n == 0; i++) {
		const struct pqm_edge *e = &ix->g->edges[ix->in.edge[i]];

		if (pqm_eqs(e->rel, "joins"))
			take_glob(s, object_of(ix, e->from), PQM_LIT("spec.hostnames[*]"));
	}
}

static void at_service(struct tk_site *s, const struct tk_index *ix, uint32_t service)
{
	static const char *const ports[] = { "spec.ports[*].port", NULL };
	const struct pqm_node *n = &ix->g->nodes[service];

	(void)take_port(s, object_of(ix, service), ports);
	if (!tk_is_plain(n->name))
		return;
	s->host = !tk_is_plain(n->ns) || pqm_eqs(n->ns, "-")
		? n->name
		: pqm_arena_f(ix->arena, "%.*s.%.*s.svc", PQM_FMT(n->name), PQM_FMT(n->ns));
}

/* A service of Compose: by its name for its neighbours, at a port of the machine for everybody else. */
static void at_neighbour(struct tk_site *s, const struct tk_index *ix, uint32_t workload)
{
	static const char *const ports[] = { "*ports[*].containerPort", NULL };
	const struct pqm_yaml *published = reach_of(ix, workload, "published");
	const struct pqm_object *o = object_of(ix, workload);
	uint64_t n;

	if (tk_is_plain(ix->g->nodes[workload].name))
		s->host = ix->g->nodes[workload].name;
	(void)take_port(s, o, ports);
	for (size_t i = 0; o != NULL && i < o->n_facts && s->published.n == 0; i++)
		if (listed(published, o->facts[i].key) &&
			pqm_u64_parse(o->facts[i].value, UINT16_MAX, &n) && n > 0)
			s->published = o->facts[i].value;
}

static void at_url(struct tk_site *s, pqm_bytes url)
{
	static const struct {
		const char *scheme, *port;
	} usual[] = { { "https", "443" }, { "http", "80" }, { "wss", "443" },
		{ "postgres", "5432" }, { "postgresql", "5432" }, { "redis", "6379" },
		{ "rediss", "6379" }, { "amqps", "5671" }, { "mongodb", "27017" },
		{ "mysql", "3306" }, { "grpcs", "443" } };

	size_t at = pqm_find(url, 0, PQM_LIT("://")), end = 0, colon;
	pqm_bytes rest = pqm_sub(url, at == SIZE_MAX ? 0 : at + 3, url.n), host, port;
	uint64_t n;

	while (end < rest.n && strchr("/?#", rest.p[end]) == NULL)
		end++;
	rest = pqm_sub(rest, 0, end);
	colon = pqm_find_byte(rest, 0, ':');
	host = pqm_sub(rest, 0, colon);
	port = colon == SIZE_MAX ? (pqm_bytes){ NULL, 0 } : pqm_sub(rest, colon + 1, rest.n);
	for (size_t i = 0; port.n == 0 && i < sizeof(usual) / sizeof(usual[0]); i++)
		if (at != SIZE_MAX && pqm_eqs(pqm_sub(url, 0, at), usual[i].scheme))
			port = pqm_str(usual[i].port);
	if (!tk_is_plain(host) || !pqm_u64_parse(port, UINT16_MAX, &n) || n == 0)
		return;
	s->host = host;
	s->port = port;
}

/* "host:port" at the end of a path: all letters of a name before the last colon, as another host may end
 * with the same ones. */
static pqm_bytes address_in(pqm_bytes path)
{
	size_t at = path.n;

	while (at > 0 && path.p[at - 1] >= '0' && path.p[at - 1] <= '9')
		at--;
	if (at == 0 || path.p[at - 1] != ':')
		return (pqm_bytes){ NULL, 0 };
	at--;
	while (at > 0) {
		uint8_t c = path.p[at - 1];

		if (isalnum(c) == 0 && c < 0x80 && (c == '\0' || strchr("._-", c) == NULL))
			break;
		at--;
	}
	return pqm_sub(path, at, path.n);
}

/* The endpoint that a finding was measured at. */
static void at_endpoint(struct tk_site *s, const struct tk_index *ix, const struct pqm_hop *h)
{
	pqm_bytes name = address_in(h->path);
	const struct pqm_endpoint *e = name.n == 0 ? NULL : pqm_map_get(&ix->endpoints, name);

	if (e == NULL)
		return;
	s->host = e->host;
	s->port = pqm_sub(name, e->host.n + 1, name.n);
}

static void find_listener(struct tk_site *s, const struct tk_index *ix, const struct pqm_hop *h)
{
	static const char *const ports[] = { "*ports[*].containerPort", NULL };
	uint32_t edge = end_of(ix, h, PQM_NODE_EDGE), service = end_of(ix, h, PQM_NODE_SERVICE),
		 workload = is_type(ix, h->to, PQM_NODE_WORKLOAD)
		? h->to
		: end_of(ix, h, PQM_NODE_WORKLOAD);

	if (edge != NOWHERE) {
		at_edge(s, ix, edge);
		return;
	}
	if (is_type(ix, h->to, PQM_NODE_EXTERNAL)) {
		at_url(s,
			ix->g->nodes[h->to].name.n > 0 &&
					pqm_find(ix->g->nodes[h->to].id, 0, PQM_LIT("://")) ==
						SIZE_MAX
				? ix->g->nodes[h->to].name
				: ix->g->nodes[h->to].id);
		return;
	}
	if (workload != NOWHERE && service == NOWHERE)
		service = ix->served[workload];
	if (service != NOWHERE && workload == NOWHERE)
		workload = ix->served[service];
	if (reach_of(ix, workload, "published") != NULL)
		at_neighbour(s, ix, workload);
	else if (service != NOWHERE)
		at_service(s, ix, service);
	s->server = workload;
	if (s->port.n == 0 && workload != NOWHERE)
		(void)take_port(s, object_of(ix, workload), ports);
	if (s->host.n == 0)
		at_endpoint(s, ix, h);
}

/* ---- which software ---- */

static bool fits(const struct pqm_yaml *entry, const struct pqm_trait *t, size_t n)
{
	for (size_t k = 0; k < entry->n; k++) {
		bool ok = false;

		for (size_t i = 0; i < n && !ok; i++)
			ok = pqm_eqs(entry->keys[k]->text, t[i].key) &&
				listed(entry->items[k], t[i].value);
		if (!ok)
			return false;
	}
	return entry->n > 0;
}

static bool finds(const struct pqm_rule *rule, const struct pqm_trait *t, size_t n)
{
	const struct pqm_yaml *find = pqm_yaml_get(rule->node, "find");

	for (size_t i = 0; find != NULL && i < find->n; i++)
		if (find->items[i]->type == PQM_YAML_MAP && fits(find->items[i], t, n))
			return true;
	return false;
}

bool tk_software_takes(const struct pqm_rule *rule, pqm_bytes sample)
{
	static const char *const keys[] = { "ends", "image", "kind", "why", "ref", "label", "use",
		"protocol", "program" };
	struct pqm_trait t[8];
	size_t n = 0;
	pqm_bytes rest = sample, word;

	while (n < 8 && rest.p != NULL && pqm_split(&rest, ';', &word)) {
		size_t eq = pqm_find_byte(word, 0, '=');

		for (size_t i = 0; eq != SIZE_MAX && i < sizeof(keys) / sizeof(keys[0]); i++)
			if (pqm_eqs(pqm_trim(pqm_sub(word, 0, eq)), keys[i]))
				t[n++] = (struct pqm_trait){ keys[i],
					pqm_trim(pqm_sub(word, eq + 1, word.n)) };
	}
	for (size_t i = 0; i < n; i++)
		if (strcmp(t[i].key, "image") == 0 &&
			listed(pqm_yaml_get(rule->node, "images"), t[i].value))
			return true;
	return finds(rule, t, n);
}

/* The program whose configuration file all findings of the hop are in; empty: there is none. */
static pqm_bytes program_of(const struct tk_index *ix, const struct pqm_hop *h)
{
	pqm_bytes program = { NULL, 0 };

	for (size_t i = 0; i < h->n_findings; i++) {
		const struct pqm_finding *f = pqm_inventory_find(ix->inv, h->findings[i]);
		pqm_bytes one = f == NULL || f->n_occs == 0 ? program
							    : pqm_occ_attr(&f->occs[0], "program");

		if (one.n == 0 || (i > 0 && !pqm_eq(one, program)))
			return (pqm_bytes){ NULL, 0 };
		program = one;
	}
	return program;
}

/* The line of a configuration file, where the hop is about one line. */
static void read_file_setting(struct tk_site *s, const struct tk_index *ix, const struct pqm_hop *h)
{
	const struct pqm_finding *f =
		h->n_findings == 1 ? pqm_inventory_find(ix->inv, h->findings[0]) : NULL;
	const struct pqm_occurrence *o = f != NULL && f->n_occs == 1 ? &f->occs[0] : NULL;

	if (s->object != NULL || o == NULL || o->line == 0 || pqm_occ_attr(o, "program").n == 0)
		return;
	s->path = o->path;
	s->field = pqm_occ_attr(o, "setting");
	s->value = pqm_occ_attr(o, "value");
	s->line = o->line;
}

static void find_software(struct tk_site *s, const struct tk_index *ix, const struct pqm_hop *h)
{
	const struct pqm_node *to = h->to < ix->g->n_nodes ? &ix->g->nodes[h->to] : NULL;
	char use[2] = { h->use, '\0' };
	const struct pqm_trait t[] = { { "ends", h->ends }, { "why", h->why }, { "ref", h->ref },
		{ "label", h->label }, { "protocol", h->protocol }, { "use", pqm_str(use) },
		{ "kind", to == NULL ? (pqm_bytes){ NULL, 0 } : to->kind },
		{ "program", to == NULL ? program_of(ix, h) : (pqm_bytes){ NULL, 0 } } };
	const struct pqm_rule *rule;
	size_t i = 0;

	while (s->software == NULL &&
		(rule = pqm_rules_next(ix->r, "plan/software.yaml", &i)) != NULL)
		if (finds(rule, t, sizeof(t) / sizeof(t[0])))
			s->software = rule;
	s->image = s->server != NOWHERE ? ix->image[s->server] : NOWHERE;
	if (s->software == NULL && s->image != NOWHERE)
		s->software = pqm_map_get(&ix->software, ix->g->nodes[s->image].id);
	/* What ends TLS in front of the server is of an image of its own. */
	if (s->software != NULL && s->image != NOWHERE &&
		pqm_map_get(&ix->software, ix->g->nodes[s->image].id) != s->software)
		s->image = NOWHERE;
	if (s->software != NULL && s->image == NOWHERE &&
		pqm_yaml_true(s->software->node, "one_per_cluster")) {
		const struct tk_runs *runs = pqm_map_get(&ix->runs, s->software->id);

		s->image = runs == NULL ? NOWHERE : runs->image;
	}
	if (s->image != NOWHERE)
		s->version = version_of_tag(ix->g->nodes[s->image].name,
			s->software == NULL ? (pqm_bytes){ NULL, 0 }
					    : pqm_yaml_str(s->software->node, "version_after"));
}

void tk_site_of(struct tk_site *out, const struct tk_index *ix, const struct pqm_hop *h)
{
	*out = (struct tk_site){ .server = NOWHERE, .image = NOWHERE };
	if (h == NULL)
		return;
	find_listener(out, ix, h);
	find_software(out, ix, h);
	read_setting(out, ix, h);
	read_file_setting(out, ix, h);
}

enum tk_age tk_site_age(const struct tk_site *s)
{
	pqm_bytes from = s->software == NULL ? (pqm_bytes){ NULL, 0 }
					     : pqm_yaml_str(s->software->node, "hybrid_from");

	if (from.n == 0 || s->version.n == 0)
		return TK_AGE_UNKNOWN;
	return tk_version_cmp(s->version, from) < 0 ? TK_AGE_OLD : TK_AGE_ABLE;
}

pqm_bytes tk_site_endpoint(const struct tk_site *s, struct pqm_arena *a)
{
	if (s->published.n > 0)
		return pqm_arena_f(a, "localhost:%.*s", PQM_FMT(s->published));
	if (s->host.n == 0 && s->port.n == 0)
		return (pqm_bytes){ NULL, 0 };
	return pqm_arena_f(a, "%.*s:%.*s", PQM_FMT(s->host.n > 0 ? s->host : PQM_LIT("HOST")),
		PQM_FMT(s->port.n > 0 ? s->port : PQM_LIT("PORT")));
}
