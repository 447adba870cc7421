/* Container images: oci:DIR, oci-archive:FILE, docker-archive:FILE, and paths that are one. A file of such a name is
 * ./oci:x. */
#include "base/log.h"
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

bool pqm_image_reads(const char *target)
{
	return scheme_of(target) != NULL || pqm_image_guess(target) != NULL;
}

/* What cannot be read as an image (several platforms, none for this machine, a broken index) has files all the same. */
static enum pqm_st walk_path(const char *target, struct pqm_sink *s, struct pqm_err *err)
{
	const char *prefix = s->images == NULL ? NULL : pqm_image_guess(target);
	const struct scheme *c = prefix == NULL ? NULL : scheme_of(prefix);
	enum pqm_st st;

	if (c == NULL)
		return pqm_src_path.walk(target, s, err);
	st = c->walk(target, target, s, err);
	if (st != PQM_EUSAGE && st != PQM_EPARSE)
		return st;
	pqm_log(PQM_WARN, "image", "%s; read as files (as an image: %s%s)", err->msg, prefix,
		target);
	*err = (struct pqm_err){ 0 };
	return pqm_src_path.walk(target, s, err);
}

static enum pqm_st walk(const char *target, struct pqm_sink *s, struct pqm_err *err)
{
	const struct scheme *c = scheme_of(target);

	if (c == NULL)
		return walk_path(target, s, err);
	if (s->images == NULL)
		return pqm_fail(err, PQM_EUSAGE, "%s: this command reads no images", target);
	return c->walk(target, target + strlen(c->prefix), s, err);
}

const struct pqm_source pqm_src_image = {
	.name = "image",
	.summary = "oci:DIR, oci-archive:FILE, docker-archive:FILE, registry:HOST/REPO[:TAG]: a "
		   "container image, layer by layer",
	.accepts = pqm_image_reads,
	.walk = walk,
};
