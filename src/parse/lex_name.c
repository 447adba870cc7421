/* lex_name.c — which language a file is written in, and its numbers. */
#include "lex.h"

static const struct {
	const char *end;
	enum pqm_lang lang;
} ends[] = {
	{ "c", PQM_LANG_C },
	{ "h", PQM_LANG_C },
	{ "cc", PQM_LANG_C },
	{ "cpp", PQM_LANG_C },
	{ "cxx", PQM_LANG_C },
	{ "hpp", PQM_LANG_C },
	{ "hh", PQM_LANG_C },
	{ "hxx", PQM_LANG_C },
	{ "inl", PQM_LANG_C },
	{ "cu", PQM_LANG_C },
	{ "py", PQM_LANG_PYTHON },
	{ "pyw", PQM_LANG_PYTHON },
	{ "pyx", PQM_LANG_PYTHON },
	{ "go", PQM_LANG_GO },
	{ "java", PQM_LANG_JAVA },
	{ "kt", PQM_LANG_KOTLIN },
	{ "kts", PQM_LANG_KOTLIN },
	{ "scala", PQM_LANG_SCALA },
	{ "js", PQM_LANG_JS },
	{ "mjs", PQM_LANG_JS },
	{ "cjs", PQM_LANG_JS },
	{ "jsx", PQM_LANG_JS },
	{ "ts", PQM_LANG_JS },
	{ "mts", PQM_LANG_JS },
	{ "cts", PQM_LANG_JS },
	{ "tsx", PQM_LANG_JS },
	{ "rs", PQM_LANG_RUST },
	{ "cs", PQM_LANG_CSHARP },
};

enum pqm_lang pqm_lang_of_name(pqm_bytes name)
{
	size_t dot = name.n;

	while (dot > 0 && name.p[dot - 1] != '.' && name.n - dot < 6)
		dot--;
	if (dot < 2 || name.p[dot - 1] != '.')
		return PQM_LANG_NONE;
	pqm_bytes end = pqm_sub(name, dot, name.n);

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (pqm_eqs(end, ends[i].end))
			return ends[i].lang;
	return PQM_LANG_NONE;
}

enum pqm_lang pqm_lang_of_head(pqm_bytes head)
{
	pqm_bytes line = pqm_sub(head, 0, 128);

	if (!pqm_starts(line, PQM_LIT("#!")))
		return PQM_LANG_NONE;
	line = pqm_sub(line, 0, pqm_find_byte(line, 0, '\n'));
	if (pqm_find(line, 0, PQM_LIT("python")) != SIZE_MAX)
		return PQM_LANG_PYTHON;
	if (pqm_find(line, 0, PQM_LIT("bin/node")) != SIZE_MAX ||
		pqm_find(line, 0, PQM_LIT("env node")) != SIZE_MAX)
		return PQM_LANG_JS;
	return PQM_LANG_NONE;
}

const char *pqm_lang_name(enum pqm_lang lang)
{
	switch (lang) {
	case PQM_LANG_C:
		return "c";
	case PQM_LANG_PYTHON:
		return "python";
	case PQM_LANG_GO:
		return "go";
	case PQM_LANG_JAVA:
	case PQM_LANG_KOTLIN:
	case PQM_LANG_SCALA:
		return "java";
	case PQM_LANG_JS:
		return "javascript";
	case PQM_LANG_RUST:
		return "rust";
	case PQM_LANG_CSHARP:
		return "csharp";
	case PQM_LANG_NONE:
	case PQM_LANG_N:
		break;
	}
	return "";
}

static int digit_of(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* u l z n, and the types of Rust behind a number. */
static bool is_suffix(pqm_bytes s, enum pqm_lang lang)
{
	static const char *const types[] = { "u8", "u16", "u32", "u64", "u128", "usize", "i8",
		"i16", "i32", "i64", "i128", "isize" };

	if (lang == PQM_LANG_RUST) {
		for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
			if (pqm_eqs(s, types[i]))
				return true;
		return s.n == 0;
	}
	for (size_t i = 0; i < s.n; i++)
		if (memchr("uUlLzZn", s.p[i], 7) == NULL)
			return false;
	return true;
}

bool pqm_lex_int(pqm_bytes number, enum pqm_lang lang, uint64_t *out)
{
	unsigned base = 10;
	uint64_t v = 0;
	size_t i = 0;
	bool any = false;

	if (number.n > 2 && number.p[0] == '0') {
		uint8_t x = number.p[1] | 0x20;

		base = x == 'x' ? 16 : x == 'b' ? 2 : x == 'o' ? 8 : 10;
		i = base == 10 ? 0 : 2;
		/* A leading zero means octal in some, decimal in others, and nothing in Python. */
		if (base == 10 && digit_of(number.p[1]) >= 0)
			return false;
	}
	for (; i < number.n; i++) {
		int d = digit_of(number.p[i]);

		if (number.p[i] == '_' || (number.p[i] == '\'' && lang == PQM_LANG_C))
			continue;
		if (d < 0 || (unsigned)d >= base)
			break;
		if (v > (UINT64_MAX - (uint64_t)d) / base)
			return false;
		v = v * base + (uint64_t)d;
		any = true;
	}
	if (!any || !is_suffix(pqm_sub(number, i, number.n), lang))
		return false;
	*out = v;
	return true;
}
