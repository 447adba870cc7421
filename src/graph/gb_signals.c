#include "gb_signals.h"

#include "base/buf.h"
#include "rules/k8s.h"

/* Labels and annotations make paths without end; those beyond are looked at anew each time. */
#define PATHS_MAX ((size_t)20000)
#define COMMAND_BYTES ((size_t)8192)
#define PATH_BYTES 512
#define PARTS_MAX 128

/* What a field path is. */
enum part { P_OTHER, P_IMAGE, P_COMMAND, P_ENV_NAME, P_ENV_VALUE, P_PORT, P_LABEL, P_RESOURCE };

struct path {
	enum part part;
	uint16_t signals[16]; /* whose `at` fits */
	size_t n;
};

struct kind {
	uint8_t fits[GB_SIGNALS]; /* whose `kinds` fit */
};

static unsigned class_of(struct gb_signals *s, pqm_bytes name)
{
	for (unsigned i = 0; i < s->n_classes; i++)
		if (pqm_eq(s->classes[i], name))
			return i;
	if (s->n_classes == GB_CLASSES)
		return GB_CLASSES;
	s->classes[s->n_classes] = name;
	return (unsigned)s->n_classes++;
}

static bool add_class(struct gb_signals *s, struct gb_signal *g, pqm_bytes name)
{
	unsigned i = class_of(s, name);

	if (name.n == 0 || i == GB_CLASSES)
		return false;
	g->classes |= (uint16_t)(1U << i);
	return true;
}

static pqm_bytes core_of(pqm_bytes text)
{
	pqm_bytes best = { text.p, 0 };
	size_t from = 0;

	for (size_t i = 0; i <= text.n; i++) {
		if (i < text.n && text.p[i] != '*' && text.p[i] != ' ')
			continue;
		if (i - from > best.n)
			best = pqm_sub(text, from, i - from);
		from = i + 1;
	}
	return best;
}

static bool add_pattern(struct gb_signals *s, enum pqm_ai_field f, pqm_bytes text, uint16_t signal)
{
	struct gb_pattern *grown = pqm_grow(s->arena, s->patterns, s->n_patterns, &s->cap_patterns);
	uint8_t byte = text.n == 0 || text.p[0] == '*' ? 0 : text.p[0];

	if (grown == NULL || s->n_patterns + 1 >= UINT16_MAX)
		return false;
	s->patterns = grown;
	s->patterns[s->n_patterns++] =
		(struct gb_pattern){ text, core_of(text), signal, s->first[f][byte] };
	s->first[f][byte] = (uint16_t)s->n_patterns;
	return true;
}

static enum pqm_st add_lists(
	struct gb_signals *s, struct gb_signal *g, uint16_t at, struct pqm_err *err)
{
	const struct pqm_yaml *n = g->rule->node;
	unsigned lists = 0;

	for (unsigned f = PQM_AI_IMAGE; f < PQM_AI_FIELDS; f++) {
		const struct pqm_yaml *list = pqm_yaml_get(n, pqm_ai_list((enum pqm_ai_field)f));

		if (list != NULL && list->type != PQM_YAML_SEQ)
			return pqm_rule_fail(g->rule, list, err, "%s is a list",
				pqm_ai_list((enum pqm_ai_field)f));
		for (size_t i = 0; list != NULL && i < list->n; i++)
			if (!add_pattern(
				    s, (enum pqm_ai_field)f, pqm_yaml_text(list->items[i]), at))
				return pqm_fail(err, PQM_ENOMEM, "signals: out of memory");
		lists += list != NULL;
	}
	g->is_of_fields = g->at != NULL;
	g->needs_kind = g->kinds != NULL && (lists > 0 || g->is_of_fields);
	return PQM_OK;
}

static enum pqm_st add_signal(
	struct gb_signals *s, const struct pqm_rule *rule, struct pqm_err *err)
{
	const struct pqm_yaml *n = rule->node, *c = pqm_yaml_get(n, "class");
	struct gb_signal *g = &s->signal[s->n];
	uint64_t rank = 0;
	bool ok = c != NULL;

