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

/* Files around an artifact, for what cannot be read alone (a chart's template, an overlay). Only those
 * of the same target, links not followed. rel is relative to the artifact's folder ("../values.yaml"). */
struct pqm_near {
	/* The text of a regular file, in arena. PQM_EIO: there is none; PQM_EUSAGE: outside of what is
	 * scanned; PQM_ELIMIT: over PQM_YAML_DOC_BYTES. */
	enum pqm_st (*read)(struct pqm_near *n, pqm_bytes rel, struct pqm_arena *arena,
		pqm_bytes *out, struct pqm_err *err);
	/* What the user's own program ("helm", "kustomize") makes of the artifact's folder, in arena. NULL
	 * when it was not asked for. */
	enum pqm_st (*render)(struct pqm_near *n, const char *what, struct pqm_arena *arena,
		pqm_bytes *out, struct pqm_err *err);
};

struct pqm_artifact {
	pqm_bytes body;
	pqm_bytes head;	  /* first bytes, at most one read chunk: cheap to look at */
	pqm_bytes path;	  /* as reported; nested parts joined by " › " */
	pqm_bytes name;	  /* last part of path */
	pqm_bytes object; /* for a child: "namespace/Secret/name#data.tls.key"; else empty */
	uint32_t line,
		col; /* for a child: where its text stands in the parent; line 0 = use offsets */
	/* Of a list that an API server sent ("deployments"); else empty. Such text has no lines to go to: what
	 * is found has the object's own URL as its path. */
	pqm_bytes resource;
	unsigned depth; /* 0 for files */
	/* Of a large member of an archive only what may matter was kept: the rest reads as zeros. */
	bool has_holes;
	struct pqm_arena *arena; /* scratch, reset after the artifact */
	struct pqm_near *near;	 /* NULL: a child, standard input, or a file that was named alone */
};

#endif
