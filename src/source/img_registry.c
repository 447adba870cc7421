#include "img.h"

enum pqm_st pqm_image_registry(
	const char *target, const char *spec, struct pqm_sink *s, struct pqm_err *err)
{
	(void)spec;
	(void)s;
	return pqm_fail(err, PQM_EUSAGE, "%s: registries are not read yet", target);
}
