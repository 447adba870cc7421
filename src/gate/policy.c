#include "policy.h"

#include <stdio.h>

#include "base/limits.h"
#include "base/num.h"
#include "base/slurp.h"

void pqm_policy_init(struct pqm_policy *p)
{
	*p = (struct pqm_policy){ 0 };
	pqm_arena_init(&p->arena, PQM_ARENA_BYTES);
}

void pqm_policy_fini(struct pqm_policy *p)
{
	pqm_arena_fini(&p->arena);
	*p = (struct pqm_policy){ 0 };
}

/* ---- one rule ---- */

struct reading {
	pqm_bytes file;
	const struct pqm_yaml *node;
	struct pqm_err *err;
};

static enum pqm_st bad(const struct reading *r, const struct pqm_yaml *at, const char *what,
	pqm_bytes value, const char *choices)
{
	return pqm_fail(r->err, PQM_EUSAGE, "%.*s:%u: %s '%.*s'; choose from %s", PQM_FMT(r->file),
		at->line, what, PQM_FMT(value), choices);
}

typedef bool (*bit_fn)(pqm_bytes word, unsigned *bit);

static bool meaning_bit(pqm_bytes word, unsigned *bit)
{
	enum pqm_meaning v;

	if (!pqm_meaning_parse(word, &v))
		return false;
	*bit = (unsigned)v;
	return true;
}

static bool function_bit(pqm_bytes word, unsigned *bit)
{
	enum pqm_function v;

	if (!pqm_function_parse(word, &v))
		return false;
	*bit = (unsigned)v;
	return true;
}

static bool quantum_bit(pqm_bytes word, unsigned *bit)
{
	enum pqm_quantum v;

	if (!pqm_quantum_parse(word, &v))
		return false;
	*bit = (unsigned)v;
	return true;
}

static bool classical_bit(pqm_bytes word, unsigned *bit)
{
	enum pqm_classical v;

	if (!pqm_classical_parse(word, &v))
		return false;
	*bit = (unsigned)v;
	return true;
}

static const struct {
	const char *key, *choices;
	bit_fn parse;
} sets[] = {
	{ "meaning", "use, offer, key, cert, config, absent", meaning_bit },
	{ "function", "any, kex, pke, sig, cipher, hash, mac, kdf", function_bit },
	{ "quantum", "broken, hybrid, safe, unknown", quantum_bit },
	{ "classical", "ok, deprecated, broken", classical_bit },
};

/* A scalar or a list of words as bits. */
static enum pqm_st read_set(const struct reading *r, size_t which, uint32_t *out)
{
	const struct pqm_yaml *v = pqm_yaml_get(r->node, sets[which].key);
	size_t n = v == NULL ? 0 : v->type == PQM_YAML_SEQ ? v->n : 1;

	*out = 0;
	for (size_t i = 0; i < n; i++) {
		const struct pqm_yaml *one = v->type == PQM_YAML_SEQ ? v->items[i] : v;
		pqm_bytes word = pqm_yaml_text(one);
		unsigned bit;

		if (!sets[which].parse(word, &bit))
			return bad(r, one, sets[which].key, word, sets[which].choices);
		*out |= 1u << bit;
	}
	return PQM_OK;
}

static bool decision_parse(pqm_bytes word, enum pqm_decision *out)
{
	for (enum pqm_decision d = PQM_TRACK; d <= PQM_ACT; d++)
		if (pqm_ieq(word, pqm_str(pqm_decision_name(d)))) {
			*out = d;
			return true;
		}
	return false;
}

static enum pqm_st read_list(const struct reading *r, const char *key, const struct pqm_yaml **out)
{
	*out = pqm_yaml_get(r->node, key);
	if (*out != NULL && (*out)->type != PQM_YAML_SEQ)
		return pqm_fail(r->err, PQM_EUSAGE, "%.*s:%u: %s is a list", PQM_FMT(r->file),
			(*out)->line, key);
	return PQM_OK;
}

static enum pqm_st check_keys(const struct reading *r)
{
	static const char *const known[] = { "id", "policy", "extends", "title", "level", "meaning",
		"function", "quantum", "classical", "rules", "not_rules", "algorithms",
		"not_algorithms", "decision", "regime", "why", "fix", "refs", "hit", "miss" };

