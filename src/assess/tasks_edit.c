/* tasks_edit.c — one edit, one task: links that the same line or the same control plane decides. */
#include "tasks_int.h"

#include "base/num.h"

#define USES_NAMED_MAX 3

static bool starts_target(pqm_bytes path, pqm_bytes name)
{
	return pqm_starts(path, name) &&
		(path.n == name.n || path.p[name.n] == '/' || path.p[name.n] == ':' ||
			(name.n > 0 && name.p[name.n - 1] == '/'));
}

/* Two clusters scanned together have a control plane each. */
static pqm_bytes target_of(const struct tk_maker *m, pqm_bytes path)
{
	pqm_bytes best = { NULL, 0 };

	for (size_t i = 0; m->inv->n_targets > 1 && i < m->inv->n_targets; i++)
		if (m->inv->targets[i].name.n > best.n &&
			starts_target(path, m->inv->targets[i].name))
			best = m->inv->targets[i].name;
	return best;
}

/* The line that decides the hop is one that its own task edits. */
static bool is_patched(const struct tk_maker *m, const struct pqm_hop *h, pqm_bytes field)
{
	const struct pqm_rule *rule = pqm_plan_type(m->r, h->task);
	const struct pqm_yaml *list = rule == NULL ? NULL : pqm_yaml_get(rule->node, "patches");

	for (size_t i = 0; list != NULL && i < list->n; i++)
		if (pqm_glob(pqm_yaml_str(list->items[i], "at"), field))
			return true;
	return false;
}

/* Two controllers read two ConfigMaps, and nothing here tells which serves whom. */
static bool has_several(const struct tk_maker *m, const struct pqm_rule *software)
{
	const struct tk_runs *runs = pqm_map_get(&m->ix.runs, software->id);

	return runs != NULL && runs->n > 1;
}

pqm_bytes tk_edit_of(struct tk_maker *m, const struct pqm_hop *h, const struct tk_site *s)
{
	const struct pqm_object *o = s->object;
	pqm_bytes target;

	if (o != NULL && is_patched(m, h, s->field)) {
		target = target_of(m, o->path);
		return pqm_arena_f(m->arena, "%.*s%s%.*s/%.*s/%.*s#%.*s", PQM_FMT(target),
			target.n > 0 ? ":" : "", PQM_FMT((o->ns.n > 0 ? o->ns : PQM_LIT("-"))),
			PQM_FMT(o->kind), PQM_FMT(o->name), PQM_FMT(s->field));
	}
	if (s->software == NULL || !pqm_yaml_true(s->software->node, "one_edit") ||
		has_several(m, s->software))
		return (pqm_bytes){ NULL, 0 };
	target = target_of(m, h->path);
	return pqm_arena_f(m->arena, "%.*s%s%.*s", PQM_FMT(target), target.n > 0 ? ":" : "",
		PQM_FMT(pqm_yaml_str(s->software->node, "software")));
}

/* ---- the links of one edit ---- */

static pqm_bytes label_of(struct tk_maker *m, const struct tk_draft *d, const struct pqm_hop *h)
{
	uint32_t node = tk_pick(m, h, pqm_yaml_str(d->rule->node, "target"));

	return tk_node(m, node) == NULL ? h->label : tk_place_of_node(m, node).label;
}

void tk_add_use(struct tk_maker *m, struct tk_draft *d, const struct tk_cause *c)
{
	struct tk_use *grown;
	pqm_bytes label = label_of(m, d, c->hop);

	for (size_t i = 0; i < d->n_uses; i++)
		if (pqm_eq(d->uses[i].label, label))
			return;
	if (d->n_uses >= PQM_TASK_PLACES_MAX)
		return;
	grown = pqm_grow(m->arena, d->uses, d->n_uses, &d->cap_uses);
	if (grown == NULL) {
		tk_no_memory(m);
		return;
	}
	d->uses = grown;
	d->uses[d->n_uses++] = (struct tk_use){ c->hop, *c->site, label };
}

pqm_bytes tk_use_place(struct tk_maker *m, const struct tk_draft *d, const struct tk_cause *c)
{
	pqm_bytes at = tk_site_endpoint(c->site, m->arena), label = label_of(m, d, c->hop);

	if (at.n > 0 && pqm_starts(at, label))
		return at;
	return c->site->host.n == 0 || c->site->port.n == 0
		? label
		: pqm_arena_f(m->arena, "%.*s, %.*s", PQM_FMT(label), PQM_FMT(at));
}

pqm_bytes tk_uses_label(struct tk_maker *m, const struct tk_draft *d)
{
	pqm_bytes out = { NULL, 0 };
	char count[32];

	for (size_t i = 0; i < d->n_uses && i < USES_NAMED_MAX; i++)
		out = pqm_arena_f(m->arena, "%.*s%s%.*s", PQM_FMT(out), i > 0 ? ", " : "",
			PQM_FMT(d->uses[i].label));
	return d->n_uses <= USES_NAMED_MAX
		? out
		: pqm_arena_f(m->arena, "%.*s and %s more", PQM_FMT(out),
			  pqm_human_count(count, d->n_uses - USES_NAMED_MAX));
}

static bool names_site(pqm_bytes line)
{
	static const char *const words[] = { "{endpoint}", "{s_client}", "{host}" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (pqm_find(line, 0, pqm_str(words[i])) != SIZE_MAX)
			return true;
	return false;
}

pqm_bytes tk_fill_uses(const struct tk_words *w, const struct tk_draft *d, pqm_bytes text)
{
	pqm_bytes rest = text, line, out = { NULL, 0 };
	struct tk_words own = *w;

	if (d->n_uses < 2)
		return tk_fill(w, text);
	while (rest.p != NULL && pqm_split(&rest, '\n', &line)) {
		for (size_t i = 0; i < (names_site(line) ? d->n_uses : 1); i++) {
			pqm_bytes one;

			own.site = &d->uses[i].site;
			one = tk_fill(&own, line);
			/* links without a name of their own give the same line */
			if (out.n == 0 || pqm_find(out, 0, one) == SIZE_MAX)
				out = pqm_arena_f(w->arena, "%.*s%s%.*s", PQM_FMT(out),
					out.n > 0 ? "\n" : "", PQM_FMT(one));
		}
	}
	return out;
}
