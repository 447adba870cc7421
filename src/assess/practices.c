#include "practices.h"

#include <stdlib.h>

#include "base/limits.h"
#include "practices_int.h"
#include "rules/k8s.h"

#define NONE UINT32_MAX
#define FOLDER "practices/"
#define SHOWN_BYTES 200 /* of a value in words */

/* A finding at an object; sorted by object, target. */
struct placed {
	pqm_bytes object; /* "namespace/Kind/name" */
	uint32_t target;
	const struct pqm_finding *f;
	const struct pqm_occurrence *at;
};

struct ctx {
	struct pqm_practices *p;
	const struct pqm_rules *rules;
	const struct pqm_inventory *inv;
	const struct pqm_graph *g;
	const struct pqm_k8s_kinds *kinds;
	pqm_bytes *ids;	       /* by object */
	uint32_t *node;	       /* by object */
	struct pqm_map nodes;  /* id -> struct pqm_node */
	struct pqm_arena work; /* given back at the end: what stays is copied */
	struct placed *placed;
	size_t n_placed;
	uint32_t *first_out, *first_in; /* by node: edge index + 1 */
	uint32_t *next_out, *next_in;	/* by edge */
	struct pqm_contrast_rows rows;
	struct pqm_practice *item; /* being answered */
	size_t n_targets;	   /* with objects */
	enum pqm_st st;
	struct pqm_err *err;
};

/* Object, hop or endpoint: one of the three is set. */
struct member {
	const struct pqm_object *o;
	const struct pqm_hop *h;
	const struct pqm_endpoint *e;
	uint32_t node; /* of an object; NONE: not in the graph */
	struct pqm_practice_place at;
};

const char *pqm_practice_name(enum pqm_practice_verdict v)
{
	static const char *const names[] = { "no", "partly", "yes", "not shown" };

	return names[v];
}

static bool verdict_of(pqm_bytes word, enum pqm_practice_verdict *out)
{
	for (unsigned v = 0; v < PQM_N_PRACTICE_VERDICTS; v++)
		if (pqm_eqs(word, pqm_practice_name((enum pqm_practice_verdict)v))) {
			*out = (enum pqm_practice_verdict)v;
			return true;
		}
	return false;
}

void pqm_practices_init(struct pqm_practices *p)
{
	*p = (struct pqm_practices){ .items = NULL };
	pqm_arena_init(&p->arena, PQM_RUN_ARENA_BYTES);
}

void pqm_practices_fini(struct pqm_practices *p)
{
	pqm_arena_fini(&p->arena);
}

void pqm_practices_count(size_t n[PQM_N_PRACTICE_VERDICTS], const struct pqm_practices *p)
{
	memset(n, 0, PQM_N_PRACTICE_VERDICTS * sizeof(*n));
	for (size_t i = 0; i < p->n; i++)
		n[p->items[i].verdict]++;
}

static void no_memory(struct ctx *c)
{
	if (c->st == PQM_OK)
		c->st = pqm_fail(c->err, PQM_ENOMEM, "practices: out of memory");
}

/* ---- what an answer asks of a member ---- */

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

