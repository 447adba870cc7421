/* kustomize_load.c — from a folder to the set of its resources. */
#include "base/limits.h"
#include "k8s_doc.h"
#include "kustomize.h"

static const char *const names[] = { "kustomization.yaml", "kustomization.yml", "Kustomization" };

/* A URL may hold a password: of what is remote only the host is told. */
static bool is_remote(pqm_bytes name)
{
	return pqm_find(name, 0, PQM_LIT("://")) != SIZE_MAX || pqm_starts(name, PQM_LIT("git@")) ||
		pqm_starts(name, PQM_LIT("github.com/")) ||
		pqm_starts(name, PQM_LIT("gitlab.com/")) ||
		pqm_starts(name, PQM_LIT("bitbucket.org/")) ||
		pqm_find(name, 0, PQM_LIT("?ref=")) != SIZE_MAX;
}

static void tell_remote(struct kz *k, pqm_bytes name)
{
	size_t end = pqm_find_byte(name, 0, '?');

	name = pqm_sub(name, 0, end);
	if (pqm_find_byte(name, 0, '@') != SIZE_MAX)
		name = PQM_LIT("(with a user in its address)");
	pqm_emit_note(k->out, UINT64_MAX, PQM_EIO, "kustomize: remote resource %.*s: not fetched",
		PQM_FMT(pqm_printable(k->arena, name)));
}

bool kz_read(struct kz *k, pqm_bytes dir, pqm_bytes name, bool is_used, pqm_bytes *out)
{
	pqm_bytes rel = pqm_arena_f(k->arena, "%.*s%.*s", PQM_FMT(dir), PQM_FMT(name));
	struct pqm_err why = { 0 };
	enum pqm_st st;

	if (k->n_files++ >= KZ_FILES) {
		if (k->n_files == KZ_FILES + 1)
			pqm_emit_note(k->out, UINT64_MAX, PQM_ELIMIT,
				"kustomize: more than %d files", KZ_FILES);
		return false;
	}
	st = rel.p == NULL ? PQM_ENOMEM : k->a->near->read(k->a->near, rel, k->arena, out, &why);
	if (st == PQM_ENOMEM)
		k->st = st;
	if (st != PQM_OK) {
		pqm_emit_note(k->out, UINT64_MAX, st, "kustomize: %.*s",
			PQM_FMT(pqm_printable(k->arena, pqm_str(why.msg))));
		return false;
	}
	if (is_used)
		pqm_emit_used(k->out, rel);
	return true;
}

struct docs {
	struct kz *k;
	void (*fn)(void *ctx, struct pqm_yaml *root);
	void *ctx;
};

static enum pqm_st one_doc(void *ctx, const struct pqm_yaml *root, struct pqm_err *err)
{
	struct docs *d = ctx;

	(void)err;
	(void)pqm_k8s_tidy(root);
	d->fn(d->ctx, (struct pqm_yaml *)(uintptr_t)root); /* made for us alone */
	return d->k->st;
}

void kz_docs(struct kz *k, pqm_bytes text, pqm_bytes what,
	void (*fn)(void *ctx, struct pqm_yaml *root), void *ctx)
{
	struct docs d = { k, fn, ctx };
	struct pqm_err why = { 0 };
	enum pqm_st st = pqm_yaml_docs(text, k->arena, one_doc, &d, &why);

	if (st == PQM_ENOMEM)
		k->st = st;
	else if (st != PQM_OK)
		pqm_emit_note(k->out, UINT64_MAX, st, "kustomize: %.*s: %s",
			PQM_FMT(pqm_printable(k->arena, what)), why.msg);
}

