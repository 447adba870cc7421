#include "report/writer.h"

#include <math.h>
#include <sys/ioctl.h>

#include "base/limits.h"
#include "base/num.h"
#include "report/ai_files.h"
#include "report/table_graph.h"
#include "report/tally.h"
#include "report/trend_out.h"
#include "report/view_text.h"

#define WIDTH_DEFAULT 140 /* not a terminal: the same bytes everywhere */
#define WIDTH_MIN 80
#define WIDTH_MAX 200
#define ASSETS_MAX 20 /* a screen; the reports have all of them */
#define FAILED_MAX 10
#define PRACTICES_SAID 4

struct table {
	const struct pqm_report *r;
	struct pqm_out *o;
	struct pqm_arena arena;
	struct pqm_tally tally;
	size_t width;
	size_t name_cols, kind_cols;
};

enum style { PLAIN, BOLD, DIM, RED, YELLOW, GREEN };

static const char *on(const struct table *t, enum style s)
{
	static const char *const codes[] = { "", "\033[1m", "\033[2m", "\033[31m", "\033[33m",
		"\033[32m" };

	return t->r->color ? codes[s] : "";
}

static const char *off(const struct table *t, enum style s)
{
	return t->r->color && s != PLAIN ? "\033[0m" : "";
}

static void pad(struct table *t, size_t n)
{
	pqm_out_f(t->o, "%*s", (int)n, "");
}

/* Left-aligned cell of a fixed width, cut when too long, with one space behind. */
static void left(struct table *t, pqm_bytes text, size_t width, enum style s)
{
	pqm_bytes cut = pqm_text_cut(&t->arena, pqm_printable(&t->arena, text), width);

	pqm_out_str(t->o, on(t, s));
	pqm_out_bytes(t->o, cut);
	pqm_out_str(t->o, off(t, s));
	pad(t, width - pqm_text_width(cut) + 1);
}

static void right(struct table *t, pqm_bytes text, size_t width)
{
	size_t w = pqm_text_width(text);

	pad(t, w < width ? width - w : 0);
	pqm_out_bytes(t->o, text);
	pqm_out_lit(t->o, " ");
}

/* The last cell of a line: up to the edge. */
static void rest(struct table *t, pqm_bytes text, size_t used)
{
	size_t room = t->width > used + 10 ? t->width - used : 10;

	pqm_out_bytes(t->o, pqm_text_cut(&t->arena, pqm_printable(&t->arena, text), room));
	pqm_out_lit(t->o, "\n");
}

static size_t terminal_width(const struct pqm_out *o)
{
	struct winsize w = { 0 };

	if (o->fd < 0 || ioctl(o->fd, TIOCGWINSZ, &w) != 0 || w.ws_col == 0)
		return WIDTH_DEFAULT;
	return w.ws_col < WIDTH_MIN ? WIDTH_MIN : w.ws_col > WIDTH_MAX ? WIDTH_MAX : w.ws_col;
}

static enum style decision_style(enum pqm_decision d)
{
	switch (d) {
	case PQM_ACT:
		return RED;
	case PQM_ATTEND:
		return YELLOW;
	case PQM_PLAN:
		return PLAIN;
	case PQM_TRACK:
		return GREEN;
	}
	return PLAIN;
}

static pqm_bytes decided_by(const struct pqm_asset_score *s)
{
	const struct pqm_hop *h = s->deciding < s->n_uses ? s->uses[s->deciding].hop : NULL;

	return h != NULL && h->label.n > 0 ? h->label : s->why;
}

static void asset_row(struct table *t, const struct pqm_asset_score *s)
{
	struct pqm_arena *a = &t->arena;
	size_t used = t->name_cols + t->kind_cols + 2 + 16 + 7 + 14 + 11;

	left(t, s->asset->name, t->name_cols, BOLD);
	left(t, s->asset->kind_words, t->kind_cols, PLAIN);
	if (s->is_broken_today) {
		left(t, PQM_LIT("broken today"), 15, PLAIN);
		right(t, PQM_LIT("-"), 6);
		right(t, PQM_LIT("-"), 13);
	} else {
		pqm_bytes range = pqm_arena_f(
			a, "[%ld-%ld]", lround(s->p[PQM_SLOW] * 100), lround(s->p[PQM_FAST] * 100));

		right(t, pqm_text_pct(a, s->p[PQM_CENTRAL]), 6);
		left(t, range, 8, PLAIN);
		right(t, pqm_text_pct(a, s->sunk[PQM_CENTRAL]), 6);
		right(t, pqm_arena_f(a, "%.2f /y", s->cod[PQM_CENTRAL]), 13);
	}
	pqm_out_lit(t->o, "  ");
	left(t, pqm_str(pqm_decision_name(s->decision)), 8, decision_style(s->decision));
	rest(t, decided_by(s), used);
	pqm_arena_reset(a);
}

