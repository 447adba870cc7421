#include "kube_list.h"

#include "base/limits.h"

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
	uint64_t n_pages, n_objects;
	struct pqm_err *err;
};

bool pqm_kube_lister_init(struct pqm_kube_lister *l)
{
	pqm_arena_init(&l->arena, (size_t)4 << 20);
	pqm_buf_init(&l->body, PQM_KUBE_PAGE_BYTES);
	/* The list around the objects, besides. */
	pqm_buf_init(&l->page, PQM_KUBE_PAGE_BYTES + 4096);
	l->seen.hasher = pqm_hasher_new();
	return l->seen.hasher != NULL;
}

void pqm_kube_lister_fini(struct pqm_kube_lister *l)
{
	pqm_buf_wipe(&l->body);
	pqm_buf_wipe(&l->page);
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

/* Was it not told before? */
static enum pqm_st judge(struct listing *g, const struct pqm_kube_item *item, bool *is_new)
{
	struct pqm_kube_seen *seen = &g->l->seen;
	pqm_bytes names[] = { g->r->group, g->r->kind, item->ns, item->name };
	struct pqm_hash128 key =
		item->uid.n > 0 ? pqm_kube_key(seen, &item->uid, 1) : pqm_kube_key(seen, names, 4);

	*is_new = !pqm_kube_has(seen, key);
	if (*is_new && !pqm_kube_put(seen, key))
		return pqm_fail(g->err, PQM_ENOMEM, "out of memory for the objects' names");
	return PQM_OK;
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

static void open_list(struct listing *g)
{
	struct pqm_buf *b = &g->l->page;

	pqm_wipe(b->p, b->n);
	b->n = 0;
	b->failed = false;
	(void)pqm_buf_f(b, "{\"kind\":\"%.*sList\",\"apiVersion\":\"%.*s%s%.*s\",\"items\":[",
		PQM_FMT(g->r->kind), PQM_FMT(g->r->group), g->r->group.n > 0 ? "/" : "",
		PQM_FMT(g->r->version));
}

static enum pqm_st hand_over(struct listing *g, uint64_t n_new)
{
	struct pqm_buf *b = &g->l->page;
	struct pqm_page page = { .path = base_path(g),
		.resource = g->r->name,
		.n_objects = n_new,
		.n_bytes = g->l->body.n };

	if (!pqm_buf_add(b, PQM_LIT("]}")))
		return pqm_fail(g->err, PQM_ENOMEM, "out of memory for a page of objects");
	if (n_new > 0)
		page.body = pqm_buf_bytes(b);
	g->n_objects += n_new;
	g->l->n_objects += n_new;
	return g->l->sink->page(g->l->sink, &page, g->err);
}

/* The objects of the page that are new; *n_new counts them. */
static enum pqm_st take_page(struct listing *g, struct pqm_kube_page *page, uint64_t *n_new)
{
	struct pqm_kube_item item;
	enum pqm_st st = PQM_OK;

	*n_new = 0;
	open_list(g);
	while (st == PQM_OK && pqm_kube_page_next(page, &item)) {
		bool is_new = false;

		st = judge(g, &item, &is_new);
		if (st != PQM_OK || !is_new)
			continue;
		if ((*n_new)++ > 0)
			(void)pqm_buf_byte(&g->l->page, ',');
		(void)pqm_buf_add(&g->l->page, item.text);
	}
	return st == PQM_OK ? hand_over(g, *n_new) : st;
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

	(void)snprintf(words, sizeof(words), "%s%s", fmt, more);
	pqm_kube_gap(g->l, why, g->path, words);
}

static void stopped_early(struct listing *g, const char *why)
{
	char words[600];

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
	enum pqm_st st;

	*goes_on = false;
	if (!pqm_kube_page_open(&page, pqm_buf_bytes(&g->l->body))) {
		stopped_early(g, "the answer is not a whole JSON list");
		return PQM_OK;
	}
	st = take_page(g, &page, &n_new);
	if (st != PQM_OK)
		return st;
	g->n_pages++;
	g->n_empty = n_new > 0 ? 0 : g->n_empty + 1;
	g->n_restarts = n_new > 0 ? 0 : g->n_restarts;
	encode(&g->next, page.next);
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

	pqm_buf_init(&b, PQM_KUBE_PAGE_BYTES + 64);
	(void)pqm_buf_f(&b, "{\"items\":[");
	(void)pqm_buf_add(&b, pqm_buf_bytes(&l->body));
	(void)pqm_buf_add(&b, PQM_LIT("]}"));
	if (!b.failed && pqm_kube_page_open(&page, pqm_buf_bytes(&b)))
		st = take_page(g, &page, &n_new);
	else
		stopped_early(g, "the answer is not a whole JSON object");
	pqm_buf_fini(&b);
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
	g->n_pages = g->n_objects = 0;
	st = g->path == NULL ? pqm_fail(g->err, PQM_ENOMEM, "out of memory for a request")
			     : list_one(g);
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
