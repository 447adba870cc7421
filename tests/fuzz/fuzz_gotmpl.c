#include <assert.h>

#include "parse/gotmpl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char values[] = "a: { b: text, c: [x, y], d: {}, e: 'q\"u', f: \"two\\nlines\" }\n"
			     "list: [{ name: one, n: 1 }, { name: two }]\non: true\noff: false\n";

static size_t lines(pqm_bytes t)
{
	size_t n = 0;

	for (size_t i = 0; i < t.n; i++)
		n += t.p[i] == '\n';
	return n;
}

static const struct pqm_yaml *look(void *ctx, pqm_bytes root, pqm_bytes path)
{
	char key[64];

	(void)root;
	if (path.n >= sizeof(key))
		return NULL;
	if (path.n > 0)
		memcpy(key, path.p, path.n);
	key[path.n] = '\0';
	return pqm_yaml_at(ctx, key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct pqm_yaml *root = NULL;
	struct pqm_err err = { 0 };
	struct pqm_arena a;

	pqm_arena_init(&a, (size_t)32 << 20);
	if (pqm_yaml_one(&root, pqm_str(values), &a, &err) == PQM_OK)
		for (unsigned with = 0; with < 2; with++) {
			struct pqm_gotmpl t = { .look = with ? look : NULL,
				.ctx = (void *)(uintptr_t)root,
				.has_values = with };
			struct pqm_buf out;

			pqm_buf_init(&out, (size_t)1 << 20);
			if (pqm_gotmpl_read(&out, (pqm_bytes){ data, size }, &t, &a, &err) ==
				PQM_OK)
				assert(lines(pqm_buf_bytes(&out)) ==
					lines((pqm_bytes){ data, size }));
			else
				assert(err.st != PQM_OK && err.msg[0] != '\0');
			pqm_buf_fini(&out);
		}
	pqm_arena_fini(&a);
	return 0;
}
