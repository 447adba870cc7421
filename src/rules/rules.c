#include "rules.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/embed.h"
#include "base/limits.h"
#include "base/num.h"
#include "base/slurp.h"
#include "rules/bundle.h"
#include "rules/k8s.h"
#include "rules/libs.h"
#include "rules/sampler.h"
#include "rules/source.h"
#include "rules/tree.h"
#include "rules/wire.h"

#define DIR_DEPTH 8

/* What waits until somebody needs it. */
struct pqm_late {
	struct pqm_trees *trees; /* NULL when the rules came from a folder */
	_Atomic(struct pqm_libs *) libs;
	_Atomic(struct pqm_k8s_kinds *) k8s;
	_Atomic(struct pqm_sampler *) sampler;
	_Atomic(struct pqm_calls *) calls;
	pthread_mutex_t lock;
};

struct files {
	struct pqm_arena *arena;
	struct pqm_rule_text *file;
	size_t n, cap;
};

enum pqm_st pqm_rule_fail(const struct pqm_rule *rule, const struct pqm_yaml *node,
	struct pqm_err *err, const char *fmt, ...)
{
	char words[300];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(words, sizeof(words), fmt, ap);
	va_end(ap);
	return pqm_fail(err, PQM_EUSAGE, "rules/%.*s:%u: %s", PQM_FMT(rule->file),
		node != NULL		     ? node->line
			: rule->node != NULL ? rule->node->line
					     : 1,
		words);
}

static enum pqm_st add_file(struct files *fs, pqm_bytes name, pqm_bytes text, struct pqm_err *err)
{
	struct pqm_rule_text *grown = pqm_grow(fs->arena, fs->file, fs->n, &fs->cap);

	if (grown == NULL)
		return pqm_fail(err, PQM_ENOMEM, "rules: out of memory");
	fs->file = grown;
	fs->file[fs->n++] = (struct pqm_rule_text){ name, text };
	return PQM_OK;
}

