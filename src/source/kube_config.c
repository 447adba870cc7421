#include "kube_config.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/slurp.h"
#include "parse/yaml.h"

#define FILES_MAX 32
#define HEADERS_MAX 48
#define ACCOUNT "/var/run/secrets/kubernetes.io/serviceaccount"
#define IN_CLUSTER "in-cluster"

struct load {
	struct pqm_kube_config *c;
	const struct pqm_kube_file *files;
	const struct pqm_yaml *root[FILES_MAX];
	size_t n;
	struct pqm_err *err;
};

/* An entry of a named list, with the file that it stands in. */
struct entry {
	const struct pqm_yaml *node;
	const char *path;
};

static const char *text_of(struct load *l, pqm_bytes b)
{
	if (b.n == 0 || pqm_find_byte(b, 0, '\0') != SIZE_MAX)
		return NULL;
	return (const char *)pqm_bytes_dup(&l->c->arena, b).p;
}

static const char *str(struct load *l, const struct pqm_yaml *map, const char *key)
{
	return text_of(l, pqm_yaml_str(map, key));
}

/* clusters: [{ name, cluster: {…} }]: the first of that name in the first file that has it. */
static struct entry find(
	const struct load *l, const char *list, const char *name, const char *member)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct pqm_yaml *all = pqm_yaml_get(l->root[i], list);

		for (size_t k = 0; all != NULL && all->type == PQM_YAML_SEQ && k < all->n; k++)
			if (pqm_eqs(pqm_yaml_str(all->items[k], "name"), name))
				return (struct entry){ pqm_yaml_get(all->items[k], member),
					l->files[i].path };
	}
	return (struct entry){ NULL, NULL };
}

/* The path as the file means it. */
static const char *beside(struct load *l, const char *config, const char *path)
{
	const char *slash = strrchr(config, '/');

	if (path == NULL || path[0] == '/' || slash == NULL)
		return path;
	return (const char *)pqm_arena_f(
		&l->c->arena, "%.*s/%s", (int)(slash - config), config, path)
		.p;
}

static enum pqm_st pem_of(
	struct load *l, const struct pqm_yaml *map, const char *key, pqm_bytes *out)
{
	pqm_bytes text = pqm_yaml_str(map, key);
	struct pqm_buf b;
	enum pqm_st st = PQM_OK;

	if (text.n == 0)
		return PQM_OK;
	pqm_buf_init(&b, PQM_RULE_FILE_BYTES);
	if (!pqm_base64(&b, text, NULL) || b.n == 0)
		st = pqm_fail(l->err, PQM_EUSAGE, "kubeconfig: %s is not base64", key);
	else
		*out = pqm_bytes_dup(&l->c->arena, pqm_buf_bytes(&b));
	pqm_buf_wipe(&b);
	if (st == PQM_OK && out->p == NULL)
		st = pqm_fail(l->err, PQM_ENOMEM, "kubeconfig: out of memory");
	return st;
}

static enum pqm_st take_cluster(struct load *l, const char *name)
{
	struct entry e = find(l, "clusters", name, "cluster");
	struct pqm_kube_config *c = l->c;

	if (e.node == NULL)
		return pqm_fail(l->err, PQM_EUSAGE, "kubeconfig: context %s: no cluster %s",
			c->context, name);
	c->server = str(l, e.node, "server");
	if (c->server == NULL)
		return pqm_fail(l->err, PQM_EUSAGE, "kubeconfig: cluster %s has no server", name);
	c->tls_server_name = str(l, e.node, "tls-server-name");
	c->proxy = str(l, e.node, "proxy-url");
	c->no_verify = pqm_yaml_true(e.node, "insecure-skip-tls-verify");
	c->ca_file = beside(l, e.path, str(l, e.node, "certificate-authority"));
	return pem_of(l, e.node, "certificate-authority-data", &c->ca);
}

/* args and env of a plugin; the last is NULL. */
static const char **words(struct load *l, const struct pqm_yaml *list, const char *first)
{
	size_t n = list != NULL && list->type == PQM_YAML_SEQ ? list->n : 0, k = 0;
	const char **out = pqm_new(&l->c->arena, const char *, n + 2);

	if (out == NULL)
		return NULL;
	if (first != NULL)
		out[k++] = first;
	for (size_t i = 0; i < n; i++) {
		const struct pqm_yaml *item = list->items[i];
		pqm_bytes v = pqm_yaml_text(item);

		if (item->type == PQM_YAML_MAP)
			v = pqm_arena_f(&l->c->arena, "%.*s=%.*s",
				PQM_FMT(pqm_yaml_str(item, "name")),
				PQM_FMT(pqm_yaml_str(item, "value")));
		/* An empty argument is an argument. */
		out[k] = v.n == 0 ? "" : text_of(l, v);
		if (out[k] == NULL)
			return NULL;
		k++;
	}
	return out;
}

