/* kustomize_gen.c — ConfigMaps and Secrets made of files and literals, and the hash in their names. */
#include "base/buf.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/num.h"
#include "kustomize.h"

/* Base64 in lines of this length, as Kustomize writes it: it is part of the hash. */
#define LINE_CHARS 70
#define HASH_CHARS 10

struct gen {
	struct kz *k;
	const struct pqm_yaml *spec;
	struct pqm_yaml *data, *binary;
	pqm_bytes dir;
	bool is_secret;
};

static bool is_utf8(pqm_bytes t)
{
	for (size_t i = 0; i < t.n;) {
		uint8_t c = t.p[i++];
		unsigned more = c < 0x80 ? 0
			: c < 0xc2	 ? 9
			: c < 0xe0	 ? 1
			: c < 0xf0	 ? 2
			: c < 0xf5	 ? 3
					 : 9;

		if (more == 9)
			return false;
		for (; more > 0; more--, i++)
			if (i >= t.n || (t.p[i] & 0xc0) != 0x80)
				return false;
	}
	return true;
}

static pqm_bytes base64(struct kz *k, pqm_bytes in)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t length = (in.n + 2) / 3 * 4, n = 0, column = 0;
	bool is_split = length >= LINE_CHARS;
	uint8_t *p = pqm_arena_alloc(k->arena, length + length / LINE_CHARS + 2);

	if (p == NULL) {
		k->st = PQM_ENOMEM;
		return (pqm_bytes){ NULL, 0 };
	}
	for (size_t i = 0; i < in.n; i += 3) {
		uint32_t w = (uint32_t)in.p[i] << 16 |
			(i + 1 < in.n ? (uint32_t)in.p[i + 1] << 8 : 0) |
			(i + 2 < in.n ? in.p[i + 2] : 0);

		for (unsigned c = 0; c < 4; c++) {
			bool is_pad = i + c > in.n;

			p[n++] = is_pad ? '=' : (uint8_t)digits[w >> (18 - 6 * c) & 63];
			if (is_split && ++column == LINE_CHARS) {
				p[n++] = '\n';
				column = 0;
			}
		}
	}
	if (is_split && column > 0)
		p[n++] = '\n';
	return (pqm_bytes){ p, n };
}

static void put(struct gen *g, pqm_bytes key, pqm_bytes value)
{
	bool is_binary = !g->is_secret && !is_utf8(value);

	if (g->is_secret || is_binary)
		value = base64(g->k, value);
	if (value.p == NULL)
		value = (pqm_bytes){ (const uint8_t *)"", 0 };
	kz_set_key(g->k, is_binary ? g->binary : g->data, key, kz_text(g->k, value, g->spec->line));
}

static void add_file(struct gen *g, pqm_bytes entry)
{
	size_t eq = pqm_find_byte(entry, 0, '='), slash;
	pqm_bytes path = eq == SIZE_MAX ? entry : pqm_sub(entry, eq + 1, entry.n), text;
	pqm_bytes key = pqm_sub(entry, 0, eq);

	if (eq == SIZE_MAX) {
		for (slash = path.n; slash > 0 && path.p[slash - 1] != '/'; slash--)
			;
		key = pqm_sub(path, slash, path.n);
	}
	if (path.n > 0 && kz_read(g->k, g->dir, path, false, &text))
		put(g, key, text);
}

/* "key=value", quotes around the value dropped. */
static void add_literal(struct gen *g, pqm_bytes entry)
{
	size_t eq = pqm_find_byte(entry, 0, '=');
	pqm_bytes value = pqm_sub(entry, eq == SIZE_MAX ? entry.n : eq + 1, entry.n);

	if (eq == SIZE_MAX || eq == 0)
		return;
	if (value.n >= 2 && (value.p[0] == '"' || value.p[0] == '\'') &&
		value.p[value.n - 1] == value.p[0])
		value = pqm_sub(value, 1, value.n - 2);
	put(g, pqm_sub(entry, 0, eq), value);
}

