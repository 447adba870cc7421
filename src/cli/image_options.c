#include "image_options.h"

/* "docker.io=mirror.example:5000/hub" */
static bool is_mirror(pqm_bytes text)
{
	size_t eq = pqm_find_byte(text, 0, '=');
	pqm_bytes to = eq == SIZE_MAX ? (pqm_bytes){ NULL, 0 } : pqm_sub(text, eq + 1, text.n);

	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] <= ' ' || text.p[i] >= 0x7f || text.p[i] == '@')
			return false;
	return eq > 0 && to.n > 0 && to.p[0] != '/' && to.p[to.n - 1] != '/' &&
		pqm_find(to, 0, PQM_LIT("//")) == SIZE_MAX && pqm_find_byte(to, 0, '=') == SIZE_MAX;
}

static enum pqm_st read_mirrors(struct pqm_image_options *o, const struct pqm_args *a,
	const struct pqm_yaml *mirrors, struct pqm_arena *arena, struct pqm_err *err)
{
	size_t n_file = mirrors != NULL ? mirrors->n : 0;
	const char **list = pqm_new(arena, const char *, a->n_given + n_file + 1);

	if (list == NULL)
		return pqm_fail(err, PQM_ENOMEM, "out of memory for the options");
	for (size_t i = 0; i < a->n_given; i++) {
		const char *value = a->given[i].value;

		if (strcmp(a->given[i].opt->name, "mirror") != 0)
			continue;
		if (!is_mirror(pqm_str(value)))
			return pqm_fail(err, PQM_EUSAGE,
				"--mirror %s: give HOST[:PORT]=MIRROR[:PORT][/PREFIX]", value);
		list[o->n_mirrors++] = value;
	}
	for (size_t i = 0; i < n_file; i++) {
		pqm_bytes row =
			pqm_arena_f(arena, "%.*s=%.*s", PQM_FMT(pqm_yaml_text(mirrors->keys[i])),
				PQM_FMT(pqm_yaml_text(mirrors->items[i])));

		if (row.p == NULL)
			return pqm_fail(err, PQM_ENOMEM, "out of memory for the options");
		if (!is_mirror(row))
			return pqm_fail(err, PQM_EUSAGE,
				"mirrors, line %u: give HOST[:PORT]: MIRROR[:PORT][/PREFIX]",
				mirrors->keys[i]->line);
		list[o->n_mirrors++] = (const char *)row.p;
	}
	o->mirrors = list;
	return PQM_OK;
}

enum pqm_st pqm_image_options(struct pqm_image_options *o, const struct pqm_args *a,
	const struct pqm_yaml *mirrors, struct pqm_arena *arena, struct pqm_err *err)
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
	return read_mirrors(o, a, mirrors, arena, err);
}

enum pqm_st pqm_image_base_options(struct pqm_image_options *o, const struct pqm_args *a,
	struct pqm_arena *arena, struct pqm_err *err)
{
	const char **names = pqm_new(arena, const char *, a->n_given + 1);
	size_t n = 0;

	if (names == NULL)
		return pqm_fail(err, PQM_ENOMEM, "out of memory for the options");
	for (size_t i = 0; i < a->n_given; i++)
		if (strcmp(a->given[i].opt->name, "base") == 0)
			names[n++] = a->given[i].value;
	return n == 0 ? PQM_OK : pqm_image_bases(o, names, n, arena, err);
}
