#include "loop.h"

#include <netinet/in.h>

#include "base/num.h"

/* Header of an answer to CONNECT: proxies add a page of their own behind it, not in it. */
#define HEAD_BYTES 8192
#define INTERIM_MAX 4

/* ---- the URL ---- */

/* Percent-decoding [RFC3986 §2.1] into a text of at most 255 bytes without NUL. */
static bool decode(char out[256], pqm_bytes in)
{
	size_t n = 0;

	for (size_t i = 0; i < in.n; i++) {
		uint8_t c = in.p[i];

		if (c == '%') {
			int hi = in.n - i > 2 ? pqm_hex_digit(in.p[i + 1]) : -1;
			int lo = hi >= 0 ? pqm_hex_digit(in.p[i + 2]) : -1;

			if (hi < 0 || lo < 0)
				return false;
			c = (uint8_t)(hi << 4 | lo);
			i += 2;
		}
		if (c == 0 || n >= 255)
			return false;
		out[n++] = (char)c;
	}
	out[n] = '\0';
	return true;
}

static const char *read_login(struct probe_proxy *p, pqm_bytes login)
{
	size_t colon = pqm_find_byte(login, 0, ':');

	if (!decode(p->user, pqm_sub(login, 0, colon)) ||
		(colon != SIZE_MAX && !decode(p->password, pqm_sub(login, colon + 1, SIZE_MAX))))
		return "the user name or password is too long or badly encoded";
	/* Basic credentials end the name at the first colon [RFC7617 §2]. */
	if (!p->is_socks && strchr(p->user, ':') != NULL)
		return "a user name with ':' cannot be sent over HTTP";
	return p->user[0] == '\0' ? "the user name is missing before '@'" : NULL;
}

static const char *read_authority(struct probe_proxy *p, pqm_bytes a)
{
	size_t at = SIZE_MAX, end;
	uint64_t port;

	for (size_t i = 0; i < a.n; i++)
		if (a.p[i] == '@')
			at = i;
	if (at != SIZE_MAX) {
		const char *bad = read_login(p, pqm_sub(a, 0, at));

		if (bad != NULL)
			return bad;
		a = pqm_sub(a, at + 1, SIZE_MAX);
	}
	pqm_bytes host;

	if (a.n > 0 && a.p[0] == '[') {
		end = pqm_find_byte(a, 0, ']');
		if (end == SIZE_MAX)
			return "'[' without ']'";
		host = pqm_sub(a, 1, end - 1);
		a = pqm_sub(a, end + 1, SIZE_MAX);
	} else {
		end = pqm_find_byte(a, 0, ':');
		host = pqm_sub(a, 0, end);
		a = end == SIZE_MAX ? (pqm_bytes){ NULL, 0 } : pqm_sub(a, end, SIZE_MAX);
	}
	if (host.n == 0 || host.n >= sizeof(p->host) || memchr(host.p, '%', host.n) != NULL)
		return "the host is missing or too long";
	memcpy(p->host, host.p, host.n);
	p->host[host.n] = '\0';
	p->port = p->is_socks ? 1080 : 8080;
	if (a.n == 0)
		return NULL;
	if (a.p[0] != ':' || !pqm_u64_parse(pqm_sub(a, 1, SIZE_MAX), 65535, &port) || port == 0)
		return "the port is no number from 1 to 65535";
	p->port = (uint16_t)port;
	return NULL;
}

static const char *read_url(struct probe_proxy *p, pqm_bytes url)
{
	static const struct {
		const char *text;
		bool is_socks;
	} scheme[] = { { "http://", false }, { "socks5://", true }, { "socks5h://", true } };

	pqm_bytes a = { NULL, 0 };

	*p = (struct probe_proxy){ 0 };
	for (size_t i = 0; i < sizeof(scheme) / sizeof(scheme[0]); i++) {
		pqm_bytes s = pqm_str(scheme[i].text);

		if (!pqm_ieq(pqm_sub(url, 0, s.n), s))
			continue;
		a = pqm_sub(url, s.n, SIZE_MAX);
		p->is_socks = scheme[i].is_socks;
	}
	if (a.p == NULL)
		return "write http://HOST:PORT or socks5://HOST:PORT";
	if (a.n > 0 && a.p[a.n - 1] == '/')
		a.n--;
	return read_authority(p, a);
}

enum pqm_st probe_proxy_parse(struct probe_proxy *out, const char *url, struct pqm_err *err)
{
	const char *bad = read_url(out, pqm_str(url));

	/* Never the URL itself: it may hold a password. */
	return bad == NULL ? PQM_OK : pqm_fail(err, PQM_EUSAGE, "the proxy's address: %s", bad);
}

/* ---- the machine ---- */

enum state { HTTP_HEAD, SOCKS_METHOD, SOCKS_LOGIN, SOCKS_REPLY, OPENED, REFUSED };

struct machine {
	struct probe_proxy proxy;
	char host[256];
	uint16_t port;
	enum state state;
	unsigned n_interim;
	char words[96];
};