	for (size_t i = 0; i < r->node->n; i++) {
		pqm_bytes key = r->node->keys[i]->text;
		const char *near = known[0];
		bool ok = false;

		for (size_t k = 0; k < sizeof(known) / sizeof(known[0]); k++) {
			ok = ok || pqm_eqs(key, known[k]);
			if (pqm_distance(key, pqm_str(known[k])) < pqm_distance(key, pqm_str(near)))
				near = known[k];
		}
		if (!ok)
			return pqm_fail(r->err, PQM_EUSAGE,
				"%.*s:%u: unknown key '%.*s'; the nearest is %s", PQM_FMT(r->file),
				r->node->keys[i]->line, PQM_FMT(key), near);
	}
	return PQM_OK;
}

static enum pqm_st read_lists(const struct reading *r, struct pqm_policy_rule *out)
{
	enum pqm_st st = read_list(r, "rules", &out->rules);

	if (st == PQM_OK)
		st = read_list(r, "not_rules", &out->not_rules);
	if (st == PQM_OK)
		st = read_list(r, "algorithms", &out->algorithms);
	return st == PQM_OK ? read_list(r, "not_algorithms", &out->not_algorithms) : st;
}

static enum pqm_st read_rule(const struct reading *r, struct pqm_policy_rule *out)
{
	pqm_bytes level = pqm_yaml_str(r->node, "level"),
		  decision = pqm_yaml_str(r->node, "decision");
	uint32_t *const bits[] = { &out->meanings, &out->functions, &out->quanta,
		&out->classicals };
	enum pqm_st st = check_keys(r);

	*out = (struct pqm_policy_rule){
		.id = pqm_yaml_str(r->node, "id"),
		.policy = pqm_yaml_str(r->node, "policy"),
		.why = pqm_yaml_str(r->node, "why"),
		.fix = pqm_yaml_str(r->node, "fix"),
		.regime = pqm_yaml_str(r->node, "regime"),
		.level = PQM_L_ERROR,
		.has_decision = decision.n > 0,
	};
	if (st == PQM_OK && out->id.n == 0)
		st = pqm_fail(r->err, PQM_EUSAGE, "%.*s:%u: a rule needs an id", PQM_FMT(r->file),
			r->node->line);
	if (st == PQM_OK && level.n > 0 && !pqm_severity_parse(level, &out->level) &&
		!pqm_eqs(level, "off"))
		st = bad(r, pqm_yaml_get(r->node, "level"), "level", level,
			"error, warning, note, off");
	if (st == PQM_OK && out->has_decision && !decision_parse(decision, &out->decision))
		st = bad(r, pqm_yaml_get(r->node, "decision"), "decision", decision,
			"track, plan, attend, act");
	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]) && st == PQM_OK; i++)
		st = read_set(r, i, bits[i]);
	return st == PQM_OK ? read_lists(r, out) : st;
}

/* ---- policies ---- */

/* Whether it is new. */
static bool take_name(struct pqm_policy *p, pqm_bytes name, enum pqm_st *st, struct pqm_err *err)
{
	pqm_bytes *grown;

	for (size_t i = 0; i < p->n_taken; i++)
		if (pqm_eq(p->taken[i], name))
			return false;
	grown = pqm_grow(&p->arena, p->taken, p->n_taken, &p->cap_taken);
	if (grown == NULL) {
		*st = pqm_fail(err, PQM_ENOMEM, "out of memory for a policy");
		return false;
	}
	p->taken = grown;
	p->taken[p->n_taken++] = name;
	return true;
}

static enum pqm_st put_rule(
	struct pqm_policy *p, const struct reading *r, const struct pqm_policy_rule *rule)
{
	struct pqm_policy_rule *grown;
	bool is_off = pqm_eqs(pqm_yaml_str(r->node, "level"), "off");

