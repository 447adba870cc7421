#include "pipeline.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "base/num.h"
#include "base/slurp.h"
#include "base/sys.h"
#include "cli/curve_option.h"
#include "cli/trend.h"
#include "engine/scan.h"
#include "report/load.h"

enum pqm_st pqm_app_now(int64_t *days, const struct pqm_args *a, struct pqm_err *err)
{
	const char *s = pqm_arg(a, "now");

	*days = pqm_today();
	if (s != NULL && !pqm_date_parse(pqm_str(s), days))
		return pqm_fail(err, PQM_EUSAGE, "--now %s: not a date; write it as 2027-01-31", s);
	if (pqm_date_to_year(*days) < 2020 || pqm_date_to_year(*days) >= 2055)
		return pqm_fail(err, PQM_EUSAGE,
			"--now %s: the arrival curves speak of 2020 to 2054 only",
			s == NULL ? "" : s);
	return PQM_OK;
}

/* Splits "html=report.html"; file NULL means standard output. */
static const struct pqm_writer *writer_of(const char *spec, const char **file, struct pqm_err *err)
{
	const char *eq = strchr(spec, '=');
	pqm_bytes name = { (const uint8_t *)spec, eq != NULL ? (size_t)(eq - spec) : strlen(spec) };
	struct pqm_buf list;

	*file = eq != NULL && strcmp(eq + 1, "-") != 0 ? eq + 1 : NULL;
	for (size_t i = 0; pqm_writers[i] != NULL; i++) {
		if (pqm_eqs(name, pqm_writers[i]->name))
			return pqm_writers[i];
	}
	pqm_buf_init(&list, 4096);
	for (size_t i = 0; pqm_writers[i] != NULL; i++)
		(void)pqm_buf_f(&list, "%s%s", i > 0 ? ", " : "", pqm_writers[i]->name);
	(void)pqm_fail(err, PQM_EUSAGE,
		"-o %s: unknown format; choose from %.*s, as in -o html=report.html", spec,
		PQM_FMT(pqm_buf_bytes(&list)));
	pqm_buf_fini(&list);
	return NULL;
}

/* Does an earlier -o write the same file? */
static bool is_taken(const struct pqm_args *a, size_t before, const char *file)
{
	for (size_t i = 0; i < before; i++) {
		const char *eq = strcmp(a->given[i].opt->name, "output") == 0
			? strchr(a->given[i].value, '=')
			: NULL;

		if (eq != NULL && strcmp(eq + 1, file) == 0)
			return true;
	}
	return false;
}

/* Is the file one of those to read? */
static bool is_input(const struct pqm_args *a, const char *file)
{
	struct stat out, in;

	if (stat(file, &out) != 0 || !S_ISREG(out.st_mode))
		return false;
	for (size_t i = 0; i < a->n_positional; i++)
		if (stat(a->positional[i], &in) == 0 && in.st_dev == out.st_dev &&
			in.st_ino == out.st_ino)
			return true;
	return false;
}

enum pqm_st pqm_pipeline_init(struct pqm_pipeline *p, const struct pqm_args *a, struct pqm_err *err)
{
	const char *file;
	bool stdout_taken = false;

	*p = (struct pqm_pipeline){ 0 };
	pqm_inventory_init(&p->inv);
	pqm_graph_init(&p->graph);
	pqm_assessment_init(&p->assessment);
	pqm_plan_init(&p->plan);
	pqm_practices_init(&p->practices);
	pqm_bench_init(&p->bench);
	for (size_t i = 0; i < a->n_given; i++) {
		if (strcmp(a->given[i].opt->name, "output") != 0)
			continue;
		if (writer_of(a->given[i].value, &file, err) == NULL)
			return PQM_EUSAGE;
		if (file != NULL && *file == '\0')
			return pqm_fail(err, PQM_EUSAGE, "-o %s: the file name is missing",
				a->given[i].value);
		if (file == NULL && stdout_taken)
			return pqm_fail(err, PQM_EUSAGE,
				"two reports for standard output; give one of them a file: -o "
				"FORMAT=FILE");
		stdout_taken = stdout_taken || file == NULL;
		if (file != NULL && is_taken(a, i, file))
			return pqm_fail(err, PQM_EUSAGE, "%s: two reports for one file", file);
		if (file != NULL && is_input(a, file))
			return pqm_fail(err, PQM_EUSAGE,
				"%s: is also a target; a report would overwrite it", file);
	}
	file = pqm_arg(a, "trend");
	if (file != NULL && (is_taken(a, a->n_given, file) || is_input(a, file)))
		return pqm_fail(err, PQM_EUSAGE, "--trend %s: is another file of this run", file);
	return pqm_app_rules(&p->rules, a, err);
}

