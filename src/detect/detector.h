/*
 * detector.h — what a detector is, and how it hands over what it found.
 *
 * Shape:     a const descriptor pqm_det_<name> in det_<name>.c; the registry is generated.
 *            The engine sweeps every byte of an artifact once for the anchors of all detectors and
 *            calls run() when wants() says so, or when an anchor was hit.
 * Ownership: everything emitted is copied. Artifact and hits are lent for the call.
 * Errors:    run() returns the first failure it cannot step over; the engine notes it under
 *            coverage and goes on. "Not my format" is PQM_OK with nothing emitted.
 * Threads:   detectors have no state; run() is called from many threads with different artifacts.
 */
#ifndef PQM_DETECT_DETECTOR_H
#define PQM_DETECT_DETECTOR_H

#include "model/artifact.h"
#include "model/inventory.h"
#include "rules/rules.h"

#define PQM_ANCHOR_MAX 24

/* A byte pattern that starts at the interesting place. mask: one char a byte, 'x' must be equal,
 * '.' may be anything; NULL means all 'x'. It needs three adjacent bytes of which at least two are 'x';
 * the rarer they are in ordinary files, the faster the sweep. */
struct pqm_anchor {
	const char *bytes;
	const char *mask; /* may be NULL */
	unsigned n;	  /* at most PQM_ANCHOR_MAX */
};

#define PQM_ANCHOR(s)                                                                              \
	{                                                                                          \
		"" s "", NULL, sizeof(s) - 1                                                       \
	}

struct pqm_hit {
	uint64_t off;	 /* where the pattern starts in the body */
	uint16_t anchor; /* index into the detector's anchors */
};

struct pqm_hits {
	const struct pqm_hit *hit; /* by offset; only this detector's */
	size_t n;
	/* A body with very many hits is handed over in batches. Starts at 0 for each artifact and is
	 * kept between batches: "everything before this offset is dealt with". */
	uint64_t *done_until;
};

/* Content inside the artifact that deserves a scan of its own (a decoded Secret value). It is
 * scanned before pqm_emit_child returns, so the bytes are only borrowed. */
struct pqm_child {
	pqm_bytes body;
	pqm_bytes object; /* where it is, for a reader */
	uint32_t line,
		col; /* in the parent's text; 0 for binary parents: then path_part is needed */
	pqm_bytes path_part; /* appended to the path with " › "; may be empty */
	bool is_block;	     /* its lines are lines of the parent, the first below `line` */
	bool is_file;	     /* of an archive: path_part is its path in it */
};

/* A job that a detector has done beside it. run() only reads the artifact and what ctx holds, and may be
 * broken off where a file shrinks under it; ended() is called on its thread then too. stop() comes from the
 * detector's thread and makes run() end soon; release() frees ctx when it has ended. */
struct pqm_beside {
	void (*run)(void *ctx);
	void (*ended)(void *ctx);
	void (*stop)(void *ctx);
	void (*release)(void *ctx);
	void *ctx;
};

struct pqm_emit {
	enum pqm_st (*found)(struct pqm_emit *e, const struct pqm_found *f);
	enum pqm_st (*object)(struct pqm_emit *e, const struct pqm_object *o);
	enum pqm_st (*child)(struct pqm_emit *e, const struct pqm_child *c);
	void (*note)(struct pqm_emit *e, uint64_t off, enum pqm_st why, const char *words);
	void (*claim)(struct pqm_emit *e, uint64_t from, uint64_t to);
	void (*passed)(struct pqm_emit *e, uint64_t off);
	void (*part)(struct pqm_emit *e, pqm_bytes path_part);
	void (*used)(struct pqm_emit *e, pqm_bytes rel);
	bool (*beside)(struct pqm_emit *e, const struct pqm_beside *job);
	void (*alone)(struct pqm_emit *e);
	void *(*kept)(struct pqm_emit *e, size_t n, struct pqm_arena **arena);
};

/* Emits one sighting. PQM_ENOMEM when the run's memory is used up. */
enum pqm_st pqm_emit(struct pqm_emit *e, const struct pqm_found *f);
enum pqm_st pqm_emit_object(struct pqm_emit *e, const struct pqm_object *o);
enum pqm_st pqm_emit_child(struct pqm_emit *e, const struct pqm_child *c);
/* A coverage line: the thing at off was recognised but could not be read. off UINT64_MAX = whole. */
void pqm_emit_note(struct pqm_emit *e, uint64_t off, enum pqm_st why, const char *fmt, ...)
	PQM_PRINTF(4, 5);
/* The bytes [from, to) are understood better by this detector: what others find there at plain
 * offsets is dropped (children are not). */
void pqm_emit_claim(struct pqm_emit *e, uint64_t from, uint64_t to);
/* A detector that walks a long body from its start says how far it is: memory behind it is given back.
 * What was there can still be read. */
void pqm_emit_passed(struct pqm_emit *e, uint64_t off);
/* What is emitted from here on is told under the artifact's path with " › " and path_part behind it;
 * empty: of the artifact itself again. In a list of an API server a path_part with '/' in front is the
 * object's own URL, and the artifact for the parts that follow. */
void pqm_emit_part(struct pqm_emit *e, pqm_bytes path_part);
/* The file at rel (as of struct pqm_near; with a slash at the end everything below the folder) is part of
 * what this artifact emits: the objects that it gives by itself, and what was found at them, are dropped. */
void pqm_emit_used(struct pqm_emit *e, pqm_bytes rel);

/* Starts a job when a thread is left for it; on false ctx is still the caller's. At most one at a time: it
 * ends with alone, or when the detector returns. */
bool pqm_emit_beside(struct pqm_emit *e, const struct pqm_beside *job);
void pqm_emit_alone(struct pqm_emit *e);
/* n bytes that this thread keeps for the detector from artifact to artifact, zeroed at first, and an arena for
 * what they point to; NULL: it keeps nothing. Only for what does not depend on the artifact. */
void *pqm_emit_kept(struct pqm_emit *e, size_t n, struct pqm_arena **arena);

struct pqm_detector {
	const char *name;
	unsigned version; /* raise when output changes: it is part of the cache key */
	const char *summary;
	const struct pqm_anchor *anchors; /* may be NULL */
	size_t n_anchors;
	/* What the sampler [rules/sampler.h] finds in files of code comes as hits, too, all in one batch:
	 * pattern i as anchor n_anchors + i. One detector has this. */
	bool is_sampled;
	/* Cheap: looks at head, name and size; allocates nothing. NULL: anchors only. */
	bool (*wants)(const struct pqm_artifact *a);
	enum pqm_st (*run)(const struct pqm_rules *r, const struct pqm_artifact *a,
		const struct pqm_hits *hits, struct pqm_emit *out, struct pqm_err *err);
};

/* NULL-terminated, sorted by name. */
extern const struct pqm_detector *const pqm_detectors[];

#endif
