/* img_registry.c — images in a registry: registry:HOST[:PORT]/REPOSITORY[:TAG|@DIGEST]. */
#include <stdlib.h>

#include "base/hash.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/num.h"
#include "base/slurp.h"
#include "http.h"
#include "img.h"
#include "img_auth.h"
#include "img_registry.h"
#include "parse/yaml_json.h"
#include "probe/probe.h"

#define CONNECT_MS 10000u
#define IDLE_S 30u
#define BACKOFF_MS 100u
#define STEP_NS 50000000L

bool pqm_registry_is_stopped(const struct registry *g)
{
	return g->stop != NULL && *g->stop != 0;
}

static void wait_ms(const struct registry *g, uint64_t ms)
{
	uint64_t end = pqm_now_ns() + ms * 1000000;

	for (uint64_t now = pqm_now_ns(); now < end && !pqm_registry_is_stopped(g);
		now = pqm_now_ns()) {
		uint64_t left = end - now;
		struct timespec step = { 0, left < STEP_NS ? (long)left : STEP_NS };

		(void)nanosleep(&step, NULL);
	}
}

void pqm_registry_pause(const struct registry *g, unsigned try, uint64_t asked_ms)
{
	uint64_t ms = (uint64_t)BACKOFF_MS << (try < 16 ? try : 16), most;

	if (asked_ms > 0)
		ms = asked_ms;
	else
		ms -= ms / 4 * (pqm_now_ns() % 1024) / 1024;
	most = g->is_optional ? PQM_REGISTRY_WAIT_OPTIONAL_MS : PQM_REGISTRY_WAIT_MS;
	wait_ms(g, ms < most ? ms : most);
}

static bool is_passing(unsigned status)
{
	return status == 408 || status == 429 || status == 500 || status == 502 || status == 503 ||
		status == 504;
}

static bool may_reach(const void *ctx, const char *address)
{
	return !pqm_probe_is_denied(ctx, address);
}

/* By its name: the registry, its token server, and wherever they send us to. */
static bool is_denied(struct registry *g, const char *url)
{
	pqm_bytes host = pqm_url_origin(pqm_str(url));
	size_t end;

	host = pqm_sub(host, pqm_find(host, 0, PQM_LIT("://")) + 3, host.n);
	if (pqm_starts(host, PQM_LIT("[")))
		host = pqm_sub(host, 1, host.n);
	end = pqm_find_byte(host, 0, pqm_find_byte(host, 0, ']') == SIZE_MAX ? ':' : ']');
	host = pqm_bytes_dup(&g->secret, pqm_sub(host, 0, end));
	return host.p == NULL || pqm_probe_is_denied(g->deny, (const char *)host.p);
}

/* One request, again while another try may help. Any other status is an answer. */
static enum pqm_st attempt(struct registry *g, struct pqm_http_request *q, struct pqm_http_reply *r,
	struct pqm_err *err)
{
	unsigned tries = g->is_optional ? PQM_REGISTRY_TRIES_OPTIONAL : PQM_REGISTRY_TRIES;
	struct pqm_err why = { 0 };
	enum pqm_st st = PQM_OK;

	q->head = &g->head;
	if (g->deny != NULL && is_denied(g, q->url))
		return pqm_fail(err, PQM_ENET, "registry %s: the deny list forbids %s", g->host,
			strncmp(g->base, q->url, strlen(g->base)) == 0 ? "it"
								       : "whom it sends us to");
	for (unsigned try = 0; try < tries && !pqm_registry_is_stopped(g); try++) {
		g->head.n = 0;
		st = pqm_http_start(g->http, q, r, &why);
		if (st == PQM_OK && !is_passing(r->status))
			return PQM_OK;
		if (st != PQM_OK && (st != PQM_ENET || r->is_final))
			break;
		pqm_log(PQM_INFO, "registry", "%s: try %u: %s %u", g->host, try + 1,
			st == PQM_OK ? "status" : why.msg, r->status);
		pqm_http_stop(g->http);
		if (try + 1 < tries)
			pqm_registry_pause(g, try, r->wait_ms);
	}
	if (pqm_registry_is_stopped(g))
		return pqm_fail(err, PQM_ENET, "interrupted");
	if (st != PQM_OK)
		return pqm_fail(err, st, "registry %s: %s", g->host, why.msg);
	return pqm_fail(err, PQM_ENET, "registry %s: status %u, %u times%s", g->host, r->status,
		tries, r->status == 429 ? "; it asks for less: try again later" : "");
}