void pqm_pipeline_fini(struct pqm_pipeline *p)
{
	pqm_arena_fini(&p->trend.arena);
	pqm_bench_fini(&p->bench);
	pqm_practices_fini(&p->practices);
	pqm_plan_fini(&p->plan);
	pqm_assessment_fini(&p->assessment);
	pqm_graph_fini(&p->graph);
	pqm_inventory_fini(&p->inv);
	pqm_rules_fini(&p->rules);
}

enum pqm_st pqm_bench_open(struct pqm_bench *b, const struct pqm_rules *r, const char *path,
	const char *impl, struct pqm_err *err)
{
	struct pqm_slurp file = {
		.path = path, .limit = PQM_RULE_FILE_BYTES, .refusal = PQM_EUSAGE
	};
	struct pqm_arena arena;
	pqm_bytes text;
	enum pqm_st st;

	if (path == NULL && impl != NULL)
		return pqm_fail(err, PQM_EUSAGE,
			"--impl %s: give a bench file; the reference profile has one row each",
			impl);
	if (path == NULL)
		return pqm_bench_reference(b, r, err);
	pqm_arena_init(&arena, 2 * PQM_RULE_FILE_BYTES);
	st = pqm_slurp(&text, &file, &arena, err);
	if (st == PQM_OK)
		st = pqm_bench_load(b, text, path, pqm_str(impl), err);
	pqm_arena_fini(&arena);
	return st;
}

struct settings {
	struct pqm_pipeline *p;
	pqm_bytes file;
	const struct pqm_yaml *regimes;
	pqm_bytes curve;
	bool is_named; /* the config file: by the user, not by being here */
};

static enum pqm_st read_config_keys(
	struct settings *s, const struct pqm_yaml *root, struct pqm_err *err)
{
	static const char *const known[] = { "pqmap", "assets", "regimes", "curve", "capacity",
		"start", "currency", "defaults", "owner", "target", "mirrors", "policy", "ignore",
		"baseline", "fail-on", "lead-months" };

	if (root->type != PQM_YAML_MAP)
		return pqm_fail(err, PQM_EUSAGE, "%.*s:%u: settings are a mapping",
			PQM_FMT(s->file), root->line);
	for (size_t i = 0; i < root->n; i++) {
		pqm_bytes key = root->keys[i]->text;
		const char *near = known[0];
		bool ok = false;

		for (size_t k = 0; k < sizeof(known) / sizeof(known[0]); k++) {
			ok = ok || pqm_eqs(key, known[k]);
			if (pqm_distance(key, pqm_str(known[k])) < pqm_distance(key, pqm_str(near)))
				near = known[k];
		}
		if (!ok)
			return pqm_fail(err, PQM_EUSAGE,
				"%.*s:%u: unknown setting '%.*s'; the nearest is %s",
				PQM_FMT(s->file), root->keys[i]->line, PQM_FMT(key), near);
	}
	s->p->config = root;
	s->regimes = pqm_yaml_get(root, "regimes");
	s->curve = pqm_bytes_dup(&s->p->inv.arena, pqm_yaml_str(root, "curve"));
	if (pqm_yaml_get(root, "capacity") != NULL &&
		(!pqm_yaml_f64(root, "capacity", &s->p->inv.capacity) || s->p->inv.capacity <= 0 ||
			s->p->inv.capacity > PQM_CAPACITY_MAX))
		return pqm_fail(err, PQM_EUSAGE,
			"%.*s:%u: capacity is person-days a month, above 0", PQM_FMT(s->file),
			pqm_yaml_get(root, "capacity")->line);
	if (pqm_yaml_get(root, "start") != NULL &&
		!pqm_date_parse(pqm_yaml_str(root, "start"), &s->p->inv.plan_start_days))
		return pqm_fail(err, PQM_EUSAGE, "%.*s:%u: start is a date: 2027-01-31",
			PQM_FMT(s->file), pqm_yaml_get(root, "start")->line);
	s->p->mirrors = pqm_yaml_get(root, "mirrors");
	/* A file that came with what is scanned must not say whom we contact. */
	if (s->p->mirrors != NULL && (!s->is_named || s->p->mirrors->type != PQM_YAML_MAP))
		return pqm_fail(err, PQM_EUSAGE,
			"%.*s:%u: mirrors are a mapping, registry to mirror, in a file that "
			"--config names",
			PQM_FMT(s->file), s->p->mirrors->line);
	return PQM_OK;
}

