/*
 * engine.h — what the parts of the engine share. Not for other modules.
 *
 * Ownership: contents, sightings and notes live in the run arena of the worker that made them;
 *            places in the shared arena, under the lock.
 * Threads:   everything reached through struct pqm_run is either const, atomic or under run->lock.
 */
#ifndef PQM_ENGINE_ENGINE_H
#define PQM_ENGINE_ENGINE_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/limits.h"
#include "detect/detector.h"
#include "detect/endpoint.h"
#include "engine/cache.h"
#include "engine/scan.h"
#include "rules/sampler.h"
#include "source/source.h"
#include "source/unpack.h"

#define PQM_BATCH_FILES 8
#define PQM_QUEUE_BATCHES 256
#define PQM_BLANK_BYTES 16
#define PQM_ARCHIVE_RULES 16 /* of rules/archives.yaml */

/* One finding at one place inside one content. */
struct pqm_sighting {
	struct pqm_sighting *next;
	struct pqm_finding f;	  /* without occurrences */
	struct pqm_occurrence at; /* path holds the part after the file's own path */
	uint16_t detector;
	bool is_direct; /* at a plain offset of the file itself, not in a child */
};

struct pqm_mark { /* a note inside one content */
	struct pqm_mark *next;
	pqm_bytes suffix, reason, words;
	uint64_t off;
	uint16_t detector;
	bool is_direct;
};

/* A fact whose texts are interned. */
struct pqm_packed {
	const pqm_bytes *key, *value;
	uint32_t line, col;
};

struct pqm_thing { /* an object inside one content */
	struct pqm_thing *next;
	struct pqm_object object;
	const struct pqm_packed
		*packed;       /* the facts of an object with a controller: most of them go */
	bool is_named_by_path; /* its name is the path of the file: of each place */
};

/* Objects that a controller made and that say what another of its objects says: they are counted. */
struct pqm_again {
	struct pqm_again *next;
	pqm_bytes ns, controller;
	uint32_t n;
};

struct pqm_place {
	struct pqm_place *next;
	uint32_t target;
	pqm_bytes path;
	const struct pqm_from *from;   /* the layer that it is in; NULL: in none */
	unsigned hidden_by;	       /* index of an upper layer; 0: none */
	uint32_t member;	       /* its number in the layer, from 1; 0: it is none */
	bool is_used;		       /* see struct pqm_used */
	const struct pqm_revision *of; /* of a history; or NULL */
};

struct pqm_used { /* a file whose objects are those of another, which was built from it */
	struct pqm_used *next;
	uint32_t target;
	pqm_bytes path; /* with a slash at the end: a folder */
};

/* One unique content that had something to look at. */
struct pqm_content {
	struct pqm_content *next; /* of the run, under the lock */
	struct pqm_place *places;
	struct pqm_sighting *sightings;
	struct pqm_mark *marks;
	struct pqm_thing *things;
	struct pqm_again *agains;
	size_t n_marks;
	bool is_endpoint; /* no file: not counted as read in part */
	uint32_t list;	  /* of an API server, by number from 1; 0: of none */
	pqm_bytes origin; /* path under which it is scanned */
	/* The key: content (all of a small file, samples of a large one) and what the name suggests. */
	struct pqm_hash128 hash;
	uint64_t size, name_class;
};

/* A file with several names: scanned under the first that a worker meets. */
struct pqm_inode {
	uint64_t key[3];	     /* device, inode, what the name suggests */
	struct pqm_content *content; /* NULL: nothing in it (so far) */
	struct pqm_place *waiting;
	struct pqm_inode *next;
};

/* A layer of an image that members came from [layer.c]. */
struct pqm_from {
	struct pqm_from *next;
	struct pqm_layer layer; /* text in the run's arena */
	pqm_bytes prefix;	/* before the members' paths */
	uint32_t target;
	bool is_void; /* it was not what its digest says: nothing of it counts */
	atomic_uint_fast64_t seen, read, bytes;
	struct pqm_name *links;
	atomic_uint_fast64_t left; /* see struct pqm_counts */
	uint32_t n_members;
	uint8_t key[PQM_SHA256_BYTES]; /* in the cache */
	/* Something of it depends on this run: it is not kept. Under the lock. */
	bool is_fleeting;
};