static size_t lower_bound(const struct ctx *c, pqm_bytes object)
{
	size_t lo = 0, hi = c->n_placed;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (pqm_cmp(c->placed[mid].object, object) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* A finding at the object whose rule fits one of the globs, and whose function and meaning are those
 * asked for. */
static const struct placed *finding_of(
	const struct ctx *c, const struct pqm_yaml *ask, const struct member *m)
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
static bool has_edge(const struct ctx *c, const struct pqm_yaml *edge, uint32_t node)
{
	const struct pqm_yaml *to = pqm_yaml_get(edge, "to"), *from = pqm_yaml_get(edge, "from");
	pqm_bytes rel = pqm_yaml_str(edge, "rel");
	uint32_t at;

	if (node == NONE)
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

static bool hop_fits(struct ctx *c, const struct pqm_yaml *ask, const struct pqm_hop *h)
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
static size_t n_certs(const struct ctx *c, const struct member *m)
{
	size_t n = 0;

	for (size_t i = lower_bound(c, m->at.what);
		i < c->n_placed && pqm_eq(c->placed[i].object, m->at.what); i++)
		n += c->placed[i].target == m->at.target && c->placed[i].f->meaning == PQM_CERT;
	return n;
}

struct proof {
	const struct pqm_fact *fact; /* may be NULL */
	const struct placed *placed; /* may be NULL */
};

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

/* Everything that an answer, or `of`, asks of an object, but its `and` and `any`. */
static bool object_fits(
	struct ctx *c, const struct pqm_yaml *ask, const struct member *m, struct proof *proof)
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
static bool object_answers(
	struct ctx *c, const struct pqm_yaml *ask, const struct member *m, struct proof *proof)
{
	const struct pqm_yaml *more = pqm_yaml_get(ask, "and");
	struct proof other = { NULL, NULL };

	return object_fits(c, ask, m, proof) && (more == NULL || object_fits(c, more, m, &other));
}

/* ---- one member ---- */

/* Words with one hole filled in. */
static pqm_bytes fill(struct ctx *c, pqm_bytes words, const char *hole, pqm_bytes value)
{
	size_t at = pqm_find(words, 0, pqm_str(hole));

	if (at == SIZE_MAX)
		return words;
	value = pqm_printable(&c->work, pqm_sub(value, 0, SHOWN_BYTES));
	words = pqm_arena_f(&c->work, "%.*s%.*s%.*s", PQM_FMT(pqm_sub(words, 0, at)),
		PQM_FMT(value), PQM_FMT(pqm_sub(words, at + strlen(hole), words.n)));
	if (words.p == NULL)
		no_memory(c);
	return words;
}

/* "metadata.annotations.example.dev/kms-key" is known to people as "example.dev/kms-key". */
static pqm_bytes short_key(pqm_bytes key)
{
	static const char head[] = "metadata.annotations.";

	return pqm_starts(key, pqm_str(head)) ? pqm_sub(key, sizeof(head) - 1, key.n) : key;
}

static void settle(struct ctx *c, struct member *m, const struct pqm_yaml *answer)
{
	struct proof proof = { NULL, NULL };

	m->at.words = pqm_yaml_str(answer, "words");
	if (m->o == NULL)
		return;
	(void)object_fits(c, answer, m, &proof);
	if (proof.placed != NULL && proof.placed->at->line > 0)
		m->at.line = proof.placed->at->line;
	if (proof.fact == NULL)
		return;
	m->at.line = proof.fact->line;
	m->at.words = fill(c, m->at.words, "{value}", proof.fact->value);
	m->at.words = fill(c, m->at.words, "{field}", short_key(proof.fact->key));
}

static bool fits(struct ctx *c, const struct pqm_yaml *ask, const struct member *m)
{
	struct proof proof = { NULL, NULL };

	if (m->h != NULL)
		return hop_fits(c, ask, m->h);
	if (m->e != NULL)
		return endpoint_fits(ask, m->e);
	return object_answers(c, ask, m, &proof);
}

static void contrast(struct ctx *c, const struct member *m)
{
	const struct pqm_node *n = m->node == NONE ? NULL : &c->g->nodes[m->node];
	struct pqm_contrast_row row = { .what = pqm_yaml_str(c->item->rule->node, "title"),
		.target = m->at.target };

	if (m->o == NULL || c->n_targets < 2 || !pqm_yaml_true(c->item->rule->node, "compare"))
		return;
	row.role = n != NULL && n->ai_class.n > 0
		? pqm_arena_f(&c->p->arena, "%.*s %.*s", PQM_FMT(n->ai_class), PQM_FMT(m->o->kind))
		: m->o->kind;
	row.words = pqm_arena_f(
		&c->p->arena, "%s: %.*s", pqm_practice_name(m->at.verdict), PQM_FMT(m->at.words));
	pqm_contrast_add(&c->rows, &row);
}

static struct pqm_practice_place kept(struct ctx *c, const struct pqm_practice_place *at)
{
	struct pqm_practice_place out = *at;

	out.what = pqm_bytes_dup(&c->p->arena, at->what);
	out.words = pqm_bytes_dup(&c->p->arena, at->words);
	out.path = pqm_bytes_dup(&c->p->arena, at->path);
	if (out.what.p == NULL || out.words.p == NULL || out.path.p == NULL)
		no_memory(c);
	return out;
}

/* Keeps the place when there is room, or in the place of one that is less bad. */
static void keep(struct ctx *c, const struct pqm_practice_place *at)
{
	struct pqm_practice *p = c->item;
	struct pqm_practice_place *grown;

	if (p->n_places == PQM_PRACTICE_PLACES) {
		for (size_t i = p->n_places; i > 0; i--)
			if (p->places[i - 1].verdict > at->verdict) {
				p->places[i - 1] = kept(c, at);
				return;
			}
		return;
	}
	grown = pqm_grow(&c->p->arena, p->places, p->n_places, &p->cap_places);
	if (grown == NULL) {
		no_memory(c);
		return;
	}
	p->places = grown;
	p->places[p->n_places++] = kept(c, at);
}

static void answer(struct ctx *c, struct member *m)
{
	const struct pqm_yaml *list = pqm_yaml_get(c->item->rule->node, "answers");

	m->at.verdict = PQM_PRACTICE_NOT_SHOWN;
	m->at.words = pqm_yaml_str(c->item->rule->node, "unknown");
	for (size_t i = 0; i < list->n; i++) {
		if (!fits(c, list->items[i], m))
			continue;
		(void)verdict_of(pqm_yaml_str(list->items[i], "verdict"), &m->at.verdict);
		settle(c, m, list->items[i]);
		break;
	}
	c->item->n[m->at.verdict]++;
	keep(c, &m->at);
	contrast(c, m);
}

/* ---- the members of a practice ---- */

static uint32_t node_of(const struct ctx *c, pqm_bytes id)
{
	const struct pqm_node *n = pqm_map_get(&c->nodes, id);

	return n == NULL ? NONE : (uint32_t)(n - c->g->nodes);
}

/* of: { kinds, at, with, absent, edge, finding, ai }, all of which must hold, or any: a list of such. */
static bool is_object_of(struct ctx *c, const struct pqm_yaml *of, const struct member *m)
{
	const struct pqm_yaml *with = pqm_yaml_get(of, "with"), *any = pqm_yaml_get(of, "any");
	struct proof proof = { NULL, NULL };

	for (size_t i = 0; any != NULL && i < any->n; i++)
		if (object_fits(c, any->items[i], m, &proof))
			return true;
	if (any != NULL || !is_kind(pqm_yaml_get(of, "kinds"), m->o))
		return false; /* kinds first: most objects end here */
	if ((with != NULL && !has_fact(with, m->o)) || !object_fits(c, of, m, &proof))
		return false;
	return !pqm_yaml_true(of, "ai") || (m->node != NONE && c->g->nodes[m->node].ai_class.n > 0);
}

static void objects(struct ctx *c, const struct pqm_yaml *of)
{
	for (size_t i = 0; i < c->inv->n_objects && c->st == PQM_OK; i++) {
		const struct pqm_object *o = &c->inv->objects[i];
		struct member m = { .o = o,
			.node = c->node[i],
			.at = { .target = o->target,
				.what = c->ids[i],
				.path = o->path,
				.line = o->line } };

		if (is_object_of(c, of, &m))
			answer(c, &m);
	}
}

/* Many assets travel over one hop. */
static bool is_new_hop(struct ctx *c, struct pqm_map *seen, const struct pqm_hop *h)
{
	pqm_bytes key =
		pqm_arena_f(&c->work, "%c %u %u %.*s", h->use, h->from, h->to, PQM_FMT(h->label));

	if (key.p != NULL && pqm_map_get(seen, key) != NULL)
		return false;
	if (key.p == NULL || !pqm_map_put(seen, key, (void *)(uintptr_t)h))
		no_memory(c);
	return true;
}

static void hops(struct ctx *c, pqm_bytes uses)
{
	struct pqm_map seen = { 0 };

	for (size_t a = 0; a < c->g->n_assets; a++)
		for (size_t i = 0; i < c->g->assets[a].n_hops && c->st == PQM_OK; i++) {
			const struct pqm_hop *h = &c->g->assets[a].hops[i];
			struct member m = { .h = h,
				.node = NONE,
				.at = { .target = NONE,
					.what = h->label,
					.path = h->path,
					.line = h->line } };

			if (c->g->assets[a].is_unassigned ||
				pqm_find_byte(uses, 0, (uint8_t)h->use) == SIZE_MAX)
				continue;
			if (is_new_hop(c, &seen, h))
				answer(c, &m);
		}
	pqm_map_fini(&seen);
}

static void endpoints(struct ctx *c)
{
	for (size_t i = 0; i < c->inv->n_endpoints && c->st == PQM_OK; i++) {
		const struct pqm_endpoint *e = &c->inv->endpoints[i];
		pqm_bytes name = pqm_endpoint_name(e, &c->work);
		struct member m = { .e = e,
			.node = NONE,
			.at = { .target = e->target, .what = name, .path = name } };

		if (e->reach == PQM_R_ANSWERED)
			answer(c, &m);
	}
}

/* ---- one practice ---- */

static int worst_first(const void *x, const void *y)
{
	const struct pqm_practice_place *a = x, *b = y;
	int c;

	if (a->verdict != b->verdict)
		return a->verdict < b->verdict ? -1 : 1;
	c = pqm_cmp(a->path, b->path);
	if (c == 0 && a->line != b->line)
		c = a->line < b->line ? -1 : 1;
	return c != 0 ? c : pqm_cmp(a->what, b->what);
}

/* All must be a yes for a yes; what is not shown keeps it from that, but never makes a no. */
static enum pqm_practice_verdict sum_of(const size_t n[PQM_N_PRACTICE_VERDICTS])
{
	bool good = n[PQM_PRACTICE_YES] > 0, bad = n[PQM_PRACTICE_NO] > 0;

	if (n[PQM_PRACTICE_PARTLY] > 0 || (good && bad))
		return PQM_PRACTICE_PARTLY;
	if (bad)
		return PQM_PRACTICE_NO;
	if (!good)
		return PQM_PRACTICE_NOT_SHOWN;
	return n[PQM_PRACTICE_NOT_SHOWN] > 0 ? PQM_PRACTICE_PARTLY : PQM_PRACTICE_YES;
}

static enum pqm_st check(const struct pqm_rule *rule, struct pqm_err *err)
{
	const struct pqm_yaml *list = pqm_yaml_get(rule->node, "answers");
	const struct pqm_yaml *of = pqm_yaml_get(rule->node, "of");
	enum pqm_practice_verdict v;

	if (of == NULL || of->type != PQM_YAML_MAP)
		return pqm_rule_fail(rule, rule->node, err, "a practice needs of:");
	if (list == NULL || list->type != PQM_YAML_SEQ)
		return pqm_rule_fail(rule, rule->node, err, "a practice needs a list of answers:");
	for (size_t i = 0; i < list->n; i++)
		if (!verdict_of(pqm_yaml_str(list->items[i], "verdict"), &v))
			return pqm_rule_fail(rule, list->items[i], err,
				"verdict is no, partly, yes or not shown");
	return PQM_OK;
}

static void one(struct ctx *c, const struct pqm_rule *rule)
{
	const struct pqm_yaml *of = pqm_yaml_get(rule->node, "of");
	size_t total = 0;

	c->st = check(rule, c->err);
	if (c->st != PQM_OK)
		return;
	c->item = &c->p->items[c->p->n];
	*c->item = (struct pqm_practice){ .rule = rule };
	if (pqm_yaml_get(of, "hops") != NULL)
		hops(c, pqm_yaml_str(of, "hops"));
	else if (pqm_yaml_true(of, "endpoints"))
		endpoints(c);
	else
		objects(c, of);
	for (unsigned v = 0; v < PQM_N_PRACTICE_VERDICTS; v++)
		total += c->item->n[v];
	if (total == 0 && pqm_eqs(pqm_yaml_str(rule->node, "only"), "when-met"))
		return;
	if (c->item->n_places > 1)
		qsort(c->item->places, c->item->n_places, sizeof(*c->item->places), worst_first);
	c->item->verdict = sum_of(c->item->n);
	c->p->n++;
}

/* ---- look-up tables ---- */

static int by_object(const void *x, const void *y)
{
	const struct placed *a = x, *b = y;
	int c = pqm_cmp(a->object, b->object);

	if (c == 0 && a->target != b->target)
		c = a->target < b->target ? -1 : 1;
	return c != 0 ? c : pqm_cmp(a->f->rule, b->f->rule);
}

static void place_findings(struct ctx *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->inv->n_findings; i++)
		n += c->inv->findings[i].n_occs;
	c->placed = pqm_new(&c->work, struct placed, n + 1);
	if (c->placed == NULL) {
		no_memory(c);
		return;
	}
	for (size_t i = 0; i < c->inv->n_findings; i++)
		for (size_t k = 0; k < c->inv->findings[i].n_occs; k++) {
			const struct pqm_occurrence *at = &c->inv->findings[i].occs[k];
			size_t hash = pqm_find_byte(at->object, 0, '#');

			if (hash != SIZE_MAX)
				c->placed[c->n_placed++] =
					(struct placed){ pqm_sub(at->object, 0, hash), at->target,
						&c->inv->findings[i], at };
		}
	if (c->n_placed > 1)
		qsort(c->placed, c->n_placed, sizeof(*c->placed), by_object);
}

static void name_objects(struct ctx *c)
{
	uint32_t last = NONE;

	c->ids = pqm_new(&c->work, pqm_bytes, c->inv->n_objects);
	for (size_t i = 0; c->ids != NULL && i < c->inv->n_objects && c->st == PQM_OK; i++) {
		c->ids[i] = pqm_k8s_id(c->kinds, &c->inv->objects[i], &c->work);
		if (c->ids[i].p == NULL)
			no_memory(c);
		if (c->inv->objects[i].target != last)
			c->n_targets++;
		last = c->inv->objects[i].target;
	}
	if (c->ids == NULL)
		no_memory(c);
}

static void link_edges(struct ctx *c)
{
	const struct pqm_graph *g = c->g;

	c->first_out = pqm_new(&c->work, uint32_t, g->n_nodes);
	c->first_in = pqm_new(&c->work, uint32_t, g->n_nodes);
	c->next_out = pqm_new(&c->work, uint32_t, g->n_edges);
	c->next_in = pqm_new(&c->work, uint32_t, g->n_edges);
	if (c->first_out == NULL || c->first_in == NULL || c->next_out == NULL ||
		c->next_in == NULL) {
		no_memory(c);
		return;
	}
	for (uint32_t e = 0; e < g->n_edges; e++) {
		c->next_out[e] = c->first_out[g->edges[e].from];
		c->first_out[g->edges[e].from] = e + 1;
		c->next_in[e] = c->first_in[g->edges[e].to];
		c->first_in[g->edges[e].to] = e + 1;
	}
	for (size_t i = 0; i < g->n_nodes && c->st == PQM_OK; i++)
		if (!pqm_map_put(&c->nodes, g->nodes[i].id, &g->nodes[i]))
			no_memory(c);
	c->node = pqm_new(&c->work, uint32_t, c->inv->n_objects);
	if (c->node == NULL)
		no_memory(c);
	for (size_t i = 0; c->st == PQM_OK && i < c->inv->n_objects; i++)
		c->node[i] = node_of(c, c->ids[i]);
}

/* What settings and keys say of key exchange, by role: rows beside those of the practices. */
static void compare_groups(struct ctx *c)
{
	for (size_t i = 0; i < c->n_placed && c->n_targets > 1; i++) {
		const struct placed *at = &c->placed[i];
		uint32_t node = node_of(c, at->object);
		struct pqm_contrast_row row = { .what = PQM_LIT("Key exchange"),
			.target = at->target,
			.words = at->f->algorithm };

		if (at->f->function != PQM_FN_KEX || node == NONE)
			continue;
		if (row.words.n == 0)
			row.words = at->f->meaning == PQM_ABSENT ? PQM_LIT("plaintext")
								 : PQM_LIT("not named");
		row.role = c->g->nodes[node].kind;
		if (c->g->nodes[node].ai_class.n > 0)
			row.role = pqm_arena_f(&c->p->arena, "%.*s %.*s",
				PQM_FMT(c->g->nodes[node].ai_class), PQM_FMT(row.role));
		pqm_contrast_add(&c->rows, &row);
	}
}

static void all(struct ctx *c)
{
	const struct pqm_rule *rule;
	size_t i = 0, n = 0;

	while (pqm_rules_next(c->rules, FOLDER, &i) != NULL)
		n++;
	c->p->items = pqm_new(&c->p->arena, struct pqm_practice, n);
	if (c->p->items == NULL)
		no_memory(c);
	name_objects(c);
	if (c->st == PQM_OK)
		link_edges(c);
	if (c->st == PQM_OK)
		place_findings(c);
	i = 0;
	while (c->st == PQM_OK && (rule = pqm_rules_next(c->rules, FOLDER, &i)) != NULL)
		one(c, rule);
	if (c->st != PQM_OK)
		return;
	compare_groups(c);
	c->st = pqm_contrasts(c->p, &c->rows, c->err);
}

enum pqm_st pqm_practices_build(struct pqm_practices *p, const struct pqm_rules *r,
	const struct pqm_inventory *inv, const struct pqm_graph *g, struct pqm_err *err)
{
	struct ctx c = { .p = p, .rules = r, .inv = inv, .g = g, .err = err };

	pqm_arena_init(&c.work, PQM_RUN_ARENA_BYTES);
	c.rows.arena = &c.work;
	c.st = pqm_rules_k8s(&c.kinds, r, err);
	if (c.st == PQM_OK)
		all(&c);
	pqm_map_fini(&c.nodes);
	pqm_arena_fini(&c.work);
	return c.st;
}