static enum pqm_st read_config(
	struct settings *s, const char *path, bool is_named, struct pqm_err *err)
{
	struct pqm_slurp file = {
		.path = path, .limit = PQM_RULE_FILE_BYTES, .refusal = PQM_EUSAGE
	};
	const struct pqm_yaml *root;
	struct pqm_err why = { 0 };
	pqm_bytes text;
	enum pqm_st st = pqm_slurp(&text, &file, &s->p->inv.arena, err);

	s->file = pqm_str(path);
	s->p->config_file = path;
	s->is_named = is_named;
	if (st != PQM_OK)
		return !is_named && file.errnum == ENOENT ? PQM_OK : st;
	if (pqm_yaml_one(&root, text, &s->p->inv.arena, &why) != PQM_OK)
		return pqm_fail(err, PQM_EUSAGE, "%s:%s", path, why.msg);
	return read_config_keys(s, root, err);
}

static bool regime_exists(const struct pqm_rules *r, pqm_bytes name)
{
	const struct pqm_rule *rule;
	size_t i = 0;

	while ((rule = pqm_rules_next(r, "deadlines.yaml", &i)) != NULL)
		if (pqm_eq(pqm_yaml_str(rule->node, "regime"), name))
			return true;
	return false;
}

/* The regime that is written most like it, when at most half of it has to change; else empty. */
static pqm_bytes nearest_regime(const struct pqm_rules *r, pqm_bytes name)
{
	const struct pqm_rule *rule;
	pqm_bytes best = { NULL, 0 };
	size_t i = 0, least = name.n / 2 + 1;

	while ((rule = pqm_rules_next(r, "deadlines.yaml", &i)) != NULL) {
		pqm_bytes one = pqm_yaml_str(rule->node, "regime");
		size_t d = pqm_distance(name, one);

		if (d >= least)
			continue;
		least = d;
		best = one;
	}
	return best;
}

static enum pqm_st add_regime(
	struct pqm_pipeline *p, pqm_bytes name, size_t *cap, struct pqm_err *err)
{
	pqm_bytes *list = (pqm_bytes *)(uintptr_t)p->inv.regimes;

	if (!regime_exists(&p->rules, name)) {
		pqm_bytes near = nearest_regime(&p->rules, name);

		return pqm_fail(err, PQM_EUSAGE,
			"regime '%.*s' is unknown%s%.*s; `pqmap rules list deadline` names them",
			PQM_FMT(name), near.n > 0 ? "; the nearest is " : "", PQM_FMT(near));
	}
	for (size_t i = 0; i < p->inv.n_regimes; i++)
		if (pqm_eq(list[i], name))
			return PQM_OK;
	list = pqm_grow(&p->inv.arena, list, p->inv.n_regimes, cap);
	if (list == NULL)
		return pqm_fail(err, PQM_ENOMEM, "out of memory");
	list[p->inv.n_regimes++] = pqm_bytes_dup(&p->inv.arena, name);
	p->inv.regimes = list;
	return PQM_OK;
}

static int by_bytes(const void *a, const void *b)
{
	return pqm_cmp(*(const pqm_bytes *)a, *(const pqm_bytes *)b);
}

/* Regimes of the command line, else of the config file; several in one value by comma. */
static enum pqm_st set_regimes(struct pqm_pipeline *p, const struct pqm_args *a,
	const struct pqm_yaml *config, struct pqm_err *err)
{
	size_t cap = 0;
	enum pqm_st st = PQM_OK;

	if (!pqm_arg_has(a, "regime") && config == NULL)
		return PQM_OK;
	p->inv.regimes = NULL;
	p->inv.n_regimes = 0;
	for (size_t i = 0; i < a->n_given && st == PQM_OK; i++) {
		pqm_bytes rest = pqm_str(a->given[i].value), one;

		if (strcmp(a->given[i].opt->name, "regime") == 0)
			while (st == PQM_OK && pqm_split(&rest, ',', &one))
				st = add_regime(p, pqm_trim(one), &cap, err);
	}
	if (!pqm_arg_has(a, "regime"))
		for (size_t i = 0; config != NULL && i < config->n && st == PQM_OK; i++)
			st = add_regime(p, pqm_yaml_text(config->items[i]), &cap, err);
	if (st == PQM_OK && p->inv.n_regimes > 1)
		qsort((void *)(uintptr_t)p->inv.regimes, p->inv.n_regimes, sizeof(pqm_bytes),
			by_bytes);
	return st;
}