/* The body of an answer that is small; wiped by the caller. */
static enum pqm_st read_answer(struct registry *g, struct pqm_buf *b, struct pqm_err *err)
{
	struct pqm_http_reply r = { 0 };
	enum pqm_st st;
	pqm_bytes piece;

	while ((st = pqm_http_read(g->http, &piece, &r, err)) == PQM_OK && piece.n > 0)
		if (!pqm_buf_add(b, piece)) {
			st = pqm_fail(err, PQM_ELIMIT, "registry %s: an answer over %zu MiB",
				g->host, b->max >> 20);
			break;
		}
	pqm_http_stop(g->http);
	return st;
}

/* The registry's own code ("MANIFEST_UNKNOWN"), when it is one. */
static void error_code(struct registry *g, char out[64])
{
	const struct pqm_yaml *root = NULL, *errors;
	struct pqm_err ignored = { 0 };
	struct pqm_arena a;
	struct pqm_buf b;
	pqm_bytes code = { NULL, 0 };

	out[0] = '\0';
	pqm_arena_init(&a, (size_t)16 << 20);
	pqm_buf_init(&b, PQM_REGISTRY_ANSWER_BYTES);
	if (read_answer(g, &b, &ignored) == PQM_OK &&
		pqm_yjson_root(&root, pqm_buf_bytes(&b), &a, &ignored) == PQM_OK) {
		errors = pqm_yaml_get(root, "errors");
		if (errors != NULL && errors->type == PQM_YAML_SEQ && errors->n > 0)
			code = pqm_yaml_str(errors->items[0], "code");
	}
	for (size_t i = 0; i < code.n; i++)
		if ((code.p[i] < 'A' || code.p[i] > 'Z') && code.p[i] != '_')
			code.n = 0;
	if (code.n > 0 && code.n < 60)
		(void)snprintf(out, 64, " %.*s", PQM_FMT(code));
	pqm_buf_fini(&b);
	pqm_arena_fini(&a);
}

static enum pqm_st no_credential(const struct registry *g, struct pqm_err *err)
{
	return pqm_fail(err, PQM_ENET,
		"registry %s: wants a user and a password, and there are none for it in "
		"~/.docker/config.json (`docker login`, `skopeo login`)",
		g->host);
}

static enum pqm_st load_cred(struct registry *g, struct pqm_err *err)
{
	enum pqm_st st = PQM_OK;

	if (!g->has_cred)
		st = pqm_docker_cred_load(
			&g->cred, g->ref.host, g->ref.repo, g->stop, &g->secret, err);
	g->has_cred = st == PQM_OK;
	return st;
}

static enum pqm_st set_header(struct registry *g, const char *kind, pqm_bytes value,
	const char **out, struct pqm_err *err)
{
	*out = (const char *)pqm_arena_f(&g->secret, "Authorization: %s %.*s", kind, PQM_FMT(value))
		       .p;
	return *out != NULL ? PQM_OK : pqm_fail(err, PQM_ENOMEM, "out of memory for a token");
}

static enum pqm_st take_token(struct registry *g, struct pqm_err *err)
{
	struct pqm_buf b;
	pqm_bytes token = { NULL, 0 };
	enum pqm_st st;

	pqm_buf_init(&b, PQM_REGISTRY_ANSWER_BYTES);
	st = read_answer(g, &b, err);
	if (st == PQM_OK)
		token = pqm_token_parse(pqm_buf_bytes(&b), &g->secret);
	pqm_buf_wipe(&b);
	if (st == PQM_OK && token.n == 0)
		return pqm_fail(
			err, PQM_ENET, "registry %s: its token server gave no token", g->host);
	return st == PQM_OK ? set_header(g, "Bearer", token, &g->authorization, err) : st;
}

/* A token for reading, from the server that the registry names. */
static enum pqm_st get_token(struct registry *g, const struct pqm_challenge *c, struct pqm_err *err)
{
	pqm_bytes scope = pqm_arena_f(&g->secret, "repository:%.*s:pull", PQM_FMT(g->ref.repo));
	const char *headers[] = { "User-Agent: pqmap/" PQM_VERSION, NULL, NULL };
	const char *url = pqm_challenge_url(c, scope, &g->secret), *query;
	struct pqm_http_request q = { .url = url, .headers = headers };
	struct pqm_http_reply r = { 0 };
	enum pqm_st st = PQM_OK;