static size_t widest(size_t so_far, struct table *t, pqm_bytes text, size_t max)
{
	size_t w = pqm_text_width(pqm_printable(&t->arena, text));

	return w > max ? max : w > so_far ? w : so_far;
}

/* Columns as wide as the names need, so that short names leave room for the reason. */
static void measure(struct table *t)
{
	const struct pqm_assessment *as = t->r->assessment;

	t->name_cols = 12;
	t->kind_cols = 6;
	for (size_t i = 0; i < as->n_assets && i < ASSETS_MAX; i++) {
		t->name_cols = widest(t->name_cols, t, as->assets[i].asset->name, 34);
		t->kind_cols = widest(t->kind_cols, t, as->assets[i].asset->kind_words, 18);
	}
	pqm_arena_reset(&t->arena);
}

static void heading(struct table *t, const char *name)
{
	pqm_out_f(t->o, "%s%s%s", on(t, BOLD), name, off(t, BOLD));
}

static void asset_rows(struct table *t, bool unassigned)
{
	const struct pqm_assessment *as = t->r->assessment;
	size_t shown = 0, left_out = 0;

	for (size_t i = 0; i < as->n_assets; i++) {
		if (as->assets[i].asset->is_unassigned != unassigned)
			continue;
		if (shown == ASSETS_MAX) {
			left_out++;
			continue;
		}
		asset_row(t, &as->assets[i]);
		shown++;
	}
	if (left_out > 0)
		pqm_out_f(t->o, "  and %zu more in the reports\n", left_out);
}

static size_t count_ai(const struct pqm_assessment *as)
{
	size_t n = 0;

	for (size_t i = 0; i < as->n_assets; i++)
		n += as->assets[i].asset->is_unassigned ? 0 : 1;
	return n;
}

static void files_line(struct table *t)
{
	struct pqm_ai_files f = pqm_ai_files(t->r->inv, &t->arena);

	if (f.n > 0)
		pqm_out_f(t->o, "%sFILES%s     %.*s\n", on(t, BOLD), off(t, BOLD),
			PQM_FMT(pqm_ai_files_words(&f, &t->arena)));
	pqm_arena_reset(&t->arena);
}

static void assets(struct table *t)
{
	heading(t, "AI ASSETS");
	pad(t, t->name_cols + t->kind_cols + 2 - 9);
	pqm_out_lit(t->o, "READ OR FORGED    SUNK COST OF DELAY   DECISION DECIDED BY\n");
	/* Where nothing was read there is nothing to declare. */
	if (count_ai(t->r->assessment) == 0 && t->r->inv->coverage.read == 0)
		pqm_out_lit(t->o, "none, as nothing was read\n");
	else if (count_ai(t->r->assessment) == 0)
		pqm_out_lit(t->o,
			"none found; declare them in .pqmap.yaml or by annotation "
			"(pqmap.dev/data-class)\n");
	asset_rows(t, false);
	asset_rows(t, true);
	files_line(t);
	pqm_out_lit(t->o, "\n");
}

/* "key exchange 12 · signatures 22" */
static pqm_bytes by_function(struct table *t, enum pqm_meaning m)
{
	static const char *const names[PQM_N_FUNCTIONS] = { "any use", "key exchange", "encryption",
		"signatures", "ciphers", "hashes", "MACs", "key derivation" };
	pqm_bytes out = { NULL, 0 };

	for (size_t f = 0; f < PQM_N_FUNCTIONS; f++) {
		uint64_t n = t->tally.broken_by_function[m][f];

		if (n > 0)
			out = pqm_arena_f(&t->arena, "%.*s%s%s %llu", PQM_FMT(out),
				out.n > 0 ? " · " : "", names[f], (unsigned long long)n);
	}
	return out;
}

