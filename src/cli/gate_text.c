#include "gate_text.h"

#include "base/num.h"

/* Places of one finding that are printed; the rest is counted. */
#define PLACES_SHOWN 3

struct printing {
	struct pqm_out *o;
	const struct pqm_gate_text *t;
	struct pqm_arena scratch;
};

static void put(struct printing *p, pqm_bytes text)
{
	pqm_out_bytes(p->o, pqm_printable(&p->scratch, text));
}

static void put_path(struct printing *p, const struct pqm_occurrence *o)
{
	pqm_bytes path = o->path;
	char place[48];

	if (pqm_starts(path, PQM_LIT("./")))
		path = pqm_sub(path, 2, path.n);
	put(p, path);
	pqm_occ_place(place, o);
	if (o->line > 0)
		pqm_out_f(p->o, ":%s", place);
	else if (o->off > 0)
		pqm_out_f(p->o, " at offset %s", place);
	if (o->object.n > 0 && !pqm_eq(o->object, o->path)) {
		pqm_out_lit(p->o, "  ");
		put(p, o->object);
	}
	pqm_out_lit(p->o, "\n");
}

static void put_level(struct printing *p, enum pqm_severity level)
{
	static const char *const colors[] = { "\x1b[36m", "\x1b[33m", "\x1b[1;31m" };

	if (p->t->color)
		pqm_out_f(p->o, "%s%-7s\x1b[0m ", colors[level], pqm_severity_name(level));
	else
		pqm_out_f(p->o, "%-7s ", pqm_severity_name(level));
}

/* "RSA 2048, key" */
static void put_thing(struct printing *p, const struct pqm_finding *f)
{
	pqm_bytes name = f->algorithm.n > 0 ? f->algorithm : f->family;

	if (name.n > 0) {
		put(p, name);
		if (f->parameter.n > 0 && pqm_find(name, 0, f->parameter) == SIZE_MAX) {
			pqm_out_lit(p->o, " ");
			put(p, f->parameter);
		}
		pqm_out_lit(p->o, ", ");
	}
	pqm_out_f(p->o, "%s", pqm_meaning_name(f->meaning));
}

static void put_history(struct printing *p, const struct pqm_occurrence *o)
{
	pqm_bytes commit = pqm_occ_attr(o, "commit"), day = pqm_occ_attr(o, "committed"),
		  author = pqm_occ_attr(o, "author");

	if (commit.n == 0)
		return;
	pqm_out_f(p->o, "        since commit %.12s of %.*s", (const char *)commit.p, PQM_FMT(day));
	if (author.n > 0) {
		pqm_out_lit(p->o, " by ");
		put(p, author);
	}
	pqm_out_str(p->o,
		pqm_occ_attr(o, "deleted").n > 0 ? "; deleted later, the history still holds it\n"
						 : "\n");
}

static void put_suppression(struct printing *p, const struct pqm_suppression *s)
{
	char day[16];

	put(p, s->at);
	pqm_out_f(p->o, ":%u  ", s->line);
	put(p, s->rule);
	if (s->until != INT64_MAX) {
		pqm_date_format(day, s->until);
		pqm_out_f(p->o, "  until %s", day);
	}
	if (s->reason.n > 0) {
		pqm_out_lit(p->o, "  ");
		put(p, s->reason);
	}
	pqm_out_lit(p->o, "\n");
}

static void put_why(struct printing *p, const struct pqm_refusal *v)
{
	pqm_out_lit(p->o, "        why: ");
	put(p, v->why);
	if (v->finding->why.n > 0 && !pqm_eq(v->why, v->finding->why)) {
		pqm_out_lit(p->o, " ");
		put(p, v->finding->why);
	}
	if (v->has_decision) {
		pqm_out_lit(p->o, " [");
		put(p, v->asset);
		pqm_out_f(p->o, ": %s]", pqm_decision_name(v->decision));
	}
	pqm_out_lit(p->o, "\n");
	if (v->fix.n > 0) {
		pqm_out_lit(p->o, "        fix: ");
		put(p, v->fix);
		pqm_out_lit(p->o, "\n");
	}
}

