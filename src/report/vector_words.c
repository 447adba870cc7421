#include "report/vector_words.h"

#include "report/view_text.h"

pqm_bytes pqm_vector_value(pqm_bytes vector, const char *key)
{
	pqm_bytes rest = vector, part;

	while (pqm_split(&rest, '/', &part)) {
		size_t colon = pqm_find_byte(part, 0, ':');

		if (colon != SIZE_MAX && pqm_eqs(pqm_sub(part, 0, colon), key))
			return pqm_sub(part, colon + 1, part.n);
	}
	return (pqm_bytes){ NULL, 0 };
}

pqm_bytes pqm_vector_value_words(struct pqm_arena *a, const char *key, pqm_bytes v)
{
	const char *words = NULL;

	if (v.n == 1 && strcmp(key, "U") == 0)
		words = pqm_text_use((char)v.p[0]);
	else if (v.n == 1 && strcmp(key, "E") == 0)
		words = pqm_text_exposure((char)v.p[0]);
	else if (v.n == 1 && strcmp(key, "C") == 0)
		words = pqm_text_coverage((char)v.p[0]);
	return words == NULL || *words == '\0' ? v : pqm_arena_f(a, "%.*s (%s)", PQM_FMT(v), words);
}

pqm_bytes pqm_vector_changes(struct pqm_arena *a, pqm_bytes was, pqm_bytes is)
{
	static const struct {
		const char *key, *words;
	} keys[] = {
		{ "U", "use" },
		{ "A", "algorithm" },
		{ "C", "coverage" },
		{ "E", "exposure" },
		{ "D", "data" },
		{ "X", "years secret" },
		{ "W", "years in use" },
		{ "I", "impact" },
	};

	pqm_bytes all = { NULL, 0 };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const char *key = keys[i].key;
		pqm_bytes from = pqm_vector_value(was, key), to = pqm_vector_value(is, key);

		if (pqm_eq(from, to))
			continue;
		from = pqm_vector_value_words(a, key, from);
		to = pqm_vector_value_words(a, key, to);
		all = pqm_arena_f(a, "%.*s%s%s %.*s \u2192 %.*s", PQM_FMT(all),
			all.n > 0 ? ", " : "", keys[i].words, PQM_FMT(from), PQM_FMT(to));
	}
	return all;
}
