/* A live cluster: cluster:[CONTEXT]. A file of that name is ./cluster:NAME. */
#include "base/log.h"
#include "kube_list.h"

static const char scheme[] = "cluster:";

bool pqm_cluster_is_target(const char *name)
{
	return strncmp(name, scheme, sizeof(scheme) - 1) == 0;
}

bool pqm_cluster_is_namespace(pqm_bytes name)
{
	for (size_t i = 0; i < name.n; i++) {
		uint8_t c = name.p[i];

		if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-')
			return false;
	}
	return name.n > 0 && name.n <= 63 && name.p[0] != '-' && name.p[name.n - 1] != '-';
}

static void on_gap(void *ctx, const char *path, const char *words)
{
	pqm_kube_gap(ctx, PQM_SKIP_INCOMPLETE, path, words);
}

static enum pqm_st list_all(
	struct pqm_kube_lister *l, const struct pqm_rules *rules, struct pqm_err *err)
{
	struct pqm_kube_resources res = { 0 };
	struct pqm_arena a;
	enum pqm_st st = pqm_rules_k8s(&res.kinds, rules, err);

	pqm_arena_init(&a, (size_t)16 << 20);
	res.arena = &a;
	if (st == PQM_OK)
		st = pqm_kube_discover(l->k, &res, on_gap, l, err);
	for (size_t i = 0; i < res.n && st == PQM_OK; i++)
		st = pqm_kube_list(l, &res.list[i], err);
	if (st == PQM_OK && l->n_answers == 0 && l->opt->would_ask == NULL)
		st = pqm_fail(err, PQM_ENET, "none of %zu resources could be listed: %s", res.n,
			l->last_gap);
	pqm_log(PQM_INFO, "cluster", "%llu objects of %zu resources",
		(unsigned long long)l->n_objects, res.n);
	pqm_arena_fini(&a);
	return st;
}

/* What was read before the end came stays; the end is told. */
static enum pqm_st settle(struct pqm_kube_lister *l, enum pqm_st st, struct pqm_err *err)
{
	if (st == PQM_OK || st == PQM_ENOMEM || st == PQM_EINTERNAL || l->n_answers == 0)
		return st;
	pqm_kube_gap(l, PQM_SKIP_INCOMPLETE, "", err->msg);
	return PQM_OK;
}

static enum pqm_st walk(const char *target, struct pqm_sink *s, struct pqm_err *err)
{
	struct pqm_kube_lister l = { .sink = s, .opt = s->cluster };
	enum pqm_st st;

	if (s->cluster == NULL)
		return pqm_fail(err, PQM_EUSAGE, "%s: this command reads no clusters", target);
	st = pqm_kube_open(&l.k, target + sizeof(scheme) - 1, s->cluster->stop, err);
	if (st != PQM_OK)
		return st;
	if (pqm_kube_is_unverified(l.k)) {
		pqm_log(PQM_WARN, "cluster",
			"%s: the server's certificate is not checked (insecure-skip-tls-verify)",
			target);
		s->note(s, pqm_str(target), "unverified",
			"insecure-skip-tls-verify: the certificate of the API server was not "
			"checked; whoever is between could have answered");
	}
	st = pqm_kube_lister_init(&l) ? list_all(&l, s->rules, err)
				      : pqm_fail(err, PQM_ENOMEM, "out of memory for the cluster");
	st = settle(&l, st, err);
	pqm_kube_lister_fini(&l);
	pqm_kube_close(l.k);
	return st;
}

static bool accepts(const char *target)
{
	return pqm_cluster_is_target(target);
}

const struct pqm_source pqm_src_cluster = {
	.name = "cluster",
	.summary = "cluster:[CONTEXT] reads a live cluster by kubeconfig or in-cluster account",
	.accepts = accepts,
	.walk = walk,
};
