/* SARIF 2.1.0 [OASIS, sarif-v2.1.0-os], within what GitHub's code scanning takes: design/inventory.md §6.2. */
#include "report/writer.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/map.h"
#include "base/num.h"
#include "report/results.h"

/* GitHub keeps 5,000 results, 100 locations of each, 10 tags, texts of 1,024 characters. */
#define RESULTS_MAX 5000
#define LOCATIONS_MAX 100
#define TEXT_MAX 1000

struct rule {
	pqm_bytes id;
	uint64_t index;
	const struct pqm_result *worst;
};

struct sarif {
	const struct pqm_report *r;
	struct pqm_out *o;
	struct pqm_results results;
	size_t n; /* of them that are written */
	struct pqm_map by_rule;
	struct rule **rules; /* by id */
	size_t n_rules;
};

static pqm_bytes cut(pqm_bytes text)
{
	size_t n = text.n;

	if (n <= TEXT_MAX)
		return text;
	for (n = TEXT_MAX; n > 0 && (text.p[n] & 0xc0) == 0x80; n--)
		;
	return pqm_sub(text, 0, n);
}

static void put_text(struct sarif *s, const char *key, pqm_bytes text)
{
	pqm_js_open(s->o, key, '{');
	pqm_js_str(s->o, "text", text.n > 0 ? cut(text) : PQM_LIT("-"));
	pqm_js_close(s->o, '}');
}

static int by_id(const void *x, const void *y)
{
	const struct rule *const *a = x, *const *b = y;

	return pqm_cmp((*a)->id, (*b)->id);
}

static bool take_rules(struct sarif *s)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct pqm_result *x = &s->results.all[i];
		struct rule *rule = pqm_map_get(&s->by_rule, x->finding->rule);

		if (rule != NULL) {
			if (pqm_result_severity(x) > pqm_result_severity(rule->worst))
				rule->worst = x;
			continue;
		}
		rule = pqm_new(&s->results.arena, struct rule, 1);
		if (rule == NULL)
			return false;
		*rule = (struct rule){ x->finding->rule, 0, x };
		if (!pqm_map_put(&s->by_rule, rule->id, rule))
			return false;
		s->n_rules++;
	}
	s->rules = pqm_arena_array(&s->results.arena, s->n_rules + 1, sizeof(*s->rules));
	if (s->rules == NULL)
		return false;
	s->n_rules = 0;
	for (size_t i = 0; i < s->by_rule.cap; i++)
		if (s->by_rule.slot[i].value != NULL)
			s->rules[s->n_rules++] = s->by_rule.slot[i].value;
	if (s->n_rules > 1)
		qsort(s->rules, s->n_rules, sizeof(struct rule *), by_id);
	for (size_t i = 0; i < s->n_rules; i++)
		s->rules[i]->index = i;
	return true;
}

static const char *precision_of(const struct pqm_finding *f)
{
	static const char *const by_evidence[] = { "very-high", "very-high", "very-high", "high",
		"medium" };

	return f->basis == PQM_EXPLICIT ? by_evidence[f->evidence] : "medium";
}

