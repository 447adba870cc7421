#include "base/num.h"
#include "cli/gate_blame.h"
#include "cli/gate_text.h"
#include "cli/scan_run.h"
#include "gate/gate.h"

struct gate {
	struct pqm_scan_run s;
	struct pqm_gate gate;
	struct pqm_policy policy;
	struct pqm_baseline baseline;
	struct pqm_git_changes changes;
	struct pqm_gate_input in;
	const char *write_to;
	bool has_baseline, is_partial;
	const char *path; /* of the one target, with --since or --staged */
};

static pqm_bytes setting(const struct gate *g, const struct pqm_args *a, const char *key)
{
	const char *given = pqm_arg(a, key);

	if (given != NULL)
		return pqm_str(given);
	return g->s.p.config == NULL ? (pqm_bytes){ NULL, 0 } : pqm_yaml_str(g->s.p.config, key);
}

/* ---- settings ---- */

static enum pqm_st read_level(struct gate *g, const struct pqm_args *a, struct pqm_err *err)
{
	pqm_bytes on = setting(g, a, "fail-on"), lead = setting(g, a, "lead-months");
	uint64_t months = 0;

	g->gate.never_fails = pqm_eqs(on, "never");
	if (on.n > 0 && !g->gate.never_fails && !pqm_severity_parse(on, &g->gate.fail_on))
		return pqm_fail(err, PQM_EUSAGE,
			"--fail-on %.*s: give error, warning, note or never", PQM_FMT(on));
	if (lead.n > 0 && !pqm_u64_parse(lead, 240, &months))
		return pqm_fail(err, PQM_EUSAGE,
			"--lead-months %.*s: give a number of months, at most 240", PQM_FMT(lead));
	g->in.lead_months = (unsigned)months;
	return PQM_OK;
}

static enum pqm_st add_policy(struct gate *g, pqm_bytes name, struct pqm_err *err)
{
	pqm_bytes copy = pqm_arena_f(&g->policy.arena, "%.*s", PQM_FMT(name));

	return copy.p == NULL
		? pqm_fail(err, PQM_ENOMEM, "out of memory for a policy")
		: pqm_policy_add(&g->policy, &g->s.p.rules, (const char *)copy.p, err);
}

/* Those of the command line, else of the config file, else the default. */
static enum pqm_st read_policies(struct gate *g, const struct pqm_args *a, struct pqm_err *err)
{
	const struct pqm_yaml *list =
		g->s.p.config == NULL ? NULL : pqm_yaml_get(g->s.p.config, "policy");
	enum pqm_st st = PQM_OK;
	bool any = false;
	struct pqm_buf b;

	for (size_t i = 0; i < a->n_given && st == PQM_OK; i++) {
		pqm_bytes rest = pqm_str(a->given[i].value), one;

		if (strcmp(a->given[i].opt->name, "policy") != 0)
			continue;
		any = true;
		while (st == PQM_OK && pqm_split(&rest, ',', &one))
			st = add_policy(g, pqm_trim(one), err);
	}
	if (!any && list != NULL && list->type != PQM_YAML_SEQ) {
		any = true;
		st = add_policy(g, pqm_yaml_text(list), err);
	}
	for (size_t i = 0; !any && list != NULL && i < list->n && st == PQM_OK; i++)
		st = add_policy(g, pqm_yaml_text(list->items[i]), err);
	if (!any && (list == NULL || list->n == 0) && st == PQM_OK)
		st = add_policy(g, PQM_LIT("default"), err);
	pqm_buf_init(&b, (size_t)1 << 16);
	for (size_t i = 0; i < g->policy.n_taken; i++)
		(void)pqm_buf_f(&b, "%s%.*s", i > 0 ? ", " : "", PQM_FMT(g->policy.taken[i]));
	g->gate.policies = pqm_bytes_dup(&g->gate.arena, pqm_buf_bytes(&b));
	pqm_buf_fini(&b);
	return st;
}

