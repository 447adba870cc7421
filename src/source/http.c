/*
 * libcurl is loaded when the first client is opened: with the thirty libraries that it needs, linking it
 * would double the start of every run that contacts nothing.
 */
#include "http.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <dlfcn.h>
#include <pthread.h>
#include <sys/socket.h>

#include "base/arena.h"
#include "base/num.h"

/* What is held of a body before the other side has to wait. */
#define PENDING_BYTES ((size_t)1 << 20)
#define POLL_MS 200

/* Bytes a second; who sends less for idle_s holds us, and does not answer. */
#define SPEED_MIN 1024L

static struct {
	void *lib;
	CURLcode (*global_init)(long);
	CURL *(*init)(void);
	CURLcode (*setopt)(CURL *, CURLoption, ...);
	CURLcode (*perform)(CURL *);
	CURLcode (*getinfo)(CURL *, CURLINFO, ...);
	void (*cleanup)(CURL *);
	const char *(*words)(CURLcode);
	struct curl_slist *(*append)(struct curl_slist *, const char *);
	void (*free_list)(struct curl_slist *);
	CURLcode (*pause)(CURL *, int);
	CURLM *(*multi_init)(void);
	CURLMcode (*multi_add)(CURLM *, CURL *);
	CURLMcode (*multi_remove)(CURLM *, CURL *);
	CURLMcode (*multi_perform)(CURLM *, int *);
	CURLMcode (*multi_poll)(CURLM *, struct curl_waitfd *, unsigned, int, int *);
	CURLMsg *(*multi_info)(CURLM *, int *);
	CURLMcode (*multi_cleanup)(CURLM *);
	bool is_ready;
} curl;

static pthread_once_t once = PTHREAD_ONCE_INIT;

struct pqm_http {
	CURL *easy;
	const struct pqm_http_config *config;
	struct curl_slist *connect_to;
	struct pqm_buf *body;
	char words[CURL_ERROR_SIZE];
	bool is_over, is_refused; /* refused: an address that may not be reached */
	/* Of a body that is read as it comes. */
	CURLM *multi;
	struct curl_slist *headers;
	struct pqm_buf *head, pending;
	bool is_streaming, is_paused, is_done, has_unread;
	CURLcode result;
};

static bool bind_name(const char *name, void *function)
{
	void *p = dlsym(curl.lib, name);

	memcpy(function, &p, sizeof(p));
	return p != NULL;
}