void kz_add(struct kz *k, struct kz_set *set, struct pqm_yaml *root, pqm_bytes file)
{
	struct kz_res *grown;
	pqm_bytes name = pqm_yaml_str(kz_get(root, "metadata"), "name");

	if (root->type != PQM_YAML_MAP || pqm_yaml_str(root, "kind").n == 0)
		return;
	if (set->n >= KZ_RESOURCES) {
		if (set->n == KZ_RESOURCES)
			pqm_emit_note(k->out, UINT64_MAX, PQM_ELIMIT,
				"kustomize: more than %d objects", KZ_RESOURCES);
		return;
	}
	grown = pqm_grow(k->arena, set->res, set->n, &set->cap);
	if (grown == NULL) {
		k->st = PQM_ENOMEM;
		return;
	}
	set->res = grown;
	set->res[set->n++] =
		(struct kz_res){ .root = root, .file = file, .first_name = name, .old_name = name };
}

struct into {
	struct kz *k;
	struct kz_set *set;
	pqm_bytes file;
};

static void add_doc(void *ctx, struct pqm_yaml *root)
{
	struct into *i = ctx;
	struct pqm_yaml *items = kz_get(root, "items");

	if (pqm_ends(pqm_yaml_str(root, "kind"), PQM_LIT("List")) && items != NULL &&
		items->type == PQM_YAML_SEQ) {
		for (size_t n = 0; n < items->n; n++)
			kz_add(i->k, i->set, items->items[n], i->file);
		return;
	}
	kz_add(i->k, i->set, root, i->file);
}

/* "../base", "./a/" and such as a folder with a slash at its end. */
static pqm_bytes folder(struct kz *k, pqm_bytes dir, pqm_bytes name)
{
	while (name.n > 1 && name.p[name.n - 1] == '/')
		name.n--;
	while (pqm_starts(name, PQM_LIT("./")))
		name = pqm_sub(name, 2, name.n);
	return pqm_eqs(name, ".") ? dir
				  : pqm_arena_f(k->arena, "%.*s%.*s/", PQM_FMT(dir), PQM_FMT(name));
}

static bool find_kustomization(struct kz *k, pqm_bytes dir, pqm_bytes *text, pqm_bytes *rel)
{
	struct pqm_err ignored = { 0 };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		*rel = pqm_arena_f(k->arena, "%.*s%s", PQM_FMT(dir), names[i]);
		if (rel->p != NULL &&
			k->a->near->read(k->a->near, *rel, k->arena, text, &ignored) == PQM_OK)
			return true;
	}
	return false;
}

static void level(struct kz *k, struct kz_set *set, const struct pqm_yaml *kust, pqm_bytes dir,
	unsigned depth);

/* A folder with a kustomization of its own; of a component it works on what is there already. */
static bool add_folder(
	struct kz *k, struct kz_set *set, pqm_bytes dir, bool is_component, unsigned depth)
{
	const struct pqm_yaml *kust = NULL;
	struct kz_set own = { 0 };
	struct pqm_err why = { 0 };
	pqm_bytes text, rel;

	if (!find_kustomization(k, dir, &text, &rel))
		return false;
	if (k->n_files++ >= KZ_FILES)
		return true;
	if (depth >= KZ_DEPTH) {
		pqm_emit_note(k->out, UINT64_MAX, PQM_ELIMIT,
			"kustomize: folders refer to each other, or more than %d times", KZ_DEPTH);
		return true;
	}
	if (pqm_yaml_one(&kust, text, k->arena, &why) != PQM_OK) {
		pqm_emit_note(k->out, UINT64_MAX, PQM_EPARSE, "kustomize: %.*s: %s",
			PQM_FMT(pqm_printable(k->arena, rel)), why.msg);
		return true;
	}
	pqm_emit_used(k->out, rel);
	if (is_component || pqm_eqs(pqm_yaml_str(kust, "kind"), "Component")) {
		level(k, set, kust, dir, depth + 1);
		return true;
	}
	level(k, &own, kust, dir, depth + 1);
	for (size_t i = 0; i < own.n && k->st == PQM_OK; i++) {
		size_t at = set->n;

		kz_add(k, set, own.res[i].root, own.res[i].file);
		if (set->n > at) {
			set->res[at] = own.res[i];
			set->res[at].old_name =
				pqm_yaml_str(kz_get(own.res[i].root, "metadata"), "name");
		}
	}
	return true;
}