static void count_cells(struct table *t, const uint64_t n[PQM_N_QUANTA])
{
	static const size_t widths[PQM_N_QUANTA] = { 14, 8, 6, 9 };

	for (size_t q = 0; q < PQM_N_QUANTA; q++)
		right(t, n[q] == 0 ? PQM_LIT("-") : pqm_text_count(&t->arena, n[q]), widths[q]);
}

static void finding_row(
	struct table *t, const char *name, const enum pqm_meaning *m, size_t n_m, pqm_bytes note)
{
	uint64_t n[PQM_N_QUANTA] = { 0 };

	for (size_t i = 0; i < n_m; i++)
		for (size_t q = 0; q < PQM_N_QUANTA; q++)
			n[q] += t->tally.found[m[i]][q];
	pqm_out_lit(t->o, "  ");
	left(t, pqm_str(name), 21, PLAIN);
	count_cells(t, n);
	pqm_out_str(t->o, note.n > 0 ? "  " : "");
	rest(t, note, 66);
}

static pqm_bytes stores_note(struct table *t)
{
	if (t->tally.folded == 0)
		return (pqm_bytes){ NULL, 0 };
	pqm_bytes stores =
		pqm_text_n(&t->arena, t->r->inv->n_stores, "trust store", "trust stores");

	return pqm_arena_f(&t->arena, "%llu more in %.*s, not counted",
		(unsigned long long)t->tally.folded, PQM_FMT(stores));
}

static void findings(struct table *t)
{
	static const enum pqm_meaning use[] = { PQM_USE }, offer[] = { PQM_OFFER },
				      key[] = { PQM_KEY, PQM_CERT }, config[] = { PQM_CONFIG },
				      absent[] = { PQM_ABSENT };

	heading(t, "FINDINGS");
	pqm_out_lit(t->o, "                broken by Shor   hybrid   safe   unknown\n");
	if (t->tally.total == 0 && t->tally.folded == 0) {
		pqm_out_lit(t->o,
			"  no cryptography found in what was read; see coverage for what was "
			"not\n\n");
		return;
	}
	finding_row(t, "uses", use, 1, by_function(t, PQM_USE));
	finding_row(t, "offers (not uses)", offer, 1,
		PQM_LIT("code that can; not shown to be reached"));
	finding_row(t, "keys and certificates", key, 2, stores_note(t));
	finding_row(t, "settings", config, 1, by_function(t, PQM_CONFIG));
	finding_row(t, "missing or defaulted", absent, 1, by_function(t, PQM_ABSENT));
	pqm_out_lit(t->o, "  ");
	left(t, PQM_LIT("together"), 21, BOLD);
	count_cells(t, t->tally.by_quantum);
	pqm_out_lit(t->o, "  ");
	pqm_bytes things = pqm_text_n(&t->arena, t->tally.total, "thing", "things"),
		  places = pqm_text_n(&t->arena, t->tally.places, "place", "places");

	if (t->tally.defaulted > 0)
		places = pqm_arena_f(&t->arena, "%.*s, %llu written by nobody", PQM_FMT(places),
			(unsigned long long)t->tally.defaulted);
	rest(t, pqm_arena_f(&t->arena, "%.*s in %.*s", PQM_FMT(things), PQM_FMT(places)), 66);
	if (t->tally.by_quantum[PQM_Q_BROKEN] == 0 && t->tally.by_quantum[PQM_Q_UNKNOWN] > 0)
		pqm_out_lit(
			t->o, "  nothing known to be quantum-vulnerable; what is unknown may be\n");
	else if (t->tally.by_quantum[PQM_Q_BROKEN] == 0)
		pqm_out_lit(t->o,
			"  nothing quantum-vulnerable in what was read; coverage says what was "
			"not\n");
	pqm_out_lit(t->o, "\n");
	pqm_arena_reset(&t->arena);
}

