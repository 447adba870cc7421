/*
 * The text format of Prometheus [exposition format 0.0.4]: one family after the other, each with HELP and TYPE. A
 * file appears whole, as node_exporter's textfile collector wants it; times are those of the assessment, never the
 * clock's. Numbers of series are bounded: ids of findings, paths and hosts are no labels.
 */
#include "report/writer.h"

#include <math.h>

#include "base/limits.h"
#include "report/tally.h"

#define DAY_S INT64_C(86400)
#define YEAR_S (365.2425 * 86400)

struct prom {
	const struct pqm_report *r;
	struct pqm_out *o;
	struct pqm_tally tally;
	struct pqm_arena arena; /* of one family */
	bool is_first_label;
};

static void family(struct prom *p, const char *name, const char *help)
{
	pqm_arena_reset(&p->arena);
	pqm_out_f(p->o, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name);
}

static void sample(struct prom *p, const char *name)
{
	pqm_out_str(p->o, name);
	p->is_first_label = true;
}

/* The value between its quotes: backslash, quote and line feed are escaped, everything else that is no text was
 * spelled out before. A long one is cut and told apart by its digest. */
static void label(struct prom *p, const char *name, pqm_bytes value)
{
	pqm_bytes b = pqm_printable(&p->arena, value);
	uint8_t digest[PQM_SHA256_BYTES];
	size_t n = b.n;

	if (n > PQM_PROM_LABEL_BYTES)
		for (n = PQM_PROM_LABEL_BYTES; n > 0 && (b.p[n] & 0xc0) == 0x80; n--)
			;
	pqm_out_f(p->o, "%c%s=\"", p->is_first_label ? '{' : ',', name);
	p->is_first_label = false;
	for (size_t i = 0; i < n; i++) {
		const uint8_t c = b.p[i];

		if (c == '\\' || c == '"')
			pqm_out_lit(p->o, "\\");
		if (c == '\n')
			pqm_out_lit(p->o, "\\n");
		else
			pqm_out_bytes(p->o, pqm_sub(b, i, 1));
	}
	if (n < b.n) {
		pqm_sha256(digest, value);
		pqm_out_f(p->o, "~%02x%02x%02x%02x", digest[0], digest[1], digest[2], digest[3]);
	}
	pqm_out_lit(p->o, "\"");
}

static void value_f(struct prom *p, double v, int decimals)
{
	pqm_out_f(p->o, "%s %.*f\n", p->is_first_label ? "" : "}", decimals,
		isfinite(v) ? v + 0.0 : 0.0);
}

static void value_i(struct prom *p, int64_t v)
{
	pqm_out_f(p->o, "%s %lld\n", p->is_first_label ? "" : "}", (long long)v);
}

static void single(struct prom *p, const char *name, const char *help, uint64_t v)
{
	family(p, name, help);
	sample(p, name);
	value_i(p, (int64_t)v);
}

static void about(struct prom *p)
{
	const struct pqm_inventory *inv = p->r->inv;

	family(p, "pqmap_build_info", "Constant 1; what made this report.");
	sample(p, "pqmap_build_info");
	label(p, "version", inv->tool_version);
	label(p, "rules", inv->rules_version);
	label(p, "curve", p->r->assessment->curve_id);
	value_i(p, 1);
	family(p, "pqmap_scan_timestamp_seconds", "Date of the assessment (--now), at 00:00 UTC.");
	sample(p, "pqmap_scan_timestamp_seconds");
	value_i(p, inv->now_days * DAY_S);
}

static void findings(struct prom *p)
{
	family(p, "pqmap_findings",
		"Things found, by what they mean and their status against a quantum computer.");
	for (unsigned m = 0; m < PQM_N_MEANINGS; m++)
		for (unsigned q = 0; q < PQM_N_QUANTA; q++) {
			sample(p, "pqmap_findings");
			label(p, "meaning", pqm_str(pqm_meaning_name((enum pqm_meaning)m)));
			label(p, "quantum", pqm_str(pqm_quantum_name((enum pqm_quantum)q)));
			value_i(p, (int64_t)p->tally.found[m][q]);
		}
	single(p, "pqmap_finding_places", "Places of the findings, copies counted.",
		p->tally.places);
	single(p, "pqmap_trust_store_findings", "Things seen in trust stores only; not scored.",
		p->tally.folded);
}

static size_t n_assets(const struct prom *p)
{
	size_t n = p->r->assessment->n_assets;

	return n < PQM_PROM_SERIES ? n : PQM_PROM_SERIES;
}

