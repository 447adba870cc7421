#include "build.h"

#include "base/limits.h"
#include "base/num.h"

/* What protects the same far end the same way is one use, whoever the near end is: what is sent up
 * and read back through one edge is the same content behind the same key exchange. */
static bool same_hop(const struct pqm_hop *a, const struct pqm_hop *c)
{
	return a->use == c->use && a->to == c->to && pqm_eq(a->label, c->label) &&
		pqm_eq(a->layers[0], c->layers[0]);
}

void gb_hop_add(struct gb *b, struct gb_draft *d, const struct pqm_hop *h)
{
	if (b->st != PQM_OK)
		return;
	for (size_t i = 0; i < d->a.n_hops; i++)
		if (same_hop(&d->a.hops[i], h))
			return;
	struct pqm_hop *grown = pqm_grow(b->arena, d->a.hops, d->a.n_hops, &d->cap_hops);

	if (grown == NULL || h->label.p == NULL) {
		gb_fail(b, "hops");
		return;
	}
	d->a.hops = grown;
	d->a.hops[d->a.n_hops++] = *h;
}

void gb_hop_put(struct gb *b, struct gb_draft *d, const struct gb_hop *w, const struct gb_kex *k)
{
	struct pqm_hop h = { .use = w->use,
		.data = d->data,
		.exposure = w->exposure.letter,
		.exposure_by = w->exposure.by,
		.coverage = k->coverage,
		.in_use_years = d->in_use_years,
		.in_use_by = d->in_use_by,
		.n_layers = 1,
		.verdict = k->verdict,
		.evidence = k->evidence,
		.basis = k->basis,
		.from = w->from,
		.to = w->to,
		.label = w->label,
		.ends = k->ends,
		.protocol = k->protocol,
		.versions = k->versions,
		.groups = k->groups,
		.certificate = w->use == 'K' ? (pqm_bytes){ NULL, 0 } : k->words,
		.confidence = gb_confidence(k),
		.why = k->why,
		.task = pqm_str(w->task),
		.ref = k->ref,
		.path = k->path,
		.line = k->line,
		.findings = k->findings,
		.n_findings = k->n_findings };

	h.layers[0] = k->layer;
	if (k->verdict == PQM_V_PLAINTEXT)
		h.protocol = PQM_LIT("none");
	if (k->verdict == PQM_V_PLAINTEXT)
		h.task = PQM_LIT("plaintext-fix");
	else if (k->verdict == PQM_V_HYBRID)
		h.task = (pqm_bytes){ NULL, 0 };
	else if (k->verdict == PQM_V_HYBRID_CAPABLE)
		h.task = PQM_LIT("enforce-hybrid");
	else if (pqm_eqs(k->layer, "WEAK"))
		h.task = PQM_LIT("weak-crypto-fix");
	gb_hop_add(b, d, &h);
}

struct pqm_by gb_by_default(const char *words)
{
	return (struct pqm_by){ .is_assumption = true, .words = pqm_str(words) };
}

static struct pqm_by by_node(const struct gb *b, uint32_t node, pqm_bytes words)
{
	return (struct pqm_by){ .from = PQM_FROM_GRAPH,
		.words = words,
		.path = b->g->nodes[node].path,
		.line = b->g->nodes[node].line };
}

struct gb_reach gb_inside(const struct gb *b, uint32_t node, const char *words)
{
	return (struct gb_reach){ 'L', by_node(b, node, pqm_str(words)) };
}

/* The workload's annotation wins over the asset's word, which wins over what the place suggests. */
struct gb_reach gb_outside(struct gb *b, const struct gb_draft *d, uint32_t node)
{
	static const char key[] = "metadata.annotations.pqmap.dev/exposure";
	const struct gb_thing *t = node == GB_NONE ? NULL : b->of_node[node];
	const struct pqm_fact *f = t == NULL ? NULL : gb_fact1(t->o, key);
	struct gb_reach r = { f == NULL ? 0 : gb_exposure(f->value),
		gb_by_default("default: nothing tells who can reach it") };

