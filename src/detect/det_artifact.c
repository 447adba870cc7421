/* det_artifact.c — what a registry or layout says of an artifact (source/img_facts.c): models by their media types
 * and configuration, signatures by what stands in the annotations of cosign. */
#include "base/buf.h"
#include "base/limits.h"
#include "base/num.h"
#include "detect/signature.h"
#include "parse/yaml_json.h"
#include "rules/k8s.h"

#define GROUP "file.pqmap.dev"
#define FACTS_MAX 16
#define TREE_DEPTH 32
#define LOG_BYTES ((size_t)1 << 20)

struct look {
	const struct pqm_rules *r;
	const struct pqm_artifact *a;
	struct pqm_emit *out;
	const struct pqm_yaml *spec;
	pqm_bytes name, subject;
};

static bool wants(const struct pqm_artifact *a)
{
	return a->depth == 0 && pqm_ends(a->path, PQM_LIT(" › artifact.json")) &&
		pqm_starts(a->head, PQM_LIT("{ \"apiVersion\": \"image.pqmap.dev/v1\""));
}

static const struct pqm_yaml *layers_of(const struct look *l)
{
	const struct pqm_yaml *list = pqm_yaml_get(l->spec, "layers");

	return list != NULL && list->type == PQM_YAML_SEQ ? list : NULL;
}

static const struct pqm_rule *model_rule(const struct look *l)
{
	const struct pqm_yaml *list = layers_of(l);
	pqm_bytes config = pqm_yaml_str(pqm_yaml_get(l->spec, "config"), "mediaType");
	const struct pqm_rule *rule;
	size_t at = 0;

	while ((rule = pqm_rules_next(l->r, PQM_ARTIFACT_RULES, &at)) != NULL) {
		const struct pqm_yaml *media = pqm_yaml_get(rule->node, "media");
		const struct pqm_yaml *blobs = pqm_yaml_get(rule->node, "layers");

		if (pqm_k8s_listed(media, pqm_yaml_str(l->spec, "artifactType")) ||
			(config.n > 0 && pqm_k8s_listed(media, config)))
			return rule;
		for (uint32_t i = 0; list != NULL && i < list->n; i++)
			if (pqm_k8s_listed(blobs, pqm_yaml_str(list->items[i], "mediaType")))
				return rule;
	}
	return NULL;
}

/* "Apache-2.0, MIT" of a list */
static pqm_bytes value_of(const struct look *l, const struct pqm_yaml *y)
{
	pqm_bytes out = { NULL, 0 };

	if (y == NULL)
		return out;
	if (y->type == PQM_YAML_SCALAR)
		out = pqm_yaml_text(y);
	for (uint32_t i = 0; y->type == PQM_YAML_SEQ && i < y->n && i < 4; i++)
		out = pqm_arena_f(l->a->arena, "%.*s%s%.*s", PQM_FMT(out), i > 0 ? ", " : "",
			PQM_FMT(pqm_sub(pqm_yaml_text(y->items[i]), 0, 64)));
	return pqm_printable(l->a->arena, pqm_sub(out, 0, 128));
}

static pqm_bytes first_of(
	const struct look *l, const struct pqm_yaml *data, const struct pqm_yaml *paths)
{
	for (uint32_t i = 0; paths->type == PQM_YAML_SEQ && i < paths->n; i++) {
		pqm_bytes path = pqm_bytes_dup(l->a->arena, pqm_yaml_text(paths->items[i]));
		pqm_bytes value = value_of(
			l, path.p == NULL ? NULL : pqm_yaml_at(data, (const char *)path.p));

		if (value.n > 0)
			return value;
	}
	return (pqm_bytes){ NULL, 0 };
}

