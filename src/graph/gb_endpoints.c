/* gb_endpoints.c — endpoints that were asked join the objects that name them: what was negotiated beats
 * what was configured, and a key seen on the wire is the key of the Secret that holds it. */
#include "build.h"

#include "base/limits.h"
#include "base/num.h"

#define OFFERS_BYTES 200 /* a list that a person reads */

/* A node that answers under a name or address. */
struct joint {
	const struct gb_thing *t;
	struct joint *next;
};

struct joiner {
	struct gb *b;
	struct pqm_map names;  /* host or address -> struct joint */
	struct pqm_map places; /* "tls:host:port" -> struct gb_wire */
};

static void add_name(struct joiner *j, pqm_bytes name, const struct gb_thing *t)
{
	struct joint *old = pqm_map_get(&j->names, name), *one;

	for (one = old; one != NULL; one = one->next)
		if (one->t == t)
			return;
	one = pqm_new(j->b->arena, struct joint, 1);
	if (one == NULL || name.n == 0)
		return;
	one->t = t;
	if (old != NULL) {
		one->next = old->next;
		old->next = one;
	} else if (!pqm_map_put(&j->names, name, one)) {
		gb_fail(j->b, "endpoints");
	}
}

/* The names of a Service inside the cluster [Kubernetes DNS specification §2.3]. */
static void add_service_names(struct joiner *j, const struct gb_thing *t)
{
	static const char *const tail[] = { "", ".svc", ".svc.cluster.local" };

	for (size_t i = 0; i < sizeof(tail) / sizeof(tail[0]); i++)
		add_name(j,
			pqm_arena_f(j->b->arena, "%.*s.%.*s%s", PQM_FMT(t->o->name),
				PQM_FMT(gb_ns(t)), tail[i]),
			t);
}

static void add_thing(struct joiner *j, const struct gb_thing *t)
{
	const struct pqm_yaml *node = t->kind == NULL ? NULL : t->kind->rule->node;
	const struct pqm_yaml *hosts = pqm_yaml_get(node, "hosts");
	const struct pqm_yaml *addresses = pqm_yaml_get(node, "addresses");

	if (j->b->g->nodes[t->node].type == PQM_NODE_SERVICE)
		add_service_names(j, t);
	for (size_t i = 0; (hosts != NULL || addresses != NULL) && i < t->o->n_facts; i++) {
		const struct pqm_fact *f = &t->o->facts[i];

		if (pqm_k8s_listed(hosts, f->key) || pqm_k8s_listed(addresses, f->key))
			add_name(j, f->value, t);
	}
}

static bool listens_at(const struct gb_thing *t, uint16_t port)
{
	const struct pqm_yaml *ports = pqm_yaml_get(t->kind->rule->node, "ports");
	bool any = false;

	for (size_t i = 0; ports != NULL && i < t->o->n_facts; i++) {
		uint64_t n = 0;

		if (!pqm_k8s_listed(ports, t->o->facts[i].key))
			continue;
		any = true;
		if (pqm_u64_parse(t->o->facts[i].value, UINT16_MAX, &n) && n == port)
			return true;
	}
	return !any && port == 443;
}

static void join(struct joiner *j, struct gb_wire *w, pqm_bytes name)
{
	for (const struct joint *one = pqm_map_get(&j->names, name); one != NULL; one = one->next) {
		if (!listens_at(one->t, w->e->port))
			continue;
		if (w->node == GB_NONE)
			w->node = gb_node(j->b, PQM_NODE_EXTERNAL, w->name, w->name);
		if (w->node == GB_NONE)
			return;
		gb_edge(j->b,
			(struct pqm_edge){ .from = w->node,
				.to = one->t->node,
				.rel = PQM_LIT("measures"),
				.ref = PQM_LIT("host and port"),
				.path = one->t->o->path,
				.line = one->t->o->line });
	}
}

/* "a.b.example" also answers for "*.b.example". */
static void join_host(struct joiner *j, struct gb_wire *w)
{
	size_t dot = pqm_find_byte(w->e->host, 0, '.');

	join(j, w, w->e->host);
	if (w->e->sni.n > 0 && !pqm_eq(w->e->sni, w->e->host))
		join(j, w, w->e->sni);
	if (w->e->address.n > 0 && !pqm_eq(w->e->address, w->e->host))
		join(j, w, w->e->address);
	if (dot != SIZE_MAX)
		join(j, w,
			pqm_arena_f(j->b->arena, "*%.*s",
				PQM_FMT(pqm_sub(w->e->host, dot, w->e->host.n))));
}

/* The endpoint that a path of findings belongs to: "tls:h:443 › chain 1 › certificate 1". */
static struct gb_wire *wire_at(const struct joiner *j, pqm_bytes path)
{
	size_t end = pqm_find(path, 0, PQM_LIT(" › "));

	return pqm_map_get(&j->places, pqm_sub(path, 0, end == SIZE_MAX ? path.n : end));
}

