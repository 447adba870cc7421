/* elf_load.c — functions that a program looks up by name in a library that it opens by hand. */
#include "base/mapped.h"
#include "elf_look.h"

/* Of a file name in a program, to either side of ".so"; and how many such are looked at. */
#define NAME_BYTES 256
#define NAMES_MAX 65536
#define STEP_BYTES ((size_t)1 << 20)

/* The word around `at`; *end is behind it. */
static pqm_bytes word_around(pqm_bytes body, size_t at, size_t *end)
{
	size_t from = at, to = at;

	while (from > 0 && at - from < NAME_BYTES && body.p[from - 1] > ' ')
		from--;
	while (to < body.n && to - at < NAME_BYTES && body.p[to] > ' ')
		to++;
	*end = to;
	return pqm_sub(body, from, to - from);
}

/* Whether a text in the range is the file name of a library that we know. */
static bool names_library(const struct pqm_elf_look *k, pqm_bytes range, size_t *n_names)
{
	for (size_t at = 0; at < range.n && *n_names < NAMES_MAX;) {
		size_t end = range.n - at > STEP_BYTES ? at + STEP_BYTES : range.n;
		size_t dot = pqm_find_byte(pqm_sub(range, 0, end), at, '.');

		if (dot == SIZE_MAX) {
			pqm_mapped_read(end - at);
			at = end;
			continue;
		}
		pqm_mapped_read(dot + 1 - at);
		at = dot + 1;
		if (range.n - dot < 3 || range.p[dot + 1] != 's' || range.p[dot + 2] != 'o')
			continue;
		const struct pqm_lib *lib =
			pqm_lib_by_soname(k->libs, word_around(range, dot, &at));

		++*n_names;
		if (lib != NULL && !pqm_elf_is_loader(lib))
			return true;
	}
	return false;
}

/* Whether it is, asks for, or names in its texts a library that we know. */
static bool names_libraries(const struct pqm_elf_look *k)
{
	/* Headers may lie: ranges may lie over each other. */
	uint64_t left = 2 * (uint64_t)k->elf.body.n;
	size_t n_names = 0;
	pqm_bytes range;

	if (k->own != NULL)
		return true;
	for (size_t i = 0; i < k->elf.n_needed; i++)
		if (k->needed[i] != NULL && !pqm_elf_is_loader(k->needed[i]))
			return true;
	for (size_t i = 0; pqm_elf_data(&k->elf, &i, &range) && range.n <= left;) {
		left -= range.n;
		if (names_library(k, range, &n_names))
			return true;
	}
	return false;
}

bool pqm_elf_is_loader(const struct pqm_lib *lib)
{
	return pqm_yaml_true(lib->rule->node, "loader");
}

bool pqm_elf_loads(struct pqm_elf_look *k)
{
	static const pqm_bytes looks_up = { (const uint8_t *)"\0dlsym", 7 };
	const struct pqm_lib *loader = pqm_lib_by_name(k->libs, PQM_LIT("loader"));

	if (loader != NULL && pqm_find(k->elf.strings, 0, looks_up) != SIZE_MAX &&
		names_libraries(k))
		k->loader = loader;
	return k->loader != NULL;
}

/* The library that a function is looked up in: as it is opened, else the only one that has such a name. */
static const struct pqm_lib *library_of(
	const struct pqm_elf_look *k, const struct pqm_lib_fact *f, pqm_bytes *file)
{
	const struct pqm_lib *only = NULL;
	size_t from = f->n_links > 0 ? f->link[0].call : SIZE_MAX;

	if (from < k->code.n_calls && k->facts[from].has_setting &&
		k->facts[from].setting == PQM_ROLE_OPENS) {
		*file = k->facts[from].text;
		return pqm_lib_by_soname(k->libs, *file);
	}
	for (size_t i = 0; i < pqm_libs_count(k->libs); i++) {
		const struct pqm_lib *lib = pqm_lib_at(k->libs, i);

		if (pqm_lib_symbol(lib, f->text) == NULL)
			continue;
		if (only != NULL)
			return NULL;
		only = lib;
	}
	return only;
}

void pqm_elf_looked_up(struct pqm_elf_look *k)
{
	for (size_t i = 0; k->loader != NULL && i < k->code.n_calls; i++) {
		struct pqm_lib_fact *f = &k->facts[i];
		pqm_bytes file = { NULL, 0 };

		if (f->lib != k->loader || !f->has_setting || f->setting != PQM_ROLE_LOOKS_UP)
			continue;
		const struct pqm_lib *lib = library_of(k, f, &file);

		f->meaning = lib == NULL ? NULL : pqm_lib_symbol(lib, f->text);
		if (f->meaning == NULL)
			continue;
		f->through = k->loader;
		f->lib = lib;
		f->file = file.n > 0 ? file : lib->name;
		f->has_setting = false;
		f->recipe = NULL;
		f->operation = pqm_lib_operation(lib, f->text);
	}
}

pqm_bytes pqm_elf_function(const struct pqm_elf_look *k, size_t call)
{
	return k->facts[call].through != NULL ? k->facts[call].text : k->code.calls[call].callee;
}
