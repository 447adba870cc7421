#include "init_kubernetes.h"

#include "cluster_options.h"
#include "engine/scan.h"
#include "rules/k8s.h"

struct right {
	pqm_bytes group, resource;
	bool is_cluster_scoped, is_secret;
};

struct init {
	struct pqm_out *o;
	const struct pqm_init_kubernetes *s;
	struct pqm_arena arena;
	struct right *right; /* by group, resource */
	size_t n, cap;
};

/* Kinds in groups that cannot be named one by one would need "*", which is more than reading needs. */
static bool is_one_group(pqm_bytes group)
{
	return pqm_find_byte(group, 0, '*') == SIZE_MAX && pqm_find_byte(group, 0, '?') == SIZE_MAX;
}

static enum pqm_st add(
	struct init *t, const struct pqm_k8s_kind *k, pqm_bytes group, struct pqm_err *err)
{
	struct right *grown = pqm_grow(&t->arena, t->right, t->n, &t->cap);
	pqm_bytes resource = pqm_k8s_resource(k, &t->arena);

	if (grown == NULL || resource.p == NULL)
		return pqm_fail(err, PQM_ENOMEM, "out of memory for the rules");
	t->right = grown;
	for (size_t i = 0; i < t->n; i++)
		if (pqm_eq(t->right[i].group, group) && pqm_eq(t->right[i].resource, resource))
			return PQM_OK;
	t->right[t->n++] = (struct right){ group, resource, k->is_cluster_scoped,
		group.n == 0 && pqm_eqs(resource, "secrets") };
	return PQM_OK;
}

static int in_order(const void *x, const void *y)
{
	const struct right *a = x, *b = y;
	int c = pqm_cmp(a->group, b->group);

	return c != 0 ? c : pqm_cmp(a->resource, b->resource);
}

static enum pqm_st collect(struct init *t, const struct pqm_rules *r, struct pqm_err *err)
{
	const struct pqm_k8s_kinds *kinds = NULL;
	enum pqm_st st = pqm_rules_k8s(&kinds, r, err);

	for (size_t i = 0; st == PQM_OK && i < kinds->n; i++) {
		const struct pqm_k8s_kind *k = &kinds->kind[i];
		const struct pqm_yaml *groups = k->groups;

		for (size_t g = 0; pqm_k8s_is_live(k) && groups != NULL && g < groups->n; g++) {
			pqm_bytes group = pqm_yaml_text(groups->items[g]);

			/* What was there until 1.22 is in the group that took its place. */
			if (st == PQM_OK && is_one_group(group) && !pqm_eqs(group, "extensions"))
				st = add(t, k, group, err);
		}
	}
	if (t->n > 1)
		qsort(t->right, t->n, sizeof(*t->right), in_order);
	return st;
}

/* Which of the rights a role has. */
enum part { PART_ALL, PART_NAMESPACED, PART_SECRETS };

static bool is_in(const struct right *r, enum part part)
{
	if (r->is_secret)
		return part == PART_SECRETS;
	return part == PART_ALL || (part == PART_NAMESPACED && !r->is_cluster_scoped);
}

static void rules(struct init *t, enum part part)
{
	for (size_t i = 0; i < t->n;) {
		pqm_bytes group = t->right[i].group;
		bool has_one = false;

		for (; i < t->n && pqm_eq(t->right[i].group, group); i++) {
			if (!is_in(&t->right[i], part))
				continue;
			if (!has_one)
				pqm_out_f(t->o, "  - apiGroups: [\"%.*s\"]\n    resources: [",
					PQM_FMT(group));
			pqm_out_f(t->o, "%s\"%.*s\"", has_one ? ", " : "",
				PQM_FMT(t->right[i].resource));
			has_one = true;
		}
		if (has_one)
			pqm_out_lit(t->o, "]\n    verbs: [\"list\"]\n");
	}
}

static void binding(struct init *t, const char *kind, const char *name, const char *ns)
{
	pqm_out_f(t->o,
		"---\napiVersion: rbac.authorization.k8s.io/v1\nkind: %sBinding\nmetadata:\n"
		"  name: %s\n",
		kind, name);
	if (ns != NULL)
		pqm_out_f(t->o, "  namespace: %s\n", ns);
	pqm_out_f(t->o,
		"roleRef:\n  apiGroup: rbac.authorization.k8s.io\n  kind: %s\n  name: %s\n"
		"subjects:\n  - kind: ServiceAccount\n    name: pqmap\n    namespace: %s\n",
		kind, name, t->s->ns);
}

static void cluster_role(struct init *t)
{
	pqm_out_lit(t->o,
		"---\n# Reading only, and of each kind only the list. Secrets are not among them.\n"
		"apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n"
		"  name: pqmap\nrules:\n");
	rules(t, PART_ALL);
	binding(t, "ClusterRole", "pqmap", NULL);
}

static void role(struct init *t, const char *ns)
{
	pqm_out_f(t->o,
		"---\napiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata:\n"
		"  name: pqmap\n  namespace: %s\nrules:\n",
		ns);
	rules(t, PART_NAMESPACED);
	pqm_out_lit(t->o,
		"  # The namespace itself: its labels say whether a mesh protects it.\n"
		"  - apiGroups: [\"\"]\n    resources: [\"namespaces\"]\n"
		"    verbs: [\"get\"]\n");
	binding(t, "Role", "pqmap", ns);
}

