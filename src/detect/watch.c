#include "watch.h"

static enum pqm_st see_found(struct pqm_emit *e, const struct pqm_found *f)
{
	struct pqm_watch *w = (struct pqm_watch *)e;

	w->fits = w->fits || pqm_eq(f->rule, w->rule->id);
	return PQM_OK;
}

static enum pqm_st see_object(struct pqm_emit *e, const struct pqm_object *o)
{
	(void)e;
	(void)o;
	return PQM_OK;
}

static enum pqm_st see_child(struct pqm_emit *e, const struct pqm_child *c)
{
	(void)e;
	(void)c;
	return PQM_OK;
}

static void see_note(struct pqm_emit *e, uint64_t off, enum pqm_st why, const char *words)
{
	(void)e;
	(void)off;
	(void)why;
	(void)words;
}

static void see_claim(struct pqm_emit *e, uint64_t from, uint64_t to)
{
	(void)e;
	(void)from;
	(void)to;
}

struct pqm_watch pqm_watch_of(const struct pqm_rule *rule)
{
	return (struct pqm_watch){ .emit = { .found = see_found,
					   .object = see_object,
					   .child = see_child,
					   .note = see_note,
					   .claim = see_claim },
		.rule = rule };
}
