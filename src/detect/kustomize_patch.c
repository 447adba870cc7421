/* kustomize_patch.c — strategic-merge and JSON patches [RFC6902]. */
#include "base/limits.h"
#include "base/num.h"
#include "kustomize.h"

/* The key by which items of a list of a built-in kind are the same; others are replaced as a whole
 * [Kubernetes API conventions, patchMergeKey]. */
static const struct {
	const char *list, *key;
} merge_keys[] = {
	{ "containers", "name" },
	{ "initContainers", "name" },
	{ "ephemeralContainers", "name" },
	{ "volumes", "name" },
	{ "env", "name" },
	{ "imagePullSecrets", "name" },
	{ "secrets", "name" },
	{ "webhooks", "name" },
	{ "volumeMounts", "mountPath" },
	{ "volumeDevices", "devicePath" },
	{ "hostAliases", "ip" },
	{ "topologySpreadConstraints", "topologyKey" },
	{ "ports", "containerPort" },
	{ "ports", "port" },
};

/* Groups of the API server itself; those of definitions have no merge keys. */
static bool is_builtin(pqm_bytes api)
{
	static const char *const groups[] = { "networking.k8s.io", "rbac.authorization.k8s.io",
		"storage.k8s.io", "admissionregistration.k8s.io", "scheduling.k8s.io",
		"certificates.k8s.io", "coordination.k8s.io", "discovery.k8s.io", "policy", "apps",
		"batch", "autoscaling", "extensions" };
	size_t slash = pqm_find_byte(api, 0, '/');

	if (slash == SIZE_MAX)
		return true;
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if (pqm_eqs(pqm_sub(api, 0, slash), groups[i]))
			return true;
	return false;
}

struct merge {
	struct kz *k;
	uint32_t line;
	bool is_builtin;
};

static void merge_map(
	struct merge *m, struct pqm_yaml *t, const struct pqm_yaml *p, unsigned depth);

static const char *key_of_list(const struct merge *m, pqm_bytes list, const struct pqm_yaml *p)
{
	for (size_t i = 0; m->is_builtin && i < sizeof(merge_keys) / sizeof(merge_keys[0]); i++)
		if (pqm_eqs(list, merge_keys[i].list) && p->n > 0 &&
			pqm_yaml_get(p->items[0], merge_keys[i].key) != NULL)
			return merge_keys[i].key;
	return NULL;
}

static size_t item_with(const struct pqm_yaml *seq, const char *key, pqm_bytes value)
{
	for (size_t i = 0; i < seq->n; i++)
		if (pqm_eq(pqm_yaml_str(seq->items[i], key), value))
			return i;
	return SIZE_MAX;
}

static bool has_directive(const struct pqm_yaml *n, const char *what)
{
	return pqm_eqs(pqm_yaml_str(n, "$patch"), what);
}

/* What the patch names comes first, in its order; then what it does not name. */
static void merge_list(struct merge *m, struct pqm_yaml *t, const struct pqm_yaml *p,
	const char *key, unsigned depth)
{
	size_t n_front = 0;

	for (size_t i = 0; i < p->n; i++) {
		const struct pqm_yaml *item = p->items[i];
		size_t at = item_with(t, key, pqm_yaml_str(item, key));
		struct pqm_yaml *old = at == SIZE_MAX ? NULL : t->items[at];

		if (has_directive(item, "replace") && item->n == 1) {
			t->n = 0;
			n_front = 0;
			continue;
		}
		if (old != NULL)
			kz_remove(t, at);
		if (old != NULL && at < n_front)
			n_front--;
		if (has_directive(item, "delete"))
			continue;
		if (old != NULL && old->type == PQM_YAML_MAP)
			merge_map(m, old, item, depth + 1);
		else
			old = kz_copy(m->k, item, m->line, 0);
		kz_insert(m->k, t, n_front++, old);
	}
}

static bool is_null(const struct pqm_yaml *n)
{
	return n->type == PQM_YAML_SCALAR && n->is_plain && pqm_yaml_text(n).n == 0;
}