	if (r.letter != 0) {
		r.by = (struct pqm_by){ .from = PQM_FROM_DECLARED,
			.words = PQM_LIT("annotation pqmap.dev/exposure"),
			.path = t->o->path,
			.line = f->line };
		return r;
	}
	if (d->exposure != 0)
		return (struct gb_reach){ d->exposure, d->exposure_by };
	r.letter = b->default_exposure;
	if (t == NULL ||
		(b->g->nodes[node].type != PQM_NODE_EDGE &&
			b->g->nodes[node].type != PQM_NODE_WORKLOAD))
		return r;
	/* That it leaves the cluster was read; through whose hands is taken for the worst. */
	r.by = by_node(b, node,
		pqm_arena_f(b->arena,
			"%.*s %.*s reaches outside the cluster; nothing says less than the "
			"internet",
			PQM_FMT(t->o->kind), PQM_FMT(t->o->name)));
	r.by.is_assumption = true;
	return r;
}

static pqm_bytes node_name(const struct gb *b, uint32_t n)
{
	return b->g->nodes[n].name;
}

/* ---- certificates ---- */

static bool is_public_ca(const struct gb *b, uint32_t secret)
{
	const struct pqm_edge *cert, *by;
	size_t i = 0;

	while ((cert = gb_in(b, secret, "issues", &i)) != NULL) {
		size_t k = 0;

		while ((by = gb_out(b, cert->from, "issued-by", &k)) != NULL) {
			const struct gb_thing *t = b->of_node[by->to];

			if (t != NULL && gb_fact1(t->o, "spec.acme.server") != NULL)
				return true;
		}
	}
	return false;
}

static void cert_hop(struct gb *b, struct gb_draft *d, uint32_t holder, const struct pqm_edge *by,
	struct gb_reach exposure)
{
	uint32_t secret = by->to;
	struct gb_kex k;
	bool outside;

	if (!gb_keys_of(b, secret, &k))
		return;
	k.is_guess = by->is_guess;
	k.ends = b->g->nodes[holder].type == PQM_NODE_WORKLOAD ? PQM_LIT(GB_SERVER)
							       : gb_end_of(b, holder, &outside);
	gb_hop_put(b, d,
		&(struct gb_hop){ 'S', exposure, holder, secret,
			pqm_arena_f(b->arena, "certificate %.*s: %.*s",
				PQM_FMT(node_name(b, secret)), PQM_FMT(k.words)),
			is_public_ca(b, secret) ? "public-cert-pq" : "leaf-certs-pq" },
		&k);
}

/* ---- inbound: edges and Services in front of a workload ---- */

static pqm_bytes edge_name(const struct gb *b, uint32_t edge)
{
	const struct gb_thing *t = b->of_node[edge];
	const struct pqm_yaml *hosts =
		t == NULL ? NULL : pqm_yaml_get(t->kind->rule->node, "hosts");

	for (size_t i = 0; hosts != NULL && i < t->o->n_facts; i++)
		if (pqm_k8s_listed(hosts, t->o->facts[i].key))
			return t->o->facts[i].value;
	return node_name(b, edge);
}

void gb_edge_hops(struct gb *b, struct gb_draft *d, uint32_t from, uint32_t edge)
{
	struct gb_reach exposure = gb_outside(b, d, edge);
	const struct pqm_edge *e;
	struct gb_kex k;
	size_t i = 0;

	gb_edge_kex(b, edge, &k);
	gb_edge_ends(b, edge, &k);
	gb_hop_put(b, d,
		&(struct gb_hop){ 'K', exposure, from, edge,
			pqm_arena_f(b->arena, "%s %.*s: %.*s",
				pqm_eqs(b->g->nodes[edge].kind, "Ingress") ? "ingress" : "gateway",
				PQM_FMT(edge_name(b, edge)), PQM_FMT(k.words)),
			exposure.letter == 'P' ? "partner-link-hybrid" : "hybrid-on-edge" },
		&k);
	while ((e = gb_out(b, edge, "presents", &i)) != NULL)
		cert_hop(b, d, edge, e, exposure);
}

