/* main.c — finds the command, runs it, prints its failure, and maps it to an exit code. */
#include "base/num.h"
#include "base/sys.h"
#include "cli/options.h"

#define EXIT_FAILED 1
#define EXIT_USAGE 2
#define EXIT_NOTHING 3
#define EXIT_BUG 70

static int exit_code(enum pqm_st st)
{
	switch (st) {
	case PQM_OK:
		return 0;
	case PQM_EUSAGE:
		return EXIT_USAGE;
	case PQM_EPARSE:
	case PQM_ELIMIT:
	case PQM_EIO:
	case PQM_ENET:
		return EXIT_NOTHING;
	case PQM_ENOMEM:
	case PQM_EINTERNAL:
		return EXIT_BUG;
	}
	return EXIT_BUG;
}

static enum pqm_st set_color(struct pqm_app *app, const struct pqm_args *a, struct pqm_err *err)
{
	const char *when = pqm_arg(a, "color"), *no = getenv("NO_COLOR");

	if (when == NULL || strcmp(when, "auto") == 0)
		app->color = isatty(STDOUT_FILENO) == 1 && (no == NULL || *no == '\0');
	else if (strcmp(when, "always") == 0 || strcmp(when, "never") == 0)
		app->color = strcmp(when, "always") == 0;
	else
		return pqm_fail(err, PQM_EUSAGE, "--color %s: give auto, always or never", when);
	return PQM_OK;
}

static void set_level(const struct pqm_args *a)
{
	int level = PQM_WARN;

	for (size_t i = 0; i < a->n_given; i++) {
		if (strcmp(a->given[i].opt->name, "verbose") == 0 && level < PQM_DEBUG)
			level++;
		if (strcmp(a->given[i].opt->name, "quiet") == 0)
			level = PQM_ERROR;
	}
	pqm_log_level((enum pqm_level)level);
}

static int run(
	struct pqm_app *app, const struct pqm_command *cmd, int argc, const char *const *argv)
{
	struct pqm_args a;
	enum pqm_st st = pqm_args_parse(&a, cmd, argc, argv, app->err);

	if (st == PQM_OK && pqm_arg_has(&a, "help")) {
		pqm_help_command(app->out, cmd);
		pqm_args_fini(&a);
		return 0;
	}
	if (st == PQM_OK)
		st = set_color(app, &a, app->err);
	if (st == PQM_OK) {
		app->quiet = pqm_arg_has(&a, "quiet");
		set_level(&a);
		st = cmd->run(app, &a, app->err);
	}
	pqm_args_fini(&a);
	if (st != PQM_OK) {
		pqm_log_level(PQM_WARN);
		pqm_log(PQM_ERROR, "cli", "%s", app->err->msg);
		/* A gate that failed has failed, whatever could not be written. */
		return exit_code(st) == EXIT_NOTHING && app->exit_code == EXIT_FAILED
			? EXIT_FAILED
			: exit_code(st);
	}
	return app->exit_code;
}

int main(int argc, char **argv)
{
	struct pqm_err err = { 0 };
	struct pqm_out out;
	struct pqm_app app = { .out = &out, .err = &err, .started_ns = pqm_now_ns() };
	const struct pqm_command *cmd;
	int code;

	/* libarchive makes local times of all entries of a zip; without TZ the C library looks each time whether
	 * /etc/localtime is another. */
	(void)setenv("TZ", ":/etc/localtime", 0);
	pqm_sys_harden();
	pqm_out_fd(&out, STDOUT_FILENO);
	if (argc < 2) {
		pqm_help_all(&out);
		return pqm_out_close(&out, &err) == PQM_OK ? EXIT_USAGE : EXIT_NOTHING;
	}
	const char *name = argv[1];

	if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0)
		name = "version";
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
		name = "help";
	cmd = pqm_command_find(name);
	if (cmd == NULL) {
		const char *near = pqm_command_near(name);

		pqm_out_abort(&out);
		pqm_log(PQM_ERROR, "cli", "'%s' is not a command; %s%s%s", name,
			near != NULL ? "did you mean `pqmap " : "see `pqmap help", near ? near : "",
			"`");
		return EXIT_USAGE;
	}
	code = run(&app, cmd, argc - 2, (const char *const *)argv + 2);
	if (pqm_out_close(&out, &err) != PQM_OK) {
		pqm_log(PQM_ERROR, "cli", "%s", err.msg);
		return code == 0 ? EXIT_NOTHING : code;
	}
	return code;
}
