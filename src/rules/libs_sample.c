/* libs_sample.c — calls as rules write them, and tables and recipes on such samples. */
#include "libs_int.h"

#include <stdio.h>

#include "base/num.h"

#define SAMPLE_CALLS 6

static pqm_bytes skip(pqm_bytes s, const char *bytes)
{
	size_t i = 0;

	while (i < s.n && strchr(bytes, s.p[i]) != NULL)
		i++;
	return pqm_sub(s, i, s.n);
}

static bool read_number(pqm_bytes word, uint64_t *out)
{
	if (!pqm_starts(word, PQM_LIT("0x")))
		return pqm_u64_parse(word, UINT64_MAX, out);
	*out = 0;
	for (size_t i = 2; i < word.n; i++) {
		int digit = pqm_hex_digit(word.p[i]);

		if (digit < 0 || word.n > 18)
			return false;
		*out = *out << 4 | (uint64_t)digit;
	}
	return word.n > 2;
}

/* One argument off *rest, up to "," or ")". */
static bool read_value(pqm_bytes *rest, size_t n_calls, struct pqm_arg *arg)
{
	size_t end = 0;

	*arg = (struct pqm_arg){ .kind = PQM_ARG_UNKNOWN };
	if (rest->n > 0 && (rest->p[0] == '"' || rest->p[0] == '`')) {
		end = pqm_find_byte(*rest, 1, rest->p[0]);
		if (end == SIZE_MAX)
			return false;
		*arg = (struct pqm_arg){ .kind = PQM_ARG_TEXT, .text = pqm_sub(*rest, 1, end - 1) };
		*rest = pqm_sub(*rest, end + 1, rest->n);
		return true;
	}
	while (end < rest->n && rest->p[end] != ',' && rest->p[end] != ')')
		end++;
	pqm_bytes word = pqm_trim(pqm_sub(*rest, 0, end));

	*rest = pqm_sub(*rest, end, rest->n);
	if (pqm_eqs(word, "?"))
		return true;
	if (word.n > 1 && word.p[0] == '$') {
		arg->kind = PQM_ARG_RESULT;
		if (!read_number(pqm_sub(word, 1, word.n), &arg->value) || arg->value == 0 ||
			arg->value > n_calls)
			return false;
		arg->value--;
		return true;
	}
	arg->kind = PQM_ARG_INT;
	return read_number(word, &arg->value);
}

static bool read_call(pqm_bytes *rest, struct pqm_call *call, size_t n_calls)
{
	size_t open = pqm_find_byte(*rest, 0, '('), n = 0;

	if (open == SIZE_MAX || open == 0)
		return false;
	*call = (struct pqm_call){
		.callee = pqm_sub(*rest, 0, open), .addr = 0x1000 + n_calls, .reach = PQM_REACH_YES
	};
	*rest = skip(pqm_sub(*rest, open + 1, rest->n), " ");
	while (rest->n > 0 && rest->p[0] != ')') {
		if (n == PQM_CALL_ARGS || !read_value(rest, n_calls, &call->arg[n++]))
			return false;
		*rest = skip(*rest, ", ");
	}
	if (rest->n == 0)
		return false;
	*rest = skip(pqm_sub(*rest, 1, rest->n), "; ");
	return true;
}

bool pqm_lib_sample(
	pqm_bytes sample, struct pqm_call *calls, size_t cap, size_t *n, pqm_bytes *words)
{
	pqm_bytes rest = skip(sample, " ");

	*n = 0;
	*words = (pqm_bytes){ NULL, 0 };
	while (rest.n > 0 && rest.p[0] != '=') {
		if (*n == cap || !read_call(&rest, &calls[*n], *n))
			return false;
		++*n;
	}
	*words = pqm_trim(pqm_sub(rest, 1, rest.n));
	return *n > 0;
}

/* "RSA 3072", "Ed25519", "groups", "-" */
static void say(char *out, size_t cap, const struct pqm_rules *r, const struct pqm_lib_fact *f)
{
	const struct pqm_alg_ref *ref = pqm_lib_about(r, f);

	if (f->recipe == NULL)
		(void)snprintf(out, cap, "-");
	else if (f->has_setting)
		(void)snprintf(out, cap, "%s", pqm_role_name(f->setting));
	else if (ref == NULL)
		(void)snprintf(out, cap, "-");
	else
		(void)snprintf(out, cap, "%.*s%s%.*s", PQM_FMT(ref->alg->family),
			f->parameter.n > 0 ? " " : "", PQM_FMT(f->parameter));
}