static bool is_external(const struct gb *b, uint32_t service)
{
	const struct gb_thing *t = b->of_node[service];
	const struct pqm_fact *f = t == NULL ? NULL : gb_fact1(t->o, "spec.type");

	return f != NULL && (pqm_eqs(f->value, "LoadBalancer") || pqm_eqs(f->value, "NodePort"));
}

/* "NAME=VALUE" of a variable, for globs of rules. */
const struct pqm_fact *gb_env_value(const struct pqm_object *o, const struct pqm_fact *name)
{
	pqm_bytes stem = pqm_sub(name->key, 0, name->key.n - 4);

	for (size_t i = 0; i < o->n_facts; i++)
		if (o->facts[i].key.n == stem.n + 5 && pqm_starts(o->facts[i].key, stem) &&
			pqm_ends(o->facts[i].key, PQM_LIT("value")))
			return &o->facts[i];
	return NULL;
}

/* The flag or variable by which the server speaks TLS itself, or NULL. */
static const struct pqm_fact *server_tls(const struct gb *b, const struct gb_thing *t)
{
	const struct pqm_rule *rule;
	size_t r = 0;

	while (t != NULL && (rule = gb_ai_next(b, &r)) != NULL) {
		const struct pqm_yaml *flags = pqm_yaml_get(rule->node, "tls_flags");
		const struct pqm_yaml *env = pqm_yaml_get(rule->node, "tls_env");

		for (size_t i = 0; flags != NULL && i < t->o->n_facts; i++) {
			const struct pqm_fact *f = &t->o->facts[i], *v;

			if ((pqm_glob(PQM_LIT("*args[*]"), f->key) ||
				    pqm_glob(PQM_LIT("*command[*]"), f->key)) &&
				pqm_k8s_listed(flags, f->value))
				return f;
			if (!pqm_glob(PQM_LIT("*env[*].name"), f->key))
				continue;
			v = gb_env_value(t->o, f);
			if (v != NULL &&
				pqm_k8s_listed(env,
					pqm_arena_f(b->arena, "%.*s=%.*s", PQM_FMT(f->value),
						PQM_FMT(v->value))))
				return f;
		}
	}
	return NULL;
}

/* Does the document show the server itself (image, command, arguments)? Only then does the absence of
 * TLS flags say anything. */
static bool shows_server(const struct gb_thing *w)
{
	static const char *const at[] = { "*ontainers[*].image", "*args[*]", "*command[*]" };

	for (size_t i = 0; w != NULL && i < w->o->n_facts; i++)
		for (size_t k = 0; k < sizeof(at) / sizeof(at[0]); k++)
			if (pqm_glob(pqm_str(at[k]), w->o->facts[i].key))
				return true;
	return false;
}

/* The server speaks TLS, as its library would have it. */
static void tls_by_default(struct gb_kex *k, const char *why)
{
	*k = (struct gb_kex){ .layer = PQM_LIT("UNK"),
		.coverage = 'N',
		.verdict = PQM_V_UNKNOWN,
		.evidence = PQM_CONFIGURED,
		.basis = PQM_DEFAULT,
		.words = PQM_LIT("TLS, no hybrid group seen"),
		.ends = PQM_LIT(GB_SERVER),
		.protocol = PQM_LIT("TLS"),
		.why = pqm_str(why) };
}

void gb_server_kex(struct gb *b, const struct gb_call *call, struct gb_kex *k)
{
	const struct gb_thing *w = call->server;
	const struct pqm_fact *tls = server_tls(b, w);

	if (w == NULL || tls == NULL) {
		gb_network_kex(b, call, k);
		if (k->verdict == PQM_V_PLAINTEXT && !shows_server(w)) {
			k->layer = PQM_LIT("UNK");
			k->verdict = PQM_V_UNKNOWN;
			k->words = PQM_LIT("protection not shown");
			k->ends = k->protocol = (pqm_bytes){ NULL, 0 };
			k->why = PQM_LIT(
				"Nothing here says whether this is encrypted: the platform may "
				"do it. A probe would tell.");
		}
		return;
	}
	tls_by_default(k,
		"The server speaks TLS with its library's groups; nothing says that a "
		"hybrid one is among them.");
	k->ref = tls->key;
	k->path = w->o->path;
	k->line = tls->line;
}