static void load(void)
{
	curl.lib = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
	curl.is_ready = curl.lib != NULL && bind_name("curl_global_init", &curl.global_init) &&
		bind_name("curl_easy_init", &curl.init) &&
		bind_name("curl_easy_setopt", &curl.setopt) &&
		bind_name("curl_easy_perform", &curl.perform) &&
		bind_name("curl_easy_getinfo", &curl.getinfo) &&
		bind_name("curl_easy_cleanup", &curl.cleanup) &&
		bind_name("curl_easy_strerror", &curl.words) &&
		bind_name("curl_slist_append", &curl.append) &&
		bind_name("curl_slist_free_all", &curl.free_list) &&
		bind_name("curl_easy_pause", &curl.pause) &&
		bind_name("curl_multi_init", &curl.multi_init) &&
		bind_name("curl_multi_add_handle", &curl.multi_add) &&
		bind_name("curl_multi_remove_handle", &curl.multi_remove) &&
		bind_name("curl_multi_perform", &curl.multi_perform) &&
		bind_name("curl_multi_poll", &curl.multi_poll) &&
		bind_name("curl_multi_info_read", &curl.multi_info) &&
		bind_name("curl_multi_cleanup", &curl.multi_cleanup) &&
		curl.global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

static size_t on_body(char *p, size_t size, size_t n, void *ctx)
{
	struct pqm_http *h = ctx;

	if (h->is_streaming && h->pending.n >= PENDING_BYTES) {
		h->is_paused = true;
		return CURL_WRITEFUNC_PAUSE;
	}
	if (!pqm_buf_add(h->body, (pqm_bytes){ (const uint8_t *)p, size * n })) {
		h->is_over = true;
		return 0;
	}
	return size * n;
}

static size_t on_header(char *p, size_t size, size_t n, void *ctx)
{
	struct pqm_http *h = ctx;
	pqm_bytes line = { (const uint8_t *)p, size * n };

	if (h->head == NULL)
		return line.n;
	/* Of several answers (100 Continue, a proxy's) the last one counts. */
	if (pqm_starts(line, PQM_LIT("HTTP/")))
		h->head->n = 0;
	return pqm_buf_add(h->head, line) ? line.n : 0;
}

static int on_progress(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	const struct pqm_http *h = ctx;

	(void)a, (void)b, (void)c, (void)d;
	return h->config->stop != NULL && *h->config->stop != 0;
}

static curl_socket_t on_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *to)
{
	struct pqm_http *h = ctx;
	const void *at = to->family == AF_INET6
		? (const void *)&((const struct sockaddr_in6 *)(const void *)&to->addr)->sin6_addr
		: (const void *)&((const struct sockaddr_in *)(const void *)&to->addr)->sin_addr;
	char text[INET6_ADDRSTRLEN];

	(void)purpose;
	if (h->config->may_reach != NULL &&
		((to->family != AF_INET && to->family != AF_INET6) ||
			inet_ntop(to->family, at, text, sizeof(text)) == NULL ||
			!h->config->may_reach(h->config->reach_ctx, text))) {
		h->is_refused = true;
		return CURL_SOCKET_BAD;
	}
	return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

static CURLcode set_blob(struct pqm_http *h, CURLoption option, pqm_bytes pem)
{
	struct curl_blob blob = { (void *)(uintptr_t)pem.p, pem.n, CURL_BLOB_NOCOPY };

	return pem.n == 0 ? CURLE_OK : curl.setopt(h->easy, option, &blob);
}

static CURLcode set_trust(struct pqm_http *h)
{
	const struct pqm_http_config *c = h->config;
	CURLcode rc = set_blob(h, CURLOPT_CAINFO_BLOB, c->ca);

	if (rc == CURLE_OK && c->no_verify)
		rc = curl.setopt(h->easy, CURLOPT_SSL_VERIFYPEER, 0L);
	if (rc == CURLE_OK && c->no_verify)
		rc = curl.setopt(h->easy, CURLOPT_SSL_VERIFYHOST, 0L);
	return rc;
}

static CURLcode set_route(struct pqm_http *h)
{
	const struct pqm_http_config *c = h->config;
	CURLcode rc = CURLE_OK;

	if (c->proxy != NULL)
		rc = curl.setopt(h->easy, CURLOPT_PROXY, c->proxy);
	if (rc == CURLE_OK && c->proxy != NULL)
		rc = curl.setopt(h->easy, CURLOPT_NOPROXY, "");
	if (rc == CURLE_OK && c->connect_to != NULL) {
		h->connect_to = curl.append(NULL, c->connect_to);
		rc = h->connect_to == NULL
			? CURLE_OUT_OF_MEMORY
			: curl.setopt(h->easy, CURLOPT_CONNECT_TO, h->connect_to);
	}
	if (rc == CURLE_OK && c->user_password != NULL)
		rc = curl.setopt(h->easy, CURLOPT_USERPWD, c->user_password);
	return rc;
}

static CURLcode set_all(struct pqm_http *h)
{
	const struct pqm_http_config *c = h->config;

	const struct {
		CURLoption option;
		long value;
	} numbers[] = {
		{ CURLOPT_NOSIGNAL, 1 },
		{ CURLOPT_FOLLOWLOCATION, 0 },
		{ CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1 },
		{ CURLOPT_CONNECTTIMEOUT_MS, (long)c->connect_ms },
		{ CURLOPT_TIMEOUT_MS, (long)c->total_ms },
		{ CURLOPT_LOW_SPEED_LIMIT, SPEED_MIN },
		{ CURLOPT_LOW_SPEED_TIME, (long)c->idle_s },
		{ CURLOPT_TCP_KEEPALIVE, 1 },
		{ CURLOPT_NOPROGRESS, 0 },
		{ CURLOPT_BUFFERSIZE, 128L << 10 },
		{ CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2 },
	};

	const struct {
		CURLoption option;
		const void *value;
	} pointers[] = {
		{ CURLOPT_ERRORBUFFER, h->words },
		{ CURLOPT_ACCEPT_ENCODING, "gzip" },
		{ CURLOPT_PROTOCOLS_STR, "http,https" },
		{ CURLOPT_WRITEDATA, h },
		{ CURLOPT_XFERINFODATA, h },
		{ CURLOPT_HEADERDATA, h },
		{ CURLOPT_OPENSOCKETDATA, h },
	};

	CURLcode rc = CURLE_OK;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]) && rc == CURLE_OK; i++)
		rc = curl.setopt(h->easy, numbers[i].option, numbers[i].value);
	for (size_t i = 0; i < sizeof(pointers) / sizeof(pointers[0]) && rc == CURLE_OK; i++)
		rc = curl.setopt(h->easy, pointers[i].option, pointers[i].value);
	if (rc == CURLE_OK)
		rc = curl.setopt(h->easy, CURLOPT_WRITEFUNCTION, on_body);
	if (rc == CURLE_OK)
		rc = curl.setopt(h->easy, CURLOPT_HEADERFUNCTION, on_header);
	if (rc == CURLE_OK)
		rc = curl.setopt(h->easy, CURLOPT_XFERINFOFUNCTION, on_progress);
	if (rc == CURLE_OK)
		rc = curl.setopt(h->easy, CURLOPT_OPENSOCKETFUNCTION, on_socket);
	if (rc == CURLE_OK)
		rc = set_trust(h);
	if (rc == CURLE_OK)
		rc = set_route(h);
	if (rc == CURLE_OK)
		rc = set_blob(h, CURLOPT_SSLCERT_BLOB, c->cert);
	return rc == CURLE_OK ? set_blob(h, CURLOPT_SSLKEY_BLOB, c->key) : rc;
}

