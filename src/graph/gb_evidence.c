#include "build.h"

#include "base/limits.h"

#define GROUPS_BYTES 200 /* a list that a person reads */
#define SETTINGS_OF_IMAGE 16

/* Risk classes from the one that falls first to those that do not fall [rules/risk/shifts.yaml]. */
static const char *const by_weakness[] = { "NONE", "WEAK", "UNK", "E256", "R2048", "E384", "E521",
	"R3072", "R4096", "HYB", "PQ", "SYM" };

static size_t strength(pqm_bytes layer)
{
	size_t i = 0;

	while (i < sizeof(by_weakness) / sizeof(by_weakness[0]) && !pqm_eqs(layer, by_weakness[i]))
		i++;
	return i;
}

pqm_bytes gb_weaker(pqm_bytes a, pqm_bytes b)
{
	return a.n == 0 || strength(b) < strength(a) ? b : a;
}

void gb_findings_of(const struct gb *b, pqm_bytes id, size_t *from, size_t *to)
{
	pqm_bytes key = pqm_arena_f(b->arena, "%.*s#", PQM_FMT(id));

	*from = *to = key.p == NULL ? b->n_placed
				    : pqm_lower_bound(b->placed, b->n_placed, sizeof(*b->placed),
					      offsetof(struct gb_placed, object), key);
	while (*to < b->n_placed && pqm_starts(b->placed[*to].object, key))
		(*to)++;
}

const struct pqm_finding *gb_placed_finding(const struct gb *b, size_t i)
{
	return b->findings[b->placed[i].finding];
}

/* "P-256", "RSA-2048", "X25519" */
static pqm_bytes alg_words(const struct gb *b, const struct pqm_finding *f)
{
	if (f->parameter.n == 0)
		return f->family;
	if (pqm_eqs(f->family, "EC"))
		return f->parameter;
	return pqm_arena_f(b->arena, "%.*s-%.*s", PQM_FMT(f->family), PQM_FMT(f->parameter));
}

struct ids {
	uint8_t (*id)[PQM_ID_BYTES];
	size_t n;
};

/* Lists a finding and marks it as an asset's. */
static void take(struct gb *b, struct ids *l, size_t placed)
{
	uint32_t f = b->placed[placed].finding;

	b->claimed[f] = true;
	if (l->id == NULL)
		l->id = pqm_arena_array(b->arena, PQM_HOP_FINDINGS, PQM_ID_BYTES);
	if (l->id == NULL) {
		gb_fail(b, "evidence");
		return;
	}
	for (size_t i = 0; i < l->n; i++)
		if (memcmp(l->id[i], b->findings[f]->id, PQM_ID_BYTES) == 0)
			return;
	if (l->n < PQM_HOP_FINDINGS)
		memcpy(l->id[l->n++], b->findings[f]->id, PQM_ID_BYTES);
}

static void set_place(struct gb_kex *out, const struct gb *b, size_t placed)
{
	const struct pqm_occurrence *o = &gb_placed_finding(b, placed)->occs[b->placed[placed].occ];
	size_t hash = pqm_find_byte(o->object, 0, '#');

	out->ref = hash == SIZE_MAX ? o->object : pqm_sub(o->object, hash + 1, o->object.n);
	out->path = o->path;
	out->line = o->line;
	out->why = gb_placed_finding(b, placed)->why;
	out->evidence = gb_placed_finding(b, placed)->evidence;
	out->basis = gb_placed_finding(b, placed)->basis;
	out->is_template = pqm_eqs(pqm_occ_attr(o, "origin"), "template");
}

static pqm_bytes class_of(const struct gb *b, const struct pqm_finding *f)
{
	return f->family.n == 0 ? PQM_LIT("NONE")
				: pqm_alg_risk_class(b->r, f->family, f->parameter, f->bits);
}

pqm_bytes gb_group_class(const struct gb *b, pqm_bytes group)
{
	const struct pqm_alg_ref *ref = pqm_alg_by_name(b->r, group);

	return ref == NULL ? PQM_LIT("UNK")
			   : pqm_alg_risk_class(b->r, ref->alg->family, ref->parameter, 0);
}

