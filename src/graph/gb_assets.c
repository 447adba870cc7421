#include "build.h"

#include <math.h>

#include "base/log.h"

#include "base/limits.h"
#include "base/num.h"

#define ANNOTATION "metadata.annotations.pqmap.dev/"
/* "medium" of design/kubernetes-ai.md §2.5: below it a class does not make an asset. */
#define ASSET_MIN 0.6

static const struct {
	const char *word;
	char letter;
} exposures[] = {
	{ "known-copy", 'X' },
	{ "public", 'X' },
	{ "internet", 'I' },
	{ "partner", 'P' },
	{ "backbone", 'C' },
	{ "object-store", 'O' },
	{ "cluster", 'L' },
	{ "disk", 'D' },
	{ "host", 'H' },
};

char gb_exposure(pqm_bytes word)
{
	if (word.n == 1 && strchr("XIPCOLDH", word.p[0]) != NULL)
		return (char)word.p[0];
	for (size_t i = 0; i < sizeof(exposures) / sizeof(exposures[0]); i++)
		if (pqm_ieq(word, pqm_str(exposures[i].word)))
			return exposures[i].letter;
	return 0;
}

/* "30y", "18m", "90d" or plain years. */
static bool years_of(pqm_bytes text, double *years)
{
	double scale = 1, value;

	if (text.n == 0)
		return false;
	uint8_t unit = text.p[text.n - 1];

	if (unit == 'y' || unit == 'm' || unit == 'd') {
		scale = unit == 'y' ? 1 : unit == 'm' ? 1 / 12.0 : 1 / 365.25;
		text = pqm_sub(text, 0, text.n - 1);
	}
	if (!pqm_f64_parse(text, &value) || value < 0 || value > 1000)
		return false;
	*years = value * scale;
	return true;
}

/* The life rule that a data class names, by its id or an alias. */
static const struct pqm_rule *life_rule(const struct gb *b, pqm_bytes data_class)
{
	const struct pqm_rule *rule;
	size_t i = 0;

	while ((rule = pqm_rules_next(b->r, "risk/lives", &i)) != NULL) {
		const struct pqm_yaml *also = pqm_yaml_get(rule->node, "aliases");

		if (pqm_eq(pqm_yaml_str(rule->node, "asset"), data_class))
			return rule;
		for (size_t k = 0; also != NULL && k < also->n; k++)
			if (pqm_ieq(pqm_yaml_text(also->items[k]), data_class))
				return rule;
	}
	return NULL;
}

static const struct pqm_rule *role_rule(const struct gb *b, pqm_bytes life_class)
{
	const struct pqm_rule *rule;
	size_t i = 0;

	while ((rule = gb_ai_next(b, &i)) != NULL)
		if (pqm_yaml_get(rule->node, "lives") != NULL &&
			pqm_k8s_listed(pqm_yaml_get(rule->node, "lives"), life_class))
			return rule;
	return NULL;
}

static struct gb_draft *new_draft(struct gb *b)
{
	struct gb_draft *grown =
		b->st != PQM_OK ? NULL : pqm_grow(b->arena, b->drafts, b->n_drafts, &b->cap_drafts);

	if (grown == NULL) {
		gb_fail(b, "assets");
		return NULL;
	}
	b->drafts = grown;
	b->drafts[b->n_drafts] = (struct gb_draft){ .data = 'F',
		.in_use_years = b->default_in_use,
		.in_use_by = gb_by_default(GB_IN_USE) };
	return &b->drafts[b->n_drafts++];
}

/* The lists of drafts by node grow with the nodes. */
static bool room_for(struct gb *b, uint32_t node)
{
	size_t n = b->n_first_draft == 0 ? b->g->n_nodes : b->n_first_draft * 2, *first, *last;

	if (node < b->n_first_draft)
		return true;
	n = n > node ? n : (size_t)node + 1;
	first = pqm_new(b->arena, size_t, n);
	last = pqm_new(b->arena, size_t, n);
	if (first == NULL || last == NULL)
		return false;
	if (b->n_first_draft > 0) {
		memcpy(first, b->first_draft, b->n_first_draft * sizeof(*first));
		memcpy(last, b->last_draft, b->n_first_draft * sizeof(*last));
	}
	b->first_draft = first;
	b->last_draft = last;
	b->n_first_draft = n;
	return true;
}

