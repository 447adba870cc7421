/* follow_find.c — the hosts, ports and images that objects and their graph name. */
#include "follow.h"
#include "follow_ports.h"

#include "base/limits.h"
#include "base/map.h"
#include "base/num.h"
#include "graph/graph_build.h"
#include "probe/probe.h"
#include "rules/k8s.h"

#define IMAGE_SCHEME "registry:"

/* Where a name leads, by what the object says. */
enum way {
	WAY_EDGE,    /* the cluster's own address towards clients */
	WAY_INSIDE,  /* the DNS of the cluster */
	WAY_OUTSIDE, /* somebody else's */
};

/* One name at one field. */
struct mention {
	const struct pqm_object *o;
	const struct pqm_fact *f;
	enum way way;
};

struct finder {
	struct pqm_follow *f;
	const struct pqm_inventory *inv;
	const struct pqm_scan_options *opt;
	const struct pqm_k8s_kinds *kinds;
	struct pqm_graph graph;
	struct pqm_map seen;	/* "host port" and images -> any */
	struct pqm_map objects; /* id -> first object */
	uint64_t *n_inside;	/* by target: names inside a cluster that we are not in */
	bool *is_plain;		/* by node: what talks to it says that it does so in plaintext */
	struct pqm_followed *left;
	size_t n_left, cap_left, n_endpoints, n_images;
	uint64_t n_quiet;  /* left out over the limit of lines */
	uint64_t n_unread; /* images without a source that reads them */
	enum pqm_st st;
	struct pqm_err *err;
};

static void no_memory(struct finder *s)
{
	if (s->st == PQM_OK)
		s->st = pqm_fail(s->err, PQM_ENOMEM, "out of memory for what is followed");
}

static bool is_literal(pqm_bytes a, const char *const *list)
{
	for (; *list != NULL; list++)
		if (pqm_ieq(a, pqm_str(*list)))
			return true;
	return false;
}

static struct pqm_followed fill(struct finder *s, pqm_bytes target, const struct mention *m)
{
	struct pqm_arena *a = &s->f->arena;
	pqm_bytes id = pqm_k8s_id(s->kinds, m->o, a);
	struct pqm_followed out = { .target = pqm_bytes_dup(a, target),
		.from = { id, pqm_bytes_dup(a, m->f == NULL ? PQM_LIT("metadata.name") : m->f->key),
			pqm_bytes_dup(a, m->o->path), m->f == NULL ? m->o->line : m->f->line },
		.from_target = m->o->target };

	if (id.p == NULL || out.target.p == NULL || out.from.ref.p == NULL ||
		out.from.path.p == NULL)
		no_memory(s);
	return out;
}

static void add_left(struct finder *s, struct pqm_followed row)
{
	struct pqm_followed *grown = pqm_grow(&s->f->arena, s->left, s->n_left, &s->cap_left);

	if (grown == NULL || row.left.p == NULL) {
		no_memory(s);
		return;
	}
	s->left = grown;
	s->left[s->n_left++] = row;
}

static void leave(struct finder *s, pqm_bytes target, const struct mention *m, const char *words)
{
	struct pqm_followed row;

	if (s->n_left >= PQM_FOLLOW_LEFT_MAX) {
		s->n_quiet++;
		return;
	}
	row = fill(s, target, m);
	row.left = pqm_bytes_dup(&s->f->arena, pqm_str(words));
	add_left(s, row);
}

static void take(struct finder *s, pqm_bytes target, const struct mention *m)
{
	struct pqm_followed *grown = pqm_grow(&s->f->arena, s->f->list, s->f->n, &s->f->cap);

	if (grown == NULL) {
		no_memory(s);
		return;
	}
	s->f->list = grown;
	s->f->list[s->f->n++] = fill(s, target, m);
}

/* True for the first time. */
static bool is_new(struct finder *s, pqm_bytes key)
{
	key = pqm_bytes_dup(&s->f->arena, key);
	for (size_t i = 0; i < key.n; i++) {
		uint8_t *c = (uint8_t *)(uintptr_t)&key.p[i];

		if (*c >= 'A' && *c <= 'Z')
			*c |= 0x20;
	}
	if (key.p != NULL && pqm_map_get(&s->seen, key) != NULL)
		return false;
	if (key.p == NULL || !pqm_map_put(&s->seen, key, s))
		no_memory(s);
	return s->st == PQM_OK;
}

