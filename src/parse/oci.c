#include "oci.h"

#include "base/limits.h"
#include "base/num.h"
#include "yaml_json.h"

/* Of a history line: enough to find the step again. */
#define STEP_BYTES 200

static enum pqm_st parse(const struct pqm_yaml **root, pqm_bytes text, const char *what,
	struct pqm_arena *arena, struct pqm_err *err)
{
	struct pqm_yjson_at at = { 0, 1, 1 };
	struct pqm_err why = { 0 };
	enum pqm_st st;

	if (text.n > PQM_OCI_MANIFEST_BYTES)
		return pqm_fail(err, PQM_ELIMIT, "%s: over the 4 MiB limit", what);
	while (at.off < text.n && text.p[at.off] <= ' ')
		at.off++;
	st = pqm_yjson_value(root, text, &at, NULL, arena, &why);
	if (st != PQM_OK)
		return pqm_fail(err, st, "%s: %s", what, why.msg);
	return PQM_OK;
}

static pqm_bytes dup_str(const struct pqm_yaml *map, const char *key, struct pqm_arena *arena)
{
	return pqm_bytes_dup(arena, pqm_yaml_str(map, key));
}

static bool is_seq(const struct pqm_yaml *y)
{
	return y != NULL && y->type == PQM_YAML_SEQ;
}

static void read_platform(
	struct pqm_platform *out, const struct pqm_yaml *map, struct pqm_arena *arena)
{
	out->os = dup_str(map, "os", arena);
	out->arch = dup_str(map, "architecture", arena);
	out->variant = dup_str(map, "variant", arena);
}

static enum pqm_st read_desc(struct pqm_oci_desc *d, const struct pqm_yaml *map, const char *what,
	struct pqm_arena *arena, struct pqm_err *err)
{
	const struct pqm_yaml *notes = pqm_yaml_get(map, "annotations");

	*d = (struct pqm_oci_desc){
		.media_type = dup_str(map, "mediaType", arena),
		.digest = dup_str(map, "digest", arena),
		.ref_name = dup_str(notes, "org.opencontainers.image.ref.name", arena),
		.title = dup_str(notes, "org.opencontainers.image.title", arena),
	};
	d->has_size = pqm_yaml_u64(map, "size", &d->size);
	d->is_attestation =
		pqm_eqs(pqm_yaml_str(notes, "vnd.docker.reference.type"), "attestation-manifest");
	read_platform(&d->platform, pqm_yaml_get(map, "platform"), arena);
	if (!pqm_oci_is_digest(d->digest))
		return pqm_fail(err, PQM_EPARSE,
			"%s: a descriptor without a sha256 or sha512 digest", what);
	return PQM_OK;
}

static enum pqm_st read_list(struct pqm_oci_manifest *m, const struct pqm_yaml *seq, size_t max,
	struct pqm_arena *arena, struct pqm_err *err)
{
	enum pqm_st st = PQM_OK;

	if (!is_seq(seq))
		return PQM_OK;
	if (seq->n > max)
		return pqm_fail(err, PQM_ELIMIT, "%u entries; the limit is %zu", seq->n, max);
	m->list = pqm_new(arena, struct pqm_oci_desc, seq->n + (size_t)1);
	if (m->list == NULL)
		return pqm_fail(err, PQM_ENOMEM, "out of memory for a manifest");
	for (uint32_t i = 0; i < seq->n && st == PQM_OK; i++)
		st = read_desc(&m->list[m->n++], seq->items[i],
			m->is_index ? "image index" : "image manifest", arena, err);
	return st;
}

enum pqm_st pqm_oci_manifest_parse(
	struct pqm_oci_manifest *out, pqm_bytes text, struct pqm_arena *arena, struct pqm_err *err)
{
	const struct pqm_yaml *root = NULL, *list;
	enum pqm_st st = parse(&root, text, "image manifest", arena, err);
	uint64_t version = 2;

