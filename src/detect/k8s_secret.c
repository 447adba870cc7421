/* k8s_secret.c — where objects say that a value is a secret. */
#include "k8s.h"

bool pqm_k8s_is_told_secret(const struct pqm_yaml *parent, size_t i)
{
	if (parent->type == PQM_YAML_MAP)
		return pqm_k8s_is_secret_name(pqm_yaml_str(parent, "name"));
	if (i == 0)
		return false;
	pqm_bytes before = pqm_trim(pqm_yaml_text(parent->items[i - 1]));

	for (size_t k = before.n; k > 0; k--)
		if (before.p[k - 1] == ' ' || before.p[k - 1] == '\n') {
			before = pqm_sub(before, k, before.n);
			break;
		}
	while (before.n > 0 &&
		pqm_find_byte(PQM_LIT("'\":="), 0, before.p[before.n - 1]) != SIZE_MAX)
		before.n--;
	if (before.n > 0 && (before.p[0] == '\'' || before.p[0] == '"'))
		before = pqm_sub(before, 1, before.n);
	return pqm_find_byte(before, 0, '=') == SIZE_MAX &&
		pqm_find_byte(before, 0, '/') == SIZE_MAX && pqm_k8s_is_secret_name(before);
}

bool pqm_k8s_is_secret_field(const struct pqm_yaml *parent, size_t i)
{
	static const char *const globs[] = { "*assword", "*asswd", "*assphrase", "*oken", "*ecret",
		"*pi?ey", "*pi-key", "*pi_key", "*redential", "*redentials" };

	if (parent->type != PQM_YAML_MAP)
		return false;
	for (size_t k = 0; k < sizeof(globs) / sizeof(globs[0]); k++)
		if (pqm_glob(pqm_str(globs[k]), parent->keys[i]->text))
			return true;
	return false;
}

/* "user:password@host/image", which no registry takes and people write all the same; "image:tag@sha256:…"
 * is none. */
static bool has_password(pqm_bytes word)
{
	size_t at = pqm_find_byte(word, 0, '@');
	pqm_bytes behind = pqm_sub(word, at == SIZE_MAX ? word.n : at + 1, word.n);

	return at != SIZE_MAX && pqm_find_byte(pqm_sub(word, 0, at), 0, ':') != SIZE_MAX &&
		!pqm_starts(behind, PQM_LIT("sha256:")) && !pqm_starts(behind, PQM_LIT("sha512:"));
}

bool pqm_k8s_is_doubtful(pqm_bytes word)
{
	size_t eq = pqm_find_byte(word, 0, '=');

	if (pqm_find(word, 0, PQM_LIT("://")) != SIZE_MAX || has_password(word))
		return true;
	if (eq != SIZE_MAX && pqm_k8s_is_secret_name(pqm_sub(word, 0, eq)))
		return true;
	for (size_t i = 0; i < word.n; i++) {
		uint8_t c = (uint8_t)(word.p[i] | 32);

		if ((c < 'a' || c > 'z') && (word.p[i] < '0' || word.p[i] > '9') &&
			word.p[i] != '_' && word.p[i] != '-')
			return false;
	}
	return word.n > 0;
}