static void put_verdict(struct printing *p, const struct pqm_refusal *v)
{
	const struct pqm_finding *f = v->finding;
	char hex[2 * PQM_ID_BYTES + 1];

	put_level(p, v->level);
	if (v->n_shown > 0)
		put_path(p, &f->occs[v->places[0]]);
	for (size_t i = 1; i < v->n_shown && i < PLACES_SHOWN; i++) {
		pqm_out_lit(p->o, "        ");
		put_path(p, &f->occs[v->places[i]]);
	}
	if (v->n_shown > PLACES_SHOWN)
		pqm_out_f(p->o, "        and %zu more places\n", v->n_shown - PLACES_SHOWN);
	pqm_out_lit(p->o, "        ");
	put_thing(p, f);
	pqm_out_lit(p->o, "  ");
	put(p, f->rule);
	pqm_out_lit(p->o, "  ");
	put(p, v->rule);
	if (v->n_known > 0)
		pqm_out_f(p->o, "  (%llu of %zu places known)", (unsigned long long)v->n_known,
			v->n_shown);
	pqm_out_lit(p->o, "\n");
	put_why(p, v);
	if (v->n_shown > 0)
		put_history(p, &f->occs[v->places[0]]);
	if (v->by != NULL && v->by->is_expired) {
		pqm_out_lit(p->o, "        its ignore has ended: ");
		put_suppression(p, v->by);
	}
	pqm_id_hex(hex, f->id);
	pqm_out_f(p->o,
		"        let it pass: pqmap:ignore %.*s until=DATE reason=WHY   (id %.16s)\n\n",
		PQM_FMT(f->rule), hex);
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

/* Those that do nothing, have ended, or cannot be read. */
static void put_stale(struct printing *p)
{
	const struct pqm_gate *g = p->t->gate;

	for (size_t i = 0; i < g->n_suppressions; i++) {
		const struct pqm_suppression *s = &g->suppressions[i];
		const char *what = s->is_bad
			? "is not honoured, it needs a rule, a reason and a date "
			  "as 2027-06-30"
			: s->is_expired	 ? "has ended"
			: s->n_used == 0 ? "lets nothing pass any more; remove it"
					 : NULL;

		if (what == NULL && !p->t->is_verbose)
			continue;
		if (what == NULL)
			pqm_out_f(p->o, "ignore  used %llu times: ", (unsigned long long)s->n_used);
		else
			pqm_out_f(p->o, "ignore  %s: ", what);
		put_suppression(p, s);
	}
}

static void put_summary(struct printing *p)
{
	const struct pqm_gate *g = p->t->gate;
	const struct pqm_inventory *inv = p->t->inv;
	char files[32];

	pqm_out_f(p->o, "gate %s: ", pqm_gate_verdict(g));
	for (enum pqm_severity l = PQM_L_ERROR;; l--) {
		pqm_out_f(p->o, "%zu %s%s%s", g->n_new[l], pqm_severity_name(l),
			plural(g->n_new[l]), l > PQM_L_NOTE ? ", " : " new");
		if (l == PQM_L_NOTE)
			break;
	}
	pqm_out_f(p->o, "; %zu known, %zu ignored", g->n_known, g->n_suppressed);
	if (g->n_gone > 0)
		pqm_out_f(p->o, ", %zu of the baseline gone", g->n_gone);
	pqm_out_f(p->o, "; policy %.*s; %s files read", PQM_FMT(g->policies),
		pqm_human_count(files, inv->coverage.read));
	if (p->t->n_missed > 0)
		pqm_out_f(p->o, ", %s not or only in part (-o json has them)",
			pqm_human_count(files, p->t->n_missed));
	if (g->since.n > 0)
		pqm_out_f(p->o, ", changed since %.12s", (const char *)g->since.p);
	if (p->t->elapsed_ns > 0)
		pqm_out_f(p->o, " in %.2f s", (double)p->t->elapsed_ns / 1e9);
	pqm_out_lit(p->o, "\n");
}

void pqm_gate_text(struct pqm_out *o, const struct pqm_gate_text *t)
{
	struct printing p = { .o = o, .t = t };
	const struct pqm_gate *g = t->gate;

	pqm_arena_init(&p.scratch, PQM_ARENA_BYTES);
	for (size_t i = 0; i < g->n_refusals; i++) {
		const struct pqm_refusal *v = &g->refusals[i];
		bool fails = !g->never_fails && v->level >= g->fail_on;

		if (v->standing == PQM_S_NEW && (fails || !t->is_quiet))
			put_verdict(&p, v);
		pqm_arena_reset(&p.scratch);
	}
	if (!t->is_quiet) {
		put_stale(&p);
		put_summary(&p);
	}
	pqm_arena_fini(&p.scratch);
}

/* ---- explain ---- */

static void put_node(struct pqm_out *o, const char *key, pqm_bytes value)
{
	if (value.n > 0)
		pqm_out_f(o, "%-10s %.*s\n", key, PQM_FMT(value));
}

static void put_list(struct pqm_out *o, const char *key, const struct pqm_yaml *list)
{
	if (list == NULL)
		return;
	pqm_out_f(o, "%-10s ", key);
	for (size_t i = 0; i < list->n; i++)
		pqm_out_f(o, "%s%.*s", i > 0 ? ", " : "", PQM_FMT(pqm_yaml_text(list->items[i])));
	pqm_out_lit(o, "\n");
}

/* The dates of a regime, which is what its rule refuses by. */
static void put_dates(struct pqm_out *o, const struct pqm_rules *r, pqm_bytes regime)
{
	const struct pqm_rule *d;
	size_t i = 0;

	while ((d = pqm_rules_next(r, "deadlines.yaml", &i)) != NULL) {
		pqm_bytes disallow = pqm_yaml_str(d->node, "disallow_after"),
			  deprecate = pqm_yaml_str(d->node, "deprecate_after");

		if (!pqm_eq(pqm_yaml_str(d->node, "regime"), regime) ||
			disallow.n + deprecate.n == 0)
			continue;
		pqm_out_f(o, "%-10s %.*s: %.*s", "date", PQM_FMT(d->id),
			PQM_FMT(pqm_yaml_str(d->node, "function")));
		if (deprecate.n > 0)
			pqm_out_f(o, ", warning after %.*s", PQM_FMT(deprecate));
		if (disallow.n > 0)
			pqm_out_f(o, ", refused after %.*s", PQM_FMT(disallow));
		pqm_out_lit(o, "\n");
	}
}

enum pqm_st pqm_gate_explain(struct pqm_out *o, const struct pqm_rules *r,
	const struct pqm_policy *p, const char *id, struct pqm_err *err)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct pqm_policy_rule *x = &p->rules[i];

		if (!pqm_eqs(x->id, id))
			continue;
		put_node(o, "rule", x->id);
		put_node(o, "policy", x->policy);
		put_node(o, "level", pqm_str(pqm_severity_name(x->level)));
		put_node(o, "why", x->why);
		put_node(o, "fix", x->fix);
		put_list(o, "rules", x->rules);
		put_list(o, "but not", x->not_rules);
		for (enum pqm_meaning m = PQM_USE; m <= PQM_ABSENT; m++)
			if (x->meanings >> m & 1)
				put_node(o, "meaning", pqm_str(pqm_meaning_name(m)));
		for (enum pqm_function m = PQM_FN_ANY; m <= PQM_FN_KDF; m++)
			if (x->functions >> m & 1)
				put_node(o, "function", pqm_str(pqm_function_name(m)));
		for (enum pqm_quantum m = PQM_Q_BROKEN; m <= PQM_Q_UNKNOWN; m++)
			if (x->quanta >> m & 1)
				put_node(o, "quantum", pqm_str(pqm_quantum_name(m)));
		for (enum pqm_classical m = PQM_C_OK; m <= PQM_C_BROKEN; m++)
			if (x->classicals >> m & 1)
				put_node(o, "classical", pqm_str(pqm_classical_name(m)));
		if (x->has_decision)
			pqm_out_f(o, "%-10s %s or worse, of the asset that it protects\n",
				"decision", pqm_decision_name(x->decision));
		if (x->regime.n > 0)
			put_dates(o, r, x->regime);
		return PQM_OK;
	}
	return pqm_fail(err, PQM_EUSAGE,
		"'%s' is no rule of the policy in force; `pqmap rules list policy` names those of "
		"all "
		"presets, `pqmap rules show ID` explains a finding's rule",
		id);
}
