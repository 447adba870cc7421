#include "kube_discovery.h"

#include "base/limits.h"
#include "parse/yaml_json.h"

#define AGGREGATED                                                                                 \
	"application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"                    \
	"application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,"               \
	"application/json"

/* Parts of URLs, as Kubernetes names them. */
static bool is_name(pqm_bytes s)
{
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];

		if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '.')
			return false;
	}
	return s.n > 0 && s.n <= PQM_K8S_KEY_BYTES && s.p[0] != '.';
}

static bool has_verb(const struct pqm_yaml *verbs, const char *verb)
{
	for (size_t i = 0; verbs != NULL && verbs->type == PQM_YAML_SEQ && i < verbs->n; i++)
		if (pqm_eqs(pqm_yaml_text(verbs->items[i]), verb))
			return true;
	return false;
}

static bool is_known(const struct pqm_kube_resources *r, pqm_bytes group, pqm_bytes name)
{
	for (size_t i = 0; i < r->n; i++)
		if (pqm_eq(r->list[i].group, group) && pqm_eq(r->list[i].name, name))
			return true;
	return false;
}

/* Versions come preferred first: the first that has the resource is asked. */
static void add(struct pqm_kube_resources *r, const struct pqm_kube_resource *found)
{
	const struct pqm_k8s_kind *rule = pqm_k8s_kind_of(r->kinds, found->group, found->kind);
	struct pqm_kube_resource *grown, *to;

	if (rule == NULL || !pqm_k8s_is_live(rule) || !is_name(found->name) ||
		!is_name(found->version) || (found->group.n > 0 && !is_name(found->group)) ||
		is_known(r, found->group, found->name))
		return;
	grown = pqm_grow(r->arena, r->list, r->n, &r->cap);
	if (grown == NULL)
		return;
	r->list = grown;
	to = &r->list[r->n];
	to->group = pqm_bytes_dup(r->arena, found->group);
	to->version = pqm_bytes_dup(r->arena, found->version);
	to->kind = pqm_bytes_dup(r->arena, found->kind);
	to->name = pqm_bytes_dup(r->arena, found->name);
	to->is_namespaced = found->is_namespaced;
	to->rule = rule;
	r->n += to->name.p != NULL && to->kind.p != NULL && to->version.p != NULL;
}

static const struct pqm_yaml *read_json(struct pqm_arena *a, pqm_bytes text)
{
	struct pqm_yjson_at at = { 0, 1, 1 };
	const struct pqm_yaml *root = NULL;
	struct pqm_err ignored = { 0 };

	while (at.off < text.n && text.p[at.off] <= ' ')
		at.off++;
	return pqm_yjson_value(&root, text, &at, NULL, a, &ignored) == PQM_OK ? root : NULL;
}

static const struct pqm_yaml *list_of(const struct pqm_yaml *map, const char *key, size_t *n)
{
	const struct pqm_yaml *l = pqm_yaml_get(map, key);

	*n = l != NULL && l->type == PQM_YAML_SEQ ? l->n : 0;
	return l;
}

static void add_version(
	struct pqm_kube_resources *out, pqm_bytes group, const struct pqm_yaml *version)
{
	size_t n = 0;
	const struct pqm_yaml *resources = list_of(version, "resources", &n);

	for (size_t i = 0; i < n; i++) {
		const struct pqm_yaml *r = resources->items[i];
		struct pqm_kube_resource found = { .group = group,
			.version = pqm_yaml_str(version, "version"),
			.kind = pqm_yaml_str(pqm_yaml_get(r, "responseKind"), "kind"),
			.name = pqm_yaml_str(r, "resource"),
			.is_namespaced = pqm_eqs(pqm_yaml_str(r, "scope"), "Namespaced") };

		if (has_verb(pqm_yaml_get(r, "verbs"), "list"))
			add(out, &found);
	}
}

bool pqm_kube_aggregated(struct pqm_kube_resources *out, pqm_bytes text, size_t *n_stale)
{
	struct pqm_arena a;
	size_t n_groups = 0;
	const struct pqm_yaml *root, *groups;
	bool is_one;

	pqm_arena_init(&a, PQM_ARENA_BYTES);
	root = read_json(&a, text);
	is_one = pqm_eqs(pqm_yaml_str(root, "kind"), "APIGroupDiscoveryList");
	groups = is_one ? list_of(root, "items", &n_groups) : NULL;
	for (size_t g = 0; g < n_groups; g++) {
		size_t n = 0;
		const struct pqm_yaml *versions = list_of(groups->items[g], "versions", &n);
		pqm_bytes name = pqm_yaml_str(pqm_yaml_get(groups->items[g], "metadata"), "name");

		for (size_t v = 0; v < n; v++) {
			add_version(out, name, versions->items[v]);
			*n_stale += pqm_eqs(pqm_yaml_str(versions->items[v], "freshness"), "Stale");
		}
	}
	pqm_arena_fini(&a);
	return is_one;
}