static void by_scenario(struct prom *p, const char *name, const char *help,
	const double *(*of)(const struct pqm_asset_score *s))
{
	family(p, name, help);
	for (size_t i = 0; i < n_assets(p); i++)
		for (unsigned s = 0; s < PQM_N_SCENARIOS; s++) {
			const struct pqm_asset_score *a = &p->r->assessment->assets[i];

			if (a->is_broken_today)
				continue; /* open now: a chance of a machine says nothing */
			sample(p, name);
			label(p, "asset", a->asset->id);
			label(p, "scenario", pqm_str(pqm_scenario_name((enum pqm_scenario)s)));
			value_f(p, of(a)[s], 4);
		}
}

static const double *p_of(const struct pqm_asset_score *s)
{
	return s->p;
}

static const double *sunk_of(const struct pqm_asset_score *s)
{
	return s->sunk;
}

static const double *cod_of(const struct pqm_asset_score *s)
{
	return s->cod;
}

/* What is open today loses nothing to a machine to come, and 0 would look like nothing to lose. */
static bool has_loss(const struct pqm_asset_score *s)
{
	return s->has_money && !(s->is_broken_today && s->money[PQM_CENTRAL].expected <= 0);
}

static void asset_money(struct prom *p)
{
	const struct pqm_assessment *as = p->r->assessment;

	family(p, "pqmap_asset_expected_loss",
		"Expected loss of assets whose impact was declared in money, central scenario.");
	for (size_t i = 0; i < n_assets(p); i++)
		if (has_loss(&as->assets[i])) {
			sample(p, "pqmap_asset_expected_loss");
			label(p, "asset", as->assets[i].asset->id);
			label(p, "currency", as->currency);
			value_f(p, as->assets[i].money[PQM_CENTRAL].expected, 2);
		}
}

static void assets(struct prom *p)
{
	const struct pqm_assessment *as = p->r->assessment;
	uint64_t by_decision[PQM_ACT + 1] = { 0 };

	by_scenario(p, "pqmap_asset_probability",
		"Chance that the asset is read or forged while it matters.", p_of);
	by_scenario(p, "pqmap_asset_sunk_probability",
		"Of it, what is lost whatever is done from now on.", sunk_of);
	by_scenario(p, "pqmap_asset_cost_of_delay",
		"What a year without protection adds to the chance.", cod_of);
	family(p, "pqmap_asset_decision",
		"What to do about the asset: 0 Track, 1 Plan, 2 Attend, 3 Act.");
	for (size_t i = 0; i < n_assets(p); i++) {
		sample(p, "pqmap_asset_decision");
		label(p, "asset", as->assets[i].asset->id);
		value_i(p, as->assets[i].decision);
	}
	family(p, "pqmap_asset_broken_today",
		"1: plaintext or a broken cipher: open today, without series of probability.");
	for (size_t i = 0; i < n_assets(p); i++) {
		sample(p, "pqmap_asset_broken_today");
		label(p, "asset", as->assets[i].asset->id);
		value_i(p, as->assets[i].is_broken_today);
	}
	if (as->has_money)
		asset_money(p);
	for (size_t i = 0; i < as->n_assets; i++)
		by_decision[as->assets[i].decision]++;
	family(p, "pqmap_assets", "Assets by decision, those without series of their own too.");
	for (unsigned d = 0; d <= PQM_ACT; d++) {
		sample(p, "pqmap_assets");
		label(p, "decision", pqm_str(pqm_decision_name((enum pqm_decision)d)));
		value_i(p, (int64_t)by_decision[d]);
	}
	single(p, "pqmap_assets_without_series", "Assets over the limit of series in this file.",
		as->n_assets - n_assets(p));
}

static void money(struct prom *p)
{
	static const struct {
		const char *name, *help;
		size_t at;
	} sums[] = {
		{ "pqmap_expected_loss", "Expected loss of all assets, each lineage once.",
			offsetof(struct pqm_money, expected) },
		{ "pqmap_expected_loss_sunk", "Of it, lost whatever is done from now on.",
			offsetof(struct pqm_money, sunk) },
		{ "pqmap_expected_loss_avoidable",
			"Of it, what is sent from now on until the plan protects it.",
			offsetof(struct pqm_money, avoidable) },
		{ "pqmap_expected_loss_quarter_delay", "What three months of delay add.",
			offsetof(struct pqm_money, quarter) },
	};
	const struct pqm_assessment *as = p->r->assessment;

	for (size_t i = 0; as->has_money && i < sizeof(sums) / sizeof(sums[0]); i++) {
		family(p, sums[i].name, sums[i].help);
		for (unsigned s = 0; s < PQM_N_SCENARIOS; s++) {
			double v;

			memcpy(&v, (const char *)&as->total[s] + sums[i].at, sizeof(v));
			sample(p, sums[i].name);
			label(p, "scenario", pqm_str(pqm_scenario_name((enum pqm_scenario)s)));
			label(p, "currency", as->currency);
			value_f(p, v, 2);
		}
	}
}

