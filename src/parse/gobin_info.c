/* gobin_info.c — Go's build information: version, modules, settings. */
#include "gobin.h"

#include <stddef.h>

#include "base/limits.h"

#define HEAD_BYTES 32
#define INLINE 2
#define BIG 1
/* The module text stands between two marks of this size [Go runtime/debug modinfo]. */
#define MARK_BYTES 16
/* Parts of a package's path that a module's may end at. */
#define PARTS_MAX 64

static bool take_varint(pqm_bytes *rest, uint64_t *out)
{
	uint64_t v = 0;

	for (size_t i = 0; i < rest->n && i < 9; i++) {
		v |= (uint64_t)(rest->p[i] & 0x7f) << (7 * i);
		if ((rest->p[i] & 0x80) == 0) {
			*rest = pqm_sub(*rest, i + 1, rest->n);
			*out = v;
			return true;
		}
	}
	return false;
}

static bool take_text(pqm_bytes *rest, pqm_bytes *out)
{
	uint64_t n;

	if (!take_varint(rest, &n) || n > rest->n)
		return false;
	*out = pqm_sub(*rest, 0, n);
	*rest = pqm_sub(*rest, n, rest->n);
	return true;
}

/* A Go string behind a pointer: address and length. */
static bool text_behind(const struct pqm_gobin *g, uint64_t addr, unsigned w, pqm_bytes *out)
{
	uint64_t p, n;

	if (!pqm_gobin_pointer(g, addr, &p) || !pqm_gobin_pointer(g, addr + w, &n) ||
		!pqm_gobin_at(g, p, out) || n > out->n)
		return false;
	out->n = (size_t)n;
	return true;
}

static bool addr_of(const struct pqm_gobin *g, uint64_t off, uint64_t *out)
{
	for (size_t i = 0; i < g->n_segs; i++)
		if (off >= g->segs[i].off && off - g->segs[i].off < g->segs[i].n) {
			*out = g->segs[i].addr + (off - g->segs[i].off);
			return true;
		}
	return false;
}

static bool pointed_texts(
	const struct pqm_gobin *g, uint64_t off, pqm_bytes *version, pqm_bytes *modules)
{
	uint64_t addr, at;
	unsigned w = g->body.p[off + 14];

	if (w != (g->is_64 ? 8U : 4U) || ((g->body.p[off + 15] & BIG) != 0) != g->is_big ||
		!addr_of(g, off, &addr))
		return false;
	if (!pqm_gobin_pointer(g, addr + 16, &at) || !text_behind(g, at, w, version))
		return false;
	if (!pqm_gobin_pointer(g, addr + 16 + w, &at) || !text_behind(g, at, w, modules))
		*modules = (pqm_bytes){ NULL, 0 };
	return true;
}

/* "go1.24.4", "devel go1.25-abc": what the toolchain writes. */
static bool is_version(pqm_bytes v)
{
	if (v.n < 3 || v.n > PQM_GO_VERSION_BYTES)
		return false;
	for (size_t i = 0; i < v.n; i++)
		if (v.p[i] < 0x20 || v.p[i] > 0x7e)
			return false;
	return pqm_starts(v, PQM_LIT("go1")) || pqm_starts(v, PQM_LIT("devel "));
}

static int module_by_path(const void *va, const void *vb)
{
	const struct pqm_go_module *a = va, *b = vb;

	return pqm_cmp(a->path, b->path);
}

static bool add_module(struct pqm_gobin *g, struct pqm_go_module m)
{
	struct pqm_go_module *grown = pqm_grow(g->arena, g->deps, g->n_deps, &g->cap_deps);

	if (grown == NULL)
		return false;
	g->deps = grown;
	g->deps[g->n_deps++] = m;
	return true;
}

/* Go quotes what holds blanks or quotes itself. */
static pqm_bytes unquoted(pqm_bytes v)
{
	if (v.n >= 2 &&
		((v.p[0] == '"' && v.p[v.n - 1] == '"') || (v.p[0] == '`' && v.p[v.n - 1] == '`')))
		return pqm_sub(v, 1, v.n - 2);
	return v;
}

static bool add_setting(struct pqm_gobin *g, pqm_bytes line)
{
	struct pqm_go_setting *grown;
	size_t eq = pqm_find_byte(line, 0, '=');

	if (eq == SIZE_MAX)
		return true;
	grown = pqm_grow(g->arena, g->settings, g->n_settings, &g->cap_settings);
	if (grown == NULL)
		return false;
	g->settings = grown;
	g->settings[g->n_settings++] = (struct pqm_go_setting){ unquoted(pqm_sub(line, 0, eq)),
		unquoted(pqm_sub(line, eq + 1, line.n)) };
	return true;
}

static bool take_line(struct pqm_gobin *g, pqm_bytes line, struct pqm_go_module **last)
{
	pqm_bytes rest = line, kind, a = { NULL, 0 }, b = { NULL, 0 };

	(void)pqm_split(&rest, '\t', &kind);
	if (rest.p == NULL)
		return true;
	if (pqm_eqs(kind, "build"))
		return add_setting(g, rest);
	(void)pqm_split(&rest, '\t', &a);
	if (rest.p != NULL)
		(void)pqm_split(&rest, '\t', &b);
	if (pqm_eqs(kind, "path"))
		g->path = a;
	else if (pqm_eqs(kind, "mod")) {
		g->main = (struct pqm_go_module){ a, b };
		*last = &g->main;
	} else if (pqm_eqs(kind, "dep")) {
		if (!add_module(g, (struct pqm_go_module){ a, b }))
			return false;
		*last = &g->deps[g->n_deps - 1];
	} else if (pqm_eqs(kind, "=>") && *last != NULL)
		(*last)->version = b; /* the packages keep the names of what is replaced */
	return true;
}

