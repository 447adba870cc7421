#include "json_parts.h"

#include "base/limits.h"
#include "base/num.h"
#include "report/curve_json.h"
#include "report/score_json.h"
#include "report/ways.h"

static void letter(struct pqm_out *o, const char *key, char c)
{
	pqm_js_str(o, key, (pqm_bytes){ (const uint8_t *)&c, c == '\0' ? 0 : 1 });
}

/* INT64_MIN and INT64_MAX mean "no date". */
static void date(struct pqm_out *o, const char *key, int64_t days)
{
	char text[16];

	if (days == INT64_MIN || days == INT64_MAX) {
		pqm_js_null(o, key);
		return;
	}
	pqm_date_format(text, days);
	pqm_js_cstr(o, key, text);
}

static void ids(struct pqm_out *o, const char *key, const uint8_t (*id)[PQM_ID_BYTES], size_t n)
{
	char hex[2 * PQM_ID_BYTES + 1];

	pqm_js_open(o, key, '[');
	for (size_t i = 0; i < n; i++) {
		pqm_id_hex(hex, id[i]);
		pqm_js_cstr(o, NULL, hex);
	}
	pqm_js_close(o, ']');
}

static void texts(struct pqm_out *o, const char *key, const pqm_bytes *text, size_t n)
{
	pqm_js_open(o, key, '[');
	for (size_t i = 0; i < n; i++)
		pqm_js_str(o, NULL, text[i]);
	pqm_js_close(o, ']');
}

/* A text of several lines as a list of them: a line break never hides in a string. */
static void lines(struct pqm_out *o, const char *key, pqm_bytes text)
{
	pqm_bytes rest = text, line;

	if (text.n == 0)
		return;
	pqm_js_open(o, key, '[');
	while (pqm_split(&rest, '\n', &line))
		if (line.n > 0 || rest.n > 0)
			pqm_js_str(o, NULL, line);
	pqm_js_close(o, ']');
}

static void place(struct pqm_out *o, pqm_bytes path, uint32_t line)
{
	pqm_js_opt(o, "path", path);
	pqm_js_opt_u64(o, "line", line);
}

static void signals(struct pqm_out *o, const struct pqm_signal *s, size_t n)
{
	pqm_js_open(o, "signals", '[');
	for (size_t i = 0; i < n; i++) {
		pqm_js_open(o, NULL, '{');
		pqm_js_str(o, "what", s[i].what);
		pqm_js_num(o, "weight", s[i].weight, 4);
		place(o, s[i].path, s[i].line);
		pqm_js_close(o, '}');
	}
	pqm_js_close(o, ']');
}

static void node(struct pqm_out *o, const struct pqm_node *n)
{
	pqm_js_open(o, NULL, '{');
	pqm_js_str(o, "id", n->id);
	pqm_js_cstr(o, "type", pqm_node_type_name(n->type));
	pqm_js_opt(o, "kind", n->kind);
	pqm_js_opt(o, "namespace", n->ns);
	pqm_js_opt(o, "name", n->name);
	pqm_js_opt(o, "ai_class", n->ai_class);
	if (n->ai_class.n > 0) {
		pqm_js_cstr(o, "ai_level", pqm_ai_level(n->ai_confidence));
		pqm_js_num(o, "ai_confidence", n->ai_confidence, 4);
		signals(o, n->signals, n->n_signals);
	}
	if (n->is_ghost)
		pqm_js_bool(o, "ghost", true);
	place(o, n->path, n->line);
	pqm_js_close(o, '}');
}

static void edge(struct pqm_out *o, const struct pqm_graph *g, const struct pqm_edge *e)
{
	pqm_js_open(o, NULL, '{');
	pqm_js_str(o, "from", g->nodes[e->from].id);
	pqm_js_str(o, "to", g->nodes[e->to].id);
	pqm_js_str(o, "rel", e->rel);
	pqm_js_opt(o, "ref", e->ref);
	place(o, e->path, e->line);
	if (e->is_guess)
		pqm_js_bool(o, "guess", true);
	pqm_js_close(o, '}');
}

