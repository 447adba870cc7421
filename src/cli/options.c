#include "options.h"

#include "base/num.h"

const struct pqm_opt pqm_common_opts[] = {
	{ 'h', "help", NULL, "print this help" },
	{ 0, "rules", "DIR",
		"use the rules in DIR; built-in: those of the program, whatever was imported" },
	{ 'q', "quiet", NULL, "print errors only" },
	{ 'v', "verbose", NULL, "print what is done; twice for details" },
	{ 0, "color", "WHEN", "colour the terminal output: auto, always, never (default: auto)" },
	{ 0, NULL, NULL, NULL },
};

const struct pqm_opt pqm_scan_opts[] = {
	{ 'o', "output", "FORMAT[=FILE]",
		"write a report; repeatable; without FILE to standard output" },
	{ 'j', "jobs", "N", "threads (default: the cores this process may use)" },
	{ 0, "now", "DATE",
		"assess as of YYYY-MM-DD (default: today, UTC; of a saved report its date)" },
	{ 0, "regime", "NAME",
		"deadlines that apply to you, repeatable: `pqmap rules list deadline`" },
	{ 0, "curve", "ID|FILE",
		"arrival curve (default: gri2025), or a house view in YAML or JSON; FILE#ID of "
		"several" },
	{ 0, "capacity", "N", "person-days a month for the plan (default: 20)" },
	{ 0, "start", "DATE", "first day of the plan (default: --now)" },
	{ 0, "config", "FILE",
		"regimes, curve, capacity, start, mirrors (default: .pqmap.yaml here)" },
	{ 0, "bench", "FILE",
		"CPU costs from this run of `pqmap bench` (default: a reference profile)" },
	{ 0, "expand-trust-stores", NULL, "list the certificates of trust stores one by one" },
	{ 0, "fail-on-incomplete", NULL, "exit 3 when part of a target was not read" },
	{ 0, "no-cache", NULL,
		"read every layer of an image and every file in git, and keep nothing" },
	{ 0, "progress", "WHEN",
		"progress on standard error: auto, always, never, jsonl (default: auto: a line on "
		"a "
		"terminal, one in 30 s in CI)" },
	{ 0, "templates", "DIR", "use the HTML templates in DIR" },
	{ 0, "trend", "FILE",
		"add this run to a history (SQLite), and report what changed since the last" },
	{ 0, NULL, NULL, NULL },
};

static const struct pqm_opt *find_in(const struct pqm_opt *t, pqm_bytes name, char letter)
{
	for (; t != NULL && t->name != NULL; t++)
		if ((letter != 0 && t->letter == letter) || (letter == 0 && pqm_eqs(name, t->name)))
			return t;
	return NULL;
}

static const struct pqm_opt *find(const struct pqm_command *cmd, pqm_bytes name, char letter)
{
	const struct pqm_opt *o = find_in(cmd->opts, name, letter);

	if (o == NULL && cmd->takes_scan_opts)
		o = find_in(pqm_scan_opts, name, letter);
	return o != NULL ? o : find_in(pqm_common_opts, name, letter);
}

struct parse {
	struct pqm_args *out;
	const struct pqm_command *cmd;
	const char *const *argv;
	int argc, i;
	struct pqm_err *err;
};

static enum pqm_st give(struct parse *p, const struct pqm_opt *o, const char *value)
{
	if (p->out->n_given >= PQM_ARGS_MAX)
		return pqm_fail(p->err, PQM_EUSAGE, "%s: more than 256 options", p->cmd->name);
	p->out->given[p->out->n_given].opt = o;
	p->out->given[p->out->n_given].is_env = false;
	p->out->given[p->out->n_given++].value = value;
	return PQM_OK;
}

static enum pqm_st next_value(struct parse *p, const struct pqm_opt *o, const char **value)
{
	if (p->i + 1 >= p->argc)
		return pqm_fail(p->err, PQM_EUSAGE, "--%s needs a value: --%s %s", o->name, o->name,
			o->arg);
	*value = p->argv[++p->i];
	return PQM_OK;
}

static enum pqm_st parse_long(struct parse *p, const char *arg)
{
	const char *eq = strchr(arg, '='), *value = NULL;
	pqm_bytes name = { (const uint8_t *)arg, eq != NULL ? (size_t)(eq - arg) : strlen(arg) };
	const struct pqm_opt *o = find(p->cmd, name, 0);
	enum pqm_st st = PQM_OK;