static void put_rule(struct sarif *s, const struct rule *rule)
{
	const struct pqm_rule *def = pqm_rules_get(s->r->rules, rule->id);
	const struct pqm_finding *f = rule->worst->finding;
	pqm_bytes why = def == NULL ? f->why : pqm_yaml_str(def->node, "why");
	pqm_bytes fix = pqm_result_fix(rule->worst);
	struct pqm_out *o = s->o;

	pqm_js_open(o, NULL, '{');
	pqm_js_str(o, "id", rule->id);
	pqm_js_str(o, "name", rule->id);
	put_text(s, "shortDescription", why.n > 0 ? why : f->why.n > 0 ? f->why : rule->id);
	put_text(s, "fullDescription", why.n > 0 ? why : f->why.n > 0 ? f->why : rule->id);
	put_text(s, "help",
		pqm_arena_f(&s->results.scratch, "%.*s%s%.*s Explained by: pqmap rules show %.*s",
			PQM_FMT(why.n > 0 ? why : f->why), fix.n > 0 ? " What to do: " : "",
			PQM_FMT(fix), PQM_FMT(rule->id)));
	pqm_js_open(o, "defaultConfiguration", '{');
	pqm_js_cstr(o, "level", pqm_severity_name(rule->worst->level));
	pqm_js_close(o, '}');
	pqm_js_open(o, "properties", '{');
	pqm_js_open(o, "tags", '[');
	pqm_js_cstr(o, NULL, "security");
	pqm_js_cstr(o, NULL, "cryptography");
	pqm_js_cstr(o, NULL, pqm_meaning_name(f->meaning));
	if (f->quantum == PQM_Q_BROKEN)
		pqm_js_cstr(o, NULL, "quantum-vulnerable");
	pqm_js_close(o, ']');
	pqm_js_cstr(o, "precision", precision_of(f));
	pqm_js_str(o, "security-severity",
		pqm_arena_f(&s->results.scratch, "%.1f", pqm_result_severity(rule->worst)));
	pqm_js_close(o, '}');
	pqm_js_close(o, '}');
}

static void put_place(struct sarif *s, const struct pqm_occurrence *o)
{
	struct pqm_place at = pqm_result_at(&s->results, o);
	uint32_t line = at.line > 0 ? at.line : 1, col = at.line > 0 ? at.col : 1;
	/* Where who names it is shown, the thing itself stands here. */
	pqm_bytes what = at.is_origin ? o->path : o->object;

	pqm_js_open(s->o, NULL, '{');
	pqm_js_open(s->o, "physicalLocation", '{');
	pqm_js_open(s->o, "artifactLocation", '{');
	pqm_js_str(s->o, "uri", pqm_path_uri(&s->results.scratch, at.path));
	pqm_js_close(s->o, '}');
	/* A program has no lines: its first is named, and the offset beside it. */
	pqm_js_open(s->o, "region", '{');
	pqm_js_u64(s->o, "startLine", line);
	pqm_js_u64(s->o, "startColumn", col);
	pqm_js_u64(s->o, "endLine", line);
	pqm_js_u64(s->o, "endColumn", (uint64_t)col + 1);
	pqm_js_close(s->o, '}');
	pqm_js_close(s->o, '}');
	if (what.n > 0) {
		pqm_js_open(s->o, "logicalLocations", '[');
		pqm_js_open(s->o, NULL, '{');
		pqm_js_str(s->o, "fullyQualifiedName", what);
		pqm_js_close(s->o, '}');
		pqm_js_close(s->o, ']');
	}
	if (at.line == 0 && o->off > 0) {
		pqm_js_open(s->o, "properties", '{');
		pqm_js_u64(s->o, "offset", o->off);
		pqm_js_close(s->o, '}');
	}
	pqm_js_close(s->o, '}');
}

static void put_suppression(struct sarif *s, const struct pqm_suppression *by)
{
	struct pqm_out *o = s->o;
	char day[16] = "no end";

	if (by->until != INT64_MAX)
		pqm_date_format(day, by->until);
	pqm_js_open(o, "suppressions", '[');
	pqm_js_open(o, NULL, '{');
	pqm_js_cstr(o, "kind", pqm_eqs(by->kind, "config") ? "external" : "inSource");
	pqm_js_cstr(o, "status", "accepted");
	pqm_js_str(o, "justification",
		pqm_arena_f(&s->results.scratch, "%.*s (%.*s:%u, until %s)", PQM_FMT(by->reason),
			PQM_FMT(by->at), by->line, day));
	pqm_js_close(o, '}');
	pqm_js_close(o, ']');
}