/* Built without modules, as distributions do: the repository of the main package stands for its module. */
static pqm_bytes repository(pqm_bytes path)
{
	static const char *const forges[] = { "github.com", "gitlab.com", "bitbucket.org",
		"codeberg.org" };
	size_t parts = 2, at = pqm_find_byte(path, 0, '/');
	pqm_bytes host = pqm_sub(path, 0, at);

	if (at == SIZE_MAX || pqm_find_byte(host, 0, '.') == SIZE_MAX)
		return (pqm_bytes){ NULL, 0 };
	for (size_t i = 0; i < sizeof(forges) / sizeof(forges[0]); i++)
		parts += pqm_eqs(host, forges[i]);
	while (parts > 1 && at != SIZE_MAX) {
		at = pqm_find_byte(path, at + 1, '/');
		parts--;
	}
	return pqm_sub(path, 0, at);
}

static enum pqm_st take_modules(struct pqm_gobin *g, pqm_bytes text, struct pqm_err *err)
{
	struct pqm_go_module *last = NULL;
	pqm_bytes rest, line;

	if (text.n < 2 * MARK_BYTES + 1 || text.p[text.n - MARK_BYTES - 1] != '\n')
		return PQM_OK;
	rest = pqm_sub(text, MARK_BYTES, text.n - 2 * MARK_BYTES);
	for (size_t n = 0; rest.p != NULL && pqm_split(&rest, '\n', &line); n++) {
		if (n >= PQM_GO_INFO_LINES)
			return pqm_fail(err, PQM_ELIMIT,
				"Go: at byte 0: build information of over %d lines",
				PQM_GO_INFO_LINES);
		if (!take_line(g, line, &last))
			return pqm_fail(err, PQM_ENOMEM, "Go: out of memory");
	}
	if (g->main.path.n == 0)
		g->main.path = repository(g->path);
	if (g->n_deps > 1)
		qsort(g->deps, g->n_deps, sizeof(*g->deps), module_by_path);
	return PQM_OK;
}

enum pqm_st pqm_gobin_info(struct pqm_gobin *g, uint64_t off, bool *found, struct pqm_err *err)
{
	pqm_bytes version, modules = { NULL, 0 }, rest;

	*found = false;
	if (off > g->body.n || g->body.n - off < HEAD_BYTES || off % 8 != 0 ||
		memcmp(g->body.p + off, PQM_GO_INFO_MAGIC, sizeof(PQM_GO_INFO_MAGIC) - 1) != 0)
		return PQM_OK;
	if ((g->body.p[off + 15] & INLINE) != 0) {
		rest = pqm_sub(g->body, off + HEAD_BYTES, g->body.n);
		if (!take_text(&rest, &version))
			return PQM_OK;
		(void)take_text(&rest, &modules);
	} else if (!pointed_texts(g, off, &version, &modules))
		return PQM_OK;
	if (!is_version(version))
		return PQM_OK;
	*found = true;
	g->version = version;
	return take_modules(g, modules, err);
}

pqm_bytes pqm_gobin_setting(const struct pqm_gobin *g, const char *key)
{
	for (size_t i = g->n_settings; i-- > 0;)
		if (pqm_eqs(g->settings[i].key, key))
			return g->settings[i].value;
	return (pqm_bytes){ NULL, 0 };
}

bool pqm_gobin_debug(pqm_bytes list, pqm_bytes key, pqm_bytes *value)
{
	pqm_bytes rest = list, one;
	bool found = false;

	while (rest.p != NULL && pqm_split(&rest, ',', &one)) {
		size_t eq = pqm_find_byte(one, 0, '=');

		if (eq != SIZE_MAX && pqm_eq(pqm_sub(one, 0, eq), key)) {
			*value = pqm_sub(one, eq + 1, one.n);
			found = true;
		}
	}
	return found;
}

static bool is_in_module(pqm_bytes package, pqm_bytes module)
{
	return module.n > 0 && pqm_starts(package, module) &&
		(package.n == module.n || package.p[module.n] == '/');
}

const struct pqm_go_module *pqm_gobin_module(const struct pqm_gobin *g, pqm_bytes package)
{
	bool is_main = pqm_eqs(package, "main") || is_in_module(package, g->main.path);
	pqm_bytes front = package;

	/* Fronts that end before a slash, the longest first; no path has so many. */
	for (unsigned n = 0; front.n > 0 && n < PARTS_MAX; n++) {
		size_t i = pqm_lower_bound(g->deps, g->n_deps, sizeof(*g->deps),
			offsetof(struct pqm_go_module, path), front);

		if (is_main && front.n <= g->main.path.n)
			break;
		if (i < g->n_deps && pqm_eq(g->deps[i].path, front))
			return &g->deps[i];
		while (front.n > 0 && front.p[front.n - 1] != '/')
			front.n--;
		front.n -= front.n > 0;
	}
	return is_main ? &g->main : NULL;
}