static void hop(struct pqm_out *o, const struct pqm_graph *g, const struct pqm_hop *h)
{
	char evidence[32];

	(void)snprintf(evidence, sizeof(evidence), "%s%s", pqm_evidence_name(h->evidence),
		pqm_basis_suffix(h->basis));
	pqm_js_open(o, NULL, '{');
	letter(o, "use", h->use);
	letter(o, "data", h->data);
	letter(o, "exposure", h->exposure);
	letter(o, "coverage", h->coverage);
	if (h->coverage == 'M')
		pqm_js_num(o, "share", h->share, 4);
	pqm_js_num(o, "in_use_years", h->in_use_years, 4);
	if (h->was != 0)
		pqm_js_num(o, "ended_years", h->ended_years, 4);
	texts(o, "layers", h->layers, h->n_layers);
	pqm_js_cstr(o, "verdict", pqm_verdict_name(h->verdict));
	pqm_js_cstr(o, "evidence", evidence);
	if (h->from < g->n_nodes)
		pqm_js_str(o, "from", g->nodes[h->from].id);
	if (h->to < g->n_nodes)
		pqm_js_str(o, "to", g->nodes[h->to].id);
	pqm_js_str(o, "label", h->label);
	pqm_js_opt(o, "terminated_by", h->ends);
	pqm_js_opt(o, "protocol", h->protocol);
	pqm_js_opt(o, "versions", h->versions);
	pqm_js_opt(o, "groups", h->groups);
	pqm_js_opt(o, "certificate", h->certificate);
	pqm_js_cstr(o, "confidence", pqm_confidence_name(h->confidence));
	pqm_js_opt(o, "why", h->why);
	pqm_js_opt(o, "task", h->task);
	pqm_js_opt(o, "ref", h->ref);
	place(o, h->path, h->line);
	ids(o, "findings", h->findings, h->n_findings);
	pqm_js_close(o, '}');
}

static void sourced(struct pqm_out *o, const char *key, const struct pqm_sourced *s)
{
	pqm_js_open(o, key, '{');
	pqm_js_num(o, "value", s->value, 4);
	pqm_js_bool(o, "assumption", s->is_assumption);
	pqm_js_str(o, "source", s->source);
	pqm_js_close(o, '}');
}

static void asset(struct pqm_out *o, const struct pqm_graph *g, const struct pqm_asset *a)
{
	pqm_js_open(o, NULL, '{');
	pqm_js_str(o, "id", a->id);
	pqm_js_str(o, "name", a->name);
	pqm_js_str(o, "kind", a->kind_words);
	pqm_js_str(o, "life_class", a->life_class);
	pqm_js_opt(o, "owner", a->owner);
	pqm_js_bool(o, "unassigned", a->is_unassigned);
	if (a->node < g->n_nodes)
		pqm_js_str(o, "node", g->nodes[a->node].id);
	sourced(o, "life_years", &a->life_years);
	sourced(o, "impact", &a->impact);
	if (!a->money.is_assumption) {
		sourced(o, "money", &a->money);
		pqm_js_opt(o, "currency", a->currency);
	}
	if (a->flow_money.value > 0)
		sourced(o, "flow_money", &a->flow_money);
	pqm_js_open(o, "sources", '[');
	for (size_t i = 0; i < a->n_sources; i++)
		if (a->sources[i] < g->n_assets)
			pqm_js_str(o, NULL, g->assets[a->sources[i]].id);
	pqm_js_close(o, ']');
	if (a->root < g->n_assets)
		pqm_js_str(o, "root", g->assets[a->root].id);
	signals(o, a->signals, a->n_signals);
	pqm_js_num(o, "confidence", a->confidence, 4);
	pqm_js_open(o, "hops", '[');
	for (size_t i = 0; i < a->n_hops; i++)
		hop(o, g, &a->hops[i]);
	pqm_js_close(o, ']');
	pqm_js_close(o, '}');
}

