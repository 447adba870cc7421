/* worker.c — reads one file, sweeps it, and has it looked at when there is a reason. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "base/mapped.h"
#include "base/num.h"
#include "detect/deps.h"
#include "blank.h"
#include "detect/packages.h"
#include "engine.h"
#include "guard.h"
#include "parse/aifile.h"

/* A pattern that spans two chunks is found in the second, behind the end of the first. */
#define CARRY PQM_PATTERN_MAX
/* Of each chunk of a large file this much is hashed, which is enough to find likely copies; whether
 * two are equal is then decided by comparing all bytes. Hashing everything would cost as much as the
 * sweep. */
#define SAMPLE_BYTES ((size_t)1 << 10)
#define HUGE_BYTES ((size_t)2 << 20) /* a huge page */
/* Real files have a match in a thousand bytes at most. More than two in one byte is a file made against
 * us, which is told and cut there. */
#define MATCHES_MAX (PQM_HITS_BATCH + 2 * PQM_READ_CHUNK_BYTES)

struct reading {
	struct pqm_worker *w;
	const struct pqm_job *job;
	int fd;
	struct stat st;
	pqm_bytes path, name;
	pqm_bytes in_image; /* the path of a member; else empty */
	pqm_bytes resource; /* of a page of objects; else empty */
	uint32_t list;	    /* that the page is of */
	uint64_t name_class;
	size_t first_n; /* bytes of the first chunk, still in w->buf when the file is small */
	uint64_t total; /* bytes read so far */
	bool is_small;	/* all of it is in w->buf */
	bool is_code;	/* constants are looked for */
	pqm_bytes body; /* mapped; p NULL until needed */
	pqm_bytes area; /* the address range that the mapping lies in */
	struct pqm_content *content;
	struct pqm_content *twin; /* or the one that has the same bytes, scanned elsewhere */
	struct pqm_inode *inode;
	uint64_t done[64];
	bool is_changed;
	struct pqm_feed *feed; /* of an archive of which body is only the start; else NULL */
	bool is_partial;       /* see struct pqm_look */
};

enum pqm_st pqm_worker_init(struct pqm_worker *w, struct pqm_run *run, struct pqm_err *err)
{
	*w = (struct pqm_worker){ .run = run };
	pqm_arena_init(&w->scratch, PQM_ARENA_BYTES);
	pqm_arena_init(&w->keep, PQM_RUN_ARENA_BYTES);
	pqm_arena_init(&w->texts, PQM_RUN_ARENA_BYTES);
	w->buf = pqm_malloc(CARRY + PQM_READ_CHUNK_BYTES + 64);
	w->matches.cap = MATCHES_MAX;
	w->matches.match = pqm_malloc(MATCHES_MAX * sizeof(*w->matches.match));
	w->hits = pqm_malloc(MATCHES_MAX * sizeof(*w->hits));
	w->hasher = pqm_hasher_new();
	if (w->buf == NULL || w->matches.match == NULL || w->hits == NULL || w->hasher == NULL)
		return pqm_fail(err, PQM_ENOMEM, "worker: out of memory");
	return PQM_OK;
}

void pqm_worker_rest(struct pqm_worker *w)
{
	if (w->buf != NULL)
		pqm_wipe(w->buf, CARRY + PQM_READ_CHUNK_BYTES);
	pqm_free(w->buf);
	pqm_free(w->matches.match);
	pqm_free(w->hits);
	w->buf = NULL;
	w->matches.match = NULL;
	w->hits = NULL;
	for (size_t i = 0; i < PQM_ARTIFACT_DEPTH; i++) {
		pqm_free(w->child_matches[i]);
		pqm_free(w->child_hits[i]);
		w->child_matches[i] = NULL;
		w->child_hits[i] = NULL;
	}
	for (size_t i = 0; i < PQM_DETECTORS_MAX; i++) {
		if (w->kept[i].p != NULL)
			pqm_arena_fini(&w->kept[i].arena);
		pqm_free(w->kept[i].p);
		w->kept[i].p = NULL;
	}
	pqm_hasher_free(w->hasher);
	w->hasher = NULL;
	pqm_held_rest(w);
	pqm_map_fini(&w->interned);
	pqm_map_fini(&w->agains);
	pqm_arena_fini(&w->scratch);
}