static enum pqm_st take_exec(struct load *l, const struct pqm_yaml *node, const char *path)
{
	struct pqm_kube_exec *e = pqm_new(&l->c->arena, struct pqm_kube_exec, 1);
	const char *command = str(l, node, "command");

	if (command == NULL)
		return pqm_fail(l->err, PQM_EUSAGE, "kubeconfig: the exec plugin has no command");
	if (strchr(command, '/') != NULL)
		command = beside(l, path, command);
	if (e != NULL) {
		e->args = words(l, pqm_yaml_get(node, "args"), command);
		e->env = words(l, pqm_yaml_get(node, "env"), NULL);
		e->api_version = str(l, node, "apiVersion");
		e->hint = str(l, node, "installHint");
		e->wants_cluster = pqm_yaml_true(node, "provideClusterInfo");
	}
	if (e == NULL || e->args == NULL || e->env == NULL)
		return pqm_fail(l->err, PQM_ENOMEM, "kubeconfig: out of memory for the plugin");
	if (e->api_version == NULL ||
		(strcmp(e->api_version, "client.authentication.k8s.io/v1") != 0 &&
			strcmp(e->api_version, "client.authentication.k8s.io/v1beta1") != 0))
		return pqm_fail(l->err, PQM_EUSAGE,
			"kubeconfig: exec plugin %s: apiVersion must be "
			"client.authentication.k8s.io/v1 or v1beta1",
			command);
	l->c->exec = e;
	return PQM_OK;
}

struct headers {
	const char **list; /* room for HEADERS_MAX and the end */
	size_t n;
	bool failed;
};

static void add_header(struct load *l, struct headers *h, const char *name, pqm_bytes value)
{
	pqm_bytes line;

	if (value.n == 0)
		return;
	for (size_t i = 0; i < value.n; i++) /* it would end the header */
		h->failed = h->failed || value.p[i] < ' ';
	line = pqm_arena_f(&l->c->arena, "%s: %.*s", name, PQM_FMT(value));
	if (h->n == HEADERS_MAX || line.p == NULL)
		h->failed = true;
	else
		h->list[h->n++] = (const char *)line.p;
}

/* Keys of as-user-extra that need no escape are all that a header name can hold. */
static bool is_header_name(pqm_bytes name)
{
	for (size_t i = 0; i < name.n; i++) {
		uint8_t c = name.p[i] | 32;

		if ((c < 'a' || c > 'z') && (name.p[i] < '0' || name.p[i] > '9') &&
			name.p[i] != '-' && name.p[i] != '.' && name.p[i] != '_')
			return false;
	}
	return name.n > 0;
}

/* Left out they would let us read with more rights than the user gave. */
static enum pqm_st take_impersonation(struct load *l, const struct pqm_yaml *user)
{
	const struct pqm_yaml *groups = pqm_yaml_get(user, "as-groups");
	const struct pqm_yaml *extra = pqm_yaml_get(user, "as-user-extra");
	struct headers h = { pqm_new(&l->c->arena, const char *, HEADERS_MAX + 1), 0, false };

	if (h.list == NULL)
		return pqm_fail(l->err, PQM_ENOMEM, "kubeconfig: out of memory");
	add_header(l, &h, "Impersonate-User", pqm_yaml_str(user, "as"));
	add_header(l, &h, "Impersonate-Uid", pqm_yaml_str(user, "as-uid"));
	for (size_t i = 0; groups != NULL && groups->type == PQM_YAML_SEQ && i < groups->n; i++)
		add_header(l, &h, "Impersonate-Group", pqm_yaml_text(groups->items[i]));
	for (size_t i = 0; extra != NULL && extra->type == PQM_YAML_MAP && i < extra->n; i++) {
		const struct pqm_yaml *values = extra->items[i];
		pqm_bytes name = pqm_arena_f(&l->c->arena, "Impersonate-Extra-%.*s",
			PQM_FMT(pqm_yaml_text(extra->keys[i])));

		h.failed = h.failed || name.p == NULL ||
			!is_header_name(pqm_yaml_text(extra->keys[i])) ||
			values->type != PQM_YAML_SEQ;
		for (size_t k = 0; !h.failed && k < values->n; k++)
			add_header(l, &h, (const char *)name.p, pqm_yaml_text(values->items[k]));
	}
	if (h.failed)
		return pqm_fail(l->err, PQM_EUSAGE,
			"kubeconfig: as, as-groups or as-user-extra of the user cannot be sent");
	l->c->impersonate = h.n > 0 ? h.list : NULL;
	return PQM_OK;
}

