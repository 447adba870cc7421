/* sweep.c — the anchors of all detectors as one matcher, which looks for them in one pass. */
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
	p = pqm_calloc(n + 1, sizeof(*p));
	run->pattern = pqm_calloc(n + 1, sizeof(*run->pattern));
	if (p == NULL || run->pattern == NULL) {
		pqm_free(p);
		return pqm_fail(err, PQM_ENOMEM, "out of memory");
	}
	for (size_t d = 0; d < run->n_detectors; d++)
		for (size_t i = 0; i < pqm_detectors[d]->n_anchors; i++, k++) {
			const struct pqm_anchor *a = &pqm_detectors[d]->anchors[i];

			p[k].n = a->n <= PQM_PATTERN_MAX ? a->n : PQM_PATTERN_MAX;
			memcpy(p[k].bytes, a->bytes, p[k].n);
			for (unsigned b = 0; b < p[k].n; b++)
				p[k].mask[b] = a->mask == NULL || a->mask[b] == 'x' ? 0xff : 0;
			run->pattern[k].detector = (uint16_t)d;
			run->pattern[k].anchor = (uint16_t)i;
		}
	st = pqm_matcher_new(&run->matcher, p, n, err);
	pqm_free(p);
	return st;
}