static void add_env_file(struct gen *g, pqm_bytes path)
{
	pqm_bytes text, line;

	if (path.n == 0 || !kz_read(g->k, g->dir, path, false, &text))
		return;
	while (text.p != NULL && pqm_split(&text, '\n', &line)) {
		size_t eq;

		line = pqm_trim(line);
		eq = pqm_find_byte(line, 0, '=');
		if (line.n > 0 && line.p[0] != '#' && eq != SIZE_MAX)
			put(g, pqm_sub(line, 0, eq), pqm_sub(line, eq + 1, line.n));
	}
}

static void each_text(struct gen *g, const char *field, void (*fn)(struct gen *g, pqm_bytes entry))
{
	const struct pqm_yaml *list = pqm_yaml_get(g->spec, field);

	if (list != NULL && list->type == PQM_YAML_SCALAR)
		fn(g, pqm_yaml_text(list));
	for (size_t i = 0; list != NULL && list->type == PQM_YAML_SEQ && i < list->n; i++)
		fn(g, pqm_yaml_text(list->items[i]));
}

static struct kz_res *find(struct kz_set *set, const char *kind, pqm_bytes name)
{
	for (size_t i = 0; i < set->n; i++)
		if (pqm_eqs(pqm_yaml_str(set->res[i].root, "kind"), kind) &&
			(pqm_eq(set->res[i].first_name, name) ||
				pqm_eq(pqm_yaml_str(
					       pqm_yaml_get(set->res[i].root, "metadata"), "name"),
					name)))
			return &set->res[i];
	return NULL;
}

static void add_pairs(
	struct kz *k, struct pqm_yaml *root, const char *path, const struct pqm_yaml *from)
{
	struct pqm_yaml *to =
		from == NULL || from->type != PQM_YAML_MAP ? NULL : kz_make(k, root, path);

	for (uint32_t i = 0; to != NULL && i < from->n; i++)
		kz_set_key(k, to, from->keys[i]->text, kz_copy(k, from->items[i], root->line, 0));
}

static bool is_switched(const struct pqm_yaml *common, const struct pqm_yaml *own, const char *key)
{
	return pqm_yaml_get(own, key) != NULL ? pqm_yaml_true(own, key)
					      : pqm_yaml_true(common, key);
}

static void fill(struct gen *g, struct pqm_yaml *root)
{
	struct kz *k = g->k;

	g->data = kz_new(k, PQM_YAML_MAP, g->spec->line);
	g->binary = kz_new(k, PQM_YAML_MAP, g->spec->line);
	if (g->data == NULL || g->binary == NULL)
		return;
	each_text(g, "envs", add_env_file);
	each_text(g, "env", add_env_file);
	each_text(g, "files", add_file);
	each_text(g, "literals", add_literal);
	add_pairs(k, root, "data", g->data);
	if (g->binary->n > 0)
		add_pairs(k, root, "binaryData", g->binary);
}

