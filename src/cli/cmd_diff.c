#include "base/limits.h"
#include "base/num.h"
#include "cli/command.h"
#include "report/diff.h"

#define ROWS_DEFAULT 50

enum form { TABLE, JSON, MARKDOWN };

struct diff {
	struct pqm_rules rules;
	struct pqm_risk_params params;
	struct pqm_diff_side old, new;
	struct pqm_diff d;
	uint64_t max;
};

static enum pqm_st form_of(
	const char *spec, enum form *form, const char **file, struct pqm_err *err)
{
	static const char *const names[] = { "table", "json", "markdown" };
	const char *eq = strchr(spec, '=');
	pqm_bytes name = { (const uint8_t *)spec, eq != NULL ? (size_t)(eq - spec) : strlen(spec) };

	*file = eq != NULL && strcmp(eq + 1, "-") != 0 ? eq + 1 : NULL;
	if (*file != NULL && **file == '\0')
		return pqm_fail(err, PQM_EUSAGE, "-o %s: the file name is missing", spec);
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (pqm_eqs(name, names[i])) {
			*form = (enum form)i;
			return PQM_OK;
		}
	return pqm_fail(err, PQM_EUSAGE,
		"-o %s: unknown format; choose from table, json, markdown, as in -o json=diff.json",
		spec);
}

static void print(const struct diff *x, enum form form, struct pqm_out *o, bool color)
{
	switch (form) {
	case TABLE:
		pqm_diff_table(o, &x->d, (size_t)x->max, color);
		return;
	case JSON:
		pqm_diff_json(o, &x->d);
		return;
	case MARKDOWN:
		pqm_diff_markdown(o, &x->d, (size_t)x->max);
		return;
	}
}

/* Every -o; the table where none goes to standard output. */
static enum pqm_st write_all(
	const struct diff *x, struct pqm_app *app, const struct pqm_args *a, struct pqm_err *err)
{
	bool is_taken = app->quiet;
	enum pqm_st st = PQM_OK;

	for (size_t i = 0; i < a->n_given && st == PQM_OK; i++) {
		enum form form = TABLE;
		const char *file = NULL;
		struct pqm_out o;

		if (strcmp(a->given[i].opt->name, "output") != 0)
			continue;
		st = form_of(a->given[i].value, &form, &file, err);
		if (st != PQM_OK)
			return st;
		if (file == NULL) {
			is_taken = true;
			print(x, form, app->out, app->color);
			continue;
		}
		st = pqm_out_file(&o, file, err);
		if (st != PQM_OK)
			return st;
		print(x, form, &o, false);
		st = pqm_out_close(&o, err);
	}
	if (st == PQM_OK && !is_taken)
		print(x, TABLE, app->out, app->color);
	return st;
}

/* What is wrong on the command line, before anything is read. */
static enum pqm_st check(struct diff *x, const struct pqm_args *a, struct pqm_err *err)
{
	const char *rows = pqm_arg(a, "rows");
	size_t n_stdout = 0;

	if (a->n_positional != 2)
		return pqm_fail(err, PQM_EUSAGE,
			"give two reports: `pqmap diff OLD.json NEW.json`, each of `pqmap scan … "
			"-o "
			"json=FILE`");
	if (strcmp(a->positional[0], "-") == 0 && strcmp(a->positional[1], "-") == 0)
		return pqm_fail(err, PQM_EUSAGE, "only one of two reports is on standard input");
	x->max = ROWS_DEFAULT;
	if (rows != NULL && !pqm_u64_parse(pqm_str(rows), UINT32_MAX, &x->max))
		return pqm_fail(err, PQM_EUSAGE, "--rows %s: give a number", rows);
	for (size_t i = 0; i < a->n_given; i++) {
		enum form form;
		const char *file;

		if (strcmp(a->given[i].opt->name, "output") != 0)
			continue;
		enum pqm_st st = form_of(a->given[i].value, &form, &file, err);

		if (st != PQM_OK)
			return st;
		n_stdout += file == NULL;
	}
	return n_stdout > 1
		? pqm_fail(err, PQM_EUSAGE,
			  "two formats for standard output; give one of them a file: -o "
			  "FORMAT=FILE")
		: PQM_OK;
}

static enum pqm_st compare(struct diff *x, const struct pqm_args *a, struct pqm_err *err)
{
	struct pqm_err unused = { 0 };
	enum pqm_st st = pqm_diff_load(&x->old, a->positional[0], &x->rules, err);
	bool has_params;

	if (st == PQM_OK)
		st = pqm_diff_load(&x->new, a->positional[1], &x->rules, err);
	if (st != PQM_OK)
		return st;
	/* A curve that these rules do not have leaves the reasons without numbers. */
	has_params = pqm_risk_params_load(&x->params, &x->rules, x->new.curve, &unused) == PQM_OK;
	return pqm_diff_build(&x->d, &x->old, &x->new, has_params ? &x->params : NULL, err);
}

static enum pqm_st run(struct pqm_app *app, const struct pqm_args *a, struct pqm_err *err)
{
	struct diff x = { 0 };
	enum pqm_st st = check(&x, a, err);

	if (st != PQM_OK)
		return st;
	st = pqm_app_rules(&x.rules, a, err);
	if (st == PQM_OK)
		st = compare(&x, a, err);
	if (st == PQM_OK)
		st = write_all(&x, app, a, err);
	if (st == PQM_OK && pqm_arg_has(a, "exit-code"))
		app->exit_code = x.d.is_same ? 0 : 1;
	pqm_diff_fini(&x.d);
	pqm_diff_side_fini(&x.new);
	pqm_diff_side_fini(&x.old);
	pqm_rules_fini(&x.rules);
	return st;
}

const struct pqm_command pqm_cmd_diff = {
	.name = "diff",
	.args = "OLD.json NEW.json",
	.summary = "Compare two saved reports: appeared, fixed, changed, and what moved the risk",
	.help = "Findings are matched by id, so moved files and lines are no difference. What was "
		"not\nread the second time is said to be so, and never counts as fixed. Where a "
		"score "
		"moved,\nthe keys of its vector that differ are named, each with what it does by "
		"itself.\nWith other rules or another program a thing that came or went may be "
		"theirs; it is\nmarked so. Exit code 0, whatever was found; with --exit-code 1 "
		"when "
		"anything differs.",
	.opts =
		(const struct pqm_opt[]){
			{ 'o', "output", "FORMAT[=FILE]",
				"table, json or markdown; repeatable; without FILE to standard "
				"output" },
			{ 0, "rows", "N", "rows of each list in table and markdown (default: 50)" },
			{ 0, "exit-code", NULL, "exit 1 when anything differs" },
			{ 0, NULL, NULL, NULL },
		},
	.run = run,
};
