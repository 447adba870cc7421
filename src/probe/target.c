#include "loop.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netdb.h>

#include "base/num.h"

/* A name of 253 bytes and a dot; "%" and an interface behind an address are shorter. */
#define HOST_BYTES 254

static const struct scheme {
	const char *text, *scheme; /* as written; as asked */
	uint16_t port;
} scheme[] = {
	{ "tls", "tls", 443 },
	{ "https", "tls", 443 },
	{ "ssh", "ssh", 22 },
	{ "quic", "quic", 443 },
	{ "h3", "quic", 443 },
	{ "dtls", "dtls", 443 },
	{ "auto", "auto", 443 },
	{ "smtp", "smtp", 25 },
	{ "submission", "submission", 587 },
	{ "lmtp", "lmtp", 24 },
	{ "imap", "imap", 143 },
	{ "pop3", "pop3", 110 },
	{ "ftp", "ftp", 21 },
	{ "ldap", "ldap", 389 },
	{ "nntp", "nntp", 119 },
	{ "sieve", "sieve", 4190 },
	{ "xmpp", "xmpp", 5222 },
	{ "xmpp-server", "xmpp-server", 5269 },
	{ "postgres", "postgres", 5432 },
	{ "postgresql", "postgres", 5432 },
	{ "mysql", "mysql", 3306 },
	{ "rdp", "rdp", 3389 },
	{ "irc", "irc", 6667 },
	{ "nats", "nats", 4222 },
	{ "smtps", "tls", 465 },
	{ "imaps", "tls", 993 },
	{ "pop3s", "tls", 995 },
	{ "ftps", "tls", 990 },
	{ "ldaps", "tls", 636 },
	{ "nntps", "tls", 563 },
	{ "ircs", "tls", 6697 },
	{ "wireguard", "wireguard", 51820 },
	{ "ikev2", "ikev2", 500 },
	{ "openvpn", "openvpn", 1194 },
};

static const struct scheme *scheme_of(pqm_bytes name)
{
	for (size_t i = 0; i < sizeof(scheme) / sizeof(scheme[0]); i++)
		if (pqm_ieq(name, pqm_str(scheme[i].text)))
			return &scheme[i];
	return NULL;
}

/* Whose port it is; NULL: nobody's. The first row counts: 443 is that of tls. */
static const struct scheme *scheme_at(uint16_t port)
{
	for (size_t i = 0; i < sizeof(scheme) / sizeof(scheme[0]); i++)
		if (scheme[i].port == port)
			return &scheme[i];
	return NULL;
}

uint16_t probe_scheme_port(const char *text)
{
	const struct scheme *s = scheme_of(pqm_str(text));

	return s == NULL ? 0 : s->port;
}

/* Takes "scheme:" or "scheme://" off *text. */
static const struct scheme *take_scheme(pqm_bytes *text, bool *is_url)
{
	size_t colon = pqm_find_byte(*text, 0, ':');
	const struct scheme *s = colon == SIZE_MAX ? NULL : scheme_of(pqm_sub(*text, 0, colon));

	if (s == NULL)
		return NULL;
	pqm_bytes rest = pqm_sub(*text, colon + 1, SIZE_MAX);

	*is_url = pqm_starts(rest, PQM_LIT("//"));
	*text = *is_url ? pqm_sub(rest, 2, SIZE_MAX) : rest;
	return s;
}

bool pqm_probe_is_target(const char *text)
{
	pqm_bytes rest = pqm_str(text);
	bool is_url;

	return take_scheme(&rest, &is_url) != NULL && rest.n > 0 && rest.p[0] != '/';
}

/* ---- hosts ---- */

/* Bytes below 0x80 that a name of DNS, /etc/hosts or a service mesh has; the others are an IDN's. */
static bool is_host_byte(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		c == '.' || c == '-' || c == '_' || c >= 0x80;
}

bool probe_addr_parse(struct probe_addr *out, pqm_bytes text)
{
	char z[INET6_ADDRSTRLEN + IF_NAMESIZE + 1];
	struct probe_addr a = { .family = AF_INET };

	if (text.n == 0 || text.n >= sizeof(z) || memchr(text.p, 0, text.n) != NULL)
		return false;
	memcpy(z, text.p, text.n);
	z[text.n] = '\0';
	char *percent = strchr(z, '%');

	if (percent != NULL) {
		*percent = '\0';
		/* The kernel cuts an alias (":1") off, whatever it is. */
		for (const char *c = percent + 1; *c != '\0'; c++)
			if (!is_host_byte((uint8_t)*c))
				return false;
		a.scope = if_nametoindex(percent + 1);
		if (a.scope == 0)
			return false;
	}
	if (percent == NULL && inet_pton(AF_INET, z, a.ip) == 1) {
		*out = a;
		return true;
	}
	if (inet_pton(AF_INET6, z, a.ip) != 1)
		return false;
	a.family = AF_INET6;
	*out = a;
	return true;
}