	if (s->n == GB_SIGNALS)
		return pqm_rule_fail(rule, NULL, err, "over %d signals", GB_SIGNALS);
	(void)pqm_yaml_u64(n, "rank", &rank);
	*g = (struct gb_signal){ .rule = rule,
		.rank = (unsigned)(rank < 1000 ? rank : 1000),
		.is_alone = pqm_yaml_get(n, "alone") == NULL || pqm_yaml_true(n, "alone"),
		.kinds = pqm_yaml_get(n, "kinds"),
		.at = pqm_yaml_get(n, "at"),
		.match = pqm_yaml_get(n, "match"),
		.files = pqm_yaml_get(n, "files") };
	if (!pqm_yaml_f64(n, "weight", &g->weight) || g->weight < 0 || g->weight >= 1)
		return pqm_rule_fail(rule, NULL, err, "weight is a number from 0 to below 1");
	if (c != NULL && c->type == PQM_YAML_SEQ)
		for (size_t i = 0; ok && i < c->n; i++)
			ok = add_class(s, g, pqm_yaml_text(c->items[i]));
	else
		ok = ok && add_class(s, g, pqm_yaml_text(c));
	if (!ok)
		return pqm_rule_fail(rule, c, err, "class is one or several of %d", GB_CLASSES);
	return add_lists(s, g, (uint16_t)s->n++, err);
}

enum pqm_st gb_signals_new(struct gb_signals **out, const struct pqm_rules *r,
	struct pqm_arena *arena, struct pqm_err *err)
{
	struct gb_signals *s = pqm_new(arena, struct gb_signals, 1);
	const struct pqm_rule *rule;
	size_t i = 0;

	*out = NULL;
	if (s == NULL)
		return pqm_fail(err, PQM_ENOMEM, "signals: out of memory");
	s->arena = arena;
	for (unsigned f = 0; f < PQM_AI_FIELDS; f++)
		for (unsigned c = 0; c < 256; c++) {
			uint8_t pair[2] = { (uint8_t)c, 'x' };

			s->begins[f][c] = pqm_ai_begins(
				(enum pqm_ai_field)f, (pqm_bytes){ pair, sizeof(pair) }, 1);
		}
	while ((rule = pqm_rules_next(r, "ai/", &i)) != NULL) {
		if (pqm_yaml_get(rule->node, "weight") == NULL)
			continue;
		enum pqm_st st = add_signal(s, rule, err);

		if (st != PQM_OK)
			return st;
	}
	*out = s;
	return PQM_OK;
}

void gb_signals_fini(struct gb_signals *s)
{
	if (s == NULL)
		return;
	pqm_map_fini(&s->paths);
	pqm_map_fini(&s->kinds);
}

/* ---- what a path is ---- */

static bool has_tail(pqm_bytes path, const char *tail)
{
	return pqm_ends(path, pqm_str(tail));
}

static enum part part_of(pqm_bytes path)
{
	if (has_tail(path, ".image") && pqm_find(path, 0, PQM_LIT("ontainer")) != SIZE_MAX)
		return P_IMAGE;
	if (has_tail(path, ".command[]") || has_tail(path, ".args[]") ||
		has_tail(path, ".entrypoint"))
		return P_COMMAND;
	if (has_tail(path, ".env[].name"))
		return P_ENV_NAME;
	if (has_tail(path, ".env[].value"))
		return P_ENV_VALUE;
	if (has_tail(path, ".containerPort"))
		return P_PORT;
	if (pqm_find(path, 0, PQM_LIT("metadata.labels.")) != SIZE_MAX)
		return P_LABEL;
	if (pqm_find(path, 0, PQM_LIT("resources.limits.")) != SIZE_MAX)
		return P_RESOURCE;
	return P_OTHER;
}

static void fill_path(const struct gb_signals *s, struct path *p, pqm_bytes path, pqm_bytes key)
{
	*p = (struct path){ .part = part_of(path) };
	for (size_t i = 0; i < s->n && p->n < sizeof(p->signals) / sizeof(p->signals[0]); i++)
		if (s->signal[i].is_of_fields && pqm_k8s_listed(s->signal[i].at, key))
			p->signals[p->n++] = (uint16_t)i;
}

