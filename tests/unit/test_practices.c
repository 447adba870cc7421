/* test_practices.c — the example cluster and two clusters side by side: verdicts, places, contrasts. */
#include "unit.h"

#include "assess/practices.h"
#include "cluster.h"

static struct pqm_graph graph;

static void build(struct pqm_practices *p)
{
	struct pqm_err err = { 0 };

	pqm_practices_init(p);
	if (pqm_practices_build(p, &rules, &inv, &graph, &err) != PQM_OK)
		fail_msg("%s", err.msg);
}

static void counts_places_and_verdicts_agree(void **state)
{
	struct pqm_practices p;

	(void)state;
	build(&p);
	assert_true(p.n >= 11);
	for (size_t i = 0; i < p.n; i++) {
		const struct pqm_practice *q = &p.items[i];
		size_t n[PQM_N_PRACTICE_VERDICTS] = { 0 };

		for (size_t k = 0; k < q->n_places; k++) {
			n[q->places[k].verdict]++;
			assert_true(k == 0 || q->places[k - 1].verdict <= q->places[k].verdict);
			assert_true(q->places[k].what.n > 0);
		}
		assert_memory_equal(n, q->n, sizeof(n));
		if (q->n[PQM_PRACTICE_NO] + q->n[PQM_PRACTICE_PARTLY] + q->n[PQM_PRACTICE_YES] == 0)
			assert_int_equal(q->verdict, PQM_PRACTICE_NOT_SHOWN);
		if (q->verdict == PQM_PRACTICE_YES)
			assert_int_equal(q->n[PQM_PRACTICE_YES], q->n_places);
		if (q->verdict == PQM_PRACTICE_NO)
			assert_true(q->n[PQM_PRACTICE_NO] > 0 && q->n[PQM_PRACTICE_YES] == 0);
	}
	pqm_practices_fini(&p);
}

static void one_target_has_nothing_to_be_compared_with(void **state)
{
	struct pqm_practices p;
	uint32_t kept[1000];

	(void)state;
	assert_true(inv.n_objects < sizeof(kept) / sizeof(kept[0]));
	for (size_t i = 0; i < inv.n_objects; i++) {
		kept[i] = inv.objects[i].target;
		inv.objects[i].target = 0;
	}
	build(&p);
	assert_int_equal(p.n_contrasts, 0);
	pqm_practices_fini(&p);
	for (size_t i = 0; i < inv.n_objects; i++)
		inv.objects[i].target = kept[i];
}

static enum pqm_st build_once(struct pqm_err *err)
{
	struct pqm_practices p;
	enum pqm_st st;

	pqm_practices_init(&p);
	st = pqm_practices_build(&p, &rules, &inv, &graph, err);
	pqm_practices_fini(&p);
	return st;
}

static void running_out_of_memory_is_an_error_not_a_crash(void **state)
{
	(void)state;
	unit_out_of_memory(400, build_once);
}

static int setup(void **state)
{
	static const char *const targets[] = { "fixtures/cluster", "fixtures/article" };

	(void)state;
	cluster_scan(targets, 2);
	graph = cluster_graph(&inv);
	return 0;
}

static int teardown(void **state)
{
	pqm_graph_fini(&graph);
	return cluster_teardown(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_places_and_verdicts_agree),
		cmocka_unit_test(one_target_has_nothing_to_be_compared_with),
		cmocka_unit_test(running_out_of_memory_is_an_error_not_a_crash),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