/* ---- which names may be asked ---- */

/* Names that exist nowhere, or are everybody's own [RFC6761 §6, RFC2606 §3]. */
static bool is_reserved(pqm_bytes host)
{
	static const char *const tail[] = { ".invalid", ".test", ".example", ".localhost",
		".example.com", ".example.net", ".example.org", NULL };
	static const char *const whole[] = { "invalid", "test", "example", "localhost",
		"example.com", "example.net", "example.org", NULL };

	if (pqm_ends(host, PQM_LIT(".")))
		host.n--;
	for (const char *const *t = tail; *t != NULL; t++) {
		size_t n = strlen(*t);

		if (host.n > n && pqm_ieq(pqm_sub(host, host.n - n, n), pqm_str(*t)))
			return true;
	}
	return is_literal(host, whole);
}

/* Only the pods of a cluster have its names; a cluster that is read from elsewhere has other ones, or none. */
static bool is_our_cluster(const struct pqm_object *o)
{
	return pqm_starts(o->path, PQM_LIT("cluster:in-cluster/"));
}

/* A name of the cluster's DNS, or one that only its pods complete. */
static bool is_inside(const struct mention *m, pqm_bytes host)
{
	bool is_private;

	return m->way == WAY_INSIDE || pqm_ends(host, PQM_LIT(".svc")) ||
		pqm_ends(host, PQM_LIT(".cluster.local")) ||
		(pqm_find_byte(host, 0, '.') == SIZE_MAX && !is_reserved(host) &&
			!pqm_probe_is_address(host, &is_private));
}

static bool is_denied(struct finder *s, pqm_bytes host)
{
	pqm_bytes z = pqm_bytes_dup(&s->f->arena, host);

	return z.p != NULL && s->opt->net != NULL &&
		pqm_probe_is_denied(s->opt->net->probe.deny, (const char *)z.p);
}

/* Why the host is not asked, or NULL. */
static const char *forbids(struct finder *s, const struct mention *m, pqm_bytes host)
{
	bool is_private = false, is_address = pqm_probe_is_address(host, &is_private);

	if (host.n == 0 || pqm_find_byte(host, 0, '*') != SIZE_MAX)
		return "a pattern names no host";
	if (is_reserved(host))
		return "a reserved name, which is no host of anybody's [RFC6761]";
	if (is_denied(s, host))
		return "the deny list forbids it";
	if (m->way == WAY_OUTSIDE && is_address &&
		(pqm_starts(host, PQM_LIT("127.")) || pqm_eqs(host, "::1")))
		return "the pod's own loopback, not ours";
	if (m->way != WAY_INSIDE && !is_address && pqm_find_byte(host, 0, '.') == SIZE_MAX)
		return "a short name, which means something else here";
	if (s->opt->follow_external || is_inside(m, host))
		return NULL;
	if (m->way == WAY_OUTSIDE && !is_private)
		return "outside the cluster; --follow-external asks it";
	if (is_address && !is_private)
		return "not a private address; --follow-external asks it";
	return NULL;
}

/* ---- endpoints ---- */

static pqm_bytes endpoint_name(struct finder *s, const char *scheme, pqm_bytes host, uint16_t port)
{
	bool is_v6 = pqm_find_byte(host, 0, ':') != SIZE_MAX;

	return pqm_arena_f(&s->f->arena, "%s:%s%.*s%s:%u", scheme, is_v6 ? "[" : "", PQM_FMT(host),
		is_v6 ? "]" : "", (unsigned)port);
}

static void add_endpoint(
	struct finder *s, const struct mention *m, pqm_bytes host, const struct pqm_port *p)
{
	const char *scheme =
		p->scheme != NULL ? p->scheme : pqm_port_scheme(&s->f->arena, p->number, p->is_udp);
	pqm_bytes name = endpoint_name(s, scheme == NULL ? "auto" : scheme, host, p->number);
	struct pqm_probe_target t;
	struct pqm_err why = { 0 };
	const char *no;

