#include "man_page.h"

#include "cli/options.h"

/* Text that begins no macro and has no escapes of its own. */
static void put(struct pqm_out *o, const char *s)
{
	bool at_start = true;

	for (; *s != '\0'; s++) {
		if (at_start && (*s == '.' || *s == '\''))
			pqm_out_lit(o, "\\&");
		if (*s == '\\')
			pqm_out_lit(o, "\\e");
		else if (*s == '-')
			pqm_out_lit(o, "\\-");
		else
			pqm_out_f(o, "%c", *s);
		at_start = *s == '\n';
	}
}

/* An argument of a macro. */
static void put_arg(struct pqm_out *o, const char *s)
{
	pqm_out_lit(o, "\"");
	for (; *s != '\0'; s++)
		if (*s == '"')
			pqm_out_lit(o, "\\(dq");
		else if (*s == '\\')
			pqm_out_lit(o, "\\e");
		else
			pqm_out_f(o, "%c", *s);
	pqm_out_lit(o, "\"");
}

static void put_opts(struct pqm_out *o, const struct pqm_opt *t)
{
	if (t == NULL || t->name == NULL)
		return;
	pqm_out_lit(o, ".Bl -tag -width Ds\n");
	for (; t->name != NULL; t++) {
		pqm_out_lit(o, ".It ");
		if (t->letter != 0)
			pqm_out_f(o, "Fl %c , ", t->letter);
		pqm_out_f(o, "Fl Fl %s", t->name);
		if (t->arg != NULL) {
			pqm_out_lit(o, " Ar ");
			put_arg(o, t->arg);
		}
		pqm_out_lit(o, "\n");
		put(o, t->help);
		pqm_out_lit(o, ".\n");
	}
	pqm_out_lit(o, ".El\n");
}

static void put_command(struct pqm_out *o, const struct pqm_command *c)
{
	pqm_out_f(o, ".Ss pqmap %s", c->name);
	if (c->args[0] != '\0')
		pqm_out_lit(o, " ");
	put(o, c->args);
	pqm_out_lit(o, "\n");
	put(o, c->summary);
	pqm_out_lit(o, ".\n");
	if (c->help != NULL) {
		pqm_out_lit(o, ".Bd -literal\n");
		put(o, c->help);
		pqm_out_lit(o, "\n.Ed\n");
	}
	put_opts(o, c->opts);
	if (c->takes_scan_opts)
		pqm_out_lit(o, ".Pp\nIt takes the options of reports, too.\n");
}

void pqm_man_page(struct pqm_out *o)
{
	pqm_out_lit(o,
		".Dd $Mdocdate$\n"
		".Dt PQMAP 1\n"
		".Os\n"
		".Sh NAME\n"
		".Nm pqmap\n"
		".Nd find quantum-vulnerable cryptography around AI workloads, and plan the way "
		"out\n"
		".Sh SYNOPSIS\n"
		".Nm\n"
		".Ar command\n"
		".Op Ar options\n"
		".Op Ar target ...\n"
		".Sh DESCRIPTION\n"
		".Nm\n"
		"walks files, container images, Kubernetes manifests and clusters, git "
		"repositories,\n"
		"certificates, keys and endpoints; ties what it finds to AI assets; scores the "
		"risk "
		"of\n"
		"harvest now, decrypt later for each; and writes a phased migration plan.\n"
		".Sh COMMANDS\n");
	for (size_t i = 0; pqm_commands[i] != NULL; i++)
		put_command(o, pqm_commands[i]);
	pqm_out_lit(o, ".Sh OPTIONS OF REPORTS\n");
	put_opts(o, pqm_scan_opts);
	pqm_out_lit(o, ".Sh COMMON OPTIONS\n");
	put_opts(o, pqm_common_opts);
	pqm_out_lit(o,
		".Sh ENVIRONMENT\n"
		".Bl -tag -width Ds\n"
		".It Ev XDG_CACHE_HOME\n"
		"what layers of images and git repositories gave is kept below it; else in\n"
		".Pa ~/.cache/pqmap .\n"
		".It Ev KUBECONFIG\n"
		"contexts of clusters.\n"
		".It Ev NO_COLOR\n"
		"no colour on a terminal.\n"
		".It Ev CI\n"
		"no progress line.\n"
		".El\n"
		".Sh FILES\n"
		".Bl -tag -width Ds\n"
		".It Pa .pqmap.yaml\n"
		"settings and declared assets of the folder that is scanned.\n"
		".El\n"
		".Sh EXIT STATUS\n"
		".Bl -tag -width Ds\n"
		".It 0\ndone; the gate passed.\n"
		".It 1\nthe gate failed.\n"
		".It 2\nthe command line or a setting is wrong.\n"
		".It 3\na target that was named gave nothing, or with\n.Fl Fl fail-on-incomplete\n"
		"part of one was not read.\n"
		".It 4\nthe targets held nothing that could be scanned.\n"
		".It 70\na bug in\n.Nm .\n"
		".El\n"
		".Pp\n"
		"Where several hold, the first of 70, 2, 1, 3, 4, 0.\n"
		".Sh SEE ALSO\n"
		".Xr hyb 3 ,\n"
		".Xr pqmap-report 5\n");
}