/* A policy by which gateways speak TLS to the Service says that its server does. */
static void backend_tls(struct gb *b, uint32_t service, struct gb_kex *k)
{
	const struct pqm_edge *e;
	size_t i = 0;

	if ((e = gb_in(b, service, "protects", &i)) == NULL)
		return;
	tls_by_default(k,
		"A policy has gateways speak TLS to this Service; nothing says with which "
		"groups.");
	k->ref = e->ref;
	k->path = e->path;
	k->line = e->line;
}

/* A Service's own finding (a plaintext port) says where; the server's TLS says it is not so. */
void gb_service_kex(struct gb *b, const struct gb_thing *w, const struct gb_thing *client,
	uint32_t service, struct gb_kex *k)
{
	const struct gb_call call = { w, b->of_node[service], client, true };
	struct gb_kex told;
	bool outside;

	if (gb_measured_node(b, service, k)) {
		k->ends = PQM_LIT(GB_SERVER);
		return;
	}
	gb_server_kex(b, &call, k);
	k->is_template = gb_is_template(b, service) || (w != NULL && gb_is_template(b, w->node));
	if (k->verdict == PQM_V_PLAINTEXT && gb_own_kex(b, service, &told) &&
		(told.verdict == PQM_V_PLAINTEXT || gb_end_of(b, service, &outside).n == 0)) {
		*k = told;
		k->ends = k->verdict == PQM_V_PLAINTEXT ? PQM_LIT(GB_NOBODY) : PQM_LIT(GB_SERVER);
	}
	if (k->verdict == PQM_V_PLAINTEXT)
		backend_tls(b, service, k);
	if (k->path.n == 0) {
		k->path = b->g->nodes[service].path;
		k->line = b->g->nodes[service].line;
	}
}

pqm_bytes gb_service_words(struct gb *b, uint32_t service)
{
	const struct gb_thing *t = b->of_node[service];
	const struct pqm_fact *port = t == NULL ? NULL : gb_fact1(t->o, "spec.ports[*].port");

	if (port == NULL)
		return node_name(b, service);
	return pqm_arena_f(
		b->arena, "%.*s:%.*s", PQM_FMT(node_name(b, service)), PQM_FMT(port->value));
}

/* A load balancer that ends TLS before the Service: what clients speak is its matter, and behind it the
 * Service is one inside the cluster. */
static bool front_hop(struct gb *b, struct gb_draft *d, uint32_t service, uint32_t workload,
	struct gb_reach exposure)
{
	struct gb_kex k;
	bool outside;
	pqm_bytes ends = gb_end_of(b, service, &outside);

	if (ends.n == 0)
		return false;
	if (!gb_own_kex(b, service, &k) || k.verdict == PQM_V_PLAINTEXT)
		k = (struct gb_kex){ .layer = PQM_LIT("UNK"),
			.coverage = 'N',
			.verdict = PQM_V_UNKNOWN,
			.evidence = PQM_CONFIGURED,
			.basis = PQM_DEFAULT,
			.words = PQM_LIT("TLS, groups not told"),
			.why = PQM_LIT("The load balancer ends TLS by a policy of its own; a probe "
				       "would tell."),
			.path = b->g->nodes[service].path,
			.line = b->g->nodes[service].line };
	k.ends = ends;
	k.protocol = PQM_LIT("TLS");
	gb_hop_put(b, d,
		&(struct gb_hop){ 'K', exposure, workload, service,
			pqm_arena_f(b->arena, "load balancer %.*s: %.*s",
				PQM_FMT(node_name(b, service)), PQM_FMT(k.words)),
			exposure.letter == 'P' ? "partner-link-hybrid" : "hybrid-on-edge" },
		&k);
	return true;
}