/* What a setting falls back to; empty: nothing. */
static pqm_bytes fallback_of(const struct gb *b, size_t placed)
{
	const struct pqm_finding *f = gb_placed_finding(b, placed);
	pqm_bytes to = pqm_occ_attr(&f->occs[b->placed[placed].occ], "fallback");

	return pqm_eqs(to, "none") ? (pqm_bytes){ NULL, 0 } : to;
}

/* Classical groups that the setting names behind the first. */
static pqm_bytes also_of(const struct gb *b, size_t placed)
{
	const struct pqm_finding *f = gb_placed_finding(b, placed);

	return pqm_occ_attr(&f->occs[b->placed[placed].occ], "also");
}

/* What one setting says: plaintext, classical only, hybrid with or without a way around. */
static void read_setting(struct gb *b, size_t i, struct gb_kex *out)
{
	const struct pqm_finding *f = gb_placed_finding(b, i);
	pqm_bytes fallback = pqm_occ_attr(&f->occs[b->placed[i].occ], "fallback");

	out->layer = class_of(b, f);
	out->coverage = 'N';
	set_place(out, b, i);
	if (f->quantum == PQM_Q_HYBRID || f->quantum == PQM_Q_SAFE) {
		bool only = pqm_eqs(fallback, "none");

		out->verdict = only ? PQM_V_HYBRID : PQM_V_HYBRID_CAPABLE;
		out->coverage = only ? 'E' : 'F';
		out->words = pqm_arena_f(b->arena, "%.*s%s%.*s", PQM_FMT(f->algorithm),
			only ? " enforced" : ", falls back to ",
			PQM_FMT((only ? PQM_LIT("") : fallback)));
		/* With a fallback the classical group is what an attacker waits for. */
		if (!only)
			out->layer = gb_group_class(b, fallback);
	} else if (f->family.n == 0) {
		out->verdict = PQM_V_PLAINTEXT;
		out->words = PQM_LIT("speaks plaintext");
	} else {
		out->verdict = PQM_V_CLASSICAL;
		pqm_bytes also = also_of(b, i);

		/* What a product does by itself is not told group by group. */
		out->words = f->basis != PQM_EXPLICIT
			? PQM_LIT("no hybrid group")
			: pqm_arena_f(b->arena, "%.*s%s%.*s only", PQM_FMT(alg_words(b, f)),
				  also.n > 0 ? ", " : "", PQM_FMT(also));
	}
}

/* Every group that the settings name, once. */
static void add_group(struct gb *b, struct gb_kex *out, pqm_bytes group)
{
	pqm_bytes rest = out->groups, one;

	while (rest.n > 0 && pqm_split(&rest, ',', &one))
		if (pqm_eq(pqm_trim(one), group))
			return;
	if (group.n > 0 && out->groups.n < GROUPS_BYTES)
		out->groups = pqm_arena_f(b->arena, "%.*s%s%.*s", PQM_FMT(out->groups),
			out->groups.n > 0 ? ", " : "", PQM_FMT(group));
}

bool gb_own_kex(struct gb *b, uint32_t node, struct gb_kex *out)
{
	struct ids ids = { NULL, 0 };
	struct gb_kex all = { .coverage = 'N' };
	bool any = false;
	size_t of_image[SETTINGS_OF_IMAGE] = { 0 };
	size_t from, to, n = gb_image_settings(b, node, of_image, SETTINGS_OF_IMAGE);

	gb_findings_of(b, b->g->nodes[node].id, &from, &to);
	for (size_t k = from; k < to + n; k++) {
		size_t i = k < to ? k : of_image[k - to];
		const struct pqm_finding *f = gb_placed_finding(b, i);
		struct gb_kex one = { 0 };
		pqm_bytes rest, group;

		if (f->function != PQM_FN_KEX ||
			(f->meaning != PQM_CONFIG && f->meaning != PQM_ABSENT))
			continue;
		read_setting(b, i, &one);
		take(b, &ids, i);
		if (one.verdict != PQM_V_PLAINTEXT) {
			add_group(b, &all,
				f->quantum == PQM_Q_BROKEN ? alg_words(b, f) : f->algorithm);
			add_group(b, &all, fallback_of(b, i));
			for (rest = also_of(b, i); rest.n > 0 && pqm_split(&rest, ',', &group);)
				add_group(b, &all, pqm_trim(group));
		}
		if (!any || strength(one.layer) < strength(out->layer))
			*out = one;
		any = true;
	}
	if (any) {
		out->groups = all.groups;
		out->findings = (const uint8_t(*)[PQM_ID_BYTES])ids.id;
		out->n_findings = ids.n;
	}
	return any;
}