void pqm_json_graph(struct pqm_out *o, const struct pqm_graph *g)
{
	pqm_js_open(o, "graph", '{');
	pqm_js_open(o, "nodes", '[');
	for (size_t i = 0; i < g->n_nodes; i++)
		node(o, &g->nodes[i]);
	pqm_js_close(o, ']');
	pqm_js_open(o, "edges", '[');
	for (size_t i = 0; i < g->n_edges; i++)
		edge(o, g, &g->edges[i]);
	pqm_js_close(o, ']');
	pqm_js_open(o, "assets", '[');
	for (size_t i = 0; i < g->n_assets; i++)
		asset(o, g, &g->assets[i]);
	pqm_js_close(o, ']');
	texts(o, "unresolved", g->unresolved, g->n_unresolved);
	pqm_js_close(o, '}');
}

static void scenarios(struct pqm_out *o, const char *key, const double v[PQM_N_SCENARIOS])
{
	pqm_js_open(o, key, '{');
	for (int s = 0; s < PQM_N_SCENARIOS; s++)
		pqm_js_num(o, pqm_scenario_name((enum pqm_scenario)s), v[s], 4);
	pqm_js_close(o, '}');
}

static void money(struct pqm_out *o, const char *key, const struct pqm_money m[PQM_N_SCENARIOS])
{
	pqm_js_open(o, key, '{');
	for (int s = 0; s < PQM_N_SCENARIOS; s++) {
		pqm_js_open(o, pqm_scenario_name((enum pqm_scenario)s), '{');
		pqm_js_num(o, "expected", m[s].expected, 2);
		pqm_js_num(o, "sunk", m[s].sunk, 2);
		pqm_js_num(o, "avoidable", m[s].avoidable, 2);
		pqm_js_num(o, "quarter", m[s].quarter, 2);
		pqm_js_close(o, '}');
	}
	pqm_js_close(o, '}');
}

static void use(struct pqm_out *o, const struct pqm_asset *a, const struct pqm_use_score *u)
{
	static const char *const runs[] = { "unknown", "one per session", "one per key" };

	pqm_js_open(o, NULL, '{');
	pqm_js_cstr(o, "vector", u->vector);
	pqm_js_num(o, "end", u->end, 4);
	scenarios(o, "tau", u->tau);
	scenarios(o, "g", u->g);
	scenarios(o, "h", u->h);
	scenarios(o, "p", u->p);
	scenarios(o, "sunk", u->sunk);
	scenarios(o, "cod", u->cod);
	pqm_js_cstr(o, "decision", pqm_decision_name(u->decision));
	pqm_js_bool(o, "volatile", u->is_volatile);
	pqm_js_bool(o, "broken_today", u->is_broken_today);
	pqm_js_bool(o, "capped", u->is_capped);
	pqm_js_cstr(o, "shor_runs", runs[u->shor_runs_per < 3 ? u->shor_runs_per : 0]);
	pqm_json_evidence(o, a, u);
	if (u->hop >= a->hops && u->hop < a->hops + a->n_hops) {
		pqm_js_u64(o, "hop", (uint64_t)(u->hop - a->hops));
		pqm_json_inputs(o, a, u);
	}
	pqm_js_close(o, '}');
}

/* From the asset to both ends of the hop that decides, with the reference that led to each node. */
static void deciding_path(struct pqm_out *o, struct pqm_ways *w, const struct pqm_asset_score *s)
{
	struct pqm_way_step steps[PQM_WAY_STEPS];
	size_t n = w == NULL ? 0 : pqm_way_to_hop(w, steps, s->asset, pqm_score_decider(s));

	pqm_js_open(o, "deciding_path", '[');
	for (size_t i = 0; i < n; i++) {
		const struct pqm_edge *e =
			steps[i].edge == PQM_WAY_NONE ? NULL : &w->g->edges[steps[i].edge];

		pqm_js_open(o, NULL, '{');
		pqm_js_str(o, "node", w->g->nodes[steps[i].node].id);
		if (e != NULL) {
			pqm_js_str(o, "rel", e->rel);
			pqm_js_bool(o, "forward", e->to == steps[i].node);
			pqm_js_opt(o, "ref", e->ref);
			place(o, e->path, e->line);
		}
		pqm_js_close(o, '}');
	}
	pqm_js_close(o, ']');
}