	if (s->st != PQM_OK ||
		!is_new(s,
			pqm_arena_f(&s->f->arena, "%.*s %u%s", PQM_FMT(host), (unsigned)p->number,
				p->is_udp ? " udp" : "")))
		return;
	if (is_inside(m, host) && !is_our_cluster(m->o)) {
		s->n_inside[m->o->target]++;
		return;
	}
	no = forbids(s, m, host);
	if (no == NULL && scheme == NULL)
		no = "a UDP port that belongs to no protocol that can be asked";
	if (no == NULL &&
		pqm_probe_target_parse(&t, (const char *)name.p, false, &s->f->arena, &why) !=
			PQM_OK)
		no = why.msg;
	if (no != NULL) {
		leave(s, name, m, no);
	} else if (s->n_endpoints >= PQM_FOLLOW_ENDPOINTS_MAX) {
		leave(s, name, m, "over the limit of endpoints");
	} else {
		s->n_endpoints++;
		take(s, name, m);
	}
}

/* The host at the ports of its own list item, or at all. */
static void add_host(
	struct finder *s, const struct mention *m, pqm_bytes host, const struct pqm_ports *ports)
{
	static const struct pqm_port https = { .number = 443, .scheme = "tls" };
	pqm_bytes group = m->f == NULL ? (pqm_bytes){ NULL, 0 } : pqm_port_group(m->f->key);

	for (size_t i = 0; i < ports->n; i++) {
		const struct pqm_port *p = &ports->p[i];

		if (pqm_port_is_same_list(group, p->group) && !pqm_eq(group, p->group))
			continue;
		/* A client-facing listener that says HTTP has no TLS to ask for. */
		if (p->is_plain && ports->is_edge)
			continue;
		add_endpoint(s, m, host, p);
	}
	if (!ports->any)
		add_endpoint(s, m, host, &https);
}

/* "namespace/host" of an Istio gateway. */
static pqm_bytes bare_host(pqm_bytes host)
{
	size_t slash = pqm_find_byte(host, 0, '/');

	return slash == SIZE_MAX ? host : pqm_sub(host, slash + 1, SIZE_MAX);
}

/* An edge without TLS of its own, on no port of its own, is plaintext by its own words. */
static bool has_tls(const struct pqm_object *o, const struct pqm_k8s_kind *k)
{
	const struct pqm_yaml *tls = pqm_yaml_get(k->rule->node, "tls");

	for (size_t i = 0; tls != NULL && i < o->n_facts; i++)
		if (pqm_k8s_listed(tls, o->facts[i].key))
			return true;
	return tls == NULL;
}

static void add_listed(struct finder *s, const struct pqm_object *o, const struct pqm_k8s_kind *k,
	const struct pqm_ports *ports)
{
	const struct pqm_yaml *n = k->rule->node;
	const struct pqm_yaml *hosts = pqm_yaml_get(n, "hosts"), *at = pqm_yaml_get(n, "addresses");
	const struct pqm_yaml *inside = pqm_yaml_get(n, "inside");
	const struct pqm_yaml *outside = pqm_yaml_get(n, "outside");

	bool has_name = false;

	for (size_t i = 0; i < o->n_facts && s->st == PQM_OK; i++)
		has_name = has_name ||
			(pqm_k8s_listed(hosts, o->facts[i].key) &&
				pqm_find_byte(o->facts[i].value, 0, '*') == SIZE_MAX);
	for (size_t i = 0; i < o->n_facts && s->st == PQM_OK; i++) {
		const struct pqm_fact *f = &o->facts[i];
		struct mention m = { o, f, WAY_EDGE };

		/* By its address alone an edge shows the certificate of nobody in particular. */
		if (!pqm_k8s_listed(hosts, f->key) && (has_name || !pqm_k8s_listed(at, f->key)))
			continue;
		/* Reached by name, if at all: another network may have the same addresses. */
		if (pqm_k8s_listed(inside, f->key))
			continue;
		if (pqm_k8s_listed(outside, f->key))
			m.way = WAY_OUTSIDE;
		add_host(s, &m, bare_host(f->value), ports);
	}
}

