/* gb_mesh.c — what protects traffic to pods below the application: mesh policies by their scope, and what
 * encrypts between nodes. */
#include "build.h"

#include "base/limits.h"
#include "base/num.h"

/* Ports of a Service and of the pods behind it. */
#define PORTS_MAX 32
/* Policies of one kind in a namespace that a hop looks at; real namespaces have a handful. */
#define POLICIES_MAX 256

struct gb_scoped {
	const struct gb_thing *t;
	struct gb_scoped *next, *last; /* last: of the first one only */
};

struct port {
	uint16_t service, pod; /* 0: not told */
};

/* What one looks at: the callee, its Service and ports. */
struct callee {
	const struct gb_thing *server;
	const struct gb_thing *service; /* may be NULL */
	struct port port[PORTS_MAX];
	size_t n;
};

enum mode { UNSET, PERMISSIVE, STRICT, DISABLED, OWN_TLS };

struct ruling {
	enum mode mode;
	const struct gb_thing *t;
	const struct pqm_fact *f;
};

static bool has_one(const struct pqm_object *o, const struct pqm_yaml *list)
{
	for (size_t i = 0; list != NULL && i < list->n; i++) {
		const struct pqm_fact *f;
		size_t k = 0;

		while ((f = gb_fact(o, pqm_yaml_str(list->items[i], "at"), &k)) != NULL)
			if (pqm_k8s_fits(pqm_yaml_str(list->items[i], "is"), f->value))
				return true;
	}
	return false;
}

static const struct gb_thing *search(const struct gb *b, const struct pqm_yaml *what)
{
	pqm_bytes kind = pqm_yaml_str(what, "kind"), at = pqm_yaml_str(what, "at"),
		  is = pqm_yaml_str(what, "is");
	const struct gb_thing *t;
	uint32_t i = 0;

	while ((t = gb_of_kind(b, kind, &i)) != NULL) {
		const struct pqm_fact *f;
		size_t k = 0;

		while ((f = gb_fact(t->o, at, &k)) != NULL)
			if (pqm_k8s_fits(is, f->value))
				return t;
	}
	return NULL;
}

/* The first thing anywhere as the rule says (kind, at, is). Every hop of every asset asks. */
static const struct gb_thing *there_is(struct gb *b, const struct pqm_yaml *what)
{
	pqm_bytes question = { (const uint8_t *)&what, sizeof(what) };
	const struct gb_thing *t;

	if (!gb_known(b, question, &t)) {
		t = search(b, what);
		gb_know(b, question, t);
	}
	return t;
}

static const struct gb_thing *there_is_one_of(struct gb *b, const struct pqm_yaml *list)
{
	const struct gb_thing *t = NULL;

	for (size_t i = 0; list != NULL && t == NULL && i < list->n; i++)
		t = there_is(b, list->items[i]);
	return t;
}

static bool in_mesh(const struct gb *b, const struct gb_thing *w, const struct pqm_yaml *mesh)
{
	const struct gb_thing *ns = gb_named(b, PQM_LIT("Namespace"), w->o->ns);

	if (has_one(w->o, pqm_yaml_get(mesh, "out")) ||
		(ns != NULL && has_one(ns->o, pqm_yaml_get(mesh, "never"))))
		return false;
	return has_one(w->o, pqm_yaml_get(mesh, "joins")) ||
		(ns != NULL && has_one(ns->o, pqm_yaml_get(mesh, "member")));
}

/* ---- ports ---- */

static uint16_t number(pqm_bytes text)
{
	uint64_t n = 0;

	return pqm_u64_parse(text, UINT16_MAX, &n) ? (uint16_t)n : 0;
}

/* The value beside a fact, of another name in the same mapping; NULL when there is none. */
static const struct pqm_fact *sibling(
	const struct pqm_object *o, const struct pqm_fact *f, size_t drop, const char *name)
{
	pqm_bytes stem = pqm_sub(f->key, 0, f->key.n - drop);

	for (size_t i = 0; i < o->n_facts; i++)
		if (o->facts[i].key.n == stem.n + strlen(name) &&
			pqm_starts(o->facts[i].key, stem) &&
			pqm_ends(o->facts[i].key, pqm_str(name)))
			return &o->facts[i];
	return NULL;
}

/* A target port by its name among the container's ports. */
static uint16_t named_port(const struct gb_thing *w, pqm_bytes name)
{
	const struct pqm_fact *f;
	size_t i = 0;

	while ((f = gb_fact(w->o, PQM_LIT("*ontainers[*].ports[*].name"), &i)) != NULL) {
		const struct pqm_fact *p = sibling(w->o, f, 4, "containerPort");

		if (pqm_eq(f->value, name) && p != NULL)
			return number(p->value);
	}
	return 0;
}

