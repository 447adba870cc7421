#include "k8s.h"

#include "base/buf.h"
#include "base/limits.h"

/* A list of what leaks cannot be complete: a word is kept when it has a harmless form, and a name
 * that hints at a secret takes that right away from its value. */
static const char *const secret_words[] = { "pass", "pwd", "secret", "token", "key", "auth", "cred",
	"sig", "dsn", "bearer", "jwt", "cookie", "salt", "webhook", "hmac", "private" };
/* Names that only point at the secret. */
static const char *const pointer_ends[] = { "file", "path", "name", "dir", "url", "uri", "arn",
	"host", "port", "endpoint", "unauthorized", "size", "bits", "curve", "algorithm" };
/* Flags whose argument is a password, a user with one, or a header in some common client. */
static const char *const secret_flags[] = { "-p", "-W", "-u", "-a", "-H", "-w", "-U", "--user",
	"--header", "--headers", "--proxy-user", "--login" };
/* Words before a credential in headers, SQL and pipes into a login. */
static const char *const schemes[] = { "basic", "digest", "negotiate", "identified", "by", "echo",
	"printf" };
/* Prefixes that issuers give their tokens. */
static const char *const token_starts[] = { "hf_", "sk-", "ghp_", "gho_", "ghs_", "github_pat_",
	"glpat-", "xoxb-", "xoxp-", "AKIA", "ASIA", "AIza", "eyJ", "nvapi-", "s.", "hvs." };
static const char *const key_files[] = { ".pem", ".key", ".crt", ".cer", ".jks", ".p12", ".sig",
	".pub" };
static const char *const operators[] = { "-", "--", "&&", "||", "|", ";", "\\", "&", ">", ">>", "<",
	"2>&1", "{", "}", "*", "[", "]", "!", "(", ")" };

#define TOKEN_BYTES_MIN 16
#define PLAIN_BYTES_MAX 100    /* of one name, path or number */
#define RUN_BYTES_MAX 20       /* letters and digits mixed, without a separator */
#define CASED_RUN_BYTES_MAX 12 /* both cases and digits mixed */
#define FLAG_BYTES_MAX 24      /* of -encrypt and the like */
#define HIDDEN PQM_LIT("***")
#define IN(word, list) in_list(word, list, sizeof(list) / sizeof((list)[0]))

static bool put_value(struct pqm_buf *b, pqm_bytes v, bool secret);

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool is_alnum(uint8_t c)
{
	return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z');
}

static bool in_list(pqm_bytes word, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (pqm_eqs(word, list[i]))
			return true;
	return false;
}

static bool all_of(pqm_bytes s, const char *extra)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_alnum(s.p[i]) && pqm_find_byte(pqm_str(extra), 0, s.p[i]) == SIZE_MAX)
			return false;
	return true;
}

static bool all_digits(pqm_bytes s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_digit(s.p[i]))
			return false;
	return s.n > 0;
}

static bool has_word(pqm_bytes name, const char *text)
{
	pqm_bytes word = pqm_str(text);

	for (size_t i = 0; i + word.n <= name.n; i++)
		if (pqm_ieq(pqm_sub(name, i, word.n), word))
			return true;
	return false;
}

/* "--tokenizer", "--max-num-batched-tokens": a language model's tokens, not a login's. */
static bool counts_tokens(pqm_bytes name)
{
	return has_word(name, "tokeniz") ||
		(has_word(name, "tokens") && (has_word(name, "max") || has_word(name, "num")));
}

/* The word of the list names something public here. */
static bool is_public(pqm_bytes name, pqm_bytes word)
{
	if (pqm_eqs(word, "token"))
		return counts_tokens(name);
	return pqm_eqs(word, "sig") && has_word(name, "sign") && !has_word(name, "signature");
}

bool pqm_k8s_is_secret_name(pqm_bytes name)
{
	if (IN(name, secret_flags))
		return true;
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (pqm_ieq(name, pqm_str(schemes[i])))
			return true;
	for (size_t i = 0; i < sizeof(pointer_ends) / sizeof(pointer_ends[0]); i++) {
		pqm_bytes end = pqm_str(pointer_ends[i]);

		if (name.n >= end.n && pqm_ieq(pqm_sub(name, name.n - end.n, end.n), end))
			return false;
	}
	for (size_t i = 0; i < sizeof(secret_words) / sizeof(secret_words[0]); i++)
		if (has_word(name, secret_words[i]) && !is_public(name, pqm_str(secret_words[i])))
			return true;
	return false;
}

static bool is_token(pqm_bytes word)
{
	if (word.n < TOKEN_BYTES_MIN)
		return false;
	for (size_t i = 0; i < sizeof(token_starts) / sizeof(token_starts[0]); i++)
		if (pqm_starts(word, pqm_str(token_starts[i])))
			return true;
	return false;
}