static bool is_file_name(pqm_bytes name)
{
	return pqm_ends(name, PQM_LIT(".yaml")) || pqm_ends(name, PQM_LIT(".yml")) ||
		pqm_ends(name, PQM_LIT(".json"));
}

static void add_entry(
	struct kz *k, struct kz_set *set, pqm_bytes dir, pqm_bytes name, unsigned depth)
{
	struct into to = { k, set, { NULL, 0 } };
	pqm_bytes text;

	if (name.n == 0)
		return;
	if (is_remote(name)) {
		tell_remote(k, name);
		return;
	}
	if (!is_file_name(name) && add_folder(k, set, folder(k, dir, name), false, depth))
		return;
	if (!kz_read(k, dir, name, true, &text))
		return;
	to.file = pqm_arena_f(k->arena, "%.*s%.*s", PQM_FMT(dir), PQM_FMT(name));
	kz_docs(k, text, to.file, add_doc, &to);
}

static void tell_unsupported(struct kz *k, const struct pqm_yaml *kust)
{
	static const char *const fields[] = { "vars", "replacements", "helmCharts",
		"helmChartInflationGenerator", "generators", "transformers", "configurations" };

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		const struct pqm_yaml *f = pqm_yaml_get(kust, fields[i]);

		if (f != NULL && f->n > 0)
			pqm_emit_note(k->out, UINT64_MAX, PQM_EPARSE,
				"kustomize: %s (line %u) are not resolved; --render kustomize does",
				fields[i], f->line);
	}
}

static void each_entry(struct kz *k, struct kz_set *set, const struct pqm_yaml *kust,
	const char *field, pqm_bytes dir, unsigned depth)
{
	const struct pqm_yaml *list = pqm_yaml_get(kust, field);
	bool is_component = strcmp(field, "components") == 0;

	for (size_t i = 0; list != NULL && list->type == PQM_YAML_SEQ && i < list->n; i++) {
		pqm_bytes name = pqm_yaml_text(list->items[i]);

		if (k->st != PQM_OK)
			return;
		if (!is_component)
			add_entry(k, set, dir, name, depth);
		else if (is_remote(name))
			tell_remote(k, name);
		else if (!add_folder(k, set, folder(k, dir, name), true, depth))
			pqm_emit_note(k->out, UINT64_MAX, PQM_EIO,
				"kustomize: %.*s: no such component",
				PQM_FMT(pqm_printable(k->arena, name)));
	}
}

static void level(struct kz *k, struct kz_set *set, const struct pqm_yaml *kust, pqm_bytes dir,
	unsigned depth)
{
	each_entry(k, set, kust, "resources", dir, depth);
	each_entry(k, set, kust, "bases", dir, depth);
	each_entry(k, set, kust, "components", dir, depth);
	kz_generate(k, set, kust, dir);
	for (size_t i = 0; i < set->n; i++)
		set->res[i].old_name = pqm_yaml_str(kz_get(set->res[i].root, "metadata"), "name");
	kz_patches(k, set, kust, dir);
	kz_transform(k, set, kust);
	kz_references(k, set);
	tell_unsupported(k, kust);
}

void kz_build(struct kz *k, struct kz_set *set)
{
	const struct pqm_yaml *kust = NULL;
	const pqm_bytes here = { (const uint8_t *)"", 0 };
	struct pqm_err why = { 0 };
	enum pqm_st st = pqm_yaml_one(&kust, k->a->body, k->arena, &why);

	if (st != PQM_OK) {
		pqm_emit_note(k->out, UINT64_MAX, st, "kustomize: %s", why.msg);
		return;
	}
	level(k, set, kust, here, 0);
	kz_hashes(k, set);
}
