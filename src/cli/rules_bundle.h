/*
 * rules_bundle.h — `pqmap rules export · import · reset`, and the rules that were imported.
 *
 * Shape:     what is imported is the bundle itself, in one file, $XDG_DATA_HOME/pqmap/rules.tar: it appears whole or
 *            not at all, and every command without --rules uses it.
 * Trust:     a bundle is taken when one of the keys that the user named signed it: --key, or the files *.pub in
 *            $XDG_CONFIG_HOME/pqmap/trusted. No key is taken from elsewhere, none is remembered. Then its version,
 *            its form, and its rules on their own samples are looked at.
 * Errors:    PQM_EUSAGE and PQM_EIO; what is refused is said at once and becomes exit code 1.
 * Threads:   the main thread.
 */
#ifndef PQM_CLI_RULES_BUNDLE_H
#define PQM_CLI_RULES_BUNDLE_H

#include "cli/command.h"
#include "rules/bundle.h"

/* NULL: there is no home. In the arena. */
const char *pqm_rules_imported_path(struct pqm_arena *arena);
/* The bundle in force. *bytes is empty: there is none. PQM_EUSAGE: it is damaged, or others can change it. */
enum pqm_st pqm_rules_imported(
	struct pqm_bundle *b, pqm_bytes *bytes, struct pqm_err *err) PQM_MUST_USE;
enum pqm_st pqm_rules_import(struct pqm_app *app, const struct pqm_args *a, const char *path,
	struct pqm_err *err) PQM_MUST_USE;
enum pqm_st pqm_rules_export(struct pqm_app *app, const struct pqm_args *a, const char *path,
	struct pqm_err *err) PQM_MUST_USE;
enum pqm_st pqm_rules_reset(struct pqm_app *app, struct pqm_err *err) PQM_MUST_USE;

#endif