	*out = (struct pqm_oci_manifest){ 0 };
	if (st != PQM_OK)
		return st;
	if (root->type != PQM_YAML_MAP)
		return pqm_fail(err, PQM_EPARSE, "image manifest: is no JSON object");
	if ((pqm_yaml_u64(root, "schemaVersion", &version) && version == 1) ||
		pqm_yaml_get(root, "fsLayers") != NULL)
		return pqm_fail(err, PQM_EPARSE,
			"image manifest: is of the old schema 1, which is not read; push the image "
			"again with a current client");
	out->root = root;
	list = pqm_yaml_get(root, "manifests");
	out->is_index = is_seq(list) && pqm_yaml_get(root, "layers") == NULL;
	if (out->is_index)
		return read_list(out, list, PQM_OCI_INDEX, arena, err);
	list = pqm_yaml_get(root, "layers");
	if (!is_seq(list) && pqm_yaml_get(root, "config") == NULL)
		return pqm_fail(
			err, PQM_EPARSE, "image manifest: has neither layers nor manifests");
	if (pqm_yaml_get(root, "config") != NULL)
		st = read_desc(
			&out->config, pqm_yaml_get(root, "config"), "image manifest", arena, err);
	return st == PQM_OK ? read_list(out, list, PQM_OCI_LAYERS, arena, err) : st;
}

static enum pqm_st read_texts(pqm_bytes **out, size_t *n, const struct pqm_yaml *seq,
	struct pqm_arena *arena, struct pqm_err *err)
{
	*n = 0;
	*out = NULL;
	if (!is_seq(seq))
		return PQM_OK;
	if (seq->n > PQM_OCI_INDEX)
		return pqm_fail(err, PQM_ELIMIT, "%u entries; the limit is 4,096", seq->n);
	*out = pqm_new(arena, pqm_bytes, seq->n + (size_t)1);
	if (*out == NULL)
		return pqm_fail(err, PQM_ENOMEM, "out of memory for a list");
	for (uint32_t i = 0; i < seq->n; i++)
		(*out)[(*n)++] = pqm_bytes_dup(arena, pqm_yaml_text(seq->items[i]));
	return PQM_OK;
}

/* Words that a value behind them may be secret. */
static bool is_secret_name(pqm_bytes name)
{
	static const char *const parts[] = { "pass", "pwd", "secret", "token", "key", "cred",
		"auth", "bearer", "basic", "user" };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		for (size_t k = 0; k + strlen(parts[i]) <= name.n; k++)
			if (pqm_ieq(pqm_sub(name, k, strlen(parts[i])), pqm_str(parts[i])))
				return true;
	return false;
}

/* "scheme://user:password@host" without what stands before the @. */
static void add_word(struct pqm_buf *out, pqm_bytes word)
{
	size_t scheme = pqm_find(word, 0, PQM_LIT("://")), at;

	at = scheme == SIZE_MAX ? SIZE_MAX : pqm_find_byte(word, scheme, '@');
	if (at == SIZE_MAX) {
		(void)pqm_buf_add(out, word);
		return;
	}
	(void)pqm_buf_add(out, pqm_sub(word, 0, scheme + 3));
	(void)pqm_buf_add(out, PQM_LIT("…"));
	(void)pqm_buf_add(out, pqm_sub(word, at, word.n));
}

static pqm_bytes next_word(pqm_bytes rest)
{
	pqm_bytes word = { NULL, 0 };

	return rest.p != NULL && pqm_split(&rest, ' ', &word) ? word : (pqm_bytes){ NULL, 0 };
}

/* What stands behind the -p of mkdir or cp. */
static bool is_place(pqm_bytes word)
{
	return word.n == 0 || pqm_find_byte(PQM_LIT("/.-~$"), 0, word.p[0]) != SIZE_MAX ||
		pqm_find_byte(word, 0, '/') != SIZE_MAX;
}