/* How sure the hop is that decides: what rests on a default or a guess is assumed. */
static void decider_grade(struct pqm_out *o, const struct pqm_hop *h /* may be NULL */)
{
	if (h == NULL)
		return;
	pqm_js_cstr(o, "deciding_confidence", pqm_confidence_name(h->confidence));
	pqm_js_bool(o, "deciding_assumed",
		h->evidence == PQM_HINTED || h->basis != PQM_EXPLICIT ||
			h->verdict == PQM_V_UNKNOWN);
}

static void asset_score(
	struct pqm_out *o, struct pqm_ways *w /* may be NULL */, const struct pqm_asset_score *s)
{
	pqm_js_open(o, NULL, '{');
	pqm_js_str(o, "id", s->asset->id);
	scenarios(o, "p", s->p);
	scenarios(o, "sunk", s->sunk);
	scenarios(o, "cod", s->cod);
	pqm_js_cstr(o, "decision", pqm_decision_name(s->decision));
	pqm_js_cstr(o, "decision_by_impact", pqm_decision_name(s->by_impact));
	pqm_js_cstr(o, "decision_by_deadline", pqm_decision_name(s->by_deadline));
	pqm_js_bool(o, "volatile", s->is_volatile);
	pqm_js_bool(o, "broken_today", s->is_broken_today);
	pqm_js_bool(o, "scored", !s->is_broken_today);
	pqm_js_bool(o, "capped", s->is_capped);
	if (s->deciding < s->n_uses)
		pqm_js_u64(o, "deciding_use", s->deciding);
	decider_grade(o, pqm_score_decider(s));
	deciding_path(o, w, s);
	pqm_js_str(o, "why", s->why);
	pqm_js_opt(o, "money_root", s->root_id);
	if (s->has_money)
		money(o, "money", s->money);
	pqm_json_score(o, s);
	pqm_js_open(o, "uses", '[');
	for (size_t i = 0; i < s->n_uses; i++)
		use(o, s->asset, &s->uses[i]);
	pqm_js_close(o, ']');
	pqm_js_close(o, '}');
}

static void assumptions(struct pqm_out *o, const struct pqm_assessment *a)
{
	pqm_js_open(o, "assumptions", '[');
	for (size_t i = 0; i < a->n_assumptions; i++) {
		pqm_js_open(o, NULL, '{');
		pqm_js_opt(o, "asset", a->assumptions[i].asset);
		pqm_js_str(o, "what", a->assumptions[i].what);
		pqm_js_opt(o, "source", a->assumptions[i].source);
		pqm_js_opt(o, "would_change", a->assumptions[i].would_change);
		pqm_js_close(o, '}');
	}
	pqm_js_close(o, ']');
}

static void curves(struct pqm_out *o, const struct pqm_assessment *a)
{
	pqm_js_open(o, "loss_curve", '[');
	for (size_t i = 0; i < a->n_loss; i++) {
		pqm_js_open(o, NULL, '{');
		pqm_js_num(o, "amount", a->loss_curve[i].amount, 2);
		pqm_js_num(o, "p", a->loss_curve[i].p, 4);
		pqm_js_close(o, '}');
	}
	pqm_js_close(o, ']');
	if (a->n_loss > 0)
		pqm_json_losses(o, a);
	pqm_js_open(o, "arrival_curve", '[');
	for (size_t i = 0; i < a->n_curve; i++) {
		pqm_js_open(o, NULL, '{');
		pqm_js_num(o, "year", a->curve_years[i], 4);
		scenarios(o, "f", a->curve_f[i]);
		pqm_js_close(o, '}');
	}
	pqm_js_close(o, ']');
}

void pqm_json_assessment(
	struct pqm_out *o, const struct pqm_graph *g, const struct pqm_assessment *a)
{
	struct pqm_arena arena;
	struct pqm_ways ways;
	struct pqm_err err = { 0 };

