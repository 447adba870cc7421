#include "gate.h"

#include <stdlib.h>

#include "assess/bound.h"
#include "assess/run.h"
#include "base/limits.h"
#include "base/num.h"

const char *pqm_gate_verdict(const struct pqm_gate *g)
{
	return g->is_failed ? "failed" : g->is_undecided ? "undecided" : "passed";
}

const char *pqm_severity_name(enum pqm_severity v)
{
	static const char *const names[] = { "note", "warning", "error" };

	return names[v];
}

bool pqm_severity_parse(pqm_bytes s, enum pqm_severity *out)
{
	for (enum pqm_severity v = PQM_L_NOTE; v <= PQM_L_ERROR; v++)
		if (pqm_eqs(s, pqm_severity_name(v))) {
			*out = v;
			return true;
		}
	return false;
}

const char *pqm_standing_name(enum pqm_standing v)
{
	static const char *const names[] = { "new", "known", "suppressed" };

	return names[v];
}

void pqm_gate_init(struct pqm_gate *g)
{
	*g = (struct pqm_gate){ .fail_on = PQM_L_ERROR };
	pqm_arena_init(&g->arena, PQM_RUN_ARENA_BYTES);
}

void pqm_gate_fini(struct pqm_gate *g)
{
	pqm_arena_fini(&g->arena);
	*g = (struct pqm_gate){ 0 };
}

struct judging {
	struct pqm_gate *g;
	const struct pqm_gate_input *in;
	struct pqm_bound bound;
	size_t cap;
	struct pqm_err *err;
};

static enum pqm_st no_memory(struct judging *j)
{
	return pqm_fail(j->err, PQM_ENOMEM, "out of memory for the gate");
}

/* ---- dates ---- */

/* The same day so many months later. */
static int64_t later(int64_t days, unsigned months)
{
	return days + (int64_t)(months * PQM_DAYS_PER_MONTH);
}

/* The finding as a use, for the rules of deadlines. */
static bool as_vector(const struct judging *j, const struct pqm_finding *f, struct pqm_vector *v)
{
	pqm_bytes layer;
	bool is_key = f->function == PQM_FN_KEX || f->function == PQM_FN_PKE;
	bool is_sig = f->function == PQM_FN_SIG || f->function == PQM_FN_ANY;

	if (f->quantum != PQM_Q_BROKEN || (!is_key && !is_sig) || f->family.n == 0)
		return false;
	layer = pqm_alg_risk_class(j->in->rules, f->family, f->parameter, f->bits);
	*v = (struct pqm_vector){ .use = is_key ? 'K' : 'S', .n_layers = 1 };
	if (layer.n >= sizeof(v->layers[0]))
		return false;
	memcpy(v->layers[0], layer.p, layer.n);
	return true;
}

/* A duty that asks for certain algorithms concerns what a quantum computer leaves alone, too. */
static bool is_strength_rule(const struct pqm_policy_rule *rule)
{
	return rule->algorithms != NULL || rule->not_algorithms != NULL;
}

static bool concerns(const struct pqm_policy_rule *rule, const struct pqm_rule *d,
	const struct pqm_finding *f, const struct pqm_vector *v)
{
	struct pqm_run_duty duty = { .rule = d,
		.function = pqm_yaml_str(d->node, "function"),
		.strength = pqm_yaml_str(d->node, "strength") };
	bool is_key = f->function == PQM_FN_KEX || f->function == PQM_FN_PKE;

	if (!pqm_eq(pqm_yaml_str(d->node, "regime"), rule->regime) ||
		pqm_yaml_str(d->node, "milestone_date").n > 0)
		return false;
	if (!is_strength_rule(rule))
		return pqm_duty_concerns(&duty, v);
	if (pqm_yaml_str(d->node, "require").n == 0)
		return false;
	return pqm_eqs(duty.function, "all") || pqm_eqs(duty.function, is_key ? "kex" : "sig");
}

static bool has_passed(
	const struct judging *j, const struct pqm_rule *d, const char *key, int64_t *date)
{
	int64_t today = later(j->in->inv->now_days, j->in->lead_months);

	return pqm_date_parse(pqm_yaml_str(d->node, key), date) && today > *date;
}

/* Which duty of the regime the finding breaks on that day, and how hard: past its last day is an error, past the
 * day from which it is deprecated a warning, as is one that is only proposed. Of several the latest, which
 * concerns the most. */