static bool is_outside(const struct pqm_object *o, const struct pqm_k8s_kind *k)
{
	const struct pqm_yaml *outside = pqm_yaml_get(k->rule->node, "outside");

	for (size_t i = 0; outside != NULL && i < o->n_facts; i++)
		if (pqm_k8s_listed(outside, o->facts[i].key))
			return true;
	return false;
}

static void add_service(struct finder *s, const struct pqm_object *o, const struct pqm_k8s_kind *k,
	const struct pqm_ports *ports)
{
	struct mention m = { o, NULL, WAY_INSIDE };

	if (ports->n > 0 && o->ns.n > 0 && o->name.n > 0 && !is_outside(o, k))
		add_host(s, &m,
			pqm_arena_f(
				&s->f->arena, "%.*s.%.*s.svc", PQM_FMT(o->name), PQM_FMT(o->ns)),
			ports);
}

/* scheme://host[:port]; user names and paths are not part of facts that name hosts. */
static void add_url(struct finder *s, const struct mention *m, pqm_bytes url)
{
	size_t at = pqm_find(url, 0, PQM_LIT("://")), end = 0, colon;
	struct pqm_port p = { 0 };
	uint64_t n;

	if (at == SIZE_MAX)
		return;
	pqm_bytes rest = pqm_sub(url, at + 3, SIZE_MAX);

	while (end < rest.n && strchr("/?# \t\n", rest.p[end]) == NULL)
		end++;
	rest = pqm_sub(rest, 0, end);
	p.scheme = pqm_port_scheme_of_word(&s->f->arena, pqm_sub(url, 0, at), false);
	p.number = pqm_probe_default_port(pqm_sub(url, 0, at));
	if (p.number == 0)
		p.number = 443;
	colon = rest.n;
	while (colon > 0 && rest.p[colon - 1] >= '0' && rest.p[colon - 1] <= '9')
		colon--;
	if (colon > 1 && rest.p[colon - 1] == ':' &&
		pqm_u64_parse(pqm_sub(rest, colon, SIZE_MAX), UINT16_MAX, &n) && n > 0) {
		p.number = (uint16_t)n;
		rest = pqm_sub(rest, 0, colon - 1);
	}
	if (rest.n > 2 && rest.p[0] == '[' && rest.p[rest.n - 1] == ']')
		rest = pqm_sub(rest, 1, rest.n - 2);
	add_endpoint(s, m, rest, &p);
}

static void add_urls(struct finder *s, const struct pqm_object *o, const struct pqm_k8s_kind *k)
{
	const struct pqm_yaml *urls = pqm_yaml_get(k->rule->node, "urls");

	for (size_t i = 0; urls != NULL && i < o->n_facts; i++) {
		struct mention m = { o, &o->facts[i], WAY_OUTSIDE };

		if (pqm_k8s_listed(urls, o->facts[i].key))
			add_url(s, &m, o->facts[i].value);
	}
}

/* ---- the graph: what workloads talk to, and what they run ---- */

static const struct pqm_object *object_of(const struct finder *s, uint32_t node)
{
	return pqm_map_get(&s->objects, s->graph.nodes[node].id);
}

/* The names of a route are those of the gateway that it joins. */
static void add_joined(struct finder *s, const struct pqm_edge *e)
{
	const struct pqm_object *route = object_of(s, e->from), *gate = object_of(s, e->to);
	const struct pqm_k8s_kind *rk, *gk;
	const struct pqm_yaml *asks;
	struct pqm_ports ports;

	if (route == NULL || gate == NULL)
		return;
	rk = pqm_k8s_kind_of(s->kinds, route->group, route->kind);
	gk = pqm_k8s_kind_of(s->kinds, gate->group, gate->kind);
	asks = rk == NULL ? NULL : pqm_yaml_get(rk->rule->node, "asks");
	if (asks == NULL || gk == NULL)
		return;
	pqm_ports_read(&s->f->arena, &ports, gate, gk);
	for (size_t i = 0; i < route->n_facts; i++) {
		struct mention m = { route, &route->facts[i], WAY_EDGE };

		if (pqm_k8s_listed(asks, route->facts[i].key))
			add_host(s, &m, route->facts[i].value, &ports);
	}
}