/* A name of digits only would be read as an address of one number (inet_aton). */
static bool is_name(pqm_bytes host)
{
	bool is_number = true;

	if (host.n == 0 || host.n > HOST_BYTES || host.p[0] == '.' || host.p[0] == '-')
		return false;
	for (size_t i = 0; i < host.n; i++) {
		if (!is_host_byte(host.p[i]))
			return false;
		if (host.p[i] == '.' && i > 0 && host.p[i - 1] == '.')
			return false;
		is_number = is_number && host.p[i] >= '0' && host.p[i] <= '9';
	}
	return !is_number;
}

/* Letters only, and one that no IPv6 address has: somebody's idea of a scheme. */
static bool is_word(pqm_bytes text)
{
	bool is_hex = true;

	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i] | 0x20;

		if (c < 'a' || c > 'z')
			return false;
		is_hex = is_hex && c <= 'f';
	}
	return !is_hex;
}

struct parts {
	pqm_bytes host, port; /* port.p NULL: none */
	bool is_bracketed;
};

/* HOST, HOST:PORT, [V6], [V6]:PORT; NULL or what is wrong. */
static const char *cut_parts(pqm_bytes text, struct parts *p)
{
	*p = (struct parts){ .host = text };
	if (text.n > 0 && text.p[0] == '[') {
		size_t end = pqm_find_byte(text, 1, ']');

		if (end == SIZE_MAX)
			return "'[' without ']'";
		p->host = pqm_sub(text, 1, end - 1);
		p->is_bracketed = true;
		text = pqm_sub(text, end + 1, SIZE_MAX);
		if (text.n == 0)
			return NULL;
		if (text.p[0] != ':')
			return "only ':PORT' may follow ']'";
		p->port = pqm_sub(text, 1, SIZE_MAX);
		return NULL;
	}
	size_t colon = pqm_find_byte(text, 0, ':');

	if (colon == SIZE_MAX)
		return NULL;
	if (pqm_find_byte(text, colon + 1, ':') != SIZE_MAX)
		return is_word(pqm_sub(text, 0, colon))
			? "no such scheme (tls, quic, dtls, ssh, smtp, …: `pqmap help probe`)"
			: "an IPv6 address belongs into brackets: [2001:db8::1]:443";
	p->host = pqm_sub(text, 0, colon);
	p->port = pqm_sub(text, colon + 1, SIZE_MAX);
	return NULL;
}

static const char *check_host(const struct parts *p)
{
	struct probe_addr a;

	if (p->host.n == 0)
		return "the host is missing";
	bool is_addr = probe_addr_parse(&a, p->host);

	if (p->is_bracketed)
		return is_addr && a.family == AF_INET6 ? NULL
						       : "no IPv6 address between the brackets";
	return is_addr || is_name(p->host) ? NULL : "the host is no name and no address";
}

/* Of a URL: what is behind the authority does not matter; a user name has no place in it. */
static const char *cut_url(pqm_bytes *text)
{
	size_t n = 0;

	while (n < text->n && text->p[n] != '/' && text->p[n] != '?' && text->p[n] != '#')
		n++;
	*text = pqm_sub(*text, 0, n);
	return pqm_find_byte(*text, 0, '@') == SIZE_MAX
		? NULL
		: "a target has no user name and no password";
}

static const char *read_target(
	struct pqm_probe_target *t, pqm_bytes text, bool bare, pqm_bytes *host)
{
	bool is_url = false;
	pqm_bytes rest = text;
	const struct scheme *s = take_scheme(&rest, &is_url);
	struct parts p;
	uint64_t port = 0;

	if (s == NULL && pqm_find(text, 0, PQM_LIT("://")) != SIZE_MAX)
		return "no such scheme";
	if (s == NULL && !bare)
		return "it begins with no scheme (tls:, ssh:, quic:, smtp: …)";
	const char *bad = is_url ? cut_url(&rest) : NULL;