static void put_result(struct sarif *s, const struct pqm_result *x)
{
	const struct rule *rule = pqm_map_get(&s->by_rule, x->finding->rule);
	char hex[2 * PQM_ID_BYTES + 1];
	struct pqm_out *o = s->o;

	pqm_id_hex(hex, x->finding->id);
	pqm_js_open(o, NULL, '{');
	pqm_js_str(o, "ruleId", rule->id);
	pqm_js_u64(o, "ruleIndex", rule->index);
	pqm_js_cstr(o, "level", pqm_severity_name(x->level));
	put_text(s, "message", pqm_result_words(&s->results.scratch, x));
	pqm_js_open(o, "locations", '[');
	for (size_t i = 0; i < x->n_places && i < LOCATIONS_MAX; i++)
		put_place(s, pqm_result_place(x, i));
	pqm_js_close(o, ']');
	/* Of the thing, not of its line: it survives moves, and a new tag of an image. */
	pqm_js_open(o, "partialFingerprints", '{');
	pqm_js_str(o, "primaryLocationLineHash", pqm_arena_f(&s->results.scratch, "%s:1", hex));
	pqm_js_cstr(o, "pqmapFindingId/v1", hex);
	pqm_js_close(o, '}');
	if (s->r->gate != NULL && (s->r->gate->baseline.n > 0 || s->r->gate->since.n > 0))
		pqm_js_cstr(o, "baselineState",
			x->refusal->standing == PQM_S_NEW ? "new" : "unchanged");
	if (x->refusal != NULL && x->refusal->standing == PQM_S_SUPPRESSED)
		put_suppression(s, x->refusal->by);
	pqm_js_open(o, "properties", '{');
	pqm_js_cstr(o, "quantum", pqm_quantum_name(x->finding->quantum));
	pqm_js_opt(o, "algorithm", x->finding->algorithm);
	pqm_js_opt(o, "asset", x->asset);
	if (x->has_decision)
		pqm_js_cstr(o, "decision", pqm_decision_name(x->decision));
	if (x->refusal != NULL)
		pqm_js_str(o, "policyRule", x->refusal->rule);
	pqm_js_opt(o, "fix", pqm_result_fix(x));
	pqm_js_close(o, '}');
	pqm_js_close(o, '}');
}

static void put_notification(struct sarif *s, const char *level, pqm_bytes words)
{
	pqm_js_open(s->o, NULL, '{');
	pqm_js_cstr(s->o, "level", level);
	put_text(s, "message", words);
	pqm_js_close(s->o, '}');
}

static void put_gap(struct sarif *s, size_t target)
{
	pqm_bytes why;

	if (pqm_results_gap(s->r, target, &why))
		put_notification(s, "error",
			pqm_arena_f(&s->results.scratch, "nothing could be read of %.*s: %.*s",
				PQM_FMT(s->r->inv->targets[target].name), PQM_FMT(why)));
}

/* Suppressions that stand at no result: those that cannot be honoured, have ended or let nothing pass. */
static void put_stale(struct sarif *s)
{
	const struct pqm_gate *g = s->r->gate;

	for (size_t i = 0; g != NULL && i < g->n_suppressions && i < LOCATIONS_MAX; i++) {
		const struct pqm_suppression *one = &g->suppressions[i];
		pqm_bytes state = pqm_suppression_state(g, one);

		if (state.n > 0)
			put_notification(s, one->fault.n > 0 ? "error" : "warning",
				pqm_arena_f(&s->results.scratch, "ignore %.*s at %.*s:%u: %.*s",
					PQM_FMT(one->rule), PQM_FMT(one->at), one->line,
					PQM_FMT(state)));
	}
}

