/* deps_tree.c — files in JSON and YAML that ask for packages. */
#include "base/limits.h"
#include "detect/deps.h"
#include "parse/yaml_json.h"

typedef const struct pqm_yaml node;

static const pqm_bytes nothing = { NULL, 0 };

static enum pqm_st give(
	struct pqm_deps_out *o, node *key, pqm_bytes name, pqm_bytes version, struct pqm_dep d)
{
	d.name = name;
	d.version = version;
	d.is_exact = d.is_exact || pqm_deps_exact(&d.version);
	d.line = key->line;
	d.off = key->off;
	return pqm_deps_give(o, &d, NULL);
}

static bool is_map(node *n)
{
	return n != NULL && n->type == PQM_YAML_MAP;
}

static bool is_seq(node *n)
{
	return n != NULL && n->type == PQM_YAML_SEQ;
}

/* { "name": "^1.0", … } */
static enum pqm_st pairs(struct pqm_deps_out *o, node *map, struct pqm_dep d)
{
	enum pqm_st st = PQM_OK;

	for (uint32_t i = 0; is_map(map) && st == PQM_OK && i < map->n; i++)
		st = give(o, map->keys[i], pqm_yaml_text(map->keys[i]),
			pqm_yaml_text(map->items[i]), d);
	return st;
}

static enum pqm_st package_json(struct pqm_deps_out *o, node *root)
{
	static const struct {
		const char *key;
		bool is_dev;
	} lists[] = { { "dependencies", false }, { "optionalDependencies", false },
		{ "peerDependencies", false }, { "devDependencies", true } };
	enum pqm_st st = PQM_OK;

	for (size_t i = 0; st == PQM_OK && i < sizeof(lists) / sizeof(lists[0]); i++)
		st = pairs(o, pqm_yaml_get(root, lists[i].key),
			(struct pqm_dep){
				.is_direct = true, .is_known = true, .is_dev = lists[i].is_dev });
	return st;
}

static int by_text(const void *x, const void *y)
{
	return pqm_cmp(*(const pqm_bytes *)x, *(const pqm_bytes *)y);
}

/* Names that the root of a lock asks for itself, sorted; false without memory. */
static bool names_of_root(struct pqm_deps_out *o, node *top, pqm_bytes **out, size_t *n)
{
	static const char *const lists[] = { "dependencies", "devDependencies",
		"optionalDependencies", "peerDependencies" };
	size_t cap = 0;

	*n = 0;
	*out = NULL;
	for (size_t k = 0; k < sizeof(lists) / sizeof(lists[0]); k++) {
		node *map = pqm_yaml_get(top, lists[k]);

		for (uint32_t i = 0; is_map(map) && i < map->n; i++) {
			pqm_bytes *grown = pqm_grow(o->arena, *out, *n, &cap);

			if (grown == NULL)
				return false;
			*out = grown;
			(*out)[(*n)++] = pqm_yaml_text(map->keys[i]);
		}
	}
	if (*n > 0)
		qsort(*out, *n, sizeof(**out), by_text);
	return true;
}

static bool is_of_root(const pqm_bytes *names, size_t n, pqm_bytes name)
{
	size_t i = pqm_lower_bound(names, n, sizeof(*names), 0, name);

	return i < n && pqm_eq(names[i], name);
}

/* Version 1: packages in packages. */
static enum pqm_st lock_v1(struct pqm_deps_out *o, node *map, unsigned depth)
{
	enum pqm_st st = PQM_OK;

	for (uint32_t i = 0; is_map(map) && st == PQM_OK && i < map->n; i++) {
		node *item = map->items[i];

		if (!is_map(item))
			continue;
		st = give(o, map->keys[i], pqm_yaml_text(map->keys[i]),
			pqm_yaml_str(item, "version"),
			(struct pqm_dep){ .is_dev = pqm_yaml_true(item, "dev") });
		if (st == PQM_OK && depth < PQM_YAML_DEPTH)
			st = lock_v1(o, pqm_yaml_get(item, "dependencies"), depth + 1);
	}
	return st;
}

/* Versions 2 and 3: "node_modules/a/node_modules/@b/c" and the root as "". */
static enum pqm_st package_lock(struct pqm_deps_out *o, node *root)
{
	node *all = pqm_yaml_get(root, "packages"), *top = pqm_yaml_get(all, "");
	static const char before[] = "node_modules/";
	enum pqm_st st = PQM_OK;
	pqm_bytes *direct;
	size_t n_direct;