/* The path without its indices: "spec.containers[].args[]". Rules never name an index. */
static pqm_bytes shape_of(pqm_bytes key, uint8_t *room)
{
	size_t n = 0;

	for (size_t i = 0; i < key.n && n < PATH_BYTES; i++)
		if (n == 0 || room[n - 1] != '[' || key.p[i] < '0' || key.p[i] > '9')
			room[n++] = key.p[i];
	return (pqm_bytes){ room, n };
}

static const struct path *path_of(struct gb_signals *s, pqm_bytes key, struct path *spare)
{
	uint8_t room[PATH_BYTES];
	pqm_bytes shape = shape_of(key, room);
	struct path *p = pqm_map_get(&s->paths, shape);

	if (p != NULL)
		return p;
	fill_path(s, spare, shape, key);
	if (s->paths.n >= PATHS_MAX)
		return spare;
	p = pqm_new(s->arena, struct path, 1);
	shape = pqm_bytes_dup(s->arena, shape);
	if (p == NULL || shape.p == NULL || !pqm_map_put(&s->paths, shape, p))
		return spare;
	*p = *spare;
	return p;
}

static const struct kind *kind_of(struct gb_signals *s, const struct pqm_object *o)
{
	uint8_t room[PATH_BYTES];
	struct kind *k;

	if (o->group.n + o->kind.n + 1 > sizeof(room))
		return NULL;
	if (o->group.n > 0)
		memcpy(room, o->group.p, o->group.n);
	room[o->group.n] = '/';
	if (o->kind.n > 0)
		memcpy(room + o->group.n + 1, o->kind.p, o->kind.n);
	pqm_bytes name = { room, o->group.n + o->kind.n + 1 };

	k = pqm_map_get(&s->kinds, name);
	if (k != NULL)
		return k;
	k = pqm_new(s->arena, struct kind, 1);
	name = pqm_bytes_dup(s->arena, name);
	if (k == NULL || name.p == NULL || !pqm_map_put(&s->kinds, name, k))
		return NULL;
	for (size_t i = 0; i < s->n; i++)
		k->fits[i] = pqm_k8s_listed(s->signal[i].kinds, name);
	return k;
}

/* ---- the object at hand ---- */

struct look {
	struct gb_signals *s;
	const struct pqm_object *o;
	const struct kind *kind;
	pqm_bytes holder; /* the container whose command was looked at last */
	struct gb_shown at[GB_SIGNALS];
};

static void show(struct look *l, size_t signal, pqm_bytes text, uint32_t line)
{
	const struct gb_signal *g = &l->s->signal[signal];

	if (l->s->seen[signal] || (g->needs_kind && !l->kind->fits[signal]))
		return;
	l->s->seen[signal] = 1;
	l->at[signal] = (struct gb_shown){ g, text, line };
}

/* A text with the facts that its parts come from. */
struct line {
	pqm_bytes text;
	size_t from[PARTS_MAX];
	const struct pqm_fact *fact[PARTS_MAX];
	size_t n;
};

static void show_at(
	struct look *l, uint16_t signal, const struct line *c, size_t at, pqm_bytes said)
{
	size_t k = c->n - 1;

	while (k > 0 && c->from[k] > at)
		k--;
	show(l, signal, said.p != NULL ? said : c->fact[k]->value, c->fact[k]->line);
}

static bool begins(const struct look *l, enum pqm_ai_field f, pqm_bytes text, size_t i)
{
	return i == 0 || l->s->begins[f][text.p[i - 1]];
}

/* Patterns that begin with '*': few texts hold what such a pattern looks for. */
static void try_stars(struct look *l, enum pqm_ai_field f, const struct line *c, pqm_bytes said)
{
	for (uint16_t i = l->s->first[f][0]; i != 0; i = l->s->patterns[i - 1].next) {
		const struct gb_pattern *p = &l->s->patterns[i - 1];

		if (l->s->seen[p->signal] || pqm_find(c->text, 0, p->core) == SIZE_MAX)
			continue;
		for (size_t k = 0; k < c->text.n && !l->s->seen[p->signal]; k++)
			if (begins(l, f, c->text, k) && pqm_ai_fits(f, p->text, c->text, k))
				show_at(l, p->signal, c, k, said);
	}
}

