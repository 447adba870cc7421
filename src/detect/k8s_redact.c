#include "k8s.h"

#include "base/buf.h"
#include "base/limits.h"

static const char *const secret_words[] = { "password", "passwd", "passphrase", "token", "secret",
	"apikey", "api_key", "api-key", "access_key", "access-key", "accesskey", "private_key",
	"private-key", "credential", "auth_key", "bearer" };
/* Names that only point at the secret. */
static const char *const pointer_ends[] = { "file", "path", "name", "dir", "url", "arn",
	"secretname" };
/* Prefixes that issuers give their tokens, so that leaks are recognised. */
static const char *const token_starts[] = { "hf_", "sk-", "ghp_", "gho_", "ghs_", "github_pat_",
	"glpat-", "xoxb-", "xoxp-", "AKIA", "ASIA", "AIza", "eyJ", "nvapi-", "s.", "hvs." };

#define TOKEN_BYTES_MIN 16

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

static bool has_word(pqm_bytes name, pqm_bytes word)
{
	for (size_t i = 0; i + word.n <= name.n; i++) {
		size_t k = 0;

		while (k < word.n && lower(name.p[i + k]) == word.p[k])
			k++;
		if (k == word.n)
			return true;
	}
	return false;
}

bool pqm_k8s_is_secret_name(pqm_bytes name)
{
	for (size_t i = 0; i < sizeof(pointer_ends) / sizeof(pointer_ends[0]); i++) {
		pqm_bytes end = pqm_str(pointer_ends[i]);

		if (name.n >= end.n && pqm_ieq(pqm_sub(name, name.n - end.n, end.n), end))
			return false;
	}
	for (size_t i = 0; i < sizeof(secret_words) / sizeof(secret_words[0]); i++)
		if (has_word(name, pqm_str(secret_words[i])))
			return true;
	return false;
}

static bool is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '"' || c == '\'' || c == ';';
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

/* Copies a word with "user:password@" of a URL replaced [RFC3986 §3.2.1]. */
static void add_url_safe(struct pqm_buf *b, pqm_bytes word)
{
	size_t at = pqm_find(word, 0, PQM_LIT("://")), host;

	if (at == SIZE_MAX) {
		(void)pqm_buf_add(b, word);
		return;
	}
	host = at + 3;
	for (size_t i = host; i < word.n && word.p[i] != '/' && word.p[i] != '?'; i++)
		if (word.p[i] == '@')
			host = i + 1;
	(void)pqm_buf_add(b, pqm_sub(word, 0, at + 3));
	if (host > at + 3)
		(void)pqm_buf_add(b, PQM_LIT("***@"));
	(void)pqm_buf_add(b, pqm_sub(word, host, word.n));
}

static void add_word(struct pqm_buf *b, pqm_bytes word, bool hide)
{
	size_t eq = pqm_find_byte(word, 0, '=');

	if (hide || is_token(word)) {
		(void)pqm_buf_add(b, PQM_LIT("***"));
	} else if (eq != SIZE_MAX &&
		(pqm_k8s_is_secret_name(pqm_sub(word, 0, eq)) ||
			is_token(pqm_sub(word, eq + 1, word.n)))) {
		(void)pqm_buf_add(b, pqm_sub(word, 0, eq + 1));
		(void)pqm_buf_add(b, PQM_LIT("***"));
	} else {
		add_url_safe(b, word);
	}
}

/* "--token VALUE", "Bearer VALUE": the next word is the secret. */
static bool announces(pqm_bytes word)
{
	if (pqm_ieq(word, PQM_LIT("bearer")) || pqm_ieq(word, PQM_LIT("basic")))
		return true;
	return word.n > 1 && word.p[0] == '-' && pqm_find_byte(word, 0, '=') == SIZE_MAX &&
		pqm_k8s_is_secret_name(word);
}

pqm_bytes pqm_k8s_redact(struct pqm_arena *arena, pqm_bytes value)
{
	struct pqm_buf b;
	bool hide = false;

	if (pqm_find(value, 0, PQM_LIT("-----BEGIN")) != SIZE_MAX)
		return (pqm_bytes){ NULL, 0 };
	pqm_buf_init(&b, (size_t)PQM_TEXT_BYTES * 4);
	value = pqm_sub(value, 0, PQM_TEXT_BYTES);
	for (size_t i = 0; i < value.n;) {
		size_t from = i;

		while (i < value.n && is_space(value.p[i]))
			i++;
		(void)pqm_buf_add(&b, pqm_sub(value, from, i - from));
		from = i;
		while (i < value.n && !is_space(value.p[i]))
			i++;
		pqm_bytes word = pqm_sub(value, from, i - from);

		if (word.n > 0) {
			add_word(&b, word, hide);
			hide = announces(word);
		}
	}
	pqm_bytes out = b.failed ? (pqm_bytes){ NULL, 0 } : pqm_bytes_dup(arena, pqm_buf_bytes(&b));

	pqm_buf_wipe(&b);
	return out;
}
