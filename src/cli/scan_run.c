#include "scan_run.h"

#include "base/limits.h"
#include "base/num.h"
#include "base/sys.h"

#define MIB ((uint64_t)1 << 20)
/* Members of lists that are named one by one when they fail; the reports have all of them. */
#define LISTED_FAILURES 10

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

/* A person sees one line; a log gets one now and then, and nothing of a short run. */
static enum pqm_st choose_progress(enum pqm_progress *out, const struct pqm_app *app,
	const struct pqm_args *a, struct pqm_err *err)
{
	const char *when = pqm_arg(a, "progress");
	bool is_terminal = isatty(STDERR_FILENO) == 1 && getenv("CI") == NULL;

	*out = is_terminal	       ? PQM_PROGRESS_LINE
		: getenv("CI") != NULL ? PQM_PROGRESS_PLAIN
				       : PQM_PROGRESS_NONE;
	if (app->quiet)
		*out = PQM_PROGRESS_NONE;
	if (when == NULL || strcmp(when, "auto") == 0)
		return PQM_OK;
	if (strcmp(when, "always") == 0)
		*out = isatty(STDERR_FILENO) == 1 ? PQM_PROGRESS_LINE : PQM_PROGRESS_PLAIN;
	else if (strcmp(when, "never") == 0)
		*out = PQM_PROGRESS_NONE;
	else if (strcmp(when, "jsonl") == 0)
		*out = PQM_PROGRESS_JSONL;
	else
		return pqm_fail(
			err, PQM_EUSAGE, "--progress %s: give auto, always, never or jsonl", when);
	return PQM_OK;
}

static void say_failure(pqm_bytes target, pqm_bytes words)
{
	/* The system's own message begins with the name already. */
	if (pqm_starts(words, target))
		pqm_log(PQM_WARN, "scan", "%.*s", PQM_FMT(words));
	else
		pqm_log(PQM_WARN, "scan", "%.*s%s %.*s", PQM_FMT(target),
			pqm_ends(target, PQM_LIT(":")) ? "" : ":", PQM_FMT(words));
}

/* Endpoints that were not told in full. */
static uint64_t n_untold(const struct pqm_endpoint_counts *c)
{
	return pqm_endpoints_asked(c) - c->reach[PQM_R_ANSWERED] + c->incomplete;
}

/* There, and readable, but without a byte to look at: an empty folder, a pipe that nothing came out of. */
static bool held_nothing(const struct pqm_target *t)
{
	return !t->failed && !pqm_eqs(t->kind, "endpoint") && (t->n_read == 0 || t->n_bytes == 0);
}

/* Beside targets that held something: without a word it would look clean. */
static void say_empty(const struct pqm_scan_run *s)
{
	for (size_t i = 0; i < s->p.inv.n_targets && i < s->targets.n; i++)
		if (held_nothing(&s->p.inv.targets[i]) && !s->targets.is_listed[i])
			say_failure(s->p.inv.targets[i].name,
				PQM_LIT("nothing here that could be scanned"));
}

uint64_t pqm_scan_run_missed(const struct pqm_scan_run *s)
{
	const struct pqm_coverage *c = &s->p.inv.coverage;

	return c->unreadable + c->over_limit + c->changed + c->partial + c->n_notes_dropped +
		n_untold(&c->endpoints);
}

