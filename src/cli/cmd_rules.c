/* rules list · show · check: what can be detected and why; checks rules on their own samples. */
#include "base/num.h"
#include "cli/hybio.h"
#include "cli/pipeline.h"
#include "cli/rulecheck.h"
#include "cli/rules_bundle.h"
#include "rules/grades.h"

/* How a rule's id can have what was asked for: all of them, at its begin, or as a part between dots. */
enum match { ALL, BEGIN, PART };

static bool is_listed(const struct pqm_rule *rule, const char *what, enum match match)
{
	pqm_bytes rest = rule->id, part;

	if (match == ALL)
		return true;
	if (match == BEGIN)
		return pqm_starts(rule->id, pqm_str(what));
	while (pqm_split(&rest, '.', &part))
		if (pqm_eqs(part, what))
			return true;
	return false;
}

/* "curve" begins no id; it is a part of "risk.curve.gri2025". */
static enum match match_of(const struct pqm_rules *r, const char *what /* may be NULL */)
{
	const struct pqm_rule *all = pqm_rules_all(r);

	for (size_t i = 0; what != NULL && i < r->n; i++)
		if (is_listed(&all[i], what, BEGIN))
			return BEGIN;
	return what == NULL ? ALL : PART;
}

static enum pqm_st list(struct pqm_app *app, const struct pqm_rules *r, const char *prefix)
{
	const struct pqm_rule *all = pqm_rules_all(r);
	enum match match = match_of(r, prefix);
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++) {
		const struct pqm_rule *rule = &all[i];

		if (!is_listed(rule, prefix, match))
			continue;
		pqm_bytes why = pqm_yaml_str(rule->node, "why");
		pqm_bytes regime = pqm_yaml_str(rule->node, "regime");

		if (regime.n > 0)
			pqm_out_f(app->out, "%-34.*s  %-18.*s  %.*s\n", PQM_FMT(rule->id),
				PQM_FMT(regime), PQM_FMT(why));
		else
			pqm_out_f(app->out, "%-34.*s  %.*s\n", PQM_FMT(rule->id), PQM_FMT(why));
		n++;
	}
	if (n == 0)
		return pqm_fail(app->err, PQM_EUSAGE,
			"no rule id starts with '%s', or has it as a part; `pqmap rules list` "
			"shows all",
			prefix);
	return PQM_OK;
}

static void show_node(struct pqm_out *o, const struct pqm_yaml *n, unsigned depth)
{
	switch (n->type) {
	case PQM_YAML_SCALAR:
		pqm_out_f(o, "%.*s", PQM_FMT(n->text));
		return;
	case PQM_YAML_SEQ:
		for (size_t i = 0; i < n->n; i++) {
			if (n->items[i]->type == PQM_YAML_SCALAR) {
				pqm_out_f(
					o, "%s%.*s", i > 0 ? ", " : "", PQM_FMT(n->items[i]->text));
				continue;
			}
			pqm_out_f(o, "\n%*s", (int)(2 * depth), "");
			show_node(o, n->items[i], depth + 1);
		}
		return;
	case PQM_YAML_MAP:
		for (size_t i = 0; i < n->n; i++) {
			pqm_out_f(o, "%s%.*s ", i > 0 ? "  " : "", PQM_FMT(n->keys[i]->text));
			show_node(o, n->items[i], depth + 1);
		}
		return;
	}
}

/* grade may be NULL. */
static void show_rule(struct pqm_out *o, const struct pqm_rule *rule, const struct pqm_rule *grade)
{
	for (size_t i = 0; i < rule->node->n; i++) {
		pqm_out_f(o, "%-14.*s", PQM_FMT(rule->node->keys[i]->text));
		show_node(o, rule->node->items[i], 1);
		pqm_out_lit(o, "\n");
	}
	if (grade != NULL)
		pqm_out_f(o, "%-14s%.*s; %.*s\n", "grade",
			PQM_FMT(pqm_yaml_str(grade->node, "grade")),
			PQM_FMT(pqm_yaml_str(grade->node, "raise")));
	pqm_out_f(o, "%-14srules/%.*s:%u\n", "from", PQM_FMT(rule->file), rule->node->line);
}

