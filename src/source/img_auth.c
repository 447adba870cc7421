#include "img_auth.h"

#include <errno.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/slurp.h"
#include "parse/yaml_json.h"

/* A key of auths without scheme and API version: "https://index.docker.io/v1/" is "index.docker.io". */
static pqm_bytes bare_key(pqm_bytes key)
{
	static const char *const lead[] = { "https://", "http://" };
	static const char *const tail[] = { "/", "/v1", "/v2" };

	for (size_t i = 0; i < 2; i++)
		if (pqm_starts(key, pqm_str(lead[i])))
			key = pqm_sub(key, strlen(lead[i]), key.n);
	for (size_t i = 0; i < 3; i++)
		if (pqm_ends(key, pqm_str(tail[i])))
			key.n -= strlen(tail[i]);
	return key;
}

static bool is_hub(pqm_bytes host)
{
	return pqm_eqs(host, "docker.io") || pqm_eqs(host, "index.docker.io") ||
		pqm_eqs(host, "registry-1.docker.io");
}

/* How well a key is about the repository: 0 not at all, else how much of the name it says. */
static size_t fits(pqm_bytes key, pqm_bytes host, pqm_bytes repo)
{
	pqm_bytes bare = bare_key(key);
	size_t slash = pqm_find_byte(bare, 0, '/');
	pqm_bytes in = pqm_sub(bare, 0, slash), path;

	if (!pqm_ieq(in, host) && !(is_hub(in) && is_hub(host)))
		return 0;
	if (slash == SIZE_MAX)
		return 1;
	path = pqm_sub(bare, slash + 1, bare.n);
	if (!pqm_starts(repo, path) || (repo.n > path.n && repo.p[path.n] != '/'))
		return 0;
	return 1 + path.n;
}