static void merge_map(struct merge *m, struct pqm_yaml *t, const struct pqm_yaml *p, unsigned depth)
{
	if (depth > PQM_YAML_DEPTH)
		return;
	if (has_directive(p, "replace"))
		t->n = 0;
	for (uint32_t i = 0; i < p->n && m->k->st == PQM_OK; i++) {
		pqm_bytes key = p->keys[i]->text;
		const struct pqm_yaml *item = p->items[i];
		struct pqm_yaml *old = kz_get_b(t, key);
		const char *by = item->type == PQM_YAML_SEQ ? key_of_list(m, key, item) : NULL;

		if (pqm_starts(key, PQM_LIT("$")))
			continue;
		if (is_null(item) || has_directive(item, "delete"))
			kz_del_key(t, key);
		else if (item->type == PQM_YAML_MAP && old != NULL && old->type == PQM_YAML_MAP)
			merge_map(m, old, item, depth + 1);
		else if (by != NULL && old != NULL && old->type == PQM_YAML_SEQ)
			merge_list(m, old, item, by, depth + 1);
		else
			kz_set_key(m->k, t, key, kz_copy(m->k, item, m->line, 0));
	}
}

void kz_merge(struct kz *k, struct pqm_yaml *target, const struct pqm_yaml *patch)
{
	struct merge m = { k, target->line, is_builtin(pqm_yaml_str(target, "apiVersion")) };

	if (target->type == PQM_YAML_MAP && patch->type == PQM_YAML_MAP)
		merge_map(&m, target, patch, 0);
}

/* One part of a JSON pointer, "~1" and "~0" undone [RFC6901]. */
static pqm_bytes unescape(struct kz *k, pqm_bytes part)
{
	uint8_t *p;
	size_t n = 0;

	if (pqm_find_byte(part, 0, '~') == SIZE_MAX)
		return part;
	p = pqm_arena_alloc(k->arena, part.n);
	if (p == NULL)
		return part;
	for (size_t i = 0; i < part.n; i++) {
		bool is_escape = part.p[i] == '~' && i + 1 < part.n;

		p[n++] = is_escape ? (uint8_t)(part.p[i + 1] == '1' ? '/' : '~') : part.p[i];
		i += is_escape;
	}
	return (pqm_bytes){ p, n };
}

/* The node that holds what the pointer names, and the last part of it. */
static struct pqm_yaml *holder(
	struct kz *k, struct pqm_yaml *root, pqm_bytes pointer, pqm_bytes *last)
{
	pqm_bytes rest = pqm_sub(pointer, 1, pointer.n), part;
	struct pqm_yaml *n = root;
	uint64_t at;

	if (pointer.n < 2 || pointer.p[0] != '/')
		return NULL;
	while (n != NULL && pqm_split(&rest, '/', &part)) {
		part = unescape(k, part);
		if (rest.p == NULL) {
			*last = part;
			return n->type == PQM_YAML_SCALAR ? NULL : n;
		}
		if (n->type == PQM_YAML_SEQ)
			n = pqm_u64_parse(part, UINT32_MAX, &at) && at < n->n ? n->items[at] : NULL;
		else
			n = kz_get_b(n, part);
	}
	return NULL;
}

static struct pqm_yaml *item_at(const struct pqm_yaml *in, pqm_bytes last, size_t *index)
{
	uint64_t at;

	*index = SIZE_MAX;
	if (in == NULL || in->type == PQM_YAML_MAP)
		return kz_get_b(in, last);
	if (!pqm_u64_parse(last, UINT32_MAX, &at) || at >= in->n)
		return NULL;
	*index = (size_t)at;
	return in->items[at];
}

static void put_at(struct kz *k, struct pqm_yaml *in, pqm_bytes last, struct pqm_yaml *item)
{
	uint64_t at = in->n;

	if (in->type == PQM_YAML_MAP)
		kz_set_key(k, in, last, item);
	else if (pqm_eqs(last, "-") || pqm_u64_parse(last, UINT32_MAX, &at))
		kz_insert(k, in, (size_t)at, item);
}

static void take_out(struct pqm_yaml *in, pqm_bytes last)
{
	size_t index;

	if (item_at(in, last, &index) == NULL)
		return;
	if (in->type == PQM_YAML_MAP)
		kz_del_key(in, last);
	else
		kz_remove(in, index);
}