/* Remembers that draft i is at the node; lists keep the order of the drafts. */
static bool index_draft(struct gb *b, uint32_t node, size_t i)
{
	struct gb_of_node *grown;

	grown = pqm_grow(b->arena, b->of_nodes, b->n_of_nodes, &b->cap_of_nodes);
	if (grown == NULL || !room_for(b, node))
		return false;
	b->of_nodes = grown;
	if (b->n_of_nodes == 0) { /* 0 ends a list */
		b->n_of_nodes = 1;
		return index_draft(b, node, i);
	}
	b->of_nodes[b->n_of_nodes] = (struct gb_of_node){ i, 0 };
	if (b->last_draft[node] != 0)
		b->of_nodes[b->last_draft[node]].next = b->n_of_nodes;
	else
		b->first_draft[node] = b->n_of_nodes;
	b->last_draft[node] = b->n_of_nodes++;
	return true;
}

void gb_draft_attach(struct gb *b, struct gb_draft *d, uint32_t node, pqm_bytes ref)
{
	uint32_t *at;
	pqm_bytes *refs;

	for (size_t i = 0; i < d->n_at; i++)
		if (d->at[i] == node)
			return;
	at = pqm_grow(b->arena, d->at, d->n_at, &d->cap_at);
	refs = pqm_grow(b->arena, d->at_ref, d->n_at, &d->cap_at_ref);
	if (at == NULL || refs == NULL || node == GB_NONE ||
		!index_draft(b, node, (size_t)(d - b->drafts))) {
		gb_fail(b, "assets");
		return;
	}
	d->at = at;
	d->at_ref = refs;
	d->at[d->n_at] = node;
	d->at_ref[d->n_at++] = ref;
}

void gb_draft_source(struct gb *b, struct gb_draft *d, pqm_bytes name)
{
	pqm_bytes *grown =
		pqm_grow(b->arena, d->source_names, d->n_source_names, &d->cap_source_names);

	if (grown == NULL) {
		gb_fail(b, "assets");
		return;
	}
	d->source_names = grown;
	d->source_names[d->n_source_names++] = name;
}

/* Class, role and the default life that goes with it. */
static void set_class(struct gb *b, struct gb_draft *d, pqm_bytes data_class)
{
	const struct pqm_rule *life = life_rule(b, data_class), *role;
	double years = b->default_life;

	d->a.life_by = gb_by_default("");
	if (life == NULL) {
		d->a.life_class = data_class;
		d->a.kind_words = PQM_LIT("asset of an unknown class");
		d->a.life_years = (struct pqm_sourced){ years, true,
			pqm_arena_f(b->arena,
				"default, data class '%.*s' is not in rules/risk/lives.yaml",
				PQM_FMT(data_class)) };
		d->a.life_by.words = d->a.life_years.source;
		return;
	}
	d->a.life_class = pqm_yaml_str(life->node, "asset");
	(void)pqm_yaml_f64(life->node, "years_default", &years);
	d->a.life_years = (struct pqm_sourced){ years, true,
		pqm_arena_f(b->arena, "default for %.*s", PQM_FMT(d->a.life_class)) };
	d->a.life_by.words = d->a.life_years.source;
	role = role_rule(b, d->a.life_class);
	if (role == NULL)
		return;
	d->role = pqm_yaml_str(role->node, "role");
	d->a.kind_words = pqm_yaml_str(role->node, "words");
}

/* What the owner said, under a prefix of the fact keys; `names` gives the two spellings. */
static const struct pqm_fact *said(const struct pqm_object *o, const char *prefix, const char *name)
{
	char key[96];

	(void)snprintf(key, sizeof(key), "%s%s", prefix, name);
	for (size_t i = 0; i < o->n_facts; i++)
		if (pqm_eqs(o->facts[i].key, key))
			return &o->facts[i];
	return NULL;
}

static struct pqm_by declared_by(
	struct gb *b, const struct gb_thing *t, const struct pqm_fact *f, bool is_annotation)
{
	pqm_bytes key = is_annotation
		? pqm_sub(f->key, sizeof("metadata.annotations.") - 1, f->key.n)
		: f->key;

	return (struct pqm_by){ .from = PQM_FROM_DECLARED,
		.words = pqm_arena_f(b->arena, "%s %.*s",
			is_annotation ? "annotation" : "declared:", PQM_FMT(key)),
		.path = t->o->path,
		.line = f->line };
}