	if (url == NULL || (!g->is_plain && strncmp(url, "https://", 8) != 0))
		return pqm_fail(err, PQM_ENET,
			"registry %s: names a token server that is no https:// URL", g->host);
	if (g->cred.identity.n > 0) {
		query = strchr(url, '?');
		q.url = (const char *)pqm_bytes_dup(&g->secret, c->realm).p;
		q.post = (const char *)pqm_arena_f(&g->secret,
			"grant_type=refresh_token&client_id=pqmap&refresh_token=%.*s&%s",
			PQM_FMT(pqm_url_escape(g->cred.identity, &g->secret)), query + 1)
				 .p;
	} else if (g->cred.user.n > 0) {
		st = set_header(g, "Basic", pqm_basic(g->cred.user, g->cred.password, &g->secret),
			&headers[1], err);
	}
	if (st == PQM_OK)
		st = attempt(g, &q, &r, err);
	if (st != PQM_OK)
		return st;
	if (r.status == 200)
		return take_token(g, err);
	pqm_http_stop(g->http);
	if (r.status == 401 || r.status == 403)
		return g->cred.user.n > 0 || g->cred.identity.n > 0
			? pqm_fail(err, PQM_ENET,
				  "registry %s: its token server refuses the credentials (%u)",
				  g->host, r.status)
			: no_credential(g, err);
	return pqm_fail(
		err, PQM_ENET, "registry %s: its token server answers %u", g->host, r.status);
}

/* After a 401, whose headers are in g->head. */
static enum pqm_st authenticate(struct registry *g, struct pqm_err *err)
{
	struct pqm_challenge c;
	enum pqm_st st = load_cred(g, err);

	if (st != PQM_OK)
		return st;
	if (!pqm_challenge_parse(
		    &c, pqm_http_header(pqm_buf_bytes(&g->head), "WWW-Authenticate"), &g->secret))
		return pqm_fail(err, PQM_ENET,
			"registry %s: 401, and no way to log in that is known here", g->host);
	if (c.is_bearer)
		return get_token(g, &c, err);
	if (g->cred.user.n == 0)
		return no_credential(g, err);
	return set_header(g, "Basic", pqm_basic(g->cred.user, g->cred.password, &g->secret),
		&g->authorization, err);
}

static enum pqm_st refused(
	struct registry *g, unsigned status, const char *what, struct pqm_err *err)
{
	char code[64];

	error_code(g, code);
	if (status == 401 || status == 403)
		return pqm_fail(err, PQM_ENET, "registry %s: %.*s: not allowed (%u%s)", g->host,
			PQM_FMT(g->ref.repo), status, code);
	if (status == 404)
		return pqm_fail(err, PQM_ENET, "registry %s: %.*s: has no %s (404%s)", g->host,
			PQM_FMT(g->ref.repo), what, code);
	return pqm_fail(err, PQM_ENET, "registry %s: %.*s: status %u%s", g->host,
		PQM_FMT(g->ref.repo), status, code);
}

/* Answers of those that do not know a manifest, or not even the question. */
static bool is_none(unsigned status)
{
	return status == 404 || status == 405 || status == 501;
}

/* A path of the API from byte `from` on; PQM_OK: what comes can be read. Logs in and follows redirects. */
enum pqm_st pqm_registry_ask(struct registry *g, const char *path, const char *accept,
	uint64_t from, struct pqm_http_reply *r, struct pqm_err *err)
{
	const char *url = (const char *)pqm_arena_f(&g->secret, "%s%s", g->base, path).p;
	pqm_bytes own = pqm_url_origin(pqm_str(g->base));
	unsigned n_redirects = 0, n_logins = 0;
	char range[64];

	(void)snprintf(range, sizeof(range), "Range: bytes=%llu-", (unsigned long long)from);
	while (url != NULL) {
		const char *headers[5] = { "User-Agent: pqmap/" PQM_VERSION, accept };
		struct pqm_http_request q = { .url = url, .headers = headers };
		size_t n = 2;
		/* What the registry may know is not for those that it sends us to. */
		bool is_own = pqm_eq(pqm_url_origin(pqm_str(url)), own);
		enum pqm_st st;

		if (from > 0)
			headers[n++] = range;
		if (is_own && g->authorization != NULL)
			headers[n++] = g->authorization;
		headers[n] = NULL;
		st = attempt(g, &q, r, err);
		if (st != PQM_OK || r->status == 200 || r->status == 206)
			return st;
		if (g->is_optional && is_none(r->status)) {
			pqm_http_stop(g->http);
			return PQM_OK;
		}
		/* Once for whoever has no token, once more for one that has just ended. */
		if (r->status == 401 && is_own && n_logins++ < 2) {
			pqm_http_stop(g->http);
			st = authenticate(g, err);
			if (st != PQM_OK)
				return st;
		} else if (r->status >= 301 && r->status <= 308 &&
			n_redirects++ < PQM_REGISTRY_REDIRECTS) {
			url = pqm_redirect(pqm_http_header(pqm_buf_bytes(&g->head), "Location"),
				url, g->is_plain, &g->secret);
			pqm_http_stop(g->http);
		} else {
			return refused(g, r->status,
				strstr(path, "/blobs/") != NULL ? "such blob" : "such image", err);
		}
	}
	return pqm_fail(err, PQM_ENET, "registry %s: a redirect that is not followed", g->host);
}

