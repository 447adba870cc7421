/* k8s_text.c — settings and commands in text: scripts, nginx.conf, Envoy, HCL, openssl.cnf. */
#include "k8s_look.h"

#include "base/limits.h"

bool k8s_is_text_test(pqm_bytes test)
{
	return pqm_starts(test, PQM_LIT("text"));
}

static bool is_comment(pqm_bytes line)
{
	return pqm_starts(line, PQM_LIT("#")) || pqm_starts(line, PQM_LIT("//")) ||
		pqm_starts(line, PQM_LIT(";"));
}

/* Long text is looked at line by line only when it has a word that the rule needs. */
static bool may_fit(const struct pqm_rule *rule, pqm_bytes text)
{
	const struct pqm_yaml *needs = pqm_yaml_get(rule->node, "needs");

	for (size_t i = 0; needs != NULL && i < needs->n; i++)
		if (pqm_find(text, 0, pqm_yaml_text(needs->items[i])) != SIZE_MAX)
			return true;
	return false;
}

/* The text after a key of `keys` and what divides them: "ssl_ecdh_curve X25519;", "ecdh_curves: [P-256]". */
static bool after_key(const struct pqm_yaml *keys, pqm_bytes line, pqm_bytes *value)
{
	for (size_t i = 0; keys != NULL && i < keys->n; i++) {
		pqm_bytes key = pqm_yaml_text(keys->items[i]);
		size_t at = pqm_find(line, 0, key), end = at + key.n;

		if (at == SIZE_MAX || (end < line.n && strchr(" \t:=\"'[", line.p[end]) == NULL))
			continue;
		*value = pqm_sub(line, end, line.n);
		return true;
	}
	return false;
}

struct lines {
	pqm_bytes rest;
	uint32_t at; /* number of the line read last */
};

static bool next_line(struct lines *l, pqm_bytes *line)
{
	if (l->rest.p == NULL || !pqm_split(&l->rest, '\n', line))
		return false;
	l->at++;
	*line = pqm_trim(*line);
	return true;
}

/* A literal block starts on the line below its mark; a value of one line stands where it begins. */
static struct lines lines_of(const struct pqm_fact *text)
{
	bool is_block = pqm_find_byte(text->value, 0, '\n') != SIZE_MAX;

	return (struct lines){ text->value, is_block ? text->line : text->line - 1 };
}

static enum pqm_st report_line(
	struct k8s_look *l, const struct pqm_fact *text, uint32_t line, pqm_bytes part)
{
	struct pqm_fact here = { text->key, { NULL, 0 }, line, 1 };

	l->fact = &here;
	l->part = part;
	enum pqm_st st = k8s_report(l);

	l->fact = NULL;
	return st;
}

/* `lines`: glob of a line -> algorithm; the first that fits. */
static enum pqm_st commands(struct k8s_look *l, const struct pqm_fact *text)
{
	const struct pqm_yaml *map = pqm_yaml_get(l->rule->node, "lines");
	struct lines lines = lines_of(text);
	enum pqm_st st = PQM_OK;
	pqm_bytes line;

	while (st == PQM_OK && next_line(&lines, &line)) {
		if (line.n > PQM_TEXT_BYTES || is_comment(line))
			continue;
		for (size_t i = 0; map != NULL && i < map->n; i++) {
			pqm_bytes alg = pqm_yaml_text(map->items[i]);

			if (!pqm_glob(map->keys[i]->text, line))
				continue;
			l->alg = alg.n == 0 ? NULL : pqm_alg_by_name(l->scan->rules, alg);
			st = report_line(l, text, lines.at, alg);
			break;
		}
	}
	return st;
}

/* The text has a word of `needs` and no line that fits one of `lines`: its program's default holds. */
static enum pqm_st lacks(struct k8s_look *l, const struct pqm_fact *text)
{
	const struct pqm_yaml *map = pqm_yaml_get(l->rule->node, "lines");
	struct lines lines = lines_of(text);
	pqm_bytes line;

	while (next_line(&lines, &line))
		for (size_t i = 0; map != NULL && i < map->n && !is_comment(line); i++)
			if (pqm_glob(map->keys[i]->text, line))
				return PQM_OK;
	return report_line(l, text, text->line, (pqm_bytes){ NULL, 0 });
}

/* The groups after each key, on the same line or as a list below. */
static enum pqm_st groups(struct k8s_look *l, const struct pqm_fact *text, bool want_hybrid)
{
	const struct pqm_yaml *keys = pqm_yaml_get(l->rule->node, "keys");
	struct lines lines = lines_of(text);
	enum pqm_st st = PQM_OK;
	pqm_bytes line, value;

	while (st == PQM_OK && next_line(&lines, &line)) {
		struct k8s_groups g = { 0 };
		uint32_t at = lines.at;

		if (line.n > PQM_TEXT_BYTES || is_comment(line) || !after_key(keys, line, &value))
			continue;
		if (!k8s_read_groups(l, value, &g)) {
			struct lines below = lines;

			while (next_line(&below, &line) && pqm_starts(line, PQM_LIT("-")))
				(void)k8s_read_groups(l, pqm_sub(line, 1, line.n), &g);
		}
		l->alg = NULL;
		struct pqm_fact here = { text->key, { NULL, 0 }, at, 1 };

		l->fact = &here;
		st = k8s_report_groups(l, &g, want_hybrid);
		l->fact = NULL;
	}
	return st;
}

enum pqm_st k8s_test_text(struct k8s_look *l, const struct pqm_fact *text)
{
	pqm_bytes test = pqm_yaml_str(l->rule->node, "test");

	if (!may_fit(l->rule, text->value))
		return PQM_OK;
	if (pqm_eqs(test, "text-groups-classical"))
		return groups(l, text, false);
	if (pqm_eqs(test, "text-groups-hybrid"))
		return groups(l, text, true);
	return pqm_eqs(test, "text-lacks") ? lacks(l, text) : commands(l, text);
}

/* `unless_conf`: families of rules/conf of which det_conf.c tells the same, with the program's name. */
static bool is_told(const struct pqm_rule *rule, const struct pqm_rule *family)
{
	return family != NULL &&
		pqm_k8s_listed(pqm_yaml_get(rule->node, "unless_conf"), family->id);
}

static enum pqm_st check_all(struct k8s_look *with, const struct pqm_k8s_on *on,
	const struct pqm_fact *text, const struct pqm_rule *family)
{
	enum pqm_st st = PQM_OK;

	for (; on != NULL && st == PQM_OK; on = on->next) {
		struct k8s_look l = *with;

		l.rule = on->rule;
		l.on = on->node;
		if (k8s_is_text_test(on->test) && !is_told(on->rule, family) &&
			(on->groups == NULL || pqm_k8s_listed(on->groups, l.o->group)) &&
			pqm_k8s_fits(pqm_yaml_str(on->node, "at"), text->key))
			st = k8s_test_text(&l, text);
	}
	return st;
}

enum pqm_st pqm_k8s_check_text(struct pqm_k8s_scan *s, const struct pqm_object *o, pqm_bytes id,
	const struct pqm_fact *text, const struct pqm_rule *family, struct pqm_err *err)
{
	struct k8s_look l = { .scan = s, .o = o, .id = id, .err = err };
	enum pqm_st st = check_all(&l, pqm_k8s_checks_of(s->kinds, o->kind), text, family);

	if (st == PQM_OK)
		st = check_all(&l, pqm_k8s_checks_of(s->kinds, PQM_LIT("*")), text, family);
	return st;
}