/* said: what the signal tells, {NULL, 0} for the fact's own value. */
static void try_line(struct look *l, enum pqm_ai_field f, const struct line *c, pqm_bytes said)
{
	for (size_t i = 0; i < c->text.n; i++) {
		if (!begins(l, f, c->text, i))
			continue;
		for (uint16_t k = l->s->first[f][c->text.p[i]]; k != 0;
			k = l->s->patterns[k - 1].next) {
			const struct gb_pattern *p = &l->s->patterns[k - 1];

			if (!l->s->seen[p->signal] && pqm_ai_fits(f, p->text, c->text, i))
				show_at(l, p->signal, c, i, said);
		}
	}
	try_stars(l, f, c, said);
}

static void try_text(struct look *l, enum pqm_ai_field f, pqm_bytes text, pqm_bytes said,
	const struct pqm_fact *fact)
{
	struct line c; /* of one part: the rest of its arrays is not looked at */

	c.text = text;
	c.n = 1;
	c.from[0] = 0;
	c.fact[0] = fact;
	try_line(l, f, &c, said);
}

/* "deploy.containers[2].args[0]" up to the container: what stands before command or args. */
static pqm_bytes holder_of(pqm_bytes key)
{
	size_t dot = key.n;

	while (dot > 0 && key.p[dot - 1] != '.')
		dot--;
	return pqm_sub(key, 0, dot);
}

/* Arguments follow the command, whatever the manifest writes first. */
static void add_words(struct line *c, struct pqm_buf *text, const struct pqm_object *o,
	size_t first, pqm_bytes holder, const char *what)
{
	for (size_t i = first; i < o->n_facts && c->n < PARTS_MAX; i++) {
		const struct pqm_fact *f = &o->facts[i];

		if (!pqm_starts(f->key, holder) ||
			!pqm_starts(pqm_sub(f->key, holder.n, f->key.n), pqm_str(what)))
			continue;
		if (c->n > 0)
			(void)pqm_buf_add(text, PQM_LIT(" "));
		c->from[c->n] = text->n;
		c->fact[c->n++] = f;
		(void)pqm_buf_add(text, f->value);
	}
}

/* Command and arguments of one container as one line; the words know their facts. */
static void try_command(struct look *l, size_t first)
{
	const struct pqm_object *o = l->o;
	pqm_bytes holder = holder_of(o->facts[first].key);
	struct line c;
	struct pqm_buf text;

	if (pqm_eq(holder, l->holder))
		return;
	l->holder = holder;
	c.n = 0;
	pqm_buf_init(&text, COMMAND_BYTES);
	add_words(&c, &text, o, first, holder, "command[");
	add_words(&c, &text, o, first, holder, "args[");
	add_words(&c, &text, o, first, holder, "entrypoint");
	c.text = pqm_buf_bytes(&text);
	if (c.n > 0)
		try_line(l, PQM_AI_COMMAND, &c, (pqm_bytes){ NULL, 0 });
	pqm_buf_wipe(&text);
}

static void try_variable(struct look *l, const struct pqm_fact *f, const struct pqm_fact *value)
{
	uint8_t room[PATH_BYTES];
	pqm_bytes text = { room, 0 };

	if (f->value.n + 1 > sizeof(room))
		return;
	memcpy(room, f->value.p, f->value.n);
	room[f->value.n] = '=';
	text.n = f->value.n + 1;
	if (value != NULL) {
		pqm_bytes v = pqm_sub(value->value, 0, sizeof(room) - text.n);

		if (v.n > 0)
			memcpy(room + text.n, v.p, v.n);
		text.n += v.n;
	}
	try_text(l, PQM_AI_VARIABLE, text, f->value, f);
}

/* The value that stands beside the name of a variable: "…env[3].value" for "…env[3].name". */
static const struct pqm_fact *value_of(const struct pqm_object *o, size_t name)
{
	pqm_bytes holder = holder_of(o->facts[name].key);

	for (size_t i = name + 1; i < o->n_facts && i <= name + 1; i++)
		if (pqm_starts(o->facts[i].key, holder) &&
			pqm_eqs(pqm_sub(o->facts[i].key, holder.n, o->facts[i].key.n), "value"))
			return &o->facts[i];
	return NULL;
}

