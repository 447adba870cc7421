#include "kube_list.h"

#include "base/limits.h"
#include "base/num.h"

#define JSON "application/json"
#define METADATA "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
/* Resources in a row that a server does not answer for: then it is down. */
#define FAILURES_MAX 3u

struct listing {
	struct pqm_kube_lister *l;
	const struct pqm_kube_resource *r;
	const char *path;   /* without query */
	const char *select; /* "&fieldSelector=…", or "" */
	const char *accept;
	bool is_secret;
	unsigned limit;
	struct pqm_buf next;	      /* continue, encoded for the query */
	unsigned n_restarts, n_empty; /* since objects came that were new */
	uint64_t n_pages, n_objects, n_bytes;
	uint32_t number; /* the sink's */
	bool is_partial; /* something of it was told to be missing */
	struct pqm_err *err;
};

bool pqm_kube_lister_init(struct pqm_kube_lister *l)
{
	pqm_arena_init(&l->arena, (size_t)4 << 20);
	pqm_buf_init(&l->body, PQM_KUBE_PAGE_BYTES);
	l->seen.hasher = pqm_hasher_new();
	return l->seen.hasher != NULL;
}

void pqm_kube_lister_fini(struct pqm_kube_lister *l)
{
	pqm_buf_wipe(&l->body);
	pqm_free(l->parts);
	pqm_kube_seen_fini(&l->seen);
	pqm_arena_fini(&l->arena);
}

void pqm_kube_gap(struct pqm_kube_lister *l, enum pqm_skip why, const char *path, const char *words)
{
	struct pqm_arena a;
	pqm_bytes name;

	pqm_arena_init(&a, (size_t)1 << 20);
	name = pqm_arena_f(&a, "cluster:%s%s", pqm_kube_context(l->k), path);
	l->sink->skip(l->sink, why, pqm_printable(&a, name), words);
	(void)snprintf(l->last_gap, sizeof(l->last_gap), "%s", words);
	pqm_arena_fini(&a);
}

static pqm_bytes base_path(struct listing *g)
{
	const struct pqm_kube_resource *r = g->r;
	struct pqm_arena *a = &g->l->arena;

	return pqm_printable(a,
		pqm_arena_f(a, "cluster:%s/%s%.*s%s%.*s", pqm_kube_context(g->l->k),
			r->group.n > 0 ? "apis/" : "api", PQM_FMT(r->group), "/",
			PQM_FMT(r->version)));
}

/* What is no object to tell of becomes a number, which no reader of lists looks at. */
static void blank(struct pqm_buf *b, size_t off, size_t n)
{
	memset(b->p + off, ' ', n);
	b->p[off] = '0';
}

static enum pqm_st add_part(struct listing *g, pqm_bytes page, const struct pqm_kube_item *item)
{
	struct pqm_kube_lister *l = g->l;
	pqm_bytes names[] = { g->r->group, g->r->kind, item->ns, item->name };
	size_t off = (size_t)(item->text.p - page.p);
	bool has_uid = item->uid.n > 0;

	if (!has_uid && item->name.n == 0) {
		blank(&l->body, off, item->text.n);
		return PQM_OK;
	}
	if (l->n_parts == l->cap_parts) {
		size_t cap = l->cap_parts == 0 ? 512 : 2 * l->cap_parts;
		struct pqm_kube_part *grown = pqm_calloc(cap, sizeof(*grown));

		if (grown == NULL)
			return pqm_fail(g->err, PQM_ENOMEM, "out of memory for a page of objects");
		if (l->n_parts > 0)
			memcpy(grown, l->parts, l->n_parts * sizeof(*grown));
		pqm_free(l->parts);
		l->parts = grown;
		l->cap_parts = cap;
	}
	l->parts[l->n_parts++] = (struct pqm_kube_part){ off, item->text.n,
		has_uid ? pqm_kube_key(&l->seen, &item->uid, 1)
			: pqm_kube_key(&l->seen, names, 4) };
	return PQM_OK;
}