static enum pqm_st read_baseline(struct gate *g, const struct pqm_args *a, struct pqm_err *err)
{
	pqm_bytes file = setting(g, a, "baseline");
	enum pqm_st st = PQM_OK;

	g->write_to = pqm_arg(a, "write-baseline");
	if (file.n > 0) {
		pqm_bytes name = pqm_arena_f(&g->gate.arena, "%.*s", PQM_FMT(file));

		if (name.p == NULL)
			return pqm_fail(err, PQM_ENOMEM, "out of memory");
		st = pqm_baseline_read(&g->baseline, (const char *)name.p, err);
		g->gate.baseline = name;
		g->has_baseline = true;
	}
	return st;
}

static enum pqm_st read_settings(struct gate *g, const struct pqm_args *a, struct pqm_err *err)
{
	const struct pqm_suppress_rules known = { &g->s.p.rules, &g->policy };
	const struct pqm_yaml *config = g->s.p.config;
	enum pqm_st st = read_level(g, a, err);

	if (st == PQM_OK)
		st = read_policies(g, a, err);
	if (st == PQM_OK)
		st = read_baseline(g, a, err);
	if (st == PQM_OK && config != NULL)
		st = pqm_suppress_config(&g->gate, &known, pqm_yaml_get(config, "ignore"),
			pqm_str(g->s.p.config_file), err);
	g->gate.no_inline = pqm_arg_has(a, "no-inline-ignore");
	return st;
}

/* ---- what is scanned ---- */

/* The target of --since or --staged, in its parts. */
static enum pqm_st one_repository(struct gate *g, const char **rev, struct pqm_err *err)
{
	const struct pqm_targets *t = &g->s.targets;

	*rev = NULL;
	if (t->n != 1)
		return pqm_fail(err, PQM_EUSAGE,
			"--since and --staged look at one repository; %zu targets were named",
			t->n);
	if (pqm_git_is_target(t->name[0]))
		return pqm_git_parse(&g->gate.arena, t->name[0], &g->path, rev, err);
	if (pqm_scan_is_special(t->name[0]))
		return pqm_fail(err, PQM_EUSAGE,
			"%s: --since and --staged are for a folder of a git repository, or "
			"git:PATH",
			t->name[0]);
	g->path = t->name[0];
	return PQM_OK;
}

/* The config file declares what the changed files protect: it is read with them. */
static enum pqm_st add_config(struct gate *g, struct pqm_err *err)
{
	struct pqm_git_changes *c = &g->changes;
	size_t at = 0;
	const char **grown;

	while (at < c->n && strcmp(c->path[at], ".pqmap.yaml") < 0)
		at++;
	if (at < c->n && strcmp(c->path[at], ".pqmap.yaml") == 0)
		return PQM_OK;
	grown = pqm_grow(&c->arena, c->path, c->n, &c->cap);
	if (grown == NULL)
		return pqm_fail(err, PQM_ENOMEM, "out of memory");
	c->path = grown;
	memmove(&c->path[at + 1], &c->path[at], (c->n - at) * sizeof(*c->path));
	c->path[at] = ".pqmap.yaml";
	c->n++;
	return PQM_OK;
}

/* What the files held before: known. */
static enum pqm_st scan_base(struct gate *g, struct pqm_err *err)
{
	struct pqm_scan_options opt = { .jobs = g->s.opt.jobs };
	struct pqm_git_options git = {
		.has_only = true, .only = g->changes.path, .n_only = g->changes.n
	};
	struct pqm_inventory inv;
	pqm_bytes target = pqm_arena_f(&g->gate.arena, "git:%s@%s", g->path, g->changes.base);
	const char *name = (const char *)target.p;
	enum pqm_st st;