	for (size_t i = 0; i < p->n; i++) {
		if (!pqm_eq(p->rules[i].id, rule->id))
			continue;
		if (is_off) {
			p->n--;
			memmove(&p->rules[i], &p->rules[i + 1], (p->n - i) * sizeof(*p->rules));
			return PQM_OK;
		}
		/* A level alone changes just that. */
		if (rule->why.n == 0) {
			p->rules[i].level = rule->level;
			if (rule->has_decision) {
				p->rules[i].has_decision = true;
				p->rules[i].decision = rule->decision;
			}
			return PQM_OK;
		}
		p->rules[i] = *rule;
		return PQM_OK;
	}
	if (is_off || rule->why.n == 0)
		return pqm_fail(r->err, PQM_EUSAGE,
			"%.*s:%u: there is no rule '%.*s' to change; a new one needs a `why`",
			PQM_FMT(r->file), r->node->line, PQM_FMT(rule->id));
	grown = pqm_grow(&p->arena, p->rules, p->n, &p->cap);
	if (grown == NULL)
		return pqm_fail(r->err, PQM_ENOMEM, "out of memory for a policy");
	p->rules = grown;
	p->rules[p->n++] = *rule;
	return PQM_OK;
}

/* What is being added, and the files that led to it. */
struct adding {
	struct pqm_policy *p;
	const struct pqm_rules *r;
	struct pqm_err *err;
	const struct adding *up; /* NULL: the command line or the settings */
	const char *file;	 /* NULL: a preset */
};

static enum pqm_st add_preset(const struct adding *a, pqm_bytes name);
static enum pqm_st add_named(const struct adding *from, const char *path);

static bool is_file(pqm_bytes name)
{
	return pqm_find_byte(name, 0, '/') != SIZE_MAX || pqm_ends(name, PQM_LIT(".yaml")) ||
		pqm_ends(name, PQM_LIT(".yml"));
}

/* A file is named from the folder of the one that names it. */
static enum pqm_st add_one(const struct adding *a, pqm_bytes name)
{
	const char *slash = a->file == NULL ? NULL : strrchr(a->file, '/');
	pqm_bytes folder = { (const uint8_t *)a->file,
		slash == NULL ? 0 : (size_t)(slash - a->file) + 1 };
	pqm_bytes path;

	if (a->file == NULL || !is_file(name))
		return add_preset(a, name);
	if (name.p[0] == '/')
		folder.n = 0;
	path = pqm_arena_f(&a->p->arena, "%.*s%.*s", PQM_FMT(folder), PQM_FMT(name));
	return path.p == NULL ? pqm_fail(a->err, PQM_ENOMEM, "out of memory for a policy")
			      : add_named(a, (const char *)path.p);
}

static enum pqm_st add_all(const struct adding *a, const struct pqm_yaml *list)
{
	enum pqm_st st = PQM_OK;

	if (list != NULL && list->type != PQM_YAML_SEQ)
		return add_one(a, pqm_yaml_text(list));
	for (size_t i = 0; list != NULL && i < list->n && st == PQM_OK; i++)
		st = add_one(a, pqm_yaml_text(list->items[i]));
	return st;
}

static enum pqm_st no_preset(const struct pqm_rules *r, pqm_bytes name, struct pqm_err *err)
{
	const struct pqm_rule *rule;
	pqm_bytes best = { NULL, 0 };
	size_t i = 0, least = SIZE_MAX;

	while ((rule = pqm_rules_next(r, "policy/", &i)) != NULL) {
		pqm_bytes one = pqm_yaml_str(rule->node, "policy");
		size_t d = pqm_distance(name, one);

		if (d < least) {
			least = d;
			best = one;
		}
	}
	return pqm_fail(err, PQM_EUSAGE,
		"policy '%.*s' is unknown; the nearest is %.*s (`pqmap rules list policy`); a file "
		"of "
		"your own is named with its path: ./policy.yaml",
		PQM_FMT(name), PQM_FMT(best));
}

static enum pqm_st add_preset(const struct adding *a, pqm_bytes name)
{
	const struct adding inner = { a->p, a->r, a->err, a, NULL };
	const struct pqm_rule *rule;
	enum pqm_st st = PQM_OK;
	bool found = false;
	size_t i = 0;

	while (!found && (rule = pqm_rules_next(a->r, "policy/", &i)) != NULL)
		found = pqm_eq(pqm_yaml_str(rule->node, "policy"), name);
	if (!found)
		return no_preset(a->r, name, a->err);
	if (!take_name(a->p, name, &st, a->err))
		return st;
	i = 0;
	while (st == PQM_OK && (rule = pqm_rules_next(a->r, "policy/", &i)) != NULL) {
		struct reading x = { rule->file, rule->node, a->err };
		struct pqm_policy_rule one;

		if (!pqm_eq(pqm_yaml_str(rule->node, "policy"), name))
			continue;
		st = add_all(&inner, pqm_yaml_get(rule->node, "extends"));
		if (st == PQM_OK)
			st = read_rule(&x, &one);
		if (st == PQM_OK && pqm_yaml_get(rule->node, "title") == NULL)
			st = put_rule(a->p, &x, &one);
	}
	return st;
}

