/* img_facts.c — how an image is started, or what an artifact is made of, written as an object, so that one reader with one set of rules
 * redacts and judges it and the pods of a cluster. */
#include "base/limits.h"
#include "base/num.h"
#include "img.h"
#include "parse/yaml.h"

/* Of a reference: what is longer than the name of an object may be keeps its end, which has the digest. */
#define NAME_BYTES ((size_t)300)

/* [RFC8259 §7] */
static void add_text(struct pqm_buf *b, pqm_bytes s)
{
	(void)pqm_buf_byte(b, '"');
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];

		if (c < 0x20) {
			(void)pqm_buf_f(b, "\\u%04x", c);
			continue;
		}
		if (c == '"' || c == '\\')
			(void)pqm_buf_byte(b, '\\');
		(void)pqm_buf_byte(b, c);
	}
	(void)pqm_buf_byte(b, '"');
}

static bool is_list(const struct pqm_yaml *y)
{
	return y != NULL && y->type == PQM_YAML_SEQ && y->n > 0;
}

static bool is_map(const struct pqm_yaml *y)
{
	return y != NULL && y->type == PQM_YAML_MAP && y->n > 0;
}

/* Each on a line of its own: what is found there has a place. */
static void add_words(struct pqm_buf *b, const char *key, const struct pqm_yaml *list)
{
	if (!is_list(list))
		return;
	(void)pqm_buf_f(b, ",\n\"%s\": [", key);
	for (uint32_t i = 0; i < list->n; i++) {
		(void)pqm_buf_f(b, i > 0 ? ",\n" : "\n");
		add_text(b, pqm_yaml_text(list->items[i]));
	}
	(void)pqm_buf_byte(b, ']');
}

/* What the builder of a derived image runs, without what it was given. */
static void add_steps(struct pqm_buf *b, const struct pqm_yaml *list, struct pqm_arena *arena)
{
	if (!is_list(list))
		return;
	(void)pqm_buf_f(b, ",\n\"onBuild\": [");
	for (uint32_t i = 0; i < list->n; i++) {
		(void)pqm_buf_f(b, i > 0 ? ",\n" : "\n");
		add_text(b, pqm_oci_step(pqm_yaml_text(list->items[i]), arena));
	}
	(void)pqm_buf_byte(b, ']');
}

/* "CMD" and words, or "CMD-SHELL" and a line, as the probe of a pod that does the same. */
static void add_check(struct pqm_buf *b, const struct pqm_yaml *test, struct pqm_arena *arena)
{
	bool is_line;

	if (!is_list(test) || test->n < 2)
		return;
	is_line = pqm_eqs(pqm_yaml_text(test->items[0]), "CMD-SHELL");
	(void)pqm_buf_f(b, ",\n\"livenessProbe\": { \"exec\": { \"command\": [%s",
		is_line ? "\"sh\", \"-c\"" : "");
	for (uint32_t i = 1; i < test->n; i++) {
		(void)pqm_buf_f(b, i > 1 || is_line ? ",\n" : "\n");
		add_text(b, pqm_oci_step(pqm_yaml_text(test->items[i]), arena));
	}
	(void)pqm_buf_f(b, "] } }");
}

/* "NAME=value" */
static void add_variables(struct pqm_buf *b, const struct pqm_yaml *list)
{
	if (!is_list(list))
		return;
	(void)pqm_buf_f(b, ",\n\"env\": [");
	for (uint32_t i = 0; i < list->n; i++) {
		pqm_bytes all = pqm_yaml_text(list->items[i]);
		size_t eq = pqm_find_byte(all, 0, '=');

		(void)pqm_buf_f(b, "%s\n{ \"name\": ", i > 0 ? "," : "");
		add_text(b, pqm_sub(all, 0, eq));
		/* A key that was pasted is handed over by itself [img_pasted.c]. */
		if (eq != SIZE_MAX && pqm_find(all, eq, PQM_LIT(PQM_PEM_BEGIN)) == SIZE_MAX) {
			(void)pqm_buf_f(b, ", \"value\": ");
			add_text(b, pqm_sub(all, eq + 1, all.n));
		}
		(void)pqm_buf_f(b, " }");
	}
	(void)pqm_buf_byte(b, ']');
}

