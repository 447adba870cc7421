/* gb_flows.c — where workloads send and fetch: URLs in variables, flags and fields. */
#include "build.h"

#include "base/num.h"
#include "probe/probe.h"

struct url {
	pqm_bytes scheme, host,
		bucket; /* host without port; bucket: host and path of a store URI */
	uint16_t port;	/* the scheme's when none is written, or 443 */
};

static bool read_url(pqm_bytes v, struct url *u)
{
	size_t at = pqm_find(v, 0, PQM_LIT("://")), end;

	if (at == SIZE_MAX || at == 0 || at > 16)
		return false;
	pqm_bytes rest = pqm_sub(v, at + 3, v.n);
	size_t user = pqm_find_byte(rest, 0, '@');

	end = 0;
	while (end < rest.n && strchr("/?# \t\n", rest.p[end]) == NULL)
		end++;
	if (user != SIZE_MAX && user < end) {
		rest = pqm_sub(rest, user + 1, rest.n);
		end -= user + 1;
	}
	u->scheme = pqm_sub(v, 0, at);
	u->bucket = pqm_sub(rest, 0, end);
	u->host = u->bucket;
	u->port = pqm_probe_default_port(u->scheme);
	if (u->port == 0)
		u->port = 443;
	for (size_t i = 0; i < u->host.n; i++) {
		uint64_t port;

		if (u->host.p[i] != ':')
			continue;
		if (pqm_u64_parse(pqm_sub(u->host, i + 1, u->host.n), UINT16_MAX, &port))
			u->port = (uint16_t)port;
		u->host = pqm_sub(u->host, 0, i);
	}
	return u->host.n > 0;
}

static bool is_one_of(pqm_bytes s, const char *const *list)
{
	for (; *list != NULL; list++)
		if (pqm_eqs(s, *list))
			return true;
	return false;
}

/* Schemes that say "no TLS", that stay on the node, and that are HTTPS under another name. */
static const char *const plain_schemes[] = { "http", "grpc", "redis", "ws", "ftp", "amqp", "ldap",
	"tcp", NULL };
static const char *const local_schemes[] = { "pvc", "file", "local", "emptydir", "models", NULL };
static const char *const cloud_schemes[] = { "https", "grpcs", "rediss", "wss", "ftps", "amqps",
	"ldaps", "hf", "huggingface", "gs", "oci", "abfs", "abfss", "wasbs", "az", "azure", "ngc",
	"modelscope", NULL };

/* The rule that says how a store URI (s3://bucket) reaches its host, or NULL. */
static const struct pqm_rule *endpoint_rule(const struct gb *b, pqm_bytes scheme)
{
	const struct pqm_rule *rule;
	size_t i = 0;

	while ((rule = gb_ai_next(b, &i)) != NULL)
		if (pqm_k8s_listed(pqm_yaml_get(rule->node, "scheme"), scheme))
			return rule;
	return NULL;
}

/* "https://HOST" as the annotations of the object say it [kserve-docs, S3 credentials]; else empty. */
static pqm_bytes annotated(struct gb *b, uint32_t node, const struct pqm_yaml *by)
{
	const struct gb_thing *t = b->of_node[node];
	const struct pqm_fact *host, *tls;
	size_t i = 0, k = 0;

	if (t == NULL || (host = gb_fact(t->o, pqm_yaml_str(by, "host"), &i)) == NULL)
		return (pqm_bytes){ NULL, 0 };
	tls = gb_fact(t->o, pqm_yaml_str(by, "https"), &k);
	return pqm_arena_f(b->arena, "%s://%.*s",
		tls != NULL && pqm_eqs(tls->value, "0") ? "http" : "https", PQM_FMT(host->value));
}

/* What the account of the workload is told, or a Secret of the account. */
static pqm_bytes of_account(struct gb *b, const struct gb_thing *t, const struct pqm_yaml *by)
{
	const struct pqm_edge *runs, *holds;
	pqm_bytes url = { NULL, 0 };
	size_t i = 0;

	while (by != NULL && url.n == 0 && (runs = gb_out(b, t->node, "runs-as", &i)) != NULL) {
		size_t k = 0;

		url = annotated(b, runs->to, by);
		while (url.n == 0 && (holds = gb_out(b, runs->to, "mounts", &k)) != NULL)
			url = annotated(b, holds->to, by);
	}
	return url;
}

static pqm_bytes endpoint_of(struct gb *b, const struct gb_thing *t, const struct pqm_rule *rule)
{
	pqm_bytes url;

	for (size_t i = 0; i < t->o->n_facts; i++) {
		const struct pqm_fact *f = &t->o->facts[i], *v;

		if (!pqm_glob(PQM_LIT("*env[*].name"), f->key) ||
			!pqm_k8s_listed(pqm_yaml_get(rule->node, "env"), f->value))
			continue;
		v = gb_env_value(t->o, f);
		if (v != NULL)
			return v->value;
	}
	url = of_account(b, t, pqm_yaml_get(rule->node, "account"));
	return url.n > 0 ? url : pqm_yaml_str(rule->node, "default");
}

