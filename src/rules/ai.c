#include "ai.h"

#include "rules/k8s.h"

#define BLANKS " \t\r\n"

static const struct {
	const char *list;
	const char *before; /* bytes that stand before a part */
	const char *after;  /* bytes that end one */
} fields[PQM_AI_FIELDS] = {
	[PQM_AI_KIND] = { "kinds", "", "" },
	[PQM_AI_IMAGE] = { "images", "/", ":@" },
	[PQM_AI_COMMAND] = { "commands", BLANKS "/;&|(\"'`=", BLANKS ";&|)\"'`=,\\" },
	[PQM_AI_VARIABLE] = { "variables", "", "=" },
	[PQM_AI_PORT] = { "ports", "", "" },
	[PQM_AI_LABEL] = { "labels", "", "" },
	[PQM_AI_NAME] = { "names", "-._", "-._" },
	[PQM_AI_RESOURCE] = { "resources", "", "" },
};

const char *pqm_ai_list(enum pqm_ai_field f)
{
	return fields[f].list;
}

static bool is_one_of(const char *set, uint8_t c)
{
	return c != '\0' && strchr(set, c) != NULL;
}

static bool is_blank(uint8_t c)
{
	return is_one_of(BLANKS, c);
}

bool pqm_ai_begins(enum pqm_ai_field f, pqm_bytes text, size_t at)
{
	return at == 0 || (at < text.n && is_one_of(fields[f].before, text.p[at - 1]));
}

/* Like pqm_glob, but the text may go on behind a part, and a command's '*' stays in its word. */
bool pqm_ai_fits(enum pqm_ai_field f, pqm_bytes pattern, pqm_bytes text, size_t at)
{
	size_t p = 0, i = at, star = SIZE_MAX, from = 0;

	for (;;) {
		if (p < pattern.n && pattern.p[p] == '*') {
			star = ++p;
			from = i;
			continue;
		}
		if (p == pattern.n &&
			(star == p || i == text.n || is_one_of(fields[f].after, text.p[i])))
			return true;
		if (p < pattern.n && i < text.n && pattern.p[p] == ' ' && is_blank(text.p[i])) {
			while (i < text.n && is_blank(text.p[i]))
				i++;
			p++;
			continue;
		}
		if (p < pattern.n && i < text.n && pattern.p[p] == text.p[i]) {
			p++;
			i++;
			continue;
		}
		if (star == SIZE_MAX || from >= text.n ||
			(f == PQM_AI_COMMAND && is_blank(text.p[from])))
			return false;
		p = star;
		i = ++from;
	}
}

static bool in_list(const struct pqm_yaml *map, const char *key, pqm_bytes text)
{
	return pqm_k8s_listed(pqm_yaml_get(map, key), text);
}

static bool any_fits(enum pqm_ai_field f, const struct pqm_yaml *list, pqm_bytes text)
{
	for (size_t k = 0; list != NULL && k < list->n; k++)
		for (size_t i = 0; i < text.n; i++)
			if (pqm_ai_begins(f, text, i) &&
				pqm_ai_fits(f, pqm_yaml_text(list->items[k]), text, i))
				return true;
	return false;
}

/* "path=value"; any value will do when the rule names none. */
static bool path_fits(const struct pqm_yaml *n, pqm_bytes sample)
{
	size_t eq = pqm_find_byte(sample, 0, '=');
	pqm_bytes value =
		eq == SIZE_MAX ? (pqm_bytes){ NULL, 0 } : pqm_sub(sample, eq + 1, sample.n);

	return in_list(n, "at", pqm_sub(sample, 0, eq)) &&
		(pqm_yaml_get(n, "match") == NULL || in_list(n, "match", value));
}

static bool signal_fits(const struct pqm_yaml *n, pqm_bytes sample)
{
	const struct pqm_yaml *kinds = pqm_yaml_get(n, "kinds");

	if (kinds != NULL && pqm_yaml_get(n, "at") != NULL) {
		size_t blank = pqm_find_byte(sample, 0, ' ');

		return blank != SIZE_MAX && pqm_k8s_listed(kinds, pqm_sub(sample, 0, blank)) &&
			path_fits(n, pqm_sub(sample, blank + 1, sample.n));
	}
	for (unsigned f = 0; f < PQM_AI_FIELDS; f++)
		if (any_fits((enum pqm_ai_field)f, pqm_yaml_get(n, fields[f].list), sample))
			return true;
	return path_fits(n, sample) || in_list(n, "files", sample);
}

/* "NAME=VALUE" by its name, or a flag as it stands. */
static bool named(const struct pqm_yaml *n, pqm_bytes sample)
{
	pqm_bytes name = pqm_sub(sample, 0, pqm_find_byte(sample, 0, '='));

	return in_list(n, "env", name) || in_list(n, "flags", name) || in_list(n, "flags", sample);
}

bool pqm_ai_rule_fits(const struct pqm_rule *rule, pqm_bytes sample)
{
	const struct pqm_yaml *n = rule->node;

	if (pqm_yaml_get(n, "weight") != NULL)
		return signal_fits(n, sample);
	if (pqm_yaml_get(n, "class") != NULL)
		return pqm_eq(pqm_yaml_str(n, "class"), sample);
	if (pqm_yaml_get(n, "lives") != NULL)
		return in_list(n, "lives", sample);
	if (pqm_yaml_get(n, "hub") != NULL)
		return in_list(pqm_yaml_get(n, "hub"), "schemes", sample) ||
			in_list(pqm_yaml_get(n, "hub"), "hosts", sample);
	const struct pqm_yaml *collective = pqm_yaml_get(n, "collective");

	if (collective != NULL)
		return named(collective, sample) || in_list(collective, "fields", sample);
	return named(n, sample) || in_list(n, "at", sample) || in_list(n, "tls_flags", sample) ||
		in_list(n, "tls_env", sample) || in_list(n, "wrap", sample);
}