static void json_op(struct kz *k, struct pqm_yaml *target, const struct pqm_yaml *op)
{
	pqm_bytes what = pqm_yaml_str(op, "op"), last = { NULL, 0 }, from_last = { NULL, 0 };
	struct pqm_yaml *in = holder(k, target, pqm_yaml_str(op, "path"), &last), *from, *item;
	const struct pqm_yaml *value = pqm_yaml_get(op, "value");
	size_t index;

	if (in == NULL)
		return;
	if (pqm_eqs(what, "remove")) {
		take_out(in, last);
	} else if (pqm_eqs(what, "add") && value != NULL) {
		put_at(k, in, last, kz_copy(k, value, target->line, 0));
	} else if (pqm_eqs(what, "replace") && value != NULL) {
		item = item_at(in, last, &index);
		if (item != NULL && index != SIZE_MAX)
			in->items[index] = kz_copy(k, value, target->line, 0);
		else if (item != NULL)
			kz_set_key(k, in, last, kz_copy(k, value, target->line, 0));
		if (index != SIZE_MAX && in->items[index] == NULL)
			in->items[index] = item;
	} else if (pqm_eqs(what, "move") || pqm_eqs(what, "copy")) {
		from = holder(k, target, pqm_yaml_str(op, "from"), &from_last);
		item = item_at(from, from_last, &index);
		if (item == NULL)
			return;
		item = kz_copy(k, item, target->line, 0);
		if (what.p[0] == 'm')
			take_out(from, from_last);
		in = holder(k, target, pqm_yaml_str(op, "path"), &last);
		if (in != NULL && item != NULL)
			put_at(k, in, last, item);
	}
}

void kz_json_patch(struct kz *k, struct pqm_yaml *target, const struct pqm_yaml *ops)
{
	for (size_t i = 0; i < ops->n && k->st == PQM_OK; i++)
		json_op(k, target, ops->items[i]);
}

/* A target's name or kind: a regular expression of which only "a|b" and ".*" are in use. */
static bool fits(struct kz *k, pqm_bytes pattern, pqm_bytes text)
{
	pqm_bytes part;

	if (pattern.n == 0)
		return true;
	if (pattern.n > 1 && pattern.p[0] == '^')
		pattern = pqm_sub(pattern, 1, pattern.n);
	if (pattern.n > 1 && pattern.p[pattern.n - 1] == '$')
		pattern.n--;
	if (pattern.n > 1 && pattern.p[0] == '(' && pattern.p[pattern.n - 1] == ')')
		pattern = pqm_sub(pattern, 1, pattern.n - 2);
	while (pattern.p != NULL && pqm_split(&pattern, '|', &part)) {
		uint8_t *glob = pqm_arena_alloc(k->arena, part.n + 1);
		size_t n = 0;

		for (size_t i = 0; glob != NULL && i < part.n; i++) {
			bool is_any = part.p[i] == '.' && i + 1 < part.n &&
				(part.p[i + 1] == '*' || part.p[i + 1] == '+');

			glob[n++] = is_any ? '*' : part.p[i];
			i += is_any;
		}
		if (glob != NULL && pqm_glob((pqm_bytes){ glob, n }, text))
			return true;
	}
	return false;
}

/* "a=b,c=d" or "a" against labels or annotations. */
static bool selects(pqm_bytes selector, const struct pqm_yaml *map)
{
	pqm_bytes part;

	while (selector.p != NULL && selector.n > 0 && pqm_split(&selector, ',', &part)) {
		size_t eq = pqm_find_byte(part, 0, '=');
		pqm_bytes key = pqm_trim(pqm_sub(part, 0, eq)), value;
		const struct pqm_yaml *has = kz_get_b(map, key);

		if (has == NULL)
			return false;
		if (eq == SIZE_MAX)
			continue;
		value = pqm_sub(part, eq + 1, part.n);
		if (value.n > 0 && value.p[0] == '=')
			value = pqm_sub(value, 1, value.n);
		if (!pqm_eq(pqm_trim(value), pqm_yaml_text(has)))
			return false;
	}
	return true;
}

static pqm_bytes group_of(const struct pqm_yaml *root)
{
	pqm_bytes api = pqm_yaml_str(root, "apiVersion");
	size_t slash = pqm_find_byte(api, 0, '/');

	return slash == SIZE_MAX ? (pqm_bytes){ NULL, 0 } : pqm_sub(api, 0, slash);
}

static bool is_target(struct kz *k, const struct kz_res *r, const struct pqm_yaml *t)
{
	const struct pqm_yaml *meta = pqm_yaml_get(r->root, "metadata");
	pqm_bytes name = pqm_yaml_str(t, "name"), group = pqm_yaml_str(t, "group");

	return fits(k, pqm_yaml_str(t, "kind"), pqm_yaml_str(r->root, "kind")) &&
		(group.n == 0 || fits(k, group, group_of(r->root))) &&
		(fits(k, name, pqm_yaml_str(meta, "name")) || fits(k, name, r->first_name)) &&
		fits(k, pqm_yaml_str(t, "namespace"), pqm_yaml_str(meta, "namespace")) &&
		selects(pqm_yaml_str(t, "labelSelector"), pqm_yaml_get(meta, "labels")) &&
		selects(pqm_yaml_str(t, "annotationSelector"), pqm_yaml_get(meta, "annotations"));
}