/* The words of pqm_unread are plural where they are nouns. */
static const char *unread_words(const struct pqm_unread *u)
{
	static const char *const nouns[][2] = { { "symbolic links", "symbolic link" },
		{ "devices", "device" }, { "sockets", "socket" }, { "pipes", "pipe" },
		{ "other file systems", "other file system" },
		{ "other reasons", "other reason" } };

	for (size_t i = 0; u->n == 1 && i < sizeof(nouns) / sizeof(nouns[0]); i++)
		if (strcmp(u->reason, nouns[i][0]) == 0)
			return nouns[i][1];
	return u->reason;
}

static void failed_targets(struct table *t)
{
	const struct pqm_inventory *inv = t->r->inv;
	size_t n = 0;

	for (size_t i = 0; i < inv->n_targets; i++) {
		if (!inv->targets[i].failed || ++n > FAILED_MAX)
			continue;
		pqm_out_f(t->o, "\n          %s ",
			pqm_eqs(inv->targets[i].kind, "endpoint") ? "no full answer from"
								  : "nothing could be read of");
		pqm_out_bytes(t->o, pqm_printable(&t->arena, inv->targets[i].name));
	}
	if (n > FAILED_MAX)
		pqm_out_f(t->o, "\n          and %zu more", n - FAILED_MAX);
}

/* --follow: how many targets the user did not name, and how many stayed out. */
static void followed_targets(struct table *t)
{
	const struct pqm_inventory *inv = t->r->inv;
	size_t n = 0, n_left = 0;

	for (size_t i = 0; i < inv->n_targets; i++)
		n += inv->targets[i].from.object.n > 0;
	for (size_t i = 0; i < inv->coverage.n_notes; i++)
		n_left += pqm_eqs(inv->coverage.notes[i].reason, "not-followed");
	if (n > 0)
		pqm_out_f(t->o, "\n          followed %zu target%s that objects name", n,
			n == 1 ? "" : "s");
	if (n_left > 0)
		pqm_out_f(t->o, "%s%zu named and not followed: see the coverage of -o json",
			n > 0 ? "; " : "\n          ", n_left);
}

static void coverage(struct table *t)
{
	const struct pqm_coverage *c = &t->r->inv->coverage;
	struct pqm_unread why[PQM_UNREAD_MAX];
	uint64_t unread;
	size_t n = pqm_unread(why, &unread, c);
	char a[32], b[32], d[32];

	heading(t, "COVERAGE");
	if (c->seen == 0 && pqm_endpoints_asked(&c->endpoints) > 0) {
		pqm_out_lit(t->o, "  no files were asked for");
		followed_targets(t);
		failed_targets(t);
		pqm_out_lit(t->o, "\n");
		return;
	}
	pqm_out_f(t->o, "  %s seen = %s read (%s)", pqm_human_count(a, c->seen),
		pqm_human_count(b, c->read), pqm_human_bytes(d, c->bytes));
	if (unread == 0)
		pqm_out_lit(t->o, " + 0 not");
	else
		pqm_out_f(t->o, " + %s not (", pqm_human_count(a, unread));
	for (size_t i = 0; i < n; i++)
		pqm_out_f(t->o, "%s%s %s", i > 0 ? ", " : "", pqm_human_count(a, why[i].n),
			unread_words(&why[i]));
	pqm_out_str(t->o, unread == 0 ? "" : ")");
	if (c->partial > 0)
		pqm_out_f(t->o, "; %s read in part", pqm_human_count(a, c->partial));
	followed_targets(t);
	failed_targets(t);
	pqm_out_lit(t->o, "\n");
}

static const struct {
	const char *name;
	size_t width;
} posture_column[] = {
	[PQM_P_UNKNOWN] = { "unknown", 11 },
	[PQM_P_ABSENT] = { "no hybrid", 14 },
	[PQM_P_OFFERED] = { "offered", 10 },
	[PQM_P_ENFORCED] = { "enforced", 11 },
	[PQM_P_ONLY] = { "only", 7 },
};