void *probe_proxy_new(const char *proxy_url, const char *host, uint16_t port)
{
	struct machine *m = pqm_calloc(1, sizeof(*m));
	size_t n = strlen(host);

	if (m == NULL)
		return NULL;
	if (n > 0 && host[n - 1] == '.')
		n--;
	if (n == 0 || n > 255 || read_url(&m->proxy, pqm_str(proxy_url)) != NULL) {
		pqm_free(m);
		return NULL;
	}
	memcpy(m->host, host, n);
	m->port = port;
	return m;
}

static enum probe_want refuse(struct machine *m, const char *words)
{
	m->state = REFUSED;
	(void)snprintf(m->words, sizeof(m->words), "%s", words);
	return PROBE_DONE;
}

static void add_base64(struct pqm_buf *out, pqm_bytes in)
{
	static const char digit[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < in.n; i += 3) {
		uint32_t v = (uint32_t)in.p[i] << 16;

		v |= i + 1 < in.n ? (uint32_t)in.p[i + 1] << 8 : 0;
		v |= i + 2 < in.n ? in.p[i + 2] : 0;
		(void)pqm_buf_byte(out, (uint8_t)digit[v >> 18]);
		(void)pqm_buf_byte(out, (uint8_t)digit[v >> 12 & 63]);
		(void)pqm_buf_byte(out, i + 1 < in.n ? (uint8_t)digit[v >> 6 & 63] : '=');
		(void)pqm_buf_byte(out, i + 2 < in.n ? (uint8_t)digit[v & 63] : '=');
	}
}

/* [RFC9110 §9.3.6]: the authority form, with the port always. */
static void add_connect(struct machine *m, struct pqm_buf *out)
{
	bool is_v6 = strchr(m->host, ':') != NULL;
	const char *open = is_v6 ? "[" : "", *close = is_v6 ? "]" : "";

	(void)pqm_buf_f(out, "CONNECT %s%s%s:%u HTTP/1.1\r\nHost: %s%s%s:%u\r\n", open, m->host,
		close, m->port, open, m->host, close, m->port);
	if (m->proxy.user[0] != '\0') {
		char pair[512];
		int n = snprintf(pair, sizeof(pair), "%s:%s", m->proxy.user, m->proxy.password);

		(void)pqm_buf_add(out, PQM_LIT("Proxy-Authorization: Basic "));
		add_base64(out, (pqm_bytes){ (const uint8_t *)pair, (size_t)n });
		(void)pqm_buf_add(out, PQM_LIT("\r\n"));
		pqm_wipe(pair, sizeof(pair));
	}
	(void)pqm_buf_add(out, PQM_LIT("\r\n"));
}

/* [RFC1928 §4]: an address as such, a name for the proxy to resolve. */
static void add_socks_request(struct machine *m, struct pqm_buf *out)
{
	struct probe_addr a;
	pqm_bytes host = pqm_str(m->host);

	(void)pqm_buf_add(out, (pqm_bytes){ (const uint8_t[]){ 5, 1, 0 }, 3 });
	if (probe_addr_parse(&a, host)) {
		bool is_v4 = a.family == AF_INET;

		(void)pqm_buf_byte(out, is_v4 ? 1 : 4);
		(void)pqm_buf_add(out, (pqm_bytes){ a.ip, is_v4 ? 4 : 16 });
	} else {
		(void)pqm_buf_byte(out, 3);
		(void)pqm_buf_byte(out, (uint8_t)host.n);
		(void)pqm_buf_add(out, host);
	}
	(void)pqm_buf_byte(out, (uint8_t)(m->port >> 8));
	(void)pqm_buf_byte(out, (uint8_t)m->port);
	m->state = SOCKS_REPLY;
}

static enum probe_want start(void *self, struct pqm_buf *out)
{
	struct machine *m = self;
	bool has_login = m->proxy.user[0] != '\0';

	if (!m->proxy.is_socks) {
		m->state = HTTP_HEAD;
		add_connect(m, out);
		return PROBE_READ;
	}
	m->state = SOCKS_METHOD;
	(void)pqm_buf_add(out, has_login ? PQM_LIT("\x05\x02\x00\x02") : PQM_LIT("\x05\x01\x00"));
	return PROBE_READ;
}

