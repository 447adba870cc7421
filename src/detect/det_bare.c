#include "bare.h"

#include "base/limits.h"
#include "base/num.h"
#include "k8s_doc.h"

static bool is_yaml_name(pqm_bytes name)
{
	return pqm_ends(name, PQM_LIT(".yaml")) || pqm_ends(name, PQM_LIT(".yml")) ||
		pqm_ends(name, PQM_LIT(".json"));
}

/* compose.yaml, docker-compose.prod.yml: Compose looks for these names. Other files are found by anchors. */
static bool is_compose_name(pqm_bytes name)
{
	return is_yaml_name(name) &&
		(pqm_starts(name, PQM_LIT("compose.")) ||
			pqm_starts(name, PQM_LIT("docker-compose")));
}

static bool wants(const struct pqm_artifact *a)
{
	return a->depth == 0 && is_compose_name(a->name);
}

struct bare {
	struct pqm_k8s_scan s;
	struct kz k;
	pqm_bytes folder; /* that the file is in */
	size_t n;	  /* documents so far */
};

struct pqm_yaml *bare_object(
	struct kz *k, const char *api, const char *kind, pqm_bytes name, uint32_t line)
{
	struct pqm_yaml *root = kz_new(k, PQM_YAML_MAP, line);

	kz_set_key(k, root, PQM_LIT("apiVersion"), kz_text(k, pqm_str(api), line));
	kz_set_key(k, root, PQM_LIT("kind"), kz_text(k, pqm_str(kind), line));
	kz_set_key(k, kz_make(k, root, "metadata"), PQM_LIT("name"), kz_text(k, name, line));
	return k->st == PQM_OK ? root : NULL;
}

/* The file in its folder: what is in there twice is told apart by a number. */
static pqm_bytes own_name(struct bare *b)
{
	b->n++;
	if (b->n == 1)
		return pqm_arena_f(
			b->k.arena, "%.*s/%.*s", PQM_FMT(b->folder), PQM_FMT(b->k.a->name));
	return pqm_arena_f(
		b->k.arena, "%.*s/%.*s %zu", PQM_FMT(b->folder), PQM_FMT(b->k.a->name), b->n);
}

/* ---- JSON patches [RFC6902] ---- */

static bool is_patch(const struct pqm_yaml *root)
{
	static const char *const ops[] = { "add", "replace", "remove", "test", "move", "copy" };

	for (uint32_t i = 0; i < root->n && i < BARE_OPS; i++) {
		pqm_bytes op = pqm_yaml_str(root->items[i], "op");
		bool is_known = false;

		for (size_t k = 0; k < sizeof(ops) / sizeof(ops[0]); k++)
			is_known = is_known || pqm_eqs(op, ops[k]);
		if (!is_known || !pqm_starts(pqm_yaml_str(root->items[i], "path"), PQM_LIT("/")))
			return false;
	}
	return root->type == PQM_YAML_SEQ && root->n > 0;
}

/* "~1" is a slash: annotations have one in their name. */
static pqm_bytes unescaped(struct kz *k, pqm_bytes part)
{
	size_t at = pqm_find(part, 0, PQM_LIT("~1"));

	if (at == SIZE_MAX)
		return part;
	return pqm_arena_f(k->arena, "%.*s/%.*s", PQM_FMT(pqm_sub(part, 0, at)),
		PQM_FMT(pqm_sub(part, at + 2, part.n)));
}

/* What is before the last part: lists where numbers or "-" follow. */
static struct pqm_yaml *step(struct kz *k, struct pqm_yaml *in, pqm_bytes part, bool is_list)
{
	enum pqm_yaml_type type = is_list ? PQM_YAML_SEQ : PQM_YAML_MAP;
	struct pqm_yaml *next = NULL;
	uint64_t at;

	if (in->type == PQM_YAML_MAP)
		next = kz_get_b(in, part);
	else if (pqm_u64_parse(part, UINT32_MAX, &at) && at < in->n)
		next = in->items[at];
	if (next != NULL)
		return next->type == type ? next : NULL;
	next = kz_new(k, type, in->line);
	if (in->type == PQM_YAML_MAP)
		kz_set_key(k, in, part, next);
	else if (next != NULL)
		kz_insert(k, in, in->n, next);
	return next;
}

static bool is_index(pqm_bytes part)
{
	uint64_t at;

	return pqm_eqs(part, "-") || pqm_u64_parse(part, UINT32_MAX, &at);
}

