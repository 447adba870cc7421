#include "gate_text.h"

#include <stdlib.h>
#include <sys/ioctl.h>

#include "base/num.h"
#include "gate/suppress.h"

/* Places of one finding that are printed; the rest is counted. */
#define PLACES_SHOWN 3

struct printing {
	struct pqm_out *o;
	const struct pqm_gate_text *t;
	struct pqm_arena scratch;
	size_t width; /* of the terminal; 0: none, lines are as long as they are */
};

#define WIDTH_LEAST 40

/* What COLUMNS says, else the terminal. */
static size_t width_of(const struct pqm_out *o)
{
	const char *said = getenv("COLUMNS");
	uint64_t n = 0;
	struct winsize w;

	if (said == NULL || !pqm_u64_parse(pqm_str(said), 10000, &n))
		n = o->fd >= 0 && ioctl(o->fd, TIOCGWINSZ, &w) == 0 ? w.ws_col : 0;
	return n == 0 || n >= WIDTH_LEAST ? (size_t)n : WIDTH_LEAST;
}

static void put(struct printing *p, pqm_bytes text)
{
	pqm_out_bytes(p->o, pqm_printable(&p->scratch, text));
}

/* Text behind `at` columns; on a terminal the rest of it goes on below, `under` columns in. */
static void put_wrapped(struct printing *p, size_t at, size_t under, pqm_bytes text)
{
	pqm_bytes rest = pqm_printable(&p->scratch, text), word;
	bool is_first = true;

	while (pqm_split(&rest, ' ', &word)) {
		size_t n = 0;

		for (size_t i = 0; i < word.n; i++)
			n += (word.p[i] & 0xc0) != 0x80;
		if (!is_first && p->width > 0 && at + 1 + n > p->width) {
			pqm_out_f(p->o, "\n%*s", (int)under, "");
			at = under;
		} else if (!is_first) {
			pqm_out_lit(p->o, " ");
			at++;
		}
		pqm_out_bytes(p->o, word);
		at += n;
		is_first = false;
	}
}