static void service_hops(struct gb *b, struct gb_draft *d, uint32_t service, uint32_t workload)
{
	const struct gb_thing *w = b->of_node[workload];
	bool external = is_external(b, service);
	struct gb_reach exposure = external ? gb_outside(b, d, workload)
					    : gb_inside(b, service, "a Service inside the cluster");
	const struct pqm_edge *e;
	struct gb_kex k;
	size_t i = 0;

	bool fronted = external && front_hop(b, d, service, workload, exposure);

	if (fronted)
		exposure = gb_inside(b, service, "inside, behind its load balancer");
	gb_service_kex(b, w, NULL, service, &k);
	gb_hop_put(b, d,
		&(struct gb_hop){ 'K', exposure, service, workload,
			pqm_arena_f(b->arena, "%s%.*s%s%s %.*s",
				exposure.letter == 'P' ? "partner link " : "",
				PQM_FMT(gb_service_words(b, service)),
				fronted ? " behind its load balancer" : "",
				k.verdict == PQM_V_PLAINTEXT ? "" : ":", PQM_FMT(k.words)),
			exposure.letter == 'P'		     ? "partner-link-hybrid"
				: k.verdict == PQM_V_UNKNOWN ? "library-upgrade"
							     : "mesh-link-hybrid" },
		&k);
	if (server_tls(b, w) != NULL)
		while ((e = gb_out(b, workload, "mounts", &i)) != NULL)
			if (b->g->nodes[e->to].type == PQM_NODE_SECRET)
				cert_hop(b, d, workload, e, exposure);
	i = 0;
	while ((e = gb_in(b, service, "routes", &i)) != NULL)
		if (b->g->nodes[e->from].type == PQM_NODE_EDGE)
			gb_edge_hops(b, d, service, e->from);
}

static bool carries_inbound(const struct gb *b, const struct gb_draft *d, const struct gb_thing *w)
{
	const struct pqm_rule *c =
		w == NULL || w->ai_class.n == 0 ? NULL : gb_ai_rule(b, "class", w->ai_class);

	return c == NULL || pqm_k8s_listed(pqm_yaml_get(c->node, "inbound"), d->role);
}

static bool is_referred(const struct gb *b, uint32_t service)
{
	size_t i = 0, k = 0;

	return gb_in(b, service, "routes", &i) != NULL || gb_in(b, service, "talks-to", &k) != NULL;
}

/* Pods that listen where no Service is told: whoever reaches them speaks as they do. */
static void pod_hop(struct gb *b, struct gb_draft *d, uint32_t workload)
{
	const struct gb_thing *w = b->of_node[workload];
	const struct pqm_fact *port = w == NULL ? NULL : gb_fact1(w->o, "*ports[*].containerPort");
	const struct gb_call call = { w, NULL, NULL, true };
	struct gb_kex k;

	if (port == NULL)
		return;
	gb_server_kex(b, &call, &k);
	k.is_template = gb_is_template(b, workload);
	if (k.path.n == 0) {
		k.ref = port->key;
		k.path = w->o->path;
		k.line = port->line;
	}
	gb_hop_put(b, d,
		&(struct gb_hop){ 'K',
			gb_inside(b, workload, "a port of pods, no Service in front"), workload,
			workload,
			pqm_arena_f(b->arena, "%.*s:%.*s%s %.*s", PQM_FMT(node_name(b, workload)),
				PQM_FMT(port->value), k.verdict == PQM_V_PLAINTEXT ? "" : ":",
				PQM_FMT(k.words)),
			k.verdict == PQM_V_UNKNOWN ? "library-upgrade" : "mesh-link-hybrid" },
		&k);
}

/* Controllers make Services under several names; those that nothing refers to say nothing more than
 * the one that stands for them. */