/* Keys that were pasted into it go as a whole: PEM, and the base64 of it. */
static pqm_bytes without_keys(struct pqm_arena *arena, pqm_bytes step)
{
	static const char begin[] = "-----BEGIN ", end[] = "-----END ", packed[] = "LS0tLS1CRUdJTi";
	struct pqm_buf out;
	pqm_bytes rest = step, kept;

	pqm_buf_init(&out, 2 * PQM_TEXT_BYTES);
	while (rest.n > 0 && !out.failed) {
		size_t at = pqm_find(rest, 0, pqm_str(begin)), to;
		size_t blob = pqm_find(rest, 0, pqm_str(packed));

		if (at == SIZE_MAX && blob == SIZE_MAX) {
			(void)pqm_buf_add(&out, pqm_sub(rest, 0, PQM_TEXT_BYTES));
			break;
		}
		if (blob < at) {
			at = blob;
			for (to = at; to < rest.n && rest.p[to] > ' ' && rest.p[to] != '"' &&
				rest.p[to] != '\'';
				to++)
				;
		} else {
			to = pqm_find(rest, at, pqm_str(end));
			to = to == SIZE_MAX ? SIZE_MAX
					    : pqm_find(rest, to + sizeof(end), PQM_LIT("-----"));
			to = to == SIZE_MAX ? rest.n : to + 5;
		}
		(void)pqm_buf_add(
			&out, pqm_sub(rest, 0, at < PQM_TEXT_BYTES ? at : PQM_TEXT_BYTES));
		(void)pqm_buf_add(&out, PQM_LIT("…"));
		rest = pqm_sub(rest, to, rest.n);
	}
	kept = pqm_bytes_dup(arena, pqm_buf_bytes(&out));
	pqm_buf_wipe(&out);
	return kept;
}

/* A step may hold passwords that the builder was given: values of build arguments, of names that sound like
 * it, and what stands behind such options are left out. */
static pqm_bytes redacted(struct pqm_arena *arena, pqm_bytes step)
{
	pqm_bytes rest = step, word, kept;
	uint64_t n_args = 0;
	bool hides_next = false, is_first = true;
	struct pqm_buf out;

	pqm_buf_init(&out, 2 * PQM_TEXT_BYTES);
	while (out.n < STEP_BYTES && rest.p != NULL && pqm_split(&rest, ' ', &word)) {
		size_t eq = pqm_find_byte(word, 0, '=');
		bool is_option = word.n > 0 && word.p[0] == '-';

		if (!is_first)
			(void)pqm_buf_byte(&out, ' ');
		is_first = false;
		if (word.n > 1 && word.p[0] == '|' &&
			pqm_u64_parse(pqm_sub(word, 1, word.n), 1000, &n_args)) {
			(void)pqm_buf_add(&out, word);
			continue;
		}
		if (hides_next && word.n > 0 && !is_option) {
			(void)pqm_buf_add(&out, PQM_LIT("…"));
			hides_next = false;
			continue;
		}
		if (eq != SIZE_MAX && (n_args > 0 || is_secret_name(pqm_sub(word, 0, eq)))) {
			(void)pqm_buf_add(&out, pqm_sub(word, 0, eq + 1));
			(void)pqm_buf_add(&out, PQM_LIT("…"));
			/* A quoted value goes on behind the blank. */
			while (eq + 1 < word.n &&
				(word.p[eq + 1] == '"' || word.p[eq + 1] == '\'') &&
				word.p[word.n - 1] != word.p[eq + 1] &&
				pqm_split(&rest, ' ', &kept) && kept.n > 0 &&
				kept.p[kept.n - 1] != word.p[eq + 1])
				;
			n_args -= n_args > 0;
			continue;
		}
		hides_next = (pqm_eqs(word, "-u") &&
				     pqm_find_byte(next_word(rest), 0, ':') != SIZE_MAX) ||
			(pqm_eqs(word, "-p") && !is_place(next_word(rest))) ||
			(word.n > 0 &&
				(is_option || word.p[word.n - 1] == ':' ||
					pqm_ieq(word, PQM_LIT("bearer")) ||
					pqm_ieq(word, PQM_LIT("basic"))) &&
				is_secret_name(word));
		add_word(&out, word);
	}
	kept = pqm_buf_bytes(&out);
	if (kept.n > STEP_BYTES || rest.p != NULL) {
		size_t n = kept.n < STEP_BYTES ? kept.n : STEP_BYTES;

		/* Not inside of a character. */
		while (n > 0 && n < kept.n && (kept.p[n] & 0xc0) == 0x80)
			n--;
		kept = pqm_arena_f(arena, "%.*s…", (int)n, (const char *)kept.p);
	} else {
		kept = pqm_bytes_dup(arena, kept);
	}
	pqm_buf_wipe(&out);
	return kept;
}