/* A patch without a target says itself what it is for. */
static bool is_meant(const struct kz_res *r, const struct pqm_yaml *patch)
{
	const struct pqm_yaml *meta = pqm_yaml_get(r->root, "metadata");
	const struct pqm_yaml *want = pqm_yaml_get(patch, "metadata");
	pqm_bytes name = pqm_yaml_str(want, "name"), ns = pqm_yaml_str(want, "namespace");

	return pqm_eq(pqm_yaml_str(r->root, "kind"), pqm_yaml_str(patch, "kind")) &&
		pqm_eq(group_of(r->root), group_of(patch)) &&
		(pqm_eq(name, pqm_yaml_str(meta, "name")) || pqm_eq(name, r->first_name)) &&
		(ns.n == 0 || pqm_eq(ns, pqm_yaml_str(meta, "namespace")));
}

struct patching {
	struct kz *k;
	struct kz_set *set;
	const struct pqm_yaml *target; /* NULL: the patch says it */
};

/* The name and kind of a target stay. */
static void apply_merge(struct kz *k, struct kz_res *r, const struct pqm_yaml *patch)
{
	struct pqm_yaml *root = r->root;
	pqm_bytes name = pqm_yaml_str(kz_get(root, "metadata"), "name");
	pqm_bytes kind = pqm_yaml_str(root, "kind"), api = pqm_yaml_str(root, "apiVersion");

	kz_merge(k, root, patch);
	kz_set_key(k, root, PQM_LIT("kind"), kz_text(k, kind, root->line));
	kz_set_key(k, root, PQM_LIT("apiVersion"), kz_text(k, api, root->line));
	kz_set_key(k, kz_make(k, root, "metadata"), PQM_LIT("name"), kz_text(k, name, root->line));
}

static void patch_doc(void *ctx, struct pqm_yaml *patch)
{
	struct patching *p = ctx;

	for (size_t i = 0; i < p->set->n && p->k->st == PQM_OK; i++) {
		struct kz_res *r = &p->set->res[i];

		if (p->target != NULL ? !is_target(p->k, r, p->target) : !is_meant(r, patch))
			continue;
		if (patch->type == PQM_YAML_SEQ) {
			kz_json_patch(p->k, r->root, patch);
		} else if (has_directive(patch, "delete")) {
			memmove(r, r + 1, (p->set->n - i - 1) * sizeof(*r));
			p->set->n--;
			i--;
		} else {
			apply_merge(p->k, r, patch);
		}
	}
}

static bool is_inline(pqm_bytes text)
{
	return pqm_find_byte(text, 0, '\n') != SIZE_MAX || pqm_find_byte(text, 0, '{') != SIZE_MAX;
}

static void patch_text(struct patching *p, pqm_bytes dir, pqm_bytes path, pqm_bytes text)
{
	if (path.n > 0 && !kz_read(p->k, dir, path, true, &text))
		return;
	if (text.n > 0)
		kz_docs(p->k, text, path.n > 0 ? path : PQM_LIT("patch"), patch_doc, p);
}

static void each_patch(struct patching *p, const struct pqm_yaml *list, pqm_bytes dir)
{
	const pqm_bytes none = { NULL, 0 };

	for (size_t i = 0; list != NULL && list->type == PQM_YAML_SEQ && i < list->n; i++) {
		const struct pqm_yaml *e = list->items[i];
		pqm_bytes text = pqm_yaml_text(e);

		if (p->k->st != PQM_OK)
			return;
		if (e->type == PQM_YAML_SCALAR) {
			p->target = NULL;
			patch_text(p, dir, is_inline(text) ? none : text,
				is_inline(text) ? text : none);
			continue;
		}
		p->target = pqm_yaml_get(e, "target");
		patch_text(p, dir, pqm_yaml_str(e, "path"), pqm_yaml_str(e, "patch"));
	}
}

void kz_patches(struct kz *k, struct kz_set *set, const struct pqm_yaml *kust, pqm_bytes dir)
{
	struct patching p = { k, set, NULL };

	each_patch(&p, pqm_yaml_get(kust, "patchesStrategicMerge"), dir);
	each_patch(&p, pqm_yaml_get(kust, "patches"), dir);
	each_patch(&p, pqm_yaml_get(kust, "patchesJson6902"), dir);
}