/* Puts the value where the pointer says, in an object that has nothing but what patches brought. */
static void put(struct kz *k, struct pqm_yaml *root, pqm_bytes pointer, struct pqm_yaml *value)
{
	pqm_bytes rest = pqm_sub(pointer, 1, pointer.n), part, ahead, following;
	struct pqm_yaml *in = root;

	for (unsigned depth = 0; depth < PQM_YAML_DEPTH / 2 && in != NULL; depth++) {
		if (!pqm_split(&rest, '/', &part))
			return;
		part = unescaped(k, part);
		if (rest.p == NULL)
			break;
		ahead = rest;
		if (!pqm_split(&ahead, '/', &following))
			return;
		in = step(k, in, part, is_index(following));
	}
	if (in == NULL || rest.p != NULL)
		return;
	if (in->type == PQM_YAML_MAP)
		kz_set_key(k, in, part, value);
	else
		kz_insert(k, in, in->n, value);
}

static enum pqm_st patch(struct bare *b, const struct pqm_yaml *ops, struct pqm_err *err)
{
	struct kz *k = &b->k;
	struct pqm_yaml *root = bare_object(k, "pqmap.dev/v1", "JsonPatch", own_name(b), ops->line);

	for (uint32_t i = 0; root != NULL && i < ops->n && i < BARE_OPS; i++) {
		pqm_bytes op = pqm_yaml_str(ops->items[i], "op");
		pqm_bytes path = pqm_yaml_str(ops->items[i], "path");
		const struct pqm_yaml *value = pqm_yaml_get(ops->items[i], "value");
		bool is_put = pqm_eqs(op, "add") || pqm_eqs(op, "replace");

		/* Its name and kind are the patch's own. */
		if (value != NULL && is_put && !pqm_starts(path, PQM_LIT("/metadata/name")) &&
			!pqm_starts(path, PQM_LIT("/kind")) &&
			!pqm_starts(path, PQM_LIT("/apiVersion")))
			put(k, root, path, (struct pqm_yaml *)(uintptr_t)value);
	}
	return root == NULL ? k->st : pqm_k8s_object(&b->s, root, err);
}

/* ---- Envoy ---- */

static bool is_envoy(const struct pqm_yaml *root)
{
	const struct pqm_yaml *stat = pqm_yaml_get(root, "static_resources");
	const struct pqm_yaml *list = pqm_yaml_get(root, "resources");

	if (stat != NULL)
		return pqm_yaml_get(stat, "listeners") != NULL ||
			pqm_yaml_get(stat, "clusters") != NULL;
	/* What a management server, or a file in its place, sends. */
	if (list != NULL && list->type == PQM_YAML_SEQ && list->n > 0)
		return pqm_starts(pqm_yaml_str(list->items[0], "@type"),
			PQM_LIT("type.googleapis.com/envoy."));
	return pqm_starts(pqm_yaml_str(root, "@type"), PQM_LIT("type.googleapis.com/envoy.")) ||
		pqm_yaml_get(root, "common_tls_context") != NULL;
}

static enum pqm_st envoy(struct bare *b, const struct pqm_yaml *config, struct pqm_err *err)
{
	struct kz *k = &b->k;
	struct pqm_yaml *root =
		bare_object(k, "envoyproxy.io/v3", "EnvoyConfig", own_name(b), config->line);

	for (uint32_t i = 0; root != NULL && i < config->n && i < BARE_ITEMS; i++)
		if (config->keys[i]->type == PQM_YAML_SCALAR)
			kz_set_key(k, root, config->keys[i]->text, config->items[i]);
	return root == NULL ? k->st : pqm_k8s_object(&b->s, root, err);
}

/* ---- Compose ---- */

static enum pqm_st compose(struct bare *b, const struct pqm_yaml *root, struct pqm_err *err)
{
	const struct pqm_yaml *services = pqm_yaml_get(root, "services");
	pqm_bytes project = pqm_yaml_str(root, "name");
	enum pqm_st st = PQM_OK;

	if (services == NULL || services->type != PQM_YAML_MAP)
		return PQM_OK;
	if (project.n == 0 || project.n > PQM_K8S_KEY_BYTES)
		project = b->folder;
	for (uint32_t i = 0; i < services->n && i < BARE_SERVICES && st == PQM_OK; i++) {
		const struct pqm_yaml *service = services->items[i];
		struct pqm_yaml *o;

		if (service->type != PQM_YAML_MAP || services->keys[i]->type != PQM_YAML_SCALAR)
			continue;
		o = bare_service(&b->k, project, services->keys[i], service);
		st = o == NULL ? b->k.st : pqm_k8s_object(&b->s, o, err);
	}
	return st;
}

static enum pqm_st visit(void *ctx, const struct pqm_yaml *root, struct pqm_err *err)
{
	struct bare *b = ctx;