struct pqm_name { /* a second name of a member */
	struct pqm_name *next;
	pqm_bytes path, to;
	unsigned hidden_by;
};

struct pqm_job {
	struct pqm_dir *dir;
	char *path;
	size_t name_at; /* name = path + name_at when dir->fd >= 0 */
	uint32_t target;
	/* Of a member or a file of a revision: its bytes, which go with the job, and where they come from.
	 * dir->fd is -1. */
	uint8_t *body;
	size_t n_body;
	struct pqm_from *from;
	unsigned hidden_by;
	uint32_t member;	       /* path + name_at is its own path in the image */
	bool is_blob;		       /* a file of a revision */
	const struct pqm_revision *of; /* in the run's arena; or NULL */
	size_t n_path;		       /* of path */
	bool is_kept;		       /* blank.h: what was found in it may be kept, under this: */
	uint8_t blank[PQM_BLANK_BYTES];
};

struct pqm_look;

struct pqm_queued_page { /* of an API server, with the buffer that it came in */
	struct pqm_queued_page *next;
	struct pqm_arena arena; /* of this and its names */
	struct pqm_page page;
	struct pqm_buf buf;
	uint32_t target;
};

struct pqm_batch {
	struct pqm_queued_page *page; /* instead of files */
	size_t n, n_bytes;	      /* n_bytes: of members */
	bool is_queued;
	struct pqm_job job[PQM_BATCH_FILES];
};

struct pqm_skip_note {
	struct pqm_skip_note *next;
	struct pqm_note note;
	const struct pqm_from *from; /* of a member of it; else NULL */
	uint32_t member;
	bool is_of_source; /* who walks the target again says it again */
};

struct pqm_counts { /* of one target */
	atomic_uint_fast64_t seen, read, bytes;
	atomic_uint_fast64_t left;  /* packed files that rules/archives.yaml leaves out */
	struct pqm_reaches reaches; /* of the walking thread */
};

struct pqm_settled { /* a set of hashes; see settled.c */
	uint64_t *slot;
	size_t n, cap;
};

struct pqm_run {
	const struct pqm_rules *rules;
	const char *const *targets;
	size_t n_named; /* of them; those behind were followed */
	const struct pqm_scan_options *opt;
	const struct pqm_detector *const *detectors;
	size_t n_detectors;
	struct pqm_matcher *matcher;
	const struct pqm_yaml *left[PQM_ARCHIVE_RULES]; /* lists of paths; see archive.c */
	size_t n_left;

	struct {
		uint16_t detector, anchor;
	} * pattern; /* by pattern index */

	uint32_t n_patterns;		/* those of the sampler follow, of this detector: */
	uint16_t sampled, sampled_from; /* its index, and its first anchor that is a sample */
	struct pqm_counts *counts;	/* by target */
	atomic_uint n_busy;		/* threads that read a file, and those beside them */

	pthread_mutex_t lock; /* everything below */
	pthread_cond_t not_empty, page_done, code_done;
	struct pqm_batch *queue[PQM_QUEUE_BATCHES];
	size_t q_head, q_n;
	struct pqm_settled settled;
	struct pqm_queued_page *idle; /* with buffers that the next pages come in */
	size_t n_pages, page_bytes;   /* of pages that wait or are looked at */
	size_t n_queued;	      /* batches that wait or are scanned */
	bool is_closed;
	struct pqm_arena arena;
	struct pqm_map by_content, by_inode;
	struct pqm_map unreached; /* hosts that were followed and have no address */
	struct pqm_content *contents;
	struct pqm_inode *inodes;
	struct pqm_skip_note *skips;
	struct pqm_used *used;
	struct pqm_from *layers;
	struct pqm_blanks *blanks; /* of the repository that is walked; NULL: nothing is kept */
	size_t queued_bytes;	   /* of members that wait */
	size_t code_bytes;	   /* of large programs that are looked at */
	struct pqm_coverage coverage;
	size_t n_notes;
	bool is_out_of_memory;
};

#define PQM_DETECTORS_MAX 63
/* Among what an artifact is wanted for: it may be an archive. */
#define PQM_ARCHIVE_BIT 63

