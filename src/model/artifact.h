/*
 * artifact.h — readable bytes and where they come from.
 *
 * Shape:     the whole body as one slice (mapped or in memory); reading it is safe even when the
 *            file shrinks under us: the engine catches SIGBUS and notes the file as changed.
 * Ownership: lent to detectors for one scan; nothing may keep a slice of it.
 * Threads:   one worker at a time.
 */
#ifndef PQM_MODEL_ARTIFACT_H
#define PQM_MODEL_ARTIFACT_H

#include "base/arena.h"

struct pqm_artifact {
	pqm_bytes body;
	pqm_bytes head;	  /* first bytes, at most one read chunk: cheap to look at */
	pqm_bytes path;	  /* as reported; nested parts joined by " › " */
	pqm_bytes name;	  /* last part of path */
	pqm_bytes object; /* for a child: "namespace/Secret/name#data.tls.key"; else empty */
	uint32_t line,
		col;	/* for a child: where its text stands in the parent; line 0 = use offsets */
	unsigned depth; /* 0 for files */
	struct pqm_arena *arena; /* scratch, reset after the artifact */
};

#endif