/* What is behind a hop that says plaintext has no handshake. */
static void find_plain(struct finder *s)
{
	s->is_plain = pqm_new(&s->f->arena, bool, s->graph.n_nodes + 1);
	if (s->is_plain == NULL) {
		no_memory(s);
		return;
	}
	for (size_t i = 0; i < s->graph.n_assets; i++)
		for (size_t k = 0; k < s->graph.assets[i].n_hops; k++) {
			const struct pqm_hop *h = &s->graph.assets[i].hops[k];

			if (h->to < s->graph.n_nodes && h->use == 'K' &&
				h->verdict == PQM_V_PLAINTEXT)
				s->is_plain[h->to] = true;
		}
}

/* "HOST[:PORT]/…" has a dot, a colon or is localhost [distribution reference grammar]; else Docker Hub. */
static pqm_bytes registry_of(pqm_bytes ref)
{
	pqm_bytes first = pqm_sub(ref, 0, pqm_find_byte(ref, 0, '/'));
	size_t colon = pqm_find_byte(first, 0, ':');

	if (first.n == ref.n ||
		(colon == SIZE_MAX && pqm_find_byte(first, 0, '.') == SIZE_MAX &&
			!pqm_eqs(first, "localhost")))
		return PQM_LIT("docker.io");
	if (pqm_starts(first, PQM_LIT("[")))
		return pqm_sub(first, 1, pqm_find_byte(first, 0, ']') - 1);
	return pqm_sub(first, 0, colon);
}

static void add_image(struct finder *s, const struct mention *m, pqm_bytes ref)
{
	pqm_bytes name = pqm_arena_f(&s->f->arena, IMAGE_SCHEME "%.*s", PQM_FMT(ref));

	if (name.p == NULL || ref.n == 0 || !is_new(s, name))
		return;
	if (is_denied(s, registry_of(ref))) {
		leave(s, name, m, "the deny list forbids its registry");
		return;
	}
	if (!pqm_scan_is_special((const char *)name.p)) {
		s->n_unread++;
		return;
	}
	if (s->n_images >= PQM_FOLLOW_IMAGES_MAX) {
		leave(s, name, m, "over the limit of images");
		return;
	}
	s->n_images++;
	take(s, name, m);
}

static void from_edge(struct finder *s, const struct pqm_edge *e)
{
	const struct pqm_object *o = object_of(s, e->from);
	const struct pqm_node *to = &s->graph.nodes[e->to];
	struct pqm_fact f = { e->ref, { NULL, 0 }, e->line, 0 };
	struct mention m = { o, &f, WAY_OUTSIDE };

	if (o == NULL)
		return;
	if ((s->opt->follow & PQM_FOLLOW_IMAGES) != 0 && to->type == PQM_NODE_IMAGE)
		add_image(s, &m, to->id);
	if ((s->opt->follow & PQM_FOLLOW_ENDPOINTS) == 0)
		return;
	if (to->type == PQM_NODE_EXTERNAL && pqm_eqs(e->rel, "talks-to") && !s->is_plain[e->to])
		add_url(s, &m, to->id);
	if (pqm_eqs(e->rel, "joins"))
		add_joined(s, e);
}

static void from_object(struct finder *s, const struct pqm_object *o)
{
	const struct pqm_k8s_kind *k = pqm_k8s_kind_of(s->kinds, o->group, o->kind);
	pqm_bytes id = pqm_k8s_id(s->kinds, o, &s->f->arena);
	struct pqm_ports ports;

	if (id.p == NULL ||
		(pqm_map_get(&s->objects, id) == NULL &&
			!pqm_map_put(&s->objects, id, (void *)(uintptr_t)o)))
		no_memory(s);
	if (k == NULL || s->st != PQM_OK || (s->opt->follow & PQM_FOLLOW_ENDPOINTS) == 0)
		return;
	add_urls(s, o, k);
	pqm_ports_read(&s->f->arena, &ports, o, k);
	if (!ports.any && !has_tls(o, k))
		return;
	add_listed(s, o, k, &ports);
	if (pqm_eqs(k->node_type, "service"))
		add_service(s, o, k, &ports);
}

