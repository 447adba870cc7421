#include "base/hash.h"
#include "cli/command.h"
#include "gen/libraries.h"

struct library {
	const char *name, *version;
};

static void write_json(
	struct pqm_out *o, const struct pqm_rules *r, const struct library *l, size_t n)
{
	pqm_js_open(o, NULL, '{');
	pqm_js_cstr(o, "version", PQM_VERSION);
	pqm_js_cstr(o, "rules_version", r->version);
	pqm_js_cstr(o, "rules_name", r->name);
	pqm_js_u64(o, "rules", r->n);
	pqm_js_u64(o, "algorithm_families", r->n_algs);
	pqm_js_open(o, "built_with", '{');
	for (size_t i = 0; i < n; i++)
		pqm_js_cstr(o, l[i].name, l[i].version);
	pqm_js_close(o, '}');
	pqm_js_cstr(o, "running", pqm_hash_library());
	pqm_js_close(o, '}');
}

static enum pqm_st run(struct pqm_app *app, const struct pqm_args *a, struct pqm_err *err)
{
	static const struct library library[] = { PQM_LIBRARIES };
	const size_t n = sizeof(library) / sizeof(library[0]);
	struct pqm_rules r;
	enum pqm_st st = pqm_app_rules(&r, a, err);

	if (st != PQM_OK)
		return st;
	if (pqm_arg_has(a, "json")) {
		write_json(app->out, &r, library, n);
		pqm_rules_fini(&r);
		return PQM_OK;
	}
	pqm_out_f(app->out, "pqmap %s\nrules %.16s of %s (%zu rules, %zu algorithm families)\n",
		PQM_VERSION, r.version, r.name, r.n, r.n_algs);
	for (size_t i = 0; i < n; i++)
		pqm_out_f(app->out, "%s %s (built with)\n", library[i].name, library[i].version);
	pqm_out_f(app->out, "%s (running)\n", pqm_hash_library());
	pqm_rules_fini(&r);
	return PQM_OK;
}

const struct pqm_command pqm_cmd_version = {
	.name = "version",
	.args = "",
	.summary = "Print the versions of the program, its rules and its libraries",
	.opts =
		(const struct pqm_opt[]){
			{ 0, "json", NULL, "the same, for programs" },
			{ 0, NULL, NULL, NULL },
		},
	.run = run,
};