	if (o == NULL)
		return pqm_fail(p->err, PQM_EUSAGE, "unknown option --%.*s; see `pqmap help %s`",
			PQM_FMT(name), p->cmd->name);
	if (o->arg == NULL && eq != NULL)
		return pqm_fail(p->err, PQM_EUSAGE, "--%s takes no value", o->name);
	if (o->arg != NULL && eq != NULL)
		value = eq + 1;
	else if (o->arg != NULL)
		st = next_value(p, o, &value);
	return st == PQM_OK ? give(p, o, value) : st;
}

static enum pqm_st parse_short(struct parse *p, const char *arg)
{
	enum pqm_st st = PQM_OK;

	for (; *arg != '\0' && st == PQM_OK; arg++) {
		const struct pqm_opt *o = find(p->cmd, (pqm_bytes){ NULL, 0 }, *arg);
		const char *value = NULL;

		if (o == NULL)
			return pqm_fail(p->err, PQM_EUSAGE,
				"unknown option -%c; see `pqmap help %s`", *arg, p->cmd->name);
		if (o->arg != NULL) {
			value = arg + 1;
			if (*value == '\0')
				st = next_value(p, o, &value);
			return st == PQM_OK ? give(p, o, value) : st;
		}
		st = give(p, o, NULL);
	}
	return st;
}

/* "fail-on" is PQMAP_FAIL_ON. */
static const char *env_of(char name[64], const struct pqm_opt *o)
{
	size_t n = (size_t)snprintf(name, 64, "PQMAP_%s", o->name);
	const char *value;

	for (size_t i = 0; i < n && i < 64; i++)
		name[i] = name[i] == '-'		   ? '_'
			: name[i] >= 'a' && name[i] <= 'z' ? (char)(name[i] - 'a' + 'A')
							   : name[i];
	value = n < 64 ? getenv(name) : NULL;
	return value == NULL || *value == '\0' ? NULL : value;
}

/* Options that the environment sets and the command line does not. */
static enum pqm_st take_env(struct parse *p, const struct pqm_opt *t)
{
	static const char *const on[] = { "1", "true", "yes" },
				 *const off[] = { "0", "false", "no" };
	enum pqm_st st = PQM_OK;

	for (; t != NULL && t->name != NULL && st == PQM_OK; t++) {
		char name[64];
		const char *value = env_of(name, t);
		bool is_on = false, is_off = false;

		if (value == NULL || pqm_arg_has(p->out, t->name) || strcmp(t->name, "help") == 0)
			continue;
		for (size_t i = 0; t->arg == NULL && i < 3; i++) {
			is_on = is_on || strcmp(value, on[i]) == 0;
			is_off = is_off || strcmp(value, off[i]) == 0;
		}
		if (t->arg == NULL && !is_on && !is_off)
			return pqm_fail(
				p->err, PQM_EUSAGE, "%s=%s: is a switch; give 1 or 0", name, value);
		if (!is_off)
			st = give(p, t, t->arg == NULL ? NULL : value);
		if (!is_off && st == PQM_OK)
			p->out->given[p->out->n_given - 1].is_env = true;
	}
	return st;
}

enum pqm_st pqm_args_parse(struct pqm_args *out, const struct pqm_command *cmd, int argc,
	const char *const *argv, struct pqm_err *err)
{
	struct parse p = { out, cmd, argv, argc, 0, err };
	const char **pos = pqm_calloc((size_t)argc + 1, sizeof(*pos));
	enum pqm_st st = PQM_OK;

	*out = (struct pqm_args){ .positional = pos };
	if (pos == NULL)
		return pqm_fail(err, PQM_ENOMEM, "out of memory");
	for (; p.i < argc && st == PQM_OK; p.i++) {
		const char *arg = argv[p.i];

		if (strcmp(arg, "--") == 0) {
			for (p.i++; p.i < argc; p.i++)
				pos[out->n_positional++] = argv[p.i];
		} else if (arg[0] == '-' && arg[1] == '-') {
			st = parse_long(&p, arg + 2);
		} else if (arg[0] == '-' && arg[1] != '\0') {
			st = parse_short(&p, arg + 1);
		} else {
			pos[out->n_positional++] = arg;
		}
	}
	if (st == PQM_OK)
		st = take_env(&p, cmd->opts);
	if (st == PQM_OK && cmd->takes_scan_opts)
		st = take_env(&p, pqm_scan_opts);
	if (st == PQM_OK)
		st = take_env(&p, pqm_common_opts);
	return st;
}