/* Bytes up to and with the empty line; 0: not there yet. */
static size_t head_bytes(pqm_bytes in)
{
	for (size_t i = 0; (i = pqm_find_byte(in, i, '\n')) != SIZE_MAX; i++) {
		if (i + 1 < in.n && in.p[i + 1] == '\n')
			return i + 2;
		if (i + 2 < in.n && in.p[i + 1] == '\r' && in.p[i + 2] == '\n')
			return i + 3;
	}
	return 0;
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static enum probe_want http_head(struct machine *m, pqm_bytes in, size_t *used)
{
	pqm_bytes magic = PQM_LIT("HTTP/1.");
	size_t n = in.n < magic.n ? in.n : magic.n;

	if (memcmp(in.p, magic.p, n) != 0)
		return refuse(m, "the proxy does not speak HTTP");
	size_t head = head_bytes(in);

	if ((head == 0 ? in.n : head) > HEAD_BYTES)
		return refuse(m, "the proxy's answer has no end");
	if (head == 0)
		return PROBE_READ;
	/* "HTTP/1.x NNN" */
	if (head < 13 || in.p[8] != ' ' || !is_digit(in.p[9]) || !is_digit(in.p[10]) ||
		!is_digit(in.p[11]) || is_digit(in.p[12]))
		return refuse(m, "the proxy's answer has no status");
	*used = head;
	if (in.p[9] == '2') {
		m->state = OPENED;
		return PROBE_NEXT;
	}
	if (in.p[9] == '1' && m->n_interim++ < INTERIM_MAX)
		return PROBE_READ;
	bool is_login = memcmp(in.p + 9, "407", 3) == 0;

	(void)refuse(m, "");
	(void)snprintf(m->words, sizeof(m->words), "the proxy refuses: %.3s%s",
		(const char *)in.p + 9, is_login ? " (it wants a user name and password)" : "");
	return PROBE_DONE;
}

static enum probe_want socks_method(
	struct machine *m, pqm_bytes in, size_t *used, struct pqm_buf *out)
{
	if (in.p[0] != 5)
		return refuse(m, "the proxy does not speak SOCKS5");
	if (in.n < 2)
		return PROBE_READ;
	*used = 2;
	if (in.p[1] == 0) {
		add_socks_request(m, out);
		return PROBE_READ;
	}
	if (in.p[1] != 2)
		return refuse(m, "the proxy refuses: no way to log in that both know");
	if (m->proxy.user[0] == '\0')
		return refuse(m, "the proxy asks for a login that was not offered");
	/* [RFC1929 §2] */
	pqm_bytes user = pqm_str(m->proxy.user), password = pqm_str(m->proxy.password);

	(void)pqm_buf_byte(out, 1);
	(void)pqm_buf_byte(out, (uint8_t)user.n);
	(void)pqm_buf_add(out, user);
	(void)pqm_buf_byte(out, (uint8_t)password.n);
	(void)pqm_buf_add(out, password);
	m->state = SOCKS_LOGIN;
	return PROBE_READ;
}

static enum probe_want socks_login(
	struct machine *m, pqm_bytes in, size_t *used, struct pqm_buf *out)
{
	if (in.n < 2)
		return PROBE_READ;
	*used = 2;
	/* The version is that of the login, 1; some proxies send 5. */
	if (in.p[1] != 0)
		return refuse(m, "the proxy refuses the user name or password");
	add_socks_request(m, out);
	return PROBE_READ;
}

static const char *socks_words(uint8_t code)
{
	static const char *const words[] = { "", "general failure", "not allowed by its rules",
		"network unreachable", "host unreachable", "connection refused", "TTL expired",
		"command not supported", "address type not supported" };

	return code < sizeof(words) / sizeof(words[0]) ? words[code] : "unknown reason";
}

/* [RFC1928 §6] */
static enum probe_want socks_reply(struct machine *m, pqm_bytes in, size_t *used)
{
	if (in.p[0] != 5)
		return refuse(m, "the proxy does not speak SOCKS5");
	if (in.n >= 2 && in.p[1] != 0) {
		uint8_t code = in.p[1];

		(void)refuse(m, "");
		(void)snprintf(m->words, sizeof(m->words), "the proxy refuses: %s (%u)",
			socks_words(code), code);
		return PROBE_DONE;
	}
	if (in.n < 5)
		return PROBE_READ;
	size_t addr = in.p[3] == 1 ? 4 : in.p[3] == 4 ? 16 : in.p[3] == 3 ? (size_t)1 + in.p[4] : 0;

	if (addr == 0)
		return refuse(m, "the proxy's answer has an unknown address type");
	if (in.n < 4 + addr + 2)
		return PROBE_READ;
	*used = 4 + addr + 2;
	m->state = OPENED;
	return PROBE_NEXT;
}

static enum probe_want input(void *self, pqm_bytes in, size_t *used, struct pqm_buf *out)
{
	struct machine *m = self;

	*used = 0;
	if (in.n == 0)
		return PROBE_READ;
	switch (m->state) {
	case HTTP_HEAD:
		return http_head(m, in, used);
	case SOCKS_METHOD:
		return socks_method(m, in, used, out);
	case SOCKS_LOGIN:
		return socks_login(m, in, used, out);
	case SOCKS_REPLY:
		return socks_reply(m, in, used);
	case OPENED:
		return PROBE_NEXT;
	case REFUSED:
		break;
	}
	return PROBE_DONE;
}

static void end(void *self, enum probe_end why, const char *words)
{
	struct machine *m = self;

	if (m->state == OPENED || m->state == REFUSED)
		return;
	(void)refuse(m, "");
	(void)snprintf(m->words, sizeof(m->words), "the proxy: %s",
		words != NULL ? words : probe_end_name(why));
}

static void free_machine(void *self)
{
	if (self == NULL)
		return;
	pqm_wipe(self, sizeof(struct machine));
	pqm_free(self);
}

const char *probe_proxy_refusal(const void *self)
{
	const struct machine *m = self;

	return m->state == OPENED ? NULL : m->words;
}

const struct probe_machine probe_proxy_machine = {
	.name = "proxy", .start = start, .input = input, .end = end, .free = free_machine
};