/* What was told before is not told again. */
static enum pqm_st drop_known(struct listing *g, uint64_t *n_new)
{
	struct pqm_kube_lister *l = g->l;

	for (size_t i = 0; i < l->n_parts; i++) {
		const struct pqm_kube_part *part = &l->parts[i];

		if (!pqm_kube_has(&l->seen, part->key)) {
			if (!pqm_kube_put(&l->seen, part->key))
				return pqm_fail(
					g->err, PQM_ENOMEM, "out of memory for the objects' names");
			(*n_new)++;
			continue;
		}
		blank(&l->body, part->off, part->n);
	}
	return PQM_OK;
}

/* The list's own beginning makes room for one that says which kind was asked for. */
static pqm_bytes put_head(struct listing *g, const struct pqm_kube_page *page)
{
	struct pqm_buf *b = &g->l->body;
	pqm_bytes head = pqm_arena_f(&g->l->arena,
		"{\"kind\":\"%.*sList\",\"apiVersion\":\"%.*s%s%.*s\",\"items\":",
		PQM_FMT(g->r->kind), PQM_FMT(g->r->group), g->r->group.n > 0 ? "/" : "",
		PQM_FMT(g->r->version));
	size_t at = page->items, n = page->text.n;

	if (head.p == NULL)
		return head;
	if (at < head.n) {
		size_t room = head.n - at;

		b->n = n;
		if (!pqm_buf_reserve(b, room))
			return (pqm_bytes){ NULL, 0 };
		memmove(b->p + at + room, b->p + at, n - at);
		at += room;
		b->n = n += room;
	}
	memcpy(b->p + at - head.n, head.p, head.n);
	return (pqm_bytes){ b->p + at - head.n, n - at + head.n };
}

/* Hands on the page in l->body; *n_new counts the objects that are. */
static enum pqm_st take_page(struct listing *g, const struct pqm_kube_page *page, uint64_t *n_new)
{
	struct pqm_page out = { .path = base_path(g),
		.resource = g->r->name,
		.n_bytes = g->l->body.n,
		.list = g->number,
		.buf = &g->l->body };
	enum pqm_st st = drop_known(g, n_new);

	if (st != PQM_OK)
		return st;
	if (*n_new > 0) {
		out.body = put_head(g, page);
		if (out.body.p == NULL)
			return pqm_fail(g->err, PQM_ENOMEM, "out of memory for a page of objects");
	}
	out.n_objects = *n_new;
	g->n_objects += *n_new;
	g->n_bytes += out.n_bytes;
	g->l->n_objects += *n_new;
	return g->l->sink->page(g->l->sink, &out, g->err);
}

/* Reads the page in l->body; false in *is_whole: it has no end, and nothing of it is taken. */
static enum pqm_st read_page(struct listing *g, struct pqm_kube_page *page, bool *is_whole)
{
	pqm_bytes text = pqm_buf_bytes(&g->l->body);
	struct pqm_kube_item item;
	enum pqm_st st = PQM_OK;

	g->l->n_parts = 0;
	*is_whole = pqm_kube_page_open(page, text);
	while (*is_whole && st == PQM_OK && pqm_kube_page_next(page, &item))
		st = add_part(g, text, &item);
	*is_whole = *is_whole && st == PQM_OK && pqm_kube_page_end(page);
	return st;
}

/* For a query [RFC3986 §2.3]; the token is the server's and may hold anything. */
static void encode(struct pqm_buf *b, pqm_bytes s)
{
	b->n = 0;
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i], low = c | 32;

		if ((low >= 'a' && low <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
			c == '.' || c == '~')
			(void)pqm_buf_byte(b, c);
		else
			(void)pqm_buf_f(b, "%%%02X", c);
	}
}

static void gap(struct listing *g, enum pqm_skip why, const char *fmt, const char *more)
{
	char words[300];

	g->is_partial = true;
	(void)snprintf(words, sizeof(words), "%s%s", fmt, more);
	pqm_kube_gap(g->l, why, g->path, words);
}

