#include "base/embed.h"
#include "cli/cluster_options.h"
#include "cli/init_kubernetes.h"
#include "cli/targets.h"

#define IMAGE "registry.example/pqmap:" PQM_VERSION

/* What goes into the manifest as it is must not be able to end a line or a quote. */
static enum pqm_st plain(
	const char **out, const struct pqm_args *a, const char *name, struct pqm_err *err)
{
	const char *s = pqm_arg(a, name);

	for (const char *p = s; p != NULL && *p != '\0'; p++)
		if (*p < ' ' || *p > '~' || strchr("\"'\\#", *p) != NULL)
			return pqm_fail(
				err, PQM_EUSAGE, "--%s: has a character that cannot be", name);
	if (s != NULL && *s == '\0')
		return pqm_fail(err, PQM_EUSAGE, "--%s: is empty", name);
	if (s != NULL)
		*out = s;
	return PQM_OK;
}

static enum pqm_st settings(struct pqm_init_kubernetes *s, const struct pqm_args *a,
	struct pqm_arena *arena, struct pqm_err *err)
{
	enum pqm_st st = pqm_cluster_options(&s->scan, a, arena, err);

	if (st == PQM_OK)
		st = pqm_follow_options(&s->follow, &s->follow_external, a, err);
	if (st == PQM_OK)
		st = plain(&s->image, a, "image", err);
	if (st == PQM_OK)
		st = plain(&s->ns, a, "install-in", err);
	if (st == PQM_OK)
		st = plain(&s->schedule, a, "schedule", err);
	if (st == PQM_OK)
		st = plain(&s->api_server, a, "api-server", err);
	if (st == PQM_OK && !pqm_cluster_is_namespace(pqm_str(s->ns)))
		st = pqm_fail(err, PQM_EUSAGE, "--install-in %s: is no name of a namespace", s->ns);
	if (st == PQM_OK && strchr(s->image, ' ') != NULL)
		st = pqm_fail(err, PQM_EUSAGE, "--image %s: is no image", s->image);
	return st;
}

static const struct {
	const char *name, *file;
} templates[] = {
	{ "github", "github.yml" },
	{ "gitlab", "gitlab.yml" },
	{ "pre-commit", "pre-commit.yaml" },
	{ "hook", "hook.sh" },
	{ "tekton", "tekton.yaml" },
	{ "argo", "argo.yaml" },
	{ "config", "config.yaml" },
};

/* A template with the image put in. */
static enum pqm_st print_template(
	struct pqm_app *app, const struct pqm_args *a, const char *file, struct pqm_err *err)
{
	const char *image = IMAGE;
	enum pqm_st st = plain(&image, a, "image", err);
	const struct pqm_embed *e = pqm_embed_init;

	while (e->name != NULL && strcmp(e->name, file) != 0)
		e++;
	if (st != PQM_OK || e->name == NULL)
		return st != PQM_OK
			? st
			: pqm_fail(err, PQM_EINTERNAL, "the template %s is missing", file);
	pqm_bytes text = { e->p, e->n };
	size_t from = 0, at;

	while ((at = pqm_find(text, from, PQM_LIT("{{image}}"))) != SIZE_MAX) {
		pqm_out_bytes(app->out, pqm_sub(text, from, at - from));
		pqm_out_str(app->out, image);
		from = at + sizeof("{{image}}") - 1;
	}
	pqm_out_bytes(app->out, pqm_sub(text, from, text.n));
	return PQM_OK;
}

static enum pqm_st run(struct pqm_app *app, const struct pqm_args *a, struct pqm_err *err)
{
	struct pqm_init_kubernetes s = { .image = IMAGE, .ns = "pqmap", .schedule = "17 2 * * *" };
	struct pqm_rules rules = { 0 };
	struct pqm_arena arena;
	enum pqm_st st;

	for (size_t i = 0; a->n_positional == 1 && i < sizeof(templates) / sizeof(templates[0]);
		i++)
		if (strcmp(a->positional[0], templates[i].name) == 0)
			return print_template(app, a, templates[i].file, err);
	if (a->n_positional != 1 || strcmp(a->positional[0], "kubernetes") != 0)
		return pqm_fail(err, PQM_EUSAGE,
			"name what to print: github, gitlab, pre-commit, hook, tekton, argo, "
			"config or "
			"kubernetes; see `pqmap help init`");
	pqm_arena_init(&arena, (size_t)16 << 20);
	st = settings(&s, a, &arena, err);
	if (st == PQM_OK)
		st = pqm_app_rules(&rules, a, err);
	if (st == PQM_OK)
		st = pqm_init_kubernetes(app->out, &s, &rules, err);
	pqm_rules_fini(&rules);
	pqm_arena_fini(&arena);
	return st;
}

const struct pqm_command pqm_cmd_init = {
	.name = "init",
	.args = "WHAT",
	.summary = "Print a ready setup for CI, git or a cluster",
	.help = "github      .github/workflows/pqmap.yml: the gate on pull requests, code "
		"scanning\n"
		"gitlab      .gitlab-ci.yml: the gate in merge requests\n"
		"pre-commit  .pre-commit-config.yaml: the gate on what is staged\n"
		"hook        .git/hooks/pre-commit: the same without pre-commit\n"
		"tekton      a Task\n"
		"argo        a WorkflowTemplate\n"
		"config      .pqmap.yaml with every setting explained\n"
		"kubernetes  CronJob, ServiceAccount, RBAC, volume and NetworkPolicy. The rights "
		"are\n"
		"            those that `scan cluster:` needs for the kinds of the rules, each a\n"
		"            list; -n and --secrets mean what they mean there, and give Roles in\n"
		"            those namespaces. Secrets are not readable unless --secrets says so.\n"
		"            --follow is passed on, and the NetworkPolicy then lets it out.",
	.opts =
		(const struct pqm_opt[]){
			PQM_CLUSTER_OPTS,
			PQM_FOLLOW_OPTS,
			{ 0, "image", "IMAGE", "image of pqmap (default: " IMAGE ")" },
			{ 0, "install-in", "NAMESPACE", "where the CronJob runs (default: pqmap)" },
			{ 0, "schedule", "CRON", "when it runs (default: 17 2 * * *)" },
			{ 0, "api-server", "ADDRESS/PREFIX",
				"the only place that the NetworkPolicy lets it talk to" },
			{ 0, "rules", "DIR", "rules to use instead of the built-in ones" },
			{ 0, NULL, NULL, NULL },
		},
	.run = run,
};