/* "8080/tcp": {} */
static void add_ports(struct pqm_buf *b, const struct pqm_yaml *map)
{
	bool any = false;

	for (uint32_t i = 0; is_map(map) && i < map->n; i++) {
		pqm_bytes text = pqm_yaml_text(map->keys[i]), number = { NULL, 0 };
		uint64_t port = 0;

		if (!pqm_split(&text, '/', &number) || !pqm_u64_parse(number, 65535, &port))
			continue;
		(void)pqm_buf_f(b, "%s{ \"containerPort\": %llu, \"protocol\": \"%s\" }",
			any ? ",\n" : ",\n\"ports\": [\n", (unsigned long long)port,
			pqm_eqs(text, "udp") ? "UDP" : "TCP");
		any = true;
	}
	if (any)
		(void)pqm_buf_byte(b, ']');
}

static void add_labels(struct pqm_buf *b, const struct pqm_yaml *map)
{
	if (!is_map(map))
		return;
	(void)pqm_buf_f(b, ",\n\"labels\": {");
	for (uint32_t i = 0; i < map->n; i++) {
		(void)pqm_buf_f(b, i > 0 ? ",\n" : "\n");
		add_text(b, pqm_yaml_text(map->keys[i]));
		(void)pqm_buf_f(b, ": ");
		add_text(b, pqm_yaml_text(map->items[i]));
	}
	(void)pqm_buf_byte(b, '}');
}

/* "host/team/app:1.0@sha256:…" */
static pqm_bytes name_of(pqm_bytes name)
{
	static const char registry[] = "registry:";

	if (pqm_starts(name, pqm_str(registry)))
		name = pqm_sub(name, sizeof(registry) - 1, name.n);
	if (name.n > NAME_BYTES)
		name = pqm_sub(name, name.n - NAME_BYTES, NAME_BYTES);
	/* Not inside of a character. */
	while (name.n > 0 && (name.p[0] & 0xc0) == 0x80)
		name = pqm_sub(name, 1, name.n);
	return name;
}

static void write_object(struct pqm_buf *b, const struct pqm_image *im, struct pqm_arena *arena)
{
	const struct pqm_yaml *run = im->config.run;
	pqm_bytes user = pqm_yaml_str(run, "User");

	(void)pqm_buf_f(b,
		"{ \"apiVersion\": \"image.pqmap.dev/v1\", \"kind\": \"Image\",\n"
		"\"metadata\": { \"name\": ");
	add_text(b, name_of(im->reference));
	add_labels(b, pqm_yaml_get(run, "Labels"));
	(void)pqm_buf_f(b, " },\n\"spec\": { \"platform\": ");
	add_text(b, pqm_platform_text(&im->config.platform, arena));
	if (user.n > 0) {
		(void)pqm_buf_f(b, ",\n\"user\": ");
		add_text(b, user);
	}
	add_steps(b, pqm_yaml_get(run, "OnBuild"), arena);
	(void)pqm_buf_f(b, ",\n\"containers\": [{ \"name\": \"image\"");
	add_words(b, "command", pqm_yaml_get(run, "Entrypoint"));
	add_words(b, "args", pqm_yaml_get(run, "Cmd"));
	add_ports(b, pqm_yaml_get(run, "ExposedPorts"));
	add_check(b, pqm_yaml_at(run, "Healthcheck.Test"), arena);
	add_variables(b, pqm_yaml_get(run, "Env"));
	(void)pqm_buf_f(b, " }] } }\n");
}

/* As it was read: whoever parsed it has a limit for the depth. */
static void add_json(struct pqm_buf *b, const struct pqm_yaml *y)
{
	bool is_map_here = y->type == PQM_YAML_MAP;

	if (y->type == PQM_YAML_SCALAR) {
		if (y->is_plain)
			(void)pqm_buf_add(b, y->text);
		else
			add_text(b, y->text);
		return;
	}
	(void)pqm_buf_byte(b, is_map_here ? '{' : '[');
	for (uint32_t i = 0; i < y->n; i++) {
		(void)pqm_buf_f(b, i > 0 ? ",\n" : "\n");
		if (is_map_here) {
			add_text(b, y->keys[i]->text);
			(void)pqm_buf_f(b, ": ");
		}
		add_json(b, y->items[i]);
	}
	(void)pqm_buf_byte(b, is_map_here ? '}' : ']');
}

static void add_member(struct pqm_buf *b, const char *key, pqm_bytes value)
{
	if (value.n == 0)
		return;
	(void)pqm_buf_f(b, ", \"%s\": ", key);
	add_text(b, value);
}

