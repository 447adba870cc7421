#include "rulecheck.h"

#include <math.h>
#include <unistd.h>

#include "assess/perf.h"
#include "assess/run.h"
#include "assess/tasks.h"
#include "assess/sensitivity.h"
#include "assess/threats.h"
#include "base/num.h"
#include "cli/practice_check.h"
#include "cli/probe_advice.h"
#include "detect/conf.h"
#include "detect/deps.h"
#include "detect/elf_look.h"
#include "detect/endpoint.h"
#include "detect/k8s.h"
#include "detect/packages.h"
#include "detect/pyapi.h"
#include "detect/signature.h"
#include "detect/source.h"
#include "engine/scan.h"
#include "gate/policy.h"
#include "report/cyclonedx.h"
#include "rules/ai.h"
#include "rules/java.h"
#include "rules/golang.h"
#include "rules/grades.h"
#include "rules/libs.h"
#include "rules/rust.h"
#include "rules/native.h"
#include "rules/sampler.h"
#include "rules/wire.h"

struct checker {
	struct pqm_out *o;
	const struct pqm_rules *r;
	const char *fixtures;
	struct pqm_err *err;
	size_t n_samples, n_bad, n_rules;
};

/* Does the sample belong to the rule? */
typedef bool (*sample_fn)(struct checker *c, const struct pqm_rule *rule, pqm_bytes sample);

static bool is_algorithm(struct checker *c, const struct pqm_rule *rule, pqm_bytes sample)
{
	const struct pqm_alg_ref *ref = pqm_alg_by_oid(c->r, sample);

	if (ref == NULL)
		ref = pqm_alg_by_name(c->r, sample);
	return ref != NULL && ref->alg->rule == rule;
}

/* "144 certificates, 140 authorities" */
static bool is_store(struct checker *c, const struct pqm_rule *rule, pqm_bytes sample)
{
	const struct pqm_yaml *paths = pqm_yaml_get(rule->node, "paths");
	uint64_t n = 0, ca = 0, min;
	double share;
	pqm_bytes rest = sample, word, comma;

	(void)c;
	for (size_t i = 0; paths != NULL && i < paths->n; i++)
		if (pqm_glob(pqm_yaml_text(paths->items[i]), sample))
			return true;
	if (paths != NULL || !pqm_yaml_u64(rule->node, "min_certs", &min) ||
		!pqm_yaml_f64(rule->node, "min_ca_share", &share))
		return false;
	if (!pqm_split(&rest, ' ', &word) || !pqm_u64_parse(word, 100000, &n) ||
		!pqm_split(&rest, ',', &comma) || !pqm_split(&rest, ' ', &word) ||
		!pqm_split(&rest, ' ', &word) || !pqm_u64_parse(word, 100000, &ca))
		return false;
	return n >= min && (double)ca >= share * (double)n;
}

/* "RSA sig = RSASSA-PKCS1", "curve P-256 = nist/P-256" */
static bool is_cyclonedx(struct checker *c, const struct pqm_rule *rule, pqm_bytes sample)
{
	size_t eq = pqm_find(sample, 0, PQM_LIT(" = "));
	pqm_bytes left = pqm_sub(sample, 0, eq == SIZE_MAX ? sample.n : eq), family, name;
	pqm_bytes want = eq == SIZE_MAX ? left : pqm_sub(sample, eq + 3, sample.n);
	enum pqm_function function = PQM_FN_ANY;

	(void)rule;
	if (pqm_starts(left, PQM_LIT("curve "))) {
		name = pqm_cyclonedx_curve(c->r, PQM_LIT("EC"), pqm_sub(left, 6, left.n));
	} else {
		if (!pqm_split(&left, ' ', &family) || !pqm_function_parse(left, &function))
			return false;
		name = pqm_cyclonedx_family(c->r, family, function);
	}
	return name.n > 0 && pqm_eq(name, want);
}

static bool is_policy(struct checker *c, const struct pqm_rule *rule, pqm_bytes sample)
{
	(void)c;
	return pqm_policy_sample(rule, sample);
}

static bool params_for(struct checker *c, pqm_bytes curve, struct pqm_risk_params *p)
{
	struct pqm_err why;

	return pqm_risk_params_load(p, c->r, curve, &why) == PQM_OK;
}