/* Helpers are looked for in $PATH: the name must be no path of its own. */
static bool is_helper(pqm_bytes name)
{
	for (size_t i = 0; i < name.n; i++) {
		uint8_t c = name.p[i];

		if ((c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') &&
			c != '-' && c != '_' && c != '.')
			return false;
	}
	return name.n > 0 && name.n <= 100;
}

static enum pqm_st use_helper(struct pqm_docker_cred *out, pqm_bytes name, pqm_bytes server,
	struct pqm_arena *arena, struct pqm_err *err)
{
	if (!is_helper(name))
		return pqm_fail(err, PQM_EUSAGE,
			"docker configuration: the name of a credential helper is none");
	out->helper = (const char *)pqm_arena_f(arena, "docker-credential-%.*s", PQM_FMT(name)).p;
	out->server = (const char *)pqm_bytes_dup(arena, server).p;
	return out->helper != NULL && out->server != NULL
		? PQM_OK
		: pqm_fail(err, PQM_ENOMEM, "out of memory for a credential");
}

/* "auth" is base64 of user:password. */
static void read_auth(
	struct pqm_docker_cred *out, const struct pqm_yaml *entry, struct pqm_arena *arena)
{
	pqm_bytes auth = pqm_yaml_str(entry, "auth"), text;
	struct pqm_buf b;
	size_t colon;

	out->identity = pqm_bytes_dup(arena, pqm_yaml_str(entry, "identitytoken"));
	out->user = pqm_bytes_dup(arena, pqm_yaml_str(entry, "username"));
	out->password = pqm_bytes_dup(arena, pqm_yaml_str(entry, "password"));
	if (auth.n == 0)
		return;
	pqm_buf_init(&b, PQM_DOCKER_CONFIG_BYTES);
	if (pqm_base64(&b, auth, NULL)) {
		text = pqm_buf_bytes(&b);
		while (text.n > 0 && text.p[text.n - 1] == '\0')
			text.n--;
		colon = pqm_find_byte(text, 0, ':');
		if (colon != SIZE_MAX) {
			out->user = pqm_bytes_dup(arena, pqm_sub(text, 0, colon));
			out->password = pqm_bytes_dup(arena, pqm_sub(text, colon + 1, text.n));
		}
	}
	pqm_buf_wipe(&b);
}

enum pqm_st pqm_docker_config_find(struct pqm_docker_cred *out, pqm_bytes text, pqm_bytes host,
	pqm_bytes repo, struct pqm_arena *arena, struct pqm_err *err)
{
	const struct pqm_yaml *root = NULL, *auths, *helpers, *best = NULL;
	pqm_bytes store, hub = PQM_LIT("https://index.docker.io/v1/");
	struct pqm_err ignored = { 0 };
	size_t best_fit = 0;

	*out = (struct pqm_docker_cred){ 0 };
	if (pqm_yjson_root(&root, text, arena, &ignored) != PQM_OK || root->type != PQM_YAML_MAP)
		return pqm_fail(err, PQM_EUSAGE, "docker configuration: is no JSON object");
	helpers = pqm_yaml_get(root, "credHelpers");
	for (uint32_t i = 0; helpers != NULL && helpers->type == PQM_YAML_MAP && i < helpers->n;
		i++) {
		pqm_bytes key = pqm_yaml_text(helpers->keys[i]);

		if (fits(key, host, repo) > 0)
			return use_helper(out, pqm_yaml_text(helpers->items[i]), key, arena, err);
	}
	auths = pqm_yaml_get(root, "auths");
	for (uint32_t i = 0; auths != NULL && auths->type == PQM_YAML_MAP && i < auths->n; i++) {
		size_t fit = fits(pqm_yaml_text(auths->keys[i]), host, repo);

		if (fit > best_fit) {
			best_fit = fit;
			best = auths->items[i];
		}
	}
	if (best != NULL)
		read_auth(out, best, arena);
	store = pqm_yaml_str(root, "credsStore");
	if (out->user.n == 0 && out->identity.n == 0 && store.n > 0)
		return use_helper(out, store, is_hub(host) ? hub : host, arena, err);
	return PQM_OK;
}

enum pqm_st pqm_docker_helper_parse(
	struct pqm_docker_cred *out, pqm_bytes text, struct pqm_arena *arena, struct pqm_err *err)
{
	const struct pqm_yaml *root = NULL;
	struct pqm_err ignored = { 0 };
	pqm_bytes user, secret;

	*out = (struct pqm_docker_cred){ 0 };
	if (pqm_yjson_root(&root, text, arena, &ignored) != PQM_OK || root->type != PQM_YAML_MAP)
		return pqm_fail(err, PQM_EUSAGE, "printed no credential");
	user = pqm_bytes_dup(arena, pqm_yaml_str(root, "Username"));
	secret = pqm_bytes_dup(arena, pqm_yaml_str(root, "Secret"));
	if (secret.n == 0)
		return pqm_fail(err, PQM_EUSAGE, "printed no credential");
	if (pqm_eqs(user, "<token>")) {
		out->identity = secret;
	} else {
		out->user = user;
		out->password = secret;
	}
	return PQM_OK;
}

/* The whole file, when there is one. */
static enum pqm_st slurp(
	const char *path, struct pqm_arena *arena, pqm_bytes *out, struct pqm_err *err)
{
	struct pqm_slurp file = {
		.path = path, .limit = PQM_DOCKER_CONFIG_BYTES, .refusal = PQM_EUSAGE
	};
	enum pqm_st st = pqm_slurp(out, &file, arena, err);
	bool is_absent = file.errnum == ENOENT || file.errnum == ENOTDIR || file.errnum == EACCES;

	return is_absent ? PQM_OK : st;
}

enum pqm_st pqm_docker_cred_load(struct pqm_docker_cred *out, pqm_bytes host, pqm_bytes repo,
	const volatile int *stop, struct pqm_arena *arena, struct pqm_err *err)
{
	static const struct {
		const char *variable, *rest;
	} places[] = {
		{ "REGISTRY_AUTH_FILE", "" },
		{ "DOCKER_CONFIG", "/config.json" },
		{ "HOME", "/.docker/config.json" },
	};

	pqm_bytes text = { NULL, 0 }, path;
	enum pqm_st st = PQM_OK;

	*out = (struct pqm_docker_cred){ 0 };
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]) && st == PQM_OK && text.n == 0;
		i++) {
		const char *value = getenv(places[i].variable);

		if (value == NULL || value[0] == '\0')
			continue;
		path = pqm_arena_f(arena, "%s%s", value, places[i].rest);
		if (path.p == NULL)
			return pqm_fail(err, PQM_ENOMEM, "out of memory for a path");
		st = slurp((const char *)path.p, arena, &text, err);
	}
	if (st == PQM_OK && text.n > 0)
		st = pqm_docker_config_find(out, text, host, repo, arena, err);
	if (st == PQM_OK && out->helper != NULL)
		st = pqm_docker_helper_run(out, stop, arena, err);
	return st;
}

