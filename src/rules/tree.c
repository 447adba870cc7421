#include "tree.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>

/* A place in the table. */
struct at {
	const uint8_t *p, *end;
};

struct file {
	size_t n_rules, n_nodes, n_pointers;
	pqm_bytes walk;
	struct pqm_rule *rules;
	struct pqm_yaml *nodes;
	struct pqm_yaml **pointers;
	atomic_bool is_read;
};

struct pqm_trees {
	char version[65];
	pqm_bytes pool;
	struct at files; /* the list of files in the table */
	struct file *file;
	size_t n_files, n_rules;
	struct pqm_yaml *nodes;
	struct pqm_yaml **pointers;
	pthread_mutex_t lock;
};

static size_t number(struct at *a)
{
	size_t v = 0;

	for (unsigned shift = 0;; shift += 7) {
		assert(a->p < a->end && shift < 64);
		uint8_t c = *a->p++;

		v |= (size_t)(c & 0x7f) << shift;
		if (c < 0x80)
			return v;
	}
}

static pqm_bytes text(const struct pqm_trees *t, struct at *a)
{
	size_t off = number(a), n = number(a);

	assert(off < t->pool.n && n < t->pool.n - off);
	return (pqm_bytes){ t->pool.p + off, n };
}

static pqm_bytes take(struct at *a, size_t n)
{
	pqm_bytes b = { a->p, n };

	assert(n <= (size_t)(a->end - a->p));
	a->p += n;
	return b;
}

/* ---- opening ---- */

static void read_head(struct pqm_trees *t, pqm_bytes table)
{
	uint32_t n_pool = 0;

	t->files = (struct at){ table.p, table.p + table.n };
	memcpy(t->version, take(&t->files, 64).p, 64);
	for (unsigned i = 0; i < 4; i++)
		n_pool |= (uint32_t)take(&t->files, 1).p[0] << 8 * i;
	t->pool = take(&t->files, n_pool);
	t->n_files = number(&t->files);
}

/* What memory is needed. */
static void measure(struct pqm_trees *t, size_t *n_nodes, size_t *n_pointers)
{
	struct at a = t->files;

	for (size_t i = 0; i < t->n_files; i++) {
		(void)text(t, &a);
		size_t n_rules = number(&a);

		t->n_rules += n_rules;
		*n_nodes += number(&a);
		*n_pointers += number(&a);
		(void)number(&a);
		for (size_t k = 0; k < n_rules; k++)
			(void)text(t, &a);
	}
}

enum pqm_st pqm_trees_open(struct pqm_trees **out, pqm_bytes table, struct pqm_err *err)
{
	struct pqm_trees *t = pqm_calloc(1, sizeof(*t));
	size_t n_nodes = 0, n_pointers = 0;

	if (t == NULL)
		return pqm_fail(err, PQM_ENOMEM, "rules: out of memory");
	if (pthread_mutex_init(&t->lock, NULL) != 0) {
		pqm_free(t);
		return pqm_fail(err, PQM_ENOMEM, "rules: no lock");
	}
	read_head(t, table);
	measure(t, &n_nodes, &n_pointers);
	t->file = pqm_calloc(t->n_files, sizeof(*t->file));
	/* Not cleared: pages of files that nobody reads are never touched. */
	t->nodes = pqm_malloc(n_nodes * sizeof(*t->nodes));
	t->pointers = pqm_malloc(n_pointers * sizeof(*t->pointers));
	if (t->file == NULL || t->nodes == NULL || t->pointers == NULL) {
		pqm_trees_free(t);
		return pqm_fail(err, PQM_ENOMEM, "rules: out of memory");
	}
	*out = t;
	return PQM_OK;
}