static enum pqm_st take_user(struct load *l, const char *name)
{
	struct entry e = find(l, "users", name, "user");
	struct pqm_kube_config *c = l->c;
	const struct pqm_yaml *exec;
	pqm_bytes user, password;
	enum pqm_st st;

	if (e.path == NULL)
		return pqm_fail(
			l->err, PQM_EUSAGE, "kubeconfig: context %s: no user %s", c->context, name);
	c->token = str(l, e.node, "token");
	c->token_file = beside(l, e.path, str(l, e.node, "tokenFile"));
	c->cert_file = beside(l, e.path, str(l, e.node, "client-certificate"));
	c->key_file = beside(l, e.path, str(l, e.node, "client-key"));
	st = pem_of(l, e.node, "client-certificate-data", &c->cert);
	if (st == PQM_OK)
		st = pem_of(l, e.node, "client-key-data", &c->key);
	if (st == PQM_OK)
		st = take_impersonation(l, e.node);
	user = pqm_yaml_str(e.node, "username");
	password = pqm_yaml_str(e.node, "password");
	if (user.n > 0)
		c->user_password = (const char *)pqm_arena_f(
			&c->arena, "%.*s:%.*s", PQM_FMT(user), PQM_FMT(password))
					   .p;
	exec = pqm_yaml_get(e.node, "exec");
	if (st == PQM_OK && exec != NULL)
		st = take_exec(l, exec, e.path);
	if (st == PQM_OK && pqm_yaml_get(e.node, "auth-provider") != NULL)
		st = pqm_fail(l->err, PQM_EUSAGE,
			"kubeconfig: user %s: auth-provider was removed from Kubernetes in 1.26; "
			"use "
			"an exec plugin",
			name);
	return st;
}

static const char *current_context(struct load *l)
{
	for (size_t i = 0; i < l->n; i++) {
		const char *s = str(l, l->root[i], "current-context");

		if (s != NULL)
			return s;
	}
	return NULL;
}

static enum pqm_st take_context(struct load *l, const char *name)
{
	const char *cluster, *user;
	struct entry e;
	enum pqm_st st;

	if (name == NULL || *name == '\0')
		name = current_context(l);
	if (name == NULL)
		return pqm_fail(l->err, PQM_EUSAGE,
			"kubeconfig: no current-context; name one: cluster:CONTEXT");
	l->c->context = text_of(l, pqm_str(name));
	e = find(l, "contexts", name, "context");
	if (e.node == NULL || l->c->context == NULL)
		return pqm_fail(l->err, PQM_EUSAGE, "kubeconfig: no context %s", name);
	cluster = str(l, e.node, "cluster");
	user = str(l, e.node, "user");
	l->c->ns = str(l, e.node, "namespace");
	if (cluster == NULL)
		return pqm_fail(l->err, PQM_EUSAGE, "kubeconfig: context %s has no cluster", name);
	st = take_cluster(l, cluster);
	return st == PQM_OK && user != NULL ? take_user(l, user) : st;
}

enum pqm_st pqm_kube_config_parse(struct pqm_kube_config *out, const struct pqm_kube_file *files,
	size_t n, const char *context, struct pqm_err *err)
{
	struct load l = { .c = out, .files = files, .n = n, .err = err };
	struct pqm_err why = { 0 };
	enum pqm_st st = PQM_OK;

	*out = (struct pqm_kube_config){ 0 };
	pqm_arena_init(&out->arena, PQM_ARENA_BYTES);
	if (n > FILES_MAX)
		return pqm_fail(err, PQM_ELIMIT, "$KUBECONFIG names more than %d files", FILES_MAX);
	for (size_t i = 0; i < n && st == PQM_OK; i++) {
		st = pqm_yaml_one(&l.root[i], files[i].text, &out->arena, &why);
		if (st == PQM_OK && l.root[i]->type != PQM_YAML_MAP)
			st = PQM_EPARSE;
		/* The parser's own words might repeat what stands there. */
		if (st != PQM_OK)
			return pqm_fail(err, PQM_EUSAGE, "%s: is not a kubeconfig (YAML: %s)",
				files[i].path, pqm_st_name(st));
	}
	return take_context(&l, context);
}

void pqm_kube_config_fini(struct pqm_kube_config *c)
{
	pqm_arena_wipe(&c->arena);
	pqm_arena_fini(&c->arena);
	*c = (struct pqm_kube_config){ 0 };
}

enum pqm_st pqm_kube_read(
	pqm_bytes *out, const char *path, struct pqm_arena *arena, struct pqm_err *err)
{
	struct pqm_slurp file = { .path = path, .limit = PQM_RULE_FILE_BYTES };

	return pqm_slurp(out, &file, arena, err);
}