static enum pqm_st read_file(
	struct files *fs, int dirfd, pqm_bytes name, pqm_bytes leaf, struct pqm_err *err)
{
	int fd = openat(dirfd, (const char *)leaf.p, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct pqm_slurp file = { .limit = PQM_RULE_FILE_BYTES, .refusal = PQM_EUSAGE };
	pqm_bytes text;
	enum pqm_st st;

	if (fd < 0)
		return pqm_fail(err, PQM_EUSAGE, "rules/%.*s: cannot read: %s", PQM_FMT(name),
			strerrordesc_np(errno));
	file.path = (const char *)pqm_arena_f(fs->arena, "rules/%.*s", PQM_FMT(name)).p;
	st = file.path == NULL ? pqm_fail(err, PQM_ENOMEM, "rules: out of memory")
			       : pqm_slurp_fd(&text, fd, &file, fs->arena, err);
	(void)close(fd);
	return st == PQM_OK ? add_file(fs, name, text, err) : st;
}

static enum pqm_st read_dir(struct files *fs, int at, const char *leaf, pqm_bytes prefix,
	unsigned depth, struct pqm_err *err)
{
	int fd = openat(at, leaf, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	enum pqm_st st = PQM_OK;
	struct dirent *e;

	if (d == NULL) {
		if (fd >= 0)
			(void)close(fd);
		return pqm_fail(err, PQM_EUSAGE, "%s: cannot read the rules folder: %s", leaf,
			strerrordesc_np(errno));
	}
	while (st == PQM_OK && (e = readdir(d)) != NULL) {
		pqm_bytes name = pqm_str(e->d_name);
		struct stat sb;

		if (e->d_name[0] == '.' || fstatat(fd, e->d_name, &sb, 0) != 0)
			continue;
		pqm_bytes full = pqm_arena_f(fs->arena, "%.*s%s", PQM_FMT(prefix), e->d_name);

		if (S_ISDIR(sb.st_mode) && depth < DIR_DEPTH)
			st = read_dir(fs, fd, e->d_name,
				pqm_arena_f(fs->arena, "%.*s/", PQM_FMT(full)), depth + 1, err);
		else if (S_ISREG(sb.st_mode) && pqm_ends(name, PQM_LIT(".yaml")))
			st = read_file(fs, fd, full, pqm_bytes_dup(fs->arena, name), err);
	}
	(void)closedir(d);
	return st;
}

static int by_name(const void *a, const void *b)
{
	return pqm_cmp(
		((const struct pqm_rule_text *)a)->name, ((const struct pqm_rule_text *)b)->name);
}

struct file_ctx {
	struct pqm_rules *r;
	pqm_bytes file;
};

static enum pqm_st add_rule(struct file_ctx *c, const struct pqm_yaml *node, struct pqm_err *err)
{
	struct pqm_rules *r = c->r;
	struct pqm_rule probe = { .file = c->file, .node = node };

	if (node->type != PQM_YAML_MAP)
		return pqm_rule_fail(&probe, node, err, "a rule is a mapping with an id");
	probe.id = pqm_yaml_str(node, "id");
	if (probe.id.n == 0)
		return pqm_rule_fail(&probe, node, err, "a rule needs an id");
	struct pqm_rule *grown = pqm_grow(&r->arena, r->all, r->n, &r->cap);

	if (grown == NULL)
		return pqm_fail(err, PQM_ENOMEM, "rules: out of memory");
	r->all = grown;
	r->all[r->n++] = probe;
	return PQM_OK;
}

static enum pqm_st add_doc(void *ctx, const struct pqm_yaml *root, struct pqm_err *err)
{
	struct file_ctx *c = ctx;
	struct pqm_rule probe = { .file = c->file, .node = root };
	enum pqm_st st = PQM_OK;

	if (root->type != PQM_YAML_SEQ)
		return pqm_rule_fail(&probe, root, err, "a rule file is a list of rules");
	for (size_t i = 0; i < root->n && st == PQM_OK; i++)
		st = add_rule(c, root->items[i], err);
	return st;
}

static enum pqm_st parse_file(
	struct pqm_rules *r, const struct pqm_rule_text *f, struct pqm_err *err)
{
	struct file_ctx c = { r, f->name };
	struct pqm_err why = { 0 };
	enum pqm_st st = pqm_yaml_docs(f->text, &r->arena, add_doc, &c, &why);

	if (st == PQM_OK)
		return PQM_OK;
	if (st == PQM_EUSAGE) {
		*err = why;
		return st;
	}
	return pqm_fail(err, PQM_EUSAGE, "rules/%.*s:%s", PQM_FMT(f->name), why.msg);
}

static enum pqm_st index_ids(struct pqm_rules *r, struct pqm_err *err)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct pqm_rule *twin = pqm_map_get(&r->by_id, r->all[i].id);

		if (twin != NULL)
			return pqm_rule_fail(&r->all[i], NULL, err, "id '%.*s' is taken by %.*s:%u",
				PQM_FMT(r->all[i].id), PQM_FMT(twin->file),
				twin->node != NULL ? twin->node->line : 1);
		if (!pqm_map_put(&r->by_id, r->all[i].id, &r->all[i]))
			return pqm_fail(err, PQM_ENOMEM, "rules: out of memory");
	}
	return PQM_OK;
}

/* Lower case without - _ . / and spaces: RSA-2048, rsa_2048 and "RSA 2048" are one name. */
static pqm_bytes normal(pqm_bytes name, char *buf, size_t cap)
{
	size_t n = 0;

	for (size_t i = 0; i < name.n && n + 1 < cap; i++) {
		uint8_t c = name.p[i];

		if (c == '-' || c == '_' || c == '.' || c == '/' || c == ' ')
			continue;
		buf[n++] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
	}
	return (pqm_bytes){ (const uint8_t *)buf, n };
}

/* Adds name -> (alg, algorithm, parameter). Within one family the first meaning of a name stays;
 * two families may not share one. */