static void read_ports(struct callee *c)
{
	const struct pqm_fact *f;
	size_t i = 0;

	while (c->service != NULL && c->n < PORTS_MAX &&
		(f = gb_fact(c->service->o, PQM_LIT("spec.ports[*].port"), &i)) != NULL) {
		const struct pqm_fact *to = sibling(c->service->o, f, 4, "targetPort");
		struct port p = { number(f->value), number(f->value) };

		if (to != NULL)
			p.pod = number(to->value);
		if (to != NULL && p.pod == 0)
			p.pod = named_port(c->server, to->value);
		c->port[c->n++] = p;
	}
	i = 0;
	while (c->service == NULL && c->n < PORTS_MAX &&
		(f = gb_fact(c->server->o, PQM_LIT("*ontainers[*].ports[*].containerPort"), &i)) !=
			NULL)
		c->port[c->n++] = (struct port){ 0, number(f->value) };
	if (c->n == 0)
		c->n = 1; /* one that is not told */
}

/* "*", "9000,9001", "4567-4568" */
static bool lists_port(pqm_bytes list, uint16_t port)
{
	pqm_bytes rest = list, part;

	while (rest.p != NULL && pqm_split(&rest, ',', &part)) {
		size_t dash;

		part = pqm_trim(part);
		if (pqm_eqs(part, "*"))
			return true;
		dash = pqm_find_byte(part, 0, '-');
		if (port == 0 || part.n == 0)
			continue;
		if (dash == SIZE_MAX ? number(part) == port
				     : number(pqm_sub(part, 0, dash)) <= port &&
					port <= number(pqm_sub(part, dash + 1, part.n)))
			return true;
	}
	return false;
}

/* The annotation of the workload, else of its namespace, that lets a port past the proxy. */
static struct ruling find_hole(
	const struct gb *b, const struct callee *c, const struct pqm_yaml *mesh)
{
	const struct pqm_yaml *globs = pqm_yaml_get(mesh, "holes");
	const struct gb_thing *at[] = { c->server,
		gb_named(b, PQM_LIT("Namespace"), c->server->o->ns) };

	for (size_t a = 0; globs != NULL && a < 2; a++)
		for (size_t i = 0; at[a] != NULL && i < at[a]->o->n_facts; i++) {
			const struct pqm_fact *f = &at[a]->o->facts[i];

			if (!pqm_k8s_listed(globs, f->key))
				continue;
			for (size_t k = 0; k < c->n; k++)
				if (lists_port(f->value, c->port[k].pod))
					return (struct ruling){ DISABLED, at[a], f };
		}
	return (struct ruling){ UNSET, NULL, NULL };
}

/* ---- policies ---- */

static void index_by(struct gb *b, pqm_bytes key, const struct gb_thing *t)
{
	struct gb_scoped *old = pqm_map_get(&b->scoped, key), *one;

	one = pqm_new(b->arena, struct gb_scoped, 1);
	if (one == NULL) {
		gb_fail(b, "policies");
		return;
	}
	one->t = t;
	one->last = one;
	if (old != NULL) {
		old->last->next = one;
		old->last = one;
	} else if (!pqm_map_put(&b->scoped, key, one)) {
		gb_fail(b, "policies");
	}
}

/* "kind/namespace" */
static pqm_bytes ns_key(struct gb *b, pqm_bytes kind, pqm_bytes ns)
{
	return pqm_arena_f(b->arena, "%.*s/%.*s", PQM_FMT(kind), PQM_FMT(ns));
}

static bool drop_tail(pqm_bytes *host, const char *tail)
{
	if (!pqm_ends(*host, pqm_str(tail)))
		return false;
	*host = pqm_sub(*host, 0, host->n - strlen(tail));
	return true;
}

/* "kind=name.namespace", "kind=*.namespace", "kind=*", or a host outside as it is. A short name is of the
 * namespace of who wrote it [istio-docs, DestinationRule]. */
static pqm_bytes host_key(struct gb *b, pqm_bytes kind, pqm_bytes host, pqm_bytes ns)
{
	if (pqm_eqs(host, "*.local") || pqm_eqs(host, "*.svc.cluster.local") ||
		pqm_eqs(host, "*.cluster.local"))
		host = PQM_LIT("*");
	else if (!drop_tail(&host, ".svc.cluster.local") && pqm_find_byte(host, 0, '.') == SIZE_MAX)
		return pqm_arena_f(
			b->arena, "%.*s=%.*s.%.*s", PQM_FMT(kind), PQM_FMT(host), PQM_FMT(ns));
	return pqm_arena_f(b->arena, "%.*s=%.*s", PQM_FMT(kind), PQM_FMT(host));
}

