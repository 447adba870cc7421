/* risk_params.h — the published parameters (guidance/crqc.json), by hand, for the risk tests. */
#ifndef PQM_TESTS_RISK_PARAMS_H
#define PQM_TESTS_RISK_PARAMS_H

#include "assess/risk.h"

static inline struct pqm_risk_params risk_params(void)
{
	static const struct {
		const char *code;
		enum pqm_fall fall;
		double slow, central, fast;
	} classes[] = {
		{ "E256", PQM_FALL_SHIFTED, 0, -1, -2 },
		{ "E384", PQM_FALL_SHIFTED, .5, 0, -1 },
		{ "E521", PQM_FALL_SHIFTED, 1, 0, -.5 },
		{ "R2048", PQM_FALL_SHIFTED, 0, 0, 0 },
		{ "R3072", PQM_FALL_SHIFTED, 1, .5, 0 },
		{ "R4096", PQM_FALL_SHIFTED, 2, 1, 0 },
		{ "UNK", PQM_FALL_SHIFTED, 0, -1, -2 },
		{ "SYM", PQM_FALL_NEVER, 0, 0, 0 },
		{ "PQ", PQM_FALL_NEVER, 0, 0, 0 },
		{ "HYB", PQM_FALL_NEVER, 0, 0, 0 },
		{ "WEAK", PQM_FALL_TODAY, 0, 0, 0 },
		{ "NONE", PQM_FALL_TODAY, 0, 0, 0 },
	};

	static const struct {
		char code;
		double slow, central, fast;
	} open[] = { { 'X', 1, 1, 1 }, { 'I', .5, .8, 1 }, { 'P', .3, .5, .9 }, { 'C', .1, .3, .6 },
		{ 'O', .05, .2, .5 }, { 'L', .02, .1, .3 }, { 'D', .02, .05, .2 },
		{ 'H', 0, .01, .05 } },
	  covered[] = { { 'N', 0, 0, 0 }, { 'F', .9, .5, 0 }, { 'E', 1, 1, 1 } };
	struct pqm_risk_params p = {
		.curve = { .id = PQM_LIT("gri2025"), .base_year = 2025.5 },
		.at = { .id = PQM_LIT("gri2025"),
			.n = 6,
			.year = { 2025.5, 2030.5, 2035.5, 2040.5, 2045.5, 2055.5 },
			.f = { { 0, .05, .28, .51, .69, .81 }, { 0, .1, .385, .605, .775, .87 },
				{ 0, .15, .49, .7, .86, .93 } } },
		.n_other = 1,
		.other = { { .id = PQM_LIT("gri2024"),
			.n = 6,
			.year = { 2024.5, 2029.5, 2034.5, 2039.5, 2044.5, 2054.5 },
			.f = { { 0, .05, .19, .39, .6, .77 }, { 0, .095, .265, .505, .71, .845 },
				{ 0, .14, .34, .62, .82, .92 } } } },
		.impact_low = { 1e4, 1e5, 1e6, 1e7, 1e8 },
		.impact_high = { 1e5, 1e6, 1e7, 1e8, 1e9 },
		.impact_mid = { 31600, 316000, 3160000, 31600000, 316000000 },
		.band_from = { 0, .05, .2, .5 },
		.table = { { PQM_TRACK, PQM_TRACK, PQM_TRACK, PQM_TRACK, PQM_TRACK },
			{ PQM_TRACK, PQM_TRACK, PQM_PLAN, PQM_ATTEND, PQM_ATTEND },
			{ PQM_PLAN, PQM_PLAN, PQM_ATTEND, PQM_ACT, PQM_ACT },
			{ PQM_PLAN, PQM_PLAN, PQM_ATTEND, PQM_ACT, PQM_ACT } },
		.broken_today = PQM_ACT,
		.volatile_levels = 2,
		.late_years = 0,
		.near_years = 1,
		.late = PQM_ATTEND,
		.near = PQM_PLAN,
		.life_years = 5,
		.protect_years = 3,
		.open_years = 10,
		.in_use_years = 2,
		.window_months = { 6, 18 },
		.capacity = 20,
	};

	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		struct pqm_risk_class *c = &p.classes[p.n_classes++];

		memcpy(c->code, classes[i].code, strlen(classes[i].code));
		c->fall = classes[i].fall;
		c->shift[PQM_SLOW] = classes[i].slow;
		c->shift[PQM_CENTRAL] = classes[i].central;
		c->shift[PQM_FAST] = c->shift[PQM_STRESS] = classes[i].fast;
	}
	for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++)
		p.harvest[p.n_harvest++] = p.reach[p.n_reach++] = (struct pqm_risk_letter){
			.code = open[i].code,
			.value = { open[i].slow, open[i].central, open[i].fast, open[i].fast }
		};
	for (size_t i = 0; i < sizeof(covered) / sizeof(covered[0]); i++)
		p.coverage[p.n_coverage++] = (struct pqm_risk_letter){ .code = covered[i].code,
			.value = { covered[i].slow, covered[i].central, covered[i].fast,
				covered[i].fast } };
	return p;
}

#endif