static void inbound(struct gb *b, struct gb_draft *d, uint32_t workload)
{
	const struct pqm_edge *e;
	uint32_t spare = GB_NONE;
	size_t i = 0, n = 0;

	if (!carries_inbound(b, d, b->of_node[workload]))
		return;
	while ((e = gb_in(b, workload, "serves", &i)) != NULL) {
		if (b->of_node[e->from] == NULL && !is_referred(b, e->from)) {
			spare = spare == GB_NONE ? e->from : spare;
			continue;
		}
		service_hops(b, d, e->from, workload);
		n++;
	}
	if (n == 0 && spare != GB_NONE)
		service_hops(b, d, spare, workload);
	else if (n == 0)
		pod_hop(b, d, workload);
}

/* ---- wrapping, signing ---- */

/* The rule by which the workload wraps data keys to a public key, or NULL. */
static const struct pqm_rule *wraps(const struct gb *b, const struct gb_thing *t)
{
	const struct pqm_rule *rule;
	size_t r = 0;

	while ((rule = gb_ai_next(b, &r)) != NULL) {
		const struct pqm_yaml *w = pqm_yaml_get(rule->node, "wrap");

		for (size_t i = 0; w != NULL && i < t->o->n_facts; i++)
			if ((pqm_glob(PQM_LIT("*args[*]"), t->o->facts[i].key) ||
				    pqm_glob(PQM_LIT("*command[*]"), t->o->facts[i].key)) &&
				pqm_k8s_listed(w, t->o->facts[i].value))
				return rule;
	}
	return NULL;
}

static void key_hop(struct gb *b, struct gb_draft *d, char use, uint32_t from, uint32_t holder,
	const struct pqm_rule *rule)
{
	struct gb_kex k;

	if (!gb_keys_of(b, holder, &k))
		return;
	if (rule != NULL)
		k.why = pqm_yaml_str(rule->node, "why");
	struct gb_reach exposure = { 'O',
		gb_by_default("default: wrapped copies rest in an object store or backup") };

	if (use != 'W')
		exposure = gb_outside(b, d, from);

	gb_hop_put(b, d,
		&(struct gb_hop){ use, exposure, from, holder,
			pqm_arena_f(b->arena, "%s %.*s: %.*s",
				use == 'W' ? "data key wrapped to" : "signing key",
				PQM_FMT(node_name(b, holder)), PQM_FMT(k.words)),
			use == 'W' ? "rewrap-keys" : "dual-sign" },
		&k);
}

static void at_rest(struct gb *b, struct gb_draft *d, const struct gb_thing *t)
{
	const struct pqm_rule *rule = wraps(b, t);
	const struct pqm_edge *e;
	size_t i = 0;

	while (rule != NULL && (e = gb_out(b, t->node, "mounts", &i)) != NULL)
		key_hop(b, d, 'W', t->node, e->to, rule);
}

static void signing(struct gb *b, struct gb_draft *d, uint32_t node)
{
	const struct pqm_rule *rule = gb_ai_rule(b, "role", d->role);
	const struct pqm_edge *e;
	size_t i = 0;

	if (b->g->nodes[node].type != PQM_NODE_WORKLOAD) {
		key_hop(b, d, 'L', node, node, rule);
		return;
	}
	while ((e = gb_out(b, node, "mounts", &i)) != NULL)
		key_hop(b, d, 'L', node, e->to, rule);
}

static char use_of_role(const struct gb *b, pqm_bytes role)
{
	const struct pqm_rule *r = role.n == 0 ? NULL : gb_ai_rule(b, "role", role);
	pqm_bytes use = r == NULL ? (pqm_bytes){ NULL, 0 } : pqm_yaml_str(r->node, "use");

	return use.n == 1 ? (char)use.p[0] : 0;
}

static void hops_at(struct gb *b, struct gb_draft *d, uint32_t node)
{
	const struct gb_thing *t = b->of_node[node];
	char use = use_of_role(b, d->role);

	if (use == 'L') {
		signing(b, d, node);
	} else if (t != NULL && b->g->nodes[node].type == PQM_NODE_WORKLOAD) {
		inbound(b, d, node);
		gb_outbound(b, d, t);
		gb_workers_hops(b, d, t);
		at_rest(b, d, t);
	} else if (t != NULL && b->g->nodes[node].type == PQM_NODE_EDGE) {
		gb_edge_hops(b, d, node, node);
	} else if (use == 'W') {
		key_hop(b, d, 'W', node, node, gb_ai_rule(b, "role", d->role));
	}
}