static bool is_random_run(pqm_bytes run)
{
	static const char go_version[] = "VersionTLS"; /* VersionTLS12 */
	bool digit = false, upper = false, small = false;

	if (pqm_starts(run, pqm_str(go_version)) && run.n == sizeof(go_version) + 1)
		return false;
	for (size_t i = 0; i < run.n; i++) {
		digit = digit || is_digit(run.p[i]);
		upper = upper || (run.p[i] >= 'A' && run.p[i] <= 'Z');
		small = small || (run.p[i] >= 'a' && run.p[i] <= 'z');
	}
	if (run.n >= RUN_BYTES_MAX)
		return digit && (upper || small);
	return run.n >= CASED_RUN_BYTES_MAX && digit && upper && small && !has_word(run, "mlkem");
}

/* Looks drawn at random, as keys and tokens do. */
static bool is_random(pqm_bytes s)
{
	size_t from = 0;

	for (size_t i = 0; i <= s.n; i++) {
		if (i < s.n && is_alnum(s.p[i]))
			continue;
		if (is_token(pqm_sub(s, from, s.n)) || is_random_run(pqm_sub(s, from, i - from)))
			return true;
		from = i + 1;
	}
	return is_token(s);
}

/* A number, a word, a path, host:port, org/model:tag. */
static bool is_plain(pqm_bytes s)
{
	return s.n < PLAIN_BYTES_MAX && all_of(s, "._/:-") && !is_random(s);
}

/* $NAME, ${NAME} and $(NAME) say where the value comes from. */
static bool is_reference(pqm_bytes s)
{
	if (s.n < 2 || s.p[0] != '$')
		return false;
	s = pqm_sub(s, 1, s.n);
	if ((s.p[0] == '{' && s.p[s.n - 1] == '}') || (s.p[0] == '(' && s.p[s.n - 1] == ')'))
		s = pqm_sub(s, 1, s.n - 2);
	return s.n > 0 && s.n < PLAIN_BYTES_MAX && all_of(s, "_") && !is_digit(s.p[0]) &&
		!is_random(s);
}

/* What even a secret-like name may have: a switch, or the path of a key file. */
static bool tells_nothing(pqm_bytes s)
{
	if (pqm_eqs(s, "true") || pqm_eqs(s, "false") || is_reference(s))
		return true;
	if (!pqm_starts(s, PQM_LIT("/")) && !pqm_starts(s, PQM_LIT("./")))
		return false;
	for (size_t i = 0; i < sizeof(key_files) / sizeof(key_files[0]); i++)
		if (pqm_ends(s, pqm_str(key_files[i])))
			return is_plain(s);
	return false;
}

/* ---- URLs [RFC3986 §3] ---- */

static size_t find_any(pqm_bytes s, const char *set)
{
	for (size_t i = 0; i < s.n; i++)
		if (pqm_find_byte(pqm_str(set), 0, s.p[i]) != SIZE_MAX)
			return i;
	return s.n;
}

/* A host with an optional port in digits; what follows a ':' otherwise may be a password. */
static bool is_host(pqm_bytes s)
{
	size_t colon;

	if (s.n > 0 && s.p[0] == '[') {
		size_t close = pqm_find_byte(s, 0, ']');

		if (close == SIZE_MAX || !all_of(pqm_sub(s, 1, close - 1), ":."))
			return false;
		s = pqm_sub(s, close + 1, s.n);
		return s.n == 0 || (s.p[0] == ':' && all_digits(pqm_sub(s, 1, s.n)));
	}
	colon = pqm_find_byte(s, 0, ':');
	if (colon != SIZE_MAX && !all_digits(pqm_sub(s, colon + 1, s.n)))
		return false;
	return all_of(pqm_sub(s, 0, colon), "._-");
}

/* host:port/path; a path that may hold a secret is replaced. */
static bool put_place(struct pqm_buf *b, pqm_bytes s)
{
	size_t slash;

	s = pqm_sub(s, 0, find_any(s, "?#"));
	slash = find_any(s, "/");
	if (!is_host(pqm_sub(s, 0, slash)))
		return false;
	(void)pqm_buf_add(b, pqm_sub(s, 0, slash));
	pqm_bytes path = pqm_sub(s, slash, s.n);
	bool named = pqm_find_byte(path, 0, '=') != SIZE_MAX && pqm_k8s_is_secret_name(path);

	if (named || is_random(path) || !all_of(path, "._/:~=-"))
		path = PQM_LIT("/***");
	(void)pqm_buf_add(b, path);
	return true;
}

