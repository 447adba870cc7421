/*
 * command.h — what a subcommand is, and what it gets.
 *
 * Shape:     a const descriptor pqm_cmd_<name> in cmd_<name>.c; the registry is generated. Help,
 *            completions and man pages are printed from the same option tables.
 * Ownership: the app outlives the command; arguments borrow argv.
 * Errors:    run() returns the first failure; main prints its words and maps it to an exit code.
 *            A command that wants 1, 3 or 4 sets app->exit_code and returns PQM_OK.
 * Threads:   the main thread.
 */
#ifndef PQM_CLI_COMMAND_H
#define PQM_CLI_COMMAND_H

#include "base/log.h"
#include "base/out.h"
#include "rules/rules.h"

struct pqm_opt {
	char letter;	  /* 0: none */
	const char *name; /* long name without dashes; NULL ends the table */
	const char *arg;  /* NULL: a switch */
	const char *help;
};

#define PQM_ARGS_MAX 256

struct pqm_args {
	struct {
		const struct pqm_opt *opt;
		const char *value; /* NULL for a switch */
		bool is_env;	   /* from PQMAP_NAME, not from the command line */
	} given[PQM_ARGS_MAX];

	size_t n_given;
	const char *const *positional;
	size_t n_positional;
};

/* The last value given for a long option, or NULL. */
const char *pqm_arg(const struct pqm_args *a, const char *name);
bool pqm_arg_has(const struct pqm_args *a, const char *name);

struct pqm_app {
	struct pqm_out *out; /* stdout */
	struct pqm_err *err;
	int exit_code; /* what main returns when the command succeeds */
	bool color;    /* stdout is a terminal and colour is wanted */
	bool quiet;
	uint64_t started_ns; /* 0: do not print times */
};

struct pqm_command {
	const char *name, *args, *summary;
	const char *
		help; /* more than the summary; paragraphs separated by a blank line; may be NULL */
	const struct pqm_opt
		*opts; /* own options; the common ones are added when takes_scan_opts */
	bool takes_scan_opts;
	enum pqm_st (*run)(struct pqm_app *app, const struct pqm_args *a, struct pqm_err *err);
};

/* NULL-terminated, sorted by name. */
extern const struct pqm_command *const pqm_commands[];

/* --rules of this word: not those that were imported. */
#define PQM_RULES_BUILT_IN "built-in"
/* Loads the rules named by --rules, or those that were imported, or the embedded ones. */
enum pqm_st pqm_app_rules(
	struct pqm_rules *r, const struct pqm_args *a, struct pqm_err *err) PQM_MUST_USE;
/* --now DATE, or today. */
enum pqm_st pqm_app_now(int64_t *days, const struct pqm_args *a, struct pqm_err *err) PQM_MUST_USE;

#endif
