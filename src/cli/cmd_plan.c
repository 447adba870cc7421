#include "base/num.h"
#include "cli/pipeline.h"
#include "cli/plan_text.h"
#include "report/json_parts.h"

static void write_json(struct pqm_out *o, struct pqm_pipeline *p)
{
	char day[16];

	pqm_js_open(o, NULL, '{');
	pqm_js_cstr(o, "schema", "pqmap.plan");
	pqm_js_u64(o, "schema_version", 1);
	pqm_date_format(day, p->inv.now_days);
	pqm_js_cstr(o, "assessed", day);
	pqm_js_str(o, "curve", p->assessment.curve_id);
	pqm_js_cstr(o, "rules_version", p->rules.version);
	pqm_js_str(o, "currency", p->assessment.currency);
	pqm_json_plan(o, &p->assessment, &p->plan);
	pqm_js_close(o, '}');
}

static enum pqm_st write_plan(
	struct pqm_app *app, const struct pqm_args *a, struct pqm_pipeline *p, struct pqm_err *err)
{
	const char *spec = pqm_arg(a, "output");
	struct pqm_out o;
	enum pqm_st st;

	if (spec == NULL) {
		pqm_plan_text(app->out, &p->plan, &p->assessment);
		return PQM_OK;
	}
	if (strcmp(spec, "json") == 0 || strcmp(spec, "json=-") == 0) {
		write_json(app->out, p);
		return PQM_OK;
	}
	if (strncmp(spec, "json=", 5) != 0)
		return pqm_fail(err, PQM_EUSAGE,
			"-o %s: `pqmap plan` prints text or writes json[=FILE]; `pqmap report` "
			"writes the rest",
			spec);
	st = pqm_out_file(&o, spec + 5, err);
	if (st != PQM_OK)
		return st;
	write_json(&o, p);
	return pqm_out_close(&o, err);
}

static enum pqm_st run(struct pqm_app *app, const struct pqm_args *a, struct pqm_err *err)
{
	struct pqm_pipeline p;
	enum pqm_st st = pqm_pipeline_load(&p, a, "plan", err);

	if (st == PQM_OK)
		st = write_plan(app, a, &p, err);
	pqm_pipeline_fini(&p);
	return st;
}

const struct pqm_command pqm_cmd_plan = {
	.name = "plan",
	.args = "INVENTORY.json…",
	.summary = "Print the phased migration plan of a saved inventory",
	.help = "Tasks in the order that loses least: the highest cost of delay per day of effort "
		"first,\nprerequisites counted, due dates kept. The window (0-6, 6-18, 18+ months) "
		"follows\nfrom the finish at the high end of the efforts; the phase is the kind of "
		"work.",
	.opts =
		(const struct pqm_opt[]){
			{ 'o', "output", "json[=FILE]", "machine-readable; text without it" },
			{ 0, "now", "DATE",
				"assess as of YYYY-MM-DD (default: the date of the inventory)" },
			{ 0, "regime", "NAME",
				"deadlines that apply to you, repeatable: `pqmap rules list "
				"deadline`" },
			{ 0, "curve", "ID|FILE",
				"arrival curve, or a house view in a file (default: the "
				"inventory's; `pqmap help risk` has the format)" },
			{ 0, "capacity", "N", "person-days a month (default: 20)" },
			{ 0, "start", "DATE", "first day of the plan (default: --now)" },
			{ 0, "what-if", "TASKS",
				"what these tasks alone would change: numbers of the "
				"plan, ids or types" },
			{ 0, "config", "FILE", "regimes, curve, capacity, start" },
			{ 0, "bench", "FILE",
				"CPU costs from this run of `pqmap bench` (default: a reference "
				"profile)" },
			{ 0, NULL, NULL, NULL },
		},
	.run = run,
};