/* What was not read is part of the result: silence would look clean. */
static void put_invocation(struct sarif *s)
{
	const struct pqm_coverage *c = &s->r->inv->coverage;
	struct pqm_out *o = s->o;
	size_t n_gaps = 0;
	pqm_bytes why;

	pqm_js_open(o, "invocations", '[');
	pqm_js_open(o, NULL, '{');
	for (size_t i = 0; i < s->r->inv->n_targets; i++)
		n_gaps += pqm_results_gap(s->r, i, &why);
	pqm_js_bool(o, "executionSuccessful", n_gaps == 0);
	pqm_js_open(o, "toolExecutionNotifications", '[');
	for (size_t i = 0; n_gaps > 0 && i < s->r->inv->n_targets; i++)
		put_gap(s, i);
	if (s->n < s->results.n)
		put_notification(s, "warning",
			pqm_arena_f(&s->results.scratch,
				"truncated: the %zu results of the most weight of %zu; the JSON "
				"report "
				"has all",
				s->n, s->results.n));
	for (size_t i = 0; i < c->n_notes && i < LOCATIONS_MAX; i++)
		put_notification(s, "note",
			pqm_arena_f(&s->results.scratch, "not read, %.*s: %.*s %.*s",
				PQM_FMT(c->notes[i].reason), PQM_FMT(c->notes[i].path),
				PQM_FMT(c->notes[i].words)));
	if (c->n_notes > LOCATIONS_MAX)
		put_notification(s, "note",
			pqm_arena_f(&s->results.scratch,
				"%zu more things were not read, or in part; see "
				"the JSON report",
				c->n_notes - LOCATIONS_MAX));
	put_stale(s);
	pqm_js_close(o, ']');
	pqm_js_close(o, '}');
	pqm_js_close(o, ']');
}

static void put_run(struct sarif *s)
{
	struct pqm_out *o = s->o;

	pqm_js_open(o, NULL, '{');
	pqm_js_open(o, "tool", '{');
	pqm_js_open(o, "driver", '{');
	pqm_js_cstr(o, "name", "pqmap");
	pqm_js_str(o, "semanticVersion", s->r->inv->tool_version);
	pqm_js_open(o, "rules", '[');
	for (size_t i = 0; i < s->n_rules; i++)
		put_rule(s, s->rules[i]);
	pqm_js_close(o, ']');
	pqm_js_close(o, '}');
	pqm_js_close(o, '}');
	/* The category: uploads of different kinds of targets do not replace each other. */
	pqm_js_open(o, "automationDetails", '{');
	pqm_js_str(o, "id",
		s->r->inv->n_targets == 0 ? PQM_LIT("pqmap/")
					  : pqm_arena_f(&s->results.scratch, "pqmap/%.*s/",
						    PQM_FMT(s->r->inv->targets[0].kind)));
	pqm_js_close(o, '}');
	pqm_js_cstr(o, "columnKind", "utf16CodeUnits");
	put_invocation(s);
	pqm_js_open(o, "results", '[');
	for (size_t i = 0; i < s->n; i++) {
		put_result(s, &s->results.all[i]);
		pqm_arena_reset(&s->results.scratch);
	}
	pqm_js_close(o, ']');
	pqm_js_close(o, '}');
}

static enum pqm_st sarif_write(const struct pqm_report *r, struct pqm_out *o, struct pqm_err *err)
{
	struct sarif s = { .r = r, .o = o };
	enum pqm_st st;

	st = pqm_results_make(&s.results, r, err);
	s.n = s.results.n < RESULTS_MAX ? s.results.n : RESULTS_MAX;
	if (st == PQM_OK && !take_rules(&s))
		st = pqm_fail(err, PQM_ENOMEM, "sarif: out of memory");
	if (st == PQM_OK) {
		pqm_js_open(o, NULL, '{');
		pqm_js_cstr(o, "$schema", "https://json.schemastore.org/sarif-2.1.0.json");
		pqm_js_cstr(o, "version", "2.1.0");
		pqm_js_open(o, "runs", '[');
		put_run(&s);
		pqm_js_close(o, ']');
		pqm_js_close(o, '}');
	}
	pqm_map_fini(&s.by_rule);
	pqm_results_fini(&s.results);
	return st;
}

const struct pqm_writer pqm_rep_sarif = {
	.name = "sarif",
	.ext = ".sarif",
	.summary = "SARIF 2.1.0, for code scanning",
	.write = sarif_write,
};