/* Of the parameters of a URL only those that say whether TLS is used, in words that can be nothing else. */
static bool put_tls_mode(struct pqm_buf *b, pqm_bytes s)
{
	static const char *const names[] = { "sslmode", "ssl-mode", "useSSL", "ssl", "tls" };
	static const char *const modes[] = { "disable", "allow", "prefer", "require", "verify-ca",
		"verify-full", "DISABLED", "PREFERRED", "REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY",
		"true", "false", "skip-verify" };
	size_t at = pqm_find_byte(s, 0, '?');
	pqm_bytes rest = pqm_sub(s, at == SIZE_MAX ? s.n : at + 1, s.n), one;

	while (rest.n > 0 && pqm_split(&rest, '&', &one)) {
		size_t eq = pqm_find_byte(one, 0, '=');

		if (eq == SIZE_MAX || !IN(pqm_sub(one, 0, eq), names) ||
			!IN(pqm_sub(one, eq + 1, one.n), modes))
			continue;
		(void)pqm_buf_byte(b, '?');
		return pqm_buf_add(b, one);
	}
	return true;
}

/* Everything up to the last '@' is the user part, even beyond a '/' that should have been escaped:
 * only where a host comes first it cannot be told what is what. */
static bool put_url(struct pqm_buf *b, pqm_bytes s, size_t colon)
{
	pqm_bytes rest = pqm_sub(s, colon + 3, s.n), scheme = pqm_sub(s, 0, colon);
	size_t host = 0, end = find_any(rest, "/?#");

	if (colon == 0 || scheme.n > PLAIN_BYTES_MAX / 4 || !all_of(scheme, "+.:-"))
		return false;
	for (size_t i = 0; i < rest.n; i++)
		if (rest.p[i] == '@')
			host = i + 1;
	if (host > end && is_host(pqm_sub(rest, 0, end)))
		return false;
	(void)pqm_buf_add(b, pqm_sub(s, 0, colon + 3));
	if (pqm_eqs(scheme, "ollama") && is_plain(rest)) /* name:tag, there is no host */
		return pqm_buf_add(b, rest);
	rest = pqm_sub(rest, host, rest.n);
	return put_place(b, rest) && put_tls_mode(b, rest);
}

/* URLs with commas between them; further hosts may leave out the scheme. */
static bool put_urls(struct pqm_buf *b, pqm_bytes s)
{
	pqm_bytes rest = s, one;
	bool query = false, first = true;

	while (rest.p != NULL && pqm_split(&rest, ',', &one)) {
		size_t colon = pqm_find(one, 0, PQM_LIT("://"));

		if (!first)
			(void)pqm_buf_add(b, PQM_LIT(","));
		if (colon != SIZE_MAX ? !put_url(b, one, colon)
				      : first || query || !put_place(b, one))
			return false;
		query = query || find_any(one, "?#") < one.n;
		first = false;
	}
	return !first;
}

/* ---- words ---- */

/* "a", "a,b", "A:B:C", "k=v,k=v": what lists of groups, ciphers and settings look like. */
static bool put_list(struct pqm_buf *b, pqm_bytes s)
{
	pqm_bytes rest = s, one;

	while (rest.p != NULL && pqm_split(&rest, ',', &one)) {
		size_t eq = pqm_find_byte(one, 0, '=');
		pqm_bytes name = pqm_sub(one, 0, eq), v = pqm_sub(one, eq + 1, one.n), part;

		if (eq == SIZE_MAX)
			v = one;
		else if (eq == 0 || !is_plain(name) ||
			(pqm_k8s_is_secret_name(name) && !tells_nothing(v)))
			return false;
		if (is_reference(v))
			continue;
		while (v.p != NULL && pqm_split(&v, ':', &part))
			if (!is_plain(part))
				return false;
	}
	(void)pqm_buf_add(b, s);
	return true;
}

static bool put_value(struct pqm_buf *b, pqm_bytes v, bool secret)
{
	if (secret || is_reference(v)) {
		bool ok = tells_nothing(v);

		(void)pqm_buf_add(b, ok ? v : HIDDEN);
		return ok;
	}
	return pqm_find(v, 0, PQM_LIT("://")) != SIZE_MAX ? put_urls(b, v) : put_list(b, v);
}

/* -x, -np, --name; not -pPASSWORD. */
static bool is_flag(pqm_bytes s)
{
	if (pqm_starts(s, PQM_LIT("--")))
		return is_plain(s);
	if (s.n == 2)
		return is_alnum(s.p[1]);
	if (pqm_starts(s, PQM_LIT("-aes"))) /* a cipher, not the password of -a */
		return s.n < FLAG_BYTES_MAX / 2 && is_digit(s.p[s.n - 1]);
	return s.n > 2 && s.n < FLAG_BYTES_MAX && find_any(pqm_sub(s, 1, 1), "pWuaU") == 1 &&
		all_of(pqm_sub(s, 1, s.n), "-") && find_any(s, "0123456789") == s.n;
}