	if (name == NULL)
		return pqm_fail(err, PQM_ENOMEM, "out of memory");
	pqm_inventory_init(&inv);
	inv.now_days = g->s.p.inv.now_days;
	opt.git = &git;
	st = pqm_scan(&inv, &g->s.p.rules, &name, 1, &opt, err);
	if (st == PQM_OK && inv.n_targets > 0 && inv.targets[0].failed)
		st = pqm_fail(err, PQM_EIO, "%s: the revision to compare with cannot be read: %.*s",
			name, PQM_FMT(pqm_inventory_why(&inv, 0)));
	if (st == PQM_OK)
		st = pqm_baseline_take(&g->baseline, &inv, err);
	g->has_baseline = true;
	pqm_inventory_fini(&inv);
	return st;
}

static enum pqm_st find_changes(struct gate *g, const struct pqm_args *a, struct pqm_err *err)
{
	struct pqm_git_ask ask = { .since = pqm_arg(a, "since"),
		.is_staged = pqm_arg_has(a, "staged") };
	struct pqm_scan_run *s = &g->s;
	enum pqm_st st;

	if (ask.since == NULL && !ask.is_staged)
		return PQM_OK;
	if (s->git.is_history)
		return pqm_fail(err, PQM_EUSAGE,
			"--history looks at everything; --since and --staged at what changed: give "
			"one");
	st = one_repository(g, &ask.rev, err);
	ask.path = g->path;
	if (st == PQM_OK)
		st = pqm_git_changes(&g->changes, &ask, err);
	if (st != PQM_OK)
		return st;
	g->is_partial = true;
	if (g->changes.is_near)
		pqm_log(PQM_WARN, "gate",
			"%s: the merge base with %s is not in this clone; compared with %s itself "
			"(fetch-depth: 0 brings the rest)",
			g->path, ask.since, ask.since);
	g->gate.since = pqm_bytes_dup(&g->gate.arena, pqm_str(g->changes.base));
	if (g->changes.n > 0 && g->changes.base[0] != '\0')
		st = scan_base(g, err);
	if (st == PQM_OK && g->changes.n > 0)
		st = add_config(g, err);
	s->git.has_only = true;
	s->git.only = g->changes.path;
	s->git.n_only = g->changes.n;
	if (st == PQM_OK && ask.is_staged && !pqm_git_is_target(s->targets.name[0])) {
		pqm_bytes as = pqm_arena_f(&s->targets.arena, "git:%s", g->path);

		s->targets.name[0] = (const char *)as.p;
		if (as.p == NULL)
			st = pqm_fail(err, PQM_ENOMEM, "out of memory");
	}
	return st;
}

/* --history of a folder means its repository. */
static enum pqm_st find_history(struct gate *g, struct pqm_err *err)
{
	struct pqm_targets *t = &g->s.targets;

	for (size_t i = 0; g->s.git.is_history && i < t->n; i++) {
		pqm_bytes as;

		if (pqm_scan_is_special(t->name[i]))
			continue;
		as = pqm_arena_f(&t->arena, "git:%s", t->name[i]);
		if (as.p == NULL)
			return pqm_fail(err, PQM_ENOMEM, "out of memory");
		t->name[i] = (const char *)as.p;
	}
	return PQM_OK;
}

/* ---- after the scan ---- */

static enum pqm_st judge(struct gate *g, struct pqm_err *err)
{
	g->in.rules = &g->s.p.rules;
	g->in.inv = &g->s.p.inv;
	g->in.assessment = &g->s.p.assessment;
	g->in.policy = &g->policy;
	g->in.baseline = g->has_baseline ? &g->baseline : NULL;
	g->in.is_partial = g->is_partial;
	return pqm_gate_judge(&g->gate, &g->in, err);
}

static enum pqm_st write_baseline(const struct gate *g, struct pqm_err *err)
{
	struct pqm_out o;
	enum pqm_st st;

