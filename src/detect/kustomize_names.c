/* kustomize_names.c — namespace, names, labels, images, and the references that follow a changed name. */
#include "base/limits.h"
#include "base/map.h"
#include "kustomize.h"

static struct pqm_yaml *meta_of(struct kz *k, const struct kz_res *r)
{
	return kz_make(k, r->root, "metadata");
}

static bool is_one_of(pqm_bytes kind, const char *const *list)
{
	for (; *list != NULL; list++)
		if (pqm_eqs(kind, *list))
			return true;
	return false;
}

/* Kinds of the API server without a namespace. Of other kinds Kustomize knows nothing and gives them one. */
static const char *const cluster_kinds[] = { "Namespace", "Node", "PersistentVolume", "ClusterRole",
	"ClusterRoleBinding", "CustomResourceDefinition", "StorageClass", "PriorityClass",
	"IngressClass", "RuntimeClass", "CSIDriver", "CSINode", "APIService",
	"MutatingWebhookConfiguration", "ValidatingWebhookConfiguration",
	"ValidatingAdmissionPolicy", "CertificateSigningRequest", "VolumeAttachment",
	"ClusterTrustBundle", NULL };

/* Kinds whose name means something by itself. */
static const char *const fixed_names[] = { "Namespace", "CustomResourceDefinition", "APIService",
	NULL };

static void set_namespace(struct kz *k, const struct kz_res *r, pqm_bytes ns)
{
	pqm_bytes kind = pqm_yaml_str(r->root, "kind");

	if (pqm_eqs(kind, "Namespace"))
		kz_set_key(k, meta_of(k, r), PQM_LIT("name"), kz_text(k, ns, r->root->line));
	else if (!is_one_of(kind, cluster_kinds))
		kz_set_key(k, meta_of(k, r), PQM_LIT("namespace"), kz_text(k, ns, r->root->line));
}

static void set_name(struct kz *k, const struct kz_res *r, pqm_bytes prefix, pqm_bytes suffix)
{
	struct pqm_yaml *meta = meta_of(k, r);
	pqm_bytes name = pqm_yaml_str(meta, "name");

	if (name.n == 0 || is_one_of(pqm_yaml_str(r->root, "kind"), fixed_names))
		return;
	name = pqm_arena_f(
		k->arena, "%.*s%.*s%.*s", PQM_FMT(prefix), PQM_FMT(name), PQM_FMT(suffix));
	kz_set_key(k, meta, PQM_LIT("name"), kz_text(k, name, r->root->line));
}

static void add_all(struct kz *k, struct pqm_yaml *to, const struct pqm_yaml *pairs)
{
	for (uint32_t i = 0; to != NULL && i < pairs->n && k->st == PQM_OK; i++)
		kz_set_key(k, to, pairs->keys[i]->text, kz_copy(k, pairs->items[i], to->line, 0));
}

/* The pod template of a workload; NULL: it has none. */
static struct pqm_yaml *template_of(const struct kz_res *r)
{
	struct pqm_yaml *t = kz_at(r->root, "spec.template");

	return t != NULL ? t : kz_at(r->root, "spec.jobTemplate.spec.template");
}

static void add_labels(struct kz *k, const struct kz_res *r, const struct pqm_yaml *pairs,
	bool selectors, bool templates)
{
	static const char *const workloads[] = { "Deployment", "StatefulSet", "DaemonSet",
		"ReplicaSet", NULL };
	pqm_bytes kind = pqm_yaml_str(r->root, "kind");
	struct pqm_yaml *pod = template_of(r);

	add_all(k, kz_make(k, r->root, "metadata.labels"), pairs);
	if (selectors && (pqm_eqs(kind, "Service") || pqm_eqs(kind, "ReplicationController")))
		add_all(k, kz_make(k, r->root, "spec.selector"), pairs);
	if (selectors && is_one_of(kind, workloads))
		add_all(k, kz_make(k, r->root, "spec.selector.matchLabels"), pairs);
	if (pod != NULL && (selectors || templates) &&
		(is_one_of(kind, workloads) || pqm_eqs(kind, "Job") || pqm_eqs(kind, "CronJob")))
		add_all(k, kz_make(k, pod, "metadata.labels"), pairs);
}

static void add_annotations(struct kz *k, const struct kz_res *r, const struct pqm_yaml *pairs)
{
	struct pqm_yaml *pod = template_of(r);

	add_all(k, kz_make(k, r->root, "metadata.annotations"), pairs);
	if (pod != NULL && pod->type == PQM_YAML_MAP && kz_get(pod, "spec") != NULL)
		add_all(k, kz_make(k, pod, "metadata.annotations"), pairs);
}

