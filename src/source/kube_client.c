#include "kube_client.h"

#include "base/limits.h"
#include "base/num.h"
#include "http.h"
#include "kube_config.h"
#include "kube_exec.h"

#define CONNECT_MS 10000u
#define IDLE_S 15u
#define TOTAL_MS 300000u
#define BACKOFF_MS 100u
#define STEP_NS 50000000L
#define HEADERS_MAX 64

struct pqm_kube {
	struct pqm_kube_config config;
	struct pqm_http_config transport;
	struct pqm_http *http;
	struct pqm_arena credential; /* of a plugin or a token file; wiped when it is renewed */
	const char *token;
	const char *base;	 /* URL without a slash at the end */
	const char *host_header; /* or NULL */
	const volatile int *stop;
	bool has_answered;
};

struct url {
	pqm_bytes scheme, host, port, path;
};

/* Just enough of [RFC3986]: no user part, no query, no odd bytes. */
static bool parse_url(pqm_bytes s, struct url *u)
{
	size_t at = pqm_find(s, 0, PQM_LIT("://")), slash, colon;
	pqm_bytes place;

	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] >= 127 ||
			pqm_find_byte(PQM_LIT("@?#\\\""), 0, s.p[i]) != SIZE_MAX)
			return false;
	if (at == SIZE_MAX)
		return false;
	u->scheme = pqm_sub(s, 0, at);
	place = pqm_sub(s, at + 3, s.n);
	slash = pqm_find_byte(place, 0, '/');
	u->path = slash == SIZE_MAX ? (pqm_bytes){ NULL, 0 } : pqm_sub(place, slash, place.n);
	while (u->path.n > 0 && u->path.p[u->path.n - 1] == '/')
		u->path.n--;
	place = pqm_sub(place, 0, slash);
	at = pqm_find_byte(place, 0, ']');
	colon = pqm_find_byte(place, at == SIZE_MAX ? 0 : at, ':');
	u->host = pqm_sub(place, 0, colon);
	u->port = colon == SIZE_MAX ? pqm_eqs(u->scheme, "http") ? PQM_LIT("80") : PQM_LIT("443")
				    : pqm_sub(place, colon + 1, place.n);
	return u->host.n > 0 && u->port.n > 0 &&
		(pqm_eqs(u->scheme, "https") || pqm_eqs(u->scheme, "http"));
}

/* tls-server-name: the URL carries the name that the certificate must have, the connection goes to the
 * server, and so does the Host header. */
static enum pqm_st prepare_url(struct pqm_kube *k, struct pqm_err *err)
{
	struct pqm_kube_config *c = &k->config;
	struct pqm_arena *a = &c->arena;
	pqm_bytes name = pqm_str(c->tls_server_name);
	struct url u;

	if (!parse_url(pqm_str(c->server), &u))
		return pqm_fail(err, PQM_EUSAGE,
			"kubeconfig: context %s: the server must be https://HOST[:PORT][/PATH]",
			c->context);
	if (name.n > 0 && pqm_eqs(u.scheme, "https")) {
		struct url named;
		pqm_bytes url = pqm_arena_f(a, "https://%.*s:%.*s%.*s", PQM_FMT(name),
			PQM_FMT(u.port), PQM_FMT(u.path));

		if (!parse_url(url, &named) || !pqm_eq(named.host, name))
			return pqm_fail(err, PQM_EUSAGE,
				"kubeconfig: context %s: tls-server-name is no host name",
				c->context);
		k->base = (const char *)url.p;
		k->transport.connect_to = (const char *)pqm_arena_f(
			a, "::%.*s:%.*s", PQM_FMT(u.host), PQM_FMT(u.port))
						  .p;
		k->host_header = (const char *)pqm_arena_f(
			a, "Host: %.*s:%.*s", PQM_FMT(u.host), PQM_FMT(u.port))
					 .p;
		return k->base != NULL && k->transport.connect_to != NULL && k->host_header != NULL
			? PQM_OK
			: pqm_fail(err, PQM_ENOMEM, "out of memory for the server's name");
	}
	k->base = (const char *)pqm_arena_f(a, "%.*s://%.*s:%.*s%.*s", PQM_FMT(u.scheme),
		PQM_FMT(u.host), PQM_FMT(u.port), PQM_FMT(u.path))
			  .p;
	if (k->base == NULL)
		return pqm_fail(err, PQM_ENOMEM, "out of memory for the server's name");
	if (pqm_eqs(u.scheme, "http") &&
		(c->token != NULL || c->token_file != NULL || c->exec != NULL ||
			c->user_password != NULL))
		return pqm_fail(err, PQM_EUSAGE,
			"kubeconfig: context %s: the server is http: the credential would go over "
			"the network in the clear",
			c->context);
	return PQM_OK;
}

