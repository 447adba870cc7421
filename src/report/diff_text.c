/*
 * diff_text.c — a diff for people, as a terminal table and as Markdown: the same lines, marked up in two ways.
 */
#include "report/diff.h"

#include <assert.h>

#include <math.h>

#include "base/limits.h"
#include "base/num.h"
#include "report/view_text.h"

#define SHOWN_BYTES 120

enum tone { PLAIN, BOLD, DIM, BAD, GOOD };

struct text {
	struct pqm_out *o;
	const struct pqm_diff *d;
	struct pqm_arena arena; /* of one line */
	size_t max;
	bool is_markdown, color;
};

/* What the two forms write around a text. */
static void toned(struct text *t, enum tone tone, pqm_bytes text)
{
	static const char *const codes[] = { "", "\033[1m", "\033[2m", "\033[31m", "\033[32m" };

	if (t->color && tone != PLAIN)
		pqm_out_str(t->o, codes[tone]);
	pqm_out_bytes(t->o, text);
	if (t->color && tone != PLAIN)
		pqm_out_lit(t->o, "\033[0m");
}

/* Text of a report. In Markdown nothing of it can be taken for mark-up: punctuation is escaped
 * [CommonMark 0.31 §2.4]. */
static void said(struct text *t, enum tone tone, pqm_bytes text)
{
	pqm_bytes b = pqm_printable(&t->arena, text);
	size_t from = 0;

	if (!t->is_markdown) {
		toned(t, tone, b);
		return;
	}
	for (size_t i = 0; i < b.n; i++) {
		if (b.p[i] == '\0' || strchr("\\`*_{}[]<>()#!|~&$@:", b.p[i]) == NULL)
			continue;
		pqm_out_bytes(t->o, pqm_sub(b, from, i - from));
		pqm_out_lit(t->o, "\\");
		from = i;
	}
	pqm_out_bytes(t->o, pqm_sub(b, from, b.n));
}

static void head(struct text *t, const char *title)
{
	if (t->is_markdown) {
		pqm_out_f(t->o, "\n### %s\n\n", title);
		return;
	}
	pqm_out_lit(t->o, "\n");
	toned(t, BOLD, pqm_str(title));
	pqm_out_lit(t->o, "\n");
}

static void item(struct text *t, const char *mark, enum tone tone)
{
	if (t->is_markdown) {
		pqm_out_lit(t->o, "- ");
		return;
	}
	pqm_out_lit(t->o, "  ");
	toned(t, tone, pqm_str(mark));
	pqm_out_lit(t->o, " ");
}

static void sub_item(struct text *t)
{
	pqm_out_str(t->o, t->is_markdown ? "  - " : "      ");
}

static void end(struct text *t)
{
	pqm_out_lit(t->o, "\n");
	pqm_arena_reset(&t->arena);
}

static void more(struct text *t, size_t n)
{
	if (n <= t->max)
		return;
	item(t, " ", PLAIN);
	pqm_out_f(t->o, "and %zu more (-o json has all of them)", n - t->max);
	end(t);
}

static void place(struct text *t, const struct pqm_diff_finding *f)
{
	const struct pqm_diff_place *p = f->places;

	if (f->n_places == 0)
		return;
	if (p->object.n > 0) {
		said(t, PLAIN, p->object);
		pqm_out_lit(t->o, "  ");
	}
	said(t, DIM, p->path);
	if (p->line > 0)
		pqm_out_f(t->o, t->is_markdown ? "\\:%u" : ":%u", p->line);
	if (f->n_places > 1)
		pqm_out_f(t->o, " and %zu more", f->n_places - 1);
}

/* The ids of keys are hashes; a line of a reader's screen is enough of any text. */
static pqm_bytes shown(struct text *t, pqm_bytes b)
{
	size_t n = SHOWN_BYTES;

	if (b.n <= n)
		return b.n > 0 ? b : PQM_LIT("-");
	while (n > 0 && (b.p[n] & 0xc0) == 0x80)
		n--; /* not in the middle of a character */
	b = pqm_sub(b, 0, n);
	return pqm_arena_f(&t->arena, "%.*s\u2026", PQM_FMT(b));
}

static void changed(struct text *t, const struct pqm_diff_field *f)
{
	sub_item(t);
	pqm_out_f(t->o, "%s ", f->name);
	said(t, PLAIN, shown(t, f->from));
	pqm_out_lit(t->o, " \u2192 ");
	said(t, PLAIN, shown(t, f->to));
	end(t);
}