static enum pqm_st set_numbers(
	struct pqm_pipeline *p, const struct pqm_args *a, struct pqm_err *err)
{
	const char *capacity = pqm_arg(a, "capacity"), *start = pqm_arg(a, "start");
	const char *what_if = pqm_arg(a, "what-if");

	if (capacity != NULL &&
		(!pqm_f64_parse(pqm_str(capacity), &p->inv.capacity) || p->inv.capacity <= 0 ||
			p->inv.capacity > PQM_CAPACITY_MAX))
		return pqm_fail(err, PQM_EUSAGE,
			"--capacity %s: give person-days a month, above 0 and at most %.0f",
			capacity, (double)PQM_CAPACITY_MAX);
	if (start != NULL && !pqm_date_parse(pqm_str(start), &p->inv.plan_start_days))
		return pqm_fail(
			err, PQM_EUSAGE, "--start %s: not a date; write it as 2027-01-31", start);
	if (what_if != NULL)
		p->what_if = pqm_str(what_if);
	return PQM_OK;
}

static enum pqm_st starts_in_the_past(const struct pqm_pipeline *p, struct pqm_err *err)
{
	char start[16], now[16];

	pqm_date_format(start, p->inv.plan_start_days);
	pqm_date_format(now, p->inv.now_days);
	return pqm_fail(err, PQM_EUSAGE,
		"the plan cannot start at %s, before %s: give --start that day or a later one, or "
		"an earlier --now",
		start, now);
}

/* said: NUL-terminated, or empty: what a saved inventory says stays. */
static enum pqm_st set_curve(struct pqm_pipeline *p, pqm_bytes said, struct pqm_err *err)
{
	struct pqm_curve_choice c = { p->inv.curve, p->inv.house };
	enum pqm_st st = PQM_OK;

	if (said.n > 0)
		st = pqm_curve_choose(&c, &p->rules, (const char *)said.p, &p->inv.arena, err);
	else if (c.house != NULL)
		st = pqm_curve_is_own(c.house, &p->rules, "the inventory's house curve", err);
	p->inv.curve = c.id;
	p->inv.house = c.house;
	return st;
}

enum pqm_st pqm_pipeline_settings(
	struct pqm_pipeline *p, const struct pqm_args *a, bool is_loaded, struct pqm_err *err)
{
	const char *config = pqm_arg(a, "config"), *curve = pqm_arg(a, "curve");
	struct settings s = { .p = p };
	enum pqm_st st = PQM_OK;

	if (config != NULL || !is_loaded)
		st = read_config(&s, config != NULL ? config : ".pqmap.yaml", config != NULL, err);
	if (st == PQM_OK)
		st = set_regimes(p, a, s.regimes, err);
	if (st == PQM_OK)
		st = set_numbers(p, a, err);
	if (st == PQM_OK && (!is_loaded || pqm_arg_has(a, "now")))
		st = pqm_app_now(&p->inv.now_days, a, err);
	if (st == PQM_OK && p->inv.plan_start_days != 0 && p->inv.plan_start_days < p->inv.now_days)
		st = starts_in_the_past(p, err);
	if (st == PQM_OK)
		st = set_curve(p, curve != NULL ? pqm_str(curve) : s.curve, err);
	if (st == PQM_OK)
		st = pqm_bench_open(&p->bench, &p->rules, pqm_arg(a, "bench"), NULL, err);
	if (!is_loaded) {
		p->inv.tool_version = PQM_LIT(PQM_VERSION);
		p->inv.rules_version = pqm_str(p->rules.version);
		p->inv.rules_name = pqm_str(p->rules.name);
	}
	return st;
}

enum pqm_st pqm_pipeline_assess(struct pqm_pipeline *p, struct pqm_err *err)
{
	enum pqm_st st = pqm_graph_build(&p->graph, &p->rules, &p->inv, err);
	struct pqm_assess_options opt = {
		.now_days = p->inv.now_days,
		.curve = p->inv.curve,
		.house = p->inv.house,
		.regimes = p->inv.regimes,
		.n_regimes = p->inv.n_regimes,
		.capacity = p->inv.capacity > 0 ? p->inv.capacity : PQM_DEFAULT_CAPACITY,
		.start_days =
			p->inv.plan_start_days == 0 ? p->inv.now_days : p->inv.plan_start_days,
		.what_if = p->what_if,
		.bench = &p->bench,
		.practices = &p->practices,
	};

