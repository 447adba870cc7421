#include "cli/options.h"

/* What the three shells are told comes from the tables that the parser and the help use. */

typedef void (*opt_fn)(struct pqm_out *o, const struct pqm_command *c, const struct pqm_opt *opt);

static void each_opt(struct pqm_out *o, const struct pqm_command *c, opt_fn put)
{
	const struct pqm_opt *const tables[] = { c->opts, c->takes_scan_opts ? pqm_scan_opts : NULL,
		pqm_common_opts };

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		for (const struct pqm_opt *t = tables[i]; t != NULL && t->name != NULL; t++)
			put(o, c, t);
}

/* A help text inside single quotes, without what the shell or its completion would read. */
static void put_words(struct pqm_out *o, const char *s)
{
	for (; *s != '\0'; s++)
		if (strchr("'\\[]:`$\"", *s) == NULL)
			pqm_out_f(o, "%c", *s);
		else if (*s == ':')
			pqm_out_lit(o, " -");
}

/* ---- bash ---- */

static void bash_opt(struct pqm_out *o, const struct pqm_command *c, const struct pqm_opt *opt)
{
	(void)c;
	pqm_out_f(o, " --%s", opt->name);
}

static void bash(struct pqm_out *o)
{
	pqm_out_lit(o,
		"# bash completion of pqmap: source it, or put it into bash-completion's folder\n"
		"_pqmap() {\n"
		"\tlocal cur=${COMP_WORDS[COMP_CWORD]} opts=\n"
		"\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n"
		"\t\tmapfile -t COMPREPLY < <(compgen -W '");
	for (size_t i = 0; pqm_commands[i] != NULL; i++)
		pqm_out_f(o, "%s%s", i > 0 ? " " : "", pqm_commands[i]->name);
	pqm_out_lit(o, "' -- \"$cur\")\n\t\treturn\n\tfi\n\tcase ${COMP_WORDS[1]} in\n");
	for (size_t i = 0; pqm_commands[i] != NULL; i++) {
		pqm_out_f(o, "\t%s) opts='", pqm_commands[i]->name);
		each_opt(o, pqm_commands[i], bash_opt);
		pqm_out_lit(o, "' ;;\n");
	}
	pqm_out_lit(o,
		"\tesac\n"
		"\tcase $cur in\n"
		"\t-*) mapfile -t COMPREPLY < <(compgen -W \"$opts\" -- \"$cur\") ;;\n"
		"\t*) mapfile -t COMPREPLY < <(compgen -f -- \"$cur\") ;;\n"
		"\tesac\n"
		"}\n"
		"complete -o filenames -F _pqmap pqmap\n");
}

/* ---- zsh ---- */

static void zsh_opt(struct pqm_out *o, const struct pqm_command *c, const struct pqm_opt *opt)
{
	(void)c;
	pqm_out_f(o, "\t\t\t'*--%s%s[", opt->name, opt->arg != NULL ? "=" : "");
	put_words(o, opt->help);
	pqm_out_lit(o, "]");
	if (opt->arg != NULL) {
		pqm_out_lit(o, ":");
		put_words(o, opt->arg);
		pqm_out_str(o,
			strstr(opt->arg, "FILE") != NULL || strstr(opt->arg, "DIR") != NULL
				? ":_files"
				: ": ");
	}
	pqm_out_lit(o, "' \\\n");
}

static void zsh(struct pqm_out *o)
{
	pqm_out_lit(o,
		"#compdef pqmap\n"
		"_pqmap() {\n"
		"\tif (( CURRENT == 2 )); then\n"
		"\t\tlocal -a commands=(\n");
	for (size_t i = 0; pqm_commands[i] != NULL; i++) {
		pqm_out_f(o, "\t\t\t'%s:", pqm_commands[i]->name);
		put_words(o, pqm_commands[i]->summary);
		pqm_out_lit(o, "'\n");
	}
	pqm_out_lit(o,
		"\t\t)\n"
		"\t\t_describe command commands\n"
		"\t\treturn\n"
		"\tfi\n"
		"\tlocal cmd=$words[2]\n"
		"\tshift words\n"
		"\t(( CURRENT-- ))\n"
		"\tcase $cmd in\n");
	for (size_t i = 0; pqm_commands[i] != NULL; i++) {
		pqm_out_f(o, "\t%s)\n\t\t_arguments \\\n", pqm_commands[i]->name);
		each_opt(o, pqm_commands[i], zsh_opt);
		pqm_out_lit(o, "\t\t\t'*:target:_files'\n\t\t;;\n");
	}
	pqm_out_lit(o, "\tesac\n}\n_pqmap \"$@\"\n");
}

/* ---- fish ---- */

static void fish_opt(struct pqm_out *o, const struct pqm_command *c, const struct pqm_opt *opt)
{
	pqm_out_f(o, "complete -c pqmap -n '__fish_seen_subcommand_from %s' -l %s", c->name,
		opt->name);
	if (opt->letter != 0)
		pqm_out_f(o, " -s %c", opt->letter);
	if (opt->arg != NULL)
		pqm_out_lit(o, " -r");
	pqm_out_lit(o, " -d '");
	put_words(o, opt->help);
	pqm_out_lit(o, "'\n");
}

static void fish(struct pqm_out *o)
{
	pqm_out_lit(o, "# fish completion of pqmap\n");
	for (size_t i = 0; pqm_commands[i] != NULL; i++) {
		pqm_out_f(o, "complete -c pqmap -n __fish_use_subcommand -f -a %s -d '",
			pqm_commands[i]->name);
		put_words(o, pqm_commands[i]->summary);
		pqm_out_lit(o, "'\n");
		each_opt(o, pqm_commands[i], fish_opt);
	}
}

static enum pqm_st run(struct pqm_app *app, const struct pqm_args *a, struct pqm_err *err)
{
	static const struct {
		const char *name;
		void (*put)(struct pqm_out *o);
	} shells[] = { { "bash", bash }, { "fish", fish }, { "zsh", zsh } };

	for (size_t i = 0; a->n_positional == 1 && i < sizeof(shells) / sizeof(shells[0]); i++)
		if (strcmp(a->positional[0], shells[i].name) == 0) {
			shells[i].put(app->out);
			return PQM_OK;
		}
	return pqm_fail(err, PQM_EUSAGE, "name the shell: pqmap completion bash, fish or zsh");
}

const struct pqm_command pqm_cmd_completion = {
	.name = "completion",
	.args = "SHELL",
	.summary = "Print the completions for bash, fish or zsh",
	.help = "  pqmap completion bash > /etc/bash_completion.d/pqmap\n"
		"  pqmap completion zsh  > /usr/local/share/zsh/site-functions/_pqmap\n"
		"  pqmap completion fish > ~/.config/fish/completions/pqmap.fish",
	.run = run,
};