/* The token as it is now: files are renewed by the kubelet, plugins when the server says no. */
static enum pqm_st renew(struct pqm_kube *k, struct pqm_err *err)
{
	struct pqm_kube_config *c = &k->config;
	struct pqm_kube_cred cred = { 0 };
	pqm_bytes text = { NULL, 0 };
	enum pqm_st st = PQM_OK;

	if (c->exec != NULL) {
		pqm_arena_wipe(&k->credential);
		k->token = NULL;
		st = pqm_kube_exec_run(&cred, c, &k->credential, k->stop, err);
		if (st != PQM_OK)
			return st;
		bool has_cert = cred.cert.n > 0 && cred.key.n > 0;

		k->token = cred.token;
		k->transport.cert = has_cert ? cred.cert : c->cert;
		k->transport.key = has_cert ? cred.key : c->key;
		if (k->http != NULL)
			pqm_http_identity(k->http, k->transport.cert, k->transport.key);
	} else if (c->token_file != NULL) {
		pqm_arena_wipe(&k->credential);
		k->token = NULL;
		st = pqm_kube_read(&text, c->token_file, &k->credential, err);
		text = pqm_bytes_dup(&k->credential, pqm_trim(text));
		if (st == PQM_OK && text.n > 0)
			k->token = (const char *)text.p;
	} else {
		k->token = c->token;
	}
	for (const char *p = k->token; st == PQM_OK && p != NULL && *p != '\0'; p++)
		if (*p <= ' ' || *p >= 127)
			st = pqm_fail(
				err, PQM_EUSAGE, "the token has bytes that no header can hold");
	return st;
}

enum pqm_st pqm_kube_open(
	struct pqm_kube **out, const char *context, const volatile int *stop, struct pqm_err *err)
{
	struct pqm_kube *k = pqm_calloc(1, sizeof(*k));
	enum pqm_st st;

	if (k == NULL)
		return pqm_fail(err, PQM_ENOMEM, "out of memory for the cluster");
	pqm_arena_init(&k->credential, (size_t)16 << 20);
	k->stop = stop;
	st = pqm_kube_config_load(&k->config, context, err);
	if (st == PQM_OK)
		st = prepare_url(k, err);
	k->transport.ca = k->config.ca;
	k->transport.cert = k->config.cert;
	k->transport.key = k->config.key;
	k->transport.no_verify = k->config.no_verify;
	k->transport.proxy = k->config.proxy;
	k->transport.user_password = k->config.user_password;
	k->transport.connect_ms = CONNECT_MS;
	k->transport.idle_s = IDLE_S;
	k->transport.total_ms = TOTAL_MS;
	k->transport.stop = stop;
	if (st == PQM_OK)
		st = renew(k, err);
	if (st == PQM_OK)
		st = pqm_http_open(&k->http, &k->transport, err);
	if (st != PQM_OK) {
		pqm_kube_close(k);
		return st;
	}
	*out = k;
	return PQM_OK;
}

void pqm_kube_close(struct pqm_kube *k)
{
	if (k == NULL)
		return;
	pqm_http_close(k->http);
	pqm_arena_wipe(&k->credential);
	pqm_arena_fini(&k->credential);
	pqm_kube_config_fini(&k->config);
	pqm_free(k);
}

const char *pqm_kube_context(const struct pqm_kube *k)
{
	return k->config.context;
}

const char *pqm_kube_server(const struct pqm_kube *k)
{
	return k->base;
}

bool pqm_kube_is_unverified(const struct pqm_kube *k)
{
	return k->config.no_verify;
}

static bool is_stopped(const struct pqm_kube *k)
{
	return k->stop != NULL && *k->stop != 0;
}