	if (g->write_to == NULL)
		return PQM_OK;
	if (g->is_partial)
		return pqm_fail(err, PQM_EUSAGE,
			"--write-baseline: needs all of the target; leave out --since and "
			"--staged");
	st = pqm_out_file(&o, g->write_to, err);
	if (st != PQM_OK)
		return st;
	pqm_baseline_write(&o, &g->s.p.inv);
	return pqm_out_close(&o, err);
}

static bool is_stdout_taken(const struct pqm_args *a)
{
	for (size_t i = 0; i < a->n_given; i++) {
		const char *eq;

		if (strcmp(a->given[i].opt->name, "output") != 0)
			continue;
		eq = strchr(a->given[i].value, '=');
		if (eq == NULL || strcmp(eq + 1, "-") == 0)
			return true;
	}
	return false;
}

static struct pqm_gate_text text_of(
	struct gate *g, const struct pqm_app *app, const struct pqm_args *a)
{
	return (struct pqm_gate_text){ &g->gate, &g->s.p.inv, app->color, app->quiet,
		pqm_arg_has(a, "verbose"), pqm_now_ns() - app->started_ns,
		pqm_scan_run_missed(&g->s) };
}

static enum pqm_st tell(
	struct gate *g, struct pqm_app *app, const struct pqm_args *a, struct pqm_err *err)
{
	struct pqm_gate_text t = text_of(g, app, a);
	enum pqm_st st;

	g->s.p.gate = &g->gate;
	st = pqm_pipeline_write(&g->s.p, app, a, err);
	if (st == PQM_OK)
		st = write_baseline(g, err);
	/* The verdict stands, also where there was no room for a file. */
	if (st != PQM_EUSAGE && !is_stdout_taken(a))
		pqm_gate_text(app->out, &t);
	if (st == PQM_OK && g->write_to != NULL && !app->quiet && !is_stdout_taken(a))
		pqm_out_f(app->out,
			"baseline %s is written: with --baseline %s all of it is known\n",
			g->write_to, g->write_to);
	return st;
}

/* 1 before 3 and 4 [DESIGN.md §2]; nothing changed is no failure. */
static int exit_code(const struct gate *g, const struct pqm_args *a)
{
	int code;

	if (g->is_partial && g->changes.n == 0)
		return 0;
	if (g->is_partial && g->s.p.inv.coverage.seen == 0 && !g->s.p.inv.targets[0].failed)
		return 0; /* all that changed was deleted */
	code = pqm_scan_run_exit(&g->s, pqm_arg_has(a, "fail-on-incomplete"));
	return g->gate.is_failed && !pqm_arg_has(a, "exit-zero") ? 1 : code;
}

static enum pqm_st check(
	struct gate *g, struct pqm_app *app, const struct pqm_args *a, struct pqm_err *err)
{
	const char *explain = pqm_arg(a, "explain");
	bool of_finding = explain != NULL && pqm_suppress_is_id(pqm_str(explain));
	enum pqm_st st = read_settings(g, a, err);

	if (st == PQM_OK && explain != NULL && !of_finding)
		return pqm_gate_explain(app->out, &g->s.p.rules, &g->policy, explain, err);
	if (st == PQM_OK)
		st = find_changes(g, a, err);
	if (st == PQM_OK)
		st = find_history(g, err);
	if (st == PQM_OK && !(g->is_partial && g->changes.n == 0))
		st = pqm_scan_run_scan(&g->s, a, err);
	if (st == PQM_OK)
		st = pqm_pipeline_assess(&g->s.p, err);
	if (st == PQM_OK)
		st = judge(g, err);
	if (st == PQM_OK && pqm_arg_has(a, "blame"))
		st = pqm_gate_blame(&g->gate, &g->s, err);
	if (st != PQM_OK)
		return st;
	if (of_finding) {
		struct pqm_gate_text t = text_of(g, app, a);

		return pqm_gate_explain_finding(app->out, &t, explain, err);
	}
	app->exit_code = exit_code(g, a);
	g->gate.is_undecided = !g->gate.is_failed && app->exit_code != 0;
	return tell(g, app, a, err);
}

