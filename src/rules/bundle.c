#include "bundle.h"

#include <stdlib.h>

#include "base/cur.h"
#include "base/limits.h"
#include "base/num.h"
#include "parse/json.h"

#define BLOCK ((size_t)512)
#define MANIFEST "manifest.json"
#define SCHEMA "pqmap.rules"
#define SCHEMA_VERSION 1
#define NAME_MAX_BYTES 64

void pqm_bundle_init(struct pqm_bundle *b)
{
	*b = (struct pqm_bundle){ 0 };
	pqm_arena_init(&b->arena, PQM_RUN_ARENA_BYTES);
}

void pqm_bundle_fini(struct pqm_bundle *b)
{
	pqm_arena_fini(&b->arena);
	*b = (struct pqm_bundle){ 0 };
}

/* ---- names and versions ---- */

static bool is_word(pqm_bytes s, const char *more)
{
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];

		if ((c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') &&
			(c == '\0' || strchr(more, c) == NULL))
			return false;
	}
	return s.n > 0 && s.n <= 100;
}

static bool is_version(pqm_bytes s)
{
	pqm_bytes rest = s, part;
	uint64_t n;

	if (s.n == 0 || s.n > NAME_MAX_BYTES || s.p[s.n - 1] == '.')
		return false;
	while (pqm_split(&rest, '.', &part))
		if (!pqm_u64_parse(part, UINT32_MAX, &n))
			return false;
	return true;
}

int pqm_version_cmp(pqm_bytes a, pqm_bytes b)
{
	pqm_bytes x, y;
	bool more_a = pqm_split(&a, '.', &x), more_b = pqm_split(&b, '.', &y);

	while (more_a || more_b) {
		uint64_t n = 0, m = 0;

		if (more_a)
			(void)pqm_u64_parse(x, UINT32_MAX, &n);
		if (more_b)
			(void)pqm_u64_parse(y, UINT32_MAX, &m);
		if (n != m)
			return n < m ? -1 : 1;
		more_a = more_a && pqm_split(&a, '.', &x);
		more_b = more_b && pqm_split(&b, '.', &y);
	}
	return 0;
}

enum pqm_st pqm_bundle_fits(const struct pqm_bundle *b, const char *where, struct pqm_err *err)
{
	return pqm_version_cmp(b->requires, PQM_LIT(PQM_VERSION)) <= 0
		? PQM_OK
		: pqm_fail(err, PQM_EUSAGE,
			  "%s: %.*s %.*s is for pqmap %.*s or later; this is " PQM_VERSION, where,
			  PQM_FMT(b->name), PQM_FMT(b->version), PQM_FMT(b->requires));
}

/* "rules/a/b.yaml", "fixtures/…": no way out, nothing hidden. */
static bool is_path(pqm_bytes path)
{
	pqm_bytes rest = path, part;
	bool is_rule = pqm_starts(path, PQM_LIT("rules/"));

	if (path.n > 99 || (!is_rule && !pqm_starts(path, PQM_LIT("fixtures/"))) ||
		(is_rule && !pqm_ends(path, PQM_LIT(".yaml"))) || path.p[path.n - 1] == '/')
		return false;
	while (pqm_split(&rest, '/', &part))
		if (!is_word(part, "._-+@=,") || pqm_eqs(part, ".") || pqm_eqs(part, "..") ||
			(is_rule && part.p[0] == '.'))
			return false;
	return true;
}

/* ---- writing ---- */

enum pqm_st pqm_bundle_add(
	struct pqm_bundle *b, pqm_bytes path, pqm_bytes body, struct pqm_err *err)
{
	struct pqm_bundle_file *grown;

	if (!is_path(path))
		return pqm_fail(err, PQM_EUSAGE,
			"'%.*s' has no place in a rule bundle: paths have at most 99 letters, "
			"digits and ._-+@=, and begin with rules/ or fixtures/",
			PQM_FMT(path));
	if (b->n >= PQM_BUNDLE_FILES)
		return pqm_fail(
			err, PQM_ELIMIT, "more than %u files in a rule bundle", PQM_BUNDLE_FILES);
	grown = pqm_grow(&b->arena, b->files, b->n, &b->cap);
	if (grown == NULL)
		return pqm_fail(err, PQM_ENOMEM, "out of memory for a rule bundle");
	b->files = grown;
	grown += b->n;
	*grown = (struct pqm_bundle_file){ pqm_bytes_dup(&b->arena, path), body };
	if (grown->path.p == NULL)
		return pqm_fail(err, PQM_ENOMEM, "out of memory for a rule bundle");
	b->n++;
	return PQM_OK;
}

