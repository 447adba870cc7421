/*
 * options.h — command lines: parsing by option tables, and printing the tables as help.
 *
 * Ownership: parsed arguments borrow argv; `positional` is heap, freed by pqm_args_fini.
 * Errors:    PQM_EUSAGE in one line that ends with what to run next.
 */
#ifndef PQM_CLI_OPTIONS_H
#define PQM_CLI_OPTIONS_H

#include "cli/command.h"

/* Options that every scanning command takes [DESIGN.md §2]. Ends with a NULL name. */
extern const struct pqm_opt pqm_scan_opts[];
/* Options of every command. */
extern const struct pqm_opt pqm_common_opts[];

enum pqm_st pqm_args_parse(struct pqm_args *out, const struct pqm_command *cmd, int argc,
	const char *const *argv, struct pqm_err *err) PQM_MUST_USE;
void pqm_args_fini(struct pqm_args *a);
const struct pqm_command *pqm_command_find(const char *name); /* NULL: unknown */
/* The command whose name is nearest, for "did you mean". NULL when none is near. */
const char *pqm_command_near(const char *name);
void pqm_help_command(struct pqm_out *o, const struct pqm_command *cmd);
void pqm_help_all(struct pqm_out *o);

#endif
