/* static_lib.c — libraries that are compiled into a program, and their versions. */
#include "static.h"

#include "base/limits.h"

#define VERSION_BYTES 24
#define BANNER_BYTES 80
/* Places where a banner may begin. */
#define BANNER_TRIES 1000

static pqm_bytes text_of(const struct pqm_yaml *node, const char *key, struct pqm_arena *a)
{
	pqm_bytes s = pqm_yaml_str(node, key);
	uint8_t *p = pqm_arena_alloc(a, s.n + 1);
	size_t n = 0;

	for (size_t i = 0; p != NULL && i < s.n; i++)
		if (s.p[i] != '~')
			p[n++] = s.p[i];
	return (pqm_bytes){ p, n };
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* The printable run at the start of b. */
static pqm_bytes printable_run(pqm_bytes b, size_t max)
{
	size_t n = 0;

	while (n < b.n && n < max && b.p[n] >= 0x20 && b.p[n] < 0x7f)
		n++;
	return pqm_sub(b, 0, n);
}

/* "3.0.16", "1.0.2k-fips": two dots of digits, then letters. Empty: there is none. */
static pqm_bytes version_at(pqm_bytes s)
{
	size_t n = 0, dots = 0;

	while (n < s.n && n < VERSION_BYTES &&
		(is_digit(s.p[n]) || (s.p[n] == '.' && n > 0 && is_digit(s.p[n - 1]))))
		dots += s.p[n++] == '.';
	if (dots < 1 || n == 0 || s.p[n - 1] == '.')
		return (pqm_bytes){ NULL, 0 };
	while (n < s.n && n < VERSION_BYTES &&
		((s.p[n] >= 'a' && s.p[n] <= 'z') || s.p[n] == '-' || is_digit(s.p[n])))
		n++;
	return pqm_sub(s, 0, n);
}

/* A banner is a text of its own: what stands behind the version decides. */
static pqm_bytes banner_version(const struct pqm_yaml *banner, pqm_bytes body, struct pqm_arena *a)
{
	pqm_bytes before = text_of(banner, "before", a), after = text_of(banner, "after", a);
	size_t at = 0;

	if (before.n == 0)
		return (pqm_bytes){ NULL, 0 };
	for (unsigned i = 0; i < BANNER_TRIES; i++, at += before.n) {
		at = pqm_find(body, at, before);
		if (at == SIZE_MAX)
			break;
		pqm_bytes s = printable_run(
			pqm_sub(body, at + before.n, BANNER_BYTES + 1), BANNER_BYTES + 1);
		pqm_bytes v = version_at(s);

		if (v.n > 0 && s.n <= BANNER_BYTES && pqm_glob(after, pqm_sub(s, v.n, s.n)))
			return v;
	}
	return (pqm_bytes){ NULL, 0 };
}

/* A text that is only a version, as "3.0.16": told when all such texts of the file agree. */
static pqm_bytes bare_version(pqm_bytes start, pqm_bytes body, struct pqm_arena *a)
{
	pqm_bytes key = pqm_arena_f(a, "%c%.*s", '\1', PQM_FMT(start)), found = { NULL, 0 };
	size_t at = 0;

	if (start.n == 0 || key.p == NULL)
		return found;
	((uint8_t *)(uintptr_t)key.p)[0] = 0;
	for (; (at = pqm_find(body, at, key)) != SIZE_MAX; at += key.n) {
		pqm_bytes s =
			printable_run(pqm_sub(body, at + 1, VERSION_BYTES + 1), VERSION_BYTES + 1);
		size_t dots = 0;

		for (size_t i = 0; i < s.n; i++)
			dots += s.p[i] == '.';
		if (s.n > VERSION_BYTES || dots != 2 || version_at(s).n != s.n ||
			at + 1 + s.n >= body.n || body.p[at + 1 + s.n] != 0)
			continue;
		if (found.n > 0 && !pqm_eq(found, s))
			return (pqm_bytes){ NULL, 0 };
		found = s;
	}
	return found;
}

static void find_version(struct pqm_static_lib *l, pqm_bytes body, struct pqm_arena *a)
{
	const struct pqm_yaml *node = l->tally->of->rule->node;

	l->version = banner_version(pqm_yaml_get(node, "banner"), body, a);
	l->basis = PQM_LIT("its banner");
	if (l->version.n == 0) {
		l->version = bare_version(pqm_yaml_str(node, "bare"), body, a);
		l->basis = PQM_LIT("a version text of its own");
	}
	if (l->version.n == 0) {
		l->version = pqm_yaml_str(node, "version");
		l->basis = PQM_LIT("what its source paths name");
	}
	l->version = pqm_printable(a, l->version);
	if (l->version.n == 0)
		l->basis = (pqm_bytes){ NULL, 0 };
}

static bool is_named(const struct pqm_yaml *globs, pqm_bytes soname)
{
	size_t from = soname.n;

	while (from > 0 && soname.p[from - 1] != '/')
		from--;
	for (size_t i = 0; globs != NULL && i < globs->n; i++)
		if (pqm_glob(pqm_yaml_text(globs->items[i]), pqm_sub(soname, from, soname.n)))
			return true;
	return false;
}

/* The file is the library, or a part of it that asks for it. */
static bool is_dynamic(const struct pqm_sampled *m, const struct pqm_elf *elf)
{
	const struct pqm_yaml *globs = pqm_yaml_get(m->rule->node, "dynamic");

	if (elf == NULL || !elf->is_dynamic)
		return false;
	for (size_t i = 0; i < elf->n_needed; i++)
		if (is_named(globs, elf->needed[i]))
			return true;
	return is_named(globs, elf->soname);
}

/* Puts l in the place of the one of its line. */
static size_t put(struct pqm_static_lib *out, size_t n, const struct pqm_static_lib *l)
{
	pqm_bytes line = pqm_yaml_str(l->tally->of->rule->node, "line");

	for (size_t i = 0; line.n > 0 && i < n; i++)
		if (pqm_eq(line, pqm_yaml_str(out[i].tally->of->rule->node, "line"))) {
			out[i] = *l;
			return n;
		}
	if (n < PQM_STATIC_LIBS)
		out[n++] = *l;
	return n;
}

size_t pqm_static_libs(struct pqm_static_lib *out, const struct pqm_static_tally *tally,
	size_t n_tallies, const struct pqm_elf *elf, pqm_bytes body, struct pqm_arena *a)
{
	size_t n = 0, kept = 0;

	for (size_t i = 0; i < n_tallies; i++) {
		const struct pqm_sampled *m = tally[i].of;

		if (m == NULL || m->library.n == 0 || is_dynamic(m, elf))
			continue;
		if (tally[i].n > 0 || pqm_static_has_codes(m->rule, elf))
			n = put(out, n,
				&(struct pqm_static_lib){ .tally = &tally[i], .name = m->library });
	}
	for (size_t i = 0; i < n; i++) {
		bool is_weak = pqm_eqs(pqm_yaml_str(out[i].tally->of->rule->node, "weak"), "true");

		if (is_weak && n > 1)
			continue;
		out[kept] = out[i];
		find_version(&out[kept++], body, a);
	}
	return kept;
}