/* False when the word is not kept as a whole; nothing of its secret part is written then. */
static bool put_word(struct pqm_buf *b, pqm_bytes s, bool secret)
{
	size_t eq = pqm_find_byte(s, 0, '=');
	pqm_bytes name = pqm_sub(s, 0, eq);
	bool flag = s.p[0] == '-' && !all_digits(pqm_sub(s, 1, 1));

	if (secret && !flag)
		return put_value(b, s, !pqm_ends(s, PQM_LIT(".py")));
	if (secret && s.n > 2 && s.p[1] != '-')
		return false;
	if (flag && eq == SIZE_MAX) {
		(void)pqm_buf_add(b, is_flag(s) ? s : HIDDEN);
		return is_flag(s);
	}
	if (eq == SIZE_MAX || !is_plain(name) || name.n == 0)
		return put_value(b, s, false);
	if (flag && !pqm_starts(s, PQM_LIT("--")) && find_any(pqm_sub(s, 1, 1), "pWuaU") == 0)
		return false;
	if (!flag && pqm_find_byte(s, 0, ',') != SIZE_MAX)
		return put_value(b, s, false);
	(void)pqm_buf_add(b, pqm_sub(s, 0, eq + 1));
	return put_value(b, pqm_sub(s, eq + 1, s.n), pqm_k8s_is_secret_name(name));
}

static bool is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* "--token VALUE", "password: VALUE": the next word is the secret; a file's name tells nothing. */
static bool announces(pqm_bytes word)
{
	while (word.n > 0 && find_any(pqm_sub(word, 0, 1), "'\"") == 0)
		word = pqm_sub(word, 1, word.n);
	while (word.n > 0 && find_any(pqm_sub(word, word.n - 1, 1), "'\":=") == 0)
		word.n--;
	return find_any(word, "=/") == word.n && pqm_k8s_is_secret_name(word);
}

static bool add_word(struct pqm_buf *b, pqm_bytes word, bool secret)
{
	struct pqm_buf one;
	bool ok;

	while (word.n > 0 && find_any(pqm_sub(word, 0, 1), "'\"") == 0)
		word = pqm_sub(word, 1, word.n);
	while (word.n > 0 && find_any(pqm_sub(word, word.n - 1, 1), "'\";") == 0)
		word.n--;
	if (word.n == 0 || IN(word, operators)) {
		(void)pqm_buf_add(b, word);
		return true;
	}
	pqm_buf_init(&one, (size_t)PQM_TEXT_BYTES * 4);
	ok = put_word(&one, word, secret) && !one.failed;
	if (ok) {
		(void)pqm_buf_add(b, pqm_buf_bytes(&one));
	} else {
		size_t eq = pqm_find_byte(word, 0, '=');
		bool flag = pqm_starts(word, PQM_LIT("--")) && eq != SIZE_MAX;

		if (flag && is_plain(pqm_sub(word, 0, eq)))
			(void)pqm_buf_add(b, pqm_sub(word, 0, eq + 1));
		(void)pqm_buf_add(b, HIDDEN);
	}
	pqm_buf_wipe(&one);
	return ok;
}

/* Words are kept up to the first that is not known to be harmless: what quotes join ends there too. */
pqm_bytes pqm_k8s_redact(struct pqm_arena *arena, pqm_bytes value)
{
	struct pqm_buf b;
	bool secret = false, ok = true;

	if (pqm_find(value, 0, PQM_LIT("-----BEGIN")) != SIZE_MAX)
		return (pqm_bytes){ NULL, 0 };
	pqm_buf_init(&b, (size_t)PQM_TEXT_BYTES * 4);
	value = pqm_sub(value, 0, PQM_TEXT_BYTES);
	for (size_t i = 0; i < value.n && ok;) {
		size_t from = i;

		while (i < value.n && is_space(value.p[i]))
			i++;
		(void)pqm_buf_add(&b, pqm_sub(value, from, i - from));
		from = i;
		while (i < value.n && !is_space(value.p[i]))
			i++;
		pqm_bytes word = pqm_sub(value, from, i - from);

		if (word.n == 0)
			break;
		ok = add_word(&b, word, secret);
		if (!pqm_eqs(word, "\\")) /* the line goes on */
			secret = announces(word);
	}
	pqm_bytes out = b.failed ? (pqm_bytes){ NULL, 0 } : pqm_bytes_dup(arena, pqm_buf_bytes(&b));

	pqm_buf_wipe(&b);
	return out;
}