/* One parameter: name=token or name="quoted" [RFC7235 §2.1]. */
static bool parameter(pqm_bytes *rest, pqm_bytes *name, pqm_bytes *value, struct pqm_arena *arena)
{
	size_t i = 0, from;
	uint8_t *text;
	size_t n = 0;

	while (i < rest->n && (rest->p[i] == ' ' || rest->p[i] == ',' || rest->p[i] == '\t'))
		i++;
	from = i;
	while (i < rest->n && rest->p[i] != '=' && rest->p[i] != ' ' && rest->p[i] != ',')
		i++;
	*name = pqm_sub(*rest, from, i - from);
	if (name->n == 0 || i >= rest->n || rest->p[i] != '=') {
		*rest = pqm_sub(*rest, i, rest->n);
		return false;
	}
	i++;
	text = pqm_arena_alloc(arena, rest->n - i + 1);
	if (text == NULL)
		return false;
	if (i < rest->n && rest->p[i] == '"') {
		for (i++; i < rest->n && rest->p[i] != '"'; i++) {
			if (rest->p[i] == '\\' && i + 1 < rest->n)
				i++;
			text[n++] = rest->p[i];
		}
		i += i < rest->n;
	} else {
		while (i < rest->n && rest->p[i] != ',' && rest->p[i] != ' ')
			text[n++] = rest->p[i++];
	}
	*value = (pqm_bytes){ text, n };
	*rest = pqm_sub(*rest, i, rest->n);
	return true;
}

bool pqm_challenge_parse(struct pqm_challenge *out, pqm_bytes header, struct pqm_arena *arena)
{
	pqm_bytes rest = header, name, value;
	bool in_bearer = false;

	*out = (struct pqm_challenge){ 0 };
	while (rest.n > 0) {
		if (parameter(&rest, &name, &value, arena)) {
			if (!in_bearer)
				continue;
			if (pqm_ieq(name, PQM_LIT("realm")))
				out->realm = value;
			else if (pqm_ieq(name, PQM_LIT("service")))
				out->service = value;
			else if (pqm_ieq(name, PQM_LIT("scope")))
				out->scope = value;
			continue;
		}
		if (name.n == 0)
			break;
		in_bearer = pqm_ieq(name, PQM_LIT("bearer"));
		out->is_bearer = out->is_bearer || in_bearer;
		out->is_basic = out->is_basic || pqm_ieq(name, PQM_LIT("basic"));
	}
	out->is_bearer = out->is_bearer && out->realm.n > 0;
	return out->is_bearer || out->is_basic;
}

/* [RFC3986 §2.3] */
static void add_escaped(struct pqm_buf *b, pqm_bytes s)
{
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			c == '-' || c == '.' || c == '_' || c == '~' || c == ':' || c == '/' ||
			c == ',')
			(void)pqm_buf_byte(b, c);
		else
			(void)pqm_buf_f(b, "%%%02X", c);
	}
}

pqm_bytes pqm_url_escape(pqm_bytes text, struct pqm_arena *arena)
{
	struct pqm_buf b;
	pqm_bytes out;

	pqm_buf_init(&b, 3 * PQM_DOCKER_CONFIG_BYTES);
	add_escaped(&b, text);
	out = b.failed ? (pqm_bytes){ NULL, 0 } : pqm_bytes_dup(arena, pqm_buf_bytes(&b));
	pqm_buf_wipe(&b);
	return out;
}

static bool is_url(pqm_bytes s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] >= 127 || s.p[i] == '"' || s.p[i] == '\\')
			return false;
	return s.n < 8192 &&
		(pqm_starts(s, PQM_LIT("https://")) || pqm_starts(s, PQM_LIT("http://"))) &&
		/* No user part: it would be a credential that we send somewhere. */
		pqm_find_byte(pqm_url_origin(s), 0, '@') == SIZE_MAX;
}