bool pqm_kube_resource_list(struct pqm_kube_resources *out, pqm_bytes text)
{
	struct pqm_arena a;
	size_t n = 0, slash;
	const struct pqm_yaml *root, *resources;
	pqm_bytes gv;
	bool is_one;

	pqm_arena_init(&a, PQM_ARENA_BYTES);
	root = read_json(&a, text);
	is_one = pqm_eqs(pqm_yaml_str(root, "kind"), "APIResourceList");
	resources = is_one ? list_of(root, "resources", &n) : NULL;
	gv = pqm_yaml_str(root, "groupVersion");
	slash = pqm_find_byte(gv, 0, '/');
	for (size_t i = 0; i < n; i++) {
		const struct pqm_yaml *r = resources->items[i];
		struct pqm_kube_resource found = { .kind = pqm_yaml_str(r, "kind"),
			.name = pqm_yaml_str(r, "name"),
			.is_namespaced = pqm_yaml_true(r, "namespaced") };

		found.version = slash == SIZE_MAX ? gv : pqm_sub(gv, slash + 1, gv.n);
		if (slash != SIZE_MAX)
			found.group = pqm_sub(gv, 0, slash);
		if (has_verb(pqm_yaml_get(r, "verbs"), "list"))
			add(out, &found); /* "pods/status" is no name */
	}
	pqm_arena_fini(&a);
	return is_one;
}

struct discovery {
	struct pqm_kube *k;
	struct pqm_kube_resources *out;
	struct pqm_buf body;
	void (*gap)(void *ctx, const char *path, const char *words);
	void *ctx;
};

/* PQM_OK without a document for a status other than 200. */
static enum pqm_st get(struct discovery *d, const char *path, const char *accept, unsigned *status,
	struct pqm_err *err)
{
	enum pqm_st st = pqm_kube_get(d->k, path, accept, &d->body, status, err);

	if (st == PQM_OK && *status == 401)
		return pqm_fail(err, PQM_ENET, "%s: 401: the credential is not accepted",
			pqm_kube_server(d->k));
	return st;
}

/* A group that fails (its own server is down) is a gap; the others are read. */
static enum pqm_st read_group(struct discovery *d, const char *path, struct pqm_err *err)
{
	struct pqm_err why = { 0 };
	unsigned status = 0;
	char words[64];
	enum pqm_st st = get(d, path, "application/json", &status, &why);

	if (st == PQM_ENOMEM)
		return pqm_fail(err, st, "%s", why.msg);
	if (st == PQM_OK && status == 200 &&
		pqm_kube_resource_list(d->out, pqm_buf_bytes(&d->body)))
		return PQM_OK;
	(void)snprintf(words, sizeof(words), "discovery: the server answers %u", status);
	d->gap(d->ctx, path, words);
	return PQM_OK;
}

static bool is_wanted_group(const struct pqm_k8s_kinds *k, pqm_bytes group)
{
	for (size_t i = 0; i < k->n; i++)
		if (pqm_k8s_is_live(&k->kind[i]) &&
			(k->kind[i].groups == NULL || pqm_k8s_listed(k->kind[i].groups, group)))
			return true;
	return false;
}

/* The preferred version first, so that a resource is read in it. */
static enum pqm_st read_versions(
	struct discovery *d, const struct pqm_yaml *group, struct pqm_arena *a, struct pqm_err *err)
{
	size_t n = 0;
	const struct pqm_yaml *versions = list_of(group, "versions", &n);
	pqm_bytes first = pqm_yaml_str(pqm_yaml_get(group, "preferredVersion"), "version");
	pqm_bytes name = pqm_yaml_str(group, "name");
	enum pqm_st st = PQM_OK;