	if (bad == NULL)
		bad = cut_parts(rest, &p);
	if (bad == NULL)
		bad = check_host(&p);
	if (bad != NULL)
		return bad;
	if (p.port.p != NULL && (!pqm_u64_parse(p.port, 65535, &port) || port == 0))
		return s == NULL && is_word(p.host)
			? "no such scheme, and the port is no number from 1 to 65535"
			: "the port is no number from 1 to 65535";
	t->is_bare = s == NULL && port != 0 && scheme_at((uint16_t)port) == NULL;
	if (s == NULL)
		s = scheme_at(port != 0 ? (uint16_t)port : 443);
	t->scheme = s == NULL ? "tls" : s->scheme;
	t->port = port != 0 || s == NULL ? (uint16_t)port : s->port;
	*host = p.host;
	return NULL;
}

enum pqm_st pqm_probe_target_parse(struct pqm_probe_target *out, const char *text, bool bare,
	struct pqm_arena *arena, struct pqm_err *err)
{
	struct pqm_probe_target t = { 0 };
	pqm_bytes host, all = pqm_trim(pqm_str(text));
	const char *bad = read_target(&t, all, bare, &host);

	if (bad != NULL) {
		/* What may hold a password is not repeated. */
		bool is_secret = pqm_find_byte(all, 0, '@') != SIZE_MAX;
		pqm_bytes shown = is_secret ? PQM_LIT("…@…") : pqm_sub(all, 0, 200);

		return pqm_fail(err, PQM_EUSAGE, "'%.*s' is no endpoint: %s", PQM_FMT(shown), bad);
	}
	pqm_bytes copy = pqm_bytes_dup(arena, host);

	if (copy.p == NULL)
		return pqm_fail(err, PQM_ENOMEM, "no memory for the target '%.*s'", PQM_FMT(host));
	t.host = (const char *)copy.p;
	/* The dot that makes a name absolute is not part of it in a hello [RFC6066 §3]. */
	if (pqm_ends(host, PQM_LIT("."))) {
		copy = pqm_bytes_dup(arena, pqm_sub(host, 0, host.n - 1));
		if (copy.p == NULL)
			return pqm_fail(err, PQM_ENOMEM, "no memory for the target's name");
		t.sni = (const char *)copy.p;
	}
	*out = t;
	return PQM_OK;
}

/* ---- addresses never to contact ---- */

/* What the kernel makes of an address: 0.0.0.0 and :: are this machine, ::ffff:0:0/96 is IPv4. */
struct probe_addr probe_addr_plain(const struct probe_addr *a)
{
	static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
	static const uint8_t zero[16] = { 0 };
	struct probe_addr out = *a;

	if (a->family == AF_INET6 && memcmp(a->ip, mapped, sizeof(mapped)) == 0) {
		out = (struct probe_addr){ .family = AF_INET };
		memcpy(out.ip, a->ip + 12, 4);
	}
	if (out.family == AF_INET && memcmp(out.ip, zero, 4) == 0)
		memcpy(out.ip, (const uint8_t[]){ 127, 0, 0, 1 }, 4);
	if (out.family == AF_INET6 && memcmp(out.ip, zero, 16) == 0)
		out.ip[15] = 1;
	return out;
}

bool probe_addr_same(const struct probe_addr *a, const struct probe_addr *b)
{
	return a->family == b->family && a->scope == b->scope &&
		memcmp(a->ip, b->ip, sizeof(a->ip)) == 0;
}

static bool in_prefix(const struct probe_addr *a, const struct probe_addr *net, unsigned bits)
{
	if (a->family != net->family)
		return false;
	for (unsigned i = 0; i < bits; i += 8) {
		unsigned left = bits - i;
		unsigned mask = left >= 8 ? 0xffu : 0xff00u >> left & 0xffu;

		if ((a->ip[i / 8] & mask) != (net->ip[i / 8] & mask))
			return false;
	}
	return true;
}

/* One entry: an address, address/prefix, or a pattern of names. False: none of them. */
static bool deny_entry(
	pqm_bytes text, struct probe_addr *net, unsigned *bits, bool *is_name_pattern)
{
	size_t slash = pqm_find_byte(text, 0, '/');
	pqm_bytes addr = pqm_sub(text, 0, slash);
	uint64_t n;

	*is_name_pattern = false;
	if (addr.n >= 2 && addr.p[0] == '[' && addr.p[addr.n - 1] == ']')
		addr = pqm_sub(addr, 1, addr.n - 2);
	if (probe_addr_parse(net, addr)) {
		unsigned all = net->family == AF_INET ? 32 : 128;

		*bits = all;
		if (slash == SIZE_MAX) {
			*net = probe_addr_plain(net);
			*bits = net->family == AF_INET ? 32 : 128;
			return true;
		}
		if (!pqm_u64_parse(pqm_sub(text, slash + 1, SIZE_MAX), all, &n))
			return false;
		*bits = (unsigned)n;
		return true;
	}
	if (slash != SIZE_MAX || text.n == 0)
		return false;
	for (size_t i = 0; i < text.n; i++)
		if (!is_host_byte(text.p[i]) && text.p[i] != '*' && text.p[i] != '?')
			return false;
	*is_name_pattern = true;
	return true;
}

