/*
 * tree_make.c — the build-time program that turns rule files into the table of rules/tree.h.
 *
 * Usage: tree-make rules FILE… > TABLE. FILEs stand below the folder, in the order of their names. What
 * makes a file unfit for the program (no list, a rule without an id) ends the build with its place.
 */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/map.h"
#include "rules/tree.h"

#define MEMORY ((size_t)512 << 20)

struct maker {
	struct pqm_arena arena;
	struct pqm_buf pool, files, walks;
	struct pqm_map pooled; /* text -> its offset + 1 */
	struct pqm_map taken;  /* ids */
	const char *at;	       /* file in work */
	/* of the file: */
	struct pqm_buf ids, walk;
	struct pqm_map numbers; /* address of a node -> its number + 1 */
	size_t n_rules, n_nodes, n_pointers;
	uint32_t line, off;
	bool ok;
};

static void fail(struct maker *m, uint32_t line, const char *words)
{
	(void)fprintf(stderr, "%s:%u: %s\n", m->at, line, words);
	m->ok = false;
}

static void put(struct maker *m, struct pqm_buf *b, pqm_bytes bytes)
{
	if (!pqm_buf_add(b, bytes))
		fail(m, 0, "out of memory");
}

static void put_number(struct maker *m, struct pqm_buf *b, uint64_t v)
{
	uint8_t out[10];
	size_t n = 0;

	do {
		out[n] = (uint8_t)((v & 0x7f) | (v > 0x7f ? 0x80 : 0));
		v >>= 7;
		n++;
	} while (v > 0);
	put(m, b, (pqm_bytes){ out, n });
}

static void *as_pointer(size_t n)
{
	return (void *)(uintptr_t)(n + 1);
}

static void put_text(struct maker *m, struct pqm_buf *b, pqm_bytes text)
{
	void *known = pqm_map_get(&m->pooled, text);
	size_t off = known != NULL ? (size_t)(uintptr_t)known - 1 : pqm_buf_bytes(&m->pool).n;

	if (known == NULL) {
		put(m, &m->pool, text);
		put(m, &m->pool, (pqm_bytes){ (const uint8_t *)"", 1 });
		if (!pqm_map_put(&m->pooled, text, as_pointer(off)))
			fail(m, 0, "out of memory");
	}
	put_number(m, b, off);
	put_number(m, b, text.n);
}

/* The node's number when it is an alias, SIZE_MAX when it is new. */
static size_t known_node(struct maker *m, const struct pqm_yaml *n)
{
	pqm_bytes key = pqm_bytes_dup(&m->arena, (pqm_bytes){ (const uint8_t *)&n, sizeof(n) });
	void *known = pqm_map_get(&m->numbers, key);

	if (known != NULL)
		return (size_t)(uintptr_t)known - 1;
	if (!pqm_map_put(&m->numbers, key, as_pointer(m->n_nodes)))
		fail(m, 0, "out of memory");
	m->n_nodes++;
	return SIZE_MAX;
}

// NOLINTNEXTLINE(misc-no-recursion): parse/yaml.c has bounded the depth
static void put_node(struct maker *m, const struct pqm_yaml *n)
{
	size_t number = known_node(m, n);
	uint8_t tag = (uint8_t)n->type;

	if (number != SIZE_MAX) {
		put(m, &m->walk, (pqm_bytes){ &(uint8_t){ PQM_TREE_ALIAS }, 1 });
		put_number(m, &m->walk, number);
		return;
	}
	if (n->line < m->line || n->off < m->off || n->end_off < n->off)
		fail(m, n->line, "merge keys are not for rule files");
	if (n->is_plain)
		tag |= PQM_TREE_PLAIN;
	put(m, &m->walk, (pqm_bytes){ &tag, 1 });
	put_number(m, &m->walk, n->line - m->line);
	put_number(m, &m->walk, n->col);
	put_number(m, &m->walk, n->off - m->off);
	put_number(m, &m->walk, n->end_off - n->off);
	m->line = n->line;
	m->off = n->off;
	if (n->type == PQM_YAML_SCALAR) {
		put_text(m, &m->walk, n->text);
		return;
	}
	put_number(m, &m->walk, n->n);
	put_number(m, &m->walk, n->weight);
	m->n_pointers += n->type == PQM_YAML_MAP ? 2 * (size_t)n->n : n->n;
	for (size_t i = 0; i < n->n; i++) {
		if (n->type == PQM_YAML_MAP)
			put_node(m, n->keys[i]);
		put_node(m, n->items[i]);
	}
}

static enum pqm_st add_doc(void *ctx, const struct pqm_yaml *root, struct pqm_err *err)
{
	struct maker *m = ctx;