static enum pqm_st add_name(struct pqm_rules *r, struct pqm_map *map, pqm_bytes key,
	const struct pqm_alg_ref *ref, struct pqm_err *err)
{
	struct pqm_alg_ref *old = pqm_map_get(map, key);

	if (key.n == 0 || (old != NULL && old->alg == ref->alg))
		return PQM_OK;
	if (old != NULL)
		return pqm_rule_fail(ref->alg->rule, NULL, err, "name '%.*s' is also of %.*s",
			PQM_FMT(key), PQM_FMT(old->alg->rule->id));
	struct pqm_alg_ref *copy = pqm_new(&r->arena, struct pqm_alg_ref, 1);
	pqm_bytes own = pqm_bytes_dup(&r->arena, key);

	if (copy == NULL || own.p == NULL)
		return pqm_fail(err, PQM_ENOMEM, "rules: out of memory");
	*copy = *ref;
	if (!pqm_map_put(map, own, copy))
		return pqm_fail(err, PQM_ENOMEM, "rules: out of memory");
	return PQM_OK;
}

static enum pqm_st add_spoken(
	struct pqm_rules *r, pqm_bytes name, const struct pqm_alg_ref *ref, struct pqm_err *err)
{
	char buf[160];

	return add_name(r, &r->by_name, normal(name, buf, sizeof(buf)), ref, err);
}

static enum pqm_st index_sets(struct pqm_rules *r, struct pqm_alg *a, struct pqm_err *err)
{
	const struct pqm_yaml *sets = pqm_yaml_get(a->rule->node, "sets");
	size_t n = sets != NULL && sets->type == PQM_YAML_SEQ ? sets->n : 0;
	struct pqm_alg_set *out = pqm_new(&r->arena, struct pqm_alg_set, n + 1);
	enum pqm_st st = PQM_OK;

	if (out == NULL)
		return pqm_fail(err, PQM_ENOMEM, "rules: out of memory");
	for (size_t i = 0; i < n && st == PQM_OK; i++) {
		const struct pqm_yaml *s = sets->items[i];

		out[i] = (struct pqm_alg_set){ pqm_yaml_str(s, "name"),
			pqm_yaml_str(s, "parameter"), pqm_yaml_str(s, "class") };
		if (out[i].name.n == 0)
			return pqm_rule_fail(a->rule, s, err, "a parameter set needs a name");
		st = add_spoken(r, out[i].name,
			&(struct pqm_alg_ref){ a, out[i].name, out[i].parameter, a->function },
			err);
	}
	a->sets = out;
	a->n_sets = n;
	return st;
}

static enum pqm_st index_oids(struct pqm_rules *r, struct pqm_alg *a, struct pqm_err *err)
{
	const struct pqm_yaml *oids = pqm_yaml_get(a->rule->node, "oids");
	enum pqm_st st = PQM_OK;

	for (size_t i = 0; oids != NULL && i < oids->n && st == PQM_OK; i++) {
		const struct pqm_yaml *o = oids->items[i];
		struct pqm_alg_ref ref = { a, pqm_yaml_str(o, "algorithm"),
			pqm_yaml_str(o, "parameter"), a->function };
		pqm_bytes oid = pqm_yaml_str(o, "oid");

		if (oid.n == 0 || !pqm_function_parse(pqm_yaml_str(o, "function"), &ref.function))
			return pqm_rule_fail(a->rule, o, err,
				"an OID entry needs oid and function (any, kex, pke, sig, …)");
		if (ref.algorithm.n == 0)
			ref.algorithm = a->name;
		st = add_name(r, &r->by_oid, oid, &ref, err);
		if (st == PQM_OK)
			st = add_spoken(r, pqm_yaml_str(o, "name"), &ref, err);
		if (st == PQM_OK)
			st = add_spoken(r, ref.algorithm, &ref, err);
	}
	return st;
}

static enum pqm_st index_aliases(struct pqm_rules *r, struct pqm_alg *a, struct pqm_err *err)
{
	const struct pqm_yaml *list = pqm_yaml_get(a->rule->node, "aliases");
	enum pqm_st st = PQM_OK;

	for (size_t i = 0; list != NULL && i < list->n && st == PQM_OK; i++) {
		pqm_bytes name = pqm_yaml_text(list->items[i]);
		size_t eq = pqm_find_byte(name, 0, '=');
		struct pqm_alg_ref ref = { a, a->name, { NULL, 0 }, a->function };

		if (eq != SIZE_MAX) {
			ref.parameter = pqm_sub(name, eq + 1, name.n);
			name = pqm_sub(name, 0, eq);
		}
		st = add_spoken(r, name, &ref, err);
	}
	return st;
}

