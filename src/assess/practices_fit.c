/* practices_fit.c — what an answer asks of a member: values, findings, edges, postures. */
#include "practices_int.h"

/* A duration as Go writes it ("2160h", "720h30m"), or in days ("90d"); in hours. */
static bool hours_of(pqm_bytes text, double *out)
{
	double total = 0;
	size_t i = 0;

	while (i < text.n) {
		double n = 0;
		size_t from = i;

		for (; i < text.n && text.p[i] >= '0' && text.p[i] <= '9' && i - from < 9; i++)
			n = n * 10 + (text.p[i] - '0');
		if (i == from || i == text.n)
			return false;
		switch (text.p[i++]) {
		case 'd':
			total += n * 24;
			break;
		case 'h':
			total += n;
			break;
		case 'm':
			total += n / 60;
			break;
		case 's':
			total += n / 3600;
			break;
		default:
			return false;
		}
	}
	*out = total;
	return text.n > 0;
}

/* The value of the field beside: "env[2].value" -> "env[2].name". */
static pqm_bytes beside(const struct pqm_object *o, const struct pqm_fact *f, pqm_bytes field)
{
	size_t stem = f->key.n;

	while (stem > 0 && f->key.p[stem - 1] != '.')
		stem--;
	for (size_t i = 0; i < o->n_facts; i++) {
		pqm_bytes key = o->facts[i].key;

		if (key.n == stem + field.n && pqm_starts(key, pqm_sub(f->key, 0, stem)) &&
			pqm_ends(key, field))
			return o->facts[i].value;
	}
	return (pqm_bytes){ NULL, 0 };
}

static bool value_fits(
	const struct pqm_yaml *ask, const struct pqm_object *o, const struct pqm_fact *f)
{
	const struct pqm_yaml *is = pqm_yaml_get(ask, "is"), *not = pqm_yaml_get(ask, "not");
	const struct pqm_yaml *where = pqm_yaml_get(ask, "where");
	double limit, hours;

	if ((is != NULL && !pqm_k8s_listed(is, f->value)) || pqm_k8s_listed(not, f->value))
		return false;
	if (where != NULL &&
		!pqm_k8s_listed(
			pqm_yaml_get(where, "is"), beside(o, f, pqm_yaml_str(where, "field"))))
		return false;
	if (pqm_yaml_f64(ask, "hours_max", &limit))
		return hours_of(f->value, &hours) && hours <= limit;
	if (pqm_yaml_f64(ask, "hours_over", &limit))
		return hours_of(f->value, &hours) && hours > limit;
	return true;
}

/* The fact that the answer names, or NULL. */
static const struct pqm_fact *fact_of(const struct pqm_yaml *ask, const struct pqm_object *o)
{
	pqm_bytes at = pqm_yaml_str(ask, "at");

	for (size_t i = 0; o != NULL && i < o->n_facts; i++)
		if (pqm_k8s_fits(at, o->facts[i].key) && value_fits(ask, o, &o->facts[i]))
			return &o->facts[i];
	return NULL;
}

static bool has_fact(const struct pqm_yaml *globs, const struct pqm_object *o)
{
	for (size_t i = 0; o != NULL && i < o->n_facts; i++)
		if (pqm_k8s_listed(globs, o->facts[i].key))
			return true;
	return false;
}

static size_t lower_bound(const struct pr_ctx *c, pqm_bytes object)
{
	return pqm_lower_bound(c->placed, c->n_placed, sizeof(*c->placed),
		offsetof(struct pr_placed, object), object);
}

/* A finding at the object whose rule fits one of the globs, and whose function and meaning are those
 * asked for. */
static const struct pr_placed *finding_of(
	const struct pr_ctx *c, const struct pqm_yaml *ask, const struct pr_member *m)
{
	const struct pqm_yaml *globs = pqm_yaml_get(ask, "finding");

	for (size_t i = lower_bound(c, m->at.what);
		i < c->n_placed && pqm_eq(c->placed[i].object, m->at.what); i++)
		if (c->placed[i].target == m->at.target &&
			pqm_k8s_listed(globs, c->placed[i].f->rule))
			return &c->placed[i];
	return NULL;
}

/* edge: { rel, to } or { rel, from }: kinds of the other end. */
static bool has_edge(const struct pr_ctx *c, const struct pqm_yaml *edge, uint32_t node)
{
	const struct pqm_yaml *to = pqm_yaml_get(edge, "to"), *from = pqm_yaml_get(edge, "from");
	pqm_bytes rel = pqm_yaml_str(edge, "rel");
	uint32_t at;

	if (node == PR_NONE)
		return false;
	at = to != NULL ? c->first_out[node] : c->first_in[node];
	while (at > 0) {
		const struct pqm_edge *e = &c->g->edges[at - 1];
		const struct pqm_node *other = &c->g->nodes[to != NULL ? e->to : e->from];

		if (pqm_eq(e->rel, rel) && pqm_k8s_listed(to != NULL ? to : from, other->kind))
			return true;
		at = to != NULL ? c->next_out[at - 1] : c->next_in[at - 1];
	}
	return false;
}

