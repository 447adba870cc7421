/* Pointers of Git LFS [spec.md of git-lfs]: a few lines in place of a file that is kept elsewhere. What it holds
 * was not read, which must not look clean. */
#include "base/num.h"
#include "detect/detector.h"

static const struct pqm_anchor anchors[] = {
	PQM_ANCHOR("git-lfs.github.com/spec/"),
};

#define HEAD "version https://git-lfs.github.com/spec/"
/* The specification allows less than 1,024 bytes. */
#define POINTER_BYTES 1024

static enum pqm_st run(const struct pqm_rules *r, const struct pqm_artifact *a,
	const struct pqm_hits *hits, struct pqm_emit *out, struct pqm_err *err)
{
	pqm_bytes rest = a->body, line;
	uint64_t size = 0;
	char human[32];

	(void)r;
	(void)hits;
	(void)err;
	if (a->body.n >= POINTER_BYTES || !pqm_starts(a->body, PQM_LIT(HEAD)))
		return PQM_OK;
	while (pqm_split(&rest, '\n', &line))
		if (pqm_starts(line, PQM_LIT("size ")) &&
			!pqm_u64_parse(pqm_sub(line, 5, line.n), UINT64_MAX, &size))
			return PQM_OK;
	pqm_emit_note(out, UINT64_MAX, PQM_EIO,
		"a pointer of Git LFS: its %s are not here; `git lfs pull` brings them",
		pqm_human_bytes(human, size));
	return PQM_OK;
}

const struct pqm_detector pqm_det_lfs = {
	.name = "lfs",
	.version = 1,
	.summary = "pointers of Git LFS, whose files are not here",
	.anchors = anchors,
	.n_anchors = 1,
	.run = run,
};