static void stopped_early(struct listing *g, const char *why)
{
	char words[600];

	g->is_partial = true;
	(void)snprintf(words, sizeof(words), "%s; %llu objects of the list were read", why,
		(unsigned long long)g->n_objects);
	pqm_kube_gap(g->l, PQM_SKIP_INCOMPLETE, g->path, words);
}

/* 410: what the pages were cut from is compacted. The token that comes with it goes on behind the last object,
 * in what is there now; without one the list begins anew, and what was told is not told again. */
static bool resume(struct listing *g)
{
	pqm_bytes next = pqm_kube_continue(pqm_buf_bytes(&g->l->body));

	if (++g->n_restarts > PQM_KUBE_RESTARTS) {
		stopped_early(g, "410: the list expires faster than it is read");
		return false;
	}
	encode(&g->next, next);
	return true;
}

/* A page of a status that is no list; false: the listing is at its end. */
static bool on_status(struct listing *g, unsigned status)
{
	char code[48];

	(void)snprintf(code, sizeof(code), "the server answers %u", status);
	if (status == 410 || (status == 400 && g->next.n > 0))
		return resume(g);
	if (status == 403)
		gap(g, PQM_SKIP_FORBIDDEN, "403: this account may not list ",
			(const char *)pqm_arena_f(&g->l->arena, "%.*s", PQM_FMT(g->r->name)).p);
	else
		gap(g, PQM_SKIP_UNREADABLE, "list: ", code);
	return false;
}

/* Over the limit of a page: fewer objects are asked for. */
static bool ask_for_less(struct listing *g)
{
	if (g->limit == 1) {
		stopped_early(g, "one object is over the 32 MiB limit of a page");
		return false;
	}
	g->limit = g->limit > 8 ? g->limit / 8 : 1;
	return true;
}

static enum pqm_st on_page(struct listing *g, bool *goes_on)
{
	struct pqm_kube_page page;
	uint64_t n_new = 0;
	bool is_whole;
	enum pqm_st st = read_page(g, &page, &is_whole);

	*goes_on = false;
	if (st != PQM_OK)
		return st;
	if (!is_whole) {
		stopped_early(g, "the answer is not a whole JSON list");
		return PQM_OK;
	}
	/* Behind take_page the text is somebody else's. */
	encode(&g->next, page.next);
	st = take_page(g, &page, &n_new);
	if (st != PQM_OK)
		return st;
	g->n_pages++;
	g->n_empty = n_new > 0 ? 0 : g->n_empty + 1;
	g->n_restarts = n_new > 0 ? 0 : g->n_restarts;
	if (g->next.failed || (g->n_empty > PQM_KUBE_EMPTY_PAGES && g->n_empty > g->n_pages / 2))
		stopped_early(g, "the list goes on without new objects");
	else
		*goes_on = g->next.n > 0;
	return PQM_OK;
}

static enum pqm_st one_request(struct listing *g, bool *goes_on)
{
	struct pqm_kube_lister *l = g->l;
	struct pqm_err why = { 0 };
	unsigned status = 0;
	enum pqm_st st;
	pqm_bytes url;

	*goes_on = false;
	pqm_arena_reset(&l->arena);
	url = pqm_arena_f(&l->arena, "%s?limit=%u%s%s%.*s", g->path, g->limit, g->select,
		g->next.n > 0 ? "&continue=" : "", PQM_FMT(pqm_buf_bytes(&g->next)));
	if (url.p == NULL)
		return pqm_fail(g->err, PQM_ENOMEM, "out of memory for a request");
	st = pqm_kube_get(l->k, (const char *)url.p, g->accept, &l->body, &status, &why);
	if (st == PQM_ELIMIT) {
		*goes_on = ask_for_less(g);
		return PQM_OK;
	}
	if (st == PQM_ENET && !(l->opt->stop != NULL && *l->opt->stop != 0)) {
		stopped_early(g, why.msg);
		if (++l->n_failures < FAILURES_MAX)
			return PQM_OK;
	}
	if (st == PQM_OK && status == 401)
		return pqm_fail(g->err, PQM_ENET, "%s: 401: the credential is not accepted",
			pqm_kube_server(l->k));
	if (st != PQM_OK)
		return pqm_fail(g->err, st, "%s", why.msg);
	l->n_failures = 0;
	l->n_answers += status == 200;
	if (status == 200)
		return on_page(g, goes_on);
	*goes_on = on_status(g, status);
	return PQM_OK;
}