struct ran {
	struct pqm_lib_fact last;
	char got[128];
	pqm_bytes want;
};

/* What the last call of a sample comes to. */
static enum pqm_st run_sample(const struct pqm_libs *l, const struct pqm_rule *rule,
	const struct pqm_yaml *sample, struct ran *out, struct pqm_err *err)
{
	struct pqm_call calls[SAMPLE_CALLS];
	struct pqm_lib_fact facts[SAMPLE_CALLS];
	size_t n = 0;
	const struct pqm_lib *lib = pqm_lib_by_name(l, pqm_yaml_str(rule->node, "library"));

	if (!pqm_lib_sample(pqm_yaml_text(sample), calls, SAMPLE_CALLS, &n, &out->want) || n == 0)
		return pqm_rule_fail(rule, sample, err,
			"a sample is calls: f(?, 3072, \"text\", $1) = FAMILY PARAMETER");
	for (size_t i = 0; i < n; i++)
		facts[i].lib = lib;
	pqm_lib_facts(facts, calls, n, l->rules);
	out->last = facts[n - 1];
	say(out->got, sizeof(out->got), l->rules, &out->last);
	return PQM_OK;
}

static enum pqm_st check_recipe_samples(
	const struct pqm_libs *l, const struct pqm_rule *rule, const char *key, struct pqm_err *err)
{
	const struct pqm_yaml *list = pqm_yaml_get(rule->node, key);
	bool must_hit = strcmp(key, "hit") == 0;
	enum pqm_st st = PQM_OK;

	for (size_t i = 0; st == PQM_OK && i < list->n; i++) {
		struct ran ran = { .got = "" };
		const struct pqm_lib_fact *last = &ran.last;

		st = run_sample(l, rule, list->items[i], &ran, err);
		if (st != PQM_OK)
			break;
		bool is_this = last->recipe != NULL && last->recipe->rule == rule;

		if (must_hit ? !is_this || !pqm_eqs(ran.want, ran.got)
			     : is_this && (last->is_own || last->has_setting))
			return pqm_rule_fail(rule, list->items[i], err, "%s: %.*s gives %s%s", key,
				PQM_FMT(pqm_yaml_text(list->items[i])), ran.got,
				is_this ? "" : " by another rule");
	}
	return st;
}

static enum pqm_st check_table_samples(
	const struct pqm_rule *rule, const char *key, struct pqm_err *err)
{
	const struct pqm_yaml *list = pqm_yaml_get(rule->node, key);
	const struct pqm_yaml *values = pqm_yaml_get(rule->node, "values");

	for (size_t i = 0; i < list->n; i++) {
		bool has = false;

		for (size_t v = 0; v < values->n; v++)
			has = has ||
				pqm_ieq(pqm_yaml_text(values->keys[v]),
					pqm_yaml_text(list->items[i]));
		if (has != (strcmp(key, "hit") == 0))
			return pqm_rule_fail(rule, list->items[i], err,
				"%s: %.*s is %sin the table", key,
				PQM_FMT(pqm_yaml_text(list->items[i])), has ? "" : "not ");
	}
	return PQM_OK;
}

enum pqm_st pqm_libs_check_recipe(
	const struct pqm_libs *l, const struct pqm_rule *rule, struct pqm_err *err)
{
	static const char *const keys[] = { "hit", "miss" };
	enum pqm_st st = PQM_OK;

	if (pqm_libs_is_wrapper(rule))
		return pqm_libs_check_wrapper(l, rule, err);
	for (size_t k = 0; st == PQM_OK && k < 2; k++) {
		const struct pqm_yaml *list = pqm_yaml_get(rule->node, keys[k]);

		if (list == NULL || list->type != PQM_YAML_SEQ || list->n == 0)
			return pqm_rule_fail(rule, rule->node, err,
				"%s: at least one sample is needed", keys[k]);
		if (pqm_yaml_get(rule->node, "table") != NULL)
			st = check_table_samples(rule, keys[k], err);
		else if (pqm_yaml_get(rule->node, "calls") != NULL)
			st = check_recipe_samples(l, rule, keys[k], err);
	}
	return st;
}