	(void)pqm_k8s_tidy(root);
	if (is_compose_name(b->k.a->name))
		return root->type == PQM_YAML_MAP ? compose(b, root, err) : PQM_OK;
	if (root->type == PQM_YAML_SEQ)
		return is_patch(root) ? patch(b, root, err) : PQM_OK;
	if (root->type != PQM_YAML_MAP || pqm_yaml_get(root, "apiVersion") != NULL)
		return PQM_OK;
	return is_envoy(root) ? envoy(b, root, err) : PQM_OK;
}

/* A list: what a patch is. Long files that only have the words of one in them are many. */
static bool opens_list(pqm_bytes head)
{
	pqm_bytes rest = head, line;

	while (rest.p != NULL && pqm_split(&rest, '\n', &line)) {
		line = pqm_trim(line);
		if (line.n > 0 && line.p[0] != '#' && !pqm_eqs(line, "---"))
			return line.p[0] == '[' || line.p[0] == '-';
	}
	return false;
}

static bool may_be_one(const struct pqm_artifact *a)
{
	if (a->depth > 0 || !is_yaml_name(a->name) || a->body.n > PQM_YAML_DOC_BYTES ||
		a->name.n > PQM_K8S_KEY_BYTES / 3 ||
		pqm_find(a->body, 0, PQM_LIT("{{")) != SIZE_MAX)
		return false;
	return is_compose_name(a->name) || opens_list(a->head) ||
		pqm_find(a->body, 0, PQM_LIT("static_resources")) != SIZE_MAX ||
		pqm_find(a->body, 0, PQM_LIT("streamTlsContext")) != SIZE_MAX;
}

/* The last folder of the path; "-" without one. */
static pqm_bytes folder_of(const struct pqm_artifact *a)
{
	size_t end = a->path.n > a->name.n ? a->path.n - a->name.n - 1 : 0, from = end;

	while (from > 0 && a->path.p[from - 1] != '/')
		from--;
	return end > from && end - from <= PQM_K8S_KEY_BYTES / 2
		? pqm_sub(a->path, from, end - from)
		: PQM_LIT("-");
}

static enum pqm_st run(const struct pqm_rules *r, const struct pqm_artifact *a,
	const struct pqm_hits *hits, struct pqm_emit *out, struct pqm_err *err)
{
	struct pqm_artifact each =
		*a; /* with an arena of its own: values of variables pass through */
	struct pqm_arena own;
	struct bare b = { .s = { .rules = r, .a = &each, .out = out, .is_named = true },
		.k = { .rules = r, .a = &each, .out = out, .arena = &own },
		.folder = folder_of(a) };
	struct pqm_err why = { 0 };
	enum pqm_st st;

	if (hits->done_until != NULL && *hits->done_until > 0)
		return PQM_OK; /* a later batch of a body that was read whole */
	if (hits->done_until != NULL)
		*hits->done_until = UINT64_MAX;
	if (!may_be_one(a))
		return PQM_OK;
	st = pqm_rules_k8s(&b.s.kinds, r, err);
	if (st != PQM_OK)
		return st;
	b.s.shapes.arena = a->arena;
	pqm_arena_init(&own, PQM_ARENA_BYTES);
	each.arena = &own;
	st = pqm_yaml_docs(a->body, &own, visit, &b, &why);
	pqm_arena_wipe(&own);
	pqm_arena_fini(&own);
	if (st == PQM_EPARSE || st == PQM_ELIMIT) {
		pqm_emit_note(out, UINT64_MAX, st, "%s", why.msg);
		st = PQM_OK;
	}
	return st == PQM_OK ? st : pqm_fail(err, st, "%s", pqm_st_name(st));
}

static const struct pqm_anchor anchors[] = { PQM_ANCHOR("static_resources"),
	PQM_ANCHOR("DownstreamTlsContext"), PQM_ANCHOR("UpstreamTlsContext"), PQM_ANCHOR("op: add"),
	PQM_ANCHOR("op: replace"), PQM_ANCHOR("\"op\": \"add\""), PQM_ANCHOR("\"op\": \"replace\""),
	PQM_ANCHOR("\"op\":\"add\""), PQM_ANCHOR("\"op\":\"replace\"") };

const struct pqm_detector pqm_det_bare = {
	.name = "bare",
	.version = 1,
	.summary = "YAML that is no manifest: JSON patches, Envoy configuration, Compose files",
	.anchors = anchors,
	.n_anchors = sizeof(anchors) / sizeof(anchors[0]),
	.wants = wants,
	.run = run,
};
