#include "unit.h"

#include <stdio.h>

#include "gate/policy.h"
#include "rules.h"

static enum pqm_st add(struct pqm_policy *p, const char *text, struct pqm_err *err)
{
	pqm_policy_init(p);
	return pqm_policy_add_text(p, &rules, "p.yaml", pqm_str(text), err);
}

static const struct pqm_policy_rule *rule(const struct pqm_policy *p, const char *id)
{
	for (size_t i = 0; i < p->n; i++)
		if (pqm_eqs(p->rules[i].id, id))
			return &p->rules[i];
	return NULL;
}

#define RULE(more) "rules: [{ id: mine.x, why: x" more " }]\n"

static void what_is_wrong_is_told_with_its_line(void **state)
{
	static const struct {
		const char *text, *words;
	} table[] = {
		{ "", "p.yaml:" },
		{ "[]", "p.yaml:1: a policy is a mapping" },
		{ "text", "p.yaml:1: a policy is a mapping" },
		{ "rules: {}", "a policy is a mapping" },
		{ "rules: [x]", "p.yaml:1: a rule is a mapping" },
		{ "rule: []", "unknown key 'rule'" },
		{ "extends: [defualt]", "the nearest is default" },
		{ "extends: nope", "policy 'nope' is unknown" },
		{ "extends: [[default]]", "is unknown" },
		{ "rules: [{ why: x }]", "a rule needs an id" },
		{ "rules: [{ id: mine.x }]", "there is no rule 'mine.x' to change" },
		{ "rules:\n- { id: mine.x, level: off }", "p.yaml:2: there is no rule 'mine.x'" },
		{ RULE(", level: fatal"), "level 'fatal'; choose from error, warning, note, off" },
		{ RULE(", function: [kxe]"), "function 'kxe'; choose from any, kex" },
		{ RULE(", meaning: uses"), "meaning 'uses'" },
		{ RULE(", quantum: [broken, save]"), "quantum 'save'" },
		{ RULE(", classical: bad"), "classical 'bad'" },
		{ RULE(", decision: now"), "decision 'now'; choose from track" },
		{ RULE(", rules: cert.x509"), "rules is a list" },
		{ RULE(", not_rules: {}"), "not_rules is a list" },
		{ RULE(", algorithms: RSA"), "algorithms is a list" },
		{ RULE(", not_algorithms: RSA"), "not_algorithms is a list" },
		{ RULE(", algoritms: [RSA]"), "the nearest is algorithms" },
		{ RULE(", rule: [x]"), "the nearest is rules" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct pqm_policy p;
		struct pqm_err err = { 0 };

		if (add(&p, table[i].text, &err) != PQM_EUSAGE ||
			strstr(err.msg, table[i].words) == NULL)
			fail_msg("%s: %s", table[i].text, err.msg);
		pqm_policy_fini(&p);
	}
}

static void rules_are_changed_by_what_they_say_anew(void **state)
{
	static const char level[] = "extends: default\n"
				    "rules: [{ id: policy.default.private-key, level: note }]\n";
	static const char decision[] = "extends: [default]\n"
				       "rules: [{ id: policy.default.key-exchange, decision: act, "
				       "level: warning }]\n";
	static const char off[] = "extends: [default]\n"
				  "rules: [{ id: policy.default.private-key, level: off }]\n";
	static const char whole[] = "extends: [default]\nrules: [{ id: "
				    "policy.default.private-key, why: mine, rules: [x.*] }]\n";
	struct pqm_policy p, plain;
	struct pqm_err err;

	(void)state;
	pqm_policy_init(&plain);
	assert_int_equal(pqm_policy_add(&plain, &rules, "default", &err), PQM_OK);

	assert_int_equal(add(&p, level, &err), PQM_OK);
	assert_int_equal(p.n, plain.n);
	assert_int_equal(rule(&p, "policy.default.private-key")->level, PQM_L_NOTE);
	assert_true(rule(&p, "policy.default.private-key")->rules->n > 3);
	assert_int_equal(p.n_taken, 2);
	pqm_policy_fini(&p);

	assert_int_equal(add(&p, decision, &err), PQM_OK);
	assert_int_equal(rule(&p, "policy.default.key-exchange")->decision, PQM_ACT);
	assert_int_equal(rule(&p, "policy.default.key-exchange")->level, PQM_L_WARNING);
	pqm_policy_fini(&p);

	assert_int_equal(add(&p, off, &err), PQM_OK);
	assert_int_equal(p.n, plain.n - 1);
	assert_null(rule(&p, "policy.default.private-key"));
	pqm_policy_fini(&p);

	assert_int_equal(add(&p, whole, &err), PQM_OK);
	assert_int_equal(p.n, plain.n);
	assert_int_equal(rule(&p, "policy.default.private-key")->rules->n, 1);
	pqm_policy_fini(&p);
	pqm_policy_fini(&plain);
}

static void what_several_extend_is_there_once(void **state)
{
	struct pqm_policy p;
	struct pqm_err err;
	size_t n;

	(void)state;
	assert_int_equal(add(&p, "extends: [default, cnsa-2.0, default, anssi]", &err), PQM_OK);
	n = p.n;
	for (size_t i = 0; i < p.n; i++)
		for (size_t k = 0; k < i; k++)
			assert_false(pqm_eq(p.rules[i].id, p.rules[k].id));
	assert_int_equal(pqm_policy_add(&p, &rules, "default", &err), PQM_OK);
	assert_int_equal(p.n, n);
	assert_int_equal(p.n_taken, 4);
	pqm_policy_fini(&p);
}

/* A rule that asks for nothing fits all; each thing that it asks for leaves out the others. */
static void a_rule_fits_what_it_asks_for(void **state)
{
	static const struct {
		const char *asks;
		bool fits;
	} table[] = {
		{ "", true },
		{ ", meaning: use", false },
		{ ", meaning: [use, config]", true },
		{ ", function: sig", false },
		{ ", function: kex", true },
		{ ", quantum: safe", false },
		{ ", quantum: [safe, hybrid]", true },
		{ ", classical: broken", false },
		{ ", classical: ok", true },
		{ ", rules: ['conf.*']", true },
		{ ", rules: [conf.hybrid]", false },
		{ ", rules: [cert.x509, conf.hybrid-on]", true },
		{ ", rules: []", false },
		{ ", not_rules: ['conf.*']", false },
		{ ", not_rules: [cert.x509]", true },
		{ ", rules: ['conf.*'], not_rules: ['*-on']", false },
		{ ", algorithms: [X25519+ML-KEM 768]", true },
		{ ", algorithms: ['*ML-KEM 768']", true },
		{ ", algorithms: ['*ML-KEM']", false },
		{ ", algorithms: ['*768*']", true },
		{ ", not_algorithms: ['*ML-KEM* 1024']", true },
		{ ", not_algorithms: ['*ML-KEM*']", false },
	};
	const struct pqm_finding f = { .rule = PQM_LIT("conf.hybrid-on"),
		.meaning = PQM_CONFIG,
		.function = PQM_FN_KEX,
		.family = PQM_LIT("X25519+ML-KEM"),
		.parameter = PQM_LIT("768"),
		.quantum = PQM_Q_HYBRID,
		.classical = PQM_C_OK };

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct pqm_policy p;
		struct pqm_err err = { 0 };
		char text[256];

		(void)snprintf(
			text, sizeof(text), "rules: [{ id: mine.x, why: x%s }]", table[i].asks);
		if (add(&p, text, &err) != PQM_OK)
			fail_msg("%s: %s", text, err.msg);
		if (pqm_policy_fits(&p.rules[0], &f, NULL) != table[i].fits)
			fail_msg("%s", text);
		pqm_policy_fini(&p);
	}
}