void pqm_trees_list(struct pqm_trees *t, struct pqm_rule *all)
{
	size_t n_rules = 0, n_nodes = 0, n_pointers = 0;
	struct at a = t->files;

	for (uint32_t i = 0; i < t->n_files; i++) {
		struct file *f = &t->file[i];
		pqm_bytes name = text(t, &a);

		f->n_rules = number(&a);
		f->n_nodes = number(&a);
		f->n_pointers = number(&a);
		f->walk.n = number(&a);
		f->rules = all + n_rules;
		f->nodes = t->nodes + n_nodes;
		f->pointers = t->pointers + n_pointers;
		for (size_t k = 0; k < f->n_rules; k++)
			f->rules[k] =
				(struct pqm_rule){ .id = text(t, &a), .file = name, .tree = i };
		n_rules += f->n_rules;
		n_nodes += f->n_nodes;
		n_pointers += f->n_pointers;
	}
	for (size_t i = 0; i < t->n_files; i++)
		t->file[i].walk = take(&a, t->file[i].walk.n);
	assert(a.p == a.end);
}

void pqm_trees_free(struct pqm_trees *t)
{
	if (t == NULL)
		return;
	pqm_free(t->file);
	pqm_free(t->nodes);
	pqm_free(t->pointers);
	(void)pthread_mutex_destroy(&t->lock);
	pqm_free(t);
}

/* ---- reading a file ---- */

struct walk {
	const struct pqm_trees *t;
	const struct file *f;
	struct at a;
	size_t n_nodes, n_pointers; /* used of the file's */
	uint32_t line, off;
};

// NOLINTNEXTLINE(misc-no-recursion): as deep as a rule file, which parse/yaml.c has bounded
static struct pqm_yaml *read_node(struct walk *w)
{
	unsigned tag = *take(&w->a, 1).p;

	if ((tag & PQM_TREE_TYPE) == PQM_TREE_ALIAS) {
		size_t which = number(&w->a);

		assert(which < w->n_nodes);
		return &w->f->nodes[which];
	}
	assert(w->n_nodes < w->f->n_nodes);
	struct pqm_yaml *n = &w->f->nodes[w->n_nodes++];

	*n = (struct pqm_yaml){ .type = (enum pqm_yaml_type)(tag & PQM_TREE_TYPE),
		.is_plain = (tag & PQM_TREE_PLAIN) != 0,
		.weight = 1 };
	w->line += (uint32_t)number(&w->a);
	n->line = w->line;
	n->col = (uint32_t)number(&w->a);
	w->off += (uint32_t)number(&w->a);
	n->off = w->off;
	n->end_off = w->off + (uint32_t)number(&w->a);
	if (n->type == PQM_YAML_SCALAR) {
		n->text = text(w->t, &w->a);
		return n;
	}
	n->n = (uint32_t)number(&w->a);
	n->weight = (uint32_t)number(&w->a);
	if (n->n == 0)
		return n;
	size_t want = n->type == PQM_YAML_MAP ? 2 * (size_t)n->n : n->n;

	assert(w->f->pointers != NULL && want <= w->f->n_pointers - w->n_pointers);
	n->items = w->f->pointers + w->n_pointers;
	n->keys = n->type == PQM_YAML_MAP ? n->items + n->n : NULL;
	w->n_pointers += want;
	for (size_t i = 0; i < n->n; i++) {
		if (n->keys != NULL)
			n->keys[i] = read_node(w);
		n->items[i] = read_node(w);
	}
	return n;
}

static void read_file(const struct pqm_trees *t, struct file *f)
{
	struct walk w = { .t = t, .f = f, .a = { f->walk.p, f->walk.p + f->walk.n } };

	for (size_t i = 0; i < f->n_rules; i++)
		f->rules[i].node = read_node(&w);
	assert(w.a.p == w.a.end && w.n_nodes == f->n_nodes && w.n_pointers == f->n_pointers);
}

void pqm_trees_read(struct pqm_trees *t, uint32_t tree)
{
	struct file *f = &t->file[tree];

	if (atomic_load_explicit(&f->is_read, memory_order_acquire))
		return;
	(void)pthread_mutex_lock(&t->lock);
	if (!atomic_load_explicit(&f->is_read, memory_order_relaxed)) {
		read_file(t, f);
		atomic_store_explicit(&f->is_read, true, memory_order_release);
	}
	(void)pthread_mutex_unlock(&t->lock);
}

const char *pqm_trees_version(const struct pqm_trees *t)
{
	return t->version;
}

size_t pqm_trees_count(const struct pqm_trees *t)
{
	return t->n_rules;
}