static void posture_cells(struct table *t, const uint64_t *n)
{
	static const enum pqm_posture order[] = { PQM_P_ABSENT, PQM_P_OFFERED, PQM_P_ENFORCED,
		PQM_P_ONLY, PQM_P_UNKNOWN };

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		pqm_bytes text = pqm_str(posture_column[order[i]].name);

		if (n != NULL)
			text = n[order[i]] == 0 ? PQM_LIT("-")
						: pqm_text_count(&t->arena, n[order[i]]);
		pad(t, posture_column[order[i]].width - pqm_text_width(text) + 1);
		pqm_out_bytes(t->o, text);
	}
	pqm_out_lit(t->o, "\n");
}

/* One row a protocol; endpoints are sorted by it. */
static void endpoints(struct table *t)
{
	const struct pqm_inventory *inv = t->r->inv;
	const struct pqm_endpoint_counts *c = &inv->coverage.endpoints;
	uint64_t asked = pqm_endpoints_asked(c);

	if (asked == 0)
		return;
	heading(t, "ENDPOINTS");
	pad(t, 14);
	posture_cells(t, NULL);
	for (size_t i = 0; i < inv->n_endpoints;) {
		pqm_bytes scheme = inv->endpoints[i].scheme;
		uint64_t n[PQM_P_ONLY + 1] = { 0 };

		for (; i < inv->n_endpoints && pqm_eq(scheme, inv->endpoints[i].scheme); i++)
			n[inv->endpoints[i].posture]++;
		pqm_out_lit(t->o, "  ");
		left(t, scheme, 20, PLAIN);
		posture_cells(t, n);
	}
	pqm_bytes words = pqm_arena_f(&t->arena, "%llu asked =", (unsigned long long)asked);

	for (unsigned i = 0, first = 1; i <= PQM_R_SKIPPED; i++)
		if (c->reach[i] > 0) {
			words = pqm_arena_f(&t->arena, "%.*s%s %llu %s", PQM_FMT(words),
				first ? "" : " +", (unsigned long long)c->reach[i],
				pqm_reach_name((enum pqm_reach)i));
			first = 0;
		}
	pqm_out_f(t->o, "  %.*s", PQM_FMT(words));
	if (c->incomplete > 0)
		pqm_out_f(
			t->o, "; %llu with questions left open", (unsigned long long)c->incomplete);
	pqm_out_lit(t->o, "\n\n");
	pqm_arena_reset(&t->arena);
}

static void plan(struct table *t)
{
	const struct pqm_plan *p = t->r->plan;
	const struct pqm_assessment *as = t->r->assessment;
	double lo = 0, hi = 0;

	heading(t, "PLAN");
	if (p->n_tasks == 0) {
		pqm_out_lit(t->o, "      nothing to do for the assets above\n");
		return;
	}
	for (size_t i = 0; i < p->n_tasks; i++) {
		lo += p->tasks[i].effort_lo;
		hi += p->tasks[i].effort_hi;
	}
	pqm_bytes effort = pqm_text_effort(&t->arena, lo, hi),
		  n = pqm_text_n(&t->arena, p->n_tasks, "task", "tasks"),
		  title = pqm_printable(&t->arena, p->tasks[0].title),
		  first = pqm_text_effort(&t->arena, p->tasks[0].effort_lo, p->tasks[0].effort_hi);

	pqm_out_f(t->o, "      %.*s, %.*s person-days; first: %.*s (%.*s days)", PQM_FMT(n),
		PQM_FMT(effort), PQM_FMT(title), PQM_FMT(first));
	if (as->has_money && p->n_residual > 0) {
		const struct pqm_money *m = &as->total[PQM_CENTRAL];
		pqm_bytes sunk = pqm_text_money(&t->arena, m->sunk),
			  all = pqm_text_money(&t->arena, m->expected),
			  nothing = pqm_text_money(&t->arena, p->residual[0].left),
			  cur = pqm_printable(&t->arena, as->currency);

		pqm_out_f(t->o,
			"\n          %.*s%s%.*s expected loss with it, %.*s of that already sent; "
			"%.*s if nothing is done for %g years",
			PQM_FMT(all), cur.n > 0 ? " " : "", PQM_FMT(cur), PQM_FMT(sunk),
			PQM_FMT(nothing), p->open_years);
	}
	pqm_out_lit(t->o, "\n");
}

