#include "build.h"

#include "base/limits.h"
#include "base/num.h"

/* Findings that no asset claims, in few hops: what protects alike is one hop with a count. */
struct group {
	char use;
	pqm_bytes layer;
	const char *task, *noun; /* noun: "singular|plural" */
	size_t n;
	bool is_plain;
	const struct pqm_finding *first;
	uint8_t (*ids)[PQM_ID_BYTES];
};

#define GROUPS_MAX 64
/* So many endpoints are a list that a person still reads line by line. */
#define FLEET_MIN 20
#define NO_FLEET UINT32_MAX

struct rest {
	struct group group[GROUPS_MAX];
	size_t n, n_unknown, n_built_in;
	const struct pqm_map *cas;
	uint32_t fleet;
};

static bool is_scored(const struct pqm_finding *f)
{
	if (f->is_folded || f->meaning == PQM_OFFER)
		return false;
	if (f->quantum == PQM_Q_BROKEN)
		return f->function != PQM_FN_CIPHER && f->function != PQM_FN_HASH &&
			f->function != PQM_FN_MAC && f->function != PQM_FN_KDF;
	/* Plaintext where encryption belongs. */
	return f->quantum == PQM_Q_UNKNOWN && f->meaning == PQM_ABSENT &&
		f->function == PQM_FN_KEX && f->family.n == 0;
}

/* Only inside programs: test data, examples, authorities of their own. */
static bool is_built_in(const struct pqm_finding *f)
{
	for (size_t i = 0; i < f->n_occs; i++)
		if (!pqm_eqs(pqm_occ_attr(&f->occs[i], "inside"), "program"))
			return false;
	return f->n_occs > 0;
}

static bool is_unknown(const struct pqm_finding *f)
{
	return !f->is_folded && f->meaning != PQM_OFFER && f->quantum == PQM_Q_UNKNOWN &&
		(f->function == PQM_FN_KEX || f->function == PQM_FN_PKE ||
			f->function == PQM_FN_SIG || f->function == PQM_FN_ANY);
}

static bool says_ca(const struct pqm_finding *f)
{
	return f->n_occs > 0 && pqm_eqs(pqm_occ_attr(&f->occs[0], "is_ca"), "true");
}

/* A key is a CA's when a CA certificate has the same public key. */
static bool is_ca(const struct pqm_map *cas, const struct pqm_finding *f)
{
	return says_ca(f) || pqm_map_get(cas, f->identity) != NULL;
}

static void find_cas(struct gb *b, struct pqm_map *cas)
{
	for (size_t i = 0; i < b->inv->n_findings && b->st == PQM_OK; i++)
		if (says_ca(b->findings[i]) &&
			!pqm_map_put(cas, b->findings[i]->identity, &b->findings[i]))
			gb_fail(b, "unassigned findings");
}

static void sort_out(const struct pqm_rules *r, const struct pqm_map *cas,
	const struct pqm_finding *f, struct group *g)
{
	*g = (struct group){ .first = f, .is_plain = f->family.n == 0 };
	g->layer = g->is_plain ? PQM_LIT("NONE")
			       : pqm_alg_risk_class(r, f->family, f->parameter, f->bits);
	g->use = f->function == PQM_FN_KEX ? 'K' : f->function == PQM_FN_PKE ? 'W' : 'S';
	if (g->use == 'K') {
		g->task = f->meaning == PQM_USE	   ? "library-upgrade"
			: f->meaning == PQM_CONFIG ? "hybrid-on-edge"
						   : "mesh-link-hybrid";
		g->noun = f->meaning == PQM_USE	   ? "use of key exchange|uses of key exchange"
			: f->meaning == PQM_CONFIG ? "key-exchange setting|key-exchange settings"
						   : "key-exchange key|key-exchange keys";
	} else if (g->use == 'W' && pqm_starts(f->rule, PQM_LIT("sealed."))) {
		g->task = "rewrap-keys";
		g->noun = "file encrypted to a key|files encrypted to keys";
	} else if (g->use == 'W') {
		g->task = f->meaning == PQM_USE ? "library-upgrade" : "rewrap-keys";
		g->noun = f->meaning == PQM_USE
			? "use of public-key encryption|uses of public-key encryption"
			: "wrapping key|wrapping keys";
	} else if (pqm_starts(f->rule, PQM_LIT("signed."))) {
		g->task = "dual-sign";
		g->noun = "signature of a model|signatures of models";
	} else if (f->meaning == PQM_USE) {
		g->task = "code-signatures";
		g->noun = "use of signatures|uses of signatures";
	} else {
		g->task = is_ca(cas, f) ? "private-ca-pq" : "leaf-certs-pq";
		g->noun = is_ca(cas, f) ? "CA key or certificate|CA keys and certificates"
					: "key or certificate|keys and certificates";
	}
	if (g->is_plain) {
		g->task = "plaintext-fix";
		g->noun = "place without encryption|places without encryption";
	} else if (pqm_eqs(g->layer, "WEAK")) {
		g->task = "weak-crypto-fix";
	}
}