enum pqm_st probe_deny_check(const char *const *deny, struct pqm_err *err)
{
	struct probe_addr net;
	unsigned bits;
	bool is_pattern;

	for (size_t i = 0; deny != NULL && deny[i] != NULL; i++)
		if (!deny_entry(pqm_trim(pqm_str(deny[i])), &net, &bits, &is_pattern))
			return pqm_fail(err, PQM_EUSAGE,
				"deny '%s' is no host pattern, no address and no address/prefix",
				deny[i]);
	return PQM_OK;
}

static bool glob_name(pqm_bytes pattern, pqm_bytes host)
{
	uint8_t low[2][HOST_BYTES + 1];
	pqm_bytes *side[2] = { &pattern, &host };

	for (int k = 0; k < 2; k++) {
		if (side[k]->n > 0 && side[k]->p[side[k]->n - 1] == '.')
			side[k]->n--;
		if (side[k]->n > sizeof(low[k]))
			return false;
		for (size_t i = 0; i < side[k]->n; i++) {
			uint8_t c = side[k]->p[i];

			low[k][i] = c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
		}
		side[k]->p = low[k];
	}
	return pqm_glob(pattern, host);
}

const char *probe_denied(const char *const *deny, const char *host, const struct probe_addr *addr)
{
	struct probe_addr plain = { 0 };
	char written[64] = ""; /* "10.0.0.*" is meant for addresses too */

	if (addr != NULL) {
		plain = probe_addr_plain(addr);
		probe_addr_text(&plain, written);
	}
	for (size_t i = 0; deny != NULL && deny[i] != NULL; i++) {
		pqm_bytes text = pqm_trim(pqm_str(deny[i]));
		struct probe_addr net;
		unsigned bits;
		bool is_pattern;

		if (!deny_entry(text, &net, &bits, &is_pattern))
			continue;
		if (is_pattern &&
			((host != NULL && glob_name(text, pqm_str(host))) ||
				(addr != NULL && glob_name(text, pqm_str(written)))))
			return deny[i];
		if (!is_pattern && addr != NULL &&
			(in_prefix(&plain, &net, bits) || in_prefix(addr, &net, bits)))
			return deny[i];
	}
	return NULL;
}

uint16_t pqm_probe_default_port(pqm_bytes text)
{
	const struct scheme *s = scheme_of(text);

	return s == NULL ? 0 : s->port;
}

bool pqm_probe_is_denied(const char *const *deny, const char *host)
{
	struct probe_addr a;

	return probe_denied(deny, host, probe_addr_parse(&a, pqm_str(host)) ? &a : NULL) != NULL;
}

bool probe_addr_is_private(const struct probe_addr *addr)
{
	static const struct {
		struct probe_addr net;
		unsigned bits;
	} nets[] = {
		{ { .family = AF_INET, .ip = { 10 } }, 8 },
		{ { .family = AF_INET, .ip = { 172, 16 } }, 12 },
		{ { .family = AF_INET, .ip = { 192, 168 } }, 16 },
		{ { .family = AF_INET, .ip = { 100, 64 } }, 10 },
		{ { .family = AF_INET, .ip = { 127 } }, 8 },
		{ { .family = AF_INET6, .ip = { [15] = 1 } }, 128 },
		{ { .family = AF_INET6, .ip = { 0xfc } }, 7 },
	};
	struct probe_addr a = probe_addr_plain(addr);

	for (size_t i = 0; i < sizeof(nets) / sizeof(nets[0]); i++)
		if (in_prefix(&a, &nets[i].net, nets[i].bits))
			return true;
	return false;
}

bool pqm_probe_is_address(pqm_bytes host, bool *is_private)
{
	struct probe_addr a;

	*is_private = false;
	if (!probe_addr_parse(&a, host))
		return false;
	*is_private = probe_addr_is_private(&a);
	return true;
}
