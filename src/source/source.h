/*
 * source.h — where artifacts come from.
 *
 * Shape:     a const descriptor pqm_src_<name> in src_<name>.c; the registry is generated. A source
 *            walks one target, or all of its kind at once, and hands what it meets to the sink; the
 *            engine owns the threads. The first source in order of names that accepts a target has it.
 * Ownership: a directory handle is reference-counted; names and paths are copied by the sink.
 * Errors:    walk() fails only when the target as a whole gives nothing; everything else is a skip.
 * Threads:   walk() runs on one thread; the sink may scan inline.
 */
#ifndef PQM_SOURCE_SOURCE_H
#define PQM_SOURCE_SOURCE_H

#include "base/arena.h"
#include "base/buf.h"

/* An open directory that queued files still need. */
struct pqm_dir {
	int fd;
	int refs; /* atomic */
};

struct pqm_dir *pqm_dir_new(int fd); /* takes fd; one reference; NULL (fd closed) without memory */
void pqm_dir_ref(struct pqm_dir *d);
void pqm_dir_unref(struct pqm_dir *d); /* may be NULL */

enum pqm_skip {
	PQM_SKIP_SYMLINK,
	PQM_SKIP_DEVICE,
	PQM_SKIP_SOCKET,
	PQM_SKIP_FIFO,
	PQM_SKIP_UNREADABLE,
	PQM_SKIP_LIMIT,
	PQM_SKIP_MOUNT,	     /* kernel file systems: proc, sysfs, … */
	PQM_SKIP_FORBIDDEN,  /* the server refuses us, and says so */
	PQM_SKIP_INCOMPLETE, /* a list that could not be read to its end */
};

/* Objects of an API server: a JSON list of one kind. */
struct pqm_page {
	pqm_bytes body;		     /* empty: nothing to look at, only to count */
	struct pqm_buf *buf;	     /* that holds body: the sink may keep it and put another there */
	pqm_bytes path;		     /* of the API group: "cluster:CONTEXT/apis/apps/v1" */
	pqm_bytes resource;	     /* "deployments" */
	uint64_t n_objects, n_bytes; /* read for it */
};

struct pqm_cluster_options;
struct pqm_endpoint;
struct pqm_endpoint_options;
struct pqm_rules;

struct pqm_sink {
	/* What a source may need to know; cluster is NULL where clusters are not asked. */
	const struct pqm_rules *rules;
	const struct pqm_cluster_options *cluster;
	/* A regular file to open as name below dir. */
	enum pqm_st (*file)(struct pqm_sink *s, struct pqm_dir *dir, const char *name,
		pqm_bytes path, struct pqm_err *err);
	/* Bytes that are no file (standard input). Scanned before it returns. */
	enum pqm_st (*bytes)(
		struct pqm_sink *s, pqm_bytes body, pqm_bytes path, struct pqm_err *err);
	/* Objects that are no file. Scanned before it returns, or later when the buffer was kept. */
	enum pqm_st (*page)(struct pqm_sink *s, const struct pqm_page *p, struct pqm_err *err);
	/* Something the reader of the report must know, nothing that was not read. */
	void (*note)(struct pqm_sink *s, pqm_bytes path, const char *reason, const char *words);
	/* Something that is seen and not read; words may be NULL. */
	void (*skip)(struct pqm_sink *s, enum pqm_skip why, pqm_bytes path, const char *words);
	void (*directory)(struct pqm_sink *s);
	/* Something on the network that was asked, lent for the call; its target says for whom. is_known:
	 * taken over from an earlier run. False: stop. */
	bool (*endpoint)(struct pqm_sink *s, const struct pqm_endpoint *e, bool is_known);
	/* A target of walk_all that gives nothing at all. */
	void (*bad)(struct pqm_sink *s, uint32_t target, const char *words);
};

/* All targets of one kind; index[i] is the number of names[i] for the sink. */
struct pqm_walk_all {
	const char *const *names;
	const uint32_t *index;
	size_t n;
	const struct pqm_endpoint_options *net;
	const struct pqm_rules *rules;
};

struct pqm_source {
	const char *name; /* kind of target: "tree", "file", "stdin" */
	const char *summary;
	bool (*accepts)(const char *target);
	/* One of them. */
	enum pqm_st (*walk)(const char *target, struct pqm_sink *s, struct pqm_err *err);
	enum pqm_st (*walk_all)(
		const struct pqm_walk_all *w, struct pqm_sink *s, struct pqm_err *err);
};

/* NULL-terminated, sorted by name. */
extern const struct pqm_source *const pqm_sources[];

#endif
