#include "conf.h"

#include "base/limits.h"

extern const struct pqm_detector pqm_det_conf;

/* An emitter that only looks whether the rule under test shows in what comes by. */
struct watch {
	struct pqm_emit emit; /* first: the callbacks cast back */
	const struct pqm_rule *rule;
	bool fits;
};

static enum pqm_st see_found(struct pqm_emit *e, const struct pqm_found *f)
{
	struct watch *w = (struct watch *)e;

	w->fits = w->fits || pqm_eq(f->rule, w->rule->id);
	return PQM_OK;
}

static void see_note(struct pqm_emit *e, uint64_t off, enum pqm_st why, const char *words)
{
	(void)e;
	(void)off;
	(void)why;
	(void)words;
}

bool pqm_conf_rule_fits(const struct pqm_rules *r, const struct pqm_rule *rule, pqm_bytes sample)
{
	struct pqm_arena arena;
	pqm_bytes text = sample, name;
	struct watch w = { .emit = { .found = see_found, .note = see_note }, .rule = rule };
	struct pqm_hits none = { NULL, 0, NULL };
	struct pqm_err err;
	bool has_include, ok;

	if (!pqm_split(&text, '\n', &name) || text.p == NULL)
		return false;
	pqm_arena_init(&arena, PQM_ARENA_BYTES);
	struct pqm_artifact a = {
		.body = text, .head = text, .path = name, .name = name, .arena = &arena
	};

	if (pqm_yaml_get(rule->node, "form") != NULL) {
		ok = pqm_conf_family(r, &a, &has_include) == rule;
	} else {
		ok = pqm_det_conf.run(r, &a, &none, &w.emit, &err) == PQM_OK && w.fits;
	}
	pqm_arena_fini(&arena);
	return ok;
}
