#include "image_options.h"

enum pqm_st pqm_image_options(struct pqm_image_options *o, const struct pqm_args *a,
	struct pqm_arena *arena, struct pqm_err *err)
{
	const char **list = pqm_new(arena, const char *, a->n_given + 1);
	const char *platform = pqm_arg(a, "platform");

	*o = (struct pqm_image_options){ 0 };
	if (list == NULL)
		return pqm_fail(err, PQM_ENOMEM, "out of memory for the options");
	if (platform != NULL && !pqm_platform_parse(&o->platform, pqm_str(platform)))
		return pqm_fail(err, PQM_EUSAGE,
			"--platform %s: give OS/ARCH or OS/ARCH/VARIANT, as linux/arm64", platform);
	o->has_platform = platform != NULL;
	for (size_t i = 0; i < a->n_given; i++)
		if (strcmp(a->given[i].opt->name, "insecure-registry") == 0)
			list[o->n_insecure++] = a->given[i].value;
	o->insecure = list;
	return PQM_OK;
}