static bool scenario_of(pqm_bytes name, enum pqm_scenario *out)
{
	for (unsigned s = 0; s < PQM_N_SCENARIOS; s++)
		if (pqm_eqs(name, pqm_scenario_name((enum pqm_scenario)s))) {
			*out = (enum pqm_scenario)s;
			return true;
		}
	return false;
}

/* "2027.0 central 0.03" */
static bool is_on_curve(struct checker *c, const struct pqm_rule *rule, pqm_bytes sample)
{
	static struct pqm_risk_params p; /* large; the checker is single-threaded */
	pqm_bytes curve = pqm_yaml_str(rule->node, "curve"), rest = sample, year, name, value;
	enum pqm_scenario s;
	double t, f;

	if (pqm_yaml_get(rule->node, "slow") == NULL)
		curve = (pqm_bytes){ NULL, 0 }; /* the stress rule bends the recommended curve */
	return params_for(c, curve, &p) && pqm_split(&rest, ' ', &year) &&
		pqm_split(&rest, ' ', &name) && pqm_split(&rest, ' ', &value) &&
		pqm_f64_parse(year, &t) && pqm_f64_parse(value, &f) && scenario_of(name, &s) &&
		fabs(pqm_risk_f(&p, s, t) - f) < 5e-5;
}

static bool is_listed(const struct pqm_yaml *list, pqm_bytes word)
{
	for (size_t i = 0; list != NULL && i < list->n; i++)
		if (pqm_ieq(pqm_yaml_text(list->items[i]), word))
			return true;
	return false;
}

/* Risk class of a parameter set or other name; empty: not in the catalogue. */
static pqm_bytes class_of(const struct pqm_rules *r, pqm_bytes name)
{
	const struct pqm_alg_ref *ref = pqm_alg_by_name(r, name);

	if (ref == NULL)
		return (pqm_bytes){ NULL, 0 };
	for (size_t i = 0; i < ref->alg->n_sets; i++)
		if (pqm_ieq(ref->alg->sets[i].name, name))
			return ref->alg->sets[i].risk_class;
	return pqm_alg_risk_class(r, ref->alg->family, ref->parameter, 0);
}

static bool is_of_class(struct checker *c, const struct pqm_rule *rule, pqm_bytes sample)
{
	pqm_bytes class = class_of(c->r, sample), want = pqm_yaml_str(rule->node, "class");

	if (class.n == 0) /* nothing at all protects it */
		return pqm_eqs(want, "NONE") &&
			pqm_find(pqm_yaml_str(rule->node, "covers"), 0, sample) != SIZE_MAX;
	return pqm_eq(class, want);
}

/* The letter must be this rule's, and the assessor must read this rule's value for it. */
static bool is_letter(struct checker *c, const struct pqm_rule *rule, pqm_bytes sample)
{
	static struct pqm_risk_params p;
	const struct pqm_risk_letter *list = p.harvest;
	size_t n;
	double central;

	if (!params_for(c, (pqm_bytes){ NULL, 0 }, &p) || sample.n != 1 ||
		!pqm_yaml_f64(rule->node, "central", &central) ||
		!pqm_eq(sample, pqm_yaml_str(rule->node, "code")))
		return false;
	n = p.n_harvest;
	if (pqm_starts(rule->id, PQM_LIT("risk.reach."))) {
		list = p.reach;
		n = p.n_reach;
	} else if (pqm_starts(rule->id, PQM_LIT("risk.coverage."))) {
		list = p.coverage;
		n = p.n_coverage;
	}
	for (size_t i = 0; i < n; i++)
		if (list[i].code == (char)sample.p[0])
			return fabs(list[i].value[PQM_CENTRAL] - central) < 1e-12;
	return false;
}

static bool decision_of(pqm_bytes name, enum pqm_decision *out)
{
	for (unsigned d = PQM_TRACK; d <= PQM_ACT; d++)
		if (pqm_eqs(name, pqm_decision_name((enum pqm_decision)d))) {
			*out = (enum pqm_decision)d;
			return true;
		}
	return false;
}

static unsigned band_of(const struct pqm_risk_params *p, double prob)
{
	unsigned b = PQM_N_BANDS - 1;

	while (b > 0 && prob < p->band_from[b])
		b--;
	return b;
}

