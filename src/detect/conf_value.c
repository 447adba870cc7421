#include "conf.h"

#include "rules/k8s.h"

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* TLSv1.3, TLSv1_3, TLS13, VersionTLS12, tlsv1, 1.2, SSLv3 */
unsigned pqm_conf_version(pqm_bytes word)
{
	size_t i = word.n;
	pqm_bytes prefix;

	while (i > 0 && (is_digit(word.p[i - 1]) || word.p[i - 1] == '.' || word.p[i - 1] == '_'))
		i--;
	prefix = pqm_sub(word, 0, i);
	pqm_bytes digits = pqm_sub(word, i, word.n);
	bool is_ssl = pqm_ieq(prefix, PQM_LIT("SSLv"));
	bool is_tls = prefix.n == 0 || pqm_ieq(prefix, PQM_LIT("TLSv")) ||
		pqm_ieq(prefix, PQM_LIT("TLS")) || pqm_ieq(prefix, PQM_LIT("VersionTLS")) ||
		pqm_ieq(prefix, PQM_LIT("force-tlsv"));

	while (digits.n > 0 && !is_digit(digits.p[0])) /* TLS_1_2 */
		digits = pqm_sub(digits, 1, digits.n);
	if (is_ssl && digits.n == 1)
		return digits.p[0] == '2' ? 2 : digits.p[0] == '3' ? 3 : 0;
	if (!is_tls || digits.n == 0 || digits.p[0] != '1' || digits.n > 3)
		return 0;
	if (digits.n == 1)
		return prefix.n > 0 ? 10 : 0;
	if (digits.n == 3 && is_digit(digits.p[1]))
		return 0;
	uint8_t last = digits.p[digits.n - 1];

	return last >= '0' && last <= '3' ? 10u + (unsigned)(last - '0') : 0;
}

/* Words of a suite's name between its dividers: 3DES takes DES-CBC3-SHA away. */
static bool has_part(pqm_bytes suite, pqm_bytes part)
{
	pqm_bytes rest = suite, word;

	while (rest.p != NULL && pqm_split(&rest, suite.p[0] == 'T' ? '_' : '-', &word))
		if (pqm_eq(word, part) || (pqm_eqs(part, "3DES") && pqm_eqs(word, "CBC3")) ||
			(pqm_eqs(part, "SHA1") && pqm_eqs(word, "SHA")) ||
			(pqm_eqs(part, "AES") && pqm_starts(word, part)) ||
			(pqm_eqs(part, "CAMELLIA") && pqm_starts(word, part)))
			return true;
	return false;
}

static bool is_class(const char *const *names, pqm_bytes name)
{
	for (; *names != NULL; names++)
		if (pqm_eqs(name, *names))
			return true;
	return false;
}

/* Classes of suites with RSA key transport, and with finite-field Diffie-Hellman. */
static bool is_taken_away(pqm_bytes list, pqm_bytes suite)
{
	static const char *const rsa[] = { "RSA", "kRSA", "aRSA", NULL };
	static const char *const dhe[] = { "DH", "DHE", "EDH", "kDHE", "kEDH", "kDH", NULL };
	pqm_bytes rest = list, word;

	while (pqm_conf_word(&rest, ":;", &word)) {
		if (word.p[0] != '!' && word.p[0] != '-')
			continue;
		pqm_bytes what = pqm_sub(word, 1, word.n);

		if (is_class(pqm_find(suite, 0, PQM_LIT("DH")) == SIZE_MAX ? rsa : dhe, what) ||
			pqm_eq(what, suite) || has_part(suite, what))
			return true;
	}
	return false;
}

pqm_bytes pqm_conf_suite(pqm_bytes list, const struct pqm_yaml *suites)
{
	pqm_bytes rest = list, word;

	while (pqm_conf_word(&rest, ":;", &word)) {
		pqm_bytes name = word.p[0] == '+' ? pqm_sub(word, 1, word.n) : word;

		if (name.n > 0 && pqm_k8s_listed(suites, name) && !is_taken_away(list, name))
			return name;
	}
	return (pqm_bytes){ NULL, 0 };
}

static bool is_word(const struct pqm_yaml *list, pqm_bytes word)
{
	for (size_t i = 0; list != NULL && i < list->n; i++)
		if (pqm_eq(list->items[i]->text, word))
			return true;
	return false;
}

/* "rsa_keygen_bits:4096" for a prefix of the list, or empty. */
static pqm_bytes behind_prefix(const struct pqm_yaml *list, pqm_bytes word)
{
	for (size_t i = 0; list != NULL && i < list->n; i++) {
		pqm_bytes p = list->items[i]->text;

		if (pqm_ends(p, PQM_LIT(":")) && pqm_starts(word, p))
			return pqm_sub(word, p.n, word.n);
	}
	return (pqm_bytes){ NULL, 0 };
}

static bool is_number(pqm_bytes w)
{
	for (size_t i = 0; i < w.n; i++)
		if (!is_digit(w.p[i]))
			return false;
	return w.n > 0 && w.n < 6;
}

static void take_alg(pqm_bytes word, pqm_bytes *alg, pqm_bytes *size)
{
	size_t colon = pqm_find_byte(word, 0, ':');

	*alg = pqm_sub(word, 0, colon);
	if (colon != SIZE_MAX)
		*size = pqm_sub(word, colon + 1, word.n);
}

bool pqm_conf_command(
	const struct pqm_yaml *setting, pqm_bytes args, pqm_bytes *alg, pqm_bytes *size)
{
	const struct pqm_yaml *sizes = pqm_yaml_get(setting, "size");
	const struct pqm_yaml *needs = pqm_yaml_get(setting, "needs");
	const struct pqm_yaml *without = pqm_yaml_get(setting, "without");
	pqm_bytes option = pqm_yaml_str(setting, "option"), sub = pqm_yaml_str(setting, "word");
	pqm_bytes rest = args, word, before = { NULL, 0 };
	bool first = true, is_met = needs == NULL, is_named = option.n == 0;

	*alg = pqm_yaml_str(setting, "alg");
	*size = (pqm_bytes){ NULL, 0 };
	for (; pqm_conf_word(&rest, "", &word); before = word, first = false) {
		pqm_bytes tail = behind_prefix(sizes, word);

		if ((first && sub.n > 0 && !pqm_eq(word, sub)) || is_word(without, word))
			return false;
		is_met = is_met || is_word(needs, word);
		if (option.n > 0 && pqm_eq(before, option)) {
			take_alg(word, alg, size);
			is_named = true;
		} else if (tail.n > 0) {
			*size = tail;
		} else if (before.n > 0 && is_word(sizes, before)) {
			*size = word;
		} else if (is_word(sizes, PQM_LIT("#")) && is_number(word) && !first &&
			!is_word(pqm_yaml_get(setting, "not_after"), before)) {
			*size = word;
		}
	}
	return !first && is_met && is_named;
}