/* What a worker keeps for a detector. */
struct pqm_kept_of {
	void *p;
	struct pqm_arena arena;
};

/* What runs beside a worker. */
struct pqm_besides {
	bool is_on;
	pthread_t thread;
	pqm_bytes body; /* that both read */
	struct pqm_beside job;
};

/* What is open of one file: archives, one in the other. */
struct pqm_opened {
	unsigned depth;
	uint64_t n_packed, n_out, n_entries; /* bytes of the file, and out of all archives in it */
	size_t held;			     /* of members that are archives */
	bool is_over, is_told;		     /* a limit of the whole file was hit, and told */
};

struct pqm_worker {
	struct pqm_run *run;
	struct pqm_opened opened;
	struct pqm_besides beside;
	struct pqm_kept_of kept[PQM_DETECTORS_MAX];
	struct pqm_arena scratch; /* of one artifact */
	struct pqm_arena keep;	  /* for the run */
	struct pqm_map interned;
	struct pqm_map
		agains; /* of the content agains_of: namespace and controller -> struct pqm_again */
	const struct pqm_content *agains_of;
	struct pqm_arena
		texts; /* interned texts and facts of objects: the inventory takes it over */
	uint8_t *buf;  /* carry + chunk */
	struct pqm_matches matches;
	struct pqm_hit *hits;
	/* Of nested artifacts, by depth; made when first needed. */
	struct pqm_match *child_matches[PQM_ARTIFACT_DEPTH];
	struct pqm_hit *child_hits[PQM_ARTIFACT_DEPTH];
	struct pqm_hasher *hasher;
	uint8_t *room; /* of members of a layer, one after the other [held.c] */
};

/* Scans bytes whose matches are in w->matches: what a member, job->path, holds or the part of it that was
 * kept. hash is of all of it; NULL: compared with nothing. */
void pqm_worker_swept(struct pqm_worker *w, const struct pqm_job *job, pqm_bytes body,
	bool is_partial, const struct pqm_hash128 *hash);
/* The same for what is too large to be held: an archive, by its first bytes and all of them. */
void pqm_worker_feed(struct pqm_worker *w, const struct pqm_job *job, pqm_bytes head, uint64_t size,
	struct pqm_feed *feed);
/* Which contents are the same, besides their bytes, when they are members of an image. */
uint64_t pqm_worker_class(pqm_bytes path);
/* layer.c: a member whose bytes are in the job, or that is read here, piece by piece. */
void pqm_worker_body(struct pqm_worker *w, const struct pqm_job *job);
enum pqm_st pqm_worker_member(
	struct pqm_worker *w, const struct pqm_job *job, struct pqm_member *m, struct pqm_err *err);

/* held.c: a large member, swept into w->matches and held in part. */
struct pqm_held {
	pqm_bytes body; /* given back by pqm_held_free; reads as zeros where it was let go */
	size_t room;	/* address space that goes with it; 0: it is the worker's */
	bool has_holes;
	bool is_cut;	 /* more candidates than are held */
	bool is_partial; /* parts of it were let go */
};

/* The size of a member that is known at its end. */
#define PQM_MEMBER_UNSIZED UINT64_MAX

struct pqm_holding {
	bool is_hashed; /* w->hasher has its bytes */
	size_t whole;	/* held whole up to this size; 0: PQM_MEMBER_HELD_BYTES */
};

/* PQM_ELIMIT: it does not fit the address space, and was stepped over. */
enum pqm_st pqm_member_hold(struct pqm_worker *w, struct pqm_member *m, struct pqm_holding how,
	struct pqm_held *out, struct pqm_err *err);
void pqm_held_free(struct pqm_held *h);
/* Gives back what the worker holds members in. */
void pqm_held_rest(struct pqm_worker *w);
#define PQM_HELD_CUT                                                                               \
	"candidates in more than 24 MiB of a large file; only the first of them were looked at"

/* archive.c: a member that begins again although its first block was read. It must not be moved. */
struct pqm_peeked;

struct pqm_peeked_feed {
	struct pqm_feed feed; /* first */
	struct pqm_peeked *of;
};