void pqm_args_fini(struct pqm_args *a)
{
	pqm_free((void *)(uintptr_t)a->positional);
	*a = (struct pqm_args){ 0 };
}

const char *pqm_arg(const struct pqm_args *a, const char *name)
{
	for (size_t i = a->n_given; i > 0; i--)
		if (strcmp(a->given[i - 1].opt->name, name) == 0)
			return a->given[i - 1].value;
	return NULL;
}

bool pqm_arg_has(const struct pqm_args *a, const char *name)
{
	for (size_t i = 0; i < a->n_given; i++)
		if (strcmp(a->given[i].opt->name, name) == 0)
			return true;
	return false;
}

const struct pqm_command *pqm_command_find(const char *name)
{
	for (size_t i = 0; pqm_commands[i] != NULL; i++)
		if (strcmp(pqm_commands[i]->name, name) == 0)
			return pqm_commands[i];
	return NULL;
}

/* Levenshtein distance, for names of at most 31 bytes. */
static unsigned distance(const char *a, const char *b)
{
	unsigned row[32];
	size_t na = strlen(a), nb = strlen(b);

	if (na > 31 || nb > 31)
		return UINT32_MAX;
	for (unsigned j = 0; j <= nb; j++)
		row[j] = j;
	for (unsigned i = 1; i <= na; i++) {
		unsigned diagonal = row[0];

		row[0] = i;
		for (unsigned j = 1; j <= nb; j++) {
			unsigned best = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[nb];
}

const char *pqm_command_near(const char *name)
{
	const char *best = NULL;
	unsigned least = 3;

	for (size_t i = 0; pqm_commands[i] != NULL; i++) {
		unsigned d = distance(name, pqm_commands[i]->name);

		if (d < least) {
			least = d;
			best = pqm_commands[i]->name;
		}
	}
	return best;
}

static void print_opts(struct pqm_out *o, const char *title, const struct pqm_opt *t)
{
	if (t == NULL || t->name == NULL)
		return;
	pqm_out_f(o, "\n%s\n", title);
	for (; t->name != NULL; t++) {
		char left[64];

		(void)snprintf(left, sizeof(left), "%c%c%s--%s%s%s", t->letter ? '-' : ' ',
			t->letter ? t->letter : ' ', t->letter ? ", " : "  ", t->name,
			t->arg ? " " : "", t->arg ? t->arg : "");
		if (strlen(left) > 28)
			pqm_out_f(o, "  %s\n  %-28s  %s\n", left, "", t->help);
		else
			pqm_out_f(o, "  %-28s  %s\n", left, t->help);
	}
}

void pqm_help_command(struct pqm_out *o, const struct pqm_command *cmd)
{
	pqm_out_f(o, "usage: pqmap %s [options] %s\n\n%s.\n", cmd->name, cmd->args, cmd->summary);
	if (cmd->help != NULL)
		pqm_out_f(o, "\n%s\n", cmd->help);
	print_opts(o, "options", cmd->opts);
	if (cmd->takes_scan_opts)
		print_opts(o,
			cmd->opts != NULL && cmd->opts->name != NULL ? "report options" : "options",
			pqm_scan_opts);
	print_opts(o, "common options", pqm_common_opts);
}

void pqm_help_all(struct pqm_out *o)
{
	pqm_out_lit(o,
		"pqmap finds quantum-vulnerable cryptography around AI workloads, says what it\n"
		"puts at risk, and plans the way out.\n\n"
		"usage: pqmap COMMAND [options] [arguments]\n\ncommands\n");
	for (size_t i = 0; pqm_commands[i] != NULL; i++)
		pqm_out_f(o, "  %-10s %s\n", pqm_commands[i]->name, pqm_commands[i]->summary);
	pqm_out_lit(o,
		"\nstart with\n"
		"  pqmap scan . -o html=report.html     what is here, what it risks, what to do\n"
		"  pqmap help scan                      every option\n\n"
		"exit codes\n"
		"  0 done   1 refused: open, verify, probe --expect, diff --exit-code   2 usage\n"
		"  3 a named target gave nothing, or incomplete   4 nothing that could be scanned\n"
		"  70 a bug in pqmap\n");
}
