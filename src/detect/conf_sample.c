#include "conf.h"

#include "base/limits.h"
#include "watch.h"

extern const struct pqm_detector pqm_det_conf;

bool pqm_conf_rule_fits(const struct pqm_rules *r, const struct pqm_rule *rule, pqm_bytes sample)
{
	struct pqm_arena arena;
	pqm_bytes text = sample, name;
	struct pqm_watch w = pqm_watch_of(rule);
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
