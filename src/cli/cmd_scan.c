#include "base/limits.h"
#include "base/num.h"
#include "base/sys.h"
#include "cli/pipeline.h"
#include "cli/targets.h"
#include "engine/scan.h"

#define MIB ((uint64_t)1 << 20)

/* Threads: as asked, else the cores we may use; fewer where the memory limit is tight. */
static enum pqm_st choose_jobs(unsigned *jobs, const struct pqm_args *a, struct pqm_err *err)
{
	const char *s = pqm_arg(a, "jobs");
	uint64_t n, memory = pqm_sys_memory_max();

	if (s != NULL) {
		if (!pqm_u64_parse(pqm_str(s), PQM_THREADS_MAX, &n) || n == 0)
			return pqm_fail(err, PQM_EUSAGE, "-j %s: give a number from 1 to 256", s);
		*jobs = (unsigned)n;
		return PQM_OK;
	}
	*jobs = pqm_sys_cpus();
	while (*jobs > 1 && memory / *jobs < 96 * MIB)
		(*jobs)--;
	return PQM_OK;
}

static enum pqm_st choose_progress(
	bool *show, const struct pqm_app *app, const struct pqm_args *a, struct pqm_err *err)
{
	const char *when = pqm_arg(a, "progress");

	*show = !app->quiet && isatty(STDERR_FILENO) == 1 && getenv("CI") == NULL;
	if (when == NULL || strcmp(when, "auto") == 0)
		return PQM_OK;
	if (strcmp(when, "always") != 0 && strcmp(when, "never") != 0)
		return pqm_fail(err, PQM_EUSAGE, "--progress %s: give auto, always or never", when);
	*show = strcmp(when, "always") == 0;
	return PQM_OK;
}

static void say_failure(pqm_bytes target, pqm_bytes words)
{
	/* The system's own message begins with the name already. */
	if (pqm_starts(words, target))
		pqm_log(PQM_WARN, "scan", "%.*s", PQM_FMT(words));
	else
		pqm_log(PQM_WARN, "scan", "%.*s: %.*s", PQM_FMT(target), PQM_FMT(words));
}

/* Exit code and one line a failed target [DESIGN.md §2]. */
static int tell_failures(const struct pqm_inventory *inv, const struct pqm_targets *t, bool strict)
{
	const struct pqm_coverage *c = &inv->coverage;
	size_t n_failed = 0, n_listed_failed = 0;
	uint64_t n_missed =
		c->unreadable + c->over_limit + c->changed + c->partial + c->n_notes_dropped;
	bool named_failed = false;

	for (size_t i = 0; i < inv->n_targets; i++) {
		if (!inv->targets[i].failed)
			continue;
		n_failed++;
		n_listed_failed += t->is_listed[i];
		named_failed = named_failed || !t->is_listed[i];
		for (size_t k = 0; k < c->n_notes; k++)
			if (c->notes[k].target == i && c->notes[k].words.n > 0) {
				say_failure(inv->targets[i].name, c->notes[k].words);
				break;
			}
	}
	if (n_failed == 0 && c->read == 0) {
		pqm_log(PQM_WARN, "scan", "nothing here that could be scanned");
		return 4;
	}
	/* Members of an @FILE list that fail are coverage; all of them failing is a failure. */
	if (named_failed ||
		(n_failed > 0 && n_listed_failed == n_failed && n_failed == inv->n_targets))
		return 3;
	for (size_t k = 0; !strict && k < c->n_notes; k++)
		if (pqm_eqs(c->notes[k].reason, "over-limit")) {
			pqm_log(PQM_WARN, "scan",
				"%.*s: %.*s; see coverage (--fail-on-incomplete makes this exit 3)",
				PQM_FMT(c->notes[k].path), PQM_FMT(c->notes[k].words));
			break;
		}
	if (strict && (n_missed > 0 || n_failed > 0)) {
		pqm_log(PQM_WARN, "scan",
			"%llu things were not read or only in part; see coverage "
			"(--fail-on-incomplete)",
			(unsigned long long)(n_missed + n_failed));
		return 3;
	}
	return 0;
}

static enum pqm_st run(struct pqm_app *app, const struct pqm_args *a, struct pqm_err *err)
{
	struct pqm_scan_options opt = { 0 };
	struct pqm_targets targets = { 0 };
	struct pqm_pipeline p;
	enum pqm_st st = pqm_pipeline_init(&p, a, err);

	if (st == PQM_OK)
		st = choose_jobs(&opt.jobs, a, err);
	if (st == PQM_OK)
		st = choose_progress(&opt.show_progress, app, a, err);
	if (st == PQM_OK)
		st = pqm_pipeline_settings(&p, a, false, err);
	if (st == PQM_OK)
		st = pqm_targets_expand(&targets, a->positional, a->n_positional, err);
	if (st == PQM_OK)
		st = pqm_scan(&p.inv, &p.rules, targets.name, targets.n, &opt, err);
	uint64_t t0 = pqm_now_ns(), t1;

	if (st == PQM_OK)
		st = pqm_pipeline_assess(&p, err);
	t1 = pqm_now_ns();
	if (st == PQM_OK)
		st = pqm_pipeline_write(&p, app, a, err);
	if (st == PQM_OK)
		pqm_log(PQM_INFO, "scan", "assessed %.3f s, written %.3f s",
			(double)(t1 - t0) / 1e9, (double)(pqm_now_ns() - t1) / 1e9);
	if (st == PQM_OK)
		app->exit_code =
			tell_failures(&p.inv, &targets, pqm_arg_has(a, "fail-on-incomplete"));
	pqm_targets_fini(&targets);
	pqm_pipeline_fini(&p);
	return st;
}

const struct pqm_command pqm_cmd_scan = {
	.name = "scan",
	.args = "TARGET…",
	.summary = "Find cryptography in the targets, score the risk, plan the migration",
	.help = "Targets\n"
		"  PATH     a file, or a folder with everything below it (links are not followed)\n"
		"  -        standard input as one file\n"
		"  @FILE    one target a line; @- reads the list from standard input\n\n"
		"The summary table goes to standard output unless a report does (-o json).\n"
		"A scan contacts nothing.",
	.takes_scan_opts = true,
	.run = run,
};