static enum pqm_st index_alg(struct pqm_rules *r, struct pqm_alg *a, struct pqm_err *err)
{
	const struct pqm_yaml *n = a->rule->node, *fns = pqm_yaml_get(n, "functions");
	struct pqm_alg_ref self = { a, { NULL, 0 }, { NULL, 0 }, PQM_FN_ANY };

	a->family = pqm_yaml_str(n, "family");
	a->name = pqm_yaml_str(n, "name");
	a->basis = pqm_yaml_str(n, "basis");
	if (a->name.n == 0)
		a->name = a->family;
	if (a->family.n == 0 || a->basis.n == 0)
		return pqm_rule_fail(a->rule, NULL, err, "an algorithm needs family and basis");
	if (!pqm_quantum_parse(pqm_yaml_str(n, "quantum"), &a->quantum))
		return pqm_rule_fail(a->rule, pqm_yaml_get(n, "quantum"), err,
			"quantum is one of broken, hybrid, safe, unknown");
	if (!pqm_classical_parse(pqm_yaml_str(n, "classical"), &a->classical))
		return pqm_rule_fail(a->rule, pqm_yaml_get(n, "classical"), err,
			"classical is one of ok, deprecated, broken");
	for (size_t i = 0; fns != NULL && i < fns->n; i++) {
		enum pqm_function f;

		if (!pqm_function_parse(pqm_yaml_text(fns->items[i]), &f))
			return pqm_rule_fail(a->rule, fns->items[i], err,
				"functions are of kex, pke, sig, cipher, hash, mac, kdf");
		if (i == 0)
			a->function = f;
		a->n_functions++;
	}
	if (a->n_functions > 1)
		a->function = PQM_FN_ANY;
	self.algorithm = a->name;
	self.function = a->function;
	enum pqm_st st = add_spoken(r, a->family, &self, err);

	if (st == PQM_OK)
		st = add_spoken(r, a->name, &self, err);
	if (st == PQM_OK)
		st = index_sets(r, a, err);
	if (st == PQM_OK)
		st = index_aliases(r, a, err);
	if (st == PQM_OK)
		st = index_oids(r, a, err);
	return st;
}

static enum pqm_st index_algs(struct pqm_rules *r, struct pqm_err *err)
{
	const struct pqm_rule *rule;
	size_t i = 0, n = 0;

	while (pqm_rules_next(r, "algorithms/", &i) != NULL)
		n++;
	r->algs = pqm_new(&r->arena, struct pqm_alg, n + 1);
	if (r->algs == NULL)
		return pqm_fail(err, PQM_ENOMEM, "rules: out of memory");
	i = 0;
	while ((rule = pqm_rules_next(r, "algorithms/", &i)) != NULL) {
		struct pqm_alg *a = &r->algs[r->n_algs++];
		enum pqm_st st;

		a->rule = rule;
		st = index_alg(r, a, err);
		if (st != PQM_OK)
			return st;
	}
	return PQM_OK;
}

static enum pqm_st take_files(
	struct pqm_rules *r, struct files *fs, const char *where, struct pqm_err *err)
{
	enum pqm_st st = PQM_OK;

	if (fs->n == 0)
		return pqm_fail(err, PQM_EUSAGE, "%s: no rule files (*.yaml) here", where);
	if (fs->n > 1)
		qsort(fs->file, fs->n, sizeof(*fs->file), by_name);
	for (size_t i = 0; i < fs->n && st == PQM_OK; i++)
		st = parse_file(r, &fs->file[i], err);
	if (st == PQM_OK)
		pqm_rules_digest(r->version, fs->file, fs->n);
	return st;
}

static enum pqm_st load_folder(struct pqm_rules *r, const char *dir, struct pqm_err *err)
{
	struct files fs = { .arena = &r->arena };
	enum pqm_st st = read_dir(&fs, AT_FDCWD, dir, (pqm_bytes){ NULL, 0 }, 0, err);

	(void)snprintf(r->name, sizeof(r->name), "a folder");
	return st == PQM_OK ? take_files(r, &fs, dir, err) : st;
}

static enum pqm_st load_bundle(struct pqm_rules *r, const struct pqm_bundle *b, struct pqm_err *err)
{
	struct files fs = { .arena = &r->arena };
	enum pqm_st st = PQM_OK;