static void mark(struct kz *k, struct kz_set *set, const struct pqm_yaml *kust)
{
	const struct pqm_yaml *labels = pqm_yaml_get(kust, "labels");
	const struct pqm_yaml *common = pqm_yaml_get(kust, "commonLabels");
	const struct pqm_yaml *notes = pqm_yaml_get(kust, "commonAnnotations");

	for (size_t i = 0; i < set->n; i++) {
		if (common != NULL && common->type == PQM_YAML_MAP)
			add_labels(k, &set->res[i], common, true, true);
		for (size_t n = 0; labels != NULL && labels->type == PQM_YAML_SEQ && n < labels->n;
			n++) {
			const struct pqm_yaml *e = labels->items[n];
			const struct pqm_yaml *pairs = pqm_yaml_get(e, "pairs");

			if (pairs != NULL && pairs->type == PQM_YAML_MAP)
				add_labels(k, &set->res[i], pairs,
					pqm_yaml_true(e, "includeSelectors"),
					pqm_yaml_true(e, "includeTemplates"));
		}
		if (notes != NULL && notes->type == PQM_YAML_MAP)
			add_annotations(k, &set->res[i], notes);
	}
}

/* registry/name[:tag][@digest]: where the name ends. */
static size_t name_end(pqm_bytes image)
{
	size_t end = pqm_find_byte(image, 0, '@');

	if (end == SIZE_MAX)
		end = image.n;
	for (size_t i = end; i > 0 && image.p[i - 1] != '/'; i--)
		if (image.p[i - 1] == ':')
			return i - 1;
	return end;
}

static void set_image(struct kz *k, struct pqm_yaml *image, const struct pqm_yaml *rules)
{
	for (size_t i = 0; i < rules->n; i++) {
		const struct pqm_yaml *r = rules->items[i];
		pqm_bytes text = pqm_yaml_text(image), name = pqm_sub(text, 0, name_end(text));
		pqm_bytes tail = pqm_sub(text, name.n, text.n);
		pqm_bytes new_name = pqm_yaml_str(r, "newName"), tag = pqm_yaml_str(r, "newTag");
		pqm_bytes digest = pqm_yaml_str(r, "digest"), suffix = pqm_yaml_str(r, "tagSuffix");

		if (!pqm_eq(name, pqm_yaml_str(r, "name")))
			continue;
		if (new_name.n > 0)
			name = new_name;
		if (digest.n > 0)
			tail = pqm_arena_f(k->arena, "@%.*s", PQM_FMT(digest));
		else if (tag.n > 0)
			tail = pqm_arena_f(k->arena, ":%.*s", PQM_FMT(tag));
		kz_set_text(image,
			pqm_arena_f(k->arena, "%.*s%.*s%.*s", PQM_FMT(name), PQM_FMT(tail),
				PQM_FMT(suffix)));
	}
}

static void find_images(
	struct kz *k, struct pqm_yaml *n, const struct pqm_yaml *rules, unsigned depth)
{
	if (depth > PQM_YAML_DEPTH || n->type == PQM_YAML_SCALAR)
		return;
	for (uint32_t i = 0; i < n->n; i++) {
		struct pqm_yaml *item = n->items[i];
		bool is_list = n->type == PQM_YAML_MAP && item->type == PQM_YAML_SEQ &&
			(pqm_eqs(n->keys[i]->text, "containers") ||
				pqm_eqs(n->keys[i]->text, "initContainers"));

		for (uint32_t c = 0; is_list && c < item->n; c++) {
			struct pqm_yaml *image = kz_get(item->items[c], "image");

			if (image != NULL && image->type == PQM_YAML_SCALAR)
				set_image(k, image, rules);
		}
		find_images(k, item, rules, depth + 1);
	}
}

void kz_images(struct kz *k, struct kz_set *set, const struct pqm_yaml *images)
{
	if (images == NULL || images->type != PQM_YAML_SEQ)
		return;
	for (size_t i = 0; i < set->n; i++)
		find_images(k, set->res[i].root, images, 0);
}

void kz_transform(struct kz *k, struct kz_set *set, const struct pqm_yaml *kust)
{
	pqm_bytes ns = pqm_yaml_str(kust, "namespace"), prefix = pqm_yaml_str(kust, "namePrefix");
	pqm_bytes suffix = pqm_yaml_str(kust, "nameSuffix");

	for (size_t i = 0; i < set->n && k->st == PQM_OK; i++) {
		if (ns.n > 0)
			set_namespace(k, &set->res[i], ns);
		if (prefix.n > 0 || suffix.n > 0)
			set_name(k, &set->res[i], prefix, suffix);
	}
	mark(k, set, kust);
	kz_images(k, set, pqm_yaml_get(kust, "images"));
}

/* Fields that name another object: the key, the one it stands in ("*": any) and the kind it is about. As in
 * Kustomize's nameReference for built-in kinds. */
