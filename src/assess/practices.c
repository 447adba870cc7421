/* practices.c — each practice over its members: verdicts, words, places. */
#include "practices_int.h"

#include <stdlib.h>

#include "base/limits.h"

#define FOLDER "practices/"
#define SHOWN_BYTES 200 /* of a value in words */

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

/* ---- one member ---- */

/* Words with one hole filled in. */
static pqm_bytes fill(struct pr_ctx *c, pqm_bytes words, const char *hole, pqm_bytes value)
{
	size_t at = pqm_find(words, 0, pqm_str(hole));

	if (at == SIZE_MAX)
		return words;
	value = pqm_printable(&c->work, pqm_sub(value, 0, SHOWN_BYTES));
	words = pqm_arena_f(&c->work, "%.*s%.*s%.*s", PQM_FMT(pqm_sub(words, 0, at)),
		PQM_FMT(value), PQM_FMT(pqm_sub(words, at + strlen(hole), words.n)));
	if (words.p == NULL)
		pr_no_memory(c);
	return words;
}

/* "metadata.annotations.example.dev/kms-key" is known to people as "example.dev/kms-key". */
static pqm_bytes short_key(pqm_bytes key)
{
	static const char head[] = "metadata.annotations.";

	return pqm_starts(key, pqm_str(head)) ? pqm_sub(key, sizeof(head) - 1, key.n) : key;
}

static void settle(struct pr_ctx *c, struct pr_member *m, const struct pqm_yaml *answer)
{
	struct pr_proof proof = { NULL, NULL };

	m->at.words = pqm_yaml_str(answer, "words");
	if (m->o == NULL)
		return;
	(void)pr_proves(c, answer, m, &proof);
	if (proof.placed != NULL && proof.placed->at->line > 0)
		m->at.line = proof.placed->at->line;
	if (proof.fact == NULL)
		return;
	m->at.line = proof.fact->line;
	m->at.words = fill(c, m->at.words, "{value}", proof.fact->value);
	m->at.words = fill(c, m->at.words, "{field}", short_key(proof.fact->key));
}

static void contrast(struct pr_ctx *c, const struct pr_member *m)
{
	const struct pqm_node *n = m->node == PR_NONE ? NULL : &c->g->nodes[m->node];
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

static struct pqm_practice_place kept(struct pr_ctx *c, const struct pqm_practice_place *at)
{
	struct pqm_practice_place out = *at;

	out.what = pqm_bytes_dup(&c->p->arena, at->what);
	out.words = pqm_bytes_dup(&c->p->arena, at->words);
	out.path = pqm_bytes_dup(&c->p->arena, at->path);
	if (out.what.p == NULL || out.words.p == NULL || out.path.p == NULL)
		pr_no_memory(c);
	return out;
}

/* Keeps the place when there is room, or in the place of one that is less bad. */
static void keep(struct pr_ctx *c, const struct pqm_practice_place *at)
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
		pr_no_memory(c);
		return;
	}
	p->places = grown;
	p->places[p->n_places++] = kept(c, at);
}

static void answer(struct pr_ctx *c, struct pr_member *m)
{
	const struct pqm_yaml *list = pqm_yaml_get(c->item->rule->node, "answers");

	m->at.verdict = PQM_PRACTICE_NOT_SHOWN;
	m->at.words = pqm_yaml_str(c->item->rule->node, "unknown");
	for (size_t i = 0; i < list->n; i++) {
		if (!pr_fits(c, list->items[i], m))
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

static void objects(struct pr_ctx *c, const struct pqm_yaml *of)
{
	for (size_t i = 0; i < c->inv->n_objects && c->st == PQM_OK; i++) {
		const struct pqm_object *o = &c->inv->objects[i];
		struct pr_member m = { .o = o,
			.node = c->node[i],
			.at = { .target = o->target,
				.what = c->ids[i],
				.path = o->path,
				.line = o->line } };

		if (pr_is_member(c, of, &m))
			answer(c, &m);
	}
}

/* Many assets travel over one hop. */
static bool is_new_hop(struct pr_ctx *c, struct pqm_map *seen, const struct pqm_hop *h)
{
	pqm_bytes key =
		pqm_arena_f(&c->work, "%c %u %u %.*s", h->use, h->from, h->to, PQM_FMT(h->label));

	if (key.p != NULL && pqm_map_get(seen, key) != NULL)
		return false;
	if (key.p == NULL || !pqm_map_put(seen, key, (void *)(uintptr_t)h))
		pr_no_memory(c);
	return true;
}

static void hops(struct pr_ctx *c, pqm_bytes uses)
{
	struct pqm_map seen = { 0 };

	for (size_t a = 0; a < c->g->n_assets; a++)
		for (size_t i = 0; i < c->g->assets[a].n_hops && c->st == PQM_OK; i++) {
			const struct pqm_hop *h = &c->g->assets[a].hops[i];
			struct pr_member m = { .h = h,
				.node = PR_NONE,
				.at = { .target = PR_NONE,
					.what = h->label,
					.path = h->path,
					.line = h->line } };

			if (h->was != 0)
				continue; /* of the past */

			if (c->g->assets[a].is_unassigned ||
				pqm_find_byte(uses, 0, (uint8_t)h->use) == SIZE_MAX)
				continue;
			if (is_new_hop(c, &seen, h))
				answer(c, &m);
		}
	pqm_map_fini(&seen);
}

static void endpoints(struct pr_ctx *c)
{
	for (size_t i = 0; i < c->inv->n_endpoints && c->st == PQM_OK; i++) {
		const struct pqm_endpoint *e = &c->inv->endpoints[i];
		pqm_bytes name = pqm_endpoint_name(e, &c->work);
		struct pr_member m = { .e = e,
			.node = PR_NONE,
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

static void one(struct pr_ctx *c, const struct pqm_rule *rule)
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

/* What settings and keys say of key exchange, by role: rows beside those of the practices. */
static void compare_groups(struct pr_ctx *c)
{
	for (size_t i = 0; i < c->n_placed && c->n_targets > 1; i++) {
		const struct pr_placed *at = &c->placed[i];
		uint32_t node = pr_node(c, at->object);
		struct pqm_contrast_row row = { .what = PQM_LIT("Key exchange"),
			.target = at->target,
			.words = at->f->algorithm };

		if (at->f->function != PQM_FN_KEX || node == PR_NONE)
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

static void all(struct pr_ctx *c)
{
	const struct pqm_rule *rule;
	size_t i = 0, n = 0;

	while (pqm_rules_next(c->rules, FOLDER, &i) != NULL)
		n++;
	c->p->items = pqm_new(&c->p->arena, struct pqm_practice, n);
	if (c->p->items == NULL)
		pr_no_memory(c);
	else
		pr_index(c);
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
	struct pr_ctx c = { .p = p, .rules = r, .inv = inv, .g = g, .err = err };

	pqm_arena_init(&c.work, PQM_RUN_ARENA_BYTES);
	c.rows.arena = &c.work;
	c.st = pqm_rules_k8s(&c.kinds, r, err);
	if (c.st == PQM_OK)
		all(&c);
	pqm_map_fini(&c.nodes);
	pqm_arena_fini(&c.work);
	return c.st;
}