/* ---- all of it ---- */

/* What the user named is not followed as well. */
static void know_named(struct finder *s)
{
	for (size_t i = 0; i < s->inv->n_targets && s->st == PQM_OK; i++) {
		pqm_bytes name = pqm_bytes_dup(&s->f->arena, s->inv->targets[i].name);
		struct pqm_probe_target t;
		struct pqm_err why = { 0 };

		if (name.p == NULL) {
			no_memory(s);
		} else if (pqm_starts(name, PQM_LIT(IMAGE_SCHEME))) {
			(void)is_new(s, name);
		} else if (pqm_probe_is_target((const char *)name.p) &&
			pqm_probe_target_parse(
				&t, (const char *)name.p, false, &s->f->arena, &why) == PQM_OK) {
			(void)is_new(s,
				pqm_arena_f(&s->f->arena, "%s %u%s", t.host, (unsigned)t.port,
					pqm_port_is_datagram(t.scheme) ? " udp" : ""));
		}
	}
}

/* One line a target for what is the same everywhere. */
static void tell_sums(struct finder *s)
{
	struct pqm_arena *a = &s->f->arena;

	for (uint32_t i = 0; i < s->inv->n_targets; i++)
		if (s->n_inside[i] > 0)
			add_left(s,
				(struct pqm_followed){
					.target = PQM_LIT("names inside the cluster"),
					.from = { .path = s->inv->targets[i].name },
					.from_target = i,
					.left = pqm_arena_f(a,
						"%llu, which only its pods can ask: read it from "
						"inside, as cluster:in-cluster",
						(unsigned long long)s->n_inside[i]) });
	if (s->n_unread > 0)
		add_left(s,
			(struct pqm_followed){ .target = PQM_LIT("images"),
				.left = pqm_arena_f(a,
					"%llu, not read: nothing here reads registries",
					(unsigned long long)s->n_unread) });
	if (s->n_quiet > 0)
		add_left(s,
			(struct pqm_followed){ .target = PQM_LIT("more"),
				.left = pqm_arena_f(a, "%llu, not listed one by one",
					(unsigned long long)s->n_quiet) });
}

static void join_lists(struct finder *s)
{
	for (size_t i = 0; i < s->n_left && s->st == PQM_OK; i++) {
		struct pqm_followed *grown =
			pqm_grow(&s->f->arena, s->f->list, s->f->n + i, &s->f->cap);

		if (grown == NULL) {
			no_memory(s);
			return;
		}
		s->f->list = grown;
		s->f->list[s->f->n + i] = s->left[i];
		s->f->n_left++;
	}
}

enum pqm_st pqm_follow_find(struct pqm_follow *f, const struct pqm_rules *r,
	const struct pqm_inventory *inv, const struct pqm_scan_options *opt, struct pqm_err *err)
{
	struct finder s = { .f = f, .inv = inv, .opt = opt, .err = err };

	*f = (struct pqm_follow){ 0 };
	pqm_arena_init(&f->arena, PQM_RUN_ARENA_BYTES);
	pqm_graph_init(&s.graph);
	s.st = pqm_rules_k8s(&s.kinds, r, err);
	if (s.st == PQM_OK)
		s.st = pqm_graph_build(&s.graph, r, inv, err);
	s.n_inside = pqm_new(&f->arena, uint64_t, inv->n_targets + 1);
	if (s.n_inside == NULL)
		no_memory(&s);
	if (s.st == PQM_OK)
		find_plain(&s);
	know_named(&s);
	for (size_t i = 0; i < inv->n_objects && s.st == PQM_OK; i++)
		from_object(&s, &inv->objects[i]);
	for (size_t i = 0; i < s.graph.n_edges && s.st == PQM_OK; i++)
		from_edge(&s, &s.graph.edges[i]);
	if (s.st == PQM_OK)
		tell_sums(&s);
	join_lists(&s);
	pqm_map_fini(&s.seen);
	pqm_map_fini(&s.objects);
	pqm_graph_fini(&s.graph);
	return s.st;
}

void pqm_follow_fini(struct pqm_follow *f)
{
	pqm_arena_fini(&f->arena);
}
