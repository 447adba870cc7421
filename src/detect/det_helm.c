/*
 * Values of a chart as configuration: images and TLS settings that hold unless somebody gives others. With
 * --render helm what the user's own helm makes of the chart stands for its templates.
 */
#include "base/limits.h"
#include "k8s_helm.h"

/* values.yaml, values-prod.yaml, prod-values.yaml: what people call them. */
static bool is_values_name(pqm_bytes name)
{
	size_t dot = pqm_ends(name, PQM_LIT(".yml")) ? 4 : 5;

	if (dot == 5 && !pqm_ends(name, PQM_LIT(".yaml")))
		return false;
	return pqm_starts(name, PQM_LIT("values")) ||
		pqm_ends(pqm_sub(name, 0, name.n - dot), PQM_LIT("values"));
}

static bool wants(const struct pqm_artifact *a)
{
	return a->depth == 0 && (is_values_name(a->name) || pqm_eqs(a->name, "Chart.yaml"));
}

static struct pqm_yaml *map_of(struct pqm_arena *arena, const struct pqm_yaml *at, size_t room)
{
	struct pqm_yaml *m = pqm_new(arena, struct pqm_yaml, 1);

	if (m == NULL)
		return NULL;
	*m = (struct pqm_yaml){ .type = PQM_YAML_MAP, .line = at->line, .col = at->col };
	m->keys = pqm_arena_array(arena, room, sizeof(*m->keys));
	m->items = pqm_arena_array(arena, room, sizeof(*m->items));
	return m->keys == NULL || m->items == NULL ? NULL : m;
}

static bool add(struct pqm_arena *arena, struct pqm_yaml *map, const char *key, pqm_bytes text,
	const struct pqm_yaml *item)
{
	struct pqm_yaml *k = pqm_new(arena, struct pqm_yaml, 1);
	struct pqm_yaml *v = pqm_new(arena, struct pqm_yaml, 1);

	if (k == NULL || v == NULL)
		return false;
	*k = *v = (struct pqm_yaml){ .type = PQM_YAML_SCALAR, .line = map->line, .col = map->col };
	k->text = pqm_str(key);
	v->text = text;
	map->keys[map->n] = k;
	map->items[map->n++] = item != NULL ? (struct pqm_yaml *)(uintptr_t)item : v;
	return true;
}

/* The values as an object of a kind of their own, so that rules say what of them counts. */
static enum pqm_st emit_values(struct pqm_k8s_scan *s, const struct pqm_yaml *values,
	pqm_bytes chart, bool is_own, struct pqm_err *err)
{
	struct pqm_arena *arena = s->a->arena;
	struct pqm_yaml *root = map_of(arena, values, 4), *meta = map_of(arena, values, 1);
	pqm_bytes name = chart;

	if (!is_own || !pqm_eqs(s->a->name, "values.yaml"))
		name = pqm_arena_f(arena, "%.*s/%.*s", PQM_FMT(chart), PQM_FMT(s->a->name));
	if (root == NULL || meta == NULL || !add(arena, meta, "name", name, NULL) ||
		!add(arena, root, "apiVersion", PQM_LIT("helm.sh/v1"), NULL) ||
		!add(arena, root, "kind", PQM_LIT("Values"), NULL) ||
		!add(arena, root, "metadata", PQM_LIT(""), meta) ||
		!add(arena, root, "values", PQM_LIT(""), values))
		return pqm_fail(err, PQM_ENOMEM, "values: out of memory");
	return pqm_k8s_object(s, root, err);
}

/* The folder, for values of a chart that is elsewhere. */
static pqm_bytes folder_of(const struct pqm_artifact *a)
{
	size_t end = a->path.n > a->name.n ? a->path.n - a->name.n - 1 : 0, from = end;

	while (from > 0 && a->path.p[from - 1] != '/')
		from--;
	return pqm_sub(a->path, from, end - from);
}

/* is_own: of the chart in the same folder. */
static enum pqm_st read_values(
	struct pqm_k8s_scan *s, pqm_bytes chart, bool is_own, struct pqm_err *err)
{
	const struct pqm_artifact *a = s->a;
	const struct pqm_yaml *root = NULL;
	struct pqm_err why = { 0 };
	enum pqm_st st = pqm_yaml_one(&root, a->body, a->arena, &why);

	if (st != PQM_OK) {
		if (pqm_find(pqm_str(why.msg), 0, PQM_LIT("is empty")) == SIZE_MAX)
			pqm_emit_note(s->out, UINT64_MAX, st, "values of a chart: %s", why.msg);
		return PQM_OK;
	}
	return root->type == PQM_YAML_MAP ? emit_values(s, root, chart, is_own, err) : PQM_OK;
}

static enum pqm_st render(const struct pqm_artifact *a, struct pqm_emit *out)
{
	struct pqm_err why = { 0 };
	pqm_bytes text;
	enum pqm_st st;

	if (a->near->render == NULL)
		return PQM_OK;
	st = a->near->render(a->near, "helm", a->arena, &text, &why);
	if (st != PQM_OK) {
		pqm_emit_note(
			out, UINT64_MAX, st, "%s; the templates were read without it", why.msg);
		return PQM_OK;
	}
	pqm_emit_used(out, PQM_LIT("templates/"));
	pqm_emit_used(out, PQM_LIT("charts/"));
	return pqm_emit_child(out,
		&(struct pqm_child){ .body = text, .path_part = PQM_LIT("helm template.yaml") });
}

static enum pqm_st run(const struct pqm_rules *r, const struct pqm_artifact *a,
	const struct pqm_hits *hits, struct pqm_emit *out, struct pqm_err *err)
{
	struct pqm_k8s_scan s = { .rules = r, .a = a, .out = out, .is_named = true };
	const struct pqm_yaml *chart = NULL;
	struct pqm_err ignored = { 0 };
	pqm_bytes text, name = { NULL, 0 };
	enum pqm_st st;

	(void)hits;
	if (pqm_eqs(a->name, "Chart.yaml"))
		return a->near == NULL ? PQM_OK : render(a, out);
	if (a->near != NULL &&
		a->near->read(a->near, PQM_LIT("Chart.yaml"), a->arena, &text, &ignored) ==
			PQM_OK &&
		pqm_yaml_one(&chart, text, a->arena, &ignored) == PQM_OK)
		name = pqm_yaml_str(chart, "name");
	else if (pqm_find(a->body, 0, PQM_LIT("apiVersion:")) != SIZE_MAX ||
		pqm_find(a->body, 0, PQM_LIT("{{")) != SIZE_MAX)
		return PQM_OK; /* a manifest or a template of that name */
	else
		name = folder_of(a);
	st = pqm_rules_k8s(&s.kinds, r, err);
	return st != PQM_OK ? st : read_values(&s, name, chart != NULL, err);
}

const struct pqm_detector pqm_det_helm = {
	.name = "helm",
	.version = 1,
	.summary = "Values of Helm charts: images and TLS settings that hold by default",
	.wants = wants,
	.run = run,
};
