/* lane_estate.c — once for the estate: training, gates, monitoring, policy; and drift between targets. */
#include "lane.h"

#include "base/num.h"
#include "run.h"

/* Nothing was found that a plan could be for. */
static bool is_empty(const struct tk_maker *m)
{
	for (size_t a = 0; a < m->g->n_assets; a++)
		if (m->g->assets[a].n_hops > 0)
			return false;
	return true;
}

static bool has_classical(const struct tk_maker *m)
{
	for (size_t a = 0; a < m->g->n_assets; a++)
		for (size_t h = 0; h < m->g->assets[a].n_hops; h++)
			if (!m->run->uses[a][h].is_safe && !m->run->uses[a][h].is_broken)
				return true;
	return false;
}

/* ---- what a task for the estate names ---- */

/* A map holds no NULL. */
#define TOLD UINTPTR_MAX

static bool has_work(const struct tk_maker *m, size_t asset)
{
	for (size_t h = 0; h < m->g->assets[asset].n_hops; h++)
		if (!m->run->uses[asset][h].is_safe)
			return true;
	return false;
}

/* Teams that own assets to migrate, and those that nobody owns. */
static void name_owners(struct tk_maker *m, uint32_t task)
{
	const struct pqm_graph *g = m->g;
	struct pqm_map count = { 0 };

	for (unsigned pass = 0; pass < 2; pass++)
		for (size_t a = 0; a < g->n_assets && m->st == PQM_OK; a++) {
			const struct pqm_asset *s = &g->assets[a];
			pqm_bytes owner = s->owner.n > 0 ? s->owner : PQM_LIT("no owner named");
			uintptr_t n = (uintptr_t)pqm_map_get(&count, owner);

			if (s->is_unassigned || n == TOLD || !has_work(m, a))
				continue;
			/* counted in the first pass, told once in the second */
			if (!pqm_map_put(&count, owner, (void *)(pass == 0 ? n + 1 : TOLD)))
				tk_no_memory(m);
			if (pass == 0)
				continue;
			tk_lane_place(m, task,
				pqm_arena_f(m->arena, "%.*s: %zu asset%s", PQM_FMT(owner),
					(size_t)n, n == 1 ? "" : "s"));
			tk_lane_unit(m, task, owner);
		}
	pqm_map_fini(&count);
}

/* No scan can tell whether a plan was filed or an inventory handed in. */
static bool is_on_paper(const struct pqm_rule *duty)
{
	static const char *const kinds[] = { "plan", "inventory", "module" };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (pqm_eqs(pqm_yaml_str(duty->node, "function"), kinds[i]))
			return true;
	return false;
}

static pqm_bytes duty_words(struct tk_maker *m, const struct pqm_rule *duty)
{
	static const char *const dates[] = { "milestone_date", "disallow_after",
		"deprecate_after" };
	const struct pqm_yaml *source = pqm_yaml_get(duty->node, "source");
	pqm_bytes what = pqm_yaml_str(duty->node, "milestone"), date = PQM_LIT("no date");

	if (what.n == 0)
		what = pqm_yaml_str(duty->node, "why");
	for (size_t i = sizeof(dates) / sizeof(dates[0]); i > 0; i--)
		if (pqm_yaml_str(duty->node, dates[i - 1]).n > 0)
			date = pqm_yaml_str(duty->node, dates[i - 1]);
	return pqm_arena_f(m->arena, "%.*s, %.*s: %.*s (for: %.*s; %.*s)",
		PQM_FMT(pqm_yaml_str(duty->node, "regime")), PQM_FMT(date), PQM_FMT(what),
		PQM_FMT(pqm_yaml_str(duty->node, "applies_to")),
		PQM_FMT(pqm_yaml_str(source, "title")));
}

/* Duties on paper first; the dated ones stand in the ladder and are named for the policy's text. */
static void name_duties(struct tk_maker *m, uint32_t task)
{
	const struct pqm_rule *duty;

	for (unsigned pass = 0; pass < 2; pass++)
		for (size_t i = 0; m->st == PQM_OK &&
			(duty = pqm_rules_next(m->r, "deadlines.yaml", &i)) != NULL;) {
			if (!pqm_run_is_chosen(m->run, pqm_yaml_str(duty->node, "regime")) ||
				is_on_paper(duty) == (pass == 1))
				continue;
			tk_lane_place(m, task, duty_words(m, duty));
			tk_lane_unit(m, task, duty->id);
		}
}

/* The newest date of that key in a folder of rules. */
static bool newest(const struct tk_maker *m, pqm_bytes folder, pqm_bytes key, int64_t *out)
{
	const struct pqm_rule *rule;
	char file[64], name[32];
	bool found = false;
	int64_t days;

	(void)snprintf(file, sizeof(file), "%.*s", PQM_FMT(pqm_sub(folder, 0, 60)));
	(void)snprintf(name, sizeof(name), "%.*s", PQM_FMT(pqm_sub(key, 0, 30)));
	for (size_t i = 0; (rule = pqm_rules_next(m->r, file, &i)) != NULL;)
		if (pqm_date_parse(pqm_yaml_str(rule->node, name), &days) &&
			(!found || days > *out)) {
			*out = days;
			found = true;
		}
	return found;
}

