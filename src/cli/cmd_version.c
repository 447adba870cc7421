#include "base/hash.h"
#include "cli/command.h"
#include "gen/libraries.h"

static enum pqm_st run(struct pqm_app *app, const struct pqm_args *a, struct pqm_err *err)
{
	static const struct {
		const char *name, *version;
	} library[] = { PQM_LIBRARIES };
	struct pqm_rules r;
	enum pqm_st st = pqm_app_rules(&r, a, err);

	if (st != PQM_OK)
		return st;
	pqm_out_f(app->out, "pqmap %s\nrules %.16s (%zu rules, %zu algorithm families)\n",
		PQM_VERSION, r.version, r.n, r.n_algs);
	for (size_t i = 0; i < sizeof(library) / sizeof(library[0]); i++)
		pqm_out_f(app->out, "%s %s (built with)\n", library[i].name, library[i].version);
	pqm_out_f(app->out, "%s (running)\n", pqm_hash_library());
	pqm_rules_fini(&r);
	return PQM_OK;
}

const struct pqm_command pqm_cmd_version = {
	.name = "version",
	.args = "",
	.summary = "Print the versions of the program, its rules and its libraries",
	.run = run,
};