struct pqm_peeked {
	struct pqm_member m; /* first */
	struct pqm_member *in;
	pqm_bytes first; /* valid until m.next is called */
	uint64_t first_off, at;
	bool is_read;
	struct pqm_peeked_feed feed; /* of its bytes, holes as zeros */
	pqm_bytes rest;		     /* of a block behind a hole */
	enum pqm_st st;		     /* how reading it went */
	struct pqm_err err;
};

void pqm_peek_at(struct pqm_peeked *p, struct pqm_member *in, pqm_bytes first);
enum pqm_st pqm_peek(struct pqm_peeked *p, struct pqm_member *in, struct pqm_err *err);
/* An archive by its first bytes, and no model that looks like one. */
bool pqm_is_archive(pqm_bytes head, pqm_bytes name);
/* By its head, and by its body where that is no longer: a zip may stand behind something else. */
bool pqm_may_hold_zip(const struct pqm_artifact *a);
/* Reads rules/archives.yaml. */
void pqm_archive_rules(struct pqm_run *run);
/* What the artifact is wanted for, without archives that the rules leave out; those are counted. */
uint64_t pqm_archive_wanted(
	struct pqm_run *run, uint32_t target, struct pqm_from *from, const struct pqm_artifact *a);
/* Looks at what the archive holds. True: it was one, and its own bytes say nothing. */
bool pqm_look_archive(struct pqm_look *l, struct pqm_emit *emit);
/* level.c: looks at a file of an archive. big, feed: instead of its body, which then are the first bytes of
 * a file too large to be held; at most one of them. */
enum pqm_st pqm_look_file(struct pqm_emit *emit, const struct pqm_child *c, struct pqm_member *big,
	struct pqm_feed *feed);

/* Copies; becomes the first of run->layers. */
enum pqm_st pqm_from_new(struct pqm_run *run, uint32_t target, const struct pqm_layer *l,
	pqm_bytes prefix, struct pqm_err *err);
/* The path of a member as it is reported. */
bool pqm_from_path(
	const struct pqm_from *f, pqm_bytes path, unsigned hidden_by, struct pqm_buf *out);
/* Gives links their findings, drops what is void, and counts the rest. */
enum pqm_st pqm_layers_settle(struct pqm_run *run, struct pqm_err *err);
/* What a place in an image says of itself, in the arena. At most PQM_FROM_ATTRS. */
#define PQM_FROM_ATTRS 7
size_t pqm_from_attrs(const struct pqm_from *f, unsigned hidden_by, struct pqm_arena *arena,
	struct pqm_attr out[PQM_FROM_ATTRS]);

enum pqm_st pqm_worker_init(struct pqm_worker *w, struct pqm_run *run, struct pqm_err *err);
/* Gives back what only reading needs: found things stay. */
void pqm_worker_rest(struct pqm_worker *w);
void pqm_worker_fini(struct pqm_worker *w);
/* Scans one file; frees nothing of job. */
void pqm_worker_file(struct pqm_worker *w, const struct pqm_job *job);
/* A file of a revision, whose bytes are in the job. */
void pqm_worker_blob(struct pqm_worker *w, const struct pqm_job *job);
/* As pqm_worker_class, of a file of a revision. */
uint64_t pqm_worker_blob_class(const struct pqm_job *job);
void pqm_worker_bytes(struct pqm_worker *w, uint32_t target, pqm_bytes path, pqm_bytes body);
void pqm_worker_page(struct pqm_worker *w, uint32_t target, const struct pqm_page *page);

/* Emits what the endpoint's answers mean, and scans its certificates; copies what stays into inv (the
 * walking thread's while the scan runs), without DER. on_done may be NULL; false from it comes back. */
struct pqm_kept { /* zeroed at first */
	size_t cap;
	struct pqm_endpoint_store store;
};

struct pqm_asked {
	struct pqm_inventory *inv;
	struct pqm_kept *kept;
	size_t n_named; /* endpoints to come, but for names with several addresses */
	bool (*on_done)(void *ctx, const struct pqm_endpoint *e, bool is_known);
	void *ctx;
	bool is_known;
};

bool pqm_worker_endpoint(
	struct pqm_worker *w, const struct pqm_endpoint *e, const struct pqm_asked *to);