static void index_policies(struct gb *b, const struct pqm_yaml *mesh)
{
	const struct pqm_yaml *policy = pqm_yaml_get(mesh, "policy"),
			      *client = pqm_yaml_get(mesh, "client");
	const struct gb_thing *t;
	uint32_t i = 0;

	while (policy != NULL && (t = gb_of_kind(b, pqm_yaml_str(policy, "kind"), &i)) != NULL)
		index_by(b, ns_key(b, t->o->kind, gb_ns(t)), t);
	i = 0;
	while (client != NULL && (t = gb_of_kind(b, pqm_yaml_str(client, "kind"), &i)) != NULL) {
		const struct pqm_fact *host;
		size_t k = 0;

		host = gb_fact(t->o, pqm_yaml_str(client, "host"), &k);
		if (host != NULL)
			index_by(b, host_key(b, t->o->kind, host->value, gb_ns(t)), t);
	}
}

/* Whether the labels that a policy selects are those of the pods: 0 no, 1 it selects none, 2 yes. */
static int selects(
	const struct gb_thing *policy, const struct pqm_yaml *rule, const struct gb_thing *w)
{
	pqm_bytes under = pqm_yaml_str(rule, "labels");
	bool any = false;

	for (size_t i = 0; i < policy->o->n_facts; i++) {
		const struct pqm_fact *f = &policy->o->facts[i];
		struct gb_label_of l;

		if (!pqm_starts(f->key, under))
			continue;
		any = true;
		l = (struct gb_label_of){ .key = pqm_sub(f->key, under.n, f->key.n),
			.value = f->value };
		if (!gb_has_label(w, &l))
			return 0;
	}
	return any ? 2 : 1;
}

static enum mode mode_of(pqm_bytes v)
{
	return pqm_eqs(v, "STRICT")			       ? STRICT
		: pqm_eqs(v, "PERMISSIVE")		       ? PERMISSIVE
		: pqm_eqs(v, "DISABLE")			       ? DISABLED
		: pqm_eqs(v, "ISTIO_MUTUAL")		       ? STRICT
		: pqm_eqs(v, "SIMPLE") || pqm_eqs(v, "MUTUAL") ? OWN_TLS
							       : UNSET;
}

static const struct pqm_fact *port_mode(
	const struct gb_thing *t, const struct pqm_yaml *rule, uint16_t port)
{
	char tail[32];
	pqm_bytes under = pqm_yaml_str(rule, "ports");
	int n = snprintf(tail, sizeof(tail), "%u.mode", port);

	for (size_t i = 0; n > 0 && i < t->o->n_facts; i++)
		if (t->o->facts[i].key.n == under.n + (size_t)n &&
			pqm_starts(t->o->facts[i].key, under) &&
			pqm_ends(t->o->facts[i].key, pqm_str(tail)))
			return &t->o->facts[i];
	return NULL;
}

/* The mode for one port: workload before namespace before mesh [istio-docs, PeerAuthentication]. */
static struct ruling policy_for(
	struct gb *b, const struct gb_thing *w, const struct pqm_yaml *rule, uint16_t port)
{
	pqm_bytes kind = pqm_yaml_str(rule, "kind"),
		  in[] = { gb_ns(w), pqm_yaml_str(rule, "root") };
	struct ruling best = { UNSET, NULL, NULL };
	int rank = 0;

	for (int a = 0; a < 2; a++) {
		const struct gb_scoped *s = pqm_map_get(&b->scoped, ns_key(b, kind, in[a]));

		for (size_t n = 0; s != NULL && n < POLICIES_MAX; s = s->next, n++) {
			int is = selects(s->t, rule, w), here = a == 0 ? is + 1 : is == 1 ? 1 : 0;
			const struct pqm_fact *f = NULL;
			size_t k = 0;

			if (is == 0 || here <= rank)
				continue;
			if (here == 3)
				f = port_mode(s->t, rule, port);
			if (f == NULL || mode_of(f->value) == UNSET)
				f = gb_fact(s->t->o, pqm_yaml_str(rule, "mode"), &k);
			if (f == NULL || mode_of(f->value) == UNSET)
				continue;
			best = (struct ruling){ mode_of(f->value), s->t, f };
			rank = here;
		}
	}
	return best;
}

