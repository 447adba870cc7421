#include "unit.h"

#include <pthread.h>
#include <stdio.h>

#include "base/embed.h"
#include "rules/libs.h"
#include "rules/tree.h"

struct compare {
	const struct pqm_rule *rule; /* next of the file */
	pqm_bytes file;
	size_t n_nodes;
};

static void same(struct compare *c, const struct pqm_yaml *a, const struct pqm_yaml *b)
{
	bool ok = a->type == b->type && a->line == b->line && a->col == b->col &&
		a->off == b->off && a->end_off == b->end_off && a->is_plain == b->is_plain &&
		a->n == b->n && a->weight == b->weight && pqm_eq(a->text, b->text) &&
		(a->keys == NULL) == (b->keys == NULL);

	if (!ok)
		fail_msg("%.*s:%u:%u and %u:%u differ", PQM_FMT(c->file), a->line, a->col, b->line,
			b->col);
	if (a->type == PQM_YAML_SCALAR)
		assert_int_equal(b->text.p[b->text.n], 0);
	c->n_nodes++;
	for (size_t i = 0; i < a->n; i++) {
		if (a->keys != NULL)
			same(c, a->keys[i], b->keys[i]);
		same(c, a->items[i], b->items[i]);
	}
}

static enum pqm_st on_doc(void *ctx, const struct pqm_yaml *root, struct pqm_err *err)
{
	struct compare *c = ctx;

	(void)err;
	for (size_t i = 0; i < root->n; i++, c->rule++) {
		assert_true(pqm_eq(c->rule->file, c->file));
		assert_true(pqm_eq(c->rule->id, pqm_yaml_str(root->items[i], "id")));
		same(c, root->items[i], c->rule->node);
	}
	return PQM_OK;
}

static void trees_of_the_table_are_those_of_libyaml(void **state)
{
	struct pqm_err err = { 0 };
	struct pqm_rules r;
	struct compare c = { 0 };

	(void)state;
	assert_int_equal(pqm_rules_load(&r, NULL, &err), PQM_OK);
	c.rule = pqm_rules_all(&r);
	for (const struct pqm_embed *e = pqm_embed_rules; e->name != NULL; e++) {
		struct pqm_arena arena;

		pqm_arena_init(&arena, (size_t)64 << 20);
		c.file = pqm_str(e->name);
		if (pqm_yaml_docs((pqm_bytes){ e->p, e->n }, &arena, on_doc, &c, &err) != PQM_OK)
			fail_msg("%s: %s", e->name, err.msg);
		pqm_arena_fini(&arena);
	}
	assert_ptr_equal(c.rule, pqm_rules_all(&r) + r.n);
	assert_true(c.n_nodes > 40000);
	pqm_rules_fini(&r);
}

static void a_folder_gives_the_same_rules_and_version(void **state)
{
	struct pqm_err err = { 0 };
	struct pqm_rules a, b;

	(void)state;
	assert_int_equal(pqm_rules_load(&a, NULL, &err), PQM_OK);
	if (pqm_rules_load(&b, "rules", &err) != PQM_OK)
		fail_msg("%s", err.msg);
	assert_string_equal(a.version, b.version);
	assert_int_equal(a.n, b.n);
	assert_int_equal(a.n_algs, b.n_algs);
	assert_int_equal(a.by_name.n, b.by_name.n);
	assert_int_equal(a.by_oid.n, b.by_oid.n);
	const struct pqm_rule *x = pqm_rules_all(&a), *y = pqm_rules_all(&b);

	for (size_t i = 0; i < a.n; i++) {
		assert_true(pqm_eq(x[i].id, y[i].id) && pqm_eq(x[i].file, y[i].file));
		assert_int_equal(x[i].node->line, y[i].node->line);
	}
	pqm_rules_fini(&a);
	pqm_rules_fini(&b);
}

/* Whoever gets a rule gets it whole, and files that nobody asked for stay unread. */
static void a_rule_that_is_given_has_its_node(void **state)
{
	struct pqm_err err = { 0 };
	struct pqm_rules r;
	size_t i = 0, n_unread = 0;

	(void)state;
	assert_int_equal(pqm_rules_load(&r, NULL, &err), PQM_OK);
	for (size_t k = 0; k < r.n; k++)
		n_unread += r.all[k].node == NULL;
	assert_true(n_unread > 100);
	const struct pqm_rule *rule = pqm_rules_next(&r, "plan/", &i);

	assert_non_null(rule);
	assert_non_null(rule->node);
	rule = pqm_rules_get(&r, PQM_LIT("key.ssh-host"));
	assert_non_null(rule);
	assert_non_null(rule->node);
	assert_null(pqm_rules_get(&r, PQM_LIT("no.such-rule")));
	assert_null(pqm_rules_next(&r, "nothing/", &(size_t){ 0 }));
	pqm_rules_fini(&r);
}

static void *read_all(void *arg)
{
	const struct pqm_rules *r = arg;
	const struct pqm_libs *libs = NULL;
	struct pqm_err err = { 0 };
	size_t sum = 0;

	for (size_t i = 0; i < r->n; i++) {
		const struct pqm_rule *rule = pqm_rules_get(r, r->all[i].id);

		sum += rule->node->n;
	}
	if (pqm_rules_libs(&libs, r, &err) != PQM_OK || libs == NULL)
		return NULL;
	return sum > 0 ? arg : NULL;
}

static void threads_may_ask_at_once(void **state)
{
	struct pqm_err err = { 0 };
	struct pqm_rules r;
	pthread_t t[4];

	(void)state;
	assert_int_equal(pqm_rules_load(&r, NULL, &err), PQM_OK);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&t[i], NULL, read_all, &r), 0);
	for (size_t i = 0; i < 4; i++) {
		void *ok;

		assert_int_equal(pthread_join(t[i], &ok), 0);
		assert_non_null(ok);
	}
	pqm_rules_fini(&r);
}

static enum pqm_st load_once(struct pqm_err *err)
{
	struct pqm_rules r;
	const struct pqm_libs *libs;
	enum pqm_st st = pqm_rules_load(&r, NULL, err);

	if (st != PQM_OK)
		return st;
	st = pqm_rules_libs(&libs, &r, err);
	pqm_rules_fini(&r);
	return st;
}

static void lack_of_memory_is_said_and_nothing_leaks(void **state)
{
	(void)state;
	unit_out_of_memory(5000, load_once);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(trees_of_the_table_are_those_of_libyaml),
		cmocka_unit_test(a_folder_gives_the_same_rules_and_version),
		cmocka_unit_test(a_rule_that_is_given_has_its_node),
		cmocka_unit_test(threads_may_ask_at_once),
		cmocka_unit_test(lack_of_memory_is_said_and_nothing_leaks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