void pqm_worker_fini(struct pqm_worker *w)
{
	pqm_worker_rest(w);
	pqm_arena_fini(&w->texts);
	pqm_arena_fini(&w->keep);
}

static struct pqm_place *place_new(struct pqm_run *run, const struct pqm_job *job, pqm_bytes path)
{
	struct pqm_place *p = pqm_new(&run->arena, struct pqm_place, 1);

	if (p != NULL) {
		p->target = job->target;
		p->from = job->from;
		p->hidden_by = job->hidden_by;
		/* What lies inside a member is no member. */
		p->member = path.n == job->n_path ? job->member : 0;
		p->path = pqm_bytes_dup(&run->arena, path);
		p->of = job->of;
	}
	if (p == NULL || p->path.p == NULL) {
		run->is_out_of_memory = true;
		return NULL;
	}
	return p;
}

static void add_place(
	struct pqm_run *run, struct pqm_place **list, const struct pqm_job *job, pqm_bytes path)
{
	struct pqm_place *p = place_new(run, job, path);

	if (p != NULL) {
		p->next = *list;
		*list = p;
	}
}

/* Some detectors look at names (x.yaml, x.der, .pqmap.yaml). The same bytes under names that suggest
 * different things are looked at once for each, or the result would depend on who came first. */
static uint64_t class_of_name(pqm_bytes name)
{
	size_t dot = name.n;

	static const char *const whole[] = { "authorized_keys", "known_hosts", "ssh_config",
		"sshd_config", "status", "installed", "config.json", ".index.json", "tfrecord",
		"model.sig", "saved_model" };
	static const char *const own[] = { ".conf", ".cnf", ".cfg", ".config", ".properties",
		/* What is packed in them is called as they are. */
		".gz", ".bz2", ".xz", ".zst", ".lz4" };

	if (name.n > 0 && name.p[0] == '.')
		return pqm_hash64(name);
	for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++)
		if (pqm_find(name, 0, pqm_str(whole[i])) != SIZE_MAX)
			return pqm_hash64(name);
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (pqm_ends(name, pqm_str(own[i])))
			return pqm_hash64(name);
	while (dot > 0 && name.p[dot - 1] != '.')
		dot--;
	return dot == 0 ? 0 : pqm_hash64(pqm_sub(name, dot, name.n));
}

/* Some look at the folder of a YAML file, too: the last part of it [det_bare.c, det_helm.c]; a database of
 * packages and a packed file are known by all of their path [det_packages.c, archive.c]. */
uint64_t pqm_worker_class(pqm_bytes path)
{
	size_t slash = path.n, from;

	while (slash > 0 && path.p[slash - 1] != '/')
		slash--;
	pqm_bytes name = pqm_sub(path, slash, path.n);
	uint64_t class = class_of_name(name);

	static const char *const packed[] = { ".gz", ".bz2", ".xz", ".zst", ".lz4" };

	for (size_t i = 0; i < sizeof(packed) / sizeof(packed[0]); i++)
		if (pqm_ends(name, pqm_str(packed[i])))
			return class ^ pqm_hash64(path);
	if (pqm_package_form(path, NULL) != PQM_PACKAGES_NONE)
		return class ^ pqm_hash64(path);
	class ^= pqm_deps_class(path, name);
	if (!pqm_ends(name, PQM_LIT(".yaml")) && !pqm_ends(name, PQM_LIT(".yml")) &&
		!pqm_ends(name, PQM_LIT(".json")))
		return class;
	slash -= slash > 0;
	for (from = slash; from > 0 && path.p[from - 1] != '/';)
		from--;
	return class ^ pqm_hash64(pqm_sub(path, from, slash - from));
}