static const struct pqm_rule *broken_duty(const struct judging *j,
	const struct pqm_policy_rule *rule, const struct pqm_finding *f, enum pqm_severity *level)
{
	const struct pqm_rule *hard = NULL, *soft = NULL, *d;
	struct pqm_vector v = { 0 };
	int64_t date, latest = 0;
	size_t i = 0;

	if (!is_strength_rule(rule) && !as_vector(j, f, &v))
		return NULL;
	while ((d = pqm_rules_next(j->in->rules, "deadlines.yaml", &i)) != NULL) {
		bool is_proposed = pqm_eqs(pqm_yaml_str(d->node, "force"), "proposed");

		if (!concerns(rule, d, f, &v))
			continue;
		if (!is_proposed && has_passed(j, d, "disallow_after", &date) &&
			(hard == NULL || date > latest)) {
			latest = date;
			hard = d;
		}
		if (soft == NULL &&
			has_passed(j, d, is_proposed ? "disallow_after" : "deprecate_after", &date))
			soft = d;
	}
	if (hard == NULL && rule->level > PQM_L_NOTE)
		*level = PQM_L_WARNING;
	return hard != NULL ? hard : soft;
}

/* The mandate's words, and whom it speaks to: a date for routers may be none for this repository. */
static pqm_bytes words_of(
	const struct judging *j, const struct pqm_policy_rule *rule, const struct pqm_rule *d)
{
	struct pqm_arena *a = &j->g->arena;
	pqm_bytes why = pqm_yaml_str(d->node, "why"), to = pqm_yaml_str(d->node, "applies_to"),
		  date = pqm_yaml_str(d->node, "disallow_after"), said;

	if (is_strength_rule(rule))
		said = pqm_arena_f(a, "%.*s Required after %.*s: %.*s. For: %.*s.",
			PQM_FMT(rule->why), PQM_FMT(date),
			PQM_FMT(pqm_yaml_str(d->node, "require")), PQM_FMT(to));
	else
		said = pqm_arena_f(a, "%.*s For: %.*s.", PQM_FMT(why), PQM_FMT(to));
	return said.p == NULL ? why : said;
}

/* ---- verdicts ---- */

/* How far the rule refuses the finding; false: not at all. */
static bool refuses(const struct judging *j, const struct pqm_policy_rule *rule,
	const struct pqm_finding *f, struct pqm_refusal *v)
{
	const struct pqm_asset_score *a = pqm_bound_of(&j->bound, f->id);
	const struct pqm_rule *duty = NULL;
	enum pqm_severity level = rule->level;

	if (!pqm_policy_fits(rule, f, pqm_rules_get(j->in->rules, f->rule)))
		return false;
	if (rule->has_decision && (a == NULL || a->decision < rule->decision))
		return false;
	if (rule->regime.n > 0 && (duty = broken_duty(j, rule, f, &level)) == NULL)
		return false;
	*v = (struct pqm_refusal){
		.finding = f,
		.rule = rule->id,
		.why = duty != NULL ? words_of(j, rule, duty) : rule->why,
		.fix = rule->fix.n > 0 ? rule->fix : f->fix,
		.asset = a == NULL ? (pqm_bytes){ NULL, 0 } : a->asset->id,
		.is_unassigned = a != NULL && a->asset->is_unassigned,
		.decision = a == NULL ? PQM_TRACK : a->decision,
		.has_decision = a != NULL,
		.level = level,
		.is_mandate = duty != NULL && level == PQM_L_ERROR,
		.duty = duty == NULL ? (pqm_bytes){ NULL, 0 } : duty->id,
	};
	return true;
}

/* Places that nobody lets pass; those that somebody does are counted where it is written. */
static enum pqm_st stand(struct judging *j, struct pqm_refusal *v)
{
	const struct pqm_finding *f = v->finding;
	uint32_t *places = pqm_arena_array(&j->g->arena, f->n_occs + 1, sizeof(*places));
	uint64_t n_left;

	if (places == NULL)
		return no_memory(j);
	for (size_t i = 0; i < f->n_occs; i++) {
		struct pqm_suppression *s =
			pqm_suppress_find(j->g, j->in->rules, f, &f->occs[i], v->rule);

		if (s != NULL)
			s->n_used++;
		if (s != NULL && v->by == NULL)
			v->by = s;
		if (s != NULL && !s->is_expired)
			v->n_suppressed++;
		else
			places[v->n_shown++] = (uint32_t)i;
	}
	v->places = places;
	v->n_places = f->n_occs;
	if (j->in->baseline != NULL)
		v->n_known = pqm_baseline_count(j->in->baseline, j->in->rules, f);
	/* Nor does a baseline waive what somebody wanted to be asked about again on a day that is over. */
	if (v->is_mandate || (v->by != NULL && v->by->is_expired))
		v->n_known = 0;
	n_left = v->n_places - v->n_suppressed;
	if (n_left == 0)
		v->standing = PQM_S_SUPPRESSED;
	else if (n_left <= v->n_known)
		v->standing = PQM_S_KNOWN;
	return PQM_OK;
}

/* A rule that refuses a finding. */
struct refusing {
	const struct pqm_policy_rule *rule; /* NULL: none does */
	struct pqm_refusal v;
	bool is_let_pass;
};