static void deadline_labels(struct prom *p, const char *name, const struct pqm_deadline *d)
{
	sample(p, name);
	label(p, "deadline", d->id);
	label(p, "regime", d->regime);
	label(p, "function", d->function);
}

static void deadlines(struct prom *p)
{
	const struct pqm_plan *plan = p->r->plan;
	size_t n = plan->n_deadlines < PQM_PROM_SERIES ? plan->n_deadlines : PQM_PROM_SERIES;

	family(p, "pqmap_deadline_timestamp_seconds", "The day itself, at 00:00 UTC.");
	for (size_t i = 0; i < n; i++) {
		deadline_labels(p, "pqmap_deadline_timestamp_seconds", &plan->deadlines[i]);
		value_i(p, plan->deadlines[i].date * DAY_S);
	}
	family(p, "pqmap_deadline_slack_seconds",
		"Time between the plan's finish and the deadline; negative: it is missed.");
	for (size_t i = 0; i < n; i++) {
		const struct pqm_deadline *d = &plan->deadlines[i];

		/* Nothing of the plan concerns it. */
		if (d->finish == INT64_MIN || !isfinite(d->slack_years))
			continue;
		deadline_labels(p, "pqmap_deadline_slack_seconds", d);
		value_f(p, round(d->slack_years * YEAR_S), 0);
	}
}

static void plan(struct prom *p)
{
	const struct pqm_plan *plan = p->r->plan;
	uint64_t n[PQM_W_18_PLUS + 1] = { 0 };
	double lo = 0, hi = 0;

	for (size_t i = 0; i < plan->n_tasks; i++) {
		n[plan->tasks[i].window]++;
		lo += plan->tasks[i].effort_lo;
		hi += plan->tasks[i].effort_hi;
	}
	family(p, "pqmap_plan_tasks", "Tasks that are left, by the window they finish in.");
	for (unsigned w = 0; w <= PQM_W_18_PLUS; w++) {
		sample(p, "pqmap_plan_tasks");
		label(p, "window", pqm_str(pqm_window_name((enum pqm_window)w)));
		value_i(p, (int64_t)n[w]);
	}
	family(p, "pqmap_plan_effort_person_days", "Effort of these tasks.");
	sample(p, "pqmap_plan_effort_person_days");
	label(p, "estimate", PQM_LIT("low"));
	value_f(p, lo, 2);
	sample(p, "pqmap_plan_effort_person_days");
	label(p, "estimate", PQM_LIT("high"));
	value_f(p, hi, 2);
}

static void coverage(struct prom *p)
{
	const struct pqm_inventory *inv = p->r->inv;
	const struct pqm_coverage *c = &inv->coverage;
	struct pqm_unread why[PQM_UNREAD_MAX];
	uint64_t total = 0, failed = 0;
	size_t n = pqm_unread(why, &total, c);

	single(p, "pqmap_coverage_seen", "Files and other entries that were seen.", c->seen);
	single(p, "pqmap_coverage_read", "Of them, read.", c->read);
	single(p, "pqmap_coverage_bytes", "Bytes read.", c->bytes);
	single(p, "pqmap_coverage_partial", "Of those read, read in part.", c->partial);
	family(p, "pqmap_coverage_unread", "Entries that were seen and not read, by reason.");
	for (size_t i = 0; i < n; i++) {
		sample(p, "pqmap_coverage_unread");
		label(p, "reason", pqm_str(why[i].reason));
		value_i(p, (int64_t)why[i].n);
	}
	for (size_t i = 0; i < inv->n_targets; i++)
		failed += inv->targets[i].failed;
	single(p, "pqmap_targets", "Targets of the scan.", inv->n_targets);
	single(p, "pqmap_targets_failed", "Targets that gave nothing.", failed);
	family(p, "pqmap_endpoints", "Endpoints that were asked, by what became of it.");
	for (unsigned i = 0; i <= PQM_R_SKIPPED; i++) {
		sample(p, "pqmap_endpoints");
		label(p, "reach", pqm_str(pqm_reach_name((enum pqm_reach)i)));
		value_i(p, (int64_t)c->endpoints.reach[i]);
	}
}

static enum pqm_st prom_write(const struct pqm_report *r, struct pqm_out *o, struct pqm_err *err)
{
	struct prom p = { .r = r, .o = o };

	(void)err;
	pqm_arena_init(&p.arena, PQM_ARENA_BYTES);
	pqm_tally(&p.tally, r->inv);
	about(&p);
	findings(&p);
	assets(&p);
	money(&p);
	deadlines(&p);
	plan(&p);
	coverage(&p);
	pqm_arena_fini(&p.arena);
	return PQM_OK;
}

const struct pqm_writer pqm_rep_prom = {
	.name = "prom",
	.ext = ".prom",
	.summary = "numbers for Prometheus: a file for node_exporter",
	.write = prom_write,
};