static enum pqm_st list_one(struct listing *g)
{
	bool goes_on = true;
	enum pqm_st st = PQM_OK;

	if (g->l->opt->would_ask != NULL) {
		pqm_bytes what =
			pqm_arena_f(&g->l->arena, "%s?limit=%u%s", g->path, g->limit, g->select);

		g->l->opt->would_ask(
			g->l->opt->ctx, pqm_kube_server(g->l->k), (const char *)what.p);
		return PQM_OK;
	}
	pqm_buf_init(&g->next, (size_t)64 << 10);
	while (st == PQM_OK && goes_on)
		st = one_request(g, &goes_on);
	pqm_buf_fini(&g->next);
	return st;
}

/* What a later run may take this list over by. The server's name is the user's own matter. */
static pqm_bytes request_of(struct listing *g, struct pqm_arena *a)
{
	char server[2 * PQM_SHA256_BYTES + 1];
	uint8_t digest[PQM_SHA256_BYTES];

	pqm_sha256(digest, pqm_str(pqm_kube_server(g->l->k)));
	pqm_hex(server, digest, 8);
	return pqm_arena_f(a, "%s%s%s of %s", g->path, g->select,
		strcmp(g->accept, JSON) == 0 ? "" : " metadata", server);
}

/* A list that an earlier run read to its end is not asked for again. */
static enum pqm_st list_or_take(struct listing *g, struct pqm_arena *a)
{
	struct pqm_sink *s = g->l->sink;
	pqm_bytes request = request_of(g, a);
	struct pqm_page sum = { 0 };
	uint64_t n = 0;
	enum pqm_st st;

	if (request.p == NULL)
		return pqm_fail(g->err, PQM_ENOMEM, "out of memory for a request");
	if (g->l->opt->would_ask != NULL)
		return list_one(g);
	if (s->list(s, request, &g->number, &n)) {
		g->l->n_objects += n;
		g->l->n_answers++;
		return PQM_OK;
	}
	st = list_one(g);
	sum.n_objects = g->n_objects;
	sum.n_bytes = g->n_bytes;
	return st != PQM_OK || g->is_partial ? st : s->listed(s, request, g->number, &sum, g->err);
}

/* A named namespace: what its labels say (meshes, policies) holds for everything in it. */
static enum pqm_st get_namespace(struct listing *g)
{
	struct pqm_kube_lister *l = g->l;
	struct pqm_err why = { 0 };
	struct pqm_kube_page page;
	unsigned status = 0;
	uint64_t n_new = 0;
	enum pqm_st st;

	if (l->opt->would_ask != NULL) {
		l->opt->would_ask(l->opt->ctx, pqm_kube_server(l->k), g->path);
		return PQM_OK;
	}
	st = pqm_kube_get(l->k, g->path, JSON, &l->body, &status, &why);
	if (st != PQM_OK)
		return pqm_fail(g->err, st, "%s", why.msg);
	if (status != 200) {
		(void)on_status(g, status);
		return PQM_OK;
	}
	l->n_answers++;
	/* The object as a list of one: the same way as all others. */
	struct pqm_buf b;
	bool is_whole = false;