/* Exit code and one line a failed target [DESIGN.md §2]. */
int pqm_scan_run_exit(const struct pqm_scan_run *s, bool strict)
{
	const struct pqm_inventory *inv = &s->p.inv;
	const struct pqm_targets *t = &s->targets;
	bool is_dry_run = s->cluster.would_ask != NULL;
	const struct pqm_coverage *c = &inv->coverage;
	bool has_nothing = (c->read == 0 || c->bytes == 0) && !is_dry_run &&
		pqm_endpoints_asked(&c->endpoints) == 0;
	size_t n_failed = 0, n_listed_failed = 0, n_followed_failed = 0;
	uint64_t n_missed = pqm_scan_run_missed(s);
	bool named_failed = false;

	for (size_t i = 0; i < inv->n_targets; i++) {
		if (!inv->targets[i].failed)
			continue;
		if (i >= t->n) {
			n_followed_failed++;
			continue;
		}
		n_failed++;
		n_listed_failed += t->is_listed[i];
		named_failed = named_failed || !t->is_listed[i];
		if (t->is_listed[i] && n_listed_failed > LISTED_FAILURES)
			continue;
		pqm_bytes why = pqm_inventory_why(inv, i);

		if (why.n > 0)
			say_failure(inv->targets[i].name, why);
	}
	if (n_listed_failed > LISTED_FAILURES)
		pqm_log(PQM_WARN, "scan", "%zu more of the list gave nothing; see coverage",
			n_listed_failed - LISTED_FAILURES);
	if (n_followed_failed > 0)
		pqm_log(PQM_WARN, "follow",
			"%zu of the %zu targets that were followed gave nothing, or not all; see "
			"coverage",
			n_followed_failed, inv->n_targets - t->n);
	if (n_failed == 0 && has_nothing) {
		pqm_log(PQM_WARN, "scan", "nothing here that could be scanned");
		return 4;
	}
	if (!is_dry_run)
		say_empty(s);
	/* Members of an @FILE list that fail are coverage; when nothing else was read it is a failure. */
	if (named_failed || (n_failed > 0 && (n_failed == t->n || has_nothing)))
		return 3;
	for (size_t k = 0; !strict && k < c->n_notes; k++)
		if (pqm_eqs(c->notes[k].reason, "over-limit")) {
			pqm_log(PQM_WARN, "scan",
				"%.*s: %.*s; see coverage (--fail-on-incomplete makes this exit 3)",
				PQM_FMT(c->notes[k].path), PQM_FMT(c->notes[k].words));
			break;
		}
	n_missed += n_followed_failed;
	if (strict && (n_missed > 0 || n_failed > 0)) {
		pqm_log(PQM_WARN, "scan",
			"%llu things were not read or only in part; see coverage "
			"(--fail-on-incomplete)",
			(unsigned long long)(n_missed + n_failed));
		return 3;
	}
	return 0;
}

/* What stands on the command line must be an endpoint that can be asked; in a list it is coverage. */
static enum pqm_st check_endpoints(struct pqm_scan_run *s, bool *any, struct pqm_err *err)
{
	enum pqm_st st = PQM_OK;

	*any = false;
	for (size_t i = 0; i < s->targets.n && st == PQM_OK; i++) {
		if (!pqm_scan_is_endpoint(s->targets.name[i])) {
			*any = *any || pqm_cluster_is_target(s->targets.name[i]) ||
				pqm_image_is_target(s->targets.name[i]);
			continue;
		}
		*any = true;
		if (!s->targets.is_listed[i])
			st = pqm_endpoint_check(s->targets.name[i], false, err);
	}
	return st;
}

/* --render helm, --render kustomize */
static enum pqm_st choose_render(
	struct pqm_scan_options *opt, const struct pqm_args *a, struct pqm_err *err)
{
	for (size_t i = 0; i < a->n_given; i++) {
		const char *tool = a->given[i].value;

		if (strcmp(a->given[i].opt->name, "render") != 0)
			continue;
		if (strcmp(tool, "helm") == 0)
			opt->render_helm = true;
		else if (strcmp(tool, "kustomize") == 0)
			opt->render_kustomize = true;
		else
			return pqm_fail(
				err, PQM_EUSAGE, "--render %s: give helm or kustomize", tool);
	}
	return PQM_OK;
}

static void print_request(void *ctx, const char *server, const char *path)
{
	struct pqm_app *app = ctx;

	pqm_out_f(app->out, "GET %s%s\n", server, path);
}

