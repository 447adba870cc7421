/* Container images: oci:DIR, oci-archive:FILE, docker-archive:FILE. A file of such a name is ./oci:x. */
#include "img.h"

struct scheme {
	const char *prefix;
	enum pqm_st (*walk)(
		const char *target, const char *spec, struct pqm_sink *s, struct pqm_err *err);
};

static const struct scheme schemes[] = {
	{ "oci:", pqm_image_layout },
	{ "oci-archive:", pqm_image_archive },
	{ "docker-archive:", pqm_image_archive },
	{ "registry:", pqm_image_registry },
};

static const struct scheme *scheme_of(const char *target)
{
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (strncmp(target, schemes[i].prefix, strlen(schemes[i].prefix)) == 0)
			return &schemes[i];
	return NULL;
}

bool pqm_image_is_target(const char *target)
{
	return scheme_of(target) != NULL;
}

static enum pqm_st walk(const char *target, struct pqm_sink *s, struct pqm_err *err)
{
	const struct scheme *c = scheme_of(target);

	if (s->images == NULL)
		return pqm_fail(err, PQM_EUSAGE, "%s: this command reads no images", target);
	return c->walk(target, target + strlen(c->prefix), s, err);
}

const struct pqm_source pqm_src_image = {
	.name = "image",
	.summary = "oci:DIR, oci-archive:FILE, docker-archive:FILE, registry:HOST/REPO[:TAG]: a "
		   "container image, layer by layer",
	.accepts = pqm_image_is_target,
	.walk = walk,
};