/* "gri2025" is the end of one id only. */
static const struct pqm_rule *by_last_part(const struct pqm_rules *r, pqm_bytes what)
{
	const struct pqm_rule *all = pqm_rules_all(r), *found = NULL;

	for (size_t i = 0; i < r->n; i++) {
		pqm_bytes id = all[i].id;

		if (what.n == 0 || id.n <= what.n || id.p[id.n - what.n - 1] != '.' ||
			!pqm_ends(id, what))
			continue;
		if (found != NULL)
			return NULL;
		found = &all[i];
	}
	return found;
}

/* By id, by family or any name of an algorithm, by OID, by the end of an id, or by an earlier id. */
static const struct pqm_rule *look_up(const struct pqm_rules *r, const char *what)
{
	const struct pqm_rule *rule = pqm_rules_get(r, pqm_str(what));
	const struct pqm_alg_ref *ref;

	if (rule != NULL)
		return rule;
	ref = pqm_alg_by_name(r, pqm_str(what));
	if (ref == NULL)
		ref = pqm_alg_by_oid(r, pqm_str(what));
	if (ref == NULL)
		rule = by_last_part(r, pqm_str(what));
	if (ref == NULL && rule == NULL && what[0] != '\0')
		rule = pqm_rules_once(r, pqm_str(what));
	return ref != NULL ? ref->alg->rule : rule;
}

static enum pqm_st show(struct pqm_app *app, const struct pqm_rules *r, const char *what)
{
	const struct pqm_rule *rule = look_up(r, what);

	if (rule == NULL)
		return pqm_fail(app->err, PQM_EUSAGE,
			"no rule or algorithm is called '%s'; `pqmap rules list` shows the ids",
			what);
	show_rule(app->out, rule, pqm_grade_of(r, rule->id));
	return PQM_OK;
}

static void js_node(struct pqm_out *o, const char *key, const struct pqm_yaml *n)
{
	char name[128];

	switch (n->type) {
	case PQM_YAML_SCALAR:
		pqm_js_str(o, key, n->text);
		return;
	case PQM_YAML_SEQ:
		pqm_js_open(o, key, '[');
		for (size_t i = 0; i < n->n; i++)
			js_node(o, NULL, n->items[i]);
		pqm_js_close(o, ']');
		return;
	case PQM_YAML_MAP:
		pqm_js_open(o, key, '{');
		for (size_t i = 0; i < n->n; i++) {
			(void)snprintf(name, sizeof(name), "%.*s", PQM_FMT(n->keys[i]->text));
			js_node(o, name, n->items[i]);
		}
		pqm_js_close(o, '}');
		return;
	}
}

/* A rule with its grade. */
static void js_rule(struct pqm_out *o, const struct pqm_rules *r, const struct pqm_rule *rule)
{
	const struct pqm_rule *grade = pqm_grade_of(r, rule->id);
	char name[128];

	pqm_js_open(o, NULL, '{');
	for (size_t i = 0; i < rule->node->n; i++) {
		(void)snprintf(name, sizeof(name), "%.*s", PQM_FMT(rule->node->keys[i]->text));
		js_node(o, name, rule->node->items[i]);
	}
	if (grade != NULL) {
		pqm_js_str(o, "grade", pqm_yaml_str(grade->node, "grade"));
		pqm_js_str(o, "raise", pqm_yaml_str(grade->node, "raise"));
	}
	pqm_js_close(o, '}');
}

static enum pqm_st write_json(struct pqm_app *app, const struct pqm_rules *r, const char *prefix)
{
	const struct pqm_rule *all = pqm_rules_all(r);
	enum match match = match_of(r, prefix);

	pqm_js_open(app->out, NULL, '{');
	pqm_js_cstr(app->out, "version", r->version);
	pqm_js_open(app->out, "rules", '[');
	for (size_t i = 0; i < r->n; i++)
		if (is_listed(&all[i], prefix, match))
			js_rule(app->out, r, &all[i]);
	pqm_js_close(app->out, ']');
	pqm_js_close(app->out, '}');
	return PQM_OK;
}

static enum pqm_st run(struct pqm_app *app, const struct pqm_args *a, struct pqm_err *err)
{
	const char *verb = a->n_positional > 0 ? a->positional[0] : "list";
	const char *what = a->n_positional > 1 ? a->positional[1] : NULL;
	const char *format = pqm_arg(a, "output");
	struct pqm_rules r;
	enum pqm_st st;