static pqm_bytes source_words(
	struct gb *b, const struct gb_thing *t, const struct pqm_fact *f, bool is_annotation)
{
	const struct pqm_by by = declared_by(b, t, f, is_annotation);

	return pqm_arena_f(
		b->arena, "%.*s at %.*s:%u", PQM_FMT(by.words), PQM_FMT(by.path), by.line);
}

void gb_doubt(struct gb *b, const struct gb_thing *t, const struct pqm_fact *f, const char *words)
{
	pqm_bytes *grown = pqm_grow(b->arena, b->doubts, b->n_doubts, &b->cap_doubts);
	pqm_bytes line = pqm_arena_f(b->arena, "%.*s:%u: '%.*s' %s", PQM_FMT(t->o->path), f->line,
		PQM_FMT(pqm_printable(b->arena, pqm_sub(f->value, 0, 60))), words);

	if (grown == NULL || line.p == NULL) {
		gb_fail(b, "declared values");
		return;
	}
	b->doubts = grown;
	b->doubts[b->n_doubts++] = line;
	pqm_log(PQM_WARN, "graph", "%.*s", PQM_FMT(line));
}

/* Since when its uses have been as they are today. */
static void set_since(
	struct gb *b, struct gb_draft *d, const struct gb_thing *t, const char *prefix)
{
	const struct pqm_fact *f = said(t->o, prefix, "protected-since");
	int64_t days = 0;

	if (f == NULL)
		return;
	if (!pqm_date_parse(f->value, &days)) {
		gb_doubt(b, t, f,
			"is no date (2026-10-01); traffic before this scan counts as protected as "
			"it is today");
	} else if (b->inv->now_days > 0 && days > b->inv->now_days) {
		gb_doubt(b, t, f,
			"is after the date of this report: nothing is protected since a day to "
			"come");
	} else {
		d->a.has_since = true;
		d->a.since_days = days;
		d->a.since_by = declared_by(b, t, f, prefix[0] != '\0');
	}
}

/* "40Gi", "1.5 TB", "4096": a quantity as Kubernetes writes it; false for anything else. */
static bool bytes_of(pqm_bytes text, double *out)
{
	static const char units[] = "kMGTP";
	size_t n = text.n;
	double step = 1000, factor = 1;

	if (n > 0 && text.p[n - 1] == 'B')
		n--;
	if (n > 0 && text.p[n - 1] == 'i') {
		step = 1024;
		n--;
	}
	for (size_t i = 0; n > 0 && units[i] != '\0'; i++)
		if (text.p[n - 1] == (uint8_t)units[i] || (i == 0 && text.p[n - 1] == 'K'))
			factor = pow(step, (double)i + 1);
	if (step > 1000 && !(factor > 1))
		return false;
	n -= factor > 1;
	if (!pqm_f64_parse(pqm_trim(pqm_sub(text, 0, n)), out) || !(*out > 0))
		return false;
	*out *= factor;
	return *out < 1e18;
}

static void set_size(struct gb *b, struct gb_draft *d, const struct gb_thing *t, const char *prefix)
{
	const struct pqm_fact *f = said(t->o, prefix, "size");
	double v;

	if (f != NULL && bytes_of(f->value, &v)) {
		d->a.size_bytes = v;
		d->a.size_by = declared_by(b, t, f, prefix[0] != '\0');
	} else if (f != NULL) {
		gb_doubt(b, t, f,
			"is no size (40Gi, 1.5TB); what one run opens is not told in bytes");
	}
}

/* How long it has been sent, who can record it, and whether it moves or rests. */
static void set_flow(struct gb *b, struct gb_draft *d, const struct gb_thing *t, const char *prefix)
{
	bool noted = prefix[0] != '\0';
	const struct pqm_fact *f = said(t->o, prefix, "in-use");
	double v;

	if (f != NULL && years_of(f->value, &v)) {
		d->in_use_years = v;
		d->in_use_by = declared_by(b, t, f, noted);
	}
	f = said(t->o, prefix, "exposure");
	if (f != NULL) {
		d->exposure = gb_exposure(f->value);
		d->exposure_by = declared_by(b, t, f, noted);
	}
	f = said(t->o, prefix, "data");
	if (f != NULL && (pqm_eqs(f->value, "stock") || pqm_eqs(f->value, "S")))
		d->data = 'S';
	set_since(b, d, t, prefix);
	set_size(b, d, t, prefix);
}