static void put_hex(struct pqm_buf *o, pqm_bytes body)
{
	char hex[2 * PQM_SHA256_BYTES + 1];
	uint8_t sum[PQM_SHA256_BYTES];

	pqm_sha256(sum, body);
	pqm_hex(hex, sum, sizeof(sum));
	(void)pqm_buf_add(o, pqm_str(hex));
}

/* Nothing in it needs an escape. */
static void put_manifest(struct pqm_buf *o, const struct pqm_bundle *b)
{
	char day[16];

	pqm_date_format(day, b->made_days);
	(void)pqm_buf_f(o,
		"{\"schema\":\"" SCHEMA
		"\",\"schema_version\":%d,\"name\":\"%.*s\",\"version\":\"%.*s\","
		"\"date\":\"%s\",\"requires\":\"%.*s\",\"files\":[",
		SCHEMA_VERSION, PQM_FMT(b->name), PQM_FMT(b->version), day, PQM_FMT(b->requires));
	for (size_t i = 0; i < b->n; i++) {
		(void)pqm_buf_f(o, "%s\n{\"path\":\"%.*s\",\"sha256\":\"", i > 0 ? "," : "",
			PQM_FMT(b->files[i].path));
		put_hex(o, b->files[i].body);
		(void)pqm_buf_add(o, PQM_LIT("\"}"));
	}
	(void)pqm_buf_add(o, PQM_LIT("\n]}\n"));
}

/* The header of a regular file [pax: ustar Interchange Format]. */
static void put_header(struct pqm_buf *o, pqm_bytes path, size_t size, int64_t days)
{
	char h[BLOCK] = { 0 };
	unsigned sum = 0;

	memcpy(h, path.p, path.n);
	memcpy(h + 100, "0000644", 7);
	memcpy(h + 108, "0000000", 7);
	memcpy(h + 116, "0000000", 7);
	(void)snprintf(h + 124, 12, "%011llo", (unsigned long long)size & 077777777777);
	(void)snprintf(h + 136, 12, "%011llo", (unsigned long long)days * 86400 & 077777777777);
	memset(h + 148, ' ', 8);
	h[156] = '0';
	memcpy(h + 257, "ustar\00000", 8);
	for (size_t i = 0; i < BLOCK; i++)
		sum += (uint8_t)h[i];
	(void)snprintf(h + 148, 7, "%06o", sum & 0777777);
	(void)pqm_buf_add(o, (pqm_bytes){ (const uint8_t *)h, BLOCK });
}

static void put_file(struct pqm_buf *o, pqm_bytes path, pqm_bytes body, int64_t days)
{
	static const uint8_t zero[BLOCK];

	put_header(o, path, body.n, days);
	(void)pqm_buf_add(o, body);
	(void)pqm_buf_add(o, (pqm_bytes){ zero, (BLOCK - body.n % BLOCK) % BLOCK });
}

static int by_path(const void *x, const void *y)
{
	const struct pqm_bundle_file *a = x, *b = y;

	return pqm_cmp(a->path, b->path);
}

enum pqm_st pqm_bundle_write(struct pqm_buf *out, struct pqm_bundle *b, struct pqm_err *err)
{
	static const uint8_t end[2 * BLOCK];
	struct pqm_buf manifest;

	/* Ours are called so in reports. */
	if (!is_word(b->name, "._-") || b->name.n > NAME_MAX_BYTES || pqm_eqs(b->name, "pqmap"))
		return pqm_fail(err, PQM_EUSAGE,
			"'%.*s' names no bundle: at most 64 letters, digits and . _ -, and not "
			"pqmap",
			PQM_FMT(b->name));
	if (!is_version(b->version) || !is_version(b->requires))
		return pqm_fail(err, PQM_EUSAGE,
			"'%.*s' is no version: numbers with dots between them, as 2026.11.1",
			PQM_FMT(is_version(b->version) ? b->requires : b->version));
	if (b->n > 1)
		qsort(b->files, b->n, sizeof(*b->files), by_path);
	pqm_buf_init(&manifest, PQM_BUNDLE_BYTES);
	put_manifest(&manifest, b);
	put_file(out, PQM_LIT(MANIFEST), pqm_buf_bytes(&manifest), b->made_days);
	for (size_t i = 0; i < b->n; i++)
		put_file(out, b->files[i].path, b->files[i].body, b->made_days);
	(void)pqm_buf_add(out, (pqm_bytes){ end, sizeof(end) });
	out->failed = out->failed || manifest.failed;
	pqm_buf_fini(&manifest);
	return out->failed
		? pqm_fail(err, PQM_ELIMIT, "a rule bundle of more than 32 MiB is not made")
		: PQM_OK;
}