	if (!is_map(all))
		return lock_v1(o, pqm_yaml_get(root, "dependencies"), 0);
	if (!names_of_root(o, top, &direct, &n_direct))
		return PQM_ENOMEM;
	for (uint32_t i = 0; st == PQM_OK && i < all->n; i++) {
		pqm_bytes path = pqm_yaml_text(all->keys[i]), name = nothing;
		size_t at = 0, next;
		bool is_nested;

		while ((next = pqm_find(path, at, pqm_str(before))) != SIZE_MAX) {
			at = next + sizeof(before) - 1;
			name = pqm_sub(path, at, path.n);
		}
		if (name.n == 0 || !is_map(all->items[i]))
			continue;
		is_nested = at != sizeof(before) - 1;
		/* An alias has its own name inside. */
		if (pqm_yaml_str(all->items[i], "name").n > 0)
			name = pqm_yaml_str(all->items[i], "name");
		st = give(o, all->keys[i], name, pqm_yaml_str(all->items[i], "version"),
			(struct pqm_dep){ .is_known = top != NULL,
				.is_direct = !is_nested && is_of_root(direct, n_direct, name),
				.is_dev = pqm_yaml_true(all->items[i], "dev") });
	}
	return st;
}

/* "/@x/y@1.0.0(peer@2)", "/y/1.0.0_peer": the forms of pnpm by its versions. */
static enum pqm_st pnpm_key(struct pqm_deps_out *o, node *key)
{
	pqm_bytes s = pqm_yaml_text(key);
	size_t at;

	if (s.n > 0 && s.p[0] == '/')
		s = pqm_sub(s, 1, s.n);
	s = pqm_sub(s, 0, pqm_find_byte(s, 0, '('));
	at = s.n;
	while (at > 1 && s.p[at - 1] != '@')
		at--;
	if (at <= 1) {
		s = pqm_sub(s, 0, pqm_find_byte(s, 0, '_'));
		for (at = s.n; at > 1 && s.p[at - 1] != '/';)
			at--;
	}
	if (at <= 1)
		return PQM_OK;
	return give(o, key, pqm_sub(s, 0, at - 1), pqm_sub(s, at, s.n), (struct pqm_dep){ 0 });
}

static enum pqm_st pnpm_direct(
	struct pqm_deps_out *o, node *importer, const char *list, bool is_dev)
{
	node *map = pqm_yaml_get(importer, list);
	enum pqm_st st = PQM_OK;

	for (uint32_t i = 0; is_map(map) && st == PQM_OK && i < map->n; i++) {
		node *item = map->items[i];
		pqm_bytes v = is_map(item) ? pqm_yaml_str(item, "version") : pqm_yaml_text(item);

		v = pqm_sub(v, 0, pqm_find_byte(v, 0, '('));
		st = give(o, map->keys[i], pqm_yaml_text(map->keys[i]),
			pqm_sub(v, 0, pqm_find_byte(v, 0, '_')),
			(struct pqm_dep){ .is_known = true, .is_direct = true, .is_dev = is_dev });
	}
	return st;
}

static enum pqm_st pnpm_lock(struct pqm_deps_out *o, node *root)
{
	node *importers = pqm_yaml_get(root, "importers"), *all = pqm_yaml_get(root, "packages");
	enum pqm_st st = pnpm_direct(o, root, "dependencies", false);

	if (st == PQM_OK)
		st = pnpm_direct(o, root, "devDependencies", true);
	for (uint32_t i = 0; is_map(importers) && st == PQM_OK && i < importers->n; i++) {
		st = pnpm_direct(o, importers->items[i], "dependencies", false);
		if (st == PQM_OK)
			st = pnpm_direct(o, importers->items[i], "devDependencies", true);
	}
	for (uint32_t i = 0; is_map(all) && st == PQM_OK && i < all->n; i++)
		st = pnpm_key(o, all->keys[i]);
	return st;
}

static enum pqm_st pipfile_lock(struct pqm_deps_out *o, node *root)
{
	static const char *const lists[] = { "default", "develop" };
	enum pqm_st st = PQM_OK;

	for (size_t k = 0; k < 2; k++) {
		node *map = pqm_yaml_get(root, lists[k]);

		for (uint32_t i = 0; is_map(map) && st == PQM_OK && i < map->n; i++)
			st = give(o, map->keys[i], pqm_yaml_text(map->keys[i]),
				pqm_yaml_str(map->items[i], "version"),
				(struct pqm_dep){ .is_dev = k == 1 });
	}
	return st;
}

/* "conda-forge::cryptography=41.0=h1" */
static enum pqm_st conda_item(struct pqm_deps_out *o, node *item)
{
	struct pqm_dep d = { .is_known = true, .is_direct = true };
	pqm_bytes s = pqm_yaml_text(item), v;
	size_t channel = pqm_find(s, 0, PQM_LIT("::")), n = 0;

	if (channel != SIZE_MAX)
		s = pqm_sub(s, channel + 2, s.n);
	while (n < s.n && memchr("=<>!~ ", s.p[n], 6) == NULL)
		n++;
	v = pqm_trim(pqm_sub(s, n, s.n));
	if (v.n > 1 && v.p[0] == '=' && v.p[1] != '=') {
		size_t build = pqm_find_byte(v, 1, '=');

		/* One sign: any version that begins so; with a build it is one. */
		d.is_exact = build != SIZE_MAX;
		v = pqm_sub(v, 1, build == SIZE_MAX ? v.n : build - 1);
		if (!d.is_exact)
			v = pqm_arena_f(o->arena, "=%.*s", PQM_FMT(pqm_sub(v, 0, 60)));
		d.name = pqm_sub(s, 0, n);
		d.version = v;
		d.line = item->line;
		d.off = item->off;
		return pqm_deps_give(o, &d, NULL);
	}
	return give(o, item, pqm_sub(s, 0, n), v, d);
}