/* The step as a reader knows it: without the shell that ran it and the marks of the builder. */
static pqm_bytes step_of(pqm_bytes text)
{
	static const char *const lead[] = { "/bin/sh -c #(nop) ", "/bin/sh -c " };
	pqm_bytes s = pqm_trim(text);

	for (size_t i = 0; i < sizeof(lead) / sizeof(lead[0]); i++)
		if (pqm_starts(s, pqm_str(lead[i])))
			return pqm_trim(pqm_sub(s, strlen(lead[i]), s.n));
	return s;
}

pqm_bytes pqm_oci_step(pqm_bytes created_by, struct pqm_arena *arena)
{
	return redacted(arena, without_keys(arena, step_of(created_by)));
}

static enum pqm_st read_history(struct pqm_oci_config *out, const struct pqm_yaml *seq,
	struct pqm_arena *arena, struct pqm_err *err)
{
	if (!is_seq(seq))
		return PQM_OK;
	out->made_by = pqm_new(arena, pqm_bytes, seq->n + (size_t)1);
	if (out->made_by == NULL)
		return pqm_fail(err, PQM_ENOMEM, "out of memory for an image's history");
	for (uint32_t i = 0; i < seq->n; i++)
		if (!pqm_yaml_true(seq->items[i], "empty_layer"))
			out->made_by[out->n_made_by++] =
				pqm_oci_step(pqm_yaml_str(seq->items[i], "created_by"), arena);
	return PQM_OK;
}

enum pqm_st pqm_oci_config_parse(
	struct pqm_oci_config *out, pqm_bytes text, struct pqm_arena *arena, struct pqm_err *err)
{
	const struct pqm_yaml *root = NULL;
	enum pqm_st st = parse(&root, text, "image configuration", arena, err);

	*out = (struct pqm_oci_config){ 0 };
	if (st != PQM_OK)
		return st;
	if (root->type != PQM_YAML_MAP)
		return pqm_fail(err, PQM_EPARSE, "image configuration: is no JSON object");
	read_platform(&out->platform, root, arena);
	st = read_texts(
		&out->diff_ids, &out->n_diff_ids, pqm_yaml_at(root, "rootfs.diff_ids"), arena, err);
	if (st == PQM_OK)
		st = read_history(out, pqm_yaml_get(root, "history"), arena, err);
	/* A history of another length belongs to something else: better no step than a wrong one. */
	if (out->n_made_by != out->n_diff_ids)
		out->n_made_by = 0;
	out->history = pqm_yaml_get(root, "history");
	out->run = pqm_yaml_get(root, "config");
	return st;
}

enum pqm_st pqm_oci_saved_parse(struct pqm_oci_saved **list, size_t *n, pqm_bytes text,
	struct pqm_arena *arena, struct pqm_err *err)
{
	const struct pqm_yaml *root = NULL;
	enum pqm_st st = parse(&root, text, "manifest.json", arena, err);

	if (st != PQM_OK)
		return st;
	if (!is_seq(root) || root->n == 0)
		return pqm_fail(err, PQM_EPARSE, "manifest.json: is no list of images");
	if (root->n > PQM_OCI_IMAGES)
		return pqm_fail(err, PQM_ELIMIT, "manifest.json: more than 1,000 images");
	*n = 0;
	*list = pqm_new(arena, struct pqm_oci_saved, root->n);
	if (*list == NULL)
		return pqm_fail(err, PQM_ENOMEM, "out of memory for manifest.json");
	for (uint32_t i = 0; i < root->n && st == PQM_OK; i++) {
		struct pqm_oci_saved *s = &(*list)[(*n)++];

		s->config = dup_str(root->items[i], "Config", arena);
		st = read_texts(
			&s->tags, &s->n_tags, pqm_yaml_get(root->items[i], "RepoTags"), arena, err);
		if (st == PQM_OK)
			st = read_texts(&s->layers, &s->n_layers,
				pqm_yaml_get(root->items[i], "Layers"), arena, err);
		if (st == PQM_OK && s->n_layers > PQM_OCI_LAYERS)
			st = pqm_fail(err, PQM_ELIMIT, "manifest.json: more than 1,024 layers");
	}
	return st;
}