static int64_t after(int64_t last, unsigned months, int64_t now)
{
	int64_t next = last;

	for (unsigned k = 1; next < now && k < 1000; k++)
		next = last + (int64_t)floor(k * months * PQM_DAYS_PER_MONTH);
	return next;
}

/* When the next edition of a source is to be expected, from the last one and its rhythm. */
static bool edition(struct tk_maker *m, const struct pqm_yaml *e, int64_t *next)
{
	uint64_t months;
	int64_t last;

	if (!pqm_yaml_u64(e, "every_months", &months) || months < 1 || months > 120)
		return false;
	if (!pqm_date_parse(pqm_yaml_str(e, "last"), &last) &&
		!newest(m, pqm_yaml_str(e, "of"), pqm_yaml_str(e, "key"), &last))
		return false;
	*next = after(last, (unsigned)months, m->run->opt->now_days);
	return true;
}

static void name_editions(struct tk_maker *m, uint32_t task, const struct pqm_yaml *list)
{
	for (size_t i = 0; i < list->n && m->st == PQM_OK; i++) {
		int64_t next;
		char date[16];

		if (!edition(m, list->items[i], &next)) {
			m->st = pqm_rule_fail(m->d[task].rule, list->items[i], m->err,
				"an edition needs what, every_months, and last or of and key");
			return;
		}
		pqm_date_format(date, next);
		tk_lane_place(m, task,
			pqm_arena_f(m->arena, "%.*s: next expected about %s",
				PQM_FMT(pqm_yaml_str(list->items[i], "what")), date));
	}
}

int64_t tk_lane_next(struct tk_maker *m, const struct pqm_rule *rule, unsigned months)
{
	const struct pqm_yaml *list = pqm_yaml_get(rule->node, "editions");
	int64_t first = INT64_MAX, next;

	if (m->run == NULL)
		return INT64_MIN;
	for (size_t i = 0; list != NULL && i < list->n; i++)
		if (edition(m, list->items[i], &next) && next < first)
			first = next;
	return first != INT64_MAX
		? first
		: m->run->opt->start_days + (int64_t)floor(months * PQM_DAYS_PER_MONTH);
}

static void for_estate(struct tk_maker *m, const struct pqm_rule *rule)
{
	const struct pqm_yaml *editions = pqm_yaml_get(rule->node, "editions");
	pqm_bytes names = pqm_yaml_str(rule->node, "names");
	uint32_t task = tk_lane_draft(m, rule, tk_everywhere());

	if (m->st == PQM_OK && pqm_eqs(names, "owners"))
		name_owners(m, task);
	if (m->st == PQM_OK && pqm_eqs(names, "duties"))
		name_duties(m, task);
	if (m->st == PQM_OK && editions != NULL)
		name_editions(m, task, editions);
	if (m->st == PQM_OK && m->d[task].t.n_where == 0)
		tk_lane_place(m, task, tk_everywhere().label);
}

/* ---- drift ---- */

static pqm_bytes target_name(const struct tk_maker *m, uint32_t target)
{
	return target < m->inv->n_targets ? m->inv->targets[target].name : PQM_LIT("?");
}

/* "inference Deployment, key exchange: aws/ says X25519; gcp/ says X25519MLKEM768" */
static void for_contrast(
	struct tk_maker *m, const struct pqm_rule *rule, const struct pqm_contrast *c)
{
	uint32_t task = tk_lane_draft(m, rule, tk_everywhere());
	pqm_bytes line = pqm_arena_f(m->arena, "%.*s, %.*s:", PQM_FMT(c->role), PQM_FMT(c->what));

	for (size_t i = 0; i < c->n_sides; i++)
		line = pqm_arena_f(m->arena, "%.*s%s %.*s has %.*s", PQM_FMT(line),
			i > 0 ? ";" : "", PQM_FMT(target_name(m, c->sides[i].target)),
			PQM_FMT(c->sides[i].words));
	if (m->st != PQM_OK)
		return;
	tk_lane_place(m, task, line);
	tk_lane_unit(m, task, line);
}

static void for_contrasts(struct tk_maker *m, const struct pqm_rule *rule)
{
	struct pqm_traits t = { .kind = "contrast", .n = 1 };

	t.t[0] = (struct pqm_trait){ "sides", PQM_LIT("several") };
	if (m->practices == NULL || !pqm_rule_wants(rule, &t))
		return;
	for (size_t i = 0; i < m->practices->n_contrasts && m->st == PQM_OK; i++)
		for_contrast(m, rule, &m->practices->contrasts[i]);
}

void tk_lane_estate(struct tk_maker *m)
{
	struct pqm_traits t = { .kind = "estate", .n = 2 };

	t.t[0] = (struct pqm_trait){ "classical_uses",
		has_classical(m) ? PQM_LIT("yes") : PQM_LIT("no") };
	t.t[1] = (struct pqm_trait){ "regimes",
		m->run->opt->n_regimes > 0 ? PQM_LIT("some") : PQM_LIT("none") };
	for (size_t i = 0; i < m->n_rules && m->st == PQM_OK && !is_empty(m); i++) {
		if (pqm_rule_wants(m->rules[i], &t))
			for_estate(m, m->rules[i]);
		if (m->st == PQM_OK)
			for_contrasts(m, m->rules[i]);
	}
}
