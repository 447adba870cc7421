#include "cluster_options.h"

static const char *const mode_name[] = { "none", "metadata", "tls", "all" };

const char *pqm_secrets_name(enum pqm_secrets mode)
{
	return mode_name[mode];
}

struct names {
	const char **list;
	size_t n, cap;
};

static enum pqm_st add_names(
	struct names *to, pqm_bytes list, struct pqm_arena *arena, struct pqm_err *err)
{
	pqm_bytes rest = list, one;

	while (pqm_split(&rest, ',', &one)) {
		bool is_known = false;

		one = pqm_trim(one);
		if (!pqm_cluster_is_namespace(one))
			return pqm_fail(
				err, PQM_EUSAGE, "%.*s: is no name of a namespace", PQM_FMT(one));
		for (size_t i = 0; i < to->n; i++)
			is_known = is_known || pqm_eqs(one, to->list[i]);
		if (is_known)
			continue;
		const char **grown = pqm_grow(arena, to->list, to->n, &to->cap);
		pqm_bytes copy = pqm_bytes_dup(arena, one);

		if (grown == NULL || copy.p == NULL)
			return pqm_fail(err, PQM_ENOMEM, "out of memory for the namespaces");
		to->list = grown;
		to->list[to->n++] = (const char *)copy.p;
	}
	return PQM_OK;
}

static enum pqm_st secrets(
	struct pqm_cluster_options *o, pqm_bytes spec, struct pqm_arena *arena, struct pqm_err *err)
{
	size_t eq = pqm_find_byte(spec, 0, '=');
	struct names in = { 0 };
	enum pqm_st st = PQM_EUSAGE;

	for (size_t i = 0; i < sizeof(mode_name) / sizeof(mode_name[0]); i++)
		if (pqm_eqs(pqm_sub(spec, 0, eq), mode_name[i])) {
			o->secrets = (enum pqm_secrets)i;
			st = PQM_OK;
		}
	if (st != PQM_OK)
		return pqm_fail(
			err, st, "--secrets %.*s: give none, metadata, tls or all", PQM_FMT(spec));
	if (eq != SIZE_MAX)
		st = add_names(&in, pqm_sub(spec, eq + 1, spec.n), arena, err);
	o->secret_namespaces = in.list;
	o->n_secret_namespaces = in.n;
	return st;
}

enum pqm_st pqm_cluster_options(struct pqm_cluster_options *o, const struct pqm_args *a,
	struct pqm_arena *arena, struct pqm_err *err)
{
	struct names ns = { 0 };
	enum pqm_st st = PQM_OK;

	*o = (struct pqm_cluster_options){ 0 };
	for (size_t i = 0; i < a->n_given && st == PQM_OK; i++) {
		if (strcmp(a->given[i].opt->name, "namespace") == 0)
			st = add_names(&ns, pqm_str(a->given[i].value), arena, err);
		else if (strcmp(a->given[i].opt->name, "secrets") == 0)
			st = secrets(o, pqm_str(a->given[i].value), arena, err);
	}
	o->namespaces = ns.list;
	o->n_namespaces = ns.n;
	o->helm_releases = pqm_arg_has(a, "helm-releases");
	return st;
}