static void set_numbers(struct gb *b, struct gb_draft *d, const struct gb_thing *t,
	const char *prefix, const char *life_name)
{
	const struct pqm_object *o = t->o;
	bool noted = prefix[0] != '\0';
	const struct pqm_fact *f = said(o, prefix, life_name);
	double v;

	if (f != NULL && years_of(f->value, &v)) {
		d->a.life_years = (struct pqm_sourced){ v, false, source_words(b, t, f, noted) };
		d->a.life_by = declared_by(b, t, f, noted);
		d->has_life = true;
	} else if (f != NULL) {
		gb_doubt(b, t, f,
			"is no secrecy life (30y, 18m, 90d); the default of its class holds");
	}
	f = said(o, prefix, "impact");
	if (f != NULL && pqm_f64_parse(f->value, &v) && v >= 1 && v <= 5) {
		d->a.impact =
			(struct pqm_sourced){ (double)(int)v, false, source_words(b, t, f, noted) };
		d->a.impact_by = declared_by(b, t, f, noted);
		d->has_impact = true;
	} else if (f != NULL) {
		gb_doubt(b, t, f, "is no impact from 1 to 5; the default holds");
	}
	f = said(o, prefix, "money");
	if (f != NULL && pqm_f64_parse(f->value, &v) && v >= 0)
		d->a.money = (struct pqm_sourced){ v, false, source_words(b, t, f, noted) };
	else if (f != NULL)
		gb_doubt(b, t, f, "is no amount of money; none is shown");
	f = said(o, prefix, "per-year");
	if (f != NULL && pqm_f64_parse(f->value, &v) && v >= 0)
		d->a.flow_money = (struct pqm_sourced){ v, false, source_words(b, t, f, noted) };
	set_flow(b, d, t, prefix);
}

static void set_texts(struct gb_draft *d, const struct gb_thing *t, const char *prefix)
{
	const struct pqm_fact *f = said(t->o, prefix, "title");

	if (f != NULL)
		d->a.name = f->value;
	f = said(t->o, prefix, "owner");
	if (f != NULL)
		d->a.owner = f->value;
	f = said(t->o, prefix, "currency");
	if (f != NULL)
		d->a.currency = f->value;
}

static void declared(struct gb *b, const struct gb_thing *t)
{
	struct gb_draft *d = new_draft(b);
	const struct pqm_fact *f;
	size_t i = 0;

	if (d == NULL)
		return;
	d->is_declared = true;
	d->a.id = t->o->name;
	d->a.name = t->o->name;
	d->a.confidence = 1;
	d->path = t->o->path;
	d->line = t->o->line;
	f = said(t->o, "", "data-class");
	if (f != NULL && life_rule(b, f->value) == NULL)
		gb_doubt(b, t, f,
			"is no data class (`pqmap rules list life.`); a default life holds");
	set_class(b, d, f == NULL ? PQM_LIT("undeclared") : f->value);
	set_numbers(b, d, t, "", "life");
	set_texts(d, t, "");
	while ((f = gb_fact(t->o, PQM_LIT("on[*]"), &i)) != NULL && b->st == PQM_OK)
		gb_draft_attach(b, d, gb_on(b, f->value), f->key);
	i = 0;
	while ((f = gb_fact(t->o, PQM_LIT("sources[*]"), &i)) != NULL && b->st == PQM_OK)
		gb_draft_source(b, d, f->value);
}

static void annotated(struct gb *b, const struct gb_thing *t, const struct pqm_fact *data_class)
{
	const struct pqm_fact *name = said(t->o, ANNOTATION, "asset");
	const struct pqm_fact *sources = said(t->o, ANNOTATION, "sources");
	struct gb_draft *d = new_draft(b);

	if (d == NULL)
		return;
	d->is_declared = true;
	d->a.id = name != NULL ? name->value : t->id;
	d->a.name = name != NULL ? name->value : t->o->name;
	d->a.confidence = 1;
	d->path = t->o->path;
	d->line = data_class->line;
	if (life_rule(b, data_class->value) == NULL)
		gb_doubt(b, t, data_class,
			"is no data class (`pqmap rules list life.`); a default life holds");
	set_class(b, d, data_class->value);
	set_numbers(b, d, t, ANNOTATION, "shelf-life");
	set_texts(d, t, ANNOTATION);
	gb_draft_attach(b, d, t->node, data_class->key);
	pqm_bytes rest = sources == NULL ? (pqm_bytes){ NULL, 0 } : sources->value, part;

	while (rest.p != NULL && pqm_split(&rest, ',', &part))
		gb_draft_source(b, d, pqm_trim(part));
}

