/* sweep.c — the anchors of all detectors as one matcher, which looks for them in one pass; in code
 * constants are looked for in the same chunk while it is in the cache.
 */
#include "base/limits.h"
#include "engine.h"

enum pqm_st pqm_run_matcher(struct pqm_run *run, struct pqm_err *err)
{
	struct pqm_pattern *p;
	size_t n = 0, k = 0;
	enum pqm_st st;

	while (pqm_detectors[run->n_detectors] != NULL)
		n += pqm_detectors[run->n_detectors++]->n_anchors;
	if (run->n_detectors > PQM_DETECTORS_MAX)
		return pqm_fail(err, PQM_EINTERNAL, "more than 63 detectors");
	run->detectors = pqm_detectors;
	pqm_archive_rules(run);
	run->n_patterns = (uint32_t)n;
	p = pqm_calloc(n + 1, sizeof(*p));
	run->pattern = pqm_calloc(n + 1, sizeof(*run->pattern));
	if (p == NULL || run->pattern == NULL) {
		pqm_free(p);
		return pqm_fail(err, PQM_ENOMEM, "out of memory");
	}
	for (size_t d = 0; d < run->n_detectors; d++) {
		if (pqm_detectors[d]->is_sampled) {
			run->sampled = (uint16_t)d;
			run->sampled_from = (uint16_t)pqm_detectors[d]->n_anchors;
		}
		for (size_t i = 0; i < pqm_detectors[d]->n_anchors; i++, k++) {
			const struct pqm_anchor *a = &pqm_detectors[d]->anchors[i];

			p[k].n = a->n <= PQM_PATTERN_MAX ? a->n : PQM_PATTERN_MAX;
			memcpy(p[k].bytes, a->bytes, p[k].n);
			for (unsigned b = 0; b < p[k].n; b++)
				p[k].mask[b] = a->mask == NULL || a->mask[b] == 'x' ? 0xff : 0;
			run->pattern[k].detector = (uint16_t)d;
			run->pattern[k].anchor = (uint16_t)i;
		}
	}
	st = pqm_matcher_new(&run->matcher, p, n, err);
	pqm_free(p);
	return st;
}

void pqm_run_sweep(const struct pqm_run *run, const struct pqm_swept *at, struct pqm_matches *out)
{
	const struct pqm_sampler *sampler;
	struct pqm_err err;

	pqm_matcher_sweep(run->matcher, at->window, at->n_seen, at->base, out);
	/* Made for the first file of code; mistakes in rules were told when they were loaded. */
	if (at->is_code && pqm_rules_sampler(&sampler, run->rules, &err) == PQM_OK)
		pqm_sampler_sweep(sampler, at->window, at->n_seen, at->base, run->n_patterns, out);
}