/* "qdrant.data.svc.cluster.local", "qdrant.data", "qdrant": the Service of that name, if there is. */
static uint32_t service_of(struct gb *b, const struct gb_thing *t, pqm_bytes host)
{
	pqm_bytes rest = host, name = { NULL, 0 }, ns = { NULL, 0 };
	const void *found;

	if (!gb_cluster_host(b, host, &ns, &name)) {
		(void)pqm_split(&rest, '.', &name);
		if (rest.p != NULL)
			(void)pqm_split(&rest, '.', &ns);
		/* "api.team.example.com" is no Service, though there be an "api" in "team". */
		if (rest.p != NULL)
			return GB_NONE;
	}
	if (ns.n == 0)
		ns = gb_ns(t);
	found = pqm_map_get(
		&b->nodes, pqm_arena_f(b->arena, "%.*s/Service/%.*s", PQM_FMT(ns), PQM_FMT(name)));
	return found == NULL ? GB_NONE : (uint32_t)((uintptr_t)found - 1);
}

/* No object answers the name: what the URL says is all there is. */
static void ghost_kex(const struct url *u, struct gb_kex *k)
{
	bool plain = is_one_of(u->scheme, plain_schemes);

	*k = (struct gb_kex){ .layer = plain ? PQM_LIT("NONE") : PQM_LIT("UNK"),
		.coverage = 'N',
		.verdict = plain ? PQM_V_PLAINTEXT : PQM_V_UNKNOWN,
		.evidence = PQM_CONFIGURED,
		.basis = PQM_EXPLICIT,
		.words = plain ? PQM_LIT("plaintext by its URL")
			       : PQM_LIT("not among the documents"),
		.why = PQM_LIT(
			"No Service of this name was read; only the URL that names it tells."),
		.ends = plain ? PQM_LIT(GB_NOBODY) : (pqm_bytes){ NULL, 0 },
		.is_guess = true };
}

static void to_service(struct gb *b, struct gb_draft *d, const struct gb_thing *t,
	const struct url *u, uint32_t service)
{
	const struct pqm_edge *e;
	struct gb_kex k;
	size_t i = 0;

	e = gb_out(b, service, "serves", &i);
	if (b->g->nodes[service].is_ghost)
		ghost_kex(u, &k);
	else
		gb_service_kex(b, e == NULL ? NULL : b->of_node[e->to], t, service, &k);
	gb_hop_put(b, d,
		&(struct gb_hop){ 'K', gb_inside(b, service, "a Service inside the cluster"),
			t->node, service,
			pqm_arena_f(b->arena, "%.*s%s %.*s", PQM_FMT(gb_service_words(b, service)),
				k.verdict == PQM_V_PLAINTEXT ? "" : ":", PQM_FMT(k.words)),
			"mesh-link-hybrid" },
		&k);
}

static void to_outside(struct gb *b, struct gb_draft *d, const struct gb_thing *t,
	const struct url *u, const struct pqm_fact *f)
{
	pqm_bytes ns, name;
	bool is_inside = gb_cluster_host(b, u->host, &ns, &name);
	struct gb_reach exposure = is_inside
		? gb_inside(b, t->node, "its URL is a name inside the cluster")
		: gb_outside(b, d, t->node);
	uint32_t n = gb_node(b, PQM_NODE_EXTERNAL,
		pqm_arena_f(b->arena, "%.*s://%.*s", PQM_FMT(u->scheme), PQM_FMT(u->bucket)),
		u->host);
	struct gb_kex k = { .layer = PQM_LIT("UNK"),
		.coverage = 'N',
		.verdict = PQM_V_UNKNOWN,
		.evidence = PQM_CONFIGURED,
		.basis = PQM_DEFAULT,
		.words = PQM_LIT("TLS, groups not told"),
		.why = PQM_LIT(
			"Nothing says which groups this link negotiates; a probe would tell."),
		.ends = is_inside ? PQM_LIT("the Service of that name (not read)")
				  : PQM_LIT("provider (outside the manifest): probe to confirm"),
		.protocol = PQM_LIT("TLS"),
		.is_template = gb_is_template(b, t->node) };

	if (is_one_of(u->scheme, plain_schemes)) {
		k.layer = PQM_LIT("NONE");
		k.verdict = PQM_V_PLAINTEXT;
		k.words = PQM_LIT("plaintext");
		k.why = PQM_LIT("The URL's scheme has no TLS.");
		k.ends = PQM_LIT(GB_NOBODY);
		k.protocol = PQM_LIT("none");
	} else if (!is_one_of(u->scheme, cloud_schemes) &&
		!gb_measured_host(b, u->host, u->port, &k)) {
		k.words = PQM_LIT("protection not shown");
		k.ends = k.protocol = (pqm_bytes){ NULL, 0 };
		k.why = PQM_LIT("The URL's scheme does not tell whether this is encrypted.");
	} else {
		const pqm_bytes ends = k.ends;

		if (!gb_measured_host(b, u->host, u->port, &k))
			(void)gb_own_kex(b, t->node, &k);
		k.protocol = k.protocol.n > 0 ? k.protocol : PQM_LIT("TLS");
		k.ends = k.verdict == PQM_V_PLAINTEXT  ? PQM_LIT(GB_NOBODY)
			: k.evidence == PQM_NEGOTIATED ? PQM_LIT("what answers there (measured)")
						       : ends;
	}
	if (k.path.n == 0) {
		k.ref = f->key;
		k.path = t->o->path;
		k.line = f->line;
	}
	gb_edge(b,
		(struct pqm_edge){ .from = t->node,
			.to = n,
			.rel = PQM_LIT("talks-to"),
			.ref = f->key,
			.path = t->o->path,
			.line = f->line });
	gb_hop_put(b, d,
		&(struct gb_hop){ 'K', exposure, t->node, n,
			pqm_arena_f(b->arena, "%.*s to %.*s: %.*s", PQM_FMT(t->o->name),
				PQM_FMT(u->host), PQM_FMT(k.words)),
			exposure.letter == 'P' ? "partner-link-hybrid" : "mesh-link-hybrid" },
		&k);
}