struct gb_draft *gb_draft_of_role(struct gb *b, uint32_t node, pqm_bytes role, size_t *i)
{
	size_t k;

	if (node >= b->n_first_draft || b->drafts == NULL)
		return NULL;
	for (k = *i == 0 ? b->first_draft[node] : b->of_nodes[*i].next; k != 0;
		k = b->of_nodes[k].next) {
		struct gb_draft *d = &b->drafts[b->of_nodes[k].draft];

		if (role.n > 0 && !pqm_eqs(role, "any") && !pqm_eq(d->role, role))
			continue;
		*i = k;
		return d;
	}
	return NULL;
}

/* What the owner wrote on the namespace, then on the object itself, without naming a data class. */
static void override(struct gb *b, struct gb_draft *d, const struct gb_thing *t)
{
	pqm_bytes id = pqm_arena_f(b->arena, "-/Namespace/%.*s", PQM_FMT(gb_ns(t)));
	const void *found = id.p == NULL ? NULL : pqm_map_get(&b->nodes, id);
	const struct gb_thing *ns = found == NULL ? NULL : b->of_node[(uintptr_t)found - 1];
	pqm_bytes name = d->a.name;

	if (ns != NULL) {
		set_numbers(b, d, ns, ANNOTATION, "shelf-life");
		set_texts(d, ns, ANNOTATION);
	}
	set_numbers(b, d, t, ANNOTATION, "shelf-life");
	set_texts(d, t, ANNOTATION);
	d->a.name = name; /* a title is of the asset that was named */
}

struct gb_draft *gb_draft_default(
	struct gb *b, const struct gb_thing *t, pqm_bytes role, pqm_bytes life_class, pqm_bytes why)
{
	struct gb_draft *d = new_draft(b);

	if (d == NULL)
		return NULL;
	d->a.id = pqm_arena_f(
		b->arena, "%.*s/%.*s/%.*s", PQM_FMT(gb_ns(t)), PQM_FMT(t->o->name), PQM_FMT(role));
	d->a.name = pqm_arena_f(b->arena, "%.*s %.*s", PQM_FMT(t->o->name), PQM_FMT(role));
	d->a.confidence = t->confidence;
	d->a.signals = t->signals;
	d->a.n_signals = t->n_signals;
	d->path = t->o->path;
	d->line = t->o->line;
	set_class(b, d, life_class);
	override(b, d, t);
	gb_draft_attach(b, d, t->node, why);
	return d;
}

static void classed(struct gb *b, const struct gb_thing *t)
{
	const struct pqm_rule *c = gb_ai_rule(b, "class", t->ai_class);
	size_t i = 0;

	if (c == NULL || t->confidence < ASSET_MIN ||
		gb_draft_of_role(b, t->node, (pqm_bytes){ NULL, 0 }, &i) != NULL)
		return;
	const struct pqm_rule *role = role_rule(b, pqm_yaml_str(c->node, "life"));

	(void)gb_draft_default(b, t, role != NULL ? pqm_yaml_str(role->node, "role") : t->ai_class,
		pqm_yaml_str(c->node, "life"), PQM_LIT("classed by signals"));
}

/* A serving workload carries its clients' prompts even when the owner declared only the model. */
static void classed_inbound(struct gb *b, const struct gb_thing *t)
{
	const struct pqm_rule *c = gb_ai_rule(b, "class", t->ai_class);
	const struct pqm_yaml *in = c == NULL ? NULL : pqm_yaml_get(c->node, "inbound");
	pqm_bytes role =
		in != NULL && in->n > 0 ? pqm_yaml_text(in->items[0]) : (pqm_bytes){ NULL, 0 };
	size_t k = 0;

	if (c == NULL || t->confidence < ASSET_MIN || role.n == 0)
		return;
	for (size_t i = 0; i < in->n; i++) {
		k = 0;
		if (gb_draft_of_role(b, t->node, pqm_yaml_text(in->items[i]), &k) != NULL)
			return;
	}
	(void)gb_draft_default(
		b, t, role, pqm_yaml_str(c->node, "life"), PQM_LIT("classed by signals"));
}