/* How many blobs of the kind there are, and their bytes. */
static uint64_t count(const struct look *l, const struct pqm_yaml *globs, uint64_t *bytes)
{
	const struct pqm_yaml *list = layers_of(l);
	uint64_t n = 0, size;

	*bytes = 0;
	for (uint32_t i = 0; list != NULL && i < list->n; i++) {
		if (!pqm_k8s_listed(globs, pqm_yaml_str(list->items[i], "mediaType")))
			continue;
		n++;
		if (pqm_u64_parse(pqm_yaml_str(list->items[i], "size"), UINT64_MAX / 2, &size) &&
			size < UINT64_MAX / 2 - *bytes)
			*bytes += size;
	}
	return n;
}

static enum pqm_st tell_files(const struct look *l, const struct pqm_rule *rule, const char *list,
	const char *kind, struct pqm_fact *facts, size_t n_facts)
{
	struct pqm_arena *arena = l->a->arena;
	uint64_t bytes = 0, n = count(l, pqm_yaml_get(rule->node, list), &bytes);

	if (n == 0 && strcmp(list, "weights") != 0)
		return PQM_OK;
	facts[n_facts++] = (struct pqm_fact){ PQM_LIT("packaging"),
		pqm_yaml_str(rule->node, "packaging"), 0, 0 };
	facts[n_facts++] = (struct pqm_fact){ PQM_LIT("files"),
		pqm_arena_f(arena, "%llu", (unsigned long long)n), 0, 0 };
	facts[n_facts++] = (struct pqm_fact){ PQM_LIT("bytes"),
		pqm_arena_f(arena, "%llu", (unsigned long long)bytes), 0, 0 };
	return pqm_emit_object(l->out,
		&(struct pqm_object){ .path = l->a->path,
			.group = PQM_LIT(GROUP),
			.kind = pqm_str(kind),
			.name = l->name,
			.facts = facts,
			.n_facts = n_facts });
}

static enum pqm_st tell_model(const struct look *l, const struct pqm_rule *rule)
{
	const struct pqm_yaml *data = pqm_yaml_get(pqm_yaml_get(l->spec, "config"), "data");
	const struct pqm_yaml *map = pqm_yaml_get(rule->node, "facts");
	struct pqm_fact facts[FACTS_MAX];
	size_t n = 0;
	enum pqm_st st;

	for (uint32_t i = 0; map != NULL && i < map->n && n < FACTS_MAX - 3; i++) {
		pqm_bytes value = first_of(l, data, map->items[i]);

		if (value.n > 0)
			facts[n++] = (struct pqm_fact){ pqm_yaml_text(map->keys[i]), value, 0, 0 };
	}
	st = tell_files(l, rule, "weights", "Model", facts, n);
	/* What the configuration says is of the model. */
	return st == PQM_OK ? tell_files(l, rule, "datasets", "Dataset", facts, 0) : st;
}

/* The first text of a log entry that is base64 of PEM: its public key or certificate, whatever kind of entry. */
static pqm_bytes pem_in(const struct look *l, const struct pqm_yaml *y, unsigned depth)
{
	static const char begin[] = "LS0tLS1CRUdJTi"; /* "-----BEGIN" */
	pqm_bytes out = { NULL, 0 };
	struct pqm_buf b;

	if (y == NULL || depth > TREE_DEPTH)
		return out;
	for (uint32_t i = 0; y->type != PQM_YAML_SCALAR && i < y->n && out.n == 0; i++)
		out = pem_in(l, y->items[i], depth + 1);
	if (y->type != PQM_YAML_SCALAR || !pqm_starts(y->text, pqm_str(begin)))
		return out;
	pqm_buf_init(&b, LOG_BYTES);
	if (pqm_base64(&b, y->text, NULL))
		out = pqm_signature_der(pqm_buf_bytes(&b), l->a->arena);
	pqm_buf_fini(&b);
	return out;
}

static const struct pqm_yaml *parse(const struct look *l, pqm_bytes text)
{
	const struct pqm_yaml *root = NULL;
	struct pqm_err ignored = { 0 };

	(void)!pqm_yjson_root(&root, text, l->a->arena, &ignored);
	return root;
}

