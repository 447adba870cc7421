#include "git_options.h"

enum pqm_st pqm_git_options(
	struct pqm_git_options *o, const struct pqm_args *a, struct pqm_err *err)
{
	const char *ignore = pqm_arg(a, "gitignore");

	*o = (struct pqm_git_options){
		.is_staged = pqm_arg_has(a, "staged"),
		.is_history = pqm_arg_has(a, "history"),
		.with_authors = pqm_arg_has(a, "authors"),
	};
	if (o->is_staged && o->is_history)
		return pqm_fail(err, PQM_EUSAGE,
			"--staged and --history: the index has no history; give one of them");
	if (ignore != NULL && strcmp(ignore, "yes") != 0 && strcmp(ignore, "no") != 0)
		return pqm_fail(err, PQM_EUSAGE, "--gitignore %s: give yes or no", ignore);
	o->skip_ignored = ignore != NULL && strcmp(ignore, "yes") == 0;
	return PQM_OK;
}