enum pqm_st pqm_oci_repositories_parse(struct pqm_oci_saved **list, size_t *n, pqm_bytes text,
	struct pqm_arena *arena, struct pqm_err *err)
{
	const struct pqm_yaml *root = NULL;
	enum pqm_st st = parse(&root, text, "repositories", arena, err);
	size_t cap = 0;

	*list = NULL;
	*n = 0;
	if (st != PQM_OK)
		return st;
	if (root->type != PQM_YAML_MAP)
		return pqm_fail(err, PQM_EPARSE, "repositories: is no JSON object");
	for (uint32_t i = 0; i < root->n; i++) {
		const struct pqm_yaml *tags = root->items[i];

		for (uint32_t k = 0; tags->type == PQM_YAML_MAP && k < tags->n; k++) {
			struct pqm_oci_saved *grown = pqm_grow(arena, *list, *n, &cap);
			pqm_bytes *tag = pqm_new(arena, pqm_bytes, 1);

			if (*n >= PQM_OCI_IMAGES)
				return pqm_fail(err, PQM_ELIMIT, "more than 1,000 images");
			if (grown == NULL || tag == NULL)
				return pqm_fail(err, PQM_ENOMEM, "out of memory for repositories");
			*tag = pqm_arena_f(arena, "%.*s:%.*s",
				PQM_FMT(pqm_yaml_text(root->keys[i])),
				PQM_FMT(pqm_yaml_text(tags->keys[k])));
			*list = grown;
			grown[(*n)++] = (struct pqm_oci_saved){
				.config = pqm_bytes_dup(arena, pqm_yaml_text(tags->items[k])),
				.tags = tag,
				.n_tags = 1,
			};
		}
	}
	return *n > 0 ? PQM_OK : pqm_fail(err, PQM_EPARSE, "repositories: names no image");
}

pqm_bytes pqm_oci_parent(pqm_bytes text, struct pqm_arena *arena, struct pqm_err *err)
{
	const struct pqm_yaml *root = NULL;

	if (parse(&root, text, "layer", arena, err) != PQM_OK)
		return (pqm_bytes){ NULL, 0 };
	return dup_str(root, "parent", arena);
}

bool pqm_oci_is_layer(pqm_bytes media_type)
{
	static const char *const lead[] = { "application/vnd.oci.image.layer.v1.tar",
		"application/vnd.oci.image.layer.nondistributable.v1.tar",
		"application/vnd.docker.image.rootfs.diff.tar",
		"application/vnd.docker.image.rootfs.foreign.diff.tar",
		"application/vnd.docker.image.rootfs.diff.tar.gzip" };

	for (size_t i = 0; i < sizeof(lead) / sizeof(lead[0]); i++)
		if (pqm_starts(media_type, pqm_str(lead[i])))
			return true;
	/* Model and other artifacts that are tars: what is packed is seen at the first bytes. */
	return pqm_ends(media_type, PQM_LIT(".tar")) ||
		pqm_ends(media_type, PQM_LIT(".tar+gzip")) ||
		pqm_ends(media_type, PQM_LIT(".tar+zstd")) ||
		pqm_ends(media_type, PQM_LIT(".tar.gzip"));
}

bool pqm_oci_is_foreign(pqm_bytes media_type)
{
	return pqm_find(media_type, 0, PQM_LIT(".foreign.")) != SIZE_MAX ||
		pqm_find(media_type, 0, PQM_LIT(".nondistributable.")) != SIZE_MAX;
}