static void one(struct kz *k, struct kz_set *set, const struct pqm_yaml *spec,
	const struct pqm_yaml *common, struct gen *g)
{
	const char *kind = g->is_secret ? "Secret" : "ConfigMap";
	pqm_bytes name = pqm_yaml_str(spec, "name"), behavior = pqm_yaml_str(spec, "behavior");
	pqm_bytes type = pqm_yaml_str(spec, "type"), ns = pqm_yaml_str(spec, "namespace");
	const struct pqm_yaml *own = pqm_yaml_get(spec, "options");
	struct kz_res *old = find(set, kind, name);
	struct pqm_yaml *root = kz_new(k, PQM_YAML_MAP, spec->line), *meta;

	g->spec = spec;
	if (old != NULL && (pqm_eqs(behavior, "merge") || pqm_eqs(behavior, "replace"))) {
		if (behavior.p[0] == 'r')
			kz_del_key(old->root, PQM_LIT("data"));
		fill(g, old->root);
		return;
	}
	if (root == NULL || name.n == 0)
		return;
	kz_set_key(k, root, PQM_LIT("apiVersion"), kz_text(k, PQM_LIT("v1"), spec->line));
	kz_set_key(k, root, PQM_LIT("kind"), kz_text(k, pqm_str(kind), spec->line));
	meta = kz_make(k, root, "metadata");
	kz_set_key(k, meta, PQM_LIT("name"), kz_text(k, name, spec->line));
	if (ns.n > 0)
		kz_set_key(k, meta, PQM_LIT("namespace"), kz_text(k, ns, spec->line));
	if (g->is_secret)
		kz_set_key(k, root, PQM_LIT("type"),
			kz_text(k, type.n > 0 ? type : PQM_LIT("Opaque"), spec->line));
	add_pairs(k, root, "metadata.labels", pqm_yaml_get(common, "labels"));
	add_pairs(k, root, "metadata.labels", pqm_yaml_get(own, "labels"));
	add_pairs(k, root, "metadata.annotations", pqm_yaml_get(common, "annotations"));
	add_pairs(k, root, "metadata.annotations", pqm_yaml_get(own, "annotations"));
	fill(g, root);
	size_t at = set->n;

	kz_add(k, set, root,
		g->dir.n == 0 ? g->dir
			      : pqm_arena_f(k->arena, "%.*skustomization.yaml", PQM_FMT(g->dir)));
	if (set->n > at)
		set->res[at].is_hashed = !is_switched(common, own, "disableNameSuffixHash");
}

void kz_generate(struct kz *k, struct kz_set *set, const struct pqm_yaml *kust, pqm_bytes dir)
{
	static const char *const fields[] = { "configMapGenerator", "secretGenerator" };
	const struct pqm_yaml *common = pqm_yaml_get(kust, "generatorOptions");

	for (unsigned f = 0; f < 2; f++) {
		const struct pqm_yaml *list = pqm_yaml_get(kust, fields[f]);

		for (size_t i = 0; list != NULL && list->type == PQM_YAML_SEQ && i < list->n; i++) {
			struct gen g = { .k = k, .dir = dir, .is_secret = f == 1 };

			if (k->st == PQM_OK && list->items[i]->type == PQM_YAML_MAP)
				one(k, set, list->items[i], common, &g);
		}
	}
}

/* Text as Go's encoding/json writes it. */
static void json_text(struct pqm_buf *b, pqm_bytes t)
{
	(void)pqm_buf_byte(b, '"');
	for (size_t i = 0; i < t.n; i++) {
		uint8_t c = t.p[i];

		if (c == '"' || c == '\\')
			(void)pqm_buf_f(b, "\\%c", c);
		else if (c == '\n' || c == '\r' || c == '\t')
			(void)pqm_buf_f(b, "\\%c", c == '\n' ? 'n' : c == '\r' ? 'r' : 't');
		else if (c == '\b' || c == '\f')
			(void)pqm_buf_f(b, "\\%c", c == '\b' ? 'b' : 'f');
		else if (c < ' ' || c == '<' || c == '>' || c == '&')
			(void)pqm_buf_f(b, "\\u%04x", c);
		else if (c == 0xe2 && i + 2 < t.n && t.p[i + 1] == 0x80 &&
			(t.p[i + 2] | 1) == 0xa9) {
			(void)pqm_buf_f(b, "\\u20%02x", t.p[i + 2] - 0x80u);
			i += 2;
		} else
			(void)pqm_buf_byte(b, c);
	}
	(void)pqm_buf_byte(b, '"');
}

static int by_key(const void *x, const void *y)
{
	const struct pqm_yaml *const *a = x, *const *b = y;

	return pqm_cmp((*a)->text, (*b)->text);
}