/* An answer that is small and has no digest to go on by: where it is cut off it is asked for again. 404 of what
 * need not be there is one. */
static enum pqm_st fetch(struct registry *g, const char *path, struct pqm_http_reply *r,
	struct pqm_buf *b, struct pqm_err *err)
{
	unsigned tries = g->is_optional ? PQM_REGISTRY_TRIES_OPTIONAL : PQM_REGISTRY_TRIES;
	enum pqm_st st = PQM_OK;

	for (unsigned try = 0; try < tries; try++) {
		if (try > 0)
			pqm_registry_pause(g, try - 1, 0);
		b->n = 0;
		st = pqm_registry_ask(g, path, PQM_ACCEPT_MANIFEST, 0, r, err);
		if (st != PQM_OK || is_none(r->status))
			return st;
		st = read_answer(g, b, err);
		if (st != PQM_ENET || pqm_registry_is_stopped(g))
			return st;
		pqm_log(PQM_INFO, "registry", "%s: %s; again", g->host, err->msg);
	}
	return pqm_fail(
		err, st, "registry %s: an answer that is cut off, %u times", g->host, tries);
}

/* The machine itself: no dots behind numbers that lead elsewhere ("127.example"). */
static bool is_loopback(pqm_bytes host)
{
	pqm_bytes name = pqm_sub(host, 0, pqm_find_byte(host, 0, ':'));

	if (pqm_eqs(name, "localhost") || pqm_starts(host, PQM_LIT("[::1]")))
		return true;
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] != '.' && (name.p[i] < '0' || name.p[i] > '9'))
			return false;
	return pqm_starts(name, PQM_LIT("127."));
}

/* The authority of this one registry, where docker and podman look for it. */
static pqm_bytes own_authority(struct registry *g)
{
	const char *home = getenv("HOME");
	const pqm_bytes places[] = {
		pqm_arena_f(&g->arena, "%s/.config/containers/certs.d/%s/ca.crt",
			home != NULL ? home : "", g->host),
		pqm_arena_f(&g->arena, "/etc/containers/certs.d/%s/ca.crt", g->host),
		pqm_arena_f(&g->arena, "/etc/docker/certs.d/%s/ca.crt", g->host),
	};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		struct pqm_slurp file = { .path = (const char *)places[i].p,
			.limit = PQM_RULE_FILE_BYTES };
		struct pqm_err ignored;
		pqm_bytes text;

		if (file.path != NULL && pqm_slurp(&text, &file, &g->arena, &ignored) == PQM_OK &&
			text.n > 0)
			return text;
	}
	return (pqm_bytes){ NULL, 0 };
}

static bool is_named(const struct pqm_image_options *o, pqm_bytes host)
{
	for (size_t i = 0; i < o->n_insecure; i++)
		if (pqm_eqs(host, o->insecure[i]))
			return true;
	return false;
}

/* Where TLS may be missing it is asked for first. */
static void choose_scheme(struct registry *g, pqm_bytes host)
{
	const char *headers[] = { "User-Agent: pqmap/" PQM_VERSION, NULL };
	struct pqm_http_request q = { .headers = headers, .head = &g->head };
	struct pqm_http_reply r = { 0 };
	struct pqm_err ignored = { 0 };

	g->base = (const char *)pqm_arena_f(&g->arena, "https://%.*s", PQM_FMT(host)).p;
	if (g->base == NULL || (!g->is_insecure && !is_loopback(host)))
		return;
	q.url = (const char *)pqm_arena_f(&g->arena, "%s/v2/", g->base).p;
	if (q.url != NULL && g->deny != NULL && is_denied(g, q.url))
		return; /* the first request says so */
	if (q.url == NULL || pqm_http_start(g->http, &q, &r, &ignored) == PQM_OK || r.is_final) {
		pqm_http_stop(g->http);
		return;
	}
	g->is_plain = true;
	g->base = (const char *)pqm_arena_f(&g->arena, "http://%.*s", PQM_FMT(host)).p;
}

