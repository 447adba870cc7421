#include "base/num.h"
#include "base/sys.h"
#include "cli/pipeline.h"

static const char *origin(const struct pqm_args *a, const char *opt, bool in_file)
{
	if (pqm_arg_has(a, opt))
		return "command line";
	return in_file ? "config file" : "default";
}

static enum pqm_st run(struct pqm_app *app, const struct pqm_args *a, struct pqm_err *err)
{
	struct pqm_pipeline p;
	char date[16];
	enum pqm_st st = pqm_pipeline_init(&p, a, err);

	if (st == PQM_OK)
		st = pqm_pipeline_settings(&p, a, false, err);
	if (st == PQM_OK) {
		const char *rules = pqm_arg(a, "rules"), *jobs = pqm_arg(a, "jobs");

		pqm_date_format(date, p.inv.now_days);
		pqm_out_f(app->out, "%-10s %-34s %s\n", "now", date, origin(a, "now", false));
		pqm_out_f(app->out, "%-10s %-34.*s %s\n", "curve",
			PQM_FMT(p.inv.curve.n > 0 ? p.inv.curve : PQM_LIT("the recommended one")),
			origin(a, "curve", p.inv.curve.n > 0));
		for (size_t i = 0; i < p.inv.n_regimes; i++)
			pqm_out_f(app->out, "%-10s %-34.*s %s\n", "regime",
				PQM_FMT(p.inv.regimes[i]), origin(a, "regime", true));
		if (p.inv.n_regimes == 0)
			pqm_out_f(app->out, "%-10s %-34s %s\n", "regime", "none", "default");
		pqm_out_f(app->out, "%-10s %-34g %s\n", "capacity",
			p.inv.capacity > 0 ? p.inv.capacity : PQM_DEFAULT_CAPACITY,
			origin(a, "capacity", p.inv.capacity > 0));
		pqm_date_format(
			date, p.inv.plan_start_days == 0 ? p.inv.now_days : p.inv.plan_start_days);
		pqm_out_f(app->out, "%-10s %-34s %s\n", "start", date,
			origin(a, "start", p.inv.plan_start_days != 0));
		pqm_out_f(app->out, "%-10s %-34s %s\n", "rules", rules != NULL ? rules : "built in",
			origin(a, "rules", false));
		if (jobs != NULL)
			pqm_out_f(app->out, "%-10s %-34s %s\n", "jobs", jobs, "command line");
		else
			pqm_out_f(app->out, "%-10s %-34u %s\n", "jobs", pqm_sys_cpus(),
				"cores this process may use");
	}
	pqm_pipeline_fini(&p);
	return st;
}

const struct pqm_command pqm_cmd_config = {
	.name = "config",
	.args = "",
	.summary = "Print the settings that a scan would use, and where each comes from",
	.takes_scan_opts = true,
	.run = run,
};