	for (size_t i = 0; i < b->n && st == PQM_OK; i++)
		if (pqm_starts(b->files[i].path, PQM_LIT("rules/")))
			st = add_file(&fs,
				pqm_bytes_dup(&r->arena,
					pqm_sub(b->files[i].path, strlen("rules/"),
						b->files[i].path.n)),
				pqm_bytes_dup(&r->arena, b->files[i].body), err);
	(void)snprintf(
		r->name, sizeof(r->name), "%.*s %.*s", PQM_FMT(b->name), PQM_FMT(b->version));
	return st == PQM_OK ? take_files(r, &fs, "the rule bundle", err) : st;
}

static enum pqm_st load_embedded(struct pqm_rules *r, struct pqm_err *err)
{
	const struct pqm_embed *e = pqm_embed_tree;
	enum pqm_st st = pqm_trees_open(&r->late->trees, (pqm_bytes){ e->p, e->n }, err);

	if (st != PQM_OK)
		return st;
	r->n = r->cap = pqm_trees_count(r->late->trees);
	r->all = pqm_new(&r->arena, struct pqm_rule, r->n);
	if (r->all == NULL)
		return pqm_fail(err, PQM_ENOMEM, "rules: out of memory");
	pqm_trees_list(r->late->trees, r->all);
	memcpy(r->version, pqm_trees_version(r->late->trees), sizeof(r->version));
	(void)snprintf(r->name, sizeof(r->name), "pqmap " PQM_VERSION);
	return PQM_OK;
}

static enum pqm_st late_new(struct pqm_rules *r, struct pqm_err *err)
{
	struct pqm_late *late = pqm_calloc(1, sizeof(*late));

	if (late == NULL || pthread_mutex_init(&late->lock, NULL) != 0) {
		pqm_free(late);
		return pqm_fail(err, PQM_ENOMEM, "rules: out of memory");
	}
	r->late = late;
	return PQM_OK;
}

/* One of dir and b, or neither: the rules of the program. */
static enum pqm_st load(
	struct pqm_rules *r, const char *dir, const struct pqm_bundle *b, struct pqm_err *err)
{
	const bool is_ours = dir == NULL && b == NULL;
	const struct pqm_libs *libs;
	const struct pqm_k8s_kinds *k8s;
	const struct pqm_sampler *sampler;
	const struct pqm_calls *calls;
	enum pqm_st st;

	*r = (struct pqm_rules){ 0 };
	pqm_arena_init(&r->arena, (size_t)256 << 20);
	st = late_new(r, err);
	if (st == PQM_OK)
		st = dir != NULL    ? load_folder(r, dir, err)
			: b != NULL ? load_bundle(r, b, err)
				    : load_embedded(r, err);
	if (st == PQM_OK)
		st = index_ids(r, err);
	if (st == PQM_OK)
		st = index_algs(r, err);
	/* Our own files are known to be good; mistakes in others are told at the start. */
	if (st == PQM_OK && !is_ours)
		st = pqm_rules_libs(&libs, r, err);
	if (st == PQM_OK && !is_ours)
		st = pqm_rules_k8s(&k8s, r, err);
	if (st == PQM_OK && !is_ours)
		st = pqm_rules_sampler(&sampler, r, err);
	if (st == PQM_OK && !is_ours)
		st = pqm_rules_calls(&calls, r, err);
	if (st == PQM_OK)
		st = pqm_wires_build(&r->wires, r, err);
	if (st != PQM_OK)
		pqm_rules_fini(r);
	return st;
}

enum pqm_st pqm_rules_load(struct pqm_rules *r, const char *dir, struct pqm_err *err)
{
	return load(r, dir, NULL, err);
}

enum pqm_st pqm_rules_of_bundle(
	struct pqm_rules *r, const struct pqm_bundle *b, struct pqm_err *err)
{
	return load(r, NULL, b, err);
}