static void a_name_that_is_too_long_is_no_other_algorithm(void **state)
{
	static char family[4096];
	struct pqm_finding f = { .family = { (const uint8_t *)family, sizeof(family) - 1 } };
	struct pqm_policy p;
	struct pqm_err err;

	(void)state;
	memset(family, 'A', sizeof(family) - 1);
	assert_int_equal(
		add(&p, "rules: [{ id: m.x, why: x, algorithms: ['*768'] }]", &err), PQM_OK);
	f.parameter = PQM_LIT("768");
	assert_false(pqm_policy_fits(&p.rules[0], &f, NULL));
	pqm_policy_fini(&p);
}

static enum pqm_st once(struct pqm_err *err)
{
	struct pqm_policy p;
	enum pqm_st st = add(&p,
		"extends: [cnsa-2.0]\nrules: [{ id: mine.x, why: x, rules: [a], decision: act }]",
		err);

	pqm_policy_fini(&p);
	return st;
}

static void lack_of_memory_is_said(void **state)
{
	(void)state;
	unit_out_of_memory(2000, once);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_wrong_is_told_with_its_line),
		cmocka_unit_test(rules_are_changed_by_what_they_say_anew),
		cmocka_unit_test(what_several_extend_is_there_once),
		cmocka_unit_test(a_rule_fits_what_it_asks_for),
		cmocka_unit_test(a_name_that_is_too_long_is_no_other_algorithm),
		cmocka_unit_test(lack_of_memory_is_said),
	};

	return cmocka_run_group_tests(tests, load_rules, free_rules);
}