/* pages.c: keeps a page and its buffer for a worker, an empty one in its place; NULL when there are enough
 * of them, or no memory: then the page is looked at where it is. */
struct pqm_batch *pqm_page_keep(
	struct pqm_run *run, uint32_t target, const struct pqm_page *page, unsigned n_threads);
void pqm_page_scan(struct pqm_worker *w, struct pqm_queued_page *q); /* takes q */
void pqm_pages_fini(struct pqm_run *run);

/* beside.c: starts the job when a thread is left for it; and ends it, if there is one. */
bool pqm_worker_beside(struct pqm_worker *w, pqm_bytes body, const struct pqm_beside *job);
void pqm_worker_alone(struct pqm_worker *w);

/* queue.c: the next batch, or NULL; under the lock. And what scans one. */
struct pqm_batch *pqm_run_pop(struct pqm_run *run);
void pqm_batch_scan(struct pqm_worker *w, struct pqm_batch *b);
/* Waits for the next batch; NULL when the queue is closed and drained. */
struct pqm_batch *pqm_run_next(struct pqm_run *run);
/* False: the queue is full. */
bool pqm_run_push(struct pqm_run *run, struct pqm_batch *b);
/* merge.c: facts of an object as they were given. */
bool pqm_thing_unpack(struct pqm_arena *a, struct pqm_object *o, const struct pqm_packed *p);

/* listed.c: waits for the pages of a list and tells them; l has the rest. */
enum pqm_st pqm_listed_tell(struct pqm_run *run, struct pqm_worker *main, struct pqm_listed *l,
	uint32_t list, struct pqm_err *err) PQM_MUST_USE;
/* Takes over what an earlier run had of this request; NULL: nothing. */
const struct pqm_listed *pqm_listed_take(
	struct pqm_run *run, struct pqm_worker *main, uint32_t target, pqm_bytes request);

/* listed.c: waits until nothing that was queued is left, and scans here what waits. */
void pqm_run_drain(struct pqm_run *run, struct pqm_worker *main);

/* Adds a coverage line under the lock. */
void pqm_run_skip(struct pqm_run *run, uint32_t target, pqm_bytes path, const char *reason,
	const char *words);
/* The same of a member of a layer, to be told again when the layer is known. */
void pqm_run_skip_member(struct pqm_run *run, const struct pqm_job *job, const char *words);
/* The same by the source, which tells it each time. */
void pqm_run_skip_source(struct pqm_run *run, uint32_t target, pqm_bytes path, const char *reason,
	const char *words);

/* One level of artifact: runs the detectors over body, whose matches are in w->matches. */
/* lines.c: how far the lines of a body were counted. */
struct pqm_text_lines {
	size_t off, lines, line_from;
	bool is_known, is_binary;
};

/* The line and column of off, where the body is text; else nothing is set. */
void pqm_lines_place(
	struct pqm_text_lines *t, pqm_bytes body, uint64_t off, struct pqm_occurrence *at);

struct pqm_look {
	struct pqm_worker *w;
	struct pqm_content *content;
	struct pqm_artifact *artifact;
	pqm_bytes suffix, object; /* added to what is found */
	uint32_t line, col;	  /* of the child in its parent, or 0 */
	unsigned depth;
	bool is_mapped;	       /* the body is a mapping of a file: its pages can be given back */
	pqm_bytes address;     /* of an endpoint, for all that is found there; else empty */
	uint64_t *done;	       /* by detector */
	bool is_listed;	       /* of an API server: there are no lines and offsets */
	bool is_block;	       /* what is on line n of the child is n lines below `line` */
	const int *fd;	       /* of a file that is mapped; else NULL */
	struct pqm_feed *feed; /* of an archive whose body is only its first bytes; else NULL */
	bool is_partial;       /* parts of the body were let go */
	struct pqm_text_lines lines;
};

/* The same for an endpoint, which is no artifact: its answers are read by one detector of their own. */
enum pqm_st pqm_look_endpoint(struct pqm_look *l, struct pqm_endpoint *ep, struct pqm_err *err);