static enum pqm_st run(struct pqm_app *app, const struct pqm_args *a, struct pqm_err *err)
{
	static const char *const here[] = { "." };
	struct pqm_args with_target = *a;
	struct gate g = { 0 };
	enum pqm_st st;

	if (a->n_positional == 0 && !pqm_arg_has(a, "images")) {
		with_target.positional = here;
		with_target.n_positional = 1;
	}
	pqm_gate_init(&g.gate);
	pqm_policy_init(&g.policy);
	pqm_baseline_init(&g.baseline);
	st = pqm_scan_run_prepare(&g.s, app, &with_target, err);
	/* What is no part of the work tree is no part of a change to it. */
	if (pqm_arg(a, "gitignore") == NULL)
		g.s.git.skip_ignored = true;
	if (st == PQM_OK)
		st = check(&g, app, a, err);
	pqm_git_changes_fini(&g.changes);
	pqm_baseline_fini(&g.baseline);
	pqm_policy_fini(&g.policy);
	pqm_gate_fini(&g.gate);
	pqm_scan_run_fini(&g.s);
	return st;
}

const struct pqm_command pqm_cmd_gate = {
	.name = "gate",
	.args = "[TARGET…]",
	.summary = "Check the targets against a policy; exit 1 when something new fails it",
	.help = "The target is the folder here unless one is named; every kind that `scan` takes "
		"can\nbe. Printed is what is new and what fails, each with its place, why, and the "
		"fix.\n\n"
		"--since REVISION reads only the files that changed since the merge base with it, "
		"and\ntells only what they did not hold before; --staged does that for what is "
		"about "
		"to be\ncommitted. --baseline FILE lets pass what a file of --write-baseline "
		"holds: "
		"ids do not\nchange when lines, files or image tags do.\n\n"
		"To let one thing pass, write `pqmap:ignore RULE until=2027-06-30 reason=…` in a "
		"comment\non its line or above it, the annotation pqmap.dev/ignore-RULE: \"reason; "
		"until=…\" on its\nobject, or an entry in .pqmap.yaml:\n"
		"  ignore: [{ rule: RULE, path: 'test/*', until: 2027-06-30, reason: … }]\n\n"
		"exit codes\n"
		"  0 passed   1 failed   2 usage   3 a target gave nothing   4 nothing to scan",
	.opts =
		(const struct pqm_opt[]){
			{ 0, "since", "REVISION",
				"only what changed since the merge base with it, and is new" },
			PQM_GIT_OPTS,
			{ 0, "blame", NULL,
				"tell the commit and day of each line that fails; with --authors, "
				"by whom" },
			{ 0, "policy", "NAME|FILE",
				"repeatable (default: default): `pqmap rules list policy`" },
			{ 0, "baseline", "FILE", "what it holds is known, and passes" },
			{ 0, "write-baseline", "FILE", "write what is here as a baseline" },
			{ 0, "fail-on", "LEVEL",
				"exit 1 from this level on: error, warning, note, never (default: "
				"error)" },
			{ 0, "lead-months", "N",
				"dates of the policy count so many months earlier (default: 0)" },
			{ 0, "exit-zero", NULL, "exit 0 where the gate fails; for a trial" },
			{ 0, "no-inline-ignore", NULL,
				"what is scanned lets nothing pass: no pqmap:ignore in it counts" },
			{ 0, "explain", "ID",
				"what a policy, a rule of one, a deadline, a finding's rule, or a "
				"finding (by the start of its id) says" },
			PQM_NET_OPTS,
			PQM_CLUSTER_OPTS,
			PQM_FOLLOW_OPTS,
			PQM_IMAGE_OPTS,
			PQM_RENDER_OPT,
			{ 0, NULL, NULL, NULL },
		},
	.takes_scan_opts = true,
	.run = run,
};