static enum pqm_st conda(struct pqm_deps_out *o, node *root)
{
	node *list = pqm_yaml_get(root, "dependencies");
	enum pqm_st st = PQM_OK;

	for (uint32_t i = 0; is_seq(list) && st == PQM_OK && i < list->n; i++) {
		node *pip = pqm_yaml_get(list->items[i], "pip");

		if (list->items[i]->type == PQM_YAML_SCALAR)
			st = conda_item(o, list->items[i]);
		for (uint32_t k = 0; is_seq(pip) && st == PQM_OK && k < pip->n; k++) {
			struct pqm_dep d = { .is_known = true,
				.is_direct = true,
				.line = pip->items[k]->line,
				.off = pip->items[k]->off };

			if (pqm_deps_pep508(pqm_yaml_text(pip->items[k]), &d))
				st = pqm_deps_give(o, &d, NULL);
		}
	}
	return st;
}

static enum pqm_st nuget_lock(struct pqm_deps_out *o, node *root)
{
	node *frames = pqm_yaml_get(root, "dependencies");
	enum pqm_st st = PQM_OK;

	for (uint32_t f = 0; is_map(frames) && f < frames->n; f++) {
		node *map = frames->items[f];

		for (uint32_t i = 0; is_map(map) && st == PQM_OK && i < map->n; i++) {
			pqm_bytes type = pqm_yaml_str(map->items[i], "type");

			if (!pqm_eqs(type, "Project"))
				st = give(o, map->keys[i], pqm_yaml_text(map->keys[i]),
					pqm_yaml_str(map->items[i], "resolved"),
					(struct pqm_dep){ .is_known = type.n > 0,
						.is_direct = pqm_eqs(type, "Direct") });
		}
	}
	return st;
}

static enum pqm_st vcpkg(struct pqm_deps_out *o, node *root)
{
	node *list = pqm_yaml_get(root, "dependencies");
	enum pqm_st st = PQM_OK;

	for (uint32_t i = 0; is_seq(list) && st == PQM_OK && i < list->n; i++) {
		node *item = list->items[i];
		bool is_text = item->type == PQM_YAML_SCALAR;
		pqm_bytes v = is_text ? nothing : pqm_yaml_str(item, "version>=");
		struct pqm_dep d = { .is_known = true,
			.is_direct = true,
			.line = item->line,
			.off = item->off,
			.name = is_text ? pqm_yaml_text(item) : pqm_yaml_str(item, "name") };

		if (v.n > 0)
			d.version = pqm_arena_f(o->arena, ">=%.*s", PQM_FMT(pqm_sub(v, 0, 60)));
		st = pqm_deps_give(o, &d, NULL);
	}
	return st;
}

static enum pqm_st composer_lock(struct pqm_deps_out *o, node *root)
{
	static const char *const lists[] = { "packages", "packages-dev" };
	enum pqm_st st = PQM_OK;

	for (size_t k = 0; k < 2; k++) {
		node *list = pqm_yaml_get(root, lists[k]);

		for (uint32_t i = 0; is_seq(list) && st == PQM_OK && i < list->n; i++) {
			node *name = pqm_yaml_get(list->items[i], "name");
			pqm_bytes v = pqm_yaml_str(list->items[i], "version");

			if (v.n > 1 && v.p[0] == 'v')
				v = pqm_sub(v, 1, v.n);
			if (name != NULL)
				st = give(o, name, pqm_yaml_text(name), v,
					(struct pqm_dep){ .is_dev = k == 1 });
		}
	}
	return st;
}

enum pqm_st pqm_deps_tree(enum pqm_deps_form form, struct pqm_deps_out *o)
{
	static enum pqm_st (*const readers[])(struct pqm_deps_out * o, node * root) = {
		[PQM_DEPS_PIPFILE_LOCK] = pipfile_lock,
		[PQM_DEPS_CONDA] = conda,
		[PQM_DEPS_PACKAGE_JSON] = package_json,
		[PQM_DEPS_PACKAGE_LOCK] = package_lock,
		[PQM_DEPS_PNPM_LOCK] = pnpm_lock,
		[PQM_DEPS_NUGET_LOCK] = nuget_lock,
		[PQM_DEPS_VCPKG] = vcpkg,
		[PQM_DEPS_COMPOSER_LOCK] = composer_lock,
	};

	node *root = NULL;
	enum pqm_st st;

	if (o->text.n > PQM_YAML_DOC_BYTES)
		return pqm_fail(
			o->err, PQM_ELIMIT, "more than 16 MiB; packages in it were not read");
	if (form == PQM_DEPS_CONDA || form == PQM_DEPS_PNPM_LOCK)
		st = pqm_yaml_one(&root, o->text, o->arena, o->err);
	else
		st = pqm_yjson_root(&root, o->text, o->arena, o->err);
	return st != PQM_OK || root == NULL ? st : readers[form](o, root);
}