/* "p1 Attend", "-0.1 Attend", "Track Attend", "x_years 5": two words by the rule's kind. */
static bool is_pair(struct checker *c, const struct pqm_rule *rule, pqm_bytes sample)
{
	static struct pqm_risk_params p;
	pqm_bytes rest = sample, a, b;
	enum pqm_decision d, e;
	double x;

	if (!params_for(c, (pqm_bytes){ NULL, 0 }, &p) || !pqm_split(&rest, ' ', &a) ||
		!pqm_split(&rest, ' ', &b))
		return false;
	if (pqm_eqs(rule->id, "risk.plan-defaults"))
		return a.n < 64 &&
			pqm_eq(b,
				pqm_yaml_str(rule->node,
					(const char *)pqm_bytes_dup(
						&((struct pqm_rules *)(uintptr_t)c->r)->arena, a)
						.p));
	if (!decision_of(b, &d))
		return false;
	if (pqm_starts(rule->id, PQM_LIT("risk.decision.")))
		return a.n == 2 && a.p[0] == 'p' && a.p[1] >= '0' && a.p[1] < '0' + PQM_N_BANDS &&
			p.table[a.p[1] - '0'][rule->id.p[rule->id.n - 1] - '1'] == d;
	if (pqm_starts(rule->id, PQM_LIT("risk.slack.")))
		return pqm_f64_parse(a, &x) && pqm_risk_by_slack(&p, x) == d;
	return pqm_eqs(rule->id, "risk.volatile") && decision_of(a, &e) && (int)d - (int)e >= 2;
}

static bool is_impact(struct checker *c, const struct pqm_rule *rule, pqm_bytes sample)
{
	static struct pqm_risk_params p;
	enum pqm_decision d;
	double x;

	if (pqm_starts(rule->id, PQM_LIT("risk.impact.")))
		return sample.n == 2 && sample.p[0] == 'I' &&
			pqm_eq(pqm_sub(sample, 1, 1), pqm_yaml_str(rule->node, "level"));
	if (!params_for(c, (pqm_bytes){ NULL, 0 }, &p))
		return false;
	if (pqm_starts(rule->id, PQM_LIT("risk.band.")))
		return pqm_f64_parse(sample, &x) &&
			(unsigned)(rule->id.p[rule->id.n - 1] - '0') == band_of(&p, x);
	if (pqm_eqs(rule->id, "risk.broken-today"))
		return decision_of(sample, &d) && p.broken_today == d;
	return is_pair(c, rule, sample);
}

static bool is_life(struct checker *c, const struct pqm_rule *rule, pqm_bytes sample)
{
	(void)c;
	return is_listed(pqm_yaml_get(rule->node, "aliases"), sample) ||
		pqm_ieq(pqm_yaml_str(rule->node, "asset"), sample);
}

static bool is_threat(struct checker *c, const struct pqm_rule *rule, pqm_bytes sample)
{
	(void)c;
	return pqm_threat_rule_takes(rule, sample);
}

static bool is_sense(struct checker *c, const struct pqm_rule *rule, pqm_bytes sample)
{
	(void)c;
	return pqm_sense_rule_takes(rule, sample);
}

/* Scans the sample file; the rule must be among what is found. */
static bool is_found_in(struct checker *c, const struct pqm_rule *rule, pqm_bytes sample)
{
	const struct pqm_scan_options opt = { .jobs = 1 };
	struct pqm_inventory inv;
	struct pqm_err why;
	char path[512];
	const char *targets[] = { path };
	bool hit = false;

	(void)snprintf(
		path, sizeof(path), "%s/%.*s", c->fixtures, PQM_FMT(pqm_sub(sample, 0, 300)));
	if (access(path, R_OK) != 0) {
		pqm_out_f(c->o, "rules/%.*s:%u: %.*s: sample %s is missing\n", PQM_FMT(rule->file),
			rule->node->line, PQM_FMT(rule->id), path);
		c->n_bad++;
	}
	pqm_inventory_init(&inv);
	if (pqm_scan(&inv, c->r, targets, 1, &opt, &why) == PQM_OK)
		for (size_t i = 0; i < inv.n_findings; i++)
			hit = hit || pqm_eq(inv.findings[i].rule, rule->id);
	pqm_inventory_fini(&inv);
	return hit;
}