static const struct {
	const char *parent, *key, *kind;
} fields[] = {
	{ "configMap", "name", "ConfigMap" },
	{ "configMapRef", "name", "ConfigMap" },
	{ "configMapKeyRef", "name", "ConfigMap" },
	{ "secret", "secretName", "Secret" },
	{ "secret", "name", "Secret" },
	{ "secretRef", "name", "Secret" },
	{ "secretKeyRef", "name", "Secret" },
	{ "imagePullSecrets", "name", "Secret" },
	{ "secrets", "name", "Secret" },
	{ "tls", "secretName", "Secret" },
	{ "service", "name", "Service" },
	{ "backend", "serviceName", "Service" },
	{ "spec", "serviceName", "Service" },
	{ "persistentVolumeClaim", "claimName", "PersistentVolumeClaim" },
	{ "spec", "serviceAccountName", "ServiceAccount" },
	{ "annotations", "nginx.ingress.kubernetes.io/auth-secret", "Secret" },
	{ "annotations", "nginx.ingress.kubernetes.io/auth-tls-secret", "Secret" },
	{ "annotations", "ingress.kubernetes.io/auth-secret", "Secret" },
	{ "annotations", "ingress.kubernetes.io/auth-tls-secret", "Secret" },
};

struct renames {
	struct kz *k;
	struct pqm_map map; /* "Kind/old" -> new */
};

static void rename_one(struct renames *r, pqm_bytes kind, struct pqm_yaml *name)
{
	char key[2 * PQM_K8S_KEY_BYTES];
	pqm_bytes text = pqm_yaml_text(name);
	const pqm_bytes *to;

	if (text.n == 0 || kind.n == 0 || kind.n + text.n >= sizeof(key))
		return;
	memcpy(key, kind.p, kind.n);
	key[kind.n] = '/';
	memcpy(key + kind.n + 1, text.p, text.n);
	to = pqm_map_get(&r->map, (pqm_bytes){ (const uint8_t *)key, kind.n + 1 + text.n });
	if (to != NULL)
		kz_set_text(name, *to);
}

static void rename_in(struct renames *r, struct pqm_yaml *n, pqm_bytes parent, unsigned depth)
{
	if (depth > PQM_YAML_DEPTH || n->type == PQM_YAML_SCALAR)
		return;
	for (uint32_t i = 0; i < n->n; i++) {
		struct pqm_yaml *item = n->items[i];
		pqm_bytes key = n->type == PQM_YAML_MAP ? n->keys[i]->text : parent;

		for (size_t f = 0; item->type == PQM_YAML_SCALAR && n->type == PQM_YAML_MAP &&
			f < sizeof(fields) / sizeof(fields[0]);
			f++)
			if (pqm_eqs(key, fields[f].key) && pqm_eqs(parent, fields[f].parent)) {
				rename_one(r, pqm_str(fields[f].kind), item);
				break;
			}
		rename_in(r, item, key, depth + 1);
	}
	if (n->type == PQM_YAML_MAP &&
		(pqm_eqs(parent, "scaleTargetRef") || pqm_eqs(parent, "subjects") ||
			pqm_eqs(parent, "roleRef"))) {
		struct pqm_yaml *name = kz_get(n, "name");

		if (name != NULL && name->type == PQM_YAML_SCALAR)
			rename_one(r, pqm_yaml_str(n, "kind"), name);
	}
}

static void learn(struct renames *r, pqm_bytes kind, pqm_bytes old, const pqm_bytes *new_name)
{
	pqm_bytes key = pqm_arena_f(r->k->arena, "%.*s/%.*s", PQM_FMT(kind), PQM_FMT(old));

	if (key.p == NULL ||
		(pqm_map_get(&r->map, key) == NULL &&
			!pqm_map_put(&r->map, key, (void *)(uintptr_t)new_name)))
		r->k->st = PQM_ENOMEM;
}

/* A group that another program defined: its fields are not known to be references. */
static bool is_defined(pqm_bytes api)
{
	size_t slash = pqm_find_byte(api, 0, '/');
	pqm_bytes group = pqm_sub(api, 0, slash == SIZE_MAX ? 0 : slash);

	return pqm_find_byte(group, 0, '.') != SIZE_MAX && !pqm_ends(group, PQM_LIT(".k8s.io"));
}

void kz_references(struct kz *k, struct kz_set *set)
{
	struct renames r = { .k = k };
	pqm_bytes *now = pqm_new(k->arena, pqm_bytes, set->n + 1);

	if (now == NULL) {
		k->st = PQM_ENOMEM;
		return;
	}
	for (size_t i = 0; i < set->n; i++)
		now[i] = pqm_yaml_str(kz_get(set->res[i].root, "metadata"), "name");
	for (size_t i = 0; i < set->n && k->st == PQM_OK; i++)
		learn(&r, pqm_yaml_str(set->res[i].root, "kind"), set->res[i].old_name, &now[i]);
	for (size_t i = 0; i < set->n && k->st == PQM_OK; i++)
		learn(&r, pqm_yaml_str(set->res[i].root, "kind"), set->res[i].first_name, &now[i]);
	for (size_t i = 0; i < set->n && k->st == PQM_OK; i++)
		if (!is_defined(pqm_yaml_str(set->res[i].root, "apiVersion")))
			rename_in(&r, set->res[i].root, (pqm_bytes){ NULL, 0 }, 0);
	pqm_map_fini(&r.map);
}