	pqm_buf_init(&b, PQM_KUBE_PAGE_BYTES);
	(void)pqm_buf_f(&b, "{\"items\":[");
	(void)pqm_buf_add(&b, pqm_buf_bytes(&l->body));
	(void)pqm_buf_add(&b, PQM_LIT("]}"));
	pqm_buf_wipe(&l->body);
	l->body = b;
	st = b.failed ? PQM_OK : read_page(g, &page, &is_whole);
	if (st == PQM_OK && is_whole)
		return take_page(g, &page, &n_new);
	if (st == PQM_OK)
		stopped_early(g, "the answer is not a whole JSON object");
	return st;
}

static const char *select_of(const struct pqm_cluster_options *o)
{
	if (o->secrets == PQM_SECRETS_TLS)
		return "&fieldSelector=type%3Dkubernetes.io%2Ftls";
	return o->helm_releases || o->secrets != PQM_SECRETS_ALL
		? ""
		: "&fieldSelector=type%21%3Dhelm.sh%2Frelease.v1";
}

static enum pqm_st list_in(struct listing *g, const char *ns)
{
	const struct pqm_kube_resource *r = g->r;
	struct pqm_arena a;
	enum pqm_st st;

	pqm_arena_init(&a, (size_t)64 << 10);
	g->path = (const char *)pqm_arena_f(&a, "/%s%.*s/%.*s%s%s/%.*s",
		r->group.n > 0 ? "apis/" : "api", PQM_FMT(r->group), PQM_FMT(r->version),
		ns != NULL ? "/namespaces/" : "", ns != NULL ? ns : "", PQM_FMT(r->name))
			  .p;
	g->limit = PQM_KUBE_PAGE_OBJECTS;
	g->n_restarts = g->n_empty = 0;
	g->n_pages = g->n_objects = g->n_bytes = 0;
	g->is_partial = false;
	st = g->path == NULL ? pqm_fail(g->err, PQM_ENOMEM, "out of memory for a request")
			     : list_or_take(g, &a);
	pqm_arena_fini(&a);
	return st;
}

static enum pqm_st namespaces_only(struct listing *g)
{
	const struct pqm_cluster_options *o = g->l->opt;
	enum pqm_st st = PQM_OK;

	for (size_t i = 0; i < o->n_namespaces && st == PQM_OK; i++) {
		struct pqm_arena a;

		pqm_arena_init(&a, (size_t)64 << 10);
		g->path =
			(const char *)pqm_arena_f(&a, "/api/v1/namespaces/%s", o->namespaces[i]).p;
		st = g->path == NULL ? pqm_fail(g->err, PQM_ENOMEM, "out of memory for a request")
				     : get_namespace(g);
		pqm_arena_fini(&a);
	}
	return st;
}

enum pqm_st pqm_kube_list(
	struct pqm_kube_lister *l, const struct pqm_kube_resource *r, struct pqm_err *err)
{
	const struct pqm_cluster_options *o = l->opt;
	const char *const *in = o->namespaces;
	size_t n = o->n_namespaces;
	struct listing g = { .l = l, .r = r, .select = "", .accept = JSON, .err = err };
	enum pqm_st st = PQM_OK;

	/* The one resource whose values are not for everyone. */
	g.is_secret = r->group.n == 0 && pqm_eqs(r->name, "secrets");
	if (g.is_secret && o->secrets == PQM_SECRETS_NONE)
		return PQM_OK;
	if (g.is_secret) {
		g.select = select_of(o);
		g.accept = o->secrets == PQM_SECRETS_METADATA ? METADATA : JSON;
		if (o->n_secret_namespaces > 0) {
			in = o->secret_namespaces;
			n = o->n_secret_namespaces;
		}
	}
	if (n == 0)
		return list_in(&g, NULL);
	if (!r->is_namespaced)
		return r->group.n == 0 && pqm_eqs(r->name, "namespaces") ? namespaces_only(&g)
									 : PQM_OK;
	for (size_t i = 0; i < n && st == PQM_OK; i++)
		st = list_in(&g, in[i]);
	return st;
}
