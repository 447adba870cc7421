#include "base/num.h"
#include "base/sys.h"
#include "cli/pipeline.h"

struct row {
	const char *name;
	const char *by_default; /* NULL: it is not set */
	bool in_file;		/* .pqmap.yaml may have it, under this name or `key` */
	const char *key;
};

/* Everything that changes what a scan or a gate says. */
static const struct row rows[] = {
	{ "now", NULL, false, NULL },
	{ "curve", "gri2025", true, NULL },
	{ "regime", "none", true, "regimes" },
	{ "capacity", "20", true, NULL },
	{ "start", "the day of the assessment", true, NULL },
	{ "policy", "default", true, NULL },
	{ "baseline", "none", true, NULL },
	{ "fail-on", "error", true, NULL },
	{ "lead-months", "0", true, NULL },
	{ "rules", "built in", false, NULL },
	{ "jobs", NULL, false, NULL },
	{ "bench", "a reference profile", false, NULL },
	{ "trend", "none", false, NULL },
	{ "output", "a table", false, NULL },
	{ "gitignore", "no; yes in a gate", false, NULL },
	{ "fail-on-incomplete", "no", false, NULL },
	{ "no-cache", "no", false, NULL },
	{ "color", "auto", false, NULL },
	{ "progress", "auto", false, NULL },
};

struct printing {
	struct pqm_out *o;
	const struct pqm_args *a;
	const struct pqm_pipeline *p;
	bool is_json;
};

static void put(struct printing *p, const char *name, pqm_bytes value, const char *origin)
{
	if (!p->is_json) {
		pqm_out_f(p->o, "%-20s %-28.*s %s\n", name, PQM_FMT(value), origin);
		return;
	}
	pqm_js_open(p->o, NULL, '{');
	pqm_js_cstr(p->o, "name", name);
	pqm_js_str(p->o, "value", value);
	pqm_js_cstr(p->o, "from", origin);
	pqm_js_close(p->o, '}');
}

/* All values of a repeatable option. */
static bool put_given(struct printing *p, const struct row *r)
{
	bool any = false;

	for (size_t i = 0; i < p->a->n_given; i++) {
		const char *value = p->a->given[i].value;

		if (strcmp(p->a->given[i].opt->name, r->name) != 0)
			continue;
		put(p, r->name, pqm_str(value == NULL ? "yes" : value),
			p->a->given[i].is_env ? "environment" : "command line");
		any = true;
	}
	return any;
}

static bool put_file(struct printing *p, const struct row *r)
{
	const struct pqm_yaml *v = !r->in_file || p->p->config == NULL
		? NULL
		: pqm_yaml_get(p->p->config, r->key != NULL ? r->key : r->name);
	size_t n = v == NULL ? 0 : v->type == PQM_YAML_SEQ ? v->n : 1;
	char from[300];

	for (size_t i = 0; i < n; i++) {
		const struct pqm_yaml *one = v->type == PQM_YAML_SEQ ? v->items[i] : v;

		(void)snprintf(from, sizeof(from), "%.200s:%u", p->p->config_file, one->line);
		put(p, r->name, pqm_yaml_text(one), from);
	}
	return n > 0;
}

static void put_default(struct printing *p, const struct row *r)
{
	char text[32];

	if (strcmp(r->name, "now") == 0) {
		pqm_date_format(text, p->p->inv.now_days);
		put(p, r->name, pqm_str(text), "default: today, UTC");
	} else if (strcmp(r->name, "jobs") == 0) {
		(void)snprintf(text, sizeof(text), "%u", pqm_sys_cpus());
		put(p, r->name, pqm_str(text), "default: the cores this process may use");
	} else if (strcmp(r->name, "rules") == 0) {
		put(p, r->name, pqm_str(p->p->rules.name),
			pqm_starts(pqm_str(p->p->rules.name), PQM_LIT("pqmap "))
				? "default: built in"
				: "imported: `pqmap rules reset` goes back");
	} else {
		put(p, r->name, pqm_str(r->by_default), "default");
	}
}

static enum pqm_st print(struct pqm_app *app, const struct pqm_args *a,
	const struct pqm_pipeline *p, struct pqm_err *err)
{
	struct printing x = { app->out, a, p, pqm_arg_has(a, "json") };

	(void)err;
	if (x.is_json)
		pqm_js_open(x.o, NULL, '[');
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!put_given(&x, &rows[i]) && !put_file(&x, &rows[i]))
			put_default(&x, &rows[i]);
	if (x.is_json)
		pqm_js_close(x.o, ']');
	return PQM_OK;
}

static enum pqm_st run(struct pqm_app *app, const struct pqm_args *a, struct pqm_err *err)
{
	struct pqm_pipeline p;
	enum pqm_st st = pqm_pipeline_init(&p, a, err);

	if (st == PQM_OK)
		st = pqm_pipeline_settings(&p, a, false, err);
	if (st == PQM_OK)
		st = print(app, a, &p, err);
	pqm_pipeline_fini(&p);
	return st;
}

const struct pqm_command pqm_cmd_config = {
	.name = "config",
	.args = "",
	.summary = "Print the settings that a scan or a gate would use, and where each comes from",
	.help = "The command line goes before the environment (PQMAP_FAIL_ON for --fail-on), that "
		"before\n.pqmap.yaml, that before the defaults.",
	.opts =
		(const struct pqm_opt[]){
			{ 0, "json", NULL, "the same, for programs" },
			{ 0, "policy", "NAME|FILE", "of a gate" },
			{ 0, "baseline", "FILE", "of a gate" },
			{ 0, "fail-on", "LEVEL", "of a gate" },
			{ 0, "lead-months", "N", "of a gate" },
			{ 0, "gitignore", "WHEN", "of a scan or a gate" },
			{ 0, NULL, NULL, NULL },
		},
	.takes_scan_opts = true,
	.run = run,
};