/* ---- assets that only their flows show ---- */

static void flow_assets(struct gb *b, const struct gb_thing *t)
{
	const struct pqm_rule *rule;
	size_t r = 0;

	while (b->st == PQM_OK && (rule = gb_ai_next(b, &r)) != NULL) {
		pqm_bytes role = pqm_yaml_str(rule->node, "role");
		size_t k = 0;

		if (!gb_is_flow(rule) || !pqm_yaml_true(rule->node, "makes_asset") ||
			gb_draft_of_role(b, t->node, role, &k) != NULL)
			continue;
		for (size_t i = 0; i < t->o->n_facts; i++) {
			struct pqm_fact cut;

			if (gb_flow_value(t, rule, i, &cut) == NULL)
				continue;
			const struct pqm_rule *ar = gb_ai_rule(b, "role", role);
			const struct pqm_yaml *lives =
				ar == NULL ? NULL : pqm_yaml_get(ar->node, "lives");

			if (lives == NULL || lives->n == 0)
				continue;
			(void)gb_draft_default(b, t, role,
				pqm_yaml_text(lives->items[lives->n - 1]),
				PQM_LIT("referred to by URI"));
			break;
		}
	}
}

static int hop_order(const void *x, const void *y)
{
	const struct pqm_hop *a = x, *c = y;
	int d = (a->use > c->use) - (a->use < c->use);

	if (d == 0)
		d = pqm_cmp(a->label, c->label);
	if (d == 0)
		d = (a->to > c->to) - (a->to < c->to);
	return d != 0 ? d : (a->from > c->from) - (a->from < c->from);
}

/* Nothing tells how the asset travels or rests: that is unknown, not safe. */
static void unknown_hop(struct gb *b, struct gb_draft *d)
{
	struct gb_reach r = gb_outside(b, d, GB_NONE);
	struct pqm_hop h = { .use = pqm_eqs(d->role, "signing") ? 'L' : 'K',
		.data = d->data != 0 ? d->data : 'F',
		.exposure = r.letter,
		.exposure_by = r.by,
		.coverage = 'N',
		.in_use_years = d->in_use_years,
		.in_use_by = d->in_use_by,
		.n_layers = 1,
		.verdict = PQM_V_UNKNOWN,
		.evidence = PQM_HINTED,
		.basis = PQM_DEFAULT,
		.from = GB_NONE,
		.to = GB_NONE,
		.label = PQM_LIT("nothing read tells how it travels or where it rests"),
		.why = PQM_LIT("No document says what carries this asset; unknown is scored as the "
			       "earliest to fall."),
		.task = PQM_LIT("unknown-resolve") };

	h.layers[0] = PQM_LIT("UNK");
	gb_hop_add(b, d, &h);
}

void gb_hops(struct gb *b)
{
	for (size_t i = 0; i < b->n_things && b->st == PQM_OK; i++) {
		const struct gb_thing *t = &b->things[i];

		if (!t->is_first || b->g->nodes[t->node].type != PQM_NODE_WORKLOAD)
			continue;
		gb_workers_assets(b, t);
		flow_assets(b, t);
	}
	for (size_t i = 0; i < b->n_drafts && b->st == PQM_OK; i++) {
		struct gb_draft *d = &b->drafts[i];

		for (size_t k = 0; k < d->n_at && b->st == PQM_OK; k++)
			hops_at(b, d, d->at[k]);
		if (d->a.n_hops == 0 && b->st == PQM_OK)
			unknown_hop(b, d);
		gb_hop_certificates(d);
		if (d->a.n_hops > 1)
			qsort(d->a.hops, d->a.n_hops, sizeof(*d->a.hops), hop_order);
		gb_history(b, d);
	}
}