static void row(struct text *t, const struct pqm_diff_row *r, const char *mark, enum tone tone)
{
	const struct pqm_diff_finding *f = r->is != NULL ? r->is : r->was;
	char id[2 * PQM_ID_BYTES + 1];

	pqm_id_hex(id, f->id);
	item(t, mark, tone);
	pqm_out_f(t->o, t->is_markdown ? "%s %s " : "%-7s %-6s ", pqm_quantum_name(f->quantum),
		pqm_meaning_name(f->meaning));
	said(t, BOLD, pqm_text_alg(&t->arena, f->family, f->parameter));
	pqm_out_lit(t->o, "  ");
	place(t, f);
	pqm_out_f(t->o, "  %.8s", id);
	if (r->why.n > 0) {
		pqm_out_lit(t->o, "  (");
		said(t, PLAIN, r->why);
		pqm_out_lit(t->o, ")");
	}
	if (r->cause == PQM_DIFF_UNCLEAR)
		pqm_out_lit(t->o, "  (or by other rules)");
	end(t);
	for (size_t i = 0; i < r->n_fields; i++)
		changed(t, &r->fields[i]);
	if (r->was == NULL || r->is == NULL || r->n_places_gone + r->n_places_new == 0)
		return;
	sub_item(t);
	pqm_out_f(t->o, "places %zu \u2192 %zu", r->was->n_places, r->is->n_places);
	if (r->n_places_unread > 0)
		pqm_out_f(t->o, ", of which %llu not read", (unsigned long long)r->n_places_unread);
	end(t);
}

/* Rows of one list that are, or are not, a matter of what was read. */
static void rows(struct text *t, const struct pqm_diff_row *r, size_t n, bool of_reading,
	const char *mark, enum tone tone)
{
	size_t shown = 0, all = 0;

	for (size_t i = 0; i < n; i++) {
		if ((r[i].cause == PQM_DIFF_READING) != of_reading)
			continue;
		if (all++ < t->max) {
			row(t, &r[i], mark, tone);
			shown++;
		}
	}
	if (all > shown)
		more(t, all);
}

static void settings(struct text *t)
{
	const struct pqm_diff *d = t->d;
	char old[16], new[16];

	pqm_date_format(old, d->old->now_days);
	pqm_date_format(new, d->new->now_days);
	pqm_out_str(t->o, t->is_markdown ? "## What changed from " : "FROM  ");
	pqm_out_f(t->o, "%s ", old);
	if (!t->is_markdown)
		said(t, DIM, pqm_str(d->old->name));
	pqm_out_str(t->o, t->is_markdown ? "to " : "\nTO    ");
	pqm_out_f(t->o, t->is_markdown ? "%s" : "%s ", new);
	if (!t->is_markdown)
		said(t, DIM, pqm_str(d->new->name));
	end(t);
	pqm_out_str(t->o, t->is_markdown ? "\n" : "");
	for (size_t i = 0; i < d->n_settings; i++) {
		const struct pqm_diff_text_field *f = &d->settings[i];
		bool is_digest = strcmp(f->name, "rules") == 0;

		if (strcmp(f->name, "now") == 0)
			continue;
		item(t, "~", BOLD);
		pqm_out_f(t->o, "%s ", f->name);
		said(t, PLAIN, is_digest ? pqm_sub(f->from, 0, 12) : f->from);
		pqm_out_lit(t->o, " \u2192 ");
		said(t, PLAIN, is_digest ? pqm_sub(f->to, 0, 12) : f->to);
		end(t);
	}
}

static void findings(struct text *t)
{
	const struct pqm_diff *d = t->d;

	head(t, "FINDINGS");
	item(t, " ", PLAIN);
	pqm_out_f(t->o, "%zu appeared, %zu fixed, %zu changed, %zu as before (%zu of them moved)",
		d->n_appeared - (size_t)d->n_read_first, (size_t)d->n_fixed, d->n_changed,
		d->n_same, d->n_moved);
	if (d->n_read_first > 0)
		pqm_out_f(t->o, "; %zu seen for the first time, as they were not read before",
			(size_t)d->n_read_first);
	if (d->n_unread > 0)
		pqm_out_f(t->o, "; %zu not read now, which is not fixed", (size_t)d->n_unread);
	end(t);
	rows(t, d->appeared, d->n_appeared, false, "+", BAD);
	rows(t, d->gone, d->n_gone, false, "-", GOOD);
	rows(t, d->changed, d->n_changed, false, "~", BOLD);
	rows(t, d->appeared, d->n_appeared, true, "?", DIM);
	rows(t, d->gone, d->n_gone, true, "?", DIM);
	rows(t, d->changed, d->n_changed, true, "?", DIM);
	if (d->new->n_notes_dropped > 0) {
		item(t, "?", DIM);
		pqm_out_f(t->o,
			"%zu more things were not read now and are not named; fixed may be one of "
			"them",
			(size_t)d->new->n_notes_dropped);
		end(t);
	}
}