static bool hop_fits(struct pr_ctx *c, const struct pqm_yaml *ask, const struct pqm_hop *h)
{
	const struct pqm_yaml *verdicts = pqm_yaml_get(ask, "hop");
	const struct pqm_yaml *evidence = pqm_yaml_get(ask, "evidence");
	const struct pqm_yaml *finding = pqm_yaml_get(ask, "finding");
	bool found = finding == NULL;

	if (verdicts != NULL && !pqm_k8s_listed(verdicts, pqm_str(pqm_verdict_name(h->verdict))))
		return false;
	if (evidence != NULL) {
		char said[32];

		(void)snprintf(said, sizeof(said), "%s%s", pqm_evidence_name(h->evidence),
			pqm_basis_suffix(h->basis));
		if (!pqm_k8s_listed(evidence, pqm_str(said)))
			return false;
	}
	for (size_t i = 0; !found && i < h->n_findings; i++) {
		const struct pqm_finding *f = pqm_inventory_find(c->inv, h->findings[i]);

		found = f != NULL && pqm_k8s_listed(finding, f->rule);
	}
	return found;
}

/* Certificates in the longest chain that the endpoint sent. */
static size_t chain_length(const struct pqm_endpoint *e)
{
	size_t most = 0;

	for (size_t i = 0; i < e->n_chains; i++)
		most = e->chains[i].n_certs > most ? e->chains[i].n_certs : most;
	return most;
}

static bool is_at_most(const struct pqm_yaml *ask, const char *key, size_t n)
{
	double limit;

	return !pqm_yaml_f64(ask, key, &limit) || (n > 0 && (double)n <= limit);
}

static bool endpoint_fits(const struct pqm_yaml *ask, const struct pqm_endpoint *e)
{
	const struct pqm_yaml *posture = pqm_yaml_get(ask, "posture");

	if (posture != NULL && !pqm_k8s_listed(posture, pqm_str(pqm_posture_name(e->posture))))
		return false;
	return is_at_most(ask, "certs_max", chain_length(e));
}

/* Certificates seen in the object. */
static size_t n_certs(const struct pr_ctx *c, const struct pr_member *m)
{
	size_t n = 0;

	for (size_t i = lower_bound(c, m->at.what);
		i < c->n_placed && pqm_eq(c->placed[i].object, m->at.what); i++)
		n += c->placed[i].target == m->at.target && c->placed[i].f->meaning == PQM_CERT;
	return n;
}

/* "group/Kind" globs against both parts: the kind first, which seldom fits. */
static bool is_kind(const struct pqm_yaml *kinds, const struct pqm_object *o)
{
	for (size_t i = 0; kinds != NULL && i < kinds->n; i++) {
		pqm_bytes glob = pqm_yaml_text(kinds->items[i]);
		size_t slash = pqm_find_byte(glob, 0, '/');

		if (slash != SIZE_MAX && pqm_k8s_fits(pqm_sub(glob, slash + 1, glob.n), o->kind) &&
			pqm_k8s_fits(pqm_sub(glob, 0, slash), o->group))
			return true;
	}
	return kinds == NULL;
}

bool pr_proves(struct pr_ctx *c, const struct pqm_yaml *ask, const struct pr_member *m,
	struct pr_proof *proof)
{
	const struct pqm_yaml *edge = pqm_yaml_get(ask, "edge");

	if (!is_kind(pqm_yaml_get(ask, "kinds"), m->o))
		return false;
	if (pqm_yaml_get(ask, "at") != NULL) {
		proof->fact = fact_of(ask, m->o);
		if (proof->fact == NULL)
			return false;
	}
	if (has_fact(pqm_yaml_get(ask, "absent"), m->o))
		return false;
	if (pqm_yaml_get(ask, "finding") != NULL) {
		proof->placed = finding_of(c, ask, m);
		if (proof->placed == NULL)
			return false;
	}
	if (pqm_yaml_get(ask, "certs_max") != NULL && !is_at_most(ask, "certs_max", n_certs(c, m)))
		return false;
	return edge == NULL || has_edge(c, edge, m->node);
}

/* and: one more thing to ask. */
static bool object_answers(struct pr_ctx *c, const struct pqm_yaml *ask, const struct pr_member *m,
	struct pr_proof *proof)
{
	const struct pqm_yaml *more = pqm_yaml_get(ask, "and");
	struct pr_proof other = { NULL, NULL };

	return pr_proves(c, ask, m, proof) && (more == NULL || pr_proves(c, more, m, &other));
}

bool pr_is_member(struct pr_ctx *c, const struct pqm_yaml *of, const struct pr_member *m)
{
	const struct pqm_yaml *with = pqm_yaml_get(of, "with"), *any = pqm_yaml_get(of, "any");
	struct pr_proof proof = { NULL, NULL };

	for (size_t i = 0; any != NULL && i < any->n; i++)
		if (pr_proves(c, any->items[i], m, &proof))
			return true;
	if (any != NULL || !is_kind(pqm_yaml_get(of, "kinds"), m->o))
		return false; /* kinds first: most objects end here */
	if ((with != NULL && !has_fact(with, m->o)) || !pr_proves(c, of, m, &proof))
		return false;
	return !pqm_yaml_true(of, "ai") ||
		(m->node != PR_NONE && c->g->nodes[m->node].ai_class.n > 0);
}

bool pr_fits(struct pr_ctx *c, const struct pqm_yaml *ask, const struct pr_member *m)
{
	struct pr_proof proof = { NULL, NULL };

	if (m->h != NULL)
		return hop_fits(c, ask, m->h);
	if (m->e != NULL)
		return endpoint_fits(ask, m->e);
	return object_answers(c, ask, m, &proof);
}