static enum pqm_st connect_to(
	struct registry *g, const struct pqm_image_options *o, struct pqm_err *err)
{
	pqm_bytes host = g->ref.host;
	enum pqm_st st;

	if (pqm_eqs(host, "docker.io"))
		host = PQM_LIT("registry-1.docker.io");
	g->host = (const char *)pqm_bytes_dup(&g->arena, g->ref.host).p;
	if (g->host == NULL)
		return pqm_fail(err, PQM_ENOMEM, "out of memory for a registry");
	g->is_insecure = is_named(o, g->ref.host);
	g->stop = o->stop;
	g->deny = o->deny;
	g->transport = (struct pqm_http_config){ .ca = own_authority(g),
		.no_verify = g->is_insecure,
		.connect_ms = CONNECT_MS,
		.idle_s = IDLE_S,
		.stop = o->stop,
		.may_reach = o->deny != NULL ? may_reach : NULL,
		.reach_ctx = o->deny };
	st = pqm_http_open(&g->http, &g->transport, err);
	if (st == PQM_OK)
		choose_scheme(g, host);
	if (st == PQM_OK && g->base == NULL)
		st = pqm_fail(err, PQM_ENOMEM, "out of memory for a registry");
	return st;
}

/* Who is asked instead of the registry; credentials and authorities are those of the mirror then. */
static enum pqm_st use_mirror(
	struct registry *g, const struct pqm_image_options *o, struct pqm_err *err)
{
	for (size_t i = 0; i < o->n_mirrors; i++) {
		pqm_bytes to = pqm_str(o->mirrors[i]), of = { NULL, 0 }, host = { NULL, 0 };

		if (!pqm_split(&to, '=', &of) || !pqm_eq(of, g->ref.host))
			continue;
		(void)pqm_split(&to, '/', &host);
		g->ref.host = host;
		if (to.p != NULL)
			g->ref.repo = pqm_arena_f(
				&g->arena, "%.*s/%.*s", PQM_FMT(to), PQM_FMT(g->ref.repo));
		return g->ref.repo.p != NULL
			? PQM_OK
			: pqm_fail(err, PQM_ENOMEM, "out of memory for a registry");
	}
	return PQM_OK;
}

/* A manifest as it came, and its digest by the algorithm of the one that was sent, which it has to be. */
static enum pqm_st check_manifest(
	struct registry *g, pqm_bytes text, pqm_bytes asked, pqm_bytes *digest, struct pqm_err *err)
{
	pqm_bytes sent = asked.n > 0
		? asked
		: pqm_http_header(pqm_buf_bytes(&g->head), "Docker-Content-Digest");
	uint8_t hash[PQM_DIGEST_BYTES_MAX];
	char hex[2 * PQM_DIGEST_BYTES_MAX + 1];
	struct pqm_digest *d;
	size_t n;

	if (!pqm_oci_is_digest(sent))
		sent = (pqm_bytes){ NULL, 0 };
	d = pqm_digest_new(pqm_starts(sent, PQM_LIT("sha512:")));
	if (d == NULL)
		return pqm_fail(err, PQM_ENOMEM, "out of memory for a manifest");
	pqm_digest_add(d, text);
	n = pqm_digest_end(d, hash);
	pqm_digest_free(d);
	pqm_hex(hex, hash, n);
	*digest = pqm_arena_f(&g->arena, "sha%s:%s", n == 32 ? "256" : "512", hex);
	if (sent.n > 0 && !pqm_eq(sent, *digest))
		return pqm_fail(err, PQM_EPARSE,
			"registry %s: the manifest has another digest than %.*s", g->host,
			PQM_FMT(sent));
	return PQM_OK;
}

/* The manifest or index that the reference names; what a digest says is checked. */
static enum pqm_st fetch_root(struct registry *g, struct pqm_err *err)
{
	bool by_digest = g->ref.digest.n > 0;
	pqm_bytes name = by_digest ? g->ref.digest : g->ref.tag;
	const char *path = (const char *)pqm_arena_f(
		&g->arena, "/v2/%.*s/manifests/%.*s", PQM_FMT(g->ref.repo), PQM_FMT(name))
				   .p;
	struct pqm_http_reply r = { 0 };
	struct pqm_buf b;
	enum pqm_st st;

