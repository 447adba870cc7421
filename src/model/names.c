/* names.c — the words of the model's enums, and its empty values. */
#include "plan.h"

#include "base/limits.h"

const char *pqm_node_type_name(enum pqm_node_type v)
{
	static const char *const names[] = { "asset", "workload", "image", "service", "edge",
		"certificate", "secret", "config", "store", "external", "other" };

	return names[v];
}

const char *pqm_verdict_name(enum pqm_verdict v)
{
	static const char *const names[] = { "plaintext", "classical", "hybrid-capable",
		"hybrid-enforced", "unknown" };

	return names[v];
}

const char *pqm_confidence_name(enum pqm_confidence v)
{
	static const char *const names[] = { "low", "medium", "high", "certain" };

	return names[v];
}

const char *pqm_from_name(enum pqm_from v)
{
	static const char *const names[] = { "default", "graph", "probe", "declaration", "plan" };

	return names[v];
}

const char *pqm_scenario_name(enum pqm_scenario v)
{
	static const char *const names[] = { "slow", "central", "fast", "stress" };

	return names[v];
}

const char *pqm_decision_name(enum pqm_decision v)
{
	static const char *const names[] = { "Track", "Plan", "Attend", "Act" };

	return names[v];
}

const char *pqm_window_name(enum pqm_window v)
{
	static const char *const names[] = { "0-6 months", "6-18 months", "18+ months" };

	return names[v];
}

void pqm_graph_init(struct pqm_graph *g)
{
	*g = (struct pqm_graph){ 0 };
	pqm_arena_init(&g->arena, PQM_RUN_ARENA_BYTES);
}

void pqm_graph_fini(struct pqm_graph *g)
{
	pqm_arena_fini(&g->arena);
	*g = (struct pqm_graph){ 0 };
}

void pqm_assessment_init(struct pqm_assessment *a)
{
	*a = (struct pqm_assessment){ 0 };
	pqm_arena_init(&a->arena, PQM_RUN_ARENA_BYTES);
}

void pqm_assessment_fini(struct pqm_assessment *a)
{
	pqm_arena_fini(&a->arena);
	*a = (struct pqm_assessment){ 0 };
}

void pqm_plan_init(struct pqm_plan *p)
{
	*p = (struct pqm_plan){ 0 };
	pqm_arena_init(&p->arena, PQM_RUN_ARENA_BYTES);
}

void pqm_plan_fini(struct pqm_plan *p)
{
	pqm_arena_fini(&p->arena);
	*p = (struct pqm_plan){ 0 };
}

const char *pqm_ai_level(double confidence)
{
	static const struct {
		double from;
		const char *word;
	} levels[] = { { 0.97, "certain" }, { 0.85, "high" }, { 0.6, "medium" }, { 0.35, "low" } };

	/* Sums of weights such as 0.85 are a rounding away from the limit that they stand for. */
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		if (confidence >= levels[i].from - 1e-9)
			return levels[i].word;
	return "none";
}