/* near.c: the files around the file at path, which came from that target. */
struct pqm_around {
	struct pqm_near near; /* first */
	struct pqm_run *run;
	uint32_t target;
	pqm_bytes path;
	struct pqm_dir *revision; /* NULL: they are files */
};

void pqm_around_init(struct pqm_around *a, struct pqm_run *run, uint32_t target, pqm_bytes path);
/* Remembers that the file at rel of it was used; see pqm_emit_used. */
void pqm_around_used(const struct pqm_around *a, pqm_bytes rel);
/* Marks the places that were used. */
enum pqm_st pqm_around_settle(struct pqm_run *run, struct pqm_err *err);
/* render.c: what the user's own program ("helm", "kustomize") makes of a folder. */
enum pqm_st pqm_render(const char *what, const char *folder, struct pqm_buf *out,
	struct pqm_err *err) PQM_MUST_USE;
/* Whether the meaning of a file depends on the files around it: then equal files are not the same. */
bool pqm_around_matters(pqm_bytes path, pqm_bytes name);

void pqm_look_detect(struct pqm_look *l);
/* Which detectors want the artifact whatever the matches are. Bit i: detector i. */
uint64_t pqm_look_wanted(const struct pqm_run *run, const struct pqm_artifact *a);

/* Counts an object that says nothing new [fold.c]. */
bool pqm_worker_again(struct pqm_worker *w, struct pqm_content *c, const struct pqm_object *o);

/* True when the object of a page will stand behind a controller that was read before [settled.c]. */
bool pqm_is_settled(struct pqm_run *run, uint32_t target, const struct pqm_object *o);
void pqm_settled_fini(struct pqm_settled *s);

/* sweep.c: looks for the anchors of all detectors, and in code for constants. As pqm_matcher_sweep. */
struct pqm_swept {
	pqm_bytes window;
	size_t n_seen;
	uint64_t base;
	bool is_code; /* pqm_sampler_wants its head */
};

void pqm_run_sweep(const struct pqm_run *run, const struct pqm_swept *at, struct pqm_matches *out);

static inline uint16_t pqm_run_detector(const struct pqm_run *run, uint32_t pattern)
{
	return pattern < run->n_patterns ? run->pattern[pattern].detector : run->sampled;
}

static inline uint16_t pqm_run_anchor(const struct pqm_run *run, uint32_t pattern)
{
	return pattern < run->n_patterns
		? run->pattern[pattern].anchor
		: (uint16_t)(run->sampled_from + (pattern - run->n_patterns));
}

/* Fills the matcher and the patterns of the run from the anchors of all detectors. */
enum pqm_st pqm_run_matcher(struct pqm_run *run, struct pqm_err *err);
/* What each target of the inventory gave, and the coverage, from the counts of the run. */
void pqm_run_targets(struct pqm_inventory *inv, struct pqm_run *run);

/* Which objects stand behind their controllers; see fold.c. */
struct pqm_fold;

struct pqm_gathered { /* an object at one place */
	const struct pqm_thing *thing;
	const struct pqm_place *place;
	pqm_bytes path;
	uint32_t target, n_made;
};

/* Moves those that stay to the front of all, in their order; *n: how many. */
struct pqm_fold *pqm_fold_new(const struct pqm_run *run, struct pqm_gathered *all, size_t *n);
void pqm_fold_free(struct pqm_fold *f); /* may be NULL */
bool pqm_fold_is_empty(const struct pqm_fold *f);
/* The id of the object that stands for the one named before '#' in an object of a finding; empty when the
 * object stays. */
pqm_bytes pqm_fold_of(const struct pqm_fold *f, uint32_t target, pqm_bytes object);

/* owned.c: adds the package to places that name a library, where a package database of the same file system
 * has it. False without memory. */
/* Findings in files of Python and Node packages get their owner; the objects that said so go. */
bool pqm_owned_dist(struct pqm_inventory *inv);
bool pqm_owned_tie(struct pqm_inventory *inv, const struct pqm_rules *r);
/* aifile_sets.c: shards of a model as one object, and which signature covers it. False without memory. */
bool pqm_aifile_sets(struct pqm_inventory *inv);
enum pqm_st pqm_run_merge(struct pqm_inventory *inv, struct pqm_run *run, struct pqm_err *err);

#endif