/* A manifest */
static bool is_manifest_of(struct checker *c, const struct pqm_rule *rule, pqm_bytes sample)
{
	return pqm_k8s_rule_fits(c->r, rule, sample);
}

static bool is_ai_sample(struct checker *c, const struct pqm_rule *rule, pqm_bytes sample)
{
	(void)c;
	return pqm_ai_rule_fits(rule, sample);
}

/* "RSA-2048 kex": does the duty concern such a use? "any plan": is it a duty of that kind? */
static bool is_duty(struct checker *c, const struct pqm_rule *rule, pqm_bytes sample)
{
	struct pqm_run_duty duty = { .rule = rule,
		.function = pqm_yaml_str(rule->node, "function"),
		.strength = pqm_yaml_str(rule->node, "strength") };
	struct pqm_vector v = { .n_layers = 1 };
	size_t space = sample.n;

	while (space > 0 && sample.p[space - 1] != ' ')
		space--;
	pqm_bytes function = pqm_sub(sample, space, sample.n);
	pqm_bytes name = pqm_sub(sample, 0, space > 0 ? space - 1 : 0);

	if (pqm_eqs(name, "any"))
		return pqm_eq(duty.function, function);
	if (pqm_eqs(function, "protocol"))
		return pqm_eqs(duty.function, "protocol") &&
			is_listed(pqm_yaml_get(rule->node, "classes"), name);
	pqm_bytes class = class_of(c->r, name);

	if (class.n == 0 || class.n >= sizeof(v.layers[0]) || pqm_eqs(class, "PQ") ||
		pqm_eqs(class, "HYB") || pqm_eqs(class, "SYM"))
		return false;
	memcpy(v.layers[0], class.p, class.n);
	v.use = pqm_eqs(function, "sig") ? 'S' : 'K';
	return pqm_duty_concerns(&duty, &v);
}

static bool is_manifest(struct checker *c, const struct pqm_rule *rule, pqm_bytes sample)
{
	return pqm_k8s_rule_fits(c->r, rule, sample);
}

static bool is_signal(struct checker *c, const struct pqm_rule *rule, pqm_bytes sample)
{
	(void)c;
	return pqm_ai_rule_fits(rule, sample);
}

/* A file's name, a line end, its text. */
static bool is_source(struct checker *c, const struct pqm_rule *rule, pqm_bytes sample)
{
	return pqm_source_rule_fits(c->r, rule, sample);
}

static bool is_conf(struct checker *c, const struct pqm_rule *rule, pqm_bytes sample)
{
	return pqm_conf_rule_fits(c->r, rule, sample);
}

static bool is_task(struct checker *c, const struct pqm_rule *rule, pqm_bytes sample)
{
	return pqm_plan_rule_takes(c->r, rule, sample);
}

static bool is_perf(struct checker *c, const struct pqm_rule *rule, pqm_bytes sample)
{
	(void)c;
	return pqm_perf_rule_takes(rule, sample);
}

/* A code point ("0x11EC") or a name of the wire. */
static bool is_wire(struct checker *c, const struct pqm_rule *rule, pqm_bytes sample)
{
	return pqm_wire_rule_takes(c->r, rule, sample);
}

static bool is_answer(struct checker *c, const struct pqm_rule *rule, pqm_bytes sample)
{
	return pqm_endpoint_rule_fits(c->r, rule, sample);
}

/* A call, type or field of Java or .NET, the name of an algorithm or of a library. */
static bool is_java(struct checker *c, const struct pqm_rule *rule, pqm_bytes sample)
{
	return pqm_java_rule_fits(c->r, rule, sample);
}

/* A file of a library of Windows or macOS, a symbol, a literal. */
static bool is_native(struct checker *c, const struct pqm_rule *rule, pqm_bytes sample)
{
	return pqm_native_rule_fits(c->r, rule, sample);
}

/* "nginx/1.26 absent", a banner, a group: see the head of advice.yaml. */
static bool is_advice(struct checker *c, const struct pqm_rule *rule, pqm_bytes sample)
{
	return pqm_advice_rule_takes(c->r, rule, sample);
}

/* "yes { apiVersion: … }": see the head of practices/custody.yaml. */
static bool is_practice(struct checker *c, const struct pqm_rule *rule, pqm_bytes sample)
{
	return pqm_practice_fits(c->r, rule, sample);
}