/* extends: names; rules: a list of rules. */
static enum pqm_st check_file(const struct pqm_yaml *root, const struct adding *a)
{
	const struct pqm_yaml *rules =
		root->type == PQM_YAML_MAP ? pqm_yaml_get(root, "rules") : NULL;

	if (root->type != PQM_YAML_MAP || (rules != NULL && rules->type != PQM_YAML_SEQ))
		return pqm_fail(a->err, PQM_EUSAGE,
			"%s:%u: a policy is a mapping of `extends` and a list of `rules`", a->file,
			root->line);
	for (size_t i = 0; i < root->n; i++)
		if (!pqm_eqs(root->keys[i]->text, "extends") &&
			!pqm_eqs(root->keys[i]->text, "rules"))
			return pqm_fail(a->err, PQM_EUSAGE,
				"%s:%u: unknown key '%.*s'; a policy has `extends` and `rules`",
				a->file, root->keys[i]->line, PQM_FMT(root->keys[i]->text));
	return PQM_OK;
}

static enum pqm_st add_text(const struct adding *a, pqm_bytes text)
{
	const struct pqm_yaml *root, *rules;
	struct pqm_err why = { 0 };
	enum pqm_st st;

	if (pqm_yaml_one(&root, text, &a->p->arena, &why) != PQM_OK)
		return pqm_fail(a->err, why.st == PQM_ENOMEM ? PQM_ENOMEM : PQM_EUSAGE, "%s:%s",
			a->file, why.msg);
	st = check_file(root, a);
	if (st == PQM_OK)
		st = add_all(a, pqm_yaml_get(root, "extends"));
	rules = st == PQM_OK ? pqm_yaml_get(root, "rules") : NULL;
	for (size_t i = 0; rules != NULL && i < rules->n && st == PQM_OK; i++) {
		struct reading x = { pqm_str(a->file), rules->items[i], a->err };
		struct pqm_policy_rule one;

		if (x.node->type != PQM_YAML_MAP)
			return pqm_fail(a->err, PQM_EUSAGE, "%s:%u: a rule is a mapping", a->file,
				x.node->line);
		st = read_rule(&x, &one);
		if (st == PQM_OK)
			st = put_rule(a->p, &x, &one);
	}
	if (st == PQM_OK)
		(void)take_name(a->p, pqm_str(a->file), &st, a->err);
	return st;
}

static enum pqm_st add_named(const struct adding *from, const char *path)
{
	const struct adding a = { from->p, from->r, from->err, from, path };
	struct pqm_slurp file = {
		.path = path, .limit = PQM_RULE_FILE_BYTES, .refusal = PQM_EUSAGE
	};
	size_t depth = 0;
	pqm_bytes text;
	enum pqm_st st;

	for (const struct adding *up = from; up != NULL; up = up->up, depth++)
		if (depth >= PQM_POLICY_DEPTH || (up->file != NULL && strcmp(up->file, path) == 0))
			return pqm_fail(from->err, PQM_EUSAGE,
				"%s: extends itself, over %s, or is more than %u files deep", path,
				from->file == NULL ? path : from->file, PQM_POLICY_DEPTH);
	for (size_t i = 0; i < from->p->n_taken; i++)
		if (pqm_eqs(from->p->taken[i], path))
			return PQM_OK;
	st = pqm_slurp(&text, &file, &from->p->arena, from->err);
	return st == PQM_OK ? add_text(&a, text) : st;
}

enum pqm_st pqm_policy_add(
	struct pqm_policy *p, const struct pqm_rules *r, const char *name, struct pqm_err *err)
{
	const struct adding top = { p, r, err, NULL, NULL };

	return is_file(pqm_str(name)) ? add_named(&top, name) : add_preset(&top, pqm_str(name));
}

enum pqm_st pqm_policy_add_text(struct pqm_policy *p, const struct pqm_rules *r, const char *name,
	pqm_bytes text, struct pqm_err *err)
{
	const struct adding a = { p, r, err, NULL, name };

	return add_text(&a, text);
}