	pqm_arena_init(&arena, PQM_RUN_ARENA_BYTES);
	bool has_ways = pqm_ways_init(&ways, g, &arena, &err) == PQM_OK;

	pqm_js_open(o, "assessment", '{');
	pqm_js_num(o, "assessed", a->assessed, 4);
	pqm_js_str(o, "curve", a->curve_id);
	if (a->curve.n > 0)
		pqm_curve_json(o, "curve_points", &a->curve);
	pqm_js_cstr(o, "parameters_hash", a->parameters_hash);
	pqm_js_open(o, "assets", '[');
	for (size_t i = 0; i < a->n_assets; i++)
		asset_score(o, has_ways ? &ways : NULL, &a->assets[i]);
	pqm_js_close(o, ']');
	pqm_arena_fini(&arena);
	pqm_js_bool(o, "has_money", a->has_money);
	if (a->has_money) {
		pqm_js_str(o, "currency", a->currency);
		money(o, "totals", a->total);
	}
	curves(o, a);
	assumptions(o, a);
	texts(o, "notes", a->notes, a->n_notes);
	pqm_js_close(o, '}');
}

static void task_texts(struct pqm_out *o, const struct pqm_task *t)
{
	texts(o, "where", t->where, t->n_where);
	pqm_js_opt(o, "why", t->why);
	lines(o, "change", t->change);
	if (t->patch_path.n > 0) {
		pqm_js_open(o, "patch", '{');
		pqm_js_str(o, "path", t->patch_path);
		pqm_js_u64(o, "line", t->patch_line);
		pqm_js_str(o, "from", t->patch_from);
		pqm_js_str(o, "to", t->patch_to);
		pqm_js_close(o, '}');
	}
	pqm_js_opt(o, "software", t->software);
	pqm_js_opt(o, "endpoint", t->endpoint);
	pqm_js_opt(o, "regime_note", t->regime_note);
	pqm_js_opt(o, "both_ends", t->both_ends);
	pqm_js_opt(o, "needs", t->needs);
	pqm_js_opt(o, "costs", t->costs);
	lines(o, "verify", t->verify);
	lines(o, "rollback", t->rollback);
}

static void task_ids(struct pqm_out *o, const struct pqm_plan *p, const struct pqm_task *t)
{
	pqm_js_open(o, "after", '[');
	for (size_t i = 0; i < t->n_deps; i++)
		if (t->deps[i] < p->n_tasks)
			pqm_js_str(o, NULL, p->tasks[t->deps[i]].id);
	pqm_js_close(o, ']');
	texts(o, "assets", t->assets, t->n_assets);
	ids(o, "findings", t->findings, t->n_findings);
}

static void task(struct pqm_out *o, const struct pqm_plan *p, const struct pqm_task *t)
{
	pqm_js_open(o, NULL, '{');
	pqm_js_str(o, "id", t->id);
	pqm_js_str(o, "type", t->type);
	pqm_js_str(o, "title", t->title);
	pqm_js_u64(o, "phase", t->phase);
	pqm_js_opt(o, "phase_name", t->phase_name);
	pqm_js_cstr(o, "window", pqm_window_name(t->window));
	pqm_js_bool(o, "pulled_forward", t->pulled_forward);
	pqm_js_opt(o, "pulled_why", t->pulled_why);
	pqm_js_bool(o, "weak_fix", t->is_weak_fix);
	pqm_js_num(o, "effort_lo", t->effort_lo, 2);
	pqm_js_num(o, "effort_hi", t->effort_hi, 2);
	pqm_js_u64(o, "units", t->n_units);
	pqm_js_num(o, "value", t->value, 4);
	date(o, "start_lo", t->start_lo);
	date(o, "start_hi", t->start_hi);
	date(o, "finish_lo", t->finish_lo);
	date(o, "finish_hi", t->finish_hi);
	date(o, "due", t->due);
	if (t->blocked_until != INT64_MIN) {
		date(o, "blocked_until", t->blocked_until);
		pqm_js_str(o, "blocked_why", t->blocked_why);
	} else {
		pqm_js_opt(o, "waits_for", t->blocked_why);
	}
	task_texts(o, t);
	task_ids(o, p, t);
	pqm_json_lane(o, t);
	pqm_js_close(o, '}');
}