/* One line: how many questions of rules/practices have which verdict, and the first that are a no. */
static void practices(struct table *t)
{
	const struct pqm_practices *p = t->r->practices;
	size_t n[PQM_N_PRACTICE_VERDICTS], said = 0;

	if (p == NULL || p->n == 0 || t->r->inv->n_objects == 0)
		return;
	pqm_practices_count(n, p);
	heading(t, "PRACTICES");
	pqm_out_f(t->o, " %zu yes, %zu partly, %zu no, %zu not shown", n[PQM_PRACTICE_YES],
		n[PQM_PRACTICE_PARTLY], n[PQM_PRACTICE_NO], n[PQM_PRACTICE_NOT_SHOWN]);
	for (size_t i = 0; i < p->n && said < PRACTICES_SAID; i++)
		if (p->items[i].verdict == PQM_PRACTICE_NO) {
			pqm_bytes title = pqm_yaml_str(p->items[i].rule->node, "title");

			pqm_out_f(t->o, "%s%.*s", said == 0 ? "\n          no: " : " · ",
				PQM_FMT(title));
			said++;
		}
	if (n[PQM_PRACTICE_NO] > said)
		pqm_out_f(t->o, " · %zu more", n[PQM_PRACTICE_NO] - said);
	if (p->n_contrasts > 0)
		pqm_out_f(t->o, "; targets differ in %zu", p->n_contrasts);
	pqm_out_lit(t->o, "\n");
}

static void deadlines(struct table *t)
{
	const struct pqm_plan *p = t->r->plan;

	for (size_t i = 0; i < p->n_deadlines; i++) {
		const struct pqm_deadline *d = &p->deadlines[i];
		pqm_bytes day = pqm_text_day(&t->arena, d->date);

		if (i == 0)
			heading(t, "DATES");
		pad(t, i == 0 ? 5 : 10);
		right(t, day, 11);
		if (d->is_others || d->finish == INT64_MIN || !isfinite(d->slack_years))
			pqm_out_lit(t->o, "           ");
		else
			pqm_out_f(t->o, " %s%+.1f years%s", on(t, d->is_met ? GREEN : RED),
				d->slack_years, off(t, d->is_met ? GREEN : RED));
		pqm_out_lit(t->o, "  ");
		rest(t,
			d->is_others ? pqm_arena_f(&t->arena, "duty of %.*s: %.*s",
					       PQM_FMT(d->applies_to), PQM_FMT(d->title))
				     : d->title,
			38);
	}
}

static void closing(struct table *t)
{
	char size[32];
	bool any = false;

	for (size_t i = 0; t->r->files != NULL && t->r->files[i] != NULL; i++) {
		if (!any)
			heading(t, "REPORT");
		pqm_out_str(t->o, any ? "  " : "    ");
		pqm_out_bytes(t->o, pqm_printable(&t->arena, pqm_str(t->r->files[i])));
		any = true;
	}
	if (t->r->elapsed_ns > 0)
		pqm_out_f(t->o, "%s%.1f s, %s", any ? "    " : "TIME      ",
			(double)t->r->elapsed_ns / 1e9,
			pqm_human_bytes(size, t->r->peak_rss_bytes));
	if (any || t->r->elapsed_ns > 0)
		pqm_out_lit(t->o, "\n");
}

static enum pqm_st table_write(const struct pqm_report *r, struct pqm_out *o, struct pqm_err *err)
{
	struct table t = { .r = r, .o = o, .width = terminal_width(o) };

	(void)err;
	pqm_arena_init(&t.arena, PQM_ARENA_BYTES);
	pqm_tally(&t.tally, r->inv);
	measure(&t);
	assets(&t);
	pqm_table_paths(t.o, &t.arena, r, t.width);
	pqm_arena_reset(&t.arena);
	findings(&t);
	endpoints(&t);
	coverage(&t);
	pqm_table_ghosts(t.o, &t.arena, r, t.width);
	pqm_arena_reset(&t.arena);
	practices(&t);
	plan(&t);
	deadlines(&t);
	pqm_table_trend(t.o, r->trend, &t.arena);
	closing(&t);
	pqm_arena_fini(&t.arena);
	return PQM_OK;
}

const struct pqm_writer pqm_rep_table = {
	.name = "table",
	.ext = ".txt",
	.summary = "a screen: assets, counts, coverage, plan",
	.write = table_write,
};