static void secrets_role(struct init *t, const char *ns)
{
	pqm_out_f(t->o,
		"---\n# RBAC cannot choose Secrets by type: this account may read every Secret of "
		"the\n"
		"# namespace. pqmap asks for %s and keeps no value.\n"
		"apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata:\n"
		"  name: pqmap-secrets\n  namespace: %s\nrules:\n",
		t->s->scan.secrets == PQM_SECRETS_TLS		? "type kubernetes.io/tls only"
			: t->s->scan.secrets == PQM_SECRETS_ALL ? "all but Helm's releases"
								: "their metadata only",
		ns);
	rules(t, PART_SECRETS);
	binding(t, "Role", "pqmap-secrets", ns);
}

static void roles(struct init *t)
{
	const struct pqm_cluster_options *c = &t->s->scan;
	const char *const *in = c->n_secret_namespaces > 0 ? c->secret_namespaces : c->namespaces;
	size_t n = c->n_secret_namespaces > 0 ? c->n_secret_namespaces : c->n_namespaces;

	if (c->n_namespaces == 0)
		cluster_role(t);
	for (size_t i = 0; i < c->n_namespaces; i++)
		role(t, c->namespaces[i]);
	for (size_t i = 0; c->secrets != PQM_SECRETS_NONE && i < n; i++)
		secrets_role(t, in[i]);
}

static void account(struct init *t)
{
	pqm_out_f(t->o,
		"# A nightly scan of this cluster by pqmap " PQM_VERSION
		": read it, then `kubectl apply -f -`.\n"
		"apiVersion: v1\nkind: Namespace\nmetadata:\n  name: %s\n  labels:\n"
		"    pod-security.kubernetes.io/enforce: restricted\n"
		"---\napiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: pqmap\n  namespace: "
		"%s\n"
		"automountServiceAccountToken: false\n",
		t->s->ns, t->s->ns);
}

/* What --follow reaches: names are looked up, then asked. */
static void follow_egress(struct init *t)
{
	static const char *const own[] = { "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",
		"100.64.0.0/10", "fc00::/7" };

	pqm_out_lit(t->o,
		"    # --follow: names are looked up in the cluster's DNS (OpenShift: "
		"dns.operator.openshift.io, 5353).\n    - ports:\n"
		"        - { protocol: UDP, port: 53 }\n        - { protocol: TCP, port: 53 }\n"
		"      to:\n        - namespaceSelector: {}\n          podSelector:\n"
		"            matchLabels: { k8s-app: kube-dns }\n");
	if ((t->s->follow & PQM_FOLLOW_ENDPOINTS) != 0) {
		pqm_out_lit(t->o,
			"    # --follow endpoints: every port, as Services have any.\n"
			"    - to:\n        - namespaceSelector: {}\n");
		for (size_t i = 0; !t->s->follow_external && i < sizeof(own) / sizeof(own[0]); i++)
			pqm_out_f(t->o, "        - ipBlock: { cidr: \"%s\" }\n", own[i]);
		if (t->s->follow_external)
			pqm_out_lit(t->o,
				"        - ipBlock: { cidr: \"0.0.0.0/0\" }\n"
				"        - ipBlock: { cidr: \"::/0\" }\n");
	}
	if ((t->s->follow & PQM_FOLLOW_IMAGES) != 0)
		pqm_out_lit(t->o,
			"    # --follow images: registries; narrow it to yours.\n    - ports:\n"
			"        - { protocol: TCP, port: 443 }\n");
}

static void network(struct init *t)
{
	const char *to = t->s->api_server;

	pqm_out_f(t->o,
		"---\n# Nothing comes in; out goes what talks to the API server, by address%s\n"
		"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: pqmap\n"
		"  namespace: %s\nspec:\n  podSelector:\n    matchLabels:\n"
		"      app.kubernetes.io/name: pqmap\n  policyTypes: [\"Ingress\", \"Egress\"]\n"
		"  egress:\n    - ports:\n        - { protocol: TCP, port: 443 }\n"
		"        - { protocol: TCP, port: 6443 }\n",
		t->s->follow != 0 ? ", and what\n# --follow reaches." : ": no DNS is needed.",
		t->s->ns);
	if (to != NULL)
		pqm_out_f(t->o, "      to:\n        - ipBlock: { cidr: \"%s\" }\n", to);
	else
		pqm_out_lit(t->o,
			"      # Narrower: init kubernetes --api-server ADDRESS/PREFIX, from\n"
			"      # `kubectl get endpoints kubernetes`.\n");
	if (t->s->follow != 0)
		follow_egress(t);
}

static void volume(struct init *t)
{
	pqm_out_f(t->o,
		"---\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata:\n  name: "
		"pqmap-reports\n"
		"  namespace: %s\nspec:\n  accessModes: [\"ReadWriteOnce\"]\n  resources:\n"
		"    requests: { storage: 1Gi }\n",
		t->s->ns);
}

