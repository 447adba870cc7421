/* view_first.c — the first screen: the worst asset and why, and the first thing to do. */
#include "view.h"

#include <math.h>

#include "report/view_text.h"

#define FIRST_COLUMNS 90 /* of a name that is longer; its card has it whole */
#define FIRST_LINES 2	 /* of a change; the card has the rest */

bool pqm_score_is_shown(const struct pqm_asset_score *s)
{
	const struct pqm_hop *h = pqm_score_decider(s);

	return h != NULL && h->confidence != PQM_C_LOW;
}

/* The asset that the page opens with: the worst that evidence stands behind, else the worst. */
static const struct pqm_asset_score *worst_of(const struct pqm_view *v, size_t *no)
{
	for (int shown = 1; shown >= 0; shown--)
		for (size_t i = 0; i < v->n_ai; i++) {
			const struct pqm_asset_score *s = v->scores[i];

			if (s->decision == PQM_TRACK || pqm_score_is_shown(s) != (shown == 1))
				continue;
			*no = i;
			return s;
		}
	return NULL;
}

/* What the deciding use has to hold, and until when. */
static pqm_bytes stake_words(struct pqm_arena *a, const struct pqm_asset_score *s)
{
	const struct pqm_use_score *u;

	if (s->is_broken_today)
		return PQM_LIT("Readable or forgeable today, without any quantum computer.");
	if (s->deciding >= s->n_uses)
		return (pqm_bytes){ NULL, 0 };
	u = &s->uses[s->deciding];
	return pqm_arena_f(a, "%s until %.0f%s.",
		u->v.use == 'L'		   ? "What is signed today must be trusted"
			: u->v.use == 'S'  ? "Forgeable once the machine is there, and accepted"
			: u->v.data == 'S' ? "What was copied must stay secret"
					   : "What is sent today must stay secret",
		floor(u->end), u->is_capped ? ", longer than the survey looks ahead" : "");
}

static pqm_bytes hop_place(struct pqm_arena *a, const struct pqm_hop *h)
{
	pqm_bytes path = pqm_printable(a, h->path);

	return h->line > 0 ? pqm_arena_f(a, "%.*s:%u", PQM_FMT(path), h->line) : path;
}

static bool serves(const struct pqm_task *t, const struct pqm_asset *a)
{
	for (size_t i = 0; i < t->n_assets; i++)
		if (pqm_eq(t->assets[i], a->id))
			return true;
	return false;
}

/* The first task of the plan that changes a line for this asset, else the first that serves it, which may
 * be paperwork; n_tasks when there is none. */
static size_t first_for(const struct pqm_plan *p, const struct pqm_asset *a)
{
	size_t first = p->n_tasks;

	for (size_t i = 0; i < p->n_tasks; i++) {
		const struct pqm_task *t = &p->tasks[i];

		if (!serves(t, a))
			continue;
		if (t->is_weak_fix || (t->patch_path.n > 0 && t->patch_to.n > 0))
			return i;
		first = first < p->n_tasks ? first : i;
	}
	return first;
}

static void first_lines(struct pqm_obj *o, const char *name, const char *flag, pqm_bytes text)
{
	pqm_bytes head = text;

	for (size_t i = 0, n = 0; i < text.n; i++)
		if (text.p[i] == '\n' && ++n == FIRST_LINES) {
			head = pqm_arena_f(o->arena, "%.*s\n…", PQM_FMT(pqm_sub(text, 0, i)));
			break;
		}
	pqm_view_lines(o, name, flag, head);
}

/* A line that can be typed: where it ends and what it has to show begins; 0 when it is prose. */
static size_t command_end(pqm_bytes line)
{
	static const char *const tools[] = { "pqmap probe ", "pqmap scan ", "openssl ", "kubectl ",
		"curl ", "wg ", "ssh ", "etcdctl ", "aws ", "gcloud ", "nginx ", "git " };
	static const char *const says[] = { " shows ", " has ", " begins with ", " fails", " says ",
		"; ", "   " };
	size_t end = line.n;
	bool is_tool = false;

	for (size_t i = 0; i < sizeof(tools) / sizeof(tools[0]); i++)
		is_tool = is_tool || pqm_starts(line, pqm_str(tools[i]));
	if (!is_tool || pqm_starts(line, PQM_LIT("pqmap scan again")))
		return 0;
	for (size_t i = 0; i < sizeof(says) / sizeof(says[0]); i++) {
		const uint8_t *p = memmem(line.p, end, says[i], strlen(says[i]));

		end = p != NULL ? (size_t)(p - line.p) : end;
	}
	return end;
}