/* True when another name of the same file was met before: then this name is only remembered. */
static bool is_other_name(struct reading *r)
{
	struct pqm_run *run = r->w->run;
	uint64_t key[3] = { (uint64_t)r->st.st_dev, (uint64_t)r->st.st_ino, r->name_class };
	bool seen;

	if (r->st.st_nlink < 2)
		return false;
	pthread_mutex_lock(&run->lock);
	struct pqm_inode *i =
		pqm_map_get(&run->by_inode, (pqm_bytes){ (uint8_t *)key, sizeof(key) });

	seen = i != NULL;
	if (seen) {
		add_place(run, &i->waiting, r->job, r->path);
		run->coverage.copies++;
	} else if ((i = pqm_new(&run->arena, struct pqm_inode, 1)) != NULL) {
		memcpy(i->key, key, sizeof(key));
		if (pqm_map_put(
			    &run->by_inode, (pqm_bytes){ (uint8_t *)i->key, sizeof(i->key) }, i)) {
			i->next = run->inodes;
			run->inodes = i;
			r->inode = i;
		}
	}
	pthread_mutex_unlock(&run->lock);
	return seen;
}

/* Compares the open file with the one at path, byte by byte. w->buf is free: the file is large. */
static bool is_equal_to(struct reading *r, pqm_bytes path)
{
	size_t half = PQM_READ_CHUNK_BYTES / 2;
	uint8_t *a = r->w->buf, *b = r->w->buf + half;
	int fd = open((const char *)path.p, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	bool equal = fd >= 0;

	for (uint64_t at = 0; equal && at < r->total;) {
		ssize_t n = pread(r->fd, a, half, (off_t)at), m = pread(fd, b, half, (off_t)at);

		equal = n > 0 && n == m && memcmp(a, b, (size_t)n) == 0;
		at += n > 0 ? (uint64_t)n : 0;
	}
	if (fd >= 0)
		(void)close(fd);
	return equal;
}

/* The content record to fill, or NULL when the same content was (or is being) scanned elsewhere.
 * Without a hash (not all of it was read yet) it is compared with nothing. */
static struct pqm_content *content_claim(struct reading *r, const struct pqm_hash128 *hash)
{
	struct pqm_run *run = r->w->run;
	struct pqm_content *c = pqm_new(&r->w->keep, struct pqm_content, 1), *old, *compared = NULL;

	if (c == NULL) {
		pthread_mutex_lock(&run->lock);
		run->is_out_of_memory = true;
		pthread_mutex_unlock(&run->lock);
		return NULL;
	}
	c->hash = hash != NULL ? *hash : (struct pqm_hash128){ 0 };
	c->size = r->total;
	c->name_class = r->name_class;
	c->list = r->list;
	pqm_bytes key = { (uint8_t *)&c->hash,
		sizeof(c->hash) + sizeof(c->size) + sizeof(c->name_class) };

	pthread_mutex_lock(&run->lock);
	/* Another worker may claim the key while this one compares: until the one compared is the one
	 * that stands there, compare again. */
	while ((old = hash == NULL ? NULL : pqm_map_get(&run->by_content, key)) != NULL &&
		!r->is_small && old != compared) {
		compared = old;
		pthread_mutex_unlock(&run->lock);
		if (!is_equal_to(r, compared->origin))
			hash = NULL;
		pthread_mutex_lock(&run->lock);
	}
	r->twin = old;
	if (old != NULL) {
		add_place(run, &old->places, r->job, r->path);
		run->coverage.copies++;
		if (r->inode != NULL)
			r->inode->content = old;
		c = NULL;
	} else if (hash == NULL || pqm_map_put(&run->by_content, key, c)) {
		add_place(run, &c->places, r->job, r->path);
		c->origin = c->places != NULL ? c->places->path : c->origin;
		c->next = run->contents;
		run->contents = c;
		if (r->inode != NULL)
			r->inode->content = c;
	} else {
		run->is_out_of_memory = true;
		c = NULL;
	}
	pthread_mutex_unlock(&run->lock);
	return c;
}

static void detect(void *ctx)
{
	struct reading *r = ctx;
	struct pqm_worker *w = r->w;
	struct pqm_artifact a = {
		.body = r->body,
		.head = pqm_sub(r->body, 0, PQM_READ_CHUNK_BYTES),
		.path = r->in_image.n > 0 ? r->in_image : r->path,
		.name = r->name,
		.resource = r->resource,
		.arena = &w->scratch,
	};
	struct pqm_look l = { .w = w, .content = r->content, .artifact = &a, .done = r->done };
	struct pqm_around around;

	pqm_around_init(&around, w->run, r->job->target, r->path);
	if (r->job->dir->fd >= 0)
		a.near = &around.near;
	if (r->job->dir->read != NULL) {
		around.revision = r->job->dir;
		around.near.render = NULL; /* there is no folder to run it in */
		a.near = &around.near;
	}

	l.is_mapped = r->fd >= 0 && !r->is_small;
	l.fd = l.is_mapped ? &r->fd : NULL;
	l.feed = r->feed;
	l.is_partial = a.has_holes = r->is_partial;
	w->opened = (struct pqm_opened){ .n_packed = r->total > r->body.n ? r->total : r->body.n };
	l.is_listed = r->resource.n > 0;
	if (l.is_listed)
		l.suffix = pqm_arena_f(&w->scratch, "/%.*s", PQM_FMT(r->resource));

	pqm_look_detect(&l);
}

static void note_changed(struct reading *r)
{
	struct pqm_run *run = r->w->run;

	r->is_changed = true;
	pqm_run_skip(run, r->job->target, r->path, "changed", "the file shrank while it was read");
	pthread_mutex_lock(&run->lock);
	run->coverage.changed++;
	pthread_mutex_unlock(&run->lock);
}

static void tell_full(struct reading *r)
{
	struct pqm_run *run = r->w->run;

	r->w->matches.is_full = false;
	static const char words[] =
		"more candidates for keys than 1 in 4 bytes; only the first 1,000,000 were looked "
		"at";

	if (r->job->from != NULL)
		pqm_run_skip_member(run, r->job, words);
	else
		pqm_run_skip(run, r->job->target, r->path, "over-limit", words);
}

/* Maps the file at an address that is no multiple of 2 MiB: the kernel would map 2 MiB of the page cache
 * for each byte that a detector touches, and a scan of large programs would look huge. */
static bool map_body(struct reading *r)
{
	size_t size = r->total > (uint64_t)r->st.st_size ? (size_t)r->total : (size_t)r->st.st_size;
	size_t room = size + 2 * HUGE_BYTES;
	uint8_t *area =
		mmap(NULL, room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (area == MAP_FAILED)
		return false;
	size_t lead = HUGE_BYTES - ((uintptr_t)area & (HUGE_BYTES - 1)) + HUGE_BYTES / 2;
	void *p = mmap(area + lead, size, PROT_READ, MAP_PRIVATE | MAP_FIXED, r->fd, 0);

	if (p == MAP_FAILED) {
		(void)munmap(area, room);
		return false;
	}
	/* Detectors touch few pages; reading ahead would only grow the process. */
	(void)madvise(p, size, MADV_RANDOM);
	r->area = (pqm_bytes){ area, room };
	r->body = (pqm_bytes){ p, size };
	return true;
}

/* Waits until there is room for a program of this size; gives back how much it takes. */
static size_t take_room(struct reading *r)
{
	struct pqm_run *run = r->w->run;
	size_t most = run->opt->jobs * PQM_CODE_AT_ONCE_BYTES;

	if (!r->is_code || r->body.n < PQM_LARGE_CODE_BYTES || run->opt->jobs < 2)
		return 0;
	pthread_mutex_lock(&run->lock);
	while (run->code_bytes > 0 &&
		(run->code_bytes >= most || r->body.n > most - run->code_bytes))
		pthread_cond_wait(&run->code_done, &run->lock);
	run->code_bytes += r->body.n;
	pthread_mutex_unlock(&run->lock);
	return r->body.n;
}

static void give_room(struct pqm_run *run, size_t n)
{
	if (n == 0)
		return;
	/* Of other threads' small blocks, too: what a large program left is mostly between them. */
	pqm_malloc_trim();
	pthread_mutex_lock(&run->lock);
	run->code_bytes -= n;
	pthread_cond_broadcast(&run->code_done);
	pthread_mutex_unlock(&run->lock);
}

/* Runs the detectors over what the sweep found so far. */
static void look(struct reading *r, const struct pqm_hash128 *hash)
{
	struct pqm_worker *w = r->w;

	if (w->matches.is_full)
		tell_full(r);
	if (r->content == NULL)
		r->content = content_claim(r, hash);
	if (r->content == NULL)
		return;
	if (r->is_small) {
		r->body = (pqm_bytes){ w->buf + CARRY, r->first_n };
		detect(r);
	} else {
		if (r->body.p == NULL && !map_body(r)) {
			pqm_run_skip(
				w->run, r->job->target, r->path, "unreadable", "cannot be mapped");
			return;
		}
		size_t room = take_room(r);

		pqm_mapped_set(r->body);
		if (!pqm_guard_run(r->body, detect, r)) {
			pqm_worker_alone(w);
			note_changed(r);
		}
		pqm_mapped_drop();
		pqm_mapped_set((pqm_bytes){ NULL, 0 });
		pqm_arena_wipe(&w->scratch);
		give_room(w->run, room);
	}
	w->matches.n = 0;
	pqm_arena_wipe(&w->scratch);
}

/* Reads until the buffer is full or the file ends; -1 on error. */
static ssize_t read_full(int fd, uint8_t *p, size_t n, size_t expect)
{
	size_t got = 0;

	while (got < n) {
		ssize_t r = read(fd, p + got, n - got);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -1;
		got += (size_t)r;
		/* A file of the size that fstat told needs no second read to see its end. */
		if (r == 0 || got == expect)
			break;
	}
	return (ssize_t)got;
}

static void unreadable(struct reading *r, int errnum)
{
	struct pqm_run *run = r->w->run;

	pqm_run_skip(run, r->job->target, r->path, "unreadable", strerrordesc_np(errnum));
	pthread_mutex_lock(&run->lock);
	run->coverage.unreadable++;
	pthread_mutex_unlock(&run->lock);
}

static bool is_wanted(struct reading *r)
{
	struct pqm_artifact a = {
		.body = { r->w->buf + CARRY, r->first_n },
		.head = { r->w->buf + CARRY, r->first_n },
		.path = r->path,
		.name = r->name,
	};

	/* Only head and name may decide; a detector that wants the size has it in body.n. */
	if (!r->is_small)
		a.body.n = (size_t)r->st.st_size;
	return pqm_archive_wanted(r->w->run, r->job->target, NULL, &a) != 0;
}

/* Very many anchors: look at what is there before going on. False: nothing more to do here. */
static bool look_early(struct reading *r)
{
	if (r->w->matches.n < PQM_HITS_BATCH)
		return true;
	look(r, NULL);
	return r->content != NULL && !r->is_changed;
}

/* The rest of a file that is larger than one chunk. False on a read error. */
static bool sweep_rest(struct reading *r)
{
	struct pqm_worker *w = r->w;

	for (;;) {
		size_t have = CARRY; /* the last bytes of the chunk before */
		ssize_t n;

		memmove(w->buf, w->buf + PQM_READ_CHUNK_BYTES, CARRY);
		n = read_full(r->fd, w->buf + CARRY, PQM_READ_CHUNK_BYTES, 0);
		if (n < 0)
			return false;
		if (n == 0)
			return true;
		pqm_hasher_add(w->hasher,
			pqm_sub((pqm_bytes){ w->buf + CARRY, (size_t)n }, 0, SAMPLE_BYTES));
		pqm_run_sweep(w->run,
			&(struct pqm_swept){
				{ w->buf, have + (size_t)n }, have, r->total - have, r->is_code },
			&w->matches);
		r->total += (uint64_t)n;
		if (!look_early(r) || (size_t)n < PQM_READ_CHUNK_BYTES)
			return true;
	}
}

/* The first chunk; of a file of weights only what may be its header: behind it is no text, and such files are
 * larger than all others together. Detectors map what they need. */
static ssize_t read_first(struct reading *r, size_t expect, bool *is_weights)
{
	uint8_t *at = r->w->buf + CARRY;
	ssize_t n, more;

	*is_weights = false;
	if (expect <= PQM_WEIGHTS_HEAD_BYTES)
		return read_full(r->fd, at, PQM_READ_CHUNK_BYTES, expect);
	n = read_full(r->fd, at, PQM_WEIGHTS_HEAD_BYTES, 0);
	if (n < (ssize_t)PQM_WEIGHTS_HEAD_BYTES)
		return n;
	*is_weights = pqm_aif_is_weights((pqm_bytes){ at, (size_t)n }, r->name);
	if (*is_weights)
		return n;
	more = read_full(r->fd, at + n, PQM_READ_CHUNK_BYTES - (size_t)n, expect - (size_t)n);
	return more < 0 ? more : n + more;
}

static void scan_open(struct reading *r)
{
	struct pqm_worker *w = r->w;
	struct pqm_counts *c = &w->run->counts[r->job->target];
	size_t expect = (size_t)r->st.st_size;
	bool is_weights;
	ssize_t n = read_first(r, expect, &is_weights);

	if (n < 0) {
		unreadable(r, errno);
		return;
	}
	r->first_n = (size_t)n;
	r->total = (uint64_t)n;
	r->is_small = !is_weights && (r->first_n < PQM_READ_CHUNK_BYTES || expect == r->first_n);
	w->matches.n = 0;
	pqm_hasher_start(w->hasher);
	bool wanted = is_wanted(r);

	r->is_code = pqm_sampler_wants((pqm_bytes){ w->buf + CARRY, r->first_n });
	pqm_run_sweep(w->run,
		&(struct pqm_swept){ { w->buf + CARRY, r->first_n }, 0, 0, r->is_code },
		&w->matches);
	if (!r->is_small)
		pqm_hasher_add(w->hasher, (pqm_bytes){ w->buf + CARRY, SAMPLE_BYTES });
	else if (wanted || w->matches.n > 0)
		pqm_hasher_add(w->hasher, (pqm_bytes){ w->buf + CARRY, r->first_n });
	if (!r->is_small && !is_weights && !sweep_rest(r))
		unreadable(r, errno);
	else
		atomic_fetch_add_explicit(&c->read, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&c->bytes, r->total, memory_order_relaxed);
	if (is_weights)
		r->total = expect;
	if (!r->is_changed && (wanted || w->matches.n > 0)) {
		struct pqm_hash128 hash = pqm_hasher_end(w->hasher);

		look(r, is_weights ? NULL : &hash);
	}
	if (!r->is_small && r->body.p != NULL)
		(void)munmap((void *)(uintptr_t)r->area.p, r->area.n);
}

/* What the name says of the content of a file in a tree. */
static uint64_t class_in_tree(const struct reading *r, bool in_tree)
{
	uint64_t class = class_of_name(r->name) ^ pqm_deps_class(r->path, r->name);

	if (pqm_package_form(r->path, NULL) != PQM_PACKAGES_NONE)
		return class ^ pqm_hash64(r->path);
	if (in_tree && pqm_around_matters(r->path, r->name))
		class ^= (pqm_hash64(r->path) | 1) ^ (uint64_t)r->job->target << 32;
	return class;
}

void pqm_worker_file(struct pqm_worker *w, const struct pqm_job *job)
{
	bool in_tree = job->dir->fd >= 0;
	const char *name = in_tree ? job->path + job->name_at : job->path;
	struct reading r = { .w = w, .job = job, .path = pqm_str(job->path) };
	const char *slash = strrchr(job->path, '/');

	r.name = pqm_str(slash != NULL ? slash + 1 : job->path);
	r.name_class = class_in_tree(&r, in_tree);
	r.fd = openat(in_tree ? job->dir->fd : AT_FDCWD, name,
		O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (in_tree ? O_NOFOLLOW : 0));
	if (r.fd < 0 || fstat(r.fd, &r.st) != 0) {
		unreadable(&r, errno);
		if (r.fd >= 0)
			(void)close(r.fd);
		return;
	}
	atomic_fetch_add(&w->run->n_busy, 1);
	if (!S_ISREG(r.st.st_mode))
		unreadable(&r, EINVAL); /* swapped for something else after the folder was read */
	else if (is_other_name(&r))
		atomic_fetch_add_explicit(
			&w->run->counts[job->target].read, 1, memory_order_relaxed);
	else
		scan_open(&r);
	atomic_fetch_sub(&w->run->n_busy, 1);
	(void)close(r.fd);
}

/* Looks for anchors in all of it; stops behind `most` of them. */
static void sweep_bytes(struct pqm_worker *w, pqm_bytes body, size_t most)
{
	bool is_code = pqm_sampler_wants(body);

	w->matches.n = 0;
	for (size_t at = 0; at < body.n && w->matches.n < most; at += PQM_READ_CHUNK_BYTES) {
		size_t seen = at < CARRY ? at : CARRY;

		pqm_run_sweep(w->run,
			&(struct pqm_swept){ pqm_sub(body, at - seen, seen + PQM_READ_CHUNK_BYTES),
				seen, at - seen, is_code },
			&w->matches);
	}
}

uint64_t pqm_worker_blob_class(const struct pqm_job *job)
{
	struct reading r = {
		.job = job, .path = pqm_str(job->path), .name = pqm_str(job->path + job->name_at)
	};

	/* A blob of the history says less: it is not the same content. */
	return class_in_tree(&r, true) ^ (job->of != NULL && job->of->is_gone);
}

void pqm_worker_blob(struct pqm_worker *w, const struct pqm_job *job)
{
	struct pqm_dir none = { .fd = -1, .refs = 1 };
	struct pqm_job copy = *job;
	struct reading r = { .w = w,
		.job = &copy,
		.path = pqm_str(job->path),
		.name = pqm_str(job->path + job->name_at),
		.fd = -1,
		.total = job->n_body,
		.body = { job->body, job->n_body },
		.is_small = true }; /* the hash is of all of it */
	struct pqm_artifact a = { .body = r.body,
		.head = pqm_sub(r.body, 0, PQM_READ_CHUNK_BYTES),
		.path = r.path,
		.name = r.name };
	struct pqm_counts *c = &w->run->counts[job->target];
	struct pqm_from left = { 0 };
	struct pqm_hash128 hash = { 0 };
	uint64_t wanted;

	if (copy.dir == NULL)
		copy.dir = &none;
	r.name_class = pqm_worker_blob_class(job);
	atomic_fetch_add_explicit(&c->read, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&c->bytes, r.total, memory_order_relaxed);
	atomic_fetch_add(&w->run->n_busy, 1);
	sweep_bytes(w, r.body, SIZE_MAX);
	wanted = pqm_archive_wanted(w->run, job->target, &left, &a);
	/* What is told of the whole run, or of files inside, would not be told again. */
	copy.is_kept = job->is_kept && !w->matches.is_full && atomic_load(&left.left) == 0 &&
		(wanted >> PQM_ARCHIVE_BIT) == 0;
	if (w->matches.n > 0 || wanted != 0) {
		pqm_hasher_start(w->hasher);
		pqm_hasher_add(w->hasher, r.body);
		hash = pqm_hasher_end(w->hasher);
		if (w->matches.is_full)
			tell_full(&r);
		r.content = content_claim(&r, &hash);
		if (r.content != NULL)
			detect(&r);
	}
	if (copy.is_kept)
		pqm_blanks_note(w->run, &copy, r.content != NULL ? r.content : r.twin);
	atomic_fetch_sub(&w->run->n_busy, 1);
	w->matches.n = 0;
	pqm_arena_wipe(&w->scratch); /* it may have held a private key */
}

/* Sweeps and looks at bytes that are no file; what they are is in r. */
static void look_at_bytes(struct reading *r, pqm_bytes body)
{
	struct pqm_worker *w = r->w;

	r->total = body.n;
	/* What was found up to there is looked at; the rest is told below. */
	sweep_bytes(w, body, PQM_HITS_BATCH);
	r->content = content_claim(r, NULL);
	if (r->content == NULL)
		return;
	if (w->matches.n >= PQM_HITS_BATCH)
		pqm_run_skip(w->run, r->job->target, r->path, "over-limit",
			r->resource.n > 0 ? "more than 16,384 candidates in one page of objects"
					  : "more than 16,384 candidates on standard input; save "
					    "it to a file");
	r->body = body;
	atomic_fetch_add(&w->run->n_busy, 1);
	detect(r);
	atomic_fetch_sub(&w->run->n_busy, 1);
	pqm_arena_wipe(&w->scratch); /* it may have held a private key */
}

void pqm_worker_bytes(struct pqm_worker *w, uint32_t target, pqm_bytes path, pqm_bytes body)
{
	struct pqm_dir none = { .fd = -1, .refs = 1 };
	struct pqm_job job = { .dir = &none, .path = (char *)(uintptr_t)path.p, .target = target };
	struct reading r = { .w = w, .job = &job, .path = path, .name = path, .fd = -1 };
	struct pqm_counts *c = &w->run->counts[target];

	atomic_fetch_add(&c->read, 1);
	atomic_fetch_add(&c->bytes, body.n);
	look_at_bytes(&r, body);
}

static void look_at_member(struct reading *r, const struct pqm_hash128 *hash)
{
	const char *slash = strrchr(r->job->path, '/');

	r->path = pqm_str(r->job->path);
	r->name = pqm_str(slash != NULL ? slash + 1 : r->job->path);
	r->in_image = pqm_str(r->job->path + r->job->name_at);
	r->name_class = pqm_worker_class(r->in_image);
	if (r->w->matches.is_full)
		tell_full(r);
	r->content = content_claim(r, hash);
	if (r->content != NULL)
		detect(r);
	r->w->matches.n = 0;
	pqm_arena_wipe(&r->w->scratch);
}

void pqm_worker_swept(struct pqm_worker *w, const struct pqm_job *job, pqm_bytes body,
	bool is_partial, const struct pqm_hash128 *hash)
{
	struct reading r = { .w = w,
		.job = job,
		.fd = -1,
		.is_small = true, /* the hash is of all of it */
		.total = body.n,
		.body = body,
		.is_partial = is_partial };

	look_at_member(&r, hash);
}

void pqm_worker_feed(struct pqm_worker *w, const struct pqm_job *job, pqm_bytes head, uint64_t size,
	struct pqm_feed *feed)
{
	struct reading r = { .w = w,
		.job = job,
		.fd = -1,
		.is_small = true,
		.total = size,
		.body = head,
		.feed = feed };

	w->matches.n = 0;
	look_at_member(&r, NULL);
}

void pqm_worker_page(struct pqm_worker *w, uint32_t target, const struct pqm_page *page)
{
	struct pqm_dir none = { .fd = -1, .refs = 1 };
	struct pqm_job job = {
		.dir = &none, .path = (char *)(uintptr_t)page->path.p, .target = target
	};
	struct reading r = { .w = w,
		.job = &job,
		.path = page->path,
		.name = PQM_LIT("page.json"),
		.resource = page->resource,
		.list = page->list,
		.fd = -1 };

	look_at_bytes(&r, page->body);
}