static struct group *group_for(struct gb *b, struct rest *rest, const struct pqm_finding *f)
{
	struct group g;

	sort_out(b->r, rest->cas, f, &g);
	for (size_t i = 0; i < rest->n; i++) {
		struct group *old = &rest->group[i];

		if (old->use == g.use && old->task == g.task && old->noun == g.noun &&
			pqm_eq(old->layer, g.layer))
			return old;
	}
	if (rest->n == GROUPS_MAX)
		return NULL;
	g.ids = pqm_arena_array(b->arena, PQM_HOP_FINDINGS, PQM_ID_BYTES);
	if (g.ids == NULL) {
		gb_fail(b, "unassigned findings");
		return NULL;
	}
	rest->group[rest->n] = g;
	return &rest->group[rest->n++];
}

static bool is_endpoint(const struct gb *b, uint32_t target)
{
	return target < b->inv->n_targets && pqm_eqs(b->inv->targets[target].kind, "endpoint");
}

/* The first endpoint when there are so many that each on its own line would say nothing, and a plan of
 * as many assets would take longer than the scan; else NO_FLEET. */
static uint32_t find_fleet(const struct gb *b)
{
	uint32_t first = NO_FLEET;
	size_t n = 0;

	for (uint32_t i = 0; i < b->inv->n_targets; i++)
		if (is_endpoint(b, i) && n++ == 0)
			first = i;
	return n > FLEET_MIN ? first : NO_FLEET;
}

static uint32_t home_of(const struct gb *b, const struct rest *rest, const struct pqm_finding *f)
{
	uint32_t target = f->n_occs > 0 ? f->occs[0].target : 0;

	return rest->fleet != NO_FLEET && is_endpoint(b, target) ? rest->fleet : target;
}

/* Findings come by id, so the ids listed are the smallest, whatever the order of the scan. */
static void collect(struct gb *b, uint32_t target, struct rest *rest)
{
	for (size_t i = 0; i < b->inv->n_findings && b->st == PQM_OK; i++) {
		const struct pqm_finding *f = b->findings[i];
		struct group *g;

		if (b->claimed[i] || home_of(b, rest, f) != target)
			continue;
		if (is_scored(f) && is_built_in(f)) {
			rest->n_built_in++;
			continue;
		}
		if (!is_scored(f)) {
			rest->n_unknown += is_unknown(f);
			continue;
		}
		g = group_for(b, rest, f);
		if (g == NULL)
			continue;
		if (g->n < PQM_HOP_FINDINGS)
			memcpy(g->ids[g->n], f->id, PQM_ID_BYTES);
		g->n++;
	}
}

static pqm_bytes form(const struct group *g)
{
	pqm_bytes both = pqm_str(g->noun);
	size_t bar = pqm_find_byte(both, 0, '|');

	return g->n == 1 ? pqm_sub(both, 0, bar) : pqm_sub(both, bar + 1, both.n);
}

static void group_hop(struct gb *b, struct gb_draft *d, const struct group *g)
{
	char count[32];
	struct pqm_hop h = { .use = g->use,
		.data = 'F',
		.exposure = b->default_exposure,
		.exposure_by = gb_by_default("default for findings of no asset"),
		.coverage = 'N',
		.in_use_years = b->default_in_use,
		.in_use_by = gb_by_default(GB_IN_USE),
		.n_layers = 1,
		.verdict = g->is_plain ? PQM_V_PLAINTEXT : PQM_V_CLASSICAL,
		.evidence = g->first->evidence,
		.basis = g->first->basis,
		.from = GB_NONE,
		.to = GB_NONE,
		.why = g->first->why,
		.task = pqm_str(g->task),
		.findings = (const uint8_t(*)[PQM_ID_BYTES])g->ids,
		.n_findings = g->n < PQM_HOP_FINDINGS ? g->n : PQM_HOP_FINDINGS };

	h.layers[0] = g->layer;
	h.label = pqm_arena_f(b->arena, "%s %.*s%s%.*s", pqm_human_count(count, g->n),
		PQM_FMT(form(g)), g->is_plain ? "" : ": ",
		PQM_FMT((g->is_plain ? PQM_LIT("") : g->layer)));
	if (g->first->n_occs > 0) {
		h.path = g->first->occs[0].path;
		h.line = g->first->occs[0].line;
		h.ref = g->first->occs[0].object;
	}
	gb_hop_add(b, d, &h);
}