static void score(struct text *t, const struct pqm_diff_asset *a)
{
	if (a == NULL) {
		pqm_out_lit(t->o, "-");
		return;
	}
	pqm_out_f(t->o, "%s ", pqm_decision_name(a->decision));
	if (a->is_broken_today)
		pqm_out_lit(t->o, "broken today");
	else
		pqm_out_bytes(t->o, pqm_text_pct(&t->arena, a->p));
}

static void asset(struct text *t, const struct pqm_diff_asset_row *r)
{
	const struct pqm_diff_asset *a = r->is != NULL ? r->is : r->was;

	if (a == NULL)
		return; /* a row has one side at least */
	item(t, r->was == NULL ? "+" : r->is == NULL ? "-" : "~", BOLD);
	said(t, BOLD, a->name);
	pqm_out_lit(t->o, "  ");
	/* What came or went may have the name of another. */
	if ((r->was == NULL || r->is == NULL) && !pqm_eq(a->name, a->id)) {
		said(t, DIM, a->id);
		pqm_out_lit(t->o, "  ");
	}
	score(t, r->was);
	pqm_out_lit(t->o, " \u2192 ");
	score(t, r->is);
	if (r->was != NULL && r->is != NULL && !r->was->is_broken_today && !r->is->is_broken_today)
		pqm_out_f(t->o, " (%+.1f points)", 100 * (r->is->p - r->was->p) + 0.0);
	if (r->was != NULL && r->is != NULL && r->was->has_money && r->is->has_money &&
		fabs(r->was->money.expected - r->is->money.expected) >= 0.005) {
		pqm_out_lit(t->o, ", expected loss ");
		pqm_out_bytes(t->o, pqm_text_money(&t->arena, r->was->money.expected));
		pqm_out_lit(t->o, " \u2192 ");
		pqm_out_bytes(t->o, pqm_text_money(&t->arena, r->is->money.expected));
	}
	end(t);
	for (size_t i = 0; i < r->n_reasons; i++) {
		sub_item(t);
		said(t, PLAIN, r->reasons[i].words);
		if (r->reasons[i].has_delta && fabs(r->reasons[i].delta) >= 0.0005)
			pqm_out_f(t->o, ": %+.1f points", 100 * r->reasons[i].delta);
		end(t);
	}
}

static void assets(struct text *t)
{
	const struct pqm_diff *d = t->d;

	if (d->n_assets + d->n_assets_same == 0)
		return;
	head(t, "ASSETS");
	item(t, " ", PLAIN);
	pqm_out_f(t->o, "%zu with another score, ", d->n_assets - d->n_assets_inputs);
	if (d->n_assets_inputs > 0)
		pqm_out_f(t->o, "%zu with other inputs and the same score, ", d->n_assets_inputs);
	pqm_out_f(t->o, "%zu as before", d->n_assets_same);
	if (d->n_assets_slight > 0)
		pqm_out_f(t->o, " (%zu moved by less than 0.05 points)", d->n_assets_slight);
	pqm_out_lit(t->o, "; points are of the chance to be read or forged");
	end(t);
	for (size_t i = 0; i < d->n_assets && i < t->max; i++)
		asset(t, &d->assets[i]);
	more(t, d->n_assets);
}

static void amount(struct text *t, const char *name, double from, double to)
{
	item(t, " ", PLAIN);
	pqm_out_f(t->o, "%s ", name);
	pqm_out_bytes(t->o, pqm_text_money(&t->arena, from));
	pqm_out_lit(t->o, " \u2192 ");
	pqm_out_bytes(t->o, pqm_text_money(&t->arena, to));
	/* Two sums that look the same and are not. */
	if (fabs(to - from) >= 0.005 &&
		pqm_eq(pqm_text_money(&t->arena, from), pqm_text_money(&t->arena, to)))
		pqm_out_f(t->o, " (%+.2f)", to - from);
	end(t);
}

static void money(struct text *t)
{
	const struct pqm_diff_side *a = t->d->old, *b = t->d->new;

	if (!a->has_money && !b->has_money)
		return;
	head(t, "MONEY");
	if (!a->has_money || !b->has_money) {
		item(t, " ", PLAIN);
		pqm_out_f(t->o, "no money is declared %s; there is nothing to compare",
			a->has_money ? "now" : "in the old report");
		end(t);
		return;
	}
	/* Two currencies cannot be compared; what differs stands above. */
	if (!pqm_eq(a->currency, b->currency))
		return;
	amount(t, "expected loss", a->total.expected, b->total.expected);
	amount(t, "of it sunk", a->total.sunk, b->total.sunk);
	if (b->total.sunk < a->total.sunk - 0.005) {
		item(t, " ", PLAIN);
		pqm_out_lit(t->o,
			"what was sent before stays lost; sunk is less as the earlier traffic is "
			"taken to be as it is told now");
		end(t);
	}
	amount(t, "avoidable", a->total.avoidable, b->total.avoidable);
}