void gb_assets(struct gb *b)
{
	for (size_t i = 0; i < b->n_things && b->st == PQM_OK; i++) {
		const struct gb_thing *t = &b->things[i];

		if (pqm_eqs(t->o->group, "pqmap.dev") && pqm_eqs(t->o->kind, "Asset"))
			declared(b, t);
	}
	for (size_t i = 0; i < b->n_things && b->st == PQM_OK; i++) {
		const struct gb_thing *t = &b->things[i];
		const struct pqm_fact *f = said(t->o, ANNOTATION, "data-class");

		if (t->is_first && f != NULL)
			annotated(b, t, f);
	}
	for (size_t i = 0; i < b->n_things && b->st == PQM_OK; i++) {
		const struct gb_thing *t = &b->things[i];

		if (!t->is_first || b->g->nodes[t->node].type != PQM_NODE_WORKLOAD ||
			t->ai_class.n == 0)
			continue;
		classed(b, t);
		classed_inbound(b, t);
	}
	gb_references(b);
}

/* ---- from drafts to assets ---- */

static int draft_order(const void *x, const void *y)
{
	const struct gb_draft *a = x, *c = y;
	int d = pqm_cmp(a->a.id, c->a.id);

	if (d == 0)
		d = pqm_cmp(a->path, c->path);
	return d != 0 ? d : (a->line > c->line) - (a->line < c->line);
}

/* The drafts were sorted: the lists by node are made anew. */
static void index_again(struct gb *b)
{
	b->n_of_nodes = 0;
	if (b->n_first_draft > 0) {
		memset(b->first_draft, 0, b->n_first_draft * sizeof(*b->first_draft));
		memset(b->last_draft, 0, b->n_first_draft * sizeof(*b->last_draft));
	}
	for (size_t i = 0; i < b->n_drafts && b->st == PQM_OK; i++)
		for (size_t k = 0; k < b->drafts[i].n_at; k++)
			if (!index_draft(b, b->drafts[i].at[k], i))
				gb_fail(b, "assets");
}

static void asset_node(struct gb *b, struct gb_draft *d)
{
	pqm_bytes id = pqm_arena_f(b->arena, "asset/%.*s", PQM_FMT(d->a.id));

	d->a.node = gb_node(b, PQM_NODE_ASSET, id, d->a.name);
	if (d->a.node == GB_NONE)
		return;
	b->g->nodes[d->a.node].path = d->path;
	b->g->nodes[d->a.node].line = d->line;
	for (size_t i = 0; i < d->n_at; i++)
		gb_edge(b,
			(struct pqm_edge){ .from = d->a.node,
				.to = d->at[i],
				.rel = PQM_LIT("carried-by"),
				.ref = d->at_ref[i],
				.path = d->path,
				.line = d->line });
}

/* The same name declared twice keeps two rows: the second gets a number, so that ids stay unique. */
static void number_twins(struct gb *b)
{
	for (size_t i = 1, n = 2; i < b->n_drafts && b->st == PQM_OK; i++) {
		bool twin = pqm_eq(b->drafts[i].a.id, b->drafts[i - n + 1].a.id);

		if (twin)
			b->drafts[i].a.id =
				pqm_arena_f(b->arena, "%.*s#%zu", PQM_FMT(b->drafts[i].a.id), n++);
		else
			n = 2;
	}
}

void gb_finish_assets(struct gb *b)
{
	if (b->n_drafts > 1)
		qsort(b->drafts, b->n_drafts, sizeof(*b->drafts), draft_order);
	number_twins(b);
	index_again(b);
	gb_lineage(b);
	for (size_t i = 0; i < b->n_drafts && b->st == PQM_OK; i++) {
		struct gb_draft *d = &b->drafts[i];

		if (d->a.money.source.n == 0)
			d->a.money =
				(struct pqm_sourced){ 0, true, PQM_LIT("no money was declared") };
		asset_node(b, d);
	}
	b->g->assets = pqm_new(b->arena, struct pqm_asset, b->n_drafts + b->inv->n_targets + 1);
	if (b->g->assets == NULL) {
		gb_fail(b, "assets");
		return;
	}
	b->g->cap_assets = b->n_drafts + b->inv->n_targets + 1;
	for (size_t i = 0; i < b->n_drafts; i++)
		b->g->assets[b->g->n_assets++] = b->drafts[i].a;
}
