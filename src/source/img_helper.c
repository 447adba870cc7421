/* img_helper.c — docker credential helpers: run by argument vector, asked on standard input. */
#include "base/limits.h"
#include "base/process.h"
#include "img_auth.h"

enum pqm_st pqm_docker_helper_run(struct pqm_docker_cred *cred, const volatile int *stop,
	struct pqm_arena *arena, struct pqm_err *err)
{
	const char *name = cred->helper;
	const char *const argv[] = { name, "get", NULL };
	const struct pqm_process run = { .argv = argv,
		.input = pqm_str(cred->server),
		.timeout_ms = PQM_DOCKER_HELPER_MS,
		.stop = stop };
	struct pqm_err why = { 0 };
	struct pqm_buf b;
	enum pqm_st st;
	int status;

	pqm_buf_init(&b, PQM_DOCKER_CONFIG_BYTES);
	st = pqm_process_run(&run, &b, &status, &why);
	if (st != PQM_OK)
		st = pqm_fail(err, PQM_EUSAGE, "credential helper %s: %s", name, why.msg);
	/* It has nothing for this registry: others may read there too. */
	else if (status != 0)
		*cred = (struct pqm_docker_cred){ 0 };
	else if ((st = pqm_docker_helper_parse(cred, pqm_buf_bytes(&b), arena, &why)) != PQM_OK)
		(void)pqm_fail(err, st, "credential helper %s: %s", name, why.msg);
	pqm_buf_wipe(&b);
	return st;
}