static void add_finding(struct gb *b, struct gb_wire *w, uint32_t f)
{
	if (w->findings == NULL)
		w->findings = pqm_arena_array(b->arena, PQM_HOP_FINDINGS, PQM_ID_BYTES);
	if (w->findings == NULL)
		gb_fail(b, "endpoints");
	else if (w->n_findings < PQM_HOP_FINDINGS)
		memcpy(w->findings[w->n_findings++], b->findings[f]->id, PQM_ID_BYTES);
}

/* A joined endpoint's key exchange is the asset's, not the rest's. */
static void take_kex(struct joiner *j)
{
	for (uint32_t i = 0; i < j->b->inv->n_findings && j->b->st == PQM_OK; i++) {
		const struct pqm_finding *f = j->b->findings[i];

		if (f->evidence != PQM_NEGOTIATED || f->function != PQM_FN_KEX)
			continue;
		for (size_t k = 0; k < f->n_occs; k++) {
			struct gb_wire *w = wire_at(j, f->occs[k].path);

			if (w == NULL)
				continue;
			add_finding(j->b, w, i);
			j->b->claimed[i] = j->b->claimed[i] || w->node != GB_NONE;
		}
	}
}

static void present(struct joiner *j, const struct gb_wire *w, pqm_bytes object)
{
	pqm_bytes rest = object, id;
	const void *node;

	if (!pqm_split(&rest, '#', &id) || (node = pqm_map_get(&j->b->nodes, id)) == NULL)
		return;
	gb_edge(j->b,
		(struct pqm_edge){ .from = w->node,
			.to = (uint32_t)((uintptr_t)node - 1),
			.rel = PQM_LIT("presents"),
			.ref = PQM_LIT("same public key"),
			.path = w->name,
			.line = 0 });
}

/* Same public key on the wire and in an object: an edge between them, whatever wraps the key. */
static void join_keys(struct joiner *j)
{
	struct pqm_map keys = { 0 };

	for (size_t i = 0; i < j->b->n_placed && j->b->st == PQM_OK; i++) {
		const struct pqm_finding *f = gb_placed_finding(j->b, i);

		if (pqm_starts(f->identity, PQM_LIT("spki:")) &&
			pqm_map_get(&keys, f->identity) == NULL &&
			!pqm_map_put(&keys, f->identity, &j->b->placed[i]))
			gb_fail(j->b, "endpoints");
	}
	for (size_t i = 0; i < j->b->inv->n_findings && j->b->st == PQM_OK; i++) {
		const struct pqm_finding *f = j->b->findings[i];
		const struct gb_placed *p = pqm_map_get(&keys, f->identity);

		for (size_t k = 0; p != NULL && k < f->n_occs; k++) {
			const struct gb_wire *w = wire_at(j, f->occs[k].path);

			if (w != NULL && w->node != GB_NONE)
				present(j, w, p->object);
		}
	}
	pqm_map_fini(&keys);
}

static void make_wires(struct joiner *j)
{
	struct gb *b = j->b;

	b->wires = pqm_new(b->arena, struct gb_wire, b->inv->n_endpoints + 1);
	if (b->wires == NULL) {
		gb_fail(b, "endpoints");
		return;
	}
	for (size_t i = 0; i < b->inv->n_endpoints && b->st == PQM_OK; i++) {
		const struct pqm_endpoint *e = &b->inv->endpoints[i];
		struct gb_wire *w = &b->wires[b->n_wires++];

		*w = (struct gb_wire){ .e = e, .node = GB_NONE };
		w->name = pqm_endpoint_name(e, b->arena);
		if (w->name.p == NULL || !pqm_map_put(&j->places, w->name, w))
			gb_fail(b, "endpoints");
		join_host(j, w);
	}
}

void gb_endpoints(struct gb *b)
{
	struct joiner j = { .b = b };

	if (b->inv->n_endpoints == 0)
		return;
	for (size_t i = 0; i < b->n_things && b->st == PQM_OK; i++)
		if (b->things[i].is_first)
			add_thing(&j, &b->things[i]);
	make_wires(&j);
	take_kex(&j);
	join_keys(&j);
	pqm_map_fini(&j.names);
	pqm_map_fini(&j.places);
}

/* ---- what an endpoint said, as key exchange of a hop ---- */

/* The weakest group that was accepted: what a recording can be attacked through. */
static pqm_bytes weakest(const struct gb *b, const struct pqm_endpoint *e, pqm_bytes *words)
{
	pqm_bytes layer = { NULL, 0 };

	for (size_t i = 0; i < e->n_offers; i++) {
		const struct pqm_offer *o = &e->offers[i];
		const struct pqm_wire *w = NULL;
		pqm_bytes one;

		if (o->answer != PQM_A_YES)
			continue;
		if (o->kind == PQM_O_GROUP)
			w = pqm_wire_code(b->r, PQM_W_GROUP, o->code);
		else if (o->kind == PQM_O_KEX)
			w = pqm_wire_name(b->r, PQM_W_SSH_KEX, o->name);
		else
			continue;
		one = w == NULL || w->family.n == 0
			? PQM_LIT("UNK")
			: pqm_alg_risk_class(b->r, w->family, w->parameter, 0);
		if (pqm_eq(gb_weaker(layer, one), one) && !pqm_eq(layer, one)) {
			layer = one;
			*words = w == NULL		   ? PQM_LIT("an unknown group")
				: w->family.n == 0	   ? w->name
				: pqm_eqs(w->family, "EC") ? w->parameter
							   : w->family;
		}
	}
	return layer;
}