enum pqm_st pqm_http_open(
	struct pqm_http **out, const struct pqm_http_config *c, struct pqm_err *err)
{
	struct pqm_http *h;
	CURLcode rc;

	(void)pthread_once(&once, load);
	if (!curl.is_ready)
		return pqm_fail(err, PQM_EUSAGE,
			"libcurl.so.4 is missing: clusters and registries are asked through it "
			"(Debian: apt "
			"install libcurl4)");
	h = pqm_calloc(1, sizeof(*h));
	if (h == NULL)
		return pqm_fail(err, PQM_ENOMEM, "out of memory for a connection");
	h->config = c;
	h->easy = curl.init();
	rc = h->easy == NULL ? CURLE_OUT_OF_MEMORY : set_all(h);
	if (rc != CURLE_OK) {
		pqm_http_close(h);
		return pqm_fail(err, PQM_EUSAGE, "libcurl: %s", curl.words(rc));
	}
	*out = h;
	return PQM_OK;
}

void pqm_http_close(struct pqm_http *h)
{
	if (h == NULL)
		return;
	pqm_http_stop(h);
	if (h->multi != NULL)
		(void)curl.multi_cleanup(h->multi);
	if (h->easy != NULL)
		curl.cleanup(h->easy);
	pqm_buf_fini(&h->pending);
	curl.free_list(h->connect_to);
	pqm_free(h);
}

void pqm_http_identity(struct pqm_http *h, pqm_bytes cert, pqm_bytes key)
{
	/* What was there before may be gone, and is not kept where there is none now. */
	(void)curl.setopt(h->easy, CURLOPT_SSLCERT_BLOB, NULL);
	(void)curl.setopt(h->easy, CURLOPT_SSLKEY_BLOB, NULL);
	(void)set_blob(h, CURLOPT_SSLCERT_BLOB, cert);
	(void)set_blob(h, CURLOPT_SSLKEY_BLOB, key);
	(void)curl.setopt(h->easy, CURLOPT_FRESH_CONNECT, 1L);
}

/* What another try will not change: names, certificates, our own settings, being stopped. */
static bool is_final(CURLcode rc)
{
	switch ((int)rc) {
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_URL_MALFORMAT:
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_ABORTED_BY_CALLBACK:
	case CURLE_BAD_FUNCTION_ARGUMENT:
	case CURLE_OUT_OF_MEMORY:
		return true;
	default:
		return false;
	}
}