/* "libssl3 3.0.15-1" */
static bool is_package(struct checker *c, const struct pqm_rule *rule, pqm_bytes sample)
{
	(void)c;
	return pqm_package_rule_fits(rule, sample);
}

/* "cryptography 44.0.1" */
static bool is_language_package(struct checker *c, const struct pqm_rule *rule, pqm_bytes sample)
{
	return pqm_pkg_rule_is_sound(c->r, rule) && pqm_pkg_rule_fits(c->r, rule, sample);
}

/* "jwt.encode RS256" */
static bool is_python_call(struct checker *c, const struct pqm_rule *rule, pqm_bytes sample)
{
	return pqm_pyapi_rule_fits(c->r, rule, sample);
}

/* A media type, or the name of an algorithm. */
static bool is_artifact(struct checker *c, const struct pqm_rule *rule, pqm_bytes sample)
{
	return pqm_artifact_rule_fits(c->r, rule, sample);
}

/* Bytes in base64, or texts of a library: see rules/sampler.h. */
static bool is_sampled(struct checker *c, const struct pqm_rule *rule, pqm_bytes sample)
{
	const struct pqm_sampler *s;

	return pqm_rules_sampler(&s, c->r, c->err) == PQM_OK && pqm_sampler_takes(s, rule, sample);
}

/* Marks of a function, which has a meaning. */
static bool is_sign(struct checker *c, const struct pqm_rule *rule, pqm_bytes sample)
{
	const struct pqm_sampler *s;
	const struct pqm_libs *libs;

	if (pqm_rules_sampler(&s, c->r, c->err) != PQM_OK ||
		pqm_rules_libs(&libs, c->r, c->err) != PQM_OK)
		return false;
	const struct pqm_lib *lib = pqm_lib_by_name(libs, pqm_yaml_str(rule->node, "library"));
	pqm_bytes function = pqm_yaml_str(rule->node, "function");

	return lib != NULL &&
		(function.n == 0 || pqm_yaml_true(rule->node, "quiet") ||
			pqm_lib_symbol(lib, function) != NULL ||
			pqm_lib_recipes(lib, function) != NULL) &&
		pqm_sign_takes(pqm_sampler_signs(s), rule, sample);
}

static bool is_setting(struct checker *c, const struct pqm_rule *rule, pqm_bytes sample)
{
	return pqm_elf_setting_fits(c->r, rule, sample);
}

/* "ring 0.17.8" */
static bool is_crate(struct checker *c, const struct pqm_rule *rule, pqm_bytes sample)
{
	return pqm_rust_rule_fits(c->r, rule, sample);
}

/* "crypto/rsa.GenerateKey", "go1.24.1 tlsmlkem=0". */
static bool is_go(struct checker *c, const struct pqm_rule *rule, pqm_bytes sample)
{
	return pqm_go_rule_fits(c->r, rule, sample);
}

/* "constant.ec-p256", a rule that there is. */
static bool is_graded(struct checker *c, const struct pqm_rule *rule, pqm_bytes sample)
{
	return pqm_rules_get(c->r, sample) != NULL && pqm_grade_of(c->r, sample) == rule &&
		pqm_yaml_str(rule->node, "grade").n > 0 && pqm_yaml_str(rule->node, "raise").n > 0;
}