void pqm_rules_fini(struct pqm_rules *r)
{
	pqm_map_fini(&r->by_id);
	pqm_map_fini(&r->by_name);
	pqm_map_fini(&r->by_oid);
	pqm_wires_free(r->wires);
	if (r->late != NULL) {
		pqm_libs_free(atomic_load(&r->late->libs));
		pqm_k8s_kinds_free(atomic_load(&r->late->k8s));
		pqm_sampler_free(atomic_load(&r->late->sampler));
		pqm_calls_free(atomic_load(&r->late->calls));
		pqm_trees_free(r->late->trees);
		(void)pthread_mutex_destroy(&r->late->lock);
		pqm_free(r->late);
	}
	pqm_arena_fini(&r->arena);
	*r = (struct pqm_rules){ 0 };
}

enum pqm_st pqm_rules_libs(
	const struct pqm_libs **out, const struct pqm_rules *r, struct pqm_err *err)
{
	struct pqm_libs *libs = atomic_load_explicit(&r->late->libs, memory_order_acquire);
	enum pqm_st st = PQM_OK;

	if (libs == NULL) {
		(void)pthread_mutex_lock(&r->late->lock);
		libs = atomic_load_explicit(&r->late->libs, memory_order_relaxed);
		if (libs == NULL)
			st = pqm_libs_build(&libs, r, err);
		if (st == PQM_OK)
			atomic_store_explicit(&r->late->libs, libs, memory_order_release);
		(void)pthread_mutex_unlock(&r->late->lock);
	}
	if (st == PQM_OK)
		*out = libs;
	return st;
}

enum pqm_st pqm_rules_k8s(
	const struct pqm_k8s_kinds **out, const struct pqm_rules *r, struct pqm_err *err)
{
	struct pqm_k8s_kinds *k = atomic_load_explicit(&r->late->k8s, memory_order_acquire);
	enum pqm_st st = PQM_OK;

	if (k == NULL) {
		(void)pthread_mutex_lock(&r->late->lock);
		k = atomic_load_explicit(&r->late->k8s, memory_order_relaxed);
		if (k == NULL)
			st = pqm_k8s_kinds_new(&k, r, err);
		if (st == PQM_OK)
			atomic_store_explicit(&r->late->k8s, k, memory_order_release);
		(void)pthread_mutex_unlock(&r->late->lock);
	}
	if (st == PQM_OK)
		*out = k;
	return st;
}

enum pqm_st pqm_rules_sampler(
	const struct pqm_sampler **out, const struct pqm_rules *r, struct pqm_err *err)
{
	struct pqm_sampler *s = atomic_load_explicit(&r->late->sampler, memory_order_acquire);
	enum pqm_st st = PQM_OK;

	if (s == NULL) {
		(void)pthread_mutex_lock(&r->late->lock);
		s = atomic_load_explicit(&r->late->sampler, memory_order_relaxed);
		if (s == NULL)
			st = pqm_sampler_build(&s, r, err);
		if (st == PQM_OK)
			atomic_store_explicit(&r->late->sampler, s, memory_order_release);
		(void)pthread_mutex_unlock(&r->late->lock);
	}
	if (st == PQM_OK)
		*out = s;
	return st;
}

enum pqm_st pqm_rules_calls(
	const struct pqm_calls **out, const struct pqm_rules *r, struct pqm_err *err)
{
	struct pqm_calls *c = atomic_load_explicit(&r->late->calls, memory_order_acquire);
	enum pqm_st st = PQM_OK;

	if (c == NULL) {
		(void)pthread_mutex_lock(&r->late->lock);
		c = atomic_load_explicit(&r->late->calls, memory_order_relaxed);
		if (c == NULL)
			st = pqm_calls_build(&c, r, err);
		if (st == PQM_OK)
			atomic_store_explicit(&r->late->calls, c, memory_order_release);
		(void)pthread_mutex_unlock(&r->late->lock);
	}
	if (st == PQM_OK)
		*out = c;
	return st;
}

/* The rule with its node. */
static const struct pqm_rule *whole(const struct pqm_rules *r, const struct pqm_rule *rule)
{
	if (rule != NULL && r->late != NULL && r->late->trees != NULL)
		pqm_trees_read(r->late->trees, rule->tree);
	return rule;
}

const struct pqm_rule *pqm_rules_all(const struct pqm_rules *r)
{
	for (size_t i = 0; i < r->n; i++)
		(void)whole(r, &r->all[i]);
	return r->all;
}

const struct pqm_rule *pqm_rules_get(const struct pqm_rules *r, pqm_bytes id)
{
	return whole(r, pqm_map_get(&r->by_id, id));
}

