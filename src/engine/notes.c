/* notes.c — what was not read, or only in part, as it comes up. */
#include "base/limits.h"
#include "engine.h"

/* Texts but the reason are copied. of: the member that it is about; may be NULL. */
static void add_note(struct pqm_run *run, const struct pqm_note *note, const struct pqm_job *of,
	bool is_of_source)
{
	pthread_mutex_lock(&run->lock);
	/* What cannot be kept is still counted by the caller; the list is cut after sorting. */
	if (run->n_notes < 20 * (size_t)PQM_NOTES_MAX) {
		struct pqm_skip_note *n = pqm_new(&run->arena, struct pqm_skip_note, 1);

		if (n != NULL) {
			n->note = *note;
			n->note.path = pqm_bytes_dup(&run->arena, note->path);
			n->note.words = pqm_bytes_dup(&run->arena, note->words);
			n->from = of != NULL ? of->from : NULL;
			n->member = of != NULL ? of->member : 0;
			n->is_of_source = is_of_source;
			n->next = run->skips;
			run->skips = n;
			run->n_notes++;
		} else {
			run->is_out_of_memory = true;
		}
	} else if (of != NULL) {
		of->from->is_fleeting = true;
	}
	pthread_mutex_unlock(&run->lock);
}

void pqm_run_skip(
	struct pqm_run *run, uint32_t target, pqm_bytes path, const char *reason, const char *words)
{
	const struct pqm_note n = { target, path, pqm_str(reason), pqm_str(words), UINT64_MAX };

	add_note(run, &n, NULL, false);
}

void pqm_run_skip_member(struct pqm_run *run, const struct pqm_job *job, const char *words)
{
	const struct pqm_note n = { job->target, pqm_str(job->path), PQM_LIT("over-limit"),
		pqm_str(words), UINT64_MAX };

	add_note(run, &n, job, false);
}

void pqm_run_skip_source(
	struct pqm_run *run, uint32_t target, pqm_bytes path, const char *reason, const char *words)
{
	const struct pqm_note n = { target, path, pqm_str(reason), pqm_str(words), UINT64_MAX };

	add_note(run, &n, NULL, true);
}
