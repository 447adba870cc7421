#include "detector.h"

#include <stdarg.h>
#include <stdio.h>

enum pqm_st pqm_emit(struct pqm_emit *e, const struct pqm_found *f)
{
	return e->found(e, f);
}

enum pqm_st pqm_emit_object(struct pqm_emit *e, const struct pqm_object *o)
{
	return e->object(e, o);
}

enum pqm_st pqm_emit_child(struct pqm_emit *e, const struct pqm_child *c)
{
	return e->child(e, c);
}

void pqm_emit_note(struct pqm_emit *e, uint64_t off, enum pqm_st why, const char *fmt, ...)
{
	char words[400];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(words, sizeof(words), fmt, ap);
	va_end(ap);
	e->note(e, off, why, words);
}

void pqm_emit_claim(struct pqm_emit *e, uint64_t from, uint64_t to)
{
	e->claim(e, from, to);
}

bool pqm_emit_beside(struct pqm_emit *e, const struct pqm_beside *job)
{
	return e->beside != NULL && e->beside(e, job);
}

void pqm_emit_alone(struct pqm_emit *e)
{
	if (e->alone != NULL)
		e->alone(e);
}

void *pqm_emit_kept(struct pqm_emit *e, size_t n, struct pqm_arena **arena)
{
	return e->kept == NULL ? NULL : e->kept(e, n, arena);
}

void pqm_emit_passed(struct pqm_emit *e, uint64_t off)
{
	if (e->passed != NULL)
		e->passed(e, off);
}

void pqm_emit_part(struct pqm_emit *e, pqm_bytes path_part)
{
	if (e->part != NULL)
		e->part(e, path_part);
}

void pqm_emit_used(struct pqm_emit *e, pqm_bytes rel)
{
	if (e->used != NULL)
		e->used(e, rel);
}