static void try_label(struct look *l, const struct pqm_fact *f)
{
	static const char labels[] = "metadata.labels.";
	size_t from = pqm_find(f->key, 0, PQM_LIT("metadata.labels.")) + sizeof(labels) - 1;
	uint8_t room[PATH_BYTES];
	pqm_bytes key = pqm_sub(f->key, from, f->key.n);

	if (key.n + f->value.n + 1 > sizeof(room))
		return;
	if (key.n > 0)
		memcpy(room, key.p, key.n);
	room[key.n] = '=';
	if (f->value.n > 0)
		memcpy(room + key.n + 1, f->value.p, f->value.n);
	try_text(l, PQM_AI_LABEL, (pqm_bytes){ room, key.n + 1 + f->value.n }, f->value, f);
}

static void try_resource(struct look *l, const struct pqm_fact *f)
{
	static const char limits[] = "resources.limits.";
	size_t from = pqm_find(f->key, 0, PQM_LIT("resources.limits.")) + sizeof(limits) - 1;
	pqm_bytes what = pqm_sub(f->key, from, f->key.n);

	if (!pqm_eqs(f->value, "0"))
		try_text(l, PQM_AI_RESOURCE, what, what, f);
}

static void try_fact(struct look *l, size_t i, const struct path *p)
{
	const struct pqm_fact *f = &l->o->facts[i];

	switch (p->part) {
	case P_IMAGE:
		try_text(l, PQM_AI_IMAGE, f->value, f->value, f);
		break;
	case P_COMMAND:
		try_command(l, i);
		break;
	case P_ENV_NAME:
		try_variable(l, f, value_of(l->o, i));
		break;
	case P_PORT:
		try_text(l, PQM_AI_PORT, f->value, f->value, f);
		break;
	case P_LABEL:
		try_label(l, f);
		break;
	case P_RESOURCE:
		try_resource(l, f);
		break;
	case P_ENV_VALUE:
	case P_OTHER:
		break;
	}
}

static void try_facts(struct look *l, bool runs)
{
	struct path spare;

	for (size_t i = 0; i < l->o->n_facts; i++) {
		const struct pqm_fact *f = &l->o->facts[i];
		const struct path *p = path_of(l->s, f->key, &spare);

		for (size_t k = 0; k < p->n; k++) {
			const struct gb_signal *g = &l->s->signal[p->signals[k]];

			if ((runs || g->needs_kind) &&
				(g->match == NULL || pqm_k8s_listed(g->match, f->value)))
				show(l, p->signals[k], f->value, f->line);
		}
		if (runs)
			try_fact(l, i, p);
	}
}

bool gb_signals_of(struct gb_signals *s, const struct pqm_object *o, bool runs)
{
	struct look l = { .s = s, .o = o, .kind = kind_of(s, o) };

	s->n_shown = 0;
	if (l.kind == NULL)
		return false;
	memset(s->seen, 0, sizeof(s->seen));
	for (size_t i = 0; i < s->n; i++)
		if (l.kind->fits[i] && !s->signal[i].needs_kind)
			show(&l, i, o->kind, o->line);
	try_facts(&l, runs);
	if (runs) {
		const struct pqm_fact self = { .line = o->line };

		try_text(&l, PQM_AI_NAME, o->name, o->name, &self);
		try_text(&l, PQM_AI_NAME, o->ns, o->ns, &self);
	}
	for (size_t i = 0; i < s->n; i++)
		if (s->seen[i])
			s->shown[s->n_shown++] = l.at[i];
	return true;
}

bool gb_signals_image(struct gb_signals *s, const struct pqm_object *image, uint32_t line)
{
	struct look l = { .s = s, .o = image, .kind = kind_of(s, image) };

	if (l.kind == NULL)
		return false;
	try_facts(&l, true);
	for (size_t i = 0; i < s->n && s->n_shown < GB_SIGNALS; i++) {
		if (l.at[i].signal == NULL)
			continue;
		l.at[i].text = pqm_arena_f(
			s->arena, "%.*s (of the image)", PQM_FMT(pqm_sub(l.at[i].text, 0, 100)));
		l.at[i].line = line;
		s->shown[s->n_shown++] = l.at[i];
	}
	return true;
}