static pqm_bytes list_offers(struct gb *b, const struct pqm_endpoint *e, enum pqm_offer_kind kind,
	enum pqm_wire_kind table)
{
	pqm_bytes out = { NULL, 0 };

	for (size_t i = 0; i < e->n_offers && out.n < OFFERS_BYTES; i++) {
		const struct pqm_offer *o = &e->offers[i];
		const struct pqm_wire *w;

		if (o->kind != kind || o->answer != PQM_A_YES)
			continue;
		w = o->name.n > 0 ? NULL : pqm_wire_code(b->r, table, o->code);
		if (w == NULL && o->name.n == 0)
			continue;
		out = pqm_arena_f(b->arena, "%.*s%s%.*s", PQM_FMT(out), out.n > 0 ? ", " : "",
			PQM_FMT((w != NULL ? w->name : o->name)));
	}
	return out;
}

static void say(struct gb *b, const struct gb_wire *w, struct gb_kex *out)
{
	pqm_bytes words = { NULL, 0 };
	pqm_bytes layer = weakest(b, w->e, &words);

	*out = (struct gb_kex){ .layer = layer.n == 0 ? PQM_LIT("UNK") : layer,
		.coverage = 'N',
		.verdict = PQM_V_CLASSICAL,
		.evidence = PQM_NEGOTIATED,
		.basis = PQM_EXPLICIT,
		.ref = PQM_LIT("probe"),
		.protocol = w->e->protocol,
		.versions = list_offers(b, w->e, PQM_O_VERSION, PQM_W_VERSION),
		.groups = list_offers(b, w->e, PQM_O_GROUP, PQM_W_GROUP),
		.path = w->name,
		.findings = (const uint8_t(*)[PQM_ID_BYTES])w->findings,
		.n_findings = w->n_findings };
	switch (w->e->posture) {
	case PQM_P_ONLY:
		out->verdict = PQM_V_HYBRID;
		out->coverage = 'E';
		out->words = PQM_LIT("hybrid only (measured)");
		out->why = PQM_LIT("The endpoint speaks no classical key exchange.");
		break;
	case PQM_P_ENFORCED:
	case PQM_P_OFFERED:
		out->verdict = PQM_V_HYBRID_CAPABLE;
		out->coverage = 'F';
		out->words = pqm_arena_f(b->arena, "hybrid %s, falls back to %.*s (measured)",
			pqm_posture_name(w->e->posture), PQM_FMT(words));
		out->why = PQM_LIT(
			"A client without ML-KEM is let in with a classical group; what it sends "
			"can be recorded and read later.");
		break;
	case PQM_P_ABSENT:
		out->words = pqm_arena_f(b->arena, "%.*s only (measured)", PQM_FMT(words));
		out->why =
			PQM_LIT("The endpoint refused every hybrid group that was offered to it.");
		break;
	case PQM_P_UNKNOWN:
		out->verdict = PQM_V_UNKNOWN;
		out->words = PQM_LIT("asked, and not told");
		break;
	}
}

static bool better_known(const struct gb_kex *a, const struct gb_kex *c)
{
	return c->verdict == PQM_V_UNKNOWN || a->verdict < c->verdict;
}

bool gb_measured_node(struct gb *b, uint32_t node, struct gb_kex *out)
{
	const struct pqm_edge *e;
	bool any = false;
	size_t i = 0;

	while (b->n_wires > 0 && (e = gb_in(b, node, "measures", &i)) != NULL)
		for (size_t k = 0; k < b->n_wires; k++) {
			struct gb_kex one;

			if (b->wires[k].node != e->from || b->wires[k].e->posture == PQM_P_UNKNOWN)
				continue;
			say(b, &b->wires[k], &one);
			if (!any || better_known(&one, out))
				*out = one;
			any = true;
		}
	return any;
}

bool gb_measured_host(struct gb *b, pqm_bytes host, uint16_t port, struct gb_kex *out)
{
	for (size_t i = 0; i < b->n_wires; i++) {
		struct gb_wire *w = &b->wires[i];

		if (!pqm_ieq(w->e->host, host) || w->e->port != port ||
			w->e->posture == PQM_P_UNKNOWN)
			continue;
		say(b, w, out);
		for (size_t k = 0; k < b->inv->n_findings && w->n_findings > 0; k++)
			for (size_t n = 0; n < w->n_findings; n++)
				if (memcmp(b->findings[k]->id, w->findings[n], PQM_ID_BYTES) == 0)
					b->claimed[k] = true;
		return true;
	}
	return false;
}