pqm_bytes pqm_url_origin(pqm_bytes url)
{
	size_t scheme = pqm_find(url, 0, PQM_LIT("://")), end;

	if (scheme == SIZE_MAX)
		return (pqm_bytes){ NULL, 0 };
	for (end = scheme + 3; end < url.n; end++)
		if (url.p[end] == '/' || url.p[end] == '?' || url.p[end] == '#')
			break;
	return pqm_sub(url, 0, end);
}

const char *pqm_challenge_url(
	const struct pqm_challenge *c, pqm_bytes scope, struct pqm_arena *arena)
{
	struct pqm_buf b;
	pqm_bytes url = { NULL, 0 };

	if (!is_url(c->realm))
		return NULL;
	pqm_buf_init(&b, (size_t)64 << 10);
	(void)pqm_buf_add(&b, c->realm);
	(void)pqm_buf_byte(&b, pqm_find_byte(c->realm, 0, '?') == SIZE_MAX ? '?' : '&');
	(void)pqm_buf_add(&b, PQM_LIT("scope="));
	add_escaped(&b, c->scope.n > 0 ? c->scope : scope);
	if (c->service.n > 0) {
		(void)pqm_buf_add(&b, PQM_LIT("&service="));
		add_escaped(&b, c->service);
	}
	if (!b.failed)
		url = pqm_bytes_dup(arena, pqm_buf_bytes(&b));
	pqm_buf_fini(&b);
	return (const char *)url.p;
}

pqm_bytes pqm_token_parse(pqm_bytes text, struct pqm_arena *arena)
{
	const struct pqm_yaml *root = NULL;
	struct pqm_err ignored = { 0 };
	pqm_bytes token;

	if (pqm_yjson_root(&root, text, arena, &ignored) != PQM_OK || root->type != PQM_YAML_MAP)
		return (pqm_bytes){ NULL, 0 };
	token = pqm_yaml_str(root, "token");
	if (token.n == 0)
		token = pqm_yaml_str(root, "access_token");
	for (size_t i = 0; i < token.n; i++)
		if (token.p[i] <= ' ' || token.p[i] >= 127)
			return (pqm_bytes){ NULL, 0 };
	return pqm_bytes_dup(arena, token);
}

pqm_bytes pqm_basic(pqm_bytes user, pqm_bytes password, struct pqm_arena *arena)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	pqm_bytes text = pqm_arena_f(arena, "%.*s:%.*s", PQM_FMT(user), PQM_FMT(password));
	uint8_t *out = pqm_arena_alloc(arena, text.n / 3 * 4 + 5);
	size_t n = 0;

	if (text.p == NULL || out == NULL)
		return (pqm_bytes){ NULL, 0 };
	for (size_t i = 0; i < text.n; i += 3) {
		uint32_t v = (uint32_t)text.p[i] << 16;

		v |= i + 1 < text.n ? (uint32_t)text.p[i + 1] << 8 : 0;
		v |= i + 2 < text.n ? text.p[i + 2] : 0;
		out[n++] = (uint8_t)digits[v >> 18];
		out[n++] = (uint8_t)digits[v >> 12 & 63];
		out[n++] = i + 1 < text.n ? (uint8_t)digits[v >> 6 & 63] : '=';
		out[n++] = i + 2 < text.n ? (uint8_t)digits[v & 63] : '=';
	}
	return (pqm_bytes){ out, n };
}

const char *pqm_redirect(
	pqm_bytes location, const char *base, bool may_be_plain, struct pqm_arena *arena)
{
	pqm_bytes url = location;

	if (pqm_starts(location, PQM_LIT("//")))
		return NULL;
	if (pqm_starts(location, PQM_LIT("/")))
		url = pqm_arena_f(arena, "%.*s%.*s", PQM_FMT(pqm_url_origin(pqm_str(base))),
			PQM_FMT(location));
	if (!is_url(url) || (!may_be_plain && pqm_starts(url, PQM_LIT("http://"))))
		return NULL;
	return (const char *)pqm_bytes_dup(arena, url).p;
}
