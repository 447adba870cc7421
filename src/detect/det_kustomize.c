/* What a kustomization gives, as the objects that it would install. */
#include "base/limits.h"
#include "kustomize.h"

static bool wants(const struct pqm_artifact *a)
{
	return a->depth == 0 &&
		(pqm_eqs(a->name, "kustomization.yaml") || pqm_eqs(a->name, "kustomization.yml") ||
			pqm_eqs(a->name, "Kustomization"));
}

/* Places in other files are told by line; offsets would be of the wrong file. */
static void settle(struct pqm_yaml *n, unsigned depth)
{
	n->off = n->end_off = 0;
	if (n->type == PQM_YAML_SCALAR || depth > PQM_YAML_DEPTH)
		return;
	for (uint32_t i = 0; i < n->n; i++)
		settle(n->items[i], depth + 1);
}

static enum pqm_st emit(struct pqm_k8s_scan *s, struct kz_set *set, struct pqm_err *err)
{
	enum pqm_st st = PQM_OK;

	for (size_t i = 0; i < set->n && st == PQM_OK; i++) {
		settle(set->res[i].root, 0);
		pqm_emit_part(s->out, set->res[i].file);
		st = pqm_k8s_object(s, set->res[i].root, err);
	}
	pqm_emit_part(s->out, (pqm_bytes){ NULL, 0 });
	return st;
}

/* What the user's own kustomize makes of it: true when that stands for the build. */
static bool render(const struct pqm_artifact *a, struct pqm_emit *out, enum pqm_st *st)
{
	struct pqm_err why = { 0 };
	pqm_bytes text;

	if (a->near->render == NULL)
		return false;
	*st = a->near->render(a->near, "kustomize", a->arena, &text, &why);
	if (*st != PQM_OK) {
		pqm_emit_note(out, UINT64_MAX, *st, "%s; built without it", why.msg);
		return false;
	}
	*st = pqm_emit_child(out,
		&(struct pqm_child){ .body = text, .path_part = PQM_LIT("kustomize build.yaml") });
	return true;
}

static enum pqm_st run(const struct pqm_rules *r, const struct pqm_artifact *a,
	const struct pqm_hits *hits, struct pqm_emit *out, struct pqm_err *err)
{
	struct pqm_artifact own = *a;
	struct pqm_k8s_scan s = { .rules = r, .a = &own, .out = out, .is_named = true };
	struct pqm_arena arena;
	struct kz k = { .rules = r, .a = a, .out = out, .arena = &arena };
	struct kz_set set = { 0 };
	enum pqm_st st;

	if (hits->done_until != NULL && *hits->done_until > 0)
		return PQM_OK;
	if (a->near == NULL)
		return PQM_OK;
	pqm_arena_init(&arena, PQM_ARENA_BYTES);
	own.arena = &arena;
	s.shapes.arena = &arena;
	st = pqm_rules_k8s(&s.kinds, r, err);
	if (st == PQM_OK) {
		kz_build(&k, &set); /* also for a rendered one: it tells which files are used */
		st = k.st;
		if (st == PQM_OK && !render(a, out, &st))
			st = emit(&s, &set, err);
	}
	pqm_arena_wipe(&arena); /* values of Secrets went through */
	pqm_arena_fini(&arena);
	return st;
}

const struct pqm_detector pqm_det_kustomize = {
	.name = "kustomize",
	.version = 1,
	.summary = "Kustomize overlays: the objects that a folder's kustomization gives",
	.wants = wants,
	.run = run,
};