/* A map of texts with its keys in order; "" when there is none. */
static void json_map(struct kz *k, struct pqm_buf *b, const struct pqm_yaml *map)
{
	struct pqm_yaml **keys;

	if (map == NULL || map->type != PQM_YAML_MAP) {
		(void)pqm_buf_add(b, PQM_LIT("\"\""));
		return;
	}
	/* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers is meant */
	keys = pqm_arena_array(k->arena, (size_t)map->n + 1, sizeof(*keys));
	if (keys == NULL) {
		k->st = PQM_ENOMEM;
		return;
	}
	for (uint32_t i = 0; i < map->n; i++)
		keys[i] = map->keys[i];
	if (map->n > 1)
		/* NOLINTNEXTLINE(bugprone-sizeof-expression): likewise */
		qsort(keys, map->n, sizeof(*keys), by_key);
	(void)pqm_buf_byte(b, '{');
	for (uint32_t i = 0; i < map->n; i++) {
		const struct pqm_yaml *v = kz_get_b(map, keys[i]->text);

		if (i > 0)
			(void)pqm_buf_byte(b, ',');
		json_text(b, keys[i]->text);
		(void)pqm_buf_byte(b, ':');
		json_text(b, v != NULL ? v->text : (pqm_bytes){ NULL, 0 });
	}
	(void)pqm_buf_byte(b, '}');
}

static pqm_bytes hash_of(struct kz *k, const struct pqm_yaml *root)
{
	uint8_t sum[PQM_SHA256_BYTES];
	char hex[2 * PQM_SHA256_BYTES + 1];
	bool is_secret = pqm_eqs(pqm_yaml_str(root, "kind"), "Secret");
	const struct pqm_yaml *binary = pqm_yaml_get(root, "binaryData");
	struct pqm_buf b;

	pqm_buf_init(&b, (size_t)64 << 20);
	(void)pqm_buf_byte(&b, '{');
	if (binary != NULL && !is_secret) {
		(void)pqm_buf_add(&b, PQM_LIT("\"binaryData\":"));
		json_map(k, &b, binary);
		(void)pqm_buf_byte(&b, ',');
	}
	(void)pqm_buf_add(&b, PQM_LIT("\"data\":"));
	json_map(k, &b, pqm_yaml_get(root, "data"));
	/* Kustomize leaves the name out of it. */
	(void)pqm_buf_f(&b, ",\"kind\":\"%s\",\"name\":\"\"", is_secret ? "Secret" : "ConfigMap");
	if (is_secret) {
		(void)pqm_buf_add(&b, PQM_LIT(",\"type\":"));
		json_text(&b, pqm_yaml_str(root, "type"));
	}
	(void)pqm_buf_byte(&b, '}');
	pqm_sha256(sum, pqm_buf_bytes(&b));
	pqm_buf_wipe(&b);
	pqm_hex(hex, sum, sizeof(sum));
	for (unsigned i = 0; i < HASH_CHARS; i++) {
		static const char from[] = "013ae", to[] = "ghkmt";
		const char *at = strchr(from, hex[i]);

		if (at != NULL)
			hex[i] = to[at - from];
	}
	hex[HASH_CHARS] = '\0';
	return pqm_bytes_dup(k->arena, pqm_str(hex));
}

void kz_hashes(struct kz *k, struct kz_set *set)
{
	bool any = false;

	for (size_t i = 0; i < set->n && k->st == PQM_OK; i++) {
		struct kz_res *r = &set->res[i];
		struct pqm_yaml *meta = kz_get(r->root, "metadata");
		pqm_bytes name = pqm_yaml_str(meta, "name"), hash;

		r->old_name = name;
		if (!r->is_hashed)
			continue;
		any = true;
		hash = hash_of(k, r->root);
		kz_set_key(k, meta, PQM_LIT("name"),
			kz_text(k, pqm_arena_f(k->arena, "%.*s-%.*s", PQM_FMT(name), PQM_FMT(hash)),
				r->root->line));
	}
	if (any)
		kz_references(k, set);
}
