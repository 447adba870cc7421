#include "cli/pipeline.h"

static enum pqm_st run(struct pqm_app *app, const struct pqm_args *a, struct pqm_err *err)
{
	struct pqm_pipeline p;
	enum pqm_st st = pqm_pipeline_load(&p, a, "report", err);

	app->started_ns = 0;
	if (st == PQM_OK)
		st = pqm_pipeline_write(&p, app, a, err);
	pqm_pipeline_fini(&p);
	return st;
}

const struct pqm_command pqm_cmd_report = {
	.name = "report",
	.args = "INVENTORY.json…",
	.summary = "Merge saved inventories, assess them again, write any format",
	.help = "The settings of the scan (date, regimes, curve) hold unless given anew.",
	.opts =
		(const struct pqm_opt[]){
			{ 0, "what-if", "TASKS",
				"what these tasks alone would change: numbers of the "
				"plan, ids or types (json)" },
			{ 0, NULL, NULL, NULL },
		},
	.takes_scan_opts = true,
	.run = run,
};