static void list_arg(
	struct init *t, const char *flag, const char *mode, const char *const *list, size_t n)
{
	pqm_out_f(t->o, ", \"%s\", \"%s", flag, mode);
	for (size_t i = 0; i < n; i++)
		pqm_out_f(t->o, "%s%s", i > 0 ? "," : *mode != '\0' ? "=" : "", list[i]);
	pqm_out_lit(t->o, "\"");
}

/* Layers that many images share are read once a night. A folder of the node: the cache wants locks that work. */
static void cron_volumes(struct init *t)
{
	bool has_cache = (t->s->follow & PQM_FOLLOW_IMAGES) != 0;

	if (has_cache)
		pqm_out_lit(t->o,
			"              env:\n                - { name: XDG_CACHE_HOME, value: "
			"/cache }\n");
	pqm_out_lit(t->o,
		"              volumeMounts:\n                - { name: reports, mountPath: "
		"/reports }\n");
	if (has_cache)
		pqm_out_lit(t->o, "                - { name: cache, mountPath: /cache }\n");
	pqm_out_lit(t->o,
		"          volumes:\n            - name: reports\n"
		"              persistentVolumeClaim: { claimName: pqmap-reports }\n");
	if (has_cache)
		pqm_out_lit(t->o,
			"            - name: cache\n              emptyDir: { sizeLimit: 2Gi }\n");
}

static void cron_job(struct init *t)
{
	const struct pqm_cluster_options *c = &t->s->scan;

	pqm_out_f(t->o,
		"---\napiVersion: batch/v1\nkind: CronJob\nmetadata:\n  name: pqmap\n  namespace: "
		"%s\n"
		"spec:\n  schedule: \"%s\"\n  concurrencyPolicy: Forbid\n"
		"  successfulJobsHistoryLimit: 1\n  failedJobsHistoryLimit: 3\n  jobTemplate:\n"
		"    spec:\n      backoffLimit: 0\n      activeDeadlineSeconds: 7200\n      "
		"template:\n"
		"        metadata:\n          labels:\n            app.kubernetes.io/name: pqmap\n"
		"        spec:\n          restartPolicy: Never\n          serviceAccountName: "
		"pqmap\n"
		"          automountServiceAccountToken: true\n          enableServiceLinks: "
		"false\n"
		"          securityContext:\n            runAsNonRoot: true\n            "
		"runAsUser: 65532\n"
		"            runAsGroup: 65532\n            fsGroup: 65532\n"
		"            seccompProfile: { type: RuntimeDefault }\n"
		"          containers:\n            - name: pqmap\n              image: %s\n"
		"              args: [\"scan\", \"cluster:in-cluster\"",
		t->s->ns, t->s->schedule, t->s->image);
	if (c->n_namespaces > 0)
		list_arg(t, "-n", "", c->namespaces, c->n_namespaces);
	if (c->secrets != PQM_SECRETS_NONE)
		list_arg(t, "--secrets", pqm_secrets_name(c->secrets), c->secret_namespaces,
			c->n_secret_namespaces);
	if (t->s->follow != 0)
		pqm_out_f(t->o, ", \"--follow\", \"%s%s%s\"%s",
			(t->s->follow & PQM_FOLLOW_ENDPOINTS) != 0 ? "endpoints" : "",
			t->s->follow == (PQM_FOLLOW_ENDPOINTS | PQM_FOLLOW_IMAGES) ? "," : "",
			(t->s->follow & PQM_FOLLOW_IMAGES) != 0 ? "images" : "",
			t->s->follow_external ? ", \"--follow-external\"" : "");
	pqm_out_lit(t->o,
		", \"-o\", \"json=/reports/pqmap.json\", \"-o\", \"html=/reports/pqmap.html\"]\n"
		"              resources:\n                requests: { cpu: 100m, memory: 128Mi }\n"
		"                limits: { memory: 1Gi }\n"
		"              securityContext:\n                allowPrivilegeEscalation: false\n"
		"                readOnlyRootFilesystem: true\n"
		"                capabilities: { drop: [\"ALL\"] }\n");
	cron_volumes(t);
}

enum pqm_st pqm_init_kubernetes(struct pqm_out *o, const struct pqm_init_kubernetes *s,
	const struct pqm_rules *r, struct pqm_err *err)
{
	struct init t = { .o = o, .s = s };
	enum pqm_st st;

	if (s->scan.secrets != PQM_SECRETS_NONE && s->scan.n_namespaces == 0 &&
		s->scan.n_secret_namespaces == 0)
		return pqm_fail(err, PQM_EUSAGE,
			"--secrets %s: name the namespaces (--secrets %s=NS,NS): a right to list "
			"Secrets is one to read them all",
			pqm_secrets_name(s->scan.secrets), pqm_secrets_name(s->scan.secrets));
	pqm_arena_init(&t.arena, (size_t)16 << 20);
	st = collect(&t, r, err);
	if (st == PQM_OK) {
		account(&t);
		roles(&t);
		volume(&t);
		network(&t);
		cron_job(&t);
	}
	pqm_arena_fini(&t.arena);
	return st;
}
