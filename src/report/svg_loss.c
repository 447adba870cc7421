/* svg_loss.c — coordinates of the loss curve: how likely it is to lose at least so much. */
#include "svg.h"

#include <math.h>

#include "report/view_text.h"

struct loss {
	const struct pqm_assessment *as;
	struct pqm_svg_scale x, y;
	struct pqm_svg_ticks amounts, shares;
};

/* From slow arrival to fast: the steps of one and back along those of the other. */
static struct pqm_svg_points *band(const struct loss *d, struct pqm_arena *a)
{
	static const enum pqm_scenario ends[] = { PQM_SLOW, PQM_FAST };
	const struct pqm_assessment *as = d->as;
	size_t n[2] = { as->n_losses[PQM_SLOW], as->n_losses[PQM_FAST] };
	struct pqm_svg_points *line = pqm_svg_points(a, 2 * (n[0] + n[1]) + 2);

	if (n[0] == 0 || n[1] == 0)
		return NULL;
	for (size_t k = 0; k < 2; k++) {
		const struct pqm_loss_point *l = as->loss_curves[ends[k]];

		/* Each step has two corners; the way back takes them from the other end. */
		for (size_t i = 0; i < 2 * n[k] + 1; i++) {
			size_t c = k == 0 ? i : 2 * n[k] - i;
			double x = c == 0 ? 0 : l[(c - 1) / 2].amount,
			       y = c < 2 * n[k] ? l[c / 2].p : 0;

			pqm_svg_point(line, pqm_svg_at(&d->x, x), pqm_svg_at(&d->y, y));
		}
	}
	return line;
}

static double widest(const struct pqm_assessment *as)
{
	double x = as->loss_curve[as->n_loss - 1].amount;

	for (size_t k = 0; k < PQM_STRESS; k++)
		if (as->n_losses[k] > 0)
			x = fmax(x, as->loss_curves[k][as->n_losses[k] - 1].amount);
	return x;
}

/* A step falls where a loss is passed: P[loss >= x] is the same from there to the next. */
static struct pqm_svg_points *steps(const struct loss *d, struct pqm_arena *a)
{
	struct pqm_svg_points *line = pqm_svg_points(a, 2 * d->as->n_loss + 1);
	double last = 0;

	for (size_t i = 0; i < d->as->n_loss; i++) {
		const struct pqm_loss_point *l = &d->as->loss_curve[i];

		pqm_svg_point(line, pqm_svg_at(&d->x, last), pqm_svg_at(&d->y, l->p));
		pqm_svg_point(line, pqm_svg_at(&d->x, l->amount), pqm_svg_at(&d->y, l->p));
		last = l->amount;
	}
	pqm_svg_point(line, pqm_svg_at(&d->x, last), pqm_svg_at(&d->y, 0));
	return line;
}

/* The corner with even odds or more, or the likeliest one: "86 %: 316 M or more". */
static void mark(struct pqm_obj *o, const struct loss *d)
{
	const struct pqm_loss_point *l = &d->as->loss_curve[0];

	for (size_t i = 0; i < d->as->n_loss; i++)
		if (d->as->loss_curve[i].p >= .5)
			l = &d->as->loss_curve[i];
	double x = pqm_svg_at(&d->x, l->amount);
	pqm_bytes m = pqm_text_money(o->arena, l->amount), p = pqm_text_pct(o->arena, l->p);
	bool right = x > 250;

	pqm_svg_number(o, "mark_x", x);
	pqm_svg_number(o, "mark_y", pqm_svg_at(&d->y, l->p));
	pqm_svg_number(o, "mark_text_x", x + (right ? -8 : 8));
	pqm_svg_number(o, "mark_text_y", pqm_svg_at(&d->y, l->p) + (right ? 16 : -6));
	pqm_obj_text(o, "mark_anchor", right ? PQM_LIT("end") : PQM_LIT("start"));
	pqm_obj_f(o, "mark_text", "%.*s: %.*s or more", PQM_FMT(p), PQM_FMT(m));
}

static void ticks(struct loss *d, struct pqm_arena *a)
{
	double step = pqm_svg_step(d->x.v1, 4);

	for (int i = 0; i * step <= d->x.v1 * 1.001 && i < PQM_SVG_TICKS; i++)
		pqm_svg_add_tick(
			&d->amounts, pqm_svg_at(&d->x, i * step), pqm_text_money(a, i * step));
	for (int p = 0; p <= 100; p += 25)
		pqm_svg_add_tick(
			&d->shares, pqm_svg_at(&d->y, p / 100.0), pqm_arena_f(a, "%d %%", p));
}

void pqm_svg_loss(struct pqm_obj *o, const struct pqm_view *v)
{
	const struct pqm_assessment *as = v->r->assessment;
	struct loss *d = pqm_new(o->arena, struct loss, 1);
	double expected = as->total[PQM_CENTRAL].expected, at;
	struct pqm_svg_points *edge;

	if (d == NULL)
		return;
	d->as = as;
	d->x = (struct pqm_svg_scale){ 0, widest(as) * 1.04, 62, 432 };
	d->y = (struct pqm_svg_scale){ 0, 1, 164, 16 };
	ticks(d, o->arena);
	edge = band(d, o->arena);
	at = pqm_svg_at(&d->x, expected);
	pqm_obj_list(o, "amounts", d->amounts.n, pqm_svg_fill_tick, &d->amounts);
	pqm_obj_list(o, "shares", d->shares.n, pqm_svg_fill_tick, &d->shares);
	pqm_svg_line(o, "line", steps(d, o->arena));
	pqm_svg_line(o, "band", edge);
	pqm_obj_flag(o, "has_band", edge != NULL);
	pqm_svg_number(o, "mean_x", at);
	pqm_svg_number(o, "mean_text_x", at + (at > 250 ? -5 : 5));
	pqm_obj_text(o, "mean_anchor", at > 250 ? PQM_LIT("end") : PQM_LIT("start"));
	pqm_obj_text(o, "mean", pqm_text_money(o->arena, expected));
	pqm_obj_text(o, "any", pqm_text_pct(o->arena, as->loss_curve[0].p));
	pqm_obj_text(o, "least", pqm_text_money(o->arena, as->loss_curve[0].amount));
	pqm_obj_text(o, "most_p", pqm_text_pct(o->arena, as->loss_curve[as->n_loss - 1].p));
	pqm_obj_text(o, "most", pqm_text_money(o->arena, as->loss_curve[as->n_loss - 1].amount));
	mark(o, d);
}