	(void)err;
	if (root->type != PQM_YAML_SEQ)
		fail(m, root->line, "a rule file is a list of rules");
	for (size_t i = 0; m->ok && i < root->n; i++) {
		pqm_bytes id = pqm_yaml_str(root->items[i], "id");

		if (id.n == 0)
			fail(m, root->items[i]->line, "a rule needs an id");
		else if (pqm_map_get(&m->taken, id) != NULL)
			fail(m, root->items[i]->line, "the id is taken by another rule");
		else if (!pqm_map_put(&m->taken, id, m))
			fail(m, 0, "out of memory");
		put_text(m, &m->ids, id);
		put_node(m, root->items[i]);
		m->n_rules++;
	}
	return PQM_OK;
}

static bool read_text(struct maker *m, pqm_bytes *out)
{
	static uint8_t chunk[1 << 16];
	FILE *f = fopen(m->at, "rb");
	struct pqm_buf all;
	size_t n;

	if (f == NULL) {
		fail(m, 0, "cannot be read");
		return false;
	}
	pqm_buf_init(&all, PQM_RULE_FILE_BYTES);
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		put(m, &all, (pqm_bytes){ chunk, n });
	*out = pqm_bytes_dup(&m->arena, pqm_buf_bytes(&all));
	pqm_buf_fini(&all);
	(void)fclose(f);
	return m->ok;
}

static void add_file(struct maker *m, struct pqm_rule_text *file)
{
	struct pqm_err err = { 0 };

	pqm_buf_init(&m->ids, MEMORY);
	pqm_buf_init(&m->walk, MEMORY);
	m->n_rules = m->n_nodes = m->n_pointers = 0;
	m->line = 0;
	m->off = 0;
	if (read_text(m, &file->text) &&
		pqm_yaml_docs(file->text, &m->arena, add_doc, m, &err) != PQM_OK)
		fail(m, 0, err.msg);
	put_text(m, &m->files, file->name);
	put_number(m, &m->files, m->n_rules);
	put_number(m, &m->files, m->n_nodes);
	put_number(m, &m->files, m->n_pointers);
	put_number(m, &m->files, pqm_buf_bytes(&m->walk).n);
	put(m, &m->files, pqm_buf_bytes(&m->ids));
	put(m, &m->walks, pqm_buf_bytes(&m->walk));
	pqm_buf_fini(&m->ids);
	pqm_buf_fini(&m->walk);
	pqm_map_fini(&m->numbers);
}

static bool write_out(pqm_bytes b)
{
	return fwrite(b.p, 1, b.n, stdout) == b.n;
}

static bool write_table(struct maker *m, const struct pqm_rule_text *file, size_t n)
{
	size_t n_pool = pqm_buf_bytes(&m->pool).n;
	struct pqm_buf count;
	char version[65];
	uint8_t size[4];

	for (unsigned i = 0; i < 4; i++)
		size[i] = (uint8_t)(n_pool >> 8 * i & 0xff);
	pqm_rules_digest(version, file, n);
	pqm_buf_init(&count, 16);
	put_number(m, &count, n);
	bool ok = m->ok && write_out((pqm_bytes){ (const uint8_t *)version, 64 }) &&
		write_out((pqm_bytes){ size, 4 }) && write_out(pqm_buf_bytes(&m->pool)) &&
		write_out(pqm_buf_bytes(&count)) && write_out(pqm_buf_bytes(&m->files)) &&
		write_out(pqm_buf_bytes(&m->walks)) && fflush(stdout) == 0;

	pqm_buf_fini(&count);
	return ok;
}

int main(int argc, char **argv)
{
	struct maker m = { .ok = argc > 2 };
	size_t n = argc > 2 ? (size_t)argc - 2 : 0, n_folder = argc > 1 ? strlen(argv[1]) + 1 : 0;

	pqm_arena_init(&m.arena, MEMORY);
	pqm_buf_init(&m.pool, MEMORY);
	pqm_buf_init(&m.files, MEMORY);
	pqm_buf_init(&m.walks, MEMORY);
	struct pqm_rule_text *file = pqm_new(&m.arena, struct pqm_rule_text, n);

	for (size_t i = 0; m.ok && file != NULL && i < n; i++) {
		m.at = argv[i + 2];
		file[i].name = pqm_str(m.at + n_folder);
		if (i > 0 && pqm_cmp(file[i - 1].name, file[i].name) >= 0)
			fail(&m, 0, "out of order");
		add_file(&m, &file[i]);
	}
	bool ok = m.ok && file != NULL && write_table(&m, file, n);

	pqm_map_fini(&m.pooled);
	pqm_map_fini(&m.taken);
	pqm_buf_fini(&m.pool);
	pqm_buf_fini(&m.files);
	pqm_buf_fini(&m.walks);
	pqm_arena_fini(&m.arena);
	return ok ? 0 : 1;
}