static void goal(struct pqm_out *o, const struct pqm_assessment *a, const struct pqm_plan *p,
	const struct pqm_goal *g)
{
	pqm_js_open(o, NULL, '{');
	pqm_js_str(o, "id", g->id);
	if (g->asset < a->n_assets) {
		pqm_js_str(o, "asset", a->assets[g->asset].asset->id);
		pqm_js_u64(o, "use", g->use);
	}
	pqm_js_num(o, "value", g->value, 4);
	pqm_js_open(o, "tasks", '[');
	for (size_t i = 0; i < g->n_deps; i++)
		if (g->deps[i] < p->n_tasks)
			pqm_js_str(o, NULL, p->tasks[g->deps[i]].id);
	pqm_js_close(o, ']');
	date(o, "finish_lo", g->finish_lo);
	date(o, "finish_hi", g->finish_hi);
	pqm_js_close(o, '}');
}

static void deadline(struct pqm_out *o, const struct pqm_deadline *d)
{
	pqm_js_open(o, NULL, '{');
	pqm_js_str(o, "id", d->id);
	pqm_js_str(o, "regime", d->regime);
	pqm_js_str(o, "title", d->title);
	pqm_js_opt(o, "function", d->function);
	pqm_js_opt(o, "force", d->force);
	date(o, "date", d->date);
	date(o, "finish", d->finish);
	pqm_js_num(o, "slack_years", d->slack_years, 4);
	pqm_js_bool(o, "met", d->is_met);
	pqm_js_opt(o, "note", d->note);
	pqm_js_opt(o, "source", d->source);
	pqm_js_opt(o, "applies_to", d->applies_to);
	if (d->is_others)
		pqm_js_bool(o, "of_others", true);
	pqm_js_close(o, '}');
}

static void residual(struct pqm_out *o, const struct pqm_plan *p, const struct pqm_residual *r)
{
	pqm_js_open(o, NULL, '{');
	pqm_js_num(o, "effort_days", r->effort_days, 2);
	pqm_js_num(o, "left", r->left, 4);
	pqm_js_num(o, "sunk", r->sunk, 4);
	if (r->task < p->n_tasks)
		pqm_js_str(o, "task", p->tasks[r->task].id);
	pqm_js_close(o, '}');
}

void pqm_json_plan(struct pqm_out *o, const struct pqm_assessment *a, const struct pqm_plan *p)
{
	pqm_js_open(o, "plan", '{');
	date(o, "start", p->start);
	pqm_js_num(o, "capacity", p->capacity, 2);
	pqm_js_bool(o, "exact", p->is_exact);
	pqm_js_num(o, "cost", p->cost, 4);
	pqm_js_num(o, "bound", p->bound, 4);
	pqm_js_opt(o, "optimality", p->optimality);
	pqm_js_u64(o, "rounds", p->n_rounds);
	pqm_js_opt(o, "bench", p->bench);
	pqm_js_open(o, "tasks", '[');
	for (size_t i = 0; i < p->n_tasks; i++)
		task(o, p, &p->tasks[i]);
	pqm_js_close(o, ']');
	pqm_js_open(o, "goals", '[');
	for (size_t i = 0; i < p->n_goals; i++)
		goal(o, a, p, &p->goals[i]);
	pqm_js_close(o, ']');
	pqm_js_open(o, "deadlines", '[');
	for (size_t i = 0; i < p->n_deadlines; i++)
		deadline(o, &p->deadlines[i]);
	pqm_js_close(o, ']');
	pqm_js_open(o, "residual", '[');
	for (size_t i = 0; i < p->n_residual; i++)
		residual(o, p, &p->residual[i]);
	pqm_js_close(o, ']');
	pqm_json_stages(o, p);
	pqm_json_what_if(o, p);
	pqm_js_close(o, '}');
}