static enum pqm_st told(
	struct pqm_http *h, CURLcode rc, struct pqm_http_reply *r, struct pqm_err *err)
{
	const char *words = h->words[0] != '\0' ? h->words : curl.words(rc);

	r->is_final = is_final(rc) || (rc != CURLE_OK && h->is_refused);
	if (rc == CURLE_OK)
		return PQM_OK;
	if (h->is_refused)
		return pqm_fail(err, PQM_ENET, "the deny list forbids its address");
	if (h->is_over)
		return pqm_fail(err, PQM_ELIMIT, "the answer is over the limit of %zu MiB",
			h->body->max >> 20);
	if (rc == CURLE_ABORTED_BY_CALLBACK)
		return pqm_fail(err, PQM_ENET, "interrupted");
	return pqm_fail(err, PQM_ENET, "%s", words);
}

static CURLcode make_list(struct curl_slist **list, const char *const *headers)
{
	for (size_t i = 0; headers[i] != NULL; i++) {
		struct curl_slist *grown = curl.append(*list, headers[i]);

		if (grown == NULL)
			return CURLE_OUT_OF_MEMORY;
		*list = grown;
	}
	return CURLE_OK;
}

/* Headers may hold tokens. */
static void free_wiped(struct curl_slist *list)
{
	for (struct curl_slist *l = list; l != NULL; l = l->next)
		pqm_wipe(l->data, strlen(l->data));
	curl.free_list(list);
}

enum pqm_st pqm_http_get(struct pqm_http *h, const char *url, const char *const *headers,
	struct pqm_buf *body, struct pqm_http_reply *r, struct pqm_err *err)
{
	struct curl_slist *list = NULL;
	uint64_t start = pqm_now_ns();
	CURLcode rc = CURLE_OK;
	curl_off_t wait = 0;
	long status = 0;

	*r = (struct pqm_http_reply){ 0 };
	h->body = body;
	h->is_over = h->is_refused = false;
	h->words[0] = '\0';
	rc = make_list(&list, headers);
	if (rc == CURLE_OK)
		rc = curl.setopt(h->easy, CURLOPT_HTTPHEADER, list);
	if (rc == CURLE_OK)
		rc = curl.setopt(h->easy, CURLOPT_URL, url);
	if (rc == CURLE_OK)
		rc = curl.perform(h->easy);
	(void)curl.setopt(h->easy, CURLOPT_FRESH_CONNECT, 0L);
	(void)curl.setopt(h->easy, CURLOPT_HTTPHEADER, NULL);
	if (rc == CURLE_OK) {
		(void)curl.getinfo(h->easy, CURLINFO_RESPONSE_CODE, &status);
		(void)curl.getinfo(h->easy, CURLINFO_RETRY_AFTER, &wait);
		r->status = (unsigned)status;
		r->wait_ms = wait > 0 ? (uint64_t)wait * 1000 : 0;
	}
	free_wiped(list);
	enum pqm_st st = told(h, rc, r, err);

	/* What took all the time there is would take it again. */
	if (rc == CURLE_OPERATION_TIMEDOUT &&
		(pqm_now_ns() - start) / 1000000 >= h->config->total_ms)
		r->is_final = true;
	return st;
}

/* Goes on until there is something to read, or the end. */
static void advance(struct pqm_http *h)
{
	int n = 0;
	CURLMsg *m;

	if (h->is_paused && h->pending.n == 0) {
		h->is_paused = false;
		(void)curl.pause(h->easy, CURLPAUSE_CONT);
	}
	if (!h->is_done && curl.multi_perform(h->multi, &n) != CURLM_OK) {
		h->is_done = true;
		h->result = CURLE_OUT_OF_MEMORY;
	}
	while ((m = curl.multi_info(h->multi, &n)) != NULL)
		if (m->msg == CURLMSG_DONE) {
			h->is_done = true;
			h->result = m->data.result;
		}
	if (!h->is_done && h->pending.n == 0)
		(void)curl.multi_poll(h->multi, NULL, 0, POLL_MS, NULL);
}

