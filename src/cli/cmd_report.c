#include "cli/pipeline.h"
#include "engine/scan.h"
#include "report/load.h"

static enum pqm_st run(struct pqm_app *app, const struct pqm_args *a, struct pqm_err *err)
{
	struct pqm_pipeline p;
	enum pqm_st st = pqm_pipeline_init(&p, a, err);

	if (st == PQM_OK && a->n_positional == 0)
		st = pqm_fail(err, PQM_EUSAGE,
			"name a saved inventory: `pqmap scan . -o json=a.json`, then `pqmap report "
			"a.json`");
	for (size_t i = 0; i < a->n_positional && st == PQM_OK; i++)
		st = pqm_inventory_load(&p.inv, a->positional[i], err);
	if (st == PQM_OK)
		st = pqm_inventory_seal(&p.inv, &p.rules, err);
	if (st == PQM_OK)
		st = pqm_pipeline_settings(&p, a, true, err);
	if (st == PQM_OK)
		st = pqm_pipeline_assess(&p, err);
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
	.takes_scan_opts = true,
	.run = run,
};