/* ---- reading ---- */

static enum pqm_st no_bundle(const char *where, const char *words, struct pqm_err *err)
{
	return pqm_fail(err, PQM_EPARSE, "%s: no rule bundle, or damaged: %s", where, words);
}

/* The next file; its name has a NUL behind it in its field. */
static bool take_file(struct pqm_cur *c, pqm_bytes *path, pqm_bytes *body)
{
	uint64_t size = 0;
	pqm_bytes h;

	if (!pqm_cur_take(c, BLOCK, &h))
		return false;
	*path = pqm_sub(h, 0, pqm_find_byte(pqm_sub(h, 0, 100), 0, '\0'));
	for (size_t i = 124; i < 135; i++) {
		if (h.p[i] < '0' || h.p[i] > '7')
			return false;
		size = size << 3 | (uint64_t)(h.p[i] & 7);
	}
	return path->n > 0 && path->n < 100 && size <= pqm_cur_left(c) &&
		pqm_cur_take(c, (size_t)size, body) &&
		pqm_cur_skip(c, (BLOCK - (size_t)size % BLOCK) % BLOCK);
}

static enum pqm_st read_manifest(
	struct pqm_bundle *b, pqm_bytes body, const char *where, struct pqm_err *err)
{
	struct pqm_json *root = NULL;
	struct pqm_err why = { 0 };
	uint64_t version = 0;
	enum pqm_st st = pqm_json_parse(&root, body, PQM_BUNDLE_BYTES, &why);

	if (st != PQM_OK)
		return no_bundle(where, why.msg, err);
	b->name = pqm_bytes_dup(&b->arena, pqm_json_str(root, "name"));
	b->version = pqm_bytes_dup(&b->arena, pqm_json_str(root, "version"));
	b->requires = pqm_bytes_dup(&b->arena, pqm_json_str(root, "requires"));
	if (!pqm_eqs(pqm_json_str(root, "schema"), SCHEMA))
		st = no_bundle(where, "its manifest is of something else", err);
	else if (!pqm_json_get_u64(root, "schema_version", &version) || version != SCHEMA_VERSION)
		st = pqm_fail(err, PQM_EPARSE,
			"%s: a rule bundle of form %llu; this pqmap reads form %d", where,
			(unsigned long long)version, SCHEMA_VERSION);
	else if (!pqm_date_parse(pqm_json_str(root, "date"), &b->made_days) || b->made_days < 0)
		st = no_bundle(where, "its date is none", err);
	else if (b->name.p == NULL || b->version.p == NULL || b->requires.p == NULL)
		st = pqm_fail(err, PQM_ENOMEM, "%s: out of memory", where);
	pqm_json_free(root);
	return st;
}

/* Whatever else is in the bytes is not in what we write. */
static enum pqm_st compare(
	struct pqm_bundle *b, pqm_bytes bytes, const char *where, struct pqm_err *err)
{
	struct pqm_buf again;
	struct pqm_err why = { 0 };
	enum pqm_st st;

	pqm_buf_init(&again, PQM_BUNDLE_BYTES + 1);
	st = pqm_bundle_write(&again, b, &why);
	if (st != PQM_OK)
		st = no_bundle(where, why.msg, err);
	else if (!pqm_eq(pqm_buf_bytes(&again), bytes))
		st = no_bundle(where,
			"its bytes are not those that `pqmap rules export` writes for its files",
			err);
	pqm_buf_fini(&again);
	return st;
}

enum pqm_st pqm_bundle_read(
	struct pqm_bundle *b, pqm_bytes bytes, const char *where, struct pqm_err *err)
{
	struct pqm_cur c = pqm_cur_of(bytes);
	struct pqm_err why = { 0 };
	pqm_bytes path, body;
	enum pqm_st st;

	if (bytes.n > PQM_BUNDLE_BYTES)
		return pqm_fail(err, PQM_ELIMIT, "%s: over the 32 MiB of a rule bundle", where);
	if (!take_file(&c, &path, &body) || !pqm_eqs(path, MANIFEST))
		return no_bundle(where, "it does not begin with " MANIFEST, err);
	st = read_manifest(b, body, where, err);
	while (st == PQM_OK && pqm_cur_left(&c) > 2 * BLOCK) {
		if (!take_file(&c, &path, &body))
			return no_bundle(where, "an entry is none", err);
		if (pqm_bundle_add(b, path, body, &why) != PQM_OK)
			return no_bundle(where, why.msg, err);
	}
	return st == PQM_OK ? compare(b, bytes, where, err) : st;
}