bool pqm_oci_is_index(pqm_bytes media_type)
{
	return pqm_eqs(media_type, "application/vnd.oci.image.index.v1+json") ||
		pqm_eqs(media_type, "application/vnd.docker.distribution.manifest.list.v2+json");
}

bool pqm_oci_is_digest(pqm_bytes d)
{
	bool is_256 = pqm_starts(d, PQM_LIT("sha256:")) && d.n == 7 + 64;
	bool is_512 = pqm_starts(d, PQM_LIT("sha512:")) && d.n == 7 + 128;

	if (!is_256 && !is_512)
		return false;
	for (size_t i = 7; i < d.n; i++)
		if (pqm_hex_lower(d.p[i]) < 0)
			return false;
	return true;
}

bool pqm_oci_digest_is(pqm_bytes digest, const uint8_t *hash, size_t n)
{
	char hex[2 * 64 + 1];

	if (!pqm_oci_is_digest(digest) || n > 64)
		return false;
	pqm_hex(hex, hash, n);
	return pqm_eqs(pqm_sub(digest, 7, digest.n), hex);
}

/* [distribution spec: pulling manifests] names and tags. */
static bool is_repo(pqm_bytes s)
{
	uint8_t before = '/';

	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];
		bool is_alnum = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');

		if (!is_alnum && (before == '/' || (c != '.' && c != '_' && c != '-' && c != '/')))
			return false;
		before = c;
	}
	return s.n > 0 && s.n <= 255 && before != '/';
}

static bool is_tag(pqm_bytes s)
{
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];
		bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			(c >= '0' && c <= '9') || c == '_';

		if (!is_word && (i == 0 || (c != '.' && c != '-')))
			return false;
	}
	return s.n > 0 && s.n <= 128;
}

static bool is_host(pqm_bytes s)
{
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];

		if ((c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') &&
			c != '.' && c != '-' && c != ':' && c != '[' && c != ']')
			return false;
	}
	return s.n > 0 && s.n <= 255 && s.p[0] != '-' && s.p[0] != '.';
}

static size_t last_byte(pqm_bytes s, uint8_t c)
{
	for (size_t i = s.n; i > 0; i--)
		if (s.p[i - 1] == c)
			return i - 1;
	return SIZE_MAX;
}

enum pqm_st pqm_oci_ref_parse(
	struct pqm_oci_ref *out, pqm_bytes text, struct pqm_arena *arena, struct pqm_err *err)
{
	pqm_bytes rest = text, first;
	size_t at = pqm_find_byte(rest, 0, '@'), slash, colon;

	*out = (struct pqm_oci_ref){ 0 };
	if (at != SIZE_MAX) {
		out->digest = pqm_sub(rest, at + 1, rest.n);
		rest = pqm_sub(rest, 0, at);
		if (!pqm_oci_is_digest(out->digest))
			return pqm_fail(err, PQM_EUSAGE,
				"%.*s: behind @ belongs sha256: and 64 hex digits", PQM_FMT(text));
	}
	slash = pqm_find_byte(rest, 0, '/');
	first = pqm_sub(rest, 0, slash == SIZE_MAX ? 0 : slash);
	if (first.n > 0 &&
		(pqm_find_byte(first, 0, '.') != SIZE_MAX ||
			pqm_find_byte(first, 0, ':') != SIZE_MAX || pqm_eqs(first, "localhost"))) {
		out->host = first;
		rest = pqm_sub(rest, slash + 1, rest.n);
	} else {
		out->host = PQM_LIT("docker.io");
	}
	colon = last_byte(rest, ':');
	if (colon != SIZE_MAX) {
		out->tag = pqm_sub(rest, colon + 1, rest.n);
		rest = pqm_sub(rest, 0, colon);
	} else if (out->digest.n == 0) {
		out->tag = PQM_LIT("latest");
	}
	out->repo = rest;
	if (pqm_eqs(out->host, "docker.io") && pqm_find_byte(rest, 0, '/') == SIZE_MAX)
		out->repo = pqm_arena_f(arena, "library/%.*s", PQM_FMT(rest));
	if (!is_host(out->host) || !is_repo(out->repo) || (colon != SIZE_MAX && !is_tag(out->tag)))
		return pqm_fail(err, PQM_EUSAGE,
			"%.*s: give HOST[:PORT]/REPOSITORY[:TAG|@DIGEST], in lower case",
			PQM_FMT(text));
	return PQM_OK;
}

