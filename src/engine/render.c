/* render.c — the user's own helm or kustomize, run on a folder: only when --render asks for it. */
#include "base/limits.h"
#include "base/process.h"
#include "engine.h"

static enum pqm_st run(const char *const *argv, struct pqm_buf *b, int *status, struct pqm_err *err)
{
	const struct pqm_process s = { .argv = argv, .timeout_ms = PQM_RENDER_MS };
	struct pqm_err why = { 0 };
	enum pqm_st st = pqm_process_run(&s, b, status, &why);

	if (st != PQM_OK)
		return pqm_fail(err, st, "%s: %s", argv[0], why.msg);
	if (*status != 0)
		return pqm_fail(err, PQM_EPARSE,
			"%s: failed with status %d; run it by hand to see why", argv[0], *status);
	return PQM_OK;
}

enum pqm_st pqm_render(
	const char *what, const char *folder, struct pqm_buf *out, struct pqm_err *err)
{
	const char *const helm[] = { "helm", "template", "pqmap", folder, NULL };
	const char *const kustomize[] = { "kustomize", "build", folder, NULL };
	const char *const kubectl[] = { "kubectl", "kustomize", folder, NULL };
	struct pqm_err first = { 0 };
	enum pqm_st st;
	int status;

	if (strcmp(what, "helm") == 0)
		return run(helm, out, &status, err);
	st = run(kustomize, out, &status, &first);
	if (status == PQM_PROCESS_NOT_STARTED) /* not installed; kubectl has one built in */
		return run(kubectl, out, &status, err);
	*err = first;
	return st;
}