/* The weakest over the ports: what is sent to one of them is sent so. */
static struct ruling policy_of(struct gb *b, const struct callee *c, const struct pqm_yaml *mesh)
{
	static const int strength[] = { 1, 1, 2, 0, 2 };
	const struct pqm_yaml *rule = pqm_yaml_get(mesh, "policy");
	struct ruling worst = { UNSET, NULL, NULL };

	for (size_t i = 0; rule != NULL && i < c->n; i++) {
		struct ruling one = policy_for(b, c->server, rule, c->port[i].pod);

		if (i == 0 || strength[one.mode] < strength[worst.mode])
			worst = one;
	}
	return worst;
}

/* What the callers of a host start: the rule for the most specific host that names it. */
static struct ruling client_of(
	struct gb *b, const struct pqm_yaml *mesh, pqm_bytes host, pqm_bytes ns)
{
	const struct pqm_yaml *rule = pqm_yaml_get(mesh, "client");
	pqm_bytes kind = pqm_yaml_str(rule, "kind");
	pqm_bytes keys[] = { pqm_arena_f(b->arena, "%.*s=%.*s%s%.*s", PQM_FMT(kind), PQM_FMT(host),
				     ns.n > 0 ? "." : "", PQM_FMT(ns)),
		pqm_arena_f(b->arena, "%.*s=*.%.*s", PQM_FMT(kind), PQM_FMT(ns)),
		pqm_arena_f(b->arena, "%.*s=*", PQM_FMT(kind)) };

	for (size_t i = 0; rule != NULL && i < (ns.n > 0 ? 3 : 1); i++) {
		const struct gb_scoped *s = pqm_map_get(&b->scoped, keys[i]);
		const struct pqm_fact *f;
		size_t k = 0;

		if (s == NULL)
			continue;
		f = gb_fact(s->t->o, pqm_yaml_str(rule, "mode"), &k);
		if (f != NULL)
			return (struct ruling){ mode_of(f->value), s->t, f };
	}
	return (struct ruling){ UNSET, NULL, NULL };
}

/* ---- verdicts ---- */

static void protect(struct gb *b, const struct pqm_rule *rule, pqm_bytes alg, struct gb_kex *out)
{
	*out = (struct gb_kex){ .layer = gb_group_class(b, alg),
		.coverage = 'N',
		.verdict = PQM_V_CLASSICAL,
		.evidence = PQM_CONFIGURED,
		.basis = PQM_IMPLIED,
		.groups = alg,
		.words = pqm_arena_f(b->arena, "%.*s, %.*s",
			PQM_FMT(pqm_yaml_str(rule->node, "words")), PQM_FMT(alg)),
		.why = pqm_yaml_str(rule->node, "why") };
}

static void plaintext(
	struct gb_kex *out, const struct ruling *by, const char *words, const char *why)
{
	*out = (struct gb_kex){ .layer = PQM_LIT("NONE"),
		.coverage = 'N',
		.verdict = PQM_V_PLAINTEXT,
		.evidence = PQM_CONFIGURED,
		.basis = PQM_ABSENCE,
		.words = pqm_str(words),
		.why = pqm_str(why),
		.ends = PQM_LIT(GB_NOBODY),
		.protocol = PQM_LIT("none") };
	if (by->f == NULL)
		return;
	out->basis = PQM_EXPLICIT;
	out->ref = by->f->key;
	out->path = by->t->o->path;
	out->line = by->f->line;
}

static void meshed(struct gb *b, const struct pqm_rule *rule, const struct callee *c, bool strict,
	struct gb_kex *out)
{
	const struct pqm_yaml *mesh = pqm_yaml_get(rule->node, "mesh"),
			      *ambient = pqm_yaml_get(mesh, "ambient");
	const struct gb_thing *ns = gb_named(b, PQM_LIT("Namespace"), c->server->o->ns);

	protect(b, rule, pqm_yaml_str(rule->node, "alg"), out);
	out->protocol = PQM_LIT("mTLS");
	out->ends = pqm_yaml_str(mesh, "ends");
	if (has_one(c->server->o, ambient) || (ns != NULL && has_one(ns->o, ambient)))
		out->ends = pqm_yaml_str(mesh, "ambient_ends");
	pqm_bytes since = pqm_yaml_str(mesh, "hybrid_since");