/* The first line of a check that can be typed, and what it has to show; else the first as prose. */
static void fill_check(struct pqm_obj *o, pqm_bytes verify)
{
	pqm_bytes rest = verify, line, check = { NULL, 0 }, expect = { NULL, 0 };

	while (check.n == 0 && rest.n > 0 && pqm_split(&rest, '\n', &line)) {
		size_t end = command_end(line);

		if (expect.n == 0 || end > 0)
			expect = pqm_sub(line, end, line.n - end);
		check = pqm_sub(line, 0, end);
	}
	bool goes_on = check.n > 0 && expect.n > 0 && expect.p[0] == ' ';

	while (expect.n > 0 && (expect.p[0] == ' ' || expect.p[0] == ';'))
		expect = pqm_sub(expect, 1, expect.n - 1);
	if (goes_on && expect.n > 0 && expect.p[0] >= 'a' && expect.p[0] <= 'z')
		expect = pqm_arena_f(o->arena, "It %.*s", PQM_FMT(expect));
	pqm_obj_opt(o, "check", "has_check", check);
	pqm_obj_opt(o, "expect", "has_expect", expect);
	pqm_obj_flag(o, "has_verify", check.n > 0 || expect.n > 0);
}

static void fill_task(struct pqm_obj *o, const struct pqm_task *t, size_t index)
{
	pqm_bytes hi = pqm_text_day(o->arena, t->finish_hi);

	pqm_obj_f(o, "no", "%zu", index + 1);
	pqm_obj_text(o, "title",
		pqm_text_middle(o->arena, pqm_printable(o->arena, t->title), FIRST_COLUMNS));
	pqm_obj_text(o, "effort", pqm_text_effort(o->arena, t->effort_lo, t->effort_hi));
	pqm_obj_text(o, "finish", hi);
	pqm_obj_opt(o, "place", "has_place", t->n_where > 0 ? t->where[0] : PQM_LIT(""));
	pqm_obj_opt(o, "why", "has_why", t->why);
	pqm_obj_flag(o, "weak_fix", t->is_weak_fix);
	pqm_view_patch(o, t);
	/* One line is all of an edit, but turning encryption on takes more than that. */
	first_lines(o, "change", "has_change",
		t->patch_path.n > 0 && t->patch_to.n > 0 && !t->is_weak_fix ? PQM_LIT("")
									    : t->change);
	fill_check(o, t->verify);
}

static void fill_first(struct pqm_obj *o, const void *ctx, size_t i)
{
	(void)i;
	fill_task(o, &((const struct pqm_view *)ctx)->r->plan->tasks[0], 0);
}

struct fix {
	const struct pqm_plan *p;
	size_t index;
};

static void fill_fix(struct pqm_obj *o, const void *ctx, size_t i)
{
	const struct fix *f = ctx;

	(void)i;
	fill_task(o, &f->p->tasks[f->index], f->index);
}

static void fill_worst(struct pqm_obj *o, const void *ctx, size_t i)
{
	const struct pqm_view *v = ctx;
	const struct pqm_plan *p = v->r->plan;
	struct fix *f = pqm_new(o->arena, struct fix, 1);
	size_t no = 0;
	const struct pqm_asset_score *s = worst_of(v, &no);
	const struct pqm_hop *h = pqm_score_decider(s);

	(void)i;
	pqm_view_asset_name(o, v, no);
	pqm_view_chances(o, s);
	pqm_obj_opt(o, "label", "has_label",
		h != NULL ? pqm_text_middle(
				    o->arena, pqm_printable(o->arena, h->label), FIRST_COLUMNS)
			  : s->why);
	pqm_obj_opt(o, "hop_why", "has_hop_why", h != NULL ? h->why : PQM_LIT(""));
	pqm_obj_opt(o, "place", "has_place", h != NULL ? hop_place(o->arena, h) : PQM_LIT(""));
	pqm_obj_opt(o, "stake", "has_stake", stake_words(o->arena, s));
	pqm_obj_flag(o, "is_guess", !pqm_score_is_shown(s));
	if (f == NULL)
		return;
	*f = (struct fix){ p, first_for(p, s->asset) };
	pqm_obj_list(o, "fix", f->index > 0 && f->index < p->n_tasks, fill_fix, f);
	pqm_obj_flag(o, "fix_is_first", f->index == 0 && p->n_tasks > 0);
}

void pqm_view_first(struct pqm_obj *o, const struct pqm_view *v)
{
	size_t no, n_tasks = v->r->plan->n_tasks;
	bool worst = worst_of(v, &no) != NULL;

	pqm_obj_list(o, "worst", worst, fill_worst, v);
	pqm_obj_list(o, "first_step", n_tasks > 0, fill_first, v);
	pqm_obj_flag(o, "has_first", worst || n_tasks > 0);
}