	for (unsigned pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < n && st == PQM_OK; i++) {
			pqm_bytes v = pqm_yaml_str(versions->items[i], "version"), path;

			if (pqm_eq(v, first) != (pass == 0) || !is_name(v) || !is_name(name))
				continue;
			path = pqm_arena_f(a, "/apis/%.*s/%.*s", PQM_FMT(name), PQM_FMT(v));
			st = path.p == NULL ? pqm_fail(err, PQM_ENOMEM, "out of memory")
					    : read_group(d, (const char *)path.p, err);
		}
	return st;
}

static enum pqm_st read_legacy(struct discovery *d, struct pqm_err *err)
{
	struct pqm_arena a;
	const struct pqm_yaml *root = NULL, *groups;
	unsigned status = 0;
	size_t n = 0;
	enum pqm_st st = read_group(d, "/api/v1", err);

	pqm_arena_init(&a, PQM_ARENA_BYTES);
	if (st == PQM_OK)
		st = get(d, "/apis", "application/json", &status, err);
	if (st == PQM_OK && status == 200)
		root = read_json(&a, pqm_bytes_dup(&a, pqm_buf_bytes(&d->body)));
	if (st == PQM_OK && (root == NULL || !pqm_eqs(pqm_yaml_str(root, "kind"), "APIGroupList")))
		d->gap(d->ctx, "/apis", "discovery: no list of API groups came");
	groups = list_of(root, "groups", &n);
	for (size_t i = 0; i < n && st == PQM_OK; i++)
		if (is_wanted_group(d->out->kinds, pqm_yaml_str(groups->items[i], "name")))
			st = read_versions(d, groups->items[i], &a, err);
	pqm_arena_fini(&a);
	return st;
}

/* What controllers make comes behind them, and pods, of the group without a name, behind all. */
static int in_order(const void *x, const void *y)
{
	const struct pqm_kube_resource *a = x, *b = y;
	bool is_made = a->rule->is_made;
	int c = (int)is_made - (int)b->rule->is_made;

	if (c == 0)
		c = is_made ? pqm_cmp(b->group, a->group) : pqm_cmp(a->group, b->group);
	return c != 0 ? c : pqm_cmp(a->name, b->name);
}

/* Clusters before 1.22 serve the same objects in this group and in the ones that took its place. */
static bool is_double(const struct pqm_kube_resources *r, const struct pqm_kube_resource *x)
{
	for (size_t i = 0; pqm_eqs(x->group, "extensions") && i < r->n; i++)
		if (&r->list[i] != x && r->list[i].rule == x->rule)
			return true;
	return false;
}

void pqm_kube_resources_sort(struct pqm_kube_resources *r)
{
	for (size_t i = 0; i < r->n;)
		if (is_double(r, &r->list[i]))
			r->list[i] = r->list[--r->n];
		else
			i++;
	if (r->n > 1)
		qsort(r->list, r->n, sizeof(*r->list), in_order);
}

static enum pqm_st read_all(struct discovery *d, struct pqm_err *err)
{
	static const char *const path[] = { "/api", "/apis" };
	bool is_aggregated = true;
	size_t n_stale = 0;
	enum pqm_st st = PQM_OK;

	for (size_t i = 0; i < 2 && st == PQM_OK && is_aggregated; i++) {
		unsigned status = 0;

		st = get(d, path[i], AGGREGATED, &status, err);
		if (st == PQM_OK && status == 403)
			return pqm_fail(err, PQM_ENET,
				"%s: 403: discovery is not allowed (see system:discovery)",
				pqm_kube_server(d->k));
		is_aggregated = st == PQM_OK && status == 200 &&
			pqm_kube_aggregated(d->out, pqm_buf_bytes(&d->body), &n_stale);
	}
	if (n_stale > 0)
		d->gap(d->ctx, "/apis", "discovery: groups without answer from their server");
	return st != PQM_OK || is_aggregated ? st : read_legacy(d, err);
}

enum pqm_st pqm_kube_discover(struct pqm_kube *k, struct pqm_kube_resources *out,
	void (*gap)(void *ctx, const char *path, const char *words), void *ctx, struct pqm_err *err)
{
	struct discovery d = { .k = k, .out = out, .gap = gap, .ctx = ctx };
	enum pqm_st st;

	pqm_buf_init(&d.body, PQM_KUBE_PAGE_BYTES);
	st = read_all(&d, err);
	pqm_buf_fini(&d.body);
	if (st == PQM_OK && out->n == 0)
		st = pqm_fail(
			err, PQM_EPARSE, "%s: no Kubernetes API answers there", pqm_kube_server(k));
	pqm_kube_resources_sort(out);
	return st;
}