	if (strcmp(verb, "check") == 0)
		return what == NULL
			? pqm_fail(err, PQM_EUSAGE, "name the folder: `pqmap rules check DIR`")
			: pqm_rulecheck(app->out, what, pqm_arg(a, "fixtures"), err);
	if (strcmp(verb, "import") == 0 || strcmp(verb, "export") == 0) {
		if (what == NULL)
			return pqm_fail(
				err, PQM_EUSAGE, "name the file: `pqmap rules %s FILE`", verb);
		return verb[0] == 'i' ? pqm_rules_import(app, a, what, err)
				      : pqm_rules_export(app, a, what, err);
	}
	if (strcmp(verb, "reset") == 0 && what == NULL)
		return pqm_rules_reset(app, err);
	if (format != NULL && strcmp(format, "json") != 0)
		return pqm_fail(err, PQM_EUSAGE, "-o %s: `pqmap rules` writes json only", format);
	st = pqm_app_rules(&r, a, err);
	if (st != PQM_OK)
		return st;
	if (strcmp(verb, "list") == 0)
		st = format != NULL ? write_json(app, &r, what) : list(app, &r, what);
	else if (strcmp(verb, "show") == 0 && what != NULL)
		st = format != NULL && look_up(&r, what) != NULL
			? write_json(app, &r, (const char *)look_up(&r, what)->id.p)
			: show(app, &r, what);
	else
		st = pqm_fail(err, PQM_EUSAGE,
			"say `pqmap rules list [PREFIX]`, `rules show ID`, `rules check DIR`, "
			"`rules import FILE`, `rules export FILE` or `rules reset`");
	pqm_rules_fini(&r);
	return st;
}

const struct pqm_command pqm_cmd_rules = {
	.name = "rules",
	.args = "list [PREFIX] | show ID | check DIR | export FILE | import FILE | reset",
	.summary = "Say what can be detected and why; check, carry and import rules",
	.help = "show takes a rule id or its last part, an algorithm family or any of its names, "
		"or "
		"an OID:\n"
		"  pqmap rules show RSA        pqmap rules show 2.16.840.1.101.3.4.3.18\n"
		"  pqmap rules show gri2025    pqmap rules list curve\n"
		"check runs every rule on its own `hit:` and `miss:` samples.\n\n"
		"export makes one file of a folder of rules and the samples that they name; "
		"`pqmap sign` signs it.\n"
		"import takes such a file from then on, in $XDG_DATA_HOME/pqmap/rules.tar, when "
		"one "
		"of the keys\n"
		"that you trust signed it: --key, else *.pub in $XDG_CONFIG_HOME/pqmap/trusted. "
		"Refused are a\n"
		"bad signature, an older version than the one in force, rules that fail on their "
		"samples, and\n"
		"those for a newer pqmap. reset goes back to the rules of the program.\n"
		"  pqmap rules export acme.tar --rules rules --name acme --release 2026.11\n"
		"  pqmap sign --key acme.key --out acme.tar.sig acme.tar\n"
		"  pqmap rules import acme.tar --key acme.pub\n\n"
		"exit codes of import: 0 in force, 1 refused, 2 usage, 3 a file could not be read",
	.opts =
		(const struct pqm_opt[]){
			{ 'o', "output", "json", "machine-readable" },
			{ 0, "fixtures", "DIR",
				"where sample files of hit: and miss: are (default: fixtures/ "
				"beside DIR)" },
			{ 0, "key", "KEY.pub", "import: a key that may sign; repeatable" },
			{ 0, "signature", "FILE", "import: the signature (default: FILE.sig)" },
			{ 0, "allow-older", NULL,
				"import: take an older version, or another rule set, too" },
			{ 0, "name", "NAME", "export: of the rule set" },
			{ 0, "release", "VERSION", "export: its version, as 2026.11" },
			{ 0, "requires", "VERSION",
				"export: the oldest pqmap that reads it (default: this one)" },
			{ 0, "now", "DATE", "export: its date (default: today, UTC)" },
			HYBIO_OPT_FORCE,
			{ 0, NULL, NULL, NULL },
		},
	.run = run,
};