/* A descriptor of an artifact. cosign keeps the certificate of a signature beside it. */
static void add_part(struct pqm_buf *b, const struct pqm_yaml *d)
{
	static const char cosign[] = "dev.sigstore.cosign/";
	static const char *const known[] = { "certificate", "chain", "bundle" };
	const struct pqm_yaml *notes = pqm_yaml_get(d, "annotations");

	(void)pqm_buf_f(b, "{ \"mediaType\": ");
	add_text(b, pqm_yaml_str(d, "mediaType"));
	add_member(b, "size", pqm_yaml_str(d, "size"));
	add_member(b, "digest", pqm_yaml_str(d, "digest"));
	add_member(b, "title", pqm_yaml_str(notes, "org.opencontainers.image.title"));
	for (uint32_t i = 0; is_map(notes) && i < notes->n; i++) {
		pqm_bytes key = pqm_yaml_text(notes->keys[i]);

		if (!pqm_starts(key, pqm_str(cosign)))
			continue;
		key = pqm_sub(key, sizeof(cosign) - 1, key.n);
		for (size_t k = 0; k < sizeof(known) / sizeof(known[0]); k++)
			if (pqm_eqs(key, known[k]))
				add_member(b, known[k], pqm_yaml_text(notes->items[i]));
	}
	add_member(b, "signature", pqm_yaml_str(notes, "dev.cosignproject.cosign/signature"));
	add_member(b, "predicateType", pqm_yaml_str(notes, "predicateType"));
	(void)pqm_buf_f(b, " }");
}

static void write_artifact(struct pqm_buf *b, const struct pqm_image *im)
{
	const struct pqm_yaml *config = pqm_yaml_get(im->artifact, "config");
	const struct pqm_yaml *layers = pqm_yaml_get(im->artifact, "layers");
	pqm_bytes type = pqm_yaml_str(im->artifact, "artifactType");

	if (type.n == 0)
		type = pqm_yaml_str(config, "mediaType");
	/* cosign calls its own an image: what it is, its blobs say. */
	if (pqm_eqs(type, "application/vnd.oci.image.config.v1+json") && is_list(layers))
		type = pqm_yaml_str(layers->items[0], "mediaType");
	(void)pqm_buf_f(b,
		"{ \"apiVersion\": \"image.pqmap.dev/v1\", \"kind\": \"Artifact\",\n"
		"\"metadata\": { \"name\": ");
	add_text(b, name_of(im->subject.n > 0 ? im->label : im->reference));
	(void)pqm_buf_f(b, " },\n\"spec\": { \"artifactType\": ");
	add_text(b, type);
	add_member(b, "subject", im->subject);
	if (im->about != NULL) {
		(void)pqm_buf_f(b, ",\n\"config\": { \"mediaType\": ");
		add_text(b, pqm_yaml_str(config, "mediaType"));
		(void)pqm_buf_f(b, ", \"data\": ");
		add_json(b, im->about);
		(void)pqm_buf_f(b, " }");
	}
	(void)pqm_buf_f(b, ",\n\"layers\": [");
	for (uint32_t i = 0; is_list(layers) && i < layers->n; i++) {
		(void)pqm_buf_f(b, i > 0 ? ",\n" : "\n");
		add_part(b, layers->items[i]);
	}
	(void)pqm_buf_f(b, "] } }\n");
}

static bool says_something(const struct pqm_yaml *run)
{
	return is_list(pqm_yaml_get(run, "Entrypoint")) || is_list(pqm_yaml_get(run, "Cmd")) ||
		is_list(pqm_yaml_get(run, "Env")) || is_map(pqm_yaml_get(run, "ExposedPorts")) ||
		is_map(pqm_yaml_get(run, "Labels")) || is_list(pqm_yaml_get(run, "OnBuild")) ||
		is_list(pqm_yaml_at(run, "Healthcheck.Test"));
}

enum pqm_st pqm_image_facts(const struct pqm_image *im, struct pqm_sink *s, struct pqm_err *err)
{
	struct pqm_arena arena;
	struct pqm_buf b;
	pqm_bytes path;
	enum pqm_st st = PQM_OK;

	if (im->artifact == NULL && (!is_map(im->config.run) || !says_something(im->config.run)))
		return PQM_OK;
	pqm_arena_init(&arena, (size_t)1 << 20);
	pqm_buf_init(&b, 4 * PQM_OCI_MANIFEST_BYTES);
	if (im->artifact != NULL)
		write_artifact(&b, im);
	else
		write_object(&b, im, &arena);
	path = pqm_arena_f(&arena, "%.*s › %s.json", PQM_FMT(im->label),
		im->artifact != NULL ? "artifact" : "image");
	if (b.failed)
		s->note(s, im->label, "over-limit",
			"what the image says of itself is too large; it was not read");
	else if (path.p == NULL)
		st = pqm_fail(err, PQM_ENOMEM, "out of memory for an image");
	else
		st = s->bytes(s, pqm_buf_bytes(&b), path, err);
	pqm_buf_wipe(&b); /* the environment of an image may hold anything */
	pqm_arena_fini(&arena);
	return st;
}
