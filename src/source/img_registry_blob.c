/* img_registry_blob.c — blobs of a registry: gone on with where they are cut off. */
#include "base/limits.h"
#include "base/log.h"
#include "img_registry.h"

/* So much has to come before what was cut off counts as progress. */
#define RESUME_BYTES ((uint64_t)64 << 10)

struct blob {
	struct pqm_feed feed; /* first */
	struct registry *g;
	const struct pqm_oci_desc *d;
	const char *path;
	uint64_t at, skip; /* skip: of an answer that began anew */
	uint64_t since;	   /* bytes since it was cut off last */
	unsigned
		n_failed; /* since much came: a server that sends a byte at a time is not followed */
	bool is_open;
};

static enum pqm_st blob_open(struct blob *b, struct pqm_err *err)
{
	struct pqm_http_reply r = { 0 };
	enum pqm_st st = pqm_registry_ask(b->g, b->path,
		b->d->is_manifest ? PQM_ACCEPT_MANIFEST : "Accept: */*", b->at, &r, err);

	b->is_open = st == PQM_OK;
	b->skip = st == PQM_OK && r.status == 200 ? b->at : 0;
	return st;
}

/* The next bytes. An answer that is cut off is gone on with where it was. */
static enum pqm_st blob_next(struct pqm_feed *feed, pqm_bytes *out, struct pqm_err *err)
{
	struct blob *b = (struct blob *)feed;
	struct pqm_http_reply r = { 0 };
	struct pqm_err why = { 0 };
	enum pqm_st st;

	for (;;) {
		st = b->is_open ? PQM_OK : blob_open(b, err);
		if (st != PQM_OK)
			return st;
		st = pqm_http_read(b->g->http, out, &r, &why);
		if (st == PQM_OK && out->n > 0 && b->skip >= out->n) {
			b->skip -= out->n;
			continue;
		}
		if (st == PQM_OK && out->n > 0) {
			*out = pqm_sub(*out, (size_t)b->skip, out->n);
			b->skip = 0;
			b->at += out->n;
			b->since += out->n;
			if (b->since >= RESUME_BYTES)
				b->n_failed = 0;
			return PQM_OK;
		}
		/* Also where more was promised: the digest says whether this is all. */
		if (b->d->has_size ? b->at >= b->d->size : st == PQM_OK)
			return PQM_OK;
		pqm_http_stop(b->g->http);
		b->is_open = false;
		b->since = 0;
		if (st == PQM_OK)
			st = pqm_fail(&why, PQM_ENET, "the answer ends before the blob does");
		if (st != PQM_ENET || r.is_final || pqm_registry_is_stopped(b->g) ||
			++b->n_failed >= PQM_REGISTRY_TRIES)
			return pqm_fail(err, st, "registry %s: %.*s: at byte %llu: %s", b->g->host,
				PQM_FMT(b->d->digest), (unsigned long long)b->at, why.msg);
		pqm_log(PQM_INFO, "registry", "%s: %s; going on at byte %llu", b->g->host, why.msg,
			(unsigned long long)b->at);
		pqm_registry_pause(b->g, b->n_failed - 1, 0);
	}
}

static enum pqm_st memory_next(struct pqm_feed *feed, pqm_bytes *out, struct pqm_err *err)
{
	struct blob *b = (struct blob *)feed;

	(void)err;
	*out = b->at > 0 ? (pqm_bytes){ NULL, 0 } : b->g->root_text;
	b->at = b->g->root_text.n;
	return PQM_OK;
}

static void blob_close(struct pqm_feed *feed)
{
	struct blob *b = (struct blob *)feed;

	if (b->is_open)
		pqm_http_stop(b->g->http);
	pqm_free(b);
}

enum pqm_st pqm_registry_open(struct pqm_store_of *s, const struct pqm_oci_desc *d,
	struct pqm_feed **out, struct pqm_err *err)
{
	struct registry *g = (struct registry *)s;
	struct blob *b = pqm_calloc(1, sizeof(*b));
	bool is_root = d->is_manifest && pqm_eq(d->digest, g->root_digest);

	if (b == NULL)
		return pqm_fail(err, PQM_ENOMEM, "out of memory for a blob");
	b->feed = (struct pqm_feed){ is_root ? memory_next : blob_next, blob_close, NULL };
	b->g = g;
	b->d = d;
	b->path = (const char *)pqm_arena_f(&g->arena, "/v2/%.*s/%s/%.*s", PQM_FMT(g->ref.repo),
		d->is_manifest ? "manifests" : "blobs", PQM_FMT(d->digest))
			  .p;
	if (b->path == NULL) {
		pqm_free(b);
		return pqm_fail(err, PQM_ENOMEM, "out of memory for a blob");
	}
	*out = &b->feed;
	return PQM_OK;
}