/* ---- matching ---- */

static bool has_bit(uint32_t set, unsigned bit)
{
	return set == 0 || (set & 1u << bit) != 0;
}

static bool is_listed(const struct pqm_yaml *list, pqm_bytes id)
{
	for (size_t i = 0; list != NULL && i < list->n; i++)
		if (pqm_glob(pqm_yaml_text(list->items[i]), id))
			return true;
	return false;
}

/* "X25519+ML-KEM 768"; what no finding is called that long for is cut. */
static bool is_algorithm(const struct pqm_policy_rule *rule, pqm_bytes family, pqm_bytes parameter)
{
	char name[128];
	int n = snprintf(name, sizeof(name), "%.*s%s%.*s", PQM_FMT(family),
		parameter.n > 0 ? " " : "", PQM_FMT(parameter));
	pqm_bytes text = pqm_str(n > 0 ? name : "");

	return (rule->algorithms == NULL || is_listed(rule->algorithms, text)) &&
		!is_listed(rule->not_algorithms, text);
}

bool pqm_policy_names(const struct pqm_policy_rule *rule, pqm_bytes id)
{
	return rule->rules != NULL && is_listed(rule->rules, id) && !is_listed(rule->not_rules, id);
}

/* By its name of today or an earlier one. */
static bool is_named(
	const struct pqm_yaml *list, const struct pqm_finding *f, const struct pqm_rule *made)
{
	pqm_bytes old;

	if (is_listed(list, f->rule))
		return true;
	for (size_t i = 0; list != NULL && (old = pqm_rule_was(made, i)).n > 0; i++)
		if (is_listed(list, old))
			return true;
	return false;
}

bool pqm_policy_fits(const struct pqm_policy_rule *rule, const struct pqm_finding *f,
	const struct pqm_rule *made)
{
	if (rule->rules != NULL && !is_named(rule->rules, f, made))
		return false;
	if (!is_algorithm(rule, f->family, f->parameter))
		return false;
	return !is_named(rule->not_rules, f, made) && has_bit(rule->meanings, f->meaning) &&
		has_bit(rule->functions, f->function) && has_bit(rule->quanta, f->quantum) &&
		has_bit(rule->classicals, f->classical);
}

enum pqm_st pqm_policy_read_rule(
	struct pqm_policy_rule *out, const struct pqm_rule *rule, struct pqm_err *err)
{
	struct reading x = { rule->file, rule->node, err };

	return read_rule(&x, out);
}

bool pqm_policy_sample(const struct pqm_rule *rule, pqm_bytes sample)
{
	struct pqm_err why = { 0 };
	struct reading x = { rule->file, rule->node, &why };
	struct pqm_policy_rule one;
	struct pqm_finding f = { 0 };
	enum pqm_decision d = PQM_TRACK;
	pqm_bytes rest = sample, word;

	if (read_rule(&x, &one) != PQM_OK)
		return false;
	if (pqm_starts(sample, PQM_LIT("policy ")))
		return pqm_eq(one.policy, pqm_sub(sample, 7, sample.n));
	if (pqm_starts(sample, PQM_LIT("regime ")))
		return pqm_eq(one.regime, pqm_sub(sample, 7, sample.n));
	if (pqm_starts(sample, PQM_LIT("algorithm ")))
		return is_algorithm(&one, pqm_sub(sample, 10, sample.n), (pqm_bytes){ NULL, 0 });
	if (pqm_starts(sample, PQM_LIT("rule "))) {
		f.rule = pqm_sub(sample, 5, sample.n);
		return pqm_policy_names(&one, f.rule);
	}
	if (!pqm_split(&rest, ' ', &word) || !pqm_meaning_parse(word, &f.meaning) ||
		!pqm_split(&rest, ' ', &word) || !pqm_function_parse(word, &f.function) ||
		!pqm_split(&rest, ' ', &word) || !pqm_quantum_parse(word, &f.quantum) ||
		!pqm_split(&rest, ' ', &word) || !pqm_classical_parse(word, &f.classical))
		return false;
	if (one.has_decision &&
		(!pqm_split(&rest, ' ', &word) || !decision_parse(word, &d) || d < one.decision))
		return false;
	return one.regime.n == 0 && pqm_policy_fits(&one, &f, NULL);
}