/* "tls:h:443  spec.tls[0].hosts[0] of ns/Ingress/web  web.yaml:12", then why it is not followed. */
static void print_followed(void *ctx, const struct pqm_followed *f)
{
	struct pqm_app *app = ctx;
	struct pqm_arena a;

	pqm_arena_init(&a, PQM_ARENA_BYTES);
	pqm_out_str(app->out, f->left.n > 0 ? "not " : "");
	pqm_out_bytes(app->out, pqm_printable(&a, f->target));
	if (f->from.object.n > 0) {
		pqm_out_lit(app->out, "  ");
		pqm_out_bytes(app->out, pqm_printable(&a, f->from.ref));
		pqm_out_lit(app->out, " of ");
		pqm_out_bytes(app->out, pqm_printable(&a, f->from.object));
	}
	if (f->from.path.n > 0) {
		pqm_out_lit(app->out, "  ");
		pqm_out_bytes(app->out, pqm_printable(&a, f->from.path));
	}
	if (f->from.line > 0)
		pqm_out_f(app->out, ":%u", f->from.line);
	if (f->left.n > 0) {
		pqm_out_lit(app->out, "  ");
		pqm_out_bytes(app->out, pqm_printable(&a, f->left));
	}
	pqm_out_lit(app->out, "\n");
	pqm_arena_fini(&a);
}

/* Clusters tell what they would be asked, and --follow what it would take up; what else is named would
 * just not be scanned. */
static enum pqm_st prepare_dry_run(struct pqm_scan_run *s, struct pqm_app *app, struct pqm_err *err)
{
	for (size_t i = 0; i < s->targets.n; i++) {
		bool is_cluster = pqm_cluster_is_target(s->targets.name[i]);

		if (!is_cluster && (s->opt.follow == 0 || pqm_scan_is_special(s->targets.name[i])))
			return pqm_fail(err, PQM_EUSAGE,
				"--dry-run %s: is for clusters, and for what --follow takes up",
				s->targets.name[i]);
		if (is_cluster && s->opt.follow != 0)
			pqm_log(PQM_WARN, "follow",
				"%s: what it names is known when it was read; save its objects "
				"(kubectl get -A -o json) to see the list",
				s->targets.name[i]);
	}
	s->cluster.would_ask = print_request;
	s->cluster.ctx = app;
	s->opt.would_follow = print_followed;
	s->opt.follow_ctx = app;
	return PQM_OK;
}

/* --images FILE */
static enum pqm_st add_images(struct pqm_scan_run *s, const struct pqm_args *a, struct pqm_err *err)
{
	enum pqm_st st = PQM_OK;

	for (size_t i = 0; i < a->n_given && st == PQM_OK; i++)
		if (strcmp(a->given[i].opt->name, "images") == 0)
			st = pqm_targets_images(&s->targets, a->given[i].value, err);
	return st;
}

enum pqm_st pqm_scan_run_prepare(
	struct pqm_scan_run *s, struct pqm_app *app, const struct pqm_args *a, struct pqm_err *err)
{
	bool any = false;
	enum pqm_st st = pqm_pipeline_init(&s->p, a, err);

