#include <stdlib.h>

#include "emit.h"

#include "rules/sampler.h"

extern const struct pqm_detector pqm_det_static;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ROOM 4096
#define HITS 512

static enum pqm_st see_found(struct pqm_emit *e, const struct pqm_found *f)
{
	(void)e;
	assert(f->rule.n > 0 && f->identity.n > 0 && f->why.n > 0 && f->algorithm.n > 0);
	assert(f->meaning == PQM_OFFER); /* never a use */
	assert(f->evidence == PQM_HINTED || f->evidence == PQM_LINKED);
	return PQM_OK;
}

/* Whole and in pieces the sweep finds the same. */
static size_t sweep(const struct pqm_sampler *s, pqm_bytes body, size_t piece, struct pqm_hit *out)
{
	static struct pqm_match match[ROOM];
	struct pqm_matches found = { match, 0, ROOM, false };
	size_t n = 0;

	for (size_t at = 0; at < body.n; at += piece) {
		size_t seen = at < 24 ? at : 24;

		pqm_sampler_sweep(
			s, pqm_sub(body, at - seen, seen + piece), seen, at - seen, 0, &found);
	}
	for (size_t i = 0; i < found.n && n < HITS; i++)
		if (pqm_sampler_fits(s, match[i].pattern, body, match[i].off))
			out[n++] = (struct pqm_hit){ match[i].off, (uint16_t)match[i].pattern };
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct pqm_rules rules;
	static const struct pqm_sampler *s;
	static struct pqm_hit whole[HITS], parts[HITS];
	struct pqm_err err = { PQM_OK, "" };
	struct pqm_arena a;
	uint64_t until = 0;
	struct pqm_emit out = { .found = see_found,
		.object = emit_see_object,
		.child = emit_see_child,
		.note = emit_see_note };

	if (s == NULL &&
		(pqm_rules_load(&rules, NULL, &err) != PQM_OK ||
			pqm_rules_sampler(&s, &rules, &err) != PQM_OK))
		abort();
	pqm_arena_init(&a, PQM_ARENA_BYTES);
	struct pqm_artifact art = { .body = { data, size },
		.head = { data, size },
		.path = PQM_LIT("f"),
		.name = PQM_LIT("f"),
		.arena = &a };
	struct pqm_hits hits = { whole, sweep(s, art.body, size + 1, whole), &until };

	assert(sweep(s, art.body, 61, parts) == hits.n);
	(void)pqm_det_static.wants(&art);
	assert(pqm_det_static.run(&rules, &art, &hits, &out, &err) == PQM_OK);
	pqm_arena_fini(&a);
	return 0;
}
