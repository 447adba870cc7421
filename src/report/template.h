/*
 * template.h — text with holes: escapes, loops and inserts, nothing else.
 *
 * Shape:     {{field}} is always escaped for HTML; {{#list}}…{{/list}} repeats its body for each
 *            item (a flag is a list of none or one); {{>file}} inserts another template. A tag that
 *            stands alone on its line takes the line with it. There is no raw form.
 * Ownership: a compiled template owns its arena. Objects are filled one at a time, when the loop
 *            reaches them, and are gone after it: a list of 50,000 items costs one.
 * Errors:    PQM_EUSAGE "FILE:LINE: words" for a malformed template, an unknown field or file;
 *            PQM_ELIMIT by limits.h.
 * Threads:   a compiled template is const; rendering is single-threaded.
 */
#ifndef PQM_REPORT_TEMPLATE_H
#define PQM_REPORT_TEMPLATE_H

#include "base/out.h"

/* Finds the text of a template file by name. */
struct pqm_tpl_source {
	enum pqm_st (*find)(const struct pqm_tpl_source *s, pqm_bytes name, struct pqm_arena *arena,
		pqm_bytes *text, struct pqm_err *err);
	const char *dir; /* for the directory source */
};

/* The templates embedded in the program, or those of dir. */
struct pqm_tpl_source pqm_tpl_source(const char *dir /* may be NULL */);

struct pqm_tpl_node;

struct pqm_tpl {
	struct pqm_arena arena;
	struct pqm_tpl_node *nodes;
	size_t n, cap;
};

/* Reads and checks name and everything it inserts. On failure t needs no fini. */
enum pqm_st pqm_tpl_compile(struct pqm_tpl *t, const struct pqm_tpl_source *s, const char *name,
	struct pqm_err *err) PQM_MUST_USE;
void pqm_tpl_fini(struct pqm_tpl *t);

struct pqm_obj;

/* Puts the fields of item i of a list into o. */
typedef void pqm_obj_fill(struct pqm_obj *o, const void *ctx, size_t i);

struct pqm_field {
	const char *name;
	pqm_bytes text;
	pqm_obj_fill *fill; /* NULL: text or flag */
	const void *ctx;
	size_t n;
	bool is_list; /* or a flag, which has no fill */
};

#define PQM_OBJ_FIELDS 96

/* What a template sees: the fields of this object, then those of the objects around it. */
struct pqm_obj {
	const struct pqm_obj *parent; /* may be NULL */
	struct pqm_arena *arena;      /* for texts; lives as long as the object */
	size_t n;
	struct pqm_field fields[PQM_OBJ_FIELDS];
};

/* Names are literals; texts are borrowed and must live as long as the object. More than
 * PQM_OBJ_FIELDS is our bug and asserted. */
void pqm_obj_text(struct pqm_obj *o, const char *name, pqm_bytes text);
void pqm_obj_f(struct pqm_obj *o, const char *name, const char *fmt, ...) PQM_PRINTF(3, 4);
/* {{#name}} and its opposite {{#no_name}} are not made here: put both where both are needed. */
void pqm_obj_flag(struct pqm_obj *o, const char *name, bool value);
void pqm_obj_list(
	struct pqm_obj *o, const char *name, size_t n, pqm_obj_fill *fill, const void *ctx);
/* Text, and the flag has_<name>, by one call: flag must be the literal "has_<name>". */
void pqm_obj_opt(struct pqm_obj *o, const char *name, const char *flag, pqm_bytes text);

enum pqm_st pqm_tpl_render(const struct pqm_tpl *t, const struct pqm_obj *root, struct pqm_out *out,
	struct pqm_err *err) PQM_MUST_USE;

#endif
