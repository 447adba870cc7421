/* gave.c — what each target gave, once all of it was read. */
#include "engine.h"

/* A named file that cannot be opened gives nothing, like one that is missing. A folder that holds only
 * links or pipes was read in full: there is just nothing in it. */
static bool gave_nothing(const struct pqm_target *target, const struct pqm_run *run, size_t t)
{
	if (target->n_seen == 0 || target->n_read > 0)
		return false;
	for (const struct pqm_skip_note *s = run->skips; s != NULL; s = s->next)
		if (s->note.target == t && pqm_eqs(s->note.reason, "unreadable"))
			return true;
	return false;
}

/* A name that is not among those asked was left when the run was stopped. */
static void finish_endpoint(struct pqm_inventory *inv, struct pqm_run *run, size_t t)
{
	struct pqm_target *target = &inv->targets[t];

	if (target->n_seen == 0 && !target->failed) {
		run->coverage.endpoints.reach[PQM_R_SKIPPED]++;
		pqm_run_skip(run, (uint32_t)t, target->name, pqm_reach_name(PQM_R_SKIPPED),
			"not asked: the run was stopped");
	}
	target->failed = target->failed || pqm_reaches_failed(&run->counts[t].reaches);
}

static void tell_left(struct pqm_run *run, uint32_t t, const struct pqm_target *target)
{
	uint64_t n = atomic_load(&run->counts[t].left);
	char words[120];

	if (n == 0)
		return;
	(void)snprintf(words, sizeof(words),
		"%llu packed manual pages and change logs were not unpacked (rules/archives.yaml)",
		(unsigned long long)n);
	pqm_run_skip(run, t, target->name, "left-out", words);
}

void pqm_run_targets(struct pqm_inventory *inv, struct pqm_run *run)
{
	struct pqm_coverage *c = &run->coverage;

	for (size_t t = 0; t < inv->n_targets; t++) {
		struct pqm_target *target = &inv->targets[t];

		target->n_seen = atomic_load(&run->counts[t].seen);
		target->n_read = atomic_load(&run->counts[t].read);
		target->n_bytes = atomic_load(&run->counts[t].bytes);
		tell_left(run, (uint32_t)t, target);
		if (pqm_eqs(target->kind, "endpoint")) {
			finish_endpoint(inv, run, t);
			continue;
		}
		target->failed = target->failed || gave_nothing(target, run, t);
		c->seen += target->n_seen;
		c->read += target->n_read;
		c->bytes += target->n_bytes;
	}
	inv->coverage = *c;
}