static void follow(struct gb *b, struct gb_draft *d, const struct gb_thing *t,
	const struct pqm_fact *f, pqm_bytes rel)
{
	const struct pqm_rule *store;
	struct url u;

	if (!read_url(f->value, &u) || is_one_of(u.scheme, local_schemes))
		return;
	store = endpoint_rule(b, u.scheme);
	if (store != NULL) {
		uint32_t s = gb_node(b, PQM_NODE_STORE,
			pqm_arena_f(b->arena, "%.*s://%.*s", PQM_FMT(u.scheme), PQM_FMT(u.bucket)),
			u.bucket);

		gb_edge(b,
			(struct pqm_edge){ .from = t->node,
				.to = s,
				.rel = rel,
				.ref = f->key,
				.path = t->o->path,
				.line = f->line });
		if (!read_url(endpoint_of(b, t, store), &u))
			return;
	}
	const void *edge = pqm_map_get(&b->hosts, u.host);
	uint32_t service = service_of(b, t, u.host), to = service;

	if (edge != NULL) {
		to = (uint32_t)((uintptr_t)edge - 1);
		gb_edge_hops(b, d, t->node, to);
	} else if (service != GB_NONE) {
		to_service(b, d, t, &u, service);
	} else {
		to_outside(b, d, t, &u, f);
		return;
	}
	gb_edge(b,
		(struct pqm_edge){ .from = t->node,
			.to = to,
			.rel = PQM_LIT("talks-to"),
			.ref = f->key,
			.path = t->o->path,
			.line = f->line });
}

const struct pqm_fact *gb_flow_value(
	const struct gb_thing *t, const struct pqm_rule *rule, size_t i, struct pqm_fact *cut)
{
	const struct pqm_fact *f = &t->o->facts[i];

	if (pqm_k8s_listed(pqm_yaml_get(rule->node, "at"), f->key))
		return f;
	if (pqm_glob(PQM_LIT("*env[*].name"), f->key))
		return pqm_k8s_listed(pqm_yaml_get(rule->node, "env"), f->value)
			? gb_env_value(t->o, f)
			: NULL;
	if (!pqm_glob(PQM_LIT("*args[*]"), f->key) && !pqm_glob(PQM_LIT("*command[*]"), f->key))
		return NULL;
	size_t eq = pqm_find_byte(f->value, 0, '=');
	pqm_bytes flag = pqm_sub(f->value, 0, eq);

	if (!pqm_k8s_listed(pqm_yaml_get(rule->node, "flags"), flag))
		return NULL;
	*cut = *f;
	if (eq != SIZE_MAX) {
		cut->value = pqm_sub(f->value, eq + 1, f->value.n);
		return cut;
	}
	return i + 1 < t->o->n_facts ? &t->o->facts[i + 1] : NULL;
}

bool gb_is_flow(const struct pqm_rule *rule)
{
	return pqm_yaml_get(rule->node, "role") != NULL && pqm_yaml_get(rule->node, "rel") != NULL;
}

void gb_outbound(struct gb *b, struct gb_draft *d, const struct gb_thing *t)
{
	const struct pqm_rule *rule;
	size_t r = 0;

	while (b->st == PQM_OK && (rule = gb_ai_next(b, &r)) != NULL) {
		pqm_bytes role = pqm_yaml_str(rule->node, "role");

		if (!gb_is_flow(rule) || (!pqm_eq(role, d->role) && !pqm_eqs(role, "any")))
			continue;
		for (size_t i = 0; i < t->o->n_facts; i++) {
			struct pqm_fact cut;
			const struct pqm_fact *v = gb_flow_value(t, rule, i, &cut);

			if (v != NULL)
				follow(b, d, t, v, pqm_yaml_str(rule->node, "rel"));
		}
	}
}