	/* What building needed lies between what it made. */
	pqm_malloc_trim();
	if (st == PQM_OK)
		st = pqm_practices_build(&p->practices, &p->rules, &p->inv, &p->graph, err);
	if (st == PQM_OK)
		st = pqm_assess(&p->assessment, &p->plan, &p->rules, &p->inv, &p->graph, &opt, err);
	if (st == PQM_OK)
		p->plan.bench = pqm_bench_words(&p->bench, &p->plan.arena);
	pqm_malloc_trim();
	return st;
}

static enum pqm_st write_one(
	const struct pqm_report *r, const char *spec, struct pqm_out *out, struct pqm_err *err)
{
	const char *file;
	const struct pqm_writer *w = writer_of(spec, &file, err);
	struct pqm_out o;
	enum pqm_st st;

	if (w == NULL)
		return PQM_EUSAGE;
	if (file == NULL)
		return w->write(r, out, err);
	st = pqm_out_file(&o, file, err);
	if (st != PQM_OK)
		return st;
	st = w->write(r, &o, err);
	if (st != PQM_OK) {
		pqm_out_abort(&o);
		return st;
	}
	return pqm_out_close(&o, err);
}

static enum pqm_st write_reports(
	struct pqm_pipeline *p, struct pqm_app *app, const struct pqm_args *a, struct pqm_err *err)
{
	const char *names[PQM_ARGS_MAX + 1] = { NULL };
	bool stdout_taken = app->quiet;
	size_t n = 0;
	enum pqm_st st = PQM_OK;

	p->report = (struct pqm_report){
		.rules = &p->rules,
		.inv = &p->inv,
		.graph = &p->graph,
		.assessment = &p->assessment,
		.plan = &p->plan,
		.practices = &p->practices,
		.trend = p->trend.n_runs > 0 ? &p->trend : NULL,
		.expand_stores = pqm_arg_has(a, "expand-trust-stores"),
		.templates = pqm_arg(a, "templates"),
		.show_hops = pqm_arg_has(a, "verbose"),
		.gate = p->gate,
	};
	for (size_t i = 0; i < a->n_given && st == PQM_OK; i++) {
		const char *file;

		if (strcmp(a->given[i].opt->name, "output") != 0)
			continue;
		const struct pqm_writer *w = writer_of(a->given[i].value, &file, err);

		stdout_taken = stdout_taken || file == NULL;
		if (!p->is_streamed || w == NULL || strcmp(w->name, "jsonl") != 0)
			st = write_one(&p->report, a->given[i].value, app->out, err);
		if (file != NULL)
			names[n++] = file;
	}
	if (st != PQM_OK || stdout_taken || p->gate != NULL)
		return st;
	p->report.color = app->color;
	p->report.files = names;
	p->report.elapsed_ns = app->started_ns == 0 ? 0 : pqm_now_ns() - app->started_ns;
	p->report.peak_rss_bytes = pqm_sys_peak_rss();
	return write_one(&p->report, "table", app->out, err);
}

/* A history that cannot be had costs none of the reports; the failure is told behind them. */
enum pqm_st pqm_pipeline_write(
	struct pqm_pipeline *p, struct pqm_app *app, const struct pqm_args *a, struct pqm_err *err)
{
	const char *history = pqm_arg(a, "trend");
	struct pqm_err why = { 0 };
	enum pqm_st st, added = PQM_OK;

	if (history != NULL && p->is_cut_off)
		pqm_log(PQM_WARN, "trend", "%s: a run that was cut off is not added", history);
	else if (history != NULL)
		added = pqm_trend_append(
			&p->trend, history, &p->inv, &p->assessment, &p->plan, &why);
	if (added != PQM_OK)
		p->trend.n_runs = 0;
	st = write_reports(p, app, a, err);
	return st == PQM_OK && added != PQM_OK ? pqm_fail(err, added, "%s", why.msg) : st;
}

enum pqm_st pqm_pipeline_load(
	struct pqm_pipeline *p, const struct pqm_args *a, const char *command, struct pqm_err *err)
{
	enum pqm_st st = pqm_pipeline_init(p, a, err);

	if (st == PQM_OK && a->n_positional == 0)
		st = pqm_fail(err, PQM_EUSAGE,
			"name a saved inventory: `pqmap scan . -o json=a.json`, then `pqmap %s "
			"a.json`",
			command);
	for (size_t i = 0; i < a->n_positional && st == PQM_OK; i++)
		st = pqm_inventory_load(&p->inv, a->positional[i], err);
	if (st == PQM_OK)
		st = pqm_inventory_seal(&p->inv, &p->rules, err);
	if (st == PQM_OK)
		st = pqm_pipeline_settings(p, a, true, err);
	return st == PQM_OK ? pqm_pipeline_assess(p, err) : st;
}
