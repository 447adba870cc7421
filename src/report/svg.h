/*
 * svg.h — axes and points that the drawings of the page share.
 *
 * Shape:     a scale maps values to the units of a viewBox, cut at its ends; ticks are a list of
 *            places with their text.
 * Units:     values in years, days, shares or money by drawing; places in the viewBox.
 * Ownership: texts live in the arena that is given.
 * Errors:    a full arena leaves texts empty; ticks over the cap are left out.
 * Threads:   pure.
 * Limits:    PQM_SVG_TICKS.
 */
#ifndef PQM_REPORT_SVG_H
#define PQM_REPORT_SVG_H

#include "report/view.h"

/* A straight map from values to a drawing's units. */
struct pqm_svg_scale {
	double v0, v1, x0, x1;
};

struct pqm_svg_tick {
	double at;
	pqm_bytes text;
};

#define PQM_SVG_TICKS 16

struct pqm_svg_ticks {
	struct pqm_svg_tick t[PQM_SVG_TICKS];
	size_t n;
};

double pqm_svg_at(const struct pqm_svg_scale *s, double v);
/* A field with one decimal; 0 for what is not finite. */
void pqm_svg_number(struct pqm_obj *o, const char *name, double v);

/* A line by its points, with room for so many; those over it are left out. In a template a list of
 * xy: one text would be cut at PQM_TEXT_BYTES. */
struct pqm_svg_points {
	double (*xy)[2];
	size_t n, cap;
};

/* NULL when the arena is full, which the next two take. */
struct pqm_svg_points *pqm_svg_points(struct pqm_arena *a, size_t max);
void pqm_svg_point(struct pqm_svg_points *p, double x, double y);
void pqm_svg_line(struct pqm_obj *o, const char *name, const struct pqm_svg_points *p);
void pqm_svg_add_tick(struct pqm_svg_ticks *t, double where, pqm_bytes text);
/* Fields at, text_at and text of one tick; ctx is the list. */
void pqm_svg_fill_tick(struct pqm_obj *o, const void *ctx, size_t i);
/* 1, 2 or 5 times a power of ten, so that about n steps cover the span. */
double pqm_svg_step(double span, double n);
/* "12 M" where losses were declared, else a number of assets. */
pqm_bytes pqm_svg_amount(struct pqm_arena *a, const struct pqm_view *v, double left);

#endif