void gb_edge_kex(struct gb *b, uint32_t edge, struct gb_kex *out)
{
	const struct gb_thing *t = b->of_node[edge];
	const struct pqm_yaml *tls = t == NULL ? NULL : pqm_yaml_get(t->kind->rule->node, "tls");
	const struct pqm_edge *e;
	bool any;
	size_t i = 0;

	/* What it negotiates beats what it is set to. */
	if (gb_measured_node(b, edge, out))
		return;
	any = gb_own_kex(b, edge, out);
	if (any && out->verdict == PQM_V_PLAINTEXT)
		return;
	while ((e = gb_in(b, edge, "configures", &i)) != NULL) {
		struct gb_kex one = { 0 };

		if (!gb_own_kex(b, e->from, &one))
			continue;
		if (!any || strength(one.layer) < strength(out->layer))
			*out = one;
		any = true;
	}
	i = 0;
	while ((e = gb_out(b, edge, "configured-by", &i)) != NULL) {
		struct gb_kex one = { 0 };

		if (!gb_own_kex(b, e->to, &one))
			continue;
		if (!any || strength(one.layer) < strength(out->layer))
			*out = one;
		any = true;
	}
	if (any)
		return;
	*out = (struct gb_kex){ .layer = PQM_LIT("UNK"),
		.coverage = 'N',
		.verdict = PQM_V_UNKNOWN,
		.evidence = PQM_CONFIGURED,
		.basis = PQM_DEFAULT,
		.words = PQM_LIT("TLS, groups not told"),
		.why = PQM_LIT("Nothing here says which groups are offered; a probe would tell."),
		.path = b->g->nodes[edge].path,
		.line = b->g->nodes[edge].line };
	if (t != NULL && tls != NULL && !gb_has_fact(t->o, tls)) {
		out->layer = PQM_LIT("NONE");
		out->verdict = PQM_V_PLAINTEXT;
		out->basis = PQM_ABSENCE;
		out->words = PQM_LIT("no TLS");
		out->why = PQM_LIT("No TLS is set here: clients speak plaintext.");
	}
}

static bool add_keys(struct gb *b, uint32_t node, struct ids *ids, struct gb_kex *out, bool any)
{
	size_t from, to;

	gb_findings_of(b, b->g->nodes[node].id, &from, &to);
	for (size_t i = from; i < to; i++) {
		const struct pqm_finding *f = gb_placed_finding(b, i);
		pqm_bytes layer = class_of(b, f);

		if ((f->function != PQM_FN_SIG && f->function != PQM_FN_ANY &&
			    f->function != PQM_FN_KEX && f->function != PQM_FN_PKE) ||
			f->meaning == PQM_USE || f->meaning == PQM_OFFER || f->family.n == 0)
			continue;
		take(b, ids, i);
		if (any && strength(layer) >= strength(out->layer))
			continue;
		out->layer = layer;
		set_place(out, b, i);
		out->words = alg_words(b, f);
		any = true;
	}
	return any;
}

bool gb_keys_of(struct gb *b, uint32_t node, struct gb_kex *out)
{
	struct ids ids = { NULL, 0 };
	struct gb_kex k = { .coverage = 'N', .verdict = PQM_V_CLASSICAL };
	const struct pqm_edge *e;
	size_t i = 0;
	bool any = add_keys(b, node, &ids, &k, false);

	while ((e = gb_in(b, node, "issues", &i)) != NULL)
		any = add_keys(b, e->from, &ids, &k, any);
	if (!any)
		return false;
	if (strength(k.layer) >= strength(PQM_LIT("HYB")))
		k.verdict = PQM_V_HYBRID;
	k.findings = (const uint8_t(*)[PQM_ID_BYTES])ids.id;
	k.n_findings = ids.n;
	*out = k;
	return true;
}