static const struct {
	const char *prefix;
	sample_fn is_of;
} kinds[] = {
	{ "grades.yaml", is_graded },
	{ "libs/settings.yaml", is_setting },
	{ "golang/", is_go },
	{ "rust/", is_crate },
	{ "algorithms/", is_algorithm },
	{ "trust-stores.yaml", is_store },
	{ "archives.yaml", is_store },
	{ "risk/curves.yaml", is_on_curve },
	{ "risk/shifts.yaml", is_of_class },
	{ "risk/harvest.yaml", is_letter },
	{ "risk/impact.yaml", is_impact },
	{ "risk/lives.yaml", is_life },
	{ "risk/threats.yaml", is_threat },
	{ "risk/sensitivity.yaml", is_sense },
	{ "material/", is_found_in },
	{ "deadlines.yaml", is_duty },
	{ "policy/", is_policy },
	{ "formats/cyclonedx.yaml", is_cyclonedx },
	{ "k8s/", is_manifest },
	{ "ai/", is_signal },
	{ "java/", is_java },
	{ "dotnet/", is_java },
	{ "pe/", is_native },
	{ "macho/", is_native },
	{ "conf/", is_conf },
	{ "constants/", is_sampled },
	{ "static/", is_sampled },
	{ "signs/", is_sign },
	{ "source/", is_source },
	{ "images/", is_package },
	{ "images/artifacts.yaml", is_artifact },
	{ "deps/", is_language_package },
	{ "node/", is_language_package },
	{ "python/packages.yaml", is_language_package },
	{ "python/api.yaml", is_python_call },
	{ "plan/", is_task },
	{ "perf/", is_perf },
	{ "practices/", is_practice },
	{ "tls/", is_wire },
	{ "ssh/", is_wire },
	{ "endpoints/ike.yaml", is_wire },
	{ "endpoints/advice.yaml", is_advice },
	{ "endpoints/findings.yaml", is_answer },
	{ "k8s/", is_manifest_of },
	{ "ai/", is_ai_sample },
};

static void say(struct checker *c, const struct pqm_rule *rule, const char *words, pqm_bytes sample)
{
	pqm_out_f(c->o, "rules/%.*s:%u: %.*s: %s%.*s\n", PQM_FMT(rule->file), rule->node->line,
		PQM_FMT(rule->id), words, PQM_FMT(sample));
	c->n_bad++;
}

static void check_list(
	struct checker *c, const struct pqm_rule *rule, const char *key, bool want, sample_fn is_of)
{
	const struct pqm_yaml *list = pqm_yaml_get(rule->node, key);

	if (list == NULL || list->type != PQM_YAML_SEQ || list->n == 0) {
		say(c, rule, want ? "needs hit: with samples" : "needs miss: with samples",
			(pqm_bytes){ NULL, 0 });
		return;
	}
	for (size_t i = 0; i < list->n && is_of != NULL; i++) {
		pqm_bytes sample = list->items[i]->text;

		c->n_samples++;
		if (is_of(c, rule, sample) != want)
			say(c, rule, want ? "does not hit " : "hits what it must miss: ", sample);
	}
}

static void check_rule(struct checker *c, const struct pqm_rule *rule)
{
	sample_fn is_of = NULL;
	bool known = pqm_starts(rule->file, PQM_LIT("libs/")); /* checked as a whole */

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (pqm_starts(rule->file, pqm_str(kinds[i].prefix)))
			is_of = kinds[i].is_of;
	c->n_rules++;
	if (is_of == NULL && !known)
		say(c, rule, "nothing knows how to check rules of this file",
			(pqm_bytes){ NULL, 0 });
	if (pqm_yaml_str(rule->node, "why").n == 0)
		say(c, rule, "needs why:", (pqm_bytes){ NULL, 0 });
	if (pqm_yaml_get(rule->node, "refs") == NULL)
		say(c, rule, "needs refs:", (pqm_bytes){ NULL, 0 });
	check_list(c, rule, "hit", true, is_of);
	check_list(c, rule, "miss", false, is_of);
}

enum pqm_st pqm_rulecheck(
	struct pqm_out *o, const char *dir, const char *fixtures, struct pqm_err *err)
{
	struct pqm_rules r;
	char beside[512];
	enum pqm_st st = pqm_rules_load(&r, dir, err);

	if (st != PQM_OK)
		return st;
	(void)snprintf(beside, sizeof(beside), "%.480s/../fixtures", dir);
	struct checker c = { o, &r, fixtures != NULL ? fixtures : beside, err, 0, 0, 0 };

	const struct pqm_rule *all = pqm_rules_all(&r);
	const struct pqm_libs *libs;

	for (size_t i = 0; i < r.n; i++)
		check_rule(&c, &all[i]);
	st = pqm_rules_libs(&libs, &r, err);
	if (st == PQM_OK)
		st = pqm_libs_check(libs, err);
	pqm_out_f(
		o, "rules: %zu checked, %zu samples, %zu wrong\n", c.n_rules, c.n_samples, c.n_bad);
	if (st == PQM_OK && c.n_bad > 0)
		st = pqm_fail(err, PQM_EUSAGE, "%s: %zu rule samples disagree", dir, c.n_bad);
	pqm_rules_fini(&r);
	return st;
}