static int group_order(const void *x, const void *y)
{
	const struct group *a = x, *c = y;
	int d = (a->use > c->use) - (a->use < c->use);

	if (d == 0)
		d = pqm_cmp(a->layer, c->layer);
	if (d == 0)
		d = strcmp(a->task, c->task);
	return d != 0 ? d : strcmp(a->noun, c->noun);
}

/* What is listed and not scored, so that nobody takes silence for an answer. */
static void note_unscored(struct gb *b, struct pqm_asset *a, const struct rest *rest)
{
	static const char *const words[] = {
		"findings of unknown algorithm are listed, not scored",
		"keys and certificates built into programs (test data, examples) are listed, not "
		"scored",
	};
	const size_t n[] = { rest->n_unknown, rest->n_built_in };
	struct pqm_signal *s = pqm_new(b->arena, struct pqm_signal, 2);
	char count[32];

	if (s == NULL) {
		gb_fail(b, "unassigned findings");
		return;
	}
	a->signals = s;
	for (size_t i = 0; i < 2; i++)
		if (n[i] > 0)
			s[a->n_signals++].what = pqm_arena_f(
				b->arena, "%s %s", pqm_human_count(count, n[i]), words[i]);
}

static void one_target(struct gb *b, uint32_t target, const struct pqm_map *cas, uint32_t fleet)
{
	struct rest rest = { .cas = cas, .fleet = fleet };
	struct gb_draft d = { .data = 'F', .in_use_years = b->default_in_use };
	pqm_bytes name =
		target < b->inv->n_targets ? b->inv->targets[target].name : PQM_LIT("(no target)");

	if (target == fleet)
		name = PQM_LIT("endpoints");
	collect(b, target, &rest);
	if (b->st != PQM_OK || rest.n == 0)
		return;
	qsort(rest.group, rest.n, sizeof(rest.group[0]), group_order);
	d.a.is_unassigned = true;
	d.a.id = b->inv->n_targets > 1 ? pqm_arena_f(b->arena, "unassigned/%.*s", PQM_FMT(name))
				       : PQM_LIT("unassigned");
	d.a.name = b->inv->n_targets > 1
		? pqm_arena_f(b->arena, "unassigned in %.*s", PQM_FMT(name))
		: PQM_LIT("unassigned");
	d.a.kind_words = PQM_LIT("everything else");
	d.a.life_years = (struct pqm_sourced){ b->default_life, true,
		PQM_LIT("default for findings of no asset") };
	d.a.impact = (struct pqm_sourced){ b->default_impact, true,
		PQM_LIT("default for findings of no asset; so is the exposure") };
	d.a.life_by = gb_by_default("default for findings of no asset");
	d.a.impact_by = d.a.life_by;
	d.a.money = (struct pqm_sourced){ 0, true, PQM_LIT("no money was declared") };
	d.a.root = (uint32_t)b->g->n_assets;
	d.a.node = gb_node(
		b, PQM_NODE_ASSET, pqm_arena_f(b->arena, "asset/%.*s", PQM_FMT(d.a.id)), d.a.name);
	for (size_t i = 0; i < rest.n; i++)
		group_hop(b, &d, &rest.group[i]);
	note_unscored(b, &d.a, &rest);
	if (b->st == PQM_OK && b->g->n_assets < b->g->cap_assets)
		b->g->assets[b->g->n_assets++] = d.a;
}

void gb_unassigned(struct gb *b)
{
	struct pqm_map cas = { 0 };

	uint32_t fleet = find_fleet(b);

	find_cas(b, &cas);
	for (uint32_t i = 0; b->st == PQM_OK && (i == 0 || i < b->inv->n_targets); i++)
		if (fleet == NO_FLEET || i == fleet || !is_endpoint(b, i))
			one_target(b, i, &cas, fleet);
	pqm_map_fini(&cas);
}