	if (path == NULL)
		return pqm_fail(err, PQM_ENOMEM, "out of memory for a manifest");
	pqm_buf_init(&b, PQM_OCI_MANIFEST_BYTES);
	st = fetch(g, path, &r, &b, err);
	g->root_text = pqm_bytes_dup(&g->arena, pqm_buf_bytes(&b));
	pqm_buf_fini(&b);
	if (st == PQM_OK && g->root_text.p == NULL)
		st = pqm_fail(err, PQM_ENOMEM, "out of memory for a manifest");
	if (st == PQM_OK)
		st = check_manifest(g, g->root_text, g->ref.digest, &g->root_digest, err);
	return st;
}

/* [distribution spec 1.1: listing referrers] the answer is JSON: whoever answers every path with a page has none. */
static enum pqm_st registry_ask(
	struct pqm_store_of *s, const struct pqm_wish *w, pqm_bytes *out, struct pqm_err *err)
{
	struct registry *g = (struct registry *)s;
	const char *path = (const char *)pqm_arena_f(
		&g->arena, "/v2/%.*s/%s/%.*s", PQM_FMT(g->ref.repo), w->kind, PQM_FMT(w->name))
				   .p;
	bool is_manifest = strcmp(w->kind, "manifests") == 0;
	struct pqm_http_reply r = { 0 };
	pqm_bytes head, digest;
	struct pqm_buf b;
	enum pqm_st st;

	if (path == NULL)
		return pqm_fail(err, PQM_ENOMEM, "out of memory for a request");
	pqm_buf_init(&b, PQM_OCI_MANIFEST_BYTES);
	g->is_optional = true;
	st = fetch(g, path, &r, &b, err);
	g->is_optional = false;
	head = pqm_buf_bytes(&g->head);
	if (st == PQM_OK && r.status == 200 &&
		pqm_find(pqm_http_header(head, "Content-Type"), 0, PQM_LIT("json")) != SIZE_MAX) {
		*out = pqm_bytes_dup(w->arena, pqm_buf_bytes(&b));
		if (out->p == NULL)
			st = pqm_fail(err, PQM_ENOMEM, "out of memory for a manifest");
		else if (is_manifest)
			st = check_manifest(g, *out, (pqm_bytes){ NULL, 0 }, &digest, err);
		else if (pqm_http_header(head, "Link").n > 0)
			st = pqm_fail(
				err, PQM_ELIMIT, "the list of what refers to it has more pages");
	}
	pqm_buf_fini(&b);
	return st;
}

enum pqm_st pqm_image_registry(
	const char *target, const char *spec, struct pqm_sink *s, struct pqm_err *err)
{
	struct registry g = { .store = { pqm_registry_open, NULL, false, registry_ask } };
	struct pqm_oci_desc root = { 0 };
	struct pqm_oci_manifest index = { .is_index = true, .list = &root, .n = 1 };
	enum pqm_st st;

	pqm_arena_init(&g.arena, PQM_ARENA_BYTES);
	pqm_arena_init(&g.secret, PQM_ARENA_BYTES);
	pqm_buf_init(&g.head, PQM_REGISTRY_ANSWER_BYTES);
	st = pqm_oci_ref_parse(&g.ref, pqm_str(spec), &g.arena, err);
	if (st == PQM_OK)
		st = use_mirror(&g, s->images, err);
	if (st == PQM_OK)
		st = connect_to(&g, s->images, err);
	if (st == PQM_OK)
		st = fetch_root(&g, err);
	if (st == PQM_OK && (g.is_plain || g.is_insecure))
		s->note(s, pqm_str(target), "unverified",
			g.is_plain ? "asked without TLS: whoever is between could have answered"
				   : "the certificate of the registry was not checked");
	root.digest = g.root_digest;
	root.size = g.root_text.n;
	root.has_size = true;
	if (st == PQM_OK)
		st = pqm_image_choose(
			&g.store, pqm_str(target), (pqm_bytes){ NULL, 0 }, &index, s, err);
	pqm_http_close(g.http);
	pqm_buf_wipe(&g.head);
	pqm_arena_wipe(&g.secret);
	pqm_arena_fini(&g.secret);
	pqm_arena_fini(&g.arena);
	return st;
}