static bool is_word(pqm_bytes s)
{
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];

		if ((c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') &&
			c != '.' && c != '_' && c != '-')
			return false;
	}
	return s.n > 0 && s.n <= 64;
}

bool pqm_platform_parse(struct pqm_platform *out, pqm_bytes text)
{
	struct pqm_platform p = { 0 };
	pqm_bytes rest = text;

	if (!pqm_split(&rest, '/', &p.os) || rest.p == NULL || !pqm_split(&rest, '/', &p.arch))
		return false;
	if (rest.p != NULL &&
		(!pqm_split(&rest, '/', &p.variant) || rest.p != NULL || !is_word(p.variant)))
		return false;
	if (!is_word(p.os) || !is_word(p.arch))
		return false;
	*out = p;
	return true;
}

static pqm_bytes variant_of(const struct pqm_platform *p)
{
	if (p->variant.n > 0)
		return p->variant;
	if (pqm_eqs(p->arch, "arm64"))
		return PQM_LIT("v8");
	if (pqm_eqs(p->arch, "arm"))
		return PQM_LIT("v7");
	return p->variant;
}

bool pqm_platform_fits(const struct pqm_platform *wish, const struct pqm_platform *have)
{
	return pqm_eq(wish->os, have->os) && pqm_eq(wish->arch, have->arch) &&
		(wish->variant.n == 0 || pqm_eq(variant_of(wish), variant_of(have)));
}

pqm_bytes pqm_platform_text(const struct pqm_platform *p, struct pqm_arena *arena)
{
	const pqm_bytes unknown = PQM_LIT("unknown");
	pqm_bytes os = p->os.n > 0 ? p->os : unknown, arch = p->arch.n > 0 ? p->arch : unknown;
	pqm_bytes text = pqm_arena_f(arena, "%.*s/%.*s%s%.*s", PQM_FMT(os), PQM_FMT(arch),
		p->variant.n > 0 ? "/" : "", PQM_FMT(p->variant));

	return pqm_printable(arena, text);
}

bool pqm_oci_path(struct pqm_buf *out, pqm_bytes name, enum pqm_oci_mark *mark)
{
	pqm_bytes rest = name, part, last = { NULL, 0 };
	size_t n_parts = 0, before = 0;

	out->n = 0;
	*mark = PQM_OCI_PLAIN;
	if (name.n > PQM_ENTRY_NAME_BYTES)
		return false;
	while (rest.p != NULL && pqm_split(&rest, '/', &part)) {
		if (part.n == 0 || pqm_eqs(part, "."))
			continue;
		if (pqm_eqs(part, "..") || ++n_parts > PQM_ENTRY_DEPTH)
			return false;
		before = out->n;
		if (out->n > 0)
			(void)pqm_buf_byte(out, '/');
		(void)pqm_buf_add(out, part);
		last = part;
	}
	if (out->failed)
		return false;
	if (!pqm_starts(last, PQM_LIT(".wh.")))
		return true;
	if (pqm_eqs(last, ".wh..wh..opq")) {
		*mark = PQM_OCI_OPAQUE;
		out->n = before;
	} else if (pqm_starts(last, PQM_LIT(".wh..wh.")) || last.n == 4) {
		*mark = PQM_OCI_IGNORED;
	} else {
		/* Before the name stands a slash, or nothing. */
		pqm_bytes removed = pqm_sub(last, 4, last.n);

		out->n = before;
		if (before > 0)
			(void)pqm_buf_byte(out, '/');
		(void)pqm_buf_add(out, removed);
		*mark = PQM_OCI_WHITEOUT;
	}
	return !out->failed;
}