static void wait_ms(const struct pqm_kube *k, uint64_t ms)
{
	uint64_t end = pqm_now_ns() + ms * 1000000;

	for (uint64_t now = pqm_now_ns(); now < end && !is_stopped(k); now = pqm_now_ns()) {
		uint64_t left = end - now;
		struct timespec step = { 0, left < STEP_NS ? (long)left : STEP_NS };

		(void)nanosleep(&step, NULL);
	}
}

/* What the server asks for, or twice the wait of the try before, less up to a quarter. */
static uint64_t pause_of(unsigned try, uint64_t asked_ms)
{
	uint64_t ms = (uint64_t)BACKOFF_MS << (try < 16 ? try : 16);

	if (asked_ms > 0)
		ms = asked_ms;
	else
		ms -= ms / 4 * (pqm_now_ns() % 1024) / 1024;
	return ms < PQM_KUBE_WAIT_MS ? ms : PQM_KUBE_WAIT_MS;
}

static enum pqm_st ask_once(struct pqm_kube *k, const char *url, const char *accept,
	struct pqm_buf *body, struct pqm_http_reply *r, struct pqm_err *err)
{
	const char *headers[HEADERS_MAX + 1] = { "User-Agent: pqmap/" PQM_VERSION, NULL };
	struct pqm_arena a;
	size_t n = 1;
	enum pqm_st st = PQM_OK;

	pqm_arena_init(&a, (size_t)4 << 20);
	headers[n++] = (const char *)pqm_arena_f(&a, "Accept: %s", accept).p;
	if (k->host_header != NULL)
		headers[n++] = k->host_header;
	if (k->token != NULL)
		headers[n++] =
			(const char *)pqm_arena_f(&a, "Authorization: Bearer %s", k->token).p;
	for (size_t i = 0; k->config.impersonate != NULL && k->config.impersonate[i] != NULL; i++) {
		if (n == HEADERS_MAX) {
			st = pqm_fail(err, PQM_ELIMIT, "kubeconfig: more than 50 impersonations");
			break;
		}
		headers[n++] = k->config.impersonate[i];
	}
	for (size_t i = 0; i < n && st == PQM_OK; i++)
		if (headers[i] == NULL)
			st = pqm_fail(err, PQM_ENOMEM, "out of memory for a request");
	if (st == PQM_OK)
		st = pqm_http_get(k->http, url, headers, body, r, err);
	pqm_arena_wipe(&a);
	pqm_arena_fini(&a);
	return st;
}

static bool is_worth_another(enum pqm_st st, const struct pqm_http_reply *r)
{
	if (st == PQM_ENET)
		return !r->is_final;
	return st == PQM_OK && (r->status == 429 || (r->status >= 500 && r->status != 501));
}

enum pqm_st pqm_kube_get(struct pqm_kube *k, const char *path, const char *accept,
	struct pqm_buf *body, unsigned *status, struct pqm_err *err)
{
	struct pqm_http_reply r = { 0 };
	struct pqm_err why = { 0 };
	struct pqm_buf url;
	bool is_renewed = false;
	enum pqm_st st;

	pqm_buf_init(&url, (size_t)1 << 20);
	(void)pqm_buf_f(&url, "%s%s", k->base, path);
	if (!pqm_buf_byte(&url, '\0'))
		return pqm_fail(err, PQM_ELIMIT, "a request over the limit of 1 MiB");
	for (unsigned try = 0;; try++) {
		pqm_wipe(body->p, body->n);
		body->n = 0;
		body->failed = false;
		st = is_stopped(k) ? pqm_fail(&why, PQM_ENET, "interrupted")
				   : ask_once(k, (const char *)url.p, accept, body, &r, &why);
		k->has_answered = k->has_answered || st == PQM_OK;
		if (st == PQM_OK && r.status == 401 && !is_renewed) {
			is_renewed = true;
			st = renew(k, &why);
			if (st == PQM_OK)
				continue;
		}
		if (is_stopped(k) || !is_worth_another(st, &r) ||
			try + 1 >= (k->has_answered ? PQM_KUBE_TRIES : PQM_KUBE_FIRST_TRIES))
			break;
		wait_ms(k, pause_of(try, r.wait_ms));
	}
	pqm_buf_fini(&url);
	*status = r.status;
	if (st == PQM_OK && is_worth_another(st, &r))
		return pqm_fail(err, PQM_ENET, "%s answers %u again and again", k->base, r.status);
	return st == PQM_OK ? PQM_OK : pqm_fail(err, st, "%s: %s", k->base, why.msg);
}
