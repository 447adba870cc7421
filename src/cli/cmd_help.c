#include "cli/man_page.h"
#include "cli/options.h"

static enum pqm_st run(struct pqm_app *app, const struct pqm_args *a, struct pqm_err *err)
{
	if (pqm_arg_has(a, "man")) {
		pqm_man_page(app->out);
		return PQM_OK;
	}
	if (a->n_positional == 0) {
		pqm_help_all(app->out);
		return PQM_OK;
	}
	const struct pqm_command *cmd = pqm_command_find(a->positional[0]);

	if (cmd == NULL)
		return pqm_fail(err, PQM_EUSAGE, "'%s' is not a command; see `pqmap help`",
			a->positional[0]);
	pqm_help_command(app->out, cmd);
	return PQM_OK;
}

const struct pqm_command pqm_cmd_help = {
	.name = "help",
	.args = "[COMMAND]",
	.summary = "Print the commands, or the options of one",
	.opts =
		(const struct pqm_opt[]){
			{ 0, "man", NULL, "print all of it as a manual page, pqmap(1)" },
			{ 0, NULL, NULL, NULL },
		},
	.run = run,
};