static void slack(struct text *t, const struct pqm_diff_deadline *d)
{
	if (d == NULL || !d->has_slack)
		pqm_out_lit(t->o, "-");
	else
		pqm_out_f(t->o, "%+.2f years", d->slack_years);
}

static void deadlines(struct text *t)
{
	const struct pqm_diff *d = t->d;

	if (d->n_deadlines == 0)
		return;
	head(t, "DATES");
	for (size_t i = 0; i < d->n_deadlines && i < t->max; i++) {
		const struct pqm_diff_deadline_row *r = &d->deadlines[i];
		const struct pqm_diff_deadline *one = r->is != NULL ? r->is : r->was;

		assert(one != NULL); /* a row is of one side at least */
		item(t,
			r->was == NULL		? "+"
				: r->is == NULL ? "-"
						: "~",
			r->has_passed ? BAD : PLAIN);
		pqm_out_bytes(t->o, pqm_text_day(&t->arena, one->date));
		pqm_out_lit(t->o, "  slack ");
		slack(t, r->was);
		pqm_out_lit(t->o, " \u2192 ");
		slack(t, r->is);
		pqm_out_lit(t->o, "  ");
		said(t, PLAIN, one->title);
		if (r->has_passed)
			pqm_out_lit(t->o, "  has passed");
		end(t);
	}
	more(t, d->n_deadlines);
}

static void task_rows(
	struct text *t, const struct pqm_diff_task *const *list, size_t n, const char *mark)
{
	for (size_t i = 0; i < n && i < t->max; i++) {
		item(t, mark, BOLD);
		if (t->is_markdown)
			pqm_out_str(t->o, mark[0] == '+' ? "new: " : "gone: ");
		said(t, PLAIN, list[i]->title.n > 0 ? list[i]->title : list[i]->id);
		end(t);
	}
	more(t, n);
}

static void plan(struct text *t)
{
	const struct pqm_diff *d = t->d;

	if (d->n_tasks_gone + d->n_tasks_new + d->n_tasks_changed == 0)
		return;
	head(t, "PLAN");
	item(t, " ", PLAIN);
	pqm_out_f(t->o, "%zu \u2192 %zu tasks: %zu done or not needed any more, %zu new",
		d->old->n_tasks, d->new->n_tasks, d->n_tasks_gone, d->n_tasks_new);
	if (d->n_tasks_changed > 0)
		pqm_out_f(
			t->o, ", %zu at another place or with another change", d->n_tasks_changed);
	end(t);
	task_rows(t, d->tasks_gone, d->n_tasks_gone, "-");
	task_rows(t, d->tasks_new, d->n_tasks_new, "+");
	for (size_t i = 0; i < d->n_tasks_changed && i < t->max; i++) {
		const struct pqm_diff_task_row *r = &d->tasks_changed[i];

		item(t, "~", BOLD);
		said(t, PLAIN, r->is->title);
		end(t);
		for (size_t k = 0; k < r->n_fields; k++)
			changed(t, &r->fields[k]);
	}
	more(t, d->n_tasks_changed);
}

static void coverage(struct text *t)
{
	const struct pqm_diff_side *a = t->d->old, *b = t->d->new;

	if (a->seen == b->seen && a->read == b->read && t->d->n_targets_lost == 0)
		return;
	head(t, "COVERAGE");
	item(t, " ", PLAIN);
	pqm_out_f(t->o, "%llu of %llu read \u2192 %llu of %llu", (unsigned long long)a->read,
		(unsigned long long)a->seen, (unsigned long long)b->read,
		(unsigned long long)b->seen);
	if (t->d->n_targets_lost > 0) {
		pqm_out_f(t->o, "; %zu of %zu targets gave nothing now: ", t->d->n_targets_lost,
			a->n_targets);
		said(t, PLAIN, t->d->target_lost);
	}
	end(t);
}

static void write_text(struct text *t)
{
	pqm_arena_init(&t->arena, PQM_ARENA_BYTES);
	settings(t);
	if (t->d->is_same) {
		pqm_out_str(t->o, t->is_markdown ? "\nNo difference.\n" : "No difference.\n");
	} else {
		findings(t);
		assets(t);
		money(t);
		deadlines(t);
		plan(t);
		coverage(t);
	}
	pqm_arena_fini(&t->arena);
}

void pqm_diff_table(struct pqm_out *o, const struct pqm_diff *d, size_t max, bool color)
{
	struct text t = { .o = o, .d = d, .max = max, .color = color };

	write_text(&t);
}

void pqm_diff_markdown(struct pqm_out *o, const struct pqm_diff *d, size_t max)
{
	struct text t = { .o = o, .d = d, .max = max, .is_markdown = true };

	write_text(&t);
}