const struct pqm_rule *pqm_rules_next(const struct pqm_rules *r, const char *prefix, size_t *i)
{
	pqm_bytes p = pqm_str(prefix);

	if (*i == 0)
		*i = pqm_lower_bound(
			r->all, r->n, sizeof(*r->all), offsetof(struct pqm_rule, file), p);
	if (*i >= r->n || !pqm_starts(r->all[*i].file, p))
		return NULL;
	return whole(r, &r->all[(*i)++]);
}

const struct pqm_alg_ref *pqm_alg_by_name(const struct pqm_rules *r, pqm_bytes name)
{
	char buf[160];

	return pqm_map_get(&r->by_name, normal(name, buf, sizeof(buf)));
}

const struct pqm_alg_ref *pqm_alg_by_oid(const struct pqm_rules *r, pqm_bytes dotted)
{
	return pqm_map_get(&r->by_oid, dotted);
}

pqm_bytes pqm_alg_risk_class(
	const struct pqm_rules *r, pqm_bytes family, pqm_bytes parameter, uint32_t bits)
{
	const struct pqm_alg_ref *ref = pqm_alg_by_name(r, family);
	uint64_t size = bits;

	if (ref == NULL || ref->alg->quantum == PQM_Q_UNKNOWN)
		return PQM_LIT("UNK");
	const struct pqm_alg *a = ref->alg;

	if (a->quantum == PQM_Q_HYBRID)
		return PQM_LIT("HYB");
	for (size_t i = 0; i < a->n_sets; i++)
		if (parameter.n > 0 && a->sets[i].risk_class.n > 0 &&
			pqm_ieq(a->sets[i].parameter, parameter))
			return a->sets[i].risk_class;
	if (a->quantum == PQM_Q_SAFE)
		return pqm_eqs(a->basis, "symmetric") || pqm_eqs(a->basis, "password")
			? PQM_LIT("SYM")
			: PQM_LIT("PQ");
	if (size == 0)
		(void)pqm_u64_parse(parameter, UINT32_MAX, &size);
	if (pqm_eqs(a->basis, "factoring") || pqm_eqs(a->basis, "dlog")) {
		/* A size below the smallest set is broken today; between sets the lower class holds. */
		if (size == 0)
			return PQM_LIT("R2048");
		return size < 2000    ? PQM_LIT("WEAK")
			: size < 3000 ? PQM_LIT("R2048")
			: size < 4000 ? PQM_LIT("R3072")
				      : PQM_LIT("R4096");
	}
	return a->n_sets > 0 && a->sets[0].risk_class.n > 0 && a->n_sets == 1
		? a->sets[0].risk_class
		: PQM_LIT("E256");
}

void pqm_alg_fill(struct pqm_found *f, const struct pqm_alg_ref *ref)
{
	f->family = ref->alg->family;
	f->quantum = ref->alg->quantum;
	f->classical = ref->alg->classical;
	f->function = ref->function;
	if (f->algorithm.n == 0)
		f->algorithm = ref->algorithm;
	if (f->parameter.n == 0)
		f->parameter = ref->parameter;
}

void pqm_rule_fill(struct pqm_found *f, const struct pqm_rules *r, const char *rule_id)
{
	const struct pqm_rule *rule = pqm_rules_get(r, pqm_str(rule_id));

	f->rule = pqm_str(rule_id);
	if (rule == NULL)
		return;
	f->rule = rule->id;
	if (f->why.n == 0)
		f->why = pqm_yaml_str(rule->node, "why");
	if (f->fix.n == 0)
		f->fix = pqm_yaml_str(rule->node, "fix");
	if (f->fix.n > 0 || f->quantum != PQM_Q_BROKEN)
		return;
	const struct pqm_alg_ref *ref = pqm_alg_by_name(r, f->family);

	if (ref != NULL) {
		const struct pqm_yaml *by = pqm_yaml_get(ref->alg->rule->node, "replace");

		f->fix = pqm_yaml_str(by, pqm_function_name(f->function));
		if (f->fix.n == 0)
			f->fix = pqm_yaml_str(by, "sig");
		if (f->fix.n == 0)
			f->fix = pqm_yaml_str(by, "kex");
	}
}