/* Does somebody let every place of it pass under this rule? */
static bool is_let_pass(const struct judging *j, const struct pqm_refusal *v)
{
	const struct pqm_finding *f = v->finding;

	for (size_t i = 0; i < f->n_occs; i++) {
		const struct pqm_suppression *s =
			pqm_suppress_find(j->g, j->in->rules, f, &f->occs[i], v->rule);

		if (s == NULL || s->is_expired)
			return false;
	}
	return f->n_occs > 0;
}

/* A rule that somebody let it pass under is silent beside one that still refuses it. Of two alike a mandate
 * speaks, then the policy that was taken in later: it extends the other. */
static bool speaks_before(const struct refusing *a, const struct refusing *b)
{
	if (b->rule == NULL || a->is_let_pass != b->is_let_pass)
		return b->rule == NULL || b->is_let_pass;
	if (a->v.level != b->v.level)
		return a->v.level > b->v.level;
	if (a->v.is_mandate != b->v.is_mandate)
		return a->v.is_mandate;
	return !pqm_eq(a->rule->policy, b->rule->policy);
}

static enum pqm_st judge_one(struct judging *j, const struct pqm_finding *f)
{
	const struct pqm_policy *p = j->in->policy;
	struct pqm_gate *g = j->g;
	struct refusing best = { 0 }, one = { 0 };
	struct pqm_refusal *grown;
	enum pqm_st st;

	for (size_t i = 0; i < p->n; i++) {
		one.rule = &p->rules[i];
		if (!refuses(j, one.rule, f, &one.v))
			continue;
		one.is_let_pass = is_let_pass(j, &one.v);
		if (speaks_before(&one, &best))
			best = one;
	}
	if (best.rule == NULL) {
		/* Met, so that it does not count as gone. */
		if (j->in->baseline != NULL)
			(void)pqm_baseline_count(j->in->baseline, j->in->rules, f);
		return PQM_OK;
	}
	st = stand(j, &best.v);
	grown = st == PQM_OK ? pqm_grow(&g->arena, g->refusals, g->n_refusals, &j->cap) : NULL;
	if (grown == NULL)
		return st == PQM_OK ? no_memory(j) : st;
	g->refusals = grown;
	g->refusals[g->n_refusals++] = best.v;
	return PQM_OK;
}

static int by_weight(const void *x, const void *y)
{
	const struct pqm_refusal *a = x, *b = y;

	if (a->standing != b->standing)
		return a->standing < b->standing ? -1 : 1;
	if (a->level != b->level)
		return a->level > b->level ? -1 : 1;
	if (a->decision != b->decision)
		return a->decision > b->decision ? -1 : 1;
	if (a->n_shown > 0 && b->n_shown > 0) {
		const struct pqm_occurrence *p = &a->finding->occs[a->places[0]],
					    *q = &b->finding->occs[b->places[0]];
		int c = pqm_cmp(p->path, q->path);

		if (c != 0)
			return c;
		if (p->line != q->line)
			return p->line < q->line ? -1 : 1;
	}
	return memcmp(a->finding->id, b->finding->id, PQM_ID_BYTES);
}

static void sum_up(struct judging *j)
{
	struct pqm_gate *g = j->g;

	for (size_t i = 0; i < g->n_refusals; i++) {
		const struct pqm_refusal *v = &g->refusals[i];

		if (v->standing == PQM_S_NEW) {
			g->n_new[v->level]++;
			g->is_failed = g->is_failed || (!g->never_fails && v->level >= g->fail_on);
		}
		g->n_known += v->standing == PQM_S_KNOWN;
		g->n_suppressed += v->standing == PQM_S_SUPPRESSED;
	}
	g->is_failed = g->is_failed || (!g->never_fails && g->n_faulty > 0);
	if (j->in->baseline != NULL && !j->in->is_partial)
		g->n_gone = pqm_baseline_unmet(j->in->baseline);
}

enum pqm_st pqm_gate_judge(struct pqm_gate *g, const struct pqm_gate_input *in, struct pqm_err *err)
{
	struct judging j = { .g = g, .in = in, .err = err };
	const struct pqm_suppress_rules known = { in->rules, in->policy };
	enum pqm_st st = pqm_suppress_found(g, &known, in->inv, err);

	g->is_partial = in->is_partial;
	pqm_suppress_settle(g, in->inv->now_days);
	if (!pqm_bound_make(&j.bound, in->assessment) && st == PQM_OK)
		st = no_memory(&j);
	for (size_t i = 0; i < in->inv->n_findings && st == PQM_OK; i++)
		if (!in->inv->findings[i].is_folded)
			st = judge_one(&j, &in->inv->findings[i]);
	if (st == PQM_OK && g->n_refusals > 1)
		qsort(g->refusals, g->n_refusals, sizeof(*g->refusals), by_weight);
	if (st == PQM_OK)
		sum_up(&j);
	pqm_bound_fini(&j.bound);
	return st;
}