	if (there_is_one_of(b, pqm_yaml_get(mesh, "hybrid")) != NULL) {
		out->verdict = PQM_V_HYBRID_CAPABLE;
		out->coverage = 'F';
		out->groups = pqm_arena_f(
			b->arena, "X25519MLKEM768, %.*s", PQM_FMT(pqm_yaml_str(rule->node, "alg")));
		out->words = pqm_arena_f(b->arena, "%.*s, hybrid where both sides allow it",
			PQM_FMT(pqm_yaml_str(rule->node, "words")));
	} else if (since.n > 0) {
		out->layer = PQM_LIT("UNK");
		out->verdict = PQM_V_UNKNOWN;
		out->groups = (pqm_bytes){ NULL, 0 };
		out->words = pqm_arena_f(b->arena, "%.*s, hybrid from %.*s on, version not read",
			PQM_FMT(pqm_yaml_str(rule->node, "words")), PQM_FMT(since));
	}
	if (!strict)
		out->words = pqm_arena_f(b->arena, "%.*s, plaintext let in", PQM_FMT(out->words));
}

/* What one mesh makes of it; false: the server is not in it. *strict: plaintext is refused. */
static bool by_mesh(struct gb *b, const struct pqm_rule *rule, const struct callee *c,
	const struct gb_thing *client, struct gb_kex *out)
{
	const struct pqm_yaml *mesh = pqm_yaml_get(rule->node, "mesh");
	struct ruling hole, policy, start = { UNSET, NULL, NULL };

	if (mesh == NULL || !in_mesh(b, c->server, mesh))
		return false;
	hole = find_hole(b, c, mesh);
	policy = policy_of(b, c, mesh);
	if (c->service != NULL)
		start = client_of(b, mesh, c->service->o->name, gb_ns(c->service));
	if (hole.mode == DISABLED)
		plaintext(out, &hole, "bypasses the mesh, plaintext",
			"A port of this workload is left out of the mesh: no proxy encrypts it.");
	else if (policy.mode == DISABLED)
		plaintext(out, &policy, "mesh mTLS switched off",
			"The mesh policy of this workload has mTLS off.");
	else if (policy.mode != STRICT && start.mode == DISABLED)
		plaintext(out, &start, "callers start no TLS",
			"The rule for callers of this host has TLS off, and the server lets it "
			"in.");
	else if (policy.mode != STRICT && client != NULL && !in_mesh(b, client, mesh))
		plaintext(out, &policy, "caller outside the mesh, plaintext let in",
			"The caller has no proxy, and the server lets plaintext in.");
	else
		meshed(b, rule, c, policy.mode == STRICT, out);
	return true;
}

static void read_mesh_rules(struct gb *b)
{
	const struct pqm_rule *rule;
	size_t i = 0;

	while (b->st == PQM_OK && (rule = pqm_rules_next(b->r, "k8s/mesh.yaml", &i)) != NULL) {
		/* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers is meant */
		const struct pqm_rule **grown =
			pqm_grow(b->arena, b->mesh_rules, b->n_mesh_rules, &b->cap_mesh_rules);

		if (grown == NULL) {
			gb_fail(b, "rules");
			return;
		}
		b->mesh_rules = grown;
		b->mesh_rules[b->n_mesh_rules++] = rule;
		index_policies(b, pqm_yaml_get(rule->node, "mesh"));
	}
}

static bool by_nodes(struct gb *b, struct gb_kex *out)
{
	for (size_t i = 0; i < b->n_mesh_rules; i++) {
		const struct pqm_rule *rule = b->mesh_rules[i];
		const struct pqm_yaml *cni = pqm_yaml_get(rule->node, "cni");

		if (cni == NULL || there_is(b, cni) == NULL)
			continue;
		protect(b, rule, pqm_yaml_str(rule->node, "alg"), out);
		out->protocol = PQM_LIT("WireGuard");
		out->ends = pqm_yaml_str(rule->node, "ends");
		return true;
	}
	return false;
}

void gb_network_kex(struct gb *b, const struct gb_call *call, struct gb_kex *out)
{
	static const struct ruling none = { UNSET, NULL, NULL };
	struct callee c = { .server = call->server, .service = call->service };
	struct gb_kex nodes;

	plaintext(out, &none, "speaks plaintext", "Neither the server nor a mesh encrypts this.");
	if (call->server == NULL)
		return;
	if (b->n_mesh_rules == 0)
		read_mesh_rules(b);
	read_ports(&c);
	for (size_t i = 0; call->use_mesh && i < b->n_mesh_rules; i++)
		if (by_mesh(b, b->mesh_rules[i], &c, call->client, out))
			break;
	if (out->verdict == PQM_V_PLAINTEXT && by_nodes(b, &nodes))
		*out = nodes;
}
