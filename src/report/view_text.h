/*
 * view_text.h — numbers, dates and money as people read them, shared by table and HTML.
 *
 * Shape:     each returns text in the caller's arena; "-" where there is nothing to say.
 * Units:     probabilities 0..1 in, percent out; days since 1970 in, "31 Dec 2031" out.
 * Ownership: the arena's.
 * Errors:    empty text when the arena is full.
 * Threads:   pure.
 */
#ifndef PQM_REPORT_VIEW_TEXT_H
#define PQM_REPORT_VIEW_TEXT_H

#include "model/plan.h"

/* "69 %"; "<1 %" and ">99 %" rather than a rounded 0 or 100. */
pqm_bytes pqm_text_pct(struct pqm_arena *a, double p);
/* "40–93 %" from slow to fast; one number when both round to it. */
pqm_bytes pqm_text_range(struct pqm_arena *a, double lo, double hi);
/* Three significant digits with k, M, G: "542 M", "7.6 M", "310". */
pqm_bytes pqm_text_money(struct pqm_arena *a, double v);
/* "31 Dec 2031"; "-" for the INT64 ends that mean "no date". */
pqm_bytes pqm_text_day(struct pqm_arena *a, int64_t days);
/* "Dec 2031" */
pqm_bytes pqm_text_month(struct pqm_arena *a, int64_t days);
/* "30 years", "1 year", "3 months", "0 years". */
pqm_bytes pqm_text_years(struct pqm_arena *a, double years);
/* "3.5", "12": person-days; a range "3–8" when lo and hi differ. */
pqm_bytes pqm_text_effort(struct pqm_arena *a, double lo, double hi);
/* "12,418" */
pqm_bytes pqm_text_count(struct pqm_arena *a, uint64_t n);
/* "1 key", "12,418 keys" */
pqm_bytes pqm_text_n(struct pqm_arena *a, uint64_t n, const char *one, const char *many);
/* Columns that the text takes in a terminal: one a code point. */
size_t pqm_text_width(pqm_bytes text);
/* Cut to at most width columns, the last one an ellipsis. */
pqm_bytes pqm_text_cut(struct pqm_arena *a, pqm_bytes text, size_t width);
/* The same with the ellipsis inside: names of one kind often differ only at their end. */
pqm_bytes pqm_text_middle(struct pqm_arena *a, pqm_bytes text, size_t width);

/* "RSA-2048", "EC P-256", "X25519": family and parameter as one word or two. */
pqm_bytes pqm_text_alg(struct pqm_arena *a, pqm_bytes family, pqm_bytes parameter);
/* What a deadline asks for, without the name of its regime in front: "Key establishment". */
pqm_bytes pqm_text_duty(struct pqm_arena *a, const struct pqm_deadline *d);
/* What the letters of a vector mean, in a few words. */
const char *pqm_text_use(char use);
const char *pqm_text_exposure(char exposure);
const char *pqm_text_coverage(char coverage);
/* The occurrence's place for a reader: "path:12:3", "path +1024", or the object in the path. */
pqm_bytes pqm_text_place(struct pqm_arena *a, const struct pqm_occurrence *o);

#endif