/* {"Payload": {"body": base64 of {"spec": {"signature": {"publicKey": {"content": base64 of PEM}}}}}} */
static pqm_bytes logged_key(const struct look *l, pqm_bytes bundle)
{
	const struct pqm_yaml *root = bundle.n == 0 ? NULL : parse(l, bundle);
	pqm_bytes body = pqm_yaml_str(pqm_yaml_get(root, "Payload"), "body"), key = { NULL, 0 };
	struct pqm_buf b;

	if (body.n == 0)
		return key;
	pqm_buf_init(&b, LOG_BYTES);
	if (pqm_base64(&b, body, NULL)) {
		pqm_bytes text = pqm_bytes_dup(l->a->arena, pqm_buf_bytes(&b));

		key = pem_in(l, parse(l, text), 0);
	}
	pqm_buf_fini(&b);
	return key;
}

/* Of an attestation the signature is in the envelope; annotations say only whose it is. */
static bool is_signed(const struct pqm_yaml *layer)
{
	return pqm_yaml_str(layer, "signature").n > 0 || pqm_yaml_str(layer, "certificate").n > 0 ||
		pqm_eqs(pqm_yaml_str(layer, "mediaType"), "application/vnd.dsse.envelope.v1+json");
}

static enum pqm_st tell_signature(const struct look *l, const struct pqm_yaml *layer)
{
	struct pqm_signature s = { .form = "cosign",
		.subject = l->subject,
		.type = pqm_yaml_str(layer, "mediaType"),
		.predicate = pqm_yaml_str(layer, "predicateType"),
		.line = layer->line,
		.col = layer->col };
	pqm_bytes text = pqm_yaml_str(layer, "signature");
	struct pqm_buf b;
	enum pqm_st st = PQM_OK;

	s.key = pqm_signature_der(pqm_yaml_str(layer, "certificate"), l->a->arena);
	if (s.key.n == 0) {
		s.key = logged_key(l, pqm_yaml_str(layer, "bundle"));
		s.key_of = "transparency log";
	}
	pqm_buf_init(&b, LOG_BYTES);
	if (text.n == 0)
		(void)pqm_buf_add(&b, pqm_yaml_str(layer, "digest"));
	if (text.n == 0 || pqm_base64(&b, text, NULL)) {
		s.sig = pqm_buf_bytes(&b);
		st = pqm_signature_emit(l->r, &s, l->a->arena, l->out);
	}
	pqm_buf_fini(&b);
	return st;
}

static enum pqm_st run(const struct pqm_rules *r, const struct pqm_artifact *a,
	const struct pqm_hits *hits, struct pqm_emit *out, struct pqm_err *err)
{
	struct look l = { .r = r, .a = a, .out = out };
	const struct pqm_yaml *root = parse(&l, a->body), *list;
	const struct pqm_rule *rule;
	enum pqm_st st = PQM_OK;

	(void)hits;
	if (root == NULL || !pqm_eqs(pqm_yaml_str(root, "kind"), "Artifact"))
		return PQM_OK;
	l.spec = pqm_yaml_get(root, "spec");
	l.name = pqm_yaml_str(pqm_yaml_get(root, "metadata"), "name");
	l.subject = pqm_yaml_str(l.spec, "subject");
	rule = model_rule(&l);
	if (rule != NULL)
		st = tell_model(&l, rule);
	list = layers_of(&l);
	for (uint32_t i = 0; list != NULL && i < list->n && st == PQM_OK; i++)
		if (is_signed(list->items[i]))
			st = tell_signature(&l, list->items[i]);
	return st == PQM_OK ? PQM_OK : pqm_fail(err, st, "no memory for an artifact");
}

const struct pqm_detector pqm_det_artifact = {
	.name = "artifact",
	.version = 1,
	.summary = "Artifacts of registries: models by their configuration, cosign's signatures",
	.wants = wants,
	.run = run,
};