static void put_path(struct printing *p, const struct pqm_occurrence *o)
{
	pqm_bytes path = o->path;
	char place[48];

	if (pqm_starts(path, PQM_LIT("./")))
		path = pqm_sub(path, 2, path.n);
	put(p, path);
	if (pqm_occ_line(place, o))
		pqm_out_f(p->o, ":%s", place);
	else if (o->off > 0)
		pqm_out_f(p->o, " at offset %llu", (unsigned long long)o->off);
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
	pqm_bytes commit = pqm_occ_attr(o, "commit"), day = pqm_occ_attr(o, "authored"),
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

/* "        why: …" */
static void put_line(struct printing *p, const char *label, pqm_bytes text)
{
	static const char indent[] = "        ";

	pqm_out_f(p->o, "%s%s: ", indent, label);
	put_wrapped(p, strlen(indent) + strlen(label) + 2, strlen(indent) + 5, text);
	pqm_out_lit(p->o, "\n");
}

static void put_why(struct printing *p, const struct pqm_refusal *v)
{
	bool has_both = v->finding->why.n > 0 && !pqm_eq(v->why, v->finding->why);
	pqm_bytes why = v->why, on = { NULL, 0 };
	struct pqm_arena *a = &p->scratch;

	if (has_both)
		why = pqm_arena_f(a, "%.*s %.*s", PQM_FMT(why), PQM_FMT(v->finding->why));
	if (v->has_decision && v->is_unassigned)
		on = pqm_arena_f(a, " [%s by default: no AI asset is known to rest on it]",
			pqm_decision_name(v->decision));
	else if (v->has_decision)
		on = pqm_arena_f(a, " [%s: %.*s rests on it]", pqm_decision_name(v->decision),
			PQM_FMT(v->asset));
	put_line(p, "why", pqm_arena_f(a, "%.*s%.*s", PQM_FMT(why), PQM_FMT(on)));
	if (v->fix.n > 0)
		put_line(p, "fix", v->fix);
}

/* How the first place can be let pass: by a comment where it has a line, else in the settings. */
static void put_way_out(struct printing *p, const struct pqm_refusal *v)
{
	const struct pqm_occurrence *o = v->n_shown > 0 ? &v->finding->occs[v->places[0]] : NULL;
	pqm_bytes rule = v->finding->rule, said;
	char hex[2 * PQM_ID_BYTES + 1];

	pqm_id_hex(hex, v->finding->id);
	if (o == NULL || o->line > 0)
		said = pqm_arena_f(&p->scratch,
			"pqmap:ignore %.*s until=DATE reason=WHY   (id %.16s)", PQM_FMT(rule), hex);
	else
		said = pqm_arena_f(&p->scratch,
			"ignore: [{ rule: %.*s, path: '%.*s', until: DATE, reason: WHY }] in "
			".pqmap.yaml   (id %.16s)",
			PQM_FMT(rule), PQM_FMT(pqm_suppress_path(o)), hex);
	put_line(p, "let it pass", said);
	pqm_out_lit(p->o, "\n");
}

static void put_verdict(struct printing *p, const struct pqm_refusal *v)
{
	const struct pqm_finding *f = v->finding;

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
	put_way_out(p, v);
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

/* Those that cannot be read, have ended or do nothing; of the quiet only what fails. */
static void put_stale(struct printing *p)
{
	const struct pqm_gate *g = p->t->gate;

	for (size_t i = 0; i < g->n_suppressions; i++) {
		const struct pqm_suppression *s = &g->suppressions[i];
		pqm_bytes state = pqm_suppression_state(g, s);
		bool fails = s->fault.n > 0 && !s->is_set_aside;

		if (p->t->is_quiet ? !fails : state.n == 0 && !p->t->is_verbose)
			continue;
		if (fails)
			put_level(p, PQM_L_ERROR);
		else
			pqm_out_lit(p->o, "ignore  ");
		put_suppression(p, s);
		pqm_out_lit(p->o, "        ");
		if (s->is_set_aside)
			pqm_out_lit(p->o, "set aside by --no-inline-ignore");
		else if (state.n == 0)
			pqm_out_f(p->o, "lets %llu place%s pass", (unsigned long long)s->n_used,
				plural(s->n_used));
		else
			pqm_out_str(p->o, fails ? "this ignore does not count: " : "");
		put(p, state);
		pqm_out_lit(p->o, "\n");
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
	if (g->n_faulty > 0)
		pqm_out_f(
			p->o, ", %zu ignore%s that cannot count", g->n_faulty, plural(g->n_faulty));
	if (g->n_set_aside > 0)
		pqm_out_f(p->o, ", %zu inline ignore%s set aside", g->n_set_aside,
			plural(g->n_set_aside));
	if (g->n_gone > 0)
		pqm_out_f(p->o, ", %zu of the baseline gone", g->n_gone);
	pqm_out_f(p->o, "; policy %.*s; %s file%s read", PQM_FMT(g->policies),
		pqm_human_count(files, inv->coverage.read), inv->coverage.read == 1 ? "" : "s");
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
	struct printing p = { .o = o, .t = t, .width = width_of(o) };
	const struct pqm_gate *g = t->gate;

	pqm_arena_init(&p.scratch, PQM_ARENA_BYTES);
	for (size_t i = 0; i < g->n_refusals; i++) {
		const struct pqm_refusal *v = &g->refusals[i];
		bool fails = !g->never_fails && v->level >= g->fail_on;

		if (v->standing == PQM_S_NEW && (fails || !t->is_quiet))
			put_verdict(&p, v);
		pqm_arena_reset(&p.scratch);
	}
	put_stale(&p);
	if (!t->is_quiet)
		put_summary(&p);
	pqm_arena_fini(&p.scratch);
}

/* ---- explain ---- */

static bool has_id(const struct pqm_finding *f, const char *id)
{
	char hex[2 * PQM_ID_BYTES + 1];

	pqm_id_hex(hex, f->id);
	return pqm_starts(pqm_str(hex), pqm_str(id));
}

static void put_standing(struct printing *p, const struct pqm_refusal *v)
{
	static const char *const words[] = { "it is new\n", "the baseline holds it: it passes\n",
		"it is let pass: " };

	pqm_out_str(p->o, words[v->standing]);
	if (v->standing == PQM_S_SUPPRESSED)
		put_suppression(p, v->by);
}

static void put_unrefused(struct printing *p, const struct pqm_finding *f)
{
	pqm_out_f(p->o, "%-7s ", "passes");
	if (f->n_occs > 0)
		put_path(p, &f->occs[0]);
	pqm_out_lit(p->o, "        ");
	put_thing(p, f);
	pqm_out_lit(p->o, "  ");
	put(p, f->rule);
	pqm_out_lit(p->o, "\n");
	put_line(p, "why", f->why);
	pqm_out_f(
		p->o, "\nno rule of the policy (%.*s) refuses it\n", PQM_FMT(p->t->gate->policies));
}

enum pqm_st pqm_gate_explain_finding(
	struct pqm_out *o, const struct pqm_gate_text *t, const char *id, struct pqm_err *err)
{
	struct printing p = { .o = o, .t = t, .width = width_of(o) };
	const struct pqm_gate *g = t->gate;
	size_t n = 0;

	pqm_arena_init(&p.scratch, PQM_ARENA_BYTES);
	for (size_t i = 0; i < g->n_refusals; i++) {
		if (!has_id(g->refusals[i].finding, id))
			continue;
		put_verdict(&p, &g->refusals[i]);
		put_standing(&p, &g->refusals[i]);
		n++;
	}
	for (size_t i = 0; n == 0 && i < t->inv->n_findings; i++)
		if (has_id(&t->inv->findings[i], id)) {
			put_unrefused(&p, &t->inv->findings[i]);
			n++;
			break;
		}
	pqm_arena_fini(&p.scratch);
	return n > 0
		? PQM_OK
		: pqm_fail(err, PQM_EUSAGE,
			  "'%s' is the id of nothing that was found here; name the target that "
			  "holds it",
			  id);
}

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

static void put_bits(
	struct pqm_out *o, const char *key, uint32_t set, const char *(*name)(unsigned))
{
	if (set == 0)
		return;
	pqm_out_f(o, "%-10s", key);
	for (unsigned i = 0; i < 32; i++)
		if (set >> i & 1)
			pqm_out_f(o, " %s", name(i));
	pqm_out_lit(o, "\n");
}

static const char *meaning(unsigned i)
{
	return pqm_meaning_name((enum pqm_meaning)i);
}

static const char *function(unsigned i)
{
	return pqm_function_name((enum pqm_function)i);
}

static const char *quantum(unsigned i)
{
	return pqm_quantum_name((enum pqm_quantum)i);
}

static const char *classical(unsigned i)
{
	return pqm_classical_name((enum pqm_classical)i);
}

static void explain_rule(
	struct pqm_out *o, const struct pqm_rules *r, const struct pqm_policy_rule *x)
{
	put_node(o, "rule", x->id);
	put_node(o, "policy", x->policy);
	put_node(o, "level", pqm_str(pqm_severity_name(x->level)));
	put_node(o, "why", x->why);
	put_node(o, "fix", x->fix);
	put_list(o, "rules", x->rules);
	put_list(o, "but not", x->not_rules);
	put_list(o, "algorithms", x->algorithms);
	put_list(o, "but not", x->not_algorithms);
	put_bits(o, "meaning", x->meanings, meaning);
	put_bits(o, "function", x->functions, function);
	put_bits(o, "quantum", x->quanta, quantum);
	put_bits(o, "classical", x->classicals, classical);
	if (x->has_decision)
		pqm_out_f(o, "%-10s %s or worse, of the asset that it protects\n", "decision",
			pqm_decision_name(x->decision));
	if (x->regime.n > 0)
		put_dates(o, r, x->regime);
}

/* A preset: what it extends, and its rules. */
static void explain_preset(struct pqm_out *o, const struct pqm_rules *r, const struct pqm_rule *x)
{
	pqm_bytes name = pqm_yaml_str(x->node, "policy");
	const struct pqm_rule *one;
	size_t i = 0;

	put_node(o, "policy", name);
	put_node(o, "title", pqm_yaml_str(x->node, "title"));
	put_list(o, "extends", pqm_yaml_get(x->node, "extends"));
	while ((one = pqm_rules_next(r, "policy/", &i)) != NULL)
		if (one != x && pqm_eq(pqm_yaml_str(one->node, "policy"), name))
			put_node(o, "rule", one->id);
}

/* What of the policy in force names a finding's rule; others refuse by what a finding is, whatever its rule. */
static void put_refusals(struct pqm_out *o, const struct pqm_policy *p, pqm_bytes id)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n; i++) {
		if (!pqm_policy_names(&p->rules[i], id))
			continue;
		pqm_out_f(o, "%-10s %.*s: %s\n", "refused by", PQM_FMT(p->rules[i].id),
			pqm_severity_name(p->rules[i].level));
		n++;
	}
	if (n > 0)
		pqm_out_f(o, "%-10s pqmap:ignore %.*s until=DATE reason=WHY\n", "to pass",
			PQM_FMT(id));
}

/* A deadline, or the rule of a finding. */
static void explain_other(struct pqm_out *o, const struct pqm_policy *p, const struct pqm_rule *x)
{
	static const char *const keys[] = { "title", "why", "fix", "regime", "applies_to",
		"deprecate_after", "disallow_after", "milestone_date", "milestone", "require" };
	static const char *const words[] = { "title", "why", "fix", "regime", "for", "warning",
		"refused", "due", "duty", "require" };

	put_node(o, "rule", x->id);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		put_node(o, words[i], pqm_yaml_str(x->node, keys[i]));
	put_refusals(o, p, x->id);
}

/* The rule, or the preset of that name; NULL: none. */
static const struct pqm_rule *find_rule(const struct pqm_rules *r, pqm_bytes id)
{
	const struct pqm_rule *found = pqm_rules_get(r, id), *x;
	size_t i = 0;

	while (found == NULL && (x = pqm_rules_next(r, "policy/", &i)) != NULL)
		if (pqm_yaml_get(x->node, "title") != NULL &&
			pqm_eq(pqm_yaml_str(x->node, "policy"), id))
			found = x;
	return found;
}

static enum pqm_st no_rule(
	const struct pqm_rules *r, const struct pqm_policy *p, pqm_bytes id, struct pqm_err *err)
{
	pqm_bytes best = { NULL, 0 };
	size_t i = 0, least = SIZE_MAX, d;
	const struct pqm_rule *x;

	for (size_t k = 0; k < p->n; k++)
		if ((d = pqm_distance(id, p->rules[k].id)) < least) {
			least = d;
			best = p->rules[k].id;
		}
	while ((x = pqm_rules_next(r, "", &i)) != NULL)
		if ((d = pqm_distance(id, x->id)) < least) {
			least = d;
			best = x->id;
		}
	return pqm_fail(err, PQM_EUSAGE,
		"'%.*s' is no rule of a policy, no policy and no rule of a finding; the nearest is "
		"%.*s (`pqmap rules list`)",
		PQM_FMT(id), PQM_FMT(best));
}

enum pqm_st pqm_gate_explain(struct pqm_out *o, const struct pqm_rules *r,
	const struct pqm_policy *p, const char *id, struct pqm_err *err)
{
	const struct pqm_rule *x = find_rule(r, pqm_str(id));
	struct pqm_policy_rule off;

	for (size_t i = 0; i < p->n; i++)
		if (pqm_eqs(p->rules[i].id, id)) {
			explain_rule(o, r, &p->rules[i]);
			return PQM_OK;
		}
	if (x == NULL)
		return no_rule(r, p, pqm_str(id), err);
	if (!pqm_starts(x->id, PQM_LIT("policy."))) {
		explain_other(o, p, x);
		return PQM_OK;
	}
	if (pqm_yaml_get(x->node, "title") != NULL) {
		explain_preset(o, r, x);
		return PQM_OK;
	}
	enum pqm_st st = pqm_policy_read_rule(&off, x, err);

	if (st == PQM_OK) {
		explain_rule(o, r, &off);
		pqm_out_f(o, "%-10s not in force; --policy %.*s takes it in\n", "state",
			PQM_FMT(off.policy));
	}
	return st;
}