static CURLcode set_request(struct pqm_http *h, const struct pqm_http_request *q)
{
	CURLcode rc = make_list(&h->headers, q->headers);

	if (rc == CURLE_OK)
		rc = curl.setopt(h->easy, CURLOPT_HTTPHEADER, h->headers);
	if (rc == CURLE_OK)
		rc = curl.setopt(h->easy, CURLOPT_URL, q->url);
	if (rc == CURLE_OK)
		rc = curl.setopt(h->easy, CURLOPT_ACCEPT_ENCODING, NULL);
	if (rc == CURLE_OK && q->post != NULL)
		rc = curl.setopt(h->easy, CURLOPT_COPYPOSTFIELDS, q->post);
	else if (rc == CURLE_OK)
		rc = curl.setopt(h->easy, CURLOPT_HTTPGET, 1L);
	return rc;
}

enum pqm_st pqm_http_start(struct pqm_http *h, const struct pqm_http_request *q,
	struct pqm_http_reply *r, struct pqm_err *err)
{
	CURLcode rc = CURLE_OK;
	curl_off_t wait = 0;
	long status = 0;

	pqm_http_stop(h);
	*r = (struct pqm_http_reply){ 0 };
	pqm_buf_init(&h->pending, 2 * PENDING_BYTES);
	h->body = &h->pending;
	h->head = q->head;
	h->is_over = h->is_refused = h->is_done = h->is_paused = false;
	h->words[0] = '\0';
	h->is_streaming = true;
	if (h->multi == NULL)
		h->multi = curl.multi_init();
	rc = h->multi == NULL ? CURLE_OUT_OF_MEMORY : set_request(h, q);
	if (rc == CURLE_OK && curl.multi_add(h->multi, h->easy) != CURLM_OK)
		rc = CURLE_OUT_OF_MEMORY;
	/* The headers are there when the first byte of the body is, or the end. */
	while (rc == CURLE_OK && !h->is_done && h->pending.n == 0)
		advance(h);
	if (rc == CURLE_OK && h->is_done && h->pending.n == 0)
		rc = h->result;
	if (rc == CURLE_OK) {
		(void)curl.getinfo(h->easy, CURLINFO_RESPONSE_CODE, &status);
		(void)curl.getinfo(h->easy, CURLINFO_RETRY_AFTER, &wait);
		r->status = (unsigned)status;
		r->wait_ms = wait > 0 ? (uint64_t)wait * 1000 : 0;
	}
	enum pqm_st st = told(h, rc, r, err);

	h->has_unread = true;
	if (st != PQM_OK)
		pqm_http_stop(h);
	return st;
}

enum pqm_st pqm_http_read(
	struct pqm_http *h, pqm_bytes *out, struct pqm_http_reply *r, struct pqm_err *err)
{
	if (!h->has_unread)
		h->pending.n = 0;
	h->has_unread = false;
	while (!h->is_done && h->pending.n == 0)
		advance(h);
	*out = pqm_buf_bytes(&h->pending);
	return out->n > 0 ? PQM_OK : told(h, h->result, r, err);
}

void pqm_http_stop(struct pqm_http *h)
{
	if (!h->is_streaming)
		return;
	if (h->multi != NULL)
		(void)curl.multi_remove(h->multi, h->easy);
	(void)curl.setopt(h->easy, CURLOPT_HTTPHEADER, NULL);
	(void)curl.setopt(h->easy, CURLOPT_ACCEPT_ENCODING, "gzip");
	(void)curl.setopt(h->easy, CURLOPT_HTTPGET, 1L);
	free_wiped(h->headers);
	h->headers = NULL;
	h->head = NULL;
	pqm_buf_wipe(&h->pending);
	h->is_streaming = false;
}

pqm_bytes pqm_http_header(pqm_bytes head, const char *name)
{
	pqm_bytes rest = head, line;
	size_t n = strlen(name);

	while (rest.p != NULL && pqm_split(&rest, '\n', &line))
		if (line.n > n && line.p[n] == ':' && pqm_ieq(pqm_sub(line, 0, n), pqm_str(name)))
			return pqm_trim(pqm_sub(line, n + 1, line.n));
	return (pqm_bytes){ NULL, 0 };
}