/* What the configuration names by path; data beside it wins, as in client-go. */
static enum pqm_st read_named(struct pqm_kube_config *c, struct pqm_err *err)
{
	const struct {
		pqm_bytes *data;
		const char *path;
	} file[] = { { &c->ca, c->ca_file }, { &c->cert, c->cert_file }, { &c->key, c->key_file } };
	enum pqm_st st = PQM_OK;

	for (size_t i = 0; i < 3 && st == PQM_OK; i++)
		if (file[i].data->n == 0 && file[i].path != NULL)
			st = pqm_kube_read(file[i].data, file[i].path, &c->arena, err);
	return st;
}

/* The account that Kubernetes mounts into pods. */
static enum pqm_st in_cluster(struct pqm_kube_config *c, struct pqm_err *err)
{
	const char *host = getenv("KUBERNETES_SERVICE_HOST");
	const char *port = getenv("KUBERNETES_SERVICE_PORT");
	const char *dir = getenv("PQMAP_SERVICE_ACCOUNT");
	struct pqm_err ignored = { 0 };
	pqm_bytes ns = { NULL, 0 };

	*c = (struct pqm_kube_config){ .context = IN_CLUSTER };
	pqm_arena_init(&c->arena, PQM_ARENA_BYTES);
	if (host == NULL || *host == '\0')
		return pqm_fail(err, PQM_EUSAGE,
			"no kubeconfig ($KUBECONFIG, ~/.kube/config) and not inside a cluster "
			"(KUBERNETES_SERVICE_HOST is not set)");
	if (dir == NULL || *dir == '\0')
		dir = ACCOUNT;
	if (port == NULL || *port == '\0')
		port = "443";
	bool is_v6 = strchr(host, ':') != NULL;

	c->server = (const char *)pqm_arena_f(
		&c->arena, "https://%s%s%s:%s", is_v6 ? "[" : "", host, is_v6 ? "]" : "", port)
			    .p;
	c->token_file = (const char *)pqm_arena_f(&c->arena, "%s/token", dir).p;
	c->ca_file = (const char *)pqm_arena_f(&c->arena, "%s/ca.crt", dir).p;
	const char *ns_file = (const char *)pqm_arena_f(&c->arena, "%s/namespace", dir).p;

	if (c->server == NULL || c->token_file == NULL || c->ca_file == NULL || ns_file == NULL)
		return pqm_fail(err, PQM_ENOMEM, "out of memory for the account");
	if (pqm_kube_read(&ns, ns_file, &c->arena, &ignored) == PQM_OK)
		c->ns = (const char *)ns.p;
	return read_named(c, err);
}

/* The files of $KUBECONFIG that exist, or ~/.kube/config. */
static enum pqm_st read_files(
	struct pqm_kube_file *files, size_t *n, struct pqm_arena *arena, struct pqm_err *err)
{
	const char *env = getenv("KUBECONFIG"), *home = getenv("HOME");
	pqm_bytes list = pqm_str(env), one;
	enum pqm_st st = PQM_OK;

	*n = 0;
	if (list.n == 0 && home != NULL)
		list = pqm_arena_f(arena, "%s/.kube/config", home);
	while (st == PQM_OK && pqm_split(&list, ':', &one)) {
		const char *path = (const char *)pqm_bytes_dup(arena, one).p;

		if (one.n == 0 || path == NULL || access(path, F_OK) != 0)
			continue;
		if (*n == FILES_MAX)
			return pqm_fail(
				err, PQM_ELIMIT, "$KUBECONFIG names more than %d files", FILES_MAX);
		st = pqm_kube_read(&files[*n].text, path, arena, err);
		files[(*n)++].path = path;
	}
	return st;
}

enum pqm_st pqm_kube_config_load(
	struct pqm_kube_config *out, const char *context, struct pqm_err *err)
{
	struct pqm_kube_file files[FILES_MAX] = { 0 };
	struct pqm_arena arena;
	size_t n = 0;
	enum pqm_st st;

	if (context != NULL && strcmp(context, IN_CLUSTER) == 0)
		return in_cluster(out, err);
	*out = (struct pqm_kube_config){ 0 };
	pqm_arena_init(&arena, PQM_ARENA_BYTES);
	st = read_files(files, &n, &arena, err);
	if (st == PQM_OK && n > 0)
		st = pqm_kube_config_parse(out, files, n, context, err);
	else if (st == PQM_OK && context != NULL && *context != '\0')
		st = pqm_fail(err, PQM_EUSAGE, "no kubeconfig ($KUBECONFIG, ~/.kube/config)");
	else if (st == PQM_OK)
		st = in_cluster(out, err);
	if (st == PQM_OK && n > 0)
		st = read_named(out, err);
	pqm_arena_wipe(&arena);
	pqm_arena_fini(&arena);
	return st;
}