	if (st == PQM_OK)
		st = choose_jobs(&s->opt.jobs, a, err);
	if (st == PQM_OK)
		st = choose_progress(&s->opt.progress, app, a, err);
	if (st == PQM_OK)
		st = choose_render(&s->opt, a, err);
	if (st == PQM_OK)
		st = pqm_follow_options(&s->opt.follow, &s->opt.follow_external, a, err);
	if (st == PQM_OK)
		st = pqm_pipeline_settings(&s->p, a, false, err);
	if (st == PQM_OK)
		st = add_images(s, a, err);
	if (st == PQM_OK)
		st = pqm_targets_expand(&s->targets, a->positional, a->n_positional, err);
	if (st == PQM_OK)
		st = pqm_git_options(&s->git, a, err);
	if (st == PQM_OK)
		st = pqm_net_options(&s->net, a, &s->targets.arena, err);
	if (st == PQM_OK)
		st = pqm_cluster_options(&s->cluster, a, &s->targets.arena, err);
	if (st == PQM_OK)
		st = pqm_image_options(&s->images, a, s->p.mirrors, &s->targets.arena, err);
	if (st == PQM_OK && pqm_arg_has(a, "dry-run"))
		st = prepare_dry_run(s, app, err);
	if (st == PQM_OK)
		st = check_endpoints(s, &any, err);
	if (st == PQM_OK)
		st = pqm_stream_open(&s->stream, app, a, &s->p.rules, err);
	if (st != PQM_OK)
		return st;
	s->p.is_streamed = true;
	/* A scan of files has nothing to keep when it is cut off: the signal ends it. */
	if (any || s->opt.follow != 0)
		s->net.probe.stop = pqm_net_stop_on_signals();
	s->stream.stop = s->net.probe.stop;
	s->net.known = s->stream.known.endpoints;
	s->net.n_known = s->stream.known.n;
	s->cluster.stop = s->net.probe.stop;
	s->images.stop = s->net.probe.stop;
	s->images.deny = s->net.probe.deny;
	if (!pqm_arg_has(a, "dry-run"))
		st = pqm_image_base_options(&s->images, a, &s->targets.arena, err);
	s->opt.cluster = &s->cluster;
	s->opt.images = &s->images;
	s->opt.git = &s->git;
	s->opt.net = &s->net;
	s->opt.on_endpoint = pqm_stream_endpoint;
	if (s->stream.out != NULL)
		s->opt.on_listed = pqm_stream_listed;
	s->opt.known_lists = s->stream.known.lists;
	s->opt.n_known_lists = s->stream.known.n_lists;
	s->opt.ctx = &s->stream;
	return st;
}

/* Only layers of images and files of git repositories are kept: a scan of anything else opens none. */
static void open_cache(struct pqm_scan_run *s, const struct pqm_args *a)
{
	bool any = (s->opt.follow & PQM_FOLLOW_IMAGES) != 0;
	struct pqm_err why = { 0 };
	const char *folder;

	for (size_t i = 0; i < s->targets.n && !any; i++)
		any = pqm_image_reads(s->targets.name[i]) ||
			(pqm_git_is_target(s->targets.name[i]) && !s->git.has_only);
	if (!any || pqm_arg_has(a, "no-cache") || s->cluster.would_ask != NULL)
		return;
	folder = pqm_cache_folder(&s->targets.arena);
	if (folder == NULL)
		(void)pqm_fail(&why, PQM_EUSAGE,
			"neither XDG_CACHE_HOME nor HOME is a folder: "
			"nothing is kept for the next scan");
	else if (pqm_cache_open(&s->cache, folder, PQM_CACHE_BYTES, &why) == PQM_OK)
		s->opt.cache = s->cache;
	if (s->cache == NULL)
		pqm_log(why.st == PQM_EUSAGE ? PQM_INFO : PQM_WARN, "cache", "%s", why.msg);
}

enum pqm_st pqm_scan_run_scan(struct pqm_scan_run *s, const struct pqm_args *a, struct pqm_err *err)
{
	enum pqm_st st;

	open_cache(s, a);
	st = pqm_scan(&s->p.inv, &s->p.rules, s->targets.name, s->targets.n, &s->opt, err);
	if (st == PQM_OK && s->cluster.would_ask == NULL)
		st = pqm_stream_finish(&s->stream, &s->p.inv, err);
	s->p.is_cut_off = pqm_net_signal() != 0;
	return st;
}

void pqm_scan_run_fini(struct pqm_scan_run *s)
{
	pqm_cache_close(s->cache);
	pqm_stream_close(&s->stream);
	pqm_targets_fini(&s->targets);
	pqm_pipeline_fini(&s->p);
}
