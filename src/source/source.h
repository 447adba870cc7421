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

/* An open directory that queued files still need; or a revision that files are read from, fd -1. */
struct pqm_dir {
	int fd;
	int refs; /* atomic */
	/* Of a revision: the text of the file at path of the repository, in arena, as struct pqm_near's read
	 * gives it; and its end. From any thread. Else NULL. */
	enum pqm_st (*read)(struct pqm_dir *d, pqm_bytes path, struct pqm_arena *arena,
		pqm_bytes *out, struct pqm_err *err);
	void (*fini)(struct pqm_dir *d);
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
	pqm_bytes body;	     /* empty: nothing to look at, only to count */
	struct pqm_buf *buf; /* that holds body: the sink may keep it and put another there */
	pqm_bytes path;	     /* of the API group: "cluster:CONTEXT/apis/apps/v1" */
	pqm_bytes resource;  /* "deployments" */
	uint64_t n_objects, n_bytes; /* read for it */
	uint32_t list;		     /* which list it is of: the sink's number */
};

/* A layer of a container image. */
struct pqm_layer {
	pqm_bytes image;    /* "registry.example/team/app:1.0@sha256:…" */
	pqm_bytes platform; /* "linux/amd64" */
	pqm_bytes digest;   /* of the layer, as the manifest says */
	pqm_bytes made_by;  /* the step that made it; may be empty */
	unsigned index;	    /* from 1, the base first */
	bool is_base;	    /* of an image that the user calls the base */
	pqm_bytes as; /* how its bytes are read, besides the digest what tells it from others */
};

/* A file in the layer that was begun last. Texts and blocks are lent for the call. */
struct pqm_member {
	pqm_bytes path;	    /* in the image: "/etc/ssl/private/key.pem" */
	unsigned hidden_by; /* index of the upper layer that removes or replaces it; 0: none */
	uint64_t size;
	/* Once the first block was given: so many bytes come, the rest is not looked at. 0: all. */
	uint64_t comes;
	/* The next block and where it belongs; an empty one is the end. NULL: of a known layer. */
	enum pqm_st (*next)(
		struct pqm_member *m, pqm_bytes *block, uint64_t *off, struct pqm_err *err);
};

/* A commit, as what was found in it says. */
struct pqm_revision {
	char commit[41];    /* hex */
	int64_t at_s;	    /* committer's time, seconds since 1970 */
	int64_t authored_s; /* author's: a rebase does not change it */
	size_t order;	    /* among the commits of its history, the oldest first */
	pqm_bytes author;   /* a name; empty unless it was asked for */
	bool is_gone;	    /* the revision that is scanned does not have it any more */
};

/* A file of a revision; lent for the call. */
struct pqm_blob {
	pqm_bytes path, name, body;
	pqm_bytes id;		       /* of its bytes, git's own */
	struct pqm_dir *around;	       /* may be NULL: nothing is known of its neighbours */
	const struct pqm_revision *of; /* the first that held it; NULL: not asked for */
};

struct pqm_cluster_options;
struct pqm_git_options;
struct pqm_image_options;
struct pqm_endpoint;
struct pqm_endpoint_options;
struct pqm_rules;

struct pqm_sink {
	/* What a source may need to know; cluster is NULL where clusters are not asked. */
	const struct pqm_rules *rules;
	const struct pqm_cluster_options *cluster;
	const struct pqm_image_options *images; /* NULL: images are not asked for */
	const struct pqm_git_options *git;	/* may be NULL */
	/* A regular file to open as name below dir. */
	enum pqm_st (*file)(struct pqm_sink *s, struct pqm_dir *dir, const char *name,
		pqm_bytes path, struct pqm_err *err);
	/* Bytes that are no file (standard input). Scanned before it returns. */
	enum pqm_st (*bytes)(
		struct pqm_sink *s, pqm_bytes body, pqm_bytes path, struct pqm_err *err);
	/* What an earlier run kept of `about`; empty otherwise. Of this build of the program. NULL: nothing is
	 * kept. */
	bool (*recall)(struct pqm_sink *s, const char *kind, pqm_bytes about, struct pqm_buf *out);
	void (*keep)(struct pqm_sink *s, const char *kind, pqm_bytes about, pqm_bytes body);
	/* A git repository begins, or ends: then about is empty. NULL: nothing is kept of any. */
	void (*repository)(struct pqm_sink *s, pqm_bytes about);
	/* Between those, before its bytes are read: whether an earlier run saw the file and found nothing in it.
	 * Then it is counted, and not given. */
	bool (*blank)(struct pqm_sink *s, const struct pqm_blob *b);
	/* A file of a git revision. Copied. */
	enum pqm_st (*blob)(struct pqm_sink *s, const struct pqm_blob *b, struct pqm_err *err);
	/* Objects that are no file. Scanned before it returns, or later when the buffer was kept. */
	enum pqm_st (*page)(struct pqm_sink *s, const struct pqm_page *p, struct pqm_err *err);
	/* A layer begins; prefix stands before the paths of its members. Copied. */
	enum pqm_st (*layer)(struct pqm_sink *s, const struct pqm_layer *l, pqm_bytes prefix,
		struct pqm_err *err);
	/* Whether the layer that was begun is known from an earlier run; what was given at its end then, lent
	 * until its end. Its entries are told again, members in the same order. NULL: nothing is kept. */
	bool (*layer_known)(struct pqm_sink *s, pqm_bytes *names);
	/* It ended. is_good: else nothing of it counts, it was not what it should be. names: for layer_known;
	 * empty: it was not read to its end. */
	void (*layer_end)(struct pqm_sink *s, bool is_good, pqm_bytes names);
	/* Read to its end before it returns, with the failure of next() when that fails. */
	enum pqm_st (*member)(struct pqm_sink *s, struct pqm_member *m, struct pqm_err *err);
	/* Another name in the layer for the member at path `to`. */
	enum pqm_st (*link)(
		struct pqm_sink *s, const struct pqm_member *m, pqm_bytes to, struct pqm_err *err);
	/* A list of objects is about to be asked for; request tells it from all others, in later runs too.
	 * *number is for its pages. True: the sink has it from an earlier run, *n objects. */
	bool (*list)(struct pqm_sink *s, pqm_bytes request, uint32_t *number, uint64_t *n);
	/* The list was read to its end. */
	enum pqm_st (*listed)(struct pqm_sink *s, pqm_bytes request, uint32_t number,
		const struct pqm_page *sum, struct pqm_err *err);
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
	unsigned
		n_threads; /* that look at what is handed over; 0: it is looked at before it returns */
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
